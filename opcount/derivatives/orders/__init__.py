"""Orders of elimination: along the graph, against it, greedy, by search, or optimal.

An optimal order takes the fewest products. To find one is NP-complete (Naumann, Optimal Jacobian
accumulation is NP-complete, Math. Program. 112, 2008), which says nothing about forward mode or
backprop: these are two orders that are known beforehand, and each computes the exact Jacobian.

named     the orders by name, and the check of an order that is given as a sequence
rules     the orders by a rule: forward, reverse, and Markowitz's
masks     how many products an order takes, by sets of vertices
search    simulated annealing
optimal   dynamic programming over sets of eliminated vertices
"""
