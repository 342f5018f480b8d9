"""Readers use Safari and Firefox too: in both engines a page of each of three parts, and all that moves or answers."""

import contextlib
import json
import os
from urllib.parse import urlsplit

import catalogue
import engines
import pytest
from conftest import CHILDREN, MISCOUNTED, OPEN_NOTES, give_up, served
from test_answers import STATE, answers

# Selenium warns of itself.
pytestmark = pytest.mark.filterwarnings("ignore:setting remote_server_addr:DeprecationWarning")
# The last of each part: the one that builds on most of what the part has.
PAGES = [f"notebooks/{catalogue.name(path)}.html" for path in {p.parent: p for p in catalogue.notebooks()}.values()][:3]

CONTROLS = """() => [...document.querySelectorAll('figure.explorer')].map(figure => [
    figure.dataset.explorer,
    [...figure.querySelectorAll('input[type=range]')].map(slider => [slider.id, slider.value === slider.max]),
    [...figure.querySelectorAll('select')].map(menu => menu.id),
])"""
# What an explorer shows, the pictures and the numbers, as a fingerprint, once it has shown what it was asked for.
LOOK = """async name => {
    const figure = document.querySelector(`figure.explorer[data-explorer="${name}"]`);
    figure.scrollIntoView({block: 'center', behavior: 'instant'});
    const frame = () => new Promise(requestAnimationFrame);
    for (let quiet = 0; quiet < 3; quiet++) {
        await frame();
        if (figure.hasAttribute('aria-busy')) quiet = 0;
    }
    const text = [...figure.querySelector('.explorer-panels').shadowRoot.querySelectorAll('.explorer-panel')]
        .map(svg => svg.innerHTML).join('|').replace(/<\\/?g>/g, '').replace(/\\s+/g, '')
        + figure.querySelector('.explorer-numbers').textContent;
    let hash = 0;
    for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
    return `${text.length}:${hash}`;
}"""
CHOOSE_ANOTHER = """id => {
    const menu = document.getElementById(id);
    menu.selectedIndex = (menu.selectedIndex + 1) % menu.length;
    menu.dispatchEvent(new Event('change', {bubbles: true}));
}"""
RESET = """name => {
    const figure = document.querySelector(`figure.explorer[data-explorer="${name}"]`);
    [...figure.querySelectorAll('button')].find(button => button.textContent === 'Reset').click();
}"""
# How many pieces can be seen of the code, of the drawing code, and of the prose.
SEEN = """() => ['details.code pre', '.tag_hide-input pre', 'article p'].map(
    where => [...document.querySelectorAll(where)].filter(node => node.checkVisibility()).length)"""
# Pictures without height, what makes the page wider than the window, and fonts that did not come.
MISSHAPEN = """() => [
    ...[...document.querySelectorAll('figure.explorer')]
        .filter(figure => figure.querySelector('.explorer-panels').getBoundingClientRect().height < 100)
        .map(figure => `${figure.dataset.explorer} has no height`),
    ...(document.scrollingElement.scrollWidth > innerWidth ? ['the page is too wide'] : []),
    ...[...document.fonts].filter(font => font.status === 'error').map(font => `${font.family} is missing`),
]"""


@pytest.fixture(scope="module", params=engines.ENGINES)
def engine(request, tmp_path_factory):
    """An engine; without it the test is skipped, or fails where CI=true (not if BROWSER_TESTS=no)."""
    if os.environ.get("BROWSER_TESTS") == "no":
        pytest.skip("BROWSER_TESTS=no")
    missing = None
    with contextlib.ExitStack() as stack:
        try:
            engine = stack.enter_context(engines.ENGINES[request.param](tmp_path_factory.mktemp(request.param)))
        except engines.Missing as error:
            missing = str(error)
        if missing:
            give_up(missing)
        yield engine


@pytest.fixture(scope="module")
def url(book):
    """Address of a server on the book whose pages tell what they complained about."""
    with served(book, engines.ListeningHandler) as url:
        yield url


@pytest.fixture(scope="module", params=PAGES)
def page(request, engine, url):
    """An engine with a page of the book."""
    engine.open(f"{url}/{request.param}")
    return engine


def moves(page, name, act):
    """Whether the picture changes by one of the steps that `act` makes, and comes back by Reset."""
    start = page.run(LOOK, name)
    moved = any(step() or page.run(LOOK, name) != start for step in act)
    page.run(RESET, name)
    return moved and page.run(LOOK, name) == start


def sliders(page):
    """Every slider as (its explorer, the slider, three key presses on it), those in folded notes too."""
    page.run(f"() => {{ {OPEN_NOTES} }}")
    for name, found, _ in page.run(CONTROLS):
        for slider, at_end in found:
            key = "ArrowLeft" if at_end else "ArrowRight"
            yield name, slider, [lambda slider=slider, key=key: page.press(f"[id='{slider}']", key)] * 3


def test_every_explorer_moves_and_reset_brings_it_back(page):
    found = page.run(CONTROLS)
    assert len(found) >= 2
    assert [name for name, ranges, menus in found if not ranges + menus] == []
    assert [slider for name, slider, steps in sliders(page) if not moves(page, name, steps)] == []
    for name, _, menus in found:
        for menu in menus:
            assert moves(page, name, [lambda menu=menu: page.run(CHOOSE_ANOTHER, menu)]), menu


def test_the_depth_switch_folds_and_opens(page):
    def at(depth):
        page.click(f".depth-switch [data-depth={depth}]")
        assert urlsplit(page.run("() => location.href")).query == ("" if depth == "derivation" else f"depth={depth}")
        return page.run(SEEN)

    story, derivation, everything = at("story"), at("derivation"), at("everything")
    assert at("derivation") == derivation
    assert story[:2] == [0, 0]
    assert derivation[0] > 10
    assert derivation[1] == 0
    assert everything[0] >= derivation[0]
    assert everything[1] > 2
    assert min(story[2], derivation[2], everything[2]) > 50


def test_the_page_has_its_shape(page):
    assert page.run(MISSHAPEN) == []


def test_no_page_complained(page):
    """Last of what is tried on each page, so that it speaks of all that was done there."""
    assert page.run(MISCOUNTED, CHILDREN) == []
    # Firefox lays out a page while it arrives, and counts the children of a fraction of which half is there.
    # The elements of the whole page were counted above.
    assert [said for said in page.complaints() if "Incorrect number of children" not in said] == []


# --- once for each engine -----------------------------------------------------------------------------------------


VERDICT = f"""async () => {{
    let state;
    while (!(state = ({STATE})(0))) await new Promise(requestAnimationFrame);
    return state;
}}"""


def test_an_exercise_says_wrong_and_right(engine, url):
    engine.open(f"{url}/{PAGES[0]}")
    exercise = json.loads(engine.run("() => document.querySelector('form.exercise').dataset.exercise"))
    texts = dict(answers(exercise))
    for verdict in ("wrong", "right"):
        engine.type("#answer-1", texts[verdict])
        engine.press("#answer-1", "Enter")
        assert engine.run(VERDICT) == verdict, texts[verdict]
    assert engine.run(MISCOUNTED, CHILDREN) == []
    assert engine.complaints() == []


def test_from_a_folder_a_slider_moves(engine, book):
    engine.open((book / PAGES[0]).as_uri())
    name, slider, steps = next(sliders(engine))
    assert moves(engine, name, steps), slider
    assert engine.complaints() == []
