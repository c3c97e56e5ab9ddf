"""Scalar: every operator, with every kind of number, gives the plain value and the exact count."""

import bisect
import functools
import heapq
import itertools
import math
import operator
import random
import statistics
import sys
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import opcount as oc
from opcount import Counts, InvalidType, Scalar
from opcount.wrapping.operations import OPERATIONS, replaced
from opcount.wrapping.wrapped import Wrapped

# --- a reference: a number that counts, written without looking at opcount


class Reference:
    """Counts its own operations in one Counter; a power is executed by square-and-multiply."""

    seen: ClassVar = Counter()

    def __init__(self, value):
        self.value = value

    def _do(self, kind, function, *values):
        if any(isinstance(value, np.ndarray) for value in values):
            return NotImplemented  # NumPy goes over the elements, and asks for each
        Reference.seen[kind] += 1
        result = function(*(value.value if isinstance(value, Reference) else value for value in values))
        return result if isinstance(result, bool) else Reference(result)

    def __add__(self, other):
        return self._do("add", operator.add, self, other)

    def __radd__(self, other):
        return self._do("add", operator.add, other, self)

    def __sub__(self, other):
        return self._do("sub", operator.sub, self, other)

    def __rsub__(self, other):
        return self._do("sub", operator.sub, other, self)

    def __mul__(self, other):
        return self._do("mul", operator.mul, self, other)

    def __rmul__(self, other):
        return self._do("mul", operator.mul, other, self)

    def __truediv__(self, other):
        return self._do("div", operator.truediv, self, other)

    def __rtruediv__(self, other):
        return self._do("div", operator.truediv, other, self)

    def __floordiv__(self, other):
        return self._do("floordiv", operator.floordiv, self, other)

    def __mod__(self, other):
        return self._do("mod", operator.mod, self, other)

    def __neg__(self):
        return self._do("neg", operator.neg, self)

    def __abs__(self):
        return self._do("abs", abs, self)

    def __lt__(self, other):
        return self._do("lt", lambda a, b: bool(a < b), self, other)

    def __le__(self, other):
        return self._do("le", lambda a, b: bool(a <= b), self, other)

    def __gt__(self, other):
        return self._do("gt", lambda a, b: bool(a > b), self, other)

    def __ge__(self, other):
        return self._do("ge", lambda a, b: bool(a >= b), self, other)

    def __eq__(self, other):
        return self._do("eq", lambda a, b: bool(a == b), self, other)

    def __ne__(self, other):
        return self._do("ne", lambda a, b: bool(a != b), self, other)

    def sqrt(self):
        return self._do("sqrt", np.sqrt, self)

    def exp(self):
        return self._do("exp", np.exp, self)

    def tanh(self):
        return self._do("tanh", np.tanh, self)

    def conjugate(self):
        return self

    def rint(self):
        return self._do("round", round, self)

    def __pow__(self, exponent):
        if not isinstance(exponent, int):
            return self._do("pow", operator.pow, self, exponent)
        if exponent < 0:
            return 1 / self**-exponent
        return powered(self, exponent)  # fmt: skip


def powered(base, exponent):
    """Square-and-multiply from the left, executed; the first bit is the base itself."""
    if exponent == 0:
        return base
    result = base
    for bit in f"{exponent:b}"[1:]:
        result = result * result
        if bit == "1":
            result = result * base
    return result


def reference(program, *arrays):
    """Run a program on object arrays of reference numbers: its plain result and its counts."""
    Reference.seen = Counter()
    result = program(*(objects(array, Reference) for array in arrays))
    return plain(result), Reference.seen


def objects(array, kind):
    made = np.empty(array.size, object)
    made[:] = [kind(float(number)) for number in array.flat]
    return made.reshape(array.shape)


def plain(result):
    if isinstance(result, np.ndarray):
        return np.array([plain(item) for item in result.flat]).reshape(result.shape)
    return result.value if isinstance(result, Reference) else oc.unwrap(result)


# --- operators with every kind of number

WRAPPED = [3, 2.5, Fraction(5, 2), Decimal("2.5"), np.float64(2.5), np.float32(2.5), np.int64(3)]
OTHERS = [
    2,
    1.5,
    True,
    Fraction(3, 2),
    Decimal("1.5"),
    np.float64(1.5),
    np.float32(1.5),
    np.int64(2),
    np.True_,
    -2,
    -0.75,
]
BINARY = {
    "add": (operator.add, "add"),
    "sub": (operator.sub, "sub"),
    "mul": (operator.mul, "mul"),
    "truediv": (operator.truediv, "div"),
    "floordiv": (operator.floordiv, "floordiv"),
    "mod": (operator.mod, "mod"),
    "divmod": (divmod, "floordiv mod"),
    "pow": (operator.pow, "pow"),
}
COMPARISONS = {
    "lt": (operator.lt, "lt", "gt"),
    "le": (operator.le, "le", "ge"),
    "gt": (operator.gt, "gt", "lt"),
    "ge": (operator.ge, "ge", "le"),
    "eq": (operator.eq, "eq", "eq"),
    "ne": (operator.ne, "ne", "ne"),
}


def by_type(value):
    return f"{type(value).__name__}({value})"


def expected_value(function, a, b):
    """What Python gives for the plain numbers, or its error; where it does not mix Decimals, what opcount says."""
    if isinstance(a, np.bool_) or isinstance(b, np.bool_):  # NumPy has no arithmetic of truth values; Python has
        a, b = (bool(number) if isinstance(number, np.bool_) else number for number in (a, b))
    try:
        # older NumPy has // and % of its numbers with Fractions, and no divmod
        return (a // b, a % b) if function is divmod else function(a, b)
    except TypeError:
        if not {type(a), type(b)} <= {Decimal, float}:
            return InvalidType
        return expected_value(function, Decimal(a), Decimal(b))
    except (ArithmeticError, ValueError) as error:
        return type(error)


def agree(result, value):
    """Equal and of the same type; nan equals nan."""
    if isinstance(value, tuple):
        return isinstance(result, tuple) and all(map(agree, result, value))
    plain = oc.unwrap(result)
    return (
        type(result) is Scalar and type(plain) is type(value) and (plain == value or plain != plain != value != value)
    )


def kinds_of_power(exponent):
    """The kinds of a power by a plain exponent: an integer one is products, any other is a pow."""
    if not isinstance(exponent, (int, np.integer, np.bool_)):
        return Counter(["pow"])
    Reference.seen = Counter()
    Reference(1.0) ** int(exponent)
    return Reference.seen


@np.errstate(all="ignore")
def check_operator(name, wrapped, other, side):
    function, kinds = BINARY[name]
    kinds = Counter(kinds.split())
    if name == "pow" and side == "left":
        kinds = kinds_of_power(other)
    value = expected_value(function, *((wrapped, other) if side == "left" else (other, wrapped)))
    operands = (oc.wrap(wrapped), other) if side == "left" else (other, oc.wrap(wrapped))
    with oc.count() as tally:
        if isinstance(value, type):
            with pytest.raises(value, match="do not mix" if value is InvalidType else None):
                function(*operands)
            return
        if isinstance(value, complex):
            assert math.isnan(oc.unwrap(function(*operands)))  # Python's complex root is NumPy's nan
        else:
            assert agree(function(*operands), value)
    assert tally.counts == kinds


def is_fraction_to_a_wrapped_power(name, wrapped, other, side):
    return (name, type(other), side) == ("pow", Fraction, "right") and type(wrapped) in {int, np.int64, Decimal}


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("other", OTHERS, ids=by_type)
@pytest.mark.parametrize("name", BINARY)
def test_an_operator_gives_the_plain_value_and_one_count(name, other, side):
    for wrapped in WRAPPED:
        if not is_fraction_to_a_wrapped_power(name, wrapped, other, side):
            check_operator(name, wrapped, other, side)


@pytest.mark.xfail(sys.version_info < (3, 12), reason="Fraction.__pow__ hands a float to any exponent it does not know")
@pytest.mark.parametrize("wrapped", [3, np.int64(3), Decimal("2.5")], ids=by_type)
def test_a_fraction_to_a_wrapped_power_stays_exact(wrapped):
    assert is_fraction_to_a_wrapped_power("pow", wrapped, Fraction(3, 2), "right")
    check_operator("pow", wrapped, Fraction(3, 2), "right")


@np.errstate(all="ignore")
@pytest.mark.parametrize("wrapped", WRAPPED, ids=by_type)
@pytest.mark.parametrize("name", BINARY)
def test_an_operator_of_two_wrapped_numbers(name, wrapped):
    function, kinds = BINARY[name]
    for other in WRAPPED:
        value = expected_value(function, wrapped, other)
        if isinstance(value, type):
            with pytest.raises(value, match="do not mix" if value is InvalidType else None):
                function(oc.wrap(wrapped), oc.wrap(other))
            continue
        with oc.count() as tally:
            assert agree(function(oc.wrap(wrapped), oc.wrap(other)), value)
        assert tally.counts == Counter(kinds.split())  # a wrapped exponent is a variable one: always a pow


@pytest.mark.parametrize("name", BINARY)
def test_an_operation_that_is_refused_was_not_executed_and_is_not_counted(name):
    with oc.count() as tally, pytest.raises(InvalidType, match="do not mix"):
        BINARY[name][0](oc.wrap(Decimal("2.5")), Fraction(3, 2))
    assert tally.counts == Counts()


@pytest.mark.parametrize("other", [*OTHERS, 2.5, 3], ids=by_type)
@pytest.mark.parametrize("name", COMPARISONS)
def test_a_comparison_gives_a_truth_value_and_one_count(name, other):
    function, kind, mirrored = COMPARISONS[name]
    # Decimal itself refuses to be compared with np.int64
    for wrapped in (number for number in WRAPPED if {type(number), type(other)} != {Decimal, np.int64}):
        with oc.count() as tally:
            results = [function(oc.wrap(wrapped), other), function(other, oc.wrap(wrapped))]
        expected = [function(wrapped, other), function(other, wrapped)]
        assert results == expected and {*map(type, results)} <= {bool, np.bool_}
        if not isinstance(other, bool | np.bool_ | Fraction | Decimal) and not isinstance(wrapped, Fraction | Decimal):
            assert list(map(type, results)) == list(map(type, expected))  # ~, + and - of them are not the same
        # Python asks a plain number's partner in the mirror, and NumPy's numbers ask directly
        assert tally.counts in (Counter([kind, mirrored]), Counter([kind, kind]))


@pytest.mark.parametrize("name", COMPARISONS)
def test_a_comparison_of_two_wrapped_numbers(name):
    function, kind, _ = COMPARISONS[name]
    for pair in itertools.product([1, 2.5, 3], [2, 2.5, Fraction(5, 2)]):
        with oc.count() as tally:
            assert function(*map(oc.wrap, pair)) is function(*pair)
        assert tally.counts == Counts({kind: 1})


@pytest.mark.parametrize(
    ("function", "kind"),
    [(operator.neg, "neg"), (operator.pos, ""), (abs, "abs"), (round, "round"), (math.floor, "floor"),
     (math.ceil, "ceil"), (math.trunc, "trunc")],
)  # fmt: skip
@pytest.mark.parametrize(
    "number",
    [3, 2.5, Fraction(5, 2), Decimal("2.5"), np.float64(2.5), -2.5, Fraction(-7, 2), 0.0, Decimal("-0.5")],
    ids=by_type,
)
def test_a_unary_operator_gives_the_plain_value_and_one_count(function, kind, number):
    with oc.count() as tally:
        result = function(oc.wrap(number))
    assert agree(result, function(number))
    assert tally.counts == Counter(kind.split())


@pytest.mark.parametrize("digits", [0, 1, -1, None])
@pytest.mark.parametrize("number", WRAPPED, ids=by_type)
def test_rounding_to_digits_is_one_count(number, digits):
    with oc.count() as tally:
        result = round(oc.wrap(number), digits)
    assert agree(result, round(number, digits)) and tally.counts == Counts(round=1)


@pytest.mark.parametrize(
    ("operation", "kind"),
    [(operator.iadd, "add"), (operator.isub, "sub"), (operator.imul, "mul"), (operator.itruediv, "div"),
     (operator.ifloordiv, "floordiv"), (operator.imod, "mod")],
)  # fmt: skip
def test_an_operator_in_place_makes_a_new_number(operation, kind):
    x = before = oc.wrap(7.5)
    with oc.count() as tally:
        x = operation(x, 2)
    assert (oc.unwrap(before), oc.unwrap(x)) == (7.5, operation(7.5, 2))
    assert tally.counts == Counts({kind: 1})


def test_the_checks_above_catch_an_operation_under_another_name(monkeypatch):
    monkeypatch.setattr(Scalar, "__sub__", lambda self, other: self + -other)
    with pytest.raises(AssertionError):
        check_operator("sub", 2.5, 1.5, "left")


def test_the_checks_above_catch_a_wrong_value():
    with replaced(mod=OPERATIONS.mod._replace(python=math.fmod)), pytest.raises(AssertionError):
        check_operator("mod", 2.5, -0.75, "left")


def test_the_four_fast_operators_do_what_the_general_ones_do():
    # Scalar writes these four out again; both ways must stay one meaning
    for name in ("add", "sub", "mul", "truediv"):
        for wrapped, other in itertools.product(WRAPPED, OTHERS):
            outcomes = []
            for owner in (Scalar, Wrapped):
                with oc.count() as tally:
                    try:
                        result = repr(getattr(owner, f"__{name}__")(oc.wrap(wrapped), other))
                    except TypeError as error:
                        result = str(error)
                outcomes.append((result, tally.counts))
            assert outcomes[0] == outcomes[1]


# --- numbers of a kind that opcount has not heard of


class Cents(float):
    """A float subclass, as from a library of units."""


def test_a_subclass_of_a_number_is_a_number():
    with oc.count() as tally:
        result = oc.wrap(Cents(2.5)) * Cents(2) + Cents(1)
    assert oc.unwrap(result) == 6.0 and tally.counts == Counts(mul=1, add=1)


@pytest.mark.parametrize("number", [np.float16(1.5), np.longdouble(1.5), np.int8(3), np.uint64(3)], ids=by_type)
def test_every_real_type_of_numpy_keeps_its_type(number):
    assert agree(oc.wrap(number) * number, number * number)
    assert agree(np.sqrt(oc.wrap(number)), np.sqrt(number))


@pytest.mark.parametrize("thing", [1j, True, np.True_, "1", None, [1], np.ones(2)])
def test_a_scalar_is_made_of_a_real_number_alone(thing):
    with pytest.raises(InvalidType, match="the value to wrap is "):
        Scalar(thing)


def test_a_scalar_of_a_scalar_is_the_same_number():
    assert oc.unwrap(Scalar(Scalar(2.5))) == 2.5


def test_a_scalar_shows_its_value_and_formats_like_it():
    x = oc.wrap(2.5)
    assert (repr(x), str(x), f"{x}", f"{x:.3f}", f"{x!r:>12}") == ("Scalar(2.5)",) * 3 + ("2.500", " Scalar(2.5)")


# --- integer powers


@pytest.mark.parametrize("exponent", range(-20, 131))
def test_an_integer_power_counts_what_square_and_multiply_executes(exponent):
    for exponents in (exponent, np.int64(exponent)):
        with oc.count() as tally:
            result = oc.wrap(1.01) ** exponents
        assert tally.counts == kinds_of_power(exponent)
        assert oc.unwrap(result) == pytest.approx(1.01**exponent, rel=1e-13)


@pytest.mark.parametrize(("exponent", "kinds"), [
    (0, {}), (1, {}), (2, {"mul": 1}), (3, {"mul": 2}), (4, {"mul": 2}), (7, {"mul": 4}), (8, {"mul": 3}),
    (100, {"mul": 8}), (-1, {"div": 1}), (-2, {"mul": 1, "div": 1}), (-8, {"mul": 3, "div": 1}), (True, {}),
    (2.0, {"pow": 1}), (0.5, {"pow": 1}), (Fraction(2), {"pow": 1}),
])  # fmt: skip
def test_powers_counted_by_hand(exponent, kinds):
    assert oc.measure(lambda x: x**exponent, 3.0).counts == kinds
    assert oc.measure(lambda x: np.power(x, exponent), 3.0).counts == kinds


def test_a_huge_power_is_counted_without_being_stepped_through():
    exponent = 10**40
    assert oc.measure(lambda x: x**exponent, 1).counts.mul == exponent.bit_length() + exponent.bit_count() - 2


def test_an_exact_number_has_an_exact_power():
    assert oc.measure(lambda x: x**-3, Fraction(2, 3)) == (Fraction(27, 8), Counts(mul=2, div=1))
    assert oc.measure(lambda x: x**100, 3).value == 3**100
    assert oc.measure(lambda x: x**3, Decimal("1.1")).value == Decimal("1.331")


def test_a_power_with_a_modulus_says_how_to_write_it():
    with oc.count() as tally, pytest.raises(oc.Uncounted, match=r"\(x \*\* n\) % m"):
        pow(oc.wrap(3), 2, 5)
    assert tally.counts == Counts()


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


# --- NumPy on object arrays counts what a loop written by hand would

V, W = np.array([0.5, -1.5, 2.25, 0.75, 1.25]), np.array([2.0, 0.5, -1.0, 3.0, 1.5])
A, B = np.arange(1.0, 7.0).reshape(2, 3), np.arange(2.0, 14.0).reshape(3, 4)

BY_HAND = [
    ("v @ w", lambda v, w: v @ w, {"mul": 5, "add": 4}),
    ("np.dot", np.dot, {"mul": 5, "add": 4}),
    ("np.inner", np.inner, {"mul": 5, "add": 4}),
    ("np.vdot", np.vdot, {"mul": 5, "add": 4}),
    ("np.vecdot", np.vecdot, {"mul": 5, "add": 4}),
    ("np.outer", np.outer, {"mul": 25}),
    ("np.kron", np.kron, {"mul": 25}),
    ("np.add.outer", np.add.outer, {"add": 25}),
    ("np.sum", lambda v, w: np.sum(v), {"add": 4}),
    ("np.sum with initial", lambda v, w: np.sum(v, initial=0), {"add": 5}),
    ("np.prod", lambda v, w: np.prod(v), {"mul": 4}),
    ("np.mean", lambda v, w: np.mean(v), {"add": 4, "div": 1}),
    ("np.var", lambda v, w: np.var(v), {"add": 8, "div": 2, "sub": 5, "mul": 5}),
    ("np.std", lambda v, w: np.std(v), {"add": 8, "div": 2, "sub": 5, "mul": 5, "sqrt": 1}),
    ("np.cumsum", lambda v, w: np.cumsum(v), {"add": 4}),
    ("np.cumprod", lambda v, w: np.cumprod(v), {"mul": 4}),
    ("np.diff", lambda v, w: np.diff(v), {"sub": 4}),
    ("np.average", lambda v, w: np.average(v), {"add": 4, "div": 1}),
    ("np.tanh", lambda v, w: np.tanh(v), {"tanh": 5}),
    ("np.exp", lambda v, w: np.exp(v), {"exp": 5}),
    ("np.abs", lambda v, w: np.abs(v), {"abs": 5}),
    ("np.square", lambda v, w: np.square(v), {"mul": 5}),
    ("np.reciprocal", lambda v, w: np.reciprocal(v), {"div": 5}),
    ("np.linalg.norm", lambda v, w: np.linalg.norm(v), {"mul": 5, "add": 4, "sqrt": 1}),
    ("the 1-norm", lambda v, w: np.linalg.norm(v, 1), {"abs": 5, "add": 4}),
    ("np.where", lambda v, w: np.where(v > w, v, w), {"gt": 5}),
    ("np.max", lambda v, w: np.max(v), {"ge": 4}),
    ("np.min", lambda v, w: np.min(v), {"le": 4}),
    ("np.maximum", lambda v, w: np.maximum(v, w), {"ge": 5}),
    ("np.argmax", lambda v, w: np.argmax(v), {"gt": 4}),
    ("np.convolve", lambda v, w: np.convolve(v, w), {"mul": 25, "add": 16}),
    ("np.polyval", lambda v, w: np.polyval(v, w[0]), {"mul": 5, "add": 5}),
    ("np.einsum i,i", lambda v, w: np.einsum("i,i", v, w), {"mul": 5, "add": 5}),  # it starts from a zero
    ("np.einsum i,j->ij", lambda v, w: np.einsum("i,j->ij", v, w), {"mul": 25, "add": 25}),
    ("np.trapezoid", lambda v, w: np.trapezoid(v), {"add": 7, "mul": 4, "div": 4}),
    ("v ** 2", lambda v, w: v**2, {"mul": 5}),
    ("v ** 10", lambda v, w: v**10, {"mul": 20}),
    ("v ** -1", lambda v, w: v**-1, {"div": 5}),
    ("v * 2 + w", lambda v, w: v * 2 + w, {"mul": 5, "add": 5}),
    ("2 - v / w", lambda v, w: 2 - v / w, {"div": 5, "sub": 5}),
    ("-v", lambda v, w: -v, {"neg": 5}),
    ("v // w", lambda v, w: v // w, {"floordiv": 5}),
    ("v % w", lambda v, w: v % w, {"mod": 5}),
    ("v == w", lambda v, w: v == w, {"eq": 5}),
    ("v * plain", lambda v, w: v * np.arange(5.0), {"mul": 5}),
    ("plain @ v", lambda v, w: np.arange(5.0) @ v, {"mul": 5, "add": 4}),
    ("v * one scalar", lambda v, w: v * w[0], {"mul": 5}),
    ("one scalar - v", lambda v, w: w[0] - v, {"sub": 5}),
    ("np.add.reduce", lambda v, w: np.add.reduce(v), {"add": 4}),
    ("np.add.accumulate", lambda v, w: np.add.accumulate(v), {"add": 4}),
    ("reshaping and indexing", lambda v, w: np.concatenate([v[::-1], w[1:3], np.roll(w, 1)])[[0, 3]], {}),
]

MATRICES = [
    ("A @ B", lambda a, b: a @ b, {"mul": 24, "add": 16}),
    ("np.dot", np.dot, {"mul": 24, "add": 16}),
    ("np.matmul", np.matmul, {"mul": 24, "add": 16}),
    ("np.einsum", lambda a, b: np.einsum("ij,jk->ik", a, b), {"mul": 24, "add": 24}),
    ("np.tensordot", lambda a, b: np.tensordot(a, b, 1), {"mul": 24, "add": 16}),
    ("np.sum", lambda a, b: np.sum(a), {"add": 5}),
    ("np.sum axis 0", lambda a, b: np.sum(a, axis=0), {"add": 3}),
    ("np.sum axis 1", lambda a, b: np.sum(a, axis=1), {"add": 4}),
    ("np.mean axis 1", lambda a, b: np.mean(a, axis=1), {"add": 4, "div": 2}),
    ("np.prod axis 0", lambda a, b: np.prod(b, axis=0), {"mul": 8}),
    ("np.trace", lambda a, b: np.trace(a), {"add": 1}),
    ("the Frobenius norm", lambda a, b: np.linalg.norm(a), {"mul": 6, "add": 5, "sqrt": 1}),
    ("np.linalg.multi_dot", lambda a, b: np.linalg.multi_dot([a, b, b.T]), {"mul": 24 + 24, "add": 16 + 18}),
    ("a cube", lambda a, b: np.linalg.matrix_power(a @ a.T, 3), {"mul": 12 + 16, "add": 8 + 8}),
    ("broadcasting", lambda a, b: a + a[0], {"add": 6}),
    ("a layer", lambda a, b: np.tanh(a @ b + b[0]), {"mul": 24, "add": 16 + 8, "tanh": 8}),
    ("transposing", lambda a, b: a.T.copy(), {}),
]


def check_numpy(program, arrays, kinds):
    """Counts are those of the hand and of the reference; the value is that of the plain arrays."""
    wrapped = [oc.wrap(array.astype(object)) for array in arrays]
    with oc.count() as tally:
        result = program(*wrapped)
    assert tally.counts == kinds
    value, seen = reference(program, *arrays)
    assert tally.counts == seen
    np.testing.assert_allclose(oc.unwrap(result), program(*arrays), rtol=1e-12)
    np.testing.assert_array_equal(oc.unwrap(result), value)  # the same operations, so the same bits


@pytest.mark.parametrize(("program", "kinds"), [row[1:] for row in BY_HAND], ids=[row[0] for row in BY_HAND])
def test_numpy_on_vectors_counts_what_a_loop_by_hand_counts(program, kinds):
    check_numpy(program, (V, W), kinds)


@pytest.mark.parametrize(("program", "kinds"), [row[1:] for row in MATRICES], ids=[row[0] for row in MATRICES])
def test_numpy_on_matrices_counts_what_a_loop_by_hand_counts(program, kinds):
    check_numpy(program, (A, B), kinds)


@pytest.mark.parametrize("program", [
    np.sort, np.argsort, np.unique, np.median, np.ptp, lambda v: np.partition(v, 2),
    lambda v: np.searchsorted(np.sort(v), v[0]),
    lambda v: np.lexsort((v, v)), lambda v: np.clip(v, 0, 1), sorted, max, min, lambda v: np.cross(v[:3], v[1:4]),
    lambda v: np.vander(v, 3), lambda v: np.apply_along_axis(np.sum, 0, v), lambda v: np.around(v, 1),
    lambda v: np.nansum(v),
    lambda v: np.isin(v, v[:2]), lambda v: np.correlate(v, v, "full"),
    lambda v: np.linspace(v[0], v[1], 4)[:3], lambda v: np.trapezoid(v, v),
])  # fmt: skip
def test_numpy_counts_what_the_reference_counts_in_the_same_places(program):
    # how many comparisons a sort makes is NumPy's affair; that none is missed is ours
    with oc.count() as tally:
        program(oc.wrap(V.astype(object)))
    _, seen = reference(program, V)
    assert seen and tally.counts == seen


def test_the_check_against_the_reference_catches_a_planted_fault(monkeypatch):
    check_numpy(np.dot, (V, W), {"mul": 5, "add": 4})
    monkeypatch.setattr(Scalar, "__add__", Scalar.__sub__)
    with pytest.raises(AssertionError):
        check_numpy(np.dot, (V, W), {"mul": 5, "add": 4})


@pytest.mark.parametrize(("m", "k", "n"), [(1, 1, 1), (1, 5, 1), (4, 1, 4), (2, 3, 5), (8, 8, 8)])
def test_a_product_of_matrices_is_mkn_products_and_mkn_minus_mn_sums(m, k, n):
    a, b = np.ones((m, k)), np.ones((k, n))
    assert oc.measure(np.matmul, a, b).counts == Counts(mul=m * k * n, add=m * (k - 1) * n)


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=12))
def test_random_vectors_sum_and_multiply_exactly(numbers):
    v = np.array(numbers)
    n = len(numbers)
    assert oc.measure(np.sum, v) == (sum(numbers), Counts(add=n - 1))
    assert oc.measure(np.dot, v, v) == (sum(x * x for x in numbers), Counts(mul=n, add=n - 1))


# --- textbook algorithms that know nothing of opcount


def horner(coefficients, x):
    result = coefficients[0]
    for coefficient in coefficients[1:]:
        result = result * x + coefficient
    return result


def gcd(a, b):
    while b != 0:
        a, b = b, a % b
    return a


def newton_sqrt(x, steps):
    guess = x
    for _ in range(steps):
        guess = (guess + x / guess) / 2
    return guess


def gram_schmidt(rows):
    basis = []
    for row in rows:
        for direction in basis:
            row = row - (direction @ row) * direction
        basis.append(row / np.sqrt(row @ row))
    return np.stack(basis)


def fft(pairs):
    """Radix two, on pairs of a real and an imaginary part; n log2(n) / 2 butterflies."""
    n = len(pairs)
    if n == 1:
        return pairs
    even, odd = fft(pairs[::2]), fft(pairs[1::2])
    out = [None] * n
    for k in range(n // 2):
        c, s = math.cos(2 * math.pi * k / n), -math.sin(2 * math.pi * k / n)
        re, im = odd[k][0] * c - odd[k][1] * s, odd[k][0] * s + odd[k][1] * c
        out[k] = (even[k][0] + re, even[k][1] + im)
        out[k + n // 2] = (even[k][0] - re, even[k][1] - im)
    return out


def lu(matrix):
    """Elimination without pivoting, in place in a copy."""
    a = [list(row) for row in matrix]
    n = len(a)
    for k in range(n):
        for i in range(k + 1, n):
            a[i][k] = a[i][k] / a[k][k]
            for j in range(k + 1, n):
                a[i][j] = a[i][j] - a[i][k] * a[k][j]
    return a


@pytest.mark.parametrize("degree", [0, 1, 7, 50])
def test_horner(degree):
    coefficients = [float(k + 1) for k in range(degree + 1)]
    value, counts = oc.measure(horner, coefficients, 0.5)
    assert counts == Counts(mul=degree, add=degree)
    assert value == horner(coefficients, 0.5)


@pytest.mark.parametrize(("a", "b", "steps"), [(48, 18, 3), (17, 5, 3), (5, 17, 4), (7, 0, 0), (10**40, 10**39 * 3, 2)])
def test_euclid(a, b, steps):
    assert oc.measure(gcd, a, b) == (math.gcd(a, b), Counts(mod=steps, ne=steps + 1))


def test_fibonacci_numbers_take_euclid_the_most_steps():
    fibonacci = [1, 2]
    while len(fibonacci) < 60:
        fibonacci.append(sum(fibonacci[-2:]))
    assert oc.measure(gcd, fibonacci[59], fibonacci[58]).counts.mod == 59


@pytest.mark.parametrize("number", [2.0, Fraction(2), Decimal(2), np.float32(2)], ids=by_type)
def test_newton(number):
    value, counts = oc.measure(lambda x: newton_sqrt(x, 5), number)
    assert counts == Counts(div=10, add=5)
    assert value == newton_sqrt(number, 5) and type(value) is type(number)


@pytest.mark.parametrize(("k", "n"), [(1, 3), (3, 3), (4, 6)])
def test_gram_schmidt(k, n):
    rows = np.random.default_rng(0).normal(size=(k, n))
    value, counts = oc.measure(gram_schmidt, rows)
    pairs = k * (k - 1) // 2
    assert counts == Counts(
        mul=pairs * 2 * n + k * n, add=pairs * (n - 1) + k * (n - 1), sub=pairs * n, sqrt=k, div=k * n
    )
    np.testing.assert_allclose(value @ value.T, np.eye(k), atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 8, 32])
def test_fft(n):
    signal = np.random.default_rng(0).normal(size=n)
    value, counts = oc.measure(fft, [(x, 0.0) for x in signal.tolist()])
    butterflies = n * (n.bit_length() - 1) // 2
    assert counts == Counts(mul=4 * butterflies, add=3 * butterflies, sub=3 * butterflies)
    np.testing.assert_allclose([complex(*pair) for pair in value], np.fft.fft(signal), atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 5, 10])
def test_lu(n):
    matrix = np.random.default_rng(0).integers(1, 9, size=(n, n)) + 20 * np.eye(n, dtype=int)
    exact = [[Fraction(int(number)) for number in row] for row in matrix]
    value, counts = oc.measure(lu, exact)
    products = sum(k * k for k in range(n))
    assert counts == Counts(mul=products, sub=products, div=n * (n - 1) // 2)
    upper = math.prod(value[k][k] for k in range(n))
    assert float(upper) == pytest.approx(np.linalg.det(matrix), rel=1e-9)


class Ordered:
    """Counts how often it is compared: the reference for the sorting functions of the library."""

    seen: ClassVar = Counter()

    def __init__(self, value):
        self.value = value

    def __lt__(self, other):
        Ordered.seen["lt"] += 1
        return self.value < other.value

    def __eq__(self, other):
        Ordered.seen["eq"] += 1
        return self.value == other.value


def heap_sorted(numbers):
    heap = list(numbers)
    heapq.heapify(heap)
    return [heapq.heappop(heap) for _ in range(len(heap))]


@pytest.mark.parametrize(
    "sort", [sorted, heap_sorted, lambda xs: heapq.nsmallest(len(xs), xs),
             lambda xs: list(heapq.merge(xs[:1], xs[1:2])),
             statistics.median_low, lambda xs: bisect.insort(sorted(xs), xs[0])],
    ids=["sorted", "heapq", "nsmallest", "merge", "median", "insort"],
)  # fmt: skip
@pytest.mark.parametrize("n", [2, 17, 100])
def test_sorting_counts_every_comparison_that_is_made(sort, n):
    numbers = random.Random(n).sample(range(1000), n)
    Ordered.seen = Counter()
    sort([Ordered(number) for number in numbers])
    assert oc.measure(sort, numbers).counts == Ordered.seen
    assert Ordered.seen["lt"] >= 1


@pytest.mark.parametrize("n", [1, 2, 3, 100, 1023, 1024])
def test_bisection_takes_a_comparison_per_halving(n):
    _, counts = oc.measure(lambda x: bisect.bisect_left(range(n), x), -1)
    assert counts.total == counts.gt + counts.lt == n.bit_length()


@pytest.mark.parametrize(
    ("program", "kinds"),
    [
        (sum, {"add": 6}),  # sum starts from 0
        (lambda xs: sum(xs[1:], xs[0]), {"add": 5}),
        (math.prod, {"mul": 6}),
        (lambda xs: functools.reduce(operator.mul, xs), {"mul": 5}),
        (lambda xs: list(itertools.accumulate(xs)), {"add": 5}),
        (lambda xs: list(itertools.accumulate(xs, operator.mul)), {"mul": 5}),
        (lambda xs: [b - a for a, b in itertools.pairwise(xs)], {"sub": 5}),
        (max, {"gt": 5}),
        (min, {"lt": 5}),
        (lambda xs: sum(map(operator.mul, xs, xs)) / len(xs), {"mul": 6, "add": 6, "div": 1}),
        (lambda xs: sum(x > 3 for x in xs), {"gt": 6}),
        (lambda xs: xs.index(4.0), {"eq": 4}),
        (lambda xs: 99 in xs, {"eq": 6}),
        (lambda xs: xs.count(4.0), {"eq": 6}),
        (statistics.median_high, {"lt": 5}),  # already in order
        (lambda xs: statistics.median(xs), {"lt": 5, "add": 1, "div": 1}),
    ],
)
def test_pythons_own_tools_count_what_they_execute(program, kinds):
    numbers = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    value, counts = oc.measure(program, numbers)
    assert counts == kinds and value == program(numbers)


def test_a_diamond_counts_each_operation_once():
    def diamond(x):
        for _ in range(100):
            x = x + x
        return x

    assert oc.measure(diamond, 1) == (2**100, Counts(add=100))


def test_a_program_in_fractions_is_exact():
    def harmonic(one):
        return sum(one / k for k in range(1, 31))

    value, counts = oc.measure(harmonic, Fraction(1))
    assert value == sum(Fraction(1, k) for k in range(1, 31))
    assert counts == Counts(div=30, add=30)


def test_the_exact_value_of_a_mixture_with_fractions():
    x = oc.wrap(Fraction(1, 3))
    with oc.count() as tally:
        result = Fraction(1, 6) + 2 * x - x / Fraction(2) - np.int64(1)
    assert oc.unwrap(result) == Fraction(1, 6) + Fraction(2, 3) - Fraction(1, 6) - 1
    assert tally.counts == Counts(add=1, mul=1, sub=2, div=1)
