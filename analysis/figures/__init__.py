"""Tables to figures. Nothing is computed here: what a figure shows stands in its table.

- `style`: what all figures look like, and the labels and ticks that they share.
- `growth`: operations against a size.
- `recursion`: the recursion with a memo and without, what it keeps, and finite differences.
- `training`: whole trainings, by phase and by layer.
- `orders`: Jacobians by forward, by reverse and in other orders.
- `peers`: what other counters report.
"""
