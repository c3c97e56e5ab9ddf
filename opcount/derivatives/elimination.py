"""Vertex elimination: a Jacobian from its graph, one intermediate vertex after the other, in any order.

To eliminate a vertex is to join each of its predecessors to each of its successors: the product of the
weights of the edges in and out is added to the edge that skips the vertex. When only inputs and outputs
are left, the weights of the edges are the Jacobian. Eliminating along the graph is forward mode, against
it backprop; any other order gives the same Jacobian at another cost (Griewank and Walther, Evaluating
Derivatives, 2nd ed., 2008, chapter 9).

An output that another node uses is an intermediate vertex; a copy of it is the output, as in that book.
Parallel edges, as the two of `x * x`, are added up before anything else, which saves products; those of
`y + y` are not, since products by one are free. "forward" and "reverse" add up where the tangent and the
adjoint recursion do, and not before: they are these recursions, product by product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opcount.counting.counts import Counts
from opcount.derivatives.chain_rule import Direction, Neighbours, Plus
from opcount.derivatives.choices import Order
from opcount.derivatives.coloring import compressed
from opcount.derivatives.linearized import Linearized, linearized
from opcount.derivatives.orders.named import SEPARATELY, ordered
from opcount.derivatives.predict import own_costs, predicted_one_by_one, pricing_of
from opcount.tracing.edges import ANY_NUMBER, Cost, LinearMap, Priced, Sign
from opcount.tracing.structural import Derivative, number, plus, times
from opcount.tracing.units import Unit

if TYPE_CHECKING:
    from opcount.derivatives.graph import Graph

Times = Callable[[Any, Any], Any]


class Elimination(NamedTuple):
    """The vertices in the `order` of their elimination, its `counts`, and the most `live_edges` that exist at once.

    `live_edges` is None if no vertex is eliminated: row by row, or column by column.
    """

    order: tuple[int, ...]
    counts: Counts
    live_edges: int | None


class Remaining:
    """The edges that are left: `into[head][tail]` and `out[tail][head]` are the same edge.

    An edge is the list of its weights: several, if parallel edges have not been added up.
    """

    def __init__(self, edges: Iterable[tuple[int, int, Any]]) -> None:
        self.into: dict[int, dict[int, list[Any]]] = {}
        self.out: dict[int, dict[int, list[Any]]] = {}
        self.live = 0
        for tail, head, weight in edges:
            for vertex in (tail, head):
                if vertex not in self.into:
                    self.into[vertex], self.out[vertex] = {}, {}
            edge = self.into[head].setdefault(tail, [])
            self.out[tail][head] = edge
            edge.append(weight)
            self.live += 1

    def add_up(self, plus: Plus, chosen: Callable[[int, int, list[Any]], bool]) -> None:
        """Add up the parallel weights of the edges for which `chosen(tail, head, weights)` holds."""
        for head, near in self.into.items():
            for tail, edge in near.items():
                if len(edge) > 1 and chosen(tail, head, edge):
                    self.live -= len(edge) - 1
                    edge[:] = [reduce(plus, edge)]

    def eliminate(self, vertex: int, times: Times, plus: Plus) -> None:
        """Join each predecessor of a vertex to each successor, and remove the vertex with its edges."""
        into, out = self.into.pop(vertex), self.out.pop(vertex)
        for tail, earlier in into.items():
            del self.out[tail][vertex]
            self.live -= len(earlier)
        for head, later in out.items():
            del self.into[head][vertex]
            self.live -= len(later)
            near = self.into[head]
            for tail, earlier in into.items():
                for weight in later:
                    for partial in earlier:
                        term = times(weight, partial)
                        if tail in near:
                            edge = near[tail]
                            self.live -= len(edge) - 1
                            edge[:] = [plus(reduce(plus, edge), term)]
                        else:
                            near[tail] = self.out[tail][head] = [term]
                            self.live += 1


def weight(edge: LinearMap, unit_products: bool) -> Any:
    """The local partial of an edge: a wrapped number, or, unless products by them count, a structural 1 or -1."""
    partial = edge.unit if isinstance(edge, Sign) else edge.partial  # type: ignore[attr-defined]
    return number(partial) if unit_products else partial


def accumulate(
    linearized: Linearized,
    weight: Callable[[LinearMap], Any],
    order: Sequence[int],
    name: str = "",
    times: Times = times,
    plus: Plus = plus,
) -> tuple[Remaining, int]:
    """Eliminate in an order, which may have a name; returns the edges left, and the most there were at once.

    Parallel edges are added up first, except for "forward" and "reverse", which add up where the recursions do.
    """
    left = Remaining((tail, head, weight(edge)) for tail, head, edge in linearized.edges)
    inputs, sinks = set(linearized.inputs), set(linearized.sinks)
    first: dict[str, Callable[[int, int, list[Any]], bool]] = {
        "forward": lambda tail, head, edge: tail in inputs,
        "reverse": lambda tail, head, edge: head in sinks,
    }
    left.add_up(plus, first.get(name, lambda tail, head, edge: not all(type(weight) is Unit for weight in edge)))
    most = left.live
    for vertex in order:
        left.eliminate(vertex, times, plus)
        most = max(most, left.live)
    left.add_up(plus, lambda tail, head, edge: True)
    return left, most


# --- what an elimination counts, without executing it


def predicted_elimination(
    graph: Graph, order: Order, unit_products: bool, steps: int | None, seed: int | None
) -> Elimination:
    """What elimination in an order counts, without executing it; `steps` and `seed` are for a search."""
    found = linearized(graph)
    vertices = tuple(ordered(found, order, unit_products, steps, seed))
    name = order if isinstance(order, str) else ""
    if name in SEPARATELY:
        return Elimination((), predicted_one_by_one(graph, SEPARATELY[name], unit_products), None)
    if name == "compressed":
        _, colors = compressed(graph)
        return Elimination((), predicted_one_by_one(graph, SWEPT[colors.kind], unit_products), None)
    if name in SWEEPS:
        return Elimination(vertices, *_sweep(found, SWEEPS[name], unit_products))
    cost = Cost()

    def multiplied(a: Any, b: Any) -> Any:
        term = times(a, b)
        if type(term) is not Priced:
            return term
        cost.mul += term.cost.mul
        cost.neg += term.cost.neg
        return ANY_NUMBER

    def added(total: Derivative, term: Derivative) -> Any:
        cost.add += 1
        return ANY_NUMBER

    def priced(edge: LinearMap) -> Any:
        return edge.unit if type(edge) is Sign and not unit_products else ANY_NUMBER

    _, most = accumulate(found, priced, vertices, name, multiplied, added)
    return Elimination(vertices, cost.counts, most)


SWEPT: Final[Mapping[str, Direction]] = {"column": "tangent", "row": "adjoint"}
"""The direction of the sweeps by colors; they execute what a sweep for each input, or for each output, does."""

SWEEPS: Final[dict[str, Direction]] = {"forward": "tangent", "reverse": "adjoint"}


def _sweep(linearized: Linearized, direction: Direction, unit_products: bool) -> tuple[Counts, int]:
    """What the recursions from all inputs, or from all outputs, count together, and the most edges at once.

    The sources that reach a node are kept as a set, the bits of an integer, so that many inputs cost little.
    """
    along = direction == "tangent"
    sources = linearized.inputs if along else linearized.sinks
    neighbours: Neighbours = {}
    onward: dict[int, list[int]] = {}
    for tail, head, edge in sorted(linearized.edges, key=itemgetter(1 if along else 0), reverse=not along):
        near, node = (tail, head) if along else (head, tail)
        priced = edge.priced()
        neighbours.setdefault(node, []).append((near, priced.push if along else priced.pull))
        onward.setdefault(near, []).append(node)
    cost = sum(own_costs(sources, neighbours, pricing_of(unit_products)).values(), Cost())

    reached = {source: 1 << bit for bit, source in enumerate(sources)}
    live = len(linearized.edges)
    for source in sources:
        live -= len(onward.get(source, ())) - len(set(onward.get(source, ())))
        for node in onward.get(source, ()):
            reached[node] = reached.get(node, 0) | reached[source]
    most = live
    for vertex in linearized.intermediates if along else reversed(linearized.intermediates):
        mine = reached.pop(vertex)
        live -= mine.bit_count() + len(onward[vertex])
        for node in onward[vertex]:
            before = reached.get(node, 0)
            reached[node] = before | mine
            live += (mine & ~before).bit_count()
        most = max(most, live)
    return cost.counts, most
