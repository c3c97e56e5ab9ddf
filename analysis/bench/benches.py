"""The benches, a function for each: counted work is compared with the same work uncounted.

A bench imports its peers itself, and checks that its contestants compute the same before it returns.
"""

from __future__ import annotations

import gc
import io
import math
import operator
import tempfile
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Final, NamedTuple

import numpy as np

import opcount as oc
from analysis.bench import arrays, floats, graphs, growth
from analysis.bench.pure import in_python

OURS: Final = "opcount"
LARGER: Final = 8  # how many times as large the larger of two sizes is
COMPARE: Final[Mapping[str, Callable[[float, float], float]]] = {
    "/": operator.truediv,
    "-": operator.sub,
    "exponent from": lambda larger, smaller: math.log(larger / smaller, LARGER),
}


class Comparison(NamedTuple):
    """A comparison of two contestants within each turn; `target` is the most that the median ratio should be."""

    of: str
    to: str
    target: float | None = None
    by: str = "/"


class Fit(NamedTuple):
    """The exponent of what is measured in size, fitted to contestants of several sizes within each turn.

    `target` is the most that the median exponent should be.
    """

    of: str
    sizes: Mapping[str, int]
    target: float


def seconds(contestant: Callable[[], object]) -> float:
    gc.collect()
    start = perf_counter()
    contestant()
    return perf_counter() - start


class Bench(NamedTuple):
    """Contestants that do the same work, and their comparisons; a contestant that is not installed is None."""

    title: str
    contestants: Mapping[str, Callable[[], object] | None]
    comparisons: Sequence[Comparison]
    unit: str = "ms"
    scale: float = 1e3  # converts what `measure` returns to `unit`
    rounds: int = 25
    measure: Callable[[Callable[[], object]], float] = seconds
    fits: Sequence[Fit] = ()


def peak_bytes(contestant: Callable[[], object]) -> float:
    """The most memory, in bytes, that Python and NumPy have allocated at any time during a call."""
    gc.collect()
    tracemalloc.start()
    try:
        contestant()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def loop() -> Bench:
    """`a * b + c`, over and over inside a count, as time per operation; every time includes that of the loop."""
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
    )


def accelerated() -> Bench:
    """`a * b + c` on wrapped floats, in counts and under a budget, in C and in Python, over the same on floats."""
    targets = {"in a count": 1.6, "under a budget": 1.8, "in three counts": 1.7}
    return Bench(
        title="a * b + c in a loop: in counts, in C and in Python, over a float",
        contestants=floats.contestants(),
        comparisons=[
            *(Comparison(f"{name}, in C", "float", target) for name, target in targets.items()),
            *(Comparison(f"{name}, in Python", "float") for name in targets),
        ],
        unit="ns per operation",
        scale=1e9 / (2 * floats.TIMES),
        rounds=51,
    )


def network() -> Bench:
    """Value and gradient of an MLP with a number in each node: opcount's counted, micrograd's uncounted.

    Both start from the same nested lists of floats, wrap them within the timing, and end with
    the gradient in nested lists.
    """
    for one, other in zip(flat(graphs.by_opcount()), flat(graphs.by_micrograd()), strict=True):
        if not math.isclose(one, other, rel_tol=1e-10, abs_tol=1e-12):
            raise AssertionError(f"the gradients differ: {one} and {other}")
    ours = {"opcount, in C": 0.15, "opcount, in Python": 0.8}
    return Bench(
        title=f"{'-'.join(map(str, graphs.LAYERS))} tanh MLP, value and gradient (opcount counted, micrograd not)",
        contestants={
            "micrograd": graphs.by_micrograd,
            "opcount, in C": graphs.by_opcount if oc.accelerated else None,
            "opcount, in Python": in_python(graphs.by_opcount),
        },
        comparisons=[Comparison(name, "micrograd", target) for name, target in ours.items()],
    )


def prediction() -> Bench:
    """What backprop would count on the network, predicted from its graph, beside the gradient itself."""

    def loss(layers: Any) -> Any:
        return graphs.network(layers, np.tanh)

    graph = oc.trace(loss, graphs.parameters())
    predicted = graph.predict("backprop")
    if predicted != oc.gradient(loss, graphs.parameters()).phases["accumulation"]:
        raise AssertionError("what was predicted is not what was executed")
    return Bench(
        title="A prediction beside the gradient, on the network",
        contestants={
            "gradient": lambda: oc.gradient(loss, graphs.parameters()),
            "predict": lambda: graph.predict("backprop"),
        },
        comparisons=[Comparison("predict", "gradient", 0.3)],
    )


def nodes() -> Bench:
    """What tracing adds to a chain of a million operations on floats, for each of them."""
    million = 1_000_000
    return Bench(
        title="A chain of a million nodes, traced",
        contestants={
            "floats": lambda: graphs.chain(graphs.START, million),
            "traced, in C": partial(graphs.traced, million) if oc.accelerated else None,
            "traced, in Python": in_python(graphs.traced, million),
        },
        comparisons=[
            Comparison("traced, in C", "floats", 300, by="-"),
            Comparison("traced, in Python", "floats", 2_500, by="-"),
        ],
        unit="ns a node",
        scale=1e9 / million,
        rounds=7,
    )


def memory_of_nodes() -> Bench:
    """The most memory held while a chain of a million operations is traced, and predicted."""
    million = 1_000_000

    def predicted() -> oc.Counts:
        return graphs.traced(million).predict("backprop")

    return Bench(
        title="A chain of a million nodes, memory",
        contestants={
            "floats": lambda: graphs.chain(graphs.START, million),
            "traced": partial(graphs.traced, million) if oc.accelerated else None,
            "and predicted": predicted if oc.accelerated else None,
        },
        comparisons=[Comparison(name, "floats", 40, by="-") for name in ("traced", "and predicted")],
        unit="bytes a node",
        scale=1 / million,
        rounds=3,
        measure=peak_bytes,
    )


def ten_million(measure: Callable[[Callable[[], object]], float], unit: str, scale: float, target: float) -> Bench:
    """The gradient of a chain of ten million operations on floats."""
    many = 10_000_000
    return Bench(
        title="A chain of ten million nodes, traced and differentiated",
        contestants={
            "floats": lambda: graphs.chain(graphs.START, many),
            "gradient": partial(graphs.differentiated, many) if oc.accelerated else None,
        },
        comparisons=[Comparison("gradient", "floats", target, by="-")],
        unit=unit,
        scale=scale,
        rounds=3,
        measure=measure,
    )


def training(width: int, times: int, rounds: int, target: float) -> Bench:
    """A training step on arrays, under each counter and uncounted.

    A timing covers many steps, as a training does: right after a garbage collection the first
    step is slower than the others. A target that is nearly missed needs many rounds.
    """
    return Bench(
        title=f"Training step of {arrays.LAYERS} layers of width {width}, batch {arrays.BATCH}",
        contestants=arrays.training(width, times),
        comparisons=[
            Comparison(OURS, "NumPy", target),
            Comparison("flopscope", "NumPy"),
            Comparison("FlopCounterMode", "torch"),
        ],
        scale=1e3 / times,
        rounds=rounds,
    )


def gradient(width: int, times: int, rounds: int, target: float | None = None) -> Bench:
    """Backprop through a graph of arrays, counted, against autograd uncounted and against a gradient by hand."""
    return Bench(
        title=f"Value and gradient, {arrays.LAYERS} layers of width {width}, batch {arrays.BATCH}",
        contestants=arrays.gradients(width, times),
        comparisons=[Comparison(OURS, "autograd", 1.0), Comparison(OURS, "NumPy by hand", target)],
        scale=1e3 / times,
        rounds=rounds,
    )


def small_arrays() -> Bench:
    """What counting adds to calls on arrays so small that only overhead matters."""
    times = 2_000
    return Bench(
        title="a + b on eight elements, counted",
        contestants=arrays.additions(times, arrays.plain_and_ours() | arrays.peers()),
        comparisons=[
            Comparison(OURS, "NumPy", 1.5, by="-"),
            Comparison("flopscope", "NumPy", by="-"),
            Comparison("FlopCounterMode", "torch", by="-"),
        ],
        unit="µs",
        scale=1e6 / times,
    )


def array_calls() -> Bench:
    """Calls on arrays so small that only overhead matters: counted, and under a budget; the loop is subtracted."""
    times = 500
    targets = {"v < 1": 4, "np.where": 8, "mean": 8, "np.linalg.norm": 15}
    return Bench(
        title="Calls on eight elements, in a count and under a budget",
        contestants=arrays.calls(times),
        comparisons=[
            *(Comparison(name, "nothing", targets.get(name), by="-") for name in arrays.CALLS),
            *(Comparison(name, f"{name}, NumPy") for name in arrays.CALLS),
            *(Comparison(f"{name}, budget", f"{name}, NumPy") for name in arrays.CALLS),
        ],
        unit="µs",
        scale=1e6 / times,
    )


def memory() -> Bench:
    """Memory: a count keeps totals, not a log, so it needs as much after a million calls as after one."""
    return Bench(
        title="Most memory held during a million a + b on eight elements, counted",
        contestants=arrays.additions(1_000_000, arrays.plain_and_ours()),
        comparisons=[Comparison(OURS, "NumPy", 64, by="-")],
        unit="KiB",
        scale=1 / 1024,
        rounds=3,
        measure=peak_bytes,
    )


def law() -> Bench:
    """What finding a cubic law adds to the time of the runs at twelve sizes."""
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
        rounds=51,
    )


def linear() -> Bench:
    """The exponent of time in size, from one size to another eight times as large, for what should be linear.

    These are the gradients of a loop over `v[i] ** 2` and of np.cumprod, a Jacobian with three entries a row, and the
    paths and the naive prediction of a chain. Quadratic time has exponent 2; linear time has slightly more than 1,
    since the larger size does not fit into the caches. The Jacobian is returned as a dense matrix, zeros included.
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
                x = x * 0.5 if k % 1000 else x + x  # every thousandth step doubles the paths
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
        rounds=7,
    )


def how_it_grows() -> Bench:
    """The exponents of time in size, at four sizes, of what should be linear."""
    contestants: dict[str, Callable[[], object]] = {}
    fits = []
    for name, (smallest, at) in growth.programs().items():
        sizes = {f"{name}, {smallest * times:,}": smallest * times for times in growth.TIMES_AS_LARGE}
        contestants |= {contestant: at(size) for contestant, size in sizes.items()}
        fits.append(Fit(name, sizes, 1.1))
    return Bench(title="How it grows", contestants=contestants, comparisons=[], rounds=5, fits=fits)


def transformer() -> Bench:
    """The gradient of a transformer of a hundred layers, counted from shapes."""
    return Bench(
        title="A transformer of a hundred layers, value and gradient from shapes",
        contestants={"one layer": partial(growth.transformer, 1), "a hundred": partial(growth.transformer, 100)},
        comparisons=[Comparison("a hundred", "one layer", 1, by="-")],
        unit="s",
        scale=1,
        rounds=7,
    )


def marked_tests() -> Bench:
    """What a mark adds to a test of one operation, in a complete run of pytest."""
    import pytest

    times = 2_000
    folder = Path(tempfile.mkdtemp())
    start = "import opcount as oc\nimport pytest\nx = oc.wrap(3.0)\n"
    body = f"@pytest.mark.parametrize('n', range({times}))\ndef test_square(n): x * x\n"
    marks = {"unmarked": "", "marked": "@pytest.mark.max_ops(1000)\n"}

    def running(name: str) -> Callable[[], object]:
        file = folder / f"test_{name}.py"
        file.write_text(f"{start}{marks[name]}{body}", encoding="utf-8")
        settings = folder / "pytest.ini"  # without the configuration of this project
        settings.write_text("[pytest]\n", encoding="utf-8")
        arguments = ["-q", "-p", "opcount", "-p", "no:asyncio", "-c", str(settings), str(file)]

        def tests() -> object:
            with redirect_stdout(io.StringIO()) as said:
                status = pytest.main(arguments)
            if status:
                raise AssertionError(said.getvalue())
            return status

        return tests

    return Bench(
        title="A test of one operation",
        contestants={name: running(name) for name in marks},
        comparisons=[Comparison("marked", "unmarked", 60, by="-")],
        unit="µs",
        scale=1e6 / times,
        rounds=11,
    )


BENCHES: Final[Mapping[str, Callable[[], Bench]]] = {
    "loop": loop,
    "accelerated": accelerated,
    "network": network,
    "prediction": prediction,
    "nodes": nodes,
    "memory_of_nodes": memory_of_nodes,
    "ten_million": partial(ten_million, measure=seconds, unit="s", scale=1, target=5),
    "memory_of_ten_million": partial(ten_million, measure=peak_bytes, unit="MB", scale=1e-6, target=1_000),
    "training_64": partial(training, width=64, times=100, rounds=25, target=1.28),
    "training_256": partial(training, width=256, times=16, rounds=51, target=1.04),
    "training_1024": partial(training, width=1024, times=4, rounds=51, target=1.01),
    "gradient_64": partial(gradient, width=64, times=50, rounds=25, target=2.5),
    "gradient_128": partial(gradient, width=128, times=25, rounds=25),
    "gradient_256": partial(gradient, width=256, times=10, rounds=51, target=1.2),
    "gradient_512": partial(gradient, width=512, times=6, rounds=25),
    "gradient_1024": partial(gradient, width=1024, times=2, rounds=51, target=1.05),
    "small_arrays": small_arrays,
    "array_calls": array_calls,
    "memory": memory,
    "law": law,
    "linear": linear,
    "growth": how_it_grows,
    "transformer": transformer,
    "marked_tests": marked_tests,
}


def multiply(a: Any, b: Any) -> Any:
    return a * b


def flat(value: Any) -> list[float]:
    return [number for item in value for number in flat(item)] if isinstance(value, (list, tuple)) else [value]
