"""Polynomials, by their coefficients."""

from __future__ import annotations

import operator
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from opcount.counting import symbolic
from opcount.counting.symbolic import positive_part, ratio
from opcount.functions.numpys_own import as_array, own
from opcount.functions.op_counts import NoRule, OpCounts, dtype_of
from opcount.functions.rows import AS_EXECUTED, DATA_DEPENDENT, ITERATIVE, Executed, Function, refused
from opcount.wrapping.spec import Held, Spec
from opcount.wrapping.stand_ins import BY_VALUE, EXACT, one_of, spec_of


def _vander(x: ArrayLike, N: int | None = None, increasing: bool = False) -> OpCounts:
    """x to the powers 2, 3, ..., each by a product from the one before."""
    length = np.size(x)
    return {"mul": length * positive_part((length if N is None else N) - 2)}


def _polyder(p: ArrayLike, m: Any = 1) -> OpCounts:
    """A product for each coefficient but the last, m times; NumPy does it once more and throws that away."""
    size = np.size(p)
    return {"mul": sum(positive_part(size - 1 - time) for time in range(int(m) + 1))}


def _poly(seq_of_zeros: Any) -> OpCounts:
    """A convolution with (1, -zero) for each zero; the leading coefficient is a plain 1 throughout."""
    if np.ndim(seq_of_zeros) == 2 or dtype_of(seq_of_zeros).kind == "c":
        raise NoRule("of a matrix it has eigenvalues to compute, of complex numbers a sort")
    n = np.size(seq_of_zeros)
    return {"neg": n, "mul": n * n, "add": ratio(n * (n - 1), 2)}


# --- shapes


def _vander_shape(x: Held, N: object = None, increasing: bool = False) -> Spec:
    dtype = np.vander(one_of(x), N if type(N) is int and N < 0 else 1).dtype
    return Spec((x.size, x.size if N is None else N), dtype)


def _poly_shape(seq_of_zeros: object) -> Spec:
    zeros = spec_of(seq_of_zeros)
    return Spec((zeros.shape[0] + 1,), np.poly(one_of(zeros)).dtype)


def _polyder_shape(p: Any, m: Any = 1) -> Spec:
    np.polyder(one_of(p), m)
    return Spec((symbolic.positive_part(p.size - int(m)),), np.polyder(np.ones(2, p.dtype), min(m, 1)).dtype)


# --- sums and products of polynomials


def _polyadd(a1: object, a2: object) -> Any:
    return operator.add(*_same_length(a1, a2))


def _polysub(a1: object, a2: object) -> Any:
    return operator.sub(*_same_length(a1, a2))


def _same_length(a1: Any, a2: Any) -> list[Any]:
    both = [np.atleast_1d(as_array(a)) for a in (a1, a2)]
    if both[0].shape == both[1].shape:
        return both
    length = max(map(len, both))
    return [a if len(a) == length else np.concatenate((np.zeros(length - len(a), a.dtype), a)) for a in both]


def _polymul(a1: Any, a2: Any) -> Any:
    return np.convolve(*(_without_leading_zeros(np.atleast_1d(as_array(a))) for a in (a1, a2)))


def _without_leading_zeros(p: Any) -> Any:
    kept = np.trim_zeros(p, trim="f") if p.ndim == 1 else p
    return kept if len(kept) else np.zeros(1, p.dtype)


ROWS: Final = (
    Function("vander", _vander, _vander_shape, opened=True),
    Function("poly", _poly, _poly_shape),
    Function("polyder", _polyder, _polyder_shape, opened=True),
    *refused(DATA_DEPENDENT, "polydiv"),
    *refused(ITERATIVE, "polyfit"),
    *refused(ITERATIVE, "roots", BY_VALUE),
    own("polyval"),
    Function("polyadd", Executed(_polyadd), EXACT, AS_EXECUTED),
    Function("polysub", Executed(_polysub), EXACT, AS_EXECUTED),
    Function("polymul", Executed(_polymul), EXACT, AS_EXECUTED, opened=True),
    own("polyint"),
)
