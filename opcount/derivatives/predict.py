"""What a method counts on a graph, exactly and without executing it.

A derivative goes along the same edges and into the same sums, but only its state is known: a structural 1 or -1,
a number, or an array of a shape. The rules that execute products and sums say what each of them counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import methodcaller
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opcount.counting.counts import Counts
from opcount.counting.tally import isolated
from opcount.derivatives import walks
from opcount.derivatives.chain_rule import Direction, Neighbours
from opcount.derivatives.choices import MethodName
from opcount.derivatives.flat import flat, predicted_sums
from opcount.derivatives.linearized import linearized
from opcount.derivatives.methods import method_named
from opcount.derivatives.walks import visits
from opcount.tracing.edges import (
    ANY_ARRAY,
    ANY_NUMBER,
    SCALE,
    Cost,
    Priced,
    Scale,
    priced_between_arrays,
    priced_values,
)
from opcount.tracing.nodes import value_of
from opcount.tracing.structural import Derivative, Structured, plus
from opcount.tracing.units import ONE, Unit
from opcount.wrapping.trees import shape_of

if TYPE_CHECKING:
    from opcount.derivatives.graph import Graph


def predicted(graph: Graph, method: MethodName, unit_products: bool, memo: int | None = None) -> Counts:
    """The counts of a method's accumulation: the cost of each node's own sum, times how often it is executed."""
    rule = method_named(method)
    if rule.direction is None:
        return difference_counts(graph.size)
    if graph.output is None:
        return Counts()
    if memo:
        return _with_bounded_memo(graph, rule.direction, unit_products, memo)
    size = rule.memo if memo is None else memo
    inputs, output = graph.sources("tangent"), graph.sources("adjoint")
    sources, targets = (output, inputs) if rule.direction == "adjoint" else (inputs, output)
    if graph.is_of_numbers and len(sources) == 1:
        follow = pricing_of(unit_products).follow
        visited = targets if size == 0 else None
        return predicted_sums(graph.flat or flat(graph.operands), rule.direction, sources[0], follow, visited)
    neighbours = graph.neighbours(rule.direction, sources, priced=True)
    if graph.is_of_numbers:
        own = own_costs(sources, neighbours, pricing_of(unit_products))
        return sum(_as_executed(own, targets, neighbours, size), Cost()).counts
    if unit_products:
        linearized(graph)  # raises InvalidType, which says what is not a number
    seeds = dict.fromkeys(sources, (ONE, 1))
    if rule.direction == "tangent":  # one for each number of an input
        seeds = {node.index: (_priced_seed(node.value), node.value.size) for node in graph.inputs}
    return sum(_as_executed(own_costs(seeds, neighbours, ON_SHAPES), targets, neighbours, size), Counts())


def _with_bounded_memo(graph: Graph, direction: Direction, unit_products: bool, memo: int) -> Counts:
    """What the recursion executes with a memo of that size, which it has for each source anew."""
    if unit_products and not graph.is_of_numbers:
        linearized(graph)  # raises InvalidType, which says what is not a number
    pricing = pricing_of(unit_products) if graph.is_of_numbers else ON_SHAPES
    sources, targets = graph.sources(direction), graph.sources("adjoint" if direction == "tangent" else "tangent")
    total = pricing.nothing
    for source in sources:
        seeds = {source: (ONE, 1)}
        if direction == "tangent" and not graph.is_of_numbers:
            seeds = {source: (_priced_seed(graph.nodes[source].value), graph.nodes[source].value.size)}
        own = own_costs(seeds, graph.neighbours(direction, [source], priced=True), pricing)
        times = walks.executed(targets, source, graph.neighbours(direction, [source]), memo)
        total += sum((cost * times[node] for node, cost in own.items()), pricing.nothing)
    return total if isinstance(total, Counts) else total.counts


def _as_executed(own: dict[int, Any], targets: list[int], neighbours: Neighbours, memo: int | None) -> Iterable[Any]:
    """The cost of each node's own sum, times how often it is executed: once, or at each visit if nothing is kept."""
    if memo != 0:
        return own.values()
    return (own[node] * times for node, times in visits(targets, neighbours) if node in own)


def _priced_seed(value: Any) -> Any:
    return priced_values(value) if value._is_array else ONE


def predicted_product(graph: Graph, direction: Direction) -> Counts:
    """What pushing a direction forward counts ("tangent"), or pulling an adjoint back ("adjoint"), by its numbers."""
    along = direction == "tangent"
    ends = [node.value for node in graph.inputs] if along else list(map(value_of, graph.outputs))
    given = [Scale(priced_values(value)) if getattr(value, "_is_array", False) else SCALE for value in ends]
    if along:
        edges = walks.from_one_input(graph.operands, graph.sources("tangent"), given)
    else:
        edges = walks.to_one_output(graph.operands, graph.output_indices, given)
    source = 0 if along else len(edges) - 1
    priced = methodcaller("priced") if graph.is_of_numbers else priced_between_arrays
    near = walks.neighbours(edges, walks.users(edges), direction, [source], priced)
    if graph.is_of_numbers:
        return sum(own_costs([source], near, ON_NUMBERS).values(), Cost()).counts
    return sum(own_costs([source], near, ON_SHAPES).values(), Counts())


def predicted_one_by_one(graph: Graph, direction: Direction, unit_products: bool) -> Counts:
    """What the recursions from all outputs, or from all inputs, count if they run one after the other."""
    total = Cost()
    for source in graph.sources(direction):
        neighbours = graph.neighbours(direction, [source], priced=True)
        total += sum(own_costs([source], neighbours, pricing_of(unit_products)).values(), Cost())
    return total.counts


def difference_counts(inputs: int) -> Counts:
    """What central differences execute beside evaluations: x + h, x - h, and the difference quotient by 2h."""
    return Counts(add=inputs, sub=2 * inputs, div=inputs)


# --- the cost of a node's own sum


class Pricing(NamedTuple):
    """How the state of a derivative changes along an edge (`follow`) and in a sum (`join`), each with its cost."""

    follow: Callable[[Callable[[Any], Any], Any], tuple[Any, Any]]
    join: Callable[[Any, Any], tuple[Any, Any]]
    nothing: Any


def own_costs(
    sources: Iterable[int] | Mapping[int, tuple[Any, Any]], neighbours: Neighbours, pricing: Pricing
) -> dict[int, Any]:
    """The cost of each node's own sum, added up over the sources, without executing it.

    The neighbours must be priced (see `LinearMap.priced`). A source may have a seed and a weight, the number of
    sources that it stands for. All sources are followed together: `known` holds for each node the states of its
    derivative, each with the sources for which the derivative is in that state, as the bits of an integer.
    """
    follow, join, nothing = pricing
    sources = sources if isinstance(sources, Mapping) else dict.fromkeys(sources, (ONE, 1))
    weights = [weight for _, weight in sources.values()]
    alike = all(type(weight) is int and weight == 1 for weight in weights)

    def weight_of(bits: int) -> Any:
        if alike:
            return bits.bit_count()
        return sum(weight for bit, weight in enumerate(weights) if bits >> bit & 1)

    known: dict[int, list[tuple[Any, int]]] = {
        source: [(seed, 1 << bit)] for bit, (source, (seed, _)) in enumerate(sources.items())
    }
    own = {}
    for node, near in neighbours.items():
        cost = nothing
        totals: list[tuple[Any, int]] = []
        met = 0
        for neighbour, along in near:
            for state, bits in known[neighbour]:
                term, price = follow(along, state)
                cost += price * weight_of(bits)
                found = [(term, bits & ~met)]
                for total, those in totals:
                    if both := those & bits:
                        joined, price = join(total, term)
                        cost += price * weight_of(both)
                        found += [(total, those & ~both), (joined, both)]
                    else:
                        found.append((total, those))
                met |= bits
                totals = _merged(found)
        known[node] = totals
        own[node] = cost
    return own


def _merged(states: list[tuple[Any, int]]) -> list[tuple[Any, int]]:
    """Every state once, with all the bits found for it."""
    merged: dict[int, tuple[Any, int]] = {}
    for state, bits in states:
        if bits:
            merged[id(state)] = (state, bits | merged.get(id(state), (state, 0))[1])
    return list(merged.values())


# --- between numbers


def _followed(along: Callable[[Any], Any], state: object) -> tuple[Any, Cost]:
    term = along(state)
    return (ANY_NUMBER, term.cost) if type(term) is Priced else (term, _NOTHING)


def _followed_by_a_product(along: Callable[[Any], Any], state: object) -> tuple[Any, Cost]:
    """The state after a product, which counts whatever is multiplied; only a seed is copied instead."""
    return ANY_NUMBER, _PRODUCT if type(state) is Priced else _NOTHING


def _joined(total: Derivative, term: Derivative) -> tuple[Any, Cost]:
    return ANY_NUMBER, _ADDITION


_NOTHING: Final = Cost()
_PRODUCT: Final = Cost(mul=1)
_ADDITION: Final = Cost(add=1)
ON_NUMBERS: Final = Pricing(_followed, _joined, _NOTHING)
ON_PRODUCTS: Final = Pricing(_followed_by_a_product, _joined, _NOTHING)


def pricing_of(unit_products: bool) -> Pricing:
    """The pricing between numbers: every product counts, or those by a structural 1 or -1 are free."""
    return ON_PRODUCTS if unit_products else ON_NUMBERS


# --- between arrays


def _followed_on_shapes(along: Callable[[Any], Any], state: object) -> tuple[Any, Counts]:
    """The edge applied to a derivative that has a shape and no values."""
    with isolated() as tally:
        term = along(state)
    counts = tally.counts
    if type(term) is Priced:
        counts += term.cost.counts
    return _state_of(term), counts


def _joined_on_shapes(total: Derivative, term: Derivative) -> tuple[Any, Counts]:
    with isolated() as tally:
        joined = plus(total, term)
    return _state_of(joined), tally.counts


def _state_of(derivative: Derivative) -> Any:
    if type(derivative) is Structured or type(derivative) is Unit or shape_of(derivative):
        return derivative
    return ANY_ARRAY


ON_SHAPES: Final = Pricing(_followed_on_shapes, _joined_on_shapes, Counts())
