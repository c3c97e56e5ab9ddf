"""NumPy's own tests, pointed at Array.

Run by hand: `python tests/support/numpy_suite.py [module ...] [--failures] [--rules] [--most N]`.

NumPy ships its tests in the wheel. A module of them is loaded with a stand-in for NumPy: what creates an array of
numbers gives an Array, and what compares results looks at the plain values. All between is Array's, where exits are
recorded (`oc.count(uncounted="record")`). A test that does not pass runs again, through the same stand-in, with plain
arrays, and says nothing about Array where it does not pass with them either.

The score is passed / (passed + failed). What cannot be pointed at another class is set aside, by rules on the source
of a test, its parameters, and the arrays that it touches: never because it fails. `--rules` runs that too, to show
how it fares. `--most N` takes N cases of a test with more parameters than that, evenly spaced.
"""

from __future__ import annotations

import argparse
import ast
import builtins
import contextlib
import functools
import io
import json
import os
import re
import sys
import types
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

import opcount as oc
import opcount.arrays.array

TESTS = Path(np.__file__).parent
MODULES = """
    _core/test_indexing _core/test_ufunc _core/test_numeric _core/test_umath _core/test_umath_complex
    _core/test_multiarray _core/test_item_selection _core/test_einsum _core/test_shape_base _core/test_function_base
    _core/test_mem_overlap _core/test_half _core/test_nep50_promotions _core/test_regression
    lib/test_function_base lib/test_nanfunctions lib/test_index_tricks lib/test_shape_base lib/test_twodim_base
    lib/test_arraypad lib/test_stride_tricks lib/test_type_check lib/test_ufunclike lib/test_polynomial
    lib/test_arraysetops lib/test_histograms linalg/test_linalg linalg/test_regression fft/test_pocketfft
    fft/test_helper
"""


def path_of(module: str) -> Path:
    folder, _, name = module.partition("/")
    return TESTS / folder / "tests" / f"{name}.py"


# --- in and out of wrapping

NUMBERS = "biufc"
OTHER_KINDS = {"O": "objects", "S": "text", "U": "text", "T": "text", "M": "dates", "m": "dates", "V": "records"}


class Mode:
    """What the stand-in does now, and the kinds of the arrays that have passed it since a test began."""

    pointed = True
    kinds: ClassVar[set[str]] = set()


def bare(value: Any) -> Any:
    return oc.unwrap(value) if isinstance(value, (oc.Array, oc.Scalar)) else value


def plain(value: Any) -> Any:
    """Without wrapping, also inside lists, tuples, dicts and object arrays; what holds no wrapped value, as it is."""
    value = bare(value)
    if type(value) is np.ndarray:
        Mode.kinds.add(value.dtype.kind)
        return _plain_objects(value) if value.dtype == object else value
    if type(value) is dict:
        new: Any = {key: plain(item) for key, item in value.items()}
        return new if any(new[key] is not item for key, item in value.items()) else value
    if type(value) is list or isinstance(value, tuple):
        new = [plain(item) for item in value]
        if any(one is not other for one, other in zip(new, value, strict=True)):
            return same_type(value, new)
    return value


def same_type(like: Any, items: Iterable[Any]) -> Any:
    return type(like)(*items) if hasattr(like, "_fields") else type(like)(items)


def _plain_objects(value: np.ndarray) -> np.ndarray:
    if not any(isinstance(item, (oc.Array, oc.Scalar)) for item in value.flat):
        return value
    result = np.empty(value.shape, object)
    for place in np.ndindex(value.shape):
        result[place] = plain(value[place])
    return result


def pointed(value: Any) -> Any:
    """Arrays for the plain arrays of numbers in a result; objects, text, dates and records stay plain."""
    if type(value) is np.ndarray:
        Mode.kinds.add(value.dtype.kind)
        return oc.Array(value) if value.dtype.kind in NUMBERS and Mode.pointed else value
    return same_type(value, map(pointed, value)) if type(value) is list or isinstance(value, tuple) else value


# --- the stand-in for NumPy

CREATING = """
    array asarray asanyarray ascontiguousarray asfortranarray require arange zeros ones empty full eye identity tri
    fromfunction fromiter frombuffer fromstring fromfile from_dlpack loadtxt genfromtxt indices hanning hamming kaiser
    bartlett blackman tril_indices triu_indices mask_indices diag_indices fft.fftfreq fft.rfftfreq
    lib.stride_tricks.as_strided
"""
"""What makes an array without asking its arguments to dispatch."""

MOVING = """
    zeros_like ones_like empty_like full_like copy concatenate stack vstack hstack dstack column_stack block tile repeat
    diag diagflat broadcast_to broadcast_arrays meshgrid tril triu vander linspace logspace geomspace atleast_1d
    atleast_2d atleast_3d reshape ravel append
"""
"""What dispatches, and so sees no Array where its arguments are lists and numbers: its result becomes one."""


class Replaced:
    """A function of NumPy's that a test calls, and takes for the function itself."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        functools.update_wrapper(self, function)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._function, name)


class Creating(Replaced):
    def __call__(self, *args: Any, **keywords: Any) -> Any:
        if "like" in keywords:
            return self._function(*args, **keywords)
        result = self._function(*plain(args), **plain(keywords))
        for given in (*args, *keywords.values()):  # asarray(a) is a
            if isinstance(given, oc.Array) and oc.unwrap(given) is result:
                return given
        return pointed(result)


class Moving(Replaced):
    def __call__(self, *args: Any, **keywords: Any) -> Any:
        result = self._function(*args, **keywords)
        given = (args, keywords)
        return pointed(result) if plain(given) is given else result


class Comparing(Replaced):
    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return self._function(*plain(args), **plain(keywords))


class Generating(Replaced):
    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return map(pointed, self._function(*args, **keywords))


class Random:
    """A source of random numbers, or a module or class of such, whose results are Arrays."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._source, name)
        return Random(found) if callable(found) else found

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        result = self._source(*plain(args), **plain(keywords))
        return Random(result) if isinstance(result, (np.random.RandomState, np.random.Generator)) else pointed(result)


class Stacking:
    """`np.r_` and its like, which are indexed with what they put together."""

    def __init__(self, builder: Any) -> None:
        self._builder = builder

    def __getitem__(self, key: Any) -> Any:
        return pointed(self._builder[plain(key)])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._builder, name)


class StandIn:
    """A module of NumPy's with some of its names replaced."""

    __slots__ = ("_module",)

    def __init__(self, module: types.ModuleType) -> None:
        self._module = module

    @property
    def __dict__(self) -> dict[str, Any]:
        return {name: stand_in(value) for name, value in vars(self._module).items()}

    def __getattr__(self, name: str) -> Any:
        return stand_in(getattr(self._module, name))


def stand_in(found: Any) -> Any:
    if isinstance(found, types.ModuleType):
        if found is np.random:
            return Random(found)
        return StandIn(found) if found.__name__.partition(".")[0] == "numpy" else found
    try:
        return replacements().get(found, found)
    except TypeError:  # no key of a dict
        return found


@functools.cache
def replacements() -> dict[Any, Any]:
    """What stands for what, wherever in NumPy it is imported from."""
    table: dict[Any, Any] = {}
    for names, replace in ((CREATING, Creating), (MOVING, Moving)):
        table |= {function: replace(function) for function in map(_named, names.split()) if function is not None}
    for name, function in vars(np.testing).items():
        if name.startswith("assert_") and not re.search("raises|warn|gc_cycles", name):
            table[function] = Comparing(function)
    for name in ("r_", "c_", "mgrid", "ogrid"):
        table[getattr(np, name)] = Stacking(getattr(np, name))
    table |= {source: Random(source) for name, source in vars(np.random).items() if name in _SAMPLERS}
    aligned = np.testing._private.utils._gen_alignment_data
    return table | {aligned: Generating(aligned)}


_SAMPLERS = {"default_rng", *(name for name in dir(np.random.RandomState) if not name.startswith("_"))}


def _named(name: str) -> Any:
    return functools.reduce(lambda found, part: getattr(found, part, None), name.split("."), np)


# --- loading a module of tests


class Elements(ast.NodeTransformer):
    """Looks at the value of an element where a test asks for its dtype or its text, which are others on purpose."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if node.attr == "dtype" and isinstance(node.ctx, ast.Load):
            node.value = self._call("_element", node.value)
        return node

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
        self.generic_visit(node)
        node.value = self._call("_element", node.value)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "str" and len(node.args) == 1:
            node.args = [self._call("_element", node.args[0])]
        return node

    def _call(self, name: str, value: ast.expr) -> ast.expr:
        return ast.copy_location(ast.Call(ast.Name(name, ast.Load()), [value], []), value)


def _element(value: Any) -> Any:
    return oc.unwrap(value) if isinstance(value, oc.Scalar) else value


def _import(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
    return stand_in(builtins.__import__(name, globals, locals, fromlist, level))


def _isinstance(value: Any, kind: Any) -> bool:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return isinstance(bare(value), tuple(type if one is _type else one for one in kinds))


def _type(*args: Any) -> Any:
    return type(bare(args[0])) if len(args) == 1 else type(*args)


_BUILTINS = {"__import__": _import, "isinstance": _isinstance, "type": _type, "_element": _element}


def load(path: Path, with_arrays: bool) -> types.ModuleType:
    """A module of tests, for which the stand-in is NumPy."""
    name = f"numpy_suite_{path.stem}"
    module = types.ModuleType(name)
    package = ".".join(("numpy", *path.relative_to(TESTS).parent.parts))
    vars(module).update(__file__=str(path), __package__=package, __builtins__=vars(builtins) | _BUILTINS)
    tree = Elements().visit(ast.parse(path.read_text(encoding="utf-8")))
    Mode.pointed = with_arrays
    sys.modules[name] = module
    exec(compile(ast.fix_missing_locations(tree), str(path), "exec"), vars(module))
    return module


# --- what is set aside

RULES = {
    "slow, or much memory": r"mark\.slow|requires_memory|NPY_AVAILABLE_MEM",
    "subclasses": r"class \w+\(([\w.]*\.)?(ndarray|matrix|memmap|recarray|MaskedArray)\b|\b(np\.|numpy\.)?ma\.\w"
    r"|np\.(matrix|asmatrix|bmat|memmap|rec|char|chararray|recarray)\b|\bsubok\b",
    "protocols of other classes": r"__array_(wrap|finalize|priority|interface|struct|prepare)?_*_\b",
    "C API": r"_multiarray_tests|array_indexing|opflag_tests|rational|lapack_lite|_get_ndarray_c_version",
    "references, memory": r"getrefcount|getsizeof|refcheck|check_reference|weakref|\bgc\.|_cycles|tracemalloc"
    r"|\bctypes|\bct\.|\.base\b",
    "buffers": r"memoryview|\bbuffer\b|bytearray|\.data\b|mmap|hashlib|dlpack",
    "pickling, files": r"pickle|\.dumps?\(|np\.(save|load)\b",
    "threads, processes": r"[Tt]hread|subprocess|multiprocessing",
    "how an array is printed": r"\brepr\(|print",
    "objects": r"\b(Decimal|Fraction)\(",
}
"""Why a test cannot be pointed at Array, and how its source says so, or that of what it names in its module."""

NEVER_RUN = ("slow, or much memory", "C API")  # which goes to memory past Array, and crashes


class Source:
    """The source of a module's tests, without comments, each with whatever it names of its class and its module."""

    def __init__(self, text: str) -> None:
        definitions = list(_definitions(ast.parse(text).body))
        self._module = {node.name: ast.unparse(node) for node in definitions}
        self._classes = {
            node.name: {part.name: ast.unparse(part) for part in _definitions(node.body)}
            for node in definitions
            if isinstance(node, ast.ClassDef)
        }
        self._found: dict[tuple[type | None, str], str] = {}

    def of(self, owner: type | None, name: str) -> str:
        if (owner, name) not in self._found:
            places = [self._classes.get(part.__name__, {}) for part in (owner.__mro__ if owner else ())]
            self._found[owner, name] = self._with_named(name, [*places, self._module], set())
        return self._found[owner, name]

    def _with_named(self, name: str, places: list[dict[str, str]], seen: set[str]) -> str:
        seen.add(name)
        text = next((place[name] for place in places if name in place), "")
        for other in sorted(set(re.findall(r"\w+", text)) - seen):
            if other not in seen and not other.lower().startswith("test"):
                text += self._with_named(other, places, seen)
        return text


def _definitions(body: list[ast.stmt]) -> Iterator[ast.ClassDef | ast.FunctionDef]:
    for node in body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            yield node
        elif isinstance(node, ast.If):
            yield from _definitions(node.body + node.orelse)


def reason_aside(item: Any, source: str) -> str | None:
    marks = " ".join(f"mark.{mark.name}" for mark in item.iter_markers())
    for reason, rule in RULES.items():
        if re.search(rule, f"{marks} {source}"):
            return reason
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return next(filter(None, map(_other_kind, parameters)), None)


def _other_kind(parameter: Any) -> str | None:
    """What a parameter of a test is about, where it is a dtype, or has one, that is none of numbers."""
    if isinstance(parameter, str) and not re.fullmatch(r"[<>|=]?[?a-zA-Z]\d*(\[\w+\])?(,\w+)*", parameter):
        return None
    is_dtype = isinstance(parameter, (np.dtype, str)) or parameter is object
    is_dtype = is_dtype or (isinstance(parameter, type) and issubclass(parameter, (np.generic, str, bytes)))
    try:
        dtype = np.dtype(parameter) if is_dtype else parameter.dtype
    except (AttributeError, TypeError):
        return None
    return OTHER_KINDS.get(getattr(dtype, "kind", ""))


# --- running


class Touch:
    """Notices whether a test calls anything of Array's; making and unwrapping one is the stand-in's doing."""

    found = False

    def __enter__(self) -> Touch:
        if Mode.pointed:
            sys.setprofile(self._look)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _look(self, frame: types.FrameType, event: str, argument: Any) -> None:
        code = frame.f_code
        if code.co_filename in OF_ARRAYS and code.co_name not in ("__init__", "_plain"):
            self.found = True
            sys.setprofile(None)


OF_ARRAYS = {str(Path(opcount.arrays.array.__file__).with_name(name)) for name in (
    "array.py", "array_exits.py", "array_methods.py", "elements.py",
)}  # fmt: skip
"""The files in which what is done to an Array begins."""


class Found(NamedTuple):
    outcome: str  # passed, failed, skipped
    text: str
    touched: bool
    kinds: str


class Module(pytest.Module):
    with_arrays = True

    def _getobj(self) -> types.ModuleType:
        return load(self.path, self.with_arrays)


class Plugin:
    """Runs a module's tests, with Arrays or with plain arrays, and keeps what comes out."""

    def __init__(self, with_arrays: bool, most: int, rules: bool = False, only: Container[str] | None = None) -> None:
        self.with_arrays, self.most, self.rules, self.only = with_arrays, most, rules, only
        self.found: dict[str, Found] = {}
        self.aside: dict[str, str] = {}
        self.errors: list[str] = []

    def pytest_pycollect_makemodule(self, module_path: Path, parent: Any) -> Module:
        module = Module.from_parent(parent, path=module_path)
        module.with_arrays = self.with_arrays
        return module

    @pytest.hookimpl(trylast=True)
    def pytest_generate_tests(self, metafunc: Any) -> None:
        cases = metafunc._calls  # here, for making fourteen thousand tests and leaving most is slow
        if len(cases) > self.most:
            metafunc._calls = [cases[place * len(cases) // self.most] for place in range(self.most)]

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.errors.append(str(report.longrepr))

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        source = Source(items[0].path.read_text(encoding="utf-8")) if items else Source("")
        items[:] = [item for item in items if self.only is None or item.nodeid in self.only]
        for item in items:
            if reason := reason_aside(item, source.of(item.cls, item.originalname)):
                self.aside[item.nodeid] = reason
        items[:] = [item for item in items if self._runs(self.aside.get(item.nodeid))]

    def _runs(self, reason: str | None) -> bool:
        return reason is None or (self.rules and reason not in NEVER_RUN)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: Any) -> Iterator[None]:
        Mode.kinds = set()
        with Touch() as touch:
            try:
                return (yield)
            finally:
                item.user_properties += [("touched", touch.found), ("kinds", "".join(Mode.kinds))]

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Of the reports of setting up, calling and tearing down, the worst."""
        before = self.found.get(report.nodeid, Found("passed", "", False, ""))
        noted = dict(report.user_properties)
        now = before._replace(touched=noted.get("touched", False), kinds=noted.get("kinds", ""))
        if report.outcome != "passed":
            now = now._replace(outcome=report.outcome, text=str(report.longrepr))
        self.found[report.nodeid] = now


def run(module: str, plugin: Plugin) -> Plugin:
    os.environ |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}  # NumPy's tests need no plugins
    arguments = [str(path_of(module)), "-c", os.devnull, "-p", "no:cacheprovider", "--tb=native"]
    with contextlib.redirect_stdout(io.StringIO()) as said, oc.count(uncounted="record"):
        code = pytest.main(arguments, plugins=[plugin])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) or plugin.errors:
        raise RuntimeError(f"pytest could not run {module}: {code!r}\n{said.getvalue()}")
    return plugin


class Score(NamedTuple):
    passed: int
    failed: dict[str, str]
    aside: dict[str, str]
    ruled_out: Counter[tuple[str, str]]  # by reason and outcome, of those set aside that ran

    @property
    def total(self) -> int:
        return self.passed + len(self.failed)

    @property
    def ratio(self) -> float:
        return self.passed / self.total if self.total else 1.0


def score(module: str, most: int, rules: bool = False) -> Score:
    arrays = run(module, Plugin(True, most, rules))
    unfinished = {test for test, found in arrays.found.items() if found.outcome != "passed"} - arrays.aside.keys()
    again = Plugin(False, most, only=unfinished)
    if unfinished:
        run(module, again)
    aside = arrays.aside | {
        test: "does not pass with plain arrays" for test, found in again.found.items() if found.outcome != "passed"
    }
    for test, found in arrays.found.items():
        if test not in aside and (reason := _reason_found(found)):
            aside[test] = reason
    counted = {test: found for test, found in arrays.found.items() if test not in aside}
    failed = {test: found.text for test, found in counted.items() if found.outcome != "passed"}
    ruled_out = Counter((aside[test], found.outcome) for test, found in arrays.found.items() if test in aside)
    return Score(len(counted) - len(failed), failed, aside, ruled_out)


def _reason_found(found: Found) -> str | None:
    if not found.touched:
        return "touches no Array"
    return next((OTHER_KINDS[kind] for kind in OTHER_KINDS if kind in found.kinds), None)


# --- the table


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "modules", nargs="*", default=MODULES.split(), metavar="module", help="as in _core/test_indexing"
    )
    parser.add_argument("--failures", action="store_true", help="show where each test failed")
    parser.add_argument("--rules", action="store_true", help="run what is set aside, too")
    parser.add_argument("--most", type=int, default=sys.maxsize, help="cases of one test")
    parser.add_argument("--json", action="store_true", help="the numbers alone")
    options = parser.parse_args()
    scores = {}
    for module in options.modules:
        scores[module] = score(module, options.most, options.rules)
        if not options.json:
            show(module, scores[module], options.failures)
    if options.json:
        print(json.dumps({module: [found.passed, len(found.failed)] for module, found in scores.items()}))
    else:
        show_sums(scores.values(), options.rules)


def show(module: str, found: Score, failures: bool) -> None:
    numbers = f"{found.passed:6} /{found.total:6}{found.ratio:8.1%}   {len(found.aside):5} set aside"
    print(f"{module:28}{numbers}", flush=True)
    for test, text in found.failed.items() if failures else ():
        print(f"\n--- {test.partition('::')[2]}\n{text}\n")


def show_sums(scores: Iterable[Score], rules: bool) -> None:
    scores = list(scores)
    passed, total = sum(found.passed for found in scores), sum(found.total for found in scores)
    print(f"{'all':28}{passed:6} /{total:6}{passed / max(total, 1):8.1%}\n")
    for reason, number in Counter(reason for found in scores for reason in found.aside.values()).most_common():
        ran = {
            outcome: times
            for outcome in ("passed", "failed", "skipped")
            if (times := sum(found.ruled_out[reason, outcome] for found in scores))
        }
        print(f"{number:6}  {reason}{f'  {ran}' if rules else ''}")


if __name__ == "__main__":
    main()
