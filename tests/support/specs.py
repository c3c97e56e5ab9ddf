"""Specs: what is compared with arrays, and how."""

from __future__ import annotations

import numpy as np
from hypothesis import settings

import opcount as oc
from tests.support.draws import RANDOM

SAMPLES = settings(RANDOM, max_examples=12)


def form(result):
    """The shape and dtype of a result, of each part of it; a number has the shape ()."""
    result = oc.unwrap(result)
    if isinstance(result, (tuple, list)):
        return [type(result), *map(form, result)]
    if result is None or isinstance(result, (type, np.dtype, str)):
        return result
    if isinstance(result, (int, float, complex, np.generic)):
        result = np.asarray(result)
    return result.shape, result.dtype


NN, NM, MK, KN = ("n", "n"), ("n", "m"), ("m", "k"), ("k", "n")
X, S, V = oc.spec((3, 4)), oc.spec(()), oc.spec("n")
