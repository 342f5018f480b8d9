"""How fast 10,000 particles walk 200 steps in an exact three-component mixture, by the ODE and by the SDE.

The plain way beside it: one particle after the other (measured on 20 of them, and scaled up).
"""

import numpy as np
from _timing import print_seconds

from companion import mixtures, samplers, schedules

PARTICLES, STEPS, PLAIN = 10_000, 200, 20


def main() -> None:
    m, times = mixtures.named("asymmetric3"), np.linspace(1, 0, STEPS + 1)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((PARTICLES, 1))
    v = samplers.velocity(m, "vp")

    def drift(x: np.ndarray, t: float) -> np.ndarray:
        f, g2 = schedules.sde("vp", t)
        return f * x - g2 * mixtures.score(m, x, *schedules.kernel("vp", t))

    def diffusion(t: float) -> float:
        return float(np.sqrt(schedules.sde("vp", t)[1]))

    rows = [
        ("probability-flow ODE, Euler", lambda: samplers.ode(v, x, times), 1),
        ("probability-flow ODE, Heun", lambda: samplers.ode(v, x, times, "heun"), 1),
        ("reverse SDE, Euler–Maruyama", lambda: samplers.sde(drift, diffusion, x, times, rng), 1),
        (
            "ODE, Euler, one particle at a time",
            lambda: [samplers.ode(v, one, times) for one in x[:PLAIN]],
            PARTICLES / PLAIN,
        ),
    ]
    print(f"{PARTICLES:,} particles, {STEPS} steps, three components in one dimension\n")
    print_seconds("walk", rows)


if __name__ == "__main__":
    main()
