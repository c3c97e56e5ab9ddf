"""All studies: their claims hold, their tables are exact, their figures draw tables, and planted faults are seen."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

import numpy as np
import pytest

import opcount as oc
from analysis.figures import orders, style
from analysis.studies import faster, storage
from analysis.studies.scale import measure as scale
from tests.support.studied import changed, each_fault, each_study, failing, studied

ROOT = Path(__file__).parents[2]


@each_study
def test_the_claims_of_a_study_hold(slug):
    study = studied(slug)
    assert study.question.endswith("?")
    assert study.claims
    assert [f"{claim.text} ({claim.evidence})" for claim in study.claims if not claim.holds] == []
    assert all(type(claim.holds) is bool or isinstance(claim.holds, np.bool_) for claim in study.claims)
    assert all(claim.evidence for claim in study.claims)


@each_study
def test_a_study_says_what_does_not_favour_backprop(slug):
    assert studied(slug).against


@each_study
def test_a_table_of_counts_holds_no_measured_number(slug):
    for table in studied(slug).tables.values():
        if table.exact:
            floats = table.frame.select_dtypes("floating")
            assert floats.empty, f"{list(floats)} of a table that is compared byte by byte"


@each_study
def test_a_figure_draws_what_stands_in_a_table_and_changes_nothing(slug):
    study = studied(slug)
    for figure in study.figures.values():
        if figure.draw is orders.elimination:  # a picture of a graph, which has no axes and stands in no table
            continue
        for frame in figure.data.values():
            assert any(
                set(frame.columns) <= set(table.frame.columns)
                and frame.equals(table.frame.loc[frame.index, list(frame.columns)])
                for table in study.tables.values()
            ), "a figure shows what stands in no table"
        before = {name: frame.copy() for name, frame in figure.data.items()}
        drawing = figure.draw(**figure.data)
        assert drawing.axes
        assert all(axes.get_xlabel() for axes in drawing.axes)
        style.close(drawing)
        assert all(frame.equals(before[name]) for name, frame in figure.data.items())


def test_every_plot_is_drawn_by_a_study():
    drawing = set()
    for path in (ROOT / "analysis" / "figures").glob("*.py"):
        module = importlib.import_module(f"analysis.figures.{path.stem}")
        drawing |= {
            f"{path.stem}.{name}"
            for name, function in inspect.getmembers(module, inspect.isfunction)
            if function.__module__ == module.__name__ and inspect.signature(function).return_annotation == "Figure"
        }
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "analysis" / "studies").rglob("*.py")]
    assert drawing == {name for source in sources for name in re.findall(r"Figure\(\s*(\w+\.\w+)", source)}


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (7, "7"),
        (9_999_999, "9,999,999"),
        (10_000_000, "1.00×10⁷"),
        (123 * 10**38, "1.23×10⁴⁰"),
        (10**400, "1.00×10⁴⁰⁰"),
    ],
    ids=["small", "in full", "ten million", "large", "beyond floats"],
)
def test_a_count_is_written_as_people_read_it(number, text):
    assert faster.scientific(number) == text


def test_the_longest_path_and_what_is_alive_on_a_graph_counted_by_hand():
    # x | a = sin(x) | b = cos(x) | c = exp(b) | a * c: the path through b has four nodes
    graph = oc.trace(lambda x: np.sin(x) * np.exp(np.cos(x)), 0.3)
    assert storage.longest_path(graph) == 4
    assert storage.alive_at_once(graph) == 3  # a, b, and c while it is made of b


# --- faults in what a study measured


ONE = oc.Counts(mul=1)


def altered(**fields):
    """A fault in the training of the classifier: fields as functions of what they were."""

    def plant(found):
        (trained,) = found[0]
        found[0] = [trained._replace(**{name: change(getattr(trained, name)) for name, change in fields.items()})]

    return plant


def more_in(name):
    return lambda counts: {**counts, name: counts[name] + ONE}


FAULTS = [
    ("scale", changed(0, "total", m=1, method="naive", how="executed"), "At m = 1 it is the question's"),
    ("scale", changed(0, "total", m=5, method="forward", how="executed"), "Each formula, found from shapes"),
    ("scale", changed(0, "total", m=160_000, method="forward", how="from shapes"), "Each formula is what counting"),
    ("scale", changed(0, "total", m=6, method=scale.NUMBERS, how="predicted"), "Where every number is a node"),
    ("scale", changed(0, "total", m=7, method=scale.NUMBERS, how="executed"), "Where every number is a node"),
    ("scale", lambda found: found[1][0][3].update(executed=7), "Formulas in three sizes"),
    (
        "scale",
        lambda found: [row.update(evaluation=1) for rows in found[0] for row in rows if row["how"] == "from shapes"],
        "From 7 parameters to 10¹¹",
    ),
    (
        "sharing",
        changed(0, "primal", sweep="depth", layers=3, batch=1, method="backprop", node="a number"),
        "Evaluating the function and its partials",
    ),
    (
        "sharing",
        changed(0, "accumulation", sweep="depth", layers=3, batch=1, method="memoized", node="a number"),
        "So do the memoized recursion and backprop",
    ),
    (
        "sharing",
        changed(0, "predicted", sweep="depth", layers=3, batch=4, method="naive", node="a number"),
        "Wherever an accumulation was both",
    ),
    (
        "sharing",
        changed(0, "accumulation", sweep="grid", layers=4, width=5, batch=1, method="naive", node="an array"),
        "Where a node is an array, the naive",
    ),
    (
        "sharing",
        changed(0, "accumulation", sweep="grid", layers=4, width=7, batch=1, method="naive", node="a number"),
        "Where a node is a number, each layer",
    ),
    ("classifier", altered(phases=more_in("partials")), "What the layers take adds up"),
    ("classifier", altered(update=more_in("layer 2")), "What the layers take adds up"),
    ("classifier", altered(evaluation=more_in("layer 1")), "Cutting the network off at each layer"),
    ("classifier", altered(by_hand=more_in("layer 1")), "In every layer backprop executes"),
    ("classifier", altered(by_hand_agrees=lambda _: 1e-3), "In every layer backprop executes"),
    ("classifier", altered(epochs=lambda epochs: [*epochs[:-1], more_in("primal")(epochs[-1])]), "An epoch counted"),
    ("classifier", altered(costs=lambda costs: costs | {1}), "Every step costs the same"),
    ("classifier", altered(curve=lambda curve: curve.assign(**{"test accuracy": 0.5})), "It learns"),
    ("classifier", altered(phases=lambda counts: {**counts, "primal": 9 * counts["primal"]}), "The accumulation costs"),
]


@each_fault(FAULTS)
def test_a_planted_fault_makes_its_claim_fail(slug, fault, text):
    assert [claim for claim in failing(slug, fault) if claim.startswith(text)]
