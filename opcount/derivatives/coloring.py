"""Colors for a sparsity pattern, so that derivatives that never meet are computed in one sweep.

Columns of a Jacobian that share no row can have one color: the sum of such columns holds the entries of each, apart.
The Hessian is symmetric, and an entry need be found on one side of the diagonal only, which takes fewer colors.
A. H. Gebremedhin, F. Manne and A. Pothen, What color is your Jacobian? Graph coloring for computing derivatives,
SIAM Review 47 (2005).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import combinations, count
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from opcount.counting.errors import InvalidType, InvalidValue
from opcount.counting.names import instead
from opcount.derivatives.choices import ColoringName, ColoringOrder
from opcount.derivatives.sparsity import Entries, entries_of

if TYPE_CHECKING:
    import networkx as nx

    from opcount.derivatives.graph import Graph

    Choose = Callable[[nx.Graph, Iterable[Any]], dict[Any, int]]


@dataclass(frozen=True)
class Coloring:
    """A color for each column, row or vertex: `colors` in their order, how many there are (`count`), and how found.

    >>> import opcount as oc
    >>> oc.coloring([[1, 1, 0], [0, 1, 1]], "column")
    Coloring(colors=(1, 0, 1), count=2, kind='column', order='largest-first')
    """

    colors: tuple[int, ...]
    count: int
    kind: ColoringName
    order: ColoringOrder


def coloring(pattern: Any, kind: ColoringName, order: ColoringOrder | None = None) -> Coloring:
    """Colors for the columns or rows of a Jacobian, or for a symmetric Hessian, with few different ones.

    >>> import numpy as np, opcount as oc
    >>> arrow = np.eye(5, dtype=bool)
    >>> arrow[0] = arrow[:, 0] = True
    >>> oc.coloring(arrow, "column").count, oc.coloring(arrow, "star").count
    (5, 2)

    `pattern` is a matrix that is not zero where the Jacobian may not be: that of `graph.sparsity()`, nested lists, or a
    sparse matrix of SciPy's. By `kind`, these differ in color:

    - "column", "row": any two columns, or rows, that are not zero in one place;
    - "star": vertices joined by an entry beside the diagonal, and some one of each four on a path, so that each entry
      of a symmetric matrix stands alone in some sum of columns;
    - "acyclic": vertices joined by an entry, and some third one on each cycle, so that the entries are found one after
      the other, by substitution.

    Each takes the least color that is free, in an `order`: "largest-first", by falling number of neighbours;
    "smallest-last", which has the fewest neighbours among those before it; "incidence", the most neighbours among
    those before it; or "natural". Without one all are tried, and the fewest colors are returned. Fewest of all is
    NP-hard to find (Coleman and Moré 1983, 1984). Takes time in proportion to the pairs that must differ, which for
    columns are those of the entries in one row; for stars and cycles to the pairs of neighbours, times their colors.
    Needs networkx.

    Raises InvalidValue for an unknown kind or order and for a pattern that is not symmetric where that is asked,
    InvalidType for one that is no matrix, or if networkx is missing.
    """
    if kind not in COLORINGS:
        raise InvalidValue(f"there is no coloring {kind!r}; {instead([kind], COLORINGS, 'the kinds')}")
    if order is not None and order not in COLORING_ORDERS:
        raise InvalidValue(
            f"there is no order {order!r} of a coloring; {instead([order], COLORING_ORDERS, 'the orders')}"
        )
    entries, shape = _matrix(pattern)
    return _fewest(entries, shape, kind, COLORING_ORDERS if order is None else (order,))


def compressed(graph: Graph) -> tuple[Entries, Coloring]:
    """The entries of a Jacobian, and colors for its columns, or for its rows if that takes fewer."""
    entries, shape = entries_of(graph)
    least: dict[ColoringName, int] = {"column": _most(entries[0]), "row": _most(entries[1])}  # any coloring has these
    (first, _), (second, at_least) = sorted(least.items(), key=itemgetter(1))
    found = _fewest(entries, shape, first, COLORING_ORDERS)
    if (found.count, first) <= (at_least, second):
        return entries, found
    other = _fewest(entries, shape, second, COLORING_ORDERS)
    return entries, min(found, other, key=attrgetter("count", "kind"))


def _most(places: np.ndarray) -> int:
    """How many entries the fullest row has, or column: all of them differ in color."""
    return int(np.bincount(places).max(initial=0))


def starred(graph: Graph) -> tuple[Entries, Coloring]:
    """The entries of a Hessian, from the graph of a gradient, and a star coloring of them."""
    (rows, columns), shape = entries_of(graph)
    pairs = {pair for near in zip(rows.tolist(), columns.tolist(), strict=True) for pair in (near, near[::-1])}
    both = np.array(sorted(pairs), int).reshape(-1, 2)
    entries = both[:, 0], both[:, 1]
    return entries, _fewest(entries, shape, "star", COLORING_ORDERS)


def _fewest(entries: Entries, shape: tuple[int, ...], kind: ColoringName, orders: Iterable[ColoringOrder]) -> Coloring:
    joined, choose = COLORINGS[kind]
    graph = _graph_of(*joined(*entries, shape))
    tried = [_numbered(choose(graph, COLORING_ORDERS[order](graph)), kind, order) for order in orders]
    return min(tried, key=attrgetter("count"))


def _numbered(colors: Mapping[int, int], kind: ColoringName, order: ColoringOrder) -> Coloring:
    """The colors in the order of the vertices."""
    return Coloring(tuple(colors[vertex] for vertex in range(len(colors))), len({*colors.values()}), kind, order)


# --- from a pattern to a graph


def _matrix(pattern: Any) -> tuple[Entries, tuple[int, ...]]:
    """The rows and the columns of the entries, and the shape; of a sparse matrix of SciPy's, each entry it stores."""
    if hasattr(pattern, "tocoo"):
        stored = pattern.tocoo()
        return (stored.row, stored.col), stored.shape
    try:
        dense = np.asarray(pattern)
        rows, columns = np.nonzero(dense) if dense.ndim == 2 and dense.dtype.kind in "biufcO" else ()
    except ValueError:
        raise InvalidType(f"a pattern is a matrix of numbers or truth values, not {type(pattern).__name__}") from None
    return (rows, columns), dense.shape


def _sharing(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, ...]) -> tuple[int, Iterator[tuple[int, int]]]:
    """How many columns there are, and which pairs of them have an entry in one row."""
    together: dict[int, list[int]] = {}
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        together.setdefault(row, []).append(column)
    return shape[1], (pair for near in together.values() for pair in combinations(near, 2))


def _sharing_columns(
    rows: np.ndarray, columns: np.ndarray, shape: tuple[int, ...]
) -> tuple[int, Iterator[tuple[int, int]]]:
    return _sharing(columns, rows, shape[::-1])


def _adjacent(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, ...]) -> tuple[int, Iterator[tuple[int, int]]]:
    """How many vertices a symmetric matrix joins, and which pairs of them."""
    entries = {*zip(rows.tolist(), columns.tolist(), strict=True)}
    lacking = next(((row, column) for row, column in entries if (column, row) not in entries), None)
    if shape[0] != shape[1] or lacking:
        why = f"its shape is {shape}"
        if lacking and shape[0] == shape[1]:
            why = f"it has an entry at {lacking} and none at {lacking[::-1]}"
        raise InvalidValue(f'pattern is not symmetric, {why}: "star" and "acyclic" are for a Hessian; ask for "column"')
    return shape[0], (pair for pair in entries if pair[0] < pair[1])


def _graph_of(vertices: int, edges: Iterable[tuple[int, int]]) -> nx.Graph:
    try:
        import networkx as nx
    except ImportError:
        raise InvalidType("a coloring takes networkx: pip install networkx") from None
    found = nx.Graph()
    found.add_nodes_from(range(vertices))
    found.add_edges_from(edges)
    return found


# --- the orders, and the colors


def _incidence(graph: nx.Graph) -> list[int]:
    """Next is a vertex with the most neighbours among those before it; of several the one with the most in all."""
    before = dict.fromkeys(graph, 0)
    waiting = [(0, -graph.degree[vertex], vertex) for vertex in graph]
    heapify(waiting)
    found: dict[int, None] = {}
    while waiting:
        _, _, vertex = heappop(waiting)
        if vertex in found:  # it was waiting with fewer neighbours too
            continue
        found[vertex] = None
        for near in graph[vertex]:
            before[near] += 1
            if near not in found:
                heappush(waiting, (-before[near], -graph.degree[near], near))
    return [*found]


def _largest_first(graph: nx.Graph) -> Iterable[int]:
    import networkx as nx

    return nx.coloring.strategy_largest_first(graph, {})  # type: ignore[no-any-return]


def _smallest_last(graph: nx.Graph) -> Iterable[int]:
    import networkx as nx

    return nx.coloring.strategy_smallest_last(graph, {})  # type: ignore[no-any-return]


def _apart(graph: nx.Graph, order: Iterable[int]) -> dict[int, int]:
    """Neighbours differ in color."""
    import networkx as nx

    return nx.greedy_color(graph, lambda *_: order)  # type: ignore[no-any-return]


def _stars(graph: nx.Graph, order: Iterable[int]) -> dict[int, int]:
    """Neighbours differ in color, and no path of four vertices has two colors only.

    A vertex with several neighbours of one color is a hub, of that color. What is known of hubs is kept for each
    vertex, so that a step takes time in proportion to its neighbours and their colors, and not to theirs.
    """
    colors: dict[int, int] = {}
    around: dict[int, dict[int, int]] = {vertex: {} for vertex in graph}  # the first neighbour of each color
    hub_of: dict[int, set[int]] = {vertex: set() for vertex in graph}
    beside: dict[int, set[int]] = {vertex: set() for vertex in graph}  # the colors of the hubs of its color beside it
    for vertex in order:
        colored = [(near, colors[near]) for near in graph[vertex] if near in colors]
        taken = {*around[vertex]}
        for near, color in colored:  # a path in which `vertex` is second, or one that it begins
            taken |= around[near].keys() if color in hub_of[vertex] else beside[near]
        colors[vertex] = mine = _least(taken)
        for near, color in colored:
            if color in hub_of[vertex]:
                beside[near].add(mine)
        for near in graph[vertex]:
            first = around[near].setdefault(mine, vertex)
            if first != vertex:
                hub_of[near].add(mine)
                if near in colors:
                    beside[first].add(colors[near])
                    beside[vertex].add(colors[near])
    return colors


def _acyclic(graph: nx.Graph, order: Iterable[int]) -> dict[int, int]:
    """Neighbours differ in color, and the vertices of any two colors are joined without a cycle."""
    from networkx.utils import UnionFind

    colors: dict[int, int] = {}
    used: set[int] = set()
    trees = UnionFind()  # of pairs: a vertex, and the two colors of the tree in which it is
    for vertex in order:
        near = [(each, colors[each]) for each in graph[vertex] if each in colors]
        taken = {color for _, color in near}
        for often, times in Counter(color for _, color in near).items():
            if times == 1:
                continue
            ends = [each for each, color in near if color == often]
            for color in used - taken:
                pair = frozenset((often, color))
                if len({trees[end, pair] for end in ends}) < times:
                    taken.add(color)
        colors[vertex] = color = _least(taken)
        used.add(color)
        for each, other in near:
            pair = frozenset((other, color))
            trees.union((each, pair), (vertex, pair))
    return colors


def _least(taken: set[int]) -> int:
    return next(color for color in count() if color not in taken)


COLORINGS: Final[Mapping[str, tuple[Any, Choose]]] = {
    "column": (_sharing, _apart),
    "row": (_sharing_columns, _apart),
    "star": (_adjacent, _stars),
    "acyclic": (_adjacent, _acyclic),
}
"""What each kind of coloring joins by an edge, and how it chooses colors."""

COLORING_ORDERS: Final[Mapping[ColoringOrder, Callable[[nx.Graph], Iterable[int]]]] = {
    "largest-first": _largest_first,
    "smallest-last": _smallest_last,
    "incidence": _incidence,
    "natural": list,
}
