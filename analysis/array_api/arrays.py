"""The arrays of the oracle: NumPy's values with a mask of what is wrapped, and their functions of each element."""

from __future__ import annotations

import functools
import operator
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, Final

import numpy as np

import opcount as oc

SCALARS: Final[dict[str, Callable[..., Any]]] = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "pow": operator.pow, "negative": operator.neg, "abs": operator.abs, "remainder": operator.mod,
    "floor_divide": operator.floordiv, "less": operator.lt, "less_equal": operator.le, "greater": operator.gt,
    "greater_equal": operator.ge, "equal": operator.eq, "not_equal": operator.ne, "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x, "bitwise_and": operator.and_, "bitwise_or": operator.or_,
    "bitwise_xor": operator.xor, "bitwise_invert": operator.invert, "bitwise_left_shift": operator.lshift,
    "bitwise_right_shift": operator.rshift, "positive": lambda x: x, "real": lambda x: x, "conj": lambda x: x,
    "imag": lambda x: 0.0, "round": np.rint,
    **{name: getattr(np, name) for name in (
        "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "ceil", "cos", "cosh", "exp", "expm1", "floor",
        "hypot", "log", "log10", "log1p", "log2", "logaddexp", "maximum", "minimum", "sign", "sin", "sinh", "sqrt",
        "tan", "tanh", "trunc",
    )},
}  # fmt: skip
"""What a function of each element does to numbers."""

ALONE: Final = frozenset(["isnan", "isinf", "isfinite", "signbit", "copysign", "nextafter"])
"""Functions of each element that no operator of a number executes: one operation by its name."""

LOGIC: Final = frozenset(["logical_and", "logical_or", "logical_xor", "logical_not"])

FREE_OF_TRUTHS: Final = frozenset(
    [
        "equal",
        "not_equal",
        "less",
        "less_equal",
        "greater",
        "greater_equal",
        "maximum",
        "minimum",
        "bitwise_and",
        "bitwise_or",
        "bitwise_xor",
        "bitwise_invert",
        "logical_and",
        "logical_or",
        "logical_xor",
        "logical_not",
        "abs",
    ]
)
"""Functions that go from truth values to truth values: control flow."""


WHOLE: Final = ContextVar("WHOLE", default=False)
"""Whether an array with a wrapped element is wrapped as a whole, as those of `opcount.array_api` are."""


class Loops:
    """An array of the oracle: plain values, and which of them are wrapped."""

    __hash__ = None  # type: ignore[assignment]
    __array_ufunc__ = None

    def __init__(self, plain: Any, wrapped: Any = False) -> None:
        self.plain = np.asarray(plain)
        self.wrapped = np.asarray(wrapped)
        if self.wrapped.shape != self.plain.shape or not self.wrapped.flags.writeable:
            self.wrapped = np.broadcast_to(self.wrapped, self.plain.shape).copy()
        if WHOLE.get():
            self.wrapped = np.full(self.plain.shape, bool(self.wrapped.any()))

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        return sys.modules["analysis.array_api.loops"]

    @property
    def shape(self) -> Any:
        return self.plain.shape

    @property
    def dtype(self) -> Any:
        return self.plain.dtype

    @property
    def ndim(self) -> int:
        return self.plain.ndim

    @property
    def size(self) -> int:
        return self.plain.size

    @property
    def device(self) -> str:
        return "cpu"

    def to_device(self, device: object, /, *, stream: object = None) -> Loops:
        return self

    @property
    def T(self) -> Loops:
        return Loops(self.plain.T, self.wrapped.T)

    @property
    def mT(self) -> Loops:
        return Loops(self.plain.mT, self.wrapped.mT)

    @property
    def real(self) -> Loops:
        return Loops(self.plain.real, self.wrapped)

    def __getitem__(self, key: Any) -> Loops:
        key = _key(key)
        return Loops(self.plain[key], self.wrapped[key])

    def __setitem__(self, key: Any, value: Any) -> None:
        key, value = _key(key), value if isinstance(value, Loops) else Loops(value)
        if self.dtype == bool and value.dtype != bool and value.wrapped.any():
            raise NotImplementedError("numbers written as truth values")
        self.plain[key] = value.plain
        self.wrapped[key] = value.wrapped
        if WHOLE.get():
            self.wrapped[...] = self.wrapped.any()

    def sum(self, axis: Any = None) -> Any:
        """SciPy's `hessian` asks for this method, which the standard does not have."""
        return self.__array_namespace__().sum(self, axis=axis)

    def __iter__(self) -> Iterator[Loops]:
        return (self[index] for index in range(len(self.plain)))

    def __len__(self) -> int:
        return len(self.plain)

    def _left(self) -> Any:
        """The plain value, of constant data and of truth values alone."""
        if self.dtype != bool and self.wrapped.any():
            raise TypeError("a wrapped value would leave")
        return self.plain

    def __bool__(self) -> bool:
        return bool(self._left())

    def __int__(self) -> int:
        return int(self._left())

    def __index__(self) -> int:
        return operator.index(self._left())

    def __float__(self) -> float:
        return float(self._left())

    def __complex__(self) -> complex:
        return complex(self._left())

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(self._left(), dtype, copy=copy)

    def __add__(self, other: Any) -> Any:
        return each("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return each("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return each("subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return each("subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        return each("multiply", self, other)

    def __rmul__(self, other: Any) -> Any:
        return each("multiply", other, self)

    def __truediv__(self, other: Any) -> Any:
        return each("divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return each("divide", other, self)

    def __floordiv__(self, other: Any) -> Any:
        return each("floor_divide", self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return each("floor_divide", other, self)

    def __mod__(self, other: Any) -> Any:
        return each("remainder", self, other)

    def __rmod__(self, other: Any) -> Any:
        return each("remainder", other, self)

    def __pow__(self, other: Any) -> Any:
        return each("pow", self, other)

    def __rpow__(self, other: Any) -> Any:
        return each("pow", other, self)

    def __matmul__(self, other: Any) -> Any:
        return self.__array_namespace__().matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return self.__array_namespace__().matmul(other, self)

    def __neg__(self) -> Any:
        return each("negative", self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return each("abs", self)

    def __invert__(self) -> Any:
        return each("bitwise_invert", self)

    def __and__(self, other: Any) -> Any:
        return each("bitwise_and", self, other)

    def __rand__(self, other: Any) -> Any:
        return each("bitwise_and", other, self)

    def __or__(self, other: Any) -> Any:
        return each("bitwise_or", self, other)

    def __ror__(self, other: Any) -> Any:
        return each("bitwise_or", other, self)

    def __xor__(self, other: Any) -> Any:
        return each("bitwise_xor", self, other)

    def __lshift__(self, other: Any) -> Any:
        return each("bitwise_left_shift", self, other)

    def __rshift__(self, other: Any) -> Any:
        return each("bitwise_right_shift", self, other)

    def __lt__(self, other: Any) -> Any:
        return each("less", self, other)

    def __le__(self, other: Any) -> Any:
        return each("less_equal", self, other)

    def __gt__(self, other: Any) -> Any:
        return each("greater", self, other)

    def __ge__(self, other: Any) -> Any:
        return each("greater_equal", self, other)

    def __eq__(self, other: Any) -> Any:
        return each("equal", self, other)

    def __ne__(self, other: Any) -> Any:
        return each("not_equal", self, other)


def _key(key: Any) -> Any:
    if isinstance(key, tuple):
        return tuple(map(_key, key))
    return key._left() if isinstance(key, Loops) else key


def plain_of(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(map(plain_of, value)) if not hasattr(value, "_fields") else value
    return value.plain if isinstance(value, Loops) else value


def number(plain: Any, wrapped: bool) -> Any:
    """A number of an array, as its loop executes on it."""
    plain = int(plain) if isinstance(plain, np.bool_) else plain
    if isinstance(plain, np.complexfloating) and wrapped:
        raise NotImplementedError("complex numbers")
    return oc.Scalar(plain) if wrapped else plain


def each(name: str, *operands: Any) -> Any:
    plain = [plain_of(operand) for operand in operands]
    result = standard(name)(*plain)
    masks = [operand.wrapped if isinstance(operand, Loops) else np.False_ for operand in operands]
    wrapped = np.broadcast_to(functools.reduce(operator.or_, masks), np.shape(result))
    truths = all(np.asarray(value).dtype == bool for value in plain)
    if wrapped.any() and not (truths and name in FREE_OF_TRUTHS):
        _count_each(name, wrapped, plain, masks)
    return Loops(result, wrapped)


def _count_each(name: str, wrapped: Any, plain: list[Any], masks: list[Any]) -> None:
    if name in ALONE:
        oc.record({name: int(wrapped.sum())})
        return
    if name in LOGIC or name not in SCALARS:
        raise NotImplementedError(name)
    exponent = name == "pow" and isinstance(plain[1], int)  # stays Python's, as the user wrote it
    columns = [
        np.broadcast_to(np.asarray(value), wrapped.shape)[wrapped] if not (index and exponent) else None
        for index, value in enumerate(plain)
    ]
    marks = [np.broadcast_to(mask, wrapped.shape)[wrapped] for mask in masks]
    for index in range(int(wrapped.sum())):
        SCALARS[name](
            *(
                plain[1] if column is None else number(column[index], mark[index])
                for column, mark in zip(columns, marks, strict=True)
            )
        )


def standard(name: str) -> Callable[..., Any]:
    found: Any = np
    for part in name.split("."):
        found = getattr(found, part)
    return found  # type: ignore[no-any-return]
