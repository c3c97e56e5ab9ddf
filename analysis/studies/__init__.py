"""The studies, in the order of the report: a name for the files, and the function that runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from analysis.report.study import Run, Study
from analysis.studies import (
    classifier,
    faster,
    forward_wins,
    laws_found,
    numpy_costs,
    orders,
    recursion,
    same_gradient,
    scale,
    sharing,
    storage,
    training,
)
from analysis.studies.cheap_gradient import claims as cheap_gradient
from analysis.studies.expression_swell import claims as expression_swell

STUDIES: Mapping[str, Callable[[Run], Study]] = {
    "same_gradient": same_gradient.run,
    "faster": faster.run,
    "recursion": recursion.run,
    "storage": storage.run,
    "training": training.run,
    "scale": scale.run,
    "sharing": sharing.run,
    "classifier": classifier.run,
    "numpy_costs": numpy_costs.run,
    "orders": orders.run,
    "cheap_gradient": cheap_gradient.run,
    "forward_wins": forward_wins.run,
    "expression_swell": expression_swell.run,
    "laws_found": laws_found.run,
}
