"""companion.lora and companion.quadratic: starts of LoRA, their first step, and where a run ends."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg, optimize

from companion import lora, quadratic

sizes = st.tuples(st.integers(4, 9), st.integers(4, 9), st.integers(1, 2), st.integers(0, 10**6))


def drawn(n, m, r, seed):
    """A gradient and two factors."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, m)), rng.standard_normal((n, r)), rng.standard_normal((r, m))


def curvature(n, seed):
    root = np.random.default_rng(seed).standard_normal((n, n))
    return root @ root.T + 0.1 * np.eye(n)


def moved(G, A, B):
    return A @ A.T @ G + G @ B.T @ B


# init


@given(sizes)
def test_a_start_attains_the_best_error_of_rank_2r(case):
    G, *_ = drawn(*case)
    n, m, r, _ = case
    s = linalg.svdvals(G)
    for choice in ("A first", "B first", "interleaved"):
        A, B = lora.init(G, r, choice)
        assert A.shape == (n, r)
        assert B.shape == (r, m)
        np.testing.assert_allclose(np.sum((moved(G, A, B) - G) ** 2), np.sum(s[2 * r :] ** 2), atol=1e-9)


def test_which_vectors_each_factor_takes():
    G = np.diag([4.0, 3.0, 2.0, 1.0])
    taken = {
        "A first": ([0, 1], [2, 3]),
        "B first": ([2, 3], [0, 1]),
        "interleaved": ([0, 2], [1, 3]),
        "overlap": ([0, 1], [0, 1]),
    }
    for choice, (left, right) in taken.items():
        A, B = lora.init(G, 2, choice, scale=3.0)
        np.testing.assert_allclose(A, 3 * np.eye(4)[:, left])
        np.testing.assert_allclose(B, 3 * np.eye(4)[right])


@given(sizes)
def test_a_start_does_not_depend_on_the_signs_of_the_gradients_factors(case):
    G, *_ = drawn(*case)
    A, B = lora.init(G, case[2])
    assert (np.take_along_axis(A, np.abs(A).argmax(axis=0)[None], axis=0) > 0).all()
    C, D = lora.init(-G, case[2])
    np.testing.assert_allclose(C, A, atol=1e-9)
    np.testing.assert_allclose(D, -B, atol=1e-9)


@given(sizes)
def test_left_and_right_vectors_keep_their_common_sign(case):
    G, *_ = drawn(*case)
    A, B = lora.init(G, case[2], "overlap")
    np.testing.assert_allclose(A.T @ G @ B.T, np.diag(linalg.svdvals(G)[: case[2]]), atol=1e-9)


@given(sizes)
def test_a_start_in_a_metric_spans_the_whitened_singular_vectors(case):
    n, m, r, seed = case
    G, *_ = drawn(*case)
    C1, C2 = curvature(n, seed), curvature(m, seed + 1)
    A, B = lora.init(G, r, metric=(C1, C2), scale=2.0)
    np.testing.assert_allclose(np.linalg.norm(A, axis=0), 2)
    np.testing.assert_allclose(np.linalg.norm(B, axis=1), 2)
    root1, root2 = np.real(linalg.sqrtm(C1)), np.real(linalg.sqrtm(C2))
    U, _, V = linalg.svd(linalg.solve(root1, G) @ linalg.inv(root2))
    cosines = (U.T @ root1 @ A)[:r] / np.linalg.norm(root1 @ A, axis=0)
    np.testing.assert_allclose(np.abs(cosines), np.eye(r), atol=1e-6)
    cosines = (B @ root2 @ V.T)[:, r : 2 * r] / np.linalg.norm(B @ root2, axis=1)[:, None]
    np.testing.assert_allclose(np.abs(cosines), np.eye(r), atol=1e-6)


def test_a_start_in_the_plain_metric_is_the_plain_start():
    G, *_ = drawn(6, 5, 2, 0)
    for ours, plain in zip(lora.init(G, 2, metric=(np.eye(6), np.eye(5))), lora.init(G, 2), strict=True):
        np.testing.assert_allclose(ours, plain, atol=1e-12)


def test_stacks_are_started_one_by_one():
    G = np.random.default_rng(1).standard_normal((2, 3, 6, 5))
    A, B = lora.init(G, 2, "B first")
    for at in np.ndindex(2, 3):
        alone = lora.init(G[at], 2, "B first")
        np.testing.assert_allclose(A[at], alone[0], atol=1e-12)
        np.testing.assert_allclose(B[at], alone[1], atol=1e-12)


# sketch


@given(sizes)
def test_a_sketch_of_low_rank_is_exact(case):
    _, A, B = drawn(*case)
    rank = case[2]
    U, s, V = lora.sketch(A @ B, min(rank + 2, *case[:2]), np.random.default_rng(0))
    np.testing.assert_allclose(U * s @ V, A @ B, atol=1e-8)
    np.testing.assert_allclose(s[:rank], linalg.svdvals(A @ B)[:rank], rtol=1e-8)


def test_a_sketched_start_is_the_dense_one_for_a_falling_spectrum():
    rng = np.random.default_rng(2)
    U, V = (np.linalg.qr(rng.standard_normal((60, 60)))[0] for _ in range(2))
    G = U * np.arange(1.0, 61) ** -1.5 @ V
    for ours, dense in zip(lora.init(G, 3, rng=rng), lora.init(G, 3), strict=True):
        np.testing.assert_allclose(ours, dense, atol=1e-5)


def test_more_rounds_see_more():
    G = np.random.default_rng(3).standard_normal((80, 60))
    best = linalg.svdvals(G)[0]
    seen = [lora.sketch(G, 8, np.random.default_rng(4), rounds)[1][0] for rounds in (0, 1, 4)]
    assert seen[0] < seen[1] < seen[2] <= best * (1 + 1e-12)


# step and alignment


@given(sizes, st.floats(0, 2))
def test_the_parts_of_a_step_add_up(case, lr):
    G, A, B = drawn(*case)
    found = lora.step(G, A, B, lr)
    np.testing.assert_allclose(found.total, found.first + found.second, atol=1e-9)
    np.testing.assert_allclose(found.first, -lr * moved(G, A, B), atol=1e-9)


@given(sizes)
def test_a_step_follows_the_gradient_of_the_factors(case):
    G, A, B = drawn(*case)
    n, m, r, _ = case

    def loss(x):
        return np.sum(G * (x[: n * r].reshape(n, r) @ x[n * r :].reshape(r, m)))

    at = np.r_[A.ravel(), B.ravel()]
    slope = optimize.approx_fprime(at, loss, 1e-6)
    after = at - 0.3 * slope
    change = after[: n * r].reshape(n, r) @ after[n * r :].reshape(r, m) - A @ B
    np.testing.assert_allclose(lora.step(G, A, B, 0.3).total, change, atol=1e-3)


@given(sizes)
def test_alignment_is_best_for_the_top_2r(case):
    G, A, B = drawn(*case)
    r = case[2]
    s = linalg.svdvals(G)
    error, cosine = lora.alignment(G, *lora.init(G, r))
    best = np.sqrt(np.sum(s[: 2 * r] ** 2) / np.sum(s**2))
    np.testing.assert_allclose([cosine, error**2 + cosine**2], [best, 1], atol=1e-9)
    assert lora.alignment(G, A, B)[1] <= best + 1e-12


def test_overlap_with_scale():
    G = np.diag([4.0, 3.0, 2.0, 1.0])
    for c in (0.5, 0.5**0.5, 1.0):
        error, cosine = lora.alignment(G, *lora.init(G, 1, "overlap", c))
        np.testing.assert_allclose([error**2 * 30, cosine**2 * 30], [(2 * c**2 - 1) ** 2 * 16 + 14, 16])


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_alignment_does_not_depend_on_the_length_of_the_gradient(size):
    G, A, B = drawn(6, 5, 2, 0)
    np.testing.assert_allclose(lora.alignment(size * G, A, B), lora.alignment(G, A, B))


def test_stable_scale():
    assert lora.stable_scale(4096, 16) == pytest.approx(2.0)
    assert 16 / 8**0.5 * lora.stable_scale(4096, 16) ** 2 == pytest.approx(22.627, abs=1e-3)


# Tasks


def test_the_tasks_of_the_notebook():
    task = quadratic.quadratic_task()
    assert task.start.shape == (5, 24, 20)
    np.testing.assert_allclose(np.linalg.eigvalsh(task.inner)[:, [0, -1]], [[0.05, 1]] * 5)
    np.testing.assert_array_equal(task.outer, np.broadcast_to(np.eye(20), (5, 20, 20)))
    for change in task.target - task.start:
        np.testing.assert_allclose(linalg.svdvals(change), np.arange(1.0, 21) ** -1.5)
    zero = np.zeros((5, 24, 3)), np.ones((5, 3, 20))
    np.testing.assert_allclose(
        quadratic.floor(task, *zero) / quadratic.loss(task, task.start),
        [0.0278, 0.0316, 0.0227, 0.0208, 0.0273],
        atol=5e-5,
    )


@given(st.integers(0, 1000), st.integers(2, 6), st.integers(2, 6))
def test_the_gradient_is_that_of_the_loss(seed, n, m):
    task = quadratic.quadratic_task((seed,), n, m, conditioning=(5, 3))
    W = task.start + 0.5
    slope = optimize.approx_fprime(W.ravel(), lambda x: float(quadratic.loss(task, x.reshape(1, n, m))[0]), 1e-7)
    np.testing.assert_allclose(quadratic.gradient(task, W).ravel(), slope, atol=1e-5)


def test_full_descent_is_the_linear_recursion():
    task = quadratic.quadratic_task((3,), 5, 4, conditioning=(4, 2))
    kernel = np.kron(task.inner[0], task.outer[0])
    away, losses = (task.start - task.target)[0].ravel(), []
    for _ in range(6):
        losses.append(away @ kernel @ away / 2)
        away = away - 0.7 * kernel @ away
    np.testing.assert_allclose(quadratic.descend(task, None, None, 0.7, 5)[:, 0], losses)


def test_one_step_of_descent_is_lora_step():
    task = quadratic.quadratic_task((1, 2), 8, 6)
    G = quadratic.gradient(task, task.start)
    A, B = lora.init(G, 2)
    after = quadratic.loss(task, task.start + lora.step(G, A, B, 0.4).total)
    np.testing.assert_allclose(quadratic.descend(task, A, B, 0.4, 1)[1], after)


def test_a_rate_for_each_task():
    task = quadratic.quadratic_task((1, 2), 8, 6)
    A, B = lora.init(quadratic.gradient(task, task.start), 2)
    both = quadratic.descend(task, A, B, [0.1, 0.5], 5)
    np.testing.assert_allclose(both[:, 0], quadratic.descend(task, A, B, 0.1, 5)[:, 0])
    np.testing.assert_allclose(both[:, 1], quadratic.descend(task, A, B, 0.5, 5)[:, 1])


def test_rates_for_one_task_side_by_side():
    task = quadratic.quadratic_task((1,), 8, 6)
    losses = quadratic.descend(task, None, None, [0.1, 0.5], 5)
    assert losses.shape == (6, 2)
    np.testing.assert_allclose(losses[:, 1], quadratic.descend(task, None, None, 0.5, 5)[:, 0])


@settings(max_examples=20)
@given(sizes)
def test_descent_ends_at_the_floor(case):
    n, m, r, seed = case
    task = quadratic.quadratic_task((seed,), n, m, conditioning=(2, 2))
    A, B = lora.init(quadratic.gradient(task, task.start), r, scale=2.0)
    least = quadratic.floor(task, A, B)[0]
    losses = quadratic.descend(task, A, B, 0.08, 1500)[:, 0]
    assert losses.min() >= least - 1e-12
    assert losses[-1] <= least + 0.02 * losses[0]


@given(sizes)
def test_the_floor_by_another_route(case):
    n, m, r, seed = case
    task = quadratic.quadratic_task((seed,), n, m, conditioning=(7, 3))
    _, A, B = drawn(*case)
    root1, root2 = linalg.cholesky(task.inner[0]), linalg.cholesky(task.outer[0])
    M = root1 @ (task.target - task.start + A @ B)[0] @ root2.T
    U, s, V = linalg.svd(M)
    nearest = linalg.solve(root1, U[:, :r] * s[:r] @ V[:r]) @ linalg.inv(root2.T)
    reached = quadratic.loss(task, task.start - A @ B + nearest)
    np.testing.assert_allclose(quadratic.floor(task, A, B), reached, atol=1e-9)


@given(sizes)
def test_floors_of_long_factors_tend_to_their_limit(case):
    n, m, r, seed = case
    task = quadratic.quadratic_task((seed,), n, m, conditioning=(5, 5))
    A, B = lora.init(quadratic.gradient(task, task.start), r)
    limit = quadratic.limit_floor(task, A, B)
    np.testing.assert_allclose(quadratic.floor(task, 1000 * A, 1000 * B), limit, atol=1e-4)


@given(sizes, st.floats(0.1, 10))
def test_the_whitened_start_never_ends_above_the_zero_start(case, scale):
    n, m, r, seed = case
    task = quadratic.quadratic_task((seed,), n, m, conditioning=(9, 4))
    zero = quadratic.floor(task, np.zeros((n, r)), np.zeros((r, m)))
    tail = quadratic.tail(
        linalg.sqrtm(task.inner[0]) @ (task.target - task.start)[0] @ linalg.sqrtm(task.outer[0]), 2 * r
    )
    for choice in ("A first", "B first"):
        metric = task.inner, task.outer
        A, B = lora.init(quadratic.gradient(task, task.start), r, choice, scale, metric)
        assert quadratic.floor(task, A, B)[0] <= zero[0] + 1e-12
        np.testing.assert_allclose(quadratic.limit_floor(task, A, B)[0], tail / 2, atol=1e-9)


@given(st.integers(1, 6), st.floats(-2, 2))
def test_powers(n, exponent):
    C = curvature(n, n)
    np.testing.assert_allclose(
        quadratic.power("C", C, exponent), np.real(linalg.fractional_matrix_power(C, exponent)), rtol=1e-6, atol=1e-8
    )


def test_tails():
    assert quadratic.tail(np.diag([3.0, 2.0, 1.0]), 1) == pytest.approx(5)
    assert quadratic.tail(np.diag([3.0, 2.0, 1.0]), 0) == pytest.approx(14)
    assert quadratic.tail(np.diag([3.0, 2.0, 1.0]), 5) == 0


# Bad input

G_BAD = np.arange(12.0).reshape(4, 3)
ONE = quadratic.quadratic_task((1,), 4, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lora.init(G_BAD, 0), "r must be a whole number of at least 1, got 0"),
        (lambda: lora.init(G_BAD, 2), r"r must be at most half of min\(n, m\) = 3, got 2"),
        (lambda: lora.init(np.zeros((4, 3)), 1), "G must not be zero"),
        (lambda: lora.init(G_BAD[0], 1), r"G must have shape \(…, n, m\)"),
        (lambda: lora.init(G_BAD, 1, "C first"), "choice must be one of"),
        (lambda: lora.init(G_BAD, 1, scale=0), "scale must be positive and finite, got 0"),
        (lambda: lora.init(G_BAD, 1, metric=(np.eye(3), np.eye(3))), "C1 must be square of size 4"),
        (lambda: lora.init(G_BAD, 1, metric=(np.eye(4), -np.eye(3))), "C2 must be positive definite, got .* -1"),
        (lambda: lora.init(G_BAD, 1, metric=(np.triu(np.ones((4, 4))), np.eye(3))), "C1 must be symmetric"),
        (lambda: lora.sketch(G_BAD, 4, np.random.default_rng(0)), r"q must be at most min\(n, m\) = 3, got 4"),
        (lambda: lora.step(G_BAD, np.ones((3, 1)), np.ones((1, 3)), 0.1), "A must have 4 rows, as G"),
        (lambda: lora.step(G_BAD, np.ones((4, 1)), np.ones((2, 3)), 0.1), r"B must have shape \(…, 1, 3\)"),
        (lambda: lora.alignment(G_BAD, np.zeros((4, 1)), np.zeros((1, 3))), "A and B must move W"),
        (lambda: lora.init(G_BAD, 1, metric=(np.eye(4),)), r"metric must be a pair \(C1, C2\), got 1"),
        (lambda: lora.init(G_BAD, 1, metric=(np.diag([1, 1, 1, 1e-17]), np.eye(3))), "C1 must be positive .* 1e-17"),
        (lambda: lora.stable_scale(0, 1), "d_out must be a whole number of at least 1, got 0"),
        (lambda: lora.stable_scale(4, -1), "gamma must be positive and finite, got -1"),
        (lambda: quadratic.quadratic_task(()), "seeds must hold at least one seed"),
        (lambda: quadratic.quadratic_task(conditioning=(0.5, 1)), "conditioning must be .* got 0.5"),
        (lambda: quadratic.quadratic_task(conditioning=(2,)), "conditioning must hold two conditions"),
        (lambda: quadratic.loss(ONE, np.eye(3)), r"W must have shape \(…, 4, 3\), got \(3, 3\)"),
        (lambda: quadratic.gradient(ONE, np.eye(3)), r"W must have shape \(…, 4, 3\), got \(3, 3\)"),
        (lambda: quadratic.descend(ONE, np.ones((4, 1)), None, 0.1, 1), "A and B must be given both .* got A alone"),
        (lambda: quadratic.descend(ONE, None, np.ones((1, 3)), 0.1, 1), "A and B must be given both .* got B alone"),
        (
            lambda: quadratic.limit_floor(ONE, np.ones((4, 1)), np.zeros((1, 3))),
            "B must have full rank r = 1, got rank 0",
        ),
        (lambda: quadratic.limit_floor(ONE, np.ones((4, 2)), np.eye(3)[:2]), "A must have full rank r = 2, got rank 1"),
        (lambda: quadratic.power("C", np.eye(2), np.nan), "exponent must be one finite number, got nan"),
        (lambda: quadratic.tail(np.eye(2), -1), "r must be a whole number of at least 0, got -1"),
        (lambda: quadratic.descend(quadratic.quadratic_task((1,)), None, None, 0.1, -1), "steps must be"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
