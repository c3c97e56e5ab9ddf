"""Is backprop the only order? Forward mode and backprop are two of many; finding the cheapest is what is hard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

import opcount as oc
from analysis.figures import orders
from analysis.programs.functions import FUNCTIONS
from analysis.report.study import Claims, Figure, Judged, Run, Study, Table
from opcount.typing import MethodName, OrderName

RULES: Final[tuple[OrderName, ...]] = ("forward", "reverse", "markowitz", "search", "optimal")
AS_RECURSIONS: Final[dict[OrderName, MethodName]] = {"forward": "memoized-tangent", "reverse": "memoized"}
EXECUTED: Final = [rule for rule in RULES if rule != "optimal"]
KNOWN_UP_TO: Final = 25  # intermediate vertices, beyond which the optimal order is out of reach
STEPS: Final = 2_000

PAPER: Final = (
    "J. Lohoff, E. Neftci, Optimizing automatic differentiation with deep reinforcement learning, NeurIPS 2024"
)
# operations, then products by forward, reverse, Markowitz, and by the learned order
PUBLISHED: Final = {
    "roe": (101, 620, 364, 407, 320),
    "arm": (114, 397, 301, 288, 231),
    "dipole": (86, 240, 172, 194, 149),
    "propane": (62, 151, 90, 111, 88),
}
CONVENTIONS: Final = {True: "every product", False: "products by ±1 free"}


class Point(NamedTuple):
    """A function, the convention, how long to search, and up to which size to find the optimal order."""

    name: str
    unit_products: bool
    steps: int
    known_up_to: int


claim = Claims()


class Found:
    """The products of each order for every function, in both conventions; in `every` all products count."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.difference = table.pop("largest difference").astype(float).max()
        self.table, self.published = table, compared(table)
        self.every = table[table.counted == CONVENTIONS[True]].set_index("function")
        self.known = table[table.optimal != ""]


def run(run: Run) -> Study:
    steps, known = (500, 12) if run.quick else (STEPS, KNOWN_UP_TO)
    points = [Point(name, convention, steps, known) for convention in CONVENTIONS for name in FUNCTIONS]
    points.sort(key=lambda point: -len(oc.trace(FUNCTIONS[point.name].f, [*FUNCTIONS[point.name].point]).nodes))
    table = pd.DataFrame(run.map(measure, points), dtype=object)
    # in the order of the report
    first = {name: index for index, name in enumerate((*FUNCTIONS, *CONVENTIONS.values()))}
    table = table.sort_values(["counted", "function"], key=lambda column: column.map(first))
    d = Found(table.reset_index(drop=True))
    return Study(
        question="Is backprop the only order, and what is hard about the best one?",
        answer=(
            "A Jacobian can be accumulated by eliminating the vertices of the graph in any order. Along the graph that "
            "is forward mode, against it backprop, and both are known beforehand: no search, no heuristic, the exact "
            "derivative, in time proportional to the graph. Other orders give the same Jacobian with fewer products: "
            f"for the Roe flux {d.every.search['roe']} where backprop takes {d.every.reverse['roe']} and forward mode "
            f"{d.every.forward['roe']}. What is NP-complete (Naumann 2008) is to find the order with the fewest. It "
            "matters for several outputs; for a gradient, which has one, backprop is hard to beat."
        ),
        claims=claim.judged(d),
        tables=tables(d, steps),
        figures=figures(d),
        against=against(d),
    )


def tables(d: Found, steps: int) -> dict[str, Table]:
    return {
        "published": Table(
            d.published,
            f"Products as published ({PAPER}) and as counted here, products by ±1 included",
            text=("function", "order"),
        ),
        "products": Table(
            d.table,
            f"Products of a Jacobian by order; the search takes {steps:,} steps. Parallel edges stay apart in "
            "forward and reverse, as in the recursions",
            shown=d.table[["function", "inputs", "outputs", "operations", "counted", *RULES]],
        ),
        "live_edges": Table(
            edges(d.table),
            "The most edges that exist at once, with every product counted: the storage of the accumulation",
        ),
    }


def figures(d: Found) -> dict[str, Figure]:
    example, point, *_ = FUNCTIONS["lighthouse"]
    beam = oc.trace(example, [*point])
    shortest = beam.elimination("optimal", unit_products=True)
    return {
        "products": Figure(
            orders.orders,
            {"table": d.table},
            "Products of each order over those of the best one found, by function; above, every product "
            "counts, below, those by ±1 are free.",
            "Two panels with a row for each function. The marks of search stand at or near one in every row; those of "
            "reverse, which is backprop, stand at one for most functions with one output and to the right of it for "
            f"those with several, up to {max((d.every.reverse / d.every.search).astype(float)):.2f} times; "
            "forward stands "
            "mostly farthest to the right.",
        ),
        "lighthouse": Figure(
            orders.elimination,
            {"function": example, "point": point, "order": shortest.order},
            f"The lighthouse, in an order that takes {shortest.counts.mul} products, the fewest possible: at each "
            "vertex its predecessors are joined to its successors, until the Jacobian is left.",
            f"The graph of the lighthouse, with four inputs above and two outputs below, drawn "
            f"{len(shortest.order) + 1} "
            f"times. In each picture the vertex to be eliminated next is yellow: {in_turn(beam, shortest.order)}. Its "
            "edges are replaced by new ones past it, and in the last picture only edges from inputs to outputs "
            "are left.",
        ),
    }


def in_turn(graph: oc.Graph, order: Sequence[int]) -> str:
    """The vertices of an order by their operations: 7 (sub), 6 (mul)."""
    return ", ".join(f"{vertex} ({graph.nodes[vertex].name})" for vertex in order)


def against(d: Found) -> list[str]:
    several, one = d.every[d.every.outputs > 1], d.every[d.every.outputs == 1]
    fewer = one[one.search < one.reverse]
    return [
        f"Backprop takes more products than a search finds for {int((several.search < several.reverse).sum())} of "
        f"{len(several)} functions with several outputs, up to "
        f"{max((several.reverse / several.search).astype(float)):.2f} times.",
        "With one output too a search can find fewer: "
        + ", ".join(f"{name} {row.search} for {row.reverse}" for name, row in fewer.iterrows())
        + ".",
    ]


# --- the claims


@claim("The published products of forward, reverse and Markowitz elimination are reproduced exactly.")
def as_published(d: Found) -> Judged:
    rules = d.published[d.published.order != "the order they learnt"]
    return (rules.published == rules.counted).all(), "; ".join(
        f"{name} {d.every.forward[name]}, {d.every.reverse[name]}, {d.every.markowitz[name]}" for name in PUBLISHED
    )


@claim("Executed and predicted, an order takes the same operations, in both conventions.")
def executed_as_predicted(d: Found) -> Judged:
    return (d.table.executed == d.table.predicted).all(), (
        f"{len(d.table)} functions and conventions, {len(EXECUTED)} orders each, {d.table.executed.sum():,} operations"
    )


@claim(
    "For one output, reverse elimination is the memoized adjoint recursion, and forward the tangent recursion, "
    "operation for operation."
)
def rules_are_recursions(d: Found) -> Judged:
    single = d.table[d.table.outputs == 1]
    return single["as recursions"].all() and len(single) > 0, f"{len(single)} functions and conventions"


@claim(
    "A search takes no more products than the best of the three rules, and fewer than Markowitz on each of the "
    "published functions."
)
def search_is_better(d: Found) -> Judged:
    holds = (d.table.search <= d.table[list(RULES[:3])].min(axis=1)).all() and (d.every.search < d.every.markowitz)[
        list(PUBLISHED)
    ].all()
    return holds, "; ".join(f"{name} {d.every.search[name]} for {d.every.markowitz[name]}" for name in PUBLISHED)


@claim("Where the optimal order is known, it is at times none of the three rules.")
def best_is_another(d: Found) -> Judged:
    gap = d.known[d.known.optimal < d.known[list(RULES[:3])].min(axis=1)]
    named = (f"{row.function} {row.optimal} for {min(row[rule] for rule in RULES[:3])}" for _, row in gap.iterrows())
    return len(gap) > 0 and (d.known.optimal <= d.known[EXECUTED].min(axis=1)).all(), (
        f"{len(d.known)} known, better than the rules in {len(gap)}: " + "; ".join(named)
    )


@claim("Any order gives the same Jacobian, up to rounding.")
def same_jacobian(d: Found) -> Judged:
    return d.difference < 1e-9, f"the largest relative difference to backprop row by row is {d.difference:.0e}"


# --- what is counted


def measure(point: Point) -> dict[str, Any]:
    """The products of every order for one function, predicted; those of the rules executed as well."""
    function = FUNCTIONS[point.name]
    x = list(function.point)
    units = point.unit_products
    graph = oc.trace(function.f, x, granularity="scalar")
    found = {rule: graph.elimination(rule, unit_products=units) for rule in RULES[:3]}
    found["search"] = graph.elimination("search", unit_products=units, steps=point.steps)
    if len(graph.intermediates) <= point.known_up_to:
        found["optimal"] = graph.elimination("optimal", unit_products=units)
    executed = {
        rule: oc.jacobian(function.f, x, rule if rule in RULES[:2] else one.order, unit_products=units)
        for rule, one in found.items()
    }
    expected = oc.jacobian(function.f, x, "row-by-row").matrix
    differences = [np.abs(one.matrix - expected) / (1 + np.abs(expected)) for one in executed.values()]
    return {
        "function": point.name,
        "inputs": len(graph.inputs),
        "outputs": function.outputs,
        "operations": len(graph.nodes) - len(graph.inputs),
        "vertices": len(graph.intermediates),
        "counted": CONVENTIONS[units],
        **{rule: found[rule].counts.mul if rule in found else "" for rule in RULES},
        **{f"edges, {rule}": one.live_edges for rule, one in found.items() if rule != "optimal"},
        "executed": sum(one.counts.total for one in executed.values()),
        "predicted": sum(one.counts.total for one in found.values()),
        "as recursions": function.outputs > 1
        or all(
            found[rule].counts == graph.predict(method, unit_products=units) for rule, method in AS_RECURSIONS.items()
        ),
        "largest difference": f"{np.max(differences):.1e}",
    }


def compared(table: pd.DataFrame) -> pd.DataFrame:
    """What was published, compared with what was counted."""
    every = table[table.counted == CONVENTIONS[True]].set_index("function")
    names = ("forward", "reverse", "markowitz", "the order they learnt")
    rows = []
    for name, (operations, *products) in PUBLISHED.items():
        rows.append(
            {"function": name, "order": "operations of f", "published": operations, "counted": every.operations[name]}
        )
        for order, published in zip(names, products, strict=True):
            counted = every.search[name] if order == names[-1] else every[order][name]
            rows.append({"function": name, "order": order, "published": published, "counted": counted})
    return pd.DataFrame(rows)


def edges(table: pd.DataFrame) -> pd.DataFrame:
    every = table[table.counted == CONVENTIONS[True]]
    columns = {f"edges, {rule}": rule for rule in RULES if rule != "optimal"}
    return every[["function", "inputs", "outputs", *columns]].rename(columns=columns).reset_index(drop=True)
