"""Sizes as they are given: those that no law can come of are refused before anything runs."""

from __future__ import annotations

import numpy as np
import pytest

import opcount as oc


@pytest.mark.parametrize(
    ("sizes", "error", "words"),
    [
        ([1, 2, 3], oc.InvalidValue, "3 sizes of n are too few: a law needs 4"),
        ([], oc.InvalidValue, "0 sizes of n are too few"),
        ([5, 5, 5, 5], oc.InvalidValue, "1 size of n is too few"),
        ({"m": [1, 2, 3, 4], "n": [1, 2]}, oc.InvalidValue, "2 sizes of n are too few"),
        ({}, oc.InvalidValue, "one to three parameters, not of 0"),
        (dict.fromkeys("abcd", range(4)), oc.InvalidValue, "one to three parameters, not of 4"),
        (7, oc.InvalidType, "sizes must be integers, or lists of them by parameter, not 7"),
        ([1, 2.5, 3, 4], oc.InvalidType, "n must be an integer, not 2.5"),
        ([True, 2, 3, 4], oc.InvalidType, "n must be an integer, not True"),
        ([-1, 1, 2, 3], oc.InvalidValue, "sizes must not be negative: n = -1"),
        ("1234", oc.InvalidType, "n must be an integer, not '1'"),
    ],
)
def test_bad_sizes(sizes, error, words):
    with pytest.raises(error) as raised:
        oc.law(lambda n: None, sizes)
    assert words in str(raised.value)


def test_sizes_may_be_an_iterator_repeated_and_unsorted():
    assert str(oc.law(lambda a: a + a, iter([5, 1, 1, 3, 2]), make=np.ones)) == "n"


@pytest.mark.parametrize(
    ("sizes", "verify", "error", "words"),
    [
        (range(4, 40, 4), [41], oc.InvalidValue, "verify: the law will be for the sizes 4, 8, 12, ...: n = 41 is none "
         "of them (n ≡ 0 (mod 4)); verify it at n = 44"),
        ([2**k for k in range(5)], [4096, 1000], oc.InvalidValue, "n = 1000 is none of them (n = 2^k); verify it at n ="
         " 1024"),
        (range(5, 12), [3], oc.InvalidValue, "the sizes 5, 6, 7, ...: n = 3 is none of them; verify it at n = 6"),
        (range(1, 9), [-3], oc.InvalidValue, "verify must not be negative: n = -3"),
        (range(1, 9), 1000, oc.InvalidType, "verify must be integers, or lists of them by parameter, not 1000"),
        (range(1, 9), [1.5], oc.InvalidType, "n must be an integer, not 1.5"),
        (range(1, 9), {"m": [9]}, oc.InvalidValue, "verify: sizes are of n, and not of m"),
        ({"m": range(4), "n": range(4)}, [9], oc.InvalidType, "verify: sizes are of m, n: give a dict of them"),
        ({"m": range(4), "n": range(4)}, {"m": [9]}, oc.InvalidValue, "verify: sizes are of m, n, and not of m"),
    ],
)  # fmt: skip
def test_far_sizes_that_no_law_will_be_for_are_refused_before_anything_runs(sizes, verify, error, words):
    def f(*args, **named):
        raise AssertionError("it ran")

    with pytest.raises(error) as raised:
        oc.law(f, sizes, verify=verify)
    assert words in str(raised.value)


@pytest.mark.parametrize("n", [np.arange(3), None, 2.0, oc.wrap(2.0), True])
def test_a_size_is_an_integer(n):
    with pytest.raises(oc.InvalidType, match="n must be an integer, not"):
        oc.law(lambda n: None, [1, 2, 3, n])


def test_a_size_of_numpys_is_a_size_and_an_int():
    seen = []
    oc.law(lambda n: seen.append(n) or oc.Counts(mul=n), np.arange(1, 6))
    assert seen == [1, 2, 3, 4, 5] and {type(n) for n in seen} == {int}
