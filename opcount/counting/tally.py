"""Who counts: `count()`, `region()`, `paused()`, and how counts reach other threads and come from other processes."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import ContextDecorator
from contextvars import Token
from functools import partial, update_wrapper, wraps
from types import FrameType, MethodType
from typing import Any, Final, Generic, Literal, NoReturn, ParamSpec, Self, SupportsIndex, TypeVar

from opcount.counting import replacing, symbolic
from opcount.counting.budgets import Budget, BudgetLike, Running, checked_limits
from opcount.counting.callers import about_wrapped
from opcount.counting.counts import Counts
from opcount.counting.errors import InvalidType, InvalidValue, OpcountError, Uncounted
from opcount.counting.meters import NOBODYS, OPEN, Meter, Tally, meter, process, put_back, put_in_force
from opcount.counting.sites import meter_of


def count(
    budget: BudgetLike | None = None,
    *,
    uncounted: Literal["refuse", "record"] | None = None,
    by: Literal["line", "function"] | None = None,
    math: bool = False,
) -> Block[Tally]:
    """Count the operations executed on wrapped values inside the `with` block.

    >>> import opcount as oc
    >>> x = oc.wrap(3.0)
    >>> with oc.count() as tally:
    ...     y = x * x + 2
    >>> tally.counts
    Counts({'mul': 1, 'add': 1})

    Counts nest, and an inner count is part of the outer one. A count sees its own thread
    or asyncio task, whatever is handed a copy of its context, and the functions of
    `oc.propagate`. An operation in a thread that nobody counts raises Uncounted, as long as a
    count is open in another. `budget` limits the total, or single kinds, as `{"mul": 1000}` does: the
    operation that would exceed it raises BudgetExceeded and is not executed. Where a value
    would leave its counter, or an operation has no exact count, Uncounted is raised; with
    `uncounted="record"` it is let out, and `tally.uncounted` lists how (see `Exit`). An inner count
    does as the one around it unless told otherwise. With `by="line"`, or `by="function"`, the tally's
    `parts` say where the operations were executed (see `Tally.parts`).

    With `math=True` the functions of Python's `math` count on wrapped numbers, as do those of `statistics`
    and `cmath` that are made of them; else they are refused.

    >>> import math, statistics
    >>> with oc.count(math=True) as tally:
    ...     y = math.hypot(x, 4.0) + statistics.fmean([x, 1.0, 2.0])
    >>> y, tally.counts
    (Scalar(7.0), Counts({'div': 1, 'add': 3, 'hypot': 1}))

    This replaces those functions in all modules that have them, as long as such a count is open anywhere in
    the process; plain numbers are not affected. A function that is kept elsewhere, in a list or as a default
    argument, is still refused.

    Raises InvalidValue or InvalidType for a budget that is not a positive integer, InvalidValue for
    another `uncounted` or `by`, InvalidType for a `math` that is not a truth value, and OpcountError if a
    generator is suspended inside the block and something else is executed meanwhile.
    """
    if by not in (None, "line", "function"):
        raise InvalidValue(
            f'by is "line" (the user\'s own line) or "function" (the function of NumPy\'s that was called), not {by!r}'
        )
    if not isinstance(math, bool):
        raise InvalidType(f"math is True or False, not {math!r}")
    if uncounted not in (None, "refuse", "record"):
        raise InvalidValue(f'uncounted is "refuse" (raise an error) or "record" (let out and list), not {uncounted!r}')
    limits = None if budget is None else checked_limits(budget)

    def inside(around: Meter) -> Meter:
        tally = Tally(by)
        records = around.records if uncounted is None else uncounted == "record"
        own = () if limits is None else (Budget(limits, lambda: tally.counts),)
        return _counting(tally, around, own, records)

    return Block(inside, opens=True, replaces=math)


def count_here() -> Block[Tally]:
    """Count what runs inside; in counts by line or by function, all of it is where the block is entered."""

    def inside(around: Meter) -> Meter:
        around = around.fixed()
        return _counting(Tally(), around, (), around.records)

    return Block(inside, opens=True)


def _counting(tally: Tally, around: Meter, own: tuple[Budget, ...], records: bool) -> Meter:
    """The meter in which a tally counts too, within limits of its own."""
    innermost, tallies = (tally, *around.innermost), (tally, *around.tallies)
    parted = (tally, *around.parted) if tally._by else around.parted
    return meter_of(innermost, tallies, (*own, *around.limits), records, around, parted)


def region(name: str) -> Block[object]:
    """Count what runs inside under a name too, in every count that is open.

    >>> import opcount as oc
    >>> with oc.count() as tally:
    ...     with oc.region("square"):
    ...         y = oc.wrap(3.0) ** 2
    >>> tally.regions["square"].mul
    1

    Regions nest into a tree and can be entered again: `tally.regions["outer/inner"]`.
    Outside any count it does nothing. Raises InvalidType for a name that is not a string,
    InvalidValue for an empty one.
    """
    if not isinstance(name, str):
        raise InvalidType(f"region: the name must be a string, not {type(name).__name__}")
    parts = name.split("/")
    if not all(parts):
        raise InvalidValue(f"region: the name is empty, or has an empty part: {name!r}")

    def inside(around: Meter) -> Meter:
        for part in parts:
            around = _of_region(around, part)
        return around

    return Block(inside)


def _of_region(around: Meter, name: str) -> Meter:
    if not around.innermost:
        return around
    innermost = tuple(tally._region(name) for tally in around.innermost)
    # The tally of the innermost count determines all the others, so it can keep the meter for the next time.
    kept = innermost[0]._meter
    if kept is None or kept.limits != around.limits:
        tallies = (*innermost, *around.tallies)
        kept = innermost[0]._meter = meter_of(innermost, tallies, around.limits, around.records, around, around.parted)
    return kept


def paused() -> Block[object]:
    """Count nothing inside, on purpose: no open count sees these operations.

    >>> import opcount as oc
    >>> x = oc.wrap(3.0)
    >>> with oc.count() as tally:
    ...     with oc.paused():
    ...         check = x * x
    ...     y = x + 1
    >>> tally.counts
    Counts({'add': 1})

    It holds for this thread or asyncio task, and for what has a copy of its context. What would let
    a value out is refused here too, since the value could be computed with after the pause.
    A count that is opened inside counts for itself alone. In a thread that nobody counts, while a
    count is open in another, it says that this is intended.
    """
    return Block(lambda around: Meter(records=around.records, around=around))


def attempt() -> Block[Tally | None]:
    """Count what runs inside in a tally of its own too, so that it can be taken back; None where nobody counts."""

    def inside(around: Meter) -> Meter:
        if not around.tallies:
            return around
        tally = Tally()
        tally._mirrors = tuple(Tally(each._by) for each in around.parted)
        tallies, innermost = (tally, *around.tallies), (tally, *around.innermost)
        parted = (*tally._mirrors, *around.parted)
        return meter_of(innermost, tallies, around.limits, around.records, around, parted)

    return Block(inside)


def isolated() -> Block[Tally]:
    """Count what runs inside in a tally of its own alone: no other count and no budget sees it."""

    def inside(around: Meter) -> Meter:
        tally = Tally()
        return Meter((tally,), (tally,), around=around)

    return Block(inside)


_Inside = TypeVar("_Inside")
_Function = TypeVar("_Function", bound=Callable[..., Any])
_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


class Block(ContextDecorator, Generic[_Inside]):
    """A `with` block, or the calls of a function that it decorates, in which another meter is in force."""

    def __init__(self, make: Callable[[Meter], Meter], opens: bool = False, replaces: bool = False) -> None:
        self._make = make  # the meter inside, from the one around
        self._opens = opens  # whether that is a count that begins here
        self._replaces = replaces  # whether Python's functions are replaced by ones that count
        self._entered: _Entered | None = None

    def _recreate_cm(self) -> Self:  # each call of a decorated function has its own
        return type(self)(self._make, self._opens, self._replaces)

    def __call__(self, f: _Function) -> _Function:
        if _is_generator_function(f):
            raise InvalidType(
                "a generator function runs where it is iterated over, after this block: decorate the function that does"
            )
        if not inspect.iscoroutinefunction(f):
            return super().__call__(f)

        @wraps(f)
        async def awaited(*args: object, **kwargs: object) -> Any:
            with self._recreate_cm():
                return await f(*args, **kwargs)

        return awaited  # type: ignore[return-value]

    def __enter__(self) -> _Inside:
        if self._entered is not None:
            raise OpcountError("this block is open already: write oc.count(), oc.region(...) or oc.paused() once more")
        around = meter()
        entered = _Entered()
        try:
            inside = self._make(around)
            if (generator := _suspendable(sys._getframe(1))) is not None:
                entered.running = Running(generator)
                limits = (*inside.limits, entered.running)
                inside = meter_of(
                    inside.innermost, inside.tallies, limits, inside.records, inside.around, inside.parted
                )
            self._abandoned = _put_back_when_dropped(entered)
            next(self._abandoned)
            entered.meter = inside
            if self._opens:
                entered.opened = inside.innermost[0]
                OPEN[entered.opened] = inside
                if self._replaces:
                    replacing.replace(entered.opened, sys._getframe(1))
            entered.token = put_in_force(inside)
            self._entered = entered
        except BaseException:  # an interrupt, between any two of these
            put_in_force(around)
            entered.close()
            raise
        return inside.innermost[0] if inside.innermost else None  # type: ignore[return-value]

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        entered, self._entered = self._entered, None
        if entered is None or entered.meter is None or entered.process != process():
            return  # in a child that was forked inside, the count is its parent's
        tally = entered.meter.innermost[0] if entered.meter.innermost else None
        orderly = entered.put_back()
        self._abandoned.close()
        if not orderly and (error is None or kind is GeneratorExit):  # an error that is being raised is not replaced
            raise OpcountError(
                "a count or region was left while one opened inside it was still open (a generator that was "
                "suspended inside its `with` block does this); close them in the reverse order of opening"
            )
        if tally is not None and isinstance(error, Exception):
            _say_what_was_refused(error, tally)
        if tally is not None and error is None and tally._wrong is not None:
            raise Uncounted(tally._wrong)


class _Entered:
    """What a block has put in force, and how to put back what was around."""

    __slots__ = ("meter", "opened", "process", "running", "token")

    def __init__(self) -> None:
        self.meter: Meter | None = None  # None once it is closed
        self.opened: Tally | None = None  # the count that begins here, if one does
        self.process = process()
        self.running: Running | None = None
        self.token: Token[Meter] | None = None

    def put_back(self) -> bool:
        """Put the meter around in force again; False if an inner block is still open, or the context is another one."""
        assert self.meter is not None and self.token is not None
        unclosed = _unclosed(meter(), self.meter)
        orderly = unclosed == []
        if unclosed is not None:  # else it was left before, and is not to be brought back
            for left in unclosed:
                if left.innermost:
                    _close(left.innermost[0])
            try:
                put_back(self.token)
            except ValueError:  # left in another context than it was entered in
                orderly = False
        self.close()
        return orderly

    def close(self) -> None:
        if self.opened is not None:
            _close(self.opened)
        if self.running is not None:
            self.running.closed = True
        self.meter = None


def _close(tally: Tally) -> None:
    OPEN.pop(tally, None)
    replacing.put_back(tally)


def _put_back_when_dropped(entered: _Entered) -> Generator[None]:
    """A generator that puts the meter around in force again if an interrupt came before the first line of `__exit__`.

    Only the block refers to it, so it ends when the block is dropped; if the block was left in the usual way, it has
    been closed by then. A `__del__` of the block would run each time, and swallow an interrupt that comes during it.
    """
    try:
        yield
    finally:
        if entered.meter is not None and entered.token is not None and entered.process == process():
            entered.put_back()


def _unclosed(current: Meter, inside: Meter) -> list[Meter] | None:
    """The meters of counts that are still open inside a block; None where the block itself is not in force any more."""
    found = []
    at: Meter | None = current
    while at is not inside:
        if at is None:
            return None
        found.append(at)
        at = at.around
    return found


def _suspendable(frame: FrameType | None) -> FrameType | None:
    """The generator that enters a block and may be suspended inside it; None if there is none.

    A generator that serves as a context manager or a fixture is passed over: its caller is meant to be inside the
    block, so the caller is looked at instead. Above pytest's calls of its hooks there is nobody to look at.
    """
    while frame is not None:
        if not frame.f_code.co_flags & inspect.CO_GENERATOR:
            if not _drives(frame) or str(frame.f_globals.get("__name__")).startswith("pluggy."):
                return None
        elif not _drives(frame) and (frame.f_back is None or not _drives(frame.f_back)):
            return frame
        frame = frame.f_back
    return None


def _drives(frame: FrameType) -> bool:
    """Whether a frame belongs to a library that makes context managers or fixtures of generators."""
    name = str(frame.f_globals.get("__name__"))
    return name == "contextlib" or name.startswith(("_pytest.", "pluggy."))


def _say_what_was_refused(error: Exception, tally: Tally) -> None:
    """Add a note to another library's error on what was refused before it, in case the library swallowed that."""
    if isinstance(error, OpcountError):
        return
    before = tally._refusal and f"opcount refused this before, which may be the reason: {tally._refusal}"
    note = before or about_wrapped(error)
    if note and note not in getattr(error, "__notes__", ()):
        error.add_note(note)


# --- other threads, other processes


def propagate(f: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """The function f, counting for whoever is counting here, in whatever thread it is called.

    >>> import opcount as oc
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> x = oc.wrap(3.0)
    >>> with oc.count() as tally, ThreadPoolExecutor(2) as pool:
    ...     results = list(pool.map(oc.propagate(lambda i: x * i), range(4)))
    >>> tally.counts
    Counts({'mul': 4})

    What f executes goes to every count, region and budget that is in force where `propagate` is
    called, also when several threads call it at once, and however late. Where nobody counts, f is
    returned as it is. A coroutine function counts when it is awaited. The result cannot be pickled,
    since processes have counts of their own (`oc.record`). Raises InvalidType if f is not a function,
    or is a generator function, which runs where it is iterated over: propagate the function that iterates.
    """
    if not callable(f) or _is_generator_function(f):
        what = "a generator function" if callable(f) else f"{f!r}"
        raise InvalidType(f"propagate: f must be a function that the other thread calls, not {what}")
    here = meter()
    if here is NOBODYS:
        return f
    for taking_part in ALONG:
        f = taking_part(f)
    return _Propagated(f, here)


ALONG: Final[list[Callable[[Callable[..., Any]], Callable[..., Any]]]] = []
"""What else has to be in force where a propagated function is called, as the modes of another library."""


def _is_generator_function(f: object) -> bool:
    return inspect.isgeneratorfunction(f) or inspect.isasyncgenfunction(f)


class _Propagated(Generic[_Parameters, _Result]):
    """A function that counts for the meter that was in force somewhere else."""

    def __init__(self, f: Callable[_Parameters, _Result], there: Meter) -> None:
        update_wrapper(self, f)
        self._f = f
        self._in_force: Callable[[], Block[object]] = partial(Block, lambda _: there)

    def __call__(self, *args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        if inspect.iscoroutinefunction(self._f):
            return self._awaited(*args, **kwargs)  # type: ignore[return-value]
        with self._in_force():
            return self._f(*args, **kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> Callable[..., _Result]:
        return self if instance is None else MethodType(self, instance)

    async def _awaited(self, *args: _Parameters.args, **kwargs: _Parameters.kwargs) -> Any:
        with self._in_force():
            return await self._f(*args, **kwargs)  # type: ignore[misc]

    def __reduce__(self) -> NoReturn:
        raise Uncounted(
            "a function of oc.propagate cannot be sent to another process, which has counts of its own: call "
            "oc.measure there, send its counts back, and add them here with oc.record"
        )


def record(counts: Mapping[str, SupportsIndex]) -> None:
    """Add operations that opcount could not see to every count that is open here.

    >>> import opcount as oc
    >>> with oc.count() as tally:
    ...     oc.record({"mul": 10, "add": 9})    # what a kernel of your own has executed
    >>> tally.counts
    Counts({'mul': 10, 'add': 9})

    For a C extension, a kernel, or a process: call `oc.measure` in the worker, send back its value
    and its counts, and record them here (examples/processes.py). A budget that they would exceed
    raises BudgetExceeded, and none of them counts. Raises InvalidType or InvalidValue unless `counts`
    is a mapping from kinds to integers from 0 on.
    """
    found = Counts(counts)
    for kind, times in found.items():
        if not symbolic.is_symbolic(times) and times < 0:
            raise InvalidValue(f"record: {times} {kind}: a number of operations is 0 or more")
    meter().charge(found)
