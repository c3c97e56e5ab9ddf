"""Jacobians, by vertex elimination in any order, executed on wrapped numbers and counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from opcount.arrays.array import Array
from opcount.arrays.wrap import Tree, unwrap
from opcount.counting import render
from opcount.counting.counts import Counts, table
from opcount.counting.errors import InvalidType
from opcount.counting.names import Named
from opcount.derivatives.chain_rule import Direction, Edges, backprop, forward, reach
from opcount.derivatives.choices import OrderName
from opcount.derivatives.elimination import accumulate, linearized, weight
from opcount.derivatives.gradient import PHASES, collector_paused, phase, plain_derivative
from opcount.derivatives.graph import Graph, checked_inputs, evaluate
from opcount.derivatives.orders import SEPARATELY, ordered
from opcount.tracing.edges import Scale
from opcount.wrapping.spec import Spec
from opcount.wrapping.trees import flatten, of_one_argument


@dataclass(frozen=True)
class Jacobian:
    """A value, its Jacobian as a plain matrix, and what the accumulation executed.

    `matrix` has a row for each output and a column for each input, both in flattened order. `counts` are those of
    the accumulation, which `graph.predict_elimination` predicts; `phases` has the evaluation and the partials
    too. `order` has the vertices as they were eliminated, as places in `graph.nodes`, and
    `live_edges` the most edges there were at once, None where no vertex was eliminated.
    """

    value: Any
    matrix: np.ndarray
    counts: Counts
    order: tuple[int, ...]
    live_edges: int | None
    phases: Mapping[str, Counts]

    def _repr_html_(self) -> str:
        rows, columns = self.matrix.shape
        caption = f"Jacobian, {rows} by {columns}, {len(self.order)} vertices eliminated"
        return render.html(
            *table("phase", [*self.phases.items(), ("all", sum(self.phases.values(), Counts()))]), caption
        )


def jacobian(
    f: Callable[..., Any],
    x: Tree,
    order: OrderName | Sequence[int] = "markowitz",
    *,
    unit_products: bool = False,
    steps: int | None = None,
    seed: int | None = None,
) -> Jacobian:
    """The Jacobian of f at x, by eliminating the intermediate vertices of its graph in that order.

    >>> import opcount as oc
    >>> j = oc.jacobian(lambda x: [x[0] * x[1], np.exp(x[0] * x[1])], [0.0, 4.0], order="reverse")
    >>> j.matrix
    array([[4., 0.],
           [4., 0.]])
    >>> j.order, j.counts
    ((3,), Counts({'mul': 2}))

    `x` is a number, an array or nested lists, tuples and dicts of them, n numbers in all; an f that needs
    several arguments is given the items of a tuple. f returns m numbers in any such structure. `order` is one
    of `ORDERS`, or a sequence of `graph.intermediates` of the graph that `oc.trace(f, x, granularity="scalar")`
    gives. Any order gives the same Jacobian, up to rounding. A number of `steps`, 2,000 by default, and a
    `seed` are for "search". With `unit_products` every product is executed, also those by a structural 1 or -1,
    as the literature on elimination counts. Elimination goes by single numbers, and opens arrays into these.

    Raises InvalidType or InvalidValue for an argument it cannot work with, a result of f that has other than
    numbers, an order that has not each vertex once, or "optimal" with too many of them; and whatever f raises.
    """
    f = of_one_argument(f, x)
    if any(type(leaf) is Array and type(leaf._plain()) is Spec for leaf in flatten(x, whole=True)):
        raise InvalidType("a Jacobian is of numbers, and x has an oc.spec, which has none: give an array")
    x, leaves, whole = checked_inputs(x, "scalar")
    spent = Named(dict.fromkeys(PHASES, Counts()), "phase")
    with collector_paused():
        with phase(spent, "primal"):
            graph = evaluate(f, x, leaves, whole)
        with phase(spent, "partials"):
            graph.linearize()
        found = linearized(graph)
        vertices = tuple(ordered(found, order, unit_products, steps, seed))
        name = order if isinstance(order, str) else None
        most = None
        with phase(spent, "accumulation"):
            if name is not None and name in SEPARATELY:
                derivatives = _separately(graph, SEPARATELY[name], unit_products)
            else:
                left, most = accumulate(found, partial(weight, unit_products=unit_products), vertices, name)
                derivatives = [{} if row is None else _first_of_each(left.into.get(row, {})) for row in found.rows]
    return Jacobian(
        value=unwrap(graph.result),
        matrix=_matrix(derivatives, [node.index for node in graph.inputs], [leaf._plain() for leaf in leaves]),
        counts=spent["accumulation"],
        order=vertices,
        live_edges=most,
        phases=spent,
    )


def _matrix(derivatives: list[dict[int, Any]], inputs: list[int], values: list[Any]) -> np.ndarray:
    """A row for each output, a column for each input with its value; what no row has is zero, of the input's kind."""
    columns = {node: column for column, node in enumerate(inputs)}
    rows: list[int] = []
    places: list[int] = []
    entries: list[Any] = []
    for row, found in enumerate(derivatives):
        for node, derivative in found.items():
            if derivative is not None and (column := columns.get(node)) is not None:
                rows.append(row)
                places.append(column)
                entries.append(plain_derivative(derivative, values[column], set()))
    often = np.bincount(places, minlength=len(inputs))
    zeros = [plain_derivative(None, value, set()) for value in values]
    lacking = [zero for zero, times in zip(zeros, often, strict=True) if times < len(derivatives)]
    dtype = np.array([*entries, *lacking]).dtype
    matrix = np.zeros((len(derivatives), len(inputs)), dtype)
    if dtype.kind == "O":
        matrix[:] = np.array(zeros, dtype)
    matrix[rows, places] = np.array(entries, dtype)
    return matrix


def _first_of_each(edges: dict[int, list[Any]]) -> dict[int, Any]:
    return {tail: weights[0] for tail, weights in edges.items()}


def _separately(graph: Graph, direction: Direction, unit_products: bool) -> list[dict[int, Any]]:
    """For each output its derivatives by input: backprop from one output after the other, or forward mode."""
    edges = graph.operands
    if unit_products:
        edges = [[(tail, Scale(weight(edge, True))) for tail, edge in near] for near in graph.operands]
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


def _reached(source: int, onward: Edges, edges: Edges) -> tuple[list[int], Edges]:
    """The nodes that the source reaches, in order, and the edges between them, by their places in that order."""
    nodes = sorted(reach([source], onward))
    places = {node: place for place, node in enumerate(nodes)}
    return nodes, [[(places[tail], edge) for tail, edge in edges[node] if tail in places] for node in nodes]
