"""What forgetting costs: operations against values kept, and the logarithmic law of the balanced schedule."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from analysis.figures.style import BLUE, COLOURS, GREY, LABEL, MARKERS, VERMILION, figure, ink, label_ends, short_ticks

# where the label of a method stands beside its mark: how far, in points, and on which side
BESIDE: Final[dict[str, tuple[float, float, str]]] = {
    "naive": (-8, 4, "right"),
    "naive-tangent": (-8, -9, "right"),
    "memoized-tangent": (9, 0, "left"),
    "backprop": (-8, -12, "right"),
    "forward": (9, 0, "left"),
    "finite-difference": (-6, 14, "left"),
}
NAMES: Final = {
    "forward": "dual numbers",
    "finite-difference": "finite differences",
    "naive": "naive: nothing kept",
    "memoized-tangent": "memoized-\ntangent",
    "backprop": "backprop: all kept",
}


def dial(dial: pd.DataFrame) -> Figure:
    """Operations against values kept: a mark for each method, a line for each that may have several sizes."""
    drawing, axes = figure(4.6)
    plain = dial[dial["size"] == ""].set_index("method")
    walk = dial[(dial.method == "memoized") & (dial["size"] != "")]
    for method, rows in (
        ("memoized", pd.concat([plain.loc[["naive"]], walk, plain.loc[["memoized"]]])),
        ("checkpointed", dial[dial.method == "checkpointed"]),
    ):
        axes.plot(rows.kept, rows.operations, "-", marker=MARKERS[method], color=COLOURS[method], ms=6, lw=1.5)
    for method, (right, up, side) in BESIDE.items():
        row, colour = plain.loc[method], COLOURS[method]
        axes.plot([row.kept], [row.operations], MARKERS[method], color=colour, ms=8)
        look: Any = {"textcoords": "offset points", "ha": side, "va": "center", "fontsize": LABEL, "linespacing": 1.1}
        axes.annotate(NAMES.get(method, method), (row.kept, row.operations), (right, up), color=ink(colour), **look)
    few, many = (dial[dial.method == "checkpointed"].iloc[place] for place in (0, -1))
    middle = walk.iloc[len(walk) // 2 - 1]
    for row, text, where, side, method in (
        (few, f"checkpointed,\n{few['size']} snapshot", (-7, -6), "right", "checkpointed"),
        (many, f"{many['size']} snapshots", (8, 0), "left", "checkpointed"),
        (middle, "a memo\nof growing\nsize", (10, 0), "left", "memoized"),
    ):
        look = {"textcoords": "offset points", "ha": side, "va": "center", "fontsize": LABEL, "linespacing": 1.1}
        axes.annotate(text, (row.kept, row.operations), where, color=ink(COLOURS[method]), **look)
    axes.set(xscale="log", yscale="log", xlabel="values kept at once", ylabel="operations of the gradient")
    axes.set_xlim(dial.kept.min() * 0.75, dial.kept.max() * 2)
    axes.set_ylim(dial.operations.min() * 0.55, dial.operations.max() * 2)
    axes.xaxis.set_major_locator(FixedLocator([10, 20, 50, 100, 200, 500]))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_minor_locator(NullLocator())
    short_ticks(axes.yaxis)
    return drawing


def law(law: pd.DataFrame) -> Figure:
    """Snapshots, and evaluations of a step, against the number of steps."""
    drawing, axes = figure(3.4)
    repeats = law["steps evaluated"] / law.steps
    logarithm = np.log(law.steps.astype(float)) / np.log(4)
    axes.plot(law.steps, logarithm, "--", color=GREY, lw=1)
    axes.plot(law.steps, law.snapshots, "o-", color=BLUE)
    axes.plot(law.steps, repeats, "^-", color=VERMILION)
    axes.set(xscale="log", xlabel="steps", ylim=(0, None))
    axes.xaxis.set_major_locator(FixedLocator([*law.steps]))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_minor_locator(NullLocator())
    last = float(law.steps.iloc[-1])
    ends = [
        (last, float(law.snapshots.iloc[-1]), "snapshots", BLUE),
        (last, float(repeats.iloc[-1]), "evaluations\nper step", VERMILION),
        (last, float(logarithm.iloc[-1]), "log₄ steps", GREY),
    ]
    label_ends(drawing, axes, ends)
    return drawing
