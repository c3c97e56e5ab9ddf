"""The networks and random programs under study, and the digits that one network learns."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import opcount as oc
from analysis.programs import digits, networks
from analysis.programs.networks import mlp, parameter_count, question_network, random_program, squared_residuals

SIZES = [(1, 2, 1), (1, 1), (3, 4, 4, 2), (2, 3, 3, 3, 1), (1, 64, 64, 1)]


@pytest.mark.parametrize(("sizes", "parameters"), list(zip(SIZES, [7, 2, 46, 37, 4353], strict=True)), ids=str)
def test_a_network_has_a_weight_for_each_pair_of_neighbours_and_a_bias_for_each_node(sizes, parameters):
    loss, x = mlp(sizes)
    assert parameter_count(sizes) == parameters
    assert len(oc.trace(loss, x).inputs) == parameters


def test_the_network_of_the_question_is_the_one_that_was_asked_about():
    assert networks.PARAMETERS == {"w": [3.34, -3.53, -1.22, -2.30], "b": [-1.43, 0.57, 2.61]}
    assert networks.POINTS == ((0.0, 0.0), (0.5, 1.0), (1.0, 0.0))
    graph = oc.trace(squared_residuals(question_network), networks.PARAMETERS)
    assert len(graph.inputs) == len(networks.PARAMETER_NAMES) == 7
    assert graph.paths() == [3] * 7  # one for each point


@pytest.mark.parametrize("sizes", SIZES[:4], ids=str)
def test_a_network_computes_what_matrices_would(sizes):
    loss, layers = mlp(sizes)
    values = np.cos(np.arange(sizes[0]))
    for depth, layer in enumerate(layers, 1):
        values = np.array(layer["w"]) @ values + np.array(layer["b"])
        values = values if depth == len(layers) else np.tanh(values)
    assert loss(layers) == pytest.approx(np.sum((values - 0.5) ** 2), rel=1e-12)


def test_a_network_has_the_same_parameters_in_every_run():
    assert mlp((3, 4, 2))[1] == mlp((3, 4, 2))[1]


def test_the_question_in_fractions_stays_in_fractions():
    g = oc.gradient(*networks.exact_question())
    assert {type(number) for number in (g.value, *g.gradient["w"], *g.gradient["b"])} == {Fraction}


@pytest.mark.parametrize("terms", [1, 2, 7])
def test_a_total_of_n_terms_is_n_minus_one_additions(terms):
    assert oc.measure(networks.total, [1.0] * terms) == (terms, oc.Counts(add=terms - 1))


@pytest.mark.parametrize("seed", range(20))
def test_a_random_program_is_the_same_for_the_same_seed(seed):
    (f, x), (again, y) = random_program(seed), random_program(seed)
    assert x == y
    assert repr(oc.trace(f, x).nodes) == repr(oc.trace(again, y).nodes)
    assert repr(oc.trace(f, x).edges) == repr(oc.trace(f, x).edges)


def test_random_programs_differ_and_have_diamonds():
    graphs = [oc.trace(*random_program(seed)) for seed in range(40)]
    assert len({repr(graph.nodes) for graph in graphs}) == 40
    assert {len(graph.inputs) for graph in graphs} == {1, 2, 3, 4}
    assert sum(max(graph.paths()) > 1 for graph in graphs) > 20


def test_a_network_in_matrices_is_the_network_in_numbers():
    w, b = networks.PARAMETERS["w"], networks.PARAMETERS["b"]
    layers = [
        {"w": np.array([w[:2]]), "b": np.array(b[:2])},
        {"w": np.array([[w[2]], [w[3]]]), "b": np.array(b[2:])},
    ]
    data, targets = np.array(networks.POINTS).reshape(3, 2, 1).transpose(1, 0, 2)
    in_numbers = oc.gradient(squared_residuals(question_network), networks.PARAMETERS)
    for granularity in ("array", "scalar"):
        g = oc.gradient(networks.dense_loss(data, targets), layers, granularity=granularity)
        assert g.value == pytest.approx(in_numbers.value, rel=1e-12)
        assert np.concatenate([layer["w"].ravel() for layer in g.gradient]) == pytest.approx(in_numbers.gradient["w"])


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_the_network_of_some_shapes_alone_costs_what_the_network_of_these_shapes_does(sizes):
    for batch in (1, 3):
        executed = oc.gradient(*networks.dense(sizes, batch))
        assert oc.gradient(*networks.dense(sizes, batch, array=oc.spec)).phases == executed.phases
        assert sum(array.size for layer in executed.gradient for array in layer.values()) == parameter_count(sizes)


def test_the_digits_are_those_that_were_published():
    images, labels = digits.images_and_digits()
    assert images.shape == (1797, 64) and {*np.unique(images * 16)} == {*range(17)}
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert "CC BY 4.0" in digits.DIGITS.read_text(encoding="utf-8")[:1000]
