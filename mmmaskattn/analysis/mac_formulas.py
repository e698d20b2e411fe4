"""How many multiply-accumulates (MACs) one ATen operator does.

Formulas take the operator's positional arguments and its result. The products of attention are two: queries with keys
and weights with values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from torch import Tensor

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
