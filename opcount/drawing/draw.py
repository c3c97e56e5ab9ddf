"""Pictures of a graph, and the same graph for other tools: networkx, Graphviz, matplotlib.

A drawing is in layers (K. Sugiyama, S. Tagawa, M. Toda, Methods for visual understanding of
hierarchical system structures, IEEE Trans. Systems, Man and Cybernetics 11, 1981): inputs at the
top, outputs at the bottom, all edges downwards. Lengths are in points. What is imported beyond
NumPy is imported where it is asked for: `pip install opcount[draw]`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import accumulate, pairwise
from numbers import Rational
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from opcount.counting.errors import InvalidType, InvalidValue
from opcount.counting.names import instead
from opcount.counting.tally import isolated
from opcount.derivatives.chain_rule import backprop
from opcount.derivatives.elimination import Linearized
from opcount.tracing.edges import LinearMap, Scale, Sign
from opcount.tracing.structural import number
from opcount.wrapping.spec import Spec
from opcount.wrapping.trees import shape_of
from opcount.wrapping.wrapped import Number

if TYPE_CHECKING:
    import networkx as nx
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.path import Path

    from opcount.derivatives.graph import Graph

Pair = tuple[int, int]

SYMBOLS: Final = {
    "add": "+",
    "sub": "−",
    "mul": "×",
    "div": "÷",
    "abs": "|·|",
    "sqrt": "√",
    "cbrt": "∛",
    "matmul": "@",
    "maximum": "max",
    "minimum": "min",
}
"""How an operation is written in a drawing; others are written by their names."""

# Okabe and Ito's colours, from which any colour vision tells the roles; in grey they are light, white and dark.
COLOURS: Final = {"input": ("#E69F00", "black"), "intermediate": ("white", "black"), "output": ("#0072B2", "white")}
NEXT: Final = ("#F0E442", "black")
LOOKS: Final = {"new edge": ("#D55E00", 2.0, "-"), "absorbs a product": ("#0072B2", 2.0, "--")}

MOST_NODES: Final = 200
MOST_ELIMINATED: Final = (40, 24)  # nodes, and stages
FONT: Final = 10.0
LINE: Final = 14.0
GAP: Final = 26.0


@contextmanager
def _needed() -> Iterator[None]:
    """Around an import: says what to install where it fails."""
    try:
        yield
    except ImportError as error:
        name = (error.name or str(error)).partition(".")[0]
        raise InvalidType(f"this needs {name}: pip install opcount[draw]") from None


# --- what there is to show


def roles(graph: Graph) -> dict[int, str]:
    """The nodes that are drawn, in order: "input" is every input, then "output", and "intermediate" what these use."""
    outputs = graph.output_indices
    found = {}
    for node in graph.nodes:
        if node.primitive is None:
            found[node.index] = "input"
        elif node.index in outputs or graph.users[node.index]:
            found[node.index] = "output" if node.index in outputs else "intermediate"
    return found


def labels_of(graph: Graph) -> dict[int, str]:
    """The symbol of each node that is drawn, in order; an input is x, or x[0], x[1], ... in flattened order."""
    nodes = [graph.nodes[index] for index in roles(graph)]
    inputs = iter(_numbered("x", len(graph.inputs)))
    return {node.index: SYMBOLS.get(node.name, node.name) if node.primitive else next(inputs) for node in nodes}


def _numbered(name: str, number: int) -> list[str]:
    return [f"{name}[{place}]" for place in range(number)] if number > 1 else [name]


def _plain(value: Any) -> Any:
    """A value as a plain number or array; None for one of which only the shape is known."""
    plain = value._plain()
    return None if type(plain) is Spec else plain


def partial_of(edge: LinearMap) -> Any:
    """The local partial of an edge between numbers, as a plain number; None for a linear map of arrays."""
    if isinstance(edge, Sign):
        return edge.unit.sign
    return _plain(edge.partial) if isinstance(edge, Scale) and isinstance(edge.partial, Number) else None


def path_counts(graph: Graph) -> list[int]:
    """The number of paths from each node to the outputs, over all of them."""
    outputs = graph.output_indices
    paths = [outputs.count(node) for node in range(len(graph.nodes))]
    for head in range(len(paths) - 1, -1, -1):
        for tail, _ in graph.operands[head]:
            paths[tail] += paths[head]
    return paths


def adjoints(graph: Graph) -> list[Any]:
    """The derivative of the one output with respect to each node, plain; what that executes is not counted."""
    output = graph.output
    if output is None:
        return [0] * len(graph.nodes)
    if shape := shape_of(output.value):
        raise InvalidType(f"the output is an array of shape {shape}, and adjoints are derivatives of one number")
    with isolated():
        return [0 if found is None else _plain(number(found)) for found in backprop(output.index, graph.operands)]


def _text(plain: Any) -> str:
    """A number in few characters; an array by its shape."""
    if plain is None:
        return ""
    if shape := shape_of(plain):
        return str(shape)
    if isinstance(plain, Rational):
        top, bottom = int(plain.numerator), int(plain.denominator)
        if max(abs(top), bottom) < 10**5:
            return str(plain)
        plain = Decimal(top) / Decimal(bottom)  # which can be beyond any float
    return str(plain) if len(str(plain)) <= 6 else f"{plain:.3g}"


SHOWN: Final[Mapping[str, tuple[str, Callable[[Graph], list[Any]] | None]]] = {
    "operation": ("", None),
    "paths": ("paths to the output", path_counts),
    "adjoints": ("derivatives of the output", adjoints),
    "partials": ("local partials", None),
}
"""What a drawing can show: its title, and the number that each node has beside its operation."""


# --- for other tools


def to_networkx(graph: Graph) -> nx.MultiDiGraph:
    """See `Graph.to_networkx`."""
    with _needed():
        import networkx as nx
    found = nx.MultiDiGraph()
    for index, role in roles(graph).items():
        node = graph.nodes[index]
        found.add_node(index, operation=node.name, role=role, value=_plain(node))
    for edge in graph.edges:
        found.add_edge(edge.tail, edge.head, position=edge.position, partial=partial_of(edge.map))
    return found


def to_dot(graph: Graph) -> str:
    """See `Graph.to_dot`."""
    labels = labels_of(graph)
    lines = ["digraph {", "  node [shape=box, style=filled]"]
    ranks: dict[str, list[str]] = {"source": [], "sink": []}
    for node, role in roles(graph).items():
        fill, font = COLOURS[role]
        lines.append(f'  {node} [label={_quoted(labels[node])}, fillcolor="{fill}", fontcolor="{font}"]')
        if role == "input" or not graph.users[node]:
            ranks["source" if role == "input" else "sink"].append(f"{node};")
    lines += [f"  {{ rank={rank}; {' '.join(nodes)} }}" for rank, nodes in ranks.items() if nodes]
    lines += [f"  {edge.tail} -> {edge.head}" for edge in graph.edges]
    return "\n".join([*lines, "}", ""])


def _quoted(label: str) -> str:
    """A label as Graphviz reads it back, in which a backslash would begin an escape."""
    return '"' + label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


# --- where everything is drawn


class Box(NamedTuple):
    """The place of a label, by its middle."""

    x: float
    y: float
    width: float
    height: float


class Layout(NamedTuple):
    """Boxes by vertex and the way of each edge, in points; the picture reaches from (0, 0) to the size."""

    boxes: dict[int, Box]
    routes: list[Path]
    size: tuple[float, float]


def layout(labels: Mapping[int, str], edges: Sequence[Pair], tags: Sequence[str] = ()) -> Layout:
    """Place labels in layers, each edge around the labels between; room for its tag is where it arrives.

    Edges come in the order of their heads. What no edge reaches stands in the first layer.
    """
    tails, heads = Counter(tail for tail, _ in edges), Counter(head for _, head in edges)
    layers, chains = _layered(labels, edges, ends=heads.keys() - tails.keys())
    tag = max(map(_width, tags), default=0.0) + 6 if any(tags) else 0.0
    widths = [max(_width(label) + 12, heads[vertex] * tag) for vertex, label in labels.items()]
    height = LINE * max(label.count("\n") + 1 for label in labels.values()) + 4
    column = max(widths) + 10
    links = [link for chain in chains for link in pairwise(chain)]
    x = [column * (place + 0.5) for place in _across(layers, links)]
    # the farther edges go sideways between two layers, the more height they get for it
    sideways = [0.0] * max(layers)
    for before, after in links:
        sideways[layers[before]] = max(sideways[layers[before]], abs(x[after] - x[before]))
    gaps = [GAP + (LINE if tag else 0) + min(0.12 * far, 2 * GAP) for far in sideways]
    down = list(accumulate((height + gap for gap in gaps), initial=height / 2 + 6))
    size = (max(x) + column / 2, down[-1] + height / 2 + 6)
    y = [size[1] - down[layer] for layer in layers]
    boxes = {
        vertex: Box(x[i], y[i], width, height) for i, (vertex, width) in enumerate(zip(labels, widths, strict=True))
    }

    # edges leave and arrive side by side, in the order in which they go to, or come from, the left and right
    ports = {}
    for end, near in ((0, 1), (-1, -2)):
        for vertex, box in boxes.items():
            mine = [edge for edge, pair in enumerate(edges) if pair[end] == vertex]
            for place, edge in enumerate(sorted(mine, key=lambda edge: x[chains[edge][near]])):
                ports[edge, end] = box.x + ((place + 0.5) / len(mine) - 0.5) * box.width
    routes = []
    for edge, chain in enumerate(chains):
        alike = [other for other in range(len(chains)) if chains[other] == chain]
        bow = 8.0 * (alike.index(edge) - (len(alike) - 1) / 2)  # parallel edges part
        across = [ports[edge, 0], *(x[i] for i in chain[1:-1]), ports[edge, -1]]
        routes.append(_route([*zip(across, (y[i] for i in chain), strict=True)], height / 2, bow))
    return Layout(boxes, routes, size)


def _layered(vertices: Iterable[int], edges: Sequence[Pair], ends: Iterable[int]) -> tuple[list[int], list[list[int]]]:
    """The layer of each vertex, then of each place where an edge passes one; and the places along each edge."""
    level = dict.fromkeys(vertices, 0)
    for tail, head in edges:
        level[head] = max(level[head], level[tail] + 1)
    level |= dict.fromkeys(ends, max(level.values()))
    place_of = {vertex: place for place, vertex in enumerate(level)}
    layers = list(level.values())
    chains = []
    for tail, head in edges:
        between = range(level[tail] + 1, level[head])
        chains.append([place_of[tail], *range(len(layers), len(layers) + len(between)), place_of[head]])
        layers += between
    return layers, chains


def _across(layers: Sequence[int], links: Sequence[tuple[int, int]]) -> list[float]:
    """How far to the right each place is in its layer, at least 1 apart, with few links that cross."""
    with _needed():
        import igraph
    found = igraph.Graph(len(layers), links, directed=True).layout_sugiyama(layers=layers).coords
    across = [place[0] - min(found)[0] for place in found]
    taken: dict[int, float] = {}
    for i in sorted(range(len(layers)), key=across.__getitem__):  # igraph 1.0 may put two in one place
        taken[layers[i]] = across[i] = max(across[i], taken.get(layers[i], -1.0) + 1)
    return across


def _route(points: Sequence[tuple[float, float]], half: float, bow: float = 0.0) -> Path:
    """From each point down to the next, straight where boxes are beside it, curved between layers."""
    from matplotlib.path import Path

    vertices = [(points[0][0], points[0][1] - half)]
    codes = [Path.MOVETO]
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (y0 + y1) / 2
        vertices += [(x0 + bow, middle), (x1 + bow, middle), (x1, y1 + half), (x1, y1 - half)]
        codes += [Path.CURVE4, Path.CURVE4, Path.CURVE4, Path.LINETO]
    return Path(vertices[:-1], codes[:-1])


def _width(text: str) -> float:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(size=FONT)
    return max(text_to_path.get_text_width_height_descent(line, font, False)[0] for line in text.split("\n"))


def _shortcut(tail: Box, head: Box, others: Sequence[Box], width: float) -> Path:
    """A curve inside the picture that keeps clear of the other boxes, with the least bow that does."""
    from matplotlib.transforms import Bbox

    walls = [Bbox.from_bounds(b.x - b.width / 2 - 3, b.y - b.height / 2, b.width + 6, b.height) for b in others]
    ends = [(tail.x, tail.y), (head.x, head.y)]
    for bow in (sign * 8.0 * step for step in range(100) for sign in (1, -1)):
        route = _route(ends, tail.height / 2, bow)
        inside = route.get_extents().x0 >= 0 and route.get_extents().x1 <= width
        if inside and not any(route.intersects_bbox(wall, filled=False) for wall in walls):
            return route
    return _route(ends, tail.height / 2)


# --- drawn


def draw(graph: Graph, ax: Axes | None = None, show: str = "operation") -> Axes:
    """See `Graph.draw`."""
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
        labels = {node: f"{label}\n{_text(numbers[node])}" for node, label in labels.items()}
    tags = [_text(partial_of(edge.map)) if show == "partials" else "" for edge in graph.edges]
    with _needed():
        import matplotlib.pyplot as plt
    placed = layout(labels, [(edge.tail, edge.head) for edge in graph.edges], tags)
    if ax is None:  # pyplot's, which notebooks show by themselves and scripts with plt.show()
        width, height = max(placed.size[0], 140.0), placed.size[1]
        figure = plt.figure(figsize=(width / 72, (height + 24) / 72))
        ax = figure.add_axes((0, 0, 1, height / (height + 24)))
    scale = _frame(ax, placed.size)
    ax.set_title(title, fontsize=FONT)
    for route, tag in zip(placed.routes, tags, strict=True):
        _arrow(ax, route, scale)
        x, y = np.asarray(route.vertices)[-1]
        if tag:
            look: Any = {"ha": "center", "va": "bottom", "bbox": {"fc": "white", "ec": "none", "pad": 0.5}}
            ax.text(x, y + 8, tag, fontsize=0.85 * FONT * scale, zorder=3, **look)
    for node, role in roles(graph).items():
        _label(ax, placed.boxes[node], labels[node], scale, *COLOURS[role])
    return ax


def _frame(ax: Axes, size: tuple[float, float]) -> float:
    """Make the axes hold a picture of that size, at its own scale or smaller, and give the scale."""
    figure: Any = ax.get_figure(root=True)
    if figure.get_layout_engine():
        figure.draw_without_rendering()  # where it puts the axes is known after it
    room = [length * 72 / figure.dpi for length in ax.get_window_extent().size]
    for limits, length, most in ((ax.set_xlim, size[0], room[0]), (ax.set_ylim, size[1], room[1])):
        spare = max(most - length, 0) / 2
        limits(-spare, length + spare)
    ax.set_aspect("equal")
    ax.set_axis_off()
    return float(min(1.0, room[0] / size[0], room[1] / size[1]))


def _label(ax: Axes, box: Box, label: str, scale: float, fill: str, font: str = "black", line: float = 0.8) -> None:
    from matplotlib.patches import FancyBboxPatch

    corner = (box.x - box.width / 2, box.y - box.height / 2)
    style = "round,pad=0,rounding_size=5"
    ax.add_patch(FancyBboxPatch(corner, box.width, box.height, style, fc=fill, ec="#444444", lw=line * scale, zorder=2))
    ax.text(
        box.x, box.y, label, color=font, fontsize=FONT * scale, ha="center", va="center", zorder=3, parse_math=False
    )


def _arrow(ax: Axes, route: Path, scale: float, colour: str = "#666666", line: float = 0.8, dash: str = "-") -> None:
    from matplotlib.patches import FancyArrowPatch

    look: Any = {"color": colour, "lw": line * scale, "ls": dash, "capstyle": "butt", "joinstyle": "miter"}
    ax.add_patch(FancyArrowPatch(path=route, arrowstyle="-|>", mutation_scale=8 * scale, zorder=line / 2, **look))


# --- vertex elimination


class Stage(NamedTuple):
    """A graph during vertex elimination: its edges, which of them the last one made and met, and who is next."""

    edges: list[Pair]
    new: list[Pair]
    absorbed: list[Pair]
    vertex: int | None
    products: tuple[int, int]


def stages(linearized: Linearized, order: Sequence[int]) -> list[Stage]:
    """The stages of eliminating the vertices in that order, the whole graph first, the Jacobian's edges last.

    Parallel edges are one edge here, whose partials are added up.
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
    """See `Graph.draw_elimination`."""
    pictures = stages(linearized, order)
    names = _numbered("y", len(graph.outputs))
    copies = {row: names[linearized.rows.index(row)] for row in linearized.sinks if row >= linearized.size}
    labels = labels_of(graph) | copies
    fills = roles(graph) | dict.fromkeys(copies, "output")
    for amount, most, what in zip((len(labels), len(pictures)), MOST_ELIMINATED, ("nodes", "pictures"), strict=True):
        if amount > most:
            raise InvalidValue(f"an elimination of {amount} {what} would not be read, {most} is the most")
    with _needed():
        import matplotlib.pyplot as plt
    placed = layout(labels, pictures[0].edges)
    boxes, routes = placed.boxes, dict(zip(pictures[0].edges, placed.routes, strict=True))
    scale = min(0.75, max(0.5, 180 / placed.size[0]))
    width, inner = max(placed.size[0] * scale, 104.0) + 14, placed.size[1] * scale
    columns = max(1, min(6, len(pictures), int(1100 / width)))
    height, rows = inner + 40, -(-len(pictures) // columns)
    whole = rows * height + 24
    figure = plt.figure(figsize=(max(columns * width, 250) / 72, whole / 72))
    for place, stage in enumerate(pictures):
        row, column = divmod(place, columns)
        ax = figure.add_axes((column / columns, 1 - (row + 1) * height / whole, 1 / columns, inner / whole))
        scale = _frame(ax, placed.size)
        for tail, head in stage.new:
            others = [box for vertex, box in boxes.items() if vertex not in (tail, head)]
            routes[tail, head] = _shortcut(boxes[tail], boxes[head], others, placed.size[0])
        looks = dict.fromkeys(stage.new, LOOKS["new edge"]) | dict.fromkeys(stage.absorbed, LOOKS["absorbs a product"])
        for pair in stage.edges:
            _arrow(ax, routes[pair], scale, *looks.get(pair, ()))
        for vertex, box in boxes.items():
            at_hand = vertex == stage.vertex
            _label(
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
