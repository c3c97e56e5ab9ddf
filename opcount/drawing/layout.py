"""The position of everything that is drawn: in layers, inputs at the top, outputs at the bottom, edges downwards.

K. Sugiyama, S. Tagawa, M. Toda, Methods for visual understanding of hierarchical system structures, IEEE Trans.
Systems, Man and Cybernetics 11, 1981. Lengths are in points.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from opcount.drawing.contents import needed

if TYPE_CHECKING:
    from matplotlib.path import Path

Pair = tuple[int, int]

FONT: Final = 10.0
LINE: Final = 14.0
GAP: Final = 26.0


class Box(NamedTuple):
    """The centre of a label's box and its size, in points."""

    x: float
    y: float
    width: float
    height: float


class Layout(NamedTuple):
    """Boxes by vertex and the route of each edge, in points; the picture extends from (0, 0) to `size`."""

    boxes: dict[int, Box]
    routes: list[Path]
    size: tuple[float, float]


def layout(labels: Mapping[int, str], edges: Sequence[Pair], tags: Sequence[str] = ()) -> Layout:
    """Arrange labels in layers, route each edge around the labels between, and leave room for its tag at the head.

    Edges must be in the order of their heads. A vertex that no edge leads to is in the first layer.
    """
    tails, heads = Counter(tail for tail, _ in edges), Counter(head for _, head in edges)
    layers, chains = _layered(labels, edges, ends=heads.keys() - tails.keys())
    tag = max(map(_width, tags), default=0.0) + 6 if any(tags) else 0.0
    widths = [max(_width(label) + 12, heads[vertex] * tag) for vertex, label in labels.items()]
    height = LINE * max(label.count("\n") + 1 for label in labels.values()) + 4
    column = max(widths) + 10
    links = [link for chain in chains for link in pairwise(chain)]
    x = [column * (across + 0.5) for across in _across(layers, links)]
    # the farther edges go sideways between two layers, the larger the gap between these
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

    # edges leave and arrive side by side, ordered from left to right by where they go or come from
    ports = {}
    for end, near in ((0, 1), (-1, -2)):
        for vertex, box in boxes.items():
            mine = [edge for edge, pair in enumerate(edges) if pair[end] == vertex]
            for index, edge in enumerate(sorted(mine, key=lambda edge: x[chains[edge][near]])):
                ports[edge, end] = box.x + ((index + 0.5) / len(mine) - 0.5) * box.width
    routes = []
    for edge, chain in enumerate(chains):
        alike = [other for other in range(len(chains)) if chains[other] == chain]
        bow = 8.0 * (alike.index(edge) - (len(alike) - 1) / 2)  # keeps parallel edges apart
        across = [ports[edge, 0], *(x[i] for i in chain[1:-1]), ports[edge, -1]]
        routes.append(_route([*zip(across, (y[i] for i in chain), strict=True)], height / 2, bow))
    return Layout(boxes, routes, size)


def _layered(vertices: Iterable[int], edges: Sequence[Pair], ends: Iterable[int]) -> tuple[list[int], list[list[int]]]:
    """The layer of each vertex and of each dummy where an edge passes a layer, and the chain of them for each edge."""
    level = dict.fromkeys(vertices, 0)
    for tail, head in edges:
        level[head] = max(level[head], level[tail] + 1)
    level |= dict.fromkeys(ends, max(level.values()))
    index_of = {vertex: index for index, vertex in enumerate(level)}
    layers = list(level.values())
    chains = []
    for tail, head in edges:
        between = range(level[tail] + 1, level[head])
        chains.append([index_of[tail], *range(len(layers), len(layers) + len(between)), index_of[head]])
        layers += between
    return layers, chains


def _across(layers: Sequence[int], links: Sequence[tuple[int, int]]) -> list[float]:
    """The horizontal position of each vertex or dummy, at least 1 apart in a layer, such that few links cross."""
    with needed():
        import igraph
    found = igraph.Graph(len(layers), links, directed=True).layout_sugiyama(layers=layers).coords
    across = [x - min(found)[0] for x, _ in found]
    taken: dict[int, float] = {}
    for i in sorted(range(len(layers)), key=across.__getitem__):  # igraph 1.0 may put one upon another
        taken[layers[i]] = across[i] = max(across[i], taken.get(layers[i], -1.0) + 1)
    return across


def _route(points: Sequence[tuple[float, float]], half: float, bow: float = 0.0) -> Path:
    """A path from each point down to the next, straight beside boxes, curved between layers."""
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


def shortcut(tail: Box, head: Box, others: Sequence[Box], width: float) -> Path:
    """A curve inside the picture that keeps clear of the other boxes, with the least bow that does."""
    from matplotlib.transforms import Bbox

    walls = [Bbox.from_bounds(b.x - b.width / 2 - 3, b.y - b.height / 2, b.width + 6, b.height) for b in others]
    ends = [(tail.x, tail.y), (head.x, head.y)]
    for bow in (sign * 8.0 * times for times in range(100) for sign in (1, -1)):
        route = _route(ends, tail.height / 2, bow)
        inside = route.get_extents().x0 >= 0 and route.get_extents().x1 <= width
        if inside and not any(route.intersects_bbox(wall, filled=False) for wall in walls):
            return route
    return _route(ends, tail.height / 2)
