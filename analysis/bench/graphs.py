"""Graphs of floats: a chain of nodes, and a network with a number in each node, beside the same in micrograd."""

from __future__ import annotations

import itertools
import math
import operator
import random
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import numpy as np

import opcount as oc

LAYERS: Final = (3, 64, 64, 1)
INPUTS: Final = (0.5, -1.0, 2.0)
START: Final = (0.5, 0.3)


def chain(x: Any, nodes: int) -> Any:
    a, b = x
    for _ in range(nodes // 2):
        a = a * b
        a = a + b
    return a


def traced(nodes: int) -> oc.Graph:
    return oc.trace(lambda x: chain(x, nodes), [*START])


def differentiated(nodes: int) -> oc.Gradient:
    found = oc.gradient(lambda x: chain(x, nodes), [*START])
    if found.phases["primal"] != {"mul": nodes // 2, "add": nodes // 2}:
        raise AssertionError("the evaluation was counted wrongly")
    return found


@cache
def parameters() -> list[list[list[float]]]:
    """For each layer its neurons, each a list of weights with the bias at its end."""
    draw = random.Random(0)
    return [
        [[draw.gauss(0, 1 / math.sqrt(size)) for _ in range(size + 1)] for _ in range(width)]
        for size, width in itertools.pairwise(LAYERS)
    ]


def network(layers: Any, tanh: Callable[[Any], Any]) -> Any:
    values: Any = INPUTS
    for layer in layers:
        values = [tanh(sum(map(operator.mul, weights, values), bias)) for *weights, bias in layer]
    return values[0]


def by_opcount() -> tuple[float, Any]:
    """The value of the network and its gradient, counted."""
    with oc.count():
        found = oc.gradient(lambda layers: network(layers, np.tanh), parameters())
    return found.value, found.gradient


def by_micrograd() -> tuple[float, Any]:
    """The value of the network and its gradient in micrograd, uncounted."""
    from micrograd.engine import Value

    def tanh(x: Value) -> Value:
        """The tanh that micrograd lacks, in the style of its relu."""
        out = Value(math.tanh(x.data), (x,), "tanh")

        def _backward() -> None:
            x.grad += (1 - out.data * out.data) * out.grad

        out._backward = _backward
        return out

    wrapped = [[[Value(number) for number in row] for row in layer] for layer in parameters()]
    output = network(wrapped, tanh)
    output.backward()
    return output.data, [[[value.grad for value in row] for row in layer] for layer in wrapped]
