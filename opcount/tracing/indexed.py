"""Derivatives whose elements are moved by their indices, and those of which only some are kept."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from opcount.arrays.array import Array
from opcount.arrays.scalar import wrapped
from opcount.counting.errors import OF_OTHER_NUMBERS, Uncounted
from opcount.counting.meters import charge
from opcount.tracing import nested
from opcount.tracing.structural import (
    NUMBER,
    Derivative,
    full_states,
    numbers_in,
    of_nodes,
    placed,
    placement,
    plain_of,
    plus,
    spread,
    spread_out,
    states_of,
    structured,
    zeroed,
)
from opcount.tracing.units import ZERO
from opcount.wrapping.spec import Spec


def _moved(derivative: Derivative, move: Callable[[Any], Any], states: np.ndarray, shape: tuple[Any, ...]) -> Any:
    """The derivative in those states, its values where `move` puts them, if there are any."""
    if not (states == NUMBER).any():
        return structured(states, None, shape)
    values = plain_of(derivative)
    if type(values) is Spec:
        return structured(states, Array(Spec(shape, values.dtype)), shape)
    if isinstance(values, (Fraction, Decimal)):
        raise Uncounted(OF_OTHER_NUMBERS)
    return structured(states, wrapped(move(values)), shape)


def gathered(derivative: Derivative, indices: np.ndarray) -> Any:
    """Elements by their indices in the flat array, counted from one; an index 0 gives a structural zero."""
    states = np.append(np.int8(0), np.ravel(full_states(derivative)))[indices]
    if of_nodes(derivative):
        values = nested.taken(numbers_in(derivative), indices) if (states == NUMBER).any() else None
        return structured(states, values, indices.shape)

    def take(values: Any) -> Any:
        return np.append(np.zeros((), np.result_type(values)), np.ravel(values))[indices]

    return _moved(derivative, take, states, indices.shape)


def scattered(derivative: Derivative, indices: np.ndarray, shape: tuple[int, ...]) -> Any:
    """The transpose of `gathered`: at each index of an array of this shape, the sum of what was taken from there."""
    states = np.broadcast_to(states_of(derivative, indices.ndim), indices.shape)
    taken = (indices > 0) & (states != 0)
    size = math.prod(shape)
    if of_nodes(derivative):
        return _scattered_one_by_one(derivative, indices.ravel(), np.flatnonzero(taken), shape)
    terms = np.bincount(indices[taken] - 1, minlength=size)
    charge({"add": int(np.sum(np.maximum(terms - 1, 0)))})
    alone = np.bincount(indices[taken] - 1, states[taken], minlength=size).astype(np.int8)
    found = np.where(terms > 1, NUMBER, alone).astype(np.int8).reshape(shape)

    def add(values: Any) -> Any:
        flat = np.zeros(size, np.result_type(values))
        np.add.at(flat, indices[taken] - 1, np.broadcast_to(values, indices.shape)[taken])
        return flat.reshape(shape)

    return _moved(derivative, add, found, shape)


def _scattered_one_by_one(derivative: Any, indices: np.ndarray, taken: np.ndarray, shape: tuple[int, ...]) -> Any:
    """The sum of arrays each of which has at most one element for each index."""
    total: Any = None
    while len(taken):
        _, firsts = np.unique(indices[taken], return_index=True)
        sources = np.zeros(math.prod(shape), int)
        sources[indices[taken[firsts]] - 1] = taken[firsts] + 1
        total = plus(total, gathered(derivative, sources.reshape(shape)))
        taken = np.delete(taken, firsts)
    return spread(ZERO, shape) if total is None else total


def masked(derivative: Derivative, kept: np.ndarray) -> Any:
    """The derivative with structural zeros where `kept` is false; an axis may have length one there."""
    shape = getattr(derivative, "shape", ())
    if not shape:
        return derivative if kept.all() else ZERO
    if (found := placement(derivative)) is not None:
        key, part = found
        return placed(masked(part, spread_out(kept, shape)[key]), key, shape)
    states = np.where(kept, states_of(derivative, len(shape)), 0).astype(np.int8)
    if not (states == NUMBER).any():
        return structured(states, None, shape)
    if of_nodes(derivative):
        return structured(states, numbers_in(derivative), shape)
    return structured(states, wrapped(zeroed(plain_of(derivative), states)), shape)
