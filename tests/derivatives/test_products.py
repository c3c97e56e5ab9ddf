"""Products with a Jacobian: those of JAX and of the whole Jacobian, exact over fractions, and predicted."""

from __future__ import annotations

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import opcount as oc
from opcount.wrapping.alike import leaves_alike
from opcount.wrapping.operations import OPERATIONS, replaced
from tests.support.array_checks import assert_close
from tests.support.array_programs import draw
from tests.support.scrambled import scrambled

jax.config.update("jax_enable_x64", True)

BOTH = pytest.mark.parametrize("granularity", ["array", "scalar"])
X = {"w": draw(3), "b": 2.0}
DIRECTION = {"b": -0.4, "w": draw(3, seed=1)}  # in another order
ADJOINT = {"z": [0.3, 1.0, -2.0], "y": draw(2, seed=2)}
MATRIX = draw(2, 3, seed=5)


def several(np):
    def f(x):
        return {"y": np.tanh(MATRIX @ x["w"]) * x["b"], "z": [x["b"] * x["b"], 1.0, np.sum(x["w"])]}

    return f


def check_against_jax(granularity):
    value, pushed = jax.jvp(several(jnp), (X,), (dict(sorted(DIRECTION.items())),))
    (pulled,) = jax.vjp(several(jnp), X)[1](jax.tree.map(jnp.asarray, ADJOINT))
    forward = oc.jvp(several(np), X, DIRECTION, granularity=granularity)
    backward = oc.vjp(several(np), X, ADJOINT, granularity=granularity)
    for found in (forward, backward):
        assert_close(found.value, value)
        assert list(found.value) == ["y", "z"]
    assert_close(forward.product, pushed)
    assert_close(backward.product, pulled)
    assert backward.product.keys() == X.keys()
    assert type(forward.product["z"][1]) is float
    graph = oc.trace(several(np), X, granularity=granularity)
    assert forward.phases["accumulation"] == graph.predict_jvp()
    assert backward.phases["accumulation"] == graph.predict_vjp()
    for found in (forward, backward):
        assert (found.phases["primal"], found.phases["partials"]) == PHASES
        assert found.counts == sum(found.phases.values(), oc.Counts())


PHASES = ({"mul": 9, "add": 6, "tanh": 2}, {"mul": 2, "sub": 2})
"""Six products and four sums of the matrix, two products with b, its square, two sums; y * y and 1 - y * y."""


@BOTH
def test_products_with_the_jacobian_are_those_of_jax(granularity):
    check_against_jax(granularity)


@BOTH
def test_a_wrong_partial_is_noticed(granularity):
    wrong = OPERATIONS["tanh"]._replace(partials=(lambda y, x: 1 + y * y,))
    with replaced(tanh=wrong), pytest.raises(AssertionError):
        check_against_jax(granularity)


@pytest.mark.parametrize("seed", range(8))
def test_products_are_those_of_the_whole_jacobian(seed):
    f, x = scrambled(seed)
    matrix = oc.jacobian(f, x).matrix
    random = np.random.default_rng(seed)
    v, w = random.normal(size=matrix.shape[1]), random.normal(size=matrix.shape[0])
    forward, backward = oc.jvp(f, x, list(v)), oc.vjp(f, x, list(w))
    np.testing.assert_allclose(forward.product, matrix @ v, rtol=1e-9)
    np.testing.assert_allclose(backward.product, w @ matrix, rtol=1e-9)
    graph = oc.trace(f, x)
    assert forward.phases["accumulation"] == graph.predict_jvp()
    assert backward.phases["accumulation"] == graph.predict_vjp()
    # the same inner product, from either side
    assert np.dot(w, forward.product) == pytest.approx(np.dot(backward.product, v))


def test_over_fractions_they_are_exact():
    x, v = [Fraction(1, 2), Fraction(3)], [Fraction(2), Fraction(-1, 3)]

    def f(x):
        return [x[0] / x[1], x[0] * x[0] * x[1]]

    assert oc.jvp(f, x, v).product == [Fraction(37, 54), Fraction(71, 12)]
    assert oc.vjp(f, x, v).product == [Fraction(-1, 3), Fraction(-7, 36)]


def test_along_the_one_direction_there_is_it_is_forward_mode():
    g, p = oc.gradient(lambda x: x * x * x, 2.0, "forward"), oc.jvp(lambda x: x * x * x, 2.0, 1.0)
    assert (p.value, p.product) == (g.value, g.gradient)
    # that direction is data, and so it is multiplied where the seed of forward mode is structural
    assert p.phases["accumulation"].mul == g.phases["accumulation"].mul + 3


def test_shapes_alone_count_the_same():
    shapes = oc.spec((4, 5)), oc.spec((5,))
    numbers = draw(4, 5), draw(5)
    f = lambda W, x: np.tanh(W @ x)  # noqa: E731
    assert oc.jvp(f, shapes, shapes).phases == oc.jvp(f, numbers, numbers).phases
    assert oc.vjp(f, shapes, oc.spec((4,))).phases == oc.vjp(f, numbers, draw(4)).phases
    assert oc.jvp(f, shapes, shapes).product.shape == (4,)


def test_results_have_memory_of_their_own():
    x, v = np.ones(3), np.ones(3)
    for found in (oc.jvp(lambda x: x, x, v), oc.vjp(lambda x: x, x, v)):
        for array in (found.value, found.product):
            assert not np.shares_memory(array, x)
            assert not np.shares_memory(array, v)
            array[:] = 5.0
    np.testing.assert_array_equal([x, v], np.ones((2, 3)))


def test_what_does_not_depend_on_x_has_zeros():
    assert oc.jvp(lambda x: [1.0, np.floor(x)], 2.5, 1.0).product == [0.0, 0.0]
    assert oc.vjp(lambda x: [1.0, np.floor(x)], 2.5, [1.0, 1.0]).product == 0.0
    np.testing.assert_array_equal(oc.jvp(np.floor, np.ones(2), np.ones(2)).product, [0, 0])


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"w": np.ones(3)}, oc.InvalidValue, r"direction is a dict of 1, and x is a dict with the keys \['w', 'b'\]"),
        ([1.0, 2.0], oc.InvalidValue, "direction is a list of 2"),
        ({"w": np.ones(2), "b": 1.0}, oc.InvalidValue, r"direction\['w'\] is an array of shape \(2,\), and x\['w'\]"),
        ({"w": [1.0, 2.0, 3.0], "b": 1.0}, oc.InvalidValue, r"direction\['w'\] is a list of 3"),
        ({"w": np.ones(3), "b": np.ones(1)}, oc.InvalidValue, r"direction\['b'\].*x\['b'\] is a number"),
        ({"w": np.ones(3), "b": "s"}, oc.InvalidType, r"direction\['b'\] is 's'"),
        ({"w": np.ones(3), "b": 1j}, oc.InvalidType, r"direction\['b'\]"),
        ({"w": np.array([True, False, True]), "b": 1.0}, oc.InvalidType, r"direction\['w'\]"),
        (None, oc.InvalidType, "direction is None"),
    ],
)
@BOTH
def test_a_direction_in_another_structure_is_refused_by_name(given, error, message, granularity):
    with pytest.raises(error, match=message):
        oc.jvp(several(np), X, given, granularity=granularity)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (1.0, oc.InvalidValue, "adjoint is a float"),
        ({"z": [1.0, 2.0, 3.0], "y": np.ones(3)}, oc.InvalidValue, r"adjoint\['y'\].*f\(x\)\['y'\]"),
        ({"z": [1.0, 2.0], "y": np.ones(2)}, oc.InvalidValue, r"f\(x\)\['z'\] has 3 items"),
        ({"z": [1.0, 2.0, 1j], "y": np.ones(2)}, oc.InvalidType, r"adjoint\['z'\]\[2\]"),
    ],
)
@BOTH
def test_an_adjoint_in_another_structure_is_refused_by_name(given, error, message, granularity):
    with pytest.raises(error, match=message):
        oc.vjp(several(np), X, given, granularity=granularity)


def test_f_that_returns_no_numbers_is_refused():
    with pytest.raises(oc.InvalidType, match="None"):
        oc.jvp(lambda x: None, 1.0, 1.0)
    with pytest.raises(oc.InvalidType, match="'a'"):
        oc.vjp(lambda x: "a", 1.0, 1.0)


def test_leaves_are_in_the_order_of_what_they_are_like():
    assert leaves_alike({"a": 1.0, "b": [2.0, 3.0]}, {"b": (5.0, 6.0), "a": 4.0}, "v", "x", True) == [4.0, 5.0, 6.0]
    assert leaves_alike(np.ones((2, 2)), np.arange(4.0).reshape(2, 2), "v", "x", False) == [0.0, 1.0, 2.0, 3.0]


def test_a_product_shows_itself():
    p = oc.vjp(several(np), X, ADJOINT)
    assert int(p.to_pandas().total.sum()) == p.counts.total
    assert "accumulation" in p._repr_html_()
