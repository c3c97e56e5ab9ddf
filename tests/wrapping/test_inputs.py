"""The checks of arguments: what is a number, what is no input, and what the messages say."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import opcount as oc
from opcount.counting.errors import InvalidType
from opcount.wrapping.classes import is_number
from opcount.wrapping.inputs import check_number, checked_inputs


@pytest.mark.parametrize(
    "number", [1, 1.5, 10**40, Fraction(1, 3), Decimal(1), np.float64(1), np.float32(1), np.float16(1),
               np.longdouble(1),
               np.int64(1), np.uint8(1), float("nan"), float("inf")],
)  # fmt: skip
def test_a_real_number_passes(number):
    assert is_number(number)
    check_number(number, lambda: pytest.fail("a number that passes needs no name"))


NOT_NUMBERS = [
    (1j, "complex numbers are not counted; pass the real and the imaginary part"),
    (np.complex64(1), "complex numbers are not counted"),
    (True, "a truth value is no number .*pass 0.0 or 1.0"),
    (np.True_, "a truth value is no number"),
    ("1.0", "pass a real number, an array of them, or nested lists, tuples and dicts"),
    (np.str_("1"), "pass a real number"),
    (b"1", "pass a real number"),
    (None, "pass a real number"),
    ({1}, "pass a real number"),
    (range(3), "pass a real number"),
    (object, "pass a real number"),
    (lambda: 1, "pass a real number"),
    (np.datetime64("2020"), "pass a real number"),
    (np.timedelta64(1, "s"), "pass a real number"),
]


@pytest.mark.parametrize(("thing", "advice"), NOT_NUMBERS, ids=[type(thing).__name__ for thing, _ in NOT_NUMBERS])
def test_what_is_no_real_number_is_refused_by_name_with_advice(thing, advice):
    assert not is_number(thing)
    with pytest.raises(InvalidType, match=rf"^x\[3\] is .*\({type(thing).__name__}\): {advice}"):
        check_number(thing, lambda: "x[3]")


def test_a_long_value_is_cut_short_in_the_message():
    with pytest.raises(InvalidType) as caught:
        check_number("a" * 10_000, lambda: "x")
    assert len(str(caught.value)) < 200


# --- x


def test_the_leaves_come_in_order_plain_or_as_they_were_wrapped():
    number, array = oc.wrap(3.0), np.ones(2)
    inputs = checked_inputs({"a": [1.0, number], "b": array, "c": np.uint8(4)}, "array")
    assert inputs.leaves[:2] == [1.0, number] and inputs.leaves[1] is number
    assert inputs.leaves[2].base is array and not inputs.leaves[2].flags.writeable
    assert type(inputs.leaves[3]) is np.int64
    opened = checked_inputs({"b": oc.wrap(array)}, "scalar")
    assert opened.leaves == [1.0, 1.0] and type(opened.x["b"]) is np.ndarray


@pytest.mark.parametrize("granularity", ["array", "scalar"])
@pytest.mark.parametrize("call", [oc.gradient, oc.trace])
def test_what_is_nested_in_an_object_array_is_no_number(call, granularity):
    x = np.empty(2, object)
    x[:] = [[1.0, 2.0], 3.0]
    with pytest.raises(oc.InvalidType, match=r"x\[0\] is \[1.0, 2.0\] \(list\)"):
        call(np.sum, x, granularity=granularity)


@pytest.mark.parametrize("inner", ["array", "scalar"])
def test_an_array_that_is_differentiated_already_is_an_input_all_the_same(inner):
    def f(x):
        return oc.gradient(lambda x: np.sum(x * x), x, granularity=inner).value

    assert oc.gradient(f, np.array([1.0, 2.0])).gradient.tolist() == [2.0, 4.0]
