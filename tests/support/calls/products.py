"""Calls of products."""

from __future__ import annotations

import itertools

from tests.support import loops_by_hand as hand
from tests.support.draws import OUT, calls


@calls("linalg.matmul")
def matmul_calls(pick):
    m, k, n = pick.size(), pick.size(), pick.size()
    batches = pick.shapes(2)
    a = pick.array(*batches[0], m, k)
    b = pick.array(*batches[1], k, n)
    return (pick.one(a, a, pick.array(k)), pick.one(b, b, pick.array(k))), {}


@calls("dot")
def dot_calls(pick):
    k = pick.size()
    a = pick.one(pick.array(*pick.sizes(0, 2), k), pick.array())
    b = pick.one(pick.array(*pick.sizes(0, 2), k, pick.size()), pick.array(k), pick.array())
    return (a, b), pick.some(out=OUT) if a.dtype == b.dtype else {}


@calls("inner")
def inner_calls(pick):
    k = pick.size()
    return tuple(pick.one(pick.array(*pick.sizes(0, 2), k), pick.array()) for _ in "ab"), {}


@calls("vdot")
def vdot_calls(pick):
    return (a := pick.anything(), pick.array(*pick.one(a.shape, a.shape[::-1], (a.size,)))), {}


@calls("linalg.vecdot")
def vecdot_calls(pick):
    k = pick.size()
    a, b = (pick.array(*shape, k) for shape in pick.shapes(2))
    return (a, b), pick.some(axis=pick.one(-1, *([0] if a.ndim == b.ndim == 1 else [])))


@calls("outer")
def outer_calls(pick):
    return (pick.anything(), pick.anything()), {}


@calls("linalg.outer")
def linalg_outer_calls(pick):
    return (pick.array(pick.size()), pick.array(pick.size())), {}


@calls("kron")
def kron_calls(pick):
    return (pick.array(*pick.sizes(0, 2)), pick.array(*pick.sizes(0, 2))), {}


@calls("tensordot linalg.tensordot")
def tensordot_calls(pick):
    summed, rest = pick.sizes(0, 2), pick.sizes(0, 1)
    a, b = pick.array(*rest, *summed), pick.array(*summed, *pick.sizes(0, 1))
    places = tuple(range(len(rest), a.ndim)), tuple(range(len(summed)))
    backwards = places[0][::-1], tuple(place - b.ndim for place in places[1][::-1])
    axes = [len(summed), places, backwards, [list(part) for part in places]]
    if len(summed) == 1:
        axes.append((len(rest), 0))
    return (a, b), {"axes": pick.one(*axes)}


@calls("convolve correlate")
def convolve_calls(pick):
    return (pick.array(pick.size(1, 6)), pick.array(pick.size(1, 6))), pick.some(mode=pick.one("full", "same", "valid"))


@calls("vander")
def vander_calls(pick):
    return (pick.array(pick.size()),), pick.some(N=pick.size(0, 5), increasing=pick.one(True, False))


EINSUMS = (
    "i,i", "i,i->i", "ij->", "ij->j", "ij->ji", "ii", "ii->i", "ij,jk", "ij,jk->ki", "i,j", "ij,ij->ij", "ij,j->i",
    "bij,bjk->bik", "ij,jk,kl->il", "i,j,k->", "...i,...i->...", "...ij,...jk", "i...->...", "ij,kj->k", "i,ij,j",
    "ij,i,j,kj->k", "ijk,ik", "ij,jk->", "ii,i->", "i,i,i", "ab,bc,cd,de->ae", "ij,kl->jl",
)  # fmt: skip


@calls("einsum", by=hand.einsum)
def einsum_calls(pick):
    subscripts = pick.one(*EINSUMS)
    options = pick.some(optimize=pick.one(True, "optimal", "greedy"))
    least = 1 if options else pick.one(1, 1, 0)  # of nothing, a step would leave a plain zero to the next
    sizes = {letter: pick.size(least, 3) for letter in subscripts if letter.isalpha()}
    dots = iter(pick.shapes(3, most=2, smallest=least))
    terms = subscripts.partition("->")[0].split(",")
    operands = []
    for term in terms:
        parts = [[sizes[letter] for letter in part] for part in term.split("...")]
        shape = [*parts[0], *next(dots), *parts[1]] if len(parts) == 2 else parts[0]
        alone = [1 if len(terms) > 1 and pick.one(0, 0, 0, 0, 1) and term.count("i") < 2 else size for size in shape]
        operands.append(pick.array(*alone, dtype=pick.one("d", "d", "l"), special=False))
    if "..." in subscripts or pick.one(0, 0, 1):
        return (subscripts, *operands), options
    lists = [[ord(letter) - ord("a") for letter in part] for part in subscripts.replace("->", ",").split(",") if part]
    joined = [part for pair in zip(operands, lists, strict=False) for part in pair]
    return (*joined, *([lists[-1]] if len(lists) > len(operands) else [[]] if "->" in subscripts else [])), options


@calls("linalg.multi_dot")
def multi_dot_calls(pick):
    sizes = [pick.size(1) for _ in range(pick.size(3, 6))]
    arrays = [pick.real(m, n) for m, n in itertools.pairwise(sizes)]
    if pick.one(0, 0, 1):
        arrays[0] = arrays[0][0]
    if pick.one(0, 0, 1):
        arrays[-1] = arrays[-1][:, 0]
    return (arrays,), pick.some(out=OUT) if arrays[0].ndim == arrays[-1].ndim == 2 else {}


@calls("cross")
def cross_calls(pick):
    return tuple(pick.array(*batch, pick.one(2, 3, 3)) for batch in pick.shapes(2)), {}


@calls("linalg.cross")
def linalg_cross_calls(pick):
    shape = pick.sizes(0, 2)
    return (pick.array(*shape, 3), pick.array(*shape, 3)), pick.some(axis=-1)
