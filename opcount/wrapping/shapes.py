"""Arithmetic of shapes, whose sizes are integers or polynomials (see `counting.symbolic`)."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, SupportsIndex, TypeAlias

import numpy as np

from opcount.counting import symbolic
from opcount.counting.errors import InvalidType, InvalidValue
from opcount.counting.symbolic import Size, SizeLike

Shape: TypeAlias = tuple[Size, ...]
"""The sizes of an array, axis by axis."""

Axis: TypeAlias = SupportsIndex | Sequence[SupportsIndex] | None
"""One axis, several, or all of them."""


def are_numbers(*shapes: Shape) -> bool:
    """Whether no size of these shapes has a name."""
    return all(map(symbolic.are_numbers, shapes))


def with_numbers(shape: Shape) -> tuple[int, ...]:
    """The shape, for executing at each element; raises InvalidValue if one of its sizes has a name."""
    if not are_numbers(shape):
        raise InvalidValue(f"what runs over each place of the shape {shape} needs numbers for the sizes")
    return shape


def broadcast(*shapes: Shape) -> Shape:
    """The shape that these shapes broadcast to; raises InvalidValue for sizes that are not known to be equal."""
    if are_numbers(*shapes):
        return np.broadcast_shapes(*shapes)
    length = max(map(len, shapes))
    columns = zip(*((1,) * (length - len(shape)) + tuple(shape) for shape in shapes), strict=True)
    return tuple(_common(column, shapes) for column in columns)


def _common(column: tuple[Size, ...], shapes: tuple[Shape, ...]) -> Size:
    wide = {size for size in column if size != 1}
    if len(wide) > 1:
        raise unequal(*shapes)
    return wide.pop() if wide else 1


def unequal(*shapes: Shape) -> InvalidValue:
    """The error for shapes that do not fit, or do not for all sizes."""
    listed = ", ".join(map(str, shapes))
    return InvalidValue(f"sizes that are not known to be equal: the shapes {listed} do not fit for all sizes")


def axes_moved_to_the_end(shape: Shape, axes: tuple[int, ...]) -> Shape:
    """The shape with these axes moved to the end."""
    axes = tuple(range(len(shape))[axis] for axis in axes)
    rest = [size for axis, size in enumerate(shape) if axis not in axes]
    return (*rest, *(shape[axis] for axis in axes))


def diagonal(shape: Shape, offset: SupportsIndex = 0, axis1: int = 0, axis2: int = 1) -> Shape:
    """The shape of diagonals: all axes but two, then the diagonal of these."""
    offset = operator.index(offset)
    *rest, rows, columns = axes_moved_to_the_end(shape, (axis1, axis2))
    ends = (rows + min(offset, 0), columns - max(offset, 0))
    return (*rest, symbolic.positive_part(symbolic.normal(symbolic.smaller(*ends))))


def after_reshape(shape: Shape, new: SizeLike | Sequence[SizeLike]) -> Shape:
    """The new shape, with its size -1 replaced; raises ValueError, or InvalidValue, if it does not fit."""
    given = [_size(size) for size in (new if isinstance(new, (tuple, list)) else (new,))]
    if are_numbers(shape) and symbolic.are_numbers(given):
        return np.broadcast_to(np.False_, shape).reshape(given).shape if 0 in shape else _fitted(shape, given)
    return _fitted(shape, given)


def _size(size: Size) -> Size:
    found: Size = symbolic.normal(size) if symbolic.is_symbolic(size) else operator.index(size)
    return found


def _fitted(shape: Shape, given: list[Size]) -> Shape:
    size_of_all = symbolic.product(shape)
    if given.count(-1) > 1:
        raise ValueError("can only specify one unknown dimension")
    if -1 in given:
        left = symbolic.quotient(size_of_all, symbolic.product(size for size in given if size != -1))
        fitted: list[Any] = [left if size == -1 else size for size in given]
    else:
        fitted = given
    if (
        None in fitted
        or symbolic.product(fitted) != size_of_all
        or any(type(size) is int and size < 0 for size in fitted)
    ):
        if symbolic.are_numbers((*shape, *given)):
            raise ValueError(f"cannot reshape array of size {size_of_all} into shape ({','.join(map(str, given))})")
        raise InvalidValue(f"an array of shape {shape} is not known to fit into shape {tuple(given)} for all sizes")
    return tuple(fitted)


# --- indexing


def indexed(shape: Shape, key: object) -> Shape:
    """The shape of `x[key]`, for integers, slices, None, an Ellipsis, arrays of integers and masks that have values."""
    parts: list[Any] = []
    for part in key if isinstance(key, tuple) else (key,):
        parts += _part(part)
    taken = sum(part is not None and part is not Ellipsis for part in parts)
    if taken > len(shape):
        raise IndexError(f"too many indices for array: array is {len(shape)}-dimensional, but {taken} were indexed")
    if sum(part is Ellipsis for part in parts) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    start = next((start for start, part in enumerate(parts) if part is Ellipsis), len(parts))
    parts[start : start + 1] = [slice(None)] * (len(shape) - taken)
    return _walked(shape, parts, any(isinstance(part, np.ndarray) for part in parts))


def _part(part: Any) -> list[Any]:
    """The part of an index for one axis each: a mask takes as many as it has."""
    if part is None or part is Ellipsis or isinstance(part, slice) or symbolic.is_symbolic(part):
        return [part]
    if not isinstance(part, (list, np.ndarray, bool, np.bool_)):
        try:
            return [operator.index(part)]
        except TypeError:
            pass
    array = np.asarray(part)
    if array.dtype == bool:
        return [_Mask(array.shape, axis, found) for axis, found in enumerate(array.nonzero())]
    if array.dtype.kind not in "iu" and array.size:
        raise IndexError("arrays used as indices must be of integer (or boolean) type")
    return [array.astype(int)] if array.ndim else [int(array)]


class _Mask(np.ndarray):
    """The indices along one axis that a mask selects."""

    length: int

    def __new__(cls, shape: tuple[int, ...], axis: int, found: np.ndarray) -> _Mask:
        mask = found.view(cls)
        mask.length = shape[axis]
        return mask


def _walked(shape: Shape, parts: list[Any], advanced: bool) -> Shape:
    left = list(shape)
    result: list[Size] = []
    arrays: list[tuple[int, ...]] = []
    positions: list[int] = []  # in the index, of what is advanced in it
    start = 0  # in the result, of the first of these
    for position, part in enumerate(parts):
        if part is None:
            result.append(1)
        elif isinstance(part, slice):
            result.append(_length(left.pop(0), part))
        else:
            _check_inside(part, left.pop(0), len(shape) - len(left) - 1)
            if advanced:
                start = start if positions else len(result)
                positions.append(position)
                arrays.append(np.shape(part))
    if not advanced:
        return tuple(result)
    together = positions[-1] - positions[0] + 1 == len(positions)
    start = start if together else 0
    return (*result[:start], *np.broadcast_shapes(*arrays), *result[start:])


def _check_inside(part: Any, size: Size, axis: int) -> None:
    if isinstance(part, _Mask) and type(size) is int and part.length != size:
        raise IndexError(
            f"boolean index did not match indexed array along axis {axis}; size of axis is {size} but size of "
            f"corresponding boolean axis is {part.length}"
        )
    ends = [part] if not isinstance(part, np.ndarray) else [int(part.min()), int(part.max())] if part.size else []
    for end in ends:
        if not (symbolic.is_symbolic(end) or symbolic.is_symbolic(size)):
            if not -size <= end < size:
                raise IndexError(f"index {end} is out of bounds for axis {axis} with size {size}")
        elif not (symbolic.are_in_order(0, end, size - 1) or symbolic.are_in_order(-size, end, -1)):
            raise InvalidValue(f"index {end} is not known to be inside an axis of size {size}, for sizes from 2 on")


def _length(size: Size, part: slice) -> Size:
    """The length of a slice; raises InvalidValue if it is not the same polynomial for all sizes."""
    if symbolic.are_numbers((size, part.start, part.stop, part.step)):
        return len(range(size)[part])
    step = 1 if part.step is None else _size(part.step)
    if _is_below_zero(step):
        low, high, step = -1, size - 1, -step
        between = _bound(part.start, size, low, high, high) - _bound(part.stop, size, low, high, low)
    elif step == 0:
        raise ValueError("slice step cannot be zero")
    else:
        between = _bound(part.stop, size, 0, size, size) - _bound(part.start, size, 0, size, 0)
    if symbolic.is_at_most(between, 0):
        return 0
    if not symbolic.is_at_most(0, between):
        raise _depends(part, size, "which of its ends comes first is not the same for all sizes")
    length = symbolic.floor_quotient(between + step - 1, step)
    if length is None:
        wanted = f'a multiple of {step}, as in "{step}*n"' if type(step) is int else f"a multiple of {step}"
        raise _depends(part, size, f"{symbolic.normal(between)} goes into steps of {step} by its value: give {wanted}")
    return length


def _is_below_zero(size: Size) -> bool:
    return symbolic.order(size, 0) < 0


def _bound(bound: object, size: Size, low: Size, high: Size, default: Size) -> Size:
    """Where a slice ends: counted from the start of the axis, and inside it."""
    if bound is None:
        return default
    if not (symbolic.is_symbolic(bound) or hasattr(bound, "__index__")):
        raise InvalidType(f"a slice ends at an integer or at a size, not at {bound!r}")
    bound = _size(bound)
    try:
        bound = bound + size if _is_below_zero(bound) else bound
        return symbolic.larger(low, symbolic.smaller(bound, high))
    except InvalidValue:
        raise _depends(
            bound, size, f"whether {symbolic.normal(bound)} is inside is not the same for all sizes"
        ) from None


def _depends(part: slice | Size, size: Size, why: str) -> InvalidValue:
    written = _written(part) if isinstance(part, slice) else f"up to {part}"
    return InvalidValue(
        f"a slice {written} of an axis of size {size} has no length that is one polynomial: {why}, or use numbers"
    )


def _written(part: slice) -> str:
    start, stop = ("" if bound is None else str(bound) for bound in (part.start, part.stop))
    return f"[{start}:{stop}{'' if part.step is None else f':{part.step}'}]"
