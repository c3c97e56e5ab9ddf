"""Mutation testing: how many small faults, planted one at a time in what matters most, do the tests notice?

python .ci/mutants.py [number of mutants] [seed]

cosmic-ray makes the mutants and runs the tests; a sample of them is taken evenly from the subjects below. Each is
planted in a copy of the checkout, where the tests that concern its subject run until one fails. Prints the mutants
that survive; exits with 1 where less than 95 % are killed.
"""

from __future__ import annotations

import ast
import functools
import importlib
import itertools
import multiprocessing
import os
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.work_db import WorkDB
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome

ROOT = Path(__file__).parents[1]
COPIED = ("opcount", "pytest_opcount.py", "analysis", "tests", "examples", "pyproject.toml", "README.md")
LIMIT = 0.95
EQUIVALENT = ("Is_Eq", "Eq_Is", "IsNot_NotEq", "NotEq_IsNot")
"""Operators that mostly change nothing."""
WORKERS = os.cpu_count() or 1


class Subject(NamedTuple):
    """What is mutated, and which tests concern it, the quick ones first. Both are paths, or patterns of paths."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]
    by_row: bool = False
    """Whether a test concerns a module only where one of its rows gives the test its parameter."""


SUBJECTS = {
    "rows of operations": Subject(
        ("opcount/wrapping/operations.py",),
        ("tests/tracing/test_partials.py", "tests/tracing/test_primitives.py", "tests/wrapping/test_operations.py",
         "tests/agreement/test_agreement.py"),
    ),
    "rows of functions": Subject(
        ("opcount/functions/*.py",),
        ("tests/functions/test_[!n]*.py", "tests/wrapping/test_spec.py", "tests/derivatives/test_array_gradients.py"),
        by_row=True,
    ),
    "the chain rule": Subject(
        ("opcount/derivatives/chain_rule.py", "opcount/derivatives/walks.py"),
        ("tests/derivatives/test_chain_rule.py", "tests/derivatives/test_walks.py", "tests/derivatives/test_graph.py",
         "tests/agreement/test_*.py"),
    ),
    "steps": Subject(
        ("opcount/derivatives/schedule.py", "opcount/derivatives/steps.py", "opcount/derivatives/checkpointed.py"),
        ("tests/derivatives/test_checkpointed.py",),
    ),
    "prediction": Subject(
        ("opcount/derivatives/predict.py", "opcount/derivatives/graph.py"),
        ("tests/derivatives/test_predict.py", "tests/derivatives/test_graph.py", "tests/derivatives/test_chain_rule.py",
         "tests/agreement/test_*.py"),
    ),
    "edges": Subject(
        ("opcount/tracing/edges.py", "opcount/tracing/structural.py", "opcount/tracing/contraction.py"),
        ("tests/tracing/test_edges.py", "tests/tracing/test_structural.py", "tests/tracing/test_array_operations.py",
         "tests/derivatives/test_array_gradients.py::test_whole_arrays_count_what_their_numbers_count",
         "tests/derivatives/test_gradients_from_shapes.py::test_shapes_alone_count_what_is_executed",
         "tests/derivatives/test_array_gradients.py::test_gradients_are_those_of_jax"),
    ),
    "elimination": Subject(
        ("opcount/derivatives/elimination.py", "opcount/derivatives/linearized.py", "opcount/derivatives/jacobian.py",
         "opcount/derivatives/orders/*.py"),
        ("tests/derivatives/test_elimination.py", "tests/derivatives/test_jacobian.py",
         "tests/derivatives/test_orders.py"),
    ),
    "laws": Subject(("opcount/laws/*.py",), ("tests/laws/test_*.py",)),
}  # fmt: skip


def found(patterns: tuple[str, ...]) -> list[str]:
    """The paths that match, each with what follows its `::`."""
    parts = [pattern.partition("::") for pattern in patterns]
    return [
        f"{path.relative_to(ROOT)}{colons}{test}" for glob, colons, test in parts for path in sorted(ROOT.glob(glob))
    ]


def sampled(number: int, seed: int) -> list[tuple[str, MutationSpec]]:
    """So many mutants, one subject after the other, each with its subject: at no place two of them."""
    generator = random.Random(seed)
    by_subject = [[(name, mutant) for mutant in shuffled(subject, generator)] for name, subject in SUBJECTS.items()]
    rounds = itertools.zip_longest(*by_subject)
    return list(itertools.islice((drawn for drawn in itertools.chain.from_iterable(rounds) if drawn), number))


def shuffled(subject: Subject, generator: random.Random) -> list[MutationSpec]:
    """One mutant for each place where there are any, in random order."""
    modules = [module for module in found(subject.modules) if not subject.by_row or rows_of(module)]
    assert modules and found(subject.tests), f"nothing matches {subject}"
    with tempfile.TemporaryDirectory() as folder:
        database = WorkDB(f"{folder}/mutants.sqlite", WorkDB.Mode.create)
        init([Path(module) for module in modules], database, {})
        places: dict[tuple[str, tuple[int, int]], list[MutationSpec]] = {}
        for item in database.work_items:
            (mutation,) = item.mutations
            is_code = not is_in(annotations(str(mutation.module_path)), mutation.start_pos)
            if is_code and not mutation.operator_name.endswith(EQUIVALENT):
                places.setdefault((str(mutation.module_path), mutation.start_pos), []).append(mutation)
        database.close()
    mutants = [generator.choice(places[place]) for place in sorted(places)]
    generator.shuffle(mutants)
    return mutants


Span = tuple[tuple[int, int], tuple[int, int]]


@functools.cache
def annotations(module: str) -> list[Span]:
    """Where the annotations of a module stand, which nobody evaluates, and what only type checkers read."""
    spans: list[ast.AST | None] = []
    for node in ast.walk(ast.parse((ROOT / module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            spans.append(node)
        spans += [getattr(node, "annotation", None), getattr(node, "returns", None)]
    return [
        ((span.lineno, span.col_offset), (span.end_lineno or 0, span.end_col_offset or 0))  # type: ignore[attr-defined]
        for span in spans
        if span is not None
    ]


def is_in(spans: list[Span], position: tuple[int, int]) -> bool:
    return any(start <= position < end for start, end in spans)


def rows_of(module: str) -> list[str]:
    """The names of the functions whose rows a module holds."""
    rows = vars(importlib.import_module(module.removesuffix(".py").replace("/", "."))).get("ROWS", ())
    return sorted({row.name for row in rows if hasattr(row, "name")})


@functools.cache
def command(name: str, module: str) -> str:
    """What runs the tests that concern a module."""
    subject = SUBJECTS[name]
    words = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider", "-m", "not slow"]
    if subject.by_row:
        parts = {part for row in rows_of(module) for part in (row, row.rpartition(".")[2])}
        words += ["-k", " or ".join(f"[{part}" for part in sorted(parts))]
    return shlex.join([*words, *found(subject.tests)])


def unmutated(line: str) -> float:
    """How long these tests take, in a copy without a fault."""
    began = time.monotonic()
    run = subprocess.run(shlex.split(line), capture_output=True, text=True, check=False)
    assert run.returncode == 0, f"without a mutant these tests fail already: {line}\n{run.stdout[-3000:]}"
    return time.monotonic() - began


def tested(mutant: MutationSpec, line: str, timeout: float) -> tuple[bool, str]:
    """Whether the tests kill a mutant, and what it is."""
    result = mutate_and_test([mutant], line, timeout)
    assert result.worker_outcome == WorkerOutcome.NORMAL, f"{mutant} could not be planted: {result.output}"
    return result.test_outcome == TestOutcome.KILLED, result.diff


def enter(folders: multiprocessing.Queue[str]) -> None:
    os.chdir(folders.get())


def copies(folder: str) -> Iterator[str]:
    """A copy of what the tests need for each process, since a mutant is planted in its files."""
    for worker in range(WORKERS):
        for name in COPIED:
            target = Path(folder, str(worker), name)
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            target.parent.mkdir(exist_ok=True)
            copy(ROOT / name, target)
        yield str(Path(folder, str(worker)))


def main(number: int = 200, seed: int = 14) -> int:
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    mutants = sampled(number, seed)
    lines = [command(name, str(mutant.module_path)) for name, mutant in mutants]
    began, survivors = time.monotonic(), []
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        folders = context.Queue()
        for copy in copies(folder):
            folders.put(copy)
        with context.Pool(WORKERS, enter, (folders,)) as pool:
            distinct = sorted(set(lines))
            durations = dict(zip(distinct, pool.map(unmutated, distinct, chunksize=1), strict=True))
            print(f"{len(distinct)} runs without a mutant pass, in {time.monotonic() - began:.0f} s", flush=True)
            runs = [
                pool.apply_async(tested, (mutant, line, 60 + 5 * durations[line]))
                for (_, mutant), line in zip(mutants, lines, strict=True)
            ]
            for (name, mutant), run in zip(mutants, runs, strict=True):
                killed, diff = run.get()
                print("." if killed else "S", end="", flush=True)
                if not killed:
                    survivors.append(f"{name}: {mutant.operator_name}\n{diff}")
    print("", *survivors, sep="\n\n")
    share = 1 - len(survivors) / len(mutants)
    print(f"\n{share:.1%} of {len(mutants)} mutants are killed, in {(time.monotonic() - began) / 60:.0f} min; "
          f"at least {LIMIT:.0%} have to be")  # fmt: skip
    return int(share < LIMIT)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
