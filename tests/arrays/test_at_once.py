"""Operations on whole arrays, counted in one step: with a budget as without, in threads, and when they raise."""

import operator
import sys
import threading

import numpy as np
import pytest

import opcount as oc
from opcount.wrapping.operations import OPERATIONS, replaced

V = np.linspace(0.5, 2.0, 6)
M = V.reshape(2, 3)
CALLS = {
    "add": (lambda v, m: v + v, {"add": 6}),
    "broadcast": (lambda v, m: m[:, None] * m, {"mul": 12}),
    "number first": (lambda v, m: 2.0 - v, {"sub": 6}),
    "tanh": (lambda v, m: np.tanh(v), {"tanh": 6}),
    "maximum": (lambda v, m: np.maximum(m, m[0]), {"maximum": 6}),
    "absolute": (lambda v, m: abs(v), {"abs": 6}),
    "comparison": (lambda v, m: v < 1, {"lt": 6}),
    "mask": (lambda v, m: np.where(v > 1, v, 0), {"gt": 6}),
    "power": (lambda v, m: v**3, {"mul": 12}),
    "inverse power": (lambda v, m: v**-2, {"mul": 6, "div": 6}),
    "product": (lambda v, m: m @ m.T, {"mul": 12, "add": 8}),
    "vectors": (lambda v, m: v @ v, {"mul": 6, "add": 5}),
    "sum": (lambda v, m: v.sum(), {"add": 5}),
    "sum of columns": (lambda v, m: m.sum(axis=0), {"add": 3}),
    "sum over axes": (lambda v, m: np.sum(m, axis=(0, 1), keepdims=True), {"add": 5}),
    "max": (lambda v, m: m.max(axis=-1), {"maximum": 4}),
    "mean": (lambda v, m: np.mean(m, axis=1), {"add": 4, "div": 2}),
    "mean of all": (lambda v, m: m.mean(), {"add": 5, "div": 1}),
    "mean over no axis": (lambda v, m: m.mean(axis=()), {"div": 6}),
    "mean, kept": (lambda v, m: m.mean((0, 1), keepdims=True), {"add": 5, "div": 1}),
    "norm": (lambda v, m: np.linalg.norm(v), {"mul": 6, "add": 5, "sqrt": 1}),
    "norm of all": (lambda v, m: np.linalg.norm(m.T), {"mul": 6, "add": 5, "sqrt": 1}),
    "norm, kept": (lambda v, m: np.linalg.norm(m, keepdims=True), {"mul": 6, "add": 5, "sqrt": 1}),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("dtype", [float, np.float32])
def test_a_budget_changes_neither_counts_nor_values_and_refuses_one_operation_less(name, dtype):
    call, expected = CALLS[name]
    v, m = V.astype(dtype), M.astype(dtype)
    wrapped = oc.wrap(v), oc.wrap(m)
    with oc.count() as free:
        value = oc.unwrap(call(*wrapped))
    total = sum(expected.values())
    with oc.count(budget=total) as limited:
        again = oc.unwrap(call(*wrapped))
    assert free.counts == limited.counts == expected
    for found in (value, again):
        np.testing.assert_array_equal(found, call(v, m), strict=True)
    with pytest.raises(oc.BudgetExceeded), oc.count(budget=total - 1) as less:
        call(*wrapped)
    assert less.counts.total < total


@pytest.mark.parametrize("in_place", [operator.iadd, operator.imul, operator.isub, operator.itruediv])
def test_what_a_budget_refuses_is_not_written(in_place):
    v = oc.wrap(V)
    with pytest.raises(oc.BudgetExceeded), oc.count(budget=5):
        in_place(v, 2.0)
    np.testing.assert_array_equal(oc.unwrap(v), V)
    with oc.count(budget=6) as tally:
        in_place(v, 2.0)
    assert tally.counts.total == 6
    np.testing.assert_array_equal(oc.unwrap(v), in_place(V.copy(), 2.0))


@pytest.mark.parametrize("budget", [None, 100])
def test_what_raises_counts_nothing(budget):
    v, m, zeros = oc.wrap(V), oc.wrap(M), oc.wrap(np.zeros(3))
    with oc.count(budget) as tally:
        for call in (
            lambda: v + m,
            lambda: v < m,
            lambda: v @ m,
            lambda: m @ m,
            lambda: np.maximum(v, m),
            lambda: operator.iadd(v, m),
            lambda: m.sum(axis=2),
            lambda: np.mean(m, axis=2),
        ):
            with pytest.raises(ValueError, match=r"shape|mismatch|out of bounds"):
                call()
        with np.errstate(all="raise"):
            for call in (lambda: v / 0.0, lambda: operator.itruediv(v, 0.0), lambda: np.log(zeros)):
                with pytest.raises(FloatingPointError):
                    call()
    assert not tally.counts


@pytest.mark.parametrize("budget", [None, 10**6])
def test_a_replaced_row_is_seen_in_every_step(budget):
    v = oc.wrap(V)
    with (
        replaced(
            lt=OPERATIONS.lt._replace(kind="ge", python=operator.ge),
            tanh=OPERATIONS.tanh._replace(kind="sin", ufunc=np.sin),
            add=OPERATIONS.add._replace(kind="sub"),
        ),
        oc.count(budget) as tally,
    ):
        truths, sines, sums = v < 1, np.tanh(v), v.sum()
    assert tally.counts == {"ge": 6, "sin": 6, "sub": 5}
    np.testing.assert_array_equal(oc.unwrap(truths), V >= 1)
    np.testing.assert_array_equal(oc.unwrap(sines), np.sin(V))
    assert oc.unwrap(sums) == V.sum()


@pytest.mark.parametrize("budget", [None, 10**9])
def test_threads_lose_no_operation(budget):
    v, m = oc.wrap(V), oc.wrap(M)
    times = 300

    def work():
        for _ in range(times):
            v + v
            np.less(v, 1)
            np.tanh(v)
            m @ m.T
            v.sum()

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with oc.count() as outer, oc.count(budget) as inner:
            threads = [threading.Thread(target=oc.propagate(work)) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(before)
    n = 4 * times
    assert outer.counts == inner.counts == {"add": (6 + 8 + 5) * n, "lt": 6 * n, "tanh": 6 * n, "mul": 12 * n}


@pytest.mark.parametrize("name", CALLS)
def test_a_thread_that_nobody_counts_is_refused(name):
    call, _ = CALLS[name]
    refused = []

    def work():
        try:
            call(oc.wrap(V), oc.wrap(M))
        except oc.Uncounted as error:
            refused.append(error)

    with oc.count() as tally:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert len(refused) == 1 and not tally.counts


def test_truth_values_and_complex_numbers_go_the_general_way():
    mask, z = oc.wrap(V > 1), oc.wrap(V + 1j)
    with oc.count() as tally:
        both = mask & mask
        masked = mask * oc.wrap(V)
        product = z * z
    assert tally.counts == {"mul": 6 + 24, "add": 6, "sub": 6}
    np.testing.assert_array_equal(oc.unwrap(both), V > 1)
    np.testing.assert_array_equal(oc.unwrap(masked), (V > 1) * V)
    np.testing.assert_array_equal(oc.unwrap(product), (V + 1j) * (V + 1j))


def test_a_warning_of_numpys_is_given_once():
    z = oc.wrap(np.array([1e300 + 0j]))
    with oc.count(), pytest.warns(RuntimeWarning) as warned:
        z @ z
    assert len(warned) == 1


def test_a_rule_of_the_users_is_seen_where_a_norm_or_a_mean_is_counted_at_once():
    v = oc.wrap(V)
    with oc.rules({np.dot: lambda a, b, out=None: {"exp": 1}}), oc.count() as tally:
        np.linalg.norm(v)
    assert tally.counts == {"exp": 1, "sqrt": 1}
    with oc.rules({np.mean: lambda a, *_, **__: {"exp": 2}}), oc.count() as tally:
        v.mean(), np.mean(v)
    assert tally.counts == {"exp": 4}


@pytest.mark.parametrize("shape", [(1,), (5,), (3, 4), (2, 3, 2)])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i4", "u1"])
def test_means_and_norms_are_those_of_numpys_loops_over_objects(shape, dtype):
    plain = np.random.default_rng(len(shape)).uniform(0, 9, shape).astype(dtype)
    objects = np.array([oc.wrap(each) for each in plain.astype(float).flat], dtype=object).reshape(shape)
    for axis in (None, *range(len(shape)), tuple(range(len(shape)))):
        with oc.count() as ours:
            found = oc.unwrap(oc.wrap(plain).mean(axis))
        with oc.count() as loops:
            np.mean(objects, axis)
        assert ours.counts == loops.counts
        np.testing.assert_array_equal(found, plain.mean(axis), strict=True)
    with oc.count() as ours:
        found = oc.unwrap(np.linalg.norm(oc.wrap(plain)))
    with oc.count() as loops:
        np.sqrt(np.dot(objects.ravel(), objects.ravel()))
    assert ours.counts == loops.counts
    np.testing.assert_array_equal(found, np.linalg.norm(plain), strict=True)


@pytest.mark.parametrize("function", [np.sum, np.prod, np.max, np.mean])
def test_no_value_is_as_nothing_given(function):
    assert oc.unwrap(function(oc.wrap(V), keepdims=np._NoValue)) == function(V)
