"""Random programs in JAX, whose counts are those of the same programs in NumPy."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import opcount as oc
from opcount.sources import jax as ocj
from opcount.sources.jax import control, primitives
from tests.support.faults import planted
from tests.support.jax_programs import SHAPE, InJax, InPython, drawn, executed, has_values

SHAPED = jax.ShapeDtypeStruct(SHAPE, "f4")


def in_jax(program):
    return lambda x: executed(program, InJax(), x)


def in_numpy(program):
    return lambda x: executed(program, InPython(), x)


def programs(seeds, steps, depth, by_values):
    """Programs with their inputs, of which what is executed depends on values, or on shapes alone."""
    for seed in seeds:
        rng = np.random.default_rng(seed)
        program = drawn(rng, steps, depth)
        if has_values(program) == by_values:
            yield seed, program, rng.normal(size=SHAPE)


def agree(program, x, shaped=True):
    twin = oc.measure(in_numpy(program), x).counts
    found = ocj.measure(in_jax(program), SHAPED if shaped else x)
    assert found.counts == twin, program
    return found.value


def test_counts_from_shapes_are_those_of_numpy():
    found = 0
    for _, program, x in programs(range(150), 6, 2, False):
        agree(program, x)
        found += 1
    assert found > 40


def test_compiled_and_mapped_programs_count_the_same():
    for _, program, x in programs(range(200, 230), 5, 1, False):
        twin = oc.measure(in_numpy(program), x).counts
        assert ocj.measure(jax.jit(in_jax(program)), SHAPED).counts == twin
        batch = ocj.measure(jax.vmap(in_jax(program)), jax.ShapeDtypeStruct((5, *SHAPE), "f4"))
        assert batch.counts == twin * 5


def test_gradients_add_up_and_their_primal_is_the_program():
    for _, program, _ in programs(range(300, 320), 5, 1, False):
        f = lambda x, p=program: in_jax(p)(x).sum()  # noqa: E731
        g = ocj.gradient(f, SHAPED)
        assert g.phases["primal"] == ocj.measure(f, SHAPED).counts, program
        assert g.counts == ocj.measure(jax.value_and_grad(f), SHAPED).counts


def test_counts_by_value_are_those_of_numpy():
    """With few programs: JAX compiles each of their operations."""
    found = 0
    for _, program, x in programs(range(400, 408), 3, 1, True):
        value = agree(program, x, shaped=False)
        np.testing.assert_allclose(value, in_numpy(program)(x), rtol=1e-3, atol=1e-4)
        found += 1
    assert found >= 2


@pytest.mark.slow
def test_many_random_programs():
    for by_values in (False, True):
        for _, program, x in programs(range(1000, 1150 if not by_values else 1050), 6, 2, by_values):
            agree(program, x, shaped=not by_values)


def test_a_fault_in_a_row_is_noticed():
    row = primitives.PRICED["reduce_sum"]
    with (
        planted(primitives.PRICED, {"reduce_sum": lambda call: oc.Counts(row(call)) * 2}),
        pytest.raises(AssertionError),
    ):
        test_counts_from_shapes_are_those_of_numpy()


def test_a_fault_in_the_rounds_is_noticed():
    rounds = control._rounds
    with (
        planted(control, _rounds=lambda once, start, length, place: rounds(once, (True,) * len(start), length, place)),
        pytest.raises(AssertionError),
    ):
        test_counts_from_shapes_are_those_of_numpy()
