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
    "special":        ("erf", "erfc", "erfcx", "erfi", "erfinv", "erfcinv", "dawsn", "ndtr", "ndtri", "log_ndtr",
                       "gamma", "gammaln", "loggamma", "digamma", "rgamma", "zeta", "zetac", "beta", "betaln", "poch",
                       "binom", "gammainc", "gammaincc", "gammaincinv", "gammainccinv", "betainc", "betaincc",
                       "betaincinv", "betainccinv",
                       "j0", "j1", "y0", "y1", "i0", "i1", "k0", "k1", "i0e", "i1e", "k0e", "k1e",
                       "jv", "yv", "iv", "kv", "jve", "yve", "ive", "kve", "yn", "kn", "struve", "modstruve",
                       "ellipk", "ellipkm1", "ellipe", "ellipkinc", "ellipeinc", "elliprc", "elliprd", "elliprf",
                       "elliprg", "elliprj", "agm", "exp1", "expi", "expn", "spence", "hyp0f1", "hyp1f1", "hyp2f1",
                       "hyperu", "wrightomega", "owens_t", "voigt_profile"),
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

FLOP_GROUPS: Final = ("multiplicative", "additive", "roots", "transcendental", "special")
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
    special: int
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
    # special
    erf: int
    erfc: int
    erfcx: int
    erfi: int
    erfinv: int
    erfcinv: int
    dawsn: int
    ndtr: int
    ndtri: int
    log_ndtr: int
    gamma: int
    gammaln: int
    loggamma: int
    digamma: int
    rgamma: int
    zeta: int
    zetac: int
    beta: int
    betaln: int
    poch: int
    binom: int
    gammainc: int
    gammaincc: int
    gammaincinv: int
    gammainccinv: int
    betainc: int
    betaincc: int
    betaincinv: int
    betainccinv: int
    j0: int
    j1: int
    y0: int
    y1: int
    i0: int
    i1: int
    k0: int
    k1: int
    i0e: int
    i1e: int
    k0e: int
    k1e: int
    jv: int
    yv: int
    iv: int
    kv: int
    jve: int
    yve: int
    ive: int
    kve: int
    yn: int
    kn: int
    struve: int
    modstruve: int
    ellipk: int
    ellipkm1: int
    ellipe: int
    ellipkinc: int
    ellipeinc: int
    elliprc: int
    elliprd: int
    elliprf: int
    elliprg: int
    elliprj: int
    agm: int
    exp1: int
    expi: int
    expn: int
    spence: int
    hyp0f1: int
    hyp1f1: int
    hyp2f1: int
    hyperu: int
    wrightomega: int
    owens_t: int
    voigt_profile: int
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
