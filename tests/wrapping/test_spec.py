"""Specs: what a function gives and counts for shapes alone is what it gives and counts for arrays of these shapes."""

from __future__ import annotations

import itertools
import operator
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import sympy
from hypothesis import given

import opcount as oc
from opcount.functions.rows import function_named
from opcount.wrapping import spec
from tests.support import rows
from tests.support.calls import CALLS
from tests.support.calls.moving import FREE_CALLS, A
from tests.support.calls.moving import V as VECTOR
from tests.support.calls.sorting import SORTING
from tests.support.calls.ufuncs import GENERALIZED, METHODS, UFUNC_CALLS, generalized_calls
from tests.support.calls.wrong import wrong_calls
from tests.support.draws import OUT
from tests.support.ground_truth import outcome, replaced, subsets, wrapped_at
from tests.support.specs import NM, NN, SAMPLES, S, V, X, form

ROOT = Path(__file__).parents[2]


def spec_of(leaf):
    return oc.spec(leaf.shape, leaf.dtype) if isinstance(leaf, np.ndarray) else oc.wrap(leaf)


def needs_values(error):
    told = ("a spec has no values", "how much it computes depends on the values")
    return isinstance(error, oc.Uncounted) and any(text in str(error) for text in told)


def compared(name, call, function):
    """A call on arrays and on specs, each subset wrapped in turn: the two agree, or specs say what they need."""
    args, keywords = call
    call = args, {key: value for key, value in keywords.items() if value is not OUT}
    for places in subsets(call, name):
        with oc.count() as real:
            arguments = replaced(call, wrapped_at(places, oc.wrap))
            expected, _ = outcome(function, *arguments)
        with oc.count(uncounted="record") as tally:
            arguments = replaced(call, wrapped_at(places, spec_of))
            found, _ = outcome(function, *arguments)
        assert tally.uncounted == ()
        if needs_values(found) and not isinstance(expected, Exception):
            assert name in NEED_VALUES, f"{places}: {found}"
            continue
        if any(text in str(expected) for text in ERRORS_BY_VALUE):
            continue
        if isinstance(expected, Exception):
            assert isinstance(found, Exception), (expected, found)
            assert tally.counts == oc.Counts()
            continue
        assert not isinstance(found, Exception), found
        assert tally.counts == real.counts
        assert form(found) == form(expected)


ERRORS_BY_VALUE = (
    "negative integer powers", "Weights sum to zero", "Geometric sequence cannot include zero", "Singular matrix",
    "Matrix is not positive definite",
)  # fmt: skip
A_MASK = "where= selects by value"
PLACES = "places are found by value"
TRUTH = "what it gives is, or has as many elements as, truths by value"
BRANCHES = "NumPy branches on values"
NEED_VALUES = {
    **dict.fromkeys(["sum", "prod", "max", "amax", "min", "amin", "mean", "var", "std", "any", "all"], A_MASK),
    **dict.fromkeys(["nansum", "nanprod", "nanmax", "nanmin", "nanmean", "nanvar", "nanstd", "clip"], A_MASK),
    **dict.fromkeys(
        ["argmax", "argmin", "nanargmax", "nanargmin", "nonzero", "flatnonzero", "argwhere", "where"], PLACES
    ),
    **dict.fromkeys(["trim_zeros", "compress", "extract", "place", "allclose", "array_equal", "array_equiv"], TRUTH),
    **dict.fromkeys(["polymul", "interp", "piecewise"], BRANCHES),
    **dict.fromkeys([*SORTING, "histogram_bin_edges"], "how often a sort compares depends on the values"),
    "gradient": "places along an axis may be evenly spaced, which is another formula",
    "cov": "weights may sum to zero, or be negative, which NumPy refuses",
}
"""The functions that refuse some or all calls on specs, and why."""


@pytest.mark.parametrize("name", [name for name in CALLS if function_named(name) is not None])
def test_a_function_counts_the_same_for_shapes_alone(name):
    @SAMPLES
    @given(CALLS[name])
    def check(call):
        compared(name, call, function_named(name))

    check()


@pytest.mark.parametrize(("name", "method"), METHODS)
def test_a_ufunc_counts_the_same_for_shapes_alone(name, method):
    ufunc = getattr(np, name)

    @SAMPLES
    @given(UFUNC_CALLS[method](ufunc))
    def check(call):
        compared({"__call__": "where", "at": "at"}.get(method, "sum"), call, getattr(ufunc, method))

    check()


@pytest.mark.parametrize("name", GENERALIZED)
def test_a_product_counts_the_same_for_shapes_alone(name):
    @SAMPLES
    @given(generalized_calls(name))
    def check(call):
        compared(name, call, GENERALIZED[name])

    check()


NO_SHAPE = {
    "array2string": PLACES, "array_repr": PLACES, "array_str": PLACES, "min_scalar_type": BRANCHES,
    "shares_memory": "it has no memory", "may_share_memory": "it has no memory",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in FREE_CALLS if function_named(name) is not None])
def test_what_moves_data_is_free_for_shapes_alone(name):
    expected = FREE_CALLS[name](oc.wrap(A))
    with oc.count(uncounted="record") as tally:
        found, _ = outcome(FREE_CALLS[name], (spec_of(A),), {})
    assert tally.counts == oc.Counts() and tally.uncounted == ()
    if name in NO_SHAPE:
        assert needs_values(found)
    else:
        assert form(found) == form(expected)


# --- what is refused


DATA = oc.wrap(np.ones((3, 4)))
BY_VALUE = {
    "truth": lambda: bool(S), "a branch": lambda: 1 if S > 0 else 2, "a branch on a number": lambda: S and 1,
    "float": lambda: float(S), "int": lambda: int(S), "complex": lambda: complex(S), "an index": lambda: [1, 2][S],
    "a range": lambda: range(S), "math": lambda: __import__("math").sin(S), "item": lambda: S.item(),
    "item of a place": lambda: X.item(0), "tolist": lambda: X.tolist(), "asarray": lambda: np.asarray(X),
    "array of a list": lambda: np.array([X, X]), "array of a number": lambda: np.array([1.0, S]),
    "a mask": lambda: X[X > 0], "a mask of data": lambda: DATA[X > 0], "writing by a mask": lambda: _set(X, X > 0, 1.0),
    "where=": lambda: np.sum(X, where=X > 0), "where= of a ufunc": lambda: np.add(X, 1.0, where=X > 0),
    "where= of a method": lambda: X.sum(where=X > 0), "where alone": lambda: np.where(X > 0),
    "nonzero": lambda: X.nonzero(), "argmax": lambda: X.argmax(), "argsort, by a rule": lambda: X.argmin(axis=0),
    "allclose": lambda: np.allclose(X, X), "array_equal": lambda: np.array_equal(X, X), "in": lambda: 1.0 in X,
    "max of Python": lambda: max(oc.spec(3)), "sorted": lambda: sorted(oc.spec(3)), "bytes": lambda: X.tobytes(),
    "memory": lambda: X.data, "pickle": lambda: __import__("pickle").dumps(X),
    "writing into data": lambda: _set(DATA, 0, X[0]), "adding to data": lambda: DATA.__iadd__(X),
    "a plain array": lambda: _set(np.ones(3), slice(None), oc.spec(3)), "out=": lambda: np.add(X, 1, out=DATA),
    "extract": lambda: np.extract(X > 0, X), "the least type": lambda: np.min_scalar_type(S),
}  # fmt: skip


def _set(x, key, value):
    x[key] = value


@pytest.mark.parametrize("uncounted", ["refuse", "record"])
@pytest.mark.parametrize("name", BY_VALUE)
def test_what_needs_a_value_says_that_there_are_none(name, uncounted):
    with oc.count(uncounted=uncounted) as tally, pytest.raises(oc.Uncounted, match="a spec has no values, so control"):
        BY_VALUE[name]()
    assert tally.uncounted == ()


@pytest.mark.parametrize("uncounted", ["refuse", "record"])
def test_what_has_no_exact_count_is_refused_and_never_let_out(uncounted):
    programs = [np.sort, np.fft.fft, np.linalg.svd, np.median, np.unique, lambda x: np.add(x, 1, out=np.ones((3, 4)))]
    with oc.count(uncounted=uncounted) as tally:
        for program in programs:
            with pytest.raises(oc.Uncounted):
                program(X)
    assert tally.uncounted == () and tally.counts == oc.Counts()


def test_a_rule_of_the_users_counts_by_shapes():
    oc.register_rule(np.sort, lambda a, *_, **__: {"lt": a.size * (a.size - 1) // 2})
    try:
        assert oc.measure(np.sort, oc.spec(4)).counts == {"lt": 6}
    finally:
        oc.register_rule(np.sort, None)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((-1,), oc.InvalidValue, r"shape is -1: a size is an integer from 0 on"),
        (((2, -3),), oc.InvalidValue, r"shape\[1\] is -3"),
        ((1.5,), oc.InvalidType, r"shape is 1\.5: a size is an integer, the name of one"),
        ((True,), oc.InvalidType, r"shape is True"),
        ((None,), oc.InvalidType, r"shape is None"),
        ((np.array([2, 3]),), oc.InvalidType, r"a shape a tuple of them"),
        (("a b",), oc.InvalidValue, r'write the name of a size, "n", or a polynomial'),
        ((("n", "m/2"),), oc.InvalidValue, r"shape\[1\] is 'm/2'"),
        (("2**n",), oc.InvalidValue, r"write the name"),
        (("f(n)",), oc.InvalidValue, r"write the name"),
        (("",), oc.InvalidValue, r"write the name"),
        (("n - 3",), oc.InvalidValue, r"may be negative: each symbol stands for a size of 2 or more"),
        ((sympy.sqrt(sympy.Symbol("n")),), oc.InvalidValue, r"a polynomial in symbols, with integer coefficients"),
        ((sympy.Rational(1, 2),), oc.InvalidValue, r"with integer coefficients"),
        ((3, object), oc.InvalidType, r"dtype is .*object.*: an Array holds numbers or truth values"),
        ((3, str), oc.InvalidType, r"dtype is .*str"),
        ((3, None), oc.InvalidType, r"dtype is None"),
        ((3, "nothing"), oc.InvalidType, r"use one of NumPy's for numbers"),
    ],
)
def test_what_is_no_shape_or_no_dtype_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        oc.spec(*arguments)


NOT_FOR_ALL_SIZES = {
    "another name": lambda: V + oc.spec("m"), "a number": lambda: V + oc.spec(3), "data": lambda: V + np.ones(3),
    "a product": lambda: oc.spec(NM) @ V, "an index": lambda: V[2], "the last but two": lambda: V[-3],
    "places": lambda: V[[0, 2]], "a step": lambda: V[::2], "a long slice": lambda: V[:3], "a length": lambda: len(V),
    "iteration": lambda: list(V), "a sum of what may be nothing": lambda: V[1:-1].sum(),
    "reshape": lambda: V.reshape(-1, 2), "reshape to a number": lambda: V.reshape(4),
    "concatenate": lambda: np.concatenate([oc.spec(NM), oc.spec(NN)]), "stack": lambda: np.stack([V, oc.spec("m")]),
    "a diagonal": lambda: np.diagonal(oc.spec(NM)), "qr": lambda: np.linalg.qr(oc.spec(NM)),
    "multi_dot": lambda: np.linalg.multi_dot([oc.spec(NM), oc.spec(("m", "n")), oc.spec(NM)]),
    "einsum in some order": lambda: np.einsum("ij,jk,kl", *[oc.spec(NN)] * 3, optimize=True),
    "squeeze": lambda: np.squeeze(V[1:]),
    "a split": lambda: np.split(V, 2), "writing": lambda: _set(V, ..., np.ones(3)),
    "last resort": lambda: np.delete(V, 0), "each place": lambda: np.apply_along_axis(np.sum, 0, oc.spec(NM)),
    "cov": lambda: np.cov(oc.spec(NM), ddof=3), "not square": lambda: np.linalg.inv(oc.spec(NM)),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_FOR_ALL_SIZES)
def test_what_is_not_the_same_for_all_sizes_is_refused(name):
    with oc.count() as tally, pytest.raises(oc.InvalidValue):
        NOT_FOR_ALL_SIZES[name]()
    assert tally.counts == oc.Counts()


@pytest.mark.parametrize("place", range(len(wrong_calls(A, VECTOR))))
def test_wrong_arguments_raise_what_numpy_raises(place):
    call = wrong_calls(A.copy(), VECTOR.copy())[place]
    expected, _ = outcome(call.func, call.args, call.keywords)
    with oc.count() as tally:
        arguments = replaced((call.args, call.keywords), lambda x: spec_of(x) if np.ndim(x) else x)
        found, _ = outcome(call.func, *arguments)
    if any(text in str(expected) for text in ERRORS_BY_VALUE):
        return
    assert type(found) is type(expected) or needs_values(found), (found, expected)
    assert tally.counts == oc.Counts()


# --- indexing


INDEXES = [
    0, -1, slice(1, None), slice(None, None, -2), slice(5, 1), ..., None, (0, 1), (..., 0), (None, 0, ...),
    (0, None, 1),
    [0, 1], ([0, 1], [1, 0]), ([[0], [1]], [0, 1]), (0, ..., [0, 1]), ([0, 1], None, 0), (slice(None), [0, 1], 0),
    ([0, 1], slice(None), [1, 0]), (0, slice(None), [1, 0]), [True, False, True],
    (slice(None), [True, False, True, True]), np.ones((3, 4), bool), (np.eye(3, 4, dtype=bool), 0),
    (np.int64(1), np.array(2)), [],
    ([0], [True, False, True, True]),
    5, (0, 0, 0, 0), (0, 9), [3], [True, False], 1.5, "a", (..., ...), [0.5], np.ones((3, 3), bool),
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(INDEXES)))
def test_an_index_gives_the_shape_that_numpy_gives(place):
    key = INDEXES[place]
    data = np.ones((3, 4, 2))
    expected, _ = outcome(lambda: data[key], (), {})
    found, _ = outcome(lambda: oc.spec(data.shape)[key], (), {})
    if isinstance(expected, Exception):
        assert type(found) is type(expected), (found, expected)
        return
    assert form(found) == form(expected)
    for value in (1.0, np.ones(np.shape(expected)), oc.spec(np.shape(expected)), np.ones((7, 7, 7))):
        plain = value if not isinstance(value, oc.Array) else 1.0
        wrong, _ = outcome(_set, (data, key, plain), {})
        error, _ = outcome(_set, (oc.spec(data.shape), key, value), {})
        assert type(error) is type(wrong), (error, wrong)


# --- nothing is allocated, and time does not depend on sizes


def _chain(x, w, b):
    h = np.tanh(x @ w + b)
    back = (h @ w.T).reshape(-1, 2)[:, ::-1]
    stacked = np.concatenate([back, back], axis=1)
    y = np.where(stacked > 0, stacked, 0.1 * stacked) - stacked.mean(axis=0)
    y[0] = 1.0
    y += np.einsum("ij,kj->ik", y, np.ones((4, 4)))
    return np.linalg.norm(y) + np.cumsum(y)[-1] + np.std(y, axis=1)[0] + np.outer(y[:, 0], y[:, 1])[0, 0]


def _traced(*shapes):
    specs = [oc.spec(shape) for shape in shapes]
    oc.measure(_chain, *specs)
    tracemalloc.start()
    try:
        start = time.perf_counter()
        counts = oc.measure(_chain, *specs).counts
        return counts, time.perf_counter() - start, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_specs_take_no_memory_and_no_time():
    counts, _, memory = _traced((4096, 12288), (12288, 49152), 49152)
    assert memory < 64 * 1024
    assert counts.mul > 2 * 4096 * 12288 * 49152
    small, _, _ = _traced((4, 6), (6, 8), 8)
    rng = np.random.default_rng(0)
    assert small == oc.measure(_chain, *(rng.random(shape) for shape in ((4, 6), (6, 8), 8))).counts


# --- a spec is an Array


def test_a_spec_is_an_array_that_stays_what_it_is():
    assert type(X) is oc.Array and oc.wrap(X) is X and oc.unwrap(X) is X
    assert oc.wrap({"w": [X, 1.0]})["w"][0] is X and oc.unwrap([X, (S, oc.wrap(2.0))])[1][0] is S
    value, _ = oc.measure(lambda p: {"y": p["w"] @ p["w"].T}, {"w": X})
    assert type(value["y"]) is oc.Array and value["y"].shape == (3, 3)
    assert (X.shape, X.ndim, X.size, X.dtype, X.itemsize, X.nbytes, len(X)) == ((3, 4), 2, 12, float, 8, 96, 3)
    assert repr(X) == str(X) == "spec((3, 4), dtype=float64)" and repr(V) == "spec(('n',), dtype=float64)"
    assert oc.spec(5).shape == (5,) and oc.spec([2, np.int64(3)], np.float32).dtype == np.float32


def test_a_number_without_a_value_computes_as_a_number():
    def f(x):
        return (abs(-x) ** 2 + 2.0 * x - x / 3) // 1 % 2 + divmod(x, 2.0)[0] + np.exp(x) * oc.wrap(2.0)

    assert oc.measure(f, S).counts == oc.measure(f, 1.5).counts
    assert oc.measure(f, S).value.shape == ()
    assert (oc.spec(4).sum() * oc.spec((2, 3))).shape == (2, 3)


def test_types_are_promoted_as_numpy_promotes_them():
    single, whole = oc.spec(3, np.float32), oc.spec(3, np.uint8)
    assert (single * 2.0).dtype == np.float32 and (single * np.float64(2.0)).dtype == np.float64
    assert (single * oc.wrap(2.0)).dtype == np.float32 and (whole + 1).dtype == np.uint8
    assert (whole / whole).dtype == np.float64 and whole.sum().dtype == np.uint64 and (whole > 1).dtype == bool
    with pytest.raises(OverflowError):
        whole + 300


def test_without_sympy_a_name_says_what_to_install():
    program = (
        "import sys; sys.modules['sympy'] = None\n"
        "import opcount as oc\n"
        "print(oc.measure(lambda a: a @ a, oc.spec((3, 3))).counts)\n"
        "try: oc.spec('n')\nexcept oc.InvalidType as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "mul    27" in run.stdout and "pip install opcount[symbolic]" in run.stdout


IN_PLACE = ("iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow", "iand", "ilshift")
OTHERS = (2, 2.0, True, np.float64(2), np.int8(2), np.float32(2), "data", "spec")


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.float32, np.float64, np.complex128, bool])
@pytest.mark.parametrize("key", [None, 0, -1, slice(0, 2), [0, 1]])
def test_in_place_a_spec_casts_as_an_array_does(dtype, key):
    def written(x, operator_in_place, other):
        if key is None:
            return operator_in_place(x, other)
        x[key] = operator_in_place(x[key], other)
        return x

    for name, other in itertools.product(IN_PLACE, OTHERS):
        if name == "ipow" and np.lib.NumpyVersion(np.__version__) < "2.3.0":
            continue  # an older NumPy squares integers for a 2.0, and does not cast
        outcomes = []
        for wrap in (oc.wrap, spec_of):
            number = 3 if key is None else 2 if isinstance(key, (slice, list)) else 1
            given = {"data": np.ones(number), "spec": wrap(np.ones(number, dtype))}.get(other, other) if (
                isinstance(other, str)) else other  # fmt: skip
            with np.errstate(all="ignore"), oc.count() as tally:
                found, _ = outcome(written, (wrap(np.ones(3, dtype)), getattr(operator, name), given), {})
            outcomes.append((found, tally.counts))
        (expected, executed), (found, counts) = outcomes
        if isinstance(expected, Exception):
            assert isinstance(found, Exception), (name, other, expected, found)
        elif dtype is bool and needs_values(found):  # of data it is a plain truth value, which nobody counts
            assert not executed
        else:
            assert form(found) == form(expected), (name, other)
            assert counts == executed, (name, other)


# --- the checks are checked


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("kron", lambda a, b: spec.Spec((3,), float)),
        ("vander", lambda x, *_, **__: spec.Spec((x.size, x.size), x.dtype)),
        ("linalg.qr", lambda a, mode="reduced": (a, a)),
    ],
)
def test_a_planted_fault_is_caught(name, fault):
    with rows.corrupted(name, shape=fault), pytest.raises(AssertionError):
        test_a_function_counts_the_same_for_shapes_alone(name)


@pytest.mark.parametrize(("name", "shape", "k"), [("diag", (3,), 1), ("diag", (3, 5), 0), ("diag", (3, 5), -1)])
def test_a_diagonal_is_of_a_matrix_and_of_a_vector_a_matrix_is_made(name, shape, k):
    function = getattr(np, name)
    assert function(oc.spec(shape), k).shape == function(np.ones(shape), k).shape
