"""The studies, in the order of the report: the name of each for files, and the function that runs it.

Each study asks one question, measures, and lets claims decide. A long one is a folder with `measure` and `claims`.

- `same_gradient`: is it the same gradient by every method?
- `faster`: operations against the number of parameters.
- `recursion`: the recursion with a memo and the loop, operation by operation.
- `storage`: what remembering costs in memory.
- `forgetting`: what forgetting costs, and every method in one picture of operations against memory.
- `training`: what backprop saves over a training run.
- `scale`: one family of networks, as far as one can count.
- `sharing`: what matrix products save, and what the memo saves.
- `classifier`: a real task, by phase and by layer.
- `numpy_costs`: what NumPy's calls cost, compared with what other counters report.
- `libraries`: what JAX, PyTorch and autograd execute for a gradient, beside every method here.
- `orders`: Jacobians in other orders than forward and reverse.
- `zeros`: sparse Jacobians and Hessians, by colors, by skipping zeros, by elimination.
- `cheap_gradient`: the cost of a value with its gradient, compared with the bounds of two theorems.
- `curvature`: what a second derivative costs.
- `forward_wins`: when forward mode takes less than reverse.
- `expression_swell`: symbolic differentiation as operations.
- `laws_found`: the laws that counts obey, compared with the formulas of textbooks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from analysis.report.study import Run, Study
from analysis.studies import (
    curvature,
    faster,
    forgetting,
    forward_wins,
    laws_found,
    orders,
    recursion,
    same_gradient,
    sharing,
    storage,
    training,
    zeros,
)
from analysis.studies.cheap_gradient import claims as cheap_gradient
from analysis.studies.classifier import claims as classifier
from analysis.studies.expression_swell import claims as expression_swell
from analysis.studies.libraries import claims as libraries
from analysis.studies.numpy_costs import claims as numpy_costs
from analysis.studies.scale import claims as scale

STUDIES: Mapping[str, Callable[[Run], Study]] = {
    "same_gradient": same_gradient.run,
    "faster": faster.run,
    "recursion": recursion.run,
    "storage": storage.run,
    "forgetting": forgetting.run,
    "training": training.run,
    "scale": scale.run,
    "sharing": sharing.run,
    "classifier": classifier.run,
    "numpy_costs": numpy_costs.run,
    "libraries": libraries.run,
    "orders": orders.run,
    "zeros": zeros.run,
    "cheap_gradient": cheap_gradient.run,
    "curvature": curvature.run,
    "forward_wins": forward_wins.run,
    "expression_swell": expression_swell.run,
    "laws_found": laws_found.run,
}

LONGEST: Final = ("orders", "faster", "laws_found", "cheap_gradient", "expression_swell", "forward_wins")
"""The studies with the longest points, which are run first."""
