"""Priors for long sequences: what a model knows before it sees a label, from its architecture or from its inputs.

Gaussian toys in which denoising, masked prediction and ridge regression are exact, and published results of the Long
Range Arena for comparison. Conventions: spectrum λ_j is the power of the inputs in direction j, weights2 w_j² the
squared weights of the label in it, gain m_j what a representation multiplies it by, noise s the deviation of
label noise.

Sources: Amos, Berant, Gupta, "Never Train from Scratch", arXiv:2310.02980; Tay et al., "Long Range Arena",
arXiv:2011.04006; Su Jianlin, https://kexue.fm/archives/9787.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_toeplitz, toeplitz
from scipy.optimize import brentq
from scipy.special import ndtr, softmax

from companion._checks import count, positive

Array = NDArray[np.float64]
TASKS = ("listops", "text", "retrieval", "image", "pathfinder", "pathx")
_LRA = (
    ("Transformer", (36.37, 64.27, 57.46, 42.44, 71.40, None), 54.39, "verified"),
    ("Local Attention", (15.82, 52.98, 53.39, 41.46, 66.63, None), 46.06, "verified"),
    ("Longformer", (35.63, 62.85, 56.89, 42.22, 69.71, None), 53.46, "verified"),
    ("Linformer", (35.70, 53.94, 52.27, 38.56, 76.34, None), 51.36, "verified"),
    ("Reformer", (37.27, 56.10, 53.40, 38.07, 68.50, None), 50.67, "verified"),
    ("Sinkhorn", (33.67, 61.20, 53.83, 41.23, 67.45, None), 51.39, "verified"),
    ("BigBird", (36.05, 64.02, 59.29, 40.83, 74.87, None), 55.01, "verified"),
    ("Linear Transformer", (16.13, 65.90, 53.09, 42.34, 75.30, None), 50.55, "verified"),
    ("Performer", (18.01, 65.40, 53.82, 42.77, 77.05, None), 51.41, "verified"),
    ("S4", (59.60, 86.82, 90.90, 88.65, 94.20, 96.35), 86.09, "verified"),
    ("S5", (62.15, 89.31, 91.40, 88.00, 95.33, 98.58), 87.46, "verified"),
    ("MEGA", (63.14, 90.43, 91.25, 90.44, 96.01, 97.98), 88.21, "verified"),
    ("Transformer + masked SPT", (59.75, 89.27, 88.64, 74.22, 88.45, 87.73), 81.34, "recalled"),
    ("Transformer + causal SPT", (59.15, 88.81, 90.38, 76.00, 88.49, 88.05), 81.81, "recalled"),
    ("Rotary Transformer", (47.90, 79.08, 82.31, 75.04, 76.64, 84.72), 74.28, "doubtful"),
    ("Rotary Transformer + masked SPT", (61.49, 91.02, 91.57, 86.04, 94.16, 92.98), 86.21, "recalled"),
    ("S4 + masked SPT", (61.25, 90.34, 88.74, 89.36, 94.92, 96.94), None, "recalled"),
)
_PATHX256 = {"S4": 67.82, "S4 + masked SPT": 87.11}


def lra_table() -> list[dict[str, Any]]:
    """Accuracies (%) on the Long Range Arena: one dict a model, with keys model, the six tasks, printed_avg, status.

    None stands for chance. status: "verified" was seen in print, "recalled" was not but agrees with what the text of
    arXiv:2310.02980 says of it, "doubtful" contradicts that text. Some rows also have pathx256.
    """
    rows = []
    for model, scores, printed, status in _LRA:
        row = {"model": model, **dict(zip(TASKS, scores, strict=True)), "printed_avg": printed, "status": status}
        rows.append(row | ({"pathx256": _PATHX256[model]} if model in _PATHX256 else {}))
    return rows


def ar1_cov(phi: float, L: int) -> Array:
    """Covariance φ^|i−j| of a stationary first-order process of variance 1: (L, L). Raises ValueError if |φ| ≥ 1."""
    if not -1 < phi < 1:
        raise ValueError(f"phi must lie between -1 and 1, got {phi}")
    return toeplitz(float(phi) ** np.arange(count("L", L)))


def field_cov(phi_h: float, phi_v: float, H: int, W: int) -> Array:
    """Covariance of an image of H rows and W columns, flattened row by row: (HW, HW), first-order in each direction."""
    return np.kron(ar1_cov(phi_v, H), ar1_cov(phi_h, W))


def masked_weights(S: ArrayLike) -> Array:
    """The best linear prediction of each entry from all others: row i holds −Q_ij/Q_ii, with Q = S⁻¹ and 0 at i.

    S (L, L) → (L, L). Cost L³. Raises ValueError unless S is square, symmetric and positive definite.
    """
    Q = np.linalg.inv(_covariance(S))
    weights = -Q / np.diag(Q)[:, None]
    np.fill_diagonal(weights, 0)
    return weights


def causal_weights(r: ArrayLike, p: int) -> Array:
    """The best linear prediction from the p values before: weights at lags 1 … p from autocovariances r[0..p].

    Solves the Yule–Walker equations, cost p². Raises ValueError if r holds fewer than p + 1 values.
    """
    r = np.asarray(r, dtype=float)
    if r.ndim != 1 or len(r) < count("p", p) + 1:
        raise ValueError(f"r must hold at least p + 1 = {p + 1} autocovariances, got shape {r.shape}")
    return solve_toeplitz(r[:p], r[1 : p + 1])


def wiener(S: ArrayLike, sigma: float) -> Array:
    """The best linear denoiser S (S + σ²I)⁻¹ of y = x + σξ for x ~ N(0, S): (L, L). Raises ValueError unless σ > 0."""
    positive(sigma=sigma)
    S = _covariance(S)
    return np.linalg.solve(S + sigma**2 * np.eye(len(S)), S).T


def bias_gradient(r: ArrayLike, Gamma: ArrayLike, b: ArrayLike) -> Array:
    """Gradient by the attention bias b of E(x_0 − Σ α_ℓ x_{−ℓ})², α = softmax(b): −2 α_k (q_k − Σ α_j q_j), q = r − Γα.

    r (L,) covariances with x_0, Gamma (L, L) among the context, b (L,) → (L,). Raises ValueError for other shapes.
    """
    r, Gamma, b = (np.asarray(part, dtype=float) for part in (r, Gamma, b))
    if r.ndim != 1 or b.shape != r.shape or Gamma.shape != (len(r), len(r)):
        raise ValueError(f"r, Gamma, b must have shapes (L,), (L, L), (L,), got {r.shape}, {Gamma.shape}, {b.shape}")
    alpha = softmax(b)
    q = r - Gamma @ alpha
    return -2 * alpha * (q - alpha @ q)


def lag_success(delta: ArrayLike, M: int) -> Array:
    """The probability ∫ φ(z) Φ(z + δ)^{M−1} dz that one score, shifted by δ, is the largest of M normal ones.

    delta any shape → the same. By Gauss–Hermite quadrature with 120 nodes. Raises ValueError if M < 1.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    powers = ndtr(nodes + np.asarray(delta, dtype=float)[..., None]) ** (count("M", M) - 1)
    return powers @ weights / np.sqrt(2 * np.pi)


def ridge_risk(spectrum: ArrayLike, weights2: ArrayLike, gain: ArrayLike, n: int, noise: float, mu: float) -> float:
    """Excess risk of ridge regression on gain · x with n Gaussian samples, by its deterministic equivalent.

    Penalty mu‖θ‖², added to the sum of squares. κ solves n = Σ L_j + mu/κ with L_j = λ_j m_j²/(λ_j m_j² + κ); the risk
    is (Σ (1 − L_j)² λ_j w_j² + s² Σ L_j²/n)/(1 − Σ L_j²/n). Raises ValueError for a spectrum that is not positive,
    shapes that do not match, n < 1, a negative noise, or mu not positive.
    """
    power, signal = _design(spectrum, weights2, gain, noise)
    positive(mu=mu)
    n = count("n", n)

    def excess(log_kappa: float) -> float:
        kappa = np.exp(log_kappa)
        return (power / (power + kappa)).sum() + mu / kappa - n

    # Below mu/n the second term alone exceeds n; above the upper end both terms together fall short of it.
    top = np.log((power.sum() + mu) / n) + 1
    kappa = np.exp(brentq(excess, np.log(mu / n) - 1, top, xtol=1e-13))
    return float(_risk(power / (power + kappa), signal, n, noise))


def best_ridge_risk(spectrum: ArrayLike, weights2: ArrayLike, gain: ArrayLike, n: ArrayLike, noise: float) -> Array:
    """The smallest `ridge_risk` over all mu ≥ 0, for each number of samples: n (N,) → (N,).

    By a scan over κ, of which mu is a function, on a logarithmic grid with the end mu = 0 added. Cost 700·L for each n.
    """
    power, signal = _design(spectrum, weights2, gain, noise)
    kappas = np.geomspace(power.min() * 1e-6, power.sum() * 1e3, 700)
    shares = power / (power + kappas[:, None])
    used, best = shares.sum(axis=1), []
    for size in np.atleast_1d(n):
        size = count("n", size)
        allowed = kappas[used <= size]
        if size < len(power):
            # used falls with κ: the boundary Σ L_j = n, where the penalty is zero.
            allowed = np.append(allowed, np.exp(np.interp(-size, -used, np.log(kappas))))
        best.append(_risk(power / (power + allowed[:, None]), signal, size, noise).min())
    return np.array(best)


def simulate_ridge(
    spectrum: ArrayLike,
    weights2: ArrayLike,
    gain: ArrayLike,
    n: int,
    noise: float,
    mu: float,
    reps: int,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """The same excess risk by `reps` experiments with fresh inputs and weights: (mean, standard error)."""
    _design(spectrum, weights2, gain, noise)
    lam, w2, m = (np.asarray(part, dtype=float) for part in (spectrum, weights2, gain))
    n, risks = count("n", n), []
    for _ in range(count("reps", reps)):
        x = rng.standard_normal((n, len(lam))) * np.sqrt(lam)
        w = rng.standard_normal(len(lam)) * np.sqrt(w2)
        y = x @ w + noise * rng.standard_normal(n)
        z = x * m
        found = m * (z.T @ np.linalg.solve(z @ z.T + mu * np.eye(n), y))
        risks.append(np.sum(lam * (w - found) ** 2))
    return float(np.mean(risks)), float(np.std(risks, ddof=1) / np.sqrt(reps)) if reps > 1 else np.inf


def _risk(share: Array, signal: Array, n: int, noise: float) -> Array:
    """Excess risk for the shares L (…, J) of each direction that are learnt."""
    spent = (share**2).sum(axis=-1) / n
    return (((1 - share) ** 2 * signal).sum(axis=-1) + noise**2 * spent) / (1 - spent)


def _design(spectrum: ArrayLike, weights2: ArrayLike, gain: ArrayLike, noise: float) -> tuple[Array, Array]:
    """Power of the represented inputs λ m², and of the signal λ w², each (J,)."""
    lam, w2, m = (np.asarray(part, dtype=float) for part in (spectrum, weights2, gain))
    if lam.ndim != 1 or w2.shape != lam.shape or m.shape != lam.shape:
        raise ValueError(f"spectrum, weights2, gain must have one shape (J,), got {lam.shape}, {w2.shape}, {m.shape}")
    for name, values, low in (("spectrum", lam, 0), ("gain", np.abs(m), 0), ("weights2", w2, -1)):
        bad = ~(np.isfinite(values) & (values > low)) | (values < 0)
        if bad.any():
            raise ValueError(f"{name} must be finite and {'>= 0' if low else 'not 0'}, got {values[bad][0]}")
    if not (np.isfinite(noise) and noise >= 0):
        raise ValueError(f"noise must be finite and >= 0, got {noise}")
    return lam * m**2, lam * w2


def _covariance(S: ArrayLike) -> Array:
    S = np.asarray(S, dtype=float)
    if S.ndim != 2 or S.shape[0] != S.shape[1]:
        raise ValueError(f"S must be square, got shape {S.shape}")
    if not np.allclose(S, S.T):
        raise ValueError("S must be symmetric")
    lowest = np.linalg.eigvalsh(S)[0]
    if lowest <= 0:
        raise ValueError(f"S must be positive definite, got an eigenvalue of {lowest:.3g}")
    return S
