"""Functions of arrays that users write, models above all, and the table of all families."""

from __future__ import annotations

import math
import operator
from itertools import pairwise
from typing import Any

from tests.support.array_programs import (
    LABELS,
    MOVES,
    PRODUCTS,
    REDUCTIONS,
    VECTOR,
    A,
    B,
    Case,
    Function,
    P,
    Q,
    V,
    W,
    draw,
    products,
)


def log_sum_exp(np: Any, p: Any) -> Any:
    top = np.max(p, axis=-1, keepdims=True)
    return np.squeeze(top, -1) + np.log(np.sum(np.exp(p - top), axis=-1))


def softmax(np: Any, p: Any) -> Any:
    powers = np.exp(p - np.max(p, axis=-1, keepdims=True))
    return powers / np.sum(powers, axis=-1, keepdims=True)


def cross_entropy(np: Any, p: Any) -> Any:
    scores = A @ p["w"] + p["b"]
    return np.mean(log_sum_exp(np, scores) - scores[np.arange(3), LABELS])


def one_hot(np: Any, p: Any) -> Any:
    return -np.mean(np.sum(np.eye(4)[LABELS] * np.log(softmax(np, p)), axis=1))


def convolution(np: Any, p: Any) -> Any:
    """Two dimensions, by loops over the taps."""
    image, kernel = p["image"], p["kernel"]
    rows, columns = (size - tap + 1 for size, tap in zip(image.shape, kernel.shape, strict=True))
    found = 0.0
    for row in range(kernel.shape[0]):
        for column in range(kernel.shape[1]):
            found = found + image[row : row + rows, column : column + columns] * kernel[row, column]
    return np.tanh(found)


def windows(np: Any, p: Any) -> Any:
    view = np.lib.stride_tricks.sliding_window_view(p["image"], (2, 3))
    return np.tanh(np.einsum("ijkl,kl->ij", view, p["kernel"]))


def columns_of(np: Any, p: Any) -> Any:
    """The patches as rows of a matrix (im2col), which the kernel then multiplies."""
    starts = np.arange(3)[:, None] * 5 + np.arange(3)
    taps = np.arange(2)[:, None] * 5 + np.arange(3)
    places = starts.reshape(-1, 1) + taps.reshape(1, -1)
    return np.tanh(np.reshape(np.ravel(p["image"])[places] @ np.ravel(p["kernel"]), (3, 3)))


def channels(np: Any, p: Any) -> Any:
    """A batch of images with channels, padded, by loops over the taps."""
    image = np.pad(p["image"], ((0, 0), (0, 0), (1, 1), (1, 1)))
    found = 0.0
    for row in range(3):
        for column in range(3):
            taps = p["kernel"][:, :, row, column]
            found = found + np.einsum("bchw,oc->bohw", image[:, :, row : row + 3, column : column + 2], taps)
    return np.maximum(found, 0.0)


def pooled(np: Any, p: Any) -> Any:
    return np.max(np.reshape(p, (2, 2, 2, 3)), axis=(1, 3))


def batch_norm(np: Any, p: Any) -> Any:
    middle, spread = np.mean(p["x"], axis=0), np.var(p["x"], axis=0)
    return (p["x"] - middle) / np.sqrt(spread + 1e-5) * p["scale"] + p["shift"]


def layer_norm(np: Any, p: Any) -> Any:
    isolated = p - np.mean(p, axis=-1, keepdims=True)
    return isolated / np.std(p, axis=-1, keepdims=True)


def attention(np: Any, p: Any) -> Any:
    """Two heads, causal."""
    queries, keys, values = (
        np.transpose(np.reshape(p["x"] @ p[name], (3, 2, 2)), (1, 0, 2)) for name in ("q", "k", "v")
    )
    scores = queries @ np.swapaxes(keys, -1, -2) / math.sqrt(2)
    shares = softmax(np, np.where(np.tril(np.ones((3, 3))) > 0, scores, -1e9))
    return np.reshape(np.transpose(shares @ values, (1, 0, 2)), (3, 4)) @ p["o"]


def recurrent(np: Any, p: Any) -> Any:
    state = np.zeros((2, 3))
    states = []
    for place in range(3):
        state = np.tanh(p["x"][:, place] @ p["in"] + state @ p["again"] + p["bias"])
        states.append(state)
    return np.stack(states, axis=1)


def long_short(np: Any, p: Any) -> Any:
    """An LSTM, whose gates are parts of one product."""
    state, cell = np.zeros((2, 2)), np.zeros((2, 2))
    for place in range(2):
        joined = np.concatenate([p["x"][:, place], state], axis=1)
        gates = joined @ p["w"] + p["b"]
        forget, new, out = (1 / (1 + np.exp(-gates[:, 2 * k : 2 * k + 2])) for k in range(3))
        cell = forget * cell + new * np.tanh(gates[:, 6:])
        state = out * np.tanh(cell)
    return state


def with_ones(np: Any, x: Any) -> Any:
    return np.concatenate([x, np.ones((len(x), 1))], axis=1)


def perceptron(activate: Function) -> Function:
    def f(np: Any, p: Any) -> Any:
        values = draw(3, 2)
        for place, layer in enumerate(p):
            values = values @ layer["w"] + layer["b"]
            values = activate(np, values) if place < len(p) - 1 else values
        return values

    return f


def layers(*sizes: int) -> list[dict[str, Any]]:
    return [{"w": draw(i, o, seed=9), "b": draw(o, seed=9)} for i, o in pairwise(sizes)]


def gradient_steps(np: Any, p: Any) -> Any:
    for _ in range(3):
        p = p - 0.1 * (Q @ p - W)
    return p


def mixture(np: Any, p: Any) -> Any:
    scores = -0.5 * np.sum((A[:, None, :] - p["centres"]) ** 2, axis=-1) + p["logits"]
    return log_sum_exp(np, scores)


def methods_of(np: Any, p: Any) -> Any:
    return (p.sum() + p.mean(axis=0).sum() + p.max() - p.min(axis=1).sum() + p.var() * p.std() + p.T.dot(p).trace()
            + p.reshape(-1).cumsum()[3] + p.ravel().dot(p.flatten()) + p.swapaxes(0, 1)[1].prod()
            + p.clip(-0.5, 0.5).sum() + p.repeat(2).sum() + p.squeeze().diagonal().sum()
            + p.take(np.array([1, 1])).sum()
            + p.cumprod()[4] + p.copy().sum() + p.conj().real.sum())  # fmt: skip


CONVOLVED = {"image": draw(4, 5), "kernel": draw(2, 3)}
MODELS = {
    "log-sum-exp": Case(log_sum_exp, A),
    "softmax": Case(softmax, A),
    "log of a softmax": Case(lambda np, p: p - log_sum_exp(np, p)[:, None], A),
    "logaddexp.reduce by a loop": Case(lambda np, p: np.logaddexp(np.logaddexp(p[0], p[1]), p[2]), A),
    "cross-entropy": Case(cross_entropy, {"w": draw(4, 4), "b": V}),
    "cross-entropy, one hot": Case(one_hot, A),
    "a convolution by loops": Case(convolution, CONVOLVED),
    "a convolution by windows": Case(windows, CONVOLVED, convolution),
    "a convolution by im2col": Case(columns_of, CONVOLVED),
    "a convolution of channels": Case(channels, {"image": draw(2, 2, 3, 2), "kernel": draw(2, 2, 3, 3)}),
    "pooling": Case(pooled, draw(4, 6)),
    "batch norm": Case(batch_norm, {"x": A, "scale": V, "shift": draw(4, seed=1)}),
    "layer norm": Case(layer_norm, A),
    "attention": Case(attention, {"x": A, "q": draw(4, 4), "k": draw(4, 4, seed=1), "v": draw(4, 4, seed=2), "o": B}),
    "a recurrent cell": Case(recurrent, {"x": draw(2, 3, 2), "in": draw(2, 3), "again": Q, "bias": W}),
    "an LSTM": Case(long_short, {"x": draw(2, 2, 2), "w": draw(4, 8), "b": draw(8)}),
    "MLP, tanh": Case(perceptron(lambda np, x: np.tanh(x)), layers(2, 3, 3, 2)),
    "MLP, maximum": Case(perceptron(lambda np, x: np.maximum(x, 0.0)), layers(2, 3, 3, 2)),
    "MLP, maximum left": Case(perceptron(lambda np, x: np.maximum(0, x)), layers(2, 3, 2)),
    "MLP, where": Case(perceptron(lambda np, x: np.where(x > 0, x, 0.0)), layers(2, 3, 3, 2)),
    "MLP, by a mask": Case(perceptron(lambda np, x: x * (x > 0)), layers(2, 3, 3, 2)),
    "MLP, with ones joined": Case(
        lambda np, p: with_ones(np, np.tanh(with_ones(np, A) @ p[0])) @ p[1],
        [draw(5, 2), draw(3, 2)],
    ),
    "gradient steps": Case(gradient_steps, draw(3, seed=4)),
    "a mixture": Case(mixture, {"centres": draw(2, 4), "logits": draw(2)}),
    "distances": Case(lambda np, p: np.sqrt(np.sum((p[:, None] - p[None] + 0.1) ** 2, axis=-1)), A),
    "methods": Case(methods_of, A),
    "rosenbrock": Case(lambda np, p: 100.0 * (p[1:] - p[:-1] ** 2) ** 2 + (1.0 - p[:-1]) ** 2, VECTOR),
    "a quadratic form": Case(lambda np, p: p @ Q @ p - W @ p, W),
    "numbers beside arrays": Case(
        lambda np, p: p["a"] * p["s"] + p["t"] / (1 + p["a"] ** 2), {"a": A, "s": 0.7, "t": 1.3}
    ),
    "a number from an array": Case(lambda np, p: p[0, 0] * p + p[1, 1] ** 2, A),
    "a sum, twice": Case(lambda np, p: np.sum(p) * p + np.sum(p), A),
    "the mirror image": Case(lambda np, p: p - p[::-1], A),
    "the mirror image, squared": Case(lambda np, p: (p - p[::-1]) ** 2, A),
    "the skew part": Case(lambda np, p: (p - p.T) @ (p + p.T), Q),
    "a part alone": Case(lambda np, p: np.tanh(p)[1:, :2] * np.sin(p)[:2, 2:], A),
    "a constant beside": Case(lambda np, p: np.sum(p) - p + 1.0 - p, A),
    "a Laplacian": Case(
        lambda np, p: 4 * p[1:-1, 1:-1] - p[:-2, 1:-1] - p[2:, 1:-1] - p[1:-1, :-2] - p[1:-1, 2:], draw(4, 4)
    ),
    "powers": Case(lambda np, p: p**1 + p**2 - p**3 + p**0 + P**p, P),
    "float power": Case(lambda np, p: p**0.5 + p**-1.5, P),
    "divmod": Case(lambda np, p: p // 0.7 + p % 0.7, P),
    "in place": Case(lambda np, p: operator.imul(operator.iadd(p * 1.0, 2.0), 3.0), A),
}  # fmt: skip
CONVOLUTIONS: dict[str, Case] = {}
for _name in ("convolve", "correlate"):
    for _n, _m in ((5, 3), (3, 5), (4, 4), (1, 3)):
        CONVOLUTIONS |= products(_name, (_n,), (_m,))
    for _mode in ("full", "same", "valid"):
        CONVOLUTIONS[f"{_name}, {_mode}"] = Case(
            lambda np, p, name=_name, mode=_mode: getattr(np, name)(p["a"], p["v"], mode=mode),
            {"a": draw(6), "v": draw(3, seed=1)},
        )
FAMILIES = {
    "products": PRODUCTS,
    "reductions": REDUCTIONS,
    "moves": MOVES,
    "models": MODELS,
    "convolutions": CONVOLUTIONS,
}
CASES = {name: case for family in FAMILIES.values() for name, case in family.items()}
