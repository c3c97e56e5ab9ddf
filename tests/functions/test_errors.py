"""Wrong arguments raise NumPy's errors, and count nothing."""

from __future__ import annotations

import numpy as np
import pytest

import opcount as oc
from tests.support.calls.moving import A, V
from tests.support.calls.wrong import wrong_calls
from tests.support.ground_truth import NOTHING, outcome, replaced


@pytest.mark.parametrize("place", range(len(wrong_calls(A, V))))
def test_wrong_arguments_raise_what_numpy_raises_and_count_nothing(place):
    call = wrong_calls(A.copy(), V.copy())[place]
    expected, _ = outcome(call.func, call.args, call.keywords)
    assert isinstance(expected, Exception), expected
    args, keywords = replaced(
        (call.args, call.keywords), lambda leaf: oc.wrap(leaf) if isinstance(leaf, np.ndarray) else leaf
    )
    with oc.count() as tally:
        found, _ = outcome(call.func, args, keywords)
    assert type(found) is type(expected), f"{found!r}, not {expected!r}"
    assert tally.counts == NOTHING
