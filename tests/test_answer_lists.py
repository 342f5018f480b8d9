"""`answers.toml` lists what readers may type: right in other forms, and wrong with the mistake's name."""

import tomllib

import nbformat
import pytest
from catalogue import ROOT

from companion.teaching.typed import reply

LISTED = tomllib.loads((ROOT / "tests" / "answers.toml").read_text(encoding="utf-8"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*/[0-9]*.ipynb"))


def exercises(path):
    """The data of a notebook's exercises, as their outputs hold them."""
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", ()):
            if data := output.get("metadata", {}).get("exercise", {}).get("data"):
                yield data


ASKED = [(path, data) for path in NOTEBOOKS for data in exercises(path)]


def test_every_exercise_has_its_list_and_every_list_its_exercise():
    asked = [data["question"] for _, data in ASKED]
    assert sorted(set(LISTED) - set(asked)) == []
    assert sorted(set(asked) - set(LISTED)) == []
    assert len(asked) == 3 * len(NOTEBOOKS)


@pytest.mark.parametrize("data", [pytest.param(data, id=f"{path.parent.name}-{path.name[:2]}") for path, data in ASKED])
def test_answers_of_readers_get_their_verdict(data):
    listed = LISTED[data["question"]]
    for text in listed["right"]:
        said = reply(data, text)
        assert said["right"] is True, (text, said)
    for text, says in listed["wrong"]:
        said = reply(data, text)
        assert said["right"] is False, (text, said)
        assert says.lower() in said["message"].lower(), (text, said)


def test_most_wrong_answers_are_named():
    wrong = [says for lists in LISTED.values() for _, says in lists["wrong"]]
    assert sum(map(bool, wrong)) >= 0.8 * len(wrong)
