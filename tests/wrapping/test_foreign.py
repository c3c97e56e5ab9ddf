"""Where a wrapped value meets an object of another library: who is let in, and that everybody else is refused."""

import array
import enum
import operator
import warnings
from collections import deque, namedtuple
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

import numpy as np
import pytest

import opcount as oc
from opcount.wrapping import foreign
from tests.support.all_cases import all_cases
from tests.support.faults import planted

jnp = pytest.importorskip("jax.numpy", reason="JAX is in the test extra")
sparse = pytest.importorskip("scipy.sparse", reason="SciPy is in the report extra")
sympy = pytest.importorskip("sympy", reason="SymPy is in the symbolic extra")
pd = pytest.importorskip("pandas", reason="pandas is in the tables extra")

NOTHING = oc.Counts()
V = np.arange(1.0, 4.0)


# --- classes of other libraries, and some that stand for their kinds


class Spy:
    """A class with operations of its own, which remembers what it was handed."""

    handed: ClassVar[list] = []

    def _operation(self, other):
        Spy.handed.append(other)
        return "spied"

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _operation
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __divmod__ = __rdivmod__ = _operation
    __matmul__ = __rmatmul__ = __and__ = __rand__ = __lshift__ = __rlshift__ = _operation
    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = _operation
    __hash__ = None


class Units(np.ndarray):
    """An array that computes more than its operands say, as one with units does."""

    def __array_ufunc__(self, ufunc, method, *inputs, **keywords):
        plain = [np.asarray(value) if isinstance(value, Units) else value for value in inputs]
        return getattr(ufunc, method)(*(1000 * value for value in plain), **keywords)


class Converted:
    """Not an array, but NumPy makes one of it."""

    def __array__(self, dtype=None, copy=None):
        return np.ones(3)


class Sequence:
    def __len__(self):
        return 3

    def __getitem__(self, place):
        return (1.0, 2.0, 3.0)[place]


class Duck(Converted):
    def __array_ufunc__(self, ufunc, method, *inputs, **keywords):
        return "duck"

    def __array_function__(self, function, types, args, keywords):
        return "duck"


with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    STRANGERS = {
        "a JAX array": (jnp.ones(3), "np.asarray"),
        "a number of JAX": (jnp.float32(2.0), "np.asarray"),
        "a sparse array": (sparse.dia_array(np.diag(V)), "toarray"),
        "a sparse matrix": (sparse.dia_matrix(np.diag(V)), "toarray"),
        "a sparse array by its keys": (sparse.dok_array(np.diag(V)), "toarray"),
        "a SymPy matrix": (sympy.eye(3), "np.asarray"),
        "a matrix": (np.matrix(np.eye(3)), "np.asarray"),
        "a masked array": (np.ma.array(V, mask=[0, 1, 0]), "filled"),
        "an array with units": (V.view(Units), "np.asarray"),
        "a pandas extension array": (pd.array([1.0, 2.0, 3.0]), "to_numpy"),
        "a polynomial": (np.poly1d([1.0, 2.0]), "np.asarray"),
        "what has operations": (Spy(), "unwrap"),
        "what becomes an array": (Converted(), "np.asarray"),
        "what is a sequence": (Sequence(), "unwrap"),
        "a duck": (Duck(), "np.asarray"),
        "a list with one of them": ([1.0, 2.0, Spy()], "unwrap"),
        "an object array with one of them": (np.array([1.0, 2.0, Spy()], dtype=object), "unwrap"),
        "dates": (np.array([1, 2, 3], "m8[s]"), "unwrap"),
        "a duration": (np.timedelta64(3, "s"), "unwrap"),
    }
CLASSES = [pytest.param(other, way, id=name) for name, (other, way) in STRANGERS.items()]

OPERATORS = {
    name: getattr(operator, name)
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lt", "le", "gt", "ge", "eq", "ne")
}
PROGRAMS = {
    **OPERATORS,
    "divmod": divmod,
    "iadd": operator.iadd,
    "imul": operator.imul,
    "np.add": np.add,
    "np.add(out=)": lambda x, o: np.add(x, o, out=oc.wrap(np.zeros(3))),
    "np.add.outer": np.add.outer,
    "np.multiply.at": lambda x, o: np.multiply.at(x, [0], o),
    "np.hypot": np.hypot,
    "where=": lambda x, o: np.add(x, x, where=o),
}
OF_ARRAYS = {
    "matmul": operator.matmul,
    "imatmul": operator.imatmul,
    "np.matmul": np.matmul,
    "np.dot": np.dot,
    "x.dot": lambda x, o: x.dot(o),
    "np.concatenate": lambda x, o: np.concatenate([x, o]),
    "np.where": lambda x, o: np.where(x > 0, x, o),
    "np.einsum": lambda x, o: np.einsum("i,i", x, o),
    "np.average": lambda x, o: np.average(x, weights=o),
    "np.interp": lambda x, o: np.interp(x, V, o),
    "np.copyto": lambda x, o: np.copyto(x, o),
}


def of_comparisons(tally):
    """What the programs count before they come to the stranger."""
    return {"gt": 3} if tally.counts.gt else {}


def check_refused(program, x, other, way):
    """The program is refused before the other class is handed anything, counts nothing, and says what to write."""
    Spy.handed.clear()
    before = np.array(oc.unwrap(x))
    with oc.count() as tally, pytest.raises(oc.Uncounted, match=rf"{way}.*|are not counted: use oc\.unwrap"):
        program(x, other)
    assert tally.counts == of_comparisons(tally) and Spy.handed == []
    assert np.array_equal(oc.unwrap(x), before)


def is_numpys_error(program, other):
    """Whether NumPy itself refuses the dates."""
    try:
        program(V.copy(), other)
    except TypeError:
        return True
    except Exception:
        return False
    return False


@all_cases("name", [*PROGRAMS, *OF_ARRAYS])
@pytest.mark.parametrize(("other", "way"), CLASSES)
def test_an_object_of_another_class_is_refused(other, way, name):
    program = {**PROGRAMS, **OF_ARRAYS}[name]
    if isinstance(other, np.ndarray | np.timedelta64) and other.dtype.kind == "m" and is_numpys_error(program, other):
        with oc.count() as tally, pytest.raises(TypeError):
            program(oc.wrap(V), other)
        assert tally.counts == of_comparisons(tally)
        return
    check_refused(program, oc.wrap(V), other, way)


@pytest.mark.parametrize("name", [*OPERATORS, "matmul"])
@pytest.mark.parametrize("kind", [float, np.float64])
def test_a_wrapped_number_refuses_it_too(name, kind):
    for other, way in STRANGERS.values():
        if not isinstance(other, list):  # Python repeats a list, and asks for an index
            if isinstance(other, np.ndarray) and type(other) is np.ndarray:
                continue  # of which each element is asked for itself
            Spy.handed.clear()
            with oc.count() as tally, pytest.raises(TypeError, match=rf"{way}|not counted|not supported|unsupported"):
                getattr(operator, name)(oc.wrap(kind(2.0)), other)
            assert tally.counts == NOTHING and Spy.handed == []


@pytest.mark.parametrize("granularity", ["array", "scalar"])
@pytest.mark.parametrize("program", [operator.mul, operator.add, np.multiply, operator.truediv])
@pytest.mark.parametrize(("other", "way"), CLASSES)
def test_a_function_that_is_differentiated_refuses_it_too(other, way, program, granularity):
    Spy.handed.clear()
    with pytest.raises((oc.OpcountError, TypeError)):
        oc.gradient(lambda x: np.sum(program(x, other)), V, granularity=granularity)
    assert Spy.handed == []


def test_the_check_fails_where_a_class_is_let_in():
    foreign.is_container.cache_clear()
    let_in = planted(foreign.CONTAINERS, {Spy.__module__.partition(".")[0]: {"Spy"}})
    try:
        with let_in, pytest.raises((AssertionError, pytest.fail.Exception)):
            check_refused(operator.add, oc.wrap(V), Spy(), "unwrap")
        assert [type(value) for value in Spy.handed] == [oc.Array]  # not even then a plain one
    finally:
        foreign.is_container.cache_clear()


def test_the_message_names_the_class_and_the_way_out():
    for other, name, way in (
        (jnp.ones(3), "ArrayImpl", r"np\.asarray\(o\)"),
        (sparse.csr_array(np.eye(3)), "csr_array", r"o\.toarray\(\)"),
        (pd.array([1.0, 2.0, 3.0]), "FloatingArray|NumpyExtensionArray", r"o\.to_numpy\(\)"),
        (Spy(), "Spy", r"oc\.unwrap\(x\)"),
    ):
        with pytest.raises(oc.Uncounted, match=rf"np\.multiply with a .*({name}).*{way}"):
            oc.wrap(V) * other


# --- the left class is asked first: it may get a wrapped value, never a plain one


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("x", [oc.wrap(V), oc.wrap(2.0), oc.wrap(V)[0]], ids=["array", "number", "element"])
def test_the_class_on_the_left_gets_a_wrapped_value_or_none(name, x):
    Spy.handed.clear()
    assert OPERATORS[name](Spy(), x) == "spied" or Spy.handed
    assert all(value is x for value in Spy.handed)


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "matmul"])
@pytest.mark.parametrize(("other", "way"), CLASSES)
def test_what_comes_of_a_class_on_the_left_is_wrapped_or_refused(other, way, name):
    with oc.count() as tally:
        try:
            result = getattr(operator, name)(other, oc.wrap(V))
        except Exception:
            return
    if isinstance(other, list | np.ndarray | Spy | Duck) or result is NotImplemented:
        return  # which says itself what comes of it
    held = result.coeffs if isinstance(result, np.poly1d) else result
    assert isinstance(held, oc.Array) and tally.counts


# --- in record mode they are let out, and listed


def test_what_is_let_out_is_listed_with_the_name_of_the_class():
    with oc.count(uncounted="record") as tally:
        product = oc.wrap(V) * jnp.ones(3)
        total = oc.wrap(2.0) + Spy()
        dot = np.dot(oc.wrap(V), STRANGERS["a matrix"][0])
    assert type(product).__name__ == "ArrayImpl" and total == "spied" and np.array_equal(dot, [V])
    assert tally.counts == NOTHING
    doors = [(exit.door, exit.elements) for exit in tally.uncounted]
    assert [elements for _, elements in doors] == [3, 1, 3]
    for (door, _), name in zip(doors, ("ArrayImpl", "Spy", "matrix"), strict=True):
        assert name in door


def test_a_value_in_place_becomes_what_it_becomes_for_plain_arrays():
    x = y = oc.wrap(V)
    with oc.count(uncounted="record") as tally:
        y += np.ma.array(V, mask=[0, 1, 0])
    assert [exit.elements for exit in tally.uncounted] == [3] and x is not None


# --- what is let in


PLAIN = {
    "a memory map": lambda tmp: np.memmap(tmp / "map", float, "w+", shape=3),
    "a range": lambda _: range(1, 4),
    "a list": lambda _: [1.0, 2.0, 3.0],
    "a tuple": lambda _: (1, 2.0, np.float32(3)),
    "a deque": lambda _: deque([1.0, 2.0, 3.0]),
    "array.array": lambda _: array.array("d", [1.0, 2.0, 3.0]),
    "a deque of wrapped numbers": lambda _: deque(oc.wrap([1.0, 2.0, 3.0])),
    "a SymPy integer": lambda _: sympy.Integer(2),
}


@pytest.mark.parametrize("name", PLAIN)
def test_numbers_arrays_and_sequences_of_them_are_let_in(name, tmp_path):
    other = PLAIN[name](tmp_path)
    expected = V * np.asarray(oc.unwrap(list(other)) if isinstance(other, deque) else other, dtype=float)
    for program in (operator.mul, np.multiply):
        with oc.count() as tally:
            found = program(oc.wrap(V), other)
        assert tally.counts == {"mul": 3}
        assert np.array_equal(np.asarray(oc.unwrap(found), float), expected)


def test_none_and_text_are_what_they_are_for_plain_numbers():
    for other in (None, "text", object()):
        with oc.count() as tally:
            assert (oc.wrap(2.0) == other) is False
            for program in (operator.add, np.add):
                with pytest.raises(TypeError):
                    program(oc.wrap(V), other)
        assert tally.counts == NOTHING


def answering(base):
    """A subclass that answers otherwise than its base does."""

    class Own(base):
        def __rmul__(self, other):
            Spy.handed.append(other)
            return other

        __mul__ = __add__ = __radd__ = __rmul__
        __hash__ = base.__hash__

    return Own


OWN = {
    "float": answering(float)(2.0),
    "int": answering(int)(2),
    "complex": answering(complex)(2),
    "Fraction": answering(Fraction)(1, 2),
    "Decimal": answering(Decimal)(2),
    "str": answering(str)("a"),
    "bytes": answering(bytes)(b"a"),
    "list": answering(list)([1.0, 2.0, 3.0]),
    "tuple": answering(tuple)([1.0, 2.0, 3.0]),
    "namedtuple": answering(namedtuple("Point", "a b c"))(1.0, 2.0, 3.0),
    "deque": answering(deque)([1.0, 2.0, 3.0]),
}


@pytest.mark.parametrize("base", OWN)
def test_a_subclass_that_answers_otherwise_is_no_number_and_no_sequence(base):
    for program in (operator.mul, operator.add, np.multiply, lambda a, b: np.add(b, a)):
        for value in (oc.wrap(V), oc.wrap(2.0), oc.wrap(V)[0]):
            Spy.handed.clear()
            with oc.count() as tally, pytest.raises((oc.Uncounted, TypeError)):
                program(value, OWN[base])
            assert tally.counts == NOTHING and not any(isinstance(o, float | np.ndarray) for o in Spy.handed)


class Colour(enum.IntEnum):
    RED = 2


def test_a_subclass_that_answers_as_its_base_does_is_let_in():
    pair = namedtuple("Pair", "a b c")
    for other, expected in (
        (Colour.RED, 2 * V),
        (type("Length", (float,), {})(2.0), 2 * V),
        (pair(1.0, 2.0, 3.0), V * V),
    ):
        measured = oc.measure(lambda x, other=other: x * other, V)
        assert measured.value.tolist() == expected.tolist() and measured.counts == {"mul": 3}
    assert oc.measure(lambda x: x * Colour.RED, 3.0).counts == {"mul": 1}


def test_a_name_for_a_size_is_let_in_beside_a_spec_alone():
    n = sympy.Symbol("n")
    assert oc.measure(lambda v: v * n, oc.spec(("n",))).counts == {"mul": n}
    for other in (n, 2 * n + 1, sympy.pi, sympy.Float(2.5)):
        for program in (operator.mul, np.add, lambda a, b: np.dot(b, a), lambda a, b: np.where(V > 1, a, b)):
            for value in (oc.wrap(V), oc.wrap(2.0)):
                if isinstance(value, oc.Scalar) and other == 2.5:
                    continue  # a number, for a number
                with oc.count() as tally, pytest.raises((oc.Uncounted, TypeError)):
                    program(value, other)
                assert tally.counts == NOTHING


FRACTIONS = {
    "np.where": lambda x: np.where([True, False, False], x, Fraction(1, 2)),
    "np.where, the other": lambda x: np.where([True, False, False], Decimal(1), x),
    "np.select": lambda x: np.select([V > 1], [x], Fraction(1, 2)),
    "np.append": lambda x: np.append(x, Fraction(1, 2)),
    "np.stack": lambda x: np.stack([x, [Fraction(1, 2)] * 3]),
    "np.concatenate": lambda x: np.concatenate([x, [sympy.Integer(2)]]),
    "a product": lambda x: x * Fraction(1, 2),
    "a large integer": lambda x: x * 10**30,
    "a power": lambda x: x ** Fraction(2),
    "a product of vectors": lambda x: x @ np.array([Fraction(1)] * 3, dtype=object),
    "np.clip": lambda x: np.clip(x, Fraction(1, 2), 10),
    "an element": lambda x: x[0] * Fraction(1, 2),
}


@pytest.mark.parametrize("name", FRACTIONS)
def test_an_array_that_is_differentiated_does_not_lose_its_derivative_among_fractions(name):
    def f(x):
        return np.sum(FRACTIONS[name](x))

    expected = [1.0, 0.0, 0.0]
    if "other" not in name:  # decimals do not mix with floats
        exact = oc.gradient(f, V, granularity="scalar").gradient
        near = oc.gradient(f, V, "finite-difference", granularity="scalar").gradient
        expected = np.asarray(exact, float)
        assert np.allclose(expected, np.asarray(near, float), rtol=1e-5)
    refusals = 0
    for method in set(oc.METHODS) - {"finite-difference"}:
        try:
            found = oc.gradient(f, V, method=method).gradient
        except oc.Uncounted as error:
            refusals += 'granularity="scalar"' in str(error)
        else:
            assert np.allclose(np.asarray(found, float), expected)
    assert refusals


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("name", OPERATORS)
def test_a_column_of_pandas_beside_a_wrapped_array_is_refused_at_once(name, side):
    for column in (pd.Series(V), pd.Index(V), pd.DataFrame({"a": V}), frame(V)):
        pair = (oc.wrap(V), column) if side == "left" else (column, oc.wrap(V))
        with oc.count() as tally, pytest.raises(oc.Uncounted, match=r"pandas.*o\.to_numpy\(\)"):
            OPERATORS[name](*pair)
        assert tally.counts == NOTHING


def frame(values):
    return pd.Series(oc.wrap(list(values)))


@pytest.mark.parametrize(
    ("program", "counts"),
    [
        (lambda: frame(V) * 2 + 1, {"mul": 3, "add": 3}),
        (lambda: oc.wrap(2.0) * frame(V), {"mul": 3}),
        (lambda: frame(V).sum(), {"add": 2}),
        (lambda: np.exp(frame(V)), {"exp": 3}),
        (lambda: frame(V).apply(lambda v: v * v), {"mul": 3}),
        (lambda: np.dot(oc.wrap(V), pd.Series(V)), {"mul": 3, "add": 2}),
        (lambda: pd.DataFrame({"a": oc.wrap(list(V))}) * oc.wrap(2.0), {"mul": 3}),
    ],
)
def test_columns_of_pandas_hold_wrapped_numbers_and_count(program, counts):
    with oc.count() as tally:
        program()
    assert tally.counts == counts


def test_einsums_of_opt_einsum_count():
    contract = pytest.importorskip("opt_einsum", reason="opt_einsum comes with JAX").contract
    with oc.count() as tally:
        found = contract("ij,jk->ik", oc.wrap(np.ones((3, 3))), np.ones((3, 3)))
    assert type(found) is oc.Array and tally.counts == {"mul": 27, "add": 18}


def test_blocks_of_dask_count():
    da = pytest.importorskip("dask.array", reason="dask comes with distributed")
    with oc.count() as tally:
        found = (da.from_array(oc.wrap(V)) * 2).compute(scheduler="sync")
    assert type(found) is oc.Array and tally.counts == {"mul": 3}
    with pytest.raises(oc.Uncounted, match=r"dask.*o\.compute\(\)"):
        oc.wrap(V) * da.ones(3)


def test_arrays_of_xarray_hold_wrapped_ones_and_count():
    xr = pytest.importorskip("xarray", reason="xarray is not in the test extra")
    labelled, plain = xr.DataArray(oc.wrap(V), dims="i"), xr.DataArray(V, dims="i")
    with oc.count() as tally:
        for found in (labelled * 2, oc.wrap(V) * plain, plain * oc.wrap(V), oc.wrap(2.0) * plain):
            assert type(found.data) is oc.Array
    assert tally.counts == {"mul": 12}


def test_quantities_of_pint_hold_wrapped_values_and_count():
    pint = pytest.importorskip("pint", reason="pint is not in the test extra")
    units = pint.UnitRegistry()
    with oc.count() as tally:
        distance = oc.wrap(V) * units.km
        assert type((distance + oc.wrap(V) * units.m).magnitude) is oc.Array
    assert tally.counts == {"mul": 9, "add": 3}  # putting on a unit is a product by 1, in pint too; and a conversion


def test_what_cannot_hold_wrapped_values_is_no_array_to_wrap():
    for other, way in ((pd.Series(range(100)), r"o\.to_numpy\(\)"), (sparse.eye_array(3), r"o\.toarray\(\)")):
        with pytest.raises(oc.InvalidType, match=way) as caught:
            oc.wrap([other])
        assert len(str(caught.value)) < 250  # and does not print it
    for subclass in (STRANGERS["a matrix"][0], V.view(Units)):
        with pytest.raises(oc.InvalidType, match=r"np\.asarray"):
            oc.wrap(subclass)


# --- results


def test_a_result_that_is_no_array_and_no_number_is_refused_and_not_counted():
    oc.register_rule(np.linalg.eigvals, {"mul": 1} and (lambda a: {"mul": 9}))
    try:
        with oc.count() as tally:
            assert type(np.linalg.eigvals(oc.wrap(np.eye(3)))) is oc.Array
        assert tally.counts == {"mul": 9}
    finally:
        oc.register_rule(np.linalg.eigvals, None)
    with oc.count() as tally, pytest.raises(oc.Uncounted, match="are not counted"):
        oc.wrap(np.arange(3)) * np.timedelta64(1, "s")
    assert tally.counts == NOTHING


@pytest.mark.parametrize("endless", ["a list", "an operand", "a function"])
def test_a_list_that_contains_itself_is_refused(endless):
    cycle = [1.0]
    cycle.append(cycle)
    programs = {
        "a list": lambda: oc.wrap(cycle),
        "an operand": lambda: oc.wrap(V) + cycle,
        "a function": lambda: np.concatenate([oc.wrap(V), cycle]),
    }
    with oc.count() as tally, pytest.raises(oc.InvalidValue, match="itself"):
        programs[endless]()
    assert tally.counts == NOTHING


@pytest.mark.parametrize(
    "asked",
    [
        lambda column: column.isin([2.0]),
        lambda column: pd.DataFrame({"c": column}).isin([2.0]),
        lambda column: pd.Series([1.0, 2.0]).isin([oc.wrap(2.0)]),
    ],
)
def test_isin_of_pandas_which_finds_no_wrapped_number_is_refused_when_the_count_ends(asked):
    column = pd.Series([oc.wrap(1.0), oc.wrap(2.0)])
    with pytest.raises(oc.Uncounted, match=r"np\.isin\(x, values\)"), oc.count():
        asked(column)
    with pytest.raises(KeyError, match="mine"), oc.count():  # an error of the user's own is not replaced
        {}[("mine", asked(column).size)]
    with oc.count() as tally:  # what the message names
        found = column.map(lambda v: any(v == each for each in [2.0]))
    assert list(found) == [False, True] and tally.counts == {"eq": 2}
    with oc.count() as tally:
        assert list(np.isin(oc.wrap(np.array([1.0, 2.0])), [2.0])) == [False, True]
    assert tally.counts == {"eq": 2}
