"""How often counts that have no law, or another one, are given a law all the same: never at a size between those given.

Forty generators of counts, none of which is a polynomial, a quasi-polynomial of a period up to twelve or a recurrence
for all n, are tried at consecutive, strided, geometric and random sizes, a few and many.
"""

from __future__ import annotations

import itertools
import math
import random
import zlib
from collections import Counter
from functools import cache

import pytest

import opcount as oc
from opcount.laws.fit import ASKED, form_of
from opcount.laws.forms import Recurrence
from opcount.laws.law import Law
from opcount.laws.progressions import Progression

PHI = (1 + math.sqrt(5)) / 2
LARGEST = 1400  # beyond which no count is asked for


def beatty(slope):
    return lambda n: math.floor(n * slope)


def word(slope):
    return lambda n: math.floor((n + 1) * slope) - math.floor(n * slope)


@cache
def primes():
    return [p for p in range(2, 12000) if all(p % d for d in range(2, math.isqrt(p) + 1))]


@cache
def drawn(name, most):
    """Counts that data decides, one for each size."""
    source = random.Random(name)
    return [source.randrange(most) for _ in range(LARGEST + 1)]


@cache
def walk(ups):
    source = random.Random(str(ups))
    return list(itertools.accumulate((source.choice(ups) for _ in range(LARGEST)), initial=3 * LARGEST))


@cache
def partitions():
    found = [1] + [0] * LARGEST
    for part in range(1, LARGEST + 1):
        for n in range(part, LARGEST + 1):
            found[n] += found[n - part]
    return found


def collatz(n):
    steps = 0
    while n > 1:
        n, steps = (n // 2 if n % 2 == 0 else 3 * n + 1), steps + 1
    return steps


@cache
def comparisons(n):
    """Of an insertion sort of data that is drawn for each size."""
    source = random.Random(n)
    values = [source.random() for _ in range(n)]
    return sum(values[j] > values[i] for i in range(min(n, 60)) for j in range(i)) + n


def divisors(n):
    return sum(n % d == 0 for d in range(1, n + 1))


def hashed(n):
    return zlib.crc32(str(n).encode())


def merges(n):
    return 0 if n < 2 else merges(n // 2) + merges(n - n // 2) + n


GENERATORS = {  # name: the count at n
    "floor(n e)": beatty(math.e),
    "floor(n π)": beatty(math.pi),
    "floor(n φ)": beatty(PHI),
    "floor(n √2)": beatty(math.sqrt(2)),
    "the word of φ": word(PHI),
    "the word of e": word(math.e),
    "the word of √2": word(math.sqrt(2)),
    "the n-th prime": lambda n: primes()[n],
    "primes up to n": lambda n: sum(p <= n for p in primes()[: n + 1]),
    "whether n is prime": lambda n: int(n in primes()),
    "divisors": divisors,
    "sum of divisors": lambda n: sum(d for d in range(1, n + 1) if n % d == 0),
    "numbers prime to n": lambda n: sum(math.gcd(n, k) == 1 for k in range(1, n + 1)),
    "decimal digits": lambda n: sum(map(int, str(n))),
    "ones in binary": int.bit_count,
    "n and its ones in binary": lambda n: n + n.bit_count(),
    "Thue-Morse": lambda n: n.bit_count() % 2,
    "the ruler": lambda n: (n & -n).bit_length(),
    "length in binary": int.bit_length,
    "floor of the root": math.isqrt,
    "floor(n^1.5)": lambda n: math.isqrt(n**3),
    "floor(n^2.8)": lambda n: math.floor(n**2.8),
    "floor(n log n)": lambda n: math.floor(n * math.log(n)),
    "floor(n²/π)": lambda n: math.floor(n * n / math.pi),
    "whether n is a square": lambda n: int(math.isqrt(n) ** 2 == n),
    "bits": lambda n: drawn("bits", 2)[n],
    "rare bits": lambda n: int(drawn("rare", 20)[n] == 0),
    "trits": lambda n: drawn("trits", 3)[n],
    "numbers": lambda n: drawn("numbers", 1000)[n],
    "a walk": lambda n: walk((-1, 1))[n],
    "a lazy walk": lambda n: walk((0, 0, 0, 1))[n],
    "Collatz": collatz,
    "insertion sort": comparisons,
    "merge sort": merges,
    "period and noise": lambda n: 2 * n + n % 3 + drawn("noise", 2)[n],
    "square and noise": lambda n: n * n + drawn("more noise", 2)[n],
    "hash mod 3": lambda n: hashed(n) % 3,
    "hash mod 16": lambda n: hashed(n) % 16,
    "period 13": lambda n: n + (n % 13 == 5),
    "partitions mod 7": lambda n: partitions()[n] % 7,
}


GENERATORS = {name: cache(f) for name, f in GENERATORS.items()}


def sizes_drawn(source):
    """Sizes of one of four patterns, by its name."""
    number = source.choice(
        (source.randrange(4, 12), source.randrange(4, 41), source.randrange(4, 81))
    )  # few ones are where chance is
    first = source.randrange(1, 20)
    strided = range(first, first + number * (step := source.randrange(2, 9)), step)
    scale = source.choice((1, 2, 3))
    scattered = sorted(source.sample(range(1, number + 1 + source.randrange(1, 3 * number)), number))
    return {
        "consecutive": list(range(first, first + number)),
        "strided": list(strided),
        "geometric": [scale * 2**k for k in range(source.randrange(4, 9))],
        "random": scattered,
    }


def value_at(found, n):
    """What the form gives at n; None where it is a recurrence, which has no value between its sizes."""
    return None if isinstance(found.form, Recurrence) and n not in found.domain else found.form((n,))


def sizes_of(found):
    return found.domain.axes[0]


def tried(seeds, law_of=oc.law_of, sizes_of=sizes_of):
    """By pattern how many tries there are, how many gave a law, and those laws that are false, between and beyond."""
    tries, exact = Counter(), Counter()
    between, beyond = [], []
    for seed in seeds:
        for name, f in GENERATORS.items():
            for pattern, sizes in sizes_drawn(random.Random(f"{seed} {name}")).items():
                found = law_of({n: f(n) for n in sizes})
                tries[pattern] += 1
                exact[pattern] += found.exact
                if found.exact:
                    last = min(LARGEST, 2 * sizes[-1])
                    further = [n for n in range(sizes[0], last + 1) if n in sizes_of(found)]
                    wrong = [n for n in further if value_at(found, n) != f(n)]
                    case = (pattern, name, sizes, str(found))
                    if wrong:
                        (between if wrong[0] < sizes[-1] else beyond).append(case)
    return tries, exact, between, beyond


FAST, SLOW = range(4), range(100, 140)


@pytest.mark.parametrize("seeds", [FAST, pytest.param(SLOW, marks=pytest.mark.slow)], ids=["fast", "slow"])
def test_no_law_is_false_between_the_sizes_that_it_was_found_on(seeds):
    tries, exact, between, beyond = tried(seeds)
    assert len(GENERATORS) == 40 and set(tries.values()) == {40 * len(seeds)}
    assert between == []
    assert sum(exact.values()) > len(seeds)  # some have one, as the ones in binary at powers of two
    assert len(beyond) <= sum(tries.values()) // 40, beyond


def test_the_campaign_sees_laws_that_are_accepted_too_easily():
    def law_of(counts):
        counts = {(n,): count for n, count in counts.items()}
        form, doubt = form_of(("n",), counts, ASKED._replace(of_gap=0))
        return Law(("n",), counts, None if doubt else form)

    *_, between, _ = tried(range(20), law_of)
    assert between and {pattern for pattern, *_ in between} == {"random"}


def test_the_campaign_sees_laws_of_more_sizes_than_they_are_for():
    *_, between, _ = tried(FAST, sizes_of=lambda found: Progression(0, 1))
    assert {"strided", "geometric"} <= {pattern for pattern, *_ in between}


# --- what was accepted, and what still is


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("floor(n e)", range(1, 33)),
        ("floor(n φ)", range(1, 33)),
        ("the word of φ", range(1, 33)),
        ("the word of √2", range(1, 33)),
        ("floor(n √2)", range(1, 41)),
    ],
)
def test_a_period_that_comes_close_is_no_law(name, sizes):
    for last in range(4, len(sizes) + 1):
        assert not oc.law_of({n: GENERATORS[name](n) for n in sizes[:last]}).exact


TRUE = {
    "degree 4": (lambda n: 3 * n**4 - n + 7, 12),
    "degree 8": (lambda n: n**8 + n**3, 14),
    "n // 2": (lambda n: n // 2, 12),
    "n // 3": (lambda n: n // 3, 18),
    "n² // 4": (lambda n: n * n // 4, 14),
    "n // 5": (lambda n: 2 * n + n // 5, 30),
    "n // 7": (lambda n: n // 7, 42),
    "n // 12": (lambda n: n // 12, 72),
    "n % 12": (lambda n: n % 12, 60),
    "n² + n % 4": (lambda n: n * n + n % 4, 28),
    "2^n": (lambda n: 2**n, 6),
    "2^n - 1": (lambda n: 2**n - 1, 8),
    "3^n + n²": (lambda n: 3**n + n * n, 12),
}


@pytest.mark.parametrize("name", TRUE)
def test_true_laws_are_found_from_so_many_sizes_and_from_all_longer_ranges(name):
    count, number = TRUE[name]
    for more in (0, 1, 5, 30):
        found = oc.law_of({n: count(n) for n in range(1, number + more + 1)})
        assert found.exact and all(found(n) == count(n) for n in (1, 2, 97, 213))
