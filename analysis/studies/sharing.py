"""Where is the sharing? The same networks with a number in each node of the graph, and with an array."""

from __future__ import annotations

from itertools import product
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

import opcount as oc
from analysis.figures import growth
from analysis.programs.networks import dense, parameter_count
from analysis.programs.polynomials import GridPoint, Polynomial, fitted
from analysis.report.study import Claims, Figure, Judged, Run, Study, Table
from analysis.studies.faster import scientific
from opcount.typing import Granularity, MethodName

SIZES: Final = ("L", "w", "b")  # layers, their width, points in a batch
METHODS: Final[tuple[MethodName, ...]] = ("naive", "memoized", "backprop", "forward")
NODES: Final[dict[Granularity, str]] = {"array": "an array", "scalar": "a number"}
DEPTH: Final = 4  # of the networks that are made wider
WIDTH: Final = 4  # of those that are stacked
EXECUTED_UP_TO: Final = 5_000  # operations
EVALUATIONS_UP_TO: Final = 15
GRID: Final = tuple(product(range(1, 4), range(2, 7), (1, 2)))  # sizes that fix a law; it must hold at the others
STEP_GRID: Final = tuple(product(range(1, 3), range(2, 6), (1, 2)))  # sizes that fix what a layer adds
HELD_OUT: Final = (
    *((4, 2, 1), (4, 3, 2), (4, 5, 1), (4, 6, 2), (3, 3, 3)),
    *((4, 3, 3), (3, 7, 1), (4, 7, 1), (5, 2, 2), (6, 2, 2)),
)
BATCHES: Final = (1, 4)
NO_LAW: Final = "none"


class Point(NamedTuple):
    """A network of layers of one width, on a batch, and what it is measured for."""

    sweep: str
    layers: int
    width: int
    batch: int


claim = Claims()


class Found:
    """The accumulation on every network at both granularities, its laws, and what each kind of sharing saves."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table, self.laws, self.split, self.ratios = table, laws_of(table), saved(table), forward_ratio(table)
        by_method = self.laws.set_index(["method", "node"])
        self.law, self.degree = by_method.law, by_method["degree in depth"]
        keys = ["sweep", "layers", "width", "batch", "method"]
        self.both = table.pivot(index=keys, columns="node", values=["primal", "partials", "accumulation"])
        self.deep = self.split[(self.split.sweep == "depth") & (self.split.batch == 1)].iloc[-1]
        self.wide_ratio, self.deep_ratio = (
            self.ratios[self.ratios.sweep == sweep].iloc[-1] for sweep in ("width", "depth")
        )


def run(run: Run) -> Study:
    d = Found(measured(run))
    return Study(
        question="Where is the sharing?",
        answer=answer(d),
        claims=claim.judged(d),
        tables=tables(d),
        figures={
            "accumulation": Figure(
                growth.sharing,
                {"table": d.table[(d.table.sweep != "grid") & (d.table.batch == 1)]},
                f"One data point; {DEPTH} layers made wider, and layers of width {WIDTH} stacked. Dashed over numbers, "
                "where the graph has a node for each number; solid over arrays, where it has one for each array. With "
                "a memo it makes no difference.",
                "Two panels on logarithmic scales, against width and against depth. Naive recursion over numbers rises "
                f"far above all others in depth, to {scientific(d.deep['naive, a node a number'])} operations; naive "
                f"recursion over arrays stays close to backprop, {scientific(d.deep['naive, a node an array'])} "
                f"against {scientific(d.deep.backprop)}; forward mode lies between, higher over arrays than over "
                "numbers.",
            )
        },
        against=[
            "As libraries write networks, with an array in each node, the naive recursion is not a catastrophe: "
            f"in {d.deep.layers} layers it costs {d.deep['naive, a node an array'] / d.deep.backprop:.1f} times the "
            "accumulation of backprop. Much of what backprop is praised for is the product of matrices.",
            f"Forward mode is charged {d.wide_ratio.times} times at array granularity for zeros that it need not push: "
            "counts of forward mode over arrays say as much about the granularity as about the method.",
        ],
    )


def measured(run: Run) -> pd.DataFrame:
    widths = (2, 3, 4, 6, 8, 12) if run.quick else (2, 3, 4, 6, 8, 12, 16, 24)
    depths = (1, 2, 3, 4, 6, 8) if run.quick else (1, 2, 3, 4, 6, 8, 12, 16, 20, 24)
    points = [Point("width", DEPTH, width, batch) for width in widths for batch in BATCHES]
    points += [Point("depth", depth, WIDTH, batch) for depth in depths for batch in BATCHES]
    points += [Point("grid", *sizes) for sizes in (*GRID, *HELD_OUT)]
    points.sort(key=lambda point: -point.layers * point.width**2 * point.batch)  # longest first
    table = pd.DataFrame([row for rows in run.map(measure, points) for row in rows], dtype=object)
    table = table.sort_values(["sweep", "layers", "width", "batch", "method", "node"], kind="stable")
    return table.reset_index(drop=True).astype({"layers": int, "width": int, "batch": int, "parameters": int})


def answer(d: Found) -> str:
    return (
        "In two places. Inside a layer, by distributivity: a product of matrices adds what arrives at a node before it "
        "passes it on, and is already a memoized sum over paths. Across layers, by the memo: what lies behind a layer "
        "is computed once for everything before it. With numbers as nodes the naive recursion costs "
        f"{scientific(d.deep['naive, a node a number'])} operations in {d.deep.layers} layers of width {d.deep.width}; "
        f"products of matrices leave {scientific(d.deep['naive, a node an array'])}, the square of the depth, and the "
        f"memo {scientific(d.deep.backprop)}, its first power. The memo alone does both: with it, numbers cost what "
        "arrays cost."
    )


def tables(d: Found) -> dict[str, Table]:
    thinned = d.ratios.groupby(["sweep", "batch"], sort=False).nth(slice(None, None, 3)).reset_index(drop=True)
    return {
        "split": Table(
            d.split,
            "What the naive recursion over numbers costs, and how much of it each kind of sharing saves",
            shown=shown(d.split),
        ),
        "laws": Table(
            d.laws,
            "Operations of the accumulation, by the layers L, their width w and the points of a batch b",
            text=("law",),
        ),
        "forward": Table(d.ratios, "The accumulation of forward mode at both granularities", shown=thinned),
        "accumulations": Table(
            d.table,
            "The accumulation on every network",
            shown=pivoted(d.table[(d.table.sweep == "depth") & (d.table.batch == 1)]),
        ),
    }


# --- the claims


@claim("Evaluating the function and its partials takes the same operations at both granularities.")
def granularity_changes_no_evaluation(d: Found) -> Judged:
    holds = all((d.both[phase]["an array"] == d.both[phase]["a number"]).all() for phase in ("primal", "partials"))
    return holds, f"{len(d.both)} comparisons, up to {d.table.parameters.max():,} parameters"


@claim("So do the memoized recursion and backprop, which execute the same number of operations.")
def granularity_changes_no_memoized_sum(d: Found) -> Judged:
    memoized, backprop = (d.both.xs(name, level="method").accumulation for name in ("memoized", "backprop"))
    holds = (
        all((rows["an array"] == rows["a number"]).all() for rows in (memoized, backprop))
        and (memoized["an array"] == backprop["an array"]).all()
    )
    return holds, f"{len(backprop)} networks; {d.law['backprop', 'an array']}, linear in depth"


@claim("Where a node is an array, the naive recursion grows with the square of the depth, no faster.")
def square_of_the_depth(d: Found) -> Judged:
    holds = d.degree["naive", "an array"] == "2" and d.degree["backprop", "an array"] == "1"
    return holds, f"{d.law['naive', 'an array']}, held-out sizes included"


@claim("Where a node is a number, each layer multiplies the naive recursion by its width.")
def multiplied_by_the_width(d: Found) -> Judged:
    added = added_by_a_layer(d.table)
    return added is not None, f"N(L + 1) = w N(L) + {added}, held-out sizes included"


@claim("A product of matrices saves the naive recursion more than the memo does, once layers are stacked.")
def matrices_save_more(d: Found) -> Judged:
    deep = d.deep
    return deep["saved by products of matrices"] > 100 * deep["saved by the memo"] > 0, (
        f"{deep.layers} layers of width {deep.width}: of {scientific(deep['naive, a node a number'])} operations "
        f"products of matrices save all but {scientific(deep['naive, a node an array'])}, "
        f"the memo all but {scientific(deep.backprop)}"
    )


@claim(
    "Forward mode costs more where a node is an array: the direction in which one weight changes is an array, "
    "pushed with all its zeros."
)
def zeros_are_pushed(d: Found) -> Judged:
    wide, deep = d.wide_ratio, d.deep_ratio
    return (d.ratios["an array"] > d.ratios["a number"]).all(), (
        f"{wide.times} times at width {wide.width} in {wide.layers} layers, "
        f"{deep.times} times in {deep.layers} layers of width {deep.width}"
    )


@claim("Wherever an accumulation was both executed and predicted, the two are equal.")
def executed_as_predicted(d: Found) -> Judged:
    executed = d.table[d.table.executed == "yes"]
    return (executed.accumulation == executed.predicted).all() and len(executed) > 0, (
        f"{len(executed)} executions, up to {executed.parameters.max():,} parameters"
    )


# --- what is counted


def measure(point: Point) -> list[dict[str, Any]]:
    """The accumulation of each method at both granularities, predicted, and executed if it is small."""
    sizes = [point.width] * (point.layers + 1)
    f, x = dense(sizes, point.batch, np.tanh)
    parameters = parameter_count(sizes)
    rows = []
    for granularity, node in NODES.items():
        graph = oc.trace(f, x, granularity=granularity)
        base = oc.gradient(f, x, granularity=granularity).phases
        for method in METHODS:
            predicted = graph.predict(method).total
            evaluations = oc.METHODS[method].evaluations(parameters)
            small = predicted <= EXECUTED_UP_TO and evaluations <= EVALUATIONS_UP_TO
            found = oc.gradient(f, x, method, granularity=granularity).phases["accumulation"].total if small else None
            rows.append(
                {
                    "sweep": point.sweep,
                    "layers": point.layers,
                    "width": point.width,
                    "batch": point.batch,
                    "parameters": parameters,
                    "method": method,
                    "node": node,
                    "executed": "yes" if small else "no",
                    "primal": base["primal"].total,
                    "partials": base["partials"].total,
                    "accumulation": predicted if found is None else found,
                    "predicted": predicted,
                    "line": method if method in ("memoized", "backprop") else f"{method}, a node {node}",
                }
            )
    return rows


# --- laws


def on_grid(table: pd.DataFrame, method: str, node: str) -> dict[GridPoint, int]:
    rows = table[(table.sweep == "grid") & (table.method == method) & (table.node == node)]
    sizes = zip(rows.layers, rows.width, rows.batch, strict=True)
    return dict(zip(sizes, rows.accumulation, strict=True))


def laws_of(table: pd.DataFrame) -> pd.DataFrame:
    """The exact polynomial in the sizes for each method and granularity, if there is one."""
    rows = []
    for method, node in product(METHODS, NODES.values()):
        law = fitted(SIZES, on_grid(table, method, node), GRID)
        written, degree = NO_LAW, ""
        if law is not None:
            written, degree = str(law), str(max(layers for layers, _, _ in law.terms))
        elif (added := added_by_a_layer(table, method, node)) is not None:
            written, degree = f"N(L + 1) = w N(L) + {added}", "exponential"
        rows.append({"method": method, "node": node, "law": written, "degree in depth": degree})
    return pd.DataFrame(rows)


def added_by_a_layer(table: pd.DataFrame, method: str = "naive", node: str = "a number") -> Polynomial | None:
    """What a layer adds, besides multiplying by its width: a polynomial in the sizes, if there is one."""
    counts = on_grid(table, method, node)
    added: dict[GridPoint, int] = {
        (layers, width, batch): counts[layers + 1, width, batch] - width * count
        for (layers, width, batch), count in counts.items()
        if (layers + 1, width, batch) in counts
    }
    return fitted(SIZES, added, STEP_GRID)


def saved(table: pd.DataFrame) -> pd.DataFrame:
    """The naive recursion over numbers: how much of it matrix products save, how much the memo saves, and the rest."""
    keys = ["sweep", "layers", "width", "batch", "parameters"]
    rows = table[table.sweep != "grid"].pivot(index=keys, columns=["method", "node"], values="accumulation")
    numbers, arrays = rows["naive", "a number"], rows["naive", "an array"]
    backprop = rows["backprop", "an array"]
    split = {
        "naive, a node a number": numbers,
        "saved by products of matrices": numbers - arrays,
        "naive, a node an array": arrays,
        "saved by the memo": arrays - backprop,
        "backprop": backprop,
    }
    return pd.DataFrame(split).reset_index().sort_values(["sweep", "batch", "layers", "width"], ignore_index=True)


def shown(split: pd.DataFrame) -> pd.DataFrame:
    """Some networks of each sweep, the last one among them."""
    last = split.groupby(["sweep", "batch"]).cumcount(ascending=False)
    return split[last % 4 == 0].drop(columns="parameters").reset_index(drop=True).rename(columns=in_words)


def forward_ratio(table: pd.DataFrame) -> pd.DataFrame:
    keys = ["sweep", "layers", "width", "batch"]
    rows = table[(table.sweep != "grid") & (table.method == "forward")].pivot(
        index=keys, columns="node", values="accumulation"
    )
    rows = rows.reset_index().sort_values(["sweep", "batch", "layers", "width"], ignore_index=True)
    rows.columns.name = None
    times = [f"{array / number:.2f}" for array, number in zip(rows["an array"], rows["a number"], strict=True)]
    return rows.assign(times=times)


def pivoted(table: pd.DataFrame) -> pd.DataFrame:
    rows = table.drop_duplicates(["layers", "line"]).assign(text=lambda frame: frame.accumulation.map(scientific))
    return rows.pivot(index="layers", columns="line", values="text").reset_index().rename(columns=in_words)


def in_words(column: str) -> str:
    """The heading of a column of the data, as it is read."""
    return column.replace(", a node a number", " over numbers").replace(", a node an array", " over arrays")
