"""Random programs on arrays whose sizes are names: steps that run at every size, on data and on specs.

A program is drawn on plain arrays at three assignments of sizes at once. A step is kept where it runs at all three, and
so most likely at any; what depends on a size it takes from `x.shape`. `taken` counts how often each step stands in one.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Step = Callable[..., Any]
Sizes = dict[str, int]

STARTS = (
    ("2*h",), ("h + 2", "m"), ("2*h", "m"), ("m", "n"), ("4*h", "2*m"), ("n", "2*h", "m"), ("m", "h + 2", "1"),
    ("2*h + 1", "m"), ("m*n",), ("n", "n"), ("b", "2*m", "2*n"),
)  # fmt: skip
NAMES = "bhmn"
ASSIGNMENTS: tuple[Sizes, ...] = (
    {"b": 3, "h": 5, "m": 7, "n": 9}, {"b": 2, "h": 4, "m": 2, "n": 7}, {"b": 4, "h": 3, "m": 6, "n": 2},
)  # fmt: skip
"""The first are odd, and no two alike: an even size is that of an axis which is even for all, most times."""
MOST = 10000
"""Elements of an array, which leave a program small."""


def _written(x: Any, part: Any, value: Any) -> Any:
    out = x * 1.0
    out[part] = value
    return out


def _added(x: Any, part: Any, value: Any) -> Any:
    out = x * 1.0
    out[part] += value
    return out


def _in_place(x: Any) -> Any:
    out = np.zeros_like(x)
    out += x
    out[..., 0] -= 1.0
    out *= 0.5
    return out


def _windows(x: Any, axis: int, length: Any) -> Any:
    return sliding_window_view(x, length, axis=axis)


def elementwise(draw: random.Random, x: Any) -> dict[str, Step]:
    return {
        "tanh": np.tanh, "double": lambda x: x * 2.0, "third": lambda x: x / 3.0, "one minus": lambda x: 1.0 - x,
        "cube": lambda x: x**3, "abs": abs, "relu": lambda x: np.maximum(x, 0.0), "square": lambda x: x * x,
        "where": lambda x: np.where(x > 0.1, x, 0.5), "clip": lambda x: np.clip(x, -0.5, 0.5), "negative": lambda x: -x,
        "by a size": lambda x: x / x.shape[0], "by a root": lambda x: x / np.sqrt(x.shape[-1]),
        "by the number": lambda x: x * (1.0 / x.size), "in place": _in_place, "mask": lambda x: (x > 0) * x,
        "first written": lambda x: _written(x, 0, 1.0), "all but the first": lambda x: _added(x, slice(1, None), 1.0),
        "from before": lambda x: _added(x, slice(1, None), x[:-1]), "isclose": lambda x: np.isclose(x, 0.5) * 1.0,
        "linspace": lambda x: np.linspace(x, 1.0, 3), "divmod": lambda x: divmod(x, 0.3)[1], "round": np.round,
    }  # fmt: skip


def sums(draw: random.Random, x: Any) -> dict[str, Step]:
    axis, kept = draw.randrange(-x.ndim, x.ndim), draw.random() < 0.5
    axes = tuple(draw.sample(range(x.ndim), draw.randint(1, x.ndim)))
    found = {
        name: lambda x, f=f: f(x, axis=axis, keepdims=kept)
        for name, f in {
            "sum": np.sum,
            "mean": np.mean,
            "max": np.max,
            "min": np.min,
            "prod": np.prod,
            "var": np.var,
        }.items()
    }
    return found | {
        "sum of axes": lambda x: np.sum(x, axis=axes, keepdims=True),
        "centred": lambda x: x - x.mean(axis, keepdims=True),
        "std": lambda x: np.std(x, axis=axes), "cumsum": lambda x: np.cumsum(x, axis),
        "cumprod": lambda x: np.cumprod(x, axis),
        "softmax": lambda x: np.exp(x) / np.sum(np.exp(x), axis, keepdims=True), "ptp": lambda x: np.ptp(x, axis),
        "norm": lambda x: np.linalg.norm(x, axis=axis), "diff": lambda x: np.diff(x, axis=axis),
        "all": lambda x: x + np.sum(x),
        "average": lambda x: np.average(x, axis=axis, weights=x * x + 1.0), "nanmean": lambda x: np.nanmean(x, axis),
        "trapezoid": lambda x: np.trapezoid(x, axis=axis), "running": lambda x: np.cumsum(x),
        "median of two": lambda x: x[:2].sum(0),
        "accumulate": lambda x: np.maximum.accumulate(x, axis), "count": lambda x: x + (x > 0).sum(axis, keepdims=True),
    }  # fmt: skip


def cuts(draw: random.Random, x: Any) -> dict[str, Step]:
    before = (slice(None),) * draw.randrange(x.ndim)
    even = x.shape[len(before)] % 2 == 0

    def cut(*bounds: Any) -> Step:
        return lambda x: x[(*before, slice(*bounds))]

    def at(of_size: Callable[[Any], Any]) -> Step:
        return lambda x: x[(*before, of_size(x.shape[len(before)]))]

    found = {
        "but first": cut(1, None), "but last": cut(None, -1), "inside": cut(1, -1), "mirrored": cut(None, None, -1),
        "the last two": cut(-2, None), "the first": cut(None, 1), "two": cut(None, 2),
        "mirrored inside": cut(-2, 0, -1),
        "element": lambda x: x[(*before, 0)], "last": lambda x: x[(*before, -1)],
        "new axis": lambda x: x[(*before, None)],
        "last axis": lambda x: x[..., None], "near the end": at(lambda n: slice(0, n - 1)),
        "by its size": at(lambda n: n - 2),
        "places": lambda x: x[(*before, [0, 1, -1])], "mask of none": lambda x: x[(*before, np.array([1, 0, 0]))],
    }  # fmt: skip
    halves = {
        "even": cut(None, None, 2), "odd": cut(1, None, 2), "even, back": cut(None, None, -2),
        "odd inside": cut(1, -1, 2),
        "first half": at(lambda n: slice(n // 2)), "second half": at(lambda n: slice(n // 2, None)),
        "split": lambda x: np.split(x, 2, axis=len(before))[1],
    }  # fmt: skip
    return found | (halves if even else {})


def moves(draw: random.Random, x: Any) -> dict[str, Step]:
    axis = draw.randrange(x.ndim)
    axes = draw.sample(range(x.ndim), x.ndim)
    even = x.shape[axis] % 2 == 0
    found = {
        "ravel": np.ravel, "one axis": lambda x: x.reshape(-1), "transpose": lambda x: np.transpose(x, axes),
        "swapaxes": lambda x: x.swapaxes(0, -1), "moveaxis": lambda x: np.moveaxis(x, axis, 0),
        "flip": lambda x: np.flip(x, axis),
        "roll": lambda x: np.roll(x, 1, axis), "repeat": lambda x: np.repeat(x, 2, axis), "pad": lambda x: np.pad(x, 1),
        "tile": lambda x: np.tile(x, 2), "twice": lambda x: np.concatenate([x, x], axis),
        "stack": lambda x: np.stack([x, -x], axis),
        "longer": lambda x: np.concatenate([x, x.sum(axis, keepdims=True)], axis),
        "kept": lambda x: x.reshape(x.shape[0], -1),
        "back": lambda x: x.reshape(-1, x.shape[-1]), "squeeze": np.squeeze, "windows": lambda x: _windows(x, axis, 2),
        "long windows": lambda x: _windows(x, axis, x.shape[axis] - 1), "expand": lambda x: np.expand_dims(x, axis),
        "broadcast": lambda x: np.broadcast_to(x, (2, *x.shape)),
        "rot90": lambda x: np.rot90(x) if x.ndim > 1 else x * 2.0,
        "array_split": lambda x: np.array_split(x, [1], axis)[1], "vstack": lambda x: np.vstack([x, x]),
        "append": lambda x: np.append(x, x[:1], axis=0), "triangle": lambda x: np.tril(x) if x.ndim > 1 else np.diag(x),
        "take": lambda x: np.take(x, [0, -1], axis),
    }  # fmt: skip
    pairs = {
        "pairs": lambda x: x.reshape(*x.shape[:axis], x.shape[axis] // 2, 2, *x.shape[axis + 1 :]),
        "turned pairs": lambda x: x.reshape(*x.shape[:axis], 2, -1, *x.shape[axis + 1 :]),
        "pooled": lambda x: x.reshape(*x.shape[:axis], x.shape[axis] // 2, 2, *x.shape[axis + 1 :]).max(axis + 1),
    }
    square = {
        "diagonal steps": lambda x: (
            x.ravel()[:: x.shape[1] + 1] if x.ndim == 2 and x.shape[0] == x.shape[1] else x * 1.0
        ),
        "diagonal": lambda x: np.diagonal(x, 0, -2, -1) * 1.0,
        "inverse": np.linalg.inv,
    }
    is_square = x.ndim > 1 and x.shape[-1] == x.shape[-2]
    return found | (pairs if even else {}) | (square if is_square else {})


def products(draw: random.Random, x: Any) -> dict[str, Step]:
    return {
        "by its transpose": lambda x: x @ x.swapaxes(-1, -2) if x.ndim > 1 else np.outer(x, x),
        "its transpose by it": lambda x: x.swapaxes(-1, -2) @ x if x.ndim > 1 else x * (x @ x),
        "squares": lambda x: np.einsum("...i,...i->...", x, x), "grams": lambda x: np.einsum("i...,j...->ij", x, x),
        "inner": lambda x: np.inner(x, x), "tensordot": lambda x: np.tensordot(x, x, axes=([-1], [-1])),
        "by its last": lambda x: x @ x.reshape(-1, x.shape[-1])[-1],
        "kron": lambda x: np.kron(x, np.array([1.0, -1.0])),
        "in order": lambda x: np.einsum("...i,...j,...j->...i", x, x, x, optimize=["einsum_path", (1, 2), (0, 1)]),
        "all": lambda x: np.vdot(x, x) * x, "convolve": lambda x: np.convolve(x.ravel(), np.ones(2)),
    }  # fmt: skip


def of_two(draw: random.Random, x: Any, y: Any) -> dict[str, Step]:
    axis = draw.randrange(x.ndim)
    return {
        "add": lambda x, y: x + y, "subtract": lambda x, y: x - y, "multiply": lambda x, y: x * y,
        "maximum": np.maximum, "hypot": np.hypot, "where of two": lambda x, y: np.where(x > y, x, y * 0.5),
        "join": lambda x, y: np.concatenate([x, y], axis), "matmul": lambda x, y: x @ y, "dot": np.dot,
        "by the other's transpose": lambda x, y: np.einsum("...ij,...kj->...ik", x, y),
        "outer": lambda x, y: np.multiply.outer(x[..., 0], y[0]), "added in place": lambda x, y: _added(x, ..., y),
        "written over": lambda x, y: _written(x, (slice(1, None),), y[1:]),
        "stack of two": lambda x, y: np.stack([x, y]),
        "new axes": lambda x, y: x[:, None] - y[None],
    }  # fmt: skip


TABLES = (elementwise, sums, cuts, cuts, moves, moves, products)


@dataclass(frozen=True)
class Program:
    """Shapes of the inputs; steps with the places of their operands among what there is so far."""

    shapes: tuple[tuple[str, ...], ...]
    steps: tuple[tuple[str, Step, tuple[int, ...]], ...]

    def __call__(self, *inputs: Any) -> list[Any]:
        pool = list(inputs)
        for _, step, places in self.steps:
            pool.append(step(*(pool[place] for place in places)))
        return pool[len(inputs) :]

    def __repr__(self) -> str:
        return f"Program({self.shapes}, {', '.join(f'{name} of {places}' for name, _, places in self.steps)})"


def concrete(shape: tuple[str, ...], sizes: Sizes) -> tuple[int, ...]:
    return tuple(eval(size, {}, sizes) for size in shape)


def inputs_at(shapes: tuple[tuple[str, ...], ...], sizes: Sizes) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.uniform(-1.0, 1.0, concrete(shape, sizes)) for shape in shapes]


taken: Counter[str] = Counter()


def random_program(seed: int, most: int = 8) -> Program:
    """A program of up to so many steps, half of them on what was made last."""
    draw = random.Random(seed)
    shapes = tuple(draw.choice(STARTS) for _ in range(draw.randint(1, 2)))
    pools = [inputs_at(shapes, sizes) for sizes in ASSIGNMENTS]
    steps: list[tuple[str, Step, tuple[int, ...]]] = []
    wanted = draw.randint(2, most)
    for _ in range(4 * wanted):
        if len(steps) == wanted:
            break
        number = len(pools[0])
        place = max(number - draw.choice((1, 1, 1, 2, 3)), 0)
        places = (place, draw.randrange(number)) if draw.random() < 0.3 else (place,)
        arrays = [pools[0][place] for place in places]
        table = of_two(draw, *arrays) if len(places) == 2 else draw.choice(TABLES)(draw, *arrays)
        name = draw.choice(sorted(table))
        if (made := _made(table[name], places, pools)) is None:
            continue
        for pool, array in zip(pools, made, strict=True):
            pool.append(array)
        steps.append((name, table[name], places))
        taken[name] += 1
    return Program(shapes, tuple(steps))


def _made(step: Step, places: tuple[int, ...], pools: list[list[Any]]) -> list[Any] | None:
    """What the step gives at each assignment, None where it fails at one, or gives what the next step cannot take."""
    made = []
    for pool in pools:
        try:
            with np.errstate(all="ignore"):
                made.append(step(*(pool[place] for place in places)))
        except (ValueError, IndexError, TypeError, ZeroDivisionError):
            return None
    if not all(isinstance(array, np.ndarray) and 0 < array.size < MOST and 0 < array.ndim < 5 for array in made):
        return None
    return made if len({array.ndim for array in made}) == 1 else None
