"""Derivatives that are nodes themselves, of an outer evaluation: operations on some of their elements alone.

What is done to a derivative counts, and is recorded by the outer evaluation. So the elements that are structural must
not be computed along with the others, as they are where values are plain: those that are numbers are taken out,
computed, and put back. Elements elsewhere may be anything, since nobody looks at them: their states say what they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from opcount.arrays.array import Array
from opcount.arrays.scalar import Scalar
from opcount.counting.errors import InvalidValue
from opcount.tracing.differentiable import FUNCTIONS
from opcount.tracing.units import Unit
from opcount.wrapping.shapes import are_numbers

PLAIN: Final = frozenset({Array, Scalar, Unit, type(None)})
"""The classes of what is never recorded, as most derivatives are."""

Part = tuple[np.ndarray, Callable[..., Any], Sequence[Any]]
"""Which elements, the operation on them, and its operands, in the shape of the whole or numbers."""


def is_recorded(values: object) -> bool:
    """Whether wrapped values are recorded by an outer evaluation: they are nodes."""
    return type(values) not in PLAIN and hasattr(values, "tape")


def computed(shape: tuple[Any, ...], parts: Sequence[Part]) -> Any:
    """An array in which the selected elements are the results of these operations on the operands' elements there.

    Masks may have length one along axes on which all is alike; each element is selected once at most. None if none is.
    """
    parts = [part for part in parts if part[0].any()]
    if not parts:
        return None
    if len(parts) == 1 and parts[0][0].all():
        _, execute, operands = parts[0]
        return execute(*(_spread(operand, shape) for operand in operands))
    if not are_numbers(shape):
        raise InvalidValue(
            "which derivatives of a gradient are structural along an axis of symbolic size is not known for all sizes: "
            "give numbers for the sizes"
        )
    order = np.zeros(np.prod(shape, dtype=int), int)
    found: list[Any] = []
    first = 0
    for mask, execute, operands in parts:
        places = np.flatnonzero(np.broadcast_to(mask, shape))
        order[places] = np.arange(first, first + len(places))
        first += len(places)
        found.append(execute(*(_flat(operand, shape)[places] for operand in operands)))
    joined = found[0] if len(found) == 1 else FUNCTIONS[np.concatenate](found)
    return FUNCTIONS[np.reshape](joined[order], shape)


def same(values: object) -> Any:
    """The operation that copies."""
    return values


def taken(values: Any, indices: np.ndarray) -> Any:
    """The elements at these indices in the flat array, counted from one; anything where the index is 0."""
    return _flat(values, np.shape(values) or (1,))[np.maximum(indices - 1, 0)]


def placed(values: Any, key: Any, shape: tuple[int, ...]) -> Any:
    """An array in which the values are at a basic index, and anything elsewhere."""
    indices = np.zeros(shape, int)
    indices[key] = np.arange(1, np.prod(np.shape(values), dtype=int) + 1).reshape(np.shape(values))
    return taken(values, indices)


def _spread(values: Any, shape: tuple[Any, ...]) -> Any:
    return values if values.shape == shape else FUNCTIONS[np.broadcast_to](values, shape)


def _flat(values: Any, shape: tuple[Any, ...]) -> Any:
    return FUNCTIONS[np.reshape](_spread(values, shape), (-1,))
