"""NumPy's own Python on wrapped values: the code that NumPy runs, with other globals.

NumPy's Python code executes the right operations in the right order on wrapped values too, if its `asarray` keeps
what is wrapped. So `on_wrapped` gives each global that the code reads a stand-in. Ufuncs, and functions that
dispatch, come back to opcount by themselves; a private helper is treated as the function is.

A global that nobody has checked might make a wrapped value plain, and a broad `except` would take the error that
says so for an answer. Code with either is found when the function is made, and each call of it is refused.
"""

from __future__ import annotations

import builtins
import collections
import dis
import itertools
import operator
from collections.abc import Callable, Hashable, Iterator, Mapping
from types import CodeType, FunctionType, ModuleType, SimpleNamespace
from typing import Any, Final

import numpy as np

from opcount.functions.op_counts import NO_COUNT, NoRule
from opcount.functions.rows import AS_EXECUTED, Differentiated, Executed, Function, function_named
from opcount.wrapping.operands import unwrapped
from opcount.wrapping.spec import Spec
from opcount.wrapping.stand_ins import EXACT, Way
from opcount.wrapping.wrapped import Wrapped, is_wrapped_array

# --- what stands in for a global


def as_array(x: Any, dtype: Any = None, *, copy: Any = None) -> Any:
    """A value as an array: an array as it is, a list or an object array joined, a number with no dimensions."""
    if is_wrapped_array(x):
        found = x
    elif isinstance(x, (list, tuple)):
        found = np.stack([as_array(item) for item in x]) if x else np.asarray(x)
    elif isinstance(x, np.ndarray) and type(x) is not np.ndarray:  # of numbers that are differentiated
        found = x
    else:
        items = x.flat if isinstance(x, np.ndarray) and x.dtype == object else (x,)
        wrapped = next((item for item in items if isinstance(item, Wrapped)), None)
        found = np.asarray(x) if wrapped is None else np.asarray(x, like=wrapped)  # type: ignore[call-overload]
    if copy or dtype is not None:
        found = found.astype(found.dtype if dtype is None else dtype, copy=bool(copy))
    return found


def any_true(mask: object) -> bool:
    """Whether some elements of a mask are true; for specs, none are.

    NumPy asks this only where true ones lead to an error, a warning, or another way with equal counts.
    """
    return not isinstance(unwrapped(mask), Spec) and bool(np.any(np.asarray(mask)))


def truths(mask: object) -> Any:
    """A mask as plain truth values, since what NumPy does with it is control flow."""
    return mask if isinstance(unwrapped(mask), Spec) else np.asarray(mask)


STAND_INS: Final[Mapping[Any, Any]] = {
    np.array: as_array, np.asarray: as_array, np.asanyarray: as_array,
    np.poly1d: (),  # of which nothing is an instance
}  # fmt: skip

_HARMLESS: Final = frozenset({
    operator, collections, builtins, np.ndarray, np.dtype, np.arange, np.zeros, np.ones, np.isscalar, np.issubdtype,
    np.iinfo, np.lib.array_utils.normalize_axis_index, np.lib.array_utils.normalize_axis_tuple,
})  # fmt: skip
"""Globals that are given no wrapped value, or handle it correctly."""

_SAFE: Final = (np.ufunc, type(np.sum), bool, int, float, str, type(None), type(np._NoValue))
"""The classes of ufuncs and of functions that dispatch; and of constants."""

_BUILTINS: Final = vars(builtins)
"""Python's own functions ask a wrapped value itself, as `float(x)` does, and what leaves there is guarded."""

_ABSENT: Final = object()


# --- the code with its stand-ins


class NoStandIn(Exception):
    """The code reads a global, or handles errors in a way, whose effect on wrapped values is not known."""


def on_wrapped(function: Callable[..., Any], instead: Mapping[Any, Any] | None = None) -> Callable[..., Any]:
    """A NumPy function written in Python, made fit for wrapped values; `instead` has stand-ins for it alone."""
    try:
        return rehomed(function, {**STAND_INS, **(instead or {})})
    except NoStandIn as reason:
        why = f"NumPy {np.__version__} computes it in a way that opcount does not know ({reason}), so {NO_COUNT}"

    def refused(*_: object, **__: object) -> Any:
        raise NoRule(why)

    return refused


def rehomed(function: Callable[..., Any], stand_ins: Mapping[Any, Any]) -> FunctionType:
    """The code of a function with stand-ins for its globals; raises NoStandIn if a global has none."""
    own = getattr(function, "_implementation", function)
    scope: dict[str, Any] = {}
    again = FunctionType(own.__code__, scope, own.__name__, own.__defaults__, own.__closure__)
    again.__kwdefaults__ = own.__kwdefaults__
    known = {**stand_ins, function: again}
    for name, attribute in _reads(own.__code__):
        value = own.__globals__.get(name, _BUILTINS.get(name, _ABSENT))
        if isinstance(value, ModuleType) and value.__name__.startswith("numpy"):
            found = _stand_in(attribute or name, getattr(value, attribute, _ABSENT), known)
            setattr(scope.setdefault(name, SimpleNamespace()), attribute, found)
        else:
            scope[name] = _stand_in(name, value, known)
    return again


def _stand_in(name: str, value: object, known: Mapping[Any, Any]) -> Any:
    if not isinstance(value, Hashable):
        raise NoStandIn(f"it uses {name}")
    if value in known:
        return known[value]
    if value is Exception or value is BaseException:
        raise NoStandIn("it handles any error")
    if _BUILTINS.get(name) is value or isinstance(value, _SAFE) or value in _HARMLESS:
        return value
    if isinstance(value, type) and issubclass(value, (np.generic, BaseException)):
        return value
    if isinstance(value, FunctionType) and value.__module__.startswith("numpy."):
        return rehomed(value, known)
    raise NoStandIn(f"it uses {name}")


def _reads(code: CodeType) -> Iterator[tuple[str, str]]:
    """The globals that code reads, functions inside it included, each with the attribute that is read from it."""
    for step, following in itertools.pairwise(dis.get_instructions(code)):
        if step.opname == "LOAD_GLOBAL":
            yield step.argval, following.argval if following.opname in ("LOAD_ATTR", "LOAD_METHOD") else ""
        elif step.opname in ("IMPORT_NAME", "LOAD_NAME"):
            raise NoStandIn("it looks for names elsewhere")
        elif step.opname == "PUSH_EXC_INFO" and following.opname not in ("LOAD_GLOBAL", "WITH_EXCEPT_START"):
            raise NoStandIn("it handles any error")
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _reads(part)


# --- rows


def own(
    name: str,
    shape: Way = EXACT,
    derivative: Differentiated = AS_EXECUTED,
    at_once: bool = False,
    instead: Mapping[Any, Any] | None = None,
    **named: Any,
) -> Function:
    """The row of a function whose own code is executed on wrapped values; tests compare drawn calls of it."""
    return Function(
        name, Executed(on_wrapped(function_named(name), instead), at_once, own=True), shape, derivative, **named
    )
