"""Sizes and counts as polynomials: in symbols, each of which stands for a size of 2 or more.

A size is a Python integer where it can be, else a SymPy expression, always expanded. A question
whose answer is not the same for all sizes from 2 on is refused. SymPy is imported in this module
alone, and only when a symbol is asked for.
"""

from __future__ import annotations

import ast
import itertools
import math
import numbers
import operator
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any, Final, SupportsIndex, TypeAlias, TypeGuard

import numpy as np

from opcount.counting.callers import user_call
from opcount.counting.errors import InvalidType, InvalidValue

Expr: TypeAlias = Any
"""SymPy's Expr: SymPy need not be installed, and has no types that a checker could use."""

Size: TypeAlias = int | Expr
"""A size, or a count made of sizes: an integer where it is one, else a polynomial of SymPy's."""

SizeLike: TypeAlias = "SupportsIndex | Expr | NamedSize"
"""What can be given as a size: an integer of any class, a polynomial of SymPy's, or a size with a name."""

SMALLEST: Final = 2
"""The smallest size that a symbol stands for."""


def _sympy() -> Any:
    try:
        import sympy
    except ImportError:
        raise InvalidType(
            "a size that is no number needs SymPy: pip install opcount[symbolic], or give the size as a number"
        ) from None
    return sympy


def is_symbolic(value: object) -> TypeGuard[Expr]:
    """Whether it is a size with a name, or a SymPy expression, which it cannot be before SymPy is imported."""
    if type(value) is NamedSize:
        return True
    sympy = sys.modules.get("sympy")
    if sympy is None or not isinstance(value, _expressions(sympy)):
        return False
    expression: Expr = value
    return not (expression.is_Integer or expression.is_Matrix)


def _expressions(sympy: ModuleType) -> type[Any] | tuple[()]:
    return getattr(sympy, "Expr", ())  # missing while SymPy is still being imported


def normal(size: SizeLike) -> Any:
    """A size as a Python integer or an expanded polynomial; raises InvalidValue if it is not known to be an integer."""
    if type(size) is int:
        return size
    if type(size) is NamedSize:
        size = size.integer()
    if not is_symbolic(size):
        return operator.index(size)
    expanded = size.expand()
    return int(expanded) if expanded.is_Integer else expanded


def are_numbers(sizes: Iterable[object]) -> bool:
    """Whether all of these sizes are known integers, none of them symbolic."""
    return not any(map(is_symbolic, sizes))


# --- sizes as a user's program sees them


class NamedSize:
    """A size with a name, as `x.shape[0]` of a spec: it computes like the integer that it stands for.

    >>> import opcount as oc
    >>> rows, columns = oc.spec(("2*n", "m")).shape
    >>> rows // 2, rows * columns, rows % 2, rows > 3
    (n, 2*m*n, 0, True)

    Sums, products, and quotients that are one polynomial for all sizes are sizes with names too; a result that is the
    same for all sizes is a plain number or truth value; a root or a true quotient is an unknown number, which may be
    an operand beside a spec. What depends on the value raises InvalidValue, as `if rows > 5` and `range(rows)` do.
    """

    __slots__ = ("_kind", "expression")
    expression: Expr
    _kind: Callable[[int], Any]

    def __init__(self, expression: Expr, kind: Callable[[int], Any] = int) -> None:
        self.expression = expression
        self._kind = kind  # int for a size; for what was computed from one, the type that its value would have

    @property
    def like(self) -> Any:
        """A number of the type that its value would have, to ask NumPy for the type of a result."""
        return self._kind(1)

    @property
    def free_symbols(self) -> set[Expr]:
        return set(self.expression.free_symbols)

    def integer(self) -> Expr:
        """The SymPy expression; raises InvalidValue if it is not known to be an integer."""
        if self._kind is not int:
            raise InvalidValue(
                f"{self} is not known to be an integer: write // for a quotient of sizes, or use numbers"
            )
        return self.expression

    def _sympy_(self) -> Expr:
        return self.expression

    def _joined(self, execute: Callable[[Any, Any], Any], a: object, b: object) -> Any:
        if not (_computes(a) and _computes(b)):
            return NotImplemented
        kind = type(execute(like_of(a), like_of(b)))
        first, second = map(_expression, (a, b))
        if kind is not int:
            return NamedSize(execute(first, second), kind)
        if execute is operator.pow and not isinstance(b, int):
            raise InvalidValue(f"{a}**{b} is no polynomial in the sizes: use numbers for them")
        return known(normal(execute(first, second)))

    def __add__(self, other: object) -> Any:
        return self._joined(operator.add, self, other)

    def __radd__(self, other: object) -> Any:
        return self._joined(operator.add, other, self)

    def __sub__(self, other: object) -> Any:
        return self._joined(operator.sub, self, other)

    def __rsub__(self, other: object) -> Any:
        return self._joined(operator.sub, other, self)

    def __mul__(self, other: object) -> Any:
        return self._joined(operator.mul, self, other)

    def __rmul__(self, other: object) -> Any:
        return self._joined(operator.mul, other, self)

    def __truediv__(self, other: object) -> Any:
        return self._joined(operator.truediv, self, other)

    def __rtruediv__(self, other: object) -> Any:
        return self._joined(operator.truediv, other, self)

    def __pow__(self, other: object) -> Any:
        return self._joined(operator.pow, self, other)

    def __rpow__(self, other: object) -> Any:
        return self._joined(operator.pow, other, self)

    def __floordiv__(self, other: object) -> Any:
        return _floordiv(self, other) if _computes(other) else NotImplemented

    def __rfloordiv__(self, other: object) -> Any:
        return _floordiv(other, self) if _computes(other) else NotImplemented

    def __mod__(self, other: object) -> Any:
        return self - other * _floordiv(self, other) if _computes(other) else NotImplemented

    def __rmod__(self, other: object) -> Any:
        return other - self * _floordiv(other, self) if _computes(other) else NotImplemented

    def __divmod__(self, other: object) -> Any:
        return (self // other, self % other) if _computes(other) else NotImplemented

    def __rdivmod__(self, other: object) -> Any:
        return (other // self, other % self) if _computes(other) else NotImplemented

    def __neg__(self) -> Any:
        return 0 - self

    def __pos__(self) -> NamedSize:
        return self

    def __abs__(self) -> Any:
        return self if order(self, 0) >= 0 else -self

    def __eq__(self, other: object) -> bool:
        if not _computes(other):
            return NotImplemented
        difference = _difference(self, other)
        if any(_never_negative(sign * difference - 1) for sign in (1, -1)):
            return False
        if difference == 0:
            return True
        raise _undecided(f"{self} is {other}")

    def __hash__(self) -> int:
        return hash(self.expression)

    def __lt__(self, other: object) -> bool:
        return _is_less(self, other, f"{self} is less than {other}") if _computes(other) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return _is_less(other, self, f"{self} is more than {other}") if _computes(other) else NotImplemented

    def __le__(self, other: object) -> bool:
        return not _is_less(other, self, f"{self} is more than {other}") if _computes(other) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return not _is_less(self, other, f"{self} is less than {other}") if _computes(other) else NotImplemented

    def __bool__(self) -> bool:
        return bool(self != 0)

    def __floor__(self) -> Any:
        if not self.expression.is_rational_function():
            raise self._needed("math.floor() or math.ceil() of a root")
        return _floordiv(*(known(part) for part in self.expression.as_numer_denom()))

    def __trunc__(self) -> Any:
        return self.__floor__()  # no size is negative

    def __ceil__(self) -> Any:
        if not self.expression.is_rational_function():
            raise self._needed("math.floor() or math.ceil() of a root")
        return -_floordiv(*(known(part) for part in (-self.expression).as_numer_denom()))

    def __round__(self, digits: SupportsIndex | None = None) -> NamedSize:
        if self._kind is not int:
            raise self._needed("round()")
        return self

    def __index__(self) -> int:
        raise self._needed("range(), np.zeros() or np.arange()")

    def __int__(self) -> int:
        raise self._needed("int()")

    def __float__(self) -> float:
        raise self._needed("float() or a function of math's")

    def __complex__(self) -> complex:
        raise self._needed("complex()")

    def _needed(self, who: str) -> InvalidValue:
        return InvalidValue(
            f"{self} is a size with a name, and {who} needs a number: use numbers for the sizes, or what goes by "
            "shapes, as np.zeros_like(x, shape=(n, 2)), np.full(n, 1.0, like=x), np.tril(np.ones_like(x)), np.sqrt(n)"
        )

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **keywords: object) -> Any:
        if any(getattr(type(value), "_op_priority", 0) for value in inputs if type(value) is not NamedSize):
            return NotImplemented  # a wrapped value takes care of it
        if method == "__call__" and all(map(_computes, inputs)):
            found = ufunc(*map(like_of, inputs), **keywords)
            if isinstance(found, float):
                function = _sympy().Function(f"np.{ufunc.__name__}")
                return NamedSize(function(*map(_expression, inputs)), type(found))
        raise InvalidValue(
            f"np.{ufunc.__name__} of the size {self}, which is no number, has no value: use Python's operators for "
            "sizes, or numbers"
        )

    def __repr__(self) -> str:
        return str(self.expression)

    def __format__(self, spec: str) -> str:
        return format(str(self), spec.removesuffix("d"))


def known(size: SizeLike) -> Any:
    """A size as a user's program sees it: an integer where it is one, else a `NamedSize`."""
    if type(size) is NamedSize or not is_symbolic(size):
        return int(size) if not isinstance(size, (int, NamedSize)) else size
    return NamedSize(size)


class Sizes(tuple[Any, ...]):
    """The shape of a spec as a user's program sees it; `written` has the same sizes as SymPy expressions."""

    written: tuple[Size, ...]

    def __eq__(self, other: object) -> bool:
        """Whether two shapes are equal; raises InvalidValue if that depends on the sizes."""
        if not isinstance(other, tuple):
            return NotImplemented
        if len(self) != len(other):
            return False
        undecided: InvalidValue | None = None
        for mine, others in zip(self, other, strict=True):
            try:
                if mine != others:
                    return False
            except InvalidValue as error:
                undecided = undecided or error
        if undecided is not None:
            raise undecided
        return True

    def __ne__(self, other: object) -> bool:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    __hash__ = tuple.__hash__


def known_sizes(shape: tuple[Size, ...]) -> Sizes:
    found = Sizes(map(known, shape))
    found.written = shape
    return found


def _computes(value: object) -> TypeGuard[Any]:
    return isinstance(value, (int, float, NamedSize, numbers.Real)) or is_symbolic(value)


def _expression(value: Any) -> Any:
    if type(value) is NamedSize:
        return value.expression
    return value if is_symbolic(value) else int(value) if isinstance(value, numbers.Integral) else float(value)


def decides_a_power(exponent: object) -> bool:
    """Whether an exponent is an unknown integer, on which it depends how many products the power takes."""
    return is_symbolic(exponent) and type(like_of(exponent)) is int


def like_of(value: object) -> Any:
    """A number of a symbolic size's type, to ask NumPy for the type of a result; anything else as it is."""
    return value.like if type(value) is NamedSize else 1 if is_symbolic(value) else value


def _floordiv(a: object, b: object) -> Any:
    if not all(isinstance(part, (NamedSize, numbers.Integral)) or is_symbolic(part) for part in (a, b)):
        raise InvalidValue(f"{a} // {b} is not known to be an integer: use integers, or numbers for the sizes")
    if type(b) is int and b == 0:
        raise ZeroDivisionError("integer division or modulo by zero")
    if (found := floor_quotient(a, b)) is None:
        wanted = f'give the size as a multiple, "{b}*n"' if type(b) is int else "give a size that is a multiple of it"
        dividend = f"({a})" if " " in str(a) else str(a)
        raise InvalidValue(f"{dividend} // {b} is not the same polynomial for all sizes: {wanted}, or as a number")
    return known(found)


def _difference(a: SizeLike, b: SizeLike) -> Expr:
    """The difference of two sizes; raises InvalidValue if one is not known to be an integer."""
    try:
        return _sympy().expand(normal(a) - normal(b))
    except TypeError:
        raise InvalidValue(f"whether {a} is {b} is not known: compare sizes with integers") from None


def _is_less(a: SizeLike, b: SizeLike, what: str) -> bool:
    difference = _difference(b, a)
    if _never_negative(difference - 1):
        return True
    if _never_negative(-difference):
        return False
    raise _undecided(what)


# --- sizes from what a user writes


_OPERATORS: Final[Mapping[type, Callable[..., Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
}


def parsed(size: object, name: str) -> Size:
    """The size that a user gave, an integer or text; raises InvalidType or InvalidValue, with `name`, if it is none."""
    given: Any = _of_text(size, name) if isinstance(size, str) else size
    if isinstance(given, bool) or not (hasattr(given, "__index__") or is_symbolic(given)):
        raise InvalidType(f'{name} is {size!r}: a size is an integer, the name of one as in "n", or as "2*n"')
    try:
        found: Size = normal(given)
    except TypeError:  # of an array
        raise InvalidType(f"{name} is {size!r}: a size is one integer, a shape a tuple of them") from None
    if not is_symbolic(found):
        if found < 0:
            raise InvalidValue(f"{name} is {found}: a size is an integer from 0 on")
        return found
    if not (found.is_polynomial() and _is_integer(found)):
        raise InvalidValue(f"{name} is {found}: a size is a polynomial in symbols, with integer coefficients")
    if not _never_negative(found):
        raise InvalidValue(f"{name} is {found}, which may be negative: each symbol stands for a size of 2 or more")
    return found


def _of_text(text: str, name: str) -> Size:
    try:
        return _value(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, KeyError):
        raise InvalidValue(f'{name} is {text!r}: write the name of a size, "n", or a polynomial, "2*n + 1"') from None


def _value(node: ast.expr) -> Size:
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


def _coefficients(polynomial: Expr) -> list[Expr]:
    return list(polynomial.expand().as_coefficients_dict().values())


def _never_negative(polynomial: Expr) -> bool:
    """Whether this is certain: in terms of how far each symbol is above its least value, no coefficient is negative."""
    above = polynomial.subs({symbol: symbol + SMALLEST for symbol in polynomial.free_symbols}, simultaneous=True)
    return all(coefficient >= 0 for coefficient in _coefficients(above))


def order(a: SizeLike, b: SizeLike) -> int:
    """-1, 0 or 1, if `a` is never above `b`, equal, or never below; raises InvalidValue if that depends on sizes."""
    difference = normal(normal(a) - normal(b))
    if not is_symbolic(difference):
        return int(difference > 0) - int(difference < 0)
    for sign in (1, -1):
        if _never_negative(sign * difference):
            return sign
    raise _undecided(f"{a} is more than {b}")


def _undecided(what: str) -> InvalidValue:
    call, _, package, _ = user_call()
    if package == "numpy" and re.match(r"np\.(tri|eye|ones|full|identity)\(", call):
        return InvalidValue(f"{call} makes a plain array, which needs a number: give it like=x, x an array of oc.spec")
    return InvalidValue(
        f"whether {what} depends on the sizes, each of which may be any from {SMALLEST} on: "
        f"use numbers for them, or name what is left, as n of a size n + {SMALLEST}"
    )


def is_at_most(a: SizeLike, b: SizeLike) -> bool:
    """Whether `a <= b` for all sizes."""
    try:
        return order(a, b) <= 0
    except InvalidValue:
        return False


def are_in_order(*sizes: SizeLike) -> bool:
    """Whether each of these is at most the next one, for all sizes."""
    return all(itertools.starmap(is_at_most, itertools.pairwise(sizes)))


def smaller(a: Size, b: Size) -> Size:
    """The one of two sizes that is never above the other; raises InvalidValue if that depends on the sizes."""
    return b if order(a, b) > 0 else a


def larger(a: Size, b: Size) -> Size:
    """The one of two sizes that is never below the other; raises InvalidValue if that depends on the sizes."""
    return a if order(a, b) > 0 else b


def positive_part(size: Size) -> Size:
    """`max(size, 0)`; raises InvalidValue if it depends on the sizes which it is."""
    return max(size, 0) if type(size) is int else larger(size, 0)


def is_long(size: Size) -> bool:
    """Whether a size is more than 1."""
    return bool(size > 1) if type(size) is int else order(size, SMALLEST) >= 0


def ratio(size: Size, divisor: int) -> Size:
    """A count divided by an integer that divides it; a polynomial may get fractional coefficients."""
    return (normal(size) / divisor).expand() if is_symbolic(size) else size // divisor


def quotient(size: SizeLike, divisor: SizeLike) -> Size | None:
    """How many times `divisor` goes into `size`; None if it does not divide it exactly."""
    size, divisor = normal(size), normal(divisor)
    if not (is_symbolic(size) or is_symbolic(divisor)):
        return None if not divisor or size % divisor else size // divisor
    whole, rest = _divided(size, divisor) if divisor else (0, 1)
    exact = rest == 0 and all(coefficient.is_Integer for coefficient in _coefficients(whole))
    return normal(whole) if exact else None


def _divided(size: Size, divisor: Size) -> tuple[Expr, Expr]:
    """The quotient and the remainder of two polynomials, in all the symbols of both."""
    sympify = _sympy().sympify
    symbols = sympify(size).free_symbols | sympify(divisor).free_symbols
    whole, rest = _sympy().div(size, divisor, *sorted(symbols, key=str))
    return whole, rest


def floor_quotient(size: SizeLike, divisor: SizeLike) -> Size | None:
    """`size // divisor`; None if that is not one polynomial for all sizes.

    `(2*h + 1) // 2` is h, and `n*(n + 1) // 2` is n**2/2 + n/2, since n or n + 1 is even; `n // 2` is no polynomial.
    """
    size, divisor = normal(size), normal(divisor)
    if not (is_symbolic(size) or is_symbolic(divisor)):
        return size // divisor
    if order(divisor, 0) < 0:
        size, divisor = -size, -divisor
    if is_symbolic(divisor):
        whole, rest = _divided(size, divisor)
        below = rest if is_symbolic(rest) else int(rest) if rest.is_Integer else None
        if below is None or not _is_integer(whole):
            return None
        for less in (0, 1):
            if are_in_order(0, below + less * divisor, divisor - 1):
                return normal(whole - less)
        return None
    exact = (size / _sympy().Integer(divisor)).expand()
    constant = exact.subs(dict.fromkeys(exact.free_symbols, 0))
    return normal(exact - constant + constant.p // constant.q) if _is_integer(exact - constant) else None


def _is_integer(polynomial: Expr) -> bool:
    """Whether a polynomial is an integer at all integers, which it is if it is one on a large enough grid."""
    if all(coefficient.is_Integer for coefficient in _coefficients(polynomial)):
        return True
    symbols = sorted(polynomial.free_symbols, key=str)  # along each the grid has one point more than the degree
    degrees = [range(int(_sympy().degree(polynomial, symbol)) + 1) for symbol in symbols]
    return all(
        polynomial.subs(dict(zip(symbols, point, strict=True))).is_Integer for point in itertools.product(*degrees)
    )


def product(sizes: Iterable[Size]) -> Size:
    """How many elements an array of these sizes has."""
    return normal(math.prod(sizes))


def at(size: SizeLike, values: Mapping[str, int]) -> int:
    """The value of a size, given those of its symbols by name; raises InvalidValue if a symbol has none."""
    size = normal(size)
    if not is_symbolic(size):
        return int(size)
    found = size.subs({symbol: values[symbol.name] for symbol in size.free_symbols if symbol.name in values})
    if not found.is_Integer:
        left = ", ".join(sorted(symbol.name for symbol in found.free_symbols))
        raise InvalidValue(f"{left} of {size} has no value: give one for each of its sizes, as in at(n=5)")
    return int(found)


def checked(value: SupportsIndex, name: str) -> int:
    """The value of a symbol; raises InvalidType if it is no integer, InvalidValue if it is less than 2."""
    try:
        number = operator.index(value)
    except TypeError:
        raise InvalidType(f"at: {name} must be an integer, not {value!r}") from None
    if number < SMALLEST:
        raise InvalidValue(f"at: {name} is {number}, and the counts hold for sizes from {SMALLEST} on")
    return number


def symbols(size: object) -> set[str]:
    """The names of the symbols in a size."""
    return {symbol.name for symbol in size.free_symbols} if is_symbolic(size) else set()


def shown(number: object) -> str:
    """A number or a polynomial for people, integers with separators."""
    return f"{number:,}" if isinstance(number, int) else str(number)
