"""Lines of source: their names, and a page of the source with its counts beside it."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import PurePath
from typing import Final, NamedTuple

from opcount.counting import render
from opcount.counting.counts import Counts


class Line(NamedTuple):
    """A line of a file; the file's name is empty where no line is known."""

    file: str
    number: int


NOWHERE: Final = "(no line)"


def names(lines: Iterable[Line]) -> dict[Line, str]:
    """The names of lines, such as script.py:12, in the order of the files and then of the lines.

    A file is named with as much of its folder as tells it apart from the others.
    """
    lines = list(lines)
    files = _shortest(dict.fromkeys(line.file for line in lines))
    order = {file: index for index, file in enumerate(files)}
    return {
        line: f"{files[line.file]}:{line.number}" if line.file else NOWHERE
        for line in sorted(lines, key=lambda line: (order[line.file], line.number))
    }


def _shortest(files: Iterable[str]) -> dict[str, str]:
    """The shortest names that tell files apart: the name of a cell, or the last parts of a path."""
    found = {file: _cell(file) for file in files}
    paths = {file: PurePath(file).parts for file, cell in found.items() if not cell}
    for file, parts in paths.items():
        others = [other for other in paths if other != file]
        size = 1
        while size < len(parts) and any(paths[other][-size:] == parts[-size:] for other in others):
            size += 1
        found[file] = "/".join(parts[-size:])
    return found


def _cell(file: str) -> str:
    """The name of a notebook's cell, as In[3], from the file that IPython says it is; empty for any other file."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    cell = shell.compile.format_code_name(file) if shell is not None else None
    return cell[1] if cell else ""


def page(parts: Mapping[Line, Counts]) -> str:
    """An HTML page: the source of each file that was executed, the counts of a line beside it."""
    by_file: dict[str, dict[int, Counts]] = {}
    for line in names(parts):
        by_file.setdefault(line.file, {})[line.number] = parts[line]
    called = _shortest(by_file)
    total = sum(parts.values(), Counts())
    body = [f"<h1>Where the operations are</h1><p>{escape(render.shown(total.total))} operations: {_kinds(total)}</p>"]
    for file, counts in by_file.items():
        body.append(f"<h2>{escape(called[file] or NOWHERE)}</h2><table>{''.join(_rows(file, counts, total))}</table>")
    return _PAGE.format(style=_STYLE, body="\n".join(body))


def _rows(file: str, counts: Mapping[int, Counts], total: Counts) -> Iterable[str]:
    source = linecache.getlines(file) if file else []
    yield "<tr><th>line</th><th>operations</th><th>kinds</th><th>source</th></tr>"
    for number in range(1, max(len(source), *counts) + 1):
        text = source[number - 1].rstrip("\n") if number <= len(source) else ""
        found = counts.get(number)
        if found is None and not source:
            continue
        cells = (
            f"<td>{escape(render.shown(found.total))}</td><td>{_kinds(found)}</td>" if found else "<td></td><td></td>"
        )
        style = f" style='--share:{_share(found, total):.3g}%'" if found else ""
        row = f"<th>{number}</th>{cells}<td><pre>{escape(text)}</pre></td>"
        yield f"<tr{' class=counted' if found else ''}{style}>{row}</tr>"


def _share(counts: Counts, total: Counts) -> float:
    """The percentage that a line has of all operations; 0 where sizes have names."""
    try:
        return 100 * int(counts.total) / int(total.total)
    except (TypeError, ZeroDivisionError):
        return 0.0


def _kinds(counts: Counts) -> str:
    return escape(", ".join(f"{kind} {render.shown(times)}" for kind, times in counts.items()))


_STYLE: Final = """\
:root { color-scheme: light dark }
body { font-family: system-ui, sans-serif; margin: 2em auto; max-width: 90em; padding: 0 1em }
table { border-collapse: collapse; font-size: 0.85rem }
th, td { padding: 0 0.8em; text-align: left; vertical-align: top; font-weight: normal }
tr > :nth-child(1), tr > :nth-child(2) { text-align: right; font-variant-numeric: tabular-nums }
tr > th:first-child { opacity: 0.6 }
tr > :nth-child(3) { white-space: nowrap }
pre { margin: 0; font-family: ui-monospace, monospace }
tr.counted { background: linear-gradient(90deg, rgb(220 120 0 / 35%) var(--share), rgb(220 120 0 / 8%) var(--share)) }
"""

_PAGE: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Operations by line</title>
<style>
{style}</style>
</head>
<body>
{body}
</body>
</html>
"""
