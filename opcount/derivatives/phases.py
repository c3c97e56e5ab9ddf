"""Counts by phase: the evaluation (primal), its local partials, and the accumulation."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from opcount.counting.counts import Counts
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
    """Count what runs inside for a phase too, beside the counts that are open."""

    def __init__(self, spent: dict[str, Counts], name: str) -> None:
        self._spent = spent
        self._name = name
        self._count = count() if name == "primal" else count_here()  # what follows the user's code has no line of it

    def __enter__(self) -> None:
        self._tally = self._count.__enter__()

    def __exit__(self, *error: Any) -> None:
        self._count.__exit__(*error)
        if error[0] is None:
            self._spent[self._name] += self._tally.counts


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep Python's collector of cycles from running."""
    # A graph is large and, once recorded, has no cycles: the collector would walk it again and again in vain.
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


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
