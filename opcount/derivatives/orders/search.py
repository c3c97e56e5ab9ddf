"""The best order that a search by simulated annealing meets."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Final

from opcount.counting.errors import InvalidValue
from opcount.derivatives.linearized import Linearized
from opcount.derivatives.orders.masks import masks_of
from opcount.derivatives.orders.rules import forward, markowitz, reverse

LARGEST_SEARCHED: Final = 10_000  # intermediate vertices: a search goes through the whole order at each step
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
    index = {vertex: k for k, vertex in enumerate(vertices)}

    def products(order: Sequence[int]) -> int:
        left = masks.copy()
        return sum(map(left.eliminate, order))

    starts = [[index[vertex] for vertex in rule(linearized)] for rule in (forward, reverse, markowitz)]
    current = min(starts, key=products)
    cost = least = products(current)
    best = current
    length = len(current)
    random_source = random.Random(seed)
    for step in range(steps if length else 0):
        temperature = HOT * (COLD / HOT) ** (step / steps)
        old, new = random_source.randrange(length), random_source.randrange(length)
        candidate = list(current)
        candidate.insert(new, candidate.pop(old))
        found = products(candidate)
        if found <= cost or random_source.random() < math.exp((cost - found) / temperature):
            cost, current = found, candidate
            if cost < least:
                least, best = cost, current
    return [vertices[k] for k in best]
