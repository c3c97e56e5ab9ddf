"""The classes of objects: which are numbers, which compute by rules of their own, and what messages call them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import takewhile
from numbers import Real
from typing import Final

import numpy as np

from opcount.counting.symbolic import Sizes

NUMERIC: Final = "biufc"
"""The kinds of dtype that an array of numbers, or of truth values, can have."""


def is_number(value: object) -> bool:
    """Whether a value is a number that opcount wraps: a real number of any type, but not a truth value."""
    return isinstance(value, (Real, Decimal)) and not isinstance(value, (bool, np.timedelta64))


def _is_asked(kind: type) -> bool:
    """Whether NumPy or Python would ask an object of this class for the result of an operation, or for its contents.

    A subclass of one of Python's own classes is asked if it overrides what answers.
    """
    own = takewhile(lambda base: base not in (object, *BUILT_IN, *OPENED), kind.__mro__)
    return kind is not Sizes and any(name in vars(base) for base in own for name in _ASKED)


OPENED: Final = (list, tuple, deque)  # whose items are looked at
BUILT_IN: Final = (int, float, complex, str, bytes, Fraction, Decimal)
has_operations: Final[Callable[[type], bool]] = cache(_is_asked)

_BINARY: Final = ("add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow", "matmul", "and", "or", "xor",
                  "lshift", "rshift")  # fmt: skip
_ASKED: Final = (
    *(f"__{side}{name}__" for name in _BINARY for side in ("", "r")),
    *("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__getitem__"),
    *("__array__", "__array_ufunc__", "__array_function__", "__array_interface__", "__array_struct__"),
    "__array_priority__",
)


def is_own_kind(number: object) -> bool:
    """Whether a number is of a subclass of Python's numbers or text that overrides their operations."""
    kind = type(number)
    return isinstance(number, BUILT_IN) and not isinstance(number, np.generic) and has_operations(kind)


def called(value: object) -> str:
    """The name of a value's class with an article, for messages."""
    name = type(value).__name__
    return f"{'an' if name[0] in 'AEIOaeiou' else 'a'} {name}"


def class_name(value: object) -> str:
    """The name of an object's class, with its module."""
    kind = type(value)
    return (
        kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__qualname__}"
    )


def way_out(value: object) -> str:
    """How to make a plain array of another library's object, as code; empty if it is not known."""
    if isinstance(value, np.generic):
        return ""
    for name in ("toarray", "to_numpy", "filled", "compute"):
        if hasattr(type(value), name):
            return f"o.{name}()"
    return "np.asarray(o)" if hasattr(type(value), "__array__") else ""


def described(value: object) -> str:
    """A value in a few words, with its class, for messages."""
    if way_out(value):  # it may be large, and does not say what it is
        return f"a {class_name(value)}"
    text = repr(value)
    return f"{text if len(text) <= 40 else text[:37] + '...'} ({type(value).__name__})"
