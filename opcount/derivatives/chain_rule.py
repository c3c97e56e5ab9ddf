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
from collections.abc import (
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
)
from typing import Any, Final, Literal, NamedTuple

from opcount.counting.counts import Counts
from opcount.counting.errors import InvalidValue
from opcount.counting.names import Named, instead
from opcount.derivatives.choices import MethodName
from opcount.tracing.edges import ANY_NUMBER, Cost, LinearMap, Priced
from opcount.tracing.structural import ONE, plus

Edges = Sequence[Sequence[tuple[int, LinearMap]]]
Neighbours = dict[int, list[tuple[int, Callable[[Any], Any]]]]
Plus = Callable[[Any, Any], Any]
Direction = Literal["tangent", "adjoint"]


def chain_rule(
    node: int, source: int, neighbours: Neighbours, plus: Plus = plus, seed: Any = ONE
) -> Generator[int, Any, Any]:
    """d(node) = sum over neighbours of d(neighbour) * partial; `yield n` is the recursive call for n."""
    if node == source:
        return seed
    total = None
    for neighbour, along in neighbours[node]:
        total = plus(total, along((yield neighbour)))
    return total


def forward(source: int, edges: Edges, plus: Plus = plus, seed: Any = ONE) -> list[Any]:
    """The sums of the tangent recursion as a loop along the graph."""
    tangent: list[Any] = [None] * len(edges)
    tangent[source] = seed
    for node in range(source, len(edges)):
        for operand, edge in edges[node]:
            if tangent[operand] is not None:
                tangent[node] = plus(tangent[node], edge.push(tangent[operand]))
    return tangent


def backprop(source: int, edges: Edges, plus: Plus = plus, seed: Any = ONE) -> list[Any]:
    """The sums of the adjoint recursion, for all inputs at once, as a loop against the graph."""
    adjoint: list[Any] = [None] * len(edges)
    adjoint[source] = seed
    for node in range(source, -1, -1):
        if adjoint[node] is not None:
            for operand, edge in edges[node]:
                term = edge.pull(adjoint[node])
                adjoint[operand] = term if adjoint[operand] is None else plus(adjoint[operand], term)
    return adjoint


def recurse(
    node: int, source: int, neighbours: Neighbours, memo: MutableMapping[int, Any], plus: Plus = plus, seed: Any = ONE
) -> tuple[Any, int]:
    """Run the recursion, asking the memo before each call; gives the derivative and the depth reached.

    The calls that wait stand in a list, so that depth costs memory and meets no recursion
    limit. A memo that keeps nothing makes it the naive recursion.
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
    """A memo that keeps nothing: with it the recursion is naive."""

    def __setitem__(self, node: int, derivative: Any) -> None:
        pass


class BoundedMemo(OrderedDict[int, Any]):
    """A memo of at most `size` derivatives, which forgets the least recently used."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def get(self, node: int, default: Any = None) -> Any:
        if node in self:
            self.move_to_end(node)
            return self[node]
        return default

    def __setitem__(self, node: int, derivative: Any) -> None:
        super().__setitem__(node, derivative)
        if len(self) > self.size:
            self.popitem(last=False)


def new_memo(size: int | None) -> MutableMapping[int, Any]:
    """A memo for that many derivatives, None for all of them."""
    return {} if size is None else BoundedMemo(size) if size else NoMemo()


class Method(NamedTuple):
    """How a gradient is computed; `None` as direction is the one method without a chain rule."""

    about: str
    direction: Direction | None
    strategy: Literal["loop", "recursion"]
    memo: int | None = None
    evaluations: Callable[[int], int] = lambda inputs: 1


METHODS: Final[Mapping[MethodName, Method]] = Named(
    {
        "finite-difference": Method(
            "a central difference quotient for each input", None, "loop", evaluations=lambda inputs: 2 * inputs + 1
        ),
        "forward": Method(
            "dual numbers, one evaluation for each input", "tangent", "loop", evaluations=lambda inputs: inputs
        ),
        "naive": Method("the adjoint recursion, nothing kept", "adjoint", "recursion", memo=0),
        "memoized": Method("the adjoint recursion, each adjoint kept", "adjoint", "recursion"),
        "naive-tangent": Method("the tangent recursion, nothing kept", "tangent", "recursion", memo=0),
        "memoized-tangent": Method("the tangent recursion, each tangent kept", "tangent", "recursion"),
        "backprop": Method("the sums of the adjoint recursion as one loop against the graph", "adjoint", "loop"),
    },
    "method",
)
"""The methods by name; `evaluations(n)` is how often one with n inputs evaluates the function."""


def method_named(name: MethodName) -> Method:
    """The method of that name; raises InvalidValue, listing those that exist."""
    try:
        return METHODS[name]
    except (KeyError, TypeError):
        raise InvalidValue(f"there is no method {name!r}; {instead([name], METHODS, 'the methods')}") from None


def difference_counts(inputs: int) -> Counts:
    """What central differences execute beside their evaluations: x + h, x - h, and the quotient by 2h."""
    return Counts(add=inputs, sub=2 * inputs, div=inputs)


class Pricing(NamedTuple):
    """How a derivative of which only the state is known goes along a step, and into a sum, and what that costs."""

    follow: Callable[[Callable[[Any], Any], Any], tuple[Any, Any]]
    join: Callable[[Any, Any], tuple[Any, Any]]
    nothing: Any


def _followed(along: Callable[[Any], Any], state: Any) -> tuple[Any, Cost]:
    term = along(state)
    return (ANY_NUMBER, term.cost) if type(term) is Priced else (term, _NOTHING)


def _joined(total: Any, term: Any) -> tuple[Any, Cost]:
    return ANY_NUMBER, _ADDITION


_NOTHING: Final = Cost()
_ADDITION: Final = Cost(add=1)
ON_NUMBERS: Final = Pricing(_followed, _joined, _NOTHING)


def own_costs(
    sources: Iterable[int] | Mapping[int, tuple[Any, Any]], neighbours: Neighbours, pricing: Pricing = ON_NUMBERS
) -> dict[int, Any]:
    """What each node's own sum costs, added up over the sources, without executing it.

    The neighbours must be priced (see `LinearMap.priced`). A source may have a seed and a weight,
    how often it is one. All sources are followed together: `known` holds for each node the states
    that its derivative is in, each with the sources for which it is, as the bits of an integer.
    """
    follow, join, nothing = pricing
    sources = sources if isinstance(sources, Mapping) else dict.fromkeys(sources, (ONE, 1))
    weights = [weight for _, weight in sources.values()]
    alike = all(type(weight) is int and weight == 1 for weight in weights)

    def often(bits: int) -> Any:
        if alike:
            return bits.bit_count()
        return sum(weight for place, weight in enumerate(weights) if bits >> place & 1)

    known: dict[int, list[tuple[Any, int]]] = {
        source: [(seed, 1 << bit)] for bit, (source, (seed, _)) in enumerate(sources.items())
    }
    own = {}
    for node, around in neighbours.items():
        cost = nothing
        totals: list[tuple[Any, int]] = []
        met = 0
        for neighbour, along in around:
            for state, bits in known[neighbour]:
                term, price = follow(along, state)
                cost += price * often(bits)
                found = [(term, bits & ~met)]
                for total, those in totals:
                    if both := those & bits:
                        joined, price = join(total, term)
                        cost += price * often(both)
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


def visits(targets: Iterable[int], neighbours: Neighbours) -> Iterator[tuple[int, int]]:
    """How often the naive recursion from the targets calls each node, the sources last: the number of paths between.

    Such numbers may have as many bits as there are nodes: each is forgotten as soon as it was passed on.
    """
    called = dict.fromkeys(targets, 1)
    for node in reversed(neighbours):
        number = called.pop(node, 0)
        for neighbour, _ in neighbours[node]:
            called[neighbour] = called.get(neighbour, 0) + number
        yield node, number
    yield from called.items()


def reach(sources: Iterable[int], onward: Edges) -> set[int]:
    """The nodes that the sources reach, themselves among them."""
    found = set(sources)
    waiting = list(found)
    while waiting:
        for node, _ in onward[waiting.pop()]:
            if node not in found:
                found.add(node)
                waiting.append(node)
    return found
