"""oc.count(math=True) replaces functions of Python's modules while it is open, and restores them on any exit."""

import contextlib
import gc
import math
import os
import random
import statistics
import sys
import threading
import types
from math import fsum as total
from math import sin

import pytest

import opcount as oc
from opcount.counting import replacing
from tests.support.faults import planted

ORIGINAL = dict(vars(math))


def bound():
    """All names of all modules that are bound to functions, by identity."""
    return {
        (module, name): id(value)
        for module, held in list(sys.modules.items())
        for name, value in list(getattr(held, "__dict__", {}).items())
        if callable(value)
    }


@contextlib.contextmanager
def restoring():
    """Check that names are bound afterwards to what they were bound to before, and that a wrapped number is refused."""
    before = bound()
    yield
    gc.collect()
    after = bound()
    assert {key for key in before if after.get(key, before[key]) != before[key]} == set()
    with pytest.raises(oc.Uncounted):
        math.sin(oc.wrap(0.5))


def test_names_are_restored():
    with restoring(), oc.count(math=True):
        assert sin is not ORIGINAL["sin"] and math.sin is sin and total is math.fsum
        assert random._log is math.log and statistics.fsum is math.fsum
        assert sin(0.5) == ORIGINAL["sin"](0.5)


def test_the_check_that_names_are_restored_finds_one_that_is_not():
    with planted(replacing, _restore=lambda: None), pytest.raises(AssertionError), restoring(), oc.count(math=True):
        pass
    with oc.count(math=True):
        pass
    assert sin is ORIGINAL["sin"]


def test_names_are_restored_after_an_error_and_after_nested_counts():
    with restoring(), pytest.raises(ValueError, match="mine"), oc.count(math=True):
        raise ValueError("mine")
    with restoring(), oc.count(math=True):
        with oc.count(math=True), oc.count():
            sin(oc.wrap(0.5))
        sin(oc.wrap(0.5))
    with restoring(), pytest.raises(oc.OpcountError, match="open already"):
        enter_twice(oc.count(math=True))


def enter_twice(block):
    with block, block:
        pass


def test_a_decorated_function_has_them_for_each_call():
    @oc.count(math=True)
    def f(x):
        return sin(x)

    with restoring():
        assert oc.unwrap(f(oc.wrap(0.5))) == sin(0.5)
        assert oc.unwrap(f(oc.wrap(0.5))) == sin(0.5)


def generator():
    with oc.count(math=True):
        yield sin(oc.wrap(0.5))


def test_names_are_restored_after_a_generator_that_is_finished_dropped_or_left_open():
    with restoring():
        assert len(list(generator())) == 1
    with restoring():
        suspended = generator()
        next(suspended)
        del suspended
    with restoring():
        suspended = generator()
        with pytest.raises(oc.OpcountError, match="reverse order"), oc.count(math=True):
            next(suspended)
        assert sin is ORIGINAL["sin"]
        with pytest.raises(oc.OpcountError, match="reverse order"):
            suspended.close()


def test_counts_that_are_left_in_another_order_restore_them():
    with restoring():
        outer, inner = oc.count(math=True), oc.count(math=True)
        outer.__enter__()
        inner.__enter__()
        with pytest.raises(oc.OpcountError, match="reverse order"):
            outer.__exit__(None, None, None)
        with contextlib.suppress(oc.OpcountError):
            inner.__exit__(None, None, None)


def test_a_count_in_another_thread_keeps_them_until_the_last_is_closed():
    entered, leave = threading.Event(), threading.Event()
    counts = []

    def work():
        with oc.count(math=True) as tally:
            entered.set()
            leave.wait(10)
            sin(oc.wrap(0.5))
        counts.append(tally.counts)

    with restoring():
        thread = threading.Thread(target=work)
        with oc.count(math=True) as tally:
            thread.start()
            entered.wait(10)
            sin(oc.wrap(0.5))
        assert sin is not ORIGINAL["sin"]
        leave.set()
        thread.join()
    assert counts == [tally.counts] == [{"sin": 1}]


def test_many_threads_at_once():
    def work():
        for _ in range(5):
            with oc.count(math=True) as tally:
                sin(oc.wrap(0.5)), math.fsum(oc.wrap([1.0, 2.0]))
            found.append(tally.counts == {"sin": 1, "add": 1})

    found = []
    with restoring():
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [True] * 20


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_that_is_forked_inside_has_the_names_of_before():
    with restoring(), oc.count(math=True):
        child = os.fork()
        if not child:
            os._exit(0 if sin is ORIGINAL["sin"] and math.sin is sin else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert sin is not ORIGINAL["sin"]


def test_a_module_that_is_imported_meanwhile_is_left_without_replacements():
    module = types.ModuleType("imported_meanwhile")
    with restoring():
        with oc.count(math=True):
            exec("from math import sin, cos as c\nclass A:\n    f = sin\n", vars(module))
            sys.modules[module.__name__] = module
            assert module.A().f(0.5) == sin(0.5)  # it is no method
        assert module.sin is ORIGINAL["sin"] and module.c is ORIGINAL["cos"]
        with pytest.raises(oc.Uncounted):
            module.A.f(oc.wrap(0.5))
    del sys.modules[module.__name__]


def test_code_that_belongs_to_no_module_has_them_too():
    scope = {"oc": oc}
    program = "from math import sin\nwith oc.count(math=True) as tally:\n    y = sin(oc.wrap(0.5))\n"
    with restoring():
        exec(program, scope)
    assert scope["tally"].counts == {"sin": 1} and scope["sin"] is ORIGINAL["sin"]


def test_what_is_kept_elsewhere_is_refused_as_before():
    kept = [math.sin]
    sine = math.sin
    with restoring(), oc.count(math=True) as tally:
        with pytest.raises(oc.Uncounted):
            kept[0](oc.wrap(0.5))
        with pytest.raises(oc.Uncounted, match="by their names in modules"):
            sine(oc.wrap(0.5))
    assert tally.counts == {}


def test_plain_numbers_are_not_affected():
    with oc.count(math=True) as tally:
        assert math.sin(0.5) == ORIGINAL["sin"](0.5) and math.fsum(iter([0.1] * 10)) == 1.0
        assert math.dist((0, 0), (3, 4)) == 5.0 and math.comb(5, 2) == 10 and statistics.mean([1, 2]) == 1.5
        assert repr(math.sin) == repr(ORIGINAL["sin"]) and math.sin.__name__ == "sin"
        with pytest.raises(ValueError, match="domain"):
            math.sqrt(-1)
        with pytest.raises(TypeError):
            math.sin("a")
    assert tally.counts == {}


@pytest.mark.parametrize("wrong", [1, None, "True"])
def test_another_value_than_a_truth_value_is_refused(wrong):
    with pytest.raises(oc.InvalidType, match="math is True or False"):
        oc.count(math=wrong)
