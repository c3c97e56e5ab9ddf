"""A log of an accumulation: each product along an edge and each sum, as it is executed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from opcount.counting.tally import count
from opcount.derivatives.graph import Graph
from opcount.derivatives.partials import edges_to
from opcount.tracing.edges import LinearMap
from opcount.tracing.structural import Derivative, plus


class LogEntry(NamedTuple):
    """One entry of the log: a product ("mul", "neg" or "copy") along an edge, or its addition to a sum ("add").

    The edge leads from node `tail` to node `head`, at `position` among the head's operands. `source` is the node
    whose derivative is one: the output, or the input of a tangent.
    """

    kind: str
    tail: int
    head: int
    position: int
    source: int


class Log:
    """Records the products and sums of an accumulation while they are executed."""

    def __init__(self) -> None:
        self.entries: list[LogEntry] = []

    def watched(self, graph: Graph, source: int) -> Graph:
        """A graph of the same nodes whose edges record each product along them."""
        found = Graph(graph.nodes, graph.inputs, graph.outputs, graph.result)
        indices = range(len(graph.nodes))
        found.operands = [self.watching(node, graph.operands[node.index], source, indices) for node in graph.nodes]
        return found

    def watching(
        self, node: Any, pairs: Iterable[tuple[int, LinearMap]], source: int, numbers: Sequence[int]
    ) -> list[tuple[int, LinearMap]]:
        """The edges to a node, which record each product along them; `numbers` are what nodes are called in the log."""
        found: list[tuple[int, LinearMap]] = []
        for tail, head, position, linear_map in edges_to(node, pairs):
            entry = LogEntry("copy", numbers[tail], numbers[head], position, source)
            found.append((tail, _Watched(linear_map, entry, self.entries)))
        return found

    def plus(self, total: Derivative | None, term: Derivative) -> Any:
        """The sum of a total and a term, recorded as an addition along the edge of the last product."""
        if total is not None:
            self.entries.append(self.entries[-1]._replace(kind="add"))
        return plus(total, term)


class _Watched:
    """An edge that records each product along it, with the kind of operation executed."""

    __slots__ = ("entries", "entry", "map")

    def __init__(self, linear_map: LinearMap, entry: LogEntry, entries: list[LogEntry]) -> None:
        self.map = linear_map
        self.entry = entry
        self.entries = entries

    def push(self, tangent: Derivative) -> Any:
        return self._recorded(self.map.push, tangent)

    def pull(self, adjoint: Derivative) -> Any:
        return self._recorded(self.map.pull, adjoint)

    def priced(self) -> LinearMap:
        return self.map.priced()

    def _recorded(self, along: Callable[[Any], Any], derivative: Derivative) -> Any:
        with count() as tally:
            product = along(derivative)
        kinds = [kind for kind in ("mul", "neg") if tally.counts[kind]]
        self.entries.append(self.entry._replace(kind=kinds[0]) if kinds else self.entry)
        return product
