"""What opcount raises, so that one `except oc.OpcountError` catches all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opcount.counting.counts import Counts


class OpcountError(Exception):
    """The root of every error that opcount itself raises: one `except oc.OpcountError` catches all of them.

    >>> import opcount as oc
    >>> try:
    ...     oc.Counts(muls=3)
    ... except oc.OpcountError as error:
    ...     print(error)
    not a kind of operation: muls; did you mean mul? The kinds are in oc.KINDS

    What a function of yours raises passes through as it is, except in `oc.law` (see `SizeFailed`).
    """


class Uncounted(OpcountError, TypeError):
    """A value would leave its counter, or an operation has no exact count; the message says what to write instead.

    >>> import numpy as np, opcount as oc
    >>> try:
    ...     np.fft.fft(oc.wrap(np.ones(4)))
    ... except oc.Uncounted as error:
    ...     print(error)
    np.fft.fft: the algorithm is the library's choice, by the size, so it has no exact count: give it one by a
    convention with oc.register_rule, as docs/how-to/rules.md does for the usual ones, 5 n log2 n for a transform, or
    take the plain values with oc.unwrap(x)

    The way out is one of four: use the value as it is; `oc.unwrap` it, if what follows is not to be counted; give a
    function of NumPy's a count with `oc.register_rule` or `oc.rules`; or find all such operations first, with
    `oc.count(uncounted="record")`. It is a TypeError too, as Python raises for a conversion that a type does not have.
    """


class InvalidType(OpcountError, TypeError):
    """An argument is of a type that opcount cannot work with; the message names it. It is a TypeError too.

    >>> import opcount as oc
    >>> try:
    ...     oc.wrap([1.0, "2"])
    ... except oc.InvalidType as error:
    ...     print(error)
    x[1] is '2' (str): pass a real number, an array of them, or nested lists, tuples and dicts of these
    """


class InvalidValue(OpcountError, ValueError):
    """An argument is of the right type but out of range, or is not a known name. It is a ValueError too.

    >>> import opcount as oc
    >>> try:
    ...     oc.gradient(lambda x: x * x, 3.0, method="backpropagation")
    ... except oc.InvalidValue as error:
    ...     print(error)
    there is no method 'backpropagation'; did you mean backprop? The methods are finite-difference, forward, ...
    """


class UnknownName(InvalidValue, KeyError):
    """A mapping has no such key. It is a KeyError too, as for any mapping."""

    __str__ = Exception.__str__  # that of KeyError puts the message in quotes


class BudgetExceeded(OpcountError):
    """The next operation, or the predicted ones, would exceed a budget.

    >>> import opcount as oc
    >>> x = oc.wrap(3.0)
    >>> try:
    ...     with oc.count(budget=2):
    ...         x * x + x - x
    ... except oc.BudgetExceeded as error:
    ...     print(error, error.counts, sep="; ")
    1 more operations would exceed the budget of 2, of which 0 are left; mul    1
    add    1
    --------
    total  2

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
    """A run at one of several sizes failed, as in `oc.law`; the function's own error is its `__cause__`.

    >>> import opcount as oc
    >>> x = oc.wrap(1.0)
    >>> try:
    ...     oc.law(lambda n: [x * x, x + x][n], range(1, 9))
    ... except oc.SizeFailed as error:
    ...     print(error, error.size, error.counts, sep="; ")
    at n = 2: IndexError: list index out of range; (2,); {(1,): Counts({'mul': 1, 'add': 1})}

    `size` is that size, an integer for each parameter; `counts` has the counts of the runs that finished, by size.
    """

    def __init__(self, message: str, size: tuple[int, ...], counts: Mapping[tuple[int, ...], Counts]) -> None:
        super().__init__(message, size, counts)
        self.size = size
        self.counts = counts

    def __str__(self) -> str:
        return str(self.args[0])


class NothingCounted(UserWarning):
    """A warning that no operation on a wrapped value was executed, so that the count is empty.

    >>> import warnings
    >>> import numpy as np, opcount as oc
    >>> data = np.ones(3)
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     found = oc.measure(lambda x: np.sum(data), 3.0)    # of data, which nobody wrapped
    >>> found.counts, caught[0].category.__name__
    (Counts({}), 'NothingCounted')

    `oc.measure` and `oc.law` give it, for a function that computes with plain numbers alone. What an argument or a
    function is to compute with must be wrapped: pass it as an argument, or `oc.wrap` it inside.
    """


OF_OTHER_NUMBERS: Final = (
    "an array that is differentiated holds floats, and here it meets numbers of another kind (fractions, decimals, "
    'large integers): make floats of them, or ask for granularity="scalar", which is exact'
)
INTO_DATA: Final = (
    "this would write what is differentiated into an array of data: write into one that np.zeros_like(x) gives, or "
    "make a new one (a = a + x, not a += x)"
)
