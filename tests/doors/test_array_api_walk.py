"""Every function of the namespace: what it makes of wrapped values is wrapped, and of constant data constant."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import opcount as oc
import opcount.array_api as xp
from opcount.array_api import array
from tests.support.faults import planted

X = np.array([[2.0, 0.5], [0.25, 3.0]])
KINDS = {
    "float64": X,
    "float32": X.astype("float32"),
    "int64": (4 * X).astype(int),
    "bool": X > 1,
    "complex": X + 1j * X,
}

FUNCTIONS = {
    f"{prefix}{name}": getattr(space, name)
    for prefix, space in (("", xp), ("linalg.", xp.linalg), ("fft.", xp.fft))
    for name in (xp.__all__ if space is xp else vars(space))
    if inspect.isfunction(getattr(space, name)) and not name.startswith("_")
    if space is xp or getattr(space, name).__module__ == space.__name__
}

TOLD = {"can_cast", "finfo", "iinfo", "isdtype", "result_type"}
"""Functions that say something about dtypes."""

MADE = {"zeros", "ones", "empty", "eye", "arange", "wrap", "fft.fftfreq", "fft.rfftfreq"}
"""Functions that take no array, and the one that wraps it."""

CONSTANT = {"zeros_like", "ones_like", "empty_like", "argmax", "argmin", "argsort", "nonzero", "searchsorted"}
"""Functions whose results are constant data: positions, and what is made like another array."""

ARGUMENTS = {
    "concat": lambda x: ([x, x],),
    "stack": lambda x: ([x, x],),
    "broadcast_to": lambda x: (x, (3, 2, 2)),
    "expand_dims": lambda x: (x, 0),
    "squeeze": lambda x: (x[None], 0),
    "moveaxis": lambda x: (x, 0, 1),
    "permute_dims": lambda x: (x, (1, 0)),
    "repeat": lambda x: (x, 2),
    "reshape": lambda x: (x, (4,)),
    "roll": lambda x: (x, 1),
    "tile": lambda x: (x, (2, 2)),
    "take": lambda x: (x[0], xp.asarray([0])),
    "take_along_axis": lambda x: (x, xp.asarray([[0, 1]])),
    "astype": lambda x: (x, xp.complex64),
    "where": lambda x: (x != 1, x, x),
    "full": lambda x: ((2,), x[0, 0]),
    "full_like": lambda x: (x, x[0, 0]),
    "linspace": lambda x: (x[0, 0], x[1, 1], 5),
    "searchsorted": lambda x: (x[0], x[1]),
    "cumulative_sum": lambda x: (x[0],),
    "cumulative_prod": lambda x: (x[0],),
    "tensordot": lambda x: (x, x),
    "linalg.matrix_power": lambda x: (x, 3),
    "linalg.cholesky": lambda x: (x @ x.T,),
    "linalg.cross": lambda x: (xp.concat([x, x], axis=1)[:, :3],) * 2,
    "linalg.outer": lambda x: (x[0], x[1]),
}


def arguments(name, x):
    if name in ARGUMENTS:
        return ARGUMENTS[name](x)
    parameters = inspect.signature(FUNCTIONS[name]).parameters.values()
    return (x,) * max(1, sum(parameter.kind == parameter.POSITIONAL_ONLY for parameter in parameters))


def arrays(result):
    if isinstance(result, xp.Array):
        return [result]
    return [one for item in result for one in arrays(item)]


def is_wrapped(x):
    """Whether it counts: an operation is executed on it, and the answer is in the count."""
    with oc.count() as tally:
        xp.abs(xp.astype(xp.asarray(x), xp.float32 if x.dtype.kind != "c" else xp.complex64)) == 1.0  # noqa: B015
    return bool(tally.counts)


WALKED = sorted({*FUNCTIONS} - TOLD - MADE)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", WALKED)
def test_what_is_made_of_wrapped_values_is_wrapped_and_of_constant_data_constant(name):
    ran = 0
    for values in KINDS.values():
        try:
            of_data = FUNCTIONS[name](*arguments(name, xp.asarray(values)))
        except (TypeError, np.linalg.LinAlgError):  # NumPy has no loop for it, or it is no matrix for it
            continue
        assert not any(map(is_wrapped, arrays(of_data)))
        ran += 1
        try:
            made = FUNCTIONS[name](*arguments(name, xp.wrap(values)))
        except oc.Uncounted:
            continue
        for index, (one, plain) in enumerate(zip(arrays(made), arrays(of_data), strict=True)):
            if not (name.startswith("unique") and index):  # positions and numbers of times, beside the values
                assert is_wrapped(one) is (name not in CONSTANT)
            if name != "empty_like":
                np.testing.assert_array_equal(oc.unwrap(one), oc.unwrap(plain), strict=True)
    assert ran


@pytest.mark.filterwarnings("ignore")
def test_constant_data_counts_nothing_in_any_function():
    with oc.count() as tally:
        for name in WALKED:
            for values in KINDS.values():
                try:
                    FUNCTIONS[name](*arguments(name, xp.asarray(values)))
                except (TypeError, np.linalg.LinAlgError):
                    continue
    assert not tally.counts


def test_the_functions_that_are_not_walked_are_there():
    assert TOLD | MADE <= {*FUNCTIONS} and {*ARGUMENTS} | CONSTANT <= {*FUNCTIONS}
    assert len(WALKED) > 150


@pytest.mark.parametrize(
    "fault",
    [
        {"of_counted": lambda value: array.Array(np.asarray(oc.unwrap(value)), array.Memory(False))},
        {"inner": lambda value, found: getattr(value, "_held", value)},
    ],
    ids=["results are constant", "wrapped values go to NumPy"],
)
def test_a_planted_fault_is_seen(fault):
    with planted(array, **fault), pytest.raises(AssertionError):
        test_what_is_made_of_wrapped_values_is_wrapped_and_of_constant_data_constant("exp")
