"""The table of JAX's primitives: what each executes, in opcount's kinds, or that it is free, or refused.

A primitive that is in none of the tables here is not known, and refused where it meets what depends on an argument:
names change between versions of JAX, and what is new has no count until somebody has looked at it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np

from opcount.counting.symbolic import positive_part, ratio
from opcount.functions import linalg
from opcount.functions.op_counts import NoRule, OpCounts, expanded, integer_power, multiple, summed
from opcount.functions.op_counts import integer_powers as integer_powers_of_one
from opcount.sources.jax.operands import UNKNOWN, Operand, Shaped, plain, product
from opcount.sources.jax.windows import Sliding, meetings


class Call(NamedTuple):
    """An equation that is to be counted: what it takes, the shapes of what it gives, and its parameters."""

    operands: tuple[Operand, ...]
    results: tuple[Shaped, ...]
    params: Mapping[str, Any]

    def given(self, index: int) -> Shaped:
        return self.operands[index].shaped

    @property
    def is_complex(self) -> bool:
        return any(each.kind == "c" for each in (*(operand.shaped for operand in self.operands), *self.results))

    @property
    def is_logic(self) -> bool:
        """Whether it takes truth values and gives truth values: that is control flow, and free."""
        return all(operand.shaped.is_truth for operand in self.operands) and all(each.is_truth for each in self.results)


Rule = Callable[[Call], OpCounts]

# --- element by element

# fmt: off
ELEMENTWISE: Final[Mapping[str, OpCounts]] = MappingProxyType({
    **{name: {name: 1} for name in (
        "add", "sub", "mul", "div", "neg", "sign", "abs", "sqrt", "cbrt", "exp", "exp2", "expm1", "log", "log1p",
        "log2", "sin", "cos", "tan", "sinh", "cosh", "tanh", "floor", "ceil", "round", "lt", "le", "gt", "ge", "eq",
        "ne", "nextafter", "erf", "erfc", "digamma", "zeta",
    )},
    "add_any": {"add": 1}, "square": {"mul": 1}, "rem": {"fmod": 1}, "max": {"maximum": 1}, "min": {"minimum": 1},
    "reciprocal": {"div": 1}, "rsqrt": {"sqrt": 1, "div": 1},
    "logistic": {"neg": 1, "exp": 1, "add": 1, "div": 1},
    "one_minus_square": {"add": 1, "sub": 1, "mul": 1},  # (1 + x) * (1 - x)
    "asin": {"arcsin": 1}, "acos": {"arccos": 1}, "atan": {"arctan": 1}, "atan2": {"arctan2": 1},
    "asinh": {"arcsinh": 1}, "acosh": {"arccosh": 1}, "atanh": {"arctanh": 1},
    "is_finite": {"isfinite": 1}, "eq_to": {"eq": 1}, "le_to": {"le": 1}, "lt_to": {"lt": 1},
    "erf_inv": {"erfinv": 1}, "lgamma": {"gammaln": 1}, "igamma": {"gammainc": 1}, "igammac": {"gammaincc": 1},
    "regularized_incomplete_beta": {"betainc": 1}, "bessel_i0e": {"i0e": 1}, "bessel_i1e": {"i1e": 1},
    "and": {"bitwise_and": 1}, "or": {"bitwise_or": 1}, "xor": {"bitwise_xor": 1}, "not": {"invert": 1},
    "shift_left": {"left_shift": 1}, "shift_right_logical": {"right_shift": 1},
    "shift_right_arithmetic": {"right_shift": 1}, "population_count": {"bitwise_count": 1},
})
"""What each element of the result executes."""
# fmt: on

_OF_COMPLEX: Final[Mapping[str, OpCounts]] = {"abs": {"hypot": 1}, "conj": {"neg": 1}}


def _elementwise(name: str, counts: OpCounts) -> Rule:
    def rule(call: Call) -> OpCounts:
        if call.is_logic:
            return {}
        number = call.results[0].size
        if call.is_complex and name in _OF_COMPLEX:
            return multiple(number, _OF_COMPLEX[name])
        numbers = multiple(number, counts)
        return expanded(numbers) if call.is_complex else numbers

    return rule


def _polynomial(call: Call) -> OpCounts:
    """Horner's rule: a product and a sum for each coefficient but that of the highest power."""
    degree = len(call.operands) - 2
    if call.is_complex:
        raise NoRule("a polynomial of complex numbers has no exact count: write Horner's rule")
    return multiple(call.results[0].size * degree, {"mul": 1, "add": 1})


def _integer_pow(call: Call) -> OpCounts:
    if call.is_complex:
        raise NoRule("a complex power has no exact count: write the products")
    return multiple(call.results[0].size, integer_power(call.params["y"]))


def _pow(call: Call) -> OpCounts:
    """One `pow` for each element; with integer exponents that are data, the products of square-and-multiply."""
    exponent = call.operands[1]
    size = call.results[0].size
    if call.is_complex:
        raise NoRule("a complex power has no exact count: write the products")
    if exponent.depends or exponent.shaped.kind not in "iu":
        return {"pow": size}
    if exponent.value is UNKNOWN:
        raise NoRule("what a power to unknown integers executes depends on them: use numbers for them")
    exponents = np.asarray(plain(exponent.value))
    if not exponents.size:
        return {}
    found: dict[str, int] = {}
    repeated = 1 if exponents.size > 1 else size
    for one, times in zip(*(part.tolist() for part in np.unique(exponents, return_counts=True)), strict=True):
        for kind, count in integer_powers_of_one(times * repeated, one).items():
            found[kind] = found.get(kind, 0) + count
    return found


def _clamp(call: Call) -> OpCounts:
    """The larger of each number and its lower bound, then the smaller of that and the upper one, as np.clip has it."""
    low, x, _ = call.operands
    size = 0 if call.is_logic else x.shaped.size
    return {"maximum": size if low.depends or x.depends else 0, "minimum": size}


def _convert(call: Call) -> OpCounts:
    """A cast is free, except to truth values, which takes a comparison for each number."""
    source, result = call.given(0), call.results[0]
    return {"ne": result.size} if result.is_truth and not source.is_truth else {}


# --- reductions, running totals, windows


def _reduces(kind: str) -> Rule:
    """n - 1 operations for a result that joins n numbers."""

    def rule(call: Call) -> OpCounts:
        source = call.given(0)
        if source.is_truth:
            return {}
        length = product([source.shape[axis] for axis in call.params["axes"]])
        return _real(call, {kind: call.results[0].size * positive_part(length - 1)})

    return rule


def _reduces_over_a_batch(kind: str) -> Rule:
    """What a reduction over a named axis is inside of `jax.vmap`: one over the axis of the batch."""

    def rule(call: Call) -> OpCounts:
        axes = call.params["axes"]
        if not all(isinstance(axis, int) for axis in axes) or call.params["axis_index_groups"] is not None:
            raise NoRule("it runs on several devices, which count for themselves")
        found: OpCounts = {}
        for operand, result in zip(call.operands, call.results, strict=True):
            if operand.depends and not operand.shaped.is_truth:
                length = product([operand.shaped.shape[axis] for axis in axes])
                found = summed(found, {kind: result.size * positive_part(length - 1)})
        return _real(call, found)

    return rule


def _runs(kind: str) -> Rule:
    """n - 1 operations for a running total of n numbers."""

    def rule(call: Call) -> OpCounts:
        shape, axis = call.given(0).shape, call.params["axis"]
        lanes = product([size for index, size in enumerate(shape) if index != axis])
        return _real(call, {kind: lanes * positive_part(shape[axis] - 1)})

    return rule


def _real(call: Call, counts: OpCounts) -> OpCounts:
    return expanded(counts) if call.is_complex else counts


def sliding(params: Mapping[str, Any], source: Shaped, results: Shaped) -> tuple[Any, Any]:
    """The pairs of elements that meet where a window slides, and the results that have one."""
    rank = len(source.shape)
    ones = (1,) * rank
    dimensions = zip(
        source.shape,
        params["window_dimensions"],
        results.shape,
        params["window_strides"],
        *zip(*params["padding"], strict=True),
        params.get("base_dilation", ones),
        params.get("window_dilation", ones),
        strict=True,
    )
    return meetings([Sliding(*each) for each in dimensions]) if rank else (1, 1)


def _window(kind: str) -> Rule:
    def rule(call: Call) -> OpCounts:
        if call.is_logic:
            return {}
        pairs, results = sliding(call.params, call.given(0), call.results[0])
        return _real(call, {kind: pairs - results})

    return rule


def _select_and_scatter_add(call: Call) -> OpCounts:
    """The comparisons that choose one element of each window, and one sum into its place; of data neither."""
    source, data = call.operands
    pairs, results = sliding(call.params, data.shaped, source.shaped)
    compared = pairs - results if data.depends else 0
    return {call.params["select_prim"].name: compared, "add": results if source.depends else 0}


def _select_and_gather_add(call: Call) -> OpCounts:
    """The comparisons that choose one element of each window, unless it is data; the tangent there is moved."""
    data = call.operands[1]
    pairs, results = sliding(call.params, data.shaped, call.results[0])
    return {call.params["select_prim"].name: pairs - results if data.depends else 0}


# --- products


def _sums_of_products(call: Call, products: Any, results: Any) -> OpCounts:
    if all(operand.shaped.is_truth for operand in call.operands):
        return {}
    return _real(call, {"mul": products, "add": products - results})


def _dot_general(call: Call) -> OpCounts:
    (contracting, _), _ = call.params["dimension_numbers"]
    length = product([call.given(0).shape[axis] for axis in contracting])
    results = call.results[0].size
    if type(length) is int and not length:
        return {}
    return _sums_of_products(call, results * length, results)


def _convolution(call: Call) -> OpCounts:
    """A product for each pair of elements that meet, as zeros of the padding meet nobody, and a sum for each result."""
    params = call.params
    layout = params["dimension_numbers"]
    data, kernel, result = call.given(0).shape, call.given(1).shape, call.results[0].shape
    dimensions = [
        Sliding(data[i], kernel[j], result[k], stride, low, high, data_dilation, kernel_dilation)
        for i, j, k, stride, (low, high), data_dilation, kernel_dilation in zip(
            layout.lhs_spec[2:],
            layout.rhs_spec[2:],
            layout.out_spec[2:],
            params["window_strides"],
            params["padding"],
            params["lhs_dilation"],
            params["rhs_dilation"],
            strict=True,
        )
    ]
    pairs, alive = meetings(dimensions)
    channels = kernel[layout.rhs_spec[1]]
    outside = result[layout.out_spec[0]] * result[layout.out_spec[1]]
    if type(channels) is int and not channels:
        return {}
    return _sums_of_products(call, outside * channels * pairs, outside * alive)


# --- scattering


def _scatters(kind: str) -> Rule:
    """One operation for each element of the updates."""
    return lambda call: {} if call.is_logic else _real(call, {kind: call.given(2).size})


# --- linear algebra


def _matrix(call: Call, index: int = 0) -> tuple[Any, Any, Any]:
    """How many matrices there are, and the rows and columns of one."""
    if call.is_complex:
        raise NoRule("linear algebra over complex numbers divides them, which has no exact count")
    *stack, rows, columns = call.given(index).shape
    return product(stack), rows, columns


def _cholesky(call: Call) -> OpCounts:
    number, n, _ = _matrix(call)
    return multiple(number, linalg.potrf(n))


def _lu(call: Call) -> OpCounts:
    number, rows, columns = _matrix(call)
    if rows != columns:
        raise NoRule("the factors of a matrix that is not square have no exact count")
    return multiple(number, linalg.lu(rows))


def _triangular_solve(call: Call) -> OpCounts:
    """A substitution for each column of the right-hand side, half of what the two of GETRS execute."""
    number, n, _ = _matrix(call)
    *_, rows, columns = call.given(1).shape
    columns = number * (columns if call.params["left_side"] else rows)
    half = ratio(columns * n * (n - 1), 2)
    return {"mul": half, "sub": half, "div": 0 if call.params["unit_diagonal"] else columns * n}


def _qr(call: Call) -> OpCounts:
    if call.params.get("pivoting"):
        raise NoRule("a pivoted QR decomposition has no exact count")
    number, rows, columns = _matrix(call)
    return multiple(number, linalg.qr(rows, columns, "complete" if call.params["full_matrices"] else "reduced"))


def _geqrf(call: Call) -> OpCounts:
    number, rows, columns = _matrix(call)
    return multiple(number, linalg.qr(rows, columns, "r"))


def _householder_product(call: Call) -> OpCounts:
    number, rows, columns = _matrix(call)
    return multiple(number, linalg.orgqr(rows, columns, call.given(1).shape[-1]))


PRICED: Final[dict[str, Rule]] = {
    **{name: _elementwise(name, counts) for name, counts in ELEMENTWISE.items()},
    "conj": _elementwise("conj", {}),
    "integer_pow": _integer_pow,
    "polynomial": _polynomial,
    "pow": _pow,
    "clamp": _clamp,
    "convert_element_type": _convert,
    "reduce_sum": _reduces("add"),
    "reduce_prod": _reduces("mul"),
    "reduce_max": _reduces("maximum"),
    "reduce_min": _reduces("minimum"),
    "reduce_and": _reduces("bitwise_and"),
    "reduce_or": _reduces("bitwise_or"),
    "reduce_xor": _reduces("bitwise_xor"),
    "psum": _reduces_over_a_batch("add"),
    "pmax": _reduces_over_a_batch("maximum"),
    "pmin": _reduces_over_a_batch("minimum"),
    "argmax": _reduces("gt"),
    "argmin": _reduces("lt"),
    "cumsum": _runs("add"),
    "cumprod": _runs("mul"),
    "cummax": _runs("maximum"),
    "cummin": _runs("minimum"),
    "cumlogsumexp": _runs("logaddexp"),
    "reduce_window_sum": _window("add"),
    "reduce_window_max": _window("maximum"),
    "reduce_window_min": _window("minimum"),
    "select_and_scatter_add": _select_and_scatter_add,
    "select_and_gather_add": _select_and_gather_add,
    "dot_general": _dot_general,
    "conv_general_dilated": _convolution,
    "scatter-add": _scatters("add"),
    "scatter-sub": _scatters("sub"),
    "scatter-mul": _scatters("mul"),
    "scatter-min": _scatters("minimum"),
    "scatter-max": _scatters("maximum"),
    "cholesky": _cholesky,
    "lu": _lu,
    "triangular_solve": _triangular_solve,
    "qr": _qr,
    "geqrf": _geqrf,
    "householder_product": _householder_product,
}
"""The rule of each primitive that executes operations."""


# --- what is free

FREE: Final = frozenset({
    # what moves data, gives it another type that holds the same number, or marks it
    "bitcast_convert_type", "broadcast_in_dim", "broadcast_to", "complex", "concatenate", "copy",
    "device_put", "dynamic_slice", "dynamic_update_slice", "gather", "imag", "layout_constraint", "name",
    "optimization_barrier", "pad", "pvary", "real", "reduce_precision", "relayout", "reshape", "reshard", "rev",
    "select_n", "sharding_constraint", "slice", "split", "squeeze", "stack", "stop_gradient", "tile", "transpose",
    "tie", "unstack", "with_memory_space_constraint", "zeros_like",
    # what is printed is text, the one way out that is never refused; tokens order it
    "after_all", "create_token", "debug_print", "dce_sink", "inspect_sharding",
    # constants, and sizes
    "dim_as_value", "dimension_size", "empty", "empty2", "iota", "iota_2x32_shape", "platform_index",
    "shape_assertion",
    # the order of rows that pivots stand for
    "lu_pivots_to_permutation",
    # keys, and random bits
    "from_edtype", "philox2x32", "philox4x32", "random_bits", "random_clone", "random_fold_in", "random_seed",
    "random_split", "random_unwrap", "random_wrap", "rng_bit_generator", "threefry2x32", "threefry4x32", "to_edtype",
})  # fmt: skip
"""The primitives that execute nothing that counts, by their exact names."""

_ALL: Final = -1
PLAIN: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType({
    **dict.fromkeys(("argmax", "argmin", "dim_as_value", "dimension_size", "lu_pivots_to_permutation"), (_ALL,)),
    **dict.fromkeys(("random_bits", "random_clone", "random_fold_in", "random_seed", "random_split"), (_ALL,)),
    **dict.fromkeys(("random_wrap", "random_unwrap", "rng_bit_generator"), (_ALL,)),
    **dict.fromkeys(("threefry2x32", "threefry4x32", "philox2x32", "philox4x32"), (_ALL,)),
    "lu": (1, 2),
})  # fmt: skip
"""The results that are plain whatever they were made from: positions, keys and random bits; -1 stands for all."""


def gives_plain(name: str, index: int) -> bool:
    """Whether a result of a primitive is plain, by its name and the position of the result."""
    positions = PLAIN.get(name, ())
    return index in positions or _ALL in positions


PLACES: Final[Mapping[str, tuple[int, int | None]]] = MappingProxyType({
    "gather": (1, 2), "dynamic_slice": (1, None), "dynamic_update_slice": (2, None), "cond": (0, 1),
    **dict.fromkeys(("scatter", "scatter-add", "scatter-sub", "scatter-mul", "scatter-min", "scatter-max",
                     "scatter_apply"), (1, 2)),
})  # fmt: skip
"""Which operands of a primitive say where, and not what: from one position to before another."""


# --- what is refused

_REASONS: Final = (
    (
        "the algorithm is the library's choice",
        "approx_top_k fft",
    ),
    (
        "how often it compares is the library's choice, and depends on the values",
        "sort top_k",
    ),
    (
        "it iterates until it has converged",
        "eig eigh hessenberg schur svd tridiagonal",
    ),
    (
        "opcount has no count for this algorithm of LAPACK's",
        "cholesky_update geqp3 ormqr symmetric_product tridiagonal_solve",
    ),
    (
        "which elements meet depends on values",
        "ragged_all_to_all ragged_dot_general",
    ),
    (
        "there is no kind for it",
        "clz igamma_grad_a mulhi polygamma",
    ),
    (
        "it draws again until a number is accepted",
        "random_gamma random_gamma_grad rng_uniform",
    ),
    (
        "it runs on several devices, which count for themselves",
        "all_gather all_gather_done all_gather_invariant all_gather_reduced all_gather_reduced_start "
        "all_gather_start all_to_all all_to_all_done all_to_all_start axis_index global_array_to_host_local_array "
        "host_local_array_to_global_array pbroadcast pbroadcast_done pbroadcast_start ppermute "
        "ppermute_done ppermute_start precv preduced psend psum_done psum_invariant psum_invariant_start "
        "psum_start reduce_scatter reduce_scatter_done reduce_scatter_start reduced_vary_cast_p shard_alike "
        "shard_map unreduced_psum unreduced_psum_start unreduced_reduce_scatter unreduced_reduce_scatter_start "
        "pbroadcast_dynamic reduced_vary_cast unreduced_pmax unreduced_pmin vary_unreduced_cast vary_unreduced_cast_p",
    ),
    (
        "it is executed outside of JAX, where nobody counts",
        "buffer_callback call_exported custom_partitioning debug_callback ffi_call io_callback pallas_call "
        "pure_callback tpu_custom_call",
    ),
    (
        "it reads or writes a reference, which has no value in a jaxpr",
        "accum_grad_in_ref addupdate box_get box_set create_linear empty_ref free_ref freeze get log_extend "
        "log_read new_box new_log new_ref pin ref_new run_state stage swap unpin unreachable",
    ),
    (
        "it belongs to a kernel of Pallas, which runs on a device in many copies",
        "assert_consumed_value bitcast consume core_map delay einshape_lo get_global masked_load masked_swap "
        "max_contiguous mpmd_map multiple_of num_programs program_id remove_memory_space roll run_scoped "
        "semaphore_read semaphore_signal semaphore_wait",
    ),
    (
        "it has no definition in the jaxpr by its operands",
        "call_hi_primitive call_hi_primitive_linearized check compute_on custom_jvp_call_jaxpr custom_lin "
        "eval_jaxpr jaxpr_call xla_metadata_call xla_metadata_value",
    ),
    (
        "which elements a sparse array holds depends on values",
        "bcoo_dot_general bcoo_dot_general_sampled bcoo_extract bcoo_fromdense bcoo_sort_indices bcoo_spdot_general "
        "bcoo_sum_duplicates bcoo_todense bcoo_transpose bcsr_dot_general bcsr_extract bcsr_fromdense bcsr_todense "
        "coo_fromdense coo_matmat coo_matvec coo_spmm coo_spmv coo_todense csr_fromdense csr_matmat csr_matvec "
        "csr_spmm csr_spmv csr_todense spsolve todense",
    ),
    (
        "it is one kernel of a library, which does not say what it executes",
        "cudnn_fusion custom_fusion dot_product_attention_bwd dot_product_attention_bwd_wrapper "
        "dot_product_attention_fp8_bwd dot_product_attention_fp8_bwd_wrapper dot_product_attention_fp8_fwd "
        "dot_product_attention_fp8_fwd_wrapper dot_product_attention_fwd dot_product_attention_fwd_wrapper "
        "fused_call fusible rnn_bwd rnn_fwd scaled_dot scaled_matmul scaled_matmul_wrapper",
    ),
)

REFUSED: Final[Mapping[str, str]] = MappingProxyType({name: why for why, names in _REASONS for name in names.split()})
"""Why a primitive is refused where it meets what depends on an argument, by its name."""
