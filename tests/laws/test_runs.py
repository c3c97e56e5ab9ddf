"""What is executed at each size: in this process or in others, and where a run fails or counts nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import opcount as oc

ROOT = Path(__file__).parents[2]


def test_without_make_f_gets_the_size_and_may_return_counts():
    def chain(n):
        y = oc.wrap(0.5)
        for _ in range(n):
            y = np.sin(y) * 2
        return y

    assert str(oc.law(chain, range(1, 6))) == "2n"

    def predicted(n):
        return oc.trace(lambda x: np.sum(x * x), np.ones(n), granularity="scalar").predict("naive")

    assert oc.law(predicted, range(2, 8))["add"](50) == oc.law_of({n: predicted(n) for n in range(2, 8)})["add"](50)


# --- a run that fails


def fails_at_five(n):
    if n == 5:
        raise ZeroDivisionError("mine")
    return oc.Counts(mul=n)


def dies_at_five(n):
    if n == 5:
        os._exit(1)
    return oc.Counts(mul=n)


def times(n):
    return oc.Counts(mul=n * n)


@pytest.mark.parametrize("pool", [None, ThreadPoolExecutor, ProcessPoolExecutor])
def test_a_run_that_fails_is_named_and_the_others_are_kept(pool):
    executor = pool and pool(2)
    with pytest.raises(oc.SizeFailed, match="at n = 5: ZeroDivisionError: mine") as raised:
        oc.law(fails_at_five, range(1, 9), executor=executor)
    assert raised.value.size == (5,) and isinstance(raised.value.__cause__, ZeroDivisionError)
    kept = [1, 2, 3, 4] if pool is None else [1, 2, 3, 4, 6, 7, 8]
    assert raised.value.counts == {(n,): oc.Counts(mul=n) for n in kept}
    if executor:
        executor.shutdown()


@pytest.mark.parametrize("pool", [None, ThreadPoolExecutor])
def test_a_far_run_that_fails_is_named_and_all_others_are_kept(pool):
    executor = pool and pool(2)
    with pytest.raises(oc.SizeFailed, match="at n = 5: ZeroDivisionError: mine") as raised:
        oc.law(fails_at_five, range(1, 5), verify=[5, 6], executor=executor)
    kept = [1, 2, 3, 4] if pool is None else [1, 2, 3, 4, 6]
    assert raised.value.size == (5,) and raised.value.counts == {(n,): oc.Counts(mul=n) for n in kept}
    if executor:
        executor.shutdown()


def test_a_budget_holds_far_away_as_for_the_sizes():
    def loop(n):
        x = oc.wrap(1.0)
        for _ in range(n):
            x = x * 2

    with pytest.raises(oc.SizeFailed, match="at n = 1000: BudgetExceeded") as raised, oc.count(budget=500):
        oc.law(loop, range(1, 9), verify=[1000])
    assert len(raised.value.counts) == 8


def test_a_worker_that_dies_is_named_and_the_others_are_kept():
    with (
        ProcessPoolExecutor(2) as executor,
        pytest.raises(oc.SizeFailed, match="at n = 5: its worker died") as raised,
    ):
        oc.law(dies_at_five, range(1, 9), executor=executor)
    assert raised.value.counts == {(n,): oc.Counts(mul=n) for n in (1, 2, 3, 4, 6, 7, 8)}


# --- workers


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_law_does_not_depend_on_the_workers(workers):
    with ProcessPoolExecutor(workers) as executor:
        found = oc.law(times, range(9, 0, -1), executor=executor)
    assert found.to_dict() == oc.law(times, range(1, 10)).to_dict()


DASK = """
import distributed, opcount as oc
from tests.laws.test_runs import fails_at_five, times

if __name__ == "__main__":
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        with distributed.Client(cluster) as client:
            found = oc.law(times, range(1, 10), executor=client.get_executor())
            assert found.to_dict() == oc.law(times, range(1, 10)).to_dict()
            try:
                oc.law(fails_at_five, range(1, 9), executor=client.get_executor())
            except oc.SizeFailed as error:
                assert error.size == (5,) and len(error.counts) == 7
                print("as with other executors")
"""


def test_a_dask_cluster_runs_it_unchanged(tmp_path):
    script = tmp_path / "cluster.py"  # a process of its own: Dask starts its workers from the main module
    script.write_text(DASK)
    done = subprocess.run(
        [sys.executable, script], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.stdout == "as with other executors\n", done.stderr


# --- nothing counted


def plain_sum(n):
    return sum(range(n))


@pytest.mark.parametrize(
    "call",
    [
        lambda: oc.law(plain_sum, range(1, 6)),
        lambda: oc.law(lambda a: None, range(1, 6), make=np.ones),
        lambda: oc.law(plain_sum, range(1, 6), verify=[9]),
        lambda: oc.measure(lambda x: 3.0, 2.0),
        lambda: oc.measure(lambda: plain_sum(5)),
    ],
)
def test_a_count_of_nothing_is_warned_of_at_the_line_that_asked(call):
    with pytest.warns(oc.NothingCounted, match="nothing was counted") as warned:
        call()
    assert len(warned) == 1 and warned[0].filename == __file__
    assert warned[0].lineno == call.__code__.co_firstlineno
    assert issubclass(oc.NothingCounted, UserWarning)


@pytest.mark.parametrize(
    "call",
    [
        lambda: oc.law(np.sum, range(1, 6), make=np.ones),  # nothing at n = 1
        lambda: oc.law(lambda a: a.reshape(-1), range(1, 6), make=np.ones),  # wrapped, and moved
        lambda: oc.law(lambda n: oc.Counts(), range(1, 6)),  # at its word
        lambda: oc.law_of(dict.fromkeys(range(1, 6), 0)),
        lambda: oc.measure(lambda x: x, 2.0),
        lambda: oc.measure(lambda x: [1, {"y": x.T}], np.ones((2, 2))),
        lambda: oc.measure(lambda x: x > 1, 2.0),
    ],
)
def test_what_is_no_count_of_nothing_is_not_warned_of(call):
    call()  # warnings are errors here
