"""The table of primitives: complete, reachable, and with the derivatives that its values have."""

from __future__ import annotations

import math
import random
import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import opcount as oc
from opcount.wrapping.operations import MINUS_ONE, NO_DERIVATIVE, ONE, OPERATIONS, Structural, replaced
from tests.support.programs import DIFFERENTIABLE, SPELLINGS

# fmt: off
REQUIRED = {
    "add", "sub", "mul", "div", "neg", "abs", "pow", "square", "sqrt", "cbrt", "exp", "exp2", "expm1", "log", "log2",
    "log10", "log1p", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "arctan2", "sinh", "cosh", "tanh", "arcsinh",
    "arccosh", "arctanh", "hypot", "logaddexp", "maximum", "minimum", "sign", "floor", "ceil",
}
# fmt: on

# What a row executes on numbers: its value, then the partial of each operand ("structural" where nothing is computed).
STRUCTURAL = "structural"
EXECUTED = {
    "add": ({"add": 1}, STRUCTURAL, STRUCTURAL),
    "sub": ({"sub": 1}, STRUCTURAL, STRUCTURAL),
    "mul": ({"mul": 1}, {}, {}),
    "div": ({"div": 1}, {"div": 1}, {"neg": 1, "div": 1}),
    "floordiv": ({"floordiv": 1}, STRUCTURAL, STRUCTURAL),
    "mod": ({"mod": 1}, STRUCTURAL, {"floordiv": 1, "neg": 1}),
    "neg": ({"neg": 1}, STRUCTURAL),
    "abs": ({"abs": 1}, {"sign": 1}),
    "sign": ({"sign": 1}, STRUCTURAL),
    "square": ({"mul": 1}, {"mul": 1}),
    "pow": ({"pow": 1}, {"eq": 1, "sub": 1, "pow": 1, "mul": 1}, {"ne": 1, "log": 1, "mul": 1}),
    "sqrt": ({"sqrt": 1}, {"mul": 1, "div": 1}),
    "cbrt": ({"cbrt": 1}, {"mul": 2, "div": 1}),
    "hypot": ({"hypot": 1}, {"div": 1}, {"div": 1}),
    "exp": ({"exp": 1}, {}),
    "exp2": ({"exp2": 1}, {"mul": 1}),
    "expm1": ({"expm1": 1}, {"exp": 1}),
    "log": ({"log": 1}, {"div": 1}),
    "log2": ({"log2": 1}, {"mul": 1, "div": 1}),
    "log10": ({"log10": 1}, {"mul": 1, "div": 1}),
    "log1p": ({"log1p": 1}, {"add": 1, "div": 1}),
    "logaddexp": ({"logaddexp": 1}, *2 * ({"sub": 1, "exp": 1, "add": 1, "div": 1},)),
    "sin": ({"sin": 1}, {"cos": 1}),
    "cos": ({"cos": 1}, {"sin": 1, "neg": 1}),
    "tan": ({"tan": 1}, {"mul": 1, "add": 1}),
    "arcsin": ({"arcsin": 1}, {"sub": 1, "add": 1, "mul": 1, "sqrt": 1, "div": 1}),
    "arccos": ({"arccos": 1}, {"sub": 1, "add": 1, "mul": 1, "sqrt": 1, "div": 1}),
    "arctan": ({"arctan": 1}, {"mul": 1, "add": 1, "div": 1}),
    "arctan2": ({"arctan2": 1}, {"hypot": 1, "div": 2}, {"neg": 1, "hypot": 1, "div": 2}),
    "sinh": ({"sinh": 1}, {"cosh": 1}),
    "cosh": ({"cosh": 1}, {"sinh": 1}),
    "tanh": ({"tanh": 1}, {"mul": 1, "sub": 1}),
    "arcsinh": ({"arcsinh": 1}, {"hypot": 1, "div": 1}),
    "arccosh": ({"arccosh": 1}, {"sub": 1, "add": 1, "sqrt": 2, "mul": 1, "div": 1}),
    "arctanh": ({"arctanh": 1}, {"sub": 1, "add": 1, "mul": 1, "div": 1}),
    "maximum": ({"maximum": 1}, {"eq": 2}, {"eq": 2}),
    "minimum": ({"minimum": 1}, {"eq": 2}, {"eq": 2}),
    "floor": ({"floor": 1}, STRUCTURAL),
    "ceil": ({"ceil": 1}, STRUCTURAL),
    "trunc": ({"trunc": 1}, STRUCTURAL),
    "round": ({"round": 1}, STRUCTURAL),
}

# Where a row's own domain stays on one side of a corner, a sign or a branch: the other side.
ELSEWHERE = {
    "abs": [(-3.0, -0.2)],
    "sign": [(-3.0, -0.2)],
    "div": [(-3.0, 3.0), (-3.0, -0.2)],
    "floordiv": [(-0.9, -0.1), (1.1, 3.0)],
    "mod": [(-3.9, -3.1), (-1.02, -1.0)],
    "cbrt": [(-3.0, -0.2)],
    "hypot": [(-3.0, -0.1), (-3.0, 3.0)],
    "arctan2": [(0.2, 3.0), (-3.0, -0.1)],
    "maximum": [(1.1, 3.0), (0.1, 1.0)],
    "minimum": [(1.1, 3.0), (0.1, 1.0)],
    "floor": [(-0.9, -0.1)],
    "ceil": [(-0.9, -0.1)],
    "trunc": [(-1.9, -1.1)],
    "round": [(-0.9, -0.6)],
}

SLOTS = [(name, position) for name in DIFFERENTIABLE for position in range(len(OPERATIONS[name].partials))]
CONSTANTS = {"0": NO_DERIVATIVE, "1": ONE, "-1": MINUS_ONE}
SPELLED = [
    pytest.param(name, spelling, id=f"{name}-{number}")
    for name, spellings in SPELLINGS.items()
    for number, spelling in enumerate(spellings)
]


def points(domain):
    """Points inside a domain, with room for a difference on either side."""
    draw = random.Random(repr(domain))
    for _ in range(20):
        yield [draw.uniform(low + 0.01 * (high - low), high - 0.01 * (high - low)) for low, high in domain]


def slope(name, position, point, step=2.0**-13):
    """The derivative of the value on plain numbers, by differences of fourth order."""
    value = OPERATIONS[name].value

    def at(multiple):
        return float(value(*(x + multiple * step * (place == position) for place, x in enumerate(point))))

    return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * step)


def stated(row, position, y, operands):
    """The partial as the table states it, as a plain number also where it is structural."""
    partial = row.partials[position]
    if partial is NO_DERIVATIVE:
        return 0
    return partial.sign if isinstance(partial, Structural) else oc.unwrap(partial(y, *operands))


def check_partial(name, position):
    row = OPERATIONS[name]
    for domain in filter(None, (row.domain, ELSEWHERE.get(name))):
        for point in points(domain):
            operands = [oc.Scalar(x) for x in point]
            found = stated(row, position, row.value(*operands), operands)
            assert math.isclose(found, slope(name, position, point), rel_tol=1e-7, abs_tol=1e-7), (
                f"the partial of {name} by operand {position} is wrong at {point}"
            )


def off(number):
    return number + 0.01 * (1 + abs(number))


def with_partial(row, position, partial):
    return row._replace(partials=(*row.partials[:position], partial, *row.partials[position + 1 :]))


# --- the table is complete


def test_names_in_the_table_and_names_tested_are_equal_sets():
    assert set(DIFFERENTIABLE) == set(EXECUTED) == set(SPELLINGS)


def test_the_table_holds_what_was_asked_for():
    assert set(DIFFERENTIABLE) >= REQUIRED


def test_rows_stand_under_their_names():
    assert [row.name for row in OPERATIONS.values()] == list(OPERATIONS)


def test_the_kinds_without_a_derivative_are_those_with_truth_values_integers_and_bits_and_a_few_of_arrays():
    without = {kind for group in ("logical", "integer", "representation") for kind in oc.GROUPS[group]}
    without |= {"lt", "le", "gt", "ge", "eq", "ne", "isnan", "isinf", "isfinite", "signbit"}
    without |= {"fmod", "copysign", "heaviside", "logaddexp2", "fmax", "fmin"}
    assert set(oc.KINDS) - set(DIFFERENTIABLE) - set(oc.GROUPS["special"]) == without  # those are tested by themselves


def test_every_primitive_is_a_kind_but_the_square_which_is_a_multiplication():
    assert set(DIFFERENTIABLE) - set(oc.KINDS) == {"square"}


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_a_row_has_a_partial_and_an_interval_for_each_operand(name):
    row = OPERATIONS[name]
    assert len(row.partials) == len(row.domain)
    assert all(low < high for low, high in row.domain)


# --- the partials are the derivatives


@pytest.mark.parametrize(("name", "position"), SLOTS)
def test_partials_are_the_slopes_of_the_value(name, position):
    check_partial(name, position)


@pytest.mark.parametrize(("name", "position"), SLOTS)
def test_a_corrupted_partial_is_caught(name, position):
    row = OPERATIONS[name]
    corrupted = with_partial(row, position, lambda y, *operands: off(stated(row, position, y, operands)))
    caught = pytest.raises(AssertionError, match=f"the partial of {name} by operand {position} is wrong")
    with replaced(**{name: corrupted}), caught:
        check_partial(name, position)


@pytest.mark.parametrize(
    ("name", "position", "wrong"),
    [
        (*slot, sign)
        for slot in SLOTS
        for sign in CONSTANTS
        if OPERATIONS[slot[0]].partials[slot[1]] is not CONSTANTS[sign]
    ],
)
def test_a_wrong_structural_constant_is_caught(name, position, wrong):
    caught = pytest.raises(AssertionError, match=f"the partial of {name} by operand {position} is wrong")
    with replaced(**{name: with_partial(OPERATIONS[name], position, CONSTANTS[wrong])}), caught:
        check_partial(name, position)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_a_domain_is_smooth_and_finite(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for point in points(OPERATIONS[name].domain):
            assert all(math.isfinite(slope(name, position, point)) for position in range(len(point)))


# --- what executes


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_a_row_executes_what_the_convention_says(name):
    row = OPERATIONS[name]
    operands = [oc.Scalar(x) for x in next(points(row.domain))]
    with oc.count() as tally:
        y = row.value(*operands)
    value, *partials = EXECUTED[name]
    assert tally.counts == value
    assert [executed_by(partial, y, operands) for partial in row.partials] == partials


def executed_by(partial, y, operands):
    if not callable(partial):
        return STRUCTURAL
    with oc.count() as tally:
        partial(y, *operands)
    return tally.counts.to_dict()


@pytest.mark.parametrize(
    ("exponent", "value", "partial"),
    [
        (1, {}, STRUCTURAL),
        (1.0, {"pow": 1}, STRUCTURAL),
        (2, {"mul": 1}, {"mul": 1}),
        (3, {"mul": 2}, {"mul": 2}),
        (4, {"mul": 2}, {"mul": 3}),
        (10, {"mul": 4}, {"mul": 5}),
        (-1, {"div": 1}, {"mul": 2, "div": 1}),
        (-2, {"mul": 1, "div": 1}, {"mul": 3, "div": 1}),
        (0.5, {"pow": 1}, {"mul": 1, "pow": 1}),
        (np.int64(3), {"mul": 2}, {"mul": 2}),
        (Fraction(1, 2), {"pow": 1}, {"mul": 1, "pow": 1}),
    ],
)
def test_a_power_by_a_constant_executes_its_multiplications(exponent, value, partial):
    g = oc.gradient(lambda x: x**exponent, 1.5)
    assert g.gradient == pytest.approx(float(exponent) * 1.5 ** (float(exponent) - 1), rel=1e-12)
    assert g.phases == {"primal": value, "partials": partial if partial is not STRUCTURAL else {}, "accumulation": {}}
    assert ("Unit" in repr(oc.trace(lambda x: x**exponent, 1.5).edges)) == (partial is STRUCTURAL)


@pytest.mark.parametrize(
    ("f", "value", "partial"),
    [
        (lambda x: x / 4, {"div": 1}, {"div": 1}),  # 1 / 4 is computed, and whatever is executed counts
        (lambda x: 4 / x, {"div": 1}, {"neg": 1, "div": 1}),
        (lambda x: 4 * x, {"mul": 1}, {}),  # ... while the 4 is at hand
        (lambda x: x % 4, {"mod": 1}, {}),
        (lambda x: 2.0**x, {"pow": 1}, {"log": 1, "mul": 1}),
        (lambda x: x**2.5, {"pow": 1}, {"pow": 1, "mul": 1}),  # 2.5 - 1 is of plain data alone, and of no operand
        (lambda x: np.hypot(x, 4.0), {"hypot": 1}, {"div": 1}),
        (lambda x: np.logaddexp(x, 4.0), {"logaddexp": 1}, {"sub": 1, "exp": 1, "add": 1, "div": 1}),
    ],
    ids=["x / 4", "4 / x", "4 * x", "x % 4", "2 ** x", "x ** 2.5", "hypot", "logaddexp"],
)
def test_partials_beside_plain_data_count_what_they_execute(f, value, partial):
    g = oc.gradient(f, 1.5)
    assert g.phases == {"primal": value, "partials": partial, "accumulation": {}}


@pytest.mark.parametrize("power", [lambda x: x**0, lambda x: x**0.0, lambda x: np.power(x, 0)])
@pytest.mark.parametrize("x", [0.0, 2.0, -2.0, Fraction(0)])
def test_a_power_of_zero_is_the_constant_one(power, x):
    g = oc.gradient(power, x)
    assert (g.value, g.gradient) == (1, 0)


# --- every primitive is reachable


# What a number writes out itself, because Python's rounding is not NumPy's; tested below.
WRITTEN_OUT = {"round": round}


def with_value(row, value):
    """The row with another value, which is Python's operator or else NumPy's function."""
    return row._replace(python=value) if row.python else row._replace(ufunc=value)


@pytest.mark.parametrize(
    ("name", "spelling"),
    [case for case in SPELLED if WRITTEN_OUT.get(case.values[0]) is not case.values[1]],
)
def test_a_primitive_is_reached_as_a_user_writes_it(name, spelling):
    seen = []
    row = OPERATIONS[name]

    point = next(points(row.domain))

    def spied(*values):  # also in a partial, as of a quotient, on other values
        if list(values) == point:
            seen.append(name)
        return row.value(*values)

    with replaced(**{name: with_value(row, spied)}):
        graph = oc.trace(lambda x: spelling(*x), point)
    assert seen == [name]
    assert oc.unwrap(graph.result) == pytest.approx(float(spelling(*point)), rel=1e-15)


@pytest.mark.parametrize("name", ["add", "sub", "mul"])
def test_an_operator_that_is_written_out_for_speed_is_the_row_of_the_table(name):
    spelled, general = SPELLINGS[name]
    found = []
    for spelling in (spelled, general):
        with oc.count() as tally:
            recorded = oc.trace(lambda x, spelling=spelling: spelling(*x), [2.0, 3.0])
        found.append((recorded.nodes[2].primitive, repr(recorded.nodes), repr(recorded.edges), tally.counts))
    assert found[0] == found[1]
    assert found[0][0] is OPERATIONS[name]


@pytest.mark.parametrize("rounding", [math.floor, math.ceil, math.trunc, round, lambda x: round(x, 1)],
                         ids=["floor", "ceil", "trunc", "round", "round to a digit"])  # fmt: skip
@pytest.mark.parametrize("number", [2.25, -2.5, Fraction(7, 3)], ids=str)
def test_pythons_rounding_inside_a_gradient_gives_what_it_gives_of_a_scalar(rounding, number):
    found = []
    with oc.count() as expected:
        scalar = rounding(oc.Scalar(number))
    with oc.count() as tally:
        oc.trace(lambda x: found.append(rounding(x)) or x, number)
    assert type(found[0]) is oc.Scalar
    assert repr(found[0]) == repr(scalar) == repr(oc.Scalar(rounding(number)))
    assert tally.counts == expected.counts


@pytest.mark.parametrize(("name", "spelling"), SPELLED)
def test_the_last_node_is_the_primitive_unless_its_derivative_vanishes(name, spelling):
    graph = oc.trace(lambda x: spelling(*x), next(points(OPERATIONS[name].domain)))
    vanishes = all(partial is NO_DERIVATIVE for partial in OPERATIONS[name].partials)
    assert [node.name for node in graph.nodes[len(graph.inputs) :]] == [name] * (not vanishes)


@pytest.mark.parametrize(("name", "spelling"), SPELLED)
def test_plain_and_wrapped_operands_mix_in_either_order(name, spelling):
    point = next(points(OPERATIONS[name].domain))
    both = oc.gradient(lambda x: spelling(*x), point).gradient
    for position in range(len(point)):

        def f(x, position=position):
            return spelling(*(x if place == position else number for place, number in enumerate(point)))

        assert oc.gradient(f, point[position]).gradient == pytest.approx(both[position], rel=1e-15)


@pytest.mark.parametrize("name", sorted({*DIFFERENTIABLE} - {"logaddexp"}))
def test_a_primitive_over_an_object_array_is_the_primitive_of_each_element(name):
    spelling = SPELLINGS[name][-1]
    rows = list(zip(*list(points(OPERATIONS[name].domain))[:3], strict=True))

    def together(x):
        return np.sum(spelling(*x))

    def one_by_one(x):
        return sum((spelling(*operands) for operands in zip(*x, strict=True)), 0.0)

    arrays = [np.array(row) for row in rows]
    found = oc.gradient(together, arrays)
    expected = oc.gradient(one_by_one, arrays)
    assert found.value == pytest.approx(expected.value, rel=1e-15)
    for array, other in zip(found.gradient, expected.gradient, strict=True):
        np.testing.assert_allclose(array.astype(float), other.astype(float), rtol=1e-14)


@pytest.mark.parametrize("granularity", ["array", "scalar"])
def test_logaddexp_counts_each_element_where_numpy_has_no_loop_for_it(granularity):
    x = np.array([1.0, 2.0])
    for f in (lambda x: np.sum(np.logaddexp(x, x)), lambda x: np.sum(np.logaddexp(x, x[0]))):
        g = oc.gradient(f, x, granularity=granularity)
        assert g.phases["primal"] == {"logaddexp": 2, "add": 1}


# --- other types of number


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "neg", "abs", "square", "maximum", "minimum"])
def test_partials_of_fractions_are_fractions(name):
    point = [Fraction(str(round(x, 2))) for x in next(points(OPERATIONS[name].domain))]
    g = oc.gradient(lambda x: SPELLINGS[name][0](*x), point)
    assert {type(derivative) for derivative in g.gradient} <= {Fraction, int}


@pytest.mark.parametrize("number", [Fraction, Decimal, np.float32, np.float64])
@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_every_primitive_takes_every_type_of_number(name, number):
    row = OPERATIONS[name]
    # sixteenths near the middle of the domain are exact in each of these types
    point = [round(8 * (low + high)) / 16 for low, high in row.domain]
    plain = oc.gradient(lambda x: SPELLINGS[name][0](*x), point)
    typed = oc.gradient(lambda x: SPELLINGS[name][0](*x), [number(x) for x in point])
    assert float(typed.value) == pytest.approx(plain.value, rel=1e-6)
    assert [float(derivative) for derivative in typed.gradient] == pytest.approx(plain.gradient, rel=1e-6)
    assert typed.counts == plain.counts


@pytest.mark.parametrize("number", [Fraction, Decimal, np.float32, np.float64])
@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_every_primitive_takes_a_plain_operand_of_the_type_of_x(name, number):
    row = OPERATIONS[name]
    point = [round(8 * (low + high)) / 16 for low, high in row.domain]
    for position in range(len(point)):
        others = [number(x) for x in point]

        def f(x, position=position, others=others):
            return SPELLINGS[name][0](*others[:position], x, *others[position + 1 :])

        plain = stated(row, position, row.value(*map(oc.Scalar, point)), [oc.Scalar(x) for x in point])
        assert float(oc.gradient(f, number(point[position])).gradient) == pytest.approx(float(plain), rel=1e-6)
