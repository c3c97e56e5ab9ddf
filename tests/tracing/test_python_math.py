"""The functions of math, cmath and statistics in oc.count(math=True)."""

import cmath
import math
import statistics
import sys
from fractions import Fraction
from math import cos, radians, sin, sqrt

import numpy as np
import pytest

import opcount as oc
from opcount.wrapping.operations import OPERATIONS, replaced

# --- a table of math's functions, each with what it counts

# fmt: off
ONE = {
    "acos": "arccos", "asin": "arcsin", "atan": "arctan", "asinh": "arcsinh", "atanh": "arctanh", "cbrt": "cbrt",
    "cos": "cos", "cosh": "cosh", "exp": "exp", "exp2": "exp2", "expm1": "expm1", "fabs": "abs", "log": "log",
    "log10": "log10", "log1p": "log1p", "log2": "log2", "sin": "sin", "sinh": "sinh", "sqrt": "sqrt", "tan": "tan",
    "tanh": "tanh", "degrees": "mul", "radians": "mul",
}
CALLS = {
    **{name: (lambda m, x, name=name: getattr(m, name)(x), {kind: 1}) for name, kind in ONE.items()},
    "acosh": (lambda m, x: m.acosh(x + 1), {"add": 1, "arccosh": 1}),
    "atan2": (lambda m, x: m.atan2(x, 2.0), {"arctan2": 1}),
    "pow": (lambda m, x: m.pow(x, 2.5), {"pow": 1}),
    "fmod": (lambda m, x: m.fmod(2.0, x), {"fmod": 1}),
    "hypot": (lambda m, x: m.hypot(x, 1.5), {"hypot": 1}),
    "hypot of three": (lambda m, x: m.hypot(x, 1.5, x), {"mul": 3, "add": 2, "sqrt": 1}),
    "log of a base": (lambda m, x: m.log(x, 3.0), {"log": 1, "div": 1}),
    "log to a base": (lambda m, x: m.log(3.0, x), {"log": 1, "div": 1}),
    "log of itself": (lambda m, x: m.log(x, x), {"log": 2, "div": 1}),
    "fsum": (lambda m, x: m.fsum([x, 2.0, x]), {"add": 2}),
    "fsum of an iterator": (lambda m, x: m.fsum(v for v in (x, 1e100, -1e100)), {"add": 2}),
    "prod": (lambda m, x: m.prod([x, x], start=2.0), {"mul": 2}),
    "sumprod": (lambda m, x: m.sumprod([x, 2.0], [x, x]), {"mul": 2, "add": 2}),  # from 0 on, as sum
    "dist": (lambda m, x: m.dist([x, 1.0], [2.0, x]), {"sub": 2, "mul": 2, "add": 1, "sqrt": 1}),
    "fma": (lambda m, x: m.fma(x, x, 1.0), {"mul": 1, "add": 1}),
}
CONSTANT = {
    "ceil": (lambda m, x: m.ceil(x), {"ceil": 1}),
    "floor": (lambda m, x: m.floor(x), {"floor": 1}),
    "trunc": (lambda m, x: m.trunc(x), {"trunc": 1}),
    "isclose": (lambda m, x: m.isclose(x, 0.5, rel_tol=0.1), {"sub": 1, "abs": 3, "maximum": 2, "mul": 1, "le": 1}),
    "isfinite": (lambda m, x: m.isfinite(x), {"isfinite": 1}),
    "isinf": (lambda m, x: m.isinf(x), {"isinf": 1}),
    "isnan": (lambda m, x: m.isnan(x), {"isnan": 1}),
    "signbit": (lambda m, x: m.signbit(x), {"signbit": 1}),
}
WITHOUT_DERIVATIVE = {
    "copysign": (lambda m, x: m.copysign(x, -1.0), {"copysign": 1}),
    "fmax": (lambda m, x: m.fmax(x, 1.0), {"fmax": 1}),
    "fmin": (lambda m, x: m.fmin(x, 1.0), {"fmin": 1}),
    "frexp": (lambda m, x: m.frexp(x), {"frexp": 1}),
    "ldexp": (lambda m, x: m.ldexp(x, 3), {"ldexp": 1}),
    "modf": (lambda m, x: m.modf(x), {"modf": 1}),
    "nextafter": (lambda m, x: m.nextafter(x, 2.0), {"nextafter": 1}),
    "ulp": (lambda m, x: m.ulp(x), {"spacing": 1}),
}
OF_INTEGERS = {
    "gcd": (lambda m, x: m.gcd(x, 4, x), {"gcd": 2}),
    "lcm": (lambda m, x: m.lcm(x, 4), {"lcm": 1}),
}
REFUSED = {
    "comb": lambda m, x: m.comb(x, 2), "perm": lambda m, x: m.perm(x, 2), "factorial": lambda m, x: m.factorial(x),
    "isqrt": lambda m, x: m.isqrt(x), "remainder": lambda m, x: m.remainder(x, 4),
}
SPECIAL = {"erf", "erfc", "gamma", "lgamma"}
LATER = {"isnormal", "issubnormal"}
# fmt: on


def of_this_python(table):
    return [name for name in table if hasattr(math, name.split()[0])]


def name_of(functions):
    return {name for name in dir(functions) if callable(getattr(functions, name)) and name[0] != "_"}


def test_every_function_of_math_is_in_the_table():
    table = {*CALLS, *CONSTANT, *WITHOUT_DERIVATIVE, *OF_INTEGERS, *REFUSED, *SPECIAL, *LATER}
    assert name_of(math) <= table


SOURCES = {
    "a number": oc.wrap,
    "a number of numpy's": lambda value: oc.wrap(np.float64(value)),
    "an element": lambda value: oc.wrap(np.array([value, 1.0]))[0],
}


def counted(f, *args):
    with oc.count(math=True) as tally:
        value = f(math, *args)
    return value, tally.counts


@pytest.mark.parametrize("source", SOURCES)
def test_a_function_counts_and_its_value_is_maths_own(source):
    x = SOURCES[source](0.7)
    table = {**CALLS, **CONSTANT, **WITHOUT_DERIVATIVE}
    done = {}
    with oc.count(math=True):  # once for all: it looks at every name of every module
        for name in of_this_python(table):
            with oc.count() as tally:
                done[name] = table[name][0](math, x), tally
    for name, (value, tally) in done.items():
        f, counts = table[name]
        assert tally.counts == counts, name
        expected = f(math, oc.unwrap(x))
        assert (oc.unwrap(value), repr(oc.unwrap(value))) == (expected, repr(expected)), name
        wrapped = value if isinstance(value, tuple) else (value,)
        assert all(isinstance(part, (oc.Scalar, bool)) for part in wrapped), name


@pytest.mark.parametrize("name", OF_INTEGERS)
def test_a_function_of_integers_counts(name):
    f, counts = OF_INTEGERS[name]
    value, found = counted(f, oc.wrap(6))
    assert (oc.unwrap(value), type(oc.unwrap(value)), found) == (f(math, 6), int, counts)
    with pytest.raises(oc.Uncounted, match=f"math.{name} has no derivative"), oc.count(math=True):
        oc.trace(lambda x: f(math, x), 6)


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_count_is_refused_with_the_way_out(name):
    with pytest.raises(oc.Uncounted, match=rf"math\.{name} has no exact count: write .*oc\.unwrap\(x\)"):
        counted(REFUSED[name], oc.wrap(5))
    with oc.count(math=True, uncounted="record") as tally:
        assert REFUSED[name](math, oc.wrap(5)) == REFUSED[name](math, 5)
    assert tally.counts == {} and tally.uncounted == (oc.Exit(f"math.{name}()", 1, 1),)
    assert counted(REFUSED[name], 5) == (REFUSED[name](math, 5), {})


@pytest.mark.parametrize("name", of_this_python({**CALLS, **WITHOUT_DERIVATIVE}))
def test_without_asking_the_refusal_names_it(name):
    f = {**CALLS, **WITHOUT_DERIVATIVE}[name][0]
    if name in ("prod", "sumprod"):  # which ask the numbers themselves
        with oc.count() as tally:
            f(math, oc.wrap(0.7))
        assert tally.counts == CALLS[name][1]
        return
    with pytest.raises(oc.Uncounted, match=r"oc\.count\(math=True\)"), oc.count():
        f(math, oc.wrap(0.7))


def test_the_usual_call_is_answered_with_both_ways():
    x = oc.wrap(0.7)
    with pytest.raises(oc.Uncounted, match=r"oc\.count\(math=True\), .*: write np\.sin\(x\), or use oc\.unwrap\(x\)$"):
        math.sin(x)
    with pytest.raises(oc.Uncounted, match=r"oc\.count\(math=True\)"):
        list(map(math.sin, [oc.wrap(0.7)]))
    with pytest.raises(oc.Uncounted, match=r"oc\.count\(math=True\)"):
        statistics.fmean([oc.wrap(0.7)])


# --- derivatives


def agrees_with_differences(f, at=0.7):
    h = 1e-6
    with oc.count(math=True):
        found = [
            oc.gradient(f, at),
            oc.gradient(lambda x: f(x[0]), np.array([at])),
            oc.gradient(f, at, method="forward"),
        ]
    expected = (f(at + h) - f(at - h)) / (2 * h)
    return all(
        np.allclose(g.gradient, expected, rtol=1e-6, atol=1e-8) and float(g.value) == float(f(at)) for g in found
    )


@pytest.mark.parametrize("name", of_this_python(CALLS))
def test_a_function_has_its_derivative(name):
    f = CALLS[name][0]
    if "iterator" not in name:  # whose value is rounded away
        assert agrees_with_differences(lambda x: f(math, x))


def test_the_check_of_derivatives_finds_a_wrong_one():
    with replaced(sin=OPERATIONS.sin._replace(partials=(lambda y, x: np.sin(x),))):
        assert not agrees_with_differences(lambda x: math.sin(x))


@pytest.mark.skipif(not hasattr(math, "fma"), reason="math.fma is of Python 3.13")
def test_all_operands_of_a_fused_multiplication_have_derivatives():
    with oc.count(math=True):
        g = oc.gradient(lambda x: math.fma(*x), [2.0, 3.0, 5.0])
    assert g.gradient == [3.0, 2.0, 1.0] and g.value == 11.0 and g.phases["primal"] == {"mul": 1, "add": 1}


@pytest.mark.parametrize("granularity", ["array", "scalar"])
@pytest.mark.parametrize(
    "f",
    [math.fsum, lambda x: math.dist(x, [2.0, 1.0, 0.5]), lambda x: math.dist([2.0, 1.0, 0.5], x),
     lambda x: math.hypot(*x), lambda x: math.hypot(x[0], x[1]), statistics.fmean, statistics.mean,
     statistics.geometric_mean, lambda x: math.dist(x[:2], x[1:])],
)  # fmt: skip
def test_functions_of_many_numbers_have_their_derivatives(f, granularity):
    at = np.array([0.7, 1.1, 2.3])
    f = globals_of(f)
    with oc.count(math=True):
        g = oc.gradient(f, at, granularity=granularity)
    for index in range(3):
        step = 1e-6 * np.eye(3)[index]
        assert g.gradient[index] == pytest.approx((f(at + step) - f(at - step)) / 2e-6, rel=1e-6)
    assert g.value == pytest.approx(f(at), rel=1e-15)


def globals_of(f):
    """A function by its name in its module, as a call has it: the original, which was kept, would refuse."""
    if not hasattr(f, "__module__") or f.__module__ == __name__:
        return f
    return lambda x: getattr(sys.modules[f.__module__], f.__name__)(x)


def test_an_exact_sum_is_exact_where_it_is_differentiated_too():
    with oc.count(math=True):
        g = oc.gradient(lambda x: math.fsum([x, 1e100, x, -1e100]), 1.5)
    assert g.value == 3.0 and g.gradient == 2.0
    assert g.phases["primal"] == {"add": 3} and g.phases["partials"] == {}


@pytest.mark.parametrize("name", of_this_python(CONSTANT))
def test_what_jumps_is_constant(name):
    f = CONSTANT[name][0]
    with oc.count(math=True):
        graph = oc.trace(lambda x: x * f(math, x), 0.7)
    assert len(graph.nodes) == 2


@pytest.mark.parametrize("name", of_this_python(WITHOUT_DERIVATIVE))
def test_what_has_no_derivative_is_refused(name):
    f = WITHOUT_DERIVATIVE[name][0]
    with pytest.raises(oc.Uncounted, match=f"math.{name} has no derivative here"), oc.count(math=True):
        oc.gradient(lambda x: f(math, x), 0.7)


# --- programs


def haversine(lat1, lon1, lat2, lon2):
    lat1, lon1, lat2, lon2 = map(radians, [lat1, lon1, lat2, lon2])
    a = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * 6371 * math.asin(sqrt(a))


def test_the_distance_on_a_sphere():
    places = [52.5, 13.4, 48.1, 11.6]
    with oc.count(math=True):
        found = oc.measure(haversine, *places)
    assert found.value == haversine(*places)
    assert found.counts == {"mul": 9, "div": 2, "sub": 2, "add": 1, "sin": 2, "cos": 2, "sqrt": 1, "arcsin": 1}


def test_a_function_that_is_handed_to_map_counts():
    value, counts = counted(lambda m, xs: list(map(m.sin, xs)), oc.wrap([0.5, 0.7]))
    assert oc.unwrap(value) == [math.sin(0.5), math.sin(0.7)] and counts == {"sin": 2}


def test_rules_replaced_rows_and_budgets_hold():
    x = oc.wrap(0.5)
    with oc.rules({np.sin: {"mul": 5}, np.isnan: {"ne": 1}}), oc.count(math=True) as tally:
        math.sin(x), math.isnan(x)
    assert tally.counts == {"mul": 5, "ne": 1}
    with replaced(sin=OPERATIONS.sin._replace(kind="cos")), oc.count(math=True) as tally:
        math.sin(x)
    assert tally.counts == {"cos": 1}
    for call in (lambda: math.sin(x), lambda: math.fsum([x, x, x]), lambda: math.copysign(x, 1)):
        with pytest.raises(oc.BudgetExceeded), oc.count(math=True, budget=2) as tally:
            (x + x, x + x, call())
        assert tally.counts == {"add": 2}


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda x: math.sqrt(-x), ValueError), (lambda x: math.log(x - x), ValueError),
        (lambda x: math.exp(x * 2000), OverflowError), (lambda x: math.pow(x * 1e300, 2.0), OverflowError),
        (lambda x: math.log(x, 1), ZeroDivisionError), (lambda x: math.dist([x], [x, x]), ValueError),
        (lambda x: math.hypot(x, "1"), TypeError), (lambda x: math.fsum([x, "1"]), TypeError),
        (lambda x: math.atan2(x, "1"), TypeError), (lambda x: math.atan2(x, np.ones(2)), TypeError),
        (lambda x: math.hypot(x, [x], x), TypeError), (lambda x: math.sin(x, x), TypeError),
        (lambda x: math.frexp(x, x), TypeError), (lambda x: statistics.mean([]), statistics.StatisticsError),
        (lambda x: statistics.variance([x]), statistics.StatisticsError),
    ],
)  # fmt: skip
def test_an_error_is_the_functions_own_and_counts_nothing(call, error):
    with pytest.raises(error) as plain:
        call(0.5)
    with pytest.raises(error) as caught, oc.count(math=True) as tally:
        call(oc.wrap(0.5))
    assert type(caught.value) is type(plain.value) and str(caught.value) == str(plain.value)
    assert tally.counts.transcendental == tally.counts.roots == tally.counts.div == 0


def test_fractions_and_integers_are_taken_as_math_takes_them():
    for value in (Fraction(1, 2), 3, True):
        for f in (math.sqrt, math.degrees, lambda v: math.hypot(v, 1), lambda v: math.fsum([v, v])):
            f = globals_of(f)
            with oc.count(math=True):
                found = f(oc.wrap(value)) if value is not True else f(value)
            assert oc.unwrap(found) == f(value) and type(oc.unwrap(found)) is float


@pytest.mark.parametrize("array", [oc.wrap(np.array([0.5, 0.7])), oc.wrap(np.array([0.5])), oc.spec(2)], ids=repr)
@pytest.mark.parametrize(
    "f",
    [lambda x: math.sin(x), lambda x: math.copysign(x, 1.0), lambda x: math.log(x, 2.0), lambda x: math.hypot(x, x),
     lambda x: math.hypot(x, oc.wrap(1.0)), lambda x: math.atan2(oc.wrap(1.0), x), lambda x: math.fsum([x, x]),
     lambda x: math.isclose(x, 1.0)],
)  # fmt: skip
def test_an_array_is_refused_as_without(array, f):
    with pytest.raises(oc.OpcountError), oc.count(math=True) as tally:
        f(array)
    assert tally.counts == {}


# --- cmath and statistics


def test_every_function_of_cmath_is_real_or_refused():
    x = oc.wrap(0.5)
    for name in name_of(cmath):
        args = (x, 1.0) if name in ("rect", "isclose") else (x + 1,) if name == "acosh" else (x,)
        if name in ("phase", "polar", "rect"):
            with (
                pytest.raises(oc.Uncounted, match=f"cmath.{name} has no exact count: keep the real"),
                oc.count(math=True),
            ):
                getattr(cmath, name)(*args)
            continue
        with oc.count(math=True) as tally:
            found = getattr(cmath, name)(*args)
        with oc.count(math=True) as of_math:
            getattr(math, name)(*args)
        assert complex(oc.unwrap(found)) == getattr(cmath, name)(*oc.unwrap(args)) and tally.counts == of_math.counts
    for call in (lambda: cmath.sqrt(-x), lambda: cmath.log(-x), lambda: cmath.acos(x + 2)):
        with pytest.raises(oc.Uncounted, match="is complex"), oc.count(math=True) as tally:
            call()
        assert tally.counts.transcendental == tally.counts.roots == 0
    with oc.count(math=True):
        assert cmath.sqrt(-1) == 1j and cmath.exp(0.0) == 1.0


# fmt: off
OF_STATISTICS = {
    "fmean": {"add": 2, "div": 1}, "mean": {"add": 2, "div": 1},
    "variance": {"add": 4, "div": 2, "sub": 3, "mul": 3}, "pvariance": {"add": 4, "div": 2, "sub": 3, "mul": 3},
    "stdev": {"add": 4, "div": 2, "sub": 3, "mul": 3, "sqrt": 1},
    "pstdev": {"add": 4, "div": 2, "sub": 3, "mul": 3, "sqrt": 1},
    "harmonic_mean": {"div": 4, "add": 2},
    "median": {"lt": 2}, "median_low": {"lt": 2}, "median_high": {"lt": 2},
}
OF_PYTHONS_VERSION = {"geometric_mean": {"log": 3, "add": 2, "div": 1, "exp": 1}, "quantiles": {"lt": 2}}
OF_PAIRS = {
    "correlation": {"add": 10, "div": 3, "sub": 6, "mul": 10, "sqrt": 1},
    "covariance": {"sub": 6, "mul": 3, "div": 3},  # its additions are those of Python's version
    "linear_regression": {"mul": 7, "div": 3},
}
REFUSED_IN_STATISTICS = {"mode", "multimode", "median_grouped", "kde", "kde_random"}
NO_STATISTICS = {
    "NormalDist", "StatisticsError", "LinearRegression", "Fraction", "Decimal", "Counter", "namedtuple", "defaultdict",
    "groupby", "repeat", "bisect_left", "bisect_right", "reduce", "itemgetter", "mul", "count", "attrgetter", "islice",
    "exp", "erf", "fabs", "fsum", "hypot", "log", "sqrt", "sumprod", "sin", "cos", "tan", "cosh", "asin", "atan",
    "acos", "isfinite", "isinf",
}
# fmt: on


def test_every_function_of_statistics_is_in_the_table():
    table = {*OF_STATISTICS, *OF_PYTHONS_VERSION, *OF_PAIRS, *REFUSED_IN_STATISTICS, *NO_STATISTICS}
    assert name_of(statistics) <= table


@pytest.mark.parametrize("name", [*OF_STATISTICS, *OF_PYTHONS_VERSION])
def test_statistics_count(name):
    data = [0.3, 0.7, 1.6]
    with oc.count(math=True) as tally:
        found = getattr(statistics, name)(oc.wrap(data))
    expected = {**OF_STATISTICS, **OF_PYTHONS_VERSION}[name]
    counts = tally.counts if name in OF_STATISTICS else {kind: tally.counts[kind] for kind in expected}
    assert oc.unwrap(found) == getattr(statistics, name)(data) and counts == expected


@pytest.mark.parametrize("name", OF_PAIRS)
def test_statistics_of_pairs_count(name):
    x, y = [0.3, 0.7, 1.6], [0.1, 0.9, 1.1]
    with oc.count(math=True) as tally:
        found = getattr(statistics, name)(oc.wrap(x), oc.wrap(y))
    assert oc.unwrap(found) == getattr(statistics, name)(x, y)
    assert {kind: tally.counts[kind] for kind in OF_PAIRS[name]} == OF_PAIRS[name]
    with oc.count(math=True) as half:
        getattr(statistics, name)(oc.wrap(x), y)
    assert half.counts.sub == tally.counts.sub - 3


def test_a_center_that_is_given_is_not_computed():
    with oc.count(math=True) as tally:
        found = statistics.pvariance(oc.wrap([1.0, 2.0, 4.0]), 2.0)
    assert oc.unwrap(found) == statistics.pvariance([1.0, 2.0, 4.0], 2.0)
    assert tally.counts == {"sub": 3, "mul": 3, "add": 2, "div": 1}
    with oc.count(math=True) as named:
        statistics.pvariance(oc.wrap([1.0, 2.0, 4.0]), mu=2.0), statistics.stdev(oc.wrap([1.0, 2.0]), xbar=2.0)
    assert named.counts == {"sub": 5, "mul": 5, "add": 3, "div": 2, "sqrt": 1}


def test_arguments_of_which_the_table_knows_nothing_are_refused():
    data = oc.wrap([1.0, 2.0, 4.0])
    with pytest.raises(oc.Uncounted, match=r"oc\.unwrap"), oc.count(math=True):
        statistics.harmonic_mean(data, [1, 2, 1])
    with pytest.raises(oc.Uncounted, match=r"oc\.unwrap"), oc.count(math=True):
        statistics.harmonic_mean(data, weights=[1, 2, 1])
    with pytest.raises(oc.OpcountError), oc.count(math=True):
        oc.gradient(statistics.stdev, [1.0, 2.0, 4.0])


@pytest.mark.parametrize("name", sorted(REFUSED_IN_STATISTICS & name_of(statistics)))
def test_what_statistics_cannot_count_is_refused(name):
    data = oc.wrap([1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match=r"oc\.unwrap|must contain ints or floats"), oc.count(math=True):
        getattr(statistics, name)(data, *([1.0] if "kde" in name else []))
