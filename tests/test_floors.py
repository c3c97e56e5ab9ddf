"""The floors: a module imports from floors below its own alone, and the analysis from outside like anybody else."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import opcount as oc

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "opcount"
ANALYSIS = sorted((ROOT / "analysis").rglob("*.py"))

# Each imports only from those before it.
ORDER = (
    "errors",
    "kinds",
    "names",
    "callers",
    "sizes",
    "tables",
    "counts",
    "budgets",
    "meters",
    "tally",
    "structure",
    "shapes",
    "blanks",
    "numpy_rules",
    "wrapped",
    "foreign",
    "operands",
    "methods",
    "compositions",
    "dispatch",
    "scalar",
    "array",
    "boundary",
    "structural",
    "linear_maps",
    "primitives",
    "nodes",
    "number_array",
    "functions",
    "writing",
    "custom",
    "chain_rule",
    "elimination",
    "orders",
    "drawing",
    "graph",
    "gradients",
    "jacobians",
    "progressions",
    "laws",
    "notebook",
    "testing",
    "__init__",
    "__main__",
)


class Imports(ast.NodeVisitor):
    """The modules of opcount that a source imports, anywhere, and those for its annotations alone."""

    def __init__(self, source):
        self.found = set()
        self.packages = set()
        self.for_annotations = set()
        self.used = set()
        self.visit(ast.parse(source))

    def visit_Import(self, node):
        for alias in node.names:
            self.add(alias.name)

    def visit_ImportFrom(self, node):
        # "from opcount import graph" may name a module, or else what __init__ holds
        module = "opcount" if node.level else node.module or ""
        module = f"{module}.{node.module}" if node.level and node.module else module
        for alias in node.names:
            inside = f"{module}.{alias.name}"
            self.add(inside if module == "opcount" and alias.name in ORDER else module)

    def add(self, name):
        package, _, module = name.partition(".")
        self.packages.add(package)
        if package == "opcount":
            self.found.add(module.split(".")[0] or "__init__")

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
        for part in (node.args, *node.body, *node.decorator_list):
            self.visit(part)

    def visit_Name(self, node):
        self.used.add(node.id)


def upward(module, source):
    """What a module imports that is not below it."""
    return sorted(Imports(source).found - set(ORDER[: ORDER.index(module)]))


def source_of(module):
    return (LIBRARY / f"{module}.py").read_text(encoding="utf-8")


def test_the_library_is_these_modules():
    assert {path.stem for path in LIBRARY.rglob("*.py")} == set(ORDER)


@pytest.mark.parametrize("module", ORDER)
def test_a_module_imports_only_from_floors_below(module):
    assert upward(module, source_of(module)) == []


@pytest.mark.parametrize("module", ORDER)
def test_imports_for_type_checking_serve_annotations_alone(module):
    source = source_of(module)
    imports = Imports(source)
    assert not imports.for_annotations & imports.used
    assert not imports.for_annotations or "from __future__ import annotations" in source


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ("import opcount.graph", ["graph"]),
        ("import opcount.graph as g", ["graph"]),
        ("from opcount.gradients import gradient", ["gradients"]),
        ("from opcount import graph", ["graph"]),
        ("from opcount import trace", ["__init__"]),
        ("import opcount as oc", ["__init__"]),
        ("from .graph import trace", ["graph"]),
        ("from . import graph", ["graph"]),
        ("def f():\n    from opcount.graph import trace", ["graph"]),
        ("async def f():\n    from opcount.graph import trace", ["graph"]),
        ("class A:\n    def f(self):\n        import opcount.graph", ["graph"]),
        ("try:\n    import opcount.graph\nexcept ImportError:\n    pass", ["graph"]),
        ("if x:\n    import opcount.graph", ["graph"]),
        ("if TYPE_CHECKING:\n    pass\nelse:\n    import opcount.graph", ["graph"]),
        ("import opcount.tally", ["tally"]),  # nor from itself
        ("if TYPE_CHECKING:\n    import opcount.graph", []),
        ("import numpy\nfrom opcount.counts import Counts", []),
    ],
)
def test_a_planted_upward_import_is_caught(planted, found):
    assert upward("tally", f"{planted}\n") == found


def test_a_type_checking_import_that_is_used_at_run_time_is_caught():
    head = "if TYPE_CHECKING:\n    from opcount.graph import Graph\n"
    assert Imports(head).for_annotations == {"Graph"}
    assert "Graph" not in Imports(f"{head}def f(x: Graph) -> Graph:\n    y: Graph = x\n    return y").used
    assert "Graph" in Imports(f"{head}def f(x):\n    return isinstance(x, Graph)").used


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


@pytest.mark.parametrize("module", ORDER)
def test_a_module_imports_no_other_package_but_what_it_is_for(module):
    for_drawing = {"networkx", "matplotlib"}
    other = {
        "sizes": {"sympy"},
        "drawing": for_drawing | {"igraph"},
        "graph": for_drawing,
        "laws": {"matplotlib"},
        "notebook": {"IPython"},
        "__main__": {"matplotlib"},
    }.get(module, set())
    assert Imports(source_of(module)).packages - sys.stdlib_module_names <= {"opcount", "numpy", "pandas"} | other


def test_a_package_that_is_imported_is_seen():
    assert Imports("import os.path\ndef f():\n    from scipy.linalg import det").packages == {"os", "scipy"}


# --- the analysis stands outside


def not_public(source):
    """What a source takes from opcount that is not one of its public names."""
    tree = ast.parse(source)
    found = []
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name for alias in node.names if alias.name == "opcount"}
            found += [alias.name for alias in node.names if alias.name.startswith("opcount.")]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "opcount":
            inside = node.module != "opcount"
            found += [f"{node.module}.{alias.name}" for alias in node.names if inside or alias.name not in oc.__all__]
    found += [
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names
        if node.attr not in {*oc.__all__, "__version__"}
    ]
    return found


@pytest.mark.parametrize("path", ANALYSIS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_analysis_takes_public_names_alone(path):
    assert not_public(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ("import opcount.graph", ["opcount.graph"]),
        ("from opcount.graph import trace", ["opcount.graph.trace"]),
        ("from opcount import graph", ["opcount.graph"]),
        ("def f():\n    from opcount import primitives", ["opcount.primitives"]),
        ("import opcount as oc\noc.primitives.PRIMITIVES", ["oc.primitives"]),
        ("import opcount\nopcount.gradients._Log", ["opcount.gradients"]),
        ("import opcount as oc\noc.gradient(f, x).phases", []),
        ("from opcount import gradient", []),
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
