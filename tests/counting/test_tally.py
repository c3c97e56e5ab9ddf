"""Live counting: nesting, regions, budgets, and who counts what under threads and tasks."""

import asyncio
import contextvars
import functools
import gc
import pickle
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import opcount as oc
import opcount.arrays.scalar
import opcount.counting.tally
from opcount import BudgetExceeded, Counts, InvalidType, InvalidValue, OpcountError, count, region

X = oc.wrap(1.5)


def operate(**kinds):
    """Execute so many operations of each kind."""
    operations = {"mul": lambda: X * 2, "add": lambda: X + 2, "sub": lambda: X - 2, "tanh": lambda: np.tanh(X)}
    for kind, times in kinds.items():
        for _ in range(times):
            operations[kind]()


# --- one count


def test_a_count_sees_what_is_executed_inside_it_and_nothing_else():
    operate(mul=5)
    with count() as tally:
        operate(mul=3, add=2)
    operate(tanh=4)
    assert tally.counts == Counts(mul=3, add=2)


def test_a_count_can_be_read_while_it_runs_and_a_reading_does_not_change():
    with count() as tally:
        readings = []
        for _ in range(3):
            operate(mul=1)
            readings.append(tally.counts)
    assert [reading.mul for reading in readings] == [1, 2, 3]
    assert tally.counts == tally.counts == Counts(mul=3)  # reading draws nothing


def test_outside_any_count_wrapped_numbers_work_and_nothing_is_recorded():
    with count() as tally:
        pass
    y = X * 2 + X**3
    with region("nowhere"):
        z = np.tanh(X)
    assert (oc.unwrap(y), oc.unwrap(z)) == (1.5 * 2 + 1.5**3, np.tanh(1.5))
    assert tally.counts == Counts() and tally.regions == {}


def test_an_exception_leaves_the_count_readable_and_closed():
    tallies = []

    def work():
        with count() as tally:
            tallies.append(tally)
            operate(mul=2)
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        work()
    operate(mul=7)
    assert tallies[0].counts == Counts(mul=2)


def test_a_count_also_works_as_a_decorator_would_a_fresh_one_each_call():
    seen = []

    def counted():
        with count() as tally:
            operate(add=1)
        seen.append(tally.counts.add)

    counted(), counted()
    assert seen == [1, 1]


def test_a_tally_shows_its_counts():
    with count() as tally:
        operate(mul=2)
    assert str(tally) == str(tally.counts)
    assert repr(tally) == "Tally(Counts({'mul': 2}))"
    assert tally._repr_html_() == tally.counts._repr_html_()


# --- nesting


@pytest.mark.parametrize("depth", [1, 2, 3, 10, 50])
def test_an_inner_count_is_part_of_every_outer_one(depth):
    with ExitStack() as stack:
        tallies = []
        for _ in range(depth):
            tallies.append(stack.enter_context(count()))
            operate(mul=1)
    # the tally opened at level k is open for all the operations from k on
    assert [tally.counts for tally in tallies] == [Counts(mul=depth - level) for level in range(depth)]


def test_counts_one_after_the_other_are_apart_and_the_outer_one_has_both():
    with count() as outer:
        with count() as first:
            operate(mul=1)
        operate(add=1)
        with count() as second:
            operate(mul=2)
    assert (first.counts, second.counts) == (Counts(mul=1), Counts(mul=2))
    assert outer.counts == first.counts + second.counts + Counts(add=1)


def test_measure_inside_a_count_is_part_of_it():
    with count() as outer:
        inner = oc.measure(lambda x: x * x + 1, 3.0)
    assert outer.counts == inner.counts == Counts(mul=1, add=1)


# --- regions


def test_regions_make_a_tree_and_a_region_includes_its_own_regions():
    with count() as tally:
        operate(sub=1)
        with region("forward"):
            operate(mul=1)
            with region("layer 1"):
                operate(add=2)
            with region("layer 2"):
                operate(tanh=3)
    assert tally.regions == {
        "forward": Counts(mul=1, add=2, tanh=3),
        "forward/layer 1": Counts(add=2),
        "forward/layer 2": Counts(tanh=3),
    }
    assert tally.counts == Counts(sub=1, mul=1, add=2, tanh=3)


def test_a_region_can_be_entered_again_and_goes_on_counting():
    with count() as tally:
        for _ in range(3):
            with region("step"), region("half"):
                operate(mul=2)
    assert tally.regions == {"step": Counts(mul=6), "step/half": Counts(mul=6)}


def test_a_region_inside_itself_is_a_branch_of_the_tree():
    with count() as tally, region("f"):
        operate(mul=1)
        with region("f"):
            operate(mul=1)
    assert tally.regions == {"f": Counts(mul=2), "f/f": Counts(mul=1)}


def test_a_name_with_slashes_is_the_same_region_as_the_nested_names():
    with count() as tally:
        with region("a/b/c"):
            operate(mul=1)
        with region("a"), region("b/c"):
            operate(mul=1)
    assert tally.regions == dict.fromkeys(["a", "a/b", "a/b/c"], Counts(mul=2))


def test_the_same_name_under_two_regions_is_two_regions():
    with count() as tally:
        for name in ("left", "right", "right"):
            with region(name), region("leaf"):
                operate(add=1)
    assert tally.regions == {
        "left": Counts(add=1), "left/leaf": Counts(add=1), "right": Counts(add=2), "right/leaf": Counts(add=2),
    }  # fmt: skip


def test_a_region_entered_inside_an_inner_count_is_visible_in_the_outer_one():
    with count() as outer, region("outside"), count() as inner, region("inside"):
        operate(mul=1)
    assert inner.regions == {"inside": Counts(mul=1)}
    assert outer.regions == {"outside": Counts(mul=1), "outside/inside": Counts(mul=1)}


def test_a_region_in_which_nothing_runs_is_there_and_empty():
    with count() as tally, region("idle"):
        pass
    assert tally.regions == {"idle": Counts()}


def test_an_exception_leaves_a_region():
    with count() as tally:
        with pytest.raises(ValueError, match="mine"), region("a/b"):
            raise ValueError("mine")
        operate(mul=1)
    assert tally.counts == Counts(mul=1) and tally.regions == {"a": Counts(), "a/b": Counts()}


@pytest.mark.parametrize("name", [None, 3, b"forward", ("a", "b"), X])
def test_a_region_name_that_is_no_string_is_refused(name):
    with pytest.raises(InvalidType, match="region: the name must be a string"), region(name):
        pass


@pytest.mark.parametrize("name", ["", "/", "a/", "/a", "a//b"])
def test_a_region_name_with_an_empty_part_is_refused(name):
    with pytest.raises(InvalidValue, match="empty"), region(name):
        pass


# --- random nestings, against a reference that knows nothing of contexts

programs = st.recursive(
    st.sampled_from(["mul", "add", "tanh"]),
    lambda inner: st.one_of(
        st.tuples(st.just("count"), st.lists(inner, max_size=4)),
        st.tuples(st.sampled_from(["region a", "region b", "region a/b"]), st.lists(inner, max_size=4)),
    ),
    max_leaves=20,
)


def execute(program, found):
    for step in program:
        if isinstance(step, str):
            operate(**{step: 1})
        elif step[0] == "count":
            with count() as tally:
                found.append(tally)
                execute(step[1], found)
        else:
            with region(step[0].removeprefix("region ")):
                execute(step[1], found)


def imagine(program, found, around=()):
    """What each count should hold: (counts, regions), with `around` the open counts and where each stands."""
    for step in program:
        if isinstance(step, str):
            for (counts, regions), path in around:
                counts[step] += 1
                for depth in range(1, len(path) + 1):
                    regions["/".join(path[:depth])][step] += 1
        elif step[0] == "count":
            found.append((Counter(), {}))
            imagine(step[1], found, (*around, (found[-1], ())))
        else:
            parts = tuple(step[0].removeprefix("region ").split("/"))
            inside = tuple((tally, path + parts) for tally, path in around)
            for (_, regions), path in inside:
                for depth in range(1, len(path) + 1):
                    regions.setdefault("/".join(path[:depth]), Counter())
            imagine(step[1], found, inside)


def check_nesting(program, imagined_program=None):
    live, imagined = [], []
    execute(program, live)
    imagine(imagined_program or program, imagined)
    assert [(tally.counts, tally.regions) for tally in live] == [tuple(pair) for pair in imagined]


@settings(max_examples=150, deadline=None)
@given(st.lists(programs, max_size=5).map(lambda program: [("count", program)]))
def test_any_nesting_of_counts_and_regions_is_what_bookkeeping_by_hand_gives(program):
    check_nesting(program)


@pytest.mark.parametrize("imagined", [
    [("count", ["mul", ("count", [("region a", ["mul"])])])],  # more in the outer count alone
    [("count", [("count", ["mul"])])],  # no region
    [("count", [("count", [("region a", ["add"])])])],  # another kind
])  # fmt: skip
def test_the_check_above_catches_a_difference(imagined):
    with pytest.raises(AssertionError):
        check_nesting([("count", [("count", [("region a", ["mul"])])])], imagined)


# --- budgets


def until_exceeded(operation, at_most=10**6):
    """How often an operation went through before its budget was exceeded, and the error."""
    for done in range(at_most):
        try:
            operation()
        except BudgetExceeded as error:
            return done, error
    return at_most, None


@pytest.mark.parametrize("limit", [1, 2, 7, np.int64(3), 10**40])
def test_a_total_budget_lets_through_exactly_its_operations(limit):
    with count(budget=limit) as tally:
        done, error = until_exceeded(lambda: operate(mul=1), at_most=10)
    assert done == min(limit, 10) == tally.counts.total
    assert error is None if limit > 10 else error.counts == Counts(mul=limit)


def test_a_budget_by_kind_limits_that_kind_alone():
    with count(budget={"mul": 2, "tanh": 1}) as tally:
        operate(add=100, mul=2, tanh=1)
        for kind, limit in (("mul", 2), ("tanh", 1)):
            with pytest.raises(BudgetExceeded, match=f"1 more {kind} would exceed the budget of {limit},"):
                operate(**{kind: 1})
        operate(add=1)
    assert tally.counts == Counts(add=101, mul=2, tanh=1)


def test_a_kind_and_the_total_can_be_limited_together():
    with count(budget={"mul": 2, "total": 3}) as tally:
        operate(mul=2, add=1)
        with pytest.raises(BudgetExceeded, match="operations would exceed the budget of 3,"):
            operate(add=1)
    assert tally.counts == Counts(mul=2, add=1)


def test_the_operation_that_would_exceed_the_budget_is_not_executed():
    executed = []

    class Spy(float):
        def __mul__(self, other):
            executed.append(other)
            return Spy(float(self) * other)

    x = oc.wrap(Spy(2.0))
    with count(budget=1):
        x * 3
        with pytest.raises(BudgetExceeded):
            x * 4
    assert executed == [3]


def test_the_error_carries_the_counts_so_far_and_no_prediction():
    with pytest.raises(BudgetExceeded) as caught, count(budget=3):
        operate(mul=2, add=5)
    assert caught.value.counts == Counts(mul=2, add=1) and caught.value.predicted is None
    assert str(caught.value).startswith("1 more operation")
    assert str(caught.value).endswith("would exceed the budget of 3, of which 0 are left")


def test_the_error_survives_pickling_with_its_counts():
    with pytest.raises(BudgetExceeded) as caught, count(budget=1):
        operate(mul=2)
    back = pickle.loads(pickle.dumps(caught.value))
    assert (str(back), back.counts) == (str(caught.value), Counts(mul=1))


# square-and-multiply: x**5 and x**6 are three products, x**16 is four
@pytest.mark.parametrize(("exponent", "products"), [(2, 1), (5, 3), (6, 3), (16, 4), (255, 14)])
def test_a_power_counts_its_products_at_once_all_or_none(exponent, products):
    with count(budget={"mul": products}) as enough:
        X**exponent
    assert enough.counts == Counts(mul=products)
    with count(budget={"mul": 3 + products - 1}) as short:
        operate(mul=3)
        with pytest.raises(BudgetExceeded, match=f"{products} more mul would exceed the budget of {products + 2}, "):
            X**exponent
        operate(mul=products - 1)  # what the power would have begun to spend is still there
    assert short.counts == Counts(mul=3 + products - 1)


@pytest.mark.parametrize("exponent", [-2, -5, -255])
def test_a_negative_power_that_does_not_fit_spends_nothing(exponent):
    with count() as whole:
        X**exponent
    with count(budget=whole.counts.total - 1) as tally, pytest.raises(BudgetExceeded):
        X**exponent
    assert tally.counts == Counts()


@pytest.mark.parametrize(("outer", "inner", "through"), [(2, 5, 2), (5, 2, 2), (3, 3, 3)])
def test_of_nested_budgets_the_tighter_one_stops(outer, inner, through):
    with count(budget=outer) as outside, count(budget=inner) as inside, pytest.raises(BudgetExceeded) as caught:
        operate(mul=9)
    assert outside.counts == inside.counts == caught.value.counts == Counts(mul=through)


def test_an_outer_budget_reports_the_outer_counts():
    with count(budget=5):
        operate(add=4)
        with pytest.raises(BudgetExceeded) as caught, count() as inner:
            operate(mul=2)
    assert caught.value.counts == Counts(add=4, mul=1) and inner.counts == Counts(mul=1)


def test_an_inner_count_spends_the_outer_budget_and_an_inner_budget_ends_with_its_block():
    with count(budget=6) as outer:
        for _ in range(2):
            with count(budget=2):
                operate(mul=2)
        operate(add=2)
        with pytest.raises(BudgetExceeded):
            operate(add=1)
    assert outer.counts == Counts(mul=4, add=2)


def test_a_refused_operation_spends_no_budget_at_all():
    with count(budget={"mul": 3}) as outer:
        with count(budget=1), pytest.raises(BudgetExceeded):
            operate(add=1, mul=1)
        operate(mul=3)  # the refused mul was not charged to the outer budget either
    assert outer.counts == Counts(add=1, mul=3)


def test_a_budget_holds_inside_regions_and_regions_see_only_what_was_executed():
    with count(budget=3) as tally:
        with region("a"):
            operate(mul=2)
        with pytest.raises(BudgetExceeded), region("b/c"):
            operate(add=2)
    assert tally.regions == {"a": Counts(mul=2), "b": Counts(add=1), "b/c": Counts(add=1)}


def test_numpy_stops_at_the_budget_too():
    v = oc.wrap(np.arange(1.0, 6.0, dtype=object))
    with count(budget={"mul": 3}) as tally, pytest.raises(BudgetExceeded):
        v @ v
    assert tally.counts.mul == 3


def test_a_whole_array_stops_before_the_budget():
    v = oc.wrap(np.arange(1.0, 6.0))
    with count(budget={"mul": 7}) as tally:
        w = v * v
        with pytest.raises(BudgetExceeded, match="5 more mul would exceed the budget of 7, of which 2 are left"):
            v @ v
        with pytest.raises(BudgetExceeded):
            v *= 2
    assert tally.counts == Counts(mul=5) and oc.unwrap(v).tolist() == [1, 2, 3, 4, 5]
    assert oc.unwrap(w).tolist() == [1, 4, 9, 16, 25]


@given(
    st.lists(st.tuples(st.sampled_from(["mul", "add", "power"]), st.integers(1, 9)), max_size=12),
    st.dictionaries(st.sampled_from(["mul", "add", "total"]), st.integers(1, 12), min_size=1),
)
def test_a_budget_stops_where_bookkeeping_by_hand_says(steps, limits):
    expected = Counter()
    for kind, n in steps:
        spent = ("mul", n.bit_length() + n.bit_count() - 2) if kind == "power" else (kind, 1)
        left = limits.get(spent[0], 10**9) - expected[spent[0]], limits.get("total", 10**9) - expected.total()
        if spent[1] <= min(left):
            expected[spent[0]] += spent[1]
    with count(budget=limits) as tally:
        for kind, n in steps:
            operation = functools.partial(pow, X, n) if kind == "power" else functools.partial(operate, **{kind: 1})
            _, error = until_exceeded(operation, at_most=1)
            assert error is None or error.counts == tally.counts
    assert tally.counts == expected


@pytest.mark.parametrize(
    ("budget", "error", "message"),
    [
        (0, InvalidValue, "budget must be a positive integer, not 0"),
        (-3, InvalidValue, "budget must be a positive integer, not -3"),
        (True, InvalidValue, "positive integer, not True"),
        (1.5, InvalidType, "positive integer, not 1.5"),
        (float("inf"), InvalidType, "positive integer, not inf"),
        ("10", InvalidType, "positive integer, not '10'"),
        ({}, InvalidValue, "empty"),
        ({"mul": 0}, InvalidValue, r"budget\['mul'\] must be a positive integer, not 0"),
        ({"mul": 5, "add": None}, InvalidType, r"budget\['add'\] must be a positive integer, not None"),
        ({"mull": 5}, InvalidValue, "not a kind of operation: mull.*did you mean mul.*total"),
        ({"additive": 5}, InvalidValue, "not a kind of operation: additive"),
    ],
)
def test_what_is_no_budget_is_refused_before_anything_opens(budget, error, message):
    before = opcount.counting.tally.meter()
    with pytest.raises(error, match=message), count(budget=budget):
        pytest.fail("the block ran")
    assert opcount.counting.tally.meter() is before


def test_changing_the_mapping_afterwards_does_not_change_the_budget():
    limits = {"mul": 1}
    with count(budget=limits):
        limits["mul"] = 100
        with pytest.raises(BudgetExceeded):
            operate(mul=2)


# --- threads


@pytest.fixture
def contention():
    """Switch threads as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def in_threads(*works):
    """Run all the works at once, each started when all are there, and give back what they return."""
    barrier = threading.Barrier(len(works))

    def start(work):
        barrier.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result() for future in [pool.submit(start, work) for work in works]]


def in_copied_contexts(work, workers=8):
    """The same, each work in its own copy of the caller's context."""
    return in_threads(*(functools.partial(contextvars.copy_context().run, work) for _ in range(workers)))


def test_each_thread_has_its_own_count(contention):
    def work(times):
        with count() as tally:
            operate(mul=times, add=3)
        return tally.counts

    with count() as here:
        found = in_threads(*(functools.partial(work, 100 + worker) for worker in range(8)))
    assert found == [Counts(mul=100 + worker, add=3) for worker in range(8)]
    assert here.counts == Counts()


def test_a_thread_that_nobody_counts_is_refused_while_somebody_counts():
    with count() as here, pytest.raises(oc.Uncounted, match=r"oc\.propagate"):
        in_threads(functools.partial(operate, mul=10))
    in_threads(functools.partial(operate, mul=10))
    assert here.counts == Counts()


def test_copied_contexts_are_counted_exactly_under_contention(contention):
    def work():
        x = X
        for _ in range(4000):
            x = x * 1.0 + 0.5
            X**5  # three products at once, another way into the same tally

    with count() as outer, count() as inner:
        in_copied_contexts(work)
    assert outer.counts == inner.counts == Counts(mul=8 * 4000 * 4, add=8 * 4000)


def test_a_budget_is_spent_exactly_under_contention(contention):
    def work():
        return until_exceeded(lambda: X * 2)

    with count() as outer, count(budget=2001) as tally:
        found = in_copied_contexts(work)
    assert sum(done for done, _ in found) == 2001
    assert {error.counts for _, error in found} == {Counts(mul=2001)}  # nothing was left, so nothing moved
    assert outer.counts == tally.counts == Counts(mul=2001)


def test_powers_spend_a_contended_budget_all_or_none(contention):
    def work():
        return until_exceeded(lambda: X**6)[0]  # three products

    with count(budget={"mul": 1000}) as tally:
        done = in_copied_contexts(work)
    assert (sum(done), tally.counts) == (333, Counts(mul=999))


def test_regions_entered_by_many_threads_at_once_lose_nothing(contention):
    def work():
        for number in range(100):
            with region(f"part {number % 3}"), region("inner"), count() as own:
                operate(mul=2)
            assert own.counts == Counts(mul=2)

    with count() as tally:
        in_copied_contexts(work)
    expected = {f"part {part}": Counts(mul=8 * 2 * len(range(part, 100, 3))) for part in range(3)}
    assert tally.regions == expected | {f"{name}/inner": counts for name, counts in expected.items()}
    assert tally.counts == Counts(mul=1600)


def test_a_tally_can_be_read_while_other_threads_draw_from_it(contention):
    def read(tally):
        last = Counts()
        for _ in range(50):
            now = tally.counts
            assert last <= now and tally.regions == {}
            last = now

    with count() as tally:
        work = functools.partial(contextvars.copy_context().run, operate, mul=2000)
        in_threads(work, functools.partial(read, tally))
    assert tally.counts == Counts(mul=2000)


def test_late_work_of_a_copied_context_goes_to_the_count_that_was_open_when_it_was_copied():
    with count() as outer:
        with count() as inner, region("late"):
            context = contextvars.copy_context()
        with count() as other:
            context.run(operate, mul=2)
    context.run(operate, mul=3)
    assert inner.counts == outer.counts == Counts(mul=5)
    assert inner.regions == outer.regions == {"late": Counts(mul=5)}
    assert other.counts == Counts()


def test_late_work_still_keeps_to_the_budget():
    with count(budget=3) as tally:
        context = contextvars.copy_context()
    with pytest.raises(BudgetExceeded):
        context.run(operate, mul=5)
    assert tally.counts == Counts(mul=3)


# --- asyncio


def test_interleaved_tasks_see_their_own_operations_and_only_those():
    async def work(times):
        with count() as tally, region("task"):
            for _ in range(times):
                operate(mul=1)
                await asyncio.sleep(0)  # the other task runs here, inside this task's block
        return tally

    async def main():
        return await asyncio.gather(work(5), work(8), work(13))

    with count() as outer:
        tallies = asyncio.run(main())
    assert [tally.counts.mul for tally in tallies] == [5, 8, 13]
    assert [tally.regions for tally in tallies] == [{"task": Counts(mul=times)} for times in (5, 8, 13)]
    assert outer.counts == Counts(mul=26) and outer.regions == {"task": Counts(mul=26)}


def test_interleaved_tasks_keep_to_their_own_budgets():
    async def work(budget):
        done = 0
        try:
            with count(budget=budget):
                while True:
                    X * 2
                    done += 1
                    await asyncio.sleep(0)
        except BudgetExceeded:
            return done

    async def main():
        return await asyncio.gather(*map(work, (3, 9, 4)))

    assert asyncio.run(main()) == [3, 9, 4]


def test_work_handed_to_another_thread_by_asyncio_is_counted_by_the_opener(contention):
    async def main():
        with count() as tally:
            await asyncio.gather(*(asyncio.to_thread(operate, mul=200, add=100) for _ in range(8)))
        return tally.counts

    assert asyncio.run(main()) == Counts(mul=1600, add=800)


def test_a_task_that_outlives_the_count_still_belongs_to_it():
    async def main():
        async def late():
            await asyncio.sleep(0.001)
            operate(mul=4)

        with count() as tally:
            task = asyncio.create_task(late())
        with count() as other:
            await task
        return tally.counts, other.counts

    assert asyncio.run(main()) == (Counts(mul=4), Counts())


# --- leaving out of order


def suspended(**kinds):
    with count() as tally:
        operate(**kinds)
        yield tally
        operate(**kinds)


def test_a_generator_run_to_its_end_counts_and_closes_in_order():
    with count() as outer:
        tallies = list(suspended(mul=2))
        operate(add=1)
    assert tallies[0].counts == Counts(mul=4)
    assert outer.counts == Counts(mul=4, add=1)


def test_leaving_a_count_while_a_generator_holds_an_inner_one_open_is_an_error():
    def work():
        generator = suspended(mul=1)
        with pytest.raises(OpcountError, match=r"generator.*reverse order"), count():
            next(generator)
        with suppress(OpcountError):
            generator.close()

    contextvars.copy_context().run(work)


def test_leaving_generators_out_of_order_is_an_error_and_no_miscount():
    def work():
        first, second = suspended(), suspended()
        with count() as outer:
            operate(mul=1)
            a, b = next(first), next(second)
            with pytest.raises(OpcountError, match="reverse order"):
                first.close()
        with suppress(OpcountError):
            second.close()
        operate(add=10)  # no count is open any more
        return outer.counts, a.counts, b.counts

    assert contextvars.copy_context().run(work) == (Counts(mul=1), Counts(), Counts())


def test_after_the_error_counting_starts_afresh():
    def work(generator):
        with pytest.raises(OpcountError, match="reverse order"), count(budget=3) as left:
            dead = next(generator)
        operate(mul=10)  # outside any count: no budget of a count that was left holds here
        with count() as later:
            operate(add=10)
        return left.counts, dead.counts, later.counts

    context, generator = contextvars.copy_context(), suspended(mul=1)
    try:
        assert context.run(work, generator) == (Counts(mul=1), Counts(mul=1), Counts(add=10))
    finally:
        with suppress(OpcountError):
            context.run(generator.close)


def test_a_generator_closed_in_another_context_is_an_error_of_opcounts_own():
    generator = suspended(mul=1)
    contextvars.copy_context().run(next, generator)
    with pytest.raises(OpcountError):
        generator.close()


def test_a_generator_closed_in_a_copy_of_its_context_is_an_error_of_opcounts_own():
    generator = suspended(mul=1)

    def work():
        next(generator)
        with pytest.raises(OpcountError):
            contextvars.copy_context().run(generator.close)

    contextvars.copy_context().run(work)


# --- what it costs


def check_memory(operation, times):
    """Doing something so many times leaves behind far fewer blocks of memory than times."""
    operation()  # what is made once is not what is looked for
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(times):
        operation()
    gc.collect()
    assert sys.getallocatedblocks() - before < times // 100


def test_a_million_operations_leave_nothing_behind():
    with count() as outer, region("all"), count() as tally:
        check_memory(functools.partial(X.__add__, 1), 1_000_000)
    assert outer.counts == tally.counts == Counts(add=1_000_001)


def test_a_budget_is_kept_without_a_trace_of_each_operation():
    with count(budget=10**9) as tally:
        check_memory(functools.partial(X.__add__, 1), 100_000)
    assert tally.counts == Counts(add=100_001)


def test_entering_a_region_again_and_again_leaves_nothing_behind():
    def enter():
        with region("again"):
            X + 1

    with count() as tally:
        check_memory(enter, 30_000)
    assert tally.regions == {"again": Counts(add=30_001)}


def test_the_memory_check_catches_an_operation_that_leaves_something_behind():
    log = []
    with pytest.raises(AssertionError):
        check_memory(lambda: log.append(X + 1), 30_000)
