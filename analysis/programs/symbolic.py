"""SymPy expressions as programs: the operations that evaluating them takes, with more and more of them shared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache, partial
from typing import Any, Final, NamedTuple

import numpy as np
import sympy

import opcount as oc

Expression = Any  # SymPy has no types


class Kept(sympy.Function):  # type: ignore[misc]  # SymPy has no types
    """The identity, across which SymPy multiplies nothing out, so that an intermediate result stays one.

    >>> x = sympy.Symbol("x")
    >>> 4 * (x * (1 - x)), 4 * Kept(x * (1 - x)), Kept(x * (1 - x)).diff(x)
    (4*x*(1 - x), 4*Kept(x*(1 - x)), 1 - 2*x)
    """

    nargs = 1

    def fdiff(self, argindex: int = 1) -> Expression:
        return sympy.Integer(1)


class Written(NamedTuple):
    """An expression as a program: its operands, and the function that computes its value from theirs."""

    operands: tuple[Expression, ...]
    apply: Callable[..., Any]


def sum_of(expression: Expression) -> Written:
    """A sum as operations; terms with a negative coefficient are subtracted, since SymPy writes a - b as a + (-1) b."""
    negative = [term.as_coeff_Mul()[0].is_negative for term in expression.args]
    plus = [term for term, below in zip(expression.args, negative, strict=True) if not below]
    minus = [-term for term, below in zip(expression.args, negative, strict=True) if below]
    return Written((*plus, *minus), partial(added, len(plus)))


def added(plus: int, *values: Any) -> Any:
    result = values[0] if plus else -values[0]
    for index, value in enumerate(values[1:], 1):
        result = result + value if index < plus else result - value
    return result


def product_of(expression: Expression) -> Written:
    """A product as operations; a coefficient of -1 negates, and a negative power divides: a / b is a b**-1 in SymPy."""
    coefficient, rest = expression.as_coeff_Mul()
    factors = sympy.Mul.make_args(rest)
    below = [1 / factor for factor in factors if divides(factor)]
    above = [factor for factor in factors if not divides(factor)]
    above = above if abs(coefficient) == 1 else [coefficient, *above]
    return Written((*above, *below), partial(multiplied, len(above), coefficient == -1))


def divides(factor: Expression) -> bool:
    return bool(factor.is_Pow and factor.exp.is_negative)


def multiplied(above: int, negated: bool, *values: Any) -> Any:
    result = values[0] if above else 1 / values[0]
    for index, value in enumerate(values[1:], 1):
        result = result * value if index < above else result / value
    return -result if negated else result


def power_of(expression: Expression) -> Written:
    base, exponent = expression.args
    if not exponent.is_Integer:
        raise TypeError(f"{expression} is no integer power, and has no count")
    return Written((base,), partial(raised, int(exponent)))


def raised(exponent: int, base: Any) -> Any:
    return base**exponent if exponent > 0 else 1 / base**-exponent


def applied(function: Callable[[Any], Any]) -> Callable[[Expression], Written]:
    return lambda expression: Written(expression.args, function)


RULES: Final[Mapping[Any, Callable[[Expression], Written]]] = {
    sympy.Add: sum_of,
    sympy.Mul: product_of,
    sympy.Pow: power_of,
    sympy.tanh: applied(np.tanh),
    sympy.exp: applied(np.exp),
    sympy.log: applied(np.log),
    Kept: applied(lambda value: value),
}


@cache
def written(expression: Expression) -> Written:
    return RULES[expression.func](expression)


def evaluated(expression: Expression, values: Mapping[Any, Any], memo: dict[Any, Any] | None = None) -> Any:
    """The value of an expression, computed as a tree, or, with a memo, each subexpression once.

    `values` holds the values of symbols, and of larger expressions that need not be computed again.
    """
    if expression in values:
        return values[expression]
    if expression.is_Rational:
        return int(expression) if expression.is_Integer else Fraction(int(expression.p), int(expression.q))
    if memo is not None and expression in memo:
        return memo[expression]
    operands, apply = written(expression)
    result = apply(*[evaluated(operand, values, memo) for operand in operands])
    if memo is not None:
        memo[expression] = result
    return result


def size(expression: Expression, known: dict[Any, oc.Counts]) -> oc.Counts:
    """What evaluating an expression as a tree counts, without executing it; `known` holds counts found already."""
    if expression.is_Atom:
        return oc.Counts()
    if expression not in known:
        operands, apply = written(expression)
        own = oc.measure(apply, *[1.0] * len(operands)).counts
        known[expression] = sum((size(operand, known) for operand in operands), own)
    return known[expression]


# --- a value and its partial derivatives, with more and more of it shared


class Symbolic(NamedTuple):
    """A function in SymPy: its value, its partial derivatives, and its symbols, data included."""

    value: Expression
    partials: Sequence[Expression]
    symbols: Sequence[Expression]


def differentiated(value: Expression, inputs: Sequence[Expression], data: Sequence[Expression] = ()) -> Symbolic:
    return Symbolic(value, [value.diff(symbol) for symbol in inputs], [*inputs, *data])


def tree(f: Symbolic, *numbers: Any) -> list[Any]:
    values = dict(zip(f.symbols, numbers, strict=True))
    return [evaluated(expression, values) for expression in (f.value, *f.partials)]


def values_shared(f: Symbolic, *numbers: Any) -> list[Any]:
    """Value and derivatives, with the value's subexpressions computed once, as in the naive recursion, others anew."""
    values = dict(zip(f.symbols, numbers, strict=True))
    memo: dict[Any, Any] = {}
    result = evaluated(f.value, values, memo)
    return [result, *(evaluated(derivative, values | memo) for derivative in f.partials)]


def memo_shared(f: Symbolic, *numbers: Any) -> list[Any]:
    values = dict(zip(f.symbols, numbers, strict=True))
    memo: dict[Any, Any] = {}
    return [evaluated(expression, values, memo) for expression in (f.value, *f.partials)]


def cse_shared(f: Symbolic, *numbers: Any) -> list[Any]:
    values = dict(zip(f.symbols, numbers, strict=True))
    named, results = sympy.cse([f.value, *f.partials], sympy.numbered_symbols("shared"))
    for symbol, expression in named:
        values[symbol] = evaluated(expression, values)
    return [evaluated(expression, values) for expression in results]


SHARING: Final = {"tree": tree, "values": values_shared, "memo": memo_shared, "cse": cse_shared}


def predicted(f: Symbolic, sharing: str) -> int:
    """What a tree, or one with shared values, counts, by the same traversal on counts instead of numbers."""
    known: dict[Any, oc.Counts] = {}
    value = size(f.value, known)
    if sharing == "values":
        once = partial(memo_shared, f._replace(partials=()))
        value, known = oc.measure(once, *[1.0] * len(f.symbols)).counts, dict.fromkeys(known, oc.Counts())
    return int(sum((size(derivative, known) for derivative in f.partials), value).total)
