"""mmseg's EncoderDecoder for networks some of whose norms no option reaches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmseg.models.segmentors import EncoderDecoder
from torch import nn

from mmmaskattn.models.layers.norms import CrossProcessBatchNorm2d
from mmmaskattn.registry import MODELS
from mmmaskattn.utils.option_types import ModuleConfig


@MODELS.register_module()
class CrossProcessEncoderDecoder(EncoderDecoder):
    """mmseg's ``EncoderDecoder`` in which every plain batch norm is `CrossProcessBatchNorm2d`.

    Some parts of mmseg's PIDNet and DDRNet take no ``norm_cfg``. A plain norm fails on the map of 1x1 pixels that a
    single image gives, such as the last of 753 in batches of 8, and has each process's own statistics. Names of
    parameters stay.

    Args:
        backbone: Config of the backbone.
        decode_head: Config of the head.
        neck: Config of the neck, if any.
        auxiliary_head: Configs of heads that serve training only.
        **kwargs: The others of ``EncoderDecoder``.
    """

    def __init__(
        self,
        backbone: ModuleConfig,
        decode_head: ModuleConfig,
        neck: ModuleConfig | None = None,
        auxiliary_head: ModuleConfig | Sequence[ModuleConfig] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(backbone, decode_head, neck, auxiliary_head, **kwargs)
        for parent in list(self.modules()):
            for name, child in parent.named_children():
                if type(child) is nn.BatchNorm2d:
                    norm = CrossProcessBatchNorm2d(child.num_features, child.eps, child.momentum)
                    norm.load_state_dict(child.state_dict())
                    setattr(parent, name, norm)
