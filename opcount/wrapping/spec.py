"""Arrays without values: what `oc.spec` makes, and how NumPy's functions go on from a shape and a dtype.

Most results have the sizes of their arguments, along other axes: NumPy is asked, on small arrays in which
each size is replaced by a small number of its own (`SmallStandIns`), and the sizes of its result are read back.
That gives the dtype too, and NumPy's errors. A function that makes new sizes has a row in `SHAPES`. What
stands in neither is executed on arrays of the same shape without memory behind them, for numbers as sizes.
"""

from __future__ import annotations

import itertools
import operator
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from typing import Any, Final, Self

import numpy
from numpy.lib.mixins import NDArrayOperatorsMixin

from opcount.counting import symbolic
from opcount.counting.errors import InvalidType, InvalidValue, OpcountError, Uncounted
from opcount.wrapping import shapes
from opcount.wrapping.shapes import Shape
from opcount.wrapping.trees import NUMERIC

np: Any = numpy  # whose stubs know no array but its own

_ADVICE: Final = "a spec has no values, so control flow by value cannot be counted from shapes alone"


def no_values(door: str) -> Uncounted:
    """The error for whatever needs to know a value."""
    return Uncounted(f"{door} needs values: {_ADVICE}; count with real data, oc.wrap(array), instead of oc.spec")


class Spec(NDArrayOperatorsMixin):
    """What a spec holds in place of an ndarray: a shape and a dtype."""

    __slots__ = ("_dtype", "_shape")
    _shape: Shape
    _dtype: numpy.dtype[Any]

    def __init__(self, shape: Shape, dtype: Any) -> None:
        self._shape = tuple(map(symbolic.normal, shape))
        self._dtype = np.dtype(dtype)
        if self._dtype.kind not in NUMERIC:
            raise InvalidType(f"a spec is of numbers or truth values, not of {self._dtype}")

    @property
    def dtype(self) -> numpy.dtype[Any]:
        return self._dtype

    @property
    def shape(self) -> Shape:
        return self._shape

    @shape.setter
    def shape(self, shape: Any) -> None:
        self._shape = shapes.after_reshape(self._shape, shape)

    @property
    def ndim(self) -> int:
        return len(self._shape)

    @property
    def size(self) -> Any:
        return symbolic.product(self._shape)

    @property
    def itemsize(self) -> int:
        return self._dtype.itemsize

    @property
    def nbytes(self) -> Any:
        return symbolic.normal(self.size * self.itemsize)

    @property
    def T(self) -> Spec:
        return Spec(self._shape[::-1], self._dtype)

    @property
    def mT(self) -> Any:
        return np.matrix_transpose(self)

    @property
    def real(self) -> Any:
        return np.real(self)

    @real.setter
    def real(self, value: Any) -> None:
        self[...] = value

    @property
    def imag(self) -> Any:
        return np.imag(self)

    @imag.setter
    def imag(self, value: Any) -> None:
        self[...] = value

    @property
    def base(self) -> None:
        return None

    # NumPy's functions

    def __array_ufunc__(self, ufunc: numpy.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        if method == "at":
            if type(inputs[0]) is not Spec:
                raise no_values(f"{ufunc.__name__}.at into an array of data")
            inputs[0][inputs[1]] = inputs[2] if len(inputs) > 2 else False
            return None
        operands = [np.asarray(operand) if isinstance(operand, (list, tuple)) else operand for operand in inputs]
        if method == "reduceat":
            operands[1] = inputs[1]
            return inferred(getattr(ufunc, method), operands, keywords, _exactly)
        return inferred(getattr(ufunc, method), operands, keywords, _by_labels)

    def __array_function__(self, function: Any, types: Any, args: Any, keywords: Any) -> Any:
        return call(function, args, keywords)

    def __array__(self, *_: Any, **__: Any) -> numpy.ndarray:
        raise no_values("np.asarray()")

    # elements and views

    def __len__(self) -> int:
        if not self._shape:
            raise TypeError("len() of unsized object")
        if symbolic.is_symbolic(self._shape[0]):
            raise InvalidValue(f"the length {self._shape[0]} is no number: use x.shape[0], or numbers for the sizes")
        return int(self._shape[0])

    def __iter__(self) -> Iterator[Spec]:
        return (self[place] for place in range(len(self)))

    def __getitem__(self, key: Any) -> Spec:
        _refuse_spec_keys(key)
        return Spec(shapes.indexed(self._shape, key), self._dtype)

    def __setitem__(self, key: Any, value: Any) -> None:
        part = self[key]
        if type(value) not in (int, float, bool, complex):
            value = value if isinstance(value, (Spec, numpy.ndarray)) else np.asarray(value)
            given = value.shape
            extra = max(len(given) - part.ndim, 0)
            if (
                not all(size == 1 for size in given[:extra])
                or shapes.broadcast(part.shape, given[extra:]) != part.shape
            ):
                raise ValueError(f"could not broadcast input array from shape {given} into shape {part.shape}")
        else:
            value = np.asarray(value)
        if not (part._shape or any(one is Ellipsis for one in (key if type(key) is tuple else (key,)))):
            np.zeros(1, self._dtype)[0] = np.ones(value.shape, value.dtype)[()]  # what NumPy says of an element

    def __bool__(self) -> bool:
        raise no_values("bool()")

    def __float__(self) -> float:
        raise no_values("float()")

    def __int__(self) -> int:
        raise no_values("int()")

    def __complex__(self) -> complex:
        raise no_values("complex()")

    def __index__(self) -> int:
        raise no_values("an index")

    def item(self, *_: Any) -> Any:
        raise no_values("item()")

    def tolist(self) -> Any:
        raise no_values("tolist()")

    def __getattr__(self, name: str) -> Any:
        """Of an ndarray's attributes, what would need its memory or its elements."""
        if hasattr(np.ndarray, name) and not name.startswith("__"):
            raise no_values(f"x.{name}")
        raise AttributeError(f"a spec has no attribute {name!r}")

    # methods that move data

    def astype(self, dtype: Any, order: Any = "K", casting: Any = "unsafe", *_: Any) -> Spec:
        given = np.empty(0, self._dtype).astype(dtype, casting=casting).dtype
        return Spec(self._shape, given)

    def copy(self, order: Any = "C") -> Spec:
        return Spec(self._shape, self._dtype)

    __copy__ = copy

    def __deepcopy__(self, memo: Any) -> Spec:
        return self.copy()

    def view(self, dtype: Any = None) -> Any:
        new = self._dtype if dtype is None else np.dtype(dtype)
        if new.itemsize == self.itemsize:
            return Spec(self._shape, new)
        *rest, last = self._shape or (None,)
        length = None if last is None else symbolic.quotient(last * self.itemsize, new.itemsize)
        if length is None:
            raise ValueError(f"the last axis of a spec of shape {self._shape} cannot be seen as {new}")
        return Spec((*rest, length), new)

    def reshape(self, *shape: Any, order: Any = "C", copy: Any = None) -> Spec:
        return Spec(shapes.after_reshape(self._shape, shape[0] if len(shape) == 1 else shape), self._dtype)

    def resize(self, *shape: Any, refcheck: bool = True) -> None:
        new = shape[0] if len(shape) == 1 else shape
        self._shape = tuple(map(symbolic.normal, new if isinstance(new, (tuple, list)) else (new,)))

    def transpose(self, *axes: Any) -> Any:
        given = axes[0] if len(axes) == 1 else axes or None
        return np.transpose(self, given)

    def swapaxes(self, axis1: Any, axis2: Any) -> Any:
        return np.swapaxes(self, axis1, axis2)

    def flatten(self, order: Any = "C") -> Spec:
        return Spec((self.size,), self._dtype)

    def ravel(self, order: Any = "C") -> Spec:
        return Spec((self.size,), self._dtype)

    def to_device(self, device: Any, /, *, stream: Any = None) -> Self:
        np.empty(0).to_device(device, stream=stream)
        return self

    def fill(self, value: Any) -> None:
        self[...] = value

    def byteswap(self, inplace: bool = False) -> Self:
        return self

    def __repr__(self) -> str:
        return f"spec({_written(self._shape)}, dtype={self._dtype})"

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)


def _written(shape: Shape) -> str:
    parts = [repr(str(size)) if symbolic.is_symbolic(size) else str(size) for size in shape]
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


def _refuse_spec_keys(key: Any) -> None:
    for part in key if isinstance(key, (tuple, list)) else (key,):
        if isinstance(part, Spec):
            raise no_values("indexing by a spec")
        if isinstance(part, (tuple, list)):
            _refuse_spec_keys(part)


def holds_specs(value: Any) -> bool:
    """Whether there is an array without values in it."""
    if isinstance(value, (list, tuple)):
        return any(map(holds_specs, value))
    if isinstance(value, dict):
        return any(map(holds_specs, value.values()))
    return type(value) is Spec


# --- arrays that stand for specs, to ask NumPy


class StandIns:
    """Arrays of the same shape, without memory behind them but where something is written."""

    def size(self, size: Any) -> int:
        if symbolic.is_symbolic(size):
            raise ValueError("a size that is no number")
        return int(size)

    def back(self, size: int) -> Any:
        return size

    def array(self, value: Any, written: bool) -> Any:
        shape = tuple(map(self.size, value.shape))
        return np.ones(shape, value.dtype) if written else np.broadcast_to(np.ones((), value.dtype), shape)

    def stands_for(self, value: Any) -> bool:
        return type(value) is Spec

    def standing(self, value: Any, written: bool = False) -> Any:
        """The arguments of a call, with arrays for what has a shape."""
        if self.stands_for(value):
            return self.array(value, written)
        if isinstance(value, (list, tuple)):
            return type(value)(self.standing(item, written) for item in value)
        if isinstance(value, dict):
            return {key: self.standing(item, key == "out") for key, item in value.items()}
        if symbolic.is_symbolic(value):
            raise InvalidValue(f"what is given by the size {value} is not known: use numbers for the sizes")
        return value

    def spec(self, result: Any) -> Any:
        """Blanks for the arrays of a result."""
        if isinstance(result, (np.ndarray, np.generic)):
            return Spec(tuple(map(self.back, result.shape)), result.dtype)
        if isinstance(result, tuple):
            items = [self.spec(item) for item in result]
            return type(result)(*items) if hasattr(result, "_fields") else tuple(items)
        return [self.spec(item) for item in result] if isinstance(result, list) else result


class SmallStandIns(StandIns):
    """Small arrays, in which each size has a small number of its own; 0 and 1 stay what they are."""

    def __init__(self) -> None:
        self.found: list[Any] = [0, 1]

    def size(self, size: Any) -> int:
        if size not in self.found:
            self.found.append(size)
        return self.found.index(size)

    def back(self, size: int) -> Any:
        return self.found[size]

    def array(self, value: Any, written: bool) -> Any:
        return np.ones(tuple(map(self.size, value.shape)), value.dtype)

    def stands_for(self, value: Any) -> bool:
        return type(value) is Spec or (isinstance(value, np.ndarray) and value.ndim > 0)


class StandInsBesideSizes(SmallStandIns):
    """The same, for what takes numbers that decide nothing of a shape, and so may be a size as well."""

    def standing(self, value: Any, written: bool = False) -> Any:
        return symbolic.like_of(value) if symbolic.is_symbolic(value) else super().standing(value, written)


class RegularStandIns(SmallStandIns):
    """The same, for what needs matrices that are not singular."""

    def array(self, value: Any, written: bool) -> Any:
        ones = super().array(value, written)
        return ones * np.eye(*ones.shape[-2:], dtype=value.dtype) if ones.ndim > 1 else ones


def _asked(stand_ins: StandIns, function: Any, args: Any, keywords: Any) -> Any:
    # filters of warnings are the whole process's, not the thread's: touched only for the few functions that warn
    warns = getattr(function, "__name__", "") in _WARNING
    with np.errstate(all="ignore"), warnings.catch_warnings() if warns else nullcontext():
        if warns:
            warnings.simplefilter("ignore")
        return stand_ins.spec(function(*map(stand_ins.standing, args), **stand_ins.standing(keywords)))


def _exactly(function: Any, args: Any, keywords: Any) -> Any:
    return _asked(StandIns(), function, args, keywords)


def _by_labels(function: Any, args: Any, keywords: Any, labels: type[SmallStandIns] = SmallStandIns) -> Any:
    try:
        return _asked(labels(), function, args, keywords)
    except OpcountError:
        raise
    except Exception:
        if not shapes.are_numbers(*_shapes((*args, *keywords.values()))):
            raise
        return _exactly(function, args, keywords)  # NumPy's own error, or lists that only fit the exact shapes


def _of_regular(function: Any, args: Any, keywords: Any) -> Any:
    return _by_labels(function, args, keywords, RegularStandIns)


def _along_axes(function: Any, args: Any, keywords: Any) -> Any:
    told = [tuple(axes.tolist()) if isinstance(axes, np.ndarray) and axes.ndim == 1 else axes for axes in args[1:]]
    return _by_labels(function, (args[0], *told), keywords)


def _beside_sizes(function: Any, args: Any, keywords: Any) -> Any:
    return _by_labels(function, args, keywords, StandInsBesideSizes)


def _by_row(function: Any, args: Any, keywords: Any) -> Any:
    result, out = SHAPES[_short(function)](*args, **keywords), keywords.get("out")
    if type(out) is Spec and out.shape != result.shape:
        raise ValueError(f"out of shape {out.shape} does not take a result of shape {result.shape}")
    return result


def _as_numpy(function: Any, args: Any, keywords: Any) -> Any:
    return function._implementation(*args, **keywords)


def _shapes(value: Any) -> list[Shape]:
    if isinstance(value, (list, tuple)):
        return [shape for item in value for shape in _shapes(item)]
    return [value.shape] if isinstance(value, (Spec, numpy.ndarray)) else []


class StandInsAt(RegularStandIns):
    """Arrays of the shapes that there are where each name of a size has a value."""

    def __init__(self, values: Mapping[str, int]) -> None:
        super().__init__()
        self.values = values

    def size(self, size: Any) -> int:
        return symbolic.at(size, self.values)

    def standing(self, value: Any, written: bool = False) -> Any:
        return self.size(value) if symbolic.is_symbolic(value) else super().standing(value, written)

    def spec(self, result: Any) -> None:
        """Nothing: that there is a result is all that is asked."""


def _not_for_all(function: Any, args: Any, keywords: Mapping[str, Any]) -> Exception:
    """What to say of a call for which no shape was found: whether it is the sizes, as tried, that do not fit."""
    found = _shapes((*args, *keywords.values()))
    names = sorted(set().union(*(symbolic.symbols(size) for shape in found for size in shape)))
    up = list(range(2, len(names) + 2))
    tried = [dict(zip(names, values, strict=True)) for values in (up, up[::-1], [2] * len(names), [4] * len(names))]
    wrong: dict[str, Exception] = {}
    for values in tried:
        try:
            _asked(StandInsAt(values), function, args, keywords)
        except Exception as error:
            wrong.setdefault(", ".join(f"{name}={values[name]}" for name in names), error)
    called = f"np.{getattr(function, '__self__', function).__name__} of the shapes {', '.join(map(str, found))}"
    if len(wrong) == len(tried) and isinstance(first := next(iter(wrong.values())), (TypeError, IndexError)):
        return first  # not because of the sizes
    if not wrong:
        return InvalidValue(f"{called} has a shape that is not known where sizes are names: use numbers for the sizes")
    where, why = next(iter(wrong.items()))
    return InvalidValue(
        f"{called} does not fit for all sizes: for {where} NumPy raises {type(why).__name__}: {why}; "
        "use names that make them fit, or numbers"
    )


def inferred(function: Any, args: Any, keywords: Mapping[str, Any], way: Callable[..., Any]) -> Any:
    """The specs that a function gives, or the ones that it was given to write into."""
    outputs = keywords.get("out")
    given = outputs if isinstance(outputs, tuple) else (outputs,)
    if any(isinstance(output, np.ndarray) for output in given):
        raise no_values("writing into an array of data")
    try:
        result = way(function, args, keywords)
    except OpcountError:
        raise
    except Exception:
        if shapes.are_numbers(*_shapes((*args, *keywords.values()))):
            raise
        raise _not_for_all(function, args, keywords) from None
    if type(outputs) is Spec:
        return outputs
    if isinstance(outputs, tuple) and isinstance(result, tuple):
        return tuple(new if old is None else old for old, new in zip(outputs, result, strict=True))
    return outputs[0] if isinstance(outputs, tuple) and outputs[0] is not None else result


# --- functions whose results have the sizes of their arguments


_COPIES: Final = frozenset({
    "sum", "prod", "max", "amax", "min", "amin", "ptp", "mean", "var", "std", "all", "any", "count_nonzero", "trace",
    "nansum", "nanprod", "nanmax", "nanmin", "nanmean", "nanvar", "nanstd", "nancumsum", "nancumprod", "dot", "vdot",
    "inner", "tensordot", "einsum", "linalg.matmul", "linalg.tensordot", "linalg.vecdot", "linalg.trace",
    "round", "around", "fix", "clip",
    "where", "nan_to_num", "angle", "isreal", "iscomplex", "isposinf", "isneginf", "sinc", "real", "imag",
    "real_if_close", "transpose", "permute_dims", "swapaxes", "moveaxis", "rollaxis", "matrix_transpose",
    "linalg.matrix_transpose", "expand_dims", "squeeze", "atleast_1d", "atleast_2d", "atleast_3d", "flip", "fliplr",
    "flipud", "roll", "rot90", "broadcast_arrays", "meshgrid", "copy", "astype", "tril", "triu", "select", "choose",
    "sort", "fft.fftshift", "fft.ifftshift", "result_type", "can_cast", "common_type", "iscomplexobj",
    "isrealobj",
})  # fmt: skip

_WARNING: Final = frozenset({"mean", "var", "std", "nanmean", "nanvar", "nanstd", "nanmax", "nanmin"})
"""Of these, the ones that warn of slices with few elements, as the small arrays have."""

_BESIDE_SIZES: Final = frozenset({"where", "clip", "nan_to_num", "roll", "tril", "triu"})

_MOVES: Final = frozenset({"transpose", "permute_dims", "moveaxis", "rollaxis", "flip", "rot90", "expand_dims"})
"""Of these, the ones that are told axes, which may be an array."""

_REGULAR: Final = frozenset({"linalg.inv", "linalg.det", "linalg.slogdet", "linalg.cholesky", "linalg.solve"})
"""The same, of matrices that are not singular."""

_AS_NUMPY: Final = frozenset({
    "vstack", "hstack", "dstack", "hsplit", "vsplit", "dsplit",
})  # fmt: skip
"""Functions that NumPy writes in terms of others."""

_BY_VALUE: Final = frozenset({
    "argmax", "argmin", "nanargmax", "nanargmin", "argsort", "argpartition", "argwhere", "flatnonzero", "nonzero",
    "lexsort", "searchsorted", "digitize", "compress", "extract", "trim_zeros", "place", "allclose", "array_equal",
    "array_equiv", "unique", "unique_all", "unique_counts", "unique_inverse", "unique_values", "setdiff1d",
    "setxor1d", "union1d", "intersect1d", "in1d", "isin", "bincount", "histogram", "histogram2d", "histogramdd",
    "histogram_bin_edges", "array2string", "array_repr", "array_str", "min_scalar_type", "shares_memory",
    "may_share_memory", "save", "savetxt", "savez", "savez_compressed", "roots", "interp",
})  # fmt: skip


# --- functions that make new sizes


def _one_of(x: Any) -> Any:
    """One element in the dimensions and the dtype of x: what NumPy makes of the arguments of a call, and its errors."""
    return np.ones((1,) * x.ndim, x.dtype)


def _dtype_of(function: Any, *arrays: Any, **keywords: Any) -> numpy.dtype[Any]:
    """The dtype of a result that joins arrays."""
    standing = [_one_of(array) if hasattr(array, "dtype") else array for array in arrays]
    found: numpy.dtype[Any] = function(standing, **keywords).dtype
    return found


def _spec_of(x: Any) -> Spec:
    if type(x) is Spec:
        return x
    if isinstance(x, (list, tuple)) and holds_specs(x):
        stacked: Spec = np.stack([_spec_of(item) for item in x])
        return stacked
    x = np.asarray(x)
    return Spec(x.shape, x.dtype)


def _ravel(a: Any, order: Any = "C") -> Spec:
    return Spec((a.size,), a.dtype)


def _reshape(a: Any, /, shape: Any, order: Any = "C", *, copy: Any = None) -> Any:
    return a.reshape(shape)


def _resize(a: Any, new_shape: Any) -> Spec:
    return Spec(tuple(new_shape) if isinstance(new_shape, (tuple, list)) else (new_shape,), a.dtype)


def _broadcast_to(array: Any, shape: Any, subok: bool = False) -> Spec:
    shape = tuple(map(symbolic.normal, shape if isinstance(shape, (tuple, list)) else (shape,)))
    if len(shape) < array.ndim or shapes.broadcast(array.shape, shape) != shape:
        raise ValueError(f"a shape {array.shape} does not broadcast to {shape}")
    return Spec(shape, array.dtype)


def _concatenate(arrays: Any, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    arrays = [array if hasattr(array, "dtype") else np.asarray(array) for array in map(_spec_of, arrays)]
    if axis is None:
        arrays, axis = [array.ravel() for array in arrays], 0
    found = _dtype_of(np.concatenate, *arrays, axis=axis, dtype=dtype, casting=casting)
    axis = range(arrays[0].ndim)[axis]
    rest = [array.shape[:axis] + array.shape[axis + 1 :] for array in arrays]
    if len(set(rest)) > 1:
        if shapes.are_numbers(*rest):
            raise ValueError("all the input array dimensions except for the concatenation axis must match exactly")
        raise shapes.unequal(*(array.shape for array in arrays))
    joined = sum(array.shape[axis] for array in arrays)
    return Spec((*rest[0][:axis], joined, *rest[0][axis:]), found)


def _stack(arrays: Any, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    arrays = [_spec_of(array) for array in arrays]
    return np.concatenate([np.expand_dims(array, axis) for array in arrays], axis, dtype=dtype, casting=casting)


def _block(arrays: Any) -> Any:
    depth, inside = 0, arrays
    while isinstance(inside, list):
        depth, inside = depth + 1, inside[0]
    ndim = max(depth, *(len(shape) for shape in _shapes(arrays)))
    return _joined(arrays, depth, ndim)


def _joined(arrays: Any, depth: int, ndim: int) -> Any:
    if isinstance(arrays, list):
        return np.concatenate([_joined(part, depth - 1, ndim) for part in arrays], axis=-depth)
    x = _spec_of(arrays)
    return Spec((1,) * (ndim - x.ndim) + x.shape, x.dtype)


def _column_stack(tup: Any) -> Any:
    columns = [_spec_of(array) for array in tup]
    return np.concatenate([a if a.ndim > 1 else np.atleast_2d(a).T for a in columns], 1)


def _append(arr: Any, values: Any, axis: Any = None) -> Any:
    arrays = [_spec_of(arr), _spec_of(values)]
    return np.concatenate([a.ravel() for a in arrays] if axis is None else arrays, axis or 0)


def _unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    return tuple(np.moveaxis(x, axis, 0))


def _squeeze(a: Any, axis: Any = None) -> Any:
    if axis is None:
        axis = tuple(
            place for place, size in enumerate(a.shape) if size == 1 or not (size == 0 or symbolic.is_long(size))
        )
    return inferred(np.squeeze, (a, axis), {}, _by_labels)


def _repeat(a: Any, repeats: Any, axis: Any = None) -> Spec:
    a = a.ravel() if axis is None else a
    axis = range(a.ndim)[0 if axis is None else axis]
    size, times = a.shape[axis], np.asarray(repeats)
    if times.size == 1:
        size = size * int(times.reshape(-1)[0])
    elif len(times) == size:
        size = int(np.sum(times))
    else:
        raise ValueError(f"operands could not be broadcast together with shape ({size},) ({len(times)},)")
    return Spec((*a.shape[:axis], size, *a.shape[axis + 1 :]), a.dtype)


def _tile(A: Any, reps: Any) -> Spec:
    times = tuple(reps) if isinstance(reps, (tuple, list, np.ndarray)) else (reps,)
    length = max(len(times), A.ndim)
    shape = (1,) * (length - A.ndim) + A.shape
    return Spec(tuple(a * b for a, b in zip(shape, (1,) * (length - len(times)) + times, strict=True)), A.dtype)


def _pad(array: Any, pad_width: Any, mode: Any = "constant", **keywords: Any) -> Spec:
    longer = np.pad(_one_of(array), pad_width, mode, **keywords).shape
    return Spec(tuple(size + more - 1 for size, more in zip(array.shape, longer, strict=True)), array.dtype)


def _take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: Any = "raise") -> Any:
    a = a.ravel() if axis is None else a
    axis = range(a.ndim)[0 if axis is None else axis]
    if mode == "raise":
        return a[(slice(None),) * axis + (np.asarray(indices),)]
    return Spec(a.shape[:axis] + np.shape(indices) + a.shape[axis + 1 :], a.dtype)


def _take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Spec:
    arr = arr.ravel() if axis is None else arr
    axis = range(arr.ndim)[0 if axis is None else axis]
    shape = (*arr.shape[:axis], indices.shape[axis], *arr.shape[axis + 1 :])
    return Spec(shapes.broadcast(shape, indices.shape), arr.dtype)


def _sliding_window_view(x: Any, window_shape: Any, axis: Any = None, **_: Any) -> Spec:
    windows = tuple(window_shape) if np.iterable(window_shape) else (window_shape,)
    axes = (
        range(x.ndim) if axis is None else np.lib.array_utils.normalize_axis_tuple(axis, x.ndim, allow_duplicate=True)
    )
    if len(windows) != len(axes):
        raise ValueError("window_shape must have a size for each of the axes")
    shape = list(x.shape)
    for place, window in zip(axes, windows, strict=True):
        shape[place] = symbolic.normal(shape[place] - window + 1)
        if symbolic.order(window, 0) < 0 or symbolic.order(shape[place], 1) < 0:
            raise ValueError(f"a window of {window} is not inside an axis of {x.shape[place]}")
    return Spec((*shape, *windows), x.dtype)


def _array_split(ary: Any, indices_or_sections: Any, axis: Any = 0) -> list[Any]:
    size = ary.shape[axis]
    if np.ndim(indices_or_sections):
        ends = [0, *indices_or_sections, None]
        return [ary[_along(ary, axis, slice(a, b))] for a, b in itertools.pairwise(ends)]
    if (number := operator.index(indices_or_sections)) <= 0:
        raise ValueError("number sections must be larger than 0.")
    length, longer = divmod(symbolic.known(size), number)
    lengths = [length + (place < longer) for place in range(number)]
    place = range(ary.ndim)[axis]
    return [Spec((*ary.shape[:place], part, *ary.shape[place + 1 :]), ary.dtype) for part in lengths]


def _split(ary: Any, indices_or_sections: Any, axis: Any = 0) -> list[Any]:
    if not np.ndim(indices_or_sections) and symbolic.known(ary.shape[axis]) % indices_or_sections:
        raise ValueError("array split does not result in an equal division")
    return _array_split(ary, indices_or_sections, axis)


def _along(x: Any, axis: Any, part: slice) -> tuple[slice, ...]:
    return (*(slice(None),) * range(x.ndim)[axis], part)


def _diagonal(a: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1) -> Spec:
    np.diagonal(np.empty((0,) * a.ndim), offset, axis1, axis2)  # NumPy's own errors
    return Spec(shapes.diagonal(a.shape, offset, axis1, axis2), a.dtype)


def _linalg_diagonal(x: Any, /, *, offset: Any = 0) -> Spec:
    return _diagonal(x, offset, -2, -1)


def _diag(v: Any, k: Any = 0) -> Spec:
    if v.ndim == 1:
        return Spec((v.shape[0] + abs(k),) * 2, v.dtype)
    if v.ndim != 2:
        raise ValueError("Input must be 1- or 2-d.")
    return _diagonal(v, k)


def _diagflat(v: Any, k: Any = 0) -> Spec:
    return _diag(v.ravel(), k)


def _outer(a: Any, b: Any, out: Any = None) -> Any:
    return np.multiply.outer(_spec_of(a).ravel(), _spec_of(b).ravel())


def _linalg_outer(x1: Any, x2: Any, /) -> Any:
    x1, x2 = _spec_of(x1), _spec_of(x2)
    np.linalg.outer(_one_of(x1), _one_of(x2))
    return _outer(x1, x2)


def _kron(a: Any, b: Any) -> Spec:
    a, b = _spec_of(a), _spec_of(b)
    length = max(a.ndim, b.ndim)
    first, second = ((1,) * (length - x.ndim) + x.shape for x in (a, b))
    return Spec(tuple(m * n for m, n in zip(first, second, strict=True)), np.multiply(a[...], b[...]).dtype
                 if a.ndim == b.ndim == 0 else np.result_type(a.dtype, b.dtype))  # fmt: skip


def _running(function: Any) -> Callable[..., Any]:
    def rule(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        a = _spec_of(a)
        return inferred(function, (a.ravel() if axis is None else a, axis or 0, dtype), {}, _by_labels)

    return rule


def _cumulative(function: Any) -> Callable[..., Any]:
    def rule(x: Any, /, *, axis: Any = None, dtype: Any = None, out: Any = None, include_initial: bool = False) -> Any:
        axis = 0 if axis is None else axis
        x = x if x.ndim else x.ravel()
        result = function(x, axis, dtype)
        first = Spec(tuple(1 if place == range(x.ndim)[axis] else n for place, n in enumerate(x.shape)), result.dtype)
        return np.concatenate([first, result], axis) if include_initial else result

    return rule


def _like(function: Any) -> Callable[..., Any]:
    def rule(a: Any, *arguments: Any, dtype: Any = None, shape: Any = None, **_: Any) -> Spec:
        filled = arguments[1:] if function is np.full_like else arguments
        dtype = filled[0] if filled else dtype
        shape = a.shape if shape is None else tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
        return Spec(shape, a.dtype if dtype is None else dtype)

    return rule


def _qr(a: Any, mode: str = "reduced") -> Any:
    whole = np.linalg.qr(_one_of(a), mode)
    dtype = whole.dtype if mode == "r" else whole[0].dtype
    *stack, m, n = a.shape
    k = symbolic.smaller(m, n)
    inner = m if mode == "complete" else k
    if mode == "r":
        return Spec((*stack, k, n), dtype)
    if mode == "raw":
        return Spec((*stack, n, m), dtype), Spec((*stack, k), dtype)
    return type(whole)(Spec((*stack, m, inner), dtype), Spec((*stack, inner, n), dtype))


def _convolve(a: Any, v: Any, mode: Any = "full") -> Spec:
    a, v = _spec_of(a), _spec_of(v)
    dtype = np.convolve(_one_of(a), _one_of(v), mode).dtype
    mode = mode if isinstance(mode, str) else ("valid", "same", "full")[mode]
    first, second = a.size, v.size
    if not first or not second:
        raise ValueError(f"{'a' if not first else 'v'} cannot be empty")
    short, long = (
        (symbolic.smaller(first, second), symbolic.larger(first, second)) if mode != "full" else (first, second)
    )
    return Spec(({"full": first + second - 1, "same": long, "valid": long - short + 1}[mode],), dtype)


def _correlate(a: Any, v: Any, mode: Any = "valid") -> Spec:
    return _convolve(a, v, mode)


def _vander(x: Any, N: Any = None, increasing: bool = False) -> Spec:
    dtype = np.vander(_one_of(x), N if type(N) is int and N < 0 else 1).dtype
    return Spec((x.size, x.size if N is None else N), dtype)


def _poly(seq_of_zeros: Any) -> Spec:
    zeros = _spec_of(seq_of_zeros)
    return Spec((zeros.shape[0] + 1,), np.poly(_one_of(zeros)).dtype)


def _polyder(p: Any, m: Any = 1) -> Spec:
    np.polyder(_one_of(p), m)
    return Spec((symbolic.positive_part(p.size - int(m)),), np.polyder(np.ones(2, p.dtype), min(m, 1)).dtype)


# --- functions that write into their first argument


def _copyto(dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    dst[...] = src
    np.copyto(np.empty(0, dst.dtype), np.empty(0, src.dtype) if hasattr(src, "dtype") else src, casting)


def _fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    np.fill_diagonal(np.ones((2,) * a.ndim), 1.0)  # NumPy's own errors


def _put(a: Any, ind: Any, v: Any, mode: Any = "raise") -> None:
    if mode == "raise":
        a.ravel()[np.asarray(ind)]


def _put_along_axis(arr: Any, indices: Any, values: Any, axis: Any) -> None:
    _take_along_axis(arr, indices, axis)


def _putmask(a: Any, mask: Any, values: Any) -> None:
    if np.size(mask) != a.size:
        raise ValueError("putmask: mask and data must be the same size")


# --- sizes


def _size(a: Any, axis: Any = None) -> Any:
    places = range(a.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return symbolic.product(a.shape[operator.index(place)] for place in places)


# --- functions that make an array like another


def _made(shape: Any, dtype: Any = None, *_: Any, **keywords: Any) -> Spec:
    shape = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    return Spec(shape, float if dtype is None else dtype)


def _full(shape: Any, fill_value: Any, dtype: Any = None, *_: Any, **__: Any) -> Spec:
    return _made(shape, getattr(fill_value, "dtype", np.asarray(fill_value).dtype) if dtype is None else dtype)


def _eye(N: Any, M: Any = None, k: Any = 0, dtype: Any = None, *_: Any, **__: Any) -> Spec:
    return _made((N, N if M is None else M), dtype)


def _identity(n: Any, dtype: Any = None) -> Spec:
    return _made((n, n), dtype)


def _arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None, *_: Any, **__: Any) -> Spec:
    start, stop = (0, start) if stop is None else (start, stop)
    given = [symbolic.like_of(number) for number in (start, stop, step)]
    if not any(map(symbolic.is_symbolic, (start, stop, step))):
        return Spec(np.arange(start, stop, step).shape, np.arange(*given, dtype=dtype).dtype)
    length = -(symbolic.known(symbolic.normal(start) - symbolic.normal(stop)) // step)
    return _made((symbolic.positive_part(symbolic.normal(length)),), np.arange(*given, dtype=dtype).dtype)


def _as_array(a: Any, dtype: Any = None, *_: Any, ndmin: int = 0, **__: Any) -> Spec:
    a = _spec_of(a)
    return Spec((1,) * (ndmin - a.ndim) + a.shape, a.dtype if dtype is None else dtype)


MAKERS: Final[dict[str, Callable[..., Any]]] = {
    **dict.fromkeys(("empty", "zeros", "ones"), _made), "full": _full, "eye": _eye, "tri": _eye, "identity": _identity,
    "arange": _arange,
    **dict.fromkeys(("array", "asarray", "asanyarray", "ascontiguousarray", "asfortranarray", "require"), _as_array),
}  # fmt: skip
"""Functions that make an array `like=` a spec: without values too."""

SHAPES: Final[dict[str, Callable[..., Any]]] = {
    **MAKERS,
    "shape": lambda a: a.shape, "ndim": lambda a: a.ndim, "size": _size,
    "ravel": _ravel, "reshape": _reshape, "resize": _resize, "broadcast_to": _broadcast_to,
    "concatenate": _concatenate, "concat": _concatenate, "stack": _stack, "column_stack": _column_stack,
    "split": _split, "array_split": _array_split, "sliding_window_view": _sliding_window_view,
    "squeeze": _squeeze, "block": _block, "vander": _vander, "poly": _poly, "polyder": _polyder,
    "correlate": _correlate,
    "copyto": _copyto, "fill_diagonal": _fill_diagonal, "put": _put, "put_along_axis": _put_along_axis,
    "putmask": _putmask,
    "append": _append, "unstack": _unstack, "repeat": _repeat, "tile": _tile, "pad": _pad,
    "take": _take, "take_along_axis": _take_along_axis,
    "diagonal": _diagonal, "linalg.diagonal": _linalg_diagonal, "diag": _diag, "diagflat": _diagflat,
    "outer": _outer, "linalg.outer": _linalg_outer, "kron": _kron, "convolve": _convolve,
    **{name: _running(getattr(np, name)) for name in ("cumsum", "cumprod", "nancumsum", "nancumprod")},
    **{f"cumulative_{name}": _cumulative(getattr(np, f"cum{name}")) for name in ("sum", "prod")},
    "zeros_like": _like(np.zeros_like), "ones_like": _like(np.ones_like), "empty_like": _like(np.empty_like),
    "full_like": _like(np.full_like), "linalg.qr": _qr,
}  # fmt: skip
"""Functions that make new sizes: what they give, from the arguments of a call."""


def _short(function: Any) -> str:
    module = getattr(function, "__module__", "") or ""
    return f"{module}.{function.__name__}".removeprefix("numpy.").replace("lib.stride_tricks.", "")


WRITES: Final = frozenset({"copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask"})
"""Functions that write into their first argument."""


def call(function: Any, args: Any, keywords: Mapping[str, Any]) -> Any:
    """What a function of NumPy's gives for specs; it executes nothing on what they stand for."""
    name = _short(function)
    if name in _BY_VALUE or (name == "where" and len(args) + len(keywords) == 1):
        raise no_values(f"np.{name}")
    if name in WRITES and type(args[0]) is not Spec:
        raise no_values("writing into an array of data")
    result = inferred(function, args, keywords, _WAYS.get(name, _exactly))
    return Spec((), np.intp) if name == "count_nonzero" and type(result) is int else result


_WAYS: Final[dict[str, Callable[..., Any]]] = {
    **dict.fromkeys(_COPIES, _by_labels), **dict.fromkeys(_MOVES, _along_axes),
    **dict.fromkeys(_BESIDE_SIZES, _beside_sizes), **dict.fromkeys(_REGULAR, _of_regular),
    **dict.fromkeys(_AS_NUMPY, _as_numpy), **dict.fromkeys(SHAPES, _by_row),
}  # fmt: skip
