"""Tokenisers, and the token models that they make of a distribution of texts.

Probabilities are whatever adds and multiplies: Fractions (exact), floats or SymPy expressions. A *model* is a function
from the tokens so far to {next token: joint probability of them all}, which a network computes in one run. An exact
model has seen everything, so a context without continuation is one that never occurs. Texts end with the token `END`.

Longest match is the tokeniser of WordPiece; its dropout is Hiraoka's, arXiv:2209.04126. Markov chains
are what Phan et al., arXiv:2406.16829, test on; what the dropout does to the two-letter chain is our own.
"""

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any

Prob = Any
Tokens = tuple[str, ...]
Model = Callable[[Tokens], Mapping[str, Prob]]
Merges = Sequence[tuple[str, str]]
END = "<end>"


def longest_match(text: str, vocab: Collection[str]) -> Tokens:
    """The tokens of `text`: from left to right, always the longest word of `vocab` that fits.

    Raises ValueError for a vocabulary with an empty word, and for a character that is no word of it. Cost: the length
    of the text times that of the longest word.
    """
    words, longest = _words(vocab), _longest(vocab)
    _known(text, words)
    found, at = [], 0
    while at < len(text):
        size = next(size for size in range(longest, 0, -1) if text[at : at + size] in words)
        found.append(text[at : at + size])
        at += len(found[-1])
    return tuple(found)


def segmentations(text: str, vocab: Collection[str], drop: Prob = 0) -> dict[Tokens, Prob]:
    """All ways of cutting `text` that longest match with dropout may choose, and their probabilities.

    At each place the words that fit are tried from the longest to the shortest, and each is rejected with probability
    `drop`, except the single character. Raises ValueError as `longest_match`, and for a dropout outside [0, 1]. Cost:
    exponential in the length of the text unless `drop` is 0.
    """
    words, longest, drop = _words(vocab), _longest(vocab), _share("drop", drop)
    _known(text, words)
    ways: list[dict[Tokens, Prob]] = [{} for _ in range(len(text) + 1)]
    ways[0][()] = 1
    for at in range(len(text)):
        fits = [text[at : at + size] for size in range(longest, 1, -1) if text[at : at + size] in words]
        rest: Prob = 1
        for word in dict.fromkeys([*fits, text[at]]):
            chance = rest if len(word) == 1 else rest * (1 - drop)
            rest = rest * drop
            if chance != 0:
                for tokens, p in ways[at].items():
                    ways[at + len(word)][(*tokens, word)] = p * chance
    return ways[-1]


def learn_merges(corpus: Mapping[str, Prob], count: int) -> Merges:
    """The first `count` merges of byte pair encoding: each time the most frequent pair, of several the first by name.

    Texts are not cut into words beforehand; fewer merges are returned if no pair is left. Raises ValueError for a count
    that is no whole number of at least 0, and as `token_model` for the corpus.
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise ValueError(f"count must be a whole number (int) of at least 0, got {count!r}")
    texts = [(tuple(text), weight) for text, weight in _corpus(corpus).items()]
    merges: list[tuple[str, str]] = []
    while len(merges) < count:
        pairs: Counter[tuple[str, str]] = Counter()
        for tokens, weight in texts:
            for pair in pairwise(tokens):
                pairs[pair] += weight
        if not pairs:
            break
        merges.append(min(pairs, key=lambda pair: (-pairs[pair], pair)))
        texts = [(_merged(tokens, merges[-1]), weight) for tokens, weight in texts]
    return merges


def apply_merges(text: str, merges: Merges) -> Tokens:
    """The tokens of `text` by byte pair encoding: the merges one after the other, each from left to right."""
    tokens = tuple(text)
    for pair in merges:
        tokens = _merged(tokens, pair)
    return tokens


def token_model(corpus: Mapping[str, Prob], encode: Callable[[str], Tokens | Mapping[Tokens, Prob]]) -> Model:
    """The exact model of a corpus {text: probability} that was cut up by `encode`.

    `encode` gives the tokens of a text, or {tokens: probability} if it cuts at random. Raises ValueError for a corpus
    that is empty or does not sum to one, and for tokens that do not spell the text.
    """
    table: dict[Tokens, dict[str, Prob]] = {}
    for text, weight in _corpus(corpus).items():
        cut = encode(text)
        for tokens, chance in (cut if isinstance(cut, Mapping) else {cut: 1}).items():
            if "".join(tokens) != text:
                raise ValueError(f"encode must spell the text {text!r}, got {tokens!r}")
            for place, word in enumerate([*tokens, END]):
                following = table.setdefault(tokens[:place], {})
                following[word] = following.get(word, 0) + weight * chance
    return lambda context: table.get(context, {})


def chain(alpha: Prob, beta: Prob, drop: Prob = 0) -> list[list[Prob]]:
    """Transition probabilities between the tokens AA, A, B (rows: from) of an endless text of the letters A and B.

    alpha = P(B after A), beta = P(A after B); longest match with the words AA, A, B and dropout. Raises ValueError for
    numbers outside [0, 1], and for alpha = 0.
    """
    alpha, beta, drop = _share("alpha", alpha), _share("beta", beta), _share("drop", drop)
    if alpha == 0:
        raise ValueError(f"alpha must be above 0 for the letter B to come, got {alpha!r}")
    glued = (1 - alpha) * (1 - drop)  # a token that starts with A is AA
    again = drop * (1 - alpha) / (alpha + drop * (1 - alpha))  # an A follows the token A
    return [[a * glued, a * (1 - glued), 1 - a] for a in (1 - alpha, again, beta)]


def two_letters(alpha: Prob, beta: Prob, drop: Prob = 0) -> Model:
    """The exact model of `chain`, for texts without end that begin with the stationary letter. Raises as `chain`."""
    names, rows = ("AA", "A", "B"), chain(alpha, beta, drop)
    first = beta / (alpha + beta)
    glued = (1 - alpha) * (1 - drop)
    start = dict(zip(names, (first * glued, first * (1 - glued), 1 - first), strict=True))
    step = {name: dict(zip(names, row, strict=True)) for name, row in zip(names, rows, strict=True)}

    def model(context: Tokens) -> dict[str, Prob]:
        joint, following = 1, start
        for token in context:
            joint, following = joint * following[token], step[token]
        return {token: joint * p for token, p in following.items()}

    return model


def chars_per_token(alpha: Prob, beta: Prob, drop: Prob = 0) -> Prob:
    """The mean number of letters per token in the long run of `chain`. Raises as `chain`."""
    (aa, _, ab), (xa, _, xb), (ba, bx, _) = chain(alpha, beta, drop)
    # The stationary law (s, t, u) of AA, A, B up to a factor, with u = 1: flows in and out of AA and of B balance.
    s, t = _solved(1 - aa, -xa, ba, ab, xb, ba + bx)
    return (2 * s + t + 1) / (s + t + 1)


def _solved(a: Prob, b: Prob, p: Prob, c: Prob, d: Prob, q: Prob) -> tuple[Prob, Prob]:
    """The solution (s, t) of as + bt = p, cs + dt = q."""
    det = a * d - b * c
    return (p * d - b * q) / det, (a * q - p * c) / det


def _merged(tokens: Tokens, pair: tuple[str, str]) -> Tokens:
    out: list[str] = []
    at = 0
    while at < len(tokens):
        step = 2 if tokens[at : at + 2] == pair else 1
        out.append("".join(tokens[at : at + step]))
        at += step
    return tuple(out)


def _words(vocab: Collection[str]) -> frozenset[str]:
    if isinstance(vocab, str) or not all(isinstance(word, str) and word for word in vocab):
        raise ValueError(f"vocab must hold words of at least one character, got {vocab!r}")
    return frozenset(vocab)


def _longest(vocab: Collection[str]) -> int:
    return max(map(len, vocab), default=0)


def _known(text: str, words: frozenset[str]) -> None:
    for at, character in enumerate(text):
        if character not in words:
            raise ValueError(f"text must be spelt with single characters of vocab, got {character!r} at position {at}")


def _corpus(corpus: Mapping[str, Prob]) -> Mapping[str, Prob]:
    """The corpus, if its weights are probabilities."""
    for text, weight in corpus.items():
        if (size := _float(weight)) is not None and not 0 <= size <= 1:
            raise ValueError(f"corpus must hold probabilities, got {weight!r} for {text!r}")
    total = sum(corpus.values())
    if (size := _float(total)) is None:
        import sympy as sp

        size = float(sp.simplify(total - 1) == 0)
    if not math.isclose(size, 1, rel_tol=0, abs_tol=1e-9):
        raise ValueError(f"corpus must sum to 1, got a sum of {total}")
    return corpus


def _share(name: str, value: Prob) -> Prob:
    """The argument `name`, if it is a symbol or a number from 0 to 1."""
    if (size := _float(value)) is not None and not 0 <= size <= 1:
        raise ValueError(f"{name} must lie between 0 and 1, got {value!r}")
    return value


def _float(value: Prob) -> float | None:
    """The value as a float, or None if it holds symbols. Text and the like become NaN."""
    if getattr(value, "free_symbols", None):
        return None
    try:
        return math.nan if isinstance(value, str | bool) else float(value)
    except (TypeError, ValueError):
        return math.nan
