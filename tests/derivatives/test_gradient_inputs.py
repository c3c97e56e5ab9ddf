"""What a gradient cannot be of is refused, with an error that says why."""

from __future__ import annotations

import math

import numpy as np
import pytest

import opcount as oc
from tests.support.gradients import METHODS


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (1j, oc.InvalidType, "complex"),
        (np.complex64(1j), oc.InvalidType, "complex"),
        ("a", oc.InvalidType, "x is 'a'"),
        (True, oc.InvalidType, "truth value"),
        (np.True_, oc.InvalidType, "truth value"),
        (None, oc.InvalidType, "x is None"),
        ({1.0, 2.0}, oc.InvalidType, "set"),
        ([], oc.InvalidValue, "no numbers"),
        ((), oc.InvalidValue, "no numbers"),
        ({"w": [], "b": {}}, oc.InvalidValue, "no numbers"),
        (np.array([]), oc.InvalidValue, "no numbers"),
        ([1.0, {"w": ["a"]}], oc.InvalidType, r"x\[1\]\['w'\]\[0\] is 'a'"),
        ([1.0, None], oc.InvalidType, r"x\[1\] is None"),
        (np.array(["a"]), oc.InvalidType, r"x is an array of <U1"),
        (np.array([[1.0, 2j]]), oc.InvalidType, r"x is an array of complex numbers"),
        (np.array([True]), oc.InvalidType, "x is an array of truth values"),
    ],
    ids=["complex", "numpy complex", "text", "truth", "numpy truth", "none", "set", "list", "tuple", "dict of empties",
         "empty array", "text inside", "none inside", "text array", "complex array", "truth array"],
)  # fmt: skip
def test_an_x_without_real_numbers_is_refused_before_f_is_called(x, error, message, method):
    def f(x):
        raise AssertionError("called")

    with pytest.raises(error, match=message):
        oc.gradient(f, x, method)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "return"),
        ("a", "'a'"),
        (True, "truth value"),
        (1j, "complex"),
        ([1.0, 2.0], "2 values in a list.*oc.jacobian"),
        ((1.0, 2.0), "2 values in a tuple.*oc.jacobian"),
        ({"loss": 1.0}, "1 value in a dict.*oc.jacobian"),
        ([1.0], "1 value in a list.*oc.jacobian"),
        ([], "0 values in a list.*oc.jacobian"),
        (np.array([1.0, 2.0]), "2 values in a ndarray.*oc.jacobian"),
        ({1.0}, "set"),
        (len, "function"),
    ],
    ids=["none", "text", "truth", "complex", "list", "tuple", "dict", "list of one", "empty list", "array", "set",
         "function"],
)  # fmt: skip
def test_a_result_that_is_not_one_number_is_refused(result, message, method):
    with pytest.raises(oc.InvalidType, match=message):
        oc.gradient(lambda x: result, 1.0, method)


def test_several_values_that_depend_on_x_are_refused(method):
    with pytest.raises(oc.InvalidType, match="jacobian"):
        oc.gradient(lambda x: [x * x, x], 1.0, method)
    with pytest.raises(oc.InvalidType, match="jacobian"):
        oc.gradient(lambda x: x * x, np.array([1.0, 2.0]), method)


@pytest.mark.parametrize("name", ["backpropagation", "", None, ["naive"]])
def test_an_unknown_method_lists_those_that_exist(name):
    with pytest.raises(oc.InvalidValue) as raised:
        oc.gradient(lambda x: x, 1.0, name)
    assert all(method in str(raised.value) for method in METHODS)


@pytest.mark.parametrize(
    ("method", "options", "error", "message"),
    [
        ("backprop", {"memo": 3}, oc.InvalidValue, "memo"),
        ("naive", {"memo": 3}, oc.InvalidValue, "memo"),
        ("memoized", {"memo": -1}, oc.InvalidValue, "memo"),
        ("memoized", {"memo": 1.5}, oc.InvalidType, "memo"),
        ("memoized", {"memo": "a"}, oc.InvalidType, "memo"),
        ("backprop", {"snapshots": 3}, oc.InvalidValue, "snapshots"),
        ("checkpointed", {"snapshots": 0}, oc.InvalidValue, "snapshots"),
        ("checkpointed", {"snapshots": 1.5}, oc.InvalidType, "snapshots"),
        ("backprop", {"step": 0.1}, oc.InvalidValue, "step"),
        ("finite-difference", {"step": 0}, oc.InvalidValue, "positive"),
        ("finite-difference", {"step": -0.1}, oc.InvalidValue, "positive"),
        ("finite-difference", {"step": math.nan}, oc.InvalidValue, "positive"),
        ("finite-difference", {"step": "a"}, oc.InvalidType, "step"),
        ("backprop", {"granularity": "matrix"}, oc.InvalidValue, "granularity"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_f_is_called(method, options, error, message):
    calls = []
    with pytest.raises(error, match=message):
        oc.gradient(lambda x: calls.append(1) or x, 1.0, method, **options)
    assert calls == []


def test_what_is_no_function_is_refused(method):
    with pytest.raises(oc.InvalidType, match="function"):
        oc.gradient(3.0, 1.0, method)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: {x: 1}, "dict key"),
        (lambda x: sum(range(x)), "range"),
        (lambda x: math.sin(x), "np.sin"),
        (lambda x: float(x), "oc.unwrap"),
        (lambda x: x + 1j, "complex"),
        (lambda x: np.asarray(x, dtype=float), "oc.unwrap"),
        (lambda x: x if x else 1.0, "x != 0"),
    ],
    ids=["dict key", "range", "math.sin", "float", "complex", "asarray", "truth"],
)
def test_what_would_leave_the_count_is_refused_inside_f(f, message, method):
    with pytest.raises(oc.Uncounted, match=message):
        oc.gradient(f, 1.0, method)


def test_an_error_leaves_nothing_half_done(method):
    def failing(x):
        with oc.region("square"):
            x * x
            raise KeyError("mine")

    with oc.count() as outer:
        with pytest.raises(KeyError, match="mine"):
            oc.gradient(failing, 2.0, method)
        oc.wrap(2.0) + 1
    assert outer.counts == {"mul": 1, "add": 1}
    assert outer.regions == {"square": {"mul": 1}}  # what comes after the error is in no region
    assert oc.gradient(lambda x: x * x, 3.0, method).gradient == pytest.approx(6.0)


def test_a_value_kept_from_another_evaluation_is_refused(chain_rule_method):
    kept = []

    def f(x):
        kept.append(x)
        return x * kept[0]

    oc.gradient(f, 1.0)
    with pytest.raises(oc.InvalidType, match="another evaluation"):
        oc.gradient(f, 1.0, chain_rule_method)
    with pytest.raises(oc.InvalidType, match="another evaluation"):
        oc.gradient(lambda x: kept[0], 1.0, chain_rule_method)


def test_dual_numbers_of_one_evaluation_do_not_enter_the_next():
    kept = []
    with pytest.raises(oc.InvalidType, match="another evaluation"):
        oc.gradient(lambda x: kept.append(x[0]) or x[1] * kept[0], [1.0, 2.0], "forward")
