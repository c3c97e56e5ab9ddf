"""What takes time linear in its size: the calls of functions, Python's and C's, at one size and at four times that.

Calls are counted, and not timed, so that the tests are exact. What happens inside one call of NumPy's is not
seen here; `test_structural` counts the elements that a sum of parts copies.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import opcount as oc


def calls_in(run: Callable[[], object]) -> int:
    number = 0

    def seen(frame: Any, event: str, argument: Any) -> None:
        nonlocal number
        number += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        run()
    finally:
        sys.setprofile(before)
    return number


def growth(prepare: Callable[[int], Callable[[], object]], size: int = 30) -> float:
    """How many times as many calls there are at four times the size."""
    prepare(size)()  # what is done only once is done
    return calls_in(prepare(4 * size)) / calls_in(prepare(size))


def points(n: int) -> np.ndarray:
    return np.linspace(0.5, 1.5, n)


def elements(v: Any) -> list[Any]:
    return [2.0 * v[i] for i in range(len(v))]


def scan(v: Any) -> Any:
    state = 1.0
    for element in v:
        state = np.tanh(state * element)
    return state


def with_data(v: Any) -> Any:
    whole = np.concatenate([[1.0], v, [2.0]])
    return sum(whole[i] ** 2 for i in range(len(whole)))


PROGRAMS: dict[str, Callable[[Any], Any]] = {
    "elements": lambda v: sum(v[i] ** 2 for i in range(len(v))),
    "windows": lambda v: sum(np.sum(v[i : i + 3] ** 2) for i in range(len(v) - 2)),
    "rows": lambda v: sum(row[0] * row[1] for row in v.reshape(-1, 2)),
    "scan": scan,
    "with data": with_data,
    "stack": lambda v: np.sum(np.stack(elements(v)) ** 2),
    "concatenate": lambda v: np.sum(np.concatenate([v[i : i + 1] * 2.0 for i in range(len(v))]) ** 2),
    "hstack": lambda v: np.sum(np.hstack(elements(v)) ** 2),
    "vstack": lambda v: np.sum(np.vstack([2.0 * v[i : i + 2] for i in range(len(v) - 1)]) ** 2),
    "column_stack": lambda v: np.sum(np.column_stack([2.0 * v[i : i + 2] for i in range(len(v) - 1)]) ** 2),
    "dstack": lambda v: np.sum(np.dstack([2.0 * v[i : i + 2] for i in range(len(v) - 1)]) ** 2),
    "split": lambda v: sum(part[0] ** 2 for part in np.split(v, len(v))),
    "hsplit": lambda v: sum(part[0] ** 2 for part in np.hsplit(v, len(v))),
    "atleast_1d": lambda v: sum(part[0] ** 2 for part in np.atleast_1d(*elements(v))),
    "broadcast_arrays": lambda v: sum(part**2 for part in np.broadcast_arrays(*elements(v))),
    "array": lambda v: v @ np.array(elements(v)),
    "array with data": lambda v: np.sum(np.stack([np.array([1.0, *elements(v)])])),
    "cumprod": lambda v: np.sum(np.cumprod(v)),
    "prod": lambda v: np.prod(v),
}


@pytest.mark.parametrize("method", ["backprop", "memoized"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_gradients_take_linear_time(name, method):
    assert growth(lambda n: lambda: oc.gradient(PROGRAMS[name], points(n), method)) < 4.5


@pytest.mark.parametrize("name", PROGRAMS)
def test_whole_arrays_and_single_numbers_have_the_same_gradient_and_count(name):
    whole, single = (oc.gradient(PROGRAMS[name], points(20), granularity=g) for g in ("array", "scalar"))
    assert whole.phases["accumulation"] == single.phases["accumulation"]
    np.testing.assert_array_equal(whole.gradient, single.gradient)


@pytest.mark.parametrize("method", ["backprop", "naive", "memoized-tangent"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_predictions_take_linear_time(name, method):
    def prepare(n: int) -> Callable[[], object]:
        graph = oc.trace(PROGRAMS[name], points(n))
        return lambda: (graph.predict(method), graph.paths())

    assert growth(prepare) < 4.5


def test_a_chain_of_diamonds_takes_linear_time():
    def doublings(x: Any, n: int) -> Any:
        for _ in range(n):
            x = x + x
        return x

    def prepare(n: int) -> Callable[[], object]:
        graph = oc.trace(lambda x: doublings(x, n), 1.0)
        return lambda: (graph.predict("naive"), graph.paths())

    assert growth(prepare) < 4.5
    assert oc.trace(lambda x: doublings(x, 10_000), 1.0).paths() == [2**10_000]


@pytest.mark.parametrize("order", ["markowitz", "forward", "reverse", "row-by-row", "column-by-column"])
def test_a_banded_jacobian_takes_linear_time(order):
    def banded(v: Any) -> list[Any]:
        return [v[i - 1] * v[i] * v[i + 1 - len(v)] for i in range(len(v))]

    assert growth(lambda n: lambda: oc.jacobian(banded, points(n), order)) < 4.5
    matrix = oc.jacobian(banded, points(30), order).matrix
    assert np.count_nonzero(matrix) == 90
    np.testing.assert_array_equal(matrix, oc.jacobian(banded, points(30).tolist(), order).matrix)


def test_what_is_quadratic_is_caught():
    assert growth(lambda n: lambda: oc.gradient(lambda v: sum(a * b for a in v for b in v), points(n)), 10) > 8
    assert growth(lambda n: lambda: oc.gradient(PROGRAMS["elements"], points(n), "naive-tangent")) > 8
