"""Colorings keep apart what they must, and take the published numbers of colors."""

from __future__ import annotations

import itertools
import time

import networkx as nx
import numpy as np
import pytest
from scipy import sparse

import opcount as oc

KINDS = ("column", "row", "star", "acyclic")
ORDERS = ("largest-first", "smallest-last", "incidence", "natural")


def band(n, off_diagonals):
    """A symmetric matrix with so many diagonals beside the main one."""
    index = np.arange(n)
    return abs(index[:, None] - index) <= off_diagonals // 2


def arrow(n, first=True):
    pattern = np.eye(n, dtype=bool)
    hub = 0 if first else -1
    pattern[hub] = pattern[:, hub] = True
    return pattern


def symmetric(n, density, rng):
    half = rng.random((n, n)) < density
    return half | half.T | np.eye(n, dtype=bool)


def is_kept_apart(pattern, kind, colors):
    """By the definition, from all paths and cycles: whether a coloring keeps apart what it must."""
    if kind == "row":
        pattern, kind = pattern.T, "column"
    if kind == "column":
        return all(len({colors[c] for c in row.nonzero()[0]}) == row.sum() for row in pattern)
    graph = nx.Graph((int(a), int(b)) for a, b in zip(*np.nonzero(pattern), strict=True) if a != b)
    if any(colors[a] == colors[b] for a, b in graph.edges):
        return False
    if kind == "star":
        paths = (
            (a, b, c, d)
            for b, c in itertools.chain(graph.edges, map(tuple, map(reversed, graph.edges)))
            for a in graph[b]
            for d in graph[c]
            if a not in (c, d) and d != b
        )
        return all(len({colors[vertex] for vertex in path}) > 2 for path in paths)
    pairs = itertools.combinations(set(colors), 2)
    return all(
        nx.is_forest(graph.subgraph(found)) for pair in pairs if (found := [v for v in graph if colors[v] in pair])
    )


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_must_be_kept_apart_is(kind, order):
    rng = np.random.default_rng(7)
    for n, density in itertools.product((1, 2, 5, 9, 14), (0.0, 0.1, 0.2, 0.4, 1.0)):
        pattern = symmetric(n, density, rng) if kind in ("star", "acyclic") else rng.random((n + 2, n)) < density
        found = oc.coloring(pattern, kind, order)
        assert is_kept_apart(pattern, kind, found.colors), (n, density)
        assert {*found.colors} == {*range(found.count)} and (found.kind, found.order) == (kind, order)
        assert len(found.colors) == pattern.shape[0 if kind == "row" else 1]


@pytest.mark.parametrize("kind", KINDS)
def test_too_few_colors_are_seen(kind):
    pattern = band(20, 4)
    found = oc.coloring(pattern, kind)
    assert not is_kept_apart(pattern, kind, [min(color, found.count - 2) for color in found.colors])


def test_a_proper_coloring_is_no_star_and_no_acyclic_one():
    square = band(4, 2) | np.fliplr(np.eye(4, dtype=bool))[:, :] & np.array([[0, 0, 0, 1]] * 4, bool)
    square[0, 3] = square[3, 0] = True
    assert is_kept_apart(square, "star", (0, 1, 2, 1)) and not is_kept_apart(square, "star", (0, 1, 0, 1))
    assert is_kept_apart(square, "acyclic", (0, 1, 2, 1)) and not is_kept_apart(square, "acyclic", (0, 1, 0, 1))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", KINDS)
def test_the_fewest_colors_are_not_undercut(seed, kind):
    pattern = symmetric(6, 0.3, np.random.default_rng(seed))
    found = oc.coloring(pattern, kind)
    fewer = itertools.product(range(found.count - 1), repeat=6)
    least = next((1 for colors in fewer if is_kept_apart(pattern, kind, colors)), 0)
    assert least in (0, 1)
    assert found.count <= min(oc.coloring(pattern, kind, order).count for order in ORDERS)


# --- Gebremedhin, Manne and Pothen 2005; Gebremedhin, Tarafdar, Pothen and Walther 2009


@pytest.mark.parametrize("order", [None, *ORDERS])
def test_a_tridiagonal_matrix_takes_three_columns(order):
    for n in (3, 4, 10, 41):
        assert oc.coloring(band(n, 2), "column", order).count == 3
        assert oc.coloring(band(n, 2), "row", order).count == 3


@pytest.mark.parametrize("off_diagonals", [2, 3, 4, 6, 10, 20])
def test_a_symmetric_band_takes_as_many_colors_as_published(off_diagonals):
    pattern = band(4 * off_diagonals + 10, off_diagonals)
    half = off_diagonals // 2
    assert oc.coloring(pattern, "star").count == oc.coloring(pattern, "column").count == 2 * half + 1
    assert oc.coloring(pattern, "acyclic").count == half + 1


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("n", [3, 10, 50])
def test_an_arrow_takes_all_columns_and_two_colors(n, first):
    assert oc.coloring(arrow(n, first), "column").count == n
    for order in (None, *ORDERS):
        assert oc.coloring(arrow(n, first), "star", order).count == 2
        assert oc.coloring(arrow(n, first), "acyclic", order).count == 2


# --- what it is given


def test_any_matrix_is_a_pattern():
    dense = np.array([[2.0, 0.0, -1.0], [0.0, np.nan, 0.0]])
    expected = (0, 0, 1)
    for pattern in (dense, dense.tolist(), dense != 0, dense.astype(object), sparse.csr_array(dense)):
        assert oc.coloring(pattern, "column", "natural").colors == expected
    assert oc.coloring(sparse.coo_matrix(dense), "row").count == 1
    stored = sparse.csr_array(([0.0, 0.0], ([0, 0], [0, 1])), (1, 2))  # a Jacobian may hold zeros by value
    assert oc.coloring(stored, "column").count == 2
    assert oc.coloring(np.zeros((3, 0)), "column").count == 0
    assert oc.coloring(np.zeros((0, 3)), "column").colors == (0, 0, 0)


@pytest.mark.parametrize(
    ("pattern", "kind", "order", "error", "message"),
    [
        (band(3, 2), "columns", None, oc.InvalidValue, "there is no coloring 'columns'; did you mean column?"),
        (band(3, 2), "column", "largest first", oc.InvalidValue, "there is no order 'largest first' of a coloring"),
        (band(3, 2)[:2], "star", None, oc.InvalidValue, r"pattern is not symmetric, its shape is \(2, 3\)"),
        ([[1, 1], [0, 1]], "acyclic", None, oc.InvalidValue, r"an entry at \(0, 1\) and none at \(1, 0\)"),
        ([1, 2, 3], "column", None, oc.InvalidType, "a pattern is a matrix"),
        (3.0, "column", None, oc.InvalidType, "a pattern is a matrix"),
        (np.zeros((2, 2, 2)), "column", None, oc.InvalidType, "a pattern is a matrix"),
        ([[1, 2], [3]], "row", None, oc.InvalidType, "a pattern is a matrix"),
        ([["a"]], "column", None, oc.InvalidType, "a pattern is a matrix"),
        (None, "column", None, oc.InvalidType, "a pattern is a matrix"),
        (oc.wrap(np.eye(2)), "column", None, oc.Uncounted, "plain"),
    ],
)
def test_what_is_no_pattern_is_refused(pattern, kind, order, error, message):
    with pytest.raises(error, match=message):
        oc.coloring(pattern, kind, order)


def star_of_an_arrow(n):
    index = np.arange(1, n)
    rows, columns = np.r_[index, np.zeros(n - 1, int)], np.r_[np.zeros(n - 1, int), index]
    pattern = sparse.coo_array((np.ones(2 * n - 2), (rows, columns)), (n, n))
    assert oc.coloring(pattern, "star", "natural").count == 2


def rows_where_columns_all_meet(n):
    def f(x):
        return [*(a * b for a, b in itertools.pairwise(x)), sum(x)]

    found = oc.jacobian(f, [1.0] * n, order="compressed", sparse=True).coloring
    assert (found.kind, found.count) == ("row", 3)


@pytest.mark.parametrize(("colored", "n"), [(star_of_an_arrow, 500), (rows_where_columns_all_meet, 250)])
def test_time_grows_with_the_entries_and_not_with_pairs_far_apart(colored, n):
    def seconds(n):
        start = time.process_time()
        colored(n)
        return time.process_time() - start

    shortest = min(seconds(n) for _ in range(5))
    assert min(seconds(8 * n) for _ in range(2)) < 30 * shortest  # of 8 times the entries; of pairs, 64 times
