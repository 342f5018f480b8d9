"""Brackets that a typed answer leaves out, or writes as |x|, put in: sin² 2x is sin(2x)², √3 α is √(3) α."""

import sympy as sp

from companion.teaching.reading._tokens import Token, Unreadable

DEEPEST = 40
STARTS = ("number", "name", "function", "(", "[", "√", "∛")
ENDS = ("number", "name", ")", "]", "!")
OPEN = {"(": ")", "[": "]"}
_ROOTS = {"√": sp.sqrt, "∛": sp.cbrt}


def bracketed(pieces: list[Token]) -> list[Token]:
    """The tokens with all brackets. Raises Unreadable if one has no partner, or a function no argument."""
    return _arguments(_bars(pieces))


def _bars(pieces: list[Token]) -> list[Token]:
    """The tokens with |x| as abs(x), and every bracket closed by its partner."""
    out: list[Token] = []
    stack: list[str] = []
    for token in pieces:
        kind = token.kind
        if kind == "|":
            closes = bool(stack) and stack[-1] == "|" and bool(out) and out[-1].kind in ENDS
            out += [Token(")", "|")] if closes else [Token("function", "abs", sp.Abs), Token("(", "|")]
            if closes:
                stack.pop()
            else:
                stack.append("|")
            continue
        if kind in OPEN:
            stack.append(kind)
        elif kind in OPEN.values() and (not stack or OPEN.get(stack.pop()) != kind):
            raise Unreadable(f"the bracket “{token.text}” closes none that is open")
        out.append(token)
        if len(stack) > DEEPEST:
            raise Unreadable("it is nested too deeply")
    if stack:
        raise Unreadable(f"the bracket “{stack[-1]}” is not closed")
    return out


def _arguments(pieces: list[Token]) -> list[Token]:
    """The tokens with brackets round each function's argument that has none, and its power after it: sin² x."""
    out: list[Token] = []
    at = 0
    while at < len(pieces):
        token = pieces[at]
        if token.kind not in ("function", "√", "∛"):
            out.append(token)
            at += 1
            continue
        start = _after_power(pieces, at + 1) if token.kind == "function" else at + 1
        end = _after_argument(pieces, start, token.kind == "function")
        argument = _arguments(pieces[start:end])
        if pieces[start].kind != "(":
            argument = [Token("(", "("), *argument, Token(")", ")")]
        out += [Token("function", token.text, token.value or _ROOTS[token.kind]), *argument, *pieces[at + 1 : start]]
        at = end
    return out


def _after_power(pieces: list[Token], at: int) -> int:
    """The place after a whole power that stands at `at`, between a function and its argument."""
    if at + 1 < len(pieces) and pieces[at].kind == "**":
        if pieces[at + 1].kind == "number":
            return at + 2
        end = _after_group(pieces, at + 1)
        inner = pieces[at + 2 : end - 1]
        if len(inner) == 1 and inner[0].kind == "number":
            return end
        raise Unreadable("a function has only a plain number as its power: write (sin x)^n")
    return at


def _after_group(pieces: list[Token], at: int) -> int:
    """The place after the bracket that opens at `at`, or after the one token that stands there."""
    depth = 0
    for place in range(at, len(pieces)):
        depth += (pieces[place].kind in OPEN) - (pieces[place].kind in OPEN.values())
        if depth == 0:
            return place + 1
    return at


def _after_argument(pieces: list[Token], at: int, whole: bool) -> int:
    """The place after the argument that begins at `at`: a bracket or, without one, a product as in sin 2x.

    A root takes only the next number, name or bracket (not `whole`).
    """
    if at >= len(pieces) or pieces[at].kind not in STARTS:
        raise Unreadable(
            "a function has no argument" if at >= len(pieces) else f"a function stands before “{pieces[at].text}”"
        )
    if pieces[at].kind in ("function", "√", "∛"):
        inner = pieces[at].kind == "function"
        first = _after_argument(pieces, _after_power(pieces, at + 1) if inner else at + 1, inner)
    else:
        first = _after_group(pieces, at)
    if not whole or pieces[at].kind == "(":
        return first
    end = first
    while end < len(pieces):
        if pieces[end].kind in ("number", "name") or pieces[end].kind == "!":
            end += 1
        elif pieces[end].kind == "**" and end + 1 < len(pieces) and pieces[end + 1].kind in ("number", "name", "("):
            end = _after_group(pieces, end + 1)
        elif pieces[end].kind in ("√", "∛"):
            end = _after_argument(pieces, end + 1, False)
        else:
            break
    return end
