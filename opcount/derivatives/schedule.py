"""When to keep a state, and when to compute it again: the binomial schedule.

A. Griewank and A. Walther, Algorithm 799: revolve, ACM Transactions on Mathematical Software 26 (2000). The state
before the first step counts as one of the snapshots.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from math import comb
from typing import Any, TypeVar

_Step = TypeVar("_Step")


def repetitions(steps: int, snapshots: int) -> int:
    """How often a step is evaluated at most before its graph is recorded.

    >>> [repetitions(10, c) for c in (1, 2, 3, 9)]
    [9, 3, 2, 1]
    """
    return next(times for times in count() if comb(snapshots + times, times) >= steps)


def evaluations(steps: int, snapshots: int) -> int:
    """The least number of evaluations of a step beyond the one that records its graph.

    >>> [evaluations(10, c) for c in (1, 2, 3, 9)]
    [45, 20, 15, 9]
    """
    times = repetitions(steps, snapshots)
    return times * steps - comb(snapshots + times, times - 1) if times else 0


def balanced(steps: int) -> int:
    """The least number of snapshots with which no step is evaluated more often than there are snapshots.

    >>> [balanced(steps) for steps in (0, 1, 2, 3, 6, 7, 20, 21, 1000)]
    [1, 1, 1, 2, 2, 3, 3, 4, 7]
    """
    return next(size for size in count(1) if comb(2 * size, size) >= steps)


def onward(steps: int, snapshots: int) -> int:
    """After how many of the next steps to keep the state, with so many snapshots, one of them that before the first.

    >>> onward(10, 3), onward(10, 1)
    (4, 9)
    """
    if snapshots == 1:
        return steps - 1
    times = repetitions(steps, snapshots)
    # of those before, which have all snapshots, no step is to be evaluated more than `times` - 1 times; of those
    # after, which have one snapshot fewer, no step more than `times` times
    return min(comb(snapshots + times - 1, snapshots), steps - comb(snapshots + times - 2, times - 1))


class Chain:
    """Steps in a row, of which each needs what those before it gave, and the states that are kept at the moment.

    A state has the values of what the steps before gave and those after need, by node. `needed` says up to which step
    a node is.
    """

    def __init__(self, steps: Sequence[Any], snapshots: int) -> None:
        self.steps = steps
        self.snapshots = snapshots
        self.needed = {node: order for order, step in enumerate(steps) for node in step.given}
        self.kept: list[tuple[int, dict[int, Any]]] = [(0, {})]
        self.left = len(steps)  # that are still to be recorded

    def before(self, order: int, evaluated: Callable[[Any, dict[int, Any]], dict[int, Any]]) -> dict[int, Any]:
        """The state before a step, the last that is still to be asked for; `evaluated` gives what a step gives."""
        while self.kept[-1][0] > order:
            self.kept.pop()
        at, state = self.kept[-1]
        while at < order:
            free = self.snapshots - len(self.kept)
            for _ in range(onward(order + 1 - at, free + 1)):
                state = state | evaluated(self.steps[at], state)
                at += 1
                state = {node: value for node, value in state.items() if self.needed.get(node, -1) >= at}
            if at < order:
                self.kept.append((at, state))
        if self.kept[-1][0] == order:
            self.kept.pop()  # its step is recorded now, and needs it for the last time
        return state


def chains(steps: Sequence[Any], snapshots: int | None = None) -> list[Chain]:
    """The steps of a function in chains: one ends where no later step is given what a step before gave.

    Without `snapshots`, as many as are balanced for the longest chain.
    """
    needed = {node: order for order, step in enumerate(steps) for node in step.given}
    found: list[list[Any]] = []
    until = -1
    for order, step in enumerate(steps):
        if order > until:
            found.append([])
        found[-1].append(step)
        until = max([until, order, *(needed.get(node, -1) for node in step.outputs)])
    if snapshots is None:
        snapshots = balanced(max(map(len, found), default=0))
    return [Chain(chain, snapshots) for chain in found]
