"""The sizes that a law holds for: those that continue the sizes it was found on."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice, pairwise
from typing import Final

from opcount.counting.errors import InvalidType

Point = tuple[int, ...]
"""A size for each parameter."""


@dataclass(frozen=True)
class Progression:
    """Sizes by equal steps, or by steps that grow by an integer factor, as those of 2^k or of 2^k − 1 do.

    >>> by_fours, powers = Progression(4, 4), Progression(2, 2, 2)
    >>> by_fours.text("n"), 12 in by_fours, 5 in by_fours, powers.text("n"), 64 in powers, 65 in powers
    ('n ≡ 0 (mod 4)', True, False, 'n = 2^k', True, False)
    """

    first: int
    step: int  # from the first size to the second
    factor: int = 1  # by which each step is larger than the one before
    onwards: bool = False  # whether `first` is the smallest size, as it always is if steps grow

    def index(self, n: int) -> int | None:
        """The k for which n is the k-th size, counted from 0; None if n is not in the progression."""
        if self.factor == 1:
            k, rest = divmod(n - self.first, self.step)
            return None if rest or (self.onwards and k < 0) else k
        k, size, step = 0, self.first, self.step
        while size < n:
            k, size, step = k + 1, size + step, step * self.factor
        return k if size == n else None

    def __contains__(self, n: object) -> bool:
        try:
            return self.index(operator.index(n)) is not None  # type: ignore[arg-type]
        except TypeError:
            return False

    def __iter__(self) -> Iterator[int]:
        """All sizes from the first on, an infinite iterator."""
        size, step = self.first, self.step
        for _ in count():
            yield size
            size, step = size + step, step * self.factor

    def after(self, n: int, amount: int) -> list[int]:
        """The next `amount` sizes above n."""
        start = self if self.factor > 1 else Progression(n - (n - self.first) % self.step, self.step)
        above = (size for size in start if size > n)
        return list(islice(above, amount))

    def text(self, name: str, exponent: str = "k") -> str:
        """The condition for a size to be in the progression, as text; empty if every integer is."""
        if self.factor == 1:
            return f"{name} ≡ {self.first % self.step} (mod {self.step})" if self.step > 1 else ""
        scale = self.step // (self.factor - 1)
        offset = self.first - scale
        while scale % self.factor == 0:
            scale //= self.factor
        rest = f" {'+' if offset > 0 else '−'} {abs(offset)}" if offset else ""
        return f"{name} = {f'{scale}·' * (scale > 1)}{self.factor}^{exponent}{rest}"

    def shown(self) -> str:
        """The first three sizes, as text."""
        return f"{', '.join(map(str, islice(self, 3)))}, ..."


def progression(sizes: Sequence[int]) -> tuple[Progression, int]:
    """The progression that ascending sizes belong to, and how many sizes between them are not given.

    >>> progression([4, 8, 12, 16])[0].text("n"), progression([1, 2, 8, 16]), progression([2, 5, 8, 17])
    ('n ≡ 0 (mod 4)', (Progression(first=1, step=1, factor=2, ...), 1), (Progression(first=2, step=3, ...), 2))
    """
    first, last, amount = sizes[0], sizes[-1], len(sizes)
    steps = [b - a for a, b in pairwise(sizes)]
    if len(set(steps)) > 1:
        factor, rest = divmod(steps[1], steps[0])
        if not rest and factor > 1 and steps[0] % (factor - 1) == 0:
            found = Progression(first, steps[0], factor)
            if all(b == factor * a for a, b in pairwise(steps)):
                return found, 0
        if first > 0 and (factor := _common_root([n // first if n % first == 0 else 0 for n in sizes[1:]])):
            found = Progression(first, first * (factor - 1), factor)
            k = found.index(last)
            assert k is not None
            return found, k + 1 - amount
    step = math.gcd(*steps) or 1
    return Progression(first, step), (last - first) // step + 1 - amount


def _common_root(powers: Sequence[int]) -> int:
    """The largest integer of which all these are powers; 0 if there is none."""
    root = 0
    for power in powers:
        a, b = max(root, power), min(root or power, power)
        while b > 1 and a % b == 0:
            a, b = max(a // b, b), min(a // b, b)
        if b != 1:
            return 0
        root = a
    return root


@dataclass(frozen=True)
class Domain:
    """The sizes that a law holds for, a progression for each parameter: `n in domain`, or `(m, n) in domain`."""

    names: tuple[str, ...]
    axes: tuple[Progression, ...]

    def __contains__(self, size: object) -> bool:
        point = size if isinstance(size, tuple) else (size,)
        return len(point) == len(self.axes) and all(map(operator.contains, self.axes, point))

    def __iter__(self) -> Iterator[int]:
        """All sizes from the smallest given one on, an infinite iterator; raises InvalidType for several parameters."""
        if len(self.axes) > 1:
            raise InvalidType(f"sizes are in order where there is one parameter, and here are {', '.join(self.names)}")
        return iter(self.axes[0])

    @property
    def text(self) -> str:
        """The condition for a point to be in the domain, with which a law's text ends; empty if there is none."""
        return ", ".join(filter(None, self._texts()))

    def _texts(self) -> list[str]:
        letters = (letter for letter in _EXPONENTS if letter not in self.names)
        pairs = zip(self.names, self.axes, strict=True)
        return [axis.text(name, next(letters) if axis.factor > 1 else "") for name, axis in pairs]

    def outside(self, point: Point) -> str:
        """Text for a message about a point that is not in the domain."""
        each = zip(self.names, self.axes, point, self._texts(), strict=True)
        name, axis, n, said = next(one for one in each if one[2] not in one[1])
        of = f" of {name}" if len(self.names) > 1 else ""
        return f"the sizes{of} {axis.shown()}: {name} = {n} is none of them{f' ({said})' if said else ''}"

    def __str__(self) -> str:
        return self.text or f"every {', '.join(self.names)}"

    def __repr__(self) -> str:
        return f"Domain({self})"


_EXPONENTS: Final = "kijhlpqrst"


def domain(names: Sequence[str], points: Sequence[Point], onwards: bool = False) -> tuple[Domain, int]:
    """The domain that continues the sizes of each parameter, and how many points between them are not given."""
    along = [sorted({point[axis] for point in points}) for axis in range(len(names))]
    axes = [progression(sizes) for sizes in along]
    lengths = [len(sizes) for sizes in along]
    hidden = math.prod(n + gaps for n, (_, gaps) in zip(lengths, axes, strict=True)) - math.prod(lengths)
    found = [Progression(axis.first, axis.step, axis.factor, onwards) for axis, _ in axes]
    return Domain(tuple(names), tuple(found)), hidden
