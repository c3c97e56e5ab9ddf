"""Sorting of values: as many comparisons as NumPy's sort of objects makes, NumPy's values, and derivatives."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import opcount as oc
from opcount.functions.rows import Executed
from tests.functions.test_function_counts import check_calls
from tests.support import rows
from tests.support.draws import RANDOM
from tests.support.ground_truth import as_objects
from tests.support.versions import of_this_numpy

V = np.array([3.0, 1.0, 2.0, 5.0, 4.0])
NAN = np.array([2.0, np.nan, 1.0, np.nan, 3.0])


class Noted:
    """A number that notes by which it is asked, as an oracle that knows nothing of opcount."""

    asked: list[str]

    def __init__(self, value):
        self.value = value

    def __lt__(self, other):
        Noted.asked.append("lt")
        return self.value < other.value

    def __gt__(self, other):
        Noted.asked.append("gt")
        return self.value > other.value


def asked(function, x):
    Noted.asked = []
    objects = np.empty(x.shape, object)
    objects[...] = np.vectorize(Noted, otypes=[object])(x) if x.size else objects
    function(objects)
    return oc.Counts(lt=Noted.asked.count("lt"))


@settings(RANDOM, max_examples=60)
@given(
    st.lists(st.one_of(st.floats(allow_nan=True), st.sampled_from([0.0, 1.0])), min_size=2, max_size=60),
    st.sampled_from(["quicksort", "heapsort", "stable"]),
)
def test_a_sort_counts_the_comparisons_of_numpys_loop_for_objects(values, kind):
    x = np.array(values)
    for function in (np.sort, np.argsort):
        value, counts = oc.measure(lambda x, f=function: f(x, kind=kind), x)
        assert counts == asked(lambda x, f=function: f(x, kind=kind), x)
        np.testing.assert_array_equal(value, function(x, kind=kind))


def test_a_thousand_numbers():
    x = np.random.default_rng(0).random(1000)
    assert (
        oc.measure(np.sort, x).counts == asked(np.sort, x) == oc.measure(np.median, x).counts - oc.Counts(add=1, div=1)
    )


def test_an_object_array_is_asked_twice_where_it_is_not_less():
    with oc.count() as tally:
        np.sort(as_objects(V))
    counts = oc.measure(np.sort, V).counts
    assert (tally.counts.lt, counts) == (counts.lt, oc.Counts(lt=counts.lt)) and tally.counts.gt > 0


def test_methods_sort_in_place_and_count():
    x = oc.wrap(V)
    view = x[1:4]
    with oc.count() as tally:
        view.sort()
    assert oc.unwrap(x).tolist() == [3.0, 1.0, 2.0, 5.0, 4.0] and tally.counts == asked(np.sort, V[1:4])
    y = oc.wrap(V)
    with oc.count() as tally:
        y.partition(2)
        places = y.argsort()
    assert oc.unwrap(y)[2] == 3.0 and type(places) is np.ndarray
    assert tally.counts == asked(lambda o: o.partition(2), V) + asked(np.sort, oc.unwrap(y))


@pytest.mark.parametrize(("function", "expected"), [
    (np.sort, [1.0, 2.0, 3.0, np.nan, np.nan]), (np.median, np.nan),
    (lambda x: np.quantile(x, [0.1, 0.9]), [np.nan] * 2), (np.unique, [1.0, 2.0, 3.0, np.nan]), (np.nanmedian, 2.0),
    (lambda x: np.nanpercentile(x, 25), 1.5),
    (lambda x: np.median(x.reshape(5, 1) * [1.0, 0.0], axis=0), [np.nan, np.nan]),
    (lambda x: np.union1d(x, [2.0]), [1.0, 2.0, 3.0, np.nan]),
])  # fmt: skip
def test_nan_is_where_numpy_has_it(function, expected):
    np.testing.assert_array_equal(oc.measure(function, NAN).value, expected)


def test_what_a_median_and_a_percentile_compute():
    sorting = oc.measure(np.sort, V).counts
    assert oc.measure(np.median, V).counts == sorting + oc.Counts(div=1)
    assert oc.measure(lambda x: np.percentile(x, 10), V).counts == sorting + oc.Counts(sub=1, mul=2, add=1)
    assert oc.measure(lambda x: np.percentile(x, 90), V).counts == sorting + oc.Counts(sub=2, mul=2, add=1)
    assert oc.measure(lambda x: np.percentile(x, 50, method="nearest"), V).counts == sorting
    some = oc.measure(np.sort, V[:4]).counts + oc.Counts(isnan=5, add=1, div=1)
    assert oc.measure(np.nanmedian, np.append(V[:4], np.nan)).counts == some


def test_bins_that_are_wrapped_are_compared_with_each_other():
    bins = np.array([0.0, 2.0, 4.0])
    search = oc.measure(lambda x, bins: np.searchsorted(bins, x, "right"), V, bins).counts
    assert oc.measure(np.digitize, V, bins).counts == search + oc.Counts(eq=1, lt=1, gt=1)
    assert oc.measure(np.digitize, V, bins[::-1]).counts.lt == search.lt + 2
    given, wrapped = (oc.measure(f, V, bins).counts for f in (lambda x, _: np.histogram(x, bins), np.histogram))
    assert wrapped == given + oc.Counts(gt=2)


def test_how_many_there_are_is_wrapped_and_where_is_not():
    values, places, inverse, how_many = np.unique(oc.wrap(V), True, True, True)
    assert [type(part) for part in (values, places, inverse, how_many)] == [oc.Array, np.ndarray, np.ndarray, oc.Array]
    numbers, edges = np.histogram(oc.wrap(V), [0.0, 2.0, 6.0])
    assert type(numbers) is oc.Array and type(edges) is np.ndarray
    assert (
        oc.measure(lambda x: np.histogram(x, 2)[0] / 5, V).counts.div == len(V) + 1 + 2
    )  # of the distances, and these


def test_truth_values_are_sorted_free():
    value, counts = oc.measure(lambda x: np.sort(x > 2), V)
    assert value.tolist() == [False, False, True, True, True] and counts == oc.Counts(gt=5)


SHAPES = (
    np.sort, np.argsort, np.median, np.unique, lambda x: np.percentile(x, 5), lambda x: np.partition(x, 1),
    lambda x: np.searchsorted(x, 0.5), lambda x: np.lexsort((x,)), lambda x: np.digitize(0.5, x), lambda x: x.sort(),
    lambda x: np.histogram(x, [0.0, 1.0]), lambda x: np.intersect1d(x, x), np.nanmedian,
)  # fmt: skip


@pytest.mark.parametrize("function", SHAPES)
@pytest.mark.parametrize("size", [4, "n"])
def test_from_shapes_it_is_refused_with_the_way_out(function, size):
    with oc.count() as tally, pytest.raises(oc.Uncounted, match=r"depends on the values.*oc\.register_rule"):
        function(oc.spec(size))
    assert tally.counts == oc.Counts()


def test_isin_counts_from_shapes():
    assert (
        oc.measure(lambda x: np.isin(x, [1.0, 2.0]), oc.spec("n")).counts
        == oc.measure(lambda x: np.concatenate([x, x]) == 0.0, oc.spec("n")).counts
    )


def test_a_budget_is_kept_before_anything_is_sorted():
    x = oc.wrap(V)
    with pytest.raises(oc.BudgetExceeded), oc.count(budget={"lt": 3}) as tally:
        x.sort()
    assert oc.unwrap(x).tolist() == V.tolist() and tally.counts == oc.Counts()


# --- derivatives

W = np.arange(1.0, 8.0)
X = np.array([0.9, 0.15, 0.55, 0.3, 0.75, 0.42, 0.08])


def in_place(x):
    y = x.copy()
    y.sort()
    return np.sum(y * W)


DIFFERENTIATED = {
    "sort": lambda x: np.sum(np.sort(x) * W), "in place": in_place,
    "along an axis": lambda x: np.sum(np.sort(np.stack([x, 1 - x]), axis=0) * W),
    "flat": lambda x: np.sum(np.sort(np.stack([x, 2 + x]), axis=None) * np.arange(14.0)),
    "partition": lambda x: np.partition(x, 3)[3] * 2, "median": lambda x: np.median(x) ** 2,
    "median of six": lambda x: np.median(x[:6]) * x[0],
    "along rows": lambda x: np.sum(np.median(np.outer(x, x), axis=1)),
    "kept": lambda x: np.sum(np.median(np.outer(x, W), axis=(0, 1), keepdims=True)),
    "percentile": lambda x: np.percentile(x, 30) * np.percentile(x, 95),
    "quantiles": lambda x: np.sum(np.quantile(x, [0.1, 0.5, 0.9, 1.0]) * W[:4]),
    "of rows": lambda x: np.sum(np.quantile(np.outer(x, W), [0.3, 0.8], axis=1) * W),
    "hazen": lambda x: np.quantile(x, 0.3, method="hazen"), "by weights": lambda x: np.quantile(
        x, 0.4, method="inverted_cdf", weights=W),
    "nanmedian": lambda x: np.nanmedian(np.where(x > 0.5, x, np.nan)),
    "nanquantile": lambda x: np.sum(np.nanquantile(np.outer(x, W), [0.3, 0.8], axis=0)),
    "argsort": lambda x: np.sum(x[x.argsort()] * W), "unique": lambda x: np.sum(np.unique(x) * W),
    "union": lambda x: np.sum(np.union1d(x, [0.5]) ** 2), "setdiff": lambda x: np.sum(np.setdiff1d(x, [0.5]) * W),
    "isin": lambda x: np.sum(x * np.isin(x, [0.5], invert=True)),
    "digitize": lambda x: np.sum(x * np.digitize(x, [0.2, 0.5])),
    "searchsorted": lambda x: np.sum(x * np.sort(x).searchsorted(0.5)),
    "histogram": lambda x: np.sum(np.histogram(x, [0.0, 0.5, 1.0])[0] * np.sum(x)),
    "how many": lambda x: np.sum(x) / np.sum(np.unique(x, return_counts=True)[1]),
}  # fmt: skip


@pytest.mark.parametrize("name", of_this_numpy(DIFFERENTIATED))
def test_derivatives_at_both_granularities(name):
    f = DIFFERENTIATED[name]
    counts = oc.measure(f, X).counts
    slopes = oc.gradient(f, X, method="finite-difference").gradient
    for granularity in ("array", "scalar"):
        found = oc.gradient(f, X, granularity=granularity)
        np.testing.assert_allclose(np.asarray(found.gradient, float), slopes, atol=2e-5)
        assert found.phases["primal"] == counts and np.allclose(float(found.value), f(X))
    for method in ("forward", "naive"):
        assert np.allclose(oc.gradient(f, X, method=method).gradient, found.gradient)


def test_moving_elements_accumulates_nothing():
    found = oc.gradient(lambda x: np.sum(np.sort(x)), X)
    assert found.phases["accumulation"] == found.phases["partials"] == oc.Counts()


def test_fractions_are_compared_once_too_and_stay_exact():
    x = np.array([Fraction(1, 3), Fraction(1, 7), Fraction(3, 2)], object)
    found = oc.gradient(lambda x: np.sort(x)[1] * 2, x, granularity="scalar")
    assert found.gradient.tolist() == [2, 0, 0] and found.value == Fraction(2, 3)
    assert found.phases["primal"] == asked(np.sort, x) + oc.Counts(mul=1)


@pytest.mark.parametrize("granularity", ["array", "scalar"])
def test_nan_is_at_the_end_where_it_is_differentiated(granularity):
    f = lambda x: np.sort(x)[2] * 2  # noqa: E731
    assert oc.gradient(f, NAN, granularity=granularity).value == 6.0
    assert np.isnan(oc.gradient(lambda x: np.median(x) * 1, NAN, granularity=granularity).value)
    assert oc.gradient(np.nanmedian, NAN, granularity=granularity).gradient.tolist() == [1, 0, 0, 0, 0]


# --- the checks are checked


@pytest.mark.parametrize(("name", "fault"), [
    ("sort", lambda a, *_, **__: {"lt": np.size(a)}),
    ("argsort", lambda *args, **keywords: {"lt": rows.rule_of("argsort")(*args, **keywords).get("lt", 0) + 1}),
    ("searchsorted", rows.rule_of("isin")),
    ("unique", Executed(lambda ar, *_, **__: np.sort(ar))),
    ("median", Executed(lambda a, axis=None, **_: np.mean(a, axis))),
])  # fmt: skip
def test_the_draws_catch_a_fault(name, fault):
    with rows.corrupted(name, counts=fault), pytest.raises(AssertionError):
        check_calls(name)
