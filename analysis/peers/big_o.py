"""What does big_O report for the same algorithms? `python -m analysis.peers.big_o` records it in big_o.json.

big_O (P. Berkes) fits orders of growth to the times that a function takes. It is given the plain function on
plain numbers, and ten sizes up to one at which a run takes a third of a second; each time is the best of three.
Run this by hand. It needs the package big_O; reading the record does not.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import math
import os
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from timeit import Timer
from typing import Any, Final

from tqdm import tqdm

from analysis.programs.textbooks import CASES, Case

RESULTS: Final = Path(__file__).with_suffix(".json")
SECONDS: Final = 0.3
LARGEST: Final = 2**18
MEASURES, TIMINGS = 10, 3


def answer(case: Case) -> dict[str, Any]:
    """What big_O finds, the sizes that it was given, and its fit."""
    import big_o

    def call(arguments: tuple[Any, ...]) -> Any:
        return case.f(*arguments)

    largest, repeats = reach(case, call)
    if geometric(case.sizes):  # an algorithm that only takes powers of two is given those
        sizes = [2**k for k in range(max(1, largest.bit_length() - MEASURES), largest.bit_length())]
        times = [min(Timer(runner(case, call, n)).repeat(TIMINGS, repeats)) for n in sizes]
        best, _ = big_o.infer_big_o_class(sizes, times)
    else:
        smallest = max(case.sizes[0], 1, largest // 100)
        best, fits = big_o.big_o(
            call, lambda n: case.arguments(int(n)), smallest, largest, MEASURES, repeats, TIMINGS, return_raw_data=True
        )
        sizes = [int(n) for n in fits["measures"]]
    return {"class": type(best).__name__, "fit": str(best), "sizes": sizes, "repeats": repeats}


def runner(case: Case, call: Callable[..., Any], n: int) -> Callable[[], Any]:
    arguments = case.arguments(n)
    return lambda: call(arguments)


def geometric(sizes: Sequence[int]) -> bool:
    return sizes[2] - sizes[1] != sizes[1] - sizes[0]


def reach(case: Case, call: Callable[..., Any]) -> tuple[int, int]:
    """The largest size to time, and how many runs to time together if a single one is too short."""
    n, largest, took = max(case.sizes[1], 2), 0, 0.0
    while took < SECONDS and n <= LARGEST:
        try:
            took = Timer(runner(case, call, n)).timeit(1)
        except RecursionError:
            break
        largest = n
        n = 2 * n if geometric(case.sizes) else max(n + 1, n * 5 // 4)
    return largest, max(1, math.ceil(SECONDS / max(took, 1e-7) / 2))


def main() -> None:
    cases = {name: case for name, case in CASES.items() if case.plain}
    report = {
        "recorded": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "version": importlib.metadata.version("big_O"),
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "answers": {name: answer(case) for name, case in tqdm(cases.items(), leave=False, disable=None)},
    }
    RESULTS.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(cases)} answers written to {RESULTS.name}")


if __name__ == "__main__":
    main()
