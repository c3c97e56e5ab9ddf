"""Gradients by every method, each executed on wrapped numbers and counted by phase."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, SupportsIndex

import numpy as np

from opcount.arrays.array import Array
from opcount.arrays.typed import RealNumber
from opcount.arrays.wrap import Tree
from opcount.counting import render
from opcount.counting.budgets import BudgetLike, asked
from opcount.counting.counts import Counts, table
from opcount.counting.errors import BudgetExceeded, InvalidType, InvalidValue
from opcount.counting.meters import Tally, charge, meter
from opcount.counting.tally import count, isolated
from opcount.derivatives.chain_rule import backprop, new_memo
from opcount.derivatives.checkpointed import Recomputed, Sweep, recomputed
from opcount.derivatives.choices import Granularity, MethodName
from opcount.derivatives.differences import differences
from opcount.derivatives.flat import accumulated, rows_are_original, rules
from opcount.derivatives.graph import Graph
from opcount.derivatives.log import Log, LogEntry
from opcount.derivatives.methods import METHODS, memo_of, method_named
from opcount.derivatives.phases import collector_paused, frame_by_phase, nothing_spent, phase
from opcount.derivatives.plain import Memory, as_given, joined, memory_of, plain_gradient
from opcount.derivatives.predict import ON_NUMBERS, difference_counts
from opcount.derivatives.trace import evaluate, wrapped
from opcount.tracing.nodes import NODES, value_of
from opcount.tracing.structural import Derivative, number, plus, structured
from opcount.tracing.units import ONE, Unit
from opcount.wrapping.inputs import (
    Inputs,
    checked_budget,
    checked_inputs,
    checked_snapshots,
    checked_step,
    of_one_argument,
    one_output,
)
from opcount.wrapping.spec import Spec

if TYPE_CHECKING:
    import pandas as pd


class Storage(NamedTuple):
    """The most that a method kept at once: `nodes` of a graph, `derivatives`, and the `depth` of recursive calls.

    `snapshots` are the states of a function in steps that "checkpointed" kept beside these. All but `nodes` are None
    if the accumulation was counted from shapes, and not executed.
    """

    nodes: int
    derivatives: int | None
    depth: int | None
    snapshots: int | None = 0


@dataclass(frozen=True)
class Gradient:
    """A value, its gradient in the structure of x, and what computing them executed, by phase.

    >>> import opcount as oc
    >>> g = oc.gradient(lambda x: x * x * x, 2.0)
    >>> g.value, g.gradient, g.method, g.phases["accumulation"]
    (8.0, 12.0, 'backprop', Counts({'mul': 2, 'add': 2}))
    >>> g.counts, g.storage
    (Counts({'mul': 4, 'add': 2}), Storage(nodes=3, derivatives=3, depth=0, snapshots=0))

    `value` and `gradient` are plain, `gradient` in the shapes of x. `method` is the name of the method, `phases` has
    the counts of "primal", "partials" and "accumulation", and `storage` the most nodes and derivatives that were kept
    at once, and the depth of recursive calls. `log` has the products and sums of the accumulation, None if they were
    not asked for; each is along the edge from node `tail` to node `head`:

    >>> [(entry.kind, entry.tail, entry.head) for entry in oc.gradient(lambda x: x * x, 2.0, log=True).log]
    [('copy', 0, 1), ('copy', 0, 1), ('add', 0, 1)]

    By "checkpointed", `steps` is the number of steps of `oc.checkpoint` in f, each of which is evaluated in a first
    pass and again when its graph is recorded, and `steps_evaluated` how often steps were evaluated besides.
    `recomputed` has what all evaluations after the first pass executed, a part of the phase "primal".
    """

    value: Any
    gradient: Any
    method: MethodName
    phases: Mapping[str, Counts]
    storage: Storage
    log: tuple[LogEntry, ...] | None = None
    steps: int = 0
    steps_evaluated: int = 0
    recomputed: Counts = field(default_factory=Counts)

    @property
    def counts(self) -> Counts:
        """The counts of the three phases together.

        >>> import opcount as oc
        >>> g = oc.gradient(lambda x: x * x * x, 2.0)
        >>> g.counts == g.phases["primal"] + g.phases["partials"] + g.phases["accumulation"]
        True
        """
        return sum(self.phases.values(), Counts())

    def to_pandas(self) -> pd.DataFrame:
        """A DataFrame with a row for each phase, a column for each kind that occurs and for the total. Needs pandas.

        >>> import opcount as oc
        >>> table = oc.gradient(lambda x: x * x * x, 2.0).to_pandas()
        >>> int(table.loc["accumulation", "mul"]), int(table.total.sum())
        (2, 6)
        """
        return frame_by_phase(self.phases)

    def _repr_html_(self) -> str:
        found = [*render.parts("value", self.value), *render.parts("gradient", self.gradient)]
        phases = table("phase", [*self.phases.items(), ("all", self.counts)])
        return render.html(("method", self.method), found) + render.html(*phases)


def gradient(
    f: Callable[..., Any],
    x: Tree,
    method: MethodName = "backprop",
    *,
    budget: BudgetLike | float | None = None,
    memo: SupportsIndex | None = None,
    snapshots: SupportsIndex | None = None,
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

    `x` is a number, an array or nested lists, tuples and dicts of them; f takes one such argument of wrapped
    numbers, and returns one number. An f that needs several arguments is given the items of a tuple:
    `oc.gradient(lambda w, b: w * 2 + b, (3.0, 1.0))`. What f uses beside x is data. `method` is one of `METHODS`. With
    `log=True` the result's `log` lists the products and sums of the accumulation. `memo=k` lets the memoized methods
    keep k derivatives at most (0 is the naive recursion). `snapshots=c` lets "checkpointed" keep c states between the
    steps of `oc.checkpoint` at most, by default as many as a step is evaluated times. `step` is the step of the finite
    differences, by default near the cube root of the rounding unit, relative for |x| > 1. `budget` limits the
    accumulation as in `count`, and is compared with the prediction before it starts, for which a function in steps is
    evaluated once more. Without a budget, a recursion that keeps nothing may execute 10,000,000 operations;
    `budget=math.inf` lifts that. An array in x is one node of the graph; `granularity="scalar"` opens it into an
    object array of numbers, one node each. With an `oc.spec`, an array without data, everything is counted from shapes
    alone; value and gradient are specs too.

    Raises InvalidType or InvalidValue for an argument it cannot work with or a result of f that is not one number,
    BudgetExceeded over the budget, and whatever f raises.
    """
    rule = method_named(method)
    f = of_one_argument(f, x)
    if step is not None and rule.direction is not None:
        raise InvalidValue(f'step is for the method "finite-difference", not for {method!r}')
    inputs = wrapped(checked_inputs(x, granularity))
    run = _Run(f, inputs, method, budget, memo, snapshots, log)
    if any(leaf._is_array and type(leaf._plain()) is Spec for leaf in inputs.leaves):
        found = _from_shapes(run)
    elif rule.direction is None:
        found = _by_differences(run, checked_step(step))
    else:
        with collector_paused(), count() as run.tally:
            found = _by_steps(run) if run.rule.strategy == "steps" else _accumulated(run, run.evaluate())
    return Gradient(
        value=as_given(found.value),
        gradient=plain_gradient(found.derivatives, inputs, found.used),
        method=method,
        phases=run.spent,
        storage=found.storage,
        log=tuple(run.log.entries) if run.log else None,
        **found.again._asdict(),
    )


class _Run:
    """A gradient while it is computed: what was asked for, checked, and what it has spent and logged so far."""

    def __init__(
        self,
        f: Callable[[Any], Any],
        inputs: Inputs,
        method: MethodName,
        budget: BudgetLike | float | None,
        memo: SupportsIndex | None,
        snapshots: SupportsIndex | None,
        log: bool,
    ) -> None:
        self.f = f
        self.inputs = inputs
        self.method = method
        self.rule = METHODS[method]
        self.has_budget = budget is not None
        self.limits = checked_budget(budget)
        self.memo = self.rule.memo if memo is None else memo_of(method, memo)
        if snapshots is not None and self.rule.strategy != "steps":
            raise InvalidValue(f'snapshots is for the method "checkpointed", not for {method!r}')
        self.snapshots = checked_snapshots(snapshots)
        self.spent = nothing_spent()
        self.tally: Tally | None = None  # of the count that is open in all phases, if one is
        self.log = Log() if log else None
        self.on_columns = self.rule.algorithm is backprop and not log

    def evaluate(self) -> Graph:
        """The graph of an evaluation, with its local partials."""
        with phase(self.spent, "primal", self.tally):
            graph = evaluate(self.f, self.inputs, self.on_columns)
        one_output(graph.result)
        with phase(self.spent, "partials", self.tally):
            graph.linearize(keep_columns=self.on_columns)
        return graph

    def predicted(self, graph: Graph) -> Counts:
        """What the accumulation will execute."""
        return graph.predict(self.method, memo=self.memo if self.memo != self.rule.memo else None)

    def refuse_beyond_budget(self, predicted: Counts) -> None:
        """Raise BudgetExceeded if the predicted operations exceed a limit."""
        for kind, limit in self.limits.items():
            if (operations := asked(predicted, kind)) > limit:
                raise self._exceeded(
                    predicted,
                    f"{operations:,} {'operations' if kind == 'total' else kind}, over the budget of {limit:,}; "
                    'method="backprop" takes a number of operations linear in those of f',
                )

    def refuse_to_hang(self, graph: Graph) -> None:
        """Raise BudgetExceeded if a recursion without a budget would seem never to end."""
        name: MethodName = "naive" if self.rule.direction == "adjoint" else "naive-tangent"
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
"""The operations that a recursion without a memo may execute if no budget is given: some seconds' worth."""


class _Found(NamedTuple):
    """What a method computed; `used` identifies memory that the derivatives returned must not share."""

    value: Any
    derivatives: list[Any]
    storage: Storage
    used: Memory
    again: Recomputed = Recomputed(0, 0, Counts())


def _by_differences(run: _Run, step: object) -> _Found:
    """The gradient by finite differences, which keep nothing."""
    run.refuse_beyond_budget(difference_counts(sum(leaf.size for leaf in run.inputs.leaves)))
    value, derivatives = differences(run.f, run.inputs, step, run.spent)
    return _Found(value, derivatives, Storage(0, 0, 0), {})


def _from_shapes(run: _Run) -> _Found:
    """What the method would execute on arrays of these shapes: one evaluation, and a prediction of the rest."""
    graph = run.evaluate()
    if any(type(node.value) in NODES for node in graph.nodes):
        return _recorded_from_shapes(run, graph)
    times = run.rule.evaluations(graph.size)
    for name in ("primal", "partials"):
        once = run.spent[name]
        run.spent[name] = once * (times if run.rule.direction or name == "primal" else 0)
        charge(run.spent[name] - once)
    again = Recomputed(0, 0, Counts())
    if run.rule.strategy == "steps":
        again = recomputed(run.f, run.inputs, run.snapshots)
        run.spent["primal"] += again.recomputed
        charge(again.recomputed)
    predicted = run.predicted(graph)
    run.refuse_beyond_budget(predicted)
    charge(predicted)
    run.spent["accumulation"] = predicted
    storage = Storage(len(graph.nodes), None, None, None)
    return _Found(value_of(graph.outputs[0]), run.inputs.leaves, storage, {}, again)


def _by_steps(run: _Run) -> _Found:
    """The gradient by backprop in one step of f after the other, each computed again."""
    if run.limits:
        with isolated():
            graph = evaluate(run.f, run.inputs)
            graph.linearize()
        run.refuse_beyond_budget(run.predicted(graph))
        del graph
    assert run.rule.algorithm is not None
    sweep = Sweep(
        run.f, run.inputs, run.snapshots, partial(phase, run.spent, tally=run.tally), run.rule.algorithm, run.log
    )
    first = run.spent["primal"]
    found = sweep.swept()
    return _Found(
        value_of(found.output),
        [derivative.copy() if type(derivative) is Array else derivative for derivative in found.derivatives],
        Storage(found.nodes, found.kept, 0, found.snapshots),
        {},
        Recomputed(found.steps, found.evaluated, run.spent["primal"] - first),
    )


def _recorded_from_shapes(run: _Run, graph: Graph) -> _Found:
    """What the method executes inside a function that is differentiated, where each operation is to be recorded."""
    if run.rule.direction != "adjoint":
        raise InvalidType(
            f"{run.method!r} takes the numbers of x one by one, which an oc.spec does not have where its derivative is "
            'differentiated again: give arrays, or take method="backprop", which is a mode "...-over-reverse"'
        )
    with collector_paused():
        return _accumulated(run, graph)


def _accumulated(run: _Run, graph: Graph) -> _Found:
    """The gradient by the chain rule, along the graph of an evaluation with its partials."""
    if run.limits:
        run.refuse_beyond_budget(run.predicted(graph))
    elif not run.has_budget and run.memo == 0 and run.rule.strategy == "recursion":
        run.refuse_to_hang(graph)
    value = value_of(graph.outputs[0])
    used = memory_of(graph.nodes) if Array in set(map(type, run.inputs.leaves)) else {}
    output = None if graph.output is None else graph.output.index
    # dual numbers take an evaluation for each input
    anew = run.rule.direction == "tangent" and run.rule.evaluations(graph.size) > 1
    if run.inputs.arrays_as_nodes and not anew:
        graph.forget_values()
    if run.on_columns and (flat := _flatly(run, graph)):
        return _Found(value, *flat, used)
    found: list[Any] = []
    kept = depth = 0
    for start, (source, seed, targets) in enumerate(_sources_and_targets(run, graph.sources("tangent"), output)):
        if anew and start:
            graph = run.evaluate()
        if output is None:
            found += [None] * len(targets)
            continue
        dense = type(seed) is Array
        with phase(run.spent, "accumulation", run.tally), np.errstate(invalid="ignore") if dense else nullcontext():
            derivatives, kept_now, depth_now = _derivatives(run, graph, source, seed, targets, run.log)
        if dense and not all(map(is_finite, derivatives)):
            with isolated():  # zeros of the seed met an infinity: they are structural, and skipped
                derivatives, _, _ = _derivatives(run, graph, source, structural_seed(seed), targets)
        found += derivatives
        kept, depth = max(kept, kept_now), max(depth, depth_now)
    if run.rule.direction == "tangent":
        found = joined(found, run.inputs.leaves)
    return _Found(value, found, Storage(len(graph.nodes), kept, depth), used)


def _flatly(run: _Run, graph: Graph) -> tuple[Any, Storage] | None:
    """The derivatives by the loop on columns, and what it kept; None if it has to be done with objects.

    That is so where operations cannot be counted together, because of a budget or since a row was replaced, and where
    NumPy may have to warn of an infinity.
    """
    edges = graph.flat
    if edges is None or graph.output is None or meter().limits or not rows_are_original():
        return None
    rule = rules(ON_NUMBERS.follow, "adjoint")
    found = accumulated(edges, [graph.output.index], rule.after)
    if not np.isfinite(found.derivatives).all():
        return None
    with phase(run.spent, "accumulation", run.tally):
        charge(rule.counts(enumerate(found.met)))
    return found.derivatives[: len(graph.inputs)], Storage(
        len(found.states), len(found.states) - found.states.count(0), 0
    )


def _sources_and_targets(run: _Run, inputs: list[int], output: int | None) -> Iterator[tuple[Any, Any, list[Any]]]:
    """Each source with its seed and targets: the output, or, along the graph, each number of the inputs in turn."""
    if run.rule.direction == "adjoint":
        yield output, ONE, inputs
        return
    for node, leaf in zip(inputs, run.inputs.leaves, strict=True):
        for seed in directions(leaf):
            yield node, seed, [output]


def directions(leaf: Any) -> Iterator[Any]:
    """A derivative for each number of a leaf: structurally one, or in an array a dense array that is 1 at one index."""
    if not leaf._is_array:
        yield ONE
        return
    for index in range(leaf.size):
        direction = np.zeros(leaf.shape, leaf.dtype)
        direction.flat[index] = 1
        yield Array(direction)


def is_finite(derivative: Derivative) -> bool:
    return derivative is None or type(derivative) is Unit or bool(np.isfinite(number(derivative)._plain()).all())


def structural_seed(seed: Any) -> Any:
    """A seed that is one at one index, with the zeros elsewhere as structural ones."""
    return seed if type(seed) is Unit else structured(np.asarray(seed._plain() != 0, np.int8), None, seed.shape)


def _derivatives(
    run: _Run, graph: Graph, source: Any, seed: Derivative | None, targets: list[Any], log: Log | None = None
) -> tuple[list[Any], int, int]:
    """The derivatives between source and targets (None: structurally zero), how many were kept, and the depth."""
    assert run.rule.direction is not None
    assert run.rule.algorithm is not None
    add = plus
    if log:
        graph, add = log.watched(graph, source), log.plus
    if run.rule.strategy == "loop":
        known = run.rule.algorithm(source, graph.operands, add, seed)
        return [known[target] for target in targets], sum(derivative is not None for derivative in known), 0
    neighbours = graph.neighbours(run.rule.direction, [source])
    memo = new_memo(run.memo)
    found = []
    depth = 0
    for target in targets:
        derivative = None
        if target == source or target in neighbours:
            derivative, reached = run.rule.algorithm(target, source, neighbours, memo, add, seed)
            depth = max(depth, reached)
        found.append(derivative)
    return found, len(memo), depth
