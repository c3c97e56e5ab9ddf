"""Gradients by every method: their values, structure and types, phases, log, memo, storage, budgets, refusals."""

from __future__ import annotations

import inspect
import math
import sys
from collections import namedtuple
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import opcount as oc
from tests.support.programs import CASES, QUESTION, chain, doubled, question_loss, squared

METHODS = list(oc.METHODS)
CHAIN_RULE = [method for method in METHODS if method != "finite-difference"]
POLYNOMIAL = [method for method in CHAIN_RULE if "naive" not in method]
Pair = namedtuple("Pair", "left right")


@pytest.fixture(params=METHODS)
def method(request):
    return request.param


@pytest.fixture(params=CHAIN_RULE)
def chain_rule_method(request):
    return request.param


def numbers(structure):
    """The numbers in a gradient, flat."""
    if isinstance(structure, dict):
        return [n for item in structure.values() for n in numbers(item)]
    if isinstance(structure, (list, tuple)):
        return [n for item in structure for n in numbers(item)]
    return structure.ravel().tolist() if isinstance(structure, np.ndarray) else [structure]


# --- values


def newton(x):
    """The square root of x by as many steps as it takes: control flow on values, a loop, a repeated variable."""
    guess = x
    while abs(guess * guess - x) > 1e-9:
        guess = (guess + x / guess) / 2
    return guess


FUNCTIONS = {
    "control flow": (newton, 2.0, 0.5 / math.sqrt(2)),
    "a branch": (lambda x: x[0] * x[0] if x[0] > x[1] else x[1] * 3, [1.0, 2.0], [0.0, 3.0]),
    "the other branch": (lambda x: x[0] * x[0] if x[0] > x[1] else x[1] * 3, [3.0, 2.0], [6.0, 0.0]),
    "a repeated variable": (lambda x: x * x * x + x, 2.0, 13.0),
    "constants on either side": (lambda x: 3 - 2 * x / 4 + 5.0, 2.0, -0.5),
    "wrapped data": (lambda x: oc.wrap(3.0) * x * oc.wrap(2.0), 2.0, 6.0),
    "an array of data": (lambda x: np.array([1.0, 2.0, 3.0]) @ x, np.array([4.0, 5.0, 6.0]), [1.0, 2.0, 3.0]),
    "unused inputs": (lambda x: x[1] * x[1], [1.0, 2.0, 3.0], [0.0, 4.0, 0.0]),
    "an input as the output": (lambda x: x[1], [1.0, 2.0], [0.0, 1.0]),
    "a constant": (lambda x: 7.0, [1.0, 2.0], [0.0, 0.0]),
    "a wrapped constant": (lambda x: oc.wrap(7.0) * 2, [1.0, 2.0], [0.0, 0.0]),
    "structurally constant": (lambda x: np.floor(x) + x**0, 2.5, 0.0),
    "terms that cancel": (lambda x: x - x, 2.0, 0.0),
    "a diamond": (lambda x: np.sin(x) + np.sin(x) * np.sin(x), 0.0, 1.0),
    "doublings": (doubled(5), 1.0, 32.0),
    "negated twice": (lambda x: -(-(x * x)), 3.0, 6.0),  # noqa: B002
    "relu by a comparison": (lambda x: x * (x > 0), 3.0, 1.0),
    "relu over an array": (lambda x: np.sum(x * (x > 0)), np.array([3.0, -2.0]), [1.0, 0.0]),
    "rounded to a digit": (lambda x: x * round(x, 1), 2.345, 2.3),
    "as often as it rounds to": (lambda x: sum((x for _ in range(oc.unwrap(round(x)))), 0.0), 3.3, 3.0),
    "the integer below": (lambda x: sum((x for _ in range(oc.unwrap(math.floor(x)))), 0.0), 3.3, 3.0),
    "quotient and remainder": (lambda x: divmod(x, 2.0)[0] + divmod(x, 2.0)[1], 5.3, 1.0),
}


@pytest.mark.filterwarnings("ignore::opcount.NothingCounted")  # some are constant
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_gradient_is_the_derivative(name, method):
    f, x, expected = FUNCTIONS[name]
    g = oc.gradient(f, x, method)
    assert numbers(g.gradient) == pytest.approx(numbers(expected), rel=1e-6, abs=1e-6)
    assert g.value == pytest.approx(oc.measure(f, x).value, rel=1e-12)
    assert g.method == method


def test_backprop_is_the_default():
    assert oc.gradient(lambda x: x * x, 3.0).method == "backprop"


def test_a_function_may_overwrite_its_argument(method):
    def f(x):
        x["list"][0] = x["list"][0] * x["list"][0]
        x["array"] *= 2.0
        return x["list"][0] + x["array"][1]

    x = {"list": [3.0], "array": np.array([1.0, 2.0])}
    g = oc.gradient(f, x, method)
    assert numbers(g.gradient) == pytest.approx([6.0, 0.0, 2.0], rel=1e-6)
    assert (x["list"], x["array"].tolist()) == ([3.0], [1.0, 2.0])


def test_x_may_hold_wrapped_numbers_already(method):
    g = oc.gradient(lambda x: x[0] * x[1], [oc.wrap(3.0), 4.0], method)
    assert g.gradient == pytest.approx([4.0, 3.0], rel=1e-6)
    assert {type(number) for number in g.gradient} == {float}


# --- structure and types


STRUCTURES = {
    "a number": 3.0,
    "a list": [3.0],
    "a tuple": (3.0, 4.0),
    "a dict of lists": {"a": 3.0, "b": [4.0, (5.0,)]},
    "named tuples": Pair(3.0, Pair([4.0], {"deep": 5.0})),
    "an array": np.array([3.0, 4.0]),
    "a matrix": np.array([[3.0, 4.0, 5.0], [6.0, 7.0, 8.0]]),
    "an array of no dimension": np.array(3.0),
    "an array of float32": np.array([3.0, 4.0], dtype=np.float32),
    "empty ones inside": {"weights": np.ones((2, 3)), "none": np.array([]), "bias": [1.0, []]},
}


@pytest.mark.parametrize("x", STRUCTURES.values(), ids=STRUCTURES)
@pytest.mark.parametrize("granularity", ["array", "scalar"])
def test_the_gradient_has_the_structure_of_x(x, granularity, method):
    g = oc.gradient(lambda x: total(x) * 2, x, method, granularity=granularity)

    def shape(value):
        if isinstance(value, dict):
            return {key: shape(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value).__name__, [shape(item) for item in value]
        return (value.shape, value.dtype) if isinstance(value, np.ndarray) else type(value)

    assert shape(g.gradient) == shape(x)
    assert numbers(g.gradient) == pytest.approx([2.0] * len(numbers(x)), rel=1e-3)


def total(x):
    """The sum of all numbers in a structure of wrapped ones."""
    found = [number for leaf in numbers(x) for number in (leaf.ravel() if np.ndim(leaf) else [leaf])]
    result = found[0]
    for number in found[1:]:
        result = result + number
    return result


@pytest.mark.parametrize("number", [float, Fraction, Decimal, np.float32, np.float64, np.float16, int])
def test_the_gradient_has_the_type_of_x(number, chain_rule_method):
    x = [number(3), number(2), number(5)]
    g = oc.gradient(lambda x: x[0] * x[0] * x[1] + x[0], x, chain_rule_method)
    assert g.value == 21
    assert g.gradient == [13, 9, 0]
    assert {type(derivative) for derivative in [g.value, *g.gradient]} == {number}


def test_the_gradient_of_numpys_integers_is_of_integers(chain_rule_method):
    # NumPy's own where an operation on them gave it, Python's where structure did: -1 is no np.uint8
    g = oc.gradient(lambda x: x[0] * x[0] * x[1] - x[3], [np.int64(3), np.int64(2), np.int64(5), np.uint8(1)],
                    chain_rule_method)  # fmt: skip
    assert g.gradient == [12, 9, 0, -1]
    assert all(isinstance(derivative, (int, np.integer)) for derivative in g.gradient)


@pytest.mark.parametrize("number", [float, Fraction, Decimal, np.float32, np.float64])
def test_the_gradient_keeps_the_type_through_structure_alone(number, chain_rule_method):
    # 1, -1, 0 and their sums, that no operation on a number of x has produced
    g = oc.gradient(lambda x: x[0] - x[1] + x[3] + x[3], [number(3)] * 4, chain_rule_method)
    assert g.gradient == [1, -1, 0, 2]
    assert [type(derivative) for derivative in g.gradient] == [number] * 4


def test_float32_stays_float32_through_every_function_of_it(method):
    x = np.array([0.5, 0.25], dtype=np.float32)
    g = oc.gradient(lambda x: np.sum(np.tanh(x) * 2.0 + np.exp2(x) / 3 + x**2), x, method)
    assert g.gradient.dtype == np.float32


def test_integers_have_integer_derivatives_where_they_stay_integers(chain_rule_method):
    g = oc.gradient(lambda x: x[0] * x[0] - 7 * x[1], [10**30, 2], chain_rule_method)
    assert g.gradient == [2 * 10**30, -7]


def test_an_integer_array_holds_the_derivatives_that_are_no_integers(chain_rule_method):
    g = oc.gradient(lambda x: x[0] * x[1] / 4, np.array([3, 5]), chain_rule_method)
    assert g.gradient.tolist() == [1.25, 0.75]


def test_an_object_array_loses_no_digit(chain_rule_method):
    # NumPy would make floats of one integer past 63 bits beside a negative one
    g = oc.gradient(lambda x: x[0] * 2**63 - x[1], np.array([1, 2], dtype=object), chain_rule_method)
    assert g.gradient.tolist() == [2**63, -1]
    assert [type(n) for n in g.gradient.tolist()] == [int, int]


def test_fractions_are_exact(chain_rule_method):
    a, b, c = x = [Fraction(2, 3), Fraction(-5, 7), Fraction(11, 13)]
    g = oc.gradient(lambda x: (x[0] * x[1] + x[0] / x[2]) ** 3 - x[1], x, chain_rule_method)
    inner = a * b + a / c
    assert g.value == inner**3 - b
    assert g.gradient == [3 * inner**2 * (b + 1 / c), 3 * inner**2 * a - 1, -3 * inner**2 * a / c**2]


def test_decimals_are_decimals(chain_rule_method):
    g = oc.gradient(lambda x: x * x * x, Decimal("1.1"), chain_rule_method)
    assert (g.value, g.gradient) == (Decimal("1.331"), Decimal("3.63"))


# --- phases


def test_the_phases_of_a_hand_counted_example(chain_rule_method):
    # y = tanh(w * x): the partial of tanh is 1 - y * y, those of the product are at hand
    g = oc.gradient(lambda w: np.tanh(w[0] * w[1]) * w[0], [0.5, 2.0], chain_rule_method)
    evaluations = 2 if chain_rule_method == "forward" else 1
    assert g.phases["primal"] == oc.Counts(mul=2, tanh=1) * evaluations
    assert g.phases["partials"] == oc.Counts(mul=1, sub=1) * evaluations
    assert g.phases["accumulation"].add == 1
    assert g.counts == g.phases["primal"] + g.phases["partials"] + g.phases["accumulation"]
    assert tuple(g.phases) == oc.PHASES == ("primal", "partials", "accumulation")


def test_regions_of_f_are_its_own_whatever_their_names(method):
    def f(x):
        with oc.region("accumulation"):
            return x * x * x

    with oc.count() as tally:
        g = oc.gradient(f, 2.0, method)
    assert g.phases["accumulation"] == oc.trace(lambda x: x * x * x, 2.0).predict(method)
    assert tally.regions == {"accumulation": g.phases["primal"]}


def test_a_gradient_adds_all_its_operations_to_the_counts_around_it(method):
    case = CASES["1-2-1, three points"]
    with oc.count() as outer:
        with oc.region("step"):
            g = oc.gradient(case.f, case.x, method)
        oc.wrap(2.0) * 3
    assert outer.counts == g.counts + oc.Counts(mul=1)
    assert outer.regions == {"step": g.counts}  # the phases are the gradient's own, and no regions around it


def test_nothing_is_kept_between_gradients(method):
    first = oc.gradient(squared(4), 1.1, method)
    second = oc.gradient(squared(4), 1.1, method)
    assert (first.gradient, first.phases, first.storage) == (second.gradient, second.phases, second.storage)


# --- the memo of bounded size, and what is stored


def fibonacci(length):
    """Each value the sum of the two before it, scaled: a graph whose naive recursion is Fibonacci's."""

    def f(x):
        before, now = x, x * 0.5
        for _ in range(length):
            before, now = now, now * 0.9 + before * 0.8
        return now

    return f


@pytest.mark.parametrize(("naive", "memoized"), [("naive", "memoized"), ("naive-tangent", "memoized-tangent")])
@pytest.mark.parametrize("f", [fibonacci(8), squared(6), newton], ids=["fibonacci", "squared", "newton"])
def test_a_growing_memo_walks_from_naive_to_memoized(f, naive, memoized):
    nodes = len(oc.trace(f, 1.1).nodes)
    walk = [oc.gradient(f, 1.1, memoized, memo=size) for size in range(nodes + 1)]
    totals = [g.phases["accumulation"].total for g in walk]
    ends = [oc.gradient(f, 1.1, end) for end in (naive, memoized)]
    assert [walk[0].phases, walk[-1].phases] == [end.phases for end in ends]
    assert totals == sorted(totals, reverse=True)
    assert len({g.gradient for g in walk}) == 1
    assert all(g.storage.derivatives <= size for size, g in enumerate(walk))


def every_before(length):
    """Each value the sum of all before it: many users for one value, so that it matters which are remembered."""

    def f(x):
        values = [x]
        for _ in range(length):
            values.append(sum((value * 0.5 for value in values), 0.0))
        return values[-1]

    return f


@pytest.mark.parametrize(
    ("method", "f"),
    [("memoized", every_before(6)), ("memoized-tangent", fibonacci(8))],
    ids=["memoized", "memoized-tangent"],
)
def test_the_walk_from_naive_to_memoized_has_steps_between(method, f):
    totals = {oc.gradient(f, 1.1, method, memo=size).phases["accumulation"].total for size in range(14)}
    assert len(totals) > 2


@pytest.mark.parametrize("method", ["memoized", "memoized-tangent"])
def test_an_unbounded_memo_is_the_default(method):
    assert oc.gradient(squared(6), 1.1, method, memo=10**6).phases == oc.gradient(squared(6), 1.1, method).phases


@pytest.mark.parametrize(
    ("method", "storage"),
    [
        ("finite-difference", (0, 0, 0)),
        ("forward", (6, 6, 0)),
        ("backprop", (6, 6, 0)),
        ("memoized", (6, 6, 6)),
        ("memoized-tangent", (6, 6, 6)),
        ("naive", (6, 0, 6)),
        ("naive-tangent", (6, 0, 6)),
    ],
)
def test_what_a_method_keeps_on_a_chain_of_five(method, storage):
    # nodes of the graph; derivatives of all six nodes, the source among them; one call waiting for each
    assert oc.gradient(chain(5), 1.0, method).storage == storage


# --- budgets


@pytest.mark.parametrize("method", ["naive", "naive-tangent"])
def test_what_would_never_finish_is_refused_with_the_exact_number(method):
    calls = []
    with oc.count() as outer, pytest.raises(oc.BudgetExceeded) as raised:
        oc.gradient(lambda x: calls.append(1) or doubled(133)(x), 1.0, method, budget=10**9)
    assert raised.value.predicted == {"add": 2**133 - 1}
    assert f"{2**133 - 1:,}" in str(raised.value)
    assert "1,000,000,000" in str(raised.value)
    assert calls == [1]
    # evaluated once, and nothing accumulated
    assert raised.value.counts == outer.counts == {"add": 133}


@pytest.mark.parametrize("name", ["1-2-1, three points", "y = y * y, 3 times"])
def test_a_budget_of_what_is_needed_is_enough_and_one_less_is_not(name, method):
    case = CASES[name]
    predicted = oc.trace(case.f, case.x).predict(method)
    assert oc.gradient(case.f, case.x, method, budget=predicted.total).phases["accumulation"] == predicted
    assert oc.gradient(case.f, case.x, method, budget=predicted).phases["accumulation"] == predicted
    with pytest.raises(oc.BudgetExceeded) as raised:
        oc.gradient(case.f, case.x, method, budget=predicted.total - 1)
    assert raised.value.predicted == predicted


@pytest.mark.parametrize("kind", ["mul", "add"])
def test_a_budget_may_be_for_one_kind(kind, chain_rule_method):
    case = CASES["1-2-1, three points"]
    predicted = oc.trace(case.f, case.x).predict(chain_rule_method)
    assert oc.gradient(case.f, case.x, chain_rule_method, budget={kind: predicted[kind]}).value
    with pytest.raises(oc.BudgetExceeded, match=kind):
        oc.gradient(case.f, case.x, chain_rule_method, budget={kind: predicted[kind] - 1})


def test_a_budget_limits_the_accumulation_alone(chain_rule_method):
    oc.gradient(lambda x: np.exp(np.tanh(x) + 1.0), 1.0, chain_rule_method, budget=1)


def test_forward_over_budget_evaluates_once():
    calls = []
    with pytest.raises(oc.BudgetExceeded):
        oc.gradient(lambda x: calls.append(1) or np.sin(np.sin(x[0] + x[1])), [1.0] * 2, "forward", budget=1)
    assert calls == [1]


def test_a_budget_around_stops_a_gradient_where_it_is_exceeded(method):
    with oc.count() as outer, oc.count(budget=10), pytest.raises(oc.BudgetExceeded):
        oc.gradient(squared(20), 1.0, method)
    assert outer.counts.total == 10


@pytest.mark.parametrize(
    ("budget", "error", "message"),
    [
        (0, oc.InvalidValue, "positive"),
        (-1, oc.InvalidValue, "positive"),
        (True, oc.InvalidValue, "positive"),
        (1.5, oc.InvalidType, "integer"),
        ("a", oc.InvalidType, "integer"),
        ({"mul": 0}, oc.InvalidValue, "positive"),
        ({"multiply": 5}, oc.InvalidValue, "multiply"),
        ({}, oc.InvalidValue, "empty"),
    ],
)
def test_a_budget_that_is_none_is_refused_before_f_is_called(budget, error, message, method):
    calls = []
    with pytest.raises(error, match=message):
        oc.gradient(lambda x: calls.append(1) or x, 1.0, method, budget=budget)
    assert calls == []


# --- bad input


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
        ("memoized", {"memo": 3, "budget": 10}, oc.InvalidValue, "memo"),
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


@pytest.mark.parametrize(
    "f",
    [
        lambda x: oc.gradient(lambda y: y * y, x).gradient,
        lambda x: oc.gradient(lambda y: x * y, 2.0).value,
        lambda x: oc.trace(lambda y: y * y, x).result,
    ],
    ids=["of the same x", "of a function that uses x", "a trace"],
)
def test_gradients_within_gradients_are_refused(f, chain_rule_method):
    with pytest.raises(oc.InvalidType, match="differentiated"):
        oc.gradient(f, 1.0, chain_rule_method)


def test_a_gradient_by_differences_within_a_gradient_is_refused_in_its_own_words(chain_rule_method):
    with pytest.raises(oc.InvalidType, match="gradients within gradients"):
        oc.gradient(lambda x: oc.gradient(lambda y: x * y, 2.0, "finite-difference").gradient, 1.0, chain_rule_method)


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


# --- domain errors: as NumPy would, and counted


@pytest.mark.parametrize(
    ("f", "x", "value", "gradient", "kind"),
    [
        (np.log, -1.0, math.nan, -1.0, "log"),
        (np.log, 0.0, -math.inf, math.inf, "log"),
        (np.sqrt, 0.0, 0.0, math.inf, "sqrt"),
        (np.sqrt, -1.0, math.nan, math.nan, "sqrt"),
        (np.arcsin, 2.0, math.nan, math.nan, "arcsin"),
        (lambda x: 1 / x, 0.0, math.inf, -math.inf, "div"),
        (lambda x: x / 0, 1.0, math.inf, math.inf, "div"),
        (lambda x: x / 0.0, -1.0, -math.inf, math.inf, "div"),
        (lambda x: x**-1, 0.0, math.inf, -math.inf, "div"),
        (lambda x: x**0.5, -1.0, math.nan, math.nan, "pow"),
    ],
)
def test_outside_the_domain_a_warning_and_what_numpy_gives(f, x, value, gradient, kind, chain_rule_method):
    with np.errstate(all="warn"), pytest.warns(RuntimeWarning):
        g = oc.gradient(f, x, chain_rule_method)
    assert [g.value, g.gradient] == pytest.approx([value, gradient], nan_ok=True)
    assert g.phases["primal"][kind] == 1


def test_a_gradient_shows_as_a_table():
    case = CASES["1-2-1, one point"]
    g = oc.gradient(case.f, case.x)
    table = g.to_pandas()
    assert list(table.index) == list(oc.PHASES)
    assert table.loc["accumulation", "mul"] == 10
    assert table.total.sum() == g.counts.total
    html = g._repr_html_()
    assert "<caption>backprop</caption>" in html
    assert html.count("<tr>") == 5  # the head, three phases, all together


# --- depth


@contextmanager
def recursion_limit(frames):
    """Room for that many Python frames more than there are."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + frames)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def test_a_chain_of_20_000_goes_through_every_method_with_a_low_recursion_limit(method):
    with recursion_limit(60):
        g = oc.gradient(chain(20_000), 3.0, method)
    assert g.gradient == pytest.approx(1.0, rel=1e-6)
    assert g.phases["primal"].mul == 20_000 * oc.METHODS[method].evaluations(1)


def test_the_low_recursion_limit_would_stop_a_recursion():
    def recursive(depth):
        return depth and recursive(depth - 1)

    with recursion_limit(60), pytest.raises(RecursionError):
        recursive(100)


@pytest.mark.parametrize("memo", [0, 1, 3])
def test_a_bounded_memo_is_as_deep_as_it_needs(memo):
    with recursion_limit(60):
        g = oc.gradient(chain(5_000), 3.0, "memoized", memo=memo)
    assert g.phases["accumulation"] == {"mul": 4_999}
    assert g.storage.depth == 5_001


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "length"), [(method, 100_000 if "naive" in method else 1_000_000) for method in METHODS]
)
def test_a_long_chain_goes_through_every_method(method, length):
    with recursion_limit(60):
        g = oc.gradient(chain(length), 3.0, method)
    assert g.gradient == pytest.approx(1.0, rel=1e-6)
    assert g.phases["primal"].mul == length * oc.METHODS[method].evaluations(1)
    assert g.phases["accumulation"].mul == (length - 1) * (method != "finite-difference")


@pytest.mark.slow
@pytest.mark.parametrize("method", POLYNOMIAL)
def test_fifty_thousand_diamonds_of_fractions_are_counted_exactly(method):
    # y = (y + y) / 2: two paths for each step, 2 ** 50_000 in all
    def f(x):
        for _ in range(50_000):
            x = (x + x) * Fraction(1, 2)
        return x

    g = oc.gradient(f, Fraction(1, 3), method)
    assert g.gradient == 1
    assert g.phases["accumulation"].add == 50_000


def test_the_question_is_answered_alike_by_every_method(method):
    loss = question_loss((0.0, 0.0), (0.5, 1.0), (1.0, 0.0))
    reference = oc.gradient(loss, QUESTION).gradient
    assert numbers(oc.gradient(loss, QUESTION, method).gradient) == pytest.approx(
        numbers(reference), rel=1e-6, abs=1e-8
    )


def test_forward_mode_lets_each_graph_go_when_the_next_is_recorded():
    import tracemalloc

    def f(x):
        total = x[0]
        for _ in range(20):
            for value in x:
                total = total * 0.5 + value * total
        return total

    def peak(inputs):
        tracemalloc.start()
        oc.gradient(f, [0.01] * inputs, method="forward")
        try:
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    # One graph of 40 inputs has four times the nodes of one of 10; forty graphs kept would have sixteen times.
    assert peak(40) < 8 * peak(10)


@pytest.mark.parametrize("point", [[0.0, 2.0], [0.0, 0.5], [2.0, 0.0], [0.0, 3.0]])
def test_a_variable_power_has_the_limit_as_derivative_at_base_zero(point):
    with np.errstate(all="ignore"):
        by_exponent = oc.gradient(lambda x: x[0] ** x[1], point).gradient[1]
    assert by_exponent == (0.0 if point[0] == 0 else np.log(point[0]))


def test_a_comparison_counts_the_same_whichever_side_the_data_stands_on():
    two = oc.Scalar(2.0)

    def f(v):
        return v * v if two < v else v

    kinds = {method: oc.gradient(f, 3.0, method).phases["primal"].keys() for method in oc.METHODS}
    assert all("lt" in found and "gt" not in found for found in kinds.values()), kinds


def test_small_integers_do_not_wrap_around_in_a_gradient():
    g = oc.gradient(lambda v: (3 - v * v).sum(), np.array([1, 2], np.uint8))
    assert g.gradient.tolist() == [-2, -4]


@pytest.mark.parametrize("call", [oc.trace, oc.measure, oc.gradient, oc.compare], ids=lambda call: call.__name__)
def test_what_is_no_function_is_refused_by_name(call):
    with pytest.raises(oc.InvalidType, match="f must be a function, not 3"):
        call(3, 1.0)


def test_an_array_that_mixes_wrapped_and_plain_numbers_is_wrapped_again():
    def f(x):
        return np.sum(np.exp(oc.wrap(np.where(x > 0, x, 0.0))))

    assert oc.gradient(f, np.array([1.0, -1.0])).gradient.tolist() == [np.exp(1.0), 0.0]
