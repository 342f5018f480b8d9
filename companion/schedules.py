"""Noise schedules of diffusion models: how much signal and how much noise is in x_t.

x_t = signal · x_0 + noise · ε with ε ~ N(0, I). Both are amplitudes (ᾱ_t and β̄_t of Su's posts; Ho's ᾱ_t is signal²).
"VP" means signal² + noise² = 1. One step is x_t = α_t x_{t−1} + β_t ε_t. Level or time 0 is data, the last is noise.

Sources: Ho, Jain, Abbeel, arXiv:2006.11239; Nichol, Dhariwal, arXiv:2102.09672; Song et al., arXiv:2011.13456; Karras
et al., arXiv:2206.00364; Lipman et al., arXiv:2210.02747; Su Jianlin, https://kexue.fm/archives/9119.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from companion._checks import count, finite, number, one_of, positive

Array = NDArray[np.float64]
Pair = tuple[Array, Array]


class Schedule(NamedTuple):
    """The levels of a chain, from data to noise: signal (n + 1,) and noise (n + 1,), with signal/noise decreasing."""

    signal: Array
    noise: Array

    def steps(self) -> Pair:
        """The factors (α, β) of `step`, for levels that are known to be sound."""
        signal, noise = self
        alpha, beta = np.ones_like(signal), np.zeros_like(signal)
        alpha[1:] = signal[1:] / signal[:-1]
        # The difference of squares as a product: it stays accurate where the levels are close.
        kept = alpha[1:] * noise[:-1]
        beta[1:] = np.sqrt((noise[1:] - kept) * (noise[1:] + kept))
        return alpha, beta


def checked(signal: ArrayLike, noise: ArrayLike) -> Schedule:
    """The levels of a chain, checked. Every function that takes `signal, noise` for a whole chain begins with this.

    Raises ValueError unless both are finite, nonnegative, of one shape (n + 1,) with n ≥ 1, and signal/noise decreases
    from level to level; it names the first place where that fails.
    """
    signal = finite("signal", signal, ("n + 1",), least=0)
    noise = finite("noise", noise, signal.shape, least=0)
    if len(signal) < 2:
        raise ValueError(f"signal and noise must hold at least 2 levels, got {len(signal)}")
    stuck = signal[1:] * noise[:-1] >= signal[:-1] * noise[1:]
    if stuck.any():
        k = int(stuck.argmax()) + 1
        raise ValueError(
            "signal/noise must decrease from level to level, "
            f"got {signal[k - 1]:g}/{noise[k - 1]:g} and then {signal[k]:g}/{noise[k]:g} at level {k}"
        )
    return Schedule(signal, noise)


def step(signal: ArrayLike, noise: ArrayLike) -> Pair:
    """The factors (α, β) of each step x_t = α_t x_{t−1} + β_t ε_t between consecutive levels, VP or not.

    signal, noise (n + 1,) → α, β (n + 1,) with α_0 = 1 and β_0 = 0. Raises ValueError as `checked` does.
    """
    return checked(signal, noise).steps()


def ddpm(T: int = 1000, name: str = "linear") -> Schedule:
    """Signal and noise of a DDPM chain with T steps: two arrays (T + 1,), from signal 1 and noise 0 on. VP.

    "linear": Ho's β_t² = linspace(1e-4, 0.02, T); "su": α_t² = 1 − 0.02 t/T, both times 1000/T so that the last level
    hardly depends on T; "cosine": Nichol and Dhariwal's, s = 0.008, β_t² ≤ 0.999. Raises ValueError for an unknown
    name, T < 1, or a T so small that some β_t² ≥ 1.
    """
    beta2 = DDPM[one_of("name", name, DDPM)](count("T", T))
    if (beta2 >= 1).any():
        raise ValueError(
            f"T must be larger for the schedule {name!r}: at T = {T} a step has β² = {beta2.max():.3g} ≥ 1"
        )
    log_signal2 = np.concatenate([[0.0], np.cumsum(np.log1p(-beta2))])
    return Schedule(np.exp(log_signal2 / 2), np.sqrt(-np.expm1(log_signal2)))


def _cosine_steps(T: int) -> Array:
    level = np.cos((np.arange(T + 1) / T + 0.008) / 1.008 * np.pi / 2) ** 2
    return np.minimum(1 - level[1:] / level[:-1], 0.999)


# β² of the T steps of each chain.
DDPM: dict[str, Callable[[int], Array]] = {
    "linear": lambda T: np.linspace(1e-4, 0.02, T) * 1000 / T,
    "su": lambda T: 0.02 * np.arange(1, T + 1) / T * 1000 / T,
    "cosine": _cosine_steps,
}


def kernel(name: str, t: ArrayLike, **params: float) -> Pair:
    """Signal and noise at continuous times t in [0, 1], any shape.

    "vp" (beta_min = 0.1, beta_max = 20), "ve" (sigma_min = 0.01, sigma_max = 10), "cosine" (cos, sin of πt/2), "flow"
    (1 − t and t), "edm" (1 and t, any t ≥ 0). Raises ValueError for an unknown name or parameter, or t out of range.
    """
    t, values = _time(name, t, params)
    return KERNELS[name].levels(t, *values)


def sde(name: str, t: ArrayLike, **params: float) -> Pair:
    """The process dx = f x dt + √g² dw that has this kernel: (f, g²) at times t, any shape.

    f = d ln(signal)/dt, g² = signal² d(noise²/signal²)/dt, in closed form. Raises ValueError as `kernel` does, and at
    t = 1 for "flow" and "cosine", where both are infinite.
    """
    t, values = _time(name, t, params)
    if KERNELS[name].singular and (t == 1).any():
        raise ValueError(f"t must be less than 1 for the schedule {name!r}, where f and g² are infinite, got 1.0")
    return KERNELS[name].process(t, *values)


class Kernel(NamedTuple):
    """A continuous schedule: its parameters and their defaults, signal and noise, f and g², its last time.

    `levels` and `process` take the time and then the parameters. `singular`: f and g² are infinite at the end.
    """

    defaults: dict[str, float]
    levels: Callable[..., Pair]
    process: Callable[..., Pair]
    end: float = 1.0
    singular: bool = False


def _vp_levels(t: Array, beta_min: float, beta_max: float) -> Pair:
    log_signal = -(t**2) * (beta_max - beta_min) / 4 - t * beta_min / 2
    return np.exp(log_signal), np.sqrt(-np.expm1(2 * log_signal))


def _vp_process(t: Array, beta_min: float, beta_max: float) -> Pair:
    beta = beta_min + t * (beta_max - beta_min)
    return -beta / 2, beta


def _ve_levels(t: Array, sigma_min: float, sigma_max: float) -> Pair:
    return np.ones_like(t), sigma_min * np.sqrt(np.expm1(2 * t * np.log(sigma_max / sigma_min)))


def _ve_process(t: Array, sigma_min: float, sigma_max: float) -> Pair:
    ratio = np.log(sigma_max / sigma_min)
    return np.zeros_like(t), 2 * ratio * sigma_min**2 * np.exp(2 * t * ratio)


def _cosine_levels(t: Array) -> Pair:
    # sin(π(1 − t)/2) rather than cos(πt/2), so that t = 1 gives 0 exactly.
    return np.sin(np.pi * (1 - t) / 2), np.sin(np.pi * t / 2)


def _cosine_process(t: Array) -> Pair:
    tangent = np.tan(np.pi * t / 2)
    return -np.pi / 2 * tangent, np.pi * tangent


KERNELS = {
    "vp": Kernel({"beta_min": 0.1, "beta_max": 20.0}, _vp_levels, _vp_process),
    "ve": Kernel({"sigma_min": 0.01, "sigma_max": 10.0}, _ve_levels, _ve_process),
    "cosine": Kernel({}, _cosine_levels, _cosine_process, singular=True),
    "flow": Kernel({}, lambda t: (1 - t, t.copy()), lambda t: (-1 / (1 - t), 2 * t / (1 - t)), singular=True),
    "edm": Kernel({}, lambda t: (np.ones_like(t), t.copy()), lambda t: (np.zeros_like(t), 2 * t), end=np.inf),
}


def subsequence(T: int, S: int, kind: str = "linear") -> NDArray[np.int64]:
    """S of the T steps: level numbers (S + 1,), from 0 to T, strictly increasing.

    "linear" spaces them evenly, "quadratic" as squares, denser near the data. Raises ValueError for an unknown kind or
    unless 1 ≤ S ≤ T.
    """
    one_of("kind", kind, ("linear", "quadratic"))
    if count("S", S) > count("T", T):
        raise ValueError(f"S must be at most T = {T}, got {S}")
    k = np.arange(S + 1)
    share = k / S if kind == "linear" else (k / S) ** 2
    # Where squares crowd together, every level is taken.
    return np.maximum(np.floor(T * share + 0.5).astype(np.int64), k)


def shortened(S: int, T: int = 1000, name: str = "linear", kind: str = "linear") -> Schedule:
    """Signal and noise of S of the T steps of a DDPM chain: `ddpm` at the levels of `subsequence`, two arrays (S + 1,).

    Raises ValueError as those two do.
    """
    tau = subsequence(T, S, kind)
    signal, noise = ddpm(T, name)
    return Schedule(signal[tau], noise[tau])


def edm_times(n: int, sigma_min: float = 0.002, sigma_max: float = 80.0, rho: float = 7.0) -> Array:
    """The n decreasing noise levels of Karras et al. (equation 5), from sigma_max to sigma_min; append 0 yourself.

    Raises ValueError unless n ≥ 1, rho > 0 and 0 < sigma_min < sigma_max.
    """
    positive(rho=rho, sigma_min=sigma_min, sigma_max=sigma_max)
    _ordered("sigma_min", sigma_min, "sigma_max", sigma_max)
    return np.linspace(sigma_max ** (1 / rho), sigma_min ** (1 / rho), count("n", n)) ** rho


def logsnr(signal: ArrayLike, noise: ArrayLike) -> Array:
    """The logarithm of the signal-to-noise ratio signal²/noise², elementwise; infinite where noise is 0.

    Raises ValueError for values that are negative or not finite.
    """
    with np.errstate(divide="ignore"):
        return 2 * (np.log(finite("signal", signal, least=0)) - np.log(finite("noise", noise, least=0)))


def _time(name: str, t: ArrayLike, params: dict[str, float]) -> tuple[Array, list[float]]:
    """The times as an array, and the values of the schedule's parameters in their order."""
    defaults, end = KERNELS[one_of("name", name, KERNELS)].defaults, KERNELS[name].end
    if strange := sorted(set(params) - set(defaults)):
        raise ValueError(f"the schedule {name!r} has no parameter {strange[0]!r}, only {tuple(defaults)}")
    t = finite("t", t)
    if (outside := ~((t >= 0) & (t <= end))).any():
        raise ValueError(f"t must lie in [0, {end:g}] for the schedule {name!r}, got {t[outside][0]}")
    p = defaults | params
    if name == "vp":
        positive(beta_max=p["beta_max"])
        number("beta_min", p["beta_min"], least=0)
    if name == "ve":
        positive(sigma_min=p["sigma_min"], sigma_max=p["sigma_max"])
        _ordered("sigma_min", p["sigma_min"], "sigma_max", p["sigma_max"])
    return t, list(p.values())


def _ordered(low_name: str, low: float, high_name: str, high: float) -> None:
    if not low < high:
        raise ValueError(f"{high_name} must be larger than {low_name} = {low}, got {high}")
