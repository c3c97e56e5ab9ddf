"""Pictures of a graph, and the same graph for other tools.

contents      what there is to show: nodes, labels, and numbers beside them
export        for networkx and Graphviz
layout        where everything is drawn
draw          a picture of a graph
elimination   pictures of vertex elimination

What is imported beyond NumPy is imported where it is asked for: `pip install opcount[draw]`.
"""
