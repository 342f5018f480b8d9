"""The palette is legible on white and on dark, the style sheets take their colours from it, tables are portable."""

import itertools
import re

import catalogue
import pytest

from companion.teaching.plotting import CYCLE, DARK, PALETTE, figure, log_ticks, style
from companion.teaching.tables import table

STATIC = catalogue.ROOT / "book" / "_static"


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [PALETTE, DARK], ids=["light", "dark"])
def test_contrast(colours):
    for name in CYCLE:
        assert contrast(colours[name], colours["paper"]) >= 3, name
    for name in ("ink", "muted"):
        assert contrast(colours[name], colours["paper"]) >= 4.5, name


# Simulation matrices of deuteranopia and protanopia, Machado, Oliveira and Fernandes 2009, severity 1.
BLINDNESS = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
}


@pytest.mark.parametrize("kind", BLINDNESS)
@pytest.mark.parametrize("colours", [PALETTE, DARK], ids=["light", "dark"])
def test_the_first_three_colours_stay_apart_for_colour_blind_readers(colours, kind):
    def seen(colour):
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        return [sum(m * c for m, c in zip(row, channels, strict=True)) for row in BLINDNESS[kind]]

    for one, other in itertools.combinations(CYCLE[:3], 2):
        distance = sum((a - b) ** 2 for a, b in zip(seen(colours[one]), seen(colours[other]), strict=True)) ** 0.5
        assert distance > 0.2, (one, other)


def test_the_style_sheets_hold_no_colour_of_the_palette_a_second_time():
    for sheet in STATIC.glob("*.css"):
        written = set(re.findall(r"#[0-9a-f]{6}", sheet.read_text(encoding="utf-8")))
        named = {PALETTE["blue"], *(DARK[name] for name in DARK)}
        assert not written & named, sheet.name


def test_every_colour_of_the_style_is_in_the_palette():
    used = set(re.findall(r"#[0-9a-f]{6}", repr(style())))
    assert used <= set(PALETTE.values())


def test_log_ticks_read_as_powers_of_ten():
    _, axes = figure()
    axes.set_xlim(-2.5, 3.2)
    log_ticks(axes, "x")
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["10⁻²", "10⁻¹", "10⁰", "10¹", "10²", "10³"]


def test_tables(capsys):
    table(["n", "what"], [[1, "a|b"], ["2.50", "c"]])
    assert capsys.readouterr().out == "   n  what\n   1  a|b\n2.50  c\n"


def test_ragged_tables_are_refused():
    with pytest.raises(ValueError, match=r"rows must have 2 cells, got \[1\]"):
        table(["n", "what"], [[1]])
