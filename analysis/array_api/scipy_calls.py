"""A call of each routine of SciPy that supports the array API standard, on small arrays.

`w` wraps an array, so that it counts, `c` makes it constant data. A routine that is not named is called as the others
of its module are.
"""

from __future__ import annotations

import importlib
import operator
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

os.environ["SCIPY_ARRAY_API"] = "1"  # before SciPy is imported

import numpy as np
import scipy.fft
from scipy import (
    cluster,
    constants,
    differentiate,
    integrate,
    interpolate,
    linalg,
    ndimage,
    optimize,
    signal,
    special,
    stats,
)
from scipy._lib._array_api import xp_capabilities_table
from scipy.optimize import elementwise
from scipy.spatial.transform import RigidTransform, Rotation, Slerp

from analysis.array_api.lists import Call, Run, Wrap

MODULES: Final = (
    "cluster.hierarchy", "cluster.vq", "constants", "differentiate", "fft", "integrate", "interpolate",
    "linalg", "ndimage", "optimize", "optimize.elementwise", "signal", "signal.windows", "spatial.distance",
    "spatial.transform", "special", "stats",
)  # fmt: skip

_random: Final = np.random.default_rng(2)
X: Final = _random.normal(size=(4, 5))
P: Final = np.abs(X) + 0.5
A: Final = _random.normal(size=9)
B: Final = _random.normal(size=9)
U: Final = np.sort(_random.uniform(0.1, 0.9, size=6))
T: Final = np.linspace(0.0, 1.0, 9)
GRID: Final = _random.normal(size=(6, 6))
QUATERNION: Final = np.array([0.1, 0.2, 0.3, 0.9])
POINTS: Final = _random.normal(size=(4, 3))
TRANSLATION: Final = np.array([1.0, 2.0, 3.0])
LINKED: Final = cluster.hierarchy.linkage(POINTS)
NUMERATOR: Final = np.array([1.0, 0.5])
SECTIONS: Final = np.array([[1.0, 0.5, 0.2, 1.0, 0.25, 0.125]])
DENOMINATOR: Final = np.array([1.0, 0.25, 0.125])


def _rotation(w: Wrap) -> Any:
    return Rotation.from_quat(w(QUATERNION))


def _transform(w: Wrap) -> Any:
    return RigidTransform.from_components(w(TRANSLATION), _rotation(w))


def _filled(transform: Any, value: Any) -> Any:
    transform[0] = value
    return transform


def named(names: Iterable[str], module: Any, *operands: Any) -> dict[str, Run]:
    """Calls of functions that take these operands, with the arrays among them wrapped."""

    def call(name: str) -> Run:
        return lambda w, c: getattr(module, name)(*(w(one) if type(one) is np.ndarray else one for one in operands))

    return {name: call(name) for name in names}


STATS: Final[dict[str, Run]] = named(
    (
        "describe",
        "iqr",
        "jarque_bera",
        "kstat",
        "kstatvar",
        "kurtosis",
        "kurtosistest",
        "lmoment",
        "median_abs_deviation",
        "mode",
        "moment",
        "normaltest",
        "rankdata",
        "sem",
        "skew",
        "skewtest",
        "tmax",
        "tmean",
        "tmin",
        "tsem",
        "tstd",
        "tvar",
        "variation",
        "zscore",
        "circmean",
        "circstd",
        "circvar",
        "directional_stats",
    ),
    stats,
    X,
) | {
    "alexandergovern": lambda w, c: stats.alexandergovern(w(A), w(B)),
    "ansari": lambda w, c: stats.ansari(w(A), w(B)),
    "bartlett": lambda w, c: stats.bartlett(w(A), w(B)),
    "bootstrap": lambda w, c: stats.bootstrap((w(A),), np.mean, n_resamples=9, rng=1),
    "boxcox_llf": lambda w, c: stats.boxcox_llf(0.5, w(P[0])),
    "brunnermunzel": lambda w, c: stats.brunnermunzel(w(A), w(B)),
    "chatterjeexi": lambda w, c: stats.chatterjeexi(w(A), w(B)),
    "chisquare": lambda w, c: stats.chisquare(w(P[0])),
    "combine_pvalues": lambda w, c: stats.combine_pvalues(w(U)),
    "cramervonmises": lambda w, c: stats.cramervonmises(w(A), lambda x: 1 / (1 + x * x)),
    "cramervonmises_2samp": lambda w, c: stats.cramervonmises_2samp(w(A), w(B)),
    "differential_entropy": lambda w, c: stats.differential_entropy(w(A)),
    "entropy": lambda w, c: stats.entropy(w(P), w(P + 1)),
    "epps_singleton_2samp": lambda w, c: stats.epps_singleton_2samp(w(A), w(B)),
    "f_oneway": lambda w, c: stats.f_oneway(w(A), w(B)),
    "false_discovery_control": lambda w, c: stats.false_discovery_control(w(U)),
    "fligner": lambda w, c: stats.fligner(w(A), w(B)),
    "friedmanchisquare": lambda w, c: stats.friedmanchisquare(w(A), w(B), w(A + B)),
    "gmean": lambda w, c: stats.gmean(w(P)),
    "gstd": lambda w, c: stats.gstd(w(P)),
    "gzscore": lambda w, c: stats.gzscore(w(P)),
    "hmean": lambda w, c: stats.hmean(w(P)),
    "kruskal": lambda w, c: stats.kruskal(w(A), w(B)),
    "ks_1samp": lambda w, c: stats.ks_1samp(w(A), special.ndtr),
    "levene": lambda w, c: stats.levene(w(A), w(B)),
    "mannwhitneyu": lambda w, c: stats.mannwhitneyu(w(A), w(B)),
    "monte_carlo_test": lambda w, c: stats.monte_carlo_test(
        w(A), lambda size: w(np.zeros(size)), lambda x, axis: x.__array_namespace__().mean(x, axis=axis), n_resamples=9
    ),
    "mood": lambda w, c: stats.mood(w(A), w(B)),
    "pearsonr": lambda w, c: stats.pearsonr(w(A), w(B)),
    "permutation_test": lambda w, c: stats.permutation_test(
        (w(A), w(B)), lambda x, y, axis: x.__array_namespace__().mean(x, axis=axis), n_resamples=9, rng=1
    ),
    "pmean": lambda w, c: stats.pmean(w(P), 3.0),
    "power": lambda w, c: stats.power(
        lambda x, axis: stats.ttest_1samp(x, 0.5, axis=axis), lambda size: w(np.ones(size)), 5, n_resamples=9
    ),
    "power_divergence": lambda w, c: stats.power_divergence(w(P[0]), lambda_=0.5),
    "quantile": lambda w, c: stats.quantile(w(A), c(np.asarray(0.5))),
    "sigmaclip": lambda w, c: stats.sigmaclip(w(A)),
    "spearmanrho": lambda w, c: stats.spearmanrho(w(A), w(B)),
    "trim_mean": lambda w, c: stats.trim_mean(w(A), 0.2),
    "ttest_1samp": lambda w, c: stats.ttest_1samp(w(A), 0.5),
    "ttest_ind": lambda w, c: stats.ttest_ind(w(A), w(B)),
    "ttest_ind_from_stats": lambda w, c: stats.ttest_ind_from_stats(
        w(np.asarray(1.0)), w(np.asarray(2.0)), 9, w(np.asarray(1.5)), w(np.asarray(2.5)), 8
    ),
    "ttest_rel": lambda w, c: stats.ttest_rel(w(A), w(B)),
    "wilcoxon": lambda w, c: stats.wilcoxon(w(A)),
    "yeojohnson_llf": lambda w, c: stats.yeojohnson_llf(0.5, w(A)),
    "zmap": lambda w, c: stats.zmap(w(X), w(X + 1)),
}

SPECIAL: Final[dict[str, Run]] = {
    "logsumexp": lambda w, c: special.logsumexp(w(X), axis=1),
    "softmax": lambda w, c: special.softmax(w(X), axis=1),
    "log_softmax": lambda w, c: special.log_softmax(w(X), axis=1),
    "multigammaln": lambda w, c: special.multigammaln(w(P + 3), 2),
    "polygamma": lambda w, c: special.polygamma(1, w(P)),
    "logit": lambda w, c: special.logit(w(U)),
    "xlogy": lambda w, c: special.xlogy(w(P), w(P + 1)),
    "xlog1py": lambda w, c: special.xlog1py(w(P), w(P + 1)),
    "entr": lambda w, c: special.entr(w(P)),
    "rel_entr": lambda w, c: special.rel_entr(w(P), w(P + 1)),
}

INTEGRATE: Final[dict[str, Run]] = {
    "cubature": lambda w, c: integrate.cubature(
        lambda x: w(np.ones(1)) * x[:, 0] ** 2, w(np.zeros(1)), w(np.ones(1)), rule="gk15"
    ),
    "cumulative_simpson": lambda w, c: integrate.cumulative_simpson(w(A), dx=0.5),
    "cumulative_trapezoid": lambda w, c: integrate.cumulative_trapezoid(w(X), dx=0.5, axis=1),
    "nsum": lambda w, c: integrate.nsum(lambda k: 1 / k**2, w(np.asarray(1.0)), w(np.asarray(9.0))),
    "qmc_quad": lambda w, c: integrate.qmc_quad(lambda x: x[0] * x[1], w(np.zeros(2)), w(np.ones(2)), n_points=8),
    "romb": lambda w, c: integrate.romb(w(A), dx=0.125),
    "tanhsinh": lambda w, c: integrate.tanhsinh(lambda x: x * x, w(np.asarray(0.0)), w(np.asarray(1.0))),
    "trapezoid": lambda w, c: integrate.trapezoid(w(X), w(np.arange(5.0)), axis=1),
}

INTERPOLATE: Final[dict[str, Run]] = {
    "BSpline": lambda w, c: interpolate.BSpline(w(np.arange(8.0)), w(A[:4]), 3)(w(np.asarray([3.5]))),
    "make_interp_spline": lambda w, c: interpolate.make_interp_spline(w(T), w(A)),
    "make_lsq_spline": lambda w, c: interpolate.make_lsq_spline(
        w(T), w(A), w(np.asarray([0.0, 0, 0, 0, 0.5, 1, 1, 1, 1]))
    ),
    "make_smoothing_spline": lambda w, c: interpolate.make_smoothing_spline(w(T), w(A)),
    "Akima1DInterpolator": lambda w, c: interpolate.Akima1DInterpolator(w(T), w(A)),
    "CubicHermiteSpline": lambda w, c: interpolate.CubicHermiteSpline(w(T), w(A), w(B)),
    "CubicSpline": lambda w, c: interpolate.CubicSpline(w(T), w(A)),
    "PchipInterpolator": lambda w, c: interpolate.PchipInterpolator(w(T), w(A)),
    "generate_knots": lambda w, c: list(interpolate.generate_knots(w(T), w(A))),
    "make_splprep": lambda w, c: interpolate.make_splprep([w(A), w(B)]),
    "make_splrep": lambda w, c: interpolate.make_splrep(w(T), w(A)),
    "BPoly": lambda w, c: interpolate.BPoly(w(X), w(np.arange(6.0)))(w(U)),
    "PPoly": lambda w, c: interpolate.PPoly(w(X), w(np.arange(6.0)))(w(U)),
    "NdBSpline": lambda w, c: interpolate.NdBSpline((w(np.arange(8.0)),), w(A[:4]), 3)(w(np.asarray([[3.5]]))),
    "RBFInterpolator": lambda w, c: interpolate.RBFInterpolator(w(POINTS), w(A[:4]))(w(POINTS + 1)),
    "RegularGridInterpolator": lambda w, c: interpolate.RegularGridInterpolator(
        (w(np.arange(4.0)), w(np.arange(5.0))), w(X)
    )(w(np.asarray([[1.5, 2.25]]))),
}

OPTIMIZE: Final[dict[str, Run]] = {
    "rosen": lambda w, c: optimize.rosen(w(A)),
    "rosen_der": lambda w, c: optimize.rosen_der(w(A)),
    "rosen_hess": lambda w, c: optimize.rosen_hess(w(A)),
    "rosen_hess_prod": lambda w, c: optimize.rosen_hess_prod(w(A), w(B)),
    "bracket_root": lambda w, c: elementwise.bracket_root(lambda x: x - 5.0, w(np.asarray(0.0))),
    "bracket_minimum": lambda w, c: elementwise.bracket_minimum(lambda x: (x - 5.0) ** 2, w(np.asarray(0.0))),
    "find_root": lambda w, c: elementwise.find_root(lambda x: x * x - 2.0, (w(np.asarray(0.0)), w(np.asarray(2.0)))),
    "find_minimum": lambda w, c: elementwise.find_minimum(
        lambda x: (x - 1.0) ** 2, (w(np.asarray(0.0)), w(np.asarray(0.5)), w(np.asarray(3.0)))
    ),
}

DIFFERENTIATE: Final[dict[str, Run]] = {
    "derivative": lambda w, c: differentiate.derivative(lambda x: x * x, w(np.asarray([1.0, 2.0]))),
    "jacobian": lambda w, c: differentiate.jacobian(lambda x: x * x, w(np.asarray([1.0, 2.0]))),
    "hessian": lambda w, c: differentiate.hessian(lambda x: x[0] * x[1], w(np.asarray([1.0, 2.0]))),
}

SIGNAL: Final[dict[str, Run]] = {
    "abcd_normalize": lambda w, c: signal.abcd_normalize(w(np.eye(2)), w(np.ones((2, 1))), w(np.ones((1, 2))), None),
    "bilinear": lambda w, c: signal.bilinear(w(NUMERATOR), w(DENOMINATOR)),
    "bilinear_zpk": lambda w, c: signal.bilinear_zpk(w(NUMERATOR), w(DENOMINATOR), 2.0, 1.0),
    "bode": lambda w, c: signal.bode((w(NUMERATOR), w(DENOMINATOR)), w(U)),
    "choose_conv_method": lambda w, c: signal.choose_conv_method(w(A), w(B)),
    "convolve": lambda w, c: signal.convolve(w(A), w(B), method="direct"),
    "convolve2d": lambda w, c: signal.convolve2d(w(X), w(X)),
    "correlate": lambda w, c: signal.correlate(w(A), w(B), method="direct"),
    "correlate2d": lambda w, c: signal.correlate2d(w(X), w(X)),
    "cspline1d": lambda w, c: signal.cspline1d(w(A)),
    "cspline1d_eval": lambda w, c: signal.cspline1d_eval(w(A), w(U)),
    "cspline2d": lambda w, c: signal.cspline2d(w(GRID), 0.0),
    "deconvolve": lambda w, c: signal.deconvolve(w(A), w(DENOMINATOR)),
    "detrend": lambda w, c: signal.detrend(w(X)),
    "envelope": lambda w, c: signal.envelope(w(A)),
    "fftconvolve": lambda w, c: signal.fftconvolve(w(A), w(B)),
    "filtfilt": lambda w, c: signal.filtfilt(w(NUMERATOR), w(DENOMINATOR), w(np.tile(A, 3))),
    "firls": lambda w, c: signal.firls(5, w(np.asarray([0.0, 0.3, 0.5, 1.0])), w(np.asarray([1.0, 1.0, 0.0, 0.0]))),
    "firwin": lambda w, c: signal.firwin(5, w(np.asarray([0.3]))),
    "firwin2": lambda w, c: signal.firwin2(5, w(np.asarray([0.0, 0.5, 1.0])), w(np.asarray([1.0, 1.0, 0.0]))),
    "freqs": lambda w, c: signal.freqs(w(NUMERATOR), w(DENOMINATOR), w(U)),
    "freqs_zpk": lambda w, c: signal.freqs_zpk(w(NUMERATOR), w(DENOMINATOR), 2.0, w(U)),
    "freqz": lambda w, c: signal.freqz(w(NUMERATOR), w(DENOMINATOR), w(U)),
    "freqz_sos": lambda w, c: signal.freqz_sos(w(SECTIONS), w(U)),
    "freqz_zpk": lambda w, c: signal.freqz_zpk(w(NUMERATOR), w(DENOMINATOR), 2.0, w(U)),
    "sosfreqz": lambda w, c: signal.sosfreqz(w(SECTIONS), w(U)),
    "gauss_spline": lambda w, c: signal.gauss_spline(w(A), 3),
    "group_delay": lambda w, c: signal.group_delay((w(NUMERATOR), w(DENOMINATOR)), w(U)),
    "hilbert": lambda w, c: signal.hilbert(w(A)),
    "hilbert2": lambda w, c: signal.hilbert2(w(X)),
    "impulse": lambda w, c: signal.impulse((w(NUMERATOR), w(DENOMINATOR)), T=w(T)),
    "lfilter": lambda w, c: signal.lfilter(w(NUMERATOR), w(DENOMINATOR), w(A)),
    "lfilter_zi": lambda w, c: signal.lfilter_zi(w(NUMERATOR), w(DENOMINATOR)),
    "lfiltic": lambda w, c: signal.lfiltic(w(NUMERATOR), w(DENOMINATOR), w(U[:2])),
    **named(("lp2lp", "lp2hp", "lp2bp", "lp2bs"), signal, NUMERATOR, DENOMINATOR, 2.0),
    **named(("lp2lp_zpk", "lp2hp_zpk", "lp2bp_zpk", "lp2bs_zpk"), signal, NUMERATOR[1:], DENOMINATOR[1:], 2.0, 3.0),
    "medfilt": lambda w, c: signal.medfilt(w(A)),
    "medfilt2d": lambda w, c: signal.medfilt2d(w(X)),
    "minimum_phase": lambda w, c: signal.minimum_phase(w(np.asarray([1.0, 2.0, 3.0, 2.0, 1.0]))),
    "normalize": lambda w, c: signal.normalize(w(NUMERATOR), w(DENOMINATOR)),
    "oaconvolve": lambda w, c: signal.oaconvolve(w(A), w(B)),
    "order_filter": lambda w, c: signal.order_filter(w(A), c(np.ones(3)), 1),
    "place_poles": lambda w, c: signal.place_poles(
        w(np.asarray([[0.0, 1], [2, 3]])), w(np.asarray([[0.0], [1]])), w(np.asarray([-1.0, -2.0]))
    ),
    "qspline1d": lambda w, c: signal.qspline1d(w(A)),
    "qspline1d_eval": lambda w, c: signal.qspline1d_eval(w(A), w(U)),
    "resample": lambda w, c: signal.resample(w(A), 5),
    "resample_poly": lambda w, c: signal.resample_poly(w(A), 2, 3),
    "savgol_coeffs": lambda w, c: signal.savgol_coeffs(5, 2, xp=w(A).__array_namespace__()),
    "savgol_filter": lambda w, c: signal.savgol_filter(w(A), 5, 2),
    "sos2tf": lambda w, c: signal.sos2tf(w(SECTIONS)),
    "sos2zpk": lambda w, c: signal.sos2zpk(w(SECTIONS)),
    "sosfilt": lambda w, c: signal.sosfilt(w(SECTIONS), w(A)),
    "sosfilt_zi": lambda w, c: signal.sosfilt_zi(w(SECTIONS)),
    "sosfiltfilt": lambda w, c: signal.sosfiltfilt(w(SECTIONS), w(np.tile(A, 3))),
    "spline_filter": lambda w, c: signal.spline_filter(w(np.ones((12, 12)))),
    "tf2sos": lambda w, c: signal.tf2sos(w(NUMERATOR), w(DENOMINATOR)),
    "tf2zpk": lambda w, c: signal.tf2zpk(w(NUMERATOR), w(DENOMINATOR)),
    "upfirdn": lambda w, c: signal.upfirdn(w(A), w(B)),
    "vectorstrength": lambda w, c: signal.vectorstrength(w(A), 2.0),
    "wiener": lambda w, c: signal.wiener(w(A)),
    "zpk2sos": lambda w, c: signal.zpk2sos(w(NUMERATOR[1:]), w(DENOMINATOR[1:]), 2.0),
    "zpk2tf": lambda w, c: signal.zpk2tf(w(NUMERATOR[1:]), w(DENOMINATOR[1:]), 2.0),
}  # fmt: skip

TRANSFORM: Final[dict[str, Run]] = {
    "Rotation.__getitem__": lambda w, c: Rotation.from_rotvec(w(POINTS))[1].as_quat(),
    "Rotation.__iter__": lambda w, c: [one.as_quat() for one in Rotation.from_rotvec(w(POINTS))],
    "Rotation.__mul__": lambda w, c: (_rotation(w) * _rotation(w)).as_quat(),
    "Rotation.__pow__": lambda w, c: (_rotation(w) ** 0.5).as_quat(),
    "Rotation.__repr__": lambda w, c: repr(_rotation(w)),
    "Rotation.__setitem__": lambda w, c: _filled(Rotation.from_rotvec(w(POINTS)), _rotation(w)).as_quat(),
    "Rotation.align_vectors": lambda w, c: Rotation.align_vectors(w(POINTS), w(POINTS + 1)),
    "Rotation.apply": lambda w, c: _rotation(w).apply(w(POINTS)),
    "Rotation.approx_equal": lambda w, c: _rotation(w).approx_equal(_rotation(w), atol=1e-6),
    "Rotation.as_davenport": lambda w, c: _rotation(w).as_davenport(w(np.eye(3)), "extrinsic"),
    "Rotation.as_euler": lambda w, c: _rotation(w).as_euler("xyz"),
    "Rotation.as_matrix": lambda w, c: _rotation(w).as_matrix(),
    "Rotation.as_mrp": lambda w, c: _rotation(w).as_mrp(),
    "Rotation.as_quat": lambda w, c: _rotation(w).as_quat(canonical=True),
    "Rotation.as_rotvec": lambda w, c: _rotation(w).as_rotvec(),
    "Rotation.concatenate": lambda w, c: Rotation.concatenate([_rotation(w), _rotation(w)]).as_quat(),
    "Rotation.from_davenport": lambda w, c: Rotation.from_davenport(w(np.eye(3)), "extrinsic", w(U[:3])).as_quat(),
    "Rotation.from_euler": lambda w, c: Rotation.from_euler("xyz", w(U[:3])).as_quat(),
    "Rotation.from_matrix": lambda w, c: Rotation.from_matrix(
        w(np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])), assume_valid=True
    ).as_quat(),
    "Rotation.from_mrp": lambda w, c: Rotation.from_mrp(w(U[:3])).as_quat(),
    "Rotation.from_quat": lambda w, c: _rotation(w).as_quat(),
    "Rotation.from_rotvec": lambda w, c: Rotation.from_rotvec(w(U[:3])).as_quat(),
    "Rotation.inv": lambda w, c: _rotation(w).inv().as_quat(),
    "Rotation.magnitude": lambda w, c: _rotation(w).magnitude(),
    "Rotation.mean": lambda w, c: Rotation.from_rotvec(w(POINTS)).mean(),
    "Rotation.reduce": lambda w, c: Rotation.from_rotvec(w(POINTS)).reduce(Rotation.from_rotvec(w(POINTS))).as_quat(),
    "Slerp.__init__": lambda w, c: Slerp(w(np.arange(4.0)), Rotation.from_rotvec(w(POINTS))),
    "Slerp.__call__": lambda w, c: Slerp(w(np.arange(4.0)), Rotation.from_rotvec(w(POINTS)))(w(U)).as_quat(),
    "RigidTransform.__getitem__": lambda w, c: RigidTransform.from_translation(w(POINTS))[1].as_matrix(),
    "RigidTransform.__iter__": lambda w, c: [t.as_matrix() for t in RigidTransform.from_translation(w(POINTS))],
    "RigidTransform.__mul__": lambda w, c: (_transform(w) * _transform(w)).as_matrix(),
    "RigidTransform.__pow__": lambda w, c: (_transform(w) ** 0.5).as_matrix(),
    "RigidTransform.__setitem__": lambda w, c: _filled(
        RigidTransform.from_translation(w(POINTS)), _transform(w)
    ).as_matrix(),
    "RigidTransform.apply": lambda w, c: _transform(w).apply(w(POINTS)),
    "RigidTransform.as_components": lambda w, c: _transform(w).as_components()[0],
    "RigidTransform.as_dual_quat": lambda w, c: _transform(w).as_dual_quat(),
    "RigidTransform.as_exp_coords": lambda w, c: _transform(w).as_exp_coords(),
    "RigidTransform.as_matrix": lambda w, c: _transform(w).as_matrix(),
    "RigidTransform.concatenate": lambda w, c: RigidTransform.concatenate([_transform(w), _transform(w)]).as_matrix(),
    "RigidTransform.from_components": lambda w, c: _transform(w).as_matrix(),
    "RigidTransform.from_dual_quat": lambda w, c: RigidTransform.from_dual_quat(
        w(np.array([0.0, 0, 0, 1, 0.5, 0.25, 0.125, 0]))
    ).as_matrix(),
    "RigidTransform.from_exp_coords": lambda w, c: RigidTransform.from_exp_coords(w(U)).as_matrix(),
    "RigidTransform.from_matrix": lambda w, c: RigidTransform.from_matrix(w(np.eye(4))).as_matrix(),
    "RigidTransform.from_rotation": lambda w, c: RigidTransform.from_rotation(_rotation(w)).as_matrix(),
    "RigidTransform.from_translation": lambda w, c: RigidTransform.from_translation(w(TRANSLATION)).as_matrix(),
    "RigidTransform.inv": lambda w, c: _transform(w).inv().as_matrix(),
    "RigidTransform.mean": lambda w, c: RigidTransform.from_translation(w(POINTS)).mean(),
}

CLUSTER: Final[dict[str, Run]] = {
    "kmeans": lambda w, c: cluster.vq.kmeans(w(POINTS), 2, rng=1),
    "kmeans2": lambda w, c: cluster.vq.kmeans2(w(POINTS), 2, rng=1),
    "vq": lambda w, c: cluster.vq.vq(w(POINTS), w(POINTS[:2])),
    "whiten": lambda w, c: cluster.vq.whiten(w(POINTS)),
    "cophenet": lambda w, c: cluster.hierarchy.cophenet(w(LINKED)),
    "correspond": lambda w, c: cluster.hierarchy.correspond(w(LINKED), w(A[:6])),
    "dendrogram": lambda w, c: cluster.hierarchy.dendrogram(w(LINKED), no_plot=True),
    "fcluster": lambda w, c: cluster.hierarchy.fcluster(w(LINKED), 1.0),
    "fclusterdata": lambda w, c: cluster.hierarchy.fclusterdata(w(POINTS), 1.0),
    "inconsistent": lambda w, c: cluster.hierarchy.inconsistent(w(LINKED)),
    "is_isomorphic": lambda w, c: cluster.hierarchy.is_isomorphic(c(np.arange(4)), c(np.arange(4))),
    "is_valid_im": lambda w, c: cluster.hierarchy.is_valid_im(w(cluster.hierarchy.inconsistent(LINKED))),
    "leaders": lambda w, c: cluster.hierarchy.leaders(w(LINKED), c(np.array([1, 1, 1, 1], np.int32))),
    "maxRstat": lambda w, c: cluster.hierarchy.maxRstat(w(LINKED), w(cluster.hierarchy.inconsistent(LINKED)), 0),
    "maxinconsts": lambda w, c: cluster.hierarchy.maxinconsts(w(LINKED), w(cluster.hierarchy.inconsistent(LINKED))),
    "optimal_leaf_ordering": lambda w, c: cluster.hierarchy.optimal_leaf_ordering(w(LINKED), w(POINTS)),
    **named(("is_monotonic", "is_valid_linkage", "leaves_list", "maxdists", "num_obs_linkage", "to_mlab_linkage",
                    "to_tree"), cluster.hierarchy, LINKED),
    "from_mlab_linkage": lambda w, c: cluster.hierarchy.from_mlab_linkage(
        w(cluster.hierarchy.to_mlab_linkage(LINKED))
    ),
    **named(
        ("average", "centroid", "complete", "linkage", "median", "single", "ward", "weighted"), cluster.hierarchy,
        POINTS,
    ),
}  # fmt: skip

OTHERS: Final[dict[str, Run]] = {
    "convert_temperature": lambda w, c: constants.convert_temperature(w(A), "Celsius", "Fahrenheit"),
    "lambda2nu": lambda w, c: constants.lambda2nu(w(P)),
    "nu2lambda": lambda w, c: constants.nu2lambda(w(P)),
    "orthogonal_procrustes": lambda w, c: linalg.orthogonal_procrustes(w(X), w(X + 1)),
    "block_diag": lambda w, c: linalg.block_diag(w(X), w(X)),
    "fiedler": lambda w, c: linalg.fiedler(w(A)),
    "vectorized_filter": lambda w, c: ndimage.vectorized_filter(
        w(X), lambda x, axis: x.__array_namespace__().mean(x, axis=axis), size=2
    ),
    "generic_filter": lambda w, c: ndimage.generic_filter(w(X), np.mean, size=2),
    "fftfreq": lambda w, c: scipy.fft.fftfreq(8, xp=w(A).__array_namespace__()),
    "rfftfreq": lambda w, c: scipy.fft.rfftfreq(8, xp=w(A).__array_namespace__()),
    "fht": lambda w, c: scipy.fft.fht(w(A), 0.1, 0.5),
    "ifht": lambda w, c: scipy.fft.ifht(w(A), 0.1, 0.5),
}

_NDIMAGE: Final[dict[str, tuple[Any, ...]]] = {
    **dict.fromkeys(("affine_transform",), (np.eye(2),)),
    **dict.fromkeys(("convolve", "correlate"), (np.ones((3, 3)),)),
    **dict.fromkeys(("convolve1d", "correlate1d"), (np.ones(3),)),
    **dict.fromkeys(
        ("black_tophat", "white_tophat", "grey_closing", "grey_dilation", "grey_erosion", "grey_opening", "zoom",
         "maximum_filter", "minimum_filter", "median_filter", "maximum_filter1d", "minimum_filter1d",
         "uniform_filter1d",
         "morphological_gradient", "morphological_laplace", "fourier_ellipsoid", "fourier_gaussian", "fourier_shift",
         "fourier_uniform", "shift"), (3,),
    ),
    **dict.fromkeys(
        ("gaussian_filter", "gaussian_filter1d", "gaussian_gradient_magnitude", "gaussian_laplace"), (1.0,)
    ),
    "percentile_filter": (50, 3), "rank_filter": (1, 3), "rotate": (30.0,), "histogram": (-1.0, 1.0, 4),
    "generic_filter1d": (lambda line, out: None, 3), "generic_gradient_magnitude": (ndimage.sobel,),
    "generic_laplace": (lambda x, axis, output, mode, cval: ndimage.sobel(x, axis, output, mode, cval),),
    "geometric_transform": (lambda index: index,), "map_coordinates": (np.ones((2, 3)),), "iterate_structure": (2,),
    "labeled_comprehension": (np.ones((6, 6), int), 1, np.mean, float, 0.0),
    "watershed_ift": (np.ones((6, 6), np.int8),),
}  # fmt: skip
"""What else the functions of images are given."""

_OF_INTEGERS: Final = frozenset({"find_objects", "value_indices", "watershed_ift"})

BY_NAME: Final = {
    "stats": STATS, "special": SPECIAL, "integrate": INTEGRATE, "interpolate": INTERPOLATE, "optimize": OPTIMIZE,
    "optimize.elementwise": OPTIMIZE, "differentiate": DIFFERENTIATE, "signal": SIGNAL, "spatial.transform": TRANSFORM,
    "cluster.hierarchy": CLUSTER, "cluster.vq": CLUSTER,
}  # fmt: skip


def _default(module: str, name: str) -> Run | None:
    """The call of a routine that is called as the others of its module are."""
    routine = operator.attrgetter(name)(importlib.import_module(f"scipy.{module}"))
    given = _NDIMAGE.get(name, ())
    if module == "fft":
        return lambda w, c: routine(w(GRID))
    if module == "ndimage":
        image = np.abs(GRID * 9).astype(np.uint8) if name in _OF_INTEGERS else GRID
        return lambda w, c: routine(w(image), *(c(one) if type(one) is np.ndarray else one for one in given))
    if module == "special":
        operands = next((count for count in (1, 2, 3, 4) if _takes(routine, count)), 1)
        return lambda w, c: routine(*(w(U + index) for index in range(operands)))
    return None


def _takes(routine: Callable[..., Any], count: int) -> bool:
    try:
        routine(*(np.asarray([0.5]) for _ in range(count)))
    except Exception:
        return False
    return True


def calls() -> Iterator[Call]:
    """The calls, in the order of SciPy's modules and of names. What takes no array of numbers has none."""
    for module in MODULES:
        importlib.import_module(f"scipy.{module}")
    found = {}
    for routine, capabilities in list(xp_capabilities_table.items()):
        if capabilities["np_only"] or capabilities["out_of_scope"]:
            continue
        name = getattr(routine, "__qualname__", routine.__name__)
        full = next((one for one in MODULES if _stands_in(one, name, routine)), None)
        if full is None:
            continue
        run = BY_NAME.get(full, {}).get(name) or OTHERS.get(name) or _default(full, name)
        if run is not None:
            found[full, name] = Call(full, name, run)
    yield from (found[key] for key in sorted(found, key=lambda key: (MODULES.index(key[0]), key[1].lower())))


def _stands_in(module: str, name: str, routine: object) -> bool:
    try:
        return operator.attrgetter(name)(importlib.import_module(f"scipy.{module}")) is routine
    except AttributeError:
        return False
