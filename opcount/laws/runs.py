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
    """What was executed at a point."""

    counts: Counts
    silent: bool  # nothing was, and no wrapped value was returned either


def run_at(f: Callable[..., Any], make: Callable[..., Any] | None, names: tuple[str, ...], point: Point) -> Run:
    """What f executes at one point."""
    args: tuple[Any, ...] = point if len(names) == 1 else ()
    named = {} if len(names) == 1 else dict(zip(names, point, strict=True))
    if make is not None:
        made = make(*args, **named)
        args, named = tuple(wrap(one) for one in (made if isinstance(made, tuple) else (made,))), {}
    with count() as tally:
        found = f(*args, **named)
        check_executed(found)
    if isinstance(found, Counts):  # what it ran on the way, as a trace, is not meant
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
    """What f executes at each point; a run that fails loses neither the others nor those before.

    Raises SizeFailed, with the counts of all runs that came to their end.
    """
    from concurrent.futures import BrokenExecutor, ProcessPoolExecutor  # which take longer to import than this library

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
        except BrokenExecutor:  # one worker took all others with it, and nobody knows which: each once more, alone
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
