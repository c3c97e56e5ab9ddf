"""Load the function that FUNCTION or --make names: package.module:name, or path/to/script.py:name."""

from __future__ import annotations

import importlib.util
import inspect
import operator
import os
import sys
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Any

from opcount.cli.output import USAGE, Failure, error_text
from opcount.counting.errors import InvalidType
from opcount.wrapping.classes import called


def loaded(target: str) -> Callable[..., Any]:
    """The function that `target` names; raises Failure if there is none or it cannot be loaded."""
    source, _, name = target.rpartition(":")
    if not source or not name:
        raise Failure(f"{target!r} names no function: write package.module:name or script.py:name", USAGE)
    if os.getcwd() not in sys.path:  # python -m opcount has it there; the command `opcount` has its own folder instead
        sys.path.insert(0, os.getcwd())
    try:
        module = _script(Path(source).resolve()) if source.endswith(".py") else importlib.import_module(source)
        found = operator.attrgetter(name)(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise Failure(f"cannot load {target}: {error_text(error)}") from error
    if not callable(found):
        raise Failure(f"{target} is {called(found)}, and no function")
    return _completed(found)


@cache  # a function and its make may be in the same script
def _script(path: Path) -> Any:
    """The module of a script; the script's folder comes first for its imports, as with `python script.py`."""
    sys.path.insert(0, str(path.parent))
    name = f"{path.stem} (script)"  # a name that no module has: the script may be called random.py
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None  # the name of the file ends in .py
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Exited(Exception):
    """The function called sys.exit() with a status that means failure."""


def _completed(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function, such that sys.exit(0) ends it as a return does, and a result that has not run yet is refused."""

    @wraps(f)
    def call(*args: object, **named: object) -> Any:
        try:
            found = f(*args, **named)
        except SystemExit as error:
            if error.code in (None, 0):
                return None
            raise Exited(f"sys.exit({error.code!r})") from error
        if inspect.isgenerator(found) or inspect.iscoroutine(found) or inspect.isasyncgen(found):
            if not inspect.isasyncgen(found):
                found.close()
            raise InvalidType(f"it returned {called(found)}, which has not run yet: give a function that runs it")
        return found

    return call
