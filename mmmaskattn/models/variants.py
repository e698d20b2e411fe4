"""The variants of MaskAttn-UNet, ``nano`` to ``base``, and how encoder and decoder read their options.

A variant is a set of defaults for :class:`MaskAttnUNet` and :class:`MaskAttnDecoder`; any argument given explicitly
takes its place. Levels are counted from the finest map. ``docs/reference/variants.md`` has the measured sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Optional, Union

from mmmaskattn.models.layers.attention_masks import AttentionMaskConfig

Arch = Literal['nano', 'tiny', 'small', 'base']
AttentionMasks = Union[AttentionMaskConfig, Sequence[Optional[AttentionMaskConfig]], None]
StageAttentionMasks = Union[Literal['variant'], AttentionMasks]
RENAMED_OPTIONS = {'masks': 'is called attention_masks; rename it in the config'}


@dataclass(frozen=True)
class Variant:
    """Widths, depths and masks of one variant.

    Attributes:
        channels: widths of the five levels, finest first; the decoder uses all but the last.
        stem_stride: stride of the first convolution, 1 or 2.
        encoder_convs: convolutions in each encoder stage.
        decoder_convs: convolutions in each decoder stage, finest first.
        encoder_attention_masks: mask of each encoder stage; None leaves a stage without attention.
        decoder_attention_masks: mask of each decoder stage, finest first.
        ffn_ratio: hidden width of the feed-forward networks over the stage's width.
        activation: of the convolutions; HSwish is smooth near 0, as GELU is, without its cost.
        reduce: whether a 1x1 convolution narrows the deeper map before each step up.
    """

    channels: tuple[int, ...]
    stem_stride: int = 2
    encoder_convs: tuple[int, ...] = (2, 2, 2, 2, 2)
    decoder_convs: tuple[int, ...] = (2, 2, 2, 2)
    encoder_attention_masks: AttentionMasks = None
    decoder_attention_masks: AttentionMasks = None
    ffn_ratio: float = 1.0
    activation: Literal['ReLU', 'HSwish'] = 'HSwish'
    reduce: bool = False


def _top(k: int) -> dict[str, object]:
    return {'type': 'topk', 'k': k}


VARIANTS: dict[Arch, Variant] = {
    # The paper's widths; few keys on the finer maps and one convolution less at the finest decoder stage keep it
    # under 11 G MACs.
    'base': Variant(
        channels=(64, 128, 256, 256, 256),
        stem_stride=1,
        decoder_convs=(1, 2, 2, 2),
        encoder_attention_masks=(_top(64), _top(64), _top(128), 'gate', 'gate'),
        decoder_attention_masks=(_top(64), _top(64), _top(128), 'gate'),
        activation='ReLU',
        reduce=True,
    ),
    # No attention below: at equal multiply-adds it made no difference on CamVid, docs/explanation/attention.md.
    'small': Variant(channels=(48, 96, 192, 256, 256)),
    'tiny': Variant(channels=(24, 48, 96, 128, 160), encoder_convs=(2, 2, 2, 3, 3), decoder_convs=(1, 2, 2, 2)),
    'nano': Variant(channels=(16, 32, 64, 96, 128)),
}


def attention_masks_by_stage(masks: AttentionMasks, num_stages: int) -> tuple[AttentionMaskConfig | None, ...]:
    """Give every stage its attention mask.

    Args:
        masks: one mask for all stages, a sequence with one (or None) for each, or None for no attention at all.
        num_stages: number of stages; a longer sequence is cut, so that a variant serves shallower pyramids.

    Raises:
        ValueError: a sequence shorter than the number of stages.
    """
    if masks is None or isinstance(masks, (str, dict)):
        return (masks,) * num_stages
    if len(masks) < num_stages:
        raise ValueError(
            f'attention_masks has {len(masks)} entries for {num_stages} stages; give one mask, or one (or None) for '
            'each stage'
        )
    return tuple(masks)[:num_stages]


def map_size_at(input_size: tuple[int, int], stride: int) -> tuple[int, int]:
    """(H, W) of the map at a stride, rounded up as the encoder's poolings do."""
    return -(-input_size[0] // stride), -(-input_size[1] // stride)
