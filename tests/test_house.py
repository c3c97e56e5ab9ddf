"""The house: a room imports only from rooms above it, inside it is no circle, and the analysis stands outside."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import opcount as oc
import opcount.array_api as xp
import opcount.typing

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "opcount"
ANALYSIS = sorted((ROOT / "analysis").rglob("*.py"))

ROOMS = ("counting", "wrapping", "functions", "arrays", "tracing", "derivatives", "laws")
"""From the foundations up: each imports only from those before it, and from itself."""

DOORS = ("drawing", "notebook", "testing", "typing", "__init__", "array_api", "sources", "cli", "__main__")
"""What people come in by. Nothing in a room imports one when it is loaded, and a door only those before it."""

MODULES = sorted(path.relative_to(LIBRARY).with_suffix("").as_posix() for path in LIBRARY.rglob("*.py"))


def room_of(module):
    """`tracing` of `tracing/nodes` or of `opcount.tracing.nodes`; a door that is one file is its own room."""
    return module.replace(".", "/").removeprefix("opcount/").partition("/")[0]


class Imports(ast.NodeVisitor):
    """What a source imports: when it is loaded, inside functions, and for its annotations alone."""

    def __init__(self, source):
        self.at_once = set()
        self.later = set()
        self.for_annotations = set()
        self.used = set()
        self.inside = False
        self.visit(ast.parse(source))

    def visit_Import(self, node):
        for alias in node.names:
            self.add(alias.name)

    def visit_ImportFrom(self, node):
        assert not node.level, "imports here are absolute, so that they can be searched for"
        for alias in node.names:
            # "from opcount.tracing import nodes" names a module, "from opcount.tracing.nodes import Node" does not
            inner = f"{node.module}.{alias.name}"
            self.add(inner if is_module(inner) else node.module)

    def add(self, name):
        (self.later if self.inside else self.at_once).add(name)

    def visit_If(self, node):
        if ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for statement in ast.walk(ast.Module(node.body, [])):
                if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith("opcount"):
                    self.for_annotations |= {alias.asname or alias.name for alias in statement.names}
            node = ast.Module(node.orelse, [])
        self.generic_visit(node)

    # names in annotations are not evaluated, all others are

    def visit_AnnAssign(self, node):
        for part in filter(None, (node.target, node.value)):
            self.visit(part)

    def visit_arg(self, node):
        pass

    def visit_FunctionDef(self, node):
        before, self.inside = self.inside, True
        for part in (node.args, *node.body, *node.decorator_list):
            self.visit(part)
        self.inside = before

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Name(self, node):
        self.used.add(node.id)

    def of_opcount(self, later=True):
        found = self.at_once | self.later if later else self.at_once
        return {name for name in found if name.partition(".")[0] == "opcount"}

    def packages(self):
        return {name.partition(".")[0] for name in self.at_once | self.later}


imports_of = cache(Imports)


@cache
def is_module(name):
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


@cache
def source_of(module):
    return (LIBRARY / f"{module}.py").read_text(encoding="utf-8")


def climbs(module, source):
    """What a module imports from a room that is not above its own; a door may be opened inside a function."""
    room, imports = room_of(module), imports_of(source)
    order = (*ROOMS, *DOORS)
    reach = order[: order.index(room) + 1]
    later = (*reach, *DOORS) if room in ROOMS else reach
    at_once = {name for name in imports.of_opcount(later=False) if _where(name) not in reach}
    return sorted(at_once | {name for name in imports.of_opcount() if _where(name) not in later})


def _where(name):
    return "__init__" if name == "opcount" else room_of(name)


def circle(sources):
    """The modules of one room that import each other in a circle; none if there is no circle."""
    inside = {
        module: {name.replace(".", "/").removeprefix("opcount/") for name in imports_of(source).of_opcount()}
        for module, source in sources.items()
    }
    try:
        TopologicalSorter({module: found & {*inside} for module, found in inside.items()}).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_the_house_has_these_rooms_and_doors():
    assert {room_of(module) for module in MODULES} == {*ROOMS, *DOORS}


@pytest.mark.parametrize("room", [*ROOMS, *DOORS])
def test_a_room_imports_only_from_rooms_above(room):
    assert {
        module: found for module in MODULES if room_of(module) == room if (found := climbs(module, source_of(module)))
    } == {}


@pytest.mark.parametrize("room", [*ROOMS, "drawing", "cli", "array_api", "sources"])
def test_inside_a_room_there_is_no_circle(room):
    assert circle({module: source_of(module) for module in MODULES if room_of(module) == room}) == []


@pytest.mark.parametrize("room", [*ROOMS, "drawing", "cli", "array_api", "sources", "derivatives/orders"])
def test_the_plan_of_a_room_names_its_modules(room):
    plan = ast.get_docstring(ast.parse(source_of(f"{room}/__init__"))) or ""
    inside = [module.removeprefix(f"{room}/") for module in MODULES if module.startswith(f"{room}/")]
    modules = {module.partition("/")[0] for module in inside} - {"__init__"}
    assert {name for name in modules if name not in plan} == set()


def test_imports_for_type_checking_serve_annotations_alone():
    for module in MODULES:
        source = source_of(module)
        imports = imports_of(source)
        assert not imports.for_annotations & imports.used, module
        assert not imports.for_annotations or "from __future__ import annotations" in source, module


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ("import opcount.derivatives.graph", ["opcount.derivatives.graph"]),
        ("import opcount.derivatives.graph as g", ["opcount.derivatives.graph"]),
        ("from opcount.derivatives.gradient import gradient", ["opcount.derivatives.gradient"]),
        ("from opcount.derivatives import graph", ["opcount.derivatives.graph"]),
        ("from opcount import derivatives", ["opcount.derivatives"]),
        ("from opcount import trace", ["opcount"]),
        ("import opcount as oc", ["opcount"]),
        ("from opcount.drawing import draw", ["opcount.drawing.draw"]),
        ("def f():\n    from opcount.derivatives.graph import trace", ["opcount.derivatives.graph"]),
        ("async def f():\n    from opcount.derivatives.graph import trace", ["opcount.derivatives.graph"]),
        ("class A:\n    def f(self):\n        import opcount.laws.law", ["opcount.laws.law"]),
        ("class A:\n    from opcount.drawing import draw", ["opcount.drawing.draw"]),
        ("try:\n    import opcount.laws.law\nexcept ImportError:\n    pass", ["opcount.laws.law"]),
        ("if x:\n    import opcount.laws.law", ["opcount.laws.law"]),
        ("if TYPE_CHECKING:\n    pass\nelse:\n    import opcount.laws.law", ["opcount.laws.law"]),
        ("if TYPE_CHECKING:\n    import opcount.laws.law", []),
        ("def f():\n    from opcount.drawing import draw", []),  # a door that is opened when it is asked for
        ("import numpy\nfrom opcount.counting.counts import Counts\nfrom opcount.tracing.nodes import Node", []),
    ],
)
def test_a_planted_climb_is_caught(planted, found):
    assert climbs("tracing/edges", f"{planted}\n") == found


def test_a_planted_circle_is_caught():
    one = "from opcount.tracing.edges import LinearMap"
    other = "def f():\n    from opcount.tracing import nodes"
    assert circle({"tracing/nodes": one, "tracing/edges": ""}) == []
    assert {*circle({"tracing/nodes": one, "tracing/edges": other})} == {"tracing/nodes", "tracing/edges"}


def test_a_type_checking_import_that_is_used_at_run_time_is_caught():
    head = "if TYPE_CHECKING:\n    from opcount.derivatives.graph import Graph\n"
    assert Imports(head).for_annotations == {"Graph"}
    assert "Graph" not in Imports(f"{head}def f(x: Graph) -> Graph:\n    y: Graph = x\n    return y").used
    assert "Graph" in Imports(f"{head}def f(x):\n    return isinstance(x, Graph)").used


# --- annotations say something


def annotated_parameters(source):
    """How many parameters have an annotation, and how many of these are annotated with `Any` and no more."""
    found = [node.annotation for node in ast.walk(ast.parse(source)) if isinstance(node, ast.arg) and node.annotation]
    return len(found), sum(ast.unparse(annotation) in ("Any", "typing.Any") for annotation in found)


def test_at_most_a_third_of_the_annotated_parameters_are_any():
    counted = {module: annotated_parameters(source_of(module)) for module in MODULES}
    annotated, are_any = map(sum, zip(*counted.values(), strict=True))
    assert annotated > 2000
    assert 3 * are_any <= annotated, sorted(counted, key=lambda module: counted[module][1])[-5:]


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ("def f(a: Any, b: int, c): ...", (2, 1)),
        ("def f(a: typing.Any, /, *, b: Any = None): ...", (2, 2)),
        ("async def f(*a: Any, **b: object): ...", (2, 1)),
        ("class A:\n    def f(self, a: Any): ...", (1, 1)),
        ("def f(a: list[Any], b: Callable[[Any], Any], c: Any | None): ...", (3, 0)),
        ("def f() -> Any:\n    x: Any = lambda y: y", (0, 0)),
    ],
)
def test_parameters_that_are_any_are_counted(planted, found):
    assert annotated_parameters(f"{planted}\n") == found


def test_importing_opcount_takes_numpy_alone():
    code = "import sys, opcount; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert {"opcount", "numpy"} <= loaded
    assert not loaded & {
        "pandas",
        "matplotlib",
        "networkx",
        "igraph",
        "hypothesis",
        "autograd",
        "sympy",
        "pytest",
        "analysis",
        "jinja2",
        "tqdm",
        "IPython",
        "argparse",
        "csv",
    }


def test_a_module_imports_no_other_package_but_what_it_is_for():
    allowed = {
        "counting/symbolic": {"sympy"},
        "drawing/draw": {"matplotlib"},
        "drawing/elimination": {"matplotlib"},
        "drawing/export": {"networkx"},
        "drawing/layout": {"matplotlib", "igraph"},
        "derivatives/coloring": {"networkx"},
        "derivatives/graph": {"networkx", "matplotlib"},
        "derivatives/sparsity": {"scipy"},
        "laws/law": {"matplotlib"},
        "notebook": {"IPython"},
        "cli/output": {"matplotlib"},
        "array_api/special": {"scipy"},
        **{m: {name} for name in ("jax", "torch") for m in MODULES if m.startswith(f"sources/{name}")},
    }
    anywhere = sys.stdlib_module_names | {"opcount", "numpy", "pandas"}
    found = {m: imports_of(source_of(m)).packages() - anywhere - allowed.get(m, set()) for m in MODULES}
    assert {module: packages for module, packages in found.items() if packages} == {}


def test_a_package_that_is_imported_is_seen():
    assert Imports("import os.path\ndef f():\n    from scipy.linalg import det").packages() == {"os", "scipy"}


# --- the analysis stands outside


PARTS = {
    "programs": set(),
    "figures": set(),
    "report": {"figures"},
    "peers": {"programs"},
    "studies": {"programs", "figures", "report", "peers"},
    "page": {"programs", "report"},
    "bench": set(),
    "array_api": set(),
    "reach": set(),
}
"""The sub-packages of the analysis, and which others each of them imports."""


def sources_of(part):
    return {path: path.read_text(encoding="utf-8") for path in ANALYSIS if part in path.relative_to(ROOT).parts[1:-1]}


def test_the_analysis_has_these_parts():
    assert {path.relative_to(ROOT).parts[1] for path in ANALYSIS} == {*PARTS, "__init__.py", "__main__.py"}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_the_analysis_imports_only_what_it_rests_on(part):
    found = set()
    for source in sources_of(part).values():
        imports = imports_of(source)
        found |= {name.split(".")[1] for name in imports.at_once | imports.later if name.startswith("analysis.")}
    assert found <= PARTS[part] | {part}


@pytest.mark.parametrize("part", [*PARTS, "classifier", "numpy_costs", "scale", "cheap_gradient", "expression_swell"])
def test_the_plan_of_a_part_names_its_modules(part):
    sources = sources_of(part)
    folder = min((path.parent for path in sources), key=lambda path: len(path.parts))
    names = {path.relative_to(folder).parts[0].removesuffix(".py") for path in sources} - {"__init__"}
    plan = ast.get_docstring(ast.parse(sources[folder / "__init__.py"])) or ""
    assert {name for name in names if f"`{name}`" not in plan} == set()


def too_long(source):
    """What of a source is longer than a reader keeps in mind: 600 lines of a module, 60 of a function.

    A test may be longer: some hold the text of the test file that they run.
    """
    functions = [
        node for node in ast.walk(ast.parse(source)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    long = [
        node.name for node in functions if node.end_lineno - node.lineno >= 60 and not node.name.startswith("test_")
    ]
    return ["the module"] * (source.count("\n") > 600) + long


@pytest.mark.parametrize("folder", ["opcount", "analysis", "tests", "examples", ".ci"])
def test_modules_and_functions_are_short(folder):
    paths = [*(ROOT / folder).rglob("*.py"), ROOT / "pytest_opcount.py"]
    assert {str(path): found for path in paths if (found := too_long(path.read_text(encoding="utf-8")))} == {}


def test_what_is_too_long_is_seen():
    body = "\n".join(["    pass"] * 59)
    assert too_long(f"def f():\n{body}\n") == []
    assert too_long(f"def f():\n    pass\n{body}\n") == ["f"]
    assert too_long("\n" * 601) == ["the module"] and too_long("\n" * 600) == []


def not_public(source):
    """What a source takes from opcount that is not one of its public names."""
    tree = ast.parse(source)
    found = []
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name for alias in node.names if alias.name == "opcount"}
            inside = {alias.name for alias in node.names if alias.name.startswith("opcount.")}
            found += sorted(inside - {"opcount.array_api"})
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "opcount":
            public = {"opcount": oc, "opcount.typing": opcount.typing, "opcount.array_api": xp}.get(node.module)
            names_there = public.__all__ if public else ()
            found += [f"{node.module}.{alias.name}" for alias in node.names if alias.name not in names_there]
    found += [
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names
        if node.attr not in {*oc.__all__, "__version__"}
    ]
    return found


def test_the_analysis_takes_public_names_alone():
    found = {str(path.relative_to(ROOT)): not_public(path.read_text(encoding="utf-8")) for path in ANALYSIS}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ("import opcount.derivatives.graph", ["opcount.derivatives.graph"]),
        ("from opcount.derivatives.graph import trace", ["opcount.derivatives.graph.trace"]),
        ("from opcount import derivatives", ["opcount.derivatives"]),
        ("def f():\n    from opcount import tracing", ["opcount.tracing"]),
        ("import opcount as oc\noc.tracing.primitives.PRIMITIVES", ["oc.tracing"]),
        ("import opcount\nopcount.derivatives.log.Log", ["opcount.derivatives"]),
        ("import opcount as oc\noc.gradient(f, x).phases", []),
        ("from opcount import gradient", []),
        ("from opcount.typing import MethodName", []),
        ("import opcount.array_api as xp\nxp.wrap(2.0)", []),
        ("from opcount.array_api import making", ["opcount.array_api.making"]),
        ("from opcount.typing import Wrapped", ["opcount.typing.Wrapped"]),
    ],
)
def test_what_is_not_public_is_caught(planted, found):
    assert not_public(planted) == found


def test_public_names_are_all_there_and_stand_in_the_design():
    assert all(hasattr(oc, name) for name in oc.__all__)
    assert set(oc.__all__) >= {
        "BudgetExceeded",
        "Counts",
        "METHODS",
        "OpcountError",
        "Scalar",
        "Uncounted",
        "compare",
        "count",
        "gradient",
        "measure",
        "region",
        "trace",
        "unwrap",
        "wrap",
    }


def patched(source):
    """What of the library a test changes by itself: the first argument of `monkeypatch.setattr` and the like."""
    tree = ast.parse(source)
    imported = {
        alias.asname or alias.name.partition(".")[0]
        for node in ast.walk(tree)
        for alias in getattr(node, "names", ())
        if isinstance(node, (ast.Import, ast.ImportFrom))
        and (getattr(node, "module", None) or alias.name).startswith("opcount")
    }
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    changed = [ast.unparse(call.args[0]) for call in calls if call.func.attr in PATCHES and call.args]
    return {name for name in changed if name.strip("'").partition(".")[0] in imported | {"opcount"}} - {"oc.METHODS"}


PATCHES = ("setattr", "setitem", "delattr", "delitem")


def test_the_library_is_changed_by_tests_in_one_place_alone():
    faults = ROOT / "tests" / "support" / "faults.py"
    found = {path.name: patched(path.read_text()) for path in (ROOT / "tests").rglob("*.py") if path != faults}
    assert {name: changed for name, changed in found.items() if changed} == {}


@pytest.mark.parametrize(
    "source",
    [
        "from opcount.tracing import edges\npatch.setattr(edges.Contraction, 'pull', None)",
        "import opcount.tracing.tape\npatch.delattr(opcount.tracing.tape.Tape, 'kept')",
        "import opcount as oc\npatch.setitem(oc.KINDS, 'mul', 1)",
        "patch.setattr('opcount.functions.linalg.lu', None)",
    ],
)
def test_a_test_that_changes_the_library_by_itself_is_found(source):
    assert patched(source)
    assert not patched("import opcount as oc\npatch.setitem(oc.METHODS, 'naive', row)\npatch.setattr(os, 'rename', f)")
