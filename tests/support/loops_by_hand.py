"""Loops by hand: what NumPy's functions execute, one number after the other.

They take numbers in object arrays, wrapped or plain. What they return matters to each other alone:
the operations that they execute on wrapped numbers count, and are the truth for the table of rules.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator

import numpy as np
import pytest
from numpy._core import einsumfunc

import opcount as oc
from opcount.counting.tally import record
from opcount.wrapping.wrapped import Wrapped

NUMPY = tuple(map(int, np.__version__.split(".")[:2]))


def wrapped_whole(array):
    """An array of wrapped numbers alone, where there is one in it."""
    is_mixed = array.dtype == object and any(isinstance(item, Wrapped) for item in array.flat)
    return oc.wrap(array) if is_mixed else array


def without(keywords, *names):
    return {key: value for key, value in keywords.items() if key not in names}


def one(kind, function):
    """An operation that wrapped numbers do not have themselves: counted once, and executed."""

    def operation(*operands):
        if any(isinstance(operand, Wrapped) for operand in operands):
            record({kind: 1})
        result = function(*map(oc.unwrap, operands))
        return result if isinstance(result, (bool, np.bool_)) else oc.wrap(float(result))

    return operation


isnan, isinf, isfinite, signbit = (
    one(kind, getattr(np, kind)) for kind in ("isnan", "isinf", "isfinite", "signbit")
)  # fmt: skip


def each(function, *operands):
    """An operation on each element of what they broadcast to."""
    return np.asarray(np.frompyfunc(function, len(operands), 1)(*operands))


def nonzero(mask):
    """The truth of each element: of a wrapped number a comparison with zero."""
    return mask if mask.dtype == bool else each(lambda x: x != 0, mask).astype(bool)


def lanes(a, axis=None, where=True):
    """The elements that a reduction joins, for each of its results."""
    places = range(a.ndim) if axis is None or not a.ndim else [place % a.ndim for place in np.atleast_1d(axis)]
    rest = [size for place, size in enumerate(a.shape) if place not in places]
    number = math.prod(a.shape[place] for place in places)
    rows, masks = (
        np.moveaxis(part, list(places), range(-len(places), 0)).reshape(math.prod(rest), number)
        for part in (a, np.broadcast_to(where, a.shape))
    )
    return [list(row[mask]) for row, mask in zip(rows, masks, strict=True)]


def wrapped_one(number):
    """A wrapped number of a number, or of one in an array."""
    return oc.wrap(number[()] if isinstance(number, np.ndarray) else number)


def joined(operation):
    def by_hand(a, axis=None, where=True, initial=None, **_):
        for lane in lanes(a, axis, where):
            if lane or initial is not None:
                functools.reduce(operation, lane if initial is None else [wrapped_one(initial), *lane])

    return by_hand


def joined_truths(operation):
    """The truth of each lane: of one number alone it is a comparison with 0."""

    def by_hand(a, axis=None, where=True, **_):
        for lane in lanes(a, axis, where):
            if len(lane) == 1:
                _ = lane[0] != 0
            elif lane:
                functools.reduce(operation, lane)

    return by_hand


def greater(x, y):
    return x if x >= y else y


def smaller(x, y):
    return x if x <= y else y


def total(numbers):
    """Their sum; of none it is a zero, and wrapped."""
    return functools.reduce(operator.add, numbers) if numbers else oc.wrap(0.0)


def mean(a, axis=None, where=True, **_):
    return [total(lane) / max(len(lane), 1) for lane in lanes(a, axis, where)]


def variance(a, axis=None, where=True, mean=None, everywhere=True, **_):
    """NumPy's var has the deviations and squares of all numbers, its nanvar of those that `where` selects."""
    results = []
    means = np.ravel(mean).tolist() if mean is not None else itertools.repeat(None)
    for middle, lane, taken in zip(means, lanes(a, axis), lanes(a, axis, where), strict=mean is not None):
        middle = total(taken) / max(len(taken), 1) if middle is None else middle
        deviations = [x - middle for x in (lane if everywhere else taken)]
        squares = [x * x for x in deviations]
        results.append(total(squares[: len(taken)]) / max(len(taken), 1))
    return results


def deviation(*args, **options):
    return [np.sqrt(result) for result in variance(*args, **options)]


def nan_first(by_hand, **options):
    """The same, after nan was replaced."""

    def by(a, axis=None, **keywords):
        each(isnan, a)
        return by_hand(a, axis, **keywords, **options)

    return by


def objects_or(function, by_hand):
    """NumPy's own loop over objects, but for what it does not take: a mask, an initial number, nothing at all."""

    def by(a, *args, **options):
        special = options.keys() & {"where", "initial", "mean"} or not a.ndim or not a.size
        return (by_hand if special else function)(a, *args, **options)

    return by


def nan_extreme(kind, function):
    combine = one(kind, function)

    def by_hand(a, axis=None, where=True, initial=None, **_):
        for lane in lanes(a, axis, where):
            isnan(functools.reduce(combine, lane if initial is None else [wrapped_one(initial), *lane]))

    return by_hand


def count_nonzero(a, axis=None, **_):
    for lane in lanes(a, axis):
        for x in lane:
            _ = x != 0
        total([oc.wrap(1) for x in lane])


def clip(a, a_min=None, a_max=None, min=None, max=None, **_):
    low, high = (b if a is None else a for a, b in ((a_min, min), (a_max, max)))
    bounds = [bound for bound in (low, high) if bound is not None]
    if not bounds:
        return
    for x, *limits in zip(*map(np.ravel, np.broadcast_arrays(a, *bounds)), strict=True):
        for bound, function in ((low, np.maximum), (high, np.minimum)):
            if bound is not None:
                x = function(x, limits[0] if bound is low else limits[-1])


def infinite(a, **_):
    for x in a.flat:
        isinf(x)
        signbit(x)


def nan_to_num(x, **_):
    for number in x.flat:
        for test in (isnan, isinf, signbit, isinf, signbit):
            test(number)


def sinc(x):
    for number in x.flat:
        y = math.pi * number
        _ = y != 0
        np.sin(y) / y


def angle(z, deg=False):
    for x in z.flat:
        result = np.arctan2(0.0, x)
        if deg:
            result * (180 / math.pi)


def isclose(a, b, rtol=1e-5, atol=1e-8, equal_nan=False):
    if NUMPY >= (2, 3):
        for tolerance in (rtol, atol):
            each(isfinite, tolerance)
    each(isfinite, b)
    sizes, limits = each(abs, each(operator.sub, a, b)), each(operator.mul, rtol, each(abs, b))
    each(np.less_equal, sizes, each(operator.add, atol, limits))
    each(operator.eq, a, b)
    if equal_nan:
        each(isnan, a)
        each(isnan, b)


def array_equal(a1, a2, equal_nan=False):
    if a1.shape != a2.shape:
        return
    if equal_nan:
        missing = [each(isnan, a).astype(bool) for a in (a1, a2)]
        if (missing[0] != missing[1]).any():
            return
        a1, a2 = a1[~missing[0]], a2[~missing[0]]
    each(operator.eq, a1, a2)


def gradient(f, *spacings, axis=None, edge_order=1):
    """NumPy's formulas of first and of second order, number by number; what is of the places alone, once an axis."""
    axes = range(f.ndim) if axis is None else [place % f.ndim for place in np.atleast_1d(axis)]
    given = spacings * len(axes) if len(spacings) == 1 else spacings or [1.0] * len(axes)
    for place, spacing in zip(axes, given, strict=True):
        h = differences(spacing)
        n = f.shape[place]
        uneven = isinstance(h, list)
        weights = {}
        if uneven:
            for i in range(1, n - 1):
                a, b = h[i - 1], h[i]
                weights[i] = -b / (a * (a + b)), (b - a) / (a * b), a / (b * (a + b))
        if edge_order == 2 and uneven:
            a, b = h[0], h[1]
            weights[0] = -(2.0 * a + b) / (a * (a + b)), (a + b) / (a * b), -a / (b * (a + b))
            a, b = h[-2], h[-1]
            weights[n - 1] = b / (a * (a + b)), -(b + a) / (a * b), (2.0 * b + a) / (b * (a + b))
        elif edge_order == 2:
            weights[0], weights[n - 1] = (-1.5 / h, 2.0 / h, -0.5 / h), (0.5 / h, -2.0 / h, 1.5 / h)
        twice = None if uneven else 2.0 * h
        for lane in lanes(f, place):
            for i in range(n):
                if i in weights:
                    first = min(max(i - 1, 0), n - 3)
                    a, b, c = (w * x for w, x in zip(weights[i], lane[first : first + 3], strict=True))
                    a + b + c
                elif 0 < i < n - 1:
                    (lane[i + 1] - lane[i - 1]) / twice
                else:
                    end = min(i, n - 2)
                    (lane[end + 1] - lane[end]) / (h[end] if uneven else h)


def differences(spacing):
    """A number, or a list of differences; of places that are evenly spaced it is one number too."""
    if not np.ndim(spacing):
        return spacing[()] if isinstance(spacing, np.ndarray) else spacing
    steps = [b - a for a, b in itertools.pairwise(spacing)]
    even = [step == steps[0] for step in steps]
    return steps[0] if all(even) else steps


def interp(x, xp, fp, left=None, right=None):
    """`arr_interp` and its search, as NumPy's compiled_base.c has them."""
    n = len(xp)
    points = list(map(np.float64, np.ravel(x))) if x.dtype != object else list(np.ravel(x))
    xp, fp = (list(part) if part.dtype == object else list(map(np.float64, part)) for part in (xp, fp))
    slopes = None
    if 1 < n <= len(points):
        slopes = [(fp[i + 1] - fp[i]) / (xp[i + 1] - xp[i]) for i in range(n - 1)]
    j = 0
    for z in points:
        if n == 1:
            if not z < xp[0]:
                _ = z > xp[0]
            continue
        if isnan(z):
            continue
        j = search(z, xp, n, j)
        if j in (-1, n - 1, n) or xp[j] == z:
            continue
        slope = slopes[j] if slopes is not None else (fp[j + 1] - fp[j]) / (xp[j + 1] - xp[j])
        result = slope * (z - xp[j]) + fp[j]
        if isnan(result):
            result = slope * (z - xp[j + 1]) + fp[j + 1]
            if isnan(result):
                _ = fp[j] == fp[j + 1]


def search(key, array, n, guess):
    if key > array[n - 1]:
        return n
    if key < array[0]:
        return -1
    if n <= 4:
        i = 1
        while i < n and key >= array[i]:
            i += 1
        return i - 1
    if guess > n - 3:
        guess = n - 3
    if guess < 1:
        guess = 1
    low, high = 0, n
    if key < array[guess]:
        if key < array[guess - 1]:
            high = guess - 1
            if guess > 8 and key >= array[guess - 8]:
                low = guess - 8
        else:
            return guess - 1
    elif key < array[guess + 1]:
        return guess
    elif key < array[guess + 2]:
        return guess + 1
    else:
        low = guess + 2
        if guess < n - 8 - 1 and key < array[guess + 8]:
            high = guess + 8
    while low < high:
        middle = low + ((high - low) >> 1)
        if key >= array[middle]:
            low = middle + 1
        else:
            high = middle
    return low - 1


def cov(m, y=None, rowvar=True, bias=False, ddof=None, fweights=None, aweights=None):
    """Each mean, each deviation, and a sum of products for each pair; an array is wrapped as a whole."""
    rows = np.atleast_2d(m)
    if not rowvar and (m.ndim if NUMPY >= (2, 2) else len(rows)) != 1:
        rows = rows.T
    if y is not None:
        y = np.atleast_2d(y)
        rows = np.concatenate((rows, y.T if not rowvar and y.shape[0] != 1 else y))
    rows = wrapped_whole(rows)
    weights = None
    if fweights is not None:
        for weight in fweights:
            _ = weight == np.rint(weight)
            _ = weight < 0
        weights = fweights
    if aweights is not None:
        for weight in aweights:
            _ = weight < 0
        weights = aweights if weights is None else weights * aweights
    ddof = int(not bias) if ddof is None else ddof
    if weights is None:
        means = [total(list(row)) / len(row) for row in rows]
        factor = rows.shape[1] - ddof
    else:
        size = total(list(weights))
        _ = size == 0.0
        means = [total([x * w for x, w in zip(row, weights, strict=True)]) / size for row in rows]
        factor = size
        if ddof and aweights is None:
            factor = size - ddof
        elif ddof:
            factor = size - ddof * total(list(weights * aweights)) / size
    _ = factor <= 0
    inverse = 1 / factor if oc.unwrap(factor) > 0 else math.inf
    away = np.array([[x - middle for x in row] for row, middle in zip(rows, means, strict=True)], dtype=object)
    weighted = away if weights is None else away * weights
    return np.array([[total(list(one * other)) * inverse for other in weighted] for one in away], dtype=object)


def corrcoef(x, y=None, rowvar=True):
    c = cov(x, y, rowvar)
    if c.shape == (1, 1):
        c / c
        return
    roots = np.sqrt(np.diag(c))
    clip(c / roots[:, None] / roots[None, :], -1, 1)


def linspace(*args, dtype=None, **options):
    y = np.linspace(*args, **without(options, "retstep"))
    if dtype == "l":
        each(np.floor, wrapped_whole(y))


def logspace(start, stop, num=50, endpoint=True, base=10.0, axis=0):
    if np.ndim(base):
        base = np.expand_dims(base, axis)
    np.power(base, wrapped_whole(np.linspace(start, stop, num, endpoint, axis=axis)))


def geomspace(start, stop, num=50, endpoint=True):
    start, stop = map(np.asarray, (start, stop))
    for end in (start, stop):
        each(lambda x: x == 0, end)
    sign = each(np.sign, start)
    ends = [each(np.log10, each(operator.truediv, end, sign)) for end in (start, stop)]
    exponents = wrapped_whole(np.linspace(*map(np.asarray, ends), num, endpoint))
    each(operator.mul, wrapped_whole(np.asarray(each(lambda y: np.power(10.0, y), exponents))), sign)


def polymul(a1, a2):
    kept = []
    for a in map(np.atleast_1d, (a1, a2)):
        truths = nonzero(a)
        kept.append(a[np.argmax(truths) :] if truths.any() else np.zeros(1))
    np.convolve(*kept)


# contractions
def contracted(subscripts, *operands, **_):
    """`c_einsum`: from left to right a product for each combination of indices, and the sum of those of a result."""
    inputs, output = subscripts.split("->")
    terms = inputs.split(",")
    sizes = {}
    for term, operand in zip(terms, operands, strict=True):
        for index, size in zip(term, operand.shape, strict=True):
            sizes[index] = size if sizes.get(index, 1) == 1 else sizes[index]
    result = np.zeros([sizes[index] for index in output], object)
    seen = set()
    for values in itertools.product(*map(range, sizes.values())):
        at = dict(zip(sizes, values, strict=True))
        product = functools.reduce(operator.mul, [
            operand[tuple(at[index] if size > 1 else 0 for index, size in zip(term, operand.shape, strict=True))]
            for term, operand in zip(terms, operands, strict=True)
        ])  # fmt: skip
        place = tuple(at[index] for index in output)
        result[place] = result[place] + product if place in seen else product
        seen.add(place)
    return result


def einsum(*operands, **options):
    """NumPy's own steps, on numbers in object arrays; c_einsum, which starts each sum of objects from zero, by hand."""
    inputs, output, operands = einsumfunc._parse_einsum_input(operands)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(einsumfunc, "c_einsum", contracted)
        if hasattr(einsumfunc, "bmm_einsum"):  # of no dimensions left it makes a number, which has no flags
            pairwise = einsumfunc.bmm_einsum
            patch.setattr(einsumfunc, "bmm_einsum", lambda *args, **keywords: np.asarray(pairwise(*args, **keywords)))
        np.einsum(f"{inputs}->{output}", *operands, **options)
