"""The common look of the figures: colours, markers, ticks, and labels at the ends of lines."""

from __future__ import annotations

from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

STYLE: Any = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.dpi": 100,
    "font.size": 11,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "savefig.bbox": "tight",
    "svg.fonttype": "path",
    "svg.hashsalt": "opcount",  # the same identifiers in every run
}

# Okabe and Ito's colours, which people with any colour vision can tell apart
LOOKS = {
    "finite-difference": ("#999999", "v"),
    "forward": ("#009E73", "s"),
    "naive": ("#D55E00", "^"),
    "memoized": ("#56B4E9", "o"),
    "naive-tangent": ("#CC79A7", "P"),
    "memoized-tangent": ("#B8860B", "D"),
    "backprop": ("#0072B2", "o"),
    "reverse": ("#0072B2", "o"),
    "markowitz": ("#E69F00", "D"),
    "search": ("#CC79A7", "P"),
    "optimal": ("#444444", "*"),
    "row-by-row": ("#56B4E9", "^"),
    "column-by-column": ("#B8860B", "v"),
    "flopscope": ("#E69F00", "s"),
    "torch": ("#D55E00", "^"),
    "JAX": ("#0072B2", "o"),
}
COLOURS = {name: colour for name, (colour, _) in LOOKS.items()}
MARKERS = {name: marker for name, (_, marker) in LOOKS.items()}
PHASES = {"primal": "#BBBBBB", "partials": "#E69F00", "accumulation": "#0072B2", "update": "#444444"}


def take_style() -> None:
    plt.rcParams.update(STYLE)


def grid(rows: int = 1, columns: int = 1, **options: Any) -> tuple[Figure, Any]:
    """A figure with `rows` times `columns` axes; `options` are those of matplotlib's subplots."""
    take_style()
    return plt.subplots(rows, columns, layout="constrained", **options)


def figure(width: float = 8.0, height: float = 5.0) -> tuple[Figure, Axes]:
    return grid(figsize=(width, height))


def stripes(axes: Axes, rows: int) -> None:
    """Draw a grey background behind every other row, so that the eye stays in its row."""
    for row in range(0, rows, 2):
        axes.axhspan(row - 0.5, row + 0.5, color="#F3F5F7", zorder=0)
    axes.grid(axis="y", visible=False)


def label_ends(
    drawing: Figure, axes: Axes, ends: list[tuple[float, float, str, str]], half_line: float = 0.026
) -> None:
    """Put labels at the right edge, at the height of each line's end, moved apart if they would overlap."""
    drawing.draw_without_rendering()
    left, right = axes.get_xlim()
    top = axes.get_ylim()[1]
    to_axes = axes.transData + axes.transAxes.inverted()
    # from the top down: each no higher than the end of its line, and clear of the label above
    ceiling = 1.0
    for x, y, text, colour in sorted(ends, key=lambda end: -end[1]):
        half = half_line * (1 + text.count("\n"))
        height = min(to_axes.transform((x, min(y, top)))[1], ceiling - half)
        ceiling = height - half
        axes.annotate(
            text,
            xy=(x, min(y, top)),
            xytext=(1.02, height),
            textcoords="axes fraction",
            color=colour,
            va="center",
            fontsize=10,
            arrowprops={"arrowstyle": "-", "relpos": (0, 0.5), "color": colour, "lw": 0.6, "alpha": 0.5},
            annotation_clip=False,
        )
    axes.set_xlim(left, right)


def plain_ticks(axis: Axis, *multiples: int) -> None:
    """Put ticks at these multiples of each power of ten, or at each power of two, as plain numbers: 60, not 6e1."""
    axis.set_major_locator(LogLocator(10 if multiples else 2, subs=multiples or (1,)))
    axis.set_major_formatter("{x:,.0f}")
    axis.set_minor_locator(NullLocator())


def close(drawing: Figure) -> None:
    plt.close(drawing)
