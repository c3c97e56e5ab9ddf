"""What there is to show of a graph: labels, and numbers beside the nodes."""

from __future__ import annotations

import numpy as np
import pytest

import opcount as oc
from opcount.drawing import contents
from tests.support.drawings import check_drawing, diamond, used_output, words
from tests.support.programs import QUESTION, question_loss


def test_labels_are_numbered_where_there_are_several():
    assert list(contents.labels_of(oc.trace(lambda x: x / 2.0, 1.0)).values()) == ["x", "÷"]
    assert list(contents.labels_of(oc.trace(diamond, [1.0, 2.0])).values()) == ["x[0]", "x[1]", "×", "sin", "+"]


def test_the_adjoints_of_inputs_are_the_gradient():
    graph = oc.trace(question_loss((0.5, 1.0)), QUESTION)
    g = oc.gradient(question_loss((0.5, 1.0)), QUESTION).gradient
    assert [contents.adjoints(graph)[node.index] for node in graph.inputs] == [*g["w"], *g["b"]]


def test_what_is_shown_beside_the_operations():
    graph = oc.trace(lambda x: x[0] * x[0] - x[1], [3.0, 4.0])
    with oc.count() as tally:
        assert words(graph.draw(show="paths")) == ["x[0]\n2", "x[1]\n1", "×\n1", "−\n1"]
        assert words(graph.draw(show="adjoints")) == ["x[0]\n6.0", "x[1]\n-1", "×\n1", "−\n1"]
        assert sorted(words(graph.draw(show="partials"))[:4]) == ["-1", "1", "3.0", "3.0"]
    assert not tally.counts


def test_several_outputs_have_paths_in_total_and_no_adjoints():
    graph = oc.trace(used_output, [2.0, 3.0])
    assert contents.path_counts(graph) == [4, 4, 3, 1, 1]  # a row for each output, the constant one without
    check_drawing(graph.draw(show="paths"))
    with pytest.raises(oc.InvalidType, match="5 outputs"):
        graph.draw(show="adjoints")
    with pytest.raises(oc.InvalidType, match="of shape"):
        oc.trace(np.tanh, np.ones(3)).draw(show="adjoints")
