"""The study of forward mode: products counted by hand, its functions, and planted faults."""

from __future__ import annotations

import math

import numpy as np
import pytest

import opcount as oc
from analysis.programs.networks import layered, random_map
from analysis.studies import forward_wins
from tests.support.studied import changed, each_fault, failing, more_than, studied


@pytest.mark.parametrize(("n", "h", "m"), [(1, 2, 4), (3, 2, 2), (4, 3, 1)])
def test_the_products_of_layers_by_hand(n, h, m):
    rows = forward_wins.measure(forward_wins.Point(forward_wins.LAYERS, n, m, width=h))
    free = {row["order"]: row["products"] for row in rows if row["convention"] == forward_wins.FREE}
    # forward copies the first weights, and takes for each input a product at each tanh and each later weight
    assert free["forward"] == n * (h + h * h + h + h * m)
    assert free["reverse"] == m * (h + h * h + h + h * n)
    assert all(row["executed products"] == row["products"] for row in rows)


def test_layers_are_what_matrices_would_be():
    f, x = layered((3, 4, 2))
    weights = np.sin(np.arange(1.0, 21))
    first, second = weights[:12].reshape(4, 3) / math.sqrt(3), weights[12:].reshape(2, 4) / 2
    assert f(x) == pytest.approx(second @ np.tanh(first @ np.array(x)))


@pytest.mark.parametrize(("n", "m"), [(1, 12), (4, 3), (12, 1), (2, 2)])
def test_a_random_program_has_its_shape_and_is_the_same_in_every_run(n, m):
    f, x = random_map(3, n, m)
    graph, again = oc.trace(f, x), oc.trace(f, x)
    assert (len(graph.inputs), len(graph.outputs)) == (n, m)
    assert repr(graph.nodes) == repr(again.nodes)
    used = {edge.tail for edge in graph.edges} | {output.index for output in graph.outputs}
    assert used == set(range(len(graph.nodes)))


def test_the_crossing_lies_between_the_shapes_around_it():
    rows = studied("forward_wins").tables["crossings"].frame
    crossings = dict(zip(rows.convention, rows["inputs / outputs"].astype(float), strict=True))
    assert crossings[forward_wins.FREE] == 1
    assert 4 / 9 < crossings[forward_wins.EVERY] < 1


# --- faults in what the study measured

LAYERS = {"function": "layers", "convention": forward_wins.FREE}
EVERY = {"function": "layers", "convention": forward_wins.EVERY}
BOTH = "Where every product counts, it takes fewer than both"
CROSSING = "Where every product counts, the two do not cross"
FAULTS = [
    ("forward_wins", changed(0, "products", order="forward", inputs=6, **LAYERS), "In layers, with products"),
    ("forward_wins", changed(0, "products", order="reverse", inputs=2, **LAYERS), "There forward on n"),
    ("forward_wins", changed(0, "products", lambda _: 1344, inputs=6, order="reverse", **EVERY), CROSSING),
    ("forward_wins", changed(0, "products", lambda value: 1, order="markowitz", inputs=2, **LAYERS), "Markowitz' rule"),
    ("forward_wins", changed(0, "products", more_than(9), order="markowitz", inputs=2, **EVERY), "Markowitz' rule"),
    ("forward_wins", changed(0, "products", more_than(2), order="markowitz", inputs=6, **EVERY), BOTH),
    ("forward_wins", changed(0, "products", more_than(2), order="search", inputs=6, **LAYERS), "Search takes"),
    ("forward_wins", changed(0, "products", order="row-by-row", inputs=9, **LAYERS), "With products by ±1 free"),
    ("forward_wins", changed(0, "executed products", order="reverse", inputs=9, **LAYERS), "Wherever an accumulation"),
    ("forward_wins", changed(0, "executed operations", order="search", inputs=9, **LAYERS), "Wherever an accumulation"),
    (
        "forward_wins",
        lambda found: [
            row.update(products=1)
            for rows in found[0]
            for row in rows
            if row["function"] == "random program" and row["order"] == "reverse"
        ],
        "In random programs",
    ),
]  # fmt: skip


@each_fault(FAULTS)
def test_a_planted_fault_makes_its_claim_fail(slug, fault, text):
    assert [claim for claim in failing(slug, fault) if claim.startswith(text)]
