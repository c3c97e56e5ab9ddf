"""Nested lists, tuples, dicts and arrays as one flat list of numbers, and back."""

from collections import OrderedDict, namedtuple
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opcount.wrapping.trees import flatten, leaf_name, object_array, plain_array, rebuild

Point = namedtuple("Point", "x y")

structures = st.recursive(
    st.one_of(st.integers(-9, 9), st.lists(st.integers(-9, 9), max_size=4).map(np.array)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.sampled_from(["a", "b", 3]), inner, max_size=3),
        st.tuples(inner, inner).map(lambda pair: Point(*pair)),
    ),
    max_leaves=8,
)


def reading_order(x):
    """The numbers in the order in which they are printed: the independent oracle."""
    if isinstance(x, dict):
        return [number for item in x.values() for number in reading_order(item)]
    if isinstance(x, (list, tuple, np.ndarray)):
        return [number for item in x for number in reading_order(item)]
    return [x]


def same(a, b):
    """Equal, with equal types of every container."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(map(same, a.values(), b.values()))
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return np.array_equal(a, b) and np.shape(a) == np.shape(b)


@given(structures)
def test_the_numbers_come_in_reading_order(x):
    assert flatten(x) == reading_order(x)


@given(structures)
def test_the_name_of_a_number_is_an_expression_that_reaches_it(x):
    for place, number in enumerate(flatten(x)):
        assert eval(leaf_name(x, place), {"x": x}) == number


@given(structures)
def test_a_structure_is_rebuilt_from_its_own_numbers(x):
    numbers = iter(flatten(x))
    assert same(rebuild(x, numbers, plain_array), x)
    assert next(numbers, None) is None  # every number found its place


def test_the_check_above_tells_structures_apart():
    assert not same([1, (2,)], [1, [2]])
    assert not same(Point(1, 2), (1, 2))
    assert not same({"a": 1, "b": 2}, {"b": 2, "a": 1})
    assert not same(np.ones((2, 1)), np.ones((1, 2)))


def test_rebuilding_makes_new_containers_and_leaves_the_old_ones():
    x = {"w": [1, (2, np.array([3, 4]))]}
    new = rebuild(x, iter([10, 20, 30, 40]), plain_array)
    assert same(new, {"w": [10, (20, np.array([30, 40]))]})
    assert same(x, {"w": [1, (2, np.array([3, 4]))]})


def test_an_ordered_dict_keeps_its_order():
    x = OrderedDict(b=1, a=2)
    assert flatten(x) == [1, 2]
    assert [leaf_name(x, place) for place in (0, 1)] == ["x['b']", "x['a']"]
    assert list(rebuild(x, iter([1, 2]), plain_array)) == ["b", "a"]


@pytest.mark.parametrize(
    ("x", "names"),
    [
        (5, ["x"]),
        ([1, [2]], ["x[0]", "x[1][0]"]),
        ({"a b": {3: 1}}, ["x['a b'][3]"]),
        (np.ones((2, 2)), ["x[0, 0]", "x[0, 1]", "x[1, 0]", "x[1, 1]"]),
        (np.array(3.0), ["x[()]"]),
        ([], []),
        (np.ones((0, 3)), []),
    ],
)
def test_the_names_of_the_numbers(x, names):
    numbers = flatten(x)
    assert [leaf_name(x, place) for place in range(len(numbers))] == names
    assert all(eval(name, {"x": x}) == number for name, number in zip(names, numbers, strict=True))


def test_names_start_with_what_the_caller_calls_it():
    assert leaf_name([1], 0, "weights") == "weights[0]"


@pytest.mark.parametrize("dtype", [np.float64, np.int64, np.uint8, np.float32, np.float16])
def test_the_elements_of_an_array_are_numpys_own(dtype):
    assert [type(number) for number in flatten(np.array([1, 2], dtype))] == [dtype, dtype]


def test_the_order_in_memory_is_not_the_order_of_reading():
    x = np.array([[1, 2], [3, 4]], order="F")
    assert flatten(x) == [1, 2, 3, 4]
    assert flatten(x.T) == [1, 3, 2, 4]
    assert same(rebuild(x.T, iter([1, 3, 2, 4]), plain_array), np.array([[1, 3], [2, 4]]))


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (2, 0, 3), (1, 1)])
@pytest.mark.parametrize("make", [object_array, plain_array])
def test_arrays_are_made_in_the_shape_of_the_template(make, shape):
    template = np.zeros(shape)
    items = [float(number) for number in range(template.size)]
    made = make(template, items)
    assert made.shape == shape and made.ravel().tolist() == items
    assert made.dtype == (object if make is object_array else float)


def test_an_object_array_takes_items_as_they_are():
    items = [Fraction(1, 3), [1, 2], None]
    assert [a is b for a, b in zip(object_array(np.zeros(3), items), items, strict=True)] == [True, True, True]


@pytest.mark.parametrize(
    ("items", "dtype"),
    [
        ([1, 2], "int64"),
        ([1, 2.5], "float64"),
        ([np.float32(1), np.float32(2)], "float32"),
        ([True, False], "bool"),
        ([10**40, 1], "object"),
        ([Fraction(1, 3), 1], "object"),
        ([Decimal(1), Decimal(2)], "object"),
    ],
)
def test_a_plain_array_has_the_dtype_that_its_items_ask_for(items, dtype):
    made = plain_array(np.empty(2, object), items)
    assert made.dtype == dtype and made.tolist() == items


def test_integers_that_no_machine_integer_holds_together_stay_exact():
    items = [2**63, -1]  # one needs unsigned, the other signed: NumPy would round both to floats
    assert plain_array(np.empty(2, object), items).tolist() == items
