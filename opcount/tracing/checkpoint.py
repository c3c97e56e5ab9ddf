"""`oc.checkpoint`: the mark on a step whose inside may be forgotten and computed again."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final, Protocol, TypeVar, cast

from opcount.counting.errors import InvalidType
from opcount.wrapping.classes import described

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Marking(Protocol):
    """Who is told of the steps of an evaluation."""

    def call(self, step: Callable[..., Any], arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """What the step gives for these arguments."""


_MARKING: Final[ContextVar[Marking | None]] = ContextVar("opcount.steps", default=None)


class marking:  # a class, since each gradient enters it, and a generator takes four times as long
    """Have the steps that are called inside told to `steps`; None: to nobody, and they are called as they are."""

    __slots__ = ("_steps", "_token")

    def __init__(self, steps: Marking | None) -> None:
        self._steps = steps

    def __enter__(self) -> None:
        self._token = _MARKING.set(self._steps)

    def __exit__(self, *_: object) -> None:
        _MARKING.reset(self._token)


def checkpoint(step: _Function) -> _Function:
    """A step whose inside may be forgotten and computed again: the function itself, for every other purpose.

    >>> import numpy as np, opcount as oc
    >>> def chain(x):
    ...     for _ in range(10):
    ...         x = oc.checkpoint(np.sin)(x)
    ...     return x
    >>> g = oc.gradient(chain, 0.5, method="checkpointed", snapshots=3)
    >>> g.steps, g.steps_evaluated, g.storage.snapshots, g.storage.nodes
    (10, 15, 3, 3)
    >>> g.gradient == oc.gradient(chain, 0.5).gradient
    True

    `step` is a function of the state, and perhaps of more, that gives the next state: numbers, arrays, nested lists,
    tuples and dicts of them. Called in `oc.gradient(f, x, method="checkpointed")`, it is evaluated several times, and
    must do the same each time. What it closes over may be part of x. By every other method, and outside of gradients,
    it is simply called, as it is in another thread. Ordinary operations between steps belong to the graph of f, which
    is kept.

    Raises InvalidType if `step` cannot be called, or gives a generator or a coroutine, which executes nothing before
    it is used; InvalidValue if it does not do the same when it is evaluated again, or if f or another step uses a
    number from its inside that it has not returned; Uncounted for a view, returned, of an array that others see.
    """
    if not callable(step):
        raise InvalidType(f"checkpoint: step must be a function of the state, not {described(step)}")

    @functools.wraps(step)
    def checkpointed(*arguments: Any, **keywords: Any) -> Any:
        steps = _MARKING.get()
        return step(*arguments, **keywords) if steps is None else steps.call(step, arguments, keywords)

    return cast(_Function, checkpointed)
