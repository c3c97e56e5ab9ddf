"""Functions of any size: how each is made, and at which sizes it is measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from analysis.programs.functions import Numbers, gaussian_mixture, helmholtz, logistic, rosenbrock, speelpenning
from analysis.programs.networks import mlp
from analysis.programs.textbooks import matrix

Program = tuple[Callable[[Any], Any], Any]


def quotients(x: Numbers) -> Any:
    """The first of any number of variables, divided by each of the others: the most expensive chain of its length.

    It is not from the literature; it is here because its gradient costs more than five times its value.
    """
    result = x[0]
    for divisor in x[1:]:
        result = result / divisor
    return result


def determinant(x: Numbers) -> Any:
    """The determinant of a square matrix, row after row, by elimination without pivoting.

    Its gradient consists of the cofactors; Baur and Strassen used their bound to reduce these to the determinant.
    """
    n = math.isqrt(len(x))
    rows = [list(x[n * i : n * (i + 1)]) for i in range(n)]
    result = rows[0][0]
    for k in range(1, n):
        pivot = rows[k - 1]
        for row in rows[k:]:
            factor = row[k - 1] / pivot[k - 1]
            for j in range(k, n):
                row[j] = row[j] - factor * pivot[j]
        result = result * rows[k][k]
    return result


def dominant(n: int) -> list[float]:
    """A matrix that needs no pivoting, row after row."""
    return [entry for row in matrix(n) for entry in row]


def mixture(k: int) -> Program:
    found = gaussian_mixture(d=2, k=k, n=4)
    return found.f, found.point


def near_one(n: int) -> list[float]:
    return [1 + math.sin(k) / 4 for k in range(1, n + 1)]


class Family(NamedTuple):
    """A function of any size: the name of the size, how it is built, and more sizes for the full report."""

    symbol: str
    build: Callable[[int], Program]
    larger: Sequence[int]


FAMILIES: Final[Mapping[str, Family]] = {
    "Speelpenning": Family("n", lambda n: (speelpenning, near_one(n)), (16, 32, 64, 128)),
    "Rosenbrock": Family("n", lambda n: (rosenbrock, near_one(n)), (16, 32, 64, 128)),
    "Helmholtz": Family("n", lambda n: (helmholtz, [0.5 / n] * n), (16, 32, 64)),
    "Gaussian mixture": Family("k", mixture, (12, 16)),
    "perceptron": Family("w", lambda w: mlp((w, w, w, 1)), (12,)),
    "determinant": Family("n", lambda n: (determinant, dominant(n)), (10, 12)),
    "logistic map": Family("k", lambda k: (logistic(k), [0.2]), (16, 32, 64)),
    "quotients": Family("n", lambda n: (quotients, near_one(n)), (16, 32, 64)),
}
