"""Threads that nobody counts, propagate, record and paused."""

import asyncio
import contextlib
import gc
import pickle
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import opcount as oc

ROOT = Path(__file__).parents[2]
X, S = oc.wrap(np.array([1.0, 2.0, 3.0])), oc.wrap(2.0)

NOTHING = oc.Counts()


def in_a_thread(work, *args):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work, *args).result()


def spread(propagate):
    """The sum of scaled copies, computed by two threads."""

    def f(x):
        with ThreadPoolExecutor(2) as pool:
            return sum(pool.map(propagate(lambda factor: np.sum(x * factor)), range(4)))

    return f


# --- threads that nobody counts


OPERATIONS = {
    "number * number": lambda x, s: s * s,
    "number + 1": lambda x, s: s + 1,
    "number ** 3": lambda x, s: s**3,
    "number ** number": lambda x, s: s**s,
    "number > 0": lambda x, s: s > 0,
    "tanh of a number": lambda x, s: np.tanh(s),
    "floor": lambda x, s: s // 1,
    "of a Fraction": lambda x, s: oc.wrap(Fraction(1, 2)) * 2,
    "array * array": lambda x, s: x * x,
    "array += 1": lambda x, s: x.__iadd__(1),
    "array ** 2": lambda x, s: x**2,
    "array @ array": lambda x, s: x @ x,
    "plain @ array": lambda x, s: np.eye(3) @ x,
    "tanh of an array": lambda x, s: np.tanh(x),
    "np.add(out=)": lambda x, s: np.add(x, 1, out=x),
    "np.add.at": lambda x, s: np.add.at(x, [0], 1),
    "a sum": lambda x, s: np.sum(x),
    "a mean": lambda x, s: np.mean(x),
    "a composition": lambda x, s: np.diff(x),
    "a norm": lambda x, s: np.linalg.norm(x),
    "a cast": lambda x, s: x.astype(bool),
    "a truth that is written": lambda x, s: oc.wrap(np.zeros(3, bool)).__setitem__(0, s),
    "an object array": lambda x, s: np.array([s, s]) * 2,
    "what was recorded": lambda x, s: oc.record({"mul": 2}),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_in_a_thread_that_nobody_counts_is_refused(name):
    x = oc.wrap(oc.unwrap(X))
    with oc.count() as tally, pytest.raises(oc.Uncounted, match=r"oc\.propagate\(f\).*oc\.paused\(\)"):
        in_a_thread(OPERATIONS[name], x, S)
    assert tally.counts == NOTHING and np.array_equal(oc.unwrap(x), oc.unwrap(X))
    in_a_thread(OPERATIONS[name], x, S)  # where no count is open anything goes


def test_what_executes_nothing_is_free_in_any_thread():
    def work():
        return (
            np.reshape(X, (3, 1)),
            X[1:],
            np.concatenate([X, X]),
            np.zeros_like(X),
            X.shape,
            np.argmax(oc.wrap(np.array([True]))),
        )

    with oc.count() as tally:
        in_a_thread(work)
    assert tally.counts == NOTHING


@pytest.mark.parametrize("name", OPERATIONS)
def test_such_an_operation_is_listed_where_exits_are(name):
    with oc.count(uncounted="record") as tally:
        in_a_thread(OPERATIONS[name], oc.wrap(oc.unwrap(X)), S)
    with oc.count() as expected:
        OPERATIONS[name](oc.wrap(oc.unwrap(X)), S)
    assert tally.counts == NOTHING and expected.counts.total > 0
    (exit,) = tally.uncounted
    assert "nobody counts" in exit.door and exit.elements == expected.counts.total


def test_a_count_that_refuses_decides_among_several():
    with oc.count(uncounted="record") as lenient, oc.count(uncounted="refuse"), pytest.raises(oc.Uncounted):
        in_a_thread(OPERATIONS["array * array"], X, S)
    assert lenient.uncounted == ()


def test_a_thread_that_counts_for_itself_is_not_asked():
    with oc.count() as here:
        there = in_a_thread(lambda: oc.measure(lambda v: v * v, 3.0))
        gradients = in_a_thread(lambda: [oc.gradient(lambda v: v * v, 3.0, method=name) for name in oc.METHODS])
    assert here.counts == NOTHING and there.counts == {"mul": 1}
    assert [round(g.gradient, 6) for g in gradients] == [6.0] * len(oc.METHODS)


@pytest.mark.parametrize("granularity", ["array", "scalar"])
def test_gradients_jacobians_and_laws_of_a_thread_need_no_count_of_its_own(granularity):
    def work():
        f = lambda x: np.sum(np.tanh(x) * x[0] + np.mean(x))  # noqa: E731
        for method in oc.METHODS:
            oc.gradient(f, np.ones(3), method=method, granularity=granularity)
        oc.compare(f, np.ones(3), granularity=granularity)
        oc.jacobian(lambda x: [x[0] * x[1], x[0]], [1.0, 2.0])
        oc.law(np.sum, range(1, 8), make=np.ones)

    with oc.count() as tally:
        in_a_thread(work)
    assert tally.counts == NOTHING


def test_what_is_spread_over_threads_is_refused_everywhere():
    f = spread(lambda g: g)
    for program in (
        lambda: oc.measure(f, np.ones(10)),
        lambda: oc.law(f, range(1, 8), make=np.ones),
    ):
        with pytest.raises(oc.OpcountError) as caught:
            program()
        assert any(isinstance(error, oc.Uncounted) for error in (caught.value, caught.value.__cause__))


# --- propagate


def test_a_function_is_counted_for_whoever_propagated_it():
    f = spread(oc.propagate)
    assert oc.measure(f, np.ones(10)).counts == {"mul": 40, "add": 40}
    assert str(oc.law(f, range(1, 8), make=np.ones)) == "8n"
    with pytest.raises(oc.BudgetExceeded), oc.count(budget={"mul": 25}):
        f(oc.wrap(np.ones(10)))


def test_it_goes_to_every_count_and_region_that_is_in_force_where_it_is_made():
    with oc.count() as outer, oc.count() as inner, oc.region("a"):
        g = oc.propagate(lambda: S * S)
        with oc.region("b"):
            in_a_thread(g)
    assert outer.counts == inner.counts == {"mul": 1}
    assert outer.regions == inner.regions == {"a": {"mul": 1}, "a/b": {}}
    with oc.count() as other:
        in_a_thread(g)
        g()
    assert inner.counts == {"mul": 3} and other.counts == NOTHING


def test_several_threads_at_once_lose_nothing():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with oc.count() as tally, ThreadPoolExecutor(8) as pool:
            list(pool.map(oc.propagate(lambda i: [(S * S + i, X * X) for _ in range(200)]), range(16)))
    finally:
        sys.setswitchinterval(before)
    assert tally.counts == {"mul": 16 * 200 * 4, "add": 16 * 200}


def test_coroutines_are_propagated_too():
    async def work():
        await asyncio.sleep(0)
        return S * S

    async def main(g):
        return await g()

    with oc.count() as tally:
        g = oc.propagate(work)
    with oc.count() as other:
        asyncio.run(main(g))
    assert tally.counts == {"mul": 1} and other.counts == NOTHING


def test_where_nobody_counts_a_function_is_propagated_as_it_is():
    def g():
        return S * S

    assert oc.propagate(g) is g
    with oc.count(), oc.paused():
        silent = oc.propagate(g)
    with oc.count() as tally:
        silent()
    assert silent.__name__ == "g" and tally.counts == NOTHING


@pytest.mark.parametrize("f", [3, None, "f", lambda: (yield), (x for x in ())])
def test_what_cannot_be_propagated_is_refused(f):
    with pytest.raises(oc.InvalidType, match="propagate: f must be a function"):
        oc.propagate(f)


def test_a_method_is_propagated_with_the_object_it_is_of():
    with oc.count() as tally:

        class Model:
            product = oc.propagate(lambda self, factor: S * factor)

    in_a_thread(Model().product, 3)
    assert tally.counts == {"mul": 1}


def test_a_propagated_function_is_not_sent_to_another_process():
    with oc.count(), pytest.raises(oc.Uncounted, match=r"oc\.measure there.*oc\.record"):
        pickle.dumps(oc.propagate(np.sum))


# --- record, and other processes


def test_recorded_counts_are_those_of_whoever_counts():
    with oc.count() as outer, oc.region("kernel"), oc.count() as inner:
        oc.record({"mul": 10, "add": 9})
        oc.record(oc.Counts(mul=1))
    assert inner.counts == outer.counts == outer.regions["kernel"] == {"mul": 11, "add": 9}
    oc.record({"mul": 10})  # nobody is counting


def test_recorded_counts_keep_to_the_budget_all_or_none():
    with oc.count(budget={"mul": 10}) as tally:
        oc.record({"add": 3})
        with pytest.raises(oc.BudgetExceeded):
            oc.record({"mul": 11, "add": 1})
    assert tally.counts == {"add": 3}


@pytest.mark.parametrize(
    ("counts", "error", "message"),
    [
        ({"mull": 1}, oc.InvalidValue, "not a kind"),
        ({"mul": -1}, oc.InvalidValue, "0 or more"),
        ({"mul": 1.5}, oc.InvalidType, "integer"),
        (3, oc.InvalidType, "mapping"),
        ([("mul", 3)], oc.InvalidType, "mapping"),
    ],
)
def test_what_are_no_counts_is_not_recorded(counts, error, message):
    with oc.count() as tally, pytest.raises(error, match=message):
        oc.record(counts)
    assert tally.counts == NOTHING


def measured(n):
    found = oc.measure(np.sum, np.ones(n))
    return found.value, found.counts


def test_the_counts_of_a_process_pool_are_recorded_here():
    with oc.count() as tally, ProcessPoolExecutor(2) as pool:
        for value, counts in pool.map(measured, [3, 4, 5]):
            oc.record(counts)
            assert value in (3, 4, 5)
    assert tally.counts == {"add": 2 + 3 + 4}


# --- paused


def test_what_runs_in_a_pause_is_nobodys():
    with oc.count(budget=2) as outer, oc.region("a"), oc.count() as inner:
        S * S
        with oc.paused():
            assert oc.unwrap(S**5 + np.sum(np.diff(X))) == 34
            with oc.region("b"):
                X * X
            assert oc.measure(lambda v: v * v, 3.0).counts == {"mul": 1}  # it counts for itself
        S + S
    assert outer.counts == inner.counts == {"mul": 1, "add": 1} and outer.regions == {"a": {"mul": 1, "add": 1}}


def test_a_thread_says_so_where_it_is_not_to_be_counted():
    def work():
        with oc.paused():
            return S * S

    with oc.count() as tally:
        assert oc.unwrap(in_a_thread(work)) == 4
    assert tally.counts == NOTHING


def test_values_do_not_leave_in_a_pause():
    with oc.count(), oc.paused(), pytest.raises(oc.Uncounted):
        float(S)
    with oc.count(uncounted="record") as tally, oc.paused(), oc.paused():
        assert float(S) == 2
    assert [exit.door for exit in tally.uncounted] == ["float()"]


# --- what has executed nothing yet


async def coroutine(v):
    return v * v


@pytest.mark.parametrize(
    "lazy", [coroutine, lambda v: (v * i for i in range(3)), lambda v: map(v.__mul__, range(3)), lambda v: iter([v])]
)
def test_what_has_executed_nothing_yet_is_not_measured(lazy):
    for program in (lambda: oc.measure(lazy, 2.0), lambda: oc.law(lazy, range(1, 8), make=np.ones)):
        with pytest.warns(RuntimeWarning) if lazy is coroutine else contextlib.nullcontext():  # it is never awaited
            with pytest.raises(oc.OpcountError, match=r"executed nothing|at n = 1"):
                program()
            gc.collect()


def test_a_block_is_entered_once_at_a_time():
    block = oc.count()
    with block as first:
        with pytest.raises(oc.OpcountError, match="open already"), block:
            pass
        S * S
    with block as second:
        S + S
    assert first.counts == {"mul": 1} and second.counts == {"add": 1}
    assert in_a_thread(lambda: oc.unwrap(S * S)) == 4


def test_coroutine_functions_are_decorated_and_generator_functions_refused():
    @oc.region("awaited")
    async def work():
        await asyncio.sleep(0)
        return S * S

    with oc.count() as tally:
        asyncio.run(work())
    assert tally.regions == {"awaited": {"mul": 1}}
    for block in (oc.count(), oc.region("a"), oc.paused()):
        with pytest.raises(oc.InvalidType, match="generator function"):
            block(lambda: (yield))


def test_count_region_and_paused_decorate_functions_too():
    @oc.region("deep")
    def f(n):
        return S * S if n == 0 else f(n - 1) * S

    @oc.paused()
    def silent():
        return S * S

    with oc.count() as tally:
        f(2), silent()
    assert tally.counts == {"mul": 3} and tally.regions["deep/deep"] == {"mul": 2}


# --- budgets and what raises


@pytest.mark.parametrize("pair", [(S, 3.0), (3.0, S), (S, S)])
def test_a_quotient_and_its_rest_are_counted_both_or_none(pair):
    for program in (divmod, np.divmod):
        with oc.count(budget=1) as tally, pytest.raises(oc.BudgetExceeded):
            program(*pair)
        assert tally.counts == NOTHING
        with oc.count(budget=2) as tally:
            program(*pair)
        assert tally.counts == {"floordiv": 1, "mod": 1}


def test_array_operations_of_several_threads_beyond_a_budget_do_not_run():
    executed = []

    def kernel(a, b, out=None):
        time.sleep(0.001)
        executed.append(1)
        return np.multiply(a, b)

    def work(barrier, product):
        barrier.wait()
        try:
            product()
        except oc.BudgetExceeded:
            return 0
        return 1

    x = oc.wrap(np.ones(4))
    oc.register_rule(np.correlate, lambda a, v, *_: {"mul": 10})
    try:
        for _ in range(5):
            executed.clear()
            barrier = threading.Barrier(12)
            with oc.count(budget={"mul": 30}) as tally, ThreadPoolExecutor(12) as pool:
                go = oc.propagate(lambda _, barrier=barrier: work(barrier, lambda: np.correlate(x, x)))
                done = sum(pool.map(go, range(12)))
            assert done == 3 and tally.counts == {"mul": 30}
    finally:
        oc.register_rule(np.correlate, None)
    targets = [oc.wrap(np.ones(5)) for _ in range(12)]
    barrier = threading.Barrier(12)
    with oc.count(budget={"mul": 17}) as tally, ThreadPoolExecutor(12) as pool:
        done = sum(pool.map(oc.propagate(lambda t: work(barrier, lambda: t.__imul__(2))), targets))
    assert done == 3 and tally.counts == {"mul": 15}
    assert sum(bool((oc.unwrap(target) == 2).all()) for target in targets) == 3  # and the others were left alone


@pytest.mark.parametrize(
    ("program", "error"),
    [
        (lambda: oc.wrap(Fraction(1)) / 0, ZeroDivisionError),
        (lambda: oc.wrap(np.int64(3)) ** -2, ValueError),
        (lambda: oc.wrap(np.int64(3)) ** oc.wrap(np.int64(-2)), ValueError),
        (lambda: X * np.timedelta64(3, "s"), oc.Uncounted),
        (lambda: np.sqrt(oc.wrap(10**400)), oc.InvalidValue),
        (lambda: oc.wrap(10**400) * 1.5, oc.InvalidValue),
        (lambda: oc.wrap(10**400) + S, oc.InvalidValue),
        (lambda: round(S, "a"), TypeError),
        (lambda: oc.wrap(3) << -1, ValueError),
        (lambda: X + np.ones(4), ValueError),
        (lambda: np.add(X, 1, out=oc.wrap(np.zeros(2))), ValueError),
        (lambda: oc.wrap(np.zeros(3, bool)).__setitem__(slice(2), X), ValueError),
        (lambda: np.linalg.solve(oc.wrap(np.zeros((2, 2))), np.ones(2)), np.linalg.LinAlgError),
        (lambda: oc.wrap(np.arange(3)).__imul__(1.5), TypeError),
        (lambda: X ** np.array([-1, 2, 3]) @ np.ones(4), ValueError),
    ],
)
def test_what_raises_counts_nothing(program, error):
    with oc.count(budget=10**6) as limited, pytest.raises(error):
        program()
    with oc.count() as tally, pytest.raises(error):
        program()
    assert tally.counts.get("sqrt", 0) == 0
    if error is not ValueError or "**" not in program.__name__:
        assert limited.counts == tally.counts
    if program.__code__.co_names[-1:] != ("ones",):
        assert tally.counts == NOTHING
