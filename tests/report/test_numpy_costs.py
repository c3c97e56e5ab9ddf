"""The costs of NumPy's calls: polynomials through counts, what the study prints, and the record of the peers."""

from __future__ import annotations

import inspect
import json
from functools import partial

import numpy as np
import pandas as pd
import pytest

import opcount as oc
from analysis.peers.counters import RESULTS, same
from analysis.programs import calls
from analysis.programs.calls import CALLS, ONE, VECTOR_SIZES, call
from analysis.report.study import Run
from analysis.studies.numpy_costs import claims
from analysis.studies.numpy_costs import measure as numpy_costs
from analysis.studies.numpy_costs.claims import CHOOSE_AN_ORDER, LAPACK, MOVE_DATA, START_FROM_ZERO
from analysis.studies.numpy_costs.measure import NONE, PEERS, WINDOWS, Point, measure
from tests.support.formulas import evaluated

RECORD = json.loads(RESULTS.read_text(encoding="utf-8"))


def read(operations):
    """The formulas of "mkn mul, (mkn − mn) add", by kind."""
    parts = [] if operations == "0" else operations.split(", ")
    return {kind: formula.strip("()") for formula, _, kind in (part.rpartition(" ") for part in parts)}


# --- the formulas of the study


def deviations(name, operations, formula, trials=6):
    """The sizes, drawn anew, at which printed formulas give other counts than those that are executed."""
    rng = np.random.default_rng(sum(map(ord, name)))
    dimensions = tuple(CALLS[name].sizes[0])
    found = []
    for _ in range(trials):
        sizes = dict(zip(dimensions, rng.integers(2, 12, len(dimensions)).tolist(), strict=True))
        long, short = WINDOWS.get(name, dimensions[:1] * 2)
        sizes[long], sizes[short] = max(sizes[long], sizes[short]), min(sizes[long], sizes[short])
        counts = numpy_costs.counted(CALLS[name], sizes)
        predicted = {kind: evaluated(part, sizes) for kind, part in read(operations).items()}
        if predicted != counts or evaluated(formula, sizes) != counts.total:
            found.append(sizes)
    return found


@pytest.mark.parametrize("name", CALLS)
def test_a_formula_predicts_sizes_that_the_study_never_saw(name):
    small, large = measure(Point(name, 10))
    assert (small["operations"], small["formula"]) == (large["operations"], large["formula"])
    if name in CHOOSE_AN_ORDER:
        assert large["operations"] == large["formula"] == NONE
    else:
        assert deviations(name, large["operations"], large["formula"]) == []


@pytest.mark.parametrize(
    ("operations", "formula"),
    [
        ("mkn mul, (mkn − mn) add", "2mkn − mn + 1"),
        ("mkn mul, (mkn − mn) add", "2mkn"),
        ("mkn mul, mkn add", "2mkn − mn"),
        ("mkn mul, (mkn − kn) add", "2mkn − mn"),
        ("mkn div, (mkn − mn) add", "2mkn − mn"),
        ("2mkn mul", "2mkn − mn"),
    ],
)
def test_a_formula_that_is_wrong_is_found(operations, formula):
    assert deviations("A @ B", "mkn mul, (mkn − mn) add", "2mkn − mn") == []
    assert deviations("A @ B", operations, formula)


def test_a_call_without_a_polynomial_is_told_from_one_that_has_it(monkeypatch):
    monkeypatch.setitem(CALLS, "np.sum(x)", call(ONE, VECTOR_SIZES, lambda xp, x: xp.sum(x[::2])))
    assert measure(Point("np.sum(x)", 10))[0]["formula"] == NONE
    monkeypatch.setattr(numpy_costs, "WINDOWS", {})
    assert measure(Point("np.correlate(x, y, 'valid')", 10))[0]["formula"] == NONE


def test_a_size_that_was_fitted_is_not_held_out():
    one = CALLS["A @ B"]
    for dimension in one.sizes[0]:
        sizes = numpy_costs.near(one, dimension)
        assert len(sizes) == numpy_costs.DEGREE + 1
        assert not {recorded[dimension] for recorded in one.sizes} & set(sizes)
    # every size of 2 to 24 would be drawn once or more, and four of them are fitted
    assert measure(Point("np.sum(x)", 2000))[0]["held out"] == len(numpy_costs.DRAWN_FROM) - 4


def test_a_claim_fails_where_a_call_executes_something_else(monkeypatch):
    def failing():
        study = claims.run(Run(True, lambda function, points: [function(point) for point in points]))
        return {claim.text.partition(",")[0] for claim in study.claims if not claim.holds}

    monkeypatch.setattr(numpy_costs, "element_by_element", lambda call, sizes: None)
    monkeypatch.setitem(CALLS, "np.sum(x)", call(ONE, VECTOR_SIZES, lambda xp, x: xp.sum(x[::2])))
    monkeypatch.setitem(CALLS, "np.copy(A.T)", CALLS["np.copy(A.T)"]._replace(numpy=lambda A: -A.T))
    assert failing() == {
        "A sum of n numbers is n − 1 additions",
        "Every call but those that choose an order by the sizes has an exact formula",
        "NumPy itself",
        "Moving data is free here",
        "Of most calls that execute arithmetic torch's counter says zero",  # and JAX now of the copy, too
    }


def test_the_names_that_the_study_singles_out_are_calls():
    singled_out = {*LAPACK, *WINDOWS, *CHOOSE_AN_ORDER, *START_FROM_ZERO}
    assert singled_out | {*MOVE_DATA} <= CALLS.keys()


# --- beside the others


def costs(**columns):
    """Two calls, two sizes each."""
    return pd.DataFrame({"call": ["f", "f", "g", "g"], "sizes": ["n=2", "n=4"] * 2, **columns}, dtype=object)


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        ([5, 9, 0, 0], {"agrees": 2, "of these on nothing": 1}),
        ([5, 8, 0, 0], {"agrees": 1, "of these on nothing": 1, "fewer": 1}),
        ([5, 0, 0, 0], {"agrees": 1, "of these on nothing": 1, "says zero": 1}),
        ([5, 10, 1, 1], {"more": 2}),
        ([None, None, 0, 0], {"calls": 1, "agrees": 1, "of these on nothing": 1}),
    ],
    ids=["both", "once", "zero", "more", "no such call"],
)
def test_agreement_counts_calls_that_are_the_same_at_both_sizes(reported, expected):
    table = costs(total=[5, 9, 0, 0], flops=[4, 8, 0, 0], flopscope=reported, torch=[0] * 4, JAX=[0] * 4)
    row = numpy_costs.agreement(table).set_index("peer").loc["flopscope"]
    names = ("agrees", "of these on nothing", "says zero", "fewer", "more")
    assert dict(row[["calls", *names]]) == {"calls": 2} | dict.fromkeys(names, 0) | expected


def test_a_peer_is_compared_by_its_own_convention():
    table = costs(total=[5, 9, 2, 4], flops=[4, 8, 0, 0], flopscope=[5, 9, 2, 4], torch=[4, 8, 0, 0], JAX=[4, 8, 0, 0])
    rows = numpy_costs.agreement(table).set_index("peer")
    assert rows.agrees.to_dict() == {"flopscope": 2, "torch": 2, "JAX": 0}
    assert rows["agrees by all operations"].to_dict() == {"flopscope": 2, "torch": 0, "JAX": 0}
    assert rows["agrees by counts.flops()"].to_dict() == {"flopscope": 0, "torch": 2, "JAX": 2}


def test_a_ratio_is_drawn_where_something_is_executed_and_reported():
    table = costs(total=[5, 9, 0, 0], flops=[4, 8, 0, 0], flopscope=[5, 3, 7, 7], torch=[0] * 4, JAX=[None] * 4)
    ratios = numpy_costs.against_executed(table)
    assert ratios[["call", "peer", "ratio"]].to_numpy().tolist() == [["f", "flopscope", 3 / 9], ["f", "torch", 0.0]]


# --- the table of calls, and the record


def arguments(name):
    one = CALLS[name]
    return dict(
        zip(inspect.signature(one.numpy).parameters, one.make(one.sizes[0], np.random.default_rng(1)), strict=True)
    )


@pytest.mark.parametrize("name", CALLS)
def test_the_name_of_a_call_is_the_call(name):
    given = arguments(name)
    helpers = {helper.__name__: partial(helper, np) for helper in (calls.softmax, calls.logsumexp)}
    same(eval(name, {"np": np} | helpers, given), CALLS[name].numpy(**given))


@pytest.mark.parametrize("name", CALLS)
def test_a_call_counts_the_same_by_its_name(name):
    """Softmax and logsumexp too, written out: what is measured is what the table says."""
    given = arguments(name)
    helpers = {helper.__name__: partial(helper, np) for helper in (calls.softmax, calls.logsumexp)}
    by_name = oc.measure(
        lambda *own: eval(name, {"np": np} | helpers, dict(zip(given, own, strict=True))), *given.values()
    )
    assert by_name.counts == numpy_costs.counted(CALLS[name], CALLS[name].sizes[0])


def test_the_record_has_every_call_at_both_of_its_sizes():
    assert RECORD["calls"].keys() == CALLS.keys()
    for name, rows in RECORD["calls"].items():
        assert [row["sizes"] for row in rows] == [dict(sizes) for sizes in CALLS[name].sizes], name
        assert len(rows) == 2, name


def test_the_record_has_a_number_from_every_peer_or_says_why_not():
    for name, rows in RECORD["calls"].items():
        for row in rows:
            numbers = [row[column] for peer in PEERS.values() for column in peer.columns]
            assert all(number is None or (type(number) is int and number >= 0) for number in numbers), name
            assert (None in numbers) == ("note" in row), name


def test_the_record_says_of_which_versions_it_is():
    assert RECORD["versions"].keys() >= {"flopscope", "torch", "jax"}
    assert all(RECORD["versions"][name] in numpy_costs.recorded() for name in ("flopscope", "torch", "jax"))
