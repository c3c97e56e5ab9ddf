"""Solutions, inverses, determinants and Cholesky factors of nodes: against differences, JAX and counts by hand."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import opcount as oc
from opcount.tracing import linear_algebra
from tests.support.array_checks import arrays, check_methods, check_shapes
from tests.support.array_programs import draw, weights
from tests.support.faults import planted


def regular(*shape: int) -> Any:
    """Matrices that are far from singular, and whose rows the search for a pivot leaves where they are."""
    return draw(*shape) + 3 * np.eye(shape[-1])


def definite(n: int, *stack: int) -> Any:
    half = draw(*stack, n, n)
    return half @ np.swapaxes(half, -1, -2) + np.eye(n)


def weighted(np: Any, y: Any) -> Any:
    return np.sum(y * weights(y.shape)) if np.ndim(y) else y * 1.7


A, B = regular(3, 3), regular(2, 3, 3)
CASES = {
    "solve, a vector": (lambda np, p: np.linalg.solve(p["a"], p["b"]), {"a": A, "b": draw(3)}),
    "solve, columns": (lambda np, p: np.linalg.solve(p["a"], p["b"]), {"a": A, "b": draw(3, 2)}),
    "solve, a stack": (lambda np, p: np.linalg.solve(p["a"], p["b"]), {"a": B, "b": draw(2, 3, 2)}),
    "solve, one matrix for a stack": (lambda np, p: np.linalg.solve(p["a"], p["b"]), {"a": A, "b": draw(2, 3, 1)}),
    "solve, a stack for columns": (lambda np, p: np.linalg.solve(p["a"], p["b"]), {"a": B, "b": draw(3, 2)}),
    "solve, stacks broadcast": (
        lambda np, p: np.linalg.solve(p["a"], p["b"]),
        {"a": regular(2, 1, 3, 3), "b": draw(2, 3, 2)},
    ),
    "solve, data left": (lambda np, p: np.linalg.solve(A, p), draw(3, 2)),
    "solve, data right": (lambda np, p: np.linalg.solve(p, draw(3)), A),
    "solve, itself": (lambda np, p: np.linalg.solve(p, p @ p), A),
    "solve of order one": (lambda np, p: np.linalg.solve(p, p[:, 0]), regular(1, 1)),
    "inv": (lambda np, p: np.linalg.inv(p), A),
    "inv, a stack": (lambda np, p: np.linalg.inv(p), B),
    "inv, twice": (lambda np, p: np.linalg.inv(np.linalg.inv(p) @ p.T), A),
    "det": (lambda np, p: np.linalg.det(p), A),
    "det, a stack": (lambda np, p: np.linalg.det(p), B),
    "slogdet": (lambda np, p: np.linalg.slogdet(p)[1], A),
    "slogdet, a stack": (lambda np, p: np.linalg.slogdet(p).logabsdet, B),
    "slogdet, negative": (lambda np, p: np.linalg.slogdet(p[::-1])[1] * np.linalg.slogdet(p[::-1])[0], A),
    "cholesky": (lambda np, p: np.linalg.cholesky(p @ p.T), A),
    "cholesky, a stack": (lambda np, p: np.linalg.cholesky(p @ np.swapaxes(p, -1, -2)), B),
    "cholesky, upper": (lambda np, p: np.linalg.cholesky(p @ p.T, upper=True), A),
    "a power": (lambda np, p: np.linalg.matrix_power(p, -2), A),
    "tensorsolve": (lambda np, p: np.linalg.tensorsolve(p.reshape(2, 2, 4), draw(2, 2)), regular(4, 4)),
    "tensorinv": (lambda np, p: np.linalg.tensorinv(p.reshape(2, 2, 4), ind=2), regular(4, 4)),
    "log likelihood of a Gaussian": (
        lambda np, p: (
            np.linalg.slogdet(p["half"] @ p["half"].T)[1]
            + p["x"] @ np.linalg.solve(p["half"] @ p["half"].T, p["x"])
            + np.sum(np.linalg.inv(p["half"]))
        ),
        {"half": A, "x": draw(3)},
    ),
}  # fmt: skip


def of_one_number(name: str, module: Any = np) -> Any:
    f, x = CASES[name]
    return (lambda p: weighted(module, f(module, p))), x


def gradients_by_jax() -> dict[str, Any]:
    def all_of(xs: dict[str, Any]) -> Any:
        return {name: jax.value_and_grad(of_one_number(name, jnp)[0])(x) for name, x in xs.items()}

    xs = {name: x for name, (_, x) in CASES.items() if not name.startswith("cholesky, upper")}
    fast = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
    return jax.jit(all_of).lower(xs).compile(compiler_options=fast)(xs)  # type: ignore[no-any-return]


@pytest.mark.slow  # compiling takes ten seconds
def test_gradients_are_those_of_jax_and_executed_as_predicted() -> None:
    with jax.enable_x64(True):
        expected = gradients_by_jax()
    for name, (value, gradient) in expected.items():
        for method in ("backprop", "forward"):
            g = oc.gradient(*of_one_number(name), method)
            assert g.value == pytest.approx(float(value), rel=1e-10), name
            for one, other in zip(arrays(g.gradient), arrays(gradient), strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-10, err_msg=name)


@pytest.mark.parametrize("name", CASES)
def test_methods_agree_and_are_predicted(name: str) -> None:
    f, x = of_one_number(name)
    check_methods(f, x)
    expected = oc.gradient(f, x, "finite-difference").gradient
    for one, other in zip(arrays(oc.gradient(f, x).gradient), arrays(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in CASES if "negative" not in name])
def test_shapes_alone_count_the_same(name: str) -> None:
    check_shapes(*of_one_number(name))


@pytest.mark.parametrize("name", CASES)
def test_the_value_is_numpys_and_counts_what_numpys_function_counts(name: str) -> None:
    f, x = of_one_number(name)
    g = oc.gradient(f, x)
    assert g.value == f(x) and g.phases["primal"] == oc.measure(f, x).counts


@pytest.mark.parametrize("upper", [False, True])
def test_cholesky_reads_one_triangle(upper: bool) -> None:
    a = definite(4)

    def f(p: Any) -> Any:
        return weighted(np, np.linalg.cholesky(p, upper=upper))

    g = oc.gradient(f, a)
    np.testing.assert_allclose(g.gradient, oc.gradient(f, a, "finite-difference").gradient, rtol=1e-6, atol=1e-7)
    assert not np.any(g.gradient[np.tril_indices(4, -1) if upper else np.triu_indices(4, 1)])
    check_methods(f, a)


# --- what is executed


def lu(n: int) -> oc.Counts:
    """LAPACK's factors, by the loop."""
    counted = oc.Counts()
    for k in range(n):
        below = n - k - 1
        counted += oc.Counts(div=1, mul=below + below * below, sub=below * below)
    return counted


def substituted(n: int, columns: int) -> oc.Counts:
    pairs = sum(range(n)) * 2
    return oc.Counts(mul=columns * pairs, sub=columns * pairs, div=columns * n)


@pytest.mark.parametrize(("n", "k"), [(1, 1), (3, 2), (5, 4)])
def test_a_solution_is_pulled_by_one_solution_and_one_product(n: int, k: int) -> None:
    x = {"a": regular(n, n), "b": draw(n, k)}
    g = oc.gradient(lambda p: np.sum(np.linalg.solve(p["a"], p["b"])), x)
    assert g.phases["primal"] - oc.Counts(add=n * k - 1) == lu(n) + substituted(n, k)
    product = oc.Counts(mul=n * n * k, add=n * n * (k - 1), neg=n * k)
    assert g.phases["accumulation"] == lu(n) + substituted(n, k) + product
    of_b = oc.gradient(lambda b: np.sum(np.linalg.solve(x["a"], b)), x["b"])
    assert of_b.phases["accumulation"] == substituted(n, k)  # the factors of data are data
    assert not of_b.phases["partials"]


@pytest.mark.parametrize("n", [1, 2, 4])
def test_a_determinant_has_the_inverse_as_partials(n: int) -> None:
    g = oc.gradient(np.linalg.det, regular(n, n))
    inverse = lu(n) + substituted(n, n)
    assert g.phases["partials"] == inverse + oc.Counts(mul=n * n) and not g.phases["accumulation"]
    log = oc.gradient(lambda a: np.linalg.slogdet(a)[1], regular(n, n))
    assert log.phases["partials"] == inverse and not log.phases["accumulation"]
    assert log.gradient == pytest.approx(np.linalg.inv(regular(n, n)).T)


@pytest.mark.parametrize("name", ["_turned", "_halved", "_between"])
def test_a_wrong_map_is_found(name: str) -> None:
    faults = {"_turned": lambda a: a, "_halved": np.tril, "_between": lambda factor, middle: factor @ middle}
    with planted(linear_algebra, **{name: faults[name]}), pytest.raises(AssertionError):
        test_methods_agree_and_are_predicted("cholesky")


# --- what is refused


def test_numbers_one_by_one_are_refused_with_the_way_out() -> None:
    for function in (np.linalg.inv, np.linalg.det, np.linalg.cholesky, lambda a: np.linalg.solve(a, a)):
        with pytest.raises(oc.Uncounted, match='ask for granularity="array"'):
            oc.gradient(lambda p, function=function: np.sum(function(p)), definite(3), granularity="scalar")


def test_a_singular_matrix_raises_what_numpy_raises() -> None:
    for function in (np.linalg.inv, lambda a: np.linalg.solve(a, np.ones(2))):
        with pytest.raises(np.linalg.LinAlgError, match=r"[Ss]ingular"):
            oc.gradient(lambda p, function=function: np.sum(function(p)), np.ones((2, 2)))
    with pytest.raises(np.linalg.LinAlgError, match="positive definite"):
        oc.gradient(lambda p: np.sum(np.linalg.cholesky(p)), -np.eye(2))


def test_a_determinant_that_is_zero_has_a_value_and_its_derivative_is_refused() -> None:
    """NumPy's own error said "Singular matrix" of a function that takes one."""
    for function in (np.linalg.det, lambda a: np.linalg.slogdet(a)[1]):
        with pytest.raises(oc.InvalidValue, match=r"singular.*minors"):
            oc.gradient(lambda p, function=function: function(p), np.ones((2, 2)))


@pytest.mark.parametrize("granularity", ["array", "scalar"])
def test_wrong_arguments_raise_what_numpy_raises(granularity: Any) -> None:
    with pytest.raises(TypeError, match="missing"):
        oc.gradient(lambda p: np.linalg.solve(p), A, granularity=granularity)
    with pytest.raises(np.linalg.LinAlgError, match=r"square"):
        oc.gradient(lambda p: np.sum(np.linalg.inv(p)), draw(2, 3), granularity=granularity)
