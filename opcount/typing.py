"""Types for annotations in users' code: `from opcount.typing import MethodName`. No program needs them to run."""

from opcount.arrays.typed import RealNumber
from opcount.arrays.wrap import Leaf, Tree
from opcount.counting.budgets import BudgetLike
from opcount.counting.counts import OpCounts
from opcount.counting.symbolic import Size
from opcount.derivatives.choices import ColoringName, ColoringOrder, Granularity, MethodName, ModeName, OrderName

__all__ = [
    "BudgetLike",
    "ColoringName",
    "ColoringOrder",
    "Granularity",
    "Leaf",
    "MethodName",
    "ModeName",
    "OpCounts",
    "OrderName",
    "RealNumber",
    "Size",
    "Tree",
]
