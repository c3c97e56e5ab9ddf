"""Jacobians by vertex elimination in any order, executed on wrapped numbers and counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np

from opcount.arrays.wrap import Tree, unwrap
from opcount.counting import render
from opcount.counting.counts import Counts, table
from opcount.derivatives.chain_rule import Direction, Edges, backprop, forward
from opcount.derivatives.choices import Order
from opcount.derivatives.coloring import Coloring, compressed
from opcount.derivatives.elimination import accumulate, weight
from opcount.derivatives.graph import Graph
from opcount.derivatives.linearized import Linearized, linearized
from opcount.derivatives.orders.named import SEPARATELY, ordered
from opcount.derivatives.phases import collector_paused, nothing_spent, phase
from opcount.derivatives.plain import plain_derivative
from opcount.derivatives.sparsity import Entries, sparse_array
from opcount.derivatives.trace import evaluate, wrapped
from opcount.derivatives.walks import from_one_input, reach, to_one_output
from opcount.tracing.edges import IDENTITY, Scale
from opcount.wrapping.inputs import checked_inputs, of_one_argument


@dataclass(frozen=True)
class Jacobian:
    """A value, its Jacobian as a plain matrix, and what the accumulation executed.

    >>> import opcount as oc
    >>> j = oc.jacobian(lambda x: [x[0] * x[1] + x[0], x[1] + 1], [2.0, 3.0])
    >>> j.value, j.counts, j.order, j.live_edges
    ([8.0, 4.0], Counts({'add': 1}), (2,), 5)
    >>> j.matrix
    array([[4., 2.],
           [0., 1.]])

    `matrix` has a row for each output and a column for each input, both in flattened order. `counts` are those of
    the accumulation, which `graph.predict_elimination` predicts; `phases` has the evaluation and the partials
    too. `order` has the vertices in the order of their elimination, as indices in `graph.nodes`, and
    `live_edges` the most edges there were at once, None if no vertex was eliminated. `matrix` is sparse where that
    was asked. `coloring` has the sweeps of "compressed": the color of each column, or of each row.
    """

    value: Any
    matrix: Any
    counts: Counts
    order: tuple[int, ...]
    live_edges: int | None
    phases: Mapping[str, Counts]
    coloring: Coloring | None = None

    def _repr_html_(self) -> str:
        rows, columns = self.matrix.shape
        caption = f"Jacobian, {rows} by {columns}, {len(self.order)} vertices eliminated"
        phases = table("phase", [*self.phases.items(), ("all", sum(self.phases.values(), Counts()))])
        matrix = self.matrix if isinstance(self.matrix, np.ndarray) else self.matrix.toarray()
        return render.html(*render.matrix(matrix, "y", "x"), caption) + render.html(*phases)


def jacobian(
    f: Callable[..., Any],
    x: Tree,
    order: Order = "markowitz",
    *,
    unit_products: bool = False,
    steps: int | None = None,
    seed: int | None = None,
    sparse: bool = False,
) -> Jacobian:
    """The Jacobian of f at x, by eliminating the intermediate vertices of its graph in the given order.

    >>> import numpy as np, opcount as oc
    >>> j = oc.jacobian(lambda x: [x[0] * x[1], np.exp(x[0] * x[1])], [0.0, 4.0], order="reverse")
    >>> j.matrix
    array([[4., 0.],
           [4., 0.]])
    >>> j.order, j.counts
    ((3,), Counts({'mul': 2}))

    `x` is a number, an array or nested lists, tuples and dicts of them, n numbers in all; an f that needs
    several arguments is given the items of a tuple. f returns m numbers in any such structure. `order` is one
    of `ORDERS`, or a sequence of the `graph.intermediates` of `graph = oc.trace(f, x, granularity="scalar")`.
    Any order gives the same Jacobian, up to rounding. `steps`, 2,000 by default, and `seed` are for "search".
    With `unit_products` every product is executed, also those by a structural 1 or -1, as the literature on
    elimination counts. Elimination works on single numbers: arrays are opened into their elements.
    With `sparse` the matrix is a `scipy.sparse.csr_array`, and takes memory for its entries alone; it stores each that
    is not structurally zero.
    A. Griewank and A. Walther, Evaluating Derivatives, 2nd ed. (2008), chapter 9.

    Raises InvalidType or InvalidValue for an argument it cannot work with, a result of f that does not consist of
    numbers, an order that does not contain every intermediate vertex exactly once, "optimal" with more than 25
    of them, "compressed" without networkx, `sparse` without SciPy or for numbers that are not NumPy's; and whatever f
    raises.
    """
    f = of_one_argument(f, x)
    inputs = wrapped(checked_inputs(x, "scalar", no_specs=_NO_SPECS))
    spent = nothing_spent()
    with collector_paused():
        with phase(spent, "primal"):
            graph = evaluate(f, inputs)
        with phase(spent, "partials"):
            graph.linearize()
        found = linearized(graph)
        vertices = tuple(ordered(found, order, unit_products, steps, seed))
        name = order if isinstance(order, str) else ""
        with phase(spent, "accumulation"):
            derivatives, most, colors = _accumulated(graph, found, vertices, name, unit_products)
    return Jacobian(
        value=unwrap(graph.result),
        matrix=_matrix(derivatives, graph.sources("tangent"), [leaf._plain() for leaf in inputs.leaves], sparse),
        counts=spent["accumulation"],
        order=vertices,
        live_edges=most,
        phases=spent,
        coloring=colors,
    )


_NO_SPECS: Final = "a Jacobian is of numbers, and x has an oc.spec, which has none: give an array"


Derivatives = list[dict[int, Any]]
"""For each output its derivatives, by input."""


def _accumulated(
    graph: Graph, found: Linearized, vertices: tuple[int, ...], name: str, unit_products: bool
) -> tuple[Derivatives, int | None, Coloring | None]:
    """The derivatives by an order, the most edges there were at once, and the colors, for orders that have these."""
    if name == "compressed":
        entries, colors = compressed(graph)
        return _compressed(graph, entries, colors, unit_products), None, colors
    if name in SEPARATELY:
        return _separately(graph, SEPARATELY[name], unit_products), None, None
    left, most = accumulate(found, partial(weight, unit_products=unit_products), vertices, name)
    return [{} if row is None else _weights_into(left.into.get(row, {})) for row in found.rows], most, None


def _matrix(derivatives: Derivatives, inputs: list[int], values: list[Any], sparse: bool) -> Any:
    """A row for each output, a column for each input; an entry without a derivative is a zero of the input's type."""
    column_of = {node: column for column, node in enumerate(inputs)}
    rows: list[int] = []
    columns: list[int] = []
    entries: list[Any] = []
    for row, found in enumerate(derivatives):
        for node, derivative in found.items():
            if derivative is not None and (column := column_of.get(node)) is not None:
                rows.append(row)
                columns.append(column)
                entries.append(plain_derivative(derivative, values[column], {}))
    if sparse:
        return sparse_array(
            np.array(rows, int), np.array(columns, int), np.array(entries), (len(derivatives), len(inputs))
        )
    filled = np.bincount(columns, minlength=len(inputs))
    zeros = [plain_derivative(None, value, {}) for value in values]
    lacking = [zero for zero, entries_of in zip(zeros, filled, strict=True) if entries_of < len(derivatives)]
    dtype = np.array([*entries, *lacking]).dtype
    matrix = np.zeros((len(derivatives), len(inputs)), dtype)
    if dtype.kind == "O":
        matrix[:] = np.array(zeros, dtype)
    matrix[rows, columns] = np.array(entries, dtype)
    return matrix


def _weights_into(edges: dict[int, list[Any]]) -> dict[int, Any]:
    """The weight of each edge into a vertex; parallel ones have been added up."""
    return {tail: weight for tail, (weight,) in edges.items()}


def _separately(graph: Graph, direction: Direction, unit_products: bool) -> Derivatives:
    """For each output its derivatives by input: backprop from each output in turn, or forward mode from each input."""
    edges = _weighted(graph, unit_products)
    inputs, outputs = (graph.sources(side) for side in ("tangent", "adjoint"))
    found: dict[int, dict[int, Any]] = {output: {} for output in outputs}
    if direction == "adjoint":
        for output in outputs:
            nodes, part = _reached(output, edges, edges)
            found[output] = dict(zip(nodes, backprop(len(nodes) - 1, part), strict=True))
    else:
        for node in inputs:
            nodes, part = _reached(node, graph.users, edges)
            for output, tangent in zip(nodes, forward(0, part), strict=True):
                if output in found:
                    found[output][node] = tangent
    return [{} if output is None else found[output] for output in graph.output_indices]


def _weighted(graph: Graph, unit_products: bool) -> Edges:
    """The edges to each node; those by a structural 1 or -1 as products, where these count."""
    if not unit_products:
        return graph.operands
    return [[(tail, Scale(weight(edge, True))) for tail, edge in near] for near in graph.operands]


def _compressed(graph: Graph, entries: Entries, found: Coloring, unit_products: bool) -> Derivatives:
    """For each output its derivatives by input: a sweep for each color, of all inputs or outputs of that color at once.

    It starts at one more node, of which the inputs are copies, or which is the sum of the outputs. No two of them reach
    the same node, or they would share an entry, and so what arrives belongs to one.
    """
    edges = _weighted(graph, unit_products)
    inputs, outputs = graph.sources("tangent"), graph.output_indices
    along = found.kind == "column"
    swept = []
    for color in range(found.count):
        copied = [IDENTITY if each == color else None for each in found.colors]
        if along:
            tangents = forward(0, from_one_input(edges, inputs, copied))
            swept.append([None if output is None else tangents[output + 1] for output in outputs])
        else:
            summed = to_one_output(edges, outputs, copied)
            adjoints = backprop(len(summed) - 1, summed)
            swept.append([adjoints[node] for node in inputs])
    derivatives: Derivatives = [{} for _ in outputs]
    for row, column in zip(*(each.tolist() for each in entries), strict=True):
        first, second = (column, row) if along else (row, column)
        derivatives[row][inputs[column]] = swept[found.colors[first]][second]
    return derivatives


def _reached(source: int, onward: Edges, edges: Edges) -> tuple[list[int], Edges]:
    """The nodes that the source reaches, in order, and the edges between them, renumbered in that order."""
    nodes = sorted(reach([source], onward))
    index = {node: position for position, node in enumerate(nodes)}
    return nodes, [[(index[tail], edge) for tail, edge in edges[node] if tail in index] for node in nodes]
