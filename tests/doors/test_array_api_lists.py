"""The verdicts of the lists of routines: that each is what it says, and that a wrong count or value is none of them."""

from __future__ import annotations

import numpy as np
import pytest

import opcount as oc
import opcount.array_api as xp
from analysis.array_api import lists
from analysis.array_api.lists import Call, row_of
from opcount.array_api import array
from tests.support.faults import planted

X = np.array([1.0, 2.0, 4.0])


def namespace(x):
    return x.__array_namespace__() if hasattr(x, "__array_namespace__") else np


def sines(w, c):
    x = w(X)
    return namespace(x).sin(x) * c(X)


def hidden(w, c):
    try:
        return float(w(X)[0])
    except TypeError:
        raise ValueError("not a number") from None


def joined(w, c):
    x = w(X)
    space = namespace(x)
    return space.concat([x, space.zeros(3)]) * 2.0


def estimator(w, c):
    class Fitted:
        pass

    fitted = Fitted()
    fitted.mean_, fitted.name, fitted.function = namespace(c(X)).mean(w(X)), "name", np.sin
    return [fitted, {"scale": 2.0 * w(X)}]


VERDICTS = [
    (sines, lists.EXACT, "mul 3, sin 3"),
    (estimator, lists.EXACT, "mul 3, div 1, add 2"),
    (joined, lists.WHOLE_ARRAYS, "mul 6"),
    (lambda w, c: namespace(w(X)).linalg.inv(w(np.eye(2))), lists.COUNTED, "mul 6, div 6, sub 5"),
    (lambda w, c: namespace(w(X)).stack([w(X), w(X)]), lists.NOTHING, ""),
    (lambda w, c: c(X) * 2.0, lists.NOTHING, ""),
    (lambda w, c: float(w(X)[0]), lists.REFUSED, "makes a plain float"),
    (hidden, lists.REFUSED, "makes a plain float"),
    (lambda w, c: np.asarray(w(X)) * 2.0, lists.REFUSED, "makes a plain array, for compiled code"),
    (lambda w, c: namespace(w(X)).linalg.svd(w(np.eye(2))), lists.REFUSED, "np.linalg.svd: it iterates"),
    (lambda w, c: w(X).nothing, lists.FAILED, "AttributeError"),
    (lambda w, c: c(X) / len(w(X)[0:0].missing) if c is np.asarray else w(X) * 2.0, lists.FAILED, "on NumPy's arrays"),
]


@pytest.mark.parametrize(("run", "verdict", "detail"), VERDICTS)
def test_a_verdict_is_what_it_says(run, verdict, detail):
    row = row_of(Call("module", "routine", run))
    assert row.verdict == verdict
    assert row.detail.startswith(detail)


def test_another_value_than_numpys_is_wrong():
    call = Call("module", "routine", lambda w, c: w(X) * (2.0 if c is xp.asarray else 3.0))
    row = row_of(call, lambda call: X * 3.0)
    assert row.verdict == lists.FAILED and row.detail.startswith(lists.WRONG[0])
    row = row_of(call, lambda call: X * 2.0)
    assert row.detail == "mul 3; the value is array-api-strict's, and another than NumPy's"


def test_other_counts_than_the_oracles_are_wrong():
    uncounted = {"inner": lambda value, found: getattr(value, "_held", value)}
    with planted(array, **uncounted):
        row = row_of(Call("module", "routine", lambda w, c: w(X) * 2.0 if c is np.asarray else _counted_once(w(X))))
    assert row.verdict == lists.FAILED and row.detail.startswith(lists.WRONG[1])


def _counted_once(x):
    oc.record({"div": 1})
    return x * 2.0


@pytest.mark.parametrize(
    ("result", "plain", "equal"),
    [
        (xp.wrap(X), X, True),
        (xp.wrap(X), X + 1e-3, False),
        (xp.wrap([np.nan]), np.array([np.nan]), True),
        ((xp.wrap(X), {"a": 2.0}), [X, {"a": 2.0}], True),
        ((xp.wrap(X), {"a": 2.0}), [X, {"a": 2.5}], False),
        ([xp.wrap(X)], [X, X], False),
        (xp.wrap(X), np.append(X, 0.0), False),
    ],
)
def test_results_are_compared_by_their_numbers(result, plain, equal):
    assert lists.same(result, plain) is equal


def test_a_page_has_the_verdicts_and_a_table_of_each_module():
    rows = [row_of(Call("first", "sines", sines)), row_of(Call("second", "hidden", hidden))]
    text = lists.page("Library", "numpy", rows, "What it counts.")
    assert "| exact | 1 |" in text and "| refused | 1 |" in text and "| counted |" not in text
    assert "## first" in text and "| `sines` | exact | mul 3, sin 3 |" in text and "## second" in text
