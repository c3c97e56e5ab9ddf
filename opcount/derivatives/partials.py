"""The local partials of an evaluation, as edges between its nodes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

import numpy as np

from opcount.arrays.scalar import Scalar
from opcount.counting.tally import isolated
from opcount.tracing.edges import LinearMap, PushPull, Scale, as_map, edge_of_sign, priced_between_arrays, restricted
from opcount.tracing.nodes import NODES, ArrayNode, Node, value_of
from opcount.tracing.slopes import puts_constants, slope
from opcount.tracing.structural import Derivative, Structured, placement, plus, spread
from opcount.tracing.units import ONE, ZERO
from opcount.wrapping.operations import Structural
from opcount.wrapping.trees import shape_of


class Edge(NamedTuple):
    """An edge from operand `tail` to node `head`, at that `position` among its operands."""

    tail: int
    head: int
    position: int
    map: LinearMap


Operands = list[Sequence[tuple[int, LinearMap]]]


def operands_of(nodes: list[Any], outputs: list[Any], arrays: bool, joins: bool) -> Operands:
    """The operands of each node, each with its edge; empty for a node on which no output depends.

    `arrays` and `joins` are those of the tape: whether nodes may be arrays, and whether some may have constant
    elements.
    """
    operands: Operands = [()] * len(nodes)
    live = bytearray(len(nodes))
    for output in outputs:
        if type(output) in NODES:
            live[output.index] = True
    for node in reversed(nodes):
        if node.primitive is None or not live[node.index]:
            continue
        if arrays:
            operands[node.index] = _edges_of_arrays(node, live)
            continue
        edges: list[tuple[int, LinearMap]] = []
        for operand, derivative in zip(node.operands, node.primitive.partials):  # noqa: B905 (a keyword costs time)
            if derivative is None or type(operand) is not Node:
                continue
            live[operand.index] = True
            if type(derivative) is Structural:
                edges.append((operand.index, edge_of_sign(derivative)))
                continue
            found = node.local_partial(derivative)
            # as_map, inlined for the usual case
            edges.append((operand.index, Scale(found) if type(found) is Scalar else as_map(found)))
        operands[node.index] = edges
    if joins:
        restrict(nodes, operands)
    return operands


def edges_of(nodes: list[Any], operands: Operands) -> list[Edge]:
    """The edges in the order of their heads, each with its position."""
    return [
        Edge(tail, head, position, linear_map)
        for head, pairs in enumerate(operands)
        # not strict: a node on which no output depends has operands but no edges
        for position, (tail, linear_map) in zip(_positions_of(nodes[head]), pairs, strict=False)
    ]


def _positions_of(node: Any) -> list[int]:
    """The positions among a node's operands from which it has edges."""
    if node.primitive is None:
        return []
    slots = enumerate(zip(node.operands, node.primitive.partials, strict=True))
    return [position for position, (operand, derivative) in slots if derivative is not None and type(operand) in NODES]


def _edges_of_arrays(node: Any, live: bytearray) -> list[tuple[int, LinearMap]]:
    """The edges to a node in a graph that has arrays; what they come from is marked as live."""
    edges = []
    values = None
    to = node.value._held.shape if type(node) is ArrayNode else ()
    for operand, derivative in zip(node.operands, node.primitive.partials):  # noqa: B905 (a keyword costs time)
        kind = type(operand)
        if derivative is None or (kind is not ArrayNode and kind is not Node):
            continue
        live[operand.index] = True
        found: Any = derivative
        if type(derivative) is not Structural and type(derivative) is not PushPull:
            if values is None:
                values = tuple(map(value_of, node.operands))
            found = slope(node.primitive, derivative, node.value, values)
        edges.append((operand.index, as_map(found, operand.value._held.shape if kind is ArrayNode else (), to)))
    return edges


def restrict(nodes: list[Any], operands: Operands) -> None:
    """Restrict edges so that no adjoint reaches constant elements, such as data that was joined to a node.

    An element depends on an input if a tangent of ones reaches it.
    """
    active: dict[int, tuple[np.ndarray, Any]] = {}
    with isolated():
        for node in nodes:
            if not active and not (node.primitive and puts_constants(node.primitive, node.operands)):
                continue
            edges = []
            reached: list[Any] = []
            joined = None
            shape = shape_of(node.value)
            for tail, edge in operands[node.index]:
                given, tangent = active.get(tail) or (None, spread(ONE, shape_of(nodes[tail].value)))
                pushed = priced_between_arrays(edge).push(tangent)
                if given is not None:
                    edge = restricted(edge, given, _nonzero(pushed, shape))
                edges.append((tail, edge))
                if placement(pushed) is None:
                    reached.append(_nonzero(pushed, shape))
                else:  # one part of several
                    joined = plus(joined, pushed)
            if edges:
                operands[node.index] = edges
                if joined is not None:
                    reached.append(_nonzero(joined, shape))
                found = reduce(or_, reached)
                if not np.all(found):
                    active[node.index] = (found, _tangent(found, shape))


def _tangent(given: np.ndarray, shape: tuple[Any, ...]) -> Any:
    """The tangent that is one in the given elements."""
    return Structured(given.astype(np.int8), None, shape) if shape else ONE if given else ZERO


def _nonzero(derivative: Derivative, shape: tuple[Any, ...]) -> Any:
    """Which elements are not structural zeros; an axis along which all are alike may have length one."""
    if type(derivative) is Structured:
        return derivative.states != 0
    return np.full((1,) * len(shape), derivative is not ZERO)
