"""An order of fewest products, by dynamic programming over sets of eliminated vertices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from opcount.counting.errors import InvalidValue
from opcount.derivatives.linearized import Linearized
from opcount.derivatives.orders.masks import Masks, bits, masks_of

LARGEST: Final = 25  # intermediate vertices: the table has an entry for each set of them
AT_ONCE: Final = 1 << 15  # sets
WORD: Final = 62  # bits, of neighbours, in an integer of NumPy's
ONES: Final = (1 << WORD) - 1


def optimal(linearized: Linearized, unit_products: bool) -> Sequence[int]:
    """An order of fewest products, by dynamic programming over sets of eliminated vertices.

    What a vertex costs depends on which others are gone and not on their order, so the best way to a set goes
    through the best way to one with a vertex less (M. Held and R. M. Karp, J. SIAM 10, 1962). Raises
    InvalidValue beyond `LARGEST` intermediate vertices.
    """
    size = len(linearized.intermediates)
    if size > LARGEST:
        raise InvalidValue(
            f'the graph has {size} intermediate vertices, and order="optimal" goes through all sets of at most '
            f'{LARGEST}: to find the best order is NP-complete; take order="search" or "markowitz"'
        )
    masks, vertices = masks_of(linearized, unit_products)
    products = np.full(1 << size, np.iinfo(np.int32).max, np.int32)  # for each set, the bits of an integer
    products[0] = 0
    sets = np.zeros(1, np.int64)  # of equally many vertices each
    for _ in range(size):
        found = np.zeros(1 << size, bool)
        for start in range(0, len(sets), AT_ONCE):
            gone = sets[start : start + AT_ONCE]
            for k, cost in enumerate(_costs(masks, size, gone)):
                stays = gone >> k & 1 == 0
                larger = gone[stays] | 1 << k
                products[larger] = np.minimum(products[larger], products[gone[stays]] + cost[stays])
                found[larger] = True
        sets = np.flatnonzero(found)
    return [vertices[k] for k in _way_to((1 << size) - 1, products, masks, size)]


def _way_to(gone: int, products: np.ndarray, masks: Masks, size: int) -> list[int]:
    """The vertices of a set in an order in which they cost what the table says."""
    order: list[int] = []
    while gone:
        before = {k: gone ^ 1 << k for k in bits(gone)}
        costs = _costs(masks, size, np.array(list(before.values())))
        last = next(
            k
            for position, (k, smaller) in enumerate(before.items())
            if int(products[smaller]) + int(costs[k][position]) == products[gone]
        )
        order.append(last)
        gone = before[last]
    return order[::-1]


def _costs(masks: Masks, size: int, gone: np.ndarray) -> list[np.ndarray]:
    """How many products each vertex takes after each of these sets."""
    into = _degrees(*masks[:3], range(size), gone)
    out = _degrees(*masks[3:], range(size - 1, -1, -1), gone)
    return [np.broadcast_to(into[k] * out[k], gone.shape) for k in range(size)]


def _degrees(
    near: list[int], numbers: list[int], passed: list[int], order: Sequence[int], gone: np.ndarray
) -> dict[int, Any]:
    """For each vertex, how many edges with a number it has on one side, after each of these sets.

    A neighbour that is gone is replaced by its own neighbours on that side, which come earlier in `order`.
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
