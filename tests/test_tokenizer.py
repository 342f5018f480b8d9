"""companion.tokenizer: longest match, dropout and byte pairs by definition, models, the two-letter chain."""

from collections import Counter
from fractions import Fraction
from itertools import pairwise, product

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from companion import tokenizer
from companion.tokenizer import END

AB = ("A", "B", "AA")
alpha, beta, pi = sp.symbols("alpha beta pi", positive=True)
texts = st.text("abc", max_size=12)
vocabularies = st.lists(st.text("abc", min_size=1, max_size=4), max_size=6).map(lambda more: ["a", "b", "c", *more])


def letters(string, a, b):
    p = {"A": b, "B": a}[string[0]] / (a + b)
    for pair in pairwise(string):
        p *= {"AA": 1 - a, "AB": a, "BA": b, "BB": 1 - b}["".join(pair)]
    return p


def test_longest_match_is_greedy():
    assert tokenizer.longest_match("abcab", ["a", "b", "c", "ab", "abca"]) == ("abca", "b")
    assert tokenizer.longest_match("", []) == ()


@given(texts, vocabularies)
def test_no_longer_word_fits(text, vocab):
    tokens = tokenizer.longest_match(text, vocab)
    assert "".join(tokens) == text
    for place, token in enumerate(tokens):
        rest = text[len("".join(tokens[:place])) :]
        assert max((word for word in vocab if rest.startswith(word)), key=len) == token


@given(texts, vocabularies)
def test_a_text_cut_at_a_token_is_encoded_as_before(text, vocab):
    tokens = tokenizer.longest_match(text, vocab)
    for place in range(len(tokens)):
        assert tokenizer.longest_match("".join(tokens[:place]), vocab) == tokens[:place]


def test_dropout_by_hand():
    drop = Fraction(1, 3)
    assert tokenizer.segmentations("AAB", AB, drop) == {
        ("AA", "B"): Fraction(2, 3),
        ("A", "A", "B"): Fraction(1, 3),
    }
    three = tokenizer.segmentations("abc", ["a", "b", "c", "ab", "abc"], drop)
    assert three == {("abc",): Fraction(2, 3), ("ab", "c"): Fraction(2, 9), ("a", "b", "c"): Fraction(1, 9)}


@given(texts, vocabularies, st.fractions(0, 1))
def test_dropout_is_a_law_and_without_it_longest_match(text, vocab, drop):
    ways = tokenizer.segmentations(text, vocab, drop)
    assert sum(ways.values()) == 1
    assert all("".join(tokens) == text and p > 0 for tokens, p in ways.items())
    assert tokenizer.segmentations(text, vocab) == {tokenizer.longest_match(text, vocab): 1}
    assert tokenizer.segmentations(text, vocab, 1) == {tuple(text): 1}


def test_merges_by_hand():
    corpus = {"abab": Fraction(1, 2), "abc": Fraction(1, 2)}
    assert tokenizer.learn_merges(corpus, 2) == [("a", "b"), ("ab", "ab")]
    assert tokenizer.apply_merges("ababab", [("a", "b"), ("ab", "ab")]) == ("abab", "ab")
    assert tokenizer.apply_merges("aaa", [("a", "a")]) == ("aa", "a")
    assert tokenizer.learn_merges({"ab": 1}, 5) == [("a", "b")]
    assert tokenizer.learn_merges({"ba": Fraction(1, 2), "ab": Fraction(1, 2)}, 1) == [("a", "b")]


@given(st.lists(st.text("ab", min_size=2, max_size=9), min_size=1, max_size=4, unique=True), st.text("ab", max_size=20))
def test_byte_pairs_cut_at_a_token_are_merged_as_before(sample, text):
    merges = tokenizer.learn_merges(dict.fromkeys(sample, Fraction(1, len(sample))), 8)
    tokens = tokenizer.apply_merges(text, merges)
    assert "".join(tokens) == text
    for place in range(len(tokens)):
        assert tokenizer.apply_merges("".join(tokens[:place]), merges) == tokens[:place]


def test_a_model_holds_the_probabilities_of_all_beginnings():
    model = tokenizer.token_model({"AAB": 0.25, "A": 0.75}, lambda text: tokenizer.longest_match(text, AB))
    assert model(()) == {"AA": 0.25, "A": 0.75}
    assert model(("AA",)) == {"B": 0.25}
    assert model(("A",)) == {END: 0.75}
    assert model(("B",)) == {}
    random = tokenizer.token_model({"AA": 1}, lambda text: tokenizer.segmentations(text, AB, Fraction(1, 4)))
    assert random(()) == {"AA": Fraction(3, 4), "A": Fraction(1, 4)}
    symbolic = tokenizer.token_model({"A": alpha, "B": 1 - alpha}, tuple)
    assert symbolic(()) == {"A": alpha, "B": 1 - alpha}


@pytest.mark.parametrize("drop", [Fraction(0), Fraction(2, 5), Fraction(1)])
def test_the_chain_is_what_the_texts_say(drop):
    a, b = Fraction(1, 4), Fraction(2, 3)
    starts = Counter()
    for string in map("".join, product("AB", repeat=7)):
        for tokens, p in tokenizer.segmentations(string, AB, drop).items():
            starts[tokens[:3]] += letters(string, a, b) * p
    model = tokenizer.two_letters(a, b, drop)
    for tokens, p in starts.items():
        if p:
            assert model(tokens[:2])[tokens[2]] == p
    for row in tokenizer.chain(a, b, drop):
        assert sum(row) == 1


def test_letters_per_token():
    expected = (alpha + beta) * (2 - alpha - pi + alpha * pi)
    expected /= 2 * alpha + beta - alpha**2 - alpha * pi + alpha**2 * pi
    assert sp.simplify(tokenizer.chars_per_token(alpha, beta, pi) - expected) == 0
    assert tokenizer.chars_per_token(Fraction(1, 4), Fraction(1, 2)) == Fraction(7, 5)
    assert tokenizer.chars_per_token(Fraction(1, 4), Fraction(1, 2), 1) == 1


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: tokenizer.longest_match("abx", ["a", "b"]), "text must be spelt .* got 'x' at position 2"),
        (lambda: tokenizer.longest_match("ab", ["ab", "a"]), "text must be spelt .* got 'b' at position 1"),
        (lambda: tokenizer.longest_match("a", ["a", ""]), "vocab must hold words"),
        (lambda: tokenizer.longest_match("a", "abc"), "vocab must hold words .* got 'abc'"),
        (lambda: tokenizer.longest_match("a", ["a", 1]), "vocab must hold words"),
        (lambda: tokenizer.segmentations("b", ["a"]), "text must be spelt .* got 'b' at position 0"),
        (lambda: tokenizer.segmentations("a", ["a"], 1.5), "drop must lie between 0 and 1, got 1.5"),
        (lambda: tokenizer.segmentations("a", ["a"], float("nan")), "drop must lie between 0 and 1, got nan"),
        (lambda: tokenizer.segmentations("a", ["a"], "half"), "drop must lie between 0 and 1, got 'half'"),
        (lambda: tokenizer.chain(-1, 0.5), "alpha must lie between 0 and 1, got -1"),
        (lambda: tokenizer.two_letters(0.5, 2), "beta must lie between 0 and 1, got 2"),
        (lambda: tokenizer.chars_per_token(0.5, 0.5, True), "drop must lie between 0 and 1, got True"),
        (lambda: tokenizer.chain(0, 0.5), "alpha must be above 0 .* got 0"),
        (lambda: tokenizer.token_model({"a": 0.5}, tuple), "corpus must sum to 1, got a sum of 0.5"),
        (lambda: tokenizer.token_model({}, tuple), "corpus must sum to 1, got a sum of 0"),
        (lambda: tokenizer.token_model({"a": alpha}, tuple), "corpus must sum to 1, got a sum of alpha"),
        (lambda: tokenizer.token_model({"a": 2, "b": -1}, tuple), "corpus must hold probabilities, got 2 for 'a'"),
        (lambda: tokenizer.token_model({"ab": 1}, lambda _: ("a",)), r"encode must spell the text 'ab', got \('a',\)"),
        (lambda: tokenizer.learn_merges({"a": 1}, -1), "count must be a whole number .* got -1"),
        (lambda: tokenizer.learn_merges({"a": 1}, 1.0), "count must be a whole number .* got 1.0"),
        (lambda: tokenizer.learn_merges({"a": 2}, 1), "corpus must hold probabilities, got 2"),
    ],
)
def test_refusals_name_the_argument(call, said):
    with pytest.raises(ValueError, match=said):
        call()
