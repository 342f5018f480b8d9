"""Why a claim did not pass."""


class ClaimError(AssertionError):
    """A claim that did not pass. Shown in a notebook as its message alone."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


class FalseClaim(ClaimError):
    """The two sides differ."""


class Undecided(ClaimError):
    """Neither a proof nor a counterexample was found."""


class BadClaim(ClaimError):
    """The comparison cannot be made as asked."""
