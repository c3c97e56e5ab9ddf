"""`a * b + c` in counts and under budgets, with the accelerator, and without it in another process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any, Final

import opcount as oc
from analysis.bench.pure import in_python

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


def contestants() -> dict[str, Callable[[], object] | None]:
    found: dict[str, Callable[[], object] | None] = {"float": lambda: multiply_add(*NUMBERS)}
    for name in COUNTS:
        if counted(name).counts != {"mul": TIMES, "add": TIMES}:
            raise AssertionError(f"the counts {name} differ")
        found[f"{name}, in C"] = partial(counted, name) if oc.accelerated else None
        found[f"{name}, in Python"] = in_python(counted, name)
    return found
