"""Who executes an operation: the one place that chooses among its operands."""

from __future__ import annotations

from typing import Any, ClassVar

from opcount.counting.errors import BudgetExceeded
from opcount.counting.meters import meter
from opcount.wrapping.operations import OPERATIONS, Operation


class Executor:
    """A value that executes the operations on it: it counts them, or records them in a graph."""

    __slots__ = ()
    _rank: ClassVar[int]  # who has the highest among the operands executes
    _is_array: ClassVar[bool] = False

    def _execute(self, operation: Operation, operands: tuple[Any, ...]) -> Any:
        """The value of an operation that has `self` among its operands, or NotImplemented."""
        raise NotImplementedError


def bind(operation: Operation, *operands: Any) -> Any:
    """Execute an operation, by the operand that has the highest rank."""
    if len(operands) == 1 or type(operands[0]) is type(operands[1]):
        return operands[0]._execute(operation, operands)
    executor: Any = None
    highest = -1
    for operand in operands:
        if isinstance(operand, Executor) and operand._rank > highest:
            executor = operand
            highest = operand._rank
    if operation.compares and executor._is_array and executor is not operands[0]:
        return NotImplemented  # Python asks the array next, in the mirror: 2 < x is x > 2
    return executor._execute(operation, operands)


def quotient_and_rest(x: object, y: object) -> Any:
    """The quotient and the remainder of `divmod`; if a budget suffices for the quotient alone, neither counts."""
    quotient = bind(OPERATIONS.floordiv, x, y)
    if quotient is NotImplemented:
        return NotImplemented
    try:
        return quotient, bind(OPERATIONS.mod, x, y)
    except BudgetExceeded:
        meter().refund({"floordiv": 1})
        raise
