"""The chain rule: one recursion, with a memo or without, and the same sums as loops.

Read `chain_rule` first: everything the project claims is about three functions there. `gradient` runs them.

chain_rule    the recursion, the memo, the loops
choices       the names that an argument may be, for type checkers
methods       the methods by name: their direction, recursion or loop, and memo
linearized    the vertices and edges that an elimination works on
walks         what edges lead to, what the recursion sums over, how often it visits a node
flat          edges between numbers as columns, and the loops along them
columns       a graph of floats as columns, and its local partials
predict       what a method counts on a graph, without executing it
orders        orders of elimination: by a rule, by search, or optimal
sparsity      which entries of a Jacobian can be other than zero
coloring      which of its columns or rows can share a sweep
elimination   a Jacobian from its graph, one vertex after the other
steps         the steps that `oc.checkpoint` marks, evaluated and forgotten
schedule      which states to keep, and which to compute again
checkpointed  backprop that forgets, one step at a time
partials      the local partials of an evaluation, as edges
graph         the graph of an evaluation: its edges, its paths, and what a method costs on it
trace         evaluating a function, and recording what it does
phases        counts kept apart by phase, and as a table
plain         derivatives as plain numbers and arrays, as users get them
log           each product and sum of an accumulation, written down
differences   finite differences
gradient      gradients by every method, executed and counted by phase
compare       every method on the same function
jacobian      Jacobians in any order, executed and counted
products      a Jacobian times a direction, an adjoint times a Jacobian
curvature     second derivatives: a Hessian times a vector, and Hessians, by either direction over either
"""
