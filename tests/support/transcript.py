"""Prints what opcount does with numbers, a line for each thing, so that two ways of executing it can be compared.

python -m tests.support.transcript
"""

from __future__ import annotations

import _thread
import asyncio
import contextvars
import copy
import functools
import itertools
import operator
import pickle
import random
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

import opcount as oc
from opcount.wrapping.operations import OPERATIONS, replaced

OPERATORS = (
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod),
    *(operator.lt, operator.eq, operator.iadd, operator.imul, divmod, np.add, np.multiply, np.divide),
)


class Own(oc.Scalar):
    """A subclass with an operator of its own."""

    __slots__ = ()

    def __rmul__(self, other: object) -> str:
        return f"{other!r} before {type(self).__name__}"


class Plain(oc.Scalar):
    """A subclass without."""

    __slots__ = ()


class Foreign:
    """What executes operators itself, out of sight."""

    def __radd__(self, other: object) -> str:
        return "Foreign.__radd__"

    def __mul__(self, other: object) -> str:
        return "Foreign.__mul__"

    def __repr__(self) -> str:
        return "Foreign()"


class Float(float):
    """A float by another name."""


NUMBERS: tuple[Any, ...] = (
    *(0.0, -0.0, 1.5, -2.25, 1e308, 5e-324, float("inf"), float("-inf"), float("nan")),
    *(0, 1, -3, 2**53, -(2**53) - 1, 2**63, 10**400),
    *(Fraction(1, 3), Fraction(0), Decimal("0.1"), Decimal(0), np.float64(2.5), np.float64(0), np.float32(0.5)),
    *(np.int64(3), Float(0.5), np.float64(-0.0), np.float64("inf"), np.float64("nan"), np.float64(1e308)),
    *(np.float64(5e-324), np.float64(3e-308), np.float64(-1e-200)),
)
OTHERS: tuple[Any, ...] = (True, np.True_, 1j, "text", None, Foreign(), [1.0], np.array([1.0, 2.0]), np.array(2.0))


def operands() -> Iterator[tuple[Any, Any]]:
    wrapped = [oc.wrap(number) for number in NUMBERS]
    more = [*wrapped, Own(2.0), Plain(3.0), oc.wrap(np.array([1.0, 2.0]))]
    yield from itertools.product(more, more)
    for one, other in itertools.product(more, (*NUMBERS, *OTHERS)):
        yield from ((one, other), (other, one))


def said(execute: Callable[..., object], *arguments: object) -> str:
    """What came of it: the value to the last bit and its class, or the error; and the warnings, with their lines."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            result = shown(execute(*arguments))
        except Exception as error:
            result = f"{type(error).__name__}: {error}"
    return " ".join([result, *(f"[{type(w.message).__name__}: {w.message}, line {w.lineno}]" for w in told)])


def shown(value: object) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(shown, value))})"
    plain = value._plain() if isinstance(value, oc.Scalar) else value
    text = plain.hex() if isinstance(plain, float) else repr(plain)
    return f"{type(value).__name__} of {type(plain).__name__} {text}"


def every_operator() -> Iterator[str]:
    for mode, execute in itertools.product(("warn", "raise"), OPERATORS):
        for one, other in operands():
            with oc.count() as tally, np.errstate(all=mode):  # type: ignore[call-overload]
                result = said(execute, one, other)
            yield f"{mode} {execute.__name__} {one!r} {other!r}: {result} {dict(tally.counts)}"


def random_program(random: random.Random, length: int) -> Callable[[], list[Any]]:
    """Operators of floats, integers and Fractions, wrapped or not, on the results of each other."""
    start: list[Any] = [oc.wrap(random.choice((0.5, 3.0, -1.25, 2, Fraction(1, 2), np.float64(1.5)))) for _ in range(4)]
    steps = [
        (random.choice(OPERATORS[:4]), random.random(), random.random(), random.choice((None, 2, 0.5, -0.0, 3)))
        for _ in range(length)
    ]

    def program() -> list[Any]:
        values = start.copy()
        for execute, left, right, constant in steps:
            a, b = values[int(left * len(values))], values[int(right * len(values))]
            if constant is not None:
                a, b = (a, constant) if left < right else (constant, b)
            values.append(execute(a, b) if execute is not operator.truediv or oc.unwrap(b) else a)
            if abs(oc.unwrap(values[-1])) > 1e6:
                values.pop()
        return values

    return program


def budgets() -> Iterator[str]:
    for seed in range(60):
        draw = random.Random(seed)
        program = random_program(draw, 40)
        limits: list[Any] = [
            None, draw.randrange(1, 50), {"mul": draw.randrange(1, 15)}, {"add": draw.randrange(1, 15), "total": 30},
            10**30, {"div": 2**63, "sub": draw.randrange(1, 12)},
        ]  # fmt: skip
        with ExitStack() as stack:
            tallies = []
            for _ in range(draw.randrange(1, 5)):
                tallies.append(stack.enter_context(oc.count(draw.choice(limits))))
                if draw.random() < 0.5:
                    stack.enter_context(oc.region(draw.choice("abc")))
            yield said(program)
            yield said(oc.record, {"mul": draw.randrange(10)})
            yield said(program)
            yield said(lambda: oc.wrap(np.ones(3)) * 2.0)
            with oc.paused():
                yield said(program)
            yield said(program)
        for tally in tallies:
            yield f"{dict(tally.counts)} { ({name: dict(counts) for name, counts in tally.regions.items()}) }"


def corrupted_rows() -> Iterator[str]:
    program = random_program(random.Random(0), 40)
    for name, kind in itertools.product(("add", "sub", "mul", "div"), ("add", "tanh")):
        with oc.count() as tally:
            yield said(program)
            with replaced(**{name: OPERATIONS[name]._replace(kind=kind, python=operator.sub)}):
                yield said(program)
                yield said(lambda: (2.0 * oc.wrap(3.0), oc.wrap(2.0) * 3.0, Plain(2.0) * 3.0))
                yield repr(dict(tally.counts))
            yield said(program)
            with oc.rules({OPERATIONS[name].ufunc: {"exp": 3}}):
                yield said(program)
        yield f"{name} as {kind}: {dict(tally.counts)}"


def threads_and_tasks() -> Iterator[str]:
    program = random_program(random.Random(1), 200)

    async def task(times: int) -> oc.Counts:
        with oc.count() as tally:
            for _ in range(times):
                program()
                await asyncio.sleep(0)
        return tally.counts

    async def tasks() -> list[dict[str, int]]:
        return [dict(counts) for counts in await asyncio.gather(*map(task, range(5)))]

    with oc.count() as tally:
        yield repr(asyncio.run(tasks()))
    yield repr(dict(tally.counts))
    with oc.count(budget=10_000) as tally, ThreadPoolExecutor(4) as pool:
        counting = oc.propagate(program)
        done = list(pool.map(lambda _: said(counting).startswith("BudgetExceeded"), range(100)))
        yield f"{any(done)} {tally.counts.total}"
    with oc.count() as tally, ThreadPoolExecutor(4) as pool:
        list(pool.map(oc.propagate(lambda _: program()), range(100)))
    yield repr(dict(tally.counts))
    with oc.count(), ThreadPoolExecutor(1) as pool:
        yield pool.submit(said, program).result()


def parts() -> Iterator[str]:
    """Counts by line and by function, again and again at the same places."""
    x, y = oc.wrap(0.5), oc.wrap(np.float64(2.0))
    for budget in (None, {"mul": 50}):
        with oc.count(budget, by="line") as lines, oc.count(by="function") as functions, oc.count() as whole:
            for _ in range(3):
                z = x * y + 2.0 * x - y / 4
                z = functools.reduce(operator.mul, [x, y, z]) + sum([x, y, z])
                np.dot(np.array([x, y]), np.array([z, x]))
                oc.gradient(lambda v: v * v * 2.0 - np.exp(v), 0.5)
        first = min(int(name.rpartition(":")[2]) for name in lines.parts)
        yield repr([(int(name.rpartition(":")[2]) - first, dict(counts)) for name, counts in lines.parts.items()])
        yield repr({name: dict(counts) for name, counts in functions.parts.items()})
        yield repr([sum(tally.parts.values(), oc.Counts()) == whole.counts for tally in (lines, functions)])
    with oc.count(by="function") as functions, oc.count(by="line"):
        _thread.start_new_thread(contextvars.copy_context().run, (operator.mul, x, y))  # in no frame of Python's
        waited = time.monotonic()
        while not functions.counts and time.monotonic() < waited + 60:
            time.sleep(0.001)
    yield repr({name: dict(counts) for name, counts in functions.parts.items()})


def suspended() -> Iterator[str]:
    program = random_program(random.Random(2), 10)

    def counting() -> Iterator[object]:
        with oc.count(budget=1000) as tally:
            yield program()
            yield dict(tally.counts)

    generator = counting()
    yield said(lambda: len(next(generator)))  # type: ignore[arg-type]
    yield said(program)
    yield said(lambda: next(generator))
    yield said(lambda: list(generator))
    yield said(program)


def one_class() -> Iterator[str]:
    x = oc.wrap(2.5)
    products = [x * x, 2.0 * x, x * 3, x + 1, oc.Scalar(2.0), np.multiply(x, x), oc.wrap([1.0])[0], +x]
    yield repr([type(product) is oc.Scalar and isinstance(product, oc.Scalar) for product in products])
    yield f"{type(x).__name__} {type(x).__qualname__} {type(x).__module__} {oc.Scalar.__doc__} {x!r} {x:.3f}"
    yield repr([copy.copy(x) is x, copy.deepcopy([x])[0] is x])
    for execute in (pickle.dumps, hash, float, int, bool, str, oc.unwrap, oc.wrap, len, iter):
        yield said(execute, x)
    yield said(setattr, x, "name", 1)
    yield said(setattr, x, "_array", 1)
    yield said(lambda: type(x)("text"))
    yield said(lambda: type(x)())
    yield said(lambda: oc.Scalar.__mul__(x, 2.0))
    yield said(lambda: oc.Scalar.__rmul__(x, 2.0))
    yield said(lambda: oc.Scalar.__rsub__(x, "text"))
    yield said(lambda: oc.Scalar.__new__(oc.Scalar) * 2.0)


def transcript() -> Iterator[str]:
    for part in (every_operator, budgets, corrupted_rows, threads_and_tasks, parts, suspended, one_class):
        yield f"-- {part.__name__}"
        yield from part()


if __name__ == "__main__":
    print(*transcript(), sep="\n")
