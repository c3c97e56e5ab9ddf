"""Products of Jacobians in different orders."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from analysis.figures.style import COLOURS, MARKERS, grid, label_ends, plain_ticks, stripes, take_style


def orders(table: pd.DataFrame) -> Figure:
    """Products of each order over the fewest known, a row for each function, a panel for each convention."""
    drawing, panels = grid(1, 2, figsize=(11.0, 5.6), sharey=True)
    names = list(dict.fromkeys(table.function))
    rules = ("forward", "reverse", "markowitz", "search", "optimal")
    for axes, (counted, rows) in zip(panels, table.groupby("counted", sort=False), strict=True):
        stripes(axes, len(names))
        least = rows[["forward", "reverse", "markowitz", "search"]].min(axis=1).astype(float)
        # above one another in a row, so that none hides another where they agree
        for lift, rule in zip((-0.3, -0.15, 0.0, 0.15, 0.3), rules, strict=True):
            known = rows[rule] != ""
            heights = rows.function[known].map(names.index) + lift
            size = 9 if rule == "optimal" else 6
            axes.plot(
                rows[rule][known].astype(float) / least[known],
                heights,
                MARKERS[rule],
                color=COLOURS[rule],
                ms=size,
                mew=0,
                label=rule,
            )
        axes.set(xscale="log", xlabel="products, over the fewest found", title=f"counted: {counted}")
        axes.xaxis.set_major_locator(LogLocator(10, subs=(1, 1.5, 2, 3, 4)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_locator(NullLocator())
    sizes = table.drop_duplicates("function")
    labels = [f"{row.function}\n{row.inputs} → {row.outputs}" for row in sizes.itertuples()]
    panels[0].set_yticks(range(len(names)), labels, fontsize=9.5)
    panels[0].set_ylim(len(names) - 0.5, -0.5)
    handles, labels = panels[0].get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside upper center", ncols=5)
    return drawing


def elimination(graph: Any, order: Any) -> Figure:
    """An elimination in an order, vertex by vertex."""
    take_style()
    drawing: Figure = graph.draw_elimination(order)
    return drawing


QUOTIENT = "forward / reverse"
PAIR = ("#0072B2", "#E69F00")  # of the two conventions


def forward_wins(balance: pd.DataFrame, crossings: pd.DataFrame) -> Figure:
    """Products against n/m, a panel for each convention, a line for each order; beside them, forward over reverse."""
    drawing, panels = grid(1, 3, figsize=(16.0, 4.8))
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
        axes.axvline(float(meeting[ratio]), color="#444444", lw=1, ls=":")
        axes.set(xscale="log", yscale="log", xlabel="inputs / outputs", title=convention)
        axes.set_ylim(bottom=float(lines.search.min()) * 0.7)
        plain_ticks(axes.yaxis, 1, 2, 5)
        label_ends(drawing, axes, ends, 0.03)
    panels[0].set_ylabel("products of the Jacobian")
    beside = panels[2]
    for (convention, lines), colour in zip(layers.groupby("convention", sort=False), PAIR, strict=True):
        dots = programs[programs.convention == convention]
        x = dots[ratio].astype(float)
        beside.plot(x, dots[QUOTIENT].astype(float), "o", color=colour, ms=4, mew=0, alpha=0.6, label=convention)
        beside.plot(lines[ratio].astype(float), lines[QUOTIENT].astype(float), "-", color=colour, lw=1.2)
    beside.axhline(1, color="#444444", lw=1)
    beside.axvline(1, color="#444444", lw=1, ls=":")
    beside.set(xscale="log", yscale="log", xlabel="inputs / outputs", ylabel=QUOTIENT, title="random programs")
    beside.legend(loc="lower right")
    return drawing
