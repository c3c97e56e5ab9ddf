"""Sorting, searching and set operations, by as many comparisons as NumPy's loops for objects make of these values.

How often a sort compares depends on the values, so it is found by letting NumPy sort objects that note it. One
comparison is one `lt`, whichever way it comes out: where the answer is no, NumPy asks objects for `gt` too, to learn
whether they are equal, which is the second half of the same comparison. The result is the one that NumPy has for
numbers, with nan at the end, although its loop for objects knows no nan and compares it as any other.

Partitions sort completely, as NumPy's do for objects. Sets sort, and then compare neighbours; `isin` compares each
element with each.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from opcount.functions.numpys_own import as_array, own, truths
from opcount.functions.op_counts import NO_COUNT, NoRule, OpCounts, Rule, is_complex, is_truth
from opcount.functions.rows import (
    AS_EXECUTED,
    CONSTANT,
    DATA_DEPENDENT,
    POSITIONS,
    TRUTHS,
    Executed,
    Function,
    function_named,
    refused,
)
from opcount.wrapping.foreign import plain
from opcount.wrapping.operands import held
from opcount.wrapping.spec import Spec
from opcount.wrapping.stand_ins import BY_VALUE, EXACT, SMALL
from opcount.wrapping.trees import object_array, plain_array, shape_of

# --- what is compared


class _Compared:
    """A value that notes each comparison by which it is sorted."""

    __slots__ = ("made", "value")

    def __init__(self, value: Any, made: Iterator[int]) -> None:
        self.value = value
        self.made = made

    def __lt__(self, other: _Compared) -> bool:
        next(self.made)
        return self.value < other.value  # type: ignore[no-any-return]

    def __gt__(self, other: _Compared) -> bool:
        return self.value > other.value  # type: ignore[no-any-return]


def _comparing(name: str, *arrays: str) -> Rule:
    """A rule for a function that compares the elements of these arguments, its first ones."""

    def rule(*args: Any, **keywords: Any) -> OpCounts:
        made = itertools.count()
        operands = [*args[: len(arrays)], *(keywords[name] for name in arrays if name in keywords)]
        refuse_without_order(*operands)
        if all(map(is_truth, operands)):
            return {}

        def noting(value: ArrayLike) -> Any:
            values = np.asarray(value)
            return object_array(values, [_Compared(item, made) for item in values.ravel().tolist()])

        given = [noting(value) if index < len(arrays) else value for index, value in enumerate(args)]
        named = {key: noting(value) if key in arrays else value for key, value in keywords.items() if key != "out"}
        function_named(name)(*given, **named)
        return {"lt": next(made)}

    return rule


def refuse_without_order(*arrays: Any) -> None:
    """Raise NoRule for arrays whose elements cannot be compared: complex numbers, and shapes without values."""
    if any(type(value) is Spec for value in arrays):
        raise NoRule(f"{DATA_DEPENDENT}, so {NO_COUNT}")
    if any(map(is_complex, arrays)):
        raise NoRule("complex numbers are compared by their parts, which has no exact count: sort np.real(x) or abs(x)")


def values_of(x: Any) -> Any:
    """The plain values of an array, also of an object array of numbers that are differentiated."""
    if isinstance(x, np.ndarray) and x.dtype == object:
        return plain_array(x, list(map(plain, x.flat)))
    return plain(x)


def numbers_beside(found: np.ndarray, *operands: Any) -> Any:
    """Plain numbers that were found by comparing these operands, wrapped, so that what is computed from them counts."""
    for like in operands:
        if isinstance(like, np.ndarray) and like.dtype == object:
            result = np.empty_like(like, shape=found.shape)
            result[...] = found
            return result
    return held(found, *operands)


# --- functions that are executed in others


def _sorted_of_nodes(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    """The elements in their order, which takes as many comparisons as finding it."""
    a, axis = _along(a, axis)
    return np.take_along_axis(a, np.argsort(a, axis, kind, order, stable=stable), axis)


def _partitioned_of_nodes(a: Any, kth: Any, axis: Any = -1, kind: Any = "introselect", order: Any = None) -> Any:
    a, axis = _along(a, axis)
    return np.take_along_axis(a, np.argpartition(a, kth, axis, kind, order), axis)


def _along(a: Any, axis: Any) -> tuple[Any, Any]:
    a = as_array(a)
    return (np.reshape(a, -1), 0) if axis is None else (a, axis)


def _lexsort(keys: Any, axis: int = -1) -> Any:
    """A stable sort by each key, from the first to the last."""
    order: Any = None
    for key in keys:
        key = as_array(key)
        found = key if order is None else np.take_along_axis(key, order, axis)
        positions = np.argsort(found, axis, kind="stable")
        order = positions if order is None else np.take_along_axis(order, positions, axis)
    return order


def _digitize(x: Any, bins: Any, right: bool = False) -> Any:
    """Where each element belongs among the bins, which are in order or in reverse order."""
    x, bins = as_array(x), as_array(bins)
    refuse_without_order(values_of(x), values_of(bins))
    direction = _direction(list(bins))
    side: Any = "left" if right else "right"
    if direction == 0:
        raise ValueError
    return len(bins) - np.searchsorted(bins[::-1], x, side) if direction < 0 else np.searchsorted(bins, x, side)


def _direction(bins: Sequence[Any]) -> int:
    """1 for bins in order, -1 for bins in reverse order, 0 for others; after `check_array_monotonic` in NumPy's C."""
    start = 1
    while start < len(bins) and bins[start] == bins[0]:
        start += 1
    if start >= len(bins):
        return 1
    up = bool(bins[0] < bins[start])
    pairs = itertools.pairwise(bins[start:])
    return (1 if up else -1) if not any(a > b if up else a < b for a, b in pairs) else 0


# --- sets


def _unique(ar: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False,
            axis: Any = None, *, equal_nan: bool = True, sorted: bool = True) -> Any:  # fmt: skip
    """The different elements: a sort, and a comparison of each with the one before."""
    ar = as_array(ar)
    if axis is not None and ar.ndim != 1:
        raise NoRule("along an axis it compares whole slices, byte by byte, which has no exact count")
    flat = np.reshape(ar, -1)
    refuse_without_order(values_of(flat))
    order: Any = None
    if return_index or return_inverse:
        order = np.argsort(flat, kind="mergesort" if return_index else "quicksort")
        inside = flat[order]
    else:
        inside = np.sort(flat)
    first = np.ones(flat.shape, bool)
    first[1:] = truths(inside[1:] != inside[:-1])
    found = values_of(inside)
    if equal_nan:
        first[np.count_nonzero(np.asarray(found == found, bool)) + 1 :] = False  # nan, which is at the end
    values = inside[first]
    if not sorted and found.dtype.kind in "iu":  # in the order in which NumPy finds them
        found = np.unique(values_of(ar), equal_nan=equal_nan, sorted=False)
        values = values[np.searchsorted(values_of(values), found)]
    result: tuple[Any, ...] = (values,)
    if return_index:
        result += (order[first],)
    if return_inverse:
        inverse = np.empty(flat.shape, np.intp)
        inverse[order] = np.cumsum(first) - 1
        result += (inverse.reshape(shape_of(ar)),)
    if return_counts:
        result += (numbers_beside(np.diff(np.append(np.flatnonzero(first), flat.size)), ar),)
    return result if len(result) > 1 else values


def _isin(element: ArrayLike, test_elements: ArrayLike, assume_unique: object = False, invert: bool = False, *,
          kind: object = None) -> OpCounts:  # fmt: skip
    """Each element compared with each, as NumPy does for objects."""
    if kind == "table":
        raise NoRule("a table finds the elements without a comparison, which has no exact count: leave kind= out")
    if is_truth(element) and is_truth(test_elements):
        return {}
    return {"ne" if invert else "eq": np.size(element) * np.size(test_elements)}


def _isin_shape(element: Any, test_elements: Any, *_: object, **__: object) -> Spec:
    return Spec(np.shape(element), np.dtype(bool))


def _is_in_flat(ar1: Any, ar2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    """What NumPy's set operations ask: `isin` of flat arrays."""
    return np.isin(np.reshape(as_array(ar1), -1), ar2, assume_unique, invert)


def _set(name: str) -> Function:
    """The row of a set operation, by NumPy's own code, in which the class of a result stands for itself."""
    code = function_named(name)._implementation.__globals__
    stand_ins = {code[result]: code[result] for result in _RESULTS if result in code}
    return own(name, BY_VALUE, instead={**stand_ins, code["_isin"]: _is_in_flat} if "_isin" in code else stand_ins)


_RESULTS: Final = ("UniqueAllResult", "UniqueCountsResult", "UniqueInverseResult")

ROWS: Final = (
    Function("sort", _comparing("sort", "a"), SMALL, _sorted_of_nodes),
    Function("partition", _comparing("partition", "a"), EXACT, _partitioned_of_nodes, indexes=1),
    *refused(DATA_DEPENDENT, "sort_complex"),
    Function("argsort", _comparing("argsort", "a"), BY_VALUE, CONSTANT, gives=POSITIONS),
    Function("argpartition", _comparing("argpartition", "a"), BY_VALUE, CONSTANT, gives=POSITIONS, indexes=1),
    Function("searchsorted", _comparing("searchsorted", "a", "v"), BY_VALUE, CONSTANT, gives=POSITIONS, indexes=3),
    Function("lexsort", Executed(_lexsort), BY_VALUE, AS_EXECUTED),
    Function("digitize", Executed(_digitize), BY_VALUE, AS_EXECUTED),
    Function("unique", Executed(_unique), BY_VALUE, AS_EXECUTED),
    *map(_set, ("unique_all", "unique_counts", "unique_inverse", "unique_values", "intersect1d", "setdiff1d",
                "setxor1d", "union1d")),
    Function("isin", _isin, _isin_shape, CONSTANT, gives=TRUTHS),
    *refused("it is np.isin by an old name", "in1d", BY_VALUE),
)  # fmt: skip
