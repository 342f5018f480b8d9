"""Tables that hold much: set smaller, so that they fit the column."""

from typing import Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

# From so many columns on.
MANY = 10


class WideTables(SphinxPostTransform):
    """Mark the tables with many columns for the style sheet, which cannot count them."""

    default_priority = 48
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Count the columns of every table."""
        for group in self.document.findall(nodes.tgroup):
            if int(group["cols"]) >= MANY:
                group.parent["classes"].append("wide-table")
