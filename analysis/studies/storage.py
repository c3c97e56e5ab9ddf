"""What does remembering cost? Values kept and depth of recursion, method by method."""

from __future__ import annotations

from typing import Any

import pandas as pd

import opcount as oc
from analysis.figures import recursion
from analysis.programs.networks import mlp
from analysis.report.study import Claim, Figure, Run, Study, Table

NAIVE_UP_TO = 200_000


def run(run: Run) -> Study:
    depths = (1, 2, 4, 8) if run.quick else (1, 2, 4, 8, 16, 32)
    table = pd.DataFrame([row for rows in run.map(measure, depths) for row in rows])
    at = table[table.layers == table.layers.max()].set_index("method")
    small = table[table.layers == table.layers.min()].set_index("method")
    growth = (at.loc["backprop", "operations kept"] / small.loc["backprop", "operations kept"]) / (
        at["operations of f"].iloc[0] / small["operations of f"].iloc[0]
    )
    naive = table[table.method.isin(["naive", "naive-tangent"])]
    claims = [
        Claim(
            "Backprop and the memoized recursion keep one adjoint for each node of the graph.",
            bool(
                all(
                    (rows["derivatives kept"] == rows["nodes"]).all()
                    for name, rows in table.groupby("method")
                    if name in ("memoized", "backprop")
                )
            ),
            f"{at.loc['backprop', 'derivatives kept']:,} adjoints on a graph of {at.loc['backprop', 'nodes']:,} nodes, "
            f"{at.loc['backprop', 'layers']} layers",
        ),
        Claim(
            "The loops need no recursion; the naive recursion is as deep as the longest path, a memoized one at most.",
            bool(
                (table[table.method.isin(LOOPS)]["recursion depth"] == 0).all()
                and (naive["recursion depth"] == naive["longest path"]).all()
                and (table["recursion depth"] <= table["longest path"]).all()
            ),
            f"depth {at.loc['memoized', 'recursion depth']:,} with a memo, "
            f"where the longest path has {at.loc['memoized', 'longest path']:,} nodes",
        ),
        Claim(
            "Dual numbers need far less: only the values that are still to be used.",
            bool((table["alive at once"] < table["nodes"]).all()),
            f"{at.loc['forward', 'alive at once']:,} of {at.loc['forward', 'nodes']:,} values are alive at "
            "once in the deepest network",
        ),
        Claim(
            "What backprop keeps grows in proportion to the operations of f.",
            bool(0.9 < growth < 1.1),
            f"from {small.loc['backprop', 'layers']} layer to {at.loc['backprop', 'layers']}: a ratio of {growth:.2f} "
            "between the growth of the two",
        ),
    ]
    return Study(
        question="What does remembering cost?",
        answer=(
            "Memory, in proportion to the operations of f. Backprop keeps the graph and an adjoint for each "
            "of its nodes: "
            f"{at.loc['backprop', 'derivatives kept']:,} at {at.loc['backprop', 'parameters']:,} parameters in "
            f"{at.loc['backprop', 'layers']} layers. The memoized recursion keeps as many and waits, besides, in calls "
            f"{at.loc['memoized', 'recursion depth']:,} deep; the naive recursion keeps no derivative at all. "
            "Dual numbers would hold "
            f"{at.loc['forward', 'alive at once']:,} pairs at once: memory is where forward mode wins."
        ),
        claims=claims,
        tables={
            "storage": Table(
                table,
                "Kept at most: derivatives, nodes of the graph, and recursive calls",
                shown=at.reset_index()[
                    [
                        "method",
                        "parameters",
                        "nodes",
                        "derivatives kept",
                        "operations kept",
                        "recursion depth",
                        "alive at once",
                    ]
                ],
            )
        },
        figures={
            "storage": Figure(
                recursion.storage, {"table": table}, "Derivatives kept and depth of recursion, as layers are stacked."
            )
        },
        against=[
            "Backprop needs the whole evaluation in memory before it can start; forward mode can forget as it goes.",
        ],
    )


LOOPS = ("backprop", "forward")


def measure(depth: int) -> list[dict[str, Any]]:
    f, x = mlp((1, *[3] * depth, 1))
    graph = oc.trace(f, x)
    rows = []
    for name, method in oc.METHODS.items():
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
    """The most values that an evaluation in order must hold for later use, the parameters left out."""
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
