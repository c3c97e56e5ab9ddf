"""What one operation is drawn from: iterators that add one to counters, in Python, or in C by the accelerator.

In Python they are `itertools.count` and `zip` of them, so a draw is one call into C, which cannot be torn apart by
another thread. Under a budget it takes the lock. What is drawn from in C needs none: whoever draws holds the
interpreter's lock, and the draw is left to Python while `BUSY` says that what is left of a budget is being changed.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

from opcount.counting.accelerator import ACCELERATOR

LOCK: Final = threading.RLock()
"""Held by whoever counts many operations at once.

A signal handler may execute an operation while its own thread holds the lock: it can be taken again there.
"""


class Counter:
    """An integer that is changed in place."""

    __slots__ = ("n",)

    def __init__(self, n: int) -> None:
        self.n = n


_MOST: Final = 2**63 - 1  # that a counter in C can hold


def left(limit: int) -> Any:
    """A counter of the operations that are left of a budget; `n` is how many."""
    return Counter(limit) if ACCELERATOR is None or limit > _MOST else ACCELERATOR.Counter(limit)


BUSY: Final = left(0)
"""Its `n` is not 0 while what is left of a budget is being changed."""

if ACCELERATOR is None:
    new_count: Callable[[], Any] = itertools.count

    def drawn(count: Any) -> int:
        """How often a count was drawn from."""
        # repr is the one way to read an itertools.count without drawing from it: "count(7)"
        return int(repr(count)[6:-1])

else:
    new_count = ACCELERATOR.Counter

    def drawn(count: Any) -> int:
        """How often a count was drawn from."""
        times: int = count.n
        return times


def draw(counts: tuple[Any, ...]) -> Iterator[object]:
    """What adds one to each of these counts."""
    if ACCELERATOR is not None:
        return ACCELERATOR.Draw(counts, (), BUSY, _never)  # type: ignore[no-any-return]
    if not counts:
        return itertools.repeat(None)
    return counts[0] if len(counts) == 1 else zip(*counts, strict=False)


def limited_draw(
    counts: tuple[Any, ...], all_left: tuple[Any, ...], otherwise: Callable[[], object]
) -> Iterator[object]:
    """What takes one from all that is left and adds one to the counts, or, where nothing is left, calls `otherwise`."""
    if ACCELERATOR is None or any(type(one) is Counter for one in all_left):
        return _LimitedDraw(draw(counts), all_left, otherwise)
    return ACCELERATOR.Draw(counts, all_left, BUSY, otherwise)  # type: ignore[no-any-return]


def _never() -> None:
    raise AssertionError("a draw without limits is always possible")


class _LimitedDraw:
    __slots__ = ("_all_left", "_draw", "_otherwise")

    def __init__(self, draw: Iterator[object], all_left: tuple[Any, ...], otherwise: Callable[[], object]) -> None:
        self._draw = draw
        self._all_left = all_left
        self._otherwise = otherwise

    def __iter__(self) -> Iterator[object]:
        return self

    def __next__(self) -> object:
        with LOCK:
            for left in self._all_left:
                if left.n < 1:
                    return self._otherwise()
            for left in self._all_left:
                left.n -= 1
            return next(self._draw)
