"""What does it save over a whole training run? Gradient descent on the question's network."""

from __future__ import annotations

from typing import Any

import pandas as pd

import opcount as oc
from analysis.figures import training
from analysis.programs.networks import question_network, squared_residuals
from analysis.report.study import Claim, Figure, Run, Study, Table

START = {"w": [1.0, -1.0, -1.0, -1.0], "b": [0.0, 0.0, 0.0]}
RATE = 0.1
STEPS_AT_MOST = 20_000


def run(run: Run) -> Study:
    target = 0.5 if run.quick else 0.001
    table = pd.DataFrame(run.map(train, [(name, target) for name in oc.METHODS]))
    by_method = table.set_index("method")
    best = by_method.loc["backprop"]
    steps = int(best.steps)
    times = {name: row.total / best.total for name, row in by_method.iterrows()}
    claims = [
        Claim(
            f"Every method reaches a loss below {target:g}, in the same number of steps.",
            bool((table.steps == steps).all() and steps < STEPS_AT_MOST),
            f"{steps:,} steps, by each of {len(table)} methods",
        ),
        Claim(
            "No method does it with fewer operations than backprop.",
            bool((table.total >= best.total).all()),
            f"backprop {best.total:,}, the cheapest that differs {table[table.total > best.total].total.min():,}",
        ),
        Claim(
            "Every step costs the same: counts depend on the program, not on the numbers in it.",
            bool((table.cheapest_step == table.dearest_step).all()),
            f"{best.cheapest_step} operations a step by backprop, first to last",
        ),
    ]
    return Study(
        question="What does it save over a whole training run?",
        answer=(
            f"Gradient descent brings the question's network below a loss of {target:g} in {steps:,} steps. "
            "With backprop "
            f"that takes {best.total:,} operations, with naive recursion {times['naive']:.2f} times as many, "
            "with forward "
            f"mode {times['forward']:.2f} and with finite differences {times['finite-difference']:.2f} times. "
            "The factors "
            "are those of a single step; at seven parameters they are modest."
        ),
        claims=claims,
        tables={"training": Table(table, f"Operations until the loss is below {target:g}")},
        figures={
            "training": Figure(training.training, {"table": table}, "The same descent at different prices, by phase.")
        },
        against=[
            f"On seven parameters the naive recursion costs {times['naive']:.2f} times as much over the whole "
            "training: "
            "noticeable, not dramatic."
        ],
    )


def train(task: tuple[str, float]) -> dict[str, Any]:
    """Descend with one method until the loss is below the target, and count every step that was taken."""
    method, target = task
    loss = squared_residuals(question_network)
    parameters: Any = START
    phases = dict.fromkeys((*oc.PHASES, "update"), 0)
    costs = []
    for steps in range(STEPS_AT_MOST + 1):
        g = oc.gradient(loss, parameters, method)
        if g.value < target or steps == STEPS_AT_MOST:
            break
        parameters, update = oc.measure(descend, parameters, g.gradient)
        spent = {phase: counts.total for phase, counts in g.phases.items()} | {"update": update.total}
        phases = {phase: phases[phase] + spent[phase] for phase in phases}
        costs.append(sum(spent.values()))
    return {
        "method": method,
        "steps": steps,
        **phases,
        "total": sum(costs),
        "cheapest_step": min(costs),
        "dearest_step": max(costs),
    }


def descend(parameters: Any, gradient: Any) -> Any:
    return {
        name: [value - RATE * slope for value, slope in zip(parameters[name], gradient[name], strict=True)]
        for name in parameters
    }
