"""What an option may be: types with their ranges, for the signatures of constructors; `checked_options` reads them.

To mypy they are ``int``, ``float``, ``str``, ``dict`` and sequences of these. Numbers are finite, and no bool is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from msgspec import Meta

if TYPE_CHECKING:
    from typing import TypeAlias

    ModuleConfig: TypeAlias = dict[str, Any]
else:
    from typing import TypedDict

    class ModuleConfig(TypedDict):
        """Config of something to build; mypy takes it for a plain dict, as configs are."""

        type: Any


LARGEST = 1e30

Count = Annotated[int, Meta(ge=1, le=2**31 - 1, description='a whole number of at least 1')]
CountOrZero = Annotated[int, Meta(ge=0, le=2**31 - 1, description='a whole number of at least 0')]
CountOfPairs = Annotated[int, Meta(ge=2, le=2**31 - 1, description='a whole number of at least 2')]
Index = CountOrZero
Side = Annotated[int, Meta(ge=16, le=2**15, description='a whole number of at least 16 (pixels)')]
Label = Annotated[int, Meta(ge=0, le=255, description='a label from 0 to 255')]
Seed = Annotated[int, Meta(ge=0, le=2**63 - 1, description='a whole number of at least 0')]
CountOrNone = Annotated[int, Meta(ge=-1, le=2**31 - 1, description='a whole number, or -1 for no limit')]
PlaceOrLast = Annotated[int, Meta(ge=-1, le=2**31 - 1, description='a place counted from 0, or -1 for the last')]
StageOrNone = Annotated[int, Meta(ge=-1, le=2**31 - 1, description='the number of a stage, or -1 for none')]

Number = Annotated[float, Meta(ge=-LARGEST, le=LARGEST, description='a finite number')]
Positive = Annotated[float, Meta(gt=0, le=LARGEST, description='a finite number over 0')]
NonNegative = Annotated[float, Meta(ge=0, le=LARGEST, description='a finite number of at least 0')]
NotTiny = Annotated[float, Meta(ge=1e-3, le=LARGEST, description='a number from 0.001 up')]
Fraction = Annotated[float, Meta(ge=0, le=1, description='a number from 0 to 1')]
PositiveFraction = Annotated[float, Meta(gt=0, le=1, description='a number over 0 and up to 1')]
Rate = Annotated[float, Meta(ge=0, lt=1, description='a number from 0 to below 1')]
Cosine = Annotated[float, Meta(ge=-1, le=1, description='a cosine, -1 to 1')]
Percentage = Annotated[float, Meta(gt=0, le=100, description='a percentage over 0 and at most 100')]

CollectDevice = Literal['cpu', 'gpu']
Name = Annotated[str, Meta(min_length=1, description='a text, not empty')]
Counts = Annotated[Sequence[Count], Meta(min_length=1)]
ChannelsOfMaps = Annotated[Sequence[Count], Meta(min_length=2)]
Indices = Annotated[Sequence[Index], Meta(min_length=1)]
PositiveNumbers = Annotated[Sequence[Positive], Meta(min_length=1)]
Thresholds = Annotated[Sequence[PositiveFraction], Meta(min_length=1)]
Interval = Annotated[Sequence[Positive], Meta(min_length=2, max_length=2)]
Colour = Annotated[Sequence[Number], Meta(min_length=3, max_length=3)]
Size = Union[Side, Annotated[Sequence[Side], Meta(min_length=2, max_length=2)]]
"""One side of a square, or (H, W), of the network's input."""
InitConfig = Union[ModuleConfig, Sequence[ModuleConfig], None]
"""Initialisation, as mmengine takes it."""

HOST_OPTIONS: dict[str, Any] = {
    # norms
    'normalized_shape': Union[Count, Counts],
    'num_features': Count,
    'eps': NonNegative,
    'momentum': Union[Fraction, None],
    # heads and losses
    'num_classes': Count,
    'in_channels': Count,
    'out_channels': Union[Count, None],
    'channels': Count,
    'feat_channels': Count,
    'in_index': Union[PlaceOrLast, Indices],
    'num_convs': CountOrZero,
    'kernel_size': Count,
    'dilation': Count,
    'stacked_convs': CountOrZero,
    'pred_kernel_size': Count,
    'num_prototypes': Count,
    'dyconv_channels': Count,
    'num_dyconvs': Count,
    'mask_loss_stride': Count,
    'threshold': Union[Fraction, None],
    'dropout_ratio': Rate,
    'ignore_index': Annotated[int, Meta(ge=-255, le=255, description='a whole number from -255 to 255')],
    'loss_weight': NonNegative,
    'loss_name': Name,
    'reduction': Literal['none', 'mean', 'sum'],
    'class_weight': Union[str, Sequence[NonNegative], None],
    'train_cfg': Union[dict[str, Any], None],
    'test_cfg': Union[dict[str, Any], None],
    # configs of what is built
    **dict.fromkeys(('conv_cfg', 'norm_cfg', 'act_cfg', 'sampler'), Union[ModuleConfig, None]),
    **dict.fromkeys(('loss_cls', 'loss_bbox', 'loss_centerness', 'loss_mask'), ModuleConfig),
    **dict.fromkeys(('anchor_generator', 'bbox_coder'), ModuleConfig),
    'loss_decode': Union[ModuleConfig, Sequence[ModuleConfig]],
    'init_cfg': InitConfig,
    # data
    'mean': Union[Sequence[Number], None],
    'std': Union[PositiveNumbers, None],
    'pad_size_divisor': Count,
    'pad_value': Number,
    'mask_pad_value': Label,
    'seg_pad_value': Label,
    'color_type': Literal[
        'color', 'grayscale', 'unchanged', 'color_ignore_orientation', 'grayscale_ignore_orientation'
    ],
    'imdecode_backend': Literal['cv2', 'turbojpeg', 'pillow', 'tifffile'],
    'meta_keys': Sequence[Name],
    'metainfo': Union[dict[str, Any], None],
    'pipeline': Sequence[Any],
    'data_prefix': Union[dict[str, Any], None],
    'max_refetch': CountOrZero,
    'backend_args': Union[dict[str, Any], None],
    'collect_device': CollectDevice,
    'prefix': Union[str, None],
    # checkpoints
    **dict.fromkeys(('interval', 'max_keep_ckpts'), CountOrNone),
    'save_begin': CountOrZero,
    'out_dir': Union[Name, None],
    'filename_tmpl': Union[Name, None],
    # pictures
    'vis_backends': Union[dict[str, Any], Sequence[Any], None],
    **dict.fromkeys(('bbox_color', 'text_color', 'mask_color'), Union[Name, Sequence[Any], None]),
}
"""What options of the classes of mmengine, mmcv, mmseg and mmdet must be that ours are built on.

They stand for hints that those lack, or that say less than what holds.
"""
