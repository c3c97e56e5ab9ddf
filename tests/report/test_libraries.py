"""The study of the libraries: the record is what is executed, the reasons hold at other sizes, faults are seen."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jax
import pytest

import opcount as oc
from analysis.peers.libraries import LIBRARIES, PACKAGES, RESULTS, as_text, by_autograd, executed_by_jax, flat
from analysis.programs.twins import NUMPY, PROGRAMS, attention, convolutional, mlp
from analysis.studies.libraries import measure
from analysis.studies.libraries.differences import ALL, BACKWARD, FORWARD, REASONS, changes
from analysis.studies.libraries.measure import COUNTERS, Point, beside_backprop, compared, recorded
from tests.support.studied import changed, each_fault, failing, more_than

ROOT = Path(__file__).parents[2]
RECORD = json.loads(RESULTS.read_text(encoding="utf-8"))
OTHERS = {
    "a deeper MLP": mlp((2, 5, 4, 3, 1), 6),
    "a convolutional network of other sizes": convolutional(3, 5, (1, 2), 5),
    "attention of other sizes": attention(3, 5),
    "fused attention of other sizes": attention(7, 3, fused=True),
}


def unexplained(program, library, answer):
    theirs = {part: oc.Counts(answer[part]) for part in (FORWARD, BACKWARD)}
    rows = beside_backprop(program, library, theirs)
    return [row for row in rows if row["difference"] != row["listed"]]


@pytest.mark.parametrize("name", PROGRAMS)
def test_autograd_executes_what_is_recorded(name):
    found, record = by_autograd(PROGRAMS[name]), RECORD["programs"][name]["autograd"]
    assert (found["forward"], found["backward"]) == (record["forward"], record["backward"])
    assert found["gradient"] == pytest.approx(record["gradient"], rel=1e-9, abs=1e-12)


# the record is of JAX 0.10; what it executes for a tanh and a softmax is another since 0.12
OF_THE_RECORD = pytest.mark.skipif(jax.__version_info__ >= (0, 12), reason="the record is of JAX 0.10")


@OF_THE_RECORD
@pytest.mark.parametrize("name", ["the question's network", "an attention block"])
def test_jax_executes_what_is_recorded(name):
    found, record = executed_by_jax(PROGRAMS[name]), RECORD["programs"][name]["JAX"]
    for part in ("forward", "backward", "phases", "operators"):
        assert found[part] == record[part]
    assert found["gradient"] == pytest.approx(record["gradient"], rel=1e-4, abs=1e-5)  # of float32


@pytest.mark.slow
@OF_THE_RECORD
@pytest.mark.parametrize("name", ["an MLP", "a convolutional network"])
def test_jax_executes_what_is_recorded_of_the_longer_programs(name):
    test_jax_executes_what_is_recorded(name)


@pytest.mark.parametrize("name", OTHERS)
def test_the_reasons_hold_at_sizes_that_are_not_recorded(name):
    assert unexplained(OTHERS[name], "autograd", by_autograd(OTHERS[name])) == []


@pytest.mark.slow
@OF_THE_RECORD
@pytest.mark.parametrize("name", OTHERS)
def test_the_reasons_hold_in_jax_at_sizes_that_are_not_recorded(name):
    assert unexplained(OTHERS[name], "JAX", executed_by_jax(OTHERS[name])) == []


def test_a_program_is_differentiated_to_what_a_difference_quotient_says():
    for name, program in {**PROGRAMS, **OTHERS}.items():
        loss = program.loss(NUMPY)
        exact, quotients = (oc.gradient(loss, program.parameters, by) for by in ("backprop", "finite-difference"))
        assert flat(exact.gradient) == pytest.approx(flat(quotients.gradient), rel=1e-5, abs=1e-6), name


def test_every_reason_changes_what_its_libraries_count_of_a_program():
    for reason in REASONS:
        assert any(changes(reason, program.sizes) for program in PROGRAMS.values()), reason.what
        assert {*reason.libraries} <= {*ALL} and reason.part in (FORWARD, BACKWARD)


def test_a_reason_that_is_missing_or_wrong_is_noticed(monkeypatch):
    """Each one on its own: no two cancel."""
    points = [Point(name, library) for name in PROGRAMS for library in ALL]

    def wrong():
        return [row for point in points for row in compared(point) if row["difference"] != row["listed"]]

    assert wrong() == []
    for index, reason in enumerate(REASONS):
        monkeypatch.setattr(measure, "REASONS", REASONS[:index] + REASONS[index + 1 :])
        assert {row["library"] for row in wrong()} == {*reason.libraries}, reason.what


def test_the_record_has_every_library_and_says_of_which_versions_it_is():
    assert RECORD["programs"].keys() == PROGRAMS.keys()
    for name, answers in RECORD["programs"].items():
        assert answers.keys() == LIBRARIES.keys() == {*ALL}
        for library, answer in answers.items():
            assert len(answer["gradient"]) == len(flat(PROGRAMS[name].parameters)), (name, library)
            if library in COUNTERS:
                by_operator = sum((oc.Counts(counts) for *_, counts in answer["operators"]), oc.Counts())
                assert by_operator == oc.Counts(answer["forward"]) + oc.Counts(answer["backward"])
    assert RECORD["versions"].keys() == {*PACKAGES}
    assert all(f"{name} {version}" in recorded() for name, version in RECORD["versions"].items())
    assert RESULTS.read_text(encoding="utf-8") == as_text(RECORD) + "\n"


def test_the_record_is_read_without_the_libraries():
    code = """
import sys
for name in ("jax", "torch", "autograd"):
    sys.modules[name] = None
from analysis.studies.libraries import measure, claims
print(measure.counted(measure.Point("an MLP", "PyTorch"))["total"], measure.example(3)["executed"])
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["7505", "10"]


MLP, CNN, BLOCK, FUSED = "an MLP", "a convolutional network", "an attention block", "a fused attention block"


def more(counts):
    return {**counts, BACKWARD: counts[BACKWARD] + oc.Counts(mul=1)}


FAULTS = [
    ("libraries", changed(0, "off", lambda _: 1e-9, program=MLP, by="PyTorch"), "Every library"),
    ("libraries", changed(0, "off", lambda _: 1e-3, program=CNN, by="finite-difference"), "Every library"),
    ("libraries", changed(0, "counts", more, program=BLOCK, by="memoized"), "The memoized recursion"),
    (
        "libraries",
        changed(1, "difference", program=MLP, library="JAX", part=BACKWARD, kind="mul"),
        "JAX's and PyTorch's",
    ),
    (
        "libraries",
        changed(1, "listed", program=BLOCK, library="PyTorch", part=BACKWARD, kind="sub"),
        "JAX's and PyTorch's",
    ),
    (
        "libraries",
        changed(1, "difference", program=CNN, library="autograd", part=BACKWARD, kind="neg"),
        "So is autograd's",
    ),
    ("libraries", changed(1, "difference", program=CNN, library="JAX", part=FORWARD, kind="maximum"), "To evaluate"),
    ("libraries", changed(3, "mul in products", program=BLOCK, library="JAX"), "But for that"),
    (
        "libraries",
        changed(0, "mul and div backward", more_than(2), program=BLOCK, by="autograd"),
        "Nobody is near naive",
    ),
    ("libraries", changed(0, "backward", lambda _: 1591, program=FUSED, by="PyTorch"), "PyTorch's fused attention"),
    ("libraries", lambda found: [row.update(sort="") for row in found[2][4]], "PyTorch's fused attention"),
    ("libraries", changed(0, "off", lambda _: 1e-9, program=FUSED, by="PyTorch"), "Every library"),
    ("libraries", changed(3, "reported", program=MLP, library="PyTorch"), "PyTorch's FlopCounterMode"),
    ("libraries", changed(4, "reported", lambda _: 10, executed=10), "No report of XLA"),
]


@each_fault(FAULTS)
def test_a_planted_fault_makes_its_claim_fail(slug, fault, text):
    assert [claim for claim in failing(slug, fault) if claim.startswith(text)]
