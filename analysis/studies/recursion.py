"""Is it recursion that remembers? Compared operation by operation, and with memos of every size."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final, NamedTuple

import pandas as pd

import opcount as oc
from analysis.figures import recursion
from analysis.programs.networks import PARAMETERS, mlp, question_network, random_program, squared_residuals
from analysis.report.study import Claims, Figure, Judged, Run, Study, Table
from opcount.typing import MethodName

PAIRS: Final[dict[str, tuple[MethodName, ...]]] = {
    "adjoint": ("naive", "memoized", "backprop"),
    "tangent": ("naive-tangent", "memoized-tangent", "forward"),
}
NAIVE_UP_TO = 200_000
DEPTH = 3  # of the network whose calls are drawn


class Case(NamedTuple):
    """A function under comparison: the question's network, an MLP by its sizes, or a random program by its seed."""

    name: str
    sizes: tuple[int, ...] = ()
    seed: int | None = None


claim = Claims()


class Found:
    """The functions that were compared, and the operations of the recursion with memos of every size."""

    def __init__(self, table: pd.DataFrame, walk: pd.DataFrame) -> None:
        self.table, self.walk = table, walk
        self.calls = pd.DataFrame(calls((1, *[3] * DEPTH, 1)))
        self.adjoint, self.tangent = (table[table.direction == direction] for direction in PAIRS)


def run(run: Run) -> Study:
    programs, depth = (40, 5) if run.quick else (400, 7)
    cases = [Case("the question's network")]
    cases += [Case(f"MLP {'-'.join(map(str, sizes))}", sizes) for sizes in ((1, 2, 1), (3, 4, 4, 2), (2, 3, 3, 3, 1))]
    cases += [Case(f"random program {seed}", seed=seed) for seed in range(programs)]
    table = pd.DataFrame([row for rows in run.map(compare_operations, cases) for row in rows])
    d = Found(table, pd.DataFrame(memo_walk((1, *[2] * depth, 1))))
    return Study(
        question="Is it recursion that remembers?",
        answer=answer(d),
        claims=claim.judged(d),
        tables=tables(d),
        figures=figures(d),
        against=[
            f"On {int((d.adjoint.naive == d.adjoint.memoized).sum())} of {len(d.adjoint)} functions the naive adjoint "
            "recursion executes not one operation more: if every value is used once, there is nothing to remember.",
            "A small memo need not help: the least recently used derivative may be just the one that is needed next.",
        ],
    )


def answer(d: Found) -> str:
    diamonds = int((d.adjoint.paths > d.adjoint.inputs).sum())
    most = d.adjoint.loc[(d.adjoint.naive / d.adjoint.loop.clip(lower=1)).idxmax()]
    return (
        "Yes, to the letter. The chain rule as a recursion and backprop as a loop are the same products and the same "
        f"sums on the same edges, once each result is kept: on {len(d.adjoint)} functions, {diamonds} of them with "
        "more paths than inputs, no operation differs. Without the memo the recursion repeats itself, on "
        f"“{most['name']}” {most.naive / max(most.loop, 1):,.0f} times over. A memo of bounded size walks from one to "
        "the other."
    )


def figures(d: Found) -> dict[str, Figure]:
    end = d.calls["with a memo"]
    made, answered = int((end != "never made").sum()), int((end == "answered").sum())
    none, all_ = d.walk.iloc[0], d.walk.iloc[-1]
    return {
        "recursion": Figure(
            recursion.call_trees,
            {"calls": d.calls},
            f"The calls of the recursion for one weight of the first of {DEPTH} layers of width three, a dot each. "
            "Without a memo the tree splits in three at every layer; with one, what has been computed is looked up.",
            f"Two trees of calls, one above the other. Above, {len(d.calls)} calls: one stem splits into three, and "
            f"each of these into three again. Below, {made} calls: only the leftmost "
            f"branch reaches the loss; {answered} other branches end at once in a hollow square, answered from the "
            "memo.",
        ),
        "memo_walk": Figure(
            recursion.memo_walk,
            {"walk": d.walk},
            "Memos of bounded size, from empty to complete: from naive recursion to backprop.",
            f"Steps downwards, from {none.operations:,} operations with no memo, the dashed line of naive "
            "recursion, to "
            f"{all_.operations:,} with one that holds {all_['size']} derivatives, the dashed line of backprop.",
        ),
    }


def tables(d: Found) -> dict[str, Table]:
    return {
        "operations": Table(
            d.table,
            "Operations of the accumulation, products and sums: naive, memoized, and as a loop. The question's network "
            "is taken over three data points, with softplus; MLP 1-2-1 is the same with tanh, at one",
            shown=d.table.head(8).drop(columns=["same_operations", "same_order", "same_bits"]),
        ),
        "calls": Table(
            d.calls,
            "How often the recursion asks for the adjoint of each node, for one weight of the first layer, and how "
            "these calls end",
            exact=False,
            shown=asked(d.calls),
        ),
        "memo_walk": Table(
            d.walk, "Operations against the size of the memo", shown=d.walk.iloc[:: max(len(d.walk) // 10, 1)]
        ),
    }


# --- the claims


@claim("The memoized adjoint recursion and backprop perform the same products and sums on the same edges.")
def adjoints_are_the_same(d: Found) -> Judged:
    return operation_by_operation(d.adjoint)


@claim("The memoized tangent recursion and forward perform the same products and sums on the same edges.")
def tangents_are_the_same(d: Found) -> Judged:
    return operation_by_operation(d.tangent)


def operation_by_operation(rows: pd.DataFrame) -> Judged:
    return rows.same_operations.all() and rows.same_order.all(), (
        f"{len(rows)} functions, {int(rows.loop.sum()):,} operations compared one by one, "
        "the terms of every sum in the same order"
    )


@claim("Their gradients are equal bit for bit.")
def same_bits(d: Found) -> Judged:
    return d.table.same_bits.all(), f"{len(d.table)} pairs of gradients, compared as floats"


@claim("The naive recursion is never cheaper.")
def naive_never_cheaper(d: Found) -> Judged:
    equal = int((d.table.naive == d.table.memoized).sum())
    return (d.table.naive >= d.table.memoized).all(), f"equal on {equal} of {len(d.table)}, and dearer on the others"


@claim("A memo of size 0 is the naive recursion, an unbounded one is backprop.")
def memo_of_any_size(d: Found) -> Judged:
    none, all_ = d.walk.iloc[0], d.walk.iloc[-1]
    return none.operations == none.naive and all_.operations == all_.backprop, (
        f"{none.operations:,} = {none.naive:,} operations at size 0, "
        f"{all_.operations:,} = {all_.backprop:,} at size {all_['size']}"
    )


# --- what is compared


def build(case: Case) -> tuple[Any, Any]:
    if case.seed is not None:
        return random_program(case.seed)
    if case.sizes:
        return mlp(case.sizes)
    return squared_residuals(question_network), PARAMETERS


def compare_operations(case: Case) -> list[dict[str, Any]]:
    """For both directions: what naive and memoized recursion and the loop execute, and whether the last two agree."""
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
    """The log split by the sum that each entry belongs to: that of a node, for a source."""
    sums: dict[tuple[int, int], list[Any]] = {}
    for entry in g.log or ():
        node = entry.head if direction == "tangent" else entry.tail
        sums.setdefault((entry.source, node), []).append(entry)
    return sums


def calls(sizes: tuple[int, ...]) -> list[dict[str, Any]]:
    """The calls of the naive recursion for the first weight of an MLP, in order, and how each ends if there is a memo.

    A call is "computed" where it is the first for its node, "answered" from the memo where it is not, and "never made"
    within one that was answered.
    """
    loss, layers = mlp(sizes)
    (weight, *others), *rows = layers[0]["w"]
    graph = oc.trace(lambda w: loss([{**layers[0], "w": [[w, *others], *rows]}, *layers[1:]]), weight)
    users: dict[int, list[int]] = {}
    for edge in graph.edges:
        users.setdefault(edge.tail, []).append(edge.head)
    found: list[dict[str, Any]] = []
    kept = set()
    waiting = [(graph.inputs[0].index, -1, 0, True)]
    while waiting:
        node, caller, depth, made = waiting.pop()
        end = "never made" if not made else "answered" if node in kept else "computed"
        kept |= {node} if made else set()
        waiting += [(user, len(found), depth + 1, end == "computed") for user in reversed(users.get(node, []))]
        name = graph.nodes[node].name
        found.append({"caller": caller, "node": node, "operation": name, "depth": depth, "with a memo": end})
    return found


def asked(calls: pd.DataFrame) -> pd.DataFrame:
    """A row for each node: how often its adjoint is asked for, by the naive recursion and with a memo."""
    ends = calls.groupby(["node", "operation"])["with a memo"].value_counts().unstack(fill_value=0)
    with_memo = ends[["computed", "answered"]]
    return with_memo.assign(naive=ends.sum(axis=1), memoized=with_memo.sum(axis=1)).reset_index()[
        ["node", "operation", "naive", "memoized", "computed", "answered"]
    ]


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
