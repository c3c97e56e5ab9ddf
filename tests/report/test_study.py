"""Claims: functions below their sentences, judged in their order on what a study found."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from analysis.report.study import Claim, Claims


def claims():
    claim = Claims()

    @claim("The sum of {0.terms} terms is small.")
    def small(d):
        return np.array([d.total < 10]).all(), f"it is {d.total}"

    @claim("There is a term.")
    def some(d):
        return d.terms, "counted"

    return claim, small


@pytest.mark.parametrize(("total", "holds"), [(9, True), (10, False)])
def test_claims_are_judged_in_their_order_on_what_was_found(total, holds):
    claim, _ = claims()
    judged = claim.judged(SimpleNamespace(terms=3, total=total))
    assert judged == [
        Claim("The sum of 3 terms is small.", holds, f"it is {total}"),
        Claim("There is a term.", True, "counted"),
    ]
    assert {type(one.holds) for one in judged} == {bool}


def test_what_is_no_verdict_raises():
    claim, _ = claims()
    with pytest.raises(ValueError, match="truth value"):
        claim.judged(SimpleNamespace(terms=np.array([1, 2]), total=1))


def test_a_judge_stays_a_function():
    _, small = claims()
    assert small(SimpleNamespace(total=3)) == (True, "it is 3")


def test_the_claims_of_one_study_are_not_those_of_another():
    first, _ = claims()
    assert len(first.judged(SimpleNamespace(terms=1, total=1))) == 2
    assert Claims().judged(None) == []
