"""A count that is interrupted: by a generator that is suspended inside it, by a signal, by a fork."""

import contextlib
import contextvars
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import opcount as oc

ROOT = Path(__file__).parents[2]
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
X, S = oc.wrap(np.array([1.0, 2.0, 3.0])), oc.wrap(2.0)

# --- a generator that is suspended inside a block


@pytest.mark.parametrize("block", [oc.count, lambda: oc.region("a"), oc.paused])
@pytest.mark.parametrize("program", [lambda: S * S, lambda: X * X, lambda: np.diff(X), lambda: oc.record({"mul": 1})])
def test_what_is_executed_while_a_generator_is_suspended_inside_is_refused(block, program):
    def generator():
        with block():
            S + S
            yield
            S + S

    def work():
        with oc.count() as tally:
            suspended = generator()
            next(suspended)
            with pytest.raises(oc.OpcountError, match=r"generator .*generator was suspended inside"):
                program()
            with contextlib.suppress(StopIteration):
                next(suspended)
            program()
        return tally.counts.add

    assert contextvars.copy_context().run(work) in (0, 2)  # in a pause nothing counts


def test_a_generator_that_is_a_context_manager_counts_its_caller():
    @contextlib.contextmanager
    def counting():
        with oc.count() as tally, oc.region("inside"):
            yield tally

    with counting() as tally:
        S * S
        X * X
    assert tally.counts == tally.regions["inside"] == {"mul": 4}

    def hidden():  # in a generator again
        with counting() as tally:
            yield tally

    suspended = hidden()
    next(suspended)
    with pytest.raises(oc.OpcountError, match="suspended"):
        S * S
    suspended.close()
    S * S


def test_what_outlives_a_generator_still_counts_for_it():
    def generator():
        with oc.count() as tally:
            yield tally, contextvars.copy_context()

    (found,) = generator()
    tally, context = found
    context.run(lambda: S * S)
    assert tally.counts == {"mul": 1}


@pytest.fixture
def counting():
    with oc.count() as tally:
        yield tally


def test_a_fixture_counts_its_test(counting):
    S * S
    assert counting.counts == {"mul": 1}


# --- signals and forks


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timer")
def test_a_signal_handler_that_executes_an_operation_does_not_hang():
    code = """
        import signal, time, numpy as np, opcount as oc
        x = oc.wrap(np.ones(3))
        handled = 0
        def handle(*_):
            global handled
            x * x
            handled += 1
        signal.signal(signal.SIGALRM, handle)
        signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
        executed, start = 0, time.monotonic()
        with oc.count() as tally:
            while time.monotonic() - start < 1.5:
                x + x
                executed += 1
            signal.setitimer(signal.ITIMER_REAL, 0)
        assert handled > 100, handled
        assert tally.counts == {"add": 3 * executed, "mul": 3 * handled}, (tally.counts, executed, handled)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, check=True, timeout=60)


@needs_fork
def test_a_child_that_is_forked_while_another_thread_counts_does_not_hang():
    code = """
        import os, sys, threading, warnings, numpy as np, opcount as oc
        warnings.simplefilter("ignore")
        x, stop = oc.wrap(np.ones(3)), False
        def work():
            with oc.count():
                while not stop:
                    x * x
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for _ in range(40):
            pid = os.fork()
            if pid == 0:
                os._exit(oc.measure(lambda v: v * v, np.ones(3)).counts != {"mul": 3})
            assert os.waitpid(pid, 0)[1] == 0
        stop = True
        for thread in threads:
            thread.join()
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, check=True, timeout=60)


@needs_fork
def test_a_child_that_is_forked_inside_a_count_is_not_lost_in_silence():
    code = """
        import os, opcount as oc
        s = oc.wrap(2.0)
        with oc.count() as outer, oc.count() as inner:
            s * s
            pid = os.fork()
            if pid == 0:
                try:
                    s * s
                except oc.Uncounted as error:
                    assert "oc.measure" in str(error) and "oc.record" in str(error)
                    with oc.paused():
                        s * s
                    assert oc.measure(lambda v: v * v, 2.0).counts == {"mul": 1}
                else:
                    os._exit(1)
            else:
                assert os.waitpid(pid, 0)[1] == 0
                s + s
        if pid:
            assert inner.counts == outer.counts == {"mul": 1, "add": 1}
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, check=True, timeout=60)


LEFT_OPEN = """
    import signal, oc_blocks, opcount as oc, numpy as np
    from opcount.counting.meters import OPEN, NOBODYS, meter
    def interrupt(*_):
        raise KeyboardInterrupt
    signal.signal(signal.SIGALRM, interrupt)
    interrupted = 0
    for turn in range(400):
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.0003 + turn * 1e-6)
            while True:
                oc_blocks.block()
        except KeyboardInterrupt:
            interrupted += 1
        assert not OPEN and meter() is NOBODYS, (turn, OPEN, meter())
    assert interrupted == 400
"""
BLOCKS = {
    "count": "with oc.count(): pass",
    "a count and a region": "with oc.count(), oc.region('a/b'): pass",
    "paused": "with oc.paused(): pass",
    "measure": "oc.measure(abs, 2.0)",
    "gradient": "oc.gradient(lambda x: x * x, 2.0)",
    "a decorated function": "decorated()",
}


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timer")
@pytest.mark.parametrize("name", BLOCKS)
def test_an_interrupt_leaves_no_count_open(name, tmp_path):
    module = f"import opcount as oc\n@oc.count()\ndef decorated(): pass\ndef block():\n    {BLOCKS[name]}\n"
    (tmp_path / "oc_blocks.py").write_text(module)
    where = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    subprocess.run([sys.executable, "-c", textwrap.dedent(LEFT_OPEN)], env=where, check=True, timeout=100)


INTERRUPTED = """
    import signal, sys, time, opcount as oc, numpy as np
    s, x = oc.wrap(2.0), oc.wrap(np.ones(2))
    def interrupt(*_):
        raise KeyboardInterrupt
    signal.signal(signal.SIGALRM, interrupt)
    for turn in range(300):
        with oc.paused():
            pass
        try:
            with oc.count() as tally:
                signal.setitimer(signal.ITIMER_REAL, 0.0003 + turn * 1e-6)
                while True:
                    with oc.region("a"), oc.count(), oc.paused():
                        s * s
        except KeyboardInterrupt:
            pass
        signal.setitimer(signal.ITIMER_REAL, 0)
        s * s  # nobody counts any more, and no count is left open
        with oc.count() as after:
            s + s
        assert after.counts == {"add": 1}
    from opcount.counting.meters import OPEN, NOBODYS, meter
    del tally, after
    assert not OPEN and meter() is NOBODYS, (OPEN, meter())
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timer")
def test_an_interrupt_stays_an_interrupt():
    subprocess.run([sys.executable, "-c", textwrap.dedent(INTERRUPTED)], cwd=ROOT, check=True, timeout=100)
