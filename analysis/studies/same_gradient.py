"""Is it the same gradient? The question's network by every method, in floats and in fractions."""

from __future__ import annotations

from typing import Any

import pandas as pd

import opcount as oc
from analysis.figures import recursion
from analysis.programs.networks import (
    PARAMETER_NAMES,
    PARAMETERS,
    Loss,
    exact_question,
    question_network,
    squared_residuals,
)
from analysis.report.study import Claim, Figure, Run, Study, Table

EXACT = [name for name in oc.METHODS if name != "finite-difference"]


def run(run: Run) -> Study:
    loss = squared_residuals(question_network)
    gradients = {name: oc.gradient(loss, PARAMETERS, name) for name in oc.METHODS}
    values = pd.DataFrame(
        {name: flat(g) for name, g in gradients.items()}, index=pd.Index(PARAMETER_NAMES, name="parameter")
    )

    exact_loss, exact_parameters = exact_question()
    fractions = {name: flat(oc.gradient(exact_loss, exact_parameters, name)) for name in EXACT}
    distinct = len({tuple(gradient) for gradient in fractions.values()})
    digits = max(len(str(part.denominator)) for part in fractions["backprop"])

    one_point = squared_residuals(question_network, [(0.5, 1.0)])
    paths = oc.trace(one_point, PARAMETERS).paths()
    counts = pd.DataFrame(
        [
            {"method": name, "phase": phase} | {kind: part[kind] for kind in KINDS} | {"total": part.total}
            for name, g in gradients.items()
            for phase, part in {**g.phases, "all": g.counts}.items()
        ]
    )
    accumulation = counts[counts.phase == "accumulation"].set_index("method").total
    whole = counts[counts.phase == "all"].set_index("method").total
    errors = pd.DataFrame([difference_error(10.0**-k, loss, flat(gradients["backprop"])) for k in range(1, 14)])
    best = errors.loc[errors.error.idxmin()]
    worst = max(relative_difference(flat(gradients[name]), flat(gradients["backprop"])) for name in EXACT)

    claims = [
        Claim(
            "In fractions, every chain-rule method gives exactly the same gradient.",
            distinct == 1,
            f"{len(EXACT)} methods, {len(PARAMETER_NAMES)} parameters, {distinct} distinct gradient "
            f"(fractions with denominators of up to {digits} digits)",
        ),
        Claim(
            "In floats, the memoized recursion and backprop agree bit for bit.",
            flat(gradients["memoized"]) == flat(gradients["backprop"]),
            "all 7 partial derivatives compare equal as floats",
        ),
        Claim(
            "In floats, the memoized tangent recursion and forward mode agree bit for bit.",
            flat(gradients["memoized-tangent"]) == flat(gradients["forward"]),
            "all 7 partial derivatives compare equal as floats",
        ),
        Claim(
            "The two directions differ by rounding alone.",
            worst < 1e-13,
            "the largest relative difference between two chain-rule methods is below 1e-13",
        ),
        Claim(
            "Finite differences are an approximation, the others are not.",
            1e-14 < best.error < 1e-8,
            f"no step brings the error below 1e-14; the best of these steps is {best.step:g}",
        ),
        Claim(
            "On one data point every parameter has exactly one path to the loss: nothing can explode here.",
            paths == [1] * len(PARAMETER_NAMES),
            f"paths per parameter: {paths}",
        ),
    ]
    return Study(
        question="Is it the same gradient?",
        answer=(
            f"Yes. Seven parameters, seven methods, one gradient: in exact fractions the {len(EXACT)} methods "
            "that use the "
            "chain rule give identical numbers, and in floats backprop and the memoized recursion agree to "
            "the last bit. "
            "Nothing about backprop is a heuristic. Only finite differences, which do without the chain rule, are "
            f"approximate. On this network the accumulation takes {accumulation['naive']} operations by naive "
            "recursion and "
            f"{accumulation['backprop']} by backprop; the whole gradient, evaluation included, takes "
            f"{whole['naive']} and "
            f"{whole['backprop']}, and by finite differences {whole['finite-difference']}."
        ),
        claims=claims,
        tables={
            "gradients": Table(
                values, "The gradient of the squared residuals over three points, by every method", exact=False
            ),
            "counts": Table(
                counts,
                "Operations by method and phase",
                shown=counts[counts.phase != "all"]
                .pivot(index="method", columns="phase", values="total")
                .loc[list(oc.METHODS), list(oc.PHASES)]
                .assign(total=whole),
            ),
            "difference_error": Table(errors, "Central differences: the largest error against the step", exact=False),
        },
        figures={
            "difference_error": Figure(
                recursion.difference_error,
                {"errors": errors},
                "The error of central differences falls with the square of the step, until rounding takes over.",
            )
        },
        against=[
            "On the question's own network nothing explodes. The naive recursion costs "
            f"{accumulation['naive'] / accumulation['backprop']:.2f} times the accumulation of backprop, and "
            f"{whole['naive'] / whole['backprop']:.2f} times its whole gradient: the shared prefixes, no more."
        ],
    )


KINDS = ("mul", "div", "add", "sub", "neg", "exp", "log")


def flat(g: oc.Gradient) -> list[Any]:
    return [*g.gradient["w"], *g.gradient["b"]]


def difference_error(step: float, loss: Loss, exact: list[Any]) -> dict[str, float]:
    approximate = flat(oc.gradient(loss, PARAMETERS, "finite-difference", step=step))
    return {"step": step, "error": max(abs(a - b) for a, b in zip(approximate, exact, strict=True))}


def relative_difference(a: list[Any], b: list[Any]) -> float:
    return max(abs(float(p - q) / float(q)) for p, q in zip(a, b, strict=True))
