"""What the tests depend on by pyproject.toml: the lowest versions, as constraints for pip, or the installed ones.

python .ci/dependencies.py lowest
python .ci/dependencies.py installed
"""

from __future__ import annotations

import platform
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]


def lower_bounds(requirements: list[str]) -> Iterator[tuple[str, str]]:
    """The name and the lowest version of each, those of the project's own extras included."""
    for requirement in requirements:
        name, _, bound = requirement.partition(">=")
        if name.startswith("opcount["):
            for extra in name.removeprefix("opcount[").removesuffix("]").split(","):
                yield from lower_bounds(PROJECT["optional-dependencies"][extra])
        else:
            yield name, bound


if __name__ == "__main__":
    bounds = dict(lower_bounds([*PROJECT["dependencies"], "opcount[test]"]))
    if sys.argv[1] == "lowest":
        print(*(f"{name}=={bound}" for name, bound in bounds.items()), sep="\n")
    else:
        from opcount.counting.accelerator import accelerated

        how = "accelerated" if accelerated else "in Python alone"
        found = ", ".join(f"{name} {version(name)}" for name in bounds)
        print(f"Python {platform.python_version()}, opcount {how}: {found}")
