"""In the book an exercise is a form: the reader types an answer, and SymPy checks it in the reader's own browser.

    add_forms(notebook)    # after each exercise.check(...) in an executed notebook

The exercise itself travels in the form's `data-exercise`, as `Exercise.to_data` wrote it into the output's metadata.
"""

import ast
import html
import json
from collections.abc import Mapping
from typing import Any

import nbformat
import sympy as sp

from companion.teaching._written import read
from companion.teaching.exercises import Exercise

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
                cell.outputs[place] = _form_output(data, count)
                if _only_checks(cell.source):
                    cell.metadata["tags"] = [*cell.metadata.get("tags", []), "remove-input"]
    return count


def _only_checks(source: str) -> bool:
    """Whether a cell is nothing but `name.check(...)`: in the page the form says the same."""
    match ast.parse(source).body:
        case [ast.Expr(value=ast.Call(func=ast.Attribute(attr="check")))]:
            return True
    return False


def _form_output(data: Mapping[str, Any], number: int) -> nbformat.NotebookNode:
    plain = json.loads(json.dumps(data))
    if Exercise.from_data(plain).to_data() != plain:
        raise ValueError(f"the exercise {data['question']!r} does not come back from its data as it was")
    return nbformat.v4.new_output(
        "display_data",
        data={"text/html": form(plain, number), "text/plain": f"Exercise · {data['question']}"},
        metadata={"exercise": {"question": data["question"], "right": None}},
    )


def form(data: Mapping[str, Any], number: int) -> str:
    """The form of an exercise. Without JavaScript, or from a folder, it says how to check an answer."""
    say = html.escape
    packed = say(json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True))
    field, hint = f"answer-{number}", f"answer-{number}-hint"
    return f"""<form class="exercise" id="exercise-{number}" data-exercise="{packed}" autocomplete="off">
<p class="exercise-question"><strong>Exercise</strong> {say(data["question"])}</p>
<div class="exercise-controls" hidden>
<label for="{field}">Your answer</label>
<input id="{field}" type="text" inputmode="text" autocapitalize="off" autocorrect="off" spellcheck="false" \
maxlength="500" aria-describedby="{hint}" translate="no">
<button type="submit">Check</button>
<p class="exercise-hint" id="{hint}">{_hint(data)} SymPy checks it in your browser (about {WEIGHT}, once).</p>
</div>
<div class="exercise-verdict" role="status"></div>
<p class="exercise-elsewhere">To check your answer, open this notebook in JupyterLab, put the answer in place of the \
dots in <code>check(...)</code> and run the cell. On the web, with JavaScript, this page checks it itself. \
A solution is folded below.</p>
</form>"""


def _hint(data: Mapping[str, Any]) -> str:
    """What the answer is made of: its symbols, as they are written and as they can be typed."""
    answer = read(data["answer"])
    names = sorted({symbol.name for symbol in answer.free_symbols})
    signs = [(sp.pretty(sp.Symbol(name), use_unicode=True), name) for name in names]
    typed = ", ".join(
        f"<i>{html.escape(sign)}</i>" + ("" if sign == name else f" (<kbd>{html.escape(name)}</kbd>)")
        for sign, name in signs
    )
    within = f" in {typed}" if names else ""
    if isinstance(answer, sp.MatrixBase):
        return f"A {answer.rows} × {answer.cols} matrix{within}, written as <kbd>[1, 2; 3, 4]</kbd>."
    if isinstance(answer, sp.Tuple):
        return f"{len(answer)} answers{within}, with commas between them."
    if isinstance(answer, sp.Equality):
        return f"An equation{within}."
    return f"An expression{within}." if names else "A number, such as <kbd>√2/3</kbd> or <kbd>2 e^3</kbd>."
