"""The contestants of the benches on arrays: the same work in plain NumPy, and under each counter of arrays.

For a peer that is not installed there is None instead of a contestant.
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
    """A way to compute with arrays: conversions from and to NumPy arrays, its tanh, and what counts it."""

    wrap: Callable[[np.ndarray], Any]
    unwrap: Callable[[Any], Any]
    tanh: Callable[[Any], Any]
    counting: Callable[[], AbstractContextManager[Any]] = nullcontext


def plain_and_ours() -> dict[str, Way | None]:
    return {"NumPy": Way(np.array, np.asarray, np.tanh), "opcount": Way(oc.wrap, oc.unwrap, np.tanh, oc.count)}


def peers() -> dict[str, Way | None]:
    return flopscope() | torch()


def flopscope() -> dict[str, Way | None]:
    """flopscope, compared with plain NumPy, since flopscope's own functions always count."""
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
    """A contestant for each way; raises AssertionError if one does not compute what is expected."""
    found: dict[str, Contestant | None] = {}
    for name, way in ways.items():
        found[name] = contestant = way and prepare(way)
        if way and contestant:
            for value, right in zip(contestant(), expected, strict=True):
                np.testing.assert_allclose(way.unwrap(value), right, rtol=1e-8, atol=1e-9, err_msg=name)
    return found


def network(width: int) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """Weights, biases and a batch of inputs and targets."""
    draw = np.random.default_rng(0).standard_normal
    weights = [draw((width, width)) / np.sqrt(width) for _ in range(LAYERS)]
    biases = [draw(width) for _ in range(LAYERS)]
    return weights, biases, [draw((BATCH, width)) for _ in range(2)]


def gradients(width: int, times: int) -> dict[str, Contestant | None]:
    """The value and gradient of an MLP, `times` over: by hand, by autograd uncounted, and by opcount counted.

    Both systems get the same function of the parameters, and evaluate it anew each time.
    """
    import autograd
    import autograd.numpy as anp

    weights, biases, data = network(width)
    parameters = {"weights": weights, "biases": biases}
    by_autograd = autograd.value_and_grad(lambda p: squared_error(anp, p, data))
    ways: dict[str, Callable[[], Any]] = {
        "NumPy by hand": lambda: value_and_gradient(np.tanh, weights, biases, data),
        "autograd": lambda: by_autograd(parameters),
        "opcount": lambda: oc.gradient(lambda p: squared_error(np, p, data), parameters),
    }
    value, *slopes = ways["NumPy by hand"]()
    ours = ways["opcount"]()
    if ours.phases["accumulation"].mul != BATCH * width * ((2 * LAYERS - 1) * width + LAYERS - 1):
        raise AssertionError(f"the counts of a gradient are {ours.phases}")
    for found, gradient in ((ours.value, ours.gradient), ways["autograd"]()):
        np.testing.assert_allclose(found, value, rtol=1e-10)
        for layer, right in enumerate(zip(slopes[::2], slopes[1::2], strict=True), 1):
            np.testing.assert_allclose(gradient["weights"][-layer], right[0], rtol=1e-8, atol=1e-9)
            np.testing.assert_allclose(gradient["biases"][-layer], right[1], rtol=1e-8, atol=1e-9)
    return {name: partial(repeated, way, times) for name, way in ways.items()}


def repeated(way: Callable[[], Any], times: int) -> Any:
    for _ in range(times):
        found = way()
    return found


def squared_error(np: Any, p: Any, data: Any) -> Any:
    """The squared error over a batch, as a function of the parameters."""
    values, targets = data
    for weight, bias in zip(p["weights"][:-1], p["biases"][:-1], strict=True):
        values = np.tanh(values @ weight + bias)
    error = values @ p["weights"][-1] + p["biases"][-1] - targets
    return np.sum(error * error)


def training(width: int, times: int) -> dict[str, Contestant | None]:
    """The value and gradient of an MLP, `times` over, each in a count of its own.

    Wrapping copies arrays, in opcount as in flopscope, and a program wraps once what it counts
    many times, so the timing starts from wrapped parameters and data.
    """
    weights, biases, data = network(width)

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
    """The squared error over a batch, and its gradient by hand for each weight and bias, the last layer first."""
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
    """`a + b` on eight elements, over and over inside a count; every time includes that of the loop."""
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


CALLS: Final[dict[str, Callable[[Any], Any]]] = {
    "v < 1": lambda v: v < 1,
    "np.where": lambda v: np.where(v > 0, v, 0),
    "mean": lambda v: v.mean(),
    "np.linalg.norm": lambda v: np.linalg.norm(v),
    "np.tanh": lambda v: np.tanh(v),
    "a sum": lambda v: v.sum(),
    "v * v": lambda v: v * v,
}
"""Calls on an array of eight elements."""


def calls(times: int) -> dict[str, Callable[[], Any]]:
    """Each of the calls over and over: on a plain array, on a wrapped one in a count, and under a budget."""
    plain = np.linspace(-1, 2, 8)
    wrapped = oc.wrap(plain)

    def counted(call: Callable[[Any], Any], budget: int | None = None) -> None:
        with oc.count(budget):
            repeated(partial(call, wrapped), times)

    found: dict[str, Callable[[], Any]] = {"nothing": lambda: repeated(lambda: None, times)}
    for name, call in CALLS.items():
        np.testing.assert_array_equal(oc.unwrap(call(wrapped)), call(plain))
        found[f"{name}, NumPy"] = partial(repeated, partial(call, plain), times)
        found[name] = partial(counted, call)
        found[f"{name}, budget"] = partial(counted, call, 2**50)
    return found
