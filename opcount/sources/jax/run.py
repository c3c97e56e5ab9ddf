"""A run through a jaxpr, equation by equation: each is counted first, and then executed where values are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final

from opcount.counting.counts import OpCounts
from opcount.counting.meters import meter, refuse
from opcount.counting.symbolic import Size, are_numbers, is_symbolic
from opcount.functions.op_counts import NoRule
from opcount.sources.jax.control import CONTROL
from opcount.sources.jax.ledger import Ledger, Site, Take
from opcount.sources.jax.names import Place, at, is_rematerialized, is_transposed, region_of
from opcount.sources.jax.operands import UNKNOWN, Later, Named, Operand, plain, shaped, size_of
from opcount.sources.jax.primitives import FREE, PRICED, REFUSED, Call, gives_plain
from opcount.sources.jax.user_rules import counts_by, rule_of_user
from opcount.sources.jax.uses import VALUE, Bits, Uses

START: Final = Place()


class Run:
    """One way through a program: who takes its counts, and whether its values are computed on the way.

    With `eager`, each equation whose operands are known is executed once it has been counted, before the next one is.
    Else nothing is executed that nobody asks for, as a constant that decides how often a loop runs.
    """

    def __init__(self, take: Take, eager: bool, uses: Uses | None = None) -> None:
        self.take = take
        self.eager = eager
        self.uses = uses or Uses()

    def apart(self) -> tuple[Run, Ledger]:
        """A run that computes nothing, and what it will have executed."""
        ledger = Ledger()
        return Run(ledger.add, False, self.uses), ledger

    def through(
        self, jaxpr: Any, constants: Iterable[Any], operands: Sequence[Operand], results: Bits, place: Place = START
    ) -> list[Operand]:
        """What a jaxpr gives for these operands, each equation counted, and executed where its operands are known."""
        found: dict[Any, Operand] = {}

        def read(var: Any) -> Operand:
            return Operand(False, var.val, shaped(var.aval)) if hasattr(var, "val") else found[var]

        for var, value in zip(jaxpr.constvars, constants, strict=True):
            found[var] = Operand(False, value, shaped(var.aval))
        found.update(zip(jaxpr.invars, operands, strict=True))
        last = _last_uses(jaxpr) if self.eager else {}
        used = self.uses.of(jaxpr, results)
        for index, equation in enumerate(jaxpr.eqns):
            given = [read(var) for var in equation.invars]
            inside = place.inside(equation)
            made = self.executed(equation, given, used.results[index], inside, used.serves_places[index])
            found.update(zip(equation.outvars, made, strict=True))
            for var in last.get(index, ()):
                found.pop(var, None)
        return [read(var) for var in jaxpr.outvars]

    def called(self, closed: Any, operands: Sequence[Operand], results: Bits, place: Place) -> list[Operand]:
        """What a jaxpr gives that may be closed over constants."""
        return self.through(getattr(closed, "jaxpr", closed), getattr(closed, "consts", ()), operands, results, place)

    def executed(
        self, equation: Any, given: list[Operand], results: Bits, place: Place, serves_places: bool
    ) -> list[Operand]:
        """What an equation gives, once it has been counted, unless it serves places only."""
        name = equation.primitive.name
        rule = rule_of_user(name)
        if rule is None and name in CONTROL:
            return CONTROL[name](self, equation, given, results, place)
        depends = any(operand.depends for operand in given)
        if depends and (rule is not None or not (name in FREE or serves_places)):
            call = Call(tuple(given), tuple(shaped(var.aval) for var in equation.outvars), equation.params)
            try:
                counts, why = self._counts(name, call, rule), ""
            except NoRule as error:
                counts, why = {}, str(error)
            if why:
                return self._let_out(equation, given, place, why)
            self.record(equation, counts, results, place)
        return self.results(equation, given)

    def _counts(self, name: str, call: Call, rule: Any) -> OpCounts:
        if rule is not None:
            return counts_by(rule, name, call)
        if name in PRICED:
            return PRICED[name](call)
        raise NoRule(REFUSED.get(name, "opcount does not know this primitive of JAX's"))

    def _let_out(self, equation: Any, given: Sequence[Operand], place: Place, why: str) -> list[Operand]:
        """Let what has no count be executed where exits are recorded, with a plain result; else refuse it."""
        name = equation.primitive.name
        elements = sum(operand.shaped.size for operand in given if operand.depends)
        if not meter().records or is_symbolic(elements):
            refuse(
                f"{at(name, place)}: {why}: give it a count by a convention with ocj.register_rule({name!r}, rule), or "
                "compute it outside, so that its result is data"
            )
        ledger = Ledger()
        ledger.exits[name, elements] = 1
        self.take(ledger, 1)
        return self.results(equation, given, [False] * len(equation.outvars))

    def record(self, equation: Any, counts: OpCounts, results: Bits, place: Place, times: Size = 1) -> None:
        """Take what an equation executes, at its place in the program."""
        some = {kind: count for kind, count in counts.items() if is_symbolic(count) or count}
        if some:
            ledger = Ledger()
            ledger.take(self.site(equation, results, place), some)
            self.take(ledger, times)

    def site(self, equation: Any, results: Bits, place: Place) -> Site:
        if is_transposed(place.names):
            phase = "accumulation"
        else:
            evaluates = any(some & VALUE for some in results) and not is_rematerialized(place.names)
            phase = "primal" if evaluates else "partials"
        return Site(region_of(place.names), phase, equation.primitive.name, place.tracebacks)

    def results(self, equation: Any, given: Sequence[Operand], depends: Sequence[bool] | None = None) -> list[Operand]:
        """What an equation gives, now or when it is asked for; unknown where an operand is."""
        name = equation.primitive.name
        if depends is None:
            one = any(operand.depends for operand in given)
            depends = [one and not gives_plain(name, index) for index in range(len(equation.outvars))]
        shapes = [shaped(var.aval) for var in equation.outvars]
        values: Sequence[Any] = [UNKNOWN] * len(shapes)
        if (size := _named(equation, given)) is not None:
            values = [Named(size)]
        elif all(operand.is_known for operand in given) and are_numbers(size for each in shapes for size in each.shape):
            values = self.computed(partial(bound, equation), [operand.value for operand in given], len(values))
        return list(map(Operand, depends, values, shapes))

    def computed(self, function: Callable[..., Sequence[Any]], values: Sequence[Any], number: int) -> Sequence[Any]:
        """The results of a function of known values, now or when one is asked for."""
        if self.eager:
            return function(*map(plain, values))
        together = Later(lambda *all_: tuple(function(*all_)), values)
        return [Later(lambda found, index=index: found[index], (together,)) for index in range(number)]


def _named(equation: Any, given: Sequence[Operand]) -> Size | None:
    """The size with a name that an equation gives as an integer, if it does."""
    name = equation.primitive.name
    if name == "dim_as_value" and is_symbolic(size := size_of(equation.params["dim"])):
        return size
    if (
        name == "convert_element_type"
        and type(given[0].value) is Named
        and shaped(equation.outvars[0].aval).kind in "iu"
    ):
        return given[0].value.size
    return None


def bound(equation: Any, *values: Any) -> Sequence[Any]:
    """What JAX gives for an equation on these values."""
    primitive = equation.primitive
    params = primitive.get_bind_params(equation.params)
    if "donated_invars" in params:  # the values may be asked for again
        params = {**params, "donated_invars": (False,) * len(params["donated_invars"])}
    with equation.ctx.manager:
        found = primitive.bind(*values, **params)
    return found if primitive.multiple_results else [found]


def _last_uses(jaxpr: Any) -> dict[int, list[Any]]:
    """The variables that no equation after this one reads, by its position: their values can go."""
    found: dict[int, list[Any]] = {}
    seen = {var for var in jaxpr.outvars if not hasattr(var, "val")}
    for index in range(len(jaxpr.eqns) - 1, -1, -1):
        for var in (*jaxpr.eqns[index].invars, *jaxpr.eqns[index].outvars):
            if not hasattr(var, "val") and var not in seen:
                seen.add(var)
                found.setdefault(index, []).append(var)
    return found
