"""Array: a wrapped NumPy array, for code that is written for NumPy's.

It holds an ndarray and is none: `np.asarray` strips a subclass without asking it, and counts
would be lost in silence. What a function costs stands in its row; here is how one reaches it,
and the attributes and methods of an ndarray.
"""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, SupportsIndex

import numpy as np
from numpy.typing import DTypeLike

from opcount.arrays.array_exits import ArrayExits
from opcount.arrays.elements import Flat, memory_of, plain_index, write
from opcount.arrays.scalar import Scalar, number, wrapped
from opcount.arrays.typed import Out, Reduction, reduction
from opcount.counting.errors import INTO_DATA, InvalidType, Uncounted
from opcount.counting.meters import charge, let_out, meter
from opcount.counting.symbolic import known, known_sizes
from opcount.functions.at_once import PLAIN, REAL, averaged, charged, counted, is_real, product, reduced
from opcount.functions.call import call_function
from opcount.functions.op_counts import integer_powers
from opcount.functions.table import maker
from opcount.functions.ufuncs import call_ufunc
from opcount.functions.user_rules import user_rules
from opcount.wrapping.bind import bind
from opcount.wrapping.classes import NUMERIC
from opcount.wrapping.foreign import holds_arrays
from opcount.wrapping.operands import unwrapped
from opcount.wrapping.operations import BY_UFUNC, OPERATIONS, Operation, ufunc_of, written_out
from opcount.wrapping.shapes import Axis
from opcount.wrapping.spec import Held, Spec
from opcount.wrapping.trees import object_array, shape_of
from opcount.wrapping.wrapped import Number, Wrapped, plain_operand, records_arrays


class Array(ArrayExits):
    """A wrapped array of integers, floats, complex numbers or truth values: everything executed on it counts.

    >>> import numpy as np, opcount as oc
    >>> x = oc.wrap(np.array([[1.0, 2.0], [3.0, 4.0]]))
    >>> with oc.count() as tally:
    ...     y = np.tanh(x @ x[0]) + 1
    >>> y.shape, tally.counts
    ((2,), Counts({'mul': 4, 'add': 4, 'tanh': 2}))

    Operators, also in place, indexing and assignment, ufuncs and their methods, NumPy's
    functions and the methods of an ndarray give what they give for the plain array,
    wrapped: an array as an Array, an element as a Scalar. Slices are views and share
    memory, as in NumPy. Comparisons give an Array of truth values, whose truth, elements
    and positions are ordinary control flow; logic on them is not counted, arithmetic is.
    What has no exact count, and what would let values out, raises Uncounted. `oc.wrap` makes
    an Array, with a copy of the data; `oc.unwrap` gives the plain array itself, without a copy.
    """

    # not _data: NumPy's masked arrays take what is called so from whatever they are joined with
    __slots__ = ("_held",)
    __hash__ = None  # type: ignore[assignment]  # mutable, as an ndarray
    _rank: ClassVar[int] = 2
    __pandas_priority__: Final = 5000  # pandas, whose columns hold numbers alone, leaves an operation with it to it
    _held: Any  # an ndarray, a NumPy number where an element is complex, or what has a shape alone

    if TYPE_CHECKING:  # what Wrapped writes once for every class, as it is of an Array

        def __radd__(self, other: object) -> Array: ...
        def __rtruediv__(self, other: object) -> Array: ...
        def __floordiv__(self, other: object) -> Array: ...
        def __rfloordiv__(self, other: object) -> Array: ...
        def __mod__(self, other: object) -> Array: ...
        def __rmod__(self, other: object) -> Array: ...
        def __rpow__(self, other: object) -> Array: ...
        def __and__(self, other: object) -> Array: ...
        def __rand__(self, other: object) -> Array: ...
        def __or__(self, other: object) -> Array: ...
        def __ror__(self, other: object) -> Array: ...
        def __xor__(self, other: object) -> Array: ...
        def __rxor__(self, other: object) -> Array: ...
        def __lshift__(self, other: object) -> Array: ...
        def __rlshift__(self, other: object) -> Array: ...
        def __rshift__(self, other: object) -> Array: ...
        def __rrshift__(self, other: object) -> Array: ...
        def __lt__(self, other: object) -> Array: ...
        def __le__(self, other: object) -> Array: ...
        def __gt__(self, other: object) -> Array: ...
        def __ge__(self, other: object) -> Array: ...

        std: Reduction
        var: Reduction

        def __neg__(self) -> Array: ...
        def __abs__(self) -> Array: ...
        def __invert__(self) -> Array: ...

    def __init__(self, data: np.ndarray | np.generic | Spec) -> None:
        if not isinstance(data, (np.ndarray, np.generic, Spec)) or data.dtype.kind not in NUMERIC:
            kind = getattr(data, "dtype", type(data).__name__)
            raise InvalidType(f"an Array holds a NumPy array of numbers, not {kind}: use oc.wrap, or np.asarray first")
        self._held = data

    def _plain(self) -> Any:
        return self._held

    def _hold(self, result: Any) -> Any:
        return array_of(result) if type(result) is np.ndarray and result.dtype.kind in NUMERIC else wrapped(result)

    def _opened(self) -> Any:
        plain = np.asarray(self._held)
        if plain.dtype.kind == "c":
            let_out("complex numbers among objects", plain.size, "an object array of complex numbers is not counted")
            return plain
        if plain.dtype == bool:
            return plain
        numbers = plain.astype(object)  # with Python's integers, of any size
        return object_array(plain, list(map(Scalar, numbers.flat)))

    def _lifted(self, operand: Any) -> Any:
        """An operand of a partial, wrapped, once for each element: what it is for a number is computed for each."""
        if type(operand) is Array and operand._held.shape == self._held.shape:
            return operand
        if not isinstance(operand, Wrapped):
            operand = array_of(operand) if isinstance(operand, np.ndarray) else number(plain_operand(operand))
        if shape_of(operand) == shape_of(self):
            return operand
        plain = operand._plain()
        if isinstance(plain, int) and abs(plain) >= 1 << 63:  # of which NumPy makes an object
            return operand
        dtype = operand.dtype if operand._is_array else np.result_type(self.dtype, plain)  # a float is weak
        if type(self._held) is Spec:
            return Array(Spec(self._held.shape, dtype))
        return Array(np.broadcast_to(np.asarray(plain, dtype), self._held.shape))

    # operators: one operation for each element

    def _execute(self, operation: Operation, operands: tuple[Any, ...]) -> Any:
        plain = (self._held,) if len(operands) == 1 else (_plain(operands[0]), _plain(operands[1]))
        if operation.rule is None and is_real(plain[0]) and is_real(plain[-1]):
            if operation.ufunc not in _OTHERWISE:
                return _result(counted(operation.kind, operation.value, *plain))
            if operation.python is operator.pow and type(operands[1]) is int:
                return _result(charged(integer_powers(self._held.size, operands[1]), operation.value, *plain))
        return self._generally(ufunc_of(operation), operation.value, *operands)

    def _generally(self, ufunc: Any, execute: Callable[..., Any], *operands: Any) -> Any:
        if any(map(_defers, operands)):
            node = any(isinstance(operand, Number) and operand.records for operand in operands)
            return ufunc(*operands) if node else NotImplemented  # a number of a graph does not ask for it by itself
        return call_ufunc(ufunc, "__call__", operands, {}, execute)

    def _in_place(self, operation: Operation, other: Any, in_place: Callable[[Any, Any], Any]) -> Any:
        if hasattr(other, "tape") or (isinstance(other, np.ndarray) and hasattr(other, "opened")):
            raise Uncounted(INTO_DATA)
        if _defers(other):
            return NotImplemented
        if not isinstance(self._held, np.ndarray) and not self.ndim:  # a number: in place is anew
            return self._execute(operation, (self, other))
        if operation.domain and operation.rule is None and operation.ufunc not in _OTHERWISE:
            data, plain = self._held, _plain(other)
            if is_real(data) and is_real(plain):
                current = meter()
                if current.at_once and current.tallies:  # else it is charged first: it cannot be undone
                    in_place(data, plain)
                    for bulk in current.bulk:
                        bulk[operation.kind] += data.size
                else:
                    charged({operation.kind: data.size}, in_place, data, plain)
                return self
        return call_ufunc(
            ufunc_of(operation),
            "__call__",
            (self, other),
            {"out": (self,)},
            lambda data, other, out: in_place(data, other),
        )

    # The operators that most programs are made of, written out for speed with the same meaning.

    def __add__(self, other: object) -> Array:
        plain = other._held if type(other) is Array else _plain(other)
        current = meter()
        if type(plain) in PLAIN and current.at_once:
            result = self._held + plain
            if result.dtype.char in REAL:
                for bulk in current.bulk:
                    bulk["add"] += result.size
                return _result(result)
            return self._generally(np.add, lambda *_: result, self, other)
        return bind(OPERATIONS.add, self, other)

    def __sub__(self, other: object) -> Array:
        plain = other._held if type(other) is Array else _plain(other)
        current = meter()
        if type(plain) in PLAIN and current.at_once:
            result = self._held - plain
            if result.dtype.char in REAL:
                for bulk in current.bulk:
                    bulk["sub"] += result.size
                return _result(result)
            return self._generally(np.subtract, lambda *_: result, self, other)
        return bind(OPERATIONS.sub, self, other)

    def __rsub__(self, other: object) -> Array:
        plain = other._held if type(other) is Array else _plain(other)
        current = meter()
        if type(plain) in PLAIN and current.at_once:
            result = plain - self._held
            if result.dtype.char in REAL:
                for bulk in current.bulk:
                    bulk["sub"] += result.size
                return _result(result)
            return self._generally(np.subtract, lambda *_: result, other, self)
        return bind(OPERATIONS.sub, other, self)

    def __mul__(self, other: object) -> Array:
        plain = other._held if type(other) is Array else _plain(other)
        current = meter()
        if type(plain) in PLAIN and current.at_once:
            result = self._held * plain
            if result.dtype.char in REAL:
                for bulk in current.bulk:
                    bulk["mul"] += result.size
                return _result(result)
            return self._generally(np.multiply, lambda *_: result, self, other)
        return bind(OPERATIONS.mul, self, other)

    def __rmul__(self, other: object) -> Array:
        plain = other._held if type(other) is Array else _plain(other)
        current = meter()
        if type(plain) in PLAIN and current.at_once:
            result = plain * self._held
            if result.dtype.char in REAL:
                for bulk in current.bulk:
                    bulk["mul"] += result.size
                return _result(result)
            return self._generally(np.multiply, lambda *_: result, other, self)
        return bind(OPERATIONS.mul, other, self)

    def __truediv__(self, other: object) -> Array:
        plain = other._held if type(other) is Array else _plain(other)
        current = meter()
        if type(plain) in PLAIN and current.at_once:
            result = self._held / plain
            if result.dtype.char in REAL:
                for bulk in current.bulk:
                    bulk["div"] += result.size
                return _result(result)
            return self._generally(np.divide, lambda *_: result, self, other)
        return bind(OPERATIONS.div, self, other)

    def __matmul__(self, other: object) -> Any:
        plain = other._held if type(other) is Array else _plain(other)
        if type(plain) is np.ndarray is type(self._held) and not user_rules:
            result = product(self._held, plain)
            if result is not None:
                return _result(result)
        return self._generally(np.matmul, operator.matmul, self, other)

    # The others

    def __divmod__(self, other: object) -> Any:
        return self._generally(np.divmod, divmod, self, other)

    def __rdivmod__(self, other: object) -> Any:
        return self._generally(np.divmod, divmod, other, self)

    def __rmatmul__(self, other: object) -> Any:
        return self._generally(np.matmul, operator.matmul, other, self)

    def __pos__(self) -> Any:
        return self._generally(np.positive, operator.pos, self)

    # NumPy's functions

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: object) -> Any:
        row = BY_UFUNC[ufunc]
        if method == "__call__" and not keywords:
            by_row = row is not None and row.rule is None and ufunc not in _OTHERWISE
            if len(inputs) == 1:
                data: Any = self._held
                if by_row and is_real(data):
                    return _result(counted(row.kind, row.ufunc, data))
            else:
                a, b = _plain(inputs[0]), _plain(inputs[1])
                if by_row and is_real(a) and is_real(b):
                    return _result(counted(row.kind, row.ufunc, a, b))
                if ufunc is np.matmul and type(a) is np.ndarray is type(b) and not user_rules:  # data @ x
                    result = product(a, b)
                    if result is not None:
                        return _result(result)
        if any(map(_defers, inputs)):
            return NotImplemented
        return call_ufunc(ufunc, method, inputs, keywords, row.ufunc if row and method == "__call__" else None)

    def __array_function__(self, function: Any, types: Any, args: Any, keywords: Any) -> Any:
        if len(types) > 1 and any(records_arrays(kind) or holds_arrays(kind) for kind in types):
            return NotImplemented
        if type(self._held) is Spec and (made := maker(function)) is not None:
            return array_of(made(*unwrapped(args), **unwrapped(keywords)))
        if function in _REDUCTIONS and type(args[0]) is Array:
            return _REDUCTIONS[function](*args, **keywords)
        return call_function(function, args, keywords, self)

    # elements, views and assignment

    def __len__(self) -> int:
        return len(self._held)

    def __getitem__(self, key: object) -> Any:
        part = self._held[key if type(key) is int or type(key) is slice else plain_index(key)]
        return _result(part)

    def __setitem__(self, key: object, value: object) -> None:
        held, key = self._held, plain_index(key)
        write(memory_of(held), value, lambda plain: operator.setitem(held, key, plain))

    def __iter__(self) -> Iterator[Any]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[place] for place in range(len(self)))

    def __delitem__(self, key: object) -> None:
        del self._held[key]

    def __contains__(self, value: object) -> bool:
        return bool(np.any(self == value))

    @property
    def flat(self) -> Flat:
        return Flat(self._held)

    @flat.setter
    def flat(self, value: object) -> None:
        write(memory_of(self._held), value, partial(setattr, self._held, "flat"))

    @property
    def T(self) -> Array:
        return array_of(self._held.T)

    @property
    def mT(self) -> Array:
        return array_of(self._held.mT)

    @property
    def real(self) -> Any:
        return _result(self._held.real)

    @real.setter
    def real(self, value: object) -> None:
        write(memory_of(self._held), value, partial(setattr, self._held, "real"))

    @property
    def imag(self) -> Any:
        return _result(self._held.imag)

    @imag.setter
    def imag(self, value: object) -> None:
        write(self.dtype, value, partial(setattr, self._held, "imag"))

    @property
    def base(self) -> Array | None:
        base = self._held.base
        return array_of(base) if isinstance(base, np.ndarray) else None

    # what is known of it without its values

    @property
    def shape(self) -> tuple[int, ...]:
        held = self._held
        return held.shape if type(held) is not Spec else known_sizes(held.shape)

    @shape.setter
    def shape(self, shape: object) -> None:
        self._held.shape = shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._held.dtype

    @dtype.setter
    def dtype(self, dtype: DTypeLike | None) -> None:
        seen = self.view(dtype)
        if isinstance(self._held, np.ndarray):
            another: Any = self._held.view()
            another.dtype = dtype  # for what NumPy says of it: from 2.5 on, a warning
        self._held = seen._held

    @property
    def ndim(self) -> int:
        return self._held.ndim

    @property
    def size(self) -> int:
        return known(self._held.size)

    # methods that move data

    def astype(
        self,
        dtype: DTypeLike | None,
        order: str | None = "K",
        casting: str = "unsafe",
        subok: bool = True,
        copy: bool = True,
    ) -> Any:
        """A cast; to truth values it is a comparison of each element with zero, a `ne`."""
        if user_rules and getattr(np, "astype", None) in user_rules:
            return call_function(np.astype, (self, dtype), {"copy": copy})
        result = self._held.astype(dtype, order, casting, subok, copy)
        if not isinstance(result, (np.ndarray, np.generic, Spec)):  # an element as an object
            return Scalar(result)
        if result.dtype == bool and self.dtype != bool:
            if self.dtype.kind == "c":
                self._let_out("astype()", "the truth of a complex number has no exact count: use oc.unwrap(x)")
            charge({"ne": self.size})
        if not copy and result is self._held:
            return self
        return wrapped(result)

    def copy(self, order: str | None = "C") -> Array:
        if user_rules and np.copy in user_rules:
            return call_function(np.copy, (self, order), {})
        return Array(self._held.copy(order))

    def view(self, *arguments: object, **keywords: object) -> Any:
        """A view; as an Array in any case, whichever class of arrays is asked for."""
        given = [argument for argument in arguments if not _is_array_class(argument)]
        keywords = {name: value for name, value in keywords.items() if not _is_array_class(value)}
        return self._seen(self._held.view(*given, **keywords), "view()")

    def _seen(self, part: Any, door: str) -> Any:
        """The memory under another dtype, wrapped; truth values that were numbers have left."""
        if part.dtype == bool and self.dtype != bool:
            self._let_out(door, "numbers seen as truth values would leave as ordinary control flow: write x != 0")
        return wrapped(part)

    def reshape(self, *shape: object, order: str | None = "C", copy: bool | None = None) -> Array:
        keywords = {} if copy is None else {"copy": copy}
        if user_rules and np.reshape in user_rules:
            return call_function(np.reshape, (self, _one(shape)), keywords | {"order": order})
        return array_of(self._held.reshape(*shape, order=order, **keywords))

    def resize(self, *shape: object, refcheck: bool = True) -> None:
        self._held.resize(*shape, refcheck=refcheck)

    def transpose(self, *axes: object) -> Array:
        if user_rules and np.transpose in user_rules:
            return call_function(np.transpose, (self, _one(axes) if axes else None), {})
        return array_of(self._held.transpose(*axes))

    def swapaxes(self, axis1: SupportsIndex, axis2: SupportsIndex) -> Array:
        if user_rules and np.swapaxes in user_rules:
            return call_function(np.swapaxes, (self, axis1, axis2), {})
        return array_of(self._held.swapaxes(axis1, axis2))

    def flatten(self, order: str | None = "C") -> Array:
        return _result(self._held.flatten(order))

    def ravel(self, order: str | None = "C") -> Array:
        if user_rules and np.ravel in user_rules:
            return call_function(np.ravel, (self, order), {})
        return _result(self._held.ravel(order))

    def fill(self, value: object) -> None:
        write(memory_of(self._held), value, self._held.fill)

    def put(self, indices: object, values: object, mode: str = "raise") -> None:
        call_function(np.put, (self, indices, values, mode), {})

    def byteswap(self, inplace: bool = False) -> Array:
        return self if self._held.byteswap(inplace) is self._held else Array(self._held.byteswap())

    def getfield(self, dtype: DTypeLike | None, offset: SupportsIndex = 0) -> Any:
        return self._seen(self._held.getfield(dtype, offset), "getfield()")

    def setfield(self, value: object, dtype: DTypeLike | None, offset: SupportsIndex = 0) -> None:
        write(np.dtype(dtype), value, lambda plain: self._held.setfield(plain, dtype, offset))

    def to_device(self, device: object, /, *, stream: object = None) -> Array:
        self._held.to_device(device, stream=stream)
        return self

    # methods that compute: NumPy's functions of the same name

    def conj(self, *out: Any) -> Any:
        return np.conjugate(self, *out) if out or self.dtype.kind == "c" or np.conjugate in user_rules else self

    def conjugate(self, *out: object) -> Any:
        return self.conj(*out)

    @reduction
    def max(self, axis: Axis = None, out: Out = None, keepdims: bool = False, initial: object = np._NoValue,
            where: object = True) -> Any:  # fmt: skip
        return self._reduce(np.maximum, np.max, axis, None, out, keepdims, initial, where)

    @reduction
    def min(self, axis: Axis = None, out: Out = None, keepdims: bool = False, initial: object = np._NoValue,
            where: object = True) -> Any:  # fmt: skip
        return self._reduce(np.minimum, np.min, axis, None, out, keepdims, initial, where)

    @reduction
    def prod(self, axis: Axis = None, dtype: DTypeLike | None = None, out: Out = None, keepdims: bool = False,
             initial: object = np._NoValue, where: object = True) -> Any:  # fmt: skip
        return self._reduce(np.multiply, np.prod, axis, dtype, out, keepdims, initial, where)

    @reduction
    def sum(self, axis: Axis = None, dtype: DTypeLike | None = None, out: Out = None, keepdims: bool = False,
            initial: object = np._NoValue, where: object = True) -> Any:  # fmt: skip
        return self._reduce(np.add, np.sum, axis, dtype, out, keepdims, initial, where)

    @reduction
    def mean(self, axis: Axis = None, dtype: DTypeLike | None = None, out: Out = None, keepdims: object = False, *,
             where: object = True) -> Any:  # fmt: skip
        data = self._held
        plain = dtype is out is None and where is True and keepdims is not np._NoValue and data.dtype.char in REAL
        if plain and type(data) is np.ndarray and data.size and np.mean not in user_rules:
            return _result(averaged(data, axis, keepdims))
        return call_function(np.mean, (self, axis, dtype, out, keepdims), {} if where is True else {"where": where})

    def _reduce(self, ufunc: np.ufunc, function: Callable[..., Any], axis: Axis, dtype: DTypeLike | None, out: Out,
                keepdims: object, initial: object, where: object) -> Any:  # fmt: skip
        """The fast way for the plain case, where n numbers are joined n - 1 times; else the general way."""
        data = self._held
        plain = dtype is out is None and where is True and initial is np._NoValue and keepdims is not np._NoValue
        if plain and type(data) is np.ndarray and data.dtype.char in REAL and data.size and function not in user_rules:
            return _result(reduced(BY_UFUNC[ufunc].kind, ufunc, data, axis, keepdims))
        keywords = {"axis": axis, "out": out, "keepdims": keepdims, "initial": initial, "where": where}
        return call_function(function, (self,), keywords if dtype is None else keywords | {"dtype": dtype})

    # copies stay wrapped

    def __copy__(self) -> Array:
        return Array(copy.copy(self._held))

    def __deepcopy__(self, memo: dict[int, Any]) -> Array:
        return Array(copy.deepcopy(self._held))


_new: Final = object.__new__


def array_of(data: np.ndarray) -> Array:
    """An Array without a look at what it holds: faster than the constructor."""
    result = _new(Array)
    result._held = data
    return result


def _result(plain: Held) -> Any:
    """The plain result of an operation, wrapped."""
    if type(plain) is np.ndarray:
        result = _new(Array)
        result._held = plain
        return result
    return wrapped(plain)


def _one(given: tuple[Any, ...]) -> Any:
    """The shape or the axes that a method is given, as one argument or as several."""
    return given[0] if len(given) == 1 else given


def _plain(operand: Any) -> Any:
    """What a wrapped operand holds; any other operand itself, but None for objects, which count when executed on."""
    kind = type(operand)
    if kind is Array:
        return operand._held
    if kind is Scalar:
        return operand._value
    return None if kind is np.ndarray and operand.dtype.char == "O" else operand


def _is_array_class(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, (np.ndarray, Array))


def _defers(operand: object) -> bool:
    """Whether the operand takes care of the operation: a node of a graph, or a container of wrapped arrays."""
    return operand.records if isinstance(operand, Wrapped) else holds_arrays(type(operand))


_OTHERWISE: Final = frozenset({np.power, np.modf, np.frexp})
"""The ufuncs with two results, or that do not count one for each element of the result of real numbers."""

written_out(Array, {
    "__add__": "add", "__sub__": "sub", "__rsub__": "sub", "__mul__": "mul", "__rmul__": "mul", "__truediv__": "div",
})  # fmt: skip

_REDUCTIONS: Final[dict[Any, Callable[..., Any]]] = {
    np.sum: Array.sum, np.prod: Array.prod, np.max: Array.max, np.min: Array.min, np.mean: Array.mean,
}  # fmt: skip
"""NumPy's functions that the methods of that name have a fast way for."""

Scalar._array = Array
