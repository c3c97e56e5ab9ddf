"""In which order to eliminate: along the graph, against it, greedily, by search, or the best there is.

The best order is the one with the fewest products. To find it is NP-complete (Naumann, Optimal Jacobian
accumulation is NP-complete, Math. Program. 112, 2008), which says nothing about forward mode or
backprop: these are two orders among all, known beforehand, and each computes the exact Jacobian.
"""

from __future__ import annotations

import math
import operator
import random
from collections.abc import Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import Any, Final, NamedTuple

import numpy as np

from opcount.counting.errors import InvalidType, InvalidValue
from opcount.counting.names import Named, instead
from opcount.derivatives.chain_rule import Direction
from opcount.derivatives.choices import OrderName
from opcount.derivatives.elimination import Linearized
from opcount.tracing.edges import Sign

LARGEST: Final = 25  # intermediate vertices, for the best order: its table has a place for each set of them
LARGEST_SEARCHED: Final = 10_000  # for a search, which goes through the whole order at each step
STEPS: Final = 2_000  # of a search

ORDERS: Final[Mapping[OrderName, str]] = Named(
    {
        "forward": "along the graph, in the order of evaluation: forward mode for all inputs at once",
        "reverse": "against the graph: backprop for all outputs at once",
        "markowitz": "the least in-degree times out-degree first, anew at each step",
        "search": "the best of so many steps of simulated annealing",
        "optimal": "the fewest products there can be",
        "column-by-column": "no elimination: forward mode, once for each input",
        "row-by-row": "no elimination: backprop, once for each output",
    },
    "order",
)
"""The orders by name. An order may also be given as a sequence of the intermediate vertices."""


def ordered(
    linearized: Linearized, order: Any, unit_products: bool, steps: Any = None, seed: Any = None
) -> Sequence[int]:
    """The vertices in that order; raises InvalidValue or InvalidType for one that there is not."""
    named = order if isinstance(order, str) else None
    if named != "search" and (steps is not None or seed is not None):
        raise InvalidValue(f'steps and seed are for order="search", not for {order!r}')
    if named is None:
        return _checked(linearized, order)
    if named not in ORDERS:
        raise InvalidValue(
            f"there is no order {order!r}; {instead([order], ORDERS, 'the orders')}, or a sequence of vertices"
        )
    if order == "search":
        return search(linearized, unit_products, _integer("steps", steps, STEPS, 0), _integer("seed", seed, 0))
    if order == "optimal":
        return optimal(linearized, unit_products)
    return _RULES[order](linearized) if order in _RULES else ()


def _integer(name: str, value: Any, default: int, least: int | None = None) -> int:
    if value is None:
        return default
    try:
        found = operator.index(value)
    except TypeError:
        raise InvalidType(f"{name} must be an integer, not {value!r}") from None
    if least is not None and found < least:
        raise InvalidValue(f"{name} must not be negative: {value!r}")
    return found


def _checked(linearized: Linearized, order: Any) -> list[int]:
    """An explicit order, if it has each intermediate vertex once."""
    if not isinstance(order, (Sequence, np.ndarray)):
        raise InvalidType(f"an order is one of {', '.join(ORDERS)}, or a sequence of vertices, not {order!r}")
    left = set(linearized.intermediates)
    found: list[int] = []
    for given in order:
        try:
            vertex = operator.index(given)
        except TypeError:
            raise InvalidType(f"an order has the numbers of vertices, and {given!r} is none") from None
        if vertex not in left:
            raise InvalidValue(f"the order has vertex {vertex}, {_why_not(linearized, vertex, found)}")
        left.discard(vertex)
        found.append(vertex)
    if left:
        missing = ", ".join(map(str, sorted(left)[:10])) + ", ..." * (len(left) > 10)
        raise InvalidValue(
            f"the order lacks {len(left)} of the {len(linearized.intermediates)} intermediate vertices: {missing}"
        )
    return found


def _why_not(linearized: Linearized, vertex: int, found: Sequence[int]) -> str:
    if vertex in found:
        return "which is eliminated before: each vertex goes once"
    if vertex in linearized.inputs:
        return "which is an input: inputs are not eliminated"
    if vertex in linearized.rows:
        return "which is an output: outputs are not eliminated"
    if 0 <= vertex < linearized.size:
        return "on which no output depends: it is not in graph.intermediates"
    return f"which does not exist: the graph has vertices 0 to {linearized.size - 1}"


# --- rules


def forward(linearized: Linearized) -> Sequence[int]:
    return linearized.intermediates


def reverse(linearized: Linearized) -> Sequence[int]:
    return linearized.intermediates[::-1]


def markowitz(linearized: Linearized) -> Sequence[int]:
    """The least in-degree times out-degree first, anew at each step, the lowest vertex among equals.

    H. M. Markowitz, The elimination form of the inverse and its application to linear programming, 1957;
    for Jacobians Griewank and Reese, On the calculation of Jacobian matrices by the Markowitz rule, 1991.
    """
    into: dict[int, set[int]] = {}
    out: dict[int, set[int]] = {}
    for tail, head, _ in linearized.edges:
        into.setdefault(head, set()).add(tail)
        out.setdefault(tail, set()).add(head)
    degree = {vertex: len(into[vertex]) * len(out[vertex]) for vertex in linearized.intermediates}
    waiting = [(degree[vertex], vertex) for vertex in linearized.intermediates]
    heapify(waiting)
    order = []
    while waiting:
        least, vertex = heappop(waiting)
        if degree.get(vertex) != least:
            continue  # its degree has changed since, and stands elsewhere in the heap
        order.append(vertex)
        del degree[vertex]
        tails, heads = into.pop(vertex), out.pop(vertex)
        for tail in tails:
            out[tail] |= heads
            out[tail].discard(vertex)
        for head in heads:
            into[head] |= tails
            into[head].discard(vertex)
        for near in (*tails, *heads):
            if near in degree and (found := len(into[near]) * len(out[near])) != degree[near]:
                degree[near] = found
                heappush(waiting, (found, near))
    return order


_RULES: Final = {
    "forward": forward,
    "reverse": reverse,
    "markowitz": markowitz,
}


SEPARATELY: Final[Mapping[str, Direction]] = {"column-by-column": "tangent", "row-by-row": "adjoint"}


# --- how many products an order takes: edges as sets of vertices, the bits of integers


class Masks(NamedTuple):
    """For each vertex which others have an edge to it or from it; which of these edges have a number, not 1 or -1;
    and which are a number as soon as they are passed on, since they have several weights.
    """

    into: list[int]
    numbers_into: list[int]
    passed_into: list[int]
    out: list[int]
    numbers_out: list[int]
    passed_out: list[int]

    def copy(self) -> Masks:
        return Masks(*map(list, self))

    def eliminate(self, vertex: int) -> int:
        """Eliminate a vertex; gives the number of products of two numbers."""
        into, numbers_into, passed_into, out, numbers_out, passed_out = self
        tails, heads = into[vertex], out[vertex]
        earlier, later = passed_into[vertex], passed_out[vertex]
        stays = ~(1 << vertex)
        for tail in bits(tails):
            met = out[tail] & heads | (heads if earlier >> tail & 1 else later)
            out[tail] = (out[tail] | heads) & stays
            numbers_out[tail] = (numbers_out[tail] | met) & stays
            passed_out[tail] = (passed_out[tail] | met) & stays
        for head in bits(heads):
            met = into[head] & tails | (tails if later >> head & 1 else earlier)
            into[head] = (into[head] | tails) & stays
            numbers_into[head] = (numbers_into[head] | met) & stays
            passed_into[head] = (passed_into[head] | met) & stays
        return numbers_into[vertex].bit_count() * numbers_out[vertex].bit_count()


def bits(mask: int) -> Iterator[int]:
    """The places of the ones."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def masks_of(linearized: Linearized, unit_products: bool) -> tuple[Masks, list[int]]:
    """The network as masks, its intermediate vertices the first of them, in order; with that order of all."""
    vertices = [*linearized.intermediates, *linearized.inputs, *linearized.sinks]
    place = {vertex: k for k, vertex in enumerate(vertices)}
    masks = Masks(*([0] * len(vertices) for _ in Masks._fields))
    for tail_vertex, head_vertex, edge in linearized.edges:
        tail, head = place[tail_vertex], place[head_vertex]
        number = unit_products or type(edge) is not Sign
        passed = number or masks.into[head] >> tail & 1
        for mine, other, marks in ((head, tail, masks[:3]), (tail, head, masks[3:])):
            for mask, marked in zip(marks, (True, number, passed), strict=True):
                mask[mine] |= bool(marked) << other
    return masks, vertices


# --- search


def search(linearized: Linearized, unit_products: bool, steps: int = STEPS, seed: int = 0) -> Sequence[int]:
    """The best order that simulated annealing meets in so many steps, none worse than the three above.

    A step moves one vertex to another place of the order. It is kept if it takes fewer products, else with a
    probability that falls with the temperature (Kirkpatrick, Gelatt and Vecchi, Optimization by simulated
    annealing, Science 220, 1983); for elimination orders Naumann and Gottschling, Simulated annealing for
    optimal pivot selection in Jacobian accumulation, 2003. Raises InvalidValue beyond `LARGEST_SEARCHED` vertices.
    """
    if len(linearized.intermediates) > LARGEST_SEARCHED:
        raise InvalidValue(
            f"the graph has {len(linearized.intermediates):,} intermediate vertices, and a search goes through all of "
            f'them at each step: {LARGEST_SEARCHED:,} is the most; take order="markowitz"'
        )
    masks, vertices = masks_of(linearized, unit_products)
    place = {vertex: k for k, vertex in enumerate(vertices)}

    def products(order: Sequence[int]) -> int:
        left = masks.copy()
        return sum(map(left.eliminate, order))

    starts = [[place[vertex] for vertex in rule(linearized)] for rule in (forward, reverse, markowitz)]
    current = min(starts, key=products)
    cost = least = products(current)
    best = current
    number = len(current)
    random_source = random.Random(seed)
    for step in range(steps if number else 0):
        temperature = HOT * (COLD / HOT) ** (step / steps)
        there, here = random_source.randrange(number), random_source.randrange(number)
        candidate = list(current)
        candidate.insert(here, candidate.pop(there))
        found = products(candidate)
        if found <= cost or random_source.random() < math.exp((cost - found) / temperature):
            cost, current = found, candidate
            if cost < least:
                least, best = cost, current
    return [vertices[k] for k in best]


HOT: Final = 3.0  # products: a step that costs so many more is taken with probability 1/e at first
COLD: Final = 0.2


# --- the best


def optimal(linearized: Linearized, unit_products: bool) -> Sequence[int]:
    """The order of fewest products, by dynamic programming over sets of eliminated vertices.

    What a vertex costs depends on which others are gone and not on their order, so the best way to a set goes
    through the best way to one with a vertex less (M. Held and R. M. Karp, J. SIAM 10, 1962). Raises
    InvalidValue beyond `LARGEST` intermediate vertices.
    """
    number = len(linearized.intermediates)
    if number > LARGEST:
        raise InvalidValue(
            f'the graph has {number} intermediate vertices, and order="optimal" goes through all sets of at most '
            f'{LARGEST}: to find the best order is NP-complete; take order="search" or "markowitz"'
        )
    masks, vertices = masks_of(linearized, unit_products)
    products = np.full(1 << number, np.iinfo(np.int32).max, np.int32)  # for each set, as the bits of its place
    products[0] = 0
    sets = np.zeros(1, np.int64)  # of one size
    for _ in range(number):
        found = np.zeros(1 << number, bool)
        for start in range(0, len(sets), AT_ONCE):
            gone = sets[start : start + AT_ONCE]
            for k, cost in enumerate(_costs(masks, number, gone)):
                stays = gone >> k & 1 == 0
                larger = gone[stays] | 1 << k
                products[larger] = np.minimum(products[larger], products[gone[stays]] + cost[stays])
                found[larger] = True
        sets = np.flatnonzero(found)
    return [vertices[k] for k in _way_to((1 << number) - 1, products, masks, number)]


AT_ONCE: Final = 1 << 15  # sets


def _way_to(gone: int, products: np.ndarray, masks: Masks, number: int) -> list[int]:
    """The vertices in an order in which this set costs what the table says."""
    order: list[int] = []
    while gone:
        before = {k: gone ^ 1 << k for k in bits(gone)}
        costs = _costs(masks, number, np.array(list(before.values())))
        last = next(
            k
            for place, (k, smaller) in enumerate(before.items())
            if int(products[smaller]) + int(costs[k][place]) == products[gone]
        )
        order.append(last)
        gone = before[last]
    return order[::-1]


def _costs(masks: Masks, number: int, gone: np.ndarray) -> list[np.ndarray]:
    """How many products each vertex takes after each of these sets."""
    into = _degrees(*masks[:3], range(number), gone)
    out = _degrees(*masks[3:], range(number - 1, -1, -1), gone)
    return [np.broadcast_to(into[k] * out[k], gone.shape) for k in range(number)]


def _degrees(
    near: list[int], numbers: list[int], passed: list[int], order: Sequence[int], gone: np.ndarray
) -> dict[int, Any]:
    """For each vertex, how many edges with a number it has on one side, after each of these sets.

    A neighbour that is gone has left its own neighbours on that side in its place; `order` has these first.
    """
    degrees: dict[int, Any] = dict.fromkeys(order, 0)
    is_gone = {k: (gone >> k & 1).astype(bool) for k in order}
    for start in range(0, len(near), WORD):
        reached: dict[int, Any] = {}
        onward: dict[int, Any] = {}  # those from which a number would be passed on
        for k in order:
            reached[k] = by_number = np.int64(0)
            onward[k] = np.int64(passed[k] >> start & ONES)
            for other in bits(near[k]):
                these: Any = np.int64(1 << other - start if start <= other < start + WORD else 0)
                of_number: Any = these * (numbers[k] >> other & 1)
                if other in is_gone:
                    all_numbers = passed[k] >> other & 1
                    behind = reached[other] if all_numbers else onward[other]
                    these = np.where(is_gone[other], reached[other], these)
                    of_number = np.where(is_gone[other], behind, of_number)
                by_number = by_number | of_number | reached[k] & these
                reached[k] = reached[k] | these
            onward[k] = onward[k] & reached[k] | by_number
            degrees[k] = degrees[k] + np.bitwise_count(by_number).astype(np.int32)
    return degrees


WORD: Final = 62  # bits, of neighbours, in an integer of NumPy's
ONES: Final = (1 << WORD) - 1
