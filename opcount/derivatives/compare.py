"""The methods side by side: what each executes on the same function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from opcount.arrays.wrap import Tree
from opcount.counting.budgets import BudgetLike, asked
from opcount.counting.counts import Counts
from opcount.counting.tally import count
from opcount.derivatives.checkpointed import recomputed
from opcount.derivatives.choices import Granularity, MethodName
from opcount.derivatives.gradient import gradient
from opcount.derivatives.methods import METHODS, Method, method_named
from opcount.derivatives.phases import data_frame
from opcount.derivatives.trace import trace, wrapped
from opcount.wrapping.inputs import checked_budget, checked_inputs, of_one_argument
from opcount.wrapping.spec import Spec

if TYPE_CHECKING:
    import pandas as pd


def compare(
    f: Callable[..., Any],
    x: Tree,
    *,
    methods: MethodName | Sequence[MethodName] | None = None,
    budget: BudgetLike | float = 1_000_000,
    granularity: Granularity = "array",
) -> pd.DataFrame:
    """The counts of every method on the same function, a row for each method and phase.

    >>> import opcount as oc
    >>> table = oc.compare(lambda x: x[0] * x[0] * x[1], [3.0, 4.0])
    >>> accumulation = table[table.phase == "accumulation"].set_index("method").total
    >>> int(accumulation["naive"]), int(accumulation["backprop"]), int(accumulation["forward"])
    (3, 3, 2)

    Columns: `method`, `phase`, a column for each kind that occurs, `total`, and `executed`:
    a method that would execute more than `budget` operations is not run, and its rows are the
    exact prediction. Needs pandas. Raises what `gradient` raises.
    """
    return data_frame(compared(f, x, methods, budget, granularity))


def compared(
    f: Callable[..., Any],
    x: Tree,
    methods: MethodName | Sequence[MethodName] | None = None,
    budget: BudgetLike | float = 1_000_000,
    granularity: Granularity = "array",
) -> list[dict[str, Any]]:
    """The rows of the table that `compare` gives, each with its `counts`."""
    limits = checked_budget(budget)
    if isinstance(methods, str):
        methods = [methods]
    rows = []
    base = gradient(f, x, granularity=granularity)  # every evaluation has its primal and partials
    with count():  # the caller's own, where nobody counts here
        graph = trace(f, x, granularity=granularity)
    has_values = not any(type(node._plain()) is Spec for node in graph.inputs)
    for name in METHODS if methods is None else methods:
        rule = method_named(name)
        evaluations = rule.evaluations(graph.size)
        phases = {
            "primal": base.phases["primal"] * evaluations + _recomputed(f, x, rule, granularity),
            "partials": base.phases["partials"] * (evaluations if rule.direction else 0),
            "accumulation": graph.predict(name),
        }
        expected = sum(phases.values(), Counts())
        executed = has_values and all(asked(expected, kind) <= limit for kind, limit in limits.items())
        if executed:
            phases = dict(gradient(f, x, name, granularity=granularity).phases)
        rows += [
            {"method": name, "phase": phase, "executed": executed, "counts": counts} for phase, counts in phases.items()
        ]
    return rows


def _recomputed(f: Callable[..., Any], x: Tree, rule: Method, granularity: Granularity) -> Counts:
    """What a method executes again of a function in steps."""
    if rule.strategy != "steps":
        return Counts()
    return recomputed(of_one_argument(f, x), wrapped(checked_inputs(x, granularity)), None).recomputed
