"""The command line parsed: commands, options, sizes and points."""

from __future__ import annotations

import argparse
import json
import math
import re
from collections.abc import Sequence
from typing import Any, Final, NoReturn

import opcount
from opcount.arrays.wrap import wrap
from opcount.cli.output import USAGE, Failure, one_line
from opcount.counting import render
from opcount.counting.errors import InvalidType

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
  opcount count horner.py:polynomial --at 0.5 --by line
  opcount count experiment.py:main --html lines.html
"""

_AS_WRITTEN: Final = argparse.RawDescriptionHelpFormatter


class _Parser(argparse.ArgumentParser):
    """A parser that says what is wrong on one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{self.prog}: {one_line(message)}; see {self.prog} --help\n")


def _parser() -> _Parser:
    result = _Parser(prog="opcount", description=opcount.__doc__, epilog=EPILOG, formatter_class=_AS_WRITTEN)
    result.add_argument("--version", action="version", version=f"opcount {opcount.__version__}")
    commands = result.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, text: str, epilog: str, plots: bool) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name, help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=epilog, formatter_class=_AS_WRITTEN
        )
        added.set_defaults(command=name, form="text", plot=None)
        added.add_argument("function", metavar="FUNCTION", help="package.module:name or script.py:name")
        forms = added.add_mutually_exclusive_group()
        forms.add_argument("--json", dest="form", action="store_const", const="json", help="print JSON")
        forms.add_argument("--csv", dest="form", action="store_const", const="csv", help="print CSV")
        if plots:
            added.add_argument("--plot", metavar="FILE", help="draw it too, as .svg, .png or .pdf (needs matplotlib)")
        return added

    law = command("law", "the exact law of a function's counts, from runs at several sizes", LAW, True)
    law.add_argument("--sizes", metavar="SIZES", type=sizes_of, action="append", required=True, help="see below")
    law.add_argument(
        "--verify", metavar="SIZES", type=sizes_of, action="append", default=[], help="far sizes, which must agree"
    )
    law.add_argument(
        "--make", metavar="FUNCTION", help="makes the argument of a size, or a tuple of several, which are wrapped"
    )
    compare = command("compare", "the counts of a gradient, by every method and phase", COMPARE, True)
    compare.add_argument("--at", metavar="POINT", type=point, required=True, help="the argument of the function")
    compare.add_argument(
        "--budget",
        type=_positive,
        default=1_000_000,
        help="a method that would execute more is predicted, not executed (default: 1000000)",
    )
    counts = command("count", "the counts of one call, by region too where it has some", COUNT, False)
    counts.add_argument(
        "--at", metavar="POINT", type=point, action="append", default=[], help="an argument; again for the next one"
    )
    counts.add_argument("--by", choices=("line", "function"), help="the counts of each line, or of each NumPy function")
    counts.add_argument("--html", metavar="FILE", help="write the source there too, with the counts beside each line")
    counts.add_argument("arguments", nargs="*", metavar="ARGUMENT", help="what the program finds in sys.argv")
    return result


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """The options of a command line; what follows `--` is passed to the user's program."""
    cut = list(arguments).index("--") if "--" in arguments else len(arguments)
    ours = _parser()
    options = ours.parse_args(_with_points_attached(arguments[:cut]))
    if passed := arguments[cut + 1 :]:
        if "arguments" not in options:
            ours.error(f"only count passes arguments to a program: {' '.join(passed)}")
        options.arguments += passed
    return options


def _with_points_attached(arguments: Sequence[str]) -> list[str]:
    """The arguments, with `--at -0.5,1` joined to `--at=-0.5,1`, since argparse would take the point for an option."""
    found: list[str] = []
    for argument in arguments:
        if found and found[-1] == "--at" and argument[:1] == "-" and argument[1:2] in {*"0123456789."}:
            found[-1] = f"--at={argument}"
        else:
            found.append(argument)
    return found


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a positive integer, not {text!r}")
    return int(text)


def sizes_of(text: str) -> dict[str, list[int]]:
    """Sizes by parameter, from text in which a name holds until the next one.

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
        found.setdefault(name, []).extend(_sizes_in(sizes.strip()))
    return found


def _sizes_in(text: str) -> Sequence[int]:
    """The sizes of a range, such as 4:64:4 or 1:1024:*2, or a single size."""
    found = _RANGE.fullmatch(text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no size and no range: write 8, 4:64:4 or 1:1024:*2")
    first, last, by = int(found["first"]), int(found["last"] or found["first"]), int(found["by"] or 1)
    if first > last or by < 1:
        raise argparse.ArgumentTypeError(
            f"{text!r} is empty: the stop is not below the start, and the step is from 1 on"
        )
    if not found["times"]:
        _check_few((last - first) // by + 1, text, f"{max(first, 1)}:{last}:*2")
        return range(first, last + 1, by)
    if first < 1 or by < 2:
        raise argparse.ArgumentTypeError(f"{text!r} goes nowhere: it starts from 1 on, and the factor is 2 or more")
    sizes = [first]
    while sizes[-1] * by <= last:
        sizes.append(sizes[-1] * by)
        _check_few(len(sizes), text, f"{first}:{MOST}:*{by}")
    return sizes


def _check_few(amount: int, text: str, fewer: str) -> None:
    """Refuse more sizes than anybody would wait for, before the list is made."""
    if amount > MOST:
        raise argparse.ArgumentTypeError(
            f"{render.brief(text)} is {amount:,} sizes, each of which is run, and at most {MOST:,} are: write fewer, "
            f"by larger steps, as 4:64:4, or by factors, as {render.brief(fewer)}"
        )


MOST: Final = 10_000  # sizes, or combinations of them
_RANGE: Final = re.compile(r"(?P<first>\d+)(:(?P<last>\d+)(:(?P<times>\*?)(?P<by>\d+))?)?", re.ASCII)


def point(text: str) -> Any:
    """The argument that a POINT stands for: numbers with commas between them are a list, all else is JSON.

    >>> point("3"), point("-.5,1"), point("[3]"), point('{"w": [1, 2.5]}')
    (3, [-0.5, 1], [3], {'w': [1, 2.5]})
    """
    try:
        numbers = [_number(part) for part in text.split(",")]
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


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def combined(option: str, given: Sequence[dict[str, list[int]]]) -> dict[str, list[int]]:
    """The sizes by parameter from an option that may be repeated; raises Failure for too many combinations."""
    sizes: dict[str, list[int]] = {}
    for each in given:
        for name, more in each.items():
            sizes.setdefault(name, []).extend(more)
    if (runs := math.prod(map(len, map(set, sizes.values())))) > MOST:
        raise Failure(f"{option} are {runs:,} combinations, each of which is run, and at most {MOST:,} are", USAGE)
    return sizes
