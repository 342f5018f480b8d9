"""Published results on the Long Range Arena, six tasks on long sequences: models trained from scratch.

The table itself is `data/lra.csv`. Sources: Tay et al., "Long Range Arena", arXiv:2011.04006; the papers on S4
(arXiv:2111.00396, updated row), S5 (arXiv:2208.04933) and MEGA (arXiv:2209.10655).
"""

import csv
from importlib.resources import files

TASKS = ("listops", "text", "retrieval", "image", "pathfinder", "pathx")


Row = dict[str, str | float | None]


def lra_table() -> list[Row]:
    """Accuracies (%) on the Long Range Arena: one dict a model, with keys model, the six tasks and printed_avg.

    None stands for chance. printed_avg is the average as printed; Sinkhorn's is 0.09 below the mean of its row.
    """
    text = files("companion").joinpath("data", "lra.csv").read_text(encoding="utf-8")
    return [_row(line) for line in csv.DictReader(text.splitlines())]


def _row(line: dict[str, str]) -> Row:
    row: Row = {"model": line["model"]}
    return row | {name: float(line[name]) if line[name] else None for name in (*TASKS, "printed_avg")}
