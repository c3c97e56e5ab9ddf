"""Functions of any size of which each output depends on few inputs, as the literature on sparse derivatives has them.

J. J. Moré, B. S. Garbow and K. E. Hillstrom, Testing unconstrained optimization software, ACM Transactions on
Mathematical Software 7 (1981), has `broyden_tridiagonal` and `broyden_banded` as problems 30 and 31; B. M. Averick,
R. G. Carter, J. J. Moré and G.-L. Xue, The MINPACK-2 test problem collection, Argonne (1992), has `bratu`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, TypeAlias

import numpy as np

Numbers: TypeAlias = Sequence[Any]


def broyden_tridiagonal(x: Numbers) -> list[Any]:
    """Each equation with its two neighbours."""
    around = [0.0, *x, 0.0]
    return [
        (3.0 - 2.0 * here) * here - before - 2.0 * after + 1.0
        for before, here, after in zip(around, around[1:], around[2:], strict=False)
    ]


def broyden_banded(x: Numbers) -> list[Any]:
    """Each equation with five before it and one after."""
    found = []
    for i, here in enumerate(x):
        value = here * (2.0 + 5.0 * (here * here)) + 1.0
        for j in range(max(0, i - 5), min(len(x), i + 2)):
            if j != i:
                value = value - x[j] * (1.0 + x[j])
        found.append(value)
    return found


def bratu(x: Numbers) -> list[Any]:
    """A flame on a square grid, by the five points of the discrete Laplacian; zero on the border."""
    side = math.isqrt(len(x))
    width = 1.0 / (side + 1)

    def at(i: int, j: int) -> Any:
        return x[i * side + j] if 0 <= i < side and 0 <= j < side else 0.0

    return [
        4.0 * at(i, j) - at(i - 1, j) - at(i + 1, j) - at(i, j - 1) - at(i, j + 1) - width * width * np.exp(at(i, j))
        for i in range(side)
        for j in range(side)
    ]


def arrow(x: Numbers) -> list[Any]:
    """The first equation with all variables, and all others with the first variable."""
    total = x[0] * x[0]
    for each in x[1:]:
        total = total + each * each
    return [total, *(x[0] * each for each in x[1:])]


def diffused(x: Numbers) -> list[Any]:
    """Three steps of a diffusion that is faster where there is more: each step with both neighbours."""
    state = list(x)
    for _ in range(3):
        around = [0.0, *state, 0.0]
        state = [
            here + 0.1 * here * (before + after - 2.0 * here)
            for before, here, after in zip(around, around[1:], around[2:], strict=False)
        ]
    return state


SYSTEMS: Final[Mapping[str, Callable[[Numbers], list[Any]]]] = {
    "tridiagonal": broyden_tridiagonal,
    "banded": broyden_banded,
    "five points": bratu,
    "three steps": diffused,
    "arrow": arrow,
}
"""Systems of as many equations as variables."""


def rosenbrock_chain(x: Numbers) -> Any:
    """Each variable with the next one: the Hessian has three diagonals."""
    return sum((1.0 - a) ** 2 + 100.0 * (b - a * a) ** 2 for a, b in pairwise(x))


def windows(x: Numbers) -> Any:
    """Six variables in a row at a time: the Hessian has ten diagonals beside the main one."""
    return sum(sum(x[i : i + 6]) ** 3 for i in range(len(x) - 5))


def spokes(x: Numbers) -> Any:
    """The first variable with each other: the Hessian is an arrow."""
    return sum(x[0] * (each * each) for each in x[1:]) + x[0] ** 3


ENERGIES: Final[Mapping[str, Callable[[Numbers], Any]]] = {
    "Rosenbrock": rosenbrock_chain,
    "windows": windows,
    "arrow": spokes,
}
"""Functions of which the Hessian is sparse."""
