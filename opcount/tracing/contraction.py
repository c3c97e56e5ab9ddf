"""The contraction: a derivative times an array of numbers, summed over the axes that the result does not have.

Products of matrices and vectors, and whatever else einsum writes with two operands, are edges that contract. What is
structural is free here too: `contracted` counts, for each result, the terms that are not structural zeros.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np

from opcount.arrays.scalar import wrapped
from opcount.counting.meters import charge, meter
from opcount.tracing.indexed import masked
from opcount.tracing.structural import (
    NUMBER,
    Structured,
    of_nodes,
    plain_of,
    repeats,
    reshaped,
    spread,
    states_of,
    structured,
    summed,
    times,
    turned,
    zeroed,
)
from opcount.tracing.units import Unit
from opcount.wrapping.trees import shape_of


def contracted(
    derivative: Any,
    other: Any,
    labels: tuple[str, str, str],
    sizes: Mapping[str, Any],
    multiply: Callable[[Any, Any], Any] | None = None,
    kept: np.ndarray | None = None,
) -> Any:
    """The products of a derivative with an array of numbers, summed over the labels that the result lacks.

    `labels` names the axes of both and of the result as einsum does, `sizes` has their sizes; axes of
    length one are copied along. `multiply` executes it on plain arrays faster than einsum would. Only the
    elements that `kept` selects are computed, all if it is None.
    """
    mine, _, result = labels
    shape = tuple(sizes[label] for label in result)
    derivative = Structured(states_of(derivative, 0), None, ()) if type(derivative) is Unit else derivative
    derivative = spread(derivative, tuple(sizes[label] for label in mine))
    if of_nodes(derivative, other):
        return _of_nodes(derivative, other, labels, sizes, multiply, kept)
    execute = multiply or (lambda a, b: _einsum(a, b, labels, sizes))
    products, results = math.prod(sizes.values()), math.prod(shape)
    if type(derivative) is not Structured and kept is None:
        record_product(products, results)
        return wrapped(execute(derivative._plain(), other._plain()))

    states = states_of(derivative, len(mine))
    copies = math.prod(size for label, size in sizes.items() if label not in mine and label not in result)
    inside = tuple(axis for axis, label in enumerate(mine) if label not in result)
    copies = copies * repeats(states.shape, tuple(sizes[label] for label in mine), inside)

    def per_result(mask: np.ndarray) -> np.ndarray:
        """How many elements that the mask selects go into each result; an element that is repeated counts once."""
        counted = np.asarray(np.count_nonzero(mask, axis=inside))
        order = [label for label in mine if label in result]
        axes = [order.index(label) for label in result if label in order]
        wanted = [counted.shape[order.index(label)] if label in order else 1 for label in result]
        return counted.transpose(axes).reshape(wanted)

    terms = per_result(states != 0)
    chosen = terms > 0 if kept is None else (terms > 0) & kept
    small, multiples = chosen.shape, repeats(chosen.shape, shape)

    def total(counted: np.ndarray) -> Any:
        return int(np.sum(np.where(chosen, np.broadcast_to(counted, small), 0))) * copies * multiples

    charge({
        "mul": total(per_result(states == NUMBER)),
        "neg": total(per_result(states == -1)),
        "add": total(terms) - int(np.count_nonzero(chosen)) * multiples,
    })  # fmt: skip
    found = np.where(chosen, NUMBER, 0).astype(np.int8)
    if not chosen.any():
        return structured(found, None, shape)
    values = _executed(execute, plain_of(derivative), other._plain(), labels, states)
    return structured(found, wrapped(zeroed(values, found)), shape)


def _executed(
    execute: Callable[[Any, Any], Any], a: Any, b: Any, labels: tuple[str, str, str], states: np.ndarray
) -> Any:
    """The plain sums of products, in which a structural zero of a skips an infinity."""
    with np.errstate(invalid="ignore"):
        values = execute(a, b)
    if (states == 0).any() and isinstance(values, np.ndarray) and not np.isfinite(values).all():
        taken = np.broadcast_to(states != 0, shape_of(a))
        values = _skipping_zeros(np.where(taken, a, 0), b, labels, taken)
    return values


def _of_nodes(
    derivative: Any,
    other: Any,
    labels: tuple[str, str, str],
    sizes: Mapping[str, Any],
    multiply: Callable[[Any, Any], Any] | None,
    kept: np.ndarray | None,
) -> Any:
    """The contraction by its definition, in operations that an outer evaluation records: products, and their sums."""
    mine, others, result = labels
    if multiply is not None and type(derivative) is not Structured and kept is None:
        return multiply(derivative, other)
    everything = result + "".join(label for label in sizes if label not in result)
    whole = tuple(sizes[label] for label in everything)
    factors = []
    for factor, names in ((derivative, mine), (other, others)):
        order = [names.index(label) for label in everything if label in names]
        turn = partial(np.transpose, axes=order)
        factor = turned(factor, turn, tuple(shape_of(factor)[axis] for axis in order))
        shape = iter(shape_of(factor))
        factor = reshaped(factor, tuple(next(shape) if label in names else 1 for label in everything))
        factors.append(spread(factor, whole))
    if kept is not None:
        factors[0] = masked(factors[0], kept.reshape(kept.shape + (1,) * (len(everything) - len(result))))
    return summed(times(*factors), tuple(range(len(result), len(everything))))


def label_sizes(labels: Iterable[str], shapes: Iterable[tuple[Any, ...]]) -> dict[str, Any]:
    """The size of each label; an axis of length one is copied along those of the others."""
    sizes: dict[str, Any] = {}
    for names, shape in zip(labels, shapes, strict=True):
        for label, size in zip(names, shape, strict=True):
            if sizes.get(label, 1) == 1:
                sizes[label] = size
    return sizes


def record_product(products: Any, results: Any) -> None:
    """Count `products` products, and the additions that sum them to `results` results."""
    current = meter()
    if not current.at_once:
        charge({"mul": products, "add": products - results})
        return
    for bulk in current.bulk:
        bulk["mul"] += products
        bulk["add"] += products - results


def _skipping_zeros(a: Any, b: Any, labels: tuple[str, str, str], taken: Any) -> Any:
    """The sum of products in which an infinity may meet a structural zero, which is skipped instead of giving nan."""
    mine, others, result = labels
    summed_over = "".join(sorted({*mine, *others} - {*result}))
    all_labels = result + summed_over
    with np.errstate(invalid="ignore"):
        products = np.einsum(f"{mine},{others}->{all_labels}", a, b)
    met = np.einsum(f"{mine},{others}->{all_labels}", taken, np.ones(shape_of(b), bool))
    return np.where(met, products, 0).sum(axis=tuple(range(len(result), len(all_labels))))


def _einsum(a: Any, b: Any, labels: tuple[str, str, str], sizes: Mapping[str, Any]) -> Any:
    mine, others, result = labels
    there = "".join(label for label in result if label in mine + others)
    product = np.einsum(f"{mine},{others}->{there}", a, b, optimize=True)
    full = [sizes[label] if label in there else 1 for label in result]
    shape = tuple(sizes[label] for label in result)
    return np.broadcast_to(np.reshape(np.broadcast_to(product, tuple(sizes[label] for label in there)), full), shape)
