"""What the tests mean by the same result."""

import numpy as np

import opcount as oc


def assert_same(found, expected):
    """The same bits, shape, dtype and type, once unwrapped."""
    if isinstance(expected, (tuple, list)):
        assert type(found) is type(expected) and len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
        return
    plain = oc.unwrap(found)
    assert type(plain) is type(expected), (type(plain), type(expected))
    if isinstance(expected, np.ndarray):
        assert plain.dtype == expected.dtype and plain.shape == expected.shape, (plain, expected)
    np.testing.assert_array_equal(plain, expected)
    if np.asarray(expected).dtype.kind == "f":
        there = ~np.isnan(expected)
        np.testing.assert_array_equal(np.signbit(plain)[there], np.signbit(expected)[there])
