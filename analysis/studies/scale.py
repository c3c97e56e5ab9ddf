"""How far does it hold? One family of networks from seven parameters to a hundred billion."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

import opcount as oc
from analysis.figures import growth
from analysis.programs.networks import (
    PARAMETERS,
    POINTS,
    Loss,
    dense,
    dense_loss,
    parameter_count,
    question_network,
    squared_residuals,
)
from analysis.programs.polynomials import SUPERSCRIPTS, Polynomial, fitted, of_symbols
from analysis.report.study import Claims, Figure, Judged, Run, Study, Table
from analysis.studies.faster import scientific

FAMILY: Final = ("m", "2*m", "m")
SIZES: Final = (1, 2, 3, 5, 8, 13, 20, 32, 50, 100, 200, 500, 1600, 5000, 16_000, 50_000, 160_000)
NUMBERS: Final = "naive, a node a number"  # the naive recursion where an array is no node, but each of its numbers
FITTED: Final = (1, 2, 3, 4)  # the sizes that fix its polynomial; it must hold at the others
PROVED: Final = 5  # evaluations' worth of operations, the bound of Griewank and Walther, Evaluating Derivatives (2008)
NO_LAW: Final = "none"
DEEP: Final = (100, 1000)  # layers, and their width


class Point(NamedTuple):
    """One network of the family, and the most parameters up to which methods are executed on it.

    The bounds are for methods that evaluate once, for those that evaluate for each parameter, and for scalar graphs.
    """

    m: int
    once_up_to: int
    each_up_to: int
    scalar_up_to: int


class Sizes(NamedTuple):
    """A network of random sizes; its methods that evaluate for each parameter are executed where it is small."""

    sizes: tuple[int, int, int]
    methods: tuple[str, ...]


claim = Claims()


class Found:
    """The family of networks, counted in every way; the formulas of each method; the formulas tried on other sizes."""

    def __init__(self, table: pd.DataFrame, tried: pd.DataFrame) -> None:
        polynomials = laws(table)
        self.formulas = pd.DataFrame([{"method": method, **written(law)} for method, law in polynomials.items()])
        self.by_method = self.formulas.set_index("method")
        self.table, self.tried = with_lines(table, self.formulas, polynomials), tried
        self.executed, self.shapes, self.predicted = (
            self.table[self.table.how == how] for how in ("executed", "from shapes", "predicted")
        )
        self.backprop = self.shapes[self.shapes.method == "backprop"].sort_values("m")
        self.far = self.backprop.iloc[-1]


def run(run: Run) -> Study:
    once_up_to, each_up_to, scalar_up_to = (10**5, 250, 250) if run.quick else (11_000_000, 1700, 1100)
    sizes = sorted({*SIZES, *range(1, 8 if run.quick else 17)}, reverse=True)
    points = [Point(m, once_up_to, each_up_to, scalar_up_to) for m in sizes]
    table = pd.DataFrame([row for rows in run.map(measure, points) for row in rows])
    d = Found(table, pd.DataFrame([row for rows in run.map(try_out, drawn(run.quick)) for row in rows]))
    settling = settled(d.table, d.formulas)
    return Study(
        question="How far does it hold?",
        answer=answer(d),
        claims=claim.judged(d),
        tables=tables(d, settling),
        figures={
            "operations": Figure(
                growth.scale,
                {"table": d.table, "settling": settling},
                "The network m-2m-m from m = 1, the question's, to m = 160,000; it has p = 4m² + 3m parameters. "
                "Above, the operations with their exact formulas; below, the same over the power of p that they grow "
                "with, which tells apart what a logarithmic scale does not.",
            )
        },
        against=[
            f"At array granularity the naive recursion costs {d.by_method.leading['naive']} against "
            f"{d.by_method.leading['backprop']}: with two layers there is one suffix to share, and a product of "
            "matrices has shared the rest. It is depth that ruins it.",
            f"That backprop stays below two evaluations is owed to the single data point. On a large batch its "
            f"accumulation alone is {batched()} evaluations: a gradient of the weights is then a product of matrices, "
            "with a sum over the batch in it.",
        ],
    )


def answer(d: Found) -> str:
    farthest = d.shapes[d.shapes.m == d.far.m].set_index("method").total
    return (
        "As far as one can count. The question's network has 7 parameters; made wider, as m-2m-m, it reaches "
        f"{scientific(int(d.far.parameters))}. Backprop takes exactly {d.by_method.total_formula['backprop']} "
        f"operations for value and gradient, {d.by_method.leading['backprop']} for p parameters: "
        f"{scientific(int(d.far.total))} at the far end, where forward mode would take "
        f"{scientific(int(farthest['forward']))} and finite differences "
        f"{scientific(int(farthest['finite-difference']))}. These are no fits: each formula is counted from shapes "
        f"alone, and holds for every network that was executed, up to {d.executed.parameters.max():,} parameters."
    )


def tables(d: Found, settling: pd.DataFrame) -> dict[str, Table]:
    columns = {"method": "method", "primal": "primal", "accumulation": "accumulation"}
    columns |= {"total_formula": "total", "leading": "about"}
    some = settling[settling.m.isin((1, 8, 100, 160_000))]
    return {
        "formulas": Table(
            d.formulas,
            "Operations on the network m-2m-m with p = 4m² + 3m parameters at one data point, exactly, "
            "and what is left of them where p is large",
            shown=d.formulas[[*columns]].rename(columns=columns),
            text=("primal", "accumulation", "total"),
        ),
        "operations": Table(
            d.table,
            "Operations for a value and its gradient on m-2m-m: executed, counted from shapes (°), "
            "predicted on the graph (*) or by the formula (†)",
            shown=shown(d.table),
        ),
        "random_sizes": Table(
            d.tried,
            "Formulas in three sizes, those of a-h-o, against executions on networks of random sizes",
            shown=d.tried.groupby("method", sort=False).nth([0]),
            text=("in three sizes",),
        ),
        "settling": Table(
            settling,
            "Operations over their power of p",
            exact=False,
            shown=some.pivot(index="parameters", columns="line", values="ratio"),
        ),
    }


# --- the claims


@claim("At m = 1 it is the question's network: the same operations in every phase, number by number.")
def starts_at_the_question(d: Found) -> Judged:
    question = of_the_question(d.table)
    return (question.here == question.question).all(), (
        f"{len(question)} phases of {question.method.nunique()} methods; 7 parameters, one data point"
    )


@claim("Each formula, found from shapes in the symbol m alone, is what executing gave, to the last operation.")
def formulas_are_executed(d: Found) -> Judged:
    arrays = d.executed[d.executed.method != NUMBERS]
    return (arrays.total == arrays.formula).all() and len(arrays) > 0, (
        f"{len(arrays)} executions, from {arrays.parameters.min()} to {arrays.parameters.max():,} parameters"
    )


@claim("Each formula is what counting from shapes gave, where nothing could be executed.")
def formulas_are_from_shapes(d: Found) -> Judged:
    shapes = d.shapes
    return (shapes.total == shapes.formula).all() and len(shapes) > 0, (
        f"{len(shapes)} counts, from {shapes.parameters.min()} to {shapes.parameters.max():,} parameters"
    )


@claim("Formulas in three sizes hold on networks of random sizes.")
def formulas_hold_for_random_sizes(d: Found) -> Judged:
    tried = d.tried
    return (tried.executed == tried.formula).all() and tried.sizes.nunique() > 5, (
        f"{len(tried)} executions of {tried.method.nunique()} methods on {tried.sizes.nunique()} networks, "
        f"up to {tried.parameters.max():,} parameters"
    )


@claim(
    "Where every number is a node, the naive recursion follows a polynomial of third degree, held-out sizes included."
)
def scalar_recursion_is_cubic(d: Found) -> Judged:
    law = d.by_method.total_formula[NUMBERS]
    both = d.executed.merge(d.predicted, on=["m", "method"], suffixes=("", "_predicted"))
    return law != NO_LAW and (both.total == both.total_predicted).all() and len(both) > 0, (
        f"{law}, through {len(FITTED)} sizes; {len(d.predicted) - len(FITTED)} others lie on it, and {len(both)} "
        "predictions were executed"
    )


@claim("From 7 parameters to 10¹¹, a value with its gradient by backprop costs less than two evaluations here.")
def below_two_evaluations(d: Found) -> Judged:
    backprop, ratio = d.backprop, (d.backprop.total / d.backprop.evaluation).astype(float)
    holds = (
        (backprop.total < 2 * backprop.evaluation).all()
        and d.far.parameters > 10**11
        and backprop.parameters.min() == 7
    )
    return holds, (
        f"from {ratio.min():.3f} evaluations it comes as near to 2 as {ratio.max():.6f}; for every rational "
        f"function Baur and Strassen (1983) proved a bound of {PROVED}"
    )


@claim("In depth the naive recursion falls behind even where arrays are nodes.")
def falls_behind_in_depth(d: Found) -> Judged:
    deep = in_depth()
    return deep["naive"] > 10 * deep["backprop"] and deep["memoized"] == deep["backprop"], (
        f"{DEEP[0]} layers of width {DEEP[1]:,}, {deep['parameters']:,} parameters, from shapes: "
        f"{deep['naive'] / deep['backprop']:.1f} times the accumulation of backprop"
    )


# --- what is counted


def measure(point: Point) -> list[dict[str, Any]]:
    """Every method on one network of the family, from shapes, and executed where that takes seconds at most."""
    m = point.m
    sizes = (m, 2 * m, m)
    parameters = parameter_count(sizes)
    row = {"m": m, "parameters": parameters}
    rows = []
    if m in SIZES:
        f, x = dense(sizes, array=oc.spec)
        rows += [counted(row, "from shapes", f, x, method) for method in oc.METHODS]
    if m in SIZES and parameters <= point.once_up_to:
        f, x = dense(sizes)
        methods = [
            method
            for method, about in oc.METHODS.items()
            if about.direction == "adjoint" or parameters <= point.each_up_to
        ]
        rows += [counted(row, "executed", f, x, method) for method in methods]
    if parameters <= point.scalar_up_to:
        rows += scalar_by_scalar(row, sizes)
    return rows


def scalar_by_scalar(row: dict[str, Any], sizes: tuple[int, ...]) -> list[dict[str, Any]]:
    """The naive recursion where each number is a node: predicted, and executed on small networks."""
    f, x = dense(sizes)
    loop = oc.gradient(f, x, "backprop", granularity="scalar")
    predicted = {**loop.phases, "accumulation": oc.trace(f, x, granularity="scalar").predict("naive")}
    rows = [{**row, "method": NUMBERS, "how": "predicted", **of_one_evaluation(predicted)}]
    if row["parameters"] < 300:
        executed = oc.gradient(f, x, "naive", granularity="scalar").phases
        rows.append({**row, "method": NUMBERS, "how": "executed", **of_one_evaluation(executed)})
    return rows


def counted(row: dict[str, Any], how: str, f: Loss, x: Any, method: str) -> dict[str, Any]:
    g = oc.gradient(f, x, method, budget=math.inf)  # the recursion over arrays too, for as long as it takes
    parameters = sum(array.size for layer in x for array in layer.values())
    evaluations = oc.METHODS[method].evaluations(parameters)
    return {**row, "method": method, "how": how, **of_one_evaluation(g.phases, evaluations)}


def of_one_evaluation(phases: Mapping[str, oc.Counts], evaluations: int = 1) -> dict[str, Any]:
    return {"evaluation": phases["primal"].total // evaluations, **totals(phases)}


def totals(phases: Mapping[str, oc.Counts]) -> dict[str, Any]:
    counts = {phase: phases[phase].total for phase in oc.PHASES}
    return counts | {"total": sum(counts.values())}


@cache
def formula(sizes: tuple[str, ...], dimensions: tuple[str, ...], method: str) -> dict[str, Polynomial]:
    """The operations of a method by phase, on a network whose sizes are symbols."""
    f, x = dense(sizes, array=oc.spec)
    counts = totals(oc.gradient(f, x, method).phases)
    return {phase: of_symbols(dimensions, count) for phase, count in counts.items()}


def drawn(quick: bool) -> list[Sizes]:
    draw = random.Random(7)
    few, many = (6, 2) if quick else (16, 8)
    every = tuple(oc.METHODS)
    once = tuple(name for name, method in oc.METHODS.items() if method.direction == "adjoint")
    small = [Sizes((draw.randint(2, 9), draw.randint(2, 9), draw.randint(2, 9)), every) for _ in range(few)]
    return small + [
        Sizes((draw.randint(2, 500), draw.randint(2, 500), draw.randint(2, 500)), once) for _ in range(many)
    ]


def try_out(point: Sizes) -> list[dict[str, Any]]:
    f, x = dense(point.sizes)
    return [
        {
            "method": method,
            "sizes": "-".join(map(str, point.sizes)),
            "parameters": parameter_count(point.sizes),
            "executed": oc.gradient(f, x, method).counts.total,
            "formula": int(formula(("a", "h", "o"), ("a", "h", "o"), method)["total"](point.sizes)),
            "in three sizes": str(formula(("a", "h", "o"), ("a", "h", "o"), method)["total"]),
        }
        for method in point.methods
    ]


def of_the_question(table: pd.DataFrame) -> pd.DataFrame:
    """Phase by phase, the smallest network as counted, and the question's, at one data point."""
    w, b = PARAMETERS["w"], PARAMETERS["b"]
    layers = [{"w": np.array([w[:2]]), "b": np.array(b[:2])}, {"w": np.array([[w[2]], [w[3]]]), "b": np.array(b[2:])}]
    (point,) = POINTS[1:2]
    in_matrices = dense_loss(np.array([[point[0]]]), np.array([[point[1]]]))
    in_numbers = squared_residuals(question_network, [point])
    rows: list[dict[str, Any]] = []
    for method in oc.METHODS:
        one = oc.gradient(in_matrices, layers, method, granularity="scalar")
        other = oc.gradient(in_numbers, PARAMETERS, method)
        rows += [{"method": method, "here": one.phases[phase], "question": other.phases[phase]} for phase in oc.PHASES]
        if oc.METHODS[method].direction == "adjoint":  # along tangents an array's direction is dense
            found = table[(table.m == 1) & (table.method == method) & (table.how == "executed")].total.iloc[0]
            rows.append({"method": method, "here": found, "question": other.counts.total})
    return pd.DataFrame(rows)


def in_depth() -> dict[str, Any]:
    """The accumulation on many layers of the same width, from shapes."""
    layers, width = DEEP
    f, x = dense([width] * (layers + 1), array=oc.spec)
    graph = oc.trace(f, x)
    accumulations = {name: graph.predict(name).total for name in ("naive", "memoized", "backprop")}
    return {"parameters": graph.size, **accumulations}


def batched() -> str:
    """The accumulation of backprop over an evaluation, for a large batch on a large network."""
    f, x = dense(FAMILY, "b", array=oc.spec)
    phases = totals(oc.gradient(f, x, "backprop").phases)
    of_evaluation, of_accumulation = (
        of_symbols(("m", "b"), phases[phase]).terms[2, 1] for phase in ("primal", "accumulation")
    )
    return f"{float(of_accumulation / of_evaluation):g}"


# --- laws


Laws = Mapping[str, Mapping[str, Polynomial | None]]


def laws(table: pd.DataFrame) -> Laws:
    """For each method and phase its exact polynomial in m: from shapes, or through some sizes if it holds at others."""
    predicted = table[(table.method == NUMBERS) & (table.how == "predicted")]
    grid = [(m,) for m in FITTED]
    through = {
        phase: fitted(("m",), {(m,): count for m, count in zip(predicted.m, predicted[phase], strict=True)}, grid)
        for phase in (*oc.PHASES, "total")
    }
    return {method: formula(FAMILY, ("m",), method) for method in oc.METHODS} | {NUMBERS: through}


def written(polynomials: Mapping[str, Polynomial | None]) -> dict[str, Any]:
    total = polynomials["total"]
    degree, leading = (0, NO_LAW) if total is None else in_parameters(total)
    texts = {phase: NO_LAW if law is None else str(law) for phase, law in polynomials.items()}
    return {
        **{phase: texts[phase] for phase in oc.PHASES},
        "total_formula": texts["total"],
        "degree": degree,
        "leading": leading,
    }


def in_parameters(total: Polynomial) -> tuple[int, str]:
    """The degree in m, and the leading term in p: p is 4m², and less beside it."""
    degree = max(exponent for (exponent,) in total.terms)
    coefficient = total.terms[degree,] / Fraction(2) ** degree
    half, odd = divmod(degree, 2)
    power = "p" + (str(half).translate(SUPERSCRIPTS) if half > 1 else "") + ("√p" if odd else "")
    return degree, ("" if coefficient == 1 else f"{float(coefficient):g}") + power


def with_lines(table: pd.DataFrame, formulas: pd.DataFrame, polynomials: Laws) -> pd.DataFrame:
    """The table with each row's formula, its value, and the line of the figure: methods with one law are one line."""
    rows = table.to_dict("records")
    law = formulas.set_index("method").total_formula
    named = law.map(formulas.groupby("total_formula", sort=False).method.agg(", ".join))
    beyond = [m for m in SIZES if m > table[table.method == NUMBERS].m.max()]
    rows += [by_formula(m, polynomials[NUMBERS]) for m in beyond if law[NUMBERS] != NO_LAW]
    for row in rows:
        value = at(polynomials[row["method"]]["total"], row["m"])
        row |= {"formula": value, "line": named[row["method"]], "law": law[row["method"]]}
    order = {method: index for index, method in enumerate(law.index)}
    rows.sort(key=lambda row: (order[row["method"]], row["how"], row["m"]))
    columns = ["m", "parameters", "method", "how", "evaluation", *oc.PHASES, "total", "formula", "line", "law"]
    return pd.DataFrame(rows, dtype=object).reindex(columns=columns).astype({"m": int, "parameters": int})


def by_formula(m: int, found: Mapping[str, Polynomial | None]) -> dict[str, Any]:
    counts = {phase: at(law, m) for phase, law in found.items()}
    row = {"m": m, "parameters": parameter_count((m, 2 * m, m)), "method": NUMBERS, "how": "formula"}
    return {**row, "evaluation": counts["primal"], **counts}


def at(law: Polynomial | None, m: int) -> int:
    return -1 if law is None else int(law((m,)))


def settled(table: pd.DataFrame, formulas: pd.DataFrame) -> pd.DataFrame:
    """The operations of each line over the power of p that they grow with."""
    by_method = formulas.set_index("method")
    lines = table[table.m.isin(SIZES)].drop_duplicates(["line", "m"]).sort_values(["line", "m"], kind="stable")
    powers = [by_method.degree[method] / 2 for method in lines.method]
    ratios = [
        float(total) / float(p) ** power for total, p, power in zip(lines.total, lines.parameters, powers, strict=True)
    ]
    leading = [by_method.leading[method] for method in lines.method]
    return lines[["m", "parameters", "line"]].assign(ratio=ratios, leading=leading).reset_index(drop=True)


MARKS: Final = {"executed": "", "from shapes": " °", "predicted": " *", "formula": " †"}


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """A row for some networks, a column for each method; how it was counted is marked."""
    best = table[table.m.isin((1, 5, 20, 100, 500, 5000, 50_000, 160_000))].drop_duplicates(["m", "method"])
    text = best.assign(text=[scientific(total) + MARKS[how] for total, how in zip(best.total, best.how, strict=True)])
    wide = text.pivot(index=["m", "parameters"], columns="method", values="text").fillna("")
    return (
        wide.reindex(columns=[*oc.METHODS, NUMBERS])
        .reset_index()
        .assign(parameters=lambda frame: frame.parameters.map(scientific))
    )
