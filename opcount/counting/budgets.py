"""Limits that are checked before operations are executed: budgets, and generators that are suspended."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from types import FrameType
from typing import SupportsIndex, TypeAlias

from opcount.counting import symbolic
from opcount.counting.counts import Counts, OpCounts
from opcount.counting.draws import left
from opcount.counting.errors import BudgetExceeded, InvalidType, InvalidValue, OpcountError
from opcount.counting.kinds import KINDS
from opcount.counting.names import instead

BudgetLike: TypeAlias = SupportsIndex | Mapping[str, SupportsIndex]
"""What can be given as a budget: a limit on the total, or limits by kind."""


class Budget:
    """Limits on what one tally counts, and what is left of each."""

    def __init__(self, limits: OpCounts, counted: Callable[[], Counts]) -> None:
        self.limits = limits
        self.left = {name: left(limit) for name, limit in limits.items()}
        self.counted = counted

    def check(self, counts: OpCounts) -> None:
        """Raise BudgetExceeded if these operations would exceed a limit, InvalidValue if they are symbolic."""
        for name, counter in self.left.items():
            wanted = asked(counts, name)
            if type(wanted) is not int and symbolic.is_symbolic(wanted):
                raise InvalidValue(
                    f"a budget is a number, and {wanted} operations are none: use numbers for the sizes of a spec"
                )
            if wanted > counter.n:
                what = "operations" if name == "total" else name
                raise BudgetExceeded(
                    f"{wanted} more {what} would exceed the budget of {self.limits[name]:,}, "
                    f"of which {counter.n:,} are left",
                    self.counted(),
                )

    def spend(self, counts: OpCounts, sign: int) -> None:
        """Subtract these operations from what is left, or, with a `sign` of -1, add them back."""
        for name in self.left:
            self.left[name].n -= sign * asked(counts, name)


class Running:
    """A generator that opened a count: while it is suspended, operations are its caller's, and are refused.

    The frame of a suspended generator has no calling frame (`f_back`).
    """

    def __init__(self, frame: FrameType) -> None:
        self.frame = frame
        self.closed = False  # whether the block has been left: from then on nothing is refused

    def check(self, counts: OpCounts) -> None:
        """Raise OpcountError if the generator is suspended."""
        if self.frame.f_back is None and not self.closed:
            raise OpcountError(
                f"the generator {self.frame.f_code.co_qualname} was suspended inside its `with` block of oc.count(), "
                "oc.region() or oc.paused(), which would go on for whoever runs now: let it yield after the block, "
                "or make it a context manager (contextlib.contextmanager), whose caller is meant to be inside"
            )

    def spend(self, counts: OpCounts, sign: int) -> None:
        """Do nothing: a generator does not limit how many operations there are."""


Limit = Budget | Running


def asked(counts: OpCounts, name: str) -> int:
    """How many of these operations count towards the limit of that name, a kind or "total"."""
    return sum(counts.values()) if name == "total" else counts.get(name, 0)


def checked_limits(budget: BudgetLike) -> dict[str, int]:
    """The limits of a budget, by kind or "total".

    Raises InvalidValue for an unknown kind, an empty mapping, or a limit that is not positive, and InvalidType for a
    limit that is not an integer.
    """
    limits = budget if isinstance(budget, Mapping) else {"total": budget}
    if unknown := limits.keys() - {*KINDS, "total"}:
        raise InvalidValue(
            f"budget: not a kind of operation: {', '.join(sorted(map(str, unknown)))}; "
            f'{instead(unknown, (*KINDS, "total"), "the kinds", "oc.KINDS")}, and "total" is all of them'
        )
    if not limits:
        raise InvalidValue("budget is an empty mapping; leave it out to count without a limit")
    names = {kind: f"budget[{kind!r}]" if limits is budget else "budget" for kind in limits}
    return {kind: _positive(limit, names[kind]) for kind, limit in limits.items()}


def _positive(limit: SupportsIndex, name: str) -> int:
    try:
        found = operator.index(limit)
    except TypeError:
        raise InvalidType(f"{name} must be a positive integer, not {limit!r}") from None
    if found <= 0 or isinstance(limit, bool):
        raise InvalidValue(f"{name} must be a positive integer, not {limit!r}")
    return found
