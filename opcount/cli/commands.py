"""The commands: the law of a function's counts, its gradient by every method, or its counts."""

from __future__ import annotations

import json
import sys
import warnings
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from opcount.arrays.wrap import has_wrapped, warn_of_nothing, wrap
from opcount.cli.arguments import combined, parsed
from opcount.cli.load import loaded
from opcount.cli.output import (
    FORMATS,
    INTERRUPTED,
    PIPE_CLOSED,
    USAGE,
    Answer,
    Failure,
    error_text,
    failed,
    new_figure,
    warn,
    write,
)
from opcount.counting import render
from opcount.counting.counts import Counts
from opcount.counting.errors import InvalidType, InvalidValue, NothingCounted, SizeFailed
from opcount.counting.tally import count, record
from opcount.derivatives.compare import compared
from opcount.derivatives.phases import PHASES, table_columns
from opcount.laws.law import law
from opcount.laws.points import at

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, by default that of this process; returns the exit status."""
    options = parsed(sys.argv[1:] if arguments is None else arguments)
    try:
        figure = new_figure() if options.plot else None  # first, so that nothing runs in vain without matplotlib
        with redirect_stdout(sys.stderr), warnings.catch_warnings():
            warnings.simplefilter("always", NothingCounted)
            warnings.showwarning = partial(warn, warnings.showwarning)
            answer = COMMANDS[options.command](options)
        write(FORMATS[options.form](answer))
        if figure is not None and answer.plot is not None:
            answer.plot(figure.subplots())
            figure.savefig(options.plot)
    except KeyboardInterrupt:
        return failed("interrupted", INTERRUPTED)
    except BrokenPipeError:
        return PIPE_CLOSED
    except Failure as error:
        return failed(str(error), error.status)
    except BaseException as error:
        return failed(error_text(error))
    return 0


def _run_law(options: Namespace) -> Answer:
    sizes, verify = combined("--sizes", options.sizes), combined("--verify", options.verify)
    if options.plot and len(sizes) > 1:
        raise Failure(f"--plot is of one parameter, and --sizes has {', '.join(sizes)}", USAGE)
    f = loaded(options.function)
    make = loaded(options.make) if options.make else None
    try:
        found = law(f, sizes, make, verify=verify or ())
    except SizeFailed as error:
        raise Failure(f"{options.function} {error}") from error
    except (InvalidType, InvalidValue) as error:  # about the sizes: an error in a run is a SizeFailed
        raise Failure(str(error), USAGE) from error
    head, rows = found._table()
    lines = [render.text(head, rows), *[f"verified {at(found.names, *found.verified)}"] * bool(found.verified)]
    return Answer("\n".join(lines), found.to_dict(), head, rows, found.plot)


def _run_compare(options: Namespace) -> Answer:
    f = loaded(options.function)
    try:
        found = compared(f, options.at, budget=options.budget)
    except Exception as error:
        raise Failure(f"{options.function}: {error_text(error)}; {_received([options.at])}") from error
    if not any(row["counts"] for row in found if row["phase"] == "primal"):
        warn_of_nothing("--at gives what the function is called with, wrapped")
    rows = table_columns(found)
    head = list(rows[0])
    cells = [list(row.values()) for row in rows]
    return Answer(render.text(head, cells), rows, head, cells, lambda ax: _plot_totals(ax, rows))


def _received(arguments: Sequence[Any]) -> str:
    """What a function was called with, as text for a message about its failure."""
    return f"it was called with {', and '.join(map(_described, arguments)) or 'no argument'}"


def _described(argument: object) -> str:
    """An argument in words.

    >>> _described([1, 2.0]), _described([[1, 2], [3]]), _described({"w": 1}), _described(0.5)
    ('a list of 2 numbers, [1, 2.0]', 'a list of 2 items, [[1, 2], [3]]', 'a dict with w, {"w": 1}', 'the number 0.5')
    """
    text = json.dumps(argument)
    text = text if len(text) <= 60 else f"{text[:57]}..."
    if isinstance(argument, list):
        items = "items" if any(isinstance(item, (list, dict)) for item in argument) else "numbers"
        return f"a list of {len(argument)} {items if len(argument) != 1 else items[:-1]}, {text}"
    if isinstance(argument, dict):
        return f"a dict with {', '.join(argument)}, {text}"
    return f"the number {text}"


def _plot_totals(ax: Axes, rows: list[dict[str, Any]]) -> None:
    """Plot the totals: a row for each method, a point in it for each phase."""
    for phase in PHASES:
        points = [(row["total"], row["method"]) for row in rows if row["phase"] == phase]
        ax.plot(*zip(*points, strict=True), "o", label=phase)
    ax.set_xscale("symlog", linthresh=1)  # a phase may have none
    ax.set_xlabel("operations")
    ax.invert_yaxis()
    ax.legend()


def _run_count(options: Namespace) -> Answer:
    f = loaded(options.function)
    if options.html and options.by == "function":
        raise Failure("--html is of lines, and --by is function", USAGE)
    sys.argv = [options.function.rpartition(":")[0], *options.arguments]
    try:
        arguments = [wrap(given) for given in options.at]
        with count(by="line" if options.html else options.by) as tally:
            value = f(*arguments)
            if isinstance(value, Counts) and not tally.counts:  # a prediction, and nothing was executed
                record(value)
    except Exception as error:
        raise Failure(f"{options.function}: {error_text(error)}; {_received(options.at)}") from error
    regions = tally.regions
    counts = tally.counts
    if not counts and not has_wrapped(value):
        warn_of_nothing("--at gives what the function is called with, wrapped")
    data = {"counts": counts.to_dict(), "total": counts.total}
    if parts := tally.parts:
        data["parts"] = {name: each.to_dict() for name, each in parts.items()}
    if regions:
        data["regions"] = {name: each.to_dict() for name, each in regions.items()}
    if options.html:
        Path(options.html).write_text(tally.to_html(), encoding="utf-8")
    return Answer(str(tally), data, *tally._table())


COMMANDS: Final[Mapping[str, Callable[[Namespace], Answer]]] = {
    "law": _run_law,
    "compare": _run_compare,
    "count": _run_count,
}
