"""Functions of Python's modules, replaced by ones that count, while a count asks for it: `oc.count(math=True)`.

The functions of `math` are written in C and take plain numbers alone, so that nothing but another function in their
place can count. While a count that asks for it is open, anywhere in the process, each name of a module that is bound to
one of them is bound to its replacement, in `math` itself and wherever it was imported to; a plain number goes to the
original all the same. When the last such count is closed, the names are as before. They are looked for again then,
since modules that were imported meanwhile have taken replacements.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping
from functools import update_wrapper
from types import FrameType
from typing import Any, Final

REPLACEMENTS: Final[dict[Callable[..., Any], Replacement]] = {}
"""The replacements by the functions that they stand for, entered by `tracing.python_math`."""

_HOLDERS: Final[set[object]] = set()  # the open blocks that ask for it
_SCOPES: Final[dict[int, dict[str, Any]]] = {}  # globals of code that belongs to no module, by identity
_LOCK = threading.RLock()


class Replacement:
    """A function that counts wrapped numbers, in the place of one that takes plain numbers alone.

    It is no function of Python's, which would become a method where a class has it as an attribute.
    """

    def __init__(self, original: Callable[..., Any], counted: Callable[..., Any]) -> None:
        update_wrapper(self, original)
        self.original = original
        self.counted = counted

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        if not _HOLDERS:  # it was kept somewhere
            return self.original(*args, **keywords)
        return self.counted(*args, **keywords)

    def __repr__(self) -> str:
        return repr(self.original)

    def __reduce__(self) -> str:
        return str(self.original.__name__)


def replace(holder: object, frame: FrameType | None) -> None:
    """Bind all names to replacements for as long as a holder asks; those in the globals of a frame and its callers too.

    Whoever calls it must call `put_back` with the same holder, whatever this raises.
    """
    with _LOCK:
        _HOLDERS.add(holder)
        while frame is not None:
            _SCOPES[id(frame.f_globals)] = frame.f_globals
            frame = frame.f_back
        _rebind({id(original): replacement for original, replacement in REPLACEMENTS.items()})


def put_back(holder: object) -> None:
    """Bind all names to what they were bound to before, if no other holder asks for replacements."""
    if holder not in _HOLDERS:
        return
    with _LOCK:
        _HOLDERS.discard(holder)
        if not _HOLDERS:
            _restore()


def _restore() -> None:
    _rebind({id(replacement): original for original, replacement in REPLACEMENTS.items()})
    _SCOPES.clear()


def _rebind(new: Mapping[int, object]) -> None:
    """Bind each name that is bound to one of these objects, given by identity, to the other."""
    bound = frozenset(new)
    for scope in _scopes():
        if bound.isdisjoint(map(id, list(scope.values()))):  # as most are: some thousands of modules may be loaded
            continue
        for name in [name for name, value in list(scope.items()) if id(value) in new]:
            scope[name] = new[id(scope[name])]


def _scopes() -> list[dict[str, Any]]:
    """The names of all modules that are loaded, and of the code around those who asked."""
    found = _SCOPES.copy()
    for module in list(sys.modules.values()):
        try:
            names = object.__getattribute__(module, "__dict__")  # which does not load a module that is loaded lazily
        except AttributeError:
            continue
        if type(names) is dict and not str(names.get("__name__")).startswith("opcount."):
            found[id(names)] = names
    return list(found.values())


def _forked() -> None:
    """The counts that are open stay with the parent, and so do the replacements."""
    global _LOCK
    _LOCK = threading.RLock()
    if _HOLDERS:
        _HOLDERS.clear()
        _restore()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
