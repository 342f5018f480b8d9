"""In the book an exercise is a form: the reader types an answer, and SymPy checks it in the reader's own browser.

    add_forms(notebook)    # after each exercise.check(...) in an executed notebook

The exercise itself travels in the form's `data-exercise`, as `Exercise.to_data` wrote it into the output's metadata.
"""

import ast
import html
import json
import re
from collections.abc import Mapping
from typing import Any

import nbformat
import sympy as sp

from companion.teaching._written import read
from companion.teaching.exercises import Exercise
from companion.teaching.reading import read_answer

# A letter with a subscript, as questions write it in plain text.
_WITH_SUBSCRIPT = re.compile(r"\b[^\W\d_]+_\w+")
# What the browser fetches for the first answer, as `make bench` measures it.
WEIGHT = "9 MB"


def add_forms(notebook: nbformat.NotebookNode) -> int:
    """Put a form in the place of each output that waits for an answer; return how many there are.

    Raises ValueError for an exercise that does not come back from its data as it was.
    """
    count = 0
    for cell in notebook.cells:
        for place, output in enumerate(cell.get("outputs", ())):
            exercise = output.get("metadata", {}).get("exercise", {})
            if data := exercise.get("data"):
                count += 1
                cell.outputs[place] = _form_output(data, exercise.get("names", {}), count)
                if _only_checks(cell.source):
                    cell.metadata["tags"] = [*cell.metadata.get("tags", []), "remove-input"]
    return count


def _only_checks(source: str) -> bool:
    """Whether a cell is nothing but `name.check(...)`: in the page the form says the same."""
    match ast.parse(source).body:
        case [ast.Expr(value=ast.Call(func=ast.Attribute(attr="check")))]:
            return True
    return False


def _form_output(data: Mapping[str, Any], names: Mapping[str, str], number: int) -> nbformat.NotebookNode:
    plain = json.loads(json.dumps(data))
    if Exercise.from_data(plain).to_data() != plain:
        raise ValueError(f"the exercise {data['question']!r} does not come back from its data as it was")
    return nbformat.v4.new_output(
        "display_data",
        data={"text/html": form(plain, names, number), "text/plain": f"Exercise · {data['question']}"},
        metadata={"exercise": {"question": data["question"], "right": None}},
    )


def form(data: Mapping[str, Any], names: Mapping[str, str], number: int) -> str:
    """The form of an exercise. Without JavaScript, or from a folder, it says how to check an answer.

    `names` are variables of the notebook that hold a symbol of another name.
    """
    say = html.escape
    sent = {**data, "names": dict(names)} if names else data
    packed = say(json.dumps(sent, ensure_ascii=False, separators=(",", ":"), sort_keys=True))
    field, hint, letters = f"answer-{number}", f"answer-{number}-hint", f"answer-{number}-letters"
    listed = _letters(data, names)
    described = f"{letters} {hint}" if listed else hint
    lines = f'<p class="exercise-letters" id="{letters}">{listed}</p>\n' if listed else ""
    return f"""<form class="exercise" data-exercise="{packed}" autocomplete="off">
<p class="exercise-question"><strong>Exercise</strong> {_question(data["question"])}</p>
{lines}<div class="exercise-controls" hidden>
<label for="{field}">Your answer</label>
<input id="{field}" type="text" inputmode="text" autocapitalize="off" autocorrect="off" spellcheck="false" \
maxlength="500" aria-describedby="{described}" translate="no">
<button type="submit">Check</button>
<p class="exercise-hint" id="{hint}">{_hint(data)} SymPy checks it in your browser (about {WEIGHT}, once).</p>
</div>
<div class="exercise-verdict" role="status"></div>
<p class="exercise-elsewhere">To check your answer, open this notebook in JupyterLab, put the answer in place of the \
dots in <code>check(...)</code> and run the cell. On the web, with JavaScript, this page checks it itself. \
A solution is folded below.</p>
</form>"""


def _question(text: str) -> str:
    """A question as HTML: letters with a subscript, as x_0, are set as the page sets its formulas."""
    return _WITH_SUBSCRIPT.sub(lambda found: _letter(sp.Symbol(found[0])), html.escape(text))


def _letter(symbol: sp.Basic) -> str:
    """A symbol in plain text, to be set by the page as its `data-tex` says (see `_ext/answers.py`)."""
    plain = html.escape(sp.pretty(symbol, use_unicode=True))
    return f'<span class="exercise-letter" data-tex="{html.escape(sp.latex(symbol))}">{plain}</span>'


def _letters(data: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The symbols of the answer, each as the page sets it and as it can be typed: by its name, or as the code says."""
    known, letters = [read(symbol) for symbol in data["symbols"]], []
    for symbol in sorted(read(data["answer"]).free_symbols, key=lambda symbol: symbol.name):
        # Not e, which stays the number where the code calls ε so.
        others = [name for name in names if read_answer(name, known, names) == symbol]
        shown = _letter(symbol)
        names_typed = [f"<kbd>{html.escape(name)}</kbd>" for name in (symbol.name, *others)]
        typed = " or ".join(filter(None, [", ".join(names_typed[:-1]), names_typed[-1]]))
        # A letter that is typed as it stands needs no word.
        letters.append(shown if len(symbol.name) == 1 and not others else f"{shown} (type {typed})")
    return f"Letters: {', '.join(letters)}." if letters else ""


def _hint(data: Mapping[str, Any]) -> str:
    """What the answer is made of."""
    answer = read(data["answer"])
    if isinstance(answer, sp.MatrixBase):
        return f"A {answer.rows} × {answer.cols} matrix, written as <kbd>[1, 2; 3, 4]</kbd>."
    if isinstance(answer, sp.Tuple):
        return f"{len(answer)} answers, with commas between them."
    if isinstance(answer, sp.Equality):
        return "An equation."
    return (
        "An expression in these letters."
        if answer.free_symbols
        else "A number, such as <kbd>√2/3</kbd> or <kbd>2 e^3</kbd>."
    )
