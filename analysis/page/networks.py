"""The networks of the page: traced by opcount, each value with the name that a reader knows it by, and a position in a
drawing."""

from __future__ import annotations

from typing import Any, NamedTuple

import igraph

import opcount as oc
from analysis.programs.networks import Loss, mlp

SIZES = {name: tuple(map(int, name.split("-"))) for name in ("1-2-1", "1-2-2-1", "1-2-2-2-1")}
DATA, TARGET = 0.5, 1.0
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


class Network(NamedTuple):
    """A network at one data point: its loss, its parameters, and the graph that opcount traced."""

    loss: Loss
    parameters: Any
    graph: oc.Graph

    @property
    def values(self) -> list[float]:
        return [float(oc.unwrap(node)) for node in self.graph.nodes]


def traced(sizes: tuple[int, ...]) -> Network:
    """A tanh network of these layer sizes, at x = 0.5 and y = 1, with parameters of two decimals."""
    loss, parameters = mlp(sizes, data=[DATA], target=TARGET)
    for layer in parameters:
        layer["w"] = [[round(weight, 2) for weight in row] for row in layer["w"]]
        layer["b"] = [round(bias, 2) for bias in layer["b"]]
    return Network(loss, parameters, oc.trace(loss, parameters))


def names(network: Network) -> list[str]:
    """What a reader calls each value: w₁ and b₁ are parameters, z₁ goes into a tanh and h₁ comes out of it, o is the
    output, r the residual and L the loss; a product is called by its factors, another sum +."""
    graph, found = network.graph, dict[int, str]()
    numbered = dict.fromkeys("wbzh", 0)

    def numbered_name(kind: str) -> str:
        numbered[kind] += 1
        return f"{kind}{numbered[kind]}".translate(SUBSCRIPTS)

    kinds = [
        kind for layer in network.parameters for kind in ["w"] * sum(map(len, layer["w"])) + ["b"] * len(layer["b"])
    ]
    for node, kind in zip(graph.inputs, kinds, strict=True):
        found[node.index] = numbered_name(kind)
    for node in range(len(graph.inputs), len(graph.nodes)):
        factors = [found[operand] for operand, _ in graph.operands[node]]
        used_by = [graph.nodes[user].name for user, _ in graph.users[node]]
        match graph.nodes[node].name, used_by:
            case "mul", _:
                found[node] = "".join(sorted(factors, reverse=True)) + "x" * (len(factors) == 1)
            case "add", ["tanh"]:
                found[node] = numbered_name("z")
            case "add", ["sub"]:
                found[node] = "o"
            case "add", _:
                found[node] = "+"
            case "tanh", _:
                found[node] = numbered_name("h")
            case "sub", _:
                found[node] = "r"
            case _:
                found[node] = "L"
    return [found[node] for node in range(len(graph.nodes))]


def levels(graph: oc.Graph) -> list[int]:
    """How many edges lie between each value and the loss, on the longest way."""
    found = [0] * len(graph.nodes)
    for edge in reversed(graph.edges):  # those nearest to the loss first
        found[edge.tail] = max(found[edge.tail], found[edge.head] + 1)
    return found


def across(graph: oc.Graph) -> list[float]:
    """Where each value stands between left and right, 0 to 1, so that few edges cross.

    The order on each level is that of Sugiyama's method (igraph); values of one level stand equally far apart.
    """
    drawn = igraph.Graph(len(graph.nodes), [(edge.tail, edge.head) for edge in graph.edges], directed=True)
    level = levels(graph)
    xs = [x for x, _ in drawn.layout_sugiyama(layers=level)][: len(graph.nodes)]
    found = [0.0] * len(graph.nodes)
    for one in set(level):
        row = sorted((node for node in range(len(level)) if level[node] == one), key=lambda node: xs[node])
        for position, node in enumerate(row):
            found[node] = (position + 0.5) / len(row)
    return found
