"""JAX: its programs as jaxprs, gone through equation by equation and counted by opcount's own definitions.

measure     `measure`, `counted` and `table`: trace a function, go through it, count
gradient    what `jax.value_and_grad` executes, by phase
run         the way through a jaxpr: each equation is counted, then executed where values are known
control     scans, loops, branches, calls, and functions of one element
primitives  the table: what each primitive executes, what is free, what is refused and why
windows     how many pairs meet where a window slides: convolutions and pools
uses        backwards from the results: index arithmetic, and what a value depends on
operands    what a variable holds: whether it depends on an argument, its value, its shape
ledger      what was executed where, and how it reaches whoever counts
names       what an equation says of where it is: scopes, phases, lines
inputs      the arguments of a call
user_rules  counts that users give to primitives
"""

try:
    import jax  # noqa: F401
except ImportError as error:
    raise ImportError("opcount.sources.jax counts JAX programs and needs JAX: pip install opcount[jax]") from error

from opcount.sources.jax.gradient import Gradient, gradient
from opcount.sources.jax.measure import counted, measure, table
from opcount.sources.jax.user_rules import register_rule, rules

__all__ = ["Gradient", "counted", "gradient", "measure", "register_rule", "rules", "table"]
