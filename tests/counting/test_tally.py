"""Counts: nested, in regions, left out of order; what they hold and what counting costs."""

import contextvars
import functools
import gc
import sys
from collections import Counter
from contextlib import ExitStack, suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import opcount as oc
from opcount import Counts, InvalidType, InvalidValue, OpcountError, count, region
from tests.support.operate import X, operate

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


@settings(max_examples=150)
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


def test_a_count_leaves_no_cycle_for_the_collector():
    x = oc.wrap(3.0)
    gc.collect()
    for _ in range(10):
        with oc.count(), oc.count(budget=5):
            x * x + np.sum(oc.wrap([x, x]))
    assert gc.collect() == 0
