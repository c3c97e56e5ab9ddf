"""The table of methods: what each is, and how often it evaluates the function."""

from __future__ import annotations

import pytest

import opcount as oc
from opcount.derivatives.methods import METHODS, method_named


def test_the_methods_are_these():
    assert list(METHODS) == [
        "finite-difference",
        "forward",
        "naive",
        "memoized",
        "naive-tangent",
        "memoized-tangent",
        "backprop",
        "checkpointed",
    ]
    assert oc.METHODS is METHODS


@pytest.mark.parametrize(
    ("method", "evaluations"),
    [
        ("finite-difference", 11),
        ("forward", 5),
        ("naive", 1),
        ("memoized", 1),
        ("naive-tangent", 1),
        ("memoized-tangent", 1),
        ("backprop", 1),
        ("checkpointed", 1),
    ],
)
def test_methods_evaluate_the_function_so_often_for_five_inputs(method, evaluations):
    assert METHODS[method].evaluations(5) == evaluations


@pytest.mark.parametrize(("naive", "memoized"), [("naive", "memoized"), ("naive-tangent", "memoized-tangent")])
def test_naive_and_memoized_differ_in_the_memo_alone(naive, memoized):
    assert METHODS[naive]._replace(about="", memo=None) == METHODS[memoized]._replace(about="")
    assert METHODS[naive].memo == 0


def test_every_method_says_what_it_is():
    assert len({rule.about for rule in METHODS.values()}) == len(METHODS)
    assert method_named("backprop") is METHODS["backprop"]


@pytest.mark.parametrize("name", ["backpropagation", "", None, 3, ["naive"]])
def test_an_unknown_method_lists_those_that_exist(name):
    with pytest.raises(oc.InvalidValue, match="there is no method") as raised:
        method_named(name)
    assert all(method in str(raised.value) for method in METHODS)
