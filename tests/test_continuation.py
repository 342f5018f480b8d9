"""companion.continuation: covers against all texts of random corpora, the post's steps, and refusals."""

from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from companion import continuation, tokenizer
from companion.tokenizer import END

corpora = st.dictionaries(st.text("ab", min_size=1, max_size=8), st.integers(1, 5), min_size=1, max_size=5)
vocabularies = st.lists(st.text("ab", min_size=2, max_size=4), max_size=5).map(lambda more: ["a", "b", *more])
SUN = {"the sun": Fraction(1, 2), "the sunset": Fraction(3, 10), "the sunflower": Fraction(1, 5)}
WORDS = {*"the sunflowr", "the ", "sun", "the sunset", "sunflower"}


def encode(text):
    return tokenizer.longest_match(text, WORDS)


def law(weights):
    return {text: Fraction(weight, sum(weights.values())) for text, weight in weights.items()}


def beginnings(corpus):
    return {text[:n] for text in corpus for n in range(len(text) + 1)}


@settings(deadline=None)
@given(corpora.map(law), vocabularies, st.sampled_from([0, Fraction(1, 3)]))
def test_covers_are_exact(corpus, vocab, drop):
    model = tokenizer.token_model(corpus, lambda text: tokenizer.segmentations(text, vocab, drop))
    for prompt in beginnings(corpus):
        found = continuation.covers(model, prompt)
        assert sum(found.values()) == sum(p for text, p in corpus.items() if text.startswith(prompt))
        assert continuation.next_char(model, prompt, found) == continuation.true_next_char(corpus, prompt)
        for cover in found:
            assert not prompt or len("".join(cover[:-1])) < len(prompt) <= len("".join(cover))


@settings(deadline=None)
@given(corpora.map(law), vocabularies)
def test_boundaries_find_all_covers_of_longest_match(corpus, vocab):
    def cut(text):
        return tokenizer.longest_match(text, vocab)

    model = tokenizer.token_model(corpus, cut)
    runs = []

    def counted(context):
        runs.append(context)
        return model(context)

    for prompt in beginnings(corpus) - {""}:
        runs.clear()
        found = continuation.boundary_covers(counted, prompt, cut, 4)
        assert found == continuation.covers(model, prompt)
        assert len(runs) <= 4
        # All of them lie on the tokens of the prompt itself.
        assert all(cover[:-1] == cut(prompt)[: len(cover) - 1] for cover in found)


@settings(deadline=None)
@given(corpora.map(law), st.integers(0, 6))
def test_boundaries_find_all_covers_of_byte_pairs(corpus, count):
    merges = tokenizer.learn_merges(corpus, count)
    model = tokenizer.token_model(corpus, lambda text: tokenizer.apply_merges(text, merges))
    for prompt in beginnings(corpus) - {""}:
        found = continuation.boundary_covers(model, prompt, lambda text: tokenizer.apply_merges(text, merges), 8)
        assert found == continuation.covers(model, prompt)


def test_the_sun():
    model = tokenizer.token_model(SUN, encode)
    prompt, tokens = "the sun", encode("the sun")
    assert continuation.true_next_char(SUN, prompt) == {END: SUN["the sun"], "s": Fraction(3, 10), "f": Fraction(1, 5)}
    assert continuation.naive(model, prompt, tokens) == {END: 1}
    back = continuation.prefix_search(model, prompt, ("the ",))
    assert back == {("the ", "sun"): Fraction(1, 2), ("the ", "sunflower"): Fraction(1, 5)}
    assert back == continuation.covers(model, prompt, ("the ",))
    assert continuation.next_char(model, prompt, back) == {END: Fraction(5, 7), "f": Fraction(2, 7)}
    assert continuation.prefix_search(model, prompt, ()) == {("the sunset",): Fraction(3, 10)}
    assert continuation.covers(model, prompt) == {**back, ("the sunset",): Fraction(3, 10)}


def test_a_prompt_that_is_kept_whole_is_its_own_cover():
    model = tokenizer.token_model(SUN, encode)
    assert continuation.covers(model, "the sun", ("the ", "sun")) == {("the ", "sun"): Fraction(1, 2)}
    assert continuation.covers(model, "the sunf", encode("the sunf")) == {}
    assert continuation.covers(model, "") == {(): 1}


def test_the_name_of_the_end_is_no_text():
    model = tokenizer.token_model({"a": Fraction(1, 3), "a<b": Fraction(2, 3)}, tuple)
    assert continuation.covers(model, "a<") == {("a", "<"): Fraction(2, 3)}
    assert continuation.prefix_search(model, "a<", ("a",)) == {("a", "<"): Fraction(2, 3)}
    assert continuation.boundary_covers(model, "a<", tuple, 1) == {("a", "<"): Fraction(2, 3)}


def test_symbols_go_through():
    a, b = sp.symbols("a b", positive=True)
    model = tokenizer.two_letters(a, b)
    found = continuation.next_char(model, "A", continuation.covers(model, "A"))
    assert sp.simplify(found["A"] - (1 - a)) == 0
    assert sp.simplify(found["B"] - a) == 0


def test_total_variation():
    assert continuation.total_variation({"a": 1}, {"b": 1}) == 1
    assert continuation.total_variation({"a": Fraction(1, 2), "b": Fraction(1, 2)}, {"a": 1}) == Fraction(1, 2)
    assert continuation.total_variation({"a": 0.3}, {"a": 0.3}) == 0


MODEL = tokenizer.token_model(SUN, encode)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: continuation.true_next_char(SUN, "moon"), "prompt must be the beginning .* got 'moon'"),
        (lambda: continuation.next_char(MODEL, "moon", {}), "prompt must be one .* seen, got 'moon'"),
        (lambda: continuation.naive(MODEL, "the sunf", encode("the sunf")), "prompt must be one .* got 'the sunf'"),
        (lambda: continuation.covers(MODEL, "the sun", ("moon",)), r"kept must spell .* got \('moon',\)"),
        (lambda: continuation.prefix_search(MODEL, "the", ("the ",)), "kept must spell .* 'the', got"),
        (lambda: continuation.boundary_covers(MODEL, "", encode, 3), "prompt must have at least one character, got ''"),
        (lambda: continuation.boundary_covers(MODEL, "the", encode, 0), "longest must be at least 1, got 0"),
    ],
)
def test_refusals_name_the_argument(call, said):
    with pytest.raises(ValueError, match=said):
        call()
