"""The networks under study: plain functions of their parameters, which do not mention counting."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

Loss = Callable[[Any], Any]
Activation = Callable[[Any], Any]
Points = Sequence[tuple[Any, Any]]

POINTS: Points = ((0.0, 0.0), (0.5, 1.0), (1.0, 0.0))
PARAMETERS = {"w": [3.34, -3.53, -1.22, -2.30], "b": [-1.43, 0.57, 2.61]}
PARAMETER_NAMES = ("w1", "w2", "w3", "w4", "b1", "b2", "b3")


def softplus(z: Any) -> Any:
    return np.log(1 + np.exp(z))


def rational(z: Any) -> Any:
    """An activation without roots or exponentials, so that fractions stay fractions."""
    return z / (1 + z * z)


def question_network(p: Any, x: Any, activation: Activation = softplus) -> Any:
    """The network of the question: one input, two hidden nodes and one output, with four weights and three biases."""
    w, b = p["w"], p["b"]
    top = activation(w[0] * x + b[0])
    bottom = activation(w[1] * x + b[1])
    return w[2] * top + w[3] * bottom + b[2]


def squared_residuals(network: Callable[[Any, Any], Any], points: Points = POINTS) -> Loss:
    """The sum of squared residuals of a network over points, as a function of its parameters."""

    def loss(p: Any) -> Any:
        residuals = [network(p, x) - y for x, y in points]
        return total([residual**2 for residual in residuals])

    return loss


def total(terms: Sequence[Any]) -> Any:
    """The sum of n terms by n - 1 additions; the builtin `sum` starts from 0 and makes n."""
    result = terms[0]
    for term in terms[1:]:
        result = result + term
    return result


def dot(u: Sequence[Any], v: Sequence[Any]) -> Any:
    return total([a * b for a, b in zip(u, v, strict=True)])


def exact_question() -> tuple[Loss, Any]:
    """The question's network in fractions, with a rational activation, and its parameters."""
    points = [(Fraction(x), Fraction(y)) for x, y in POINTS]
    parameters = {name: [Fraction(str(value)) for value in values] for name, values in PARAMETERS.items()}
    return squared_residuals(lambda p, x: question_network(p, x, rational), points), parameters


def mlp(
    sizes: Sequence[int], activation: Activation = np.tanh, data: Sequence[float] | None = None, target: float = 0.5
) -> tuple[Loss, Any]:
    """A multilayer perceptron with these layer sizes: its loss on one data point, and its parameters.

    `mlp([1, 2, 1])` is the shape of the question's network. The parameters are a fixed
    sequence scaled by the fan-in, so that every run and machine sees the same numbers.
    """
    numbers = (math.sin(k) for k in range(1, parameter_count(sizes) + 1))
    parameters = [
        {
            "w": [[next(numbers) / math.sqrt(fan_in) for _ in range(fan_in)] for _ in range(fan_out)],
            "b": [next(numbers) / 10 for _ in range(fan_out)],
        }
        for fan_in, fan_out in pairwise(sizes)
    ]
    point = [math.cos(k) for k in range(sizes[0])] if data is None else data

    def loss(layers: Any) -> Any:
        values: Sequence[Any] = point
        for depth, layer in enumerate(layers, 1):
            sums = [dot(row, values) for row in layer["w"]]
            sums = [s + b for s, b in zip(sums, layer["b"], strict=True)]
            values = sums if depth == len(layers) else [activation(s) for s in sums]
        return total([(value - target) ** 2 for value in values])

    return loss, parameters


def sines(shape: tuple[int, ...]) -> Any:
    """An array of numbers that are the same in every run, the smaller the more of them are added up."""
    return np.sin(np.arange(1.0, math.prod(shape) + 1)).reshape(shape) / math.sqrt(shape[0])


def dense(
    sizes: Sequence[Any],
    batch: Any = 1,
    activation: Activation = softplus,
    array: Callable[[tuple[Any, ...]], Any] = sines,
) -> tuple[Loss, Any]:
    """A multilayer perceptron in matrices: its squared error summed over a batch, and its parameters.

    `dense([1, 2, 1])` is the question's network at one data point. `array` makes an array of a
    given shape; with `oc.spec` it is a network of shapes without numbers.
    """
    data, targets = array((batch, sizes[0])), array((batch, sizes[-1]))
    parameters = [{"w": array((fan_in, fan_out)), "b": array((fan_out,))} for fan_in, fan_out in pairwise(sizes)]
    return dense_loss(data, targets, activation), parameters


def dense_loss(data: Any, targets: Any, activation: Activation = softplus) -> Loss:
    def loss(layers: Any) -> Any:
        values = data
        for depth, layer in enumerate(layers, 1):
            values = values @ layer["w"] + layer["b"]
            values = values if depth == len(layers) else activation(values)
        return np.sum((values - targets) ** 2)

    return loss


def parameter_count(sizes: Sequence[int]) -> int:
    return sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(sizes))


def random_program(seed: int) -> tuple[Loss, list[float]]:
    """A random straight-line program over one to four inputs, whose values are used repeatedly, with diamonds."""
    draw = random.Random(seed)
    operations: list[Callable[[Any, Any], Any]] = [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a * b,
        lambda a, b: a + a,
        lambda a, b: np.tanh(a),
        lambda a, b: np.sin(a),
        lambda a, b: a / (2 + b * b),
        lambda a, b: -a,
    ]
    x = [draw.uniform(-1, 1) for _ in range(draw.randint(1, 4))]
    # Mostly recent operands make deep graphs with many paths.
    program = [(draw.choice(operations), draw.random() ** 2, draw.random() ** 2) for _ in range(draw.randint(4, 24))]

    def f(inputs: Any) -> Any:
        pool = list(inputs)
        for operation, first, second in program:
            a, b = (pool[-1 - int(where * len(pool))] for where in (first, second))
            pool.append(operation(a, b))
        return total(pool[-2:])

    return f, x


def layered(sizes: Sequence[int]) -> tuple[Callable[[Sequence[Any]], list[Any]], list[float]]:
    """Dense layers with tanh between them, in plain numbers, as a function of the data; the weights are constants."""
    numbers = (math.sin(k) for k in range(1, sum(a * b for a, b in pairwise(sizes)) + 1))
    weights = [
        [[next(numbers) / math.sqrt(before) for _ in range(before)] for _ in range(after)]
        for before, after in pairwise(sizes)
    ]

    def f(x: Sequence[Any]) -> list[Any]:
        values = list(x)
        for depth, layer in enumerate(weights, 1):
            sums = [dot(row, values) for row in layer]
            values = sums if depth == len(weights) else [np.tanh(s) for s in sums]
        return values

    return f, [math.cos(k) for k in range(sizes[0])]


CHANGES = 60  # in a random map, besides the steps by which its list of values grows or shrinks
BINARY: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a * b,
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a / (2 + b * b),
]
UNARY: list[Callable[[Any, Any], Any]] = [lambda a, _: np.sin(a), lambda a, _: np.tanh(a)]


def random_map(seed: int, inputs: int, outputs: int) -> tuple[Callable[[Sequence[Any]], list[Any]], list[float]]:
    """A random straight-line program with so many inputs and outputs, in which no value is unused.

    It works on a list of values that grows or shrinks from the inputs to the outputs: a value is made from two and
    added to the list, or replaces the two, or one value is changed.
    """

    def f(x: Sequence[Any]) -> list[Any]:
        draw = random.Random(f"{seed} {inputs} {outputs}")
        values = list(x)
        for change in range(1, CHANGES + 1):
            wanted = inputs + (outputs - inputs) * change // CHANGES
            while len(values) < wanted:
                values.append(draw.choice(BINARY)(draw.choice(values), draw.choice(values)))
            while len(values) > wanted:
                first, second = (values.pop(draw.randrange(len(values))) for _ in range(2))
                values.append(draw.choice(BINARY)(first, second))
            index = draw.randrange(len(values))
            values[index] = draw.choice(BINARY + UNARY)(values[index], draw.choice(values))
        return values

    return f, [math.cos(k) for k in range(inputs)]


def recurrent(depth: int, width: int = 2, mark: Callable[[Any], Any] = lambda step: step) -> tuple[Loss, Any]:
    """A network of so many layers that share their weights: its loss, and its parameters.

    `mark` is given the function from one layer's values to the next layer's, and gives the one that is called.
    """
    numbers = (math.sin(k) for k in range(1, width * (width + 1) + 1))
    parameters = {
        "w": [[next(numbers) for _ in range(width)] for _ in range(width)],
        "b": [next(numbers) / 10 for _ in range(width)],
    }

    def loss(p: Any) -> Any:
        def layer(values: Any) -> Any:
            return [np.tanh(dot(row, values) + b) for row, b in zip(p["w"], p["b"], strict=True)]

        values: Any = [math.cos(k) for k in range(width)]
        for _ in range(depth):
            values = mark(layer)(values)
        return total([(value - 0.5) ** 2 for value in values])

    return loss, parameters
