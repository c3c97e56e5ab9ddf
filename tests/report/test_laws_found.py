"""The study of textbook algorithms: its judgements, big_O's answers, and claims that can fail."""

from __future__ import annotations

import functools
import math
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

import opcount as oc
from analysis.programs import textbooks
from analysis.programs.textbooks import CASES, EXACT, LEADING, Text
from analysis.report import writing
from analysis.report.study import Run
from analysis.studies import laws_found
from analysis.studies.laws_found import RECORD, agrees, measure, said
from tests.support.studied import studied, studied_and_measured

ROOT = Path(__file__).parents[2]


def test_every_statement_has_a_source_and_a_way_to_be_judged():
    texts = [text for case in CASES.values() for text in case.texts]
    assert all(re.search(r"\d|definition", text.source) for text in texts)
    assert {text.strength for text in texts} == set(laws_found.JUDGES) == set(laws_found.SAID)
    assert all(set(text.of) <= set(oc.KINDS) for text in texts)


@functools.cache
def measured():
    """What each algorithm gave, by its name."""
    (rows,) = studied_and_measured("laws_found")[1]
    return dict(zip(CASES, rows, strict=True))


def failing(monkeypatch, name, *texts):
    """The claims that fail when texts say something else of an algorithm."""
    monkeypatch.setitem(CASES, name, CASES[name]._replace(texts=list(texts)))
    found = measured() | {name: measure(name, 1)}
    kept = laws_found.run(Run(True, lambda f, points: [found[point] for point in points]))
    return [claim for claim in kept.claims if not claim.holds]


def test_the_claims_hold():
    assert [claim.text for claim in studied("laws_found").claims if not claim.holds] == []


def test_its_tables_can_be_written():
    for table in studied("laws_found").tables.values():
        assert "<td>" in writing.html_table(table) and writing.markdown_table(table)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("product of matrices", Text("2n³", lambda n: 2 * n**3, "wrong in a lower term")),
        ("LU without pivoting", Text("n³/3", lambda n: Fraction(n**3, 3), "of a symmetric matrix", (), LEADING)),
        ("Fibonacci numbers, naive", Text("F(n)", textbooks.fibonacci_number, "off by one index")),
        ("naive recursion, in depth", textbooks.order("Θ(2ⁿ)", "of width two")),
        ("forward mode, in width", textbooks.each_input("O(n²)", lambda n: n**2)),
        ("bubble sort, random order", Text("n²/2", lambda n: Fraction(n * n, 2), "no exact law", (), EXACT)),
        ("Laplace's determinant", Text("n!", math.factorial, "one too few", ("mul",), textbooks.NONE)),
    ],
    ids=lambda value: value if isinstance(value, str) else value.says,
)
def test_a_wrong_formula_makes_its_claim_fail_and_is_named(monkeypatch, name, text):
    (failed,) = failing(monkeypatch, name, text)
    assert failed.text == laws_found.SAID[text.strength]
    assert f"; {name}: {text.says}, not " in failed.evidence


def test_a_run_that_breaks_its_law_makes_a_claim_fail():
    rows = measured()
    wrong = rows["prefix sums"]
    counts = [row | {"counted": row["counted"] + 1} if row["used"] == "no" else row for row in wrong["counts"]]
    study = laws_found.run(
        Run(True, lambda f, points: [{**rows, "prefix sums": wrong | {"counts": counts}}[p] for p in points])
    )
    assert [claim.text[:8] for claim in study.claims if not claim.holds] == ["Executed"]


@pytest.mark.parametrize(
    ("law", "answer", "same"),
    [
        ("n²", ("Quadratic", ""), "yes"),
        ("n²", ("Polynomial", "Polynomial: time = 2.1E-07 * x^2.05 (sec)"), "by its power"),
        ("n²", ("Polynomial", "Polynomial: time = 2.1E-07 * x^1.7 (sec)"), "no"),
        ("n²", ("Linear", ""), "no"),
        ("n⁴", ("Polynomial", "Polynomial: time = 2.1E-07 * x^4.01 (sec)"), "yes"),
        ("2ⁿ", ("Exponential", ""), "yes"),
        ("2ⁿ", ("Polynomial", "Polynomial: time = 2.1E-17 * x^9 (sec)"), "no"),
        ("n log2 n", ("Linearithmic", ""), "yes"),
        ("n log2 n", ("Polynomial", "Polynomial: time = 2.1E-07 * x^1.05 (sec)"), "no"),
    ],
)
def test_an_answer_agrees_by_name_or_by_a_power_that_is_near(law, answer, same):
    values = {"n²": lambda n: n**2, "n⁴": lambda n: n**4, "2ⁿ": lambda n: 2**n}
    counts = {n: values[law](n) for n in range(1, 10)} if law in values else {2**k: k * 2**k for k in range(9)}
    found = oc.law_of(counts)
    assert found.formula == law
    assert agrees(found, dict(zip(("class", "fit"), answer, strict=True))) == same


def test_what_big_o_said_is_recorded_for_what_computes_something():
    assert RECORD["answers"].keys() == {name for name, case in CASES.items() if case.plain}
    assert said(None) == "" and said({"class": "Linear", "fit": ""}) == "Linear"
    assert said({"class": "Polynomial", "fit": "Polynomial: time = 2.1E-07 * x^2.8 (sec)"}) == "Polynomial, n^2.8"


def test_the_study_does_not_need_big_o():
    code = "import sys; sys.modules['big_o'] = None; import analysis.studies.laws_found"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


# --- what the study says against the laws


def test_a_law_that_holds_from_some_size_on_is_found_from_there():
    case = CASES["forward mode, in depth"]
    assert not oc.law(case.run, range(1, 10)).exact
    assert oc.law(case.run, range(2, 10)).exact
