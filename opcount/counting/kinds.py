"""The closed list of kinds: what an operation can be called, and in which group it stands.

This is the counting convention's vocabulary. A kind is counted under its own name;
groups, weights and flop totals are views, computed from the raw counts afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# fmt: off
GROUPS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    "multiplicative": ("mul", "div", "floordiv", "mod", "fmod"),
    "additive":       ("add", "sub"),
    "signs":          ("neg", "abs", "sign", "copysign", "heaviside"),
    "roots":          ("sqrt", "cbrt", "hypot"),
    "transcendental": ("pow", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "logaddexp", "logaddexp2",
                       "sin", "cos", "tan", "arcsin", "arccos", "arctan", "arctan2",
                       "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh"),
    "rounding":       ("floor", "ceil", "trunc", "round"),
    "comparisons":    ("lt", "le", "gt", "ge", "eq", "ne", "maximum", "minimum", "fmax", "fmin",
                       "isnan", "isinf", "isfinite", "signbit"),
    "logical":        ("logical_and", "logical_or", "logical_xor", "logical_not"),
    "integer":        ("bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift",
                       "bitwise_count", "gcd", "lcm"),
    "representation": ("modf", "frexp", "ldexp", "nextafter", "spacing"),
})
# fmt: on

KINDS: Final[tuple[str, ...]] = tuple(kind for kinds in GROUPS.values() for kind in kinds)
"""Every kind, in the order in which counts are shown."""

FLOP_GROUPS: Final = ("multiplicative", "additive", "roots", "transcendental")
"""The groups whose operations are floating-point operations by the usual reading: changing
a sign, rounding, comparing, logic, bits and taking a number apart are no such arithmetic,
every other operation is one flop."""
