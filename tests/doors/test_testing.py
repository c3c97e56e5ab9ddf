"""What a test asserts of its counts, without pytest: limits, exact counts, a baseline, laws."""

from __future__ import annotations

import numpy as np
import pytest

import opcount as oc
from opcount.counting.counts import Counts
from opcount.testing import COVERS, above, assert_law, changes, claimed, unequal


@pytest.mark.parametrize(
    ("mark", "says"),
    [
        ("max_ops()", "without a number says nothing"),
        ("exact_ops()", "without a number says nothing"),
        ("max_ops(foo=3)", "neither a kind of operation nor a group: foo"),
        ("max_ops(-1)", "total must not be negative: -1"),
        ("exact_ops(mul=-1)", "mul must not be negative: -1"),
        ("max_ops(mul=2.5)", "mul must be an integer, not 2.5"),
        ("max_ops('many')", "total must be an integer, not 'many'"),
        ("max_ops(True)", "total must be an integer, not True"),
        ("max_ops(1, 2)", "more than one is given"),
        ("max_ops(1, total=2)", "more than one is given"),
    ],
)
def test_what_is_no_claim_says_what_to_write(mark, says):
    name, args, kwargs = eval(f"(lambda *a, **k: ('{mark.partition('(')[0]}', a, k))({mark.partition('(')[2]}")
    with pytest.raises(oc.OpcountError) as error:
        claimed(name, args, kwargs)
    assert f"@pytest.mark.{name}" in str(error.value) and says in str(error.value)
    assert f"write @pytest.mark.{name}(1000)" in str(error.value)


def test_claims_by_themselves():
    assert claimed("max_ops", (np.int64(3),), {"mul": 2}) == {"total": 3, "mul": 2}
    counts = Counts(mul=5, add=2, tanh=1)
    assert above({"total": 8, "mul": 5, "transcendental": 1}, counts) == []
    assert above({"additive": 1}, counts) == ["+1 additive: 2 counted, at most 1"]
    assert unequal({"mul": 5, "additive": 2, "tanh": 1}, counts) == []
    assert unequal({"total": 8, "mul": 5}, counts) == []
    assert unequal({"mul": 5, "add": 2}, counts) == ["+1 tanh: 1 counted, none named"]
    named = oc.measure(np.matmul, oc.spec(("n", "n")), oc.spec(("n", "n"))).counts
    assert above({"mul": 5}, named) == [
        "mul: n**3 counted, at most 5: a number is compared with numbers, so give the sizes as numbers"
    ]
    assert set(COVERS) == {*oc.KINDS, *oc.GROUPS, "total"}


def test_changes_by_themselves():
    assert changes({"mul": 10, "add": 1}, {"mul": 13}, more=True) == ["+3 mul: 10 -> 13"]
    assert changes({"mul": 10, "add": 1}, {"mul": 13}, more=False) == ["-1 add: 1 -> 0"]
    assert changes({"mul": "n**3"}, {"mul": "n**2"}, more=True) == ["mul: n**3 -> n**2"]
    assert changes({"mul": "n**3"}, {"mul": "n**3"}, more=True) == []


# --- laws


def product(a):
    return a @ a


def square(n):
    return np.ones((n, n))


def pairs(n):
    x = oc.wrap(1.0)
    for _ in range(n * (n - 1) // 2):
        x = x * 2.0


def merge_sort(n):
    """n*log2(n) additions, for powers of two."""
    if n > 1:
        merge_sort(n // 2)
        merge_sort(n // 2)
        np.add(oc.wrap(np.ones(n)), 1.0)


@pytest.mark.parametrize(
    ("f", "sizes", "make", "claim"),
    [
        (product, range(1, 8), square, {"exactly": "2*n**3 - n**2"}),
        (product, range(1, 8), square, {"exactly": {"mul": "n**3", "additive": "n**3 - n**2"}}),
        (product, [1, 2, 3, 5, 8, 13, 21], square, {"at_most": "2*n**3"}),
        (product, range(1, 8), square, {"at_most": {"mul": "n**3", "div": "0"}}),
        (pairs, range(8), None, {"exactly": "n*(n - 1)/2"}),
        (pairs, range(8), None, {"at_most": "n**2/2"}),
        (merge_sort, [1, 2, 4, 8, 16, 32, 64], None, {"exactly": {"add": "n*log2(n)"}}),
        (merge_sort, [2, 4, 8, 16, 32, 64], None, {"at_most": "n**2"}),
        (lambda n: None, range(1, 5), None, {"exactly": "0"}),
        (np.outer, {"m": range(1, 5), "n": range(1, 5)}, lambda m, n: (np.ones(m), np.ones(n)), {"exactly": "m*n"}),
        (np.outer, {"m": range(1, 5), "n": range(1, 5)}, lambda m, n: (np.ones(m), np.ones(n)), {"at_most": "m*n"}),
    ],
)
def test_a_law_that_holds(f, sizes, make, claim):
    assert assert_law(f, sizes, make, **claim).exact


@pytest.mark.parametrize(
    ("f", "sizes", "make", "claim", "says"),
    [
        (product, range(1, 8), square, {"exactly": "2*n**3"}, "at n = 1: 1 counted, and the formula is 2"),
        (product, range(1, 8), square, {"exactly": {"mul": "n**3"}}, "add: n³ − n², and none named"),
        (product, range(1, 8), square, {"at_most": "n**3 + 10"}, "at n = 3: 45 counted, and the formula is 37"),
        (product, range(1, 8), square, {"at_most": "100*n**2"}, "grows as Θ(n³), and the formula as Θ(n²)"),
        (pairs, range(4), None, {"exactly": "n*(n-1)/2"}, "no exact law found"),
        (merge_sort, range(1, 12), None, {"at_most": "n**3"}, "no exact law found"),
        # these agree at every size that is measured, and differ at the next
        (pairs, range(5), None, {"exactly": "n*(n-1)/2 + n*(n-1)*(n-2)*(n-3)*(n-4)"}, "at n = 5: the law is 10, and"),
        (pairs, range(1, 8), None, {"at_most": "3*n + 1"}, "at n = 8: the law is 28, and the formula 25"),
        (merge_sort, [2**k for k in range(8)], None, {"at_most": "8*n"}, "at n = 512: the law is 4608, and the"),
    ],
)
def test_a_law_that_does_not_hold(f, sizes, make, claim, says):
    with pytest.raises(AssertionError) as error:
        assert_law(f, sizes, make, **claim)
    assert says in str(error.value) and "the laws of the kinds" in str(error.value)


@pytest.mark.parametrize("claim", [{}, {"exactly": "n", "at_most": "n"}, {"exactly": {"foo": "n"}}, {"at_most": "n +"}])
def test_what_is_no_law_to_assert_is_refused(claim):
    with pytest.raises(oc.InvalidValue):
        assert_law(pairs, range(5), **claim)


def test_a_law_of_nothing_is_warned_of_unless_it_is_asserted():
    with pytest.warns(oc.NothingCounted) as warned:
        assert_law(lambda n: None, range(1, 5), at_most="n")
    assert warned[0].filename == __file__
    assert_law(lambda n: None, range(1, 5), exactly="0")


@pytest.mark.parametrize("claim", [{"exactly": {"mul": "n", "add": "0"}}, {"at_most": {"multiplicative": "n"}}])
def test_an_asserted_law_is_verified_far_away(claim):
    def ends(n):
        return oc.Counts(mul=n + (n > 100))

    assert assert_law(ends, range(1, 7), verify=[100], **claim).verified == ((100,),)
    with pytest.raises(AssertionError, match="200"):
        assert_law(ends, range(1, 7), verify=[200], **claim)
