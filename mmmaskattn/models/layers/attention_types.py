"""Which attention a stage of the U-Net has: over the whole map, or low-resolution attention.

================== ===================================================== ==================
type               queries x keys on a map of N positions                masks
================== ===================================================== ==================
``full``           N x N, or N x K under a binary mask                   all
``low_resolution`` about ``q_size``^2 x the cells of the key grids       ``none``, ``gate``
================== ===================================================== ==================
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

from torch import nn

from mmmaskattn.models.layers.attention_masks import MaskConfig
from mmmaskattn.models.layers.low_resolution_mask_attention import LowResolutionMaskAttention
from mmmaskattn.models.layers.mask_attention import MaskAttention

AttentionConfig = Union[str, dict[str, Any]]
StageAttentions = Union[AttentionConfig, Sequence[AttentionConfig]]
ATTENTIONS = ('full', 'low_resolution')


def attentions_by_stage(attention: StageAttentions, num_stages: int) -> tuple[AttentionConfig, ...]:
    """Give every stage its attention type.

    Args:
        attention: one type for all stages, or a sequence with one for each.
        num_stages: number of stages.

    Raises:
        ValueError: a sequence of another length.
    """
    if isinstance(attention, (str, dict)):
        return (attention,) * num_stages
    if len(attention) != num_stages:
        raise ValueError(
            f'attention has {len(attention)} entries for {num_stages} stages; give one type, or one for each stage'
        )
    return tuple(attention)


def build_attention(
    mask: MaskConfig | None,
    channels: int,
    map_size: tuple[int, int],
    num_heads: int,
    ffn_ratio: float,
    with_cp: bool,
    attention: AttentionConfig = 'full',
) -> nn.Module:
    """Build the attention of one stage; without a mask config the stage has none, and its map passes through.

    Args:
        mask: the mask, or None for no attention.
        channels: width of the stage.
        map_size: (H, W) of its map at the network's input size.
        num_heads: heads.
        ffn_ratio: hidden width of the feed-forward network over ``channels``.
        with_cp: recompute in the backward pass.
        attention: ``full``, ``low_resolution``, or ``dict(type='low_resolution', ...)`` with the options of
            :class:`LowResolutionMaskAttention`: ``q_size``, ``key_sizes``, ``clamp_keys``.

    Raises:
        ValueError: unknown type or option, or a mask that does not go with the type.
    """
    options = {'type': attention} if isinstance(attention, str) else dict(attention)
    name = options.pop('type', None)
    if name not in ATTENTIONS:
        raise ValueError(f'attention type {name!r} is unknown; the option `attention` takes {" or ".join(ATTENTIONS)}')
    allowed = {'q_size', 'key_sizes', 'clamp_keys'} if name == 'low_resolution' else set()
    if unknown := set(options) - allowed:
        raise ValueError(
            f'attention {name!r} does not take the options {sorted(unknown)}; it takes {sorted(allowed) or "none"}'
        )
    if mask is None:
        return nn.Identity()
    if name == 'full':
        return MaskAttention(channels, map_size, num_heads, mask, ffn_ratio, with_cp)
    return LowResolutionMaskAttention(channels, num_heads, mask, ffn_ratio, with_cp, **options)
