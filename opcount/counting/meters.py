"""How an operation reaches every open count: tallies, and the meter of a context.

An operation of kind `mul` is counted by `next(meter()["mul"])`. The meter of the current
context holds one iterator for each kind; drawing from it adds one to every count and region
that is open. A draw cannot be torn apart by another thread (see `draws`), and contexts that were
copied (asyncio tasks, `asyncio.to_thread`, `contextvars.copy_context`) draw from the iterators
of whoever opened the count. Many operations at once are charged under a lock instead.

A context in which nobody counts has a meter too. It lets every operation pass, unless a count is
open elsewhere in the process: that would miss the operation, which is refused.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

from opcount.counting import render, symbolic
from opcount.counting.accelerator import ACCELERATOR
from opcount.counting.budgets import Budget, Limit
from opcount.counting.counts import Counts, OpCounts, table
from opcount.counting.draws import BUSY, LOCK, draw, drawn, limited_draw, new_count
from opcount.counting.errors import InvalidValue, Uncounted
from opcount.counting.lines import names, page
from opcount.counting.names import Named

if TYPE_CHECKING:
    import pandas as pd


class Exit(NamedTuple):
    """A way in which wrapped values left uncounted: its name, how often they did, and how many elements in all.

    >>> import opcount as oc
    >>> with oc.count(uncounted="record") as tally:
    ...     y = float(oc.wrap(2.0)) + float(oc.wrap(3.0))
    >>> tally.uncounted
    (Exit(door='float()', times=2, elements=2),)

    An array that leaves once has `times` 1, and as many `elements` as it holds.
    """

    door: str
    times: int
    elements: int


class Tally:
    """What one count, or one region of it, has seen so far. `count()` makes it; it can be read at any time.

    >>> import opcount as oc
    >>> with oc.count() as tally, oc.region("square"):
    ...     y = oc.wrap(3.0) ** 2
    >>> tally.counts, tally.regions, tally.uncounted
    (Counts({'mul': 1}), {'square': Counts({'mul': 1})}, ())

    Printed, it is a table: of the counts, or, if there are regions, a row for each of them and one for all.
    """

    __slots__ = (
        "_bulk",
        "_by",
        "_draws",
        "_exits",
        "_meter",
        "_mirrors",
        "_missed",
        "_parts",
        "_refusal",
        "_regions",
        "_wrong",
    )

    def __init__(self, by: str | None = None) -> None:
        self._by = by  # what its parts are: "line" or "function"; None: it has none
        self._parts: dict[Any, Tally] = {}  # by the function's name, or by file and line
        self._mirrors: tuple[Tally, ...] = ()  # of an attempt: what it adds to the parts of each count around it
        self._draws: dict[str, Any] = {}  # by kind, from its first operation on
        self._bulk: dict[str, int] = defaultdict(int)
        self._exits: dict[str, Exit] = {}
        self._regions: dict[str, Tally] = {}
        self._meter: Meter | None = None  # of a region: the meter in force where this tally is the innermost
        self._refusal: str | None = None  # the last refusal inside, which another library may have swallowed
        self._wrong: str | None = None  # what another library made of a refusal that it swallowed, if that is wrong
        self._missed = False  # whether operations of a context that nobody counts were refused while this was open

    @property
    def counts(self) -> Counts:
        """The operations executed inside so far, those of regions and of inner counts included.

        >>> import opcount as oc
        >>> x = oc.wrap(3.0)
        >>> with oc.count() as tally:
        ...     y = x * x
        ...     before = tally.counts
        ...     y = y + 1
        >>> before, tally.counts
        (Counts({'mul': 1}), Counts({'mul': 1, 'add': 1}))
        """
        return Counts(self._totals())

    def _totals(self) -> dict[str, int]:
        """The counts by kind, some of which may be 0."""
        found = dict(self._bulk)
        for kind, draws in self._draws.copy().items():
            found[kind] = found.get(kind, 0) + drawn(draws)
        return found

    @property
    def regions(self) -> dict[str, Counts]:
        """Counts by region, each with its sub-regions included; a region that there is not raises a KeyError.

        >>> import opcount as oc
        >>> x = oc.wrap(3.0)
        >>> with oc.count() as tally, oc.region("forward"):
        ...     y = x + 1
        ...     with oc.region("layer 1"):
        ...         y = y * y
        >>> tally.regions
        {'forward': Counts({'mul': 1, 'add': 1}), 'forward/layer 1': Counts({'mul': 1})}
        """
        found = {}
        for name, tally in list(self._regions.items()):
            found[name] = tally.counts
            found |= {f"{name}/{inner}": counts for inner, counts in tally.regions.items()}
        return Named(found, "region", 'a region is made by `with oc.region("forward"):` inside the count')

    @property
    def uncounted(self) -> tuple[Exit, ...]:
        """What left uncounted, an `Exit` for each way; empty unless the count was opened with `uncounted="record"`.

        >>> import opcount as oc
        >>> with oc.count(uncounted="record") as tally:
        ...     y = float(oc.wrap(2.0)) * 3.0
        >>> tally.counts, tally.uncounted
        (Counts({}), (Exit(door='float()', times=1, elements=1),))
        """
        return tuple(self._exits.values())

    @property
    def parts(self) -> dict[str, Counts]:
        """Counts by where they were executed, of a count by line or by function; they add up to `counts`.

        >>> import numpy as np
        >>> import opcount as oc
        >>> x = oc.wrap(np.array([3.0, 4.0]))
        >>> with oc.count(by="function") as tally:
        ...     y = np.linalg.norm(x) * 2
        >>> tally.parts
        {'np.linalg.norm': Counts({'mul': 2, 'add': 1, 'sqrt': 1}), 'np.multiply': Counts({'mul': 1})}

        By line, the names are such as "script.py:12", in the order of the lines; in a notebook "In[3]:2".
        A file's name has as much of its folder as tells it apart from the others. The line is the
        innermost one of the user's own code: what a library executes, SciPy say, counts at the line that
        called the library, a function that the library calls back at its own line, and the
        partials and the accumulation of a gradient at the line of `oc.gradient`.

        By function, the name is that of the outermost function of NumPy's, called at that line or by a
        library at that line, in the order in which they were first called. An operator counts as
        NumPy's function for it, `a * b` as "np.multiply", a method of an array as the function of its
        name, and the partials and accumulation of a gradient as "oc.gradient".

        Empty for any other count; a name that is not there raises a KeyError.
        """
        parts = {site: counts for site, tally in self._parts.copy().items() if (counts := tally.counts)}
        found = {name: parts[line] for line, name in names(parts).items()} if self._by == "line" else parts
        return Named(found, self._by or "part", 'parts are those of `with oc.count(by="line"):`, or by="function"')

    def to_pandas(self) -> pd.DataFrame:
        """A DataFrame with a row for each part, or for each region, and a column for each kind and the total.

        >>> import opcount as oc
        >>> with oc.count(by="function") as tally:
        ...     y = oc.wrap(3.0) * 2 + 1
        >>> tally.to_pandas()
                     mul  add  total
        function
        np.multiply    1    0      1
        np.add         0    1      1

        Where there are neither parts nor regions, the one row is that of all. Needs pandas.
        """
        import pandas as pd

        column, named = self._named()[0]
        named = named or [("all", self.counts)]
        head, rows = table(column, named)
        index = pd.Index([name for name, _ in named], name=column, dtype=object)
        wide = any(symbolic.is_symbolic(counts.total) or counts.total >= 2**63 for _, counts in named)
        return pd.DataFrame([row[1:] for row in rows], index=index, columns=head[1:], dtype=object if wide else "int64")

    def to_html(self) -> str:
        """A page, in HTML, of the source of all lines that were executed, with the counts of each beside it.

        >>> import opcount as oc
        >>> with oc.count(by="line") as tally:
        ...     y = oc.wrap(3.0) * 2
        >>> tally.to_html()[:15]    # the whole of it is to be written to a file
        '<!DOCTYPE html>'

        Raises InvalidValue unless the count is by line.
        """
        if self._by != "line":
            raise InvalidValue('the page is of the lines of a count by line: open it with oc.count(by="line")')
        return page({line: counts for line, part in self._parts.copy().items() if (counts := part.counts)})

    def _region(self, name: str) -> Tally:
        return self._regions.get(name) or self._regions.setdefault(name, Tally())

    def _part(self, site: object) -> Tally:
        return self._parts.get(site) or self._parts.setdefault(site, Tally())

    def __repr__(self) -> str:
        return f"Tally({self.counts!r})"

    def __str__(self) -> str:
        tables = [render.text(*each) for each in self._tables()]
        return "\n\n".join(tables) or str(self.counts)

    def _repr_html_(self) -> str:
        return "".join(render.html(*each) for each in self._tables()) or self.counts._repr_html_()

    def _named(self) -> list[tuple[str, list[tuple[str, Counts]]]]:
        """What there are tables of, and their rows: the parts, if the count has some, then the regions."""
        found = [(self._by, list(self.parts.items()))] if self._by else []
        return [*found, ("region", list(self.regions.items()))]

    def _tables(self) -> list[tuple[list[str], list[list[str | int]]]]:
        return [table(column, [*named, ("all", self.counts)]) for column, named in self._named() if named]

    def _table(self) -> tuple[list[str], list[list[str | int]]]:
        return next(iter(self._tables()), table("region", [("all", self.counts)]))


_LOCKED: Final[bool] = getattr(sys, "_is_gil_enabled", lambda: True)()


class Meter(dict[str, Iterator[object]]):
    """Where the operations of a context go: an iterator for each kind so far, to be drawn from with `next`."""

    # the four operations that most programs are made of are attributes too, which is faster
    __slots__ = (
        "add", "around", "at_once", "bulk", "div", "innermost", "limits", "mul", "records", "sub", "tallies",
    )  # fmt: skip
    parted: tuple[Tally, ...] = ()  # of the tallies, those that have parts

    def __init__(
        self,
        innermost: tuple[Tally, ...] = (),
        tallies: tuple[Tally, ...] = (),
        limits: tuple[Limit, ...] = (),
        records: bool = False,
        around: Meter | None = None,
    ) -> None:
        # for each open count, the last opened first: its tally, or that of the region it is in
        self.innermost = innermost
        self.tallies = tallies  # every tally that an operation here adds to
        self.limits = limits  # what each operation is held to before it is executed
        self.records = records  # whether exits are recorded, instead of refused
        self.around = around  # the meter that was in force before, and is to be again
        self.bulk: tuple[dict[str, int], ...] = tuple([tally._bulk for tally in tallies])
        # whether many operations are counted by `bulk[kind] += times` for each bulk: no limit has to be asked, and
        # Python's own lock keeps the sum whole, as it is given away between calls or rounds of a loop, not inside
        self.at_once = not limits and _LOCKED

    def __getattr__(self, kind: str) -> Iterator[object]:  # at the first operation of one of the four
        if kind not in Meter.__slots__:
            raise AttributeError(kind)
        iterator = self[kind]
        setattr(self, kind, iterator)
        return iterator

    def __missing__(self, kind: str) -> Iterator[object]:
        self[kind] = iterator = self._iterator(kind)
        return iterator

    def _iterator(self, kind: str) -> Iterator[object]:
        counts = tuple(tally._draws.setdefault(kind, new_count()) for tally in self.tallies)
        if not self.limits:
            return draw(counts)
        charge_one = partial(charge, {kind: 1})
        budgets = [limit for limit in self.limits if type(limit) is Budget]
        if len(budgets) < len(self.limits):
            return _Charge(charge_one)
        left = tuple(budget.left[name] for budget in budgets for name in (kind, "total") if name in budget.left)
        return limited_draw(counts, left, charge_one)

    def charge(self, counts: OpCounts) -> None:
        """Count many operations at once, or, where that would exceed a limit, none of them."""
        with LOCK:
            if self.limits:
                BUSY.n += 1
                try:
                    for limit in self.limits:
                        limit.check(counts)
                    for limit in self.limits:
                        limit.spend(counts, 1)
                finally:
                    BUSY.n -= 1
            for tally in self.tallies:
                bulk = tally._bulk
                for kind, times in counts.items():
                    bulk[kind] += times

    def refund(self, counts: OpCounts) -> None:
        """Take back what was charged for operations that were not executed after all."""
        with LOCK:
            BUSY.n += 1
            for limit in self.limits:
                limit.spend(counts, -1)
            BUSY.n -= 1
            for tally in self.tallies:
                for kind, times in counts.items():
                    tally._bulk[kind] -= times

    def fixed(self) -> Meter:
        """The meter by which all that follows counts where it is called, whoever executes it."""
        return self

    def take_back(self, attempted: Tally) -> None:
        """Take back all that was counted in an attempt."""
        self.refund(attempted.counts)

    def note(self, door: str, elements: int) -> None:
        """Record that elements leave uncounted by a door; inside a pause, with the counts around it."""
        if not self.tallies and self.around is not None:
            self.around.note(door, elements)
        with LOCK:
            for tally in self.tallies:
                _, times, before = tally._exits.get(door, (door, 0, 0))
                tally._exits[door] = Exit(door, times + 1, before + elements)


class _Charge:
    """The iterator of a kind on a meter with a limit that is asked each time."""

    __slots__ = ("charge_one",)

    def __init__(self, charge_one: Callable[[], None]) -> None:
        self.charge_one = charge_one

    def __iter__(self) -> Iterator[None]:
        return self

    def __next__(self) -> None:
        self.charge_one()


# --- where nobody counts


OPEN: Final[dict[Tally, Meter]] = {}
"""The counts that are open anywhere in this process."""


class _Nobodys(Meter):
    """The meter of a context in which nobody opened a count."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__()
        self.bulk = (_NobodysBulk(),)

    def _iterator(self, kind: str) -> Iterator[object]:
        if ACCELERATOR is None:
            return _Free()
        return ACCELERATOR.Draw((), (), BUSY, partial(_let_pass, 1), OPEN)  # type: ignore[no-any-return]

    def charge(self, counts: OpCounts) -> None:
        if OPEN and (operations := sum(counts.values())):
            _let_pass(operations)

    def refund(self, counts: OpCounts) -> None:
        """Nothing was charged."""


class _NobodysBulk(dict[str, int]):
    """What stands for the bulk of a tally where there is none: it stays empty."""

    __slots__ = ()

    def __missing__(self, kind: str) -> int:
        return 0

    def __setitem__(self, kind: str, times: int) -> None:
        if OPEN:
            _let_pass(times)


class _Free:
    """The iterator of every kind on the meter of nobody."""

    __slots__ = ()

    def __iter__(self) -> Iterator[None]:
        return self

    def __next__(self) -> None:
        if OPEN:
            _let_pass(1)


def _let_pass(operations: int) -> None:
    """Let operations pass that nobody counts; raise Uncounted if a count that is open elsewhere would miss them."""
    if _listed_elsewhere("a thread that nobody counts", operations):
        return
    for tally in list(OPEN):
        tally._missed = True
        tally._refusal = _MISSED
    raise Uncounted(_MISSED)


_MISSED: Final = (
    "an operation on a wrapped value in a thread, context or forked process that nobody counts, while a count is "
    "open in another, which would miss it: hand the thread oc.propagate(f) instead of f; or count it here, with "
    "oc.measure, and add its counts there, with oc.record; or say that it is nobody's, with oc.paused()"
)


def _listed_elsewhere(door: str, elements: int) -> bool:
    """Record an exit with the counts that are open elsewhere, if all of them record exits; gives whether they do."""
    elsewhere = list(OPEN.values())
    if not elsewhere or not all(meter.records for meter in elsewhere):
        return False
    for meter in elsewhere:
        meter.note(door, elements)
    return True


NOBODYS: Final = _Nobodys()
METER: Final[ContextVar[Meter]] = ContextVar("opcount.meter", default=NOBODYS)
meter: Final = METER.get
put_in_force: Final = METER.set
put_back: Final = METER.reset


def charge(counts: OpCounts) -> None:
    """Count many operations at once for whoever counts here, or, where that would exceed a limit, none of them."""
    meter().charge(counts)


def let_out(door: str, elements: int, advice: str | Callable[[], str]) -> None:
    """Let values out of their counter if the count records exits; else raise Uncounted with the advice."""
    current = meter()
    if current.records:
        current.note(door, elements)
        return
    if current is NOBODYS and _listed_elsewhere(door, elements):
        return
    refuse(advice if isinstance(advice, str) else advice())


def refuse(text: str) -> NoReturn:
    """Raise Uncounted, and let the open counts know, in case another library swallows it."""
    current = meter()
    for tally in list(OPEN) if current is NOBODYS else current.tallies:
        tally._refusal = text
    raise Uncounted(text)


def went_wrong(text: str) -> None:
    """Let the open counts raise Uncounted at their end: a library swallowed a refusal, and its result is wrong."""
    current = meter()
    for tally in list(OPEN) if current is NOBODYS else current.tallies:
        tally._wrong = text


def note_text(elements: int) -> None:
    """Record, if exits are recorded, that values were written as text. It is never refused, since people print."""
    current = meter()
    if current.records:
        current.note("text", elements)


# --- a process that is forked: the counts that are open stay with the parent, whatever is executed in the child


_PROCESS: Final = [0]


def process() -> int:
    """How many forks lie between the process that imported opcount and this one."""
    return _PROCESS[0]


def _forked() -> None:
    _PROCESS[0] += 1
    LOCK.release()
    put_in_force(NOBODYS)


if hasattr(os, "register_at_fork"):
    # no other thread is in the middle of a charge when the memory is copied, and holds the lock in the child for ever
    os.register_at_fork(before=LOCK.acquire, after_in_parent=LOCK.release, after_in_child=_forked)
