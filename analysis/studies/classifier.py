"""What does a real task cost? Handwritten digits, counted while they are learnt, by phase and by layer."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

import opcount as oc
from analysis.figures import training
from analysis.programs.networks import parameter_count
from analysis.report.study import Claim, Figure, Run, Study, Table
from analysis.studies.faster import scientific

DIGITS: Final = Path(__file__).parents[1] / "programs" / "digits.csv"  # its source and its licence stand in its head
SIZES: Final = (64, 32, 10)
TRAINED_ON: Final = 1440  # of 1,797 images; the others are the test
BATCH: Final = 32
RATE: Final = 0.05
MOMENTUM: Final = 0.9
SEED: Final = 7
LOOK_EVERY: Final = 9  # steps; that there are 45 in an epoch lets every epoch end with a look
PHASES: Final = (*oc.PHASES, "update")
LAYERS: Final = (*(f"layer {number}" for number in range(1, len(SIZES))), "loss")

Layers = Sequence[Mapping[str, Any]]


class Trained(NamedTuple):
    """What the training executed, by phase and by layer, and how well it went."""

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


def run(run: Run) -> Study:
    epochs = 4 if run.quick else 12
    (trained,) = run.map(train, [epochs])
    steps = trained.steps
    table = by_phase_and_layer(trained)
    parts = trained.parts
    compared = against_by_hand(trained)
    methods = by_method(steps)
    total = sum(trained.phases.values(), oc.Counts())
    from_shapes = epoch_from_shapes()
    layered = {phase: sum((parts[layer][phase] for layer in LAYERS), oc.Counts()) * steps for phase in oc.PHASES}
    layered["update"] = sum(trained.update.values(), oc.Counts())
    curve = trained.curve
    last = curve.iloc[-1]
    tested = len(images_and_digits()[1]) - TRAINED_ON
    accumulation, primal = trained.phases["accumulation"].total, trained.phases["primal"].total
    at_loss = compared.set_index("layer").loc["loss"]
    in_layers = compared[compared.layer != "loss"]
    naive = methods.set_index("method").loc["naive"]
    by_part = table.set_index("layer").total
    differences = methods.set_index("method").total["finite-difference"]

    claims = [
        Claim(
            "What the layers take adds up to all that was counted while training, in every phase and kind.",
            all(layered[phase] == trained.phases[phase] for phase in PHASES),
            ", ".join(f"{phase} {scientific(trained.phases[phase].total)}" for phase in PHASES),
        ),
        Claim(
            "Cutting the network off at each layer finds the same evaluation of each layer as regions in its code.",
            all(parts[layer]["primal"] * steps == trained.evaluation[layer] for layer in LAYERS),
            ", ".join(f"{layer} {parts[layer]['primal'].total:,} a step" for layer in LAYERS),
        ),
        Claim(
            "In every layer backprop executes what a textbook's gradient of it does, written by hand.",
            bool((in_layers["by backprop"] == in_layers["by hand"]).all() and trained.by_hand_agrees < 1e-12),
            "; ".join(f"{row.layer} {row[1]}" for row in in_layers[["layer", "by hand"]].itertuples(index=False))
            + " a step, in kinds as in number; the gradients differ by less than 1e-12",
        ),
        Claim(
            "The accumulation costs less than two evaluations.",
            bool(0.5 * primal < accumulation < 2 * primal),
            f"{accumulation / primal:.2f} evaluations",
        ),
        Claim(
            "An epoch counted from shapes alone is the epoch that was executed, kind by kind.",
            all(dict(found) == from_shapes for found in trained.epochs),
            f"{sum(map(total_of, from_shapes.values())):,} operations in each of {len(trained.epochs)} epochs of "
            f"{TRAINED_ON // BATCH} steps",
        ),
        Claim(
            "Every step costs the same.",
            len(trained.costs) == 1,
            f"{max(trained.costs):,} operations in each of {steps} steps",
        ),
        Claim(
            "It learns: more than nine of ten digits that it has not seen are read correctly.",
            bool(last["test accuracy"] > 0.9),
            f"{last['test accuracy']:.0%} of {tested} images after {len(trained.epochs)} epochs",
        ),
    ]
    return Study(
        question="What does a real task cost?",
        answer=(
            f"To read handwritten digits, a network of {parameter_count(SIZES):,} parameters is trained in {steps} "
            f"steps with {scientific(total.total)} operations. Evaluating takes {share(primal, total)} of them, "
            f"backprop's accumulation {share(accumulation, total)}, {accumulation / primal:.2f} evaluations, and "
            f"the update of the parameters {share(trained.phases['update'].total, total)}. "
            f"The first layer takes {share(by_part['layer 1'], total)}. By finite differences the same training "
            f"would take {differences / total.total:,.0f} times as many."
        ),
        claims=claims,
        tables={
            "layers": Table(table, f"Operations of the training, {steps} steps of {BATCH} images, by layer and phase"),
            "by_hand": Table(
                compared,
                "The accumulation of one step: by backprop, and written by hand",
                text=("by backprop", "by hand"),
            ),
            "methods": Table(methods, "The same training by every method, from shapes alone"),
            "curve": Table(
                curve,
                "Learning, against the operations executed so far",
                exact=False,
                shown=curve.drop_duplicates("epoch", keep="last").round(3),
            ),
        },
        figures={
            "training": Figure(
                training.classifier,
                {"layers": table[table.layer != "all"], "curve": curve},
                f"A network of {'-'.join(map(str, SIZES))} learns handwritten digits: where the operations go, and "
                "what they buy.",
            )
        },
        against=[
            f"With two layers of arrays the naive recursion would have cost {naive.times} times as much: "
            "nobody would have noticed.",
            "At the loss, hand-written code is a little cheaper: it knows that softmax and logarithm cancel, and "
            f"backprop does not ({at_loss['operations by hand']:,} operations a step against "
            f"{at_loss['operations by backprop']:,}).",
        ],
    )


# --- the network


def loss(layers: Layers, images: Any, digits: Any) -> Any:
    """The mean cross-entropy of the network; digits are rows with a 1 in one place."""
    return cross_entropy(scores(layers, images), digits)


def scores(layers: Layers, values: Any, after: int = 0) -> Any:
    """What follows the layer `after`, 0 for the images."""
    for number, layer in enumerate(layers, after + 1):
        with oc.region(f"layer {number}"):
            values = values @ layer["w"] + layer["b"]
            values = values if number == len(SIZES) - 1 else np.maximum(values, 0)
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
    for number, state in enumerate(zip(layers, velocities, gradient, strict=True), 1):
        found, counts[f"layer {number}"] = oc.measure(descend, *state)
        moved.append(found)
    new_layers, new_velocities = zip(*moved, strict=True)
    return (list(new_layers), list(new_velocities)), counts


def descend(layer: Any, velocity: Any, gradient: Any) -> Any:
    velocity = {name: MOMENTUM * velocity[name] - RATE * gradient[name] for name in layer}
    return {name: layer[name] + velocity[name] for name in layer}, velocity


def state(
    epoch: int, phases: Mapping[str, oc.Counts], layers: Layers, images: np.ndarray, labels: np.ndarray
) -> dict[str, Any]:
    """How many images are read correctly; what is computed to find that out is not counted."""
    operations = sum(map(total_of, phases.values()))
    right = np.argmax(scores(layers, images), axis=1) == labels
    accuracies = {"training accuracy": right[:TRAINED_ON].mean(), "test accuracy": right[TRAINED_ON:].mean()}
    return {"epoch": epoch, "operations": operations, **{name: float(value) for name, value in accuracies.items()}}


# --- by layer


def by_layer(layers: Layers, images: Any, digits: Any) -> dict[str, dict[str, oc.Counts]]:
    """The phases of one step, layer by layer: what a layer adds to the network that follows it.

    The gradient of the loss by what a layer gives, and by the parameters after it, is the whole
    without this layer and those before it. Two such networks, cut off one layer apart, differ by one layer.
    """

    def following(x: Any, after: int) -> Any:
        return cross_entropy(scores(x["layers"], x["values"], after), digits)

    cut = [oc.gradient(partial(loss, images=images, digits=digits), layers).phases]
    for after in range(1, len(layers) + 1):
        given = {"values": scores(layers[:after], images), "layers": list(layers[after:])}
        cut.append(oc.gradient(partial(following, after=after), given).phases)
    none = dict.fromkeys(oc.PHASES, oc.Counts())
    return {
        layer: {phase: whole[phase] - rest[phase] for phase in oc.PHASES}
        for layer, whole, rest in zip(LAYERS, cut, [*cut[1:], none], strict=True)
    }


def measured_by_hand(layers: Layers, images: Any, digits: Any) -> tuple[dict[str, oc.Counts], float]:
    """The accumulation as textbooks write it, by layer, and how far its gradient is from that of backprop."""
    hidden = scores(layers[:1], images)
    values = scores(layers[1:], hidden, 1)
    exponentials = np.exp(values)
    sums = exponentials.sum(axis=1, keepdims=True)  # of the evaluation, as `positive`, and not to be counted again
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


def gradient_by_hand(
    layers: Any, images: Any, hidden: Any, positive: Any, exponentials: Any, sums: Any, digits: Any
) -> list[dict[str, Any]]:
    with oc.region("loss"):
        delta = (exponentials / sums - digits) / BATCH
    with oc.region("layer 2"):
        second = {"w": hidden.T @ delta, "b": delta.sum(axis=0)}
        delta = delta @ layers[1]["w"].T
    with oc.region("layer 1"):
        delta = delta * positive
        first = {"w": images.T @ delta, "b": delta.sum(axis=0)}
    return [first, second]


# --- tables


def by_phase_and_layer(trained: Trained) -> pd.DataFrame:
    parts = {
        layer: {phase: trained.parts[layer][phase].total * trained.steps for phase in oc.PHASES}
        | {"update": trained.update[layer].total}
        for layer in LAYERS
    }
    parts["all"] = {phase: counts.total for phase, counts in trained.phases.items()}
    return pd.DataFrame([{"layer": layer, **row, "total": sum(row.values())} for layer, row in parts.items()])


def against_by_hand(trained: Trained) -> pd.DataFrame:
    rows = []
    for layer in LAYERS:
        backprop, hand = trained.parts[layer]["accumulation"], trained.by_hand[layer]
        rows.append(
            {
                "layer": layer,
                "by backprop": kinds(backprop),
                "by hand": kinds(hand),
                "operations by backprop": backprop.total,
                "operations by hand": hand.total,
            }
        )
    return pd.DataFrame(rows)


def kinds(counts: oc.Counts) -> str:
    return ", ".join(f"{number:,} {kind}" for kind, number in counts.items())


def by_method(steps: int) -> pd.DataFrame:
    layers, images, digits = shapes()
    rows = []
    for method in oc.METHODS:
        phases = oc.gradient(partial(loss, images=images, digits=digits), layers, method).phases
        update = update_from_shapes(layers)
        spent = {phase: phases[phase].total * steps for phase in oc.PHASES} | {"update": update.total * steps}
        rows.append({"method": method, **spent, "total": sum(spent.values())})
    table = pd.DataFrame(rows)
    best = table.set_index("method").total["backprop"]
    return table.assign(times=[f"{total / best:,.2f}" for total in table.total])


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


def share(part: int, whole: oc.Counts) -> str:
    return f"{part / whole.total:.0%}"
