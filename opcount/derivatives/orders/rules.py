"""Orders by a rule: along the graph, against it, and the cheapest vertex first."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush

from opcount.derivatives.linearized import Linearized


def forward(linearized: Linearized) -> Sequence[int]:
    """The vertices in the order of evaluation."""
    return linearized.intermediates


def reverse(linearized: Linearized) -> Sequence[int]:
    """The vertices against the order of evaluation."""
    return linearized.intermediates[::-1]


def markowitz(linearized: Linearized) -> Sequence[int]:
    """The vertex of least in-degree times out-degree first, anew at each step, the lowest one among equals.

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
            continue  # its degree has changed since, and is elsewhere in the heap
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
