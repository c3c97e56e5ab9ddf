"""Nested lists, tuples, dicts and arrays of numbers, as one flat list and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from opcount.counting.errors import InvalidValue
from opcount.counting.symbolic import Sizes


def flatten(x: object, arrays_as_leaves: bool = False) -> list[Any]:
    """The numbers of `x`, in the order in which a reader meets them.

    >>> flatten({"w": [1, 2], "b": 3})
    [1, 2, 3]

    What is neither a list, a tuple, a dict nor an array is a leaf; with `arrays_as_leaves` an array
    of numbers is a leaf too. The elements of an array are NumPy numbers, which compare and divide
    differently from Python's. Raises InvalidValue for an `x` that contains itself.
    """
    found: list[Any] = []
    try:
        _collect(x, found, arrays_as_leaves)
    except RecursionError:
        raise InvalidValue("x contains itself, or is nested too deeply: give a list of its numbers") from None
    return found


def _is_opened(x: object, arrays_as_leaves: bool) -> bool:
    return isinstance(x, np.ndarray) and (not arrays_as_leaves or x.dtype.char == "O")


def _collect(x: Any, found: list[Any], arrays_as_leaves: bool) -> None:
    if _is_opened(x, arrays_as_leaves):
        found += x.ravel().tolist() if x.dtype == object else list(x.ravel())
    elif isinstance(x, (list, tuple, dict)):
        for item in x.values() if isinstance(x, dict) else x:
            if type(item) is float or (arrays_as_leaves and type(item) is np.ndarray and item.dtype.char != "O"):
                found.append(item)
            else:
                _collect(item, found, arrays_as_leaves)
    else:
        found.append(x)


def leaf_name(x: object, index: int, name: str = "x", arrays_as_leaves: bool = False) -> str:
    """The expression that reaches the leaf at an index of the flat list, for messages.

    >>> leaf_name({"w": [1, 2], "b": 3}, 1)
    "x['w'][1]"
    """
    return next(islice(_names(x, name, arrays_as_leaves), index, None))


def _names(x: Any, name: str, arrays_as_leaves: bool) -> Iterator[str]:
    if isinstance(x, dict):
        for key, item in x.items():
            yield from _names(item, f"{name}[{key!r}]", arrays_as_leaves)
    elif isinstance(x, (list, tuple)):
        for position, item in enumerate(x):
            yield from _names(item, f"{name}[{position}]", arrays_as_leaves)
    elif _is_opened(x, arrays_as_leaves):
        for index in np.ndindex(x.shape):
            yield f"{name}[{', '.join(map(str, index)) or '()'}]"
    else:
        yield name


def rebuild(
    x: Any, leaves: Iterator[Any], array: Callable[[np.ndarray, list[Any]], Any], arrays_as_leaves: bool = False
) -> Any:
    """`x` with its leaves replaced, in order; `array(template, items)` makes each array anew that was opened."""
    if type(x) is np.ndarray and arrays_as_leaves and x.dtype.char != "O":
        return next(leaves)
    if isinstance(x, dict):
        return {key: rebuild(item, leaves, array, arrays_as_leaves) for key, item in x.items()}
    if isinstance(x, (list, tuple)):
        items = [next(leaves) if type(item) is float else rebuild(item, leaves, array, arrays_as_leaves) for item in x]
        if isinstance(x, list):
            return items
        return type(x)(*items) if hasattr(x, "_fields") else tuple(items)
    if _is_opened(x, arrays_as_leaves):
        return array(x, [next(leaves) for _ in range(x.size)])
    return next(leaves)


def object_array(template: np.ndarray, items: list[Any]) -> np.ndarray:
    """An object array in the shape and the memory order of `template`."""
    flat = np.empty(template.size, dtype=object)
    flat[:] = items
    result: np.ndarray = flat.reshape(template.shape)
    if not isinstance(template, np.ndarray) or template.flags.c_contiguous:
        return result
    ordered: np.ndarray = np.empty_like(template, dtype=object, subok=False)
    ordered[...] = result
    return ordered


def plain_array(template: np.ndarray, items: list[Any]) -> np.ndarray:
    """An array in the shape of `template`, of the dtype that fits its plain items."""
    return np.array(items, dtype=None if items else template.dtype).reshape(template.shape)


def shape_of(value: Any) -> tuple[Any, ...]:
    """The shape of an array or number, plain or wrapped: what np.shape gives, without asking NumPy to find out how.

    Sizes with names are SymPy's expressions in it, which are the same where they are written the same.
    """
    try:
        shape: tuple[Any, ...] = value.shape
    except AttributeError:
        return np.shape(value)
    return shape.written if type(shape) is Sizes else shape


def owner_of(array: Any) -> Any:
    """The object that owns the memory of an array: two arrays with the same owner may share memory."""
    while getattr(array, "base", None) is not None:  # also of what is no array, as a window has one
        array = array.base
    return array
