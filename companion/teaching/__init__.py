"""What every notebook uses to teach: claims, exercises and explorers.

Names are loaded when first used, so that importing this package costs nothing and plotting libraries stay
out of the way of readers who only want the mathematics.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "ClaimError": "claims",
    "Ledger": "claims",
    "Exercise": "exercises",
    "Choice": "explorers",
    "Cover": "explorers",
    "Range": "explorers",
    "explore": "explorers",
}
__all__ = ["Choice", "ClaimError", "Cover", "Exercise", "Ledger", "Range", "explore"]


def __getattr__(name: str) -> Any:
    """Import the module that holds `name` on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
