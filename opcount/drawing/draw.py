"""Pictures of a graph, drawn with matplotlib."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from opcount.counting.errors import InvalidType, InvalidValue
from opcount.counting.names import instead
from opcount.drawing.contents import COLOURS, SHOWN, labels_of, needed, partial_of, roles, shown
from opcount.drawing.layout import FONT, Box, layout

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.path import Path

    from opcount.derivatives.graph import Graph

MOST_NODES: Final = 200
READABLE: Final = 40
"""The most nodes of a picture that a notebook shows by itself."""


def svg(graph: Graph) -> str | None:
    """A picture as SVG; None if it would not be read or a library is missing. Pyplot and its settings stay as they are.

    Text stays text, so that it can be selected, and is the same in every run.
    """
    if not 0 < len(roles(graph)) <= READABLE:
        return None
    try:
        with needed():
            import matplotlib
            from matplotlib.figure import Figure
        figure = draw(graph, new_figure=Figure).get_figure(root=True)
    except InvalidType:
        return None
    assert figure is not None
    text = StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "opcount", "savefig.bbox": None}):
        figure.savefig(text, format="svg", metadata={"Title": repr(graph), "Date": None})
    return '<svg role="img" ' + text.getvalue().partition("<svg ")[2]  # HTML has no room for what stands before


def draw(
    graph: Graph, ax: Axes | None = None, show: str = "operation", new_figure: Callable[..., Figure] | None = None
) -> Axes:
    """Draw a graph, as `Graph.draw` describes; `new_figure` makes the figure if no axes are given, else pyplot does."""
    if show not in SHOWN:
        raise InvalidValue(f"there is no drawing of {show!r}; {instead([show], SHOWN, 'the drawings')}")
    title, of_nodes = SHOWN[show]
    labels = labels_of(graph)
    if len(labels) > MOST_NODES:
        raise InvalidValue(
            f"a drawing of {len(labels):,} nodes would not be read, {MOST_NODES} is the most: "
            "to_dot() and to_networkx() give the graph to tools for large ones"
        )
    if of_nodes:
        numbers = of_nodes(graph)
        labels = {node: f"{label}\n{shown(numbers[node])}" for node, label in labels.items()}
    tags = [shown(partial_of(edge.map)) if show == "partials" else "" for edge in graph.edges]
    with needed():
        import matplotlib.pyplot as plt
    laid_out = layout(labels, [(edge.tail, edge.head) for edge in graph.edges], tags)
    if ax is None:  # a pyplot figure, which notebooks show by themselves and scripts with plt.show()
        width, height = max(laid_out.size[0], 140.0), laid_out.size[1]
        figure = (new_figure or plt.figure)(figsize=(width / 72, (height + 24) / 72))
        ax = figure.add_axes((0, 0, 1, height / (height + 24)))
    scale = frame(ax, laid_out.size)
    ax.set_title(title, fontsize=FONT)
    for route, tag in zip(laid_out.routes, tags, strict=True):
        arrow(ax, route, scale)
        x, y = np.asarray(route.vertices)[-1]
        if tag:
            look: Any = {"ha": "center", "va": "bottom", "bbox": {"fc": "white", "ec": "none", "pad": 0.5}}
            ax.text(x, y + 8, tag, fontsize=0.85 * FONT * scale, zorder=3, **look)
    for node, role in roles(graph).items():
        label_box(ax, laid_out.boxes[node], labels[node], scale, *COLOURS[role])
    return ax


def frame(ax: Axes, size: tuple[float, float]) -> float:
    """Set up axes for a picture of this size in points, at scale 1 or smaller; returns the scale."""
    figure: Any = ax.get_figure(root=True)
    if figure.get_layout_engine():
        figure.draw_without_rendering()  # only then is it known where the layout puts the axes
    room = [length * 72 / figure.dpi for length in ax.get_window_extent().size]
    for limits, length, most in ((ax.set_xlim, size[0], room[0]), (ax.set_ylim, size[1], room[1])):
        spare = max(most - length, 0) / 2
        limits(-spare, length + spare)
    ax.set_aspect("equal")
    ax.set_axis_off()
    return float(min(1.0, room[0] / size[0], room[1] / size[1]))


def label_box(ax: Axes, box: Box, label: str, scale: float, fill: str, font: str = "black", line: float = 0.8) -> None:
    """Draw a label in its box."""
    from matplotlib.patches import FancyBboxPatch

    corner = (box.x - box.width / 2, box.y - box.height / 2)
    style = "round,pad=0,rounding_size=5"
    ax.add_patch(FancyBboxPatch(corner, box.width, box.height, style, fc=fill, ec="#444444", lw=line * scale, zorder=2))
    ax.text(
        box.x, box.y, label, color=font, fontsize=FONT * scale, ha="center", va="center", zorder=3, parse_math=False
    )


def arrow(ax: Axes, route: Path, scale: float, colour: str = "#666666", line: float = 0.8, dash: str = "-") -> None:
    """Draw an edge along its route."""
    from matplotlib.patches import FancyArrowPatch

    look: Any = {"color": colour, "lw": line * scale, "ls": dash, "capstyle": "butt", "joinstyle": "miter"}
    ax.add_patch(FancyArrowPatch(path=route, arrowstyle="-|>", mutation_scale=8 * scale, zorder=line / 2, **look))
