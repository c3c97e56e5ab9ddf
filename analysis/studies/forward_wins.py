"""When does forward win? Jacobians from one input and many outputs to many inputs and one output."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

import opcount as oc
from analysis.figures import orders
from analysis.programs.functions import Numbers
from analysis.programs.networks import total
from analysis.report.study import Claim, Figure, Run, Study, Table

# search is given few steps: from the best of the three before it, which it can only better
ORDERS: Final = ("forward", "reverse", "markowitz", "search", "column-by-column", "row-by-row")
SEARCH_STEPS: Final = 60
CONVENTIONS: Final = {False: "products by ±1 free", True: "every product counted"}
FREE, EVERY = CONVENTIONS.values()
LAYERS: Final = "layers"
PROGRAM: Final = "random program"
CHANGES: Final = 60  # of values in a random program, besides those that make it grow or shrink
EXECUTED_UP_TO: Final = 5_000  # operations
KEYS: Final = ["function", "seed", "inputs", "outputs", "convention"]


class Point(NamedTuple):
    """A function of so many inputs and outputs: layers of a hidden width, or a random program by its seed."""

    function: str
    inputs: int
    outputs: int
    width: int = 0
    seed: int = 0

    def build(self) -> tuple[Callable[[Numbers], list[Any]], list[float]]:
        if self.function == LAYERS:
            return layered((self.inputs, self.width, self.width, self.outputs))
        return random_map(self.seed, self.inputs, self.outputs)


def run(run: Run) -> Study:
    size = 36 if run.quick else 100
    width = math.isqrt(size)
    shapes = [(n, size // n) for n in range(1, size + 1) if size % n == 0]
    seeds = range(1, 5) if run.quick else range(1, 9)
    points = [Point(LAYERS, n, m, width=width) for n, m in shapes]
    points += [Point(PROGRAM, n, m, seed=seed) for n, m in shapes for seed in seeds]
    table = pd.DataFrame([row for rows in run.map(measure, points) for row in rows])

    wide = table.pivot(index=KEYS, columns="order", values="products").reset_index()
    wide.columns.name = None
    wide = wide.sort_values(["function", "convention", "seed", "inputs"], ascending=[True, False, True, True])
    balance = wide.reset_index(drop=True).assign(
        **{
            "inputs / outputs": decimals(wide.inputs, wide.outputs),
            "forward / reverse": decimals(wide.forward, wide.reverse),
        }
    )
    layers = {how: rows.set_index("inputs") for how, rows in wide[wide.function == LAYERS].groupby("convention")}
    programs = wide[wide.function == PROGRAM]
    free, every = layers[FREE], layers[EVERY]
    crossings = pd.DataFrame([crossing(how, rows) for how, rows in layers.items()])
    at = crossings.set_index("convention")["inputs / outputs"]
    tall, broad = free.iloc[0], free.iloc[-1]
    executed = table[table.executed == "yes"]
    mirrored = all(free.forward[n] == free.reverse[m] for n, m in shapes)
    by_width = (free.forward - free.reverse) == width * (width + 2) * (free.index - free.outputs)
    both = free[["forward", "reverse"]], every[["forward", "reverse"]]
    below = every[every.markowitz < both[1].min(axis=1)]
    square = every.loc[width]
    unit = wide[wide.convention == FREE]
    sloped = programs[programs.inputs != programs.outputs]
    unlike = sloped[(sloped.forward < sloped.reverse) != (sloped.inputs < sloped.outputs)]
    level = programs[programs.inputs == programs.outputs]
    bettered = wide[wide.search < wide[["forward", "reverse", "markowitz"]].min(axis=1)]
    other = programs[programs.convention == FREE]
    other = other.assign(best=other[["forward", "reverse"]].min(axis=1))

    claims = [
        Claim(
            "In layers, with products by ±1 free, forward takes fewer products exactly where there are fewer inputs "
            "than outputs.",
            bool(((free.forward < free.reverse) == (free.index < free.outputs)).all())
            and bool(((free.forward == free.reverse) == (free.index == free.outputs)).all()),
            f"n·m = {size}: {int(tall.forward):,} products forward and {int(tall.reverse):,} in reverse at n = 1, "
            f"{int(free.loc[width].forward):,} in both at n = m, {int(broad.forward):,} and {int(broad.reverse):,} at "
            "m = 1",
        ),
        Claim(
            "There forward on n inputs and m outputs is reverse on m inputs and n outputs, and the two differ in "
            "proportion to n - m.",
            mirrored and bool(by_width.all()),
            f"by h(h + 2)(n - m) products, h = {width} the width of the layers between, at {len(shapes)} shapes",
        ),
        Claim(
            "Where every product counts, the two do not cross at n = m exactly: there reverse takes fewer already.",
            bool(((every.forward < every.reverse) == (every.index < every.outputs)).all())
            and bool(square.reverse < square.forward),
            f"they cross at n/m = {at[EVERY]}, and at {at[FREE]} where products by ±1 are free; at n = m "
            f"{int(square.forward):,} products forward and {int(square.reverse):,} in reverse",
        ),
        Claim(
            "Markowitz' rule takes no more products than the worse of the two in layers, and with products by ±1 free "
            "no fewer than the better.",
            bool(
                all((rows.markowitz <= pair.max(axis=1)).all() for rows, pair in zip((free, every), both, strict=True))
            )
            and bool((free.markowitz >= both[0].min(axis=1)).all()),
            f"at all {len(shapes)} shapes; with products by ±1 free it takes up to "
            f"{max(free.markowitz / both[0].min(axis=1)):.2f} times those of the better",
        ),
        Claim(
            "Where every product counts, it takes fewer than both about n = m.",
            width in below.index and len(below) < len(shapes),
            f"at {len(below)} of {len(shapes)} shapes, from n = {below.index.min()} to {below.index.max()}; at n = m "
            f"{int(square.markowitz):,} products",
        ),
        Claim(
            "Search takes no more products than any of the three it starts from.",
            bool((wide.search <= wide[["forward", "reverse", "markowitz"]].min(axis=1)).all()),
            f"{len(wide)} functions, shapes and conventions, fewer at {len(bettered)} of them, in {SEARCH_STEPS} steps",
        ),
        Claim(
            "With products by ±1 free, all rows at once take the products of one after the other, and so do columns.",
            bool((unit.reverse == unit["row-by-row"]).all() and (unit.forward == unit["column-by-column"]).all()),
            f"{len(unit)} functions and shapes: nothing is shared between two outputs, or between two inputs",
        ),
        Claim(
            "In random programs the shape decides in at least nine of ten.",
            bool(len(unlike) <= len(sloped) / 10),
            f"of {len(sloped)} programs and conventions with more of one than of the other, {len(unlike)} go against "
            "their shape",
        ),
        Claim(
            "Wherever an accumulation was both executed and predicted, the two are equal.",
            len(executed) > 0
            and bool((executed["executed products"] == executed.products).all())
            and bool((executed["executed operations"] == executed.operations).all()),
            f"{len(executed)} executions, products and all operations",
        ),
    ]
    return Study(
        question="When does forward win?",
        answer=(
            "Where there are fewer inputs than outputs, and nowhere else, in layers whose structural ones are free: "
            f"at one input and {size} outputs it takes {int(tall.forward):,} products where reverse takes "
            f"{int(tall.reverse):,}, and the other way round it is the mirror image. A gradient has one output: that "
            f"is why backprop is reverse. In random programs the shape decides too, in {len(sloped) - len(unlike)} of "
            f"{len(sloped)}."
        ),
        claims=claims,
        tables={
            "products": Table(
                balance,
                "Products of a Jacobian, by shape and order",
                shown=balance[balance.function == LAYERS].drop(columns=["function", "seed", "inputs / outputs"]),
            ),
            "accumulations": Table(
                table,
                "The accumulation of every Jacobian, predicted, and executed where that is small",
                shown=table[(table.function == LAYERS) & (table.inputs == width)]
                .drop(columns=["function", "seed"])
                .reset_index(drop=True),
            ),
            "crossings": Table(crossings, "Where forward and reverse take as many products, in layers"),
        },
        figures={
            "products": Figure(
                orders.forward_wins,
                {"balance": balance, "crossings": crossings},
                f"Jacobians with n·m = {size}. Left and middle: layers of width {width}, in both conventions; dotted "
                "where forward and reverse cross. Right: forward over reverse in random programs, a dot each, and in "
                "layers, the line. Row by row and column by column coincide with reverse and forward.",
            )
        },
        against=[
            f"With one input and {size} outputs reverse takes {tall.reverse / tall.forward:.1f} times the products of "
            "forward.",
            f"Where products by ±1 are counted, neither is best near n = m: Markowitz' rule takes "
            f"{square.markowitz / square.reverse:.2f} times the products of reverse.",
            f"Neither is the best there is in random programs: {SEARCH_STEPS} steps of search find an order with fewer "
            f"products than both in {int((other.search < other.best).sum())} of {len(other)}, down to "
            f"{min(other.search / other.best):.2f} times.",
            f"At n = m the shape says nothing: in {len(level)} random programs and conventions forward takes fewer "
            f"products in {int((level.forward < level.reverse).sum())}.",
        ],
        favoured="reverse mode",
    )


# --- the functions


def layered(sizes: Sequence[int]) -> tuple[Callable[[Numbers], list[Any]], list[float]]:
    """Dense layers with tanh between them, in plain numbers: a function of the data, the weights are constants."""
    numbers = (math.sin(k) for k in range(1, sum(a * b for a, b in pairwise(sizes)) + 1))
    weights = [
        [[next(numbers) / math.sqrt(before) for _ in range(before)] for _ in range(after)]
        for before, after in pairwise(sizes)
    ]

    def f(x: Numbers) -> list[Any]:
        values = list(x)
        for depth, layer in enumerate(weights, 1):
            sums = [total([w * v for w, v in zip(row, values, strict=True)]) for row in layer]
            values = sums if depth == len(weights) else [np.tanh(s) for s in sums]
        return values

    return f, [math.cos(k) for k in range(sizes[0])]


def random_map(seed: int, inputs: int, outputs: int) -> tuple[Callable[[Numbers], list[Any]], list[float]]:
    """A random straight-line program of so many inputs and outputs, in which no value goes unused.

    It works on a list of values that grows or shrinks from the inputs to the outputs: a value is made of two and
    put beside them, or in their place, or changed.
    """

    def f(x: Numbers) -> list[Any]:
        draw = random.Random(f"{seed} {inputs} {outputs}")
        values = list(x)
        for step in range(1, CHANGES + 1):
            wanted = inputs + (outputs - inputs) * step // CHANGES
            while len(values) < wanted:
                values.append(draw.choice(BINARY)(draw.choice(values), draw.choice(values)))
            while len(values) > wanted:
                first, second = (values.pop(draw.randrange(len(values))) for _ in range(2))
                values.append(draw.choice(BINARY)(first, second))
            place = draw.randrange(len(values))
            values[place] = draw.choice(BINARY + UNARY)(values[place], draw.choice(values))
        return values

    return f, [math.cos(k) for k in range(inputs)]


BINARY: Final[list[Callable[[Any, Any], Any]]] = [
    lambda a, b: a * b,
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a / (2 + b * b),
]
UNARY: Final[list[Callable[[Any, Any], Any]]] = [lambda a, _: np.sin(a), lambda a, _: np.tanh(a)]


# --- what is counted


def measure(point: Point) -> list[dict[str, Any]]:
    """The accumulation in every order and in both conventions, predicted, and executed where that is small."""
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
                # the order that was found, so that it need not be searched for again
                chosen = elimination.order if order == "search" else order
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
    """The n/m at which forward and reverse take as many products: on a straight line between two shapes, log-log."""
    shapes = [
        (math.log(n / m), math.log(forward / reverse), forward)
        for n, m, forward, reverse in zip(rows.index, rows.outputs, rows.forward, rows.reverse, strict=True)
    ]
    for (left, under, before), (right, over, after) in pairwise(shapes):
        if under < 0 <= over:
            part = -under / (over - under)
            place = math.exp(left + part * (right - left))
            height = before ** (1 - part) * after**part
            return {"convention": convention, "inputs / outputs": f"{place:.3f}", "products": f"{height:.0f}"}
    return {"convention": convention, "inputs / outputs": "nan", "products": "nan"}


def decimals(counts: pd.Series, values: pd.Series) -> list[str]:
    return [f"{count / value:.4g}" for count, value in zip(counts, values, strict=True)]
