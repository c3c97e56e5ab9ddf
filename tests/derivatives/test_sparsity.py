"""The pattern of a Jacobian is what reaches what in its graph, and compressed sweeps recover every entry."""

from __future__ import annotations

import builtins
import dataclasses
import itertools
from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
from scipy import sparse

import opcount as oc
from opcount.derivatives import coloring, curvature, jacobian, sparsity
from tests.support.array_models import CASES
from tests.support.faults import planted
from tests.support.scrambled import scrambled


def reached(graph):
    """The pattern by networkx: which outputs there is a path to, from each input."""
    edges = graph.to_networkx()
    pattern = np.zeros((len(graph.outputs), len(graph.inputs)), bool)
    for column, node in enumerate(graph.inputs):
        after = {node.index} | (nx.descendants(edges, node.index) if node.index in edges else set())
        for row, output in enumerate(graph.output_indices):
            pattern[row, column] = output in after
    return pattern


def stencil(x):
    """Tridiagonal."""
    inner = [a * b - np.sin(b) * c for a, b, c in zip(x, x[1:], x[2:], strict=False)]
    return [x[0] * x[1], *inner, x[-1] - x[-2] * x[-2]]


def arrow(x):
    return [sum(entry * entry for entry in x), *(x[0] * entry for entry in x[1:])]


def sums(x):
    """Every prefix of a sum: a set of each length, that later nodes need again."""
    total, found = x[0], []
    for entry in x[1:]:
        total = total + entry * entry
        found.append(total)
    return [*found, found[1] * found[0], 3.0, x[0], x[0]]


SPARSE = {"stencil": stencil, "arrow": arrow, "sums": sums, "transposed": lambda x: [sum(x), x[0] * x[1] * 2]}
X = [0.3, -1.2, 2.0, 0.7, 1.5, -0.4, 1.1]


@pytest.mark.parametrize("seed", range(20))
def test_the_pattern_is_what_reaches_what(seed):
    f, x = scrambled(seed)
    graph = oc.trace(f, x, granularity="scalar")
    assert (graph.sparsity() == reached(graph)).all()


@pytest.mark.parametrize("f", SPARSE.values(), ids=SPARSE)
def test_a_sparse_pattern_is_what_reaches_what(f):
    graph = oc.trace(f, X)
    expected = reached(graph)
    assert 0 < expected.sum() < expected.size or f is SPARSE["transposed"]
    assert (graph.sparsity() == expected).all() and graph.sparsity().dtype == bool
    found = graph.sparsity(sparse=True)
    assert isinstance(found, sparse.csr_array) and (found.toarray() == expected).all() and found.nnz == expected.sum()


def test_a_wrong_pattern_is_found():
    graph = oc.trace(stencil, X)
    with planted(sparsity, _between_numbers=lambda graph: ((np.array([0]), np.array([0])), (7, 7))):
        assert (graph.sparsity() != reached(graph)).any()


@pytest.mark.parametrize("name", [name for number, name in enumerate(CASES) if number % 4 == 0])
def test_the_pattern_between_arrays_is_that_between_their_numbers(name):
    case = CASES[name]
    numbers = oc.trace(lambda p: case.f(np, p), case.x, granularity="scalar")
    arrays = oc.trace(lambda p: case.f(np, p), case.x)
    with oc.count() as tally:
        found = arrays.sparsity()
    assert (found == numbers.sparsity()).all()
    assert not tally.counts


def test_a_pattern_between_arrays_is_of_numbers_in_flattened_order():
    graph = oc.trace(lambda p: {"a": p["v"][1:] * p["s"], "b": np.sum(p["v"][:2])}, {"s": 2.0, "v": np.ones(3)})
    assert graph.sparsity().astype(int).tolist() == [[1, 0, 1, 0], [1, 0, 0, 1], [0, 1, 1, 0]]


def test_what_is_zero_by_value_alone_is_in_the_pattern():
    graph = oc.trace(lambda x: [x[0] * 0.0, x[0] - x[0], np.sign(x[0]), x[0] ** 0], [2.0])
    assert graph.sparsity().ravel().tolist() == [True, True, False, False]


def test_nothing_is_counted_and_a_spec_is_refused():
    with pytest.raises(oc.InvalidType, match=r"x has an oc\.spec: give arrays"):
        oc.trace(lambda v: v * v, oc.spec((3,))).sparsity()


# --- compressed


@pytest.mark.parametrize("f", SPARSE.values(), ids=SPARSE)
@pytest.mark.parametrize("unit_products", [False, True], ids=["free units", "unit products"])
def test_compressed_sweeps_recover_every_entry(f, unit_products):
    found = oc.jacobian(f, X, "compressed", unit_products=unit_products)
    colors = found.coloring
    name = {"column": "column-by-column", "row": "row-by-row"}[colors.kind]
    each = oc.jacobian(f, X, name, unit_products=unit_products)
    assert (found.matrix == each.matrix).all() and found.counts == each.counts
    shape = found.matrix.shape
    assert colors.count == min(oc.coloring(oc.trace(f, X).sparsity(), kind).count for kind in ("column", "row"))
    assert len(colors.colors) == shape[1 if colors.kind == "column" else 0]


def test_the_sweeps_are_as_few_as_the_colors():
    assert oc.jacobian(stencil, X, "compressed").coloring.count == 3
    assert oc.jacobian(SPARSE["transposed"], X, "compressed").coloring.kind == "row"
    assert oc.jacobian(stencil, X, "markowitz").coloring is None


def test_an_entry_that_is_recovered_from_another_sweep_is_found():
    def shifted(graph):
        entries, found = coloring.compressed(graph)
        return entries, dataclasses.replace(found, colors=found.colors[1:] + found.colors[:1])

    expected = oc.jacobian(stencil, X, "row-by-row").matrix
    with planted(jacobian, compressed=shifted):
        assert (oc.jacobian(stencil, X, "compressed").matrix != expected).any()


@pytest.mark.parametrize("order", oc.ORDERS)
def test_a_sparse_jacobian_holds_the_entries_of_the_pattern(order):
    dense = oc.jacobian(stencil, X, order)
    found = oc.jacobian(stencil, X, order, sparse=True)
    assert isinstance(found.matrix, sparse.csr_array) and found.matrix.dtype == float
    assert (found.matrix.toarray() == dense.matrix).all() and found.counts == dense.counts
    assert found.matrix.nnz == 19 == oc.trace(stencil, X).sparsity().sum()
    assert oc.coloring(found.matrix, "column").count == 3
    assert "Jacobian, 7 by 7" in found._repr_html_()


def test_a_sparse_jacobian_takes_memory_for_its_entries_alone():
    n = 20_000  # dense it would have 400 million entries
    found = oc.jacobian(lambda x: [a * b for a, b in itertools.pairwise(x)], [1.5] * n, "row-by-row", sparse=True)
    assert found.matrix.shape == (n - 1, n) and found.matrix.nnz == 2 * (n - 1) and (found.matrix.data == 1.5).all()


def test_fractions_are_compressed_exactly_and_not_held_by_scipy():
    x = [Fraction(n, 3) for n in range(1, 6)]
    found = oc.jacobian(lambda x: [a * b for a, b in itertools.pairwise(x)], x, "compressed")
    assert found.matrix[1, 2] == Fraction(2, 3) and found.coloring.count == 2
    with pytest.raises(oc.InvalidType, match="leave out sparse"):
        oc.jacobian(lambda x: [x[0] * x[1]], x, sparse=True)


@pytest.mark.parametrize("missing", ["networkx", "scipy"])
def test_what_is_missing_is_named(missing, monkeypatch):
    imported = builtins.__import__

    def without(name, *args):
        if name.partition(".")[0] == missing:
            raise ImportError(name)
        return imported(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(oc.InvalidType, match=f"pip install {missing}"):
        oc.jacobian(stencil, X, "compressed" if missing == "networkx" else "reverse", sparse=True)


# --- Hessians, by star colorings


def rosenbrock(x):
    return sum((1 - a) ** 2 + 100 * (b - a * a) ** 2 for a, b in itertools.pairwise(x))


def hub(x):
    return sum(x[0] * a * a * a for a in x[1:]) + x[0] ** 4


def banded(x):
    return sum(sum(x[i : i + 6]) ** 3 for i in range(len(x) - 5))


SECOND = {"Rosenbrock": (rosenbrock, 3, 3), "arrow": (hub, 9, 2), "band": (banded, 11, 11), "linear": (sum, 1, 1)}
"""Functions of which the second derivatives are known: the colors of the columns, and of the stars."""


@pytest.mark.parametrize("mode", oc.MODES)
@pytest.mark.parametrize("name", SECOND)
def test_a_hessian_by_colors_is_that_by_columns(name, mode):
    f, of_columns, of_stars = SECOND[name]
    x = [0.3 + 0.1 * i for i in range(26 if name == "band" else 9)]
    each = oc.hessian(f, x, mode)
    found = oc.hessian(f, x, mode, order="compressed")
    assert (found.matrix == each.matrix).all() and found.gradient == each.gradient and found.value == each.value
    assert found.coloring.count == of_stars and each.coloring is None
    assert {phase: found.phases[phase] for phase in oc.PHASES} == {phase: each.phases[phase] for phase in oc.PHASES}
    entries = oc.trace(lambda x: oc.gradient(f, x).gradient, x).sparsity()
    assert (entries == entries.T).all() and (each.matrix[~entries] == 0).all()
    assert oc.coloring(entries, "column").count == of_columns
    stored = oc.hessian(f, x, mode, order="compressed", sparse=True)
    assert (stored.matrix.toarray() == each.matrix).all() and stored.matrix.nnz == entries.sum()
    assert "Hessian" in stored._repr_html_()


def test_an_entry_of_a_hessian_that_is_taken_from_another_color_is_found():
    def merged(graph):
        entries, found = coloring.starred(graph)
        return entries, dataclasses.replace(found, colors=tuple(max(color, 1) for color in found.colors))

    x = [0.1 * i for i in range(8)]
    with planted(curvature, starred=merged):
        assert (oc.hessian(rosenbrock, x, order="compressed").matrix != oc.hessian(rosenbrock, x).matrix).any()


def test_a_hessian_by_colors_over_fractions_and_of_an_array():
    x = [Fraction(n, 3) for n in range(1, 6)]
    assert (oc.hessian(rosenbrock, x, order="compressed").matrix == oc.hessian(rosenbrock, x).matrix).all()
    v = np.arange(1.0, 7.0)
    opened = oc.hessian(lambda v: np.sum(v[1:] * v[:-1] ** 3), v, order="compressed")
    np.testing.assert_allclose(opened.matrix, oc.hessian(lambda v: np.sum(v[1:] * v[:-1] ** 3), v).matrix, rtol=1e-14)
    assert opened.coloring.count == 3


def test_what_a_hessian_by_colors_refuses():
    with pytest.raises(oc.InvalidValue, match="there is no order 'markowitz' of a Hessian"):
        oc.hessian(rosenbrock, [1.0, 2.0], order="markowitz")
    with pytest.raises(oc.InvalidValue, match='sparse is for order="compressed"'):
        oc.hessian(rosenbrock, [1.0, 2.0], sparse=True)
    with pytest.raises(oc.InvalidType, match="leave out sparse"):
        oc.hessian(rosenbrock, [Fraction(1), Fraction(2)], order="compressed", sparse=True)
    with pytest.raises(oc.InvalidType, match=r"x has an oc\.spec"):
        oc.hessian(np.sum, oc.spec(3), order="compressed")
