"""Noise schedules of diffusion models: how much signal and how much noise is in x_t.

x_t = signal · x_0 + noise · ε with ε ~ N(0, I). Both are amplitudes (ᾱ_t and β̄_t of Su's posts; Ho's ᾱ_t is signal²).
"VP" means signal² + noise² = 1. One step is x_t = α_t x_{t−1} + β_t ε_t. Level or time 0 is data, the last is noise.

Sources: Ho, Jain, Abbeel, arXiv:2006.11239; Nichol, Dhariwal, arXiv:2102.09672; Song et al., arXiv:2011.13456; Karras
et al., arXiv:2206.00364; Lipman et al., arXiv:2210.02747; Su Jianlin, https://kexue.fm/archives/9119.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from companion._checks import count, positive

Array = NDArray[np.float64]
DDPM = ("linear", "su", "cosine")
KERNELS = {
    "vp": {"beta_min": 0.1, "beta_max": 20.0},
    "ve": {"sigma_min": 0.01, "sigma_max": 10.0},
    "cosine": {},
    "flow": {},
    "edm": {},
}


def ddpm(T: int = 1000, name: str = "linear") -> tuple[Array, Array]:
    """Signal and noise of a DDPM chain with T steps: two arrays (T + 1,), from signal 1 and noise 0 on. VP.

    "linear": Ho's β_t² = linspace(1e-4, 0.02, T); "su": α_t² = 1 − 0.02 t/T, both times 1000/T so that the last level
    hardly depends on T; "cosine": Nichol and Dhariwal's, s = 0.008, β_t² ≤ 0.999. Raises ValueError for an unknown
    name, T < 1, or a T so small that some β_t² ≥ 1.
    """
    if name not in DDPM:
        raise ValueError(f"name must be one of {DDPM}, got {name!r}")
    steps = np.arange(1, count("T", T) + 1)
    if name == "linear":
        beta2 = np.linspace(1e-4, 0.02, T) * 1000 / T
    elif name == "su":
        beta2 = 0.02 * steps / T * 1000 / T
    else:
        level = np.cos((np.arange(T + 1) / T + 0.008) / 1.008 * np.pi / 2) ** 2
        beta2 = np.minimum(1 - level[1:] / level[:-1], 0.999)
    if (beta2 >= 1).any():
        raise ValueError(
            f"T must be larger for the schedule {name!r}: at T = {T} a step has β² = {beta2.max():.3g} ≥ 1"
        )
    log_signal2 = np.concatenate([[0.0], np.cumsum(np.log1p(-beta2))])
    return np.exp(log_signal2 / 2), np.sqrt(-np.expm1(log_signal2))


def step(signal: ArrayLike, noise: ArrayLike) -> tuple[Array, Array]:
    """The factors (α, β) of each step x_t = α_t x_{t−1} + β_t ε_t between consecutive levels, VP or not.

    signal, noise (n + 1,) → α, β (n + 1,) with α_0 = 1 and β_0 = 0. Raises ValueError unless the levels are finite,
    nonnegative, of one shape, and signal/noise decreases from level to level.
    """
    signal, noise = levels(signal, noise)
    alpha, beta = np.ones_like(signal), np.zeros_like(signal)
    alpha[1:] = signal[1:] / signal[:-1]
    # The difference of squares as a product: it stays accurate where the levels are close.
    kept = alpha[1:] * noise[:-1]
    beta[1:] = np.sqrt((noise[1:] - kept) * (noise[1:] + kept))
    return alpha, beta


def levels(signal: ArrayLike, noise: ArrayLike) -> tuple[Array, Array]:
    """The two arrays as floats, checked: one shape (n + 1,), finite, nonnegative, signal/noise decreasing.

    Raises ValueError that names the first place where a condition fails.
    """
    signal, noise = np.asarray(signal, dtype=float), np.asarray(noise, dtype=float)
    if signal.ndim != 1 or signal.shape != noise.shape or len(signal) < 2:
        raise ValueError(
            f"signal and noise must be arrays of one shape (n + 1,), n >= 1, got {signal.shape} and {noise.shape}"
        )
    for name, values in (("signal", signal), ("noise", noise)):
        bad = ~(np.isfinite(values) & (values >= 0))
        if bad.any():
            raise ValueError(f"{name} must be finite and nonnegative, got {values[bad][0]} at level {bad.argmax()}")
    stuck = signal[1:] * noise[:-1] >= signal[:-1] * noise[1:]
    if stuck.any():
        k = int(stuck.argmax()) + 1
        raise ValueError(
            "signal/noise must decrease from level to level, "
            f"got {signal[k - 1]:g}/{noise[k - 1]:g} and then {signal[k]:g}/{noise[k]:g} at level {k}"
        )
    return signal, noise


def kernel(name: str, t: ArrayLike, **params: float) -> tuple[Array, Array]:
    """Signal and noise at continuous times t in [0, 1], any shape.

    "vp" (beta_min = 0.1, beta_max = 20), "ve" (sigma_min = 0.01, sigma_max = 10), "cosine" (cos, sin of πt/2), "flow"
    (1 − t and t), "edm" (1 and t, any t ≥ 0). Raises ValueError for an unknown name or parameter, or t out of range.
    """
    t, p = _time(name, t, params)
    if name == "vp":
        log_signal = -(t**2) * (p["beta_max"] - p["beta_min"]) / 4 - t * p["beta_min"] / 2
        return np.exp(log_signal), np.sqrt(-np.expm1(2 * log_signal))
    if name == "ve":
        ratio = np.log(p["sigma_max"] / p["sigma_min"])
        return np.ones_like(t), p["sigma_min"] * np.sqrt(np.expm1(2 * t * ratio))
    if name == "cosine":
        # sin(π(1 − t)/2) rather than cos(πt/2), so that t = 1 gives 0 exactly.
        return np.sin(np.pi * (1 - t) / 2), np.sin(np.pi * t / 2)
    return (1 - t if name == "flow" else np.ones_like(t)), t.copy()


def sde(name: str, t: ArrayLike, **params: float) -> tuple[Array, Array]:
    """The process dx = f x dt + √g² dw that has this kernel: (f, g²) at times t, any shape.

    f = d ln(signal)/dt, g² = signal² d(noise²/signal²)/dt, in closed form. Raises ValueError as `kernel` does, and at
    t = 1 for "flow" and "cosine", where both are infinite.
    """
    t, p = _time(name, t, params)
    if name in ("flow", "cosine") and (t == 1).any():
        raise ValueError(f"t must be less than 1 for the schedule {name!r}, where f and g² are infinite, got 1.0")
    if name == "vp":
        beta = p["beta_min"] + t * (p["beta_max"] - p["beta_min"])
        return -beta / 2, beta
    if name == "ve":
        ratio = np.log(p["sigma_max"] / p["sigma_min"])
        return np.zeros_like(t), 2 * ratio * p["sigma_min"] ** 2 * np.exp(2 * t * ratio)
    if name == "cosine":
        tangent = np.tan(np.pi * t / 2)
        return -np.pi / 2 * tangent, np.pi * tangent
    if name == "flow":
        return -1 / (1 - t), 2 * t / (1 - t)
    return np.zeros_like(t), 2 * t


def subsequence(T: int, S: int, kind: str = "linear") -> NDArray[np.int64]:
    """S of the T steps: level numbers (S + 1,), from 0 to T, strictly increasing.

    "linear" spaces them evenly, "quadratic" as squares, denser near the data. Raises ValueError for an unknown kind or
    unless 1 ≤ S ≤ T.
    """
    if kind not in ("linear", "quadratic"):
        raise ValueError(f"kind must be 'linear' or 'quadratic', got {kind!r}")
    if count("S", S) > count("T", T):
        raise ValueError(f"S must be at most T = {T}, got {S}")
    k = np.arange(S + 1)
    share = k / S if kind == "linear" else (k / S) ** 2
    # Where squares crowd together, every level is taken.
    return np.maximum(np.floor(T * share + 0.5).astype(np.int64), k)


def shortened(S: int, T: int = 1000, name: str = "linear", kind: str = "linear") -> tuple[Array, Array]:
    """Signal and noise of S of the T steps of a DDPM chain: `ddpm` at the levels of `subsequence`, two arrays (S + 1,).

    Raises ValueError as those two do.
    """
    tau = subsequence(T, S, kind)
    signal, noise = ddpm(T, name)
    return signal[tau], noise[tau]


def edm_times(n: int, sigma_min: float = 0.002, sigma_max: float = 80.0, rho: float = 7.0) -> Array:
    """The n decreasing noise levels of Karras et al. (equation 5), from sigma_max to sigma_min; append 0 yourself.

    Raises ValueError unless n ≥ 1, rho > 0 and 0 < sigma_min < sigma_max.
    """
    positive(rho=rho, sigma_min=sigma_min, sigma_max=sigma_max)
    _ordered("sigma_min", sigma_min, "sigma_max", sigma_max)
    return np.linspace(sigma_max ** (1 / rho), sigma_min ** (1 / rho), count("n", n)) ** rho


def logsnr(signal: ArrayLike, noise: ArrayLike) -> Array:
    """The logarithm of the signal-to-noise ratio signal²/noise², elementwise; infinite where noise is 0."""
    with np.errstate(divide="ignore"):
        return 2 * (np.log(np.asarray(signal, dtype=float)) - np.log(np.asarray(noise, dtype=float)))


def _time(name: str, t: ArrayLike, params: dict[str, float]) -> tuple[Array, dict[str, float]]:
    if name not in KERNELS:
        raise ValueError(f"name must be one of {tuple(KERNELS)}, got {name!r}")
    if strange := sorted(set(params) - set(KERNELS[name])):
        raise ValueError(f"the schedule {name!r} has no parameter {strange[0]!r}, only {tuple(KERNELS[name])}")
    t, p = np.asarray(t, dtype=float), KERNELS[name] | params
    end = np.inf if name == "edm" else 1.0
    outside = ~((t >= 0) & (t <= end))
    if outside.any():
        raise ValueError(f"t must lie in [0, {end:g}] for the schedule {name!r}, got {t[outside].ravel()[0]}")
    if name == "vp":
        positive(beta_max=p["beta_max"])
        if not (np.isfinite(p["beta_min"]) and p["beta_min"] >= 0):
            raise ValueError(f"beta_min must be finite and >= 0, got {p['beta_min']}")
    if name == "ve":
        positive(sigma_min=p["sigma_min"])
        _ordered("sigma_min", p["sigma_min"], "sigma_max", p["sigma_max"])
    return t, p


def _ordered(low_name: str, low: float, high_name: str, high: float) -> None:
    if not low < high:
        raise ValueError(f"{high_name} must be larger than {low_name} = {low}, got {high}")
