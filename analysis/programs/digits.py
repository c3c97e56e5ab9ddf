"""Handwritten digits and a network that learns them, evaluated in regions: one for each layer, one for the loss.

The images are in digits.csv, whose header names their source and licence.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

import opcount as oc

DIGITS: Final = Path(__file__).with_suffix(".csv")
SIZES: Final = (64, 32, 10)
TRAINED_ON: Final = 1440  # of 1,797 images; the others are the test
BATCH: Final = 32
RATE: Final = 0.05
MOMENTUM: Final = 0.9
SEED: Final = 7
LAYERS: Final = (*(f"layer {depth}" for depth in range(1, len(SIZES))), "loss")

Layers = Sequence[Mapping[str, Any]]


def loss(layers: Layers, images: Any, digits: Any) -> Any:
    """The mean cross-entropy of the network; digits are rows of zeros with a single 1."""
    return cross_entropy(scores(layers, images), digits)


def scores(layers: Layers, values: Any, after: int = 0) -> Any:
    """A score for each digit: from the images, or, by the last layers alone, from the output of layer `after`."""
    for depth, layer in enumerate(layers, after + 1):
        with oc.region(f"layer {depth}"):
            values = values @ layer["w"] + layer["b"]
            values = values if depth == len(SIZES) - 1 else np.maximum(values, 0)
    return values


def cross_entropy(values: Any, digits: Any) -> Any:
    with oc.region("loss"):
        return (np.sum(np.log(np.sum(np.exp(values), axis=1))) - np.sum(values * digits)) / BATCH


def start() -> Layers:
    draw = np.random.default_rng(SEED)
    return [
        {"w": draw.normal(size=(fan_in, fan_out)) * np.sqrt(2 / fan_in), "b": np.zeros(fan_out)}
        for fan_in, fan_out in pairwise(SIZES)
    ]


def images_and_digits() -> tuple[np.ndarray, np.ndarray]:
    rows = np.loadtxt(DIGITS, delimiter=",", dtype=np.int64)
    order = list(range(len(rows)))
    random.Random(SEED).shuffle(order)
    return rows[order, :-1] / 16, rows[order, -1]


def descend(layer: Any, velocity: Any, gradient: Any) -> Any:
    """The layer and its velocity after a step of gradient descent with momentum."""
    velocity = {name: MOMENTUM * velocity[name] - RATE * gradient[name] for name in layer}
    return {name: layer[name] + velocity[name] for name in layer}, velocity


def gradient_by_hand(
    layers: Any, images: Any, hidden: Any, positive: Any, exponentials: Any, sums: Any, digits: Any
) -> list[dict[str, Any]]:
    """The gradient of the loss with respect to the layers, as textbooks write it, from intermediate results."""
    with oc.region("loss"):
        delta = (exponentials / sums - digits) / BATCH
    with oc.region("layer 2"):
        second = {"w": hidden.T @ delta, "b": delta.sum(axis=0)}
        delta = delta @ layers[1]["w"].T
    with oc.region("layer 1"):
        delta = delta * positive
        first = {"w": images.T @ delta, "b": delta.sum(axis=0)}
    return [first, second]
