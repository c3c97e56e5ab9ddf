"""Networks as they are written for NumPy and, number by number the same, for the libraries that differentiate them.

A program is written once. What the libraries spell differently is in a `Library`: their names for elementwise
functions, and the functions that each has in a way of its own, which are written out in NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np

from analysis.programs.networks import PARAMETERS, POINTS, parameter_count, question_network, squared_residuals

Loss = Callable[[Any], Any]


class Library(NamedTuple):
    """What a program needs of a library: its functions of arrays, and how it makes an array of NumPy's its own."""

    np: Any  # exp, log, tanh, sum
    array: Callable[[Any], Any]
    relu: Callable[[Any], Any]
    softmax: Callable[[Any], Any]  # along the last axis
    log_softmax: Callable[[Any], Any]  # along the last axis
    attend: Callable[[Any, Any, Any], Any]  # queries, keys and values, each a row for each token
    convolve: Callable[[Any, Any, int], Any]  # (batch, channels, height, width) with (to, from, height, width), padded


class Program(NamedTuple):
    """A program: its loss with the functions of a library, its parameters as NumPy's, and the sizes that it has."""

    loss: Callable[[Library], Loss]
    parameters: Any
    sizes: Mapping[str, int]


# --- written out, where a library has none of its own


def written_out(xp: Any, windows: Callable[[Any, tuple[int, int]], Any]) -> Library:
    """A library that has NumPy's functions; `windows` is given x and two sizes, and gives the windows of x, last."""

    def softmax(x: Any) -> Any:
        powers = xp.exp(x - xp.max(x, axis=-1, keepdims=True))
        return powers / xp.sum(powers, axis=-1, keepdims=True)

    def log_softmax(x: Any) -> Any:
        moved = x - xp.max(x, axis=-1, keepdims=True)
        return moved - xp.log(xp.sum(xp.exp(moved), axis=-1, keepdims=True))

    def attend(queries: Any, keys: Any, values: Any) -> Any:
        return softmax(queries @ keys.T / math.sqrt(keys.shape[-1])) @ values

    def convolve(x: Any, w: Any, padding: int) -> Any:
        """A product of matrices: the windows of x, in which zeros are put around it, with the weights."""
        if padding:
            x = xp.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)), "constant")
        b, c, i, j, u, v = (found := windows(x, w.shape[2:])).shape
        rows = xp.transpose(found, (0, 2, 3, 1, 4, 5)).reshape(b * i * j, c * u * v)
        products = rows @ xp.transpose(w.reshape(-1, c * u * v))
        return xp.transpose(products.reshape(b, i, j, -1), (0, 3, 1, 2))

    return Library(xp, np.asarray, lambda x: xp.maximum(x, 0), softmax, log_softmax, attend, convolve)


NUMPY: Final = written_out(np, lambda x, sizes: np.lib.stride_tricks.sliding_window_view(x, sizes, axis=(2, 3)))


# --- the programs


def numbers(shape: tuple[int, ...], start: float = 1.0) -> Any:
    """An array of numbers that are the same in every run."""
    return np.sin(start + 1.7 * np.arange(math.prod(shape))).reshape(shape) / math.sqrt(shape[0])


def question() -> Program:
    def loss(lib: Library) -> Loss:
        return squared_residuals(lambda p, x: question_network(p, x, lambda z: lib.np.log(1 + lib.np.exp(z))))

    parameters, points = len(PARAMETERS["w"]) + len(PARAMETERS["b"]), len(POINTS)
    taken = 2 * parameters * points  # out of a list, and with it out of a dict, at each point
    return Program(
        loss,
        PARAMETERS,
        {"squares": points, "logs": 2 * points, "taken": taken, "taken again": parameters * (points - 1)},
    )


def mlp(sizes: tuple[int, ...] = (3, 4, 4, 2), batch: int = 32) -> Program:
    """A perceptron in matrices, with tanh between its layers, and the squared error summed over a batch."""
    data, targets = numbers((batch, sizes[0])), numbers((batch, sizes[-1]), 2.0)
    parameters = [{"w": numbers(shape, 3.0), "b": numbers(shape[1:], 4.0)} for shape in pairwise(sizes)]

    def loss(lib: Library) -> Loss:
        x, t = lib.array(data), lib.array(targets)

        def of_parameters(layers: Any) -> Any:
            values = x
            for depth, layer in enumerate(layers, 1):
                values = values @ layer["w"] + layer["b"]
                values = values if depth == len(layers) else lib.np.tanh(values)
            return lib.np.sum((values - t) ** 2)

        return of_parameters

    sizes_of = {
        "squares": batch * sizes[-1],
        "tanh": batch * sum(sizes[1:-1]),
        "taken": 2 * parameter_count(sizes),  # out of a dict, and with it out of a list
    }
    return Program(loss, parameters, sizes_of)


def convolutional(batch: int = 2, side: int = 6, channels: tuple[int, int] = (2, 3), classes: int = 4) -> Program:
    """Two convolutions, the second with zeros around it, relu after each, a dense layer, and the cross-entropy."""
    images, labels = numbers((batch, 1, side, side)), np.arange(batch) % classes
    first, second = channels
    inside = side - 2
    parameters = {
        "first": numbers((first, 1, 3, 3), 2.0),
        "second": numbers((second, first, 3, 3), 3.0),
        "b1": numbers((first, 1, 1), 4.0),
        "b2": numbers((second, 1, 1), 5.0),
        "w": numbers((second * inside * inside, classes), 6.0),
        "b": numbers((classes,), 7.0),
    }

    def loss(lib: Library) -> Loss:
        x = lib.array(images)

        def of_parameters(p: Any) -> Any:
            values = lib.relu(lib.convolve(x, p["first"], 0) + p["b1"])
            values = lib.relu(lib.convolve(values, p["second"], 1) + p["b2"])
            z = values.reshape(batch, -1) @ p["w"] + p["b"]
            return -lib.np.sum(lib.log_softmax(z)[np.arange(batch), labels])

        return of_parameters

    meet = (3 * inside - 2) ** 2  # weights that meet a number, of those over each place, in all places
    sizes = {
        "relu": batch * (first + second) * inside**2,
        "padding": batch * first * second * (9 * inside**2 - meet),
        "pixels": batch * first * inside**2,
        "picked entries": batch * classes,
        "picked rows": batch,
        "taken": sum(part.size for part in parameters.values()),
    }
    return Program(loss, parameters, sizes)


def attention(tokens: int = 5, width: int = 4, fused: bool = False) -> Program:
    """A block of self-attention with what it adds to, then a layer, and the squared error summed over the tokens.

    If it is fused, attention is the library's own function, else two products of matrices and a softmax.
    """
    data, targets = numbers((tokens, width)), numbers((tokens, width), 2.0)
    parameters = {name: numbers((width, width), start) for start, name in enumerate(("q", "k", "v", "o"), 3)}

    def loss(lib: Library) -> Loss:
        x, t = lib.array(data), lib.array(targets)

        def of_parameters(p: Any) -> Any:
            queries, keys, values = (x @ p[name] for name in ("q", "k", "v"))
            if fused:
                attended = lib.attend(queries, keys, values)
            else:
                attended = lib.softmax(queries @ keys.T / math.sqrt(width)) @ values
            return lib.np.sum((x + attended @ p["o"] - t) ** 2)

        return of_parameters

    sizes = {"squares": tokens * width, "taken": 4 * width**2}
    if fused:
        sizes |= {"fused entries": tokens**2, "fused rows": tokens}
        sizes |= {"fused products": tokens**2 * width, "fused outputs": tokens * width}
    else:
        sizes |= {"scaled": tokens**2, "softmax entries": tokens**2, "softmax rows": tokens}
    return Program(loss, parameters, sizes)


PROGRAMS: Final[Mapping[str, Program]] = {
    "the question's network": question(),
    "an MLP": mlp(),
    "a convolutional network": convolutional(),
    "an attention block": attention(),
    "a fused attention block": attention(fused=True),
}
