"""The results of an interrupted run, on disk, so that the same command continues where it stopped."""

from __future__ import annotations

import hashlib
import os
import pickle
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

SOURCES = [Path(__file__).parents[2] / name for name in ("analysis", "opcount")]
HEAD = struct.Struct("<Q32s")
"""The header before each result in the file: the length of the result in bytes, and its SHA-256."""


class Finished:
    """Results by study and point. They belong to the present state of the code: a run of changed code starts anew.

    A result is appended to one file as soon as it is known. A run that is killed may leave the last result incomplete:
    the file is then cut off after the last complete one, so that others can follow.
    """

    def __init__(self, out: Path, quick: bool) -> None:
        out = out.resolve()
        self.path = out.with_name(f".{out.name}.unfinished-{_digest(quick)}")
        self.results: dict[bytes, Any] = {}
        if self.path.exists():
            written, complete = self.path.read_bytes(), 0
            for key, result, end in _read(written):
                self.results[key], complete = result, end
            if complete < len(written):
                os.truncate(self.path, complete)

    def keep(self, key: bytes, result: Any) -> None:
        self.results[key] = result
        self.path.parent.mkdir(parents=True, exist_ok=True)
        pickled = pickle.dumps((key, result))
        with self.path.open("ab") as file:
            file.write(HEAD.pack(len(pickled), hashlib.sha256(pickled).digest()) + pickled)

    def forget(self) -> None:
        """Delete the results, since the run is complete, and those that other states of the code left behind."""
        for path in self.path.parent.glob(self.path.name.rpartition("-")[0] + "-*"):
            path.unlink(missing_ok=True)


def key_of(slug: str, function: Any, point: Any) -> bytes:
    return pickle.dumps((slug, function, point))


def _read(written: bytes) -> Iterator[tuple[bytes, Any, int]]:
    """The results up to the first incomplete one: the key and value of each, and where its bytes end."""
    end = 0
    while end + HEAD.size <= len(written):
        length, digest = HEAD.unpack_from(written, end)
        start, end = end + HEAD.size, end + HEAD.size + length
        pickled = written[start:end]
        # only what was written here is unpickled: other bytes could make pickle execute anything
        if len(pickled) < length or hashlib.sha256(pickled).digest() != digest:
            return
        yield *pickle.loads(pickled), end


def _digest(quick: bool) -> str:
    found = hashlib.sha256(repr((quick, sys.version, np.__version__)).encode())
    for folder in SOURCES:
        for path in sorted(folder.rglob("*.py")):
            found.update(path.read_bytes())
    return found.hexdigest()[:16]
