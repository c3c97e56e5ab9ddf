"""The chain rule as a recursion, with and without a memo; what it keeps; and the gradient that every method gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.style import (
    BLACK,
    BLUE,
    COLOURS,
    GREY,
    MARKERS,
    figure,
    grid,
    ink,
    label_ends,
    legend_below,
    plain_ticks,
    short_ticks,
    stripes,
)


def gradients(gradients: pd.DataFrame) -> Figure:
    """The derivative with respect to each parameter, a row each, in which the methods lie above one another."""
    drawing, axes = figure(5.2)
    stripes(axes, len(gradients))
    for index, method in enumerate(gradients.columns):
        rows = [row + 0.11 * (index - (len(gradients.columns) - 1) / 2) for row in range(len(gradients))]
        axes.plot(gradients[method], rows, MARKERS[method], color=COLOURS[method], ms=4.5, mew=0, label=method)
    axes.axvline(0, color=GREY, lw=0.8, zorder=0)
    axes.set_yticks(range(len(gradients)), list(gradients.index))
    axes.set_ylim(len(gradients) - 0.5, -0.5)
    axes.set(xlabel="derivative of the loss", ylabel="parameter")
    legend_below(drawing)
    return drawing


def difference_error(errors: pd.DataFrame) -> Figure:
    """The error of central differences against the step."""
    drawing, axes = figure(3.4)
    axes.plot(errors.step, errors.error, "o-", color=COLOURS["finite-difference"])
    axes.plot(errors.step[:5], errors.error[0] * (errors.step[:5] / errors.step[0]) ** 2, "--", color=GREY, lw=1)
    look: Any = {"textcoords": "offset points", "fontsize": 10}
    axes.annotate("∝ h²: truncation", (errors.step[2], errors.error[2]), (8, 4), **look)
    axes.annotate("∝ 1/h:\nrounding", (errors.step[10], errors.error[10]), (-8, 4), ha="right", **look)
    axes.set(xscale="log", yscale="log", xlabel="step h", ylabel="largest error")
    short_ticks(axes.xaxis, 100)
    short_ticks(axes.yaxis, 100)
    axes.invert_xaxis()
    return drawing


# how a call ends, by the column of a table: colour, marker, size, label
ENDS: Final[Mapping[str, tuple[str, str, float, str]]] = {
    "computed": (BLUE, "o", 4.5, "computed, and kept"),
    "answered": (BLACK, "s", 6.0, "answered from the memo"),
}


def call_trees(calls: pd.DataFrame) -> Figure:
    """The tree of the calls of the naive recursion, and below it what of it is left with a memo; a dot is a call."""
    drawing, (above, below) = grid(2, 1, height=7.6)
    x = columns_of(calls)
    made = calls["with a memo"] != "never made"
    branches(above, calls, x, COLOURS["naive"])
    above.plot(x, -calls.depth, ".", color=COLOURS["naive"], ms=7, mew=0)
    above.set_title(f"nothing is kept: {len(calls):,} calls", color=ink(COLOURS["naive"]))
    branches(below, calls[made], x, COLOURS["backprop"])
    for end, (colour, marker, size, label) in ENDS.items():
        found = calls["with a memo"] == end
        face = "white" if end == "answered" else colour
        below.plot(x[found], -calls.depth[found], marker, color=colour, mfc=face, ms=size, label=label)
    answered = int((calls["with a memo"] == "answered").sum())
    below.set_title(f"each result is kept: {int(made.sum())} calls, {answered} of them answered", color=BLUE)
    for axes in (above, below):
        axes.set(xlabel="one column for each path to the loss", ylabel="calls within calls", xticks=[], yticks=[])
        axes.set_xlim(-0.7, float(x.max()) + 0.7)
        axes.grid(visible=False)
        axes.spines[["left", "bottom"]].set_visible(False)
    legend_below(drawing, axes=below)
    return drawing


def branches(axes: Axes, calls: pd.DataFrame, x: pd.Series, colour: str) -> None:
    """Draw a line from every call to the call that made it."""
    for call, caller, depth in zip(calls.index, calls.caller, calls.depth, strict=True):
        if caller >= 0:
            axes.plot([x[caller], x[call]], [1 - depth, -depth], "-", color=colour, lw=1)


def columns_of(calls: pd.DataFrame) -> pd.Series:
    """The horizontal position of each call: a column for each that calls nothing, the others above those they call."""
    first = {call: index for index, call in enumerate(call for call in calls.index if call not in set(calls.caller))}
    position: dict[int, float] = {}
    for call in reversed(calls.index):  # those that a call makes come after it
        called = [position[other] for other in calls.index[calls.caller == call]]
        position[call] = (min(called) + max(called)) / 2 if called else float(first[call])
    return pd.Series(position).sort_index()


def memo_walk(walk: pd.DataFrame) -> Figure:
    """Operations of the recursion against the size of its memo."""
    drawing, axes = figure()
    axes.step(walk["size"], walk.operations, where="post", color=COLOURS["memoized"], lw=2.5)
    right = walk["size"].max()
    for method, what in (("naive", "nothing kept"), ("backprop", "all kept")):
        level, colour = walk[method].iloc[0], COLOURS[method]
        axes.axhline(level, color=colour, lw=1.2, ls="--")
        text = f"{what}: {method}, {level:,}"
        look: Any = {"textcoords": "offset points", "ha": "right", "va": "top", "fontsize": 10}
        axes.annotate(text, (right, level), (0, -4), color=ink(colour), **look)
    axes.set(yscale="log", xlabel="derivatives that the memo can hold", ylabel="operations")
    axes.set_ylim(bottom=walk.backprop.iloc[0] * 0.6)
    plain_ticks(axes.yaxis, 1, 2, 5)
    return drawing


KEPT: Final = ("derivatives kept", "recursion depth")


def storage(table: pd.DataFrame) -> Figure:
    """Derivatives kept and depth of recursion against layers; lines that coincide are drawn once, named together."""
    drawing, panels = grid(2, 1, height=7.2)
    for axes, column in zip(panels, KEPT, strict=True):
        lines: dict[tuple[int, ...], list[str]] = {}
        shapes = {method: line.layers for method, line in table.groupby("method", sort=False)}
        for method, line in table.groupby("method", sort=False):
            lines.setdefault(tuple(line[column]), []).append(method)
        ends = []
        for heights, methods in lines.items():
            method, x = methods[-1], shapes[methods[-1]]
            axes.plot(x, heights, MARKERS[method] + "-", color=COLOURS[method], ms=5)
            ends.append((float(x.iloc[-1]), float(heights[-1]), ",\n".join(methods), COLOURS[method]))
        if column == "derivatives kept":
            alive = table.drop_duplicates("layers")
            axes.plot(alive.layers, alive["alive at once"], ":", color=COLOURS["forward"], lw=2)
            last = alive.iloc[-1]
            ends.append((float(last.layers), float(last["alive at once"]), "dual numbers", COLOURS["forward"]))
        axes.set(xlabel="layers of width three", ylabel=column)
        axes.yaxis.set_major_formatter("{x:,.0f}")
        label_ends(drawing, axes, ends)
    return drawing
