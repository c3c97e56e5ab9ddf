"""Operations on complex numbers count the real operations that are executed."""

from __future__ import annotations

import operator

import numpy as np
import pytest
from numpy._core import einsumfunc

import opcount as oc
from tests.support import loops_by_hand as hand
from tests.support.ground_truth import NOTHING
from tests.support.same import assert_same


class Pair:
    """A complex number as two wrapped ones, with what is executed on them."""

    def __init__(self, re, im):
        self.re, self.im = re, im

    @classmethod
    def of(cls, number):
        return number if isinstance(number, Pair) else cls(complex(number).real, complex(number).imag)

    def __add__(self, other):
        other = Pair.of(other)
        return Pair(self.re + other.re, self.im + other.im)

    def __sub__(self, other):
        other = Pair.of(other)
        return Pair(self.re - other.re, self.im - other.im)

    def __mul__(self, other):
        other = Pair.of(other)
        return Pair(self.re * other.re - self.im * other.im, self.re * other.im + self.im * other.re)

    def __radd__(self, other):
        return Pair.of(other) + self

    def __rsub__(self, other):
        return Pair.of(other) - self

    def __rmul__(self, other):
        return Pair.of(other) * self

    def __neg__(self):
        return Pair(-self.re, -self.im)

    def __pos__(self):
        return self

    def __abs__(self):
        return np.hypot(self.re, self.im)

    def square(self):
        return self * self

    def conjugate(self):
        return Pair(self.re, -self.im)


def as_pairs(array):
    return hand.each(lambda z: Pair(oc.wrap(complex(z).real), oc.wrap(complex(z).imag)), array)


Z = np.array([[1 + 2j, -0.5j, 3.0], [2 - 1j, 0.25 + 1j, -1.5]])
W = np.array([[0.5 - 1j, 2.0, 1j], [-1 + 1j, 3 - 2j, 0.5]])
U, T = Z[0], W[1]
F = np.array([2.0, -1.0, 0.5])
OF_PAIRS = {
    "+": (operator.add, (Z, W)), "-": (operator.sub, (Z, W)), "*": (operator.mul, (Z, W)),
    "negative": (np.negative, (Z,)), "+ real": (operator.add, (Z, F)), "real -": (operator.sub, (F, Z)),
    "* real": (operator.mul, (Z, F)), "positive": (np.positive, (Z,)), "conjugate": (np.conjugate, (Z,)),
    "absolute": (np.absolute, (Z,)), "square": (np.square, (Z,)), "sum": (np.sum, (Z,)),
    "sum of rows": (lambda z: np.sum(z, axis=1), (Z,)),
    "sum of some": (lambda z: np.sum(z, where=[True, False, True], initial=1j), (Z,)), "prod": (np.prod, (Z,)),
    "cumsum": (np.cumsum, (U,)), "cumprod": (np.cumprod, (U,)), "trace": (np.trace, (Z,)),
    "matmul": (lambda z, w: z @ w.T, (Z, W)), "matmul with reals": (lambda z, f: z @ f, (Z, F)),
    "dot": (np.dot, (U, T)), "inner": (np.inner, (Z, W)), "outer": (np.outer, (U, T)), "kron": (np.kron, (U, T)),
    "tensordot": (lambda z, w: np.tensordot(z, w, 2), (Z, W)), "convolve": (np.convolve, (U, T)),
    "correlate with reals": (lambda u, f: np.correlate(u, f, "same"), (U, F)),
    "einsum": (lambda z, w: np.einsum("ij,kj->ik", z, w), (Z, W)),
    "einsum of three": (lambda u, t: np.einsum("i,i,i->", u, t, t), (U, T)), "diff": (np.diff, (U,)),
    "add.reduce": (np.add.reduce, (Z,)), "multiply.accumulate": (np.multiply.accumulate, (U,)),
    "subtract.outer": (np.subtract.outer, (U, T)), "cross": (np.cross, (Z, W)), "polyval": (np.polyval, (U, T)),
    "trapezoid of reals": (lambda f, u: f * u, (F, U)), "vander": (np.vander, (U,)),
}  # fmt: skip
"""Programs of complex arrays that objects have loops for."""


def check_pairs(program, arrays):
    with oc.count() as tally:
        result = program(*map(oc.wrap, arrays))
    with oc.count() as truth, pytest.MonkeyPatch.context() as patch:
        c_einsum = einsumfunc.c_einsum
        patch.setattr(
            einsumfunc,
            "c_einsum",
            lambda s, *o, **k: hand.contracted(s, *o) if o[0].dtype == object else c_einsum(s, *o, **k),
        )
        program(*map(as_pairs, arrays))
    assert_same(result, program(*arrays))
    assert tally.counts == truth.counts


@pytest.mark.parametrize("name", OF_PAIRS)
def test_complex_numbers_count_the_real_operations_that_are_executed(name):
    check_pairs(*OF_PAIRS[name])


@pytest.mark.parametrize(("program", "arrays", "counts"), [
    # the conjugate is not executed: its sign goes into the products
    (np.vdot, (Z, W), {"mul": 24, "add": 6 + 10, "sub": 6}),
    (np.vecdot, (Z, W), {"mul": 24, "add": 6 + 8, "sub": 6}),
    (np.linalg.vecdot, (U, T), {"mul": 12, "add": 3 + 4, "sub": 3}),
    (np.linalg.norm, (Z,), {"mul": 12, "add": 5 + 5 + 1, "sqrt": 1}),
    (lambda z: np.linalg.norm(z, axis=1), (Z,), {"neg": 6, "mul": 24, "add": 6 + 4, "sub": 6, "sqrt": 2}),
    (lambda z: np.linalg.norm(z, 1), (U,), {"hypot": 3, "add": 2}),
    (lambda z: z.real * z.imag, (Z,), {"mul": 6}),
    # of two vectors, the second one conjugated
    (np.correlate, (U, T), {"neg": 3, "mul": 12, "add": 3 + 4, "sub": 3}),
    (lambda u, t: np.correlate(u, t, "full"), (U, T), {"neg": 3, "mul": 36, "add": 9 + 8, "sub": 9}),
    (lambda f, u: np.correlate(f, u, "same"), (F, U), {"neg": 3, "mul": 28, "add": 7 + 8, "sub": 7}),
    (np.angle, (U,), {"arctan2": 3}),
    (lambda z: np.angle(z, deg=True), (U,), {"arctan2": 3, "mul": 3}),
    (np.isreal, (U,), {"eq": 3}),
    (np.iscomplex, (U,), {"ne": 3}),
    (np.real_if_close, (U,), {"abs": 3, "lt": 3}),
    (np.nan_to_num, (U,), {"isnan": 6, "isinf": 12, "signbit": 12}),
    (lambda f: np.sum(f, dtype=complex), (F,), {"add": 4}),
    (lambda f: f * 1j, (F,), {"mul": 12, "add": 3, "sub": 3}),
    (lambda z: z[0, 0] * z[0, 1], (Z,), {"mul": 4, "add": 1, "sub": 1}),
    (lambda z: z.T.conj(), (Z,), {"neg": 6}),
])  # fmt: skip
def test_complex_counts_by_hand(program, arrays, counts):
    value, found = oc.measure(program, *arrays)
    np.testing.assert_array_equal(value, program(*arrays))
    assert found == counts


@pytest.mark.parametrize("program", [
    lambda z: z / z, lambda z: 1 / z, lambda z: z**2, lambda z: z**0.5, np.sqrt, np.exp, np.log, np.sin, np.tanh,
    np.reciprocal, np.mean, np.var, np.std, np.average, np.max, np.min, np.ptp, np.argmax, np.sort, np.round,
    lambda z: np.clip(z, 0, 1), lambda z: z == z, lambda z: z < z, np.isnan, np.isfinite, np.sign, np.nansum,
    np.nanmean, np.nanvar, np.nanmax, np.cov, np.corrcoef, lambda z: np.linalg.solve(z[:, :2], z[:, 0]),
    lambda z: np.linalg.inv(z[:, :2]), lambda z: np.linalg.det(z[:, :2]), np.linalg.qr,
    lambda z: np.linalg.cholesky(z[:, :2]), np.gradient, np.trapezoid, lambda z: np.allclose(z, z),
    lambda z: np.array_equal(z, z), np.count_nonzero, np.nonzero, lambda z: np.where(z, 1, 0), np.all, np.poly,
    lambda z: np.interp(0.5, [0, 1], z[0, :2]), np.sinc, lambda z: np.linspace(z[0], z[1], 3), np.unwrap,
    lambda z: np.isclose(z, z), np.maximum.reduce, np.linalg.slogdet, lambda z: np.mean(z.real, dtype=complex),
    lambda z: np.divide(z.real, 2, dtype=complex), lambda z: np.astype(z, bool),
])  # fmt: skip
def test_what_has_no_rule_for_complex_numbers_is_refused_and_counts_nothing(program):
    with oc.count() as tally, pytest.raises((oc.Uncounted, TypeError)) as caught:
        program(oc.wrap(Z))
    if not isinstance(caught.value, oc.Uncounted):  # NumPy itself has none
        with pytest.raises(type(caught.value)):
            program(Z)
    assert tally.counts == NOTHING


def test_the_check_of_complex_numbers_catches_a_planted_fault():
    check_pairs(*OF_PAIRS["square"])
    with oc.rules({np.square: {"mul": 3, "add": 5}}), pytest.raises(AssertionError):
        check_pairs(*OF_PAIRS["square"])
