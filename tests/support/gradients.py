"""Functions whose gradients are asked for in more than one file."""

from __future__ import annotations

import numpy as np

import opcount as oc

METHODS = list(oc.METHODS)
CHAIN_RULE = [method for method in METHODS if method != "finite-difference"]
POLYNOMIAL = [method for method in CHAIN_RULE if "naive" not in method]


def numbers(structure):
    """The numbers in a gradient, flat."""
    if isinstance(structure, dict):
        return [n for item in structure.values() for n in numbers(item)]
    if isinstance(structure, (list, tuple)):
        return [n for item in structure for n in numbers(item)]
    return structure.ravel().tolist() if isinstance(structure, np.ndarray) else [structure]


def newton(x):
    """The square root of x by as many steps as it takes: control flow on values, a loop, a repeated variable."""
    guess = x
    while abs(guess * guess - x) > 1e-9:
        guess = (guess + x / guess) / 2
    return guess


def total(x):
    """The sum of all numbers in a structure of wrapped ones."""
    found = [number for leaf in numbers(x) for number in (leaf.ravel() if np.ndim(leaf) else [leaf])]
    result = found[0]
    for number in found[1:]:
        result = result + number
    return result
