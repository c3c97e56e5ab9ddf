"""The steps of a gradient, recorded while the code that the page shows is executed, and compared with opcount's log.

The page shows three codes: `forget`, `remember` and `loop`, each a file of `templates`. They are executed here on plain
numbers. Their callers note each call and each product; `check` raises Disagrees where a step is not what opcount
executed and counted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import opcount as oc
from analysis.page.networks import Network
from opcount.typing import MethodName

Mode = Literal["forget", "remember", "loop"]
MODES: tuple[Mode, ...] = get_args(Mode)
METHODS: dict[Mode, MethodName] = {"forget": "naive", "remember": "memoized", "loop": "backprop"}
TEMPLATES = Path(__file__).parent / "templates"


class Disagrees(Exception):
    """A step of the page is not what opcount executed."""


class Call(NamedTuple):
    """The recursion asks for the derivative of a node: at the top (`caller` is None) or for another call, by number."""

    node: int
    caller: int | None
    remembered: bool


class Product(NamedTuple):
    """A derivative times the partial on an edge, and the addition of this product to a sum, unless it is the first.

    `costs` says whether the product is a multiplication: times 1 is a copy. `call` is the call that asked, if any.
    """

    tail: int
    head: int
    position: int
    call: int | None
    value: float
    costs: bool
    added: bool


Step = Call | Product


class Run(NamedTuple):
    """The steps of a mode on a network, and the derivatives that it found, in the order of the inputs."""

    mode: Mode
    steps: list[Step]
    derivatives: list[float]

    @property
    def products(self) -> list[Product]:
        return [step for step in self.steps if isinstance(step, Product)]

    def counts(self) -> dict[str, int]:
        """What the page counts: multiplications, additions and calls."""
        return {
            "mul": sum(product.costs for product in self.products),
            "add": sum(product.added for product in self.products),
            "calls": len(self.steps) - len(self.products),
        }


class Partial(float):
    """The partial on an edge, which tells when a derivative is multiplied by it."""

    tell: Callable[[float], None]

    def __rmul__(self, derivative: float) -> float:
        product = derivative * float(self)
        self.tell(product)
        return product


class Recorder:
    """Executes a code of the page on a network, and keeps each of its steps."""

    def __init__(self, network: Network) -> None:
        self.graph = network.graph
        self.loss = self.graph.output_indices[0]
        self.steps: list[Step] = []
        self.waiting: list[int] = []  # calls that have not returned
        self.calls = 0
        self.terms: Counter[object] = Counter()  # of each sum, so far
        self.memo: dict[int, float] = {}

    def run(self, mode: Mode, source: str) -> Run:
        nodes = range(len(self.graph.nodes))
        code: dict[str, Any] = {
            "defaultdict": defaultdict,
            "remember": self.remember,
            "nodes": nodes,
            "loss": self.loss,
        }
        code["operands"] = [[(edge.tail, partial) for edge, partial in self.partials(into=node)] for node in nodes]
        code["users"] = [[(edge.head, partial) for edge, partial in self.partials(out_of=node)] for node in nodes]
        exec(compile(source, f"{mode}.txt", "exec"), code)
        inputs = [node.index for node in self.graph.inputs]
        if mode == "loop":
            found = code["derivatives"]()
            return Run(mode, self.steps, [found[node] for node in inputs])
        code["derivative"] = asking = self.asking(code["derivative"])
        return Run(mode, self.steps, [asking(node) for node in inputs])

    def partials(self, into: int | None = None, out_of: int | None = None) -> list[tuple[Any, Partial]]:
        """The edges into or out of a node in the order in which opcount goes over them, each with its partial."""
        edges = sorted(self.graph.edges, key=lambda edge: (-edge.head, edge.position))
        return [(edge, self.partial(edge)) for edge in edges if into == edge.head or out_of == edge.tail]

    def partial(self, edge: Any) -> Partial:
        with oc.count() as tally:
            found = Partial(oc.unwrap(edge.map.pull(oc.wrap(1.0))))
        # the derivative of the loss by itself is 1, and times 1 is a copy
        costs = tally.counts.mul == 1 and edge.head != self.loss

        def tell(product: float) -> None:
            call = self.waiting[-1] if self.waiting else None
            sum_of = edge.tail if call is None else ("call", call)
            self.terms[sum_of] += 1
            added = self.terms[sum_of] > 1
            self.steps.append(Product(edge.tail, edge.head, edge.position, call, product, costs, added))

        found.tell = tell
        return found

    def remember(self, function: Callable[[int], float]) -> Callable[[int], float]:
        """What the page calls @remember: a function that is executed once for each node."""

        def remembering(node: int) -> float:
            if node not in self.memo:
                self.memo[node] = function(node)
            return self.memo[node]

        return remembering

    def asking(self, function: Callable[[int], float]) -> Callable[[int], float]:
        """A function whose calls are steps."""

        def asked(node: int) -> float:
            caller = self.waiting[-1] if self.waiting else None
            self.steps.append(Call(node, caller, remembered=node in self.memo))
            self.waiting.append(self.calls)
            self.calls += 1
            answer = function(node)
            self.waiting.pop()
            return answer

        return asked


def codes(templates: Path = TEMPLATES) -> dict[Mode, str]:
    """The code of each mode, as the page shows it."""
    return {mode: (templates / f"{mode}.txt").read_text(encoding="utf-8") for mode in MODES}


def recorded(network: Network, codes: dict[Mode, str]) -> dict[Mode, Run]:
    """The runs of all modes on a network. Raises Disagrees if one is not what opcount executes."""
    runs = {mode: Recorder(network).run(mode, code) for mode, code in codes.items()}
    for run in runs.values():
        check(run, network)
    return runs


def check(run: Run, network: Network) -> None:
    """Raise Disagrees unless opcount logs the products and sums of a run, counts them, and finds its derivatives."""
    gradient = oc.gradient(network.loss, network.parameters, method=METHODS[run.mode], log=True)
    mine = [entry for product in run.products for entry in entries(product)]
    theirs = [(entry.kind, entry.tail, entry.head, entry.position) for entry in gradient.log or []]
    if mine != theirs:
        where = next((k for k, (one, other) in enumerate(zip(mine, theirs, strict=False)) if one != other), len(mine))
        raise Disagrees(f"{run.mode}: entry {where} of opcount's log is {theirs[where : where + 1]}, and the page has "
                        f"{mine[where : where + 1]}")  # fmt: skip
    counts, counted = run.counts(), gradient.phases["accumulation"]
    if (counts["mul"], counts["add"]) != (counted.mul, counted.add) or counted.total != counted.mul + counted.add:
        raise Disagrees(f"{run.mode}: opcount counts {counted}, and the page {counts}")
    derivatives = [derivative for layer in gradient.gradient for derivative in (*flat(layer["w"]), *layer["b"])]
    if run.derivatives != derivatives:
        raise Disagrees(f"{run.mode}: opcount's gradient is {derivatives}, and the page has {run.derivatives}")
    check_values(run, network)
    check_calls(run, network.graph)


def check_values(run: Run, network: Network) -> None:
    """Raise Disagrees unless each product is the derivative by its head, pulled along opcount's edge."""
    graph = network.graph
    derivatives = [0.0] * (len(graph.nodes) - 1) + [1.0]
    products: dict[tuple[int, int, int], float] = {}
    for edge in sorted(graph.edges, key=lambda edge: (-edge.head, edge.position)):
        product = float(oc.unwrap(edge.map.pull(oc.wrap(derivatives[edge.head]))))
        products[edge.tail, edge.head, edge.position] = product
        derivatives[edge.tail] += product
    for step in run.products:
        if step.value != products[step.tail, step.head, step.position]:
            raise Disagrees(f"{run.mode}: the product {step} is not what opcount's edge gives")


def check_calls(run: Run, graph: oc.Graph) -> None:
    """Raise Disagrees unless the steps are those of a recursion: each call asked by the one that waits, and answered.

    A call is answered by the memo, or at the loss, or after a product for each user of its node.
    """
    calls: list[Call] = []
    terms: Counter[int] = Counter()
    waiting: list[int] = []
    tops, made = iter([node.index for node in graph.inputs]), set[int]()

    def answered(call: int) -> bool:
        return calls[call].remembered or terms[call] == len(graph.users[calls[call].node])

    def expect(holds: bool, step: Step) -> None:
        if not holds:
            raise Disagrees(f"{run.mode}: a recursion has no such step: {step}")

    for step in run.steps:
        if len(waiting) == 1 and answered(waiting[0]):
            waiting.pop()
        if isinstance(step, Call):
            expect(step.caller == (waiting[-1] if waiting else None), step)
            expect(bool(waiting) or next(tops, None) == step.node, step)
            expect(step.remembered == (run.mode == "remember" and step.node in made), step)
            waiting.append(len(calls))
            calls.append(step)
            made.add(step.node)
        elif run.mode == "loop":
            expect(step.call is None, step)
        else:
            expect(len(waiting) > 1 and answered(waiting[-1]) and calls[waiting[-1]].node == step.head, step)
            waiting.pop()
            expect(step.call == waiting[-1] and calls[waiting[-1]].node == step.tail, step)
            terms[waiting[-1]] += 1
    if run.mode != "loop" and (list(tops) or not all(map(answered, range(len(calls))))):
        raise Disagrees(f"{run.mode}: a call is not answered")


def entries(product: Product) -> list[tuple[str, int, int, int]]:
    """The entries of opcount's log for a product and its addition."""
    along = (product.tail, product.head, product.position)
    return [("mul" if product.costs else "copy", *along), *[("add", *along)] * product.added]


def flat(rows: list[list[float]]) -> list[float]:
    return [value for row in rows for value in row]
