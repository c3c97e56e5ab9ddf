"""What the benches execute in Python alone: a process without the accelerator, which does what it is sent.

`python -m analysis.bench.pure` is that process. A line names a module, a function of it and the arguments, and is
written back when the function has returned.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from typing import IO


def in_python(function: Callable[..., object], *arguments: str | int) -> Callable[[], None]:
    """What executes a module's function in the process without the accelerator."""
    task = json.dumps([function.__module__, function.__name__, arguments]) + "\n"

    def execute() -> None:
        sent, said = _process()
        sent.write(task)
        if said.readline() != task:
            raise AssertionError(f"{function.__name__} failed in Python alone")

    return execute


@cache
def _process() -> tuple[IO[str], IO[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "analysis.bench.pure"],
        env=os.environ | {"OPCOUNT_PURE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    assert process.stdin and process.stdout
    return process.stdin, process.stdout


def main() -> None:
    for line in sys.stdin:
        module, name, arguments = json.loads(line)
        getattr(importlib.import_module(module), name)(*arguments)
        print(line, end="", flush=True)


if __name__ == "__main__":
    main()
