"""Edges between numbers as columns, and the loops along them: integers and floats in place of objects, for speed.

A derivative is in one of a few states, and an edge of one of three kinds. What an edge does to a derivative, and what
that costs, follows from its kind and from the state alone; the table of it is made by the rule that executes products.
`chain_rule` remains the definition of the sums.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np

from opcount.counting.accelerator import ACCELERATOR
from opcount.counting.counts import Counts
from opcount.derivatives.chain_rule import Direction, Edges
from opcount.tracing.edges import ANY_NUMBER, IDENTITY, NEGATION, SCALE, Cost, LinearMap
from opcount.tracing.units import MINUS_ONE, ONE
from opcount.wrapping.operations import OPERATIONS

NONE, PLUS_ONE, LESS_ONE, NUMBER = range(4)
"""The states of a derivative: there is none yet, it is a structural 1 or -1, or a number."""

_STATES: Final = {ONE: PLUS_ONE, MINUS_ONE: LESS_ONE, ANY_NUMBER: NUMBER}
_KINDS: Final[tuple[LinearMap, ...]] = (SCALE, IDENTITY, NEGATION)
_KIND_OF: Final[dict[Any, int]] = {IDENTITY: 1, NEGATION: 2}  # any other edge between numbers is a Scale
_FIRST: Final = 3 * len(_KINDS) + len(_KINDS)  # what an edge meets is below where it is the first term of a sum


NO_EDGE: Final = 255
"""The kind where there is no edge."""


class FlatEdges(NamedTuple):
    """The edges between the numbers of a graph, in a line for each node, with an edge from each of its operands.

    `operands` are the nodes that edges lead from, of int32, and `kinds` indices of SCALE, IDENTITY and NEGATION, or
    NO_EDGE, of uint8. `partials` are what derivatives are multiplied by, 1.0 and -1.0 where that is structural; it is
    empty where only counts are wanted.
    """

    operands: np.ndarray
    kinds: np.ndarray
    partials: np.ndarray

    def columns(self, along: bool) -> Iterator[list[Any]]:
        """The edges in the order of a loop, along the graph or against it: their starts, ends, kinds and partials."""
        kinds = self.kinds[::-1].ravel()
        edges = np.flatnonzero(kinds != NO_EDGE)
        nodes, width = self.kinds.shape
        columns = [nodes - 1 - edges // width, self.operands[::-1].ravel()[edges], kinds[edges]]
        if along:
            columns = [column[::-1] for column in (columns[1], columns[0], columns[2])]
        partials = self.partials[::-1].ravel()[edges] if len(self.partials) else np.zeros(len(edges))
        return (column.tolist() for column in [*columns, partials])


NO_PARTIALS: Final = np.empty((0, 0))


def flat(operands: Edges) -> FlatEdges:
    """The edges of a graph of numbers, without their partials."""
    width = max(map(len, operands))
    tails = np.zeros((len(operands), width), np.int32)
    kinds = np.full((len(operands), width), NO_EDGE, np.uint8)
    lines = [line for line in operands if line]
    heads = [head for head, line in enumerate(operands) for _ in line]
    at = heads, [position for line in lines for position in range(len(line))]
    tails[at] = [tail for line in lines for tail, _ in line]
    kinds[at] = [_KIND_OF.get(edge, 0) for line in lines for _, edge in line]
    return FlatEdges(tails, kinds, NO_PARTIALS)


class Accumulated(NamedTuple):
    """What a loop found: the state and the value of each node's derivative, and how often edges met what."""

    states: bytearray
    derivatives: np.ndarray
    met: list[int]


def accumulated(edges: FlatEdges, sources: Iterable[int], after: bytes, along: bool = False) -> Accumulated:
    """The sums of the chain rule from the sources, as a loop along the graph or against it.

    `after` gives the state after what an edge meets. Partials are of edges against the graph.
    """
    size = len(edges.kinds)
    states = bytearray(size)
    derivatives = np.zeros(size if len(edges.partials) else 0)
    for source in sources:
        states[source] = PLUS_ONE
        derivatives[source : source + 1] = 1.0
    if ACCELERATOR is not None:
        columns = map(np.ascontiguousarray, edges)
        met = ACCELERATOR.accumulate(*columns, states, derivatives, after, edges.kinds.shape[1], along)
        return Accumulated(states, derivatives, met)
    found = derivatives.tolist() or [0.0] * size
    met = [0] * len(after)
    for start, end, kind, partial in zip(*edges.columns(along), strict=True):
        if state := states[start]:
            what = 3 * state + kind
            if states[end]:
                what += _FIRST
                found[end] += found[start] * partial
            else:
                found[end] = found[start] * partial
            states[end] = after[what]
            met[what] += 1
    return Accumulated(states, np.array(found), met)


# --- what they cost


Follow = Callable[[Callable[[Any], Any], Any], tuple[Any, Cost]]


class Rules(NamedTuple):
    """For all that an edge can meet: the state after it, and what it costs."""

    after: bytes
    prices: list[Cost]

    def counts(self, met: Iterable[tuple[int, int]]) -> Counts:
        """The counts of what edges met so often."""
        return sum((self.prices[what] * times for what, times in met), Cost()).counts


_EXECUTED: Final = {name: OPERATIONS[name] for name in ("mul", "add", "neg")}


def rows_are_original() -> bool:
    """Whether products and sums are still what they are here: a row that was replaced is executed as it says."""
    return all(OPERATIONS[name] is row for name, row in _EXECUTED.items())


@cache
def rules(follow: Follow, direction: Direction) -> Rules:
    """The rules of a pricing: `follow` gives the state of a derivative after an edge, and what that costs."""
    after = bytearray(2 * _FIRST)
    prices = [Cost()] * 2 * _FIRST
    for state, code in _STATES.items():
        for kind, edge in enumerate(_KINDS):
            term, price = follow(edge.push if direction == "tangent" else edge.pull, state)
            what = 3 * code + kind
            after[what], prices[what] = _STATES[term], price
            after[_FIRST + what], prices[_FIRST + what] = NUMBER, price + Cost(add=1)
    return Rules(bytes(after), prices)


def predicted_sums(
    edges: FlatEdges, direction: Direction, source: int, follow: Follow, targets: Iterable[int] | None = None
) -> Counts:
    """What the sums from a source execute, without executing them.

    With `targets`, what the recursion from them executes if it keeps nothing: each sum as often as it is visited.
    """
    along = direction == "tangent"
    rule = rules(follow, direction)
    edges = edges._replace(partials=NO_PARTIALS)
    if targets is None:
        return rule.counts(enumerate(accumulated(edges, [source], rule.after, along).met))
    return rule.counts(_visited(edges, source, rule.after, along, targets))


def _visited(
    edges: FlatEdges, source: int, after: bytes, along: bool, targets: Iterable[int]
) -> Iterable[tuple[int, int]]:
    """What edges meet, and how often, if the recursion from the targets visits a sum once for every path to it.

    Such a number may have as many bits as there are nodes, so each is dropped as soon as it has been passed on.
    """
    starts, ends, kinds, _ = edges.columns(along)
    states = bytearray(len(edges.kinds))
    states[source] = PLUS_ONE
    met = []
    for start, end, kind in zip(starts, ends, kinds, strict=True):
        what = 3 * states[start] + kind
        if states[start]:
            what += _FIRST if states[end] else 0
            states[end] = after[what]
        met.append(what)
    visits = [0] * len(states)
    for target in targets:
        visits[target] = 1
    left = Counter(ends)
    often: dict[int, int] = defaultdict(int)
    for what, start, end in zip(reversed(met), reversed(starts), reversed(ends), strict=True):
        often[what] += visits[end]
        visits[start] += visits[end]
        left[end] -= 1
        if not left[end]:
            visits[end] = 0
    return often.items()
