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
    'num_classes': Count,
    'out_channels': Union[Count, None],
    'threshold': Union[Fraction, None],
    'dropout_ratio': Rate,
    'ignore_index': Annotated[int, Meta(ge=-(2**31), le=2**31 - 1, description='a whole number')],
    'align_corners': bool,
    'conv_cfg': Union[ModuleConfig, None],
    'norm_cfg': Union[ModuleConfig, None],
    'act_cfg': Union[ModuleConfig, None],
    'sampler': Union[ModuleConfig, None],
    'init_cfg': InitConfig,
    'pipeline': Sequence[Any],
    'data_prefix': Union[dict[str, Any], None],
    'loss_weight': NonNegative,
    'loss_name': Name,
    'reduction': Literal['none', 'mean', 'sum'],
    'class_weight': Union[str, Sequence[NonNegative], None],
    'meta_keys': Sequence[str],
    'metainfo': Union[dict[str, Any], None],
    'normalized_shape': Union[Count, Counts],
    'backend_args': Union[dict[str, Any], None],
}
"""What options of the classes of mmengine, mmcv, mmseg and mmdet must be that ours are built on.

They stand for hints that those lack, or that say less than what holds.
"""
