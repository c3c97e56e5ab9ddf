"""Who asks: the call in the user's own code that led to a refusal, for its message."""

from __future__ import annotations

import ast
import linecache
import os
import re
import sys
import sysconfig
from pathlib import Path
from types import FrameType
from typing import Final

_OWN: Final = str(Path(__file__).parent)
_LIBRARIES: Final = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
_LONGEST: Final = 60  # characters of a call that are shown


def asked_in() -> tuple[str, str]:
    """The text of the call in the user's code that is being executed, and the library that it went through first.

    Either is empty where it is not known: there is no source to look at in what was typed in, and a library that is
    written in C leaves no trace.
    """
    frame: FrameType | None = sys._getframe(1)
    library = ""
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((_OWN, "<frozen", "<__array_function__")):
            if not file.startswith(_LIBRARIES):
                return _text(frame), library
            library = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        frame = frame.f_back
    return "", library


def level() -> int:
    """The stacklevel of the first call outside this library, for a warning that the caller of this gives."""
    frame: FrameType | None = sys._getframe(1)
    found = 1
    while frame is not None and frame.f_code.co_filename.startswith(_OWN + os.sep):
        frame, found = frame.f_back, found + 1
    return found


def _text(frame: FrameType) -> str:
    """The part of the source that a frame is executing."""
    positions = list(frame.f_code.co_positions())[frame.f_lasti // 2]
    first, last, start, end = positions
    if first is None or last is None or start is None or end is None:
        return ""
    line = linecache.getline(frame.f_code.co_filename, first).encode()
    found = (line[start:end] if first == last else line[start:].rstrip() + b" ...").decode(errors="replace")
    try:
        ast.parse(found if first == last else "...")
    except (SyntaxError, ValueError):  # what is executed was made of another source than stands in the file
        return ""
    return found if len(found) <= _LONGEST else found[: _LONGEST - 3] + "..."


def hint(call: str, library: str, usual: str) -> str:
    """What to write instead, for the call and library that ask, or else the usual advice."""
    for asks, advice in _HINTS.items():
        if asks == library or re.search(asks, call):
            return advice
    return usual


_HINTS: Final = {
    r"\bndenumerate\(": "write it as a loop over places, `for place in np.ndindex(x.shape)`, with x[place]",
    r"\bfromiter\(": "use np.array(list(...)), or dtype=object, which keep wrapped numbers, or oc.unwrap of each",
    "matplotlib": "a plot is of plain values: hand it oc.unwrap(x)",
    r"\bplt\.\w+\(": "a plot is of plain values: hand it oc.unwrap(x)",
    r"\bvectorize\(": "use np.vectorize(f, otypes=[object]), whose results stay wrapped, or operators on the "
    "whole array, or hand it oc.unwrap(x)",
    r"\bnp\.polynomial\.": "np.polynomial takes wrapped coefficients as a list, list(c), and evaluates at wrapped "
    "places with np.polynomial.polynomial.polyval(x, c); or hand it oc.unwrap(x)",
    "pandas": "a column of wrapped numbers is pd.Series(list(x)), whose operators, sum, prod, cumsum and apply count; "
    "for the rest use NumPy's functions on the wrapped array, as np.mean(x), with s.to_numpy() for a column of plain "
    "numbers, or hand it oc.unwrap(x)",
    r"\brandom\.\w+\(": "random numbers are not counted: hand it the plain value, oc.unwrap(x)",
    r"\brng\.\w+\(": "random numbers are not counted: hand it the plain value, oc.unwrap(x)",
    "scipy": "write it with NumPy's functions and operators, which count, or hand it oc.unwrap(x)",
    "sklearn": "write it with NumPy's functions and operators, which count, or hand it oc.unwrap(x)",
}
"""Advice by a pattern in the text of the call, or by the name of the library."""
