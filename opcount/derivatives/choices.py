"""The names that an argument may be, as types: a type checker finds an unknown name before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

MethodName: TypeAlias = Literal[
    "finite-difference",
    "forward",
    "naive",
    "memoized",
    "naive-tangent",
    "memoized-tangent",
    "backprop",
    "checkpointed",
]
"""A key of `METHODS`."""

ModeName: TypeAlias = Literal[
    "forward-over-reverse", "reverse-over-reverse", "forward-over-forward", "reverse-over-forward"
]
"""A key of `MODES`."""

OrderName: TypeAlias = Literal[
    "forward", "reverse", "markowitz", "search", "optimal", "column-by-column", "row-by-row", "compressed"
]
"""A key of `ORDERS`."""

Order: TypeAlias = OrderName | Sequence[int]
"""An order of elimination: a name, or the vertices in order."""

ColoringName: TypeAlias = Literal["column", "row", "star", "acyclic"]
"""What a coloring keeps apart."""

ColoringOrder: TypeAlias = Literal["largest-first", "smallest-last", "incidence", "natural"]
"""The order in which a coloring gives out its colors."""

Shown: TypeAlias = Literal["operation", "paths", "adjoints", "partials"]
"""What a drawing shows beside the operations."""

Granularity: TypeAlias = Literal["array", "scalar"]
"""Whether a node holds a whole array or one number."""
