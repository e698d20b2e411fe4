"""PP-LCNet (arXiv 2109.15099), the encoder of a peer: depthwise separable convolutions and hard swish."""

from __future__ import annotations

from typing import Any

from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmmaskattn.models.layers.initialisation import draw_by_fan_out
from mmmaskattn.models.layers.norms import NORM
from mmmaskattn.registry import MODELS
from mmmaskattn.utils.option_types import InitConfig, ModuleConfig, Positive

STEM_CHANNELS = 16
# Kernel, channels, stride and squeeze-and-excitation of the blocks at scale 1, by stride of their map.
BLOCKS = (
    ((3, 32, 1, False),),
    ((3, 64, 2, False), (3, 64, 1, False)),
    ((3, 128, 2, False), (3, 128, 1, False)),
    ((3, 256, 2, False), *[(5, 256, 1, False)] * 5),
    ((5, 512, 2, True), (5, 512, 1, True)),
)
SQUEEZE = 4
ACTIVATION = {'type': 'HSwish'}


class SqueezeExcitation(nn.Module):
    """Weigh each channel by what the mean of all says.

    Args:
        channels: of the map.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, channels // SQUEEZE, 1)
        self.excite = nn.Conv2d(channels // SQUEEZE, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Weigh.

        Args:
            x: float (B, channels, H, W).

        Returns:
            float (B, channels, H, W).
        """
        mean = x.mean((2, 3), keepdim=True)
        weight = nn.functional.hardsigmoid(self.excite(nn.functional.relu(self.squeeze(mean))))
        return x * weight


def _separable(in_channels: int, block: tuple[int, int, int, bool], norm_cfg: dict[str, Any]) -> nn.Sequential:
    kernel, out_channels, stride, weighs = block
    options = dict(norm_cfg=norm_cfg, act_cfg=ACTIVATION)
    depthwise = ConvModule(in_channels, in_channels, kernel, stride, kernel // 2, groups=in_channels, **options)
    pointwise = ConvModule(in_channels, out_channels, 1, **options)
    return nn.Sequential(depthwise, *([SqueezeExcitation(in_channels)] if weighs else []), pointwise)


@MODELS.register_module()
class LCNet(BaseModule):
    """PP-LCNet without its classifier: five maps at strides 2 to 32.

    At scale 0.5 their widths are 16, 32, 64, 128 and 256. Convolutions are drawn as timm's ``lcnet_050`` draws them,
    normally with variance 2 / fan-out.

    Args:
        scale: of all widths.
        norm_cfg: norm layer.
        init_cfg: initialisation, as mmengine takes it.

    Attributes:
        out_channels: widths of the maps.

    Raises:
        TypeError: an unknown option.
        ValueError: an option that is not what it must be.
    """

    def __init__(self, scale: Positive = 0.5, norm_cfg: ModuleConfig = NORM, init_cfg: InitConfig = None) -> None:
        super().__init__(init_cfg)
        width = _scaled(STEM_CHANNELS, scale)
        self.stem = ConvModule(3, width, 3, 2, 1, norm_cfg=norm_cfg, act_cfg=ACTIVATION)
        self.stages = nn.ModuleList()
        for stage in BLOCKS:
            blocks = []
            for kernel, channels, stride, weighs in stage:
                blocks.append(_separable(width, (kernel, _scaled(channels, scale), stride, weighs), norm_cfg))
                width = _scaled(channels, scale)
            self.stages.append(nn.Sequential(*blocks))
        self.out_channels = tuple(_scaled(stage[-1][1], scale) for stage in BLOCKS)
        draw_by_fan_out(self)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute the pyramid.

        Args:
            x: float (B, 3, H, W).

        Returns:
            Five maps, shallow to deep: map i is float (B, out_channels[i], H_i, W_i) at stride ``2 * 2**i``.
        """
        maps = []
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return tuple(maps)


def _scaled(channels: int, scale: float) -> int:
    """A multiple of 8, at least 8."""
    return max(8, int(channels * scale + 4) // 8 * 8)
