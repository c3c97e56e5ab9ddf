"""NumPy's own Python on wrapped values: it counts what is executed, and what would slip through is refused."""

from __future__ import annotations

import ast
import inspect
import textwrap
from contextlib import nullcontext
from types import FunctionType, ModuleType

import numpy as np
import pytest

import opcount as oc
from opcount.functions.numpys_own import STAND_INS, NoStandIn, as_array, on_wrapped, rehomed
from opcount.functions.op_counts import NoRule
from opcount.functions.rows import Executed, function_named
from opcount.functions.table import ALL
from tests.functions.test_function_counts import check_calls
from tests.support import rows
from tests.support.calls import CALLS
from tests.support.ground_truth import check_call
from tests.support.versions import of_this_numpy

OWN = {row.name: row.counts.body for row in ALL if isinstance(row.counts, Executed) and row.counts.own}

X = np.array([1.0, 2.5, 4.0, 3.0])


@pytest.mark.parametrize("name", of_this_numpy(OWN))
def test_it_counts_what_a_loop_over_objects_executes_and_gives_what_numpy_gives(name):
    assert OWN[name].__code__ is function_named(name)._implementation.__code__, "it is refused in this NumPy"
    check_calls(name, examples=40)


def broad(handler):
    """Whether it handles any error, by its source."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or getattr(kind, "id", "") in ("Exception", "BaseException") for kind in kinds)


def handlers(function):
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]


def with_helpers(function):
    """NumPy's function, and its private ones that run with other globals, which are no module's."""
    yield function
    for value in function.__globals__.values():
        if isinstance(value, FunctionType) and "__name__" not in value.__globals__ and value is not function:
            yield from with_helpers(value)


@pytest.mark.parametrize("name", OWN)
def test_no_code_that_runs_so_handles_any_error(name):
    for code in with_helpers(OWN[name]):
        assert not any(map(broad, handlers(code)))


@pytest.mark.parametrize("name", ["linalg.norm", "array_equal", "array_equiv"])
def test_numpys_code_that_handles_any_error_is_refused(name):
    function = function_named(name)
    assert any(map(broad, handlers(function._implementation)))
    with pytest.raises(NoStandIn):
        rehomed(function, {**STAND_INS, np._core.multiarray.broadcast: None})


def numpys(source, **names):
    """A function `f` of this source, as if NumPy had written it."""
    module = ModuleType("numpy.planted")
    vars(module).update(names)
    exec(textwrap.dedent(source), vars(module))
    return module.f


HANDLING = {
    "except": "", "except Exception": "Exception", "except BaseException": "BaseException",
    "one of several": "(ValueError, Exception)", "by another name": "anything",
}  # fmt: skip


@pytest.mark.parametrize("case", HANDLING)
@pytest.mark.parametrize("inside", ["f", "_helper"])
def test_a_broad_except_is_refused(case, inside):
    helper = f"""
        def {inside}(x):
            try:
                return asarray(x).sum()
            except {HANDLING[case]}:
                return 0
    """
    source = helper if inside == "f" else helper + "\n        def f(x):\n            return _helper(x)\n"
    planted = numpys(source, asarray=np.asarray, anything=Exception)
    with pytest.raises(NoStandIn, match="any error"):
        rehomed(planted, STAND_INS)


def test_a_narrow_except_a_context_and_a_finally_are_not():
    planted = numpys(
        """
        def f(x):
            with context():
                try:
                    return asarray(x)[5]
                except (IndexError, KeyError):
                    return -asarray(x)
                finally:
                    len("done")
    """,
        asarray=np.asarray,
        context=nullcontext,
    )
    with oc.count() as tally:
        rehomed(planted, {**STAND_INS, nullcontext: nullcontext})(oc.wrap(X))
    assert tally.counts == oc.Counts(neg=4)


MISSING = {
    "a function of C's": ("return fromiter(x, float)", {"fromiter": np.fromiter}, "fromiter"),
    "of a module": ("return np.fromiter(x, float)", {"np": np}, "fromiter"),
    "a module as it is": ("return getattr(np, 'fromiter')(x, float)", {"np": np}, "it uses"),
    "a class": ("return poly(x)", {"poly": np.matrix}, "poly"),
    "what nobody has": ("return nothing(x)", {}, "nothing"),
    "an array": ("return table[0] + x", {"table": X}, "table"),
    "in a function inside": ("return [fromiter(row, float) for row in x]", {"fromiter": np.fromiter}, "fromiter"),
    "an import": ("import numpy\n    return numpy.fromiter(x, float)", {}, "elsewhere"),
}  # fmt: skip


@pytest.mark.parametrize("case", MISSING)
def test_a_global_without_a_stand_in_is_refused_when_the_function_is_made(case):
    body, names, told = MISSING[case]
    planted = numpys(f"def f(x):\n    {body}\n", **names)
    with pytest.raises(NoStandIn, match=told):
        rehomed(planted, STAND_INS)
    with pytest.raises(NoRule, match=told):
        on_wrapped(planted)(X)


@pytest.mark.parametrize("name", OWN)
def test_each_function_needs_its_stand_in_for_asarray(name):
    if name not in ("allclose", "unique_values", "setxor1d", "union1d"):  # which are made of other functions alone
        with pytest.raises(NoStandIn, match="it uses"):
            rehomed(function_named(name), {})


def test_a_call_of_what_has_no_stand_in_is_refused_and_counts_nothing():
    without = on_wrapped(numpys("def f(x):\n    return x - fromiter(x, float)\n", fromiter=np.fromiter))
    refused = pytest.raises(oc.Uncounted, match=r"np\.diff: NumPy .*it uses fromiter.*write it with")
    with rows.corrupted("diff", counts=Executed(without)), oc.count() as tally, refused:
        np.diff(oc.wrap(X))
    assert tally.counts == oc.Counts()


def test_a_helper_that_calls_itself_is_treated_once():
    planted = numpys("def f(x, n):\n    return x if n == 0 else f(x, n - 1) * x\n")
    with oc.count() as tally:
        rehomed(planted, STAND_INS)(oc.wrap(2.0), 3)
    assert tally.counts == oc.Counts(mul=3)


def test_the_draws_catch_a_stand_in_that_unwraps():
    plain = on_wrapped(np.diff, {np.asanyarray: lambda x: as_array(oc.unwrap(x))})
    with rows.corrupted("diff", counts=Executed(plain)), pytest.raises(AssertionError):
        check_call("diff", ((X,), {}))


def test_each_of_them_is_drawn():
    assert OWN.keys() <= CALLS.keys()
