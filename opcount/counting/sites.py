"""Where operations are executed: the meter of a count by line or by function, which adds to a part of it as well.

The frames of the interpreter say where: the innermost one that is the user's own is the line, and the outermost one
of NumPy or opcount inside it is the function. A count that is not by line or function never looks at a frame.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any, TypeAlias

from opcount.counting.budgets import Limit
from opcount.counting.callers import DOOR, EXECUTES, LIBRARYS, NUMPYS, OWNERS, USERS, function_of, operator_of
from opcount.counting.counts import OpCounts
from opcount.counting.draws import LOCK
from opcount.counting.lines import Line
from opcount.counting.meters import Meter, Tally

_Site: TypeAlias = tuple[FrameType | None, bool, FrameType | None]
"""The frame of the line, whether that is the user's own (else a library's outermost), and that of the function."""


def _site(frame: FrameType | None) -> _Site:
    """Where the operation that led to a frame is executed."""
    function = library = None
    while frame is not None:
        owner = OWNERS[frame.f_code.co_filename]
        if owner is EXECUTES:
            function = frame
        elif owner is USERS:
            return frame, True, function
        elif owner is NUMPYS:
            function = library = frame
        elif owner is LIBRARYS:
            library = frame
        elif owner is DOOR:
            break
        frame = frame.f_back
    return library, False, function


class PartedMeter(Meter):
    """The meter inside a count by line or by function: it hands each operation to the meter of where it is executed."""

    __slots__ = ("_by_function", "_codes", "_meters", "parted")

    def __init__(self, parted: tuple[Tally, ...], *arguments: Any) -> None:
        self.parted = parted  # the tallies that have parts
        self._by_function = any(tally._by == "function" for tally in parted)
        self._meters: dict[tuple[int, str], Meter] = {}
        # A place is that of an instruction in memory, inside of a code object, which is kept alive for that.
        self._codes: list[CodeType] = []
        super().__init__(*arguments)
        self.bulk = (_BulkOfSites(self),)

    def _iterator(self, kind: str) -> Iterator[object]:
        return _OfSites(self, kind)

    def charge(self, counts: OpCounts) -> None:
        if counts:
            self._here(sys._getframe(1)).charge(counts)

    def refund(self, counts: OpCounts) -> None:
        if counts:
            self._here(sys._getframe(1)).refund(counts)

    def fixed(self) -> Meter:
        return self._here(sys._getframe(1))

    def take_back(self, attempted: Tally) -> None:
        """Take back what was counted in an attempt, from the parts in which it was counted."""
        super().refund(attempted.counts)
        with LOCK:
            mirrors = attempted._mirrors
            for mirror, tally in zip(mirrors, self.parted[len(mirrors) :], strict=True):
                for site, part in mirror._parts.copy().items():
                    for kind, times in part.counts.items():
                        for each in (part, tally._part(site)):
                            each._bulk[kind] -= times

    def _here(self, frame: FrameType) -> Meter:
        """The meter of where the operation that led to a frame is executed."""
        line, _, executed = _site(frame)
        function = function_of(executed) if self._by_function else ""
        place = 0 if line is None else id(line.f_code) + line.f_lasti
        found = self._meters.get((place, function))
        return self._new(line, place, function) if found is None else found

    def _new(self, line: FrameType | None, place: int, function: str) -> Meter:
        at = Line("", 0) if line is None else Line(line.f_code.co_filename, line.f_lineno)
        if line is not None:
            self._codes.append(line.f_code)
        parts = tuple(tally._part(at if tally._by == "line" else function) for tally in self.parted)
        self._meters[place, function] = found = Meter(
            self.innermost, (*parts, *self.tallies), self.limits, self.records, self
        )
        return found


def meter_of(
    innermost: tuple[Tally, ...],
    tallies: tuple[Tally, ...],
    limits: tuple[Limit, ...],
    records: bool,
    around: Meter | None,
    parted: tuple[Tally, ...],
) -> Meter:
    """A meter inside the one around, of which the tallies that have parts are those given."""
    if parted:
        return PartedMeter(parted, innermost, tallies, limits, records, around)
    return Meter(innermost, tallies, limits, records, around)


class _BulkOfSites(dict[str, int]):
    """What stands for the bulk of a tally: what is added to it is counted where it is executed, and it stays empty."""

    __slots__ = ("_meter",)

    def __init__(self, meter: PartedMeter) -> None:
        self._meter = meter

    def __missing__(self, kind: str) -> int:
        return 0

    def __setitem__(self, kind: str, times: int) -> None:
        meter = self._meter._here(sys._getframe(1))
        for bulk in meter.bulk:
            bulk[kind] += times


class _OfSites(dict[int, Iterator[object]]):
    """The iterator of a kind: it draws from that of where the operation is executed.

    It is a dict for the accelerator, which looks up what to draw from by the place of the instruction that executes
    an operator, and asks Python, that is, draws from this, where it finds none.
    """

    __slots__ = ("_kind", "_meter")

    def __init__(self, meter: PartedMeter, kind: str) -> None:
        self._meter = meter
        self._kind = kind

    def __iter__(self) -> Iterator[int]:
        return super().__iter__()

    def __next__(self) -> object:
        frame = sys._getframe(1).f_back  # if an operator draws from this, that which executes the operator
        draw = None if frame is None else self.get(id(frame.f_code) + frame.f_lasti)
        return next(self._elsewhere() if draw is None else draw)

    def _elsewhere(self) -> Iterator[object]:
        meter = self._meter
        line, users, executed = _site(sys._getframe(2))
        function = function_of(executed) if meter._by_function else ""
        place = 0 if line is None else id(line.f_code) + line.f_lasti
        found = meter._meters.get((place, function))
        draw = (meter._new(line, place, function) if found is None else found)[self._kind]
        if users and (not function or function == operator_of(self._kind)):
            self[place] = draw
        return draw
