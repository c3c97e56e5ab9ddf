"""What is written: the answer to stdout as text, JSON or CSV, a figure to a file, failures and warnings to stderr."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opcount.counting.errors import NothingCounted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FAILED: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130  # 128 plus the number of the signal, as in a shell
PIPE_CLOSED: Final = 141


class Failure(Exception):
    """A failure to be reported as one line on stderr, with its exit status."""

    def __init__(self, message: str, status: int = FAILED) -> None:
        super().__init__(message)
        self.status = status


class Answer(NamedTuple):
    """The result of a command: as text, as data for JSON, as a table, and a function that plots it."""

    text: str
    data: Any
    head: Sequence[str]
    rows: Sequence[Sequence[Any]]
    plot: Callable[[Axes], object] | None = None


def one_line(message: str) -> str:
    """A message with its line breaks replaced by blanks."""
    return " ".join(message.split())


def failed(message: str, status: int = FAILED) -> int:
    """Write a message to stderr as one line; returns the exit status."""
    print(f"opcount: {one_line(message)}", file=sys.stderr)
    return status


def warn(others: Callable[..., None], message: Warning | str, category: type[Warning], *where: object) -> None:
    """Write a warning to stderr: NothingCounted on one line, since no line of the user's code is to blame."""
    if issubclass(category, NothingCounted):
        failed(str(message))
    else:
        others(message, category, *where)


def error_text(error: BaseException) -> str:
    """The class of an error, and its message if it has one."""
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def write(text: str) -> None:
    """Print text, even if the encoding lacks a character; raises BrokenPipeError if the reader has gone."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    except OSError as error:
        # What is left in the buffer would be written again at exit, and fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise
        raise Failure(f"cannot write: {error_text(error)}") from error


def _as_csv(answer: Answer) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([answer.head, *answer.rows])
    return file.getvalue().removesuffix("\n")


FORMATS: Final[dict[str, Callable[[Answer], str]]] = {
    "text": lambda answer: answer.text,
    "json": lambda answer: json.dumps(answer.data, default=str),
    "csv": _as_csv,
}


def new_figure() -> Any:
    """An empty figure; raises Failure without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise Failure("--plot needs matplotlib: pip install opcount[draw]") from None
    return Figure(layout="constrained")
