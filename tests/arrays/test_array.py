"""Array: what a wrapped array does like NumPy's, what it counts, and what it does not let out."""

import array
import copy
import inspect
import io
import itertools
import json
import math
import operator
import pickle
import re
import sys
import threading
import tracemalloc
import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import opcount as oc
from opcount.functions.numpy_rules import RULES
from opcount.wrapping.operations import OPERATIONS
from tests.support.same import assert_same

V = np.array([3.0, 1.0, 2.0])
A = np.arange(6.0).reshape(2, 3)
I = np.array([3, 1, 2])  # noqa: E741
C = np.array([1 + 2j, 3 - 1j, 2j])
NOTHING = oc.Counts()


def outcome(program, *operands):
    """What a program does with these operands: its plain result, or the type of its error; and what it warns of."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            result = oc.unwrap(program(*operands))
        except Exception as error:
            result = type(error)
    return result, operands, [(warning.category, str(warning.message)) for warning in heard]


def check_like_numpy(program, *plain):
    """Value, dtype, shape, warnings and type of error are those of plain arrays, and so is what the operands become."""
    expected, before, said = outcome(program, *(operand.copy() for operand in plain))
    found, after, heard = outcome(program, *map(oc.wrap, plain))
    assert heard == said
    if isinstance(expected, type):
        # what has no count is refused before NumPy refuses it
        allowed = (expected, oc.Uncounted) if issubclass(expected, TypeError) else expected
        assert isinstance(found, type) and issubclass(found, allowed), f"{found}, not {expected}"
    else:
        assert_same(found, expected)
    for one, other in zip(after, before, strict=True):
        assert_same(oc.unwrap(one), other)


# --- operators

BINARY = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow,
    operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne, operator.matmul, divmod,
]  # fmt: skip
BITS = ["__and__", "__or__", "__xor__", "__lshift__", "__rshift__"]
OTHERS = [
    2, 2.5, -1, 0, 2.0, 10**3, True, np.float32(1.5), np.int8(2), np.float64(0.5), V, I, V.astype(np.float32), A[:, :1],
    V[:0], np.zeros((4, 3)), [1, 2, 3], (1.0, 2.0, 3.0), None, "x", np.array(2.0), np.bool_(True), V > 1,
]  # fmt: skip


@pytest.mark.parametrize("function", BINARY)
@pytest.mark.parametrize(
    "values", [V, I, V.astype(np.float32), A, V[:0]], ids=["float", "int", "float32", "2-d", "empty"]
)
def test_an_operator_does_what_numpy_does(function, values):
    for other in OTHERS:
        check_like_numpy(lambda x, other=other: function(x, other), values)
        check_like_numpy(lambda x, other=other: function(other, x), values)


@pytest.mark.parametrize("name", BITS)
@pytest.mark.parametrize("values", [I, V > 1, V], ids=["int", "truths", "float"])
def test_an_operator_on_bits_does_what_numpy_does(name, values):
    for other in (1, 5, I, True, 2.5, V > 1, V):
        check_like_numpy(lambda x, other=other: getattr(operator, name)(x, other), values)
        check_like_numpy(lambda x, other=other: getattr(operator, name)(other, x), values)


IN_PLACE = [
    "iadd",
    "isub",
    "imul",
    "itruediv",
    "ifloordiv",
    "imod",
    "ipow",
    "iand",
    "ior",
    "ixor",
    "ilshift",
    "irshift",
]


@pytest.mark.parametrize("name", IN_PLACE)
@pytest.mark.parametrize(
    "values", [V, I, V.astype(np.float32), C, V > 1], ids=["float", "int", "float32", "complex", "truths"]
)
def test_an_operator_in_place_does_what_numpy_does_to_everybody_who_sees_the_array(name, values):
    def program(x, other):
        same, view = x, x[1:]
        x = getattr(operator, name)(x, other)
        return [x is same, x, view]

    for other in (2, 2.5, 1j, V, I, np.ones(2), np.zeros((4, 3)), True):
        if values.dtype == complex and name in {"itruediv", "ipow"}:
            continue  # these have no count: see the exits
        check_like_numpy(lambda x, other=other: program(x, other), values)


def test_an_operator_in_place_on_an_element_makes_a_new_one():
    for values in (V, C):
        x = oc.wrap(values)
        element = before = x[0]
        element += 1
        assert element is not before and oc.unwrap(before) == values[0] == oc.unwrap(x)[0]


MIRRORED = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}


OPERATORS = sorted(name for name, row in OPERATIONS.items() if row.python and name not in ("pow", "square"))


def test_the_operators_are_those_of_python():
    assert len(OPERATORS) == 20


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_counts_one_operation_of_its_kind_for_each_element(name):
    execute, ufunc, kind_of_row = OPERATIONS[name].python, OPERATIONS[name].ufunc, OPERATIONS[name].kind
    x = oc.wrap(I)
    for operands in [(x,)] if ufunc.nin == 1 else [(x, x), (x, 2), (2, x), (x, I), (I, x), (x, x[0]), (x[0], x)]:
        with oc.count() as tally:
            execute(*operands)
        kind = kind_of_row
        if operands[0] is not x and not isinstance(operands[0], np.ndarray):
            kind = MIRRORED.get(kind, kind)  # Python asks a number's partner in the mirror
        assert tally.counts == {kind: 3}, operands


@pytest.mark.parametrize(
    ("program", "counts"),
    [
        (lambda x: x @ x, {"mul": 3, "add": 2}),
        (lambda x: x**3, {"mul": 6}),
        (lambda x: x**-3, {"mul": 6, "div": 3}),
        (lambda x: x**0, {}),
        (lambda x: x**2.0, {"pow": 3}),
        (lambda x: x ** np.array([1, 2, 3]), {"mul": 0 + 1 + 2}),
        (lambda x: x**x, {"pow": 3}),
        (lambda x: 2**x, {"pow": 3}),
        (lambda x: np.power(x, 5), {"mul": 9}),
        (lambda x: np.float_power(x, 5), {"pow": 3}),
        (lambda x: divmod(x, 2), {"floordiv": 3, "mod": 3}),
        (lambda x: sum(x), {"add": 3}),
        (lambda x: max(x), {"gt": 2}),
        (lambda x: [a * b for a, b in zip(x, x, strict=True)], {"mul": 3}),
        (lambda x: 2.0 in x, {"eq": 3}),
        (lambda x: x[0] * x, {"mul": 3}),
        (lambda x: V * x[0], {"mul": 3}),
        (lambda x: (x > 1).sum(), {"gt": 3, "add": 2}),
        (lambda x: (x > 1) * 2.0, {"gt": 3, "mul": 3}),
        (lambda x: ((x > 1) & ~(x > 2)).any(), {"gt": 6}),
        (lambda x: x.astype(bool), {"ne": 3}),
        (lambda x: x[::-1].copy().reshape(3, 1).T, {}),
        (lambda x: np.where(x > 1, x, 0), {"gt": 3}),
    ],
)  # fmt: skip
def test_counts_by_hand(program, counts):
    assert oc.measure(program, V).counts == counts


def test_an_operation_is_executed_once_whatever_it_computes():
    large, truths = np.array([1e308 + 1e308j]), V > 1
    for program in (lambda c: c * c, np.square, lambda c: c @ c, lambda c: np.sum(np.stack([c, c]))):
        check_like_numpy(program, large)  # which compares the warnings, too
    check_like_numpy(lambda m: [m + m, m * m, m @ m, m.sum(), m.prod()], truths)


# --- indexing, views, writing

INDEXES = [
    0, -1, 5, np.int64(1), slice(1, None), slice(None, None, -1), [0, 1], [], [True, False], np.array([1, 0, 1]), None,
    ..., (0, 1), (slice(None), 1), (0, ...), (..., 0), np.array([[0, 1], [1, 0]]), (np.array([0, 1]), [1, 2]), True,
    np.array([True, False]), (0, 0, 0), "a", 1.5, (slice(None), np.array([True, False, True])), A > 2,
]  # fmt: skip


@pytest.mark.parametrize("key", INDEXES, ids=repr)
def test_indexing_does_what_numpy_does(key):
    check_like_numpy(lambda a: a[key], A)
    check_like_numpy(lambda a: np.shares_memory(a[key], a) if np.ndim(a[key]) else None, A)
    for value in (7, 1.5, V, np.zeros(2), [1, 2], 1j, "a"):
        check_like_numpy(lambda a, value=value: a.__setitem__(key, value), A)


def test_a_wrapped_mask_is_an_index_also_of_a_plain_array():
    v = oc.wrap(V)
    assert oc.unwrap(v[v > 1]).tolist() == [3, 2] and V[v > 1].tolist() == [3, 2]
    v[v > 2] = 0
    assert oc.unwrap(v).tolist() == [0, 1, 2]


def test_values_and_elements_are_written_from_wrapped_and_plain_alike():
    v = oc.wrap(V)
    v[0], v[1:] = v[2], v[:2].copy()
    v[[0]] = [v[1] + 1]
    assert oc.unwrap(v).tolist() == [4, 3, 1]


def test_slices_share_memory_and_copies_do_not():
    v = oc.wrap(A)
    views = [v[0], v.T, v.reshape(3, 2), v.ravel(), v[:, ::2], v.real, v.view(), np.broadcast_to(v, (4, 2, 3)), v.flat]
    copies = [v.copy(), v.flatten(), copy.copy(v), copy.deepcopy(v), v[[0, 1]], v + 0, v.astype(float)]
    v[0, 0] = 9
    assert all(oc.unwrap(view[0] if np.ndim(view) < 2 else view[0, 0] if view.ndim == 2 else view[0, 0, 0]) == 9
               for view in views)  # fmt: skip
    assert all(0 in oc.unwrap(duplicate) for duplicate in copies)


def test_attributes_can_be_written():
    def program(x):
        x.shape = (3, 2)
        x.flat = [1, 2]
        x.real = 5
        x.fill(2)
        x.flat[1] = 4
        x.put([0], 3)
        return [x, list(x.flat[:2]), len(x.flat)]

    check_like_numpy(program, A)
    check_like_numpy(lambda c: [setattr(c, "imag", 1), c][1], C)


# --- NumPy's face


def test_an_array_has_what_an_ndarray_has():
    missing = {name for name in set(dir(np.ndarray)) - set(dir(oc.Array)) if not re.match("_[^_]", name)}
    missing -= {"ptp", "tostring", "itemset", "newbyteorder"}  # NumPy 2.0 lists them, to say that they are gone
    # these hand the memory out without asking: NumPy would take an Array for a plain array
    assert missing == {
        "__array_finalize__", "__array_interface__", "__array_priority__", "__array_struct__", "__array_wrap__",
        "__class_getitem__", "__setstate__",
    }  # fmt: skip


METHODS = [
    lambda a: a.all(), lambda a: a.any(axis=0), lambda a: a.argmax(1), lambda a: a.argmin(), lambda a: a.clip(1, 3),
    lambda a: a.clip(min=2), lambda a: a.compress([True, False], 0), lambda a: a.conj(), lambda a: a.cumprod(),
    lambda a: a.cumsum(1), lambda a: a.diagonal(), lambda a: a.dot(a.T), lambda a: a.max(0), lambda a: a.mean(),
    lambda a: a.mean(axis=1, keepdims=True), lambda a: a.min(initial=-1), lambda a: a.nonzero(), lambda a: a.prod(1),
    lambda a: a.ravel("F"), lambda a: a.repeat(2, 1), lambda a: a.reshape(3, -1), lambda a: a.reshape((6,)),
    lambda a: a.reshape(3, 2, order="F"), lambda a: a.round(1), lambda a: a.squeeze(), lambda a: a.std(0),
    lambda a: a.sum(), lambda a: a.sum((0, 1)), lambda a: a.sum(where=[True, False, True]), lambda a: a.swapaxes(0, 1),
    lambda a: a.take([0, 1], 1), lambda a: a.trace(), lambda a: a.transpose(1, 0), lambda a: a.var(1, ddof=1),
    lambda a: a.astype(np.float32), lambda a: a.astype(int), lambda a: a.view(np.int64), lambda a: a.byteswap(),
    lambda a: a.T.mT, lambda a: [a.ndim, a.size, a.nbytes, a.itemsize, a.strides, a.device, a.flags.c_contiguous],
    lambda a: a.sum(axis=5), lambda a: a.reshape(4), lambda a: a.max(0, keepdims=1), lambda a: a[:0].max(),
    lambda a: a[:0].sum(0), lambda a: a[:0].mean(), lambda a: [len(a), *a], lambda a: list(a[0]),
    lambda a: iter(a[0, 0]),
    lambda a: len(a.sum()), lambda a: a.getfield(np.int32), lambda a: str(a), lambda a: f"{a}",
]  # fmt: skip


@pytest.mark.parametrize("method", METHODS, ids=range(len(METHODS)))
def test_a_method_does_what_numpys_does(method):
    check_like_numpy(method, A)


def test_an_element_has_what_code_for_arrays_asks_of_a_number():
    check_like_numpy(lambda a: [a[0, 0].shape, a.sum().ndim, a.mean().size, a.sum().astype(np.float32)], A)
    check_like_numpy(lambda a: [a.sum().reshape(1, 1), a.sum().ravel(), a.sum().T, a.sum().copy(), a.sum().conj()], A)
    check_like_numpy(lambda a: [a.sum().round(1), a.sum().sum(), a.mean().mean(), a.max().max(), a.min().min()], A)
    check_like_numpy(lambda a: [a[0, 1].clip(2, 3), a.sum().astype(int, copy=False)], A)
    check_like_numpy(lambda n: [~n[0], n[0] & 1, 3 | n[0], n[0] ^ n[1], n[0] << 2, n[0] >> 1], I)
    with pytest.raises(oc.Uncounted, match=r"oc\.unwrap"):
        W[0].item()
    with oc.count(uncounted="record") as tally:
        assert (W[0].item(), oc.wrap(2).item()) == (3.0, 2)
    assert tally.uncounted == (("item()", 2, 2),)


def test_copies_keep_the_order_of_memory_and_conjugates_of_real_numbers_are_the_array():
    fortran = oc.wrap(np.asfortranarray(A))
    assert all(c.flags.f_contiguous for c in (fortran, copy.copy(fortran), copy.deepcopy(fortran)))
    assert fortran.conj() is fortran
    check_like_numpy(lambda c: [c.conj(), c.conjugate(c), c], C)

    def typed(a):
        a.dtype = np.int64
        return a

    check_like_numpy(typed, A)


def test_an_array_is_shown_as_numpy_shows_it():
    assert repr(oc.wrap(A)) == "Array([[0., 1., 2.],\n       [3., 4., 5.]])"
    assert repr(oc.wrap(I.astype(np.int8))) == "Array([3, 1, 2], dtype=int8)"
    assert repr(oc.wrap(C)[0]) == "Array(np.complex128(1+2j))"
    assert f"{oc.wrap(V)[0]:.2f}" == "3.00"


def test_the_namespace_of_an_array_is_numpy():
    xp = oc.wrap(V).__array_namespace__()
    with oc.count() as tally:
        assert type(xp.tanh(oc.wrap(V))) is oc.Array
    assert xp is np and tally.counts == oc.Counts(tanh=3)


class Foreign:
    """Another library's array, which would take care of operations with anybody's."""

    def __array_ufunc__(self, ufunc, method, *inputs, **keywords):
        return "foreign"

    def __add__(self, other):
        return "foreign add"

    __radd__ = __add__


def test_another_librarys_array_is_asked_only_where_it_stands_first():
    v = oc.wrap(V)
    assert Foreign() + v == "foreign add"
    for program in (lambda: v + Foreign(), lambda: np.add(v, Foreign()), lambda: v * oc.Counts(mul=1)):
        with pytest.raises(oc.Uncounted, match="has operations of its own"):
            program()


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_a_masked_array_and_a_matrix_have_operations_of_their_own():
    for other in (np.ma.array(V, mask=[True, False, False]), np.asmatrix(V)):
        for program in (lambda a, b: a * b, lambda a, b: b * a, np.add, lambda a, b: np.dot(a, b.T)):
            with oc.count() as tally, pytest.raises(oc.Uncounted, match=r"np\.asarray|plain one|o\.filled"):
                program(W, other)
            assert tally.counts == NOTHING


def test_what_an_array_can_hold():
    for values in (np.array(["a"]), np.array([None]), np.array(["2026-01-01"], "M8[D]"), [1.0], 1.0):
        with pytest.raises(oc.InvalidType, match=r"an Array holds a NumPy array of numbers"):
            oc.Array(values)
    for dtype in "?bhilqBHILQefdgFDG":
        assert oc.Array(np.ones(2, dtype)).dtype == dtype


# --- exits

W, J, M = oc.wrap(V), oc.wrap(I), oc.wrap(V > 1)
ONE = oc.wrap(np.array(1.5))

EXITS = {
    "np.asarray()": [lambda: np.asarray(W), lambda: np.array(W, float), lambda: np.zeros(3).__setitem__(..., W),
                     lambda: np.array([W, W]), lambda: np.float64(W), lambda: np.random.default_rng(0).normal(W),
                     lambda: np.ma.array(W), lambda: np.vectorize(abs)(W)],
    "float()": [lambda: float(ONE), lambda: math.sin(ONE), lambda: math.fsum(W), lambda: array.array("d", W)],
    "int()": [lambda: int(ONE)],
    "index": [lambda: range(J[0]), lambda: [1, 2, 3][oc.wrap(np.array(1))]],
    "array index": [lambda: np.take(W, J - 1), lambda: np.repeat(W, J), lambda: np.roll(W, J[0]), lambda: W[J - 1],
                    lambda: W[[J[0] - 1]], lambda: W.copy().__setitem__(J - 1, 0), lambda: W.take(J - 1)],
    "complex()": [lambda: complex(ONE)],
    "bool()": [lambda: bool(ONE), lambda: 1 if ONE else 0, lambda: not oc.wrap(np.array([2.0]))],
    "item()": [lambda: W.item(0)],
    "tolist()": [lambda: W.tolist()],
    "tobytes()": [lambda: W.tobytes()],
    "tofile()": [lambda: W.tofile("/dev/null")],
    "dump()": [lambda: W.dump(io.BytesIO())],
    "dumps()": [lambda: W.dumps()],
    "pickle": [lambda: pickle.dumps(W), lambda: pickle.dumps(oc.wrap(C)[0])],
    "data": [lambda: W.data],
    "ctypes": [lambda: W.ctypes],
    "__dlpack__": [lambda: np.from_dlpack(W)],
    "np.add into a plain array": [lambda: np.add(W, W, out=np.zeros(3)), lambda: operator.iadd(np.zeros(3), W)],
    "np.add.at into a plain array": [lambda: np.add.at(np.zeros(3), [0, 1, 2], W)],
    "np.cumsum into a plain array": [lambda: np.cumsum(W, out=np.zeros(3)), lambda: np.cumsum(W, 0, None, np.zeros(3))],
    "np.copyto into a plain array": [lambda: np.copyto(np.zeros(3), W)],
    "np.sort": [lambda: np.sort(W), lambda: W.copy().sort()],
    "np.argsort": [lambda: V[np.argsort(W)], lambda: W.argsort()],
    "np.linalg.svd": [lambda: np.linalg.svd(oc.wrap(A))],
    "np.fft.fft": [lambda: np.fft.fft(W)],
    "np.unique": [lambda: np.unique(W)],
    "np.divide": [lambda: oc.wrap(C) / 2],
    "np.savez": [lambda: np.savez(io.BytesIO(), W)],
}  # fmt: skip
DOORS = [
    pytest.param(door, leave, id=f"{door} {n}") for door, programs in EXITS.items() for n, leave in enumerate(programs)
]


@pytest.mark.parametrize(("door", "leave"), DOORS)
def test_an_exit_is_refused_with_the_way_out(door, leave):
    with oc.count() as tally, pytest.raises(oc.Uncounted, match=r"oc\.unwrap|x != 0|np\.zeros_like") as caught:
        leave()
    assert isinstance(caught.value, TypeError) and isinstance(caught.value, oc.OpcountError)
    assert tally.uncounted == ()


@pytest.mark.parametrize(("door", "leave"), DOORS)
def test_an_exit_is_recorded_where_the_count_says_so(door, leave):
    with oc.count(uncounted="record") as tally:
        leave()
    assert door in {exit.door for exit in tally.uncounted}
    assert all(exit.times > 0 and exit.elements > 0 for exit in tally.uncounted)


def test_records_say_how_often_and_how_many():
    with oc.count(uncounted="record") as tally:
        assert [np.asarray(W).sum(), np.asarray(A).sum(), np.asarray(oc.wrap(A)).sum()] == [6, 15, 15]
        with oc.count() as inner:
            assert math.sin(W[0]) == math.sin(3)
        with oc.count(uncounted="refuse"), pytest.raises(oc.Uncounted):
            float(W[0])
        with oc.region("later"):
            plain = np.zeros(3)
            plain += W
    assert tally.uncounted == (("np.asarray()", 2, 9), ("float()", 1, 1), ("np.add into a plain array", 1, 3))
    assert inner.uncounted == (("float()", 1, 1),)
    assert tally.counts == oc.Counts(add=3) and plain.tolist() == V.tolist()


def test_what_is_recorded_of_a_refused_function_stays_wrapped_and_positions_are_plain():
    with oc.count(uncounted="record") as tally:
        ordered, order = np.sort(W) * 2, np.argsort(W)
    assert type(ordered) is oc.Array and type(order) is np.ndarray
    assert tally.counts == oc.Counts(mul=3)


@pytest.mark.parametrize("word", ["ignore", True, 0, ""])
def test_another_word_for_what_to_do_is_refused(word):
    with pytest.raises(oc.InvalidValue, match=r'uncounted is "refuse" .* or "record"'), oc.count(uncounted=word):
        pass


@pytest.mark.parametrize(
    "leave", [lambda: float(W), lambda: int(W), lambda: range(W), lambda: complex(W), lambda: bool(W)]
)
def test_several_numbers_are_no_number_and_numpy_says_so(leave):
    with pytest.raises((TypeError, ValueError), match=r"length-1|0-dimensional|scalar index|ambiguous"):
        leave()


@pytest.mark.skipif(sys.version_info < (3, 12), reason="before 3.12, Python asks no class of ours for its buffer")
def test_the_buffer_is_an_exit():
    for leave in (lambda: memoryview(W), lambda: bytes(J)):
        with pytest.raises(oc.Uncounted, match=r"oc\.unwrap"):
            leave()
        with oc.count(uncounted="record") as tally:
            leave()
        assert tally.uncounted == (("np.asarray()", 1, 3),)
    assert memoryview(M).tolist() == M.tolist()


@pytest.mark.parametrize("leave", [lambda: json.dumps(W), lambda: hash(W), lambda: {W: 1}])
def test_python_refuses_what_it_does_not_ask_about(leave):
    with pytest.raises(TypeError):
        leave()


def test_the_truth_of_a_comparison_is_control_flow():
    with oc.count() as tally:
        assert (W > 0).all() and not (W > 5).any() and bool(W[:1] == 3) and M[0]
        assert [bool(m) for m in M] == M.tolist() == np.asarray(M).tolist() == [True, False, True]
        assert M.item(1) is False and np.flatnonzero(M).tolist() == [0, 2]
    assert tally.counts == oc.Counts(gt=6, eq=1)


def test_a_function_without_an_exact_count_names_the_way_out():
    with pytest.raises(
        oc.Uncounted, match=r"^np\.linalg\.svd: it iterates .* no exact count.*oc\.register_rule.*oc\.unwrap"
    ):
        np.linalg.svd(oc.wrap(A))


# --- mixtures with object arrays and with functions that are differentiated


def test_wrapped_numbers_in_an_object_array_join_a_wrapped_array():
    angles = np.array([W[0], W[1]])
    for program, counts in (
        (lambda a: a @ angles, {"mul": 4, "add": 2}),
        (lambda a: angles @ a, {"mul": 4, "add": 2}),
        (lambda a: a[0] + angles, {"add": 2}),
        (lambda a: angles - a[0], {"sub": 2}),
        (lambda a: np.arctan2(a[0], angles), {"arctan2": 2}),
        (lambda a: np.dot(a, angles), {"mul": 4, "add": 2}),
        (lambda a: operator.imul(a[0], angles), {"mul": 2}),
    ):
        with oc.count() as tally:
            result = program(oc.wrap(np.eye(2)))
        assert type(result) is oc.Array and tally.counts == counts


def test_integers_among_objects_do_not_overflow():
    assert oc.unwrap(oc.wrap(np.array([2**62])) * np.array([4], dtype=object)).tolist() == [2**64]


def test_objects_among_arrays():
    numbers = np.array([1.0, 2.0], dtype=object)
    halves = np.array([Fraction(1, 2), Fraction(1, 3)], dtype=object)
    target = oc.wrap(np.zeros(2))
    for values in (numbers, halves):
        with oc.count() as tally:
            product = oc.wrap(np.array([2, 3])) * values
        assert oc.unwrap(product).tolist() == [2 * values[0], 3 * values[1]] and tally.counts == oc.Counts(mul=2)
        with pytest.raises(TypeError):  # NumPy casts no objects to numbers
            np.add(values, 1, out=target)
        with pytest.raises(oc.Uncounted):
            np.add.at(target, [0, 1], values)
        assert oc.unwrap(target).tolist() == [0, 0]
    target[:] = numbers
    target[1:] = np.array([oc.wrap(5.0)], dtype=object)
    target[:1] = [oc.wrap(4)]
    assert oc.unwrap(target).tolist() == [4, 5]
    with pytest.raises(oc.Uncounted, match="cannot hold fractions"):
        target[0] = oc.wrap(Fraction(1, 2))


@pytest.mark.parametrize(
    "leave",
    [lambda: W.astype("m8[s]"), lambda: J.astype(str), lambda: W.view("S8"), lambda: J * np.timedelta64(1, "s")],
)
def test_what_is_no_array_of_numbers_any_more_has_left(leave):
    with pytest.raises(oc.Uncounted, match=r"are not counted: use oc\.unwrap"):
        leave()
    with oc.count(uncounted="record") as tally:
        assert type(leave()) is np.ndarray
    assert [exit.elements for exit in tally.uncounted] == [3]


def test_a_view_is_an_array_whichever_class_is_asked_for():
    for view in (W.view(oc.Array), W.view(np.ndarray), W.view(type=np.ndarray), W.view(W.dtype, np.ndarray)):
        assert type(view) is oc.Array and np.shares_memory(view, W)
    assert W[0].astype(object) == 3


def test_a_python_function_made_a_ufunc_counts_what_it_executes_on_each_element():
    with oc.count() as tally:
        result = np.frompyfunc(lambda x, y: x * x + y, 2, 1)(oc.wrap(V), 1)
    assert oc.unwrap(result).tolist() == [10, 2, 5] and tally.counts == oc.Counts(mul=3, add=3)


def test_a_wrapped_array_as_data_of_a_function_that_is_differentiated():
    data = oc.wrap(A)
    g = oc.gradient(lambda w: np.sum(np.tanh(data @ w)), V)
    plain = oc.gradient(lambda w: np.sum(np.tanh(A @ w)), V)
    np.testing.assert_array_equal(g.gradient, plain.gradient)
    assert g.phases["accumulation"] == plain.phases["accumulation"]


def test_a_wrapped_array_is_differentiated_as_the_plain_one():
    def f(p):
        return np.sum(p["w"] * p["w"]) * p["a"]

    x = {"w": V, "a": 2.0}
    for method in oc.METHODS:
        g, plain = oc.gradient(f, oc.wrap(x), method), oc.gradient(f, x, method)
        np.testing.assert_array_equal(g.gradient["w"], plain.gradient["w"])
        assert g.gradient["a"] == plain.gradient["a"] and g.phases == plain.phases
    assert oc.trace(f, oc.wrap(x)).paths() == oc.trace(f, x).paths() == [2, 1]
    assert oc.trace(f, oc.wrap(x), granularity="scalar").paths() == [2, 2, 2, 1]
    assert oc.compare(f, oc.wrap(x)).equals(oc.compare(f, x))


def test_a_constant_array_is_no_number_to_differentiate():
    for f in (lambda x: W, lambda x: [W], lambda x: oc.wrap(V)):
        with pytest.raises(oc.InvalidType, match="a gradient is that of one number"):
            oc.gradient(f, 1.0)
    assert oc.gradient(lambda x: W[0], 1.0).gradient == oc.gradient(lambda x: ONE, 1.0).gradient == 0.0


@pytest.mark.parametrize(
    ("program", "counts"),
    [
        (lambda x, m: np.add(V, V, out=x), {}),
        (lambda x, m: np.add(x, V, out=x), {"add": 3}),
        (lambda x, m: np.sum(V, out=x[:1].reshape(())), {}),
        (lambda x, m: np.cumsum(x, out=x), {"add": 2}),
        (lambda x, m: np.cumsum(V, 0, None, x), {}),
        (lambda x, m: np.add.accumulate(x, axis=None), {"add": 2}),
        (lambda x, m: np.add.reduceat(x, [0, 2], axis=(-1,)), {"add": 1}),
        (lambda x, m: np.sum(V, where=m), {}),
        (lambda x, m: np.sum(x, where=m), {"add": 1}),
        (lambda x, m: np.where(m, V, 0), {}),
        (lambda x, m: x**True, {}),
        (lambda x, m: x ** np.array([True, False, True]), {}),
        (lambda x, m: m.__setitem__(..., x), {"ne": 3}),
        (lambda x, m: m.__setitem__(0, x[0]), {"ne": 1}),
        (lambda x, m: m.__setitem__(..., x > 1), {"gt": 3}),
    ],
)
def test_what_is_computed_of_plain_data_is_not_counted_and_what_becomes_a_truth_value_is(program, counts):
    x, m = oc.wrap(V), oc.wrap(V > 1)
    with oc.count() as tally:
        program(x, m)
    assert tally.counts == counts


def test_a_cast_to_truth_values_inside_a_function_is_refused():
    for program in (
        lambda: np.copyto(oc.wrap(V > 1), W, casting="unsafe"),
        lambda: np.concatenate([W, W], dtype=bool, casting="unsafe"),
        lambda: oc.wrap(C).astype(bool),
    ):
        with oc.count() as tally, pytest.raises(oc.Uncounted, match=r"!= 0|oc\.unwrap"):
            program()
        assert tally.counts == NOTHING
    np.copyto(oc.wrap(V > 1), M)


def test_functions_of_functions_and_the_dtype_of_a_covariance_are_numpys():
    check_like_numpy(lambda n: np.piecewise(n, np.array([1, 0, 1]), [7]), I)
    check_like_numpy(lambda n: np.piecewise(n, [n < 2, n > 2], [lambda x: -x, lambda x: x * x]), I)
    for dtype in (np.float32, np.float64):
        check_like_numpy(lambda a, dtype=dtype: [np.cov(a, dtype=dtype), np.corrcoef(a, dtype=dtype)], A * A)


def test_an_operation_that_numpy_refuses_is_not_counted():
    v = oc.wrap(V)
    programs = [lambda: v + np.ones(2), lambda: v @ np.ones(2), lambda: np.sum(v, axis=3), lambda: v.reshape(2),
                lambda: np.stack([v, v[:2]]), lambda: np.einsum("ij", v), lambda: oc.wrap(I) ** -1,
                lambda: operator.iadd(oc.wrap(I), 0.5), lambda: np.bitwise_and(v, 1), lambda: v + "a"]  # fmt: skip
    with oc.count() as tally:
        for program in programs:
            with pytest.raises((TypeError, ValueError)):
                program()
    assert tally.counts == NOTHING and tally.uncounted == ()


def test_nothing_is_kept_of_an_operation():
    x = oc.wrap(np.ones(8))

    def work(times):
        with oc.count() as tally:
            for _ in range(times):
                y = x * x + x
        return tally.counts, y

    work(100)
    tracemalloc.start()
    try:
        work(100)
        few = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        counts, _ = work(10_000)
        many = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert counts == oc.Counts(mul=80_000, add=80_000)
    assert many < few + 20_000


def test_threads_that_share_a_count_lose_nothing():
    import contextvars

    x = oc.wrap(np.ones(3))

    def work():
        for _ in range(2000):
            x + x

    with oc.count() as tally:
        threads = [threading.Thread(target=contextvars.copy_context().run, args=(work,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert tally.counts == oc.Counts(add=4 * 2000 * 3)


# --- random programs: a whole array counts what an object array of Scalars executes

UNARY = [
    np.tanh, np.exp, np.sin, operator.neg, abs, np.square, lambda x: x**3, lambda x: x**-1, lambda x: 1 / (2 + x * x),
    lambda x: x.T, lambda x: x.ravel(), lambda x: x[::-1], lambda x: x[..., :1], lambda x: x.reshape(-1, 1),
    lambda x: np.sum(x, axis=0), lambda x: x.mean(axis=-1), lambda x: np.var(x, axis=0), lambda x: x.sum(keepdims=True),
    lambda x: np.cumsum(x, axis=-1), lambda x: np.where(x > 0.5, x, 0.5 * x), lambda x: np.prod(x, axis=0),
    lambda x: x / np.sqrt(np.sum(x * x) + 1), lambda x: x * (x > 0.5), lambda x: np.diff(x, axis=0, prepend=1.0),
    lambda x: np.concatenate([x, 2 * x]), lambda x: np.stack([x, x]).sum(axis=0), lambda x: x - np.mean(x),
    lambda x: np.tile(x, 2), lambda x: np.expand_dims(x, 0), lambda x: np.swapaxes(x, 0, -1), lambda x: np.outer(x, x),
    lambda x: np.linalg.norm(x, axis=0), lambda x: np.trapezoid(x, axis=0),
    lambda x: np.average(x, axis=0), lambda x: np.add.outer(x, 2.0), lambda x: np.multiply.accumulate(x, axis=0),
]  # fmt: skip
BINARY_STEPS = [
    operator.add, operator.sub, operator.mul, lambda x, y: x / (2 + y * y), np.arctan2, np.hypot, lambda x, y: x @ y,
    lambda x, y: np.dot(x, y), lambda x, y: np.inner(x, y), lambda x, y: x[0] * y, lambda x, y: np.tensordot(x, y, 1),
    lambda x, y: np.kron(x, y),
]  # fmt: skip


@st.composite
def array_programs(draw):
    """Steps that were tried on plain arrays: those that NumPy takes, and that keep the numbers small and few."""
    shape = draw(st.sampled_from([(3,), (2, 3), (1, 2), (2, 2), (4, 1)]))
    start = [np.linspace(0.3, 1.1, math.prod(shape)).reshape(shape), np.linspace(0.9, 0.2, shape[-1])]
    pool, steps = list(start), []
    for _ in range(draw(st.integers(3, 9))):
        unary = draw(st.booleans())
        step = draw(st.sampled_from(UNARY if unary else BINARY_STEPS))
        places = [draw(st.integers(max(0, len(pool) - 4), len(pool) - 1)) for _ in range(1 if unary else 2)]
        try:
            with np.errstate(all="ignore"):
                result = np.asarray(step(*(pool[place] for place in places)))
        except (ValueError, TypeError, IndexError):
            continue
        if 0 < result.size <= 40 and result.ndim in (1, 2, 3) and np.all((abs(result) < 50) & (abs(result) > 1e-3)):
            pool.append(result)
            steps.append((step, places))
    return start, steps


def run_steps(start, steps):
    pool = list(start)
    with oc.count() as tally:
        for step, places in steps:
            pool.append(step(*(pool[place] for place in places)))
    return pool, tally.counts


def check_program(program):
    start, steps = program
    arrays, counts = run_steps(list(map(oc.wrap, start)), steps)
    objects, truth = run_steps([oc.wrap(x.astype(object)) for x in start], steps)
    assert counts == truth
    for whole, numbers in zip(arrays, objects, strict=True):
        np.testing.assert_allclose(oc.unwrap(whole), np.asarray(oc.unwrap(numbers), float), rtol=1e-10, atol=1e-12)


@given(array_programs())
@settings(deadline=None, derandomize=True, max_examples=300, suppress_health_check=list(HealthCheck))
def test_a_random_program_counts_the_same_on_arrays_and_on_objects(program):
    check_program(program)


@pytest.mark.slow
@given(array_programs())
@settings(deadline=None, derandomize=True, max_examples=4000, suppress_health_check=list(HealthCheck))
def test_thousands_of_random_programs_count_the_same_on_arrays_and_on_objects(program):
    check_program(program)


def test_the_check_of_random_programs_catches_a_rule_that_is_off_by_one(monkeypatch):
    program = [V], [(lambda x: np.cumsum(x, axis=-1), [0])]
    check_program(program)
    monkeypatch.setitem(RULES, np.cumsum, lambda a, axis=None: {"add": a.size})
    with pytest.raises(AssertionError):
        check_program(program)


# --- all of NumPy, walked: nobody has to remember a function for it to be guarded

MODULES = [np, np.linalg, np.fft, np.ma, np.polynomial.polynomial, np.polynomial.chebyshev, np.lib.stride_tricks,
           np.lib.scimath, np.char, np.strings, np.random, np.testing, math, operator]  # fmt: skip
NOT_WALKED = {
    "save", "savez", "savez_compressed", "savetxt", "test", "fromfile", "memmap", "set_printoptions", "printoptions",
    "seterr", "seterrcall", "setbufsize", "set_state", "set_bit_generator", "seed", "rundocs", "default_rng", "info",
    "empty", "empty_like",  # memory that nobody wrote may hold anything
}  # fmt: skip
CALLS = [
    lambda v, m, n: (v,), lambda v, m, n: (m,), lambda v, m, n: (n,), lambda v, m, n: (v[0],), lambda v, m, n: (v, v),
    lambda v, m, n: (m, m), lambda v, m, n: (m, v), lambda v, m, n: (n, n), lambda v, m, n: (v, n),
    lambda v, m, n: (v, 2), lambda v, m, n: (2, v), lambda v, m, n: (n, 2), lambda v, m, n: ([v, v],),
    lambda v, m, n: (np.ones(3), v), lambda v, m, n: (v, np.ones(3)), lambda v, m, n: (np.ones(9), n[0]),
    lambda v, m, n: (v[0], v[1]), lambda v, m, n: (np.ones(3), v[0]), lambda v, m, n: (v, v, v),
    lambda v, m, n: (np.ones(3), v, v), lambda v, m, n: (abs, v), lambda v, m, n: (np.sum, 0, m),
    lambda v, m, n: (np.ones(3), [0, 1, 2], v), lambda v, m, n: (v, [0, 1, 2], v), lambda v, m, n: ("i,i", v, v),
]  # fmt: skip


def functions_of(modules):
    named = [(name, getattr(module, name)) for module in modules for name in sorted(dir(module)) if name[0] != "_"]
    found = {id(function): function for name, function in named if callable(function) and name not in NOT_WALKED}
    return [function for function in found.values() if not inspect.isclass(function)]


def seen_outside(function, call, secret):
    """What a call that counted nothing tells of the secret: the plain numbers that came out or were written."""
    v, m, n = oc.wrap(secret), oc.wrap(np.outer(secret, secret) + np.eye(3)), oc.wrap(np.argsort(secret) + 1)
    operands = call(v, m, n)
    with oc.count() as tally:
        try:
            result = function(*operands)
            plain = numbers_in(result)
        except (Exception, SystemExit):
            plain = "an error"
    written = [operand.tolist() for operand in operands if type(operand) is np.ndarray]
    return None if tally.counts else (plain, written)


def numbers_in(result, depth=0):
    if isinstance(result, (oc.Array, oc.Scalar)) or depth > 4:
        return []
    if isinstance(result, np.ndarray) and result.dtype.kind in "fciu":
        return np.ma.getdata(result).tolist()
    if isinstance(result, (float, complex, np.floating, np.complexfloating)):
        return [repr(result)]
    if isinstance(result, (list, tuple, np.ndarray)) or hasattr(result, "__next__"):
        return [numbers_in(item, depth + 1) for item in itertools.islice(iter(result), 20)]
    return []


SECRETS = np.array([3.25, 1.5, 2.75]), np.array([0.75, 4.5, -1.25])


def leaks(function):
    """Whether a call tells one secret from another, each time it is asked."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for call in CALLS:
            one, other = (seen_outside(function, call, secret) for secret in SECRETS)
            if None not in (one, other) and repr(one) != repr(other):
                again = [seen_outside(function, call, secret) for secret in SECRETS]
                if repr(again) == repr([one, other]):  # else it is random, or memory that was never written
                    return True
    return False


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The chararray class is deprecated:DeprecationWarning")  # from NumPy 2.5 on
def test_no_function_of_numpy_lets_a_value_out_uncounted():
    walked = functions_of(MODULES)
    assert len(walked) > 800
    assert [function for function in walked if leaks(function)] == []


def test_the_walk_catches_a_door_left_open(monkeypatch):
    assert not leaks(np.ma.multiply) and not leaks(math.sin) and not leaks(np.ma.sum)
    monkeypatch.setattr(oc.Array, "__array__", lambda self, dtype=None, copy=None: self._plain())
    assert leaks(np.asarray) and leaks(np.ma.sum)
