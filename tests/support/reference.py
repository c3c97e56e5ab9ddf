"""A reference: a number that counts, written without looking at opcount."""

import operator
from collections import Counter
from typing import ClassVar

import numpy as np

import opcount as oc
import opcount.arrays.scalar


class Reference:
    """Counts its own operations in one Counter; a power is executed by square-and-multiply."""

    seen: ClassVar = Counter()

    def __init__(self, value):
        self.value = value

    def _do(self, kind, function, *values):
        if any(isinstance(value, np.ndarray) for value in values):
            return NotImplemented  # NumPy goes over the elements, and asks for each
        Reference.seen[kind] += 1
        result = function(*(value.value if isinstance(value, Reference) else value for value in values))
        return result if isinstance(result, bool) else Reference(result)

    def __add__(self, other):
        return self._do("add", operator.add, self, other)

    def __radd__(self, other):
        return self._do("add", operator.add, other, self)

    def __sub__(self, other):
        return self._do("sub", operator.sub, self, other)

    def __rsub__(self, other):
        return self._do("sub", operator.sub, other, self)

    def __mul__(self, other):
        return self._do("mul", operator.mul, self, other)

    def __rmul__(self, other):
        return self._do("mul", operator.mul, other, self)

    def __truediv__(self, other):
        return self._do("div", operator.truediv, self, other)

    def __rtruediv__(self, other):
        return self._do("div", operator.truediv, other, self)

    def __floordiv__(self, other):
        return self._do("floordiv", operator.floordiv, self, other)

    def __mod__(self, other):
        return self._do("mod", operator.mod, self, other)

    def __neg__(self):
        return self._do("neg", operator.neg, self)

    def __abs__(self):
        return self._do("abs", abs, self)

    def __lt__(self, other):
        return self._do("lt", lambda a, b: bool(a < b), self, other)

    def __le__(self, other):
        return self._do("le", lambda a, b: bool(a <= b), self, other)

    def __gt__(self, other):
        return self._do("gt", lambda a, b: bool(a > b), self, other)

    def __ge__(self, other):
        return self._do("ge", lambda a, b: bool(a >= b), self, other)

    def __eq__(self, other):
        return self._do("eq", lambda a, b: bool(a == b), self, other)

    def __ne__(self, other):
        return self._do("ne", lambda a, b: bool(a != b), self, other)

    def sqrt(self):
        return self._do("sqrt", np.sqrt, self)

    def exp(self):
        return self._do("exp", np.exp, self)

    def tanh(self):
        return self._do("tanh", np.tanh, self)

    def conjugate(self):
        return self

    def rint(self):
        return self._do("round", round, self)

    def __pow__(self, exponent):
        if not isinstance(exponent, int):
            return self._do("pow", operator.pow, self, exponent)
        if exponent < 0:
            return 1 / self**-exponent
        return powered(self, exponent)  # fmt: skip


def powered(base, exponent):
    """Square-and-multiply from the left, executed; the first bit is the base itself."""
    if exponent == 0:
        return base
    result = base
    for bit in f"{exponent:b}"[1:]:
        result = result * result
        if bit == "1":
            result = result * base
    return result


def reference(program, *arrays):
    """Run a program on object arrays of reference numbers: its plain result and its counts."""
    Reference.seen = Counter()
    result = program(*(objects(array, Reference) for array in arrays))
    return plain(result), Reference.seen


def objects(array, kind):
    made = np.empty(array.size, object)
    made[:] = [kind(float(number)) for number in array.flat]
    return made.reshape(array.shape)


def plain(result):
    if isinstance(result, np.ndarray):
        return np.array([plain(item) for item in result.flat]).reshape(result.shape)
    return result.value if isinstance(result, Reference) else oc.unwrap(result)


def by_type(value):
    return f"{type(value).__name__}({value})"
