"""What each routine counts on `opcount.array_api`, beside the oracle, as rows of a table and as a page."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from types import ModuleType
from typing import Any, Final, NamedTuple

import numpy as np

import opcount as oc
import opcount.array_api as xp
from analysis.array_api import loops
from analysis.array_api.arrays import WHOLE

Wrap = Callable[[Any], Any]
Run = Callable[[Wrap, Wrap], Any]


class Call(NamedTuple):
    """A call of a routine: where it stands in SciPy, its name, and what to run."""

    module: str
    name: str
    run: Run


EXACT: Final = "exact"
WHOLE_ARRAYS: Final = "exact, whole arrays"
COUNTED: Final = "counted"
NOTHING: Final = "nothing to count"
REFUSED: Final = "refused"
FAILED: Final = "not possible"

VERDICTS: Final = {
    EXACT: "the value is NumPy's, and the counts are those of the same routine on an oracle, whose functions are loops "
    "over wrapped numbers",
    WHOLE_ARRAYS: "as *exact*, where the arrays of the oracle are, as those of `xp`, wrapped as a whole once a wrapped "
    "number was written into them or joined to them",
    COUNTED: "the value is NumPy's, and every operation counted, but the routine uses functions that the oracle does "
    "not define",
    NOTHING: "the routine moves elements, or computes on constant data alone",
    REFUSED: "`Uncounted` is raised: the routine would let wrapped values out, or uses a function without a count",
    FAILED: "the routine asks an array for what the standard does not have",
}


WRONG: Final = ("another value than NumPy's", "other counts than the oracle's")
"""What no routine may give."""


class Row(NamedTuple):
    """What became of a call: a verdict, and the counts or the reason."""

    module: str
    name: str
    verdict: str
    detail: str


def row_of(call: Call, peer: Callable[[Call], Any] | None = None) -> Row:
    """Run a call on the namespace, on the oracle and on NumPy; on a peer, where the value is another than NumPy's."""
    try:
        with oc.count() as tally:
            result = call.run(xp.wrap, xp.asarray)
    except Exception as error:
        refusal = _refusal(error)
        text = _reason(refusal) if refusal else f"{type(error).__name__}: {str(error).splitlines()[0]}"
        return Row(call.module, call.name, REFUSED if refusal else FAILED, text)
    try:
        plain = call.run(np.asarray, np.asarray)
    except Exception as error:
        return Row(call.module, call.name, FAILED, f"on NumPy's arrays, {type(error).__name__}: {error}")
    shown = ", ".join(f"{kind} {count}" for kind, count in tally.counts.items())
    if not same(result, plain):  # some routines have other code for NumPy's arrays, with another value
        if not same(result, (peer or _by_peer)(call)):
            return Row(call.module, call.name, FAILED, f"{WRONG[0]}, with {shown}")
        shown += "; the value is array-api-strict's, and another than NumPy's"
    if not tally.counts:
        return Row(call.module, call.name, NOTHING, "")
    for verdict, whole in ((EXACT, False), (WHOLE_ARRAYS, True)):
        if _by_loops(call, whole) == tally.counts:
            return Row(call.module, call.name, verdict, shown)
    if _by_loops(call, whole=True) is not None:
        return Row(call.module, call.name, FAILED, f"{WRONG[1]}: {shown}")
    return Row(call.module, call.name, COUNTED, shown)


def _by_peer(call: Call) -> Any:
    """The result on array-api-strict, which is NumPy's arrays in another class."""
    import array_api_strict

    return call.run(array_api_strict.asarray, array_api_strict.asarray)


def _by_loops(call: Call, whole: bool) -> oc.Counts | None:
    """What the oracle counts; None if it does not define a function that the call uses."""
    token = WHOLE.set(whole)
    try:
        with oc.count() as tally:
            call.run(loops.wrap, loops.asarray)
    except Exception:
        return None
    finally:
        WHOLE.reset(token)
    return tally.counts


def _refusal(error: BaseException | None) -> str:
    """The refusal that raised an error, or that another library hid: then the count has put it into a note."""
    notes = "\n".join(note for note in getattr(error, "__notes__", ()) if note.startswith("opcount refused"))
    while error is not None and not isinstance(error, oc.Uncounted):
        error = error.__cause__ or error.__context__
    return notes if error is None else str(error)


_DOORS: Final = {
    "asked to become a plain one": "makes a plain array, for compiled code",
    "asked to become a plain float": "makes a plain float",
    "int() of a wrapped value": "makes a plain integer",
    "the truth of a wrapped number": "asks for the truth of a number",
    "cannot be an index": "indexes by a wrapped value",
}


def _reason(text: str) -> str:
    for part, reason in _DOORS.items():
        if part in text:
            return reason
    return text.partition(", so it has no exact count")[0].partition(": use ")[0]


# --- values


def same(result: object, plain: object) -> bool:
    """Whether two results hold the same numbers, in the same order."""
    ours, numpys = (list(_numbers(value)) for value in (result, plain))
    return len(ours) == len(numpys) and all(
        one.size == other.size and np.allclose(one.ravel(), other.ravel(), 1e-7, 1e-12, equal_nan=True)
        for one, other in zip(ours, numpys, strict=True)
    )


def _numbers(value: Any, depth: int = 0) -> Iterator[np.ndarray[Any, Any]]:
    """The arrays and numbers in a result: also in the attributes of an object, as those of an estimator."""
    if not isinstance(value, xp.Array) and hasattr(value, "__array_namespace__"):
        value = np.asarray(value)
    if isinstance(value, (xp.Array, np.ndarray, float, int, complex, np.generic)):
        found = np.asarray(oc.unwrap(value))
        if found.dtype.kind in "biufc":
            yield found
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _numbers(item, depth + 1)
    elif isinstance(value, dict):
        for key in sorted(value, key=str):
            yield from _numbers(value[key], depth + 1)
    elif not callable(value) and not isinstance(value, (str, ModuleType)) and depth < 3 and hasattr(value, "__dict__"):
        yield from _numbers(vars(value), depth + 1)


# --- a page


def rows(calls: Iterable[Call]) -> list[Row]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [row_of(call) for call in calls]


def page(library: str, distribution: str, listed: list[Row], first: str) -> str:
    """A page with the verdicts, how many routines each has, and a table of the routines of each module."""
    totals = Counter(row.verdict for row in listed)
    lines = [
        f"# {library}, routine by routine",
        "",
        first,
        f"Made by `make array-api`, with {library} {version(distribution)} and NumPy {np.__version__}: {len(listed)} "
        "calls on small arrays.",
        "What a routine validates is part of what it executes, and is in its counts.",
        "",
        "| verdict | calls | |",
        "|:--|--:|:--|",
        *(f"| {verdict} | {totals[verdict]} | {meaning} |" for verdict, meaning in VERDICTS.items() if totals[verdict]),
    ]
    for module in dict.fromkeys(row.module for row in listed):
        lines += ["", f"## {module}", "", "| routine | verdict | counts, or why |", "|:--|:--|:--|"]
        lines += [f"| `{row.name}` | {row.verdict} | {row.detail} |" for row in listed if row.module == module]
    return "\n".join(lines) + "\n"
