"""What opcount raises, so that one `except oc.OpcountError` catches all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opcount.counting.counts import Counts


class OpcountError(Exception):
    """The root of every error that opcount itself raises."""


class Uncounted(OpcountError, TypeError):
    """A value would leave its counter, or an operation has no exact count; the message says what to write instead."""


class InvalidType(OpcountError, TypeError):
    """An argument is of a type that opcount cannot work with."""


class InvalidValue(OpcountError, ValueError):
    """An argument is of the right type but out of range, or is not a known name."""


class UnknownName(InvalidValue, KeyError):
    """A mapping has no such key. It is a KeyError too, as for any mapping."""

    __str__ = Exception.__str__  # that of KeyError puts the message in quotes


class BudgetExceeded(OpcountError):
    """The next operation, or the predicted ones, would exceed a budget.

    >>> import opcount as oc
    >>> x = oc.wrap(3.0)
    >>> with oc.count(budget=2):
    ...     x * x + x - x
    Traceback (most recent call last):
    opcount.counting.errors.BudgetExceeded: 1 more operations would exceed the budget of 2, of which 0 are left

    `counts` holds what had been counted when it was raised; the operation that
    would have gone over was not executed. `predicted` holds the exact counts
    that were refused up front, where there is a prediction, else None.
    """

    def __init__(self, message: str, counts: Counts, predicted: Counts | None = None) -> None:
        super().__init__(message, counts, predicted)
        self.counts = counts
        self.predicted = predicted

    def __str__(self) -> str:
        return str(self.args[0])


class SizeFailed(OpcountError):
    """A run at one of several sizes failed; the cause is chained.

    `size` is that size, an integer for each parameter; `counts` has the counts of the runs that finished, by size.
    """

    def __init__(self, message: str, size: tuple[int, ...], counts: Mapping[tuple[int, ...], Counts]) -> None:
        super().__init__(message, size, counts)
        self.size = size
        self.counts = counts

    def __str__(self) -> str:
        return str(self.args[0])


class NothingCounted(UserWarning):
    """No operation on a wrapped value was executed: the count is empty, as for a function of plain numbers."""


OF_OTHER_NUMBERS: Final = (
    "an array that is differentiated holds floats, and here it meets numbers of another kind (fractions, decimals, "
    'large integers): make floats of them, or ask for granularity="scalar", which is exact'
)
INTO_DATA: Final = (
    "this would write what is differentiated into an array of data: write into one that np.zeros_like(x) gives, or "
    "make a new one (a = a + x, not a += x)"
)
