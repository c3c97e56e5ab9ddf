"""What a row is: the count of one overload of an operator of PyTorch's, and which of its results depend on operands.

A row stands under the exact name of an overload that gives a new tensor. The overloads that write the result elsewhere,
in place or into `out=`, are found by comparing schemas, name by name and type by type: they count by the same row.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final, NamedTuple

import torch

from opcount.functions.op_counts import NoRule, OpCounts
from opcount.wrapping.shapes import broadcast

Bound = Mapping[str, Any]
"""The arguments of a call by their names in the schema, defaults included."""

Gives = tuple[int, ...] | Mapping[str, tuple[int, ...]] | None
"""Which of the results depend, by index, or of the tensors of a list; or by the name of each list that is written into;
None for all."""


class Row(NamedTuple):
    """What a call of an operator counts, and what of it depends on its operands."""

    rule: Callable[[Bound], OpCounts]
    gives: Gives | Callable[[Bound], Gives] = None
    values: tuple[str, ...] | None = None
    """The arguments whose numbers are used, where there are others of which only the shape is; None for all."""


def free(_: Bound) -> OpCounts:
    return {}


@cache
def overload(name: str) -> Any:
    """The overload of an exact name, as `add.Tensor`; None where this version of PyTorch has none."""
    base, _, which = name.partition(".")
    packet = getattr(torch.ops.aten, base, None)
    return getattr(packet, which or "default", None)


def _signature(schema: Any) -> list[tuple[str, str]]:
    return [(argument.name, re.sub(r"\(\w!?\)", "", str(argument.type))) for argument in schema.arguments
            if not argument.is_out]  # fmt: skip


def siblings(name: str) -> Iterator[Any]:
    """The overload of a name, and those that do the same in place or into `out=`."""
    own = overload(name)
    if own is None:
        return
    yield own
    base = name.partition(".")[0]
    wanted = _signature(own._schema)
    for other in (base, f"{base}_"):
        packet = getattr(torch.ops.aten, other, None)
        for which in packet.overloads() if packet is not None else ():
            found = getattr(packet, which)
            writes = found._schema.is_mutable and not own._schema.is_mutable
            if writes and _signature(found._schema) == wanted:
                yield found


def by_overload(rows: Mapping[str, Row]) -> dict[Any, Row]:
    """The rows by overload, those that write elsewhere included."""
    return {found: row for name, row in rows.items() for found in siblings(name)}


# --- what rules ask of arguments


def is_tensor(value: object) -> bool:
    return isinstance(value, torch.Tensor)


def tensors_in(values: Iterable[object]) -> Iterator[torch.Tensor]:
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from tensors_in(value)


def is_truth(value: object) -> bool:
    return isinstance(value, bool) or (isinstance(value, torch.Tensor) and value.dtype == torch.bool)


def shape_of(*operands: object) -> tuple[int, ...]:
    """The shape that these operands have together; numbers have none."""
    shapes = [tuple(operand.shape) for operand in operands if isinstance(operand, torch.Tensor)]
    return tuple(broadcast(*shapes))


def size_of(*operands: object) -> int:
    return math.prod(shape_of(*operands))


def is_real(tensor: torch.Tensor) -> bool:
    """Whether a tensor has values that can be looked at: not on the device `meta`, and not a FakeTensor."""
    return tensor.device.type != "meta" and type(tensor) in (torch.Tensor, torch.nn.Parameter)


def values_needed(what: str, tensor: torch.Tensor) -> torch.Tensor:
    """A tensor whose values decide a count; raises NoRule if it has none."""
    if not is_real(tensor):
        raise NoRule(f"the count depends on the values of {what}, and there are none: use a tensor with values")
    return tensor


def axes_of(dim: int | Iterable[int] | None, dimensions: int) -> set[int]:
    """The axes that an argument `dim` names; none named, as None or an empty list, is all."""
    if dim is None:
        return set(range(dimensions))
    given = [dim] if isinstance(dim, int) else list(dim)
    if not given:
        return set(range(dimensions))
    return {index % dimensions for index in given} if dimensions else set()


class Reduced(NamedTuple):
    """A reduction: how many numbers it starts with, how often it joins two, and how many results it has."""

    size: int
    joins: int
    results: int


def reduced(tensor: torch.Tensor, dim: int | Iterable[int] | None = None) -> Reduced:
    shape = tuple(tensor.shape)
    axes = axes_of(dim, len(shape))
    results = math.prod(size for index, size in enumerate(shape) if index not in axes)
    length = math.prod(shape[index] for index in axes)
    return Reduced(results * length, results * max(length - 1, 0), results)


_TERM: Final = re.compile(r"(\d*)([a-z]\w*)")


@cache
def parsed(formula: str) -> dict[str, int]:
    """The counts that a formula writes as kinds, with a number before a kind that is more than once: `3mul add`."""
    found: dict[str, int] = {}
    for term in formula.split():
        match = _TERM.fullmatch(term)
        assert match is not None, term
        found[match[2]] = found.get(match[2], 0) + int(match[1] or 1)
    return found
