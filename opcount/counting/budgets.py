"""What operations are held to before they are executed: budgets, and a generator that still runs."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from types import FrameType
from typing import SupportsIndex, TypeAlias

from opcount.counting import symbolic
from opcount.counting.counts import Counts, OpCounts
from opcount.counting.errors import BudgetExceeded, InvalidType, InvalidValue, OpcountError
from opcount.counting.kinds import KINDS
from opcount.counting.names import instead

BudgetLike: TypeAlias = SupportsIndex | Mapping[str, SupportsIndex]
"""What is taken for a budget: a limit on the total, or limits by kind."""


class Budget:
    """A limit on what one tally counts, kept as what is left of it."""

    def __init__(self, limits: OpCounts, counted: Callable[[], Counts]) -> None:
        self.limits = limits
        self.left = dict(limits)
        self.counted = counted

    def check(self, counts: OpCounts) -> None:
        """Raise BudgetExceeded where these operations would go beyond it."""
        for name, left in self.left.items():
            wanted = asked(counts, name)
            if symbolic.is_symbolic(wanted):
                raise InvalidValue(
                    f"a budget is a number, and {wanted} operations are none: use numbers for the sizes of a spec"
                )
            if wanted > left:
                what = "operations" if name == "total" else name
                raise BudgetExceeded(
                    f"{wanted} more {what} would exceed the budget of {self.limits[name]:,}, "
                    f"of which {left:,} are left",
                    self.counted(),
                )

    def spend(self, counts: OpCounts, sign: int) -> None:
        """Take so many operations from what is left, or, with a sign of -1, give them back."""
        for name in self.left:
            self.left[name] -= sign * asked(counts, name)


class Running:
    """A generator that opened a count: what is executed while it is suspended is its caller's, and is refused.

    The frame of a generator that is suspended has no frame behind it.
    """

    def __init__(self, frame: FrameType) -> None:
        self.frame = frame
        self.left = False  # whether the block was left, since when the generator has no say in it

    def check(self, counts: OpCounts) -> None:
        """Raise OpcountError where the generator is suspended."""
        if self.frame.f_back is None and not self.left:
            raise OpcountError(
                f"the generator {self.frame.f_code.co_qualname} was suspended inside its `with` block of oc.count(), "
                "oc.region() or oc.paused(), which would go on for whoever runs now: let it yield after the block, "
                "or make it a context manager (contextlib.contextmanager), whose caller is meant to be inside"
            )

    def spend(self, counts: OpCounts, sign: int) -> None:
        """Nothing is used up."""


Limit = Budget | Running


def asked(counts: OpCounts, name: str) -> int:
    """How many of these operations fall under the limit of that name, a kind or "total"."""
    return sum(counts.values()) if name == "total" else counts.get(name, 0)


def checked_limits(budget: BudgetLike) -> dict[str, int]:
    """A budget as limits by kind or "total"; raises InvalidValue or InvalidType for what cannot be one."""
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
