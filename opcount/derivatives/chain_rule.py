"""The chain rule: one recursion, two directions, with a memo or without, and the same sums as loops.

Everything the project claims is about the three functions below. They compute derivatives from
a `source`, the node at which the derivative is the `seed`: one, or, for an array, a direction.
`edges[node]` lists the operands of a node, each with its edge. `neighbours[node]` says what the
recursion sums over, in either direction: pairs of a neighbour and the way along the edge to it.

    direction  source      neighbours     way along  what is computed    as a loop
    tangent    an input    its operands   push       d node / d source   forward
    adjoint    the output  its users      pull       d source / d node   backprop
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Generator, Mapping, MutableMapping, Sequence
from typing import Any, Literal

from opcount.tracing.edges import LinearMap
from opcount.tracing.structural import Derivative, plus
from opcount.tracing.units import ONE

Direction = Literal["tangent", "adjoint"]
Edges = Sequence[Sequence[tuple[int, LinearMap]]]
Neighbours = dict[int, list[tuple[int, Callable[[Any], Any]]]]
Plus = Callable[[Any, Any], Any]


def chain_rule(
    node: int, source: int, neighbours: Neighbours, plus: Plus = plus, seed: Derivative = ONE
) -> Generator[int, Any, Any]:
    """d(node) = the sum over neighbours of d(neighbour) * partial; `yield n` is the recursive call for n."""
    if node == source:
        return seed
    total = None
    for neighbour, along in neighbours[node]:
        total = plus(total, along((yield neighbour)))
    return total


def forward(source: int, edges: Edges, plus: Plus = plus, seed: Derivative = ONE) -> list[Any]:
    """The sums of the tangent recursion as a loop along the graph."""
    tangent: list[Any] = [None] * len(edges)
    tangent[source] = seed
    for node in range(source, len(edges)):
        for operand, edge in edges[node]:
            if tangent[operand] is not None:
                tangent[node] = plus(tangent[node], edge.push(tangent[operand]))
    return tangent


def backprop(source: int, edges: Edges, plus: Plus = plus, seed: Derivative = ONE) -> list[Any]:
    """The sums of the adjoint recursion, for all inputs at once, as a loop against the graph."""
    adjoint: list[Any] = [None] * len(edges)
    adjoint[source] = seed
    return backprop_from(0, edges, plus, adjoint)


def backprop_from(first: int, edges: Edges | Mapping[int, Any], plus: Plus, adjoint: list[Any]) -> list[Any]:
    """The loop of backprop over the last nodes alone, from `first` on, with the adjoints that there are so far."""
    for node in range(len(adjoint) - 1, first - 1, -1):
        if adjoint[node] is not None:
            for operand, edge in edges[node]:
                term = edge.pull(adjoint[node])
                adjoint[operand] = term if adjoint[operand] is None else plus(adjoint[operand], term)
    return adjoint


def recurse(
    node: int,
    source: int,
    neighbours: Neighbours,
    memo: MutableMapping[int, Any],
    plus: Plus = plus,
    seed: Derivative = ONE,
) -> tuple[Any, int]:
    """Run the recursion, with a look at the memo before each call; returns the derivative and the depth reached.

    Waiting calls are kept in a list, so depth costs memory but meets no recursion limit. With a
    memo that keeps nothing this is the naive recursion.
    """
    visits = [(node, chain_rule(node, source, neighbours, plus, seed))]
    answer = None
    depth = 1
    while visits:
        asking, call = visits[-1]
        try:
            asked = call.send(answer)
        except StopIteration as returned:
            answer = memo[asking] = returned.value
            visits.pop()
        else:
            answer = memo.get(asked)
            if answer is None:
                visits.append((asked, chain_rule(asked, source, neighbours, plus, seed)))
                depth = max(depth, len(visits))
    return answer, depth


class NoMemo(dict[int, Any]):
    """A memo that keeps nothing, with which the recursion is naive."""

    def __setitem__(self, node: int, derivative: Derivative) -> None:
        pass


class BoundedMemo(OrderedDict[int, Any]):
    """A memo of at most `size` derivatives, which forgets the least recently used."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def get(self, node: int, default: object = None) -> Any:
        if node in self:
            self.move_to_end(node)
            return self[node]
        return default

    def __setitem__(self, node: int, derivative: Derivative) -> None:
        super().__setitem__(node, derivative)
        if len(self) > self.size:
            self.popitem(last=False)


def new_memo(size: int | None) -> MutableMapping[int, Any]:
    """A memo for so many derivatives at most, the dial from the naive recursion, 0, to backprop; None: for all."""
    return {} if size is None else BoundedMemo(size) if size else NoMemo()
