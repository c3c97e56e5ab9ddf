"""Complete training runs: where their operations go, and what accuracy they reach."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from analysis.figures.style import PHASES, figure, grid


def training(table: pd.DataFrame) -> Figure:
    """Operations of a training run by method, stacked by phase."""
    drawing, axes = figure(9.0, 4.5)
    rows = table.sort_values("total", ascending=False)
    left = rows.total * 0
    for phase, shade in PHASES.items():
        axes.barh(rows.method, rows[phase], left=left, color=shade, label=phase, height=0.65)
        left = left + rows[phase]
    for row, total in enumerate(rows.total):
        axes.annotate(f"{total:,}", (total, row), (5, 0), textcoords="offset points", va="center")
    axes.set_xlabel("operations until the loss is reached")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlim(right=float(rows.total.max()) * 1.15)
    axes.grid(axis="y", visible=False)
    axes.legend(loc="upper right")
    return drawing


def classifier(layers: pd.DataFrame, curve: pd.DataFrame) -> Figure:
    """Operations of a training by layer, stacked by phase; beside it, accuracy against operations."""
    drawing, (bars, line) = grid(1, 2, figsize=(12.0, 4.6))
    bottom = layers.total * 0
    for phase, shade in PHASES.items():
        bars.bar(layers.layer, layers[phase], bottom=bottom, color=shade, label=phase, width=0.6)
        bottom = bottom + layers[phase]
    for bar, total in enumerate(layers.total):
        bars.annotate(f"{total:,}", (bar, total), (0, 4), textcoords="offset points", ha="center")
    bars.set(xlabel="part of the network", ylabel="operations of the training")
    bars.yaxis.set_major_formatter("{x:,.0f}")
    bars.grid(axis="x", visible=False)
    bars.legend(loc="upper right")
    for name, colour, marker in (("training accuracy", "#999999", "s"), ("test accuracy", "#0072B2", "o")):
        line.plot(curve.operations, curve[name], marker + "-", color=colour, ms=3.5, lw=1.2, label=name)
    line.set(xlabel="million operations executed so far", ylabel="images read correctly", ylim=(0, 1.02))
    line.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 1e6:,.0f}"))
    line.yaxis.set_major_formatter("{x:.0%}")
    line.legend(loc="lower right")
    return drawing
