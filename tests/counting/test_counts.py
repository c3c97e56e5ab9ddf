"""Counts: an immutable value with an algebra, and its views."""

import copy
import json
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import opcount as oc
from opcount import GROUPS, KINDS, Counts, InvalidType, InvalidValue

HUGE = 10**40
SOME = Counts(mul=12, add=9, tanh=3)

# zeros, negatives and numbers past 64 bits all matter, so all are drawn
numbers = st.one_of(st.integers(-3, 3), st.integers(-HUGE, HUGE))
plain = st.dictionaries(st.sampled_from(KINDS), numbers, max_size=6)


def nonzero(numbers):
    """The independent oracle: a plain dict without its zeros."""
    return {kind: number for kind, number in numbers.items() if number}


# --- a value


def test_a_kind_reads_as_an_attribute_and_by_name():
    assert (SOME.mul, SOME["mul"], SOME.add, SOME["tanh"]) == (12, 12, 9, 3)


def test_a_kind_that_is_absent_counts_zero():
    assert (SOME.exp, SOME["exp"], Counts().total) == (0, 0, 0)


def test_a_name_that_is_no_kind_is_an_error_and_never_a_zero():
    with pytest.raises(AttributeError, match=r"no kind and no group 'mull'.*multiplicative"):
        _ = SOME.mull
    with pytest.raises(KeyError):
        SOME["mull"]
    assert not hasattr(SOME, "mull")


def test_iteration_gives_the_kinds_that_occur_in_the_order_of_the_table():
    counts = Counts({"tanh": 3, "exp": 0, "add": 9, "mul": 12})
    assert list(counts) == ["mul", "add", "tanh"]
    assert list(counts.items()) == [("mul", 12), ("add", 9), ("tanh", 3)]
    assert (len(counts), "mul" in counts, "exp" in counts) == (3, True, False)


def test_kinds_may_come_from_a_mapping_and_by_keyword():
    assert Counts({"mul": 12}, add=9, tanh=3) == SOME
    assert Counts(SOME) == SOME


@given(plain)
def test_equal_counts_have_equal_hashes_whatever_order_and_zeros_they_came_with(numbers):
    shuffled = {**dict.fromkeys(KINDS, 0), **dict(reversed(numbers.items()))}
    assert Counts(numbers) == Counts(shuffled)
    assert hash(Counts(numbers)) == hash(Counts(shuffled))
    assert len({Counts(numbers), Counts(shuffled)}) == 1


def test_counts_equal_a_mapping_of_the_same_numbers_and_nothing_else():
    assert SOME == {"mul": 12, "add": 9, "tanh": 3, "exp": 0}
    assert SOME != {"mul": 12}
    assert SOME != 24 and SOME != "mul" and SOME is not None


@pytest.mark.parametrize("name", ["mul", "exp", "additive", "total", "new"])
def test_no_attribute_can_be_set(name):
    with pytest.raises(AttributeError):
        setattr(SOME, name, 1)


def test_no_item_can_be_set_or_deleted():
    with pytest.raises(TypeError):
        SOME["mul"] = 1
    with pytest.raises(TypeError):
        del SOME["mul"]


def test_what_it_was_made_from_and_what_it_gives_out_are_copies():
    source = {"mul": 1}
    counts = Counts(source)
    source["mul"] = 2
    counts.to_dict()["mul"] = 3
    assert counts.mul == 1


def test_adding_in_place_makes_a_new_value():
    before = total = Counts(mul=1)
    total += Counts(mul=1)
    assert (before.mul, total.mul) == (1, 2)


def test_kinds_and_groups_complete_in_an_interactive_session():
    assert {*KINDS, *GROUPS, "total", "flops"} <= set(dir(SOME))


# --- an algebra, against plain dicts


@given(plain, plain)
def test_counts_add_and_subtract_kind_by_kind(a, b):
    kinds = a.keys() | b.keys()
    assert (Counts(a) + Counts(b)).to_dict() == nonzero({kind: a.get(kind, 0) + b.get(kind, 0) for kind in kinds})
    assert (Counts(a) - Counts(b)).to_dict() == nonzero({kind: a.get(kind, 0) - b.get(kind, 0) for kind in kinds})


@given(plain, st.integers(-HUGE, HUGE))
def test_counts_multiply_by_an_integer_from_either_side(a, factor):
    expected = nonzero({kind: number * factor for kind, number in a.items()})
    assert (Counts(a) * factor).to_dict() == (factor * Counts(a)).to_dict() == expected


@given(plain, plain, plain)
def test_the_algebra_is_a_module_over_the_integers(a, b, c):
    a, b, c = Counts(a), Counts(b), Counts(c)
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a - a == Counts() == 0 * a
    assert 3 * (a + b) == 3 * a + 3 * b
    assert 2 * a == a + a


def test_sum_adds_a_list_of_counts():
    assert sum([SOME, SOME, Counts(exp=1)]) == Counts(mul=24, add=18, tanh=6, exp=1)
    assert sum([SOME], start=Counts()) == SOME


def test_a_numpy_integer_multiplies_too():
    assert np.int64(2) * SOME == SOME * np.int64(2) == SOME + SOME
    assert type((SOME * np.int64(2)).mul) is int


@pytest.mark.parametrize(
    "operation",
    [
        lambda: SOME + 1,
        lambda: 1 + SOME,
        lambda: SOME - 0,
        lambda: SOME + {"mul": 1},
        lambda: SOME * 1.5,
        lambda: 1.5 * SOME,
        lambda: SOME * SOME,
        lambda: SOME / 2,
        lambda: SOME < 3,
        lambda: SOME <= {"mul": 100},
        lambda: SOME > 3,
        lambda: SOME >= 3,
    ],
)
def test_what_has_no_meaning_is_a_type_error(operation):
    with pytest.raises(TypeError):
        operation()


@given(plain, plain)
def test_comparison_is_the_partial_order_kind_by_kind(a, b):
    left, right = Counts(a), Counts(b)
    below = all(a.get(kind, 0) <= b.get(kind, 0) for kind in KINDS)
    same = nonzero(a) == nonzero(b)
    assert (left <= right) is (right >= left) is below
    assert (left < right) is (right > left) is (below and not same)
    assert (left == right) is same and (left != right) is not same


def test_two_counts_need_not_be_ordered():
    a, b = Counts(mul=1), Counts(add=1)
    assert not (a <= b or a >= b or a < b or a > b or a == b)


def test_a_kind_that_only_one_side_has_decides_the_order():
    assert Counts() < Counts(mul=1)
    assert not Counts(mul=-1) >= Counts()
    assert Counts(mul=-1) < Counts()


# --- numbers of any size


def test_numbers_past_any_machine_word_stay_exact_everywhere():
    big = Counts(mul=HUGE, add=1)
    assert (big * HUGE).mul == HUGE**2
    assert (big + Counts(mul=1)).mul == HUGE + 1
    assert big.total == HUGE + 1 == big.flops() == big.weighted({}, default=1)
    assert json.loads(big.to_json())["mul"] == HUGE
    assert big.to_pandas()["mul"] == HUGE
    assert eval(repr(big)) == big
    assert f"{HUGE:,}" in str(big) and f"{HUGE:,}" in big._repr_html_()


@pytest.mark.parametrize("number", [3, np.int64(3), np.uint8(3), True + 2])
def test_any_integer_type_becomes_a_python_int(number):
    assert type(Counts(mul=number).mul) is int and Counts(mul=number).mul == 3


def test_a_truth_value_becomes_an_int_too():
    assert repr(Counts(mul=True)) == "Counts({'mul': 1})"


# --- views


def test_groups_add_up_the_kinds_that_stand_in_them():
    counts = Counts(mul=1, div=2, floordiv=4, mod=8, add=16, sub=32, lt=64, maximum=128)
    assert (counts.multiplicative, counts.additive, counts.comparisons, counts.transcendental) == (15, 48, 192, 0)


@given(plain)
def test_the_groups_partition_the_total(numbers):
    counts = Counts(numbers)
    assert set(counts.groups()) == set(GROUPS)
    assert sum(counts.groups().values()) == counts.total == sum(numbers.values())


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_moves_its_own_group_by_one_and_no_other(kind):
    assert {group: total for group, total in Counts({kind: 1}).groups().items() if total} == {
        next(group for group, kinds in GROUPS.items() if kind in kinds): 1
    }


@pytest.mark.parametrize(
    ("weights", "default", "expected"),
    [
        ({"mul": 3, "add": 1, "tanh": 20}, None, 12 * 3 + 9 + 60),
        ({"multiplicative": 3, "additive": 1, "transcendental": 20}, None, 12 * 3 + 9 + 60),
        ({"mul": 5, "multiplicative": 3}, 0, 60),  # the kind's own weight goes before its group's
        ({"multiplicative": 3, "mul": 5}, 0, 60),  # in whatever order they are written
        ({"mul": 0}, 1, 12),
        ({}, 2, 48),
        ({"exp": 7}, 1, 24),  # a weight for what does not occur changes nothing
        ({"mul": Fraction(1, 3), "add": Fraction(1, 2)}, 0, Fraction(17, 2)),
        ({"mul": 0.5}, 0, 6.0),
    ],
)
def test_weighted_totals(weights, default, expected):
    assert SOME.weighted(weights, default=default) == expected


def test_a_kind_without_a_weight_is_an_error_and_never_a_silent_zero():
    with pytest.raises(InvalidValue, match=r"none for add, tanh.*default=0"):
        SOME.weighted({"mul": 1})


def test_a_weight_for_a_name_that_is_no_kind_is_an_error():
    with pytest.raises(InvalidValue, match="neither a kind nor a group: mull"):
        SOME.weighted({"mull": 1}, default=0)


def test_the_weighted_total_of_nothing_is_zero():
    assert Counts().weighted({}) == 0


@pytest.mark.parametrize(
    ("counts", "two", "one"),
    [
        (Counts(mul=4, add=3), 7, 4),
        (Counts(mul=3, add=4), 7, 4),
        (Counts(mul=4, sub=3), 7, 7),  # only a multiply and an add fuse
        (Counts(neg=5, lt=2, floor=1, maximum=9, sign=1), 0, 0),
        (Counts(div=1, sqrt=1, exp=1, pow=1, mod=1), 5, 5),
        (Counts(dict.fromkeys(KINDS, 1)), 108, 107),  # 5 multiplicative, 2 additive, 3 roots, 23 transcendental
    ],
)
def test_flops_with_a_multiply_add_as_two_or_one(counts, two, one):
    assert (counts.flops(), counts.flops(multiply_add=2), counts.flops(multiply_add=1)) == (two, two, one)


@pytest.mark.parametrize("convention", [0, 3, 1.5, "fma", None])
def test_a_flop_convention_that_does_not_exist_is_named_with_those_that_do(convention):
    with pytest.raises(InvalidValue, match=r"multiply_add is 2 .* or 1"):
        SOME.flops(multiply_add=convention)


# --- ways out


@given(plain)
def test_a_count_survives_every_round_trip(numbers):
    counts = Counts(numbers)
    assert eval(repr(counts)) == counts
    assert Counts(counts.to_dict()) == counts
    assert Counts(json.loads(counts.to_json())) == counts
    assert Counts(counts.to_pandas().to_dict()) == counts
    assert copy.copy(counts) == copy.deepcopy(counts) == counts


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_count_can_be_pickled(protocol):
    back = pickle.loads(pickle.dumps(SOME, protocol))
    assert (back, type(back), hash(back)) == (SOME, Counts, hash(SOME))


def test_to_dict_is_a_plain_dict_in_the_order_of_the_table():
    assert type(SOME.to_dict()) is dict
    assert list(Counts(tanh=1, add=1, mul=1).to_dict()) == ["mul", "add", "tanh"]


def test_to_pandas_is_a_named_integer_series():
    series = SOME.to_pandas()
    assert (series.name, series.index.name, series.dtype) == ("count", "kind", "int64")
    assert series.to_dict() == {"mul": 12, "add": 9, "tanh": 3}
    assert Counts().to_pandas().empty and Counts().to_pandas().dtype == "int64"


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64, HUGE])
def test_to_pandas_is_exact_on_both_sides_of_the_machine_word(number):
    assert Counts(mul=number).to_pandas()["mul"] == number


def test_it_prints_as_an_aligned_table():
    assert str(Counts(mul=1_234_567, add=9, floordiv=30)).split("\n") == [
        "mul       1,234,567",
        "floordiv         30",
        "add               9",
        "-------------------",
        "total     1,234,606",
    ]


@given(plain)
def test_every_line_of_the_table_is_equally_wide(numbers):
    assert len({len(line) for line in str(Counts(numbers)).split("\n")}) == 1


def test_nothing_prints_as_a_total_of_zero():
    assert str(Counts()).split("\n")[-1].split() == ["total", "0"]


def test_a_notebook_shows_a_table_with_a_row_per_kind_and_a_total():
    html = Counts(mul=12_000, add=9)._repr_html_()
    assert html.startswith("<table>") and html.endswith("</table>")
    assert html.count("<tr>") == 1 + 2 + 1
    assert all(cell in html for cell in (">mul<", ">12,000<", ">add<", ">9<", ">total<", ">12,009<"))


# --- bad input


def test_an_unknown_kind_is_named_with_those_that_are_near():
    with pytest.raises(InvalidValue, match=r"kind of operation: madd, mull; did you mean .*mul for mull"):
        Counts(mull=1, madd=2, mul=3)


def test_a_kind_that_is_no_string_is_named_too():
    with pytest.raises(InvalidValue, match="not a kind of operation: 3"):
        Counts({3: 1})


@pytest.mark.parametrize("number", [1.0, "1", None, Fraction(1), 1j, [1], oc.Scalar(1)])
def test_a_number_that_is_no_integer_is_refused(number):
    with pytest.raises(TypeError) as caught:
        Counts(mul=number)
    assert isinstance(caught.value, InvalidType) and "the count of mul must be an integer" in str(caught.value)


@pytest.mark.parametrize("source", [3, "mul", ["mul"], [("mul", 1)]])
def test_what_is_no_mapping_is_refused_with_an_error_of_opcounts_own(source):
    with pytest.raises(oc.OpcountError):
        Counts(source)
