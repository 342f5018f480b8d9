"""Scaling laws from pieces of ability (quanta) whose use follows Zipf's law.

Quantum k = 1, 2, … is needed by the share p_k = k^(−γ−1)/ζ(γ+1) of the samples, with γ > 0; it costs 1 while it is not
learned and 0 once it is. A learning curve g says what is left of that cost, as a function of the samples u = D·p_k
that the quantum has met: the loss is Σ p_k g(D p_k). Sources: Michaud, Liu, Girit and Tegmark, The Quantization Model
of Neural Scaling, arXiv 2303.13506; Su, kexue.fm/archives/9607. The asymptotic laws are derived in the notebook
training/05.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaincc, gammaln, zeta

from companion._checks import between, count, finite, number, one_of, positive, positives, returned

Array = NDArray[np.float64]
Curve = Callable[[Array], ArrayLike]
KINDS = ("poisson", "binomial", "threshold")
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(10)
_SMALL = 1e-12  # below so many samples a quantum is as if never met
_MOST = 1e300  # beyond so many samples nothing may be left of a Mellin integral


class Split(NamedTuple):
    """The best use of a compute budget, each shaped as the budget."""

    N: Array  # parameters
    D: Array  # samples
    L: Array  # the loss


def frequencies(k: ArrayLike, gamma: float) -> Array:
    """The share p_k of the samples that need quantum k, shaped as k.

    Raises ValueError for k < 1 and γ that is not positive.
    """
    positive(gamma=gamma)
    return np.asarray(finite("k", k, least=1) ** (-gamma - 1) / zeta(gamma + 1))


def tail(n: ArrayLike, gamma: float) -> Array:
    """The share of the samples that need a quantum above n, shaped as n. Exact, by Hurwitz's zeta function.

    Raises ValueError for n < 0 and γ that is not positive.
    """
    positive(gamma=gamma)
    return np.asarray(zeta(gamma + 1, finite("n", n, least=0) + 1) / zeta(gamma + 1))


def tail_expansion(n: ArrayLike, gamma: float, order: int = 3) -> Array:
    """The first terms, one to three, of `tail` for large n, shaped as n.

    Raises ValueError for n and γ that are not positive, and for another order.
    """
    positive(gamma=gamma)
    n = positives("n", n)
    if count("order", order) > 3:
        raise ValueError(f"order must be at most 3, got {order}")
    terms = n**-gamma / gamma, -(n ** (-gamma - 1)) / 2, (gamma + 1) * n ** (-gamma - 2) / 12
    return np.asarray(sum(terms[:order]) / zeta(gamma + 1))


def loss_quanta(n: ArrayLike, gamma: float, a: float = 0.0, b: float = 1.0) -> Array:
    """The loss with quanta 1 to n learned, each of which takes its samples from b down to a; shaped as n.

    Raises ValueError as `tail` does, and for a > b.
    """
    a, b = number("a", a), number("b", b)
    if a > b:
        raise ValueError(f"a must not be above b = {b}, got {a}")
    return np.asarray(a + (b - a) * tail(n, gamma))


def quanta_learned(x: ArrayLike, gamma: float, need: float = 1.0) -> Array:
    """The n with x·p_n = need, a real number: how far x samples reach if a quantum needs so many. Shaped as x.

    Raises ValueError for x, γ and need that are not positive.
    """
    positive(gamma=gamma, need=need)
    return np.asarray((positives("x", x) / (need * zeta(gamma + 1))) ** (1 / (gamma + 1)))


def loss_curve(D: ArrayLike, gamma: float, curve: Curve, size: int = 4000) -> Array:
    """The loss Σ p_k g(D p_k) for a smooth learning curve g; shaped as D.

    curve: g of an array of u ≥ 0, vectorised, constant to 1e-12 for u < 1e-12. The first `size` terms are summed, the
    rest is an integral; the relative error is below 1e-7 for the curves of training/05 (tested). Raises ValueError for
    D and γ that are not positive, and for a curve without finite values of the shape of its points.
    """
    positive(gamma=gamma)
    return np.vectorize(lambda d: _total(float(d), gamma, curve, size), otypes=[float])(positives("D", D))


def loss_data(D: ArrayLike, gamma: float, need: int = 1, kind: str = "poisson", size: int = 4000) -> Array:
    """The expected loss after D samples, if a quantum is learned once it was met `need` times; shaped as D.

    kind: "poisson" (the meetings of a quantum are Poisson with mean D p_k), "binomial" (exactly D samples, need = 1
    only) or "threshold" (learned if and only if D p_k ≥ need: the post's rule). Raises ValueError for D and γ that are
    not positive, need < 1, another kind, and need > 1 with "binomial".
    """
    positive(gamma=gamma)
    D, need, kind = positives("D", D), count("need", need), one_of("kind", kind, KINDS)
    if kind == "threshold":
        return tail(np.floor(quanta_learned(D, gamma, need) * (1 + 1e-14)), gamma)
    if kind == "poisson":
        return loss_curve(D, gamma, lambda u: gammaincc(need, u), size)
    if need > 1:
        raise ValueError(f"need must be 1 for the kind 'binomial', got {need}")
    return np.vectorize(
        lambda d: _total(float(d), gamma, lambda u: np.exp(d * np.log1p(-np.minimum(u / d, 1 - 1e-16))), size),
        otypes=[float],
    )(D)


def loss_data_asymptote(D: ArrayLike, gamma: float, need: int = 1) -> Array:
    """What `loss_data` with Poisson counts tends to: mellin_constant(γ, Γ(need + s)/(s Γ(need)))·D^(−s); shaped as D.

    s = γ/(γ+1). Raises ValueError for D and γ that are not positive, and need < 1.
    """
    positive(gamma=gamma)
    need, s = count("need", need), gamma / (gamma + 1)
    moment = float(np.exp(gammaln(need + s) - gammaln(need)) / s)
    return np.asarray(mellin_constant(gamma, moment) * positives("D", D) ** -s)


def quantum_curve(t: ArrayLike, p: ArrayLike, x0: float = 1e-3) -> Array:
    """The strength x of a quantum at time t under gradient flow on p(1 − ab)²/2, x = ab with a = b; broadcasts.

    Raises ValueError for t < 0, p that is not positive, and x0 outside (0, 1).
    """
    x0 = float(between("x0", number("x0", x0), 0, 1))
    with np.errstate(under="ignore"):
        return np.asarray(x0 / (x0 + (1 - x0) * np.exp(-2 * positives("p", p) * finite("t", t, least=0))))


def loss_steps(S: ArrayLike, gamma: float, x0: float = 1e-3, size: int = 4000) -> Array:
    """The loss Σ p_k (1 − x_k)² at time S of the flow of `quantum_curve`; shaped as S.

    Raises ValueError for S and γ that are not positive, and x0 outside (0, 1).
    """
    x0 = float(between("x0", number("x0", x0), 0, 1))
    return loss_curve(S, gamma, lambda u: (1 - quantum_curve(u, 1.0, x0)) ** 2, size)


def mellin(curve: Curve, s: float) -> float:
    """The Mellin integral ∫₀^∞ u^(s−1) g(u) du of a smooth learning curve.

    Raises ValueError for s that is not positive, and where the integral does not converge.
    """
    positive(s=s)
    found, end = _log_integral(curve, s, _MOST)
    if not end < 1e-9 * found:
        raise ValueError(f"s must be a place where the Mellin integral converges, got {s}")
    return found


def mellin_constant(gamma: float, M: float) -> float:
    """The constant c of the law Σ p_k g(D p_k) → c·D^(−γ/(γ+1)), where M is the Mellin integral of g.

    Raises ValueError for γ and M that are not positive.
    """
    positive(gamma=gamma, M=M)
    return float(zeta(gamma + 1) ** (-1 / (gamma + 1)) / (gamma + 1) * M)


def optimal_split(C: ArrayLike, gamma: float, A: float = 1.0, B: float = 1.0, flops: float = 6.0) -> Split:
    """The N and D with the least A·N^(−γ) + B·D^(−γ/(γ+1)) at C = flops·N·D, and that least loss; shaped as C.

    Raises ValueError for arguments that are not positive.
    """
    positive(gamma=gamma, A=A, B=B, flops=flops)
    area, s = positives("C", C) / flops, gamma / (gamma + 1)
    N = (A * (gamma + 1) / B * area**s) ** (1 / (gamma + s))
    D = area / N
    return Split(N, D, np.asarray(A * N**-gamma + B * D**-s))


def local_exponent(x: ArrayLike, L: ArrayLike) -> Array:
    """The exponent −d log L/d log x along a curve, by central differences; x and L are (n,) with n ≥ 2.

    Raises ValueError for values that are not positive, and x that does not rise.
    """
    x = positives("x", x, ("n",))
    L = positives("L", L, (len(x),))
    if len(x) < 2 or (np.diff(x) <= 0).any():
        raise ValueError(f"x must be at least two numbers that rise, got {x}")
    return np.asarray(-np.gradient(np.log(L), np.log(x)))


def _total(D: float, gamma: float, curve: Curve, size: int) -> float:
    """Σ p_k g(D p_k): the first terms, and ∫ p g(D p) dk from size + ½ on."""
    met = D * frequencies(np.arange(1, count("size", size) + 1), gamma)
    with np.errstate(under="ignore"):
        head = np.sum(met * returned("curve", curve, met)) / D
    s = gamma / (gamma + 1)
    rest, _ = _log_integral(curve, s, D * float(frequencies(size + 0.5, gamma)))
    return float(head + mellin_constant(gamma, 1.0) * D**-s * rest)


def _log_integral(curve: Curve, s: float, upper: float) -> tuple[float, float]:
    """∫₀^upper u^(s−1) g(u) du by Gauss and Legendre in log u, and the size of the integrand of d log u at its end."""
    low = min(_SMALL, upper)
    panels = max(1, int(np.ceil(np.log(upper) - np.log(low))))
    edges = np.linspace(np.log(low), np.log(upper), panels + 1)
    half = (edges[1] - edges[0]) / 2
    v = ((edges[:-1] + edges[1:])[:, None] / 2 + half * _NODES).ravel()
    u = np.exp(v)
    with np.errstate(under="ignore", over="ignore"):
        values = np.exp(s * v) * returned("curve", curve, u)
    start = low**s / s * float(returned("curve", curve, np.array([low]))[0])
    return float(start + half * np.sum(values * np.tile(_WEIGHTS, panels))), float(abs(values[-1]))
