"""What the 250 calls count, against a class of numbers that was written for this and knows nothing of opcount."""

from __future__ import annotations

import functools
import math
import operator
import re
import sys
from collections import Counter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import opcount as oc
from analysis.reach import run
from tests.reach.test_calls import CALLS, RECORD
from tests.support.versions import AS_RECORDED

MADE: Counter[str] = Counter()
"""What numbers of this file have executed."""


def _value(other: Any) -> Any:
    return other.value if isinstance(other, Tallied) else other


def _made(kind: str, function: Any, *operands: Any) -> Any:
    if not all(isinstance(each, (Tallied, int, float, np.number)) for each in operands):
        return NotImplemented
    MADE[kind] += 1
    found = function(*map(_value, operands))
    return found if isinstance(found, (bool, np.bool_)) else Tallied(found)


class Tallied:
    """A number that notes each operation that is executed on it."""

    def __init__(self, value: Any) -> None:
        self.value = value

    __hash__ = None  # type: ignore[assignment]

    def __add__(self, other: Any) -> Any:
        return _made("add", operator.add, self, other)

    def __radd__(self, other: Any) -> Any:
        return _made("add", operator.add, other, self)

    def __sub__(self, other: Any) -> Any:
        return _made("sub", operator.sub, self, other)

    def __rsub__(self, other: Any) -> Any:
        return _made("sub", operator.sub, other, self)

    def __mul__(self, other: Any) -> Any:
        return _made("mul", operator.mul, self, other)

    def __rmul__(self, other: Any) -> Any:
        return _made("mul", operator.mul, other, self)

    def __truediv__(self, other: Any) -> Any:
        return _made("div", operator.truediv, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _made("div", operator.truediv, other, self)

    def __floordiv__(self, other: Any) -> Any:
        return _made("floordiv", operator.floordiv, self, other)

    def __mod__(self, other: Any) -> Any:
        return _made("mod", operator.mod, self, other)

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __pow__(self, other: Any) -> Any:
        if isinstance(other, int) and 0 < other <= 64:  # by squares
            MADE["mul"] += other.bit_length() - 2 + bin(other).count("1")
            return Tallied(self.value**other)
        return _made("pow", operator.pow, self, other)

    def __neg__(self) -> Any:
        return _made("neg", operator.neg, self)

    def __abs__(self) -> Any:
        return _made("abs", abs, self)

    def __round__(self, digits: int = 0) -> Any:
        return _made("round", lambda value: round(value, digits), self)

    def __floor__(self) -> Any:
        return _made("floor", math.floor, self)

    def __ceil__(self) -> Any:
        return _made("ceil", math.ceil, self)

    def __trunc__(self) -> Any:
        return _made("trunc", math.trunc, self)

    def __lt__(self, other: Any) -> Any:
        return _made("lt", operator.lt, self, other)

    def __le__(self, other: Any) -> Any:
        return _made("le", operator.le, self, other)

    def __gt__(self, other: Any) -> Any:
        return _made("gt", operator.gt, self, other)

    def __ge__(self, other: Any) -> Any:
        return _made("ge", operator.ge, self, other)

    def __eq__(self, other: object) -> Any:
        return _made("eq", operator.eq, self, other)

    def __ne__(self, other: object) -> Any:
        return _made("ne", operator.ne, self, other)

    def sqrt(self) -> Any:  # what NumPy asks an object for
        return _made("sqrt", math.sqrt, self)

    def exp(self) -> Any:
        return _made("exp", math.exp, self)

    def log(self) -> Any:
        return _made("log", math.log, self)


def tallied(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return np.array([Tallied(each) for each in value.flat] + [None], object)[:-1].reshape(value.shape)
    return Tallied(value)


def plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return np.reshape([_value(each) for each in value.flat], value.shape)
    return _value(value)


def counted(f: Any) -> Any:
    """`oc.counted` with the numbers of this file."""

    @functools.wraps(f)
    def plainly(*given: Any) -> Any:
        return plain(f(*(tallied(each) if isinstance(each, (float, np.ndarray)) else each for each in given)))

    return plainly


def executed(call: run.Call, code: str) -> dict[str, int]:
    """The operations of a call on numbers of this file."""
    own = SimpleNamespace(wrap=tallied, unwrap=plain, counted=counted)
    execute = run.prepared(call, code, {"wrap": tallied, "oc": own})
    MADE.clear()
    execute()
    return dict(MADE)


LIBRARIES = ("standard library and builtins", "pandas", "textbook NumPy")
OTHERS = {
    "standard library and builtins: fractions: Fraction * x": {"mul": 1},  # a Fraction does not know Tallied
    "textbook NumPy: softmax cross-entropy, fancy index":  # `maximum` is its own kind
        {"maximum": 6, "sub": 9, "exp": 9, "add": 6 + 2, "div": 9 + 1, "log": 3, "neg": 1},
    "textbook NumPy: two-layer network": {"mul": 9 + 3, "add": 6 + 3 + 2, "maximum": 3},
    "textbook NumPy: np.sort and np.median": {"lt": 6, "add": 1, "div": 1},  # the gt of a sort is free
    "textbook NumPy: np.einsum": {"mul": 9, "add": 6},  # a loop of objects begins with 0 +
    # A.T @ A and A.T @ b; the elimination of 3 rows and both triangles
    "textbook NumPy: least squares by normal equations":
        {"mul": 27 + 9 + 14, "add": 18 + 6, "sub": 11, "div": 6},
}  # fmt: skip
"""Hand counts, where numbers of this file cannot stand in."""

AS_IT_IS = [
    call
    for call in CALLS
    if (RECORD[call.key]["class"], RECORD[call.key]["way"]) == ("exact", "as it is")
    if call.of_library in LIBRARIES and call.name != "correlation matrix"  # NumPy asks means for their shape
]
COUNTED = [call for call in CALLS if RECORD[call.key]["way"] == "oc.counted"]


@AS_RECORDED
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("call", AS_IT_IS, ids=lambda call: call.key)
def test_what_counts_as_it_is_counts_what_is_executed(call):
    found = run.outcome(call, call.code, "as it is")
    assert found["class"] == "exact"
    assert found["counts"] == (OTHERS[call.key] if call.key in OTHERS else executed(call, call.code))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("call", COUNTED, ids=lambda call: call.key)
def test_a_counted_function_counts_all_its_calls(call):
    pytest.importorskip("scipy", reason="these are its solvers")
    found = run.outcome(call, call.other, "oc.counted")
    assert found["class"] == "exact"
    assert found["counts"] == executed(call, call.other)


def test_numbers_of_this_file_see_a_wrong_count():
    call = run.Call("", CALLS[0].setup, "planted", "x * x + 1", "exact", "")
    assert executed(call, "x * x + 1") == run.outcome(call, call.code, "as it is")["counts"] == {"mul": 4, "add": 4}
    assert executed(call, "x * x") != run.outcome(call, call.code, "as it is")["counts"]


MATH = {
    **{f"math.{name}": {name: 1} for name in
       ("exp", "log", "sin", "tanh", "sqrt", "pow", "hypot", "isfinite", "isnan", "copysign", "erf", "gamma", "gcd")},
    "math.log, with a base": {"log": 1, "div": 1},
    "math.dist": {"sub": 4, "mul": 4, "add": 3, "sqrt": 1},
    "math.atan2": {"arctan2": 1},
    "math.fsum": {"add": 3},
    "math.isclose": {"sub": 1, "abs": 3, "maximum": 2, "mul": 1, "le": 1},
    "math.radians": {"mul": 1},
    "math.ldexp": {"ldexp": 1},
    "math.frexp": {"frexp": 1},
    "map of math.sin": {"sin": 4},
    "haversine with math": {"sin": 2, "cos": 2, "arcsin": 1, "sqrt": 1, "div": 2, "mul": 2 + 2 + 1, "add": 1},
    "statistics.fmean": {"add": 3, "div": 1},
    "statistics.mean": {"add": 3, "div": 1},
    "statistics.variance": {"add": 3 + 3, "div": 1 + 1, "sub": 4, "mul": 4},
    "statistics.pvariance": {"add": 3 + 3, "div": 1 + 1, "sub": 4, "mul": 4},
    "statistics.stdev": {"add": 3 + 3, "div": 1 + 1, "sub": 4, "mul": 4, "sqrt": 1},
    "statistics.geometric_mean": {"log": 4, "add": 3, "div": 1, "exp": 1}
    | ({"gt": 4, "isnan": 1} if sys.version_info >= (3, 13) else {}),  # which looks at each number first
    "statistics.harmonic_mean": {"div": 4 + 1, "add": 3},
    "random.choices, weights": {"add": 3 + 1, "le": 1, "isfinite": 1, "mul": 1, "lt": 2},
    "cmath.exp": {"exp": 1},
}  # fmt: skip
"""Hand counts with `math=True`; a correlation and a regression are executed differently by versions of Python."""


@pytest.mark.parametrize("name", MATH)
def test_a_function_of_math_counts_what_its_definition_says(name):
    (call,) = (each for each in CALLS if each.key == f"standard library and builtins: {name}")
    found = run.outcome(call, call.code, "math=True", math=True)
    assert (found["class"], found["counts"]) == ("exact", MATH[name])


# --- the way out that a message names


SOLVED = [
    "linalg.solve(A, b)", "linalg.inv(A)", "linalg.det(A)", "linalg.cholesky(A)", "linalg.qr(A)", "linalg.norm(x)",
    "signal.convolve(x, y)", "signal.correlate(x, y)",
]  # fmt: skip


@pytest.mark.parametrize("code", SOLVED)
def test_what_a_message_names_for_scipys_function_counts_and_has_its_value(code):
    pytest.importorskip("scipy", reason="these are its functions")
    scipy = next(call for call in CALLS if call.of_library == "scipy")
    call = scipy._replace(code=code if "qr" not in code else f"list({code})")
    refused = run.outcome(call, call.code, "as it is")
    assert refused["class"] == "refused"
    (named,) = re.findall(r"write (np\..*), which counts", refused["said"])
    found = run.outcome(call, named if "qr" not in code else f"list({named})", "as the message says")
    assert found["class"] == "exact", found


@pytest.mark.parametrize("code", ["linalg.svd(A)", "linalg.eigh(A)", "linalg.pinv(A)", "fft.fft(x)", "fft.rfft(x)"])
def test_a_function_that_counts_by_a_convention_is_named_with_where_it_is_registered(code):
    pytest.importorskip("scipy", reason="these are its functions")
    call = next(call for call in CALLS if call.of_library == "scipy")._replace(code=code)
    said = run.outcome(call, code, "as it is")["said"]
    assert f"oc.register_rule(np.{code.partition('(')[0]}, rule)" in said
    with pytest.raises(oc.Uncounted, match=r"oc\.register_rule"):
        run.prepared(call, f"np.{code}", {"wrap": oc.wrap, "oc": oc})()


@AS_RECORDED
@pytest.mark.parametrize(
    ("code", "noted"),
    [
        ("sparse.diags(x)", True),
        ("linalg.solve(np.array([list(r) for r in A]), plain[:3])", True),
        ("signal.lfilter([1.0], [1.0, 0.5], np.array(list(x)))", True),
        ("stats.linregress(np.array(list(x)), np.array(list(y)))", True),
        ("np.fft.fftfreq(n)", True),
        ("linalg.solve(np.zeros((2, 3)), plain)", False),
    ],
)
def test_an_error_of_a_library_that_was_handed_wrapped_values_says_so(code, noted):
    pytest.importorskip("scipy", reason="these are its functions")
    call = next(call for call in CALLS if call.of_library == "scipy")
    with pytest.raises((TypeError, ValueError, AttributeError, NotImplementedError)) as caught, oc.count():
        run.prepared(call, code, {"wrap": oc.wrap, "oc": oc})()
    assert bool(getattr(caught.value, "__notes__", [])) is noted
