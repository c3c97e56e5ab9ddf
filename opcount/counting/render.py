"""Tables, as HTML for a notebook and as lines of text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TypeAlias

from opcount.counting import symbolic

Row: TypeAlias = Sequence[object]
"""The cells of a row: text, counts, truth values."""


def html(head: Sequence[str], rows: Sequence[Row], caption: str = "") -> str:
    """An HTML table whose first column names the rows.

    >>> html(("kind", "count"), [("mul", 1200)])[-60:]
    "<td style='text-align:right'>1,200</td></tr></tbody></table>"
    """
    above = f"<caption>{escape(caption)}</caption>" if caption else ""
    heads = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(
        f"<tr>{_cell('th', first)}{''.join(_cell('td', each) for each in rest)}</tr>" for first, *rest in rows
    )
    return f"<table>{above}<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def _cell(tag: str, value: object) -> str:
    side = "left" if isinstance(value, str) else "right"
    return f"<{tag} style='text-align:{side}'>{escape(shown(value))}</{tag}>"


def text(head: Sequence[str], rows: Sequence[Row]) -> str:
    """A table as lines of text, its columns two blanks apart, numbers to the right.

    >>> print(text(("kind", "count"), [("mul", 1200), ("add", 9)]))
    kind  count
    mul   1,200
    add       9
    """
    columns = [
        _aligned([name, *map(shown, values)], left=all(isinstance(value, (str, bool)) for value in values))
        for name, *values in zip(head, *rows, strict=True)
    ]
    return "\n".join("  ".join(line).rstrip() for line in zip(*columns, strict=True))


def _aligned(cells: list[str], left: bool) -> list[str]:
    width = max(map(len, cells))
    return [cell.ljust(width) if left else cell.rjust(width) for cell in cells]


def shown(value: object) -> str:
    """The text of a cell: text as it is, a truth value as "yes" or "no", a number with separators."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else symbolic.shown(value)


def brief(value: object) -> str:
    """A value on one line, cut where it is long."""
    line = " ".join(repr(value).split())
    return line if len(line) <= 60 else f"{line[:57]}..."
