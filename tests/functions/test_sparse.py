"""Products with SciPy's sparse matrices count their stored entries, as a loop by hand over wrapped numbers does."""

from __future__ import annotations

import functools
import itertools
import operator
import subprocess
import sys
import threading

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import opcount as oc
from opcount.functions import sparse
from tests.support.draws import RANDOM
from tests.support.faults import planted

CLASSES = (sp.csr_array, sp.csc_array, sp.coo_array, sp.csr_matrix, sp.csc_matrix, sp.coo_matrix)
OLDER = CLASSES[3:]
DENSE = np.array([[1.0, 0.0, 2.0, 0.5], [0.0, 0.0, 0.0, 0.0], [3.0, 4.0, 0.0, 0.0]])
X, Y = np.array([0.5, -1.5, 2.0, 0.25]), np.array([2.0, 3.0, -1.0])


def by_hand(matrix, x):
    """`matrix @ x`, entry by entry, for a vector of numbers."""
    found = matrix.tocoo()
    rows = [[] for _ in range(matrix.shape[0])]
    for i, j, entry in zip(found.row, found.col, found.data, strict=True):
        rows[i].append(entry.item() * x[j])
    return [functools.reduce(operator.add, row) if row else 0.0 for row in rows]


def counted_by_hand(matrix, x):
    columns = x.reshape(len(x), -1).T
    with oc.count() as tally:
        found = [by_hand(matrix, [oc.wrap(number) for number in column.tolist()]) for column in columns]
    return tally.counts, np.array(oc.unwrap(found)).T.reshape(matrix.shape[0], *x.shape[1:])


@st.composite
def stored(draw):
    """A COO matrix with several entries for one place, zeros that are stored, and rows without any."""
    rows, columns = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    places = st.tuples(st.integers(0, rows - 1), st.integers(0, columns - 1))
    entries = draw(st.lists(st.tuples(places, st.sampled_from([0.0, 1.0, -2.0, 0.5])), min_size=1, max_size=12))
    i, j = zip(*(place for place, _ in entries), strict=True)
    return sp.coo_array(([entry for _, entry in entries], (i, j)), (rows, columns))


@settings(RANDOM, max_examples=60)
@given(stored(), st.sampled_from(CLASSES), st.sampled_from([(), (1,), (3,)]))
def test_a_product_counts_its_stored_entries(found, kind, more):
    matrix = kind(found)
    x = np.arange(1.0, 1 + matrix.shape[1] * int(np.prod(more))).reshape(matrix.shape[1], *more) / 4
    truth, expected = counted_by_hand(matrix, x)
    value, counts = oc.measure(lambda x: matrix @ x, x)
    assert counts == truth and np.allclose(value, expected)
    np.testing.assert_array_equal(value, matrix @ x)
    assert oc.measure(lambda x: matrix @ x, oc.spec(x.shape)).counts == truth
    assert oc.measure(lambda x: x.T @ matrix.T, x).counts == truth


WAYS = {
    "S @ x": lambda S, x: S @ x, "x @ S.T": lambda S, x: x @ S.T, "S.dot": lambda S, x: S.tocsr().dot(x),
    "np.matmul": lambda S, x: np.matmul(S, x), "S.T.T": lambda S, x: S.T.T @ x,
    "a column": lambda S, x: (S @ x.reshape(4, 1))[:, 0], "twice": lambda S, x: S @ (S.T @ (S @ x)),
}  # fmt: skip
OLDER_WAYS = {"S * x": lambda S, x: S * x, "x * S.T": lambda S, x: x * S.T}


WRITTEN = [*itertools.product(WAYS, CLASSES), *itertools.product(OLDER_WAYS, OLDER)]  # `*`, for the older classes alone


@pytest.mark.parametrize(("way", "kind"), WRITTEN)
def test_each_way_to_write_it(way, kind):
    S, product = kind(DENSE), (WAYS | OLDER_WAYS)[way]
    value, counts = oc.measure(lambda x: product(S, x), X)
    assert np.allclose(value, DENSE @ (DENSE.T @ (DENSE @ X)) if way == "twice" else DENSE @ X)
    assert counts == (oc.Counts(mul=15, add=7) if way == "twice" else oc.Counts(mul=5, add=3))


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("way", ["S @ x", "x @ S.T", "a column", "twice"])
def test_derivatives_at_both_granularities(way, kind):
    S = kind(DENSE)

    def f(x):
        return np.sum(WAYS[way](S, x) ** 2)

    found = [oc.gradient(f, X, granularity=granularity) for granularity in ("array", "scalar")]
    for g in found:
        np.testing.assert_allclose(
            np.asarray(g.gradient, float), oc.gradient(f, X, "finite-difference").gradient, atol=1e-4
        )
        assert g.phases["primal"] == oc.measure(f, X).counts
    assert found[0].phases["accumulation"] == found[1].phases["accumulation"]
    for method in oc.METHODS:
        if method != "finite-difference":
            assert np.allclose(oc.gradient(f, X, method).gradient, found[0].gradient)
    assert oc.gradient(f, oc.spec(4)).phases == found[0].phases


def test_an_adjoint_is_pulled_through_the_stored_entries():
    S = sp.csr_array(DENSE)
    found = oc.gradient(lambda x: np.sum(np.tanh(S @ x)), X).phases["accumulation"]
    assert found == oc.Counts(mul=5, add=1)  # 5 entries, two of them in the first column
    assert oc.gradient(lambda x: (S @ x)[2], X).phases["accumulation"] == oc.Counts()  # a row is its derivative


def test_matrices_and_their_product_with_a_vector():
    S, wide = sp.csr_array(DENSE), np.arange(8.0).reshape(4, 2)
    for granularity in ("array", "scalar"):
        g = oc.gradient(lambda x: np.sum((S @ x) * (S @ x)), wide, granularity=granularity)
        assert np.allclose(np.asarray(g.gradient, float), 2 * DENSE.T @ (DENSE @ wide))
    with oc.count() as tally:
        found = oc.wrap(Y) @ S @ oc.wrap(X)
    assert oc.unwrap(found) == Y @ DENSE @ X and tally.counts == oc.Counts(mul=5 + 4, add=1 + 3)
    assert (
        oc.measure(lambda x: S @ (S.T @ x), oc.spec((3, "k"))).counts.mul
        == 10 * oc.measure(lambda x: x * 1.0, oc.spec("k")).counts.mul
    )
    assert oc.measure(lambda x: (S @ S.T) @ x, Y).counts == oc.Counts(mul=4, add=2)  # of data: nobody's business


def test_one_axis_complex_numbers_and_an_empty_matrix():
    row = sp.coo_array(DENSE[0])
    assert oc.measure(lambda x: row @ x, X) == (DENSE[0] @ X, oc.Counts(mul=3, add=2))
    assert oc.measure(lambda x: x @ sp.coo_array(DENSE[:, 0]), Y).counts == oc.Counts(mul=2, add=1)
    S = sp.csr_array(DENSE * 1j)
    assert oc.measure(lambda x: S @ x, X).counts == oc.measure(
        lambda x: (DENSE[0, [0, 2, 3]] * 1j) @ x[:3], X
    ).counts + (oc.measure(lambda x: (DENSE[2, :2] * 1j) @ x[:2], X).counts)
    nothing = sp.csr_array((3, 4))
    with oc.count() as tally:
        assert oc.unwrap(nothing @ oc.wrap(X)).tolist() == [0.0, 0.0, 0.0]
    assert tally.counts == oc.Counts()
    assert oc.gradient(lambda x: np.sum(nothing @ x) + x[0], X).gradient.tolist() == [1, 0, 0, 0]


def test_what_a_product_needs():
    S = sp.csr_array(DENSE)
    with oc.count() as tally:
        for wrong in (oc.wrap(Y), oc.spec(3), oc.wrap(np.ones((3, 4))), oc.wrap(np.ones((4, 1, 1)))):
            with pytest.raises(ValueError, match="matmul"):
                S @ wrong
        with pytest.raises(oc.InvalidValue, match="not known to be equal"):
            S @ oc.spec("n")
        for other in (sp.bsr_array(DENSE), sp.dia_array(DENSE), sp.dok_array(DENSE), sp.lil_array(DENSE)):
            with pytest.raises(oc.Uncounted, match=r"S\.tocsr\(\)"):
                other @ oc.wrap(X)
    assert tally.counts == oc.Counts()
    with pytest.raises(oc.BudgetExceeded), oc.count(budget=7):
        S @ oc.wrap(X)


REFUSED = {
    "S * x": lambda S, x, s: S * x, "x * S": lambda S, x, s: x * S, "S * s": lambda S, x, s: S * s,
    "s * S": lambda S, x, s: s * S, "S / s": lambda S, x, s: S / s, "S @ s": lambda S, x, s: S @ s,
    "S.multiply": lambda S, x, s: S.multiply(x), "S - x": lambda S, x, s: S - x, "S == x": lambda S, x, s: S == x,
    "coo.dot": lambda S, x, s: S.tocoo().dot(x), "np.dot": lambda S, x, s: np.dot(S, x), "S / x": lambda S, x, s: S / x,
}  # fmt: skip


if not any("dot" in vars(kind) for kind in sp.coo_array.__mro__ if "coo" in kind.__name__):
    del REFUSED["coo.dot"]  # before SciPy 1.15 it is S @ x


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_product_is_refused_with_the_way_out(name):
    with oc.count() as tally, pytest.raises(oc.Uncounted, match=r"toarray\(\)"):
        REFUSED[name](sp.csr_array(DENSE), oc.wrap(X), oc.wrap(2.0))
    assert tally.counts == oc.Counts()


def test_scipys_operators_are_as_they_were_after_an_evaluation():
    S = sp.csr_array(DENSE)
    operators = [sp.csr_array.__matmul__, sp.csr_array.__mul__, sp.csr_matrix.__mul__]

    def f(x):
        assert sp.csr_array.__matmul__ is not operators[0] and (S @ X).tolist() == (DENSE @ X).tolist()
        return np.sum(S @ x) + oc.unwrap(oc.gradient(lambda y: np.sum(S @ y), X, granularity="scalar").value)

    def fails(x):
        raise LookupError

    threads = [threading.Thread(target=oc.gradient, args=(f, X), kwargs={"granularity": "scalar"}) for _ in range(4)]
    for start_or_join in (threading.Thread.start, threading.Thread.join):
        for thread in threads:
            start_or_join(thread)
    with pytest.raises(LookupError):
        oc.gradient(fails, X, granularity="scalar")
    assert [sp.csr_array.__matmul__, sp.csr_array.__mul__, sp.csr_matrix.__mul__] == operators


def test_scipy_is_not_imported():
    program = "import sys, opcount as oc; oc.gradient(lambda x: x[0] * 2, [1.0]); sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


# --- the check is checked


@pytest.mark.parametrize("fault", ["zeros", "places"])
def test_the_check_sees_other_entries(fault):
    """Without zeros that are stored, or with one entry for each place."""
    of = sparse._Entries.of

    def entries(matrix):
        found = of(matrix)
        if fault == "zeros":
            kept = found.values != 0
        else:
            seen = list(zip(found.rows.tolist(), found.columns.tolist(), strict=True))
            kept = np.array([place not in seen[:at] for at, place in enumerate(seen)])
        return sparse._Entries(*(part[kept] for part in found))

    with planted(sparse._Entries, of=entries), pytest.raises(AssertionError):
        test_a_product_counts_its_stored_entries()
