"""A refusal names the door: the user's own call, and what to write there instead."""

from __future__ import annotations

import fractions
import json
import linecache
import math
import math as m
import re
import statistics
import warnings
from array import array
from math import sin

import jax
import numpy as np
import pytest

import opcount as oc

HALF = 0.5


SOURCES = {
    "a number": (lambda f: f(oc.wrap(HALF)), HALF),
    "an element": (lambda f: f(oc.wrap(np.array([HALF, 0.25]))[0]), HALF),
    "a node": (lambda f: oc.trace(f, HALF), HALF),
    "a node of an array": (lambda f: oc.trace(lambda x: f(x[0]), np.array([HALF, 0.25])), HALF),
    "an opened node": (lambda f: oc.trace(lambda x: f(x[0]), np.array([HALF, 0.25]), granularity="scalar"), HALF),
    "an array": (lambda f: f(oc.wrap(np.array([HALF, 0.25]))), np.array([HALF, 0.25])),
    "a node that is an array": (lambda f: oc.trace(f, np.array([HALF, 0.25])), np.array([HALF, 0.25])),
}
OF_NUMBERS = [name for name in SOURCES if not name.endswith("an array")] + ["a node of an array"]


def refused(source, f):
    with pytest.raises(oc.OpcountError) as caught:
        SOURCES[source][0](f)
    return str(caught.value)


# fmt: off
MATH = {
    "sin": lambda x: math.sin(x), "cos": lambda x: math.cos(x), "tan": lambda x: math.tan(x),
    "asin": lambda x: math.asin(x), "acos": lambda x: math.acos(x), "atan": lambda x: math.atan(x),
    "atan2": lambda x: math.atan2(x, 2.0), "sinh": lambda x: math.sinh(x), "cosh": lambda x: math.cosh(x),
    "tanh": lambda x: math.tanh(x), "asinh": lambda x: math.asinh(x), "acosh": lambda x: math.acosh(x + 1.0),
    "atanh": lambda x: math.atanh(x), "exp": lambda x: math.exp(x), "exp2": lambda x: m.exp2(x),
    "expm1": lambda x: math.expm1(x), "log": lambda x: math.log(x), "log of a base": lambda x: math.log(x, 3.0),
    "log2": lambda x: math.log2(x), "log10": lambda x: math.log10(x), "log1p": lambda x: math.log1p(x),
    "sqrt": lambda x: math.sqrt(x), "cbrt": lambda x: m.cbrt(x), "hypot": lambda x: math.hypot(x, 1.5),
    "pow": lambda x: math.pow(x, 1.5), "fabs": lambda x: math.fabs(x), "by another name": lambda x: m.sin(x * 2),
    "a name of its own": lambda x: sin(x), "inside": lambda x: 1 + math.sin(math.pi * x) * 2,
}
WITHOUT_DERIVATIVE = {
    "degrees": lambda x: math.degrees(x), "radians": lambda x: math.radians(x),
    "copysign": lambda x: math.copysign(x, -1.0), "fmod": lambda x: math.fmod(x, 0.3),
    "isnan": lambda x: math.isnan(x), "isinf": lambda x: math.isinf(x), "isfinite": lambda x: math.isfinite(x),
    "isclose": lambda x: math.isclose(x, 0.5), "ldexp": lambda x: math.ldexp(x, 2),
    "frexp": lambda x: math.frexp(x), "modf": lambda x: math.modf(x), "nextafter": lambda x: math.nextafter(x, 1.0),
    "ulp": lambda x: math.ulp(x), "fsum": lambda x: math.fsum([x, x, 1.0]), "dist": lambda x: math.dist([x], [2.0]),
}
OF_INTEGERS = {"gcd": lambda x: math.gcd(x, 4), "lcm": lambda x: math.lcm(x, 4)}
NOT_OF_NUMPY = {
    "gamma": lambda x: math.gamma(x), "lgamma": lambda x: math.lgamma(x), "erf": lambda x: math.erf(x),
    "erfc": lambda x: math.erfc(x), "factorial": lambda x: math.factorial(x), "comb": lambda x: math.comb(x, 2),
    "perm": lambda x: math.perm(x, 2), "isqrt": lambda x: math.isqrt(x), "remainder": lambda x: math.remainder(x, 2),
}
# fmt: on
COUNTED = {"ceil", "floor", "trunc", "prod"}  # Python asks the number itself
LATER = {"sumprod", "fma", "fmax", "fmin", "isnormal", "issubnormal", "signbit"}  # of later versions of Python


def test_all_of_math_is_asked():
    asked = {*MATH, *WITHOUT_DERIVATIVE, *OF_INTEGERS, *NOT_OF_NUMPY, *COUNTED, *LATER}
    assert {name for name in dir(math) if callable(getattr(math, name)) and name[0] != "_"} <= asked


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", MATH)
def test_a_function_of_math_is_answered_with_numpys_which_works(name, source):
    message = refused(source, MATH[name])
    instead = re.search(r"write (np\..*), or use oc\.unwrap\(x\)$", message)[1]
    assert re.match(r"in (math|m)?\.?\w+\(", message) and "zeros_like" not in message
    x = SOURCES[source][1]
    found = SOURCES[source][0](lambda x: eval(instead, {"np": np, "math": math, "x": x}))
    value = eval(instead, {"np": np, "math": math, "x": x})
    if "node" not in source:
        assert np.array_equal(oc.unwrap(found), value)
    if source == "a number" and name not in ("by another name", "a name of its own", "inside"):
        assert value == pytest.approx(MATH[name](HALF), rel=1e-14)


@pytest.mark.parametrize("name", WITHOUT_DERIVATIVE)
def test_what_has_no_derivative_is_counted_as_the_message_has_it(name):
    message = refused("a number", WITHOUT_DERIVATIVE[name])
    instead = re.search(r"write (np\..*), or use oc\.unwrap\(x\)$", message)[1]
    value = oc.unwrap(eval(instead, {"np": np, "x": oc.wrap(HALF)}))
    assert np.allclose(value, WITHOUT_DERIVATIVE[name](HALF))


@pytest.mark.parametrize("name", OF_INTEGERS)
def test_what_is_of_integers_is_counted_as_the_message_has_it(name):
    with pytest.raises(oc.Uncounted, match=rf"write np\.{name}\(x, 4\), or") as caught:
        OF_INTEGERS[name](oc.wrap(6))
    assert "index" in str(caught.value)
    assert oc.unwrap(getattr(np, name)(oc.wrap(6), 4)) == OF_INTEGERS[name](6)


@pytest.mark.parametrize("name", NOT_OF_NUMPY)
def test_what_numpy_has_not_is_said(name):
    with pytest.raises(oc.Uncounted, match=f"NumPy has no {name}: .*oc.register_rule.*oc.unwrap"):
        NOT_OF_NUMPY[name](oc.wrap(6))


def put(x):
    z = np.zeros(3)
    z[0] = x


def put_into_a_slice(x):
    z = np.zeros(3)
    z[:2] = x


def put_and_add(x):
    z = np.zeros(3)
    z[0] += x


def put_far(x):
    z = {"a": [np.zeros((3, 3))]}
    z["a"][0][1, 2] = x * 2  # a comment


def put_over_lines(x):
    z = np.zeros(3)
    z[0] = x


WRITES = {
    "z[0] = x": put,
    "z[:2] = x": put_into_a_slice,
    "z[0] += x": put_and_add,
    "z['a'][0][1, 2] = x * 2": put_far,
    "z": put_over_lines,
    "np.zeros(3).fill(x)": lambda x: np.zeros(3).fill(x),
}


@pytest.mark.parametrize("source", OF_NUMBERS)
@pytest.mark.parametrize("text", WRITES)
def test_a_write_into_a_plain_array_names_what_can_be_written_into(text, source):
    message = refused(source, WRITES[text])
    assert message.startswith(f"in {text}")
    assert all(way in message for way in ("np.zeros_like(x)", "oc.wrap(z)", "np.stack"))
    assert "math" not in message and "np.sin" not in message


def test_the_ways_to_write_work():
    x = oc.wrap(HALF)
    z = np.zeros_like(oc.wrap(np.zeros(3)))
    z[0] = x
    w = oc.wrap(np.zeros(3))
    w[0] = x
    assert oc.unwrap(z)[0] == oc.unwrap(w)[0] == HALF == oc.unwrap(np.stack([x, x]))[1]
    g = oc.gradient(lambda x: np.sum(np.stack([x[0], x[1] * x[0]])), np.array([2.0, 3.0]))
    assert g.gradient.tolist() == [4.0, 2.0]


ELSE = {
    "in float(x): ": (lambda x: float(x), "oc.unwrap(x)", "np.sin"),
    "in np.float64(x): ": (lambda x: np.float64(x), "oc.unwrap(x)", "np.sin"),
    "in int(x): ": (lambda x: int(x), "round(x)", "np.sin"),
    "in complex(x): ": (lambda x: complex(x), "oc.unwrap(x)", "np.sin"),
    "in range(x): ": (lambda x: range(x), "a size or a range", "np.sin"),
    "in [1, 2][x]: ": (lambda x: [1, 2][x], "an index", "np.sin"),
    "in np.array([x], dtype=float): ": (lambda x: np.array([x], dtype=float), "leave the dtype out", "np.sin"),
    "in statistics.fmean([x, x]): ": (lambda x: statistics.fmean([x, x]), "sum(xs) / len(xs)", "zeros_like"),
    "in statistics.mean([x, x]): ": (lambda x: statistics.mean([x, x]), "sum(xs) / len(xs)", "zeros_like"),
    'in "%.2f" % x: ': (lambda x: "%.2f" % x, 'f"{x:.2f}"', "np.sin"),  # noqa: UP031
    'in array("d", [x]): ': (lambda x: array("d", [x]), "oc.unwrap(x)", "math takes"),
    "in {x: 1}: ": (lambda x: {x: 1}, "dict key", "np.sin"),
}


@pytest.mark.parametrize("source", OF_NUMBERS)
@pytest.mark.parametrize("start", ELSE)
def test_each_door_is_named_with_its_own_way(start, source):
    f, way, other = ELSE[start]
    message = refused(source, f)
    assert message.startswith(start) and way in message and other not in message


@pytest.mark.parametrize("source", OF_NUMBERS)
def test_a_wrapped_number_prints_in_any_format(source):
    texts = []

    def show(x):
        texts.append((f"{x:.2f}", f"{x:>8.3f}", f"{x}" == repr(x)))
        return x

    SOURCES[source][0](show)
    assert texts == [("0.50", "   0.500", True)]


def test_without_a_source_the_usual_advice_stands():
    scope = {"x": oc.wrap(HALF), "math": math}
    with pytest.raises(oc.Uncounted, match=r"^a wrapped value was asked to become a plain float: .*np.sin\(x\)"):
        exec("y = math.sin(x)", scope)


def test_a_name_that_is_not_maths_is_not_taken_for_it():
    def sin(x):
        return float(x)

    with pytest.raises(oc.Uncounted, match=r"^in float\(x\)"):
        sin(oc.wrap(HALF))


WARNING = {
    "a product of vectors": (lambda x: np.cross(x, x), DeprecationWarning),
    "no degrees of freedom": (lambda x: np.cov(x[:, None]), RuntimeWarning),
}


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) >= "2.5.0", reason="it refuses vectors of two")
@pytest.mark.parametrize("how", ["wrapped", "differentiated"])
@pytest.mark.parametrize("name", WARNING)
def test_a_warning_of_opcounts_points_at_the_users_line(name, how):
    f, category = WARNING[name]
    x = np.array([1.0, 2.0])
    run = {"wrapped": lambda: f(oc.wrap(x)), "differentiated": lambda: oc.trace(f, x)}[how]
    with np.errstate(all="ignore"), pytest.warns(category) as caught:
        run()
    assert {warning.filename for warning in caught} == {__file__}
    assert {warning.lineno for warning in caught} == {f.__code__.co_firstlineno}


# --- NumPy's warnings about wrapped numbers

WARNED = {
    "log of -1": (lambda: np.log(oc.wrap(-1.0)), "invalid value encountered in log"),
    "log of 0": (lambda: np.log(oc.wrap(0.0)), "divide by zero encountered in log"),
    "sqrt": (lambda: np.sqrt(oc.wrap(np.float64(-1.0))), "invalid value encountered in sqrt"),
    "exp": (lambda: np.exp(oc.wrap(1000.0)), "overflow encountered in exp"),
    "exp of little precision": (lambda: np.exp(oc.wrap(np.float16(20.0))), "overflow encountered in exp"),
    "sin of infinity": (lambda: np.sin(oc.wrap(math.inf)), "invalid value encountered in sin"),
    "a quotient": (lambda: oc.wrap(1.0) / 0.0, "divide by zero encountered in divide"),
    "a quotient of NumPy's": (lambda: oc.wrap(np.float64(1.0)) / 0.0, "divide by zero encountered in divide"),
    "a reciprocal": (lambda: 1 / oc.wrap(np.float64(0.0)), "divide by zero encountered in divide"),
    "a power": (lambda: oc.wrap(-8.0) ** 0.5, "invalid value encountered in power"),
    "a gradient": (lambda: oc.gradient(lambda x: np.log(x - x) * 0.0, 1.0), "divide by zero encountered in log"),
}


@pytest.mark.parametrize("name", WARNED)
def test_a_warning_of_numpys_points_at_the_users_line(name):
    call, message = WARNED[name]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    first = caught[0]
    assert str(first.message) == message
    assert (first.filename, first.category) == (__file__, RuntimeWarning)
    assert message.split()[-1] in linecache.getline(first.filename, first.lineno)


@pytest.mark.parametrize("name", [name for name in WARNED if name != "a gradient"])
def test_what_numpy_is_told_to_do_instead_of_warning_is_done(name):
    call, _ = WARNED[name]
    heard = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with np.errstate(all="ignore"):
            call()
        with np.errstate(all="call", call=lambda what, flag: heard.append(what)):
            call()
        with np.errstate(all="raise"), pytest.raises(FloatingPointError), oc.count() as tally:
            call()
    assert len(heard) == 1
    assert not tally.counts  # what raises counts nothing


def test_one_warning_is_given_once_where_arrays_are_opened_into_numbers():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        oc.gradient(lambda x: np.sum(np.exp(x)), np.array([1000.0]), granularity="scalar")
    assert [str(each.message) for each in caught] == ["overflow encountered in exp"]


def test_what_does_not_warn_is_silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for value in (math.nan, 0.5, np.float32(0.5), 1):
            for function in (np.log, np.exp, np.sin, np.tanh, np.arctan, np.sqrt, np.sign, np.floor, np.cbrt):
                function(oc.wrap(value))
        assert np.isnan(oc.unwrap(oc.wrap(1.0) / math.nan))


# --- errors of other libraries, which do not know wrapped values


def notes_on(execute):
    """The notes on the error that something raises inside a count."""
    with pytest.raises(Exception) as caught, oc.count():  # noqa: PT011  # whatever a library raises
        execute()
    return getattr(caught.value, "__notes__", [])


@pytest.mark.parametrize(
    "execute",
    [
        lambda: json.dumps(oc.wrap(2.0)),
        lambda: fractions.Fraction(oc.wrap(2.0)),
        lambda: oc.wrap(2.0)[0],
        lambda: jax.numpy.sum(oc.wrap(np.ones(3))),
    ],
)
def test_an_error_of_a_library_that_does_not_know_wrapped_values_says_what_to_hand_it(execute):
    assert "hand it oc.unwrap(x)" in notes_on(execute)[-1]  # JAX has a note of its own


@pytest.mark.parametrize("execute", [lambda: len(3), lambda: {}[1], lambda: json.loads("{"), lambda: oc.wrap("text")])
def test_an_error_that_has_nothing_to_do_with_wrapped_values_has_no_note(execute):
    assert notes_on(execute) == []
