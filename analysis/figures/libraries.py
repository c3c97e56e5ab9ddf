"""Every method and every library, relative to backprop."""

from __future__ import annotations

from typing import Final

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    VERMILION,
    figure,
    legend_below,
    short_ticks,
    stripes,
)

LOOKS: Final = ((BLUE, "o"), (VERMILION, "^"), (GREEN, "s"), (ORANGE, "D"), (PURPLE, "P"))


def methods(counts: pd.DataFrame) -> Figure:
    """The operations of a gradient, divided by backprop's: a row for each way, a mark for each program."""
    ways = list(dict.fromkeys(counts.by))
    drawing, axes = figure(1.4 + 0.44 * len(ways))
    stripes(axes, len(ways))
    axes.axvline(1, color=GREY, lw=1, zorder=1)
    lifts = (-0.3, -0.15, 0.0, 0.15, 0.3)  # above one another in a row, so that none hides another where they agree
    for (colour, marker), lift, (program, rows) in zip(
        LOOKS, lifts, counts.groupby("program", sort=False), strict=True
    ):
        total = rows.set_index("by").total
        heights = [ways.index(way) + lift for way in total.index]
        axes.plot(total / total["backprop"], heights, marker, color=colour, ms=4.5, mew=0, label=program)
    axes.set_yticks(range(len(ways)), ways)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(ways) - 0.5, -0.5)
    axes.set(xscale="log", xlabel="operations / backprop's")
    axes.spines["left"].set_visible(False)
    short_ticks(axes.xaxis)
    legend_below(drawing)
    return drawing
