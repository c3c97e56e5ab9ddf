"""What other counters report."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from analysis.figures.style import COLOURS, MARKERS, grid, stripes


def peers(ratios: pd.DataFrame) -> Figure:
    """What other counters report, divided by what is executed: a row for each call, zeros in a strip of their own."""
    calls = list(dict.fromkeys(ratios.call))
    drawing, (strip, axes) = grid(1, 2, figsize=(8.0, 1.5 + 0.24 * len(calls)), width_ratios=(1, 12), sharey=True)
    for panel in (strip, axes):
        stripes(panel, len(calls))
    axes.axvline(1, color="#444444", lw=1, zorder=1)
    # above one another in a row, so that none hides another where they agree
    for lift, (peer, rows) in zip((-0.25, 0.0, 0.25), ratios.groupby("peer", sort=False), strict=True):
        heights = rows.call.map(calls.index) + lift
        some = rows.ratio > 0
        look: Any = {"color": COLOURS[peer], "marker": MARKERS[peer], "ms": 4.5, "ls": "none", "mew": 0}
        axes.plot(rows.ratio[some], heights[some], **look, label=peer)
        strip.plot(rows.ratio[~some], heights[~some], **look)
    strip.set(xlim=(-1, 1), xticks=[], xlabel="zero")
    strip.set_yticks(range(len(calls)), calls, fontsize=9.5)
    strip.tick_params(axis="y", length=0)
    strip.set_ylim(len(calls) - 0.5, -0.5)
    axes.set(xscale="log", xlabel="reported / executed")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", top=True, labeltop=True)
    axes.xaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_locator(NullLocator())
    drawing.legend(loc="outside upper center", ncols=3)
    return drawing
