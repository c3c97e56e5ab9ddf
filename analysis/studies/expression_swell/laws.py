"""How operations grow with the iterations of the logistic map."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Final, NamedTuple

import pandas as pd
import sympy

from analysis.programs.polynomials import Polynomial

FROM: Final = 3  # iterations: below, SymPy expands what is short
NO_LAW: Final = "none"
# How many terms p(k) and q(k) have in p(k) 2^k + q(k), the simplest law first.
SHAPES: Final = ((0, 2), (0, 3), (1, 2), (0, 4), (1, 3), (2, 1), (2, 2), (3, 1))


class Law(NamedTuple):
    """The sum p(k) 2^k + q(k) of two polynomials, for k iterations."""

    doubling: Polynomial
    rest: Polynomial

    def __str__(self) -> str:
        if not self.doubling.terms:
            return str(self.rest)
        factor = f"({self.doubling})" if len(self.doubling.terms) > 1 else str(self.doubling)
        rest = str(self.rest)
        return f"{factor} · 2ᵏ " + (f"− {rest[1:]}" if rest.startswith("−") else f"+ {rest}")


def law(counts: Mapping[int, int]) -> Law | None:
    """The simplest law that all counts obey, or None: the first counts determine it, two more must confirm it."""
    for doubling, rest in SHAPES:
        terms = [(power, 2) for power in range(doubling)] + [(power, 1) for power in range(rest)]
        fixing = sorted(counts)[: len(terms)]
        if len(counts) < len(terms) + 2:
            continue
        matrix = sympy.Matrix([[k**power * base**k for power, base in terms] for k in fixing])
        solved = matrix.LUsolve(sympy.Matrix([counts[k] for k in fixing]))
        numbers = [Fraction(int(number.p), int(number.q)) for number in solved]
        if all(
            sum(number * k**power * base**k for number, (power, base) in zip(numbers, terms, strict=True)) == count
            for k, count in counts.items()
        ):
            parts = (numbers[:doubling], numbers[doubling:])
            return Law(*(Polynomial(("k",), {(e,): c for e, c in enumerate(part) if c}) for part in parts))
    return None


def laws_of(table: pd.DataFrame) -> pd.DataFrame:
    """The law of each line from FROM iterations on, and the least factor by which an iteration multiplies it."""
    rows = []
    for name, line in table[table.iterations >= FROM].groupby("line", sort=False):
        counts = dict(zip(line.iterations, line.operations, strict=True))
        factors = [Fraction(counts[k + 1], counts[k]) for k in counts if k + 1 in counts]
        found = law(counts)
        rows.append(
            {
                "line": name,
                "law": NO_LAW if found is None else str(found),
                "doubles": "" if found is None else str(max((e for (e,) in found.doubling.terms), default="")),
                "degree": "" if found is None else str(max((e for (e,) in found.rest.terms), default="")),
                "least factor": f"{float(min(factors)):.3f}",
                "greatest factor": f"{float(max(factors)):.3f}",
            }
        )
    return pd.DataFrame(rows)


def least(counts: pd.Series) -> Fraction:
    """The least factor from one count to the next."""
    return min(Fraction(int(b), int(a)) for a, b in pairwise(counts))


def greatest(counts: pd.Series) -> Fraction:
    return max(Fraction(int(b), int(a)) for a, b in pairwise(counts))
