"""Specs whose sizes are names: counts are formulas, and hold at every size."""

from __future__ import annotations

import random

import numpy as np
import pytest
import sympy
from hypothesis import given

import opcount as oc
from opcount.counting.symbolic import are_numbers
from opcount.functions.rows import function_named
from tests.support import rows
from tests.support.calls import CALLS
from tests.support.draws import OUT
from tests.support.ground_truth import outcome, replaced
from tests.support.specs import MK, NM, NN, SAMPLES, V, X, form

# --- sizes that are names


N, M, K = sympy.symbols("n m k")
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


NAMES = {2: "p", 3: "q", 4: "r", 5: "s", 6: "t", 7: "u", 8: "v"}


def named(value):
    """An array as a spec, of which each size has a name, whatever it is; the sizes 0 and 1 stay what they are."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiubc":
        return oc.spec(tuple(NAMES.get(size, size) for size in value.shape), value.dtype)
    return value


@pytest.mark.parametrize("name", [name for name in CALLS if function_named(name) is not None])
def test_a_function_counts_for_names_what_it_executes_or_refuses(name):
    @SAMPLES
    @given(CALLS[name])
    def check(call):
        call = call[0], {key: value for key, value in call[1].items() if value is not OUT}
        with np.errstate(all="ignore"):
            with oc.count() as real:
                everything = replaced(call, lambda x: oc.wrap(x) if isinstance(x, np.ndarray) else x)
                expected, _ = outcome(function_named(name), *everything)
            with oc.count() as tally:
                found, _ = outcome(function_named(name), *replaced(call, named))
        if isinstance(expected, Exception) or isinstance(found, oc.OpcountError):
            return
        assert not isinstance(found, Exception), found
        sizes = {NAMES[size]: size for size in NAMES}
        used = {str(symbol) for number in tally.counts.values() for symbol in getattr(number, "free_symbols", ())}
        assert tally.counts.at(**{size: sizes[size] for size in used}) == real.counts

    check()


# --- counts that are polynomials


def _product():
    return oc.measure(lambda a, b: a @ b, oc.spec(NM), oc.spec(MK)).counts


def test_a_product_of_square_matrices():
    counts = oc.measure(lambda a, b: a @ b, oc.spec(NN), oc.spec(NN)).counts
    assert counts.mul == sympy.Symbol("n") ** 3 and counts.add == N**3 - N**2
    assert counts.mul.subs({"n": 5}) == 125
    assert repr(counts) == "Counts({'mul': n**3, 'add': n**3 - n**2})"


def test_counts_of_polynomials_have_the_algebra_and_the_views_of_counts():
    counts = _product()
    assert counts.total == 2 * N * M * K - N * K and counts.flops() == counts.total
    assert counts.flops(multiply_add=1) == N * M * K
    assert counts + counts == 2 * counts == counts * 2 and counts - counts == oc.Counts() and not counts - counts
    assert N * oc.Counts(mul=2) == oc.Counts(mul=2 * N) == oc.Counts(mul=1) * (2 * N)
    assert counts.weighted({"mul": 3, "additive": 1}) == 4 * N * M * K - N * K
    assert counts.groups()["multiplicative"] == counts.multiplicative == N * M * K
    assert counts.to_dict() == {"mul": N * M * K, "add": N * M * K - N * K} == counts
    assert counts.to_json() == '{"mul": "k*m*n", "add": "k*m*n - k*n"}'
    assert counts.to_pandas()["mul"] == N * M * K
    assert "k*m*n - k*n" in str(counts) and "k*m*n - k*n" in counts._repr_html_()
    assert oc.Counts(mul=N * (N + 1)).mul == N**2 + N and oc.Counts(mul=N * (N + 1)) == {"mul": N + N**2}
    assert hash(counts) == hash(_product()) and oc.Counts(counts) == counts
    assert type(oc.Counts(mul=(N + 1) - N).mul) is int and oc.Counts(mul=N - N) == {}
    assert oc.Counts(mul=sympy.Integer(3)).mul == 3


def test_an_order_is_given_where_it_holds_for_all_sizes():
    assert oc.Counts(mul=N**2) >= oc.Counts(mul=2 * N) and oc.Counts(mul=N) < oc.Counts(mul=N + 1)
    assert not oc.Counts(mul=N + 1) <= oc.Counts(mul=N) and oc.Counts(mul=N) <= oc.Counts(mul=N)
    with pytest.raises(oc.InvalidValue, match=r"whether n is more than 3 depends on the sizes"):
        assert oc.Counts(mul=N) <= oc.Counts(mul=3)


def test_counts_at_sizes():
    assert _product().at(n=2, m=3, k=4) == {"mul": 24, "add": 16}
    assert all(type(number) is int for number in _product().at(n=2, m=3, k=4).values())
    assert oc.Counts(mul=3).at() == {"mul": 3}
    for values, error, message in [
        ({"n": 2}, oc.InvalidValue, "k, m of k\\*m\\*n has no value"),
        ({"n": 2, "m": 3, "k": 4, "l": 5}, oc.InvalidValue, "no size of these counts: l; they have k, m, n"),
        ({"n": 1, "m": 3, "k": 4}, oc.InvalidValue, "n is 1, and the counts hold for sizes from 2 on"),
        ({"n": 2.0, "m": 3, "k": 4}, oc.InvalidType, "n must be an integer"),
    ]:
        with pytest.raises(error, match=message):
            _product().at(**values)


def test_regions_nest_and_budgets_want_numbers():
    with oc.count() as tally:
        with oc.region("inside"):
            V * 2.0
        V + V
    assert tally.regions["inside"] == {"mul": N} and tally.counts == {"mul": N, "add": N}
    with oc.count(budget=100), pytest.raises(oc.InvalidValue, match="a budget is a number, and n operations are none"):
        V + 1.0
    with oc.count(budget=100) as tally:
        X + 1.0
        with pytest.raises(oc.BudgetExceeded):
            oc.spec(89) + 1.0
    assert tally.counts == {"add": 12}


# --- the checks are checked


def test_a_wrong_formula_is_caught():
    right = rows.rule_of("convolve")

    def one_more_where_sizes_are_names(a, v):
        counts = right(a, v)
        return counts if are_numbers((*a.shape, *v.shape)) else {**counts, "add": counts["add"] + 1}

    with rows.corrupted("convolve", counts=one_more_where_sizes_are_names), pytest.raises(AssertionError):
        test_a_formula_is_the_count_at_every_size("convolve")
