"""How it grows: what should take time in proportion to its size, at four sizes, with the exponent that fits.

Quadratic time has exponent 2. Linear time has slightly more than 1 where the larger sizes leave the processor's caches,
and less where something is done once for all sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import numpy as np

import opcount as oc

TIMES_AS_LARGE: Final = (1, 2, 4, 8)
METHODS: Final = ("finite-difference", "forward", "naive", "memoized", "naive-tangent", "memoized-tangent", "backprop")
ORDERS: Final = ("forward", "reverse", "markowitz", "row-by-row", "column-by-column")
"""Those that take time in proportion to the vertices of a chain: a search goes through them again and again."""


def chain(x: Any, nodes: int) -> Any:
    """As many products, each of the one before: the chain has one path, so that the naive recursion is linear too."""
    for _ in range(nodes):
        x = x * 1.0001
    return x


def transformer(layers: int, width: int = 512, tokens: int = 128) -> Any:
    """A value of as many layers of attention and of a network of two layers, from shapes alone."""
    x = oc.spec((tokens, width))
    square, wide = oc.spec((width, width)), oc.spec((width, 4 * width))

    def loss(p: Any) -> Any:
        x, square, wide = p
        for _ in range(layers):
            queries, keys, values = x @ square, x @ square, x @ square
            weights = np.exp(queries @ keys.T / width**0.5)
            x = x + (weights / np.sum(weights, axis=-1, keepdims=True)) @ values @ square
            x = x + np.tanh(x @ wide) @ wide.T
        return np.sum(x * x)

    return oc.gradient(loss, (x, square, wide)).counts


def laws(points: int) -> Any:
    return oc.law(lambda x: np.sum(x * x), range(1, points + 1), make=np.ones)


def programs() -> Mapping[str, tuple[int, Callable[[int], Callable[[], object]]]]:
    """Each with its smallest size, and what is to be measured at a size."""

    def graphed(n: int) -> oc.Graph:
        return oc.trace(lambda x: chain(x, n), 1.0)

    def predicting(n: int, method: Any) -> Callable[[], object]:
        graph = graphed(n)
        return lambda: graph.predict(method)

    def eliminating(n: int, order: Any) -> Callable[[], object]:
        return partial(oc.jacobian, lambda x: chain(x, n), 1.0, order=order)

    def differentiating(n: int, method: Any) -> Callable[[], object]:
        return partial(oc.gradient, lambda x: chain(x, n), 1.0, method)

    return {
        "trace": (20_000, lambda n: partial(graphed, n)),
        **{f"predict {method}": (20_000, partial(predicting, method=method)) for method in METHODS[1:]},
        **{f"gradient {method}": (2_000, partial(differentiating, method=method)) for method in METHODS},
        **{f"jacobian {order}": (1_000, partial(eliminating, order=order)) for order in ORDERS},
        "law": (24, lambda n: partial(laws, n)),
        "spec": (12, lambda n: partial(transformer, n)),
    }
