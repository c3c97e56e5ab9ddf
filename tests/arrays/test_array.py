"""Array: operators, indexing, views, writing, NumPy's face, and each exit."""

import array
import copy
import io
import json
import math
import operator
import pickle
import re
import sys

import numpy as np
import pytest

import opcount as oc
from opcount.wrapping.operations import OPERATIONS
from tests.support.arrays import NOTHING, ONE, A, C, I, J, M, V, W, check_like_numpy

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
    "np.fft.rfft": [lambda: np.fft.rfft(W), lambda: abs(np.fft.rfft(W))],
    "np.linalg.svd": [lambda: np.linalg.svd(oc.wrap(A))],
    "np.fft.fft": [lambda: np.fft.fft(W)],
    "np.bincount": [lambda: np.bincount([0, 1, 1], W)],
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


def test_what_is_recorded_of_a_refused_function_stays_wrapped():
    with oc.count(uncounted="record") as tally:
        spectrum = np.fft.rfft(W).real * 2
    assert type(spectrum) is oc.Array
    assert tally.counts == oc.Counts(mul=2)


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
