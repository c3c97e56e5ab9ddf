"""Writing into arrays that are differentiated: NumPy's values, and the gradient and counts of single numbers."""

import math
import operator
import random

import numpy as np
import pytest

import opcount as oc
import opcount.tracing.nodes
from opcount.tracing import writing
from opcount.tracing.tape import Tape
from tests.support.faults import planted

X = np.array([1.0, 2.0, 4.0])


def through_a_view(x):
    y = x * 1.0
    v = y[:2]
    v += 5.0
    return np.sum(y * y)


def in_a_callee(x):
    def centre(a):
        a -= np.mean(a)

    y = x * 1.0
    centre(y)
    return np.sum(y * y * y)


def by_another_name(x):
    y = x * 1.0
    z = y
    z += 1
    return np.sum(y * y)


def row_by_row(x):
    y = np.stack([x * 1.0, x * 2.0])
    for row in y:
        row *= 2
    return np.sum(y * y)


def into_out(x):
    y = x * 1.0
    np.add(y, 1, out=y)
    return np.sum(y * y)


def into_the_argument(x):
    x += 1
    return np.sum(x * x)


def beside_a_copy(x):
    y = x * 1.0
    z = y.copy()
    z += 1
    w = y[1:]
    y *= 3
    return np.sum(y * z) + np.sum(w * w)


def view_of_a_view(x):
    y = x * 1.0
    v = y[1:]
    w = v[:1]
    w += 3
    y *= y
    return np.sum(y) + np.sum(v * w)


def transposed_and_flat(x):
    y = x.reshape(3, 1) * np.ones((1, 2))
    t = y.T
    t[0] *= 2
    flat = y.ravel()
    flat[0] = 7.0
    return np.sum(y * y) + np.sum(t)


def to_a_constant(x):
    y = x * 1.0
    y **= 0
    return np.sum(y * x)


def places_and_masks(x):
    y = x * 1.0
    y[::2] = y[1]
    y[[0, 1]] = y[[1, 2]]
    y[y > 3] *= 2
    return np.sum(y * y * y)


def zeros_like_it(x):
    y = np.zeros_like(x)
    for i in range(3):
        y[i] = x[i] * x[i - 1]
    return np.sum(y * y)


def by_functions(x):
    y = np.outer(x, x)
    np.fill_diagonal(y, 0.0)
    np.copyto(y[0], x)
    np.put(y, [1], 3.0)
    np.clip(y, 1.5, 2.5, out=y)
    return np.sum(y * y)


def a_buffer_used_again(x):
    buffer, total = np.zeros(3), 0.0
    for k in range(3):
        buffer[:] = k + 1.0
        total = total + np.sum(x * buffer)
    return total


def a_matrix_used_again(x):
    matrix, h = np.eye(3), x
    for k in range(3):
        matrix[0, 1] = k
        h = matrix @ h
    return np.sum(h * h)


def back_to_what_it_was(x):
    buffer, total = np.zeros(3), 0.0
    for k in (1.0, 2.0, 1.0):
        buffer[:] = k
        total = total + np.sum(x * buffer)
    return total


def a_mask_used_again(x):
    mask = x > 1.5
    y = np.where(mask, x, 0.0)
    mask[:] = False
    return np.sum(y * y)


def places_used_again(x):
    places = np.array([0, 1])
    y = x[places]
    places[:] = 2
    return np.sum(y * y)


def largest_into_out(x):
    y = np.zeros_like(x)
    np.max(np.stack([x, x[::-1]]), axis=0, out=y)
    return np.sum(y * y)


def into_a_window(x):
    y = x * 1.0
    window = np.lib.stride_tricks.sliding_window_view(y, 2, writeable=True)
    window[0, 0] = 10.0
    y[1] *= 2
    return np.sum(window * window)


def part_into_a_mask(x):
    x[np.array([False, True, True])] = x[:2]
    return np.sum(x * np.array([1.0, 2.0, 3.0]))


def data_among_numbers(x):
    y = x * 1.0
    y[1:] = np.array([2.0, 3.0])
    y[2] = np.array(2.0)
    np.copyto(y[1:2], [5.0])
    return y[0] * y[1] * 3 + y[1] * y[2]


def out_that_is_larger(x):
    y = np.zeros((2, 3)) * x
    np.multiply(x, x, out=y)
    np.sin(x, out=y[0])
    return np.sum(y * y)


def ordered_as_it_is(x):
    y = np.asfortranarray(np.ones((2, 3))) * x
    y.T.reshape(-1)[0] = 5.0
    y.reshape(-1)[1] = 7.0
    y.ravel("F")[2] = 9.0
    return np.sum(y * y)


BY_HAND = {  # value and gradient at [1, 2, 4]
    through_a_view: (101, [12, 14, 8]),
    in_a_callee: (20 / 9, [2 / 3, -13 / 3, 11 / 3]),
    by_another_name: (38, [4, 6, 10]),
    row_by_row: (420, [40, 80, 160]),
    into_out: (38, [4, 6, 10]),
    into_the_argument: (38, [4, 6, 10]),
    beside_a_copy: (264, [9, 51, 99]),
    view_of_a_view: (1067, [2, 670, 208]),
    transposed_and_flat: (176, [3, 23, 43]),
    to_a_constant: (7, [1, 1, 1]),
    zeros_like_it: (16 + 4 + 64, [8 * 4 + 4 * 2, 4 * 1 + 16 * 4, 8 * 1 + 16 * 2]),
    a_buffer_used_again: (42, [6, 6, 6]),
    a_matrix_used_again: (69, [14, 46, 8]),
    back_to_what_it_was: (28, [4, 4, 4]),
    a_mask_used_again: (20, [0, 4, 8]),
    places_used_again: (5, [2, 4, 0]),
}
BY_DIFFERENCES = (
    places_and_masks,
    by_functions,
    largest_into_out,
    into_a_window,
    part_into_a_mask,
    data_among_numbers,
    out_that_is_larger,
    ordered_as_it_is,
)


@pytest.mark.parametrize("granularity", ["array", "scalar"])
@pytest.mark.parametrize("method", oc.METHODS)
@pytest.mark.parametrize("f", BY_HAND, ids=lambda f: f.__name__)
def test_what_is_written_is_differentiated(f, method, granularity):
    value, slope = BY_HAND[f]
    assert f(X.copy()) == pytest.approx(value)
    g = oc.gradient(f, X.copy(), method, granularity=granularity)
    assert g.value == pytest.approx(value)
    assert g.gradient == pytest.approx(np.array(slope, float), abs=1e-4 if method == "finite-difference" else 1e-12)


@pytest.mark.parametrize("f", [*BY_HAND, *BY_DIFFERENCES], ids=lambda f: f.__name__)
def test_the_counts_are_those_of_single_numbers(f):
    whole, opened = (oc.gradient(f, X.copy(), granularity=each) for each in ("array", "scalar"))
    for phase in ("primal", "accumulation"):  # partials are those of whole arrays, constant elements included
        assert whole.phases[phase] == opened.phases[phase]
    value, h = f(X.copy()), 1e-6
    assert (whole.value, opened.value) == (pytest.approx(value), pytest.approx(value))
    slope = [(f(X + h * unit) - f(X - h * unit)) / (2 * h) for unit in np.eye(3)]
    assert whole.gradient == pytest.approx(np.array(slope), abs=1e-3)
    assert opened.gradient == pytest.approx(np.array(slope), abs=1e-3)


@pytest.mark.parametrize("granularity", ["array", "scalar"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    "write",
    [
        lambda x: x.T.reshape(-1),
        lambda x: x.reshape(-1),
        lambda x: x.ravel("F"),
        lambda x: x.ravel("K"),
        lambda x: (x * 1.0).reshape(-1),
        lambda x: x[:, ::2].reshape(-1),
    ],
    ids=["transposed", "flat", "by columns", "as in memory", "of a result", "of a part"],
)
def test_what_is_a_view_is_told_by_memory_as_it_is(write, order, granularity):
    x = np.array(np.arange(1.0, 7.0).reshape(2, 3), order=order)

    def f(x):
        write(x)[1] = 50.0
        return np.sum(x * x)

    g = oc.gradient(f, x, granularity=granularity)
    value = f(changed := x.copy("K"))
    assert g.value == value
    assert np.array_equal(g.gradient == 0, changed == 50.0)


def test_arrays_in_keywords_of_a_primitive_are_kept():
    scaled = oc.primitive(lambda x, w=None: x * w[0], partials=lambda y, x, w=None: w[0])

    def f(x):
        w = np.array([1.0, 2.0, 3.0])
        y = scaled(x, w=[w])
        w[:] = 0
        return np.sum(y)

    for granularity in ("array", "scalar"):
        assert oc.gradient(f, X, granularity=granularity).gradient.tolist() == [1.0, 2.0, 3.0]
    assert oc.gradient(f, X, "finite-difference", granularity="scalar").gradient == pytest.approx([1.0, 2.0, 3.0])


@pytest.mark.parametrize("granularity", ["array", "scalar"])
def test_a_wrapped_constant_beside_what_is_differentiated(granularity):
    g = oc.gradient(lambda x: np.sum(x * oc.wrap(np.array([1.0, 2.0, 3.0]))), X, granularity=granularity)
    assert (g.value, g.gradient.tolist()) == (17.0, [1.0, 2.0, 3.0])


@pytest.mark.parametrize("granularity", ["array", "scalar"])
@pytest.mark.parametrize("bounds", [(np.array([1.0]), 2.0), (np.array([0.5, 3.0]), 4.0)], ids=["at a bound", "outside"])
def test_a_number_clipped_to_arrays(bounds, granularity):
    g = oc.gradient(lambda x: np.sum(np.clip(x, *bounds)), 2.0, granularity=granularity)
    whole = oc.gradient(lambda x: np.sum(np.clip(x, *bounds)), 2.0)
    assert (g.value, g.gradient) == (whole.value, whole.gradient)
    assert g.phases["primal"] == whole.phases["primal"]
    assert whole.gradient == (0.5 if bounds[1] == 2.0 else 1.0)


@pytest.mark.parametrize("granularity", ["array", "scalar"])
def test_ties_of_an_outer_minimum(granularity):
    f = lambda x: np.sum(np.minimum.outer(x, [2.0, 1.0]))  # noqa: E731
    g = oc.gradient(f, np.array([1.0, 2.0]), granularity=granularity)
    assert g.gradient.tolist() == [1.5, 0.5]
    assert g.phases["primal"] == {"minimum": 4, "add": 3}


@pytest.mark.parametrize("granularity", ["array", "scalar"])
@pytest.mark.parametrize(
    "write",
    [
        lambda z, x: operator.iadd(z, x),
        lambda z, x: np.multiply(x, 2.0, out=z),
        lambda z, x: np.max(np.stack([x, x]), axis=0, out=z),
        lambda z, x: operator.setitem(z, slice(None), x),
        lambda z, x: operator.setitem(z, 0, x[0]),
        lambda z, x: operator.iadd(z, x[0]),
    ],
    ids=["in place", "out", "out of a maximum", "all of it", "an element", "a number in place"],
)
@pytest.mark.parametrize("data", [lambda: np.zeros(3), lambda: oc.wrap(np.zeros(3))], ids=["plain", "wrapped"])
def test_an_array_of_data_does_not_take_what_is_differentiated(data, write, granularity):
    with pytest.raises((oc.Uncounted, TypeError)):
        oc.gradient(lambda x: (write(z := data(), x), np.sum(z))[1], X, granularity=granularity)


def test_integers_are_not_cut_off_by_functions_either():
    for write in (lambda a: np.put(a, 0, a[1] * 0.5), lambda a: np.fill_diagonal(a.reshape(1, 2), a[1] * 0.5)):
        with pytest.raises(oc.Uncounted, match="integers"):
            oc.gradient(lambda a, write=write: (write(a), np.sum(a))[1], np.array([1, 2]))


def test_writing_a_part_of_an_array_over_itself_as_numpy_goes_is_refused():
    with pytest.raises(oc.Uncounted, match=r"np\.fill_diagonal.*copy"):
        oc.gradient(lambda x: (y := np.outer(x, x), np.fill_diagonal(y, y[0]), np.sum(y))[2], X)


def test_joining_parts_of_an_array_into_it_is_refused():
    with pytest.raises(oc.Uncounted, match=r"np\.concatenate.*make a new one"):
        oc.gradient(lambda x: np.sum(np.concatenate([x[1:], x[:1]], out=x)), X)


def test_an_out_that_is_larger_than_the_operands_counts_for_each_of_its_elements():
    x = oc.wrap(X)
    with oc.count() as tally:
        np.multiply(x, x, out=oc.wrap(np.zeros((4, 3))))
        np.sin(x, out=oc.wrap(np.zeros((2, 3))))
        np.add(oc.spec(3), 1, out=oc.spec((2, 3)))
        np.power(x, 3, out=oc.wrap(np.zeros((2, 3))))
    assert tally.counts == {"mul": 12 + 2 * 6, "sin": 6, "add": 6}


@pytest.mark.parametrize("granularity", ["array", "scalar"])
def test_an_out_of_another_shape_is_numpys_error_and_counts_nothing(granularity):
    for call in (
        lambda x: np.sum(np.outer(x, x), axis=0, out=np.zeros((3, 3)) * x),
        lambda x: np.add(np.outer(x, x), 1, out=x * 1.0),
    ):
        with oc.count() as tally, pytest.raises(ValueError, match=r"out|broadcast"):
            oc.gradient(lambda x, call=call: np.sum(call(x)), X, granularity=granularity)
        assert tally.counts["add"] <= 6


def test_the_callers_array_is_not_written_into():
    x = X.copy()
    oc.gradient(into_the_argument, x)
    assert np.array_equal(x, X)


def test_a_read_only_view_is_numpys_error():
    def f(x):
        y = np.broadcast_to(x, (2, 3))
        y += 1
        return np.sum(y)

    with pytest.raises(ValueError, match="read-only"):
        oc.gradient(f, X)


def test_a_plain_value_of_the_graph_is_to_be_read():
    def f(x):
        y = x * x
        oc.unwrap(y)[:] = 0
        return np.sum(y * y)

    with pytest.raises(ValueError, match="read-only"):
        oc.gradient(f, X)


@pytest.mark.parametrize(
    ("write", "error", "message"),
    [
        (lambda y: np.add(y, 1, out=np.zeros(3)), oc.Uncounted, 'granularity="scalar"'),
        (lambda y: np.cumsum(y, out=np.zeros(3)), oc.Uncounted, 'granularity="scalar"'),
        (lambda y: np.copyto(np.zeros(3), y), oc.Uncounted, 'granularity="scalar"'),
        (lambda y: operator.iadd(y, np.ones((2, 3))), ValueError, "non-broadcastable output"),
        (lambda y: y.__setitem__(slice(2), np.ones(3)), ValueError, "could not broadcast"),
        (lambda y: operator.iadd(y, "text"), TypeError, "text|str|unsupported"),
    ],
    ids=["out", "out of a function", "into data", "a larger shape", "another shape", "text"],
)
def test_what_cannot_be_written_is_refused(write, error, message):
    def f(x):
        y = x * 1.0
        write(y)
        return np.sum(y)

    with pytest.raises(error, match=message):
        oc.gradient(f, X)


def test_integers_do_not_take_what_they_would_cut_off():
    def f(x):
        x[0] = x[1] * 0.5
        return np.sum(x)

    with pytest.raises(oc.Uncounted, match="integers"):
        oc.gradient(f, np.array([1, 2, 3]))
    with pytest.raises(TypeError, match="same_kind"):
        oc.gradient(lambda x: np.sum(operator.itruediv(x, 2)), np.array([1, 2, 3]))


def test_it_keeps_its_precision():
    def f(x):
        y = x * 1
        y += np.array([0.1, 0.2, 0.3])
        assert y.dtype == np.float32
        return np.sum(y * y)

    g = oc.gradient(f, X.astype(np.float32))
    assert (g.value.dtype, g.gradient.dtype) == (np.float32, np.float32)


def test_what_is_kept_from_another_evaluation_cannot_be_written_into():
    kept = []

    def f(x):
        kept.append(x * 1.0)
        if len(kept) > 1:
            kept[0] += 1.0
        return np.sum(x)

    oc.gradient(f, X)
    with pytest.raises(oc.InvalidType, match="another evaluation"):
        oc.gradient(f, X)


def test_the_graph_has_a_node_for_each_value():
    graph = oc.trace(through_a_view, X.copy())
    assert [node.name for node in graph.nodes] == [
        "input", "mul", "index", "add", "written_through", "index", "mul", "sum"
    ]  # fmt: skip
    assert graph.inputs[0] is graph.nodes[0]
    assert graph.paths() == [4]


def test_views_that_nobody_holds_are_not_taken_anew():
    def f(x):
        y = np.outer(x, x)
        for row in y:
            row *= 2
        return np.sum(y * y)

    nodes = [oc.gradient(f, np.ones(n)).storage.nodes for n in (10, 20, 30)]
    assert nodes[2] - nodes[1] == nodes[1] - nodes[0]


@pytest.mark.parametrize("shape", [(3,), ("n",)])
def test_from_shapes(shape):
    counts = oc.gradient(by_another_name, oc.spec(shape)).counts
    found = {kind: number if shape == (3,) else number.subs("n", 3) for kind, number in counts.items()}
    assert found == oc.gradient(by_another_name, X.copy()).counts


def test_the_graph_of_a_trace_is_not_changed_with_the_array():
    x = X.copy()
    graph = oc.trace(lambda x: np.sum(x * x), x)
    x += 10
    assert np.array_equal(oc.unwrap(graph.nodes[0]), X)
    assert all(np.array_equal(oc.unwrap(edge.map.partial), X) for edge in graph.edges[:2])


# --- random programs


def program(seed, steps=12):
    """A program that writes into its arrays, their views and buffers of data; the same for whatever x is."""

    def run(x):
        rng = random.Random(seed)
        pool = [x * 1.0, np.outer(x, x) + 0.5]
        buffers = [np.array([0.5, -1.0, 2.0]), np.array([True, False, True])]
        parts = []
        for _ in range(steps):
            array = rng.choice(pool)
            factor = buffers[0] if array.shape[-1] == 3 else -0.75
            match rng.randrange(13):
                case 0:
                    array += rng.choice([1.5, array, factor])
                case 1:
                    array *= rng.choice([0.5, factor])
                case 2:
                    array -= np.mean(array)
                case 3:
                    array /= rng.choice([2.0, factor])
                case 4:
                    key = rng.choice([slice(1, None), slice(None, None, -1), slice(0, 1), ..., slice(0, 3, 2)])
                    pool.append(array[key] if array.shape[0] > 1 else array[:])
                case 5:
                    pool.append(rng.choice([np.transpose, np.ravel, np.flip, np.copy, np.atleast_2d])(array))
                case 6:
                    array[rng.choice([0, -1, slice(0, 2), [0, -1]])] = rng.choice([3.0, x[0], array[0]])
                case 7:
                    array[array > 1] = 0.25
                case 8:
                    for row in array[:2]:
                        row *= 1.25  # a number has another name then, a row is written into
                case 9:
                    buffers[0][rng.randrange(3)] = rng.choice([0.75, -1.5])
                    buffers[1][rng.randrange(3)] ^= True
                case 10:
                    np.multiply(array, 0.5, out=array)
                case 11:
                    parts.append(np.sum(np.where(buffers[1], array[..., :1] * buffers[0], 0.5)))
                case 12:
                    pool.append(array.reshape(-1))
                    pool[-1][0] = 1.5 * x[1]
        return sum(parts, 0.0) + sum(np.sum(array * array) for array in pool)

    return run


AT = np.array([1.01713, 2.03119, 4.04711])  # where no step of a program is at a jump


def agrees(seed):
    f = program(seed)
    h = 1e-6
    slope = [
        (f(AT + h * unit) - f(AT - h * unit)) / (2 * h) for unit in np.eye(3)
    ]  # fmt: skip
    whole, along, opened = (
        oc.gradient(f, AT.copy(), method, granularity=granularity)
        for method, granularity in (("backprop", "array"), ("forward", "array"), ("memoized", "scalar"))
    )
    value = f(AT.copy())
    assert all(math.isclose(g.value, value, rel_tol=1e-12) for g in (whole, along, opened)), seed
    size = max(1.0, *map(abs, slope))
    for g in (whole, along, opened):
        assert np.allclose(g.gradient / size, np.array(slope) / size, atol=2e-6), seed
    assert whole.phases["primal"] == opened.phases["primal"], seed
    assert whole.phases["accumulation"] == opened.phases["accumulation"], seed
    return whole


def test_random_programs():
    for seed in range(60):
        agrees(seed)


@pytest.mark.slow
def test_more_random_programs():
    for seed in range(60, 2_060):
        agrees(seed)


@pytest.mark.parametrize(
    ("owner", "fault"),
    [
        pytest.param(writing, {"recorded": lambda primitive, base, *rest: base}, id="stale views"),
        pytest.param(writing, {"_held": lambda views, later: []}, id="views not taken anew"),
        pytest.param(writing, {"viewed": lambda node: None}, id="values written alone"),
        pytest.param(Tape, {"kept": lambda tape, operand: operand}, id="buffers as they are"),
    ],
)
def test_the_programs_see_a_fault(owner, fault):
    with planted(owner, **fault), pytest.raises((AssertionError, ValueError, AttributeError, IndexError)):
        test_random_programs()
