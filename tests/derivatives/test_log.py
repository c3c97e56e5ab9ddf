"""The log: each product and sum of an accumulation, the same for a recursion and its loop."""

from __future__ import annotations

from collections import Counter

import pytest

import opcount as oc
from tests.support.programs import CASES, squared

METHODS = list(oc.METHODS)
CHAIN_RULE = [method for method in METHODS if method != "finite-difference"]


@pytest.fixture(params=METHODS)
def method(request):
    return request.param


@pytest.fixture(params=CHAIN_RULE)
def chain_rule_method(request):
    return request.param


def by_node(log, end):
    """The entries of each node's own sum, in order: an adjoint is summed at the tail, a tangent at the head."""
    found = {}
    for step in log:
        found.setdefault((step.source, getattr(step, end)), []).append(step)
    return found


@pytest.mark.parametrize(
    ("recursion", "loop", "end"), [("memoized", "backprop", "tail"), ("memoized-tangent", "forward", "head")]
)
@pytest.mark.parametrize("name", CASES)
def test_the_memoized_recursion_logs_the_operations_of_the_loop(name, recursion, loop, end):
    case = CASES[name]
    found = oc.gradient(case.f, case.x, recursion, log=True).log
    expected = oc.gradient(case.f, case.x, loop, log=True).log
    assert Counter(found) == Counter(expected)
    assert by_node(found, end) == by_node(expected, end)


def test_the_log_is_that_of_the_hand_counted_example():
    # f = (x0 * x1) * x0: nodes 0, 1 | 2 = mul(0, 1) | 3 = mul(2, 0)
    log = oc.gradient(lambda x: x[0] * x[1] * x[0], [2.0, 3.0], "backprop", log=True).log
    assert [tuple(step) for step in log] == [
        ("copy", 2, 3, 0, 3),  # the output's one times a partial
        ("copy", 0, 3, 1, 3),
        ("mul", 0, 2, 0, 3),
        ("add", 0, 2, 0, 3),
        ("mul", 1, 2, 1, 3),
    ]


@pytest.mark.parametrize("name", CASES)
def test_the_log_holds_every_counted_operation_and_the_copies(name, chain_rule_method):
    case = CASES[name]
    g = oc.gradient(case.f, case.x, chain_rule_method, log=True)
    kinds = Counter(step.kind for step in g.log)
    copies = kinds.pop("copy", 0)
    assert g.phases["accumulation"] == kinds
    edges = {(edge.tail, edge.head, edge.position) for edge in oc.trace(case.f, case.x).edges}
    assert {(step.tail, step.head, step.position) for step in g.log} <= edges
    assert copies == len(g.log) - g.phases["accumulation"].total


def test_the_naive_recursion_logs_every_call_again():
    memoized = Counter(oc.gradient(squared(3), 1.1, "memoized", log=True).log)
    naive = Counter(oc.gradient(squared(3), 1.1, "naive", log=True).log)
    assert naive.keys() == memoized.keys()
    assert set(memoized.values()) == {1}
    assert Counter(naive.values()) == {1: 3, 2: 3, 4: 3}  # the calls of x, of y1 and of y2: 2 products, 1 sum each


@pytest.mark.parametrize("name", CASES)
def test_logging_changes_neither_the_gradient_nor_the_counts(name, method):
    case = CASES[name]
    plain, logged = (oc.gradient(case.f, case.x, method, log=log) for log in (False, True))
    assert (plain.value, plain.gradient, plain.phases) == (logged.value, logged.gradient, logged.phases)


def test_there_is_no_log_by_default(method):
    assert oc.gradient(lambda x: x * x, 3.0, method).log is None
