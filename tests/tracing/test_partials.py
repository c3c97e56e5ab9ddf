"""Partials at ties, at corners and over all floats: against mpmath and JAX, and equal at both granularities."""

from __future__ import annotations

import math
import random
import warnings
from decimal import Decimal
from fractions import Fraction

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest

import opcount as oc
from opcount.wrapping.operations import OPERATIONS, replaced
from tests.support.array_programs import SHAPES, operand

jax.config.update("jax_enable_x64", True)

GRANULARITIES = ["array", "scalar"]
BINARY = [name for name, row in OPERATIONS.items() if len(row.domain) == 2]

# --- ties and powers at 0


def relu(x):
    return np.maximum(x, 0)


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_at_a_tie_each_operand_gets_one_half(granularity):
    x = np.array([0.0, 1.0, -1.0])
    g = oc.gradient(lambda x: np.sum(relu(x) + np.minimum(x, 0)), x, granularity=granularity)
    assert g.gradient.tolist() == [1, 1, 1]
    assert g.phases == {
        "primal": {"maximum": 3, "minimum": 3, "add": 5}, "partials": {"eq": 12}, "accumulation": {"add": 3},
    }  # fmt: skip
    both = oc.gradient(lambda p: np.sum(np.maximum(p[0], p[1])), [x, x], granularity=granularity).gradient
    assert np.array(both, float).tolist() == [[0.5] * 3] * 2
    entropy = oc.gradient(lambda x: np.sum(relu(x) - 0.3 * x + np.log1p(np.exp(-abs(x)))), x[:1])
    assert entropy.gradient == pytest.approx([0.2], abs=1e-15)


@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.parametrize("clipped", [lambda np, x: np.clip(x, -1, 1), lambda np, x: x.clip(-1, 1)])
def test_at_a_bound_clip_passes_one_half_as_in_jax(granularity, clipped):
    x = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    found = oc.gradient(lambda x: np.sum(clipped(np, x)), x, granularity=granularity).gradient
    assert found.tolist() == jax.grad(lambda x: jnp.sum(clipped(jnp, x)))(x).tolist() == [0, 0.5, 1, 0.5, 0]


@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.parametrize("pair", [(math.nan, 1.0), (1.0, math.nan), (math.nan, math.nan)])
def test_the_derivative_of_a_maximum_that_is_nan_is_nan(granularity, pair):
    x = [np.array([number]) for number in pair]
    assert np.isnan(oc.gradient(lambda p: np.sum(np.maximum(*p)), x, granularity=granularity).gradient).all()


@pytest.mark.parametrize("zero", [0, 0.0, Fraction(0), Decimal(0), np.float32(0)], ids=repr)
def test_one_half_is_of_the_type_of_the_numbers(zero):
    g = oc.gradient(lambda x: np.maximum(x, 0) + np.minimum(x, zero), zero).gradient
    half = oc.gradient(lambda x: np.maximum(x, zero), zero).gradient
    assert (g, half) == (1, 0.5)
    if isinstance(zero, (Fraction, Decimal)):
        assert type(g) is type(half) is type(zero)


@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.filterwarnings("error")
def test_a_power_has_derivative_0_where_its_exponent_is_0(granularity):
    x, n = np.array([0.0, 0.0, 0.0, 2.0, -2.0, math.inf]), np.array([0.0, 1.0, 2.0, 0.0, 0.0, 0.0])
    assert oc.gradient(lambda x: np.sum(x**n), x, granularity=granularity).gradient.tolist() == [0, 1, 0, 0, 0, 0]
    one_by_one = [
        oc.gradient(lambda x, m=m: x ** oc.Scalar(m), number).gradient for number, m in zip(x, n, strict=True)
    ]
    assert one_by_one == [0, 1, 0, 0, 0, 0]
    by_base, by_exponent = oc.gradient(lambda p: np.sum(p[0] ** p[1]), [x[:4], n[:4]], granularity=granularity).gradient
    assert by_base.tolist() == [0, 1, 0, 0]
    assert by_exponent.tolist() == [0, 0, 0, math.log(2)]
    assert oc.gradient(lambda p: p[0] ** p[1], [0.0, 0.0]).gradient == [0, 0]


# --- an array counts the partials that its numbers count


def phases(f, x):
    return [oc.gradient(f, x, granularity=granularity).phases for granularity in GRANULARITIES]


def check_broadcast(name, group):
    operands = [operand(name, place, shape) for place, shape in enumerate(group)]
    value = OPERATIONS[name].value
    whole, opened = phases(lambda p: np.sum(value(*p)), operands)
    assert whole == opened, f"{name} of shapes {group}"
    for place, x in enumerate(operands):  # the other one is data

        def f(p, place=place):
            return np.sum(value(*operands[:place], p, *operands[place + 1 :]))

        whole, opened = phases(f, x)
        assert whole == opened, f"{name} of shapes {group} by operand {place}"


@pytest.mark.parametrize("name", BINARY)
def test_partials_count_alike_at_both_granularities_however_operands_are_broadcast(name):
    for group in SHAPES:
        check_broadcast(name, group)


def test_partials_of_operands_that_were_not_copied_are_caught():
    by_first, by_second = OPERATIONS.div.partials
    uncopied = OPERATIONS.div._replace(partials=(lambda y, a, b: by_first(y, a, b[0] if np.ndim(b) else b), by_second))
    with replaced(div=uncopied), pytest.raises(AssertionError, match="div of shapes"):
        check_broadcast("div", ((3, 4), (4,)))


@pytest.mark.parametrize("n", [[0, 1, 3], [0.0, 1.0, 2.5], [-1, 2, 0]], ids=repr)
def test_powers_by_exponents_0_and_1_among_others_count_alike(n):
    for shape in ((3,), (2, 3)):
        x = np.linspace(0.5, 2, math.prod(shape)).reshape(shape)
        whole, opened = phases(lambda x: np.sum(x ** np.array(n)), x)
        assert whole == opened
        assert oc.gradient(lambda x: np.sum(x ** np.array(n)), oc.spec(shape)).phases == whole


# --- over all floats, against mpmath

EXACT = {
    "mul": (lambda a, b: b, lambda a, b: a),
    "div": (lambda a, b: 1 / b, lambda a, b: -a / b / b),
    "mod": (None, lambda a, b: -mp.floor(a / b)),
    "abs": (mp.sign,),
    "square": (lambda x: 2 * x,),
    "pow": (lambda x, n: n * x ** (n - 1), lambda x, n: x**n * mp.log(x)),
    "sqrt": (lambda x: 1 / (2 * mp.sqrt(x)),),
    "cbrt": (lambda x: mp.cbrt(abs(x)) / (3 * abs(x)),),
    "hypot": (lambda a, b: a / mp.sqrt(a * a + b * b), lambda a, b: b / mp.sqrt(a * a + b * b)),
    "exp": (mp.exp,),
    "exp2": (lambda x: mp.mpf(2) ** x * mp.log(2),),
    "expm1": (mp.exp,),
    "log": (lambda x: 1 / x,),
    "log2": (lambda x: 1 / x / mp.log(2),),
    "log10": (lambda x: 1 / x / mp.log(10),),
    "log1p": (lambda x: 1 / (1 + x),),
    "logaddexp": (lambda a, b: 1 / (1 + mp.exp(b - a)), lambda a, b: 1 / (1 + mp.exp(a - b))),
    "sin": (mp.cos,),
    "cos": (lambda x: -mp.sin(x),),
    "tan": (lambda x: 1 + mp.tan(x) ** 2,),
    "arcsin": (lambda x: 1 / mp.sqrt(1 - x * x),),
    "arccos": (lambda x: -1 / mp.sqrt(1 - x * x),),
    "arctan": (lambda x: 1 / (1 + x * x),),
    "arctan2": (lambda a, b: b / (a * a + b * b), lambda a, b: -a / (a * a + b * b)),
    "sinh": (mp.cosh,),
    "cosh": (mp.sinh,),
    "tanh": (lambda x: 1 / mp.cosh(x) ** 2,),
    "arcsinh": (lambda x: 1 / mp.sqrt(x * x + 1),),
    "arccosh": (lambda x: 1 / mp.sqrt(x * x - 1),),
    "arctanh": (lambda x: 1 / (1 - x * x),),
    "maximum": (lambda a, b: mp.mpf(a > b) + mp.mpf(a == b) / 2, lambda a, b: mp.mpf(b > a) + mp.mpf(a == b) / 2),
    "minimum": (lambda a, b: mp.mpf(a < b) + mp.mpf(a == b) / 2, lambda a, b: mp.mpf(b < a) + mp.mpf(a == b) / 2),
}
"""The derivatives by definition, of exact numbers; None where the partial is structural."""

ULPS = 8
STEEP = {
    "pow": lambda x, n: abs((n - 1) * math.log(x)),  # x**(n - 1), where n - 1 is rounded
    "logaddexp": lambda a, b: abs(b - a),  # exp(b - a), where b - a is rounded
    "tanh": lambda x: 4 * mp.cosh(x) ** 2,  # 1 - y*y, exact to a few roundings of 1: its counts are published
}
"""By how much more a row's partials may be off, and why."""

SMALLEST = mp.mpf(2) ** -1022  # of the normal floats

INSIDE = {name: lambda x: abs(x) < 1 for name in ("arcsin", "arccos", "arctanh")}
INSIDE |= {name: lambda x: x > 0 for name in ("sqrt", "log", "log2", "log10")}
INSIDE |= {"pow": lambda x, n: x > 0, "arccosh": lambda x: x > 1, "log1p": lambda x: x > -1}
SPECIAL = (1.0, 0.5, 2.0, math.pi / 2, math.pi, 10.0, 709.0, 1e200, 1e-200)


def drawn(draw):
    kind = draw.randrange(5)
    if kind == 0:
        x = 10 ** draw.uniform(-300, 300)
    elif kind == 1:
        x = 10 ** draw.uniform(-3, 3)
    elif kind == 2:
        x = draw.choice(SPECIAL) * (1 + draw.choice((-1, 0, 1)) * 10 ** draw.uniform(-16, -1))
    else:
        x = draw.uniform(0, 720 if kind == 3 else 3)
    return x * draw.choice((-1, 1))


def everywhere(name, number, seed=0):
    """Points where the row has a value that is a float, over all sizes, near special ones and near each other."""
    draw = random.Random(f"{name}{seed}")
    row = OPERATIONS[name]
    while number:
        point = [drawn(draw) for _ in row.domain]
        if len(point) == 2 and draw.random() < 0.4:
            point[1] = point[0] * (1 + draw.choice((0, 1, -1)) * 10 ** draw.uniform(-16, 0))
        if name in INSIDE and not INSIDE[name](*point):
            point[0] = draw.choice((abs(point[0]), 1 / point[0], 1 / abs(point[0])))
        if name in INSIDE and not INSIDE[name](*point):
            continue
        operands = [oc.Scalar(np.float64(x)) for x in point]
        with np.errstate(all="ignore"):
            y = row.value(*operands)
        if math.isfinite(oc.unwrap(y)):
            number -= 1
            yield point, operands, y


def check_everywhere(name, number, seed=0):
    for point, operands, y in everywhere(name, number, seed):
        for position, derivative in enumerate(EXACT[name]):
            if derivative is None:
                continue
            with mp.workprec(4000), warnings.catch_warnings():
                warnings.simplefilter("error")  # neither an overflow nor an invalid operation on the way
                true = mp.mpf(derivative(*map(mp.mpf, point)))
                if abs(true) >= mp.mpf(2) ** 1024 * (1 - mp.mpf(2) ** -50):
                    continue
                found = mp.mpf(float(oc.unwrap(OPERATIONS[name].partials[position](y, *operands))))
                allowed = (ULPS + STEEP.get(name, lambda *_: 0)(*point)) * abs(true) * mp.mpf(2) ** -53
                off = abs(found - true)
                assert off <= max(allowed, SMALLEST), f"the partial of {name} by operand {position} is off at {point}"


COMPUTED = [name for name, row in OPERATIONS.items() if row.domain and any(map(callable, row.partials))]


def test_every_computed_partial_is_compared_with_its_definition():
    assert set(EXACT) == set(COMPUTED)


@pytest.mark.parametrize("name", COMPUTED)
def test_partials_are_exact_to_a_few_units_in_the_last_place_wherever_they_are_floats(name):
    check_everywhere(name, 60)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
@pytest.mark.parametrize("name", COMPUTED)
def test_partials_are_exact_at_many_more_points(name, seed):
    check_everywhere(name, 1000, seed)


@pytest.mark.parametrize(
    ("name", "position"), [(name, place) for name in COMPUTED for place, d in enumerate(EXACT[name]) if d is not None]
)
def test_a_partial_that_is_off_in_the_fifteenth_digit_is_caught(name, position):
    row = OPERATIONS[name]
    factor = 1.01 if name in STEEP else 1 + 1e-14
    corrupted = [*row.partials]
    corrupted[position] = lambda y, *operands: row.partials[position](y, *operands) * factor
    caught = pytest.raises(AssertionError, match=f"the partial of {name} by operand {position} is off")
    with replaced(**{name: row._replace(partials=tuple(corrupted))}), caught:
        check_everywhere(name, 60)


@pytest.mark.parametrize(
    ("name", "position", "old"),
    [
        ("logaddexp", 0, lambda y, a, b: np.exp(a - y)),
        ("expm1", 0, lambda y, x: y + 1),
        ("arcsin", 0, lambda y, x: 1 / np.sqrt(1 - x * x)),
        ("arctanh", 0, lambda y, x: 1 / (1 - x * x)),
        ("arccosh", 0, lambda y, x: 1 / np.sqrt(x * x - 1)),
        ("arcsinh", 0, lambda y, x: 1 / np.sqrt(x * x + 1)),
        ("arctan2", 0, lambda y, a, b: b / (a * a + b * b)),
    ],
)
def test_a_textbook_formula_that_cancels_or_overflows_is_caught(name, position, old):
    row = OPERATIONS[name]
    corrupted = [*row.partials]
    corrupted[position] = old
    caught = pytest.raises((AssertionError, RuntimeWarning))
    with replaced(**{name: row._replace(partials=tuple(corrupted))}), caught:
        check_everywhere(name, 200)
