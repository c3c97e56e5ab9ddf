"""The arguments of a NumPy function: their plain values, what is wrapped among them, and how objects take them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from opcount.counting.errors import InvalidValue, Uncounted
from opcount.wrapping.foreign import ENDLESS, is_container
from opcount.wrapping.spec import Spec
from opcount.wrapping.trees import plain_array
from opcount.wrapping.wrapped import Number, Wrapped, is_wrapped_array


class Operands:
    """What is found in the arguments of a call: the plain values, and what is known of the wrapped ones."""

    __slots__ = ("_numbers_in_arrays", "holds_objects", "owner", "wrapped")

    def __init__(self, owner: Wrapped | None = None) -> None:
        self.owner = owner  # whom NumPy asked, who is not among the arguments where it was given as like=
        self.wrapped: list[Any] = []
        self.holds_objects = False  # nodes of a graph, fractions
        self._numbers_in_arrays = False  # object arrays of wrapped numbers

    def hold(self, result: object) -> Any:
        """The plain result of an execution on them, wrapped."""
        owner = self.wrapped[0] if self.wrapped else self.owner
        return owner._hold(result)  # type: ignore[union-attr]  # nobody is asked where nothing is wrapped

    def hold_objects(self, result: object) -> Any:
        """The result of an execution on objects; in an array that is differentiated where numbers of a graph are."""
        node = next((value for value in self.wrapped if isinstance(value, Number) and value._rank), None)
        return result if node is None else node._hold(result)

    @property
    def objects(self) -> bool:
        """Whether NumPy has to run its loops for objects: because it has no other, or because they were chosen."""
        return self.holds_objects or (self._numbers_in_arrays and not any(map(is_wrapped_array, self.wrapped)))

    def take(self, value: object) -> Any:
        """The plain value, also of what stands in lists, tuples, dicts and object arrays."""
        kind = type(value)
        if kind in _ATOMS:
            return value
        if isinstance(value, Wrapped):
            self.wrapped.append(value)
            plain = value._plain()
            if isinstance(value, Number) and (value._rank or not isinstance(plain, (int, float, np.number))):
                self.holds_objects = True
            return plain
        if isinstance(value, np.ndarray):
            return self._take_objects(value) if value.dtype == object else value
        if isinstance(value, (list, deque)):
            try:
                return [self.take(item) for item in value]
            except RecursionError:
                raise InvalidValue(ENDLESS) from None
        if isinstance(value, tuple):
            items = [self.take(item) for item in value]
            return kind(*items) if hasattr(value, "_fields") else tuple(items)
        if isinstance(value, dict):
            return {key: self.take(item) for key, item in value.items()}
        if is_container(kind) and (held := np.asarray(value)).shape:  # a unit of pint's holds nothing
            return self.take(held)
        return value

    def _take_objects(self, value: np.ndarray) -> Any:
        items = [self.take(item) for item in value.flat]
        inside = any(isinstance(item, Wrapped) for item in value.flat)
        if inside and all(isinstance(item, (int, float, np.number)) for item in items):
            self._numbers_in_arrays = True
            return plain_array(value, items)
        self.holds_objects = True
        return value

    def take_all(self, keywords: Mapping[str, Any]) -> dict[str, Any]:
        return {key: self.take(value) for key, value in keywords.items()} if keywords else {}

    @property
    def has_spec(self) -> bool:
        """Whether there is a spec among the operands, which has no values that could leave."""
        return any(type(value._plain()) is Spec for value in self.wrapped)

    @property
    def size(self) -> int:
        return sum(np.size(value._plain()) for value in self.wrapped)


_ATOMS: Final = frozenset({int, float, bool, str, type(None), type(np._NoValue), slice, type, np.float64, np.int64})


def unwrapped(value: object) -> Any:
    """The plain value, also of what stands in lists and in object arrays of wrapped numbers."""
    operands = Operands()
    plain = operands.take(value)
    if operands.holds_objects and operands.wrapped:
        raise Uncounted(
            "an array of numbers cannot hold fractions or the nodes of a graph: make an object array of them, "
            "np.array([...], dtype=object)"
        )
    return plain


def holds_objects(value: object) -> bool:
    """Whether NumPy has to work on a value by its loops for objects: nodes of a graph, fractions, arrays of these."""
    operands = Operands()
    operands.take(value)
    return operands.objects


def holds_wrapped(value: object) -> bool:
    """Whether a value is, or holds, a wrapped value."""
    operands = Operands()
    operands.take(value)
    return bool(operands.wrapped)


def opened(value: object) -> Any:
    """A value with object arrays of wrapped numbers for wrapped arrays, as NumPy's loops for objects need them."""
    if isinstance(value, dict):
        return {key: opened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [opened(item) for item in value]
    if isinstance(value, tuple):
        items = map(opened, value)
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return value._opened() if isinstance(value, Wrapped) else value


def held(result: object, *operands: object) -> Any:
    """The plain result of an execution on these operands, with a wrapped value among them, wrapped."""
    found = Operands()
    found.take(operands)
    return found.hold(result)
