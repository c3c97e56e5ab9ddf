"""What are zeros worth? Sparse Jacobians and Hessians by dense sweeps, by colors, by skipping zeros, by elimination."""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

import opcount as oc
from analysis.figures import zeros
from analysis.programs.sparse import ENERGIES, SYSTEMS
from analysis.report.study import Claims, Figure, Judged, Run, Study, Table
from opcount.typing import ColoringName

# A. H. Gebremedhin, F. Manne, A. Pothen, What color is your Jacobian?, SIAM Review 47 (2005); A. H. Gebremedhin,
# A. Tarafdar, A. Pothen, A. Walther, Efficient computation of sparse Hessians, INFORMS J. Computing 21 (2009)
PUBLISHED: Final[dict[str, dict[ColoringName, str]]] = {
    "tridiagonal": {"column": "3", "row": "3", "star": "3", "acyclic": "2"},
    "ten diagonals beside": {"column": "11", "star": "11", "acyclic": "6"},
    "arrow": {"column": "n", "row": "n", "star": "2", "acyclic": "2"},
}
SIZES: Final = (4, 9, 16, 36, 64, 144)  # squares, for the grid
WAYS: Final = ("dense forward", "dense reverse", "colors", "zeros skipped", "elimination")


class Pattern(NamedTuple):
    """A pattern from the literature, a kind of coloring, and the size."""

    name: str
    kind: ColoringName
    n: int


class Point(NamedTuple):
    """A system or an energy, and its size."""

    name: str
    n: int


claim = Claims()


class Found:
    """The colors of published patterns; Jacobians of systems and Hessians of energies, by size."""

    def __init__(self, colors: pd.DataFrame, jacobians: pd.DataFrame, hessians: pd.DataFrame) -> None:
        self.colors, self.jacobians, self.hessians = colors, jacobians, hessians
        self.largest = jacobians[jacobians.n == jacobians.n.max()].set_index("system")
        self.largest_hessians = hessians[hessians.n == hessians.n.max()].set_index("function")
        self.slopes = {
            way: {
                name: float(np.polyfit(np.log(rows.n.astype(float)), np.log(rows[way].astype(float)), 1)[0])
                for name, rows in jacobians[jacobians.n >= 9].groupby("system", sort=False)
            }
            for way in WAYS
        }


def run(run: Run) -> Study:
    sizes = SIZES[:4] if run.quick else SIZES
    n = 60 if run.quick else 120
    d = Found(
        pd.DataFrame(run.map(colored, [Pattern(name, kind, n) for name in PUBLISHED for kind in PUBLISHED[name]])),
        pd.DataFrame(run.map(of_a_system, [Point(name, n) for name in SYSTEMS for n in sizes])),
        pd.DataFrame(run.map(of_an_energy, [Point(name, n) for name in ENERGIES for n in (12, 24, 48)])),
    )
    return Study(
        question="What are zeros worth?",
        answer=answer(d),
        claims=claim.judged(d),
        tables=tables(d),
        figures=figures(d),
        against=against(d),
    )


def answer(d: Found) -> str:
    row, hessian = d.largest.loc["tridiagonal"], d.largest_hessians.loc["arrow"]
    return (
        "In a large system each equation meets few variables, and most of the derivatives are zero. A sweep that "
        f"multiplies them like any number takes {row['dense forward']:,} operations for {row.n} equations with three "
        f"variables each; {row['colors of columns']} sweeps are enough if variables that never meet share one, for "
        f"{row.colors:,}; and if zeros are skipped where they stand, {row['zeros skipped']:,} remain, in any number of "
        "sweeps. So colors save what would be spent on zeros, and no more: what a sweep shares with another is never "
        "an operation on numbers. Symmetry is worth more to them: a Hessian whose entries stand in a row, a column and "
        f"the diagonal takes {hessian['colors of stars']} sweeps of {hessian.n}. To find the fewest colors is NP-hard, "
        "as it is to find the cheapest order of elimination; the derivative is exact with any."
    )


def tables(d: Found) -> dict[str, Table]:
    return {
        "colors": Table(d.colors, "Colors of patterns from the literature, as published and as found here"),
        "jacobians": Table(
            d.jacobians,
            "Operations of a Jacobian's accumulation. Dense: a sweep for each variable, or for each equation, in which "
            "zeros are numbers. Colors: as many such sweeps as there are colors. Zeros skipped: "
            '`order="compressed"`, executed. Elimination: Markowitz\' order',
            text=("system",),
        ),
        "hessians": Table(
            d.hessians,
            "Operations of a Hessian after the gradient, by forward over reverse: dense sweeps for all variables, for "
            'each color of the columns, for each star color; and `order="compressed"`, which skips zeros',
            text=("function",),
        ),
    }


def figures(d: Found) -> dict[str, Figure]:
    tri, many = d.largest.loc["tridiagonal"], d.largest.loc["arrow"]
    return {
        "growth": Figure(
            zeros.growth,
            {"jacobians": d.jacobians},
            "Operations of a Jacobian against the number of variables: above with three diagonals, below an arrow.",
            "Two panels on logarithmic axes. In the upper one dense sweeps rise twice as steeply as the other two "
            f"lines, to {tri['dense forward']:,} operations at {tri.n} variables; colors take {tri.colors:,} there and "
            f"skipped zeros {tri['zeros skipped']:,}. In the lower one, for an arrow, colors lie on the dense sweeps, "
            f"at {many.colors:,}, and skipped zeros take {many['zeros skipped']:,}.",
        ),
    }


def against(d: Found) -> list[str]:
    steps, arrow = d.largest.loc["three steps"], d.largest.loc["arrow"]
    return [
        f"Skipping zeros is not all: of three steps one after the other, {steps['zeros skipped']:,} operations by "
        f"sweeps, elimination shares what paths have in common and takes {steps.elimination:,}.",
        "An operation on a number that is zero costs a machine less than looking for it, unless most are zeros: "
        "counts say nothing of that.",
        f"Colors are no help for an arrow, where each column meets the first: {arrow['colors of columns']} colors for "
        f"{arrow.n} columns.",
    ]


# --- the claims


@claim("The published numbers of colors are found: for three diagonals, for ten beside the main one, and for an arrow.")
def as_published(d: Found) -> Judged:
    holds = (d.colors.found == d.colors.published.where(d.colors.published != "n", d.colors.n).astype(int)).all()
    return holds, "; ".join(f"{row.pattern}, {row.kind}: {row.found}" for row in d.colors.itertuples())


@claim("Sweeps by colors give every entry as a sweep for each variable does, bit for bit, and count what it counts.")
def every_entry(d: Found) -> Judged:
    holds = d.jacobians["same bits"].all() and (d.jacobians["zeros skipped"] == d.jacobians["one by one"]).all()
    return holds, f"{len(d.jacobians)} Jacobians, {int(d.jacobians.entries.sum()):,} entries"


@claim("What is executed is what was predicted from the graph.")
def as_predicted(d: Found) -> Judged:
    return (d.jacobians["zeros skipped"] == d.jacobians.predicted).all(), (
        f"{int(d.jacobians['zeros skipped'].sum()):,} operations of {len(d.jacobians)} Jacobians"
    )


@claim("Dense sweeps grow with the square of the variables; by a fixed number of colors the growth is linear.")
def colors_are_linear(d: Found) -> Judged:
    dense = [*d.slopes["dense forward"].values(), *d.slopes["dense reverse"].values()]
    by_colors = [slope for name, slope in d.slopes["colors"].items() if name != "arrow"]
    return min(dense) > 1.8 and max(by_colors) < 1.25, (
        f"exponents {min(dense):.2f} to {max(dense):.2f} for dense sweeps, "
        f"{min(by_colors):.2f} to {max(by_colors):.2f} by colors"
    )


@claim("Skipping zeros never takes more operations than dense sweeps by colors, and elimination never more than that.")
def each_saves(d: Found) -> Judged:
    rows = d.jacobians
    holds = (rows["zeros skipped"] <= rows.colors).all() and (rows.elimination <= rows["zeros skipped"]).all()
    ratio = (rows.colors / rows["zeros skipped"]).astype(float)
    return holds, f"colors take {ratio.min():.1f} to {ratio.max():.1f} times the operations of skipped zeros"


@claim("Colors pay as soon as there are more variables than colors, and for an arrow never.")
def crossing(d: Found) -> Judged:
    rows = d.jacobians
    fewer = rows.colors < rows[["dense forward", "dense reverse"]].min(axis=1)
    expected = rows[["colors of columns", "colors of rows"]].min(axis=1) < rows.n
    first = rows[fewer].groupby("system").n.min()
    return (fewer == expected).all() and "arrow" not in first.index, "; ".join(
        f"{name} from {n} variables measured on" for name, n in first.items()
    )


@claim("A Hessian takes no more star colors than its columns take, gives the same matrix, and an arrow takes two.")
def stars(d: Found) -> Judged:
    rows = d.hessians
    two = (rows[rows.function == "arrow"]["colors of stars"] == 2).all()
    holds = (rows["colors of stars"] <= rows["colors of columns"]).all() and rows["same matrix"].all() and two
    return holds, "; ".join(
        f"{row.function}, {row.n}: {row['colors of stars']} of {row['colors of columns']}"
        for _, row in rows[rows.n == rows.n.max()].iterrows()
    )


# --- what is counted


def colored(pattern: Pattern) -> dict[str, Any]:
    """The colors of a pattern, beside the published ones."""
    name, kind, n = pattern
    index = np.arange(n)
    distance = abs(index[:, None] - index)
    matrix = {
        "tridiagonal": distance <= 1,
        "ten diagonals beside": distance <= 5,
        "arrow": (distance == 0) | (index == 0) | (index[:, None] == 0),
    }[name]
    found = oc.coloring(matrix, kind).count
    return {"pattern": name, "n": n, "kind": kind, "published": PUBLISHED[name][kind], "found": found}


def inside(n: int) -> list[float]:
    """Numbers without a pattern, the same in every run."""
    return [0.3 + 0.2 * math.sin(k) for k in range(n)]


def of_a_system(point: Point) -> dict[str, Any]:
    f, x = SYSTEMS[point.name], inside(point.n)
    graph = oc.trace(f, x, granularity="scalar")
    pattern = graph.sparsity()
    columns, rows = (oc.coloring(pattern, kind).count for kind in ("column", "row"))
    forward, reverse = graph.predict_jvp().total, graph.predict_vjp().total
    found = oc.jacobian(f, x, "compressed")
    assert found.coloring is not None
    each = oc.jacobian(f, x, "column-by-column" if found.coloring.kind == "column" else "row-by-row")
    return {
        "system": point.name,
        "n": point.n,
        "entries": int(pattern.sum()),
        "colors of columns": columns,
        "colors of rows": rows,
        "dense forward": point.n * forward,
        "dense reverse": len(pattern) * reverse,
        "colors": min(columns * forward, rows * reverse),
        "zeros skipped": found.counts.total,
        "elimination": graph.predict_elimination("markowitz").total,
        "one by one": each.counts.total,
        "predicted": graph.predict_elimination("compressed").total,
        "same bits": bool((found.matrix == each.matrix).all()),
    }


def of_an_energy(point: Point) -> dict[str, Any]:
    f, x = ENERGIES[point.name], inside(point.n)
    graph = oc.trace(lambda x: oc.gradient(f, x).gradient, x, granularity="scalar")
    pattern = graph.sparsity()
    columns = oc.coloring(pattern, "column").count
    found = oc.hessian(f, x, order="compressed")
    assert found.coloring is not None
    each = oc.hessian(f, x)
    sweep = graph.predict_jvp().total
    return {
        "function": point.name,
        "n": point.n,
        "entries": int(pattern.sum()),
        "colors of columns": columns,
        "colors of stars": found.coloring.count,
        "dense": point.n * sweep,
        "by columns": columns * sweep,
        "by stars": found.coloring.count * sweep,
        "zeros skipped": found.phases["second accumulation"].total,
        "same matrix": bool(np.allclose(found.matrix, each.matrix, rtol=1e-12, atol=1e-12)),
    }
