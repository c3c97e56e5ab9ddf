"""The accelerator in C does what Python does: values, counts, errors and warnings; and it keeps and loses no memory."""

import gc
import importlib.util
import itertools
import numbers
import os
import random
import subprocess
import sys
import threading
import tracemalloc
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import opcount as oc
from opcount.counting.accelerator import ACCELERATOR
from opcount.wrapping.operations import OPERATIONS, replaced
from tests.support.all_cases import all_cases
from tests.support.transcript import random_program

ROOT = Path(__file__).parents[2]
FOUR = ("add", "sub", "mul", "div")

BUILT = importlib.util.find_spec("opcount._accelerated") is not None

built = pytest.mark.skipif(not BUILT, reason="the accelerator was not built here")
accelerated = pytest.mark.skipif(not oc.accelerated, reason="the accelerator is not in use")


def run(*arguments, pure=""):
    """What Python prints, accelerated or not; it is to say nothing on the standard error."""
    environment = os.environ | {"OPCOUNT_PURE": pure, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(("value", "pure"), [("1", True), ("yes", True), ("0", not BUILT), ("", not BUILT)])
def test_the_environment_chooses(value, pure):
    code = "import opcount as oc; print(oc.accelerated); print(type(oc.wrap(2.0) * 3.0) is oc.Scalar)"
    assert run("-c", code, pure=value) == [str(not pure), "True"]


@built
def test_in_c_and_in_python_all_is_the_same():
    """A hundred thousand operations on every class of number, budgets, corrupted rows, threads, tasks, the class.

    In Python's development mode, which checks memory and the use of the interpreter's lock, and shows all warnings.
    """
    ours, python = run("-X", "dev", "-m", "tests.support.transcript"), run("-m", "tests.support.transcript", pure="1")
    assert len(ours) == len(python) > 100_000
    assert [(one, other) for one, other in zip(ours, python, strict=True) if one != other] == []


def same_rows():
    """The four rows, equal to what they are, but not the ones that are written out for speed: `bind` executes them."""
    return replaced(**{name: OPERATIONS[name]._replace() for name in FOUR})


@all_cases("seed", range(200))
def test_written_out_or_not_a_random_program_is_the_same(seed):
    draw = random.Random(seed)
    program = random_program(draw, draw.randrange(1, 100))
    fast = oc.measure(program)
    with same_rows():
        slow = oc.measure(program)
    assert fast.counts == slow.counts
    assert list(map(repr, fast.value)) == list(map(repr, slow.value))
    assert list(map(type, fast.value)) == list(map(type, slow.value))


@accelerated
@pytest.mark.parametrize("method", ["__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__", "__truediv__"])
def test_the_operators_in_c_are_there_but_while_a_row_is_replaced(method):
    own = vars(oc.Scalar)[method]
    assert type(own).__name__ == "wrapper_descriptor"
    with same_rows():
        assert method not in vars(oc.Scalar)
        assert oc.unwrap(oc.wrap(3.0) * 2.0) == 6.0
    assert vars(oc.Scalar)[method] is own


# --- memory


def million(a, b):
    for _ in range(100_000):
        c = a * b + 2.0
        c = (c - a) / b
        c = 3 * c - b * 1.5
        c = 1.0 / (c + 5)


@accelerated
@pytest.mark.parametrize("kind", [float, np.float64])
def test_a_million_operations_leave_nothing_behind(kind):
    a, b = oc.wrap(kind(1.5)), oc.wrap(kind(2.5))
    kept = (np.float64, oc.Scalar, oc.Scalar.__base__, a, b, a._value, b._value, None, 2.0)
    with oc.count() as tally, oc.count(budget=10**9), oc.region("r"):
        million(a, b)
        gc.collect()
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0], list(map(sys.getrefcount, kept))
            million(a, b)
            gc.collect()
            after = tracemalloc.get_traced_memory()[0], list(map(sys.getrefcount, kept))
        finally:
            tracemalloc.stop()
    assert tally.counts == {"mul": 600_000, "add": 400_000, "sub": 400_000, "div": 400_000}
    assert after[0] - before[0] < 20_000
    assert max(abs(one - other) for one, other in zip(after[1], before[1], strict=True)) < 200


@accelerated
@pytest.mark.parametrize("kind", [float, np.float64])
def test_many_results_that_live_are_freed(kind):
    x = oc.wrap(kind(1.5))
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(3):
            results = [x * float(i) for i in range(10_000)]
            assert len({id(result) for result in results}) == len({id(result._value) for result in results}) == 10_000
            assert [oc.unwrap(result) for result in results] == [1.5 * i for i in range(10_000)]
        del results
        gc.collect()
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert after - before < 30_000


@pytest.mark.parametrize("kind", [float, np.float64])
def test_a_value_that_is_taken_out_stays_what_it_is(kind):
    """A result that dies leaves its float to the next one only if nobody else has it."""
    x = oc.wrap(kind(1.5))
    values = [oc.unwrap(x * float(i)) for i in range(1000)]
    assert values == [1.5 * i for i in range(1000)]


class Real(numbers.Real):
    """A real number that can refer to what holds it."""

    def _none(self, *_):
        return NotImplemented

    __abs__ = __add__ = __ceil__ = __eq__ = __float__ = __floor__ = __floordiv__ = __le__ = __lt__ = __mod__ = _none
    __mul__ = __neg__ = __pos__ = __pow__ = __radd__ = __rfloordiv__ = __rmod__ = __rmul__ = __round__ = _none
    __rpow__ = __rtruediv__ = __truediv__ = __trunc__ = _none
    __hash__ = object.__hash__


class Sub(oc.Scalar):
    """A subclass, which has a deallocation of its own, a dict and weak references."""


@pytest.mark.parametrize("kind", [oc.Scalar, Sub])
def test_the_collector_finds_circles_through_a_scalar(kind):
    number = kind.__new__(kind)
    number._value = Real()
    number._value.holder = number
    gone = weakref.ref(number._value)
    del number
    gc.collect()
    assert gone() is None


def test_subclasses_come_and_go():
    for _ in range(1000):
        x = Sub(2.0)
        x.itself = x
        assert oc.unwrap(x * 3.0 + 1) == 7.0
    gone = weakref.ref(x)
    del x
    gc.collect()
    assert gone() is None


# --- the parts


@accelerated
def test_draw_takes_all_or_nothing():
    counted, left, busy = (tuple(map(ACCELERATOR.Counter, ns)) for ns in ((0, 5), (1, 2), (0,)))
    draw = ACCELERATOR.Draw(counted, left, busy[0], lambda: "otherwise")
    assert iter(draw) is draw

    def ns():
        return [counter.n for counter in (*counted, *left)]

    busy[0].n = 1
    assert next(draw) == "otherwise" and ns() == [0, 5, 1, 2]
    busy[0].n = 0
    assert next(draw) is None and ns() == [1, 6, 0, 1]
    assert next(draw) == "otherwise" and ns() == [1, 6, 0, 1]
    guarded = ACCELERATOR.Draw(counted, (), busy[0], lambda: "otherwise", counts := {})
    assert next(guarded) is None and ns() == [2, 7, 0, 1]
    counts["one"] = 1
    assert next(guarded) == "otherwise" and ns() == [2, 7, 0, 1]


@accelerated
@pytest.mark.parametrize(
    "arguments",
    [(), ((), ()), ((), (), 0, print), ((1,), (), ACCELERATOR and ACCELERATOR.Counter(), print), ([], [], None, None)],
)
def test_draw_is_made_of_counters(arguments):
    with pytest.raises(TypeError):
        ACCELERATOR.Draw(*arguments)


@accelerated
def test_counter_is_an_integer_of_64_bits():
    counter = ACCELERATOR.Counter(2**63 - 1)
    assert counter.n == 2**63 - 1
    with pytest.raises(OverflowError):
        ACCELERATOR.Counter(2**63)
    with pytest.raises(TypeError):
        ACCELERATOR.Counter("1")
    with pytest.raises(TypeError):
        counter.n = 0.5


TWICE = """
import contextvars, gc, importlib.util, sys
spec = importlib.util.spec_from_file_location("opcount._accelerated", sys.argv[1])

def load():
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    class Base:
        __slots__ = ("_value",)
        __mul__ = __rmul__ = lambda self, other: self

    class Meter:
        __slots__ = ("add", "sub", "mul", "div")

    counter, meter = module.Counter(), Meter()
    meter.mul = module.Draw((counter,), (), module.Counter(), print)
    scalar = module.make_scalar(Base, type("float64", (float,), {}), contextvars.ContextVar("m", default=meter), Meter)
    return module.number, scalar, counter

for _ in range(50):
    (number, one, n), (other_number, other, m) = load(), load()
    x, y = number(2.0), other_number(3.0)
    for _ in range(300):
        x = x * 1.0
    for _ in range(300):
        y = 1.0 * y
    assert type(x) is one is not other is type(y)
    assert (x._value, y._value, x * y) == (2.0, 3.0, y)  # by a class in Python, that of the last operation
    assert (n.n, m.n) == (299, 299)  # the first one of each is Python's
    del number, other_number, one, other, n, m, y  # the class of x stays
gc.collect()
print(sum("Scalar" in repr(kind) for kind in gc.get_objects() if isinstance(kind, type)))
"""


@built
def test_modules_loaded_more_than_once_do_not_mix_and_are_freed():
    file = importlib.util.find_spec("opcount._accelerated").origin
    assert run("-X", "dev", "-c", TWICE, file) == ["1"]


@accelerated
def test_there_is_one_scalar_class():
    from opcount.counting.meters import METER, Meter

    with pytest.raises(RuntimeError, match="already"):
        ACCELERATOR.make_scalar(oc.Scalar, np.float64, METER, Meter)
    with pytest.raises(TypeError):
        ACCELERATOR.make_scalar()


def test_a_budget_is_exact_when_threads_operate_on_numbers_and_on_arrays():
    """One takes operations one by one, the other many at once, which is several steps in Python."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    limit = 30_000
    done = []
    barrier = threading.Barrier(4)

    def numbers_alone():
        x, times = oc.wrap(1.0), 0
        barrier.wait()
        try:
            for times in itertools.count():  # noqa: B007
                x * 1.0
        except oc.BudgetExceeded:
            done.append(times)

    def arrays_alone():
        x, times = oc.wrap(np.ones(3)), 0
        barrier.wait()
        try:
            for times in itertools.count():  # noqa: B007
                x * 1.0
        except oc.BudgetExceeded:
            done.append(3 * times)

    try:
        with oc.count(budget={"mul": limit}) as tally, oc.count(budget=limit + 5), ThreadPoolExecutor(4) as pool:
            works = [numbers_alone, arrays_alone] * 2
            for future in [pool.submit(oc.propagate(work)) for work in works]:
                future.result()
    finally:
        sys.setswitchinterval(before)
    assert sum(done) == tally.counts.mul
    assert limit - 2 <= tally.counts.mul <= limit
