"""Explorers: what is asked of them is checked at once, frames are pure, packs small, and live pictures follow."""

import asyncio
import inspect
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text
from PIL import Image

from companion.teaching import Choice, Cover, Range, explore
from companion.teaching.bake import bake, on_paper
from companion.teaching.canvas import Canvas, in_words
from companion.teaching.live import Live
from companion.teaching.plotting import PALETTE, bars, guide, heatmap, label_line

TWO = {
    "alpha": Range(0, 1, 0.25, start=0.5, label="scale α"),
    "n": Choice([2, 8], start=8, label="keys n", unit="keys"),
}


def make(parameters=None, panels=2, draw=None, **options):
    def waves(axes, alpha, n):
        """Two waves & a <matrix>.

        Notice: at α = 1 the wave is
        straight.
        """
        left, right = axes
        x = np.linspace(0, 1, 20)
        left.plot(x, x ** (1 + alpha * n), color=PALETTE["blue"])
        label_line(left, 0.5, 0.5, "a wave", color="blue")
        guide(left, x=alpha)
        left.set(xlabel="x", ylabel="y", ylim=(0, 1))
        if n == 8:
            heatmap(right, np.outer(x, x)[:3, :3], diverging=True)
        else:
            bars(right, np.arange(4), np.arange(4) * (1 + alpha), color="orange")
        return {"power": 1 + alpha * n, "word": "yes"}

    return explore(panels=panels, **options, **(TWO if parameters is None else parameters))(draw or waves)


# --- grids --------------------------------------------------------------------------------------------------------


@given(st.integers(-50, 50), st.integers(1, 40), st.sampled_from([0.1, 0.25, 0.05, 0.3, 1e-3]))
def test_grids_do_not_drift(low, steps, step):
    values = Range(round(low * step, 10), round((low + steps) * step, 10), step).values()
    assert len(values) == steps + 1
    assert all(len(repr(v)) <= 8 for v in values)


def test_grids_hold_their_ends():
    assert Range(0, 0.3, 0.1).values() == [0.0, 0.1, 0.2, 0.3]
    assert Range(1, 5, 2).values() == [1, 3, 5]
    assert all(isinstance(v, int) for v in Range(1, 5, 2).values())
    assert Range(0, 0.3, 0.1).texts() == ["0.0", "0.1", "0.2", "0.3"]
    assert Range(0, 2, 1, show=lambda v: f"{10**v}").texts() == ["1", "10", "100"]
    assert Choice({"one": 1, "two": 2}).texts() == ["one", "two"]
    assert Choice({"one": 1, "two": 2}).values() == [1, 2]


def plain(axes, alpha):
    """Caption.

    Notice: it.
    """


def no_notice(axes, alpha):
    """Caption only."""


@pytest.mark.parametrize(
    ("parameters", "draw", "said"),
    [
        ({"beta": Range(0, 1, 1)}, plain, r"\['beta'\] are unknown to the function, \['alpha'\] have no control"),
        ({}, plain, "have no control"),
        ({"alpha": Range(1, 0, 0.1)}, plain, "'alpha'.* from 1 to 0 is empty"),
        ({"alpha": Range(0, 1, 0)}, plain, "'alpha'.*step must be positive"),
        ({"alpha": Range(0, float("inf"), 1)}, plain, "'alpha'.*finite"),
        ({"alpha": Range(0, 1, 0.1, start=0.55)}, plain, "the start 0.55 is not on the grid"),
        ({"alpha": Choice([])}, plain, "no options"),
        ({"alpha": Choice([1, 1])}, plain, "two values are shown as '1'"),
        ({"alpha": Range(0, 1, 0.25, show=".0f")}, plain, "'alpha'.* two values are shown as '0'"),
        ({"alpha": Range(0, 1, 1, show=".2q")}, plain, "'alpha'.*format"),
        ({"alpha": Range(0, 1, 1), "height": Range(0, 1, 1)}, plain, "'height' is taken"),
        ({"alpha": Choice([1, 2], start=3)}, plain, "the start 3 is not on the grid"),
        ({"alpha": (0, 1)}, plain, "must be a Range or a Choice"),
        ({"alpha": Range(0, 250, 1)}, plain, "251 frames are more than the budget of 250"),
        ({"alpha": Range(0, 1, 1)}, no_notice, "the docstring needs"),
    ],
)
def test_bad_explorers_are_refused_by_name(parameters, draw, said):
    with pytest.raises(ValueError, match=f"explorer '{draw.__name__}': .*{said}"):
        make(parameters, draw=draw, panels=1)


@pytest.mark.parametrize(
    ("cover", "said"),
    [
        (Cover(3), "cover's panel must be between 1 and 2, got 3"),
        (Cover(0), "cover's panel must be between 1 and 2, got 0"),
        (Cover(1, beta=1), r"there are no parameters \['beta'\]"),
        (Cover(1, alpha=0.3), "parameter 'alpha': the value 0.3 is not on the grid"),
        ("waves", "cover must be a Cover, got 'waves'"),
        (Range(0, 1, 1), "cover must be a Cover"),
    ],
)
def test_a_cover_names_a_panel_and_a_setting(cover, said):
    with pytest.raises(ValueError, match=f"explorer 'waves': {said}"):
        make(cover=cover)


@pytest.mark.parametrize("options", [{"panels": 0}, {"panels": 1.5}, {"panels": 1, "height": 0}])
def test_figures_without_size_are_refused(options):
    with pytest.raises(ValueError, match=f"explorer 'plain': {list(options)[-1]} must be .*, got"):
        make({"alpha": Range(0, 1, 1)}, draw=plain, **options)


def test_repr_is_short_and_stable():
    assert repr(make()) == "explorer waves: alpha = 0.50, n = 8"


# --- the numbers of a setting -------------------------------------------------------------------------------------

EXPLORER = make()


@given(st.sampled_from([0, 0.25, 0.5, 0.75, 1]), st.sampled_from([2, 8]))
def test_at_gives_the_numbers_of_any_setting_as_they_were_computed(alpha, n):
    assert EXPLORER.at(alpha=alpha, n=n) == {"power": 1 + alpha * n, "word": "yes"}


def test_at_starts_from_the_start():
    assert EXPLORER.at()["power"] == 5
    assert EXPLORER.at(n=2)["power"] == 2
    assert EXPLORER.at(alpha=1)["power"] == 9


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"beta": 1}, r"there are no parameters \['beta'\], only \['alpha', 'n'\]"),
        ({"alpha": 0.3}, "parameter 'alpha': the value 0.3 is not on the grid"),
        ({"n": None}, "parameter 'n': the value None is not on the grid"),
        ({"alpha": float("nan")}, "parameter 'alpha': the value nan is not on the grid"),
        ({"alpha": True}, "parameter 'alpha': the value True is not on the grid"),
        ({"alpha": np.array([0.5, 1])}, r"parameter 'alpha': the value array\(.*\) is not on the grid"),
    ],
)
def test_settings_off_the_grid_are_refused(setting, said):
    with pytest.raises(ValueError, match=f"explorer 'waves': {said}"):
        EXPLORER.at(**setting)


def test_an_error_at_a_setting_names_the_setting():
    with pytest.raises(ZeroDivisionError) as caught:
        make({"alpha": Range(0, 2, 1, label="scale α")}, panels=1, draw=broken).at(alpha=1)
    assert caught.value.__notes__ == ["explorer 'broken' failed at scale α = 1"]


# --- frames -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def baked(tmp_path_factory):
    static = tmp_path_factory.mktemp("static")
    html = bake(make(), static, "part/01-name")
    script = (static / "packs" / "part" / "01-name" / "waves.js").read_text(encoding="utf-8")
    pack = json.loads(re.fullmatch(r"explorerPack\((.*)\);\n", script)[1])
    return html, pack


def test_the_pack_holds_every_frame(baked):
    _, pack = baked
    assert len(pack["frames"]) == len(pack["numbers"]) == len(pack["alt"]) == 10
    assert len(set(map(str, pack["frames"]))) == 10
    assert pack["alt"][0] == "Two waves & a <matrix>. scale α = 0.00, keys n = 2 keys."
    assert pack["numbers"][-1] == [["power", "9"], ["word", "yes"]]


def test_frames_are_whole_svg_with_their_own_names(baked):
    _, pack = baked
    for at, frame in enumerate(pack["frames"]):
        for panel, indices in enumerate(frame):
            svg = "\n".join(pack["lines"][k] for k in indices)
            ElementTree.fromstring(f'<svg xmlns="http://www.w3.org/2000/svg">{svg}</svg>')
            names = set(re.findall(r' id="([^"]+)"', svg))
            assert all(name.startswith(f"waves-{panel}-") for name in names)
            assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg)) <= names, at


def test_colours_are_left_to_the_page(baked):
    _, pack = baked
    text = "\n".join(pack["lines"])
    assert f"var(--x-blue, {PALETTE['blue']})" in text
    assert not re.search(rf"(?<!, ){PALETTE['blue']}", text)


def test_the_figure_is_complete_without_its_pack(baked):
    html, _ = baked
    assert html.count('<svg class="explorer-panel"') == 2
    assert 'data-pack="packs/part/01-name/waves.js"' in html
    assert "Two waves &amp; a &lt;matrix&gt;." in html
    assert "<strong>Notice</strong> at α = 1 the wave is straight." in html
    spec = json.loads(re.search(r'class="explorer-spec">(.*?)</script>', html)[1])
    assert [p["kind"] for p in spec["parameters"]] == ["range", "choice"]
    assert spec["parameters"][0]["values"][spec["parameters"][0]["start"]] == "0.50"


@pytest.mark.parametrize(
    ("parameters", "settings"),
    [
        # In the middle of its slider: both ends; of the other control the end that is farther away.
        (
            {"a": Range(0, 4, 1, start=1), "b": Choice([1, 2, 3], start=1)},
            ["a = 0, b = 1", "a = 4, b = 1", "a = 1, b = 3"],
        ),
        # With nothing else to move: half of the longer way, too.
        ({"a": Range(0, 8, 1, start=2)}, ["a = 0", "a = 5", "a = 8"]),
        ({"a": Range(0, 4, 1, start=4)}, ["a = 0", "a = 2"]),
        ({"b": Choice(["x", "y"]), "a": Range(0, 1, 1, start=0)}, ["b = x, a = 1", "b = y, a = 0"]),
        ({"b": Choice(["x", "y", "z"], start="y")}, ["b = x", "b = z"]),
        (
            {"a": Range(0, 4, 1, start=2), "b": Range(0, 4, 1, start=3), "c": Choice([1, 2])},
            ["a = 0, b = 3, c = 1", "a = 4, b = 3, c = 1", "a = 2, b = 0, c = 1"],
        ),
    ],
)
def test_settings_for_paper(parameters, settings):
    def nothing(axes, **values):
        """Caption.

        Notice: it.
        """

    nothing.__signature__ = inspect.Signature(
        [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in ("axes", *parameters)]
    )
    explorer = make(parameters, panels=1, draw=nothing)
    assert [explorer.describe(setting) for setting in on_paper(explorer)] == settings


def test_pictures_for_paper_are_whole_files_in_the_colours_for_paper(tmp_path):
    html = bake(make(), tmp_path, "part/01-name")
    sources = re.findall(r'<img src="paper:([^"]+)" width="\S+" height="\S+" loading="lazy"[^>]* alt="[^"]+"', html)
    assert sources == [f"paper/part/01-name/waves-{k}.svg" for k in range(1, len(sources) + 1)]
    assert len(sources) in (2, 3)
    for source in sources:
        text = (tmp_path / source).read_text(encoding="utf-8")
        picture = ElementTree.fromstring(text)
        box = [float(number) for number in picture.get("viewBox").split()]
        assert box[3] > box[2] * 0.9  # two panels, one below the other
        names = re.findall(r' id="([^"]+)"', text)
        assert len(names) == len(set(names))
        assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', text)) <= set(names)
    start = Image.open(tmp_path / "previews" / "part" / "01-name" / "waves.png")
    assert start.width <= 1120
    assert start.height <= 420


def test_a_frame_does_not_depend_on_the_one_before(tmp_path):
    def stale(axes, alpha):
        """Caption.

        Notice: it.
        """
        axes.plot([0, 1], [0, alpha])
        if alpha == 2:
            axes.tick_params(labelsize=20)

    with pytest.raises(ValueError, match="explorer 'stale': its picture depends on the frame drawn before"):
        bake(make({"alpha": Range(0, 2, 1)}, panels=1, draw=stale), tmp_path, "n")


@pytest.mark.parametrize(("panels", "shown"), [(1, 350), (2, 324)])
def test_text_is_legible_where_a_panel_is_shown_smallest(panels, shown):
    """Alone on a phone; beside another one on a wide page."""

    def tiny(axes, alpha):
        """Caption.

        Notice: it.
        """
        for one in axes if panels > 1 else [axes]:
            one.text(0.5, 0.5, "small", fontsize=4)
            one.set_title("title", fontsize=5)

    canvas = Canvas(make({"alpha": Range(0, 1, 1)}, panels=panels, draw=tiny))
    canvas.draw((0,))
    for axes, figure in zip(canvas.axes, canvas.figures, strict=True):
        sizes = [t.get_fontsize() for t in figure.findobj(Text) if t.get_text()]
        assert min(sizes) * shown / canvas.size[0] >= 11, axes


def test_hatched_areas_are_refused_with_advice():
    def hatched(axes, alpha):
        """Caption.

        Notice: it.
        """
        axes.bar([0], [1], hatch="/")

    canvas = Canvas(make({"alpha": Range(0, 1, 1)}, panels=1, draw=hatched))
    canvas.draw((0,))
    with pytest.raises(NotImplementedError, match="use a colour"):
        canvas.svg(0)


def test_used_axes_look_like_new_ones():
    explorer = make()
    used = Canvas(explorer)
    for setting in explorer.settings():
        used.draw(setting)
        fresh = Canvas(explorer)
        fresh.draw(setting)
        assert [used.svg(p) for p in range(2)] == [fresh.svg(p) for p in range(2)]


def test_live_pixels_are_those_of_one_drawing():
    explorer = make()
    used = Canvas(explorer, dpi=80)
    for setting in explorer.settings():
        used.draw(setting)
        in_parts = [np.array(used.pixels(panel), int) for panel in range(2)]
        for figure, layered in zip(used.figures, in_parts, strict=True):
            figure.canvas.draw()
            whole = np.asarray(figure.canvas.buffer_rgba()).astype(int)
            assert np.mean(np.abs(whole - layered).max(axis=-1) > 8) < 0.002


def test_the_size_of_a_pack_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("companion.teaching.bake.PACK_BUDGET", 1000)
    with pytest.raises(ValueError, match=r"explorer 'waves': its frames take .* bytes gzipped, the budget is 1,000"):
        bake(make(), tmp_path, "n")


def broken(axes, alpha):
    """Caption.

    Notice: it.
    """
    axes.plot([1 / (alpha - 1)])


def test_an_error_while_baking_names_the_setting(tmp_path):
    with pytest.raises(ZeroDivisionError) as caught:
        bake(make({"alpha": Range(0, 2, 1, label="scale α")}, panels=1, draw=broken), tmp_path, "n")
    assert caught.value.__notes__ == ["explorer 'broken' failed at scale α = 1"]


# --- live -----------------------------------------------------------------------------------------------------------


PATIENCE = 300  # seconds: reached only where something never happens


async def until(condition):
    end = asyncio.get_running_loop().time() + PATIENCE
    while not condition():
        assert asyncio.get_running_loop().time() < end
        await asyncio.sleep(0.01)


def told(story):
    """Run a story in an event loop of its own, on a thread of its own: a browser's tests may have left one here."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(story())).result()


def awake(parameters=None, **options):
    """A live explorer that draws nothing ahead, and takes events for one burst however slow the machine is."""
    live = Live(make(parameters, **options))
    live.idle, live.burst = 1e6, 1e6
    return live


def test_a_slider_moves_the_picture_and_reset_puts_it_back():
    async def story():
        live = awake()
        first = live.image.value
        live.controls[0].index = 3
        await until(lambda: live.image.value != first)
        live.reset()
        await until(lambda: live.image.value == first)
        assert "power" in live.numbers.value

    told(story)


def test_of_a_burst_of_events_only_the_first_and_the_last_are_drawn():
    async def story():
        live = awake()
        for index in (0, 1, 3, 4):
            live.controls[0].index = index
        await until(lambda: (4, 1) in live.remembered)
        assert live.wanted == (4, 1)
        assert set(live.remembered) == {(2, 1), (0, 1), (4, 1)}
        assert live.image.value == live.remembered[4, 1][0]

    told(story)


def test_reset_draws_no_setting_in_between():
    async def story():
        live = awake()
        live.controls[0].index = 0
        live.controls[1].index = 0
        await until(lambda: (0, 0) in live.remembered)
        drawn = set(live.remembered)
        live.plays[0].playing = True
        live.reset()
        assert live.image.value == live.remembered[live.explorer.start][0]
        assert set(live.remembered) == drawn
        assert not live.plays[0].playing
        live.close()
        assert live.box.comm is None

    told(story)


def test_neighbours_are_drawn_ahead_once_a_slider_was_touched():
    async def story():
        live = Live(make())
        assert live.planned is None
        assert set(live.remembered) == {(2, 1)}
        live.controls[0].index = 3
        await until(lambda: {(4, 1), (2, 1), (3, 0)} <= set(live.remembered))

    told(story)


def test_an_event_on_another_thread_is_not_lost_while_a_neighbour_is_drawn():
    begun, told_it = threading.Event(), threading.Event()

    def draw(axes, alpha):
        """Caption.

        Notice: it.
        """
        if live and live[0].remembered.keys() == {(0,), (1,)}:
            begun.set()
            # Long enough for the event to be taken note of, if nothing keeps it waiting.
            told_it.wait(0.3)

    async def elsewhere(live):
        begun.wait()
        live.controls[0].index = 4
        told_it.set()
        await until(lambda: (4,) in live.remembered and live.image.value == live.remembered[4,][0])

    async def story():
        live[0].controls[0].index = 1
        await asyncio.to_thread(lambda: asyncio.run(elsewhere(live[0])))

    live = []
    live.append(Live(make({"alpha": Range(0, 4, 1, label="scale α")}, panels=1, draw=draw)))
    live[0].burst = 1e6
    told(story)


def test_an_error_is_shown_in_the_place_of_the_picture_and_goes_away():
    async def story():
        live = awake({"alpha": Range(0, 2, 1, label="scale α")}, panels=1, draw=broken)
        live.controls[0].index = 1
        await until(lambda: "ZeroDivisionError" in live.message.value)
        assert "scale α = 1" in live.message.value
        live.controls[0].index = 2
        await until(lambda: live.message.value == "")

    told(story)


def test_named_numbers_are_said_as_in_print():
    named = {"a": 0.036754, "b": -2, "c": 20_000, "d": 4.5091e-5, "e": -2.5e8, "f": "2e-03", "g": "94 %", "h": 9999.9}
    words = ["0.03675", "−2", "20,000", "4.509 · 10⁻⁵", "−2.5 · 10⁸", "2 · 10⁻³", "94 %", "10,000"]
    assert [said for _, said in in_words(named)] == words
