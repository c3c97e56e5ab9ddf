"""What the equations of a program execute, by where it is: collected, multiplied, and charged to whoever counts."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, NamedTuple

from opcount.counting.counts import OpCounts
from opcount.counting.errors import BudgetExceeded
from opcount.counting.meters import meter
from opcount.counting.symbolic import Size, is_symbolic, normal
from opcount.counting.tally import region


class Site(NamedTuple):
    """Where an operation is executed: region, phase, primitive, and the tracebacks of the calls that led to it."""

    region: str
    phase: str
    primitive: str
    tracebacks: tuple[Any, ...]


class Ledger(dict[Site, dict[str, Size]]):
    """Counts by where they are executed, and what is let out uncounted where exits are recorded."""

    def __init__(self) -> None:
        self.exits: dict[tuple[str, int], Size] = {}  # how many times, by primitive and number of elements

    def take(self, site: Site, counts: OpCounts, times: Size = 1) -> None:
        """Add what an equation executes, so many times."""
        found = self.setdefault(site, {})
        for kind, count in counts.items():
            found[kind] = normal(found.get(kind, 0) + count * times)

    def add(self, other: Ledger, times: Size = 1) -> None:
        """Add what another ledger holds, so many times."""
        for site, counts in other.items():
            self.take(site, counts, times)
        for way_out, often in other.exits.items():
            self.exits[way_out] = normal(self.exits.get(way_out, 0) + often * times)

    def total(self, times: Size = 1) -> dict[str, Size]:
        """Its counts by kind, so many times."""
        found: dict[str, Size] = {}
        for counts in self.values():
            for kind, count in counts.items():
                found[kind] = normal(found.get(kind, 0) + count * times)
        return found


Take = Callable[[Ledger, Size], None]
"""Who takes what was executed, and how many times."""


def charge(ledger: Ledger, times: Size = 1) -> None:
    """Count what a ledger holds, so many times, for whoever is counting here, in the order of its execution.

    Where that would exceed a budget, what fits before it is counted, round by round and then equation by equation,
    and BudgetExceeded is raised at the first that does not fit.
    """
    if type(times) is int and times > 1 and _exceeds(ledger.total(times)):
        charge(ledger, times // 2)
        charge(ledger, times - times // 2)
        return
    for site, counts in ledger.items():
        some = {kind: normal(count * times) for kind, count in counts.items()}
        some = {kind: count for kind, count in some.items() if is_symbolic(count) or count}
        with region(site.region) if site.region else nullcontext():
            meter().charge(some)
    for (door, elements), often in ledger.exits.items():
        for _ in range(int(often * times)):  # a polynomial has no integer, and raises
            meter().note(door, elements)


def _exceeds(counts: OpCounts) -> bool:
    try:
        for limit in meter().limits:
            limit.check(counts)
    except BudgetExceeded:
        return True
    return False
