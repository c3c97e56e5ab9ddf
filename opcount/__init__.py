"""opcount: count every elementary operation, and see that backprop is the chain rule with a memo."""

from opcount.arrays.array import Array
from opcount.arrays.counted import counted
from opcount.arrays.scalar import Scalar
from opcount.arrays.wrap import Measured, measure, spec, unwrap, wrap
from opcount.counting.accelerator import accelerated as accelerated
from opcount.counting.counts import Counts
from opcount.counting.errors import (
    BudgetExceeded,
    InvalidType,
    InvalidValue,
    NothingCounted,
    OpcountError,
    SizeFailed,
    Uncounted,
)
from opcount.counting.kinds import GROUPS, KINDS
from opcount.counting.meters import Exit, Tally
from opcount.counting.tally import count, paused, propagate, record, region
from opcount.derivatives.coloring import Coloring, coloring
from opcount.derivatives.compare import compare
from opcount.derivatives.curvature import MODES, Hessian, HessianProduct, hessian, hvp
from opcount.derivatives.gradient import Gradient, gradient
from opcount.derivatives.graph import Graph
from opcount.derivatives.jacobian import Jacobian, jacobian
from opcount.derivatives.methods import METHODS
from opcount.derivatives.orders.named import ORDERS
from opcount.derivatives.phases import PHASES
from opcount.derivatives.products import Product, jvp, vjp
from opcount.derivatives.trace import trace
from opcount.functions.user_rules import register_rule, rules
from opcount.laws.law import Law, law, law_of
from opcount.notebook import load_ipython_extension as load_ipython_extension
from opcount.notebook import unload_ipython_extension as unload_ipython_extension
from opcount.tracing.checkpoint import checkpoint
from opcount.tracing.user_primitives import primitive

__version__ = "0.2.0"

__all__ = [
    "GROUPS",
    "KINDS",
    "METHODS",
    "MODES",
    "ORDERS",
    "PHASES",
    "Array",
    "BudgetExceeded",
    "Coloring",
    "Counts",
    "Exit",
    "Gradient",
    "Graph",
    "Hessian",
    "HessianProduct",
    "InvalidType",
    "InvalidValue",
    "Jacobian",
    "Law",
    "Measured",
    "NothingCounted",
    "OpcountError",
    "Product",
    "Scalar",
    "SizeFailed",
    "Tally",
    "Uncounted",
    "accelerated",
    "checkpoint",
    "coloring",
    "compare",
    "count",
    "counted",
    "gradient",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "law",
    "law_of",
    "measure",
    "paused",
    "primitive",
    "propagate",
    "record",
    "region",
    "register_rule",
    "rules",
    "spec",
    "trace",
    "unwrap",
    "vjp",
    "wrap",
]


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
