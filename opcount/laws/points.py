"""The points of sizes at which to count: given by the user, checked, and named in messages."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any, Final, SupportsIndex

from opcount.counting.errors import InvalidType, InvalidValue
from opcount.laws.progressions import Point, domain

FEWEST: Final = 4  # sizes: two for a line, and two to test it on

Sizes = Iterable[int] | Mapping[str, Iterable[int]]
"""Sizes as a user gives them: of the parameter n, or by parameter."""


def at(names: Sequence[str], *points: Point) -> str:
    """Points as text for a message.

    >>> at(["m", "n"], (1, 2), (3, 4))
    'at m = 1, n = 2 and m = 3, n = 4'
    """
    texts = (", ".join(f"{name} = {n}" for name, n in zip(names, point, strict=True)) for point in points)
    return f"at {' and '.join(texts)}"


def as_size(n: SupportsIndex, name: str) -> int:
    """A size as an int; raises InvalidType if it is not an integer."""
    try:
        if not isinstance(n, bool):
            return operator.index(n)
    except TypeError:
        pass
    raise InvalidType(f"{name} must be an integer, not {n!r}") from None


def checked_points(sizes: object) -> tuple[tuple[str, ...], list[Point]]:
    """The names of the parameters, and the points at which to count, in order.

    Raises InvalidType for a size that is not an integer; InvalidValue for a negative one, for too few, and for more
    than three parameters.
    """
    if not isinstance(sizes, Mapping):
        sizes = {"n": sizes}
    if not 1 <= len(sizes) <= 3:
        raise InvalidValue(f"sizes are of one to three parameters, not of {len(sizes)}")
    points = _grid("sizes", sizes)
    check_enough(tuple(sizes), points)
    return tuple(sizes), points


def _grid(argument: str, sizes: Mapping[str, Any]) -> list[Point]:
    return list(product(*(_along(argument, name, given) for name, given in sizes.items())))


def _along(argument: str, name: str, given: Any) -> list[int]:
    """The sizes of one parameter, in order."""
    try:
        found = [as_size(n, name) for n in given]
    except TypeError as error:
        if isinstance(error, InvalidType):
            raise
        raise InvalidType(f"{argument} must be integers, or lists of them by parameter, not {given!r}") from None
    if any(n < 0 for n in found):
        raise InvalidValue(f"{argument} must not be negative: {name} = {min(found)}")
    return sorted(set(found))


def check_enough(names: Sequence[str], points: Sequence[Point]) -> None:
    """Raise InvalidValue if a parameter has too few sizes for any law."""
    for axis, name in enumerate(names):
        sizes = len({point[axis] for point in points})
        if sizes < FEWEST:
            raise InvalidValue(
                f"{sizes} {'size' if sizes == 1 else 'sizes'} of {name} {'is' if sizes == 1 else 'are'} too few: a "
                f"law needs {FEWEST} at the least, one of k terms three more than k, and one of degree d needs d + 3"
            )


def checked_far(names: tuple[str, ...], points: Sequence[Point], verify: object) -> list[Point]:
    """The points at which to verify a law; raises InvalidValue for a point outside its domain."""
    given = verify if isinstance(verify, Mapping) else {names[0]: verify} if len(names) == 1 else verify
    if not isinstance(given, Mapping):
        if isinstance(given, Sequence) and not given:
            return []
        raise InvalidType(f"verify: sizes are of {', '.join(names)}: give a dict of them by parameter, as for sizes")
    if {*given} != {*names}:
        raise InvalidValue(f"verify: sizes are of {', '.join(names)}, and not of {', '.join(map(str, given))}")
    far = _grid("verify", {name: given[name] for name in names})
    check_far(names, points, far)
    return far


def check_far(names: tuple[str, ...], points: Sequence[Point], far: Iterable[Point]) -> None:
    """Raise InvalidValue, which suggests another point, if one to verify is outside the domain of a law of `points`."""
    allowed, _ = domain(names, points, onwards=True)
    for point in far:
        if point not in allowed:
            near = tuple(axis.after(max(n, axis.first), 1)[0] for axis, n in zip(allowed.axes, point, strict=True))
            raise InvalidValue(f"verify: the law will be for {allowed.outside(point)}; verify it {at(names, near)}")
