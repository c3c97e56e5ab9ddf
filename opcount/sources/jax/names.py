"""What an equation says of where it is: the names that its program gave to a part of it, and the line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Final, NamedTuple

import jax

from opcount.counting.callers import LIBRARYS, OWNERS, USERS

REMATERIALIZED: Final = "rematted_computation"
"""JAX's own name for what a checkpoint computes once more."""


class Place(NamedTuple):
    """Where an equation stands: inside which names and transformations, and what was called, from outermost inwards."""

    names: tuple[Any, ...] = ()
    tracebacks: tuple[Any, ...] = ()

    def inside(self, equation: Any) -> Place:
        source = equation.source_info
        return Place((*self.names, *source.name_stack.stack), (*self.tracebacks, source.traceback))

    @property
    def line(self) -> str:
        return line_of(self.tracebacks)


def region_of(stack: Sequence[Any]) -> str:
    """The region of opcount's for the `jax.named_scope`s of a stack; empty if there is none."""
    names = [part.name for part in stack if not _is_transformation(part) and part.name != REMATERIALIZED]
    return "/".join(piece for name in names for piece in name.split("/") if piece)


def is_transposed(stack: Sequence[Any]) -> bool:
    """Whether the outermost derivative of a stack is the transposed one, but for what is computed once more in it."""
    first = next((part.name for part in stack if _is_transformation(part) and part.name in ("jvp", "transpose")), "")
    return first == "transpose" and not is_rematerialized(stack)


def is_rematerialized(stack: Sequence[Any]) -> bool:
    return any(not _is_transformation(part) and part.name == REMATERIALIZED for part in stack)


def _is_transformation(part: Any) -> bool:
    return type(part).__name__ == "Transform"


def line_of(tracebacks: Sequence[Any]) -> str:
    """The innermost line of the user's that these tracebacks lead to, and its function; empty if there is none.

    What a library has written, but neither JAX nor opcount, will do where no line is the user's.
    """
    frames = [frame for each in reversed(tracebacks) if each is not None for frame in each.frames]
    for owner in (USERS, LIBRARYS):
        for frame in frames:
            if OWNERS[frame.file_name] == owner and not frame.file_name.startswith(_JAX):
                return f"{frame.file_name}:{frame.line_num} ({frame.function_name})"
    return ""


_JAX: Final = str(Path(jax.__file__).parent)  # and jaxlib beside it


def at(primitive: str, place: Place) -> str:
    """A primitive and its line, for a message; where it is not known, the line that is executing."""
    line = place.line
    if not line:
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and OWNERS[frame.f_code.co_filename] != USERS:
            frame = frame.f_back
        line = f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame else "an unknown line"
    return f"{primitive} at {line}"
