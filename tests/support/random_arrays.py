"""Random programs of arrays, with structure inside these."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.support.array_models import softmax
from tests.support.array_programs import READOUTS

Step = Callable[..., Any]
"""One step: a function of (np, *arrays)."""


def _constant(random: Any, shape: tuple[int, ...]) -> Any:
    return random.uniform(0.5, 1.5, shape) * random.choice([-1.0, 1.0], shape)


def _elementwise(random: Any, x: Any, y: Any) -> dict[str, Step]:
    mask = random.random(x.shape) < 0.5
    constant = _constant(random, x.shape)
    return {
        "tanh": lambda np, x: np.tanh(x),
        "sin": lambda np, x: np.sin(x),
        "exp": lambda np, x: np.exp(0.3 * x),
        "sqrt": lambda np, x: np.sqrt(x * x + 1.0),
        "log1p": lambda np, x: np.log1p(np.abs(x)),
        "negative": lambda np, x: -x,
        "square": lambda np, x: np.square(x),
        "cube": lambda np, x: x**3,
        "one minus": lambda np, x: 1.0 - x,
        "plus data": lambda np, x: x + constant,
        "data minus": lambda np, x: constant - x,
        "times data": lambda np, x: x * constant,
        "quotient": lambda np, x: x / 3.0,
        "maximum": lambda np, x: np.maximum(x, 0.1),
        "clip": lambda np, x: np.clip(x, -0.6, 0.7),
        "by a mask": lambda np, x: x * (x > 0.05),
        "where by value": lambda np, x: np.where(x > 0.05, x, 0.0),
        "where": lambda np, x: np.where(mask, x, 0.0),
        "where of data": lambda np, x: np.where(mask, constant, x),
        "where of two": lambda np, x: np.where(mask, x, -x),
        "twice": lambda np, x: x + x,
        "minus itself": lambda np, x: x - x,
        "by itself": lambda np, x: x * x,
        "mirrored": lambda np, x: x - x[::-1],
        "astype": lambda np, x: x * 1,
        "in place": lambda np, x: operator.isub(x * 2.0, x),
    }


def of_two(random: Any, x: Any, y: Any) -> dict[str, Step]:
    mask = random.random(np.broadcast_shapes(x.shape, y.shape)) < 0.5
    return {
        "add": lambda np, x, y: x + y,
        "subtract": lambda np, x, y: x - y,
        "multiply": lambda np, x, y: x * y,
        "divide": lambda np, x, y: x / (1.0 + y * y),
        "maximum of two": lambda np, x, y: np.maximum(x, y),
        "hypot": lambda np, x, y: np.hypot(x, y + 3.0),
        "arctan2": lambda np, x, y: np.arctan2(x, y * y + 1.0),
        "where of both": lambda np, x, y: np.where(mask, x, y),
        "where by both": lambda np, x, y: np.where(x > y, x, 0.5 * y),
    }


def _of_sums(random: Any, x: Any, y: Any) -> dict[str, Step]:
    axis = int(random.integers(-x.ndim, x.ndim))
    keepdims = bool(random.integers(2))
    axes = tuple(sorted(random.choice(x.ndim, random.integers(1, x.ndim + 1), replace=False).tolist()))
    found = {
        "sum": lambda np, x: np.sum(x, axis=axis, keepdims=keepdims),
        "sum of axes": lambda np, x: np.sum(x, axis=axes, keepdims=True),
        "sum beside": lambda np, x: np.sum(x) + x,
        "minus the sum": lambda np, x: x - np.sum(x, axis=axis, keepdims=True),
        "sum of all, twice": lambda np, x: np.sum(x) * np.sum(x[0]) - x,
        "mean": lambda np, x: x - np.mean(x, axis=axis, keepdims=True),
        "var": lambda np, x: x / (1.0 + np.var(x, axis=axis, keepdims=True)),
        "max": lambda np, x: np.max(x, axis=axis, keepdims=keepdims),
        "max of axes": lambda np, x: np.max(x, axis=axes, keepdims=True) - x,
        "min": lambda np, x: x - np.min(x),
        "ptp": lambda np, x: np.ptp(x, axis=axis) if x.ndim > 1 else x,
        "cumsum": lambda np, x: np.cumsum(x, axis=axis),
        "cumsum of all": lambda np, x: np.cumsum(x),
        "cumprod": lambda np, x: np.cumprod(x, axis=axis),
        "prod": lambda np, x: np.prod(x, axis=axis, keepdims=True),
        "diff": lambda np, x: np.diff(x, axis=axis) if x.shape[axis] > 1 else x,
        "softmax": lambda np, x: softmax(np, x),
        "norm": lambda np, x: x / np.linalg.norm(x - 30.0),  # at 0 it has no derivative
    }
    return {name: step for name, step in found.items() if keepdims or x.ndim > 1 or name not in ("sum", "max")}


def _of_moves(random: Any, x: Any, y: Any) -> dict[str, Step]:
    axis = int(random.integers(x.ndim))
    along = x.shape[axis]
    places = random.integers(0, along, random.integers(1, 4))
    mask = random.random(x.shape[0]) < 0.7
    mask[0] = True
    whole = random.random(x.shape) < 0.6
    whole.flat[-1] = True
    axes = random.permutation(x.ndim).tolist()
    before = (slice(None),) * axis
    cut = int(random.integers(along))
    number = int(random.integers(x.size))
    constant = _constant(random, (*x.shape[:axis], 1, *x.shape[axis + 1 :]))
    return {
        "reshape": lambda np, x: np.reshape(x, -1),
        "reshape F": lambda np, x: np.reshape(x, (x.shape[-1], -1), order="F"),
        "transpose": lambda np, x: np.transpose(x, axes),
        "T": lambda np, x: x.T,
        "swapaxes": lambda np, x: np.swapaxes(x, 0, -1),
        "expand_dims": lambda np, x: np.expand_dims(x, axis),
        "squeeze": lambda np, x: np.squeeze(x) if max(x.shape) > 1 else x,
        "broadcast_to": lambda np, x: np.broadcast_to(x, (2, *x.shape)),
        "backwards": lambda np, x: x[(*before, slice(None, None, -1))],
        "a slice": lambda np, x: x[(*before, slice(cut, None))],
        "every other": lambda np, x: x[(*before, slice(None, None, 2))],
        "a row": lambda np, x: x[cut % x.shape[0]] if x.ndim > 1 else x[None],
        "places": lambda np, x: x[(*before, places)],
        "take": lambda np, x: np.take(x, places, axis=axis),
        "a mask of rows": lambda np, x: x[mask],
        "a mask": lambda np, x: x[whole],
        "concatenate with data": lambda np, x: np.concatenate([x, constant], axis=axis),
        "concatenate after ones": lambda np, x: np.concatenate([np.ones_like(constant), x], axis=axis),
        "concatenate with itself": lambda np, x: np.concatenate([x, x * 2.0], axis=axis),
        "stack": lambda np, x: np.stack([x, -x], axis=axis),
        "stack with data": lambda np, x: np.stack([np.zeros(x.shape), x]),
        "rows in a loop": lambda np, x: np.stack([row * place for place, row in enumerate(x)]),
        "rows, backwards": lambda np, x: np.stack([x[-1 - place] for place in range(len(x))]),
        "a sum of rows": lambda np, x: sum(x[place] for place in range(len(x))) if x.ndim > 1 else x,
        "elements": lambda np, x: np.stack([element * element for element in np.ravel(x)[:3]]),
        "an element beside": lambda np, x: x * np.ravel(x)[number] + np.ravel(x)[0],
        "hstack": lambda np, x: np.hstack([x, x]),
        "vstack": lambda np, x: np.vstack([x, x]),
        "pad": lambda np, x: np.pad(x, [(place == axis, 0) for place in range(x.ndim)]),
        "pad by a number": lambda np, x: np.pad(
            x, [(0, place == axis) for place in range(x.ndim)], constant_values=0.5
        ),
        "tile": lambda np, x: np.tile(x, 2),
        "repeat": lambda np, x: np.repeat(x, 2, axis=axis),
        "roll": lambda np, x: np.roll(x, 1, axis=axis),
        "flip": lambda np, x: np.flip(x, axis=axis),
        "tril": lambda np, x: np.tril(x) if x.ndim > 1 else np.diag(x),
        "triu": lambda np, x: np.triu(x, 1) if x.ndim > 1 else np.diag(x, 1),
        "diagonal": lambda np, x: np.diagonal(x) if x.ndim > 1 else x,
        "trace": lambda np, x: np.trace(x) + x if x.ndim == 2 else x,
        "split": lambda np, x: np.split(x, 2)[0] - np.split(x, 2)[1] if x.shape[0] % 2 == 0 else x,
        "ravel": lambda np, x: np.ravel(x)[::2],
    }


def _of_products(random: Any, x: Any, y: Any) -> dict[str, Step]:
    right, left = _constant(random, (x.shape[-1], 2)), _constant(random, (2, x.shape[0]))
    return {
        "by data": lambda np, x: x @ right,
        "data by": lambda np, x: np.tensordot(left, x, 1),
        "by its transpose": lambda np, x: x @ np.swapaxes(x, -1, -2) if x.ndim > 1 else np.outer(x, x),
        "its transpose by it": lambda np, x: np.swapaxes(x, -1, -2) @ x if x.ndim > 1 else x * (x @ x),
        "by its last": lambda np, x: x @ x[-1] if x.ndim == 2 else x,
        "einsum": lambda np, x: np.einsum("...i,...i->...", x, np.tanh(x)) if x.ndim > 1 else x,
        "einsum with data": lambda np, x: np.einsum("...i,ij->...j", x, right),
        "inner": lambda np, x: np.inner(x, x[:1]) if x.ndim > 1 else x,
        "kron": lambda np, x: np.kron(x[:1], np.array([1.0, -2.0])) if x.ndim < 3 else x,
    }


@dataclass(frozen=True)
class Program:
    """Steps, each with the places of its operands in the pool of what there is so far; then a readout of the pool."""

    x: list[Any]
    steps: tuple[tuple[str, Step, tuple[int, ...]], ...]
    readout: str

    def __call__(self, p: Any) -> Any:
        return self.of(np, p)

    def of(self, np: Any, p: Any) -> Any:
        pool = list(p)
        for _, step, places in self.steps:
            pool.append(step(np, *(pool[place] for place in places)))
        return sum(READOUTS[self.readout](np, y) for y in pool[-2:]) if self.steps else np.sum(pool[0])

    def __repr__(self) -> str:
        steps = ", ".join(f"{name} of {places}" for name, _, places in self.steps)
        return f"Program({[array.shape for array in self.x]}, {steps}; {self.readout})"


TABLES = (_elementwise, _of_sums, _of_moves, _of_moves, _of_products)
STARTS = [((2, 3),), ((3,), (2, 3)), ((2, 2), (2, 1)), ((4,), (4,)), ((2, 1, 3),), ((1, 3), (3,))]


def random_program(seed: int, most: int = 9, without: frozenset[str] = frozenset()) -> Program:
    """A program of up to so many steps, half of them on what was made last, values kept small and arrays too."""
    random = np.random.default_rng([7, seed])
    start = STARTS[random.integers(len(STARTS))]
    x = [random.uniform(-1.5, 1.5, shape) for shape in start]
    pool = list(x)
    steps = []
    for _ in range(int(random.integers(2, most + 1))):
        back = min(int(random.choice([1, 1, 1, 2, 2, 3, 4])), len(pool))
        place = len(pool) - back
        value = pool[place]
        if value.ndim and value.size > 24:
            name, step, places = "cut", lambda np, x: np.ravel(x)[1:12:2], (place,)
        elif np.max(np.abs(value)) > 20:
            name, step, places = "smaller", lambda np, x: 5.0 * np.tanh(x), (place,)
        else:
            fitting = [other for other in range(len(pool)) if _fits(value, pool[other])]
            if random.random() < 0.3 and fitting:
                other = fitting[-1 - int(random.integers(min(3, len(fitting))))]
                places = (place, other) if random.integers(2) else (other, place)
                table = of_two(random, *(pool[place] for place in places))
            else:
                places = (place,)
                table = TABLES[random.integers(len(TABLES))](random, value, value)
            names = sorted(table.keys() - without)
            name = names[random.integers(len(names))]
            step = table[name]
        pool.append(np.asarray(step(np, *(pool[place] for place in places))))
        if not pool[-1].ndim or not pool[-1].size:  # a number is not the operand of most steps: it is one beside
            pool.pop()
            continue
        steps.append((name, step, places))
    return Program(x, tuple(steps), list(READOUTS)[random.integers(len(READOUTS))])


def _fits(a: Any, b: Any) -> bool:
    try:
        return math.prod(np.broadcast_shapes(a.shape, b.shape)) <= 48
    except ValueError:
        return False
