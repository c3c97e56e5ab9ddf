"""What every wrapped value has in common: operators and guarded exits; and what every wrapped number has besides.

An operator is written out once, as a call of `bind(operation, *operands)`. `Scalar` and `Array` execute and count
the operation; the graph's `Node` executes it on what it holds, and records it. Where one of them writes a few
operators out again, for speed, it does so for the row that stands in the table when it is imported, and leaves any
other row to `bind`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, Final, Self

import numpy as np

from opcount.counting.callers import asked_by_isin, asked_by_sparse_matrix, refusal
from opcount.counting.errors import Uncounted
from opcount.counting.meters import let_out, note_text, went_wrong
from opcount.wrapping.bind import Executor, bind, quotient_and_rest
from opcount.wrapping.classes import is_number, is_own_kind
from opcount.wrapping.operations import BY_UFUNC, OPERATIONS
from opcount.wrapping.special import is_of_scipy

ARRAYS: Final = (np.ndarray, np.memmap)
"""The classes of arrays that compute as an ndarray does. Each other subclass may do so in its own way."""


def plain_operand(other: object) -> Any:
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


class Wrapped(Executor):
    """A wrapped value: every operation on it counts or raises, and nothing leaves unseen."""

    __slots__ = ()
    records: ClassVar[bool] = False  # whether it records what is done to it, with arrays too
    _op_priority: ClassVar[float] = 100.0  # a symbolic size leaves its arithmetic to who has a higher one

    def _hold(self, result: object) -> Any:
        """The plain result of an execution on this value, wrapped; truth values are as they were."""
        raise NotImplementedError

    def _opened(self) -> Any:
        """The value as NumPy's loops for objects need it: for an array, an object array of wrapped numbers."""
        raise NotImplementedError

    def _plain(self) -> Any:
        """The plain number or array."""
        raise NotImplementedError

    def _counting(self) -> Self:
        """This value as one on which operations count: itself, unless its class has constant data too."""
        return self

    def _let_out(self, door: str, advice: str, elements: int | None = None) -> Any:
        """The plain value, if the count records exits; else raises Uncounted, which says what to write instead."""
        let_out(door, np.size(self._plain()) if elements is None else elements, lambda: refusal(advice))
        return self._plain()

    # arithmetic

    def __add__(self, other: object) -> Any:
        return bind(OPERATIONS.add, self, other)

    def __radd__(self, other: object) -> Any:
        return bind(OPERATIONS.add, other, self)

    def __sub__(self, other: object) -> Any:
        return bind(OPERATIONS.sub, self, other)

    def __rsub__(self, other: object) -> Any:
        return bind(OPERATIONS.sub, other, self)

    def __mul__(self, other: object) -> Any:
        return bind(OPERATIONS.mul, self, other)

    def __rmul__(self, other: object) -> Any:
        return bind(OPERATIONS.mul, other, self)

    def __truediv__(self, other: object) -> Any:
        return bind(OPERATIONS.div, self, other)

    def __rtruediv__(self, other: object) -> Any:
        return bind(OPERATIONS.div, other, self)

    def __floordiv__(self, other: object) -> Any:
        return bind(OPERATIONS.floordiv, self, other)

    def __rfloordiv__(self, other: object) -> Any:
        return bind(OPERATIONS.floordiv, other, self)

    def __mod__(self, other: object) -> Any:
        return bind(OPERATIONS.mod, self, other)

    def __rmod__(self, other: object) -> Any:
        return bind(OPERATIONS.mod, other, self)

    def __divmod__(self, other: object) -> Any:
        return quotient_and_rest(self, other)

    def __rdivmod__(self, other: object) -> Any:
        return quotient_and_rest(other, self)

    def __pow__(self, other: object, modulus: object = None) -> Any:
        if modulus is not None:
            raise Uncounted("pow() with a modulus has no exact count; write (x ** n) % m")
        return bind(OPERATIONS.pow, self, other)

    def __rpow__(self, other: object) -> Any:
        return bind(OPERATIONS.pow, other, self)

    def __neg__(self) -> Any:
        return self._execute(OPERATIONS.neg, (self,))

    def __abs__(self) -> Any:
        return self._execute(OPERATIONS.abs, (self,))

    # bits, of integers

    def __invert__(self) -> Any:
        return self._execute(OPERATIONS.invert, (self,))

    def __and__(self, other: object) -> Any:
        return bind(OPERATIONS.bitwise_and, self, other)

    def __rand__(self, other: object) -> Any:
        return bind(OPERATIONS.bitwise_and, other, self)

    def __or__(self, other: object) -> Any:
        return bind(OPERATIONS.bitwise_or, self, other)

    def __ror__(self, other: object) -> Any:
        return bind(OPERATIONS.bitwise_or, other, self)

    def __xor__(self, other: object) -> Any:
        return bind(OPERATIONS.bitwise_xor, self, other)

    def __rxor__(self, other: object) -> Any:
        return bind(OPERATIONS.bitwise_xor, other, self)

    def __lshift__(self, other: object) -> Any:
        return bind(OPERATIONS.left_shift, self, other)

    def __rlshift__(self, other: object) -> Any:
        return bind(OPERATIONS.left_shift, other, self)

    def __rshift__(self, other: object) -> Any:
        return bind(OPERATIONS.right_shift, self, other)

    def __rrshift__(self, other: object) -> Any:
        return bind(OPERATIONS.right_shift, other, self)

    # comparisons give plain truth values, which are ordinary control flow

    def __lt__(self, other: object) -> Any:
        return bind(OPERATIONS.lt, self, other)

    def __le__(self, other: object) -> Any:
        return bind(OPERATIONS.le, self, other)

    def __gt__(self, other: object) -> Any:
        return bind(OPERATIONS.gt, self, other)

    def __ge__(self, other: object) -> Any:
        return bind(OPERATIONS.ge, self, other)

    def __eq__(self, other: object) -> Any:
        return bind(OPERATIONS.eq, self, other)

    def __ne__(self, other: object) -> Any:
        return bind(OPERATIONS.ne, self, other)

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

    def __reduce_ex__(self, protocol: object) -> Any:
        advice = "a wrapped value cannot be pickled, its counter stays behind: send oc.unwrap(x)"
        return self._let_out("pickle", advice).__reduce_ex__(protocol)


_UNWRAP: Final = "use the plain number, oc.unwrap(x)"
_LEAVES: Final = "a wrapped value was asked to become"
_FLOAT: Final = (
    "use NumPy's functions, as np.sin(x), or those of math in oc.count(math=True), and arrays to write into that are "
    "made by np.zeros_like(x) or oc.wrap, or oc.unwrap(x) for the plain number"
)
_ROUND: Final = "round(x), math.floor(x), math.trunc(x)"


class Number(Wrapped):
    """A wrapped number, with the methods that NumPy calls on the elements of an object array."""

    __slots__ = ()

    def _opened(self) -> Any:
        return self

    def __pos__(self) -> Self:
        return self

    def __divmod__(self, other: object) -> Any:
        return NotImplemented if is_wrapped_array(other) else quotient_and_rest(self, other)

    def sqrt(self) -> Any:
        return bind(OPERATIONS.sqrt, self)

    def cbrt(self) -> Any:
        return bind(OPERATIONS.cbrt, self)

    def square(self) -> Any:
        return bind(OPERATIONS.square, self)

    def exp(self) -> Any:
        return bind(OPERATIONS.exp, self)

    def exp2(self) -> Any:
        return bind(OPERATIONS.exp2, self)

    def expm1(self) -> Any:
        return bind(OPERATIONS.expm1, self)

    def log(self) -> Any:
        return bind(OPERATIONS.log, self)

    def log2(self) -> Any:
        return bind(OPERATIONS.log2, self)

    def log10(self) -> Any:
        return bind(OPERATIONS.log10, self)

    def log1p(self) -> Any:
        return bind(OPERATIONS.log1p, self)

    def sin(self) -> Any:
        return bind(OPERATIONS.sin, self)

    def cos(self) -> Any:
        return bind(OPERATIONS.cos, self)

    def tan(self) -> Any:
        return bind(OPERATIONS.tan, self)

    def arcsin(self) -> Any:
        return bind(OPERATIONS.arcsin, self)

    def arccos(self) -> Any:
        return bind(OPERATIONS.arccos, self)

    def arctan(self) -> Any:
        return bind(OPERATIONS.arctan, self)

    def sinh(self) -> Any:
        return bind(OPERATIONS.sinh, self)

    def cosh(self) -> Any:
        return bind(OPERATIONS.cosh, self)

    def tanh(self) -> Any:
        return bind(OPERATIONS.tanh, self)

    def arcsinh(self) -> Any:
        return bind(OPERATIONS.arcsinh, self)

    def arccosh(self) -> Any:
        return bind(OPERATIONS.arccosh, self)

    def arctanh(self) -> Any:
        return bind(OPERATIONS.arctanh, self)

    def fabs(self) -> Any:
        return bind(OPERATIONS.abs, self)

    def rint(self) -> Any:
        return bind(OPERATIONS.round, self)

    def arctan2(self, other: object) -> Any:
        return bind(OPERATIONS.arctan2, self, other)

    def hypot(self, other: object) -> Any:
        return bind(OPERATIONS.hypot, self, other)

    def fmod(self, other: object) -> Any:
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
        if method == "__call__" and len(inputs) == 1 and not keywords and (operation := written(ufunc)) is not None:
            return operation(self)  # a function of one number, as in most calls
        if any(is_wrapped_array(operand) for operand in (*inputs, *keywords.get("out", ()))):
            return NotImplemented
        operation = written(ufunc)
        if operation is None:
            module = "scipy.special" if is_of_scipy(ufunc) else "np"
            raise Uncounted(
                f"{module}.{ufunc.__name__} has no exact count for a wrapped number; "
                "write it with operations that have one, or take the plain number with oc.unwrap(x)"
            )
        arrays = any(isinstance(operand, np.ndarray) for operand in inputs)
        if method == "__call__" and not keywords and not arrays:
            return operation(*inputs)
        if method == "__call__" and keywords.keys() <= {"out", "where"}:
            _refuse_plain(keywords.get("out", ()), ufunc)
            result = np.frompyfunc(operation, ufunc.nin, ufunc.nout)(*map(boxed, inputs), **keywords)
            row = BY_UFUNC[ufunc]
            truths = row and row.compares and isinstance(result, np.ndarray) and "out" not in keywords
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
        try:
            return hash(self._let_out("hash()", advice))
        except Uncounted:
            if asked_by_isin():
                went_wrong(_NOT_FOUND)
            raise

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


def is_wrapped_array(value: object) -> bool:
    return isinstance(value, Wrapped) and value._is_array


def boxed(operand: object) -> Any:
    # a 0-d array keeps NumPy from asking a wrapped operand how to convert it
    if not isinstance(operand, Wrapped):
        return operand
    box = np.empty((), dtype=object)
    box[()] = operand
    return box


def for_sparse_matrix(value: Wrapped) -> Any:
    """What a wrapped array gives a function of SciPy's sparse matrices that asks for a plain one; None elsewhere.

    A product is left to the array where it gets an object that has no dimensions. All else is refused.
    """
    asking = asked_by_sparse_matrix()
    if asking == "_matmul_dispatch":
        return boxed(value)
    if asking:
        let_out(f"scipy.sparse, {asking}", np.size(value._plain()), _SPARSE)
        return value._plain()
    return None


_NOT_FOUND: Final = (
    "isin of pandas was asked for wrapped numbers, which it cannot hash, and took each for one that is not there: use "
    "np.isin(x, values), which counts, or s.map(lambda v: any(v == each for each in values))"
)
_SPARSE: Final = (
    "a sparse matrix would take the plain values of a wrapped array, which nobody would count: the products S @ x and "
    "x @ S count; for all else use S.toarray(), or oc.unwrap(x)"
)


def _refuse_plain(outputs: tuple[Any, ...], ufunc: np.ufunc) -> None:
    for output in outputs:
        if output is not None and output.dtype != object:
            raise Uncounted(
                f"np.{ufunc.__name__} would write wrapped numbers into a plain {output.dtype} array: "
                "let it make a new array (a = a + x, not a += x), or use an array of dtype object"
            )


def written(ufunc: np.ufunc) -> Callable[..., Any] | None:
    """NumPy's elementwise function of wrapped numbers of every class, as the operations that it executes."""
    row = BY_UFUNC[ufunc]
    if row is not None:
        return partial(bind, row) if row.is_of_every_number else None
    return _COMPOSED.get(ufunc)


_COMPOSED: Final[dict[np.ufunc, Callable[..., Any]]] = {
    np.reciprocal: lambda x: x._reciprocal(),
    np.divmod: quotient_and_rest,
    np.positive: lambda x: x,
    np.conjugate: lambda x: x,
}
