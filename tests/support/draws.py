"""What the arguments of a call are drawn from, and the calls that are drawn."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

RANDOM = settings(
    deadline=None,
    derandomize=True,
    max_examples=20,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)


OUT = "an array to write into"


class Pick:
    """What the arguments of a call are drawn from."""

    def __init__(self, draw):
        self.draw = draw

    def one(self, *options):
        return self.draw(st.sampled_from(options))

    def size(self, least=0, most=4):
        return self.draw(st.integers(least, most))

    def sizes(self, least=0, most=3, smallest=0):
        """A shape of so many dimensions; most of them not empty."""
        return tuple(self.one(*range(smallest, 5), 1, 2, 3) for _ in range(self.size(least, most)))

    def shapes(self, number, **limits):
        """Shapes that broadcast."""
        whole = self.sizes(**limits)
        parts = [whole[self.size(0, len(whole)) :] for _ in range(number)]
        return [tuple(1 if self.one(0, 0, 1) else size for size in part) for part in parts]

    def array(self, *shape, dtype=None, special=True, low=-4):
        """Numbers: round ones with ties and zeros, any, or with nan and infinity among them."""
        dtype = np.dtype(dtype or self.one(*"dddfel"))
        rng = np.random.default_rng(self.size(0, 999))
        if dtype.kind == "i":
            return np.asarray(rng.integers(low, 5, shape), dtype)
        style = self.one("halves", "any", "special" if special and low < 0 else "any")
        if style == "special":
            return np.asarray(rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.5, -2.5, 1.5], shape), dtype)
        numbers = rng.integers(2 * low, 9, shape) / 2 if style == "halves" else rng.uniform(low, 4, shape)
        return np.asarray(numbers, dtype)

    def real(self, *shape, low=-4):
        return self.array(*shape, dtype="d", special=False, low=low)

    def floats(self, *shape):
        return self.array(*shape, dtype=self.one(*"dddfe"))

    def anything(self, **keywords):
        return self.array(*self.sizes(), **keywords)

    def places(self, n):
        """Places along an axis, evenly or not."""
        return self.one(0.5 * np.arange(n), np.cumsum(self.real(n, low=1)), np.arange(n))

    def matrix(self, *shape):
        """Matrices that can be solved for: far from singular, and with a pivot to be searched."""
        a = self.real(*shape) + 9 * np.eye(shape[-1])
        return np.asarray(a[..., ::-1, :])

    def mask(self, *shape):
        return np.asarray(np.random.default_rng(self.size(0, 999)).random(shape) < 0.6)

    def truths(self, *shape):
        """A mask: of truth values, or of numbers."""
        return self.one(self.mask(*shape), self.array(*shape))

    def axis(self, a, *others):
        """One axis, by its place or by its place from the end."""
        return self.one(*others, *range(-a.ndim, a.ndim)) if a.ndim else self.one(None, *others)

    def axes(self, a):
        """None, one axis or several."""
        if not a.ndim:
            return self.one(None, ())
        several = self.draw(st.sets(st.integers(0, a.ndim - 1)))
        return self.one(None, self.axis(a), tuple(axis - a.ndim * self.one(0, 1) for axis in several))

    def some(self, **keywords):
        """About a third of the keywords."""
        return {key: value for key, value in keywords.items() if self.one(0, 0, 1)}


CALLS = {}
BY_HAND = {}


def calls(names, **by_hand):
    """How a call of these functions is drawn; and, by the last part of its name, the loop by hand of each."""

    def register(family):
        for name in names.split():
            CALLS[name] = st.composite(lambda draw: family(Pick(draw)))()
            BY_HAND[name] = by_hand.get("by") or by_hand.get(name.rpartition(".")[2])
        return family

    return register
