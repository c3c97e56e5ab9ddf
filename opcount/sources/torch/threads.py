"""Threads that take part in a block: those that are started inside it, and what is submitted to a pool inside it.

PyTorch's modes belong to a thread. An operator in another thread would pass unseen; with the modes in force there too, it
is counted where `oc.propagate` says so, and refused else, as opcount does with any operation.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

Entering = Callable[[], AbstractContextManager[None]]

_OPEN: Final[list[tuple[int, Entering]]] = []
_LOCK: Final = threading.Lock()
_START: Final = threading.Thread.start
_SUBMIT: Final = ThreadPoolExecutor.submit


def _entering() -> Entering | None:
    """How a thread takes part in the block that is open in this one, or in the one that was opened last."""
    here = threading.get_ident()
    with _LOCK:
        own = [entering for owner, entering in _OPEN if owner == here]
        return own[-1] if own else _OPEN[-1][1] if _OPEN else None


def _start(thread: threading.Thread) -> None:
    entering = _entering()
    if entering is not None:
        thread.run = _taking_part(entering, thread.run)  # type: ignore[method-assign]
    _START(thread)


def _submit(pool: ThreadPoolExecutor, fn: Callable[..., Any], /, *args: Any, **keywords: Any) -> Any:
    entering = _entering()
    return _SUBMIT(pool, fn if entering is None else _taking_part(entering, fn), *args, **keywords)


def _taking_part(entering: Entering, f: Callable[..., Any]) -> Callable[..., Any]:
    def inside(*args: Any, **keywords: Any) -> Any:
        with entering():
            return f(*args, **keywords)

    return inside


@contextmanager
def taking_part(entering: Entering) -> Iterator[None]:
    """Let threads that are started inside take part, and what is submitted to a pool."""
    entry = (threading.get_ident(), entering)
    with _LOCK:
        _OPEN.append(entry)
        threading.Thread.start = _start  # type: ignore[method-assign]
        ThreadPoolExecutor.submit = _submit  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        with _LOCK:
            _OPEN.remove(entry)
            if not _OPEN:
                threading.Thread.start = _START  # type: ignore[method-assign]
                ThreadPoolExecutor.submit = _SUBMIT  # type: ignore[method-assign]
