"""NumPy's functions that are made of other operations, written out as NumPy executes them.

Each takes what NumPy's function takes and gives the same value; its operations count as they
are executed, on whatever is wrapped among the arguments. What NumPy does to plain values on
the way (a step that is divided by, a mask that is counted) is not counted here either.
"""

from __future__ import annotations

import functools
import math
import operator
import warnings
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from opcount.numpy_rules import NoRule, by_function
from opcount.tally import record

_NO: Final = np._NoValue


def _array(x: Any) -> Any:
    """An array of at least no dimensions: as it is, or made of a list; 0-d of a number."""
    if isinstance(x, (list, tuple)):
        return np.stack([_array(item) for item in x]) if x else np.asarray(x)
    return np.asarray(x, like=x) if hasattr(type(x), "__array_function__") else np.asarray(x)


def _into(out: Any, result: Any) -> Any:
    if out is None:
        return result
    out[...] = result
    return out


def _truths(mask: Any) -> Any:
    """A mask as plain truth values, on which what NumPy does is control flow."""
    return np.asarray(mask)


def _along(axis: int, dimensions: int, part: Any) -> tuple[Any, ...]:
    """The index that takes `part` along one axis and everything along the others."""
    index = [slice(None)] * dimensions
    index[axis] = part
    return tuple(index)


def _keywords(**given: Any) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not _NO}


# --- differences and integrals


def _diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = _NO, append: Any = _NO) -> Any:
    if n == 0:
        return a
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n!r}")
    a = _array(a)
    if a.ndim == 0:
        raise ValueError("diff requires input that is at least one dimensional")
    axis = np.lib.array_utils.normalize_axis_index(axis, a.ndim)
    parts = []
    for part in (prepend, a, append):
        if part is _NO:
            continue
        part = _array(part)
        parts.append(np.broadcast_to(part, _replaced(a.shape, axis, 1)) if part.ndim == 0 else part)
    a = np.concatenate(parts, axis) if len(parts) > 1 else a
    difference = np.not_equal if a.dtype == np.bool_ else np.subtract
    for _ in range(n):
        a = difference(a[_along(axis, a.ndim, slice(1, None))], a[_along(axis, a.ndim, slice(None, -1))])
    return a


def _replaced(shape: tuple[int, ...], axis: int, size: int) -> tuple[int, ...]:
    return (*shape[:axis], size, *shape[axis + 1 :])


def _ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    ary = _array(ary).ravel()
    parts = [ary[1:] - ary[:-1]]
    for ends, place in ((to_begin, 0), (to_end, len(parts))):
        if ends is None:
            continue
        ends = _array(ends)
        if not np.can_cast(ends.dtype, ary.dtype, casting="same_kind"):
            name = "to_end" if place else "to_begin"
            raise TypeError(f"dtype of `{name}` must be compatible with input `ary` under the `same_kind` rule.")
        parts.insert(place if not place else len(parts), ends.ravel().astype(ary.dtype))
    return np.concatenate(parts) if len(parts) > 1 else parts[0]


def _gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Central differences inside, one-sided ones at both ends; of first or second order there."""
    f = _array(f)
    axes = tuple(range(f.ndim)) if axis is None else _normalized(axis, f.ndim)
    spacings = _spacings(f, axes, varargs)
    if edge_order > 2:
        raise ValueError("'edge_order' greater than 2 not supported")
    if f.dtype.kind in "iub":
        f = f.astype(np.float64)
    results = []
    for place, h in zip(axes, spacings, strict=True):
        if f.shape[place] < edge_order + 1:
            raise ValueError(
                "Shape of array too small to calculate a numerical gradient, "
                "at least (edge_order + 1) elements are required."
            )
        results.append(_gradient_along(f, place, h, edge_order))
    return results[0] if len(axes) == 1 else tuple(results)


def _gradient_along(f: Any, axis: int, h: Any, edge_order: int) -> Any:
    def at(part: Any) -> tuple[Any, ...]:
        return _along(axis, f.ndim, part)

    def combined(weights: Any, parts: Any) -> Any:
        a, b, c = weights
        first, second, third = (f[at(part)] for part in parts)
        return a * first + b * second + c * third

    out = np.empty(f.shape, f.dtype, like=f if _is_wrapped(f) else h)
    uniform = np.ndim(h) == 0
    ends = ((0, h if uniform else h[0]), (-1, h if uniform else h[-1]))
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
        for end, step in ends:
            first, second = (1, 0) if end == 0 else (-1, -2)
            out[at(end)] = (f[at(first)] - f[at(second)]) / step
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


def _spacings(f: Any, axes: tuple[int, ...], given: tuple[Any, ...]) -> list[Any]:
    if not given:
        return [1.0] * len(axes)
    if len(given) == 1 and np.ndim(given[0]) == 0:
        return list(given) * len(axes)
    if len(given) != len(axes):
        raise TypeError("invalid number of arguments")
    spacings = []
    for distances, axis in zip(given, axes, strict=True):
        if np.ndim(distances) == 0:
            spacings.append(distances)
            continue
        if np.ndim(distances) != 1:
            raise ValueError("distances must be either scalars or 1d")
        distances = _array(distances)
        if len(distances) != f.shape[axis]:
            raise ValueError("when 1d, distances must match the length of the corresponding dimension")
        if distances.dtype.kind in "iu":
            distances = distances.astype(np.float64)
        steps = np.diff(distances)
        spacings.append(steps[0] if _truths(steps == steps[0]).all() else steps)
    return spacings


def _normalized(axis: Any, dimensions: int) -> tuple[int, ...]:
    return tuple(np.lib.array_utils.normalize_axis_tuple(axis, dimensions))


def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y = _array(y)
    widths = dx
    if x is not None:
        x = _array(x)
        widths = np.diff(x) if x.ndim == 1 else np.diff(x, axis=axis)
        if x.ndim == 1:
            widths = widths.reshape(_replaced((1,) * y.ndim, axis % y.ndim, -1))
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


def _cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: Any = None) -> Any:
    """Two products and a difference for each component; where a vector has no third one, its products are left out."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(_array(a), axisa, -1), np.moveaxis(_array(b), axisb, -1)
    sizes = (a.shape[-1], b.shape[-1])
    if not set(sizes) <= {2, 3}:
        raise ValueError("incompatible dimensions for cross product\n(dimension must be 2 or 3)")
    if 2 in sizes:
        warnings.warn(
            "Arrays of 2-dimensional vectors are deprecated. Use arrays of "
            "3-dimensional vectors instead. (deprecated in NumPy 2.0)",
            DeprecationWarning,
            stacklevel=2,
        )
    dtype = np.promote_types(a.dtype, b.dtype)
    a0, a1, *a2 = (a[..., place].astype(dtype) for place in range(sizes[0]))
    b0, b1, *b2 = (b[..., place].astype(dtype) for place in range(sizes[1]))
    last = a0 * b1 - a1 * b0
    if sizes == (2, 2):
        return last
    if sizes == (2, 3):
        first, second = a1 * b2[0], -(a0 * b2[0])
    elif sizes == (3, 2):
        first, second = -(a2[0] * b1), a2[0] * b0
    else:
        first, second = a1 * b2[0] - a2[0] * b1, a2[0] * b0 - a0 * b2[0]
    return np.moveaxis(np.stack([first, second, last], axis=-1), -1, axisc)


def _linalg_cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    if np.shape(x1)[axis] != 3 or np.shape(x2)[axis] != 3:
        raise ValueError(
            "Both input arrays must be (arrays of) 3-dimensional vectors, "
            f"but they are {np.shape(x1)[axis]} and {np.shape(x2)[axis]} dimensional instead."
        )
    return np.cross(x1, x2, axis=axis)


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    x = _array(x)
    if x.dtype.kind not in "fc":
        x = x.astype(float)
    if axis is None and (ord is None or (ord in ("f", "fro") and x.ndim == 2) or (ord == 2 and x.ndim == 1)):
        flat = x.ravel(order="K")
        if x.dtype.kind == "c":
            result = np.sqrt(np.dot(flat.real, flat.real) + np.dot(flat.imag, flat.imag))
        else:
            result = np.sqrt(np.dot(flat, flat))
        return np.reshape(result, x.ndim * [1]) if keepdims else result
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (operator.index(axis),)
    if len(axes) == 1:
        return _vector_norm(x, ord, axes, keepdims)
    if len(axes) == 2:
        result = _matrix_norm(x, ord, *(range(x.ndim)[place] for place in axes))
        if keepdims:
            shape = [1 if place in {at % x.ndim for at in axes} else size for place, size in enumerate(x.shape)]
            result = np.reshape(result, shape)
        return result
    raise ValueError("Improper number of dimensions to norm.")


def _vector_norm(x: Any, ord: Any, axis: Any, keepdims: bool) -> Any:
    shape = {"axis": axis, "keepdims": keepdims}
    if ord is None or ord == 2:
        return np.sqrt(np.sum((np.conjugate(x) * x).real, **shape))
    if isinstance(ord, str):
        raise ValueError(f"Invalid norm order '{ord}' for vectors")
    if ord == math.inf:
        return np.max(abs(x), initial=0, **shape)
    if ord == -math.inf:
        return np.min(abs(x), **shape)
    if ord == 0:
        return np.sum((x != 0).astype(x.real.dtype), **shape)
    if ord == 1:
        return np.sum(abs(x), **shape)
    powers = np.sum(abs(x) ** ord, **shape)
    return powers ** np.reciprocal(ord, dtype=powers.dtype if hasattr(powers, "dtype") else None)


def _matrix_norm(x: Any, ord: Any, rows: int, columns: int) -> Any:
    if rows == columns:
        raise ValueError("Duplicate axes given.")
    if ord in (None, "fro", "f"):
        return np.sqrt(np.sum((np.conjugate(x) * x).real, axis=(rows, columns)))
    if ord in (1, -1, math.inf, -math.inf):
        summed, over = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = np.sum(abs(x), axis=summed)
        over -= over > summed
        return np.max(sums, axis=over, initial=0) if ord > 0 else np.min(sums, axis=over)
    if ord in (2, -2, "nuc"):
        values = np.linalg.svd(np.moveaxis(x, (rows, columns), (-2, -1)), compute_uv=False)
        reduce: dict[Any, Callable[..., Any]] = {2: np.max, -2: np.min, "nuc": np.sum}
        return reduce[ord](values, axis=-1)
    raise ValueError("Invalid norm order for matrices.")


def _linalg_vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    x = _array(x)
    places = tuple(range(x.ndim)) if axis is None else _normalized(axis, x.ndim)
    rest = [place for place in range(x.ndim) if place not in places]
    flat = np.transpose(x, (*places, *rest)).reshape((-1, *(x.shape[place] for place in rest)))
    result = np.linalg.norm(flat, axis=0, ord=ord)
    return np.reshape(result, [1 if i in places else size for i, size in enumerate(x.shape)]) if keepdims else result


def _linalg_matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    return np.linalg.norm(x, axis=(-2, -1), keepdims=keepdims, ord=ord)


def _matrix_power(a: Any, n: Any) -> Any:
    a = _array(a)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square")
    try:
        n = operator.index(n)
    except TypeError as error:
        raise TypeError("exponent must be an integer") from error
    if n == 0:
        result = np.empty_like(a)
        result[...] = np.eye(a.shape[-2], dtype=a.dtype)
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
    if len(arrays) < 2:
        raise ValueError("Expecting at least two arrays.")
    if len(arrays) == 2:
        return _into(out, np.dot(*arrays))
    first, last = arrays[0].ndim, arrays[-1].ndim
    if first == 1:
        arrays[0] = np.atleast_2d(arrays[0])
    if last == 1:
        arrays[-1] = np.atleast_2d(arrays[-1]).T
    for a in arrays:
        if a.ndim != 2:
            raise np.linalg.LinAlgError(f"{a.ndim}-dimensional array given. Array must be two-dimensional")
    sizes = [a.shape[0] for a in arrays] + [arrays[-1].shape[1]]

    @functools.cache
    def best(i: int, j: int) -> tuple[int, int]:
        if i == j:
            return 0, i
        splits = [(best(i, k)[0] + best(k + 1, j)[0] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)]
        return min(splits)

    def product(i: int, j: int) -> Any:
        return arrays[i] if i == j else np.dot(product(i, best(i, j)[1]), product(best(i, j)[1] + 1, j))

    result = product(0, len(arrays) - 1)
    if first == 1 and last == 1:
        return result[0, 0]
    return _into(out, result.ravel() if 1 in (first, last) else result)


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
    if a.size != size**2:
        raise np.linalg.LinAlgError(
            "Input arrays must satisfy the requirement prod(a.shape[b.ndim:]) == prod(a.shape[:b.ndim])"
        )
    return np.linalg.solve(a.reshape(size, size), b.ravel()).reshape(shape)


def _tensorinv(a: Any, ind: int = 2) -> Any:
    a = _array(a)
    if ind <= 0:
        raise ValueError("Invalid ind argument.")
    shape = a.shape
    return np.linalg.inv(a.reshape(math.prod(shape[ind:]), -1)).reshape(*shape[ind:], *shape[:ind])


# --- statistics


def _average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = _NO) -> Any:
    a = _array(a)
    kept = _keywords(keepdims=keepdims)
    if axis is not None:
        axis = _normalized(axis, a.ndim)
    if weights is None:
        average = np.mean(a, axis, **kept)
        scale: Any = np.asarray(np.result_type(average).type(a.size / np.size(average)))[()]
    else:
        weights = _fitting_weights(a, _array(weights), axis)
        dtype = np.result_type(a.dtype, weights.dtype, *(["f8"] if a.dtype.kind in "iub" else []))
        scale = np.sum(weights, axis=axis, dtype=dtype, **kept)
        if np.any(_truths(scale == 0.0)):
            raise ZeroDivisionError("Weights sum to zero, can't be normalized")
        average = np.sum(np.multiply(a, weights, dtype=dtype), axis, **kept) / scale
    if not returned:
        return average
    return average, np.broadcast_to(scale, np.shape(average)).copy() if np.shape(scale) != np.shape(average) else scale


def _fitting_weights(a: Any, weights: Any, axis: Any) -> Any:
    if a.shape == weights.shape:
        return weights
    if axis is None:
        raise TypeError("Axis must be specified when shapes of a and weights differ.")
    if weights.shape != tuple(a.shape[place] for place in axis):
        raise ValueError("Shape of weights must be consistent with shape of a along specified axis.")
    weights = np.transpose(weights, np.argsort(axis))
    return weights.reshape(tuple(size if place in axis else 1 for place, size in enumerate(a.shape)))


def _cov(m: Any, y: Any = None, rowvar: Any = True, bias: Any = False, ddof: Any = None, fweights: Any = None,
         aweights: Any = None, *, dtype: Any = None) -> Any:  # fmt: skip
    if ddof is not None and ddof != int(ddof):
        raise ValueError("ddof must be integer")
    m = _array(m)
    y = None if y is None else _array(y)
    for part, name in ((m, "m"), (y, "y")):
        if part is not None and part.ndim > 2:
            raise ValueError(f"{name} has more than 2 dimensions")
    if dtype is None:
        dtype = np.result_type(m.dtype, np.float64, *([] if y is None else [y.dtype]))
    X = np.atleast_2d(m).astype(dtype)
    if not rowvar and m.ndim != 1:
        X = X.T
    if X.shape[0] == 0:
        return np.array([]).reshape(0, 0)
    if y is not None:
        y = np.atleast_2d(y).astype(dtype)
        X = np.concatenate((X, y.T if not rowvar and y.shape[0] != 1 else y), axis=0)
    if ddof is None:
        ddof = 1 if bias == 0 else 0
    weights = _cov_weights(X, fweights, aweights)
    means, sums = np.average(X, axis=1, weights=weights, returned=True)
    total = sums[0]
    if weights is None:
        factor = X.shape[1] - ddof
    elif ddof == 0:
        factor = total
    elif aweights is None:
        factor = total - ddof
    else:
        factor = total - ddof * np.sum(weights * _array(aweights)) / total
    if factor <= 0:
        warnings.warn("Degrees of freedom <= 0 for slice", RuntimeWarning, stacklevel=2)
        factor = 0.0
    X = X - means[:, None]
    transposed = X.T if weights is None else (X * weights).T
    return np.squeeze(np.dot(X, np.conjugate(transposed)) * np.true_divide(1, factor))


def _cov_weights(X: Any, fweights: Any, aweights: Any) -> Any:
    product = None
    for weights, name in ((fweights, "fweights"), (aweights, "aweights")):
        if weights is None:
            continue
        weights = _array(weights).astype(float)
        if name == "fweights" and not _truths(weights == np.round(weights)).all():
            raise TypeError("fweights must be integer")
        if weights.ndim > 1:
            raise RuntimeError(f"cannot handle multidimensional {name}")
        if weights.shape[0] != X.shape[1]:
            raise RuntimeError(f"incompatible numbers of samples and {name}")
        if _truths(weights < 0).any():
            raise ValueError(f"{name} cannot be negative")
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


# --- what is not a number


def _without_nan(a: Any, filling: Any) -> tuple[Any, Any]:
    """The array with nan replaced, and where it was; None for a type that has no nan."""
    a = _array(a)
    if a.dtype.kind not in "fc":
        return a, None
    mask = _truths(np.isnan(a))
    a = a.copy()
    np.copyto(a, filling, where=mask)
    return a, mask


def _nan_reduction(reduce: Callable[..., Any], filling: Any) -> Callable[..., Any]:
    def composition(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = _NO,
                    initial: Any = _NO, where: Any = _NO) -> Any:  # fmt: skip
        a, _ = _without_nan(a, filling)
        return reduce(a, axis=axis, dtype=dtype, out=out, **_keywords(keepdims=keepdims, initial=initial, where=where))

    return composition


def _nan_running(run: Callable[..., Any], filling: Any) -> Callable[..., Any]:
    def composition(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        return run(_without_nan(a, filling)[0], axis=axis, dtype=dtype, out=out)

    return composition


def _nan_extreme(ufunc: np.ufunc) -> Callable[..., Any]:
    def composition(a: Any, axis: Any = None, out: Any = None, keepdims: Any = _NO, initial: Any = _NO,
                    where: Any = _NO) -> Any:  # fmt: skip
        given = _keywords(keepdims=keepdims, initial=initial, where=where)
        result = ufunc.reduce(_array(a), axis=axis, out=out, **given)
        if _truths(np.isnan(result)).any():
            warnings.warn("All-NaN slice encountered", RuntimeWarning, stacklevel=3)
        return result

    return composition


def _nan_position(find: Callable[..., Any], filling: float) -> Callable[..., Any]:
    def composition(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = _NO) -> Any:
        a, mask = _without_nan(a, filling)
        if mask is not None and mask.size and np.any(np.all(mask, axis=axis)):
            raise ValueError("All-NaN slice encountered")
        return find(a, axis=axis, out=out, **_keywords(keepdims=keepdims))

    return composition


def _nanmean(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = _NO, *,
             where: Any = _NO) -> Any:  # fmt: skip
    given = _keywords(keepdims=keepdims, where=where)
    a, mask = _without_nan(a, 0)
    if mask is None:
        return np.mean(a, axis=axis, dtype=dtype, out=out, **given)
    if dtype is not None and not issubclass(np.dtype(dtype).type, np.inexact):
        raise TypeError("If a is inexact, then dtype must be inexact")
    if out is not None and not issubclass(out.dtype.type, np.inexact):
        raise TypeError("If a is inexact, then out must be inexact")
    number = np.sum(~mask, axis=axis, dtype=np.intp, **_plain_where(given))
    mean = _quotient(np.sum(a, axis=axis, dtype=dtype, **given), number)
    if np.any(number == 0):
        warnings.warn("Mean of empty slice", RuntimeWarning, stacklevel=2)
    return _into(out, mean)


def _plain_where(given: dict[str, Any]) -> dict[str, Any]:
    return given | ({"where": _truths(given["where"])} if "where" in given else {})


def _quotient(a: Any, b: Any) -> Any:
    """a / b in the type of a, without a warning where b is zero."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return (a / b).astype(a.dtype) if np.ndim(a) else np.divide(a, np.asarray(b).astype(np.result_type(a)))


def _nanvar(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = _NO, *,
            where: Any = _NO, mean: Any = _NO, correction: Any = _NO) -> Any:  # fmt: skip
    given = _keywords(keepdims=keepdims, where=where)
    a, mask = _without_nan(a, 0)
    if mask is None:
        options = _keywords(mean=mean, correction=correction)
        return np.var(a, axis=axis, dtype=dtype, out=out, ddof=ddof, **given, **options)
    if dtype is not None and not issubclass(np.dtype(dtype).type, np.inexact):
        raise TypeError("If a is inexact, then dtype must be inexact")
    if out is not None and not issubclass(out.dtype.type, np.inexact):
        raise TypeError("If a is inexact, then out must be inexact")
    if correction is not _NO:
        if ddof != 0:
            raise ValueError("ddof and correction can't be provided simultaneously.")
        ddof = correction
    masked = _keywords(where=where)
    number = np.sum(~mask, axis=axis, dtype=np.intp, keepdims=True, **_plain_where(masked))
    if mean is _NO:
        mean = _quotient(_array(np.sum(a, axis=axis, dtype=dtype, keepdims=True, **masked)), number)
    np.subtract(a, mean, out=a, casting="unsafe", **masked)
    np.copyto(a, 0, where=mask)
    if a.dtype.kind == "c":
        raise NoRule("a complex variance has no exact count")
    squares = np.multiply(a, a, out=a, **masked)
    variance = np.sum(squares, axis=axis, dtype=dtype, **given)
    freedom = (number if np.ndim(variance) == number.ndim else number.squeeze(axis)) - ddof
    variance = _quotient(variance, freedom)
    if np.any(freedom <= 0):
        warnings.warn("Degrees of freedom <= 0 for slice.", RuntimeWarning, stacklevel=2)
        variance = np.where(freedom <= 0, np.nan, variance)[()]
    return _into(out, variance)


def _nanstd(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = _NO, *,
            where: Any = _NO, mean: Any = _NO, correction: Any = _NO) -> Any:  # fmt: skip
    variance = _nanvar(a, axis, dtype, None, ddof, keepdims, where=where, mean=mean, correction=correction)
    return _into(out, np.sqrt(variance))


def _nan_to_num(x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    array = _array(x)
    result = array.copy() if copy else array
    if array.dtype.kind not in "fc":
        return result[()]
    limits = np.finfo(array.real.dtype)
    for part in (result.real, result.imag) if array.dtype.kind == "c" else (result,):
        masks = [_truths(test(part)) for test in (np.isnan, np.isposinf, np.isneginf)]
        values = (nan, limits.max if posinf is None else posinf, limits.min if neginf is None else neginf)
        for mask, value in zip(masks, values, strict=True):
            np.copyto(part, value, where=mask)
    return result[()] if array.ndim == 0 else result


def _isclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Any:
    x, y, atol, rtol = (v if isinstance(v, (int, float, complex)) else _array(v) for v in (a, b, atol, rtol))
    if isinstance(y, int):
        y = float(y)
    elif not isinstance(y, (float, complex)):
        y = y.astype(np.result_type(y.dtype, 1.0))
    with np.errstate(invalid="ignore"):
        near = np.less_equal(abs(x - y), atol + rtol * abs(y))
        result = _truths(near) & _truths(np.isfinite(y)) | _truths(x == y)
        if equal_nan:
            result |= _truths(np.isnan(x)) & _truths(np.isnan(y))
    return _as_truths(result[()], a, b)


def _as_truths(result: Any, *operands: Any) -> Any:
    """Truth values, wrapped where an operand is; a single one stays plain."""
    like = next((x for x in operands if hasattr(type(x), "__array_function__") and type(x) is not np.ndarray), None)
    return result if like is None or np.ndim(result) == 0 else np.asarray(result, like=like)


def _allclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> bool:
    return bool(np.all(np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)))


def _array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    a1, a2 = _array(a1), _array(a2)
    if a1.shape != a2.shape:
        return False
    if not equal_nan or (a1.dtype.kind not in "fc" and a2.dtype.kind not in "fc"):
        return bool(_truths(a1 == a2).all())
    missing1, missing2 = _truths(np.isnan(a1)), _truths(np.isnan(a2))
    return bool((missing1 == missing2).all()) and bool(_truths(a1[~missing1] == a2[~missing1]).all())


def _array_equiv(a1: Any, a2: Any) -> bool:
    try:
        np.broadcast_shapes(np.shape(a1), np.shape(a2))
    except ValueError:
        return False
    return bool(_truths(_array(a1) == _array(a2)).all())


def _isreal(x: Any) -> Any:
    return np.imag(x) == 0


def _iscomplex(x: Any) -> Any:
    return np.imag(x) != 0 if np.iscomplexobj(x) else np.asarray(np.zeros(np.shape(x), bool), like=x)


def _real_if_close(a: Any, tol: Any = 100) -> Any:
    a = _array(a)
    if a.dtype.kind != "c":
        return a
    limit = np.finfo(a.dtype).eps * tol if tol > 1 else tol
    return a.real if _truths(np.absolute(a.imag) < limit).all() else a


def _angle(z: Any, deg: bool = False) -> Any:
    z = _array(z)
    angle = np.arctan2(z.imag, z.real) if z.dtype.kind == "c" else np.arctan2(0, z)
    return angle * (180 / math.pi) if deg else angle


def _sinc(x: Any) -> Any:
    x = _array(x)
    x = math.pi * x
    y = np.where(x, x, np.finfo(np.result_type(x)).eps if np.result_type(x).kind == "f" else 1e-20)
    return np.sin(y) / y


# --- ranges between wrapped ends


def _linspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None,
              axis: int = 0, *, device: Any = None) -> Any:  # fmt: skip
    num = operator.index(num)
    if num < 0:
        raise ValueError(f"Number of samples, {num}, must be non-negative.")
    pieces = num - 1 if endpoint else num
    real = np.result_type(start, stop, np.float16 if np.result_type(start, stop).kind in "fc" else np.float64)
    start, stop = _array(start), _array(stop)
    span = np.subtract(stop, start, dtype=real)
    y = np.arange(0, num, dtype=real).reshape((-1,) + (1,) * np.ndim(span))
    step: Any = math.nan
    if pieces > 0:
        step = span / pieces
        y = y / pieces * span if np.any(_truths(step == 0)) else y * step
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
    if not isinstance(base, (float, int)) and np.ndim(base):
        most = max(np.ndim(start), np.ndim(stop), np.ndim(base))
        start, stop, base = (
            np.reshape(part, (1,) * (most - np.ndim(part)) + np.shape(part)) for part in (start, stop, base)
        )
        base = np.expand_dims(base, axis=axis)
    y = np.power(base, np.linspace(start, stop, num=num, endpoint=endpoint, axis=axis))
    return y if dtype is None else y.astype(dtype)


def _geomspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    start, stop = _array(start), _array(stop)
    if np.any(_truths(start == 0)) or np.any(_truths(stop == 0)):
        raise ValueError("Geometric sequence cannot include zero")
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
    p, x = _array(p), _array(x)
    y = np.zeros_like(x)[()] if x.ndim == 0 else np.zeros_like(x)
    for coefficient in p:
        y = y * x[()] + coefficient if x.ndim == 0 else y * x + coefficient
    return y


def _polyadd(a1: Any, a2: Any) -> Any:
    return operator.add(*_same_length(a1, a2))


def _polysub(a1: Any, a2: Any) -> Any:
    return operator.sub(*_same_length(a1, a2))


def _same_length(a1: Any, a2: Any) -> tuple[Any, Any]:
    a1, a2 = np.atleast_1d(_array(a1)), np.atleast_1d(_array(a2))
    length = max(len(a1), len(a2))
    first, second = (
        a if len(a) == length else np.concatenate((np.zeros(length - len(a), a.dtype), a)) for a in (a1, a2)
    )
    return first, second


def _polymul(a1: Any, a2: Any) -> Any:
    return np.convolve(*(_without_leading_zeros(np.atleast_1d(_array(a))) for a in (a1, a2)))


def _without_leading_zeros(p: Any) -> Any:
    return np.trim_zeros(p, trim="f") if np.size(p) and np.ndim(p) == 1 else p


def _polyder(p: Any, m: Any = 1) -> Any:
    p, m = _array(p), int(m)
    if m < 0:
        raise ValueError("Order of derivative must be positive (see polyint)")
    for _ in range(m):
        p = p[:-1] * np.arange(len(p) - 1, 0, -1)
    return p


def _polyint(p: Any, m: Any = 1, k: Any = None) -> Any:
    p, m = _array(p), int(m)
    if m < 0:
        raise ValueError("Order of integral must be positive (see polyder)")
    constants = np.zeros(m, float) if k is None else np.atleast_1d(_array(k))
    if len(constants) == 1 and m > 1:
        constants = constants[0] * np.ones(m, float)
    if len(constants) < m:
        raise ValueError("k must be a scalar or a rank-1 array of length 1 or >m.")
    for place in range(m):
        p = np.concatenate((p / np.arange(len(p), 0, -1), constants[place : place + 1]))
    return p


def _interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """Linear interpolation, with NumPy's search of the interval: its comparisons, then a product, a sub and an add.

    The slopes are computed once for each interval where there are at least as many points as
    intervals, else once for each point. After `np.interp` in NumPy's C source, 2.0 to 2.4.
    """
    if period is not None:
        raise NoRule("a period sorts the table, and how much that computes depends on the values")
    x, xp, fp = _array(x), _array(xp), _array(fp)
    plain = [_values(part) for part in (x, xp, fp)]
    value = np.interp(plain[0], plain[1], plain[2], left=_values(left), right=_values(right))
    at_wrapped, table_wrapped, values_wrapped = (_is_wrapped(part) for part in (x, xp, fp))
    points, table = np.ravel(plain[0]).tolist(), plain[1].tolist()
    compared = equal = inside = 0
    place = 0
    for point in points:
        if point != point:
            continue
        place, steps = _search(point, table, place)
        compared += steps
        if 0 <= place < len(table) - 1:
            equal += 1
            inside += table[place] != point
    slopes = len(table) - 1 if len(table) <= len(points) else inside
    any_wrapped = at_wrapped or table_wrapped
    record({
        "isnan": len(points) * at_wrapped + inside * (any_wrapped or values_wrapped),
        "lt": compared * any_wrapped,
        "eq": equal * any_wrapped,
        "sub": slopes * (table_wrapped + values_wrapped) + inside * any_wrapped,
        "div": slopes * (table_wrapped or values_wrapped),
        "mul": inside,
        "add": inside,
    })  # fmt: skip
    like = next(part for part in (x, xp, fp, left, right) if _is_wrapped(part))
    return np.asarray(value, like=like)[()] if np.ndim(value) == 0 else np.asarray(value, like=like)


def _search(key: float, table: list[float], guess: int) -> tuple[int, int]:
    """NumPy's binary search with a guess: the interval of the key, and the comparisons that finding it takes."""
    length = len(table)
    if key > table[-1]:
        return length, 1
    if key < table[0]:
        return -1, 2
    steps = 2
    if length <= 4:
        place = 1
        while place < length:
            steps += 1
            if key < table[place]:
                break
            place += 1
        return place - 1, steps
    guess = max(min(guess, length - 3), 1)
    low, high = 0, length
    steps += 2
    if key < table[guess]:
        if key >= table[guess - 1]:
            return guess - 1, steps
        high = guess - 1
        if guess > 8:
            steps += 1
            low = guess - 8 if key >= table[guess - 8] else low
    else:
        if key < table[guess + 1]:
            return guess, steps
        steps += 1
        if key < table[guess + 2]:
            return guess + 1, steps
        low = guess + 2
        if guess < length - 9:
            steps += 1
            high = guess + 8 if key < table[guess + 8] else high
    while low < high:
        steps += 1
        middle = (low + high) // 2
        if key >= table[middle]:
            low = middle + 1
        else:
            high = middle
    return low - 1, steps


def _is_wrapped(x: Any) -> bool:
    return hasattr(x, "_plain")


def _values(x: Any) -> Any:
    return x._plain() if _is_wrapped(x) else x


# --- functions of functions


def _piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **keywords: Any) -> Any:
    x = _array(x)
    if np.ndim(condlist) == 0 or (
        not isinstance(condlist[0], (list, np.ndarray)) and not np.ndim(condlist[0]) and x.ndim
    ):
        condlist = [condlist]
    conditions = [_truths(condition) for condition in condlist]
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
    places = list(np.ndindex(arr.shape[:-1]))
    if not places:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    results = [_array(func1d(arr[place], *args, **keywords)) for place in places]
    shape = results[0].shape
    result = np.stack(results).reshape(arr.shape[:-1] + shape)
    axis %= arr.ndim
    lead = arr.ndim - 1
    return np.transpose(result, (*range(axis), *range(lead, lead + len(shape)), *range(axis, lead)))[()]


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


def _pad(array: Any, pad_width: Any, mode: Any = "constant", **keywords: Any) -> Any:
    if (
        mode not in ("constant", "edge", "empty", "reflect", "symmetric", "wrap")
        or keywords.get("reflect_type") == "odd"
    ):
        raise NoRule(f"padding by {mode!r} computes values; write it with operations that have a count")
    values = {key: _values(value) for key, value in keywords.items()}
    return np.asarray(np.pad(_values(_array(array)), pad_width, mode, **values), like=array)


def _poly(seq_of_zeros: Any) -> Any:
    zeros = np.atleast_1d(_array(seq_of_zeros))
    if zeros.ndim != 1 or zeros.dtype.kind == "c":
        raise NoRule("of a matrix, or of complex numbers, it has eigenvalues or a sort to compute")
    if not len(zeros):
        return 1.0
    zeros = zeros if zeros.dtype.kind == "f" else zeros.astype(float)
    a = np.ones((1,), zeros.dtype)
    for zero in zeros:
        a = np.convolve(a, np.stack([np.asarray(1.0, zeros.dtype, like=zeros), _array(-zero)]), mode="full")
    return a


COMPOSITIONS_BY_NAME: Final[dict[str, Callable[..., Any]]] = {
    "diff": _diff, "ediff1d": _ediff1d, "gradient": _gradient, "trapezoid": _trapezoid, "unwrap": _unwrap,
    "cross": _cross, "linalg.cross": _linalg_cross, "linalg.norm": _norm, "linalg.vector_norm": _linalg_vector_norm,
    "linalg.matrix_norm": _linalg_matrix_norm, "linalg.matrix_power": _matrix_power, "linalg.multi_dot": _multi_dot,
    "linalg.tensorsolve": _tensorsolve, "linalg.tensorinv": _tensorinv,
    "average": _average, "cov": _cov, "corrcoef": _corrcoef,
    "nansum": _nan_reduction(np.sum, 0), "nanprod": _nan_reduction(np.prod, 1),
    "nancumsum": _nan_running(np.cumsum, 0), "nancumprod": _nan_running(np.cumprod, 1),
    "nanmax": _nan_extreme(np.fmax), "nanmin": _nan_extreme(np.fmin),
    "nanargmax": _nan_position(np.argmax, -math.inf), "nanargmin": _nan_position(np.argmin, math.inf),
    "nanmean": _nanmean, "nanvar": _nanvar, "nanstd": _nanstd, "nan_to_num": _nan_to_num,
    "isclose": _isclose, "allclose": _allclose, "array_equal": _array_equal, "array_equiv": _array_equiv,
    "isreal": _isreal, "iscomplex": _iscomplex, "real_if_close": _real_if_close, "angle": _angle, "sinc": _sinc,
    "linspace": _linspace, "logspace": _logspace, "geomspace": _geomspace,
    "polyval": _polyval, "polyadd": _polyadd, "polysub": _polysub, "polymul": _polymul, "polyder": _polyder,
    "polyint": _polyint, "poly": _poly, "interp": _interp, "pad": _pad,
    "piecewise": _piecewise, "apply_along_axis": _apply_along_axis, "apply_over_axes": _apply_over_axes,
}  # fmt: skip
COMPOSITIONS: Final[dict[Any, Callable[..., Any]]] = by_function(COMPOSITIONS_BY_NAME)
"""NumPy's functions, and the composition that stands for each."""
