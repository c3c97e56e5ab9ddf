"""What every wrapped value has in common: operators and guarded exits; and what every wrapped number has besides.

An operation is written out once, as a call of `apply(name, *operands)`. `Scalar` and `Array`
execute and count it; the graph's `Node` executes it on what it holds, and records it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, Final, Self

import numpy as np

from opcount.counting.callers import refusal
from opcount.counting.errors import BudgetExceeded, Uncounted
from opcount.counting.meters import let_out, meter, note_text
from opcount.wrapping.classes import NUMERIC, class_name, is_number, is_own_kind
from opcount.wrapping.spec import Spec
from opcount.wrapping.trees import object_array


def apply(name: str, *operands: Any) -> Any:
    """Apply an operation by name; a Node among the operands goes before a Scalar."""
    owner = max((operand for operand in operands if isinstance(operand, Number)), key=lambda operand: operand._rank)
    return owner._apply(name, *operands)


HOLDERS: Final[dict[str, Callable[[Any], Any]]] = {}
"""Which class holds a plain "number" and which an "array": `Scalar` and `Array` enter themselves, so that
each can give the other."""


def wrapped(value: Any) -> Any:
    """The plain result of an execution, wrapped; truth values are as they were.

    What is neither an array nor a number, of which nobody would count what it executes, leaves as uncounted.
    """
    kind = type(value)
    if kind is np.float64:  # as most are
        return HOLDERS["number"](value)
    if kind in ARRAYS:
        if value.dtype.kind in NUMERIC:
            return HOLDERS["array"](value)
        if value.dtype != object:
            let_out(f"{value.dtype.name}", value.size, f"values of {value.dtype} are not counted: use oc.unwrap(x)")
            return value
        return object_array(value, [wrapped(item) for item in value.flat])
    if isinstance(value, np.generic) and value.dtype.kind in NUMERIC:
        if kind is np.bool_:
            return value
        return HOLDERS["array" if value.dtype.kind == "c" else "number"](value)
    if kind is bool or kind is str or value is None or isinstance(value, Wrapped):
        return value
    if kind is Spec or kind is complex:
        return HOLDERS["array"](np.complex128(value) if kind is complex else value)
    if is_number(value):
        return HOLDERS["number"](value)
    if isinstance(value, tuple):
        items = map(wrapped, value)
        return kind(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, list):
        return [wrapped(item) for item in value]
    name = class_name(value)
    let_out(
        f"a result that is a {name}", 1, f"the result is a {name}, whose operations nobody counts: use oc.unwrap(x)"
    )
    return value


ARRAYS: Final = (np.ndarray, np.memmap)
"""The classes of arrays that compute as an ndarray does. Each other subclass may do so in its own way."""


def plain_operand(other: Any) -> Any:
    """A plain operand of a wrapped number as it enters the arithmetic, or NotImplemented."""
    if is_number(other):
        return NotImplemented if is_own_kind(other) else other
    if isinstance(other, (bool, np.bool_)):
        return int(other)
    if isinstance(other, (complex, np.complexfloating)):
        raise Uncounted(
            "complex arithmetic on a wrapped number has no exact count; "
            "keep the real and the imaginary part as two wrapped numbers"
        )
    return NotImplemented


class Wrapped:
    """A wrapped value: every operation on it counts or raises, and nothing leaves unseen."""

    __slots__ = ()
    records: ClassVar[bool] = False  # whether it records what is done to it, with arrays too
    _op_priority: ClassVar[float] = 100.0  # a symbolic size leaves its arithmetic to who has a higher one

    def _apply(self, name: str, *operands: Any) -> Any:
        """The value of an operation that has `self` among its operands, or NotImplemented."""
        raise NotImplementedError

    def _plain(self) -> Any:
        """The plain number or array."""
        raise NotImplementedError

    def _let_out(self, door: str, advice: str, elements: int | None = None) -> Any:
        """The plain value, where the count records exits; else raises Uncounted, which says what to write instead."""
        let_out(door, np.size(self._plain()) if elements is None else elements, lambda: refusal(advice))
        return self._plain()

    # arithmetic

    def __add__(self, other: Any) -> Any:
        return self._apply("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return self._apply("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return self._apply("sub", self, other)

    def __rsub__(self, other: Any) -> Any:
        return self._apply("sub", other, self)

    def __mul__(self, other: Any) -> Any:
        return self._apply("mul", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self._apply("mul", other, self)

    def __truediv__(self, other: Any) -> Any:
        return self._apply("div", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._apply("div", other, self)

    def __floordiv__(self, other: Any) -> Any:
        return self._apply("floordiv", self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return self._apply("floordiv", other, self)

    def __mod__(self, other: Any) -> Any:
        return self._apply("mod", self, other)

    def __rmod__(self, other: Any) -> Any:
        return self._apply("mod", other, self)

    def __divmod__(self, other: Any) -> Any:
        return both_or_none(self._apply, self, other)

    def __rdivmod__(self, other: Any) -> Any:
        return both_or_none(self._apply, other, self)

    def __pow__(self, other: Any, modulus: Any = None) -> Any:
        if modulus is not None:
            raise Uncounted("pow() with a modulus has no exact count; write (x ** n) % m")
        return self._apply("pow", self, other)

    def __rpow__(self, other: Any) -> Any:
        return self._apply("pow", other, self)

    def __neg__(self) -> Any:
        return self._apply("neg", self)

    def __abs__(self) -> Any:
        return self._apply("abs", self)

    # bits, of integers

    def __invert__(self) -> Any:
        return self._apply("invert", self)

    def __and__(self, other: Any) -> Any:
        return self._apply("bitwise_and", self, other)

    def __rand__(self, other: Any) -> Any:
        return self._apply("bitwise_and", other, self)

    def __or__(self, other: Any) -> Any:
        return self._apply("bitwise_or", self, other)

    def __ror__(self, other: Any) -> Any:
        return self._apply("bitwise_or", other, self)

    def __xor__(self, other: Any) -> Any:
        return self._apply("bitwise_xor", self, other)

    def __rxor__(self, other: Any) -> Any:
        return self._apply("bitwise_xor", other, self)

    def __lshift__(self, other: Any) -> Any:
        return self._apply("left_shift", self, other)

    def __rlshift__(self, other: Any) -> Any:
        return self._apply("left_shift", other, self)

    def __rshift__(self, other: Any) -> Any:
        return self._apply("right_shift", self, other)

    def __rrshift__(self, other: Any) -> Any:
        return self._apply("right_shift", other, self)

    # comparisons give plain truth values, which are ordinary control flow

    def __lt__(self, other: Any) -> Any:
        return self._apply("lt", self, other)

    def __le__(self, other: Any) -> Any:
        return self._apply("le", self, other)

    def __gt__(self, other: Any) -> Any:
        return self._apply("gt", self, other)

    def __ge__(self, other: Any) -> Any:
        return self._apply("ge", self, other)

    def __eq__(self, other: object) -> Any:
        return self._apply("eq", self, other)

    def __ne__(self, other: object) -> Any:
        return self._apply("ne", self, other)

    # exits, guarded

    def __float__(self) -> float:
        return float(self._let_out("float()", f"{_LEAVES} a plain float: {_FLOAT}"))

    def __int__(self) -> int:
        return int(
            self._let_out("int()", f"int() of a wrapped value would not be counted: use {_ROUND} or oc.unwrap(x)")
        )

    def __index__(self) -> int:
        advice = f"a wrapped value cannot be an index, a size or a range: {_UNWRAP}"
        return operator.index(self._let_out("index", advice))

    def __complex__(self) -> complex:
        return complex(self._let_out("complex()", f"{_LEAVES} a plain complex number: {_UNWRAP}"))

    def __bool__(self) -> bool:
        advice = "the truth of a wrapped number is a comparison that nobody would count: write x != 0"
        return bool(self._let_out("bool()", advice))

    def __reduce_ex__(self, protocol: Any) -> Any:
        advice = "a wrapped value cannot be pickled, its counter stays behind: send oc.unwrap(x)"
        return self._let_out("pickle", advice).__reduce_ex__(protocol)


_UNWRAP: Final = "use the plain number, oc.unwrap(x)"
_LEAVES: Final = "a wrapped value was asked to become"
_FLOAT: Final = (
    "use NumPy's functions, as np.sin(x), and arrays to write into that are made by np.zeros_like(x) or oc.wrap, or "
    "oc.unwrap(x) for the plain number"
)
_ROUND: Final = "round(x), math.floor(x), math.trunc(x)"


class Number(Wrapped):
    """A wrapped number, with the methods that NumPy calls on the elements of an object array."""

    __slots__ = ()
    _rank: ClassVar[int]

    def __pos__(self) -> Self:
        return self

    def sqrt(self) -> Any:
        return self._apply("sqrt", self)

    def cbrt(self) -> Any:
        return self._apply("cbrt", self)

    def square(self) -> Any:
        return self._apply("square", self)

    def exp(self) -> Any:
        return self._apply("exp", self)

    def exp2(self) -> Any:
        return self._apply("exp2", self)

    def expm1(self) -> Any:
        return self._apply("expm1", self)

    def log(self) -> Any:
        return self._apply("log", self)

    def log2(self) -> Any:
        return self._apply("log2", self)

    def log10(self) -> Any:
        return self._apply("log10", self)

    def log1p(self) -> Any:
        return self._apply("log1p", self)

    def sin(self) -> Any:
        return self._apply("sin", self)

    def cos(self) -> Any:
        return self._apply("cos", self)

    def tan(self) -> Any:
        return self._apply("tan", self)

    def arcsin(self) -> Any:
        return self._apply("arcsin", self)

    def arccos(self) -> Any:
        return self._apply("arccos", self)

    def arctan(self) -> Any:
        return self._apply("arctan", self)

    def sinh(self) -> Any:
        return self._apply("sinh", self)

    def cosh(self) -> Any:
        return self._apply("cosh", self)

    def tanh(self) -> Any:
        return self._apply("tanh", self)

    def arcsinh(self) -> Any:
        return self._apply("arcsinh", self)

    def arccosh(self) -> Any:
        return self._apply("arccosh", self)

    def arctanh(self) -> Any:
        return self._apply("arctanh", self)

    def fabs(self) -> Any:
        return self._apply("abs", self)

    def rint(self) -> Any:
        return self._apply("round", self)

    def arctan2(self, other: Any) -> Any:
        return apply("arctan2", self, other)

    def hypot(self, other: Any) -> Any:
        return apply("hypot", self, other)

    def fmod(self, other: Any) -> Any:
        return np.fmod(self, other)  # type: ignore[call-overload]

    def conjugate(self) -> Self:
        return self

    def _reciprocal(self) -> Any:
        return 1 / self

    @property
    def real(self) -> Self:
        return self

    # NumPy's functions of a wrapped number

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        if any(is_wrapped_array(operand) for operand in (*inputs, *keywords.get("out", ()))):
            return NotImplemented
        operation = UFUNCS.get(ufunc)
        if operation is None:
            raise Uncounted(
                f"np.{ufunc.__name__} has no exact count for a wrapped number; "
                "write it with operations that have one, or take the plain number with oc.unwrap(x)"
            )
        arrays = any(isinstance(operand, np.ndarray) for operand in inputs)
        if method == "__call__" and not keywords and not arrays:
            return operation(*inputs)
        if method == "__call__" and keywords.keys() <= {"out", "where"}:
            _refuse_plain(keywords.get("out", ()), ufunc)
            result = np.frompyfunc(operation, ufunc.nin, ufunc.nout)(*map(boxed, inputs), **keywords)
            truths = ufunc in _TRUTHS and isinstance(result, np.ndarray) and "out" not in keywords
            return result.astype(bool) if truths else result
        if method != "__call__" and not arrays and "out" not in keywords:  # np.sum(x): NumPy's loop over one element
            return getattr(ufunc, method)(*map(boxed, inputs), **keywords)
        raise Uncounted(
            f"np.{ufunc.__name__}{'' if method == '__call__' else '.' + method} of a wrapped number with "
            f"{', '.join(keywords) or 'these arguments'} has no exact count; put the numbers into an array with oc.wrap"
        )

    def __format__(self, spec: str) -> str:
        if not spec:
            return repr(self)
        note_text(1)
        return format(self._plain(), spec)

    # copies stay wrapped

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __hash__(self) -> int:
        advice = "a wrapped number cannot be a dict key or in a set: use the plain number, oc.unwrap(x)"
        return hash(self._let_out("hash()", advice))

    def as_integer_ratio(self) -> tuple[int, int]:
        advice = (
            "the integer ratio of a wrapped number would not be counted (the statistics and fractions modules "
            "ask for it): write it with operators, sum(xs) / len(xs), or use oc.unwrap(x)"
        )
        ratio: tuple[int, int] = self._let_out("as_integer_ratio()", advice).as_integer_ratio()
        return ratio


def records_arrays(kind: type) -> bool:
    """Whether values of the class record what is done to them together with arrays."""
    return issubclass(kind, Wrapped) and kind.records is True


def is_wrapped_array(value: Any) -> bool:
    return isinstance(value, Wrapped) and not isinstance(value, Number)


def boxed(operand: Any) -> Any:
    # a 0-d array keeps NumPy from asking a wrapped operand how to convert it
    if not isinstance(operand, Wrapped):
        return operand
    box = np.empty((), dtype=object)
    box[()] = operand
    return box


def _refuse_plain(outputs: tuple[Any, ...], ufunc: np.ufunc) -> None:
    for output in outputs:
        if output is not None and output.dtype != object:
            raise Uncounted(
                f"np.{ufunc.__name__} would write wrapped numbers into a plain {output.dtype} array: "
                "let it make a new array (a = a + x, not a += x), or use an array of dtype object"
            )


def both_or_none(operation: Callable[..., Any], x: Any, y: Any) -> Any:
    """The quotient and the rest; where a budget suffices for the quotient alone, neither counts."""
    quotient = operation("floordiv", x, y)
    if quotient is NotImplemented:
        return NotImplemented
    try:
        return quotient, operation("mod", x, y)
    except BudgetExceeded:
        meter().refund({"floordiv": 1})
        raise


NAMES: Final[dict[np.ufunc, str]] = {
    np.add: "add",
    np.subtract: "sub",
    np.multiply: "mul",
    np.divide: "div",
    np.floor_divide: "floordiv",
    np.remainder: "mod",
    np.negative: "neg",
    np.absolute: "abs",
    np.fabs: "abs",
    np.power: "pow",
    np.square: "square",
    np.sqrt: "sqrt",
    np.cbrt: "cbrt",
    np.hypot: "hypot",
    np.exp: "exp",
    np.exp2: "exp2",
    np.expm1: "expm1",
    np.log: "log",
    np.log2: "log2",
    np.log10: "log10",
    np.log1p: "log1p",
    np.logaddexp: "logaddexp",
    np.sin: "sin",
    np.cos: "cos",
    np.tan: "tan",
    np.arcsin: "arcsin",
    np.arccos: "arccos",
    np.arctan: "arctan",
    np.arctan2: "arctan2",
    np.sinh: "sinh",
    np.cosh: "cosh",
    np.tanh: "tanh",
    np.arcsinh: "arcsinh",
    np.arccosh: "arccosh",
    np.arctanh: "arctanh",
    np.maximum: "maximum",
    np.minimum: "minimum",
    np.sign: "sign",
    np.floor: "floor",
    np.ceil: "ceil",
    np.trunc: "trunc",
    np.rint: "round",
    np.less: "lt",
    np.less_equal: "le",
    np.greater: "gt",
    np.greater_equal: "ge",
    np.equal: "eq",
    np.not_equal: "ne",
}

_TRUTHS: Final = frozenset({np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal})

UFUNCS: Final[dict[np.ufunc, Callable[..., Any]]] = {
    **{ufunc: partial(apply, name) for ufunc, name in NAMES.items()},
    np.reciprocal: lambda x: x._reciprocal(),
    np.divmod: partial(both_or_none, apply),
    np.positive: lambda x: x,
    np.conjugate: lambda x: x,
}
"""NumPy's elementwise functions of a wrapped number, as the operations they execute."""

OPERATORS: Final[dict[str, tuple[Callable[..., Any], np.ufunc]]] = {
    "add": (operator.add, np.add),
    "sub": (operator.sub, np.subtract),
    "mul": (operator.mul, np.multiply),
    "div": (operator.truediv, np.divide),
    "floordiv": (operator.floordiv, np.floor_divide),
    "mod": (operator.mod, np.remainder),
    "pow": (operator.pow, np.power),
    "divmod": (divmod, np.divmod),
    "matmul": (operator.matmul, np.matmul),
    "neg": (operator.neg, np.negative),
    "positive": (operator.pos, np.positive),
    "abs": (operator.abs, np.absolute),
    "invert": (operator.invert, np.invert),
    "bitwise_and": (operator.and_, np.bitwise_and),
    "bitwise_or": (operator.or_, np.bitwise_or),
    "bitwise_xor": (operator.xor, np.bitwise_xor),
    "left_shift": (operator.lshift, np.left_shift),
    "right_shift": (operator.rshift, np.right_shift),
    "lt": (operator.lt, np.less),
    "le": (operator.le, np.less_equal),
    "gt": (operator.gt, np.greater),
    "ge": (operator.ge, np.greater_equal),
    "eq": (operator.eq, np.equal),
    "ne": (operator.ne, np.not_equal),
}
"""Python's operators: what executes each on plain values, and the ufunc whose count it has."""
