"""What the training costs, and where."""

from __future__ import annotations

from functools import partial

import pandas as pd

import opcount as oc
from analysis.figures import training
from analysis.programs.digits import (
    BATCH,
    LAYERS,
    SIZES,
    TRAINED_ON,
    images_and_digits,
    loss,
)
from analysis.programs.methods import WITHOUT_STEPS
from analysis.programs.networks import parameter_count
from analysis.report.study import Claims, Figure, Judged, Run, Study, Table
from analysis.studies.classifier.measure import (
    PHASES,
    Trained,
    epoch_from_shapes,
    shapes,
    total_of,
    train,
    update_from_shapes,
)
from analysis.studies.faster import scientific

claim = Claims()


class Found:
    """What was counted during training, the same from shapes, and what hand-written code takes instead."""

    def __init__(self, trained: Trained) -> None:
        self.trained, self.curve = trained, trained.curve
        self.layers, self.by_hand = by_phase_and_layer(trained), against_by_hand(trained)
        self.methods = by_method(trained.steps)
        self.from_shapes = epoch_from_shapes()
        self.total = sum(trained.phases.values(), oc.Counts()).total
        self.primal, self.accumulation = (trained.phases[phase].total for phase in ("primal", "accumulation"))

    def share(self, part: int) -> str:
        return f"{part / self.total:.0%}"


def run(run: Run) -> Study:
    (trained,) = run.map(train, [4 if run.quick else 12])
    d = Found(trained)
    at_loss = d.by_hand.set_index("layer").loc["loss"]
    return Study(
        question="What does a real task cost?",
        answer=answer(d),
        claims=claim.judged(d),
        tables=tables(d),
        figures={
            "training": Figure(
                training.classifier,
                {"layers": d.layers[d.layers.layer != "all"], "curve": d.curve},
                f"A network of {'-'.join(map(str, SIZES))} learns handwritten digits: where the operations go, and "
                "what they buy.",
                "Two panels. Above, a bar for each part of the network: the first layer takes "
                f"{d.share(d.layers.set_index('layer').total['layer 1'])} of all operations, and in each layer most "
                "are evaluation and accumulation, about alike. Below, the share of images read correctly rises steeply "
                f"at first and levels off, at {d.curve['test accuracy'].iloc[-1]:.0%} of the test images.",
            )
        },
        against=[
            f"With two layers of arrays the naive recursion would have cost "
            f"{d.methods.set_index('method').times['naive']} times as much, which nobody would have noticed.",
            "At the loss, hand-written code is a little cheaper: it knows that softmax and logarithm cancel, and "
            f"backprop does not ({at_loss['operations by hand']:,} operations a step against "
            f"{at_loss['operations by backprop']:,}).",
        ],
    )


def answer(d: Found) -> str:
    total = d.methods.set_index("method").total
    return (
        f"A network of {parameter_count(SIZES):,} parameters is trained to read handwritten digits in "
        f"{d.trained.steps} steps with {scientific(d.total)} operations. Evaluating takes {d.share(d.primal)} of them, "
        f"backprop's accumulation {d.share(d.accumulation)}, {d.accumulation / d.primal:.2f} evaluations, and the "
        f"update of the parameters {d.share(d.trained.phases['update'].total)}. The first layer takes "
        f"{d.share(d.layers.set_index('layer').total['layer 1'])}. By finite differences the same training would take "
        f"{total['finite-difference'] / d.total:,.0f} times as many."
    )


def tables(d: Found) -> dict[str, Table]:
    return {
        "layers": Table(
            d.layers, f"Operations of the training, {d.trained.steps} steps of {BATCH} images, by layer and phase"
        ),
        "by_hand": Table(
            d.by_hand, "The accumulation of one step: by backprop, and written by hand", text=("by backprop", "by hand")
        ),
        "methods": Table(d.methods, "The same training by every method, from shapes alone"),
        "curve": Table(
            d.curve,
            "Learning, against the operations executed so far",
            exact=False,
            shown=d.curve.drop_duplicates("epoch", keep="last").round(3),
        ),
    }


# --- the claims


@claim("What the layers take adds up to all that was counted during training, in every phase and kind.")
def layers_add_up(d: Found) -> Judged:
    trained, none = d.trained, oc.Counts()
    layered = {phase: sum((trained.parts[layer][phase] for layer in LAYERS), none) for phase in oc.PHASES}
    layered = {phase: counts * trained.steps for phase, counts in layered.items()}
    layered["update"] = sum(trained.update.values(), none)
    return all(layered[phase] == trained.phases[phase] for phase in PHASES), ", ".join(
        f"{phase} {scientific(trained.phases[phase].total)}" for phase in PHASES
    )


@claim("Cutting the network off at each layer gives the same counts of its evaluation as regions in its code.")
def regions_agree(d: Found) -> Judged:
    parts = {layer: d.trained.parts[layer]["primal"] for layer in LAYERS}
    return all(parts[layer] * d.trained.steps == d.trained.evaluation[layer] for layer in LAYERS), ", ".join(
        f"{layer} {counts.total:,} a step" for layer, counts in parts.items()
    )


@claim("In every layer backprop executes what a textbook's gradient of it does, written by hand.")
def as_by_hand(d: Found) -> Judged:
    rows = d.by_hand[d.by_hand.layer != "loss"]
    by_layer = "; ".join(f"{layer} {kinds}" for layer, kinds in zip(rows.layer, rows["by hand"], strict=True))
    return (rows["by backprop"] == rows["by hand"]).all() and d.trained.by_hand_agrees < 1e-12, (
        f"{by_layer} a step, the same for each kind; the gradients differ by less than 1e-12"
    )


@claim("The accumulation costs less than two evaluations.")
def less_than_two_evaluations(d: Found) -> Judged:
    return 0.5 * d.primal < d.accumulation < 2 * d.primal, f"{d.accumulation / d.primal:.2f} evaluations"


@claim("An epoch counted from shapes alone is the epoch that was executed, kind by kind.")
def epoch_is_from_shapes(d: Found) -> Judged:
    epochs = d.trained.epochs
    return all(dict(found) == d.from_shapes for found in epochs), (
        f"{sum(map(total_of, d.from_shapes.values())):,} operations in each of {len(epochs)} epochs of "
        f"{TRAINED_ON // BATCH} steps"
    )


@claim("Every step costs the same.")
def steps_cost_the_same(d: Found) -> Judged:
    costs = d.trained.costs
    return len(costs) == 1, f"{max(costs):,} operations in each of {d.trained.steps} steps"


@claim("It learns: more than nine in ten digits that it has not seen are read correctly.")
def it_learns(d: Found) -> Judged:
    accuracy, tested = d.curve["test accuracy"].iloc[-1], len(images_and_digits()[1]) - TRAINED_ON
    return accuracy > 0.9, f"{accuracy:.0%} of {tested} images after {len(d.trained.epochs)} epochs"


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
    for method in WITHOUT_STEPS:
        phases = oc.gradient(partial(loss, images=images, digits=digits), layers, method).phases
        update = update_from_shapes(layers)
        spent = {phase: phases[phase].total * steps for phase in oc.PHASES} | {"update": update.total * steps}
        rows.append({"method": method, **spent, "total": sum(spent.values())})
    table = pd.DataFrame(rows)
    best = table.set_index("method").total["backprop"]
    return table.assign(times=[f"{total / best:,.2f}" for total in table.total])
