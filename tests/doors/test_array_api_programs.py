"""Random programs on the array API namespace: what they count, beside loops over wrapped numbers, and their values."""

from __future__ import annotations

import operator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import opcount as oc
import opcount.array_api as xp
from analysis.array_api import loops
from analysis.array_api.arrays import WHOLE
from opcount.array_api import array
from tests.support.faults import planted

SHAPES = ((), (1,), (3,), (2, 3), (2, 1), (4, 2, 3))
ONE = ["negative", "abs", "square", "sqrt", "exp", "sin", "floor", "sign", "isfinite", "isnan"]
TWO = [
    "add",
    "subtract",
    "multiply",
    "divide",
    "maximum",
    "minimum",
    "less",
    "greater_equal",
    "not_equal",
    "atan2",
    "hypot",
]
OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.lt, operator.eq]
REDUCTIONS = ["sum", "prod", "max", "min", "mean", "var", "std", "cumulative_sum", "any", "argmax"]
MOVES = {
    "flip": lambda xp, x: xp.flip(x),
    "reshape": lambda xp, x: xp.reshape(x, (-1,)),
    "expand_dims": lambda xp, x: xp.expand_dims(x, axis=0),
    "stack": lambda xp, x: xp.stack([x, x]),
    "part": lambda xp, x: x[..., None],
    "tril": lambda xp, x: xp.tril(x) if x.ndim > 1 else x,
    "where": lambda xp, x: xp.where(x > 0.5, x, 0.5),
    "clip": lambda xp, x: xp.clip(x, 0.0, 1.0),
    "product": lambda xp, x: x @ xp.permute_dims(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2)) if x.ndim > 1 else x,
    "norm": lambda xp, x: xp.linalg.vector_norm(x),
    "powers": lambda xp, x: x**3 + 2.0**x,
    "written": lambda xp, x: _written(xp.zeros(x.shape), x),
    "added": lambda xp, x: _added(xp.ones(x.shape), x),
    "asked": lambda xp, x: x * 2.0 if bool(xp.any(x > 1.0)) else x + xp.zeros_like(x),
}


def _written(out, x):
    out[...] = x
    return out + out


def _added(out, x):
    out += x
    return out * 2.0


steps = st.lists(
    st.one_of(
        st.tuples(st.just("one"), st.sampled_from(ONE), st.integers(0, 9)),
        st.tuples(st.just("two"), st.sampled_from(TWO), st.integers(0, 99)),
        st.tuples(st.just("operator"), st.sampled_from(OPERATORS), st.integers(0, 99)),
        st.tuples(st.just("reduction"), st.sampled_from(REDUCTIONS), st.integers(0, 9)),
        st.tuples(st.just("move"), st.sampled_from(sorted(MOVES)), st.integers(0, 9)),
    ),
    min_size=1,
    max_size=8,
)


def run(program, wrapped, xp):
    """The arrays that a program makes on a namespace."""
    rng = np.random.default_rng(5)
    data = [np.round(rng.uniform(0.25, 2.0, shape), 2) for shape in SHAPES]
    made = [xp.wrap(values) if wrapped >> index & 1 else xp.asarray(values) for index, values in enumerate(data)]
    for kind, name, index in program:
        x, y = made[index % len(made)], made[index // 10 % len(made)]
        if x.dtype != float or y.dtype != float:
            continue
        if kind == "one":
            made.append(getattr(xp, name)(x))
        elif kind == "two" and _fit(x, y):
            made.append(getattr(xp, name)(x, y))
        elif kind == "operator" and _fit(x, y):
            made.append(name(x, y))
        elif kind == "reduction":
            made.append(getattr(xp, name)(x, axis=-1) if x.ndim else x)
        elif kind == "move" and x.size < 200:
            made.append(MOVES[name](xp, x))
    return made


def _fit(x, y):
    try:
        return np.prod(np.broadcast_shapes(x.shape, y.shape)) < 200
    except ValueError:
        return False


def check(program, wrapped):
    with np.errstate(all="ignore"):
        with oc.count() as tally:
            made = run(program, wrapped, xp)
        whole = WHOLE.set(True)
        try:
            with oc.count() as expected:
                by_loops = run(program, wrapped, loops)
        finally:
            WHOLE.reset(whole)
    assert tally.counts == expected.counts
    for one, other in zip(made, by_loops, strict=True):
        np.testing.assert_array_equal(oc.unwrap(one), other.plain, strict=True)


@settings(max_examples=60)
@given(steps, st.integers(0, 63))
def test_a_program_counts_what_loops_over_wrapped_numbers_count(program, wrapped):
    check(program, wrapped)


@pytest.mark.slow
@settings(max_examples=5000)
@given(steps, st.integers(0, 63))
def test_many_programs_count_what_loops_over_wrapped_numbers_count(program, wrapped):
    check(program, wrapped)


# --- the check itself


PROGRAM = [
    ("operator", operator.mul, 34),
    ("move", "part", 3),
    ("one", "exp", 7),
    ("one", "sin", 6),
    ("move", "written", 3),
    ("one", "exp", 2),
    ("one", "sin", 11),
]
"""A product of a wrapped array and constant data, its sine, the exponential of a part; and of constant data."""

FAULTS = {
    "wrapped values go to NumPy": {"inner": lambda value, found: getattr(value, "_held", value)},
    "everything is wrapped": {
        "made": lambda result, sources: array.Array(np.asarray(oc.unwrap(result)), array.Memory(True))
    },
    "nothing that was made is wrapped": {
        "made": lambda result, sources: array.Array(np.asarray(oc.unwrap(result)), array.Memory(False))
    },
}


def test_the_program_of_the_faults_is_counted():
    check(PROGRAM, 0b001000)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_seen(fault):
    with planted(array, **FAULTS[fault]), pytest.raises(AssertionError):
        check(PROGRAM, 0b001000)


@pytest.mark.parametrize(
    "fault",
    [
        {"_part": lambda self, held: array.Array(held, array.Memory(False))},
        {"__setitem__": lambda self, key, value: self._held.__setitem__(key, oc.unwrap(value))},
    ],
    ids=["a part is constant", "what is written is constant"],
)
def test_a_planted_fault_of_memory_is_seen(fault):
    with planted(array.Array, **fault), pytest.raises(AssertionError):
        check(PROGRAM, 0b001000)
