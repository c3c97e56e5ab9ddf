"""What does forgetting cost? Operations of a whole gradient against what is kept, by every method, with every size."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

import opcount as oc
from analysis.figures import forgetting
from analysis.programs.networks import recurrent
from analysis.report.study import Claims, Figure, Judged, Run, Study, Table
from analysis.studies.storage import alive_at_once
from opcount.typing import MethodName

# A. Griewank, A. Walther, Algorithm 799: revolve, ACM Transactions on Mathematical Software 26 (2000): the least
# number of evaluations of a step beyond those that record its graph, by the number of steps and of snapshots
PUBLISHED: Final = {
    (10, 2): 20,
    (10, 3): 15,
    (14, 3): 27,
    (16, 4): 27,
    (56, 3): 210,
    (100, 5): 316,
    (100, 10): 222,
    (1000, 10): 3636,
}
WIDTH: Final = 2  # of the network's layers, and so the numbers in a state
MEMOS: Final = (0, 1, 4, 8, 10, 12, 14, 16, 24, 48, 80)  # sizes, from none to one for almost all
BY_THE_GRAPH: Final = ("naive", "memoized", "naive-tangent", "memoized-tangent", "backprop", "checkpointed")


class Setting(NamedTuple):
    """A method on the network of a depth, with a memo or with snapshots of some size, if it has one."""

    depth: int
    method: MethodName
    size: int | None = None


claim = Claims()


class Found:
    """Chains of published lengths, every method on one deep network, and balanced chains of growing length."""

    def __init__(self, published: pd.DataFrame, dial: pd.DataFrame, law: pd.DataFrame) -> None:
        self.published, self.dial, self.law = published, dial, law
        self.depth = int(dial.layers.iloc[0])
        plain = dial[dial["size"] == ""].set_index("method")
        self.naive, self.backprop, self.memoized = (plain.loc[name] for name in ("naive", "backprop", "memoized"))
        self.forward, self.differences = plain.loc["forward"], plain.loc["finite-difference"]
        self.snapshots = dial[dial.method == "checkpointed"]
        self.memos = dial[(dial.method == "memoized") & (dial["size"] != "")]
        self.few, self.many = self.snapshots.iloc[0], self.snapshots.iloc[-1]
        logarithms = np.log(law.steps.astype(float)) / math.log(4)
        self.slopes = {
            name: float(np.polyfit(logarithms, values, 1)[0])
            for name, values in (("snapshots", law.snapshots), ("repeats", law["steps evaluated"] / law.steps))
        }


def run(run: Run) -> Study:
    depth = 6 if run.quick else 10
    published = [steps_and_size for steps_and_size in PUBLISHED if steps_and_size[0] <= (100 if run.quick else 1000)]
    settings = [Setting(depth, name) for name in oc.METHODS if name != "checkpointed"]
    settings += [Setting(depth, "memoized", size) for size in MEMOS]
    settings += [Setting(depth, "checkpointed", size) for size in range(1, depth)]
    lengths = [4**power for power in range(1, 5 if run.quick else 7)]
    d = Found(
        pd.DataFrame(run.map(on_a_chain, published)),
        pd.DataFrame(run.map(on_the_network, settings)),
        pd.DataFrame(run.map(balanced, lengths)),
    )
    return Study(
        question="What does forgetting cost?",
        answer=answer(d),
        claims=claim.judged(d),
        tables=tables(d),
        figures=figures(d),
        against=[
            f"Backprop keeps {d.backprop.kept:,} values; with {len(d.snapshots)} snapshots "
            f"{d.many.kept / d.backprop.kept:.2f} times as many do, for "
            f"{d.many.operations / d.backprop.operations:.2f} times the operations. Where memory is short, "
            "backprop is not the method of choice.",
            f"Forward mode keeps {d.forward.kept:,} values at any depth, and its operations, "
            f"{d.forward.operations / d.backprop.operations:.2f} times those of backprop, grow with the parameters, of "
            f"which this network has {int(d.dial.parameters.iloc[0])}, but not with its depth.",
        ],
    )


def answer(d: Found) -> str:
    longest = d.law.iloc[-1]
    return (
        "Less than one would think, if one forgets the right things. Reusing intermediate results is a dial, and "
        "backprop is its one end: it keeps every result, and computes none twice. At the other end the naive recursion "
        f"takes {d.naive.operations / d.backprop.operations:,.0f} times its operations on a network of {d.depth} "
        f"layers. Between them it matters what is forgotten: a memo that drops what was used least recently is of no "
        "use until it is large, but steps that are computed again from a few kept states cost little: with "
        f"{longest.snapshots} states a chain of {longest.steps:,} steps evaluates each "
        f"{longest['steps evaluated'] / longest.steps:.1f} times on average before it is recorded, and both numbers "
        "grow like the logarithm of the length."
    )


def tables(d: Found) -> dict[str, Table]:
    return {
        "published": Table(
            d.published,
            "Evaluations of steps beyond those that record their graphs, executed, and as Griewank and Walther give "
            "them (2000). A first pass over all steps, to find how many there are, comes before",
        ),
        "dial": Table(
            d.dial,
            f"Every method on a network of {d.depth} layers of width {WIDTH} that share their weights: operations of "
            "the whole gradient, and values kept at once: nodes, derivatives, waiting calls and snapshots, or, for "
            "finite differences and dual numbers, what is alive at once",
        ),
        "law": Table(
            d.law, "Chains with as many snapshots as a step is evaluated times at most: both grow like the logarithm"
        ),
    }


def figures(d: Found) -> dict[str, Figure]:
    first, last = d.law.iloc[0], d.law.iloc[-1]
    return {
        "dial": Figure(
            forgetting.dial,
            {"dial": d.dial},
            f"The whole as one picture: the operations of a gradient against the values kept, by every method, on a "
            f"network of {d.depth} layers of width {WIDTH} that share their weights. Dual numbers are forward mode.",
            "A scatter of methods, memory to the right and operations upwards. Naive recursion stands high, at "
            f"{d.naive.operations:,} operations; with a growing memo its line falls to the lower right, to "
            f"{d.memoized.operations:,}. Backprop is lowest, at {d.backprop.operations:,} operations and "
            f"{d.backprop.kept:,} values kept. Far to the left of it, a little higher, the line of checkpoints runs "
            f"from {d.few.kept:,} values and {d.few.operations:,} operations to {d.many.kept:,} and "
            f"{d.many.operations:,}. Dual numbers and finite differences are furthest to the left.",
        ),
        "law": Figure(
            forgetting.law,
            {"law": d.law},
            "The balanced schedule: snapshots, and evaluations of a step beyond the one that records its graph, as "
            "the chain grows. Dashed: the logarithm to the base 4.",
            f"Two rising lines against the number of steps, on an axis where each tick is four times the one before. "
            f"Snapshots rise from {first.snapshots} at {first.steps} steps to {last.snapshots} at {last.steps:,}, in "
            "almost equal stairs; evaluations per step run below them, and both along a dashed straight line.",
        ),
    }


# --- the claims


@claim("Chains of steps evaluate their steps exactly as often as published, and keep no more states than they may.")
def as_published(d: Found) -> Judged:
    rows = d.published
    holds = (rows["steps evaluated"] == rows.published).all() and (rows["most snapshots"] <= rows.snapshots).all()
    last = rows.iloc[-1]
    return holds, (
        f"{len(rows)} chains; the longest, {last.steps:,} steps with {last.snapshots} snapshots, evaluates "
        f"{last['steps evaluated']:,} steps, and {last.published:,} are published"
    )


@claim("Whatever is forgotten, the gradient is that of backprop bit for bit, and so are partials and accumulation.")
def the_same_gradient(d: Found) -> Judged:
    same = d.snapshots["same bits"].all() and d.memos["same bits"].all()
    phases = (d.snapshots["partials and accumulation"] == d.backprop["partials and accumulation"]).all()
    return same and phases, (
        f"{len(d.snapshots)} numbers of snapshots and {len(d.memos)} sizes of memo; all take "
        f"{d.backprop['partials and accumulation']:,} operations after the evaluation, if steps are checkpointed"
    )


@claim(
    "A snapshot more never costs operations; with one for each step but one, each but the last is evaluated once more."
)
def more_snapshots_never_cost(d: Found) -> Judged:
    falls = (d.snapshots.operations.diff().dropna() <= 0).all()
    return falls and d.many["steps evaluated"] == d.depth - 1, (
        f"from {d.few.operations:,} operations to {d.many.operations:,}; beside the first pass and the recording "
        f"{d.few['steps evaluated']} evaluations of a step with one snapshot, {d.many['steps evaluated']} with "
        f"{d.many['size']}"
    )


@claim("One step's graph is kept at a time: what is kept does not grow with the steps, but for the snapshots.")
def one_graph_at_a_time(d: Found) -> Judged:
    beside = d.snapshots.kept - d.snapshots["size"].astype(int) * WIDTH
    return beside.nunique() == 1 and d.law.nodes.nunique() == 1, (
        f"{int(beside.iloc[0])} values beside the snapshots, where backprop keeps {d.backprop.kept:,}; in chains of "
        f"{d.law.steps.min()} to {d.law.steps.max():,} steps {d.law.nodes.iloc[0]} nodes"
    )


@claim(
    "A memo of size 0 counts what the naive recursion does, a larger one never more, one for all what backprop does."
)
def memos_fall(d: Found) -> Judged:
    walk = [*d.memos.operations, d.memoized.operations]
    falls = all(more >= fewer for more, fewer in pairwise(walk))
    return falls and walk[0] == d.naive.operations and walk[-1] == d.backprop.operations, (
        f"{walk[0]:,} operations with a memo of size 0, {walk[1]:,} with one of size 1, {walk[-1]:,} with one for all"
    )


@claim("Forgetting by recency is worse than forgetting steps: it keeps more, and takes more operations.")
def recency_is_worse(d: Found) -> Judged:
    small = d.memos[d.memos.kept <= d.backprop.kept]
    holds = (small.kept > d.many.kept).all() and (small.operations > d.many.operations).any() and len(small) > 0
    worst = small.iloc[1]
    return holds, (
        f"a memo of {worst['size']} derivative keeps {worst.kept:,} values with the graph, and takes "
        f"{worst.operations:,} operations; {d.few['size']} snapshot keeps {d.few.kept:,}, and takes "
        f"{d.few.operations:,}"
    )


@claim("Balanced, snapshots and evaluations per step both grow like the logarithm of the steps (Griewank 1992).")
def logarithmic(d: Found) -> Judged:
    law = d.law
    repeats = law["steps evaluated"] / law.steps
    holds = all(0.7 < slope < 1.4 for slope in d.slopes.values()) and (repeats <= law.snapshots).all()
    return holds, (
        f"for four times the steps {d.slopes['snapshots']:.2f} snapshots and {d.slopes['repeats']:.2f} evaluations per "
        f"step more, from {law.steps.min()} to {law.steps.max():,} steps"
    )


# --- what is measured


def on_a_chain(point: tuple[int, int]) -> dict[str, Any]:
    steps, snapshots = point
    g = oc.gradient(chain(steps), 0.5, "checkpointed", snapshots=snapshots)
    return {
        "steps": steps,
        "snapshots": snapshots,
        "steps evaluated": g.steps_evaluated,
        "published": PUBLISHED[point],
        "first pass": g.steps,
        "most snapshots": g.storage.snapshots,
    }


def chain(steps: int) -> Any:
    def f(x: Any) -> Any:
        for _ in range(steps):
            x = oc.checkpoint(np.sin)(x)
        return x

    return f


def balanced(steps: int) -> dict[str, Any]:
    """A chain with the snapshots that are the default."""
    g = oc.gradient(chain(steps), 0.5, "checkpointed")
    return {
        "steps": steps,
        "snapshots": g.storage.snapshots,
        "steps evaluated": g.steps_evaluated,
        "nodes": g.storage.nodes,
    }


def on_the_network(setting: Setting) -> dict[str, Any]:
    depth, method, size = setting
    f, x = recurrent(depth, WIDTH, oc.checkpoint)
    graph = oc.trace(f, x)
    sizes: dict[str, Any] = {} if size is None else {"memo" if method == "memoized" else "snapshots": size}
    g = oc.gradient(f, x, method, **sizes)
    nodes, derivatives, waiting, snapshots = g.storage
    if method in BY_THE_GRAPH:
        kept = nodes + (derivatives or 0) + (waiting or 0) + (snapshots or 0) * WIDTH
    else:  # of the values alive at once, and of the inputs, dual numbers keep the derivatives too
        kept = (alive_at_once(graph) + len(graph.inputs)) * (2 if method == "forward" else 1)
    return {
        "layers": depth,
        "parameters": len(graph.inputs),
        "method": method,
        "size": "" if size is None else str(size),
        "kept": kept,
        "operations": g.counts.total,
        "partials and accumulation": g.phases["partials"].total + g.phases["accumulation"].total,
        "steps evaluated": g.steps_evaluated,
        "same bits": repr(g.gradient) == repr(oc.gradient(f, x).gradient),
    }
