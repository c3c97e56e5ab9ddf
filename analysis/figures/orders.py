"""Products of Jacobians in different orders."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

import opcount as oc
from analysis.figures.style import (
    BLUE,
    COLOURS,
    GREY,
    LABEL,
    MARKERS,
    ORANGE,
    ORDERS,
    grid,
    label_ends,
    legend_below,
    plain_ticks,
    stripes,
    take_style,
)


def orders(table: pd.DataFrame) -> Figure:
    """Products of each order over the fewest known, a row for each function, a panel for each convention."""
    names = list(dict.fromkeys(table.function))
    drawing, panels = grid(2, 1, height=2 + 0.66 * len(names))
    for axes, (counted, rows) in zip(panels, table.groupby("counted", sort=False), strict=True):
        stripes(axes, len(names))
        least = rows[["forward", "reverse", "markowitz", "search"]].min(axis=1).astype(float)
        # above one another in a row, so that none hides another where they agree
        for lift, (rule, (colour, marker)) in zip((-0.3, -0.15, 0.0, 0.15, 0.3), ORDERS.items(), strict=True):
            known = rows[rule] != ""
            heights = rows.function[known].map(names.index) + lift
            look: Any = {"color": colour, "ms": 9 if rule == "optimal" else 6, "mew": 0, "label": rule}
            axes.plot(rows[rule][known].astype(float) / least[known], heights, marker, **look)
        axes.set(xscale="log", xlabel="products, over the fewest found", title=f"counted: {counted}")
        axes.xaxis.set_major_locator(LogLocator(10, subs=(1, 1.5, 2, 3, 4)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.5, -0.5)
    legend_below(drawing, 3)
    return drawing


def elimination(function: Any, point: Any, order: Any) -> Figure:
    """The elimination of a function's graph in an order, vertex by vertex, in two columns."""
    take_style()
    drawing: Figure = oc.trace(function, [*point]).draw_elimination(order)
    width, height = drawing.get_size_inches()
    boxes = [axes.get_position() for axes in drawing.axes]
    wide, high = width * boxes[0].width, height * (1 - boxes[0].y0)  # of one stage with its title
    rows, foot = -(-len(boxes) // COLUMNS), 24 / 72
    total = rows * high + foot
    drawing.set_size_inches(COLUMNS * wide, total)
    for index, (axes, box) in enumerate(zip(drawing.axes, boxes, strict=True)):
        row, column = divmod(index, COLUMNS)
        bottom = (foot + (rows - 1 - row) * high) / total
        for text in axes.texts:  # smaller than can be read on a phone, and the boxes have room
            text.set_fontsize(LABEL)
        axes.set_position((column / COLUMNS, bottom, 1 / COLUMNS, height * box.height / total))
    return drawing


COLUMNS: Final = 2  # of stages beside one another


QUOTIENT: Final = "forward / reverse"
PAIR: Final = ((BLUE, "o", "-"), (ORANGE, "D", "--"))  # of the two conventions


def forward_wins(balance: pd.DataFrame, crossings: pd.DataFrame) -> Figure:
    """Products against n/m, a panel for each convention, a line for each order; below, forward over reverse."""
    drawing, panels = grid(3, 1, height=10.2)
    layers, programs = (balance[(balance.function == "layers") == which] for which in (True, False))
    ratio = "inputs / outputs"
    for axes, (convention, lines) in zip(panels[:2], layers.groupby("convention", sort=False), strict=True):
        x = lines[ratio].astype(float)
        ends = []
        for order in ("search", "markowitz", "reverse", "forward"):
            behind = order == "search"  # the others coincide with it where it finds nothing better
            look: Any = {"lw": 6, "alpha": 0.5} if behind else {"lw": 1.4, "marker": MARKERS[order], "ms": 5}
            axes.plot(x, lines[order], color=COLOURS[order], **look)
            ends.append((float(x.iloc[-1]), float(lines[order].iloc[-1]), order, COLOURS[order]))
        meeting = crossings[crossings.convention == convention].iloc[0]
        axes.axvline(float(meeting[ratio]), color=GREY, lw=1, ls=":")
        axes.set(xscale="log", yscale="log", ylabel="products of the Jacobian", title=f"layers, {convention}")
        axes.set_ylim(bottom=float(lines.search.min()) * 0.7)
        plain_ticks(axes.yaxis, 1, 2, 5)
        label_ends(drawing, axes, ends)
    below = panels[2]
    for (convention, lines), (colour, marker, dash) in zip(layers.groupby("convention", sort=False), PAIR, strict=True):
        dots = programs[programs.convention == convention]
        x = dots[ratio].astype(float)
        below.plot(x, dots[QUOTIENT].astype(float), marker, color=colour, ms=5, mew=0, alpha=0.6, label=convention)
        below.plot(lines[ratio].astype(float), lines[QUOTIENT].astype(float), dash, color=colour, lw=1.2)
    below.axhline(1, color=GREY, lw=1)
    below.axvline(1, color=GREY, lw=1, ls=":")
    below.set(xscale="log", yscale="log", ylabel=QUOTIENT, title="random programs")
    plain_quotients(below.yaxis)
    for axes in panels:
        axes.set_xlabel("inputs / outputs")
        plain_quotients(axes.xaxis)
    legend_below(drawing, 1, below)
    return drawing


def plain_quotients(axis: Axis) -> None:
    """Put ticks at powers of ten, as 0.01 and 100."""
    axis.set_major_locator(LogLocator(10))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(NullLocator())
