"""Discrete state space models: every fast route against the plain loop."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from companion import hippo, ssm

SIGNALS = arrays(float, st.integers(1, 40), elements=st.floats(-10, 10))


def looped(Ab, Bb, u):
    x, rows = np.zeros(len(Bb)), []
    for value in u:
        x = Ab @ x + Bb * value
        rows.append(x)
    return np.array(rows)


@pytest.mark.parametrize("method", ssm.METHODS)
@given(u=SIGNALS)
def test_states_are_those_of_the_loop(method, u):
    Ab, Bb = ssm.discretize(*hippo.transition("legt", 5), 0.02, method)
    np.testing.assert_allclose(ssm.states(Ab, Bb, u), looped(Ab, Bb, u), atol=1e-11)


@given(L=st.integers(1, 70))
def test_kernel_is_the_response_to_a_unit_of_input(L):
    Ab, Bb = ssm.discretize(*hippo.transition("legs", 4), 0.1)
    C = np.arange(1.0, 5)
    impulse = np.zeros(L)
    impulse[0] = 1
    np.testing.assert_allclose(ssm.kernel(Ab, Bb, C, L), looped(Ab, Bb, impulse) @ C, atol=1e-12)


def test_one_step_of_each_method_on_decay():
    # x' = −2x + 3u with step 1/2: forward 1 − 1, backward 1/2, bilinear ½/(3/2), exact e^{-1}.
    for method, power in {"forward": 0, "backward": 1 / 2, "bilinear": 1 / 3, "zoh": np.exp(-1)}.items():
        Ab, Bb = ssm.discretize([[-2.0]], [3.0], 0.5, method)
        # A constant input of 1 has the fixed point 3/2 whatever the method.
        np.testing.assert_allclose([Ab[0, 0], Bb[0]], [power, 1.5 * (1 - power)], atol=1e-15)


def test_exact_step_of_an_integrator_needs_no_inverse():
    Ab, Bb = ssm.discretize([[0.0, 1.0], [0.0, 0.0]], [0.0, 1.0], 2.0, "zoh")
    np.testing.assert_allclose(Ab, [[1, 2], [0, 1]])
    np.testing.assert_allclose(Bb, [2, 2])


def test_convolution_of_several_complex_kernels():
    rng = np.random.default_rng(0)
    K, u = rng.normal(size=(3, 17)) + 1j * rng.normal(size=(3, 17)), rng.normal(size=17)
    np.testing.assert_allclose(ssm.causal_conv(K, u), [np.convolve(k, u)[:17] for k in K])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ssm.discretize(np.eye(2), [1, 2], 0), "step must be positive and finite, got 0"),
        (lambda: ssm.discretize(np.eye(2), [1, 2], 1, "euler"), "method must be one of .* got 'euler'"),
        (lambda: ssm.discretize(np.eye(3), [1, 2], 1), r"A must have shape \(2, 2\), got \(3, 3\)"),
        (lambda: ssm.discretize(np.eye(2), [[1, 2]], 1), r"B must have shape \(d,\), got \(1, 2\)"),
        (lambda: ssm.krylov(np.eye(2), [1, 2], 0), "L must be a whole number of at least 1, got 0"),
        (lambda: ssm.kernel(np.eye(2), [1, 2], [1], 3), r"C must have shape \(2,\), got \(1,\)"),
        (lambda: ssm.states(np.eye(2), [1, 2], []), r"u must have shape \(L,\), got \(0,\)"),
        (lambda: ssm.causal_conv(np.ones(3), np.ones(4)), r"K must hold 4 values .* got shape \(3,\)"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
