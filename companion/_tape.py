"""A reverse-mode tape that counts: the products on both ways, and the numbers kept for the way back.

A floating-point operation (FLOP) is a multiplication or an addition of a product of matrices; what acts on single
entries is not counted. A product W x keeps x only if W needs a gradient, since weights are there anyway. Tokens are the
columns of x. Source: Griewank, Walther, "Evaluating Derivatives", SIAM 2008, chapter 3.
"""

from collections.abc import Callable, Collection
from functools import reduce

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Node:
    """A value on the tape, and its gradient if it needs one."""

    __slots__ = ("grad", "needs", "value")

    def __init__(self, value: Array, needs: bool) -> None:
        self.value, self.needs = value, needs
        self.grad: Array | None = None

    def receive(self, grad: Array) -> None:
        """Add to the gradient, summed over what was broadcast."""
        if self.value.shape != grad.shape:
            grad = grad.sum(axis=1, keepdims=True) if self.value.ndim else grad.sum()
        self.grad = grad if self.grad is None else self.grad + grad


class Tape:
    """Records what is computed, keeps only what the way back will ask for, and counts both."""

    def __init__(self) -> None:
        self.forward = self.backward = 0
        self._back: list[tuple[Node, Callable[[Array], None]]] = []
        self._kept: dict[int, Array] = {}

    @property
    def saved(self) -> int:
        """How many numbers are kept, weights excluded, each array once."""
        return sum(array.size for array in self._kept.values())

    def product(self, W: Node, x: Node) -> Node:
        """W x, and on the way back one product for each factor that needs a gradient."""
        flops = 2 * W.value.size * x.value.shape[1]
        self.forward += flops
        if W.needs:
            self._keep(x.value)

        def back(grad: Array) -> None:
            if W.needs:
                W.receive(grad @ x.value.T)
                self.backward += flops
            if x.needs:
                x.receive(W.value.T @ grad)
                self.backward += flops

        return self._record(W.value @ x.value, (W, x), back)

    def add(self, *terms: Node) -> Node:
        """The sum of the terms; a column is added to every token."""

        def back(grad: Array) -> None:
            for term in terms:
                if term.needs:
                    term.receive(grad)

        return self._record(reduce(np.add, (term.value for term in terms)), terms, back)

    def tanh(self, x: Node) -> Node:
        """The entries' tanh, whose value is all that the derivative needs."""
        y = np.tanh(x.value)
        if x.needs:
            self._keep(y)
        return self._record(y, (x,), lambda grad: x.receive(grad * (1 - y**2)))

    def mix(self, alpha: Node, a: Node, b: Node) -> Node:
        """μ a + (1 − μ) b with μ = sigmoid(α)."""
        mu, apart = 1 / (1 + np.exp(-alpha.value)), a.value - b.value
        if alpha.needs:
            self._keep(apart)

        def back(grad: Array) -> None:
            for node, part in ((a, mu * grad), (b, (1 - mu) * grad), (alpha, mu * (1 - mu) * grad * apart)):
                if node.needs:
                    node.receive(part)

        return self._record(b.value + mu * apart, (alpha, a, b), back)

    def pull(self, out: Node, grad: Array) -> None:
        """Send the gradient at `out` back through everything that needs it."""
        out.receive(grad)
        for node, back in reversed(self._back):
            if node.grad is not None:
                back(node.grad)

    def _keep(self, array: Array) -> None:
        self._kept[id(array)] = array

    def _record(self, value: Array, parents: Collection[Node], back: Callable[[Array], None]) -> Node:
        node = Node(value, any(parent.needs for parent in parents))
        if node.needs:
            self._back.append((node, back))
        return node
