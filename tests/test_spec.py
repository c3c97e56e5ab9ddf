"""Specs: what a function gives and counts for shapes alone is what it gives and counts for arrays of these shapes."""

from __future__ import annotations

import random
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import sympy
import test_numpy_rules as table
from hypothesis import given, settings

import opcount as oc
from opcount import blanks
from opcount.numpy_rules import function_named

ROOT = Path(__file__).parents[1]
SAMPLES = settings(table.RANDOM, max_examples=12)


def spec_of(leaf):
    return oc.spec(leaf.shape, leaf.dtype) if isinstance(leaf, np.ndarray) else oc.wrap(leaf)


def form(result):
    """The shape and dtype of a result, of each part of it; a number has the shape ()."""
    result = oc.unwrap(result)
    if isinstance(result, (tuple, list)):
        return [type(result), *map(form, result)]
    if result is None or isinstance(result, (type, np.dtype, str)):
        return result
    if isinstance(result, (int, float, complex, np.generic)):
        result = np.asarray(result)
    return result.shape, result.dtype


def needs_values(error):
    return isinstance(error, oc.Uncounted) and "a spec has no values" in str(error)


def compared(name, call, function):
    """A call on arrays and on specs, each subset of them wrapped in turn: the two agree, or specs say what they need."""
    args, keywords = call
    call = args, {key: value for key, value in keywords.items() if value is not table.OUT}
    for places in table.subsets(call, name):
        with oc.count() as real:
            arguments = table.replaced(call, table.wrapped_at(places, oc.wrap))
            expected, _ = table.outcome(function, *arguments)
        with oc.count(uncounted="record") as tally:
            arguments = table.replaced(call, table.wrapped_at(places, spec_of))
            found, _ = table.outcome(function, *arguments)
        assert tally.uncounted == ()
        if needs_values(found) and not isinstance(expected, Exception):
            assert name in NEED_VALUES, f"{places}: {found}"
            continue
        if "negative integer powers" in str(expected):  # an error by value
            continue
        if isinstance(expected, Exception):
            assert isinstance(found, Exception), (expected, found)
            assert tally.counts == oc.Counts()
            continue
        assert not isinstance(found, Exception), found
        assert tally.counts == real.counts
        assert form(found) == form(expected)


A_MASK = "where= selects by value"
PLACES = "places are found by value"
TRUTH = "what it gives is, or has as many elements as, truths by value"
BRANCHES = "NumPy branches on values"
NEED_VALUES = {
    **dict.fromkeys(["sum", "prod", "max", "amax", "min", "amin", "mean", "var", "std", "any", "all"], A_MASK),
    **dict.fromkeys(["nansum", "nanprod", "nanmax", "nanmin", "nanmean", "nanvar", "nanstd", "clip"], A_MASK),
    **dict.fromkeys(
        ["argmax", "argmin", "nanargmax", "nanargmin", "nonzero", "flatnonzero", "argwhere", "where"], PLACES
    ),
    **dict.fromkeys(["trim_zeros", "compress", "extract", "place", "allclose", "array_equal", "array_equiv"], TRUTH),
    **dict.fromkeys(["linspace", "geomspace", "logspace", "polymul", "interp", "piecewise"], BRANCHES),
    "isclose": "tolerances may be infinite, of which NumPy warns",
    "gradient": "places along an axis may be evenly spaced, which is another formula",
    "average": "weights may sum to zero, which NumPy refuses",
    "cov": "weights may sum to zero, or be negative, which NumPy refuses",
}
"""The functions that refuse some or all calls on specs, and why."""


@pytest.mark.parametrize("name", [name for name in table.CALLS if function_named(name) is not None])
def test_a_function_counts_the_same_for_shapes_alone(name):
    @SAMPLES
    @given(table.CALLS[name])
    def check(call):
        compared(name, call, function_named(name))

    check()


@pytest.mark.parametrize(("name", "method"), table.METHODS)
def test_a_ufunc_counts_the_same_for_shapes_alone(name, method):
    ufunc = getattr(np, name)

    @SAMPLES
    @given(table.UFUNC_CALLS[method](ufunc))
    def check(call):
        compared({"__call__": "where", "at": "at"}.get(method, "sum"), call, getattr(ufunc, method))

    check()


@pytest.mark.parametrize("name", table.GENERALIZED)
def test_a_product_counts_the_same_for_shapes_alone(name):
    @SAMPLES
    @given(table.generalized_calls(name))
    def check(call):
        compared(name, call, table.GENERALIZED[name])

    check()


NO_SHAPE = {
    "array2string": PLACES, "array_repr": PLACES, "array_str": PLACES, "min_scalar_type": BRANCHES,
    "shares_memory": "it has no memory", "may_share_memory": "it has no memory",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in table.FREE_CALLS if function_named(name) is not None])
def test_what_moves_data_is_free_for_shapes_alone(name):
    expected = table.FREE_CALLS[name](oc.wrap(table.A))
    with oc.count(uncounted="record") as tally:
        found, _ = table.outcome(table.FREE_CALLS[name], (spec_of(table.A),), {})
    assert tally.counts == oc.Counts() and tally.uncounted == ()
    if name in NO_SHAPE:
        assert needs_values(found)
    else:
        assert form(found) == form(expected)


# --- sizes that are names

N, M, K = sympy.symbols("n m k")
NN, NM, MK, KN = ("n", "n"), ("n", "m"), ("m", "k"), ("k", "n")
FORMULAS = {
    "matmul": (lambda a, b: a @ b, NM, MK),
    "batched matmul": (lambda a, b: a @ b, ("b", "n", "m"), MK),
    "matrix by vector": (lambda a, x: a @ x, NM, "m"),
    "layer": (lambda x, w, b: np.maximum(np.tanh(x @ w + b), 0.0), NM, MK, "k"),
    "attention": (
        lambda q, k, v: (lambda e: (e / np.sum(e, axis=-1, keepdims=True)) @ v)(np.exp(q @ k.T - np.max(q @ k.T))),
        NM, NM, NM,
    ),
    "dot": (np.dot, NM, MK), "inner": (np.inner, NM, ("k", "m")), "outer": (np.outer, "n", "m"),
    "vdot": (np.vdot, NM, NM), "kron": (np.kron, NM, MK), "tensordot": (lambda a, b: np.tensordot(a, b, 1), NM, MK),
    "tensordot axes": (lambda a, b: np.tensordot(a, b, ([0, 1], [1, 0])), NM, ("m", "n", 3)),
    "einsum": (lambda a, b: np.einsum("ij,jk->ik", a, b), NM, MK),
    "einsum, the other spelling": (lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [2]), NM, MK),
    "einsum of a trace": (lambda a: np.einsum("ii->", a), NN),
    "multi_dot": (lambda a: np.linalg.multi_dot([a, a, a]), NN),
    "matrix_power": (lambda a: np.linalg.matrix_power(a, 5), NN),
    "sum": (lambda a: a.sum() + a.sum(axis=0) + np.sum(a, axis=1, keepdims=True), NM),
    "sum from": (lambda a: np.sum(a, axis=1, initial=1.0), NM),
    "prod": (np.prod, NM), "max": (lambda a: np.max(a, axis=(0, 1)), NM), "min": (lambda a: a.min(1), NM),
    "mean": (lambda a: a.mean(axis=0), NM), "var": (np.var, NM), "std": (lambda a: np.std(a, 1, ddof=1), NM),
    "ptp": (np.ptp, NM), "any": (lambda a: np.any(a, axis=0), NM), "count_nonzero": (np.count_nonzero, NM),
    "trace": (np.trace, NN), "cumsum": (np.cumsum, NM), "cumprod": (lambda a: np.cumprod(a, 1), NM),
    "accumulate": (lambda a: np.multiply.accumulate(a, 1), NM), "reduce": (np.multiply.reduce, NM),
    "ufunc outer": (np.subtract.outer, "n", MK), "average": (np.average, NM),
    "diff": (lambda a: np.diff(a, axis=0), NM),
    "norm": (np.linalg.norm, NM), "norm of rows": (lambda a: np.linalg.norm(a, 1, axis=1), NM),
    "matrix norm": (lambda a: np.linalg.norm(a, np.inf), NM), "cross": (np.cross, ("n", 3), ("n", 3)),
    "solve": (np.linalg.solve, NN, NM), "inv": (np.linalg.inv, NN), "det": (np.linalg.det, NN),
    "slogdet": (np.linalg.slogdet, ("m", "n", "n")), "qr": (np.linalg.qr, ("n + m", "n")),
    "qr complete": (lambda a: np.linalg.qr(a, "complete"), NN), "qr of a wide one": (np.linalg.qr, ("n", "n + m")),
    "cholesky": (lambda a: np.linalg.cholesky(a @ a.T), NN),
    "power": (lambda a: a**3 + a**-2 + a**0.5, NM), "comparison": (lambda a: (a > 0).sum() + 1.0, NM),
    "where": (lambda a: np.where(a > 0, a, 0.0) * 2, NM), "clip": (lambda a: np.clip(a, 0.0, 1.0), NM),
    "round": (lambda a: np.round(a, 2), NM), "modf": (np.modf, NM), "divmod": (lambda a: divmod(a, 2.0), NM),
    "reshape": (lambda a: a.reshape(-1, 2) * 2.0 + a.ravel().sum(), ("2*n", "m")),
    "reshape to a name": (lambda a: a.reshape(a.shape[1], a.shape[0], 1) * 2.0, NM),
    "concatenate": (lambda a, b: np.concatenate([a, b], axis=1) * 2.0, NM, ("n", "k")),
    "stacks": (lambda a: np.stack([a, a]) * np.vstack([a, a])[: a.shape[0]] * np.hstack([a, a])[:, : a.shape[1]], NM),
    "repeat": (lambda a: np.repeat(a, 3, 0) * np.tile(a, (3, 1)), NM), "pad": (lambda a: np.pad(a, 1) * 2.0, NM),
    "stencil": (lambda a: a[:-1, 1:] - a[1:, :-1] + a[:-1, :-1] * a[0, 1:] * a[1:, 0][:, None], NM),
    "a window": (lambda a: a[1:-1] * 2.0, NM), "convolve": (np.convolve, "n", "m"),
    "axes": (lambda a: a.T.swapaxes(0, 1)[None] * np.expand_dims(np.flip(a), 0) + np.moveaxis(a, 0, 1).T, NM),
    "diagonal": (lambda a: np.diagonal(a) * np.diag(a), NN), "triangle": (lambda a: np.tril(a) * np.triu(a, 1), NM),
    "meshgrid": (lambda x, y: np.multiply(*np.meshgrid(x, y)), "n", "m"),
    "zeros_like": (lambda a: np.zeros_like(a) + np.ones_like(a) * np.full_like(a, 2.0), NM),
    "gradient": (np.gradient, "n"), "trapezoid": (np.trapezoid, NM), "isclose": (lambda a: np.isclose(a, 1.0), NM),
    "polyval": (lambda x: np.polyval([1.0, 2.0, 3.0], x), "n"), "nanmean": (lambda a: np.nanmean(a, 0), NM),
    "assignment": (lambda a: _written(a), NM), "complex": (lambda a: (a * 1j) @ (a * 1j).T, NM),
}  # fmt: skip


def _written(a):
    out = np.zeros_like(a)
    out[0] = a[0] * 2.0
    out += a
    return out


def _numbers(shape, sizes):
    shape = shape if isinstance(shape, tuple) else (shape,)
    return tuple(int(sympy.sympify(size).subs(sizes)) for size in shape)


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_is_the_count_at_every_size(name):
    f, *shapes = FORMULAS[name]
    with np.errstate(all="ignore"):
        value, counts = oc.measure(f, *map(oc.spec, shapes))
        drawn = random.Random(name)
        for _ in range(5):
            sizes = {size: drawn.randint(2, 5) for size in "nmkb"}
            concrete = [_numbers(shape, sizes) for shape in shapes]
            rng = np.random.default_rng(drawn.randint(0, 99))
            arrays = [rng.random(shape) + (9 * np.eye(*shape[-2:]) if len(shape) > 1 else 0.5) for shape in concrete]
            real = oc.measure(f, *arrays)
            names = {str(symbol) for number in counts.values() for symbol in getattr(number, "free_symbols", ())}
            assert counts.at(**{size: sizes[size] for size in names}) == real.counts
            assert oc.measure(f, *map(oc.spec, concrete)).counts == real.counts
            assert _at(value, sizes) == form(real.value)
    for number in counts.values():
        assert number == sympy.expand(number)


def _at(value, sizes):
    found = form(value)
    if not isinstance(value, (tuple, list)):
        return _numbers(found[0], sizes), found[1]
    return [found[0], *((_numbers(shape, sizes), dtype) for shape, dtype in found[1:])]
