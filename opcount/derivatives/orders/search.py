"""The best order that a search by simulated annealing meets."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Final

from opcount.counting.errors import InvalidValue
from opcount.derivatives.linearized import Linearized
from opcount.derivatives.orders.masks import Masks, masks_of
from opcount.derivatives.orders.rules import forward, markowitz, reverse

LARGEST_SEARCHED: Final = 10_000  # intermediate vertices: a search goes through a third of the order at each step
STEPS: Final = 2_000
HOT: Final = 3.0  # products: a step that costs so many more is accepted with probability 1/e at first
COLD: Final = 0.2


def search(linearized: Linearized, unit_products: bool, steps: int = STEPS, seed: int = 0) -> Sequence[int]:
    """The best order that simulated annealing meets in `steps` steps, no worse than the three by a rule.

    A step moves one vertex to another position in the order. It is kept if it takes no more products, else with a
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
    start = Masks(*(mask[: len(linearized.intermediates)] for mask in masks))
    index = {vertex: k for k, vertex in enumerate(vertices)}
    starts = [[index[vertex] for vertex in rule(linearized)] for rule in (forward, reverse, markowitz)]
    current = min((Priced(start, order) for order in starts), key=attrgetter("products"))
    least, best = current.products, list(current.order)
    length = len(best)
    random_source = random.Random(seed)
    for step in range(steps if length else 0):
        temperature = HOT * (COLD / HOT) ** (step / steps)
        old, new = random_source.randrange(length), random_source.randrange(length)
        more, accept = current.moved(old, new)
        if more <= 0 or random_source.random() < math.exp(-more / temperature):
            accept()
            if current.products < least:
                least, best = current.products, list(current.order)
    return [vertices[k] for k in best]


class Priced:
    """An order with what each of its vertices takes, and what is left before every few of them.

    What a vertex takes depends on which others are gone and not on their order: where one is moved, only the vertices
    from the first to the last of its two positions are eliminated anew.
    """

    def __init__(self, start: Masks, order: Sequence[int]) -> None:
        self.order = list(order)
        self.stride = 1 + math.isqrt(len(self.order)) // 2  # few enough copies, of so many vertices each
        self.costs, self.left = self._eliminated(start, self.order, 0)
        self.products = sum(self.costs)

    def _eliminated(self, left: Masks, vertices: Sequence[int], position: int) -> tuple[list[int], dict[int, Masks]]:
        """What these vertices take, the first of them at a position, and what is left at multiples of the stride."""
        left, costs, kept = left.copy(), [], {}
        for here, vertex in enumerate(vertices, position):
            if here % self.stride == 0:
                kept[here] = left.copy()
            costs.append(left.eliminate(vertex))
        return costs, kept

    def moved(self, old: int, new: int) -> tuple[int, Callable[[], None]]:
        """How many more products the order takes with one vertex moved, and what makes it that order."""
        first, end = min(old, new), max(old, new) + 1
        before = first - first % self.stride
        vertices = self.order[before:end]
        vertices.insert(new - before, vertices.pop(old - before))
        costs, left = self._eliminated(self.left[before], vertices, before)

        def accept() -> None:
            self.order[before:end], self.costs[before:end] = vertices, costs
            self.left.update(left)
            self.products += more

        more = sum(costs) - sum(self.costs[before:end])
        return more, accept
