"""Each method of each ufunc counts what is executed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings

import opcount as oc
from opcount.counting.tally import record
from opcount.functions import ufuncs
from opcount.functions.applications import APPLICATIONS
from opcount.wrapping.operations import BY_UFUNC, COMPOSED, kinds_of
from tests.support import loops_by_hand as hand
from tests.support.calls.ufuncs import GENERALIZED, LOGICAL, METHODS, UFUNC_CALLS, generalized_calls
from tests.support.draws import RANDOM
from tests.support.faults import planted
from tests.support.ground_truth import check_call, identical

KIND_OF = {
    "subtract": "sub", "multiply": "mul", "square": "mul", "divide": "div", "reciprocal": "div",
    "floor_divide": "floordiv", "remainder": "mod", "divmod": "floordiv mod", "power": "pow", "float_power": "pow",
    "deg2rad": "mul", "rad2deg": "mul", "degrees": "mul", "radians": "mul", "negative": "neg", "positive": "",
    "conjugate": "", "absolute": "abs", "fabs": "abs", "rint": "round", "less": "lt", "less_equal": "le",
    "greater": "gt", "greater_equal": "ge", "equal": "eq", "not_equal": "ne",
}  # fmt: skip
"""What the ufuncs count that are not called like their kind."""
OF_OBJECTS = [
    "add", "subtract", "multiply", "square", "divide", "reciprocal", "floor_divide", "remainder", "power", "negative",
    "positive", "conjugate", "absolute", "fabs", "sqrt", "cbrt", "exp", "exp2", "expm1", "log", "log2", "log10",
    "log1p", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh",
    "arctanh", "floor", "ceil", "trunc", "rint",
]  # fmt: skip
COMPARING = [
    "less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "maximum", "minimum", "fmax", "fmin",
]  # fmt: skip
"""The ufuncs that NumPy has loops over objects for: by operations that wrapped numbers have, and by comparisons."""


MIRRORED = {"lt": "gt", "le": "ge", "maximum": "ge", "fmax": "ge", "minimum": "ge", "fmin": "ge"}
"""Python asks the wrapped operand, in the mirror where it stands on the right; and objects compare."""


def looped(ufunc):
    """A ufunc of objects that executes that ufunc on one element, and counts it: how often is NumPy's affair."""
    kinds = Counter(KIND_OF.get(ufunc.__name__, ufunc.__name__).split())

    def element(*numbers):
        record(kinds)
        return ufunc(*map(oc.unwrap, numbers))

    return np.frompyfunc(element, ufunc.nin, ufunc.nout, identity=ufunc.identity)


def executed_by(ufunc, method):
    # what is compared in place is plain from then on
    objects = OF_OBJECTS if method == "at" else (*OF_OBJECTS, *COMPARING)
    loop = ufunc if ufunc.__name__ in objects else looped(ufunc)

    def by(*args, **options):
        if method == "reduce" and ufunc.__name__ in LOGICAL and "initial" not in options:
            return hand.joined_truths(loop)(*args, **{"axis": 0} | options)
        if method == "reduce" and options.keys() & {"where", "initial"}:
            return hand.joined(loop)(*args, **{"axis": 0} | options)
        if method == "accumulate" and ufunc.__name__ in LOGICAL:  # the first of each is its own truth
            for lane in hand.lanes(args[0], options.get("axis", 0), True):
                _ = lane and lane[0] != 0
        return getattr(loop, method)(*args, **options)

    return by


def mirrored(counts):
    result = Counter()
    for kind, number in counts.items():
        result[MIRRORED.get(kind, kind)] += number
    return result


def check_ufunc(ufunc, method, examples=None):
    @settings(RANDOM, max_examples=examples or 10)
    @given(UFUNC_CALLS[method](ufunc))
    def check(call):
        name = {"__call__": "where", "at": "at"}.get(method, "a method")
        check_call(name, call, executed_by(ufunc, method), mirrored, getattr(ufunc, method))

    check()


@pytest.mark.parametrize("name", LOGICAL)
def test_the_truth_of_single_numbers_is_not_counted_by_reduceat(name):
    with oc.count() as tally, pytest.raises(oc.Uncounted, match="write x != 0 first"):
        getattr(np, name).reduceat(oc.wrap(np.arange(3.0)), [0, 1])
    assert tally.counts == oc.Counts()


def test_the_kinds_of_each_ufunc():
    assert {ufunc.__name__: Counter(kinds_of(ufunc)) for ufunc in (*BY_UFUNC, *COMPOSED)} == {
        ufunc.__name__: Counter(KIND_OF.get(ufunc.__name__, ufunc.__name__).split()) for ufunc in (*BY_UFUNC, *COMPOSED)
    }


@pytest.mark.parametrize(("name", "method"), METHODS)
def test_a_ufunc_counts_what_is_executed(name, method):
    check_ufunc(getattr(np, name), method)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "method"), METHODS)
def test_a_ufunc_counts_what_is_executed_in_many_calls(name, method):
    check_ufunc(getattr(np, name), method, examples=80)


@pytest.mark.parametrize("name", GENERALIZED)
def test_a_product_of_arrays_counts_what_is_executed(name):
    @settings(RANDOM, max_examples=60)
    @given(generalized_calls(name))
    def check(call):
        check_call(name, call, None, identical, GENERALIZED[name])

    check()


# --- the checks are checked


@pytest.mark.parametrize(("name", "method", "kinds"), [
    ("divmod", "__call__", {"floordiv": 1}), ("hypot", "reduce", {"sqrt": 1}), ("fmax", "accumulate", {"fmax": 2}),
    ("multiply", "outer", {"add": 1}), ("sin", "at", {}), ("logaddexp", "reduceat", {"logaddexp": 1, "add": 1}),
])  # fmt: skip
def test_the_check_of_a_ufunc_catches_a_planted_fault(name, method, kinds):
    faulty = getattr(np, name)  # of arrays alone: a rule would reach the numbers that they are compared with
    fault = planted(ufuncs, kinds_of=lambda ufunc: kinds if ufunc is faulty else kinds_of(ufunc))
    with fault, pytest.raises(AssertionError):
        check_ufunc(faulty, method, examples=100)


def test_the_check_of_methods_catches_an_application_too_many():
    fault = planted(APPLICATIONS, {"reduce": lambda *args, **keywords: APPLICATIONS["accumulate"](args[0]) + 1})
    with fault, pytest.raises((AssertionError, IndexError)):
        check_ufunc(np.hypot, "reduce", examples=100)
