"""Which ATen operators count for nothing, by convention.

As in the tables of the field only products count: element-wise work, norms, activations, softmax, pooling, resizing,
reductions and moving data are left out. (mmengine's own counter adds norms and resizing, well under one percent of a
segmentation network.) An operator that is neither here nor in ``mac_formulas`` is reported, never dropped in silence.
"""

from __future__ import annotations

import torch

_NORMS = """
native_layer_norm native_batch_norm cudnn_batch_norm miopen_batch_norm native_group_norm _native_batch_norm_legit
_native_batch_norm_legit_no_training batch_norm_update_stats _fused_rms_norm _softmax _log_softmax _safe_softmax
native_dropout
"""
_ACTIVATIONS = """
hardswish hardswish_ hardsigmoid hardsigmoid_ leaky_relu leaky_relu_ log_sigmoid_forward _prelu_kernel elu elu_ softplus
mish mish_ glu
"""
_POOLING_AND_RESIZING = """
max_pool2d_with_indices max_pool3d_with_indices avg_pool2d avg_pool3d _adaptive_avg_pool2d _adaptive_avg_pool3d
adaptive_max_pool2d upsample_nearest1d upsample_nearest2d upsample_nearest3d _upsample_nearest_exact2d
upsample_linear1d upsample_bilinear2d _upsample_bilinear2d_aa upsample_bicubic2d _upsample_bicubic2d_aa
upsample_trilinear3d grid_sampler_2d grid_sampler_3d pixel_shuffle pixel_unshuffle
"""
_MOVING = """
_unsafe_view _reshape_alias cat stack copy_ _to_copy clone contiguous index index_put index_put_ _index_put_impl_
index_select _unsafe_index gather scatter scatter_ scatter_add scatter_add_ scatter_reduce masked_fill masked_fill_
masked_select masked_scatter embedding im2col col2im constant_pad_nd reflection_pad1d reflection_pad2d replication_pad2d
roll flip repeat repeat_interleave tril tril_ triu triu_ channel_shuffle native_channel_shuffle select_scatter
slice_scatter diagonal_scatter take set_ resize_ fill fill_ zero_ lift lift_fresh lift_fresh_copy _pin_memory
detach detach_ floor_divide bucketize searchsorted isin _unique2 unique_dim unique_consecutive
"""
_FILLING = """
new_zeros new_ones new_full new_empty new_empty_strided zeros_like ones_like full_like empty_like rand_like randn_like
bernoulli bernoulli_ uniform_ normal_ random_ exponential_ normal multinomial
"""
_REDUCING = """
sum mean amax amin max min argmax argmin std var var_mean std_mean prod any all norm linalg_vector_norm logsumexp
cumsum cumsum_ cumprod cummax cummin topk sort kthvalue median nonzero nonzero_static count_nonzero
_local_scalar_dense item equal is_nonzero bincount histc _assert_async
"""
_NAMES = frozenset((_NORMS + _ACTIVATIONS + _POOLING_AND_RESIZING + _MOVING + _FILLING + _REDUCING).split())
_TAGS = frozenset(('pointwise', 'reduction', 'inplace_view'))


def is_left_out(op: torch._ops.OpOverload) -> bool:
    """Whether an operator does no products by nature.

    Args:
        op: The operator seen by the counter.

    Returns:
        True when leaving it out is the convention; False for an operator that nothing is known about.
    """
    namespace, name = op._schema.name.split('::')
    if namespace != 'aten':
        return namespace in ('prim', 'profiler')
    tags = {str(tag).rsplit('.', maxsplit=1)[-1] for tag in op.tags}
    return op.is_view or bool(tags & _TAGS) or name in _NAMES
