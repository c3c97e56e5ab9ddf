"""The way in and out of counting: wrap, unwrap, measure."""

from collections import namedtuple
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import opcount as oc
from opcount import Counts, InvalidType, Scalar

Layer = namedtuple("Layer", "w b")


# --- wrap


@pytest.mark.parametrize(
    "number", [2, 2.5, Fraction(1, 3), Decimal("0.1"), np.float64(2), np.float32(2), np.int8(2), 10**40]
)
def test_a_number_becomes_a_scalar_of_that_very_number(number):
    wrapped = oc.wrap(number)
    assert type(wrapped) is Scalar
    assert oc.unwrap(wrapped) is number


def test_an_array_becomes_an_array_of_the_same_shape_and_type():
    plain = np.arange(6.0).reshape(2, 3)
    wrapped = oc.wrap(plain)
    assert (type(wrapped), wrapped.dtype, wrapped.shape) == (oc.Array, float, (2, 3))
    assert all(type(item) is Scalar for item in wrapped.flat)
    assert oc.unwrap(wrapped).tolist() == plain.tolist()


def test_an_object_array_becomes_one_of_scalars():
    plain = np.array([[1.0, 2], [Fraction(1, 3), 4]], dtype=object)
    wrapped = oc.wrap(plain)
    assert (type(wrapped), wrapped.dtype, wrapped.shape) == (np.ndarray, object, (2, 2))
    assert all(type(item) is Scalar for item in wrapped.flat)
    assert oc.unwrap(wrapped).tolist() == plain.tolist()


def test_an_array_is_copied_on_the_way_in_and_not_on_the_way_out():
    plain = np.arange(3.0)
    wrapped = oc.wrap(plain)
    wrapped += 1
    assert plain.tolist() == [0, 1, 2]
    inside = oc.unwrap(wrapped)
    wrapped += 1
    assert inside.tolist() == [2, 3, 4] and inside is oc.unwrap(wrapped)


@pytest.mark.parametrize("shape", [(), (0,), (2, 0), (1,), (2, 1, 3)])
def test_an_array_of_any_shape_goes_in_and_comes_back(shape):
    plain = np.arange(float(np.prod(shape, dtype=int))).reshape(shape)
    wrapped = oc.wrap(plain)
    back = oc.unwrap(wrapped)
    assert wrapped.shape == back.shape == shape
    assert back.tolist() == plain.tolist()


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int64", "int32", "uint8"])
def test_an_array_comes_back_with_values_of_its_own_type(dtype):
    plain = np.array([1, 2, 3], dtype)
    back = oc.unwrap(oc.wrap(plain))
    assert back.tolist() == plain.tolist()
    assert back.dtype.kind == plain.dtype.kind


def test_nested_structures_keep_their_shape():
    x = {"layers": [Layer([1.0, 2.0], 3), Layer((), 4)], 5: (6,)}
    wrapped = oc.wrap(x)
    assert repr(wrapped) == (
        "{'layers': [Layer(w=[Scalar(1.0), Scalar(2.0)], b=Scalar(3)), Layer(w=(), b=Scalar(4))], 5: (Scalar(6),)}"
    )
    assert oc.unwrap(wrapped) == x
    assert type(oc.unwrap(wrapped)["layers"][0]) is Layer


def test_wrapping_does_not_change_its_argument():
    plain, x = np.array([1.0, 2.0]), {"w": [1.0]}
    oc.wrap(plain)[0] = oc.wrap(9.0)
    oc.wrap(x)["w"].append(2.0)
    assert plain.tolist() == [1.0, 2.0] and x == {"w": [1.0]}


def test_what_is_wrapped_stays_as_it_is():
    x = oc.wrap(2.0)
    assert oc.wrap(x) is x
    mixed = oc.wrap([x, 3.0, np.array([x, 1.0], dtype=object)])
    assert mixed[0] is x and mixed[2][0] is x and type(mixed[2][1]) is Scalar


def test_an_empty_structure_is_nothing_to_wrap():
    assert oc.wrap([]) == [] and oc.wrap({}) == {} and oc.wrap(()) == ()


def test_wrapping_and_unwrapping_count_nothing():
    with oc.count() as tally:
        oc.unwrap(oc.wrap([1.0, np.ones((3, 3)), {"a": 2}]))
    assert tally.counts == Counts()


@pytest.mark.parametrize(
    ("x", "where"),
    [
        (1j, "x is 1j"),
        (True, "x is True"),
        ("3", "x is '3'"),
        (None, "x is None"),
        ([1.0, None], r"x\[1\] is None"),
        ({"w": [1.0, (2.0, "b")]}, r"x\['w'\]\[1\]\[1\] is 'b'"),
        (np.ma.masked_array([1.0]), "x is a numpy.ma.MaskedArray"),
        ({"a": np.array(["a"])}, r"x\['a'\] is an array of <U1"),
        (np.array(["2026-01-01"], "M8[D]"), r"x is an array of datetime64"),
        (np.zeros(1, [("a", float)]), r"x is an array of .*'a'"),
        (np.array([1.0, None], dtype=object), r"x\[1\] is None"),
        ({1.0, 2.0}, r"x is \{1.0, 2.0\} \(set\)"),
        ((number for number in [1.0]), "x is <generator"),
        (range(3), r"x is range\(0, 3\)"),
        (Counts(mul=1), "x is Counts"),
        (np.timedelta64(1, "s"), "x is .*timedelta64"),
    ],
    ids=["complex", "truth", "text", "none", "none in a list", "text in a dict", "masked array", "texts", "dates",
         "records", "object array", "set", "generator", "range", "counts", "timedelta"],
)  # fmt: skip
def test_what_is_no_real_number_is_refused_with_its_place(x, where):
    with pytest.raises(InvalidType, match=where) as caught:
        oc.wrap(x)
    assert isinstance(caught.value, TypeError)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_a_matrix_is_refused_since_its_operators_are_others():
    with pytest.raises(InvalidType, match=r"x\[0\] is a numpy.matrix"):
        oc.wrap([np.asmatrix([1.0])])


# --- unwrap


@pytest.mark.parametrize(
    "thing", [1, 1.5, None, "label", True, 1j, [1, "a", None], {"a": (1, 2)}, {1, 2}, Counts(mul=1)]
)
def test_what_holds_no_wrapped_number_comes_back_equal(thing):
    back = oc.unwrap(thing)
    assert back == thing and type(back) is type(thing)


def test_a_plain_array_comes_back_itself():
    for plain in (np.ones(3), np.array(["a"]), np.array([True]), np.ones(0)):
        assert oc.unwrap(plain) is plain


@pytest.mark.parametrize(
    "items",
    [[1, 2], [None, 1], ["a", 2], [[1], [2, 3]], [[1, 2], [3, 4]], [{"a": 1}, ()], [Fraction(1, 2), 1]],
    ids=repr,
)
def test_an_object_array_without_wrapped_numbers_comes_back_as_it_is(items):
    plain = np.empty(2, object)
    plain[:] = items
    back = oc.unwrap(plain)
    assert back.dtype == object and back.shape == (2,) and back.tolist() == items


@pytest.mark.parametrize(
    ("items", "dtype"),
    [([1.0, 2.0], "float64"), ([1, 2], "int64"), ([1, 2.5], "float64"), ([Fraction(1, 3), Fraction(1)], "object"),
     ([10**40, 1], "object"), ([np.float32(1), np.float32(2)], "float32")],
)  # fmt: skip
def test_an_object_array_of_wrapped_numbers_becomes_one_of_their_own_dtype(items, dtype):
    back = oc.unwrap(np.array([oc.wrap(item) for item in items]))
    assert back.dtype == dtype and back.tolist() == items


def test_what_stands_beside_a_wrapped_number_in_an_array_is_not_converted():
    mixed = np.array([oc.wrap(1.0), "label"], dtype=object)
    assert oc.unwrap(mixed).tolist() == [1.0, "label"]


def test_results_of_comparisons_come_out_as_truth_values():
    v = oc.wrap(np.array([1.0, 2.0]))
    assert oc.unwrap(v > 1).tolist() == [False, True]
    assert oc.unwrap({"smaller": oc.wrap(1) < 2}) == {"smaller": True}


def test_unwrapping_works_inside_and_outside_any_count():
    with oc.count() as tally:
        inside = oc.unwrap(oc.wrap(2.0) * 3)
    assert (inside, tally.counts) == (6.0, Counts(mul=1))


# --- measure


def test_measure_gives_the_plain_value_and_the_counts():
    measured = oc.measure(lambda x, y: [x @ y, {"sum": np.sum(x)}], np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    assert measured.value == [11.0, {"sum": 3.0}]
    assert measured.counts == Counts(mul=2, add=2)
    value, counts = measured
    assert value is measured.value and counts is measured.counts


def test_measure_takes_any_number_of_arguments():
    with pytest.warns(oc.NothingCounted):
        assert oc.measure(lambda: 3) == (3, Counts())
    assert oc.measure(lambda a, b, c: a * b + c, 1, 2, 3) == (5, Counts(mul=1, add=1))


@pytest.mark.filterwarnings("ignore::opcount.NothingCounted")
def test_measure_leaves_its_arguments_alone():
    x = [1.0, 2.0]
    oc.measure(lambda x: x.append(3.0), x)
    assert x == [1.0, 2.0]


def test_measure_can_be_repeated_with_the_same_result():
    x = np.arange(1.0, 5.0)
    assert [oc.measure(np.prod, x).counts for _ in range(3)] == [Counts(mul=3)] * 3


def test_an_error_inside_the_function_passes_through_and_closes_the_count():
    def complain():
        raise ValueError("mine")

    with oc.count() as outer:
        with pytest.raises(ValueError, match="mine"):
            oc.measure(lambda x: (x * x, complain()), 2.0)
        oc.wrap(1.0) + 1
    assert outer.counts == Counts(mul=1, add=1)


@pytest.mark.parametrize(
    ("args", "where"), [((1j,), "x is 1j"), ((1.0, "a"), "x is 'a'"), (([None],), r"x\[0\] is None")]
)
def test_a_bad_argument_is_refused_before_the_function_runs(args, where):
    with pytest.raises(InvalidType, match=where):
        oc.measure(lambda *args: pytest.fail("the function ran"), *args)


def test_an_array_of_a_hundred_numbers_is_measured_as_a_loop_would():
    v = np.linspace(0.5, 1.5, 100)
    measured = oc.measure(lambda v: np.tanh(v) @ v, v)
    assert measured.counts == Counts(tanh=100, mul=100, add=99)
    assert measured.value == pytest.approx(np.tanh(v) @ v, rel=1e-14)
