"""The names that arguments of this room are chosen from, for type checkers: an unknown one is found before it runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

MethodName: TypeAlias = Literal[
    "finite-difference", "forward", "naive", "memoized", "naive-tangent", "memoized-tangent", "backprop"
]
"""A key of `METHODS`."""

OrderName: TypeAlias = Literal["forward", "reverse", "markowitz", "search", "optimal", "column-by-column", "row-by-row"]
"""A key of `ORDERS`."""

Order: TypeAlias = OrderName | Sequence[int]
"""In which order to eliminate: by name, or the vertices themselves."""

Shown: TypeAlias = Literal["operation", "paths", "adjoints", "partials"]
"""What a drawing shows beside the operations."""

Granularity: TypeAlias = Literal["array", "scalar"]
"""Whether a node holds a whole array or one number."""
