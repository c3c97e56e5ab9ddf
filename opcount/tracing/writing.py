"""Writing into an array that is differentiated: `x += y`, `x[i] = y`, `out=x`, and functions that write.

A node of the graph never changes. A write records the array's new values as a node of its own, and the object
that the function holds becomes that node, while a copy of what it was takes its place in the graph. So every
name of the array means the new values. Its views are objects of their own, and are taken anew; a write into a
view is a write into the array that it is a view of. All of this moves elements, and counts nothing.
"""

from __future__ import annotations

import math
import operator
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from opcount.arrays.array import Array
from opcount.arrays.elements import plain_index
from opcount.counting.errors import InvalidType, Uncounted
from opcount.functions.op_counts import name_of
from opcount.functions.table import ROWS
from opcount.tracing.array_operations import moved
from opcount.tracing.differentiable import FUNCTIONS, OPENED
from opcount.tracing.edges import gathering
from opcount.tracing.nodes import NODES, ArrayNode, as_operand, entered, recorded, twin
from opcount.tracing.tape import OVER, inner
from opcount.wrapping.operations import OPERATIONS, Operation
from opcount.wrapping.spec import Spec
from opcount.wrapping.trees import owner_of, shape_of
from opcount.wrapping.wrapped import Wrapped


def write(array: ArrayNode, values: Any) -> None:
    """Let the array have these values from now on: a node or data of its shape, cast to its dtype as NumPy casts."""
    _check_open(array)
    values = _fitting(array, values)
    if type(values) in NODES and inner(values.tape, array.tape) is not array.tape:
        raise Uncounted(
            "an array of an outer evaluation would hold values of an inner one, which ends before it: write into an "
            "array that np.zeros_like(y) gives for the y of the inner function"
        )
    position = viewed(array)
    if position is not None:
        view = View(array.primitive.value, array.operands, position)  # type: ignore[union-attr]
        write(array.operands[position], moved(written_through, array.operands[position], values, view))
    elif type(values) is not ArrayNode or values.tape[-1] is not values or viewed(values) is not None:
        write(array, moved(written, operator.setitem, array, ..., values))
    else:
        _become(array, values)


def _check_open(array: ArrayNode) -> None:
    if not array.tape.is_open:
        raise InvalidType(OVER)


def _fitting(array: ArrayNode, values: Any) -> Any:
    if shape_of(values) != shape_of(array):
        raise ValueError(
            f"non-broadcastable output operand with shape {array.shape} doesn't match the broadcast shape "
            f"{shape_of(values)}"
        )
    given = _dtype(values)
    if given != array.dtype and not np.can_cast(given, array.dtype, "same_kind"):
        raise TypeError(f"Cannot cast ufunc output from {given!r} to {array.dtype!r} with casting rule 'same_kind'")
    return values if given == array.dtype or not array.shape else values.astype(array.dtype)


def _dtype(values: Any) -> np.dtype[Any]:
    if isinstance(values, (list, tuple)):
        return np.result_type(*map(_dtype, values)) if values else np.dtype(float)
    return np.result_type(values._plain() if isinstance(values, Wrapped) else values)


def viewed(node: object) -> int | None:
    """The position, among a node's operands, of the array that the node is a view of; None if it is not a view."""
    if type(node) is not ArrayNode or node.primitive is None:
        return None
    mine = node.value._held
    for position, operand in enumerate(node.operands):
        if type(operand) is ArrayNode:
            if type(mine) is not Spec:
                if owner_of(mine) is owner_of(operand.value._held):
                    return position
            elif node.primitive.name in _MAY_BE_VIEWS:
                raise Uncounted(
                    f"whether {node.primitive.name} of an oc.spec gives a view, into which is written, is not known: "
                    "give numbers, or write into a copy"
                )
            elif node.primitive.name in _VIEWS:
                return position
    return None


_VIEWS: Final = ("index", "transpose")
_MAY_BE_VIEWS: Final = frozenset({
    "array_split", "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_arrays", "broadcast_to", "diagonal", "dsplit",
    "flip", "fliplr", "flipud", "hsplit", "ravel", "real", "reshape", "rollaxis", "rot90", "sliding_window_view",
    "split", "unstack", "vsplit",
})  # fmt: skip


@dataclass(frozen=True)
class View:
    """How a view is taken: a function of operands, one of which is the array that it is a view of."""

    taken: Callable[..., Any]
    operands: tuple[Any, ...]
    position: int

    def __call__(self, array: object) -> Any:
        operands = [getattr(operand, "value", operand) for operand in self.operands]
        operands[self.position] = array
        return self.taken(*operands)


def written(function: Callable[..., Any], array: Any, *args: object, **keywords: object) -> Any:
    """A copy of the array, into which the function has written."""
    array = _copy_for(array, (args, tuple(keywords.values())))
    function(array, *args, **keywords)
    return array


def written_through(array: Any, values: object, view: View) -> Any:
    """A copy of the array, which has these values where the view sees them."""
    array = _copy_for(array, values)
    seen = view(array)
    plain, memory = (getattr(each, "_held", each) for each in (seen, array))
    if type(memory) is not Spec and owner_of(plain) is not owner_of(memory):
        raise Uncounted(f"writing into this view is not followed here: write into the array itself, or {OPENED}")
    seen[...] = values
    return array


def _copy_for(array: Any, given: object) -> Any:
    """A copy to be written into: where data is to hold nodes of an outer evaluation, it is a node there itself."""
    nodes = list(_nodes_in(given))
    if type(array) is not Array or not nodes:
        return array.copy("K")
    node = max(nodes, key=lambda node: node.tape.level)
    nowhere = gathering(np.zeros(array.shape, int), shape_of(node))
    return entered(node.tape, Operation("copy", None, np.copy, (nowhere,), moves=True), (node,), array.copy("K"))


def _nodes_in(given: object) -> Iterator[Any]:
    if type(given) in NODES:
        yield given
    elif isinstance(given, (list, tuple)) or (isinstance(given, np.ndarray) and given.dtype == object):
        for item in given:
            yield from _nodes_in(item)


def _become(array: ArrayNode, values: ArrayNode) -> None:
    """Make the array the node of its new values, which nobody else holds, and take its views anew."""
    tape = array.tape
    later = tape[array.index + 1 :]
    views = _held(_views_of(array, later), later)
    taken = [(view, view.operands) for view in views]
    replaced = {id(node): _stand_in(node) for node in (array, *views)}
    for node in (*later, *replaced.values()):
        if any(id(operand) in replaced for operand in node.operands):
            node.operands = tuple(replaced.get(id(operand), operand) for operand in node.operands)
    _take_over(array, values)
    for view, operands in taken:
        _take_over(view, recorded(view.primitive, *operands))  # type: ignore[arg-type]  # no view is an input


def _views_of(array: ArrayNode, later: list[Any]) -> dict[int, tuple[ArrayNode, int]]:
    """The views of an array, and of its views, each with the id of what it is a view of, in their order."""
    views: dict[int, tuple[ArrayNode, int]] = {}
    for node in later:
        position = viewed(node)
        if position is not None and (base := id(node.operands[position])) in (id(array), *views):
            views[id(node)] = node, base
    return views


def _held(views: dict[int, tuple[ArrayNode, int]], later: list[Any]) -> list[ArrayNode]:
    """The views that somebody holds besides the graph, or of which somebody holds a view: others are not seen again.

    The number of references tells, beside that to a node which is referred to as they are, and by nobody else.
    """
    mentions = Counter(id(operand) for node in later for operand in node.operands if id(operand) in views)
    nobodys = (_new_node(), 0)
    as_in_graph = [nobodys[0]], [nobodys[0]]  # in the tape, and in `later`
    asked = {**views, 0: nobodys}
    del nobodys
    needed: set[int] = set()
    unheld = 0
    for known, (view, base) in reversed(asked.items()):
        references = sys.getrefcount(view) if hasattr(sys, "getrefcount") else sys.maxsize
        if not known:
            unheld = references if as_in_graph else 0
        elif known in needed or references > unheld + mentions[known]:
            needed |= {known, base}
    return [view for known, (view, _) in views.items() if known in needed]


def _new_node() -> ArrayNode:
    return ArrayNode.__new__(ArrayNode)


def _stand_in(node: ArrayNode) -> ArrayNode:
    """A copy of the node, in its place in the graph."""
    other = twin(node, node.value)
    if node.tape[node.index] is node:
        node.tape[node.index] = other
    return other


def _take_over(node: ArrayNode, other: ArrayNode) -> None:
    """Make the first what the second is, in its place in the graph."""
    node.index, node.primitive, node.operands, node.value = other.index, other.primitive, other.operands, other.value
    node.tape[node.index] = node


# --- what writes


def _in_place(operation: Callable[..., Any]) -> Callable[..., Any]:
    def applied(array: ArrayNode, other: object) -> Any:
        _check_open(array)
        values = operation(array, other)
        if values is NotImplemented:
            return values
        write(array, values)
        return array

    return applied


def _setitem(array: ArrayNode, key: object, value: object) -> None:
    _check_precision(array, value)
    write(array, moved(written, operator.setitem, array, key, value))


def _check_precision(array: ArrayNode, *values: object) -> None:
    if array.dtype.kind != "f" and any(_dtype(value).kind == "f" for value in values if not isinstance(value, str)):
        raise Uncounted("numbers that are written into an array of integers lose their derivative: start from floats")


def _at(ufunc: np.ufunc) -> Callable[..., Any]:
    """`ufunc.at`: element after element, so that one that is named twice is met twice."""

    def applied(array: Any, indices: Any, *operands: Any) -> None:
        if type(array) is not ArrayNode:
            raise Uncounted(_into_data(f"{name_of(ufunc)}.at"))
        _check_precision(array, *operands)
        shape = shape_of(array)
        places = np.arange(math.prod(shape)).reshape(shape)[plain_index(indices)]
        values = [np.reshape(np.broadcast_to(as_operand(each), places.shape), -1) for each in operands]
        flat = places.ravel()
        first = np.argsort(flat, kind="stable")
        ranks = np.empty(flat.size, int)
        ranks[first] = np.arange(flat.size) - np.searchsorted(flat[first], flat[first])
        for rank in range(int(ranks.max(initial=-1)) + 1):
            (these,) = np.nonzero(ranks == rank)
            key = np.unravel_index(flat[these], shape)
            array[key] = ufunc(array[key], *(each[these] for each in values))

    return applied


def _into_data(name: str) -> str:
    return (
        f"{name} would write what is differentiated into an array of data: write into one that "
        f"np.zeros_like(x) gives, make a new array, or {OPENED}"
    )


def _writing(function: Callable[..., Any]) -> Callable[..., Any]:
    def applied(array: object, *args: object, **keywords: object) -> None:
        if type(array) is not ArrayNode:
            raise Uncounted(_into_data(name_of(function)))
        _check_precision(array, *args)
        if function is np.fill_diagonal and any(_shares(array, value) for value in args):
            raise Uncounted(f"{name_of(function)} would read what it has just written: give it a copy of that part")
        write(array, moved(written, function, array, *args, **keywords))

    return applied


def _shares(array: ArrayNode, value: object) -> bool:
    return type(value) is ArrayNode and owner_of(value.value._held) is owner_of(array.value._held)


FUNCTIONS.update({
    getattr(operator, f"i{name}"): _in_place(getattr(operator, name.rstrip("_")))
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul")
})  # fmt: skip
FUNCTIONS.update({function: _writing(function) for function, row in ROWS.items() if row.writes is not None})
FUNCTIONS.update({
    (row.ufunc, "at"): _at(row.ufunc) for row in OPERATIONS.values() if row.ufunc is not None and any(row.partials)
})  # fmt: skip
FUNCTIONS[operator.setitem] = _setitem
