"""The smallest language model that trains: an embedding, one linear branch that starts at zero, RMSNorm, an output.

Token i with the embedding w_i becomes x_i = w_i + w_i B, then h_i = x_i/rms(x_i), is mixed as `companion.embedding.mix`
does it, and meets the output rows. The language is a table of pairs, so that loss and gradient are exact: no batches.
Source of the setting: Su Jianlin, https://kexue.fm/archives/9698.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy

from companion._checks import count, finite, generator, number, one_of, positive
from companion.embedding import SCHEMES, mix

Array = NDArray[np.float64]
Parameters = dict[str, NDArray[np.float32]]
ADAM = (0.9, 0.95, 1e-12)  # decay of the mean, decay of the square, and what keeps the division from failing


def language(n: int, rng: np.random.Generator, repeats: float = 0.0, spread: float = 1.5) -> Array:
    """A random language of pairs: joint probabilities (n, n) of a token (rows) and the next one (columns).

    The next token is the same one with probability `repeats`; else another one j, with probability proportional to
    exp(spread·normal)/rank_j for a random ranking, by Zipf's law. The rows' sums are the stationary distribution.
    Raises ValueError for n below 3, repeats outside [0, 1) or a spread that is negative.
    """
    n = count("n", n, least=3)
    generator(rng)
    if not 0 <= number("repeats", repeats) < 1:
        raise ValueError(f"repeats must lie in [0, 1), got {repeats!r}")
    weights = np.exp(number("spread", spread, least=0) * rng.normal(size=(n, n))) / (1 + rng.permutation(n))
    np.fill_diagonal(weights, 0)
    next_token = weights / weights.sum(axis=1, keepdims=True)
    # The stationary m solves m = m T; repeats do not change it.
    system = np.vstack([next_token.T - np.eye(n), np.ones(n)])
    m = np.linalg.lstsq(system, np.append(np.zeros(n), 1.0), rcond=None)[0]
    joint: Array = m[:, None] * ((1 - repeats) * next_token + repeats * np.eye(n))
    return joint


def entropy(joint: ArrayLike) -> float:
    """The entropy of the next token given the last one, in nats: the least loss that any model of pairs can have."""
    joint = _joint(joint)
    return float(xlogy(joint.sum(axis=1), joint.sum(axis=1)).sum() - xlogy(joint, joint).sum())


def start(n: int, d: int, sigma: float, scheme: str, rng: np.random.Generator) -> Parameters:
    """Parameters at the start: W (n, d) of spread sigma, B = 0, V (n, d) if 'untied', a random P if 'orthogonal'."""
    n, d = count("n", n, least=2), count("d", d)
    positive(sigma=sigma)
    one_of("scheme", scheme, SCHEMES)
    generator(rng)
    found = {"W": sigma * rng.normal(size=(n, d)), "B": np.zeros((d, d))}
    if scheme == "untied":
        found["V"] = sigma * rng.normal(size=(n, d))
    if scheme == "orthogonal":
        found["P"] = np.linalg.qr(rng.normal(size=(d, d)))[0]
    return {name: value.astype(np.float32) for name, value in found.items()}


def gradients(parameters: Parameters, joint: ArrayLike, scheme: str, masked: bool = False) -> tuple[float, Parameters]:
    """The loss in nats and its gradients, for parameters as `start` gives them and a language (n, n).

    With `masked`, a token cannot follow itself: its logit is left out of the softmax. Computed in the parameters'
    precision; cost O(n²d). Raises ValueError for another shape, or repeats in the language of a masked model.
    """
    one_of("scheme", scheme, SCHEMES)
    W, B = parameters["W"], parameters["B"]
    joint = finite("joint", joint, (len(W), len(W)), least=0).astype(W.dtype)
    if masked and np.trace(joint) > 0:
        raise ValueError(f"joint must have no repeats for a masked model, got {np.trace(joint):.3g} of them")
    M = parameters["P"] if scheme == "orthogonal" else mix(np.eye(len(B)), scheme).astype(W.dtype)
    out = parameters["V"] if scheme == "untied" else W
    m = joint.sum(axis=1, keepdims=True)
    x = W + W @ B
    rms = np.sqrt((x * x).mean(axis=1, keepdims=True))
    h = x / rms
    mixed = h @ M
    z = mixed @ out.T
    hit = float(np.vdot(joint, z))  # before the mask, which nothing of the language meets
    if masked:
        np.fill_diagonal(z, -np.inf)
    top = z.max(axis=1, keepdims=True)
    e = np.exp(z - top)
    total = e.sum(axis=1, keepdims=True)
    loss = float((m * (np.log(total) + top)).sum()) - hit
    dz = m * (e / total) - joint
    dout, dmixed = dz.T @ mixed, dz @ out
    dh = dmixed @ M.T
    dx = (dh - h * (dh * h).mean(axis=1, keepdims=True)) / rms
    found = {"W": dx + dx @ B.T, "B": W.T @ dx}
    if scheme == "untied":
        found["V"] = dout
    else:
        found["W"] = found["W"] + dout
    if scheme == "orthogonal":
        found["P"] = h.T @ dmixed
    return loss, found


def train(
    joint: ArrayLike,
    d: int,
    sigma: float,
    scheme: str,
    rate: float,
    steps: int,
    rng: np.random.Generator,
    optimizer: str = "adam",
    masked: bool = False,
) -> Array:
    """The loss before each step and after the last one (steps + 1,), in nats; optimizer 'adam' or 'sgd'.

    All parameters are trained, at one constant rate and in single precision; `masked` as in `gradients`. A run that
    diverges has losses of infinity. Cost O(steps·n²d). Raises ValueError as `start` and `gradients` do.
    """
    joint, steps = _joint(joint), count("steps", steps)
    positive(rate=rate)
    one_of("optimizer", optimizer, ("adam", "sgd"))
    parameters = start(len(joint), d, sigma, scheme, rng)
    mean = {name: np.zeros_like(value) for name, value in parameters.items()}
    square = {name: np.zeros_like(value) for name, value in parameters.items()}
    first, second, least = ADAM
    losses = np.full(steps + 1, np.inf)
    with np.errstate(all="ignore"):
        for t in range(steps + 1):
            loss, found = gradients(parameters, joint, scheme, masked)
            if not np.isfinite(loss):
                break
            losses[t] = loss
            for name, value in parameters.items():
                slope = found[name]
                if optimizer == "adam":
                    mean[name] += (1 - first) * (slope - mean[name])
                    square[name] += (1 - second) * (slope * slope - square[name])
                    unbiased = mean[name] / (1 - first ** (t + 1))
                    slope = unbiased / (np.sqrt(square[name] / (1 - second ** (t + 1))) + least)
                value -= np.float32(rate) * slope
    return losses


def _joint(joint: ArrayLike) -> Array:
    """The argument `joint` (n, n), if it is a joint distribution."""
    found = finite("joint", joint, ("n", "n"), least=0)
    if found.shape[0] != found.shape[1]:
        raise ValueError(f"joint must have shape (n, n), got {found.shape}")
    if abs(found.sum() - 1) > 1e-6:
        raise ValueError(f"joint must sum to 1, got a sum of {found.sum():.6g}")
    return found
