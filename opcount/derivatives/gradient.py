"""Gradients by every method, each executed on wrapped numbers and counted by phase."""

from __future__ import annotations

import gc
import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, NamedTuple, SupportsIndex

import numpy as np

from opcount.arrays.array import Array
from opcount.arrays.scalar import Scalar
from opcount.arrays.typed import RealNumber
from opcount.arrays.wrap import Tree, unwrap
from opcount.counting import render
from opcount.counting.budgets import BudgetLike, asked, checked_limits
from opcount.counting.counts import Counts, table
from opcount.counting.errors import OF_OTHER_NUMBERS, BudgetExceeded, InvalidType, InvalidValue, Uncounted
from opcount.counting.meters import charge
from opcount.counting.names import Named
from opcount.counting.tally import count, isolated
from opcount.derivatives.chain_rule import (
    METHODS,
    backprop,
    difference_counts,
    forward,
    method_named,
    new_memo,
    recurse,
)
from opcount.derivatives.choices import Granularity, MethodName
from opcount.derivatives.graph import Graph, checked_inputs, evaluate, one_output, trace
from opcount.tracing.edges import LinearMap
from opcount.tracing.nodes import value_of
from opcount.tracing.object_array import opened_array
from opcount.tracing.structural import ONE, Unit, number, plus, structured
from opcount.wrapping.operands import opened
from opcount.wrapping.spec import Spec
from opcount.wrapping.trees import check_number, object_array, of_one_argument, owner_of, plain_array, rebuild
from opcount.wrapping.wrapped import Wrapped

if TYPE_CHECKING:
    import pandas as pd

PHASES: Final = ("primal", "partials", "accumulation")


class LogEntry(NamedTuple):
    """One entry of the log: a product ("mul", "neg" or "copy") along an edge, or its "add" to a sum.

    `source` is the node whose derivative is one: the output, or the input of a tangent.
    """

    kind: str
    tail: int
    head: int
    position: int
    source: int


class Storage(NamedTuple):
    """What a method kept at most: `nodes` of a graph, `derivatives` at once, and recursive calls, `depth`.

    The last two are None where the accumulation was counted from shapes, and not executed.
    """

    nodes: int
    derivatives: int | None
    depth: int | None


@dataclass(frozen=True)
class Gradient:
    """A value, its gradient in the structure of x, and what computing them executed, by phase."""

    value: Any
    gradient: Any
    method: MethodName
    phases: Mapping[str, Counts]
    storage: Storage
    log: tuple[LogEntry, ...] | None = None

    @property
    def counts(self) -> Counts:
        """The counts of the three phases together."""
        return sum(self.phases.values(), Counts())

    def to_pandas(self) -> pd.DataFrame:
        """A row for each phase, a column for each kind that occurs and for the total. Needs pandas."""
        return _table([{"phase": phase, "counts": counts} for phase, counts in self.phases.items()]).set_index("phase")

    def _repr_html_(self) -> str:
        return render.html(*table("phase", [*self.phases.items(), ("all", self.counts)]), self.method)


def gradient(
    f: Callable[..., Any],
    x: Tree,
    method: MethodName = "backprop",
    *,
    budget: BudgetLike | float | None = None,
    memo: SupportsIndex | None = None,
    step: RealNumber | None = None,
    log: bool = False,
    granularity: Granularity = "array",
) -> Gradient:
    """The value and the gradient of f at x, by the named method, with the operations it executed.

    >>> import opcount as oc
    >>> g = oc.gradient(lambda x: x["a"] * x["b"] + x["a"], {"a": 3.0, "b": 4.0}, method="naive")
    >>> g.value, g.gradient
    (15.0, {'a': 5.0, 'b': 3.0})
    >>> g.phases["accumulation"]
    Counts({'add': 1})

    `x` is a number, an array or nested lists, tuples and dicts of them; f takes one such
    argument of wrapped numbers, and returns one number. An f that needs several arguments is given
    the items of a tuple: `oc.gradient(lambda w, b: w * 2 + b, (3.0, 1.0))`. What f does not wrap is data.
    `method` is one of `METHODS`. With `log=True` the result's `log` lists the products and
    sums of the accumulation. `memo=k` lets the memoized methods keep k derivatives at most
    (0 is the naive recursion); `step` is the step of the finite differences, by default
    near the cube root of the rounding unit, relative for |x| > 1. `budget` limits the
    accumulation as in `count`, and is compared with the prediction before it starts. Where there is
    none, a recursion that keeps nothing is held to 10,000,000 operations; `budget=math.inf` insists.
    An array in x is one node of the graph; `granularity="scalar"` opens it into an object array
    of numbers, one node each. Of an `oc.spec`, an array without data, everything is counted
    from shapes alone; value and gradient are specs too.

    Raises InvalidType or InvalidValue for an argument it cannot work with or a result of f
    that is not one number, BudgetExceeded over the budget, and whatever f raises.
    """
    rule = method_named(method)
    f = of_one_argument(f, x)
    if step is not None and rule.direction is not None:
        raise InvalidValue(f'step is for the method "finite-difference", not for {method!r}')
    x, leaves, whole = checked_inputs(x, granularity)
    limits = _limits(budget)
    size = _checked_memo(memo, method, budget)
    step = _checked_step(step)
    entries = _Log() if log else None
    spent = Named(dict.fromkeys(PHASES, Counts()), "phase")
    request = _Request(f, x, leaves, whole, method, spent, limits, size, step, entries, set(), budget is None)
    if any(type(leaf._plain()) is Spec for leaf in leaves):
        value, found, storage = _from_shapes(request)
    elif rule.direction is None:
        value, found, storage = _differences(request)
    else:
        with collector_paused():
            value, found, storage = _accumulated(request)
    plain = (
        plain_derivative(derivative, leaf._plain(), request.taken)
        for derivative, leaf in zip(found, leaves, strict=True)
    )
    return Gradient(
        value=unwrap(value),
        gradient=rebuild(x, plain, _gradient_array, whole),
        method=method,
        phases=spent,
        storage=storage,
        log=tuple(entries.entries) if entries else None,
    )


@contextmanager
def collector_paused() -> Iterator[None]:
    # A graph is large, lives long and has no cycles once recorded: the collector would walk it again and again.
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class phase:
    """Add what runs inside to what that phase has spent, besides whatever counts are open."""

    def __init__(self, spent: dict[str, Counts], name: str) -> None:
        self._spent = spent
        self._name = name
        self._count = count()

    def __enter__(self) -> None:
        self._tally = self._count.__enter__()

    def __exit__(self, *error: Any) -> None:
        self._count.__exit__(*error)
        if error[0] is None:
            self._spent[self._name] += self._tally.counts


class _Request(NamedTuple):
    """The checked arguments of `gradient`."""

    f: Callable[[Any], Any]
    x: Any
    leaves: list[Any]
    whole: bool  # whether arrays are nodes
    method: MethodName
    spent: dict[str, Counts]
    limits: Mapping[str, int]
    memo: int | None
    step: Any
    log: _Log | None
    taken: set[int]
    unlimited: bool  # whether no budget was given

    def call(self, leaves: list[Any]) -> Any:
        result = self.f(rebuild(self.x, iter(leaves), opened_array, self.whole))
        return result if self.whole else opened(result)

    def phase(self, name: str) -> AbstractContextManager[None]:
        return phase(self.spent, name)

    def keep(self, graph: Graph) -> None:
        """Remember the memory that the graph is made of: what shares it is copied before it is handed out."""
        if all(type(leaf) is not Array for leaf in self.leaves):
            return
        for node in graph.nodes:
            for operand in (node.value, *node.operands):
                kind = type(operand)
                if kind is Array or kind is np.ndarray:
                    self.taken.add(_id_of_memory(operand._held if kind is Array else operand))

    def evaluate(self) -> Graph:
        with self.phase("primal"):
            graph = evaluate(self.f, self.x, self.leaves, self.whole)
        one_output(graph.result)
        with self.phase("partials"):
            graph.linearize()
        return graph

    def refuse_beyond_budget(self, predicted: Counts) -> None:
        for kind, limit in self.limits.items():
            if (number := asked(predicted, kind)) > limit:
                raise self._exceeded(
                    predicted,
                    f"{number:,} {'operations' if kind == 'total' else kind}, over the budget of {limit:,}; "
                    'method="backprop" takes a number of operations linear in those of f',
                )

    def refuse_to_hang(self, graph: Graph) -> None:
        """Raise BudgetExceeded where nobody gave a budget for a recursion that would seem never to end."""
        name: MethodName = "naive" if METHODS[self.method].direction == "adjoint" else "naive-tangent"
        predicted = graph.predict(name)
        if predicted.total > LARGEST_RECURSION:
            raise self._exceeded(
                predicted,
                f"{predicted.total:,} operations, since it keeps nothing: "
                f'graph.predict("{name}") of graph = oc.trace(f, x) gives their counts without executing '
                'them, budget=math.inf executes them all the same, and method="backprop" keeps what it has computed',
            )

    def _exceeded(self, predicted: Counts, what: str) -> BudgetExceeded:
        text = f"the accumulation by {self.method!r} would execute {what}"
        return BudgetExceeded(text, sum(self.spent.values(), Counts()), predicted)


LARGEST_RECURSION: Final = 10_000_000
"""Operations that a recursion without a memo may execute where no budget is given: some seconds."""


def _limits(budget: BudgetLike | float | None) -> dict[str, int]:
    """The limits of a budget; none where it is infinite, or there is no budget."""
    return {} if budget is None or budget == math.inf else checked_limits(budget)  # type: ignore[arg-type]


Found = tuple[Any, list[Any], Storage]


def _accumulated(request: _Request) -> Found:
    """The gradient by the chain rule: evaluate, compute the partials, accumulate."""
    rule = METHODS[request.method]
    graph = request.evaluate()
    if request.limits:
        request.refuse_beyond_budget(graph.predict(request.method))
    elif request.unlimited and request.memo == 0 and rule.strategy == "recursion":
        request.refuse_to_hang(graph)
    value = value_of(graph.outputs[0])
    request.keep(graph)
    inputs = [node.index for node in graph.inputs]
    output = None if graph.output is None else graph.output.index
    anew = rule.evaluations(graph.size) > 1  # dual numbers: an evaluation for each input
    if request.whole and not anew:
        graph.forget_values()
    found: list[Any] = []
    kept = depth = 0
    for place, (source, seed, targets) in enumerate(_sources_and_targets(request, inputs, output)):
        if anew and place:
            graph = request.evaluate()
        if output is None:
            found += [None] * len(targets)
            continue
        dense = type(seed) is Array
        with request.phase("accumulation"), np.errstate(invalid="ignore") if dense else nullcontext():
            derivatives, kept_now, depth_now = _derivatives(request, graph, source, seed, targets)
        if dense and not all(map(_is_finite, derivatives)):
            with isolated():  # zeros of the seed met an infinity: they are structural, and skipped
                derivatives, _, _ = _derivatives(request._replace(log=None), graph, source, _structural(seed), targets)
        found += derivatives
        kept, depth = max(kept, kept_now), max(depth, depth_now)
    if rule.direction == "tangent":
        found = _joined(found, request.leaves)
    return value, found, Storage(len(graph.nodes), kept, depth)


def _sources_and_targets(
    request: _Request, inputs: list[int], output: int | None
) -> Iterator[tuple[Any, Any, list[Any]]]:
    """From where to where: one source against the graph; along it one for each number of the inputs, with its seed."""
    if METHODS[request.method].direction == "adjoint":
        yield output, ONE, inputs
        return
    for node, leaf in zip(inputs, request.leaves, strict=True):
        if type(leaf) is not Array:
            yield node, ONE, [output]
            continue
        for place in range(leaf.size):  # an array's direction is an array, dense, and 1 in one place
            direction = np.zeros(leaf.shape, leaf.dtype)
            direction.flat[place] = 1
            yield node, Array(direction), [output]


def _is_finite(derivative: Any) -> bool:
    return derivative is None or type(derivative) is Unit or bool(np.isfinite(number(derivative)._plain()).all())


def _structural(seed: Array) -> Any:
    """A seed that is one in one place, as what is known of it: the zeros around are structural."""
    return structured(np.asarray(seed._plain() != 0, np.int8), None, seed.shape)


def _joined(derivatives: list[Any], leaves: list[Any]) -> list[Any]:
    """The derivatives of all numbers, those of an array's as an array."""
    found = iter(derivatives)
    return [
        Array(np.array([plain_derivative(next(found), 0.0, set()) for _ in range(leaf.size)]).reshape(leaf.shape))
        if type(leaf) is Array
        else next(found)
        for leaf in leaves
    ]


def _derivatives(
    request: _Request, graph: Graph, source: Any, seed: Any, targets: list[Any]
) -> tuple[list[Any], int, int]:
    """The derivatives between the source and each target (None: structurally zero), the number kept, the depth."""
    rule = METHODS[request.method]
    assert rule.direction is not None
    add = plus
    if request.log:
        graph, add = request.log.watching(graph, source), request.log.plus
    if rule.strategy == "loop":
        loop = forward if rule.direction == "tangent" else backprop
        known = loop(source, graph.operands, add, seed)
        return [known[target] for target in targets], sum(derivative is not None for derivative in known), 0
    neighbours = graph.neighbours(rule.direction, [source])
    memo = new_memo(request.memo)
    found = []
    depth = 0
    for target in targets:
        derivative = None
        if target == source or target in neighbours:
            derivative, reached = recurse(target, source, neighbours, memo, add, seed)
            depth = max(depth, reached)
        found.append(derivative)
    return found, len(memo), depth


def _from_shapes(request: _Request) -> Found:
    """What the method would execute at arrays of these shapes: an evaluation, and the prediction of the rest."""
    rule = METHODS[request.method]
    graph = request.evaluate()
    times = rule.evaluations(graph.size)
    for phase in ("primal", "partials"):
        once = request.spent[phase]
        request.spent[phase] = once * (times if rule.direction or phase == "primal" else 0)
        charge(request.spent[phase] - once)
    predicted = graph.predict(request.method)
    if request.limits:
        request.refuse_beyond_budget(predicted)
    charge(predicted)
    request.spent["accumulation"] = predicted
    return value_of(graph.outputs[0]), request.leaves, Storage(len(graph.nodes), None, None)


def _differences(request: _Request) -> Found:
    """The gradient by central differences, (f(x + h) - f(x - h)) / 2h, one input after the other."""
    size = sum(leaf.size for leaf in request.leaves)
    if request.limits:
        request.refuse_beyond_budget(difference_counts(size))

    def evaluate(arguments: list[Any]) -> Any:
        with request.phase("primal"):
            result = one_output(request.call(arguments))
        if isinstance(result, Wrapped) and not isinstance(result, (Scalar, Array)):
            raise InvalidType("f returned a value of another evaluation; gradients within gradients are not supported")
        return result if isinstance(result, Wrapped) else Scalar(result)

    value = evaluate([_changed(leaf) for leaf in request.leaves])
    found = []
    for leaf in request.leaves:
        quotients = []
        for place in range(leaf.size):
            number = Scalar(leaf._plain().flat[place]) if type(leaf) is Array else leaf
            step = _default_step(number._plain()) if request.step is None else request.step
            with request.phase("accumulation"):
                above, below = number + step, number - step
            rise_to, rise_from = (
                evaluate([
                    _changed(other, place, number) if other is leaf else _changed(other) for other in request.leaves
                ])
                for number in (above, below)
            )  # fmt: skip
            with request.phase("accumulation"):
                quotients.append((rise_to - rise_from) / (2 * step))
        found += _joined(quotients, [leaf])
    return value, found, Storage(0, 0, 0)


def _changed(leaf: Any, place: int = 0, number: Scalar | None = None) -> Any:
    """The number for the leaf, or, where that is an array, a copy of it with the number at that place."""
    if type(leaf) is not Array:
        return leaf if number is None else number
    if number is None:
        return leaf.copy("K")
    array = leaf._plain().astype(np.result_type(leaf.dtype, type(number._plain())))
    array.flat[place] = number._plain()
    return Array(array)


def _default_step(number: Any) -> Any:
    """Near the cube root of the rounding unit, where truncation and rounding balance; a power of two."""
    if isinstance(number, Fraction):
        return Fraction(1, 2**30)
    if isinstance(number, Decimal):
        return Decimal(2) ** -30 * max(Decimal(1), abs(number))
    precision = np.finfo(number.dtype).nmant if isinstance(number, np.floating) else 52
    scale = max(math.frexp(number)[1], 0) if math.isfinite(number) else 0
    step = 2.0 ** (scale - precision // 3)
    return type(number)(step) if isinstance(number, np.floating) else step


def _checked_step(step: Any) -> Any:
    if step is None:
        return None
    check_number(step, lambda: "step")
    if not step > 0:
        raise InvalidValue(f"step must be positive, not {step!r}")
    return step


def _checked_memo(memo: SupportsIndex | None, method: MethodName, budget: Any) -> int | None:
    rule = METHODS[method]
    if memo is None:
        return rule.memo
    if rule.strategy != "recursion" or rule.memo == 0:
        raise InvalidValue(f'memo is for the methods "memoized" and "memoized-tangent", not for {method!r}')
    if budget is not None:
        raise InvalidValue(
            "a bounded memo has no prediction to compare a budget with; use oc.count(budget=...) around it"
        )
    try:
        size = operator.index(memo)
    except TypeError:
        raise InvalidType(f"memo must be an integer, the number of derivatives to keep, not {memo!r}") from None
    if size < 0:
        raise InvalidValue(f"memo must not be negative: {memo!r}")
    return size


def plain_derivative(derivative: Any, value: Any, taken: set[int]) -> Any:
    """A derivative as a plain number or array.

    An integer comes in the type of the number it belongs to; an array in the dtype of its own where that
    is of floats, and with memory of its own, of which `taken` has what is used already.
    """
    if isinstance(value, Spec):
        return derivative
    if not isinstance(value, np.ndarray):
        plain = 0 if derivative is None else number(derivative)._plain()
        plain = plain[()] if isinstance(plain, np.ndarray) else plain
        if isinstance(value, (float, np.floating)) and isinstance(plain, (float, int, np.floating, np.integer)):
            return type(value)(plain)  # in the precision of its own
        return type(value)(plain) if type(plain) is int and not isinstance(value, (int, np.integer)) else plain
    if derivative is None:
        return np.zeros(value.shape, value.dtype)
    dense = number(derivative)
    if isinstance(dense, np.ndarray):
        raise Uncounted(OF_OTHER_NUMBERS)
    array = np.asarray(dense._plain())
    dtype = value.dtype if value.dtype.kind == "f" else array.dtype
    if array.dtype != dtype or 0 in array.strides or not array.flags.writeable or _id_of_memory(array) in taken:
        array = np.array(array, dtype)
    taken.add(_id_of_memory(array))
    return array


def _id_of_memory(array: Any) -> int:
    """What tells whether two arrays share their memory."""
    return id(owner_of(array))


def _gradient_array(template: np.ndarray, items: list[Any]) -> np.ndarray:
    return object_array(template, items) if template.dtype == object else plain_array(template, items)


class _Log:
    """Writes down the products and sums of an accumulation, while they are executed."""

    def __init__(self) -> None:
        self.entries: list[LogEntry] = []

    def watching(self, graph: Graph, source: int) -> Graph:
        """A graph of these nodes whose edges write down what they are asked for."""
        watched = Graph(graph.nodes, graph.inputs, graph.outputs, graph.result)
        for edge in graph.edges:
            entry = LogEntry("copy", edge.tail, edge.head, edge.position, source)
            entries = watched.operands[edge.head]
            watched.operands[edge.head] = [*entries, (edge.tail, _Watched(edge.map, entry, self.entries))]
        return watched

    def plus(self, total: Any, term: Any) -> Any:
        if total is not None:
            self.entries.append(self.entries[-1]._replace(kind="add"))
        return plus(total, term)


class _Watched:
    """An edge that writes down each product, with the kind of operation that it executed."""

    __slots__ = ("entries", "entry", "map")

    def __init__(self, linear_map: LinearMap, entry: LogEntry, entries: list[LogEntry]) -> None:
        self.map = linear_map
        self.entry = entry
        self.entries = entries

    def push(self, tangent: Any) -> Any:
        return self._written(self.map.push, tangent)

    def pull(self, adjoint: Any) -> Any:
        return self._written(self.map.pull, adjoint)

    def priced(self) -> LinearMap:
        return self.map.priced()

    def _written(self, along: Callable[[Any], Any], derivative: Any) -> Any:
        with count() as tally:
            product = along(derivative)
        kinds = [kind for kind in ("mul", "neg") if tally.counts[kind]]
        self.entries.append(self.entry._replace(kind=kinds[0]) if kinds else self.entry)
        return product


def compare(
    f: Callable[..., Any],
    x: Tree,
    *,
    methods: MethodName | Sequence[MethodName] | None = None,
    budget: BudgetLike | float = 1_000_000,
    granularity: Granularity = "array",
) -> pd.DataFrame:
    """The counts of every method on the same function, a row for each method and phase.

    >>> import opcount as oc
    >>> table = oc.compare(lambda x: x[0] * x[0] * x[1], [3.0, 4.0])
    >>> accumulation = table[table.phase == "accumulation"].set_index("method").total
    >>> int(accumulation["naive"]), int(accumulation["backprop"]), int(accumulation["forward"])
    (3, 3, 2)

    Columns: `method`, `phase`, a column for each kind that occurs, `total`, and `executed`:
    a method that would execute more than `budget` operations is not run, its row is the
    exact prediction. Needs pandas. Raises what `gradient` raises.
    """
    return _table(compared(f, x, methods, budget, granularity))


def compared(
    f: Callable[..., Any],
    x: Tree,
    methods: MethodName | Sequence[MethodName] | None = None,
    budget: BudgetLike | float = 1_000_000,
    granularity: Granularity = "array",
) -> list[dict[str, Any]]:
    """The rows of `compare`, with their `counts`."""
    limits = _limits(budget)
    if isinstance(methods, str):
        methods = [methods]
    rows = []
    base = gradient(f, x, granularity=granularity)  # its primal and partials are those of every evaluation
    with count():  # the caller's own, where nobody counts here
        graph = trace(f, x, granularity=granularity)
    has_values = not any(type(node._plain()) is Spec for node in graph.inputs)
    for name in METHODS if methods is None else methods:
        rule = method_named(name)
        evaluations = rule.evaluations(graph.size)
        phases = {
            "primal": base.phases["primal"] * evaluations,
            "partials": base.phases["partials"] * (evaluations if rule.direction else 0),
            "accumulation": graph.predict(name),
        }
        expected = sum(phases.values(), Counts())
        executed = has_values and all(asked(expected, kind) <= limit for kind, limit in limits.items())
        if executed:
            phases = dict(gradient(f, x, name, granularity=granularity).phases)
        rows += [
            {"method": name, "phase": phase, "executed": executed, "counts": counts} for phase, counts in phases.items()
        ]
    return rows


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(table_columns(rows))


def table_columns(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with their `counts` spread over a column for each kind that occurs."""
    kinds = sum((row["counts"] for row in rows), Counts())
    return [
        {key: value for key, value in row.items() if key != "counts"}
        | {kind: row["counts"][kind] for kind in kinds}
        | {"total": row["counts"].total}
        for row in rows
    ]
