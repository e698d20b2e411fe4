"""The decoder of MaskAttn-UNet (Figure 1(c) and section 4.1), as a neck."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmmaskattn.models.layers.norms import NORM
from mmmaskattn.models.layers.unet_attention import StageAttentions, attentions_by_stage, build_attention
from mmmaskattn.models.layers.unet_blocks import UpBlock
from mmmaskattn.models.variants import (
    RENAMED_OPTIONS,
    VARIANTS,
    Arch,
    StageAttentionMasks,
    attention_masks_by_stage,
    map_size_at,
)
from mmmaskattn.registry import MODELS
from mmmaskattn.utils.option_types import ChannelsOfMaps, Count, Counts, InitConfig, ModuleConfig, Positive


@MODELS.register_module()
class MaskAttnDecoder(BaseModule):
    """U-Net decoder with a mask attention module at every scale, or at those named, over any pyramid (ours, a
    ResNet's, a MiT's).

    At the defaults (``base``) and 128x128::

        x5 256x8x8 --> up, concat x4, convs, attention --> 256x 16x 16 --+--> output 3
                       up, concat x3, convs, attention --> 256x 32x 32 --+--> output 2
                       up, concat x2, convs, attention --> 128x 64x 64 --+--> output 1
                       up, concat x1, convs, attention -->  64x128x128 --+--> output 0

    Args:
        in_channels: channels of the pyramid's maps, shallow to deep; one upsampling for each but the last. The
            variant's own encoder when None.
        arch: ``nano``, ``tiny``, ``small`` or ``base``: where the arguments left at None come from; see
            :mod:`mmmaskattn.models.variants`.
        channels: width of each decoder stage, finest first.
        num_convs: convolutions in each decoder stage, finest first.
        attention_masks: the mask M of each stage, finest first: one for all, or a sequence with one (or None: no
            attention there) for each stage. ``'variant'`` takes the variant's own, None builds a plain convolutional
            decoder (Tables 5 and 6).
        num_heads: heads of each attention.
        ffn_ratio: hidden width of the feed-forward networks over the stage's width.
        input_size: (H, W) of the network's input; only the ``dense`` mask is made for a size, and even that accepts
            others.
        strides: stride of each map of the pyramid against the input, for ``dense`` again; the variant's own when None.
        norm_cfg: norm layer of the convolutions.
        act_cfg: activation layer of the convolutions; the variant's own when None.
        with_cp: recompute blocks and attention in the backward pass to save memory.
        attention: ``full``, or ``low_resolution``: few queries and keys, averages over the map, with masks ``none``
            and ``gate`` only; one for all stages, or a sequence with one for each, finest first. See
            :mod:`mmmaskattn.models.layers.unet_attention`.
        reduce: narrow the deeper map by a 1x1 convolution before each step up; the variant's own when None.
        init_cfg: initialisation, as mmengine takes it.

    Raises:
        TypeError: an unknown option.
        ValueError: an option that is not what it must be, a mask that the attention cannot have, a sequence of the
            wrong length.
    """

    REFUSED_OPTIONS: ClassVar[dict[str, str]] = RENAMED_OPTIONS

    def __init__(
        self,
        in_channels: ChannelsOfMaps | None = None,
        arch: Arch = 'base',
        channels: Counts | None = None,
        num_convs: Counts | None = None,
        attention_masks: StageAttentionMasks = 'variant',
        num_heads: Count = 4,
        ffn_ratio: Positive | None = None,
        input_size: tuple[Count, Count] = (128, 128),
        strides: Counts | None = None,
        norm_cfg: ModuleConfig = NORM,
        act_cfg: ModuleConfig | None = None,
        with_cp: bool = False,
        attention: StageAttentions = 'full',
        reduce: bool | None = None,
        init_cfg: InitConfig = None,
    ) -> None:
        super().__init__(init_cfg)
        variant = VARIANTS[arch]
        in_channels = tuple(in_channels or variant.channels)
        num_stages = len(in_channels) - 1
        widths = tuple(channels or variant.channels[:num_stages])
        convs = tuple(num_convs or variant.decoder_convs[:num_stages])
        for option, values in (('channels', widths), ('num_convs', convs)):
            if len(values) != num_stages:
                raise ValueError(
                    f'{option} has {len(values)} entries; in_channels {list(in_channels)} makes {num_stages} stages: '
                    'give one for each'
                )
        masks = variant.decoder_attention_masks if attention_masks == 'variant' else attention_masks
        stage_masks = attention_masks_by_stage(masks, num_stages)
        stage_attentions = attentions_by_stage(attention, num_stages)
        strides = strides or [variant.stem_stride << level for level in range(num_stages)]
        if len(strides) < num_stages:
            raise ValueError(f'strides has {len(strides)} entries; give one for each of the {num_stages} finer maps')
        ratio = variant.ffn_ratio if ffn_ratio is None else ffn_ratio
        act = act_cfg or {'type': variant.activation}
        narrow = variant.reduce if reduce is None else reduce
        self.in_channels = in_channels
        self.out_channels = widths
        self.ups = nn.ModuleList()
        self.attentions = nn.ModuleList()
        for level, width in enumerate(widths):
            deep = in_channels[-1] if level == num_stages - 1 else widths[level + 1]
            self.ups.append(UpBlock(deep, in_channels[level], width, convs[level], norm_cfg, act, with_cp, narrow))
            map_size = map_size_at(input_size, strides[level])
            self.attentions.append(
                build_attention(stage_masks[level], width, map_size, num_heads, ratio, with_cp, stage_attentions[level])
            )

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Decode a pyramid.

        Args:
            inputs: the pyramid, shallow to deep: map i is float (B, in_channels[i], H_i, W_i), of any sizes.

        Returns:
            One map for each stage, finest to coarsest: map i is float (B, channels[i], H_i, W_i).

        Raises:
            ValueError: another number of maps than ``in_channels`` names.
        """
        if len(inputs) != len(self.in_channels):
            raise ValueError(
                f'MaskAttnDecoder got {len(inputs)} maps; '
                f'in_channels {list(self.in_channels)} names {len(self.in_channels)}'
            )
        x, maps = inputs[-1], []
        for level in reversed(range(len(self.ups))):
            x = self.attentions[level](self.ups[level](x, inputs[level]))
            maps.append(x)
        return tuple(reversed(maps))
