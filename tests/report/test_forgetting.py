"""The study of forgetting: its network is one, its formulas are the published ones, and planted faults are seen."""

from __future__ import annotations

from math import comb

import pytest

import opcount as oc
from analysis.programs.networks import recurrent
from analysis.studies.forgetting import PUBLISHED
from tests.support.studied import changed, each_fault, failing, more_than, studied


@pytest.mark.parametrize(("steps", "snapshots"), PUBLISHED)
def test_what_is_published_is_the_formula_of_griewank_and_walther(steps, snapshots):
    repeats = next(r for r in range(steps) if comb(snapshots + r, snapshots) >= steps)
    published = repeats * steps - comb(snapshots + repeats, repeats - 1)
    assert PUBLISHED[steps, snapshots] == published


def test_a_network_in_steps_is_the_network():
    marked, parameters = recurrent(5, 3, oc.checkpoint)
    plain, same = recurrent(5, 3)
    assert parameters == same
    assert oc.gradient(marked, parameters) == oc.gradient(plain, parameters)
    assert oc.gradient(marked, parameters, "checkpointed").steps == 5
    assert oc.measure(plain, parameters).counts.tanh == 5 * 3


def test_every_method_is_in_the_picture():
    assert set(studied("forgetting").tables["dial"].frame.method) == set(oc.METHODS)


MEMO, SNAPSHOTS = {"method": "memoized"}, {"method": "checkpointed"}
FAULTS = [
    ("forgetting", changed(0, "steps evaluated", steps=56, snapshots=3), "Chains of steps evaluate"),
    ("forgetting", changed(0, "most snapshots", steps=100, snapshots=5), "Chains of steps evaluate"),
    ("forgetting", changed(1, "same bits", lambda _: False, size="2", **SNAPSHOTS), "Whatever is forgotten"),
    ("forgetting", changed(1, "same bits", lambda _: False, size="4", **MEMO), "Whatever is forgotten"),
    ("forgetting", changed(1, "partials and accumulation", size="3", **SNAPSHOTS), "Whatever is forgotten"),
    ("forgetting", changed(1, "operations", lambda value: value - 99, size="2", **SNAPSHOTS), "A snapshot more"),
    ("forgetting", changed(1, "steps evaluated", size="5", **SNAPSHOTS), "A snapshot more"),
    ("forgetting", changed(1, "kept", size="4", **SNAPSHOTS), "One step's graph"),
    ("forgetting", changed(2, "nodes", steps=256), "One step's graph"),
    ("forgetting", changed(1, "operations", size="0", **MEMO), "A memo of size 0"),
    ("forgetting", changed(1, "operations", more_than(2), size="8", **MEMO), "A memo of size 0"),
    ("forgetting", changed(1, "operations", size="", **MEMO), "A memo of size 0"),
    ("forgetting", changed(1, "kept", lambda _: 1, size="1", **MEMO), "Forgetting by recency"),
    ("forgetting", changed(2, "steps evaluated", more_than(9), steps=256), "Balanced"),
    ("forgetting", changed(2, "snapshots", more_than(9), steps=256), "Balanced"),
]


@each_fault(FAULTS)
def test_a_planted_fault_makes_its_claim_fail(slug, fault, text):
    assert [claim for claim in failing(slug, fault) if claim.startswith(text)]
