"""NumPy's functions that are made of other operations, written out as NumPy executes them.

Each takes what NumPy's function takes and gives the same value, bit for bit. Its operations count
as they are executed, on whatever is wrapped among the arguments; what is done to plain values on
the way counts neither here nor there. Where that can be told from what is wrapped, a rule gives the
count, and NumPy the value (`SEEING_RULES`). All of a call counts, or, where it raises, nothing
(`_whole`): wrong arguments lead to NumPy's own error.

Written after NumPy 2.4; older versions execute a few of these otherwise, with the same value.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from opcount.counting.callers import warn
from opcount.counting.errors import BudgetExceeded, InvalidValue, OpcountError
from opcount.counting.meters import meter
from opcount.counting.symbolic import are_numbers, is_long, order, positive_part
from opcount.counting.tally import attempt
from opcount.functions.numpy_rules import (
    STRANGE,
    NoRule,
    OpCounts,
    Rule,
    applications,
    asks_for_complex,
    by_function,
    dtype_of,
    expanded,
    function_named,
    is_complex,
    is_truth,
    lu,
    meetings,
    n_times,
    no_complex,
    substitutions,
    together,
)
from opcount.wrapping.operands import held, holds_wrapped, unwrapped
from opcount.wrapping.shapes import broadcast, with_numbers
from opcount.wrapping.spec import Spec

_NO: Final = np._NoValue
_NUMPY: Final = tuple(map(int, np.__version__.split(".")[:2]))


# --- what is wrapped, and what not


def _array(x: Any) -> Any:
    """An array of at least no dimensions: as it is, or made of a list; 0-d of a number."""
    if isinstance(x, (list, tuple)):
        return np.stack([_array(item) for item in x]) if x else np.asarray(x)
    return np.asarray(x, like=x) if holds_wrapped(x) else np.asarray(x)


def _truths(mask: Any) -> Any:
    """A mask as plain truth values, on which what NumPy does is control flow."""
    return mask if isinstance(unwrapped(mask), Spec) else np.asarray(mask)


def _any(mask: Any) -> bool:
    """Whether some are true; of shapes alone none are.

    It is asked where true ones lead to an error or a warning, or to another way that counts the same.
    """
    return not isinstance(unwrapped(mask), Spec) and bool(np.any(np.asarray(mask)))


def _shape(x: Any) -> Any:
    return np.shape(unwrapped(x))


def _size(x: Any) -> int:
    return np.size(unwrapped(x))


# --- how a composition stands for NumPy's function


def _whole(name: str, composition: Callable[..., Any]) -> Callable[..., Any]:
    """All its operations count, or, where it raises, none; wrong arguments raise what NumPy raises."""
    function = function_named(name)

    def whole(*args: Any, **keywords: Any) -> Any:
        with attempt() as inside:
            try:
                return composition(*args, **keywords)
            except BudgetExceeded:
                raise
            except Exception as error:
                if inside is not None:
                    meter().refund(inside.counts)
                wrong = error
        raise _refusal(wrong, function, args, keywords)

    return whole


def _refusal(error: Exception, function: Any, args: Any, keywords: Any) -> Exception:
    """What a call raises: NumPy's own error, where it has one for wrong arguments."""
    if isinstance(error, (NoRule, OpcountError)):
        return error
    function(*unwrapped(args), **unwrapped(keywords))
    return NoRule(STRANGE)


# --- differences and integrals


def _along(axis: int, dimensions: int, part: Any) -> tuple[Any, ...]:
    """The index that takes `part` along one axis and everything along the others."""
    index = [slice(None)] * dimensions
    index[axis] = part
    return tuple(index)


def _replaced(shape: tuple[int, ...], axis: int, size: int) -> tuple[int, ...]:
    axis = range(len(shape))[axis]
    return (*shape[:axis], size, *shape[axis + 1 :])


def _normalized(axis: Any, dimensions: int) -> tuple[int, ...]:
    return tuple(np.lib.array_utils.normalize_axis_tuple(axis, dimensions))


def _diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = _NO, append: Any = _NO) -> Any:
    if n == 0:
        return a
    if n < 0:
        raise ValueError
    a = _array(a)
    parts = []
    for part in (prepend, a, append):
        if part is not _NO:
            part = _array(part)
            parts.append(part if part.ndim else np.broadcast_to(part, _replaced(a.shape, axis, 1)))
    a = np.concatenate(parts, axis=axis) if len(parts) > 1 else a
    difference = np.not_equal if a.dtype == np.bool_ else np.subtract
    for _ in range(n):
        a = difference(a[_along(axis, a.ndim, slice(1, None))], a[_along(axis, a.ndim, slice(None, -1))])
    return a


def _ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    ary = _array(ary).ravel()
    begin, end = (None if part is None else _array(part).ravel() for part in (to_begin, to_end))
    if not all(part is None or np.can_cast(part.dtype, ary.dtype, casting="same_kind") for part in (begin, end)):
        raise TypeError
    parts = [part for part in (begin, ary[1:] - ary[:-1], end) if part is not None]
    return np.concatenate([part.astype(ary.dtype) for part in parts]) if len(parts) > 1 else parts[0]


def _gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Central differences inside, one-sided ones at both ends; of first or second order there."""
    f = _array(f)
    axes = tuple(range(f.ndim)) if axis is None else _normalized(axis, f.ndim)
    spacings = _spacings(f, axes, varargs)
    if edge_order > 2 or any(order(f.shape[place], edge_order + 1) < 0 for place in axes):
        raise ValueError
    if f.dtype.kind in "iub":
        f = f.astype(np.float64)
    results = [_gradient_along(f, place, h, edge_order) for place, h in zip(axes, spacings, strict=True)]
    return results[0] if len(axes) == 1 else tuple(results)


def _spacings(f: Any, axes: tuple[int, ...], given: tuple[Any, ...]) -> list[Any]:
    """A number for each axis, or the differences of the places along it where they are not all the same."""
    if not given:
        return [1.0] * len(axes)
    if len(given) == 1 and np.ndim(given[0]) == 0:
        return list(given) * len(axes)
    spacings = []
    for distances, axis in zip(given, axes, strict=True):
        if np.ndim(distances):
            distances = _array(distances)
            if distances.shape != f.shape[axis : axis + 1]:
                raise ValueError
            steps = np.diff(distances.astype(np.float64) if distances.dtype.kind in "iu" else distances)
            distances = steps[0] if _truths(steps == steps[0]).all() else steps
        spacings.append(distances)
    return spacings


def _gradient_along(f: Any, axis: int, h: Any, edge_order: int) -> Any:
    def at(part: Any) -> tuple[Any, ...]:
        return _along(axis, f.ndim, part)

    def combined(weights: Any, parts: Any) -> Any:
        a, b, c = weights
        first, second, third = (f[at(part)] for part in parts)
        return a * first + b * second + c * third

    out = np.empty_like(f if holds_wrapped(f) else h, f.dtype, shape=f.shape)
    uniform = np.ndim(h) == 0
    if uniform:
        out[at(slice(1, -1))] = (f[at(slice(2, None))] - f[at(slice(None, -2))]) / (2.0 * h)
    else:
        left, right = h[:-1], h[1:]
        weights = (
            -right / (left * (left + right)), (right - left) / (left * right), left / (right * (left + right))
        )  # fmt: skip
        shape = _replaced((1,) * f.ndim, axis, -1)
        parts = (slice(None, -2), slice(1, -1), slice(2, None))
        out[at(slice(1, -1))] = combined([weight.reshape(shape) for weight in weights], parts)
    if edge_order == 1:
        for end, first, second in ((0, 1, 0), (-1, -1, -2)):
            out[at(end)] = (f[at(first)] - f[at(second)]) / (h if uniform else h[end])
        return out
    if uniform:
        start, stop = (-1.5 / h, 2.0 / h, -0.5 / h), (0.5 / h, -2.0 / h, 1.5 / h)
    else:
        one, two = h[0], h[1]
        start = (-(2.0 * one + two) / (one * (one + two)), (one + two) / (one * two), -one / (two * (one + two)))
        one, two = h[-2], h[-1]
        stop = (two / (one * (one + two)), -(two + one) / (one * two), (2.0 * two + one) / (two * (one + two)))
    out[at(0)] = combined(start, (0, 1, 2))
    out[at(-1)] = combined(stop, (-3, -2, -1))
    return out


def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y = _array(y)
    widths = dx
    if x is not None:
        x = _array(x)
        widths = np.diff(x) if x.ndim == 1 else np.diff(x, axis=axis)
        if x.ndim == 1:
            widths = widths.reshape(_replaced((1,) * y.ndim, axis, -1))
    above, below = y[_along(axis, y.ndim, slice(1, None))], y[_along(axis, y.ndim, slice(None, -1))]
    return np.sum(widths * (above + below) / 2.0, axis)


def _unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: Any = 2 * math.pi) -> Any:
    p = _array(p)
    steps = np.diff(p, axis=axis)
    discont = period / 2 if discont is None else discont
    dtype = np.result_type(steps, period)
    if dtype.kind in "iu":
        high, rest = divmod(period, 2)
        ambiguous = rest == 0
    else:
        high, ambiguous = period / 2, True
    low = -high
    corrected = np.mod(steps - low, period) + low
    if ambiguous:
        np.copyto(corrected, high, where=_truths(corrected == low) & _truths(steps > 0))
    correction = corrected - steps
    np.copyto(correction, 0, where=_truths(abs(steps) < discont))
    up = p.astype(dtype)
    after = _along(axis, p.ndim, slice(1, None))
    up[after] = p[after] + np.cumsum(correction, axis)
    return up


# --- vectors and matrices


def _einsum(*operands: Any, out: Any = None, optimize: Any = False, dtype: Any = None, **_: Any) -> OpCounts:
    """For each contraction that is executed: its products over all indices, its sums for each result.

    Without `optimize` all operands are contracted at once, by k - 1 products from left to
    right for each combination of indices; with it, in the steps of `np.einsum_path`.
    """
    terms, result = _subscripts(operands)
    path: list[Any] = [tuple(range(len(terms)))]
    if optimize is not False and len(terms) > 2:
        path = _path(operands, terms, optimize)
    products = sums = 0
    for places in path:
        taken = [terms.pop(place) for place in sorted(places, reverse=True)]
        if optimize is False:
            taken.reverse()
        needed = {*result, *(index for sizes, _ in terms for index in sizes)}
        if len(taken) == 2 and optimize is not False and _NUMPY >= (2, 4):  # it sums each by itself where it can
            long = [{index for index, size in sizes.items() if is_long(size)} for sizes, _ in taken]
            kept = [needed | indices for indices in reversed(long)]
            partly = [_contracted([term], indices) for term, indices in zip(taken, kept, strict=True)]
            taken = [term for term, _, _ in partly]
            sums += sum(number for _, _, number in partly)
        term, more, added = _contracted(taken, needed)
        terms.append(term)
        products += more
        sums += added
    numbers: OpCounts = {"mul": products, "add": sums}
    return expanded(numbers) if any(map(is_complex, operands)) or asks_for_complex({"dtype": dtype}) else numbers


def _path(operands: tuple[Any, ...], terms: list[_Term], optimize: Any) -> list[Any]:
    """The steps of a product of several arrays: as they are given, or as NumPy chooses them by the sizes."""
    if not isinstance(optimize, (bool, str)) and optimize and optimize[0] == "einsum_path":
        return list(optimize[1:])
    if not all(are_numbers(sizes.values()) for sizes, _ in terms):
        raise InvalidValue(
            "the order in which np.einsum joins more than two arrays depends on the sizes: give numbers for them, or "
            'the order, as in optimize=["einsum_path", (0, 1), (0, 1)]'
        )
    chosen: list[Any] = np.einsum_path(*unwrapped(operands), optimize=optimize)[0][1:]
    return chosen


def _correlate(a: Any, v: Any, mode: Any = "valid") -> OpCounts:
    """A convolution with the conjugate."""
    if is_truth(a) and is_truth(v):
        return {}
    numbers = meetings(unwrapped(a), unwrapped(v), mode)
    if not is_complex(a) and not is_complex(v):
        return numbers
    return together(expanded(numbers), {"neg": _size(v) if is_complex(v) and holds_wrapped(v) else 0})


_Term = tuple[dict[Any, int], bool]
"""The indices of an operand with their sizes, and whether it is wrapped."""


def _contracted(terms: list[_Term], needed: set[Any]) -> tuple[_Term, int, int]:
    """What a contraction leaves, and how many products and sums of wrapped numbers it executes."""
    sizes: dict[Any, int] = {}
    for term, _ in terms:
        for index, size in term.items():
            sizes[index] = size if sizes.get(index, 1) == 1 else sizes[index]
    left = {index: size for index, size in sizes.items() if index in needed}
    everything, results = math.prod(sizes.values()), math.prod(left.values())
    places = [place for place, (_, is_wrapped) in enumerate(terms) if is_wrapped]
    if not places:
        return (left, False), 0, 0
    products = (len(terms) - max(places[0], 1)) * everything  # those before it are of plain numbers
    return (left, True), products, positive_part(everything - results)


def _subscripts(operands: tuple[Any, ...]) -> tuple[list[_Term], list[Any]]:
    """The indices of each operand with their sizes, and those of the result, in either spelling of einsum."""
    if isinstance(operands[0], str):
        text, arrays = operands[0].replace(" ", ""), operands[1:]
        inputs, arrow, output = text.partition("->")
        labels: list[list[Any]] = [_letters(term) for term in inputs.split(",")]
        result = _letters(output) if arrow else None
    else:
        arrays = operands[:-1:2] if len(operands) % 2 else operands[::2]
        labels = [list(term) for term in operands[1::2]]
        result = list(operands[-1]) if len(operands) % 2 else None
    terms = []
    for term, array in zip(labels, arrays, strict=True):
        shape = _shape(array)
        dots = [(Ellipsis, place) for place in range(len(term) - 1 - len(shape), 0)]  # counted from the last
        indices = [part for index in term for part in (dots if index is Ellipsis else [index])]
        terms.append((dict(zip(indices, shape, strict=True)), holds_wrapped(array)))
    everything = {index for sizes, _ in terms for index in sizes}
    dots = sorted(index for index in everything if isinstance(index, tuple))
    if result is None:
        once = [index for term in labels for index in term if index is not Ellipsis]
        return terms, dots + sorted({index for index in once if once.count(index) == 1})
    return terms, [part for index in result for part in (dots if index is Ellipsis else [index])]


def _letters(term: str) -> list[Any]:
    before, dots, after = term.partition("...")
    return [*before, *([Ellipsis] if dots else []), *after]


def _cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: Any = None) -> Any:
    """Two products and a difference for each component; where a vector has no third one, its products are left out."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(_array(a), axisa, -1), np.moveaxis(_array(b), axisb, -1)
    sizes = (a.shape[-1], b.shape[-1])
    if not set(sizes) <= ({2, 3} if _NUMPY < (2, 5) else {3}):  # newer ones refuse two
        raise ValueError
    if 2 in sizes:
        warn(
            "Arrays of 2-dimensional vectors are deprecated. Use arrays of "
            "3-dimensional vectors instead. (deprecated in NumPy 2.0)",
            DeprecationWarning,
        )
    dtype = np.promote_types(a.dtype, b.dtype)
    a0, a1, *a2 = (a[..., place].astype(dtype) for place in range(sizes[0]))
    b0, b1, *b2 = (b[..., place].astype(dtype) for place in range(sizes[1]))
    last = a0 * b1 - a1 * b0
    if sizes == (2, 2):
        return _array(last)
    if sizes == (2, 3):
        first, second = a1 * b2[0], -(a0 * b2[0])
    elif sizes == (3, 2):
        first, second = -(a2[0] * b1), a2[0] * b0
    else:
        first, second = a1 * b2[0] - a2[0] * b1, a2[0] * b0 - a0 * b2[0]
    return np.moveaxis(np.stack([first, second, last], axis=-1), -1, axisc)


def _linalg_cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    if np.shape(x1)[axis] != 3 or np.shape(x2)[axis] != 3:
        raise ValueError
    return np.cross(x1, x2, axis=axis)


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    x = _array(x)
    if x.dtype.kind not in "fc":
        x = x.astype(float)
    if axis is None and (ord is None or (ord in ("f", "fro") and x.ndim == 2) or (ord == 2 and x.ndim == 1)):
        flat, axes = x.ravel(order="K"), None
        parts = [np.dot(part, part) for part in ((flat.real, flat.imag) if flat.dtype.kind == "c" else (flat,))]
        result = np.sqrt(functools.reduce(operator.add, parts))
    else:
        axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (int(axis),)
        norm = {1: _vector_norm, 2: _matrix_norm}[len(axes)]
        result = norm(x, ord, axes, keepdims)
    return _kept(result, x, axes) if keepdims else result


def _kept(result: Any, x: Any, axis: Any) -> Any:
    """The result of a reduction along these axes, with the axes that it reduced."""
    axes = range(x.ndim) if axis is None else _normalized(axis, x.ndim)
    return np.reshape(result, [1 if place in axes else size for place, size in enumerate(x.shape)])


_FROM_ZERO: Final[dict[str, Any]] = {"initial": 0} if _NUMPY >= (2, 3) else {}


def _vector_norm(x: Any, ord: Any, axis: Any, keepdims: Any) -> Any:
    if ord is None or ord == 2:
        return np.sqrt(np.sum((np.conjugate(x) * x).real, axis))
    if ord == math.inf:
        return np.max(abs(x), axis, **_FROM_ZERO)
    if ord == -math.inf:
        return np.min(abs(x), axis)
    if ord == 0:
        return np.sum((x != 0).astype(x.real.dtype), axis)
    if ord == 1:
        return np.sum(abs(x), axis)
    # keepdims decides here: NumPy's power of a float32 and that of an array of one differ in the last bit
    powers = np.sum(abs(x) ** ord, axis, keepdims=keepdims)
    return powers ** np.reciprocal(ord, dtype=np.result_type(powers))


def _matrix_norm(x: Any, ord: Any, axes: Any, keepdims: bool) -> Any:
    rows, columns = (range(x.ndim)[place] for place in axes)
    if rows == columns:
        raise ValueError
    if ord in (None, "fro", "f"):
        return np.sqrt(np.sum((np.conjugate(x) * x).real, axis=(rows, columns)))
    if ord in (1, -1, math.inf, -math.inf):
        summed, over = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = np.sum(abs(x), axis=summed)
        over -= over > summed
        return np.max(sums, over, **_FROM_ZERO) if ord > 0 else np.min(sums, over)
    reduce: dict[Any, Callable[..., Any]] = {2: np.max, -2: np.min, "nuc": np.sum}
    return reduce[ord](np.linalg.svd(np.moveaxis(x, (rows, columns), (-2, -1)), compute_uv=False), axis=-1)


def _linalg_vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    x = flat = _array(x)
    if axis is None:
        flat = x.ravel()
    elif isinstance(axis, tuple):
        places = _normalized(axis, x.ndim)
        rest = [place for place in range(x.ndim) if place not in places]
        size = math.prod(x.shape[place] for place in places)
        flat = np.transpose(x, (*places, *rest)).reshape((size, *(x.shape[place] for place in rest)))
    result = np.linalg.norm(flat, axis=axis if isinstance(axis, int) else 0, ord=ord)
    return _kept(result, x, axis) if keepdims else result


def _linalg_matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    return np.linalg.norm(x, axis=(-2, -1), keepdims=keepdims, ord=ord)


def _matrix_power(a: Any, n: Any) -> Any:
    a, n = _array(a), operator.index(n)
    if a.shape[-1] != a.shape[-2]:
        raise ValueError
    if n == 0:
        result = np.empty_like(a)
        result[...] = np.eye(a.shape[-2], dtype=a.dtype, **({"like": a} if holds_wrapped(a) else {}))
        return result
    if n < 0:
        a, n = np.linalg.inv(a), -n
    if n == 3:
        return np.matmul(np.matmul(a, a), a)
    square = result = None
    while n > 0:
        square = a if square is None else np.matmul(square, square)
        n, bit = divmod(n, 2)
        if bit:
            result = square if result is None else np.matmul(result, square)
    return result


def _multi_dot(arrays: Any, *, out: Any = None) -> Any:
    """The products in the cheapest order, by dynamic programming (Cormen et al., Introduction to Algorithms, 15.2)."""
    arrays = [_array(a) for a in arrays]
    if len(arrays) < 3:
        return np.dot(arrays[0], arrays[1], out=out)
    first, last = arrays[0].ndim, arrays[-1].ndim
    if first == 1:
        arrays[0] = np.atleast_2d(arrays[0])
    if last == 1:
        arrays[-1] = np.atleast_2d(arrays[-1]).T
    if any(a.ndim != 2 for a in arrays):
        raise ValueError
    sizes = [a.shape[0] for a in arrays] + [arrays[-1].shape[1]]

    @functools.cache
    def best(i: int, j: int) -> tuple[int, int]:
        if i == j:
            return 0, i
        splits = [(best(i, k)[0] + best(k + 1, j)[0] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)]
        return functools.reduce(lambda one, other: one if order(one[0], other[0]) <= 0 else other, splits)

    def product(i: int, j: int, into: Any = None) -> Any:
        middle = best(i, j)[1]
        return arrays[i] if i == j else np.dot(product(i, middle), product(middle + 1, j), out=into)

    result = product(0, len(arrays) - 1, out)
    if first == 1 and last == 1:
        return result[0, 0]
    return result.ravel() if 1 in (first, last) else result


def _solve(a: Any, b: Any) -> OpCounts:
    """The factors of a, and two substitutions for each column of b (GESV)."""
    no_complex(a, b)
    *first, _, n = _shape(a)
    *second, columns = _shape(b) if len(_shape(b)) > 1 else (n, 1)
    stack = math.prod(broadcast(tuple(first), tuple(second[:-1])))
    return n_times(stack, together(lu(n) if holds_wrapped(a) else {}, substitutions(n, columns)))


def _tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    a, b = _array(a), _array(b)
    if axes is not None:
        places = list(range(a.ndim))
        for axis in axes:
            places.remove(axis)
            places.insert(a.ndim, axis)
        a = np.transpose(a, places)
    shape = a.shape[-(a.ndim - b.ndim) :]
    size = math.prod(shape)
    return np.linalg.solve(a.reshape(size, size), b.ravel()).reshape(shape)


def _tensorinv(a: Any, ind: int = 2) -> Any:
    a = _array(a)
    if ind <= 0:
        raise ValueError
    shape = a.shape
    return np.linalg.inv(a.reshape(math.prod(shape[ind:]), -1)).reshape(*shape[ind:], *shape[:ind])


# --- statistics


def _keywords(**given: Any) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not _NO}


def _average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = _NO) -> Any:
    a = _array(a)
    kept = _keywords(keepdims=keepdims)
    if axis is not None:
        axis = _normalized(axis, a.ndim)
    if weights is None:
        average = np.mean(a, axis, **kept)
        scale: Any = np.result_type(average).type(a.size / np.size(average)) if returned else None
    else:
        weights = _fitting_weights(a, _array(weights), axis)
        dtype = np.result_type(a.dtype, weights.dtype, *(["f8"] if a.dtype.kind in "iub" else []))
        scale = np.sum(weights, axis=axis, dtype=dtype, **kept)
        if _any(scale == 0.0):
            raise ZeroDivisionError
        average = np.sum(np.multiply(a, weights, dtype=dtype), axis, **kept) / scale
    if not returned:
        return average
    return average, scale if np.shape(scale) == np.shape(average) else np.broadcast_to(scale, np.shape(average)).copy()


def _fitting_weights(a: Any, weights: Any, axis: Any) -> Any:
    if a.shape == weights.shape:
        return weights
    if axis is None or weights.shape != tuple(a.shape[place] for place in axis):
        raise ValueError
    weights = np.transpose(weights, np.argsort(axis))
    return weights.reshape(tuple(size if place in axis else 1 for place, size in enumerate(a.shape)))


def _cov(m: Any, y: Any = None, rowvar: Any = True, bias: Any = False, ddof: Any = None, fweights: Any = None,
         aweights: Any = None, *, dtype: Any = None) -> Any:  # fmt: skip
    m = _array(m)
    y = None if y is None else _array(y)
    if (ddof is not None and ddof != int(ddof)) or any(part is not None and part.ndim > 2 for part in (m, y)):
        raise ValueError
    if dtype is None:
        dtype = np.result_type(m.dtype, np.float64, *([] if y is None else [y.dtype]))
    X = np.atleast_2d(m).astype(dtype)
    if not rowvar and (m.ndim if _NUMPY >= (2, 2) else len(X)) != 1:
        X = X.T
    if X.shape[0] == 0:
        return np.array([]).reshape(0, 0)
    if y is not None:
        y = np.atleast_2d(y).astype(dtype)
        X = np.concatenate((X, y.T if not rowvar and y.shape[0] != 1 else y))
    if ddof is None:
        ddof = 1 if bias == 0 else 0
    weights = _cov_weights(X, fweights, aweights)
    if weights is None:
        means, total = np.average(X, axis=1), None
    else:
        means, sums = np.average(X, axis=1, weights=weights, returned=True)
        total = sums[0]
    if total is None:
        factor = X.shape[1] - ddof
    elif ddof == 0:
        factor = total
    elif aweights is None:
        factor = total - ddof
    else:
        factor = total - ddof * np.sum(weights * _array(aweights)) / total
    if factor <= 0:
        warn("Degrees of freedom <= 0 for slice", RuntimeWarning)
        factor = 0.0
    X = (X - means[:, None]).astype(X.dtype, copy=False)
    transposed = X.T if weights is None else (X * weights).T
    c = np.dot(X, np.conjugate(transposed))
    return np.squeeze((c * np.true_divide(1, factor)).astype(c.dtype, copy=False))


def _cov_weights(X: Any, fweights: Any, aweights: Any) -> Any:
    product = None
    for weights, whole in ((fweights, True), (aweights, False)):
        if weights is None:
            continue
        weights = _array(weights).astype(float)
        if whole and not _truths(weights == np.round(weights)).all():
            raise TypeError
        if weights.shape != X.shape[1:] or _truths(weights < 0).any():
            raise ValueError
        product = weights if product is None else product * weights
    return product


def _corrcoef(x: Any, y: Any = None, rowvar: Any = True, *, dtype: Any = None) -> Any:
    c = np.cov(x, y, rowvar, dtype=dtype)
    if np.ndim(c) == 0:
        return c / c
    deviations = np.sqrt(np.diag(c).real)
    c = c / deviations[:, None]
    c = c / deviations[None, :]
    for part in (c.real, c.imag) if np.iscomplexobj(c) else (c,):
        np.clip(part, -1, 1, out=part)
    return c


# --- choices by truth, and comparisons


def _truth_of(name: str, place: int) -> Rule:
    """A function that has to know which elements of an argument are not zero: of truth values, nothing more."""

    def rule(*args: Any, **keywords: Any) -> OpCounts:
        mask = args[place] if len(args) > place else keywords[name]
        if is_complex(mask):
            raise NoRule("the truth of a complex number has no exact count: write abs(z) != 0")
        return {} if is_truth(mask) or not holds_wrapped(mask) else {"ne": _size(mask)}

    return rule


def _nan_to_num(x: Any, *_: Any, **__: Any) -> OpCounts:
    """Each number, or each part of it, may be nan, and infinite of either sign."""
    size = _size(x) * {"f": 1, "c": 2}.get(dtype_of(unwrapped(x)).kind, 0)
    return {"isnan": size, "isinf": 2 * size, "signbit": 2 * size}


def _isclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Any:
    x, y, atol, rtol = (v if isinstance(v, (int, float, complex)) else _array(v) for v in (a, b, atol, rtol))
    if isinstance(y, int):
        y = float(y)
    elif not isinstance(y, (float, complex)):
        y = y.astype(np.result_type(y.dtype, 1.0))
    finite = [np.isfinite(tolerance) for tolerance in (atol, rtol)] if _NUMPY >= (2, 3) else []
    if any(_any(np.logical_not(truth)) for truth in finite):
        np.isclose(0.0, 0.0, unwrapped(rtol), unwrapped(atol))  # which warns, or does what else NumPy is told to do
    with np.errstate(invalid="ignore"):
        near = np.less_equal(abs(x - y), atol + rtol * abs(y))
        result = _truths(near) & _truths(np.isfinite(y)) | _truths(x == y)
        if equal_nan:
            result |= _truths(np.isnan(x)) & _truths(np.isnan(y))
    return held(result[()], x, y, rtol, atol)


def _allclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> bool:
    return bool(np.all(np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)))


def _array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    if np.shape(a1) != np.shape(a2):
        return False
    if equal_nan and a1 is a2:
        return True
    a1, a2 = _array(a1), _array(a2)
    if not equal_nan or (a1.dtype.kind not in "fc" and a2.dtype.kind not in "fc"):
        return bool(_truths(a1 == a2).all())
    missing1, missing2 = _truths(np.isnan(a1)), _truths(np.isnan(a2))
    return bool((missing1 == missing2).all()) and bool(_truths(a1[~missing1] == a2[~missing1]).all())


def _array_equiv(a1: Any, a2: Any) -> bool:
    try:
        broadcast(_shape(a1), _shape(a2))
    except OpcountError:  # of names, of which nobody knows it
        raise
    except ValueError:
        return False
    return bool(_truths(_array(a1) == _array(a2)).all())


def _clip(a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None, max: Any = None,
          where: Any = True, **_: Any) -> OpCounts:  # fmt: skip
    """The larger one of each number and its lower bound, then the smaller one of that and the upper bound."""
    if any(map(is_complex, (a, a_min, a_max, min, max))):
        raise NoRule("complex numbers are not in order: clip the real and the imaginary part")
    low, high = (
        old if old is not None and old is not _NO else None if new is _NO else new
        for old, new in ((a_min, min), (a_max, max))
    )
    operands = [operand for operand in (a, low, high) if operand is not None]
    size = 0 if all(map(is_truth, operands)) else applications(*unwrapped(operands), where=unwrapped(where))
    return {
        "maximum": size if low is not None and holds_wrapped([a, low]) else 0,
        "minimum": size if high is not None else 0,
    }


# --- complex numbers


def _imaginary(x: Any) -> int:
    """How many imaginary parts it has; real numbers have none."""
    return _size(x) if is_complex(x) else 0


def _angle(z: Any, deg: bool = False) -> OpCounts:
    size = _size(z)
    return {"arctan2": size, "mul": size if deg else 0}


# --- ranges between wrapped ends


def _arange(*args: Any, like: Any = None, **keywords: Any) -> OpCounts:
    if holds_wrapped(args) or holds_wrapped(list(keywords.values())):
        raise NoRule("a range of wrapped numbers has no exact count: write start + step * np.arange(n)")
    return {}


def _linspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None,
              axis: int = 0, *, device: Any = None) -> Any:  # fmt: skip
    num = operator.index(num)
    if num < 0:
        raise ValueError
    pieces = num - 1 if endpoint else num
    real = np.result_type(start, stop, float(num))
    start, stop = _array(start), _array(stop)
    span = np.subtract(stop, start, dtype=real)
    y = np.arange(0, num, dtype=real).reshape((-1,) + (1,) * np.ndim(span))
    step: Any = math.nan
    if pieces > 0:
        step = span / pieces
        y = y / pieces * span if _any(step == 0) else y * step
    else:
        y = y * span
    y = y + start
    if endpoint and num > 1:
        y[-1, ...] = stop
    y = np.moveaxis(y, 0, axis) if axis else y
    if dtype is not None and np.issubdtype(dtype, np.integer):
        y = np.floor(y)
    y = y.astype(real if dtype is None else dtype)
    return (y, step) if retstep else y


def _logspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None,
              axis: int = 0) -> Any:  # fmt: skip
    if np.ndim(base):
        most = max(map(np.ndim, (start, stop, base)))
        start, stop, base = (
            np.reshape(part, (1,) * (most - np.ndim(part)) + np.shape(part)) for part in (start, stop, base)
        )
        base = np.expand_dims(base, axis=axis)
    y = np.power(base, np.linspace(start, stop, num=num, endpoint=endpoint, axis=axis))
    return y if dtype is None else y.astype(dtype)


def _geomspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    start, stop = _array(start), _array(stop)
    if _any(start == 0) or _any(stop == 0):
        raise ValueError
    real = np.result_type(start.dtype, stop.dtype, float(num), np.zeros((), dtype))
    start, stop = start.astype(real), stop.astype(real)
    sign = np.sign(start)
    start, stop = start / sign, stop / sign
    y = np.logspace(np.log10(start), np.log10(stop), num=num, endpoint=endpoint, base=10.0, dtype=real)
    if num > 0:
        y[0] = start
        if num > 1 and endpoint:
            y[-1] = stop
    y = y * sign
    y = np.moveaxis(y, 0, axis) if axis else y
    return y.astype(real if dtype is None else dtype)


# --- polynomials, tables


def _polyval(p: Any, x: Any) -> Any:
    """Horner's rule, from a y that is zero."""
    x = _array(x)
    y = np.zeros_like(x)
    for coefficient in _array(p):
        y = y * x + coefficient
    return y


def _polyadd(a1: Any, a2: Any) -> Any:
    return operator.add(*_same_length(a1, a2))


def _polysub(a1: Any, a2: Any) -> Any:
    return operator.sub(*_same_length(a1, a2))


def _same_length(a1: Any, a2: Any) -> list[Any]:
    both = [np.atleast_1d(_array(a)) for a in (a1, a2)]
    if both[0].shape == both[1].shape:
        return both
    length = max(map(len, both))
    return [a if len(a) == length else np.concatenate((np.zeros(length - len(a), a.dtype), a)) for a in both]


def _polymul(a1: Any, a2: Any) -> Any:
    return np.convolve(*(_without_leading_zeros(np.atleast_1d(_array(a))) for a in (a1, a2)))


def _without_leading_zeros(p: Any) -> Any:
    kept = np.trim_zeros(p, trim="f") if p.ndim == 1 else p
    return kept if len(kept) else np.zeros(1, p.dtype)


def _polyint(p: Any, m: Any = 1, k: Any = None) -> Any:
    p, m = _array(p), int(m)
    if m < 0:
        raise ValueError
    constants = np.zeros(m, float) if k is None else np.atleast_1d(_array(k))
    if len(constants) == 1 and m > 1:
        constants = constants[0] * np.ones(m, float)
    if len(constants) < m:
        raise ValueError
    for place in range(m):
        p = np.concatenate((p / np.arange(len(p), 0, -1), constants[place : place + 1]))
    return p


def _items(part: Any) -> list[Any]:
    """An array, or the items of a list or an array of objects."""
    opened = isinstance(part, (list, tuple)) or (isinstance(part, np.ndarray) and part.dtype == object)
    return list(np.ravel(np.asarray(part, object))) if opened else [part]


def _interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """Linear interpolation: the comparisons of the search, a slope, and a product, a difference and a sum.

    The slopes are computed once for each interval where there are at least as many points as
    intervals, else once for each point. After `arr_interp` in NumPy's C source.
    """
    if period is not None:
        raise NoRule("a period sorts the table, and how much that computes depends on the values")
    if any(hasattr(item, "tape") for part in (x, xp, fp) for item in _items(part)):
        raise NoRule(
            "NumPy takes a value of the table where a point stands in it, which tells nothing of the slope: write "
            "(fp[j + 1] - fp[j]) / (xp[j + 1] - xp[j]) * (x - xp[j]) + fp[j], with j = np.searchsorted(xp, x) - 1"
        )
    if is_complex(fp):
        raise NoRule("complex values have no exact count: interpolate the real and the imaginary part")
    x, xp, fp = _array(x), _array(xp), _array(fp)
    value = np.interp(unwrapped(x), unwrapped(xp), unwrapped(fp), left=unwrapped(left), right=unwrapped(right))
    points, table, values = (list(np.ravel(part)) for part in (x, xp, fp))
    last = len(table) - 1
    slopes = {}
    if 0 < last < len(points):
        slopes = {j: (values[j + 1] - values[j]) / (table[j + 1] - table[j]) for j in range(last)}
    j = 0
    for point in points:
        if not last:
            _ = point < table[0] or point > table[0]
            continue
        if np.isnan(point):
            continue
        j = _interval(point, table, j)
        if not 0 <= j < last or table[j] == point:
            continue
        slope = slopes[j] if slopes else (values[j + 1] - values[j]) / (table[j + 1] - table[j])
        if np.isnan(slope * (point - table[j]) + values[j]) and np.isnan(
            slope * (point - table[j + 1]) + values[j + 1]  # from the other end
        ):
            _ = values[j] == values[j + 1]
    return held(value, x, xp, fp, left, right)


def _interval(key: Any, table: list[Any], guess: int) -> int:
    """NumPy's binary search, which looks around the place of the point before first."""
    length = len(table)
    if key > table[-1]:
        return length
    if key < table[0]:
        return -1
    if length <= 4:
        place = 1
        while place < length and key >= table[place]:
            place += 1
        return place - 1
    guess = max(min(guess, length - 3), 1)
    low, high = 0, length
    if key < table[guess]:
        if not key < table[guess - 1]:
            return guess - 1
        high = guess - 1
        if guess > 8 and key >= table[guess - 8]:
            low = guess - 8
    else:
        for place in (guess, guess + 1):
            if key < table[place + 1]:
                return place
        low = guess + 2
        if guess < length - 9 and key < table[guess + 8]:
            high = guess + 8
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if key >= table[middle] else (low, middle)
    return low - 1


# --- functions of functions


def _piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **keywords: Any) -> Any:
    x = _array(x)
    if np.ndim(condlist) == 0 or (
        not isinstance(condlist[0], (list, np.ndarray)) and not np.ndim(condlist[0]) and x.ndim
    ):
        condlist = [condlist]
    conditions = [_truths(condition).astype(bool) for condition in condlist]
    if len(conditions) == len(funclist) - 1:
        conditions.append(~np.any(conditions, axis=0))
    elif len(conditions) != len(funclist):
        number = len(conditions)
        raise ValueError(f"with {number} condition(s), either {number} or {number + 1} functions are expected")
    y = np.zeros_like(x)
    for condition, function in zip(conditions, funclist, strict=True):
        if not callable(function):
            y[condition] = function
        elif (values := x[condition]).size > 0:
            y[condition] = function(values, *args, **keywords)
    return y


def _apply_along_axis(func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **keywords: Any) -> Any:
    arr = np.moveaxis(_array(arr), axis, -1)
    axis %= arr.ndim
    lead = arr.ndim - 1
    result = None
    for place in np.ndindex(with_numbers(arr.shape[:-1])):
        part = _array(func1d(arr[place], *args, **keywords))
        if result is None:
            result = np.zeros_like(part, shape=arr.shape[:-1] + part.shape)
        result[place] = part
    if result is None:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    return np.transpose(result, (*range(axis), *range(lead, result.ndim), *range(axis, lead)))


def _apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> Any:
    value = _array(a)
    dimensions = value.ndim
    for axis in np.atleast_1d(axes).tolist():
        axis = dimensions + axis if axis < 0 else axis
        result = func(value, axis)
        value = result if np.ndim(result) == value.ndim else np.expand_dims(result, axis)
        if value.ndim != dimensions:
            raise ValueError("function is not returning an array of the correct shape")
    return value


_OF_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "piecewise": _piecewise, "apply_along_axis": _apply_along_axis, "apply_over_axes": _apply_over_axes,
}  # fmt: skip
"""What a function that they are given executes counts at once, whatever comes after it."""

_WRITTEN_OUT: Final[dict[str, Callable[..., Any]]] = {
    "diff": _diff, "ediff1d": _ediff1d, "gradient": _gradient, "trapezoid": _trapezoid, "unwrap": _unwrap,
    "cross": _cross, "linalg.cross": _linalg_cross, "linalg.norm": _norm, "linalg.vector_norm": _linalg_vector_norm,
    "linalg.matrix_norm": _linalg_matrix_norm, "linalg.matrix_power": _matrix_power, "linalg.multi_dot": _multi_dot,
    "linalg.tensorsolve": _tensorsolve, "linalg.tensorinv": _tensorinv,
    "average": _average, "cov": _cov, "corrcoef": _corrcoef,
    "isclose": _isclose, "allclose": _allclose, "array_equal": _array_equal, "array_equiv": _array_equiv,
    "linspace": _linspace, "logspace": _logspace, "geomspace": _geomspace,
    "polyval": _polyval, "polyadd": _polyadd, "polysub": _polysub, "polymul": _polymul, "polyint": _polyint,
    "interp": _interp,
}  # fmt: skip

SEEING_RULES_BY_NAME: Final[dict[str, Rule]] = {
    "where": _truth_of("condition", 0), "einsum": _einsum, "nan_to_num": _nan_to_num, "angle": _angle,
    "isreal": lambda x: {"eq": _imaginary(x)}, "iscomplex": lambda x: {"ne": _imaginary(x)},
    "real_if_close": lambda a, tol=100: {"abs": _imaginary(a), "lt": _imaginary(a)},
    "compress": _truth_of("condition", 0), "extract": _truth_of("condition", 0),
    "place": _truth_of("mask", 1), "putmask": _truth_of("mask", 1), "clip": _clip, "correlate": _correlate,
    "linalg.solve": _solve, "arange": _arange,
}  # fmt: skip
"""Functions that are counted by a rule which sees what is wrapped: it takes the arguments of a call as they are."""

SEEING_RULES: Final[dict[Any, Rule]] = by_function(SEEING_RULES_BY_NAME)

COMPOSITIONS_BY_NAME: Final[dict[str, Callable[..., Any]]] = {
    **_OF_FUNCTIONS,
    **{name: _whole(name, composition) for name, composition in _WRITTEN_OUT.items()},
}
"""NumPy's functions by name, and the composition that stands for each."""

COMPOSITIONS: Final[dict[Any, Callable[..., Any]]] = by_function(COMPOSITIONS_BY_NAME)
