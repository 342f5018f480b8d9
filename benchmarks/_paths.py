"""Brings the modules of the book and of the tests within reach of a benchmark, and says where the built book lies."""

import sys
from pathlib import Path

_AROUND = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(_AROUND / "book"), str(_AROUND / "tests")]

from catalogue import ROOT  # noqa: E402 (lives with the book)

HTML = ROOT / "book" / "_build" / "html"
