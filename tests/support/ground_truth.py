"""What NumPy's loops over wrapped numbers execute is the truth for what the table of functions counts.

An object array of wrapped numbers is the ground truth: NumPy works through it by loops of its own,
and each operation counts where it is executed. A call is drawn at random, executed on plain arrays
for its value, on Arrays, and on object arrays; each subset of its arguments is wrapped in turn, so
that what is done to plain data is seen not to count. What objects have no loop for is written as a
loop by hand.
"""

from __future__ import annotations

import contextlib
import inspect
import itertools
import warnings
from collections import Counter

import numpy as np
import pytest

import opcount as oc
from opcount.functions.rows import function_named
from tests.support import loops_by_hand as hand
from tests.support import rows
from tests.support.draws import OUT
from tests.support.same import assert_same

NOTHING = oc.Counts()


FORM = frozenset({"dtype", "keepdims", "out", "returned", "like"})
"""Keywords of the form of a result: most change no count, and not every loop for objects takes them."""
CONSTANT = frozenset({"ord", "q", "weights", "sorter", "range"})
"""Keywords that are never wrapped."""
NUMBERS = frozenset({"linspace", "logspace", "geomspace", "isclose", "allclose", "where"})
"""Functions that a wrapped number alone makes dispatch."""
FIRST = {*rows.WRITING, "at", "nanvar", "nanstd", "polyint"}
"""Functions that are not asked about wrapped values if their first argument is none."""


def leaves(value):
    """The arrays and floats in the arguments of a call, which are what can be wrapped."""
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in leaves(item)]
    if isinstance(value, dict):
        return [leaf for key, item in value.items() if key not in CONSTANT for leaf in leaves(item)]
    return [value] if isinstance(value, (np.ndarray, float)) else []


def replaced(value, leaf):
    """The same arguments with `leaf(x)` for each array and float."""
    if isinstance(value, (list, tuple)):
        return type(value)(replaced(item, leaf) for item in value)
    if isinstance(value, dict):
        return {key: item if key in CONSTANT else replaced(item, leaf) for key, item in value.items()}
    return leaf(value) if isinstance(value, (np.ndarray, float)) else value


def copied(leaf):
    return leaf.copy() if isinstance(leaf, np.ndarray) else leaf


def wrapped_at(places, how):
    """What wraps the leaves at these places of a call, one after the other, and copies the others."""
    seen = itertools.count()
    return lambda leaf: how(leaf) if next(seen) in places else copied(leaf)


def as_objects(leaf):
    """Wrapped numbers in an object array; truth values, which are control flow, stay plain."""
    if isinstance(leaf, np.ndarray) and leaf.dtype == bool:
        return leaf.copy()
    return oc.wrap(np.asarray(leaf, dtype=object))


def subsets(call, name):
    """Which leaves to wrap: all subsets where there are few, else all, and each one alone."""
    found = leaves(call)
    for size in range(1, len(found) + 1) if len(found) <= 3 else (1, len(found)):
        for places in itertools.combinations(range(len(found)), size):
            arrays = [found[place] for place in places if isinstance(found[place], np.ndarray)]
            dispatches = any(array.dtype != bool for array in arrays) or (name in NUMBERS and not arrays)
            if dispatches and not (name in FIRST and 0 not in places):
                yield frozenset(places)


def outcome(function, args, keywords):
    """The result, or the error; and the kinds of warnings."""
    with warnings.catch_warnings(record=True) as heard, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        try:
            result = function(*args, **keywords)
        except Exception as error:
            result = error
    return result, {warning.category for warning in heard}


def identical(counts):
    return Counter(counts)


def check_call(name, call, by=None, same=identical, function=None, joining=None):
    """Value, type and error are NumPy's; the counts are those of object arrays, or of a loop `by` hand."""
    function = function or function_named(name)
    args, keywords = call
    call = args, {key: value for key, value in keywords.items() if value is not OUT}
    into = {}
    if len(call[1]) < len(keywords):
        result, _ = outcome(function, *replaced(call, copied))
        into = {"out": np.zeros_like(np.asarray(0.0 if isinstance(result, Exception) else result))}
    before = replaced(call, copied)
    expected, warned = outcome(function, before[0], before[1] | replaced(into, copied))
    for places in subsets(call, name):
        taken, out = replaced(call, wrapped_at(places, oc.wrap)), replaced(into, oc.wrap)
        with oc.count() as tally:
            found, heard = outcome(function, taken[0], taken[1] | out)
        if isinstance(expected, Exception):
            assert type(found) is type(expected), f"{places}: {found!r}, not {expected!r}"
            assert tally.counts == NOTHING, f"{places}: counted in spite of {expected!r}"
            continue
        assert not isinstance(found, Exception), f"{places}: {found!r}"
        if into:
            assert found is out["out"]
            found, expected = found[...], np.asarray(expected)
        assert_same(found, expected)
        for one, other in zip(leaves(oc.unwrap(taken)), leaves(before), strict=True):
            assert_same(one, other)
        assert heard == warned, (heard, warned)
        truth = executed(by or function, call, places, joining or as_a_whole)
        assert same(tally.counts) == same(truth), f"{places}: counted {tally.counts!r}, executed {truth!r}"


def executed(function, call, places, joining):
    """What a loop over objects executes, within the context of `joining()`."""
    args, keywords = replaced(call, wrapped_at(places, as_objects))
    takes = inspect.signature(function).parameters if inspect.isfunction(function) else {}
    options = {key: value for key, value in keywords.items() if key not in FORM or key in takes}
    with oc.count() as tally, joining():
        result, _ = outcome(function, args, options)
    if isinstance(result, Exception):
        raise result
    return tally.counts


@contextlib.contextmanager
def as_a_whole():
    """What NumPy joins to wrapped numbers, or writes among them, is wrapped too: an Array is so as a whole."""
    concatenate, copyto = np.concatenate, np.copyto

    def joined(arrays, *args, **keywords):
        return hand.wrapped_whole(concatenate(arrays, *args, **keywords))

    def written(target, source, *args, **keywords):
        copyto(target, as_objects(source) if target.dtype == object else source, *args, **keywords)

    with pytest.MonkeyPatch.context() as patch:
        for module in (np, np._core.numeric):
            patch.setattr(module, "concatenate", joined)
            patch.setattr(module, "copyto", written)
        yield
