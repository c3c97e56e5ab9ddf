"""Counts: how many operations of each kind, as an immutable value."""

from __future__ import annotations

import json
import operator
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, SupportsIndex, TypeAlias

from opcount.counting import render, symbolic
from opcount.counting.errors import InvalidType, InvalidValue, UnknownName
from opcount.counting.kinds import FLOP_GROUPS, GROUPS, KINDS, KindsAndGroups
from opcount.counting.names import Named, instead

if TYPE_CHECKING:
    import pandas as pd

_KNOWN: Final = frozenset(KINDS)
_NAMES: Final = (*KINDS, *GROUPS)
_ORDER: Final = {kind: index for index, kind in enumerate(KINDS)}

OpCounts: TypeAlias = Mapping[str, int]
"""How many operations, by kind."""


class Counts(Mapping[str, int], KindsAndGroups):
    """An immutable mapping from kind to number of operations, with an algebra.

    >>> import opcount as oc
    >>> forward = oc.Counts(mul=12, add=9, tanh=3)
    >>> forward.mul, forward.exp, forward.total
    (12, 0, 24)
    >>> forward + oc.Counts(mul=1) - 2 * oc.Counts(add=4)
    Counts({'mul': 13, 'add': 1, 'tanh': 3})
    >>> forward.additive, forward.flops(), forward.weighted({"mul": 3}, default=1)
    (9, 24, 48)

    Counts are Python integers of any size, or polynomials where sizes have names (`oc.spec`).
    A kind that is absent counts 0, as an attribute and by `[]`; an unknown name raises AttributeError,
    or KeyError by `[]`. `a <= b` holds if it holds for every kind, so two counts need not be ordered;
    InvalidValue is raised if the answer depends on the sizes. The constructor raises InvalidValue for
    an unknown kind, and InvalidType for a count that is not an integer.
    """

    __slots__ = ("_counts",)
    __array_ufunc__ = None  # NumPy's integers leave the multiplication to us

    def __init__(self, counts: Mapping[str, symbolic.SizeLike] | None = None, /, **kinds: symbolic.SizeLike) -> None:
        if type(counts) is not dict and not isinstance(counts, (Mapping, type(None))):
            raise InvalidType(f"Counts are made of a mapping from kind to number, not of {counts!r}")
        given = {**(counts or {}), **kinds}
        if not _KNOWN.issuperset(given):
            unknown = given.keys() - _KNOWN
            raise InvalidValue(
                f"not a kind of operation: {', '.join(sorted(map(str, unknown)))}; "
                f"{instead(unknown, KINDS, 'the kinds', 'oc.KINDS')}"
            )
        ordered = sorted(given, key=_ORDER.__getitem__)
        self._counts = {
            kind: count
            for kind in ordered
            if (count := given[kind] if type(given[kind]) is int else _integer(given[kind], kind))
        }

    # the mapping

    def __getitem__(self, kind: str) -> int:
        if kind not in _KNOWN:
            raise UnknownName(
                f"{kind!r} is no kind of operation; {instead([kind], KINDS, 'the kinds', 'oc.KINDS')}, and groups are "
                "attributes, counts.additive"
            )
        return self._counts.get(kind, 0)

    def __iter__(self) -> Iterator[str]:
        return iter(self._counts)

    def __len__(self) -> int:
        return len(self._counts)

    def __contains__(self, kind: object) -> bool:
        return kind in self._counts

    if not TYPE_CHECKING:  # type checkers read the attributes of KindsAndGroups instead

        def __getattr__(self, name: str) -> int:
            if name in _KNOWN:
                return self._counts.get(name, 0)
            if name in GROUPS:
                return sum(self[kind] for kind in GROUPS[name])
            if name.startswith("_"):  # what Python and NumPy ask of any object
                raise AttributeError(name)
            raise AttributeError(
                f"Counts has no kind and no group {name!r}; {instead([name], _NAMES, 'the kinds', 'oc.KINDS')}, "
                f"and the groups are {', '.join(GROUPS)}"
            )

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *KINDS, *GROUPS})

    # the algebra

    def __add__(self, other: Counts) -> Counts:
        if not isinstance(other, Counts):
            return NotImplemented
        return self._plus(other, 1)

    def __radd__(self, other: object) -> Counts:
        return self if other == 0 else NotImplemented  # so that sum() works

    def __sub__(self, other: Counts) -> Counts:
        if not isinstance(other, Counts):
            return NotImplemented
        return self._plus(other, -1)

    def _plus(self, other: Counts, sign: Literal[1, -1]) -> Counts:
        if not self._counts and sign == 1:
            return other
        found = dict(self._counts)
        for kind, count in other._counts.items():
            found[kind] = found.get(kind, 0) + sign * count
        return Counts(found)

    def __mul__(self, times: symbolic.SizeLike) -> Counts:
        try:
            factor: Any = times if symbolic.is_symbolic(times) else operator.index(times)
        except TypeError:
            return NotImplemented
        return Counts({kind: count * factor for kind, count in self.items()})

    __rmul__ = __mul__

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Counts):
            return self._counts == other._counts
        if isinstance(other, Mapping):
            return self._counts == {kind: count for kind, count in other.items() if count}
        return NotImplemented

    def __hash__(self) -> int:
        return hash(frozenset(self._counts.items()))

    def __le__(self, other: Counts) -> bool:
        if not isinstance(other, Counts):
            return NotImplemented
        return all(symbolic.order(self[kind], other[kind]) <= 0 for kind in KINDS)

    def __lt__(self, other: Counts) -> bool:
        if not isinstance(other, Counts):
            return NotImplemented
        return self <= other and self != other

    def __ge__(self, other: Counts) -> bool:
        if not isinstance(other, Counts):
            return NotImplemented
        return other <= self

    def __gt__(self, other: Counts) -> bool:
        if not isinstance(other, Counts):
            return NotImplemented
        return other < self

    # views

    @property
    def total(self) -> int:
        """How many operations there are of all kinds together.

        >>> import opcount as oc
        >>> oc.Counts(mul=3, add=2).total
        5
        """
        return sum(self._counts.values())

    def groups(self) -> dict[str, int]:
        """The total of each group of `GROUPS`, as a dict; these add up to `total`.

        >>> import opcount as oc
        >>> groups = oc.Counts(mul=3, div=1, add=2).groups()
        >>> groups["multiplicative"], groups["additive"], groups["roots"]
        (4, 2, 0)
        """
        return Named({group: getattr(self, group) for group in GROUPS}, "group")

    def weighted(self, weights: Mapping[str, float], default: float | None = None) -> float:
        """The sum of count times weight, with weights by kind or by group.

        >>> import opcount as oc
        >>> oc.Counts(mul=3, add=2, exp=1).weighted({"mul": 1, "additive": 1, "exp": 20})
        25

        A kind's own weight goes before its group's. A kind that is present and has
        neither raises InvalidValue unless there is a `default`: no silent zero.
        """
        if unknown := weights.keys() - _KNOWN - GROUPS.keys():
            raise InvalidValue(
                f"weights: neither a kind nor a group: {', '.join(sorted(map(str, unknown)))}; "
                f"{instead(unknown, _NAMES, 'the kinds', 'oc.KINDS')}, and the groups are {', '.join(GROUPS)}"
            )
        by_kind = {kind: weights[group] for group, kinds in GROUPS.items() if group in weights for kind in kinds}
        by_kind |= {kind: weight for kind, weight in weights.items() if kind in _KNOWN}
        if default is not None:
            by_kind = dict.fromkeys(KINDS, default) | by_kind
        if missing := [kind for kind in self if kind not in by_kind]:
            raise InvalidValue(f"weights: none for {', '.join(missing)}; add them, or pass default=0 to leave them out")
        total: Any = sum(count * by_kind[kind] for kind, count in self.items())
        weighted: float = total.expand() if symbolic.is_symbolic(total) else total
        return weighted

    def flops(self, multiply_add: Literal[1, 2] = 2) -> int:
        """Floating-point operations, with a multiply and an add that could be fused as one or two.

        >>> import opcount as oc
        >>> oc.Counts(mul=4, add=3, neg=5).flops(multiply_add=2)
        7
        >>> oc.Counts(mul=4, add=3, neg=5).flops(multiply_add=1)
        4

        An operation of the groups multiplicative, additive, roots and transcendental is one flop, any
        other is none. With `multiply_add=1` each multiply is paired with an add, as long as there are
        both, and a pair counts as one: the most that fused hardware could save. Raises InvalidValue
        for another `multiply_add`.
        """
        if multiply_add not in (1, 2):
            raise InvalidValue(f"multiply_add is 2 (a multiply-add is two flops) or 1 (fused), not {multiply_add!r}")
        flops = sum(self.groups()[group] for group in FLOP_GROUPS)
        fused = symbolic.smaller(self.mul, self.add) if multiply_add == 1 else 0
        result: int = symbolic.normal(flops - fused)
        return result

    def at(self, **values: SupportsIndex) -> Counts:
        """The counts with a number for each size that `oc.spec` gave a name to.

        >>> import opcount as oc
        >>> counts = oc.measure(lambda a: a @ a, oc.spec(("n", "n"))).counts
        >>> counts
        Counts({'mul': n**3, 'add': n**3 - n**2})
        >>> counts.at(n=5)
        Counts({'mul': 125, 'add': 100})

        Raises InvalidValue if a size has no value, does not occur in the counts, or is less than 2,
        and InvalidType for a value that is not an integer.
        """
        names = set().union(*map(symbolic.symbols, self._counts.values()))
        if unknown := values.keys() - names:
            have = ", ".join(sorted(names)) or "none"
            raise InvalidValue(f"at: no size of these counts: {', '.join(sorted(unknown))}; they have {have}")
        sizes = {name: symbolic.checked(value, name) for name, value in values.items()}
        return Counts({kind: symbolic.at(count, sizes) for kind, count in self.items()})

    # ways out

    def to_dict(self) -> dict[str, int]:
        """A plain dict of the kinds that occur, in the order of `KINDS`.

        >>> import opcount as oc
        >>> oc.Counts(add=2, mul=3).to_dict()
        {'mul': 3, 'add': 2}
        """
        return dict(self._counts)

    def to_json(self) -> str:
        """A JSON object of the kinds that occur; integers of any size stay exact, polynomials are strings.

        >>> import opcount as oc
        >>> oc.Counts(add=2, mul=3).to_json()
        '{"mul": 3, "add": 2}'
        """
        return json.dumps(self._counts, default=str)

    def to_pandas(self) -> pd.Series:
        """A pandas Series named "count", indexed by kind; dtype object past 64 bits. Needs pandas.

        >>> import opcount as oc
        >>> int(oc.Counts(add=2, mul=3).to_pandas()["mul"])
        3
        """
        import pandas as pd

        wide = any(symbolic.is_symbolic(count) or abs(count) >= 2**63 for count in self._counts.values())
        index = pd.Index(list(self._counts), name="kind", dtype=object)
        return pd.Series(list(self._counts.values()), index=index, name="count", dtype=object if wide else "int64")

    def __repr__(self) -> str:
        return f"Counts({self._counts})"

    def _rows(self) -> list[tuple[str, str]]:
        return [(kind, symbolic.shown(count)) for kind, count in (*self.items(), ("total", self.total))]

    def __str__(self) -> str:
        rows = self._rows()
        left, right = (max(map(len, column)) for column in zip(*rows, strict=True))
        *kinds, total = (f"{kind:<{left}}  {count:>{right}}" for kind, count in rows)
        return "\n".join([*kinds, "-" * (left + 2 + right), total])

    def _repr_html_(self) -> str:
        return render.html(("kind", "count"), [*self.items(), ("total", self.total)])

    def __reduce__(self) -> tuple[type[Counts], tuple[dict[str, int]]]:
        return Counts, (self._counts,)


def table(column: str, named: Sequence[tuple[str, Counts]]) -> tuple[list[str], list[list[str | int]]]:
    """The head and the rows of a table: a row for each name, a column for each kind that occurs and for the total."""
    kinds = sum((counts for _, counts in named), Counts())
    return [column, *kinds, "total"], [
        [name, *(counts[kind] for kind in kinds), counts.total] for name, counts in named
    ]


def _integer(count: symbolic.SizeLike, kind: str) -> int:
    if symbolic.is_symbolic(count):
        return symbolic.normal(count)  # type: ignore[no-any-return]
    try:
        return operator.index(count)
    except TypeError:
        raise InvalidType(f"the count of {kind} must be an integer, not {count!r}") from None
