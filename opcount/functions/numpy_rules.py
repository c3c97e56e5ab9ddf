"""One table: NumPy function -> the operations it executes.

A ufunc has kinds, executed once for each element that is computed: `UFUNCS`. A function has a
rule, which gives the counts of a call from its arguments: `RULES`; or it moves data, and is
free: `FREE`; or it is written out in counted operations, in `compositions.py`; or it has no
exact count, and is refused: `REFUSED`, with the reason. A test holds the table to the functions
that NumPy has.

Counts are those of the scalar definition: a sum of n numbers is n - 1 additions. NumPy's loop
over an object array of wrapped numbers executes that definition, with these differences:

    maximum, minimum   compare the objects (`ge`, `le`), also in max, min, clip, ptp and norms; so do fmax, fmin
    nanmax, nanmin     replace nan before that, instead of fmax and fmin and a look at the result
    sign               compares the object with zero, up to three times
    einsum             starts each sum from zero, which is one more `add`
    isnan              of nansum and its like is `x != x`, a `ne`
    plain numbers      that NumPy puts into an array of objects, as nansum its zeros and linspace its end,
                       stay plain there, and what is done to them uncounted
    logic              from truth values to a truth value is not counted, in either: it is control flow

Rules count operations on the elements, whatever their type. Operations on complex numbers
count the real operations of `COMPLEX`, and are refused where that table has no row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from opcount.counting.symbolic import positive_part, ratio, smaller
from opcount.functions.applications import accumulated, alone, applications, reduction
from opcount.functions.op_counts import (
    NoRule,
    OpCounts,
    Rule,
    asks_for_complex,
    dtype_of,
    is_complex,
    is_truth,
    multiple,
    no_truths,
    summed,
)
from opcount.functions.products import (
    PRODUCTS,
    _dot,
    _inner,
    _logical,
    _outer_product,
    _tensordot,
    _vdot,
    _vecdot,
    meetings,
)
from opcount.wrapping import shapes
from opcount.wrapping.spec import WRITES as WRITES  # which belongs to this table, and is needed below it

# --- ufuncs: the kinds that one element costs


# --- how often a method of a ufunc applies it


# --- products of matrices and vectors


# --- reductions and running totals


def _reduces(kind: str) -> Rule:
    def rule(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
             initial: Any = np._NoValue, where: Any = True) -> OpCounts:  # fmt: skip
        no_truths(dtype, a)
        return {kind: reduction(a, axis, initial, _given(where))[0]}

    return rule


def _extreme(kind: str) -> Rule:
    def rule(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False,
             initial: Any = np._NoValue, where: Any = True) -> OpCounts:  # fmt: skip
        return {} if is_truth(a) else {kind: reduction(a, axis, initial, _given(where))[0]}

    return rule


def _truths(kind: str) -> Rule:
    def rule(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True) -> OpCounts:
        if is_truth(a):
            return {}
        return {kind: reduction(a, axis, where=_given(where))[0], "ne": alone(a, axis, where=_given(where))}

    return rule


def _given(where: Any) -> Any:
    return True if where is np._NoValue else where


def _position(kind: str) -> Rule:
    def rule(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> OpCounts:
        return {} if is_truth(a) else {kind: reduction(a, axis)[0]}

    return rule


def _runs(kind: str) -> Rule:
    def rule(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, **_: Any) -> OpCounts:
        no_truths(dtype, a)
        return {kind: positive_part(np.size(a) - 1) if axis is None else accumulated(a, axis)}

    return rule


def _ptp(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> OpCounts:
    steps, results = reduction(a, axis)
    return {"maximum": steps, "minimum": steps, "sub": results}


def _mean(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *,
          where: Any = True) -> OpCounts:  # fmt: skip
    no_truths(dtype, a)
    steps, results = reduction(a, axis, where=_given(where))
    if is_complex(a) or asks_for_complex({"dtype": dtype}):
        raise NoRule("a complex mean divides complex numbers, which has no exact count: write np.sum(a) * (1 / n)")
    return {"add": steps, "div": results}


def _var(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False, *,
         where: Any = True, mean: Any = np._NoValue, correction: Any = np._NoValue) -> OpCounts:  # fmt: skip
    """The mean, the square of each deviation from it, and the mean of these."""
    no_truths(dtype, a)
    if is_complex(a) or asks_for_complex({"dtype": dtype}):
        raise NoRule("a complex variance divides complex numbers, which has no exact count")
    steps, results = reduction(a, axis, where=_given(where))
    size = np.size(a)
    passes = 2 if mean is np._NoValue else 1
    return {"add": passes * steps, "div": passes * results, "sub": size, "mul": size}


def _with_root(variance: Rule) -> Rule:
    def rule(a: Any, axis: Any = None, *arguments: Any, **keywords: Any) -> OpCounts:
        return {**variance(a, axis, *arguments, **keywords), "sqrt": reduction(a, axis)[1]}

    return rule


def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> OpCounts:
    *results, length = shapes.diagonal(np.shape(a), offset, axis1, axis2)
    return {"add": math.prod(results) * positive_part(length - 1)}


def _linalg_trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> OpCounts:
    return _trace(x, offset, -2, -1)


def _count_nonzero(a: Any, axis: Any = None, *, keepdims: Any = False) -> OpCounts:
    size = np.size(a)
    return {"ne": 0 if is_truth(a) else size, "add": reduction(a, axis)[0]}


# --- what is not a number


def _nans(a: Any) -> dict[str, int]:
    """A look at each element, where the type has a nan."""
    return {"isnan": np.size(a)} if dtype_of(a).kind in "fc" else {}


def _with_nans(rule: Rule) -> Rule:
    """The same function, after it has replaced nan."""
    return lambda a, *arguments, **keywords: {**_nans(a), **rule(a, *arguments, **keywords)}


def _nanvar(a: Any, *arguments: Any, where: Any = np._NoValue, **keywords: Any) -> OpCounts:
    """The variance of the numbers that `where` selects, where NumPy's var has the deviations of all."""
    where = _given(where)
    numbers = _var(a, *arguments, where=where, **keywords)
    taken = applications(a, where=where)
    return {**numbers, **_nans(a), "sub": taken, "mul": taken} if _nans(a) else numbers


def _nan_extreme(kind: str) -> Rule:
    def rule(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False,
             initial: Any = np._NoValue, where: Any = True) -> OpCounts:  # fmt: skip
        steps, results = reduction(a, axis, initial, _given(where))
        return {} if is_truth(a) else {kind: steps, "isnan": results}

    return rule


# --- elementwise


def _each(kind: str) -> Rule:
    def rule(x: Any, *_: Any, **__: Any) -> OpCounts:
        return {kind: np.size(x)}

    return rule


def _truth_of_each(a: Any) -> OpCounts:
    """What has to know which elements are not zero: of truth values, nothing more."""
    return {} if is_truth(a) else {"ne": np.size(a)}


def _trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> OpCounts:
    return _truth_of_each(filt)


def _astype(x: Any, dtype: Any, /, **_: Any) -> OpCounts:
    """A cast is free, but for the truth of each element."""
    return _truth_of_each(x) if np.dtype(dtype) == np.bool_ else {}


def _sinc(x: Any) -> OpCounts:
    """The sine of pi x by pi x, where that is not zero."""
    size = np.size(x)
    return {"mul": size, "ne": size, "sin": size, "div": size}


def _round(a: Any, decimals: Any = 0, out: Any = None) -> OpCounts:
    """Rounding to decimals scales, rounds and scales back; an integer is round already."""
    if is_complex(a):
        raise NoRule("rounding a complex number has no exact count: round the real and the imaginary part")
    size = np.size(a)
    if dtype_of(a).kind in "iu" and decimals >= 0:
        return {}
    return {"round": size} if decimals == 0 else {"round": size, "mul": size, "div": size}


def _vander(x: Any, N: int | None = None, increasing: bool = False) -> OpCounts:
    """x to the powers 2, 3, ..., each by a product from the one before."""
    length = np.size(x)
    return {"mul": length * positive_part((length if N is None else N) - 2)}


def _polyder(p: Any, m: Any = 1) -> OpCounts:
    """A product for each coefficient but the last, m times; NumPy does it once more and throws that away."""
    size = np.size(p)
    return {"mul": sum(positive_part(size - 1 - time) for time in range(int(m) + 1))}


def _poly(seq_of_zeros: Any) -> OpCounts:
    """A convolution with (1, -zero) for each zero; the leading coefficient is a plain 1 throughout."""
    if np.ndim(seq_of_zeros) == 2 or dtype_of(seq_of_zeros).kind == "c":
        raise NoRule("of a matrix it has eigenvalues to compute, of complex numbers a sort")
    n = np.size(seq_of_zeros)
    return {"neg": n, "mul": n * n, "add": ratio(n * (n - 1), 2)}


def _pad(array: Any, pad_width: Any, mode: Any = "constant", **keywords: Any) -> OpCounts:
    computes = callable(mode) or mode in ("linear_ramp", "maximum", "mean", "median", "minimum")
    if computes or keywords.get("reflect_type") == "odd":
        raise NoRule(f"padding by {mode!r} computes values: write it with operations that have a count")
    return {}


# --- linear algebra: the algorithms that LAPACK documents
#
# The counts of multiplications and additions are those of S. Blackford and J. Dongarra, Installation
# Guide for LAPACK, LAPACK Working Note 41 (1999), appendix C, which has divisions and square roots
# among the multiplications; they stand apart here, by the unblocked algorithms that it counts.
# Comparisons of the pivot search are not among them. What a blocked LAPACK executes on a given
# machine is the same arithmetic in another order, but for a few reciprocals.


def no_complex(*arrays: Any) -> None:
    if any(map(is_complex, arrays)):
        raise NoRule("linear algebra over complex numbers divides them, which has no exact count")


def lu(n: int) -> OpCounts:
    """GETRF: for each column the reciprocal of its pivot, the multipliers, and the update of what is left."""
    return {"div": n, "mul": ratio(n**3 - n, 3), "sub": ratio((n - 1) * n * (2 * n - 1), 6)}


def substitutions(n: int, columns: int) -> OpCounts:
    """GETRS: a forward substitution with the unit triangle and a backward one with the other, for each column."""
    return {"mul": columns * n * (n - 1), "sub": columns * n * (n - 1), "div": columns * n}


def _of_matrices(numbers: Callable[[int], OpCounts]) -> Rule:
    """What a square matrix costs, by its order, for each matrix of a stack."""

    def rule(a: Any) -> OpCounts:
        no_complex(a)
        *stack, _, n = np.shape(a)
        return multiple(math.prod(stack), numbers(n))

    return rule


def _slogdet(n: int) -> OpCounts:
    """The logarithms of the absolute diagonal of the triangle, summed from zero."""
    return summed(lu(n), {"abs": n, "log": n, "add": n})


def _det(n: int) -> OpCounts:
    """The exponential of `slogdet`, times the sign."""
    return summed(_slogdet(n), {"exp": 1, "mul": 1})


def _inv(n: int) -> OpCounts:
    """The solutions for the columns of the identity (GESV)."""
    return summed(lu(n), substitutions(n, n))


def _potrf(n: int) -> OpCounts:
    """For each column a square root, the quotients below it, and the products subtracted before."""
    return {"mul": ratio(n**3 - n, 6), "sub": ratio(n**3 - n, 6), "div": ratio(n * (n - 1), 2), "sqrt": n}


def _cholesky(a: Any, /, *, upper: bool = False) -> OpCounts:
    return _of_matrices(_potrf)(a)


def _qr(a: Any, mode: str = "reduced") -> OpCounts:
    """GEQRF, a reflection for each column; and ORGQR, which multiplies them out into the columns of Q."""
    no_complex(a)
    *stack, m, n = np.shape(a)
    k = smaller(m, n)
    rows = _steps(m, k)
    numbers = summed(_reflected(m, n, k), {"div": 3 * k, "sqrt": k, "mul": 2 * rows + 2 * k, "add": rows, "sub": 2 * k})
    if mode not in ("r", "raw"):
        numbers = summed(numbers, _reflected(m, m if mode == "complete" else k, k), {"mul": rows, "sub": k})
    return multiple(math.prod(stack), numbers)


def _reflected(m: int, n: int, k: int) -> OpCounts:
    """k times LARF, on one row and one column less each time.

    Products of a vector of 1 and the rows below with each column to the right, summed from zero; and the update.
    """
    size = k * (m + 1) * n - ratio((m + 1 + n) * k * (k + 1), 2) + ratio(k * (k + 1) * (2 * k + 1), 6)
    return {"mul": 2 * size + _steps(n, k), "add": size, "sub": size}


def _steps(n: int, k: int) -> int:
    """The sum of n - 1, n - 2, ..., n - k."""
    down: int = ratio(k * (k + 1), 2)
    return n * k - down


# --- the table


RULES_BY_NAME: Final[dict[str, Rule]] = {
    "dot": _logical(_dot), "vdot": _logical(_vdot), "inner": _logical(_inner), "outer": _logical(_outer_product),
    "tensordot": _logical(_tensordot), "kron": _logical(_outer_product), "vander": _vander,
    "convolve": lambda a, v, mode="full": {} if is_truth(a) and is_truth(v) else meetings(a, v, mode),
    "sum": _reduces("add"), "prod": _reduces("mul"), "all": _truths("logical_and"), "any": _truths("logical_or"),
    "max": _extreme("maximum"), "amax": _extreme("maximum"), "min": _extreme("minimum"), "amin": _extreme("minimum"),
    "argmax": _position("gt"), "argmin": _position("lt"), "ptp": _ptp,
    "mean": _mean, "var": _var, "std": _with_root(_var), "trace": _trace, "count_nonzero": _count_nonzero,
    "cumsum": _runs("add"), "cumulative_sum": _runs("add"), "cumprod": _runs("mul"), "cumulative_prod": _runs("mul"),
    "round": _round, "around": _round, "fix": _each("trunc"),
    "isposinf": lambda x, *_, **__: {"isinf": np.size(x), "signbit": np.size(x)},
    "isneginf": lambda x, *_, **__: {"isinf": np.size(x), "signbit": np.size(x)},
    "nonzero": _truth_of_each, "flatnonzero": _truth_of_each, "argwhere": _truth_of_each, "trim_zeros": _trim_zeros,
    "nansum": _with_nans(_reduces("add")), "nanprod": _with_nans(_reduces("mul")),
    "nancumsum": _with_nans(_runs("add")), "nancumprod": _with_nans(_runs("mul")),
    "nanmax": _nan_extreme("fmax"), "nanmin": _nan_extreme("fmin"),
    "nanargmax": _with_nans(_position("gt")), "nanargmin": _with_nans(_position("lt")), "nanmean": _with_nans(_mean),
    "nanvar": _nanvar, "nanstd": _with_root(_nanvar),
    "astype": _astype, "sinc": _sinc, "polyder": _polyder, "poly": _poly, "pad": _pad,
    "linalg.matmul": _logical(PRODUCTS[np.matmul]), "linalg.outer": _logical(_outer_product),
    "linalg.tensordot": _logical(_tensordot), "linalg.vecdot": _logical(_vecdot), "linalg.trace": _linalg_trace,
    "linalg.inv": _of_matrices(_inv), "linalg.det": _of_matrices(_det), "linalg.slogdet": _of_matrices(_slogdet),
    "linalg.cholesky": _cholesky, "linalg.qr": _qr,
}  # fmt: skip
"""Functions that are counted by a rule, which takes the arguments of a call, unwrapped."""

FREE_NAMES: Final = (
    "append", "array_split", "atleast_1d", "atleast_2d", "atleast_3d", "array2string", "array_repr", "array_str",
    "block", "broadcast_arrays", "broadcast_to", "can_cast", "choose", "column_stack", "common_type", "concat",
    "concatenate", "copy", "copyto", "delete", "diag", "diag_indices_from", "diagflat", "diagonal", "dsplit",
    "dstack", "einsum_path", "empty_like", "expand_dims", "fill_diagonal", "flip", "fliplr", "flipud", "full_like",
    "hsplit", "hstack", "imag", "insert", "iscomplexobj", "isrealobj", "matrix_transpose", "may_share_memory",
    "meshgrid", "min_scalar_type", "moveaxis", "ndim", "ones_like", "permute_dims", "put", "put_along_axis", "ravel",
    "real", "repeat", "reshape", "resize", "result_type", "roll", "rollaxis", "rot90", "select", "shape",
    "shares_memory", "size", "split", "squeeze", "stack", "swapaxes", "take", "take_along_axis", "tile", "transpose",
    "tril", "tril_indices_from", "triu", "triu_indices_from", "unstack", "vsplit", "vstack", "zeros_like",
    "lib.stride_tricks.sliding_window_view", "fft.fftshift", "fft.ifftshift", "linalg.diagonal",
    "linalg.matrix_transpose",
    "array", "asanyarray", "asarray", "ascontiguousarray", "asfortranarray", "empty", "eye", "frombuffer", "fromfile",
    "fromfunction", "fromiter", "fromstring", "full", "genfromtxt", "identity", "loadtxt", "ones", "require", "tri",
    "zeros",
)  # fmt: skip
"""Functions that move data, or look at its shape and type alone; the last rows make an array `like=` another."""

DESCRIBING: Final = frozenset({
    "array2string", "array_repr", "array_str", "can_cast", "common_type", "einsum_path", "iscomplexobj", "isrealobj",
    "may_share_memory", "min_scalar_type", "ndim", "result_type", "shape", "shares_memory", "size",
})  # fmt: skip
"""Functions that tell of an array what it is, and not what it holds: their results are plain."""

POSITIONS: Final = frozenset({
    "argmax", "argmin", "nanargmax", "nanargmin", "argsort", "argpartition", "argwhere", "flatnonzero", "nonzero",
    "lexsort", "searchsorted", "digitize", "diag_indices_from", "tril_indices_from", "triu_indices_from",
})  # fmt: skip
"""Functions that give places in an array: plain integers, as the truth of a comparison is plain."""

TRUTHS: Final = frozenset({"all", "any", "isneginf", "isposinf"})
"""Functions that give truth values into `out`, by comparisons that they count."""

EMPTY: Final[Mapping[str, int]] = {"empty_like": 0, "full_like": 0, "ones_like": 0, "zeros_like": 0}
"""Functions that take a shape and a dtype from an argument, and none of its values, and which argument that is."""

INDEXES: Final[Mapping[str, int]] = {
    "array_split": 1, "broadcast_to": 1, "choose": 0, "delete": 1, "dsplit": 1, "hsplit": 1, "insert": 1, "put": 1,
    "put_along_axis": 1, "repeat": 1, "reshape": 1, "resize": 1, "roll": 1, "split": 1, "take": 1,
    "take_along_axis": 1, "tile": 1, "vsplit": 1,
}  # fmt: skip
"""Functions that take places or sizes, and which argument that is: plain integers, not wrapped ones."""

_DATA_DEPENDENT: Final = "how much it computes depends on the values"
_ITERATIVE: Final = "it iterates until it converges"
_LIBRARY: Final = "the algorithm is the library's choice, by the size"
_DATES: Final = "dates are not counted"
_TEXT: Final = "text is not counted"
_FILES: Final = "the values would leave their counter"
_INDEX: Final = "places in an array are plain integers, not wrapped ones"

_REFUSED_ROWS: Final = {
    _DATA_DEPENDENT: """
        argpartition argsort bincount digitize histogram histogram2d histogram_bin_edges histogramdd i0 intersect1d
        in1d isin lexsort median nanmedian nanpercentile nanquantile partition percentile quantile polydiv searchsorted
        setdiff1d setxor1d sort sort_complex union1d unique unique_all unique_counts unique_inverse unique_values
        lib.scimath.arccos lib.scimath.arcsin lib.scimath.arctanh lib.scimath.log lib.scimath.log10
        lib.scimath.log2 lib.scimath.logn lib.scimath.power lib.scimath.sqrt""",
    _ITERATIVE: """
        linalg.cond linalg.eig linalg.eigh linalg.eigvals linalg.eigvalsh linalg.lstsq linalg.matrix_rank linalg.pinv
        linalg.svd linalg.svdvals polyfit roots""",
    _LIBRARY: """
        fft.fft fft.fft2 fft.fftn fft.hfft fft.ifft fft.ifft2 fft.ifftn fft.ihfft fft.irfft fft.irfft2 fft.irfftn
        fft.rfft fft.rfft2 fft.rfftn""",
    _DATES: "busday_count busday_offset datetime_as_string is_busday",
    _INDEX: "ix_ packbits ravel_multi_index unpackbits unravel_index",
    _FILES: "save savetxt savez savez_compressed",
    _TEXT: """
        char.capitalize char.center char.decode char.encode char.equal char.expandtabs char.greater
        char.greater_equal char.join char.less char.less_equal char.ljust char.lower char.mod char.not_equal
        char.replace char.rjust char.rsplit char.split char.splitlines char.swapcase char.title char.translate
        char.upper char.zfill char.partition char.rpartition char.multiply
        strings.multiply strings.partition strings.rpartition""",
}
REFUSED_BY_NAME: Final = {name: reason for reason, names in _REFUSED_ROWS.items() for name in names.split()}
"""Functions without an exact count, with the reason. What is not imported with NumPy, as `numpy.polynomial` and
`numpy.lib.recfunctions`, is refused without one."""


def function_named(name: str) -> Any:
    """The NumPy function of that name, None where this NumPy has none."""
    found: Any = np
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def by_function(names: Mapping[str, Any]) -> dict[Any, Any]:
    """The same table with NumPy's functions for their names."""
    return {function: row for name, row in names.items() if (function := function_named(name)) is not None}


RULES: Final[dict[Any, Rule]] = by_function(RULES_BY_NAME)
FREE: Final = frozenset(by_function(dict.fromkeys(FREE_NAMES)))
REFUSED: Final[dict[Any, str]] = by_function(REFUSED_BY_NAME)
