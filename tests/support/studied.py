"""The studies in their quick version, each measured once in a run of the tests, whatever its processes."""

from __future__ import annotations

import atexit
import copy
import functools
import os
import pickle
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from analysis.report.study import Run
from analysis.studies import STUDIES

# pytest-xdist gives all its workers the same name for the run
RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID")
SHARED = Path(tempfile.gettempdir()) / f"opcount-tests-{RUN}" if RUN else None
PATIENCE = 120  # seconds, for another worker's measurements
if SHARED:
    atexit.register(shutil.rmtree, SHARED, ignore_errors=True)


@functools.cache
def studied_and_measured(slug):
    """A study, and what it got from each of its calls of map."""
    known = SHARED and by_another(SHARED / slug)
    if known:
        answers = iter(copy.deepcopy(known))
        return STUDIES[slug](Run(True, lambda function, points: next(answers))), known
    found = []

    def spread(function, points):
        found.append([function(point) for point in points])
        return copy.deepcopy(found[-1])

    study = STUDIES[slug](Run(True, spread))
    if SHARED:
        written = SHARED / f"{slug}.{os.getpid()}"
        written.write_bytes(pickle.dumps(found))
        written.rename(SHARED / f"{slug}.pickle")
    return study, found


def by_another(place):
    """What another process has measured, or is about to; None for the first to ask."""
    place.parent.mkdir(exist_ok=True)
    try:
        place.mkdir()
    except FileExistsError:
        done = place.with_suffix(".pickle")
        start = time.monotonic()
        while not done.exists() and time.monotonic() - start < PATIENCE:
            time.sleep(0.05)
        return pickle.loads(done.read_bytes()) if done.exists() else None
    return None


def studied(slug):
    return studied_and_measured(slug)[0]


def failing(slug, fault):
    """The claims that fail when the fault has been planted in what the study measured."""
    found = copy.deepcopy(studied_and_measured(slug)[1])
    fault(found)
    answers = iter(found)
    study = STUDIES[slug](Run(True, lambda function, points: next(answers)))
    return [claim.text for claim in study.claims if not claim.holds]


each_study = pytest.mark.parametrize("slug", STUDIES)


def each_fault(faults):
    """Faults as a study, what is done to what it measured, and how the claim begins that fails then."""
    names = [f"{slug}: {text}" for slug, _, text in faults]
    return pytest.mark.parametrize(("slug", "fault", "text"), faults, ids=names)


def changed(call, column, change=lambda value: value + 1, **where):
    """A fault: a number changed in the one row, of those that a call of map gave, with these values."""

    def plant(found):
        rows = [row for rows in found[call] for row in (rows if isinstance(rows, list) else [rows])]
        (row,) = [row for row in rows if all(row[key] == where[key] for key in where)]
        row[column] = change(row[column])

    return plant


def more_than(factor):
    return lambda value: factor * value
