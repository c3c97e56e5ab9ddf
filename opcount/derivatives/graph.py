"""The graph of an evaluation: `trace` records it, and its edges are what the methods walk.

The operations stand in the order of their evaluation (a Wengert list). Only the inputs and
what depends on them enters; data and what is structurally constant stays outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, partial, reduce
from operator import methodcaller, or_
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from opcount.arrays.array import Array
from opcount.arrays.scalar import Scalar
from opcount.arrays.wrap import checked_array, with_plain_arrays
from opcount.counting.counts import Counts
from opcount.counting.errors import InvalidType, InvalidValue
from opcount.counting.names import instead
from opcount.counting.tally import isolated
from opcount.derivatives.chain_rule import (
    Direction,
    Neighbours,
    Pricing,
    difference_counts,
    method_named,
    own_costs,
    reach,
    visits,
)
from opcount.derivatives.elimination import Elimination, linearized, predicted, pricing_of
from opcount.derivatives.orders import SEPARATELY, ordered
from opcount.tracing import array_operations, writing  # noqa: F401 (which enter NumPy's functions of nodes)
from opcount.tracing.edges import (
    ANY_ARRAY,
    Cost,
    LinearMap,
    Priced,
    PushPull,
    Scale,
    Sign,
    as_map,
    edge_of_sign,
    priced_between_arrays,
    priced_values,
    restricted,
)
from opcount.tracing.nodes import NODES, ArrayNode, Node, input_node, puts_constants, value_of
from opcount.tracing.object_array import opened_array
from opcount.tracing.partials import slope
from opcount.tracing.structural import ONE, ZERO, Structured, Unit, placement, plus, spread
from opcount.tracing.tape import Tape
from opcount.wrapping.operands import opened
from opcount.wrapping.operations import Structural
from opcount.wrapping.trees import called, check_number, flatten, leaf_name, of_one_argument, rebuild, shape_of
from opcount.wrapping.wrapped import Wrapped, is_wrapped_array

if TYPE_CHECKING:
    import networkx as nx
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


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

    def __init__(
        self, nodes: list[Any], inputs: list[Any], outputs: list[Any], result: Any, tape: Tape | None = None
    ) -> None:
        self.nodes = nodes
        self.inputs = inputs
        self.outputs = outputs
        self.result = result
        self.operands: list[Sequence[tuple[int, LinearMap]]] = [()] * len(nodes)
        self._arrays = tape is not None and tape.arrays
        self._joins = tape is not None and tape.joins

    def linearize(self) -> None:
        """Compute the local partials of every edge on which an output depends."""
        live = bytearray(len(self.nodes))
        arrays = self._arrays
        for output in self.outputs:
            if type(output) in NODES:
                live[output.index] = True
        for node in reversed(self.nodes):
            if node.primitive is None or not live[node.index]:
                continue
            edges: list[tuple[int, LinearMap]] = []
            for operand, derivative in zip(node.operands, node.primitive.partials):  # noqa: B905 (a keyword costs time)
                if derivative is None or (type(operand) is not Node and type(operand) is not ArrayNode):
                    continue
                live[operand.index] = True
                if arrays and (type(node) is ArrayNode or type(operand) is ArrayNode):
                    edges.append((operand.index, _edge_of_arrays(derivative, node, operand)))
                    continue
                if type(derivative) is Structural:
                    edges.append((operand.index, edge_of_sign(derivative)))
                    continue
                number = node.local_partial(derivative)
                # as_map, written out for what it nearly always gets
                edges.append((operand.index, Scale(number) if type(number) is Scalar else as_map(number)))
            self.operands[node.index] = edges
        if self._joins:
            self._restrict()

    def forget_values(self) -> None:
        """Let go of the primal values: edges hold what they need of them, and the rest is memory to be used again."""
        for node in self.nodes if self._arrays else ():
            node.value = None

    def _restrict(self) -> None:
        """Keep the adjoints from elements that are constant, as those of data that was joined to a node.

        Which elements depend on an input is what a tangent of ones reaches.
        """
        active: dict[int, tuple[np.ndarray, Any]] = {}
        with isolated():
            for node in self.nodes:
                if not active and not (node.primitive and puts_constants(node.primitive, node.operands)):
                    continue
                edges = []
                reached: list[Any] = []
                joined = None
                shape = shape_of(node.value)
                for tail, edge in self.operands[node.index]:
                    given, tangent = active.get(tail) or (None, spread(ONE, shape_of(self.nodes[tail].value)))
                    pushed = priced_between_arrays(edge).push(tangent)
                    if given is not None:
                        edge = restricted(edge, given, _nonzero(pushed, shape))
                    edges.append((tail, edge))
                    if placement(pushed) is None:
                        reached.append(_nonzero(pushed, shape))
                    else:  # one part of many
                        joined = plus(joined, pushed)
                if edges:
                    self.operands[node.index] = edges
                    if joined is not None:
                        reached.append(_nonzero(joined, shape))
                    found = reduce(or_, reached)
                    if not np.all(found):
                        active[node.index] = (found, _tangent(found, shape))

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
        return [place for place, (operand, derivative) in slots if derivative is not None and type(operand) in NODES]

    @cached_property
    def users(self) -> list[list[tuple[int, LinearMap]]]:
        """The edges out of each node, as pairs of head and map, in the order in which backprop meets them."""
        users: list[list[tuple[int, LinearMap]]] = [[] for _ in self.nodes]
        for head in range(len(self.nodes) - 1, -1, -1):
            for tail, linear_map in self.operands[head]:
                users[tail].append((head, linear_map))
        return users

    def neighbours(self, direction: Direction, sources: Iterable[int], priced: bool = False) -> Neighbours:
        """What the chain rule sums over, for each node that the sources reach, in the order of a loop."""
        along = direction == "tangent"
        sums, onward = (self.operands, self.users) if along else (self.users, self.operands)
        relevant = reach(sources, onward)
        neighbours: Neighbours = {}
        for node in sorted(relevant.difference(sources), reverse=not along):
            near = [(neighbour, edge) for neighbour, edge in sums[node] if neighbour in relevant]
            if priced:
                forget = methodcaller("priced") if self._is_of_numbers else priced_between_arrays
                near = [(neighbour, forget(edge)) for neighbour, edge in near]
            neighbours[node] = [(neighbour, edge.push if along else edge.pull) for neighbour, edge in near]
        return neighbours

    @property
    def output(self) -> Node | ArrayNode | None:
        """The one output, None where it is constant; raises InvalidType where there are several."""
        if len(self.outputs) != 1:
            raise InvalidType(
                f"the function has {len(self.outputs)} outputs, and this is about one; trace one of them alone"
            )
        return self.outputs[0] if type(self.outputs[0]) in NODES else None

    def paths(self) -> list[int]:
        """The number of paths from each input to the output, over which Bauer's formula sums.

        F. L. Bauer, Computational graphs and rounding error, SIAM J. Numer. Anal. 11 (1974).
        Raises InvalidType where there are several outputs.
        """
        if self.output is None:
            return [0] * len(self.inputs)
        inputs = [node.index for node in self.inputs]
        called = visits([self.output.index], self.neighbours("tangent", inputs))
        paths = dict.fromkeys(inputs, 0)
        paths.update((node, number) for node, number in called if node in paths)
        return list(paths.values())

    def predict(self, method: str, *, unit_products: bool = False) -> Counts:
        """The exact counts of a method's accumulation, without executing it.

        Takes time linear in the graph, times the inputs for the tangent methods, however
        many paths there are. With `unit_products` every product counts, also those by a structural 1 or -1,
        as in the literature on elimination; only a seed is copied. Raises InvalidValue for an unknown
        method, InvalidType where there are several outputs, or for unit products of arrays.
        """
        rule = method_named(method)
        inputs = [node.index for node in self.inputs]
        if rule.direction is None:
            return difference_counts(self.size)
        if self.output is None:
            return Counts()
        output = [self.output.index]
        sources, targets = (output, inputs) if rule.direction == "adjoint" else (inputs, output)
        neighbours = self.neighbours(rule.direction, sources, priced=True)
        if self._is_of_numbers:
            own = own_costs(sources, neighbours, pricing_of(unit_products))
            return sum(_often(own, targets, neighbours, rule.memo), Cost()).counts
        if unit_products:
            linearized(self)  # says what is no number
        seeds = dict.fromkeys(sources, (ONE, 1))
        if rule.direction == "tangent":  # one for each number of an input
            seeds = {node.index: (_priced_seed(node.value), node.value.size) for node in self.inputs}
        return sum(_often(own_costs(seeds, neighbours, ON_SHAPES), targets, neighbours, rule.memo), Counts())

    @property
    def intermediates(self) -> list[int]:
        """The vertices that an elimination goes through: all on which an output depends, but inputs and outputs.

        An output that another output uses is one of them. Raises InvalidType where nodes are arrays.
        """
        return linearized(self).intermediates

    def elimination(
        self, order: Any, *, unit_products: bool = False, steps: int | None = None, seed: int | None = None
    ) -> Elimination:
        """The elimination of a Jacobian in that order, not executed: its vertices, its counts, its live edges.

        >>> import opcount as oc
        >>> graph = oc.trace(lambda x: np.sin(x[0] * x[1]) * x[1], [3.0, 4.0])
        >>> graph.elimination("reverse").order, graph.elimination("reverse").live_edges
        ((3, 2), 5)

        `order`, `unit_products`, `steps` and `seed` are those of `oc.jacobian`, which raises the same.
        `live_edges` is the most edges that are there at once, at first or after a vertex: what
        partial accumulation keeps.
        """
        whole = linearized(self)
        vertices = ordered(whole, order, unit_products, steps, seed)
        if isinstance(order, str) and order in SEPARATELY:
            return Elimination((), self._separately(SEPARATELY[order], unit_products), None)
        return predicted(whole, vertices, order if isinstance(order, str) else None, unit_products)

    def _separately(self, direction: Direction, unit_products: bool) -> Counts:
        """What the recursion from each output, or from each input, counts, one after the other."""
        total = Cost()
        for source in self.sources(direction):
            neighbours = self.neighbours(direction, [source], priced=True)
            total += sum(own_costs([source], neighbours, pricing_of(unit_products)).values(), Cost())
        return total.counts

    def sources(self, direction: Direction) -> list[int]:
        """The nodes at which derivatives start, each once: the inputs, or the outputs that are not constant."""
        if direction == "tangent":
            return [node.index for node in self.inputs]
        return list(dict.fromkeys(index for index in self.output_indices if index is not None))

    @property
    def output_indices(self) -> list[int | None]:
        """Where the outputs stand in `nodes`, None for one that is constant."""
        return [output.index if type(output) in NODES else None for output in self.outputs]

    def predict_elimination(
        self, order: Any, *, unit_products: bool = False, steps: int | None = None, seed: int | None = None
    ) -> Counts:
        """The exact counts of `oc.jacobian` in that order, not executed; it takes and raises the same.

        >>> import opcount as oc
        >>> graph = oc.trace(lambda x: np.sin(x[0] * x[1]) * x[1], [3.0, 4.0])
        >>> graph.predict_elimination("forward").mul, graph.predict_elimination("reverse").mul
        (4, 3)
        """
        return self.elimination(order, unit_products=unit_products, steps=steps, seed=seed).counts

    @cached_property
    def _is_of_numbers(self) -> bool:
        return not self._arrays and all(isinstance(edge, (Scale, Sign)) for near in self.operands for _, edge in near)

    @property
    def size(self) -> Any:
        """How many numbers the inputs hold."""
        return sum(node.value.size for node in self.inputs)

    def to_networkx(self) -> nx.MultiDiGraph:
        """A networkx.MultiDiGraph: `x * x` has two edges between its nodes.

        >>> import opcount as oc
        >>> graph = oc.trace(lambda x: x * x, 3.0).to_networkx()
        >>> graph.nodes[1]
        {'operation': 'mul', 'role': 'output', 'value': 9.0}
        >>> list(graph.edges(data=True))
        [(0, 1, {'position': 0, 'partial': 3.0}), (0, 1, {'position': 1, 'partial': 3.0})]

        Nodes are the indices in `nodes`. Their `role` is "input", also where an input is an output,
        "output" or "intermediate"; those on which no output depends are left out, but for inputs.
        `value` is None for a spec, and `partial` for the linear map of an array. An output that is
        constant is no node. Needs networkx, and raises InvalidType without it.
        """
        from opcount.drawing import draw

        return draw.to_networkx(self)

    def to_dot(self) -> str:
        """The same nodes and edges in Graphviz's language, inputs on the first rank, outputs on the last.

        The text is the same in every run. An output that another one uses stands between.
        """
        from opcount.drawing import draw

        return draw.to_dot(self)

    def draw(self, ax: Axes | None = None, *, show: str = "operation") -> Axes:
        """A picture, by matplotlib: inputs at the top, outputs at the bottom, edges downwards.

        `show` says what stands beside the operations: "paths", of each node the number of paths to
        the outputs, over which the naive recursion sums; "adjoints", the derivative of the output
        with respect to each node; "partials", at the end of each edge its own. Nothing is counted.
        Without `ax` it makes one of pyplot's figures, in the size that the picture needs:
        `graph.draw().figure.savefig("graph.svg")`; given one, it makes the labels as small as must be.
        Reads well up to about 40 nodes. Raises InvalidValue for more than 200 and for an unknown
        `show`, and InvalidType where there are several outputs and adjoints are asked for, and
        where matplotlib or igraph is missing.
        """
        from opcount.drawing import draw

        return draw.draw(self, ax, show)

    def draw_elimination(self, order: Any) -> Figure:
        """A row of pictures: the graph, and what is left of it after each vertex is eliminated in that order.

        An edge that is new is drawn in bold, an edge that was there and absorbs the product by an
        addition in bold dashes. An output that is used has a copy, y[row]. What is left at the end are
        the entries of the Jacobian that are not structurally zero. All products are in the titles,
        those by a structural 1 too, which are free in what an elimination counts by default.
        Raises InvalidValue for an order that there is not, more than 40 nodes or more than 24 pictures.
        """
        whole = linearized(self)
        from opcount.drawing import draw

        return draw.draw_elimination(self, whole, ordered(whole, order, unit_products=True))

    def __repr__(self) -> str:
        return f"Graph({len(self.nodes)} nodes, {len(self.inputs)} inputs, {len(self.outputs)} outputs)"


def _edge_of_arrays(derivative: Any, node: Any, operand: Any) -> LinearMap:
    partial_derivative = derivative
    if type(derivative) is not Structural and type(derivative) is not PushPull:
        partial_derivative = slope(node.primitive, derivative, node.value, tuple(map(value_of, node.operands)))
    return as_map(
        partial_derivative,
        operand.value._held.shape if type(operand) is ArrayNode else (),
        node.value._held.shape if type(node) is ArrayNode else (),
    )


def _tangent(given: np.ndarray, shape: tuple[Any, ...]) -> Any:
    """The tangent that is one in the given elements."""
    return Structured(given.astype(np.int8), None, shape) if shape else ONE if given else ZERO


def _nonzero(derivative: Any, shape: tuple[Any, ...]) -> Any:
    """Which elements are no structural zeros; an axis along which all is the same may have length one."""
    if type(derivative) is Structured:
        return derivative.states != 0
    return np.full((1,) * len(shape), derivative is not ZERO)


# --- what derivatives cost, without computing them


def _followed_on_shapes(along: Callable[[Any], Any], state: Any) -> tuple[Any, Counts]:
    """Likewise for derivatives of arrays: the edge is applied to their shapes alone."""
    with isolated() as tally:
        term = along(state)
    counts = tally.counts
    if type(term) is Priced:
        counts += term.cost.counts
    return _state_of(term), counts


def _joined_on_shapes(total: Any, term: Any) -> tuple[Any, Counts]:
    with isolated() as tally:
        joined = plus(total, term)
    return _state_of(joined), tally.counts


def _state_of(derivative: Any) -> Any:
    if type(derivative) is Structured or type(derivative) is Unit or shape_of(derivative):
        return derivative
    return ANY_ARRAY


ON_SHAPES: Final = Pricing(_followed_on_shapes, _joined_on_shapes, Counts())


def _often(own: dict[int, Any], targets: list[int], neighbours: Neighbours, memo: int | None) -> Iterable[Any]:
    """What each node's own sum costs, as often as it is computed: once, or, with nothing kept, at each call."""
    if memo != 0:
        return own.values()
    return (own[node] * number for node, number in visits(targets, neighbours) if node in own)


def _priced_seed(value: Any) -> Any:
    return priced_values(value) if type(value) is Array else ONE


# --- recording


def evaluate(f: Callable[[Any], Any], x: Any, leaves: list[Any], whole: bool) -> Graph:
    """Evaluate f at x and record its operations, with arrays as nodes or opened; the partials are not computed yet."""
    tape = Tape(whole)
    inputs = [input_node(tape, leaf) for leaf in leaves]
    result = f(rebuild(x, iter(inputs), opened_array, whole))
    result = result if whole else opened(result)
    outputs = checked_outputs(result)
    if any(type(output) in NODES and output.tape is not tape for output in outputs):
        raise InvalidType("f returned a value from another evaluation: it must compute its result from its argument")
    nodes = list(tape)
    inputs = nodes[: len(leaves)]  # a function that writes into an input has another node in its hands
    tape.clear()  # nodes keep the tape: emptied, it closes no cycle, and a graph is gone with its last reference
    tape.data.clear()
    return Graph(nodes, inputs, outputs, result, tape)


def trace(f: Callable[[Any], Any], x: Any, *, granularity: str = "array") -> Graph:
    """Evaluate f at x, and give the graph of what it did, local partials included.

    >>> trace(lambda x: x * x, 3.0).edges
    [Edge(tail=0, head=1, position=0, map=Scale(Scalar(3.0))), Edge(tail=0, head=1, position=1, map=Scale(Scalar(3.0)))]

    `x` is a number, an array or nested lists, tuples and dicts of them; an f that needs several arguments is
    given the items of a tuple. f may return one number or several. An array in x is one node, or, with
    `granularity="scalar"`, an object array of nodes. The evaluation and the partials are counted. Raises
    InvalidType or InvalidValue for an x without numbers, and InvalidType for a result that is no number.
    """
    f = of_one_argument(f, x)
    x, leaves, whole = checked_inputs(x, granularity)
    leaves = [leaf.copy("K") if type(leaf) is Array else leaf for leaf in leaves]  # the graph outlives the call
    graph = evaluate(f, x, leaves, whole)
    graph.linearize()
    return graph


GRANULARITIES: Final = ("array", "scalar")


def checked_inputs(x: Any, granularity: str) -> tuple[Any, list[Any], bool]:
    """x, its wrapped numbers and arrays in flattened order, and whether arrays are nodes."""
    if granularity not in GRANULARITIES:
        raise InvalidValue(
            f"there is no granularity {granularity!r}; {instead([granularity], GRANULARITIES, 'the granularities')}"
        )
    if granularity == "array":
        return x, input_leaves(x), True
    x = with_plain_arrays(x)
    return x, input_numbers(x), False


def input_leaves(x: Any) -> list[Any]:
    """The numbers and arrays in x, wrapped; raises InvalidType for a leaf that is neither."""
    leaves: list[Any] = []
    for place, leaf in enumerate(flatten(x, whole=True)):
        if type(leaf) is float:  # as most are where numbers are nodes
            leaves.append(Scalar(leaf))
        elif isinstance(leaf, np.ndarray) or is_wrapped_array(leaf):
            leaves.append(_input_array(leaf, partial(leaf_name, x, place, whole=True)))
        else:
            leaves += input_numbers(leaf, partial(leaf_name, x, place, whole=True))
    if not any(leaf.size for leaf in leaves):
        raise InvalidValue(f"x holds no numbers: {x!r}; give at least one to differentiate with respect to")
    return leaves


def _input_array(leaf: Any, name: Callable[[], str]) -> Array:
    """An array in x as it enters the graph: its numbers are not copied, and never written into."""
    if type(leaf) is np.ndarray and leaf.dtype.kind == "f":
        array = leaf.view()
        array.flags.writeable = False  # whoever unwraps it gets the caller's own numbers
        return Array(array)
    if type(leaf) is ArrayNode:
        raise InvalidType(f"{name()} {_NESTED}")
    array = leaf._plain() if type(leaf) is Array else checked_array(leaf, name)
    if array.dtype.kind in "bc":
        kind = "truth values" if array.dtype.kind == "b" else "complex numbers"
        raise InvalidType(f"{name()} is an array of {kind}: derivatives are with respect to real numbers")
    if array.dtype.kind != "f":  # derivatives of small or unsigned integers would wrap around
        return Array(array.astype(np.int64))
    return _input_array(array, name) if type(array) is np.ndarray else Array(array)


_NESTED: Final = "is being differentiated already; gradients within gradients are not supported"


def input_numbers(x: Any, name: Callable[[], str] | None = None) -> list[Scalar]:
    """The numbers in x, wrapped; raises InvalidType for a leaf that is none, InvalidValue where there are no leaves."""
    numbers = []
    for place, number in enumerate(flatten(x)):
        called = name or partial(leaf_name, x, place)
        if isinstance(number, Node):
            raise InvalidType(f"{called()} {_NESTED}")
        if type(number) is not Scalar:
            if type(number) is not float:
                check_number(number, called)
            # derivatives of small or unsigned integers would wrap around
            number = Scalar(np.int64(number) if isinstance(number, np.integer) else number)
        numbers.append(number)
    if not numbers:
        raise InvalidValue(f"x holds no numbers: {x!r}; give at least one to differentiate with respect to")
    return numbers


def checked_outputs(result: Any) -> list[Any]:
    """The numbers that f returned; raises InvalidType for a leaf that is none."""
    if type(result) in NODES:
        return [result]
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
    if type(result) is Node:
        return result
    outputs = checked_outputs(result)
    several = isinstance(result, (list, tuple, dict))
    if several or shape_of(result):
        number = len(outputs) if several or isinstance(result, np.ndarray) else np.size(result)
        raise InvalidType(
            f"f returned {number} value{'s' * (number != 1)} in {called(value_of(result))}, and a gradient "
            "is that of one number: return one of them, or their sum; the derivatives of several at once are "
            "a Jacobian: oc.jacobian(f, x)"
        )
    return outputs[0]
