"""Counts by phase: the evaluation (primal), its local partials, and the accumulation."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from opcount.counting.counts import Counts
from opcount.counting.meters import Tally, meter
from opcount.counting.names import Named
from opcount.counting.tally import count, count_here

if TYPE_CHECKING:
    import pandas as pd

PHASES: Final = ("primal", "partials", "accumulation")
"""The phases of a gradient: evaluating the function, computing the local partials, and the chain rule itself."""


def nothing_spent() -> dict[str, Counts]:
    """The counts of each phase, before anything is executed."""
    return Named(dict.fromkeys(PHASES, Counts()), "phase")


class phase:
    """Count what runs inside for a phase too, beside the counts that are open.

    `tally`, if it is given, is that of a count that is open here: what it counts is that of the phase, and no other
    count needs to be opened.
    """

    def __init__(self, spent: dict[str, Counts], name: str, tally: Tally | None = None) -> None:
        self._spent = spent
        self._name = name
        self._tally = tally
        here = name != "primal" and meter().parted  # what follows the user's code has no line of it
        self._count = count_here() if here else count() if tally is None else None

    def __enter__(self) -> None:
        if self._count is not None:
            self._tally = self._count.__enter__()
        assert self._tally is not None
        self._before = self._tally._totals()

    def __exit__(self, *error: Any) -> None:
        if self._count is not None:
            self._count.__exit__(*error)
        if error[0] is None:
            assert self._tally is not None
            before = self._before
            counted = {kind: times - before.get(kind, 0) for kind, times in self._tally._totals().items()}
            self._spent[self._name] += Counts(counted)


class collector_paused:
    """Keep Python's collector of cycles from running."""

    # A graph is large and, once recorded, has no cycles: the collector would walk it again and again in vain.

    def __enter__(self) -> None:
        self._enabled = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        if self._enabled:
            gc.enable()


def frame_by_phase(phases: Mapping[str, Counts]) -> pd.DataFrame:
    """The counts of each phase as a DataFrame, a row for each."""
    return data_frame([{"phase": name, "counts": counts} for name, counts in phases.items()]).set_index("phase")


def data_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The rows as a DataFrame, with their `counts` spread over columns."""
    import pandas as pd

    return pd.DataFrame(table_columns(rows))


def table_columns(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with their `counts` spread over a column for each kind that occurs."""
    kinds = sum((row["counts"] for row in rows), Counts())
    return [
        {key: value for key, value in row.items() if key != "counts"}
        | {kind: row["counts"][kind] for kind in kinds}
        | {"total": row["counts"].total}
        for row in rows
    ]
