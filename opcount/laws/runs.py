"""What a function executes at points of sizes, in this process or in others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from opcount.arrays.wrap import has_wrapped, wrap
from opcount.counting.counts import Counts
from opcount.counting.errors import SizeFailed
from opcount.counting.tally import count
from opcount.laws.points import at
from opcount.laws.progressions import Point
from opcount.wrapping.inputs import check_executed

if TYPE_CHECKING:
    from concurrent.futures import Executor


class Run(NamedTuple):
    """What was executed at a point of sizes."""

    counts: Counts
    silent: bool  # nothing was executed, and no wrapped value returned


def run_at(f: Callable[..., Any], make: Callable[..., Any] | None, names: tuple[str, ...], point: Point) -> Run:
    """What f executes at one point of sizes."""
    args: tuple[Any, ...] = point if len(names) == 1 else ()
    named = {} if len(names) == 1 else dict(zip(names, point, strict=True))
    if make is not None:
        made = make(*args, **named)
        args, named = tuple(wrap(one) for one in (made if isinstance(made, tuple) else (made,))), {}
    with count() as tally:
        found = f(*args, **named)
        check_executed(found)
    if isinstance(found, Counts):  # what it executed to find these, as by tracing, does not count
        return Run(found, False)
    return Run(tally.counts, not tally.counts and not has_wrapped(found))


def run_all(
    f: Callable[..., Any],
    make: Callable[..., Any] | None,
    names: tuple[str, ...],
    points: Sequence[Point],
    executor: Executor | None,
    before: Mapping[Point, Run],
) -> dict[Point, Run]:
    """What f executes at each point of sizes, in this process or by the executor.

    Raises SizeFailed if a run fails, with the counts of all runs that finished, those in `before` included.
    """
    from concurrent.futures import (
        BrokenExecutor,
        ProcessPoolExecutor,
    )  # imported late: this takes longer than importing opcount

    runs: dict[Point, Callable[[], Run]]
    if executor is None:
        runs = {point: partial(run_at, f, make, names, point) for point in points}
    else:
        runs = {point: executor.submit(run_at, f, make, names, point).result for point in points}
    done: dict[Point, Run] = {}
    failed: dict[Point, BaseException] = {}
    for point, run in runs.items():
        try:
            done[point] = run()
        except (
            BrokenExecutor
        ):  # one worker's death ended all others, and nobody knows which one's: run each again, alone
            try:
                with ProcessPoolExecutor(1, getattr(executor, "_mp_context", None)) as alone:
                    done[point] = alone.submit(run_at, f, make, names, point).result()
            except BrokenExecutor as error:
                failed[point] = error
        except Exception as error:
            failed[point] = error
            if executor is None:
                break
    if failed:
        point, cause = next(iter(failed.items()))
        others = f", and at {len(failed) - 1} more" if len(failed) > 1 else ""
        said = "its worker died" if isinstance(cause, BrokenExecutor) else f"{type(cause).__name__}: {cause}"
        counts = {point: run.counts for point, run in {**before, **done}.items()}
        raise SizeFailed(f"{at(names, point)}{others}: {said}", point, counts) from cause
    return done
