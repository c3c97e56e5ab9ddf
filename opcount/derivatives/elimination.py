"""Vertex elimination: a Jacobian from its graph, one intermediate vertex after the other, in any order.

To eliminate a vertex is to join each of its predecessors to each of its successors: the products of
the weights of edges in and out go to the edges that skip it, where they are added to what is there.
When only inputs and outputs are left, the weights of the edges are the Jacobian. Along the graph that is
forward mode, against it backprop; any other order gives the same Jacobian at another cost (Griewank
and Walther, Evaluating Derivatives, 2nd ed., 2008, chapter 9).

An output that another output uses is an intermediate vertex: a copy of it is the output, as there.
Edges that are parallel, as the two of `x * x`, are added up before anything else, which saves products;
those of `y + y` are left, since products by one are free. "forward" and "reverse" add up where
the tangent and the adjoint recursion do, and not before: they are these recursions, product by product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from operator import itemgetter
from typing import Any, Final, NamedTuple

from opcount.counting.counts import Counts
from opcount.counting.errors import InvalidType
from opcount.derivatives.chain_rule import ON_NUMBERS, Direction, Neighbours, Plus, Pricing, own_costs
from opcount.tracing.edges import ANY_NUMBER, IDENTITY, Cost, LinearMap, Priced, Scale, Sign
from opcount.tracing.structural import Unit, number, plus, times
from opcount.wrapping.trees import shape_of

Times = Callable[[Any, Any], Any]


class Linearized(NamedTuple):
    """What is eliminated: the edges on which an output depends, and which vertices stay.

    `rows` has for each output of the function its vertex, None where it is constant; `size` is the number of
    nodes of the graph.
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


class Elimination(NamedTuple):
    """The vertices as they are eliminated, what that counts, and the most edges that there are at once.

    The last is None where none is eliminated, row by row or column by column.
    """

    order: tuple[int, ...]
    counts: Counts
    live_edges: int | None


class Remaining:
    """The edges that are left, by their heads in `into` and by their tails in `out`.

    An edge is the list of its weights: several, where parallel edges have not been added up.
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
        """Add up the weights of the chosen edges, by tail, head and weights."""
        for head, near in self.into.items():
            for tail, edge in near.items():
                if len(edge) > 1 and chosen(tail, head, edge):
                    self.live -= len(edge) - 1
                    edge[:] = [reduce(plus, edge)]

    def eliminate(self, vertex: int, times: Times, plus: Plus) -> None:
        """Join each predecessor to each successor; the vertex and its edges are gone then."""
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


def linearized(graph: Any) -> Linearized:
    """The network of a graph of numbers; raises InvalidType where edges are no numbers."""
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


def weight(edge: LinearMap, unit_products: bool) -> Any:
    """The local partial: a wrapped number, or, unless every product counts, a structural 1 or -1."""
    partial = edge.unit if isinstance(edge, Sign) else edge.partial  # type: ignore[attr-defined]
    return number(partial) if unit_products else partial


def accumulate(
    linearized: Linearized,
    weight: Callable[[LinearMap], Any],
    order: Sequence[int],
    name: str | None = None,
    times: Times = times,
    plus: Plus = plus,
) -> tuple[Remaining, int]:
    """Eliminate in that order, which may go by a name; gives what is left, and the most edges there were."""
    left = Remaining((tail, head, weight(edge)) for tail, head, edge in linearized.edges)
    inputs, sinks = set(linearized.inputs), set(linearized.sinks)
    first: dict[str | None, Callable[[int, int, list[Any]], bool]] = {
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


# --- the same, without computing anything


def predicted(linearized: Linearized, order: Sequence[int], name: str | None, unit_products: bool) -> Elimination:
    """What an elimination counts, from structure alone."""
    order = tuple(order)
    if name in SWEEPS:
        return Elimination(order, *_sweep(linearized, SWEEPS[name], unit_products))
    cost = Cost()

    def multiplied(a: Any, b: Any) -> Any:
        term = times(a, b)
        if type(term) is not Priced:
            return term
        cost.mul += term.cost.mul
        cost.neg += term.cost.neg
        return ANY_NUMBER

    def added(total: Any, term: Any) -> Any:
        cost.add += 1
        return ANY_NUMBER

    def priced(edge: LinearMap) -> Any:
        return edge.unit if type(edge) is Sign and not unit_products else ANY_NUMBER

    _, most = accumulate(linearized, priced, order, name, multiplied, added)
    return Elimination(order, cost.counts, most)


SWEEPS: Final[dict[str | None, Direction]] = {"forward": "tangent", "reverse": "adjoint"}


def _unit_followed(along: Callable[[Any], Any], state: Any) -> tuple[Any, Cost]:
    """The product counts, whatever is multiplied; but a derivative that is still its seed is only copied."""
    return ANY_NUMBER, _PRODUCT if type(state) is Priced else _NOTHING


_NOTHING: Final = Cost()
_PRODUCT: Final = Cost(mul=1)
ON_PRODUCTS: Final = Pricing(_unit_followed, ON_NUMBERS.join, _NOTHING)


def pricing_of(unit_products: bool) -> Pricing:
    """What a recursion over numbers costs, with every product counted or with those by a structural 1 and -1 free."""
    return ON_PRODUCTS if unit_products else ON_NUMBERS


def _sweep(linearized: Linearized, direction: Direction, unit_products: bool) -> tuple[Counts, int]:
    """What the recursions from all inputs, or from all outputs, count together, and the most edges at once.

    Edges from the sources are followed as sets, the bits of an integer, so that many inputs cost little.
    """
    along = direction == "tangent"
    sources = linearized.inputs if along else linearized.sinks
    steps: Neighbours = {}
    onward: dict[int, list[int]] = {}
    for tail, head, edge in sorted(linearized.edges, key=itemgetter(1 if along else 0), reverse=not along):
        near, node = (tail, head) if along else (head, tail)
        priced = edge.priced()
        steps.setdefault(node, []).append((near, priced.push if along else priced.pull))
        onward.setdefault(near, []).append(node)
    cost = sum(own_costs(sources, steps, pricing_of(unit_products)).values(), Cost())

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
