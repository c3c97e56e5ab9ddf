"""One NumPy function, one row: what it counts, which shape it gives, its derivative, what it writes and gives back.

The rows stand in the files of NumPy's own subjects, beside the rules that they need; `table` has them all.

Counts are those of the scalar definition: a sum of n numbers is n - 1 additions. NumPy's loop
over an object array of wrapped numbers executes that definition, with these differences:

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

from opcount.functions.op_counts import Rule
from opcount.wrapping.stand_ins import EXACT, Way

# --- what a call counts


class Free(NamedTuple):
    """It moves data, or looks at shape and type alone; `check` raises NoRule for arguments with which it computes."""

    check: Rule | None = None


class Seeing(NamedTuple):
    """A rule which is told first where wrapped values stand: the names of arguments, an index for one without name.

    It says itself what complex numbers cost.
    """

    rule: Rule


class Executed(NamedTuple):
    """It is executed in operations that count themselves, on whatever is wrapped; where it raises, none of them counts.

    It takes what NumPy's function takes and gives the same value, bit for bit; what is done to plain values on the way
    counts nothing. Written after NumPy 2.4; older versions execute a few of these otherwise, with the same value.
    """

    body: Callable[..., Any]
    at_once: bool = False
    """Whether what was executed before an error stays counted: by a function that it was given."""
    own: bool = False
    """Whether the code is NumPy's own."""


class Refused(NamedTuple):
    """It has no exact count, for this reason."""

    reason: str


FREE: Final = Free()


# --- its derivative


class Derivative(Enum):
    """How an array that is differentiated goes through a function, where that is not an operation of its own."""

    MOVES = auto()  # where each element came from is found by asking it
    CONSTANT = auto()  # positions, truth values and what jumps: constant wherever there is a derivative
    COMPARED = auto()  # the same, found by as many comparisons as the values ask for
    AS_EXECUTED = auto()  # in the operations in which it counts
    AS_NUMPY = auto()  # NumPy writes it in terms of functions that have a derivative


MOVES, CONSTANT, COMPARED, AS_EXECUTED, AS_NUMPY = Derivative


# --- what it gives back


class Gives(Enum):
    VALUES = auto()  # wrapped again
    POSITIONS = auto()  # plain integers, as the truth of a comparison is plain
    DESCRIPTION = auto()  # what an array is, and not what it holds: plain
    TRUTHS = auto()  # truth values, by comparisons that it counts, into `out` too


VALUES, POSITIONS, DESCRIPTION, TRUTHS = Gives


class Function(NamedTuple):
    """A function of NumPy's; a rule takes the arguments of a call, unwrapped, and gives its counts."""

    name: str
    counts: Rule | Free | Seeing | Executed | Refused
    shape: Way | Callable[..., Any] = EXACT
    """How a spec goes through it: a way to ask NumPy, or what it gives, from the arguments of a call."""
    derivative: str | Callable[..., Any] | Derivative | None = None
    """An operation of arrays, by its name; or the function written in NumPy's others; None where it has none."""
    opened: bool = False
    """Whether NumPy's loop over numbers has its derivative, where arrays are opened, and a whole array has none."""
    writes: int | None = None
    """The index of the argument that it writes into."""
    indexes: int | None = None
    """The index of the argument that holds positions or sizes: plain integers, not wrapped ones."""
    gives: Gives = VALUES
    like: int | None = None
    """The index of the argument of which it takes shape and type, and none of the values."""
    makes: bool = False
    """Whether it makes an array `like=` another: of a spec without values too."""
    alone: Function | None = None
    """The row of a call with one argument, where that is another function."""


def each(names: str, *columns: Any, **named: Any) -> Iterator[Function]:
    """A row for each of these functions, which are the same but for the name."""
    return (Function(name, *columns, **named) for name in names.split())


def refused(reason: str, names: str, shape: Way = EXACT, **named: object) -> Iterator[Function]:
    return each(names, Refused(reason), shape, **named)


DATA_DEPENDENT: Final = "how much it computes depends on the values"
ITERATIVE: Final = "it iterates until it converges"


# --- by function

NUMPY: Final = tuple(map(int, np.__version__.split(".")[:2]))
"""NumPy's version: older ones execute some functions otherwise."""


def function_named(name: str) -> Any:
    """The NumPy function of that name, None where this NumPy has none."""
    found: Any = np
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def by_function(rows: Iterable[Function]) -> dict[Any, Function]:
    """The rows of the functions that this NumPy has."""
    return {function: row for row in rows if (function := function_named(row.name)) is not None}
