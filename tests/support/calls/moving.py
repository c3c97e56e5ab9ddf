"""Calls of the functions that move data: they count nothing."""

from __future__ import annotations

import tempfile

import numpy as np

A = np.arange(6.0).reshape(2, 3)
S = np.arange(9.0).reshape(3, 3)
V = np.array([3.0, 1.0, 2.0])


def from_file(x):
    with tempfile.TemporaryFile() as file:
        file.write(bytes(16))
        file.seek(0)
        return np.fromfile(file, like=x)


FREE_CALLS = {
    "append": lambda x: np.append(x, x, 0), "array_split": lambda x: np.array_split(x, 2),
    "atleast_1d": np.atleast_1d, "atleast_2d": np.atleast_2d, "atleast_3d": np.atleast_3d,
    "array2string": np.array2string, "array_repr": np.array_repr, "array_str": np.array_str,
    "block": lambda x: np.block([[x, x], [x, x]]), "broadcast_arrays": lambda x: np.broadcast_arrays(x, x[:1]),
    "broadcast_to": lambda x: np.broadcast_to(x, (4, 2, 3)), "can_cast": lambda x: np.can_cast(x.dtype, int),
    "choose": lambda x: np.choose([[0, 1, 0]] * 2, [x, x]), "column_stack": lambda x: np.column_stack([x, x]),
    "common_type": lambda x: np.common_type(x, x), "concat": lambda x: np.concat([x, x], axis=1),
    "concatenate": lambda x: np.concatenate([x, x], axis=1), "copy": np.copy,
    "copyto": lambda x: np.copyto(x, x[::-1]), "delete": lambda x: np.delete(x, 1, 1),
    "diag": lambda x: np.diag(x[0]), "diag_indices_from": lambda x: np.diag_indices_from(x[:, :2]),
    "diagflat": np.diagflat, "diagonal": np.diagonal, "dsplit": lambda x: np.dsplit(x.reshape(1, 2, 3), 3),
    "dstack": lambda x: np.dstack([x, x]), "einsum_path": lambda x: np.einsum_path("ij,jk", x, x.T),
    "empty_like": lambda x: np.empty_like(x).shape, "expand_dims": lambda x: np.expand_dims(x, 0),
    "fill_diagonal": lambda x: np.fill_diagonal(x, 7.0), "flip": np.flip, "fliplr": np.fliplr, "flipud": np.flipud,
    "full_like": lambda x: np.full_like(x, 3), "hsplit": lambda x: np.hsplit(x, 3),
    "hstack": lambda x: np.hstack([x, x]), "imag": np.imag, "insert": lambda x: np.insert(x, 1, x[0, 0], 1),
    "iscomplexobj": np.iscomplexobj, "isrealobj": np.isrealobj, "matrix_transpose": np.matrix_transpose,
    "may_share_memory": lambda x: np.may_share_memory(x, x), "meshgrid": lambda x: np.meshgrid(x[0], x[1]),
    "min_scalar_type": np.min_scalar_type, "moveaxis": lambda x: np.moveaxis(x, 0, 1), "ndim": np.ndim,
    "ones_like": np.ones_like, "permute_dims": np.permute_dims, "put": lambda x: np.put(x, [0, 2], [8.0, 9.0]),
    "put_along_axis": lambda x: np.put_along_axis(x, np.array([[0], [1]]), 5.0, 1), "ravel": np.ravel,
    "real": np.real, "repeat": lambda x: np.repeat(x, 2, 0), "reshape": lambda x: np.reshape(x, (3, 2)),
    "resize": lambda x: np.resize(x, (3, 3)), "result_type": np.result_type, "roll": lambda x: np.roll(x, 1, 0),
    "rollaxis": lambda x: np.rollaxis(x, 1), "rot90": np.rot90, "select": lambda x: np.select([A > 3], [x], 0.5),
    "shape": np.shape, "shares_memory": lambda x: np.shares_memory(x, x), "size": np.size,
    "split": lambda x: np.split(x, 2), "squeeze": lambda x: np.squeeze(x[:1]), "stack": lambda x: np.stack([x, x]),
    "swapaxes": lambda x: np.swapaxes(x, 0, 1), "take": lambda x: np.take(x, [0, 0, 1], 1),
    "take_along_axis": lambda x: np.take_along_axis(x, np.array([[0], [1]]), 1), "tile": lambda x: np.tile(x, 2),
    "transpose": np.transpose, "tril": np.tril, "tril_indices_from": np.tril_indices_from, "triu": np.triu,
    "triu_indices_from": np.triu_indices_from, "unstack": lambda x: np.unstack(x),
    "vsplit": lambda x: np.vsplit(x, 2), "vstack": lambda x: np.vstack([x, x]), "zeros_like": np.zeros_like,
    "lib.stride_tricks.sliding_window_view": lambda x: np.lib.stride_tricks.sliding_window_view(x, 2, 1),
    "fft.fftshift": np.fft.fftshift, "fft.ifftshift": np.fft.ifftshift, "linalg.diagonal": np.linalg.diagonal,
    "linalg.matrix_transpose": np.linalg.matrix_transpose, "array": lambda x: np.array([1.0, 2.0], like=x),
    "asanyarray": lambda x: np.asanyarray([1.0], like=x), "asarray": lambda x: np.asarray([1.0], like=x),
    "ascontiguousarray": lambda x: np.ascontiguousarray([1.0], like=x),
    "asfortranarray": lambda x: np.asfortranarray([1.0], like=x), "empty": lambda x: np.empty(3, like=x).shape,
    "eye": lambda x: np.eye(2, like=x), "frombuffer": lambda x: np.frombuffer(bytes(8), like=x),
    "fromfile": lambda x: from_file(x), "fromfunction": lambda x: np.fromfunction(lambda i, j: i + j, (2, 2), like=x),
    "fromiter": lambda x: np.fromiter(range(3), float, like=x),
    "fromstring": lambda x: np.fromstring("1 2", sep=" ", like=x), "full": lambda x: np.full(2, 1.5, like=x),
    "genfromtxt": lambda x: np.genfromtxt(["1 2", "3 4"], like=x), "identity": lambda x: np.identity(2, like=x),
    "loadtxt": lambda x: np.loadtxt(["1 2", "3 4"], like=x), "ones": lambda x: np.ones(2, like=x),
    "require": lambda x: np.require([1.0], like=x), "tri": lambda x: np.tri(2, like=x),
    "zeros": lambda x: np.zeros(2, like=x),
}  # fmt: skip
