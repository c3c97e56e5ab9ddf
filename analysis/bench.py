"""How fast is counting? `python -m analysis.bench`, or `make bench`.

Each bench runs its contestants by turns, many times, and compares them within each turn, so
that a machine that is busy for a while slows both sides of a ratio. The garbage collector
runs as it does in ordinary use, and starts each timing with nothing to collect.

To add a bench, write a function that returns a Bench and list it in BENCHES. It imports its
rivals itself, and checks that its contestants compute the same before it returns.
"""

from __future__ import annotations

import datetime
import gc
import importlib.metadata
import itertools
import json
import math
import os
import platform
import random
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any, Final, NamedTuple

import numpy as np
from tabulate import tabulate
from tqdm import tqdm

import opcount as oc

RESULTS: Final = Path("reports/data/bench.json")
PACKAGES: Final = ("numpy", "counted-float", "micrograd")
OURS: Final = "opcount"


class Bench(NamedTuple):
    """Contestants that do the same work; the claim is that ours takes at most `target` times as long as `rival`."""

    title: str
    contestants: Mapping[str, Callable[[], object]]
    rival: str
    target: float
    unit: str
    per_second: float  # how many of the unit a second of one call is
    rounds: int


def loop() -> Bench:
    """`a * b + c`, over and over inside a count, at the cost of one operation; the loop itself is in every number."""
    from counted_float import CountedFloat, FlopCountingContext
    from micrograd.engine import Value

    times = 20_000

    def multiply_add(a: Any, b: Any, c: Any) -> Any:
        for _ in range(times):
            d = a * b + c
        return d

    numbers = (1.5, 2.5, 3.5)

    def ours() -> oc.Tally:
        a, b, c = map(oc.wrap, numbers)
        with oc.count() as tally:
            multiply_add(a, b, c)
        return tally

    def counted_float() -> Any:
        a, b, c = map(CountedFloat, numbers)
        with FlopCountingContext() as context:
            multiply_add(a, b, c)
        return context.flop_counts()

    mine, theirs = ours().counts, counted_float()
    if any(number != times for number in (mine.mul, mine.add, theirs.MUL, theirs.ADD)):
        raise AssertionError("the counts of a * b + c differ")
    return Bench(
        title="a * b + c in a loop, counted (micrograd: forward only, uncounted)",
        contestants={
            "float": lambda: multiply_add(*numbers),
            "counted-float": counted_float,
            "micrograd": lambda: multiply_add(*map(Value, numbers)),
            OURS: ours,
        },
        rival="counted-float",
        target=0.85,
        unit="ns per operation",
        per_second=1e9 / (2 * times),
        rounds=25,
    )


def network() -> Bench:
    """Value and gradient of an MLP, one number a node: ours counted, micrograd's uncounted.

    Both start from the same nested lists of floats and wrap them inside the timing, both end
    with the gradient in nested lists again.
    """
    from micrograd.engine import Value

    layers = (3, 64, 64, 1)
    draw = random.Random(0)
    parameters = [
        [[draw.gauss(0, 1 / math.sqrt(size)) for _ in range(size + 1)] for _ in range(width)]
        for size, width in itertools.pairwise(layers)
    ]
    inputs = [0.5, -1.0, 2.0]

    def mlp(parameters: Any, tanh: Callable[[Any], Any]) -> Any:
        values: list[Any] = inputs
        for layer in parameters:
            values = [tanh(sum(map(multiply, weights, values), bias)) for *weights, bias in layer]
        return values[0]

    def tanh(x: Value) -> Value:
        """The tanh that micrograd lacks, in the style of its relu."""
        out = Value(math.tanh(x.data), (x,), "tanh")

        def _backward() -> None:
            x.grad += (1 - out.data * out.data) * out.grad

        out._backward = _backward
        return out

    def ours() -> tuple[float, list[Any]]:
        with oc.count():
            found = oc.gradient(lambda parameters: mlp(parameters, np.tanh), parameters)
        return found.value, found.gradient

    def micrograd() -> tuple[float, list[Any]]:
        wrapped = [[[Value(number) for number in row] for row in layer] for layer in parameters]
        output = mlp(wrapped, tanh)
        output.backward()
        return output.data, [[[value.grad for value in row] for row in layer] for layer in wrapped]

    for one, other in zip(flat(ours()), flat(micrograd()), strict=True):
        if not math.isclose(one, other, rel_tol=1e-10, abs_tol=1e-12):
            raise AssertionError(f"the gradients differ: {one} and {other}")
    return Bench(
        title=f"{'-'.join(map(str, layers))} tanh MLP, value and gradient (opcount counted, micrograd not)",
        contestants={"micrograd": micrograd, OURS: ours},
        rival="micrograd",
        target=1.0,
        unit="ms",
        per_second=1e3,
        rounds=25,
    )


BENCHES: Final = {"loop": loop, "network": network}


def multiply(a: Any, b: Any) -> Any:
    return a * b


def flat(value: Any) -> list[float]:
    return [number for item in value for number in flat(item)] if isinstance(value, (list, tuple)) else [value]


def run(bench: Bench) -> dict[str, Any]:
    """Time the contestants by turns: medians and quartiles of each, and of the ratio within a turn."""
    times: dict[str, list[float]] = {name: [] for name in bench.contestants}
    order = list(bench.contestants)
    for turn in tqdm(range(bench.rounds), desc=bench.title.split(",")[0], leave=False, disable=None):
        for name in order[turn % len(order) :] + order[: turn % len(order)]:
            times[name].append(seconds(bench.contestants[name]) * bench.per_second)
    ratio = spread([mine / theirs for mine, theirs in zip(times[OURS], times[bench.rival], strict=True)])
    return {
        "title": bench.title,
        "unit": bench.unit,
        "rounds": bench.rounds,
        "times": {name: spread(values) for name, values in times.items()},
        "ratio": {"of": OURS, "to": bench.rival, **ratio},
        "target": bench.target,
        "met": ratio["median"] <= bench.target,
    }


def seconds(contestant: Callable[[], object]) -> float:
    gc.collect()
    start = perf_counter()
    contestant()
    return perf_counter() - start


def spread(values: list[float]) -> dict[str, float]:
    lower, median, upper = (float(f"{value:.4g}") for value in statistics.quantiles(values, n=4, method="inclusive"))
    return {"median": median, "lower_quartile": lower, "upper_quartile": upper}


def machine() -> dict[str, Any]:
    return {
        "cpu": cpu(),
        "cores": os.cpu_count(),
        "platform": platform.platform(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES} | {OURS: oc.__version__},
    }


def cpu() -> str:
    """The model of the processor, as Linux names it, else as Python does."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def table(result: Mapping[str, Any]) -> str:
    ratio = result["ratio"]
    rows = [(name, *(f"{time:,.4g}" for time in times.values())) for name, times in result["times"].items()]
    shown = (f"{ratio[key]:.3f}" for key in ("median", "lower_quartile", "upper_quartile"))
    rows.append((f"{ratio['of']} / {ratio['to']}", *shown))
    headers = (result["unit"], "median", "lower quartile", "upper quartile")
    verdict = f"target {result['target']:.2f}: {'met' if result['met'] else 'missed'}"
    aligned = tabulate(rows, headers, disable_numparse=True, colalign=("left", "right", "right", "right"))
    return f"{result['title']}\n\n{aligned}\n{verdict}\n"


def main() -> None:
    results = {}
    for name, bench in BENCHES.items():
        results[name] = run(bench())
        print(table(results[name]), flush=True)
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    report = {"date": today, "machine": machine(), "benches": results}
    RESULTS.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(f"written to {RESULTS}")


if __name__ == "__main__":
    main()
