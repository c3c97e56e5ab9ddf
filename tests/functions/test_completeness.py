"""The table of NumPy's functions is complete: each function that NumPy dispatches has one row."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest
from numpy.lib import recfunctions
from numpy.testing.overrides import get_overridable_numpy_array_functions

import opcount as oc
from opcount.counting.kinds import KINDS
from opcount.functions.op_counts import COMPLEX
from opcount.functions.products import PRODUCTS
from opcount.functions.rows import function_named
from opcount.functions.table import ALL, ROWS
from opcount.wrapping.operations import BY_UFUNC, COMPOSED, kinds_of
from tests.support import rows
from tests.support.calls import CALLS
from tests.support.calls.moving import FREE_CALLS

NUMPY = tuple(map(int, np.__version__.split(".")[:2]))


SPACES = {
    "": np, "linalg.": np.linalg, "fft.": np.fft, "char.": np.char, "strings.": np.strings,
    "lib.scimath.": np.lib.scimath, "lib.stride_tricks.": np.lib.stride_tricks,
}  # fmt: skip
LATER = (recfunctions, np.polynomial.polynomial)
"""Modules that are not imported with NumPy: what they dispatch has no row, and is refused."""
SINCE = {
    "cumulative_sum": "2.1", "cumulative_prod": "2.1", "unstack": "2.1",
    "strings.partition": "2.3", "strings.rpartition": "2.3", "strings.multiply": "2.3",
}  # fmt: skip
"""Functions of the table that older NumPy lacks, or does not dispatch."""
UNTIL = {"in1d": "2.3"}
"""Functions of the table that newer NumPy lacks."""


def dispatched():
    """The functions of this NumPy that ask an Array what they are to do, with the names under which they are found."""
    found = {}
    for prefix, space in SPACES.items():
        for name in dir(space):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # np.char.chararray, from NumPy 2.5 on
                function = getattr(space, name)
            if callable(function) and (hasattr(function, "_implementation") or takes_like(function)):
                found.setdefault(function, []).append(prefix + name)
    for function in get_overridable_numpy_array_functions():
        public = function if function in found else getattr(function, "_implementation", None)  # of what takes like=
        if not any(vars(module).get(function.__name__) is function for module in LATER):
            assert public in found, f"{function} is found nowhere"
    return found


def test_what_has_no_row_is_refused():
    functions = [f for module in LATER for f in vars(module).values() if hasattr(f, "_implementation")]
    x = oc.wrap(np.ones(2))
    for function in functions:
        with pytest.raises(oc.Uncounted, match=r"has no exact count.*oc\.register_rule"):
            x.__array_function__(function, (oc.Array,), (x, x, x), {})
    assert len(functions) > 10


def takes_like(function):
    return not isinstance(function, type) and "like : array_like" in (function.__doc__ or "")


def test_each_function_that_numpy_dispatches_stands_in_the_table_once():
    found = dispatched()
    missing = [names[0] for function, names in found.items() if function not in ROWS]
    assert not missing, f"functions of NumPy {np.__version__} without a row: {missing}"


def test_each_row_of_the_table_is_a_function_that_numpy_dispatches():
    found = dispatched()
    names = [row.name for row in ALL]
    assert len(names) == len(set(names))
    lacking = {name for name in names if function_named(name) not in found}
    strangers = {name for name in lacking if not is_of_another_numpy(name)}
    assert not strangers, f"rows that are no function of NumPy's: {strangers}"


def is_of_another_numpy(name):
    if name in UNTIL:
        return version(UNTIL[name]) < NUMPY
    if name.startswith("char."):
        return True  # by the version they are dispatched, or are plain functions of those that are
    return name in SINCE and version(SINCE[name]) > NUMPY


def version(text):
    return tuple(map(int, text.split(".")))


def test_each_ufunc_of_numpy_has_its_kinds():
    ufuncs = {ufunc for ufunc in vars(np).values() if isinstance(ufunc, np.ufunc)}
    assert ufuncs - {np.isnat} == BY_UFUNC.keys() | COMPOSED.keys() | PRODUCTS.keys()
    assert not (BY_UFUNC.keys() | COMPOSED.keys()) & PRODUCTS.keys()
    kinds = {
        kind for numbers in (*map(kinds_of, (*BY_UFUNC, *COMPOSED)), *COMPLEX.values()) for kind in numbers
    } | COMPLEX.keys()
    assert kinds <= set(KINDS)


def test_each_function_that_is_counted_is_called_here():
    assert CALLS.keys() == set(rows.COUNTED)


def test_each_function_that_is_free_is_called_here():
    assert set(FREE_CALLS) == set(rows.FREE_NAMES)


@pytest.mark.skipif(NUMPY < (2, 4), reason="functions have no signature")
@pytest.mark.parametrize("name", rows.COUNTED)
def test_a_rule_takes_the_arguments_that_the_function_takes(name):
    rule = rows.rule_of(name)
    try:
        parameters = inspect.signature(function_named(name)).parameters.values()
    except ValueError:
        pytest.skip("it has no signature")
    positional = [None for parameter in parameters if parameter.kind is parameter.POSITIONAL_ONLY]
    by_name = {
        parameter.name: None
        for parameter in parameters
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }
    inspect.signature(rule).bind(*positional, **by_name)
