"""`counted`: a function that counts behind a caller who knows plain values alone, such as a solver."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, update_wrapper
from types import MethodType
from typing import Any, Final, NoReturn, TypeVar, cast

import numpy as np

from opcount.arrays.array import Array
from opcount.arrays.scalar import Scalar
from opcount.arrays.wrap import unwrap
from opcount.counting.errors import InvalidType
from opcount.counting.meters import refuse
from opcount.wrapping.classes import described, is_number
from opcount.wrapping.inputs import check_executed, check_number, checked_array, is_node
from opcount.wrapping.trees import flatten, leaf_name, object_array, rebuild
from opcount.wrapping.wrapped import Wrapped

_Function = TypeVar("_Function", bound=Callable[..., Any])


def counted(f: _Function) -> _Function:
    """The function f for a caller who knows plain values alone: called on wrapped arguments, with a plain result.

    >>> import numpy as np, opcount as oc
    >>> from scipy import optimize
    >>> def f(x):
    ...     return np.sum((x - 3) ** 2)
    >>> with oc.count() as tally:
    ...     found = optimize.minimize(oc.counted(f), np.zeros(2))
    >>> tally.counts == found.nfev * oc.measure(f, np.zeros(2)).counts, found.nfev
    (True, 12)

    Whoever is counting when f is called counts what f executes. What the caller executes around it, as a solver does,
    is not counted. Numbers, arrays and those in nested lists, tuples and dicts are wrapped; an array shares its memory
    with the caller's, so that f can write into it. Text, truth values, functions and other objects are passed on as
    they are. It is a decorator too, of methods as well.

    If an argument is wrapped already, as in a call from a function that counts, the result stays as f returned it, so
    that the caller goes on counting, or differentiating: hand a solver plain values alone, `args=(a,)`. In a thread
    that nobody counts, while a count is open in another, an operation raises Uncounted; `oc.propagate(oc.counted(f))`
    counts there. Raises InvalidType if f is not a function, if an argument holds numbers that cannot be wrapped, as a
    pandas Series does, and if f returns a coroutine or an iterator. Raises Uncounted if the plain result would depend
    on what is being differentiated, and if the function is pickled, as for another process, which has counts of its
    own.
    """
    if not callable(f):
        raise InvalidType(f"counted: f must be a function, not {described(f)}")
    return cast(_Function, _Counted(f))


class _Counted:
    """A function that is called on wrapped arguments, and gives plain results."""

    def __init__(self, f: Callable[..., Any]) -> None:
        update_wrapper(self, f)
        self._f = f

    def __call__(self, *args: object, **keywords: object) -> Any:
        values = [*args, *keywords.values()]
        names = [*(f"args[{index}]" for index in range(len(args))), *keywords]
        given = list(map(_wrapped, values, names))
        result = self._f(*given[: len(args)], **dict(zip(keywords, given[len(args) :], strict=True)))
        check_executed(result)
        if any(isinstance(leaf, Wrapped) for leaf in flatten(values)):
            return result
        if any(map(is_node, flatten(result))):
            refuse(_CONSTANT)
        return unwrap(result)

    def __get__(self, instance: object, owner: type | None = None) -> Callable[..., Any]:
        return self if instance is None else MethodType(self, instance)

    def __copy__(self) -> _Counted:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> _Counted:
        return self

    def __reduce__(self) -> NoReturn:
        refuse(
            "a function of oc.counted cannot be sent to another process, which has counts of its own: call oc.measure "
            "there, send its counts back, and add them here with oc.record; or use threads, with "
            "oc.propagate(oc.counted(f))"
        )


_CONSTANT: Final = (
    "the plain result of oc.counted would depend on what is being differentiated, and be a constant: pass what it "
    "depends on as an argument, call f itself, or take the plain values inside f with oc.unwrap(x)"
)


def _wrapped(value: Any, name: str) -> Any:
    """An argument with its numbers and arrays wrapped; the argument itself if there are none."""
    leaves = flatten(value, arrays_as_leaves=True)
    given = [
        _wrapped_leaf(leaf, partial(leaf_name, value, index, name, arrays_as_leaves=True))
        for index, leaf in enumerate(leaves)
    ]
    if all(new is old for new, old in zip(given, leaves, strict=True)):
        return value
    return rebuild(value, iter(given), object_array, arrays_as_leaves=True)


def _wrapped_leaf(leaf: Any, name: Callable[[], str]) -> Any:
    if isinstance(leaf, np.ndarray):
        return leaf if leaf.dtype.kind in "SUT" else Array(checked_array(leaf, name))
    if isinstance(leaf, (complex, np.complexfloating)):
        return Array(leaf if isinstance(leaf, np.complexfloating) else np.complex128(leaf))
    if is_number(leaf):
        return Scalar(leaf)
    if not isinstance(leaf, (Wrapped, bool, str, bytes, np.bool_, type)) and hasattr(type(leaf), "__array__"):
        check_number(leaf, name)  # it holds numbers, of which nobody would count what it executes
    return leaf
