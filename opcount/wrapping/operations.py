"""The table of operations: one row each, which serves every number, every array and every method.

A row has the kind under which the operation counts, NumPy's ufunc, Python's operator where there is one, the local
partials, and the domain from which tests draw. To add an operation, add a row. Whoever executes an operation reads
its row at the time of the call, so that a row that was replaced is seen everywhere: `with replaced(tanh=row):`.

Partials take the output `y` and the operands, all of them wrapped and in the shape of `y` (a power alone is told which
of them are plain data). They are written with the output where that is cheaper: tanh is `1 - y*y`. They run on wrapped
values and are counted, in the phase `partials`. A partial that is known from the operation alone is a mark instead of a
function: ONE, MINUS_ONE, or NO_DERIVATIVE for one that vanishes wherever it exists. Derivatives are the textbook ones,
as in Abramowitz and Stegun, Handbook of Mathematical Functions, chapters 4.1 to 4.6.

The domain is where the operands may lie for the value and the partials to be finite and smooth, an interval for each.
A row without one has a value for NumPy's numbers alone, and none for a Fraction or a Decimal.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from numbers import Number
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import numpy as np


class Structural(NamedTuple):
    """A local partial that is 1 or -1 whatever the operands are: a product with it is a copy or a negation."""

    sign: int


ONE: Final = Structural(1)
MINUS_ONE: Final = Structural(-1)
NO_DERIVATIVE: Final = None


class Edge(Protocol):
    """A derivative that is a linear map already, as those of operations that join or move whole arrays."""

    def push(self, tangent: object, /) -> Any: ...

    def pull(self, adjoint: object, /) -> Any: ...


Interval = tuple[float, float]
Partial = Callable[..., Any] | Structural | Edge | None
OpCounts = Mapping[str, int]


class Operation(NamedTuple):
    """A row of the table: one operation, with all that is known about it."""

    kind: str
    ufunc: np.ufunc | None = None
    python: Callable[..., Any] | None = None  # Python's operator, or what executes an operation that has no ufunc
    partials: tuple[Partial, ...] = ()
    domain: tuple[Interval, ...] = ()
    exact: Callable[..., Any] | None = None  # what an integer, a Fraction or a Decimal has for the ufunc
    called: str = ""  # where it has a name besides its kind
    rule: Callable[..., Any] | OpCounts | None = None  # its count, instead of one of its kind; a user may register one
    compares: bool = False  # whether it gives truth values, by an operator: they are ordinary control flow
    moves: bool = False  # whether it may put data beside what depends on an input

    @property
    def name(self) -> str:
        """The name of the operation in a graph and in the table."""
        return self.called or self.kind

    @property
    def value(self) -> Callable[..., Any]:
        """The function that executes the operation, on plain values and on wrapped ones."""
        execute = self.python or self.ufunc
        assert execute is not None
        return execute

    @property
    def is_of_every_number(self) -> bool:
        """Whether the operation has a value for every class of numbers, nodes of a graph included."""
        return bool(self.domain) or self.compares


# --- partials that take more than a line


def is_plain(operand: object) -> bool:
    """Whether a value is data: a number or an array that is not wrapped."""
    return not hasattr(operand, "_plain")


def _chosen_by(condition: Any, a: Any, b: Any) -> Any:
    """`a` where the condition holds, `b` elsewhere; choosing is free, since the comparison was counted."""
    if isinstance(condition, (bool, np.bool_)):
        return a if condition else b
    return np.where(condition, a, b)


def _share(y: Any, own: Any, other: Any) -> Any:
    """The partial of a maximum or minimum for one operand: 1 or 0, one half at a tie, nan if the value is nan.

    It is a number like any other, not a structural constant. A value that equals neither operand is nan.
    """
    chosen, rival = y == own, y == other
    plain = (operand._plain() for operand in (y, own, other))
    half = next((type(x)(1) / 2 for x in plain if isinstance(x, (Fraction, Decimal))), 0.5)
    share = _chosen_by(chosen, _chosen_by(rival, half, 1), _chosen_by(rival, 0, y))
    return share if isinstance(chosen, (bool, np.bool_)) else share.astype(np.result_type(y.dtype, 0.5))


def _power_by_base(y: object, x: Any, n: Any) -> Any:
    """n * x**(n-1), and 0 if n is 0, even at x = 0, where the product would be 0 times infinity.

    A plain exponent stays plain: its n - 1 belongs to the row, and determines which power is executed.
    """
    if not is_plain(n):
        return n * x ** _chosen_by(n == 0, n, n - 1)
    return ONE if not isinstance(n, np.ndarray) and n == 1 else n * x ** (n - 1)


def _float_power_by_base(y: Any, x: Any, n: object) -> Any:
    return _power_by_base(y, x, np.asarray(n, float)[()] if is_plain(n) else n)


def _power_by_exponent(y: Any, x: Any, n: Any) -> Any:
    """y * log(x), with the logarithm 0 if x is 0: the limit for n > 0, and nan for n < 0, since y is infinite."""
    base = y._lifted(x)
    kind: Any = type(base._plain())
    one = y._lifted(kind(1) if issubclass(kind, Number) else 1)
    with np.errstate(invalid="ignore"):
        return y * np.log(_chosen_by((x if is_plain(x) else base) != 0, base, one))


def _logistic(y: object, a: Any, b: Any) -> Any:
    """exp(a) / (exp(a) + exp(b)), without the difference a - y, which loses digits if the operands are large."""
    with np.errstate(over="ignore"):  # then the quotient is 0, as it should be
        return 1 / (1 + np.exp(b - a))


def _over_square_plus_1(y: object, x: Any) -> Any:
    with np.errstate(over="ignore"):
        return 1 / (1 + x * x)


def _over_norm2(part: object, a: Any, b: Any) -> Any:
    """part / (a*a + b*b), although the squares may be too large or too small for a float."""
    norm = np.hypot(a, b)
    return part / norm / norm


_LN2: Final = math.log(2)
_LN10: Final = math.log(10)

REAL: Final = (-3.0, 3.0)
POSITIVE: Final = (0.1, 3.0)
UNIT: Final = (-0.9, 0.9)
NONZERO: Final = (0.2, 3.0)
STEP: Final = (0.1, 0.9)  # between two integers


# --- the table


class Operations(MutableMapping[str, Operation]):
    """The rows by name, as items and as attributes: `OPERATIONS["mul"]` and `OPERATIONS.mul` are one row."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Operation: ...

    def __getitem__(self, name: str) -> Operation:
        row: Operation = vars(self)[name]
        return row

    def __setitem__(self, name: str, row: Operation) -> None:
        vars(self)[name] = row
        if row.rule is None:
            _WITHOUT_RULE[name] = row
        ufunc = _UFUNC_OF.setdefault(name, row.ufunc)
        if ufunc is not None:
            BY_UFUNC[ufunc] = row
        for kind, method, written in _WRITTEN_OUT.get(name, ()):
            if row is written.row:
                setattr(kind, method, written.function)
            elif vars(kind).get(method) is written.function:
                delattr(kind, method)
        for other, alias in _ALIASES.items():
            if alias == name:
                before = BY_UFUNC.get(other)
                BY_UFUNC[other] = row._replace(ufunc=other, rule=before.rule if before else None)

    __setattr__ = __setitem__

    def __delitem__(self, name: str) -> None:
        del vars(self)[name], _WITHOUT_RULE[name]
        ufunc = _UFUNC_OF.pop(name)
        if ufunc is not None:
            del BY_UFUNC[ufunc]

    def __iter__(self) -> Iterator[str]:
        return iter(vars(self))

    def __len__(self) -> int:
        return len(vars(self))


class _ByUfunc(dict[np.ufunc, Any]):
    """The rows by ufunc. Subscripted, it also has those of ufuncs of other libraries, and None for what has no row."""

    def __missing__(self, ufunc: np.ufunc) -> Operation | None:
        row = _MET.get(ufunc)
        if row is None:
            row = next((row for find in LATE if (row := find(ufunc)) is not None), None)
            if row is not None and ufunc in _RULES:
                row = row._replace(rule=_RULES[ufunc])
            if row is not None and row.name not in OPERATIONS:  # which may be replaced
                _MET[ufunc] = row
        return row


BY_UFUNC: Final = _ByUfunc()
"""The rows in force by ufunc; if a row was replaced, the new one by the ufunc of the old."""

LATE: Final[list[Callable[[np.ufunc], Operation | None]]] = []
"""What finds the row of another library's ufunc, when it is met; see `special`."""

_MET: Final[dict[np.ufunc, Operation]] = {}  # such rows
_RULES: Final[dict[np.ufunc, Any]] = {}  # the counts that users gave to such ufuncs

_UFUNC_OF: Final[dict[str, np.ufunc | None]] = {}
_WITHOUT_RULE: Final[dict[str, Operation]] = {}  # the rows as they were before users gave them counts
_ALIASES: Final = {np.fabs: "abs"}  # what is an operation of the table under another name of NumPy's


class _Written(NamedTuple):
    row: Operation
    function: Callable[..., Any]


_WRITTEN_OUT: Final[dict[str, list[tuple[type, str, _Written]]]] = {}

OPERATIONS: Final = Operations()


def written_out(kind: type, methods: Mapping[str, str]) -> None:
    """Declare that a class writes these methods out for speed, each for the row that has the name now.

    Wherever another row has the name, the class is without the method, and does what the class above it does.
    """
    for method, name in methods.items():
        written = _Written(OPERATIONS[name], vars(kind)[method])
        _WRITTEN_OUT.setdefault(name, []).append((kind, method, written))


# fmt: off
_ROWS: Final = (
    Operation("add",         np.add,           operator.add,      (ONE, ONE),                             (REAL, REAL)),
    Operation("sub",         np.subtract,      operator.sub,      (ONE, MINUS_ONE),                       (REAL, REAL)),
    Operation("mul",         np.multiply,      operator.mul,      (lambda y, a, b: b, lambda y, a, b: a), (REAL, REAL)),
    Operation("div",         np.divide,        operator.truediv,  (lambda y, a, b: 1 / b,
                                                                   lambda y, a, b: -y / b),            (REAL, NONZERO)),
    Operation("floordiv",    np.floor_divide,  operator.floordiv, (NO_DERIVATIVE, NO_DERIVATIVE),   (STEP, (1.1, 3.0))),
    Operation("mod",         np.remainder,     operator.mod,      (ONE, lambda y, a, b: -(a // b)),
                                                                                           ((3.1, 3.9), (1.0, 1.02))),
    Operation("fmod",        np.fmod,          None,              (ONE, lambda y, a, b: -np.trunc(a / b))),
    Operation("neg",         np.negative,      operator.neg,      (MINUS_ONE,),                                (REAL,)),
    Operation("abs",         np.absolute,      operator.abs,      (lambda y, x: np.sign(x),),               (NONZERO,)),
    Operation("sign",        np.sign,          None,              (NO_DERIVATIVE,),                         (NONZERO,),
              exact=lambda x: type(x)((x > 0) - (x < 0))),
    Operation("copysign",    np.copysign),
    Operation("heaviside",   np.heaviside),
    Operation("mul",         np.square,        lambda x: x * x,   (lambda y, x: 2 * x,), (REAL,), called="square"),
    Operation("pow",         np.power,         operator.pow,      (_power_by_base, _power_by_exponent),
                                                                                                    (POSITIVE, REAL)),
    Operation("pow",         np.float_power,   None,              (_float_power_by_base, _power_by_exponent),
              called="float_power"),
    Operation("sqrt",        np.sqrt,          None,              (lambda y, x: 1 / (2 * y),),             (POSITIVE,)),
    Operation("cbrt",        np.cbrt,          None,              (lambda y, x: 1 / (3 * y * y),),         (POSITIVE,)),
    Operation("hypot",       np.hypot,         None,              (lambda y, a, b: a / y,
                                                                   lambda y, a, b: b / y),            (POSITIVE, REAL)),
    Operation("exp",         np.exp,           None,              (lambda y, x: y,),                           (REAL,)),
    Operation("exp2",        np.exp2,          None,              (lambda y, x: y * _LN2,),                    (REAL,)),
    Operation("expm1",       np.expm1,         None,              (lambda y, x: np.exp(x),),                   (REAL,)),
    Operation("log",         np.log,           None,              (lambda y, x: 1 / x,),                   (POSITIVE,)),
    Operation("log2",        np.log2,          None,              (lambda y, x: 1 / (x * _LN2),),          (POSITIVE,)),
    Operation("log10",       np.log10,         None,              (lambda y, x: 1 / (x * _LN10),),         (POSITIVE,)),
    Operation("log1p",       np.log1p,         None,              (lambda y, x: 1 / (1 + x),),          ((-0.9, 3.0),)),
    Operation("logaddexp",   np.logaddexp,     None,              (_logistic,
                                                                   lambda y, a, b: _logistic(y, b, a)),   (REAL, REAL)),
    Operation("logaddexp2",  np.logaddexp2),
    Operation("sin",         np.sin,           None,              (lambda y, x: np.cos(x),),                   (REAL,)),
    Operation("cos",         np.cos,           None,              (lambda y, x: -np.sin(x),),                  (REAL,)),
    Operation("tan",         np.tan,           None,              (lambda y, x: 1 + y * y,),            ((-1.2, 1.2),)),
    Operation("arcsin",      np.arcsin,        None,              (lambda y, x: 1 / np.sqrt((1 - x) * (1 + x)),),
                                                                                                             (UNIT,)),
    Operation("arccos",      np.arccos,        None,              (lambda y, x: -1 / np.sqrt((1 - x) * (1 + x)),),
                                                                                                             (UNIT,)),
    Operation("arctan",      np.arctan,        None,              (_over_square_plus_1,),                      (REAL,)),
    Operation("arctan2",     np.arctan2,       None,              (lambda y, a, b: _over_norm2(b, a, b),
                                                                   lambda y, a, b: _over_norm2(-a, a, b)),
                                                                                                     (REAL, POSITIVE)),
    Operation("sinh",        np.sinh,          None,              (lambda y, x: np.cosh(x),),                  (REAL,)),
    Operation("cosh",        np.cosh,          None,              (lambda y, x: np.sinh(x),),                  (REAL,)),
    Operation("tanh",        np.tanh,          None,              (lambda y, x: 1 - y * y,),                   (REAL,)),
    Operation("arcsinh",     np.arcsinh,       None,              (lambda y, x: 1 / np.hypot(x, 1),),          (REAL,)),
    Operation("arccosh",     np.arccosh,       None,              (lambda y, x: 1 / (np.sqrt(x - 1) * np.sqrt(x + 1)),),
                                                                                                        ((1.2, 3.0),)),
    Operation("arctanh",     np.arctanh,       None,              (lambda y, x: 1 / ((1 - x) * (1 + x)),),     (UNIT,)),
    Operation("floor",       np.floor,         None,              (NO_DERIVATIVE,),  (STEP,), exact=math.floor),
    Operation("ceil",        np.ceil,          None,              (NO_DERIVATIVE,),   (STEP,), exact=math.ceil),
    Operation("trunc",       np.trunc,         None,              (NO_DERIVATIVE,),  (STEP,), exact=math.trunc),
    Operation("round",       np.rint,          None,              (NO_DERIVATIVE,),        ((0.6, 0.9),), exact=round),
    Operation("lt",          np.less,          operator.lt, compares=True),
    Operation("le",          np.less_equal,    operator.le, compares=True),
    Operation("gt",          np.greater,       operator.gt, compares=True),
    Operation("ge",          np.greater_equal, operator.ge, compares=True),
    Operation("eq",          np.equal,         operator.eq, compares=True),
    Operation("ne",          np.not_equal,     operator.ne, compares=True),
    Operation("maximum",     np.maximum,       None,              (_share, lambda y, a, b: _share(y, b, a)),
              ((0.1, 1.0), (1.1, 3.0)), exact=max),
    Operation("minimum",     np.minimum,       None,              (_share, lambda y, a, b: _share(y, b, a)),
              ((0.1, 1.0), (1.1, 3.0)), exact=min),
    Operation("fmax",        np.fmax),
    Operation("fmin",        np.fmin),
    Operation("isnan",       np.isnan),
    Operation("isinf",       np.isinf),
    Operation("isfinite",    np.isfinite),
    Operation("signbit",     np.signbit),
    Operation("logical_and", np.logical_and),
    Operation("logical_or",  np.logical_or),
    Operation("logical_xor", np.logical_xor),
    Operation("logical_not", np.logical_not),
    Operation("bitwise_and", np.bitwise_and,   operator.and_),
    Operation("bitwise_or",  np.bitwise_or,    operator.or_),
    Operation("bitwise_xor", np.bitwise_xor,   operator.xor),
    Operation("invert",      np.invert,        operator.invert),
    Operation("left_shift",  np.left_shift,    operator.lshift),
    Operation("right_shift", np.right_shift,   operator.rshift),
    Operation("bitwise_count", np.bitwise_count),
    Operation("gcd",         np.gcd),
    Operation("lcm",         np.lcm),
    Operation("modf",        np.modf),
    Operation("frexp",       np.frexp),
    Operation("ldexp",       np.ldexp),
    Operation("nextafter",   np.nextafter),
    Operation("spacing",     np.spacing),
)
# fmt: on

for _row in _ROWS:
    OPERATIONS[_row.name] = _row

COMPOSED: Final[Mapping[np.ufunc, tuple[str, ...]]] = {
    np.reciprocal: ("div",),
    np.divmod: ("floordiv", "mod"),
    np.deg2rad: ("mul",),
    np.rad2deg: ("mul",),
    np.radians: ("mul",),
    np.degrees: ("mul",),
    np.positive: (),
    np.conjugate: (),
}
"""NumPy's ufuncs that are not operations of the table: the kinds that one element executes."""


OF_MANY: Final[dict[np.ufunc, tuple[str, ...]]] = {}
"""The kinds of other libraries' ufuncs of more than two operands, which are no operations of the table, once met."""


def ufunc_of(operation: Operation) -> np.ufunc:
    """The ufunc under which an operation is in the table, even if its row was replaced."""
    own = OPERATIONS.get(operation.name) is operation
    ufunc = _UFUNC_OF[operation.name] if own else operation.ufunc
    assert ufunc is not None
    return ufunc


def kinds_of(ufunc: np.ufunc) -> dict[str, int] | None:
    """The operations that a ufunc executes for each element; None if it is in neither table."""
    row = BY_UFUNC[ufunc]
    if row is not None and isinstance(row.rule, Mapping):
        return dict(row.rule)
    kinds = (row.kind,) if row else COMPOSED.get(ufunc, OF_MANY.get(ufunc))
    return None if kinds is None else dict.fromkeys(kinds, 1)


def count_by(ufunc: object, rule: Callable[..., Any] | OpCounts | None) -> None:
    """Let the operation of a ufunc count by a user's rule, on every way to it; None forgets the rule."""
    if ufunc in _ALIASES:
        BY_UFUNC[ufunc] = BY_UFUNC[ufunc]._replace(rule=rule)
        return
    name = next((name for name, own in _UFUNC_OF.items() if own is ufunc), None)
    if name is not None:
        OPERATIONS[name] = _WITHOUT_RULE[name] if rule is None else OPERATIONS[name]._replace(rule=rule)
    elif isinstance(ufunc, np.ufunc):
        _MET.pop(ufunc, None)
        _RULES[ufunc] = rule
        if rule is None:
            del _RULES[ufunc]


@contextmanager
def replaced(**rows: Operation) -> Iterator[None]:
    """Have these rows instead of the table's of those names, inside; for tests, which corrupt a row.

    >>> from opcount import measure
    >>> with replaced(mul=OPERATIONS.mul._replace(kind="add")):
    ...     measure(lambda x: x * x, 3.0).counts
    Counts({'add': 1})
    """
    before = {name: OPERATIONS[name] for name in rows}
    try:
        OPERATIONS.update(rows)
        yield
    finally:
        OPERATIONS.update(before)
