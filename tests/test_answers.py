"""The book's own exercises, from the data in their outputs: right answers in other forms, and mistakes by name."""

import json
import tomllib
from pathlib import Path

import nbformat
import pytest
import sympy as sp

from companion.teaching import Exercise

ROOT = Path(__file__).resolve().parents[1]
ANSWERS = tomllib.loads((ROOT / "tests" / "answers.toml").read_text(encoding="utf-8"))


def asked():
    """The data of each exercise of the book, by its question."""
    found = {}
    for path in sorted((ROOT / "notebooks").rglob("*.ipynb")):
        if ".ipynb_checkpoints" not in path.parts:
            for cell in nbformat.read(path, as_version=4).cells:
                for output in cell.get("outputs", ()):
                    if data := output.get("metadata", {}).get("exercise", {}).get("data"):
                        found[data["question"]] = data
    return found


ASKED = asked()


@pytest.fixture(scope="module")
def exercises():
    return {question: Exercise.from_data(data) for question, data in ASKED.items()}


def meant(text, exercise):
    """The table's text as an answer in the symbols of the exercise."""
    symbols = {symbol.name: symbol for symbol in (eval(s, vars(sp)) for s in exercise.to_data()["symbols"])}
    return eval(text, vars(sp) | symbols)


def cases(kind):
    return [(question, case) for question, answers in ANSWERS.items() for case in answers[kind]]


def test_every_exercise_of_the_book_comes_back_from_its_data():
    for data in ASKED.values():
        again = Exercise.from_data(json.loads(json.dumps(data))).to_data()
        assert again == json.loads(json.dumps(data))


def test_every_notebook_asks_three():
    assert len(ASKED) == 3 * len(
        [p for p in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts]
    )


@pytest.mark.parametrize(("question", "text"), cases("right"))
def test_the_answer_in_another_form_is_right(exercises, question, text):
    verdict = exercises[question].verdict(meant(text, exercises[question]))
    assert verdict.right is True, verdict.message


@pytest.mark.parametrize(("question", "case"), cases("wrong"))
def test_a_wrong_answer_is_not_called_right_and_its_mistake_is_named(exercises, question, case):
    text, says = case
    verdict = exercises[question].verdict(meant(text, exercises[question]))
    assert verdict.right is False
    assert verdict.message.startswith(says)
    if not says:
        assert not names_a_mistake(exercises[question], verdict.message), verdict.message


def names_a_mistake(exercise, message):
    foreseen = [says for _, says in exercise.to_data()["mistakes"]]
    words = ("constant factor", "added constant", "reciprocal", "square", "one minus", "exchanged", "wrong sign")
    more = ("another power", "another factor", "a power of", "derivative", "off by one", "transpose", "inverse")
    return any(part.lower() in message.lower() for part in (*foreseen, *words, *more))


def test_most_mistakes_of_readers_are_named():
    wrong = [says for _, (_, says) in cases("wrong")]
    assert len(wrong) >= 50
    assert sum(map(bool, wrong)) >= 0.8 * len(wrong)
    assert len(cases("right")) >= 40
