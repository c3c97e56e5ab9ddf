"""What only an array of numbers differentiates, or sorts: told where whole arrays are nodes, and true."""

from __future__ import annotations

import re

import numpy as np
import pytest

import opcount as oc
from opcount.functions.op_counts import name_of
from opcount.tracing import array_operations, differentiable
from tests.support.faults import planted

rng = np.random.default_rng(0)
V, M = rng.uniform(0.2, 0.9, 4), rng.uniform(0.2, 0.9, (3, 3))
W = np.array([0.3, 0.7, 0.55, 0.25])
D, E = np.linspace(0, 1, 5), np.array([1.0, 3.0, 2.0, 5.0, 4.0])
CALLS = {
    "f(v)": (lambda f, x: f(x), V),
    "f(m)": (lambda f, x: f(x), M),
    "f(v, w)": (lambda f, x: f(x, W), V),
    "f(w, v)": (lambda f, x: f(W, x), V),
    "f(m, n)": (lambda f, x: f(x, np.eye(3) + 0.5), M),
    "f(m, w)": (lambda f, x: f(x, W[:3]), M),
    "f(v, 0.5)": (lambda f, x: f(x, 0.5), V),
    "f(v, 2)": (lambda f, x: f(x, 2), V),
    "f(v, [1, 2])": (lambda f, x: f(x, [1, 2]), V),
    "f(v, 0.3, 0.6)": (lambda f, x: f(x, 0.3, 0.6), V),
    "f(v, d, e)": (lambda f, x: f(x, D, E), V),
    "f([v, v])": (lambda f, x: f([x, x * x]), V),
    "f(function, 0, m)": (lambda f, x: f(lambda row: row[0], 0, x), M),
}
FILES = re.compile("save|load|file|fromregex|info|show_|test|^se?t|getbufsize|memmap|frombuffer")
FUNCTIONS = {
    getattr(module, name): None
    for module in (np, np.linalg, np.fft, np.lib.scimath)
    for name in dir(module)
    if name[0] != "_" and callable(getattr(module, name)) and not isinstance(getattr(module, name), type)
    if not FILES.search(name)
}
HINT = 'granularity="scalar", which opens arrays into numbers and differentiates it'
NO_DERIVATIVE = re.compile("^np[^ ]+ (with these arguments )?has no derivative here: ")


def of_one_number(f, call):
    def g(x):
        result = call(f, x)
        first = result[0] if isinstance(result, (tuple, list)) else result
        return np.sum(np.linspace(1, 2, int(np.size(first))).reshape(np.shape(first)) * first)

    return g


def slope(g, x, h=1e-6):
    found = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[place] = h
        found[place] = (g(x + step) - g(x - step)) / (2 * h)
    return found


def walked():
    """By function and call: what is said of whole arrays, and whether the numbers have the right derivative."""
    found = {}
    for f in FUNCTIONS:
        for label, (call, x) in CALLS.items():
            g = of_one_number(f, call)
            try:
                expected = slope(g, x)
            except Exception:  # no such call
                continue
            if not np.all(np.isfinite(expected)):
                continue
            try:
                oc.gradient(g, x)
            except oc.Uncounted as error:
                said = str(error)
            except Exception:
                continue
            else:
                continue
            try:
                right = np.allclose(oc.gradient(g, x, granularity="scalar").gradient, expected, rtol=1e-4, atol=1e-5)
            except Exception:
                right = False
            found[name_of(f), label] = said, right, bool(np.any(expected))
    return found


@pytest.mark.filterwarnings("ignore")
def test_granularity_scalar_is_named_where_it_differentiates_and_nowhere_else():
    check()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("table", [differentiable.DIFFERENTIATED_OPENED - {"np.vander"}, {"np.poly"}, set()])
def test_a_table_that_is_wrong_is_found(table):
    wrong = [planted(module, DIFFERENTIATED_OPENED=table) for module in (differentiable, array_operations)]
    with wrong[0], wrong[1], pytest.raises(AssertionError):
        check()


VERSIONED = "np.sinc"  # which NumPy writes otherwise in one version than another


def check():
    found = walked()
    of_the_function = {key: value for key, value in found.items() if NO_DERIVATIVE.search(value[0])}
    told = {key for key, (said, _, _) in of_the_function.items() if HINT in said}
    fails = {name for (name, _), (_, right, _) in of_the_function.items() if not right}  # with some arguments at least
    differentiated = {name for (name, _), (_, right, slopes) in of_the_function.items() if right and slopes} - fails
    fails |= {name for name in differentiated if name.startswith(VERSIONED)}
    differentiated -= fails
    assert {name for name, _ in told} == differentiated
    assert {key for key in of_the_function if key[0] in differentiated} == told
    assert not any('granularity="scalar"' in of_the_function[key][0] for key in of_the_function.keys() - told)
    assert "np.poly" in fails
    assert {"np.vander", "np.nansum", "np.nanmean"} <= differentiated
    assert len(found) > 300


# --- places: constant, and found by the comparisons of NumPy's loop for objects

KNOTS = np.array([0.1, 0.4, 0.6, 0.8])
PLACES = {
    "argsort": lambda x: x[np.argsort(x)],
    "its method": lambda x: x[x.argsort()],
    "by a stable sort": lambda x: x[np.argsort(x, kind="stable")],
    "argsort of a result": lambda x: x[np.argsort(np.sin(3 * x))],
    "argsort along an axis": lambda x: np.take_along_axis(np.outer(x, x), np.argsort(np.outer(x, 1 - x), axis=0), 0),
    "argpartition": lambda x: x[np.argpartition(x, 2)],
    "searchsorted": lambda x: KNOTS[np.searchsorted(KNOTS, x) - 1] * x,
    "searchsorted in what is differentiated": lambda x: x[np.searchsorted(x[np.argsort(x)], 0.5) - 1],
    "digitize": lambda x: KNOTS[np.digitize(x, KNOTS) - 1] * x,
    "lexsort": lambda x: x[np.lexsort((x, np.round(x)))],
}


@pytest.mark.parametrize("size", [1, 2, 5, 17, 40])
@pytest.mark.parametrize("name", PLACES)
def test_places_are_found_by_the_comparisons_of_the_numbers(name, size):
    def f(x):
        result = PLACES[name](x)
        return np.sum(np.linspace(1, 2, int(np.size(result))).reshape(np.shape(result)) * result)

    x = np.random.default_rng(size).uniform(0.15, 0.95, max(size, 3) if name == "argpartition" else size)
    whole, opened = oc.gradient(f, x), oc.gradient(f, x, granularity="scalar")
    assert whole.phases["primal"] == opened.phases["primal"]
    assert whole.phases["primal"].comparisons or size == 1
    assert np.allclose(whole.gradient, opened.gradient, rtol=1e-12, atol=0)
    assert np.allclose(whole.gradient, slope(f, x, 1e-7), atol=1e-5)


def test_how_many_comparisons_a_sort_takes_is_not_known_from_shapes():
    with pytest.raises(oc.Uncounted, match="depends on the values"):
        oc.gradient(lambda x: np.sum(x[np.argsort(x)]), oc.spec(4))


def test_a_rule_of_the_users_goes_before_the_comparisons():
    oc.register_rule(np.argsort, lambda a, *_, **__: {"lt": 7})
    try:
        found = oc.gradient(lambda x: np.sum(x[np.argsort(x)]), V)
    finally:
        oc.register_rule(np.argsort, None)
    assert found.phases["primal"].lt == 7


def test_a_budget_stops_a_sort():
    with oc.count(budget={"lt": 1}), pytest.raises(oc.BudgetExceeded):
        oc.gradient(lambda x: np.sum(x[np.argsort(x)]), V)
