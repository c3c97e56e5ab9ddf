"""When does forward win? Jacobians of functions from one input and many outputs to many inputs and one output."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

import pandas as pd

import opcount as oc
from analysis.figures import orders
from analysis.programs.functions import Numbers
from analysis.programs.networks import layered, random_map
from analysis.report.study import Claims, Figure, Judged, Run, Study, Table
from opcount.typing import OrderName

# the search starts from the best of the three before it, which it can only improve on, and has few steps
ORDERS: Final[tuple[OrderName, ...]] = ("forward", "reverse", "markowitz", "search", "column-by-column", "row-by-row")
SEARCH_STEPS: Final = 60
CONVENTIONS: Final = {False: "products by ±1 free", True: "every product counted"}
FREE, EVERY = CONVENTIONS.values()
LAYERS: Final = "layers"
PROGRAM: Final = "random program"
EXECUTED_UP_TO: Final = 5_000  # operations
KEYS: Final = ["function", "seed", "inputs", "outputs", "convention"]


class Point(NamedTuple):
    """A function with so many inputs and outputs: layers of a hidden width, or a random program by its seed."""

    function: str
    inputs: int
    outputs: int
    width: int = 0
    seed: int = 0

    def build(self) -> tuple[Callable[[Numbers], list[Any]], list[float]]:
        if self.function == LAYERS:
            return layered((self.inputs, self.width, self.width, self.outputs))
        return random_map(self.seed, self.inputs, self.outputs)


claim = Claims()


class Found:
    """Products by function and shape, a column for each order: in layers by convention, and in random programs."""

    def __init__(self, table: pd.DataFrame, size: int) -> None:
        self.table, self.size, self.width = table, size, math.isqrt(size)
        wide = table.pivot(index=KEYS, columns="order", values="products").reset_index()
        wide.columns.name = None
        self.all = wide.sort_values(["function", "convention", "seed", "inputs"], ascending=[True, False, True, True])
        self.best = self.all[["forward", "reverse", "markowitz"]].min(axis=1)
        layers = self.all[self.all.function == LAYERS].set_index("inputs")
        self.free, self.every = (layers[layers.convention == how] for how in (FREE, EVERY))
        self.crossings = pd.DataFrame([crossing(how, rows) for how, rows in ((EVERY, self.every), (FREE, self.free))])
        self.programs = self.all[self.all.function == PROGRAM]
        sloped = self.programs[self.programs.inputs != self.programs.outputs]
        self.sloped = len(sloped)
        self.unlike = int(((sloped.forward < sloped.reverse) != (sloped.inputs < sloped.outputs)).sum())
        self.tall, self.square, self.broad = self.free.iloc[0], self.every.loc[self.width], self.free.iloc[-1]

    def balance(self) -> pd.DataFrame:
        quotients = {
            "inputs / outputs": decimals(self.all.inputs, self.all.outputs),
            "forward / reverse": decimals(self.all.forward, self.all.reverse),
        }
        return self.all.reset_index(drop=True).assign(**quotients)


def run(run: Run) -> Study:
    size = 36 if run.quick else 100
    shapes = [(n, size // n) for n in range(1, size + 1) if size % n == 0]
    points = [Point(LAYERS, n, m, width=math.isqrt(size)) for n, m in shapes]
    points += [Point(PROGRAM, n, m, seed=seed) for n, m in shapes for seed in range(1, 5 if run.quick else 9)]
    d = Found(pd.DataFrame([row for rows in run.map(measure, points) for row in rows]), size)
    return Study(
        question="When does forward win?",
        answer=(
            "If there are fewer inputs than outputs, and only then, in layers whose structural ones are free: "
            f"at one input and {size} outputs it takes {int(d.tall.forward):,} products where reverse takes "
            f"{int(d.tall.reverse):,}, and the other way round it is the mirror image. A gradient has one output: "
            f"that is why backprop is reverse. In random programs the shape decides too, in {d.sloped - d.unlike} of "
            f"{d.sloped}."
        ),
        claims=claim.judged(d),
        tables=tables(d),
        figures={
            "products": Figure(
                orders.forward_wins,
                {"balance": d.balance(), "crossings": d.crossings},
                f"Jacobians with n·m = {size}. The upper two: layers of width {d.width}, in both conventions; dotted "
                "where forward and reverse cross. Below: forward over reverse in random programs, a mark each, and in "
                "layers, the line. Row by row and column by column coincide with reverse and forward.",
                "Three panels against inputs over outputs. In the upper two forward rises and reverse falls, and they "
                "cross in the middle, where there are as many inputs as outputs; Markowitz and search follow the lower "
                f"of the two. At one input forward takes {int(d.tall.forward):,} products and reverse "
                f"{int(d.tall.reverse):,}. In the lowest, marks of random programs scatter about a rising line.",
            )
        },
        against=against(d),
        favoured="reverse mode",
    )


def tables(d: Found) -> dict[str, Table]:
    balance = d.balance()
    accumulations = d.table[(d.table.function == LAYERS) & (d.table.inputs == d.width)]
    return {
        "products": Table(
            balance,
            "Products of a Jacobian, by shape and order",
            shown=balance[balance.function == LAYERS].drop(columns=["function", "seed", "inputs / outputs"]),
        ),
        "accumulations": Table(
            d.table,
            "The accumulation of every Jacobian, predicted, and executed if it is small",
            shown=accumulations.drop(columns=["function", "seed"]).reset_index(drop=True),
        ),
        "crossings": Table(d.crossings, "Shapes at which forward and reverse take equally many products, in layers"),
    }


def against(d: Found) -> list[str]:
    level = d.programs[d.programs.inputs == d.programs.outputs]
    free = d.programs[d.programs.convention == FREE]
    better = free[["forward", "reverse"]].min(axis=1)
    return [
        f"With one input and {d.size} outputs reverse takes {d.tall.reverse / d.tall.forward:.1f} times the products "
        "of forward.",
        f"If products by ±1 are counted, neither is best near n = m: Markowitz's rule takes "
        f"{d.square.markowitz / d.square.reverse:.2f} times the products of reverse.",
        f"In random programs neither is optimal: {SEARCH_STEPS} steps of search find an order with fewer "
        f"products than both in {int((free.search < better).sum())} of {len(free)}, down to "
        f"{min(free.search / better):.2f} times.",
        f"At n = m the shape says nothing: in {len(level)} random programs and conventions forward takes fewer "
        f"products in {int((level.forward < level.reverse).sum())}.",
    ]


# --- the claims


@claim(
    "In layers, with products by ±1 free, forward takes fewer products exactly where there are fewer inputs than "
    "outputs."
)
def shape_decides_in_layers(d: Found) -> Judged:
    free, middle = d.free, int(d.free.forward[d.width])
    holds = ((free.forward < free.reverse) == (free.index < free.outputs)).all() and (
        (free.forward == free.reverse) == (free.index == free.outputs)
    ).all()
    return holds, (
        f"n·m = {d.size}: {int(d.tall.forward):,} products forward and {int(d.tall.reverse):,} in reverse at n = 1, "
        f"{middle:,} in both at n = m, {int(d.broad.forward):,} and {int(d.broad.reverse):,} at m = 1"
    )


@claim(
    "There forward on n inputs and m outputs is reverse on m inputs and n outputs, and the two differ in proportion to "
    "n - m."
)
def mirror_image(d: Found) -> Judged:
    free, h = d.free, d.width
    mirrored = all(free.forward[n] == free.reverse[m] for n, m in free.outputs.items())
    by_width = (free.forward - free.reverse) == h * (h + 2) * (free.index - free.outputs)
    return mirrored and by_width.all(), (
        f"by h(h + 2)(n - m) products, h = {h} the width of the layers between, at {len(free)} shapes"
    )


@claim("Where every product counts, the two do not cross at n = m exactly: there reverse takes fewer already.")
def crossing_is_moved(d: Found) -> Judged:
    every, square, at = d.every, d.square, d.crossings.set_index("convention")["inputs / outputs"]
    holds = ((every.forward < every.reverse) == (every.index < every.outputs)).all() and square.reverse < square.forward
    return holds, (
        f"they cross at n/m = {at[EVERY]}, and at {at[FREE]} where products by ±1 are free; at n = m "
        f"{int(square.forward):,} products forward and {int(square.reverse):,} in reverse"
    )


@claim(
    "Markowitz' rule takes no more products than the worse of the two in layers, and with products by ±1 free no fewer "
    "than the better."
)
def markowitz_lies_between(d: Found) -> Judged:
    better = d.free[["forward", "reverse"]].min(axis=1)
    holds = (
        all((rows.markowitz <= rows[["forward", "reverse"]].max(axis=1)).all() for rows in (d.free, d.every))
        and (d.free.markowitz >= better).all()
    )
    return holds, (
        f"at all {len(d.free)} shapes; with products by ±1 free it takes up to {max(d.free.markowitz / better):.2f} "
        "times those of the better"
    )


@claim("Where every product counts, it takes fewer than both about n = m.")
def markowitz_wins_in_the_middle(d: Found) -> Judged:
    below = d.every[d.every.markowitz < d.every[["forward", "reverse"]].min(axis=1)]
    return d.width in below.index and len(below) < len(d.every), (
        f"at {len(below)} of {len(d.every)} shapes, from n = {below.index.min()} to {below.index.max()}; at n = m "
        f"{int(d.square.markowitz):,} products"
    )


@claim("Search takes no more products than any of the three orders it starts from.")
def search_betters(d: Found) -> Judged:
    return (d.all.search <= d.best).all(), (
        f"{len(d.all)} functions, shapes and conventions, fewer at {int((d.all.search < d.best).sum())} of them, in "
        f"{SEARCH_STEPS} steps"
    )


@claim("With products by ±1 free, all rows at once take as many products as one after the other, and so do columns.")
def nothing_is_shared(d: Found) -> Judged:
    free = d.all[d.all.convention == FREE]
    return (free.reverse == free["row-by-row"]).all() and (free.forward == free["column-by-column"]).all(), (
        f"{len(free)} functions and shapes: nothing is shared between two outputs, or between two inputs"
    )


@claim("In random programs the shape decides in at least nine of ten.")
def shape_decides_in_programs(d: Found) -> Judged:
    return d.unlike <= d.sloped / 10, (
        f"of {d.sloped} programs and conventions with more of one than of the other, {d.unlike} go against their shape"
    )


@claim("Wherever an accumulation was both executed and predicted, the two are equal.")
def executed_as_predicted(d: Found) -> Judged:
    executed = d.table[d.table.executed == "yes"]
    holds = (
        len(executed) > 0
        and (executed["executed products"] == executed.products).all()
        and (executed["executed operations"] == executed.operations).all()
    )
    return holds, f"{len(executed)} executions, products and all operations"


# --- what is counted


def measure(point: Point) -> list[dict[str, Any]]:
    """The accumulation in every order and in both conventions, predicted, and executed if it is small."""
    f, x = point.build()
    graph = oc.trace(f, x, granularity="scalar")
    rows = []
    for unit_products, convention in CONVENTIONS.items():
        for order in ORDERS:
            options: dict[str, Any] = {"unit_products": unit_products}
            if order == "search":
                options["steps"] = SEARCH_STEPS
            elimination = graph.elimination(order, **options)
            predicted, executed = elimination.counts, None
            if predicted.total <= EXECUTED_UP_TO:
                # the order that the search found, so as not to search again
                chosen: Sequence[int] | OrderName = elimination.order if order == "search" else order
                executed = oc.jacobian(f, x, chosen, unit_products=unit_products).counts
            rows.append(
                {
                    "function": point.function,
                    "seed": point.seed,
                    "inputs": point.inputs,
                    "outputs": point.outputs,
                    "convention": convention,
                    "order": order,
                    "products": predicted.mul,
                    "operations": predicted.total,
                    "executed": "no" if executed is None else "yes",
                    "executed products": 0 if executed is None else executed.mul,
                    "executed operations": 0 if executed is None else executed.total,
                }
            )
    return rows


def crossing(convention: str, rows: pd.DataFrame) -> dict[str, str]:
    """The n/m at which forward and reverse take equally many products, interpolated between two shapes, log-log."""
    shapes = [
        (math.log(n / m), math.log(forward / reverse), forward)
        for n, m, forward, reverse in zip(rows.index, rows.outputs, rows.forward, rows.reverse, strict=True)
    ]
    for (left, under, before), (right, over, after) in pairwise(shapes):
        if under < 0 <= over:
            part = -under / (over - under)
            ratio = math.exp(left + part * (right - left))
            height = before ** (1 - part) * after**part
            return {"convention": convention, "inputs / outputs": f"{ratio:.3f}", "products": f"{height:.0f}"}
    return {"convention": convention, "inputs / outputs": "nan", "products": "nan"}


def decimals(counts: pd.Series, values: pd.Series) -> list[str]:
    return [f"{count / value:.4g}" for count, value in zip(counts, values, strict=True)]
