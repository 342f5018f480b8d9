"""Ridge regression on a representation of Gaussian inputs: the risk with n labels, and the best that a penalty does.

Conventions: spectrum λ_j is the power of the inputs in direction j, weights2 w_j² the squared weights of the label in
it, gain m_j what a representation multiplies it by, noise s the deviation of label noise.

Source: Su Jianlin, https://kexue.fm/archives/9787.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from companion._checks import count, finite, number, positive

Array = NDArray[np.float64]


def ridge_risk(spectrum: ArrayLike, weights2: ArrayLike, gain: ArrayLike, n: int, noise: float, mu: float) -> float:
    """Excess risk of ridge regression on gain · x with n Gaussian samples, by its deterministic equivalent.

    Penalty mu‖θ‖², added to the sum of squares. κ solves n = Σ L_j + mu/κ with L_j = λ_j m_j²/(λ_j m_j² + κ); the risk
    is (Σ (1 − L_j)² λ_j w_j² + s² Σ L_j²/n)/(1 − Σ L_j²/n). Exact for large n; for a spectrum that falls off, 3 to 5 %
    too low at n = 8 to 32, below 1 % at n = 96 (4000 experiments each). Raises ValueError for a spectrum
    that is not positive, shapes that do not match, n < 1, a negative noise, or mu not positive.
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


def _risk(share: Array, signal: Array, n: int, noise: float) -> Array:
    """Excess risk for the shares L (…, J) of each direction that are learnt."""
    spent = (share**2).sum(axis=-1) / n
    return (((1 - share) ** 2 * signal).sum(axis=-1) + noise**2 * spent) / (1 - spent)


def _design(spectrum: ArrayLike, weights2: ArrayLike, gain: ArrayLike, noise: float) -> tuple[Array, Array]:
    """Power of the represented inputs λ m², and of the signal λ w², each (J,)."""
    lam = finite("spectrum", spectrum, ("J",), least=0)
    w2, m = finite("weights2", weights2, lam.shape, least=0), finite("gain", gain, lam.shape)
    for name, values in (("spectrum", lam), ("gain", m)):
        if (values == 0).any():
            raise ValueError(f"{name} must not be 0, got 0 at index {int((values == 0).argmax())}")
    number("noise", noise, least=0)
    return lam * m**2, lam * w2
