"""The graph of an evaluation: `trace` records it, and its edges are what the methods walk.

The operations stand in the order of their evaluation (a Wengert list). Only the inputs and
what depends on them enters; data and what is structurally constant stays outside.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, partial
from typing import Any, ClassVar, Final, NamedTuple

import numpy as np

from opcount.boundary import with_plain_arrays
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
from opcount.linear_maps import Constant, Cost, LinearMap, Scale, as_map
from opcount.operands import opened
from opcount.primitives import PRIMITIVES, Primitive
from opcount.scalar import Scalar
from opcount.structure import check_function, check_number, flatten, leaf_name, object_array, rebuild
from opcount.wrapped import Number, Wrapped, apply, plain_operand


class Node(Number):
    """A value that depends on an input, with the operation that gave it; `value` is its primal."""

    __slots__ = ("index", "operands", "primitive", "tape", "value")
    _rank: ClassVar[int] = 1
    index: int
    operands: tuple[Any, ...]
    primitive: Primitive | None
    tape: list[Node]
    value: Any

    def local_partial(self, derivative: Callable[..., Any]) -> Any:
        """The derivative as a function of this value and of the operands' values, data as it is."""
        if len(self.operands) == 2:  # the general case below, written out: it is most of most graphs
            a, b = self.operands
            return derivative(self.value, a.value if type(a) is Node else a, b.value if type(b) is Node else b)
        return derivative(
            self.value, *[operand.value if type(operand) is Node else operand for operand in self.operands]
        )

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
        if name == "pow" and not isinstance(operands[1], Wrapped) and operands[1] == 0:
            return self.value ** operands[1]  # structurally constant
        operands = tuple(o if isinstance(o, Wrapped) else v for o, v in zip(operands, values, strict=True))
        primitive = PRIMITIVES.get(name)
        if primitive is None:  # a comparison: it has a truth value and no derivative
            return apply(name, *values)
        value = primitive.value(*values)
        for operand, derivative in zip(operands, primitive.partials, strict=True):
            if derivative is not None and type(operand) is Node:
                return new_node(self.tape, primitive, operands, value)
        return value

    # The same as in Wrapped, written out for two nodes: most of most evaluations.

    def __add__(self, other: Any) -> Any:
        if type(other) is Node and other.tape is self.tape:
            return new_node(self.tape, _ADD, (self, other), self.value + other.value)
        return self._apply("add", self, other)

    def __sub__(self, other: Any) -> Any:
        if type(other) is Node and other.tape is self.tape:
            return new_node(self.tape, _SUB, (self, other), self.value - other.value)
        return self._apply("sub", self, other)

    def __mul__(self, other: Any) -> Any:
        if type(other) is Node and other.tape is self.tape:
            return new_node(self.tape, _MUL, (self, other), self.value * other.value)
        return self._apply("mul", self, other)

    # Rounding has no derivative: its result is a constant, as Python rounds it.

    def __floor__(self) -> Any:
        return math.floor(self.value)

    def __ceil__(self) -> Any:
        return math.ceil(self.value)

    def __trunc__(self) -> Any:
        return math.trunc(self.value)

    def __round__(self, digits: int | None = None) -> Any:
        return round(self.value, digits)

    def _plain(self) -> Any:
        return self.value._plain()

    def __repr__(self) -> str:
        return f"Node({self.index}, {self.name}, {self.value!r})"


def new_node(tape: list[Node], primitive: Primitive | None, operands: tuple[Any, ...], value: Any) -> Node:
    """A node at the end of the tape; a function, since that is faster than a constructor."""
    node = _new(Node)
    node.tape = tape
    node.primitive = primitive
    node.operands = operands
    node.value = value
    node.index = len(tape)
    tape.append(node)
    return node


_new: Final = object.__new__
_ADD: Final = PRIMITIVES["add"]
_SUB: Final = PRIMITIVES["sub"]
_MUL: Final = PRIMITIVES["mul"]


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
    is a plain wrapped number. `edges` are those on which an output depends, and
    `operands[node]` the same by head. `result` is what the function returned.
    """

    def __init__(self, nodes: list[Node], inputs: list[Node], outputs: list[Any], result: Any) -> None:
        self.nodes = nodes
        self.inputs = inputs
        self.outputs = outputs
        self.result = result
        self.operands: list[Sequence[tuple[int, LinearMap]]] = [()] * len(nodes)

    def linearize(self) -> None:
        """Compute the local partials of every edge on which an output depends."""
        live = bytearray(len(self.nodes))
        for output in self.outputs:
            if isinstance(output, Node):
                live[output.index] = True
        for node in reversed(self.nodes):
            if node.primitive is None or not live[node.index]:
                continue
            edges: list[tuple[int, LinearMap]] = []
            for operand, derivative in zip(node.operands, node.primitive.partials):  # noqa: B905 (a keyword costs time)
                if derivative is None or type(operand) is not Node:
                    continue
                live[operand.index] = True
                if isinstance(derivative, Constant):
                    edges.append((operand.index, derivative))
                    continue
                slope = node.local_partial(derivative)
                # as_map, written out for what it nearly always gets
                edges.append((operand.index, Scale(slope) if type(slope) is Scalar else as_map(slope)))
            self.operands[node.index] = edges

    @property
    def edges(self) -> list[Edge]:
        """The edges on which an output depends, in the order of their heads' evaluation."""
        return [
            Edge(tail, head, position, linear_map)
            for head, pairs in enumerate(self.operands)
            # not strict: a node on which no output depends has operands and no edges
            for position, (tail, linear_map) in zip(self._positions(head), pairs, strict=False)
        ]

    def _positions(self, head: int) -> list[int]:
        node = self.nodes[head]
        if node.primitive is None:
            return []
        slots = enumerate(zip(node.operands, node.primitive.partials, strict=True))
        return [place for place, (operand, derivative) in slots if derivative is not None and type(operand) is Node]

    @cached_property
    def users(self) -> list[list[tuple[int, LinearMap]]]:
        """The edges out of each node, as pairs of head and map, in the order in which backprop meets them."""
        users: list[list[tuple[int, LinearMap]]] = [[] for _ in self.nodes]
        for head in range(len(self.nodes) - 1, -1, -1):
            for tail, linear_map in self.operands[head]:
                users[tail].append((head, linear_map))
        return users

    def steps(self, direction: Direction, sources: Iterable[int], outline: bool = False) -> Steps:
        """What the chain rule sums over, for each node that the sources reach, in the order of a loop."""
        along = direction == "tangent"
        sums, onward = (self.operands, self.users) if along else (self.users, self.operands)
        relevant = reach(sources, onward)
        steps: Steps = {}
        for node in sorted(relevant.difference(sources), reverse=not along):
            near = [(neighbour, edge) for neighbour, edge in sums[node] if neighbour in relevant]
            if outline:
                near = [(neighbour, edge.outline()) for neighbour, edge in near]
            steps[node] = [(neighbour, edge.push if along else edge.pull) for neighbour, edge in near]
        return steps

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
        steps = self.steps(rule.direction, sources, outline=True)
        called = calls(targets, steps) if rule.memo == 0 else dict.fromkeys(steps, 1)
        total = Cost()
        for node, cost in own_costs(sources, steps).items():
            total += cost * called[node]
        return Counts(mul=total.mul, neg=total.neg, add=total.add)

    def __repr__(self) -> str:
        return f"Graph({len(self.nodes)} nodes, {len(self.inputs)} inputs, {len(self.outputs)} outputs)"


def record(f: Callable[[Any], Any], x: Any, numbers: list[Scalar]) -> Graph:
    """Evaluate f at the numbers of x and record its operations; the partials are not computed yet."""
    tape: list[Node] = []
    inputs = [new_node(tape, None, (), number) for number in numbers]
    result = opened(f(rebuild(x, iter(inputs), object_array)))
    outputs = checked_outputs(result)
    if any(isinstance(output, Node) and output.tape is not tape for output in outputs):
        raise InvalidType("f returned a value from another evaluation: it must compute its result from its argument")
    nodes = list(tape)
    tape.clear()  # nodes keep the tape: emptied, it closes no cycle, and a graph is gone with its last reference
    return Graph(nodes, inputs, outputs, result)


def trace(f: Callable[[Any], Any], x: Any) -> Graph:
    """Evaluate f at x, and give the graph of what it did, local partials included.

    >>> trace(lambda x: x * x, 3.0).edges
    [Edge(tail=0, head=1, position=0, map=Scale(Scalar(3.0))), Edge(tail=0, head=1, position=1, map=Scale(Scalar(3.0)))]

    `x` is a number, an array or nested lists, tuples and dicts of them; f may return one
    number or several. The evaluation and the partials are counted. Raises InvalidType or
    InvalidValue for an x without numbers, and InvalidType for a result that is no number.
    """
    check_function(f)
    x = with_plain_arrays(x)
    graph = record(f, x, input_numbers(x))
    graph.linearize()
    return graph


def input_numbers(x: Any) -> list[Scalar]:
    """The numbers in x, wrapped; raises InvalidType for a leaf that is none, InvalidValue where there are no leaves."""
    numbers = []
    for place, number in enumerate(flatten(x)):
        if isinstance(number, Node):
            raise InvalidType(
                f"{leaf_name(x, place)} is being differentiated already; gradients within gradients are not supported"
            )
        if type(number) is not Scalar:
            if type(number) is not float:
                check_number(number, partial(leaf_name, x, place))
            # derivatives of small or unsigned integers would wrap around
            number = Scalar(int(number) if isinstance(number, np.integer) else number)
        numbers.append(number)
    if not numbers:
        raise InvalidValue(f"x holds no numbers: {x!r}; give at least one to differentiate with respect to")
    return numbers


def checked_outputs(result: Any) -> list[Any]:
    """The numbers that f returned; raises InvalidType for a leaf that is none."""
    outputs = []
    for place, output in enumerate(flatten(result)):
        if output is None:
            raise InvalidType(
                f"{leaf_name(result, place, 'f(x)')} is None: f must return the number to differentiate; "
                "is a `return` missing?"
            )
        if not isinstance(output, Wrapped):
            check_number(output, partial(leaf_name, result, place, "f(x)"), "return")
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
