"""Walks along edges: which nodes they reach, what the recursion sums over, how often it visits a node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from typing import Any, Final

from opcount.counting.errors import InvalidValue
from opcount.derivatives.chain_rule import Direction, Edges, Neighbours, new_memo, recurse
from opcount.tracing.edges import LinearMap


def reach(sources: Iterable[int], onward: Edges) -> set[int]:
    """The nodes that can be reached from the sources, these included."""
    found = set(sources)
    waiting = list(found)
    while waiting:
        for node, _ in onward[waiting.pop()]:
            if node not in found:
                found.add(node)
                waiting.append(node)
    return found


def users(operands: Edges) -> list[list[tuple[int, LinearMap]]]:
    """The edges out of each node, as pairs of head and map, in the order in which backprop meets them."""
    found: list[list[tuple[int, LinearMap]]] = [[] for _ in operands]
    for head in range(len(operands) - 1, -1, -1):
        for tail, edge in operands[head]:
            found[tail].append((head, edge))
    return found


def neighbours(
    operands: Edges,
    users: Edges,
    direction: Direction,
    sources: Iterable[int],
    edge_of: Callable[[LinearMap], LinearMap] | None = None,
) -> Neighbours:
    """What the chain rule sums over, for each node that the sources reach, in the order of a loop.

    `edge_of`, if given, replaces each edge by what to walk along instead.
    """
    along = direction == "tangent"
    sums, onward = (operands, users) if along else (users, operands)
    relevant = reach(sources, onward)
    found: Neighbours = {}
    for node in sorted(relevant.difference(sources), reverse=not along):
        near = [(neighbour, edge) for neighbour, edge in sums[node] if neighbour in relevant]
        if edge_of is not None:
            near = [(neighbour, edge_of(edge)) for neighbour, edge in near]
        found[node] = [(neighbour, edge.push if along else edge.pull) for neighbour, edge in near]
    return found


def from_one_input(operands: Edges, inputs: Iterable[int], edges: Iterable[LinearMap | None]) -> Edges:
    """The edges with one more node before all others, on which the inputs depend by these edges; None is for none.

    It is the node 0, and each other node has the next number after its own.
    """
    found: list[Sequence[tuple[int, LinearMap]]] = [[(tail + 1, edge) for tail, edge in near] for near in operands]
    for node, edge in zip(inputs, edges, strict=True):
        found[node] = [] if edge is None else [(0, edge)]
    return [[], *found]


def to_one_output(operands: Edges, outputs: Iterable[int | None], edges: Iterable[LinearMap | None]) -> Edges:
    """The edges with one more node after all others, which depends on the outputs by these edges; None is for none."""
    found = [(node, edge) for node, edge in zip(outputs, edges, strict=True) if node is not None and edge is not None]
    return [*operands, found]


def visits(targets: Iterable[int], neighbours: Neighbours) -> Iterator[tuple[int, int]]:
    """How often the naive recursion from the targets visits each node, the sources last: the number of paths between.

    Such a number may have as many bits as there are nodes, so each is dropped as soon as it has been passed on.
    """
    visited = dict.fromkeys(targets, 1)
    for node in reversed(neighbours):
        times = visited.pop(node, 0)
        for neighbour, _ in neighbours[node]:
            visited[neighbour] = visited.get(neighbour, 0) + times
        yield node, times
    yield from visited.items()


class _Executed(Counter[int]):
    """A memo that writes down how often each derivative was computed, beside the one that keeps them."""

    def __init__(self, memo: MutableMapping[int, Any]) -> None:
        super().__init__()
        self.memo = memo
        self.sums = 0

    def get(self, node: int, default: object = None) -> Any:
        return self.memo.get(node, default)

    def __setitem__(self, node: int, derivative: Any) -> None:
        super().__setitem__(node, self[node] + 1)
        self.memo[node] = derivative
        self.sums += 1
        if self.sums > MOST_SUMS:
            raise InvalidValue(
                f"with a memo of this size the recursion executes more than {MOST_SUMS:,} sums, which are counted "
                "one by one: give it a larger one; memo=0 and no bound are predicted in any case"
            )


MOST_SUMS: Final = 10_000_000
"""The sums up to which the recursion with a bounded memo is predicted: some ten seconds' worth."""


def executed(targets: Iterable[int], source: int, neighbours: Neighbours, size: int) -> Counter[int]:
    """How often the recursion from the targets executes the sum of each node, with a memo of that size.

    The recursion is executed, without its products and sums: it takes as many calls. Raises InvalidValue for too many.
    """
    calls: Neighbours = {node: [(near, bool) for near, _ in found] for node, found in neighbours.items()}
    found = _Executed(new_memo(size))
    for target in targets:
        if target in calls:
            recurse(target, source, calls, found, lambda total, term: term, True)  # type: ignore[arg-type]
    return found


def paths(inputs: list[int], output: int, neighbours: Neighbours) -> list[int]:
    """The number of paths from each input to the output."""
    found = dict.fromkeys(inputs, 0)
    found.update((node, times) for node, times in visits([output], neighbours) if node in found)
    return list(found.values())
