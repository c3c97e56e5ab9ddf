"""The examples of README.md, run from top to bottom in one namespace; what docs/ names; docstrings that stand alone.

What a block shows is checked: a doctest session, or a line `expression  # -> value`, where
`...` stands for anything and a printed line is compared with what is printed.
"""

from __future__ import annotations

import ast
import doctest
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import opcount as oc

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Shown(ast.NodeTransformer):
    """Wraps every expression on a line with a `# ->` into a comparison with what stands there."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.outputs = sum("# ->" in line for line in lines)

    def visit_Expr(self, node: ast.Expr) -> ast.Expr:
        _, shows, value = self.lines[(node.end_lineno or node.lineno) - 1].partition("# ->")
        if not shows:
            return node
        self.outputs -= 1
        compared = node.value
        if isinstance(compared, ast.Call) and isinstance(compared.func, ast.Name) and compared.func.id == "print":
            compared.func.id = "_printed"
        call = ast.Call(ast.Name("_compare", ast.Load()), [compared, ast.Constant(value.strip())], [])
        return ast.copy_location(ast.Expr(call), node)


class Printed(str):
    def __repr__(self) -> str:
        return str(self)


def compare(value: Any, shown: str) -> None:
    assert doctest.OutputChecker().check_output(f"{shown}\n", f"{value!r}\n", OPTIONS), f"{value!r}, not {shown}"


def run_block(code: str, namespace: dict[str, Any], line: int = 0) -> None:
    """Run a block, whose first line is at `line` of the README."""
    if ">>>" in code:
        session = doctest.DocTestParser().get_doctest(code, namespace, "README.md", "README.md", line - 1)
        doctest.DebugRunner(optionflags=OPTIONS).run(session, clear_globs=False)
        namespace.update(session.globs)
        return
    shown = Shown(code.splitlines())
    tree = shown.visit(ast.parse(code))
    assert shown.outputs == 0, f"a `# ->` of the block at line {line} stands at no expression"
    ast.increment_lineno(ast.fix_missing_locations(tree), line - 1)
    namespace |= {"_compare": compare, "_printed": lambda *values: Printed(" ".join(map(str, values)))}
    exec(compile(tree, "README.md", "exec"), namespace)


def test_readme() -> None:
    assert README.exists(), "README.md is missing"
    text = README.read_text(encoding="utf-8")
    blocks = list(BLOCK.finditer(text))
    assert blocks, "README.md has no ```python block"
    assert any("# ->" in block[1] or ">>>" in block[1] for block in blocks), "README.md shows no output that is checked"
    namespace: dict[str, Any] = {"__name__": "readme"}
    for block in blocks:
        run_block(block[1], namespace, line=text.count("\n", 0, block.start()) + 2)


@pytest.mark.parametrize(
    "code",
    ["1 + 1  # -> 2", "print(1, 'a')  # -> 1 a", "if True:\n    [1.0, 2.5]  # -> [1.0, 2...]", ">>> x = 2\n>>> x\n2\n"],
)
def test_checker_accepts(code: str) -> None:
    run_block(code, {})


@pytest.mark.parametrize("code", ["1 + 1  # -> 3", "print(1)  # -> 2", "x = 1  # -> 1", ">>> 1 + 1\n3\n", "1 / 0"])
def test_checker_rejects(code: str) -> None:
    with pytest.raises((AssertionError, doctest.DocTestFailure, ZeroDivisionError)):
        run_block(code, {})


# --- the pages of docs/, whose cells `make docs` executes

DOCS = ROOT / "docs"
DOCUMENTED = re.compile(r"^\.\. (?:auto\w+|py:\w+):: opcount\.(\w+)", re.MULTILINE)


def pages() -> dict[str, str]:
    return {
        path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8")
        for path in DOCS.rglob("*.md")
        if "_build" not in path.parts
    }


def test_every_public_name_is_documented_once() -> None:
    assert sorted(name for text in pages().values() for name in DOCUMENTED.findall(text)) == sorted(dir(oc))


def test_the_overview_of_the_reference_lists_every_public_name() -> None:
    listed = re.findall(r"`(\w+)`", pages()["reference/index.md"])
    assert {*dir(oc)} <= {*listed, "__version__"}


def test_every_error_has_its_section() -> None:
    sections = re.findall(r"^## (\w+)$", pages()["errors.md"], re.MULTILINE)
    public = {name: getattr(oc, name) for name in dir(oc)}
    errors = {name for name, one in public.items() if isinstance(one, type) and issubclass(one, Exception)}
    assert errors <= {*sections}


@pytest.mark.parametrize("page", [page for page, text in pages().items() if ">>>" in text])
def test_an_example_of_the_reference_shows_what_it_gives(page: str) -> None:
    run_block(pages()[page].replace("\n```", "\n"), {})


def test_the_gallery_has_twelve() -> None:
    assert re.findall(r"^## (\d+)\. ", pages()["gallery.md"], re.MULTILINE) == [str(n) for n in range(1, 13)]


def test_a_notebook_is_kept_without_its_outputs() -> None:
    (notebook,) = DOCS.glob("*.ipynb")
    cells = [cell for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert cells and not any(cell["outputs"] or cell["execution_count"] for cell in cells)


# --- docstrings

RELATIVE = re.compile(r"\s*(?:Likewise|Of these|The same|Those|Of the operators)\b")
"""First words that say what something is by what stands before it."""


def relative_docstrings(source: str) -> Iterator[tuple[int, str]]:
    """The line and the beginning of each docstring, also of a name, that begins with a reference to another one."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            first = node.value.value.strip().partition("\n")[0]
            if RELATIVE.match(first):
                yield node.lineno, first


def test_a_docstring_stands_alone() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {first}"
        for folder in ("opcount", "analysis")
        for path in (ROOT / folder).rglob("*.py")
        for line, first in relative_docstrings(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "words", ["Likewise, of arrays.", "Of these, the last.", "The same as above.", "Those that stay."]
)
@pytest.mark.parametrize("source", ['"""{}"""', 'NAMES = 1\n"""{}"""', 'def f():\n    """\n    {}\n    """'])
def test_a_docstring_that_does_not_stand_alone_is_found(source: str, words: str) -> None:
    assert [first for _, first in relative_docstrings(source.format(words))] == [words]
    assert not list(relative_docstrings(source.format("The sameness of values.")))
