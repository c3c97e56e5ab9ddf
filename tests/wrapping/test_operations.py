"""The table of operations: a row that is replaced is seen on every path, the fast ones included; users' rules too."""

from __future__ import annotations

import operator

import numpy as np
import pytest

import opcount as oc
from opcount.counting.kinds import GROUPS, KINDS
from opcount.wrapping.operations import (
    BY_UFUNC,
    COMPOSED,
    NO_DERIVATIVE,
    OPERATIONS,
    Structural,
    kinds_of,
    replaced,
    ufunc_of,
)
from tests.support.all_cases import all_cases
from tests.support.programs import DIFFERENTIABLE

OTHER_KIND = "spacing"  # which no row below executes on its own
MIRRORED = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}


def operands(row):
    """Plain operands of a row, at a point inside its domain."""
    if row.domain:
        return [low + (high - low) / 3 for low, high in row.domain]
    of_bits = row.python is not None and not row.partials and not row.compares
    integers = of_bits or row.kind in ("gcd", "lcm", "bitwise_count")
    if row.kind == "ldexp":
        return [1.5, 2]
    return [6, 3][: row.ufunc.nin] if integers else [1.25, 2.5][: row.ufunc.nin]


def array(number):
    return np.array([number, number])


def spellings(row):
    """The ways to write an operation: NumPy's function, and Python's operator where it is one of NumPy's arrays."""
    return [row.ufunc] if row.python is None or row.called else [row.ufunc, row.python]


# how a value may be held: the wrapped operands, from plain ones
HELD = {
    "scalar": lambda given: [oc.wrap(number) for number in given],
    "scalar and data": lambda given: [oc.wrap(given[0]), *given[1:]],
    "data and scalar": lambda given: [*given[:-1], oc.wrap(given[-1])],
    "array": lambda given: [oc.wrap(array(number)) for number in given],
    "array and data": lambda given: [oc.wrap(array(given[0])), *map(array, given[1:])],
    "data and array": lambda given: [*given[:-1], oc.wrap(array(given[-1]))],
    "array and scalar": lambda given: [oc.wrap(array(given[0])), *map(oc.wrap, given[1:])],
    "spec": lambda given: [oc.spec(2, type(number)) for number in given],
    "spec and data": lambda given: [oc.spec(2, type(given[0])), *given[1:]],
}


def executed(spelling, given):
    with oc.count() as tally, np.errstate(all="ignore"):
        result = spelling(*given)
    return result, tally.counts.to_dict()


def values(result):
    return np.asarray(oc.unwrap(result), float).tolist() if not isinstance(result, tuple) else [*map(values, result)]


CALLS = [
    (name, number, held) for name, row in OPERATIONS.items() for number in range(len(spellings(row))) for held in HELD
]
CALLS = [call for call in CALLS if OPERATIONS[call[0]].ufunc.nin == 2 or "and" not in call[2]]
EXECUTED_BY_NUMPY = {name for name, row in OPERATIONS.items() if not row.domain and not row.python}


def test_every_kind_has_one_row_and_every_row_a_kind():
    kinds = {*KINDS} - {*GROUPS["special"]}  # whose rows are in `special`
    assert {row.kind for row in OPERATIONS.values()} == kinds
    own = [row.kind for row in OPERATIONS.values() if not row.called]
    assert sorted(own) == sorted(kinds)
    assert {row.called for row in OPERATIONS.values() if row.called} == {"square", "float_power"}


def test_the_names_in_the_table_and_the_names_tested_are_equal_sets():
    assert {name for name, *_ in CALLS} == {*OPERATIONS}
    assert {name for name, *_ in PARTIALS} == {name for name, row in OPERATIONS.items() if row.partials}
    assert {*DIFFERENTIABLE} == {name for name, row in OPERATIONS.items() if row.domain}


def test_a_row_is_an_item_and_an_attribute_and_stands_under_its_ufunc():
    for name, row in OPERATIONS.items():
        assert OPERATIONS[name] is getattr(OPERATIONS, name) is BY_UFUNC[row.ufunc]
        assert row.name == name
        assert len(row.partials) in (0, row.ufunc.nin)
        assert len(row.domain) in (0, len(row.partials))
    assert not BY_UFUNC.keys() & COMPOSED.keys()


def test_a_ufunc_of_the_second_table_is_made_of_kinds_of_the_first():
    assert {kind for kinds in COMPOSED.values() for kind in kinds} <= {*OPERATIONS}
    assert kinds_of(np.divmod) == {"floordiv": 1, "mod": 1} and kinds_of(np.isnat) is None


@all_cases("name, number, held", CALLS)
def test_fast_and_slow_are_one_meaning(name, number, held):
    row = OPERATIONS[name]
    spelling = spellings(row)[number]
    fast = executed(spelling, HELD[held](operands(row)))
    with replaced(**{name: row._replace()}):  # as good a row, that no fast path was written for
        assert OPERATIONS[name] is not row
        slow = executed(spelling, HELD[held](operands(row)))
    assert type(fast[0]) is type(slow[0]) and repr(fast) == repr(slow)
    assert OPERATIONS[name] is row


@all_cases("name, number, held", CALLS)
def test_a_row_under_another_kind_counts_as_that(name, number, held):
    row = OPERATIONS[name]
    spelling = spellings(row)[number]
    if name in MIRRORED and held.startswith("data and ") and spelling is row.python:
        row, name = OPERATIONS[MIRRORED[name]], MIRRORED[name]  # Python asks the wrapped operand in the mirror
    _, counts = executed(spelling, HELD[held](operands(row)))
    with replaced(**{name: row._replace(kind=OTHER_KIND if name != OTHER_KIND else "mul")}):
        _, corrupted = executed(spelling, HELD[held](operands(row)))
    by_products = name == "pow" and type(operands(row)[1]) is int
    assert by_products or corrupted == {OTHER_KIND if name != OTHER_KIND else "mul": sum(counts.values())} != counts


def wrong_value(row):
    """The row with a value that is off by much."""
    execute = row.value

    def wrong(*given, **keywords):
        found = execute(*given, **keywords)
        if isinstance(found, tuple):
            return tuple(part + 1 for part in found)
        return np.logical_not(found) if np.asarray(found).dtype == bool else found + 1

    wrong.__name__, wrong.nin, wrong.nout, wrong.types = (
        row.ufunc.__name__,
        row.ufunc.nin,
        row.ufunc.nout,
        row.ufunc.types,
    )
    wrong.signature = None
    return row._replace(ufunc=wrong, python=wrong if row.python else None)


@all_cases("name, number, held", [call for call in CALLS if "spec" not in call[2]])
def test_a_row_with_another_value_has_that(name, number, held):
    row = OPERATIONS[name]
    spelling = spellings(row)[number]
    if name in MIRRORED and held.startswith("data and ") and spelling is row.python:
        row, name = OPERATIONS[MIRRORED[name]], MIRRORED[name]
    right, counts = executed(spelling, HELD[held](operands(row)))
    with replaced(**{name: wrong_value(row)}):
        wrong, as_ever = executed(spelling, HELD[held](operands(row)))
    assert values(wrong) != values(right)
    assert counts == as_ever or name == "pow"


# --- partials, on the nodes of a graph

PARTIALS = [
    (name, number, position, granularity)
    for name, row in OPERATIONS.items()
    for number in range(len(spellings(row)))
    for position, partial in enumerate(row.partials)
    for granularity in ("scalar", "array")
]


def slopes(spelling, given, position, granularity, data):
    x = [array(number) if granularity == "array" else number for number in given]

    def of_all(p):
        return np.sum(spelling(*p))

    def of_one(p):
        return np.sum(spelling(*x[:position], p, *x[position + 1 :]))

    g = oc.gradient(of_one if data else of_all, x[position] if data else x)
    return np.asarray(g.gradient if data else g.gradient[position], float).tolist()


@all_cases("data", [False, True])
@all_cases("name, number, position, granularity", PARTIALS)
@pytest.mark.filterwarnings("ignore::opcount.NothingCounted")
def test_a_row_with_another_partial_has_that(name, number, position, granularity, data):
    row = OPERATIONS[name]
    given = operands(row._replace(domain=row.domain or ((2.0, 3.0), (1.0, 1.5))))
    spelling = spellings(row)[number]
    right = slopes(spelling, given, position, granularity, data)
    corrupted = [*row.partials]
    corrupted[position] = lambda y, *_: y * 0 + 77.0
    with replaced(**{name: row._replace(partials=tuple(corrupted))}):
        wrong = slopes(spelling, given, position, granularity, data)
    assert np.ravel(wrong).tolist() == [77.0] * np.size(right) != np.ravel(right).tolist()
    assert row.partials[position] is not NO_DERIVATIVE or not np.any(right)
    if isinstance(row.partials[position], Structural):
        assert np.ravel(right).tolist() == [row.partials[position].sign] * np.size(right)


def test_what_is_assigned_is_seen_as_what_is_replaced():
    row = OPERATIONS.mul
    swapped = row._replace(partials=row.partials[::-1])
    try:
        OPERATIONS["mul"] = swapped
        assert oc.gradient(lambda x: x[0] * x[1], [3.0, 4.0]).gradient == [3, 4]
        assert oc.gradient(lambda x: x[0] * 2.0 * x[1], [3.0, 4.0]).gradient != [8, 6]
    finally:
        OPERATIONS["mul"] = row
    assert oc.gradient(lambda x: x[0] * x[1], [3.0, 4.0]).gradient == [4, 3]


def test_rows_come_back_whatever_happens_inside():
    row = OPERATIONS.mul
    with pytest.raises(ZeroDivisionError), replaced(mul=row._replace(kind="add")):
        1 / 0  # noqa: B018
    assert OPERATIONS.mul is row is BY_UFUNC[np.multiply]


def test_a_row_that_is_added_is_executed_and_can_be_taken_away():
    row = OPERATIONS.logaddexp2
    partials = (lambda y, a, b: np.exp2(a - y), lambda y, a, b: np.exp2(b - y))
    with replaced(logaddexp2=row._replace(partials=partials, domain=((-3.0, 3.0), (-3.0, 3.0)))):
        g = oc.gradient(lambda x: np.logaddexp2(x[0], x[1]), [1.0, 1.0])
        whole = oc.gradient(lambda x: np.sum(np.logaddexp2(x, 1.0)), np.ones(3))
        opened = oc.gradient(lambda x: np.sum(np.logaddexp2(x, 1.0)), np.ones(3), granularity="scalar")
    assert g.gradient == [0.5, 0.5] and g.phases["primal"] == {"logaddexp2": 1}
    assert whole.gradient.tolist() == opened.gradient.tolist() == [0.5] * 3 and whole.phases == opened.phases


# --- rules of users reach every way to a ufunc


@pytest.fixture
def ruled():
    taken = []

    def register(ufunc, rule):
        taken.append(ufunc)
        oc.register_rule(ufunc, rule)

    before = dict(OPERATIONS)
    yield register
    for ufunc in taken:
        oc.register_rule(ufunc, None)
    assert all(OPERATIONS[name] is row is BY_UFUNC[row.ufunc] for name, row in before.items())


RULED = [call for call in CALLS if call[0] not in ("lt", "le", "gt", "ge")]


@pytest.mark.parametrize(("name", "number", "held"), RULED)
def test_a_rule_of_a_ufunc_reaches_operators_and_functions_alike(ruled, name, number, held):
    row = OPERATIONS[name]
    spelling = spellings(row)[number]
    result, counts = executed(spelling, HELD[held](operands(row)))
    times = 1 if "scalar" in held and "array" not in held else 2
    ruled(row.ufunc, {"exp": 3, "add": 1})
    again, by_rule = executed(spelling, HELD[held](operands(row)))
    assert by_rule == {"exp": 3 * times, "add": times}
    assert repr(again) == repr(result)
    ruled(row.ufunc, lambda *given: {"log": 5})
    assert executed(spelling, HELD[held](operands(row)))[1] == {"log": 5}
    ruled(row.ufunc, None)
    assert executed(spelling, HELD[held](operands(row)))[1] == counts


def test_a_rule_reaches_what_is_in_place_methods_and_nodes(ruled):
    ruled(np.add, {"exp": 1})
    x = oc.wrap(np.ones(3))
    with oc.count() as tally:
        x += 1
        np.add.reduce(x)
        np.add.outer(x, x)
    assert tally.counts == {"exp": 3 + 2 + 9}
    assert oc.gradient(lambda x: x[0] + x[1], [1.0, 2.0]).phases["primal"] == {"exp": 1}
    assert oc.gradient(lambda x: np.sum(x + x), np.ones(3)).phases["primal"] == {"exp": 3, "add": 2}
    assert oc.measure(operator.add, 1, 2) == oc.Measured(3, oc.Counts(exp=1))


def test_a_rule_of_another_name_of_an_operation_is_its_own(ruled):
    ruled(np.fabs, {"exp": 1})
    assert oc.measure(np.fabs, -2.0).counts == {"exp": 1}
    assert oc.measure(np.absolute, -2.0).counts == oc.measure(abs, -2.0).counts == {"abs": 1}


# --- the kinds that NumPy executes on numbers


@pytest.mark.parametrize("name", sorted(EXECUTED_BY_NUMPY))
def test_a_number_has_numpys_value_and_type(name):
    row = OPERATIONS[name]
    given = operands(row)
    found, counts = executed(row.ufunc, map(oc.wrap, given))
    expected = row.ufunc(*given)
    assert counts == {row.kind: 1}
    for one, plain in zip(*((pair if isinstance(pair, tuple) else (pair,)) for pair in (found, expected)), strict=True):
        assert type(oc.unwrap(one)) is type(plain) and oc.unwrap(one) == plain
        assert isinstance(one, np.bool_) or type(one) is oc.Scalar


@pytest.mark.parametrize(("ufunc", "given", "told"), [
    (np.ldexp, (1.0, 5000), "overflow"), (np.fmod, (1.0, 0.0), "invalid"),
])  # fmt: skip
def test_a_warning_points_at_the_line_of_the_user(ufunc, given, told):
    with pytest.warns(RuntimeWarning, match=f"{told} value|{told} encountered") as caught:
        ufunc(*map(oc.wrap, given))
    assert [warning.filename for warning in caught] == [__file__]


def test_a_users_count_is_forgotten_with_none():
    x = oc.wrap(0.5)
    for rule, counts in (({"spacing": 2}, {"spacing": 2}), (None, {"sin": 1})):
        oc.register_rule(np.sin, rule)
        assert oc.measure(np.sin, 0.5).counts == counts
        with oc.count() as tally:
            x.sin()
        assert tally.counts == counts


@pytest.mark.parametrize("name", [name for name, row in OPERATIONS.items() if row.ufunc is not None])
def test_an_operation_is_known_by_one_ufunc_whatever_its_row_says(name):
    row = OPERATIONS[name]
    with replaced(**{name: row._replace(ufunc=np.spacing)}):
        assert ufunc_of(OPERATIONS[name]) is row.ufunc
    assert ufunc_of(row) is row.ufunc
    assert ufunc_of(row._replace(ufunc=np.spacing)) is np.spacing  # of no row of the table


@pytest.mark.parametrize("symbol", ["<", "<=", ">", ">=", "==", "!="])
def test_a_comparison_with_an_operator_gives_a_plain_truth_value(symbol):
    found = [eval(f"x {symbol} y", {"x": oc.wrap(x), "y": y}) for x in (1.0, 2.0) for y in (1.0, 2.0)]
    assert found == [eval(f"x {symbol} y", {"x": x, "y": y}) for x in (1.0, 2.0) for y in (1.0, 2.0)]
    assert {type(truth) for truth in found} == {bool}
