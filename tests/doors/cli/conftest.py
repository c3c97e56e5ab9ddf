"""A program, in the current directory, for the command line to run."""

from __future__ import annotations

import sys

import pytest

from opcount.cli.commands import main

PROGRAM = """
import asyncio
import sys

import numpy as np

import opcount as oc


def square(n):
    print("at", n)
    a = oc.wrap(np.ones((n, n)))
    return a @ a


def half(n):
    for _ in range(n // 2):
        oc.wrap(1.0) * 2


def halving(n):
    while n > 1:
        n //= 2
        oc.wrap(1.0) * 2


def outer(m, n):
    return oc.wrap(np.ones((m, n))) * 2


def arrays(n):
    return np.ones(n), np.ones(n)


def jumps(n):
    for _ in range([977, 3, 512, 80, 6, 444, 909, 15, 230][n]):
        oc.wrap(1.0) * 2


def by_counts(n):
    return oc.Counts(mul=n * n)


def cube(x):
    return x**3 + 2 * x


def product(x):
    return x[0] * x[1] * x[0]


def loss(p):
    return (p["w"][0] * 0.5 + p["w"][1] + p["b"]) ** 2


class Model:
    @staticmethod
    def run(x):
        return x * x


def run():
    with oc.region("first"):
        for _ in range(int(sys.argv[1])):
            oc.wrap(2.0) * 3
    with oc.region("second"), oc.region("inner"):
        oc.wrap(2.0) + 3
    print(*sys.argv[1:])


def fails(n):
    if n == 6:
        raise ValueError("no\\n  sixes")


def falls_silent(n):
    raise KeyError


def leaves(n):
    sys.exit("enough")


def leaves_in_good_order():
    oc.wrap(2.0) * 3
    sys.exit(0)


def is_cancelled(n):
    raise asyncio.CancelledError


def interrupted(n):
    raise KeyboardInterrupt


def pipes(n):
    raise BrokenPipeError("mine")


def lazy(x):
    yield x * x


async def later(x):
    return x * x


async def lazy_later(x):
    yield x * x


number = 3
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current directory, with the program; what a run does to the process is undone."""
    (tmp_path / "program.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "argv", [*sys.argv])
    return tmp_path


@pytest.fixture
def run(capsys):
    def run(*arguments):
        """The exit status, stdout and stderr."""
        try:
            status = main(list(arguments))
        except SystemExit as ended:  # argparse's
            status = ended.code
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def fails(run):
    """A check that a command line fails with one line on stderr, which says so, and with that status."""

    def fails(arguments, status, said):
        found, out, err = run(*arguments)
        assert (found, out) == (status, "")
        assert err.count("\n") == 1 and err.startswith("opcount") and said in err
        assert "Traceback" not in err

    return fails
