"""oc.primitive: a user's own derivative, by partials or by push and pull."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import opcount as oc
from tests.support.array_checks import (
    METHODS,
    assert_close,
    check_methods,
)
from tests.support.array_programs import draw, weights

jax.config.update("jax_enable_x64", True)


@pytest.mark.parametrize("granularity", ["array", "scalar"])
def test_a_ufunc_is_given_partials(forgotten, granularity):
    forgotten(np.logaddexp2)
    oc.register_rule(np.logaddexp2, {"logaddexp": 1})
    x = [draw(2, 3), draw(3, seed=1)]
    f = lambda p: np.sum(np.logaddexp2(p[0], p[1]) * weights((2, 3)))  # noqa: E731
    with pytest.raises((oc.Uncounted, TypeError), match="logaddexp2"):  # among objects NumPy's own error
        oc.gradient(f, x, granularity=granularity)
    assert (
        oc.primitive(np.logaddexp2, partials=(lambda y, a, b: np.exp2(a - y), lambda y, a, b: np.exp2(b - y)))
        is np.logaddexp2
    )
    expected = jax.grad(lambda p: jnp.sum(jnp.logaddexp2(p[0], p[1]) * weights((2, 3))))(x)
    for method in METHODS:
        g = oc.gradient(f, x, method, granularity=granularity)
        assert_close(g.gradient, expected)
    g = oc.gradient(f, x, granularity=granularity)
    assert g.phases["primal"] == {"logaddexp": 6, "mul": 6, "add": 5}
    assert g.phases["partials"] == {"sub": 12, "exp2": 12}
    assert g.phases["accumulation"] == {"mul": 12, "add": 3}


def inverse():
    return oc.primitive(
        np.linalg.inv,
        push=lambda tangent, y, a: -y @ tangent @ y,
        pull=lambda adjoint, y, a: -y.T @ adjoint @ y.T,
    )


def test_a_function_of_matrices_is_given_push_and_pull(forgotten):
    forgotten(np.linalg.inv)
    inverse()
    x = draw(3, 3) + 3 * np.eye(3)
    f = lambda p: np.sum(np.linalg.inv(p * p) * weights((3, 3)))  # noqa: E731
    expected = jax.grad(lambda p: jnp.sum(jnp.linalg.inv(p * p) * weights((3, 3))))(x)
    for method in METHODS:
        assert_close(oc.gradient(f, x, method).gradient, expected)
    check_methods(f, x)
    assert oc.gradient(f, x).phases["accumulation"] == {"mul": 54 + 18, "add": 36 + 9, "neg": 9}


def scaled(partials: Any = None, **sides: Any) -> Any:
    return oc.primitive(lambda a, b: a * b, partials=partials, **sides)


def test_an_operand_without_a_derivative_is_a_constant():
    f = scaled((lambda y, a, b: b, None))
    g = oc.gradient(lambda p: np.sum(f(p["a"], p["b"])), {"a": draw(3), "b": draw(3, seed=1)})
    assert_close(g.gradient, {"a": draw(3, seed=1), "b": np.zeros(3)})
    one_sided = scaled(pull=(None, lambda adjoint, y, a, b: adjoint * a), push=(None, lambda t, y, a, b: t * a))
    for method in METHODS:
        g = oc.gradient(lambda p: np.sum(one_sided(p["a"], p["b"])), {"a": draw(3), "b": draw(3, seed=1)}, method)
        assert_close(g.gradient, {"a": np.zeros(3), "b": draw(3)})


def test_keywords_reach_the_partials():
    f = oc.primitive(lambda x, by=1.0: x * by, partials=lambda y, x, by=1.0: by)
    assert oc.gradient(lambda p: np.sum(f(p, by=3.0)), draw(3)).gradient.tolist() == [3.0] * 3


@pytest.mark.parametrize(("given", "missing", "method"), [
    ("pull", "push", "forward"), ("pull", "push", "memoized-tangent"), ("push", "pull", "backprop"),
    ("push", "pull", "memoized"),
])  # fmt: skip
def test_a_side_that_is_missing_is_asked_for(given, missing, method):
    f = oc.primitive(lambda x: x * x, **{given: lambda derivative, y, x: 2.0 * x * derivative})
    others = {"pull": "backprop", "push": "forward"}
    assert_close(oc.gradient(lambda p: np.sum(f(p)), draw(3), others[given]).gradient, 2 * draw(3))
    with pytest.raises(oc.Uncounted, match=f"no {missing}"):
        oc.gradient(lambda p: np.sum(f(p)), draw(3), method)


@pytest.mark.parametrize(("side", "method"), [("pull", "backprop"), ("push", "forward")])
def test_a_derivative_of_another_shape_is_refused(side, method):
    f = oc.primitive(lambda x: x * x, **{side: lambda derivative, y, x: np.sum(derivative)})
    with pytest.raises(oc.InvalidValue, match=rf"the {side} of a primitive gave .* \(\), and it has to be \(3,\)"):
        oc.gradient(lambda p: np.sum(f(p)), draw(3), method)


def test_wrong_arguments_of_a_primitive_are_refused():
    one = lambda y, x: x  # noqa: E731
    for wrong in (
        {},
        {"partials": one, "push": one},
        {"partials": one, "pull": one},
        {"push": one, "pull": (one, one)},
    ):
        with pytest.raises(oc.InvalidValue, match="primitive: give partials, or push and pull"):
            oc.primitive(lambda x: x, **wrong)
    with pytest.raises(oc.InvalidType, match="is no function"):
        oc.primitive(3, partials=one)
    with pytest.raises(oc.InvalidType, match="primitive: partials has"):
        oc.primitive(lambda x: x, partials=(one, 3))
    f = oc.primitive(lambda a, b: a, partials=one)
    with pytest.raises(oc.InvalidValue, match="for 1 operands, not 2"):
        oc.gradient(lambda p: np.sum(f(p, p)), draw(3))
