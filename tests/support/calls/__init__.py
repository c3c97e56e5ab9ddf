"""Calls of NumPy's functions, drawn: a strategy for each, and the loop by hand of what objects have none for."""

from __future__ import annotations

from tests.support.calls import (  # noqa: F401, they register theirs
    elementwise,
    linalg,
    polynomials,
    products,
    reductions,
    sorting,
)
from tests.support.draws import BY_HAND, CALLS

__all__ = ["BY_HAND", "CALLS"]
