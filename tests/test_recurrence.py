"""The scan against the loop that it replaces."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion import recurrence


def looped(G, h, x0):
    x, rows = x0, []
    for step, push in zip(G, h, strict=True):
        x = (step @ x if step.ndim == 2 else step * x) + push
        rows.append(x)
    return np.array(rows)


@given(T=st.integers(1, 40), d=st.integers(1, 4), full=st.booleans(), seed=st.integers(0, 99))
def test_scan_is_the_loop(T, d, full, seed):
    rng = np.random.default_rng(seed)
    G = rng.normal(size=(T, d, d) if full else (T, d)) / 2
    h, x0 = rng.normal(size=(T, d)), rng.normal(size=d)
    np.testing.assert_allclose(recurrence.scan(G, h, x0), looped(G, h, x0), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(recurrence.scan(G, h), looped(G, h, np.zeros(d)), rtol=1e-9, atol=1e-9)


def test_scan_leaves_its_input_alone():
    G, h = np.full((5, 1), 2.0), np.ones((5, 1))
    np.testing.assert_array_equal(recurrence.scan(G, h)[:, 0], [1, 3, 7, 15, 31])
    assert (G == 2).all()
    assert (h == 1).all()


def network(d=3, T=20, gain=0.6, scale=0.3):
    A = np.random.default_rng(0).normal(size=(d, d))
    return gain * A / np.abs(np.linalg.eigvals(A)).max(), scale * np.random.default_rng(1).normal(size=(T, d))


@given(split=st.sampled_from(recurrence.SPLITS), T=st.integers(1, 12), seed=st.integers(0, 50))
def test_every_split_is_exact_up_to_its_iteration(split, T, seed):
    rng = np.random.default_rng(seed)
    A, u, x0 = rng.normal(size=(2, 2)) / 3, rng.normal(size=(T, 2)), rng.normal(size=2)
    guess, exact = rng.normal(size=(T, 2)), recurrence.rnn(A, u, x0)
    for first in (None, guess):
        path = recurrence.iterate(A, u, T, split, x0, first)
        np.testing.assert_array_equal(path[0], np.zeros((T, 2)) if first is None else guess)
        for n in range(T + 1):
            np.testing.assert_allclose(path[n, :n], exact[:n], atol=1e-10)


@given(split=st.sampled_from(recurrence.SPLITS), T=st.integers(1, 12))
def test_the_truth_as_a_guess_stays(split, T):
    A, u = network(T=T)
    exact = recurrence.rnn(A, u)
    np.testing.assert_allclose(recurrence.iterate(A, u, 2, split, guess=exact), [exact] * 3, atol=1e-12)


def test_a_guess_is_left_alone():
    A, u = network(T=5)
    guess = np.ones((5, 3))
    recurrence.iterate(A, u, 3, guess=guess)
    assert (guess == 1).all()


def test_newton_squares_the_error():
    A, u = network()
    errors = np.abs(recurrence.iterate(A, u, 4) - recurrence.rnn(A, u)).max(axis=(1, 2))
    assert errors[3] < 1e-8
    assert (errors[2:4] < 2 * errors[1:3] ** 2).all()


def test_deer_is_the_loop_and_says_when_it_fails():
    A, u = network()
    np.testing.assert_allclose(recurrence.deer(A, u), recurrence.rnn(A, u), atol=1e-10)
    wild = network(d=4, T=200, gain=2.5, scale=0.3)
    with pytest.raises(ArithmeticError, match="did not converge in most = 5 iterations: the residual is"):
        recurrence.deer(*wild, most=5)


def test_overflow_shows_as_nan_without_a_warning():
    A, u = network(d=4, T=3000, gain=3.0, scale=0.01)
    assert np.isnan(recurrence.iterate(A, u, 3, "linear")[-1]).any()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: recurrence.rnn(np.ones((2, 2)), np.ones((3, 1))),
            r"A must have shape \(1, 1\), got \(2, 2\)",
        ),
        (lambda: recurrence.rnn([[1.0]], np.ones(3)), r"u must have shape \(T, d\), got \(3,\)"),
        (lambda: recurrence.rnn([[1.0]], [[1.0]], [1, 2]), r"x0 must have shape \(1,\), got \(2,\)"),
        (lambda: recurrence.iterate([[1.0]], [[1.0]], -1), "n must be a whole number of at least 0, got -1"),
        (lambda: recurrence.iterate([[1.0]], [[1.0]], 1, "half"), "split must be one of .* got 'half'"),
        (
            lambda: recurrence.iterate([[1.0]], [[1.0]], 1, guess=[[1.0], [2.0]]),
            r"guess must have shape \(1, 1\), got \(2, 1\)",
        ),
        (lambda: recurrence.iterate([[1.0]], [[1.0]], 1, guess=[[np.nan]]), "guess must be finite"),
        (lambda: recurrence.deer([[1.0]], [[1.0]], tol=0), "tol must be positive and finite, got 0"),
        (lambda: recurrence.scan(np.ones(3), np.ones(3)), r"h must have shape \(T, d\), got \(3,\)"),
        (lambda: recurrence.scan(np.ones((3, 1)), np.ones((3, 2))), r"G must have shape .* got \(3, 1\)"),
        (lambda: recurrence.scan(np.ones((3, 2)), np.ones((3, 2)), [1]), r"x0 must have shape \(2,\), got \(1,\)"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
