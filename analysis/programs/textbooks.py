"""What textbooks say that algorithms cost, with the algorithms and the data that they run on."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any, Final, NamedTuple

import opcount as oc
from analysis.programs import algorithms as a
from analysis.programs.networks import mlp
from opcount.typing import MethodName

GVL: Final = "G. H. Golub, C. F. Van Loan, Matrix Computations, 4th ed., 2013"
KNUTH: Final = "D. E. Knuth, The Art of Computer Programming"
CLRS: Final = "T. H. Cormen, C. E. Leiserson, R. L. Rivest, C. Stein, Introduction to Algorithms, 4th ed., 2022"
BURDEN: Final = "R. L. Burden, J. D. Faires, Numerical Analysis, 9th ed., 2011, section 6.1"
ANTON: Final = "H. Anton, C. Rorres, Elementary Linear Algebra, 8th ed., 2000, its table of operation counts"
LAWN: Final = "S. Blackford, J. Dongarra, LAPACK Working Note 41, 1999"
BAUER: Final = "F. L. Bauer, Computational graphs and rounding error, 1974: a product for each edge of each path"
GRIEWANK: Final = "A. Griewank, A. Walther, Evaluating Derivatives, 2nd ed., 2008, chapter 4"
WEIMERSKIRCH: Final = "A. Weimerskirch, C. Paar, Generalizations of the Karatsuba algorithm, 2003"
STRASSEN: Final = "V. Strassen, Gaussian elimination is not optimal, 1969"
WAGNER: Final = "R. A. Wagner, M. J. Fischer, 1974"
GATHEN: Final = "J. von zur Gathen, J. Gerhard, Modern Computer Algebra, 3rd ed., 2013, section 5.2"
ISAACSON: Final = "E. Isaacson, H. B. Keller, Analysis of Numerical Methods, 1966, section 2.3"
BLELLOCH: Final = "G. E. Blelloch, Prefix sums and their applications, 1990"
KOGGE: Final = "P. M. Kogge, H. S. Stone, 1973: the size of their network"
HOCKNEY: Final = "R. W. Hockney, J. W. Eastwood, Computer Simulation Using Particles, 1988: the pairs"
BATCHER: Final = "K. E. Batcher, Sorting networks and their applications, 1968"
CONCRETE: Final = "R. L. Graham, D. E. Knuth, O. Patashnik, Concrete Mathematics, 2nd ed., 1994, section 1.1"
KARATSUBA: Final = "A. Karatsuba, Yu. Ofman, 1962"
STRASSEN_1: Final = f"{STRASSEN}, fact 1 with m = 1"
SICP: Final = (
    "H. Abelson, G. J. Sussman, Structure and Interpretation of Computer Programs, section 1.2.2: F(n+1) leaves"
)

EXACT, LEADING, ORDER, BOUND, NONE = "exact", "leading term", "order", "bound", "outside the forms"


class Text(NamedTuple):
    """What a text says about the operations of these kinds, or of all kinds, if none is named.

    `value(n)` is the number that the text states, its leading term, or its bound; None if it only states an order.
    """

    says: str
    value: Callable[[int], Any] | None
    source: str
    of: tuple[str, ...] = ()
    strength: str = EXACT


class Case(NamedTuple):
    """An algorithm, the numbers that it runs on, the sizes, and what texts say about it."""

    f: Callable[..., Any]
    make: Callable[[int], tuple[Any, ...]]
    texts: Sequence[Text]
    sizes: Sequence[int] = range(1, 9)
    n: str = "size"  # what n is
    sized: bool = False  # whether the size itself is the first argument
    plain: bool = True  # whether it computes something, instead of returning predicted counts

    def arguments(self, n: int, each: Callable[[Any], Any] = lambda x: x) -> tuple[Any, ...]:
        """The arguments at a size, with `each` applied to every number that enters the computation."""
        given = tuple(each(argument) for argument in self.make(n))
        return (n, *given) if self.sized else given

    def run(self, n: int) -> Any:
        return self.f(*self.arguments(n, oc.wrap))


# --- the data: the same numbers in every run


def numbers(n: int, start: int = 1) -> list[float]:
    return [math.sin(k) for k in range(start, start + n)]


def vectors(count: int, n: int) -> tuple[list[float], ...]:
    return tuple(numbers(n, 1 + 100 * k) for k in range(count))


def matrix(n: int) -> list[list[float]]:
    """A diagonally dominant matrix, in which no pivot is small."""
    return [[math.sin(1 + i * n + j) + (n + 1) * (i == j) for j in range(n)] for i in range(n)]


def definite(n: int) -> list[list[float]]:
    return [[math.cos(i - j) + (n + 1) * (i == j) for j in range(n)] for i in range(n)]


def correlations(n: int) -> list[float]:
    """The first row of a definite Toeplitz matrix, past its diagonal of ones."""
    return [1 / (k + 2) ** 2 for k in range(n)]


def distances(n: int) -> list[list[float]]:
    return [[float(i != j) * (1 + (7 * i + 3 * j) % 11) for j in range(n)] for i in range(n)]


def shuffled(n: int) -> list[int]:
    found = list(range(n))
    random.Random(n).shuffle(found)
    return found


def tridiagonals(n: int) -> tuple[list[float], ...]:
    return [1.0] * (n - 1), [4.0] * n, [1.0] * (n - 1), numbers(n)


# --- gradients: what is accumulated, not executed


def accumulated(method: MethodName, layers: Callable[[int], Sequence[int]], n: int) -> oc.Counts:
    return oc.trace(*mlp(layers(n))).predict(method)


def wide(n: int) -> tuple[int, ...]:
    return (1, n, n, n, 1)


def deep(n: int) -> tuple[int, ...]:
    return (1, *[3] * n, 1)


def gradients(method: MethodName, layers: Callable[[int], Sequence[int]], sizes: Sequence[int], text: Text) -> Case:
    n = "width of three layers" if layers is wide else "layers of width three"
    return Case(partial(accumulated, method, layers), lambda n: (), [text], sizes, n, sized=True, plain=False)


# --- the table


def powers(of: int, first: int, last: int) -> list[int]:
    return [of**k for k in range(first, last + 1)]


def log2(n: int) -> int:
    """The logarithm of a power of two."""
    return n.bit_length() - 1


def leading(coefficient: Fraction | int, power: int) -> Callable[[int], Fraction]:
    return lambda n: coefficient * Fraction(n) ** power


def order(theta: str, source: str, of: tuple[str, ...] = ()) -> Text:
    return Text(theta, None, source, of, ORDER)


def each_input(bound: str, value: Callable[[int], int]) -> Text:
    return Text(bound, value, f"{GRIEWANK}: a multiple of f for each input", strength=BOUND)


MUL_DIV: Final = ("mul", "div")
PLUS_MINUS: Final = ("add", "sub")

CASES: Final[Mapping[str, Case]] = {
    "Horner's rule": Case(
        a.horner,
        lambda n: (numbers(n + 1), 0.5),
        [
            Text("n", lambda n: n, f"{KNUTH} 2, section 4.6.4", ("mul",)),
            Text("n", lambda n: n, f"{KNUTH} 2, section 4.6.4", ("add",)),
        ],
        sizes=range(8),
        n="degree",
    ),
    "Horner's rule at n points": Case(
        a.horner_at_points,
        lambda n: vectors(2, n),
        [Text("2n² − 2n", lambda n: 2 * n * n - 2 * n, GATHEN)],
        n="points, and coefficients",
    ),
    "divided differences": Case(
        a.divided_differences,
        lambda n: ([float(k) for k in range(n + 1)], numbers(n + 1)),
        [
            Text("(n² + n)/2", lambda n: n * (n + 1) // 2, f"{KNUTH} 2, section 4.6.4", ("div",)),
            Text("n² + n", lambda n: n * (n + 1), f"{KNUTH} 2, section 4.6.4", ("sub",)),
        ],
        n="degree",
    ),
    "convolution": Case(
        a.convolution,
        lambda n: vectors(2, n),
        [
            Text("n²", lambda n: n**2, WEIMERSKIRCH, ("mul",)),
            Text("(n − 1)²", lambda n: (n - 1) ** 2, WEIMERSKIRCH, ("add",)),
        ],
    ),
    "Karatsuba's product": Case(
        a.karatsuba,
        lambda n: vectors(2, n),
        [
            Text("3^log2 n", lambda n: 3 ** log2(n), KARATSUBA, ("mul",)),
            Text("6·3^log2 n − 8n + 2", lambda n: 6 * 3 ** log2(n) - 8 * n + 2, WEIMERSKIRCH, PLUS_MINUS),
        ],
        sizes=powers(2, 0, 8),
    ),
    "fast Fourier transform": Case(
        a.fft,
        lambda n: vectors(2, n),
        [
            Text(
                "5n log2 n",
                lambda n: 5 * n * log2(n),
                f"{GVL}, section 1.4; J. W. Cooley, J. W. Tukey, 1965: n log2 n complex operations",
            )
        ],
        sizes=powers(2, 0, 7),
    ),
    "power by squaring, n = 2^k": Case(
        a.power,
        lambda n: (1.001,),
        [Text("log2 n", log2, f"{KNUTH} 2, section 4.6.3")],
        sizes=powers(2, 0, 11),
        n="exponent",
        sized=True,
    ),
    "power by squaring, any n": Case(
        a.power,
        lambda n: (1.001,),
        [
            Text(
                "⌊log2 n⌋ − 1 + the ones of n in binary",
                lambda n: log2(n) + n.bit_count() - 1,
                f"{KNUTH} 2, section 4.6.3",
                strength=NONE,
            )
        ],
        sizes=range(1, 65),
        n="exponent",
        sized=True,
    ),
    "product of matrices": Case(
        a.product, lambda n: (matrix(n), matrix(n)), [Text("2n³ − n²", lambda n: 2 * n**3 - n**2, STRASSEN)]
    ),
    "Strassen's product": Case(
        a.strassen,
        lambda n: (matrix(n), matrix(n)),
        [
            Text("7^log2 n", lambda n: 7 ** log2(n), STRASSEN_1, ("mul",)),
            Text("6·7^log2 n − 6n²", lambda n: 6 * 7 ** log2(n) - 6 * n**2, STRASSEN_1, PLUS_MINUS),
        ],
        sizes=powers(2, 0, 5),
    ),
    "LU without pivoting": Case(
        a.lu,
        lambda n: (matrix(n),),
        [Text("2n³/3", leading(Fraction(2, 3), 3), f"{GVL}, section 3.2", strength=LEADING)],
    ),
    "Gaussian elimination": Case(
        a.gaussian_elimination,
        lambda n: (matrix(n), numbers(n)),
        [
            Text("n³/3 + n² − n/3", lambda n: Fraction(n**3 + 3 * n**2 - n, 3), BURDEN, MUL_DIV),
            Text("n³/3 + n²/2 − 5n/6", lambda n: Fraction(2 * n**3 + 3 * n**2 - 5 * n, 6), BURDEN, PLUS_MINUS),
        ],
    ),
    "back substitution": Case(
        a.back_substitution, lambda n: (matrix(n), numbers(n)), [Text("n²", lambda n: n**2, f"{GVL}, section 3.1")]
    ),
    "Gauss–Jordan inverse": Case(
        a.gauss_jordan_inverse,
        lambda n: (matrix(n),),
        [
            Text("n³", lambda n: n**3, ANTON, MUL_DIV),
            Text("n³ − 2n² + n", lambda n: n**3 - 2 * n**2 + n, ANTON, PLUS_MINUS),
        ],
    ),
    "Cholesky": Case(
        a.cholesky,
        lambda n: (definite(n),),
        [
            Text("n³/3 + n²/2 + n/6", lambda n: Fraction(2 * n**3 + 3 * n**2 + n, 6), f"{LAWN}, dpotrf"),
            Text("n³/3", leading(Fraction(1, 3), 3), f"{GVL}, section 4.2", strength=LEADING),
        ],
    ),
    "modified Gram–Schmidt": Case(
        a.modified_gram_schmidt,
        lambda n: (matrix(n),),
        [Text("2n³", leading(2, 3), f"{GVL}, section 5.2, with m = n", strength=LEADING)],
    ),
    "Thomas' tridiagonal solver": Case(
        a.tridiagonal, tridiagonals, [Text("5n − 4", lambda n: 5 * n - 4, ISAACSON, MUL_DIV)]
    ),
    "Durbin's algorithm": Case(
        a.durbin, lambda n: (correlations(n),), [Text("2n²", leading(2, 2), f"{GVL}, section 4.7", strength=LEADING)]
    ),
    "Levinson's algorithm": Case(
        a.levinson,
        lambda n: (correlations(n), numbers(n)),
        [Text("4n²", leading(4, 2), f"{GVL}, section 4.7", strength=LEADING)],
        sizes=range(2, 10),
    ),
    "Laplace's determinant": Case(
        a.laplace,
        lambda n: (matrix(n),),
        [
            Text(
                "n! (1/1! + 1/2! + ... + 1/(n − 1)!)",
                lambda n: sum(math.factorial(n) // math.factorial(k) for k in range(1, n)),
                "of M(n) = n M(n − 1) + n, the products of its definition",
                ("mul",),
                NONE,
            )
        ],
        sizes=range(1, 8),
    ),
    "ten steps of power iteration": Case(
        a.power_iteration,
        lambda n: (definite(n), [1.0] * n),
        [Text("22n²", leading(22, 2), f"{GVL}, section 7.3: 2n² for each product", strength=LEADING)],
    ),
    "Floyd–Warshall": Case(
        a.floyd_warshall,
        lambda n: (distances(n),),
        [Text("n³", lambda n: n**3, f"{CLRS}, section 23.2", ("add",)), order("Θ(n³)", f"{CLRS}, section 23.2")],
    ),
    "edit distance": Case(
        a.edit_distance,
        lambda n: (shuffled(n), list(range(n)), 0, 1, 1),
        [Text("n²", lambda n: n**2, f"{WAGNER}: mn steps", ("eq",)), order("Θ(n²)", WAGNER)],
    ),
    "matrix chain": Case(
        a.matrix_chain,
        lambda n: ([2 + 5 * k % 7 for k in range(n + 1)],),
        [Text("(n³ − n)/6", lambda n: (n**3 - n) // 6, f"{CLRS}, exercise 14.2-5: half of (n³ − n)/3", ("lt",))],
        sizes=range(2, 11),
    ),
    "prefix sums": Case(a.prefix_sums, lambda n: (numbers(n),), [Text("n − 1", lambda n: n - 1, BLELLOCH)]),
    "prefix sums in rounds": Case(
        a.parallel_prefix_sums,
        lambda n: (numbers(n),),
        [Text("n log2 n − n + 1", lambda n: n * log2(n) - n + 1, KOGGE)],
        sizes=powers(2, 0, 8),
    ),
    "energy of n bodies": Case(
        a.pair_energies,
        lambda n: vectors(3, n),
        [Text("n(n − 1)/2", lambda n: n * (n - 1) // 2, HOCKNEY, ("sqrt",))],
        sizes=range(2, 10),
    ),
    "insertion sort, reversed": Case(
        a.insertion_sort,
        lambda n: (list(range(n, 0, -1)),),
        [Text("n(n − 1)/2", lambda n: n * (n - 1) // 2, f"{KNUTH} 3, section 5.2.1")],
    ),
    "bubble sort, random order": Case(
        a.bubble_sort,
        lambda n: (shuffled(n),),
        [Text("Θ(n²) on average", None, f"{KNUTH} 3, section 5.2.2", strength=NONE)],
        sizes=range(2, 26),
    ),
    "merge sort, in order already": Case(
        a.merge_sort,
        lambda n: (list(range(n)),),
        [Text("(n/2) log2 n", lambda n: n * log2(n) // 2, f"{KNUTH} 3, section 5.2.4")],
        sizes=powers(2, 0, 8),
    ),
    "bitonic sort": Case(
        a.bitonic_sort,
        lambda n: (shuffled(n),),
        [Text("(n/4)(log2 n)(log2 n + 1)", lambda n: n * log2(n) * (log2(n) + 1) // 4, BATCHER)],
        sizes=powers(2, 0, 8),
    ),
    "binary search, n = 2^k": Case(
        a.binary_search,
        lambda n: (list(range(n)), -1),
        [Text("log2 n + 1", lambda n: log2(n) + 1, f"{KNUTH} 3, section 6.2.1: the most")],
        sizes=powers(2, 0, 11),
    ),
    "minimum and maximum": Case(
        a.minimum_and_maximum,
        lambda n: (shuffled(n),),
        [Text("⌈3n/2⌉ − 2", lambda n: -(-3 * n // 2) - 2, f"{CLRS}, section 9.1 and its exercises")],
        sizes=range(2, 18),
    ),
    "Fibonacci numbers, naive": Case(
        a.fibonacci,
        lambda n: (0, 1),
        [Text("F(n+1) − 1", lambda n: fibonacci_number(n + 1) - 1, SICP)],
        sizes=range(15),
        sized=True,
    ),
    "Fibonacci numbers, memoized": Case(
        a.memoized_fibonacci,
        lambda n: (0, 1),
        [Text("n − 1", lambda n: n - 1, f"{CLRS}, section 14.1, an exercise")],
        sized=True,
    ),
    "towers of Hanoi": Case(
        a.hanoi, lambda n: (0,), [Text("2ⁿ − 1", lambda n: 2**n - 1, CONCRETE)], sizes=range(9), n="discs", sized=True
    ),
    "backprop, in width": gradients("backprop", wide, range(2, 10), order("Θ(n²)", f"{GRIEWANK}: a multiple of f")),
    "forward mode, in width": gradients("forward", wide, range(2, 10), each_input("O(n⁴)", lambda n: n**4)),
    "naive recursion, in width": gradients("naive", wide, range(2, 10), order("Θ(n³)", BAUER)),
    "backprop, in depth": gradients("backprop", deep, range(1, 9), order("Θ(n)", f"{GRIEWANK}: a multiple of f")),
    "forward mode, in depth": gradients("forward", deep, range(2, 10), each_input("O(n²)", lambda n: n**2)),
    "naive recursion, in depth": gradients("naive", deep, range(1, 11), order("Θ(3ⁿ)", BAUER)),
}


def fibonacci_number(n: int) -> int:
    one, other = 0, 1
    for _ in range(n):
        one, other = other, one + other
    return one


def beyond(case: Case) -> Iterable[int]:
    """Sizes past those measured, of the same progression: the next two, and one far away."""
    *_, before, last = case.sizes
    if last - before == 1:
        return (last + 1, last + 2, 10 * last)
    return (2 * last, 4 * last, last**2)
