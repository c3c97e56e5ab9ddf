"""The closed list of kinds: each has a group, a place in the views, and a program that executes it."""

import keyword
import math
from typing import get_type_hints

import numpy as np
import pytest
from scipy import special

import opcount as oc
from opcount.counting.kinds import FLOP_GROUPS, GROUPS, KINDS, KindsAndGroups

# One program per kind, written by hand: each must execute that kind once and nothing else.
ONCE = {
    "mul": lambda x: x * 3,
    "div": lambda x: x / 3,
    "floordiv": lambda x: x // 3,
    "mod": lambda x: x % 3,
    "add": lambda x: x + 3,
    "sub": lambda x: x - 3,
    "neg": lambda x: -x,
    "abs": lambda x: abs(x),
    "sign": lambda x: np.sign(x),
    "sqrt": lambda x: np.sqrt(x),
    "cbrt": lambda x: np.cbrt(x),
    "hypot": lambda x: np.hypot(x, 3),
    "pow": lambda x: x**0.3,
    "exp": lambda x: np.exp(x),
    "exp2": lambda x: np.exp2(x),
    "expm1": lambda x: np.expm1(x),
    "log": lambda x: np.log(x),
    "log2": lambda x: np.log2(x),
    "log10": lambda x: np.log10(x),
    "log1p": lambda x: np.log1p(x),
    "logaddexp": lambda x: np.logaddexp(x, 3),
    "sin": lambda x: np.sin(x),
    "cos": lambda x: np.cos(x),
    "tan": lambda x: np.tan(x),
    "arcsin": lambda x: np.arcsin(x),
    "arccos": lambda x: np.arccos(x),
    "arctan": lambda x: np.arctan(x),
    "arctan2": lambda x: np.arctan2(x, 3),
    "sinh": lambda x: np.sinh(x),
    "cosh": lambda x: np.cosh(x),
    "tanh": lambda x: np.tanh(x),
    "arcsinh": lambda x: np.arcsinh(x),
    "arccosh": lambda x: np.arccosh(x),
    "arctanh": lambda x: np.arctanh(x),
    "floor": lambda x: math.floor(x),
    "ceil": lambda x: math.ceil(x),
    "trunc": lambda x: math.trunc(x),
    "round": lambda x: round(x),
    "lt": lambda x: x < 3,
    "le": lambda x: x <= 3,
    "gt": lambda x: x > 3,
    "ge": lambda x: x >= 3,
    "eq": lambda x: x == 3,
    "ne": lambda x: x != 3,
    "maximum": lambda x: np.maximum(x, 3),
    "minimum": lambda x: np.minimum(x, 3),
    "fmax": lambda x: np.fmax(x, 3),
    "fmin": lambda x: np.fmin(x, 3),
    "isnan": lambda x: np.isnan(x),
    "isinf": lambda x: np.isinf(x),
    "isfinite": lambda x: np.isfinite(x),
    "signbit": lambda x: np.signbit(x),
    "fmod": lambda x: np.fmod(x, 3),
    "copysign": lambda x: np.copysign(x, -3),
    "heaviside": lambda x: np.heaviside(x, 3),
    "logaddexp2": lambda x: np.logaddexp2(x, 3),
    "logical_and": lambda x: np.logical_and(x, 3),
    "logical_or": lambda x: np.logical_or(x, 3),
    "logical_xor": lambda x: np.logical_xor(x, 3),
    "logical_not": lambda x: np.logical_not(x),
    "modf": lambda x: np.modf(x),
    "frexp": lambda x: np.frexp(x),
    "ldexp": lambda x: np.ldexp(x, 3),
    "nextafter": lambda x: np.nextafter(x, 3),
    "spacing": lambda x: np.spacing(x),
    "bitwise_and": lambda n: np.bitwise_and(n, 3),
    "bitwise_or": lambda n: np.bitwise_or(n, 3),
    "bitwise_xor": lambda n: np.bitwise_xor(n, 3),
    "invert": lambda n: np.invert(n),
    "left_shift": lambda n: np.left_shift(n, 3),
    "right_shift": lambda n: np.right_shift(n, 3),
    "bitwise_count": lambda n: np.bitwise_count(n),
    "gcd": lambda n: np.gcd(n, 3),
    "lcm": lambda n: np.lcm(n, 3),
    **{kind: lambda x, kind=kind: of_scipy(getattr(special, kind), x) for kind in GROUPS["special"]},
}


def of_scipy(function, x):
    """A special function of x, and of plain numbers for its other operands."""
    operands = 1 if function is special.zeta else function.nin
    return function(*[2, 0.5, 0.25][: operands - 1], x)


def check_executes_once(kind):
    x = oc.wrap(6 if kind in GROUPS["integer"] else 1.0 if kind == "arccosh" else 0.5)
    with oc.count() as tally:
        ONCE[kind](x)
    assert tally.counts.to_dict() == {kind: 1}


def test_every_kind_has_a_program_that_executes_it():
    assert set(ONCE) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_program_of_one_operation_counts_one_of_its_kind_and_nothing_else(kind):
    check_executes_once(kind)


def test_the_check_above_catches_a_function_counted_under_another_name():
    with oc.rules({np.tanh: {"exp": 1}}), pytest.raises(AssertionError):
        check_executes_once("tanh")


def test_every_kind_stands_in_exactly_one_group():
    in_groups = [kind for kinds in GROUPS.values() for kind in kinds]
    assert len(in_groups) == len(set(in_groups))
    assert tuple(in_groups) == KINDS


def test_the_groups_are_those_of_the_convention():
    assert set(GROUPS) == {
        "multiplicative", "additive", "signs", "roots", "transcendental", "special", "rounding", "comparisons",
        "logical", "integer", "representation",
    }  # fmt: skip


def test_the_list_is_closed():
    with pytest.raises(TypeError):
        GROUPS["bitwise"] = ("and",)


def test_a_name_is_a_kind_or_a_group_but_never_both():
    assert not set(KINDS) & set(GROUPS)


def test_every_name_can_be_written_as_an_attribute_of_counts():
    names = {*KINDS, *GROUPS}
    assert all(name.isidentifier() and not keyword.iskeyword(name) for name in names)
    # an attribute that the class has would hide the kind of the same name
    assert not names & set(vars(oc.Counts)) and not names & set(dir(object())) and not names & set(dir({}))


def test_comparing_rounding_logic_bits_and_changing_a_sign_are_the_operations_that_are_no_flops():
    assert set(GROUPS) - set(FLOP_GROUPS) == {
        "signs", "rounding", "comparisons", "logical", "integer", "representation",
    }  # fmt: skip
    assert set(FLOP_GROUPS) < set(GROUPS)


def test_type_checkers_and_editors_know_every_kind_and_every_group_as_an_attribute():
    known = get_type_hints(KindsAndGroups)
    assert list(known) == [*oc.GROUPS, *oc.KINDS]
    assert set(known.values()) == {int}
