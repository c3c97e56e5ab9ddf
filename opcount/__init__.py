"""opcount: count every elementary operation, and see that backprop is the chain rule with a memo."""

from opcount.array import Array
from opcount.boundary import Measured, measure, spec, unwrap, wrap
from opcount.chain_rule import METHODS
from opcount.counts import Counts
from opcount.custom import primitive
from opcount.errors import (
    BudgetExceeded,
    InvalidType,
    InvalidValue,
    NothingCounted,
    OpcountError,
    SizeFailed,
    Uncounted,
)
from opcount.gradients import PHASES, Gradient, compare, gradient
from opcount.graph import Graph, trace
from opcount.jacobians import Jacobian, jacobian
from opcount.kinds import GROUPS, KINDS
from opcount.laws import Law, law, law_of
from opcount.meters import Exit, Tally
from opcount.notebook import load_ipython_extension as load_ipython_extension
from opcount.notebook import unload_ipython_extension as unload_ipython_extension
from opcount.numpy_rules import register_rule
from opcount.orders import ORDERS
from opcount.scalar import Scalar
from opcount.tally import count, paused, propagate, record, region

__version__ = "0.1.0"

__all__ = [
    "GROUPS",
    "KINDS",
    "METHODS",
    "ORDERS",
    "PHASES",
    "Array",
    "BudgetExceeded",
    "Counts",
    "Exit",
    "Gradient",
    "Graph",
    "InvalidType",
    "InvalidValue",
    "Jacobian",
    "Law",
    "Measured",
    "NothingCounted",
    "OpcountError",
    "Scalar",
    "SizeFailed",
    "Tally",
    "Uncounted",
    "compare",
    "count",
    "gradient",
    "jacobian",
    "law",
    "law_of",
    "measure",
    "paused",
    "primitive",
    "propagate",
    "record",
    "region",
    "register_rule",
    "spec",
    "trace",
    "unwrap",
    "wrap",
]
