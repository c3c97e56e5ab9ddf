"""Studies run together: their points wait in one queue, so that no core is idle while one study ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from typing import Any

from tqdm import tqdm

from analysis.report.finished import Finished, key_of
from analysis.report.study import Run, Study


class Awaited(Exception):
    """Raised in a study whose call of map has to wait for these points, by key."""

    def __init__(self, function: Callable[[Any], Any], points: Mapping[bytes, Any]) -> None:
        super().__init__(f"{len(points)} points")
        self.function, self.points = function, points


def run_together(
    studies: Mapping[str, Callable[[Run], Study]], finished: Finished, quick: bool, pool: Executor
) -> dict[str, Study]:
    """Run studies, the points of the first of them first; shows progress on a terminal only.

    A study is a function that stops where it calls map. Its points are submitted, and when all of them are finished the
    study is called anew, which takes next to no time: to its next call of map, or to its end. What was finished is kept
    as soon as it is known, and not run again.
    """
    found: dict[str, Study] = {}
    waiting: dict[Future[Any], tuple[str, bytes]] = {}
    left: Counter[str] = Counter()  # points, by study
    done: SimpleQueue[Future[Any]] = SimpleQueue()

    def known(slug: str) -> Callable[[Callable[[Any], Any], Iterable[Any]], list[Any]]:
        def spread(function: Callable[[Any], Any], points: Iterable[Any]) -> list[Any]:
            keyed = [(key_of(slug, function, point), point) for point in points]
            if missing := {key: point for key, point in keyed if key not in finished.results}:
                raise Awaited(function, missing)
            return [finished.results[key] for key, _ in keyed]

        return spread

    def go_on(slug: str) -> None:
        try:
            found[slug] = studies[slug](Run(quick, known(slug)))
        except Awaited as awaited:
            left[slug] = len(awaited.points)
            bar.total = len(waiting) + len(awaited.points) + bar.n
            for key, point in awaited.points.items():
                future = pool.submit(awaited.function, point)
                waiting[future] = slug, key
                future.add_done_callback(done.put)

    with tqdm(total=0, desc="points", disable=None, leave=False) as bar:
        try:
            for slug in studies:
                go_on(slug)
            while waiting:
                future = done.get()
                slug, key = waiting.pop(future)
                finished.keep(key, future.result())
                bar.update()
                left[slug] -= 1
                if not left[slug]:
                    go_on(slug)
        finally:
            for future, (_, key) in waiting.items():  # after trouble only
                if not future.cancel() and future.done() and not future.exception():
                    finished.keep(key, future.result())
    return found
