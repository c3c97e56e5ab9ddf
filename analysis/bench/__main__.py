"""How fast is counting? `python -m analysis.bench`, or `make bench`.

Each bench runs its contestants in turns, many times, and compares them within each turn, so
that a machine that is busy for a while slows both sides of a ratio. The garbage collector
runs as in ordinary use, and each timing starts with nothing to collect. Matrix products run
on one thread: on several, the time of a product would hide the time of its count.

To add a bench, write a function in `benches` that returns a Bench and list it in BENCHES.
`python -m analysis.bench NAME` runs one alone, and writes nothing unless `--out` says where.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import statistics
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import numpy as np
from tabulate import tabulate
from tqdm import tqdm

import opcount as oc
from analysis.bench.benches import BENCHES, COMPARE, OURS, Bench, Comparison, Fit

RESULTS: Final = Path("reports/data/bench.json")
PACKAGES: Final = ("numpy", "counted-float", "micrograd", "autograd", "flopscope", "torch")


def run(bench: Bench) -> dict[str, Any]:
    """Measure the contestants in turns: medians and quartiles of each, and of the comparisons within a turn."""
    present = {name: contestant for name, contestant in bench.contestants.items() if contestant}
    found: dict[str, list[float]] = {name: [] for name in present}
    order = list(present)
    for turn in tqdm(range(bench.rounds), desc=bench.title.split(",")[0], leave=False, disable=None):
        for name in order[turn % len(order) :] + order[: turn % len(order)]:
            found[name].append(bench.measure(present[name]) * bench.scale)
    return {
        "title": bench.title,
        "unit": bench.unit,
        "rounds": bench.rounds,
        "measured": {name: spread(values) for name, values in found.items()},
        "comparisons": [compared(one, found) for one in bench.comparisons if {one.of, one.to} <= found.keys()]
        + [fitted(one, found) for one in bench.fits],
        "absent": [name for name in bench.contestants if name not in present],
    }


def compared(comparison: Comparison, found: Mapping[str, list[float]]) -> dict[str, Any]:
    of, to, target, by = comparison
    turns = spread(list(map(COMPARE[by], found[of], found[to])))
    result = {"of": of, "by": by, "to": to, **turns}
    return result if target is None else result | {"target": target, "met": turns["median"] <= target}


def fitted(fit: Fit, found: Mapping[str, list[float]]) -> dict[str, Any]:
    sizes = np.log(list(fit.sizes.values()))
    exponents = [float(np.polyfit(sizes, turn, 1)[0]) for turn in np.log([found[name] for name in fit.sizes]).T]
    turns = spread(exponents)
    result = {"of": fit.of, "by": "exponent over", "to": f"{len(sizes)} sizes", **turns}
    return result | {"target": fit.target, "met": turns["median"] <= fit.target}


def spread(values: list[float]) -> dict[str, float]:
    lower, median, upper = (float(f"{value:.4g}") for value in statistics.quantiles(values, n=4, method="inclusive"))
    return {"median": median, "lower_quartile": lower, "upper_quartile": upper}


def machine() -> dict[str, Any]:
    return {
        "cpu": cpu(),
        "cores": os.cpu_count(),
        "platform": platform.platform(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": versions() | {OURS: oc.__version__},
    }


def versions() -> dict[str, str]:
    """The versions of the compared packages that are installed."""
    found = {}
    for name in PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def cpu() -> str:
    """The model of the processor, from Linux if possible, else from Python."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def table(result: Mapping[str, Any]) -> str:
    rows = [cells(name, "{:,.4g}", found) for name, found in result["measured"].items()]
    rows += [cells("{of} {by} {to}".format(**one), "{:,.3f}", one) for one in result["comparisons"]]
    headers = (result["unit"], "median", "lower quartile", "upper quartile")
    aligned = tabulate(rows, headers, disable_numparse=True, colalign=("left", "right", "right", "right"))
    verdicts = [
        f"{one['of']} {one['by']} {one['to']}: target {one['target']:.2f}, {'met' if one['met'] else 'missed'}"
        for one in result["comparisons"]
        if "target" in one
    ]
    absent = [f"{name}: not installed" for name in result["absent"]]
    return "\n".join([result["title"], "", aligned, *verdicts, *absent, ""])


def cells(name: str, form: str, found: Mapping[str, float]) -> tuple[str, ...]:
    return name, *(form.format(found[key]) for key in ("median", "lower_quartile", "upper_quartile"))


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="python -m analysis.bench", description="How fast is counting?")
    result.add_argument(
        "names", nargs="*", type=known, metavar="NAME", help=f"of {', '.join(BENCHES)}; without one, all of them"
    )
    result.add_argument("--out", type=Path, help=f"the file to write (all benches: {RESULTS}; else none)")
    return result


def known(name: str) -> str:
    if name not in BENCHES:
        raise argparse.ArgumentTypeError(f"no bench is called {name!r}: there are {', '.join(BENCHES)}")
    return name


def main(arguments: list[str] | None = None) -> None:
    from threadpoolctl import threadpool_limits

    options = parser().parse_args(arguments)
    results = {}
    with threadpool_limits(1):
        for name in options.names or BENCHES:
            results[name] = run(BENCHES[name]())
            print(table(results[name]), flush=True)
    if out := options.out or (None if options.names else RESULTS):
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        out.parent.mkdir(parents=True, exist_ok=True)
        report = {"date": today, "machine": machine(), "benches": results}
        out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        print(f"written to {out}")


if __name__ == "__main__":
    main()
