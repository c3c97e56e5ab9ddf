"""What the points of an interrupted run gave, on disk, so that the same command goes on where it stopped."""

from __future__ import annotations

import hashlib
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np

SOURCES = (Path(__file__).parent, Path(__file__).parents[1] / "opcount")


class Finished:
    """Results by study and point. They are those of this very code: a run of another begins anew.

    A result is written when it comes, at the end of one file; the last one may be cut short if the run is killed.
    """

    def __init__(self, out: Path, quick: bool) -> None:
        out = out.resolve()
        self.path = out.with_name(f".{out.name}.unfinished-{_digest(quick)}")
        self.results: dict[bytes, Any] = {}
        if self.path.exists():
            with self.path.open("rb") as file:
                try:
                    while True:
                        key, result = pickle.load(file)
                        self.results[key] = result
                except (EOFError, pickle.UnpicklingError):
                    pass
        self.found = len(self.results)

    def keep(self, key: bytes, result: Any) -> None:
        self.results[key] = result
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            pickle.dump((key, result), file)

    def forget(self) -> None:
        """The run is done: nothing is to be gone on with, and what other code left behind goes too."""
        for path in self.path.parent.glob(self.path.name.rpartition("-")[0] + "-*"):
            path.unlink(missing_ok=True)


def key_of(slug: str, function: Any, point: Any) -> bytes:
    return pickle.dumps((slug, function, point))


def _digest(quick: bool) -> str:
    found = hashlib.sha256(repr((quick, sys.version, np.__version__)).encode())
    for folder in SOURCES:
        for path in sorted(folder.rglob("*.py")):
            found.update(path.read_bytes())
    return found.hexdigest()[:16]
