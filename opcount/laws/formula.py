"""A formula given as text: evaluated in exact arithmetic, and compared with a law."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any, Final

from opcount.counting.errors import InvalidValue
from opcount.laws.law import NO_LAW, Law, law_of
from opcount.laws.points import at
from opcount.laws.progressions import Point

Formula = Callable[[Point], Fraction]
"""The value at a point of sizes."""

_LARGEST_POWER: Final = 1_000_000  # bits


def formula(text: str, names: Sequence[str] = ("n",)) -> Formula:
    """The function that a formula such as `2*n**3 - n**2` stands for: its exact value at a point of sizes.

    >>> formula("n*(n - 1)/2")((7,))
    Fraction(21, 1)

    A formula consists of integers, the names, + - * / // ** and parentheses, and log2 of powers of two. Raises
    InvalidValue for anything else, and, when it is evaluated, if there is no exact value.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, TypeError, AttributeError):
        raise InvalidValue(f'{text!r} is no formula: write it as in "2*n**3 - n**2"') from None

    def value(node: ast.expr, sizes: Mapping[str, int]) -> Fraction:
        match node:
            case ast.Constant(value=int(n)) if not isinstance(n, bool):
                return Fraction(n)
            case ast.Name(id=name) if name in sizes:
                return Fraction(sizes[name])
            case ast.BinOp(op=op) if type(op) in _BINARY:
                return _BINARY[type(op)](value(node.left, sizes), value(node.right, sizes))
            case ast.UnaryOp(op=op) if type(op) in _UNARY:
                return _UNARY[type(op)](value(node.operand, sizes))
            case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
                return _FUNCTIONS[name](value(argument, sizes))
        raise InvalidValue(
            f"{ast.unparse(node)!r} has no place in a formula: integers, {', '.join(names)}, + - * / // **, "
            "parentheses and log2() have"
        )

    def value_at(point: Point) -> Fraction:
        try:
            return value(tree, dict(zip(names, point, strict=True)))
        except ZeroDivisionError:
            raise InvalidValue(f"{text!r} divides by zero {at(names, point)}") from None

    return value_at


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        raise InvalidValue(f"a power is exact where its exponent is an integer, and {exponent} is none")
    bits = max(base.numerator.bit_length(), base.denominator.bit_length()) * abs(exponent)
    if bits > _LARGEST_POWER:
        raise InvalidValue(f"{base}**{exponent} is too large a number")
    return Fraction(base ** int(exponent))


def _log2(n: Fraction) -> Fraction:
    top, bottom = n.numerator, n.denominator
    if n <= 0 or top & (top - 1) or bottom & (bottom - 1):
        raise InvalidValue(f"log2({n}) is not exact: give sizes for which it is of a power of two")
    return Fraction(top.bit_length() - bottom.bit_length())


_BINARY: Final[Mapping[type[ast.operator], Callable[[Fraction, Fraction], Fraction]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: lambda a, b: Fraction(a // b),
    ast.Pow: _power,
}
_UNARY: Final[Mapping[type[ast.unaryop], Callable[[Fraction], Fraction]]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_FUNCTIONS: Final[Mapping[str, Callable[[Fraction], Fraction]]] = {"log2": _log2}


# --- compared with a law


def differs(law: Law, wanted: Formula) -> str:
    """The first size at which a count, or the law at as many larger sizes, differs from the formula; empty if none."""
    return _first_unlike(law, wanted, operator.ne) or (
        "" if law.exact else f"{NO_LAW} behind the counts, which are the formula's; more sizes may show one"
    )


def exceeds(law: Law, limit: Formula) -> str:
    """Where the counts, or the law at as many larger sizes, exceed the formula, or how it is outgrown; empty if not."""
    if fault := _first_unlike(law, limit, operator.gt):
        return fault
    if not law.exact:
        return f"{NO_LAW} behind the counts, none of which is larger; more sizes may show one"
    values = {point: limit(point) for point in _larger(law, 2)}
    bound = law_of(values, law.names)  # type: ignore[arg-type]  # whose values may be Fractions
    if not bound.exact:
        return f"{NO_LAW} behind the formula, to compare its growth with; more sizes may show one"
    return "" if law <= bound else f"the law grows as {law.big_theta}, and the formula as {bound.big_theta}"


def _first_unlike(law: Law, formula: Formula, unlike: Callable[[Any, Any], bool]) -> str:
    """The first count, or else value of the law at a larger size, whose relation to the formula is `unlike`."""
    for point, count in {**law.counts, **law.far}.items():
        if unlike(count, formula(point)):
            return f"{at(law.names, point)}: {count:,} counted, and the formula is {formula(point)}"
    if law.form is not None:
        for point in _larger(law):
            if unlike(value := law.form(point), formula(point)):
                return f"{at(law.names, point)}: the law is {value}, and the formula {formula(point)}"
    return ""


def _larger(law: Law, times: int = 1) -> list[Point]:
    """`times` as many sizes as were counted, larger than these, in the law's domain."""
    along = [sorted({point[axis] for point in law.counts}) for axis in range(len(law.names))]
    return list(
        product(
            *(sizes.after(given[-1], times * len(given)) for sizes, given in zip(law.domain.axes, along, strict=True))
        )
    )
