"""What is counted: a training run step by step, by phase and by layer, and the same from shapes alone."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

import opcount as oc
from analysis.programs.digits import (
    BATCH,
    LAYERS,
    SEED,
    SIZES,
    TRAINED_ON,
    Layers,
    cross_entropy,
    descend,
    gradient_by_hand,
    images_and_digits,
    loss,
    scores,
    start,
)

LOOK_EVERY: Final = 9  # steps; it divides the 45 of an epoch, so that every epoch ends with a look
PHASES: Final = (*oc.PHASES, "update")


class Trained(NamedTuple):
    """What the training executed, by phase and by layer, and the accuracy that it reached."""

    steps: int
    phases: Mapping[str, oc.Counts]
    costs: set[int]  # operations of a step, all that occurred
    epochs: Sequence[Mapping[str, oc.Counts]]
    evaluation: Mapping[str, oc.Counts]  # by layer, seen by the regions in the model
    update: Mapping[str, oc.Counts]
    curve: pd.DataFrame
    parts: Mapping[str, Mapping[str, oc.Counts]]  # by layer, of one step: from networks cut off at each layer
    by_hand: Mapping[str, oc.Counts]  # the accumulation of one step, by layer, as textbooks write it
    by_hand_agrees: float  # the largest difference of its gradient


# --- the training


def train(epochs: int) -> Trained:
    """Stochastic gradient descent with momentum, each step counted as it is executed."""
    images, labels = images_and_digits()
    digits = np.eye(SIZES[-1])[labels]
    layers, velocities = start(), still()
    order = list(range(TRAINED_ON))
    shuffle = random.Random(SEED)
    phases, costs = dict.fromkeys(PHASES, oc.Counts()), set()
    each: list[dict[str, oc.Counts]] = []
    evaluation, update = (dict.fromkeys(LAYERS, oc.Counts()) for _ in range(2))
    curve = [state(0, {}, layers, images, labels)]
    parts = by_layer(layers, images[:BATCH], digits[:BATCH])
    by_hand, difference = measured_by_hand(layers, images[:BATCH], digits[:BATCH])
    for epoch in range(1, epochs + 1):
        shuffle.shuffle(order)
        before = dict(phases)
        for step, first in enumerate(range(0, TRAINED_ON, BATCH), 1):
            batch = order[first : first + BATCH]
            with oc.count() as tally:
                g = oc.gradient(partial(loss, images=images[batch], digits=digits[batch]), layers)
            for layer in LAYERS:
                evaluation[layer] += tally.regions[layer]
            (layers, velocities), updated = update_by_layer(layers, velocities, g.gradient)
            for layer, counts in updated.items():
                update[layer] += counts
            spent = {**g.phases, "update": sum(updated.values(), oc.Counts())}
            phases = {phase: phases[phase] + spent[phase] for phase in PHASES}
            costs.add(sum(map(total_of, spent.values())))
            if step % LOOK_EVERY == 0:
                curve.append(state(epoch, phases, layers, images, labels))
        each.append({phase: phases[phase] - before[phase] for phase in PHASES})
    steps = epochs * TRAINED_ON // BATCH
    return Trained(steps, phases, costs, each, evaluation, update, pd.DataFrame(curve), parts, by_hand, difference)


def still() -> Layers:
    return [{name: np.zeros_like(array) for name, array in layer.items()} for layer in start()]


def update_by_layer(
    layers: Layers, velocities: Layers, gradient: Layers
) -> tuple[tuple[Layers, Layers], dict[str, oc.Counts]]:
    moved, counts = [], {}
    for name, *state in zip(LAYERS[:-1], layers, velocities, gradient, strict=True):
        found, counts[name] = oc.measure(descend, *state)
        moved.append(found)
    new_layers, new_velocities = zip(*moved, strict=True)
    return (list(new_layers), list(new_velocities)), counts


def state(
    epoch: int, phases: Mapping[str, oc.Counts], layers: Layers, images: np.ndarray, labels: np.ndarray
) -> dict[str, Any]:
    """The accuracy so far, and the operations executed for it; what is computed to find the accuracy is not counted."""
    operations = sum(map(total_of, phases.values()))
    right = np.argmax(scores(layers, images), axis=1) == labels
    accuracies = {"training accuracy": right[:TRAINED_ON].mean(), "test accuracy": right[TRAINED_ON:].mean()}
    return {"epoch": epoch, "operations": operations, **{name: float(value) for name, value in accuracies.items()}}


# --- by layer


def by_layer(layers: Layers, images: Any, digits: Any) -> dict[str, dict[str, oc.Counts]]:
    """The phases of one step, layer by layer: what each layer adds to the network that follows it.

    Cut off after a layer, a network is a function of that layer's output and of the later parameters, and its
    gradient does without this layer and those before it. Two networks cut off one layer apart differ by one layer.
    """

    def following(x: Any, after: int) -> Any:
        return cross_entropy(scores(x["layers"], x["values"], after), digits)

    cut = [oc.gradient(partial(loss, images=images, digits=digits), layers).phases]
    for after in range(1, len(layers) + 1):
        given = {"values": scores(layers[:after], images), "layers": list(layers[after:])}
        cut.append(oc.gradient(partial(following, after=after), given).phases)
    none = dict.fromkeys(oc.PHASES, oc.Counts())
    return {
        layer: {phase: uncut[phase] - rest[phase] for phase in oc.PHASES}
        for layer, uncut, rest in zip(LAYERS, cut, [*cut[1:], none], strict=True)
    }


def measured_by_hand(layers: Layers, images: Any, digits: Any) -> tuple[dict[str, oc.Counts], float]:
    """The accumulation as textbooks write it, by layer, and how much its gradient differs from that of backprop."""
    hidden = scores(layers[:1], images)
    values = scores(layers[1:], hidden, 1)
    exponentials = np.exp(values)
    sums = exponentials.sum(axis=1, keepdims=True)  # parts of the evaluation, as `positive` is, not to be counted again
    positive = (hidden > 0) * 1.0
    with oc.count() as tally:
        found = gradient_by_hand(oc.wrap(layers), *map(oc.wrap, (images, hidden, positive, exponentials, sums, digits)))
    expected = oc.gradient(partial(loss, images=images, digits=digits), layers).gradient
    difference = max(
        float(np.abs(oc.unwrap(layer[name]) - other[name]).max())
        for layer, other in zip(found, expected, strict=True)
        for name in other
    )
    return {layer: tally.regions[layer] for layer in LAYERS}, difference


# --- from shapes alone


def shapes() -> tuple[Layers, Any, Any]:
    layers = [{"w": oc.spec((fan_in, fan_out)), "b": oc.spec((fan_out,))} for fan_in, fan_out in pairwise(SIZES)]
    return layers, oc.spec((BATCH, SIZES[0])), oc.spec((BATCH, SIZES[-1]))


def update_from_shapes(layers: Layers) -> oc.Counts:
    return sum((oc.measure(descend, layer, layer, layer).counts for layer in layers), oc.Counts())


def epoch_from_shapes() -> dict[str, oc.Counts]:
    layers, images, digits = shapes()
    phases = oc.gradient(partial(loss, images=images, digits=digits), layers).phases
    step = {**phases, "update": update_from_shapes(layers)}
    return {phase: counts * (TRAINED_ON // BATCH) for phase, counts in step.items()}


def total_of(counts: oc.Counts) -> int:
    return counts.total
