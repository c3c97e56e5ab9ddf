"""Drawings in which nothing covers anything else."""

from __future__ import annotations

import sys

import matplotlib
import matplotlib.pyplot as plt
import pytest
from hypothesis import given

import opcount as oc
from opcount.drawing import contents
from tests.support.drawings import GRAPHS, RANDOM, check_drawing, joined, network, routes_of, words
from tests.support.programs import doubled, programs


@pytest.mark.parametrize("show", contents.SHOWN)
@pytest.mark.parametrize("name", GRAPHS)
def test_nothing_covers_anything_else(name, show):
    graph = GRAPHS[name]()
    ax = graph.draw(show=show)
    check_drawing(ax)
    assert len(routes_of(ax)) == len(graph.edges)
    assert [text.partition("\n")[0] for text in words(ax)[-len(graph.nodes) :]] == [*contents.labels_of(graph).values()]


@RANDOM
@given(programs())
def test_nothing_covers_anything_else_in_random_programs(program):
    for show in ("adjoints", "partials"):
        ax = oc.trace(program, list(program.x)).draw(show=show)
        check_drawing(ax)
        plt.close(ax.figure)


def test_a_label_that_is_moved_is_noticed():
    ax = network().draw()
    ax.texts[0].set_position(ax.texts[1].get_position())
    with pytest.raises(AssertionError):
        check_drawing(ax)


@pytest.mark.parametrize("engine", [None, "constrained", "tight"])
def test_axes_that_are_given_are_drawn_into_and_pyplot_is_left_alone(engine):
    figure = matplotlib.figure.Figure(figsize=(6, 3), layout=engine)
    axes = figure.subplots(1, 3)
    settings_before = dict(matplotlib.rcParams)
    for ax, graph in zip(axes, (network(), joined(25), oc.trace(doubled(3), 1.0)), strict=True):
        assert graph.draw(ax) is ax
    for ax in axes:
        check_drawing(ax)
    assert not plt.get_fignums() and dict(matplotlib.rcParams) == settings_before


def test_an_unknown_show_and_a_graph_that_is_too_large_are_refused():
    with pytest.raises(oc.InvalidValue, match="operation, paths, adjoints, partials"):
        network().draw(show="values")
    with pytest.raises(oc.InvalidValue, match=r"201 nodes.*to_dot\(\)"):
        oc.trace(doubled(200), 1.0).draw()
    assert len(routes_of(oc.trace(doubled(30), 1.0).draw(show="paths"))) == 60
    assert not set(plt.get_fignums()) - {1}  # and a refusal leaves no figure behind


@pytest.mark.parametrize(
    ("package", "call"),
    [
        ("networkx", lambda graph: graph.to_networkx()),
        ("igraph", lambda graph: graph.draw()),
        ("matplotlib", lambda graph: graph.draw()),
        ("matplotlib", lambda graph: graph.draw_elimination([1, 2])),
    ],
)
def test_without_a_package_it_says_what_to_install(monkeypatch, package, call):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(oc.InvalidType, match=rf"{package}: pip install opcount\[draw\]"):
        call(oc.trace(doubled(3), 1.0))
