"""Users' own differentiable primitives: NumPy functions that have no derivative, or functions of their own."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar, cast

import numpy as np

from opcount.counting.errors import InvalidType, InvalidValue, Uncounted
from opcount.functions.op_counts import name_of
from opcount.tracing.differentiable import FUNCTIONS, USER_PRIMITIVES
from opcount.tracing.edges import Applied, LinearMap
from opcount.tracing.nodes import (
    NODES,
    ArrayNode,
    as_operand,
    holds_nodes,
    of_one_tape,
    recorded,
)
from opcount.tracing.object_array import number_array, opened_array
from opcount.tracing.structural import Derivative
from opcount.tracing.tape import as_now
from opcount.wrapping.operations import Operation, Partial
from opcount.wrapping.trees import shape_of
from opcount.wrapping.wrapped import is_wrapped_array

_Function = TypeVar("_Function", bound=Callable[..., Any])

Functions: TypeAlias = Callable[..., Any] | Sequence[Callable[..., Any] | None]
"""One function for each operand; None for one without a derivative."""


def primitive(
    function: _Function,
    *,
    partials: Functions | None = None,
    push: Functions | None = None,
    pull: Functions | None = None,
) -> _Function:
    """Give a function a derivative, and get back the function to be called.

    >>> import numpy as np, opcount as oc
    >>> softplus = oc.primitive(lambda x: np.log1p(np.exp(x)), partials=lambda y, x: 1 - np.exp(-y))
    >>> g = oc.gradient(lambda x: np.sum(softplus(x)), np.zeros(3))
    >>> g.gradient, g.phases["partials"]
    (array([0.5, 0.5, 0.5]), Counts({'sub': 3, 'neg': 3, 'exp': 3}))

    `function` is a NumPy function or a ufunc, which is then called as usual and has this derivative
    instead of any other (`scipy.special.erf`; `oc.register_rule` gives it a count), or any
    function of wrapped numbers and arrays. If it works element by element, give `partials`, the
    derivatives as functions of the output y and the operands. Otherwise give `push`, the tangent of
    y as a function of (tangent, y, *operands), and `pull`, the share of the operand as a function of
    (adjoint, y, *operands), in the shapes of y and of the operand; either may be left out if no
    method needs it. For several operands give tuples with one function for each, or None for an
    operand without a derivative. What these functions execute is counted, in the phase where it
    runs. Keywords of a call are passed on to all of them.

    Raises InvalidType if `function` is not a function, InvalidValue for partials together with push
    or pull, for neither, and for tuples of different lengths.
    """
    given = _checked(function, partials, push, pull)
    name = getattr(function, "__name__", "primitive")
    expected = next(len(rows) for rows in given.values() if rows is not None)

    def recording(keywords: dict[str, Any], *operands: Any) -> Any:
        if not any(type(operand) in NODES for operand in operands):
            return function(*operands, **keywords)
        edges = tuple(_partial(given, position, keywords, name) for position in range(expected))
        return recorded(Operation(name, None, functools.partial(recording, keywords), edges), *operands)

    @functools.wraps(function)
    def differentiable(*operands: object, **keywords: object) -> Any:
        if not any(map(holds_nodes, operands)):
            return function(*operands, **keywords)
        if len(operands) != expected:
            raise InvalidValue(
                f"{name_of(function)} was given derivatives for {expected} operands, not {len(operands)}"
            )
        nodes = tuple(map(as_operand, operands))
        tape, _ = of_one_tape(nodes)
        if tape is None:  # of numbers that are not differentiated
            result = function(*nodes, **keywords)
            return number_array(np.asarray(result, object)) if is_wrapped_array(result) else result
        result = recording(as_now(keywords), *nodes)
        if type(result) is ArrayNode and not tape.arrays_as_nodes:  # arrays are opened into numbers
            return opened_array(np.empty(result.shape), [result[position] for position in np.ndindex(result.shape)])
        return result

    if isinstance(function, np.ufunc) or hasattr(function, "_implementation"):
        USER_PRIMITIVES[function] = FUNCTIONS[function] = differentiable
        return function
    return cast(_Function, differentiable)


def _checked(
    function: object, partials: Functions | None, push: Functions | None, pull: Functions | None
) -> dict[str, tuple[Callable[..., Any] | None, ...] | None]:
    """What was given, a function for each operand; raises InvalidType or InvalidValue as `primitive` says."""
    given = {name: _each(name, rows) for name, rows in (("partials", partials), ("push", push), ("pull", pull))}
    if not callable(function):
        raise InvalidType(f"primitive: {function!r} is no function")
    lengths = {len(rows) for rows in given.values() if rows is not None}
    if (partials is None) == (push is None and pull is None) or len(lengths) != 1:
        raise InvalidValue(
            "primitive: give partials, or push and pull, one function for each operand (None where it has no "
            "derivative), and as many of the one as of the other"
        )
    return given


def _each(name: str, rows: Functions | None) -> tuple[Callable[..., Any] | None, ...] | None:
    if rows is None:
        return None
    found = (rows,) if callable(rows) else tuple(rows)
    if not all(row is None or callable(row) for row in found):
        raise InvalidType(f"primitive: {name} has {rows!r}, and must be a function, or a tuple of functions and None")
    return found


def _partial(given: dict[str, Any], position: int, keywords: dict[str, Any], name: str) -> Partial:
    """The local partial for the operand at that position, as a row of operations has it."""
    if given["partials"] is not None:
        row = given["partials"][position]
        return row and functools.partial(row, **keywords)
    push, pull = (given[side] and given[side][position] for side in ("push", "pull"))
    if push is None and pull is None:
        return None

    def edge(y: object, *operands: object) -> LinearMap:
        def side(function: Callable[..., Any] | None, called: str) -> Callable[[Any], Any]:
            def applied(derivative: Derivative) -> Any:
                if function is None:
                    raise Uncounted(f"the primitive {name} has no {called}, which this method needs: oc.primitive(...)")
                return function(derivative, y, *operands, **keywords)

            return applied

        return Applied(side(push, "push"), side(pull, "pull"), shape_of(operands[position]), shape_of(y))

    return edge
