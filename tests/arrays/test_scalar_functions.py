"""NumPy's functions of Scalars: the plain value, NumPy's domain errors, and the exact count."""

import math
import operator
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import opcount as oc
import opcount.arrays.scalar
from opcount import Counts, Scalar
from tests.support.reference import by_type

# --- functions


FUNCTIONS = [
    "sqrt",
    "cbrt",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "sin",
    "cos",
    "tan",
    "arcsin",
    "arccos",
    "arctan",
    "sinh",
    "cosh",
    "tanh",
    "arcsinh",
    "arctanh",
    "floor",
    "ceil",
    "trunc",
    "rint",
    "sign",
    "absolute",
    "fabs",
    "square",
    "negative",
]


@pytest.mark.parametrize("number", [0.75, np.float64(0.75), np.float32(0.75), np.float16(0.75), 1, -0.0], ids=by_type)
@pytest.mark.parametrize("name", FUNCTIONS)
@np.errstate(all="ignore")
def test_a_function_has_numpys_value_bit_for_bit(name, number):
    function = getattr(np, name)
    result, value = oc.unwrap(function(oc.wrap(number))), function(number)
    assert np.array_equal(result, value, equal_nan=True)
    assert math.copysign(1, result) == math.copysign(1, value)
    if isinstance(number, np.generic):
        assert type(result) is type(value)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("number", [Fraction(3, 4), Decimal("0.75")], ids=by_type)
def test_a_function_of_an_exact_number_agrees_with_that_of_the_float(name, number):
    result = oc.unwrap(getattr(np, name)(oc.wrap(number)))
    assert float(result) == pytest.approx(float(getattr(np, name)(0.75)), rel=1e-14)


@pytest.mark.parametrize("name", ["exp", "sqrt", "log10"])
@pytest.mark.parametrize("number", [Decimal("0.3"), Decimal("-0.3"), Decimal("-1"), Decimal("12.5")], ids=str)
def test_where_decimal_has_a_function_of_its_own_its_digits_are_kept(name, number):
    if name != "exp":
        number = abs(number)
    assert oc.unwrap(getattr(np, name)(oc.wrap(number))) == getattr(number, name)()


@pytest.mark.parametrize("name", ["floor", "ceil", "trunc", "rint", "sign", "absolute", "square", "negative"])
@pytest.mark.parametrize("number", [Fraction(-7, 2), Decimal("2.5"), 10**40, Fraction(10**40, 3)], ids=str)
def test_rounding_and_signs_are_exact_for_exact_numbers(name, number):
    plain = {
        "floor": math.floor, "ceil": math.ceil, "trunc": math.trunc, "rint": round, "absolute": abs,
        "sign": lambda x: (x > 0) - (x < 0), "square": lambda x: x * x, "negative": lambda x: -x,
    }  # fmt: skip
    assert oc.unwrap(getattr(np, name)(oc.wrap(number))) == plain[name](number)


@pytest.mark.parametrize(("name", "pick"), [("maximum", max), ("minimum", min)])
@pytest.mark.parametrize(
    "pair", [(Fraction(1, 3), Fraction(2, 7)), (10**40, 10**40 + 1), (Decimal("0.1"), Decimal("0.2"))]
)
def test_the_larger_of_two_exact_numbers_is_exact(name, pick, pair):
    assert oc.unwrap(getattr(np, name)(*map(oc.wrap, pair))) == pick(pair)


@pytest.mark.parametrize("function", [np.maximum, np.minimum])
def test_nan_propagates_through_maximum_and_minimum(function):
    for pair in ((math.nan, 1.0), (1.0, math.nan), (math.nan, 1)):
        assert math.isnan(oc.unwrap(function(oc.wrap(pair[0]), pair[1])))
        assert math.isnan(oc.unwrap(function(*map(oc.wrap, pair))))


# --- domain errors are NumPy's: a warning, nan or inf, and a count


DOMAIN = [
    (lambda x: np.log(x), 0.0, -math.inf, "log"),
    (lambda x: np.log(x), -1.0, math.nan, "log"),
    (lambda x: np.log(x), 0, -math.inf, "log"),
    (lambda x: np.sqrt(x), -1.0, math.nan, "sqrt"),
    (lambda x: np.sqrt(x), -1, math.nan, "sqrt"),
    (lambda x: np.arcsin(x), 2.0, math.nan, "arcsin"),
    (lambda x: np.arccosh(x), 0.5, math.nan, "arccosh"),
    (lambda x: np.arctanh(x), 1.0, math.inf, "arctanh"),
    (lambda x: np.log1p(x), -1.0, -math.inf, "log1p"),
    (lambda x: np.exp(x), 1000.0, math.inf, "exp"),
    (lambda x: np.exp(x), 1000, math.inf, "exp"),
    (lambda x: 1 / x, 0.0, math.inf, "div"),
    (lambda x: -1.0 / x, 0, -math.inf, "div"),
    (lambda x: x / 0, 1.0, math.inf, "div"),
    (lambda x: x / 0, 0.0, math.nan, "div"),
    (lambda x: x / 0, 3, math.inf, "div"),
    (lambda x: x / x, 0.0, math.nan, "div"),
    (lambda x: x // 0, 1.0, math.inf, "floordiv"),
    (lambda x: x % 0, 1.0, math.nan, "mod"),
    (lambda x: 1.0 % x, 0.0, math.nan, "mod"),
    (lambda x: x**-1, 0.0, math.inf, "div"),
    (lambda x: x**-1, 0, math.inf, "div"),
    (lambda x: x**-0.5, 0.0, math.inf, "pow"),
    (lambda x: x**0.5, -2.0, math.nan, "pow"),
    (lambda x: x ** (1 / 3), -8, math.nan, "pow"),
    (lambda x: (-8.0) ** x, 0.5, math.nan, "pow"),
    (lambda x: x**1000.5, 10.0, math.inf, "pow"),
    (lambda x: 10.0**x, 1000, math.inf, "pow"),
    (lambda x: x**1024, 10.0, math.inf, "mul mul mul mul mul mul mul mul mul mul"),
]


@pytest.mark.parametrize(("program", "number", "value", "kinds"), DOMAIN)
@pytest.mark.parametrize("kind", [lambda number: number, np.float64], ids=["python", "numpy"])
def test_outside_the_domain_numpy_warns_and_gives_nan_or_inf_and_it_counts(program, number, value, kinds, kind):
    with oc.count() as tally, pytest.warns(RuntimeWarning):
        result = program(oc.wrap(kind(number)))
    assert isinstance(result, Scalar)
    assert np.array_equal(oc.unwrap(result), value, equal_nan=True)
    assert tally.counts == Counter(kinds.split())


def test_numpys_own_settings_decide_what_a_domain_error_does():
    x = oc.wrap(0.0)
    with np.errstate(all="ignore"):
        assert oc.unwrap(1 / x) == math.inf  # no warning, or the suite would fail
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        1 / x


@pytest.mark.parametrize("program", [lambda x: 1 / x, lambda x: x / x, lambda x: x // x, lambda x: 1 % x], ids=range(4))
@pytest.mark.parametrize("zero", [Fraction(0), Decimal(0)], ids=by_type)
def test_exact_arithmetic_has_no_infinity_and_raises_as_it_does(program, zero):
    with pytest.raises(ArithmeticError):
        program(zero)
    with pytest.raises(ArithmeticError):
        program(oc.wrap(zero))


def test_divmod_by_zero_counts_both_its_operations():
    with oc.count() as tally, pytest.warns(RuntimeWarning):
        quotient, rest = divmod(oc.wrap(1.0), 0)
    assert oc.unwrap(quotient) == math.inf and math.isnan(oc.unwrap(rest))
    assert tally.counts == Counts(floordiv=1, mod=1)


@given(st.floats(), st.floats(), st.sampled_from([operator.add, operator.sub, operator.mul, operator.truediv]))
def test_any_two_floats_give_what_numpy_gives_bit_for_bit(a, b, function):
    with np.errstate(all="ignore"):
        result, value = oc.unwrap(function(oc.wrap(a), b)), float(function(np.float64(a), np.float64(b)))
    assert result.hex() == value.hex() or (math.isnan(result) and math.isnan(value))


@given(st.integers(), st.integers())
def test_any_two_integers_give_what_python_gives_exactly(a, b):
    with oc.count() as tally:
        results = [oc.unwrap(result) for result in (oc.wrap(a) * b, b - oc.wrap(a), oc.wrap(a) + oc.wrap(b))]
    assert results == [a * b, b - a, a + b] and tally.counts == Counts(mul=1, sub=1, add=1)
