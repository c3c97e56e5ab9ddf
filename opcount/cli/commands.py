"""The command line: the law of a function's counts, its gradient by every method, or its counts."""

from __future__ import annotations

import argparse
import csv
import importlib.util
import inspect
import io
import json
import math
import operator
import os
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from functools import cache, partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

import opcount
from opcount.arrays.wrap import has_wrapped, warn_of_nothing, wrap
from opcount.counting import render
from opcount.counting.counts import Counts
from opcount.counting.errors import InvalidType, InvalidValue, NothingCounted, SizeFailed
from opcount.counting.tally import count, record
from opcount.derivatives.gradient import PHASES, compared, table_columns
from opcount.laws.law import law
from opcount.laws.points import at
from opcount.wrapping.trees import called

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FAILED: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130  # 128 and the number of the signal, as a shell has it
PIPE_CLOSED: Final = 141

EPILOG: Final = """\
A FUNCTION is package.module:name, looked for from the current directory on, or path/to/script.py:name.
What it prints itself goes to stderr, so that stdout has the result alone.

The exit status is 0 where there is a result ("no exact law found" is one), 1 where something failed,
2 where the command line is wrong.
"""

LAW: Final = """\
SIZES are numbers and ranges, with commas between them:
  4:64:4       4, 8, ..., 64: the stop is included. The step is 1 if left out
  1:1024:*2    1, 2, 4, ..., 1024
  1,2,5,8:12   1, 2, 5, 8, 9, 10, 11, 12
  m=1:5,n=1:4  of two parameters, which are passed by name: every combination. Or one --sizes for each

A law of few small sizes may end beyond them: --verify a far one wherever it can be run.

examples:
  opcount law sorting.py:bubble --sizes 4:64:4 --verify 400
  opcount law numpy:outer --make inputs.py:two_vectors --sizes 1:8 --plot law.svg
"""

POINT: Final = """\
A POINT is numbers with commas between them, 0.5,1.0, which makes a list; one number; or JSON, '{"w": [1, 2]}'.
"""

COMPARE: Final = f"""\
{POINT}
example:
  opcount compare network.py:loss --at '{{"w": [0.5, -1], "b": 2}}'
"""

COUNT: Final = f"""\
{POINT}
examples:
  opcount count horner.py:polynomial --at 0.5
  opcount count experiment.py:main -- --layers 3
"""


class Failure(Exception):
    """What becomes one line on stderr, and its exit status."""

    def __init__(self, message: str, status: int = FAILED) -> None:
        super().__init__(message)
        self.status = status


class Answer(NamedTuple):
    """What a command found: for reading, for JSON, as a table, and what draws it."""

    text: str
    data: Any
    head: Sequence[str]
    rows: Sequence[Sequence[Any]]
    plot: Callable[[Axes], object] | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Gives the exit status."""
    options = parsed(sys.argv[1:] if arguments is None else arguments)
    try:
        figure = new_figure() if options.plot else None  # first, so that nothing runs in vain
        with redirect_stdout(sys.stderr), warnings.catch_warnings():
            warnings.simplefilter("always", NothingCounted)
            warnings.showwarning = partial(warn, warnings.showwarning)
            answer = options.run(options)
        write(FORMATS[options.form](answer))
        if figure is not None:
            answer.plot(figure.subplots())
            figure.savefig(options.plot)
    except KeyboardInterrupt:
        return failed("interrupted", INTERRUPTED)
    except BrokenPipeError:
        return PIPE_CLOSED
    except Failure as error:
        return failed(str(error), error.status)
    except BaseException as error:
        return failed(told(error))
    return 0


def failed(message: str, status: int = FAILED) -> int:
    print(f"opcount: {' '.join(message.split())}", file=sys.stderr)
    return status


def warn(others: Callable[..., None], message: Warning | str, category: type[Warning], *where: Any) -> None:
    """Show a warning on stderr: this library's own on one line, since no line of the user's is to blame."""
    if issubclass(category, NothingCounted):
        failed(str(message))
    else:
        others(message, category, *where)


def told(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


# --- what is asked for


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{self.prog}: {' '.join(message.split())}; see {self.prog} --help\n")


def parser() -> Parser:
    result = Parser(prog="opcount", description=opcount.__doc__, epilog=EPILOG, formatter_class=AS_WRITTEN)
    result.add_argument("--version", action="version", version=f"opcount {opcount.__version__}")
    commands = result.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Callable[..., Answer], text: str, epilog: str, plots: bool) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name, help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=epilog, formatter_class=AS_WRITTEN
        )
        added.set_defaults(run=run, form="text", plot=None)
        added.add_argument("function", metavar="FUNCTION", help="package.module:name or script.py:name")
        forms = added.add_mutually_exclusive_group()
        forms.add_argument("--json", dest="form", action="store_const", const="json", help="print JSON")
        forms.add_argument("--csv", dest="form", action="store_const", const="csv", help="print CSV")
        if plots:
            added.add_argument("--plot", metavar="FILE", help="draw it too, as .svg, .png or .pdf (needs matplotlib)")
        return added

    law = command("law", run_law, "the exact law of a function's counts, from runs at several sizes", LAW, True)
    law.add_argument("--sizes", metavar="SIZES", type=sizes_of, action="append", required=True, help="see below")
    law.add_argument(
        "--verify", metavar="SIZES", type=sizes_of, action="append", default=[], help="far sizes, which must agree"
    )
    law.add_argument(
        "--make", metavar="FUNCTION", help="makes the argument of a size, or a tuple of several, which are wrapped"
    )
    compare = command("compare", run_compare, "the counts of a gradient, by every method and phase", COMPARE, True)
    compare.add_argument("--at", metavar="POINT", type=point, required=True, help="the argument of the function")
    compare.add_argument(
        "--budget",
        type=positive,
        default=1_000_000,
        help="a method that would execute more is predicted, not executed (default: 1000000)",
    )
    counts = command("count", run_count, "the counts of one call, by region too where it has some", COUNT, False)
    counts.add_argument(
        "--at", metavar="POINT", type=point, action="append", default=[], help="an argument; again for the next one"
    )
    counts.add_argument("arguments", nargs="*", metavar="ARGUMENT", help="what the program finds in sys.argv")
    return result


AS_WRITTEN: Final = argparse.RawDescriptionHelpFormatter


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """The options; what stands behind `--` goes to the program, wherever the options stand."""
    cut = list(arguments).index("--") if "--" in arguments else len(arguments)
    ours = parser()
    options = ours.parse_args(joined(arguments[:cut]))
    if passed := arguments[cut + 1 :]:
        if "arguments" not in options:
            ours.error(f"only count passes arguments to a program: {' '.join(passed)}")
        options.arguments += passed
    return options


def joined(arguments: Sequence[str]) -> list[str]:
    """The arguments, with `--at -0.5,1` as `--at=-0.5,1`, for argparse would take the point for an option."""
    found: list[str] = []
    for argument in arguments:
        if found and found[-1] == "--at" and argument[:1] == "-" and argument[1:2] in {*"0123456789."}:
            found[-1] = f"--at={argument}"
        else:
            found.append(argument)
    return found


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a positive integer, not {text!r}")
    return int(text)


def sizes_of(text: str) -> dict[str, list[int]]:
    """Sizes by parameter; a name stands until the next one.

    >>> sizes_of("1,2,5"), sizes_of("m=4:12:4,7,n=1:8:*2")
    ({'n': [1, 2, 5]}, {'m': [4, 8, 12, 7], 'n': [1, 2, 4, 8]})
    """
    found: dict[str, list[int]] = {}
    name = "n"
    for part in text.split(","):
        before, named, sizes = part.rpartition("=")
        name = before.strip() if named else name
        if not name.isidentifier():
            raise argparse.ArgumentTypeError(f"{name!r} is no name of a parameter, in {part!r}")
        found.setdefault(name, []).extend(stretch(sizes.strip()))
    return found


def stretch(text: str) -> Sequence[int]:
    found = STRETCH.fullmatch(text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no size and no range: write 8, 4:64:4 or 1:1024:*2")
    first, last, by = int(found["first"]), int(found["last"] or found["first"]), int(found["by"] or 1)
    if first > last or by < 1:
        raise argparse.ArgumentTypeError(
            f"{text!r} is empty: the stop is not below the start, and the step is from 1 on"
        )
    if not found["times"]:
        check_few((last - first) // by + 1, text, f"{max(first, 1)}:{last}:*2")
        return range(first, last + 1, by)
    if first < 1 or by < 2:
        raise argparse.ArgumentTypeError(f"{text!r} goes nowhere: it starts from 1 on, and the factor is 2 or more")
    sizes = [first]
    while sizes[-1] * by <= last:
        sizes.append(sizes[-1] * by)
        check_few(len(sizes), text, f"{first}:{MOST}:*{by}")
    return sizes


def check_few(number: int, text: str, fewer: str) -> None:
    """Refuse more sizes than anybody waits for, before they are written out."""
    if number > MOST:
        raise argparse.ArgumentTypeError(
            f"{render.brief(text)} is {number:,} sizes, each of which is run, and at most {MOST:,} are: write fewer, "
            f"by larger steps, as 4:64:4, or by factors, as {render.brief(fewer)}"
        )


MOST: Final = 10_000  # sizes, or combinations of them


STRETCH: Final = re.compile(r"(?P<first>\d+)(:(?P<last>\d+)(:(?P<times>\*?)(?P<by>\d+))?)?", re.ASCII)


def point(text: str) -> Any:
    """Numbers with commas between them are a list, one is a number; all else is JSON.

    >>> point("3"), point("-.5,1"), point("[3]"), point('{"w": [1, 2.5]}')
    (3, [-0.5, 1], [3], {'w': [1, 2.5]})
    """
    try:
        numbers = [number(part) for part in text.split(",")]
        found = numbers if len(numbers) > 1 else numbers[0]
    except ValueError:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            raise argparse.ArgumentTypeError(
                f"{render.brief(text)} is neither numbers, as 0.5,1.0, nor JSON, as '{{\"w\": [1, 2]}}'"
            ) from None
    try:
        wrap(found)
    except InvalidType as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return found


def number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


# --- the function


def loaded(target: str) -> Callable[..., Any]:
    """The function that is named; raises Failure where there is none."""
    place, _, name = target.rpartition(":")
    if not place or not name:
        raise Failure(f"{target!r} names no function: write package.module:name or script.py:name", USAGE)
    if os.getcwd() not in sys.path:  # where python -m opcount has it; the command has its own folder there instead
        sys.path.insert(0, os.getcwd())
    try:
        module = script(Path(place).resolve()) if place.endswith(".py") else importlib.import_module(place)
        found = operator.attrgetter(name)(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise Failure(f"cannot load {target}: {told(error)}") from error
    if not callable(found):
        raise Failure(f"{target} is {called(found)}, and no function")
    return to_the_end(found)


@cache  # a function and its make may stand in one script
def script(path: Path) -> Any:
    """The module of a script, whose own folder comes first for what it imports, as with `python script.py`."""
    sys.path.insert(0, str(path.parent))
    name = f"{path.stem} (script)"  # which no module has: a script may be called random.py
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None  # the name of the file ends in .py
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Exited(Exception):
    """The function asked for the end of the process, as for a failure."""


def to_the_end(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function, where sys.exit() is an end like any other, and what has not run yet is refused."""

    @wraps(f)
    def call(*args: Any, **named: Any) -> Any:
        try:
            found = f(*args, **named)
        except SystemExit as error:
            if error.code in (None, 0):
                return None
            raise Exited(f"sys.exit({error.code!r})") from error
        if inspect.isgenerator(found) or inspect.iscoroutine(found) or inspect.isasyncgen(found):
            if not inspect.isasyncgen(found):
                found.close()
            raise InvalidType(f"it returned {called(found)}, which has not run yet: give a function that runs it")
        return found

    return call


# --- the commands


def run_law(options: argparse.Namespace) -> Answer:
    sizes, verify = combined("--sizes", options.sizes), combined("--verify", options.verify)
    if options.plot and len(sizes) > 1:
        raise Failure(f"--plot is of one parameter, and --sizes has {', '.join(sizes)}", USAGE)
    f = loaded(options.function)
    make = loaded(options.make) if options.make else None
    try:
        found = law(f, sizes, make, verify=verify or ())
    except SizeFailed as error:
        raise Failure(f"{options.function} {error}") from error
    except (InvalidType, InvalidValue) as error:  # of the sizes: what a run raises is a SizeFailed
        raise Failure(str(error), USAGE) from error
    head, rows = found._table()
    lines = [render.text(head, rows), *[f"verified {at(found.names, *found.verified)}"] * bool(found.verified)]
    return Answer("\n".join(lines), found.to_dict(), head, rows, found.plot)


def combined(option: str, given: Sequence[dict[str, list[int]]]) -> dict[str, list[int]]:
    """The sizes by parameter, of an option that may stand there again for each."""
    sizes: dict[str, list[int]] = {}
    for each in given:
        for name, more in each.items():
            sizes.setdefault(name, []).extend(more)
    if (runs := math.prod(map(len, map(set, sizes.values())))) > MOST:
        raise Failure(f"{option} are {runs:,} combinations, each of which is run, and at most {MOST:,} are", USAGE)
    return sizes


def run_compare(options: argparse.Namespace) -> Answer:
    f = loaded(options.function)
    try:
        found = compared(f, options.at, budget=options.budget)
    except Exception as error:
        raise Failure(f"{options.function}: {told(error)}; {received([options.at])}") from error
    if not any(row["counts"] for row in found if row["phase"] == "primal"):
        warn_of_nothing("--at gives what the function is called with, wrapped")
    rows = table_columns(found)
    head = list(rows[0])
    cells = [list(row.values()) for row in rows]
    return Answer(render.text(head, cells), rows, head, cells, lambda ax: plot_totals(ax, rows))


def received(arguments: Sequence[Any]) -> str:
    """What a function was called with, as a message about its failure says it."""
    return f"it was called with {', and '.join(map(described, arguments)) or 'no argument'}"


def described(argument: Any) -> str:
    """An argument in words.

    >>> described([1, 2.0]), described([[1, 2], [3]]), described({"w": 1}), described(0.5)
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


def plot_totals(ax: Axes, rows: list[dict[str, Any]]) -> None:
    """A row for each method, a point for each phase."""
    for phase in PHASES:
        points = [(row["total"], row["method"]) for row in rows if row["phase"] == phase]
        ax.plot(*zip(*points, strict=True), "o", label=phase)
    ax.set_xscale("symlog", linthresh=1)  # a phase may have none
    ax.set_xlabel("operations")
    ax.invert_yaxis()
    ax.legend()


def run_count(options: argparse.Namespace) -> Answer:
    f = loaded(options.function)
    sys.argv = [options.function.rpartition(":")[0], *options.arguments]
    try:
        arguments = [wrap(given) for given in options.at]
        with count() as tally:
            value = f(*arguments)
            if isinstance(value, Counts) and not tally.counts:  # predicted, and nothing executed
                record(value)
    except Exception as error:
        raise Failure(f"{options.function}: {told(error)}; {received(options.at)}") from error
    regions = tally.regions
    counts = tally.counts
    if not counts and not has_wrapped(value):
        warn_of_nothing("--at gives what the function is called with, wrapped")
    data = {"counts": counts.to_dict(), "total": counts.total}
    if regions:
        data["regions"] = {name: each.to_dict() for name, each in regions.items()}
    return Answer(str(tally), data, *tally._table())


# --- what is written


def write(text: str) -> None:
    """Print, also where the encoding lacks a character; a reader that has gone is told of by BrokenPipeError."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    except OSError as error:
        # What is left in the buffer would be written at the end once more, and fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise
        raise Failure(f"cannot write: {told(error)}") from error


def as_csv(answer: Answer) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([answer.head, *answer.rows])
    return file.getvalue().removesuffix("\n")


FORMATS: Final[dict[str, Callable[[Answer], str]]] = {
    "text": lambda answer: answer.text,
    "json": lambda answer: json.dumps(answer.data, default=str),
    "csv": as_csv,
}


def new_figure() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise Failure("--plot needs matplotlib: pip install opcount[draw]") from None
    return Figure(layout="constrained")
