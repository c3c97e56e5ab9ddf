"""A graph for other tools: networkx, and Graphviz's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opcount.drawing.contents import COLOURS, labels_of, needed, partial_of, plain_value, roles

if TYPE_CHECKING:
    import networkx as nx

    from opcount.derivatives.graph import Graph


def to_networkx(graph: Graph) -> nx.MultiDiGraph:
    """A graph as a networkx.MultiDiGraph, as `Graph.to_networkx` describes."""
    with needed():
        import networkx as nx
    found = nx.MultiDiGraph()
    for index, role in roles(graph).items():
        node = graph.nodes[index]
        found.add_node(index, operation=node.name, role=role, value=plain_value(node))
    for edge in graph.edges:
        found.add_edge(edge.tail, edge.head, position=edge.position, partial=partial_of(edge.map))
    return found


def to_dot(graph: Graph) -> str:
    """A graph in Graphviz's language, as `Graph.to_dot` describes."""
    labels = labels_of(graph)
    lines = ["digraph {", "  node [shape=box, style=filled]"]
    ranks: dict[str, list[str]] = {"source": [], "sink": []}
    for node, role in roles(graph).items():
        fill, font = COLOURS[role]
        lines.append(f'  {node} [label={_quoted(labels[node])}, fillcolor="{fill}", fontcolor="{font}"]')
        if role == "input" or not graph.users[node]:
            ranks["source" if role == "input" else "sink"].append(f"{node};")
    lines += [f"  {{ rank={rank}; {' '.join(nodes)} }}" for rank, nodes in ranks.items() if nodes]
    lines += [f"  {edge.tail} -> {edge.head}" for edge in graph.edges]
    return "\n".join([*lines, "}", ""])


def _quoted(label: str) -> str:
    """A label as a quoted string of Graphviz's language, with backslashes, quotes and newlines escaped."""
    return '"' + label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
