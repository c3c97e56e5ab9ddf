"""Is it faster? Operations against the number of parameters, in width and in depth."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import pandas as pd

import opcount as oc
from analysis.figures import growth
from analysis.programs.methods import WITHOUT_STEPS
from analysis.programs.networks import mlp, parameter_count
from analysis.programs.polynomials import SUPERSCRIPTS
from analysis.report.study import Claims, Figure, Judged, Run, Study, Table

TANGENT_PARAMETERS = 11_000  # a tangent prediction follows every input, which takes memory for each
UP_TO = 150_000  # the most operations for which a method is executed
WALKS_UP_TO = 1_500_000


class Point(NamedTuple):
    """One network of a sweep, and the most operations for which the naive recursions are executed on it."""

    sweep: str
    sizes: tuple[int, ...]
    naive_up_to: int = UP_TO


SWEEPS = {
    "one hidden layer": "One hidden layer, as in the question's network, made wider: the recursion explodes nowhere.",
    "two hidden layers": "Two hidden layers, made wider: methods that evaluate once grow with the parameters.",
    "depth": "Layers of width three, stacked: the naive recursion explodes. The recursion that remembers takes exactly "
    "the operations of backprop.",
}

claim = Claims()


class Found:
    """The counts of every method on every network, and how they grow."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table, self.slopes = table, slopes_of(table)
        self.slope = self.slopes.set_index(["sweep", "method"]).slope
        self.backprop = table[table.method == "backprop"]
        self.evaluations = self.backprop.total / self.backprop.evaluation  # that backprop costs
        self.flat, self.wide = (self.totals(sweep) for sweep in ("one hidden layer", "two hidden layers"))

    def totals(self, sweep: str) -> pd.DataFrame:
        return self.table[self.table.sweep == sweep].pivot(index="parameters", columns="method", values="total")


def run(run: Run) -> Study:
    table = pd.DataFrame([row for rows in run.map(measure, points(run.quick)) for row in rows])
    table = table.sort_values(["sweep", "parameters", "method"], kind="stable").reset_index(drop=True)
    d = Found(table)
    return Study(
        question="Is it faster?",
        answer=answer(d),
        claims=claim.judged(d),
        tables={
            "operations": Table(
                table, "Operations for a value and its gradient, against the number of parameters", shown=shown(table)
            ),
            "slopes": Table(
                d.slopes,
                "Growth on the last stretch: as a power of the parameters, and by a factor with each layer",
                exact=False,
            ),
        },
        figures={
            f"operations_{name}": Figure(
                growth.operations, {"table": table[table.sweep == sweep]}, SWEEPS[sweep], seen(d, sweep)
            )
            for name, sweep in (("depth", "depth"), ("width", "two hidden layers"), ("flat", "one hidden layer"))
        },
        against=against(d),
    )


def points(quick: bool) -> list[Point]:
    far = 100_000 if quick else 4_000_000  # naive recursion in the full version: a few million operations
    widths = (1, 2, 4, 8, 16, 32) if quick else (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 100, 150, 220, 316)
    shallow = (1, 2, 4, 8, 16, 64) if quick else (1, 2, 4, 8, 16, 32, 64, 128, 256, 1024, 3400)
    depths = (1, 2, 4, 8, 16, 32) if quick else (1, 2, 3, 4, 6, 8, 10, 11, 12, 14, 16, 20, 24, 32, 48, 64, 96, 128)
    found = [Point("one hidden layer", (1, width, 1)) for width in shallow]
    found += [Point("two hidden layers", (1, width, width, 1)) for width in widths]
    found += [Point("depth", (1, *[3] * depth, 1), far) for depth in depths]
    # the longest first
    return sorted(found, key=lambda one: (one.sweep != "depth", -len(one.sizes), -parameter_count(one.sizes)))


def answer(d: Found) -> str:
    naive, backprop = (
        d.table[(d.table.sweep == "depth") & (d.table.method == method)].iloc[-1] for method in ("naive", "backprop")
    )
    wide = d.backprop[(d.backprop.sweep == "two hidden layers") & (d.backprop.executed == "yes")].parameters
    return (
        "Yes, and by how much depends on what it is compared with. Backprop gives the value and the whole gradient for "
        f"{d.evaluations.min():.1f} to {d.evaluations.max():.1f} evaluations' worth of operations, at {wide.min():,} "
        f"parameters as at {wide.max():,}. Forward mode and finite differences pay one evaluation or two for each "
        "parameter. The naive recursion pays for each path, and paths multiply with every layer: at "
        f"{naive.parameters:,} parameters in {naive.layers} layers it would take {scientific(naive.total)} operations, "
        f"and backprop takes {backprop.total:,}."
    )


def seen(d: Found, sweep: str) -> str:
    """What one sees in the figure of a sweep."""
    rows = d.table[d.table.sweep == sweep].set_index("method")
    if sweep == "depth":
        ten = rows[rows.layers == rows.layers[rows.layers <= 10].max()]
        return (
            "Three lines against the number of layers, on a logarithmic scale. Naive recursion rises as a steep "
            f"straight line, to {scientific(ten.total['naive'])} operations in {ten.layers.iloc[0]} layers; forward "
            f"mode bends over, at {scientific(ten.total['forward'])} there; backprop and the memoized recursion are "
            f"one line, far below, at {scientific(ten.total['backprop'])}."
        )
    last = rows[rows.parameters == rows.parameters["naive"].max()]
    if sweep == "one hidden layer":
        return (
            "Three lines against the number of parameters, both scales logarithmic. Naive recursion and backprop are "
            f"parallel and all but one line, {scientific(last.total['naive'])} and "
            f"{scientific(last.total['backprop'])} operations at {last.parameters.iloc[0]:,} parameters; forward mode "
            "rises twice as steeply."
        )
    return (
        "Three lines against the number of parameters, both scales logarithmic. Naive recursion and backprop rise side "
        f"by side, to {scientific(last.total['naive'])} and {scientific(last.total['backprop'])} operations at "
        f"{last.parameters.iloc[0]:,} parameters; forward mode rises twice as steeply and leaves both far below."
    )


def against(d: Found) -> list[str]:
    one = pd.DataFrame(measure(Point("one parameter", (1,)))).set_index("method").total
    return [
        f"With one hidden layer, however wide, naive recursion takes at most {naive_over_backprop(d.flat):.2f} times "
        f"the operations of backprop; with two, at most {naive_over_backprop(d.wide):.2f} times. Without depth there "
        "is little to remember.",
        f"With one parameter forward mode is as cheap, {one['forward']} operations against {one['backprop']}, and "
        "needs no graph: it is the better choice for a function with fewer inputs than outputs.",
    ]


def naive_over_backprop(totals: pd.DataFrame) -> float:
    return float((totals["naive"] / totals["backprop"]).max())


# --- the claims


@claim("Wherever a count was both executed and predicted, the two are equal.")
def executed_as_predicted(d: Found) -> Judged:
    executed = d.table[d.table.executed == "yes"]
    return (executed.total == executed.predicted).all(), (
        f"{len(executed)} executions, from {executed.parameters.min()} to {executed.parameters.max():,} parameters"
    )


@claim("Backprop's operations grow linearly with the parameters.")
def backprop_is_linear(d: Found) -> Judged:
    slopes = {sweep: d.slope[sweep, "backprop"] for sweep in SWEEPS}
    return all(abs(slope - 1) < 0.05 for slope in slopes.values()), (
        "slopes on the last stretch: " + ", ".join(f"{sweep} {slope:.2f}" for sweep, slope in slopes.items())
    )


@claim("A value with its gradient by backprop costs less than 5 evaluations, on every network.")
def cheap(d: Found) -> Judged:
    return (d.evaluations < 5).all(), (
        f"between {d.evaluations.min():.2f} and {d.evaluations.max():.2f} evaluations, over {len(d.evaluations)} "
        "networks"
    )


@claim("Forward mode and finite differences grow with the square of the parameters.")
def others_are_quadratic(d: Found) -> Judged:
    forward, differences = (d.slope["two hidden layers", method] for method in ("forward", "finite-difference"))
    return max(abs(forward - 2), abs(differences - 2)) < 0.1, f"slopes {forward:.2f} and {differences:.2f}"


@claim("In depth, the naive recursion grows exponentially: threefold with every layer of width three.")
def naive_explodes_in_depth(d: Found) -> Judged:
    factor = per_layer(d.table)
    return abs(factor - 3) < 0.05, f"the last layers multiply its accumulation by {factor:.4f} each"


@claim("With one hidden layer the naive recursion is only a constant factor more expensive.")
def naive_is_cheap_without_depth(d: Found) -> Judged:
    factor = naive_over_backprop(d.flat)
    return factor < 2, f"at most {factor:.2f} times backprop, up to {d.flat.index.max():,} parameters"


# --- what is counted


def measure(point: Point) -> list[dict[str, Any]]:
    """Every method on one network: always predicted, and executed if that takes seconds at most."""
    if len(point.sizes) == 1:
        loss, parameters = (lambda w: (w * 0.5 - 1.0) ** 2), 0.7
    else:
        loss, parameters = mlp(point.sizes)
    backprop = oc.gradient(loss, parameters)
    graph = oc.trace(loss, parameters)
    count = len(graph.inputs)
    rows = []
    for name, method in WITHOUT_STEPS.items():
        if method.direction == "tangent" and count > TANGENT_PARAMETERS:
            continue
        evaluations = method.evaluations(count)
        expected = {
            "primal": backprop.phases["primal"] * evaluations,
            "partials": backprop.phases["partials"] * (evaluations if method.direction else 0),
            "accumulation": graph.predict(name),
        }
        predicted = sum(phase.total for phase in expected.values())
        naive = method.memo == 0
        # these walk the graph once or more for each input, free edges included
        walks = len(graph.nodes) * count if naive or method.direction == "tangent" else 0
        executed = predicted <= (point.naive_up_to if naive else UP_TO) and walks <= WALKS_UP_TO
        found = dict(expected)
        if name == "backprop" or executed:
            executed = True
            found = dict((backprop if name == "backprop" else oc.gradient(loss, parameters, name)).phases)
        rows.append(
            {
                "sweep": point.sweep,
                "sizes": shape(point.sizes),
                "layers": len(point.sizes) - 2,
                "parameters": count,
                "method": name,
                "executed": "yes" if executed else "no",
                "evaluation": backprop.phases["primal"].total,
                **{phase: counts.total for phase, counts in found.items()},
                "predicted": predicted,
                "total": sum(phase.total for phase in found.values()),
            }
        )
    return rows


def shape(sizes: tuple[int, ...]) -> str:
    return "-".join(map(str, sizes)) if len(sizes) < 6 else f"1-{len(sizes) - 2}x{sizes[1]}-1"


def slopes_of(table: pd.DataFrame) -> pd.DataFrame:
    """The growth of each line of the log-log plot at its end: a power of the parameters, or a factor per layer."""
    rows = []
    for (sweep, method), line in table.groupby(["sweep", "method"], sort=False):
        last = line.iloc[-1]
        first = line[line.parameters <= last.parameters / 3].iloc[-1]
        rise = math.log(last.total) - math.log(first.total)
        slope = rise / (math.log(last.parameters) - math.log(first.parameters))
        factor = math.exp(rise / (last.layers - first.layers)) if last.layers > first.layers else 1.0
        rows.append(
            {
                "sweep": sweep,
                "method": method,
                "from": first.parameters,
                "to": last.parameters,
                "slope": round(slope, 3),
                "factor a layer": round(factor, 3),
            }
        )
    return pd.DataFrame(rows)


def per_layer(table: pd.DataFrame) -> float:
    """The factor by which the last layer multiplies the naive accumulation."""
    line = table[(table.sweep == "depth") & (table.method == "naive")]
    before, last = line.iloc[-2], line.iloc[-1]
    return math.exp((math.log(last.accumulation) - math.log(before.accumulation)) / (last.layers - before.layers))


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """A row for every other network, a column for each method, with predictions marked."""
    text = table.assign(
        text=[
            scientific(total) + ("" if executed == "yes" else " *")
            for total, executed in zip(table.total, table.executed, strict=True)
        ]
    )
    wide = text.pivot(index=["sweep", "parameters", "sizes"], columns="method", values="text").fillna("")
    return (
        wide.reindex(columns=list(WITHOUT_STEPS))
        .reset_index()
        .groupby("sweep")
        .nth(slice(None, None, 3))
        .reset_index(drop=True)
    )


def scientific(count: int) -> str:
    """A count as text: in full up to a million or so, then in powers of ten."""
    if count < 10_000_000:
        return f"{count:,}"
    exponent = len(str(count)) - 1
    leading = count // 10 ** (exponent - 2) / 100
    return f"{leading:.2f}×10{str(exponent).translate(SUPERSCRIPTS)}"
