"""Array: a wrapped NumPy array, for code that is written for NumPy's.

It holds an ndarray and is none: `np.asarray` strips a subclass without asking it, and counts
would be lost in silence. What a function costs stands in its row; here is how one
reaches it, and the attributes and methods of an ndarray.
"""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self, SupportsIndex

import numpy as np
from numpy.typing import DTypeLike

from opcount.arrays.array_methods import ArrayMethods
from opcount.arrays.scalar import Scalar
from opcount.arrays.typed import Axis, Out, Reduction, reduction
from opcount.counting.callers import refusal
from opcount.counting.errors import INTO_DATA, InvalidType, Uncounted
from opcount.counting.meters import Meter, charge, meter, note_text
from opcount.counting.symbolic import known, known_sizes
from opcount.functions.call import call_function
from opcount.functions.op_counts import integer_power, is_truth, multiple
from opcount.functions.table import maker
from opcount.functions.ufuncs import UFUNCS, call_ufunc
from opcount.functions.user_rules import user_rules
from opcount.wrapping.classes import NUMERIC
from opcount.wrapping.foreign import holds_arrays
from opcount.wrapping.operands import Operands, opened, unwrapped
from opcount.wrapping.spec import Spec, no_values
from opcount.wrapping.wrapped import HOLDERS, OPERATORS, Wrapped, records_arrays, wrapped

_PLAIN: Final = frozenset({np.ndarray, float, int, np.float64, np.float32, np.int64, np.int32})


class Array(ArrayMethods):
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

        mean: Reduction
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

    # operators: one operation for each element

    def _apply(self, name: str, *operands: Any) -> Any:
        current = meter()
        if name in _ARITHMETIC and not current.limits:
            plain = [_plain(operand) for operand in operands]
            if _PLAIN.issuperset(map(type, plain)):
                return self._counted(current, name, OPERATORS[name][0](*plain), operands)
        return self._apply_slowly(name, *operands)

    def _counted(self, current: Meter, kind: str, result: Any, operands: tuple[Any, ...]) -> Any:
        """The result of one operation for each element, where it is of real numbers; else the general way.

        None of these operations makes a real number of complex ones, or of truth values alone.
        """
        if result.dtype.char not in _REAL or (user_rules and OPERATORS[kind][1] in user_rules):
            return call_ufunc(OPERATORS[kind][1], "__call__", operands, {}, lambda *_: result)
        current.charge_kind(kind, result.size)
        return _result(result)

    def _apply_slowly(self, name: str, *operands: Any) -> Any:
        execute, ufunc = OPERATORS[name]
        if any(map(_defers, operands)):
            return NotImplemented
        return call_ufunc(ufunc, "__call__", operands, {}, execute)

    def _apply_in_place(self, name: str, other: Any) -> Any:
        if hasattr(other, "tape") or (isinstance(other, np.ndarray) and hasattr(other, "opened")):
            raise Uncounted(INTO_DATA)
        if _defers(other):
            return NotImplemented
        if not isinstance(self._held, np.ndarray) and not self.ndim:  # a number: in place is anew
            return self._apply(name, self, other)
        execute, ufunc = OPERATORS[name]
        in_place = getattr(operator, f"i{execute.__name__.rstrip('_')}")
        current = meter()
        at_once = name in _ARITHMETIC and self._held.dtype.char in _REAL and ufunc not in user_rules
        if at_once and current.tallies and not current.limits:  # else it is charged first: it cannot be undone
            plain = _plain(other)
            if type(plain) in _PLAIN:
                in_place(self._held, plain)
                current.charge_kind(name, self._held.size)
                return self
        return call_ufunc(
            ufunc, "__call__", (self, other), {"out": (self,)}, lambda data, other, out: in_place(data, other)
        )

    # The operators that most programs are made of, written out for speed with the same meaning.

    def __add__(self, other: object) -> Array:
        plain = other._held if type(other) is Array else _plain(other)
        current = meter()
        if type(plain) in _PLAIN and not current.limits:
            return self._counted(current, "add", self._held + plain, (self, other))
        return self._apply_slowly("add", self, other)

    def __sub__(self, other: object) -> Array:
        plain = other._held if type(other) is Array else _plain(other)
        current = meter()
        if type(plain) in _PLAIN and not current.limits:
            return self._counted(current, "sub", self._held - plain, (self, other))
        return self._apply_slowly("sub", self, other)

    def __rsub__(self, other: object) -> Array:
        plain = other._held if type(other) is Array else _plain(other)
        current = meter()
        if type(plain) in _PLAIN and not current.limits:
            return self._counted(current, "sub", plain - self._held, (other, self))
        return self._apply_slowly("sub", other, self)

    def __mul__(self, other: object) -> Array:
        plain = other._held if type(other) is Array else _plain(other)
        current = meter()
        if type(plain) in _PLAIN and not current.limits:
            return self._counted(current, "mul", self._held * plain, (self, other))
        return self._apply_slowly("mul", self, other)

    def __rmul__(self, other: object) -> Array:
        plain = other._held if type(other) is Array else _plain(other)
        current = meter()
        if type(plain) in _PLAIN and not current.limits:
            return self._counted(current, "mul", plain * self._held, (other, self))
        return self._apply_slowly("mul", other, self)

    def __truediv__(self, other: object) -> Array:
        plain = other._held if type(other) is Array else _plain(other)
        current = meter()
        if type(plain) in _PLAIN and not current.limits:
            return self._counted(current, "div", self._held / plain, (self, other))
        return self._apply_slowly("div", self, other)

    def __matmul__(self, other: object) -> Any:
        plain = other._held if type(other) is Array else _plain(other)
        current = meter()
        if type(plain) is np.ndarray is type(self._held) and not current.limits:
            return _product(current, self._held, plain, (self, other))
        return self._apply_slowly("matmul", self, other)

    def __pow__(self, other: Any, modulus: Any = None) -> Array:
        plain_case = type(other) is int and modulus is None and self._held.dtype.char in _REAL
        if plain_case and not meter().limits and np.power not in user_rules:
            result = self._held**other
            charge(multiple(result.size, integer_power(other)))
            return _result(result)
        return super().__pow__(other, modulus)

    # The others

    def __divmod__(self, other: object) -> Any:
        return self._apply_slowly("divmod", self, other)

    def __rdivmod__(self, other: object) -> Any:
        return self._apply_slowly("divmod", other, self)

    def __rmatmul__(self, other: object) -> Any:
        return self._apply_slowly("matmul", other, self)

    def __pos__(self) -> Array:
        return self._apply("positive", self)

    def __iadd__(self, other: object) -> Array:
        return self._apply_in_place("add", other)

    def __isub__(self, other: object) -> Array:
        return self._apply_in_place("sub", other)

    def __imul__(self, other: object) -> Array:
        return self._apply_in_place("mul", other)

    def __itruediv__(self, other: object) -> Array:
        return self._apply_in_place("div", other)

    def __ifloordiv__(self, other: object) -> Array:
        return self._apply_in_place("floordiv", other)

    def __imod__(self, other: object) -> Array:
        return self._apply_in_place("mod", other)

    def __ipow__(self, other: object) -> Array:  # type: ignore[misc,override]
        return self._apply_in_place("pow", other)

    def __imatmul__(self, other: object) -> Any:
        return self._apply_in_place("matmul", other)

    def __iand__(self, other: object) -> Array:
        return self._apply_in_place("bitwise_and", other)

    def __ior__(self, other: object) -> Array:
        return self._apply_in_place("bitwise_or", other)

    def __ixor__(self, other: object) -> Array:
        return self._apply_in_place("bitwise_xor", other)

    def __ilshift__(self, other: object) -> Array:
        return self._apply_in_place("left_shift", other)

    def __irshift__(self, other: object) -> Array:
        return self._apply_in_place("right_shift", other)

    # NumPy's functions

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        current = meter()
        kind = _ONE_OPERATION.get(ufunc)
        if (
            kind
            and method == "__call__"
            and not keywords
            and not current.limits
            and not (user_rules and ufunc in user_rules)
        ):
            result = None
            if len(inputs) == 1:
                result = ufunc(self._held)
            else:
                a, b = _plain(inputs[0]), _plain(inputs[1])
                if type(a) in _PLAIN and type(b) in _PLAIN:
                    result = ufunc(a, b)
            if result is not None:
                if result.dtype.char not in _REAL:
                    return call_ufunc(ufunc, method, inputs, keywords, lambda *_: result)
                current.charge_kind(kind, result.size)
                return _result(result)
        if ufunc is np.matmul and method == "__call__" and not keywords and not current.limits:  # data @ x
            a, b = _plain(inputs[0]), _plain(inputs[1])
            if type(a) is np.ndarray is type(b):
                return _product(current, a, b, inputs)
        if any(map(_defers, inputs)):
            return NotImplemented
        return call_ufunc(ufunc, method, inputs, keywords)

    def __array_function__(self, function: Any, types: Any, args: Any, keywords: Any) -> Any:
        if any(records_arrays(kind) or holds_arrays(kind) for kind in types):
            return NotImplemented
        if type(self._held) is Spec and (made := maker(function)) is not None:
            return array_of(made(*unwrapped(args), **unwrapped(keywords)))
        if function in _REDUCTIONS and type(args[0]) is Array:
            return _REDUCTIONS[function](*args, **keywords)
        return call_function(function, args, keywords)

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        """The namespace of the array API standard: NumPy's own, whose functions take Arrays."""
        return np.empty(0).__array_namespace__(api_version=api_version)  # type: ignore[arg-type]

    # elements, views and assignment

    def __len__(self) -> int:
        return len(self._held)

    def __getitem__(self, key: object) -> Any:
        part = self._held[key if type(key) is int or type(key) is slice else plain_index(key)]
        return _result(part)

    def __setitem__(self, key: object, value: object) -> None:
        held, key = self._held, plain_index(key)
        write(_memory_of(held), value, lambda plain: operator.setitem(held, key, plain))

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
        write(_memory_of(self._held), value, partial(setattr, self._held, "flat"))

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
        write(_memory_of(self._held), value, partial(setattr, self._held, "real"))

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
    def shape(self, shape: Any) -> None:
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

    @property
    def itemsize(self) -> int:
        return self._held.itemsize

    @property
    def nbytes(self) -> int:
        return known(self._held.nbytes)

    @property
    def strides(self) -> tuple[int, ...]:
        return self._held.strides

    @property
    def flags(self) -> Any:
        return self._held.flags

    @property
    def device(self) -> str:
        return "cpu"

    def setflags(self, write: bool | None = None, align: bool | None = None, uic: bool | None = None) -> None:
        self._held.setflags(write, align, uic)

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

    def view(self, *arguments: Any, **keywords: Any) -> Any:
        """A view; as an Array in any case, whichever class of arrays is asked for."""
        given = [argument for argument in arguments if not _is_array_class(argument)]
        keywords = {name: value for name, value in keywords.items() if not _is_array_class(value)}
        return self._seen(self._held.view(*given, **keywords), "view()")

    def _seen(self, part: Any, door: str) -> Any:
        """The memory under another dtype, wrapped; truth values that were numbers have left."""
        if part.dtype == bool and self.dtype != bool:
            self._let_out(door, "numbers seen as truth values would leave as ordinary control flow: write x != 0")
        return wrapped(part)

    def reshape(self, *shape: Any, order: str | None = "C", copy: bool | None = None) -> Array:
        keywords = {} if copy is None else {"copy": copy}
        if user_rules and np.reshape in user_rules:
            return call_function(np.reshape, (self, _one(shape)), keywords | {"order": order})
        return array_of(self._held.reshape(*shape, order=order, **keywords))

    def resize(self, *shape: Any, refcheck: bool = True) -> None:
        self._held.resize(*shape, refcheck=refcheck)

    def transpose(self, *axes: Any) -> Array:
        if user_rules and np.transpose in user_rules:
            return call_function(np.transpose, (self, _one(axes) if axes else None), {})
        return array_of(self._held.transpose(*axes))

    def swapaxes(self, axis1: SupportsIndex, axis2: SupportsIndex) -> Array:
        if user_rules and np.swapaxes in user_rules:
            return call_function(np.swapaxes, (self, axis1, axis2), {})
        return array_of(self._held.swapaxes(axis1, axis2))

    def flatten(self, order: str | None = "C") -> Array:
        return Array(self._held.flatten(order))

    def ravel(self, order: str | None = "C") -> Array:
        if user_rules and np.ravel in user_rules:
            return call_function(np.ravel, (self, order), {})
        return Array(self._held.ravel(order))

    def fill(self, value: object) -> None:
        write(_memory_of(self._held), value, self._held.fill)

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

    def conjugate(self, *out: Any) -> Any:
        return self.conj(*out)

    @reduction
    def max(self, axis: Axis = None, out: Out = None, keepdims: bool = False, initial: object = np._NoValue,
            where: object = True) -> Any:  # fmt: skip
        return self._reduce(np.maximum, np.max, axis, None, out, keepdims, initial, where)

    @reduction
    def min(self, axis: Axis = None, out: Out = None, keepdims: bool = False, initial: object = np._NoValue,
            where: object = True) -> Any:  # fmt: skip
        return self._reduce(np.minimum, np.min, axis, None, out, keepdims, initial, where)

    def partition(
        self, kth: Any, axis: SupportsIndex = -1, kind: Any = "introselect", order: str | None = None
    ) -> None:
        self[...] = np.partition(self, kth, operator.index(axis), kind, order)

    @reduction
    def prod(self, axis: Axis = None, dtype: DTypeLike | None = None, out: Out = None, keepdims: bool = False,
             initial: object = np._NoValue, where: object = True) -> Any:  # fmt: skip
        return self._reduce(np.multiply, np.prod, axis, dtype, out, keepdims, initial, where)

    def sort(
        self, axis: SupportsIndex = -1, kind: Any = None, order: str | None = None, *, stable: bool | None = None
    ) -> None:
        self[...] = np.sort(self, operator.index(axis), kind, order, stable=stable)

    @reduction
    def sum(self, axis: Axis = None, dtype: DTypeLike | None = None, out: Out = None, keepdims: bool = False,
            initial: object = np._NoValue, where: object = True) -> Any:  # fmt: skip
        return self._reduce(np.add, np.sum, axis, dtype, out, keepdims, initial, where)

    def _reduce(self, ufunc: np.ufunc, function: Any, axis: Axis, dtype: DTypeLike | None, out: Out, keepdims: bool,
                initial: object, where: object) -> Any:  # fmt: skip
        """The fast way for the plain case, where n numbers are joined n - 1 times; else the general way."""
        data = self._held
        current = meter()
        plain = dtype is out is None and initial is np._NoValue and where is True and data.dtype.char in _REAL
        if plain and type(data) is np.ndarray and not current.limits and function not in user_rules:
            result = ufunc.reduce(data, axis, None, None, keepdims)  # type: ignore[call-arg]
            current.charge_kind(_ONE_OPERATION[ufunc], data.size - result.size if data.size else 0)
            return _result(result)
        keywords = {"axis": axis, "out": out, "keepdims": keepdims, "initial": initial, "where": where}
        return call_function(function, (self,), keywords if dtype is None else keywords | {"dtype": dtype})

    # exits, guarded

    def _let_out(self, door: str, advice: str, elements: int | None = None) -> Any:
        if type(self._held) is Spec:
            raise no_values(door)
        if door in _CONVERSIONS and self.ndim:
            try:
                _CONVERSIONS[door](self._held)
            except TypeError as error:  # of several numbers NumPy makes none
                raise InvalidType(refusal(f"{error}: {advice.partition(': ')[2]}")) from None
        return super()._let_out(door, advice, elements)

    def _truths_or_let_out(self, door: str, advice: str, elements: int | None = None) -> Any:
        """The plain values: of a comparison they are ordinary control flow, all others leave by that door."""
        return self._held if self.dtype == bool else self._let_out(door, advice, elements)

    def __bool__(self) -> bool:
        advice = "the truth of a wrapped number is a comparison that nobody would count: write x != 0"
        return bool(self._truths_or_let_out("bool()", advice))

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        advice = (
            "a wrapped array was asked to become a plain one, which nobody would count: use NumPy's functions on it, "
            "np.stack for a list of arrays, np.zeros_like(x) or oc.wrap for an array to write into, or oc.unwrap(x)"
        )
        if np.dtype(dtype).char == "O" and type(self._held) is not Spec:  # whose elements stay wrapped
            return objects(opened(self), copy)
        return np.array(self._truths_or_let_out("np.asarray()", advice), dtype, copy=copy)

    def __dlpack__(self, **keywords: Any) -> Any:
        advice = "a wrapped array cannot be handed on by DLPack: hand on oc.unwrap(x)"
        return self._let_out("__dlpack__", advice).__dlpack__(**keywords)

    def __dlpack_device__(self) -> Any:
        return self._held.__dlpack_device__()

    def __buffer__(self, flags: int) -> memoryview:  # asked by np.asarray too, from Python 3.12 on
        plain: Any = self.__array__()  # before Python 3.12, mypy takes an ndarray for no buffer
        return memoryview(plain)

    @property
    def data(self) -> Any:
        return self._let_out("data", "the memory of a wrapped array is not handed out: use oc.unwrap(x).data").data

    @property
    def ctypes(self) -> Any:
        return self._let_out(
            "ctypes", "the memory of a wrapped array is not handed out: use oc.unwrap(x).ctypes"
        ).ctypes

    def item(self, *place: Any) -> Any:
        advice = "item() would be a plain number: use x[i], which is wrapped, or oc.unwrap(x).item()"
        value = self._held.item(*place)
        self._truths_or_let_out("item()", advice, 1)
        return value

    def tolist(self) -> Any:
        advice = "the list would be plain: use list(x), whose elements are wrapped, or oc.unwrap(x).tolist()"
        return self._truths_or_let_out("tolist()", advice).tolist()

    def tobytes(self, order: str | None = "C") -> bytes:
        return self._let_out("tobytes()", "bytes are not counted: use oc.unwrap(x).tobytes()").tobytes(order)

    def tofile(self, fid: Any, sep: str = "", format: str = "%s") -> None:
        self._let_out("tofile()", "a file is not counted: use oc.unwrap(x).tofile(...)").tofile(fid, sep, format)

    def dump(self, file: Any) -> None:
        self._let_out("dump()", "a file is not counted: use oc.unwrap(x).dump(...)").dump(file)

    def dumps(self) -> bytes:
        return self._let_out("dumps()", "bytes are not counted: use oc.unwrap(x).dumps()").dumps()

    # copies stay wrapped

    def __copy__(self) -> Array:
        return Array(copy.copy(self._held))

    def __deepcopy__(self, memo: dict[int, Any]) -> Array:
        return Array(copy.deepcopy(self._held))

    def __repr__(self) -> str:
        note_text(self.size)
        text = repr(self._held)
        if type(self._held) is Spec:
            return text
        return text.replace("array(", "Array(", 1) if text.startswith("array(") else f"Array({text})"

    def __str__(self) -> str:
        note_text(self.size)
        return str(self._held)

    def __format__(self, spec: str) -> str:
        note_text(self.size)
        return format(self._held, spec)


class Flat:
    """The iterator that `Array.flat` is: elements one by one, wrapped, and by their place."""

    __slots__ = ("_iterator",)

    def __init__(self, data: np.ndarray) -> None:
        self._iterator = data.flat

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        return wrapped(next(self._iterator))

    def __len__(self) -> int:
        return len(self._iterator)

    def __getitem__(self, key: Any) -> Any:
        return wrapped(self._iterator[plain_index(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        key = plain_index(key)
        write(_memory_of(self._iterator.base), value, partial(self._iterator.__setitem__, key))


_new: Final = object.__new__
_CONVERSIONS: Final[dict[str, Callable[[Any], Any]]] = {
    "float()": float,
    "int()": int,
    "index": operator.index,
    "complex()": complex,
    "bool()": bool,
}
_REAL: Final = frozenset("bhilqBHILQefdg")  # the dtypes of which one operation is one operation


def array_of(data: np.ndarray) -> Array:
    """An Array without a look at what it holds: faster than the constructor."""
    result = _new(Array)
    result._held = data
    return result


def _result(plain: Any) -> Any:
    """The plain result of an operation, wrapped."""
    return array_of(plain) if type(plain) is np.ndarray else wrapped(plain)


def _product(current: Meter, a: np.ndarray, b: np.ndarray, operands: tuple[Any, ...]) -> Any:
    """A product of matrices of real numbers; else the general way."""
    result = a @ b
    if result.dtype.char not in _REAL or (user_rules and np.matmul in user_rules):
        return call_ufunc(np.matmul, "__call__", operands, {}, lambda *_: result)
    products = result.size * a.shape[-1]
    current.charge_products(products, products - result.size if products else 0)
    return _result(result)


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


def objects(array: np.ndarray, copy: bool | None) -> np.ndarray:
    """An object array that was made for NumPy, which may have asked for one that is not made."""
    if copy is False:
        raise ValueError("an array of wrapped numbers is made of a wrapped array by a copy: leave copy=False out")
    return array.astype(object, copy=False)


def write(dtype: np.dtype[Any], value: Any, execute: Callable[[Any], None]) -> None:
    """Write a value into an array of that dtype; each number that becomes a truth value is a comparison with 0."""
    if any(
        isinstance(each, Wrapped) and each.records for each in (value if isinstance(value, (list, tuple)) else (value,))
    ):
        raise Uncounted(INTO_DATA)
    compared = _numbers_in(value) if dtype.char == "?" else 0
    if not compared:
        execute(unwrapped(value))
        return
    current = meter()
    current.charge({"ne": compared})
    try:
        execute(unwrapped(value))
    except BaseException:
        current.refund({"ne": compared})
        raise


def _memory_of(held: Any) -> np.dtype[Any]:
    """The dtype of an array, or, where it is a view of truth values as numbers, of what it is a view of."""
    base = held.base
    dtype: np.dtype[Any] = held.dtype if base is None or type(base) is not np.ndarray else base.dtype
    return dtype if dtype.char == "?" else held.dtype


def _numbers_in(value: Any) -> int:
    """How many wrapped numbers, and not truth values, there are in what is written."""
    operands = Operands()
    operands.take(value)
    found = [one for one in operands.wrapped if not is_truth(one)]
    if any(np.iscomplexobj(one._plain()) for one in found):
        raise Uncounted("the truth of a complex number has no exact count: write abs(z) != 0")
    return sum(one.size for one in found)


def plain_index(key: Any) -> Any:
    """An index with plain truth values for wrapped ones; a wrapped number in it is an exit."""
    if isinstance(key, tuple):
        return tuple(map(plain_index, key))
    if isinstance(key, list):
        return [plain_index(part) for part in key]
    if isinstance(key, Array) and key.dtype == bool and type(key._held) is not Spec:
        return key._held
    if isinstance(key, Wrapped):
        return key._let_out("array index", "a wrapped value cannot be an index: use the plain one, oc.unwrap(x)")
    return key


def _is_array_class(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, (np.ndarray, Array))


def _defers(operand: Any) -> bool:
    """Whether the operand takes care of the operation: a node of a graph, or a container of wrapped arrays."""
    return operand.records if isinstance(operand, Wrapped) else holds_arrays(type(operand))


_ONE_OPERATION: Final[dict[np.ufunc, str]] = {
    ufunc: kind
    for ufunc, kinds in UFUNCS.items()
    if list(kinds.values()) == [1] and ufunc.nout == 1 and ufunc not in (np.power, np.absolute)
    for kind in kinds
}
"""The ufuncs that are one operation for each element of real numbers: what most calls are."""

_ARITHMETIC: Final = frozenset({"add", "sub", "mul", "div", "floordiv", "mod", "neg"})
"""The operators that are one operation for each element of real numbers."""

_REDUCTIONS: Final[dict[Any, Callable[..., Any]]] = {
    np.sum: Array.sum,
    np.prod: Array.prod,
    np.max: Array.max,
    np.min: Array.min,
}
"""NumPy's functions that the methods of that name have a fast way for."""

HOLDERS["array"] = Array
