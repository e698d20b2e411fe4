"""The mask attention module of MaskAttn-UNet (section 3.2, Eqs. 1 and 2), and the block around it."""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmmaskattn.models.layers.attention_masks import AttentionMaskConfig, MaskTerms, build_attention_mask
from mmmaskattn.models.layers.norms import TokenNorm
from mmmaskattn.models.layers.recompute import run_part
from mmmaskattn.models.precision import saturated

FUSED_WIDTH = 8


def initialise_linear(module: nn.Module) -> None:
    """Initialise a linear layer as transformers do, normal of standard deviation 0.02; other modules stay as they are.

    Args:
        module: what ``nn.Module.apply`` meets.
    """
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


class PreNormBlock(nn.Module):
    """Pre-norm block, base of the attention modules: norm, attention, residual; norm, feed-forward network, residual::

        x (B,C,H,W) -> tokens (B,N,C) -+- norm - attention - (+) -+- norm - feed-forward - (+) -> (B,C,H,W)
                                       |______________________|   |_________________________|

    A subclass makes its attention between ``__init__`` and :meth:`_add_ffn`: so the order of the weights, and of the
    random numbers that they are drawn from, is that of the computation.

    Args:
        channels: C of the map.
        with_cp: recompute the module in the backward pass instead of keeping its activations.
    """

    def __init__(self, channels: int, with_cp: bool) -> None:
        super().__init__()
        self.with_cp = with_cp
        self.norm = TokenNorm(channels)

    def _add_ffn(self, channels: int, ratio: float) -> None:
        """Make the second half, of hidden width ``channels * ratio``, and initialise the whole module."""
        hidden = max(1, round(channels * ratio))
        self.ffn_norm = TokenNorm(channels)
        self.ffn = nn.Sequential(nn.Linear(channels, hidden), nn.GELU(), nn.Linear(hidden, channels))
        self.apply(initialise_linear)

    def forward(self, x: Tensor) -> Tensor:
        """Refine a map.

        Args:
            x: float (B, C, H, W).

        Returns:
            float (B, C, H, W).
        """
        return run_part(self, self._refine, x)

    def _refine(self, x: Tensor) -> Tensor:
        tokens = x.flatten(2).transpose(1, 2)
        tokens = saturated(tokens + self._attend(self.norm(tokens), (x.shape[2], x.shape[3])))
        tokens = saturated(tokens + saturated(self.ffn(self.ffn_norm(tokens))))
        # A permuted map of one image has the strides of channels_last; a reshaped one has not, and loses it in pooling.
        return tokens.unflatten(1, x.shape[2:]).permute(0, 3, 1, 2)

    @abstractmethod
    def _attend(self, tokens: Tensor, map_size: tuple[int, int]) -> Tensor:
        """Attend among the normalised tokens of a map of (H, W): (B, H * W, C) -> (B, H * W, C)."""


def masked_attention(query: Tensor, key: Tensor, value: Tensor, terms: MaskTerms) -> Tensor:
    """Softmax(Q K^T / sqrt(d) + M) V of Eq. 1, by ``scaled_dot_product_attention`` alone.

    In training, and on CUDA, a bias for each key rides as one more channel, Q' = [Q, sqrt(d)], K' = [K, m],
    V' = [V, 0] at the old scale: the same product, and the gradient of m does not push SDPA to its slow path, as an
    ``attn_mask`` that needs a gradient would. Elsewhere it is an ``attn_mask``, which copies nothing. Zeros fill
    the channels up to a width that fused kernels take, see :func:`carried_width`.

    Args:
        query: float (B, heads, N, d).
        key: float (B, heads, K, d), the kept keys.
        value: float (B, heads, K, d).
        terms: the mask's biases; ``keep`` is not looked at, the keys are taken as already chosen.

    Returns:
        float (B, heads, N, d).
    """
    query, key, value = saturated(query), saturated(key), saturated(value)
    if terms.pair_bias is not None:
        return F.scaled_dot_product_attention(
            query, key, value, attn_mask=saturated(terms.pair_bias.to(query.dtype))[None]
        )
    if terms.key_bias is None:
        return F.scaled_dot_product_attention(query, key, value)
    if not (terms.key_bias.requires_grad or query.is_cuda):
        bias = saturated(terms.key_bias.to(query.dtype))[:, None, None, :]
        bias = bias.expand(-1, 1, query.shape[2], -1)
        attended = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        # A recorded graph is taken apart into products whose result lies in another order.
        return attended.contiguous() if torch.compiler.is_compiling() else attended
    channels = query.shape[-1]
    query, key, value = carry_bias(query, key, value, terms.key_bias, carried_width(channels, query.device))
    attended = F.scaled_dot_product_attention(query, key, value, scale=1 / math.sqrt(channels))
    return attended[..., :channels]


def carried_width(channels: int, device: torch.device) -> int:
    """Width of a head of ``channels`` channels that carries a bias.

    CUDA's fused kernels want rows of whole 16 bytes: float32 of a width that is no multiple of 4, half precision of
    one that is no multiple of 8, would make them give way to one that holds all N x K scores. Those of the CPU take
    any width.

    Args:
        channels: d.
        device: where it is computed.

    Returns:
        d + 1 on the CPU and on the meta device, on which costs are counted; elsewhere the next multiple of 8 above d.
    """
    return channels + 1 if device.type in ('cpu', 'meta') else (channels // FUSED_WIDTH + 1) * FUSED_WIDTH


def carry_bias(query: Tensor, key: Tensor, value: Tensor, bias: Tensor, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """Put a bias of each key into heads that are wider than their channels; the softmax keeps the scale of these.

    Args:
        query: float (B, heads, N, d).
        key: float (B, heads, K, d).
        value: float (B, heads, K, d).
        bias: float (B, K).
        width: width of the result, above d.

    Returns:
        Query, key and value of that width: the query's channel d is sqrt(d), the key's the bias, all others 0.
    """
    channels, spare = query.shape[-1], width - query.shape[-1] - 1
    query = F.pad(query, (0, 1), value=math.sqrt(channels))
    bias = saturated(bias.to(key.dtype))[:, None, :, None].expand(-1, key.shape[1], -1, -1)
    key = torch.cat([key, bias], dim=-1)
    if spare:
        query, key = F.pad(query, (0, spare)), F.pad(key, (0, spare))
    return query, key, F.pad(value, (0, 1 + spare))


class MaskAttention(PreNormBlock):
    """Mask-modulated multi-head self-attention over a feature map, then a feed-forward network, each with a residual::

        x (B,C,H,W) -> tokens (B,N,C) -+- norm - Q,K,V,M: Eq. 1 - projection - (+) -+- norm - Eq. 2 - (+) -> (B,C,H,W)
                                       |_____________________________________|      |_________________|

    Deviations: the paper names no normalisation; the layer norms before each half are ours (pre-norm). Its Eq. 2
    leaves the width of the feed-forward network open: ``ffn_ratio``.

    Args:
        channels: C of the map.
        map_size: (H, W) of the map at the network's input size; only the ``dense`` mask keeps to it, and accepts
            others.
        num_heads: heads; the paper uses four. Must divide ``channels``.
        mask: the mask M, a name or a dict; see :mod:`mmmaskattn.models.layers.attention_masks`.
        ffn_ratio: hidden width of the feed-forward network over ``channels``.
        with_cp: recompute the module in the backward pass instead of keeping its activations.

    Raises:
        ValueError: ``channels`` not divisible by ``num_heads``, or an unknown mask.
    """

    def __init__(
        self,
        channels: int,
        map_size: tuple[int, int],
        num_heads: int = 4,
        mask: AttentionMaskConfig = 'topk',
        ffn_ratio: float = 1.0,
        with_cp: bool = False,
    ) -> None:
        super().__init__(channels, with_cp)
        if channels % num_heads:
            raise ValueError(f'num_heads={num_heads} does not divide the {channels} channels of the map')
        self.num_heads = num_heads
        self.mask = build_attention_mask(mask, channels, num_heads, map_size)
        self.query = nn.Linear(channels, channels)
        self.key_value = nn.Linear(channels, 2 * channels)
        self.projection = nn.Linear(channels, channels)
        self._add_ffn(channels, ffn_ratio)

    def _attend(self, tokens: Tensor, map_size: tuple[int, int]) -> Tensor:
        """Eq. 1 and the projection: (B, N, C) -> (B, N, C)."""
        terms = self.mask(tokens, map_size)
        kept = tokens
        if terms.keep is not None:
            kept = tokens.gather(1, terms.keep[..., None].expand(-1, -1, tokens.shape[2]))
        query = self._split_heads(self.query(tokens))
        key, value = (self._split_heads(part) for part in self.key_value(kept).chunk(2, dim=-1))
        attended = masked_attention(query, key, value, terms)
        return saturated(self.projection(attended.transpose(1, 2).flatten(2)))

    def _split_heads(self, tokens: Tensor) -> Tensor:
        """(B, N, C) -> (B, heads, N, C / heads)."""
        return tokens.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
