"""Linear algebra counts what LAPACK Working Note 41 publishes."""

from __future__ import annotations

import numpy as np
import pytest

import opcount as oc


def getrf(n):
    return n**3 / 3 + 2 * n / 3, n**3 / 3 - n**2 / 2 + n / 6


def getrs(n, columns):
    return columns * n**2, columns * (n**2 - n)


def potrf(n):
    return n**3 / 6 + n**2 / 2 + n / 3, n**3 / 6 - n / 6


def geqrf(m, n):
    if m >= n:
        return m * n**2 - n**3 / 3 + m * n + n**2 / 2 + 23 * n / 6, m * n**2 - n**3 / 3 + n**2 / 2 + 5 * n / 6
    return n * m**2 - m**3 / 3 + 2 * n * m - m**2 / 2 + 23 * m / 6, n * m**2 - m**3 / 3 + n * m - m**2 / 2 + 5 * m / 6


def orgqr(m, n, k):
    products = 2 * m * n * k - (m + n) * k**2 + 2 * k**3 / 3 + 2 * n * k - k**2 - 5 * k / 3
    return products, 2 * m * n * k - (m + n) * k**2 + 2 * k**3 / 3 + n * k - m * k + k / 3


def check_published(program, arrays, *parts, besides=0):
    """Multiplications, with divisions and roots, and additions are the sums of the published ones."""
    _, counts = oc.measure(program, *arrays)
    found = counts.mul + counts.div + counts.sqrt, counts.add + counts.sub
    assert found == pytest.approx([sum(numbers) for numbers in zip(*parts, strict=True)], abs=1e-9)


@pytest.mark.parametrize("n", range(1, 9))
def test_linear_algebra_counts_what_is_published(n):
    a = np.random.default_rng(n).normal(size=(n, n)) + n * np.eye(n)
    for columns in (1, 2, 5):
        check_published(np.linalg.solve, (a, np.ones((n, columns))), getrf(n), getrs(n, columns))
    check_published(np.linalg.inv, (a,), getrf(n), getrs(n, n))
    check_published(np.linalg.slogdet, (a,), getrf(n), (0, n))
    check_published(np.linalg.det, (a,), getrf(n), (1, n))
    check_published(np.linalg.cholesky, (a @ a.T,), potrf(n))
    for m in range(1, 9):
        b = np.random.default_rng(m).normal(size=(m, n))
        k = min(m, n)
        check_published(lambda b: np.linalg.qr(b, "r"), (b,), geqrf(m, n))
        check_published(np.linalg.qr, (b,), geqrf(m, n), orgqr(m, k, k))
        check_published(lambda b: np.linalg.qr(b, "complete"), (b,), geqrf(m, n), orgqr(m, m, k))
