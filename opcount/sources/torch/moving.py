"""What moves numbers, makes data or looks at shapes: free, by exact name. And sorting, which compares values."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch

from opcount.counting.tally import isolated
from opcount.functions.op_counts import NoRule, OpCounts
from opcount.sources.torch.rows import Bound, Row, free, is_truth, size_of, values_needed

_MOVING: Final = """
alias alias_copy as_strided as_strided_ as_strided_copy as_strided_scatter block_diag cat channel_shuffle clone
constant_pad_nd detach detach_ detach_copy diag_embed diagonal diagonal_backward diagonal_copy diagonal_scatter
embedding expand expand_copy fill.Scalar fill.Tensor fill_.Scalar fill_.Tensor flip gather im2col index.Tensor
index_copy index_fill.int_Scalar index_fill.int_Tensor index_select lift lift_fresh lift_fresh_copy masked_fill.Scalar
masked_fill.Tensor masked_scatter masked_scatter_backward masked_select max_unpool2d max_unpool3d narrow_copy permute
permute_copy pixel_shuffle pixel_unshuffle reflection_pad1d reflection_pad2d reflection_pad3d repeat
repeat_interleave.self_int replication_pad1d replication_pad2d replication_pad3d resize resize_ resize_as resize_as_
roll rot90 scatter.src scatter.value select.int select_backward select_copy.int select_scatter set_ set_.source_Storage
set_.source_Storage_storage_offset set_.source_Tensor slice.Tensor slice_backward slice_copy.Tensor slice_inverse
slice_scatter split.Tensor split_copy.Tensor split_with_sizes split_with_sizes_copy squeeze squeeze.dim squeeze.dims
squeeze_ squeeze_.dim squeeze_.dims squeeze_copy squeeze_copy.dim squeeze_copy.dims stack t t_ t_copy take transpose.int
transpose_ transpose_copy.int tril triu unbind.int unbind_copy.int unfold unfold_copy unsafe_split.Tensor
unsafe_split_with_sizes unsqueeze unsqueeze_ unsqueeze_copy upsample_nearest1d upsample_nearest2d upsample_nearest2d.vec
upsample_nearest3d view view.dtype view_as_complex view_as_complex_copy view_as_real view_as_real_copy view_copy
view_copy.dtype where.self _conj _conj_physical conj_physical native_channel_shuffle _chunk_cat _fw_primal
_fw_primal_copy _lazy_clone _make_dual _make_dual_copy _neg_view_copy _pin_memory _reshape_alias _reshape_alias_copy
_reshape_copy _stack _unsafe_index.Tensor _unsafe_masked_index _unsafe_view _upsample_nearest_exact1d
_upsample_nearest_exact2d _upsample_nearest_exact3d zero zero_ _is_all_true _is_any_true bernoulli_.float cauchy_
exponential_ geometric_ log_normal_ normal_ random_ random_.from random_.to uniform_
"""
"""What gives numbers of its operands, or puts them elsewhere, or overwrites them with data."""

_MAKING: Final = """
bernoulli.p empty_like full_like new_empty new_empty_strided new_full new_ones new_zeros ones_like rand_like
rand_like.generator randint_like randint_like.low_dtype randn_like randn_like.generator zeros_like
_new_zeros_with_same_feature_meta is_coalesced is_pinned is_same_size is_set_to _has_same_storage_numel
_assert_tensor_metadata dense_dim sparse_dim _fused_sdp_choice
"""
"""What takes the shape of its operands alone, and gives data."""


def _of_truths(a: Bound) -> OpCounts:
    """Which elements are not zero: of truth values that is known, of numbers a comparison for each."""
    return {} if is_truth(a["self"]) else {"ne": size_of(a["self"])}


def _equal(a: Bound) -> OpCounts:
    """Whether all are equal: compared one by one, if the shapes are."""
    same = a["self"].shape == a["other"].shape
    return {"eq": size_of(a["self"]) if same and not (is_truth(a["self"]) and is_truth(a["other"])) else 0}


def _sorted(tensor: torch.Tensor, dim: int) -> OpCounts:
    """As many `lt` as NumPy's sort of these values makes comparisons, along an axis."""
    if tensor.dtype.is_complex:
        raise NoRule("complex numbers have no order: sort their real parts")
    if is_truth(tensor):
        return {}
    from opcount.arrays.wrap import wrap

    values = values_needed("what is sorted", tensor)
    plain = values.detach().cpu().double().numpy() if values.dtype.is_floating_point else values.cpu().numpy()
    with isolated() as tally:
        np.sort(wrap(np.array(plain)), axis=dim if plain.ndim else -1) if plain.ndim else None
    return dict(tally.counts)


def _sort(a: Bound) -> OpCounts:
    return _sorted(a["self"], a.get("dim", -1) if a.get("dim") is not None else -1)


def _sort_all(a: Bound) -> OpCounts:
    return _sorted(a["self"].reshape(-1), 0)


def _bernoulli(a: Bound) -> OpCounts:
    """A number drawn by chance is compared with each probability."""
    return {"lt": size_of(a["self"])}


def _normal(a: Bound) -> OpCounts:
    """Normal numbers times the deviations, plus the means; a deviation that is one number is drawn with."""
    size = size_of(a["mean"], a["std"])
    return {"mul": size if a["dependent"](a["std"]) else 0, "add": size}


_CHANCE: Final[dict[str, Row]] = {
    "bernoulli": Row(_bernoulli),
    "bernoulli_.Tensor": Row(_bernoulli, values=("p",)),
    **dict.fromkeys(("normal.Tensor_Tensor", "normal.Tensor_float", "normal.float_Tensor"), Row(_normal)),
}

_SORTING: Final[dict[str, Any]] = {
    "sort": Row(_sort, (0,)), "sort.stable": Row(_sort, (0,)), "argsort": Row(_sort, ()), "topk": Row(_sort, (0,)),
    "kthvalue": Row(_sort, (0,)), "median": Row(_sort_all), "median.dim": Row(_sort, (0,)),
}  # fmt: skip

ROWS: Final[dict[str, Row]] = {
    **{name: Row(free) for name in _MOVING.split()},
    **{name: Row(free, ()) for name in _MAKING.split()},
    "nonzero": Row(_of_truths, ()),
    "equal": Row(_equal, ()),
    "_pack_padded_sequence": Row(free, (0,)),  # how many there are of each is data
    **_CHANCE,
    **_SORTING,
}
