"""Fine-tuning a small network by six methods, with every product and every kept number counted on a tape.

The backbone has L blocks h_l = h_{l-1} + W2 tanh(W1 h_{l-1} + b1) + b2 of width d and expansion e; tokens are columns.
"full" and "bias" train parts of the blocks, "lora" adds B A to W1, "adapter" appends h + D tanh(E h), "input" adds one
trained vector to the input, and "ladder" reads the states h_l into a side network of width s = d/k, which is added to
h_L through a matrix (d, s). What is counted, `companion._tape` says. Sources:
Sung, Cho, Bansal, arXiv:2206.06522 (ladder); Hu et al., arXiv:2106.09685 (LoRA); Houlsby et al., arXiv:1902.00751
(adapters); Ben Zaken et al., arXiv:2106.10199 (biases).
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from companion._checks import count, finite, generator, one_of, positive, shaped
from companion._tape import Node, Tape

Array = NDArray[np.float64]
Params = dict[str, Array]

# The stems of the names of what a method trains; a stem and a block make a name, such as "W1.0".
TRAINED: dict[str, tuple[str, ...]] = {
    "full": ("W1", "W2", "b1", "b2"),
    "bias": ("b1", "b2"),
    "lora": ("A", "B"),
    "adapter": ("E", "D"),
    "input": ("shift",),
    "ladder": ("S1", "S2", "alpha", "down", "up"),
}
METHODS = tuple(TRAINED)


class Step(NamedTuple):
    """One pass forward and back: loss ½‖out − y‖², gradients by name, FLOPs, numbers kept, and the states h_0 … h_L."""

    loss: float
    grads: Params
    forward: int
    backward: int
    saved: int
    states: list[Array]


def toy(L: int, d: int, e: int, r: int, k: int, rng: np.random.Generator | None) -> Params:
    """A backbone and the parts of all methods, by name: entries normal/√columns; biases, gates and shift are 0.

    Drawn for block l = 0 … L−1 in the order W1, W2, A, B, E, D, S1, S2, down.(l+1), then down.0 and up. Weights are
    (rows, columns), biases and shift (rows, 1), gates numbers. Raises ValueError unless all sizes are at least 1 and k
    divides d.
    """
    L, d, e, r, k = (count(name, size) for name, size in zip("Lderk", (L, d, e, r, k), strict=True))
    rng = generator(rng)
    if d % k:
        raise ValueError(f"k must divide d = {d}, got {k}")
    shapes = _shapes(L, d, e, r, d // k)
    zero = ("b1", "b2", "alpha", "shift")
    return {
        name: np.zeros(shape) if _stem(name) in zero else rng.standard_normal(shape) / np.sqrt(shape[1])
        for name, shape in shapes.items()
    }


def identity_start(params: Mapping[str, ArrayLike]) -> Params:
    """The parameters with B, D, up and shift at 0, where every method leaves the backbone's output as it is."""
    outer = ("B", "D", "up", "shift")
    return {name: a * (_stem(name) not in outer) for name, a in _arrays(params).items()}


def step(
    method: str,
    params: Mapping[str, ArrayLike],
    x: ArrayLike,
    y: ArrayLike,
    first: int = 0,
    train: Collection[str] | None = None,
    stored: Sequence[ArrayLike] | None = None,
) -> Step:
    """One pass forward and back of ½‖out − y‖² for tokens x, y (d, T), with its costs as totals over T.

    Blocks from `first` (counted from 0) to the last carry the method's parts; "input" reaches down to the input always.
    `train` replaces the stems that get a gradient. `stored`, the states h_0 … h_L of an earlier step, spare a ladder
    the pass through the backbone. Raises ValueError for an unknown method or stem, a `first` at or above L, parameters
    that are not all those of `toy`, in their shapes and finite, tokens likewise, and stored states for any other
    method, since those change their own states.
    """
    one_of("method", method, METHODS)
    known = _known(params)
    L = _blocks(known)
    if count("first", first, least=0) >= L:
        raise ValueError(f"first must lie below the number of blocks, {L}, got {first}")
    x = finite("x", x, (known["W1.0"].shape[1], "T"))
    y = finite("y", y, x.shape)
    if isinstance(train, str) or not isinstance(train, Collection | None):
        raise ValueError(f"train must be a collection of stems, got {train!r}")
    trained = TRAINED[method] if train is None else tuple(train)
    for stem in trained:
        one_of("train", stem, sorted({_stem(name) for name in known}))
    if stored is None:
        return _step(method, known, x, y, first, trained)
    if method != "ladder" or set(trained) - set(TRAINED["ladder"]):
        raise ValueError(f"stored must be None unless a ladder alone is trained, got method {method!r}, {trained}")
    if not isinstance(stored, Sequence) and np.ndim(stored) == 0:
        raise ValueError(f"stored must hold the {L + 1} states h_0 … h_{L}, got {stored!r}")
    if len(stored) != L + 1:
        raise ValueError(f"stored must hold the {L + 1} states h_0 … h_{L}, got {len(stored)}")
    return _step(method, known, x, y, first, trained, [finite("stored", state, x.shape) for state in stored])


def _step(
    method: str,
    params: Params,
    x: Array,
    y: Array,
    first: int,
    trained: Sequence[str],
    stored: list[Array] | None = None,
) -> Step:
    """`step` for arguments that are known to be sound."""
    tape, nodes, L = Tape(), dict[str, Node](), _blocks(params)

    def node(stem: str, block: int | None = None) -> Node:
        name = stem if block is None else f"{stem}.{block}"
        if name not in nodes:
            nodes[name] = Node(params[name], stem in trained and (block is None or block >= first))
        return nodes[name]

    h = Node(x, False)
    if method == "input":
        h = tape.add(h, node("shift"))
    seen = [h] if stored is None else [Node(state, False) for state in stored]
    for block in range(L if stored is None else 0):
        has = block >= first
        inner = tape.product(node("W1", block), h)
        if method == "lora" and has:
            inner = tape.add(inner, tape.product(node("B", block), tape.product(node("A", block), h)))
        inner = tape.tanh(tape.add(inner, node("b1", block)))
        h = tape.add(h, tape.product(node("W2", block), inner), node("b2", block))
        if method == "adapter" and has:
            h = tape.add(h, tape.product(node("D", block), tape.tanh(tape.product(node("E", block), h))))
        seen.append(h)
    out = seen[-1]
    if method == "ladder":
        v = tape.product(node("down", first), seen[first])
        for block in range(first, L):
            z = tape.mix(node("alpha", block), tape.product(node("down", block + 1), seen[block + 1]), v)
            v = tape.add(z, tape.product(node("S2", block), tape.tanh(tape.product(node("S1", block), z))))
        out = tape.add(out, tape.product(node("up"), v))
    error = out.value - y
    if out.needs:
        tape.pull(out, error)
    grads = {name: node.grad for name, node in nodes.items() if node.needs and node.grad is not None}
    return Step(float(np.sum(error**2) / 2), grads, tape.forward, tape.backward, tape.saved, [s.value for s in seen])


def states(params: Mapping[str, ArrayLike], x: ArrayLike) -> list[Array]:
    """The states h_0 … h_L of the backbone, each (d, T), for tokens x (d, T). Raises ValueError as `step` does."""
    return step("full", params, x, x, train=()).states


def fit(
    method: str,
    params: Mapping[str, ArrayLike],
    x: ArrayLike,
    y: ArrayLike,
    steps: int,
    lr: float,
    first: int = 0,
) -> tuple[Params, Array]:
    """Adam (.9, .99) on the loss per token: the parameters after `steps` steps, and the losses (steps + 1,).

    A ladder goes through the backbone once and then trains on the stored states. Raises ValueError as `step` does, for
    a learning rate that is not positive, and when the loss is no longer finite.
    """
    steps = count("steps", steps, least=0)
    positive(lr=lr)
    now = step(method, params, x, y, first)
    tuned = {name: np.array(array, dtype=np.float64) for name, array in params.items()}
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    stored, tokens = now.states if method == "ladder" else None, x.shape[1]
    mean, square = ({name: np.zeros_like(tuned[name]) for name in now.grads} for _ in range(2))
    losses = [now.loss / tokens]
    for t in range(1, steps + 1):
        for name, grad in now.grads.items():
            grad = grad / tokens
            mean[name] = 0.9 * mean[name] + 0.1 * grad
            square[name] = 0.99 * square[name] + 0.01 * grad**2
            tuned[name] -= lr * mean[name] / (1 - 0.9**t) / (np.sqrt(square[name] / (1 - 0.99**t)) + 1e-8)
        now = _step(method, tuned, x, y, first, TRAINED[method], stored)
        losses.append(now.loss / tokens)
    if not np.isfinite(losses[-1]):
        raise ValueError(f"lr must be smaller for the loss to stay finite, got {lr}")
    return tuned, np.array(losses)


def cost(method: str) -> dict[str, sp.Expr]:
    """FLOPs forward and backward, numbers kept (all per token) and parameters trained, in the symbols L, n, d, e, r, k.

    n is the number of top blocks that carry the method's parts, n ≤ L; s = d/k. Keys: forward, backward, saved, params.
    """
    one_of("method", method, METHODS)
    L, n, d, e, r, k = sp.symbols("L n d e r k", positive=True)
    s, both = d / k, 4 * e * d**2
    low, once = (1 + e) * d * r, both * n - 2 * e * d**2
    return {
        "full": _cost(both * L, 2 * both * n - 2 * e * d**2, n * (1 + e) * d, (2 * e * d**2 + (e + 1) * d) * n),
        "bias": _cost(both * L, once, n * e * d, (e + 1) * d * n),
        "lora": _cost(both * L + 2 * n * low, once + n * (4 * e + 2) * d * r + 2 * (n - 1) * d * r,
                      n * (d + r + e * d), n * low),
        "adapter": _cost(both * L + 4 * n * d * r, both * (n - 1) + 6 * n * d * r + 2 * (n - 1) * d * r,
                         n * (d + r) + (n - 1) * e * d, 2 * d * r * n),
        "input": _cost(both * L, both * L, L * e * d, d),
        "ladder": _cost(both * L + 4 * e * s**2 * n + 2 * d * s * (n + 2), 8 * e * s**2 * n + 2 * d * s * (n + 3),
                        (n + 1) * d + n * (2 * s + e * s) + s, 2 * e * s**2 * n + d * s * (n + 2) + n),
    }[method]  # fmt: skip


def _cost(forward: sp.Expr, backward: sp.Expr, saved: sp.Expr, params: sp.Expr) -> dict[str, sp.Expr]:
    return {"forward": forward, "backward": backward, "saved": saved, "params": params}


def _shapes(L: int, d: int, e: int, r: int, s: int) -> dict[str, tuple[int, ...]]:
    """The shapes of all parameters by name, in the order in which `toy` draws them."""
    shapes: dict[str, tuple[int, ...]] = {}
    for block in range(L):
        here: dict[str, tuple[int, ...]] = {"W1": (e * d, d), "W2": (d, e * d), "A": (r, d), "B": (e * d, r)}
        here |= {"E": (r, d), "D": (d, r), "S1": (e * s, s), "S2": (s, e * s)}
        here |= {"b1": (e * d, 1), "b2": (d, 1), "alpha": ()}
        shapes |= {f"{stem}.{block}": shape for stem, shape in here.items()} | {f"down.{block + 1}": (s, d)}
    return shapes | {"down.0": (s, d), "up": (d, s), "shift": (d, 1)}


def _known(params: Mapping[str, ArrayLike]) -> Params:
    """The parameters as finite arrays, all of them, in shapes that fit together."""
    known = _arrays(params)
    sizes = {"W1.0": ("ed", "d"), "A.0": ("r", "d"), "down.0": ("s", "d")}
    if missing := set(sizes) - set(known):
        raise ValueError(f"params must hold what `toy` makes, {min(missing)} too, got {sorted(known)}")
    for name, shape in sizes.items():
        shaped(name, known[name], shape)
    inner, d = known["W1.0"].shape
    for name, wanted in _shapes(_blocks(known), d, max(inner // d, 1), len(known["A.0"]), len(known["down.0"])).items():
        if name not in known:
            raise ValueError(f"params must hold what `toy` makes, {name} too, got {sorted(known)}")
        shaped(name, known[name], wanted)
    return known


def _arrays(params: Mapping[str, ArrayLike]) -> Params:
    if not isinstance(params, Mapping):
        raise ValueError(f"params must be a mapping from names to arrays, got {params!r}")
    return {name: finite(name, array) for name, array in params.items()}


def _blocks(params: Mapping[str, ArrayLike]) -> int:
    return sum(name.startswith("W1.") for name in params)


def _stem(name: str) -> str:
    return name.partition(".")[0]
