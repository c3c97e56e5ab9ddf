"""Backprop that forgets: the inside of one step of `oc.checkpoint` at a time, computed again from a few states.

Each segment of the graph, from the last to the first, is swept as backprop sweeps the whole: the ordinary operations
after the last step, then the inside of that step, and so on. So the products and sums are those of backprop, in its
order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from opcount.counting.counts import Counts
from opcount.counting.tally import isolated
from opcount.derivatives.log import Log
from opcount.derivatives.partials import Part, part_of_operands
from opcount.derivatives.schedule import Chain, chains
from opcount.derivatives.steps import ForgottenSteps, MarkedSteps, Step
from opcount.derivatives.trace import evaluated_on
from opcount.tracing.checkpoint import marking
from opcount.tracing.nodes import NODES
from opcount.tracing.structural import plus
from opcount.tracing.tape import Tape
from opcount.tracing.units import ONE
from opcount.wrapping.inputs import Inputs, one_output

Phase = Callable[[str], AbstractContextManager[Any]]


class Recomputed(NamedTuple):
    """The evaluations after the first pass: of so many steps to record them, of steps beside that, and their counts."""

    steps: int
    steps_evaluated: int
    recomputed: Counts


class Swept(NamedTuple):
    """What a sweep found; the most nodes, derivatives and states that it kept at once."""

    output: Any
    derivatives: list[Any]
    nodes: int
    kept: int
    snapshots: int
    steps: int
    evaluated: int


class Sweep:
    """The sweep against the graph of f, one step's graph at a time."""

    def __init__(
        self,
        f: Callable[[Any], Any],
        inputs: Inputs,
        snapshots: int | None,
        phase: Phase,
        algorithm: Callable[..., Any],
        log: Log | None,
    ) -> None:
        self.phase = phase
        self.algorithm = algorithm
        self.log = log
        self.tape = Tape(inputs.arrays_as_nodes)
        self.forgotten = ForgottenSteps(self.tape)
        try:
            with phase("primal"), marking(self.forgotten):
                _, outputs, result = evaluated_on(self.tape, f, inputs)
            one_output(result)
        except BaseException:
            self.tape.is_open = False
            raise
        self.output = outputs[0]
        self.inputs = len(inputs.leaves)
        self.adjoint: list[Any] = []
        self.live = bytearray()
        self.chains: list[Chain] = []  # those of which some steps are still to be recorded
        self.started: list[Chain] = []  # and of these, those of which some steps are recorded
        self.snapshots = snapshots
        self.evaluated = self.steps = self.known = self.kept = self.held = 0

    def swept(self) -> Swept:
        try:
            return self._swept()
        finally:
            self.tape.is_open = False

    def _swept(self) -> Swept:
        tape, forgotten = self.tape, self.forgotten
        size = len(tape)
        forgotten.most = max(forgotten.most, size - forgotten.forgotten)
        if type(self.output) not in NODES:
            return Swept(self.output, [None] * self.inputs, forgotten.most, 0, 0, len(forgotten.steps), 0)
        forgotten.number(size)
        forgotten.check_all_known(tape)
        forgotten.check_known(self.output)
        self.source = forgotten.numbers[self.output.index]
        self.adjoint = [None] * size
        self.live = bytearray(size)
        self.adjoint[self.output.index], self.live[self.output.index], self.known = ONE, True, 1
        self._divide(forgotten.steps)
        while forgotten.steps:
            self._sweep_step(forgotten.steps[-1])
        self._sweep(0)
        return Swept(
            self.output, self.adjoint[: self.inputs], forgotten.most, self.kept, self.held, self.steps, self.evaluated
        )

    def _divide(self, steps: list[Step]) -> None:
        """The chains of some steps, which share the snapshots with those that are not done."""
        snapshots = self.snapshots
        found = chains(steps, snapshots if not self.chains or snapshots is None else max(1, snapshots - self._held()))
        if found and snapshots is None:
            self.snapshots = found[0].snapshots
        self.chains += found

    def _held(self) -> int:
        return sum(len(chain.kept) for chain in self.started)

    def _sweep_step(self, step: Step) -> None:
        """Sweep what follows a step, and have the inside of the step on the tape instead."""
        first = step.position + len(step.outputs)
        self._sweep(first)
        adjoints, live = self.adjoint[step.position : first], self.live[step.position : first]
        self.forgotten.drop(step.position)
        self.known -= _known(self.adjoint[first:])
        del self.adjoint[step.position :], self.live[step.position :]
        chain = self.chains[-1]
        if chain.left == len(chain.steps):
            self.started.append(chain)
        self._keep()
        with self.phase("primal"), marking(self.forgotten):
            state = chain.before(chain.left - 1, self._again)
            outputs = self.forgotten.recorded(step, state)
        chain.left -= 1
        if not chain.left:
            self.chains.pop()
            self.started.pop()
        self.steps += 1
        more = len(self.tape) - step.position
        self.adjoint += [None] * more
        self.live += bytes(more)
        for output, adjoint, is_live in zip(outputs, adjoints, live, strict=True):
            self.adjoint[output], self.live[output] = adjoint, is_live
        self._divide([inner for inner in self.forgotten.steps if inner.position >= step.position])

    def _again(self, step: Step, state: dict[int, Any]) -> dict[int, Any]:
        self._keep()
        self.evaluated += 1
        return self.forgotten.again(step, state)

    def _keep(self) -> None:
        held = self._held()
        self.held = max(self.held, held if self.snapshots is None else min(held, self.snapshots))

    def _sweep(self, first: int) -> None:
        """Backprop on the nodes from the first one on, whose partials are computed for it."""
        with self.phase("partials"):
            edges: Part = part_of_operands(self.tape, self.tape[first:], self.live, self.tape, self.forgotten.active)
        add = plus
        if self.log:
            numbers = self.forgotten.numbers
            edges = {
                node: self.log.watching(self.tape[node], pairs, self.source, numbers) for node, pairs in edges.items()
            }
            add = self.log.plus
        new = {tail for pairs in edges.values() for tail, _ in pairs if self.adjoint[tail] is None}
        with self.phase("accumulation"):
            self.algorithm(first, edges, add, self.adjoint)
        self.known += _known(self.adjoint[tail] for tail in new)
        self.kept = max(self.kept, self.known)


def _known(adjoints: Iterable[object]) -> int:
    return sum(adjoint is not None for adjoint in adjoints)


def recomputed(f: Callable[[Any], Any], inputs: Inputs, snapshots: int | None) -> Recomputed:
    """What is evaluated after the first evaluation of f, predicted from one that nobody else counts."""
    tape = Tape(inputs.arrays_as_nodes)
    marked = MarkedSteps(tape)
    with isolated(), marking(marked):
        _, outputs, _ = evaluated_on(tape, f, inputs)
    if type(outputs[0]) not in NODES:
        return Recomputed(len(marked.steps), 0, Counts())
    return _scheduled(marked.steps, snapshots, [])


def _scheduled(steps: list[Step], snapshots: int | None, around: list[Chain]) -> Recomputed:
    """What the schedule evaluates, without evaluating it."""
    evaluated = recorded = 0
    counts = Counts()

    def again(step: Step, _: dict[int, Any]) -> dict[int, Any]:
        nonlocal evaluated, counts
        evaluated += 1
        counts += step.counts
        return dict.fromkeys(step.outputs)

    held = sum(len(chain.kept) for chain in around)
    found = chains(steps, snapshots if not around or snapshots is None else max(1, snapshots - held))
    for chain in reversed(found):
        for order in reversed(range(len(chain.steps))):
            step = chain.steps[order]
            chain.before(order, again)
            counts += step.counts
            recorded += 1
            inside = _scheduled(step.inside, chain.snapshots if snapshots is None else snapshots, [*around, chain])
            recorded += inside.steps
            evaluated += inside.steps_evaluated
            counts += inside.recomputed
    return Recomputed(recorded, evaluated, counts)
