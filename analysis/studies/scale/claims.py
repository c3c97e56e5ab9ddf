"""What the counts and their formulas say."""

from __future__ import annotations

from typing import Final

import pandas as pd

from analysis.figures import growth
from analysis.programs.methods import WITHOUT_STEPS
from analysis.report.study import Claims, Figure, Judged, Run, Study, Table
from analysis.studies.faster import scientific
from analysis.studies.scale.laws import FITTED, NO_LAW, laws, settled, with_lines, written
from analysis.studies.scale.measure import (
    DEEP,
    NUMBERS,
    SIZES,
    Point,
    batched,
    drawn,
    in_depth,
    measure,
    of_the_question,
    try_out,
)

PROVED: Final = 5  # evaluations' worth of operations, the bound of Griewank and Walther, Evaluating Derivatives (2008)
MARKS: Final = {"executed": "", "from shapes": " °", "predicted": " *", "formula": " †"}

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
                "Above, the operations with their leading terms, whose exact formulas are in the table; below, the "
                "same divided by the power of p that they grow with, which shows differences that a logarithmic scale "
                "hides.",
                f"Two panels against the number of parameters, from 7 to {scientific(int(d.far.parameters))}. Above, "
                "straight lines in three groups: finite differences, forward mode and the tangent recursions the "
                "steepest, the naive recursion over single numbers in the middle, naive recursion over arrays and "
                "backprop the flattest, close together. Below, every line becomes level, "
                f"backprop at {d.by_method.leading['backprop']}.",
            )
        },
        against=[
            f"At array granularity the naive recursion costs {d.by_method.leading['naive']} against "
            f"{d.by_method.leading['backprop']}: with two layers there is one suffix to share, and a product of "
            "matrices has shared the rest. Depth is what ruins it.",
            f"That backprop stays below two evaluations is due to the single data point. On a large batch its "
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
        f"{scientific(int(farthest['finite-difference']))}. These are not fits: each formula is counted from shapes "
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
            "and their leading terms for large p",
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


# --- what the report shows


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """A row for some networks, a column for each method, with a mark for how it was counted."""
    best = table[table.m.isin((1, 5, 20, 100, 500, 5000, 50_000, 160_000))].drop_duplicates(["m", "method"])
    text = best.assign(text=[scientific(total) + MARKS[how] for total, how in zip(best.total, best.how, strict=True)])
    wide = text.pivot(index=["m", "parameters"], columns="method", values="text").fillna("")
    return (
        wide.reindex(columns=[*WITHOUT_STEPS, NUMBERS])
        .reset_index()
        .assign(parameters=lambda frame: frame.parameters.map(scientific))
    )
