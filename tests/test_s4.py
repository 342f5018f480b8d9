"""S4's kernel by Cauchy sums, against powers of Ā; HiPPO matrices as normal plus low rank; bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion import hippo, ssm

MEASURES = st.sampled_from(ssm.NPLR)


def both_ways(measure, d, step, L, seed=0):
    """The kernel by powers and by S4, from a random output vector."""
    A, B = hippo.transition(measure, d)
    C = np.random.default_rng(seed).normal(size=d)
    Ab, Bb = ssm.discretize(A, B, step)
    Lam, P, V = ssm.nplr(measure, d)
    Ct = V.conj().T @ ssm.truncate_output(C, Ab, L)
    return ssm.kernel(Ab, Bb, C, L), ssm.kernel_dplr(Lam, P, V.conj().T @ B, Ct, step, L)


@given(measure=MEASURES, d=st.integers(1, 40))
def test_normal_plus_low_rank_is_the_matrix(measure, d):
    Lam, P, V = ssm.nplr(measure, d)
    assert P.shape == (d, 1 if measure == "legs" else 2)
    np.testing.assert_allclose(V.conj().T @ V, np.eye(d), atol=1e-13)
    back = V @ (np.diag(Lam) - P @ P.conj().T) @ V.conj().T
    np.testing.assert_allclose(back, hippo.transition(measure, d)[0], atol=1e-12 * d**2)
    np.testing.assert_array_equal(Lam.real, -0.5 if measure == "legs" else 0.0)


def test_known_eigenvalues():
    # legs, d = 2: skew part ∓√3/2; legt, d = 2: ∓√3.
    np.testing.assert_allclose(ssm.nplr("legs", 2)[0], [-0.5 - 0.75**0.5 * 1j, -0.5 + 0.75**0.5 * 1j], atol=1e-15)
    np.testing.assert_allclose(ssm.nplr("legt", 2)[0], [-(3**0.5) * 1j, 3**0.5 * 1j], atol=1e-15)


def test_fastest_mode_turns_at_d_squared_over_pi():
    tops = [ssm.nplr("legs", d)[0].imag.max() * np.pi / d**2 for d in (16, 64, 128)]
    np.testing.assert_allclose(tops, [0.9936, 0.9996, 0.9999], atol=5e-5)


@settings(max_examples=80)
@given(
    measure=MEASURES,
    d=st.integers(1, 24),
    step=st.floats(1e-3, 1.0),
    L=st.integers(1, 200),
    seed=st.integers(0, 99),
)
def test_kernel_agrees_with_powers(measure, d, step, L, seed):
    powers, cauchy = both_ways(measure, d, step, L, seed)
    assert cauchy.shape == (L,)
    # Short kernels of a slow system lose what C̃ = (I − Ā^L)* C cancels.
    np.testing.assert_allclose(cauchy, powers, atol=1e-12 * abs(powers).max() / min(1, step * L))


@pytest.mark.parametrize("L", [64, 65, 1024])
def test_kernel_keeps_its_digits(L):
    powers, cauchy = both_ways("legs", 32, 0.05, L)
    np.testing.assert_allclose(cauchy, powers, atol=2e-14 * abs(powers).max())


def test_blocks_of_nodes_join(monkeypatch):
    _, whole = both_ways("legt", 9, 0.02, 99)
    monkeypatch.setattr(ssm, "_BLOCK", 30)
    np.testing.assert_allclose(both_ways("legt", 9, 0.02, 99)[1], whole, atol=1e-15)


def test_a_node_on_an_eigenvalue_loses_no_digits():
    # legt with odd d has Λ = 0, and z = 1 is the node s = 0: Woodbury alone would divide 0 by 0.
    powers, cauchy = both_ways("legt", 7, 0.02, 99)
    np.testing.assert_allclose(cauchy, powers, atol=1e-13 * abs(powers).max())


@pytest.mark.parametrize("miss", [1e-1, 1e-3, 1e-4, 1e-5, 1e-7, 1e-9, 0])
def test_a_node_near_an_eigenvalue_loses_few_digits(miss):
    target = ssm.nplr("legt", 8)[0][7].imag + miss
    powers, cauchy = both_ways("legt", 8, 2 * np.tan(np.pi * 9 / 64) / target, 64)
    np.testing.assert_allclose(cauchy, powers, atol=3e-13 * abs(powers).max())


def test_a_vector_stands_for_rank_one_and_complex_outputs_are_conjugated():
    Lam, P, B, Ct = np.array([-1 + 2j, -0.5]), np.array([1j, 0.3]), np.array([1.0, 2j]), np.array([1 - 1j, 3j])
    K = ssm.kernel_dplr(Lam, P, B, Ct, 0.3, 40)
    np.testing.assert_allclose(K, ssm.kernel_dplr(Lam, P[:, None], B, Ct, 0.3, 40))
    Ab, Bb = ssm.discretize(np.diag(Lam) - np.outer(P, P.conj()), B, 0.3)
    C = ssm.untruncate_output(Ct, Ab, 40)
    np.testing.assert_allclose(ssm.truncate_output(C, Ab, 40), Ct)
    np.testing.assert_allclose(K, ssm.kernel(Ab, Bb, C.conj(), 40), atol=1e-14)


def test_rank_zero_is_a_diagonal_system():
    Lam, B, Ct = np.array([-1 + 2j, -0.5]), np.ones(2), np.ones(2)
    K = ssm.kernel_dplr(Lam, np.zeros((2, 0)), B, Ct, 0.3, 6)
    np.testing.assert_allclose(K, ssm.kernel_dplr(Lam, np.zeros((2, 1)), B, Ct, 0.3, 6), atol=1e-15)


@given(measure=MEASURES, d=st.integers(1, 16), L=st.integers(1, 300))
def test_the_output_vector_comes_back(measure, d, L):
    A, B = hippo.transition(measure, d)
    Ab, _ = ssm.discretize(A, B, 0.05)
    C = np.random.default_rng(d).normal(size=d)
    cut = np.eye(d) - np.linalg.matrix_power(Ab, L)
    bound = 1e-13 * np.linalg.cond(cut)
    np.testing.assert_allclose(ssm.untruncate_output(ssm.truncate_output(C, Ab, L), Ab, L), C, atol=bound)


def test_unstable_systems_can_be_cut_off_as_long_as_their_powers_are_finite():
    np.testing.assert_allclose(ssm.truncate_output([1.0], [[2.0]], 10), [1 - 1024])
    np.testing.assert_allclose(ssm.untruncate_output([1.0 - 1024], [[2.0]], 10), [1.0])


GOOD = {"Lam": [-1, -2], "P": [1, 1], "B": [1, 1], "Ct": [1, 1], "step": 0.1, "L": 4}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"Lam": [[-1, -2]]}, r"Lam must have shape \(d,\), got \(1, 2\)"),
        ({"Lam": []}, r"Lam must have shape \(d,\), got \(0,\)"),
        ({"P": [1, 1, 1]}, r"P must have shape \(2, r\), got \(3, 1\)"),
        ({"P": np.ones((2, 1, 1))}, r"P must have shape .* got \(2, 1, 1\)"),
        ({"B": [1]}, r"B must have shape \(2,\), got \(1,\)"),
        ({"Ct": [[1, 1]]}, r"Ct must have shape \(2,\), got \(1, 2\)"),
        ({"B": [1, np.nan]}, "B must be finite, got .*nan"),
        ({"Lam": [-1, 0.25 + 2j]}, r"Lam must not have a positive real part \(unstable\), got \(0.25\+2j\)"),
        ({"step": 0}, "step must be positive and finite, got 0"),
        ({"step": np.inf}, "step must be positive and finite, got inf"),
        ({"L": 0}, "L must be a whole number of at least 1, got 0"),
        ({"L": 2.5}, "L must be a whole number of at least 1, got 2.5"),
        ({"Lam": [-1, 0], "P": [0, 0]}, "A = diag.* must have no eigenvalue at a node, got one of"),
    ],
)
def test_bad_systems_are_named(change, words):
    with pytest.raises(ValueError, match=words):
        ssm.kernel_dplr(**(GOOD | change))


@pytest.mark.parametrize("way", [ssm.truncate_output, ssm.untruncate_output])
def test_bad_outputs_are_named(way):
    name = "C" if way is ssm.truncate_output else "Ct"
    for C, Ab, L, words in (
        ([[1.0]], np.eye(1), 3, rf"{name} must have shape \(d,\), got \(1, 1\)"),
        ([1.0], np.eye(2), 3, r"Ab must have shape \(1, 1\), got \(2, 2\)"),
        ([1.0], np.eye(1) / 2, 0, "L must be a whole number of at least 1, got 0"),
        ([1.0], [[3.0]], 1000, r"Ab must have powers that stay finite, got Ab \*\* 1000"),
        ([1.0], [[np.nan]], 1, "Ab must be finite"),
    ):
        with pytest.raises(ValueError, match=words):
            way(C, Ab, L)


def test_an_undamped_system_cannot_be_recovered():
    quarter_turn = [[0.0, -1.0], [1.0, 0.0]]
    with pytest.raises(ValueError, match=r"no eigenvalue whose L-th power is 1, got one .L = 8."):
        ssm.untruncate_output([1.0, 2.0], quarter_turn, 8)
    np.testing.assert_allclose(ssm.untruncate_output([1.0, 1.0], quarter_turn, 2), [0.5, 0.5])


@pytest.mark.parametrize(("measure", "d", "words"), [("fourier", 3, "got 'fourier'"), ("legs", 0, "got 0")])
def test_bad_measures_are_named(measure, d, words):
    with pytest.raises(ValueError, match=words):
        ssm.nplr(measure, d)
