"""The pytest plugin, in runs of pytest inside the tests."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

import opcount as oc

pytest_plugins = ["pytester"]

# Every test file of the inner runs starts with this: muls(n) executes n multiplications.
HEAD = """
import asyncio
import unittest
import pytest
import opcount as oc

def muls(n, kind="mul"):
    x = oc.wrap(2.0)
    for _ in range(n):
        x * 3.0 if kind == "mul" else x + 3.0

"""
INI = "[pytest]\naddopts = -p pytest_opcount -p no:cacheprovider\n"


@pytest.fixture
def run(pytester, monkeypatch):
    """Run pytest on a file that starts with HEAD, in this process: the result, outcomes by test, and messages."""
    pytester.makeini(INI)
    monkeypatch.setenv("PYTHONPATH", str(Path(oc.__file__).parents[1]))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # a test names what it needs, and the others are faster

    def run(body, *args, subprocess=False, head=HEAD):
        pytester.makepyfile(test_it=head + body)
        start = pytester.runpytest_subprocess if subprocess else pytester.runpytest_inprocess
        # where opcount is installed, the outer pytest has imported the plugin already, of which some versions warn
        quiet = "-Wignore:Module already imported:pytest.PytestAssertRewriteWarning"
        result = start("-rA", "--tb=short", quiet, *args)
        words = [line.split() for line in result.outlines]
        result.by_test = {
            word[1].partition("::")[2]: word[0]
            for word in words
            if len(word) > 1 and word[1].startswith("test_it.py::") and word[0].isupper()
        }
        result.text = result.stdout.str()
        return result

    return run


# --- marks


def test_marks_of_functions(run):
    result = run("""
@pytest.mark.max_ops(5)
def test_within(): muls(5)

@pytest.mark.max_ops(4)
def test_above(): muls(5)

@pytest.mark.max_ops(100, mul=2)
@pytest.mark.exact_ops(mul=3)
def test_both(): muls(3)

@pytest.mark.exact_ops(mul=4, add=3)
def test_not_exact(): muls(5); oc.wrap(1.0) - 1.0

@pytest.mark.exact_ops(mul=1, additive=2)
def test_exact(): muls(1); muls(1, "add"); oc.wrap(1.0) - 1.0

@pytest.mark.exact_ops(7)
def test_exact_total(): muls(4); muls(3, "add")

@pytest.mark.max_ops(transcendental=0)
def test_hidden():
    try:
        oc.wrap(1.0).__rpow__(2.5)
    except BaseException:
        pass

@pytest.mark.max_ops(0)
def test_raises(): muls(1); raise ValueError("its own")

@pytest.mark.max_ops(0)
def test_skips(): muls(1); pytest.skip("its own")

@pytest.mark.xfail
@pytest.mark.max_ops(0)
def test_xfails(): muls(1)
""")
    assert result.by_test == {
        "test_within": "PASSED",
        "test_above": "FAILED",
        "test_both": "FAILED",
        "test_not_exact": "FAILED",
        "test_exact": "PASSED",
        "test_exact_total": "PASSED",
        "test_hidden": "FAILED",
        "test_raises": "FAILED",
        "test_xfails": "XFAIL",
    }
    result.assert_outcomes(passed=3, failed=5, skipped=1, xfailed=1)
    result.stdout.fnmatch_lines(
        [
            "*+1 total: 5 counted, at most 4",
            "counted: {'mul': 5}",
            "*+1 mul: 3 counted, at most 2",
            "*+1 mul: 5 counted, exactly 4",
            "*-3 add: 0 counted, exactly 3",
            "*+1 sub: 1 counted, none named",
            "*ValueError: its own",
        ]
    )


@pytest.mark.filterwarnings("default::opcount.NothingCounted")
def test_a_limit_that_is_kept_by_counting_nothing_is_warned_of(run):
    result = run("""
@pytest.mark.max_ops(5)
def test_plain(): sum(range(5))

@pytest.mark.max_ops(mul=5, transcendental=0)
def test_plain_by_kind(): pass

@pytest.mark.max_ops(0)
def test_claims_nothing(): pass

@pytest.mark.exact_ops(0)
def test_claims_exactly_nothing(): pass

@pytest.mark.max_ops(5)
def test_counts(): muls(5)

@pytest.mark.max_ops(5)
def test_skips(): pytest.skip("its own")

def test_has_no_mark(): pass
""")
    result.assert_outcomes(passed=6, skipped=1, warnings=2)
    result.stdout.fnmatch_lines(
        [
            "*NothingCounted: test_it.py::test_plain: nothing was counted: a test of at most 5 total is to execute*",
            "*NothingCounted: test_it.py::test_plain_by_kind: nothing was counted: a test of at most 5 mul, at most 0*",
        ]
    )
    failing = run(
        """
@pytest.mark.max_ops(5)
def test_plain(): sum(range(5))
""",
        "-W",
        "error::opcount.NothingCounted",
    )
    failing.assert_outcomes(failed=1)


def test_the_closest_mark_decides(run):
    result = run("""
pytestmark = pytest.mark.max_ops(3, mul=1)

class TestC:
    pytestmark = pytest.mark.max_ops(mul=3)
    def test_class(self): muls(3)
    def test_module_still(self): muls(3); muls(1, "add")

    @pytest.mark.max_ops(mul=2)
    def test_own(self): muls(3)

@pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.exact_ops(2)), 3])
def test_each(n): muls(n)
""")
    assert result.by_test == {
        "TestC::test_class": "PASSED",
        "TestC::test_module_still": "FAILED",
        "TestC::test_own": "FAILED",
        "test_each[1]": "PASSED",
        "test_each[2]": "FAILED",  # for mul=1 of the module
        "test_each[3]": "FAILED",
    }


def test_the_call_alone_is_counted(run):
    result = run("""
@pytest.fixture
def before():
    muls(50)
    yield
    muls(50)

@pytest.mark.exact_ops(mul=2)
def test_it(before, ops):
    assert ops.total == 0
    muls(2)
    assert ops.counts == {"mul": 2} and ops.total == 2

def test_regions(ops):
    with oc.region("inner"):
        muls(1)
    assert ops.regions["inner"].mul == 1

def test_asked_too_late(request): request.getfixturevalue("ops")

@pytest.fixture
def asked(request): return request.getfixturevalue("ops")

def test_asked_in_time(asked): muls(1); assert asked.total == 1

@pytest.mark.usefixtures("ops")
@pytest.mark.exact_ops(1)
def test_asked_and_marked(request): muls(1); assert request.getfixturevalue("ops").total == 1

@pytest.fixture
def through(ops): return ops

def test_through(through): muls(1); assert through.counts.mul == 1

class TestUnit(unittest.TestCase):
    def setUp(self): muls(50)
    def tearDown(self): muls(50)
    @pytest.mark.exact_ops(mul=2)
    def test_u(self): muls(2)
    @pytest.mark.exact_ops(mul=1)
    def test_above(self): muls(2)
    @pytest.mark.exact_ops(mul=1)
    def test_raises(self): raise KeyError("its own")
    @pytest.mark.exact_ops(mul=1)
    @unittest.skip("its own")
    def test_skipped(self): pass
""")
    assert result.by_test == {
        "test_it": "PASSED",
        "test_regions": "PASSED",
        "test_asked_too_late": "FAILED",
        "test_asked_in_time": "PASSED",
        "test_asked_and_marked": "PASSED",
        "test_through": "PASSED",
        "TestUnit::test_u": "PASSED",
        "TestUnit::test_above": "FAILED",
        "TestUnit::test_raises": "FAILED",
    }
    assert "make it an argument of the test" in result.text
    assert "KeyError: 'its own'" in result.text


ASYNC = """
class TestAsync(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self): muls(50)
    @pytest.mark.exact_ops(mul=2)
    async def test_u(self): muls(1); await asyncio.sleep(0); muls(1)
    @pytest.mark.exact_ops(mul=1)
    async def test_above(self): muls(2)

@pytest.mark.asyncio
@pytest.mark.exact_ops(mul=3)
async def test_tasks():
    async def other(): muls(1)
    muls(1)
    await asyncio.gather(other(), asyncio.to_thread(muls, 1))

@pytest.mark.asyncio
@pytest.mark.max_ops(mul=2)
async def test_above(): await asyncio.sleep(0); muls(3)

from hypothesis import given, settings, strategies
@pytest.mark.asyncio
@pytest.mark.exact_ops(mul=3)
@settings(database=None)
@given(strategies.just(3))
async def test_hypothesis(n): muls(n)

@pytest.mark.exact_ops(mul=2)
@settings(database=None)
@given(strategies.just(3))
def test_hypothesis_above(n): muls(n)
"""


def test_coroutines_are_counted(run):
    settings = "asyncio_default_fixture_loop_scope=function"
    result = run(ASYNC, "-p", "pytest_asyncio.plugin", "-p", "_hypothesis_pytestplugin", "-o", settings)
    assert result.by_test == {
        "TestAsync::test_u": "PASSED",
        "TestAsync::test_above": "FAILED",
        "test_tasks": "PASSED",
        "test_above": "FAILED",
        "test_hypothesis": "PASSED",
        "test_hypothesis_above": "FAILED",
    }


THREADS = """
import contextlib, threading
import opcount as oc
from concurrent.futures import ThreadPoolExecutor

def in_threads(work):
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, [1, 1]))

def swallowing(n):
    with contextlib.suppress(TypeError):
        muls(n)

@pytest.mark.exact_ops(mul=2)
def test_propagated(): in_threads(oc.propagate(muls))

@pytest.mark.max_ops(mul=10)
def test_unseen(): in_threads(muls)

@pytest.mark.max_ops(mul=10)
def test_unseen_and_swallowed(): in_threads(swallowing)

@pytest.mark.exact_ops(mul=5)
def test_recorded(): oc.record({"mul": 5})

@pytest.mark.max_ops(mul=0)
def test_paused():
    with oc.paused(): muls(3)
"""


@pytest.mark.filterwarnings("default::opcount.NothingCounted")
def test_operations_in_threads_are_counted_or_fail_the_test(run):
    result = run(THREADS)
    assert result.by_test == {
        "test_propagated": "PASSED",
        "test_unseen": "FAILED",
        "test_unseen_and_swallowed": "FAILED",
        "test_recorded": "PASSED",
        "test_paused": "PASSED",
    }
    assert "operations were refused, and are not in the counts" in result.text and "oc.propagate" in result.text


def test_a_call_that_is_not_seen_fails(run, pytester):
    pytester.makeconftest("""
import pytest

class Own(pytest.Function):
    def runtest(self):
        type(self).original(**self.funcargs)

def pytest_pycollect_makeitem(collector, name, obj):
    if name == "test_own":
        Own.original = staticmethod(obj)
        return Own.from_parent(collector, name=name)
""")
    result = run("@pytest.mark.max_ops(5)\ndef test_own(): muls(9)\n")
    assert result.by_test == {"test_own": "FAILED"}
    assert "does not see its call" in result.text


@pytest.mark.filterwarnings("default::opcount.NothingCounted")
def test_a_wrong_mark_is_an_error_even_where_failure_is_expected(run):
    result = run("""
@pytest.mark.max_ops(foo=3)
def test_wrong(): pass

@pytest.mark.xfail
@pytest.mark.exact_ops()
def test_expected(): pass

@pytest.mark.max_ops(3)
def test_right(): pass
""")
    assert result.by_test == {"test_wrong": "ERROR", "test_expected": "ERROR", "test_right": "PASSED"}
    assert "test_it.py::test_wrong: @pytest.mark.max_ops: neither a kind of operation nor a group: foo" in result.text


# --- the baseline


BASE = """
import os
EXTRA = int(os.environ.get("EXTRA", 0))

def test_a(): muls(10 + EXTRA)
def test_b(): muls(3); muls(4 - EXTRA, "add")
def test_none(): pass
@pytest.mark.parametrize("n", [1, 2])
def test_p(n): muls(n)
@pytest.mark.xfail
def test_x(): muls(1); raise ValueError
def test_fails(): muls(1); assert EXTRA
@pytest.fixture
def broken(): raise ValueError
def test_broken(broken): muls(1)
"""


def test_save_and_compare(run, pytester, monkeypatch):
    file = pytester.path / ".opcount-baseline.json"
    result = run(BASE, "--ops-compare")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "write it with --ops-save" in result.stderr.str()

    run(BASE, "--ops-save")
    saved = file.read_text()
    assert saved == (
        '{\n  "test_it.py::test_a": {"mul": 10},\n  "test_it.py::test_b": {"add": 4, "mul": 3},\n'
        '  "test_it.py::test_p[1]": {"mul": 1},\n  "test_it.py::test_p[2]": {"mul": 2}\n}\n'
    )
    run(BASE, "--ops-save")
    assert file.read_text() == saved
    same = run(BASE, "--ops-compare", "-k", "not fails and not broken")
    assert same.ret == 0
    same.stdout.fnmatch_lines(["all as before"])

    monkeypatch.setenv("EXTRA", "3")
    result = run(BASE, "--ops-compare")
    assert result.by_test["test_a"] == "FAILED" and result.by_test["test_b"] == "PASSED"
    result.stdout.fnmatch_lines(
        [
            "*more operations than in the baseline",
            "*+3 mul: 10 -> 13",
            "more: test_it.py::test_a: +3 mul: 10 -> 13",
            "less: test_it.py::test_b: -3 add: 4 -> 1",
            "new: test_it.py::test_fails: 1 operations",
            "save again, with --ops-save, what is new or less",
        ]
    )
    assert file.read_text() == saved

    # what counts more fails, and so does not slip into the file; a test that is not run stays in it
    run(BASE, "--ops-compare", "--ops-save", "-k", "test_a or test_b")
    assert json.loads(file.read_text()) == json.loads(saved) | {"test_it.py::test_b": {"add": 1, "mul": 3}}
    run(BASE, "--ops-save", "-k", "test_a")
    assert json.loads(file.read_text())["test_it.py::test_a"] == {"mul": 13}
    # a test that counts nothing any more leaves it
    run("def test_a(): pass", "--ops-save=.opcount-baseline.json")
    assert "test_it.py::test_a" not in json.loads(file.read_text())


@pytest.mark.parametrize("text", ["{", "[]", '{"test": 3}'])
@pytest.mark.parametrize("option", ["--ops-compare", "--ops-save"])
def test_a_broken_baseline_is_a_usage_error(run, pytester, text, option):
    (pytester.path / "own.json").write_text(text)
    result = run("def test_a(): muls(1)", f"{option}=own.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR and "own.json" in result.stderr.str()
    assert (pytester.path / "own.json").read_text() == text


def test_a_missing_folder_is_a_usage_error_before_the_tests_run(run):
    result = run("def test_a(): muls(1)", "--ops-save=nowhere/own.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR and "there is no folder" in result.stderr.str()
    assert result.by_test == {}


def test_a_folder_of_tests_is_no_baseline(run):
    result = run("def test_a(): pass", "--ops-save", "test_it.py")
    assert result.ret == pytest.ExitCode.USAGE_ERROR and "end in .json" in result.stderr.str()


XDIST = ("-p", "xdist", "-n2", "--dist=loadgroup")


def test_workers_count_as_one_process_does(run, pytester, monkeypatch):
    body = BASE + "\n@pytest.mark.xdist_group('g')\n@pytest.mark.max_ops(2)\ndef test_marked(): muls(3 - EXTRA)\n"
    monkeypatch.setenv("EXTRA", "1")
    run(body, "--ops-save=one.json", "-p", "xdist")
    result = run(body, "--ops-save=two.json", *XDIST, "--ops-report", subprocess=True)
    assert (pytester.path / "one.json").read_text() == (pytester.path / "two.json").read_text()
    assert '"test_it.py::test_marked": {"mul": 2}' in (pytester.path / "two.json").read_text()
    result.stdout.fnmatch_lines(["*operations*", "11  test_it.py::test_a *mul 11"])
    monkeypatch.setenv("EXTRA", "0")
    result = run(body, "--ops-compare=one.json", *XDIST, subprocess=True)
    assert "+1 add: 3 -> 4" in result.text and "+1 total: 3 counted, at most 2" in result.text
    assert "less: test_it.py::test_a: -1 mul: 11 -> 10" in result.text


def test_report_and_junit(run, pytester):
    result = run(
        """
def test_small(): muls(2)
def test_large(): muls(1200); [muls(1, "add") for _ in range(30)]; oc.wrap(1.0) - 1; -oc.wrap(1.0)
def test_none(): pass
def test_named():
    import numpy as np
    np.matmul(oc.spec(("n", "n")), oc.spec(("n", "n")))
@pytest.mark.max_ops(0)
def test_above(): muls(1)
""",
        "--ops-report",
        "--junit-xml=out.xml",
    )
    result.stdout.fnmatch_lines(
        [
            "2*n[*][*]3 - n[*][*]2  test_it.py::test_named *",
            "*1,232  test_it.py::test_large  mul 1,200, add 30, sub 1, ...",
            "* 2  test_it.py::test_small  mul 2",
            "* 1  test_it.py::test_above  mul 1",
            "1 tests counted nothing",
        ]
    )
    cases = ElementTree.parse(pytester.path / "out.xml").iter("testcase")
    properties = {case.get("name"): [each.attrib for each in case.iter("property")] for case in cases}
    assert properties["test_small"] == [{"name": "opcount", "value": '{"total": 2, "mul": 2}'}]
    assert properties["test_above"] == [{"name": "opcount", "value": '{"total": 1, "mul": 1}'}]


def test_doctests_are_counted(run, pytester):
    pytester.makepyfile(
        example='def f():\n    """\n    >>> import opcount\n    >>> _ = opcount.wrap(2.0) * 3\n    """\n'
    )
    run("def test_a(): pass", "--ops-save=own.json", "--doctest-modules")
    assert json.loads((pytester.path / "own.json").read_text()) == {"example.py::example.f": {"mul": 1}}


@pytest.mark.parametrize(
    ("change", "outcomes"),
    [
        (("", ""), {"test_product": "PASSED", "test_law": "PASSED"}),
        (("mul=8", "mul=9"), {"test_product": "FAILED", "test_law": "PASSED"}),
        (("2*n**3", "3*n**3"), {"test_product": "PASSED", "test_law": "FAILED"}),
    ],
)
def test_the_example_of_the_readme(run, change, outcomes):
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    code = readme.partition("```py\n")[2].partition("```")[0]  # a fence of its own: it takes the plugin to run
    assert change[0] in code
    assert run(code.replace(*change), head="").by_test == outcomes


# --- it stays out of the way


@pytest.mark.parametrize(
    ("mark", "there"),
    [
        ("", False),
        ("import pytest\n@pytest.fixture\ndef ops(): pass\n@pytest.mark.usefixtures('ops')\n", False),  # not ours
        ("import pytest\n@pytest.mark.usefixtures('ops')\n", True),
        ("import pytest\n@pytest.mark.max_ops(1)\n", True),
    ],
)
def test_opcount_is_imported_where_it_is_used(run, mark, there):
    result = run(
        f"import sys\n{mark}def test_it(): assert bool({{'opcount', 'numpy'}} & sys.modules.keys()) is {there}\n",
        head="",
        subprocess=True,
    )
    assert result.by_test == {"test_it": "PASSED"}


@pytest.mark.parametrize(("early", "missed"), [(False, []), (True, [1, 2, 3])])
def test_lines_executed_at_import_are_covered(run, pytester, early, missed):
    pytester.makepyfile(mathpkg="import opcount\nA = 1\ndef f():\n    return A\n", early="import mathpkg")
    result = run(
        "import mathpkg, pytest\n@pytest.mark.max_ops(1)\ndef test_it(): assert mathpkg.f() == 1\n",
        *("-p", "early") * early,
        *("-p", "pytest_cov", "--cov=mathpkg", "--cov-report=json:cov.json"),
        head="",
        subprocess=True,
    )
    assert result.by_test == {"test_it": "PASSED"}
    files = json.loads((pytester.path / "cov.json").read_text())["files"]
    assert files["mathpkg.py"]["missing_lines"] == missed


@pytest.mark.filterwarnings("default::opcount.NothingCounted")
def test_its_marks_and_options_are_explained(run):
    assert "@pytest.mark.max_ops(total, **limits)" in run("", "--markers").text
    assert "--ops-compare=[FILE]" in run("", "--help").text.replace(" [FILE]", "=[FILE]").replace("[=FILE]", "=[FILE]")
    assert run("@pytest.mark.max_ops(1)\ndef test_a(): pass", "--strict-markers").ret == 0


# --- laws


def test_the_fixture_asserts_laws(run):
    result = run("""
def test_holds(ops): ops.assert_law(muls, range(1, 6), exactly="n")
def test_fails(ops): ops.assert_law(muls, range(1, 6), exactly="n + 1")
""")
    assert result.by_test == {"test_holds": "PASSED", "test_fails": "FAILED"}
    result.stdout.fnmatch_lines(["E * not exactly n + 1 operations, but n", "E * mul: n"])
