"""Calls that a tired reader makes: each is refused, and the refusal names the argument and the value."""

import re

import numpy as np
import pytest
import sympy as sp

from companion import (
    analytic,
    attention,
    entmax,
    fsq,
    gaussian,
    hippo,
    information,
    mixtures,
    prediction,
    quantize,
    rational,
    recurrence,
    ridge,
    samplers,
    schedules,
    softmax,
    ssm,
)

NAN, INF = np.nan, np.inf
LINE, PLANE = mixtures.named("bimodal"), mixtures.named("ring8")
LEVELS, TIMES = ([1.0, 0.8, 0.5], [0.0, 0.6, 0.9]), [0.0, 0.5, 1.0]
GRID = np.linspace(-4, 4, 81)
BELL = np.exp(-(GRID**2) / 2) / np.sqrt(2 * np.pi)
A2, B2, C2 = -np.eye(2), np.ones(2), np.ones(2)
z = sp.symbols("z")


def rng():
    return np.random.default_rng(0)


def broken(x, *_):
    """A field with a NaN in it."""
    values = np.zeros_like(x)
    values[0] = NAN
    return values


CALLS = {
    # NaN, infinities, strings and complex numbers in place of finite numbers
    "a NaN point, score": (lambda: mixtures.score(LINE, [[NAN]]), "x", "nan"),
    "a NaN point, log density": (lambda: mixtures.logpdf(PLANE, [[0.0, NAN]]), "x", "nan"),
    "an infinite point, posterior": (lambda: mixtures.posterior(LINE, [[INF]], 0.8, 0.6), "x", "inf"),
    "a NaN point, distribution function": (lambda: mixtures.cdf(LINE, [[NAN]]), "x", "nan"),
    "complex points": (lambda: mixtures.score(LINE, np.array([[1j]])), "x", "1"),
    "words for points": (lambda: mixtures.score(LINE, [["left"]]), "x", "left"),
    "a number in words": (lambda: mixtures.score(LINE, [["1.5"]]), "x", "1.5"),
    "points in rows of different length": (lambda: mixtures.score(PLANE, [[1.0, 2.0], [1.0]]), "x", "[1.0]"),
    "a NaN probability": (lambda: mixtures.quantile(LINE, [0.5, NAN]), "u", "nan"),
    "a NaN noise": (lambda: mixtures.epsilon(LINE, [[0.0]], 0.8, NAN), "noise", "nan"),
    "a NaN weight": (lambda: mixtures.mixture([NAN], [0.0], 1.0), "weights", "nan"),
    "a NaN covariance": (lambda: mixtures.mixture([1.0], [0.0], [NAN]), "covs", "nan"),
    "NaN samples, Fréchet": (lambda: information.frechet(LINE, [[0.0], [NAN]]), "x", "nan"),
    "NaN samples, Wasserstein": (lambda: information.wasserstein(LINE, [[0.0], [NAN]]), "x", "nan"),
    "a NaN level, entropy": (lambda: information.entropy(LINE, [1.0, NAN], [0.1, 0.2]), "signal", "nan"),
    "a NaN level, ratio": (lambda: schedules.logsnr(NAN, 1.0), "signal", "nan"),
    "a negative level, ratio": (lambda: schedules.logsnr(1.0, -1.0), "noise", "-1.0"),
    "a NaN matrix, discretised": (lambda: ssm.discretize([[NAN, 0], [0, 1]], B2, 0.1), "A", "nan"),
    "a NaN vector, discretised": (lambda: ssm.discretize(A2, [NAN, 1], 0.1), "B", "nan"),
    "a NaN matrix, powers": (lambda: ssm.krylov([[NAN, 0], [0, 1]], B2, 3), "Ab", "nan"),
    "a NaN output, kernel": (lambda: ssm.kernel(A2, B2, [NAN, 1], 3), "C", "nan"),
    "a NaN signal, states": (lambda: ssm.states(A2, B2, [1.0, NAN]), "u", "nan"),
    "a NaN kernel, convolution": (lambda: ssm.causal_conv([1.0, NAN], [1.0, 1.0]), "K", "nan"),
    "a complex signal": (lambda: ssm.causal_conv([1.0, 1.0], np.array([1j, 1])), "u", "1j"),
    "a NaN matrix, rational": (lambda: rational.to_rational([[NAN, 0], [0, 1]], B2, C2), "Ab", "nan"),
    "a NaN vector without its matrix": (lambda: hippo.legs_matvec([1.0, NAN]), "v", "nan"),
    "a NaN vector to solve for": (lambda: hippo.legs_solve([1.0, NAN], 0.1), "v", "nan"),
    "a NaN signal, projected": (lambda: hippo.project([1.0, NAN], 3), "u", "nan"),
    "a NaN signal, run": (lambda: hippo.legs_run([1.0, NAN], 3), "u", "nan"),
    "NaN coefficients": (lambda: hippo.reconstruct([1.0, NAN], [0.0]), "c", "nan"),
    "a NaN matrix, scan": (lambda: recurrence.scan([[NAN], [1.0]], [[1.0], [1.0]]), "G", "nan"),
    "a NaN input, scan": (lambda: recurrence.scan([[1.0], [1.0]], [[NAN], [1.0]]), "h", "nan"),
    "a NaN matrix, network": (lambda: recurrence.rnn([[NAN]], [[1.0]]), "A", "nan"),
    "a NaN input, DEER": (lambda: recurrence.deer([[0.5]], [[NAN]]), "u", "nan"),
    "a NaN start": (lambda: recurrence.iterate([[0.5]], [[1.0]], 2, x0=[NAN]), "x0", "nan"),
    "a NaN covariance matrix": (lambda: prediction.masked_weights([[1, NAN], [NAN, 1]]), "S", "nan"),
    "a NaN bias": (lambda: prediction.bias_gradient([1.0], [[1.0]], [NAN]), "b", "nan"),
    "a NaN shift": (lambda: prediction.lag_success(NAN, 4), "delta", "nan"),
    "a NaN gain": (lambda: ridge.ridge_risk([1.0], [1.0], [NAN], 3, 0.1, 1.0), "gain", "nan"),
    "an infinite spectrum": (lambda: ridge.ridge_risk([INF], [1.0], [1.0], 3, 0.1, 1.0), "spectrum", "inf"),
    "NaN scores": (lambda: attention.gradient_profile([0.0, NAN], [1.0]), "s", "nan"),
    "a NaN number of keys": (lambda: attention.optimal_scale(NAN), "n", "nan"),
    "NaN scores, softmax": (lambda: softmax.softmax([0.0, NAN]), "x", "nan"),
    "a NaN probability, entropy": (lambda: softmax.renyi_entropy([0.5, NAN]), "p", "nan"),
    "a NaN logit, entmax": (lambda: entmax.entmax([0.0, NAN]), "x", "nan"),
    "an infinite logit, Taylor": (lambda: softmax.taylor_softmax([0.0, INF]), "x", "inf"),
    "a NaN order": (lambda: entmax.entmax([0.0, 1.0], NAN), "order", "nan"),
    "a class that is not there": (lambda: entmax.entmax_loss([0.0, 1.0], 2), "target", "2"),
    "a class between two": (lambda: entmax.entmax_loss([0.0, 1.0], 0.5), "target", "0.5"),
    "a NaN temperature": (lambda: softmax.margin_loss([0.0, 1.0], 0, tau=NAN), "tau", "nan"),
    "an unknown noise": (lambda: softmax.perturb_max([0.0, 1.0], "cauchy"), "noise", "cauchy"),
    "a NaN vector, FSQ": (lambda: fsq.encode([NAN], [5]), "z", "nan"),
    "a complex vector, FSQ": (lambda: fsq.bound(np.array([1j]), [5]), "z", "1j"),
    "one level": (lambda: fsq.encode([0.0, 0.0], [5, 1]), "levels", "1"),
    "a level and a half": (lambda: fsq.slope([0.0], [2.5]), "levels", "2.5"),
    "no levels": (lambda: fsq.index_to_codes(0, []), "levels", "(0,)"),
    "levels in words": (lambda: fsq.bound([0.0], ["five"]), "levels", "five"),
    "a coordinate too many": (lambda: fsq.encode([0.0, 0.0], [5]), "z", "(2,)"),
    "two levels and a tanh": (lambda: fsq.bound([0.0], [2], "tanh"), "levels", "2"),
    "an unknown squashing": (lambda: fsq.bound([0.0], [5], "relu"), "kind", "relu"),
    "a code above the levels": (lambda: fsq.codes_to_index([5], [5]), "codes", "5"),
    "half a code": (lambda: fsq.preimage([0.5], [5]), "codes", "0.5"),
    "an index that no code has": (lambda: fsq.index_to_codes([125], [5, 5, 5]), "index", "125"),
    "one level, edges": (lambda: fsq.edges(1), "L", "1"),
    "a distribution function of NaN": (lambda: fsq.probabilities(3, lambda t: t * NAN), "cdf", "nan"),
    "a falling distribution function": (lambda: fsq.probabilities(3, lambda t: -t), "cdf", "-1.09861"),
    "an infinite point, moving average": (lambda: quantize.vq_ema([[INF]], [[0.0]], 1, 0.5), "x", "inf"),
    "a memory of NaN": (lambda: quantize.vq_ema([[1.0]], [[0.0]], 1, NAN), "alpha", "nan"),
    "an endless memory": (lambda: quantize.vq_ema([[1.0]], [[0.0]], 1, 1.0), "alpha", "1.0"),
    "a codebook of another width": (lambda: quantize.vq_ema([[1.0]], [[0.0, 1.0]], 1, 0.5), "x", "(1, 1)"),
    "an odd degree": (lambda: softmax.taylor_softmax([0.0, 1.0], 3), "k", "3"),
    "more winners than entries": (lambda: softmax.topk_softmax([0.0, 1.0], 3), "k", "3"),
    "a negative scale, Jacobian": (lambda: softmax.jacobian([0.5, 0.5], -1.0), "alpha", "-1.0"),
    "NaN points, DDIM": (lambda: samplers.reverse(lambda x, k: x, *LEVELS, 0, [[NAN]]), "x", "nan"),
    "NaN points, walk": (lambda: samplers.ode(lambda x, t: x, [[NAN]], TIMES), "x", "nan"),
    "NaN points, random walk": (
        lambda: samplers.sde(lambda x, t: x, lambda t: 1.0, [[NAN]], TIMES, rng()),
        "x",
        "nan",
    ),
    "a NaN density": (lambda: samplers.pushforward(GRID, 0.5, np.full(81, NAN), GRID), "density", "nan"),
    "a falling grid": (lambda: samplers.pushforward(GRID, 1.0, BELL, GRID[::-1]), "grid", "4.0"),
    "a NaN sigma": (lambda: samplers.reverse(lambda x, k: x, *LEVELS, NAN, [[0.0]]), "sigma", "nan"),
    "a NaN start density": (
        lambda: analytic.densities(lambda x, k: x, *LEVELS, 0, GRID, start=np.full(81, NAN)),
        "start",
        "nan",
    ),
    "a negative start variance": (lambda: analytic.gaussian_output([1.0], *LEVELS, 0, start=-1.0), "start", "-1.0"),
    # Fields and models whose values are no vectors at the points
    "a field of another shape": (lambda: samplers.ode(lambda x, t: x[0], np.ones((5, 2)), TIMES), "v", "(2,)"),
    "a field that is one number": (lambda: samplers.ode(lambda x, t: 1.0, np.ones((5, 2)), TIMES), "v", "()"),
    "a field with NaN": (lambda: samplers.ode(broken, np.ones((5, 2)), TIMES, "rk4"), "v", "nan"),
    "a field with words": (lambda: samplers.ode(lambda x, t: "up", np.ones((5, 2)), TIMES), "v", "up"),
    "a field that overflows": (lambda: samplers.ode(lambda x, t: x + INF, np.ones(2), TIMES), "v", "inf"),
    "a model of another shape": (
        lambda: samplers.reverse(lambda x, k: x[:1], *LEVELS, 0, np.ones((5, 2))),
        "eps",
        "(1, 2)",
    ),
    "a model with NaN": (lambda: samplers.reverse(broken, *LEVELS, 0, np.ones((5, 2))), "eps", "nan"),
    "a model with NaN, densities": (lambda: analytic.densities(broken, *LEVELS, 0, GRID), "eps", "nan"),
    "a drift of another shape": (
        lambda: samplers.sde(lambda x, t: x[0], lambda t: 1.0, np.ones((5, 2)), TIMES, rng()),
        "drift",
        "(2,)",
    ),
    "a drift with NaN": (lambda: samplers.sde(broken, lambda t: 1.0, np.ones((5, 2)), TIMES, rng()), "drift", "nan"),
    "a diffusion of NaN": (
        lambda: samplers.sde(lambda x, t: x, lambda t: NAN, np.ones((5, 2)), TIMES, rng()),
        "diffusion",
        "nan",
    ),
    "a diffusion that is an array": (
        lambda: samplers.sde(lambda x, t: x, lambda t: np.ones(2), np.ones((5, 2)), TIMES, rng()),
        "diffusion",
        "1.",
    ),
    "a map of another shape": (lambda: samplers.pushforward(lambda x: x[:3], 1.0, BELL, GRID), "mean", "(3,)"),
    # Nothing, and no generator
    "no samples": (lambda: mixtures.sample(LINE, 0, rng()), "n", "0"),
    "half a sample": (lambda: mixtures.sample(LINE, 2.5, rng()), "n", "2.5"),
    "True samples": (lambda: mixtures.sample(LINE, True, rng()), "n", "True"),
    "no samples, Fréchet": (lambda: information.frechet(LINE, np.empty((0, 1))), "x", "(0, 1)"),
    "one sample, Fréchet": (lambda: information.frechet(LINE, [[0.0]]), "x", "1"),
    "no samples, Wasserstein": (lambda: information.wasserstein(LINE, np.empty((0, 1))), "x", "(0, 1)"),
    "no variable": (lambda: gaussian.expect(z), "zs", "none"),
    "a word for a polynomial": (lambda: gaussian.expect("z**2", z), "expr", "z**2"),
    "a seed for a generator": (lambda: mixtures.sample(LINE, 3, 0), "rng", "0"),
    "no generator, random walk": (
        lambda: samplers.sde(lambda x, t: x, lambda t: 1.0, [[0.0]], TIMES, None),
        "rng",
        "None",
    ),
    "a seed, DDPM": (
        lambda: samplers.reverse(lambda x, k: x, *LEVELS, samplers.step_sigma(*LEVELS), [[0.0]], 7),
        "rng",
        "7",
    ),
    "an old generator": (lambda: mixtures.sample(LINE, 3, np.random.RandomState(0)), "rng", "RandomState"),
    # Shapes, names, numbers
    "points of another dimension": (lambda: mixtures.score(PLANE, [[1.0, 2.0, 3.0]]), "x", "(1, 3)"),
    "levels that do not broadcast": (lambda: information.fisher(LINE, [1.0, 0.9], [0.1, 0.2, 0.3]), "noise", "(3,)"),
    "one level for a chain": (lambda: schedules.step([1.0], [0.0]), "signal", "1"),
    "a chain of words": (lambda: samplers.eps_model(LINE, ["a", "b"], [0.0, 0.1]), "signal", "a"),
    "an unknown schedule": (lambda: samplers.velocity(LINE, "ou"), "name", "ou"),
    "an unknown parameter": (lambda: samplers.velocity(LINE, "flow", beta_max=2.0), "beta_max", "flow"),
    "a NaN parameter": (lambda: schedules.kernel("ve", 0.5, sigma_max=NAN), "sigma_max", "nan"),
    "a NaN eta": (lambda: samplers.step_sigma(*LEVELS, NAN), "eta", "nan"),
    "NaN times": (lambda: samplers.ode(lambda x, t: x, [0.0], [0.0, NAN]), "times", "nan"),
    "an axis that is not there": (lambda: softmax.softmax([1.0, 2.0], axis=3), "x", "3"),
    "a NaN length": (lambda: rational.kernel_rational([0.5], [1.0], NAN), "L", "nan"),
    "an infinite length": (lambda: ssm.krylov(A2, B2, INF), "L", "inf"),
    "a step in rows": (lambda: ssm.discretize(A2, B2, [[1.0], [1.0, 2.0]]), "step", "[1.0]"),
    "a length in words": (lambda: ssm.krylov(A2, B2, "3"), "L", "3"),
    "a correlation that is an array": (lambda: prediction.ar1_cov([0.5, 0.6], 3), "phi", "[0.5, 0.6]"),
    "iterations that are no number": (lambda: recurrence.deer([[0.5]], [[1.0]], most=0.5), "most", "0.5"),
}


@pytest.mark.parametrize(("call", "argument", "value"), CALLS.values(), ids=CALLS)
def test_a_hostile_call_is_refused_by_name(call, argument, value):
    with pytest.raises(ValueError) as refused:  # noqa: PT011 (the words are looked at below)
        call()
    words = str(refused.value)
    assert re.search(rf"\b{argument}\b", words)
    assert value in words
