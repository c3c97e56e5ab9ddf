"""Gradients in corners: infinite partials, 0-d arrays, several arguments, recursions without end, precision."""

import functools
import itertools
import math
import random

import numpy as np
import pytest

import opcount as oc
import opcount.derivatives.gradient
from opcount.arrays.array import Array
from opcount.derivatives.plain import plain_derivative
from tests.support.all_cases import all_cases
from tests.support.faults import planted

BY_CHAIN_RULE = [method for method in oc.METHODS if method != "finite-difference"]
GRANULARITIES = ["array", "scalar"]

# --- what is structurally zero is skipped, beside an infinite partial too


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.parametrize("method", BY_CHAIN_RULE)
def test_a_structural_zero_beside_an_infinite_partial_is_skipped(method, granularity):
    g = oc.gradient(lambda x: np.sum(np.sqrt(x)), np.array([0.0, 4.0]), method, granularity=granularity)
    assert g.gradient.tolist() == [math.inf, 0.25]


EDGES = (np.sqrt, np.cbrt, np.arcsin, np.arccos, np.arctanh, np.log1p, lambda x: np.sqrt(np.abs(x)))


def program(seed):
    """A function with infinite partials at 0 and at 1, whose other operations move elements, scale and add."""

    def run(x):
        rng = random.Random(seed)
        pool = [x]
        for _ in range(rng.randint(2, 6)):
            a = rng.choice(pool)
            match rng.randrange(9):
                case 0 | 1 | 2:
                    b = rng.choice(EDGES)(a)
                case 3:
                    b = a[::-1]
                case 4:
                    b = a * rng.choice([0.5, np.array([1.0, -2.0, 0.25])])
                case 5:
                    b = a + rng.choice([1.0, rng.choice(pool)])
                case 6:
                    b = np.concatenate([a[1:], a[:1]])
                case 7:
                    b = np.where(np.array([True, False, True]), a, 0.5)
                case 8:
                    b = np.cumsum(a)
            pool.append(b)
        return np.sum(pool[-1]) + pool[-2][0]

    return run


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_methods_and_granularities_agree_where_partials_are_infinite():
    infinite = 0
    for seed in range(300):
        f = program(seed)
        x = np.array(random.Random(-seed).choices([0.0, 1.0, 0.5, 0.25], k=3))
        found = [oc.gradient(f, x, m, granularity=g).gradient for m in BY_CHAIN_RULE for g in GRANULARITIES]
        assert all(np.allclose(each, found[0], equal_nan=True) for each in found), seed
        infinite += bool(np.isinf(found[0]).any())
    assert infinite > 50


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_programs_see_a_zero_that_is_multiplied():
    with planted(opcount.derivatives.gradient, is_finite=lambda derivative: True), pytest.raises(AssertionError):
        test_methods_and_granularities_agree_where_partials_are_infinite()


# --- numbers beside arrays without dimensions


@all_cases("granularity", GRANULARITIES)
@all_cases("method", oc.METHODS)
@all_cases("b", [3.0, np.float64(3.0), np.array(3.0), 3])
@all_cases("a", [2.0, np.array(2.0)])
@all_cases(
    "f, slope",
    [
        (lambda p: p["a"] * p["b"], (3, 2)),
        (lambda p: p["a"] - p["b"], (1, -1)),
        (lambda p: p["a"] / p["b"], (1 / 3, -2 / 9)),
        (lambda p: p["a"] ** p["b"], (12, 8 * math.log(2))),
        (lambda p: np.maximum(p["a"], p["b"]), (0, 1)),
        (lambda p: np.hypot(p["b"], p["a"]), (2 / math.sqrt(13), 3 / math.sqrt(13))),
        (lambda p: np.sum(p["a"]) * np.exp(p["b"]), (math.e**3, 2 * math.e**3)),
    ],
)
def test_a_number_beside_an_array_without_dimensions(f, slope, a, b, method, granularity):
    g = oc.gradient(f, {"a": a, "b": b}, method, granularity=granularity)
    assert [float(g.gradient[name]) for name in "ab"] == pytest.approx(slope, abs=1e-5)
    for name, given in (("a", a), ("b", b)):
        assert isinstance(g.gradient[name], np.ndarray) == isinstance(given, np.ndarray)


# --- several arguments


def several(w1, w2, b=1.0):
    return w1 * w2 + b


class Model:
    def loss(self, w, b):
        return w * 2 + b


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (lambda w1, w2, b: w1 * w2 + b, (2.0, 3.0, 1.0), (3.0, 2.0, 1.0)),
        (several, (2.0, 3.0), (3.0, 2.0)),
        (several, (2.0, 3.0, 1.0), (3.0, 2.0, 1.0)),
        (Model().loss, (3.0, 1.0), (2.0, 1.0)),
        (functools.partial(several, 2.0), 3.0, 2.0),
        (lambda x: x[0] * x[1], (2.0, 3.0), (3.0, 2.0)),
        (lambda *x: x[0][0] * x[0][1], (2.0, 3.0), (3.0, 2.0)),
        (np.multiply, (2.0, 3.0), (3.0, 2.0)),
    ],
    ids=["three", "a default left out", "a default given", "a method", "a partial", "one", "any number", "a ufunc"],
)
def test_a_function_of_several_arguments_is_given_a_tuples_items(f, x, slope):
    assert oc.gradient(f, x).gradient == slope
    assert oc.gradient(f, x, "finite-difference").gradient == pytest.approx(slope)
    if isinstance(x, tuple):
        assert oc.jacobian(f, x).matrix.tolist() == [list(slope)]
        assert len(oc.trace(f, x).inputs) == len(x)
        assert set(oc.compare(f, x).method) == set(oc.METHODS)


@pytest.mark.parametrize("x", [[1.0, 2.0, 3.0], (1.0, 2.0), 3.0, np.ones(3), {"a": 1.0}])
@pytest.mark.parametrize("call", [oc.gradient, oc.trace, oc.jacobian, oc.compare])
def test_what_does_not_fit_is_refused_and_says_how_to_write_it(call, x):
    with pytest.raises(oc.InvalidType, match=r"f takes the arguments \(a, b, c\).*give a tuple of 3.*lambda x"):
        call(lambda a, b, c: a * b * c, x)


# --- a recursion that keeps nothing


def squared(times):
    def f(x):
        for _ in range(times):
            x = x * x
        return x

    return f


@pytest.mark.parametrize(("method", "memo"), [("naive", None), ("naive-tangent", None), ("memoized", 0)])
def test_a_recursion_that_would_seem_never_to_end_is_refused_with_what_it_would_take(method, memo):
    named = "naive-tangent" if method == "naive-tangent" else "naive"
    total = oc.trace(squared(40), 1.0).predict(named).total
    with pytest.raises(oc.BudgetExceeded, match=rf'{total:,}.*predict\("{named}"\).*budget=math.inf') as refused:
        oc.gradient(squared(40), 1.0, method, memo=memo)
    assert refused.value.predicted.total == total


def test_below_the_limit_it_is_executed_and_infinity_insists():
    assert oc.gradient(squared(8), 1.0, "naive").phases["accumulation"].total == 255 * 2 + 2 - 2 - 256 + 255
    for times, budget in ((20, None), (40, math.inf), (40, 10**14)):
        with oc.count(budget=10_000) as tally, pytest.raises(oc.BudgetExceeded, match=r"10,?000") as ended:
            oc.gradient(squared(times), 1.0, "naive", budget=budget)
        assert tally.counts.total == 10_000 and ended.value.predicted is None  # it was on its way
    with oc.count() as tally, pytest.raises(oc.BudgetExceeded, match="since it keeps nothing"):
        oc.gradient(squared(24), 1.0, "naive")
    assert tally.counts.total < 100
    assert oc.gradient(squared(40), oc.spec(()), "naive").counts  # from shapes nothing is executed


# --- precision

DATA = np.array([1.5, 2.5])
OF_PRECISION = {
    "function": lambda x: np.sum(np.tanh(x) * x),
    "mean": np.mean,
    "variance": np.var,
    "deviation": np.std,
    "constant": lambda x: np.sum(2.0 * x + 1),
    "power": lambda x: np.sum(x**2.5),
    "data": lambda x: np.sum(x * DATA),
    "data of its own": lambda x: np.sum(x * DATA.astype(x.dtype)),
    "data before it": lambda x: np.sum(DATA * x),
    "a number of NumPy's": lambda x: np.sum(x * np.float64(2)),
    "integers": lambda x: np.sum(x * np.array([1, 2])),
    "product": lambda x: x @ DATA,
    "dot": lambda x: np.dot(x, DATA),
    "largest": np.max,
    "norm": np.linalg.norm,
    "one element": lambda x: x[0] * DATA[1],
    "unused": lambda x: x[0],
}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.parametrize("name", OF_PRECISION)
def test_value_and_gradient_have_their_precision(name, granularity, dtype):
    f, x = OF_PRECISION[name], np.array([1, 2], dtype)
    for method in oc.METHODS:
        g = oc.gradient(f, x, method, granularity=granularity)
        assert np.asarray(g.value).dtype == np.asarray(f(x)).dtype, method
        assert g.gradient.dtype == dtype, method


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble])
@pytest.mark.parametrize("method", oc.METHODS)
def test_a_number_has_a_derivative_of_its_type(method, dtype):
    for f in (lambda x: np.tanh(x) * 2.0, lambda x: x * np.float64(1.5), lambda x: x * 3, lambda x: np.float64(1.0)):
        assert type(oc.gradient(f, dtype(1.5), method).gradient) is dtype


# --- ufuncs with rows of their own


@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.parametrize("method", oc.METHODS)
@pytest.mark.parametrize(
    ("f", "counts"),
    [
        (lambda x: np.sum(np.fmod(x, 1.5)), {"fmod": 3, "add": 2}),
        (lambda x: np.sum(np.fmod(7.25, x)), {"fmod": 3, "add": 2}),
        (lambda x: np.fmod(x[0], x[1]) * 2.0, {"fmod": 1, "mul": 1}),
        (lambda x: np.sum(np.float_power(x, 3)), {"pow": 3, "add": 2}),
        (lambda x: np.sum(np.float_power(x, x[::-1])), {"pow": 3, "add": 2}),
        (lambda x: np.float_power(x[0], 0) + x[1], {"pow": 1, "add": 1}),
        (lambda x: np.sum(np.float_power(1.5, x)), {"pow": 3, "add": 2}),
    ],
    ids=["fmod", "fmod by it", "fmod of numbers", "power", "power to itself", "power to 0", "power of data"],
)
def test_fmod_and_float_power(f, counts, method, granularity):
    x = np.array([2.2, 0.7, 4.3])
    g = oc.gradient(f, x, method, granularity=granularity)
    assert g.value == pytest.approx(f(x))
    assert g.gradient == pytest.approx(oc.gradient(f, x, "finite-difference").gradient, abs=1e-6)
    if method == "backprop":
        assert g.phases["primal"] == oc.measure(f, x).counts == counts


# --- interpolation


TABLE = {"xp": np.array([0.0, 1.0, 2.0, 4.0]), "fp": np.array([1.0, 3.0, 0.0, 5.0])}


def by_lines(t, xp, fp):
    """What np.interp computes, from the line of each interval."""
    j = np.searchsorted(xp, t) - 1
    return (fp[j + 1] - fp[j]) / (xp[j + 1] - xp[j]) * (t - xp[j]) + fp[j]


@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.parametrize("points", [1, 2, 3, 9])  # fewer than the intervals, as many, and more
@pytest.mark.parametrize("names", [["t"], ["xp"], ["fp"], ["t", "xp", "fp"]], ids=" ".join)
def test_interpolation_is_differentiated_along_its_lines(names, points, granularity):
    whole = {**TABLE, "t": np.random.default_rng(points).uniform(0.01, 3.99, points)}
    x = {name: whole[name] for name in names}
    weights = np.arange(1.0, points + 1)

    def f(p):
        return np.sum(np.interp(*((whole | p)[name] for name in ("t", "xp", "fp"))) * weights)

    g = oc.gradient(f, x, granularity=granularity)
    lines = oc.gradient(lambda p: np.sum(by_lines(**(whole | p)) * weights), x, granularity=granularity)
    assert g.value == pytest.approx(f(x), rel=1e-15) and g.phases["primal"] == oc.measure(f, x).counts
    for name in names:
        np.testing.assert_allclose(g.gradient[name], lines.gradient[name], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_outside_the_table_interpolation_is_constant_or_an_end(granularity):
    t = np.array([-1.0, 0.5, np.nan, 9.0])
    g = oc.gradient(lambda fp: np.interp(t, TABLE["xp"], fp)[[0, 1, 3]].sum(), TABLE["fp"], granularity=granularity)
    assert g.gradient.tolist() == [1.5, 0.5, 0.0, 1.0]
    x = [TABLE["fp"], 1.0, 2.0]
    ends = oc.gradient(lambda p: np.interp(t, TABLE["xp"], p[0], p[1], p[2] * 2)[[0, 1, 3]].sum(), x)
    assert ends.value == 1.0 + 2.0 + 4.0 and ends.gradient[1:] == [1.0, 2.0]
    x = np.array([3.0])
    one = oc.gradient(lambda fp: np.interp([0.0, 1.0, 2.0], [1.0], fp, left=7.0).sum(), x, granularity=granularity)
    assert (one.value, one.gradient) == (13.0, [2.0])


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_a_point_in_the_table_has_the_slopes_of_both_sides(granularity):
    x = np.array([0.5, 2.0, 3.5])
    with pytest.raises(oc.Uncounted, match=r"np\.interp.*stands in the table, at 2\.0.*np\.searchsorted"):
        oc.gradient(lambda x: np.sum(np.interp(x, TABLE["xp"], TABLE["fp"])), x, granularity=granularity)
    g = oc.gradient(lambda fp: np.sum(np.interp(x, TABLE["xp"], fp)), TABLE["fp"], granularity=granularity)
    assert g.gradient.tolist() == [0.5, 0.5, 1.25, 0.75]  # a value of the table is a value of fp
    g = oc.gradient(lambda x: np.sum(by_lines(x, **TABLE)), x, granularity=granularity)
    assert g.gradient.tolist() == [2.0, -3.0, 2.5]


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_what_interpolation_refuses(granularity):
    for refused, why in (
        (lambda x: np.interp(x, TABLE["xp"], TABLE["fp"], period=3.0), "a period sorts the table"),
        (lambda x: np.interp(x, [0.0, 1.0], [-np.inf, np.inf]), "infinities"),
    ):
        with pytest.raises(oc.Uncounted, match=rf"np\.interp.*{why}"), np.errstate(all="ignore"):
            oc.gradient(lambda x, refused=refused: np.sum(refused(x)), np.array([0.25]), granularity=granularity)
    with pytest.raises(ValueError, match="same length"):
        oc.gradient(lambda x: np.sum(np.interp(x, [0.0, 1.0], [0.0])), np.array([0.5]), granularity=granularity)


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_predicates_of_numbers_are_constant(granularity):
    def f(x):
        return np.sum(np.where(np.isnan(x), 0.0, x)) * (2.0 if np.isfinite(x[0]) else 3.0)

    g = oc.gradient(f, np.array([1.0, 2.0]), granularity=granularity)
    assert (g.value, g.gradient.tolist()) == (6.0, [2.0, 2.0])
    assert g.phases["primal"] == {"isnan": 2, "isfinite": 1, "add": 1, "mul": 1}


ONES = np.ones(2)


@pytest.mark.parametrize("f", [
    lambda x: np.sum(oc.wrap(ONES) * np.sum(x)), lambda x: np.sum(np.sum(x) * oc.wrap(ONES)),
    lambda x: np.sum((x > 0) * np.sum(x)), lambda x: np.sum(np.sum(x) + (x > 0)),
    lambda x: np.sum(np.sum(x) / oc.wrap(ONES)), lambda x: np.sum(np.sum(x) - oc.wrap(ONES)),
])  # fmt: skip
def test_a_number_of_a_graph_meets_an_array_of_data_that_is_wrapped(f):
    assert (
        oc.gradient(f, ONES).gradient.tolist() == oc.gradient(f, ONES, granularity="scalar").gradient.tolist() == [2, 2]
    )


# --- memory of their own


def gradients_that_share_memory():
    """The pairs of arrays that share memory among gradients, and what they were computed from."""
    x, data, fixed = np.ones(6), np.arange(6.0), np.frombuffer(np.arange(6.0).tobytes())
    known = [x, data, fixed]

    def f(p):
        y = np.tanh(p[1])
        known.append(oc.unwrap(y))
        return np.sum(y * p[0]) + np.sum(data * p[2]) + np.sum(data * p[3]) + np.sum(fixed * p[4]) + np.sum(p[5] * p[6])

    found = oc.gradient(f, (x,) * 7).gradient
    assert all(array.flags.writeable for array in found)
    return [pair for pair in itertools.combinations([*found, *known], 2) if np.shares_memory(*pair)]


def test_gradients_have_memory_of_their_own():
    assert gradients_that_share_memory() == []
    with planted(opcount.derivatives.gradient, memory_of=lambda nodes: {}):
        assert gradients_that_share_memory() != []


def test_the_memory_of_an_array_that_is_gone_may_be_taken():
    array = np.ones(3)
    assert plain_derivative(Array(array), array, {id(array): lambda: None}) is array
    assert plain_derivative(Array(array), array, {id(array): lambda: array}) is not array
