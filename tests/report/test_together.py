"""Studies that run together: what is asked of the pool, and when."""

from __future__ import annotations

from concurrent.futures import Executor, Future

from analysis.report.finished import Finished
from analysis.report.study import Study
from analysis.report.together import run_together
from analysis.studies import LONGEST, STUDIES


class Waits(Executor):
    """Executes nothing until it has all that is asked at once, and then the last of it first."""

    def __init__(self, first):
        self.first, self.asked, self.futures = first, [], []

    def submit(self, function, point):
        future = Future()
        self.asked.append(point)
        self.futures.append((future, function, point))
        if len(self.asked) >= self.first:
            while self.futures:
                waiting, executed, its_point = self.futures.pop()
                waiting.set_result(executed(its_point))
        return future


def study(*calls, got):
    def run(run):
        got[:] = []
        got.extend(run.map(function, points) for function, points in calls)
        return Study(str(got), "", [], {}, {})

    return run


def test_the_points_of_all_studies_wait_together_and_each_study_gets_its_own_in_order(tmp_path):
    one, other = [], []
    studies = {"one": study((abs, [-1, -2]), (float, [3]), got=one), "other": study((abs, [-4, -5]), got=other)}
    finished = Finished(tmp_path / "out", True)
    pool = Waits(4)  # with fewer at once it would wait for ever
    found = run_together(studies, finished, True, pool)
    assert pool.asked == [-1, -2, -4, -5, 3]
    assert (one, other) == ([[1, 2], [3.0]], [[4, 5]])
    assert {slug: study.question for slug, study in found.items()} == {"one": str(one), "other": str(other)}
    again = Waits(1)
    run_together(studies, Finished(tmp_path / "out", True), True, again)
    assert again.asked == []


def test_the_studies_that_go_first_are_studies():
    assert set(LONGEST) < set(STUDIES)
