"""What a variable of a JAX program holds while it is counted: whether it depends on an argument, and its value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

import jax
import numpy as np

from opcount.counting.errors import InvalidValue
from opcount.counting.symbolic import Size, normal, parsed


class Shaped(NamedTuple):
    """The shape of an array, with sizes as opcount has them, integers or polynomials, and its dtype."""

    shape: tuple[Size, ...]
    dtype: Any

    @property
    def size(self) -> Size:
        return product(self.shape)

    @property
    def kind(self) -> str:
        """The character of the dtype: "b", "i", "u", "f" and "c" as NumPy's, "k" for the keys of random numbers."""
        return _kind(self.dtype)

    @property
    def is_truth(self) -> bool:
        return self.kind == "b"

    @property
    def is_discrete(self) -> bool:
        """Whether it holds integers or truth values, which may be places and masks."""
        return self.kind in "biu"


def product(sizes: Sequence[Size]) -> Size:
    found: Size = 1
    for size in sizes:
        found = found * size
    return normal(found)


@lru_cache
def _kind(dtype: Any) -> str:
    if jax.numpy.issubdtype(dtype, jax.dtypes.extended):
        return "k"
    if jax.numpy.issubdtype(dtype, np.floating):  # those of JAX's own too, as bfloat16
        return "f"
    for kind, character in ((np.complexfloating, "c"), (np.bool_, "b"), (np.unsignedinteger, "u"), (np.integer, "i")):
        if jax.numpy.issubdtype(dtype, kind):
            return character
    return str(np.dtype(dtype).kind)


@lru_cache(maxsize=4096)
def shaped(aval: Any) -> Shaped:
    """What is known of a variable before anything is executed, from its abstract value in a jaxpr."""
    return Shaped(tuple(map(size_of, getattr(aval, "shape", ()))), getattr(aval, "dtype", np.dtype(bool)))


def size_of(size: Any) -> Size:
    """A size of JAX's as an integer, or as a polynomial where it has a name."""
    if isinstance(size, (int, np.integer)):
        return int(size)
    text = str(size)
    try:
        return parsed(text.replace("^", "**"), "the size")
    except InvalidValue:
        raise InvalidValue(
            f"the size {text} of a JAX program is no polynomial in the names: give the size as a multiple, as in "
            'jax.export.symbolic_shape("2*b, n"), or as a number'
        ) from None


def shape_alone(shape: Sequence[Any], dtype: Any) -> Any:
    """What JAX has for an array of which nothing but the shape is known."""
    struct: Any = jax.ShapeDtypeStruct  # which has no types
    return struct(tuple(shape), dtype)


class Later:
    """A value that is computed when it is asked for, from other values that are known."""

    __slots__ = ("_compute", "_found", "_operands")

    def __init__(self, compute: Callable[..., Any], operands: Sequence[Any]) -> None:
        self._compute: Callable[..., Any] | None = compute
        self._operands: Sequence[Any] = operands
        self._found: Any = None

    def get(self) -> Any:
        """The value; those that it is computed from are computed first, one after the other, however many they are."""
        waiting = [self]
        while waiting:
            now = waiting[-1]
            missing = [each for each in now._operands if type(each) is Later and each._compute is not None]
            if missing:
                waiting += missing
                continue
            waiting.pop()
            if now._compute is not None:
                now._found = now._compute(*map(plain, now._operands))
                now._compute, now._operands = None, ()
        return self._found


class _Unknown:
    def __repr__(self) -> str:
        return "a value that is not known"


UNKNOWN: Final = _Unknown()


def plain(value: Any) -> Any:
    """A value that is known, computed now if it was not before."""
    return value.get() if type(value) is Later else value


class Named(NamedTuple):
    """An integer that is a size with a name: its value is not known, but how often a loop runs may be."""

    size: Size


class Operand(NamedTuple):
    """What a variable holds: whether it depends on an argument; its value, one for later, or UNKNOWN; its shape."""

    depends: bool
    value: Any
    shaped: Shaped

    @property
    def is_known(self) -> bool:
        return self.value is not UNKNOWN and type(self.value) is not Named

    def without_value(self) -> Operand:
        """The operand where only data that depends on no argument is known."""
        return self._replace(value=UNKNOWN) if self.depends else self


class NeedsValue(Exception):
    """What is executed depends on a value that is not known; the message says which, and where."""
