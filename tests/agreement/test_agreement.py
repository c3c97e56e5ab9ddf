"""The agreement of all methods: on random programs, in floats and in fractions, and with an independent system."""

from __future__ import annotations

import functools
from collections import Counter
from itertools import pairwise

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

import opcount as oc
from opcount.derivatives.chain_rule import NoMemo
from opcount.wrapping.operations import OPERATIONS, replaced
from tests.support.programs import (
    DIFFERENTIABLE,
    RATIONAL,
    SPELLINGS,
    doubled,
    programs,
    question_loss,
    rational_programs,
    squared,
)

RANDOM = settings(
    deadline=None,
    derandomize=True,
    max_examples=150,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
CHAIN_RULE = [method for method in oc.METHODS if method != "finite-difference"]
TWINS = [("memoized", "backprop", "tail"), ("memoized-tangent", "forward", "head")]


def check_agreement(f, x, *, exact=False):
    """Everything that has to agree between the methods on one function."""
    found = {method: oc.gradient(f, x, method, log=True) for method in oc.METHODS}
    graph = oc.trace(f, x)
    primal = oc.measure(f, x)
    expected = found["backprop"].gradient
    size = max(1.0, *(abs(float(number)) for number in expected))
    for method, g in found.items():
        tolerance = 1e-4 if method == "finite-difference" else 0 if exact else 1e-10
        for one, other in zip(g.gradient, expected, strict=True):
            assert abs(one - other) <= tolerance * size, f"{method} and backprop differ: {g.gradient}, {expected}"
        assert g.value == primal.value, f"the value by {method} is not that of the function"
        assert g.phases["accumulation"] == graph.predict(method), f"{method} is not what was predicted"
    for method in ("naive", "memoized", "naive-tangent", "memoized-tangent", "backprop", "checkpointed"):
        assert found[method].phases["primal"] == primal.counts, f"the evaluation by {method} counts differently"
        assert found[method].phases["partials"] == found["backprop"].phases["partials"]
    for recursion, loop, end in TWINS:
        twins = found[recursion], found[loop]
        assert bits(twins[0].gradient) == bits(twins[1].gradient), f"{recursion} and {loop} differ in a bit"
        assert twins[0].phases["accumulation"] == twins[1].phases["accumulation"]
        assert Counter(twins[0].log) == Counter(twins[1].log), f"{recursion} and {loop} log different operations"
        assert by_node(twins[0].log, end) == by_node(twins[1].log, end), f"{recursion} and {loop} sum in another order"
    forgetful, backprop = found["checkpointed"], found["backprop"]
    assert bits(forgetful.gradient) == bits(backprop.gradient), "checkpointed and backprop differ in a bit"
    assert forgetful.log == backprop.log, "checkpointed and backprop differ in an operation"


def bits(gradient):
    """Numbers so that equal means the same bits, signed zeros and nan included."""
    return [float(number).hex() if isinstance(number, (float, np.floating)) else number for number in gradient]


def by_node(log, end):
    found = {}
    for step in log:
        found.setdefault((step.source, getattr(step, end)), []).append(step)
    return found


# --- random programs


@pytest.mark.filterwarnings("ignore::opcount.NothingCounted")  # some are constant
@given(programs())
@RANDOM
def test_all_methods_agree_on_random_programs(program):
    check_agreement(program, list(program.x))


@pytest.mark.filterwarnings("ignore::opcount.NothingCounted")  # some are constant
@given(rational_programs())
@RANDOM
def test_all_methods_agree_exactly_on_random_programs_of_fractions(program):
    check_agreement(program, list(program.x), exact=True)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::opcount.NothingCounted")  # some are constant
@given(programs(most=14))
@settings(RANDOM, max_examples=3000)
def test_all_methods_agree_on_thousands_of_random_programs(program):
    check_agreement(program, list(program.x))


def test_the_random_programs_use_every_primitive_and_have_diamonds():
    used = set()
    paths = []

    @given(programs())
    @settings(RANDOM, max_examples=500)
    def look(program):
        used.update(step[0] for step in program.steps)
        paths.append(max(oc.trace(program, list(program.x)).paths()))

    look()
    assert used == set(DIFFERENTIABLE) == set(SPELLINGS)
    assert max(paths) > 30  # which examples are drawn depends on the modules that are imported, too
    assert sum(number > 1 for number in paths) > len(paths) / 4
    assert set(RATIONAL) < used


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: doubled(10)(x[0]), [0.3]),
        (lambda x: squared(6)(x[0]), [1.1]),
        (lambda x: squared(4)(x[0] - x[1]) - doubled(4)(x[1] * x[0]), [1.2, 0.3]),
        (lambda x: x[0] - (x[1] - (x[0] - (x[1] - x[0]))), [1.2, 0.3]),
        (lambda x: -(-(x[0] * x[1])) - -x[0], [1.2, 0.3]),  # noqa: B002
        (lambda x: x[0] - x[0], [1.2]),
        (lambda x: np.maximum(x[0], x[1]) + np.minimum(x[0], x[1]), [1.2, 0.3]),
        (lambda x: np.maximum(x[0], x[0] * 1), [1.2]),
        (lambda x: x[2], [1.0, 2.0, 3.0]),
        (lambda x: 5.0, [1.0, 2.0]),
        (
            lambda x: question_loss((0.0, 0.0), (0.5, 1.0), (1.0, 0.0))({"w": x[:4], "b": x[4:]}),
            [0.5, -0.4, 0.3, 0.2, 0.1, 0.6, 0.7],
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::opcount.NothingCounted")
def test_all_methods_agree_on_programs_that_are_easy_to_get_wrong(f, x):
    # max and min have a corner where the operands are equal: no difference quotient there
    check_agreement(f, x)


@pytest.mark.parametrize("layers", [[1, 2, 1], [2, 3, 3, 1], [3, 4, 2]])
def test_all_methods_agree_on_multilayer_perceptrons_of_object_arrays(layers):
    sizes = list(pairwise(layers))
    draw = np.random.default_rng(0)
    numbers = draw.normal(size=sum((i + 1) * o for i, o in sizes)).tolist()
    data = draw.normal(size=layers[0])

    def loss(x):
        values, at = data, 0
        for fan_in, fan_out in sizes:
            weights = np.array(x[at : at + fan_in * fan_out], dtype=object).reshape(fan_out, fan_in)
            at += fan_in * fan_out
            values = np.tanh(weights @ values + np.array(x[at : at + fan_out], dtype=object))
            at += fan_out
        return np.sum(values * values)

    check_agreement(loss, numbers)


# --- the checker catches faults


FAULTY = lambda x: np.tanh(x[0] * x[1] + x[0]) * x[1] + np.tanh(x[0]) * np.tanh(x[1])  # noqa: E731


def test_the_checker_passes_what_the_faults_are_planted_in():
    check_agreement(FAULTY, [0.5, 0.7])


@pytest.mark.parametrize("name", ["tanh", "mul", "add"])
def test_a_corrupted_partial_is_caught(name):
    row = OPERATIONS[name]
    corrupted = (lambda y, *operands: oc.wrap(1.01) * y, *row.partials[1:])
    caught = pytest.raises(AssertionError, match="finite-difference and backprop differ")
    with replaced(**{name: row._replace(partials=corrupted)}), caught:
        check_agreement(FAULTY, [0.5, 0.7])


def dropped(total, term):
    return term if total is None else total


@pytest.fixture
def plant(monkeypatch):
    """A function that puts another algorithm into the rows of these methods."""

    def planted(algorithm, *methods):
        for method in methods:
            row = oc.METHODS[method]
            monkeypatch.setitem(oc.METHODS, method, row._replace(algorithm=functools.partial(algorithm, row.algorithm)))

    return planted


def without_sums(algorithm, *arguments):
    *others, _, seed = arguments
    return algorithm(*others, dropped, seed)


def test_a_sum_that_all_methods_drop_is_caught(plant):
    plant(without_sums, *CHAIN_RULE)
    with pytest.raises(AssertionError, match="finite-difference and backprop differ"):
        check_agreement(FAULTY, [0.5, 0.7])


def test_a_sum_that_one_method_drops_is_caught(plant):
    plant(without_sums, "backprop")
    with pytest.raises(AssertionError, match="differ"):
        check_agreement(FAULTY, [0.5, 0.7])


def test_sums_in_another_order_are_caught(plant):
    def backwards(_, source, edges, plus, seed):
        users = [[] for _ in edges]
        adjoint = [None] * len(edges)
        adjoint[source] = seed
        for node in range(source, -1, -1):
            for head, edge in reversed(users[node]):
                adjoint[node] = plus(adjoint[node], edge.pull(adjoint[head]))
            if adjoint[node] is not None:
                for operand, edge in edges[node]:
                    users[operand].append((node, edge))
        return adjoint

    plant(backwards, "backprop")
    with pytest.raises(
        AssertionError, match=r"memoized and backprop (differ in a bit|log different operations|sum in another order)"
    ):
        check_agreement(FAULTY, [0.5, 0.7])


def test_an_operation_too_many_is_caught(plant):
    def wasteful(algorithm, *arguments):
        oc.wrap(2.0) * 3.0
        return algorithm(*arguments)

    plant(wasteful, *CHAIN_RULE)
    with pytest.raises(AssertionError, match="is not what was predicted"):
        check_agreement(FAULTY, [0.5, 0.7])


def test_a_memo_that_forgets_is_caught(plant):
    def forgetful(algorithm, node, source, neighbours, memo, *how):
        return algorithm(node, source, neighbours, NoMemo(), *how)

    plant(forgetful, "memoized")
    with pytest.raises(AssertionError, match="memoized is not what was predicted"):
        check_agreement(FAULTY, [0.5, 0.7])


# --- an independent system: HIPS autograd


def rosenbrock(np, x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def softplus_network(np, x):
    hidden = np.log(1 + np.exp(x[:2] * 0.5 + x[2:4]))
    return (hidden @ x[4:6] + x[6] - 1.0) ** 2


def perceptron(np, x):
    hidden = np.tanh(x["w"] @ np.array([0.3, -0.7]) + x["b"])
    return np.sum((x["v"] @ hidden - 0.5) ** 2)


def logistic(np, x):
    data = np.array([[0.2, 1.0], [-1.5, 0.3], [0.7, -0.4]])
    scores = data @ x
    return np.sum(np.log1p(np.exp(-scores * np.array([1.0, -1.0, 1.0]))))


def iterated(np, x):
    for _ in range(7):
        x = x - 0.1 * (x**3 - np.cos(x))
    return x


def softmax(np, x):
    powers = np.exp(x - 0.5)
    shares = powers / np.sum(powers)
    return shares[1] - np.sum(shares * np.log(shares))


def gaussian(np, x):
    return np.exp(-((x[0] - 0.3) ** 2) / (2 * x[1] ** 2)) / (x[1] * np.sqrt(2 * np.pi))


def horner(np, x):
    result = 0.0
    for coefficient in (1.0, -2.0, 0.5, 3.0, -0.25):
        result = result * x + coefficient
    return result


def fixed_depth_fraction(np, x):
    result = 1.0
    for depth in range(6, 0, -1):
        result = depth + x * x / result
    return x / result


SCALAR = 0.37
VECTOR = np.array([0.3, -0.4, 0.9])
POSITIVE = np.array([0.3, 1.4, 0.9])
MATRIX = np.array([[0.3, -0.4], [0.9, 1.1]])
ORDINARY = {
    "polynomial": (lambda np, x: 3 * x**4 - 2 * x**2 + x - 7, SCALAR),
    "horner": (horner, SCALAR),
    "quotient": (lambda np, x: (1 + x) / (2 - x * x), SCALAR),
    "reciprocal powers": (lambda np, x: x**-1 + x**-3 + 1 / x**2, SCALAR),
    "real powers": (lambda np, x: x**2.5 + x**-0.5, SCALAR),
    "a variable exponent": (lambda np, x: x[0] ** x[1], POSITIVE),
    "x to the x": (lambda np, x: x**x, SCALAR),
    "a constant to the x": (lambda np, x: 2.0**x + 0.5**x, SCALAR),
    "exponentials": (lambda np, x: np.exp(x) + np.exp2(x) + np.expm1(-x), SCALAR),
    "logarithms": (lambda np, x: np.log(x) * np.log2(x) - np.log10(x) + np.log1p(x), SCALAR),
    "trigonometry": (lambda np, x: np.sin(x) * np.cos(2 * x) + np.tan(x), SCALAR),
    "inverse trigonometry": (lambda np, x: np.arcsin(x) * np.arccos(x) + np.arctan(x), SCALAR),
    "hyperbolic": (lambda np, x: np.sinh(x) - np.cosh(x) * np.tanh(x), SCALAR),
    "inverse hyperbolic": (lambda np, x: np.arcsinh(x) + np.arccosh(1 + x) * np.arctanh(x), SCALAR),
    "an angle": (lambda np, x: np.arctan2(x[0], x[1]) + np.arctan2(x[2], x[0]), VECTOR),
    "a length": (lambda np, x: np.sqrt(x[0] ** 2 + x[1] ** 2 + x[2] ** 2), VECTOR),
    "absolute values": (lambda np, x: np.abs(x[0]) + abs(x[1]) * np.abs(x[2]), VECTOR),
    "signs": (lambda np, x: np.sign(x[0]) * x[0] - np.sign(x[1]) * x[1], VECTOR),
    "maxima and minima": (lambda np, x: np.maximum(x[0], x[1]) * np.minimum(x[1], x[2]), VECTOR),
    "logaddexp": (lambda np, x: np.logaddexp(x[0], np.logaddexp(x[1], x[2])), VECTOR),
    "squares": (lambda np, x: np.square(x[0]) * np.square(x[1] + x[2]), VECTOR),
    "remainders": (lambda np, x: x[2] % x[0] + x[2] % 0.7, VECTOR),
    "a branch": (lambda np, x: np.sin(x[0]) if x[0] > x[1] else np.cos(x[1]), VECTOR),
    "a loop": (iterated, SCALAR),
    "a continued fraction": (fixed_depth_fraction, SCALAR),
    "a gaussian": (gaussian, POSITIVE),
    "nested": (lambda np, x: np.sin(np.exp(np.tanh(np.log(1 + x * x)))), SCALAR),
    "a diamond tower": (lambda np, x: squared(5)(1 + x / 10) + doubled(5)(x), SCALAR),
    "rosenbrock": (rosenbrock, VECTOR),
    "softmax": (softmax, VECTOR),
    "logistic regression": (logistic, np.array([0.3, -0.8])),
    "the 1-2-1 network": (softplus_network, np.array([3.34, -3.53, -1.43, 0.57, -1.22, -2.30, 2.61])),
    "a perceptron in a dict": (perceptron, {"w": MATRIX, "b": np.array([0.1, -0.2]), "v": np.array([[0.5, -0.6]])}),
    "sum of tanh": (lambda np, x: np.sum(np.tanh(x)), VECTOR),
    "sum along an axis": (lambda np, x: np.sum(np.sum(x, axis=0) ** 2) + np.sum(np.sum(x, axis=1)) ** 3, MATRIX),
    "mean": (lambda np, x: np.mean(x * x), VECTOR),
    "product": (lambda np, x: np.prod(x), VECTOR),
    "dot": (lambda np, x: np.dot(x, x[::-1]), VECTOR),
    "matrix product": (lambda np, x: np.sum(x @ x @ np.array([1.0, -2.0])), MATRIX),
    "matrix times its transpose": (lambda np, x: np.sum((x @ x.T) * np.array([[1.0, 2.0], [3.0, 4.0]])), MATRIX),
    "broadcasting": (lambda np, x: np.sum((x * x[0] - np.array([[1.0], [2.0]])) ** 2), MATRIX),
    "outer": (lambda np, x: np.sum(np.outer(x, x) * 0.5), VECTOR),
    "einsum": (lambda np, x: np.einsum("ij,jk,ki->", x, x, x), MATRIX),
    "concatenate and reshape": (lambda np, x: np.sum(np.concatenate([x, x**2]).reshape(3, 2)[1] ** 2), VECTOR),
    "where": (lambda np, x: np.sum(np.where(np.array([True, False, True]), x * x, -x)), VECTOR),
    "stack": (lambda np, x: np.sum(np.stack([x, np.exp(x)]) @ x), VECTOR),
    "indexing": (lambda np, x: x[0, 1] * x[1, 0] - x[0, 0] * x[-1, -1], MATRIX),
    "ravel and slices": (lambda np, x: np.sum(x.ravel()[1:3] * x.ravel()[:2]), MATRIX),
}


@pytest.mark.parametrize("method", CHAIN_RULE)
@pytest.mark.parametrize("name", ORDINARY)
def test_gradients_are_those_of_autograd(name, method):
    f, x = ORDINARY[name]
    value, expected = autograd.value_and_grad(lambda x: f(anp, x))(x)
    g = oc.gradient(lambda x: f(np, x), x, method)
    assert g.value == pytest.approx(value, rel=1e-12)
    assert_close(g.gradient, expected)


def assert_close(found, expected):
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key, item in expected.items():
            assert_close(found[key], item)
    else:
        assert np.shape(found) == np.shape(expected)
        np.testing.assert_allclose(np.asarray(found, dtype=float), expected, rtol=1e-9, atol=1e-12)


def test_there_are_several_dozens_of_them():
    assert len(ORDINARY) >= 48
