"""The methods by name: how each computes a gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple, SupportsIndex

from opcount.counting.errors import InvalidValue
from opcount.counting.names import Described, instead
from opcount.derivatives.chain_rule import Direction, backprop, backprop_from, forward, recurse
from opcount.derivatives.choices import MethodName
from opcount.wrapping.inputs import checked_memo


class Method(NamedTuple):
    """How a gradient is computed.

    `about` describes the method; `direction` is None for finite differences, which use no chain rule. `algorithm`
    computes the sums: a loop, also in the steps of a function, or the recursion with a memo of at most `memo`
    derivatives (None: of all).
    `evaluations(n)` says how many evaluations of the function n inputs take.
    """

    about: str
    direction: Direction | None
    strategy: Literal["loop", "steps", "recursion"]
    memo: int | None = None
    evaluations: Callable[[int], int] = lambda inputs: 1
    algorithm: Callable[..., Any] | None = None

    def __str__(self) -> str:
        return self.about

    def __repr__(self) -> str:
        return f"Method({self.about!r})"


METHODS: Final[Mapping[MethodName, Method]] = Described(
    {
        "finite-difference": Method(
            "a central difference quotient for each input", None, "loop", evaluations=lambda inputs: 2 * inputs + 1
        ),
        "forward": Method(
            "dual numbers, one evaluation for each input",
            "tangent",
            "loop",
            evaluations=lambda inputs: inputs,
            algorithm=forward,
        ),
        "naive": Method("the adjoint recursion, nothing kept", "adjoint", "recursion", memo=0, algorithm=recurse),
        "memoized": Method("the adjoint recursion, each adjoint kept", "adjoint", "recursion", algorithm=recurse),
        "naive-tangent": Method(
            "the tangent recursion, nothing kept", "tangent", "recursion", memo=0, algorithm=recurse
        ),
        "memoized-tangent": Method(
            "the tangent recursion, each tangent kept", "tangent", "recursion", algorithm=recurse
        ),
        "backprop": Method(
            "the sums of the adjoint recursion as one loop against the graph", "adjoint", "loop", algorithm=backprop
        ),
        "checkpointed": Method(
            "that loop, step by step, with each step of oc.checkpoint forgotten and computed again",
            "adjoint",
            "steps",
            algorithm=backprop_from,
        ),
    },
    "method",
)
"""The methods by name."""


def memo_of(name: MethodName, memo: SupportsIndex) -> int:
    """How many derivatives the memo of a method is to keep; raises InvalidValue if the method has no memo."""
    rule = method_named(name)
    if rule.strategy != "recursion" or rule.memo == 0:
        raise InvalidValue(f'memo is for the methods "memoized" and "memoized-tangent", not for {name!r}')
    return checked_memo(memo)


def method_named(name: MethodName) -> Method:
    """The method of this name; raises InvalidValue, which lists those that exist."""
    try:
        return METHODS[name]
    except (KeyError, TypeError):
        raise InvalidValue(f"there is no method {name!r}; {instead([name], METHODS, 'the methods')}") from None
