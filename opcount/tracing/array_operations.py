"""NumPy's functions of nodes that hold arrays, written in the primitives of the table.

The row of a function says what it does with nodes: it is an operation of this module, by its name; or it is executed
in operations that work on nodes as on everything wrapped; or it moves elements (`Move`), and where each came from is
found by calling it on positions; or its result is constant. Any other function has no derivative, and raises Uncounted.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from itertools import accumulate, pairwise
from string import ascii_lowercase
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from opcount.arrays.array import Array
from opcount.counting.errors import InvalidValue, Uncounted
from opcount.counting.meters import charge
from opcount.counting.symbolic import are_numbers, known
from opcount.functions import quantiles, sorting
from opcount.functions.einsum import Terms, subscripts
from opcount.functions.execution import in_operations
from opcount.functions.of_nodes import in_dtype, ordered_axes, reduced_axes, refuse_keywords
from opcount.functions.op_counts import NoRule, Rule, is_truth, name_of
from opcount.functions.rows import Differentiated, Executed, Function, by_function
from opcount.functions.sorting import values_of
from opcount.functions.table import ROWS
from opcount.functions.user_rules import user_rules, users_counts
from opcount.tracing.array_primitives import ARRAY_PRIMITIVES, stacked_labels
from opcount.tracing.contraction import label_sizes
from opcount.tracing.convolution import CONVOLUTIONS
from opcount.tracing.differentiable import DIFFERENTIATED_OPENED, FUNCTIONS, NUMBER_FUNCTIONS, OPENED
from opcount.tracing.edges import LinearMap, gathering, selecting
from opcount.tracing.interpolation import interp
from opcount.tracing.linear_algebra import LINEAR_ALGEBRA
from opcount.tracing.nodes import (
    NODES,
    Node,
    as_operand,
    elementwise,
    entered,
    of_one_tape,
    recorded,
    value_of,
)
from opcount.tracing.object_array import lanes_of
from opcount.tracing.tape import Tape
from opcount.wrapping.operations import NO_DERIVATIVE, Operation
from opcount.wrapping.spec import Spec
from opcount.wrapping.trees import object_array, shape_of
from opcount.wrapping.wrapped import Wrapped, is_wrapped_array

_NO: Final = np._NoValue


# --- sums


def _cast(a: Any, dtype: Any) -> Any:
    return in_dtype(as_operand(a), dtype)


def _sum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, initial: Any = _NO,
         where: Any = True) -> Any:  # fmt: skip
    refuse_keywords("sum", out=out, where=where)
    a = _cast(a, dtype)
    found = recorded(ARRAY_PRIMITIVES["sum"], a, reduced_axes(axis, len(shape_of(a))), keepdims is True)
    return found if initial is _NO else found + _first(initial, a)


def _first(initial: Any, a: Any) -> Any:
    """The number that a reduction begins with, which does not decide on the precision of the result."""
    dtype = getattr(a, "dtype", None)
    return dtype.type(initial) if dtype and dtype.kind == "f" and isinstance(initial, (int, float)) else initial


def _extreme(name: str, a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = _NO,
             where: Any = True) -> Any:  # fmt: skip
    refuse_keywords(name, out=out, where=where)
    a = as_operand(a)
    axis = axis if shape_of(a) or axis not in (0, -1) else None
    if isinstance(axis, tuple) or initial is not _NO:  # one axis, of the elements along all of them
        lanes, kept = lanes_of(a, axis, _first(initial, a))
        found = _extreme(name, lanes, axis=-1)
        return np.reshape(found, kept) if keepdims is True else found
    return recorded(ARRAY_PRIMITIVES[name], a, axis, keepdims is True)


def _cumsum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    refuse_keywords("cumsum", dtype=dtype, out=out)
    a = np.reshape(a, -1) if axis is None or not len(shape_of(a)) else a
    return recorded(ARRAY_PRIMITIVES["cumsum"], a, (axis or 0) % len(shape_of(a)))


# --- products


def _contracted(function: Callable[..., Any], labels: tuple[str, str, str], a: object, b: object) -> Any:
    return recorded(ARRAY_PRIMITIVES["einsum"], as_operand(a), as_operand(b), labels, function)


def _labels(dimensions: int, start: int = 0) -> str:
    return ascii_lowercase[start : start + dimensions]


def _dot(a: Any, b: Any, out: Any = None) -> Any:
    refuse_keywords("dot", out=out)
    left, right = len(shape_of(a)), len(shape_of(b))
    if not left or not right:
        return as_operand(a) * as_operand(b)
    if left <= 2 and right <= 2:
        return elementwise(ARRAY_PRIMITIVES["matmul"], a, b)
    first, second = _labels(left - 1) + "z", _labels(right - 1, left - 1)
    second = f"{second[:-1]}z{second[-1:]}" if right > 1 else "z"
    return _contracted(np.dot, (first, second, (first + second).replace("z", "")), a, b)


def _inner(a: object, b: object, /) -> Any:
    left, right = len(shape_of(a)), len(shape_of(b))
    if not left or not right:
        return as_operand(a) * as_operand(b)
    first, second = _labels(left - 1) + "z", _labels(right - 1, left - 1) + "z"
    return _contracted(np.inner, (first, second, (first + second).replace("z", "")), a, b)


def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    left, right = len(shape_of(a)), len(shape_of(b))
    if isinstance(axes, (int, np.integer)):
        axes = (list(range(left - axes, left)), list(range(axes)))
    places = [[place] if isinstance(place, (int, np.integer)) else list(place) for place in axes]
    first = list(_labels(left))
    second = list(_labels(right, left))
    for one, other in zip(*places, strict=True):
        second[other] = first[one]
    result = [label for label in (*first, *second) if label not in first or label not in second]
    return _contracted(lambda a, b: np.tensordot(a, b, axes), ("".join(first), "".join(second), "".join(result)), a, b)


def _stacked_product(name: str, first: str, second: str, result: str) -> Callable[..., Any]:
    """A product of matrices or vectors on the last axes, stacked along the axes before these."""

    def product(a: object, b: object, /) -> Any:
        return _contracted(getattr(np, name), stacked_labels(a, b, first, second, result), a, b)

    return product


def _einsum(
    *operands: object, out: object = None, optimize: object = False, dtype: DTypeLike | None = None, **_: object
) -> Any:
    """Of one array its diagonals and sums, of two a product, of more the products from left to right."""
    refuse_keywords("einsum", out=out, dtype=dtype)
    terms, result = subscripts(operands, shape_of)
    return _of_terms([(labels, as_operand(array)) for labels, array in terms], result, optimize, _product_of_two)


def _einsum_of_numbers(*operands: object, optimize: object = False, **_: object) -> Any:
    """einsum of object arrays of numbers, for which NumPy's loop would start each sum from a zero."""
    terms, result = subscripts(operands, shape_of)
    return _of_terms(terms, result, optimize, _product_of_all)


def _of_terms(terms: Terms, result: str, optimize: object, of_two: Callable[[Terms, str], Any]) -> Any:
    if len(terms) > 2 and optimize is not False:
        return _einsum_path(terms, result, optimize)
    terms = [_diagonals(array, labels) for labels, array in terms]
    if len(terms) == 1:
        ((labels, array),) = terms
        return _rearranged(array, labels, result)
    return of_two(terms, result) if len(terms) == 2 else _product_of_all(terms, result)


def _product_of_two(terms: Terms, result: str) -> Any:
    (first, a), (second, b) = terms
    return _contracted(partial(np.einsum, f"{first},{second}->{result}"), (first, second, result), a, b)


def _product_of_all(terms: Terms, result: str) -> Any:
    """The definition of einsum: for each combination of labels the product of all operands, and the sums of these."""
    sizes = label_sizes([labels for labels, _ in terms], [shape_of(array) for _, array in terms])
    everything = result + "".join(sorted(sizes.keys() - set(result)))
    product: Any = None
    for labels, array in terms:
        whole = _rearranged(array, labels, "".join(label for label in everything if label in labels))
        shape = [shape_of(array)[labels.index(label)] if label in labels else 1 for label in everything]
        whole = np.broadcast_to(np.reshape(whole, shape), [sizes[label] for label in everything])
        product = whole if product is None else product * whole
    return np.sum(product, axis=tuple(range(len(result), len(everything))))


def _einsum_path(terms: Terms, result: str, optimize: Any) -> Any:
    spelled = ",".join(labels for labels, _ in terms) + "->" + result
    if not isinstance(optimize, (bool, str)) and optimize[0] == "einsum_path":
        path = optimize[1:]
    else:
        zeros = (np.broadcast_to(0.0, tuple(map(known, shape_of(array)))) for _, array in terms)
        path = np.einsum_path(spelled, *zeros, optimize=optimize)[0][1:]
    for places in path:
        taken = [terms.pop(place) for place in sorted(places, reverse=True)][::-1]
        needed = set(result).union(*(labels for labels, _ in terms))
        left = "".join(sorted({label for labels, _ in taken for label in labels if label in needed}))
        left = left if terms else result
        spelled = ",".join(labels for labels, _ in taken) + "->" + left
        terms.append((left, np.einsum(spelled, *(array for _, array in taken))))
    return terms[0][1]


def _diagonals(array: Any, labels: str) -> tuple[str, Any]:
    """The array at equal indices for each label that occurs twice."""
    while len(set(labels)) < len(labels):
        label = next(label for label in labels if labels.count(label) > 1)
        first = labels.index(label)
        second = labels.index(label, first + 1)
        array = np.diagonal(array, 0, first, second)
        labels = labels[:first] + labels[first + 1 : second] + labels[second + 1 :] + label
    return labels, array


def _rearranged(array: Any, labels: str, result: str) -> Any:
    """einsum of one array: its diagonals, summed over the labels that the result lacks, in the order of the result."""
    labels, array = _diagonals(array, labels)
    gone = tuple(place for place, label in enumerate(labels) if label not in result)
    array = np.sum(array, axis=gone) if gone else array
    labels = "".join(label for label in labels if label in result)
    return array if labels == result else np.transpose(array, [labels.index(label) for label in result])


# --- elements moved


def _reshape(a: Any, /, shape: Any = None, order: object = "C", *, newshape: object = None, copy: object = None) -> Any:
    a = as_operand(a)
    if copy:
        return _reshape(a, shape, order, newshape=newshape).copy()
    if order == "C":
        return recorded(ARRAY_PRIMITIVES["reshape"], a, shape if newshape is None else newshape)
    if order == "A":  # as the elements stand in memory, where that is one of the two
        flags = getattr(a._plain(), "flags", None)
        return _reshape(a, shape, "F" if flags is not None and flags.fnc else "C")
    if order != "F":
        raise ValueError(f'order is "C", "F" or "A", not {order!r}')
    back = _reshape(np.transpose(a), tuple(reversed(shape)) if isinstance(shape, (tuple, list)) else shape)
    return np.transpose(back)


def _copied(a: Any, order: Any = "K") -> Any:
    return a if type(a) is Node else a.copy(order)


def _ravel(a: Any, order: Any = "C") -> Any:
    a = as_operand(a)
    plain = a._plain() if isinstance(a, Wrapped) else a
    if order in ("A", "K"):  # as the elements stand in memory, of which a spec has none
        in_order = not isinstance(plain, np.ndarray) or plain.flags.c_contiguous
        return _reshape(a, -1) if in_order else moved(np.ravel, a, order)
    flat = _reshape(a, -1, order)
    if isinstance(plain, np.ndarray) and not plain.flags["F_CONTIGUOUS" if order == "F" else "C_CONTIGUOUS"]:
        return flat.copy()  # where a reshape may be a view all the same
    return flat


def _transpose(a: Any, axes: Any = None) -> Any:
    axes = tuple(range(len(shape_of(a))))[::-1] if axes is None else ordered_axes(tuple(axes), len(shape_of(a)))
    return recorded(ARRAY_PRIMITIVES["transpose"], as_operand(a), axes)


def _broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    shape = tuple(shape) if np.iterable(shape) else (shape,)
    return recorded(ARRAY_PRIMITIVES["broadcast_to"], as_operand(array), shape)


def _concatenate(arrays: Any, /, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: Any = None) -> Any:
    refuse_keywords("concatenate", out=out, dtype=dtype)
    arrays = [as_operand(array) for array in arrays]
    if axis is None:
        arrays, axis = [np.ravel(array) for array in arrays], 0
    axis = axis % len(shape_of(arrays[0]))

    def joined(*operands: Any) -> Any:
        return np.concatenate(operands[:-1], axis=operands[-1])

    tape, given = of_one_tape(tuple(arrays))
    value = joined(*map(value_of, given), axis)
    ends = [0, *accumulate(shape_of(array)[axis] for array in arrays)]
    parts = [((slice(None),) * axis + (slice(start, end),)) for start, end in pairwise(ends)]
    return _of_parts(tape, "concatenate", joined, given, parts, value, (axis,))


def _of_parts(
    tape: Tape | None,
    name: str,
    function: Callable[..., Any],
    arrays: Sequence[Any],
    indices: Iterable[Any],
    value: object,
    others: tuple[Any, ...] = (),
) -> Any:
    """Arrays and numbers joined to an array, in which each has an index, recorded with all edges at once.

    Partials that were found one edge after the other would look at all operands for each edge.
    """
    edges = [selecting(index, shape_of(value)).transposed() for index in indices]
    moves = not all(type(array) in NODES for array in arrays)
    primitive = Operation(name, None, function, (*edges, *(NO_DERIVATIVE for _ in others)), moves=moves)
    return entered(tape, primitive, (*arrays, *others), value)


class Move(NamedTuple):
    """A call of a function that moves elements, with holes in its arguments for the arrays among them.

    Where each element of the result comes from is found by calling the function on positions instead of
    an array's values, once as they are and once negated: what changes its sign is a position. An array
    that changes the shape of the result selects from others, and has no derivative.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, dict[str, Any]]
    part: int | None = None  # of a result that is several arrays

    def call(self, *arrays: object) -> Any:
        items = iter(arrays)
        args, keywords = _filled(self.arguments, items)
        result = self.function(*args, **keywords)
        return result if self.part is None else result[self.part]

    def edge(self, number: int, y: object, *arrays: object) -> LinearMap:
        shape = shape_of(arrays[number])
        if _kind_of(y) in "biu" and _kind_of(arrays[number]) == "f":
            return gathering(np.zeros(shape_of(y), int), shape)  # a cast to integers is a constant
        if not are_numbers(size for operand in (y, *arrays) for size in shape_of(operand)):
            name = getattr(self.function, "__name__", "a function")
            raise InvalidValue(
                f"which derivatives meet where {name} moves elements depends on the sizes: use numbers for them"
            )
        others = list(map(_values_of, arrays))
        places = np.empty_like(others[number], float)  # floats, as the values are, and in memory as they are
        places[...] = np.arange(1.0, math.prod(shape) + 1).reshape(shape)
        there, negated = (
            np.asarray(self.call(*others[:number], found, *others[number + 1 :]))
            for found in (places, np.asarray(-places))
        )
        if shape_of(there) != shape_of(y):
            return gathering(np.zeros(shape_of(y), int), shape)
        return gathering(np.where((there == -negated) & (there > 0), there, 0).astype(int), shape)


def _kind_of(values: Any) -> str:
    return np.result_type(values._plain() if isinstance(values, Wrapped) else values).kind


def _values_of(array: object) -> Any:
    """The plain values of an array, and zeros where it has none."""
    plain = array._plain() if isinstance(array, Wrapped) else array
    return np.zeros(plain.shape, int) if isinstance(plain, Spec) else plain


class _Hole:
    """A hole: what stands for an array in the arguments of a call."""


_HOLE: Final = _Hole()


def _filled(template: object, items: Any) -> Any:
    if template is _HOLE:
        return next(items)
    if isinstance(template, (list, tuple)):
        return type(template)(_filled(item, items) for item in template)
    if isinstance(template, dict):
        return {key: _filled(item, items) for key, item in template.items()}
    return template


def _emptied(arguments: object, found: list[Any]) -> Any:
    """The arguments with holes for the nodes and wrapped arrays in them, which are added to `found`."""
    if type(arguments) in NODES or (isinstance(arguments, np.ndarray) and arguments.dtype == object):
        found.append(as_operand(arguments))
        return _HOLE
    if isinstance(arguments, Wrapped):
        if is_truth(arguments):
            return arguments._plain().copy()
        found.append(arguments)
        return _HOLE
    if isinstance(arguments, (list, tuple)):
        return type(arguments)([_emptied(item, found) for item in arguments])
    if isinstance(arguments, dict):
        return {key: _emptied(item, found) for key, item in arguments.items()}
    if type(arguments) is np.ndarray and arguments.dtype.kind in "biu":
        return arguments.copy()  # they say where elements go, and the program may write into them afterwards
    return arguments


@cache
def _moving(name: str, number: int) -> Operation:
    def edge(place: int) -> Callable[..., LinearMap]:
        return lambda y, *operands: operands[-1].edge(place, y, *operands[:-1])

    def value(*operands: Any) -> Any:
        return operands[-1].call(*operands[:-1])

    return Operation(name, None, value, (*map(edge, range(number)), NO_DERIVATIVE), moves=True)


_LIKE: Final = frozenset({np.zeros_like, np.ones_like, np.full_like, np.empty_like})


def moved(function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
    """The result of a function that moves elements, recorded; as it is, if it is not an array."""
    if function in _LIKE and not are_numbers(shape_of(args[0])):
        return function(*map(value_of, args), **keywords)  # a constant: nothing can be written into it by places
    arrays: list[Any] = []
    move = Move(function, _emptied((args, keywords), arrays))
    primitive = _moving(getattr(function, "__name__", "move"), len(arrays))
    tape, given = of_one_tape(tuple(arrays))
    result = move.call(*map(value_of, given))
    if isinstance(result, (list, tuple)) and any(map(is_wrapped_array, result)):
        parts = [
            entered(tape, primitive, (*given, move._replace(part=part)), value) for part, value in enumerate(result)
        ]
        return tuple(parts) if isinstance(result, tuple) else parts
    if not isinstance(result, (Wrapped, np.ndarray)):
        return result
    return entered(tape, primitive, (*given, move), result)


def _assembled(array: Any, *_: object, **__: object) -> Any:
    """An object array, or lists, of nodes and numbers as one array."""
    if type(array) in NODES or isinstance(array, Array):
        return array
    objects = np.asarray(array, dtype=object)
    items = list(objects.flat)
    if any(type(item) in NODES and len(shape_of(item)) for item in items):
        return np.stack([_assembled(item) for item in array])
    function = partial(_array_of, shape=objects.shape)
    tape, given = of_one_tape(tuple(items))
    return _of_parts(tape, "array", function, given, np.ndindex(objects.shape), function(*map(value_of, given)))


def _array_of(*items: object, shape: tuple[int, ...]) -> Any:
    if any(type(item) in NODES for item in items):  # values of an inner evaluation
        return _assembled(object_array(np.empty(shape), list(items)))
    plain = [item._plain() if isinstance(item, Wrapped) else item for item in items]
    array = np.array(plain).reshape(shape)
    return Array(array) if any(isinstance(item, Wrapped) for item in items) else array


# --- the table


def _of_values(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose result is constant: it does not vary with the values, or does not consist of numbers."""

    def constant(*args: Any, **keywords: Any) -> Any:
        return function(*_values((*args,)), **_values(keywords))

    return constant


def _values(arguments: Any) -> Any:
    if isinstance(arguments, (list, tuple)):
        return type(arguments)([_values(item) for item in arguments])
    if isinstance(arguments, dict):
        return {key: _values(item) for key, item in arguments.items()}
    return value_of(arguments)


def _of_plain_values(function: Callable[..., Any], rule: Rule) -> Callable[..., Any]:
    """A function of object arrays of numbers whose result is constant: as of their plain values, also of fractions."""

    def constant(*args: Any, **keywords: Any) -> Any:
        args, keywords = tuple(map(values_of, args)), {key: values_of(value) for key, value in keywords.items()}
        counts = (
            users_counts(function, "__call__", args, keywords) if function in user_rules else rule(*args, **keywords)
        )
        charge(counts)
        return function(*args, **keywords)

    return constant


def _refusing(function: object, composition: Callable[..., Any]) -> Callable[..., Any]:
    """A composition that names its function in the error if something in it has no derivative, or no exact count."""

    def refusing(*args: object, **keywords: object) -> Any:
        try:
            return composition(*args, **keywords)
        except (NoRule, Uncounted) as reason:
            name = name_of(function)
            text = re.sub('(, or|;) ask for granularity="scalar".*', "", str(reason))  # true of what is inside alone
            way_out = f"; {OPENED}" if name in DIFFERENTIATED_OPENED else ""
            raise Uncounted(f"{name} with these arguments has no derivative here: {text}{way_out}") from None

    return refusing


ARRAY_OPERATIONS: Final[dict[str, Callable[..., Any]]] = {
    "sum": _sum, "cumsum": _cumsum,
    "max": partial(_extreme, "max"), "min": partial(_extreme, "min"),
    "dot": _dot, "inner": _inner, "tensordot": _tensordot, "einsum": _einsum,

    "vecdot": _stacked_product("vecdot", "k", "k", ""),
    "matvec": _stacked_product("matvec", "mk", "k", "m"), "vecmat": _stacked_product("vecmat", "k", "kn", "n"),
    "reshape": _reshape, "ravel": _ravel, "transpose": _transpose,
    "broadcast_to": _broadcast_to, "concatenate": _concatenate,
    "array": lambda a, *_, **__: _copied(_assembled(a)), "asarray": _assembled, "asanyarray": _assembled,
    "copy": lambda a, order="K", **__: _copied(as_operand(a), order),
    "astype": lambda x, dtype, /, *, copy=True, device=None: x.astype(dtype, copy=copy),
    "matmul": partial(elementwise, ARRAY_PRIMITIVES["matmul"]), "shape": lambda a: tuple(map(known, shape_of(a))),
    "ndim": lambda a: len(shape_of(a)), "interp": interp, **LINEAR_ALGEBRA, **CONVOLUTIONS,
}  # fmt: skip
"""The operations of arrays that rows of functions name as their derivative, and ufuncs that are no row of the table."""

UFUNC_METHODS: Final[dict[tuple[np.ufunc, str], Callable[..., Any]]] = {
    (np.add, "reduce"): lambda a, axis=0, *arguments, **keywords: _sum(a, axis, *arguments, **keywords),
    (np.multiply, "reduce"): lambda a, axis=0, *arguments, **keywords: np.prod(a, axis, *arguments, **keywords),
    (np.maximum, "reduce"): lambda a, axis=0, dtype=None, *arguments, **keywords: _extreme(
        "max", a, axis, *arguments, **keywords
    ),
    (np.minimum, "reduce"): lambda a, axis=0, dtype=None, *arguments, **keywords: _extreme(
        "min", a, axis, *arguments, **keywords
    ),
    (np.add, "accumulate"): lambda a, axis=0, *arguments, **keywords: _cumsum(a, axis, *arguments, **keywords),
    (np.multiply, "accumulate"): lambda a, axis=0, *arguments, **keywords: np.cumprod(a, axis, *arguments, **keywords),
}


def _outer_of(ufunc: np.ufunc) -> Callable[..., Any]:
    """A ufunc applied to each element of one array with each element of another."""

    def outer(a: Any, b: Any) -> Any:
        a, b = as_operand(a), as_operand(b)
        return ufunc(np.reshape(a, shape_of(a) + (1,) * len(shape_of(b))), b)

    return outer


_WITH_OUTER: Final = (np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum)
UFUNC_METHODS.update({(ufunc, "outer"): _outer_of(ufunc) for ufunc in _WITH_OUTER})


def _derived(function: Any, row: Function) -> Callable[..., Any] | None:
    """What a function does with nodes, as its row says; None where it has no derivative."""
    if row.derivative is Differentiated.MOVES:
        return partial(moved, function)
    if row.derivative is Differentiated.CONSTANT:
        return _of_values(function)
    if row.derivative is Differentiated.AS_NUMPY:
        return getattr(function, "_implementation", function)  # type: ignore[no-any-return]
    if row.derivative is Differentiated.AS_EXECUTED:
        assert isinstance(row.counts, Executed)
        return _refusing(function, in_operations(function, row.counts))
    return ARRAY_OPERATIONS[row.derivative] if isinstance(row.derivative, str) else row.derivative


FUNCTIONS.update({function: found for function, row in ROWS.items() if (found := _derived(function, row)) is not None})
FUNCTIONS.update({
    ufunc: ARRAY_OPERATIONS[name]
    for name in ("matmul", "vecdot", "matvec", "vecmat")
    if (ufunc := getattr(np, name, None)) is not None
})  # fmt: skip
FUNCTIONS.update(UFUNC_METHODS)
FUNCTIONS[operator.getitem] = partial(moved, operator.getitem)
NUMBER_FUNCTIONS[np.einsum] = _einsum_of_numbers
NUMBER_FUNCTIONS.update(
    {function: FUNCTIONS[function] for function in (np.clip, np.interp, np.nan_to_num, np.linalg.norm)}
)
NUMBER_FUNCTIONS.update(
    {
        function: _of_plain_values(function, row.counts)
        if callable(row.counts) and not callable(row.derivative)
        else FUNCTIONS[function]
        for function, row in by_function((*sorting.ROWS, *quantiles.ROWS)).items()
        if function in FUNCTIONS
    }
)
