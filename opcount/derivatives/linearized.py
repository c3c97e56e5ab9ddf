"""The linearized graph: numbers as vertices, local partials as weights of edges (Griewank's word)."""

from __future__ import annotations

from typing import Any, NamedTuple

from opcount.counting.errors import InvalidType
from opcount.tracing.edges import IDENTITY, LinearMap, Scale, Sign
from opcount.wrapping.trees import shape_of


class Linearized(NamedTuple):
    """The edges on which an output depends, as (tail, head, map), and which vertices are inputs or intermediate.

    `rows` has the vertex of each output of the function, None for a constant one; `size` is the number of nodes of
    the graph that was linearized.
    """

    edges: list[tuple[int, int, LinearMap]]
    inputs: list[int]
    intermediates: list[int]
    rows: list[int | None]
    size: int

    @property
    def sinks(self) -> list[int]:
        """The vertices of outputs, each once."""
        return sorted({row for row in self.rows if row is not None})


def linearized(graph: Any) -> Linearized:
    """The linearized graph of a graph of numbers, with a copy of each output that is used by another node.

    Raises InvalidType if a node is an array, or an edge has no partial.
    """
    outputs = graph.output_indices
    inputs = [node.index for node in graph.inputs]
    edges = [(tail, head, edge) for head, near in enumerate(graph.operands) for tail, edge in near]
    for _, head, edge in edges:
        if not isinstance(edge, (Scale, Sign)) or shape_of(graph.nodes[head].value):
            raise InvalidType(
                f"vertices are eliminated where each is a number, and an edge to {graph.nodes[head].name!r} is no "
                'number: trace with granularity="scalar", and give a primitive of your own its partials'
            )
    used = {tail for tail, _, _ in edges}.union(inputs)
    inner = dict.fromkeys(output for output in outputs if output in used)
    copies = {output: copy for copy, output in enumerate(inner, start=len(graph.nodes))}
    edges += [(output, copy, IDENTITY) for output, copy in copies.items()]
    rows = [copies.get(output, output) for output in outputs]
    heads = {head for _, head, _ in edges}
    return Linearized(edges, inputs, sorted(heads.difference(rows)), rows, len(graph.nodes))
