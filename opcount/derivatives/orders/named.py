"""The orders by name, and the check of an order that is given as a sequence of vertices."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from opcount.counting.errors import InvalidType, InvalidValue
from opcount.counting.names import Described, instead
from opcount.derivatives.chain_rule import Direction
from opcount.derivatives.choices import OrderName
from opcount.derivatives.linearized import Linearized
from opcount.derivatives.orders.optimal import optimal
from opcount.derivatives.orders.rules import forward, markowitz, reverse
from opcount.derivatives.orders.search import STEPS, search
from opcount.wrapping.inputs import checked_integer

ORDERS: Final[Mapping[OrderName, str]] = Described(
    {
        "forward": "along the graph, in the order of evaluation: forward mode for all inputs at once",
        "reverse": "against the graph: backprop for all outputs at once",
        "markowitz": "the least in-degree times out-degree first, anew at each step",
        "search": "the best of so many steps of simulated annealing",
        "optimal": "the fewest products there can be",
        "column-by-column": "no elimination: forward mode, once for each input",
        "row-by-row": "no elimination: backprop, once for each output",
        "compressed": "no elimination: once for each color of the inputs, or of the outputs if that is fewer",
    },
    "order",
)
"""The orders by name. An order may also be given as a sequence of the intermediate vertices."""

RULES: Final[Mapping[str, Callable[[Linearized], Sequence[int]]]] = {
    "forward": forward,
    "reverse": reverse,
    "markowitz": markowitz,
}

SEPARATELY: Final[Mapping[str, Direction]] = {"column-by-column": "tangent", "row-by-row": "adjoint"}
"""The orders that eliminate no vertex."""


def ordered(
    linearized: Linearized, order: Any, unit_products: bool, steps: Any = None, seed: object = None
) -> Sequence[int]:
    """The intermediate vertices in an order; none, if the order eliminates no vertex.

    Raises InvalidValue for an unknown name and for a sequence that does not contain every intermediate vertex exactly
    once, InvalidType for an order that is neither a name nor a sequence.
    """
    named = order if isinstance(order, str) else None
    if named != "search" and (steps is not None or seed is not None):
        raise InvalidValue(f'steps and seed are for order="search", not for {order!r}')
    if named is None:
        return _checked(linearized, order)
    if named not in ORDERS:
        raise InvalidValue(
            f"there is no order {order!r}; {instead([order], ORDERS, 'the orders')}, or a sequence of vertices"
        )
    if named == "search":
        steps = STEPS if steps is None else checked_integer("steps", steps, least=0)
        return search(linearized, unit_products, steps, 0 if seed is None else checked_integer("seed", seed))
    if named == "optimal":
        return optimal(linearized, unit_products)
    return RULES[named](linearized) if named in RULES else ()


def _checked(linearized: Linearized, order: object) -> list[int]:
    """The vertices of an order that is a sequence.

    Raises InvalidValue if it does not contain every intermediate vertex exactly once, InvalidType if it is not a
    sequence of integers.
    """
    if not isinstance(order, (Sequence, np.ndarray)):
        raise InvalidType(f"an order is one of {', '.join(ORDERS)}, or a sequence of vertices, not {order!r}")
    left = set(linearized.intermediates)
    found: list[int] = []
    for given in order:
        try:
            vertex = operator.index(given)
        except TypeError:
            raise InvalidType(f"an order has the numbers of vertices, and {given!r} is none") from None
        if vertex not in left:
            raise InvalidValue(f"the order has vertex {vertex}, {_why_not(linearized, vertex, found)}")
        left.discard(vertex)
        found.append(vertex)
    if left:
        missing = ", ".join(map(str, sorted(left)[:10])) + ", ..." * (len(left) > 10)
        raise InvalidValue(
            f"the order lacks {len(left)} of the {len(linearized.intermediates)} intermediate vertices: {missing}"
        )
    return found


def _why_not(linearized: Linearized, vertex: int, found: Sequence[int]) -> str:
    if vertex in found:
        return "which is eliminated before: each vertex goes once"
    if vertex in linearized.inputs:
        return "which is an input: inputs are not eliminated"
    if vertex in linearized.rows:
        return "which is an output: outputs are not eliminated"
    if 0 <= vertex < linearized.size:
        return "on which no output depends: it is not in graph.intermediates"
    return f"which does not exist: the graph has vertices 0 to {linearized.size - 1}"
