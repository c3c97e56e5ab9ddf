"""What every wrapped number has in common: a closed set of operators, NumPy's functions, guarded exits."""

import bisect
import cmath
import collections
import copy
import datetime
import functools
import inspect
import itertools
import math
import numbers
import operator
import random
import statistics
import struct
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import opcount as oc
from opcount.counting.kinds import KINDS
from opcount.wrapping.operations import BY_UFUNC, COMPOSED, kinds_of
from opcount.wrapping.wrapped import Wrapped, plain_operand, written
from tests.support.all_cases import all_cases
from tests.support.faults import planted

X, N = oc.wrap(1.5), oc.wrap(3)
V = oc.wrap(np.array([3.0, 1.0, 2.0], dtype=object))
NOTHING = oc.Counts()


# --- a closed set of operators

# What Python's numbers have and plain objects do not, by what a wrapped number does with it.
EXECUTED = """
    __add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __truediv__ __rtruediv__ __floordiv__ __rfloordiv__
    __mod__ __rmod__ __divmod__ __rdivmod__ __pow__ __rpow__ __neg__ __abs__ __pos__
    __floor__ __ceil__ __trunc__ __round__
"""
OF_INTEGERS = """
    __and__ __rand__ __or__ __ror__ __xor__ __rxor__ __lshift__ __rlshift__ __rshift__ __rrshift__ __invert__
"""
GUARDED = "__float__ __int__ __complex__ __index__ __bool__ as_integer_ratio"
HARMLESS = "conjugate real __copy__ __deepcopy__"
ABSENT = """
    imag numerator denominator bit_length bit_count to_bytes from_bytes is_integer hex fromhex
    from_float from_decimal limit_denominator __getnewargs__ __getformat__
"""


def test_every_method_of_a_python_number_is_executed_guarded_harmless_or_absent():
    of_numbers = {name for kind in (int, float, Fraction) for name in dir(kind) if hasattr(kind, name)}
    public = {name for name in of_numbers - set(dir(object())) if name.startswith("__") or not name.startswith("_")}
    of_classes = {"__abstractmethods__", "__slots__", "__module__", "__firstlineno__", "__static_attributes__"}
    assert public - of_classes == set(" ".join([EXECUTED, OF_INTEGERS, GUARDED, HARMLESS, ABSENT]).split())


@pytest.mark.parametrize("name", EXECUTED.split())
def test_what_is_executed_is_written_out_and_counted(name):
    method = getattr(X, name)
    with oc.count() as tally:
        result = method(2) if len(inspect.signature(method).parameters) and name != "__round__" else method()
    assert name == "__pos__" or tally.counts.total > 0
    assert not any(map(plain_number, result if isinstance(result, tuple) else [result]))


@pytest.mark.parametrize("name", OF_INTEGERS.split())
def test_what_integers_have_besides_is_executed_on_integers_alone(name):
    operands = () if name == "__invert__" else (2,)
    with oc.count() as tally:
        result = getattr(N, name)(*operands)
    assert oc.unwrap(result) == getattr(3, name)(*operands) and tally.counts.integer == tally.counts.total == 1
    for number in (X, oc.wrap(Fraction(1, 2))):
        with oc.count() as tally, pytest.raises(TypeError):
            operator.invert(number) if name == "__invert__" else number & 2
        assert tally.counts == NOTHING


@pytest.mark.parametrize("name", ABSENT.split())
def test_what_is_absent_is_absent(name):
    assert not hasattr(X, name)


# --- the table of NumPy's functions


def test_the_functions_of_the_table_are_all_tested():
    assert {*ONE, *TWO} == {ufunc.__name__ for ufunc in (*BY_UFUNC, *COMPOSED) if written(ufunc)}


# By hand, what NumPy's function of one or two wrapped numbers executes.
ONE = {
    "negative": "neg", "absolute": "abs", "fabs": "abs", "square": "mul", "reciprocal": "div", "sqrt": "sqrt",
    "cbrt": "cbrt", "exp": "exp", "exp2": "exp2", "expm1": "expm1", "log": "log", "log2": "log2", "log10": "log10",
    "log1p": "log1p", "sin": "sin", "cos": "cos", "tan": "tan", "arcsin": "arcsin", "arccos": "arccos",
    "arctan": "arctan", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "arcsinh": "arcsinh", "arccosh": "arccosh",
    "arctanh": "arctanh", "sign": "sign", "floor": "floor", "ceil": "ceil", "trunc": "trunc", "rint": "round",
    "positive": "", "conjugate": "",
}  # fmt: skip
TWO = {
    "add": "add", "subtract": "sub", "multiply": "mul", "divide": "div", "floor_divide": "floordiv",
    "remainder": "mod", "divmod": "floordiv mod", "power": "pow", "hypot": "hypot", "logaddexp": "logaddexp",
    "arctan2": "arctan2", "maximum": "maximum", "minimum": "minimum", "less": "lt", "less_equal": "le",
    "greater": "gt", "greater_equal": "ge", "equal": "eq", "not_equal": "ne",
}  # fmt: skip


def plain_number(value):
    return isinstance(value, (numbers.Number, np.generic)) and not isinstance(value, (bool, np.bool_))


def check_ufunc(name, kinds, *operands):
    """The value is NumPy's, wrapped unless it is a truth value, and the count is the one of the table."""
    ufunc = getattr(np, name)
    with oc.count() as tally:
        result = ufunc(*operands)
    expected = ufunc(*(oc.unwrap(operand) for operand in operands))
    assert tally.counts == collections.Counter(kinds.split())
    assert not any(map(plain_number, result if isinstance(result, tuple) else [result]))
    assert oc.unwrap(result) == expected


@pytest.mark.parametrize(("name", "kinds"), ONE.items())
def test_a_function_of_one_wrapped_number(name, kinds):
    check_ufunc(name, kinds, oc.wrap(1.25 if name == "arccosh" else 0.75))


@all_cases("name, kinds", TWO.items())
@all_cases("other", [2.25, np.float64(2.25), np.float32(2.25), 2, np.int64(2), True])
@all_cases("side", ["wrapped first", "wrapped second"])
def test_a_function_of_a_wrapped_number_and_a_plain_one(name, kinds, other, side):
    if name == "power" and side == "wrapped first" and isinstance(other, (int, np.int64)):
        kinds = {2: "mul", 1: ""}[int(other)]
    check_ufunc(name, kinds, *((X, other) if side == "wrapped first" else (other, X)))


@pytest.mark.parametrize(("name", "kinds"), TWO.items())
def test_a_function_of_two_wrapped_numbers(name, kinds):
    check_ufunc(name, kinds, X, oc.wrap(2.25))


def test_the_check_above_catches_a_function_under_another_name():
    with oc.rules({np.sinh: {"tanh": 1}}), pytest.raises(AssertionError):
        check_ufunc("sinh", "sinh", X)


def test_the_check_above_catches_a_value_that_comes_out_plain():
    execute = oc.Scalar._execute
    fault = planted(oc.Scalar, _execute=lambda *arguments: oc.unwrap(execute(*arguments)))
    with fault, pytest.raises(AssertionError):
        check_ufunc("sinh", "sinh", X)


# what NumPy offers of one or two numbers, whether opcount knows it or not
ALL_UFUNCS = sorted(
    {value for value in vars(np).values() if isinstance(value, np.ufunc)}, key=lambda ufunc: ufunc.__name__
)


@pytest.mark.parametrize("ufunc", [u for u in ALL_UFUNCS if not written(u)], ids=lambda ufunc: ufunc.__name__)
def test_a_function_of_the_table_of_arrays_counts_numbers_too_or_is_refused_as_plain_numbers_are(ufunc):
    for number in (1.5, 3):
        operands = [number] * ufunc.nin
        with oc.count() as tally:
            try:
                expected = ufunc(*operands)
            except (TypeError, ValueError):
                with pytest.raises((TypeError, ValueError)):
                    ufunc(*map(oc.wrap, operands))
                continue
            assert oc.unwrap(ufunc(*map(oc.wrap, operands))) == expected
        assert tally.counts == kinds_of(ufunc)


def test_a_function_without_a_count_says_so():
    with oc.count() as tally, pytest.raises(oc.Uncounted, match=r"np\.isnat.*no exact count.*oc\.unwrap"):
        np.isnat(X)
    assert tally.counts == NOTHING
    assert np.frompyfunc(lambda x: x * x, 1, 1)(X) == 2.25


@all_cases("ufunc", ALL_UFUNCS)
@all_cases("wrapped", ["first", "last", "all"])
@np.errstate(all="ignore")
def test_no_function_of_an_object_array_lets_a_number_slip_out(ufunc, wrapped):
    plain = np.array([0.25, 0.5, 2.0])
    operands = [plain] * ufunc.nin
    for place in {"first": [0], "last": [-1], "all": range(ufunc.nin)}[wrapped]:
        operands[place] = V
    with oc.count() as tally:
        try:
            results = ufunc(*operands)
        except (TypeError, AttributeError, ValueError):
            return  # NumPy's own refusal: nothing came out
    leaves = list(np.ravel(results))
    # np.logical_or and its like give back one of the operands: a plain one was never inside
    slipped = [leaf for leaf in leaves if not isinstance(leaf, Wrapped) and leaf not in plain.tolist()]
    assert tally.counts.total > 0 or not slipped


@pytest.mark.parametrize("name", ["floor", "ceil", "trunc", "rint", "isfinite", "isnan", "isinf", "signbit"])
def test_rounding_and_asking_about_an_object_array_never_go_through_float(name):
    with oc.count() as tally:
        try:
            result = getattr(np, name)(V)
        except TypeError:
            assert tally.counts == NOTHING
        else:
            assert tally.counts.rounding == 3 and all(isinstance(leaf, Wrapped) for leaf in result)


# --- plain arrays and wrapped numbers

P = np.array([1.0, 2.0, 3.0])


@pytest.mark.parametrize("function", [np.add, np.multiply, np.arctan2, np.maximum, np.logaddexp, np.power])
@pytest.mark.parametrize("side", [0, 1])
def test_a_plain_array_and_a_wrapped_number_make_a_wrapped_array(function, side):
    with oc.count() as tally:
        result = function(*((X, P) if side else (P, X)))
    assert type(result) is oc.Array and all(isinstance(leaf, Wrapped) for leaf in result)
    np.testing.assert_allclose(oc.unwrap(result), function(*((1.5, P) if side else (P, 1.5))))
    assert tally.counts.total == 3


COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]


@pytest.mark.parametrize("compare", COMPARISONS)
def test_comparing_a_plain_array_with_a_wrapped_number_gives_a_mask(compare):
    for mask, expected in ((compare(P, X), compare(P, 1.5)), (compare(X, P), compare(1.5, P))):
        assert mask.dtype == bool  # an object array of truths would be no index, and ~ of it always true
        assert P[mask].tolist() == P[expected].tolist()
        assert mask.tolist() == expected.tolist()


@pytest.mark.parametrize("compare", COMPARISONS)
def test_comparing_an_object_array_gives_a_mask(compare):
    assert compare(V, 2).dtype == compare(V, V).dtype == compare(V, X).dtype == bool


def test_where_and_out_are_obeyed():
    out = np.zeros(3, object)
    with oc.count() as tally:
        result = np.add(P, X, out=out, where=[True, False, True])
    assert result is out and tally.counts == oc.Counts(add=2)
    assert oc.unwrap(out).tolist() == [2.5, 0, 4.5]


@pytest.mark.parametrize("keyword", [{"dtype": float}, {"casting": "unsafe"}, {"order": "C"}, {"subok": False}])
def test_a_keyword_that_could_convert_is_refused_by_name_for_what_numpy_has_no_type_for(keyword):
    with oc.count() as tally:
        assert oc.unwrap(np.add(X, 1, **keyword)) == 2.5
    assert tally.counts == oc.Counts(add=1)
    with pytest.raises(oc.Uncounted, match=f"np.add of a wrapped number with {next(iter(keyword))}"):
        np.add(oc.wrap(Fraction(1, 2)), 1, **keyword)


@pytest.mark.parametrize("reduction", [np.sum, np.prod, np.max, np.min, np.mean, np.cumsum, np.add.reduce])
def test_a_reduction_of_one_wrapped_number_is_that_number_as_of_a_plain_one(reduction):
    with oc.count() as tally:
        result = reduction(oc.wrap(2.5))
    assert np.array_equal(oc.unwrap(result), reduction(2.5) if reduction is not np.add.reduce else 2.5)
    # NumPy's mean divides by one
    assert tally.counts == oc.Counts(div=1 if reduction is np.mean else 0)


@pytest.mark.parametrize("method", ["outer", "at"])
def test_a_method_of_a_function_counts_or_is_refused_where_it_writes_into_a_plain_array(method):
    arguments = {"outer": (P, X), "at": (P.copy(), [0], X)}[method]
    with oc.count() as tally:
        if method == "at":
            with pytest.raises(oc.Uncounted, match="into a plain array"):
                np.add.at(*arguments)
        else:
            assert oc.unwrap(np.add.outer(*arguments)).tolist() == np.add.outer(P, 1.5).tolist()
    assert tally.counts == oc.Counts(add=0 if method == "at" else 3)


# --- plain operands


@pytest.mark.parametrize("number", [2, 2.0, Fraction(1, 2), Decimal(2), np.float32(2), np.int8(2)])
def test_a_real_number_enters_the_arithmetic_as_it_is(number):
    assert plain_operand(number) is number


@pytest.mark.parametrize("truth", [True, False, np.True_, np.False_], ids=str)
def test_a_truth_value_enters_as_the_integer_that_python_takes_it_for(truth):
    entered = plain_operand(truth)
    assert type(entered) is int and entered == truth


@pytest.mark.parametrize("other", ["2", None, [2], (2,), {}, P, datetime.timedelta(1), object()])
def test_what_is_no_number_does_not_enter(other):
    assert plain_operand(other) is NotImplemented


@pytest.mark.parametrize("other", ["a", None, [1], {}, b"a", object(), datetime.timedelta(1)])
@pytest.mark.parametrize(
    "operation",
    [operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow,
     divmod, operator.lt, operator.ge],
)  # fmt: skip
def test_an_operation_with_what_is_no_number_is_a_type_error_and_counts_nothing(operation, other):
    pairs = [(X, other), (other, X)]
    if isinstance(other, (str, bytes)) and operation is operator.mod:
        pairs = pairs[:1]  # "a" % x is the formatting of a string
    for pair in pairs:
        with oc.count() as tally, pytest.raises(TypeError):
            operation(*pair)
        assert tally.counts == NOTHING


@pytest.mark.parametrize("other", ["a", None, [1], object()])
def test_a_wrapped_number_equals_no_other_thing_and_that_counts_nothing(other):
    with oc.count() as tally:
        assert operator.ne(X, other) is True and operator.eq(X, other) is False
    assert tally.counts == NOTHING


# --- copies


@pytest.mark.parametrize("thing", [X, [X, [N]], {"x": X}, (X,), V])
def test_copies_stay_wrapped(thing):
    with oc.count() as tally:
        for duplicate in (copy.copy(thing), copy.deepcopy(thing)):
            assert repr(duplicate) == repr(thing)
    assert tally.counts == NOTHING


# --- whole modules, walked: nobody has to remember a function for it to be guarded

SHAPES = [
    (X,), (N,), (X, 2), (2, X), (N, 2), (4, N), (X, X), (N, N), (X, 2, 3), (1, 2, X),
    ([X, N, X],), ([N, X], [X, N]), ([N, N, oc.wrap(1)],), ([0.5, X], [1.5, 2.5]), ([1.5, 2.5], [X, 0.5]),
    ([X, N, X], 0.5), ([1, 2, 3], X),
]  # fmt: skip
MODULES = {
    "math": [f for name, f in vars(math).items() if callable(f) and not name.startswith("_")],
    "cmath": [f for name, f in vars(cmath).items() if callable(f) and not name.startswith("_")],
    "statistics": [
        f for f in map(vars(statistics).get, statistics.__all__)
        if inspect.isfunction(f) or f is statistics.NormalDist
    ],
    "random": [
        f for name, f in inspect.getmembers(random.Random(0), callable)
        if not name.startswith("_") and name not in {"seed", "getstate", "setstate", "shuffle", "random"}
        and name != "binomialvariate"  # (3.12) gives the truth of a counted comparison, as an int
    ],
}  # fmt: skip


def numbers_in(result):
    """The plain numbers that a result holds, however it is nested; an iterator is run."""
    if isinstance(result, (bool, numbers.Number, np.generic)):
        return [result]
    if isinstance(result, dict):
        result = list(result.items())
    if hasattr(result, "__iter__") and not isinstance(result, str):
        return [number for item in result for number in numbers_in(item)]
    return []


def outcomes(function):
    """What a function does with wrapped numbers: "refused", "wrapped" or "leaked", over all shapes of arguments."""
    found = set()
    for arguments in SHAPES:
        with oc.count() as tally:
            try:
                result = function(*arguments)
            except oc.OpcountError:
                found.add("refused")
                continue
            except (TypeError, ValueError, ArithmeticError, struct.error):
                continue  # not a shape of arguments that this function takes
        # a plain number among the arguments was never inside, and a counted truth value is control flow
        slipped = [number for number in numbers_in(result) if number not in numbers_in(arguments)]
        counted = isinstance(result, bool) and tally.counts.total > 0
        found.add("leaked" if slipped and not counted else "wrapped")
    return found


@pytest.mark.parametrize(
    ("module", "function"),
    [(module, function) for module, functions in MODULES.items() for function in functions],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_no_function_of_a_module_returns_a_plain_number_from_wrapped_ones(module, function):
    found = outcomes(function)
    assert found <= {"refused", "wrapped"}
    assert found, f"no shape of arguments fits {module}.{function.__name__}: add one, or nothing is tested"


@pytest.mark.parametrize(
    ("exit", "function"), [("__float__", math.sin), ("__index__", math.gcd), ("__float__", cmath.exp)]
)
def test_the_walk_catches_an_exit_left_open(exit, function):
    exits = {exit: lambda self: {"__float__": 1.5, "__index__": 3}[exit], "__complex__": lambda self: 1.5 + 0j}
    with planted(Wrapped, **exits):
        assert "leaked" in outcomes(function)


MAKERS = {"attrgetter", "itemgetter", "methodcaller"}  # these give a function, to which nothing wrapped has come yet


@pytest.mark.parametrize(
    "function", [getattr(operator, name) for name in operator.__all__ if name not in MAKERS], ids=lambda f: f.__name__
)
def test_no_function_of_the_operator_module_returns_a_plain_number_uncounted(function):
    for arguments in ((X,), (N,), (X, 2), (2, X), (N, 2), (2, N), (X, X)):
        with oc.count() as tally:
            try:
                result = function(*arguments)
            except (TypeError, ValueError):
                continue
        # which object it is, and that it has no length, is not its value
        harmless = function in {operator.is_, operator.is_not, operator.length_hint}
        assert tally.counts.total > 0 or harmless or not numbers_in(result)


# --- what may pass, since nothing leaves or everything is counted


@pytest.mark.parametrize(
    ("name", "kinds", "program"),
    [
        ("random.gauss", {"add": 1}, lambda: random.Random(1).gauss(X, 1)),
        ("random.uniform", {"sub": 1, "mul": 1, "add": 1}, lambda: random.Random(1).uniform(X, 2)),
        ("math.floor", {"floor": 1}, lambda: math.floor(X)),
        ("math.prod", {"mul": 2}, lambda: math.prod([X, X], start=2)),
        ("sum", {"add": 2}, lambda: sum([X, X])),
        ("statistics.median", {"lt": 2}, lambda: statistics.median([oc.wrap(1), oc.wrap(2), oc.wrap(3)])),
        ("functools.reduce", {"mul": 2}, lambda: functools.reduce(operator.mul, [X, X, X])),
        ("itertools.accumulate", {"add": 2}, lambda: list(itertools.accumulate([X, X, X]))),
        ("np.array without a dtype", {}, lambda: np.array([X, 1.0])),
        ("bisect", {"lt": 2}, lambda: bisect.bisect([1, 2, 3], X)),
    ],
)  # fmt: skip
def test_what_passes_is_counted(name, kinds, program):
    with oc.count() as tally:
        program()
    assert tally.counts == kinds


def test_the_kinds_of_the_table_exist():
    named = {kind for kinds in (*ONE.values(), *TWO.values()) for kind in kinds.split()}
    assert named <= set(KINDS)
