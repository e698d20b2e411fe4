"""Counting of multiply-adds, attention included.

Formulas take the operator's positional arguments and its result. The products of attention are two: queries with keys
and weights with values.

As in the tables of the field only products count: element-wise work, norms, activations, softmax, pooling, resizing,
reductions and moving data are left out. (mmengine's own counter adds norms and resizing, well under one percent of a
segmentation network.) An operator that is neither here nor in ``mac_formulas`` is reported, never dropped in silence.
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

MacFormula = Callable[[Sequence[Any], Any], int]


def _product(left: Tensor, right: Tensor) -> int:
    """MACs of ``left @ right``, 1-D to 3-D, not broadcast: each element of ``left`` meets each column of ``right``."""
    return left.numel() * (right.shape[-1] if right.dim() > 1 else 1)


def _plain_product(args: Sequence[Any], out: Any) -> int:
    return _product(args[0], args[1])


def _product_plus(args: Sequence[Any], out: Any) -> int:
    """``addmm(bias, left, right)`` and its kin; the addition is part of the accumulation."""
    return _product(args[1], args[2])


def _convolution(args: Sequence[Any], out: Tensor) -> int:
    """``convolution(input, weight, bias, stride, padding, dilation, transposed, ...)``; the weight knows the groups."""
    source, weight, transposed = args[0], args[1], args[6]
    positions = source if transposed else out
    return positions.numel() * prod(weight.shape[1:])


def _attention(args: Sequence[Any], out: Any) -> int:
    """softmax(Q K^T + M) V: batch * heads * queries * keys * (key width + value width), whatever the mask."""
    query, key, value = args[:3]
    return prod(query.shape[:-1]) * key.shape[-2] * (key.shape[-1] + value.shape[-1])


def _pairwise_distance(args: Sequence[Any], out: Any) -> int:
    """``cdist(x1, x2)``: one product per pair of points and dimension."""
    return args[0].numel() * args[1].shape[-2]


_PLAIN = 'mm bmm mv dot vdot _int_mm'
_PLUS = 'addmm addmm_ addbmm addbmm_ baddbmm baddbmm_ addmv addmv_ _addmm_activation'
_ATTENTION = 'flash_attention_for_cpu flash_attention efficient_attention cudnn_attention fused_attention_overrideable'

MAC_FORMULAS: dict[str, MacFormula] = {
    'aten::convolution': _convolution,
    **{f'aten::{name}': _plain_product for name in _PLAIN.split()},
    **{f'aten::{name}': _product_plus for name in _PLUS.split()},
    **{f'aten::_scaled_dot_product_{name}': _attention for name in _ATTENTION.split()},
    'aten::_cdist_forward': _pairwise_distance,
}
"""Formulas by the operator's schema name, all overloads together."""


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


class MacCounter(TorchDispatchMode):
    """Counts what is dispatched while it is active.

    Args:
        model: The module whose parameters are told apart as read or not read.

    Attributes:
        running: Names of the modules at work, the innermost last (kept by :func:`counting`).
        by_module: MACs by the innermost module at work.
        by_op: MACs by operator.
        uncounted: Calls of operators that may do products and have no formula.
        ignored: Calls of operators left out by convention.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.running: list[str] = ['']
        self.by_module: Counter[str] = Counter()
        self.by_op: Counter[str] = Counter()
        self.uncounted: Counter[str] = Counter()
        self.ignored: Counter[str] = Counter()
        self._sizes = {id(parameter): parameter.numel() for parameter in model.parameters()}
        self._read: set[int] = set()

    @property
    def macs(self) -> int:
        """All MACs so far."""
        return sum(self.by_op.values())

    @property
    def params_read(self) -> int:
        """Number of parameters (elements) that some operator took so far."""
        return sum(self._sizes[key] for key in self._read)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None) -> Any:
        kwargs = kwargs or {}
        self._note_parameters(args)
        if func._schema.name not in MAC_FORMULAS and _is_composite(func):
            with self:  # inference mode shows operators made of others as one: look inside
                return func.decompose(*args, **kwargs)
        out = func(*args, **kwargs)
        self._note_operator(func, args, out)
        return out

    def _note_parameters(self, args: Sequence[Any]) -> None:
        for arg in args:
            if isinstance(arg, (list, tuple)):
                self._note_parameters(arg)
            elif id(arg) in self._sizes:
                self._read.add(id(arg))

    def _note_operator(self, func: Any, args: Sequence[Any], out: Any) -> None:
        name = func._schema.name
        formula = MAC_FORMULAS.get(name)
        if formula is not None:
            macs = formula(args, out)
            self.by_op[name] += macs
            self.by_module[self.running[-1]] += macs
        elif is_left_out(func) or not _has_floats(args):
            self.ignored[name] += 1
        else:
            self.uncounted[name] += 1

    def note_extension_call(self, name: str, args: tuple[Any, ...], call: Callable[[], Any]) -> Any:
        """Do a call of mmcv's extension: counted if it dispatches products (as on the CPU), else listed as uncounted.

        Args:
            name: Name of the compiled function.
            args: Its positional arguments.
            call: Does the call.
        """
        before = self.macs
        out = call()
        self._note_parameters(args)
        if self.macs == before:
            self.uncounted[f'mmcv::{name}'] += 1
        return out


def _is_composite(func: Any) -> bool:
    return torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), 'CompositeImplicitAutograd')


def _has_floats(args: Sequence[Any]) -> bool:
    flat = [item for arg in args for item in (arg if isinstance(arg, (list, tuple)) else (arg,))]
    return any(isinstance(item, Tensor) and (item.is_floating_point() or item.is_complex()) for item in flat)


def _followed(name: str, forward: Callable[..., Any], running: list[str]) -> Callable[..., Any]:
    @wraps(forward)
    def _call(*args: Any, **kwargs: Any) -> Any:
        running.append(name)
        try:
            return forward(*args, **kwargs)
        finally:
            running.pop()

    return _call


@contextmanager
def _following_modules(model: nn.Module, running: list[str]) -> Iterator[None]:
    """Keep the names of the modules at work in ``running``.

    ``forward`` itself is wrapped, as mmdet's detectors call ``head.forward(...)``, which passes by hooks.
    """
    with ExitStack() as stack:
        for name, module in model.named_modules():
            stack.enter_context(patch.object(module, 'forward', _followed(name, module.forward, running)))
        yield


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
    """Count what ``model`` does inside the context, in evaluation mode; its training state is put back after.

    Args:
        model: The module to run inside.

    Yields:
        The counter.
    """
    counter = MacCounter(model)
    with ExitStack() as stack:
        stack.enter_context(_plain_evaluation(model))
        stack.enter_context(_following_modules(model, counter.running))
        stack.enter_context(watch_extension_calls(counter.note_extension_call))
        yield stack.enter_context(counter)
