"""What moves data is free."""

from __future__ import annotations

import numpy as np
import pytest

import opcount as oc
from opcount.functions.rows import POSITIONS, function_named
from tests.support import rows
from tests.support.calls.moving import FREE_CALLS, A
from tests.support.ground_truth import NOTHING, as_objects, outcome
from tests.support.same import assert_same


@pytest.mark.parametrize("name", [name for name in FREE_CALLS if function_named(name) is not None])
def test_what_moves_data_counts_nothing_and_gives_what_numpy_gives(name):
    plain, x = A.copy(), oc.wrap(A)
    expected = FREE_CALLS[name](plain)
    with oc.count() as tally:
        result = FREE_CALLS[name](x)
    assert tally.counts == NOTHING
    if rows.BY_NAME[name].gives is POSITIONS or not isinstance(expected, (np.ndarray, tuple, list)):
        assert result == expected if not isinstance(expected, tuple) else all(map(np.array_equal, result, expected))
    else:
        assert_same(result, expected)
    assert_same(x, plain)
    with oc.count() as truth:
        outcome(FREE_CALLS[name], (as_objects(A),), {})
    assert truth.counts == NOTHING


def test_an_index_of_a_row_that_writes_is_written_for_every_view():
    x = oc.wrap(A)
    np.fill_diagonal(x[:, 1:], -1.0)
    np.copyto(x[0], 5.0, where=[True, False, False])
    assert oc.unwrap(x).tolist() == [[5.0, -1.0, 2.0], [3.0, 4.0, -1.0]]


def test_tiles_of_a_spec_have_as_many_dimensions_as_they_are_asked_for():
    for repetitions in (2, (2, 3), (2, 1, 3), (4, 2, 1, 3)):
        assert np.tile(oc.spec(A.shape), repetitions).shape == np.tile(A, repetitions).shape
