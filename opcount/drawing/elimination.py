"""Pictures of vertex elimination: the graph, and what is left of it after each vertex."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from opcount.counting.errors import InvalidValue
from opcount.counting.render import named
from opcount.derivatives.linearized import Linearized
from opcount.drawing.contents import COLOURS, labels_of, needed, roles
from opcount.drawing.draw import arrow, frame, label_box
from opcount.drawing.layout import FONT, Pair, layout, shortcut

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from opcount.derivatives.graph import Graph

NEXT: Final = ("#F0E442", "black")
LOOKS: Final = {"new edge": ("#D55E00", 2.0, "-"), "absorbs a product": ("#0072B2", 2.0, "--")}
MOST_ELIMINATED: Final = (40, 24)  # nodes, and stages


class Stage(NamedTuple):
    """A graph during elimination: its edges, those that the last vertex made or added to, and the next vertex."""

    edges: list[Pair]
    new: list[Pair]
    absorbed: list[Pair]
    vertex: int | None
    products: tuple[int, int]


def stages(linearized: Linearized, order: Sequence[int]) -> list[Stage]:
    """The stages of eliminating vertices in an order, from the graph itself to the edges of the Jacobian.

    Parallel edges are one edge here, as if their partials were added up.
    """
    edges: list[Pair] = list(dict.fromkeys((tail, head) for tail, head, _ in linearized.edges))
    found = []
    new: list[Pair] = []
    absorbed: list[Pair] = []
    for vertex in order:
        before, after = [t for t, head in edges if head == vertex], [h for tail, h in edges if tail == vertex]
        found.append(Stage(edges, new, absorbed, vertex, (len(before), len(after))))
        kept = [pair for pair in edges if vertex not in pair]
        joined: list[Pair] = [(tail, head) for tail in before for head in after]
        new, absorbed = [pair for pair in joined if pair not in kept], [pair for pair in joined if pair in kept]
        edges = kept + new
    return [*found, Stage(edges, new, absorbed, None, (0, 0))]


def draw_elimination(graph: Graph, linearized: Linearized, order: Sequence[int]) -> Figure:
    """Draw the stages of an elimination, as `Graph.draw_elimination` describes."""
    pictures = stages(linearized, order)
    names = named("y", len(graph.outputs))
    copies = {row: names[linearized.rows.index(row)] for row in linearized.sinks if row >= linearized.size}
    labels = labels_of(graph) | copies
    fills = roles(graph) | dict.fromkeys(copies, "output")
    for amount, most, what in zip((len(labels), len(pictures)), MOST_ELIMINATED, ("nodes", "pictures"), strict=True):
        if amount > most:
            raise InvalidValue(f"an elimination of {amount} {what} would not be read, {most} is the most")
    with needed():
        import matplotlib.pyplot as plt
    laid_out = layout(labels, pictures[0].edges)
    boxes, routes = laid_out.boxes, dict(zip(pictures[0].edges, laid_out.routes, strict=True))
    scale = min(0.75, max(0.5, 180 / laid_out.size[0]))
    width, inner = max(laid_out.size[0] * scale, 104.0) + 14, laid_out.size[1] * scale
    columns = max(1, min(6, len(pictures), int(1100 / width)))
    height, rows = inner + 40, -(-len(pictures) // columns)
    total = rows * height + 24
    figure = plt.figure(figsize=(max(columns * width, 250) / 72, total / 72))
    for index, stage in enumerate(pictures):
        row, column = divmod(index, columns)
        ax = figure.add_axes((column / columns, 1 - (row + 1) * height / total, 1 / columns, inner / total))
        scale = frame(ax, laid_out.size)
        for tail, head in stage.new:
            others = [box for vertex, box in boxes.items() if vertex not in (tail, head)]
            routes[tail, head] = shortcut(boxes[tail], boxes[head], others, laid_out.size[0])
        looks = dict.fromkeys(stage.new, LOOKS["new edge"]) | dict.fromkeys(stage.absorbed, LOOKS["absorbs a product"])
        for pair in stage.edges:
            arrow(ax, routes[pair], scale, *looks.get(pair, ()))
        for vertex, box in boxes.items():
            at_hand = vertex == stage.vertex
            label_box(
                ax, box, labels[vertex], scale, *(NEXT if at_hand else COLOURS[fills[vertex]]), 2.5 if at_hand else 0.8
            )
        ax.set_title(_stage_title(stage, labels), fontsize=0.9 * FONT, parse_math=False)
        boxes = {vertex: box for vertex, box in boxes.items() if vertex != stage.vertex}
    lines = [ax.plot([], [], color=colour, lw=line, ls=dash)[0] for colour, line, dash in LOOKS.values()]
    figure.legend(lines, list(LOOKS), loc="lower center", ncols=2, frameon=False, fontsize=0.9 * FONT)
    return figure


def _stage_title(stage: Stage, labels: Mapping[int, str]) -> str:
    if stage.vertex is None:
        return f"the Jacobian:\n{len(stage.edges)} {'entry' if len(stage.edges) == 1 else 'entries'}"
    into, out = stage.products
    return f"eliminate {stage.vertex} ({labels[stage.vertex]}):\n{into}·{out} products"
