"""Complete training runs: where their operations go, and what accuracy they reach."""

from __future__ import annotations

from typing import Final

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.figures.style import BLUE, ORANGE, PHASES, figure, grid, legend_below


def training(table: pd.DataFrame) -> Figure:
    """Operations of a training run by method, stacked by phase."""
    drawing, axes = figure(4.2)
    rows = table.sort_values("total", ascending=False)
    left = rows.total * 0
    for phase, shade in PHASES.items():
        axes.barh(rows.method, rows[phase], left=left, color=shade, label=phase, height=0.65)
        left = left + rows[phase]
    for row, total in enumerate(rows.total):
        axes.annotate(f"{total:,}", (total, row), (5, 0), textcoords="offset points", va="center", fontsize=10)
    axes.set_xlabel("operations until the loss is reached")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.set_xlim(right=float(rows.total.max()) * 1.35)
    axes.grid(axis="y", visible=False)
    legend_below(drawing)
    return drawing


MILLIONS: Final = FuncFormatter(lambda value, _: f"{value / 1e6:,.0f}")


def classifier(layers: pd.DataFrame, curve: pd.DataFrame) -> Figure:
    """Operations of a training by layer, stacked by phase; below, accuracy against operations."""
    drawing, (bars, line) = grid(2, 1, height=7.6)
    bottom = layers.total * 0
    for phase, shade in PHASES.items():
        bars.bar(layers.layer, layers[phase], bottom=bottom, color=shade, label=phase, width=0.6)
        bottom = bottom + layers[phase]
    for bar, total in enumerate(layers.total):
        bars.annotate(f"{total:,}", (bar, total), (0, 4), textcoords="offset points", ha="center", fontsize=10)
    bars.set(xlabel="part of the network", ylabel="million operations")
    bars.yaxis.set_major_formatter(MILLIONS)
    bars.grid(axis="x", visible=False)
    bars.legend(loc="upper right")
    for name, colour, marker in (("training accuracy", ORANGE, "s"), ("test accuracy", BLUE, "o")):
        line.plot(curve.operations, curve[name], marker + "-", color=colour, ms=3.5, lw=1.2, label=name)
    line.set(xlabel="million operations executed so far", ylabel="images read correctly", ylim=(0, 1.02))
    line.xaxis.set_major_formatter(MILLIONS)
    line.yaxis.set_major_formatter("{x:.0%}")
    line.legend(loc="lower right")
    return drawing
