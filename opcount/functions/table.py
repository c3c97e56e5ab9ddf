"""All rows, by function; and how a spec goes through a call, which its row says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np

from opcount.functions import (
    applying,
    choosing,
    describing,
    einsum,
    elementwise,
    interpolation,
    linalg,
    making,
    moving,
    polynomials,
    products,
    quantiles,
    reductions,
    refused,
    sorting,
    statistics,
)
from opcount.functions.rows import Function, Refused, by_function
from opcount.wrapping.spec import Spec, no_values
from opcount.wrapping.stand_ins import BY_VALUE, EXACT, SMALL, Way, inferred

ALL: Final = (
    *elementwise.ROWS, *reductions.ROWS, *statistics.ROWS, *products.ROWS, *einsum.ROWS, *linalg.ROWS, *choosing.ROWS,
    *moving.ROWS, *making.ROWS, *describing.ROWS, *sorting.ROWS, *quantiles.ROWS, *polynomials.ROWS,
    *refused.ROWS, *interpolation.ROWS, *applying.ROWS,
)  # fmt: skip
"""The rows of the functions of all NumPy versions that are supported."""

ROWS: Final[dict[Any, Function]] = by_function(ALL)
"""The rows of the functions of this NumPy. A function without a row is refused."""


def row_of(function: object, arguments: int = 2) -> Function:
    """The row of a call with so many arguments."""
    row = ROWS.get(function, _UNKNOWN)
    return row.alone if row.alone is not None and arguments == 1 else row


_UNKNOWN: Final = Function("", Refused(""))


def maker(function: object) -> Callable[..., Any] | None:
    """The function that makes the spec which a NumPy function makes `like=` a spec; None if there is none."""
    row = row_of(function)
    return row.shape if row.makes and not isinstance(row.shape, Way) else None


def on_specs(function: Callable[..., Any], args: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
    """What a NumPy function, or a method of a ufunc, gives for specs, without any values."""
    if isinstance(getattr(function, "__self__", function), np.ufunc):
        return inferred(function, args, keywords, (EXACT if function.__name__ == "reduceat" else SMALL).ask)
    row = row_of(function, len(args) + len(keywords))
    if row.shape is BY_VALUE:
        raise no_values(f"np.{row.name}")
    if row.writes is not None and type(args[row.writes]) is not Spec:
        raise no_values("writing into an array of data")
    return inferred(function, args, keywords, row.shape.ask if type(row.shape) is Way else partial(_by_row, row.shape))


def _by_row(shape: Any, function: Callable[..., Any], args: Any, keywords: Any) -> Any:
    result, out = shape(*args, **keywords), keywords.get("out")
    if type(out) is Spec and out.shape != result.shape:
        raise ValueError(f"out of shape {out.shape} does not take a result of shape {result.shape}")
    return result


Spec.through = on_specs
