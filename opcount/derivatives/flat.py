"""Edges between numbers as columns, and what the loops do along them: integers in place of objects, for speed.

A derivative is in one of a few states, and an edge of one of three kinds. What an edge does to a derivative, and what
that costs, follows from its kind and from the state alone; the table of it is made by the rule that executes products.
`chain_rule` remains the definition of the loops.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from opcount.counting.counts import Counts
from opcount.derivatives.chain_rule import Direction, Edges
from opcount.tracing.edges import ANY_NUMBER, IDENTITY, NEGATION, SCALE, Cost
from opcount.tracing.structural import MINUS_ONE, ONE

NONE, PLUS_ONE, LESS_ONE, ANY = range(4)
"""The states of a derivative: there is none yet, it is a structural 1 or -1, or a number."""

_STATES: Final = {ONE: PLUS_ONE, MINUS_ONE: LESS_ONE, ANY_NUMBER: ANY}
_KINDS: Final = (SCALE, IDENTITY, NEGATION)
_KIND_OF: Final = {IDENTITY: 1, NEGATION: 2}  # any other edge between numbers is a Scale
_MET: Final = len(_KINDS) * (ANY + 1)


class FlatEdges(NamedTuple):
    """The edges between the numbers of a graph with `size` nodes, in the order in which backprop meets them."""

    tails: Sequence[int]
    heads: Sequence[int]
    kinds: Sequence[int]
    size: int


def flat(operands: Edges) -> FlatEdges:
    """The edges of a graph of numbers as columns."""
    tails, heads, kinds = [], [], []
    kind_of = _KIND_OF.get
    for head in range(len(operands) - 1, -1, -1):
        for tail, edge in operands[head]:
            tails.append(tail)
            heads.append(head)
            kinds.append(kind_of(edge, 0))
    return FlatEdges(tails, heads, kinds, len(operands))


Follow = Callable[[Callable[[Any], Any], Any], tuple[Any, Cost]]


def accumulation_counts(
    edges: FlatEdges, direction: Direction, source: int, follow: Follow, targets: Iterable[int] | None = None
) -> Counts:
    """What the sums from a source execute, without executing them.

    `follow` gives the state of a derivative after an edge, and what that costs. With `targets`, what the recursion
    from them executes if it keeps nothing, so that each sum is executed as often as it is visited.
    """
    along = direction == "tangent"
    after = [NONE] * 2 * _MET
    prices = [Cost()] * 2 * _MET
    for state, code in _STATES.items():
        for kind, edge in enumerate(_KINDS):
            term, price = follow(edge.push if along else edge.pull, state)
            met = len(_KINDS) * code + kind
            after[met], prices[met] = _STATES[term], price
            after[met + _MET], prices[met + _MET] = ANY, price + Cost(add=1)  # where it is not the first term of a sum
    tails, heads, kinds = (edges[:3] if not along else (edges.heads[::-1], edges.tails[::-1], edges.kinds[::-1]))
    met = _met(tails, heads, kinds, source, edges.size, after)
    times = Counter(met) if targets is None else _often(met, tails, heads, targets, edges.size)
    return sum((prices[met] * often for met, often in times.items()), Cost()).counts


def _met(
    ends: Sequence[int], starts: Sequence[int], kinds: Sequence[int], source: int, size: int, after: list[int]
) -> list[int]:
    """What each edge meets on the way from the source, as an index of the tables of what follows."""
    states = [NONE] * size
    states[source] = PLUS_ONE
    found = []
    for end, start, kind in zip(ends, starts, kinds, strict=True):
        met = 3 * states[start] + kind
        if met > 2:
            if states[end]:
                met += _MET
            states[end] = after[met]
        found.append(met)
    return found


def _often(
    met: list[int], ends: Sequence[int], starts: Sequence[int], targets: Iterable[int], size: int
) -> dict[int, int]:
    """How often edges meet each of these, if the recursion from the targets visits each sum once for every path to it.

    Such a number may have as many bits as there are nodes, so each is dropped as soon as it has been passed on.
    """
    visits = [0] * size
    for target in targets:
        visits[target] = 1
    passed_on = Counter(ends)
    often: dict[int, int] = defaultdict(int)
    for what, end, start in zip(reversed(met), reversed(ends), reversed(starts), strict=True):
        times = visits[end]
        often[what] += times
        visits[start] += times
        passed_on[end] -= 1
        if not passed_on[end]:
            visits[end] = 0
    return often
