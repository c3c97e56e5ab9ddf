"""Which of NumPy's functions have a derivative on nodes, besides the operations of the table, and what is refused.

`array_operations`, `writing` and `user_primitives` enter them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import numpy as np

from opcount.counting.errors import Uncounted
from opcount.functions.op_counts import name_of
from opcount.functions.table import ROWS
from opcount.wrapping.foreign import plain


def no_derivative(name: str) -> str:
    if name in DIFFERENTIATED_OPENED:
        return f"{name} has no derivative here: {OPENED}, or write it with operations that have a derivative here too"
    return (
        f"{name} has no derivative here: write it with operations that have one, give it one with oc.primitive, or "
        "take it for a constant with oc.unwrap(x)"
    )


LIKE: Final[Mapping[Any, tuple[Any, tuple[str, ...]]]] = {
    np.zeros: (np.zeros_like, ("shape", "dtype", "order")),
    np.ones: (np.ones_like, ("shape", "dtype", "order")),
    np.empty: (np.empty_like, ("shape", "dtype", "order")),
    np.full: (np.full_like, ("shape", "fill_value", "dtype", "order")),
}
"""The functions that make an array `like=` another: which makes it in the class of that one, and their arguments."""


def made_like(function: Callable[..., Any], owner: object, args: Any, keywords: Any) -> Any:
    """What `np.zeros(shape, like=owner)` and its kin make: an array that what is differentiated can be written into.

    None for a function that makes none.
    """
    make, names = LIKE.get(function, (None, ()))
    given = dict(zip(names, args, strict=False)) | keywords
    if make is None:
        return None
    return make(owner, **({"dtype": np.asarray(plain(given.get("fill_value", 0.0))).dtype} | given))


def not_of_numbers(name: str, of_arrays: bool) -> str:
    """What is said of a function that NumPy does not execute on numbers one by one."""
    if not of_arrays:
        return no_derivative(name)
    return f'NumPy executes {name} on whole arrays alone: ask for granularity="array"'


@cache
def is_predicate(ufunc: np.ufunc) -> bool:
    """Whether a ufunc without an operator gives truth values, which are constant."""
    return bool(ufunc.types) and all(kinds.endswith("?") for kinds in ufunc.types)


class _Functions(dict[Any, Callable[..., Any]]):
    """NumPy's functions of nodes that hold arrays; what is not there has no derivative."""

    def __missing__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        raise Uncounted(no_derivative(name_of(function)))


FUNCTIONS: Final = _Functions()
NUMBER_FUNCTIONS: Final[dict[Any, Callable[..., Any]]] = {}
"""The functions that NumPy's loops for objects would execute otherwise, where arrays are opened into numbers."""
OPENED: Final = 'ask for granularity="scalar", which opens arrays into numbers and differentiates it'
DIFFERENTIATED_OPENED: Final = frozenset({name_of(function) for function, row in ROWS.items() if row.opened}) | {
    "np.fmax",
    "np.fmin",
}
"""Functions without a derivative for whole arrays, but with one where arrays are opened into numbers."""
USER_PRIMITIVES: Final[dict[Any, Callable[..., Any]]] = {}
"""The ufuncs to which users gave a derivative, with `oc.primitive`; it goes before that of the table."""
COMPLEX: Final = (
    "complex numbers have no derivative here: keep the real and the imaginary part as two arrays of real numbers"
)
