"""Counting of multiply-adds, attention included.

torch's ``FlopCounterMode`` counts; it knows convolutions, matrix products and the attention kernels of GPUs. Here are
the products that it leaves out, and what it does not tell: the parameters that were read, work by module also where
``forward`` is called directly, and the operators that nobody could count.

As in the tables of the field only products count: element-wise work, norms, activations, softmax, pooling, resizing,
reductions and moving data are left out. (mmengine's own counter adds norms and resizing, well under one percent of a
segmentation network.) An operator that is neither counted nor known to have no products is reported, never dropped in
silence.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import wraps
from math import prod
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

Shape = Sequence[int]


def _product(left: Shape, right: Shape, *others: Any, **options: Any) -> int:
    """FLOPs of ``left @ right``, 1-D to 3-D, not broadcast: each element of ``left`` meets each column of ``right``."""
    return 2 * prod(left) * (right[-1] if len(right) > 1 else 1)


def _product_plus(bias: Shape, left: Shape, right: Shape, *others: Any, **options: Any) -> int:
    """``addmv(bias, left, right)`` and its kin; the addition is part of the accumulation."""
    return _product(left, right)


def _attention(query: Shape, key: Shape, value: Shape, *others: Any, **options: Any) -> int:
    """softmax(Q K^T + M) V: batch * heads * queries * keys * (key width + value width) products, whatever the mask."""
    return 2 * prod(query[:-1]) * key[-2] * (key[-1] + value[-1])


def _pairwise_distance(left: Shape, right: Shape, *others: Any, **options: Any) -> int:
    """``cdist(left, right)``: one product per pair of points and dimension."""
    return 2 * prod(left) * right[-2]


def _present(names: str, formula: Callable[..., int]) -> dict[Any, Callable[..., int]]:
    """The formula for those of some ATen operators that this version of torch has."""
    found = (getattr(torch.ops.aten, name, None) for name in names.split())
    return {operator: formula for operator in found if operator is not None}


FORMULAS: dict[Any, Callable[..., int]] = {
    **_present('mv dot vdot _int_mm', _product),
    **_present('addmm_ addbmm addbmm_ baddbmm_ addmv addmv_ _addmm_activation', _product_plus),
    **_present('_scaled_dot_product_flash_attention_for_cpu', _attention),
    **_present('_scaled_dot_product_fused_attention_overrideable', _attention),
    **_present('_cdist_forward', _pairwise_distance),
}
"""FLOPs, two for each product, of operators that torch's table lacks, from the shapes of their arguments."""


OnCall = Callable[[str, tuple[Any, ...], Callable[[], Any]], Any]

WITHOUT_PRODUCTS = frozenset(('nms', 'softnms', 'nms_match', 'nms_rotated', 'nms_quadri'))
"""Extension functions that choose boxes and have nothing to count."""


def _watched(name: str, function: Callable[..., Any], on_call: OnCall) -> Callable[..., Any]:
    @wraps(function)
    def _call(*args: Any, **kwargs: Any) -> Any:
        return on_call(name, args, lambda: function(*args, **kwargs))

    return _call


@contextmanager
def watch_extension_calls(on_call: OnCall, module_name: str = 'mmcv._ext') -> Iterator[None]:
    """Route the calls of a compiled extension module through ``on_call`` for as long as the context lasts.

    mmcv looks its compiled functions up in the module at each call, so replacing the attributes is enough.

    Args:
        on_call: Gets the function's name, its positional arguments and a callable that does the call; returns the
            call's result.
        module_name: The extension. Nothing happens if it was not imported: then no model can call it.
    """
    module = sys.modules.get(module_name)
    contents = vars(module) if module else {}
    functions = {name: item for name, item in contents.items() if callable(item) and not name.startswith('_')}
    try:
        for name, function in functions.items():
            if name not in WITHOUT_PRODUCTS:
                setattr(module, name, _watched(name, function, on_call))
        yield
    finally:
        for name, function in functions.items():
            setattr(module, name, function)


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
_COMPARING_AND_REDUCING = """
eq_ ne_ ge_ gt_ le_ lt_
sum mean amax amin max min argmax argmin std var var_mean std_mean prod any all norm linalg_vector_norm logsumexp
cumsum cumsum_ cumprod cummax cummin topk sort kthvalue median nonzero nonzero_static count_nonzero
_local_scalar_dense item equal is_nonzero bincount histc _assert_async
"""
_NAMES = frozenset(
    (_NORMS + _ACTIVATIONS + _POOLING_AND_RESIZING + _MOVING + _FILLING + _COMPARING_AND_REDUCING).split()
)
_TAGS = frozenset(('pointwise', 'reduction', 'inplace_view'))


def is_left_out(op: torch._ops.OpOverload) -> bool:
    """Whether an operator does no products by nature.

    Returns:
        True when leaving it out is the convention; False for an operator that nothing is known about.
    """
    namespace, name = op._schema.name.split('::')
    if namespace != 'aten':
        return namespace in ('prim', 'profiler')
    tags = {str(tag).rsplit('.', maxsplit=1)[-1] for tag in op.tags}
    return op.is_view or bool(tags & _TAGS) or name in _NAMES


class MacCounter(TorchDispatchMode):
    """Counts what is dispatched while it and its ``flops`` are active, ``flops`` entered last.

    Args:
        model: The module whose parameters are told apart as read or not read.

    Attributes:
        flops: Does the counting; operators made of others it takes apart before they come here.
        by_module: MACs by the innermost module at work.
        uncounted: Calls of operators that may do products and have no formula.
        ignored: Calls of operators left out by convention.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.flops = FlopCounterMode(display=False, custom_mapping=FORMULAS)
        self.by_module: Counter[str] = Counter()
        self.uncounted: Counter[str] = Counter()
        self.ignored: Counter[str] = Counter()
        self._running, self._assigned = [''], 0
        self._sizes = {id(parameter): parameter.numel() for parameter in model.parameters()}
        self._read: set[int] = set()

    @property
    def macs(self) -> int:
        """All MACs so far."""
        return self.flops.get_total_flops() // 2

    @property
    def by_op(self) -> dict[str, int]:
        """MACs by operator so far."""
        counts = self.flops.get_flop_counts().get('Global', {})
        return {str(operator).replace('.', '::', 1): flops // 2 for operator, flops in counts.items()}

    @property
    def params_read(self) -> int:
        """Number of parameters (elements) that some operator took so far."""
        return sum(self._sizes[key] for key in self._read)

    def enter_module(self, name: str) -> None:
        """Count for this module from now on."""
        self.assign()
        self._running.append(name)

    def leave_module(self) -> None:
        """Count for the module that called this one again."""
        self.assign()
        self._running.pop()

    def assign(self) -> None:
        """Give the module at work what was counted since the last change."""
        total = self.macs
        self.by_module[self._running[-1]] += total - self._assigned
        self._assigned = total

    def note_extension_call(self, name: str, args: tuple[Any, ...], call: Callable[[], Any]) -> Any:
        """Do a call of mmcv's extension: counted if it dispatches products (as on the CPU), else listed uncounted."""
        before = self.macs
        out = call()
        self._note_parameters(args)
        if self.macs == before:
            self.uncounted[f'mmcv::{name}'] += 1
        return out

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None) -> Any:
        self._note_parameters(args)
        if func._overloadpacket not in self.flops.flop_registry:
            calls = self.ignored if is_left_out(func) or not _has_floats(args) else self.uncounted
            calls[func._schema.name] += 1
        return func(*args, **(kwargs or {}))

    def _note_parameters(self, args: Sequence[Any]) -> None:
        for arg in args:
            if isinstance(arg, (list, tuple)):
                self._note_parameters(arg)
            elif id(arg) in self._sizes:
                self._read.add(id(arg))


def _has_floats(args: Sequence[Any]) -> bool:
    flat = [item for arg in args for item in (arg if isinstance(arg, (list, tuple)) else (arg,))]
    return any(isinstance(item, Tensor) and (item.is_floating_point() or item.is_complex()) for item in flat)


def _followed(name: str, forward: Callable[..., Any], counter: MacCounter) -> Callable[..., Any]:
    @wraps(forward)
    def _call(*args: Any, **kwargs: Any) -> Any:
        counter.enter_module(name)
        try:
            return forward(*args, **kwargs)
        finally:
            counter.leave_module()

    return _call


@contextmanager
def _following_modules(model: nn.Module, counter: MacCounter) -> Iterator[None]:
    """Tell the counter which module is at work.

    ``forward`` itself is wrapped, as mmdet's detectors call ``head.forward(...)``, which passes by the hooks that
    ``FlopCounterMode`` follows modules by.
    """
    with ExitStack() as stack:
        for name, module in model.named_modules():
            stack.enter_context(patch.object(module, 'forward', _followed(name, module.forward, counter)))
        yield
        counter.assign()


@contextmanager
def _plain_evaluation(model: nn.Module) -> Iterator[None]:
    """Evaluation mode, no gradients, and without the fused path of nn.MultiheadAttention, which hides its products."""
    states = {module: module.training for module in model.modules()}
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
        for module, training in states.items():
            module.training = training


@contextmanager
def counting(model: nn.Module) -> Iterator[MacCounter]:
    """Count what ``model`` does inside the context, in evaluation mode; its training state is put back after."""
    counter = MacCounter(model)
    with ExitStack() as stack:
        stack.enter_context(_plain_evaluation(model))
        stack.enter_context(_following_modules(model, counter))
        stack.enter_context(watch_extension_calls(counter.note_extension_call))
        stack.enter_context(counter)
        stack.enter_context(counter.flops)
        yield counter
