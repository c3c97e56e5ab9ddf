"""Figures from tables. Nothing is computed here: everything that a figure shows is in its table.

- `style`: the common look of the figures, and the labels and ticks that they share.
- `growth`: operations against a size.
- `recursion`: the recursion with and without a memo, what it keeps, and finite differences.
- `forgetting`: operations against memory, and how snapshots grow.
- `training`: whole trainings, by phase and by layer.
- `zeros`: sparse Jacobians against the number of variables.
- `orders`: Jacobians in forward, reverse and other orders.
- `libraries`: every method and three libraries, relative to backprop.
- `peers`: what other counters report.
"""
