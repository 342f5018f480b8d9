"""Distillation's gradient by the identity against the naive one, on students that make points.

First what one draw of noise for each point is worth, at equal samples. The goal is half the gradient of L₁ by central
differences; bias and noise (the standard deviation of one draw) are relative to its length. "draws" is how many of them
bring the root mean square error below a tenth, where the bias allows it at all. The data are five point masses, and the
student has displaced each of them at random, so that it can reach the goal.

Then the time of the exact gradient on 'bimodal': with the identity in one pass, and the plain way by differences of L₁,
which has to make the denoiser anew for each point twice.
"""

import math

import numpy as np
from _timing import milliseconds, slope

from companion import distill, mixtures

DISTANCES, DRAWS, NOISE = (0.5, 0.1, 0.02), 40_000, 0.5
MASSES = mixtures.mixture(np.full(5, 0.2), [-2.0, -1.2, -0.1, 0.9, 1.8], 0.0)
LOSSES = {"naive": "naive", "λ = 0": 0.0, "λ = 1/2": 0.5, "λ = 1": 1.0, "λ = 1.2": 1.2}
SIZES, BIMODAL, NODES = (8, 16, 32, 64), mixtures.named("bimodal"), 31


def by_differences(theta: np.ndarray, data: mixtures.Mixture, noise: float, nodes: int = NODES) -> np.ndarray:
    """The gradient of L₁, the plain way."""
    h, made = 1e-5, np.empty_like(theta)
    for k in range(len(theta)):
        step = np.zeros_like(theta)
        step[k] = h
        up, down = (distill.score_gap(theta + sign * step, data, 1, noise, nodes) for sign in (1, -1))
        made[k] = (up - down) / (2 * h)
    return made


def worth(loss: str | float, theta: np.ndarray, goal: np.ndarray) -> tuple[float, float]:
    """Bias and noise of one draw, relative to the goal; the bias by quadrature."""
    drawn = distill.drawn_gradients(loss, theta, MASSES, DRAWS, np.random.default_rng(1), 1, NOISE)
    bias = distill.particle_gradient(loss, theta, MASSES, 1, NOISE, 61) - goal
    size = np.linalg.norm(goal)
    return float(np.linalg.norm(bias) / size), float(np.sqrt(drawn.var(axis=0).sum()) / size)


def main() -> None:
    """Check that both ways agree, then print both tables."""
    print("What one draw is worth, five point masses:\n")
    print("| displaced by | loss | bias | noise of one draw | draws for an error of 10 % |\n|---:|---|---:|---:|---:|")
    for distance in DISTANCES:
        theta = MASSES.means[:, 0] + distance * np.random.default_rng(0).standard_normal(5)
        goal = by_differences(theta, MASSES, NOISE, 61) / 2
        for name, loss in LOSSES.items():
            bias, noise = worth(loss, theta, goal)
            draws = f"{math.ceil(noise**2 / (0.01 - bias**2)):,}" if bias < 0.1 else "never"
            print(f"| {distance} | {name} | {bias:.4f} | {noise:.2f} | {draws} |")
    print("\nThe exact gradient for K points, 'bimodal':\n")
    print("| K | by the identity, ms | by differences, ms | ratio |\n|---:|---:|---:|---:|")
    spent = []
    for K in SIZES:
        theta = np.random.default_rng(0).standard_normal(K)
        fast = distill.particle_gradient("exact", theta, BIMODAL, 1, 1, NODES)
        assert np.allclose(fast, by_differences(theta, BIMODAL, 1), atol=1e-6)
        times = (
            milliseconds(lambda theta=theta: distill.particle_gradient("exact", theta, BIMODAL, 1, 1, NODES)),
            milliseconds(lambda theta=theta: by_differences(theta, BIMODAL, 1)),
        )
        spent.append(times)
        print(f"| {K} | {times[0]:.2f} | {times[1]:.1f} | {times[1] / times[0]:.0f} |")
    growth = [f"{slope(SIZES, column):.2f}" for column in zip(*spent, strict=True)]
    print(f"| slope | {growth[0]} | {growth[1]} | |")


if __name__ == "__main__":
    main()
