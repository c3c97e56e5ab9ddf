"""The numbers of the page that are not steps: each counted, or predicted exactly, when the page is built."""

from __future__ import annotations

from typing import Any

import numpy as np

import opcount as oc
from analysis.page.networks import Network
from analysis.programs.functions import Numbers
from analysis.programs.networks import layered, mlp, parameter_count
from opcount.typing import MethodName, OrderName

DEPTHS, WIDTHS = 8, 6
OUTPUTS = 10
FLAT_WIDTHS = range(1, 13)
FLAT_METHODS: tuple[MethodName, ...] = ("naive", "backprop")
ORDERS: dict[OrderName, tuple[str, str]] = {
    "forward": ("along the graph", "each input's derivatives are carried to both outputs, as in forward mode"),
    "reverse": ("against it", "each output's derivatives are carried back, as in backpropagation"),
    "optimal": ("cheapest", "found by a search through all orders, which is feasible for a graph as small as this"),
}


def costs() -> dict[str, list[list[int]]]:
    """Products to forget and to remember, and parameters: by hidden layers, then by nodes in each."""
    found: dict[str, list[list[int]]] = {"forget": [], "remember": [], "parameters": []}
    for depth in range(1, DEPTHS + 1):
        sizes = [(1, *[width] * depth, 1) for width in range(1, WIDTHS + 1)]
        graphs = [oc.trace(*mlp(one)) for one in sizes]
        found["forget"].append([graph.predict("naive").mul for graph in graphs])
        found["remember"].append([graph.predict("backprop").mul for graph in graphs])
        found["parameters"].append([parameter_count(one) for one in sizes])
    return found


def flat() -> dict[str, object]:
    """What another node of a single hidden layer adds to all operations of a method, and the quotient of the two.

    Both methods grow linearly with the width, so that their quotient tends to it, and never exceeds it.
    """
    laws = {name: oc.law_of({width: total(width, name) for width in FLAT_WIDTHS}) for name in FLAT_METHODS}
    slopes = {name: int(law(1001) - law(1000)) for name, law in laws.items()}
    naive, backprop = (slopes[name] for name in FLAT_METHODS)
    assert all(laws["naive"](width) * backprop <= laws["backprop"](width) * naive for width in (1, 10**9))
    return {"naive": naive, "backprop": backprop, "times": f"{naive / backprop:.2f}"}


def total(width: int, method: MethodName) -> int:
    return oc.gradient(*mlp((1, width, 1)), method=method).counts.total


def lighthouse(x: Numbers) -> Any:
    """Where the beam of a lighthouse meets the quay, as the formula stands in Griewank's book: the tangent twice."""
    nu, gamma, omega, t = x
    y = nu * np.tan(omega * t) / (gamma - np.tan(omega * t))
    return y, gamma * y


def orders() -> dict[str, dict[str, object]]:
    """Products for the Jacobian of Griewank's lighthouse, by the order of elimination."""
    graph = oc.trace(lighthouse, [0.5, 1.0, 0.3, 0.2])
    return {
        order: {"products": graph.predict_elimination(order).mul, "label": label, "words": words}
        for order, (label, words) in ORDERS.items()
    }


def broad() -> dict[str, int]:
    """Products for the derivatives of a function of one input and many outputs, in either mode."""
    graph = oc.trace(*layered((1, 4, 4, OUTPUTS)))
    counted = {order: graph.predict_elimination(order).mul for order in ("forward", "reverse")}
    return {"outputs": OUTPUTS, **counted}


def storage(network: Network) -> dict[str, int | None]:
    """Derivatives that remembering keeps, and calls that wait while forgetting."""
    kept, waiting = (oc.gradient(network.loss, network.parameters, method=m).storage for m in ("memoized", "naive"))
    return {"remember": kept.derivatives, "depth": waiting.depth}


def forward(network: Network) -> int:
    """Products of forward mode, one pass for each parameter."""
    return oc.gradient(network.loss, network.parameters, method="forward").phases["accumulation"].mul


def beside(network: Network) -> dict[str, int]:
    """Products beside those of the chain rule: to evaluate the network, and its partial derivatives."""
    phases = oc.gradient(network.loss, network.parameters).phases
    return {phase: phases[phase].mul for phase in ("primal", "partials")}
