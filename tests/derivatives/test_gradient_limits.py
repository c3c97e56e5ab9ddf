"""Gradients within limits: memos of bounded size, budgets and deep graphs."""

from __future__ import annotations

import inspect
import sys
from contextlib import contextmanager
from fractions import Fraction

import numpy as np
import pytest

import opcount as oc
from opcount.derivatives import walks
from tests.support.faults import planted
from tests.support.gradients import METHODS, POLYNOMIAL, newton, numbers
from tests.support.programs import CASES, QUESTION, chain, doubled, question_loss, squared
from tests.support.steps import FLOATS, random_steps

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


def programs_with_diamonds():
    w = np.sin(np.arange(9.0)).reshape(3, 3)
    yield squared(6), 1.1
    small = [f for f in map(random_steps, range(30), [False] * 30) if oc.trace(f, FLOATS).predict("naive").total < 500]
    yield from ((f, FLOATS) for f in small[:6])
    yield lambda x: np.sum(np.tanh(w @ np.tanh(w @ x["a"]) * x["a"]) * x["b"]), {"a": np.ones(3), "b": 0.5}


@pytest.mark.parametrize("method", ["memoized", "memoized-tangent"])
@pytest.mark.parametrize(("f", "x"), [*programs_with_diamonds()])
def test_what_a_bounded_memo_counts_is_predicted(method, f, x):
    graph = oc.trace(f, x)
    for size in (0, 1, 2, 3, 5, 9, 20, 1000):
        assert graph.predict(method, memo=size) == oc.gradient(f, x, method, memo=size).phases["accumulation"]
    assert graph.predict(method, memo=0) == graph.predict("naive" if method == "memoized" else "naive-tangent")
    assert graph.predict(method, memo=1000) == graph.predict(method)


def test_a_prediction_with_another_memo_is_not_what_is_executed():
    graph = oc.trace(squared(6), 1.1)
    assert graph.predict("memoized", memo=1) != graph.predict("memoized", memo=0)
    with pytest.raises(oc.InvalidValue, match="memo is for the methods"):
        graph.predict("backprop", memo=3)


def test_a_prediction_that_would_seem_never_to_end_is_refused():
    def f(x):
        for _ in range(60):
            x = [np.sin(x[0]) + x[1], x[0] - x[1] * 0.5]
        return x[0] * x[1]

    with planted(walks, MOST_SUMS=1000), pytest.raises(oc.InvalidValue, match="more than 1,000 sums"):
        oc.trace(f, [0.5, 0.6]).predict("memoized", memo=1)
    assert walks.MOST_SUMS == 10_000_000


def test_a_budget_is_compared_with_what_a_bounded_memo_counts():
    f = random_steps(1, False)
    total = oc.trace(f, FLOATS).predict("memoized", memo=2).total
    assert oc.gradient(f, FLOATS, "memoized", memo=2, budget=total).phases["accumulation"].total == total
    with pytest.raises(oc.BudgetExceeded) as raised:
        oc.gradient(f, FLOATS, "memoized", memo=2, budget=total - 1)
    assert raised.value.predicted.total == total


@pytest.mark.parametrize("method", ["memoized", "memoized-tangent"])
def test_an_unbounded_memo_is_the_default(method):
    assert oc.gradient(squared(6), 1.1, method, memo=10**6).phases == oc.gradient(squared(6), 1.1, method).phases


@pytest.mark.parametrize(
    ("method", "storage"),
    [
        ("finite-difference", (0, 0, 0, 0)),
        ("forward", (6, 6, 0, 0)),
        ("backprop", (6, 6, 0, 0)),
        ("checkpointed", (6, 6, 0, 0)),
        ("memoized", (6, 6, 6, 0)),
        ("memoized-tangent", (6, 6, 6, 0)),
        ("naive", (6, 0, 6, 0)),
        ("naive-tangent", (6, 0, 6, 0)),
    ],
)
def test_what_a_method_keeps_on_a_chain_of_five(method, storage):
    # nodes of the graph; derivatives of all six nodes, the source among them; one call waiting for each; no steps
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
