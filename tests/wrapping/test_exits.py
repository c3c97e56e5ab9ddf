"""Doors through which a wrapped value could leave or become something else: truth values, elements, text, errors."""

import math
import struct
import sys
import traceback
from collections import deque
from fractions import Fraction

import numpy as np
import pytest

import opcount as oc
from opcount.functions.op_counts import name_of
from opcount.functions.rows import DESCRIPTION, POSITIONS, Refused
from opcount.functions.table import ROWS
from opcount.wrapping.operations import BY_UFUNC, COMPOSED
from tests.support.all_cases import all_cases

NOTHING = oc.Counts()
V = np.array([0.0, 2.0, 3.0])


# --- numbers that become truth values: each is a comparison that counts, or it is refused

TRUTHS = np.array([True, False, True])
x, s = oc.wrap(V), oc.wrap(2.0)
WRITTEN = {
    "an array": (lambda m: m.__setitem__(slice(None), x), 3),
    "a list": (lambda m: m.__setitem__(slice(None), [x[0], x[1], x[2]]), 3),
    "a list with plain ones": (lambda m: m.__setitem__(slice(None), [s, False, 1.0]), 1),
    "a deque": (lambda m: m.__setitem__(slice(2), deque([s, s])), 2),
    "an object array": (lambda m: m.__setitem__(slice(None), np.array([s, x[0], s])), 3),
    "a number": (lambda m: m.__setitem__(0, s), 1),
    "by places": (lambda m: m.__setitem__([0, 1], x[:2]), 2),
    "by a mask": (lambda m: m.__setitem__(TRUTHS, x[:2]), 2),
    "flat =": (lambda m: setattr(m, "flat", x), 3),
    "flat[0] =": (lambda m: m.flat.__setitem__(0, s), 1),
    "fill": (lambda m: m.fill(s), 1),
    "real =": (lambda m: setattr(m, "real", x), 3),
    "setfield": (lambda m: m.setfield(x, bool), 3),
}
REFUSED = {
    "positive(out=)": lambda m: np.positive(x, out=m, casting="unsafe"),
    "add(out=)": lambda m: np.add(x, 1, out=m, casting="unsafe"),
    "add(dtype=)": lambda m: np.add(x, 1, dtype=bool, casting="unsafe"),
    "add(signature=)": lambda m: np.add(x, x, signature="??->?", casting="unsafe"),
    "add.reduce(out=)": lambda m: np.add.reduce(x[None], axis=0, out=m),
    "add.accumulate(out=)": lambda m: np.add.accumulate(x, out=m),
    "m += x": lambda m: m.__iadd__(x),
    "add.at": lambda m: np.add.at(m, [0, 1, 2], x),
    "maximum.at": lambda m: np.maximum.at(m, [0, 1, 2], x),
    "m *= s": lambda m: m.__imul__(s),
    "take(out=)": lambda m: np.take(x, [0, 1, 2], out=m, mode="clip"),
    "x.take(out=)": lambda m: x.take([0, 1, 2], out=m, mode="clip"),
    "compress(out=)": lambda m: np.compress([1, 1, 1], x, out=m),
    "choose(out=)": lambda m: np.choose([0, 0, 0], [x], out=m, mode="clip"),
    "concatenate(out=)": lambda m: np.concatenate([x], out=m, casting="unsafe"),
    "concatenate(dtype=)": lambda m: np.concatenate([x, x], dtype=bool, casting="unsafe"),
    "stack(out=)": lambda m: np.stack([x], out=m[None], casting="unsafe"),
    "vstack(dtype=)": lambda m: np.vstack([x, x], dtype=bool, casting="unsafe"),
    "sum(out=)": lambda m: np.sum(x[None], axis=0, out=m),
    "sum(dtype=)": lambda m: np.sum(x, dtype=bool),
    "sum by place": lambda m: np.sum(x, None, bool),
    "mean(out=)": lambda m: np.mean(x[None], axis=0, out=m),
    "mean(dtype=)": lambda m: np.mean(x, dtype=bool),
    "prod(out=)": lambda m: np.prod(x[None], axis=0, out=m),
    "max(out=)": lambda m: np.max(x[None], axis=0, out=m),
    "cumsum(out=)": lambda m: np.cumsum(x, out=m),
    "cumprod(out=)": lambda m: x.cumprod(out=m),
    "nansum(out=)": lambda m: np.nansum(x[None], axis=0, out=m),
    "round(out=)": lambda m: np.round(x, out=m),
    "clip(out=)": lambda m: np.clip(x, 0, 1, out=m, casting="unsafe"),
    "dot(out=)": lambda m: np.dot(np.eye(3), x, out=m),
    "matmul(out=)": lambda m: np.matmul(np.eye(3), x, out=m, casting="unsafe"),
    "einsum(out=)": lambda m: np.einsum("i->i", x, out=m, casting="unsafe"),
    "trace(dtype=)": lambda m: np.trace(x[None], dtype=bool),
    "full_like": lambda m: np.full_like(x, s, dtype=bool),
    "full_like by place": lambda m: np.full_like(x, s, bool),
    "full(like=)": lambda m: np.full(3, s, dtype=bool, like=x),
    "array(like=)": lambda m: np.array(x, bool, like=x),
    "asarray(like=)": lambda m: np.asarray(x, dtype=bool, like=x),
    "require(like=)": lambda m: np.require(x, bool, like=x),
    "insert": lambda m: np.insert(m, 0, s),
    "pad": lambda m: np.pad(m, 1, constant_values=s),
    "copyto": lambda m: np.copyto(m, x, casting="unsafe"),
    "put": lambda m: np.put(m, [0], s),
    "m.put": lambda m: m.put([0], s),
    "place": lambda m: np.place(m, TRUTHS, x),
    "putmask": lambda m: np.putmask(m, TRUTHS, x),
    "put_along_axis": lambda m: np.put_along_axis(m, np.array([0]), s, 0),
    "fill_diagonal": lambda m: np.fill_diagonal(oc.wrap(np.eye(3, dtype=bool)), s),
    "view": lambda m: x.view(bool),
    "view of bytes": lambda m: oc.wrap(np.arange(3, dtype=np.int8)).view(bool),
    "getfield": lambda m: x.getfield(bool),
    "fromiter(like=)": lambda m: np.fromiter(iter(x), bool, 3, like=x),
    "asarray": lambda m: np.asarray(x, bool),
    "array of numbers": lambda m: np.array([x[0], x[1]], dtype=bool),
    "np.bool_": lambda m: np.bool_(s),
    "a complex number": lambda m: m.__setitem__(0, oc.wrap(np.array([1j]))[0]),
}
FREE_OF_TRUTHS = {
    "zeros_like": lambda m: np.zeros_like(x, dtype=bool),
    "full_like of truth": lambda m: np.full_like(x, True, dtype=bool),
    "ones(like=)": lambda m: np.ones(3, bool, like=x),
    "take": lambda m: np.take(m, [0, 1]),
    "or": lambda m: np.bitwise_or(m, m, out=m),
    "m += m": lambda m: m.__iadd__(m),
    "pad": lambda m: np.pad(m, 1),
    "insert": lambda m: np.insert(m, 0, True),
    "a view of truths": lambda m: m.view(np.int8),
    "a write of truths": lambda m: m.__setitem__(slice(None), TRUTHS),
    "a write of a mask": lambda m: m.__setitem__(slice(None), oc.wrap(TRUTHS)),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_number_that_is_written_as_a_truth_value_is_a_comparison(name):
    write, comparisons = WRITTEN[name]
    found, expected = oc.wrap(TRUTHS), TRUTHS.copy()
    with oc.count() as tally:
        write(found)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(globals(), "x", V)
        patch.setitem(globals(), "s", 2.0)
        write(expected)
    assert tally.counts == {"ne": comparisons}
    assert oc.unwrap(found).tolist() == expected.tolist()


@pytest.mark.parametrize("name", REFUSED)
def test_a_number_does_not_become_a_truth_value_in_silence(name):
    mask = oc.wrap(TRUTHS)
    with oc.count() as tally, pytest.raises(oc.Uncounted, match=r"!= 0|oc\.unwrap"):
        REFUSED[name](mask)
    assert tally.counts == NOTHING and oc.unwrap(mask).tolist() == TRUTHS.tolist()


@pytest.mark.parametrize("name", FREE_OF_TRUTHS)
def test_truth_values_that_were_none_of_numbers_are_free(name):
    with oc.count() as tally:
        FREE_OF_TRUTHS[name](oc.wrap(TRUTHS))
    assert tally.counts == NOTHING


def test_numbers_that_are_written_into_truth_values_seen_as_numbers_are_compared():
    mask = oc.wrap(TRUTHS)
    with oc.count() as tally:
        mask.view(np.int8)[:] = oc.wrap(np.array([1, 0, 1], np.int8))
        mask.view(np.int8)[:] = 1
    assert tally.counts == {"ne": 3} and oc.unwrap(mask).all()


def test_the_truth_of_one_number_alone_is_a_comparison():
    for program in (lambda a: np.any(a), lambda a: np.all(a), lambda a: np.logical_or.reduce(a)):
        assert oc.measure(program, np.array([2.0])).counts == {"ne": 1}
        assert oc.measure(program, np.array([2.0, 3.0])).counts.total == 1


def test_what_does_not_fit_into_an_array_of_truth_values_counts_nothing():
    with oc.count(budget=2) as tally, pytest.raises(oc.BudgetExceeded):
        oc.wrap(TRUTHS)[:] = x
    with oc.count() as unlimited, pytest.raises(ValueError, match="broadcast"):
        oc.wrap(TRUTHS)[:2] = x
    assert tally.counts == unlimited.counts == NOTHING


# --- elements behave as NumPy's elements do


@pytest.mark.parametrize("dtype", [float, np.float32, int, np.int8, np.uint16])
def test_a_comparison_of_elements_is_numpys_truth_value(dtype):
    plain = np.array([1, 0, 3], dtype)
    for make in (
        lambda: oc.wrap(plain),
        lambda: list(oc.wrap(plain)),
        lambda: list(oc.wrap(plain).flat),
        lambda: np.array(list(oc.wrap(plain)), dtype=object),
    ):
        a, b = make(), plain
        for program in (
            lambda v: ~(v[0] > 0),
            lambda v: (v[0] > 0) + (v[2] > 0),
            lambda v: v[0] == v[2],
            lambda v: (v[0] > 0) * 2,
            lambda v: ~(np.sum(v) > 0),
        ):
            found, expected = program(a), program(b)
            assert type(oc.unwrap(found)) is type(expected) and found == expected


def test_a_comparison_of_pythons_numbers_stays_pythons():
    assert type(oc.wrap(1.0) > 0) is bool and type(oc.wrap(2) == 2) is bool
    assert type(np.greater(oc.wrap(1.0), 0)) is np.bool_ is type(np.sqrt(oc.wrap(2.0)) > 1)  # NumPy's functions


@pytest.mark.parametrize("granularity", ["array", "scalar"])
@pytest.mark.parametrize("values", [np.array([1.0, 2.0]), np.array([1, 2])])
def test_a_function_that_branches_on_them_is_differentiated_as_it_is_written(granularity, values):
    def f(v):
        both = (v[0] > 0) + (v[1] > 0)  # True, where Python's would be 2
        return v[0] * v[1] if both == 1 and not ~(v[0] > 0) else v[0] * 100.0

    g = oc.gradient(f, values, granularity=granularity)
    assert g.value == f(values) == 2 and list(g.gradient) == [2, 1]


NUMBERS = [1.5, 3, -2.0, np.float64(0.5), np.float32(2.5), np.int64(4), np.int8(5), np.uint8(7)]
FUNCTIONS = [
    function
    for function in [*ROWS, *BY_UFUNC, *COMPOSED]
    if isinstance(function, np.ufunc)
    or (
        function not in (np.unique, np.unique_all, np.unique_inverse)  # which give places beside values
        and not (isinstance(ROWS[function].counts, Refused) or ROWS[function].gives in (DESCRIPTION, POSITIONS))
    )
]


def is_wrapped(result):
    if isinstance(result, (list, tuple)):
        return all(map(is_wrapped, result))
    if isinstance(result, np.ndarray):
        return result.dtype == bool or all(isinstance(item, oc.Scalar) for item in result.flat)
    return isinstance(result, (oc.Scalar, oc.Array, bool, np.bool_, type(None)))


def is_same(found, expected):
    if isinstance(expected, (list, tuple)):
        return len(found) == len(expected) and all(map(is_same, found, expected))
    return np.array_equal(found, expected, equal_nan=np.asarray(expected).dtype.kind in "fc")


@np.errstate(all="ignore")
@pytest.mark.filterwarnings("ignore")
@all_cases("function", sorted(FUNCTIONS, key=name_of))
def test_a_function_of_a_wrapped_number_gives_what_it_gives_and_wrapped(function):
    of_sizes = {"zeros", "ones", "empty", "empty_like", "full", "eye", "identity", "tri", "frombuffer", "fromstring"}
    if function.__name__ in of_sizes:
        return  # a wrapped number is no size and no buffer, and what is empty has any value
    for number in NUMBERS:
        for args, keywords in (((), {}), ((2,), {}), ((number,), {}), ((1, 2), {}), ((), {"axis": 0})):
            try:
                expected = function(number, *args, **keywords)
            except Exception:
                continue
            try:
                found = function(oc.wrap(number), *args, **keywords)
            except oc.OpcountError:
                continue
            if function is np.where and not args:  # which gives places
                continue
            assert is_wrapped(found), (number, args, keywords, found)
            assert is_same(oc.unwrap(found), expected), (number, args, keywords, found, expected)


def test_the_check_above_sees_a_plain_number():
    assert not is_wrapped(1.5) and not is_wrapped((oc.wrap(1.5), 1.5)) and not is_same(1.5, 2.5)


@pytest.mark.parametrize("granularity", ["array", "scalar"])
@pytest.mark.parametrize("number", [1.5, np.float64(1.5)])
@pytest.mark.parametrize("name", ["real", "copy", "squeeze", "ravel", "sum", "mean", "max", "prod", "ptp", "positive"])
def test_a_function_that_passes_a_number_through_passes_its_derivative(name, number, granularity):
    function = getattr(np, name)

    def f(v):
        return np.sum(function(v) * v)

    g = oc.gradient(f, number, granularity=granularity)
    assert (g.value, g.gradient) == ((0, 0) if name == "ptp" else (2.25, 3.0))
    if name in ("sum", "max", "prod", "ptp", "squeeze"):  # of a number NumPy takes 0 for an axis
        along = oc.gradient(lambda v: function(v, axis=0) * v, number, granularity=granularity)
        assert along.gradient == g.gradient


def test_reciprocals_of_integers_are_numpys():
    for number in (np.int64(16), 16, 1, np.int8(-1)):
        measured = oc.measure(np.reciprocal, number)
        assert measured.value == np.reciprocal(number) and measured.counts == {"div": 1}
    for granularity in ("array", "scalar"):
        g = oc.gradient(lambda v: np.sum(np.reciprocal(v) + v), np.array([16, 1]), granularity=granularity)
        assert g.value == 18 and list(g.gradient) == [1, 1]
        g = oc.gradient(lambda v: np.sum(np.reciprocal(v)), np.array([2.0]), granularity=granularity)
        assert list(g.gradient) == [-0.25]


# --- object arrays of wrapped numbers


def test_an_array_as_objects_keeps_its_elements_wrapped():
    found = np.asarray(x, dtype=object)
    assert type(found) is np.ndarray and is_wrapped(found) and oc.unwrap(found).tolist() == V.tolist()
    with oc.count() as tally:
        squares = np.vectorize(lambda v: v * v, otypes=[object])(x)
    assert tally.counts == {"mul": 3} and oc.unwrap(squares).tolist() == (V * V).tolist()
    with pytest.raises(ValueError, match="copy"):
        np.array(x, dtype=object, copy=False)
    for granularity in ("array", "scalar"):
        g = oc.gradient(lambda v: np.sum(np.vectorize(lambda e: e * e, otypes=[object])(v)), V, granularity=granularity)
        assert g.gradient.tolist() == (2 * V).tolist()


# --- text


def test_text_is_an_exit_that_is_listed_where_exits_are():
    for write in (str, repr, lambda v: f"{v}", lambda v: f"{v[0]:.17g}", np.array2string, lambda v: "%s" % v[0]):  # noqa: UP031
        with oc.count() as tally:
            assert write(x)
        assert tally.uncounted == ()
        with oc.count(uncounted="record") as tally:
            write(x)
        assert {exit.door for exit in tally.uncounted} == {"text"} and tally.counts == NOTHING


# --- errors name who asks, and the way out

ASKS = {
    "math.sin(s)": (lambda: math.sin(s), r"in math\.sin\(s\): .*np\.sin"),
    "np.array of rows": (lambda: np.array([x, x]), r"in np\.array\(\[x, x\]\): .*np\.stack"),
    "ndenumerate": (lambda: list(np.ndenumerate(x)), r"np\.ndenumerate\(x\): .*np\.ndindex\(x\.shape\)"),
    "fromiter": (lambda: np.fromiter(iter(x), float), r"np\.fromiter\(.*dtype=object"),
    "vectorize": (lambda: np.vectorize(abs)(x), r"otypes=\[object\]"),
    "polynomials": (lambda: np.polynomial.Polynomial(x), r"list\(c\)"),
    "random numbers": (lambda: np.random.default_rng(0).normal(x), r"random.*oc\.unwrap\(x\)"),
    "a range": (lambda: range(s), r"in range\(s\): .*oc\.unwrap"),
}


@pytest.mark.parametrize("name", ASKS)
def test_a_refusal_names_the_call_that_asks_and_the_way_out(name):
    program, message = ASKS[name]
    with pytest.raises(oc.Uncounted, match=message):
        program()


def test_a_refusal_names_the_call_in_the_users_code_not_in_the_library():
    pd = pytest.importorskip("pandas", reason="pandas is in the tables extra")
    with pytest.raises(oc.Uncounted, match=r"in pd\.Series\(x\): .*pd\.Series\(list\(x\)\)"):
        pd.Series(x)
    plt = pytest.importorskip("matplotlib.axes", reason="matplotlib is in the draw extra")
    from matplotlib.figure import Figure

    axes = plt.Axes(Figure(), (0, 0, 1, 1))
    with pytest.raises(oc.Uncounted, match=r"in axes\.plot\(x\): .*a plot.*oc\.unwrap\(x\)"):
        axes.plot(x)


def test_an_error_that_hides_a_refusal_has_it_in_a_note():
    def packed():
        struct.pack("d", s)

    with pytest.raises(struct.error) as caught, oc.count():
        packed()
    (note,) = caught.value.__notes__
    assert "opcount refused this before" in note and 'struct.pack("d", s)' in note
    assert note in "".join(traceback.format_exception(caught.value))
    optimize = pytest.importorskip("scipy.optimize", reason="SciPy is in the report extra")
    sparse = pytest.importorskip("scipy.sparse", reason="SciPy is in the report extra")
    for program in (
        lambda: optimize.brentq(lambda t: t * t - 2, oc.wrap(0.0), oc.wrap(2.0)),
        lambda: optimize.bisect(lambda t: oc.wrap(t) * t - 2, 0.0, 2.0),
        lambda: sparse.csr_array(oc.wrap(np.eye(2))),
    ):
        with pytest.raises(Exception, match=r".") as caught, oc.count():
            program()
        assert any("oc.unwrap(x)" in note for note in caught.value.__notes__)


def test_an_error_of_ones_own_has_no_note():
    with pytest.raises(ValueError, match="mine") as caught, oc.count():
        raise ValueError("mine")
    assert not hasattr(caught.value, "__notes__")


@pytest.mark.parametrize("of", [lambda v: np.add(v, [1.0, 2.0]), lambda v: np.add([1.0, 2.0], v)])
def test_a_number_and_a_list_are_what_numpy_makes_of_them(of):
    measured = oc.measure(of, 2.0)
    assert measured.value.tolist() == [3, 4] and measured.counts == {"add": 2}


@pytest.mark.skipif(sys.getrecursionlimit() > 20_000, reason="the recursion limit was raised")
def test_what_is_nested_without_end_is_refused_by_opcount():
    deep = 1.0
    for _ in range(100_000):
        deep = [deep]
    try:
        with pytest.raises(oc.InvalidValue, match="nested too deeply"):
            oc.wrap(deep)
        with pytest.raises(oc.InvalidType, match="deque"):
            oc.wrap([deque([deque([1.0])])])
    finally:
        while isinstance(deep, list):  # Python takes it down by recursion, too
            deep = deep.pop()


def test_an_integer_that_is_too_large_for_a_float_is_refused_before_it_counts():
    for program in (lambda v: np.sqrt(v), lambda v: v * 1.5, lambda v: v + 0.5, lambda v: v / 3.0, lambda v: 1.5 - v):
        with oc.count() as tally, pytest.raises(oc.InvalidValue, match="too large for a float"):
            program(oc.wrap(10**400))
        assert tally.counts == NOTHING
    assert oc.measure(lambda v: v * 3 + Fraction(1, 2), 10**400).counts == {"mul": 1, "add": 1}
