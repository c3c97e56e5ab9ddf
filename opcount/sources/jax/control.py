"""Control flow: what scans, loops, branches and calls execute.

A body whose operations do not depend on values is counted once for each pattern of what depends on an argument, and
multiplied by the rounds; JAX itself computes its value. Any other is gone through round by round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import jax
import jax.extend.core
import numpy as np

from opcount.counting.counts import Counts
from opcount.counting.errors import InvalidValue
from opcount.counting.symbolic import Size, is_symbolic, order
from opcount.sources.jax.ledger import Ledger
from opcount.sources.jax.names import Place, at
from opcount.sources.jax.operands import UNKNOWN, Named, NeedsValue, Operand, plain, product, shaped, size_of
from opcount.sources.jax.primitives import sliding
from opcount.sources.jax.uses import (
    CALLS,
    NUMBER,
    VALUE,
    Bits,
    called,
    counter_of,
    jaxpr_of,
    solve_constants,
)

if TYPE_CHECKING:
    from opcount.sources.jax.run import Run

Pattern = tuple[bool, ...]
"""Which of the variables depend on an argument."""


def _depends(operands: Sequence[Operand]) -> Pattern:
    return tuple(operand.depends for operand in operands)


def _patterned(operands: Sequence[Operand], pattern: Pattern) -> list[Operand]:
    """The operands where it is not known which round it is: those that change have no value."""
    return [
        operand._replace(depends=depends, value=UNKNOWN) for operand, depends in zip(operands, pattern, strict=True)
    ]


# --- calls


def _call(run: Run, equation: Any, given: list[Operand], results: Bits, place: Place) -> list[Operand]:
    return run.called(called(equation), given, results, place)


def _jit(run: Run, equation: Any, given: list[Operand], results: Bits, place: Place) -> list[Operand]:
    """A compiled function: counted as a whole and executed as a whole, unless what it executes depends on values."""
    if run.eager:
        apart, ledger = run.apart()
        try:
            found = _call(apart, equation, [operand.without_value() for operand in given], results, place)
        except NeedsValue:
            return _call(run, equation, given, results, place)
        run.take(ledger, 1)
        return run.results(equation, given, _depends(found))
    return _call(run, equation, given, results, place)


def _linear_solve(run: Run, equation: Any, given: list[Operand], results: Bits, place: Place) -> list[Operand]:
    """A linear solve executes its `solve`; the products by the matrix are there for derivatives alone."""
    before, constants, after, _ = solve_constants(equation)
    used = [*given[before : before + constants], *given[before + constants + after :]]
    return run.called(equation.params["jaxprs"].solve, used, results, place)


# --- rounds


class _Rounds(NamedTuple):
    """What some rounds execute, and how many times; which variables depend after them, which of what they gather."""

    parts: list[tuple[Ledger, Size]]
    after: Pattern
    gathered: Pattern = ()

    def taken_by(self, run: Run, times: Size = 1) -> None:
        for ledger, often in self.parts:
            run.take(ledger, often * times)


def _rounds(once: Callable[[Pattern], _Rounds], start: Pattern, length: Size, place: Place) -> _Rounds:
    """So many rounds of what one executes, which depends on the pattern before it alone.

    The patterns are followed until one comes again: from there on they repeat.
    """
    seen: dict[Pattern, int] = {}
    rounds: list[_Rounds] = []
    pattern = start
    while pattern not in seen and (is_symbolic(length) or len(rounds) < length):
        seen[pattern] = len(rounds)
        rounds.append(once(pattern))
        pattern = rounds[-1].after
    first = seen.get(pattern, len(rounds))
    period = len(rounds) - first
    if is_symbolic(length) and (period != 1 or order(length, first) < 0):
        raise InvalidValue(
            f"what a scan of {length} rounds executes depends on how many there are ({place.line}): use a number"
        )
    parts: list[tuple[Ledger, Size]] = []
    gathered: Pattern = ()
    whole, rest = (length - first, 0) if period <= 1 else divmod(length - first, period)
    for index, one in enumerate(rounds):
        times: Size = 1 if index < first else whole + int(index - first < rest)
        parts += [(ledger, times * often) for ledger, often in one.parts]
        gathered = tuple(a or b for a, b in zip(gathered, one.gathered, strict=True)) if gathered else one.gathered
    if period > 1:
        pattern = rounds[first + rest - 1].after if rest else rounds[-1].after
    return _Rounds(parts, pattern if rounds else start, gathered)


def _scan(run: Run, equation: Any, given: list[Operand], results: Bits, place: Place) -> list[Operand]:
    params = equation.params
    constants, carried = params["num_consts"], params["num_carry"]
    body = params["jaxpr"]
    used, _ = run.uses.scan(equation, results)
    fixed, carry, xs = given[:constants], given[constants : constants + carried], given[constants + carried :]
    slices = [Operand(x.depends, UNKNOWN, shaped(var.aval)) for x, var in zip(xs, _rows_of(equation), strict=True)]

    def once(pattern: Pattern) -> _Rounds:
        apart, ledger = run.apart()
        operands = [*(each.without_value() for each in fixed), *_patterned(carry, pattern), *slices]
        found = apart.called(body, operands, used, place)
        return _Rounds([(ledger, 1)], _depends(found[:carried]), _depends(found[carried:]))

    length = size_of(params["length"])
    try:
        found = _rounds(once, _depends(carry), length, place)
    except NeedsValue:
        if is_symbolic(length):
            raise
        return _unrolled(run, equation, fixed, carry, xs, used, place)
    found.taken_by(run)
    gathered = found.gathered or (False,) * (len(equation.outvars) - carried)
    return run.results(equation, given, [*found.after, *gathered])


def _rows_of(equation: Any) -> Sequence[Any]:
    """The variables of a scan's body that hold one row of each array it goes along."""
    rows: Sequence[Any] = jaxpr_of(equation.params["jaxpr"]).invars
    return rows[equation.params["num_consts"] + equation.params["num_carry"] :]


def _unrolled(
    run: Run, equation: Any, fixed: list[Operand], carry: list[Operand], xs: list[Operand], used: Bits, place: Place
) -> list[Operand]:
    """A scan, round by round, as what it executes depends on values."""
    params = equation.params
    body, number = params["jaxpr"], params["num_carry"]
    rows: list[list[Operand]] = []
    steps = range(params["length"])
    for index in reversed(steps) if params["reverse"] else steps:
        row = []
        for x, var in zip(xs, _rows_of(equation), strict=True):
            take = partial(_one_of, index)
            value = run.computed(take, [x.value], 1)[0] if x.is_known else UNKNOWN
            row.append(Operand(x.depends, value, shaped(var.aval)))
        found = run.called(body, [*fixed, *carry, *row], used, place)
        carry = found[:number]
        rows.append(found[number:])
    if params["reverse"]:
        rows.reverse()
    gathered = []
    for index, var in enumerate(equation.outvars[number:]):
        column = [row[index] for row in rows]
        value = UNKNOWN
        if not rows:
            value = jax.numpy.empty(var.aval.shape, var.aval.dtype)
        elif all(one.is_known for one in column):
            value = run.computed(lambda *all_: [jax.numpy.stack(all_)], [one.value for one in column], 1)[0]
        gathered.append(Operand(any(one.depends for one in column), value, shaped(var.aval)))
    return [*carry, *gathered]


def _one_of(index: int, array: Any) -> Sequence[Any]:
    return [jax.lax.dynamic_index_in_dim(array, index, keepdims=False)]


# --- loops whose end depends on values


def _while(run: Run, equation: Any, given: list[Operand], results: Bits, place: Place) -> list[Operand]:
    params = equation.params
    first, second = params["cond_nconsts"], params["body_nconsts"]
    loop = _Loop(run, equation, given[:first], given[first : first + second], given[first + second :], results, place)
    try:
        return loop.together()
    except NeedsValue:
        return loop.round_by_round()


class _Loop:
    """A `while`: its condition and its body, what both are closed over, and what is carried from round to round."""

    def __init__(
        self,
        run: Run,
        equation: Any,
        asked: list[Operand],
        fixed: list[Operand],
        carry: list[Operand],
        results: Bits,
        place: Place,
    ) -> None:
        self.run, self.equation, self.place = run, equation, place
        self.asked, self.fixed, self.carry = asked, fixed, carry
        self.condition, self.body = equation.params["cond_jaxpr"], equation.params["body_jaxpr"]
        self.bits_of_condition, self.bits_of_body, _ = run.uses.loop(equation, results)
        self.counter = counter_of(equation)
        body = jaxpr_of(self.body)
        self.kept = [var is body.invars[len(fixed) + index] for index, var in enumerate(body.outvars)]

    def patterned(self, pattern: Pattern) -> list[Operand]:
        changed = _patterned(self.carry, pattern)
        return [
            before.without_value() if kept else now
            for before, now, kept in zip(self.carry, changed, self.kept, strict=True)
        ]

    def once(self, pattern: Pattern) -> tuple[Ledger, _Rounds]:
        """What a test and a round execute, from this pattern."""
        apart, tested = self.run.apart()
        carry = self.patterned(pattern)
        asked = [each.without_value() for each in self.asked]
        apart.called(self.condition, [*asked, *carry], self.bits_of_condition, self.place)
        apart, done = self.run.apart()
        fixed = [each.without_value() for each in self.fixed]
        found = apart.called(self.body, [*fixed, *carry], self.bits_of_body, self.place)
        return tested, _Rounds([(done, 1)], _depends(found))

    def together(self) -> list[Operand]:
        """The loop where neither a test nor a round depends on values: only how many rounds there are does."""
        known: dict[Pattern, tuple[Ledger, _Rounds]] = {}

        def round_after(pattern: Pattern) -> _Rounds:
            """A test, and the round after it."""
            if pattern not in known:
                known[pattern] = self.once(pattern)
            tested, done = known[pattern]
            both = Ledger()
            for each in (tested, done.parts[0][0]):
                both.add(each)
            return done._replace(parts=[(both, 1)])

        pattern = start = _depends(self.carry)
        while pattern not in known:  # raises NeedsValue where it depends on values, before anything is counted
            pattern = round_after(pattern).after
        number = self.rounds()
        if number is None and not self.run.eager:
            raise NeedsValue("the number of rounds")
        everything = (*self.asked, *self.fixed, *self.carry)
        if number is not None:
            found = _rounds(round_after, start, number, self.place)
            found.taken_by(self.run)
            self.run.take(self.tested(known, found.after), 1)
            return self.run.results(self.equation, everything, found.after)
        pattern = start
        state: Sequence[Any] = ()
        for finished, state in _chunks(self):  # noqa: B007 - what is carried at the end
            found = _rounds(round_after, pattern, finished, self.place)
            found.taken_by(self.run)
            pattern = found.after
        self.run.take(self.tested(known, pattern), 1)
        return [
            Operand(depends, value, each.shaped)
            for depends, value, each in zip(pattern, state, self.carry, strict=True)
        ]

    def tested(self, known: dict[Pattern, tuple[Ledger, _Rounds]], pattern: Pattern) -> Ledger:
        """The test after which the loop ends."""
        return known[pattern][0] if pattern in known else self.once(pattern)[0]

    def rounds(self) -> Size | None:
        """How many rounds there are, if a counter that is known says so."""
        counter = self.counter
        if counter is None:
            return None
        start = _integer(self.carry[counter.place])
        bound: Size | None = counter.bound
        if bound is None:
            at = counter.bound_at
            bound = _integer(self.carry[at] if at >= 0 else self.asked[at + len(self.asked)])
        return None if start is None or bound is None else counter.rounds(start, bound)

    def round_by_round(self) -> list[Operand]:
        """The loop, in which each test is asked for its truth."""
        carry = self.carry
        lanes = jaxpr_of(self.condition).outvars[0].aval.shape
        while True:
            (truth,) = self.run.called(self.condition, [*self.asked, *carry], self.bits_of_condition, self.place)
            if not truth.is_known:
                raise NeedsValue(
                    f"{at('while', self.place)} goes on for as long as its condition holds, which depends on a value"
                )
            goes_on = np.asarray(plain(truth.value))
            if not goes_on.any():
                return carry
            after = self.run.called(self.body, [*self.fixed, *carry], self.bits_of_body, self.place)
            if lanes:
                after = [_kept_where_it_ended(self.run, truth, old, new) for old, new in zip(carry, after, strict=True)]
            carry = after


def _integer(operand: Operand) -> Size | None:
    """The integer that an operand holds, which may be a size with a name; None if it is not known."""
    if type(operand.value) is Named:
        return operand.value.size
    return int(plain(operand.value)) if operand.is_known else None


def _kept_where_it_ended(run: Run, truth: Operand, old: Operand, new: Operand) -> Operand:
    """What a batch of loops carries: each keeps what it had when it ended."""
    value = UNKNOWN
    if truth.is_known and old.is_known and new.is_known:
        value = run.computed(lambda *all_: [_chosen(*all_)], [truth.value, old.value, new.value], 1)[0]
    return Operand(old.depends or new.depends or truth.depends, value, new.shaped)


def _chosen(truth: Any, old: Any, new: Any) -> Any:
    wide = jax.lax.broadcast_in_dim(truth, old.shape, range(truth.ndim))
    return jax.lax.select(wide, new, old)


LONGEST: Final = 2**20
"""The rounds of a `while` that are executed at once, before they are counted."""


def _chunks(loop: _Loop) -> Iterator[tuple[int, Sequence[Any]]]:
    """Execute a loop, first one round, then ever more at once: how many rounds there were, and what is carried then."""
    condition, body = (jax.extend.core.jaxpr_as_fun(closed) for closed in (loop.condition, loop.body))
    asked, fixed = ([plain(operand.value) for operand in some] for some in (loop.asked, loop.fixed))
    lanes = jaxpr_of(loop.condition).outvars[0].aval.shape

    def some_rounds(most: Any, state: Any, asked: Any, fixed: Any) -> Any:
        def goes_on(rounds_and_state: Any) -> Any:
            rounds, carry = rounds_and_state
            (truth,) = condition(*asked, *carry)
            return (truth.any() if lanes else truth) & (rounds < most)

        def advance(rounds_and_state: Any) -> Any:
            rounds, carry = rounds_and_state
            after = tuple(body(*fixed, *carry))
            if lanes:
                (truth,) = condition(*asked, *carry)
                after = tuple(_chosen(truth, old, new) for old, new in zip(carry, after, strict=True))
            return rounds + 1, after

        return jax.lax.while_loop(goes_on, advance, (0, tuple(state)))

    execute = jax.jit(some_rounds)  # not as a decorator, which has no type where JAX is not installed
    most = 1
    state: Sequence[Any] = [plain(operand.value) for operand in loop.carry]
    while True:
        rounds, state = execute(most, state, asked, fixed)
        yield int(rounds), state
        if int(rounds) < most:
            return
        most = min(2 * most, LONGEST)


# --- branches


def _cond(run: Run, equation: Any, given: list[Operand], results: Bits, place: Place) -> list[Operand]:
    branches = equation.params["branches"]
    index, operands = given[0], given[1:]
    if index.is_known:
        chosen = min(max(int(plain(index.value)), 0), len(branches) - 1)
        return run.called(branches[chosen], operands, results, place)
    costs = []
    for branch in branches:
        apart, ledger = run.apart()
        try:
            apart.called(branch, operands, results, place)
            costs.append(repr(Counts(ledger.total())))
        except NeedsValue:
            costs.append("what depends on values in its turn")
    number = "both branches" if len(costs) == 2 else f"the {len(costs)} branches"
    raise NeedsValue(
        f"{at('cond', place)} takes a branch by a value: {number} execute {', '.join(costs[:-1])} and {costs[-1]}"
    )


# --- functions of one element, applied many times


def _body(run: Run, closed: Any, depends: Pattern, results: Bits, place: Place) -> tuple[Ledger, Pattern]:
    """What one application of a function executes, and which of its results depend."""
    value = VALUE if any(some & VALUE for some in results) else 0
    apart, ledger = run.apart()
    jaxpr = jaxpr_of(closed)
    operands = [Operand(one, UNKNOWN, shaped(var.aval)) for one, var in zip(depends, jaxpr.invars, strict=True)]
    found = apart.called(closed, operands, (NUMBER | value,) * len(jaxpr.outvars), place)
    return ledger, _depends(found)


def _reduce(run: Run, equation: Any, given: list[Operand], results: Bits, place: Place) -> list[Operand]:
    """A reduction by any function joins each number to what there is, from the initial value on."""
    params, half = equation.params, len(given) // 2
    arrays, initial = given[:half], given[half:]
    length = product([arrays[0].shaped.shape[axis] for axis in params["dimensions"]])

    def once(pattern: Pattern) -> _Rounds:
        ledger, after = _body(run, params["jaxpr"], (*pattern, *_depends(arrays)), results, place)
        return _Rounds([(ledger, 1)], after)

    found = _rounds(once, _depends(initial), length, place)
    found.taken_by(run, shaped(equation.outvars[0].aval).size)
    return run.results(equation, given, found.after)


def _reduce_window(run: Run, equation: Any, given: list[Operand], results: Bits, place: Place) -> list[Operand]:
    """A window by any function joins each number that it meets to what there is, from the initial value on."""
    array = given[0].shaped
    pairs, _ = sliding(equation.params, array, shaped(equation.outvars[0].aval))
    one = any(_depends(given))
    ledger, _ = _body(run, equation.params["jaxpr"], (one,) * len(given), results, place)
    run.take(ledger, pairs)
    return run.results(equation, given)


def _scatter(run: Run, equation: Any, given: list[Operand], results: Bits, place: Place) -> list[Operand]:
    """A scatter writes its updates, or what a function makes of what was there and an update."""
    body = equation.params.get("update_jaxpr")
    if body is not None:
        ledger, _ = _body(run, body, (given[0].depends, given[2].depends), results, place)
        run.take(ledger, given[2].shaped.size)
    return run.results(equation, given)


def _select_and_scatter(run: Run, equation: Any, given: list[Operand], results: Bits, place: Place) -> list[Operand]:
    params = equation.params
    data, source = given[0], given[1]
    pairs, alive = sliding(params, data.shaped, source.shaped)
    selected, _ = _body(run, params["select_jaxpr"], (data.depends,) * 2, results, place)
    scattered, _ = _body(run, params["scatter_jaxpr"], (any(_depends(given)),) * 2, results, place)
    run.take(selected, pairs - alive)
    run.take(scattered, alive)
    return run.results(equation, given)


CONTROL: Final[Mapping[str, Callable[..., list[Operand]]]] = {
    **dict.fromkeys(CALLS, _call),
    **dict.fromkeys(("jit", "pjit"), _jit),
    "custom_linear_solve": _linear_solve,
    "scan": _scan,
    "while": _while,
    "cond": _cond,
    "reduce": _reduce,
    "reduce_window": _reduce_window,
    "scatter": _scatter,
    "select_and_scatter": _select_and_scatter,
}
"""How each primitive that executes a jaxpr is gone through."""
