"""The tape of an evaluation: the nodes in order, and copies of the data that their partials are made of."""

from __future__ import annotations

import itertools
from typing import Any, Final

import numpy as np

from opcount.arrays.array import Array
from opcount.counting.accelerator import ACCELERATOR
from opcount.counting.errors import InvalidType


class Tape(list[Any]):
    """The nodes of an evaluation in order.

    `arrays_as_nodes` says whether arrays are nodes, or are opened into numbers; `arrays`, whether there are such
    nodes; `joins`, whether one of them may have constant elements. `data` has the arrays of data that partials need,
    each with a copy. Where they are asked for, with the accelerator, and while every node is a float, the nodes are in
    `entries` instead, and the data that they were computed with in `constants`; `former` has what the entries were.

    An evaluation may run inside another. The one that began later is the inner one, since it began inside: its
    `level` is the larger. `is_open` says whether it still runs.
    """

    __slots__ = ("arrays", "arrays_as_nodes", "constants", "data", "entries", "former", "is_open", "joins", "level")

    def __init__(self, arrays_as_nodes: bool = False, entries: bool = False) -> None:
        super().__init__()
        self.entries: bytearray | None = bytearray() if entries and ACCELERATOR is not None else None
        self.former = bytearray()
        self.constants: list[Any] = []
        self.level = next(_LEVELS)
        self.is_open = True
        self.arrays_as_nodes = arrays_as_nodes
        self.arrays = False
        self.joins = False
        self.data: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def close(self) -> None:
        """Take no more entries."""
        if self.entries is not None:
            self.former, self.entries = self.entries, None

    def kept(self, operand: object) -> Any:
        """Data as it is now, when the operation is executed: the program may write into the array afterwards."""
        array = operand._held if type(operand) is Array else operand
        if type(array) is not np.ndarray or not _is_open(array):
            return operand
        known, copy = self.data.get(id(array), (None, array))
        if known is None or not _same_bits(array, copy):
            copy = array.copy("K")
            self.data[id(array)] = array, copy  # with the array, whose id is its own as long as it lives
        return copy if operand is array else Array(copy)


_LEVELS: Final = itertools.count()


class Outer:
    """A node of an outer evaluation, `value`, as an operand in an inner one, of which it is data."""

    __slots__ = ("value",)

    def __init__(self, node: Any) -> None:
        self.value = node


def inner(one: Tape, other: Tape) -> Tape:
    """The inner one of two evaluations, which records an operation on values of both."""
    if not (one.is_open and other.is_open):
        raise InvalidType(OVER)
    return one if one.level > other.level else other


class Forgotten:
    """The value of a node that nobody needs once its evaluation is over: to ask for it is an error that says so."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # who asks is a tool that looks at all there is
            raise AttributeError(name)
        raise InvalidType(OVER)

    def __repr__(self) -> str:
        return "forgotten"


FORGOTTEN: Final = Forgotten()
OVER: Final = (
    "a value from another evaluation, which is over, entered this one: a function that is differentiated must not "
    "keep its values for later"
)


def as_now(data: Any) -> Any:
    """A copy of the arrays of data in lists, tuples and dicts, into which the program may write afterwards."""
    if isinstance(data, dict):
        return {key: as_now(value) for key, value in data.items()}
    if type(data) in (list, tuple):
        return type(data)(map(as_now, data))
    return data.copy("K") if type(data) in (np.ndarray, Array) else data


def _is_open(array: object) -> bool:
    """Whether the memory of an array can be written into."""
    while type(array) is np.ndarray:
        if array.flags.writeable:
            return True
        array = array.base
    return array is not None


def _same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    bits = _BITS.get(a.itemsize)
    if bits is None or a.shape != b.shape or a.dtype != b.dtype:
        return False
    return bool((a.view(bits) == b.view(bits)).all())


_BITS: Final = {size: np.dtype(f"u{size}") for size in (1, 2, 4, 8)}
