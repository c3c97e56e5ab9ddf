"""The table of functions: each has one row, which says what it writes and gives back as NumPy has it."""

from __future__ import annotations

import inspect
from collections import Counter

import numpy as np
import pytest

import opcount as oc
from opcount.functions.call import _parameters
from opcount.functions.rows import DESCRIPTION, POSITIONS, Differentiated, Executed, Refused, function_named
from opcount.functions.table import ALL, ROWS, on_specs, row_of
from opcount.tracing.array_operations import ARRAY_OPERATIONS
from opcount.wrapping.spec import Spec
from opcount.wrapping.stand_ins import BY_VALUE, Way
from tests.support.all_cases import all_cases

HERE = [row for row in ALL if function_named(row.name) is not None]


def test_a_name_stands_in_one_row():
    assert [name for name, times in Counter(row.name for row in ALL).items() if times > 1] == []


def test_two_names_of_a_function_have_the_same_row():
    for row in HERE:
        assert ROWS[function_named(row.name)]._replace(name="") == row._replace(name=""), row.name


@all_cases("row", HERE)
def test_what_a_row_says_of_arguments_is_an_argument(row):
    function = function_named(row.name)
    for index in (row.writes, row.indexes, row.like):
        if index is not None:
            assert index < len(_parameters(function)) or not inspect.isfunction(function)


@all_cases("row", HERE)
def test_a_derivative_is_an_operation_of_tracing_or_fits_to_the_count(row):
    if isinstance(row.derivative, str):
        assert row.derivative in ARRAY_OPERATIONS
    if row.derivative is Differentiated.AS_EXECUTED:
        assert isinstance(row.counts, Executed)
    assert row.derivative is not Differentiated.MOVES or not isinstance(row.counts, (Refused, Executed))


def test_each_operation_of_tracing_is_the_derivative_of_a_function_or_a_ufunc():
    named = {row.derivative for row in ALL if isinstance(row.derivative, str)}
    ufuncs = {"matmul", "vecdot", "matvec", "vecmat"}
    assert ARRAY_OPERATIONS.keys() - named <= ufuncs


@pytest.mark.parametrize("row", [row for row in HERE if row.shape is BY_VALUE], ids=lambda row: row.name)
def test_what_needs_values_is_refused_for_a_spec_by_its_name(row):
    with pytest.raises(oc.Uncounted, match=f"np.{row.name} needs values"):
        on_specs(function_named(row.name), (Spec((2, 3), float),), {})


def test_positions_and_descriptions_are_plain():
    given = {row.name: row.gives for row in ALL if row.gives in (POSITIONS, DESCRIPTION)}
    x = oc.wrap(np.array([[3.0, 1.0], [0.0, 2.0]]))
    for name in ("argmax", "nonzero", "diag_indices_from", "shape", "ndim", "size", "result_type", "iscomplexobj"):
        found = function_named(name)(x)
        assert name in given and not any(
            isinstance(each, (oc.Array, oc.Scalar)) for each in (found if isinstance(found, tuple) else (found,))
        )


def test_where_with_one_argument_is_another_function():
    assert row_of(np.where, 1).gives is POSITIONS and row_of(np.where, 3).gives is not POSITIONS
    with oc.count() as tally:
        found = np.where(oc.wrap(np.array([0.0, 2.0])))
    assert type(found[0]) is np.ndarray and tally.counts == oc.Counts({"ne": 2})


WRITING = [row for row in HERE if row.writes is not None and row.name != "fill_diagonal"]  # of which NumPy asks a alone


@pytest.mark.parametrize("row", WRITING, ids=lambda row: row.name)
def test_what_writes_is_refused_a_plain_array(row):
    x = oc.wrap(np.ones(3))
    arguments = {
        "copyto": (x,), "put": ([0, 1], x), "put_along_axis": (np.array([0]), x, 0),
        "place": ([True, False, True], x), "putmask": ([True, False, True], x),
    }[row.name]  # fmt: skip
    with pytest.raises(oc.Uncounted, match="would write wrapped values into a plain array"):
        function_named(row.name)(np.zeros(3), *arguments)


@pytest.mark.parametrize("row", [row for row in HERE if row.indexes is not None], ids=lambda row: row.name)
def test_a_wrapped_number_is_no_position(row):
    x, n = oc.wrap(np.ones((2, 2, 2))), oc.wrap(2)
    arguments = {
        "choose": (n, [x, x]), "put": (x, n, x), "insert": (x, n, x), "put_along_axis": (x, n, x, 0),
        "take_along_axis": (x, n, 0), "searchsorted": (x, x, "left", n),
    }.get(row.name, (x, n))  # fmt: skip
    with pytest.raises(oc.Uncounted, match="cannot be an index or a size"):
        function_named(row.name)(*arguments)


def test_functions_of_other_modules_share_no_flag_by_their_name():
    assert row_of(np.linalg.trace).derivative is not row_of(np.trace).derivative
    assert (
        type(row_of(np.linalg.outer).shape) is not Way and row_of(np.linalg.outer).shape is not row_of(np.outer).shape
    )
