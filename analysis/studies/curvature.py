"""What does curvature cost? A Hessian times a vector, and a whole Hessian, over the cost of the value alone.

Griewank and Walther (Evaluating Derivatives, 2nd ed., 2008, section 5.3) bound what a gradient with its product with a
Hessian takes by 7 to 10 times the value. Their measure counts moves of memory too, each weighted; here every operation
has weight one and moves are free, so a product, which costs 1 in the value and 12 with the product, may exceed it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import pandas as pd

import opcount as oc
from analysis.figures import growth
from analysis.programs.families import FAMILIES
from analysis.report.study import Claims, Figure, Judged, Run, Study, Table
from opcount.typing import ModeName

BOUND: Final = 10  # of Griewank and Walther, for a gradient and its derivative along one direction
PRODUCT, VALLEY, NETWORK, QUOTIENTS = "Speelpenning", "Rosenbrock", "perceptron", "quotients"
CHEAP: Final[tuple[ModeName, ...]] = ("forward-over-reverse", "reverse-over-reverse", "reverse-over-forward")
DUAL: Final[ModeName] = "forward-over-forward"
FIRST: Final[ModeName] = "forward-over-reverse"
LAWS: Final[dict[str, tuple[int, int]]] = {  # of Speelpenning's product: times n, less
    "forward-over-reverse": (12, 23),
    "reverse-over-reverse": (12, 23),
    "reverse-over-forward": (12, 20),
}
HESSIANS_UP_TO: Final = 64  # numbers in x
DUAL_UP_TO: Final = 32

claim = Claims()


class Point(NamedTuple):
    """A function of a family, in a size."""

    function: str
    size: int


class Found:
    """What every mode takes on every function and size, with what that is times the value."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table = table.assign(
            **{"product / value": table["product"] / table.value, "Hessian / value": table.hessian / table.value}
        )

        self.ratios = self.table[["function", "mode", "numbers", "product / value", "Hessian / value"]]

    def rows(self, function: str, mode: str = FIRST) -> pd.DataFrame:
        found = self.table[(self.table.function == function) & (self.table["mode"] == mode)]
        return found.sort_values("numbers")

    def last(self, function: str, column: str, mode: str = FIRST) -> float:
        return float(self.rows(function, mode)[column].dropna().iloc[-1])

    def growth(self, function: str, column: str, mode: str = FIRST) -> float:
        """The power of n with which a column grows, from the last two sizes that it has."""
        rows = self.rows(function, mode).dropna(subset=[column])[["numbers", column]].astype(float).iloc[-2:]
        (small, low), (large, high) = rows.itertuples(index=False)
        return math.log(high / low) / math.log(large / small)


def run(run: Run) -> Study:
    sizes = {PRODUCT: (4, 8, 16, 32, 64), VALLEY: (4, 8, 16, 32, 64), NETWORK: (1, 2, 4), QUOTIENTS: (4, 8, 16, 32)}
    most = 32 if run.quick else 64
    points = [Point(function, size) for function, all_of_them in sizes.items() for size in all_of_them if size <= most]
    d = Found(pd.DataFrame([row for rows in run.map(measure, points) for row in rows]))
    over = "product / value"
    n = int(d.last(PRODUCT, "numbers"))
    return Study(
        question="What does curvature cost?",
        answer=(
            "A few values more than the gradient, whatever the number of inputs: a Hessian times a vector takes "
            f"{d.last(PRODUCT, over):.1f} times the operations of the value for a product of {n} numbers, with the "
            f"gradient included, {d.last(VALLEY, over):.1f} times for Rosenbrock's valley, {d.last(NETWORK, over):.1f} "
            "times for a network. A whole Hessian takes as many sweeps as there are inputs. Dual numbers of dual "
            "numbers take that many for the product alone, and the square of it for the Hessian: a second derivative "
            "needs the memo once."
        ),
        claims=claim.judged(d),
        tables=tables(d),
        figures={
            "curvature": Figure(
                growth.curvature,
                {"table": d.ratios},
                "Operations over those of the value. Above, a Hessian times a vector, the gradient included: dotted, "
                f"Griewank and Walther's bound of {BOUND}. Below, a whole Hessian of Speelpenning's product (circles) "
                "and of Rosenbrock's valley (squares).",
                "Two panels against the number of inputs. Above, the lines of forward over reverse level off, that of "
                f"the product near 12 and that of the quotients near {d.last(QUOTIENTS, over):.0f}, both above the "
                "dotted line at 10, those of the network and of Rosenbrock's valley below it; forward over forward "
                "rises through all of them. Below, the Hessian of the product rises with n by forward over reverse "
                "and with its square by forward over forward; that of the valley stays level.",
            )
        },
        against=against(d),
        favoured="backprop below the second derivative",
    )


def tables(d: Found) -> dict[str, Table]:
    wide = d.ratios.pivot(index=["function", "numbers"], columns="mode", values="product / value").reset_index()
    wide.columns.name = None
    counted = d.table.drop(columns=["product / value", "Hessian / value", "deviation"])
    counted["hessian"] = [int(count) if count == count else "" for count in counted.hessian]
    return {
        "curvature": Table(
            counted, "Operations of the value, the gradient, a product with the Hessian and the Hessian"
        ),
        "ratios": Table(
            d.ratios, "A Hessian times a vector, with the gradient, over the value", exact=False, shown=wide.round(2)
        ),
    }


def against(d: Found) -> list[str]:
    rows = d.rows(PRODUCT, "reverse-over-forward").iloc[-1]
    return [
        "If nobody wants the gradient, backprop through dual numbers along v takes fewest on the product: "
        f"{rows.alone:,} operations of {int(d.last(PRODUCT, 'product')):,} by forward over reverse, since the gradient "
        "is not made on the way.",
    ]


@claim("Every mode gives the same product and the same Hessian, the gradient's as predicted from its graph.")
def all_the_same(d: Found) -> Judged:
    worst = float(d.table.deviation.max())
    predicted = (d.table.predicted == d.table.second).all()
    return worst < 1e-9 and predicted, f"to {worst:.0e} of the largest entry, in {len(d.table)} runs"


@claim("For Speelpenning's product the operations are 12n − 23, and 12n − 20 by backprop through dual numbers.")
def the_law_of_the_product(d: Found) -> Judged:
    rows = [
        (row, *LAWS[row["mode"]]) for _, row in d.table.iterrows() if row.function == PRODUCT and row["mode"] in LAWS
    ]
    holds = all(row["product"] == times * row.numbers - less for row, times, less in rows)
    largest = max(rows, key=lambda found: found[0].numbers)[0]
    return holds, f"in {len(rows)} runs, the largest {largest['product']:,} at n = {largest.numbers}"


@claim("The gradient included, a Hessian times a vector over the value tends to a constant, in each function.")
def tends_to_a_constant(d: Found) -> Judged:
    found = {name: d.growth(name, "product / value") for name in (PRODUCT, VALLEY, NETWORK, QUOTIENTS)}
    levels = ", ".join(f"{name} {d.last(name, 'product / value'):.2f}" for name in found)
    return all(abs(power) < 0.2 for power in found.values()), levels


@claim("Forward over forward takes n times as much: it grows with the number of inputs.")
def dual_numbers_grow(d: Found) -> Judged:
    found = {name: d.growth(name, "product / value", DUAL) for name in (PRODUCT, NETWORK, QUOTIENTS)}
    return all(0.8 < power < 1.2 for power in found.values()), "; ".join(
        f"{name} as n to the {power:.2f}" for name, power in found.items()
    )


@claim("A whole Hessian of the product takes n sweeps, and by forward over forward n².")
def a_hessian_takes_n_sweeps(d: Found) -> Judged:
    once, twice = (d.growth(PRODUCT, "Hessian / value", mode) for mode in (FIRST, DUAL))
    return abs(once - 1) < 0.15 and abs(twice - 2) < 0.15, f"over the value, n to the {once:.2f} and to the {twice:.2f}"


@claim(
    "What is structurally zero is not swept: Rosenbrock's Hessian, three diagonals, takes a constant times the value."
)
def zeros_are_free(d: Found) -> Judged:
    power = d.growth(VALLEY, "Hessian / value")
    return abs(power) < 0.1, f"{d.last(VALLEY, 'Hessian / value'):.2f} times the value, n to the {power:.2f}"


@claim(f"At equal weights {BOUND} times the value is no bound: a product takes up to 12, a quotient more.")
def the_bound_of_weights(d: Found) -> Judged:
    found = {name: d.last(name, "product / value") for name in (PRODUCT, QUOTIENTS, VALLEY, NETWORK)}
    beyond = found[QUOTIENTS] > found[PRODUCT] > BOUND and d.rows(PRODUCT)["product / value"].max() < 12
    return beyond and max(found[VALLEY], found[NETWORK]) < BOUND, ", ".join(
        f"{name} {ratio:.2f}" for name, ratio in found.items()
    )


@claim("Backprop below costs alike in either direction above it.")
def either_direction_above(d: Found) -> Judged:
    both = [d.table[d.table["mode"] == mode].reset_index()["product"] for mode in CHEAP[:2]]
    most = float((both[0] / both[1] - 1).abs().max())
    return most < 0.01, f"within {most:.2%} in {len(both[0])} functions and sizes"


def measure(point: Point) -> list[dict[str, Any]]:
    """A row for each mode: what the value, the gradient, a product with the Hessian and the Hessian execute."""
    f, x = FAMILIES[point.function].build(point.size)
    numbers = len(leaves(x))
    vector = iter(range(1, numbers + 1))
    v = replaced(x, lambda: math.cos(next(vector)))
    value, gradient = oc.measure(f, oc.wrap(x)).counts.total, oc.gradient(f, x).counts.total
    graph = oc.trace(lambda x: oc.gradient(f, x).gradient, x)
    expected = {FIRST: graph.predict_jvp().total, "reverse-over-reverse": graph.predict_vjp().total}
    rows, products, hessians = [], [], []
    for mode in oc.MODES:
        h = oc.hvp(f, x, v, mode)
        products.append(leaves(h.product))
        second = h.phases["second accumulation"].total
        whole = None
        if numbers <= (DUAL_UP_TO if mode == DUAL else HESSIANS_UP_TO):
            whole = oc.hessian(f, x, mode)
            hessians.append([entry for row in whole.matrix.tolist() for entry in row])
        rows.append({
            "function": point.function,
            "size": point.size,
            "numbers": numbers,
            "mode": mode,
            "value": value,
            "gradient": gradient,
            "product": h.counts.total,
            "second": second,
            "predicted": expected.get(mode, second),
            "alone": alone(f, x, v) if mode == "reverse-over-forward" else h.counts.total,
            "hessian": whole.counts.total if whole else None,
        })  # fmt: skip
    return [row | {"deviation": max(deviation(products), deviation(hessians))} for row in rows]


def alone(f: Callable[[Any], Any], x: Any, v: Any) -> int:
    """The operations of a product with the Hessian by backprop through dual numbers, without the gradient."""
    return int(oc.gradient(lambda x: oc.jvp(f, x, v).product, x).counts.total)


def deviation(results: list[list[float]]) -> float:
    """The largest difference between any two results, over the largest entry."""
    if not results:
        return 0.0
    largest = max(max(map(abs, result)) for result in results) or 1.0
    return float(max(max(column) - min(column) for column in zip(*results, strict=True)) / largest)


def leaves(x: Any) -> list[float]:
    if isinstance(x, dict):
        return [leaf for item in x.values() for leaf in leaves(item)]
    return [leaf for item in x for leaf in leaves(item)] if isinstance(x, (list, tuple)) else [x]


def replaced(x: Any, number: Callable[[], float]) -> Any:
    """Numbers in the structure of x."""
    if isinstance(x, dict):
        return {key: replaced(item, number) for key, item in x.items()}
    return [replaced(item, number) for item in x] if isinstance(x, (list, tuple)) else number()
