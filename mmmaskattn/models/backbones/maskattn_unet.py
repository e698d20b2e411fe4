"""The encoder and bottleneck of MaskAttn-UNet (Figure 1 and section 4.1).

Where text, figure and released code disagree, and what is done here:

- Stages: the text has four downsampling stages "from 64 to 128 to 256 (with two blocks at 256), leading into a
  bottleneck", and the released code has three poolings. Here: four downsamplings, widths 64-128-256-256 and a
  bottleneck of 256 at 1/16.
- Norms: the paper names none. Here: batch norm after convolutions, layer norm before attention and before its
  feed-forward network.
- Mask: see :mod:`mmmaskattn.models.layers.attention_masks`.
- FLOPs: the paper claims 11 G and 46 M parameters; the released network counts 68 G and 25 M at 128x128. ``base``
  here stays under 11 G multiply-adds, attention products counted, by keeping fewer keys on finer maps and one
  convolution less at the finest decoder stage.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from torch import Tensor, nn

from mmmaskattn.models.backbones.staged_backbone import StagedBackbone, by_stage, check_input_size
from mmmaskattn.models.layers.norms import NORM
from mmmaskattn.models.layers.unet_attention import StageAttentions, attentions_by_stage, build_attention
from mmmaskattn.models.layers.unet_blocks import ConvBlock
from mmmaskattn.models.variants import (
    RENAMED_OPTIONS,
    VARIANTS,
    Arch,
    StageAttentionMasks,
    attention_masks_by_stage,
    map_size_at,
)
from mmmaskattn.registry import MODELS
from mmmaskattn.utils.option_types import Count, Counts, Indices, InitConfig, ModuleConfig, Positive, StageOrNone


@MODELS.register_module()
class MaskAttnUNet(StagedBackbone):
    """U-Net encoder with a mask attention module at every scale, or at those named.

    At the defaults (``base``) and 128x128::

        image 3x128x128
          |  stage 0: convs, attention ----------------> x1  64x128x128
          |  max pool, stage 1: convs, attention ------> x2 128x 64x 64
          |  max pool, stage 2: convs, attention ------> x3 256x 32x 32
          |  max pool, stage 3: convs, attention ------> x4 256x 16x 16
          |  max pool, bottleneck: convs, attention ---> x5 256x  8x  8

    Args:
        arch: ``nano``, ``tiny``, ``small`` or ``base``: where the arguments left at None come from; see
            :mod:`mmmaskattn.models.variants`.
        in_channels: channels of the image.
        channels: width of each stage, the bottleneck last.
        num_convs: convolutions in each stage.
        stem_stride: stride of the first convolution, 1 or 2; 2 halves every map.
        attention_masks: the mask M of each stage: one for all, or a sequence with one (or None: no attention there)
            for each stage. ``'variant'`` takes the variant's own, None builds a plain convolutional encoder (Tables 5
            and 6).
        num_heads: heads of each attention.
        ffn_ratio: hidden width of the feed-forward networks over the stage's width.
        input_size: (H, W) of the network's input; only the ``dense`` mask is made for a size, and even that accepts
            others.
        out_indices: stages whose maps are returned.
        frozen_stages: the stages up to this one keep their weights and statistics; -1 freezes none.
        norm_eval: keep all batch norms in evaluation mode while training.
        norm_cfg: norm layer of the convolutions.
        act_cfg: activation layer of the convolutions; the variant's own when None.
        with_cp: recompute blocks and attention in the backward pass to save memory.
        attention: ``full``, or ``low_resolution``: few queries and keys, averages over the map, with masks ``none``
            and ``gate`` only; one for all stages, or a sequence with one for each. See
            :mod:`mmmaskattn.models.layers.unet_attention`.
        init_cfg: initialisation, as mmengine takes it (``dict(type='Pretrained', checkpoint=...)``).

    Raises:
        TypeError: an unknown option.
        ValueError: an option that is not what it must be, a mask that the attention cannot have, a sequence of the
            wrong length, ``out_indices`` repeated or beyond the stages, ``frozen_stages`` beyond them.
    """

    REFUSED_OPTIONS: ClassVar[dict[str, str]] = RENAMED_OPTIONS

    def __init__(
        self,
        arch: Arch = 'base',
        in_channels: Count = 3,
        channels: Counts | None = None,
        num_convs: Counts | None = None,
        stem_stride: Literal[1, 2] | None = None,
        attention_masks: StageAttentionMasks = 'variant',
        num_heads: Count = 4,
        ffn_ratio: Positive | None = None,
        input_size: tuple[Count, Count] = (128, 128),
        out_indices: Indices | None = None,
        frozen_stages: StageOrNone = -1,
        norm_eval: bool = False,
        norm_cfg: ModuleConfig = NORM,
        act_cfg: ModuleConfig | None = None,
        with_cp: bool = False,
        attention: StageAttentions = 'full',
        init_cfg: InitConfig = None,
    ) -> None:
        variant = VARIANTS[arch]
        widths = tuple(channels or variant.channels)
        super().__init__(widths, out_indices, frozen_stages, norm_eval, init_cfg)
        stem = variant.stem_stride if stem_stride is None else stem_stride
        convs = by_stage(num_convs or variant.encoder_convs[: len(widths)], len(widths), 'num_convs')
        masks = variant.encoder_attention_masks if attention_masks == 'variant' else attention_masks
        stage_masks = attention_masks_by_stage(masks, len(widths))
        stage_attentions = attentions_by_stage(attention, len(widths))
        ratio = variant.ffn_ratio if ffn_ratio is None else ffn_ratio
        act = act_cfg or {'type': variant.activation}
        # Rounded up, so that even a 1x1 map has a level below it.
        self.pool = nn.MaxPool2d(2, ceil_mode=True)
        self.blocks = nn.ModuleList()
        self.attentions = nn.ModuleList()
        for stage, width in enumerate(widths):
            before = widths[stage - 1] if stage else in_channels
            self.blocks.append(
                ConvBlock(before, width, convs[stage], stem if stage == 0 else 1, norm_cfg, act, with_cp)
            )
            map_size = map_size_at(input_size, stem << stage)
            self.attentions.append(
                build_attention(stage_masks[stage], width, map_size, num_heads, ratio, with_cp, stage_attentions[stage])
            )
        self._freeze()

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute the pyramid.

        Args:
            x: float (B, in_channels, H, W), H and W of at least 16, odd ones too.

        Returns:
            The maps of ``out_indices``, shallow to deep: map i is float (B, channels[i], H_i, W_i) at stride
            ``stem_stride * 2**i``, rounded up.

        Raises:
            ValueError: the input is smaller than 16x16.
        """
        check_input_size(x, 'MaskAttnUNet')
        maps = []
        for stage, (block, attention) in enumerate(zip(self.blocks, self.attentions)):
            x = attention(block(self.pool(x) if stage else x))
            maps.append(x)
        return tuple(maps[index] for index in self.out_indices)

    def _stage_parts(self, stage: int) -> Sequence[nn.Module]:
        return self.blocks[stage], self.attentions[stage]
