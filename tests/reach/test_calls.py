"""The 250 calls of other libraries: what is recorded is what happens, and whoever judges them sees a fault."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from analysis.reach import run
from tests.support.versions import AS_RECORDED

CALLS = list(run.calls(run.CALLS.read_text(encoding="utf-8")))
RECORD = json.loads(run.RECORD.read_text(encoding="utf-8"))


def test_there_are_250_calls_in_the_proportions_of_what_people_call():
    amounts = Counter(call.of_library for call in CALLS)
    assert len(CALLS) == len({call.key for call in CALLS}) == 250
    assert (amounts["scipy"], amounts["standard library and builtins"], amounts["pandas"]) == (73, 85, 25)
    assert (amounts["scikit-learn"] + amounts["statsmodels"], amounts["textbook NumPy"]) == (17, 20)


def test_every_call_is_recorded_none_escapes_and_the_page_is_that_of_the_record():
    assert [call.key for call in CALLS] == list(RECORD)
    assert {each["class"] for each in RECORD.values()} <= {"exact", "constant", "refused"}
    assert run.PAGE.read_text(encoding="utf-8") == run.page(RECORD)


def test_150_are_exact_without_being_written_otherwise_and_every_refusal_names_a_way_out():
    kinds = Counter(map(run.kind_of, RECORD.values()))
    assert kinds["exact"] >= 150
    assert sum(kinds.values()) - kinds["refused"] >= 200
    assert all(re.search(r"\boc\.unwrap\(", each["said"]) for each in RECORD.values() if each["class"] == "refused")


RANKS = ("wrong", "escaped", "unhelpful", "refused", "constant", "exact")


@AS_RECORDED
@pytest.mark.parametrize("library", ["standard library and builtins", "pandas", "textbook NumPy"])
def test_what_was_recorded_happens_or_better(library):
    found = run.outcomes(array_api=False, libraries=[library])
    assert found
    for key, each in found.items():
        assert RANKS.index(each["class"]) >= RANKS.index(RECORD[key]["class"]), key
        if library == "textbook NumPy" and each["class"] == RECORD[key]["class"] == "exact":
            assert each["counts"] == RECORD[key]["counts"], key  # the others may change with their versions


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("x * 2", "exact"),
        ("oc.unwrap(x) * 2", "escaped"),
        ("x * 3", "wrong"),
        ("float(s)", "refused"),
        ("json.dumps(s)", "refused"),
        ("[][0]", "unhelpful"),
    ],
)
def test_a_call_that_escapes_or_is_wrong_is_seen(code, found):
    call = run.Call("", CALLS[0].setup, "planted", "x * 2", "exact", "")
    assert run.outcome(call, code, "as it is")["class"] == found


def test_a_call_that_is_meant_to_count_nothing_is_constant():
    call = run.Call("", CALLS[0].setup, "planted", "len(x)", "constant", "")
    assert run.outcome(call, "len(x)", "as it is")["class"] == "constant"
