"""Gradients with whole arrays as nodes: right by JAX, counted as number by number, predicted, from shapes alone."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import opcount as oc
from opcount.derivatives import partials
from opcount.tracing import array_operations, edges, structural
from opcount.wrapping.operations import OPERATIONS, replaced
from tests.support import random_arrays
from tests.support.array_checks import (
    BINARY,
    ELEMENTWISE,
    METHODS,
    UNARY,
    arrays,
    assert_close,
    check_granularities,
    check_methods,
    check_shapes,
)
from tests.support.array_models import CASES
from tests.support.array_programs import READOUTS, SHAPES, draw, loss, operand, weights, written
from tests.support.faults import planted
from tests.support.random_arrays import random_program

jax.config.update("jax_enable_x64", True)

# --- 1. the gradients are right


ORACLES = [name for name, case in CASES.items() if case.part is None]
BATCHES = [ORACLES[start::8] for start in range(8)]
FAST = {
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
}
if jax.__version_info__ < (0, 12):  # which has no other emitters
    FAST["xla_cpu_use_fusion_emitters"] = False


def by_jax(functions: dict[Any, Callable[[Any], Any]], xs: dict[Any, Any], dtype: Any = float) -> dict[Any, Any]:
    """All values and gradients in one compilation, without optimizations: compiling is what takes the time."""

    def gradients(xs: dict[Any, Any]) -> Any:
        return {name: jax.value_and_grad(functions[name])(x) for name, x in xs.items()}

    xs = jax.tree.map(lambda leaf: np.asarray(leaf, dtype), xs)
    return jax.jit(gradients).lower(xs).compile(compiler_options=FAST)(xs)  # type: ignore[no-any-return]


def gradients_by_jax(cases: dict[str, Any], dtype: Any = float) -> dict[str, Any]:
    functions = {name: loss(case.oracle or case.f, jnp) for name, case in cases.items()}
    return by_jax(functions, {name: case.x for name, case in cases.items()}, dtype)


@pytest.mark.parametrize("batch", range(len(BATCHES)))
def test_gradients_are_those_of_jax(batch):
    expected = gradients_by_jax({name: CASES[name] for name in BATCHES[batch]})
    for name, (value, gradient) in expected.items():
        of_parts = {other: case for other, case in CASES.items() if case.part and case.part[0] == name}
        for called, case in {name: CASES[name], **of_parts}.items():
            for method in ("backprop", "forward"):
                g = oc.gradient(loss(case.f, np), case.x, method)
                try:
                    np.testing.assert_allclose(g.value, value, rtol=1e-10, atol=1e-12)
                    assert_close(
                        g.gradient, gradient if not case.part or case.part[1] is None else gradient[case.part[1]]
                    )
                except AssertionError as error:
                    error.add_note(f"{called}, by {method}")
                    raise


def summed_to(array: Any, shape: tuple[int, ...]) -> Any:
    """The sum over the axes along which an operand of that shape was copied."""
    array = array.sum(axis=tuple(range(array.ndim - len(shape))))
    return array.sum(axis=tuple(axis for axis, size in enumerate(shape) if size == 1), keepdims=True)


def shapes_for(name: str) -> list[Any]:
    return SHAPES if name in BINARY else [((3, 4),), ((2,),), ((),)]


def copied(name: str) -> list[list[Any]]:
    """The operands of all cases of an elementwise primitive, each as it is broadcast."""
    return [
        np.broadcast_arrays(*(operand(name, place, shape) for place, shape in enumerate(group)))
        for group in shapes_for(name)
    ]


@cache
def weighted_partials_by_jax() -> dict[str, Any]:
    """Of all elementwise primitives, in one compilation: by operand, one flat array for all cases."""

    def weighted(name: str) -> Callable[[Any], Any]:
        return lambda x: jnp.sum(written(name)(jnp)(*x) * factors[name])

    def partials(xs: dict[str, Any]) -> dict[str, Any]:
        return {name: jax.grad(weighted(name))(x) for name, x in xs.items()}

    cases = {name: copied(name) for name in BINARY + UNARY}
    factors = {
        name: np.concatenate([weights(arrays[0].shape).ravel() for arrays in found]) for name, found in cases.items()
    }
    flat = {
        name: tuple(np.concatenate([array.ravel() for array in column]) for column in zip(*found, strict=True))
        for name, found in cases.items()
    }
    return jax.jit(partials).lower(flat).compile(compiler_options=FAST)(flat)  # type: ignore[no-any-return]


def partials_by_jax(name: str) -> list[tuple[Any, ...]]:
    """The weighted partials of an elementwise primitive at the operands of all its cases."""
    places = [arrays[0].shape for arrays in copied(name)]
    ends = np.cumsum([math.prod(place) for place in places])[:-1]
    parts = zip(*(np.split(np.asarray(array), ends) for array in weighted_partials_by_jax()[name]), strict=True)
    return [
        tuple(summed_to(part.reshape(place), shape) for part, shape in zip(group, shaped, strict=True))
        for group, place, shaped in zip(parts, places, shapes_for(name), strict=True)
    ]


def of_one(name: str, operands: list[Any], place: int) -> Callable[[Any, Any], Any]:
    return lambda np, p: written(name)(np)(*operands[:place], p, *operands[place + 1 :])


@pytest.mark.parametrize("name", BINARY + UNARY)
def test_partials_of_each_element_are_those_of_jax_however_it_broadcasts(name):
    for group, expected in zip(shapes_for(name), partials_by_jax(name), strict=True):
        operands = [operand(name, place, shape) for place, shape in enumerate(group)]
        for method in ("backprop", "forward"):
            g = oc.gradient(loss(lambda np, p: written(name)(np)(*p), np), operands, method)
            assert_close(g.gradient, list(expected))
            for place, x in enumerate(operands):  # the other one is data
                f = of_one(name, operands, place)
                assert_close(oc.gradient(loss(f, np), x, method).gradient, expected[place])


SINGLE = ["MLP, tanh", "softmax", "attention", "batch norm", "a convolution by loops", "norm", "std None", "matmul"]


def test_single_precision_stays_single():
    expected = gradients_by_jax({name: CASES[name] for name in SINGLE}, np.float32)
    for name, (_, gradient) in expected.items():
        x = jax.tree.map(lambda leaf: np.asarray(leaf, np.float32), CASES[name].x)
        for method in METHODS:
            found = oc.gradient(loss(CASES[name].f, np), x, method).gradient
            assert {array.dtype for array in arrays(found)} == {np.dtype(np.float32)}
            assert_close(found, gradient, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_gradients_are_those_of_jax_by_the_readouts_and_every_broadcast(part):
    cases = dict(list(enumerate([*CASES.values(), *list(ELEMENTWISE.values())[::6]]))[part::8])
    readouts = {place: list(READOUTS.values())[place % len(READOUTS)] for place in cases}  # each by one, in turn
    functions = {place: loss(case.oracle or case.f, jnp, readouts[place]) for place, case in cases.items()}
    expected = by_jax(functions, {place: case.x for place, case in cases.items()})
    for place, case in cases.items():
        assert_close(oc.gradient(loss(case.f, np, readouts[place]), case.x).gradient, expected[place][1])


# --- 2., 3., 4. the same counts at both granularities, as predicted, by twins bit for bit

OPENED_OTHERWISE = {
    "norm inf": "NumPy's norm of an object array compares by its own loop",
    "norm 1 of a matrix": "likewise",
    "norm inf of a matrix": "likewise",
    "index: nothing": "the sum of no numbers is a plain 0, and what is added to it executes nothing",
    "index: no mask": "likewise",
    "astype": "an object array of numbers is not cast",
}
"""What does not count the same number by number, with the reason."""


@pytest.mark.parametrize("name", CASES)
def test_the_methods_agree_with_each_other_and_with_their_predictions(name):
    check_methods(loss(CASES[name].f, np, READOUTS["partly"]), CASES[name].x)


@pytest.mark.parametrize("name", [name for name in CASES if name not in OPENED_OTHERWISE])
def test_whole_arrays_count_what_their_numbers_count(name):
    check_granularities(loss(CASES[name].f, np, READOUTS["signs"]), CASES[name].x, ["memoized"])
    check_granularities(loss(CASES[name].f, np, READOUTS["partly"]), CASES[name].x, ["backprop"])


@pytest.mark.parametrize("name", BINARY + UNARY)
def test_whole_arrays_count_what_their_numbers_count_in_each_primitive(name):
    for called, case in ELEMENTWISE.items():
        if called.startswith(f"{name} of "):
            check_granularities(loss(case.f, np, READOUTS["partly"]), case.x, ["backprop"])


@pytest.mark.slow
@pytest.mark.parametrize("readout", [name for name in READOUTS if name not in ("signs", "partly")])
def test_all_cases_agree_by_the_other_readouts_too(readout):
    for name, case in (CASES | ELEMENTWISE).items():
        check_methods(loss(case.f, np, READOUTS[readout]), case.x)
        if name not in OPENED_OTHERWISE:
            check_granularities(loss(case.f, np, READOUTS[readout]), case.x)


NUMBER_OF_PROGRAMS = 300
BATCH = 50
SOON = NUMBER_OF_PROGRAMS // 2


def batches(*seeds: int) -> Any:
    return pytest.mark.parametrize("start", range(*seeds, BATCH))


@batches(0, SOON)
def test_random_programs(start):
    for seed in range(start, start + BATCH):
        check_program(seed)


@pytest.mark.slow
@batches(SOON, NUMBER_OF_PROGRAMS)
def test_more_random_programs(start):
    for seed in range(start, start + BATCH):
        check_program(seed)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(NUMBER_OF_PROGRAMS, 900, 300))
def test_hundreds_of_longer_random_programs(start):
    for seed in range(start, start + 300):
        check_program(seed, most=12)


def check_program(seed: int, most: int = 9) -> None:
    program = random_program(seed, most)
    try:
        check_methods(program, program.x, naive=500)
        check_granularities(program, program.x, ["backprop"] if seed % 4 else ["backprop", "memoized"])
    except Exception as error:
        error.add_note(f"seed {seed}: {program!r}")
        raise


TIED = {"maximum", "clip", "max", "max of axes", "min", "ptp"}
"""Steps of which JAX shares the derivative between operands that are equal, as padded zeros are."""


@pytest.mark.slow
def test_random_programs_are_differentiated_as_jax_does():
    without = frozenset(TIED | {"maximum of two", "softmax"})
    programs = {seed: random_program(seed, without=without) for seed in range(10_000, 10_030)}
    functions = {seed: partial(program.of, jnp) for seed, program in programs.items()}
    expected = by_jax(functions, {seed: program.x for seed, program in programs.items()})
    for seed, program in programs.items():
        found = oc.gradient(program, program.x).gradient
        assert_close(found, expected[seed][1], rtol=1e-8, atol=1e-9)


def test_the_random_programs_have_every_step_and_structure_inside_arrays():
    names: set[str] = set()
    states: set[tuple[int, ...]] = set()
    made = structural.Structured.__init__

    def noted(self: Any, found: Any, *rest: Any) -> None:
        states.add(tuple(np.unique(found).tolist()))
        made(self, found, *rest)

    for seed in range(NUMBER_OF_PROGRAMS):
        program = random_program(seed)
        names.update(name for name, _, _ in program.steps)
        with planted(structural.Structured, __init__=noted):
            oc.gradient(program, program.x)
    x = draw(2, 3)
    tables = (*random_arrays.TABLES, random_arrays.of_two)
    assert {name for table in tables for name in table(np.random.default_rng(0), x, x)} <= names
    assert {(0,), (1,), (-1,), (0, 1), (-1, 0), (-1, 1), (0, 2), (0, 1, 2), (-1, 0, 1)} <= states


# --- 5. what is refused


@pytest.mark.parametrize("name", ["vander", "linalg.qr", "fft.fft", "nansum", "sort_complex"])
def test_functions_without_a_derivative_are_named(name):
    function = np
    for part in name.split("."):
        function = getattr(function, part)
    x = draw(3, 3) if name.startswith("linalg") else draw(4)
    with pytest.raises(oc.Uncounted, match=rf"np\.{name}.* has no derivative here"):
        oc.gradient(lambda p: np.sum(function(p)), x)


KEPT: list[Any] = []


def keeping(p):
    KEPT.append(p * 2.0)
    return np.sum(p * KEPT[0])


REFUSED = {
    "writing by out": (lambda p: np.sum(np.sum(p, out=np.zeros(()))), oc.Uncounted, "out="),
    "asarray": (lambda p: np.sum(np.asarray(p)), oc.Uncounted, "asked to become a plain one"),
    "array of two": (lambda p: np.sum(np.array([p, p], float)), oc.Uncounted, "asked to become a plain"),
    "an item": (lambda p: p.item(0) * p[0], oc.Uncounted, "item"),
    "a list": (lambda p: p.tolist()[0] * p[0], oc.Uncounted, "tolist"),
    "float": (lambda p: float(p[0]) * p[0], oc.Uncounted, "float"),
    "an array returned": (lambda p: p * 2.0, oc.InvalidType, "f returned 3 values in an Array"),
    "a tuple returned": (lambda p: (p[0], p[1]), oc.InvalidType, "f returned 2 values in a tuple"),
    "nothing returned": (lambda p: None, oc.InvalidType, "is a `return` missing"),
    "cast to integers and back": (lambda p: np.sum(p, where=np.array([True, False, True])), oc.Uncounted, "where="),
    "a masked array beside": (lambda p: np.sum(np.ma.masked_array(np.ones(3)) * p), oc.Uncounted, "become a plain one"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused_in_one_clear_error(name):
    f, error, message = REFUSED[name]
    with pytest.raises(error, match=message):
        oc.gradient(f, draw(3))


def test_values_of_another_evaluation_are_refused():
    KEPT.clear()
    oc.gradient(keeping, draw(3))
    with pytest.raises(oc.InvalidType, match="another evaluation"):
        oc.gradient(keeping, draw(3))


@pytest.mark.parametrize(("leaf", "error", "message"), [
    (np.array([1j, 2.0]), oc.InvalidType, r"x\['w'\] is an array of complex numbers"),
    (np.array([True, False]), oc.InvalidType, r"x\['w'\] is an array of truth values"),
    (np.ma.masked_array([1.0, 2.0]), oc.OpcountError, r"(?s)x\['w'\].*MaskedArray"),
    (np.array(["a"]), oc.InvalidType, r"x\['w'\]"),
])  # fmt: skip
def test_arrays_that_are_no_inputs_are_named(leaf, error, message):
    with pytest.raises(error, match=message):
        oc.gradient(lambda p: np.sum(p["w"]), {"w": leaf})


@pytest.mark.parametrize("function", [oc.gradient, oc.trace, oc.compare])
def test_an_unknown_granularity_is_refused(function):
    with pytest.raises(oc.InvalidValue, match=r"'matrix'; did you mean array\? The granularities are array, scalar"):
        function(np.sum, draw(3), granularity="matrix")


# --- 6. the checkers catch faults


def planting(np: Any, p: Any) -> Any:
    """A join with data, a product, a broadcast, a move: where the faults are planted."""
    hidden = np.tanh(np.concatenate([p, np.ones((3, 1))], axis=1) @ draw(5, 2))
    joined = np.sum((hidden - hidden[::-1]) * hidden)
    return joined + np.sum(np.sin(p * p[:, :1])) + np.sum(np.pad(p, 1)[:2] * draw(2, 6))


def of_everything(p: Any) -> Any:
    return planting(np, p)


def check_oracle(f: Callable[[Any], Any], x: Any) -> None:
    assert_close(oc.gradient(f, x).gradient, jax.grad(lambda p: planting(jnp, p))(x))


CHECKS = {
    "oracle": check_oracle, "methods": check_methods, "granularities": check_granularities, "shapes": check_shapes,
}  # fmt: skip


@pytest.mark.parametrize("check", CHECKS)
def test_the_checkers_pass_what_the_faults_are_planted_in(check):
    CHECKS[check](of_everything, draw(3, 4))


def wrong_pull() -> Any:
    pull = edges.Contraction.pull

    def twice(self: Any, adjoint: Any) -> Any:
        share = pull(self, adjoint)
        return structural.plus(share, share)

    return planted(edges.Contraction, pull=twice)


def doubled_partial() -> Any:
    return replaced(tanh=OPERATIONS.tanh._replace(partials=(lambda y, x: 2 * (1 - y * y),)))


def wrong_places() -> Any:
    gathering = array_operations.gathering
    return planted(array_operations, gathering=lambda places, shape: gathering(np.roll(places, 1), shape))


def one_off() -> Any:
    """One addition too many, also in a prediction."""
    collected = edges.collected

    def wasteful(*arguments: Any, **keywords: Any) -> Any:
        structural.charge({"add": 1})
        return collected(*arguments, **keywords)

    return planted(edges, collected=wasteful)


def one_off_by_value() -> Any:
    """One addition too many where there are numbers, so that no prediction and no spec has it."""
    collected = edges.collected

    def wasteful(derivative: Any, *arguments: Any, **keywords: Any) -> Any:
        if type(derivative) is oc.Array and isinstance(derivative._plain(), np.ndarray):
            structural.charge({"add": 1})
        return collected(derivative, *arguments, **keywords)

    return planted(edges, collected=wasteful)


def forgotten_constants() -> Any:
    return planted(partials, restrict=lambda nodes, part, operands, active: None)


FAULTS = [
    (wrong_pull, "oracle"), (wrong_pull, "methods"), (wrong_pull, "granularities"), (doubled_partial, "oracle"),
    (wrong_places, "oracle"), (wrong_places, "granularities"), (one_off, "granularities"),
    (one_off_by_value, "methods"), (one_off_by_value, "shapes"), (forgotten_constants, "granularities"),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "check"), FAULTS, ids=lambda item: getattr(item, "__name__", item))
def test_a_planted_fault_is_caught(fault, check):
    with fault(), pytest.raises(AssertionError):
        CHECKS[check](of_everything, draw(3, 4))


def test_exponents_of_zero_and_one_are_structural_among_others():
    check_granularities(lambda p: np.sum(p ** np.array([0, 1, 2]) * p), draw(3, low=0.5))


@pytest.mark.parametrize("granularity", ["array", "scalar"])
def test_a_users_primitive_goes_before_the_row_of_the_table(granularity, forgotten):
    forgotten(np.tanh)
    oc.primitive(np.tanh, partials=lambda y, x: 7.0)
    g = oc.gradient(lambda x: np.sum(np.tanh(x)), np.ones(3), granularity=granularity)
    assert np.asarray(g.gradient, float).tolist() == [7.0, 7.0, 7.0]


@pytest.mark.parametrize("key", [True, False, (True, 1), np.True_])
def test_a_truth_value_as_an_index_is_what_it_is_in_numpy(key):
    x = draw(3, 4)
    g = oc.gradient(lambda p: np.sum(p[key] ** 2), x)
    expected = np.zeros(x.shape)
    np.add.at(expected, key, 2 * x[key])
    assert_close(g.gradient, expected)


@pytest.mark.parametrize(
    "f", [lambda p: p * 1j, lambda p: 1j - p, lambda p: p * np.array([1j]), lambda p: np.exp(p * np.complex64(1j))]
)
def test_complex_numbers_have_no_derivative(f):
    with pytest.raises(oc.Uncounted, match="complex numbers have no derivative here"):
        oc.gradient(lambda p: np.sum(f(p)), draw(3))


def test_a_budget_stops_an_accumulation_before_the_operation_runs():
    x = draw(3, 3)
    whole = oc.gradient(lambda p: np.sum((p @ p) ** 2), x)
    with oc.count() as outer, pytest.raises(oc.BudgetExceeded), oc.count(budget={"mul": whole.counts.mul - 1}):
        oc.gradient(lambda p: np.sum((p @ p) ** 2), x)
    assert outer.counts.mul < whole.counts.mul
    with oc.count(budget={"mul": whole.counts.mul}) as tally:
        oc.gradient(lambda p: np.sum((p @ p) ** 2), x)
    assert tally.counts == whole.counts


@pytest.mark.parametrize(
    "f",
    [
        lambda p: np.where(p, p, 2.0),
        lambda p: np.compress(p, p),
        lambda p: np.extract(p, p),
        lambda p: np.concatenate(np.split(p, 3)),
    ],
)
def test_a_function_that_moves_elements_is_executed_once(f):
    x = np.array([1.0, 0.0, 3.0])
    g = oc.gradient(lambda p: np.sum(f(p)), x)
    assert g.phases["primal"] == oc.measure(lambda p: np.sum(f(p)), x).counts
    np.testing.assert_array_equal(g.gradient, np.where(x, 1.0, g.gradient))
    assert oc.trace(lambda p: np.sum(f(p)), x).predict("backprop") == g.phases["accumulation"]


def test_bits_of_floats_are_numpys_error():
    with pytest.raises(TypeError, match="bitwise_and"):
        oc.gradient(lambda p: np.sum(p & p), draw(3))
    mask = oc.gradient(lambda p: np.sum(p * ((p > 0) & (p < 1))), np.array([-1.0, 0.5, 2.0])).gradient
    assert mask.tolist() == [0.0, 1.0, 0.0]


def test_what_an_element_of_data_is_does_not_matter_to_where_it_goes():
    x, other = draw(4), np.array([-1.0, 2.0, np.inf, 0.0])
    g = oc.gradient(lambda p: np.sum(np.where(np.array([True, False, True, False]), p, oc.wrap(other)) * 2), x)
    assert g.gradient.tolist() == [2.0, 0.0, 2.0, 0.0]


@pytest.mark.parametrize(
    ("name", "f"),
    [
        ("np.linalg.norm", lambda p: np.linalg.norm(p[0])),
        ("np.linalg.norm", lambda p: np.linalg.norm(p.reshape(2, 2), 2)),
    ],
)
def test_a_composition_without_a_derivative_names_the_function(name, f):
    with pytest.raises(oc.Uncounted, match=rf"^{re.escape(name)} with these arguments has no derivative here"):
        oc.gradient(f, draw(4))


def test_a_spec_cannot_be_opened_into_numbers():
    for call in (oc.gradient, oc.trace, oc.compare):
        with pytest.raises(oc.InvalidType, match=r'x holds an oc\.spec.*granularity="array"'):
            call(np.sum, {"w": oc.spec(3)}, granularity="scalar")


@pytest.mark.parametrize(
    "f",
    [
        lambda p: np.sum(np.gradient(p) ** 2),
        lambda p: np.sum(np.gradient(p, 0.5, edge_order=2) ** 2),
        lambda p: np.sum(np.apply_along_axis(lambda row: row * row, 0, p)),
    ],
    ids=["gradient", "gradient of order 2", "apply_along_axis"],
)
def test_a_composition_that_writes_is_differentiated(f):
    x = np.array([0.5, 2.0, -1.0, 3.0])
    found, wanted = (oc.gradient(f, x, method) for method in ("backprop", "finite-difference"))
    assert found.value == pytest.approx(wanted.value)
    assert found.gradient == pytest.approx(wanted.gradient, abs=1e-6)
    assert found.phases["primal"] == oc.measure(f, x).counts
