"""Write the lists of SciPy's and scikit-learn's routines into docs/reference, or `--check` those that are there."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from analysis.array_api import scipy_calls, sklearn_calls
from analysis.array_api.lists import COUNTED, EXACT, NOTHING, WHOLE_ARRAYS, WRONG, Row, page, rows

DOCS: Final = Path(__file__).parents[2] / "docs" / "reference"

AT_LEAST: Final = {"SciPy": 70, "scikit-learn": 40}
"""How many routines have to be exact, of SciPy's, and without any exit, of scikit-learn's."""


def enough(library: str, listed: list[Row]) -> bool:
    reached = {EXACT, WHOLE_ARRAYS} if library == "SciPy" else {EXACT, WHOLE_ARRAYS, COUNTED, NOTHING}
    return sum(row.verdict in reached for row in listed) >= AT_LEAST[library]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m analysis.array_api", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, and fail if the lists have changed")
    check = parser.parse_args().check
    wrong = []
    for library, distribution, calls, name, first in (
        ("SciPy", "scipy", scipy_calls.calls(), "array-api-scipy.md",
         "What the routines of SciPy that support the array API standard count on `xp.wrap(x)`."),
        ("scikit-learn", "scikit-learn", sklearn_calls.calls(), "array-api-sklearn.md",
         "What calls of scikit-learn count on `xp.wrap(X)`, with `array_api_dispatch=True`."),
    ):  # fmt: skip
        listed = rows(calls)
        text = page(library, distribution, listed, first)
        wrong += [f"{library}: {row.name} {row.detail}" for row in listed if row.detail.startswith(WRONG)]
        if not enough(library, listed):
            wrong.append(f"{library}: fewer than {AT_LEAST[library]} routines are exact")
        path = DOCS / name
        if not check:
            path.write_text(text, encoding="utf-8")
        elif _header(path.read_text(encoding="utf-8")) == _header(text) and path.read_text(encoding="utf-8") != text:
            wrong.append(f"{path.name} is not what is executed now: make array-api")
        print(text[: text.index("\n## ")])
    sys.exit("\n".join(wrong) or None)


def _header(text: str) -> str:
    """What says with which versions a list was made: with others, other routines may be exact."""
    return text.partition("| verdict")[0]


if __name__ == "__main__":
    main()
