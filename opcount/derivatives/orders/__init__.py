"""In which order to eliminate: along the graph, against it, greedily, by search, or the best there is.

The best order is the one with the fewest products. To find it is NP-complete (Naumann, Optimal Jacobian
accumulation is NP-complete, Math. Program. 112, 2008), which says nothing about forward mode or
backprop: these are two orders among all, known beforehand, and each computes the exact Jacobian.

named     the orders by name, and the check of one that is given as a sequence
rules     forward, reverse, and Markowitz's
masks     how many products an order takes, by sets of vertices
search    simulated annealing
optimal   dynamic programming over sets of eliminated vertices
"""
