"""Linear algebra on nodes: solutions, inverses, determinants and Cholesky factors of matrices, and of stacks of them.

The maps are those of M. B. Giles, Collected matrix derivative results for forward and reverse mode algorithmic
differentiation (2008). They are computed by NumPy's own functions, which count, from what the node and its operands
hold; NumPy solves a triangular system as any other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from opcount.counting.errors import InvalidValue
from opcount.tracing.array_primitives import as_wrapped, stacked_labels
from opcount.tracing.edges import NEGATION, Applied, Chain, Contraction, LinearMap
from opcount.tracing.nodes import as_operand, entered, of_one_tape, recorded, value_of
from opcount.wrapping.operations import NO_DERIVATIVE, ONE, Operation
from opcount.wrapping.trees import shape_of


def _turned(a: Any) -> Any:
    return np.swapaxes(a, -1, -2)


# --- solutions: x = a⁻¹ b, where b - a x, at the x that was found, is what a change of a or of b leaves over


def _solved(a: Any, b: Any, is_vector: bool) -> Any:
    return np.linalg.solve(a, b[..., None])[..., 0] if is_vector else np.linalg.solve(a, b)


def _left_over_of_a(y: object, a: Any, b: Any, x: Any) -> LinearMap:
    labels = ("mk", "k", "m") if len(shape_of(b)) == 1 else ("mk", "kn", "mn")
    return Chain(Contraction(as_wrapped(x), stacked_labels(a, x, *labels), shape_of(a)), NEGATION)


def _solution(y: object, left_over: Any, a: Any, is_vector: bool) -> LinearMap:
    shape = shape_of(left_over)
    return Applied(
        lambda tangent, a: _solved(a, tangent, is_vector),
        lambda adjoint, a: _solved(_turned(a), adjoint, is_vector),
        shape,
        shape,
        (a,),
    )


_LEFT_OVER: Final = Operation(
    "left over",
    None,
    lambda a, b, x: np.broadcast_to(b, shape_of(x)),
    (_left_over_of_a, ONE, NO_DERIVATIVE),
)
_SOLVE: Final = Operation("solve", None, np.linalg.solve, (_solution, NO_DERIVATIVE, NO_DERIVATIVE))


def solve(a: Any, b: Any, /) -> Any:
    """One solution for both directions: its tangent is a⁻¹ (db - da x), and b's adjoint serves for a's."""
    _, (a, b) = of_one_tape((as_operand(a), as_operand(b)))
    x = np.linalg.solve(value_of(a), value_of(b))
    left_over = recorded(_LEFT_OVER, a, b, x)
    tape, operands = of_one_tape((left_over, value_of(a), len(shape_of(value_of(b))) == 1))
    return entered(tape, _SOLVE, operands, x)


# --- inverses and determinants


def _inverse(y: Any, a: object) -> LinearMap:
    """-y da y."""
    labels = stacked_labels(a, y, "mk", "kn", "mn")
    right = Contraction(y, labels, shape_of(y))
    left = Contraction(y, (labels[1], labels[0], labels[2]), shape_of(y))
    return Chain(Chain(right, left), NEGATION)


def _of_each_entry(partials: Any) -> LinearMap:
    """The map from matrices to numbers that has a partial for each entry."""
    labels = stacked_labels(partials, partials, "mn", "mn", "")
    return Contraction(partials, labels, shape_of(partials))


def _inverse_for(name: str, a: Any) -> Any:
    """The inverse in which a derivative is; raises InvalidValue if there is none."""
    try:
        return np.linalg.inv(a)
    except np.linalg.LinAlgError:
        raise InvalidValue(
            f"np.linalg.{name} is differentiated by the inverse of its matrix, and the matrix is singular: write the "
            "determinant by its minors, or give it a derivative with oc.primitive"
        ) from None


def _determinant(y: Any, a: Any) -> LinearMap:
    return _of_each_entry(_turned(_inverse_for("det", a)) * (y[..., None, None] if len(shape_of(a)) > 2 else y))


_INV: Final = Operation("inv", None, np.linalg.inv, (_inverse,))
_DET: Final = Operation("det", None, np.linalg.det, (_determinant,))
_SLOGDET: Final = Operation(
    "slogdet", None, np.linalg.slogdet, (lambda y, a: _of_each_entry(_turned(_inverse_for("slogdet", a))),)
)


def slogdet(a: Any, /) -> Any:
    """The sign, which is constant, and the logarithm of the absolute determinant."""
    tape, operands = of_one_tape((as_operand(a),))
    found = np.linalg.slogdet(value_of(operands[0]))
    return type(found)(found.sign, entered(tape, _SLOGDET, operands, found.logabsdet))


# --- Cholesky factors, of which NumPy reads one triangle


def _halved(matrix: Any) -> Any:
    """The lower triangle, with half the diagonal."""
    diagonal = np.diagonal(matrix, axis1=-2, axis2=-1) * 0.5
    return np.where(np.eye(shape_of(matrix)[-1], dtype=bool), diagonal[..., None], np.tril(matrix))


def _between(factor: Any, middle: Any) -> Any:
    """factor⁻¹ middle factor⁻ᵀ."""
    return _turned(np.linalg.solve(factor, _turned(np.linalg.solve(factor, middle))))


def _pushed(tangent: Any, factor: Any) -> Any:
    lower = np.tri(shape_of(tangent)[-1], dtype=bool)
    return factor @ _halved(_between(factor, np.where(lower, tangent, _turned(tangent))))


def _pulled(adjoint: Any, factor: Any) -> Any:
    found = _between(_turned(factor), _halved(_turned(factor) @ np.tril(adjoint)))
    return np.where(np.eye(shape_of(found)[-1], dtype=bool), found, np.tril(found + _turned(found)))


def _factor(y: Any, a: object, upper: bool) -> LinearMap:
    shape = shape_of(y)
    if not upper:
        return Applied(_pushed, _pulled, shape, shape, (y,))
    return Applied(
        lambda tangent, y: _turned(_pushed(_turned(tangent), _turned(y))),
        lambda adjoint, y: _turned(_pulled(_turned(adjoint), _turned(y))),
        shape,
        shape,
        (y,),
    )


_CHOLESKY: Final = Operation(
    "cholesky", None, lambda a, upper: np.linalg.cholesky(a, upper=upper), (_factor, NO_DERIVATIVE)
)


LINEAR_ALGEBRA: Final[dict[str, Callable[..., Any]]] = {
    "solve": solve,
    "inv": lambda a, /: recorded(_INV, as_operand(a)),
    "det": lambda a, /: recorded(_DET, as_operand(a)),
    "slogdet": slogdet,
    "cholesky": lambda a, /, *, upper=False: recorded(_CHOLESKY, as_operand(a), bool(upper)),
}
"""What rows of functions name as their derivative."""
