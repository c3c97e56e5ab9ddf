"""What other counters report."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from analysis.figures.style import COLOURS, GREY, MARKERS, grid, stripes


def peers(ratios: pd.DataFrame) -> Figure:
    """What other counters report, divided by what is executed: a row for each call, zeros in a strip of their own."""
    calls = list(dict.fromkeys(ratios.call))
    drawing, (strip, axes) = grid(1, 2, height=1.5 + 0.36 * len(calls), width_ratios=(1, 7), sharey=True)
    for panel in (strip, axes):
        stripes(panel, len(calls))
    axes.axvline(1, color=GREY, lw=1, zorder=1)
    # above one another in a row, so that none hides another where they agree
    for lift, (peer, rows) in zip((-0.25, 0.0, 0.25), ratios.groupby("peer", sort=False), strict=True):
        heights = rows.call.map(calls.index) + lift
        some = rows.ratio > 0
        look: Any = {"color": COLOURS[peer], "marker": MARKERS[peer], "ms": 4.5, "ls": "none", "mew": 0}
        axes.plot(rows.ratio[some], heights[some], **look, label=peer)
        strip.plot(rows.ratio[~some], heights[~some], **look)
    strip.set(xlim=(-1, 1), xticks=[], xlabel="zero")
    strip.set_yticks(range(len(calls)), [in_lines(call) for call in calls])
    strip.tick_params(axis="y", length=0)
    strip.set_ylim(len(calls) - 0.5, -0.5)
    axes.set(xscale="log", xlabel="reported / executed")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", top=True, labeltop=True)
    axes.xaxis.set_major_locator(LogLocator(10, subs=(1, 3)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_locator(NullLocator())
    drawing.legend(loc="outside upper center", ncols=3)
    return drawing


def in_lines(call: str) -> str:
    """A call, on two lines if it is long, broken after its first operand or its brackets.

    >>> in_lines("np.sum(x)"), in_lines("np.linalg.matrix_power(A, 5)")
    ('np.sum(x)', 'np.linalg.\\nmatrix_power(A, 5)')
    """
    if len(call) <= 22:
        return call
    head, separator, tail = call.partition("', ") if "'" in call else call.partition("linalg.")
    return f"{head}{separator.rstrip()}\n{tail}" if separator else call
