"""Laws as a user gets them: of each kind, verified far away, compared, and shown."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import operator
import pickle
import random
from fractions import Fraction

import matplotlib
import numpy as np
import pytest

import opcount as oc
from tests.support.lawful import GEOMETRIC, POLYNOMIALS, RECURRENCES

matplotlib.use("Agg")


def test_kinds_and_total_of_a_matrix_product():
    found = oc.law(lambda a, b: a @ b, range(1, 9), make=lambda n: (np.ones((n, n)), np.ones((n, n))))
    assert str(found) == "2n³ − n²"
    assert {kind: str(law) for kind, law in found.kinds.items()} == {"mul": "n³", "add": "n³ − n²"}
    assert found["mul"](10**6) == 10**18 and (found.degree, found.leading) == (3, 2)
    with pytest.raises(oc.InvalidValue, match="no 'sin' was counted; the kinds are mul, add"):
        found["sin"]


def test_several_parameters():
    sizes = {"m": range(1, 5), "k": [2, 5, 7, 9], "n": range(1, 5)}
    found = oc.law(lambda a, b: a @ b, sizes, make=lambda m, k, n: (np.ones((m, k)), np.ones((k, n))))
    assert str(found) == "2mkn − mn" and found.big_theta == "Θ(mkn)" and found.degree == 3
    assert found(20, 30, 40) == found(n=40, m=20, k=30) == 2 * 20 * 30 * 40 - 20 * 40
    uneven = oc.law_of({(m, n): m * n + m % 2 for m in range(1, 7) for n in range(1, 7)}, ("m", "n"))
    assert not uneven.exact


# --- verified far away


def ends_at(last):
    return lambda n: oc.Counts(mul=n * n + (n > last), add=n)


def test_far_sizes_are_run_too_and_must_agree():
    runs = []

    def f(n):
        runs.append(n)
        return ends_at(5000)(n)

    found = oc.law(f, range(1, 9), verify=[4096, 1000])
    assert runs == [*range(1, 9), 1000, 4096] and str(found) == "n² + n"
    assert found.verified == found["mul"].verified == ((1000,), (4096,))
    assert repr(found) == "Law(n² + n; verified at n = 1000 and n = 4096)"
    assert found.to_dict()["verified"] == [[1000, 1_001_000], [4096, 4096**2 + 4096]]
    assert "verified at n = 1000" in found._repr_html_() and len(found.counts) == 8
    assert oc.law(ends_at(0), range(1, 9)).verified == ()


@pytest.mark.parametrize("last", [8, 999])
def test_a_law_that_ends_before_a_far_size_is_none(last):
    assert oc.law(ends_at(last), range(1, 9)).exact
    found = oc.law(ends_at(last), range(1, 9), verify=[1000])
    assert not found.exact and not found["mul"].exact and found.verified == ()
    assert str(found["mul"]).startswith(
        "no exact law found: n² is 1000000 at n = 1000, where 1000001 were counted; about"
    )
    assert str(found["add"]) == "n" and found["add"].verified == ((1000,),)


def test_a_kind_that_comes_in_far_away_has_no_law():
    found = oc.law(lambda n: oc.Counts(mul=n, add=int(n > 100)), range(1, 9), verify=[200])
    assert found["mul"].exact and not found["add"].exact and not found.exact


def test_far_sizes_of_several_parameters_and_of_known_counts():
    found = oc.law(lambda m, n: oc.Counts(mul=m * n), {"m": range(1, 6), "n": range(2, 12, 2)},
                   verify={"n": [100, 50], "m": [7]})  # fmt: skip
    assert found.verified == ((7, 50), (7, 100)) and str(found) == "mn, where n ≡ 0 (mod 2)"
    near = {n: n * n for n in range(1, 9)}
    assert oc.law_of(near, verify={100: 10_000}).verified == ((100,),)
    assert not oc.law_of(near, verify={100: 10_001}).exact
    assert oc.law_of({n: oc.Counts(mul=n) for n in near}, verify={50: oc.Counts(mul=50)})["mul"].verified


def test_nothing_far_is_run_where_there_is_no_law():
    source, runs = random.Random(1), []
    found = oc.law(lambda n: runs.append(n) or oc.Counts(mul=source.randrange(1000)), range(1, 9), verify=[10**9])
    assert not found.exact and max(runs) == 8


# --- comparing, showing


def test_laws_are_compared_as_they_grow():
    named = {name: oc.law_of({n: count(n) for n in sizes}) for name, (count, sizes, *_) in
             (POLYNOMIALS | RECURRENCES | GEOMETRIC).items()}  # fmt: skip
    rising = ["zero", "constant", "logarithm", "line", "fft", "squared", "karatsuba", "matrix times vector",
              "strassen", "cubic", "fibonacci", "hanoi", "n 2^n", "mixture"]  # fmt: skip
    for slow, fast in itertools.pairwise(rising):
        assert named[slow] <= named[fast] and named[slow] < named[fast], (slow, fast)
        assert named[fast] >= named[slow] and not named[fast] <= named[slow]
    assert named["cubic"] <= named["skipped and unsorted"] <= named["cubic"]
    assert not named["cubic"] < named["skipped and unsorted"]
    for compared in (operator.le, operator.lt, operator.ge, operator.gt):
        with pytest.raises(oc.InvalidType, match="a law is compared with a law, not with 3"):
            compared(named["cubic"], 3)
    with pytest.raises(oc.InvalidValue, match="no exact law"):
        named["cubic"] <= oc.law_of({1: 3, 2: 1, 3: 4, 4: 1, 5: 5})  # noqa: B015


def test_degree_of_what_is_no_polynomial():
    assert oc.law_of({2**k: 3**k for k in range(9)}).degree == pytest.approx(math.log2(3))
    assert oc.law_of({n: 2**n for n in range(9)}).degree == math.inf
    assert oc.law_of({n: n * (n - 1) // 2 for n in range(9)}).leading == Fraction(1, 2)


def test_to_dict_goes_through_json():
    found = oc.law(lambda a: a @ a, range(1, 7), make=lambda n: np.ones((n, n)))
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["law"] == "2n³ − n²" and plain["exact"] and plain["form"] == "polynomial"
    assert plain["kinds"]["mul"]["law"] == "n³" and plain["counts"][1] == [2, 12]


def test_html_and_plot():
    found = oc.law(lambda a: a @ a, range(1, 7), make=lambda n: np.ones((n, n)))
    assert ">n³ − n²</td>" in found._repr_html_()
    axes = found.plot()
    assert [line.get_label() for line in axes.lines] == ["counted", "2n³ − n²"]
    assert list(axes.lines[0].get_ydata()) == [found(n) for n in range(1, 7)]
    matplotlib.pyplot.close(axes.figure)


def test_a_law_is_pickled_with_its_kinds():
    for counts in (lambda n: n // 2, lambda n: 2**n, lambda n: n**2):
        found = oc.law(lambda n, counts=counts: oc.Counts(mul=counts(n), add=n), range(1, 20), verify=[30])
        again = pickle.loads(pickle.dumps(found))
        assert repr(again) == repr(found) and again.to_dict() == found.to_dict() and again(40) == found(40)


# --- bad input


@pytest.mark.parametrize(
    ("counts", "names", "error", "words"),
    [
        ({1: 1, 2: 2, 3: 3, 4: 4.0}, ("n",), oc.InvalidType, "a count is an integer or a Counts, not 4.0"),
        ({(1, 2): 1}, ("n",), oc.InvalidValue, "a number for each of n, not (1, 2)"),
        ({(m, n): 1 for m in range(4) for n in range(4) if m or n}, ("m", "n"), oc.InvalidValue, "every combination"),
        ({"1": 1}, ("n",), oc.InvalidType, "n must be an integer, not '1'"),
    ],
)
def test_bad_counts(counts, names, error, words):
    with pytest.raises(error) as raised:
        oc.law_of(counts, names)
    assert words in str(raised.value)


def test_a_law_says_where_it_does_not_hold():
    with pytest.raises(oc.InvalidValue, match=r"sizes 1, 2, 4, \.\.\.: n = 3 is none"):
        oc.law_of({2**k: 3**k for k in range(9)})(3)
    with pytest.raises(oc.InvalidValue, match="which is no count"):
        oc.law_of({2 * n: n for n in range(1, 8)})(3)
    line = oc.law_of({n: n for n in range(1, 8)})
    with pytest.raises(oc.InvalidType, match="the law is of n"):
        line(1, 2)
    with pytest.raises(oc.InvalidType, match="n must be an integer"):
        line(1.5)


def test_a_law_does_not_change():
    law = oc.law(lambda a: a * a, range(1, 9), make=np.ones)
    with pytest.raises(dataclasses.FrozenInstanceError):
        law.counts = {}
