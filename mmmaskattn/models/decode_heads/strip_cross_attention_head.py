"""A decode head of mmseg in the style of SCASeg (arXiv 2411.17061); a reconstruction.

No code of the authors is public and their full text was not at hand. What is known of each part:

================================================================  ==================================================
verified, from the authors' abstracts                             inferred
================================================================  ==================================================
a decoder head for any hierarchical backbone                      fusion by a 1x1 convolution at the finest stride
encoder features are the queries (lateral connections)            decoding from the deepest stage to the finest
keys and values: one blend of encoder and decoder stages          how the stages are brought to one grid, and which
queries and keys compressed to one channel                        heads, scale, biases, values of full width
the Cross-Layer Block has local perception by convolution         both layouts of it, its place, the feed-forward net
================================================================  ==================================================

Sizes, training recipe and loss are not known either: ours are those of the decoders nearest to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor

from mmmaskattn.models.layers.cross_layer_decoder import CrossLayerDecoder, LevelFusion, NumHeads
from mmmaskattn.models.layers.strip_cross_attention import Perception, Scale
from mmmaskattn.registry import MODELS
from mmmaskattn.utils.option_types import ChannelsOfMaps, Count, Indices, Positive, Rate


@MODELS.register_module()
class StripCrossAttentionHead(BaseDecodeHead):
    """Cross-Layer Blocks with strip cross-attention over a backbone's pyramid, fused and classified::

        F_4 --> block --> D_4 --+
        F_3 --> block --> D_3 --+-- enlarged to F_1's size, concatenated, 1x1 convolution -- dropout -- classes
        F_2 --> block --> D_2 --+
        F_1 --> block --> D_1 --+      each block's keys and values: all F and the D decoded so far, on one small grid

    Logits have the size of the finest map; mmseg enlarges them. For other tasks,
    :class:`mmmaskattn.models.necks.StripCrossAttentionNeck` gives the decoded maps.

    Args:
        in_channels: channels of the maps used, finest first; two or more.
        channels: width of the fused map.
        in_index: which maps of the backbone are used, finest first; the first ones when None.
        num_heads: heads of each stage, finest first, or one number for all. Must divide the stage's channels.
        strip_dim: channels of a query and a key in each head; None is vanilla cross-attention.
        scale: scale of the logits: ``'strip'``, ``'head'`` or a number; see :class:`StripCrossAttention`.
        perception: Local Perception Module, ``plain`` or ``gated``; None builds none.
        ffn_ratio: hidden width of the feed-forward networks over the stage's channels.
        key_reduction: side of the finest map over the side of the key grid; 4 is stride 16 for a pyramid that begins
            at stride 4.
        drop_path_rate: chance of each branch of a block to be left out of a training sample.
        max_queries: most queries of a stage; a finer map's are pooled. For pyramids that begin at stride 1 or 2.
        **kwargs: of mmseg's ``BaseDecodeHead``: ``num_classes``, ``norm_cfg``, ``dropout_ratio``, ``loss_decode`` ...

    Raises:
        ValueError: an option that is not what it must be, or that :class:`CrossLayerDecoder` refuses.
    """

    def __init__(
        self,
        in_channels: ChannelsOfMaps,
        channels: Count = 128,
        *,
        in_index: Indices | None = None,
        num_heads: NumHeads = 4,
        strip_dim: Count | None = 1,
        scale: Scale = 'strip',
        perception: Perception = 'gated',
        ffn_ratio: Positive = 4.0,
        key_reduction: Count = 4,
        drop_path_rate: Rate = 0.1,
        max_queries: Count | None = None,
        **kwargs: Any,
    ) -> None:
        in_index = list(range(len(in_channels)) if in_index is None else in_index)
        super().__init__(list(in_channels), channels, in_index=in_index, input_transform='multiple_select', **kwargs)
        self.decoder = CrossLayerDecoder(
            in_channels, num_heads, strip_dim, scale, perception, ffn_ratio, key_reduction, drop_path_rate, max_queries
        )
        self.fusion = LevelFusion(in_channels, channels, self.norm_cfg, self.act_cfg, self.align_corners)

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Classify.

        Args:
            inputs: the backbone's maps, float (B, C_i, H_i, W_i).

        Returns:
            Logits, float (B, out_channels, H, W), of the size of the finest map used.
        """
        return self.cls_seg(self.fusion(self.decoder(self._transform_inputs(inputs))))
