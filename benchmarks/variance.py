"""How fast the optimal reverse variances of a whole chain come, against a loop over the levels.

The loop comes twice: with the package's quadrature for each level, and with scipy's adaptive `quad`, as one would write
it first (measured on 5 levels, and scaled up).
"""

import numpy as np
from _timing import milliseconds
from scipy.integrate import quad

from companion import analytic, information, mixtures, samplers, schedules

LENGTHS, ADAPTIVE = (10, 100, 1000), 5


def adaptive(m: mixtures.Mixture, signal: float, noise: float) -> float:
    """E Var[x_0|x_t] of one level."""

    def integrand(x: float) -> float:
        point = np.array([x])
        return mixtures.posterior(m, point, signal, noise)[1].item() * np.exp(mixtures.logpdf(m, point, signal, noise))

    return quad(integrand, -9, 9, epsabs=1e-14, limit=200)[0]


def main() -> None:
    m = mixtures.named("bimodal")
    print("| steps | all at once, ms | level by level, ms | level by level with quad, ms |\n|---:|---:|---:|---:|")
    for steps in LENGTHS:
        signal, noise = schedules.shortened(steps)
        sigma = samplers.step_sigma(signal, noise)

        def one_by_one(signal: np.ndarray = signal, noise: np.ndarray = noise, sigma: np.ndarray = sigma) -> np.ndarray:
            pairs = [slice(k - 1, k + 1) for k in range(1, len(signal))]
            return np.array([analytic.optimal_std(m, signal[two], noise[two], sigma[two])[1] for two in pairs])

        together = analytic.optimal_std(m, signal, noise, sigma)
        np.testing.assert_allclose(together[1:], one_by_one(), rtol=1e-9)
        fast = milliseconds(lambda s=signal, n=noise, sd=sigma: analytic.optimal_std(m, s, n, sd))
        slow = milliseconds(one_by_one)
        some = np.linspace(1, steps, ADAPTIVE).round().astype(int)
        expected = information.posterior_variance(m, signal[some], noise[some])
        np.testing.assert_allclose([adaptive(m, signal[k], noise[k]) for k in some], expected, rtol=1e-6)
        few = milliseconds(lambda s=signal, n=noise, ks=some: [adaptive(m, s[k], n[k]) for k in ks])
        print(f"| {steps} | {fast:.1f} | {slow:.1f} | {few * steps / ADAPTIVE:.0f} |")


if __name__ == "__main__":
    main()
