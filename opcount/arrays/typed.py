"""What operators and methods of `Scalar` and `Array` give, for type checkers.

Each decorator returns the function that it is given, and costs nothing at run time. A type checker sees several
signatures where the function itself says `Any`: a number and a number make a number; with an array they make an array.
In two cases the types are as imprecise as NumPy's own: an operation on an array without axes is said to give an array,
and a sum over all axes a number, although it is an Array if elements are complex, or for a spec. The results of NumPy's
functions are typed by NumPy, for which a wrapped array is like any other object that it can convert.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, overload

import numpy as np

from opcount.wrapping.shapes import Axis

if TYPE_CHECKING:
    from opcount.arrays.array import Array
    from opcount.arrays.scalar import Scalar

RealNumber: TypeAlias = float | Real | Decimal | np.integer[Any] | np.floating[Any]
"""A number that can be wrapped. A truth value, which checkers take for an integer, is refused at run time."""

Out: TypeAlias = "Array | np.ndarray[Any, Any] | None"
"""An array for the result of a NumPy function to be written into."""


class Arithmetic(Protocol):
    """An operator of a Scalar."""

    @overload
    def __call__(self, other: RealNumber | np.bool[Any] | Scalar, /) -> Scalar: ...
    @overload
    def __call__(self, other: np.ndarray[Any, Any] | Array, /) -> Array: ...
    @overload
    def __call__(self, other: object, /) -> Any: ...


class Comparison(Protocol):
    """A comparison of a Scalar, whose result is plain."""

    @overload
    def __call__(self, other: RealNumber | np.bool[Any] | Scalar, /) -> bool: ...
    @overload
    def __call__(self, other: np.ndarray[Any, Any] | Array, /) -> Array: ...
    @overload
    def __call__(self, other: object, /) -> Any: ...


class Reduction(Protocol):
    """A method of an Array that reduces elements along axes."""

    @overload
    def __call__(self, axis: None = None, *, keepdims: Literal[False] = False, **keywords: object) -> Scalar: ...
    @overload
    def __call__(self, axis: Axis = None, *arguments: object, **keywords: object) -> Any: ...


def arithmetic(f: Callable[..., Any]) -> Arithmetic:
    return f


def comparison(f: Callable[..., Any]) -> Comparison:
    return f


def reduction(f: Callable[..., Any]) -> Reduction:
    return f
