"""Each way by which a number could leave its counter: what is said there, and what is recorded."""

import array
import cmath
import collections
import datetime
import fractions
import functools
import io
import itertools
import json
import math
import operator
import pickle
import random
import statistics
import struct
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import opcount as oc

V = oc.wrap(np.array([3.0, 1.0, 2.0], dtype=object))
NOTHING = oc.Counts()
P = np.array([1.0, 2.0, 3.0])

X, N = oc.wrap(1.5), oc.wrap(3)

POINTS_OUT = r"oc\.unwrap\(x\)|np\.|NumPy|operators|two wrapped numbers|new array|\(x \*\* n\) % m|x != 0"

REFUSED = {
    "float(x)": lambda: float(X),
    "int(x)": lambda: int(X),
    "complex(x)": lambda: complex(X),
    "complex(1, x)": lambda: complex(1, X),
    "bool(x)": lambda: bool(X),
    "not x": lambda: not X,
    "x and 1": lambda: X and 1,
    "if x": lambda: 1 if X else 0,
    "any([x])": lambda: any([X]),
    "filter(None, [x])": lambda: list(filter(None, [X])),
    "operator.index(n)": lambda: operator.index(N),
    "range(n)": lambda: range(N),
    "range(0, n)": lambda: range(N),
    "items[n]": lambda: [1, 2, 3, 4][N],
    "items[:n]": lambda: [1, 2, 3, 4][:N],
    "[0] * n": lambda: [0] * N,
    "'a' * n": lambda: "a" * N,
    "'a'.ljust(n)": lambda: "a".ljust(N),
    "itertools.repeat(1, n)": lambda: itertools.repeat(1, N),
    "hex(n)": lambda: hex(N),
    "chr(n)": lambda: chr(N),
    "{x: 1}": lambda: {X: 1},
    "{x}": lambda: {X},
    "n in {3}": lambda: N in {3},
    "hash(x)": lambda: hash(X),
    "collections.Counter([x])": lambda: collections.Counter([X]),
    "functools.cache(f)(x)": lambda: functools.cache(abs)(X),
    "pow(n, 2, 5)": lambda: pow(N, 2, 5),
    "x + 1j": lambda: X + 1j,
    "1j * x": lambda: 1j * X,
    "x / np.complex64(1j)": lambda: X / np.complex64(1j),
    "np.complex128(1j) - x": lambda: np.complex128(1j) - X,
    "x ** 1j": lambda: X**1j,
    "x == 1j": lambda: X == 1j,
    "pickle.dumps(x)": lambda: pickle.dumps(X),
    "pickle.dumps(object array)": lambda: pickle.dumps(V),
    "np.save(file, object array)": lambda: np.save(io.BytesIO(), V),
    "x.as_integer_ratio()": lambda: X.as_integer_ratio(),
    "'%f' % x": lambda: operator.mod("%f", X),
    "math.sin(x)": lambda: math.sin(X),
    "cmath.sqrt(x)": lambda: cmath.sqrt(X),
    "statistics.mean([x])": lambda: statistics.mean([X, X]),
    "statistics.fmean([x])": lambda: statistics.fmean([X, X]),
    "statistics.variance([x])": lambda: statistics.variance([X, X]),
    "random.betavariate(x, x)": lambda: random.betavariate(X, X),
    "random.randrange(n)": lambda: random.randrange(N),
    "random.choices(weights=[x])": lambda: random.choices([1, 2], [X, X]),
    "array.array('d', [x])": lambda: array.array("d", [X]),
    "array.array('i', [n])": lambda: array.array("i", [N]),
    "struct.pack('i', n)": lambda: struct.pack("i", N),
    "np.float64(x)": lambda: np.float64(X),
    "np.float32(x)": lambda: np.float32(X),
    "np.int64(n)": lambda: np.int64(N),
    "np.complex128(x)": lambda: np.complex128(X),
    "np.bool_(x)": lambda: np.bool_(X),
    "np.asarray(x, float)": lambda: np.asarray(X, float),
    "np.array([x], dtype=int)": lambda: np.array([X], dtype=int),
    "object array.astype(float)": lambda: V.astype(float),
    "object array.astype(int)": lambda: V.astype(int),
    "object array.astype(complex)": lambda: V.astype(complex),
    "object array.astype(bool)": lambda: V.astype(bool),
    "np.full(3, x, float)": lambda: np.full(3, X, float),
    "np.full_like(plain, x)": lambda: np.full_like(P, X),
    "np.arange(x)": lambda: np.arange(X),
    "np.zeros((n, n))": lambda: np.zeros((N, N)),
    "np.repeat(plain, n)": lambda: np.repeat(P, N),
    "np.sum(object array, dtype=float)": lambda: np.sum(V, dtype=float),
    "np.any(object array)": lambda: np.any(V),
    "np.nonzero(object array)": lambda: np.nonzero(V),
    "default_rng().normal(x)": lambda: np.random.default_rng(0).normal(X),
}

# Python and NumPy refuse these before they ask the wrapped number, so the words are theirs.
REFUSED_BY_OTHERS = {
    "json.dumps(x)": lambda: json.dumps(X),
    "Fraction(x)": lambda: Fraction(X),
    "Fraction(n, n)": lambda: Fraction(N, N),
    "fractions.Fraction.from_float(x)": lambda: fractions.Fraction.from_float(X),
    "Decimal(x)": lambda: Decimal(X),
    "Decimal.from_float(x)": lambda: Decimal.from_float(X),
    "struct.pack('d', x)": lambda: struct.pack("d", X),
    "bytes(n)": lambda: bytes(N),
    "bytearray(n)": lambda: bytearray(N),
    "'%d' % n": lambda: operator.mod("%d", N),
    "pow(2, n, 5)": lambda: pow(2, N, 5),
    "datetime.timedelta(x)": lambda: datetime.timedelta(X),
    "random.seed(n)": lambda: random.Random().seed(N),
    "plain[n]": lambda: P[N],
    "np.ones(n)": lambda: np.ones(N),
    "np.isfinite(object array)": lambda: np.isfinite(V),
    "np.isnan(object array)": lambda: np.isnan(V),
    "np.allclose(plain, object array)": lambda: np.allclose(P, V),
    "np.copysign(object array, 1)": lambda: np.copysign(V, 1),
    "np.linalg.det(object array)": lambda: np.linalg.det(np.outer(V, V)),
    "np.linalg.solve(object array, plain)": lambda: np.linalg.solve(np.outer(V, V), P),
    "np.fft.fft(object array)": lambda: np.fft.fft(V),
    "np.bincount(object array)": lambda: np.bincount(V),
    "np.random.choice(p=object array)": lambda: np.random.default_rng(0).choice(3, p=V),
    "object array.view(float)": lambda: V.view(float),
    "divmod(object array, 2)": lambda: divmod(V, 2),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_exit_is_refused_with_an_error_that_points_the_way_out(name):
    with pytest.raises(oc.Uncounted, match=POINTS_OUT) as caught:
        REFUSED[name]()
    assert isinstance(caught.value, TypeError) and isinstance(caught.value, oc.OpcountError)


@pytest.mark.parametrize("name", REFUSED_BY_OTHERS)
def test_an_exit_that_others_guard_stays_shut(name):
    with pytest.raises((TypeError, ValueError, IndexError, struct.error)):
        REFUSED_BY_OTHERS[name]()


@pytest.mark.parametrize(
    "write",
    [
        lambda plain: plain.__setitem__(0, X),
        lambda plain: plain.__setitem__(slice(None), V),
        lambda plain: plain.__setitem__([0, 1], X),
        lambda plain: plain.fill(X),
        lambda plain: plain.put([0], X),
        lambda plain: np.copyto(plain, V, casting="unsafe"),
        lambda plain: np.copyto(plain, X),
        lambda plain: np.put(plain, [0], X),
        lambda plain: np.place(plain, plain > 0, [X]),
        lambda plain: np.putmask(plain, plain > 0, X),
        lambda plain: operator.iadd(plain, X),
        lambda plain: operator.imul(plain, V),
        lambda plain: operator.itruediv(plain, X),
        lambda plain: operator.ipow(plain, X),
        lambda plain: np.add(plain, X, out=plain),
        lambda plain: np.add(V, V, out=plain),
        lambda plain: np.add(X, X, out=plain),
        lambda plain: np.tanh(X, out=plain),
        lambda plain: np.less(X, plain, out=plain),
        lambda plain: np.add.at(plain, [0], X),
        lambda plain: np.add.reduce(V, out=plain[:1].reshape(())),
        lambda plain: np.cumsum(V, out=plain),
        lambda plain: np.dot(V, V, out=np.zeros(())),
        lambda plain: np.matmul(V, V.reshape(3, 1), out=np.zeros(1)),
        lambda plain: plain.flat.__setitem__(0, X),
    ],
)
def test_writing_into_a_plain_array_is_refused_and_leaves_it_whole(write):
    plain = P.copy()
    with pytest.raises((TypeError, ValueError)):
        write(plain)
    assert plain.tolist() == P.tolist()


@pytest.mark.parametrize("operation", [operator.iadd, operator.isub, operator.imul, operator.itruediv])
def test_adding_in_place_to_a_plain_array_says_to_make_a_new_one(operation):
    with oc.count() as tally, pytest.raises(oc.Uncounted, match="into a plain array: let it make a new array"):
        operation(P.copy(), X)
    assert tally.counts == NOTHING
