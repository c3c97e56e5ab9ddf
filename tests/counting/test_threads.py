"""Counts in threads and in asyncio's tasks."""

import asyncio
import contextvars
import functools
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import opcount as oc
from opcount import BudgetExceeded, Counts, count, region
from tests.support.operate import X, operate, until_exceeded

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
