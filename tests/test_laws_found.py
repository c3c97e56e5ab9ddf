"""The laws of algorithms from counts."""

from __future__ import annotations

import opcount as oc
from analysis.networks import total


def test_counts_that_a_function_returns_are_its_counts_whatever_it_runs_on_the_way():
    def predicted(n):
        return oc.trace(lambda x: total([v * v for v in x]), [1.0] * n).predict("backprop")

    assert str(oc.law(predicted, range(2, 8))) == "n"
