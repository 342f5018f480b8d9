"""The exact continuation of a cut text: every row of tokens that may spell it, against covers at the last places.

The language is the two-letter chain with the words A, B and AA, and the prompts are the beginnings of a random text.
All ways must give the probability of the prompt that the letters have, and the same law of the next letter, as
Fractions.
"""

import random
from fractions import Fraction
from itertools import pairwise

from _timing import milliseconds

from companion import continuation, tokenizer
from companion.continuation import Covers
from companion.tokenizer import Model

ALPHA, BETA, VOCAB = Fraction(1, 5), Fraction(2, 3), ("A", "B", "AA")
ENUMERATED, SIZES = 20, (4, 8, 12, 16, 20, 32, 64, 128, 256)


def enumerated(model: Model, prompt: str) -> tuple[Covers, int]:
    """The covers of a prompt from all rows of tokens, whatever their probability, and the number of rows tried."""
    found, tried, waiting = {}, 0, [((), 0)]
    while waiting:
        tokens, at = waiting.pop()
        for word in VOCAB:
            row, rest = (*tokens, word), prompt[at:]
            if word.startswith(rest):
                tried += 1
                found[row] = model(tokens).get(word, 0)
            elif rest.startswith(word):
                waiting.append((row, at + len(word)))
    return {row: p for row, p in found.items() if p}, tried


def likelihood(prompt: str) -> Fraction:
    """The probability that a text begins with these letters."""
    p = {"A": BETA, "B": ALPHA}[prompt[0]] / (ALPHA + BETA)
    for pair in pairwise(prompt):
        p *= {"AA": 1 - ALPHA, "AB": ALPHA, "BA": BETA, "BB": 1 - BETA}["".join(pair)]
    return p


def main() -> None:
    """Check that all ways agree, then print the table."""
    model, dice = tokenizer.two_letters(ALPHA, BETA), random.Random(3)
    print("| letters | rows enumerated | ms | covers at the last two places | ms |\n|---:|---:|---:|---:|---:|")
    text = "A"
    while len(text) < max(SIZES):
        text += "A" if dice.random() < (1 - ALPHA if text[-1] == "A" else BETA) else "B"
    for size in SIZES:
        prompt = text[:size]

        def cut(text: str) -> tuple[str, ...]:
            return tokenizer.longest_match(text, VOCAB)

        def covers(prompt: str = prompt) -> Covers:
            return continuation.boundary_covers(model, prompt, cut, 2)

        found = covers()
        assert found == continuation.covers(model, prompt)
        assert sum(found.values()) == likelihood(prompt)
        truth = {letter: likelihood(prompt + letter) / likelihood(prompt) for letter in "AB"}
        assert continuation.next_char(model, prompt, found) == truth
        rows = time = ""
        if size <= ENUMERATED:
            every, tried = enumerated(model, prompt)
            assert every == found
            rows, time = f"{tried:,}", f"{milliseconds(lambda prompt=prompt: enumerated(model, prompt)):.3g}"
        print(f"| {size} | {rows} | {time} | {len(found)} | {milliseconds(covers):.3g} |", flush=True)


if __name__ == "__main__":
    main()
