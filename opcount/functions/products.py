"""Products of matrices and vectors."""

from __future__ import annotations

import math
from collections.abc import Set
from typing import Any, Final

import numpy as np

from opcount.counting import symbolic
from opcount.counting.errors import InvalidValue
from opcount.counting.symbolic import is_symbolic, larger, positive_part, smaller
from opcount.functions.applications import axes_of
from opcount.functions.op_counts import OpCounts, Rule, expanded, is_complex, is_truth, summed
from opcount.functions.rows import Function, Seeing
from opcount.wrapping import shapes
from opcount.wrapping.spec import Spec
from opcount.wrapping.stand_ins import SMALL, one_of, spec_of


def _sums(results: int, length: int) -> OpCounts:
    """So many results, each a sum of so many products."""
    return {"mul": results * length, "add": results * positive_part(length - 1)}


def _product(first: str, second: str) -> Rule:
    """A generalized ufunc with these core dimensions, of which `k` is summed over."""

    def rule(a: Any, b: Any, axes: Any = None, axis: Any = None, **_: Any) -> OpCounts:
        places = (axes or (axis, axis))[:2]
        sizes: dict[str, int] = {}
        batches = []
        for operand, core, place in zip((a, b), (first, second), places, strict=True):
            shape = np.shape(operand)
            if place is not None:  # the core dimensions stand elsewhere: move them to the end
                place = place if isinstance(place, tuple) else (place,)
                shape = shapes.axes_moved_to_the_end(shape, place)
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


def _vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> OpCounts:
    return PRODUCTS[np.vecdot](x1, x2, axis=axis)


def _dot(a: Any, b: Any, out: Any = None) -> OpCounts:
    """A sum over the last axis of a and the second-to-last of b, for all the others of both."""
    first, second = np.shape(a), np.shape(b)
    if not first or not second:
        return _outer_product(a, b)
    return _sums(math.prod(first[:-1]) * math.prod(second[:-2] + second[-1:] if len(second) > 1 else ()), first[-1])


def _inner(a: Any, b: Any, /) -> OpCounts:
    first, second = np.shape(a), np.shape(b)
    if not first or not second:
        return _outer_product(a, b)
    return _sums(math.prod(first[:-1]) * math.prod(second[:-1]), first[-1])


def _vdot(a: Any, b: Any, /) -> OpCounts:
    return _sums(1, np.size(a))


def _outer_product(a: Any, b: Any, *_: Any, **__: Any) -> OpCounts:
    return {"mul": np.size(a) * np.size(b)}


def _tensordot(a: Any, b: Any, axes: Any = 2, **_: Any) -> OpCounts:
    first, second = np.shape(a), np.shape(b)
    if isinstance(axes, (int, np.integer)):
        axes = range(-axes, 0), range(axes)
    summed, rest = 1, 1
    for shape, places in ((first, axes[0]), (second, axes[1])):
        taken = axes_of(tuple(places) if np.iterable(places) else places, len(shape))
        summed = math.prod(shape[place] for place in taken)
        rest *= math.prod(size for place, size in enumerate(shape) if place not in taken)
    return _sums(rest, summed) if summed else {}


def meetings(a: Any, v: Any, mode: Any) -> OpCounts:
    """Of a convolution: a product for each pair of elements that meet, a sum for each result over the pairs in it."""
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
    """Of truth values alone these products are truth values too: control flow, which is free."""
    return lambda a, b, *arguments, **keywords: (
        {} if is_truth(a) and is_truth(b) else rule(a, b, *arguments, **keywords)
    )


def _convolve(a: Any, v: Any, mode: Any = "full") -> OpCounts:
    return {} if is_truth(a) and is_truth(v) else meetings(a, v, mode)


def _correlate(wrapped: Set[Any], a: Any, v: Any, mode: Any = "valid") -> OpCounts:
    """A convolution with the conjugate."""
    if is_truth(a) and is_truth(v):
        return {}
    counts = meetings(a, v, mode)
    if not is_complex(a) and not is_complex(v):
        return counts
    return summed(expanded(counts), {"neg": np.size(v) if is_complex(v) and "v" in wrapped else 0})


# --- shapes


def _outer_shape(a: Any, b: Any, out: Any = None) -> Any:
    return np.multiply.outer(spec_of(a).ravel(), spec_of(b).ravel())


def _linalg_outer_shape(x1: Any, x2: Any, /) -> Any:
    x1, x2 = spec_of(x1), spec_of(x2)
    np.linalg.outer(one_of(x1), one_of(x2))
    return _outer_shape(x1, x2)


def _kron_shape(a: Any, b: Any) -> Spec:
    a, b = spec_of(a), spec_of(b)
    length = max(a.ndim, b.ndim)
    first, second = ((1,) * (length - x.ndim) + x.shape for x in (a, b))
    return Spec(tuple(m * n for m, n in zip(first, second, strict=True)), np.multiply(a[...], b[...]).dtype
                 if a.ndim == b.ndim == 0 else np.result_type(a.dtype, b.dtype))  # fmt: skip


def _convolve_shape(a: Any, v: Any, mode: Any = "full") -> Spec:
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


def _correlate_shape(a: Any, v: Any, mode: Any = "valid") -> Spec:
    return _convolve_shape(a, v, mode)


ROWS: Final = (
    Function("dot", of_truths_free(_dot), SMALL, "dot"),
    Function("vdot", of_truths_free(_vdot), SMALL, "vdot"),
    Function("inner", of_truths_free(_inner), SMALL, "inner"),
    Function("outer", of_truths_free(_outer_product), _outer_shape, "outer"),
    Function("tensordot", of_truths_free(_tensordot), SMALL, "tensordot"),
    Function("kron", of_truths_free(_outer_product), _kron_shape, "kron"),
    Function("linalg.matmul", of_truths_free(PRODUCTS[np.matmul]), SMALL, "matmul"),
    Function("linalg.vecdot", of_truths_free(_vecdot), SMALL, "vecdot"),
    Function("linalg.outer", of_truths_free(_outer_product), _linalg_outer_shape, "outer"),
    Function("linalg.tensordot", of_truths_free(_tensordot), SMALL, "tensordot"),
    Function("convolve", _convolve, _convolve_shape),
    Function("correlate", Seeing(_correlate), _correlate_shape),
)
