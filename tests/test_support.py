"""The helpers of the tests, where a mistake of theirs would hide one of the library."""

from __future__ import annotations

import inspect

import pytest

from tests.support.all_cases import all_cases


@all_cases("one", [1, 2, 3])
@all_cases("other, third", [(10, 0), (20, 0)])
def small(one, other, third, fixture):
    if one == 2:
        pytest.skip("not here")
    assert one * other + third + fixture < 50


def test_all_cases_run_and_each_that_fails_is_named():
    assert [*inspect.signature(small).parameters] == ["fixture"]
    with pytest.raises(ExceptionGroup, match="2 of 3 cases fail") as raised:
        small(fixture=0)
    skipped, failed = raised.value.exceptions
    assert [str(error) for error in skipped.exceptions] == ["Skipped: not here"] * 2
    assert [(error.__notes__, type(error)) for error in failed.exceptions] == [
        (["with other, third = (20, 0)"], AssertionError)
    ]
    assert failed.__notes__ == ["with one = 3"]


def test_cases_that_all_pass_pass():
    seen = []

    @all_cases("case", iter("ab"))
    def passing(case):
        seen.append(case)

    passing()
    passing()
    assert seen == ["a", "b"] * 2
