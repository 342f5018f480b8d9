"""Published results on the Long Range Arena, six tasks on long sequences.

The table itself is `data/lra.csv`. Sources: Amos, Berant, Gupta, "Never Train from Scratch", arXiv:2310.02980; Tay et
al., "Long Range Arena", arXiv:2011.04006.
"""

import csv
from importlib.resources import files

TASKS = ("listops", "text", "retrieval", "image", "pathfinder", "pathx")


Row = dict[str, str | float | None]


def lra_table() -> list[Row]:
    """Accuracies (%) on the Long Range Arena: one dict a model, with keys model, the six tasks, printed_avg, status.

    None stands for chance. status: "verified" was seen in print, "recalled" was not but agrees with what the text of
    arXiv:2310.02980 says of it, "doubtful" contradicts that text. Some rows also have pathx256.
    """
    text = files("companion").joinpath("data", "lra.csv").read_text(encoding="utf-8")
    return [_row(line) for line in csv.DictReader(text.splitlines())]


def _row(line: dict[str, str]) -> Row:
    row: Row = {"model": line["model"]}
    row |= {name: float(line[name]) if line[name] else None for name in (*TASKS, "printed_avg")}
    row["status"] = line["status"]
    return row | ({"pathx256": float(line["pathx256"])} if line["pathx256"] else {})
