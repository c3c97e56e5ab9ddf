"""Functions from the literature on automatic differentiation, as plain functions of a list of numbers.

`roe_flux`, `robot_arm`, `heart_dipole` and `propane` are evaluated operation by operation as in
Lohoff and Neftci, Optimizing automatic differentiation with deep reinforcement learning, NeurIPS
2024: only what a formula names is shared, and what it writes twice is evaluated twice. The counts
published there hold only for this way of evaluation. Signs and constants change no count: if theirs
differ from the source, the source's are used here, except for one constant in `roe_flux`, with a note.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np

from analysis.programs.networks import dot, total

Numbers = Sequence[Any]


class Function(NamedTuple):
    """A function of one list of numbers, a point to evaluate it at, and where it comes from.

    >>> f, point, outputs, *_ = FUNCTIONS["lighthouse"]
    >>> len(point), outputs, len(f(point))
    (4, 2, 2)

    `f` returns one number if `outputs` is 1, otherwise a tuple or list with this many.
    """

    f: Callable[[Numbers], Any]
    point: tuple[float, ...]
    outputs: int
    source: str
    about: str


# --- textbook functions


def speelpenning(x: Numbers) -> Any:
    """The product of any number of variables, from the left."""
    product = x[0]
    for factor in x[1:]:
        product = product * factor
    return product


def rosenbrock(x: Numbers) -> Any:
    """Rosenbrock's valley for two or more variables, each neighbour a valley of its own (the chained form)."""
    return total([100 * (right - left**2) ** 2 + (1 - left) ** 2 for left, right in pairwise(x)])


def lighthouse(x: Numbers) -> Any:
    """Where the beam of a lighthouse meets a quay of some slope, evaluated as in the book: y2 from y1."""
    distance, slope, speed, time = x
    beam = np.tan(speed * time)
    y = distance * beam / (slope - beam)
    return y, slope * y


_RT: Final = 8.314462618e-3 * 298.15  # kJ/mol, at 25 °C


def helmholtz(x: Numbers) -> Any:
    """The Helmholtz energy of a mixed fluid of any number of components.

    The matrix A of the attractions is Hilbert's, and the volumes b keep b·x below 1 for two or
    more x between 0 and 1. Both are data, and b·x is computed once.
    """
    n = len(x)
    volume = dot([i / n**2 for i in range(1, n + 1)], x)
    free = 1 - volume
    ideal = total([part * np.log(part / free) for part in x])
    attraction = dot(x, [dot([1 / (i + j + 1) for j in range(n)], x) for i in range(n)])
    root = math.sqrt(2)
    logarithm = np.log((1 + (1 + root) * volume) / (1 + (1 - root) * volume))
    return _RT * ideal - attraction / (math.sqrt(8) * volume) * logarithm


def logistic(iterations: int) -> Callable[[Numbers], Any]:
    """The logistic map l -> 4 l (1 - l), iterated, as a function of its starting value."""

    def f(x: Numbers) -> Any:
        (value,) = x
        for _ in range(iterations):
            value = 4 * value * (1 - value)
        return value

    return f


# --- MINPACK-2

# Measured in the experiment 791129, in the order of the equations. Lohoff and Neftci have 1 for each, sigma_E
# in the last two equations, and a minus before the second and fourth terms of the sixth.
_DIPOLE_SUMS: Final = (0.485, -0.0019, -0.0581, 0.015, 0.105, 0.0406, 0.167, -0.399)


def heart_dipole(x: Numbers) -> Any:
    """Two dipoles (a, c) and (b, d) at (t, v) and (u, w): their moments up to the third order, minus the measured ones.

    They are the real and imaginary parts of (a + ic)(t + iv)^k + (b + id)(u + iw)^k, k = 0 to 3.
    """
    a, b, c, d, t, u, v, w = x
    zeroth = a + b, c + d
    first = t * a + u * b - v * c - w * d, v * a + w * b + t * c + u * d
    one, two = t**2 - v**2, u**2 - w**2
    second = a * one - 2 * c * t * v + b * two - 2 * d * u * w, c * one + 2 * a * t * v + d * two + 2 * b * u * w
    tv, vt, uw, wu = _cubic(t, v), _cubic(v, t), _cubic(u, w), _cubic(w, u)
    third = a * tv + c * vt + b * uw + d * wu, c * tv - a * vt + d * uw - b * wu
    moments = (*zeroth, *first, *second, *third)
    return tuple(moment - measured for moment, measured in zip(moments, _DIPOLE_SUMS, strict=True))


def _cubic(p: Any, q: Any) -> Any:
    """The real part of (p + iq)³."""
    return p * (p**2 - 3 * q**2)


_PRESSURE: Final = 40.0
_AIR_TO_FUEL: Final = 10.0


def propane(x: Numbers) -> Any:
    """The equilibrium of eleven products of propane burnt in air: four balances, six reactions and the sum.

    MINPACK-2 multiplies the first term of each reaction by its constant K. Here, as in Lohoff and
    Neftci, K = 1 and the product is left out; it would be six more operations.
    """
    x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11 = x
    root = np.sqrt(_PRESSURE / x11)
    carbon = x1 + x4 - 3
    oxygen = 2 * x1 + x2 + x4 + x7 + x8 + x9 + 2 * x10 - _AIR_TO_FUEL
    hydrogen = 2 * x2 + 2 * x5 + x6 + x7 - 8
    nitrogen = 2 * x3 + x9 - 4 * _AIR_TO_FUEL
    reactions = (
        x2 * x4 - x1 * x5,
        np.sqrt(x2 * x4) - np.sqrt(x1) * root * x6,
        np.sqrt(x1 * x2) - np.sqrt(x4) * x7 * root,
        x1 - x4 * x8 * _PRESSURE / x11,
        x1 * np.sqrt(x3) - x4 * x9 * root,
        x1**2 - x4**2 * x10 * _PRESSURE / x11,
    )
    rest = x11
    for part in x[:10]:
        rest = rest - part
    return carbon, oxygen, hydrogen, nitrogen, *reactions, rest


# --- physics

# No gas has this ratio of specific heats. Lohoff and Neftci's point needs it: with 1.4, the square of
# its speed of sound is negative.
_HEAT_RATIO: Final = 0.5


def roe_flux(x: Numbers) -> Any:
    """Roe's flux between two states (density, momentum, energy) of a gas in one dimension.

    The flux is the mean of the fluxes of both sides, minus half the jump between them, decomposed
    into three waves, each weighted by its speed. As in Lohoff and Neftci, the third has the speed
    |u| instead of |u - a|, which would be one operation more.
    """
    density_l, momentum_l, energy_l, density_r, momentum_r, energy_r = x
    density_jump = density_r - density_l
    density = np.sqrt(density_l * density_r)
    weight = np.sqrt(density_l) + np.sqrt(density_r)
    velocity_l, pressure_l, enthalpy_l = _gas(density_l, momentum_l, energy_l)
    velocity_r, pressure_r, enthalpy_r = _gas(density_r, momentum_r, energy_r)
    pressure_jump = pressure_r - pressure_l
    velocity_jump = velocity_r - velocity_l

    u = (np.sqrt(density_l) * velocity_l + np.sqrt(density_r) * velocity_r) / weight
    h = (np.sqrt(density_l) * enthalpy_l + np.sqrt(density_r) * enthalpy_r) / weight
    square = u**2
    sound_squared = (_HEAT_RATIO - 1) * (h - 0.5 * square)
    a = np.sqrt(sound_squared)

    faster, same, slower = abs(u + a), abs(u), abs(u)
    impedance = a * density
    entropy = (density_jump - pressure_jump / sound_squared) * same
    ahead = (velocity_jump + pressure_jump / impedance) * faster
    behind = (velocity_jump - pressure_jump / impedance) * slower

    flux_l = _flux(density_l, momentum_l, energy_l, pressure_l)
    flux_r = _flux(density_r, momentum_r, energy_r, pressure_r)
    sums = [left + right for left, right in zip(flux_l, flux_r, strict=True)]
    scale = 0.5 * density / a
    waves = (
        entropy + scale * ahead - scale * behind,
        entropy * u + scale * ahead * (u + a) - scale * behind * (u - a),
        entropy * 0.5 * square + scale * ahead * (h + u * a) - scale * behind * (h - u * a),
    )
    return tuple(0.5 * (both - wave) for both, wave in zip(sums, waves, strict=True))


def _gas(density: Any, momentum: Any, energy: Any) -> tuple[Any, Any, Any]:
    """Velocity, pressure and enthalpy."""
    velocity = momentum / density
    pressure = (_HEAT_RATIO - 1) * (energy - 0.5 * momentum**2 / density)
    return velocity, pressure, (energy + pressure) / density


def _flux(density: Any, momentum: Any, energy: Any, pressure: Any) -> tuple[Any, Any, Any]:
    velocity = momentum / density
    return momentum, pressure + momentum * velocity, velocity * (pressure + energy)


def robot_arm(x: Numbers) -> Any:
    """Position, in millimetres, and ZYZ Euler angles of the hand of an arm with six joints, from their angles.

    The hand's direction enters both, and is evaluated for each. Its y component has `- c1 * s4`
    where Lohoff and Neftci, in the position alone, have a plus.
    """
    a1, a2, a3 = 175.0, 890.0, 50.0
    d1, d4, d6 = 575.0, 1035.0, 185.0
    t1, t2, t3, t4, t5, t6 = x
    c1, c2, c4, c5, c6 = (np.cos(t) for t in (t1, t2, t4, t5, t6))
    c23 = np.cos(t2) * np.cos(t3) - np.sin(t2) * np.sin(t3)
    s1, s2, s4, s5, s6 = (np.sin(t) for t in (t1, t2, t4, t5, t6))
    s23 = np.cos(t2) * np.sin(t3) + np.sin(t2) * np.cos(t3)

    def direction() -> tuple[Any, Any, Any]:
        return (
            s5 * (c1 * c23 * c4 + s1 * s4) + c1 * s23 * c5,
            s5 * (s1 * c23 * c4 - c1 * s4) + s1 * s23 * c5,
            s23 * c4 * s5 - c23 * c5,
        )

    def reach() -> Any:
        return a1 + a2 * c2 + a3 * c23 + d4 * s23

    ax, ay, az = direction()
    nz = c6 * (c23 * s5 + s23 * c4 * c5) - s23 * s4 * s6
    oz = -s6 * (c23 * s5 + s23 * c4 * c5) - s23 * s4 * c6
    angles = np.arctan2(ay, ax), np.arctan2(np.sqrt(1 - az**2), az), np.arctan2(oz, -nz)

    hand_x, hand_y, hand_z = direction()
    px = d6 * hand_x + c1 * reach()
    py = d6 * hand_y + s1 * reach()
    pz = a2 * s2 + d1 + a3 * s23 - d4 * c23 + d6 * hand_z
    return px, py, pz, *angles


# --- finance


def black_scholes(x: Numbers) -> Any:
    """The price of a European call, from spot, strike, interest rate, volatility and time to expiry.

    Raises ModuleNotFoundError without SciPy, whose erf it takes.
    """
    spot, strike, rate, volatility, time = x
    spread = volatility * np.sqrt(time)
    d1 = (np.log(spot / strike) + (rate + volatility**2 / 2) * time) / spread
    d2 = d1 - spread
    return spot * _normal(d1) - strike * np.exp(-rate * time) * _normal(d2)


def _normal(z: Any) -> Any:
    """The distribution function of the standard normal distribution."""
    return (1 + erf(z / math.sqrt(2))) / 2


def erf(z: Any) -> Any:
    """SciPy's error function, since NumPy has none; raises ModuleNotFoundError without SciPy."""
    try:
        from scipy import special
    except ModuleNotFoundError:
        raise ModuleNotFoundError("the price of an option takes SciPy's erf: pip install scipy") from None
    return special.erf(z)


# --- computer vision and machine learning


def bundle_adjustment(cameras: int, points: int) -> Function:
    """The reprojection errors of points that every camera sees, and terms that keep the weights from 0.

    The variables are eleven for each camera (axis times angle, centre, focal length, principal
    point, radial distortion), three for each point, one weight for each sighting.
    """
    sightings = [(camera, point) for camera in range(cameras) for point in range(points)]
    seen = _rows(_sines(2 * len(sightings), 1.0), 2)

    def f(x: Numbers) -> Any:
        eyes = _rows(x[: 11 * cameras], 11)
        positions = _rows(x[11 * cameras : 11 * cameras + 3 * points], 3)
        weights = x[11 * cameras + 3 * points :]
        errors = []
        for (camera, point), weight, feature in zip(sightings, weights, seen, strict=True):
            image = _projected(eyes[camera], positions[point])
            errors += [weight * (found - wanted) for found, wanted in zip(image, feature, strict=True)]
        return [*errors, *(1 - weight**2 for weight in weights)]

    camera = (0.2, -0.1, 0.3, 0.1, 0.2, -4.0, 1.5, 0.05, -0.05, -0.1, 0.02)
    numbers = (*camera * cameras, *_sines(3 * points, 1.0), *(0.9,) * len(sightings))
    return Function(
        f, numbers, 3 * len(sightings), f"{_ADBENCH}, section 4.2", "bundle adjustment: reprojection errors"
    )


def _projected(camera: Numbers, position: Numbers) -> list[Any]:
    """Where a camera sees a point in space: rotated, projected, distorted along the radius, in pixels."""
    axis, centre, (focal, *principal), (first, second) = camera[:3], camera[3:6], camera[6:9], camera[9:]
    right, down, depth = _rotated(axis, [p - c for p, c in zip(position, centre, strict=True)])
    flat = [right / depth, down / depth]
    radius = dot(flat, flat)
    stretch = 1 + first * radius + second * (radius * radius)
    return [focal * (p * stretch) + shift for p, shift in zip(flat, principal, strict=True)]


def _rotated(axis: Numbers, v: Numbers) -> list[Any]:
    """Rodrigues' formula for an axis whose length is the angle, and its limit if that is 0."""
    square = dot(axis, axis)
    if square == 0:
        return [a + b for a, b in zip(v, _cross(axis, v), strict=True)]
    angle = np.sqrt(square)
    cosine, sine = np.cos(angle), np.sin(angle)
    inverse = 1 / angle
    unit = [a * inverse for a in axis]
    along = dot(unit, v) * (1 - cosine)
    return [a * cosine + b * sine + u * along for a, b, u in zip(v, _cross(unit, v), unit, strict=True)]


def _cross(a: Numbers, b: Numbers) -> list[Any]:
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


# The Wishart prior: the inverse length of its scale, and its degrees of freedom beyond d + 1.
_WISHART_GAMMA: Final = 1.5
_WISHART_M: Final = 2


def gaussian_mixture(d: int, k: int, n: int) -> Function:
    """The logarithm of the posterior density of a mixture of k Gaussians, for n data points in d dimensions.

    The variables are k weights before normalization; k means; and for each Gaussian a triangular
    factor Q of its inverse covariance QᵀQ, the logarithms of the diagonal and then the columns below it.
    ADBench's code subtracts the logarithm of the prior; here it is added, in as many operations.
    """
    width = d * (d + 1) // 2
    data = _rows(_sines(n * d, 2.0), d)
    freedom = d + _WISHART_M + 1
    multigamma = d * (d - 1) / 4 * math.log(math.pi) + sum(math.lgamma((freedom - j) / 2) for j in range(d))
    prior = freedom * d * math.log(_WISHART_GAMMA / math.sqrt(2)) - multigamma
    constant = k * prior - n * d / 2 * math.log(2 * math.pi)

    def f(x: Numbers) -> Any:
        weights, means, factors = x[:k], _rows(x[k : k + k * d], d), _rows(x[k + k * d :], width)
        diagonals = [[np.exp(q) for q in factor[:d]] for factor in factors]
        determinants = [total(factor[:d]) for factor in factors]  # their logarithms
        likelihoods = []
        for point in data:
            terms = []
            for weight, mean, factor, diagonal, determinant in zip(
                weights, means, factors, diagonals, determinants, strict=True
            ):
                scaled = _triangular_times(diagonal, factor[d:], [p - m for p, m in zip(point, mean, strict=True)])
                terms.append(weight + determinant - 0.5 * dot(scaled, scaled))
            likelihoods.append(_log_sum_exp(terms))
        priors = []
        for factor, diagonal, determinant in zip(factors, diagonals, determinants, strict=True):
            entries = [*diagonal, *factor[d:]]
            priors.append(_WISHART_M * determinant - 0.5 * _WISHART_GAMMA**2 * dot(entries, entries))
        return constant + total(likelihoods) - n * _log_sum_exp(weights) + total(priors)

    numbers = _sines(k + k * d + k * width, 0.7)
    return Function(f, numbers, 1, f"{_ADBENCH}, section 4.1", "Gaussian mixture: log-posterior with a Wishart prior")


def _triangular_times(diagonal: Numbers, below: Numbers, v: Numbers) -> list[Any]:
    """A lower triangular matrix, given by its diagonal and the columns below it, times a vector."""
    result = [q * part for q, part in zip(diagonal, v, strict=True)]
    entries = iter(below)
    for column, part in enumerate(v):
        for row in range(column + 1, len(v)):
            result[row] = result[row] + next(entries) * part
    return result


def _log_sum_exp(terms: Numbers) -> Any:
    """log Σ exp(t), with the largest term factored out, so that no exponential overflows."""
    largest = max(terms)
    return np.log(total([np.exp(term - largest) for term in terms])) + largest


def _rows(numbers: Numbers, width: int) -> list[Numbers]:
    return [numbers[start : start + width] for start in range(0, len(numbers), width)]


def _sines(count: int, scale: float) -> tuple[float, ...]:
    """Numbers without a pattern, the same in every run."""
    return tuple(scale * math.sin(k) for k in range(1, count + 1))


# --- the table

_EVALUATING: Final = "Griewank and Walther, Evaluating Derivatives, 2nd ed., SIAM 2008"
_MINPACK: Final = "Averick, Carter, Moré and Xue, The MINPACK-2 test problem collection, Argonne 1992"
_ADBENCH: Final = (
    "Šrajer, Kukelova and Fitzgibbon, A benchmark of selected algorithmic differentiation tools on some problems in "
    "computer vision and machine learning, Optimization Methods and Software 33, 2018"
)

FUNCTIONS: Final[Mapping[str, Function]] = {
    "speelpenning": Function(
        speelpenning,
        (1.1, 0.9, 1.3, 0.7, 1.2, 0.8, 1.5, 0.6),
        1,
        "Speelpenning, Compiling fast partial derivatives of functions given by algorithms, thesis, Urbana 1980",
        "product of eight variables",
    ),
    "rosenbrock": Function(
        rosenbrock,
        (-1.2, 1.0, 0.8, 0.5, -0.3, 0.4),
        1,
        "Rosenbrock, An automatic method for finding the greatest or least value of a function, "
        "The Computer Journal 3, 1960",
        "curved valley in six variables",
    ),
    "lighthouse": Function(
        lighthouse, (2.0, 1.5, 0.4, 1.3), 2, f"{_EVALUATING}, section 2.1", "beam of a lighthouse on a quay"
    ),
    "helmholtz": Function(
        helmholtz,
        (0.1, 0.2, 0.15, 0.05, 0.3, 0.25, 0.12, 0.08),
        1,
        "Griewank, On automatic differentiation, in: Iri and Tanabe (eds.), Mathematical Programming, Kluwer 1989",
        "Helmholtz energy of a fluid of eight components",
    ),
    "logistic": Function(
        logistic(4),
        (0.2,),
        1,
        "Laue, On the equivalence of automatic and symbolic differentiation, arXiv:1904.02990, 2019; "
        "Baydin et al., Automatic differentiation in machine learning: a survey, JMLR 18, 2018, figure 2",
        "logistic map, four times",
    ),
    # The points of the next four are Lohoff and Neftci's. At the first the two dipoles are one, and the Jacobian
    # has rank 4 instead of 8.
    "dipole": Function(
        heart_dipole, (0.15,) * 8, 8, f"{_MINPACK}; after Dennis, Gay and Vu, 1985", "human heart dipole"
    ),
    "propane": Function(
        propane,
        (0.15,) * 11,
        11,
        f"{_MINPACK}; after Meintjes and Morgan, 1990",
        "combustion of propane, full formulation",
    ),
    "roe": Function(
        roe_flux,
        (0.01, 0.02, 0.02, 0.01, 0.03, 0.03),
        3,
        "Roe, Approximate Riemann solvers, parameter vectors, and difference schemes, "
        "Journal of Computational Physics 43, 1981",
        "Roe flux of the Euler equations in one dimension",
    ),
    "arm": Function(
        robot_arm,
        (0.02,) * 6,
        6,
        "Dikmenli, Forward & inverse kinematics solution of 6-DOF robots those have offset & spherical wrists, "
        "Eurasian Journal of Science Engineering and Technology 3, 2022",
        "forward kinematics of a robot arm with six joints",
    ),
    "option": Function(
        black_scholes,
        (100.0, 95.0, 0.03, 0.25, 0.75),
        1,
        "Black and Scholes, The pricing of options and corporate liabilities, Journal of Political Economy 81, 1973",
        "Black–Scholes price of a European call",
    ),
    "bundle": bundle_adjustment(cameras=1, points=1),
    "mixture": gaussian_mixture(d=2, k=3, n=4),
}
"""The functions by name; functions of any size at a small one."""
