"""The contestants of the benches on arrays: the same work done plain, and under each counter of arrays.

A peer that is not installed is None instead of a contestant.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np

import opcount as oc

BATCH: Final = 32
LAYERS: Final = 4

Contestant = Callable[[], list[Any]]


class Way(NamedTuple):
    """A way to compute with arrays: from NumPy's and back to them, its tanh, and what counts it."""

    wrap: Callable[[np.ndarray], Any]
    unwrap: Callable[[Any], Any]
    tanh: Callable[[Any], Any]
    counting: Callable[[], AbstractContextManager[Any]] = nullcontext


def plain_and_ours() -> dict[str, Way | None]:
    return {"NumPy": Way(np.array, np.asarray, np.tanh), "opcount": Way(oc.wrap, oc.unwrap, np.tanh, oc.count)}


def peers() -> dict[str, Way | None]:
    return flopscope() | torch()


def flopscope() -> dict[str, Way | None]:
    """What flopscope is uncounted is NumPy: its own functions count wherever they are called."""
    try:
        import flopscope as flops
        import flopscope.numpy as fnp
    except ModuleNotFoundError:
        return {"flopscope": None}
    return {
        "flopscope": Way(fnp.array, np.asarray, fnp.tanh, lambda: flops.BudgetContext(flop_budget=10**15, quiet=True))
    }


def torch() -> dict[str, Way | None]:
    try:
        import torch
        from torch.utils.flop_counter import FlopCounterMode
    except ModuleNotFoundError:
        return {"torch": None, "FlopCounterMode": None}
    torch.set_num_threads(1)
    plain = Way(torch.from_numpy, np.asarray, torch.tanh)
    return {"torch": plain, "FlopCounterMode": plain._replace(counting=lambda: FlopCounterMode(display=False))}


def contestants(
    prepare: Callable[[Way], Contestant], ways: dict[str, Way | None], expected: list[Any]
) -> dict[str, Contestant | None]:
    """A contestant for each way; raises AssertionError where one does not compute what is expected."""
    found: dict[str, Contestant | None] = {}
    for name, way in ways.items():
        found[name] = contestant = way and prepare(way)
        if way and contestant:
            for value, right in zip(contestant(), expected, strict=True):
                np.testing.assert_allclose(way.unwrap(value), right, rtol=1e-8, atol=1e-9, err_msg=name)
    return found


def training(width: int, times: int) -> dict[str, Contestant | None]:
    """The value and gradient of an MLP, `times` over, each in a count of its own.

    Wrapping copies the arrays, in opcount as in flopscope, and a program wraps once what it
    counts many times: so what is timed starts from wrapped parameters and data.
    """
    draw = np.random.default_rng(0).standard_normal
    weights = [draw((width, width)) / np.sqrt(width) for _ in range(LAYERS)]
    biases = [draw(width) for _ in range(LAYERS)]
    data = [draw((BATCH, width)) for _ in range(2)]

    def prepare(way: Way) -> Contestant:
        own = [[way.wrap(array) for array in arrays] for arrays in (weights, biases, data)]

        def contestant() -> list[Any]:
            for _ in range(times):
                with way.counting():
                    found = value_and_gradient(way.tanh, *own)
            return found

        return contestant

    counts = oc.measure(partial(value_and_gradient, np.tanh), weights, biases, data).counts
    if counts.mul != BATCH * width * ((3 * LAYERS - 1) * width + 2 * LAYERS):
        raise AssertionError(f"the counts of a training step are {counts}")
    return contestants(prepare, plain_and_ours() | peers(), value_and_gradient(np.tanh, weights, biases, data))


def value_and_gradient(tanh: Callable[[Any], Any], weights: Any, biases: Any, data: Any) -> list[Any]:
    """The squared error over a batch, and its gradient by hand: of each weight and bias, the last layer first."""
    inputs, targets = data
    outputs = [inputs]
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        outputs.append(tanh(outputs[-1] @ weight + bias))
    error = outputs[-1] @ weights[-1] + biases[-1] - targets
    found = [(error * error).sum()]
    delta = 2 * error
    for weight, output in zip(reversed(weights), reversed(outputs), strict=True):
        found += [output.T @ delta, delta.sum(axis=0)]
        if output is not inputs:
            delta = delta @ weight.T * (1 - output * output)
    return found


def additions(times: int, ways: dict[str, Way | None]) -> dict[str, Contestant | None]:
    """`a + b` on eight elements, over and over inside a count; the loop itself is in every number."""
    a, b = np.arange(8.0), np.ones(8)

    def prepare(way: Way) -> Contestant:
        own = way.wrap(a), way.wrap(b)

        def contestant() -> list[Any]:
            with way.counting():
                return [add(*own, times)]

        return contestant

    with oc.count() as tally:
        add(oc.wrap(a), oc.wrap(b), times)
    if tally.counts != oc.Counts(add=8 * times):
        raise AssertionError(f"the counts of {times} additions are {tally.counts}")
    return contestants(prepare, ways, [a + b])


def add(a: Any, b: Any, times: int) -> Any:
    for _ in range(times):
        c = a + b
    return c
