"""Pictures of a graph, and the same graph for networkx and Graphviz: see `draw`."""
