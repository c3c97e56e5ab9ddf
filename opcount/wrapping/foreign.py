"""Objects of other classes beside a wrapped value: which are accepted, and how all others are refused.

An operation counts as what it is between numbers. An object of another class has operations of its own (the
product of a sparse matrix, a quantity that converts its unit), which nobody counts, and a value handed to it has
left its counter. So such an object is refused before it is asked anything, unless its class is in a table here.
"""

from __future__ import annotations

import array
from collections.abc import Callable, Iterable
from functools import cache
from os import PathLike
from typing import Any, Final

import numpy as np

from opcount.counting.errors import InvalidValue
from opcount.counting.meters import let_out
from opcount.counting.symbolic import is_symbolic
from opcount.wrapping.classes import NUMERIC, OPENED, class_name, has_operations, is_number, is_own_kind, way_out
from opcount.wrapping.spec import Spec
from opcount.wrapping.wrapped import ARRAYS, Wrapped

DATA: Final = frozenset({
    bool, int, float, complex, np.bool_, np.int64, np.float64,  # most numbers; the others are asked what they are
    range, array.array, memoryview,  # sequences of numbers
    str, bytes, type(None), slice, type(Ellipsis), type(np._NoValue),  # no numbers, and without a say in it
})  # fmt: skip
"""Python's and NumPy's own classes whose objects are only data."""

CONTAINERS: Final = {
    "opcount": {"Structured", "Unit", "Unplaced"},  # derivatives inside an array
    "pandas": {"Series", "DataFrame", "Index"},
    "xarray": {"DataArray", "Dataset", "Variable", "DataTree"},
    "pint": {"Quantity", "Unit", "PlainQuantity", "PlainUnit"},
}
"""Classes that hold a wrapped value inside themselves, where it goes on counting, by package."""

OF_NUMBERS: Final = ("pandas",)
"""The packages whose containers hold wrapped numbers, but not wrapped arrays."""


def _is_container(kind: type) -> bool:
    """Whether objects of the class take care of an operation with a wrapped value, and keep it wrapped."""
    return any(base.__name__ in CONTAINERS.get(base.__module__.partition(".")[0], ()) for base in kind.__mro__)


is_container: Final[Callable[[type], bool]] = cache(_is_container)


def holds_arrays(kind: type) -> bool:
    """Whether a class is a container that holds wrapped arrays too."""
    return is_container(kind) and not kind.__module__.startswith(OF_NUMBERS)


def stranger(values: Iterable[Any], *, of_call: bool = False) -> Any:
    """The first object among the values, or in their lists, that is not accepted; None if all of them are.

    `of_call` also accepts what only an argument of a function can be: another function, a dtype. A size with a name
    is accepted only beside a spec: beside values, nobody knows which number it stands for.
    """
    try:
        found = _first(values, of_call, sizes=False)
        if found is not None and is_symbolic(found) and found.free_symbols and _holds_spec(values):
            found = _first(values, of_call, sizes=True)
    except RecursionError:
        raise InvalidValue(ENDLESS) from None
    return found


def _first(values: Iterable[Any], of_call: bool, sizes: bool) -> Any:
    for value in values:
        if type(value) in DATA or isinstance(value, Wrapped):
            continue
        if type(value) is np.ndarray and value.dtype.kind in NUMERIC:
            continue
        if (found := _stranger_in(value, of_call, sizes)) is not None:
            return found
    return None


def _holds_spec(values: Iterable[Any]) -> bool:
    return any(
        _holds_spec(value) if isinstance(value, (list, tuple)) else type(plain(value)) is Spec for value in values
    )


ENDLESS: Final = "a list that contains itself, or is nested too deeply, is no array of numbers"


def _stranger_in(value: Any, of_call: bool, sizes: bool) -> Any:
    kind = type(value)
    if isinstance(value, np.ndarray):
        if not (kind in ARRAYS or kind.__module__.partition(".")[0] == "opcount"):
            return value
        if value.dtype == object:
            return _first(value.flat, of_call, sizes)
        return None if value.dtype.kind in NUMERIC else value
    if isinstance(value, np.generic):
        return None if value.dtype.kind in NUMERIC else value
    if isinstance(value, OPENED) and not has_operations(kind):
        return _first(value, of_call, sizes)
    if is_symbolic(value):
        return None if sizes else value
    if is_container(kind):
        return None
    if is_number(value) or isinstance(value, (str, bytes)):
        return value if is_own_kind(value) else None
    if of_call and kind is dict:
        return _first(value.values(), True, sizes)
    if of_call and isinstance(value, (type, np.dtype, PathLike)):
        return None
    return value if has_operations(kind) else None


def advice(value: object) -> str:
    """What to write instead of an operation with this object."""
    made = f"make it a plain array, {way}, or " if (way := way_out(value)) else ""
    if way == "o.toarray()":  # a sparse matrix, which cannot hold wrapped values itself
        made += "compute with its stored entries, o.data, or "
    return (
        f"it has operations of its own, which nobody would count: {made}take the plain value of the wrapped one, "
        "oc.unwrap(x)"
    )


def let_out_beside(name: str, found: Any, values: Iterable[Any]) -> None:
    """Record that an object which is not accepted is handed the plain values; or refuse, and say what to write."""
    kind = class_name(found)
    if type(found) in ARRAYS or isinstance(found, np.generic):
        text = f"{name} with values of {found.dtype}, which are not counted: use oc.unwrap(x)"
    else:
        text = f"{name} with a {kind}: {advice(found)}"
    let_out(f"{name} with a {kind}", size_of(values), text)


def beside(name: str, execute: Callable[..., Any], operands: tuple[Any, ...], hold: Callable[[Any], Any]) -> Any:
    """The result of an operation with an operand that is not a number: NotImplemented if Python is to go on.

    Python goes on with a container, which takes the wrapped value inside itself, with an array, which asks for the
    ufunc, and with what has no operations, such as text and None, for which Python raises the error. `execute` is
    Python's operator, `hold` wraps a result.
    """
    if any(is_container(type(operand)) for operand in operands) or (found := stranger(operands)) is None:
        return NotImplemented
    let_out_beside(name, found, operands)
    return once_more(execute(*map(plain, operands)), hold)


def plain(value: object) -> Any:
    """The plain value of a wrapped one; anything else as it is."""
    return value._plain() if isinstance(value, Wrapped) else value


def size_of(values: Iterable[Any]) -> int:
    """How many elements the wrapped values among these have."""
    return sum(np.size(value._plain()) for value in values if isinstance(value, Wrapped))


def once_more(result: Any, hold: Callable[[Any], Any]) -> Any:
    """A result that was not counted, wrapped again by `hold` if it is an array or a NumPy number."""
    numeric = (type(result) in ARRAYS or isinstance(result, np.generic)) and result.dtype.kind in NUMERIC
    return hold(result) if numeric and not isinstance(result, np.bool_) else result
