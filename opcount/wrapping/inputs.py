"""The checks of arguments: of the function, of x, of what the function returned, and of the options.

A wrong argument is refused here, before anything is executed, with a message that names it and says what to give
instead. Nothing is wrapped here: callers get plain numbers and arrays, and wrap them.
"""

from __future__ import annotations

import inspect
import math
import operator
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from types import FunctionType
from typing import Any, Final, NamedTuple, SupportsIndex

import numpy as np
from numpy.typing import DTypeLike

from opcount.counting.budgets import BudgetLike, checked_limits
from opcount.counting.errors import InvalidType, InvalidValue
from opcount.counting.names import instead
from opcount.wrapping.classes import NUMERIC, OPENED, called, class_name, described, is_number, way_out
from opcount.wrapping.spec import Spec
from opcount.wrapping.trees import flatten, leaf_name, object_array, rebuild, shape_of
from opcount.wrapping.wrapped import ARRAYS, Number, Wrapped, is_wrapped_array

# --- numbers and arrays


def check_number(number: object, name: Callable[[], str], verb: str = "pass") -> None:
    """Raise InvalidType, with the name and what to pass or return instead, unless `number` is a real number."""
    if is_number(number):
        return
    if isinstance(number, (complex, np.complexfloating)):
        advice = f"complex numbers are not counted; {verb} the real and the imaginary part"
    elif isinstance(number, (bool, np.bool_)):
        advice = f"a truth value is no number to count or to differentiate; {verb} 0.0 or 1.0"
    else:
        made = f"make a plain array of it, {way}, or " if (way := way_out(number)) else ""
        advice = f"{made}{verb} a real number, an array of them, or nested lists, tuples and dicts of these"
    raise InvalidType(f"{name()} is {described(number)}: {advice}")


def checked_array(array: np.ndarray, name: Callable[[], str]) -> np.ndarray:
    """The array as a plain ndarray; raises InvalidType if it is not of numbers."""
    if type(array) not in ARRAYS:
        raise InvalidType(
            f"{name()} is a {class_name(array)}, which computes by rules of its own: use {way_out(array)} first"
        )
    if array.dtype.kind not in NUMERIC:
        raise InvalidType(f"{name()} is an array of {array.dtype}: wrap an array of numbers")
    return np.asarray(array)


def dtype_of_numbers(dtype: DTypeLike | None) -> np.dtype[Any]:
    """The dtype as a np.dtype; raises InvalidType if it is not a dtype of numbers or truth values."""
    try:
        found: np.dtype[Any] = np.dtype(dtype)
    except TypeError:
        raise InvalidType(f"dtype is {dtype!r}: use one of NumPy's for numbers, as float or np.int64") from None
    if found.kind not in NUMERIC or dtype is None:
        raise InvalidType(f"dtype is {dtype!r}: an Array holds numbers or truth values, as float or np.int64")
    return found


# --- f, and what it returned


def check_function(f: object) -> None:
    """Raise InvalidType if f cannot be called."""
    if not callable(f):
        raise InvalidType(f"f must be a function, not {described(f)}")


def of_one_argument(f: Any, x: object) -> Callable[[Any], Any]:
    """f as a function of x alone: a function that needs several arguments is given the items of a tuple.

    Raises InvalidType if f cannot be called, either with one argument or with the items of x.
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


def check_executed(result: object) -> None:
    """Raise InvalidType for a result that has executed nothing yet: a coroutine, a generator, an iterator."""
    if isinstance(result, (Awaitable, Iterator, AsyncIterator)):
        raise InvalidType(
            f"f returned {called(result)}, and has executed nothing of it yet: return what it gives, as "
            "asyncio.run(f(x)) for a coroutine, list(...) for a generator"
        )


def checked_outputs(result: object) -> list[Any]:
    """The leaves of what f returned; raises InvalidType if one of them is not a number."""
    if isinstance(result, Wrapped):
        return [result]
    outputs = []
    for index, output in enumerate(flatten(result)):
        if output is None:
            raise InvalidType(
                f"{leaf_name(result, index, 'f(x)')} is None: f must return the number to differentiate; "
                "is a `return` missing?"
            )
        if not isinstance(output, Wrapped):
            check_number(output, partial(leaf_name, result, index, "f(x)"), "return")
        outputs.append(output)
    return outputs


def one_output(result: Any) -> Any:
    """The one number that f returned; raises InvalidType if it returned something else, or several."""
    if isinstance(result, Number):
        return result
    outputs = checked_outputs(result)
    several = isinstance(result, (list, tuple, dict))
    if several or shape_of(result):
        size = len(outputs) if several or isinstance(result, np.ndarray) else np.size(result)
        what = "an Array" if is_wrapped_array(result) else called(result)
        raise InvalidType(
            f"f returned {size} value{'s' * (size != 1)} in {what}, and a gradient is that of one number: return one "
            "of them, or their sum; the derivatives of several at once are a Jacobian: oc.jacobian(f, x)"
        )
    return outputs[0]


# --- x


GRANULARITIES: Final = ("array", "scalar")

_OVER: Final = "is a value from another evaluation, which is over: a function must not keep its values for later"
_NO_NUMBERS_TO_OPEN: Final = 'x holds an oc.spec, which has no numbers to open it into: use granularity="array"'


class Inputs(NamedTuple):
    """x and its leaves, in flattened order: arrays are leaves if they are nodes, else they are opened."""

    x: Any
    leaves: list[Any]
    arrays_as_nodes: bool


def checked_inputs(x: Any, granularity: str, no_specs: str = _NO_NUMBERS_TO_OPEN, name: str = "x") -> Inputs:
    """x with its leaves as they enter a graph, plain or wrapped as they were given.

    Raises InvalidType for a leaf that is neither a real number nor an array of real numbers, and, if arrays are
    opened, for a spec, with the message `no_specs`; InvalidValue for an x without numbers or an unknown granularity.
    Messages call x by its `name`.
    """
    if granularity not in GRANULARITIES:
        raise InvalidValue(
            f"there is no granularity {granularity!r}; {instead([granularity], GRANULARITIES, 'the granularities')}"
        )
    arrays_as_nodes = granularity == "array"
    x, given = (x, flatten(x, True)) if arrays_as_nodes else _opened(x, no_specs)
    leaves: list[Any] = []
    for index, leaf in enumerate(given):
        if type(leaf) is float or type(leaf) is np.float64:  # as most are where numbers are nodes
            pass
        elif type(leaf) is np.ndarray and leaf.dtype.kind == "f":  # as most are where arrays are
            leaf = _read_only(leaf)
        else:
            leaf = _checked_leaf(leaf, partial(leaf_name, x, index, name, arrays_as_nodes), arrays_as_nodes)
        leaves.append(leaf)
    if not any(getattr(leaf, "size", 1) for leaf in leaves):
        raise InvalidValue(f"{name} holds no numbers: {x!r}; give at least one to differentiate with respect to")
    return Inputs(x, leaves, arrays_as_nodes)


def _opened(x: object, no_specs: str) -> tuple[Any, list[Any]]:
    """`x` with plain arrays for wrapped ones, and its numbers; wrapped numbers stay as they are, and so do nodes."""
    leaves = flatten(x, arrays_as_leaves=True)
    plain = [leaf._plain() if is_wrapped_array(leaf) else leaf for leaf in leaves]
    if any(type(leaf) is Spec for leaf in plain):
        raise InvalidType(no_specs)
    x = rebuild(x, iter(plain), object_array, arrays_as_leaves=True)
    if not any(is_wrapped_array(leaf) and is_node(leaf) for leaf in leaves):
        return x, flatten(x)
    numbers = [
        list(leaf._opened().flat) if is_node(leaf) and is_wrapped_array(leaf) else flatten(array)
        for leaf, array in zip(leaves, plain, strict=True)
    ]
    return x, [number for found in numbers for number in found]


def _checked_leaf(leaf: Any, name: Callable[[], str], arrays_as_nodes: bool) -> Any:
    if is_node(leaf):  # of the evaluation in which this one runs
        if not leaf.tape.is_open:
            raise InvalidType(f"{name()} {_OVER}")
        return leaf
    if arrays_as_nodes and (isinstance(leaf, np.ndarray) or is_wrapped_array(leaf)):
        return _checked_input_array(leaf, name)
    if not isinstance(leaf, Number):
        check_number(leaf, name)
    # derivatives of small or unsigned integers would wrap around
    return np.int64(leaf) if isinstance(leaf, np.integer) else leaf


def _checked_input_array(leaf: Any, name: Callable[[], str]) -> Any:
    """An array or a spec; the numbers of an array are not copied, and never written into."""
    array = leaf._plain() if isinstance(leaf, Wrapped) else checked_array(leaf, name)
    if array.dtype.kind in "bc":
        kind = "truth values" if array.dtype.kind == "b" else "complex numbers"
        raise InvalidType(f"{name()} is an array of {kind}: derivatives are with respect to real numbers")
    if array.dtype.kind != "f":  # derivatives of small or unsigned integers would wrap around
        return array.astype(np.int64)
    return _read_only(array) if type(array) is np.ndarray else array


def _read_only(array: np.ndarray) -> np.ndarray:
    array = array.view()
    array.flags.writeable = False  # whoever unwraps it gets the caller's own numbers
    return array


def is_node(leaf: object) -> bool:
    """Whether a leaf is a value of an evaluation that is being recorded: such a value is on a tape."""
    return isinstance(leaf, Wrapped) and hasattr(leaf, "tape")


# --- options


def checked_integer(name: str, value: Any, least: int | None = None, what: str = "") -> int:
    """The value as an int; raises InvalidType if it is not an integer, and InvalidValue if it is below `least`."""
    try:
        found = operator.index(value)
    except TypeError:
        raise InvalidType(f"{name} must be an integer{what}, not {value!r}") from None
    if least is not None and found < least:
        raise InvalidValue(f"{name} must not be negative: {value!r}")
    return found


def checked_budget(budget: BudgetLike | float | None) -> dict[str, int]:
    """The limits of a budget; none if it is infinite, or there is no budget."""
    return {} if budget is None or budget == math.inf else checked_limits(budget)  # type: ignore[arg-type]


def checked_step(step: Any) -> Any:
    """The step of finite differences, None for the default; raises InvalidType or InvalidValue if it cannot be one."""
    if step is None:
        return None
    check_number(step, lambda: "step")
    if not step > 0:
        raise InvalidValue(f"step must be positive, not {step!r}")
    return step


def checked_memo(memo: SupportsIndex) -> int:
    """How many derivatives a bounded memo keeps; raises InvalidType or InvalidValue if it cannot be a size."""
    return checked_integer("memo", memo, 0, ", the number of derivatives to keep")


def checked_snapshots(snapshots: SupportsIndex | None) -> int | None:
    """How many states to keep, None for the default; raises InvalidType or InvalidValue if it cannot be a number."""
    if snapshots is None:
        return None
    found = checked_integer("snapshots", snapshots, what=", the number of states to keep")
    if found < 1:
        raise InvalidValue(
            f"snapshots must be at least 1, not {snapshots!r}: the state that the first step begins with is one"
        )
    return found
