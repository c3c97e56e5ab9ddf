"""Common NumPy calls at small sizes, each as NumPy, flopscope, torch and JAX spell it.

The name of a row is the call as a user writes it, with named arguments. One function of a namespace
and the arguments serves all four libraries if they spell the call alike; a row lists what differs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np

Sizes = Mapping[str, int]
Make = Callable[[Sizes, np.random.Generator], tuple[np.ndarray, ...]]
Spelling = Callable[..., Any] | None


class Call(NamedTuple):
    """A call: how its arguments are made, the call in NumPy, the sizes to try, and how the peers spell it."""

    make: Make
    numpy: Callable[..., Any]  # takes the arguments alone
    sizes: tuple[Sizes, ...]
    flopscope: Spelling  # takes the namespace and the arguments; None if there is no such function
    torch: Spelling
    jax: Spelling


def call(make: Make, sizes: tuple[Sizes, ...], function: Callable[..., Any], **others: Spelling) -> Call:
    spellings: dict[str, Spelling] = {"flopscope": function, "torch": function, "jax": function}
    return Call(make, partial(function, np), sizes, **spellings | others)


def arrays(*shapes: str, positive: bool = False) -> Make:
    """Arrays of random numbers: "m3" is the shape of one with m rows and three columns."""

    def make(sizes: Sizes, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        drawn = (rng.standard_normal([sizes.get(name) or int(name) for name in shape]) for shape in shapes)
        return tuple(abs(array) + 0.1 if positive else array for array in drawn)

    return make


def definite(*shapes: str) -> Make:
    """A positive definite matrix of n rows, then arrays of random numbers of these shapes."""

    def make(sizes: Sizes, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        root, *rest = arrays("nn", *shapes)(sizes, rng)
        return (root @ root.T + np.eye(len(root)), *rest)

    return make


def twice(**sizes: int) -> tuple[Sizes, ...]:
    """These sizes, and all of them doubled."""
    return sizes, {name: 2 * size for name, size in sizes.items()}


def softmax(xp: Any, A: Any) -> Any:
    powers = xp.exp(A - xp.amax(A, axis=-1, keepdims=True))
    return powers / xp.sum(powers, axis=-1, keepdims=True)


def logsumexp(xp: Any, x: Any) -> Any:
    largest = xp.amax(x)
    return largest + xp.log(xp.sum(xp.exp(x - largest)))


def convolved(xp: Any, x: Any, y: Any, padding: int) -> Any:
    """The convolution in torch, which only takes batches of channels and does not reverse the second operand."""
    return xp.nn.functional.conv1d(x[None, None], y[None, None], padding=padding)[0, 0]


def as_written(xp: Any, A: Any, B: Any, C: Any) -> Any:
    """einsum in the order as written: a global switch in torch, an argument elsewhere."""
    with xp.backends.opt_einsum.flags(enabled=False):
        return xp.einsum("ij,jk,kl->il", A, B, C)


ONE: Final = arrays("n")
ROOTED: Final = arrays("n", positive=True)
TWO: Final = arrays("n", "n")
MATRIX: Final = arrays("mn")
PRODUCT: Final = arrays("mk", "kn")
CHAIN: Final = arrays("mk", "kl", "ln")

VECTOR_SIZES: Final = twice(n=8)
SQUARE_SIZES: Final = twice(n=4)
MATRIX_SIZES: Final = twice(m=3, n=4)
PRODUCT_SIZES: Final = twice(m=3, k=4, n=5)
CHAIN_SIZES: Final = twice(m=5, k=3, l=6, n=2)  # cheaper from the right than from the left
WINDOW_SIZES: Final = twice(m=8, n=3)

CALLS: Final[dict[str, Call]] = {
    "x + y": call(TWO, VECTOR_SIZES, lambda xp, x, y: x + y),
    "x[:, None] * y": call(TWO, VECTOR_SIZES, lambda xp, x, y: x[:, None] * y),
    "x / y": call(TWO, VECTOR_SIZES, lambda xp, x, y: x / y),
    "x**3": call(ONE, VECTOR_SIZES, lambda xp, x: x**3),
    "x**0.5": call(ROOTED, VECTOR_SIZES, lambda xp, x: x**0.5),
    "np.sqrt(x)": call(ROOTED, VECTOR_SIZES, lambda xp, x: xp.sqrt(x)),
    "np.exp(x)": call(ONE, VECTOR_SIZES, lambda xp, x: xp.exp(x)),
    "np.tanh(x)": call(ONE, VECTOR_SIZES, lambda xp, x: xp.tanh(x)),
    "np.where(x > 0, x, 0)": call(ONE, VECTOR_SIZES, lambda xp, x: xp.where(x > 0, x, 0)),
    "1 / (1 + np.exp(-x))": call(ONE, VECTOR_SIZES, lambda xp, x: 1 / (1 + xp.exp(-x))),
    "softmax(A)": call(MATRIX, MATRIX_SIZES, softmax),
    "logsumexp(x)": call(ONE, VECTOR_SIZES, logsumexp),
    "np.sum(x)": call(ONE, VECTOR_SIZES, lambda xp, x: xp.sum(x)),
    "np.sum(A, axis=0)": call(MATRIX, MATRIX_SIZES, lambda xp, A: xp.sum(A, axis=0)),
    "np.mean(A, axis=0)": call(MATRIX, MATRIX_SIZES, lambda xp, A: xp.mean(A, axis=0)),
    "np.var(x)": call(ONE, VECTOR_SIZES, lambda xp, x: xp.var(x), torch=lambda xp, x: xp.var(x, correction=0)),
    "np.std(x)": call(ONE, VECTOR_SIZES, lambda xp, x: xp.std(x), torch=lambda xp, x: xp.std(x, correction=0)),
    "np.prod(x)": call(ONE, VECTOR_SIZES, lambda xp, x: xp.prod(x)),
    "np.cumsum(x)": call(ONE, VECTOR_SIZES, lambda xp, x: xp.cumsum(x, axis=0)),
    "np.diff(x)": call(ONE, VECTOR_SIZES, lambda xp, x: xp.diff(x)),
    "np.max(x)": call(ONE, VECTOR_SIZES, lambda xp, x: xp.max(x)),
    "np.dot(x, y)": call(TWO, VECTOR_SIZES, lambda xp, x, y: xp.dot(x, y)),
    "A @ x": call(arrays("mn", "n"), MATRIX_SIZES, lambda xp, A, x: A @ x),
    "A @ B": call(PRODUCT, PRODUCT_SIZES, lambda xp, A, B: A @ B),
    "np.matmul(A, B)": call(arrays("bmk", "bkn"), twice(b=2, m=3, k=4, n=5), lambda xp, A, B: xp.matmul(A, B)),
    "np.outer(x, y)": call(arrays("m", "n"), MATRIX_SIZES, lambda xp, x, y: xp.outer(x, y)),
    "np.einsum('ij,jk->ik', A, B)": call(PRODUCT, PRODUCT_SIZES, lambda xp, A, B: xp.einsum("ij,jk->ik", A, B)),
    # optimize=False is NumPy's default, and nobody else's
    "np.einsum('ij,jk,kl->il', A, B, C)": call(
        CHAIN, CHAIN_SIZES, lambda xp, A, B, C: xp.einsum("ij,jk,kl->il", A, B, C, optimize=False), torch=as_written
    ),
    "np.einsum('ij,jk,kl->il', A, B, C, optimize=True)": call(
        CHAIN,
        CHAIN_SIZES,
        lambda xp, A, B, C: xp.einsum("ij,jk,kl->il", A, B, C, optimize=True),
        torch=lambda xp, A, B, C: xp.einsum("ij,jk,kl->il", A, B, C),
    ),
    "np.tensordot(A, B, 1)": call(
        arrays("bmk", "kn"), twice(b=2, m=3, k=4, n=5), lambda xp, A, B: xp.tensordot(A, B, 1)
    ),
    "np.kron(A, B)": call(arrays("mn", "mn"), MATRIX_SIZES, lambda xp, A, B: xp.kron(A, B)),
    "np.cross(A, B)": call(
        arrays("n3", "n3"), SQUARE_SIZES, lambda xp, A, B: xp.cross(A, B), torch=lambda xp, A, B: xp.linalg.cross(A, B)
    ),
    "np.trace(A)": call(arrays("nn"), SQUARE_SIZES, lambda xp, A: xp.trace(A)),
    "np.convolve(x, y)": call(
        arrays("m", "n"),
        WINDOW_SIZES,
        lambda xp, x, y: xp.convolve(x, y),
        torch=lambda xp, x, y: convolved(xp, x, y.flip(0), len(y) - 1),
    ),
    "np.correlate(x, y, 'valid')": call(
        arrays("m", "n"),
        WINDOW_SIZES,
        lambda xp, x, y: xp.correlate(x, y, "valid"),
        torch=lambda xp, x, y: convolved(xp, x, y, 0),
    ),
    "np.polyval(p, x)": call(arrays("d", "n"), twice(d=4, n=8), lambda xp, p, x: xp.polyval(p, x), torch=None),
    "np.vander(x)": call(ONE, SQUARE_SIZES, lambda xp, x: xp.vander(x)),
    "np.cov(A)": call(MATRIX, MATRIX_SIZES, lambda xp, A: xp.cov(A)),
    "np.linalg.norm(x)": call(ONE, VECTOR_SIZES, lambda xp, x: xp.linalg.norm(x)),
    "np.linalg.norm(A)": call(MATRIX, MATRIX_SIZES, lambda xp, A: xp.linalg.norm(A)),
    "np.linalg.matrix_power(A, 5)": call(arrays("nn"), SQUARE_SIZES, lambda xp, A: xp.linalg.matrix_power(A, 5)),
    "np.linalg.multi_dot([A, B, C])": call(CHAIN, CHAIN_SIZES, lambda xp, A, B, C: xp.linalg.multi_dot([A, B, C])),
    "np.linalg.solve(A, x)": call(definite("n"), SQUARE_SIZES, lambda xp, A, x: xp.linalg.solve(A, x)),
    "np.linalg.inv(A)": call(definite(), SQUARE_SIZES, lambda xp, A: xp.linalg.inv(A)),
    "np.linalg.det(A)": call(definite(), SQUARE_SIZES, lambda xp, A: xp.linalg.det(A)),
    "np.linalg.cholesky(A)": call(definite(), SQUARE_SIZES, lambda xp, A: xp.linalg.cholesky(A)),
    "np.linalg.qr(A)": call(arrays("nn"), SQUARE_SIZES, lambda xp, A: xp.linalg.qr(A)),
    "np.copy(A.T)": call(MATRIX, MATRIX_SIZES, lambda xp, A: xp.copy(A.T), torch=lambda xp, A: xp.clone(A.T)),
    "np.reshape(A.T, -1)": call(
        MATRIX, MATRIX_SIZES, lambda xp, A: xp.reshape(A.T, -1), torch=lambda xp, A: xp.reshape(A.T, (-1,))
    ),
}
