"""The table of functions, as tests take it: by what a row counts, and with a fault in a row."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager
from typing import Any

from opcount.functions.rows import FREE, Executed, Refused, Seeing, function_named
from opcount.functions.table import ALL, ROWS
from tests.support.faults import planted

BY_NAME = {row.name: row for row in ALL}
FREE_NAMES = [row.name for row in ALL if row.counts is FREE]
REFUSED = {row.name: row.counts.reason for row in ALL if isinstance(row.counts, Refused)}
COUNTED = [row.name for row in ALL if row.counts is not FREE and not isinstance(row.counts, Refused)]
EXECUTED = [row.name for row in ALL if isinstance(row.counts, Executed)]
WRITING = [row.name for row in ALL if row.writes is not None]


def rule_of(name: str) -> Any:
    """What gives the counts of a call, or executes it, from the arguments of the function."""
    counts = BY_NAME[name].counts
    if isinstance(counts, Seeing):
        return functools.partial(counts.rule, frozenset())
    return counts.body if isinstance(counts, Executed) else getattr(counts, "check", counts)


def corrupted(name: str, **columns: Any) -> AbstractContextManager[None]:
    """Plant a fault in the row of a function, which is seen wherever that is called."""
    function = function_named(name)
    return planted(ROWS, {function: ROWS[function]._replace(**columns)})
