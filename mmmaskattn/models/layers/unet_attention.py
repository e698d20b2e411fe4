"""The attention of a U-Net's stage: over the whole map, or low-resolution attention.

================== ===================================================== ==================
type               queries x keys on a map of N positions                masks
================== ===================================================== ==================
``full``           N x N, or N x K under a binary mask                   all
``low_resolution`` about ``q_size``^2 x the cells of the key grids       ``none``, ``gate``
================== ===================================================== ==================
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Union

from torch import Tensor, nn

from mmmaskattn.models.layers.attention_masks import AttentionMaskConfig
from mmmaskattn.models.layers.low_resolution_attention import LowResolutionAttention, PooledGrids
from mmmaskattn.models.layers.mask_attention import MaskAttention, PreNormBlock
from mmmaskattn.utils.option_types import ModuleConfig

AttentionConfig = Union[Literal['full', 'low_resolution'], ModuleConfig]
StageAttentions = Union[AttentionConfig, Sequence[AttentionConfig]]
ATTENTIONS = ('full', 'low_resolution')


class LowResolutionMaskAttention(PreNormBlock):
    """``MaskAttention`` with LRFormer's attention inside: norm, attention, residual; norm, feed-forward, residual.

    The feed-forward network is MaskAttn-UNet's, without LRFormer's depth-wise convolutions: the U-Net's own
    convolutions see the neighbours.

    Args:
        channels: C of the map.
        num_heads: heads. Must divide ``channels``.
        mask: ``none`` or ``gate``, averaged over the cell of each key.
        ffn_ratio: hidden width of the feed-forward network over ``channels``.
        with_cp: recompute the module in the backward pass instead of keeping its activations.
        q_size: short side of the query grid.
        key_sizes: short sides of the key grids; in proportion to ``q_size`` when None, see
            :func:`mmmaskattn.models.layers.low_resolution_attention.pyramid_sizes`.
        clamp_keys: no key grid is finer than the map.

    Raises:
        ValueError: an option that cannot be, or a mask that does not go with averaged keys.
    """

    def __init__(
        self,
        channels: int,
        num_heads: int = 4,
        mask: AttentionMaskConfig = 'gate',
        ffn_ratio: float = 1.0,
        with_cp: bool = False,
        q_size: int = 16,
        key_sizes: Sequence[int] | None = None,
        clamp_keys: bool = True,
    ) -> None:
        super().__init__(channels, with_cp)
        self.attention = LowResolutionAttention(channels, num_heads, mask)
        self.grids = PooledGrids(channels, q_size, key_sizes, clamp_keys=clamp_keys)
        self._add_ffn(channels, ffn_ratio)

    def _attend(self, tokens: Tensor, map_size: tuple[int, int]) -> Tensor:
        """Attend on the map that the tokens lie on: (B, N, C) -> (B, N, C)."""
        attended = self.attention(tokens.transpose(1, 2).unflatten(2, map_size), self.grids)
        return attended.flatten(2).transpose(1, 2)


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
    mask: AttentionMaskConfig | None,
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
