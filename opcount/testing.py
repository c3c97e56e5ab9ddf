"""What a test can assert about counts: limits, exact counts, a baseline, laws. `pytest_opcount` brings it to pytest.

A claim is a count by name: of a kind, of a group of kinds, or "total". Faults are lines of text, none if the claims
hold.
"""

from __future__ import annotations

import functools
import json
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, SupportsIndex

from opcount.counting import symbolic
from opcount.counting.counts import Counts
from opcount.counting.errors import InvalidType as InvalidType
from opcount.counting.errors import InvalidValue as InvalidValue
from opcount.counting.kinds import GROUPS, KINDS
from opcount.counting.meters import OPEN, Meter, Tally, meter
from opcount.counting.names import instead
from opcount.counting.tally import Block, count
from opcount.laws.formula import differs, exceeds, formula
from opcount.laws.law import Law, law_of, law_of_runs, warn_of_silence
from opcount.laws.points import Sizes

COVERS: Final[Mapping[str, tuple[str, ...]]] = {**{kind: (kind,) for kind in KINDS}, **GROUPS, "total": KINDS}
"""The kinds that a name in a claim stands for."""


def claimed(mark: str, args: Sequence[SupportsIndex], kwargs: Mapping[str, SupportsIndex]) -> dict[str, int]:
    """The claims of a mark, from its arguments.

    Raises InvalidValue for an unknown name, a negative count or no claim at all, InvalidType for a count that is not an
    integer.
    """
    if unknown := [name for name in kwargs if name not in COVERS]:
        raise InvalidValue(f"@pytest.mark.{mark}: {_no_name(unknown)}; {_instead(mark)}")
    if len(args) > 1 or (args and "total" in kwargs):
        raise InvalidValue(f"@pytest.mark.{mark}: there is one total, and more than one is given; {_instead(mark)}")
    claims = {"total": args[0], **kwargs} if args else kwargs
    if not claims:
        raise InvalidValue(f"@pytest.mark.{mark} without a number says nothing; {_instead(mark)}")
    for name, claim in claims.items():
        if isinstance(claim, bool) or not hasattr(claim, "__index__"):
            raise InvalidType(f"@pytest.mark.{mark}: {name} must be an integer, not {claim!r}; {_instead(mark)}")
        if operator.index(claim) < 0:
            raise InvalidValue(f"@pytest.mark.{mark}: {name} must not be negative: {claim!r}; {_instead(mark)}")
    return {name: operator.index(claim) for name, claim in claims.items()}


def _instead(mark: str) -> str:
    return f"write @pytest.mark.{mark}(1000) for all operations, or {mark}(mul=64, transcendental=0) by kind or group"


def _no_name(unknown: Iterable[Any]) -> str:
    return (
        f"neither a kind of operation nor a group: {', '.join(sorted(map(str, unknown)))}; "
        f"{instead(unknown, COVERS, 'the kinds', 'oc.KINDS')}, the groups {', '.join(GROUPS)}"
    )


# --- faults


def above(limits: Mapping[str, Any], counts: Counts) -> list[str]:
    """A fault for each limit that the counts exceed."""
    found = {name: getattr(counts, name) for name in limits}
    return [
        _fault(name, counted, f"at most {limits[name]:,}", limits[name])
        for name, counted in found.items()
        if symbolic.is_symbolic(counted) or counted > limits[name]
    ]


def unequal(claims: Mapping[str, Any], counts: Counts) -> list[str]:
    """A fault for each claim that the counts do not equal, and for each counted kind that no claim covers."""
    found = {name: getattr(counts, name) for name in claims}
    named = {kind for name in claims for kind in COVERS[name]}
    return [
        _fault(name, counted, f"exactly {claims[name]:,}", claims[name])
        for name, counted in found.items()
        if counted != claims[name]
    ] + [_fault(kind, counted, "none named", 0) for kind, counted in counts.items() if kind not in named]


def _fault(name: str, found: Any, wanted: str, claim: Any) -> str:
    if symbolic.is_symbolic(found):
        return f"{name}: {found} counted, {wanted}: a number is compared with numbers, so give the sizes as numbers"
    return f"{found - claim:+,} {name}: {found:,} counted, {wanted}"


def changes(before: Mapping[str, Any], after: Mapping[str, Any], *, more: bool) -> list[str]:
    """A line for each kind with a higher count than before, or, without `more`, with a lower one.

    Polynomials, which are strings here, have no order: if they differ, that is more.
    """
    sign = 1 if more else -1
    lines = []
    for kind in sorted({*before, *after}):
        old, new = before.get(kind, 0), after.get(kind, 0)
        if isinstance(old, int) and isinstance(new, int):
            if sign * (new - old) > 0:
                lines.append(f"{new - old:+,} {kind}: {old:,} -> {new:,}")
        elif more and old != new:
            lines.append(f"{kind}: {old} -> {new}")
    return lines


# --- the count of a test


_NOTHING: Final = Tally()
_NONE: Final = _NOTHING.counts
_MISSED: Final = "in a thread or context that nobody counts: use oc.propagate"


class Ops:
    """The count of a test's call, with the claims about it; pytest's fixture `ops`."""

    def __init__(self, limits: Sequence[Mapping[str, int]] = (), exact: Sequence[Mapping[str, int]] = ()) -> None:
        """Take the claims of the marks, the closest first, which decides: for each limit, and for exact counts."""
        self._limits: dict[str, int] = {}
        for claims in reversed(limits):
            self._limits |= claims
        self._exact = exact[0] if exact else None
        self._tally = _NOTHING
        self._meter: Meter | None = None  # from `open` on
        self._before = _NONE  # the counts of a unittest's setUp, which runs within the same count
        self.started = False
        self.final: Counts | None = None
        """The counts of the call, once it has returned without an exception."""

    @property
    def counts(self) -> Counts:
        """The operations that the test has executed so far."""
        return self._tally.counts - self._before if self._before else self._tally.counts

    @property
    def total(self) -> int:
        """How many operations the test has executed so far, of all kinds together."""
        return self.counts.total

    @property
    def regions(self) -> dict[str, Counts]:
        """The counts of the test so far, by region."""
        return self._tally.regions

    def open(self) -> _Open:
        """Count what runs in this context or a copy of it, such as the task of a coroutine."""
        return _Open(self)

    def call(self) -> _Call:
        """Enclose the call of the test itself, inside `open`."""
        return _Call(self)

    def counting(self, function: Callable[..., Any], is_coroutine: bool) -> Callable[..., Any]:
        """A test's function, wrapped so that its call is counted."""
        if is_coroutine:

            @functools.wraps(function)
            async def counted(*args: object, **kwargs: object) -> Any:
                with _Call(self):
                    return await function(*args, **kwargs)
        else:

            @functools.wraps(function)
            def counted(*args: object, **kwargs: object) -> Any:
                with _Call(self):
                    return function(*args, **kwargs)

        return counted

    def to_json(self) -> str:
        """The final counts as a JSON object, with the total."""
        final = self.final or _NONE
        return json.dumps(_plain({"total": final.total, **final.to_dict()}))

    def faults(self, before: Mapping[str, Any] | None = None) -> list[str]:
        """Lines that say how the final counts break the claims or the baseline, if there is one; else none."""
        final = self.final or _NONE
        found = []
        if self._limits:
            found.append(("more operations than by @pytest.mark.max_ops", above(self._limits, final)))
        if self._exact is not None:
            found.append(("not the operations of @pytest.mark.exact_ops", unequal(self._exact, final)))
        if before is not None:
            found.append(("more operations than in the baseline", changes(before, _plain(final), more=True)))
        if self._tally._missed:
            found.append(("operations were refused, and are not in the counts", [_MISSED]))
        lines = [line for title, faults in found if faults for line in (title, *(f"  {each}" for each in faults))]
        return [*lines, f"counted: {final.to_dict() or 'nothing'}"] if lines else []

    @property
    def vain(self) -> str:
        """A warning for a test that keeps its limits by executing nothing that counts; else empty."""
        if (
            self.final is None
            or self.final
            or not self._limits
            or self._exact is not None
            or not self._limits.get("total", 1)
        ):
            return ""
        limits = ", ".join(f"at most {limit:,} {name}" for name, limit in self._limits.items())
        return f"a test of {limits} is to execute operations on wrapped values, as of oc.wrap; max_ops(0) claims none"

    @staticmethod
    def assert_law(
        f: Callable[..., Any],
        sizes: Sizes,
        make: Callable[..., Any] | None = None,
        *,
        exactly: str | Mapping[str, str] | None = None,
        at_most: str | Mapping[str, str] | None = None,
        verify: Sizes = (),
    ) -> Law:
        """Assert a law as the function `assert_law` of this module does."""
        __tracebackhide__ = True
        return assert_law(f, sizes, make, exactly=exactly, at_most=at_most, verify=verify)


class _Open:  # classes, not generators, as these run for each test
    """A count that is open from before the call of a test."""

    def __init__(self, ops: Ops) -> None:
        self._ops = ops
        self._count = count()

    def __enter__(self) -> None:
        tally = self._ops._tally = self._count.__enter__()
        self._ops._meter = OPEN.pop(tally)  # other threads matter from the call on

    def __exit__(self, *error: Any) -> None:
        self._ops._meter = None
        self._count.__exit__(*error)


class _Call:
    """The call of a test, which counts what it executes."""

    def __init__(self, ops: Ops) -> None:
        self._ops = ops
        self._count: Block[Tally] | None = None

    def __enter__(self) -> None:
        ops = self._ops
        ops.started = True
        if ops._meter is not None and ops._tally in meter().tallies:
            ops._before = ops._tally.counts or _NONE
            OPEN[ops._tally] = ops._meter
        else:  # in a context that was copied before, such as that of unittest.IsolatedAsyncioTestCase
            self._count = count()
            ops._tally = self._count.__enter__()

    def __exit__(self, *error: Any) -> None:
        if self._count is not None:
            self._count.__exit__(*error)
        if error[0] is None:
            self._ops.final = self._ops.counts


def _plain(counts: Mapping[str, Any]) -> dict[str, Any]:
    """Counts as JSON can hold them: polynomials become strings."""
    return {name: each if isinstance(each, int) else str(each) for name, each in counts.items()}


# --- laws


def assert_law(
    f: Callable[..., Any],
    sizes: Sizes,
    make: Callable[..., Any] | None = None,
    *,
    exactly: str | Mapping[str, str] | None = None,
    at_most: str | Mapping[str, str] | None = None,
    verify: Sizes = (),
) -> Law:
    """Assert the law of what f executes, which is found by `oc.law(f, sizes, make, verify=verify)` and returned.

    >>> import numpy as np
    >>> print(assert_law(lambda a: a @ a, range(1, 8), lambda n: np.ones((n, n)), exactly="2*n**3 - n**2"))
    2n³ − n²
    >>> _ = assert_law(np.cumsum, range(1, 8), np.ones, at_most={"add": "n"})

    A formula is for the total; a dict has one for each kind or group. `exactly` asserts that the counts equal the
    formula at every size, and the law at as many larger ones, and, if it is a dict, that no other kind is counted.
    `at_most` asserts that they do not exceed the formula at these sizes, and that the law grows no faster than it.
    Raises AssertionError if that does not hold or no exact law was found, InvalidValue if a text is not a formula,
    and what `oc.law` raises. Warns NothingCounted if no run executed an operation on a wrapped value, unless exactly
    0 is asserted.
    """
    __tracebackhide__ = True  # of pytest's
    if (exactly is None) == (at_most is None):
        raise InvalidValue('a law is asserted by one formula: exactly="2*n**3 - n**2", or at_most="n**2"')
    texts: Any = at_most if exactly is None else exactly
    texts = texts if isinstance(texts, Mapping) else {"total": texts}
    if unknown := texts.keys() - COVERS.keys():
        raise InvalidValue(_no_name(unknown))
    found, silent = law_of_runs(f, sizes, make, verify)
    claims = {name: formula(text, found.names) for name, text in texts.items()}
    if silent and (exactly is None or any(claim(point) for claim in claims.values() for point in found.counts)):
        warn_of_silence()
    relation, fault = ("at most", exceeds) if exactly is None else ("exactly", differs)
    faults = []
    for name, claim in claims.items():
        part = _part(found, name)
        if broken := fault(part, claim):
            what = "operations" if name == "total" else name
            faults += [f"not {relation} {texts[name]} {what}, but {part}", f"  {broken}"]
    if exactly is not None:
        named = {kind for name in texts for kind in COVERS[name]}
        faults += [f"{kind}: {each}, and none named" for kind, each in found.kinds.items() if kind not in named]
    if faults:
        kinds = [f"{kind}: {each}" for kind, each in found.kinds.items()]
        raise AssertionError("\n".join([*faults, "the laws of the kinds:", *(f"  {line}" for line in kinds)]))
    return found


def _part(found: Law, name: str) -> Law:
    """The law of a kind, of a group, or of the total."""
    if name == "total":
        return found
    kinds = [found.kinds[kind] for kind in COVERS[name] if kind in found.kinds]
    sums = {point: sum(each.counts[point] for each in kinds) for point in found.counts}
    far = {point: sum(each.far[point] for each in kinds) for point in found.far}
    return law_of(sums, found.names, verify=far)
