"""Operations to be counted."""

from __future__ import annotations

import numpy as np

import opcount as oc
from opcount import BudgetExceeded

X = oc.wrap(1.5)


def operate(**kinds):
    """Execute so many operations of each kind."""
    operations = {"mul": lambda: X * 2, "add": lambda: X + 2, "sub": lambda: X - 2, "tanh": lambda: np.tanh(X)}
    for kind, times in kinds.items():
        for _ in range(times):
            operations[kind]()


def until_exceeded(operation, at_most=10**6):
    """How often an operation went through before its budget was exceeded, and the error."""
    for done in range(at_most):
        try:
            operation()
        except BudgetExceeded as error:
            return done, error
    return at_most, None
