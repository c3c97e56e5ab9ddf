"""Nested lists, tuples, dicts and arrays of numbers, as one flat list and back."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import islice, takewhile
from numbers import Real
from types import FunctionType
from typing import Any, Final

import numpy as np

from opcount.counting.errors import InvalidType, InvalidValue
from opcount.counting.symbolic import Sizes

NUMERIC: Final = "biufc"
"""The kinds of dtype that an array of numbers, or of truth values, can have."""


def flatten(x: Any, whole: bool = False) -> list[Any]:
    """The numbers of `x`, in the order in which a reader meets them.

    >>> flatten({"w": [1, 2], "b": 3})
    [1, 2, 3]

    What is neither a list, a tuple, a dict nor an array is a leaf; `whole` makes a leaf of
    an array of numbers too. The elements of an array are NumPy's, since they compare and divide
    otherwise than Python's numbers do.
    """
    found: list[Any] = []
    try:
        _collect(x, found, whole)
    except RecursionError:
        raise InvalidValue("x contains itself, or is nested too deeply: give a list of its numbers") from None
    return found


def _is_opened(x: Any, whole: bool) -> bool:
    return isinstance(x, np.ndarray) and (not whole or x.dtype.char == "O")


def _collect(x: Any, found: list[Any], whole: bool) -> None:
    if _is_opened(x, whole):
        found += x.ravel().tolist() if x.dtype == object else list(x.ravel())
    elif isinstance(x, (list, tuple, dict)):
        for item in x.values() if isinstance(x, dict) else x:
            if type(item) is float:
                found.append(item)
            else:
                _collect(item, found, whole)
    else:
        found.append(x)


def leaf_name(x: Any, place: int, name: str = "x", whole: bool = False) -> str:
    """The expression that reaches the leaf at that place of the flat list, for messages.

    >>> leaf_name({"w": [1, 2], "b": 3}, 1)
    "x['w'][1]"
    """
    return next(islice(_names(x, name, whole), place, None))


def _names(x: Any, name: str, whole: bool) -> Iterator[str]:
    if isinstance(x, dict):
        for key, item in x.items():
            yield from _names(item, f"{name}[{key!r}]", whole)
    elif isinstance(x, (list, tuple)):
        for index, item in enumerate(x):
            yield from _names(item, f"{name}[{index}]", whole)
    elif _is_opened(x, whole):
        for place in np.ndindex(x.shape):
            yield f"{name}[{', '.join(map(str, place)) or '()'}]"
    else:
        yield name


def rebuild(x: Any, numbers: Iterator[Any], array: Callable[[np.ndarray, list[Any]], Any], whole: bool = False) -> Any:
    """`x` with its numbers replaced, in order; `array(template, items)` makes each array that was opened anew."""
    if type(x) is np.ndarray and whole and x.dtype.char != "O":
        return next(numbers)
    if isinstance(x, dict):
        return {key: rebuild(item, numbers, array, whole) for key, item in x.items()}
    if isinstance(x, (list, tuple)):
        items = [next(numbers) if type(item) is float else rebuild(item, numbers, array, whole) for item in x]
        if isinstance(x, list):
            return items
        return type(x)(*items) if hasattr(x, "_fields") else tuple(items)
    if _is_opened(x, whole):
        return array(x, [next(numbers) for _ in range(x.size)])
    return next(numbers)


def object_array(template: np.ndarray, items: list[Any]) -> np.ndarray:
    """An object array in the shape of `template`, whose items stand in memory as those do."""
    flat = np.empty(template.size, dtype=object)
    flat[:] = items
    result: np.ndarray = flat.reshape(template.shape)
    if not isinstance(template, np.ndarray) or template.flags.c_contiguous:
        return result
    ordered: np.ndarray = np.empty_like(template, dtype=object, subok=False)
    ordered[...] = result
    return ordered


def plain_array(template: np.ndarray, items: list[Any]) -> np.ndarray:
    """An array in the shape of `template`, of the dtype that its plain items ask for."""
    return np.array(items, dtype=None if items else template.dtype).reshape(template.shape)


def shape_of(value: Any) -> tuple[Any, ...]:
    """The shape of an array or number, plain or wrapped: what np.shape gives, without asking NumPy to find out how.

    Sizes with names are SymPy's expressions in it, which are the same where they are written the same.
    """
    try:
        shape: tuple[Any, ...] = value.shape
    except AttributeError:
        return np.shape(value)
    return shape.written if type(shape) is Sizes else shape


def owner_of(array: Any) -> Any:
    """What owns the memory of an array: two that have the same may share it."""
    while getattr(array, "base", None) is not None:  # also of what is no array, as a window has one
        array = array.base
    return array


def is_number(value: object) -> bool:
    """Whether opcount wraps it: a real number of any type; truth values are none."""
    return isinstance(value, (Real, Decimal)) and not isinstance(value, (bool, np.timedelta64))


def check_number(number: Any, name: Callable[[], str], verb: str = "pass") -> None:
    """Raise InvalidType, with the name and what to pass or return instead, for what is no real number."""
    if is_number(number):
        return
    if isinstance(number, (complex, np.complexfloating)):
        advice = f"complex numbers are not counted; {verb} the real and the imaginary part"
    elif isinstance(number, (bool, np.bool_)):
        advice = f"a truth value is no number to count or to differentiate; {verb} 0.0 or 1.0"
    else:
        made = f"make a plain array of it, {way}, or " if (way := way_out(number)) else ""
        advice = f"{made}{verb} a real number, an array of them, or nested lists, tuples and dicts of these"
    raise InvalidType(f"{name()} is {_describe(number)}: {advice}")


def check_function(f: Any) -> None:
    """Raise InvalidType for an f that cannot be called."""
    if not callable(f):
        raise InvalidType(f"f must be a function, not {_describe(f)}")


def of_one_argument(f: Any, x: Any) -> Callable[[Any], Any]:
    """f as a function of x alone: one that needs several arguments is given the items of a tuple.

    Raises InvalidType for an f that cannot be called, or not with one argument nor with so many.
    """
    check_function(f)
    if type(f) is FunctionType and f.__code__.co_argcount == 1:  # as most have
        return f
    if isinstance(f, np.ufunc) and isinstance(x, tuple) and len(x) == f.nin > 1:
        return lambda items: f(*items)
    try:
        signature = inspect.signature(f)
    except (TypeError, ValueError):  # some of those written in C do not say
        return f  # type: ignore[no-any-return]
    if _fits(signature, (x,)):
        return f  # type: ignore[no-any-return]
    if isinstance(x, tuple) and _fits(signature, x):
        return lambda items: f(*items)
    needed = len([name for name, parameter in signature.parameters.items() if parameter.default is parameter.empty])
    if not needed:
        return f  # type: ignore[no-any-return]  # Python says what is wrong
    given = f"{called(x)}{f' of {len(x)}' if isinstance(x, OPENED) else ''}"
    raise InvalidType(
        f"f takes the arguments {signature}, and x is {given}: give a tuple of {needed}, one for each, or write f as a "
        "function of one argument, lambda x: f(...)"
    )


def _fits(signature: inspect.Signature, arguments: tuple[Any, ...]) -> bool:
    try:
        signature.bind(*arguments)
    except TypeError:
        return False
    return True


def check_executed(result: Any) -> None:
    """Raise InvalidType for a result that has executed nothing yet: a coroutine, a generator, an iterator."""
    if isinstance(result, (Awaitable, Iterator, AsyncIterator)):
        raise InvalidType(
            f"f returned {called(result)}, and has executed nothing of it yet: return what it gives, as "
            "asyncio.run(f(x)) for a coroutine, list(...) for a generator"
        )


def called(value: Any) -> str:
    """What kind of thing it is, with its article."""
    name = type(value).__name__
    return f"{'an' if name[0] in 'AEIOaeiou' else 'a'} {name}"


def class_name(value: Any) -> str:
    """The name of an object's class, with the module that it is from."""
    kind = type(value)
    return (
        kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__qualname__}"
    )


def way_out(value: Any) -> str:
    """How to make a plain array of another library's object, empty where it is not known how."""
    if isinstance(value, np.generic):
        return ""
    for name in ("toarray", "to_numpy", "filled", "compute"):
        if hasattr(type(value), name):
            return f"o.{name}()"
    return "np.asarray(o)" if hasattr(type(value), "__array__") else ""


def _describe(value: Any) -> str:
    if way_out(value):  # it may be large, and does not say what it is
        return f"a {class_name(value)}"
    text = repr(value)
    return f"{text if len(text) <= 40 else text[:37] + '...'} ({type(value).__name__})"


def _is_asked(kind: type) -> bool:
    """Whether NumPy or Python would ask an object of the class what an operation with it gives, or what is in it.

    Of a subclass of Python's own classes, whether it answers otherwise than they do.
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


def is_own_kind(number: Any) -> bool:
    """Whether it is of a subclass of Python's numbers or text that answers otherwise than they do."""
    kind = type(number)
    return isinstance(number, BUILT_IN) and not isinstance(number, np.generic) and has_operations(kind)
