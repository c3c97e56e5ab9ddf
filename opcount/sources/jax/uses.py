"""What the variables of a program are used for, from its results backwards.

Two things are read off that. An equation of integers alone whose results serve as places only, as those that turn a
negative index into a positive one, is index arithmetic, which is free. And the equations on which the value of a
function depends are the evaluation, among those that JAX executes for a value and a gradient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from opcount.counting.symbolic import Size, is_symbolic, normal, positive_part
from opcount.sources.jax.operands import shaped
from opcount.sources.jax.primitives import FREE, PLACES

NUMBER: Final = 1  # what is computed with it, or the result
PLACE: Final = 2  # where something is, or which branch is taken
MASK: Final = 4  # which elements are chosen
VALUE: Final = 8  # what the value of the function depends on
COUNTS: Final = 16  # whether a counter goes on

Bits = tuple[int, ...]


class Used(NamedTuple):
    """How the results of each equation are used, whether it is index arithmetic, and how the inputs of all are used."""

    results: tuple[Bits, ...]
    serves_places: tuple[bool, ...]
    inputs: Bits


def jaxpr_of(given: Any) -> Any:
    """The jaxpr in a parameter of an equation, which may be closed over constants."""
    return getattr(given, "jaxpr", given)


def called(equation: Any) -> Any:
    """The jaxpr that an equation calls with its own operands; None if it calls none so."""
    key = CALLS.get(equation.primitive.name)
    if key is None:
        return None
    return equation.params[key] if key in equation.params else equation.params["call_jaxpr"]  # "composite" of JAX 0.12


CALLS: Final = {
    **dict.fromkeys(("jit", "pjit", "remat2", "checkpoint", "composite"), "jaxpr"),
    **dict.fromkeys(("closed_call", "core_call", "call", "custom_jvp_call", "custom_vjp_call"), "call_jaxpr"),
    "custom_vjp_call_jaxpr": "fun_jaxpr",
    "custom_vmap_call": "call",
    "linear_call": "callee",
    "remat_opt": "fwd_jaxpr",
}
"""The primitives that call a jaxpr with their own operands, and the parameter that holds it."""


def parts_of(scan: Any) -> tuple[int, int]:
    """How many constants a scan has, and how many variables it carries; the rest of its operands are rows."""
    params = scan.params
    if "num_consts" in params:
        return params["num_consts"], params["num_carry"]
    constants, carried, _ = params["ft_in"].unpack()  # since JAX 0.12
    return len(constants), len(carried)


def counter_of(equation: Any) -> Counter | None:
    """What a `while` counts with, if its condition compares a counter with a bound and does nothing else."""
    params = equation.params
    condition, body = jaxpr_of(params["cond_jaxpr"]), jaxpr_of(params["body_jaxpr"])
    if len(condition.eqns) != 1 or condition.eqns[0].outvars[0] is not condition.outvars[0]:
        return None
    (compare,) = condition.eqns
    name = compare.primitive.name
    if name not in _MIRRORED or not all(_is_integer(operand) for operand in compare.invars):
        return None
    constants = params["cond_nconsts"]
    carried = {var: index - constants for index, var in enumerate(condition.invars) if index >= constants}
    for this, other, kind in ((*compare.invars, name), (*reversed(compare.invars), _MIRRORED[name])):
        place = None if _is_literal(this) else carried.get(this)
        step = None if place is None else _step(body, params["body_nconsts"], place)
        if place is None or step is None:
            continue
        if _is_literal(other):
            return Counter(place, step, kind, int(other.val), 0)
        bound = condition.invars.index(other)
        if bound < constants or _is_kept(body, params["body_nconsts"], bound - constants):
            return Counter(place, step, kind, None, bound - constants)
    return None


class Counter(NamedTuple):
    """A counter among what a `while` carries: its position, its step, and how it is compared with what."""

    place: int
    step: int
    kind: str
    bound: int | None  # a constant
    bound_at: int  # else its position in what is carried; below 0, among the constants of the condition

    def rounds(self, start: Size, bound: Size) -> Size | None:
        """How many rounds there are; None if the counter would have to pass its end."""
        way = normal(bound - start)
        if is_symbolic(way):
            up = self.kind in ("lt", "le") and self.step == 1
            return positive_part(way + int(self.kind == "le")) if up else None
        if self.kind == "ne":
            return way // self.step if way % self.step == 0 and way * self.step >= 0 else None
        way += {"le": 1, "ge": -1}.get(self.kind, 0)
        forwards = 1 if self.kind in ("lt", "le") else -1
        if way * forwards <= 0:
            return 0
        return -(-way // self.step) if self.step * forwards > 0 else None


_MIRRORED: Final = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le", "ne": "ne"}


def _is_literal(var: Any) -> bool:
    return hasattr(var, "val")


def _is_integer(var: Any) -> bool:
    found = shaped(var.aval)
    return found.kind in "iu" and not found.shape


def _is_kept(body: Any, constants: int, index: int) -> bool:
    return body.outvars[index] is body.invars[constants + index]


def _step(body: Any, constants: int, index: int) -> int | None:
    """By how much a round changes a counter, if that is a constant other than 0."""
    after, before = body.outvars[index], body.invars[constants + index]
    made = next((equation for equation in body.eqns if after in equation.outvars), None)
    if made is None or made.primitive.name not in ("add", "sub"):
        return None
    first, second = made.invars
    if first is before and _is_literal(second):
        return (int(second.val) if made.primitive.name == "add" else -int(second.val)) or None
    if second is before and _is_literal(first) and made.primitive.name == "add":
        return int(first.val) or None
    return None


class Uses:
    """How variables are used, by jaxpr and by how its results are; found once for each."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, Bits], tuple[Any, Used]] = {}  # with the jaxpr, which keeps its id

    def of(self, jaxpr: Any, results: Bits) -> Used:
        key = id(jaxpr), results
        if key not in self._known:
            self._known[key] = jaxpr, self._found(jaxpr, results)
        return self._known[key][1]

    def _found(self, jaxpr: Any, results: Bits) -> Used:
        bits: dict[Any, int] = {}

        def use(variables: Sequence[Any], how: Sequence[int]) -> None:
            for var, some in zip(variables, how, strict=True):
                if not _is_literal(var):
                    bits[var] = bits.get(var, 0) | some

        use(jaxpr.outvars, results)
        made = {var: equation for equation in jaxpr.eqns for var in equation.outvars}
        found, serve = [], []
        for equation in reversed(jaxpr.eqns):
            of_results = tuple(bits.get(var, 0) for var in equation.outvars)
            serves = _serves_places(equation, of_results, bits, made)
            found.append(of_results)
            serve.append(serves)
            use(equation.invars, self.of_operands(equation, of_results, serves))
        of_inputs = tuple(bits.get(var, 0) for var in jaxpr.invars)
        return Used(tuple(reversed(found)), tuple(reversed(serve)), of_inputs)

    def of_operands(self, equation: Any, results: Bits, serves_places: bool) -> Bits:
        """How the operands of an equation are used, by how its results are."""
        name = equation.primitive.name
        inner = called(equation)
        if inner is not None:
            return self.of(jaxpr_of(inner), results).inputs
        if name in self._CONTROL:
            return self._CONTROL[name](self, equation, results)
        return _of_primitive(equation, results, serves_places)

    def scan(self, equation: Any, results: Bits) -> tuple[Bits, Bits]:
        """How the results of a scan's body are used, those that it carries in all rounds, and the scan's operands."""
        params = equation.params
        body, (constants, number) = jaxpr_of(params["jaxpr"]), parts_of(equation)
        carried, gathered = results[:number], results[number:]
        while True:
            inputs = self.of(body, carried + gathered).inputs
            more = _joined(carried, inputs[constants : constants + number])
            if more == carried:
                return carried + gathered, inputs
            carried = more

    def loop(self, equation: Any, results: Bits) -> tuple[Bits, Bits, Bits]:
        """How the results of a `while`'s condition and body are used, and its operands."""
        params = equation.params
        first, second = params["cond_nconsts"], params["body_nconsts"]
        carried = results
        while True:
            value = VALUE if any(some & VALUE for some in carried) else 0
            condition = ((COUNTS if counter_of(equation) else NUMBER) | value,)
            asked = self.of(jaxpr_of(params["cond_jaxpr"]), condition).inputs
            done = self.of(jaxpr_of(params["body_jaxpr"]), carried).inputs
            more = _joined(carried, _joined(asked[first:], done[second:]))
            if more == carried:
                return condition, carried, (*asked[:first], *done[:second], *carried)
            carried = more

    def _scan(self, equation: Any, results: Bits) -> Bits:
        return self.scan(equation, results)[1]

    def _while(self, equation: Any, results: Bits) -> Bits:
        return self.loop(equation, results)[2]

    def _cond(self, equation: Any, results: Bits) -> Bits:
        inputs: Bits = (0,) * (len(equation.invars) - 1)
        for branch in equation.params["branches"]:
            inputs = _joined(inputs, self.of(jaxpr_of(branch), results).inputs)
        return PLACE | _value(results), *inputs

    def _linear_solve(self, equation: Any, results: Bits) -> Bits:
        before, constants, after, _ = solve_constants(equation)
        inputs = self.of(jaxpr_of(equation.params["jaxprs"].solve), results).inputs
        return (*(0,) * before, *inputs[:constants], *(0,) * after, *inputs[constants:])

    _CONTROL: Final = {"scan": _scan, "while": _while, "cond": _cond, "custom_linear_solve": _linear_solve}


def solve_constants(equation: Any) -> tuple[int, int, int, int]:
    """How many constants of a linear solve come before those of its `solve`, how many those are, how many after."""
    lengths = equation.params["const_lengths"]
    before, after = lengths.matvec + lengths.vecmat, lengths.transpose_solve
    return before, lengths.solve, after, len(equation.invars) - before - lengths.solve - after


def _joined(first: Bits, second: Bits) -> Bits:
    return tuple(one | other for one, other in zip(first, second, strict=True))


def _value(results: Bits) -> int:
    return VALUE if any(some & VALUE for some in results) else 0


# fmt: off
_ARITHMETIC: Final = frozenset({
    "add", "sub", "mul", "div", "rem", "neg", "sign", "abs", "max", "min", "clamp", "and", "or", "xor", "not",
    "shift_left", "shift_right_logical", "shift_right_arithmetic",
})
# fmt: on
_COMPARISONS: Final = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})


def _serves_places(equation: Any, results: Bits, bits: Mapping[Any, int], made: Mapping[Any, Any]) -> bool:
    """Whether an equation is arithmetic of integers, element by element, whose results serve places only.

    A comparison compares data, and counts, but for these: that of a counter with its bound; that of what is a place
    itself with a constant, as of a negative index; and whether the number of a branch is that of this one.
    """
    name, used = equation.primitive.name, _joined_all(results) & ~VALUE
    if not all(shaped(var.aval).is_discrete for var in (*equation.invars, *equation.outvars)):
        return False
    if name in _ARITHMETIC:
        return used == PLACE
    if name not in _COMPARISONS or not used or used & ~(PLACE | MASK | COUNTS):
        return False
    if used & COUNTS:
        return True
    compared = [var for var in equation.invars if not _is_literal(var)]
    if len(compared) != 1:
        return False
    if used & MASK:
        return name == "eq" and _is_number_of_a_branch(made.get(compared[0]))
    return bool(bits.get(compared[0], 0) & PLACE)


def _is_number_of_a_branch(made: Any) -> bool:
    """Whether an equation made what says which of several branches is taken: a clamped number, or a truth as one."""
    if made is None:
        return False
    name = made.primitive.name
    return name == "clamp" or (name == "convert_element_type" and shaped(made.invars[0].aval).is_truth)


def _joined_all(results: Bits) -> int:
    used = 0
    for some in results:
        used |= some
    return used


def _of_primitive(equation: Any, results: Bits, serves_places: bool) -> Bits:
    name, used = equation.primitive.name, _joined_all(results)
    value = used & VALUE
    discrete = all(shaped(var.aval).is_discrete for var in equation.outvars)
    logic = discrete and all(shaped(var.aval).is_truth for var in (*equation.invars, *equation.outvars))
    if not used:
        return (0,) * len(equation.invars)
    if serves_places:
        how = PLACE | value
    elif ((name in FREE and discrete) or logic) and used & ~VALUE:
        how = used  # what is moved is used as what it is moved to
    elif name == "convert_element_type" and discrete and used & ~VALUE:
        how = used
    else:
        how = NUMBER | value
    found = [how] * len(equation.invars)
    if name == "convert_element_type" and shaped(equation.invars[0].aval).is_truth and not logic:
        found[0] = how & ~PLACE | (NUMBER if how & PLACE else 0)
    if name == "select_n":
        chooses_by_index = not shaped(equation.invars[0].aval).is_truth
        found[0] = PLACE | value if chooses_by_index or how & ~VALUE == PLACE else MASK | value
    start, end = PLACES.get(name, (0, 0))
    for index in range(start, len(found) if end is None else end):
        found[index] = PLACE | value
    return tuple(found)
