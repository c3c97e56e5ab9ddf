"""Is it recursion that remembers? Operation by operation, and with memos of every size between."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import pandas as pd

import opcount as oc
from analysis.figures import recursion
from analysis.programs.networks import PARAMETERS, mlp, question_network, random_program, squared_residuals
from analysis.report.study import Claim, Figure, Run, Study, Table

PAIRS = {"adjoint": ("naive", "memoized", "backprop"), "tangent": ("naive-tangent", "memoized-tangent", "forward")}
NAIVE_UP_TO = 200_000


class Case(NamedTuple):
    """A function under comparison: the question's network, an MLP by its sizes, or a random program by its seed."""

    name: str
    sizes: tuple[int, ...] = ()
    seed: int | None = None


def run(run: Run) -> Study:
    programs = 40 if run.quick else 400
    cases = [Case("the question's network")]
    cases += [Case(f"MLP {'-'.join(map(str, sizes))}", sizes) for sizes in ((1, 2, 1), (3, 4, 4, 2), (2, 3, 3, 3, 1))]
    cases += [Case(f"random program {seed}", seed=seed) for seed in range(programs)]
    table = pd.DataFrame([row for rows in run.map(compare_operations, cases) for row in rows])
    depth = 5 if run.quick else 7
    walk = pd.DataFrame(memo_walk((1, *[2] * depth, 1)))

    adjoint = table[table.direction == "adjoint"]
    diamonds = int((adjoint.paths > adjoint.inputs).sum())
    most = adjoint.loc[(adjoint.naive / adjoint.loop.clip(lower=1)).idxmax()]
    claims = [
        Claim(
            f"The memoized {direction} recursion and {PAIRS[direction][2]} perform the same products and sums "
            "on the same edges.",
            bool(rows.same_operations.all() and rows.same_order.all()),
            f"{len(rows)} functions, {int(rows.loop.sum()):,} operations compared one by one, "
            "the terms of every sum in the same order",
        )
        for direction, rows in table.groupby("direction")
    ]
    claims += [
        Claim(
            "Their gradients are equal bit for bit.",
            bool(table.same_bits.all()),
            f"{len(table)} pairs of gradients, compared as floats",
        ),
        Claim(
            "The naive recursion is never cheaper.",
            bool((table.naive >= table.memoized).all()),
            f"equal on {int((table.naive == table.memoized).sum())} of {len(table)}, dearer on the others",
        ),
        Claim(
            "A memo of size 0 is the naive recursion, an unbounded one is backprop.",
            walk.operations.iloc[0] == walk.naive.iloc[0] and walk.operations.iloc[-1] == walk.backprop.iloc[0],
            f"{walk.operations.iloc[0]:,} = {walk.naive.iloc[0]:,} operations at size 0, "
            f"{walk.operations.iloc[-1]:,} = {walk.backprop.iloc[0]:,} at size {walk['size'].iloc[-1]}",
        ),
    ]
    return Study(
        question="Is it recursion that remembers?",
        answer=(
            "Yes, to the letter. The chain rule as a recursion and backprop as a loop are the same products "
            "and the same sums "
            "on the same edges, once each result is kept: "
            f"on {len(adjoint)} functions, {diamonds} of them with more paths than inputs, no operation differs. "
            f"Without the memo the recursion repeats itself, on “{most['name']}” "
            f"{most.naive / max(most.loop, 1):,.0f} times over. "
            "A memo of bounded size walks from one to the other."
        ),
        claims=claims,
        tables={
            "operations": Table(
                table,
                "Operations of the accumulation: naive, memoized, and as a loop",
                shown=table.head(8).drop(columns=["same_operations", "same_order", "same_bits"]),
            ),
            "memo_walk": Table(
                walk, "Operations against the size of the memo", shown=walk.iloc[:: max(len(walk) // 10, 1)]
            ),
        },
        figures={
            "recursion": Figure(
                recursion.recursion,
                {"table": table},
                "Each dot is a function: with a memo it stands on the line of backprop, without one above it.",
            ),
            "memo_walk": Figure(
                recursion.memo_walk,
                {"walk": walk},
                "A memo of bounded size, from none to all: from naive recursion to backprop.",
            ),
        },
        against=[
            f"On {int((adjoint.naive == adjoint.memoized).sum())} of {len(adjoint)} functions the naive "
            "adjoint recursion "
            "executes not one operation more: where every value is used once there is nothing to remember.",
            "A small memo need not help: the least recently used derivative may be just the one that is needed next.",
        ],
    )


def build(case: Case) -> tuple[Any, Any]:
    if case.seed is not None:
        return random_program(case.seed)
    if case.sizes:
        return mlp(case.sizes)
    return squared_residuals(question_network), PARAMETERS


def compare_operations(case: Case) -> list[dict[str, Any]]:
    """For both directions: what naive, memoized and loop execute, and whether the last two are the same."""
    f, x = build(case)
    graph = oc.trace(f, x)
    rows = []
    for direction, (naive, memoized, loop) in PAIRS.items():
        remembering = oc.gradient(f, x, memoized, log=True)
        looping = oc.gradient(f, x, loop, log=True)
        predicted = graph.predict(naive).total
        repeated = predicted if predicted > NAIVE_UP_TO else oc.gradient(f, x, naive).phases["accumulation"].total
        rows.append(
            {
                "name": case.name,
                "direction": direction,
                "inputs": len(graph.inputs),
                "nodes": len(graph.nodes),
                "edges": len(graph.edges),
                "paths": sum(graph.paths()),
                "naive": repeated,
                "memoized": remembering.phases["accumulation"].total,
                "loop": looping.phases["accumulation"].total,
                "same_operations": Counter(remembering.log) == Counter(looping.log),
                "same_order": by_sum(remembering, direction) == by_sum(looping, direction),
                "same_bits": repr(remembering.gradient) == repr(looping.gradient),
            }
        )
    return rows


def by_sum(g: oc.Gradient, direction: str) -> dict[tuple[int, int], list[Any]]:
    """The log, split into the sum that each entry belongs to: that of a node, for a source."""
    sums: dict[tuple[int, int], list[Any]] = {}
    for step in g.log or ():
        node = step.head if direction == "tangent" else step.tail
        sums.setdefault((step.source, node), []).append(step)
    return sums


def memo_walk(sizes: tuple[int, ...]) -> list[dict[str, Any]]:
    """The operations of the recursion with a memo of each size, up to one that holds every adjoint."""
    f, x = mlp(sizes)
    nodes = oc.gradient(f, x, "memoized").storage.derivatives or 0
    naive = oc.trace(f, x).predict("naive").total
    backprop = oc.gradient(f, x).phases["accumulation"].total
    return [
        {
            "size": size,
            "operations": oc.gradient(f, x, "memoized", memo=size).phases["accumulation"].total,
            "naive": naive,
            "backprop": backprop,
        }
        for size in sorted({*range(min(24, nodes)), *range(24, nodes, 4), nodes})
    ]
