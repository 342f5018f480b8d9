"""How fast 10,000 points in the plane take 100 DDIM steps, against the exact mixture of eight islands.

The plain way beside it: one point after the other (measured on 20 of them, and scaled up).
"""

import numpy as np
from _timing import print_seconds

from companion import mixtures, samplers, schedules

POINTS, STEPS, PLAIN = 10_000, 100, 20


def main() -> None:
    m = mixtures.named("ring8")
    signal, noise = schedules.shortened(STEPS)
    eps, sigma = samplers.eps_model(m, signal, noise), samplers.step_sigma(signal, noise)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((POINTS, 2))
    rows = [
        ("DDIM", lambda: samplers.reverse(eps, signal, noise, 0.0, x), 1),
        ("DDPM (η = 1)", lambda: samplers.reverse(eps, signal, noise, sigma, x, rng), 1),
        (
            "DDIM, one point at a time",
            lambda: [samplers.reverse(eps, signal, noise, 0.0, one) for one in x[:PLAIN]],
            POINTS / PLAIN,
        ),
    ]
    print(f"{POINTS:,} points, {STEPS} steps, eight components in two dimensions\n")
    print_seconds("sampler", rows)


if __name__ == "__main__":
    main()
