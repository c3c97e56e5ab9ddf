"""Functions of arrays to differentiate: a table by families.

A case is written once, as a function of (np, p): with NumPy for opcount, with jax.numpy for the oracle.
It gives an array, and a readout makes the one number of it that is differentiated. The readouts are what
decides which derivatives are structural: the weighted sum has a number for each element, the others have
ones, minus ones and zeros inside arrays.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from opcount.wrapping.operations import OPERATIONS

Function = Callable[[Any, Any], Any]


class Case(NamedTuple):
    """A function of (np, p), the p at which it is differentiated, and what JAX is asked instead of it."""

    f: Function
    x: Any
    oracle: Function | None = None
    part: tuple[str, str | None] | None = None  # the case, and the part of its gradient, that this one's gradient is


def draw(*shape: int, low: float = -1.5, high: float = 1.5, seed: int = 0) -> Any:
    """Numbers without ties, the same for the same arguments."""
    random = np.random.default_rng([seed, *shape])
    return random.uniform(low, high, shape) if shape else random.uniform(low, high)


def shape_of(y: Any) -> Any:
    return getattr(y, "shape", ())  # a number of opcount's has none


def weights(shape: tuple[int, ...]) -> Any:
    return np.cos(1.0 + np.arange(math.prod(shape))).reshape(shape)


# --- readouts


def weighted(np: Any, y: Any) -> Any:
    return np.sum(y * weights(shape_of(y))) if shape_of(y) else y * math.cos(1.0)


def ones(np: Any, y: Any) -> Any:
    return np.sum(y) if shape_of(y) else y


def signs(np: Any, y: Any) -> Any:
    """Ones, minus ones and, in every third place, zeros and sums of two of them."""
    if not shape_of(y):
        return y - y * y
    flat = np.ravel(y)
    return np.sum(flat[::3]) - np.sum(flat[1:]) + np.sum(flat[2::2])


def partly(np: Any, y: Any) -> Any:
    """Numbers at every other place, ones at a few, zeros elsewhere; some of it twice."""
    if not shape_of(y):
        return y * y + y
    flat = np.ravel(y)
    return np.sum(flat[::2] * weights((len(flat[::2]),))) + np.sum(flat[-1:]) - np.sum(flat[: len(flat) // 3] ** 2)


READOUTS = {"weighted": weighted, "ones": ones, "signs": signs, "partly": partly}


def loss(f: Function, np: Any, readout: Any = weighted) -> Callable[[Any], Any]:
    return lambda p: readout(np, f(np, p))


# --- one operation for each element


def written(name: str) -> Callable[[Any], Callable[..., Any]]:
    """A primitive as a user writes it, with an operator where there is one."""
    spelled = {
        "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "neg": operator.neg,
        "floordiv": operator.floordiv, "mod": operator.mod, "abs": abs, "pow": operator.pow,
    }  # fmt: skip
    return lambda np: spelled.get(name) or getattr(np, {"round": "rint"}.get(name, name))


SHAPES = [
    ((3, 4), (3, 4)), ((3, 4), (4,)), ((3, 4), (3, 1)), ((3, 4), ()), ((4,), (3, 4)), ((3, 1), (3, 4)), ((), (3, 4)),
    ((3, 1), (4,)), ((4,), (3, 1)), ((1, 4), (3, 1)), ((4,), ()), ((), ()), ((1,), (3, 1)),
]  # fmt: skip
"""How two operands meet: () is a number."""


def operand(name: str, place: int, shape: tuple[int, ...]) -> Any:
    low, high = OPERATIONS[name].domain[place]
    return draw(*shape, low=low, high=high, seed=place + 1)


def elementwise_cases() -> dict[str, Case]:
    cases = {}
    for name, row in OPERATIONS.items():
        if len(row.domain) == 1:
            for shape in ((3, 4), (2,), ()):
                x = operand(name, 0, shape)
                cases[f"{name} of {shape}"] = Case(lambda np, p, name=name: written(name)(np)(p), x)
        if len(row.domain) == 2:
            for first, second in SHAPES:
                a, b = operand(name, 0, first), operand(name, 1, second)
                cases[f"{name} of {first} and {second}"] = Case(
                    lambda np, p, name=name: written(name)(np)(p["a"], p["b"]), {"a": a, "b": b}
                )
                cases[f"{name} of {first} and data {second}"] = Case(
                    lambda np, p, name=name, b=b: written(name)(np)(p, b), a
                )
                cases[f"{name} of data {first} and {second}"] = Case(
                    lambda np, p, name=name, a=a: written(name)(np)(a, p), b
                )
    return cases


# --- everything else


A, B, V, W, S = draw(3, 4), draw(4, 2), draw(4), draw(3), draw(2, 3, 4)
T, Q, P = draw(2, 4, 3), draw(3, 3), draw(3, 4, low=0.3, high=2.0)
PAIR = {"a": A, "b": B}
VECTOR = draw(6)
MASK = np.array([[True, False, True, True], [False] * 4, [True, True, False, True]])
LABELS = np.array([1, 0, 3])


def products(name: str, a: tuple[int, ...], b: tuple[int, ...], spelled: str | None = None) -> dict[str, Case]:
    """A product of two arrays: both differentiated, either of them, and of a by a function of itself."""
    first, second = draw(*a), draw(*b, seed=1)

    def f(np: Any, x: Any, y: Any) -> Any:
        return operator.matmul(x, y) if name == "@" else getattr(np, name)(*([spelled] if spelled else []), x, y)

    called = f"{name} {spelled or ''} {a} {b}"
    return {
        called: Case(lambda np, p: f(np, p["a"], p["b"]), {"a": first, "b": second}),
        f"{called}, data right": Case(lambda np, p: f(np, p, second), first, part=(called, "a")),
        f"{called}, data left": Case(lambda np, p: f(np, first, p), second, part=(called, "b")),
    }


PRODUCTS: dict[str, Case] = {}
for _a, _b in [
    ((4,), (4,)), ((3, 4), (4,)), ((4,), (4, 2)), ((3, 4), (4, 2)), ((1, 4), (4, 1)), ((2, 3, 4), (4, 2)),
    ((3, 4), (2, 4, 2)), ((2, 3, 4), (2, 4, 2)), ((2, 3, 4), (1, 4, 2)), ((2, 1, 3, 4), (3, 4, 2)), ((4,), (2, 4, 2)),
    ((2, 3, 4), (4,)), ((1, 3, 4), (2, 4, 2)),
]:  # fmt: skip
    PRODUCTS |= products("@", _a, _b)
for _a, _b in [
    ((4,), (4,)), ((3, 4), (4,)), ((4,), (4, 2)), ((3, 4), (4, 2)), ((2, 3, 4), (4,)), ((2, 3, 4), (4, 2)),
    ((3, 4), (2, 4, 2)), ((), (3, 4)), ((3, 4), ()),
]:  # fmt: skip
    PRODUCTS |= products("dot", _a, _b)
for _name, _a, _b in [
    ("vecdot", (3, 4), (3, 4)), ("vecdot", (3, 4), (4,)), ("vecdot", (2, 3, 4), (3, 4)), ("vecdot", (4,), (4,)),
    ("matvec", (3, 4), (4,)), ("matvec", (2, 3, 4), (4,)), ("matvec", (3, 4), (2, 4)), ("matvec", (2, 3, 4), (2, 4)),
    ("vecmat", (3,), (3, 4)), ("vecmat", (2, 3), (3, 4)), ("vecmat", (2, 3), (2, 3, 4)),
    ("inner", (4,), (4,)), ("inner", (3, 4), (4,)), ("inner", (3, 4), (2, 4)), ("inner", (), (3, 4)),
    ("vdot", (4,), (4,)), ("vdot", (2, 3), (2, 3)), ("outer", (3,), (4,)), ("outer", (2, 2), (3,)),
    ("kron", (3,), (4,)), ("kron", (2, 3), (2, 2)), ("kron", (2,), (2, 2)), ("cross", (3,), (3,)),
    ("cross", (2, 3), (3,)), ("multiply", (3, 4), (3, 4)),
]:  # fmt: skip
    if hasattr(np, _name):  # matvec and vecmat came with NumPy 2.2
        PRODUCTS |= products(_name, _a, _b)
for _spelled, _a, _b in [
    ("ij,jk->ik", (3, 4), (4, 2)), ("ij,kj", (3, 4), (2, 4)), ("ij,ij->", (3, 4), (3, 4)), ("i,j->ij", (3,), (4,)),
    ("ij,j->ij", (3, 4), (4,)), ("ij,jk->ki", (3, 4), (4, 2)), ("ij,k->i", (3, 4), (2,)),
    ("bij,bjk->bik", (2, 3, 4), (2, 4, 2)),
    ("...ij,...jk->...ik", (2, 3, 4), (4, 2)), ("i...,i...->...", (3, 4), (3, 4)), ("ii,i->i", (3, 3), (3,)),
    ("ij,ji->", (3, 4), (4, 3)), ("i,i->", (4,), (4,)), ("ij,ik->jk", (3, 4), (3, 2)),
    ("ijk,jil->kl", (3, 2, 4), (2, 3, 2)),
    (" ij , jk -> ik ", (3, 4), (4, 2)), ("...,...->...", (3, 4), (4,)), ("ij,ij->ij", (3, 4), (1, 4)),
]:  # fmt: skip
    PRODUCTS |= products("einsum", _a, _b, _spelled)
PRODUCTS |= {
    "a matrix by its transpose": Case(lambda np, p: p @ p.T, A),
    "a transpose by its matrix": Case(lambda np, p: p.T @ p @ p[0], A),
    "three powers": Case(lambda np, p: p @ p @ p, Q),
    "linalg.multi_dot by hand": Case(lambda np, p: p["a"] @ p["b"] @ p["a"][:2, :], {"a": A, "b": B}),
    "matmul": Case(lambda np, p: np.matmul(p["a"], p["b"]), PAIR),
    "tensordot 1": Case(lambda np, p: np.tensordot(p["a"], p["b"], 1), PAIR),
    "tensordot 2": Case(lambda np, p: np.tensordot(p["a"], p["s"], 2), {"a": A, "s": draw(3, 4, 2)}),
    "tensordot 0": Case(lambda np, p: np.tensordot(p["a"], p["b"], 0), {"a": W, "b": B}),
    "tensordot axes": Case(lambda np, p: np.tensordot(p["s"], p["t"], axes=((0, 2), (0, 1))), {"s": S, "t": T}),
    "tensordot crossed": Case(lambda np, p: np.tensordot(p["s"], p["t"], axes=([1, 2], [2, 1])), {"s": S, "t": T}),
    "tensordot with itself": Case(lambda np, p: np.tensordot(p, p, axes=([0], [0])), A),
    "einsum of one": Case(lambda np, p: np.einsum("ij->j", p), A),
    "einsum that transposes": Case(lambda np, p: np.einsum("ijk->kij", p), S),
    "einsum that is a sum": Case(lambda np, p: np.einsum("ij->", p), A),
    "einsum of a diagonal": Case(lambda np, p: np.einsum("ii->i", p), Q),
    "einsum of a trace": Case(lambda np, p: np.einsum("ii", p), Q),
    "einsum with an ellipsis": Case(lambda np, p: np.einsum("...i->i...", p), S),
    "einsum in the other spelling": Case(lambda np, p: np.einsum(p["a"], [0, 1], p["b"], [1, 2], [0, 2]), PAIR),
    "einsum in the other spelling, no result": Case(lambda np, p: np.einsum(p["a"], [0, 1], p["b"], [1, 2]), PAIR),
    "einsum of three": Case(lambda np, p: np.einsum("ij,jk,i->k", p["a"], p["b"], p["w"]), PAIR | {"w": W}),
    "einsum of three, with data": Case(lambda np, p: np.einsum("ij,jk,i->k", A, p, W), B),
    "einsum of three, optimized": Case(
        lambda np, p: np.einsum("ij,jk,i->k", p["a"], p["b"], p["w"], optimize=True), PAIR | {"w": W}
    ),
    "einsum of four, greedy": Case(lambda np, p: np.einsum("ij,jk,kl,l->i", p, p, p, W, optimize="greedy"), Q),
    "einsum of two, optimized": Case(lambda np, p: np.einsum("ij,jk->ik", p["a"], p["b"], optimize=True), PAIR),
    "einsum of three with a diagonal": Case(lambda np, p: np.einsum("ii,ij,j->i", p, p, p[0]), Q),
}
AXES = {None: None, 0: None, 1: None, -1: None, (0, 1): None, (0, -1): None, (1,): 1, (0, 1, 2): "None", (-2,): 1}
"""Axes, and those that are the same ones in another spelling."""
REDUCTIONS: dict[str, Case] = {}
for _name in ("sum", "mean", "var", "std", "max", "min", "ptp", "prod"):
    for _axis, _same in AXES.items():
        if _name == "prod" and isinstance(_axis, tuple):
            continue
        for _keepdims in (False, True):
            _kept: dict[str, bool] = {"keepdims": True} if _keepdims else {}
            _part = f"{_name} {_same if _same else _axis}"
            REDUCTIONS[f"{_name} {_axis}{' kept' * _keepdims}"] = Case(
                lambda np, p, n=_name, a=_axis, k=_kept: getattr(np, n)(p, axis=a, **k),
                S,
                part=(_part, None) if _same or _keepdims else None,
            )
for _name in ("cumsum", "cumprod"):
    for _axis in (None, 0, 1, -1):
        REDUCTIONS[f"{_name} {_axis}"] = Case(lambda np, p, n=_name, a=_axis: getattr(np, n)(p, axis=a), A)
REDUCTIONS |= {
    "var with ddof": Case(lambda np, p: np.var(p, axis=0, ddof=1), A),
    "std with ddof": Case(lambda np, p: np.std(p, ddof=1), A),
    "trace": Case(lambda np, p: np.trace(p), Q),
    "trace of another diagonal": Case(lambda np, p: np.trace(p, 1), A),
    "trace of stacks": Case(lambda np, p: np.trace(p, axis1=1, axis2=2), S),
    "average": Case(lambda np, p: np.average(p, axis=0), A),
    "norm": Case(lambda np, p: np.linalg.norm(p), A),
    "norm of a vector": Case(lambda np, p: np.linalg.norm(p), V),
    "norm 1": Case(lambda np, p: np.linalg.norm(p, 1), V),
    "norm 2": Case(lambda np, p: np.linalg.norm(p, 2), V),
    "norm inf": Case(lambda np, p: np.linalg.norm(p, math.inf), V),
    "norm fro": Case(lambda np, p: np.linalg.norm(p, "fro"), A),
    "norm along an axis": Case(lambda np, p: np.linalg.norm(p, axis=1), A),
    "norm 1 along an axis, kept": Case(lambda np, p: np.linalg.norm(p, 1, axis=0, keepdims=True), A),
    "norm 1 of a matrix": Case(lambda np, p: np.linalg.norm(p, 1), A),
    "norm inf of a matrix": Case(lambda np, p: np.linalg.norm(p, math.inf), A),
    "sum of a list": Case(lambda np, p: sum(p), A),
    "add.reduce": Case(lambda np, p: np.add.reduce(p, 1), A),
    "add.reduce of all": Case(lambda np, p: np.add.reduce(p, axis=None), A),
    "multiply.reduce": Case(lambda np, p: np.multiply.reduce(p), A),
    "maximum.reduce": Case(lambda np, p: np.maximum.reduce(p, axis=1), A),
    "minimum.reduce": Case(lambda np, p: np.minimum.reduce(p), A),
    "add.accumulate": Case(lambda np, p: np.add.accumulate(p, axis=1), A),
    "multiply.accumulate": Case(lambda np, p: np.multiply.accumulate(p), V),
    "add.outer": Case(lambda np, p: np.add.outer(p["a"], p["b"]), {"a": W, "b": B}),
    "subtract.outer": Case(lambda np, p: np.subtract.outer(p, p), W),
    "multiply.outer": Case(lambda np, p: np.multiply.outer(p["a"], p["b"]), {"a": B, "b": W}),
    "multiply.outer with data": Case(lambda np, p: np.multiply.outer(W, p), V),
    "divide.outer": Case(lambda np, p: np.divide.outer(W, p), P, lambda np, p: W[:, None, None] / p),
    "diff": Case(lambda np, p: np.diff(p), A),
    "diff twice": Case(lambda np, p: np.diff(p, n=2, axis=1), A),
    "sum with initial": Case(lambda np, p: np.sum(p, axis=0, initial=2.0), A),
}
INDICES = {
    "an element": (1, 2), "a row": 1, "the last": -1, "a column": (slice(None), 2), "rows": slice(1, None),
    "every other": (slice(None), slice(None, None, 2)), "backwards": slice(None, None, -1),
    "backwards by two": (Ellipsis, slice(None, None, -2)), "a negative step inside": (slice(2, 0, -1), slice(1, 3)),
    "a new axis": (None, slice(None), None), "an ellipsis": (Ellipsis, 0), "an ellipsis first": (..., None, 1),
    "nothing": slice(0, 0), "all": (), "the whole": Ellipsis,
    "places": np.array([2, 0]), "places with repeats": np.array([0, 0, 2, 0]), "negative places": np.array([-1, 0]),
    "a matrix of places": np.array([[0, 1], [1, 1]]), "places of columns": (slice(None), np.array([3, 3, 0])),
    "pairs": (np.array([0, 2, 2]), np.array([1, 3, 3])),
    "pairs that broadcast": (np.array([[0], [2]]), np.array([1, 1])),
    "a mask": MASK, "a mask of rows": np.array([True, False, True]),
    "a mask of columns": (slice(None), np.array([False, True, True, False])),
    "places and a slice": (np.array([0, 0]), slice(1, 3)), "an integer and places": (1, np.array([0, 0, 3])),
    "a mask and places": (np.array([True, False, True]), np.array([1, 1])),
    "places and a new axis": (np.array([1, 1]), None),
    "no mask": np.zeros((3, 4), bool),
}  # fmt: skip
MOVES: dict[str, Case] = {f"index: {_name}": Case(lambda np, p, key=_key: p[key], A) for _name, _key in INDICES.items()}
MOVES |= {
    f"index of a stack: {_name}": Case(lambda np, p, key=_key: p[key], S)
    for _name, _key in {
        "places apart": (np.array([0, 1, 1]), slice(None), np.array([2, 2, 0])),
        "places together": (slice(None), np.array([0, 2, 2]), np.array([2, 2, 0])),
        "a mask in the middle": (0, np.array([True, False, True]), slice(None, None, -1)),
        "an ellipsis between": (1, ..., -1),
    }.items()
}
MOVES |= {
    "reshape": Case(lambda np, p: np.reshape(p, (2, 6)), A),
    "reshape -1": Case(lambda np, p: np.reshape(p, -1), A),
    "reshape -1 and 2": Case(lambda np, p: p.reshape(2, -1), A),
    "reshape order F": Case(lambda np, p: np.reshape(p, (2, 6), order="F"), A),
    "reshape order F, -1": Case(lambda np, p: p.reshape(-1, order="F"), A),
    "reshape a number": Case(lambda np, p: np.reshape(np.sum(p), (1, 1)), A),
    "ravel": Case(lambda np, p: np.ravel(p), A),
    "ravel order F": Case(lambda np, p: np.ravel(p, order="F"), A),
    "flatten": Case(lambda np, p: p.flatten(), A),
    "transpose": Case(lambda np, p: np.transpose(p), A),
    "transpose axes": Case(lambda np, p: np.transpose(p, (1, 2, 0)), S),
    "transpose negative axes": Case(lambda np, p: p.transpose(-1, 0, 1), S),
    "T": Case(lambda np, p: p.T, A),
    "mT": Case(lambda np, p: p.mT, S),
    "swapaxes": Case(lambda np, p: np.swapaxes(p, 0, -1), S),
    "moveaxis": Case(lambda np, p: np.moveaxis(p, 0, -1), S),
    "moveaxis of two": Case(lambda np, p: np.moveaxis(p, (0, 1), (-1, 0)), S),
    "rollaxis": Case(lambda np, p: np.rollaxis(p, 2), S),
    "expand_dims": Case(lambda np, p: np.expand_dims(p, 1), A),
    "expand_dims of two": Case(lambda np, p: np.expand_dims(p, (0, -1)), A),
    "squeeze": Case(lambda np, p: np.squeeze(p), draw(1, 3, 1)),
    "squeeze an axis": Case(lambda np, p: np.squeeze(p, axis=-1), draw(1, 3, 1)),
    "broadcast_to": Case(lambda np, p: np.broadcast_to(p, (2, 3, 4)), A),
    "broadcast_to of one column": Case(lambda np, p: np.broadcast_to(p, (3, 4)), draw(3, 1)),
    "broadcast_to of a number": Case(lambda np, p: np.broadcast_to(np.sum(p), (2, 2)), A),
    "concatenate": Case(lambda np, p: np.concatenate([p["a"], p["b"].T, p["a"]]), {"a": A, "b": draw(4, 1)}),
    "concatenate columns": Case(lambda np, p: np.concatenate([p, p * p], axis=1), A),
    "concatenate flat": Case(lambda np, p: np.concatenate([p["a"], p["b"]], axis=None), PAIR),
    "concatenate with ones": Case(lambda np, p: np.concatenate([p, np.ones((3, 1))], axis=1) ** 2, A),
    "concatenate with ones, tanh": Case(
        lambda np, p: np.tanh(np.concatenate([np.ones((3, 1)), p], axis=-1)) @ draw(5, 2), A
    ),
    "stack": Case(lambda np, p: np.stack([p, p * 2.0]), A),
    "stack last": Case(lambda np, p: np.stack([p, -p, np.sin(p)], axis=-1), A),
    "stack with data": Case(lambda np, p: np.stack([p, np.ones((3, 4))]) * p, A),
    "stack of numbers": Case(lambda np, p: np.stack([p[0, 0], p[1, 1] * p[0, 0]]), A),
    "hstack": Case(lambda np, p: np.hstack([p, p[:, :1]]), A),
    "hstack of vectors": Case(lambda np, p: np.hstack([p, np.zeros(2), p]), V),
    "vstack": Case(lambda np, p: np.vstack([p, p[0]]), A),
    "vstack of vectors": Case(lambda np, p: np.vstack([p, np.ones(4), p * p]), V),
    "dstack": Case(lambda np, p: np.dstack([p, p * p]), A),
    "column_stack": Case(lambda np, p: np.column_stack([p, p * p]), V),
    "append": Case(lambda np, p: np.append(p, 1.0), V),
    "atleast_2d": Case(lambda np, p: np.atleast_2d(p), V),
    "where": Case(lambda np, p: np.where(MASK, p, p * p), A),
    "where of zeros": Case(lambda np, p: np.where(MASK, p, 0.0), A),
    "where by value": Case(lambda np, p: np.where(p > 0, p, 0.1 * p), A),
    "where by value, then exp": Case(lambda np, p: np.exp(np.where(p > 0, p, 0.0)), A),
    "where that broadcasts": Case(lambda np, p: np.where(MASK, p["v"], p["w"][:, None]), {"v": V, "w": W}),
    "where of a number": Case(lambda np, p: np.where(MASK, p, np.sum(p)), A),
    "clip": Case(lambda np, p: np.clip(p, -0.5, 0.5), A),
    "clip below": Case(lambda np, p: np.clip(p, 0.0, None), A),
    "clip by arrays": Case(
        lambda np, p: np.clip(p["x"], p["low"], p["low"] + 1.0), {"x": A, "low": draw(4, low=-1.0, high=0.0)}
    ),
    "diag of a vector": Case(lambda np, p: np.diag(p), W),
    "diag of a matrix": Case(lambda np, p: np.diag(p), Q),
    "diag of another": Case(lambda np, p: np.diag(p, 1), A),
    "diagonal": Case(lambda np, p: np.diagonal(p, -1), A),
    "diagonal of stacks": Case(lambda np, p: np.diagonal(p, axis1=1, axis2=2), S),
    "diagflat": Case(lambda np, p: np.diagflat(p, 1), W),
    "tril": Case(lambda np, p: np.tril(p), Q),
    "tril and a product": Case(lambda np, p: np.tril(p) @ np.tril(p).T, Q),
    "triu": Case(lambda np, p: np.triu(p, 1), A),
    "tile": Case(lambda np, p: np.tile(p, 2), V),
    "tile of a matrix": Case(lambda np, p: np.tile(p, (2, 1)), A),
    "repeat": Case(lambda np, p: np.repeat(p, 2), A),
    "repeat along an axis": Case(
        lambda np, p: np.repeat(p, np.array([1, 0, 2]), axis=0), A, lambda np, p: p[np.array([0, 2, 2])]
    ),
    "roll": Case(lambda np, p: np.roll(p, 1), A),
    "roll along an axis": Case(lambda np, p: np.roll(p, -1, axis=1), A),
    "flip": Case(lambda np, p: np.flip(p), A),
    "flip along an axis": Case(lambda np, p: np.flip(p, axis=1), A),
    "fliplr": Case(lambda np, p: np.fliplr(p), A),
    "rot90": Case(lambda np, p: np.rot90(p), A),
    "pad": Case(lambda np, p: np.pad(p, 1), A),
    "pad of a vector": Case(lambda np, p: np.pad(p, (2, 1)) * 2.0, V),
    "pad by a number": Case(lambda np, p: np.pad(p, ((1, 0), (0, 2)), constant_values=3.0) ** 2, A),
    "pad edge": Case(lambda np, p: np.pad(p, 1, mode="edge"), A),
    "pad wrap": Case(lambda np, p: np.pad(p, 2, mode="wrap"), A),
    "pad reflect": Case(lambda np, p: np.pad(p, 1, mode="reflect"), A),
    "split": Case(lambda np, p: np.split(p, 2)[0] * np.split(p, 2)[1], VECTOR),
    "split by places": Case(lambda np, p: np.split(p, [1, 3], axis=1)[1], A),
    "array_split": Case(lambda np, p: np.array_split(p, 4)[1], VECTOR),
    "hsplit": Case(lambda np, p: np.hsplit(p, 2)[1] @ W[:2], A),
    "take": Case(lambda np, p: np.take(p, np.array([1, 1, 0]), axis=1), A),
    "take flat": Case(lambda np, p: np.take(p, np.array([1, 7, 1])), A),
    "take_along_axis": Case(lambda np, p: np.take_along_axis(p, LABELS[:, None], axis=1), A),
    "delete": Case(lambda np, p: np.delete(p, 1, axis=0), A),
    "broadcast_arrays": Case(lambda np, p: np.broadcast_arrays(p["v"], p["w"][:, None])[0], {"v": V, "w": W}),
    "meshgrid": Case(lambda np, p: operator.mul(*np.meshgrid(p["v"], p["w"])), {"v": V, "w": W}),
    "astype": Case(lambda np, p: p.astype(float), A),
    "copy": Case(lambda np, p: np.copy(p), A),
    "rows by iteration": Case(lambda np, p: np.stack([row * place for place, row in enumerate(p)]), A),
    "elements by iteration": Case(lambda np, p: sum(x * x for row in p for x in row), A),
    "elements unpacked": Case(lambda np, p: (lambda x, y, z: x * y - z * x)(*p), W),
}  # fmt: skip
