"""Why a library does not count what backprop counts: one row for each reason, with what each of its units changes.

The reasons were read off the libraries' own rules: the equations of `jax.make_jaxpr`, PyTorch's operators of backward
passes, autograd's functions. That these are all, and add up to the differences, is what the study tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

Changes = Mapping[str, int]  # of the counts, by kind
ALL: Final = ("JAX", "PyTorch", "autograd")
BOTH: Final = ALL[:2]
FORWARD: Final = "forward"
BACKWARD: Final = "backward"

# what sort of reason it is
SEED: Final = "the seed is multiplied"
FORMULA: Final = "another formula for the derivative of one operation"
CONSTANT: Final = "a constant that backprop differentiates"
ZEROS: Final = "arithmetic with zeros"
UNUSED: Final = "computed and never used"
AGAIN: Final = "forgotten and computed again"


class Reason(NamedTuple):
    """Why libraries differ from backprop in one part of a gradient: `each` has what one unit of a size changes."""

    libraries: Sequence[str]
    part: str
    sort: str
    what: str
    each: Mapping[str, Changes]


def over_rows(
    entries: Changes, rows: Changes | None = None, of: Sequence[str] = ("softmax", "fused", "picked")
) -> Mapping[str, Changes]:
    """The changes for each number, and for each row, of a softmax, and of a logarithm of one whose label is picked."""
    return {f"{name} {unit}": each for name in of for unit, each in (("entries", entries), ("rows", rows or {}))}


SOFTMAX: Final = ("softmax", "fused")
PICKED: Final = ("picked",)

REASONS: Final = (
    # forward
    Reason(
        BOTH,
        FORWARD,
        ZEROS,
        "the zeros of padding meet no weight, and NumPy's windows multiply them",
        {"padding": {"mul": -1, "add": -1}},
    ),
    Reason(("JAX",), FORWARD, FORMULA, "the maximum of a row starts from −∞", over_rows({}, {"maximum": 1})),
    Reason(
        BOTH,
        FORWARD,
        FORMULA,
        "fused attention multiplies the scores by 1 / √d in place of dividing them by √d",
        {"fused entries": {"mul": 1, "div": -1}},
    ),
    Reason(
        ("PyTorch",),
        FORWARD,
        FORMULA,
        "fused attention keeps the logarithm of a row's sum, which is all that it remembers of the weights",
        {"fused rows": {"log": 1, "add": 1}},
    ),
    # backward, everywhere
    Reason(
        ALL, BACKWARD, SEED, "the seed, a one, is multiplied by 2r for each squared residual r", {"squares": {"mul": 1}}
    ),
    Reason(ALL, BACKWARD, FORMULA, "log x: c / x in place of c · (1 / x)", {"logs": {"mul": -1}}),
    Reason(BOTH, BACKWARD, FORMULA, "x / a: c / a in place of c · (1 / a)", {"scaled": {"mul": -1}}),
    # backward, JAX and PyTorch
    Reason(
        BOTH,
        BACKWARD,
        ZEROS,
        "the zeros of padding meet no derivative, and NumPy's windows multiply them",
        {"padding": {"mul": -1, "add": -1}},
    ),
    Reason(
        BOTH,
        BACKWARD,
        CONSTANT,
        "the maximum that a softmax subtracts is not differentiated",
        over_rows({"add": -1, "neg": -1}),
    ),
    Reason(
        BOTH,
        BACKWARD,
        FORMULA,
        "fused attention multiplies by 1 / √d, which is no partial for each score",
        {"fused entries": {"div": -1}},
    ),
    # backward, JAX
    Reason(("JAX",), BACKWARD, FORMULA, "tanh: c(1 − y) + c(1 − y)y in place of c(1 − y·y)", {"tanh": {"add": 1}}),
    Reason(
        ("JAX",),
        BACKWARD,
        FORMULA,
        "relu: chosen by x > 0 in place of a product, and a tie is not halved",
        {"relu": {"mul": -1, "eq": -2, "gt": 1}},
    ),
    Reason(
        ("JAX",),
        BACKWARD,
        FORMULA,
        "e / s: −Σ c·s⁻²·e once a row in place of −y / s for each e",
        over_rows({"div": -1, "neg": -1}, {"mul": 1, "div": 1, "neg": 1}, SOFTMAX),
    ),
    Reason(
        ("JAX",),
        BACKWARD,
        UNUSED,
        "the derivative of the maximum, which is then dropped",
        over_rows({"eq": 1, "add": 1}, {"eq": 2, "div": 1, "add": -1}, SOFTMAX),
    ),
    Reason(
        ("JAX",),
        BACKWARD,
        ZEROS,
        "the derivative of the picked label is added in all the row",
        over_rows({"add": 1}, {"add": -1}, PICKED),
    ),
    # backward, PyTorch
    Reason(
        ("PyTorch",),
        BACKWARD,
        FORMULA,
        "relu: chosen by x ≤ 0 in place of a product, and a tie is not halved",
        {"relu": {"mul": -1, "eq": -2, "le": 1}},
    ),
    Reason(
        ("PyTorch",),
        BACKWARD,
        FORMULA,
        "softmax as one operation: y(c − Σ c·y)",
        over_rows({"mul": -1, "div": -2, "add": -1, "sub": 1, "neg": -1}, of=("softmax",)),
    ),
    Reason(
        ("PyTorch",),
        BACKWARD,
        FORMULA,
        "fused attention: y(c − Σ g·o), summed over the outputs o in place of the weights",
        {
            "fused entries": {"mul": -2, "div": -2, "add": -2, "sub": 1, "neg": -1},
            "fused outputs": {"mul": 1, "add": 1},
        },
    ),
    Reason(
        ("PyTorch",),
        BACKWARD,
        AGAIN,
        "fused attention computes scores and weights again, which were not kept",
        {"fused products": {"mul": 1, "add": 1}, "fused entries": {"mul": 1, "add": -1, "sub": 1, "exp": 1}},
    ),
    Reason(
        ("PyTorch",),
        BACKWARD,
        FORMULA,
        "log-softmax as one operation: c − exp(y)·Σ c, with the exponential once more",
        over_rows({"exp": 1, "sub": 1}, {"div": -1, "add": -1}, PICKED),
    ),
    # backward, autograd
    Reason(
        ("autograd",),
        BACKWARD,
        FORMULA,
        "x / a: c / a in place of c · (1 / a)",
        {"scaled": {"mul": -1}, "fused entries": {"mul": -1}},
    ),
    Reason(
        ("autograd",),
        BACKWARD,
        FORMULA,
        "x²: x to the power of one in place of 2·x",
        {"squares": {"mul": -1, "pow": 1}},
    ),
    Reason(
        ("autograd",),
        BACKWARD,
        FORMULA,
        "tanh: c / cosh(x)² in place of c(1 − y·y)",
        {"tanh": {"mul": -1, "sub": -1, "div": 1, "cosh": 1}},
    ),
    Reason(("autograd",), BACKWARD, FORMULA, "relu: the product by 1 / (1 + tie)", {"relu": {"div": 1, "add": 1}}),
    Reason(
        ("autograd",),
        BACKWARD,
        FORMULA,
        "e / s: −c·e / s² in place of −c·(y / s), with s² once a row",
        over_rows({"mul": -1}, {"mul": 1}, SOFTMAX),
    ),
    Reason(
        ("autograd",),
        BACKWARD,
        FORMULA,
        "the maximum: divided by the number of ties, and added in all the row",
        over_rows({"mul": 1, "div": 1, "eq": 1, "add": 2}, {"add": -2}),
    ),
    Reason(
        ("autograd",),
        BACKWARD,
        ZEROS,
        "the derivative of a sum is repeated by adding zeros, and so is a maximum",
        over_rows({"add": 3}),
    ),
    Reason(
        ("autograd",),
        BACKWARD,
        ZEROS,
        "the picked label is added to zeros, and goes on as a whole row",
        over_rows({"add": 2, "neg": 1}, {"add": -1}, PICKED),
    ),
    Reason(
        ("autograd",),
        BACKWARD,
        ZEROS,
        "what windows overlap is added to zeros, and the padding has derivatives too",
        {"padding": {"mul": 1, "add": 1}, "pixels": {"add": 1}},
    ),
    Reason(
        ("autograd",),
        BACKWARD,
        ZEROS,
        "what is taken out of a list or a dict is added to zeros",
        {"taken": {"add": 1}, "taken again": {"add": -1}},
    ),
)


def changes(reason: Reason, sizes: Mapping[str, int]) -> dict[str, int]:
    """What a reason changes of a program with these sizes, by kind.

    >>> changes(REASONS[0], {"padding": 528})
    {'mul': -528, 'add': -528}
    """
    found: dict[str, int] = {}
    for size, each in reason.each.items():
        for kind, change in each.items():
            found[kind] = found.get(kind, 0) + change * sizes.get(size, 0)
    return {kind: change for kind, change in found.items() if change}
