"""How fast is counting? `python -m analysis.bench`, or `make bench`.

Each bench runs its contestants by turns, many times, and compares them within each turn, so
that a machine that is busy for a while slows both sides of a ratio. The garbage collector
runs as it does in ordinary use, and starts each timing with nothing to collect. Matrix products
run on one thread: on several, the time of a product would hide the time of its count.

To add a bench, write a function that returns a Bench and list it in BENCHES. It imports its
rivals itself, and checks that its contestants compute the same before it returns.
`python -m analysis.bench NAME` runs one alone, and writes nothing unless `--out` says where.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import importlib.metadata
import io
import itertools
import json
import math
import operator
import os
import platform
import random
import statistics
import tempfile
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout, suppress
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Final, NamedTuple

import numpy as np
from tabulate import tabulate
from tqdm import tqdm

import opcount as oc
from analysis import array_bench

RESULTS: Final = Path("reports/data/bench.json")
PACKAGES: Final = ("numpy", "counted-float", "micrograd", "autograd", "flopscope", "torch")
OURS: Final = "opcount"
LARGER: Final = 8  # times as large is the larger of two sizes
COMPARE: Final[Mapping[str, Callable[[float, float], float]]] = {
    "/": operator.truediv,
    "-": operator.sub,
    "exponent from": lambda larger, smaller: math.log(larger / smaller, LARGER),
}


class Comparison(NamedTuple):
    """One contestant against another within each turn; `target` is what the median claims to be at most."""

    of: str
    to: str
    target: float | None = None
    by: str = "/"


class Bench(NamedTuple):
    """Contestants that do the same work, and what is compared; one that is not installed is None."""

    title: str
    contestants: Mapping[str, Callable[[], object] | None]
    comparisons: Sequence[Comparison]
    unit: str
    scale: float  # how many of the unit one is of what `measure` gives
    rounds: int
    measure: Callable[[Callable[[], object]], float]


def seconds(contestant: Callable[[], object]) -> float:
    gc.collect()
    start = perf_counter()
    contestant()
    return perf_counter() - start


def peak_bytes(contestant: Callable[[], object]) -> float:
    """The most memory that the call holds at any time, in what Python and NumPy allocate."""
    gc.collect()
    tracemalloc.start()
    try:
        contestant()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


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
        comparisons=[Comparison(OURS, "counted-float", 0.85)],
        unit="ns per operation",
        scale=1e9 / (2 * times),
        rounds=25,
        measure=seconds,
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
        comparisons=[Comparison(OURS, "micrograd", 1.0)],
        unit="ms",
        scale=1e3,
        rounds=25,
        measure=seconds,
    )


def training(width: int, times: int, rounds: int, target: float) -> Bench:
    """A training step on arrays, each counter against what it is uncounted.

    A timing is of many steps, as a training has: after the collector has run, the first one is
    slower than the others. A close target needs many rounds.
    """
    return Bench(
        title=f"Training step of {array_bench.LAYERS} layers of width {width}, batch {array_bench.BATCH}",
        contestants=array_bench.training(width, times),
        comparisons=[
            Comparison(OURS, "NumPy", target),
            Comparison("flopscope", "NumPy"),
            Comparison("FlopCounterMode", "torch"),
        ],
        unit="ms",
        scale=1e3 / times,
        rounds=rounds,
        measure=seconds,
    )


def gradient(width: int, times: int, rounds: int, target: float | None = None) -> Bench:
    """Backprop through a graph of arrays, counted, against autograd uncounted and against what one writes by hand."""
    return Bench(
        title=f"Value and gradient, {array_bench.LAYERS} layers of width {width}, batch {array_bench.BATCH}",
        contestants=array_bench.gradients(width, times),
        comparisons=[Comparison(OURS, "autograd", 1.0), Comparison(OURS, "NumPy by hand", target)],
        unit="ms",
        scale=1e3 / times,
        rounds=rounds,
        measure=seconds,
    )


def small_arrays() -> Bench:
    """What a count costs a call on arrays that is nothing but its overhead."""
    times = 2_000
    return Bench(
        title="a + b on eight elements, counted",
        contestants=array_bench.additions(times, array_bench.plain_and_ours() | array_bench.peers()),
        comparisons=[
            Comparison(OURS, "NumPy", 1.5, by="-"),
            Comparison("flopscope", "NumPy", by="-"),
            Comparison("FlopCounterMode", "torch", by="-"),
        ],
        unit="µs",
        scale=1e6 / times,
        rounds=25,
        measure=seconds,
    )


def memory() -> Bench:
    """A count is numbers, not a log: it holds as much after a million calls as after one."""
    return Bench(
        title="Most memory held during a million a + b on eight elements, counted",
        contestants=array_bench.additions(1_000_000, array_bench.plain_and_ours()),
        comparisons=[Comparison(OURS, "NumPy", 64, by="-")],
        unit="KiB",
        scale=1 / 1024,
        rounds=3,
        measure=peak_bytes,
    )


def law() -> Bench:
    """What finding the law of a cubic adds to running it at twelve sizes."""
    sizes = range(1, 13)

    def multiply(a: Any) -> Any:
        return a @ a

    def make(n: int) -> Any:
        return np.ones((n, n))

    def runs() -> None:
        for n in sizes:
            oc.measure(multiply, make(n))

    return Bench(
        title="The law of a matrix product, from twelve sizes",
        contestants={"the runs alone": runs, OURS: lambda: oc.law(multiply, sizes, make)},
        comparisons=[Comparison(OURS, "the runs alone", 20, by="-")],
        unit="ms",
        scale=1e3,
        rounds=51,
        measure=seconds,
    )


def linear() -> Bench:
    """What takes time linear in its size: the exponent, from one size to another eight times as large.

    The gradients of a loop over `v[i] ** 2` and of np.cumprod, a Jacobian with three entries a row, and the paths
    and the naive prediction of a chain. What is quadratic has exponent 2; what is linear has a little more
    than 1, since the larger one does not fit into the caches. The zeros of the Jacobian are a matrix all the same.
    """

    def squares(v: Any) -> Any:
        total = 0.0
        for i in range(len(v)):
            total = total + v[i] ** 2
        return total

    def banded(v: Any) -> list[Any]:
        return [v[i - 1] * v[i] * v[i + 1 - len(v)] for i in range(len(v))]

    def doublings(times: int) -> Callable[[Any], Any]:
        def doubled(x: Any) -> Any:
            for k in range(times):
                x = x * 0.5 if k % 1000 else x + x  # a path in two, and numbers of paths that stay small
            return x

        return doubled

    def points(n: int) -> np.ndarray:
        return np.linspace(0.9, 1.1, n)

    def predicting(n: int) -> Callable[[], object]:
        graph = oc.trace(doublings(n), 1.0)
        return lambda: (graph.predict("naive"), graph.paths())

    programs: dict[str, tuple[int, Callable[[int], Callable[[], object]]]] = {
        "v[i]**2": (4_000, lambda n: partial(oc.gradient, squares, points(n))),
        "cumprod": (2_000, lambda n: partial(oc.gradient, lambda v: np.sum(np.cumprod(v)), points(n))),
        "banded": (250, lambda n: partial(oc.jacobian, banded, points(n))),
        "paths": (10_000, predicting),
    }
    contestants: dict[str, Callable[[], object]] = {}
    comparisons = []
    for name, (size, prepare) in programs.items():
        smaller, larger = (f"{name} {n:,}" for n in (size, LARGER * size))
        contestants |= {smaller: prepare(size), larger: prepare(LARGER * size)}
        comparisons.append(Comparison(larger, smaller, 1.3, by="exponent from"))
    return Bench(
        title="Time by size: two gradients, a banded Jacobian, the paths of a chain",
        contestants=contestants,
        comparisons=comparisons,
        unit="ms",
        scale=1e3,
        rounds=7,
        measure=seconds,
    )


def marked_tests() -> Bench:
    """What a mark costs a test that is empty, in a run of pytest as a whole."""
    import pytest

    times = 2_000
    folder = Path(tempfile.mkdtemp())
    body = f"@pytest.mark.parametrize('n', range({times}))\ndef test_empty(n): pass\n"
    marks = {"unmarked": "", "marked": "@pytest.mark.max_ops(1000)\n"}

    def running(name: str) -> Callable[[], object]:
        file = folder / f"test_{name}.py"
        file.write_text(f"import pytest\n{marks[name]}{body}", encoding="utf-8")
        settings = folder / "pytest.ini"  # and none of this project's
        settings.write_text("[pytest]\n", encoding="utf-8")
        arguments = ["-q", "-p", "pytest_opcount", "-p", "no:asyncio", "-c", str(settings), str(file)]

        def tests() -> object:
            with redirect_stdout(io.StringIO()) as said:
                status = pytest.main(arguments)
            if status:
                raise AssertionError(said.getvalue())
            return status

        return tests

    return Bench(
        title="An empty test",
        contestants={name: running(name) for name in marks},
        comparisons=[Comparison("marked", "unmarked", 50, by="-")],
        unit="µs",
        scale=1e6 / times,
        rounds=11,
        measure=seconds,
    )


BENCHES: Final[Mapping[str, Callable[[], Bench]]] = {
    "loop": loop,
    "network": network,
    "training_64": partial(training, width=64, times=100, rounds=25, target=1.5),
    "training_256": partial(training, width=256, times=16, rounds=51, target=1.06),
    "training_1024": partial(training, width=1024, times=4, rounds=51, target=1.01),
    "gradient_64": partial(gradient, width=64, times=50, rounds=25, target=2.5),
    "gradient_128": partial(gradient, width=128, times=25, rounds=25),
    "gradient_256": partial(gradient, width=256, times=10, rounds=51, target=1.2),
    "gradient_512": partial(gradient, width=512, times=6, rounds=25),
    "gradient_1024": partial(gradient, width=1024, times=2, rounds=51, target=1.05),
    "small_arrays": small_arrays,
    "memory": memory,
    "law": law,
    "linear": linear,
    "marked_tests": marked_tests,
}


def multiply(a: Any, b: Any) -> Any:
    return a * b


def flat(value: Any) -> list[float]:
    return [number for item in value for number in flat(item)] if isinstance(value, (list, tuple)) else [value]


def run(bench: Bench) -> dict[str, Any]:
    """Measure the contestants by turns: medians and quartiles of each, and of what is compared within a turn."""
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
        "comparisons": [compared(one, found) for one in bench.comparisons if {one.of, one.to} <= found.keys()],
        "absent": [name for name in bench.contestants if name not in present],
    }


def compared(comparison: Comparison, found: Mapping[str, list[float]]) -> dict[str, Any]:
    of, to, target, by = comparison
    turns = spread(list(map(COMPARE[by], found[of], found[to])))
    result = {"of": of, "by": by, "to": to, **turns}
    return result if target is None else result | {"target": target, "met": turns["median"] <= target}


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
    """The versions of those packages that are installed."""
    found = {}
    for name in PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def cpu() -> str:
    """The model of the processor, as Linux names it, else as Python does."""
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
