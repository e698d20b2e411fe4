"""LRFormer: a pyramid of transformer stages with low-resolution attention, and its published variants.

A variant is a set of defaults for :class:`LRFormer`; any argument given explicitly takes its place.
``docs/reference/variants.md`` has the sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from mmmaskattn.models.backbones.staged_backbone import StagedBackbone, by_stage, check_input_size
from mmmaskattn.models.layers.low_resolution_attention import PooledGrids
from mmmaskattn.models.layers.lrformer_blocks import LRFormerStage, make_downsampling, make_stem
from mmmaskattn.models.layers.norms import NORM
from mmmaskattn.registry import MODELS
from mmmaskattn.utils.option_types import (
    Count,
    Counts,
    Indices,
    InitConfig,
    ModuleConfig,
    Positive,
    PositiveNumbers,
    Rate,
    StageOrNone,
)

# The first two stages have no layer scale, in any variant.
FIRST_SCALED_STAGE = 2
FIRST_ENTRY_NORM_STAGE = 2


@dataclass(frozen=True)
class LRFormerVariant:
    """Widths and depths of one variant.

    Attributes:
        embed_dims: widths of the stages at strides 4, 8, 16 and 32.
        depths: blocks in each stage.
        drop_path_rate: rate at which the last block drops its residual branches; it rises linearly from 0. ``XL`` has
            no published LRHead recipe; its rate is that of the Mask2Former one.
        entry_norm_blocks: blocks of the third stage, counted from 0, that begin with a batch norm. The authors put
            them there against overflow in half precision.
        num_heads: heads in each stage.
        ffn_ratios: hidden width of the feed-forward networks over the stage's width.
    """

    embed_dims: tuple[int, ...]
    depths: tuple[int, ...]
    drop_path_rate: float
    entry_norm_blocks: tuple[int, ...] = ()
    num_heads: tuple[int, ...] = (2, 4, 10, 16)
    ffn_ratios: tuple[float, ...] = (8, 8, 4, 4)


LRFormerArch = Literal['T', 'S', 'B', 'L', 'XL']
LRFORMER_VARIANTS: dict[LRFormerArch, LRFormerVariant] = {
    'T': LRFormerVariant((48, 96, 240, 384), (2, 2, 6, 3), 0.1),
    'S': LRFormerVariant((64, 128, 320, 512), (3, 3, 12, 3), 0.2),
    'B': LRFormerVariant((80, 160, 400, 512), (4, 4, 15, 8), 0.4),
    'L': LRFormerVariant((96, 192, 480, 640), (4, 6, 18, 8), 0.6),
    'XL': LRFormerVariant((128, 256, 640, 768), (4, 8, 22, 8), 0.4, entry_norm_blocks=(7, 15)),
}


@MODELS.register_module()
class LRFormer(StagedBackbone):
    """LRFormer backbone.

    ``T`` at 512x512::

        image 3x512x512
          |  stem, 2 blocks ------------------> x1  48x128x128
          |  convolution stride 2, 2 blocks --> x2  96x 64x 64
          |  convolution stride 2, 6 blocks --> x3 240x 32x 32     every attention: 16x16 queries, 237 keys
          |  convolution stride 2, 3 blocks --> x4 384x 16x 16

    A block is position encoding, :class:`LowResolutionAttention` and feed-forward network; there is no positional
    embedding and no norm on the outputs.

    Deviations from the published code: sides are rounded up at each halving, so that any size from 16 up works, where
    theirs must be multiples of 32 (for which both agree); query grids are not finer than the map, unless
    ``clamp_queries`` is off; the batch norms are those of ``norm_cfg``; unknown arguments are refused. The defaults
    are otherwise the published settings, made for about 512 pixels and pretrained weights; for 128 from scratch, see
    ``q_pooled_sizes``, ``clamp_keys`` and ``layer_scale_init``.

    Args:
        arch: ``T``, ``S``, ``B``, ``L`` or ``XL``: where the arguments left at None come from; see
            :mod:`mmmaskattn.models.backbones.lrformer`.
        in_channels: channels of the image.
        embed_dims: width of each stage; their number is the number of stages.
        depths: blocks in each stage.
        num_heads: heads in each stage. Must divide the width.
        ffn_ratios: hidden width of the feed-forward networks over the stage's width.
        q_pooled_sizes: short side of the query grid, for all stages or for each. (8, 8, 8, 4) suits 128 pixels.
        pyramids: short sides of the key grids of each stage; in proportion to ``q_pooled_sizes`` when None, see
            :func:`mmmaskattn.models.layers.low_resolution_attention.pyramid_sizes`.
        clamp_queries: query grids are not finer than the map. False computes as published where the map is smaller
            than the grid and does not divide it; see :class:`PooledGrids`.
        clamp_keys: no key grid is finer than the map. Changes the function of published weights; spares work on
            repeated positions when training from scratch.
        layer_scale_init: initial layer scale of the third and later stages. The published 1e-6 starts them nearly as
            identities, which a short training from scratch pays for; None builds none.
        drop_path_rate: rate at which the last block drops its residual branches; rises linearly from 0.
        out_indices: stages whose maps are returned.
        frozen_stages: the stages up to this one keep their weights and statistics; -1 freezes none.
        norm_eval: keep all batch norms in evaluation mode while training.
        norm_cfg: norm layer of the stem, and of the block entries of ``XL``.
        with_cp: recompute blocks in the backward pass to save memory.
        init_cfg: initialisation, as mmengine takes it (``dict(type='Pretrained', checkpoint=...)``).

    Raises:
        ValueError: an option that is not what it must be, a sequence of the wrong length, heads that do not divide a
            width, ``out_indices`` repeated or beyond the stages, ``frozen_stages`` beyond them.
    """

    def __init__(
        self,
        arch: LRFormerArch = 'T',
        in_channels: Count = 3,
        embed_dims: Counts | None = None,
        depths: Counts | None = None,
        num_heads: Counts | None = None,
        ffn_ratios: PositiveNumbers | None = None,
        q_pooled_sizes: Count | Counts = 16,
        pyramids: Sequence[Counts] | None = None,
        clamp_queries: bool = True,
        clamp_keys: bool = False,
        layer_scale_init: Positive | None = 1e-6,
        drop_path_rate: Rate | None = None,
        out_indices: Indices = (0, 1, 2, 3),
        frozen_stages: StageOrNone = -1,
        norm_eval: bool = False,
        norm_cfg: ModuleConfig = NORM,
        with_cp: bool = False,
        init_cfg: InitConfig = None,
    ) -> None:
        variant = LRFORMER_VARIANTS[arch]
        widths = tuple(embed_dims or variant.embed_dims)
        super().__init__(widths, out_indices, frozen_stages, norm_eval, init_cfg)
        count = len(widths)
        blocks = by_stage(depths or variant.depths[:count], count, 'depths')
        heads = by_stage(num_heads or variant.num_heads[:count], count, 'num_heads')
        ratios = by_stage(ffn_ratios or variant.ffn_ratios[:count], count, 'ffn_ratios')
        q_sizes = (q_pooled_sizes,) * count if isinstance(q_pooled_sizes, int) else q_pooled_sizes
        q_sizes = by_stage(q_sizes, count, 'q_pooled_sizes')
        key_sizes = by_stage(pyramids or (None,) * count, count, 'pyramids')
        rates = drop_path_rates(variant.drop_path_rate if drop_path_rate is None else drop_path_rate, sum(blocks))
        self.stages = nn.ModuleList()
        for stage, width in enumerate(widths):
            done = sum(blocks[:stage])
            embed = make_downsampling(widths[stage - 1], width) if stage else make_stem(in_channels, width, norm_cfg)
            grids = PooledGrids(
                width, q_sizes[stage], key_sizes[stage], clamp_queries=clamp_queries, clamp_keys=clamp_keys
            )
            drop_paths = rates[done : done + blocks[stage]]
            scale = layer_scale_init if stage >= FIRST_SCALED_STAGE else None
            with_entry_norm = variant.entry_norm_blocks if stage == FIRST_ENTRY_NORM_STAGE else ()
            entry_norms = [norm_cfg if block in with_entry_norm else None for block in range(blocks[stage])]
            self.stages.append(
                LRFormerStage(embed, width, heads[stage], ratios[stage], grids, drop_paths, scale, entry_norms, with_cp)
            )
        self._freeze()

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute the pyramid.

        Args:
            x: float (B, in_channels, H, W), H and W of at least 16, odd ones too.

        Returns:
            The maps of ``out_indices``, shallow to deep: map i is float (B, embed_dims[i], H_i, W_i) at stride
            ``4 * 2**i``, rounded up.

        Raises:
            ValueError: the input is smaller than 16x16.
        """
        check_input_size(x, 'LRFormer')
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return tuple(maps[index] for index in self.out_indices)

    def _stage_parts(self, stage: int) -> Sequence[nn.Module]:
        return (self.stages[stage],)


def drop_path_rates(last: float, count: int) -> list[float]:
    """Rates that rise linearly from 0 at the first block to ``last`` at the last.

    Args:
        last: the last rate.
        count: number of blocks.
    """
    return [last * block / max(count - 1, 1) for block in range(count)]
