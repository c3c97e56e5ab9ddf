"""The array API namespace: what counts on it, what is constant on it, and that nothing leaves it unseen."""

from __future__ import annotations

import copy
import math
import operator
import pickle

import numpy as np
import pytest

import opcount as oc
import opcount.array_api as xp

X = np.array([[1.5, -2.0, 0.5], [3.0, 0.25, -1.0]])


def counted(f, *arguments):
    with oc.count() as tally:
        result = f(*arguments)
    return result, tally.counts.to_dict()


def same(array, plain):
    held = oc.unwrap(array)
    assert type(held) is np.ndarray
    np.testing.assert_array_equal(held, plain, strict=True)


# --- what is wrapped counts, what is constant does not


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "int64", "uint16"])
def test_a_number_without_axes_keeps_its_dtype(dtype):
    x = xp.wrap(np.array(3, dtype))
    result, counts = counted(lambda: (x + 1) * x)
    same(result, np.asarray((np.array(3, dtype) + 1) * np.array(3, dtype)))
    assert counts == {"add": 1, "mul": 1}


OPERATORS = {
    operator.add: "add", operator.sub: "sub", operator.mul: "mul", operator.truediv: "div", operator.mod: "mod",
    operator.floordiv: "floordiv", operator.lt: "lt", operator.le: "le", operator.gt: "gt", operator.ge: "ge",
    operator.eq: "eq", operator.ne: "ne",
}  # fmt: skip


@pytest.mark.parametrize("f", OPERATORS, ids=operator.attrgetter("__name__"))
@pytest.mark.parametrize("other", [xp.wrap(X + 0.25), xp.asarray(X + 0.25), X + 0.25, np.float64(2.0), 2.0, 2])
def test_an_operator_counts_once_for_each_element_from_either_side(f, other):
    x, plain = xp.wrap(X), oc.unwrap(other) if isinstance(other, xp.Array) else other
    for arguments, values in (((x, other), (X, plain)), ((other, x), (plain, X))):
        result, counts = counted(f, *arguments)
        same(result, f(*values))
        mirrored = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}
        assert counts in ({OPERATORS[f]: 6}, {mirrored.get(OPERATORS[f], OPERATORS[f]): 6})


@pytest.mark.parametrize("f", OPERATORS, ids=operator.attrgetter("__name__"))
def test_an_operator_of_constant_data_counts_nothing(f):
    data = xp.asarray(X)
    result, counts = counted(lambda: f(f(data, 2.0), xp.sum(data)))
    same(result, f(f(X, 2.0), np.sum(X)))
    assert counts == {}
    np.asarray(result)  # constant still


def test_a_power_is_the_products_of_a_power():
    assert counted(lambda: xp.wrap(X) ** 5)[1] == {"mul": 18}
    assert counted(lambda: xp.pow(xp.wrap(X), 5))[1] == {"mul": 18}
    assert counted(lambda: xp.wrap(np.abs(X)) ** 0.5)[1] == {"pow": 6}


def test_functions_count_by_opcounts_rows():
    x, data = xp.wrap(X), xp.asarray(X)
    cases = {
        "sum": (lambda: xp.sum(x), np.asarray(X.sum()), {"add": 5}),
        "mean": (lambda: xp.mean(x, axis=1), X.mean(1), {"add": 4, "div": 2}),
        "matmul": (lambda: x @ data.T, X @ X.T, {"mul": 12, "add": 8}),
        "where": (lambda: xp.where(x > 0, x, 0.0), np.where(X > 0, X, 0), {"gt": 6}),
        "tanh": (lambda: xp.tanh(x[0]), np.tanh(X[0]), {"tanh": 3}),
        "concat": (lambda: xp.concat([x, data]), np.concatenate([X, X]), {}),
        "clip": (lambda: xp.clip(x, 0.0, 1.0), X.clip(0, 1), {"maximum": 6, "minimum": 6}),
        "running": (lambda: xp.cumulative_sum(x, axis=1), X.cumsum(1), {"add": 4}),
        "solve": (lambda: xp.linalg.solve(xp.asarray(X[:, :2]), x), np.linalg.solve(X[:, :2], X),
                  {"mul": 6, "sub": 6, "div": 6}),
    }  # fmt: skip
    for call, plain, counts in cases.values():
        result, executed = counted(call)
        same(result, plain)
        assert executed == counts
        assert counted(operator.neg, result)[1] == {"neg": plain.size}  # wrapped still


def test_what_is_made_like_a_wrapped_array_is_constant():
    x = xp.wrap(X)
    for made in (xp.zeros_like(x), xp.ones_like(x), xp.empty_like(x), xp.full_like(x, 2.0), xp.argmax(x, axis=0)):
        assert counted(lambda made=made: made + made)[1] == {}
    assert counted(lambda: xp.full((2,), xp.sum(x)) + 1)[1] == {"add": 7}


def test_broadcasting_and_grids_leave_constant_data_constant():
    x, data = xp.wrap(X), xp.asarray(X[0])
    wide, constant = xp.broadcast_arrays(x, data)
    assert counted(lambda: wide * 2)[1] == {"mul": 6} and counted(lambda: constant * 2)[1] == {}
    first, second = xp.meshgrid(x[0], data)
    assert counted(lambda: first * 2)[1] == {"mul": 9} and counted(lambda: second * 2)[1] == {}


# --- writing


def test_constant_data_that_is_written_into_is_wrapped_with_its_views():
    for write in (
        lambda out: operator.setitem(out, 0, xp.wrap(1.0)),
        lambda out: operator.iadd(out, xp.wrap(X[0])),
        lambda out: operator.setitem(out, slice(1), xp.wrap(X[0, :1])),
    ):
        out = xp.zeros((3,))
        view, before, copied = out[1:], xp.reshape(out, (3, 1)), xp.asarray(out, copy=True)
        write(out)
        assert counted(lambda view=view: view + 1)[1] == {"add": 2}
        assert counted(lambda before=before: before + 1)[1] == {"add": 3}
        assert counted(lambda copied=copied: copied + 1)[1] == {}
        with pytest.raises(oc.Uncounted):
            np.asarray(out)


def test_writing_into_a_view_wraps_what_it_is_a_view_of():
    out = xp.zeros((2, 2))
    out.mT[0, 1] = xp.wrap(2.0)
    same(out, np.array([[0.0, 0.0], [2.0, 0.0]]))
    assert counted(lambda: out + out)[1] == {"add": 4}


@pytest.mark.parametrize(
    "share",
    [
        lambda plain: (xp.asarray(plain), plain),
        lambda plain: _shared(xp.asarray(plain), np.asarray),
        lambda plain: _shared(xp.asarray(plain), np.from_dlpack),
        lambda plain: _shared(xp.asarray(plain), lambda x: np.asarray(x.data)),
    ],
)
def test_what_is_written_is_in_no_plain_array(share):
    data, plain = share(np.zeros(3))
    data[0] = xp.wrap(2.0)
    assert not plain.any()


def _shared(data, take):
    return data, take(data)


def test_plain_data_is_not_shared():
    plain = np.zeros(3)
    with pytest.raises(ValueError, match="copied"):
        xp.asarray(plain, copy=False)
    data = xp.asarray(plain)
    assert xp.asarray(data, copy=False) is data
    same(xp.asarray(plain, dtype=xp.float32, copy=True), np.zeros(3, "float32"))
    same(xp.asarray(xp.wrap(plain), dtype=xp.float32, copy=True), np.zeros(3, "float32"))


def test_in_place_counts_and_keeps_the_memory():
    x = xp.wrap(X)
    row = x[0]

    def program():
        nonlocal row
        row += 1.0
        row *= xp.asarray(X[1])

    assert counted(program)[1] == {"add": 3, "mul": 3}
    same(x[0], (X[0] + 1.0) * X[1])
    number = xp.wrap(np.float32(2))
    number += 1
    same(number, np.array(3, "float32"))


def test_numbers_written_as_truth_values_are_compared():
    out = xp.zeros((3,), dtype=xp.bool)
    assert counted(lambda: operator.setitem(out, slice(None), xp.wrap(X[0])))[1] == {"ne": 3}
    assert counted(lambda: xp.astype(xp.wrap(X), xp.bool))[1] == {"ne": 6}


def test_what_raises_changes_and_counts_nothing():
    out = xp.zeros((3,))
    with oc.count() as tally:
        with pytest.raises(ValueError, match="broadcast"):
            out[:] = xp.wrap(X[:, :2])
        with pytest.raises(ValueError, match="broadcast"):
            out += xp.wrap(X[:, :2])
    assert not tally.counts
    assert counted(lambda: out + 1)[1] == {}
    with pytest.raises(oc.BudgetExceeded), oc.count(budget=5):
        out += xp.wrap(X[0]) * X
    same(out, np.zeros(3))


# --- exits


EXITS = {
    "float": float, "int": int, "complex": complex, "index": operator.index, "bool": bool, "asarray": np.asarray,
    "math": math.sin, "dlpack": np.from_dlpack, "item": lambda x: x.item(), "pickle": pickle.dumps,
    "list": lambda x: x.tolist(), "range": range,
    "indexed": lambda x: xp.arange(5)[x], "numpy into plain": lambda x: np.add(x, 1, out=np.zeros(())),
}  # fmt: skip


@pytest.mark.parametrize("leave", EXITS.values(), ids=EXITS)
def test_a_wrapped_value_does_not_leave_and_constant_data_does(leave):
    number = xp.wrap(np.int64(2))
    with pytest.raises(oc.Uncounted):
        leave(number)
    with oc.count() as tally:
        leave(xp.asarray(2))
    assert not tally.counts


def test_an_element_of_a_plain_array_does_not_take_a_wrapped_value():
    plain = np.zeros(3)
    with pytest.raises(ValueError, match="setting an array element") as error:
        plain[0] = xp.wrap(1.0)
    assert isinstance(error.value.__cause__, oc.Uncounted) and not plain.any()


@pytest.mark.parametrize("leave", [bool, int, float, np.asarray], ids=lambda leave: leave.__name__)
def test_truth_values_are_control_flow(leave):
    assert leave(xp.any(xp.wrap(X) > 0)) == 1
    assert leave(xp.wrap(1.0) > 0) == 1


def test_what_has_no_exact_count_is_refused():
    x = xp.wrap(X @ X.T)
    for refused in (
        lambda: xp.linalg.eigh(x),
        lambda: xp.linalg.svd(x),
        lambda: xp.linalg.pinv(x),
        lambda: xp.fft.fft(x),
        lambda: xp.arange(x[0, 0]),
        lambda: xp.take(x, x[0], axis=0),
    ):
        with pytest.raises(oc.Uncounted):
            refused()
    assert xp.linalg.svd(xp.asarray(X)).S.shape == (2,)


# --- arrays in and out


def test_arrays_are_made_of_what_is_given():
    same(xp.wrap([[1, 2], [3, 4]]), np.array([[1, 2], [3, 4]]))
    same(xp.wrap(2.0, dtype=xp.float32), np.array(2.0, "float32"))
    same(xp.asarray([xp.wrap(1.0), 2.0, xp.asarray(3.0)]), np.array([1.0, 2.0, 3.0]))
    assert counted(lambda: xp.asarray([xp.wrap(1.0), 2.0]) + 1)[1] == {"add": 2}
    assert counted(lambda: xp.asarray(oc.wrap(X)) + 1)[1] == {"add": 6}
    assert counted(lambda: xp.asarray(oc.wrap(2.0)) + 1)[1] == {"add": 1}
    data = X.copy()
    x = xp.wrap(data)
    x[0, 0] = 7.0
    assert data[0, 0] == X[0, 0]
    assert xp.asarray(x) is x
    y = copy.deepcopy(x)
    y[0, 0] = 8.0
    same(x[0, 0], np.array(7.0))
    assert counted(operator.neg, y)[1] == {"neg": 6}


def test_unwrap_opens_structures():
    plain = oc.unwrap({"a": [xp.wrap(X), xp.asarray(2.0)], "b": (xp.wrap(1.0),)})
    np.testing.assert_array_equal(plain["a"][0], X)
    assert plain["b"][0].shape == ()


def test_beside_opcounts_own_values_and_numpys_functions():
    x, own = xp.wrap(X), oc.wrap(X)
    for f in (operator.mul, np.multiply):
        for arguments in ((x, own), (own, x), (x, oc.wrap(2.0)), (oc.wrap(2.0), x), (xp.asarray(X), own)):
            result, counts = counted(f, *arguments)
            assert counts == {"mul": 6} and isinstance(result, (xp.Array, oc.Array))
            assert isinstance(result, xp.Array) or f is np.multiply
    assert counted(np.sum, x)[1] == {"add": 5}
    assert counted(np.linalg.norm, x)[1] == {"mul": 6, "add": 5, "sqrt": 1}
    assert counted(np.sum, xp.asarray(X))[1] == {}


def test_constant_data_that_is_wrapped_counts():
    data = xp.asarray(X)
    assert counted(lambda: oc.wrap([data])[0] * 2.0)[1] == {"mul": 6}
    assert oc.measure(lambda x: x * 2.0, data).counts == {"mul": 6}
    assert counted(lambda: data * 2.0)[1] == {}
    x = xp.wrap(X)
    assert oc.wrap(x) is x


def test_constant_data_stays_so_when_it_is_pickled():
    again = pickle.loads(pickle.dumps(xp.asarray(X)))
    assert isinstance(again, xp.Array)
    same(again, X)
    assert counted(lambda: again * 2.0)[1] == {}


@pytest.mark.parametrize("granularity", ["array", "scalar"])
@pytest.mark.parametrize("f", [lambda x, data: np.sum(data * x), lambda x, data: np.sum(x * data)])
def test_constant_data_is_data_in_a_gradient(f, granularity):
    x = X[0]
    g = oc.gradient(lambda x: f(x, xp.asarray(X[1])), x, granularity=granularity)
    plain = oc.gradient(lambda x: f(x, X[1]), x, granularity=granularity)
    np.testing.assert_array_equal(g.gradient, X[1])
    assert g.phases == plain.phases


def test_a_gradient_goes_through_functions_of_the_namespace():
    g = oc.gradient(lambda x: xp.sum(xp.exp(x) * x), X)
    np.testing.assert_allclose(g.gradient, np.exp(X) * (X + 1))
    assert g.phases == oc.gradient(lambda x: np.sum(np.exp(x) * x), X).phases


def test_a_count_by_function_says_which_function_of_the_namespace():
    x = xp.wrap(X)
    with oc.count(by="function") as tally:
        xp.sum(x), xp.abs(x), xp.linalg.vector_norm(x), x * x, np.prod(x)
    assert {name: counts.to_dict() for name, counts in tally.parts.items()} == {
        "xp.sum": {"add": 5},
        "xp.abs": {"abs": 6},
        "xp.linalg.vector_norm": {"mul": 6, "add": 5, "sqrt": 1},
        "np.multiply": {"mul": 6},
        "np.prod": {"mul": 5},
    }
    with oc.count(by="line") as by_line:
        xp.sum(x)
    (line,) = by_line.parts
    assert "test_array_api.py" in str(line)


def test_beside_a_spec():
    result, counts = counted(lambda: xp.asarray(X) * oc.spec((2, 3)))
    assert result.shape == (2, 3) and counts == {"mul": 6}


def test_beside_object_arrays_of_wrapped_numbers():
    numbers = np.array([oc.wrap(1.0), oc.wrap(2.0), oc.wrap(3.0)])
    result, counts = counted(lambda: xp.asarray(X[0]) * numbers)
    assert counts == {"mul": 3} and oc.unwrap(result).tolist() == [1.5, -4.0, 1.5]


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        (lambda: xp.wrap("a"), oc.InvalidType, "numbers or truth values"),
        (lambda: xp.wrap(None), oc.InvalidType, "numbers or truth values"),
        (lambda: xp.asarray(np.array(["a"])), oc.InvalidType, "obj is an array of <U1"),
        (lambda: xp.wrap(oc.spec(3)), oc.InvalidType, "a spec, which has no values"),
        (lambda: xp.asarray(np.ma.masked_array([1.0], [True])), oc.InvalidType, "computes by rules of its own"),
        (lambda: xp.wrap(X.view(np.matrix)), oc.InvalidType, "computes by rules of its own"),
        (lambda: xp.zeros((2,), device="gpu"), oc.InvalidValue, "device is 'cpu'"),
        (lambda: xp.wrap(X).__array_namespace__(api_version="1999.01"), oc.InvalidValue, "api_version"),
        (lambda: xp.cumulative_sum(xp.wrap(X)), oc.InvalidValue, "axis"),
        (lambda: iter(xp.wrap(1.0)), TypeError, "0-d"),
        (lambda: hash(xp.wrap(1.0)), TypeError, "unhashable"),
    ],
)
def test_wrong_arguments_say_so(wrong, error, text):
    with pytest.raises(error, match=text):
        wrong()


def test_special_functions_count_by_their_names_or_definitions():
    from scipy import special

    with oc.count() as tally:
        found = xp.special.erf(xp.wrap(X))
    assert tally.counts == {"erf": X.size} and isinstance(found, xp.Array)
    assert np.array_equal(oc.unwrap(found), special.erf(X))
    with oc.count() as tally:
        found = xp.special.expit(xp.wrap(X))
    assert tally.counts == dict.fromkeys(("neg", "exp", "add", "div"), X.size)
    assert np.allclose(oc.unwrap(found), special.expit(X))
    with oc.count() as tally:
        assert np.array_equal(oc.unwrap(xp.special.erf(xp.asarray(X))), special.erf(X))  # constant data
    assert not tally.counts


def test_every_name_of_the_standard_is_there_and_documented():
    assert xp.__array_api_version__ == "2024.12"
    assert xp.wrap(1.0).__array_namespace__(api_version="2024.12") is xp
    for part in (xp, xp.linalg, xp.fft):
        functions = [getattr(part, name) for name in dir(part) if not name.startswith("_")]
        named = [one for one in functions if "opcount.array_api" in getattr(one, "__module__", "") or ""]
        assert len(named) >= 14 and all(one.__doc__ for one in named)
    assert not hasattr(xp.special, "no_such_function") and not hasattr(xp.special, "errstate")
    assert {"abs", "zeros", "unique_all", "take_along_axis", "count_nonzero", "linalg", "fft"} <= {*dir(xp)}
