"""Rules of users: registered, checked at every call, and forgotten again."""

from __future__ import annotations

import numpy as np
import pytest

import opcount as oc
from opcount.functions.ufuncs import UFUNCS
from opcount.functions.user_rules import user_rules
from tests.support.calls.moving import A, V
from tests.support.ground_truth import NOTHING


@pytest.fixture
def restored():
    before = dict(user_rules), {ufunc: dict(kinds) for ufunc, kinds in UFUNCS.items()}
    yield
    assert before == (user_rules, UFUNCS), "a test left a rule behind"


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
