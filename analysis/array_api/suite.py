"""Run the standard's own test suite: `python -m analysis.array_api.suite path/to/array-api-tests`.

The suite, github.com/data-apis/array-api-tests with its submodule, is not on PyPI. It is run three times: on NumPy,
on `opcount.array_api`, whose arrays are constant data there, and once more with all of them wrapped. What fails on
NumPy is NumPy's; anything else that fails is an error.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

NAMESPACES: Final = ("numpy", "opcount.array_api", "analysis.array_api.wrapped")


def failures(
    suite: Path, namespace: str, examples: int, only: Iterable[str] = ("array_api_tests",)
) -> tuple[set[str], str]:
    """The tests that fail on a namespace, and what pytest says at the end."""
    root = Path(__file__).parents[2]
    environment = {
        **os.environ,
        "ARRAY_API_TESTS_MODULE": namespace,
        "ARRAY_API_TESTS_VERSION": "2024.12",
        "PYTHONPATH": str(root),
    }
    command = [sys.executable, "-m", "pytest", *only, "-q", "--tb=no", "-rfE", "--disable-warnings"]
    options = ["-p", "no:cacheprovider", f"--max-examples={examples}", "--hypothesis-derandomize", "-n", "auto"]
    if namespace.endswith("wrapped"):
        options += ["-p", namespace]
    run = subprocess.run([*command, *options], cwd=suite, env=environment, capture_output=True, text=True)
    found = set(re.findall(r"^(?:FAILED|ERROR) (.*?)(?: - .*)?$", run.stdout, re.MULTILINE))
    last = (run.stdout.strip() or run.stderr.strip()).splitlines()[-1]
    if "passed" not in last and "failed" not in last:
        sys.exit(f"the suite did not run on {namespace}: {last}")
    return found, last


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m analysis.array_api.suite", description=__doc__)
    parser.add_argument("suite", type=Path, help="the folder of array-api-tests")
    parser.add_argument("--examples", type=int, default=10, help="how many examples hypothesis draws for each test")
    given = parser.parse_args()
    of_numpy: set[str] = set()
    wrong: set[str] = set()
    for namespace in NAMESPACES:
        found, last = failures(given.suite, namespace, given.examples)
        print(f"{namespace}: {last}", flush=True)
        if namespace == "numpy":
            of_numpy = found
        if new := found - of_numpy:  # does it fail on NumPy too, for other examples?
            of_numpy |= failures(given.suite, "numpy", 50 * given.examples, sorted(new))[0]
        wrong |= {f"{namespace}: {name}" for name in found - of_numpy}
    sys.exit("\n".join(sorted(wrong)) or None)


if __name__ == "__main__":
    main()
