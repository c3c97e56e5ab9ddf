"""Products of matrices and vectors."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Set
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from opcount.counting import symbolic
from opcount.counting.callers import warn
from opcount.counting.errors import InvalidValue
from opcount.counting.symbolic import is_symbolic, larger, order, positive_part, smaller
from opcount.functions.applications import axes_of
from opcount.functions.numpys_own import as_array
from opcount.functions.of_nodes import refuse_keywords
from opcount.functions.op_counts import OpCounts, Rule, expanded, is_complex, is_truth, summed
from opcount.functions.rows import AS_EXECUTED, NUMPY, Executed, Function, Seeing
from opcount.wrapping import shapes
from opcount.wrapping.spec import Held, Spec
from opcount.wrapping.stand_ins import EXACT, SMALL, one_of, spec_of
from opcount.wrapping.trees import shape_of


def _sums(results: int, length: int) -> OpCounts:
    """The counts of `results` results, each a sum of `length` products."""
    return {"mul": results * length, "add": results * positive_part(length - 1)}


def _product(first: str, second: str) -> Rule:
    """A rule for a generalized ufunc with these core dimensions, which sums over `k`."""

    def rule(a: ArrayLike, b: ArrayLike, axes: Any = None, axis: Any = None, **_: object) -> OpCounts:
        positions = (axes or (axis, axis))[:2]
        sizes: dict[str, int] = {}
        batches = []
        for operand, core, index in zip((a, b), (first, second), positions, strict=True):
            shape = np.shape(operand)
            if index is not None:  # the core dimensions stand elsewhere: move them to the end
                index = index if isinstance(index, tuple) else (index,)
                shape = shapes.axes_moved_to_the_end(shape, index)
            core = core if len(shape) >= len(core) else "k"  # a vector in place of a matrix
            batch = len(shape) - len(core)
            batches.append(shape[:batch])
            sizes |= zip(core, shape[batch:], strict=True)
        length = sizes.pop("k")
        return _sums(math.prod(shapes.broadcast(*batches)) * math.prod(sizes.values()), length)

    return rule


PRODUCTS: Final[dict[np.ufunc, Rule]] = {
    getattr(np, name): _product(first, second)
    for name, first, second in (
        ("matmul", "mk", "kn"),
        ("vecdot", "k", "k"),
        ("matvec", "mk", "k"),
        ("vecmat", "k", "kn"),
    )
    if isinstance(getattr(np, name, None), np.ufunc)
}


def _vecdot(x1: ArrayLike, x2: ArrayLike, /, *, axis: int = -1) -> OpCounts:
    return PRODUCTS[np.vecdot](x1, x2, axis=axis)


def _dot(a: ArrayLike, b: ArrayLike, out: object = None) -> OpCounts:
    """A sum over the last axis of a and the second-to-last of b, for all the others of both."""
    first, second = np.shape(a), np.shape(b)
    if not first or not second:
        return _pairs(a, b)
    return _sums(math.prod(first[:-1]) * math.prod(second[:-2] + second[-1:] if len(second) > 1 else ()), first[-1])


def _inner(a: ArrayLike, b: ArrayLike, /) -> OpCounts:
    first, second = np.shape(a), np.shape(b)
    if not first or not second:
        return _pairs(a, b)
    return _sums(math.prod(first[:-1]) * math.prod(second[:-1]), first[-1])


def _vdot(a: ArrayLike, b: ArrayLike, /) -> OpCounts:
    return _sums(1, np.size(a))


def _pairs(a: ArrayLike, b: ArrayLike, *_: object, **__: object) -> OpCounts:
    return {"mul": np.size(a) * np.size(b)}


def _tensordot(a: ArrayLike, b: ArrayLike, axes: Any = 2, **_: object) -> OpCounts:
    first, second = np.shape(a), np.shape(b)
    if isinstance(axes, (int, np.integer)):
        axes = range(-axes, 0), range(axes)
    summed, rest = 1, 1
    for shape, positions in ((first, axes[0]), (second, axes[1])):
        taken = axes_of(tuple(positions) if np.iterable(positions) else positions, len(shape))
        summed = math.prod(shape[index] for index in taken)
        rest *= math.prod(size for index, size in enumerate(shape) if index not in taken)
    return _sums(rest, summed) if summed else {}


def meetings(a: ArrayLike, v: ArrayLike, mode: Any) -> OpCounts:
    """The counts of a convolution: a product for each pair of elements that meet, and a sum for each result."""
    first, second = np.size(a), np.size(v)
    kind = "vsf"[mode] if isinstance(mode, int) else mode[0]
    if kind == "f":
        return {"mul": first * second, "add": first * second - (first + second - 1)}
    short, long = smaller(first, second), larger(first, second)
    if kind == "s" and is_symbolic(short):
        raise InvalidValue(f"half of {short} is not a polynomial: use a number for the size")
    pairs, results = short * (long - short + 1), long - short + 1
    for beyond in {"v": (0, 0), "s": (short // 2, short - short // 2 - 1)}[kind] if kind == "s" else ():
        pairs += beyond * (short - 1) - beyond * (beyond - 1) // 2  # results where the short one sticks out
        results += beyond
    return {"mul": pairs, "add": pairs - results}


def of_truths_free(rule: Rule) -> Rule:
    """A rule by which products of truth values alone are free: they are truth values too, which is control flow."""
    return lambda a, b, *arguments, **keywords: (
        {} if is_truth(a) and is_truth(b) else rule(a, b, *arguments, **keywords)
    )


def _convolve(a: ArrayLike, v: ArrayLike, mode: object = "full") -> OpCounts:
    return {} if is_truth(a) and is_truth(v) else meetings(a, v, mode)


def _correlate(wrapped: Set[Any], a: ArrayLike, v: ArrayLike, mode: object = "valid") -> OpCounts:
    """A convolution with the conjugate."""
    if is_truth(a) and is_truth(v):
        return {}
    counts = meetings(a, v, mode)
    if not is_complex(a) and not is_complex(v):
        return counts
    return summed(expanded(counts), {"neg": np.size(v) if is_complex(v) and "v" in wrapped else 0})


# --- shapes


def _outer_shape(a: Held, b: Held, out: object = None) -> Any:
    return np.multiply.outer(spec_of(a).ravel(), spec_of(b).ravel())


def _linalg_outer_shape(x1: Held, x2: Held, /) -> Any:
    x1, x2 = spec_of(x1), spec_of(x2)
    np.linalg.outer(one_of(x1), one_of(x2))
    return _outer_shape(x1, x2)


def _kron_shape(a: Held, b: Held) -> Spec:
    a, b = spec_of(a), spec_of(b)
    length = max(a.ndim, b.ndim)
    first, second = ((1,) * (length - x.ndim) + x.shape for x in (a, b))
    return Spec(tuple(m * n for m, n in zip(first, second, strict=True)), np.multiply(a[...], b[...]).dtype
                 if a.ndim == b.ndim == 0 else np.result_type(a.dtype, b.dtype))  # fmt: skip


def _convolve_shape(a: object, v: object, mode: Any = "full") -> Spec:
    a, v = spec_of(a), spec_of(v)
    dtype = np.convolve(one_of(a), one_of(v), mode).dtype
    mode = mode if isinstance(mode, str) else ("valid", "same", "full")[mode]
    first, second = a.size, v.size
    if not first or not second:
        raise ValueError(f"{'a' if not first else 'v'} cannot be empty")
    short, long = (
        (symbolic.smaller(first, second), symbolic.larger(first, second)) if mode != "full" else (first, second)
    )
    return Spec(({"full": first + second - 1, "same": long, "valid": long - short + 1}[mode],), dtype)


def _correlate_shape(a: Held, v: Held, mode: object = "valid") -> Spec:
    return _convolve_shape(a, v, mode)


# --- products that are executed in others


def _cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: Any = None) -> Any:
    """Two products and a difference for each component, without the products of a third component that is missing."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(as_array(a), axisa, -1), np.moveaxis(as_array(b), axisb, -1)
    sizes = (a.shape[-1], b.shape[-1])
    if not set(sizes) <= ({2, 3} if NUMPY < (2, 5) else {3}):  # newer ones refuse two
        raise ValueError
    if 2 in sizes:
        warn(
            "Arrays of 2-dimensional vectors are deprecated. Use arrays of "
            "3-dimensional vectors instead. (deprecated in NumPy 2.0)",
            DeprecationWarning,
        )
    dtype = np.promote_types(a.dtype, b.dtype)
    a0, a1, *a2 = (a[..., index].astype(dtype) for index in range(sizes[0]))
    b0, b1, *b2 = (b[..., index].astype(dtype) for index in range(sizes[1]))
    last = a0 * b1 - a1 * b0
    if sizes == (2, 2):
        return as_array(last)
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


def _multi_dot(arrays: Iterable[Any], *, out: Any = None) -> Any:
    """The products in the cheapest order, by dynamic programming (Cormen et al., Introduction to Algorithms, 15.2)."""
    arrays = [as_array(a) for a in arrays]
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


# --- as they are differentiated, in NumPy's other functions


def _vdot_of_nodes(a: ArrayLike, b: ArrayLike, /) -> Any:
    return np.matmul(np.ravel(a), np.ravel(b))


def _outer_of_nodes(a: ArrayLike, b: ArrayLike, out: object = None) -> Any:
    refuse_keywords("outer", out=out)
    return np.ravel(as_array(a))[:, None] * np.ravel(as_array(b))[None, :]


def _kron_of_nodes(a: ArrayLike, b: ArrayLike) -> Any:
    """Each element of the one with each of the other, in blocks."""
    dimensions = max(len(shape_of(a)), len(shape_of(b)))
    of_a, of_b = ((1,) * (dimensions - len(shape_of(each))) + shape_of(each) for each in (a, b))
    first = np.reshape(as_array(a), [part for size in of_a for part in (size, 1)])
    second = np.reshape(as_array(b), [part for size in of_b for part in (1, size)])
    return np.reshape(first * second, [m * n for m, n in zip(of_a, of_b, strict=True)])


ROWS: Final = (
    Function("dot", of_truths_free(_dot), SMALL, "dot"),
    Function("vdot", of_truths_free(_vdot), SMALL, _vdot_of_nodes),
    Function("inner", of_truths_free(_inner), SMALL, "inner"),
    Function("outer", of_truths_free(_pairs), _outer_shape, _outer_of_nodes),
    Function("tensordot", of_truths_free(_tensordot), SMALL, "tensordot"),
    Function("kron", of_truths_free(_pairs), _kron_shape, _kron_of_nodes),
    Function("linalg.matmul", of_truths_free(PRODUCTS[np.matmul]), SMALL, "matmul"),
    Function("linalg.vecdot", of_truths_free(_vecdot), SMALL, "vecdot"),
    Function("linalg.outer", of_truths_free(_pairs), _linalg_outer_shape, _outer_of_nodes),
    Function("linalg.tensordot", of_truths_free(_tensordot), SMALL, "tensordot"),
    Function("convolve", _convolve, _convolve_shape, "convolve"),
    Function("correlate", Seeing(_correlate), _correlate_shape, "correlate"),
    Function("cross", Executed(_cross), EXACT, AS_EXECUTED),
    Function("linalg.cross", Executed(_linalg_cross), EXACT, AS_EXECUTED),
    Function("linalg.multi_dot", Executed(_multi_dot), EXACT, AS_EXECUTED),
)
