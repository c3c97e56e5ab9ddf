"""Prints the path of the oldest or of the newest Python from 3.11 on that is on the PATH or among pyenv's versions.

python .ci/pythons.py oldest
python .ci/pythons.py newest
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# only a release from 3.11 on, able to make a venv, answers: not a shim of a version that pyenv has not chosen
PROBE = """
import ensurepip, platform, sys
if sys.version_info >= (3, 11) and sys.version_info.releaselevel == "final":
    print(platform.python_version(), sys.executable, sep="\\n")
"""


def candidates() -> Iterator[Path]:
    yield Path(sys.executable)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for folder in [*map(Path, os.get_exec_path()), *pyenv.glob("versions/3.*/bin")]:
        for path in folder.glob("python3.*"):
            if re.fullmatch(r"python3\.\d+", path.name) and os.access(path, os.X_OK):
                yield path


def found() -> Iterator[tuple[tuple[int, ...], str]]:
    for path in candidates():
        answer = subprocess.run([path, "-c", PROBE], capture_output=True, text=True, check=False).stdout.splitlines()
        if answer:
            version, executable = answer
            yield tuple(map(int, version.split("."))), executable


if __name__ == "__main__":
    choose = {"oldest": min, "newest": max}[sys.argv[1]]
    print(choose(found(), default=(None, sys.executable))[1])
