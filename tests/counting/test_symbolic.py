"""Sizes that are names: a program counts, in one formula, what it executes at every size; or says why it cannot."""

from __future__ import annotations

import itertools
import operator
import random

import numpy as np
import pytest
import sympy
from numpy.lib.stride_tricks import sliding_window_view

import opcount as oc
from opcount.counting import symbolic
from opcount.functions import applications
from opcount.wrapping import shapes
from tests.support import rows
from tests.support import sized_programs as programs
from tests.support.faults import planted


def at(number, **values):
    return eval(str(number), {}, values)  # faster than SymPy


def size_of(text):
    return oc.spec(text).shape[0]


# --- programs, as users write them


def conv2d(x, k):
    """Windows of the image, joined with the kernel: x (h, w, c), k (3, 3, c, f)."""
    windows = sliding_window_view(x, (3, 3), axis=(0, 1))
    return np.einsum("hwcij,ijcf->hwf", windows, k)


def conv2d_by_tensordot(x, k):
    windows = sliding_window_view(x, k.shape[:2], axis=(0, 1))
    return np.maximum(np.tensordot(windows, k, axes=([3, 4, 2], [0, 1, 2])), 0.0)


def conv2d_by_slices(x, k):
    h, w = x.shape[0] - 2, x.shape[1] - 2
    out = 0.0
    for i, j in np.ndindex(3, 3):
        out = out + x[i : i + h, j : j + w] @ k[i, j]
    return out


def pooling(x):
    h, w = x.shape
    return x.reshape(h // 2, 2, w // 2, 2).max(axis=(1, 3))


def pooling_by_slices(x):
    return np.maximum(np.maximum(x[::2, ::2], x[1::2, ::2]), np.maximum(x[::2, 1::2], x[1::2, 1::2]))


def heads(x, number):
    n, width = x.shape
    return x.reshape(n, number, width // number).transpose(1, 0, 2)


def attention(x, wq, wk, wv, wo, number=4):
    q, k, v = (heads(x @ w, number) for w in (wq, wk, wv))
    scores = np.einsum("hnd,hmd->hnm", q, k) / np.sqrt(q.shape[-1])
    scores = np.where(np.tril(np.ones_like(scores, dtype=bool)), scores, -1e9)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = weights / weights.sum(axis=-1, keepdims=True)
    out = (weights @ v).transpose(1, 0, 2).reshape(x.shape)
    return out @ wo + x


def attention_with_a_root(q, k, v):
    scores = q @ k.swapaxes(-1, -2) * q.shape[-1] ** -0.5
    return np.exp(scores) / np.exp(scores).sum(-1, keepdims=True) @ v


def haar(x):
    even, odd = x[::2], x[1::2]
    return np.concatenate([(even + odd) / 2.0, (even - odd) / 2.0])


def butterflies(x, twiddle):
    even, odd = x[0::2] * 1.0, x[1::2] * twiddle
    out = np.zeros_like(x)
    half = x.shape[0] // 2
    out[:half], out[half:] = even + odd, even - odd
    return out


def laplace(u):
    out = u.copy()
    out[1:-1, 1:-1] = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * u[1:-1, 1:-1]
    return out


def jacobi_step(u):
    return (u[2:] + u[:-2]) * 0.5 - u[1:-1][::-1]


def red_black(u):
    u[1:-1:2] = 0.5 * (u[:-2:2] + u[2::2])
    return u


def halves(x):
    first, second = np.split(x, 2)
    return first * second[::-1] + x[: x.shape[0] // 2] - x[x.shape[0] // 2 :]


def batch_norm(x):
    mean = x.sum(axis=0) / x.shape[0]
    centred = x - mean
    return centred / np.sqrt((centred * centred).sum(axis=0) / x.shape[0] + 1e-5)


def diagonal_by_steps(x):
    return x.ravel()[:: x.shape[0] + 1].sum()


def complex_pairs(x):
    pairs = x.reshape(-1, 2)
    real, imag = pairs[:, 0], pairs[:, 1]
    return np.stack([real * real - imag * imag, 2.0 * real * imag], axis=1).reshape(x.shape)


def chain(a, b, c):
    return np.einsum("ij,jk,kl->il", a, b, c, optimize=["einsum_path", (0, 1), (0, 1)])


def moving_mean(x):
    return sliding_window_view(x, 4).mean(axis=-1)


def all_windows(x, k):
    return sliding_window_view(x, k.shape[0]) @ k


def interpolated(a, b):
    return np.linspace(a, b, 5) * 2.0


def weighted(x, w):
    return np.average(x, axis=0, weights=w) + np.average(x)


def covariances(x):
    return np.cov(x) + np.corrcoef(x.T)[0, 0]


def positions(x):
    """An encoding of positions: of arrays that are made like another, and numbers that are sizes."""
    n, d = x.shape
    angles = np.multiply.outer(np.arange(n, like=x), np.arange(1, d, 2, like=x) / d)
    out = np.zeros_like(x, shape=(n, d // 2)) + np.full((n, 1), 0.5, like=x)
    return np.sin(angles) + out * x.shape[0] ** 0.5


def of_polynomials(p, q):
    return np.polyadd(p, q) + np.polysub(p, q) + np.nancumsum(np.outer(p, q))[0]


def patches(x, w):
    """A vision transformer's: the image in squares of four, each a vector."""
    h, width, c = x.shape
    squares = x.reshape(h // 4, 4, width // 4, 4, c).transpose(0, 2, 1, 3, 4)
    return squares.reshape(-1, 16 * c) @ w


H3, W2 = ("h + 2", "w + 2", "c"), (3, 3, "c", "f")
PROGRAMS = {
    "conv2d": (conv2d, H3, W2), "conv2d by tensordot": (conv2d_by_tensordot, H3, W2),
    "conv2d by slices": (conv2d_by_slices, H3, W2),
    "pooling": (pooling, ("2*h", "2*w")), "pooling by slices": (pooling_by_slices, ("2*h", "2*w")),
    "attention": (attention, ("n", "4*d"), *[("4*d", "4*d")] * 4),
    "attention with a root": (attention_with_a_root, *[("b", "n", "d")] * 3),
    "haar": (haar, ("2*h", "n")), "butterflies": (butterflies, "2*h", "h"),
    "laplace": (laplace, ("h + 1", "w")), "jacobi": (jacobi_step, ("n + 1", "m")),
    "red and black": (red_black, "2*h + 1"),
    "halves": (halves, ("2*h", "m")), "batch norm": (batch_norm, ("n", "m")),
    "diagonal": (diagonal_by_steps, ("n", "n")),
    "complex pairs": (complex_pairs, "2*n"), "chain": (chain, ("n", "m"), ("m", "k"), ("k", "f")),
    "moving mean": (moving_mean, "n + 3"), "all windows": (all_windows, "n + m", "m"),
    "interpolated": (interpolated, ("n", "m"), "m"), "weighted": (weighted, ("n", "m"), "n"),
    "covariances": (covariances, ("n", "m")), "positions": (positions, ("n", "2*d")),
    "polynomials": (of_polynomials, "n", "n"),
    "patches": (patches, ("4*h", "4*w", "c"), ("16*c", "d")),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_counts_at_every_size_what_it_executes_there(name):
    program, *given = PROGRAMS[name]
    given = [shape if isinstance(shape, tuple) else (shape,) for shape in given]
    value, counts = oc.measure(program, *map(oc.spec, given))
    names = sorted(set().union(*(symbolic.symbols(symbolic.parsed(size, "")) for shape in given for size in shape)))
    drawn = random.Random(name)
    for _ in range(5):
        values = {name: drawn.randint(2, 5) for name in names}
        arrays = [np.random.default_rng(1).random([at(size, **values) for size in shape]) + 0.1 for shape in given]
        real = oc.measure(program, *arrays)
        assert counts.at(**{name: values[name] for name in used(counts)}) == real.counts
        assert tuple(at(size, **values) for size in value.shape) == real.value.shape
        assert value.dtype == real.value.dtype


def used(counts):
    return set().union(*map(symbolic.symbols, counts.values()))


def test_pooling_is_three_maxima_a_square():
    h, w = sympy.symbols("h w")
    x = oc.spec(("2*h", "2*w"))
    assert oc.measure(pooling, x).counts == oc.measure(pooling_by_slices, x).counts == {"maximum": 3 * h * w}


def test_gradients_of_programs_with_halves_and_windows():
    def loss(p):
        h, w = (size // 2 for size in p["x"].shape)
        return np.sum(p["x"].reshape(h, 2, w, 2).mean(axis=(1, 3)) ** 2) + np.sum(
            np.tanh(p["x"]) / np.sqrt(p["x"].shape[0])
        )

    formulas = oc.gradient(loss, {"x": oc.spec(("2*h", "2*w"))}).phases
    for h, w in ((2, 2), (3, 4)):
        x = np.random.default_rng(0).random((2 * h, 2 * w))
        executed = oc.gradient(loss, {"x": x}).phases
        for phase, formula in formulas.items():
            assert formula.at(**{name: {"h": h, "w": w}[name] for name in used(formula)}) == executed[phase]


# --- random programs


def check_random_programs(seeds):
    """Each program counts and gives, from names of sizes, what it does at every size; gives those that are refused."""
    refused = []
    for seed in seeds:
        program = programs.random_program(seed)
        try:
            values, counts = oc.measure(program, *map(oc.spec, program.shapes))
        except oc.OpcountError as error:
            refused.append((program, error))
            continue
        drawn = random.Random(seed)
        for assigned in (programs.ASSIGNMENTS[seed % 3], {name: drawn.randint(2, 6) for name in programs.NAMES}):
            with np.errstate(all="ignore"):
                real = oc.measure(program, *programs.inputs_at(program.shapes, assigned))
            assert counts.at(**{name: assigned[name] for name in used(counts)}) == real.counts, (
                seed,
                program,
                assigned,
            )
            shapes_there = [tuple(at(size, **assigned) for size in value.shape) for value in values]
            assert shapes_there == [value.shape for value in real.value], (seed, program, assigned)
            assert [value.dtype for value in values] == [value.dtype for value in real.value], (seed, program)
    return refused


def test_random_programs_count_from_names_what_they_execute():
    refused = check_random_programs(range(150))
    assert len(refused) <= 8, refused


@pytest.mark.slow
def test_two_thousand_random_programs_count_from_names_what_they_execute():
    refused = check_random_programs(range(2000))
    assert len(refused) <= 60, refused
    assert len(programs.taken) > 110 and min(programs.taken.values()) >= 5


RIGHT = rows.rule_of("cumsum")


def one_too_many_of_names(a, *arguments, **keywords):
    """A fault where sizes are names: one in the rule itself is the same where it is executed (see tests/functions/)."""
    numbers = RIGHT(a, *arguments, **keywords)
    return numbers if symbolic.are_numbers(np.shape(a)) else {"add": numbers["add"] + 1}


FAULTS = {
    "a rule, for names": lambda: rows.corrupted("cumsum", counts=one_too_many_of_names),
    "a shape": lambda: rows.corrupted("pad", shape=lambda array, *_, **__: array),
    "a quotient": lambda: planted(symbolic, floor_quotient=lambda a, b: symbolic.normal(a)),
    "an order": lambda: planted(applications, positive_part=lambda number: number + 1),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_caught_by_random_programs(fault):
    with FAULTS[fault](), pytest.raises((AssertionError, ValueError, IndexError)) as caught:
        check_random_programs(range(150))
    assert not isinstance(caught.value, oc.OpcountError)


# --- quotients and slices, against integers

TEXTS = (
    "n",
    "2*n",
    "2*n + 1",
    "3*n + 2",
    "n + 3",
    "n*n",
    "n*m",
    "2*n*m + 1",
    "n*(n + 1)",
    "n*m + n",
    "6*n + 4*m",
    "n**3 - n",
)
VALUES = [dict(zip("nm", pair, strict=True)) for pair in itertools.product(range(2, 7), repeat=2) if sum(pair) % 3]


def agrees(formula, execute):
    """Whether a formula that was found gives at each size what is executed there; raises where it does not."""
    for values in VALUES:
        expected = execute(values)
        assert at(formula, **values) == expected, (formula, values, expected)


def test_a_quotient_of_sizes_is_the_quotient_at_every_size():
    found = refused = 0
    for text in TEXTS:
        for by in (1, 2, 6, -2, *map(size_of, ("n", "n + 1", "n*m"))):
            for more in (-7, 0):
                size = size_of(text) + more
                try:
                    quotient, rest = size // by, size % by
                except oc.InvalidValue:
                    refused += 1
                    continue
                found += 1
                agrees(quotient, lambda v: at(size, **v) // at(by, **v))  # noqa: B023
                agrees(rest, lambda v: at(size, **v) % at(by, **v))  # noqa: B023
                assert divmod(size, by) == (quotient, rest)
    assert found > 60 and refused > 40


def bounds(random):
    size = random.choice([None, None, 0, 1, 2, -1, -2, -3, 5, *map(size_of, ("n", "n - 1", "m", "n*m"))])
    return size if size is None or random.random() < 0.7 else size - random.choice([1, 2])


def test_a_slice_has_the_length_that_it_has_at_every_size():
    drawn = random.Random(0)
    found = refused = 0
    for _ in range(300):
        text, start, stop = drawn.choice(TEXTS), bounds(drawn), bounds(drawn)
        step = drawn.choice([None, 1, 2, 3, -1, -2, -3, size_of("n"), size_of("n + 1")])
        try:
            length = shapes.indexed((size_of(text),), slice(start, stop, step))[0]
        except oc.InvalidValue:
            refused += 1
            continue
        found += 1
        agrees(length, lambda v: len(range(at(text, **v))[slice(*(_at(b, v) for b in (start, stop, step)))]))  # noqa: B023
    assert found > 80 and refused > 80


def _at(bound, values):
    return None if bound is None else at(bound, **values)


@pytest.mark.parametrize(
    "fault", [lambda a, b: -(-a // b) if type(a) is int else symbolic.normal(a / b), lambda a, b: a]
)
def test_a_wrong_quotient_is_caught(fault):
    for check in (
        test_a_quotient_of_sizes_is_the_quotient_at_every_size,
        test_a_slice_has_the_length_that_it_has_at_every_size,
    ):
        with planted(symbolic, floor_quotient=fault), pytest.raises((AssertionError, AttributeError, TypeError)):
            check()


# --- a size computes as the integer that it stands for


def test_sizes_compute_as_integers_do():
    n, m = oc.spec(("n", "m")).shape
    assert (n + 1) - n == 1 and type(n - n) is int and n * m == m * n and 2 * n // 2 == n and -1 * -n == n
    assert (2 * n) % 2 == 0 and divmod(2 * n + 1, 2) == (n, 1) and n**2 // n == n and abs(n - 1) == n - 1
    assert n > 1 and n >= 2 and not n < 2 and n != 1 and n != 0 and n + m > n and bool(n) and max(n, n + 1) == n + 1
    assert {n: 1}[oc.spec("n").shape[0]] == 1 and str(2 * n) == f"{2 * n}" == repr(2 * n) == "2*n"
    assert n == sympy.Symbol("n") and sympy.Symbol("n") == n and n != "n" and n is not None
    assert np.shape(oc.spec(("n", "m")))[0] == n and np.size(oc.spec(("n", "m"))) == n * m == oc.spec(("n", "m")).size
    assert int(np.ceil(1.5)) == 2 and operator.floordiv(3 * n, 3) == n
    import math

    assert math.floor(2 * n / 2) == n and math.ceil((2 * n - 1) / 2) == n and math.prod((n, m, 2)) == 2 * n * m
    assert oc.spec((n, 2 * m)).shape == (n, 2 * m)


n, m = size_of("n"), size_of("m")
ROOT = np.sqrt(n)
UNKNOWN = {
    "range": lambda: range(n), "a list": lambda: [0] * n, "int": lambda: int(n), "float": lambda: float(n),
    "math": lambda: __import__("math").sqrt(n), "more": lambda: n > 5, "the same": lambda: n == m,
    "at most": lambda: n <= 3,
    "half": lambda: n // 2, "parity": lambda: n % 2, "a shape": lambda: (n, m) == (m, n), "truth": lambda: bool(n - 2),
    "zeros": lambda: np.zeros(n), "ones": lambda: np.ones((n, m)), "arange": lambda: np.arange(n),
    "tri": lambda: np.tri(n),
    "eye": lambda: np.eye(n), "plain data": lambda: np.ones(3) * n, "of plain data": lambda: n * np.ones(3),
    "a power": lambda: oc.spec("n") ** n, "power": lambda: np.power(oc.spec("n"), n), "of two": lambda: 2**n,
    "maximum": lambda: np.maximum(n, 3), "a root": lambda: ROOT == 2,
    "a root in a shape": lambda: oc.spec("n").reshape(ROOT),
    "less than a root": lambda: ROOT < 2, "linspace": lambda: np.linspace(oc.spec(3), 1.0, n),
    "a place by a root": lambda: oc.spec("n")[ROOT], "nothing": lambda: n < 2.5,
    "an axis": lambda: np.sum(oc.spec("n"), axis=n), "delete": lambda: np.delete(oc.spec(3), n),
}  # fmt: skip


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_depends_on_a_size_is_refused_by_an_error_of_opcounts(name):
    with oc.count() as tally, pytest.raises(oc.OpcountError):
        UNKNOWN[name]()
    assert tally.counts == oc.Counts()


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (lambda: oc.spec("h")[::2], r'slice \[::2\] of an axis of size h .* give a multiple of 2, as in "2\*n"'),
        (lambda: size_of("h") // 2, r'h // 2 is not the same polynomial for all sizes: give the size .* "2\*n"'),
        (lambda: range(size_of("h")), r"h is a size with a name, and range\(\).* needs a number"),
        (lambda: np.tri(size_of("h")), r"makes a plain array.*like=x|np\.tril\(np\.ones_like"),
        (
            lambda: np.pad(oc.spec("h"), size_of("h")),
            "has a shape that is not known where sizes are names: use numbers",
        ),
        (lambda: np.delete(oc.spec("h"), 0), "has a shape that is not known where sizes are names: use numbers"),
        (
            lambda: oc.spec(("n", "m")) @ oc.spec(("n", "m")),
            r"\(n, m\), \(n, m\) does not fit for all sizes: for m=2, n=3",
        ),
        (lambda: np.einsum("ij,jk,kl", *[oc.spec(("n", "n"))] * 3, optimize="greedy"), r"order.*depends on the sizes"),
    ],
)
def test_an_error_says_what_is_so_and_names_the_way_out(program, message):
    with pytest.raises(oc.InvalidValue, match=message):
        program()


def test_wrong_arguments_of_symbolic_specs_raise_numpys_own_errors():
    for program in (lambda x: np.sum(x, axis=5), lambda x: np.sum(x, nothing=1), lambda x: np.transpose(x, (0, 0, 1))):
        x = oc.wrap(np.ones((2, 3)))
        with pytest.raises(Exception) as expected:  # noqa: PT011
            program(x)
        with pytest.raises(type(expected.value)):
            program(oc.spec(("n", "m")))


# --- gradients

GRADIENTS = {
    "an explicit path": (
        lambda p: np.sum(np.einsum("ij,jk,kl->il", *p, optimize=["einsum_path", (0, 1), (0, 1)]) ** 2),
        ("i", "j"), ("j", "k"), ("k", "l"),
    ),
    "a triangle": (lambda p: np.sum((np.tril(np.ones((1, 1))) * p[0]) @ p[1]), ("n", "d"), ("d", "n")),
    "zeros like it": (lambda p: np.sum((np.zeros_like(p[0]) + p[0] * p[0]) ** 2), ("n",)),
    "an average": (lambda p: np.sum(np.average(p[0], axis=1, weights=p[1]) ** 2), ("m", "n"), ("n",)),
    "correlations": (lambda p: np.sum(np.corrcoef(p[0])), (3, "n")),
    "a polynomial": (lambda p: np.sum(np.polyval([1.0, 2.0, 3.0], p[0])), ("n",)),
    "means of pairs": (lambda p: np.sum(p[0].reshape(p[0].shape[0] // 2, 2, -1).mean(axis=1) ** 2), ("2*h", "w")),
    "a head": (
        lambda p: np.sum((p[0].reshape(-1, 2, p[0].shape[1] // 2).transpose(1, 0, 2) @ p[1]) ** 2),
        ("t", "2*d"), ("d", "e"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GRADIENTS)
def test_a_gradient_counts_at_every_size_what_it_executes_there(name):
    f, *given = GRADIENTS[name]
    phases = oc.gradient(f, [oc.spec(shape) for shape in given]).phases
    random = np.random.default_rng(len(name))
    for _ in range(3):
        names = {symbol: int(random.integers(2, 6)) for symbol in "ijklndmhwte"}
        shapes = [[int(eval(str(size), {}, names)) for size in oc.spec(shape).shape] for shape in given]
        found = oc.gradient(f, [random.uniform(0.5, 1.5, shape) for shape in shapes]).phases
        for phase, counts in phases.items():
            used = {str(symbol) for number in counts.values() for symbol in getattr(number, "free_symbols", ())}
            assert counts.at(**{symbol: names[symbol] for symbol in used}) == found[phase], (names, phase)


def moves(x):
    window = np.lib.stride_tricks.sliding_window_view
    return {
        "windows": lambda: window(x, 2), "rolled": lambda: np.roll(x, 1), "padded": lambda: np.pad(x, 1),
        "tiled": lambda: np.tile(x, 2), "repeated": lambda: np.repeat(x, 2), "in a diagonal": lambda: np.diag(x),
        "product": lambda: np.prod(x), "running product": lambda: np.cumprod(x), "taken": lambda: np.take(x, [0, 1]),
        "at places": lambda: x[[0, 1]], "split": lambda: np.split(x, 2)[0], "blocks": lambda: np.block([x, x]),
        "differences": lambda: np.gradient(x), "points": lambda: np.linspace(x, 2 * x, 5),
        "every other": lambda: x[::2] * x[1::2],
    }  # fmt: skip


@pytest.mark.parametrize("name", moves(None))
def test_a_gradient_that_depends_on_sizes_with_names_is_refused_by_an_error_of_its_own(name):
    with pytest.raises(oc.OpcountError):
        oc.gradient(lambda x: np.sum(moves(x)[name]() ** 2), oc.spec("2*n + 2"))
