"""What does it save over a whole training run? Gradient descent on the question's network."""

from __future__ import annotations

from typing import Any

import pandas as pd

import opcount as oc
from analysis.figures import training
from analysis.programs.methods import WITHOUT_STEPS
from analysis.programs.networks import question_network, squared_residuals
from analysis.report.study import Claims, Figure, Judged, Run, Study, Table
from opcount.typing import MethodName

START = {"w": [1.0, -1.0, -1.0, -1.0], "b": [0.0, 0.0, 0.0]}
RATE = 0.1
STEPS_AT_MOST = 20_000


claim = Claims()


class Found:
    """The training by each method: the steps that it took, and its operations by phase."""

    def __init__(self, target: float, table: pd.DataFrame) -> None:
        self.target, self.table = target, table
        by_method = table.set_index("method")
        self.backprop = by_method.loc["backprop"]
        self.factor = by_method.total / self.backprop.total


def run(run: Run) -> Study:
    target = 0.5 if run.quick else 0.001
    d = Found(target, pd.DataFrame(run.map(train, [(name, target) for name in WITHOUT_STEPS])))
    return Study(
        question="What does it save over a whole training run?",
        answer=(
            f"Gradient descent brings the question's network below a loss of {target:g} in {d.backprop.steps:,} steps. "
            f"With backprop that takes {d.backprop.total:,} operations, with naive recursion {d.factor['naive']:.2f} "
            f"times as many, with forward mode {d.factor['forward']:.2f} and with finite differences "
            f"{d.factor['finite-difference']:.2f} times. The factors are those of a single step; at seven parameters "
            "they are modest."
        ),
        claims=claim.judged(d),
        tables={"training": Table(d.table, f"Operations until the loss is below {target:g}, three data points a step")},
        figures={
            "training": Figure(
                training.training,
                {"table": d.table},
                "The same descent at different prices, by phase.",
                "Seven bars, one for each method. Backprop and the memoized recursion are the shortest, "
                f"{d.backprop.total:,} operations each; naive recursion is {d.factor['naive']:.2f} times as long, "
                f"forward mode {d.factor['forward']:.2f} and finite differences {d.factor['finite-difference']:.2f} "
                "times, nearly all of it evaluation.",
            )
        },
        against=[
            f"On seven parameters the naive recursion costs {d.factor['naive']:.2f} times as much over the whole "
            "training: noticeable, not dramatic."
        ],
    )


@claim("Every method reaches a loss below {0.target:g}, in the same number of steps.")
def same_steps(d: Found) -> Judged:
    steps = d.backprop.steps
    holds = (d.table.steps == steps).all() and steps < STEPS_AT_MOST
    return holds, f"{steps:,} steps, by each of {len(d.table)} methods"


@claim("No method does it with fewer operations than backprop.")
def none_cheaper(d: Found) -> Judged:
    total, best = d.table.total, d.backprop.total
    return (total >= best).all(), f"backprop {best:,}, the cheapest that differs {total[total > best].min():,}"


@claim("Every step costs the same: counts depend on the program, not on the numbers in it.")
def steps_cost_the_same(d: Found) -> Judged:
    holds = (d.table.cheapest_step == d.table.dearest_step).all()
    return holds, f"{d.backprop.cheapest_step} operations a step by backprop, first to last"


def train(task: tuple[MethodName, float]) -> dict[str, Any]:
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
