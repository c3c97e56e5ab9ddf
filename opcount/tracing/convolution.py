"""Convolution and correlation of nodes: a product for each pair of elements that meet, and the sums of these."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np

from opcount.counting.errors import InvalidValue
from opcount.counting.symbolic import are_numbers
from opcount.tracing.array_primitives import as_wrapped
from opcount.tracing.edges import Contraction, LinearMap, gathering
from opcount.tracing.nodes import NODES, as_operand, entered, of_one_tape, recorded, value_of
from opcount.wrapping.operations import NO_DERIVATIVE, Operation
from opcount.wrapping.trees import shape_of
from opcount.wrapping.wrapped import Wrapped

_LABELS: Final = ("kj", "kj", "k")


def _windows(x: Any, indices: np.ndarray) -> Any:
    """Elements by their indices, counted from one; an index 0 gives a zero, which is constant."""
    return np.concatenate([np.zeros(1, x.dtype), x])[indices]


_WINDOWS: Final = Operation(
    "windows", None, _windows, (lambda y, x, indices: gathering(indices, shape_of(x)), NO_DERIVATIVE), moves=True
)


def _met(y: object, mine: Any, other: Any) -> LinearMap:
    return Contraction(as_wrapped(other), _LABELS, shape_of(mine))


_MEETING: Final = (_met, lambda y, other, mine: _met(y, mine, other))
"""The partials by both windows: an element of the one is multiplied by the element of the other that it meets."""


def _where_they_meet(function: Callable[..., Any], n: int, m: int, mode: Any) -> tuple[np.ndarray, np.ndarray]:
    """For each result and each element of the shorter array: which elements of both meet, counted from one, or 0.

    The distance of what meets is found by asking NumPy for the product of two elements that do.
    """
    turned = function is np.correlate
    first, second = np.zeros(n), np.zeros(m)
    first[0] = second[0 if turned else -1] = 1.0
    found = function(first, second, mode)
    start = -int(np.argmax(found)) if turned else m - 1 - int(np.argmax(found))
    results = np.arange(len(found))[:, None] + start
    short = np.arange(min(n, m))
    if m <= n:
        of_a, of_v = results + short if turned else results - short, short
    else:
        of_a, of_v = short, short - results if turned else results - short
    of_a, of_v = np.broadcast_arrays(of_a, of_v)
    meet = (of_a >= 0) & (of_a < n) & (of_v >= 0) & (of_v < m)
    return np.where(meet, of_a + 1, 0), np.where(meet, of_v + 1, 0)


def _array_of(data: Any) -> Any:
    return data if isinstance(data, Wrapped) else np.asarray(data)


def _of_nodes(function: Callable[..., Any], default: str, a: Any, v: Any, mode: Any = None) -> Any:
    a, v = (as_operand(each) for each in (a, v))
    a, v = (np.reshape(each, -1) if not shape_of(each) else each for each in (a, v))
    mode = default if mode is None else mode
    _, given = of_one_tape((a, v))
    value = function(*map(value_of, given), mode)
    if not are_numbers((*shape_of(a), *shape_of(v))):
        raise InvalidValue(f"which elements meet in {function.__name__} depends on the sizes: use numbers for them")
    places = _where_they_meet(function, len(a), len(v), mode)
    both = [
        recorded(_WINDOWS, each, indices) if type(each) in NODES else _windows(_array_of(each), indices)
        for each, indices in zip((a, v), places, strict=True)
    ]
    tape, operands = of_one_tape(tuple(both))
    return entered(tape, Operation(function.__name__, None, function, _MEETING), operands, value)


CONVOLUTIONS: Final[dict[str, Callable[..., Any]]] = {
    "convolve": partial(_of_nodes, np.convolve, "full"),
    "correlate": partial(_of_nodes, np.correlate, "valid"),
}
"""What rows of functions name as their derivative."""
