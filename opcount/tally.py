"""Live counting: `count()`, `region()`, budgets, and how an operation reaches every count.

An operation of kind `mul` is counted by `next(meter()["mul"])`. The meter of the current
context holds one iterator per kind; drawing from it adds one to every count and region
that is open. The iterators are `itertools.count` and `zip` of them, so a draw is one call
into C: it cannot be torn apart by another thread, and contexts that were copied (asyncio
tasks, `asyncio.to_thread`, `contextvars.copy_context`) draw from the iterators of whoever
opened the count.
"""

from __future__ import annotations

import itertools
import operator
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any, Final, Literal, NamedTuple, SupportsIndex

from opcount import sizes, tables
from opcount.counts import Counts, table
from opcount.errors import BudgetExceeded, InvalidType, InvalidValue, OpcountError, Uncounted
from opcount.kinds import KINDS

_LOCK: Final = threading.Lock()  # for what is not one draw: budgets, and many operations at once


class Exit(NamedTuple):
    """A door through which wrapped values left uncounted: how often, and how many elements in all."""

    door: str
    times: int
    elements: int


class Tally:
    """What one count, or one region of it, has seen so far. Made by `count()`, read at any time."""

    __slots__ = ("_bulk", "_draws", "_exits", "_meter", "_regions")

    def __init__(self) -> None:
        self._draws: dict[str, itertools.count[int]] = {}  # by kind, from the first time that it is met
        self._bulk: dict[str, int] = defaultdict(int)
        self._exits: dict[str, Exit] = {}
        self._regions: dict[str, Tally] = {}
        self._meter: Meter | None = None  # the meter in force where this tally is the innermost

    @property
    def counts(self) -> Counts:
        """The operations executed inside, those of regions and of inner counts included."""
        numbers = self._bulk.copy()
        for kind, draws in self._draws.copy().items():
            if number := _drawn(draws):  # the four that stand as attributes are often there and 0
                numbers[kind] += number
        return Counts(numbers)

    @property
    def regions(self) -> dict[str, Counts]:
        """Counts by region, each with its sub-regions included: `{"forward": ..., "forward/layer 1": ...}`."""
        found = {}
        for name, tally in list(self._regions.items()):
            found[name] = tally.counts
            found |= {f"{name}/{inner}": counts for inner, counts in tally.regions.items()}
        return found

    @property
    def uncounted(self) -> tuple[Exit, ...]:
        """What left uncounted, door by door; empty unless the count was opened with `uncounted="record"`."""
        return tuple(self._exits.values())

    def _region(self, name: str) -> Tally:
        return self._regions.get(name) or self._regions.setdefault(name, Tally())

    def __repr__(self) -> str:
        return f"Tally({self.counts!r})"

    def __str__(self) -> str:
        return tables.text(*self._table()) if self._regions else str(self.counts)

    def _repr_html_(self) -> str:
        return tables.html(*self._table()) if self._regions else self.counts._repr_html_()

    def _table(self) -> tuple[list[str], list[list[Any]]]:
        return table("region", [*self.regions.items(), ("all", self.counts)])


class Meter(dict[str, Iterator[object]]):
    """Where the operations of a context go: an iterator for each kind that was met, to be drawn from with `next`."""

    # the four operations that most programs are made of stand as attributes too, which is faster
    __slots__ = ("add", "budgets", "div", "feeds", "mul", "places", "records", "sub")

    def __init__(
        self, places: tuple[Tally, ...], feeds: tuple[Tally, ...], budgets: tuple[Budget, ...], records: bool
    ) -> None:
        self.places = places  # where each open count stands now, itself or one of its regions; innermost first
        self.feeds = feeds  # every tally that an operation here adds to
        self.budgets = budgets
        self.records = records  # whether exits are recorded, instead of refused
        self.add = self["add"]
        self.sub = self["sub"]
        self.mul = self["mul"]
        self.div = self["div"]

    def __missing__(self, kind: str) -> Iterator[object]:
        self[kind] = iterator = self._iterator(kind)
        return iterator

    def _iterator(self, kind: str) -> Iterator[object]:
        if not self.feeds:
            return itertools.repeat(None)
        if self.budgets:
            return _Guard(kind)
        if len(self.feeds) == 1:
            return self.feeds[0]._draws.setdefault(kind, itertools.count())
        return zip(*(tally._draws.setdefault(kind, itertools.count()) for tally in self.feeds), strict=False)


_NOBODY: Final = Meter((), (), (), records=False)
_METER: Final[ContextVar[Meter]] = ContextVar("opcount.meter", default=_NOBODY)
meter: Final = _METER.get


def record(numbers: Mapping[str, int]) -> None:
    """Count many operations at once, or, where that would exceed a budget, none of them."""
    current = meter()
    with _LOCK:
        for budget in current.budgets:
            budget.check(numbers)
        for budget in current.budgets:
            budget.spend(numbers)
        for tally in current.feeds:
            for kind, number in numbers.items():
                tally._bulk[kind] += number


def record_many(current: Meter, kind: str, number: int) -> None:
    """Count many operations of one kind on a meter without budgets, at less cost than `record`."""
    with _LOCK:
        for tally in current.feeds:
            tally._bulk[kind] += number


def record_products(current: Meter, products: int, sums: int) -> None:
    """Count the operations of a product of matrices, likewise."""
    with _LOCK:
        for tally in current.feeds:
            tally._bulk["mul"] += products
            tally._bulk["add"] += sums


def affordable(numbers: Mapping[str, int]) -> None:
    """Raise BudgetExceeded where these operations would exceed a budget; count nothing."""
    with _LOCK:
        for budget in meter().budgets:
            budget.check(numbers)


def leave(door: str, elements: int, advice: str) -> None:
    """Let values out of their counter where the count records that; else raise Uncounted with the advice."""
    current = meter()
    if not current.records:
        raise Uncounted(advice)
    with _LOCK:
        for tally in current.feeds:
            _, times, before = tally._exits.get(door, (door, 0, 0))
            tally._exits[door] = Exit(door, times + 1, before + elements)


class Budget:
    """A limit on one tally, kept as what is left of it."""

    def __init__(self, limits: Mapping[str, int], tally: Tally) -> None:
        self.limits = limits
        self.left = dict(limits)
        self.tally = tally

    def check(self, numbers: Mapping[str, int]) -> None:
        for name, left in self.left.items():
            wanted = asked(numbers, name)
            if sizes.is_symbolic(wanted):
                raise InvalidValue(
                    f"a budget is a number, and {wanted} operations are none: use numbers for the sizes of a spec"
                )
            if wanted > left:
                what = "operations" if name == "total" else name
                raise BudgetExceeded(
                    f"{wanted} more {what} would exceed the budget of {self.limits[name]:,}, "
                    f"of which {left:,} are left",
                    self.tally.counts,
                )

    def spend(self, numbers: Mapping[str, int]) -> None:
        for name in self.left:
            self.left[name] -= asked(numbers, name)


def asked(numbers: Mapping[str, int], name: str) -> int:
    """What of these numbers falls under the limit of that name, a kind or "total"."""
    return sum(numbers.values()) if name == "total" else numbers.get(name, 0)


class _Guard:
    """The iterator of a kind under a budget: it checks first, then counts, under the lock."""

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __iter__(self) -> Iterator[None]:
        return self

    def __next__(self) -> None:
        record({self.kind: 1})


@contextmanager
def count(
    budget: SupportsIndex | Mapping[str, SupportsIndex] | None = None,
    *,
    uncounted: Literal["refuse", "record"] | None = None,
) -> Iterator[Tally]:
    """Count the operations executed on wrapped values inside the `with` block.

    >>> import opcount as oc
    >>> x = oc.wrap(3.0)
    >>> with oc.count() as tally:
    ...     y = x * x + 2
    >>> tally.counts
    Counts({'mul': 1, 'add': 1})

    Counts nest, and an inner count is part of the outer one. A count sees its own thread
    or asyncio task, and whatever is handed a copy of its context, however long that runs.
    `budget` limits the total, or by kind as in `{"mul": 1000}`: the operation that would
    exceed it raises BudgetExceeded and is not executed. Where a value would leave its counter,
    or an operation has no exact count, Uncounted is raised; with `uncounted="record"` it is
    let out, and `tally.uncounted` lists the doors. An inner count does as the one around it
    unless told otherwise. Raises InvalidValue or InvalidType for a budget that is no positive
    integer, and InvalidValue for another `uncounted`.
    """
    if uncounted not in (None, "refuse", "record"):
        raise InvalidValue(f'uncounted is "refuse" (raise an error) or "record" (let out and list), not {uncounted!r}')
    around = meter()
    records = around.records if uncounted is None else uncounted == "record"
    tally = Tally()
    budgets = around.budgets if budget is None else (Budget(checked_limits(budget), tally), *around.budgets)
    tally._meter = Meter((tally, *around.places), (tally, *around.feeds), budgets, records)
    token = _METER.set(tally._meter)
    try:
        yield tally
    finally:
        _leave_force(tally._meter, token)


@contextmanager
def apart() -> Iterator[Tally]:
    """Count what runs inside for itself alone: no other count and no budget hears of it."""
    tally = Tally()
    token = _METER.set(Meter((tally,), (tally,), (), records=False))
    try:
        yield tally
    finally:
        _METER.reset(token)


@contextmanager
def region(name: str) -> Iterator[None]:
    """Count what runs inside under a name too, in every count that is open.

    >>> import opcount as oc
    >>> with oc.count() as tally:
    ...     with oc.region("square"):
    ...         y = oc.wrap(3.0) ** 2
    >>> tally.regions["square"].mul
    1

    Regions nest into a tree and can be entered again: `tally.regions["outer/inner"]`.
    Outside any count it does nothing. Raises InvalidType for a name that is no string,
    InvalidValue for an empty one.
    """
    if not isinstance(name, str):
        raise InvalidType(f"region: the name must be a string, not {type(name).__name__}")
    if not all(name.split("/")):
        raise InvalidValue(f"region: the name is empty, or has an empty part: {name!r}")
    first, _, rest = name.partition("/")
    with _in_force(_region_meter(first)):
        if rest:
            with region(rest):
                yield
        else:
            yield


def _region_meter(name: str) -> Meter:
    around = meter()
    if not around.places:
        return around
    places = tuple(place._region(name) for place in around.places)
    # The innermost place decides all the rest, so it can keep the meter for the next time.
    if places[0]._meter is None:
        places[0]._meter = Meter(places, (*places, *around.feeds), around.budgets, around.records)
    return places[0]._meter


@contextmanager
def _in_force(inside: Meter) -> Iterator[None]:
    if not inside.places:  # a region outside any count
        yield
        return
    token = _METER.set(inside)
    try:
        yield
    finally:
        _leave_force(inside, token)


def _leave_force(inside: Meter, token: Token[Meter]) -> None:
    orderly = meter() is inside
    try:
        if orderly or inside.places[0] in meter().feeds:  # never bring back what was left before
            _METER.reset(token)
    except ValueError:  # left in another context than it was entered in
        orderly = False
    if not orderly:
        raise OpcountError(
            "a count or region was left while one opened inside it was still open (a generator that was "
            "suspended inside its `with` block does this); close them in the reverse order of opening"
        )


def _drawn(draws: itertools.count[int]) -> int:
    # repr is the one way to read an itertools.count without drawing from it: "count(7)"
    return int(repr(draws)[6:-1])


def checked_limits(budget: SupportsIndex | Mapping[str, SupportsIndex]) -> dict[str, int]:
    """A budget as limits by kind or "total"; raises InvalidValue or InvalidType for what is no budget."""
    limits = budget if isinstance(budget, Mapping) else {"total": budget}
    if unknown := limits.keys() - {*KINDS, "total"}:
        raise InvalidValue(
            f"budget: not a kind of operation: {', '.join(sorted(map(str, unknown)))}; "
            f'the keys are "total" and the kinds {", ".join(KINDS)}'
        )
    if not limits:
        raise InvalidValue("budget is an empty mapping; leave it out to count without a limit")
    names = {kind: f"budget[{kind!r}]" if limits is budget else "budget" for kind in limits}
    return {kind: _positive(limit, names[kind]) for kind, limit in limits.items()}


def _positive(limit: SupportsIndex, name: str) -> int:
    try:
        number = operator.index(limit)
    except TypeError:
        raise InvalidType(f"{name} must be a positive integer, not {limit!r}") from None
    if number <= 0 or isinstance(limit, bool):
        raise InvalidValue(f"{name} must be a positive integer, not {limit!r}")
    return number
