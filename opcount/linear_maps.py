"""Edges as linear maps, pushed forward or pulled back, and the structure that is free.

In accumulation what is known from the operation alone costs nothing: a structural one is
copied, a structural minus one negates, a structural zero never gets here. `times` and `plus`
say so once; the edges multiply by that rule, and every algorithm goes along these edges, so
all of them get the same courtesy.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final, Protocol

from opcount.scalar import Scalar


class Unit:
    """A structural 1 or -1: a derivative known from the operation alone, held by nobody."""

    __slots__ = ("sign",)

    def __init__(self, sign: int) -> None:
        self.sign = sign

    def __neg__(self) -> Unit:
        return MINUS_ONE if self is ONE else ONE

    def __repr__(self) -> str:
        return f"Unit({self.sign})"


ONE: Final = Unit(1)
MINUS_ONE: Final = Unit(-1)


def times(a: Any, b: Any) -> Any:
    """The product of two derivatives: a `mul`, or, where one of them is structural, a copy or a `neg`."""
    if type(a) is Unit:
        return b if a is ONE else -b
    if type(b) is Unit:
        return a if b is ONE else -a
    return a * b


def plus(total: Any, term: Any) -> Any:
    """The sum of two derivatives, an `add`; the first term of a sum (total is None) is only assigned."""
    if total is None:
        return term
    if type(total) is Unit or type(term) is Unit:
        return number(total) + number(term)
    return total + term


def number(derivative: Any) -> Any:
    """A derivative as a wrapped number, also where it was structural."""
    return Scalar(derivative.sign) if type(derivative) is Unit else derivative


class Cost:
    """Products, negations and sums of an accumulation; light, since a prediction adds one for every edge."""

    __slots__ = ("add", "mul", "neg")

    def __init__(self, mul: int = 0, neg: int = 0, add: int = 0) -> None:
        self.mul = mul
        self.neg = neg
        self.add = add

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.mul + other.mul, self.neg + other.neg, self.add + other.add)

    def __mul__(self, times: int) -> Cost:
        return Cost(self.mul * times, self.neg * times, self.add * times)


class Outline:
    """A derivative of which nothing is known but that it is a number, and what the last step to it cost.

    It multiplies and negates as a wrapped number does, without doing either: that is how a
    prediction asks `times` what an execution would count.
    """

    __slots__ = ("cost",)

    def __init__(self, cost: Cost) -> None:
        self.cost = cost

    @property
    def kind(self) -> str:
        """The kind of the last step, "copy" where it executed nothing."""
        return "mul" if self.cost.mul else "neg" if self.cost.neg else "copy"

    def __mul__(self, other: Outline) -> Outline:
        return _PRODUCT

    def __neg__(self) -> Outline:
        return _NEGATIVE


NUMBER: Final = Outline(Cost())
_PRODUCT: Final = Outline(Cost(mul=1))
_NEGATIVE: Final = Outline(Cost(neg=1))


class LinearMap(Protocol):
    """The derivative of a node with respect to one operand, applied from either side."""

    def push(self, tangent: Any) -> Any:
        """The tangent of the node, from the operand's (JVP)."""

    def pull(self, adjoint: Any) -> Any:
        """The operand's share of the adjoint, from the node's (VJP)."""

    def outline(self) -> LinearMap:
        """The same map with its numbers forgotten, to be applied to a Unit or an Outline."""


class Scale:
    """Multiplication by a local partial, a wrapped number: the edge between scalars."""

    __slots__ = ("partial",)

    def __init__(self, partial: Any) -> None:
        self.partial = partial

    # In both, the product that matters for speed is written out; `times` is the rule.

    def push(self, tangent: Any) -> Any:
        return times(self.partial, tangent) if type(tangent) is Unit else self.partial * tangent

    def pull(self, adjoint: Any) -> Any:
        return times(adjoint, self.partial) if type(adjoint) is Unit else adjoint * self.partial

    def outline(self) -> Scale:
        return _SCALE

    def __repr__(self) -> str:
        return f"Scale({self.partial!r})"


class Constant:
    """Multiplication by a structural 1 or -1, `unit`: a copy, or a negation."""

    __slots__ = ("pull", "push", "unit")

    def __init__(self, unit: Unit, along: Callable[[Any], Any]) -> None:
        self.unit = unit
        self.push = self.pull = along

    def outline(self) -> Constant:
        return self

    def __repr__(self) -> str:
        return f"Constant({self.unit!r})"


def _copy(derivative: Any) -> Any:
    return derivative


IDENTITY: Final = Constant(ONE, _copy)
NEGATION: Final = Constant(MINUS_ONE, operator.neg)
_SCALE: Final = Scale(NUMBER)


def as_map(partial: Any) -> LinearMap:
    """The edge of a local partial as the table of primitives gives it: a number, or a map already."""
    if type(partial) is Scalar:
        return Scale(partial)
    return partial if isinstance(partial, Constant) else Scale(Scalar(partial))
