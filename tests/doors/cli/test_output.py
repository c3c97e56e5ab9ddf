"""What is written, in a process of its own: to a reader that has gone, a full disk, a poor encoding; and plots."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def test_csv_can_be_read_back(run):
    _, out, _ = run("law", "program.py:outer", "--sizes", "m=1:4,n=1:4", "--csv")
    assert list(csv.reader(io.StringIO(out)))[-1] == ["total", "mn", "Θ(mn)"]


# --- plots


@pytest.mark.parametrize(
    "arguments",
    [("law", "program.py:half", "--sizes", "2:16:2"), ("compare", "program.py:loss", "--at", '{"w": [1, 2], "b": 3}')],
    ids=["law", "compare"],
)
@pytest.mark.parametrize(("name", "head"), [("out.svg", b"<?xml"), ("out.png", b"\x89PNG")])
def test_a_plot(run, folder, arguments, name, head):
    plain = run(*arguments)
    assert run(*arguments, "--plot", name) == plain
    assert (folder / name).read_bytes().startswith(head)


@pytest.mark.parametrize("name", ["nowhere/out.svg", "out.xyz"])
def test_a_plot_that_cannot_be_written_loses_no_result(run, name):
    status, out, err = run("law", "program.py:half", "--sizes", "2:16:2", "--plot", name)
    assert (status, err.count("\n")) == (1, 1) and "n/2" in out


def test_a_plot_is_of_one_parameter(run):
    status, out, err = run("law", "program.py:outer", "--sizes", "m=1:4,n=1:4", "--plot", "out.svg")
    assert (status, out) == (2, "") and "m, n" in err


def test_without_matplotlib_a_plot_says_what_to_install_before_anything_runs(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert run("law", "program.py:square", "--sizes", "1:8", "--plot", "out.svg") == (
        1,
        "",
        "opcount: --plot needs matplotlib: pip install opcount[draw]\n",
    )


# --- as a process


def command(*arguments, **options):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {"PYTHONPATH": str(ROOT), **options.pop("env", {"PYTHONIOENCODING": "utf-8"})}
    words = [sys.executable, "-m", "opcount", *arguments]
    return subprocess.run(words, env=environment, stderr=subprocess.PIPE, check=False, encoding="utf-8", **options)


def test_as_a_module():
    done = command("law", "program:half", "--sizes", "2:16:2", stdout=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, "")
    assert "n/2" in done.stdout


def test_a_reader_that_has_gone_is_no_error():
    reader, writer = os.pipe()
    os.close(reader)
    done = command("compare", "program.py:cube", "--at", "2", stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_one_line():
    with open("/dev/full", "w") as full:
        done = command("count", "program.py:cube", "--at", "2", stdout=full)
    assert done.returncode == 1
    assert done.stderr.startswith("opcount: cannot write: OSError: ") and done.stderr.count("\n") == 1


def test_an_encoding_without_the_characters_is_no_error():
    done = command(
        "law", "program.py:half", "--sizes", "2:16:2", stdout=subprocess.PIPE, env={"PYTHONIOENCODING": "ascii"}
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert r"\u0398(n)" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="signals are another thing there")
def test_an_interrupt_from_the_keyboard(folder):
    (folder / "waits.py").write_text(
        "import os, signal, time\ndef f():\n    os.kill(os.getpid(), signal.SIGINT)\n    time.sleep(60)\n"
    )
    done = command("count", "waits.py:f", stdout=subprocess.PIPE, preexec_fn=interruptible)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "opcount: interrupted\n")


def interruptible():
    signal.signal(signal.SIGINT, signal.default_int_handler)
