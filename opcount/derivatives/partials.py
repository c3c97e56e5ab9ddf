"""The local partials of an evaluation, as edges between its nodes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

import numpy as np

from opcount.arrays.scalar import Scalar
from opcount.counting.errors import OpcountError
from opcount.counting.tally import isolated
from opcount.tracing.edges import LinearMap, PushPull, Scale, as_map, edge_of_sign, priced_between_arrays, restricted
from opcount.tracing.nodes import NODES, ArrayNode, Node, value_of
from opcount.tracing.slopes import puts_constants, slope
from opcount.tracing.structural import Derivative, Structured, placement, plus, spread
from opcount.tracing.tape import Tape
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
Part = dict[int, Sequence[tuple[int, LinearMap]]]
"""The edges to some nodes, by node."""

Active = dict[int, tuple[np.ndarray, Any]]
"""Which elements of a node depend on an input, with the tangent that is one there, for nodes where not all do."""


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
    _linearize(nodes, operands, live, arrays)
    if joins:
        restrict(nodes, nodes, operands, {})
    return operands


def part_of_operands(nodes: list[Any], part: list[Any], live: bytearray, tape: Tape, active: Active) -> Part:
    """The edges to some of the nodes, the last ones; `live` are those on which an output depends, and is added to."""
    operands: Part = {node.index: () for node in part}
    _linearize(part, operands, live, tape.arrays)
    if tape.joins:
        restrict(nodes, part, operands, active)
    return operands


def activity(nodes: list[Any], part: list[Any], active: Active) -> None:
    """Add to `active` what holds for some of the nodes, whose partials are not computed yet."""
    operands: Part = {}
    with isolated(), np.errstate(all="ignore"):
        for node in part:
            operands[node.index] = ()
            if node.primitive is not None:
                with suppress(OpcountError, ArithmeticError):  # as it may be where no output depends on it
                    operands[node.index] = _edges_of_arrays(node, bytearray(node.index))
    restrict(nodes, part, operands, active)


def _linearize(nodes: list[Any], operands: Operands | Part, live: bytearray, arrays: bool) -> None:
    """Compute the edges to each live node, from the last to the first, and mark what they come from as live."""
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


def edges_of(nodes: list[Any], operands: Operands) -> list[Edge]:
    """The edges in the order of their heads, each with its position."""
    return [edge for head, pairs in enumerate(operands) for edge in edges_to(nodes[head], pairs)]


def edges_to(node: Any, pairs: Iterable[tuple[int, LinearMap]]) -> list[Edge]:
    """The edges to a node, each with its position."""
    # not strict: a node on which no output depends has operands but no edges
    positions = zip(_positions_of(node), pairs, strict=False)
    return [Edge(tail, node.index, position, linear_map) for position, (tail, linear_map) in positions]


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


def restrict(nodes: list[Any], part: list[Any], operands: Operands | Part, active: Active) -> None:
    """Restrict the edges to some nodes so that no adjoint reaches constant elements, such as data that was joined.

    An element depends on an input if a tangent of ones reaches it. `active` says so for the nodes before, and is added
    to.
    """
    with isolated():
        for node in part:
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
