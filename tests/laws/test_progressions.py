"""The sizes that a law is for: those that go on as the sizes that it was found on do."""

from __future__ import annotations

import itertools

import pytest

import opcount as oc
from opcount.laws.progressions import Progression, progression
from tests.support.lawful import fibonacci

DOMAINS = {  # sizes, what the law ends with, some that it is for, some that it is not for
    "by fours": (range(4, 65, 4), "n ≡ 0 (mod 4)", [0, 4, 100], [5, 6, 66]),
    "odd": (range(1, 30, 2), "n ≡ 1 (mod 2)", [31, 1001], [2, 30]),
    "irregular, with a common step": ([2, 5, 8, 14, 29, 32, 35, 38], "n ≡ 2 (mod 3)", [11, 41], [12, 40]),
    "powers": ([2**k for k in range(1, 9)], "n = 2^k", [2, 4, 1024], [1, 3, 6, 1000]),
    "powers with gaps": ([2, 4, 16, 128, 256, 1024], "n = 2^k", [8, 64, 2048], [6, 12, 3000]),
    "powers of four": ([4**k for k in range(6)], "n = 4^k", [4096], [2, 8]),
    "multiples of powers": ([3 * 2**k for k in range(8)], "n = 3·2^k", [3, 768], [1, 9]),
    "multiples of powers with gaps": ([3 * 2**k for k in (0, 1, 3, 4, 6, 7, 8, 9)], "n = 3·2^k", [12, 3072], [9, 16]),
    "one less": ([2**k - 1 for k in range(1, 9)], "n = 2^k − 1", [1, 511], [2, 8, 512]),
    "one more": ([2**k + 1 for k in range(1, 9)], "n = 2^k + 1", [3, 1025], [2, 4, 8]),
    "every": (range(1, 9), "", [0, 1, 9, 10**9], []),
    "every, with gaps": ([1, 2, 3, 5, 8, 9, 10, 11], "", [0, 4, 99], []),
}


@pytest.mark.parametrize("name", DOMAINS)
def test_a_law_knows_the_progression_that_it_was_found_on(name):
    sizes, text, inside, outside = DOMAINS[name]
    found = oc.law_of({n: 3 * n**3 for n in sizes})
    assert str(found) == f"3n³{', where ' * bool(text)}{text}" and found.formula == "3n³"
    assert str(found.domain) == (text or "every n") and found.to_dict()["domain"] == str(found.domain)
    for n in [*sizes, *inside]:
        assert n in found.domain and found(n) == 3 * n**3
    for n in outside:
        assert n not in found.domain
        with pytest.raises(oc.InvalidValue, match=rf"the law is for the sizes .*: n = {n} is none of them"):
            found(n)
    assert "a" not in found.domain and 1.5 not in found.domain and (4, 4) not in found.domain
    assert all(n in found.domain for n in itertools.islice(found.domain, 9))


@pytest.mark.parametrize(
    ("sizes", "found", "hidden"),
    [
        ([5], Progression(5, 1), 0),
        ([5, 9], Progression(5, 4), 0),
        ([5, 9, 17], Progression(5, 4, 2), 0),  # of 4·2^k + 1
        ([3, 6, 12], Progression(3, 3, 2), 0),
        ([3, 6, 24], Progression(3, 3, 2), 1),
        ([1, 9, 27, 81], Progression(1, 2, 3), 1),
        ([2, 16, 128, 1024], Progression(2, 14, 8), 0),
        ([4, 8, 16, 36], Progression(4, 4), 5),
        ([0, 6, 10, 14], Progression(0, 2), 4),
    ],
)
def test_how_sizes_go_on(sizes, found, hidden):
    assert progression(sizes) == (found, hidden)
    assert [found.index(n) for n in itertools.islice(found, 5)] == [*range(5)]
    assert set(sizes) <= {*itertools.islice(found, len(sizes) + hidden)}


def test_sizes_above_one():
    assert Progression(3, 4).after(11, 2) == [15, 19] and Progression(3, 4).after(12, 1) == [15]
    assert Progression(3, 3, 2).after(12, 2) == [24, 48] and Progression(3, 3, 2).after(0, 1) == [3]
    assert Progression(3, 3, 2).index(18) is None and Progression(3, 4, onwards=True).index(-1) is None


def test_a_law_says_nothing_between_its_sizes():
    found = oc.law_of({n: n * n + n % 4 for n in range(4, 65, 4)})
    assert 5 not in found.domain and str(found) == "n², where n ≡ 0 (mod 4)" and found(68) == 68 * 68
    with pytest.raises(oc.InvalidValue, match=r"sizes 4, 8, 12, \.\.\.: n = 5 is none of them \(n ≡ 0 \(mod 4\)\)"):
        found(5)


def test_a_recurrence_is_for_the_sizes_from_its_first_on():
    found = oc.law_of({n: fibonacci(n) for n in range(5, 21)})
    assert 5 in found.domain and 4 not in found.domain and found(30) == fibonacci(30)
    with pytest.raises(oc.InvalidValue, match=r"the sizes 5, 6, 7, \.\.\.: n = 4 is none of them"):
        found(4)


def test_several_parameters_have_a_progression_each():
    found = oc.law_of({(j, k): j * k for j in range(2, 18, 3) for k in (2**i for i in range(6))}, ("j", "k"))
    assert str(found) == "jk, where j ≡ 2 (mod 3), k = 2^i" and found(20, 64) == found(k=64, j=20) == 1280
    assert (20, 64) in found.domain and (21, 64) not in found.domain and (20, 65) not in found.domain
    with pytest.raises(oc.InvalidValue, match=r"the sizes of k 1, 2, 4, \.\.\.: k = 65 is none of them \(k = 2\^i\)"):
        found(20, 65)
    with pytest.raises(oc.InvalidType, match="in order"):
        iter(found.domain)
