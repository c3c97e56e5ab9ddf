"""All methods on one function, executed or predicted, as a table."""

from __future__ import annotations

import pytest

import opcount as oc
from tests.support.programs import CASES, squared

METHODS = list(oc.METHODS)


def test_compare_has_a_row_for_each_method_and_phase():
    case = CASES["1-2-1, three points"]
    table = oc.compare(case.f, case.x)
    assert list(zip(table.method, table.phase, strict=True)) == [(m, phase) for m in METHODS for phase in oc.PHASES]
    assert table.executed.all()
    for name in METHODS:
        rows = table[table.method == name].set_index("phase")
        for phase, counts in oc.gradient(case.f, case.x, name).phases.items():
            row = rows.loc[phase].drop(["method", "executed"])
            assert {kind: number for kind, number in row.items() if number} == {
                **counts,
                **({"total": counts.total} if counts.total else {}),
            }


def test_compare_predicts_what_is_over_its_budget_exactly():
    table = oc.compare(squared(133), 1.0, budget=1000).set_index(["method", "phase"])
    accumulation = table.xs("accumulation", level="phase")
    assert accumulation.total["naive"] == 2**133 - 2 + 2**133 - 1
    assert accumulation.executed.to_dict() == {method: "naive" not in method for method in METHODS}
    assert table.loc[("naive", "primal"), "mul"] == 133


@pytest.mark.parametrize("budget", [1, 100])
def test_compare_predicts_what_it_would_execute(budget):
    case = CASES["1-2-1, three points"]
    executed, predicted = (oc.compare(case.f, case.x, budget=b).drop(columns="executed") for b in (10**6, budget))
    assert executed.to_dict() == predicted.to_dict()


def test_compare_takes_the_methods_that_are_asked_for_in_their_order():
    table = oc.compare(lambda x: x * x, 3.0, methods=["naive", "backprop"])
    assert list(dict.fromkeys(table.method)) == ["naive", "backprop"]


@pytest.mark.parametrize("methods", [["backprop", "nope"], ["nope"]])
def test_compare_refuses_a_method_that_does_not_exist(methods):
    with pytest.raises(oc.InvalidValue, match=r"'nope'.*backprop"):
        oc.compare(lambda x: x * x, 3.0, methods=methods)


@pytest.mark.parametrize(
    ("budget", "error"), [(0, oc.InvalidValue), (-1, oc.InvalidValue), (True, oc.InvalidValue), ("a", oc.InvalidType)]
)
def test_compare_refuses_a_budget_that_is_none(budget, error):
    with pytest.raises(error, match="budget"):
        oc.compare(lambda x: x * x, 3.0, budget=budget)


@pytest.mark.parametrize("x", [[], "a", None, 1j])
def test_compare_refuses_what_a_gradient_refuses(x):
    with pytest.raises((oc.InvalidType, oc.InvalidValue)):
        oc.compare(lambda x: x, x)


def test_compare_takes_one_method_by_name_and_a_budget_by_kind():
    table = oc.compare(lambda x: x * x * x, 2.0, methods="naive", budget={"mul": 3})
    assert set(table.method) == {"naive"}
    assert not table.executed.any()  # 2 mul to evaluate, 2 to accumulate: the products with structural ones are copies
    assert oc.compare(lambda x: x * x * x, 2.0, methods=["naive"], budget={"mul": 4}).executed.all()
