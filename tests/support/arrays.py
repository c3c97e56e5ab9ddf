"""Arrays to wrap, and what is checked of them."""

import warnings

import numpy as np

import opcount as oc
from tests.support.same import assert_same

V = np.array([3.0, 1.0, 2.0])
A = np.arange(6.0).reshape(2, 3)
I = np.array([3, 1, 2])  # noqa: E741
C = np.array([1 + 2j, 3 - 1j, 2j])
NOTHING = oc.Counts()


def outcome(program, *operands):
    """What a program does with these operands: its plain result, or the type of its error; and what it warns of."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            result = oc.unwrap(program(*operands))
        except Exception as error:
            result = type(error)
    return result, operands, [(warning.category, str(warning.message)) for warning in heard]


def check_like_numpy(program, *plain):
    """Value, dtype, shape, warnings and type of error are those of plain arrays, and so is what the operands become."""
    expected, before, said = outcome(program, *(operand.copy() for operand in plain))
    found, after, heard = outcome(program, *map(oc.wrap, plain))
    assert heard == said
    if isinstance(expected, type):
        # what has no count is refused before NumPy refuses it
        allowed = (expected, oc.Uncounted) if issubclass(expected, TypeError) else expected
        assert isinstance(found, type) and issubclass(found, allowed), f"{found}, not {expected}"
    else:
        assert_same(found, expected)
    for one, other in zip(after, before, strict=True):
        assert_same(oc.unwrap(one), other)


W, J, M = oc.wrap(V), oc.wrap(I), oc.wrap(V > 1)
ONE = oc.wrap(np.array(1.5))
