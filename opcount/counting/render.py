"""Tables, as HTML for a notebook and as lines of text for a terminal."""

from __future__ import annotations

import pprint
from collections.abc import Iterator, Sequence
from html import escape
from itertools import islice
from typing import Any, Final, TypeAlias

import numpy as np

from opcount.counting import symbolic

Row: TypeAlias = Sequence[object]
"""The cells of a row: text, counts, truth values, the entries of a matrix."""


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
    text = escape(shown(value))
    if "\n" in text:
        text = f"<pre>{text}</pre>"
    return f"<{tag} style='text-align:{side}'>{text}</{tag}>"


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
    """The text of a cell: text as it is, a truth value as "yes" or "no", a count with separators, a float rounded."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else symbolic.shown(value)


LONGEST: Final = 12
"""The rows, columns or lines that are shown of what is long."""

MANY: Final = 1000
"""So many items fill more lines than are shown, however short they are."""


def parts(name: str, value: object) -> list[Row]:
    """A row for a value, or one for each item, if it is a dict, or a list or tuple of more than numbers.

    >>> parts("x", {"a": [1.0, 2.0], "b": 3.0}), parts("x", (1.0, 2.0))
    ([("x['a']", '[1.0, 2.0]'), ("x['b']", '3.0')], [('x', '(1.0, 2.0)')])
    """
    items: Iterator[tuple[object, object]] = iter(())
    if isinstance(value, dict):
        items = iter(value.items())
    elif isinstance(value, (list, tuple)) and any(isinstance(item, (dict, list, tuple, np.ndarray)) for item in value):
        items = enumerate(value)
    rows: list[Row] = [(f"{name}[{key!r}]", lines(item)) for key, item in islice(items, LONGEST)]
    return [*rows, *[("...", "...")] * any(True for _ in items)] or [(name, lines(value))]


def lines(value: object) -> str:
    """A value as text of a few lines, cut where it is long."""
    if isinstance(value, (list, tuple)) and len(value) > MANY:
        value = value[:MANY]
    # legacy: a number of NumPy's is written as 2.0, not as np.float64(2.0)
    with np.printoptions(threshold=100, edgeitems=3, linewidth=100, legacy="1.25"):
        found = pprint.pformat(value, width=100, compact=True, sort_dicts=False).split("\n")
    return "\n".join(found if len(found) <= LONGEST else [*found[: LONGEST - 1], "..."])


def matrix(values: np.ndarray[Any, Any], row: str, column: str) -> tuple[list[str], list[Row]]:
    """The head and the rows of a table of a matrix, cut where it is large; `row` and `column` name what they are of.

    >>> matrix(np.array([[1.0, 0.5]]), "y", "x")
    (['', 'x[0]', 'x[1]'], [('y', 1.0, 0.5)])
    """
    height, width = values.shape
    more = ["..."] * (width > LONGEST)
    head = ["", *named(column, width)[:LONGEST], *more]
    shown = zip(named(row, height), values[:LONGEST, :LONGEST].tolist(), strict=False)
    rows: list[Row] = [(name, *entries, *more) for name, entries in shown]
    return head, [*rows, *[["..."] * len(head)] * (height > LONGEST)]


def named(name: str, amount: int) -> list[str]:
    """`amount` names: x[0], x[1], ..., or, for one, x alone."""
    return [f"{name}[{index}]" for index in range(amount)] if amount > 1 else [name]


def brief(value: object) -> str:
    """A value on one line, cut where it is long."""
    line = " ".join(repr(value).split())
    return line if len(line) <= 60 else f"{line[:57]}..."
