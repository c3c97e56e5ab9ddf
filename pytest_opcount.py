"""Operation counts in pytest: the marks `max_ops` and `exact_ops`, the fixture `ops`, a baseline and a report.

pytest loads this module in every run where opcount is installed, so it imports nothing but pytest: opcount, and NumPy
with it, is imported with the first test that is counted, after coverage has started. What is not a hook of pytest's
is in `opcount.testing`.
"""

from __future__ import annotations

import argparse
import inspect
import json
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from opcount.testing import Ops

MARKS: Final = {
    "max_ops": "max_ops(total, **limits): the test executes at most so many operations, in all, by kind or by group",
    "exact_ops": "exact_ops(total, **numbers): the test executes exactly these operations, and no others",
}
DEFAULT: Final = ".opcount-baseline.json"
PROPERTY: Final = "opcount"
_OPS: Final = pytest.StashKey["Ops | None"]()  # None once a test has been called that is not counted, or was
_BEFORE: Final = pytest.StashKey["dict[str, Any] | None"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("opcount", "operation counts (opcount)")
    file: dict[str, Any] = {"nargs": "?", "const": "", "type": _json_file, "metavar": "FILE"}
    where = f"{DEFAULT} in pytest's rootdir, unless there is a FILE"
    group.addoption(
        "--ops-save", **file, help=f"Write what each test that passes counts into the baseline: {where}. Others stay."
    )
    group.addoption(
        "--ops-compare", **file, help=f"Fail each test that counts more of any kind than in the baseline: {where}."
    )
    group.addoption("--ops-report", action="store_true", help="Show what each test counts, the most first.")


def _json_file(given: str) -> str:
    if given and not given.endswith(".json"):  # as in --ops-save tests/, which would be taken for the file
        raise argparse.ArgumentTypeError(f"the file is to end in .json, and {given!r} does not: write it after a '='")
    return given


def pytest_configure(config: pytest.Config) -> None:
    for line in MARKS.values():
        config.addinivalue_line("markers", line)
    config.stash[_BEFORE] = None
    if hasattr(config, "workerinput"):  # a worker of xdist's, whose results go to the controller
        config.stash[_BEFORE] = config.workerinput.get("opcount_before")
    elif _counts_all(config):
        if config.option.ops_compare is not None:
            config.stash[_BEFORE] = _read(_path(config, config.option.ops_compare), "--ops-compare")
        if config.option.ops_save is not None:  # a wrong file is reported now, not after all the tests
            _kept(_path(config, config.option.ops_save))
        config.pluginmanager.register(_Results(config), "opcount-results")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["opcount_before"] = node.config.stash[_BEFORE]


def _counts_all(config: pytest.Config) -> bool:
    option = config.option
    return option.ops_save is not None or option.ops_compare is not None or option.ops_report


def _path(config: pytest.Config, given: str) -> Path:
    return config.invocation_params.dir / given if given else config.rootpath / DEFAULT


def _read(path: Path, option: str) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise pytest.UsageError(f"{option}: there is no {path}; write it with --ops-save") from None
    except (OSError, ValueError) as error:
        raise pytest.UsageError(f"{option}: cannot read {path}: {error}") from None
    if not isinstance(found, dict) or not all(isinstance(counts, dict) for counts in found.values()):
        raise pytest.UsageError(f"{option}: {path} is no baseline, which has counts by test; write it with --ops-save")
    return found


def _kept(path: Path) -> dict[str, Any]:
    if not path.parent.is_dir():
        raise pytest.UsageError(f"--ops-save: there is no folder {path.parent}")
    return _read(path, "--ops-save") if path.exists() else {}


def _name(nodeid: str) -> str:
    """The name of a test, without the group that xdist appends under --dist loadgroup."""
    return re.sub(r"@[^][/:]*$", "", nodeid)


# --- one test


@pytest.hookimpl(tryfirst=True)  # before xfail is evaluated, which must not cover a wrong mark
def pytest_runtest_setup(item: pytest.Item) -> None:
    if _OPS in item.stash:  # a test that is run again
        del item.stash[_OPS]
    marks = [mark for mark in item.iter_markers() if mark.name in MARKS]
    if marks or _counts_all(item.config):
        from opcount import testing

        limits: list[dict[str, int]] = []
        exact: list[dict[str, int]] = []
        try:
            for mark in marks:
                claims = limits if mark.name == "max_ops" else exact
                claims.append(testing.claimed(mark.name, mark.args, mark.kwargs))
        except (testing.InvalidType, testing.InvalidValue) as error:
            refused = str(error)
        else:
            item.stash[_OPS] = testing.Ops(limits, exact)
            return
        pytest.fail(f"{item.nodeid}: {refused}", pytrace=False)


@pytest.fixture
def ops(request: pytest.FixtureRequest) -> Ops:
    """The count of the test's call: `ops.counts`, `ops.total`, `ops.regions`, and `ops.assert_law`."""
    stash = request.node.stash
    if _OPS not in stash:
        from opcount.testing import Ops

        stash[_OPS] = Ops()
    found: Ops | None = stash[_OPS]
    if found is None:
        pytest.fail("the fixture ops counts from the start of the test: make it an argument of the test", pytrace=False)
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    ops = item.stash.get(_OPS, None)
    if ops is None:
        item.stash[_OPS] = None
        return (yield)
    with ops.open():
        if not isinstance(item, pytest.Function):  # a doctest, or what another plugin collects
            with ops.call():
                result = yield
        else:
            function = item.obj
            is_coroutine = inspect.iscoroutinefunction(function)
            item.obj = ops.counting(function, is_coroutine)
            try:
                with _unittest_finds(item) if is_coroutine else nullcontext():
                    result = yield
            finally:
                item.obj = function
    item.stash[_OPS] = None  # what a test counted goes with it: it would be walked by the garbage collector to the end
    if not ops.started:  # a unittest that is skipped or fails in setUp still reports that itself
        pytest.fail(f"{item.nodeid}: opcount does not see its call, and cannot count it", pytrace=False)
    if ops.final is not None:
        item.user_properties.append((PROPERTY, ops.to_json()))
        before = item.config.stash[_BEFORE]
        if faults := ops.faults(None if before is None else before.get(_name(item.nodeid))):
            pytest.fail("\n".join(faults), pytrace=False)
        if vain := ops.vain:
            from opcount.counting.errors import NothingCounted

            item.warn(NothingCounted(f"{item.nodeid}: nothing was counted: {vain}"))
    return result


@contextmanager
def _unittest_finds(item: pytest.Function) -> Iterator[None]:
    """Put the counted test where unittest finds it, which looks for coroutines in the instance."""
    import unittest

    with pytest.MonkeyPatch.context() as patch:
        if isinstance(item.instance, unittest.TestCase):
            patch.setattr(item.instance, item.name, item.obj)
        yield


# --- all tests together


class _Results:
    """What the tests counted, collected where pytest reports: in the controller, if there are workers."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.counted: dict[str, dict[str, Any]] = {}  # the tests that finished
        self.passed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        found = dict(report.user_properties).get(PROPERTY)
        if report.when == "call" and isinstance(found, str):
            name = _name(report.nodeid)
            self.counted[name] = json.loads(found)
            self.passed.discard(name)
            if report.passed and not hasattr(report, "wasxfail"):
                self.passed.add(name)

    def kinds(self, name: str) -> dict[str, Any]:
        return {kind: count for kind, count in self.counted[name].items() if kind != "total"}

    def pytest_sessionfinish(self) -> None:
        if self.config.option.ops_save is None or not self.passed:
            return
        path = _path(self.config, self.config.option.ops_save)
        kept = _kept(path) | {name: self.kinds(name) for name in self.passed}
        lines = [
            f"  {json.dumps(name)}: {json.dumps(kept[name], sort_keys=True)}" for name in sorted(kept) if kept[name]
        ]
        path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8", newline="\n")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        write = terminalreporter.write_line
        if self.config.option.ops_report:
            terminalreporter.section("operations")
            for line in self.table():
                write(line)
        before = self.config.stash[_BEFORE]
        if before is not None:
            terminalreporter.section("operations against the baseline")
            for line in self.differences(before):
                write(line)
        if self.config.option.ops_save is not None and self.passed:
            saved = sum(bool(self.kinds(name)) for name in self.passed)
            write(f"operations of {saved} tests saved in {_path(self.config, self.config.option.ops_save)}")

    def table(self) -> list[str]:
        rows = []
        for name, counts in self.counted.items():
            kinds = sorted(self.kinds(name).items(), key=lambda item: _descending(item[1]))
            shown = ", ".join(f"{kind} {_shown(count)}" for kind, count in kinds[:3]) + ", ..." * (len(kinds) > 3)
            if kinds:
                rows.append((_descending(counts["total"]), name, _shown(counts["total"]), shown))
        width = max((len(total) for _, _, total, _ in rows), default=0)
        longest = max((len(name) for _, name, _, _ in rows), default=0)
        lines = [f"{total:>{width}}  {name:<{longest}}  {kinds}" for _, name, total, kinds in sorted(rows)]
        none = len(self.counted) - len(rows)
        return [*lines, *[f"{none} tests counted nothing"] * bool(none)]

    def differences(self, before: dict[str, Any]) -> list[str]:
        from opcount.testing import changes

        more, less, new = [], [], []
        for name in sorted(self.counted):
            if name not in before:
                new += [f"new: {name}: {_shown(self.counted[name]['total'])} operations"] * bool(self.kinds(name))
            elif grown := changes(before[name], self.kinds(name), more=True):
                more.append(f"more: {name}: {', '.join(grown)}")
            elif name in self.passed and (fewer := changes(before[name], self.kinds(name), more=False)):
                less.append(f"less: {name}: {', '.join(fewer)}")
        advice = ["save again, with --ops-save, what is new or less"] * bool(less or new)
        return [*more, *less, *new, *advice] or ["all as before"]


def _descending(count: object) -> tuple[bool, int]:
    # polynomials in named sizes are strings, and come first
    return (True, -count) if isinstance(count, int) else (False, 0)


def _shown(count: object) -> str:
    return f"{count:,}" if isinstance(count, int) else str(count)
