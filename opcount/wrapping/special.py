"""The special functions: rows for the ufuncs of `scipy.special`, as the table of operations has them for NumPy's.

SciPy is not imported for them. A row has no ufunc until one of that name is met, whose SciPy somebody else imported. A
function whose definition is a formula in other operations counts those (`_COMPOSED`); any other is one operation by
its name. Derivatives are those of the NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov: 5.2 and
5.9 for gamma, 6.2 for the exponential integrals, 7.2 to 7.17 for the error functions, 10.6 and 10.29 for Bessel
functions, 19.4 for elliptic integrals. One that has no formula, as by the order of a Bessel function, is refused when
it is asked for.
"""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from opcount.counting.errors import Uncounted
from opcount.wrapping.operations import (
    BY_UFUNC,
    LATE,
    OF_MANY,
    OPERATIONS,
    POSITIVE,
    REAL,
    UNIT,
    Interval,
    OpCounts,
    Operation,
    Partial,
)


def _of_scipy(name: str) -> Callable[..., Any]:
    """A function of scipy.special, for a derivative."""
    try:
        return getattr(importlib.import_module("scipy.special"), name)  # type: ignore[no-any-return]
    except ModuleNotFoundError:
        raise ModuleNotFoundError(f"the derivative takes {name} of scipy.special: pip install scipy") from None


def _unknown(y: object, *operands: object) -> Any:
    raise Uncounted(
        "the derivative of this special function with respect to this operand has no formula here: give it one with "
        "oc.primitive, or take the operand for a constant with oc.unwrap(x)"
    )


def _by_order(change: Callable[[Any, Any], Any], function: str) -> Callable[..., Any]:
    """The derivative of a Bessel function by its neighbours, of the order below and above."""

    def derivative(y: object, order: Any, x: Any) -> Any:
        bessel = _of_scipy(function)
        return change(bessel(order - 1, x), bessel(order + 1, x)) / 2

    return derivative


def _digamma(x: Any) -> Any:
    return _of_scipy("digamma")(x)


def _gammainc(y: object, a: Any, x: Any) -> Any:
    return np.exp(-x) * x ** (a - 1) / _of_scipy("gamma")(a)


def _radicand(phi: Any, m: Any) -> Any:
    sine = np.sin(phi)
    return 1 - m * (sine * sine)


_2_OVER_ROOT_PI: Final = 2 / math.sqrt(math.pi)
_ROOT_2_PI: Final = math.sqrt(2 * math.pi)
_DEGREE: Final = math.pi / 180
_SMALL: Final = (0.2, 2.0)
_PART: Final = (0.1, 0.8)  # where a function is of what lies between 0 and 1

# fmt: off
_OPERATIONS: Final[Mapping[str, tuple[tuple[Partial, ...], tuple[Interval, ...]]]] = {
    # error functions
    "erf":       ((lambda y, x: _2_OVER_ROOT_PI * np.exp(-(x * x)),),                                         (REAL,)),
    "erfc":      ((lambda y, x: -_2_OVER_ROOT_PI * np.exp(-(x * x)),),                                        (REAL,)),
    "erfcx":     ((lambda y, x: 2 * x * y - _2_OVER_ROOT_PI,),                                                (REAL,)),
    "erfi":      ((lambda y, x: _2_OVER_ROOT_PI * np.exp(x * x),),                                            (UNIT,)),
    "erfinv":    ((lambda y, x: np.exp(y * y) / _2_OVER_ROOT_PI,),                                            (UNIT,)),
    "erfcinv":   ((lambda y, x: -np.exp(y * y) / _2_OVER_ROOT_PI,),                                           (_PART,)),
    "dawsn":     ((lambda y, x: 1 - 2 * x * y,),                                                              (REAL,)),
    "ndtr":      ((lambda y, x: np.exp(x * x / -2) / _ROOT_2_PI,),                                            (REAL,)),
    "ndtri":     ((lambda y, x: np.exp(y * y / 2) * _ROOT_2_PI,),                                             (_PART,)),
    "log_ndtr":  ((lambda y, x: np.exp(x * x / -2 - y) / _ROOT_2_PI,),                                        (REAL,)),
    # gamma and beta functions
    "gamma":     ((lambda y, x: y * _digamma(x),),                                                        (POSITIVE,)),
    "gammaln":   ((lambda y, x: _digamma(x),),                                                            (POSITIVE,)),
    "loggamma":  ((lambda y, x: _digamma(x),),                                                            (POSITIVE,)),
    "digamma":   ((lambda y, x: _of_scipy("zeta")(2.0, x),),                                              (POSITIVE,)),
    "rgamma":    ((lambda y, x: -y * _digamma(x),),                                                       (POSITIVE,)),
    "zeta":      ((_unknown, lambda y, s, q: -s * _of_scipy("zeta")(s + 1, q)),                ((1.5, 3.0), POSITIVE)),
    "beta":      ((lambda y, a, b: y * (_digamma(a) - _digamma(a + b)),
                   lambda y, a, b: y * (_digamma(b) - _digamma(a + b))),                          (POSITIVE, POSITIVE)),
    "betaln":    ((lambda y, a, b: _digamma(a) - _digamma(a + b),
                   lambda y, a, b: _digamma(b) - _digamma(a + b)),                                (POSITIVE, POSITIVE)),
    "poch":      ((lambda y, z, m: y * (_digamma(z + m) - _digamma(z)),
                   lambda y, z, m: y * _digamma(z + m)),                                          (POSITIVE, POSITIVE)),
    "binom":     ((lambda y, n, k: y * (_digamma(n + 1) - _digamma(n - k + 1)),
                   lambda y, n, k: y * (_digamma(n - k + 1) - _digamma(k + 1))),              ((2.2, 3.0), (0.2, 1.8))),
    "gammainc":  ((_unknown, _gammainc),                                                          (POSITIVE, POSITIVE)),
    "gammaincc": ((_unknown, lambda y, a, x: -_gammainc(y, a, x)),                                (POSITIVE, POSITIVE)),
    # Bessel functions
    "j0":        ((lambda y, x: -_of_scipy("j1")(x),),                                                        (REAL,)),
    "j1":        ((lambda y, x: (_of_scipy("j0")(x) - _of_scipy("jv")(2, x)) / 2,),                           (REAL,)),
    "y0":        ((lambda y, x: -_of_scipy("y1")(x),),                                                    (POSITIVE,)),
    "y1":        ((lambda y, x: _of_scipy("y0")(x) - y / x,),                                             (POSITIVE,)),
    "i0":        ((lambda y, x: _of_scipy("i1")(x),),                                                         (REAL,)),
    "i1":        ((lambda y, x: (_of_scipy("i0")(x) + _of_scipy("iv")(2, x)) / 2,),                           (REAL,)),
    "k0":        ((lambda y, x: -_of_scipy("k1")(x),),                                                    (POSITIVE,)),
    "k1":        ((lambda y, x: -_of_scipy("k0")(x) - y / x,),                                            (POSITIVE,)),
    "i0e":       ((lambda y, x: _of_scipy("i1e")(x) - np.sign(x) * y,),                                   (POSITIVE,)),
    "i1e":       ((lambda y, x: (_of_scipy("i0e")(x) + _of_scipy("ive")(2, x)) / 2 - np.sign(x) * y,),    (POSITIVE,)),
    "k0e":       ((lambda y, x: y - _of_scipy("k1e")(x),),                                                (POSITIVE,)),
    "k1e":       ((lambda y, x: y - _of_scipy("k0e")(x) - y / x,),                                        (POSITIVE,)),
    "jv":        ((_unknown, _by_order(lambda below, above: below - above, "jv")),              ((1.2, 2.0), POSITIVE)),
    "yv":        ((_unknown, _by_order(lambda below, above: below - above, "yv")),              ((1.2, 2.0), POSITIVE)),
    "iv":        ((_unknown, _by_order(lambda below, above: below + above, "iv")),              ((1.2, 2.0), POSITIVE)),
    "kv":        ((_unknown, _by_order(lambda below, above: -(below + above), "kv")),           ((1.2, 2.0), POSITIVE)),
    # elliptic and exponential integrals
    "ellipk":    ((lambda y, m: (_of_scipy("ellipe")(m) - (1 - m) * y) / (2 * m * (1 - m)),),               (_PART,)),
    "ellipe":    ((lambda y, m: (y - _of_scipy("ellipk")(m)) / (2 * m),),                                   (_PART,)),
    "ellipkinc": ((lambda y, phi, m: 1 / np.sqrt(_radicand(phi, m)), _unknown),                         (_PART, _PART)),
    "ellipeinc": ((lambda y, phi, m: np.sqrt(_radicand(phi, m)), _unknown),                             (_PART, _PART)),
    "exp1":      ((lambda y, x: -np.exp(-x) / x,),                                                         (_SMALL,)),
    "expi":      ((lambda y, x: np.exp(x) / x,),                                                           (_SMALL,)),
    "spence":    ((lambda y, x: np.log(x) / (1 - x),),                                                      (_PART,)),
    "hyp0f1":    ((_unknown, lambda y, b, x: _of_scipy("hyp0f1")(b + 1, x) / b),                  (POSITIVE, POSITIVE)),
    "wrightomega": ((lambda y, x: y / (1 + y),),                                                             (REAL,)),
}
"""One operation by its name, with its partials and their domain."""

_WITHOUT_DERIVATIVE: Final = (
    "gammaincinv", "gammainccinv", "betainc", "betaincc", "betaincinv", "betainccinv", "zetac", "agm", "jve", "yve",
    "ive", "kve", "yn", "kn", "struve", "modstruve", "ellipkm1", "elliprc", "elliprd", "elliprf", "elliprg", "elliprj",
    "expn", "hyp1f1", "hyp2f1", "hyperu", "owens_t", "voigt_profile",
)

_COMPOSED: Final[Mapping[str, tuple[OpCounts, tuple[Partial, ...], tuple[Interval, ...]]]] = {
    "expit":     ({"neg": 1, "exp": 1, "add": 1, "div": 1}, (lambda y, x: y * (1 - y),),                      (REAL,)),
    "logit":     ({"sub": 1, "div": 1, "log": 1},           (lambda y, x: 1 / (x * (1 - x)),),               (_PART,)),
    "log_expit": ({"neg": 2, "exp": 1, "log1p": 1},         (lambda y, x: _of_scipy("expit")(-x),),           (REAL,)),
    "xlogy":     ({"log": 1, "mul": 1},                     (lambda y, a, b: np.log(b), lambda y, a, b: a / b),
                                                                                                      (REAL, POSITIVE)),
    "xlog1py":   ({"log1p": 1, "mul": 1},                   (lambda y, a, b: np.log1p(b), lambda y, a, b: a / (1 + b)),
                                                                                                      (REAL, POSITIVE)),
    "entr":      ({"log": 1, "mul": 1, "neg": 1},           (lambda y, x: -np.log(x) - 1,),               (POSITIVE,)),
    "rel_entr":  ({"div": 1, "log": 1, "mul": 1},           (lambda y, a, b: np.log(a / b) + 1, lambda y, a, b: -a / b),
                                                                                                  (POSITIVE, POSITIVE)),
    "kl_div":    ({"div": 1, "log": 1, "mul": 1, "sub": 1, "add": 1},
                                                            (lambda y, a, b: np.log(a / b), lambda y, a, b: 1 - a / b),
                                                                                                  (POSITIVE, POSITIVE)),
    "cosm1":     ({"cos": 1, "sub": 1},                     (lambda y, x: -np.sin(x),),                       (REAL,)),
    "exp10":     ({"pow": 1},                               (lambda y, x: y * math.log(10),),                 (UNIT,)),
    "sindg":     ({"mul": 1, "sin": 1},                     (lambda y, x: _of_scipy("cosdg")(x) * _DEGREE,),  (REAL,)),
    "cosdg":     ({"mul": 1, "cos": 1},                     (lambda y, x: _of_scipy("sindg")(x) * -_DEGREE,), (REAL,)),
    "tandg":     ({"mul": 1, "tan": 1},                     (lambda y, x: (1 + y * y) * _DEGREE,),            (REAL,)),
}
"""What is a formula in other operations: what each element counts, the partials and their domain."""
# fmt: on

SPECIAL: Final[dict[str, Operation]] = {
    **{name: Operation(name, None, None, *known) for name, known in _OPERATIONS.items()},
    **{name: Operation(name) for name in _WITHOUT_DERIVATIVE},
    **{
        name: Operation(name, None, None, partials, domain, rule=counts)
        for name, (counts, partials, domain) in _COMPOSED.items()
    },
}
"""The rows by SciPy's names; that of a formula has its counts as its rule."""

_CALLED: Final = {"psi": "digamma", "_zeta": "zeta", "_riemann_zeta": "zeta"}
_OF_NUMPY: Final = ("cbrt", "exp2", "expm1", "log1p")  # operations of the table, by ufuncs of SciPy's own


def _row(ufunc: np.ufunc) -> Operation | None:
    """The row of a ufunc of scipy.special; None if it is none, or has no row."""
    if not is_of_scipy(ufunc):
        return None
    name = _CALLED.get(ufunc.__name__, ufunc.__name__)
    if name in _OF_NUMPY:
        return OPERATIONS[name]._replace(ufunc=ufunc, rule=None)
    row = SPECIAL.get(name)
    if row is None:
        return None
    if ufunc.nin > 2:  # no operator takes so many
        OF_MANY[ufunc] = (name,)
        return None
    partials, domain = (row.partials, row.domain) if ufunc.nin == len(row.partials) else ((), ())
    return row._replace(ufunc=ufunc, partials=partials, domain=domain)


def is_of_scipy(ufunc: np.ufunc) -> bool:
    """Whether a ufunc is one of scipy.special, which somebody has imported."""
    special = sys.modules.get("scipy.special")
    private = sys.modules.get("scipy.special._ufuncs")
    return any(getattr(module, ufunc.__name__, None) is ufunc for module in (special, private) if module is not None)


def special_row(name: str) -> Operation:
    """The row of a special function by its name, with what a user gave to SciPy's ufunc of that name."""
    ufunc = getattr(sys.modules.get("scipy.special"), name, None)
    return SPECIAL[name] if ufunc is None else BY_UFUNC[ufunc] or SPECIAL[name]


LATE.append(_row)
