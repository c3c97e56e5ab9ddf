"""Finite differences: the gradient without a chain rule, from evaluations on either side of x."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from opcount.arrays.scalar import Scalar
from opcount.counting.counts import Counts
from opcount.counting.errors import InvalidType
from opcount.derivatives.phases import phase
from opcount.derivatives.plain import joined
from opcount.derivatives.trace import result_of
from opcount.tracing.checkpoint import marking
from opcount.tracing.tape import OVER
from opcount.wrapping.inputs import Inputs, is_node, one_output
from opcount.wrapping.wrapped import Wrapped


def differences(f: Callable[[Any], Any], inputs: Inputs, step: Any, spent: dict[str, Counts]) -> tuple[Any, list[Any]]:
    """The value of f at x, and its central differences (f(x + h) - f(x - h)) / 2h, one for each input."""

    def evaluate(leaves: list[Any]) -> Any:
        with phase(spent, "primal"), marking(None):
            result = one_output(result_of(f, inputs, leaves))
        if is_node(result) and not result.tape.is_open:
            raise InvalidType(OVER)
        return result if isinstance(result, Wrapped) else Scalar(result)

    value = evaluate([_changed(leaf) for leaf in inputs.leaves])
    found = []
    for leaf in inputs.leaves:
        quotients = []
        for index in range(leaf.size):
            number = leaf.reshape(-1)[index] if leaf._is_array else leaf
            h = _default_step(number._plain()) if step is None else step
            with phase(spent, "accumulation"):
                above, below = number + h, number - h
            rise_to, rise_from = (
                evaluate([
                    _changed(other, index, moved) if other is leaf else _changed(other) for other in inputs.leaves
                ])
                for moved in (above, below)
            )  # fmt: skip
            with phase(spent, "accumulation"):
                quotients.append((rise_to - rise_from) / (2 * h))
        found += joined(quotients, [leaf])
    return value, found


def _changed(leaf: Any, index: int = 0, number: Any = None) -> Any:
    """The number instead of the leaf, or, if that is an array, a copy of it with the number at this index."""
    if not leaf._is_array:
        return leaf if number is None else number
    if number is None:
        return leaf.copy("K")
    array = leaf.astype(np.result_type(leaf.dtype, type(number._plain())))
    array[np.unravel_index(index, leaf.shape)] = number
    return array


def _default_step(number: Any) -> Any:
    """A power of two near the cube root of the rounding unit, where truncation and rounding balance."""
    if isinstance(number, Fraction):
        return Fraction(1, 2**30)
    if isinstance(number, Decimal):
        return Decimal(2) ** -30 * max(Decimal(1), abs(number))
    precision = np.finfo(number.dtype).nmant if isinstance(number, np.floating) else 52
    scale = max(math.frexp(number)[1], 0) if math.isfinite(number) else 0
    step = 2.0 ** (scale - precision // 3)
    return type(number)(step) if isinstance(number, np.floating) else step
