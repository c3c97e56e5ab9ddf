"""Arrays among object arrays and differentiated functions, and in random programs."""

import math
import operator
import threading
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import opcount as oc
from tests.support.arrays import NOTHING, ONE, A, C, I, J, M, V, W, check_like_numpy

# --- mixtures with object arrays and with functions that are differentiated


def test_wrapped_numbers_in_an_object_array_join_a_wrapped_array():
    angles = np.array([W[0], W[1]])
    for program, counts in (
        (lambda a: a @ angles, {"mul": 4, "add": 2}),
        (lambda a: angles @ a, {"mul": 4, "add": 2}),
        (lambda a: a[0] + angles, {"add": 2}),
        (lambda a: angles - a[0], {"sub": 2}),
        (lambda a: np.arctan2(a[0], angles), {"arctan2": 2}),
        (lambda a: np.dot(a, angles), {"mul": 4, "add": 2}),
        (lambda a: operator.imul(a[0], angles), {"mul": 2}),
    ):
        with oc.count() as tally:
            result = program(oc.wrap(np.eye(2)))
        assert type(result) is oc.Array and tally.counts == counts


def test_integers_among_objects_do_not_overflow():
    assert oc.unwrap(oc.wrap(np.array([2**62])) * np.array([4], dtype=object)).tolist() == [2**64]


def test_objects_among_arrays():
    numbers = np.array([1.0, 2.0], dtype=object)
    halves = np.array([Fraction(1, 2), Fraction(1, 3)], dtype=object)
    target = oc.wrap(np.zeros(2))
    for values in (numbers, halves):
        with oc.count() as tally:
            product = oc.wrap(np.array([2, 3])) * values
        assert oc.unwrap(product).tolist() == [2 * values[0], 3 * values[1]] and tally.counts == oc.Counts(mul=2)
        with pytest.raises(TypeError):  # NumPy casts no objects to numbers
            np.add(values, 1, out=target)
        with pytest.raises(oc.Uncounted):
            np.add.at(target, [0, 1], values)
        assert oc.unwrap(target).tolist() == [0, 0]
    target[:] = numbers
    target[1:] = np.array([oc.wrap(5.0)], dtype=object)
    target[:1] = [oc.wrap(4)]
    assert oc.unwrap(target).tolist() == [4, 5]
    with pytest.raises(oc.Uncounted, match="cannot hold fractions"):
        target[0] = oc.wrap(Fraction(1, 2))


@pytest.mark.parametrize(
    "leave",
    [lambda: W.astype("m8[s]"), lambda: J.astype(str), lambda: W.view("S8"), lambda: J * np.timedelta64(1, "s")],
)
def test_what_is_no_array_of_numbers_any_more_has_left(leave):
    with pytest.raises(oc.Uncounted, match=r"are not counted: use oc\.unwrap"):
        leave()
    with oc.count(uncounted="record") as tally:
        assert type(leave()) is np.ndarray
    assert [exit.elements for exit in tally.uncounted] == [3]


def test_a_view_is_an_array_whichever_class_is_asked_for():
    for view in (W.view(oc.Array), W.view(np.ndarray), W.view(type=np.ndarray), W.view(W.dtype, np.ndarray)):
        assert type(view) is oc.Array and np.shares_memory(view, W)
    assert W[0].astype(object) == 3


def test_a_python_function_made_a_ufunc_counts_what_it_executes_on_each_element():
    with oc.count() as tally:
        result = np.frompyfunc(lambda x, y: x * x + y, 2, 1)(oc.wrap(V), 1)
    assert oc.unwrap(result).tolist() == [10, 2, 5] and tally.counts == oc.Counts(mul=3, add=3)


def test_a_wrapped_array_as_data_of_a_function_that_is_differentiated():
    data = oc.wrap(A)
    g = oc.gradient(lambda w: np.sum(np.tanh(data @ w)), V)
    plain = oc.gradient(lambda w: np.sum(np.tanh(A @ w)), V)
    np.testing.assert_array_equal(g.gradient, plain.gradient)
    assert g.phases["accumulation"] == plain.phases["accumulation"]


def test_a_wrapped_array_is_differentiated_as_the_plain_one():
    def f(p):
        return np.sum(p["w"] * p["w"]) * p["a"]

    x = {"w": V, "a": 2.0}
    for method in oc.METHODS:
        g, plain = oc.gradient(f, oc.wrap(x), method), oc.gradient(f, x, method)
        np.testing.assert_array_equal(g.gradient["w"], plain.gradient["w"])
        assert g.gradient["a"] == plain.gradient["a"] and g.phases == plain.phases
    assert oc.trace(f, oc.wrap(x)).paths() == oc.trace(f, x).paths() == [2, 1]
    assert oc.trace(f, oc.wrap(x), granularity="scalar").paths() == [2, 2, 2, 1]
    assert oc.compare(f, oc.wrap(x)).equals(oc.compare(f, x))


def test_a_constant_array_is_no_number_to_differentiate():
    for f in (lambda x: W, lambda x: [W], lambda x: oc.wrap(V)):
        with pytest.raises(oc.InvalidType, match="a gradient is that of one number"):
            oc.gradient(f, 1.0)
    assert oc.gradient(lambda x: W[0], 1.0).gradient == oc.gradient(lambda x: ONE, 1.0).gradient == 0.0


@pytest.mark.parametrize(
    ("program", "counts"),
    [
        (lambda x, m: np.add(V, V, out=x), {}),
        (lambda x, m: np.add(x, V, out=x), {"add": 3}),
        (lambda x, m: np.sum(V, out=x[:1].reshape(())), {}),
        (lambda x, m: np.cumsum(x, out=x), {"add": 2}),
        (lambda x, m: np.cumsum(V, 0, None, x), {}),
        (lambda x, m: np.add.accumulate(x, axis=None), {"add": 2}),
        (lambda x, m: np.add.reduceat(x, [0, 2], axis=(-1,)), {"add": 1}),
        (lambda x, m: np.sum(V, where=m), {}),
        (lambda x, m: np.sum(x, where=m), {"add": 1}),
        (lambda x, m: np.where(m, V, 0), {}),
        (lambda x, m: x**True, {}),
        (lambda x, m: x ** np.array([True, False, True]), {}),
        (lambda x, m: m.__setitem__(..., x), {"ne": 3}),
        (lambda x, m: m.__setitem__(0, x[0]), {"ne": 1}),
        (lambda x, m: m.__setitem__(..., x > 1), {"gt": 3}),
    ],
)
def test_what_is_computed_of_plain_data_is_not_counted_and_what_becomes_a_truth_value_is(program, counts):
    x, m = oc.wrap(V), oc.wrap(V > 1)
    with oc.count() as tally:
        program(x, m)
    assert tally.counts == counts


def test_a_cast_to_truth_values_inside_a_function_is_refused():
    for program in (
        lambda: np.copyto(oc.wrap(V > 1), W, casting="unsafe"),
        lambda: np.concatenate([W, W], dtype=bool, casting="unsafe"),
        lambda: oc.wrap(C).astype(bool),
    ):
        with oc.count() as tally, pytest.raises(oc.Uncounted, match=r"!= 0|oc\.unwrap"):
            program()
        assert tally.counts == NOTHING
    np.copyto(oc.wrap(V > 1), M)


def test_functions_of_functions_and_the_dtype_of_a_covariance_are_numpys():
    check_like_numpy(lambda n: np.piecewise(n, np.array([1, 0, 1]), [7]), I)
    check_like_numpy(lambda n: np.piecewise(n, [n < 2, n > 2], [lambda x: -x, lambda x: x * x]), I)
    for dtype in (np.float32, np.float64):
        check_like_numpy(lambda a, dtype=dtype: [np.cov(a, dtype=dtype), np.corrcoef(a, dtype=dtype)], A * A)


def test_an_operation_that_numpy_refuses_is_not_counted():
    v = oc.wrap(V)
    programs = [lambda: v + np.ones(2), lambda: v @ np.ones(2), lambda: np.sum(v, axis=3), lambda: v.reshape(2),
                lambda: np.stack([v, v[:2]]), lambda: np.einsum("ij", v), lambda: oc.wrap(I) ** -1,
                lambda: operator.iadd(oc.wrap(I), 0.5), lambda: np.bitwise_and(v, 1), lambda: v + "a"]  # fmt: skip
    with oc.count() as tally:
        for program in programs:
            with pytest.raises((TypeError, ValueError)):
                program()
    assert tally.counts == NOTHING and tally.uncounted == ()


def test_nothing_is_kept_of_an_operation():
    x = oc.wrap(np.ones(8))

    def work(times):
        with oc.count() as tally:
            for _ in range(times):
                y = x * x + x
        return tally.counts, y

    work(100)
    tracemalloc.start()
    try:
        work(100)
        few = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        counts, _ = work(10_000)
        many = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert counts == oc.Counts(mul=80_000, add=80_000)
    assert many < few + 20_000


def test_threads_that_share_a_count_lose_nothing():
    import contextvars

    x = oc.wrap(np.ones(3))

    def work():
        for _ in range(2000):
            x + x

    with oc.count() as tally:
        threads = [threading.Thread(target=contextvars.copy_context().run, args=(work,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert tally.counts == oc.Counts(add=4 * 2000 * 3)


# --- random programs: a whole array counts what an object array of Scalars executes


UNARY = [
    np.tanh, np.exp, np.sin, operator.neg, abs, np.square, lambda x: x**3, lambda x: x**-1, lambda x: 1 / (2 + x * x),
    lambda x: x.T, lambda x: x.ravel(), lambda x: x[::-1], lambda x: x[..., :1], lambda x: x.reshape(-1, 1),
    lambda x: np.sum(x, axis=0), lambda x: x.mean(axis=-1), lambda x: np.var(x, axis=0), lambda x: x.sum(keepdims=True),
    lambda x: np.cumsum(x, axis=-1), lambda x: np.where(x > 0.5, x, 0.5 * x), lambda x: np.prod(x, axis=0),
    lambda x: x / np.sqrt(np.sum(x * x) + 1), lambda x: x * (x > 0.5), lambda x: np.diff(x, axis=0, prepend=1.0),
    lambda x: np.concatenate([x, 2 * x]), lambda x: np.stack([x, x]).sum(axis=0), lambda x: x - np.mean(x),
    lambda x: np.tile(x, 2), lambda x: np.expand_dims(x, 0), lambda x: np.swapaxes(x, 0, -1), lambda x: np.outer(x, x),
    lambda x: np.linalg.norm(x, axis=0), lambda x: np.trapezoid(x, axis=0),
    lambda x: np.average(x, axis=0), lambda x: np.add.outer(x, 2.0), lambda x: np.multiply.accumulate(x, axis=0),
]  # fmt: skip
BINARY_STEPS = [
    operator.add, operator.sub, operator.mul, lambda x, y: x / (2 + y * y), np.arctan2, np.hypot, lambda x, y: x @ y,
    lambda x, y: np.dot(x, y), lambda x, y: np.inner(x, y), lambda x, y: x[0] * y, lambda x, y: np.tensordot(x, y, 1),
    lambda x, y: np.kron(x, y),
]  # fmt: skip


@st.composite
def array_programs(draw):
    """Steps that were tried on plain arrays: those that NumPy takes, and that keep the numbers small and few."""
    shape = draw(st.sampled_from([(3,), (2, 3), (1, 2), (2, 2), (4, 1)]))
    start = [np.linspace(0.3, 1.1, math.prod(shape)).reshape(shape), np.linspace(0.9, 0.2, shape[-1])]
    pool, steps = list(start), []
    for _ in range(draw(st.integers(3, 9))):
        unary = draw(st.booleans())
        step = draw(st.sampled_from(UNARY if unary else BINARY_STEPS))
        places = [draw(st.integers(max(0, len(pool) - 4), len(pool) - 1)) for _ in range(1 if unary else 2)]
        try:
            with np.errstate(all="ignore"):
                result = np.asarray(step(*(pool[place] for place in places)))
        except (ValueError, TypeError, IndexError):
            continue
        if 0 < result.size <= 40 and result.ndim in (1, 2, 3) and np.all((abs(result) < 50) & (abs(result) > 1e-3)):
            pool.append(result)
            steps.append((step, places))
    return start, steps


def run_steps(start, steps):
    pool = list(start)
    with oc.count() as tally:
        for step, places in steps:
            pool.append(step(*(pool[place] for place in places)))
    return pool, tally.counts


def check_program(program):
    start, steps = program
    arrays, counts = run_steps(list(map(oc.wrap, start)), steps)
    objects, truth = run_steps([oc.wrap(x.astype(object)) for x in start], steps)
    assert counts == truth
    for whole, numbers in zip(arrays, objects, strict=True):
        np.testing.assert_allclose(oc.unwrap(whole), np.asarray(oc.unwrap(numbers), float), rtol=1e-10, atol=1e-12)


@given(array_programs())
@settings(derandomize=True, max_examples=300, suppress_health_check=list(HealthCheck))
def test_a_random_program_counts_the_same_on_arrays_and_on_objects(program):
    check_program(program)


@pytest.mark.slow
@given(array_programs())
@settings(derandomize=True, max_examples=4000, suppress_health_check=list(HealthCheck))
def test_thousands_of_random_programs_count_the_same_on_arrays_and_on_objects(program):
    check_program(program)


def test_the_check_of_random_programs_catches_a_rule_that_is_off_by_one():
    program = [V], [(lambda x: np.cumsum(x, axis=-1), [0])]
    check_program(program)
    with oc.rules({np.cumsum: lambda a, axis=None: {"add": a.size}}), pytest.raises(AssertionError):
        check_program(program)
