"""Logic on truth values is free, arithmetic on them counts."""

from __future__ import annotations

import numpy as np
import pytest

import opcount as oc
from tests.support.ground_truth import NOTHING

MASK = np.array([True, False, True, True])
OTHER = np.array([True, True, False, True])
X = np.array([1.5, -2.0, 0.0, 3.0])


@pytest.mark.parametrize(("program", "counts"), [
    (lambda m, o, x: m & o, {}), (lambda m, o, x: m | ~o ^ m, {}), (lambda m, o, x: np.logical_and(m, o), {}),
    (lambda m, o, x: m == o, {}), (lambda m, o, x: m < o, {}), (lambda m, o, x: m * o, {}),
    (lambda m, o, x: m + o, {}), (lambda m, o, x: np.all(m), {}), (lambda m, o, x: np.any(m), {}),
    (lambda m, o, x: np.max(m), {}), (lambda m, o, x: np.logical_or.reduce(m), {}),
    (lambda m, o, x: np.maximum(m, o), {}), (lambda m, o, x: m @ o, {}), (lambda m, o, x: np.dot(m, o), {}),
    (lambda m, o, x: np.outer(m, o), {}), (lambda m, o, x: np.argmax(m), {}), (lambda m, o, x: np.nonzero(m), {}),
    (lambda m, o, x: np.where(m, x, 0), {}), (lambda m, o, x: x[m], {}), (lambda m, o, x: np.compress(m, x), {}),
    (lambda m, o, x: np.diff(m), {}), (lambda m, o, x: np.count_nonzero(m), {"add": 3}),
    (lambda m, o, x: m.sum(), {"add": 3}), (lambda m, o, x: m.mean(), {"add": 3, "div": 1}),
    (lambda m, o, x: np.cumsum(m), {"add": 3}), (lambda m, o, x: np.prod(m), {"mul": 3}),
    (lambda m, o, x: m * x, {"mul": 4}), (lambda m, o, x: m + 1, {"add": 4}), (lambda m, o, x: m * 2.0, {"mul": 4}),
    (lambda m, o, x: np.dot(m, x), {"mul": 4, "add": 3}), (lambda m, o, x: (x > 0).sum(), {"gt": 4, "add": 3}),
    (lambda m, o, x: np.trace(np.outer(m, o)), {"add": 3}), (lambda m, o, x: np.add(m, o, dtype=int), {"add": 4}),
    (lambda m, o, x: np.logical_and(x, m), {"logical_and": 4}),
    (lambda m, o, x: np.logical_not(x), {"logical_not": 4}), (lambda m, o, x: x.astype(bool), {"ne": 4}),
    (lambda m, o, x: np.astype(x, bool), {"ne": 4}), (lambda m, o, x: np.astype(m, float), {}),
    (lambda m, o, x: np.count_nonzero(x), {"ne": 4, "add": 3}),
    (lambda m, o, x: np.isclose(x, x) & m, {"sub": 4, "abs": 8, "mul": 4, "add": 4, "le": 4, "isfinite": 4, "eq": 4}),
    (lambda m, o, x: np.all(x > 0) and np.any(x == 0), {"gt": 4}),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore::opcount.NothingCounted")
def test_logic_on_truth_values_is_free_and_arithmetic_on_them_counts(program, counts):
    value, found = oc.measure(program, MASK, OTHER, X)
    np.testing.assert_array_equal(value, program(MASK, OTHER, X))
    assert found == counts


def test_the_truth_of_numbers_on_the_way_of_another_operation_is_refused():
    for program in (lambda x: np.add.reduce(x, dtype=bool), lambda x: np.multiply(x, x, dtype=bool, casting="unsafe")):
        with oc.count() as tally, pytest.raises(oc.Uncounted, match="truth"):
            program(oc.wrap(X))
        with pytest.raises(oc.Uncounted):
            program(oc.wrap(X.astype(object)))
        assert tally.counts == NOTHING
