"""One NumPy function, one row: its counts, the shape of its result, its derivative, what it writes and returns.

The rows are in the files of NumPy's own subjects, beside the rules that they need; `table` has them all.

Counts are those of the scalar definition: a sum of n numbers is n - 1 additions. NumPy's loop
over an object array of wrapped numbers executes that definition, with these differences:

    sort and its like  ask objects `gt` too where they are not `lt`, to learn whether they are equal
    maximum, minimum   compare the objects (`ge`, `le`), also in max, min, clip, ptp and norms; so do fmax, fmin
    nanmax, nanmin     replace nan before that, instead of fmax and fmin and a look at the result
    sign               compares the object with zero, up to three times
    einsum             starts each sum from zero, which is one more `add`
    isnan              of nansum and its like is `x != x`, a `ne`
    plain numbers      that NumPy puts into an array of objects, as nansum its zeros and linspace its end,
                       stay plain there, and what is done to them uncounted
    logic              from truth values to a truth value is not counted, in either: it is control flow

Rules count operations on the elements, whatever their type. Operations on complex numbers
count the real operations of `COMPLEX`, and are refused where that table has no row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import Enum, auto
from typing import Any, Final, NamedTuple

import numpy as np

from opcount.functions.op_counts import OpCounts, Rule
from opcount.wrapping.stand_ins import EXACT, Way

# --- what a call counts


class Free(NamedTuple):
    """The function moves data or looks at shape and type; `check` raises NoRule for arguments that make it compute."""

    check: Rule | None = None


class Seeing(NamedTuple):
    """A rule that is first given the arguments that hold wrapped values, by name, or by index if they have none.

    The rule itself says what complex numbers cost.
    """

    rule: Rule


class Executed(NamedTuple):
    """The function is executed in operations that count themselves; if it raises, none of them counts.

    It takes the arguments of NumPy's function and gives the same value, bit for bit; what is done to plain values on
    the way counts nothing. Written after NumPy 2.4; older versions execute a few functions differently, with the same
    value.
    """

    body: Callable[..., Any]
    at_once: bool = False
    """Whether what was executed before an error stays counted, since a function of the user's executed it."""
    own: bool = False
    """Whether the code is NumPy's own."""
    usual: Callable[..., OpCounts | None] | None = None
    """A rule for the usual calls, on arrays of real numbers, which NumPy itself may then execute; None for others."""


class Refused(NamedTuple):
    """The function has no exact count, for this reason."""

    reason: str


FREE: Final = Free()


# --- its derivative


class Differentiated(Enum):
    """How a function that is not an operation of its own is differentiated."""

    MOVES = auto()  # where each element came from is found by asking it
    CONSTANT = auto()  # positions, truth values and what jumps: constant wherever there is a derivative
    AS_EXECUTED = auto()  # in the operations in which it counts
    AS_NUMPY = auto()  # NumPy writes it in terms of functions that have a derivative


MOVES, CONSTANT, AS_EXECUTED, AS_NUMPY = Differentiated


# --- what it gives back


class Gives(Enum):
    VALUES = auto()  # wrapped again
    POSITIONS = auto()  # plain integers, as the truth of a comparison is plain
    DESCRIPTION = auto()  # what an array is, and not what it holds: plain
    TRUTHS = auto()  # truth values, by comparisons that it counts, into `out` too


VALUES, POSITIONS, DESCRIPTION, TRUTHS = Gives


class Function(NamedTuple):
    """The row of a NumPy function. A rule takes the arguments of a call, unwrapped, and gives its counts."""

    name: str
    counts: Rule | Free | Seeing | Executed | Refused
    shape: Way | Callable[..., Any] = EXACT
    """The shape of its result: a way to ask NumPy, or a function of the arguments of a call."""
    derivative: str | Callable[..., Any] | Differentiated | None = None
    """Its derivative: an operation of arrays, by name, or the function written in others; None if it has none."""
    opened: bool = False
    """Whether it is differentiated where arrays are opened into numbers, although whole arrays are refused."""
    writes: int | None = None
    """The index of the argument that the function writes into."""
    indexes: int | None = None
    """The index of the argument that holds positions or sizes, which must be plain integers."""
    gives: Gives = VALUES
    like: int | None = None
    """The index of the argument of which only shape and type are used, and not the values."""
    makes: bool = False
    """Whether the function makes an array `like=` another, which may be a spec."""
    alone: Function | None = None
    """The row of a call with a single argument, if that is a different function."""


def each(names: str, *columns: Any, **named: Any) -> Iterator[Function]:
    """A row for each of these functions, with equal columns except for the name."""
    return (Function(name, *columns, **named) for name in names.split())


def refused(reason: str, names: str, shape: Way = EXACT, **named: object) -> Iterator[Function]:
    return each(names, Refused(reason), shape, **named)


DATA_DEPENDENT: Final = "how much it computes depends on the values"
ITERATIVE: Final = "it iterates until it converges"
LIBRARY: Final = "the algorithm is the library's choice, by the size"
CONVENTIONAL: Final = frozenset({ITERATIVE, LIBRARY})
"""The reasons of functions that people count by a convention, as a transform by 5 n log2 n."""


# --- by function

NUMPY: Final = tuple(map(int, np.__version__.split(".")[:2]))
"""NumPy's version: older ones execute some functions differently."""


def function_named(name: str) -> Any:
    """The NumPy function of this name; None if this NumPy has none."""
    found: Any = np
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def by_function(rows: Iterable[Function]) -> dict[Any, Function]:
    """The rows of the functions that this NumPy has."""
    return {function: row for row in rows if (function := function_named(row.name)) is not None}
