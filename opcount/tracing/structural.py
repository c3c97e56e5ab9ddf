"""Derivatives, and what is known of them from structure alone: a 0, 1 or -1 that costs nothing.

A derivative of a number is a wrapped number or a `Unit`. A derivative of an array is an Array,
if all its elements are numbers, or else `Structured`, which knows for each element whether it
is a number. `times` and `plus` define what is free: a product by one is a copy, by minus one a
`neg`; the first term of a sum is assigned; zeros are skipped. The functions after them do the
same to arrays, element by element, and count what the scalar definition executes.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any, Final, TypeAlias, final

import numpy as np

from opcount.arrays.array import Array
from opcount.arrays.scalar import Scalar, wrapped
from opcount.counting.errors import OF_OTHER_NUMBERS, InvalidValue, Uncounted
from opcount.counting.meters import charge
from opcount.counting.symbolic import Size
from opcount.tracing import nested
from opcount.tracing.differentiable import FUNCTIONS
from opcount.tracing.nested import PLAIN, is_recorded
from opcount.tracing.units import MINUS_ONE, ONE, UNITS, ZERO, Unit
from opcount.wrapping.shapes import are_numbers
from opcount.wrapping.spec import Spec
from opcount.wrapping.trees import shape_of


def times(a: Any, b: Any) -> Any:
    """The product of two derivatives: a `mul`, or, if one of them is structural, a copy, a `neg` or nothing."""
    if type(a) is Unit:
        return b if a is ONE else -b if a is MINUS_ONE else ZERO
    if type(b) is Unit:
        return a if b is ONE else -a if b is MINUS_ONE else ZERO
    return a * b


def plus(total: Any, term: Any) -> Any:
    """The sum of two derivatives, an `add`; the first term of a sum is only assigned, and a zero skipped."""
    if total is None or total is ZERO:
        return term
    if term is ZERO:
        return total
    if type(total) is Unit or type(term) is Unit:
        return number(total) + number(term)
    return total + term


def number(derivative: object) -> Any:
    """A derivative as a wrapped number or array, even if it was structural."""
    if type(derivative) is Structured:
        return derivative.dense()
    return Scalar(derivative.sign) if type(derivative) is Unit else derivative


# --- arrays of derivatives

NUMBER: Final = 2  # the state of an element that is a number; the others are its sign


@final
class Structured:
    """An array of derivatives of which some elements are structural.

    `states` holds 0, 1 or -1 for each structural element, and NUMBER for any other; an axis along
    which all states are equal has length one there, so that an array of ones takes no memory.
    `values` is an Array of the numbers, with the structural elements among them; None if there are
    no numbers.

    It is immutable, and yet adding a term at an index takes time proportional to the term: the sum takes over
    the memory of the previous total, which from then on is stored as that sum `but` for its old part at the index,
    and is written out when it is needed (H. G. Baker, Shallow binding makes functional arrays fast, SIGPLAN
    Notices 26, 1991). A part placed in zeros is also written out only when it is needed: None `but` for the part.
    """

    __slots__ = ("_but", "_own", "_states", "_values", "shape")
    __array_ufunc__ = None  # an Array leaves the operation to us
    _but: tuple[Structured | None, tuple[Any, ...], Any] | None

    def __init__(self, states: np.ndarray, values: object, shape: tuple[Any, ...]) -> None:
        self._states = states
        self._values = values
        self.shape = shape
        self._but = None
        self._own = False  # whether nobody else has the memory

    @property
    def states(self) -> np.ndarray:
        self._write_out()
        self._own = False
        return self._states

    @property
    def values(self) -> Any:
        self._write_out()
        self._own = False
        return self._values

    def dense(self) -> Any:
        """The derivatives as an Array of numbers, structural ones included."""
        if self.values is None:
            self._values = _signs(self._states, self.shape)
        if not is_recorded(self._values):
            return self._values
        numbers = self._states == NUMBER
        signs = (~numbers, nested.same, (_signs(self._states, self.shape),))
        return nested.computed(self.shape, [(numbers, nested.same, (self._values,)), signs])

    def _write_out(self) -> None:
        if self._but is None:
            return
        array: Structured | None = self
        parts = []
        while array is not None and array._but is not None:
            array, key, part = array._but
            parts.append((key, part))
        memory = _zeros(part, self.shape) if array is None else _copied(array)
        for key, part in reversed(parts):
            memory = _put(memory, key, part, self.shape)
        self._states, self._values = memory
        self._but = None
        self._own = True

    def __neg__(self) -> Any:
        numbers = self.states == NUMBER
        states = np.where(numbers, self.states, -self.states)
        if is_recorded(self._values):
            return Structured(
                states, nested.computed(self.shape, [(numbers, operator.neg, (self._values,))]), self.shape
            )
        charge({"neg": count_of(numbers, self.shape)})
        return Structured(states, wrapped(-plain_of(self)) if numbers.any() else None, self.shape)

    def __mul__(self, other: Any) -> Any:
        return _product(self, other)

    def __rmul__(self, other: Any) -> Any:
        return _product(other, self)

    def __add__(self, other: Any) -> Any:
        return _sum(self, other)

    def __radd__(self, other: Any) -> Any:
        return _sum(other, self)

    def __repr__(self) -> str:
        return f"Structured({self.states.tolist()}, shape={self.shape})"


UNPLACED: Final = (
    "which element is the largest or smallest depends on the values, which a spec has not, and so does what is "
    "counted from here on: give numbers, or use a smooth function"
)


class Unplaced:
    """`size` derivatives at unknown positions in an array of this shape, with structural zeros elsewhere.

    Only its sum with an array that has numbers everywhere can be counted.
    """

    __slots__ = ("shape", "size")
    __array_ufunc__ = None

    def __init__(self, size: Size, shape: tuple[Any, ...]) -> None:
        self.size = size
        self.shape = shape

    def __add__(self, other: object) -> Any:
        if type(other) is not Array and not (type(other) is Structured and (other.states == NUMBER).all()):
            raise Uncounted(UNPLACED)
        charge({"add": self.size})
        return other

    __radd__ = __add__

    def __getattr__(self, name: str) -> Any:
        raise Uncounted(UNPLACED)


Derivative: TypeAlias = Unit | Structured | Unplaced | Scalar | Array
"""A derivative of a number or of an array: known from structure, or wrapped; or, in a prediction, a `Priced`."""


def is_zero(derivative: Derivative) -> bool:
    """Whether a derivative is a structural zero in all elements."""
    return derivative is ZERO or (type(derivative) is Structured and not derivative.states.any())


def structured(states: np.ndarray, values: object, shape: tuple[Any, ...]) -> Any:
    """An array of derivatives in its simplest form; without dimensions it is a Unit or a number."""
    if not shape:
        state = int(states.reshape(())[()])
        return UNITS[state] if state != NUMBER else values
    return values if values is not None and (states == NUMBER).all() else Structured(states, values, shape)


def of_nodes(*derivatives: Any) -> bool:
    """Whether the numbers in one of these derivatives are nodes of an outer evaluation."""
    # what is stored as another array but for a part is never of nodes, and stays so
    for derivative in derivatives:
        values = derivative
        if type(derivative) is Structured:
            values = derivative._values if derivative._but is None else None
        if type(values) not in PLAIN and is_recorded(values):
            return True
    return False


def states_of(derivative: object, dimensions: int) -> np.ndarray:
    if type(derivative) is Structured:
        return derivative.states
    return _alike(derivative.sign if type(derivative) is Unit else NUMBER, dimensions)


@cache
def _alike(state: int, dimensions: int) -> np.ndarray:
    """The states of an array in which all are equal; shared, and so not to be written into."""
    return np.broadcast_to(np.int8(state), (1,) * dimensions)


def plain_of(derivative: Any) -> Any:
    return number(derivative)._plain()


def count_of(mask: np.ndarray, shape: tuple[Any, ...]) -> Any:
    """How many elements of an array of this shape a mask selects, which may have axes of length one."""
    return int(np.count_nonzero(mask)) * repeats(mask.shape, shape)


def repeats(small: tuple[int, ...], shape: tuple[Any, ...], axes: Sequence[int] | None = None) -> Any:
    """How often an element of `small` is repeated in `shape`, along these axes or all."""
    return math.prod(shape[axis] for axis in (range(len(shape)) if axes is None else axes) if small[axis] == 1)


def zeroed(values: object, states: np.ndarray) -> Any:
    """Values with zeros wherever states are 0: a structural 0 times infinity is skipped, and not nan."""
    zeros = states == 0
    if not zeros.any() or not isinstance(values, np.ndarray):
        return values
    return np.where(zeros, values.dtype.type(0), values)


def _product(a: Any, b: Any) -> Any:
    if type(b) is Array and a.states.size == 1 and a.states.item() == 1:  # the first product of most accumulations
        return spread(b, shape_of(a))
    shape = shape_of(a if type(a) is Structured else b)
    left, right = np.broadcast_arrays(states_of(a, len(shape)), states_of(b, len(shape)))
    numbers = (left == NUMBER) & (right == NUMBER)
    states = np.where((left == NUMBER) | (right == NUMBER), NUMBER, left * right)
    states = np.where((left == 0) | (right == 0), 0, states).astype(np.int8)
    if of_nodes(a, b):
        parts: list[nested.Part] = [(numbers, operator.mul, (numbers_in(a), numbers_in(b)))]
        for mine, others, values in ((left, right, numbers_in(a)), (right, left, numbers_in(b))):
            parts.append(((mine == NUMBER) & (others == 1), nested.same, (values,)))
            parts.append(((mine == NUMBER) & (others == -1), operator.neg, (values,)))
        return structured(states, nested.computed(shape, parts) if (states == NUMBER).any() else None, shape)
    negated = ((left == NUMBER) & (right == -1)) | ((left == -1) & (right == NUMBER))
    charge({"mul": count_of(numbers, shape), "neg": count_of(negated, shape)})
    if not (states == NUMBER).any():
        return structured(states, None, shape)
    if states.size == 1 and 1 in (left.flat[0], right.flat[0]):
        return spread(b if left.flat[0] == 1 else a, shape)
    with np.errstate(invalid="ignore"):
        values = plain_of(a) * plain_of(b)
    return structured(states, wrapped(zeroed(values, states)), shape)


def numbers_in(derivative: Any) -> Any:
    return derivative.values if type(derivative) is Structured else derivative


def _sum_of_nodes(a: Any, b: Any) -> Any:
    """The sum of which each element is computed from what is a number, and from the signs of what is structural."""
    shape = shape_of(a if type(a) is Structured else b)
    left, right = np.broadcast_arrays(states_of(a, len(shape)), states_of(b, len(shape)))
    states = np.where((left != 0) & (right != 0), NUMBER, left + right).astype(np.int8)
    (mine, my_signs), (others, other_signs) = (
        (numbers_in(each), _signs(found, shape)) for each, found in ((a, left), (b, right))
    )
    parts: list[nested.Part] = [
        ((left == NUMBER) & (right == NUMBER), operator.add, (mine, others)),
        ((left == NUMBER) & (abs(right) == 1), operator.add, (mine, other_signs)),
        ((abs(left) == 1) & (right == NUMBER), operator.add, (my_signs, others)),
        ((abs(left) == 1) & (abs(right) == 1), operator.add, (my_signs, other_signs)),
        ((left == NUMBER) & (right == 0), nested.same, (mine,)),
        ((left == 0) & (right == NUMBER), nested.same, (others,)),
    ]
    return structured(states, nested.computed(shape, parts) if (states == NUMBER).any() else None, shape)


def _sum(a: Any, b: Any) -> Any:
    if of_nodes(a, b):
        return _sum_of_nodes(a, b)
    if (part := placement(b)) is not None:
        return _added(a, *part)
    shape = shape_of(a if type(a) is Structured else b)
    left, right = np.broadcast_arrays(states_of(a, len(shape)), states_of(b, len(shape)))
    both = (left != 0) & (right != 0)
    charge({"add": count_of(both, shape)})
    states = np.where(both, NUMBER, left + right).astype(np.int8)
    values = wrapped(plain_of(a) + plain_of(b)) if (states == NUMBER).any() else None
    return structured(states, values, shape)


def spread(derivative: Any, shape: tuple[Any, ...]) -> Any:
    """A derivative copied along new axes and along those of length one."""
    if type(derivative) is Unit:
        return Structured(states_of(derivative, len(shape)), None, shape) if shape else derivative
    if shape_of(derivative) == shape:
        return derivative
    if type(derivative) is not Structured:
        return (
            FUNCTIONS[np.broadcast_to](derivative, shape)
            if of_nodes(derivative)
            else np.broadcast_to(derivative, shape)
        )
    states = derivative.states.reshape((1,) * (len(shape) - len(shape_of(derivative))) + derivative.states.shape)
    values = None if derivative.values is None else np.broadcast_to(derivative.values, shape)
    return Structured(states, values, shape)


def collected(derivative: Derivative, shape: tuple[Any, ...]) -> Any:
    """The transpose of `spread`: the sum over the copies, in this shape."""
    if type(derivative) is Unit:
        return derivative
    given = derivative._held.shape if type(derivative) is Array else shape_of(derivative)
    if given == shape:
        return derivative
    new = len(given) - len(shape)
    if given[new:] == shape:  # what most additions of a row are
        return summed(derivative, tuple(range(new)))
    axes = tuple(axis for axis, size in enumerate(given) if axis < new or (shape[axis - new] == 1 and size != 1))
    return reshaped(summed(derivative, axes), shape)


def summed(derivative: Any, axes: tuple[int, ...]) -> Any:
    """A derivative summed over these axes, which are removed."""
    if not axes:
        return derivative
    if type(derivative) is not Structured:
        return derivative.sum(axes)
    states, shape = derivative.states, shape_of(derivative)
    if of_nodes(derivative):
        return _summed_one_by_one(derivative, axes, shape)
    kept = [axis for axis in range(len(shape)) if axis not in axes]
    rest = tuple(shape[axis] for axis in kept)
    copies = repeats(states.shape, shape, axes)
    terms = np.count_nonzero(states, axis=axes)  # of each sum, for each time that it stands there
    terms = np.asarray(terms)
    additions = int(terms.sum()) * copies - int(np.count_nonzero(terms))
    charge({"add": additions * repeats(terms.shape, rest)})
    alone = (terms == 0) | ((terms == 1) & bool(copies == 1))
    units = not (states == NUMBER).any()
    signs = np.asarray(np.sum(states, axis=axes))
    states = np.where(alone, signs, NUMBER).astype(np.int8)
    if not (states == NUMBER).any():
        return structured(states, None, rest)
    if units and are_numbers(shape):  # sums of units are alike where the units are
        sums = np.broadcast_to(signs * float(copies), rest)
        return structured(states, Array(sums) if rest else Scalar(float(sums)), rest)
    return structured(states, wrapped(np.sum(derivative.dense()._plain(), axis=axes)), rest)


def _summed_one_by_one(derivative: Structured, axes: tuple[int, ...], shape: tuple[Any, ...]) -> Any:
    total = None
    key: list[Any] = [slice(None)] * len(shape)
    for index in np.ndindex(*(known_size(shape[axis]) for axis in axes)):
        for axis, at in zip(axes, index, strict=True):
            key[axis] = at
        total = plus(total, selected(derivative, tuple(key)))
    return spread(ZERO, tuple(s for axis, s in enumerate(shape) if axis not in axes)) if total is None else total


def known_size(size: Size) -> int:
    """A size that has to be a number; raises InvalidValue for a symbolic one."""
    if not isinstance(size, int):
        raise InvalidValue("sums of structural derivatives along an axis of symbolic size are not counted")
    return size


def turned(derivative: Derivative, turn: Callable[[Any], Any], shape: tuple[Any, ...]) -> Any:
    """A derivative's elements as `turn` permutes them, in an array of this shape."""
    if type(derivative) is Unit:
        return spread(derivative, shape)
    if type(derivative) is not Structured:
        return turn(derivative)
    states = derivative.states
    states = states.reshape((1,) * len(shape)) if states.size == 1 else _without_copies(turn(full_states(derivative)))
    values = None if derivative.values is None else turn(derivative.values)
    return structured(states, values, shape)


def reshaped(derivative: Derivative, shape: tuple[Any, ...]) -> Any:
    """A derivative's elements in their order, in this shape."""
    if type(derivative) is not Unit and shape_of(derivative) == shape:
        return derivative
    return turned(derivative, lambda array: np.reshape(array, shape), shape)


def full_states(derivative: Derivative) -> np.ndarray:
    """The states in the shape of the derivative, without memory behind the axes along which all is the same."""
    shape = getattr(derivative, "shape", ())  # a Unit has none
    return spread_out(states_of(derivative, len(shape)), shape)


def spread_out(states: np.ndarray, shape: tuple[Any, ...]) -> np.ndarray:
    if states.shape == shape:
        return states
    if not are_numbers(shape):
        shape = tuple(size if isinstance(size, int) else 2 for size in shape)
    return np.broadcast_to(states, shape)


def _without_copies(states: np.ndarray) -> np.ndarray:
    """The states with length one along the axes that have no memory behind them."""
    return states[tuple(slice(None, 1) if not stride else slice(None) for stride in states.strides)]


def selected(derivative: Any, key: Any) -> Any:
    """A derivative's elements at a basic index: integers, slices, None and an Ellipsis."""
    if type(derivative) is not Structured:
        return derivative[key]
    return _part((derivative.states, derivative.values), key, derivative.shape)


# --- parts at an index: placed in zeros, and added to what is there


Memory = tuple[np.ndarray, Any]
"""The states and the values of a Structured."""


def placed(derivative: Derivative, key: object, shape: tuple[Any, ...]) -> Any:
    """The transpose of `selected`: an array of this shape, zero except at the index."""
    if not shape:
        return reshaped(derivative, ())
    axes = tuple(_axes(key, len(shape)))
    if key is None or (isinstance(key, tuple) and None in key):  # which made axes of length one
        derivative = reshaped(derivative, Spec(shape, np.float64)[axes].shape)
    # an element of a row: one part, not two
    if (inner := placement(derivative)) is not None and _takes_whole_axes(axes):
        rest = iter(inner[0])
        axes, derivative = tuple(next(rest) if isinstance(index, slice) else index for index in axes), inner[1]
    if type(derivative) is not Structured and isinstance(plain_of(derivative), (Fraction, Decimal)):
        raise Uncounted(OF_OTHER_NUMBERS)
    if of_nodes(derivative):
        states = np.zeros(shape, np.int8)
        states[axes] = states_of(derivative, len(getattr(derivative, "shape", ())))
        values = nested.placed(numbers_in(derivative), axes, shape) if (states == NUMBER).any() else None
        return structured(states, values, shape)
    found = _but(None, axes, derivative, shape)
    if not are_numbers(shape):
        found._write_out()
    return found


def _takes_whole_axes(key: tuple[Any, ...]) -> bool:
    """Whether an index takes each axis whole, or one element of it."""
    return all(index == slice(None) for index in key if isinstance(index, slice))


def _but(array: Structured | None, key: tuple[Any, ...], part: object, shape: tuple[Any, ...]) -> Structured:
    found = Structured(_NOT_WRITTEN, None, shape)
    found._but = (array, key, part)
    return found


def placement(derivative: object) -> tuple[tuple[Any, ...], Any] | None:
    """The index and the part, of a part in zeros that is not written out yet."""
    if type(derivative) is not Structured or derivative._but is None or derivative._but[0] is not None:
        return None
    return derivative._but[1:]


def _added(total: object, key: tuple[Any, ...], part: Any) -> Any:
    """The sum of an array and a part at an index, in the memory of the array where nobody else has that."""
    shape = shape_of(total)
    if type(total) is not Structured:
        total = Structured(states_of(total, len(shape)), total, shape)
    total._write_out()
    own = total._own
    memory = (total._states, total._values) if own else _copied(total)
    before = _part(memory, key, shape)
    after = plus(before, part)
    if own and type(before) is Array:
        before = _copy(before)
    elif own and type(before) is Structured:
        before = Structured(*_copied(before), before.shape)
    found = Structured(*_put(memory, key, after, shape), shape)
    found._own = True
    if own:
        total._but = (found, key, before)
        total._states, total._values = _NOT_WRITTEN, None
    return found


def _part(memory: Memory, key: Any, shape: tuple[Any, ...]) -> Any:
    """What stands at a basic index, in the same memory."""
    states, values = memory
    found = spread_out(states, shape)[key]
    if not isinstance(found, np.ndarray):
        return values[key] if found == NUMBER else UNITS[int(found)]
    if values is not None:
        part = values[key]
        return structured(_without_copies(found), part, shape_of(part))
    return structured(
        _without_copies(found), None, found.shape if are_numbers(shape) else Spec(shape, np.int8)[key].shape
    )


def _put(memory: Memory, key: tuple[Any, ...], part: Any, shape: tuple[Any, ...]) -> Memory:
    """The memory with that part at the index: the same, where that has room for it."""
    states, values = memory
    states = _widened(states, key, part, shape)
    states[key] = states_of(part, len(getattr(part, "shape", ())))
    if values is None and not _has_numbers(part):
        return states, None
    plain = plain_of(part)
    held = _signs(states, shape)._plain() if values is None else values._plain()
    dtype = np.result_type(held.dtype, np.result_type(plain))
    if type(held) is Spec or type(plain) is Spec:
        return states, Array(Spec(shape, dtype))
    if held.dtype != dtype or not held.flags.writeable:
        held = held.astype(dtype)
        values = Array(held)
    held[key] = plain
    return states, values


def _widened(states: np.ndarray, key: tuple[Any, ...], part: Any, shape: tuple[Any, ...]) -> np.ndarray:
    """The states, with length one only along the axes that the index takes whole, if the part is the same there."""
    sizes = []
    lengths = iter(states_of(part, len(getattr(part, "shape", ()))).shape)
    for index, length, size in zip(key, states.shape, shape, strict=True):
        same = isinstance(index, slice) and next(lengths) == 1 and index == slice(None)
        sizes.append(length if same else size)
    if tuple(sizes) == states.shape:
        return states
    if not are_numbers(tuple(sizes)):
        raise InvalidValue(
            "which derivatives are zero along an axis of symbolic size is not known for all sizes: "
            "index along axes of known size, or give numbers for the sizes"
        )
    return np.array(np.broadcast_to(states, sizes))


def _zeros(part: Any, shape: tuple[Any, ...]) -> Memory:
    """Structural zeros in which that part is to be placed."""
    states = np.zeros((1,) * len(shape), np.int8)
    if not _has_numbers(part):
        return states, None
    plain = plain_of(part)
    dtype = np.result_type(plain)
    return states, Array(Spec(shape, dtype) if type(plain) is Spec else np.zeros(shape, dtype))


def _copied(array: Structured) -> Memory:
    return array._states.copy(), None if array._values is None else _copy(array._values)


def _copy(values: Any) -> Any:
    plain = values._plain()
    return values if type(plain) is Spec else Array(np.array(plain))


def _has_numbers(derivative: Derivative) -> bool:
    return derivative.values is not None if type(derivative) is Structured else type(derivative) is not Unit


def _signs(states: np.ndarray, shape: tuple[Any, ...]) -> Any:
    """Structural derivatives as an Array of numbers."""
    if not are_numbers(shape):
        return Array(Spec(shape, np.float64))
    return Array(np.broadcast_to(states.astype(np.float64), shape))


_NOT_WRITTEN: Final = np.empty((), np.int8)


def _axes(key: object, dimensions: int) -> list[Any]:
    """What a basic index takes of each axis."""
    parts = [part for part in (key if isinstance(key, tuple) else (key,)) if part is not None]
    axis = next((axis for axis, part in enumerate(parts) if part is Ellipsis), len(parts))
    after = parts[axis + 1 :]
    return [*parts[:axis], *[slice(None)] * (dimensions - axis - len(after)), *after]
