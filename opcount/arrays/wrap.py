"""The way in and out of counting: `wrap`, `unwrap`, and both around a call, `measure`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar, overload

import numpy as np
from numpy.typing import DTypeLike, NDArray

from opcount.arrays.array import Array
from opcount.arrays.scalar import Scalar
from opcount.arrays.typed import RealNumber
from opcount.counting import render
from opcount.counting.callers import warn
from opcount.counting.counts import Counts
from opcount.counting.errors import NothingCounted
from opcount.counting.symbolic import SizeLike, parsed
from opcount.counting.tally import count
from opcount.wrapping.inputs import check_executed, check_function, check_number, checked_array, dtype_of_numbers
from opcount.wrapping.spec import Spec
from opcount.wrapping.trees import flatten, leaf_name, object_array, plain_array, rebuild
from opcount.wrapping.wrapped import Wrapped

Leaf: TypeAlias = RealNumber | np.ndarray[Any, Any] | Wrapped
"""A number or an array, plain or wrapped."""

Tree: TypeAlias = Leaf | np.complexfloating[Any] | Sequence[Any] | Mapping[Any, Any]
"""What can be wrapped: a leaf, or nested lists, tuples and dicts of leaves."""

_Key = TypeVar("_Key")
_Number = TypeVar("_Number", bound=RealNumber)
_Value = TypeVar("_Value")
_Wrapped = TypeVar("_Wrapped", bound=Wrapped)


# An array of objects becomes one of Scalars, not an Array: checkers cannot tell it from one whose dtype is Any.
@overload
def wrap(x: _Wrapped) -> _Wrapped: ...
@overload
def wrap(x: np.ndarray[Any, Any] | np.complexfloating[Any]) -> Array: ...
@overload
def wrap(x: RealNumber) -> Scalar: ...
@overload
def wrap(x: list[_Number]) -> list[Scalar]: ...
@overload
def wrap(x: list[NDArray[Any]]) -> list[Array]: ...
@overload
def wrap(x: list[_Value]) -> list[Any]: ...
@overload
def wrap(x: tuple[_Number, ...]) -> tuple[Scalar, ...]: ...
@overload
def wrap(x: tuple[_Value, ...]) -> tuple[Any, ...]: ...
@overload
def wrap(x: Sequence[_Value]) -> Sequence[Any]: ...
@overload
def wrap(x: Mapping[_Key, _Number]) -> dict[_Key, Scalar]: ...
@overload
def wrap(x: Mapping[_Key, NDArray[Any]]) -> dict[_Key, Array]: ...
@overload
def wrap(x: Mapping[_Key, _Value]) -> dict[_Key, Any]: ...
def wrap(x: object) -> Any:
    """Wrap a number, an array or nested lists, tuples and dicts of them, so that operations count.

    >>> import numpy as np, opcount as oc
    >>> oc.wrap({"w": [1.0, 2.0], "b": np.array([3.0])})
    {'w': [Scalar(1.0), Scalar(2.0)], 'b': Array([3.])}

    A number becomes a Scalar, and an array an Array of the same dtype with a copy of its data,
    so that writing into it does not change `x`. An object array becomes one of Scalars. What is
    wrapped already stays as it is; constant data of `opcount.array_api` is copied, and the copy
    counts. Raises InvalidType, which names the leaf, for a leaf that is neither a real number nor
    an array of numbers: 1j, True, a string, None, a masked array.
    """
    wrapped = []
    for index, leaf in enumerate(flatten(x, arrays_as_leaves=True)):
        name = partial(leaf_name, x, index, arrays_as_leaves=True)
        if isinstance(leaf, np.ndarray):
            leaf = Array(np.array(checked_array(leaf, name)))
        elif isinstance(leaf, np.complexfloating):
            leaf = Array(leaf)
        elif isinstance(leaf, Wrapped):
            leaf = leaf._counting()
        else:
            check_number(leaf, name)
            leaf = Scalar(leaf)
        wrapped.append(leaf)
    return rebuild(x, iter(wrapped), object_array, arrays_as_leaves=True)


@overload
def unwrap(y: Array) -> NDArray[Any]: ...
@overload
def unwrap(y: Wrapped) -> Any: ...
@overload
def unwrap(y: np.ndarray[Any, Any]) -> NDArray[Any]: ...
@overload
def unwrap(y: list[_Value]) -> list[Any]: ...
@overload
def unwrap(y: tuple[_Value, ...]) -> tuple[Any, ...]: ...
@overload
def unwrap(y: dict[_Key, _Value]) -> dict[_Key, Any]: ...
@overload
def unwrap(y: _Value) -> _Value: ...
def unwrap(y: object) -> Any:
    """The plain numbers in `y`, in the same structure; nothing is counted.

    >>> import opcount as oc
    >>> oc.unwrap([oc.wrap(2.0), (oc.wrap(1), "label")])
    [2.0, (1, 'label')]

    An Array gives the very array that it wraps, not a copy. Object arrays of wrapped numbers
    become arrays of the numbers' own dtype. What holds no wrapped value is returned as it is, and
    so is a spec, which has no values. Inside a function that is being differentiated the plain
    number is a constant.
    """
    if isinstance(y, np.ndarray) and y.dtype != object:
        return y
    if isinstance(y, Wrapped):
        return _plain(y)
    plain = (_plain(leaf) if isinstance(leaf, Wrapped) else leaf for leaf in flatten(y))
    return rebuild(y, plain, _unwrapped_array)


def _plain(leaf: Wrapped) -> Any:
    plain = leaf._plain()
    if leaf.records and isinstance(plain, np.ndarray):  # a value of the graph: to be read
        plain = plain.view()
        plain.flags.writeable = False
    return leaf if type(plain) is Spec else plain


def _unwrapped_array(template: np.ndarray, items: list[Any]) -> np.ndarray:
    wrapped = {isinstance(item, Wrapped) for item in template.flat}
    if True not in wrapped:
        return template
    return object_array(template, items) if False in wrapped else plain_array(template, items)


def spec(shape: SizeLike | str | tuple[SizeLike | str, ...] | list[Any], dtype: DTypeLike = float) -> Array:
    """An Array without data: a shape and a dtype, on which everything is counted and nothing computed.

    >>> import numpy as np, opcount as oc
    >>> layer = lambda x, w, b: np.tanh(x @ w + b)
    >>> oc.measure(layer, oc.spec((64, 12288)), oc.spec((12288, 49152)), oc.spec(49152)).counts
    Counts({'mul': 38654705664, 'add': 38654705664, 'tanh': 3145728})
    >>> oc.measure(layer, oc.spec(("batch", "n")), oc.spec(("n", "m")), oc.spec("m"))
    Measured(value=spec(('batch', 'm'), dtype=float64), counts=Counts({'mul': batch*m*n, 'add': batch*m*n, ...}))

    A size is an integer, the name of one, or a polynomial in such names, as in "2*n + 1". With names, counts
    are SymPy polynomials, exact for all sizes from 2 on (`pip install opcount[symbolic]`). The sizes in
    `x.shape` compute like the integers that they stand for, and can be halved if that is exact:

    >>> oc.measure(lambda x: x.reshape(x.shape[0] // 2, 2).max(axis=1), oc.spec("2*h")).counts
    Counts({'maximum': h})

    `spec(5)` is a vector, `spec(())` a number. What needs values raises Uncounted: control flow by
    value cannot be counted from shapes alone. What is not the same polynomial for all sizes raises
    InvalidValue. `spec` itself raises InvalidValue or InvalidType, which names the argument, for a
    wrong size and for a dtype that is not one of numbers.
    """
    given: tuple[Any, ...] | list[Any] = shape if isinstance(shape, (tuple, list)) else (shape,)
    names = [f"shape[{axis}]" if isinstance(shape, (tuple, list)) else "shape" for axis in range(len(given))]
    return Array(Spec(tuple(map(parsed, given, names)), dtype_of_numbers(dtype)))


class Measured(NamedTuple, Generic[_Value]):
    """What `measure` returns: the plain `value` of a call and the `counts` of what it executed.

    >>> import opcount as oc
    >>> value, counts = oc.measure(lambda x: x * x, 3.0)
    >>> value, counts.mul
    (9.0, 1)

    It is a tuple of the two. A value from an `oc.spec` is a spec again, and its counts may be polynomials.
    """

    value: _Value
    counts: Counts

    def _repr_html_(self) -> str:
        rows = [*self.counts.items(), ("total", self.counts.total)]
        return render.html(("kind", "count"), rows, f"value: {render.brief(self.value)}")


@overload
def measure(f: Callable[..., Wrapped], *args: Tree) -> Measured[Any]: ...
@overload
def measure(f: Callable[..., _Value], *args: Tree) -> Measured[_Value]: ...
def measure(f: Callable[..., Any], *args: Any) -> Measured[Any]:
    """Call `f` with its arguments wrapped and count what it executes.

    >>> import opcount as oc
    >>> oc.measure(lambda x: x**3 + 2 * x, 2.0)
    Measured(value=12.0, counts=Counts({'mul': 3, 'add': 1}))

    Raises what `wrap` raises for the arguments, whatever `f` raises, and InvalidType if `f` returns a
    coroutine or an iterator, which has executed nothing yet. Warns NothingCounted if `f` executed nothing
    that counts and returned no wrapped value either.
    """
    check_function(f)
    wrapped = [wrap(arg) for arg in args]
    with count() as tally:
        value = f(*wrapped)
        check_executed(value)
    if not tally.counts and not has_wrapped(value):
        warn_of_nothing("f was called with its arguments wrapped")
    return Measured(unwrap(value), tally.counts)


def has_wrapped(value: object) -> bool:
    """Whether a result holds wrapped values, even if they were only moved, or is a Counts itself."""
    return isinstance(value, Counts) or any(isinstance(leaf, Wrapped) for leaf in flatten(value))


def warn_of_nothing(how: str) -> None:
    """Warn the caller of this library that a count is empty."""
    warn(
        f"nothing was counted: no operation that counts was executed on a wrapped value. {how}; what is wrapped "
        "inside it, by oc.wrap, counts too",
        NothingCounted,
    )
