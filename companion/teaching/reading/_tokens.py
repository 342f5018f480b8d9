"""Typed mathematics as tokens: names, numbers and signs in the many ways in which readers write them.

Every character is looked at here; what is not known is told, and goes no further. Superscripts become powers,
subscripts part of a name, a Greek sign its name. A run of letters is the exercise's own symbol if it has one of that
name, then a function, then a constant, and else is taken apart into such names: `nexp(x)` is n · exp(x).
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

import sympy as sp

LONGEST_TEXT = 500
LONGEST_RUN = 40
MOST_TOKENS = 300
MOST_DIGITS = 40
_LETTERS = {sign: unicodedata.name(sign).split()[-1].lower() for sign in "αβγδεζηθικμνξοπρστυφχψω"} | {"λ": "lambda"}
_SIGNS = _LETTERS | {sign.upper(): name.capitalize() for sign, name in _LETTERS.items()} | {"ς": "sigma"}
_SAME_SIGN = str.maketrans("−–—·⋅∙×÷∕⁄{}∣", "---****///()|")
_CONSTANTS = {"e": sp.E, "E": sp.E, "i": sp.I, "I": sp.I, "pi": sp.pi, "oo": sp.oo, "inf": sp.oo, "infinity": sp.oo}
# A name that a reader may bring along, such as a constant C or x_0; a word is more likely a slip.
_OWN_NAME = re.compile(r"[^\W\d_](_\w{1,3})?")
_NUMBER = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(?:([eE])([+-]?\d{1,3})(?!\w))?")
# A subscript in braces, which have become brackets.
_BRACED = re.compile(r"_\((\w+)\)")
_PREFIX = re.compile(r"\b(?:sp|sympy)\s*\.\s*(?=[A-Za-z])")


class Unreadable(ValueError):
    """What was typed cannot be read; says why, to stand after a colon."""


class Token(NamedTuple):
    """A piece of the text: `kind` is number, name, function or the sign itself; `value` what it stands for."""

    kind: str
    text: str
    value: Any = None


def canonical(name: str) -> str:
    """A symbol's name as it is looked up: Greek signs by their names, without backslash, variants as the plain one."""
    spelt = "".join(_SIGNS.get(_plain(sign), sign) for sign in name)
    return re.sub(r"var(?=epsilon|phi|theta|rho|sigma|kappa)", "", re.sub(r"[\\{}]", "", spelt))


def _plain(sign: str) -> str:
    """A full-width letter or a variant of a Greek one as the plain one."""
    return unicodedata.normalize("NFKC", sign)


class Names:
    """What a run of letters may mean: the exercise's symbols before functions, and these before constants.

    A symbol's further names come last, so that e stays the number where a notebook calls ε so.
    """

    def __init__(
        self,
        symbols: Iterable[sp.Symbol],
        functions: Mapping[str, Callable[..., Any]],
        names: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.known: dict[str, Token] = {name: Token("name", name, value) for name, value in _CONSTANTS.items()}
        self.known |= {name: Token("function", name, function) for name, function in functions.items()}
        own = [(symbol, symbol.name) for symbol in symbols]
        for symbol, name in [*((s, canonical(n)) for s, n in own), *own]:
            self.known[name] = Token("name", name, symbol)
        if "epsilon" in self.known:
            self.known.setdefault("eps", self.known["epsilon"])
        for other, name in names.items():
            if name in (symbol for _, symbol in own):
                self.known.setdefault(other, self.known[name])
        self.list = ", ".join(symbol.name for symbol, _ in own)

    def read(self, run: str) -> list[Token]:
        """The names that a run of letters is made of. Raises Unreadable if it is none."""
        for name in (run, canonical(run)):
            if name in self.known:
                return [self.known[name]]
        if len(run) <= LONGEST_RUN and (parts := self._parts(run)):
            return parts
        if (
            run in _SIGNS
            or (len(run) == 1 or re.fullmatch(r"[^\W\d_]_\w{1,3}", run))
            or run.lower() in _LETTERS.values()
        ):
            return [Token("name", run, sp.Symbol(canonical(run)))]
        shown = run if len(run) <= LONGEST_RUN else f"{run[:LONGEST_RUN]}…"
        raise Unreadable(f"“{shown}” is no name that is known here" + (f" (symbols: {self.list})" if self.list else ""))

    def _parts(self, run: str) -> list[Token] | None:
        """The run taken apart into known names, the longest first; None if it is not made of such."""

        @cache
        def rest(start: int) -> tuple[Token, ...] | None:
            if start == len(run):
                return ()
            for end in range(len(run), start, -1):
                token = self.known.get(canonical(run[start:end]))
                after = rest(end) if token else None
                if token and after is not None:
                    return (token, *after)
            return None

        found = rest(0)
        return list(found) if found else None


def tokens(text: str, names: Names) -> list[Token]:
    """The tokens of a text. Raises Unreadable for one that is too long, or holds what is not known."""
    if len(text) > LONGEST_TEXT:
        raise Unreadable(f"it has {len(text)} characters, and at most {LONGEST_TEXT} are read")
    plain = _BRACED.sub(r"_\1", _PREFIX.sub("", text.translate(_SAME_SIGN)))
    found = list(_scan(plain, names))
    if len(found) > MOST_TOKENS:
        raise Unreadable("it is too long")
    return found


def _scan(text: str, names: Names) -> Iterator[Token]:
    at = 0
    while at < len(text):
        sign, start = text[at], at
        fold = unicodedata.decomposition(sign).partition(" ")[0]
        if sign.isspace():
            at += 1
        elif fold == "<super>":
            while at < len(text) and unicodedata.decomposition(text[at]).startswith("<super>"):
                at += 1
            yield from (Token("**", "^"), Token("(", "("))
            yield from _scan(_plain(text[start:at]).translate(_SAME_SIGN), names)
            yield Token(")", ")")
        elif fold == "<fraction>" and (halves := re.fullmatch(r"(\d+)⁄(\d+)", _plain(sign))):
            at += 1
            yield Token("number", sign, sp.Rational(int(halves[1]), int(halves[2])))
        elif number := _number(text, at, names):
            at += len(number.text)
            yield number
        elif sign.isalpha() or sign in "\\_":
            at = _end_of_run(text, at)
            yield from names.read(_subscripts(text[start:at].lstrip("\\")))
        elif text[at : at + 2] in ("**", "=="):
            at += 2
            yield Token(text[start], text[start:at]) if sign == "=" else Token("**", "^")
        elif (plain := {"^": "**", "√": "√", "∛": "∛", "∞": "oo"}.get(sign)) is not None:
            at += 1
            yield names.known[plain] if plain == "oo" else Token(plain, sign)
        elif _plain(sign) in tuple("+-*/()[],;=|!"):
            at += 1
            yield Token(_plain(sign), sign)
        else:
            raise Unreadable(f"{_shown(sign)} is no sign that is known here")


def _end_of_run(text: str, at: int) -> int:
    """Where the letters, digits and subscripts end that begin at `at`."""
    end = at + 1
    while end < len(text) and (
        text[end] == "_" or text[end].isalpha() or (text[end].isdigit() and text[end] not in "⁰¹²³⁴⁵⁶⁷⁸⁹")
    ):
        if unicodedata.decomposition(text[end]).startswith("<super>"):
            break
        end += 1
    return end


def _subscripts(run: str) -> str:
    """A name with its subscripts written after an underscore: x₀ is x_0."""
    out, below = "", False
    for sign in run:
        lowered = unicodedata.decomposition(sign).startswith("<sub>")
        out += ("_" if lowered and not below and not out.endswith("_") else "") + (_plain(sign) if lowered else sign)
        below = lowered
    return out


def _number(text: str, at: int, names: Names) -> Token | None:
    """The number that begins at `at`, exact: decimals are fractions. `e` is a power of ten only before an exponent."""
    found = _NUMBER.match(text, at)
    if not found or not found[0].isascii():
        return None
    digits, exponent, written = found[1], found[3], found[0]
    if exponent and isinstance(names.known[found[2]].value, sp.Symbol):
        written, exponent = digits, None
    if len(digits) > MOST_DIGITS or (exponent and abs(int(exponent)) > 300):
        raise Unreadable(f"the number {digits[:8]}… has too many digits")
    return Token("number", written, sp.Rational(digits) * sp.Integer(10) ** int(exponent or 0))


def _shown(sign: str) -> str:
    """A character in quotation marks, or by its number if it cannot be seen."""
    return f"“{sign}”" if sign.isprintable() else f"the character U+{ord(sign):04X}"
