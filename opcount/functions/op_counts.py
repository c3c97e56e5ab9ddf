"""The parts of rules: sums and multiples of counts, and operations on complex numbers as those on their parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

import numpy as np

from opcount.counting.callers import name_of as name_of

OpCounts = Mapping[str, int]
Rule = Callable[..., OpCounts]


def summed(*parts: OpCounts) -> dict[str, int]:
    return {kind: sum(part.get(kind, 0) for part in parts) for kind in {kind for part in parts for kind in part}}


def multiple(factor: int, counts: OpCounts) -> dict[str, int]:
    return {kind: factor * count for kind, count in counts.items()}


class NoRule(Exception):
    """A call has no exact count; the message says why."""


NEW_TRUTHS: Final = "the truth of each number is a comparison that it would not count: write x != 0 first"

NO_COUNT: Final = (
    "it has no exact count: write it with operations that have one, "
    "give it one with oc.register_rule, or take the plain values with oc.unwrap(x)"
)

BY_CONVENTION: Final = (
    "it has no exact count: give it one by a convention with oc.register_rule, as docs/how-to/rules.md does for the "
    "usual ones, 5 n log2 n for a transform, or take the plain values with oc.unwrap(x)"
)

STRANGE: Final = "with these arguments it has no exact count: write it with simpler operations"

COMPLEX: Final[Mapping[str, OpCounts]] = {
    "add": {"add": 2},
    "sub": {"sub": 2},
    "mul": {"mul": 4, "add": 1, "sub": 1},
    "neg": {"neg": 2},
}
"""The real operations that one operation on complex numbers executes."""


def expanded(counts: OpCounts) -> dict[str, int]:
    """Operations on complex numbers as the real operations that they execute."""
    for kind in counts:
        if kind not in COMPLEX:
            raise NoRule(
                f"a complex {kind} has no exact count: work on the real and the imaginary part, or on oc.unwrap(x)"
            )
    return summed(*(multiple(count, COMPLEX[kind]) for kind, count in counts.items()))


def dtype_of(value: object) -> np.dtype[Any]:
    dtype: np.dtype[Any] = value.dtype if hasattr(value, "dtype") else np.asarray(value).dtype
    return dtype


def is_complex(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(is_complex, value))
    return isinstance(value, complex) or getattr(getattr(value, "dtype", None), "kind", "") == "c"


def asks_for_complex(keywords: Mapping[str, Any]) -> bool:
    dtype = keywords.get("dtype")
    return dtype is not None and np.dtype(dtype).kind == "c"


def is_truth(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return bool(value) and all(map(is_truth, value))
    return isinstance(value, bool) or getattr(getattr(value, "dtype", None), "char", "") == "?"


def no_truths(dtype: Any, *operands: Any) -> None:
    if dtype is not None and np.dtype(dtype) == np.bool_ and not all(map(is_truth, operands)):
        raise NoRule(NEW_TRUTHS)


@lru_cache
def integer_power(exponent: Any) -> OpCounts:
    """Square-and-multiply: a squaring for each bit after the first, a product for each further 1."""
    size = abs(int(exponent))
    return {"mul": max(size.bit_length() + size.bit_count() - 2, 0), "div": int(exponent < 0)}


@lru_cache
def integer_powers(size: int, exponent: int) -> OpCounts:
    """As many powers with this exponent."""
    return multiple(size, integer_power(exponent))
