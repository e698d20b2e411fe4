"""The variants of LRFormer: ``T``, ``S``, ``B``, ``L`` and ``XL``, as published.

A variant is a set of defaults for :class:`LRFormer`; any argument given explicitly takes its place.
``docs/reference/variants.md`` has the sizes.
"""

from __future__ import annotations

from dataclasses import dataclass


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


LRFORMER_VARIANTS: dict[str, LRFormerVariant] = {
    'T': LRFormerVariant((48, 96, 240, 384), (2, 2, 6, 3), 0.1),
    'S': LRFormerVariant((64, 128, 320, 512), (3, 3, 12, 3), 0.2),
    'B': LRFormerVariant((80, 160, 400, 512), (4, 4, 15, 8), 0.4),
    'L': LRFormerVariant((96, 192, 480, 640), (4, 6, 18, 8), 0.6),
    'XL': LRFormerVariant((128, 256, 640, 768), (4, 8, 22, 8), 0.4, entry_norm_blocks=(7, 15)),
}


def get_lrformer_variant(arch: str) -> LRFormerVariant:
    """Look a variant up by name.

    Raises:
        ValueError: there is no such variant.
    """
    if arch not in LRFORMER_VARIANTS:
        raise ValueError(f'arch {arch!r} is unknown; the option `arch` takes one of {", ".join(LRFORMER_VARIANTS)}')
    return LRFORMER_VARIANTS[arch]
