"""Methods and masks that write into arrays that are differentiated, and what of their memory is refused."""

import numpy as np
import pytest

import opcount as oc

X = np.array([1.0, 2.0, 4.0])


def written_flat(x):
    y = np.outer(x, x)
    y.flat[3] = x[2] * 5.0
    y.flat[[0, 4]] = x[:2]
    y.T.flat[1:6] = [x[0] * x[1], 2.0]  # NumPy repeats them
    v = y[:, 1]
    v.flat = x * x
    y.flat[y.ravel() > 7.0] *= 2.0
    return np.sum(y * y) + sum(y.flat) * y.flat[-1]


def put_by_method(x):
    y = x * 2.0
    y.put([0, 2], x[1:] * x[0])
    return np.sum(y * y)


def seen_by_method(x):
    y = x * 2.0
    v = y.view()
    v[0] = x[1] * x[2]
    return np.sum(y * y) + v.nbytes + v.itemsize + np.sum(y.imag)


def by_a_mask(x):
    y = np.outer(x, x)
    np.putmask(y, y > 3.5, x * 5.0)
    np.place(y, y < 2.5, x[:2] * x[1])
    np.place(y, y > 1e9, x)
    return np.sum(y * y)


@pytest.mark.parametrize("f", [written_flat, put_by_method, seen_by_method, by_a_mask])
def test_what_writes_by_methods_and_masks_is_differentiated(f):
    slope = [(f(X + 1e-6 * unit) - f(X - 1e-6 * unit)) / 2e-6 for unit in np.eye(3)]
    whole, along, opened = (
        oc.gradient(f, X.copy(), method, granularity=granularity)
        for method, granularity in (("backprop", "array"), ("forward", "array"), ("backprop", "scalar"))
    )
    assert whole.value == along.value == opened.value == f(X.copy())
    for g in (whole, along, opened):
        assert np.allclose(g.gradient, slope, rtol=1e-6)
    assert whole.phases["primal"] == opened.phases["primal"]
    with oc.count() as tally:
        f(oc.wrap(X.copy()))
    assert tally.counts == whole.phases["primal"]


def test_numbers_as_a_mask_are_compared_with_zero():
    def f(x):
        y = x * 2.0
        np.putmask(y, x - 1.0, x * x)
        return np.sum(y)

    g = oc.gradient(f, X)
    with oc.count() as tally:
        f(oc.wrap(X))
    assert g.gradient.tolist() == [2.0, 4.0, 8.0]
    assert g.phases["primal"] == tally.counts == {"mul": 6, "sub": 3, "ne": 3, "add": 2}


def test_an_element_of_flat_takes_one_number_and_none_changes_nothing():
    def f(x):
        y = x * 2.0
        y.flat[1:1] = []
        y.flat[:2] = []  # as NumPy does
        with pytest.raises(ValueError, match="sequence"):
            y.flat[0] = [1.0, 2.0]
        with pytest.raises(IndexError):
            y.flat[3]
        with pytest.raises(ValueError, match="cannot delete"):
            del y[0]
        assert len(y.flat) == len(list(y.flat)) == 3
        return np.sum(y)

    assert oc.gradient(f, X).gradient.tolist() == [2.0, 2.0, 2.0]


@pytest.mark.parametrize(
    "of_memory",
    [
        lambda y: y.resize(2), lambda y: setattr(y, "shape", (3, 1)), lambda y: y.view(np.int64), lambda y: y.flags,
        lambda y: y.data, lambda y: y.byteswap(), lambda y: y.setfield(1.0, float), lambda y: y.tobytes(),
    ],
)  # fmt: skip
def test_the_memory_of_what_is_differentiated_is_refused_with_the_way_out(of_memory):
    def f(x):
        y = x * 2.0
        of_memory(y)
        return np.sum(y)

    with pytest.raises(oc.Uncounted, match=r"differentiated .*(oc\.unwrap\(x\)|reshape|astype)"):
        oc.gradient(f, X)


MADE = {
    "zeros": lambda x: np.zeros(3, like=x),
    "zeros, named": lambda x: np.zeros(shape=(3,), dtype=float, like=x),
    "empty": lambda x: np.empty((3,), like=x),
    "ones": lambda x: np.ones(3, np.float64, like=x),
    "full": lambda x: np.full(3, 2.0, like=x),
    "full of x": lambda x: np.full(3, x[0], like=x),
}


@pytest.mark.parametrize("name", MADE)
def test_what_is_made_like_x_takes_what_depends_on_it(name):
    def filled(x):
        y = MADE[name](x)
        for i in range(3):
            y[i] = x[i] * x[i - 1]
        return np.sum(y * y)

    whole, opened = (oc.gradient(filled, X, granularity=granularity) for granularity in ("array", "scalar"))
    assert whole.value == filled(X) == 84.0
    assert whole.gradient.tolist() == opened.gradient.tolist()
    np.testing.assert_allclose(whole.gradient, oc.gradient(filled, X, "finite-difference").gradient, rtol=1e-8)
    assert whole.phases == opened.phases and whole.phases["primal"] == oc.measure(filled, X).counts
