"""A user's script: what type checkers know of opcount, and which mistakes they find before anything runs.

`make lint` has mypy and pyright check it as strictly as they can, and `test_types.py` has the same of mistakes that are
planted. A comment that ignores an error says that both find it: one that is not needed is an error itself.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

import opcount as oc
from opcount.typing import Granularity, MethodName, OrderName, Tree


def square(x: float) -> float:
    return x * x


def line(w: float, b: float) -> float:
    return 2 * w + b


def scaled(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return 2 * x


def loss(w: oc.Array) -> oc.Scalar:
    return (w * w + 1).sum()


def counts() -> None:
    measured = oc.measure(square, 3.0)
    assert_type(measured.value, float)
    assert_type(measured.counts, oc.Counts)
    assert_type(oc.measure(scaled, np.ones(3)).value, NDArray[np.float64])
    assert_type(oc.measure(loss, np.ones(3)).value, Any)  # a plain number of whatever type was wrapped
    assert_type(oc.measure(np.tanh, [1.0, 2.0]).counts.tanh, int)
    found = measured.counts
    assert_type(found.mul, int)
    assert_type(found.additive, int)
    assert_type(found["mul"], int)
    assert_type(found.total, int)
    assert_type(found + 2 * found, oc.Counts)
    assert_type(found.weighted({"mul": 1.5}), float)
    with oc.count(budget={"mul": 1000}) as tally, oc.region("forward"):
        square(3.0)
    assert_type(tally, oc.Tally)
    assert_type(tally.regions["forward"].mul, int)
    print(found.muls)  # type: ignore[attr-defined]
    oc.count(uncounted="ignore")  # type: ignore[arg-type]
    oc.count(budget="1000")  # type: ignore[arg-type]


def wrapped_numbers() -> None:
    x = oc.wrap(1.0)
    assert_type(x, oc.Scalar)
    assert_type(oc.wrap(Fraction(1, 3)), oc.Scalar)
    assert_type(x * 2, oc.Scalar)
    assert_type(2 - x / x, oc.Scalar)
    assert_type(-(x**2), oc.Scalar)
    assert_type(x > 0, bool)
    assert_type(x * np.ones(3), oc.Array)
    assert_type(np.ones(3) * x, oc.Array)
    assert_type(oc.wrap([1.0, 2.0]), list[oc.Scalar])
    assert_type(oc.wrap({"a": 1.0}), dict[str, oc.Scalar])
    assert_type(oc.wrap((1.0, 2.0)), tuple[oc.Scalar, ...])
    assert_type(sum(oc.wrap([1.0, 2.0]), x), oc.Scalar)
    oc.wrap(None)  # type: ignore[call-overload]
    oc.wrap(1j)  # type: ignore[call-overload]


def wrapped_arrays() -> None:
    x = oc.wrap(np.ones((3, 2)))
    assert_type(x, oc.Array)
    assert_type(x * 2, oc.Array)
    assert_type(1 - x, oc.Array)
    assert_type(x + oc.wrap(1.0), oc.Array)
    assert_type(oc.wrap(1.0) + x, oc.Array)
    assert_type(-x, oc.Array)
    assert_type(x > 0, oc.Array)
    assert_type(x.T, oc.Array)
    assert_type(x.reshape(6), oc.Array)
    assert_type(x.shape, tuple[int, ...])
    assert_type(x.size, int)
    assert_type(x.sum(), oc.Scalar)
    assert_type(x.mean(), oc.Scalar)
    assert_type(x.sum(axis=0), Any)
    assert_type(oc.unwrap(x), NDArray[Any])
    assert_type(oc.wrap([np.ones(3), np.ones(2)]), list[oc.Array])
    assert_type(oc.spec(("m", 3)), oc.Array)
    x.summ()  # type: ignore[attr-defined]


def gradients(f: Callable[[Any], Any], x: Tree, method: MethodName, granularity: Granularity, order: OrderName) -> None:
    found = oc.gradient(f, x, method, granularity=granularity)
    assert_type(found, oc.Gradient)
    assert_type(found.phases["accumulation"].mul, int)
    assert_type(found.counts.total, int)
    for name in oc.METHODS:
        oc.gradient(f, x, name)
    for name in oc.METHODS.keys() - {"naive"}:
        oc.trace(f, x).predict(name)
    for chosen in oc.ORDERS:
        oc.jacobian(f, x, chosen)
    graph = oc.trace(f, x, granularity="scalar")
    assert_type(graph, oc.Graph)
    assert_type(graph.paths(), list[int])
    assert_type(graph.predict("naive"), oc.Counts)
    assert_type(oc.jacobian(f, x, order).counts, oc.Counts)
    oc.jacobian(f, x, graph.intermediates)
    oc.gradient(line, (3.0, 1.0), budget=1000)
    oc.gradient(f, x, "backprp")  # type: ignore[arg-type]
    oc.gradient(f, x, granularity="number")  # type: ignore[arg-type]
    oc.gradient(f, None)  # type: ignore[arg-type]
    oc.trace(f, x, granularity="matrix")  # type: ignore[arg-type]
    graph.predict("reverse")  # type: ignore[arg-type]
    oc.jacobian(f, x, "markowits")  # type: ignore[arg-type]


def laws() -> None:
    found = oc.law(square, range(1, 8), verify=[100])
    assert_type(found, oc.Law)
    assert_type(found(100), int)
    assert_type(found["mul"], oc.Law)


@oc.region("decorated")
def decorated(x: float) -> float:
    return x + 1


def functions() -> None:
    assert_type(decorated(1.0), float)
    assert_type(oc.propagate(square)(2.0), float)
    assert_type(oc.counted(square)(2.0), float)
    assert_type(oc.primitive(square, partials=line)(2.0), float)
    oc.record({"mul": 10})
    oc.propagate(square)("2")  # type: ignore[arg-type]
    decorated("1")  # type: ignore[arg-type]
    oc.record(["mul"])  # type: ignore[arg-type]
