"""Rules of users: registered, checked at every call, and forgotten again."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import opcount as oc
from opcount.functions.user_rules import user_rules
from opcount.wrapping.operations import BY_UFUNC, OPERATIONS
from tests.support.calls.moving import A, V
from tests.support.ground_truth import NOTHING


@pytest.fixture
def restored():
    before = dict(user_rules), dict(OPERATIONS), dict(BY_UFUNC)
    yield
    assert before == (user_rules, OPERATIONS, BY_UFUNC), "a test left a rule behind"


def test_a_rule_counts_what_had_no_count_and_is_forgotten_again(restored):
    oc.register_rule(np.fft.fft, lambda a, n=None, axis=-1, norm=None, out=None: {"mul": a.size, "add": np.int64(2)})
    value, counts = oc.measure(np.fft.fft, V)
    np.testing.assert_array_equal(value, np.fft.fft(V))
    assert counts == {"mul": 3, "add": 2}
    oc.register_rule(np.fft.fft, None)
    with pytest.raises(oc.Uncounted):
        oc.measure(np.fft.fft, V)


@pytest.mark.parametrize(("function", "program", "before"), [
    (np.sum, np.sum, {"add": 2}), (np.sum, lambda v: v.sum(axis=0), {"add": 2}),
    (np.average, np.average, {"add": 2, "div": 1}), (np.ravel, np.ravel, {}), (np.sin, np.sin, {"sin": 3}),
    (np.multiply, lambda v: v * v, {"mul": 3}), (np.where, lambda v: np.where(v, v, 0), {"ne": 3}),
    (np.matmul, lambda v: v @ v, {"mul": 3, "add": 2}),
])  # fmt: skip
def test_a_rule_replaces_the_count_of_the_table(restored, function, program, before):
    assert oc.measure(program, V).counts == before
    oc.register_rule(function, lambda *args, **keywords: {"exp": 7})
    assert oc.measure(program, V).counts == {"exp": 7}
    oc.register_rule(function, None)
    assert oc.measure(program, V).counts == before


def test_a_rule_of_a_ufunc_may_be_what_one_element_costs(restored):
    oc.register_rule(np.tanh, {"exp": 1, "div": 1})
    assert oc.measure(np.tanh, A).counts == {"exp": 6, "div": 6}
    oc.register_rule(np.tanh, None)
    assert oc.measure(np.tanh, A).counts == {"tanh": 6}


@pytest.mark.parametrize(("result", "error", "message"), [
    ({"mul": -1}, oc.InvalidValue, "-1 for mul"), ({"mul": 1.5}, oc.InvalidType, "1.5 for mul"),
    ({"mul": True}, oc.InvalidValue, "True for mul"), ({"times": 1}, oc.InvalidValue, "no kind: times"),
    (3, oc.InvalidType, "mapping"), (None, oc.InvalidType, "mapping"), ([("mul", 1)], oc.InvalidType, "mapping"),
])  # fmt: skip
def test_what_a_rule_gives_is_checked_at_every_call(restored, result, error, message):
    oc.register_rule(np.fft.fft, lambda *args, **keywords: result)
    with oc.count() as tally, pytest.raises(error, match=f"the rule of np.fft.fft.*{message}"):
        np.fft.fft(oc.wrap(V))
    assert tally.counts == NOTHING
    oc.register_rule(np.fft.fft, None)


@pytest.mark.parametrize(("function", "rule", "error"), [
    ("sum", {"add": 1}, oc.InvalidType), (np.sum, {"add": 1}, oc.InvalidType), (np.sin, {"sine": 1}, oc.InvalidValue),
    (np.sin, {"sin": -1}, oc.InvalidValue), (np.sin, 3, oc.InvalidType), (np.sum, "add", oc.InvalidType),
])  # fmt: skip
def test_what_is_no_rule_is_not_registered(restored, function, rule, error):
    with pytest.raises(error, match="rule"):
        oc.register_rule(function, rule)


# --- for one block


def seven(*_, **__):
    return {"exp": 7}


def eight(*_, **__):
    return {"exp": 8}


SEVEN, EIGHT = oc.Counts({"exp": 7}), oc.Counts({"exp": 8})


def counts_of(function):
    return oc.measure(function, V).counts


def test_a_rule_holds_inside_a_block_and_not_after_it():
    with oc.rules({np.fft.fft: seven, np.sum: eight, np.tanh: {"exp": 1, "div": 1}}):
        assert counts_of(np.fft.fft) == SEVEN and counts_of(np.sum) == EIGHT
        assert counts_of(np.tanh) == {"exp": 3, "div": 3}
    with pytest.raises(oc.Uncounted):
        counts_of(np.fft.fft)
    assert counts_of(np.sum) == {"add": 2} and counts_of(np.tanh) == {"tanh": 3}


def test_an_inner_block_goes_before_an_outer_one_and_none_is_the_count_of_the_table():
    with oc.rules({np.sum: seven}):
        with oc.rules({np.sum: eight}):
            assert counts_of(np.sum) == EIGHT
            with oc.rules({np.sum: None, np.prod: seven}):
                assert counts_of(np.sum) == {"add": 2} and counts_of(np.prod) == SEVEN
            assert counts_of(np.sum) == EIGHT
        assert counts_of(np.sum) == SEVEN and counts_of(np.prod) == {"mul": 2}
    assert counts_of(np.sum) == {"add": 2}


def test_a_block_that_raises_leaves_nothing_behind():
    with pytest.raises(ZeroDivisionError), oc.rules({np.sum: seven}):
        1 / 0  # noqa: B018
    assert counts_of(np.sum) == {"add": 2}


@pytest.mark.parametrize("given", [{np.sum: seven, np.sin: {"sine": 1}}, {np.sum: 3}, {"sum": seven}, [np.sum], seven])
def test_what_is_no_rule_is_refused_before_any_is_in_force(given):
    with pytest.raises((oc.InvalidType, oc.InvalidValue), match="rule"):
        oc.rules(given)
    assert counts_of(np.sum) == {"add": 2}


def test_what_is_registered_holds_outside_of_the_block():
    try:
        with oc.rules({np.sum: seven}):
            oc.register_rule(np.sum, eight)
            assert counts_of(np.sum) == SEVEN
        assert counts_of(np.sum) == EIGHT
    finally:
        oc.register_rule(np.sum, None)
    assert counts_of(np.sum) == {"add": 2}


def test_blocks_of_several_threads_that_end_in_any_order_leave_nothing_behind():
    entered, leave = [threading.Event() for _ in range(2)], [threading.Event() for _ in range(2)]

    def block(index, rule):
        with oc.rules({np.sum: rule}):
            entered[index].set()
            leave[index].wait(10)

    threads = [threading.Thread(target=block, args=(index, rule)) for index, rule in enumerate((seven, eight))]
    for thread, event in zip(threads, entered, strict=True):
        thread.start()
        event.wait(10)
    assert counts_of(np.sum) == EIGHT  # in this thread too, as what is registered
    leave[0].set()
    threads[0].join()
    assert counts_of(np.sum) == EIGHT
    leave[1].set()
    threads[1].join()
    assert counts_of(np.sum) == {"add": 2}


METHODS = {
    "sum": (np.sum, lambda v: v.sum()), "cumsum": (np.cumsum, lambda v: v.cumsum()), "max": (np.max, lambda v: v.max()),
    "mean": (np.mean, lambda v: v.mean(axis=0)), "clip": (np.clip, lambda v: v.clip(0, 1)),
    "reshape": (np.reshape, lambda v: v.reshape(3, 1)), "transpose": (np.transpose, lambda v: v.transpose()),
    "swapaxes": (np.swapaxes, lambda v: v.swapaxes(0, 0)), "ravel": (np.ravel, lambda v: v.ravel()),
    "copy": (np.copy, lambda v: v.copy()), "dot": (np.dot, lambda v: v.dot(v)),
    "take": (np.take, lambda v: v.take([0])),
    "conj": (np.conjugate, lambda v: v.conj()), "sort": (np.sort, lambda v: v.sort()),
    "of a number": (np.sum, lambda v: v[0].sum()),
}  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_a_rule_holds_for_methods_too(name):
    function, program = METHODS[name]
    expected = program(V.copy())
    with oc.rules({function: seven}):
        value, counts = oc.measure(program, V.copy())
    assert counts == SEVEN
    np.testing.assert_array_equal(value, expected)
