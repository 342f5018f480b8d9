"""Deciding whether two SymPy expressions are equal, or one is never above the other: algebra and a probe."""
