"""A diamond of steps written by hand: its derivatives, and what they count."""

from __future__ import annotations

import opcount as oc
from opcount.tracing.edges import IDENTITY, Scale


def scaled(number):
    return Scale(oc.Scalar(number))


# Adjoints of a diamond: 4 is the output; 3 and 2 are used by it, 1 by both, 0 by 1 twice.
#   A(3) = 2, A(2) = 3, A(1) = 5 A(2) + 7 A(3) = 29, A(0) = 11 A(1) + A(1) = 348
# The operands of each node, for the loops ...
EDGES = [
    [],
    [(0, scaled(11)), (0, IDENTITY)],
    [(1, scaled(5))],
    [(1, scaled(7))],
    [(3, scaled(2)), (2, scaled(3))],
]
# ... and the users of each node, as the recursion asks for them.
DIAMOND = {
    3: [(4, scaled(2).pull)],
    2: [(4, scaled(3).pull)],
    1: [(2, scaled(5).pull), (3, scaled(7).pull)],
    0: [(1, scaled(11).pull), (1, IDENTITY.pull)],
}
ADJOINTS = [348, 29, 3, 2]
# Tangents of the same: T(1) = 12, T(2) = 5 * 12, T(3) = 7 * 12, T(4) = 2 T(3) + 3 T(2) = 348
TANGENTS = [12, 60, 84, 348]
# Each product by a number, but for the copies of the structural one that the output starts with.
ONCE = {"mul": 3, "add": 2}  # 5 * A(2), 7 * A(3), 11 * A(1); the sums at 1 and at 0
NAIVE = {"mul": 5, "add": 3}  # node 1 computed twice: 2 mul and 1 add each time


# The same steps, of which predictions see nothing but the structure.
PRICED = {
    3: [(4, scaled(2).priced().pull)],
    2: [(4, scaled(3).priced().pull)],
    1: [(2, scaled(5).priced().pull), (3, scaled(7).priced().pull)],
    0: [(1, scaled(11).priced().pull), (1, IDENTITY.priced().pull)],
}
