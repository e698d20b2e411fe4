"""Layer norm over the channels of a map."""

from __future__ import annotations

from torch import Tensor, nn

from mmmaskattn.registry import MODELS


@MODELS.register_module()
class LayerNorm2d(nn.LayerNorm):
    """``nn.LayerNorm`` over the channels at each position of a map; state-dict keys are those of ``nn.LayerNorm``.

    In a config: ``norm_cfg=dict(type='mmmaskattn.LayerNorm2d')``.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalise a map.

        Args:
            x: float (B, C, H, W).

        Returns:
            float (B, C, H, W).
        """
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
