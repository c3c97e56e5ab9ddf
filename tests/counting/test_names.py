"""A name that there is not: what is offered instead, wherever a name is given."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest

import opcount as oc
from opcount import testing
from opcount.counting.names import WORDS, Named, near


def f(x):
    return x * x


def in_a_count(of):
    with oc.count() as tally, oc.region("forward"):
        f(oc.wrap(3.0))
    return of(tally)


FOUND = oc.gradient(f, 3.0)
GRAPH = oc.trace(f, 3.0)
COUNTS = oc.Counts(mul=2, add=1)

ASKED = {
    "a method": (lambda: oc.gradient(f, 3.0, method="reverse"), "mean backprop.*are finite-difference, forward"),
    "a method by its long name": (lambda: oc.gradient(f, 3.0, "backpropagation"), "mean backprop"),
    "a method with a capital": (lambda: oc.gradient(f, 3.0, "Backprop"), "mean backprop"),
    "a method in the plural": (lambda: oc.gradient(f, 3.0, "forwards"), "mean forward"),
    "a method of a prediction": (lambda: GRAPH.predict("revers"), "mean backprop"),
    "a method in the table": (lambda: oc.METHODS["dual"], "mean forward"),
    "a kind": (lambda: oc.Counts(muls=3), r"mean mul\? The kinds are in oc.KINDS"),
    "a kind in another word": (lambda: oc.Counts({"multiply": 3, "plus": 1}), "mean mul for multiply, add for plus"),
    "a kind by []": (lambda: COUNTS["mult"], "mean mul"),
    "a group by []": (lambda: COUNTS["additive"], "mean add or sub.*groups are attributes"),
    "a kind as an attribute": (lambda: COUNTS.mull, "mean mul.*groups are multiplicative"),
    "a group as an attribute": (lambda: COUNTS.additiv, "mean additive"),
    "a group in a table": (lambda: COUNTS.groups()["multiplicatve"], "mean multiplicative"),
    "a weight": (lambda: COUNTS.weighted({"muls": 2}), "mean mul"),
    "a budget": (lambda: oc.count(budget={"muls": 10}), r"mean mul\?.*\"total\" is all"),
    "a budget of all": (lambda: oc.count(budget={"all": 10}), "mean total"),
    "a budget of an accumulation": (lambda: oc.gradient(f, 3.0, budget={"plus": 1}), "mean add"),
    "what is recorded": (lambda: oc.record({"muls": 3}), "mean mul"),
    "a rule": (lambda: oc.register_rule(np.spacing, {"ln": 3}), "mean log"),
    "a phase": (lambda: FOUND.phases["backward"], r"mean accumulation\? The phases are primal, partials"),
    "a phase of a Jacobian": (lambda: oc.jacobian(f, 3.0).phases["forward"], "mean primal"),
    "a region": (lambda: in_a_count(lambda tally: tally.regions["forwrd"]), "mean forward"),
    "a region where there are none": (lambda: oc.Tally().regions["forward"], r"made by `with oc.region\("),
    "an order": (lambda: oc.jacobian(f, 3.0, order="markovitz"), "mean markowitz"),
    "an order in the table": (lambda: oc.ORDERS["best"], "mean optimal or search"),
    "an order that is drawn": (lambda: GRAPH.draw_elimination("backward"), "mean reverse"),
    "a granularity": (lambda: oc.trace(f, 3.0, granularity="scalars"), "mean scalar"),
    "a drawing": (lambda: GRAPH.draw(show="path"), "mean paths"),
    "a mark's": (lambda: testing.claimed("max_ops", (), {"muls": 3}), "mean mul"),
    "a mark's group": (lambda: testing.claimed("max_ops", (), {"trancendental": 3}), "mean transcendental"),
    "a law that is asserted": (lambda: testing.assert_law(f, [1], exactly={"power": "n"}), "mean pow"),
}


@pytest.mark.parametrize("case", ASKED)
def test_a_name_that_there_is_not_is_answered_with_those_that_are_near(case):
    asks, answer = ASKED[case]
    expected = (oc.InvalidValue, AttributeError) if "attribute" in case else oc.InvalidValue
    with pytest.raises(expected, match=f"did you {answer}" if answer.startswith("mean") else answer) as caught:
        asks()
    assert len(str(caught.value)) < 450  # never the list of all kinds


KEYED = [
    (COUNTS, "mul"),
    (COUNTS.groups(), "additive"),
    (FOUND.phases, "primal"),
    (in_a_count(lambda tally: tally.regions), "forward"),
    (oc.METHODS, "naive"),
    (oc.ORDERS, "optimal"),
]


@pytest.mark.parametrize(("mapping", "key"), KEYED)
def test_a_missing_key_is_a_keyerror_and_reads_as_a_sentence(mapping, key):
    for wrong in ("mult", "", 3, None, (1, 2)):
        with pytest.raises(KeyError) as caught:
            mapping[wrong]
        assert str(caught.value)[0] not in "\"'" or str(caught.value).endswith("additive")
        assert isinstance(caught.value, oc.InvalidValue)
        assert wrong not in mapping and mapping.get(wrong, 7) == 7
    assert key in mapping and mapping.get(key) == mapping[key]


def test_a_mapping_with_names_is_a_dict_like_any_other():
    phases = FOUND.phases
    assert isinstance(phases, dict) and phases == dict(phases) and repr(phases) == repr(dict(phases))
    for copied in (copy.copy(phases), copy.deepcopy(phases), pickle.loads(pickle.dumps(phases))):
        assert copied == phases and type(copied) is Named
        with pytest.raises(KeyError, match="did you mean primal"):
            copied["primals"]
    assert json.loads(json.dumps(Named({"a": 1}, "letter"))) == {"a": 1}


NAMES = {*oc.METHODS, *oc.KINDS, *oc.GROUPS, *oc.ORDERS, *oc.PHASES, "array", "scalar", "total"}


def test_every_word_stands_for_names_that_there_are():
    assert {name for names in WORDS.values() for name in names} <= NAMES
    assert all(word.isalnum() and word == word.casefold() for word in WORDS)


@pytest.mark.parametrize("names", [oc.METHODS, oc.KINDS, oc.GROUPS, oc.ORDERS, oc.PHASES], ids=lambda names: len(names))
def test_a_slip_of_the_finger_finds_the_name(names):
    """Each name with one letter left out, doubled, or two of them changed over, and in capitals."""
    tried, missed = 0, set()
    for name in names:
        if len(name) < 4:
            continue
        slips = {name.upper(), name.replace("_", "-"), f"{name}s"}
        for place in range(len(name) - 1):
            slips |= {name[:place] + name[place + 1 :], name[: place + 1] + name[place:]}
            slips |= {name[:place] + name[place + 1] + name[place] + name[place + 2 :]}
        for slip in slips - set(names) - set(WORDS):
            tried += 1
            if name not in near(slip, names):
                missed.add((name, slip))
    assert tried > 10
    for name, slip in missed:  # a short one may become more like another, as may one that has a sibling
        siblings = [other for other in near(slip, names) if sum(map(str.__ne__, name, other)) == 1]
        assert len(name) < 6 or siblings, (name, slip)
    assert len(missed) <= tried // 20, missed


def test_what_is_like_nothing_is_offered_nothing():
    assert near("xyzzy", oc.KINDS) == [] == near("", oc.METHODS)
