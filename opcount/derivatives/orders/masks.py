"""How many products an order takes: edges as sets of vertices, the bits of integers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from opcount.derivatives.linearized import Linearized
from opcount.tracing.edges import Sign


class Masks(NamedTuple):
    """For each vertex, its neighbours as the bits of integers: tails of edges into it, heads of edges out of it.

    `into` and `out` have all neighbours; `numbers_into` and `numbers_out` those whose edge is a number, not 1 or -1;
    `passed_into` and `passed_out` those whose edge becomes a number when it is passed on, since it has several weights.
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
        """Eliminate a vertex; returns how many products of two numbers this takes.

        Where the lists end before the vertices do, the neighbours of the rest are not kept: a search needs those of
        intermediate vertices alone.
        """
        into, numbers_into, passed_into, out, numbers_out, passed_out = self
        tails, heads = into[vertex], out[vertex]
        earlier, later = passed_into[vertex], passed_out[vertex]
        stays, kept = ~(1 << vertex), (1 << len(into)) - 1
        # `bits` written out, twice: a search spends its time in these two loops
        left = tails & kept
        while left:
            low = left & -left
            left ^= low
            tail = low.bit_length() - 1
            met = out[tail] & heads | (heads if earlier & low else later)
            out[tail] = (out[tail] | heads) & stays
            numbers_out[tail] = (numbers_out[tail] | met) & stays
            passed_out[tail] = (passed_out[tail] | met) & stays
        left = heads & kept
        while left:
            low = left & -left
            left ^= low
            head = low.bit_length() - 1
            met = into[head] & tails | (tails if later & low else earlier)
            into[head] = (into[head] | tails) & stays
            numbers_into[head] = (numbers_into[head] | met) & stays
            passed_into[head] = (passed_into[head] | met) & stays
        return numbers_into[vertex].bit_count() * numbers_out[vertex].bit_count()


def bits(mask: int) -> Iterator[int]:
    """The positions of the ones in a mask, in ascending order."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def masks_of(linearized: Linearized, unit_products: bool) -> tuple[Masks, list[int]]:
    """The linearized graph as masks, and the vertex of each bit: the intermediate vertices come first, in order."""
    vertices = [*linearized.intermediates, *linearized.inputs, *linearized.sinks]
    index = {vertex: k for k, vertex in enumerate(vertices)}
    masks = Masks(*([0] * len(vertices) for _ in Masks._fields))
    for tail_vertex, head_vertex, edge in linearized.edges:
        tail, head = index[tail_vertex], index[head_vertex]
        is_number = unit_products or type(edge) is not Sign
        passed = is_number or masks.into[head] >> tail & 1
        for mine, other, marks in ((head, tail, masks[:3]), (tail, head, masks[3:])):
            for mask, marked in zip(marks, (True, is_number, passed), strict=True):
                mask[mine] |= bool(marked) << other
    return masks, vertices
