"""Counts that have a law: by name the count, the sizes, the text of the law, and its order of growth."""

from __future__ import annotations

import math

import pytest


def fibonacci(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


POLYNOMIALS = {
    "constant": (lambda n: 7, range(1, 5), "7", "Θ(1)"),
    "zero": (lambda n: 0, range(1, 5), "0", "Θ(0)"),
    "line": (lambda n: n, range(1, 5), "n", "Θ(n)"),
    "line down": (lambda n: 20 - n, range(1, 6), "−n + 20", "Θ(n)"),
    "matrix times vector": (lambda n: 2 * n**2 - n, range(1, 7), "2n² − n", "Θ(n²)"),
    "cubic": (lambda n: 2 * n**3 + 3 * n**2, range(1, 13), "2n³ + 3n²", "Θ(n³)"),
    "pairs": (lambda n: n * (n - 1) // 2, range(1, 8), "n²/2 − n/2", "Θ(n²)"),
    "skipped and unsorted": (lambda n: n**3, [20, 1, 5, 2, 9, 33], "n³", "Θ(n³)"),
    "degree ten": (lambda n: n**10 + 1, range(1, 18), "n¹⁰ + 1", "Θ(n¹⁰)"),
    "sums of powers": (lambda n: n * (n + 1) * (2 * n + 1) // 6, range(9), "n³/3 + n²/2 + n/6", "Θ(n³)"),
}
QUASI = {
    "half": (lambda n: n // 2, range(1, 16), "n/2 (n even); n/2 − 1/2 (n odd)", "Θ(n)"),
    "quarter square": (lambda n: n * n // 4, range(1, 18), "n²/4 (n even); n²/4 − 1/4 (n odd)", "Θ(n²)"),
    "third": (
        lambda n: 5 * (n // 3),
        range(1, 25),
        "5n/3 (n mod 3 = 0); 5n/3 − 5/3 (n mod 3 = 1); 5n/3 − 10/3 (n mod 3 = 2)",
        "Θ(n)",
    ),
}
RECURRENCES = {
    "hanoi": (lambda n: 2**n - 1, range(1, 12), "2ⁿ − 1", "Θ(2ⁿ)"),
    "mixture": (lambda n: 2 * 3**n - n, range(13), "2·3ⁿ − n", "Θ(3ⁿ)"),
    "n 2^n": (lambda n: n * 2**n + n**2, range(1, 16), "n·2ⁿ + n²", "Θ(n·2ⁿ)"),
    "fibonacci": (fibonacci, range(16), "T(n) = T(n−1) + T(n−2), T(0) = 0, T(1) = 1", "Θ(1.61803ⁿ)"),
    "by twos": (lambda n: 3 ** (n // 2), range(2, 26, 2), "3·3^k, where n = 2 + 2k", "Θ(3^k)"),
    "not from one": (lambda n: 5 * 2**n, range(4, 14), "5·2ⁿ", "Θ(2ⁿ)"),
}
GEOMETRIC = {
    "fft": (
        lambda n: n * int(math.log2(n)) + 2 * n,
        [2**k for k in range(1, 10)],
        "n log2 n + 2n, where n = 2^k",
        "Θ(n log2 n)",
    ),
    "karatsuba": (
        lambda n: 3 ** int(math.log2(n)),
        [2**k for k in range(9)],
        "n^log2(3), where n = 2^k",
        "Θ(n^log2(3))",
    ),
    "strassen": (
        lambda n: 7 * 7 ** int(math.log2(n)) - 6 * n * n,
        [2**k for k in range(9)],
        "7n^log2(7) − 6n², where n = 2^k",
        "Θ(n^log2(7))",
    ),
    "logarithm": (
        lambda n: 100 * int(math.log2(n)) + 3,
        [2**k for k in range(1, 10)],
        "100 log2 n + 3, where n = 2^k",
        "Θ(log2 n)",
    ),
    "by threes": (
        lambda n: n * round(math.log(n, 3)),
        [3**k for k in range(9)],
        "n log3 n, where n = 3^k",
        "Θ(n log3 n)",
    ),
    "from four": (
        lambda n: n * int(math.log2(n)) + 7,
        [2**k for k in range(2, 11)],
        "n log2 n + 7, where n = 2^k",
        "Θ(n log2 n)",
    ),
    "squared": (
        lambda n: n * int(math.log2(n)) ** 2,
        [2**k for k in range(1, 13)],
        "n (log2 n)², where n = 2^k",
        "Θ(n (log2 n)²)",
    ),
}


def case_table(*tables):
    return pytest.mark.parametrize(
        ("count", "sizes", "text", "theta"),
        [pytest.param(*case, id=name) for table in tables for name, case in table.items()],
    )
