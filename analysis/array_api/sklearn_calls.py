"""Calls of scikit-learn's routines that support the array API standard, on small arrays.

`w` wraps an array, so that it counts, `c` makes it constant data, as labels and weights are. An estimator is made
once for each call. What a call validates, that all numbers are finite for one, is part of what it executes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any, Final

os.environ["SCIPY_ARRAY_API"] = "1"  # before SciPy is imported

import numpy as np
import sklearn
from sklearn import (
    covariance,
    decomposition,
    discriminant_analysis,
    kernel_approximation,
    linear_model,
    metrics,
    mixture,
    model_selection,
    naive_bayes,
    preprocessing,
    utils,
)
from sklearn.metrics import cluster as cluster_metrics
from sklearn.metrics import pairwise
from sklearn.utils import extmath

from analysis.array_api.lists import Call, Run, Wrap
from analysis.array_api.scipy_calls import named

_random: Final = np.random.default_rng(3)
X: Final = _random.normal(size=(12, 3))
Y: Final = _random.normal(size=(6, 3))
P: Final = np.abs(X) + 0.1
Q: Final = np.abs(Y) + 0.1
TARGET: Final = X @ np.array([1.0, -2.0, 0.5]) + 0.25
GUESS: Final = TARGET + _random.normal(size=12) / 8
LABELS: Final = np.array([0, 1] * 6)
FOUND: Final = np.array([0, 1, 1, 0] * 3)
CHANCES: Final = 1 / (1 + np.exp(-GUESS))
WEIGHTS: Final = np.linspace(0.5, 1.5, 12)


def _fitted(make: Callable[[], Any], after: Callable[[Any, Any], Any] = lambda fitted, x: fitted) -> Run:
    return lambda w, c: after(make().fit(w(X)), w(X))


def _with_target(make: Callable[[], Any], after: Callable[[Any, Any], Any] = lambda fitted, x: fitted) -> Run:
    return lambda w, c: after(make().fit(w(X), w(TARGET)), w(X))


def _with_labels(make: Callable[[], Any], after: Callable[[Any, Any], Any] = lambda fitted, x: fitted) -> Run:
    return lambda w, c: after(make().fit(w(X), c(LABELS)), w(X))


ESTIMATORS: Final[dict[str, Run]] = {
    "StandardScaler.fit": _fitted(preprocessing.StandardScaler),
    "StandardScaler.transform": _fitted(preprocessing.StandardScaler, lambda s, x: s.transform(x)),
    "StandardScaler.inverse_transform": _fitted(preprocessing.StandardScaler, lambda s, x: s.inverse_transform(x)),
    "MinMaxScaler.fit": _fitted(preprocessing.MinMaxScaler),
    "MinMaxScaler.transform": _fitted(preprocessing.MinMaxScaler, lambda s, x: s.transform(x)),
    "MinMaxScaler.inverse_transform": _fitted(preprocessing.MinMaxScaler, lambda s, x: s.inverse_transform(x)),
    "MaxAbsScaler.fit": _fitted(preprocessing.MaxAbsScaler),
    "MaxAbsScaler.transform": _fitted(preprocessing.MaxAbsScaler, lambda s, x: s.transform(x)),
    "MaxAbsScaler.inverse_transform": _fitted(preprocessing.MaxAbsScaler, lambda s, x: s.inverse_transform(x)),
    "Normalizer.transform (l2)": _fitted(preprocessing.Normalizer, lambda s, x: s.transform(x)),
    "Normalizer.transform (l1)": _fitted(lambda: preprocessing.Normalizer(norm="l1"), lambda s, x: s.transform(x)),
    "Normalizer.transform (max)": _fitted(lambda: preprocessing.Normalizer(norm="max"), lambda s, x: s.transform(x)),
    "Binarizer.transform": _fitted(preprocessing.Binarizer, lambda s, x: s.transform(x)),
    "KernelCenterer.fit": lambda w, c: preprocessing.KernelCenterer().fit(w(X @ X.T)),
    "KernelCenterer.transform": lambda w, c: preprocessing.KernelCenterer().fit(w(X @ X.T)).transform(w(X @ X.T)),
    "PolynomialFeatures.transform": _fitted(preprocessing.PolynomialFeatures, lambda s, x: s.transform(x)),
    "LabelEncoder.fit_transform": lambda w, c: preprocessing.LabelEncoder().fit_transform(w(LABELS)),
    "PCA.fit": _fitted(decomposition.PCA),
    "PCA.fit (covariance_eigh)": _fitted(lambda: decomposition.PCA(svd_solver="covariance_eigh")),
    "Ridge.fit": _with_target(lambda: linear_model.Ridge(solver="svd")),
    "RidgeCV.fit": _with_target(linear_model.RidgeCV),
    "RidgeClassifier.fit": _with_labels(lambda: linear_model.RidgeClassifier(solver="svd")),
    "LogisticRegression.fit": _with_labels(linear_model.LogisticRegression),
    "LinearDiscriminantAnalysis.fit": _with_labels(discriminant_analysis.LinearDiscriminantAnalysis),
    "GaussianNB.fit": _with_labels(naive_bayes.GaussianNB),
    "GaussianNB.predict_joint_log_proba": _with_labels(
        naive_bayes.GaussianNB, lambda fitted, x: fitted.predict_joint_log_proba(x)
    ),
    "GaussianNB.predict_proba": _with_labels(naive_bayes.GaussianNB, lambda fitted, x: fitted.predict_proba(x)),
    "GaussianMixture.fit": _fitted(lambda: mixture.GaussianMixture(2, init_params="random_from_data", random_state=1)),
    "Nystroem.fit": _fitted(lambda: kernel_approximation.Nystroem(n_components=3, random_state=1)),
    "empirical_covariance": lambda w, c: covariance.empirical_covariance(w(X)),
}

METRICS: Final[dict[str, Run]] = {
    **named((
        "explained_variance_score", "max_error", "mean_absolute_error", "mean_absolute_percentage_error",
        "mean_pinball_loss", "mean_squared_error", "r2_score", "root_mean_squared_error", "d2_absolute_error_score",
        "median_absolute_error",
    ), metrics, TARGET, GUESS),
    **named((
        "d2_tweedie_score", "mean_gamma_deviance", "mean_poisson_deviance", "mean_squared_log_error",
        "mean_tweedie_deviance", "root_mean_squared_log_error",
    ), metrics, P[:, 0], P[:, 1]),
    **named((
        "accuracy_score", "balanced_accuracy_score", "cohen_kappa_score", "confusion_matrix", "f1_score",
        "hamming_loss", "jaccard_score", "matthews_corrcoef", "multilabel_confusion_matrix", "precision_score",
        "recall_score", "zero_one_loss",
    ), metrics, LABELS, FOUND),
    "brier_score_loss": lambda w, c: metrics.brier_score_loss(c(LABELS), w(CHANCES)),
    "log_loss": lambda w, c: metrics.log_loss(c(LABELS), w(CHANCES)),
    "roc_curve": lambda w, c: metrics.roc_curve(c(LABELS), w(CHANCES)),
    "precision_recall_curve": lambda w, c: metrics.precision_recall_curve(c(LABELS), w(CHANCES)),
    "det_curve": lambda w, c: metrics.det_curve(c(LABELS), w(CHANCES)),
    "mean_squared_error (raw_values)": lambda w, c: metrics.mean_squared_error(
        w(X), w(X + 1), multioutput="raw_values"
    ),
    "mean_absolute_error (raw_values)": lambda w, c: metrics.mean_absolute_error(
        w(X), w(X + 1), multioutput="raw_values"
    ),
    "mean_squared_error (weights)": lambda w, c: metrics.mean_squared_error(
        w(X), w(X + 1), sample_weight=c(WEIGHTS), multioutput="raw_values"
    ),
    "r2_score (raw_values)": lambda w, c: metrics.r2_score(w(X), w(X + 1), multioutput="raw_values"),
    "explained_variance_score (raw_values)": lambda w, c: metrics.explained_variance_score(
        w(X), w(X + 1), multioutput="raw_values"
    ),
    "mean_pinball_loss (raw_values)": lambda w, c: metrics.mean_pinball_loss(w(X), w(X + 1), multioutput="raw_values"),
    "cluster.entropy": lambda w, c: cluster_metrics.entropy(w(LABELS)),
}  # fmt: skip

PAIRWISE: Final[dict[str, Run]] = {
    **named((
        "cosine_distances", "cosine_similarity", "euclidean_distances", "laplacian_kernel", "linear_kernel",
        "manhattan_distances", "polynomial_kernel", "rbf_kernel", "sigmoid_kernel", "pairwise_distances",
        "pairwise_kernels",
    ), pairwise, X, Y),
    **named((
        "additive_chi2_kernel", "chi2_kernel",
    ), pairwise, P, Q),
    **named((
        "paired_cosine_distances", "paired_euclidean_distances", "paired_manhattan_distances", "paired_distances",
    ), pairwise, Y, Y + 1),
}  # fmt: skip

FUNCTIONS: Final[dict[str, Run]] = {
    "preprocessing.scale": lambda w, c: preprocessing.scale(w(X)),
    "preprocessing.minmax_scale": lambda w, c: preprocessing.minmax_scale(w(X)),
    "preprocessing.maxabs_scale": lambda w, c: preprocessing.maxabs_scale(w(X)),
    "preprocessing.normalize": lambda w, c: preprocessing.normalize(w(X)),
    "preprocessing.binarize": lambda w, c: preprocessing.binarize(w(X)),
    "preprocessing.label_binarize": lambda w, c: preprocessing.label_binarize(w(LABELS), classes=c(np.arange(2))),
    "model_selection.train_test_split": lambda w, c: model_selection.train_test_split(w(X), w(TARGET), random_state=1),
    "utils.check_array": lambda w, c: utils.check_array(w(X)),
    "utils.check_X_y": lambda w, c: utils.check_X_y(w(X), c(LABELS)),
    "utils.assert_all_finite": lambda w, c: utils.assert_all_finite(w(X)),
    "utils.extmath.softmax": lambda w, c: extmath.softmax(w(X)),
    "utils.extmath.row_norms": lambda w, c: extmath.row_norms(w(X)),
    "utils.extmath.safe_sparse_dot": lambda w, c: extmath.safe_sparse_dot(w(X), w(Y.T)),
    "utils.extmath.randomized_svd": lambda w, c: extmath.randomized_svd(w(X), 2, random_state=1),
    "utils.shuffle": lambda w, c: utils.shuffle(w(X), random_state=1),
    "utils.resample": lambda w, c: utils.resample(w(X), random_state=1),
}


def _dispatched(run: Run) -> Run:
    def dispatched(w: Wrap, c: Wrap) -> Any:
        with sklearn.config_context(array_api_dispatch=True):
            return run(w, c)

    return dispatched


def calls() -> Iterator[Call]:
    """The calls, by what kind of routine it is."""
    kinds = {"estimators": ESTIMATORS, "metrics": METRICS, "metrics.pairwise": PAIRWISE, "functions": FUNCTIONS}
    for kind, found in kinds.items():
        yield from (Call(kind, name, _dispatched(run)) for name, run in found.items())
