"""What does remembering cost? Values kept and depth of recursion, method by method."""

from __future__ import annotations

from typing import Any

import pandas as pd

import opcount as oc
from analysis.figures import recursion
from analysis.programs.methods import WITHOUT_STEPS
from analysis.programs.networks import mlp
from analysis.report.study import Claims, Figure, Judged, Run, Study, Table

NAIVE_UP_TO = 200_000
LOOPS = ("backprop", "forward")

claim = Claims()


class Found:
    """What each method keeps on networks of several depths; for the deepest and the shallowest, rows by method."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table = table
        self.deep = table[table.layers == table.layers.max()].set_index("method")
        self.shallow = table[table.layers == table.layers.min()].set_index("method")


def run(run: Run) -> Study:
    depths = (1, 2, 4, 8) if run.quick else (1, 2, 4, 8, 16, 32)
    d = Found(pd.DataFrame([row for rows in run.map(measure, depths) for row in rows]))
    backprop, memoized, forward = (d.deep.loc[name] for name in ("backprop", "memoized", "forward"))
    columns = ["method", "parameters", "nodes", "derivatives kept", "operations kept", "recursion depth"]
    return Study(
        question="What does remembering cost?",
        answer=(
            "Memory, in proportion to the operations of f. Backprop keeps the graph and an adjoint for each of its "
            f"nodes: {backprop['derivatives kept']:,} at {backprop.parameters:,} parameters in {backprop.layers} "
            "layers. The memoized recursion keeps as many, and its waiting calls are "
            f"{memoized['recursion depth']:,} deep; the naive recursion keeps no derivative at all. Dual numbers would "
            f"hold {forward['alive at once']:,} pairs at once: memory is where forward mode wins."
        ),
        claims=claim.judged(d),
        tables={
            "storage": Table(
                d.table,
                "Kept at most: derivatives, nodes of the graph, and recursive calls",
                shown=d.deep.reset_index()[[*columns, "alive at once"]],
            )
        },
        figures={
            "storage": Figure(
                recursion.storage,
                {"table": d.table},
                "Derivatives kept and depth of recursion, as layers are stacked. The naive recursions, which keep "
                "none, "
                "were executed up to the depth at which their lines end.",
                "Two panels of straight lines against the number of layers. Above, the derivatives kept: backprop and "
                f"the memoized recursion the most, {backprop['derivatives kept']:,} at {backprop.layers} layers, "
                "forward "
                f"mode as written here {forward['derivatives kept']:,}, dual numbers {forward['alive at once']:,} at "
                "any depth, naive recursion none. Below, the depth of recursion: the loops stay at zero, the "
                f"recursions rise, with a memo to {memoized['recursion depth']:,}.",
            )
        },
        against=[
            "Backprop needs the whole evaluation in memory before it can start; forward mode can forget as it goes."
        ],
    )


@claim("Backprop and the memoized recursion keep one adjoint for each node of the graph.")
def an_adjoint_for_each_node(d: Found) -> Judged:
    rows, last = d.table[d.table.method.isin(["memoized", "backprop"])], d.deep.loc["backprop"]
    return (rows["derivatives kept"] == rows.nodes).all(), (
        f"{last['derivatives kept']:,} adjoints on a graph of {last.nodes:,} nodes, {last.layers} layers"
    )


@claim("The loops need no recursion; the naive recursion is as deep as the longest path, a memoized one at most.")
def recursion_is_as_deep_as_a_path(d: Found) -> Judged:
    loops, naive = (d.table[d.table.method.isin(names)] for names in (LOOPS, ("naive", "naive-tangent")))
    holds = (
        (loops["recursion depth"] == 0).all()
        and (naive["recursion depth"] == naive["longest path"]).all()
        and (d.table["recursion depth"] <= d.table["longest path"]).all()
    )
    last = d.deep.loc["memoized"]
    return holds, (
        f"depth {last['recursion depth']:,} with a memo, where the longest path has {last['longest path']:,} nodes"
    )


@claim("Dual numbers need far less: only the values that are still to be used.")
def dual_numbers_need_less(d: Found) -> Judged:
    last = d.deep.loc["forward"]
    return (d.table["alive at once"] < d.table["nodes"]).all(), (
        f"{last['alive at once']:,} of {last.nodes:,} values are alive at once in the deepest network"
    )


@claim("What backprop keeps grows in proportion to the operations of f.")
def grows_with_f(d: Found) -> Judged:
    deep, shallow = d.deep.loc["backprop"], d.shallow.loc["backprop"]
    growth = (deep["operations kept"] / shallow["operations kept"]) / (
        deep["operations of f"] / shallow["operations of f"]
    )
    return 0.9 < growth < 1.1, (
        f"from {shallow.layers} layer to {deep.layers}: a ratio of {growth:.2f} between the growth of the two"
    )


def measure(depth: int) -> list[dict[str, Any]]:
    f, x = mlp((1, *[3] * depth, 1))
    graph = oc.trace(f, x)
    rows = []
    for name, method in WITHOUT_STEPS.items():
        naive = method.strategy == "recursion" and method.memo == 0
        if method.direction is None or (naive and graph.predict(name).total > NAIVE_UP_TO):
            continue
        storage = oc.gradient(f, x, name).storage
        rows.append(
            {
                "layers": depth,
                "parameters": len(graph.inputs),
                "operations of f": oc.measure(f, x).counts.total,
                "method": name,
                "nodes": len(graph.nodes),
                "operations kept": storage.nodes,
                "derivatives kept": storage.derivatives,
                "recursion depth": storage.depth,
                "longest path": longest_path(graph),
                "alive at once": alive_at_once(graph),
            }
        )
    return rows


def longest_path(graph: oc.Graph) -> int:
    """The number of nodes on the longest path from an input to the output."""
    length = {node.index: 1 for node in graph.inputs}
    for edge in graph.edges:  # heads in order of evaluation
        length[edge.head] = max(length.get(edge.head, 0), length[edge.tail] + 1)
    return max(length.values())


def alive_at_once(graph: oc.Graph) -> int:
    """The most values that an evaluation in order must hold for later use, without the parameters."""
    inputs = len(graph.inputs)
    last_use: dict[int, int] = {}
    for edge in graph.edges:
        last_use[edge.tail] = max(edge.head, last_use.get(edge.tail, 0))
    alive = most = 0
    dying = sorted(head for tail, head in last_use.items() if tail >= inputs)
    for node in range(inputs, len(graph.nodes)):
        while dying and dying[0] < node:
            dying.pop(0)
            alive -= 1
        alive += 1
        most = max(most, alive)
    return most
