"""np.einsum: its subscripts, in either spelling, and what a contraction costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Set
from string import ascii_letters, ascii_lowercase, ascii_uppercase
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike

from opcount.counting.errors import InvalidValue
from opcount.counting.symbolic import are_numbers, is_long, positive_part
from opcount.functions.op_counts import OpCounts, asks_for_complex, expanded, is_complex
from opcount.functions.rows import DESCRIPTION, FREE, MOVES, NUMPY, Function, Seeing
from opcount.wrapping.stand_ins import EXACT, SMALL

Terms = list[tuple[str, Any]]
"""The operands of einsum, each with a letter for each axis."""


def subscripts(operands: tuple[Any, ...], shape_of: Callable[[Any], tuple[Any, ...]] = np.shape) -> tuple[Terms, str]:
    """The operands with a letter for each axis, and the letters of the result, in either spelling of einsum."""
    if isinstance(operands[0], str):
        text, arrays = operands[0].replace(" ", ""), operands[1:]
        inputs, arrow, output = text.partition("->")
        spelled, result = inputs.split(","), output if arrow else None
    else:
        arrays = operands[:-1:2] if len(operands) % 2 else operands[::2]
        spelled = list(map(_letters, operands[1::2]))
        result = _letters(operands[-1]) if len(operands) % 2 else None
    beyond = [len(shape_of(array)) - len(term.replace("...", "")) for term, array in zip(spelled, arrays, strict=True)]
    dots = ""
    if (most := max(beyond)) > 0:
        used = {*"".join(spelled), *(result or "")}
        dots = "".join([letter for letter in ascii_letters if letter not in used][:most])
    terms = [
        (term.replace("...", dots[len(dots) - axes :] if axes else ""), array)
        for term, array, axes in zip(spelled, arrays, beyond, strict=True)
    ]
    if result is None:
        everything = "".join(spelled).replace("...", "")
        result = "..." + "".join(sorted(label for label in set(everything) if everything.count(label) == 1))
    return terms, result.replace("...", dots)


def _letters(labels: Any) -> str:
    each = ascii_uppercase + ascii_lowercase
    return "".join("..." if label is Ellipsis else each[label] for label in labels)


# --- counts

_Term = tuple[dict[str, int], bool]
"""The labels of an operand with their sizes, and whether it is wrapped."""


def _einsum(wrapped: Set[Any], *operands: object, out: object = None, optimize: object = False,
            dtype: DTypeLike | None = None, **_: object) -> OpCounts:  # fmt: skip
    """The products over all labels and the sums for each result, of each contraction that is executed.

    Without `optimize` all operands are contracted at once, by k - 1 products from left to
    right for each combination of labels; with it, in the steps of `np.einsum_path`.
    """
    arrays, result = subscripts(operands)
    first, apart = (1, 1) if isinstance(operands[0], str) else (0, 2)
    terms = [
        (dict(zip(labels, np.shape(array), strict=True)), first + apart * at in wrapped)
        for at, (labels, array) in enumerate(arrays)
    ]
    path: list[Any] = [tuple(range(len(terms)))]
    if optimize is not False and len(terms) > 2:
        path = _path(operands, terms, optimize)
    products = sums = 0
    for positions in path:
        taken = [terms.pop(position) for position in sorted(positions, reverse=True)]
        if optimize is False:
            taken.reverse()
        needed = {*result, *(label for sizes, _ in terms for label in sizes)}
        if len(taken) == 2 and optimize is not False and NUMPY >= (2, 4):  # it sums each by itself where it can
            long = [{label for label, size in sizes.items() if is_long(size)} for sizes, _ in taken]
            kept = [needed | labels for labels in reversed(long)]
            partly = [_contracted([term], labels) for term, labels in zip(taken, kept, strict=True)]
            taken = [term for term, _, _ in partly]
            sums += sum(added for _, _, added in partly)
        term, more, added = _contracted(taken, needed)
        terms.append(term)
        products += more
        sums += added
    counts: OpCounts = {"mul": products, "add": sums}
    return expanded(counts) if any(map(is_complex, operands)) or asks_for_complex({"dtype": dtype}) else counts


def _path(operands: tuple[Any, ...], terms: list[_Term], optimize: Any) -> list[Any]:
    """The steps of a product of several arrays: as the user gives them, or as NumPy chooses them by the sizes."""
    if not isinstance(optimize, (bool, str)) and optimize and optimize[0] == "einsum_path":
        return list(optimize[1:])
    if not all(are_numbers(sizes.values()) for sizes, _ in terms):
        raise InvalidValue(
            "the order in which np.einsum joins more than two arrays depends on the sizes: give numbers for them, or "
            'the order, as in optimize=["einsum_path", (0, 1), (0, 1)]'
        )
    chosen: list[Any] = np.einsum_path(*operands, optimize=optimize)[0][1:]
    return chosen


def _contracted(terms: list[_Term], needed: set[str]) -> tuple[_Term, int, int]:
    """What a contraction leaves, and how many products and sums of wrapped numbers it executes."""
    sizes: dict[str, int] = {}
    for term, _ in terms:
        for label, size in term.items():
            sizes[label] = size if sizes.get(label, 1) == 1 else sizes[label]
    left = {label: size for label, size in sizes.items() if label in needed}
    everything, results = math.prod(sizes.values()), math.prod(left.values())
    first = next((position for position, (_, is_wrapped) in enumerate(terms) if is_wrapped), None)
    if first is None:
        return (left, False), 0, 0
    products = (len(terms) - max(first, 1)) * everything  # those before it are of plain numbers
    return (left, True), products, positive_part(everything - results)


ROWS: Final = (
    Function("einsum", Seeing(_einsum), SMALL, "einsum"),
    Function("einsum_path", FREE, EXACT, MOVES, gives=DESCRIPTION),
)
