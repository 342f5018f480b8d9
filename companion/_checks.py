"""Checks of arguments that several modules make, with one wording each."""

import math


def count(name: str, value: int, least: int = 1) -> int:
    """The argument `name` as a whole number. Raises ValueError if it is none, or below `least`."""
    if isinstance(value, bool) or int(value) != value or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, got {value}")
    return int(value)


def positive(**values: float) -> None:
    """Raises ValueError for the first of the arguments that is not positive and finite."""
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be positive and finite, got {value}")
