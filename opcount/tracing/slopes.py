"""The local partials of a node that was recorded, by the row of its operation."""

from __future__ import annotations

from typing import Any

import numpy as np

from opcount.counting.meters import charge
from opcount.counting.tally import isolated
from opcount.functions.op_counts import integer_power, multiple
from opcount.tracing.nested import Part, computed, is_recorded
from opcount.tracing.structural import NUMBER, count_of, structured
from opcount.wrapping.operations import Operation, is_plain
from opcount.wrapping.trees import shape_of


def slope(operation: Operation, derivative: Any, y: Any, operands: tuple[Any, ...]) -> Any:
    """A partial of a row, evaluated on the output and the operands: wrapped values, and data as it is.

    Where the operation works element by element, data is wrapped too, and has the shape of the output, so that a
    partial computes and counts for each element what it does for a number.
    """
    if operation.ufunc is None or len(operands) == 1:
        return derivative(y, *operands)
    if operation.kind != "pow":
        return derivative(y, *map(y._lifted, operands))
    x, n = (operand if is_plain(operand) else y._lifted(operand) for operand in operands)
    if isinstance(n, np.ndarray) and derivative is operation.partials[0]:
        n = n if operation.ufunc is np.power else n.astype(float)
        structural = (n == 0) | (n == 1)
        if structural.any():
            return _powers_by_base(derivative, y, x, n, structural)
    return derivative(y, x, n)


def uses_values(primitive: Operation) -> bool:
    """Whether partials need the values of the operands: those of sums and moves do not."""
    return not primitive.moves and any(callable(partial) for partial in primitive.partials)


def puts_constants(primitive: Operation, operands: tuple[Any, ...]) -> bool:
    """Whether some elements may be constant, beside others that depend on an input."""
    return primitive.moves or (
        primitive.name == "pow" and primitive.ufunc is not None and isinstance(operands[1], np.ndarray)
    )


def _powers_by_base(derivative: Any, y: Any, x: Any, n: np.ndarray, structural: np.ndarray) -> Any:
    """The partial for each element as for a number: a structural 0 or 1, which is free, or computed."""
    shape = shape_of(y)
    states = np.where(structural, n, NUMBER).astype(np.int8).reshape((1,) * (len(shape) - n.ndim) + n.shape)
    if is_recorded(y):
        exponents = np.broadcast_to(n, shape)
        parts: list[Part] = [
            (exponents == each, lambda y, x, each=each: derivative(y, x, each), (y, x))
            for each in np.unique(n[~structural])
        ]
        return structured(states, computed(shape, parts), shape)
    with isolated():
        values = np.where(n == 0, 0, derivative(y, x, np.where(n == 0, 1, n)))
    for exponent in np.unique(n[~structural]):
        power = integer_power(int(exponent) - 1) if n.dtype.kind in "iu" else {"pow": 1}
        often = count_of(n.reshape(states.shape) == exponent, shape)
        charge(multiple(often, {**power, "mul": power.get("mul", 0) + 1}))
    return structured(states, values, shape)
