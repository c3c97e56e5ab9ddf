"""The results of an interrupted run, whatever the interruption left of the file."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from analysis.report.finished import Finished


@pytest.fixture
def out(tmp_path):
    return tmp_path / "place" / "reports"


def test_what_another_version_or_a_cut_file_left_is_not_taken_for_finished(out):
    finished = Finished(out, True)
    finished.keep(b"one", 1)
    finished.keep(b"two", 2)
    assert Finished(out, True).results == {b"one": 1, b"two": 2}
    assert Finished(out, False).results == {}
    finished.path.write_bytes(finished.path.read_bytes()[:-3])
    assert Finished(out, True).results == {b"one": 1}
    finished.forget()
    assert Finished(out, True).results == {}


KEPT = {b"none": None, b"number": 1.5, b"many": list(range(300)), b"last": ("x", 10**30)}
MORE = {b"more": "y" * 70, b"still more": {"z": [1, 2]}}


def kept_in_turn(out):
    """The bytes of a file that was written result by result, and its size after each."""
    finished, sizes = Finished(out, True), []
    for key, result in KEPT.items():
        finished.keep(key, result)
        sizes.append(finished.path.stat().st_size)
    return finished.path, finished.path.read_bytes(), sizes


def check_that_it_goes_on(path, found, out, expected):
    """Where these bytes are found, the results in `expected` are known, and those kept from then on stay known."""
    path.write_bytes(found)
    for more in ({}, MORE):
        resumed = Finished(out, True)
        assert resumed.results == expected
        for key, result in more.items():
            resumed.keep(key, result)
        expected = expected | more
    assert Finished(out, True).results == expected


def test_a_run_goes_on_wherever_the_one_before_was_killed_while_it_wrote(out, monkeypatch):
    monkeypatch.setattr("analysis.report.finished._digest", lambda quick: "0")  # the code is the same all the time
    path, whole, sizes = kept_in_turn(out)
    for cut in range(len(whole) + 1):
        expected = dict(list(KEPT.items())[: sum(size <= cut for size in sizes)])
        check_that_it_goes_on(path, whole[:cut], out, expected)


@pytest.mark.parametrize("seed", range(20))
def test_a_run_goes_on_behind_whatever_bytes_stand_at_the_end(seed, out, monkeypatch):
    monkeypatch.setattr("analysis.report.finished._digest", lambda quick: "0")
    path, whole, sizes = kept_in_turn(out)
    garbage = np.random.default_rng(seed).bytes(1 + seed**2)
    for cut in (0, *sizes):
        expected = dict(list(KEPT.items())[: sum(size <= cut for size in sizes)])
        begun = whole[cut : cut + 1 + seed]
        for end in (garbage, bytes(len(garbage)), begun + garbage, pickle.dumps("ab"), pickle.dumps(seed) + garbage):
            check_that_it_goes_on(path, whole[:cut] + end, out, expected)
