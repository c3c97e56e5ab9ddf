"""The closed list of kinds: what an operation can be called, and the group it belongs to.

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
"""The groups of kinds, by name; every kind is in exactly one."""

KINDS: Final[tuple[str, ...]] = tuple(kind for kinds in GROUPS.values() for kind in kinds)
"""Every kind, in the order in which counts are shown."""

FLOP_GROUPS: Final = ("multiplicative", "additive", "roots", "transcendental")
"""The groups whose operations are floating-point operations by the usual reading: changing
a sign, rounding, comparing, logic, bits and taking a number apart are not floating-point
arithmetic; every other operation is one flop."""


class KindsAndGroups:
    """The kinds and the groups as attributes, for type checkers and editors, which execute nothing.

    At run time `Counts` finds them in `KINDS` and `GROUPS`; a test checks that this list agrees with those.
    """

    __slots__ = ()

    # groups
    multiplicative: int
    additive: int
    signs: int
    roots: int
    transcendental: int
    rounding: int
    comparisons: int
    logical: int
    integer: int
    representation: int
    # multiplicative
    mul: int
    div: int
    floordiv: int
    mod: int
    fmod: int
    # additive
    add: int
    sub: int
    # signs
    neg: int
    abs: int
    sign: int
    copysign: int
    heaviside: int
    # roots
    sqrt: int
    cbrt: int
    hypot: int
    # transcendental
    pow: int
    exp: int
    exp2: int
    expm1: int
    log: int
    log2: int
    log10: int
    log1p: int
    logaddexp: int
    logaddexp2: int
    sin: int
    cos: int
    tan: int
    arcsin: int
    arccos: int
    arctan: int
    arctan2: int
    sinh: int
    cosh: int
    tanh: int
    arcsinh: int
    arccosh: int
    arctanh: int
    # rounding
    floor: int
    ceil: int
    trunc: int
    round: int
    # comparisons
    lt: int
    le: int
    gt: int
    ge: int
    eq: int
    ne: int
    maximum: int
    minimum: int
    fmax: int
    fmin: int
    isnan: int
    isinf: int
    isfinite: int
    signbit: int
    # logical
    logical_and: int
    logical_or: int
    logical_xor: int
    logical_not: int
    # integer
    bitwise_and: int
    bitwise_or: int
    bitwise_xor: int
    invert: int
    left_shift: int
    right_shift: int
    bitwise_count: int
    gcd: int
    lcm: int
    # representation
    modf: int
    frexp: int
    ldexp: int
    nextafter: int
    spacing: int
