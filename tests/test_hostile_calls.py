"""Calls that a tired reader makes: each is refused, and the refusal names the argument and the value."""

import re

import numpy as np
import pytest
import sympy as sp

from companion import (
    analytic,
    attention,
    autoregressive,
    entmax,
    finetune,
    flows,
    gaussian,
    hippo,
    information,
    lora,
    lowrank,
    matrices,
    mixtures,
    parameters,
    prediction,
    quadratic,
    rational,
    recurrence,
    reflow,
    ridge,
    samplers,
    scans,
    schedules,
    softmax,
    ssm,
    svd,
)

NAN, INF = np.nan, np.inf
LINE, PLANE = mixtures.named("bimodal"), mixtures.named("ring8")
LEVELS, TIMES = ([1.0, 0.8, 0.5], [0.0, 0.6, 0.9]), [0.0, 0.5, 1.0]
GRID = np.linspace(-4, 4, 81)
BELL = np.exp(-(GRID**2) / 2) / np.sqrt(2 * np.pi)
A2, B2, C2 = -np.eye(2), np.ones(2), np.ones(2)
TOY, X = finetune.toy(1, 2, 1, 1, 1, np.random.default_rng(0)), np.ones((2, 3))
z = sp.symbols("z")


def rng():
    return np.random.default_rng(0)


def broken(x, *_):
    """A field with a NaN in it."""
    values = np.zeros_like(x)
    values[0] = NAN
    return values


def product_of(text):
    """The product of two given matrices."""
    premises = matrices.Premises()
    first, second = premises.given(text)
    return premises.rules().reduce(first * second)


def square_root_rule():
    """A rule that holds for projectors, of any matrix."""
    premises = matrices.Premises()
    C = premises.given("C n×n")
    return premises.rules((C * C, C))


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
    "a NaN gradient": (lambda: lora.init([[NAN, 1.0], [0.0, 1.0]], 1), "G", "nan"),
    "a gradient in words": (lambda: lora.init([["up", "down"]] * 2, 1), "G", "up"),
    "a rank of zero": (lambda: lora.init(np.eye(4), 0), "r", "0"),
    "a rank above half": (lambda: lora.init(np.eye(4), 3), "r", "3"),
    "a rank between two": (lambda: lora.init(np.eye(4), 1.5), "r", "1.5"),
    "a NaN metric": (lambda: lora.init(np.eye(2), 1, metric=([[NAN, 0], [0, 1]], np.eye(2))), "C1", "nan"),
    "a metric that is not positive": (lambda: lora.init(np.eye(2), 1, metric=(np.eye(2), -np.eye(2))), "C2", "-1"),
    "a sketch without a generator": (lambda: lora.sketch(np.eye(4), 2, None), "rng", "None"),
    "a NaN rate of a step": (lambda: lora.step(np.eye(2), np.ones((2, 1)), np.ones((1, 2)), NAN), "lr", "nan"),
    "factors that do not chain": (lambda: lora.step(np.eye(2), np.ones((3, 1)), np.ones((1, 2)), 1.0), "A", "(3, 1)"),
    "a NaN factor": (lambda: lora.alignment(np.eye(2), [[NAN], [1.0]], np.ones((1, 2))), "A", "nan"),
    "a NaN gamma": (lambda: lora.stable_scale(16, NAN), "gamma", "nan"),
    "a negative seed": (lambda: quadratic.quadratic_task((-1,)), "seeds", "-1"),
    "a NaN decay": (lambda: quadratic.quadratic_task((1,), decay=NAN), "decay", "nan"),
    "a condition below one": (lambda: quadratic.quadratic_task((1,), conditioning=(20, 0.1)), "conditioning", "0.1"),
    "a NaN matrix, tail": (lambda: quadratic.tail([[NAN]], 0), "M", "nan"),
    "a NaN rate": (lambda: quadratic.descend(quadratic.quadratic_task((1,)), None, None, NAN, 1), "lr", "nan"),
    "an infinite logit, Taylor": (lambda: softmax.taylor_softmax([0.0, INF]), "x", "inf"),
    "a NaN order": (lambda: entmax.entmax([0.0, 1.0], NAN), "order", "nan"),
    "a class that is not there": (lambda: entmax.entmax_loss([0.0, 1.0], 2), "target", "2"),
    "a class between two": (lambda: entmax.entmax_loss([0.0, 1.0], 0.5), "target", "0.5"),
    "a NaN temperature": (lambda: softmax.margin_loss([0.0, 1.0], 0, tau=NAN), "tau", "nan"),
    "an unknown noise": (lambda: softmax.perturb_max([0.0, 1.0], "cauchy"), "noise", "cauchy"),
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
    "a NaN matrix, SVD": (lambda: svd.svd([[1.0, NAN]]), "M", "nan"),
    "an infinite matrix, cut": (lambda: svd.truncate([[1.0, INF]], 1), "M", "inf"),
    "a complex matrix, cut": (lambda: svd.truncate(np.array([[1j]]), 1), "M", "1j"),
    "a rank of 0": (lambda: svd.truncate(np.eye(3), 0), "r", "0"),
    "more rank than there is": (lambda: svd.truncate(np.ones((2, 5)), 3), "r", "3"),
    "half a rank": (lambda: svd.tail([2.0, 1.0], 1.5), "r", "1.5"),
    "singular values that rise": (lambda: svd.tail([1.0, 2.0], 1), "s", "2.0"),
    "an unknown norm": (lambda: svd.tail([2.0, 1.0], 1, "nuclear"), "norm", "nuclear"),
    "a stack of no 2×2 matrices": (lambda: svd.svd2(np.ones((4, 2, 3))), "M", "(4, 2, 3)"),
    "a vector, SVD": (lambda: svd.svd([1.0, 2.0]), "M", "(2,)"),
    "floats, exact SVD": (lambda: svd.svd_exact(sp.Matrix([[0.5]])), "M", "0.5"),
    "a seed, randomised SVD": (lambda: svd.randomized_svd(np.eye(3), 1, rng=0), "rng", "0"),
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
    "a NaN matrix, pseudo-inverse": (lambda: lowrank.pinv([[NAN, 1.0]]), "A", "nan"),
    "a batch of matrices, pseudo-inverse": (lambda: lowrank.pinv(np.ones((2, 2, 2))), "A", "(2, 2, 2)"),
    "a complex matrix, pseudo-inverse": (lambda: lowrank.pinv([[1j]]), "A", "1j"),
    "a NaN tolerance": (lambda: lowrank.pinv(np.eye(2), NAN), "rtol", "nan"),
    "a negative ridge": (lambda: lowrank.ridge_inverse(np.eye(2), -0.5), "eps", "-0.5"),
    "one ridge of several is zero": (lambda: lowrank.ridge_inverse(np.eye(2), [1.0, 0.0]), "eps", "0.0"),
    "an infinite ridge": (lambda: lowrank.ridge_inverse(np.eye(2), INF), "eps", "inf"),
    "an infinite matrix, ridge": (lambda: lowrank.ridge_inverse([[INF]], 1.0), "A", "inf"),
    "a zero matrix, Newton": (lambda: lowrank.newton(np.zeros((2, 3)), 3), "A", "0"),
    "steps that are no number": (lambda: lowrank.newton(np.eye(2), NAN), "steps", "nan"),
    "a NaN start, Newton": (lambda: lowrank.newton([[1.0]], 2, [[NAN]]), "start", "nan"),
    "products that do not chain": (lambda: product_of("A n×r, B n×r"), "sizes", "A·B"),
    "a matrix without sizes among words": (lambda: matrices.Premises().given("A n by r"), "text", "A n by r"),
    "sizes in words": (lambda: matrices.Premises("tall"), "sizes", "tall"),
    "a rule that does not hold": (lambda: square_root_rule(), "rule", "C**2"),
    "a NaN pixel": (lambda: autoregressive.patchify([[[NAN]]], 1, 1), "image", "nan"),
    "a patch in words": (lambda: autoregressive.unpatchify([[["grey"]]], 1, 1), "patches", "grey"),
    "a NaN copy": (lambda: autoregressive.step_moments(LINE, NAN, 1.0, 0.5), "x", "nan"),
    "a step to more noise": (lambda: autoregressive.step_moments(LINE, 0.0, 1.0, 2.0), "a", "2.0"),
    "a NaN step": (lambda: autoregressive.step_moments(LINE, 0.0, 1.0, NAN), "a", "nan"),
    "a step in the plane": (lambda: autoregressive.step_moments(PLANE, [0.0, 0.0], 1.0, 0.5), "m", "2"),
    "NaN noise, negentropy": (lambda: autoregressive.gaussianity(LINE, NAN), "s", "nan"),
    "half a patch": (lambda: autoregressive.patch_diffusion_mask(2.5, 2), "n", "2.5"),
    "an infinite pull": (lambda: autoregressive.grid_precision(2, 2, INF), "kappa", "inf"),
    "a NaN covariance, order": (lambda: autoregressive.conditional_variances([[NAN]], [0]), "cov", "nan"),
    "an order with a gap": (lambda: autoregressive.conditional_variances(np.eye(2), [0, 2]), "order", "2.0"),
    "a memory in words": (lambda: autoregressive.window_excess(np.eye(2), [0, 1], ["all", "all"]), "seen", "all"),
    "a NaN memory": (lambda: autoregressive.window_excess(np.eye(2), [0, 1], NAN), "seen", "nan"),
    "no columns": (lambda: autoregressive.nearest([0, 1], 0, 1), "w", "0"),
    "a NaN order of cells": (lambda: scans.bandwidth([0, NAN], [[0, 1]]), "order", "nan"),
    "an edge to nowhere": (lambda: scans.bandwidth([0, 1], [[0, NAN]]), "edges", "nan"),
    "half a row": (lambda: scans.scan_order("raster", 1.5, 2), "h", "1.5"),
    "a seed for a scan": (lambda: scans.scan_order("random", 2, 2, 0), "rng", "0"),
    "a NaN weight, tuned": (lambda: finetune.step("full", TOY | {"W2.0": [[NAN]]}, X, X), "W2.0", "nan"),
    "a NaN token": (lambda: finetune.step("bias", TOY, X * NAN, X), "x", "nan"),
    "infinite targets": (lambda: finetune.fit("lora", TOY, X, X + INF, 3, 0.1), "y", "inf"),
    "targets of other tokens": (lambda: finetune.step("bias", TOY, X, X[:, :1]), "y", "(2, 1)"),
    "tokens as rows": (lambda: finetune.states(TOY, np.ones((3, 4))), "x", "(3, 4)"),
    "a method by its paper": (lambda: finetune.fit("BitFit", TOY, X, X, 3, 0.1), "method", "BitFit"),
    "a negative block": (lambda: finetune.step("full", TOY, X, X, first=-1), "first", "-1"),
    "half a step": (lambda: finetune.fit("full", TOY, X, X, 1.5, 0.1), "steps", "1.5"),
    "a rate in words": (lambda: finetune.fit("full", TOY, X, X, 1, "fast"), "lr", "fast"),
    "states stored for LoRA": (lambda: finetune.step("lora", TOY, X, X, stored=[X, X]), "stored", "lora"),
    "a stored state that is NaN": (lambda: finetune.step("ladder", TOY, X, X, stored=[X, X * NAN]), "stored", "nan"),
    "a reduction that does not divide": (lambda: finetune.toy(1, 4, 1, 1, 3, rng()), "k", "3"),
    "a seed, toy": (lambda: finetune.toy(1, 4, 1, 1, 2, 0), "rng", "0"),
    "no layers": (lambda: parameters.t5_parameters(4, 4, 1, 4, 0), "layers", "0"),
    "a ladder longer than its model": (
        lambda: parameters.ladder_parameters(4, 4, 1, 4, 2, 2, 3),
        "side_layers",
        "3",
    ),
    "iterations that are no number": (lambda: recurrence.deer([[0.5]], [[1.0]], most=0.5), "most", "0.5"),
    # ReFlow and the critic without time
    "a NaN point, critic": (lambda: reflow.critic(LINE, LINE, [NAN]), "x", "nan"),
    "points with a space axis, critic": (lambda: reflow.critic(LINE, LINE, [[0.0], [1.0]]), "x", "(2, 1)"),
    "a critic in the plane": (lambda: reflow.critic(PLANE, PLANE, [0.0]), "q", "2"),
    "a critic of a point mass": (lambda: reflow.critic(LINE, mixtures.named("point"), [0.0]), "p", "without spread"),
    "a critic of far needles": (
        lambda: reflow.critic(LINE, mixtures.mixture([1.0], [500.0], 0.01), [0.0]),
        "nodes",
        "1000",
    ),
    "a value of far needles": (
        lambda: reflow.critic_value(LINE, mixtures.mixture([1.0], [500.0], 0.01)),
        "nodes",
        "1000",
    ),
    "no window": (lambda: reflow.critic(LINE, LINE, [0.0], window=0.0), "window", "0.0"),
    "a window beyond the data": (lambda: reflow.critic(LINE, LINE, [0.0], window=1.01), "window", "1.01"),
    "a NaN window": (lambda: reflow.critic(LINE, LINE, [0.0], window=NAN), "window", "nan"),
    "no penalty": (lambda: reflow.critic(LINE, LINE, [0.0], weight=0), "weight", "0"),
    "a negative centre": (lambda: reflow.critic(LINE, LINE, [0.0], center=-1), "center", "-1"),
    "half a time node": (lambda: reflow.critic(LINE, LINE, [0.0], nodes=2.5), "nodes", "2.5"),
    "one point to integrate on": (lambda: reflow.critic_value(LINE, LINE, points=1), "points", "1"),
    "mixtures of two spaces": (lambda: reflow.interpolant(LINE, PLANE, 0.5), "p", "2"),
    "a time before the start": (lambda: reflow.velocity(LINE, LINE, [[0.0]], -0.1), "t", "-0.1"),
    "a time beyond the data": (lambda: reflow.velocity(LINE, LINE, [[0.0]], 1.1), "t", "1.1"),
    "points of another space, velocity": (lambda: reflow.velocity(LINE, LINE, [[0.0, 1.0]], 0.5), "x", "(1, 2)"),
    "a generator without spread": (lambda: reflow.train(0.0, 0.0, LINE, 5, 0.1), "sd", "0.0"),
    "a generator that collapses": (lambda: reflow.train(0.0, 1.0, LINE, 50, 90.0), "rate", "90.0"),
    "no steps of training": (lambda: reflow.train(0.0, 1.0, LINE, 0, 0.1), "steps", "0"),
    # Flows of a generator's density
    "a density with a zero": (lambda: flows.density_flow(np.append(BELL[:-1], 0), BELL, GRID, TIMES), "p", "0.0"),
    "a negative cloud": (lambda: flows.density_flow(BELL, -BELL, GRID, TIMES), "q", "-"),
    "a NaN cloud": (lambda: flows.density_flow(BELL, np.append(BELL[:-1], NAN), GRID, TIMES), "q", "nan"),
    "two clouds at once": (lambda: flows.density_flow(BELL, np.array([BELL, BELL]), GRID, TIMES), "q", "(2, 81)"),
    "a grid in uneven steps": (lambda: flows.density_flow(BELL, BELL, np.sinh(GRID), TIMES), "grid", "-27.28"),
    "a grid that falls": (lambda: flows.relaxation_rates(BELL, GRID[::-1]), "grid", "4.0"),
    "a cloud on another grid": (lambda: flows.divergence("kl", BELL, BELL[:-1], GRID), "q", "(80,)"),
    "times that stand still": (lambda: flows.density_flow(BELL, BELL, GRID, [0.0, 1.0, 1.0]), "times", "1.0"),
    "an unknown loss": (lambda: flows.log_rescale("wasserstein", 0.0), "loss", "wasserstein"),
    "an unknown loss of a cloud": (lambda: flows.density_flow(BELL, BELL, GRID, [0.0], "vanilla"), "loss", "vanilla"),
    "an unknown divergence": (lambda: flows.divergence("chi2", BELL, BELL, GRID), "name", "chi2"),
    "an infinite logit": (lambda: flows.log_rescale("ns", INF), "u", "inf"),
    "a NaN shift of the logit": (lambda: flows.density_flow(BELL, BELL, GRID, TIMES, shift=NAN), "shift", "nan"),
    "an infinite cap": (lambda: flows.density_flow(BELL, BELL, GRID, TIMES, cap=INF), "cap", "inf"),
    "as many rates as points": (lambda: flows.relaxation_rates(BELL, GRID, n=81), "n", "81"),
    "a flowing generator without spread": (lambda: flows.generator_velocity(LINE, 0.0, 0.0), "b", "0.0"),
    "a generator in the plane": (lambda: flows.generator_velocity(PLANE, 0.0, 1.0), "m", "2"),
    "a generator that collapsed": (lambda: flows.generator_flow(LINE, 0.0, 1e-6, [0, 1]), "n", "1e-06"),
    "a generator of negative spread": (lambda: flows.generator_flow(LINE, 0.0, -1.0, [0, 1]), "b", "-1.0"),
    "one time for a path": (lambda: flows.generator_flow(LINE, 0.0, 1.0, [0.0]), "times", "0.0"),
    "a path in the plane": (lambda: flows.generator_flow(PLANE, 0.0, 1.0, [0, 1]), "m", "2"),
}


@pytest.mark.parametrize(("call", "argument", "value"), CALLS.values(), ids=CALLS)
def test_a_hostile_call_is_refused_by_name(call, argument, value):
    with pytest.raises(ValueError) as refused:  # noqa: PT011 (the words are looked at below)
        call()
    words = str(refused.value)
    assert re.search(rf"\b{argument}\b", words)
    assert value in words
