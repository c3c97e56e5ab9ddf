"""Counting in IPython and notebooks: after `%load_ext opcount`, `%%count` above a cell or `%count expression`."""

from __future__ import annotations

import ast
import inspect
import sys
from typing import TYPE_CHECKING, Any, Literal

from opcount.counting.meters import Tally
from opcount.counting.tally import count

if TYPE_CHECKING:
    from types import CodeType

    from IPython.core.interactiveshell import InteractiveShell


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magic `count`; `%load_ext opcount` calls this."""
    from IPython.core.magic import needs_local_scope, no_var_expand, output_can_be_silenced

    def magic(line: str, cell: str | None = None, local_ns: dict[str, Any] | None = None) -> Any:
        """Count what a cell or an expression executes on wrapped numbers, and show it as a table.

        %count f(x)      shows the table, then the value of the expression as usual
        %%count          above a cell: shows the table after the cell's own output
        %%count name     above a cell: stores the Counts in the variable `name` too

        A cell with `await` cannot be counted like this: write `with opcount.count() as tally:` in it.
        """
        if cell is None:
            return _counted_line(shell, line, local_ns)
        return _counted_cell(shell, line.strip(), cell)

    # IPython expands {braces} and $names in a line unless told not to: an expression must stay as it is.
    marked = no_var_expand(needs_local_scope(output_can_be_silenced(magic)))
    shell.register_magic_function(marked, "line_cell", "count")


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Remove the magic `count`; `%unload_ext opcount` calls this."""
    for magics in shell.magics_manager.magics.values():
        magics.pop("count", None)


def _counted_line(shell: InteractiveShell, line: str, local_ns: dict[str, Any] | None) -> Any:
    value, tally = _executed(shell, line, local_ns)
    _show(tally)
    return value


def _counted_cell(shell: InteractiveShell, name: str, cell: str) -> None:
    from IPython.core.displayhook import DisplayHook
    from IPython.core.error import UsageError

    if name and not name.isidentifier():
        raise UsageError(f"%%count takes the name of a variable, and {name!r} is none: the code goes below it")
    value, tally = _executed(shell, cell, None)
    if not DisplayHook.semicolon_at_end_of_expression(cell):
        sys.displayhook(value)
    if name:
        shell.user_ns[name] = tally.counts
    _show(tally)


def _executed(shell: InteractiveShell, source: str, local_ns: dict[str, Any] | None) -> tuple[Any, Tally]:
    """The value of the last statement if it is an expression, else None, and the tally of what all of it executed."""
    source = shell.transform_cell(source)
    name = shell.compile.cache(source, shell.execution_count)  # so that a traceback shows the lines
    tree = shell.transform_ast(shell.compile.ast_parse(source, name))
    last = [ast.Expression(tree.body.pop().value)] if tree.body and isinstance(tree.body[-1], ast.Expr) else []
    # Everything is compiled before anything runs.
    codes = [_compiled(shell, tree, name, "exec"), *(_compiled(shell, each, name, "eval") for each in last)]
    value = None
    with count() as tally:
        for code in codes:
            value = eval(code, shell.user_ns, local_ns)
    return value, tally


def _compiled(
    shell: InteractiveShell, tree: ast.Module | ast.Expression, name: str, mode: Literal["exec", "eval"]
) -> CodeType:
    from IPython.core.error import UsageError

    with shell.compile.extra_flags(ast.PyCF_ALLOW_TOP_LEVEL_AWAIT):
        code = shell.compile(tree, name, mode)
    if code.co_flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
        raise UsageError("%%count cannot await: write `with opcount.count() as tally:` in a cell without the magic")
    return code  # type: ignore[no-any-return]


def _show(tally: Tally) -> None:
    """Show the table of a tally, as HTML if the frontend can, else as text."""
    from IPython.display import display

    display({"text/plain": str(tally), "text/html": tally._repr_html_()}, raw=True)
