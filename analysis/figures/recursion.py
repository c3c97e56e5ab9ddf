"""The chain rule as a recursion, with and without a memo; what it keeps; and the error of finite differences."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.style import COLOURS, MARKERS, figure, grid, label_ends, plain_ticks


def difference_error(errors: pd.DataFrame) -> Figure:
    """The error of central differences against the step."""
    drawing, axes = figure(7.5, 4.5)
    axes.plot(errors.step, errors.error, "o-", color=COLOURS["finite-difference"], mec="#444444")
    axes.plot(errors.step[:5], errors.error[0] * (errors.step[:5] / errors.step[0]) ** 2, "--", color="#444444", lw=1)
    axes.annotate("∝ h²: truncation", (errors.step[2], errors.error[2]), (8, -14), textcoords="offset points")
    axes.annotate("∝ 1/h: rounding", (errors.step[9], errors.error[9]), (10, 8), textcoords="offset points")
    axes.set(xscale="log", yscale="log", xlabel="step h", ylabel="largest error of a partial derivative")
    axes.invert_xaxis()
    return drawing


def recursion(table: pd.DataFrame) -> Figure:
    """Naive and memoized recursion against the loop, one panel for each direction."""
    drawing, panels = grid(1, 2, figsize=(10.0, 4.8), sharex=True, sharey=True)
    names = {"adjoint": ("naive", "memoized", "backprop"), "tangent": ("naive-tangent", "memoized-tangent", "forward")}
    for axes, (direction, rows) in zip(panels, table.groupby("direction"), strict=True):
        naive, memoized, loop = names[direction]
        most = float(table.loop.max())
        axes.plot([1, most], [1, most], color="#444444", lw=0.8)
        axes.plot(
            rows.loop,
            rows.naive.astype(float),
            "^",
            color=COLOURS["naive"],
            ms=4,
            alpha=0.5,
            mew=0,
            label=f"{naive}: nothing kept",
        )
        axes.plot(
            rows.loop,
            rows.memoized,
            "o",
            color=COLOURS["backprop"],
            ms=4,
            alpha=0.6,
            mew=0,
            label=f"{memoized}: each kept",
        )
        axes.set(xscale="log", yscale="log", xlabel=f"operations of {loop}", title=direction)
        axes.legend(loc="lower right")
    panels[0].set_ylabel("operations of the recursion")
    return drawing


def memo_walk(walk: pd.DataFrame) -> Figure:
    """Operations of the recursion against the size of its memo."""
    drawing, axes = figure(8.0, 4.5)
    axes.step(walk["size"], walk.operations, where="post", color=COLOURS["memoized"], lw=2)
    right = walk["size"].max()
    for method, offset in (("naive", -14), ("backprop", -14)):
        level, colour = walk[method].iloc[0], COLOURS[method]
        axes.axhline(level, color=colour, lw=1, ls="--")
        axes.annotate(
            f"{method}: {level:,}", (right, level), (0, offset), textcoords="offset points", ha="right", color=colour
        )
    axes.set(yscale="log", xlabel="derivatives that the memo can hold", ylabel="operations of the accumulation")
    axes.set_ylim(bottom=walk.backprop.iloc[0] * 0.6)
    plain_ticks(axes.yaxis, 1, 2, 5)
    return drawing


def storage(table: pd.DataFrame) -> Figure:
    """Derivatives kept and depth of recursion against layers; lines that coincide are drawn once, named together."""
    drawing, panels = grid(1, 2, figsize=(11.5, 4.6), sharex=True)
    alive = table.drop_duplicates("layers").assign(method="dual numbers", kept=lambda rows: rows["alive at once"])
    for axes, column in zip(panels, ("derivatives kept", "recursion depth"), strict=True):
        lines: dict[tuple[int, ...], list[str]] = {}
        for method, line in table.groupby("method", sort=False):
            lines.setdefault(tuple(line[column]), []).append(method)
        shapes = {method: line.layers for method, line in table.groupby("method", sort=False)}
        ends = []
        for heights, methods in lines.items():
            colour = COLOURS[methods[-1]]
            axes.plot(shapes[methods[-1]], heights, MARKERS[methods[-1]] + "-", color=colour, ms=5)
            ends.append(
                (
                    float(shapes[methods[-1]].iloc[-1]),
                    float(heights[-1]),
                    ",\n".join(", ".join(methods[i : i + 2]) for i in range(0, len(methods), 2)),
                    colour,
                )
            )
        if column == "derivatives kept":
            axes.plot(alive.layers, alive.kept, ":", color=COLOURS["forward"])
            ends.append(
                (float(alive.layers.iloc[-1]), float(alive.kept.iloc[-1]), "dual numbers alive", COLOURS["forward"])
            )
        axes.set(xscale="log", xlabel="layers of width three", ylabel=column)
        axes.set_yscale("symlog", linthresh=10)
        axes.set_ylim(bottom=-1)
        plain_ticks(axes.xaxis)
        label_ends(drawing, axes, ends)
    return drawing
