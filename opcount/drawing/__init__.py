"""Pictures of a graph, and the same graph for other tools.

contents      what is shown: nodes, labels, and the numbers beside them
export        a graph for networkx and Graphviz
layout        the position of everything that is drawn
draw          a picture of a graph
elimination   pictures of vertex elimination

Libraries beyond NumPy are imported only where they are used: `pip install opcount[draw]`.
"""
