"""What does it save over a whole training run? Gradient descent on the question's network."""

from __future__ import annotations

from typing import Any

import pandas as pd

import opcount as oc
from analysis import plots
from analysis.networks import PARAMETERS, question_network, squared_residuals
from analysis.study import Claim, Figure, Run, Study, Table

START = {"w": [1.0, -1.0, -1.0, -1.0], "b": [0.0, 0.0, 0.0]}
RATE = 0.1
STEPS_AT_MOST = 20_000


def run(run: Run) -> Study:
    target = 0.5 if run.quick else 0.001
    runs = run.map(train, [(name, target) for name in oc.METHODS])
    table = pd.DataFrame([row for row, _ in runs])
    history = pd.DataFrame([row for _, rows in runs for row in rows])
    by_method = table.set_index("method")
    best = by_method.loc["backprop"]
    steps = int(best.steps)
    saved = by_method.loc["naive"].total / best.total
    claims = [
        Claim(
            f"Every method reaches a loss below {target:g}, in the same number of steps.",
            bool((table.steps == steps).all() and (table.steps < STEPS_AT_MOST).all()),
            f"steps: {', '.join(f'{name} {row.steps}' for name, row in by_method.iterrows())}",
        ),
        Claim(
            "No method does it with fewer operations than backprop.",
            bool((table.total >= best.total).all()),
            f"backprop {best.total:,}; the next {table[table.total > best.total].total.min():,}",
        ),
        Claim(
            "A step costs the same from the first to the last: counts do not depend on the values.",
            bool((table.total % table.steps.where(table.steps > 0, 1) == 0).all()),
            f"{best.total // steps} operations a step by backprop, {by_method.loc['finite-difference'].total // steps} by finite differences",
        ),
    ]
    return Study(
        question="What does it save over a whole training run?",
        answer=(
            f"Gradient descent brings the question's network below a loss of {target:g} in {steps:,} steps. With backprop that is "
            f"{best.total:,} operations; with naive recursion {saved:.2f} times as many, with forward mode "
            f"{by_method.loc['forward'].total / best.total:.2f} and with finite differences "
            f"{by_method.loc['finite-difference'].total / best.total:.2f} times. The factors are those of a single step, "
            "and at seven parameters they are modest."
        ),
        claims=claims,
        tables={
            "training": Table(table, f"Operations until the loss is below {target:g}"),
            "loss": Table(history, "The loss as operations are spent", exact=False, shown=None),
        },
        figures={
            "training": Figure(
                plots.training, {"history": history, "target": target}, "The same descent, at different prices: loss against operations spent."
            )
        },
        against=[f"On seven parameters naive recursion would have cost {saved:.2f} times as much: noticeable, not dramatic."],
    )


def train(task: tuple[str, float]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Descend with one method until the loss is below the target; all arithmetic on wrapped numbers."""
    method, target = task
    loss = squared_residuals(question_network)
    parameters: Any = START
    history = []
    with oc.count() as tally:
        for step in range(STEPS_AT_MOST):
            with oc.count() as once:
                g = oc.gradient(loss, parameters, method)
                if g.value < target:
                    break
                with oc.region("update"):
                    parameters = {
                        name: oc.unwrap([oc.wrap(p) - RATE * oc.wrap(d) for p, d in zip(parameters[name], g.gradient[name], strict=True)])
                        for name in PARAMETERS
                    }
            if step % 10 == 0:
                history.append({"method": method, "step": step, "loss": float(g.value), "operations": tally.counts.total})
    total = tally.counts - once.counts  # the last gradient found the target reached; its step was not taken
    row = {"method": method, "steps": step, "per_step": total.total // max(step, 1), "update": tally.regions["update"].total}
    return row | {"total": total.total}, history
