"""All of NumPy, walked: nobody has to remember a function for it to be guarded."""

import inspect
import itertools
import math
import operator
import warnings

import numpy as np
import pytest

import opcount as oc
from tests.support.faults import planted

MODULES = [np, np.linalg, np.fft, np.ma, np.polynomial.polynomial, np.polynomial.chebyshev, np.lib.stride_tricks,
           np.lib.scimath, np.char, np.strings, np.random, np.testing, math, operator]  # fmt: skip
NOT_WALKED = {
    "save", "savez", "savez_compressed", "savetxt", "test", "fromfile", "memmap", "set_printoptions", "printoptions",
    "seterr", "seterrcall", "setbufsize", "set_state", "set_bit_generator", "seed", "rundocs", "default_rng", "info",
    "empty", "empty_like",  # memory that nobody wrote may hold anything
}  # fmt: skip
CALLS = [
    lambda v, m, n: (v,), lambda v, m, n: (m,), lambda v, m, n: (n,), lambda v, m, n: (v[0],), lambda v, m, n: (v, v),
    lambda v, m, n: (m, m), lambda v, m, n: (m, v), lambda v, m, n: (n, n), lambda v, m, n: (v, n),
    lambda v, m, n: (v, 2), lambda v, m, n: (2, v), lambda v, m, n: (n, 2), lambda v, m, n: ([v, v],),
    lambda v, m, n: (np.ones(3), v), lambda v, m, n: (v, np.ones(3)), lambda v, m, n: (np.ones(9), n[0]),
    lambda v, m, n: (v[0], v[1]), lambda v, m, n: (np.ones(3), v[0]), lambda v, m, n: (v, v, v),
    lambda v, m, n: (np.ones(3), v, v), lambda v, m, n: (abs, v), lambda v, m, n: (np.sum, 0, m),
    lambda v, m, n: (np.ones(3), [0, 1, 2], v), lambda v, m, n: (v, [0, 1, 2], v), lambda v, m, n: ("i,i", v, v),
]  # fmt: skip


def functions_of(modules):
    named = [(name, getattr(module, name)) for module in modules for name in sorted(dir(module)) if name[0] != "_"]
    found = {id(function): function for name, function in named if callable(function) and name not in NOT_WALKED}
    return [function for function in found.values() if not inspect.isclass(function)]


def seen_outside(function, call, secret):
    """What a call that counted nothing tells of the secret: the plain numbers that came out or were written."""
    v, m, n = oc.wrap(secret), oc.wrap(np.outer(secret, secret) + np.eye(3)), oc.wrap(np.argsort(secret) + 1)
    operands = call(v, m, n)
    with oc.count() as tally:
        try:
            result = function(*operands)
            plain = numbers_in(result)
        except (Exception, SystemExit):
            plain = "an error"
    written = [operand.tolist() for operand in operands if type(operand) is np.ndarray]
    return None if tally.counts else (plain, written)


def numbers_in(result, depth=0):
    if isinstance(result, (oc.Array, oc.Scalar)) or depth > 4:
        return []
    if isinstance(result, np.ndarray) and result.dtype.kind in "fciu":
        return np.ma.getdata(result).tolist()
    if isinstance(result, (float, complex, np.floating, np.complexfloating)):
        return [repr(result)]
    if isinstance(result, (list, tuple, np.ndarray)) or hasattr(result, "__next__"):
        return [numbers_in(item, depth + 1) for item in itertools.islice(iter(result), 20)]
    return []


SECRETS = np.array([3.25, 1.5, 2.75]), np.array([0.75, 4.5, -1.25])


def leaks(function):
    """Whether a call tells one secret from another, each time it is asked."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for call in CALLS:
            one, other = (seen_outside(function, call, secret) for secret in SECRETS)
            if None not in (one, other) and repr(one) != repr(other):
                again = [seen_outside(function, call, secret) for secret in SECRETS]
                if repr(again) == repr([one, other]):  # else it is random, or memory that was never written
                    return True
    return False


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The chararray class is deprecated:DeprecationWarning")  # from NumPy 2.5 on
def test_no_function_of_numpy_lets_a_value_out_uncounted():
    walked = functions_of(MODULES)
    assert len(walked) > 800
    assert [function for function in walked if leaks(function)] == []


def test_the_walk_catches_a_door_left_open():
    assert not leaks(np.ma.multiply) and not leaks(math.sin) and not leaks(np.ma.sum)
    with planted(oc.Array, __array__=lambda self, dtype=None, copy=None: self._plain()):
        assert leaks(np.asarray) and leaks(np.ma.sum)
