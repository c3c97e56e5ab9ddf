"""What an equation says of where it is: the names that its program gave to a part of it, and the line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

REMATERIALIZED = "rematted_computation"
"""JAX's own name for what a checkpoint computes once more."""


def stack_of(equation: Any) -> tuple[Any, ...]:
    """The names and transformations that an equation stands inside of, from the outermost inwards."""
    return tuple(equation.source_info.name_stack.stack)


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


def line_of(traceback: Any) -> str:
    """The file and line of the user's that a traceback of JAX's leads to, and its function."""
    from jax.extend import source_info_util

    if traceback is None:
        return "an unknown line"
    return str(source_info_util.summarize(source_info_util.new_source_info().replace(traceback=traceback)))
