"""What is compared of a gradient over whole arrays: methods, granularities, and what shapes alone count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import opcount as oc
from opcount.wrapping.operations import OPERATIONS
from tests.support.array_programs import elementwise_cases

ELEMENTWISE = elementwise_cases()
BINARY = [name for name, row in OPERATIONS.items() if len(row.domain) == 2]
UNARY = [name for name, row in OPERATIONS.items() if len(row.domain) == 1]
METHODS = ["backprop", "memoized", "forward", "memoized-tangent"]
FEW = ["weighted", "partly"]
"""The readouts that most tests take."""
TWINS = [("memoized", "backprop"), ("memoized-tangent", "forward")]


def arrays(structure: Any) -> list[Any]:
    """The numbers and arrays in a gradient, as arrays."""
    if isinstance(structure, dict):
        return [array for key in sorted(structure) for array in arrays(structure[key])]
    if isinstance(structure, (list, tuple)):
        return [array for item in structure for array in arrays(item)]
    return [np.asarray(structure)]


def assert_close(found: Any, expected: Any, rtol: float = 1e-9, atol: float = 1e-11) -> None:
    for one, other in zip(arrays(found), arrays(expected), strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=rtol, atol=atol)


def bits(gradient: Any) -> list[tuple[Any, ...]]:
    """So that equal means the same bits, signed zeros included."""
    return [(array.shape, array.dtype, array.tobytes()) for array in arrays(gradient)]


def check_methods(f: Callable[[Any], Any], x: Any, *, naive: int = 20_000) -> None:
    """The methods agree: the twins bit for bit, each with its prediction."""
    graph = oc.trace(f, x)
    predicted = {name: graph.predict(name) for name in [*METHODS, "naive", "naive-tangent"]}
    methods = METHODS + [name for name in ("naive", "naive-tangent") if predicted[name].total <= naive]
    found = {name: oc.gradient(f, x, name) for name in methods}
    expected = found["backprop"]
    for name, g in found.items():
        assert_close(g.gradient, expected.gradient)
        assert g.value == expected.value, f"the value by {name} is another"
        assert g.phases["accumulation"] == predicted[name], f"{name} is not what was predicted: {predicted[name]}"
    for recursion, loop in TWINS:
        assert bits(found[recursion].gradient) == bits(found[loop].gradient), f"{recursion} and {loop} differ in a bit"
        counted = found[recursion].phases["accumulation"], found[loop].phases["accumulation"]
        assert counted[0] == counted[1], f"{recursion} and {loop} count differently"


def check_granularities(f: Callable[[Any], Any], x: Any, methods: Any = ("backprop", "memoized")) -> None:
    """Whole arrays count what their numbers count, in the evaluation and in the accumulation."""
    for method in methods:
        whole = oc.gradient(f, x, method)
        opened = oc.gradient(f, x, method, granularity="scalar")
        assert_close(whole.gradient, opened.gradient)
        for phase in ("primal", "accumulation"):
            counted = whole.phases[phase], opened.phases[phase]
            assert counted[0] == counted[1], f"{phase} by {method}: {counted[0]} whole, {counted[1]} opened"


def shapes_of(x: Any) -> Any:
    if isinstance(x, dict):
        return {key: shapes_of(item) for key, item in x.items()}
    if isinstance(x, list):
        return [shapes_of(item) for item in x]
    return oc.spec(x.shape) if isinstance(x, np.ndarray) else x


def check_shapes(f: Callable[[Any], Any], x: Any) -> None:
    for method in ("backprop", "memoized", "naive"):
        from_shapes, executed = oc.gradient(f, shapes_of(x), method), oc.gradient(f, x, method)
        for phase in oc.PHASES:
            counted = from_shapes.phases[phase], executed.phases[phase]
            assert counted[0] == counted[1], f"{phase} by {method}: {counted[0]} from shapes, {counted[1]} executed"
