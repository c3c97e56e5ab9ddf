"""What is replaced while a block is open: the start of threads, Tensor's operators, and a door without a mode.

PyTorch's modes belong to a thread, so that an operator in another thread would pass unseen. A thread that is started
inside a block, and what is submitted to a pool there, has the modes in force too: it counts where `oc.propagate` says
so, and is refused else, as opcount does with any operation.

PyTorch's `a * b` takes a TypeError, which Uncounted is, for an operand of another class, and hides it. So `Tensor`'s
operators raise again what was raised inside them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, Final

import torch

from opcount.counting.tally import ALONG

Entering = Callable[[], AbstractContextManager[None]]

_OPEN: Final[list[tuple[int, Entering]]] = []
_LOCK: Final = threading.Lock()


@contextmanager
def replaced(entering: Entering) -> Iterator[None]:
    """Have all of this replaced inside; `entering` has the modes of the block in force in the thread that calls it."""
    entry = (threading.get_ident(), entering)
    with _LOCK:
        _OPEN.append(entry)
        if len(_OPEN) == 1:
            _put_in_place()
    try:
        yield
    finally:
        with _LOCK:
            _OPEN.remove(entry)
            if not _OPEN:
                _put_back()


_BEFORE: Final[list[tuple[object, str, object]]] = []
_MISSING: Final = object()


def _put_in_place() -> None:
    new = [(threading.Thread, "start", _start), (ThreadPoolExecutor, "submit", _submit)]
    new += [(torch.utils.dlpack, "to_dlpack", _to_dlpack), (torch, "to_dlpack", _to_dlpack)]
    new += [(torch.Tensor, name, _raising(getattr(torch.Tensor, name))) for name in _OPERATORS]
    ALONG.append(_along)
    for owner, name, function in new:
        _BEFORE.append((owner, name, vars(owner).get(name, _MISSING)))
        setattr(owner, name, function)


def _put_back() -> None:
    ALONG.remove(_along)
    for owner, name, before in _BEFORE:
        if before is _MISSING:
            delattr(owner, name)
        else:
            setattr(owner, name, before)
    _BEFORE.clear()


# --- threads

_THREAD_START: Final = threading.Thread.start
_POOL_SUBMIT: Final = ThreadPoolExecutor.submit


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
    _THREAD_START(thread)


def _submit(pool: ThreadPoolExecutor, fn: Callable[..., Any], /, *args: Any, **keywords: Any) -> Any:
    entering = _entering()
    return _POOL_SUBMIT(pool, fn if entering is None else _taking_part(entering, fn), *args, **keywords)


def _along(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function that is propagated takes part in whatever thread it is called."""
    entering = _entering()
    return f if entering is None or iscoroutinefunction(f) else _taking_part(entering, f)


def _taking_part(entering: Entering, f: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(f)
    def inside(*args: Any, **keywords: Any) -> Any:
        with entering():
            return f(*args, **keywords)

    return inside


# --- Tensor's operators

_OPERATORS: Final = [
    f"__{kind}{name}__"
    for name in (
        "add",
        "sub",
        "mul",
        "truediv",
        "floordiv",
        "mod",
        "pow",
        "matmul",
        "and",
        "or",
        "xor",
        "lshift",
        "rshift",
    )
    for kind in ("", "r", "i")
    if hasattr(torch.Tensor, f"__{kind}{name}__")
] + [f"__{name}__" for name in ("eq", "ne", "lt", "le", "gt", "ge")]

_RAISED: Final = threading.local()


def note_raised(error: TypeError) -> None:
    """Keep an error that PyTorch may hide."""
    _RAISED.error = error


def _raising(operator: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(operator)
    def inside(*operands: object) -> Any:
        _RAISED.error = None
        result = operator(*operands)
        if result is NotImplemented and (error := _RAISED.error) is not None:
            _RAISED.error = None
            raise error
        return result

    return inside


# --- a door that no mode sees


def _to_dlpack(tensor: torch.Tensor) -> object:
    return tensor.__dlpack__()
