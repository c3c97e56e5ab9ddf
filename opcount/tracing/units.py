"""A derivative that is known from structure alone: 0, 1 or -1."""

from __future__ import annotations

from typing import Final, final


@final
class Unit:
    """A structural 0, 1 or -1: a derivative known from the operation alone."""

    __slots__ = ("sign",)

    def __init__(self, sign: int) -> None:
        self.sign = sign

    def __neg__(self) -> Unit:
        return UNITS[-self.sign]

    def __repr__(self) -> str:
        return f"Unit({self.sign})"


ZERO: Final = Unit(0)
ONE: Final = Unit(1)
MINUS_ONE: Final = Unit(-1)
UNITS: Final = {0: ZERO, 1: ONE, -1: MINUS_ONE}
