"""`a * b + c` in counts and under budgets, with the accelerator, and without it in another process.

`python -m analysis.bench.floats` is that process: it executes the loop of each name that it is sent, and says when it
is done.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any, Final

import opcount as oc

TIMES: Final = 100_000
NUMBERS: Final = (1.5, 2.5, 3.5)
COUNTS: Final[Mapping[str, tuple[int | None, ...]]] = {
    "in a count": (None,),
    "under a budget": (2**40,),
    "in three counts": (None,) * 3,
}
"""The budgets of the counts that are open around a loop."""


def multiply_add(a: Any, b: Any, c: Any) -> Any:
    for _ in range(TIMES):
        d = a * b + c
    return d


def counted(name: str) -> oc.Tally:
    with ExitStack() as stack:
        tallies = [stack.enter_context(oc.count(budget)) for budget in COUNTS[name]]
        multiply_add(*map(oc.wrap, NUMBERS))
    return tallies[0]


def in_python() -> Callable[[str], None]:
    """What executes the loop of a name in a process without the accelerator."""
    process = subprocess.Popen(
        [sys.executable, "-m", "analysis.bench.floats"],
        env=os.environ | {"OPCOUNT_PURE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )

    def execute(name: str) -> None:
        assert process.stdin and process.stdout
        print(name, file=process.stdin)
        if process.stdout.readline() != f"{name}\n":
            raise AssertionError("the loop in Python alone failed")

    return execute


def contestants() -> dict[str, Callable[[], object] | None]:
    pure = in_python()
    found: dict[str, Callable[[], object] | None] = {"float": lambda: multiply_add(*NUMBERS)}
    for name in COUNTS:
        if counted(name).counts != {"mul": TIMES, "add": TIMES}:
            raise AssertionError(f"the counts {name} differ")
        found[f"{name}, in C"] = partial(counted, name) if oc.accelerated else None
        found[f"{name}, in Python"] = partial(pure, name)
    return found


def main() -> None:
    for line in sys.stdin:
        counted(line.strip())
        print(line, end="", flush=True)


if __name__ == "__main__":
    main()
