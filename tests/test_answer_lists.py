"""`answers.toml` lists what readers may type: right in other forms, and wrong with the mistake's name."""

import tomllib

import catalogue
import nbformat
import pytest
from conftest import by_chance

from companion.teaching.typed import reply

LISTED = tomllib.loads((catalogue.ROOT / "tests" / "answers.toml").read_text(encoding="utf-8"))


def exercises(path):
    """The data of a notebook's exercises, as their outputs hold them, by question."""
    outputs = [output for cell in nbformat.read(path, as_version=4).cells for output in cell.get("outputs", ())]
    found = [data for output in outputs if (data := output.get("metadata", {}).get("exercise", {}).get("data"))]
    return {data["question"]: data for data in found}


def test_every_list_has_its_exercise():
    asked = {question for path in catalogue.notebooks() for question in exercises(path)}
    assert sorted(set(LISTED) - asked) == []


@pytest.mark.parametrize("path", by_chance(catalogue.notebooks(), 12, "answers"), ids=catalogue.name)
def test_answers_of_readers_get_their_verdict(path):
    asked = exercises(path)
    assert len(asked) == 3
    for question, data in asked.items():
        listed = LISTED[question]
        for text in listed["right"]:
            said = reply(data, text)
            assert said["right"] is True, (text, said)
        for text in listed.get("undecided", ()):
            said = reply(data, text)
            assert said["right"] is None, (text, said)
            assert said["message"].startswith("It agrees"), (text, said)
        for text, says in listed["wrong"]:
            said = reply(data, text)
            assert said["right"] is False, (text, said)
            assert says.lower() in said["message"].lower(), (text, said)


def test_most_wrong_answers_are_named():
    wrong = [says for lists in LISTED.values() for _, says in lists["wrong"]]
    assert sum(map(bool, wrong)) >= 0.8 * len(wrong)
