"""Gradients of arrays from shapes alone: they count what is executed, at any sizes."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

import opcount as oc
from tests.support.array_checks import (
    BINARY,
    ELEMENTWISE,
    FEW,
    UNARY,
    check_shapes,
    shapes_of,
)
from tests.support.array_models import CASES
from tests.support.array_programs import READOUTS, draw, loss

jax.config.update("jax_enable_x64", True)


PLACES = "which element is the largest or smallest depends on the values"
TRUTHS = "a spec has no values"
NEED_VALUES = {
    **{
        f"{name} {axis}{kept}": PLACES
        for name in ("max", "min", "ptp")
        for axis in (*[(0, 1), (0, -1), (1,), (0, 1, 2), (-2,)], *([None, 0, 1, -1] if name == "ptp" else []))
        for kept in ("", " kept")
    },  # an adjoint that meets no array of numbers, but is moved: along one axis, and alone, it would be counted
    **dict.fromkeys(
        ("norm inf", "norm 1 of a matrix", "norm inf of a matrix", "pooling", "log-sum-exp", "attention",
         "a mixture"), PLACES),
    **dict.fromkeys(("where by value", "where by value, then exp", "MLP, where"), TRUTHS),
}  # fmt: skip
"""The cases whose counts depend on values by one of the readouts, and what the error says of them."""


@pytest.mark.parametrize("name", [name for name in CASES if name not in NEED_VALUES])
def test_shapes_alone_count_what_is_executed(name):
    for readout in FEW:
        check_shapes(loss(CASES[name].f, np, READOUTS[readout]), CASES[name].x)


@pytest.mark.parametrize("name", NEED_VALUES)
def test_what_depends_on_values_is_refused(name):
    def by_each_readout() -> None:
        for readout in FEW:
            oc.gradient(loss(CASES[name].f, np, READOUTS[readout]), shapes_of(CASES[name].x))

    with pytest.raises(oc.Uncounted, match=NEED_VALUES[name]):
        by_each_readout()


@pytest.mark.parametrize("name", BINARY + UNARY)
def test_shapes_alone_count_each_primitive(name):
    for called, case in ELEMENTWISE.items():
        if called.startswith(f"{name} of "):
            for readout in FEW:
                check_shapes(loss(case.f, np, READOUTS[readout]), case.x)


def shares(x: Any) -> Any:
    powers = np.exp(x)
    return powers / np.sum(powers, axis=-1, keepdims=True)


SYMBOLIC = {
    "a layer": (lambda p: np.sum(np.tanh(p[0] @ p[1] + p[2])), [("n", "i"), ("i", "o"), ("o",)]),
    "two layers": (
        lambda p: np.sum((np.tanh(p[0] @ p[1] + p[2]) @ p[3]) ** 2),
        [("n", "i"), ("i", "h"), ("h",), ("h", "o")],
    ),
    "a relu": (lambda p: np.mean(np.maximum(p[0] @ p[1], 0.0)), [("n", "i"), ("i", "o")]),
    "a relu by a mask": (lambda p: np.sum((p[0] @ p[1]) * (p[0] @ p[1] > 0)), [("n", "i"), ("i", "o")]),
    "softmax": (lambda p: np.sum(shares(p[0]) ** 2), [("n", "k")]),
    "entropy": (lambda p: -np.sum(shares(p[0]) * np.log(shares(p[0]))), [("k",)]),
    "norm": (lambda p: np.linalg.norm(p[0]), [("n", "m")]),
    "norms": (lambda p: np.sum(p[0] / np.linalg.norm(p[0], axis=1, keepdims=True)), [("n", "m")]),
    "attention": (
        lambda p: np.sum(shares(p[0] @ np.swapaxes(p[1], -1, -2) / 2.0) @ p[2]),
        [("b", "n", "d"), ("b", "m", "d"), ("b", "m", "e")],
    ),
    "squares": (lambda p: np.mean((p[0] @ p[1] - p[2]) ** 2), [("n", "i"), ("i",), ("n",)]),
    "batch norm": (
        lambda p: np.sum(((p[0] - np.mean(p[0], axis=0)) / np.sqrt(np.var(p[0], axis=0) + 1.0) * p[1]) ** 3),
        [("n", "i"), ("i",)],
    ),
    "distances": (lambda p: np.sum((p[0][:, None] - p[1][None]) ** 2), [("n", "d"), ("m", "d")]),
    "a quadratic form": (lambda p: p[0] @ p[1] @ p[0], [("n",), ("n", "n")]),
    "einsum": (lambda p: np.sum(np.tanh(np.einsum("bij,bjk->bik", p[0], p[1]))), [("b", "i", "j"), ("b", "j", "k")]),
    "a sum, twice": (lambda p: np.sum(np.sum(p[0]) * p[0]), [("n", "m")]),
    "units": (lambda p: np.sum(p[0].T) - np.sum(p[0] - p[1]), [("n", "m"), ("m",)]),
}


@pytest.mark.parametrize("name", SYMBOLIC)
def test_formulas_count_what_is_executed_at_any_sizes(name):
    f, shapes = SYMBOLIC[name]
    names = sorted({size for shape in shapes for size in shape})
    random = np.random.default_rng(len(name))
    formulas = {method: oc.gradient(f, [oc.spec(shape) for shape in shapes], method).phases for method in oc.METHODS}
    for _ in range(2):
        sizes = {name: int(random.integers(2, 5)) for name in names}
        x = [draw(*(sizes[size] for size in shape), seed=place) for place, shape in enumerate(shapes)]
        for method, phases in formulas.items():
            executed = oc.gradient(f, x, method).phases
            for phase, formula in phases.items():
                assert at(formula, sizes) == executed[phase], f"{phase} by {method} at {sizes}"


def at(formula: oc.Counts, sizes: dict[str, int]) -> oc.Counts:
    used = {str(symbol) for number in formula.values() for symbol in getattr(number, "free_symbols", ())}
    return formula.at(**{name: size for name, size in sizes.items() if name in used}) if used else formula
