"""How the scan and DEER grow with the length of a sequence, beside the loops that they replace."""

import numpy as np
from _timing import milliseconds, slope

from companion import recurrence

LENGTHS = (256, 1024, 4096, 16384)


def loop(G: np.ndarray, h: np.ndarray) -> np.ndarray:
    """The linear recurrence, step by step."""
    x, states = np.zeros(h.shape[1]), np.empty_like(h)
    for t in range(len(h)):
        x = states[t] = G[t] * x + h[t]
    return states


def main() -> None:
    rng, d = np.random.default_rng(0), 8
    A = rng.normal(size=(d, d))
    A *= 0.7 / np.abs(np.linalg.eigvals(A)).max()
    rows = {"linear, loop": [], "linear, scan": [], "tanh, loop": [], "tanh, DEER": []}
    for T in LENGTHS:
        G, h, u = rng.uniform(0.5, 1, (T, d)), rng.normal(size=(T, d)), 0.5 * rng.normal(size=(T, d))
        rows["linear, loop"].append(milliseconds(lambda G=G, h=h: loop(G, h)))
        rows["linear, scan"].append(milliseconds(lambda G=G, h=h: recurrence.scan(G, h)))
        rows["tanh, loop"].append(milliseconds(lambda u=u: recurrence.rnn(A, u)))
        rows["tanh, DEER"].append(milliseconds(lambda u=u: recurrence.deer(A, u)))
        np.testing.assert_allclose(recurrence.scan(G, h), loop(G, h), atol=1e-9)
        np.testing.assert_allclose(recurrence.deer(A, u), recurrence.rnn(A, u), atol=1e-8)
    print(f"Recurrences of width {d}, milliseconds on one CPU thread (DEER needs parallel hardware to pay)\n")
    print("| T |" + "".join(f" {T} |" for T in LENGTHS) + " log-log slope |")
    print("|---|" + "---:|" * (len(LENGTHS) + 1))
    for name, times in rows.items():
        print(f"| {name} |" + "".join(f" {t:.2f} |" for t in times) + f" {slope(LENGTHS, times):.2f} |")


if __name__ == "__main__":
    main()
