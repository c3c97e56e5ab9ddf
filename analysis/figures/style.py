"""The common look of the figures: colours, markers, ticks, and labels at the ends of lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

WIDTH: Final = 5.0
"""The width of every figure, in inches: at 390 px, the width of a phone, its text is still about 10 px high."""

STYLE: Any = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 11,
    "figure.dpi": 100,
    "font.size": 11,
    # text stays text: the first font, which comes with matplotlib, is the widest, so that no other outgrows its space
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "Helvetica", "sans-serif"],
    "grid.alpha": 0.25,
    "legend.fontsize": 10,
    "legend.frameon": False,
    "savefig.bbox": "tight",
    "svg.fonttype": "none",
    "svg.hashsalt": "opcount",  # the same identifiers in every run
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
}

# M. Okabe, K. Ito, Color universal design, 2008: eight colours that people with any colour vision can tell apart.
# Yellow is left out, which nobody sees as a line on white.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"

METHODS: Final = {
    "finite-difference": (BLACK, "v"),
    "forward": (GREEN, "s"),
    "naive": (VERMILION, "^"),
    "memoized": (SKY, "X"),
    "naive-tangent": (PURPLE, "P"),
    "memoized-tangent": (ORANGE, "D"),
    "backprop": (BLUE, "o"),
    "checkpointed": (GREEN, "*"),
}
ORDERS: Final = {
    "forward": (GREEN, "s"),
    "reverse": (BLUE, "o"),
    "markowitz": (ORANGE, "D"),
    "search": (PURPLE, "P"),
    "optimal": (BLACK, "*"),
}
PEERS: Final = {"flopscope": (ORANGE, "s"), "torch": (VERMILION, "^"), "JAX": (BLUE, "o")}
LOOKS = METHODS | ORDERS | PEERS
COLOURS = {name: colour for name, (colour, _) in LOOKS.items()}
MARKERS = {name: marker for name, (_, marker) in LOOKS.items()}
PHASES = {"primal": SKY, "partials": ORANGE, "accumulation": BLUE, "update": BLACK}
LABEL: Final = 10.0  # the size of the labels at the ends of lines, in points
GREY: Final = "#595959"  # of what is not the matter: lines of reference, and their labels


def take_style() -> None:
    plt.rcParams.update(STYLE)


def grid(rows: int = 1, columns: int = 1, height: float = 3.6, **options: Any) -> tuple[Figure, Any]:
    """A figure with `rows` times `columns` axes, `height` inches high; `options` are those of matplotlib's subplots."""
    take_style()
    return plt.subplots(rows, columns, layout="constrained", figsize=(WIDTH, height), **options)


def figure(height: float = 3.6) -> tuple[Figure, Axes]:
    return grid(height=height)


def stripes(axes: Axes, rows: int) -> None:
    """Draw a grey background behind every other row, so that the eye stays in its row."""
    for row in range(0, rows, 2):
        axes.axhspan(row - 0.5, row + 0.5, color="#F3F5F7", zorder=0)
    axes.grid(axis="y", visible=False)


def contrast(colour: str) -> float:
    """The contrast of a colour with white, from 1 to 21 (WCAG 2.2)."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def ink(colour: str) -> str:
    """The colour for text: darkened until its contrast with white is 4.5, from which on it is read with ease."""
    if contrast(colour) >= 4.5:
        return colour
    darker = (int(int(colour[start : start + 2], 16) * 0.96) for start in (1, 3, 5))
    return ink("#" + "".join(f"{part:02X}" for part in darker))


def label_ends(drawing: Figure, axes: Axes, ends: Sequence[tuple[float, float, str, str]]) -> None:
    """Put labels to the right of the ends of lines, at their heights; those that would overlap are moved apart.

    A label that was moved by more than a line has a thin line that leads to its end.
    """
    drawing.draw_without_rendering()
    limits = axes.get_xlim()
    half_line = 0.5 * 1.2 * LABEL / 72 * drawing.dpi / axes.get_window_extent().height
    to_axes = axes.transData + axes.transAxes.inverted()
    ends = sorted(ends, key=lambda end: -end[1])
    halves = [half_line * (1 + text.count("\n")) for _, _, text, _ in ends]
    places = [to_axes.transform((x, y)) for x, y, _, _ in ends]
    heights = [float(height) for _, height in places]
    for (x, y, text, colour), at, (right, height) in zip(ends, moved_apart(heights, halves), places, strict=True):
        moved = abs(at - height) > 2 * half_line
        edge = float(right) if right > 0.6 else 1.0  # beside the end, if there is room for it
        axes.annotate(
            text,
            xy=(x, y),
            xytext=(edge + 0.03, at),
            textcoords="axes fraction",
            color=ink(colour),
            va="center",
            fontsize=LABEL,
            linespacing=1.1,
            arrowprops={"arrowstyle": "-", "relpos": (0, 0.5), "color": colour, "lw": 0.8} if moved else None,
            annotation_clip=False,
        )
    axes.set_xlim(limits)


def moved_apart(heights: Sequence[float], halves: Sequence[float]) -> list[float]:
    """Heights from the top down, moved so that no two are nearer than half the height of each, within 0 and 1."""
    found = []
    ceiling = 1.0 + halves[0]
    for height, half in zip(heights, halves, strict=True):
        found.append(min(height, ceiling - half))
        ceiling = found[-1] - half
    floor = 0.0 - halves[-1]
    for index in reversed(range(len(found))):
        found[index] = max(found[index], floor + halves[index])
        floor = found[index] + halves[index]
    return found


def legend_below(drawing: Figure, columns: int = 2, axes: Axes | None = None) -> None:
    """Put the legend below the figure, where it hides nothing; of these axes, or of all."""
    handles, labels = (axes or drawing.axes[0]).get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside lower center", ncols=columns)


def plain_ticks(axis: Axis, *multiples: int) -> None:
    """Put ticks at these multiples of each power of ten, or at each power of two, as plain numbers: 60, not 6e1."""
    axis.set_major_locator(LogLocator(10 if multiples else 2, subs=multiples or (1,)))
    axis.set_major_formatter("{x:,.0f}")
    axis.set_minor_locator(NullLocator())


def short_ticks(axis: Axis, base: float = 10, ticks: int = 8) -> None:
    """Put ticks at powers of ten, written as 1, 10, 100, 1,000, 10⁴, 10⁵: text, without a font for formulas."""
    axis.set_major_locator(LogLocator(base, numticks=ticks))
    axis.set_major_formatter(FuncFormatter(lambda value, _: power(value)))
    axis.set_minor_locator(NullLocator())


def power(value: float) -> str:
    """A power of ten as short text.

    >>> power(0.1), power(1000.0), power(1e12)
    ('0.1', '1,000', '10¹²')
    """
    if 0.001 <= value < 10_000:
        return f"{value:,g}"
    return "10" + str(round(math.log10(value))).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def close(drawing: Figure) -> None:
    plt.close(drawing)
