"""What is counted: each method on one network of the family, from shapes, predicted, and executed."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

import opcount as oc
from analysis.programs.methods import WITHOUT_STEPS
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
from analysis.programs.polynomials import Polynomial, of_symbols
from opcount.typing import MethodName

FAMILY: Final = ("m", "2*m", "m")
SIZES: Final = (1, 2, 3, 5, 8, 13, 20, 32, 50, 100, 200, 500, 1600, 5000, 16_000, 50_000, 160_000)
NUMBERS: Final = "naive, a node a number"  # the naive recursion with each number of an array as a node
DEEP: Final = (100, 1000)  # layers, and their width


class Point(NamedTuple):
    """One network of the family, and the most parameters for which methods are executed on it.

    The bounds are for methods that evaluate once, for those that evaluate for each parameter, and for scalar graphs.
    """

    m: int
    once_up_to: int
    each_up_to: int
    scalar_up_to: int


class Sizes(NamedTuple):
    """A network of random sizes; methods that evaluate for each parameter are executed only if it is small."""

    sizes: tuple[int, int, int]
    methods: tuple[MethodName, ...]


def measure(point: Point) -> list[dict[str, Any]]:
    """Every method on one network of the family, from shapes, and executed if that takes seconds at most."""
    m = point.m
    sizes = (m, 2 * m, m)
    parameters = parameter_count(sizes)
    row = {"m": m, "parameters": parameters}
    rows = []
    if m in SIZES:
        f, x = dense(sizes, array=oc.spec)
        rows += [counted(row, "from shapes", f, x, method) for method in WITHOUT_STEPS]
    if m in SIZES and parameters <= point.once_up_to:
        f, x = dense(sizes)
        methods = [
            method
            for method, about in WITHOUT_STEPS.items()
            if about.direction == "adjoint" or parameters <= point.each_up_to
        ]
        rows += [counted(row, "executed", f, x, method) for method in methods]
    if parameters <= point.scalar_up_to:
        rows += scalar_by_scalar(row, sizes)
    return rows


def scalar_by_scalar(row: dict[str, Any], sizes: tuple[int, ...]) -> list[dict[str, Any]]:
    """The naive recursion with each number as a node: predicted, and executed on small networks."""
    f, x = dense(sizes)
    loop = oc.gradient(f, x, "backprop", granularity="scalar")
    predicted = {**loop.phases, "accumulation": oc.trace(f, x, granularity="scalar").predict("naive")}
    rows = [{**row, "method": NUMBERS, "how": "predicted", **of_one_evaluation(predicted)}]
    if row["parameters"] < 300:
        executed = oc.gradient(f, x, "naive", granularity="scalar").phases
        rows.append({**row, "method": NUMBERS, "how": "executed", **of_one_evaluation(executed)})
    return rows


def counted(row: dict[str, Any], how: str, f: Loss, x: Any, method: MethodName) -> dict[str, Any]:
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
def formula(sizes: tuple[str, ...], dimensions: tuple[str, ...], method: MethodName) -> dict[str, Polynomial]:
    """The operations of a method by phase, on a network whose sizes are symbols."""
    f, x = dense(sizes, array=oc.spec)
    counts = totals(oc.gradient(f, x, method).phases)
    return {phase: of_symbols(dimensions, count) for phase, count in counts.items()}


def drawn(quick: bool) -> list[Sizes]:
    draw = random.Random(7)
    few, many = (6, 2) if quick else (16, 8)
    every = tuple(WITHOUT_STEPS)
    once = tuple(name for name, method in WITHOUT_STEPS.items() if method.direction == "adjoint")
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
    """The counts of the smallest network, phase by phase, beside those of the question's, at one data point."""
    w, b = PARAMETERS["w"], PARAMETERS["b"]
    layers = [{"w": np.array([w[:2]]), "b": np.array(b[:2])}, {"w": np.array([[w[2]], [w[3]]]), "b": np.array(b[2:])}]
    (point,) = POINTS[1:2]
    in_matrices = dense_loss(np.array([[point[0]]]), np.array([[point[1]]]))
    in_numbers = squared_residuals(question_network, [point])
    rows: list[dict[str, Any]] = []
    for method in WITHOUT_STEPS:
        one = oc.gradient(in_matrices, layers, method, granularity="scalar")
        other = oc.gradient(in_numbers, PARAMETERS, method)
        rows += [{"method": method, "here": one.phases[phase], "question": other.phases[phase]} for phase in oc.PHASES]
        if oc.METHODS[method].direction == "adjoint":  # the direction in an array is dense for tangent methods
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
