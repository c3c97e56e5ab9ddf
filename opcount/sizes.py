"""Sizes and counts as polynomials: in symbols, each of which stands for a size of 2 or more.

A size is a Python integer where it can be, else a SymPy expression, always expanded. What would
have to be decided by the value of a symbol, and is not the same for all sizes from 2 on, is refused.
SymPy is imported here alone, and only once a symbol is asked for.
"""

from __future__ import annotations

import ast
import math
import operator
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from opcount.errors import InvalidType, InvalidValue

SMALLEST: Final = 2
"""The least size that a symbol stands for."""


def _sympy() -> Any:
    try:
        import sympy
    except ImportError:
        raise InvalidType(
            "a size that is no number needs SymPy: pip install opcount[symbolic], or give the size as a number"
        ) from None
    return sympy


def is_symbolic(number: Any) -> bool:
    """Whether it is an expression of SymPy's, which can be only where somebody has imported that."""
    sympy = sys.modules.get("sympy")
    return sympy is not None and isinstance(number, _expressions(sympy)) and not (number.is_Integer or number.is_Matrix)


def _expressions(sympy: Any) -> Any:
    return getattr(sympy, "Expr", ())  # which is not there yet while it is being imported


def normal(number: Any) -> Any:
    """An integer as Python's, a polynomial expanded."""
    if type(number) is int:
        return number
    if not is_symbolic(number):
        return operator.index(number)
    expanded = number.expand()
    return int(expanded) if expanded.is_Integer else expanded


def are_numbers(sizes: Iterable[Any]) -> bool:
    return not any(map(is_symbolic, sizes))


# --- sizes from what a user writes


_OPERATORS: Final[Mapping[type, Callable[..., Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
}


def parsed(size: Any, name: str) -> Any:
    """A size as a user gives it; raises InvalidType or InvalidValue, with the name, for what is none."""
    if isinstance(size, str):
        size = _of_text(size, name)
    elif isinstance(size, bool) or not (hasattr(size, "__index__") or is_symbolic(size)):
        raise InvalidType(f'{name} is {size!r}: a size is an integer, the name of one as in "n", or as "2*n"')
    try:
        size = normal(size)
    except TypeError:  # of an array
        raise InvalidType(f"{name} is {size!r}: a size is one integer, a shape a tuple of them") from None
    if not is_symbolic(size):
        if size < 0:
            raise InvalidValue(f"{name} is {size}: a size is an integer from 0 on")
        return size
    if not (size.is_polynomial() and all(number.is_Integer for number in _coefficients(size))):
        raise InvalidValue(f"{name} is {size}: a size is a polynomial in symbols, with integer coefficients")
    if not _never_negative(size):
        raise InvalidValue(f"{name} is {size}, which may be negative: each symbol stands for a size of 2 or more")
    return size


def _of_text(text: str, name: str) -> Any:
    try:
        return _value(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, KeyError):
        raise InvalidValue(f'{name} is {text!r}: write the name of a size, "n", or a polynomial, "2*n + 1"') from None


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Name):
        return _sympy().Symbol(node.id)
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.UnaryOp):
        return _OPERATORS[type(node.op)](_value(node.operand))
    if isinstance(node, ast.BinOp):
        if isinstance(node.op, ast.Pow) and not isinstance(node.right, ast.Constant):
            raise KeyError
        return _OPERATORS[type(node.op)](_value(node.left), _value(node.right))
    raise KeyError


# --- what is known for all sizes


def _coefficients(polynomial: Any) -> list[Any]:
    return list(polynomial.expand().as_coefficients_dict().values())


def _never_negative(polynomial: Any) -> bool:
    """Whether that is certain: in terms of how far each symbol is above its least value, no coefficient is negative."""
    above = polynomial.subs({symbol: symbol + SMALLEST for symbol in polynomial.free_symbols}, simultaneous=True)
    return all(coefficient >= 0 for coefficient in _coefficients(above))


def order(a: Any, b: Any) -> int:
    """-1, 0 or 1, as a is never above b, the same, or never below; raises InvalidValue where that depends on sizes."""
    difference = normal(a - b)
    if not is_symbolic(difference):
        return int(difference > 0) - int(difference < 0)
    for sign in (1, -1):
        if _never_negative(sign * difference):
            return sign
    raise InvalidValue(
        f"whether {a} is more than {b} depends on the sizes, each of which may be any from {SMALLEST} on: "
        f"use numbers for them, or name what is left, as n of a size n + {SMALLEST}"
    )


def smaller(a: Any, b: Any) -> Any:
    return b if order(a, b) > 0 else a


def larger(a: Any, b: Any) -> Any:
    return a if order(a, b) > 0 else b


def positive_part(number: Any) -> Any:
    """`max(number, 0)`."""
    return max(number, 0) if type(number) is int else larger(number, 0)


def is_long(size: Any) -> bool:
    """Whether it is more than 1."""
    return bool(size > 1) if type(size) is int else order(size, SMALLEST) >= 0


def ratio(number: Any, divisor: int) -> Any:
    """An exact quotient of counts, whose polynomial may have fractions for coefficients."""
    return (number / divisor).expand() if is_symbolic(number) else number // divisor


def quotient(number: Any, divisor: Any) -> Any:
    """How often one size goes into another, None where it does not go exactly."""
    number, divisor = normal(number), normal(divisor)
    if not (is_symbolic(number) or is_symbolic(divisor)):
        return None if not divisor or number % divisor else number // divisor
    whole, rest = (
        _sympy().div(number, divisor, *sorted((number - divisor).free_symbols, key=str)) if divisor else (0, 1)
    )
    exact = rest == 0 and all(coefficient.is_Integer for coefficient in _coefficients(whole))
    return normal(whole) if exact else None


def product(sizes: Iterable[Any]) -> Any:
    return normal(math.prod(sizes))


def at(number: Any, values: Mapping[str, int]) -> int:
    """Its value where each symbol, by name, has one; raises InvalidValue where a symbol is left."""
    if not is_symbolic(number):
        return int(number)
    found = number.subs({symbol: values[symbol.name] for symbol in number.free_symbols if symbol.name in values})
    if not found.is_Integer:
        left = ", ".join(sorted(symbol.name for symbol in found.free_symbols))
        raise InvalidValue(f"{left} of {number} has no value: give one for each of its sizes, as in at(n=5)")
    return int(found)


def checked(value: Any, name: str) -> int:
    """The value of a symbol; raises InvalidType or InvalidValue for what is no size of 2 or more."""
    try:
        number = operator.index(value)
    except TypeError:
        raise InvalidType(f"at: {name} must be an integer, not {value!r}") from None
    if number < SMALLEST:
        raise InvalidValue(f"at: {name} is {number}, and the counts hold for sizes from {SMALLEST} on")
    return number


def symbols(number: Any) -> set[str]:
    """The names of the sizes in it."""
    return {symbol.name for symbol in number.free_symbols} if is_symbolic(number) else set()


def shown(number: Any) -> str:
    return f"{number:,}" if isinstance(number, int) else str(number)
