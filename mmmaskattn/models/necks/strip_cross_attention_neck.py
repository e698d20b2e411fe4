"""The decoder of SCASeg as a neck, for tasks other than semantic segmentation; a reconstruction.

What is verified and what is inferred: see :mod:`mmmaskattn.models.decode_heads.strip_cross_attention_head`, whose
decoder this is. That it serves as a neck is ours.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor

from mmmaskattn.models.layers.cross_layer_decoder import CrossLayerDecoder, LevelFusion, NumHeads
from mmmaskattn.models.layers.norms import ACTIVATION, NORM
from mmmaskattn.models.layers.strip_cross_attention import Perception, Scale
from mmmaskattn.registry import MODELS
from mmmaskattn.utils.option_types import ChannelsOfMaps, Count, InitConfig, ModuleConfig, Positive, Rate


@MODELS.register_module()
class StripCrossAttentionNeck(BaseModule):
    """Cross-Layer Blocks with strip cross-attention over any pyramid; the decoded maps, or their fusion, come out.

    The weights of the decoder have the keys of :class:`StripCrossAttentionHead`'s: a head's ``decoder.*`` (and
    ``fusion.*``) loads into the neck.

    Args:
        in_channels: channels of the pyramid's maps, finest first; two or more.
        fused_channels: width of one map fused from all decoded ones at the finest size, which then comes out alone;
            None gives the decoded maps themselves.
        num_heads: heads of each stage, finest first, or one number for all. Must divide the stage's channels.
        strip_dim: channels of a query and a key in each head; None is vanilla cross-attention.
        scale: scale of the logits: ``'strip'``, ``'head'`` or a number; see :class:`StripCrossAttention`.
        perception: Local Perception Module, ``plain`` or ``gated``; None builds none.
        ffn_ratio: hidden width of the feed-forward networks over the stage's channels.
        key_reduction: side of the finest map over the side of the key grid.
        drop_path_rate: chance of each branch of a block to be left out of a training sample.
        max_queries: most queries of a stage; a finer map's are pooled.
        norm_cfg: norm layer of the fusion.
        act_cfg: activation layer of the fusion.
        init_cfg: initialisation, as mmengine takes it.

    Raises:
        ValueError: an option that is not what it must be, or that :class:`CrossLayerDecoder` refuses.
    """

    def __init__(
        self,
        in_channels: ChannelsOfMaps,
        fused_channels: Count | None = None,
        num_heads: NumHeads = 4,
        strip_dim: Count | None = 1,
        scale: Scale = 'strip',
        perception: Perception = 'gated',
        ffn_ratio: Positive = 4.0,
        key_reduction: Count = 4,
        drop_path_rate: Rate = 0.1,
        max_queries: Count | None = None,
        norm_cfg: ModuleConfig = NORM,
        act_cfg: ModuleConfig = ACTIVATION,
        init_cfg: InitConfig = None,
    ) -> None:
        super().__init__(init_cfg)
        self.decoder = CrossLayerDecoder(
            in_channels, num_heads, strip_dim, scale, perception, ffn_ratio, key_reduction, drop_path_rate, max_queries
        )
        self.fusion = None if fused_channels is None else LevelFusion(in_channels, fused_channels, norm_cfg, act_cfg)
        self.in_channels = tuple(in_channels)
        self.out_channels = self.in_channels if fused_channels is None else (fused_channels,)

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Decode a pyramid.

        Args:
            inputs: the pyramid, finest first: map i is float (B, in_channels[i], H_i, W_i), of any sizes.

        Returns:
            The decoded maps, finest first, of the same shapes; with ``fused_channels`` one map, float
            (B, fused_channels, H_0, W_0).

        Raises:
            ValueError: another number of maps than ``in_channels`` names.
        """
        maps = self.decoder(inputs)
        return maps if self.fusion is None else (self.fusion(maps),)
