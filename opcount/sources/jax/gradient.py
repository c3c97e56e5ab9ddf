"""What `jax.value_and_grad` executes, by phase."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jax

from opcount.counting import render
from opcount.counting.counts import Counts, table
from opcount.counting.errors import InvalidType
from opcount.counting.tally import count
from opcount.derivatives.phases import PHASES, data_frame, nothing_spent
from opcount.sources.jax.inputs import arguments
from opcount.sources.jax.ledger import Ledger
from opcount.sources.jax.measure import check_function, executed, rows_of, traced, value_of
from opcount.sources.jax.uses import NUMBER, VALUE

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Gradient:
    """A value, its gradient by JAX in the structure of x, and what `jax.value_and_grad` executed, by phase.

    >>> from opcount.sources import jax as ocj
    >>> g = ocj.gradient(lambda x: x * x * x, 2.0)
    >>> float(g.value), float(g.gradient), g.counts
    (8.0, 12.0, Counts({'mul': 6, 'add': 2}))
    >>> g.phases["primal"], g.phases["accumulation"]
    (Counts({'mul': 2}), Counts({'mul': 4, 'add': 2}))

    `phases` has the counts of "primal", what the value depends on; "accumulation", the equations that JAX has
    transposed; and "partials", the others, as the cosine that belongs to a sine. A part that a `jax.checkpoint` has
    computed once more is among the partials.
    """

    value: Any
    gradient: Any
    phases: Mapping[str, Counts]
    _ledger: Ledger = field(repr=False)

    @property
    def counts(self) -> Counts:
        """The counts of the three phases together, which is all that `jax.value_and_grad` executes as it is traced.

        >>> import jax
        >>> from opcount.sources import jax as ocj
        >>> f = lambda x: jax.numpy.sin(x) * x
        >>> ocj.gradient(f, 2.0).counts == ocj.measure(jax.value_and_grad(f), 2.0).counts
        True
        """
        return sum(self.phases.values(), Counts())

    def to_pandas(self) -> pd.DataFrame:
        """A DataFrame with a row for each phase, a column for each kind that occurs and for the total. Needs pandas.

        >>> from opcount.sources import jax as ocj
        >>> int(ocj.gradient(lambda x: x * x * x, 2.0).to_pandas().loc["accumulation", "mul"])
        4
        """
        rows = [{"phase": name, "counts": counts} for name, counts in self.phases.items()]
        return data_frame(rows).set_index("phase")

    def table(self) -> pd.DataFrame:
        """A DataFrame with a row for each primitive at each line in each phase, as `ocj.table` gives it. Needs pandas.

        >>> from opcount.sources import jax as ocj
        >>> ocj.gradient(lambda x: x * x * x, 2.0).table()[["phase", "primitive", "mul", "add"]]
                  phase primitive  mul  add
        0        primal       mul    2    0
        1  accumulation       mul    4    0
        2  accumulation   add_any    0    2
        """
        return rows_of(self._ledger)

    def _repr_html_(self) -> str:
        found = [*render.parts("value", self.value), *render.parts("gradient", self.gradient)]
        phases = table("phase", [*self.phases.items(), ("all", self.counts)])
        return render.html(("library", "JAX"), found) + render.html(*phases)


def gradient(f: Callable[..., Any], x: Any) -> Gradient:
    """The value and the gradient of a JAX function of x, as `jax.value_and_grad` computes them, counted by phase.

    >>> import jax, jax.numpy as jnp
    >>> from opcount.sources import jax as ocj
    >>> g = ocj.gradient(lambda x: jnp.sum(jnp.sin(x)), jnp.zeros(3))
    >>> {name: counts.to_dict() for name, counts in g.phases.items()}
    {'primal': {'add': 2, 'sin': 3}, 'partials': {'cos': 3}, 'accumulation': {'mul': 3}}

    `x` is an array, a number or a tree of them, or of `jax.ShapeDtypeStruct` for counts from shapes alone. What f
    closes over is data. JAX multiplies the seed too, and has formulas of its own for some derivatives, so these counts
    are not those of `oc.gradient`. Raises what `ocj.measure` raises, InvalidType for integers and truths in x, and what
    JAX raises for a function whose result is no single real number.
    """
    check_function("gradient", f)
    given = arguments("ocj.gradient", (x,), names=("x",))
    if kinds := sorted({str(kind) for leaf in given.leaves if _has_no_derivative(kind := jax.numpy.result_type(leaf))}):
        raise InvalidType(
            f"ocj.gradient: x has numbers of {', '.join(kinds)}, by which there is no derivative: pass floats, as "
            "jnp.asarray(x, float), and close over what is no variable"
        )
    with count():
        program = traced(jax.value_and_grad(f), given.args)
        jaxpr = program.closed.jaxpr
        results = (NUMBER | VALUE, *(NUMBER,) * (len(jaxpr.outvars) - 1))
        found, ledger = executed(program, given.operands(jaxpr), results)
    leaves = list(map(value_of, found, jaxpr.outvars))
    value, derivative = jax.tree_util.tree_unflatten(program.tree, leaves)
    phases = nothing_spent()
    for site, counts in ledger.items():
        phases[site.phase] += Counts(counts)
    assert [*phases] == [*PHASES]
    return Gradient(value, derivative, phases, ledger)


def _has_no_derivative(dtype: Any) -> bool:
    return not jax.numpy.issubdtype(dtype, jax.numpy.inexact)
