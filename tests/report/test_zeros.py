"""The study of zeros: its programs are those of the literature, and planted faults are seen."""

from __future__ import annotations

import numpy as np
import pytest

import opcount as oc
from analysis.programs.sparse import ENERGIES, SYSTEMS, bratu, broyden_banded, broyden_tridiagonal
from tests.support.studied import changed, each_fault, failing, more_than


def test_broydens_systems_are_those_of_more_garbow_and_hillstrom():
    x = [-1.0, 2.0, 0.5]
    assert broyden_tridiagonal(x) == [-5.0 - 4.0 + 1.0, -2.0 + 1.0 - 1.0 + 1.0, 1.0 - 2.0 + 1.0]
    assert broyden_banded(x) == [-7.0 + 1.0 - 6.0, 44.0 + 1.0 - 0.0 - 0.75, 1.625 + 1.0 - 0.0 - 6.0]


def test_a_flame_is_the_five_point_laplacian():
    u = np.arange(9.0) / 10
    grid = np.pad(u.reshape(3, 3), 1)
    laplacian = 4 * grid[1:-1, 1:-1] - grid[:-2, 1:-1] - grid[2:, 1:-1] - grid[1:-1, :-2] - grid[1:-1, 2:]
    np.testing.assert_allclose(bratu(u.tolist()), (laplacian - np.exp(u.reshape(3, 3)) / 16).ravel(), rtol=1e-14)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_has_as_many_equations_as_variables(name):
    assert oc.trace(SYSTEMS[name], [0.5] * 9).sparsity().shape == (9, 9)


@pytest.mark.parametrize("name", ENERGIES)
def test_an_energy_is_a_number(name):
    assert isinstance(ENERGIES[name]([0.5] * 9), float)


FAULTS = [
    ("zeros", changed(0, "found", pattern="tridiagonal", kind="star"), "The published numbers"),
    ("zeros", changed(0, "found", pattern="arrow", kind="column"), "The published numbers"),
    ("zeros", changed(1, "same bits", lambda _: False, system="banded", n=16), "Sweeps by colors"),
    ("zeros", changed(1, "one by one", system="arrow", n=9), "Sweeps by colors"),
    ("zeros", changed(1, "predicted", system="five points", n=4), "What is executed"),
    ("zeros", changed(1, "dense forward", lambda _: 9, system="arrow", n=36), "Dense sweeps grow"),
    ("zeros", changed(1, "colors", more_than(9), system="banded", n=36), "Dense sweeps grow"),
    ("zeros", changed(1, "colors", lambda _: 1, system="banded", n=16), "Skipping zeros never"),
    ("zeros", changed(1, "elimination", system="tridiagonal", n=9), "Skipping zeros never"),
    ("zeros", changed(1, "colors", lambda _: 1, system="arrow", n=16), "Colors pay"),
    ("zeros", changed(1, "colors of rows", lambda _: 2, system="arrow", n=16), "Colors pay"),
    ("zeros", changed(2, "same matrix", lambda _: False, function="windows", n=24), "A Hessian takes"),
    ("zeros", changed(2, "colors of stars", function="arrow", n=24), "A Hessian takes"),
    ("zeros", changed(2, "colors of stars", more_than(9), function="Rosenbrock", n=24), "A Hessian takes"),
]


@each_fault(FAULTS)
def test_a_planted_fault_makes_its_claim_fail(slug, fault, text):
    assert [claim for claim in failing(slug, fault) if claim.startswith(text)]
