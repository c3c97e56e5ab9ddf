"""Is it the same gradient? The question's network by every method, in floats and in fractions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

import opcount as oc
from analysis.figures import recursion
from analysis.programs.methods import WITHOUT_STEPS
from analysis.programs.networks import (
    PARAMETER_NAMES,
    PARAMETERS,
    POINTS,
    Loss,
    exact_question,
    mlp,
    question_network,
    squared_residuals,
)
from analysis.report.study import Claims, Figure, Judged, Run, Study, Table
from opcount.typing import MethodName

EXACT = [name for name in WITHOUT_STEPS if name != "finite-difference"]
KINDS = ("mul", "div", "add", "sub", "neg", "exp", "log")

METHODS: tuple[MethodName, ...] = ("naive", "backprop")
WAYS: Mapping[str, Callable[[oc.Gradient], Any]] = {
    "products of the accumulation": lambda g: g.phases["accumulation"].mul,
    "products and sums of the accumulation": lambda g: g.phases["accumulation"].total,
    "all operations, evaluation included": lambda g: g.counts.total,
}

claim = Claims()


class Found:
    """The gradient by every method, in floats and in fractions, and what each method executed."""

    def __init__(self) -> None:
        loss = squared_residuals(question_network)
        gradients = {name: oc.gradient(loss, PARAMETERS, name) for name in WITHOUT_STEPS}
        self.floats = {name: flat(g) for name, g in gradients.items()}
        self.gradients = pd.DataFrame(self.floats, index=pd.Index(PARAMETER_NAMES, name="parameter"))
        exact_loss, exact_parameters = exact_question()
        self.fractions = {name: flat(oc.gradient(exact_loss, exact_parameters, name)) for name in EXACT}
        self.counts = pd.DataFrame(
            [
                {"method": name, "phase": phase} | {kind: part[kind] for kind in KINDS} | {"total": part.total}
                for name, g in gradients.items()
                for phase, part in {**g.phases, "all": g.counts}.items()
            ]
        )
        self.accumulation = self.counts[self.counts.phase == "accumulation"].set_index("method").total
        self.total = self.counts[self.counts.phase == "all"].set_index("method").total
        self.pairs = pd.DataFrame(pairs())
        self.first_page = self.pairs.iloc[0]
        backprop = self.floats["backprop"]
        self.errors = pd.DataFrame([difference_error(10.0**-k, loss, backprop) for k in range(1, 14)])


def run(run: Run) -> Study:
    d = Found()
    return Study(
        question="Is it the same gradient?",
        answer=answer(d),
        claims=claim.judged(d),
        tables=tables(d),
        figures=figures(d),
        against=[
            "On the question's own network nothing explodes. The naive recursion costs "
            f"{d.accumulation['naive'] / d.accumulation['backprop']:.2f} times the accumulation of backprop, and "
            f"{d.total['naive'] / d.total['backprop']:.2f} times its whole gradient: the shared prefixes, no more."
        ],
    )


def answer(d: Found) -> str:
    return (
        "Yes. The network of the question has one input, two hidden nodes and one output. Seven parameters, seven "
        f"methods, one gradient: in exact fractions the {len(EXACT)} methods that use the chain rule give identical "
        "numbers, and in floats backprop and the memoized recursion agree to the last bit. "
        "Nothing about backprop is a heuristic. Only finite differences, which do without the chain rule, are "
        f"approximate. With tanh and one data point, as on the first page, the gradient takes {d.first_page.naive} "
        f"products by naive recursion and {d.first_page.backprop} by backprop. Here the network is that of the "
        "question, with softplus and three data points, and sums count as well: the accumulation takes "
        f"{d.accumulation['naive']} operations by naive recursion and {d.accumulation['backprop']} by backprop; the "
        f"whole gradient, evaluation included, takes {d.total['naive']} and {d.total['backprop']}, and by finite "
        f"differences {d.total['finite-difference']}."
    )


def figures(d: Found) -> dict[str, Figure]:
    least = d.errors.loc[d.errors.error.idxmin()]
    return {
        "gradients": Figure(
            recursion.gradients,
            {"gradients": d.gradients},
            "One gradient by seven methods: in each row, the derivative with respect to one parameter.",
            "Seven rows, one for each parameter, with seven marks each, one for each method. In every row all seven "
            f"marks stand exactly above one another, from {d.gradients.backprop.min():.3f} at "
            f"{d.gradients.backprop.idxmin()} to {d.gradients.backprop.max():.3f} at {d.gradients.backprop.idxmax()}.",
        ),
        "difference_error": Figure(
            recursion.difference_error,
            {"errors": d.errors},
            "Finite differences come close and no further: their error falls with the square of the step, until "
            "rounding takes over.",
            "A line in the shape of a V, both scales logarithmic: as the step shrinks, the error falls from "
            f"{d.errors.error.iloc[0]:.0e} to {least.error:.0e} at a step of {least.step:g}, then rises again to "
            f"{d.errors.error.iloc[-1]:.0e}.",
        ),
    }


# --- the claims


@claim("In fractions, every chain-rule method gives exactly the same gradient.")
def one_gradient(d: Found) -> Judged:
    distinct = len({tuple(gradient) for gradient in d.fractions.values()})
    digits = max(len(str(part.denominator)) for part in d.fractions["backprop"])
    return distinct == 1, (
        f"{len(EXACT)} methods, {len(PARAMETER_NAMES)} parameters, {distinct} distinct gradient "
        f"(fractions with denominators of up to {digits} digits)"
    )


@claim("In floats, the memoized recursion and backprop agree bit for bit.")
def adjoints_agree(d: Found) -> Judged:
    return d.floats["memoized"] == d.floats["backprop"], "all 7 partial derivatives compare equal as floats"


@claim("In floats, the memoized tangent recursion and forward mode agree bit for bit.")
def tangents_agree(d: Found) -> Judged:
    return d.floats["memoized-tangent"] == d.floats["forward"], "all 7 partial derivatives compare equal as floats"


@claim("The two directions differ by rounding alone.")
def rounding_alone(d: Found) -> Judged:
    worst = max(relative_difference(d.floats[name], d.floats["backprop"]) for name in EXACT)
    return worst < 1e-13, "the largest relative difference between two chain-rule methods is below 1e-13"


@claim("Finite differences are an approximation, the others are not.")
def approximation(d: Found) -> Judged:
    best = d.errors.loc[d.errors.error.idxmin()]
    return 1e-14 < best.error < 1e-8, f"no step brings the error below 1e-14; the best of these steps is {best.step:g}"


@claim("On one data point every parameter has exactly one path to the loss: nothing can explode here.")
def one_path(d: Found) -> Judged:
    paths = oc.trace(squared_residuals(question_network, [(0.5, 1.0)]), PARAMETERS).paths()
    return paths == [1] * len(PARAMETER_NAMES), f"paths per parameter: {paths}"


# --- the tables


def tables(d: Found) -> dict[str, Table]:
    by_phase = d.counts[d.counts.phase != "all"].pivot(index="method", columns="phase", values="total")
    return {
        "gradients": Table(
            d.gradients,
            "The gradient of the squared residuals over three points, by every method",
            exact=False,
        ),
        "counts": Table(
            d.counts,
            "Operations by method and phase",
            shown=by_phase.loc[list(WITHOUT_STEPS), list(oc.PHASES)].assign(total=d.total),
        ),
        "pairs": Table(
            d.pairs,
            "The network 1-2-1 by naive recursion and by backprop, as it is counted on the first page and elsewhere",
            exact=False,
            text=("counted",),
        ),
        "difference_error": Table(d.errors, "Central differences: the largest error against the step", exact=False),
    }


def pairs() -> list[dict[str, Any]]:
    """What the question's network costs by naive recursion and by backprop, in each way in which it is counted here."""
    tanh, weights = mlp((1, 2, 1))
    cases: list[tuple[str, int, Loss, Any]] = [("tanh", 1, tanh, weights)]
    cases += [
        ("softplus", n, squared_residuals(question_network, POINTS[1:2] if n == 1 else POINTS), PARAMETERS)
        for n in (1, 3)
    ]
    rows = []
    for activation, points, loss, parameters in cases:
        naive, backprop = (oc.gradient(loss, parameters, method) for method in METHODS)
        for what, count in WAYS.items():
            network = {"activation": activation, "data points": points}
            rows.append({"counted": what, **network, "naive": count(naive), "backprop": count(backprop)})
    return rows


def flat(g: oc.Gradient) -> list[Any]:
    return [*g.gradient["w"], *g.gradient["b"]]


def difference_error(step: float, loss: Loss, exact: list[Any]) -> dict[str, float]:
    approximate = flat(oc.gradient(loss, PARAMETERS, "finite-difference", step=step))
    return {"step": step, "error": max(abs(a - b) for a, b in zip(approximate, exact, strict=True))}


def relative_difference(a: list[Any], b: list[Any]) -> float:
    return max(abs(float(p - q) / float(q)) for p, q in zip(a, b, strict=True))
