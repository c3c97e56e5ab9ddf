"""The graph of an evaluation: `trace` records it, and its edges are what the methods walk.

The operations stand in the order of their evaluation (a Wengert list). Only the inputs and
what depends on them enters; data and what is structurally constant stays outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, ClassVar, NamedTuple

import numpy as np

from opcount.chain_rule import (
    Direction,
    Steps,
    calls,
    difference_counts,
    method_named,
    own_costs,
    reach,
)
from opcount.counts import Counts
from opcount.errors import InvalidType, InvalidValue
from opcount.linear_maps import Cost, LinearMap, as_map
from opcount.primitives import PRIMITIVES, Primitive
from opcount.scalar import Scalar
from opcount.structure import check_number, leaves, object_array, rebuild
from opcount.wrapped import Wrapped, apply, plain_operand


class Node(Wrapped):
    """A value that depends on an input, with the operation that gave it; `value` is its primal."""

    __slots__ = ("index", "operands", "primitive", "tape", "value")
    _rank: ClassVar[int] = 1

    def __init__(self, tape: list[Node], primitive: Primitive | None, operands: tuple[Any, ...], value: Any) -> None:
        self.tape = tape
        self.primitive = primitive
        self.operands = operands
        self.value = value
        self.index = len(tape)
        tape.append(self)

    @property
    def name(self) -> str:
        """The name of the operation, "input" for an input."""
        return self.primitive.name if self.primitive else "input"

    def _apply(self, name: str, *operands: Any) -> Any:
        values = []
        for operand in operands:
            if type(operand) is Node:
                if operand.tape is not self.tape:
                    raise InvalidType(
                        "a value from another evaluation entered this one: a function that is differentiated "
                        "must neither keep its values for later nor be differentiated inside another"
                    )
                values.append(operand.value)
            else:
                value = operand if isinstance(operand, Scalar) else plain_operand(operand)
                if value is NotImplemented:
                    return NotImplemented
                values.append(value)
        primitive = PRIMITIVES.get(name)
        if primitive is None:  # a comparison: it has a truth value and no derivative
            return apply(name, *values)
        value = primitive.value(*values)
        for operand, partial in zip(operands, primitive.partials, strict=True):
            if partial is not None and type(operand) is Node:
                return Node(self.tape, primitive, operands, value)
        return value

    def __pow__(self, other: Any, modulus: Any = None) -> Any:
        if not isinstance(other, Wrapped) and plain_operand(other) is not NotImplemented and other == 0:
            return self.value**other  # structurally constant
        return super().__pow__(other, modulus)

    def _plain(self) -> Any:
        return self.value._plain()

    def __repr__(self) -> str:
        return f"Node({self.index}, {self.name}, {self.value!r})"


class Edge(NamedTuple):
    """An edge from operand `tail` to node `head`, at that `position` among its operands."""

    tail: int
    head: int
    position: int
    map: LinearMap


class Graph:
    """The operations of one evaluation, and the edges along which derivatives flow.

    >>> import opcount as oc
    >>> graph = oc.trace(lambda x: x[0] * x[1] + x[0], [3.0, 4.0])
    >>> graph.nodes
    [Node(0, input, Scalar(3.0)), Node(1, input, Scalar(4.0)), Node(2, mul, Scalar(12.0)), Node(3, add, Scalar(15.0))]
    >>> graph.paths()
    [2, 1]
    >>> graph.predict("backprop")
    Counts({'add': 1})

    `nodes` are in the order of evaluation, the inputs first and in flattened order.
    `inputs` and `outputs` are among them, but an output that does not depend on an input
    is a plain wrapped number. `edges` are those on which an output depends. `result` is
    what the function returned.
    """

    def __init__(self, nodes: list[Node], inputs: list[Node], outputs: list[Any], result: Any) -> None:
        self.nodes = nodes
        self.inputs = inputs
        self.outputs = outputs
        self.result = result
        self.edges: list[Edge] = []
        self._operands: list[list[Edge]] = [[] for _ in nodes]  # the edges into a node
        self._users: list[list[Edge]] = [[] for _ in nodes]  # the edges out of it

    def linearize(self) -> None:
        """Compute the local partials of every edge on which an output depends."""
        live = {output.index for output in self.outputs if isinstance(output, Node)}
        for node in reversed(self.nodes):
            if node.index in live:
                live.update(operand.index for operand in node.operands if isinstance(operand, Node))
        for node in self.nodes:
            if node.primitive and node.index in live:
                self._linearize(node, node.primitive)

    def _linearize(self, node: Node, primitive: Primitive) -> None:
        values = [operand.value if isinstance(operand, Node) else operand for operand in node.operands]
        for position, (operand, partial) in enumerate(zip(node.operands, primitive.partials, strict=True)):
            if partial is None or not isinstance(operand, Node):
                continue
            derivative = partial(node.value, *values) if callable(partial) else partial
            edge = Edge(operand.index, node.index, position, as_map(derivative))
            self.edges.append(edge)
            self._operands[edge.head].append(edge)
            self._users[edge.tail].append(edge)

    def steps(self, direction: Direction, sources: Iterable[int], along: Along | None = None) -> Steps:
        """What the chain rule sums over, for each node that the sources reach, in the order of a sweep.

        `along(edge, direction)` gives the way along an edge; by default it is the push or
        the pull of the edge's map.
        """
        along = along or way_along
        if direction == "tangent":
            near, far, sums, onward = attrgetter("tail"), attrgetter("head"), self._operands, self._users
        else:
            near, far, sums, onward = attrgetter("head"), attrgetter("tail"), self._users, self._operands
        relevant = reach(sources, lambda node: map(far, onward[node]))
        return {
            node: [(near(edge), along(edge, direction)) for edge in sums[node] if near(edge) in relevant]
            for node in sorted(relevant.difference(sources), reverse=direction == "adjoint")
        }

    @property
    def output(self) -> Node | None:
        """The one output, None where it is constant; raises InvalidType where there are several."""
        if len(self.outputs) != 1:
            raise InvalidType(
                f"the function has {len(self.outputs)} outputs, and this is about one; trace one of them alone"
            )
        return self.outputs[0] if isinstance(self.outputs[0], Node) else None

    def paths(self) -> list[int]:
        """The number of paths from each input to the output, over which Bauer's formula sums.

        F. L. Bauer, Computational graphs and rounding error, SIAM J. Numer. Anal. 11 (1974).
        Raises InvalidType where there are several outputs.
        """
        if self.output is None:
            return [0] * len(self.inputs)
        inputs = [node.index for node in self.inputs]
        paths = calls([self.output.index], self.steps("tangent", inputs))
        return [paths.get(node, 0) for node in inputs]

    def predict(self, method: str) -> Counts:
        """The exact counts of a method's accumulation, without executing it.

        Takes time linear in the graph, times the inputs for the tangent methods, however
        many paths there are. Raises InvalidValue for an unknown method, InvalidType where
        there are several outputs.
        """
        rule = method_named(method)
        inputs = [node.index for node in self.inputs]
        if rule.direction is None:
            return difference_counts(len(inputs))
        if self.output is None:
            return Counts()
        output = [self.output.index]
        sources, targets = (output, inputs) if rule.direction == "adjoint" else (inputs, output)
        steps = self.steps(rule.direction, sources, outline_along)
        called = calls(targets, steps) if rule.memo == 0 else dict.fromkeys(steps, 1)
        total = Cost()
        for node, cost in own_costs(sources, steps).items():
            total += cost * called[node]
        return Counts(mul=total.mul, neg=total.neg, add=total.add)

    def __repr__(self) -> str:
        return f"Graph({len(self.nodes)} nodes, {len(self.inputs)} inputs, {len(self.outputs)} outputs)"


Along = Callable[[Edge, Direction], Callable[[Any], Any]]


def way_along(edge: Edge, direction: Direction) -> Callable[[Any], Any]:
    """How a derivative goes along an edge: pushed with it, or pulled against it."""
    return edge.map.push if direction == "tangent" else edge.map.pull


def outline_along(edge: Edge, direction: Direction) -> Callable[[Any], Any]:
    """The same with the numbers forgotten: what it would execute, for predictions and for the log."""
    return way_along(edge._replace(map=edge.map.outline()), direction)


def record(f: Callable[[Any], Any], x: Any) -> Graph:
    """Evaluate f on the inputs in `x` and record its operations; the edges are not computed yet."""
    tape: list[Node] = []
    numbers = list(checked_leaves(x))
    inputs = [Node(tape, None, (), number if isinstance(number, Scalar) else Scalar(number)) for number in numbers]
    result = f(rebuild(x, iter(inputs), object_array))
    outputs = checked_outputs(result)
    if any(isinstance(output, Node) and output.tape is not tape for output in outputs):
        raise InvalidType("f returned a value from another evaluation: it must compute its result from its argument")
    return Graph(tape, inputs, outputs, result)


def trace(f: Callable[[Any], Any], x: Any) -> Graph:
    """Evaluate f at x, and give the graph of what it did, local partials included.

    >>> trace(lambda x: x * x, 3.0).edges
    [Edge(tail=0, head=1, position=0, map=Scale(Scalar(3.0))), Edge(tail=0, head=1, position=1, map=Scale(Scalar(3.0)))]

    `x` is a number, an array or nested lists, tuples and dicts of them; f may return one
    number or several. The evaluation and the partials are counted. Raises InvalidType or
    InvalidValue for an x without numbers, and InvalidType for a result that is no number.
    """
    graph = record(f, x)
    graph.linearize()
    return graph


def checked_leaves(x: Any) -> list[Any]:
    """The numbers in x; raises InvalidType for a leaf that is none, InvalidValue where there are no leaves."""
    numbers = []
    for name, number in leaves(x):
        if isinstance(number, Node):
            raise InvalidType(f"{name} is being differentiated already; gradients within gradients are not supported")
        if not isinstance(number, Scalar):
            check_number(number, name)
        numbers.append(number)
    if not numbers:
        raise InvalidValue(f"x holds no numbers: {x!r}; give at least one to differentiate with respect to")
    return numbers


def checked_outputs(result: Any) -> list[Any]:
    """The numbers that f returned; raises InvalidType for a leaf that is none."""
    outputs = []
    for name, output in leaves(result, "f(x)"):
        if output is None:
            raise InvalidType(f"{name} is None: f must return the number to differentiate; is a `return` missing?")
        if not isinstance(output, Wrapped):
            check_number(output, name)
        outputs.append(output)
    return outputs


def one_output(result: Any) -> Any:
    """The one number that f returned; raises InvalidType where it is none, or several."""
    outputs = checked_outputs(result)
    if isinstance(result, (list, tuple, dict)) or (isinstance(result, np.ndarray) and result.ndim):
        raise InvalidType(
            f"f returned {len(outputs)} value{'s' * (len(outputs) != 1)} in a {type(result).__name__}, and a gradient "
            "is that of one number: return one of them, or their sum; the derivatives of several at once are "
            "a Jacobian, for which oc.jacobian will come in a later version"
        )
    return outputs[0]
