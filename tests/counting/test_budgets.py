"""Budgets: what may be executed, and what raises before it is."""

import functools
import pickle
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import opcount as oc
import opcount.counting.tally
from opcount import BudgetExceeded, Counts, InvalidType, InvalidValue, count, region
from tests.support.operate import X, operate, until_exceeded


@pytest.mark.parametrize("limit", [1, 2, 7, np.int64(3), 10**40])
def test_a_total_budget_lets_through_exactly_its_operations(limit):
    with count(budget=limit) as tally:
        done, error = until_exceeded(lambda: operate(mul=1), at_most=10)
    assert done == min(limit, 10) == tally.counts.total
    assert error is None if limit > 10 else error.counts == Counts(mul=limit)


def test_a_budget_by_kind_limits_that_kind_alone():
    with count(budget={"mul": 2, "tanh": 1}) as tally:
        operate(add=100, mul=2, tanh=1)
        for kind, limit in (("mul", 2), ("tanh", 1)):
            with pytest.raises(BudgetExceeded, match=f"1 more {kind} would exceed the budget of {limit},"):
                operate(**{kind: 1})
        operate(add=1)
    assert tally.counts == Counts(add=101, mul=2, tanh=1)


def test_a_kind_and_the_total_can_be_limited_together():
    with count(budget={"mul": 2, "total": 3}) as tally:
        operate(mul=2, add=1)
        with pytest.raises(BudgetExceeded, match="operations would exceed the budget of 3,"):
            operate(add=1)
    assert tally.counts == Counts(mul=2, add=1)


def test_the_operation_that_would_exceed_the_budget_is_not_executed():
    executed = []

    class Spy(float):
        def __mul__(self, other):
            executed.append(other)
            return Spy(float(self) * other)

    x = oc.wrap(Spy(2.0))
    with count(budget=1):
        x * 3
        with pytest.raises(BudgetExceeded):
            x * 4
    assert executed == [3]


def test_the_error_carries_the_counts_so_far_and_no_prediction():
    with pytest.raises(BudgetExceeded) as caught, count(budget=3):
        operate(mul=2, add=5)
    assert caught.value.counts == Counts(mul=2, add=1) and caught.value.predicted is None
    assert str(caught.value).startswith("1 more operation")
    assert str(caught.value).endswith("would exceed the budget of 3, of which 0 are left")


def test_the_error_survives_pickling_with_its_counts():
    with pytest.raises(BudgetExceeded) as caught, count(budget=1):
        operate(mul=2)
    back = pickle.loads(pickle.dumps(caught.value))
    assert (str(back), back.counts) == (str(caught.value), Counts(mul=1))


# square-and-multiply: x**5 and x**6 are three products, x**16 is four
@pytest.mark.parametrize(("exponent", "products"), [(2, 1), (5, 3), (6, 3), (16, 4), (255, 14)])
def test_a_power_counts_its_products_at_once_all_or_none(exponent, products):
    with count(budget={"mul": products}) as enough:
        X**exponent
    assert enough.counts == Counts(mul=products)
    with count(budget={"mul": 3 + products - 1}) as short:
        operate(mul=3)
        with pytest.raises(BudgetExceeded, match=f"{products} more mul would exceed the budget of {products + 2}, "):
            X**exponent
        operate(mul=products - 1)  # what the power would have begun to spend is still there
    assert short.counts == Counts(mul=3 + products - 1)


@pytest.mark.parametrize("exponent", [-2, -5, -255])
def test_a_negative_power_that_does_not_fit_spends_nothing(exponent):
    with count() as whole:
        X**exponent
    with count(budget=whole.counts.total - 1) as tally, pytest.raises(BudgetExceeded):
        X**exponent
    assert tally.counts == Counts()


@pytest.mark.parametrize(("outer", "inner", "through"), [(2, 5, 2), (5, 2, 2), (3, 3, 3)])
def test_of_nested_budgets_the_tighter_one_stops(outer, inner, through):
    with count(budget=outer) as outside, count(budget=inner) as inside, pytest.raises(BudgetExceeded) as caught:
        operate(mul=9)
    assert outside.counts == inside.counts == caught.value.counts == Counts(mul=through)


def test_an_outer_budget_reports_the_outer_counts():
    with count(budget=5):
        operate(add=4)
        with pytest.raises(BudgetExceeded) as caught, count() as inner:
            operate(mul=2)
    assert caught.value.counts == Counts(add=4, mul=1) and inner.counts == Counts(mul=1)


def test_an_inner_count_spends_the_outer_budget_and_an_inner_budget_ends_with_its_block():
    with count(budget=6) as outer:
        for _ in range(2):
            with count(budget=2):
                operate(mul=2)
        operate(add=2)
        with pytest.raises(BudgetExceeded):
            operate(add=1)
    assert outer.counts == Counts(mul=4, add=2)


def test_a_refused_operation_spends_no_budget_at_all():
    with count(budget={"mul": 3}) as outer:
        with count(budget=1), pytest.raises(BudgetExceeded):
            operate(add=1, mul=1)
        operate(mul=3)  # the refused mul was not charged to the outer budget either
    assert outer.counts == Counts(add=1, mul=3)


def test_a_budget_holds_inside_regions_and_regions_see_only_what_was_executed():
    with count(budget=3) as tally:
        with region("a"):
            operate(mul=2)
        with pytest.raises(BudgetExceeded), region("b/c"):
            operate(add=2)
    assert tally.regions == {"a": Counts(mul=2), "b": Counts(add=1), "b/c": Counts(add=1)}


def test_numpy_stops_at_the_budget_too():
    v = oc.wrap(np.arange(1.0, 6.0, dtype=object))
    with count(budget={"mul": 3}) as tally, pytest.raises(BudgetExceeded):
        v @ v
    assert tally.counts.mul == 3


def test_a_whole_array_stops_before_the_budget():
    v = oc.wrap(np.arange(1.0, 6.0))
    with count(budget={"mul": 7}) as tally:
        w = v * v
        with pytest.raises(BudgetExceeded, match="5 more mul would exceed the budget of 7, of which 2 are left"):
            v @ v
        with pytest.raises(BudgetExceeded):
            v *= 2
    assert tally.counts == Counts(mul=5) and oc.unwrap(v).tolist() == [1, 2, 3, 4, 5]
    assert oc.unwrap(w).tolist() == [1, 4, 9, 16, 25]


@given(
    st.lists(st.tuples(st.sampled_from(["mul", "add", "power"]), st.integers(1, 9)), max_size=12),
    st.dictionaries(st.sampled_from(["mul", "add", "total"]), st.integers(1, 12), min_size=1),
)
def test_a_budget_stops_where_bookkeeping_by_hand_says(steps, limits):
    expected = Counter()
    for kind, n in steps:
        spent = ("mul", n.bit_length() + n.bit_count() - 2) if kind == "power" else (kind, 1)
        left = limits.get(spent[0], 10**9) - expected[spent[0]], limits.get("total", 10**9) - expected.total()
        if spent[1] <= min(left):
            expected[spent[0]] += spent[1]
    with count(budget=limits) as tally:
        for kind, n in steps:
            operation = functools.partial(pow, X, n) if kind == "power" else functools.partial(operate, **{kind: 1})
            _, error = until_exceeded(operation, at_most=1)
            assert error is None or error.counts == tally.counts
    assert tally.counts == expected


@pytest.mark.parametrize(
    ("budget", "error", "message"),
    [
        (0, InvalidValue, "budget must be a positive integer, not 0"),
        (-3, InvalidValue, "budget must be a positive integer, not -3"),
        (True, InvalidValue, "positive integer, not True"),
        (1.5, InvalidType, "positive integer, not 1.5"),
        (float("inf"), InvalidType, "positive integer, not inf"),
        ("10", InvalidType, "positive integer, not '10'"),
        ({}, InvalidValue, "empty"),
        ({"mul": 0}, InvalidValue, r"budget\['mul'\] must be a positive integer, not 0"),
        ({"mul": 5, "add": None}, InvalidType, r"budget\['add'\] must be a positive integer, not None"),
        ({"mull": 5}, InvalidValue, "not a kind of operation: mull.*did you mean mul.*total"),
        ({"additive": 5}, InvalidValue, "not a kind of operation: additive"),
    ],
)
def test_what_is_no_budget_is_refused_before_anything_opens(budget, error, message):
    before = opcount.counting.tally.meter()
    with pytest.raises(error, match=message), count(budget=budget):
        pytest.fail("the block ran")
    assert opcount.counting.tally.meter() is before


def test_changing_the_mapping_afterwards_does_not_change_the_budget():
    limits = {"mul": 1}
    with count(budget=limits):
        limits["mul"] = 100
        with pytest.raises(BudgetExceeded):
            operate(mul=2)
