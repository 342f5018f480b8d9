"""Showing something in the notebook, if this is one."""

import sys
from typing import Any


def ipython() -> Any:
    """The running IPython shell, or None in plain Python."""
    return sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None


def show(bundle: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
    """Display a bundle of MIME types, with output metadata that the book's pages are made from."""
    from IPython.display import display

    display(bundle, raw=True, metadata=metadata or {})
