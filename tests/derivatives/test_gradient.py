"""Gradients of functions of numbers: values, structure, types, phases, and domain errors as NumPy's."""

from __future__ import annotations

import math
from collections import namedtuple
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import opcount as oc
from tests.support.gradients import newton, numbers, total
from tests.support.programs import CASES, doubled, squared

Pair = namedtuple("Pair", "left right")
# --- values


FUNCTIONS = {
    "control flow": (newton, 2.0, 0.5 / math.sqrt(2)),
    "a branch": (lambda x: x[0] * x[0] if x[0] > x[1] else x[1] * 3, [1.0, 2.0], [0.0, 3.0]),
    "the other branch": (lambda x: x[0] * x[0] if x[0] > x[1] else x[1] * 3, [3.0, 2.0], [6.0, 0.0]),
    "a repeated variable": (lambda x: x * x * x + x, 2.0, 13.0),
    "constants on either side": (lambda x: 3 - 2 * x / 4 + 5.0, 2.0, -0.5),
    "wrapped data": (lambda x: oc.wrap(3.0) * x * oc.wrap(2.0), 2.0, 6.0),
    "an array of data": (lambda x: np.array([1.0, 2.0, 3.0]) @ x, np.array([4.0, 5.0, 6.0]), [1.0, 2.0, 3.0]),
    "unused inputs": (lambda x: x[1] * x[1], [1.0, 2.0, 3.0], [0.0, 4.0, 0.0]),
    "an input as the output": (lambda x: x[1], [1.0, 2.0], [0.0, 1.0]),
    "a constant": (lambda x: 7.0, [1.0, 2.0], [0.0, 0.0]),
    "a wrapped constant": (lambda x: oc.wrap(7.0) * 2, [1.0, 2.0], [0.0, 0.0]),
    "structurally constant": (lambda x: np.floor(x) + x**0, 2.5, 0.0),
    "terms that cancel": (lambda x: x - x, 2.0, 0.0),
    "a diamond": (lambda x: np.sin(x) + np.sin(x) * np.sin(x), 0.0, 1.0),
    "doublings": (doubled(5), 1.0, 32.0),
    "negated twice": (lambda x: -(-(x * x)), 3.0, 6.0),  # noqa: B002
    "relu by a comparison": (lambda x: x * (x > 0), 3.0, 1.0),
    "relu over an array": (lambda x: np.sum(x * (x > 0)), np.array([3.0, -2.0]), [1.0, 0.0]),
    "rounded to a digit": (lambda x: x * round(x, 1), 2.345, 2.3),
    "as often as it rounds to": (lambda x: sum((x for _ in range(oc.unwrap(round(x)))), 0.0), 3.3, 3.0),
    "the integer below": (lambda x: sum((x for _ in range(oc.unwrap(math.floor(x)))), 0.0), 3.3, 3.0),
    "quotient and remainder": (lambda x: divmod(x, 2.0)[0] + divmod(x, 2.0)[1], 5.3, 1.0),
}


@pytest.mark.filterwarnings("ignore::opcount.NothingCounted")  # some are constant
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_gradient_is_the_derivative(name, method):
    f, x, expected = FUNCTIONS[name]
    g = oc.gradient(f, x, method)
    assert numbers(g.gradient) == pytest.approx(numbers(expected), rel=1e-6, abs=1e-6)
    assert g.value == pytest.approx(oc.measure(f, x).value, rel=1e-12)
    assert g.method == method


def test_backprop_is_the_default():
    assert oc.gradient(lambda x: x * x, 3.0).method == "backprop"


def test_a_function_may_overwrite_its_argument(method):
    def f(x):
        x["list"][0] = x["list"][0] * x["list"][0]
        x["array"] *= 2.0
        return x["list"][0] + x["array"][1]

    x = {"list": [3.0], "array": np.array([1.0, 2.0])}
    g = oc.gradient(f, x, method)
    assert numbers(g.gradient) == pytest.approx([6.0, 0.0, 2.0], rel=1e-6)
    assert (x["list"], x["array"].tolist()) == ([3.0], [1.0, 2.0])


def test_x_may_hold_wrapped_numbers_already(method):
    g = oc.gradient(lambda x: x[0] * x[1], [oc.wrap(3.0), 4.0], method)
    assert g.gradient == pytest.approx([4.0, 3.0], rel=1e-6)
    assert {type(number) for number in g.gradient} == {float}


# --- structure and types


STRUCTURES = {
    "a number": 3.0,
    "a list": [3.0],
    "a tuple": (3.0, 4.0),
    "a dict of lists": {"a": 3.0, "b": [4.0, (5.0,)]},
    "named tuples": Pair(3.0, Pair([4.0], {"deep": 5.0})),
    "an array": np.array([3.0, 4.0]),
    "a matrix": np.array([[3.0, 4.0, 5.0], [6.0, 7.0, 8.0]]),
    "an array of no dimension": np.array(3.0),
    "an array of float32": np.array([3.0, 4.0], dtype=np.float32),
    "empty ones inside": {"weights": np.ones((2, 3)), "none": np.array([]), "bias": [1.0, []]},
}


@pytest.mark.parametrize("x", STRUCTURES.values(), ids=STRUCTURES)
@pytest.mark.parametrize("granularity", ["array", "scalar"])
def test_the_gradient_has_the_structure_of_x(x, granularity, method):
    g = oc.gradient(lambda x: total(x) * 2, x, method, granularity=granularity)

    def shape(value):
        if isinstance(value, dict):
            return {key: shape(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value).__name__, [shape(item) for item in value]
        return (value.shape, value.dtype) if isinstance(value, np.ndarray) else type(value)

    assert shape(g.gradient) == shape(x)
    assert numbers(g.gradient) == pytest.approx([2.0] * len(numbers(x)), rel=1e-3)


@pytest.mark.parametrize("number", [float, Fraction, Decimal, np.float32, np.float64, np.float16, int])
def test_the_gradient_has_the_type_of_x(number, chain_rule_method):
    x = [number(3), number(2), number(5)]
    g = oc.gradient(lambda x: x[0] * x[0] * x[1] + x[0], x, chain_rule_method)
    assert g.value == 21
    assert g.gradient == [13, 9, 0]
    assert {type(derivative) for derivative in [g.value, *g.gradient]} == {number}


def test_the_gradient_of_numpys_integers_is_of_integers(chain_rule_method):
    # NumPy's own where an operation on them gave it, Python's where structure did: -1 is no np.uint8
    g = oc.gradient(lambda x: x[0] * x[0] * x[1] - x[3], [np.int64(3), np.int64(2), np.int64(5), np.uint8(1)],
                    chain_rule_method)  # fmt: skip
    assert g.gradient == [12, 9, 0, -1]
    assert all(isinstance(derivative, (int, np.integer)) for derivative in g.gradient)


@pytest.mark.parametrize("number", [float, Fraction, Decimal, np.float32, np.float64])
def test_the_gradient_keeps_the_type_through_structure_alone(number, chain_rule_method):
    # 1, -1, 0 and their sums, that no operation on a number of x has produced
    g = oc.gradient(lambda x: x[0] - x[1] + x[3] + x[3], [number(3)] * 4, chain_rule_method)
    assert g.gradient == [1, -1, 0, 2]
    assert [type(derivative) for derivative in g.gradient] == [number] * 4


def test_float32_stays_float32_through_every_function_of_it(method):
    x = np.array([0.5, 0.25], dtype=np.float32)
    g = oc.gradient(lambda x: np.sum(np.tanh(x) * 2.0 + np.exp2(x) / 3 + x**2), x, method)
    assert g.gradient.dtype == np.float32


def test_integers_have_integer_derivatives_where_they_stay_integers(chain_rule_method):
    g = oc.gradient(lambda x: x[0] * x[0] - 7 * x[1], [10**30, 2], chain_rule_method)
    assert g.gradient == [2 * 10**30, -7]


def test_an_integer_array_holds_the_derivatives_that_are_no_integers(chain_rule_method):
    g = oc.gradient(lambda x: x[0] * x[1] / 4, np.array([3, 5]), chain_rule_method)
    assert g.gradient.tolist() == [1.25, 0.75]


def test_an_object_array_loses_no_digit(chain_rule_method):
    # NumPy would make floats of one integer past 63 bits beside a negative one
    g = oc.gradient(lambda x: x[0] * 2**63 - x[1], np.array([1, 2], dtype=object), chain_rule_method)
    assert g.gradient.tolist() == [2**63, -1]
    assert [type(n) for n in g.gradient.tolist()] == [int, int]


def test_fractions_are_exact(chain_rule_method):
    a, b, c = x = [Fraction(2, 3), Fraction(-5, 7), Fraction(11, 13)]
    g = oc.gradient(lambda x: (x[0] * x[1] + x[0] / x[2]) ** 3 - x[1], x, chain_rule_method)
    inner = a * b + a / c
    assert g.value == inner**3 - b
    assert g.gradient == [3 * inner**2 * (b + 1 / c), 3 * inner**2 * a - 1, -3 * inner**2 * a / c**2]


def test_decimals_are_decimals(chain_rule_method):
    g = oc.gradient(lambda x: x * x * x, Decimal("1.1"), chain_rule_method)
    assert (g.value, g.gradient) == (Decimal("1.331"), Decimal("3.63"))


# --- phases


def test_the_phases_of_a_hand_counted_example(chain_rule_method):
    # y = tanh(w * x): the partial of tanh is 1 - y * y, those of the product are at hand
    g = oc.gradient(lambda w: np.tanh(w[0] * w[1]) * w[0], [0.5, 2.0], chain_rule_method)
    evaluations = 2 if chain_rule_method == "forward" else 1
    assert g.phases["primal"] == oc.Counts(mul=2, tanh=1) * evaluations
    assert g.phases["partials"] == oc.Counts(mul=1, sub=1) * evaluations
    assert g.phases["accumulation"].add == 1
    assert g.counts == g.phases["primal"] + g.phases["partials"] + g.phases["accumulation"]
    assert tuple(g.phases) == oc.PHASES == ("primal", "partials", "accumulation")


def test_regions_of_f_are_its_own_whatever_their_names(method):
    def f(x):
        with oc.region("accumulation"):
            return x * x * x

    with oc.count() as tally:
        g = oc.gradient(f, 2.0, method)
    assert g.phases["accumulation"] == oc.trace(lambda x: x * x * x, 2.0).predict(method)
    assert tally.regions == {"accumulation": g.phases["primal"]}


def test_a_gradient_adds_all_its_operations_to_the_counts_around_it(method):
    case = CASES["1-2-1, three points"]
    with oc.count() as outer:
        with oc.region("step"):
            g = oc.gradient(case.f, case.x, method)
        oc.wrap(2.0) * 3
    assert outer.counts == g.counts + oc.Counts(mul=1)
    assert outer.regions == {"step": g.counts}  # the phases are the gradient's own, and no regions around it


def test_nothing_is_kept_between_gradients(method):
    first = oc.gradient(squared(4), 1.1, method)
    second = oc.gradient(squared(4), 1.1, method)
    assert (first.gradient, first.phases, first.storage) == (second.gradient, second.phases, second.storage)


# --- domain errors: as NumPy would, and counted


@pytest.mark.parametrize(
    ("f", "x", "value", "gradient", "kind"),
    [
        (np.log, -1.0, math.nan, -1.0, "log"),
        (np.log, 0.0, -math.inf, math.inf, "log"),
        (np.sqrt, 0.0, 0.0, math.inf, "sqrt"),
        (np.sqrt, -1.0, math.nan, math.nan, "sqrt"),
        (np.arcsin, 2.0, math.nan, math.nan, "arcsin"),
        (lambda x: 1 / x, 0.0, math.inf, -math.inf, "div"),
        (lambda x: x / 0, 1.0, math.inf, math.inf, "div"),
        (lambda x: x / 0.0, -1.0, -math.inf, math.inf, "div"),
        (lambda x: x**-1, 0.0, math.inf, -math.inf, "div"),
        (lambda x: x**0.5, -1.0, math.nan, math.nan, "pow"),
    ],
)
def test_outside_the_domain_a_warning_and_what_numpy_gives(f, x, value, gradient, kind, chain_rule_method):
    with np.errstate(all="warn"), pytest.warns(RuntimeWarning):
        g = oc.gradient(f, x, chain_rule_method)
    assert [g.value, g.gradient] == pytest.approx([value, gradient], nan_ok=True)
    assert g.phases["primal"][kind] == 1


def test_a_gradient_shows_as_a_table():
    case = CASES["1-2-1, one point"]
    g = oc.gradient(case.f, case.x)
    table = g.to_pandas()
    assert list(table.index) == list(oc.PHASES)
    assert table.loc["accumulation", "mul"] == 10
    assert table.total.sum() == g.counts.total
    values, phases = g._repr_html_().split("</table>", 1)
    assert "<th>backprop</th>" in values and ">value</th>" in values
    assert phases.count("<tr>") == 5  # the head, three phases, all together
