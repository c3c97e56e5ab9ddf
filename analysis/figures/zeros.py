"""What zeros are worth: operations of a Jacobian against the number of variables."""

from __future__ import annotations

from typing import Final

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from analysis.figures.style import BLUE, GREEN, VERMILION, grid, label_ends, short_ticks

LINES: Final = {
    "dense forward": ("dense sweeps", VERMILION, "s"),
    "colors": ("a sweep\nfor each color", BLUE, "o"),
    "zeros skipped": ("zeros skipped", GREEN, "^"),
}
PANELS: Final = {"tridiagonal": "three diagonals", "arrow": "an arrow"}


def growth(jacobians: pd.DataFrame) -> Figure:
    """A panel for each of two systems, with a line for each way."""
    drawing, both = grid(2, height=5.4)
    for axes, (name, title) in zip(both, PANELS.items(), strict=True):
        rows = jacobians[jacobians.system == name]
        ends = []
        for column, (label, colour, marker) in LINES.items():
            axes.plot(rows.n, rows[column], "-", marker=marker, color=colour, ms=6)
            ends.append((float(rows.n.iloc[-1]), float(rows[column].iloc[-1]), label, colour))
        axes.set(xscale="log", yscale="log", title=title, xlabel="variables", ylabel="operations")
        axes.xaxis.set_major_locator(FixedLocator([*rows.n]))
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.xaxis.set_minor_locator(NullLocator())
        short_ticks(axes.yaxis)
        label_ends(drawing, axes, ends)
    return drawing
