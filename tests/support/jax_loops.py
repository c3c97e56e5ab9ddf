"""What JAX's primitives execute, one number after the other: loops on wrapped numbers, which count for themselves.

They are written from the definition of each primitive and know nothing of shapes, formulas or JAX.
"""

from __future__ import annotations

import itertools
import math
import operator

import numpy as np

import opcount as oc


def loops(array):
    """The numbers of an array, wrapped one by one."""
    return oc.wrap(np.asarray(array, dtype=object))


def joined(numbers, join):
    """The numbers joined one after the other; None if there are none."""
    found = None
    for number in numbers:
        found = number if found is None else join(found, number)
    return found


def slid(shape, window, strides, padding, base_dilation, window_dilation):
    """For each result, the index of each tap and that of the element of the data that it meets."""
    spans = [(size - 1) * dilation + 1 if size else 0 for size, dilation in zip(shape, base_dilation, strict=True)]
    reaches = [(size - 1) * dilation + 1 if size else 0 for size, dilation in zip(window, window_dilation, strict=True)]
    results = [
        max((span + low + high - reach) // stride + 1, 0) if span + low + high >= reach else 0
        for span, reach, stride, (low, high) in zip(spans, reaches, strides, padding, strict=True)
    ]
    for result in itertools.product(*map(range, results)):
        met = []
        for tap in itertools.product(*map(range, window)):
            at = [
                p * stride - low + t * dilation
                for p, stride, (low, _), t, dilation in zip(result, strides, padding, tap, window_dilation, strict=True)
            ]
            # negative padding cuts data off: what is before the first result's reach is never met
            inside = all(
                0 <= a < span + min(high, 0) and a >= -min(low, 0) and a % dilation == 0
                for a, span, (low, high), dilation in zip(at, spans, padding, base_dilation, strict=True)
            )
            if inside:
                met.append((tap, tuple(a // dilation for a, dilation in zip(at, base_dilation, strict=True))))
        yield result, met


def convolution(x, w, strides, padding, base_dilation, window_dilation, groups=1, batch_groups=1):
    """A convolution in the layout NC..., OI..., with a product for each pair that meets."""
    x, w = loops(x), loops(w)
    number, channels = x.shape[:2]
    outs, ins = w.shape[:2]
    assert channels // groups == ins
    found = {}
    for n in range(number // batch_groups):
        for o in range(outs):
            group, batch_group = o // (outs // groups), o // (outs // batch_groups)
            row = x[batch_group * (number // batch_groups) + n]
            for result, met in slid(x.shape[2:], w.shape[2:], strides, padding, base_dilation, window_dilation):
                products = [row[(group * ins + i, *at)] * w[(o, i, *tap)] for i in range(ins) for tap, at in met]
                found[(n, o, *result)] = joined(products, operator.add)
    return found


def reduced_windows(x, join, window, strides, padding, base_dilation, window_dilation):
    x = loops(x)
    return {
        result: joined([x[at] for _, at in met], join)
        for result, met in slid(x.shape, window, strides, padding, base_dilation, window_dilation)
    }


def scattered_windows(source, x, window, strides, padding):
    """The sources, each added where its window has its largest element."""
    x, source = loops(x), loops(source)
    ones = (1,) * x.ndim
    found = np.zeros(x.shape, object)
    for result, met in slid(x.shape, window, strides, padding, ones, ones):
        if not met:
            continue
        best = met[0][1]
        for _, at in met[1:]:
            best = best if x[best] >= x[at] else at
        found[best] = found[best] + source[result]
    return found


def dot_general(a, b, contracting, batch):
    a, b = loops(a), loops(b)
    free_a = [axis for axis in range(a.ndim) if axis not in (*contracting[0], *batch[0])]
    free_b = [axis for axis in range(b.ndim) if axis not in (*contracting[1], *batch[1])]
    found = {}
    for shared in itertools.product(*(range(a.shape[axis]) for axis in batch[0])):
        for rows in itertools.product(*(range(a.shape[axis]) for axis in free_a)):
            for columns in itertools.product(*(range(b.shape[axis]) for axis in free_b)):
                products = []
                for along in itertools.product(*(range(a.shape[axis]) for axis in contracting[0])):
                    first = dict(zip((*batch[0], *free_a, *contracting[0]), (*shared, *rows, *along), strict=True))
                    second = dict(zip((*batch[1], *free_b, *contracting[1]), (*shared, *columns, *along), strict=True))
                    products.append(
                        a[tuple(first[axis] for axis in range(a.ndim))]
                        * b[tuple(second[axis] for axis in range(b.ndim))]
                    )
                found[(*shared, *rows, *columns)] = joined(products, operator.add)
    return found


def reduced(x, join, axes):
    x = loops(x)
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    length = math.prod(x.shape[axis] for axis in axes)
    lanes = np.moveaxis(x, kept, range(len(kept))).reshape([x.shape[axis] for axis in kept] + [length])
    return [joined(lanes[index], join) for index in np.ndindex(*lanes.shape[:-1])]


def running(x, join, axis):
    lanes = np.moveaxis(loops(x), axis, -1)
    return [list(itertools.accumulate(lanes[index], join)) for index in np.ndindex(*lanes.shape[:-1])]


def substituted(a, b, unit):
    """The solution of a lower triangular system for each column of b."""
    a, b = loops(a), loops(b)
    n, columns = b.shape
    x = np.empty((n, columns), object)
    for column in range(columns):
        for i in range(n):
            left = b[i, column]
            for j in range(i):
                left = left - a[i, j] * x[j, column]
            x[i, column] = left if unit else left / a[i, i]
    return x
