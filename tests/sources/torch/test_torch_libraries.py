"""What the study of the libraries has recorded of PyTorch is what PyTorch executes, at other sizes too."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed")

import opcount as oc
from analysis.peers.libraries import RESULTS, by_torch, examples_of_torch
from analysis.programs.twins import PROGRAMS, attention, convolutional, mlp
from analysis.studies.libraries.differences import BACKWARD, FORWARD
from analysis.studies.libraries.measure import beside_backprop

RECORD = json.loads(RESULTS.read_text(encoding="utf-8"))
OTHERS = {
    "a deeper MLP": mlp((2, 5, 4, 3, 1), 6),
    "a convolutional network of other sizes": convolutional(3, 5, (1, 2), 5),
    "attention of other sizes": attention(3, 5),
    "fused attention of other sizes": attention(7, 3, fused=True),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_pytorch_executes_what_is_recorded(name):
    found, record = by_torch(PROGRAMS[name]), RECORD["programs"][name]["PyTorch"]
    for part in ("forward", "backward", "operators", "reported"):
        assert found[part] == record[part], part
    assert found["gradient"] == pytest.approx(record["gradient"], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", OTHERS)
def test_the_reasons_hold_at_sizes_that_are_not_recorded(name):
    answer = by_torch(OTHERS[name])
    rows = beside_backprop(OTHERS[name], "PyTorch", {part: oc.Counts(answer[part]) for part in (FORWARD, BACKWARD)})
    assert [row for row in rows if row["difference"] != row["listed"]] == []


def test_the_examples_are_executed_as_recorded():
    recorded = [row for row in RECORD["examples"] if row["counter"] == "FlopCounterMode"]
    assert examples_of_torch() == recorded and len(recorded) == 3
