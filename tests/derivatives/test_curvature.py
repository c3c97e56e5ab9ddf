"""Second derivatives: every mode gives the same, right by SymPy and JAX, exact over fractions, and predicted."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from hypothesis import assume, given

import opcount as oc
from opcount.tracing import nested
from opcount.wrapping.operations import OPERATIONS, replaced
from tests.support.array_checks import arrays, assert_close
from tests.support.array_models import CASES
from tests.support.array_programs import READOUTS, draw, loss
from tests.support.faults import planted
from tests.support.programs import rational_programs

jax.config.update("jax_enable_x64", True)

MODES = list(oc.MODES)
BOTH = pytest.mark.parametrize("granularity", ["array", "scalar"])


def check_exactly(f, x, v):
    """Over fractions: every mode the same product and the same Hessian, which is symmetric and has that product."""
    products = [oc.hvp(f, x, v, mode) for mode in MODES]
    hessians = [oc.hessian(f, x, mode) for mode in MODES]
    plain = oc.gradient(f, x)
    for found in (*products, *hessians):
        assert (found.value, found.gradient) == (plain.value, plain.gradient)
        assert found.counts == sum(found.phases.values(), oc.Counts())
    for found, h in zip(products, hessians, strict=True):
        assert found.product == products[0].product
        assert (h.matrix == hessians[0].matrix).all()
        assert (h.matrix == h.matrix.T).all()
        assert list(h.matrix @ np.array(v, object)) == found.product


def check_predictions(f, x, v, granularity="array"):
    """What a second accumulation executes is what the graph of the gradient predicts."""
    graph = oc.trace(lambda x: oc.gradient(f, x, granularity=granularity).gradient, x, granularity=granularity)
    for mode, predicted in (
        ("forward-over-reverse", graph.predict_jvp()),
        ("reverse-over-reverse", graph.predict_vjp()),
    ):
        assert oc.hvp(f, x, v, mode, granularity=granularity).phases["second accumulation"] == predicted


ROUNDED = ("floor", "ceil", "trunc", "round", "rint")  # of which NumPy makes floats


@given(rational_programs())
def test_over_fractions_every_mode_is_exact(program):
    x = list(program.x)
    v = [Fraction(place + 1, 3) for place in range(len(x))]
    assume(type(program(x)) is Fraction and not any(step[0] in ROUNDED for step in program.steps))
    check_exactly(program, x, v)
    check_predictions(program, x, v)


RATIONAL = {
    "Rosenbrock": lambda x: 100 * (x[1] - x[0] * x[0]) ** 2 + (1 - x[0]) ** 2 + x[2] * x[2],
    "a quotient": lambda x: x[0] / (x[1] + x[2] * x[2]) - x[2] ** 3,
    "a product": lambda x: x[0] * x[1] * x[2],
}


@pytest.mark.parametrize("name", RATIONAL)
def test_hessians_are_those_of_sympy(name):
    f, x = RATIONAL[name], [Fraction(1, 2), Fraction(-2, 3), Fraction(5, 4)]
    symbols = sympy.symbols("a b c")
    at = {symbol: sympy.Rational(number) for symbol, number in zip(symbols, x, strict=True)}
    expected = sympy.hessian(f(symbols), symbols).subs(at)
    for mode in MODES:
        h = oc.hessian(f, x, mode)
        assert [[sympy.Rational(entry) for entry in row] for row in h.matrix] == expected.tolist()


def networks(np):
    def mlp(p):
        return np.sum((np.tanh(p["W"] @ p["x"] + p["b"]) @ p["c"]) ** 2)

    def softmax(p):
        e = np.exp(p["W"] @ p["x"])
        return np.sum(e / np.sum(e) * p["c"])

    def moved(p):
        return np.sum(np.concatenate([p["x"][::-1] * p["x"], p["W"][1] ** 2]) ** 3) * p["c"][0] * np.sum(p["W"].T[2])

    return {"MLP": mlp, "softmax": softmax, "moved": moved}


POINT = {"W": draw(2, 3), "x": draw(3, seed=1), "b": draw(2, seed=2), "c": draw(2, seed=3)}
VECTOR = {name: draw(*np.shape(leaf), seed=4) for name, leaf in POINT.items()}


@pytest.mark.parametrize("name", networks(np))
def test_products_and_hessians_of_arrays_are_those_of_jax(name):
    f, jaxs = networks(np)[name], networks(jnp)[name]
    gradient, expected = jax.jit(lambda x, v: jax.jvp(jax.grad(jaxs), (x,), (v,)))(POINT, VECTOR)
    blocks = jax.jit(jax.hessian(jaxs))(POINT)
    sizes = {one: np.size(leaf) for one, leaf in POINT.items()}
    matrix = np.block([[np.reshape(blocks[a][b], (sizes[a], sizes[b])) for b in POINT] for a in POINT])
    for granularity in ("array", "scalar"):
        check_predictions(f, POINT, VECTOR, granularity)
        for mode in MODES:
            h = oc.hvp(f, POINT, VECTOR, mode, granularity=granularity)
            assert_close(h.gradient, gradient)
            assert_close(h.product, expected)
            whole = oc.hessian(f, POINT, mode, granularity=granularity)
            np.testing.assert_allclose(whole.matrix, matrix, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", networks(np))
@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "forward-over-forward"])
def test_both_granularities_count_the_same(name, mode):
    f = networks(np)[name]
    found = [oc.hvp(f, POINT, VECTOR, mode, granularity=each).phases for each in ("array", "scalar")]
    assert found[0] == found[1]


def check_by_differences(name, readout, mode, granularity):
    """The product is the difference of gradients, and the second accumulation is as predicted."""
    case = CASES[name]
    x = jax.tree.map(lambda leaf: np.asarray(leaf, float) if np.shape(leaf) else float(leaf), case.x)
    random = np.random.default_rng(3)
    v = jax.tree.map(lambda leaf: random.normal(size=np.shape(leaf)) if np.shape(leaf) else 0.7, x)
    once = loss(case.f, np, READOUTS[readout])

    def f(p):
        y = once(p)
        return y * y + y  # so that the second derivative does not vanish

    try:
        product = oc.hvp(f, x, v, mode, granularity=granularity).product
    except oc.Uncounted:  # opened into numbers, a few functions are refused
        assert granularity == "scalar"
        return
    step = 1e-5
    above, below = (oc.gradient(f, jax.tree.map(lambda a, b, h=h: a + h * b, x, v)).gradient for h in (step, -step))
    for one, high, low in zip(arrays(product), arrays(above), arrays(below), strict=True):
        expected = (high - low) / (2 * step)
        np.testing.assert_allclose(one, expected, rtol=1e-4, atol=1e-5 * (1 + abs(expected).max(initial=0)))


@pytest.mark.parametrize("batch", range(4))
def test_functions_of_arrays_have_second_derivatives(batch):
    modes = [mode for mode in MODES if mode != "forward-over-forward"]
    for place, name in enumerate(list(CASES)[3 * batch :: 24]):
        readout = list(READOUTS)[place % len(READOUTS)]
        check_by_differences(name, readout, modes[(place + batch) % 3], "array" if place % 3 else "scalar")


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("readout", ["partly"])  # numbers, and beside them what is structural
@BOTH
def test_every_function_of_arrays_has_its_second_derivative(readout, mode, granularity):
    for name, case in CASES.items():
        if mode != "forward-over-forward" or sum(map(np.size, jax.tree.leaves(case.x))) <= 16:
            check_by_differences(name, readout, mode, granularity)


def test_a_wrong_second_derivative_is_noticed():
    wrong = OPERATIONS["tanh"]._replace(partials=(lambda y, x: 1 - y * oc.unwrap(y),))  # right once, not twice
    with replaced(tanh=wrong), pytest.raises(AssertionError):
        test_products_and_hessians_of_arrays_are_those_of_jax("MLP")


def test_a_structural_zero_that_is_computed_is_noticed():
    def everywhere(shape, parts):  # what is at the first part's elements, computed at all
        _, execute, operands = parts[0]
        return execute(*operands)

    with planted(nested, computed=everywhere), pytest.raises((AssertionError, TypeError)):
        test_both_granularities_count_the_same("moved", "forward-over-reverse")


# --- what it costs


def product(x):
    y = x[0]
    for factor in x[1:]:
        y = y * factor
    return y


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("forward-over-reverse", lambda n: 12 * n - 23),
        ("reverse-over-reverse", lambda n: 12 * n - 23),
        ("reverse-over-forward", lambda n: 12 * n - 20),
    ],
)
def test_the_product_of_speelpenning_costs_what_was_counted_by_hand(mode, expected):
    for n in (3, 4, 7, 20):
        x = [Fraction(place + 2, 3) for place in range(n)]
        h = oc.hvp(product, x, x, mode)
        assert h.counts.total == expected(n)
        assert h.phases["primal"].total + h.phases["accumulation"].total >= 3 * n - 5
    # the product's terms: the sum over all others of x_j times the product without both, n - 1 times the gradient
    assert h.product == [(n - 1) * slope for slope in h.gradient]


def test_the_phases_are_those_of_the_gradient_and_of_its_derivative():
    x = [2.0, 3.0, 5.0]
    g = oc.gradient(product, x)
    for mode in ("forward-over-reverse", "reverse-over-reverse"):
        h = oc.hvp(product, x, [1.0, 0.0, 0.0], mode)
        assert list(h.phases) == [*oc.PHASES, "second partials", "second accumulation"]
        assert {name: h.phases[name] for name in oc.PHASES} == g.phases
        with oc.count() as tally:
            oc.hvp(product, x, [1.0, 0.0, 0.0], mode)
        assert tally.counts == h.counts
    table = h.to_pandas()
    assert int(table.total.sum()) == h.counts.total
    assert "second accumulation" in h._repr_html_()
    assert "second accumulation" in oc.hessian(product, x)._repr_html_()


SHAPES = {"W": oc.spec((2, 3)), "x": oc.spec((3,)), "b": oc.spec((2,)), "c": oc.spec((2,))}


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "forward-over-forward"])
@pytest.mark.parametrize("name", networks(np))
def test_shapes_alone_count_the_same(name, mode):
    f = networks(np)[name]
    assert oc.hvp(f, SHAPES, SHAPES, mode).phases == oc.hvp(f, POINT, VECTOR, mode).phases


def test_a_law_in_the_sizes_of_a_layer():
    p = {"W": oc.spec(("m", "n")), "x": oc.spec(("n",))}
    h = oc.hvp(lambda p: np.sum(np.tanh(p["W"] @ p["x"])), p, p)
    numbers = oc.hvp(
        lambda p: np.sum(np.tanh(p["W"] @ p["x"])), {"W": draw(4, 5), "x": draw(5)}, {"W": draw(4, 5), "x": draw(5)}
    )
    assert h.counts.mul.subs({"m": 4, "n": 5}) == numbers.counts.mul


# --- corners


def test_numbers_keep_their_class():
    for number, kind in (
        (2, int),
        (2.0, float),
        (Fraction(2), Fraction),
        (Decimal(2), Decimal),
        (np.float32(2), np.float32),
    ):
        for mode in MODES:
            h = oc.hvp(lambda x: x * x * x, number, number, mode)
            assert (h.product, type(h.product), type(h.gradient)) == (24, kind, kind)
            assert oc.hessian(lambda x: x * x * x, number, mode).matrix.tolist() == [[12]]
    half = np.arange(3, dtype=np.float32)
    assert {oc.hvp(lambda x: np.sum(x**3), half, half, mode).product.dtype for mode in MODES} == {np.dtype(np.float32)}


@BOTH
@pytest.mark.parametrize("mode", MODES)
def test_what_has_no_second_derivative_has_zeros(mode, granularity):
    x = np.ones(3)
    for f in (np.sum, lambda x: 2.0, lambda x: np.sum(x * np.arange(3.0)), lambda x: x[1]):
        np.testing.assert_array_equal(oc.hvp(f, x, x, mode, granularity=granularity).product, np.zeros(3))
        np.testing.assert_array_equal(oc.hessian(f, x, mode, granularity=granularity).matrix, np.zeros((3, 3)))


def test_a_structural_zero_never_meets_an_infinity():
    for mode in MODES:
        h = oc.hessian(lambda x: np.sum(np.exp(np.exp(x)) * np.array([1.0, 0.0])), np.array([1.0, 2.0]), mode)
        assert np.isfinite(h.matrix).all()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: oc.hvp(np.sum, np.ones(3), np.ones(3), "forward"), oc.InvalidValue, "forward-over-reverse"),
        (lambda: oc.hessian(np.sum, np.ones(3), ["x"]), oc.InvalidValue, "no mode"),
        (lambda: oc.hvp(np.sum, np.ones(3), np.ones(2)), oc.InvalidValue, r"v is an array of shape \(2,\)"),
        (lambda: oc.hvp(np.sum, np.ones(3), 1.0), oc.InvalidValue, "v is a float"),
        (lambda: oc.hvp(lambda x: x["a"], {"a": 1.0}, {"b": 1.0}), oc.InvalidValue, "keys"),
        (lambda: oc.hvp(lambda x: x[0], [1.0], ["a"]), oc.InvalidType, r"v\[0\] is 'a'"),
        (lambda: oc.hvp(lambda x: x[0], [1.0], [1j]), oc.InvalidType, r"v\[0\]"),
        (lambda: oc.hvp(lambda x: [x, x], 1.0, 1.0), oc.InvalidType, "2 values"),
        (lambda: oc.hvp(lambda x: [x, x], 1.0, 1.0, "reverse-over-forward"), oc.InvalidType, "2 values"),
        (lambda: oc.hessian(np.sum, oc.spec((3,))), oc.InvalidType, "Hessian is of numbers"),
        (lambda: oc.hvp(np.sum, oc.spec((3,)), oc.spec((3,)), "forward-over-forward"), oc.InvalidType, "one by one"),
    ],
)
def test_what_cannot_be_is_refused_by_name(call, error, message):
    with pytest.raises(error, match=message):
        call()
