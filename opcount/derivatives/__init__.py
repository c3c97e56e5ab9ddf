"""The chain rule: one recursion, with a memo or without, and the same sums as loops.

Read `chain_rule` first: everything the project claims is about three functions there.

chain_rule    the recursion, the loops, the methods by name
gradient      gradients by every method, executed and counted by phase
graph         the graph of an evaluation: its paths, and what a method will cost on it
choices       the names that arguments are chosen from, for type checkers
elimination   a Jacobian from its graph, one vertex after the other
orders        in which order to eliminate
jacobian      Jacobians in any order, executed and counted
"""
