"""Programs written twice, in PyTorch and in NumPy: the same counts, and the same values; fixed ones and random ones."""

from __future__ import annotations

import random

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: make test-torch")

import opcount as oc  # noqa: E402
from opcount.sources import torch as octo  # noqa: E402
from opcount.sources.torch import modes  # noqa: E402
from opcount.sources.torch.elementwise import each  # noqa: E402
from opcount.sources.torch.rows import overload  # noqa: E402
from opcount.sources.torch.rules import ROWS  # noqa: E402
from tests.support.faults import planted  # noqa: E402

UNARY = {
    "abs": np.abs, "acos": np.arccos, "acosh": lambda x: np.arccosh(x), "asin": np.arcsin, "asinh": np.arcsinh,
    "atan": np.arctan, "atanh": np.arctanh, "ceil": np.ceil, "cos": np.cos, "cosh": np.cosh, "deg2rad": np.deg2rad,
    "exp": np.exp, "exp2": np.exp2, "expm1": np.expm1, "floor": np.floor, "isinf": np.isinf, "isnan": np.isnan,
    "isfinite": None, "log": np.log, "log10": np.log10, "log1p": np.log1p, "log2": np.log2,
    "logical_not": np.logical_not,     "neg": np.negative, "rad2deg": np.rad2deg,
    "reciprocal": np.reciprocal, "round": np.rint, "sign": np.sign,
    "signbit": np.signbit, "sin": np.sin, "sinh": np.sinh, "sqrt": np.sqrt, "square": np.square, "tan": np.tan,
    "tanh": np.tanh, "trunc": np.trunc, "nan_to_num": np.nan_to_num, "sinc": np.sinc, "sum": np.sum, "prod": np.prod,
    "mean": np.mean, "amax": np.max, "amin": np.min, "argmax": np.argmax, "argmin": np.argmin, "all": np.all,
    "any": np.any, "count_nonzero": np.count_nonzero, "nansum": np.nansum, "trace": np.trace,
    "diff": lambda x: np.diff(x),
    "flip": None, "diag": None,
}  # fmt: skip

BINARY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "floor_divide": np.floor_divide,
    "remainder": np.remainder, "fmod": np.fmod, "pow": np.power, "atan2": np.arctan2, "hypot": np.hypot,
    "copysign": np.copysign, "maximum": np.maximum, "minimum": np.minimum, "fmax": np.fmax, "fmin": np.fmin,
    "logaddexp": np.logaddexp, "logaddexp2": np.logaddexp2, "heaviside": np.heaviside, "nextafter": np.nextafter,
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
    "logical_and": np.logical_and, "logical_or": np.logical_or, "logical_xor": np.logical_xor, "matmul": np.matmul,
    "outer": None, "inner": np.inner, "kron": np.kron,
}  # fmt: skip

PROGRAMS = {
    "axes": (lambda x: x.sum((0, 1)) + x.mean(0).amax(), lambda x: np.sum(x, (0, 1)) + np.max(np.mean(x, 0))),
    "kept": (lambda x: x / x.sum(1, keepdim=True), lambda x: x / np.sum(x, 1, keepdims=True)),
    "var": (lambda x: x.var(0, correction=0), lambda x: np.var(x, 0)),
    "std": (lambda x: x.std(1), lambda x: np.std(x, 1, ddof=1)),
    "cumsum": (lambda x: x.cumsum(1), lambda x: np.cumsum(x, 1)),
    "cumprod": (lambda x: x.cumprod(0), lambda x: np.cumprod(x, 0)),
    "norm": (torch.linalg.norm, np.linalg.norm),
    "norm 1": (lambda x: torch.linalg.vector_norm(x, 1, 1), lambda x: np.linalg.norm(x, 1, 1)),
    "norm inf": (lambda x: torch.linalg.vector_norm(x[0], float("-inf")), lambda x: np.linalg.norm(x[0], -np.inf)),
    "clip": (lambda x: x.clamp(0.2, 0.5), lambda x: np.clip(x, 0.2, 0.5)),
    "x ** 3": (lambda x: x**3, lambda x: x**3),
    "x ** -2": (lambda x: x**-2, lambda x: x**-2),
    "x ** 0.5": (lambda x: x**0.5, lambda x: x**0.5),
    "2 ** x": (lambda x: 2.0**x, lambda x: 2.0**x),
    "x ** data": (lambda x: x ** torch.tensor([1, 2, 3]), lambda x: x ** np.array([1, 2, 3])),
    "x ** x": (lambda x: x**x, lambda x: x**x),
    "in place": (lambda x: x.mul_(x).add_(1).sqrt_(), lambda x: in_place(x)),
    "mask": (lambda x: (x > 0.3).sum() * x, lambda x: np.sum(x > 0.3) * x),
    "where": (lambda x: torch.where(x > 0.3, x, 0.0) * 2, lambda x: np.where(x > 0.3, x, 0.0) * 2),
    "logic": (lambda x: (x > 0.3) & ~(x > 0.6) | (x == 1), lambda x: (x > 0.3) & ~(x > 0.6) | (x == 1)),
    "moved": (lambda x: torch.cat([x, x.T.flip(0).reshape(3, 3)]).roll(1, 0)[1:3] * 2,
              lambda x: np.roll(np.concatenate([x, np.flip(x.T, 0).reshape(3, 3)]), 1, 0)[1:3] * 2),
    "einsum": (lambda x: torch.einsum("ij,jk->ik", x, x), lambda x: np.einsum("ij,jk->ik", x, x)),
    "batch": (lambda x: torch.matmul(x.expand(2, 3, 3), x), lambda x: np.matmul(np.broadcast_to(x, (2, 3, 3)), x)),
    "vector": (lambda x: x @ x[0] + torch.dot(x[0], x[1]), lambda x: x @ x[0] + np.dot(x[0], x[1])),
    "inv": (torch.linalg.inv, np.linalg.inv),
    "cholesky": (lambda x: torch.linalg.cholesky(x + 9 * torch.eye(3, dtype=x.dtype) - x + x.detach() * 0),
                 lambda x: np.linalg.cholesky(x + 9 * np.eye(3) - x + x * 0)),
    "qr": (lambda x: torch.linalg.qr(x)[0], lambda x: np.linalg.qr(x)[0]),
    "solve": (lambda x: torch.linalg.solve(x, x[0]), lambda x: np.linalg.solve(x, x[0])),
    "solve data": (lambda x: torch.linalg.solve(torch.eye(3, dtype=x.dtype) * 2, x),
                   lambda x: np.linalg.solve(np.eye(3) * 2, x)),
    "sort": (lambda x: x.sort(1).values, lambda x: np.sort(x, 1)),
    "cross": (lambda x: torch.linalg.cross(x, x.flip(0)), lambda x: np.cross(x, np.flip(x, 0))),
    "round": (lambda x: x.round(decimals=2), lambda x: np.round(x, 2)),
    "trapezoid": (lambda x: torch.trapezoid(x, dim=1).sum(), None),
}  # fmt: skip


def in_place(x):
    x *= x
    x += 1
    return np.sqrt(x, out=x)


def given():
    rng = np.random.default_rng(0)
    return rng.uniform(0.1, 0.9, (3, 3))


def check(in_torch, in_numpy, *arrays):
    found, expected = octo.measure(in_torch, *arrays), oc.measure(in_numpy, *arrays)
    assert found.counts == expected.counts
    value = found.value.numpy() if isinstance(found.value, torch.Tensor) else found.value
    np.testing.assert_allclose(np.asarray(value, float), np.asarray(expected.value, float), rtol=1e-6, atol=1e-12)


@pytest.mark.filterwarnings("ignore:invalid value", "ignore:.*Arrays of 2-dimensional vectors")
@pytest.mark.parametrize("name", [name for name, twin in UNARY.items() if twin])
def test_unary(name):
    x = given() + (1 if name == "acosh" else 0)
    check(getattr(torch, name), UNARY[name], x)


@pytest.mark.parametrize("name", [name for name, twin in BINARY.items() if twin])
def test_binary(name):
    x = given()
    check(getattr(torch, name), BINARY[name], x, x.T.copy())


@pytest.mark.parametrize("name", [name for name, twins in PROGRAMS.items() if twins[1]])
def test_programs(name):
    check(*PROGRAMS[name], given())


def test_only_what_depends_counts_in_both():
    data = given()
    check(lambda x: x @ (torch.from_numpy(data) * 2) + 1, lambda x: x @ (data * 2) + 1, given())


# --- random programs

STEPS = (
    (lambda a, b: a + b, lambda a, b: a + b),
    (lambda a, b: a * b, lambda a, b: a * b),
    (lambda a, b: a - 0.5 * b, lambda a, b: a - 0.5 * b),
    (lambda a, b: a / (1 + b * b), lambda a, b: a / (1 + b * b)),
    (lambda a, b: torch.tanh(a), lambda a, b: np.tanh(a)),
    (lambda a, b: torch.exp(-(a * a)), lambda a, b: np.exp(-(a * a))),
    (lambda a, b: a @ b, lambda a, b: a @ b),
    (lambda a, b: a.T, lambda a, b: a.T),
    (lambda a, b: torch.maximum(a, b), lambda a, b: np.maximum(a, b)),
    (lambda a, b: torch.where(a > b, a, b), lambda a, b: np.where(a > b, a, b)),
    (lambda a, b: a - a.mean(0, keepdim=True), lambda a, b: a - np.mean(a, 0, keepdims=True)),
    (lambda a, b: a / torch.linalg.vector_norm(b), lambda a, b: a / np.linalg.norm(b)),
    (lambda a, b: a.clamp(-1, 1) ** 3, lambda a, b: np.clip(a, -1, 1) ** 3),
    (lambda a, b: torch.cat([a[:1], b[1:]]), lambda a, b: np.concatenate([a[:1], b[1:]])),
    (lambda a, b: a.flip(0).cumsum(1), lambda a, b: np.cumsum(np.flip(a, 0), 1)),
    (lambda a, b: torch.var(a, 0, correction=0) + b, lambda a, b: np.var(a, 0) + b),
)


def random_program(seed, which):
    rng = random.Random(seed)
    drawn = [(rng.choice(STEPS)[which], rng.random(), rng.random()) for _ in range(rng.randint(3, 12))]

    def program(x):
        values = [x, DATA[which]]  # data is among the operands
        for step, first, second in drawn:
            values.append(step(values[int(first * len(values))], values[int(second * len(values))]))
        return values[-1] + x

    return program


DATA = (torch.full((3, 3), 0.25, dtype=torch.float64), np.full((3, 3), 0.25))


@pytest.mark.parametrize("seed", range(60))
def test_random_programs(seed):
    check(random_program(seed, 0), random_program(seed, 1), given())


def test_a_wrong_row_is_seen_by_random_programs():
    wrong = {overload("tanh"): each("sinh", "self")}
    with planted(modes, ROWS={**ROWS, **wrong}), pytest.raises(AssertionError):
        all(test_random_programs(seed) is None for seed in range(60))
