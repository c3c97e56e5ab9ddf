"""Count a JAX program: traced once, then gone through equation by equation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import jax
import numpy as np

from opcount.arrays.wrap import Measured, warn_of_nothing
from opcount.counting.counts import Counts
from opcount.counting.errors import InvalidType, InvalidValue, Uncounted
from opcount.counting.symbolic import Size
from opcount.counting.tally import count
from opcount.sources.jax.inputs import Arguments, arguments, rewrapped
from opcount.sources.jax.ledger import Ledger, charge
from opcount.sources.jax.names import line_of
from opcount.sources.jax.operands import UNKNOWN, NeedsValue, Operand, plain, shape_alone
from opcount.sources.jax.run import Run
from opcount.sources.jax.uses import NUMBER, VALUE, Bits
from opcount.wrapping.classes import described

if TYPE_CHECKING:
    import pandas as pd

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Program(NamedTuple):
    """What a function is to JAX for some arguments: its jaxpr, and the tree of its results."""

    closed: Any
    tree: Any


def traced(f: Callable[..., Any], args: Sequence[Any], static: Sequence[int] = ()) -> Program:
    """The program of a function for these arguments; whatever the function raises while it is traced, passes."""
    closed, shapes = jax.make_jaxpr(f, static_argnums=tuple(static), return_shape=True)(*args)
    return Program(closed, jax.tree_util.tree_structure(shapes))


def executed(
    program: Program, operands: Sequence[Operand], results: Bits | None = None
) -> tuple[list[Operand], Ledger]:
    """Go through a program, counting for whoever counts here: what it gives, and what it has executed where."""
    everything = Ledger()

    def take(ledger: Ledger, times: Size = 1) -> None:
        charge(ledger, times)
        everything.add(ledger, times)

    known = all(operand.is_known for operand in operands)
    jaxpr = program.closed.jaxpr
    run = Run(take, eager=known)
    try:
        found = run.through(jaxpr, program.closed.consts, operands, results or (NUMBER | VALUE,) * len(jaxpr.outvars))
    except NeedsValue as error:
        raise Uncounted(
            f"{error}: pass arrays with values instead of shapes alone, so that it is counted as it is executed"
        ) from None
    return found, everything


def value_of(operand: Operand, var: Any) -> Any:
    """The plain value of a result, or its shape where there is no value."""
    if operand.value is UNKNOWN:
        return shape_alone(var.aval.shape, var.aval.dtype)
    value = plain(operand.value)
    return jax.numpy.asarray(value) if isinstance(value, (bool, int, float, complex, np.generic, np.ndarray)) else value


def measure(f: Callable[..., Any], *args: Any, static_argnums: int | Sequence[int] = ()) -> Measured[Any]:
    """Count what a JAX program executes on these arguments, by the same table as NumPy's.

    >>> import jax, jax.numpy as jnp
    >>> from opcount.sources import jax as ocj
    >>> def horner(x):
    ...     return jax.lax.scan(lambda y, c: (y * x + c, None), 1.0, jnp.array([2.0, 3.0, 4.0]))[0]
    >>> ocj.measure(horner, 2.0)
    Measured(value=Array(26., dtype=float...), counts=Counts({'mul': 3, 'add': 3}))

    Arguments are arrays of JAX's or NumPy's, numbers, and trees of them. What depends on them counts; what f closes
    over is data. With values, `while` and `cond` count as they are executed. A `jax.ShapeDtypeStruct`, or an `oc.spec`,
    has a shape alone, and so has the value that comes from it:

    >>> layer = lambda x, w: jnp.tanh(x @ w)
    >>> ocj.measure(layer, jax.ShapeDtypeStruct((64, 12288), "f4"), jax.ShapeDtypeStruct((12288, 49152), "f4")).counts
    Counts({'mul': 38654705664, 'add': 38651559936, 'tanh': 3145728})

    Sizes of `jax.export.symbolic_shape` give polynomials. `static_argnums` are positions of arguments that are no
    arrays, as in `jax.jit`. f is traced once, and `jax.named_scope` gives the counts regions.

    Raises InvalidType, which names the leaf, for an argument that JAX cannot compute with, whatever `f` raises, and
    Uncounted for a primitive without an exact count and, from shapes, for what depends on a value. Warns NothingCounted
    if nothing was counted and no result depends on an argument.
    """
    check_function("measure", f)
    static = _positions(static_argnums, len(args))
    given = arguments("ocj.measure", args, static)
    with count() as tally:
        program = traced(f, given.args, static)
        found, _ = executed(program, given.operands(program.closed.jaxpr))
    if not tally.counts and not any(operand.depends for operand in found):
        warn_of_nothing("what f executes depends on none of its arguments")
    leaves = map(value_of, found, program.closed.jaxpr.outvars)
    return Measured(jax.tree_util.tree_unflatten(program.tree, leaves), tally.counts)


def _positions(static: int | Sequence[int], number: int) -> tuple[int, ...]:
    """The positions of static arguments, from 0 on."""
    positions = (static,) if isinstance(static, int) else tuple(static)
    if wrong := [index for index in positions if not -number <= index < number]:
        raise InvalidValue(f"ocj.measure: static_argnums has {wrong[0]}, and there are {number} arguments")
    return tuple(index % number for index in positions)


def check_function(door: str, f: object) -> None:
    if not callable(f):
        raise InvalidType(f"ocj.{door}: f must be a function, not {described(f)}")


def counted(f: _Function) -> _Function:
    """The JAX function f, counting for whoever is counting where it is called.

    >>> import jax.numpy as jnp, numpy as np, opcount as oc
    >>> from opcount.sources import jax as ocj
    >>> softplus = ocj.counted(lambda x: jnp.log1p(jnp.exp(x)))
    >>> with oc.count() as tally:
    ...     y = softplus(jnp.zeros(3))                 # plain in, plain out
    ...     z = softplus(oc.wrap(np.zeros(3))) * 2     # wrapped in, wrapped out
    >>> tally.counts
    Counts({'mul': 3, 'exp': 6, 'log1p': 6})

    If an argument is wrapped by opcount, the others are data, and what depends on it is returned wrapped, so that a
    program in NumPy may go on with it, and `oc.law` and `oc.measure` count it. Else all arguments count, and the
    result is plain. Keywords are passed to f as they are. Raises what `ocj.measure` raises, and Uncounted for a value
    that opcount is differentiating.
    """
    check_function("counted", f)

    def call(*args: Any, **keywords: Any) -> Any:
        given = arguments("ocj.counted", args)
        program = traced(lambda *all_: f(*all_, **keywords), given.args)
        found, _ = executed(program, given.operands(program.closed.jaxpr, not any(given.wrapped)))
        values = list(map(value_of, found, program.closed.jaxpr.outvars))
        if any(given.wrapped):
            values = list(map(rewrapped, values, found))
        return jax.tree_util.tree_unflatten(program.tree, values)

    return cast(_Function, update_wrapper(call, f))


def table(f: Callable[..., Any], *args: Any) -> pd.DataFrame:
    """What a JAX program executes, a row for each primitive at each line: where a difference comes from. Needs pandas.

    >>> import jax, jax.numpy as jnp
    >>> from opcount.sources import jax as ocj
    >>> ocj.table(lambda x: jnp.sum(jax.nn.sigmoid(x) * x), jnp.ones(4))[["primitive", "mul", "add", "exp", "total"]]
        primitive  mul  add  exp  total
    0    logistic    0    4    4     16
    1         mul    4    0    0      4
    2  reduce_sum    0    3    0      3

    Columns are the region, the phase, the primitive and the line of the program, then a kind each, and the total. Rows
    stand in the order in which their primitives are first executed. Arguments, and what is raised, as in `ocj.measure`.
    """
    check_function("table", f)
    given: Arguments = arguments("ocj.table", args)
    with count():
        program = traced(f, given.args)
        _, ledger = executed(program, given.operands(program.closed.jaxpr))
    return rows_of(ledger)


def rows_of(ledger: Ledger) -> pd.DataFrame:
    """A DataFrame of a ledger, in which one line of a program is one row for each primitive and phase."""
    import pandas as pd

    rows: dict[tuple[str, str, str, str], Counts] = {}
    for site, counts in ledger.items():
        key = (site.region, site.phase, site.primitive, line_of(site.tracebacks))
        rows[key] = rows.get(key, Counts()) + Counts(counts)
    kinds = sum(rows.values(), Counts())
    columns = ["region", "phase", "primitive", "line"]
    return pd.DataFrame(
        [[*key, *(counts[kind] for kind in kinds), counts.total] for key, counts in rows.items()],
        columns=[*columns, *kinds, "total"],
    )
