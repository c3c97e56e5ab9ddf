"""Each function counts what is executed, and its value, type and error are NumPy's."""

from __future__ import annotations

import contextlib
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings

import opcount as oc
from opcount.functions.rows import Executed, function_named
from tests.support import rows
from tests.support.calls import BY_HAND, CALLS
from tests.support.calls.sorting import SORTING
from tests.support.draws import RANDOM
from tests.support.ground_truth import as_objects, check_call, identical
from tests.support.linalg_by_hand import without_signs
from tests.support.versions import of_this_numpy

OBJECTS_COMPARE = {"maximum": "ge", "minimum": "le"}
OBJECTS_ARE_ASKED_TWICE = {"gt": None}
"""NumPy asks objects that are not less whether they are greater, as the second half of one comparison."""
OBJECTS_ARE_THEMSELVES = {"isnan": "ne"}
"""NumPy asks an object that may be nan whether it is itself."""
TRANSLATIONS = {
    **dict.fromkeys(("max", "amax", "min", "amin", "ptp"), OBJECTS_COMPARE),
    **dict.fromkeys(
        ("nansum", "nanprod", "nancumsum", "nancumprod", "nanmean", "nanargmax", "nanargmin"), OBJECTS_ARE_THEMSELVES
    ),
    **dict.fromkeys(SORTING, OBJECTS_ARE_ASKED_TWICE),
}
"""The known differences: the kinds that the table counts, and those of NumPy's loops over objects."""


def translated(name):
    """A count of the table as the loops over objects of that function execute it."""
    if name == "linalg.qr":
        return without_signs
    kinds = TRANSLATIONS.get(name, {})

    def translate(counts):
        result = Counter()
        for kind, number in counts.items():
            result[kinds.get(kind, kind)] += number
        del result[None]
        return result

    return translate


def check_calls(name, examples=None, translate=None, joining=None):
    """Calls that are drawn for the function of that name."""

    @settings(RANDOM, **({} if examples is None else {"max_examples": examples}))
    @given(CALLS[name])
    def check(call):
        check_call(name, call, BY_HAND[name], translate or translated(name), joining=joining)

    check()


HERE = of_this_numpy(name for name in CALLS if function_named(name) is not None)


@pytest.mark.parametrize("name", HERE)
def test_a_function_counts_what_is_executed(name):
    check_calls(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", HERE)
def test_a_function_counts_what_is_executed_in_many_calls(name):
    check_calls(name, examples=80)


# --- the checks are checked


@pytest.mark.parametrize(("name", "fault"), [
    ("sum", lambda *args, **keywords: {"mul": 1}),
    ("mean", lambda *args, **keywords: {**rows.rule_of("mean")(*args, **keywords), "div": 0}),
    ("cumsum", lambda *args, **keywords: {"add": rows.rule_of("cumsum")(*args, **keywords)["add"] + 1}),
    ("dot", lambda *args, **keywords: {"mul": rows.rule_of("dot")(*args, **keywords)["mul"]}),
    ("nanmax", rows.rule_of("max")), ("argmin", rows.rule_of("argmax")), ("linalg.inv", rows.rule_of("linalg.det")),
    ("einsum", lambda *_, **__: {"mul": 1, "add": 1}), ("where", lambda condition, *_: {"ne": np.size(condition)}),
])  # fmt: skip
def test_the_check_of_a_function_catches_a_wrong_count(name, fault):
    check_calls(name)
    with oc.rules({function_named(name): fault}), pytest.raises(AssertionError):
        check_calls(name, examples=200)


@pytest.mark.parametrize(("name", "fault"), [
    ("average", lambda a, axis=None, **_: np.mean(a, axis)),
    ("polymul", lambda a1, a2: oc.wrap(np.polymul(oc.unwrap(a1), oc.unwrap(a2)))),
    ("interp", lambda *args, **_: oc.wrap(np.interp(*map(oc.unwrap, args)))),
    ("polyval", lambda p, x: np.nextafter(rows.rule_of("polyval")(p, x), 0)),
])  # fmt: skip
def test_the_check_of_a_function_catches_a_wrong_execution(name, fault):
    check_calls(name)
    with rows.corrupted(name, counts=Executed(fault)), pytest.raises(AssertionError):
        check_calls(name, examples=200)


@pytest.mark.parametrize("name", TRANSLATIONS)
def test_each_known_difference_is_one(name):
    with pytest.raises(AssertionError):
        check_calls(name, examples=200, translate=identical)


@pytest.mark.parametrize("name", ["diff", "unwrap", "polyadd", "polyint"])
def test_what_is_joined_to_objects_would_stay_plain(name):
    with pytest.raises(AssertionError):
        check_calls(name, examples=200, joining=contextlib.nullcontext)


def test_einsum_of_objects_starts_each_sum_from_zero():
    a, b = np.ones((2, 3)), np.ones((3, 4))
    table = oc.measure(lambda a, b: np.einsum("ij,jk", a, b), a, b).counts
    with oc.count() as objects:
        np.einsum("ij,jk", as_objects(a), as_objects(b))
    assert table == {"mul": 24, "add": 16} and objects.counts == {"mul": 24, "add": 24}


def test_the_sign_of_objects_is_compared_for():
    with oc.count() as objects:
        np.sign(as_objects(np.array([-1.0, 0.0, 1.0])))
    assert objects.counts == {"lt": 3, "gt": 2, "eq": 1}
    assert oc.measure(np.sign, np.array([-1.0, 0.0, 1.0])).counts == {"sign": 3}


V, M = np.array([1.0, 2.5, 4.0, -3.0]), np.array([[1.0, -2.0], [0.5, 3.0]])
SELDOM = {
    "linspace without a length": (np.linspace, 1.0, 2.0),
    "gradient of second order at uneven points": (lambda v: np.gradient(v, [0.0, 1.0, 3.0, 7.0], edge_order=2), V),
    "einsum of three in an order of its own": (lambda *arrays: np.einsum("i,j,jk", *arrays, optimize=True), V, V, [V]),
}
"""Calls that are hardly drawn, or with keywords that are not."""


@pytest.mark.parametrize("call", SELDOM)
def test_what_is_seldom_called_has_numpys_value(call):
    f, *args = SELDOM[call]
    args = [np.array(arg)[()] if call.startswith("lin") else np.resize(arg, (4,) * np.ndim(arg)) for arg in args]
    found = oc.measure(f, *args)
    assert np.allclose(found.value, f(*args), rtol=1e-15) and found.counts.total > 0


@pytest.mark.parametrize("call", ["linalg.norm by singular values", "poly of a matrix"])
def test_what_would_iterate_says_so(call):
    f, told = {"linalg.norm by singular values": (lambda m: np.linalg.norm(m, "nuc"), "np.linalg.svd: it iterates"),
               "poly of a matrix": (np.poly, "np.poly: of a matrix it has eigenvalues to compute")}[call]  # fmt: skip
    with pytest.raises(oc.Uncounted, match=told):
        f(oc.wrap(M))
