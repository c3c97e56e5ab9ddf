"""What has no exact count is refused."""

from __future__ import annotations

import numpy as np
import pytest

import opcount as oc
from opcount.functions.op_counts import name_of
from opcount.functions.rows import function_named
from tests.support import rows
from tests.support.calls.moving import V
from tests.support.ground_truth import NOTHING
from tests.support.same import assert_same


@pytest.mark.parametrize("name", [name for name in rows.REFUSED if function_named(name) is not None])
def test_a_refused_function_says_so_and_counts_nothing(name):
    function, x = function_named(name), oc.wrap(V)
    with oc.count() as tally, pytest.raises(oc.Uncounted) as caught:
        x.__array_function__(function, (oc.Array,), (x,), {})
    message = str(caught.value)
    assert message.startswith(f"{name_of(function)}: ") and rows.REFUSED[name] in message
    assert "oc.register_rule" in message and "oc.unwrap(x)" in message
    assert tally.counts == NOTHING


@pytest.mark.parametrize(("program", "door"), [
    (lambda v: np.sort(v.astype(complex)), "np.sort"), (lambda v: np.median(v.astype(complex)), "np.median"),
    (lambda v: np.quantile(v, 0.5, weights=v, method="inverted_cdf"), "np.quantile"), (np.fft.fft, "np.fft.fft"),
    (lambda v: np.unique(np.diag(v), axis=0), "np.unique"), (lambda v: np.histogram(v, "auto"), "np.histogram"),
    (lambda v: np.linalg.svd(np.diag(v)), "np.linalg.svd"),
    (lambda v: np.polyfit([0, 1, 2], v, 1), "np.polyfit"), (lambda v: np.histogram2d(v, v, 2), "np.histogram2d"),
    (np.roots, "np.roots"), (lambda v: np.pad(v, 1, "mean"), "np.pad"),
    (lambda v: np.interp(v, [0, 9], [0, 1], period=9), "np.interp"),
    (lambda v: np.linalg.norm(np.diag(v), 2), "np.linalg.svd"), (lambda v: np.poly(np.diag(v)), "np.poly"),
    (lambda v: np.mean(v, dtype=complex), "np.mean"), (lambda v: np.add.reduce(v, dtype=bool), "np.add.reduce"),
])  # fmt: skip
def test_what_is_recorded_has_numpys_value_and_counts_nothing(program, door):
    with oc.count() as tally, pytest.raises(oc.Uncounted):
        program(oc.wrap(V))
    assert tally.counts == NOTHING
    with oc.count(uncounted="record") as tally:
        result = program(oc.wrap(V))
    assert_same(result, program(V))
    assert door in [exit.door for exit in tally.uncounted]


def test_a_budget_is_kept_by_a_whole_call():
    x = oc.wrap(V)
    for program in (np.average, np.cov, lambda v: np.einsum("i,i", v, v), lambda v: np.interp(v, v, v)):
        with pytest.raises(oc.BudgetExceeded), oc.count(budget=2) as tally:
            program(x)
        assert tally.counts.total <= 2
