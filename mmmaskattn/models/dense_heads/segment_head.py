"""What the heads that find instances share: branches of pixels, class logits, losses and predictions."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from mmcv.cnn import build_activation_layer
from mmdet.structures import DetDataSample
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmmaskattn.models.dense_heads.segment_prediction import PredictionOptions, SegmentPrediction, predict_segments
from mmmaskattn.models.dense_heads.segment_truth import SegmentTruth, stack_truth
from mmmaskattn.models.grouping import GroupingOptions, Groups
from mmmaskattn.models.grouping.cells import cell_side, cells_of, enlarge, on_cells
from mmmaskattn.models.grouping.groups import static_shapes
from mmmaskattn.models.precision import saturated, without_autocast
from mmmaskattn.registry import MODELS
from mmmaskattn.utils.option_types import Count, CountOrZero, Index, InitConfig, ModuleConfig

ACTIVATION = dict(type='GELU')
LEAST = 1e-30  # its logarithm is a number
SEMANTIC_LOSS = dict(type='mmdet.CrossEntropyLoss', ignore_index=255, avg_non_ignore=True)


def places_like(x: Tensor) -> Tensor:
    """Places of the pixels of a map.

    Args:
        x: (B, C, H, W).

    Returns:
        (1, 2, H, W): x and y of each pixel's centre, from -1 (left, top) to 1.
    """
    height, width = x.shape[2:]
    rows = (torch.arange(height, device=x.device, dtype=x.dtype) * 2 + 1) / height - 1
    columns = (torch.arange(width, device=x.device, dtype=x.dtype) * 2 + 1) / width - 1
    return torch.stack([columns.expand(height, width), rows[:, None].expand(height, width)])[None]


class PixelBranch(nn.Module):
    """3x3 convolution, activation, 1x1 convolution; ``upsample`` of 2 or more by pixel shuffle.

    Pixel shuffle (Shi et al., CVPR 2016) computes the u x u outputs of a cell as channels of the coarse map: finer
    outputs for nearly the price of coarse ones, and sharper than bilinear ones.

    Args:
        in_channels: Channels of the input.
        hidden_channels: Width between the two convolutions; 0 leaves the first convolution out.
        out_channels: Channels of the output.
        upsample: Factor between the sizes of input and output.
        coordinates: Whether each pixel's x and y are appended to the input.
        bias: Bias of all outputs to begin with; torch's random one if not given.
        separable: Whether the 3x3 convolution looks at each channel by itself, and a 1x1 convolution mixes them.
        act_cfg: Activation layer, as mmcv takes it.
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        out_channels: int,
        upsample: int = 1,
        coordinates: bool = False,
        bias: float | None = None,
        separable: bool = False,
        act_cfg: ModuleConfig = ACTIVATION,
    ) -> None:
        super().__init__()
        self.upsample, self.coordinates = upsample, coordinates
        width = in_channels + 2 * coordinates
        self.hidden: nn.Conv2d | None = None
        if hidden_channels:
            first = width if separable else hidden_channels
            self.hidden = nn.Conv2d(width, first, 3, padding=1, groups=width if separable else 1)
            self.activate = build_activation_layer(act_cfg)
        self.mix = nn.Conv2d(width, hidden_channels, 1) if hidden_channels and separable else nn.Identity()
        out = nn.Conv2d(hidden_channels or width, out_channels * upsample**2, 1)
        if bias is not None and out.bias is not None:
            nn.init.constant_(out.bias, bias)
        self.out = out

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """Compute the map.

        Args:
            x: (B, in_channels, h, w), a map of cells.
            size: (H, W) of the network's input.

        Returns:
            (B, out_channels, h', w'), a map of cells whose side is ``upsample`` times less.

        Raises:
            ValueError: If ``upsample`` is no divisor of the side of the cells.
        """
        side, rest = divmod(cell_side(x.shape[2:], size), self.upsample)
        if rest or not side:
            raise ValueError(
                f'upsample is {self.upsample}, but the feature of {tuple(x.shape[2:])} under an input of {tuple(size)} '
                f'has cells of {rest + side * self.upsample} pixels; expected a divisor of that'
            )
        x = self._hidden(x)
        x = saturated(self.out(x))
        if self.upsample == 1:
            return x
        height, width = cells_of(size, side)
        return F.pixel_shuffle(x, self.upsample)[:, :, :height, :width]

    def _hidden(self, x: Tensor) -> Tensor:
        """The input of the last convolution."""
        if self.hidden is None:
            return torch.cat([x, places_like(x).expand(len(x), -1, -1, -1)], dim=1) if self.coordinates else x
        return self.activate(saturated(self.mix(self._first(self.hidden, x))))

    def _first(self, conv: nn.Conv2d, x: Tensor) -> Tensor:
        """The 3x3 convolution."""
        if not self.coordinates:
            return conv(x)
        places = places_like(x)
        if conv.groups > 1:
            return conv(torch.cat([x, places.expand(len(x), -1, -1, -1)], dim=1))
        # The places are the same for all images, so their part of the sum is computed once, in exported graphs never.
        own = F.conv2d(x, conv.weight[:, :-2], conv.bias, padding=1)
        return own + F.conv2d(places, conv.weight[:, -2:], padding=1)


class SegmentOutputs(NamedTuple):
    """Maps that a head computes, each of the size that it is computed in.

    Attributes:
        semantic: (B, T + S, h, w) class logits, things first, at the size of the feature.
        pixels: (B, D, h', w') what groups the pixels: unit embeddings, or offsets in pixels of the network's input;
            D = 0 if nothing does. ``upsample`` times larger than the feature.
        seeds: (B, 1, h', w') logits of being the seed (or centre) of an instance; (B, 0, ...) if none are learned.
    """

    semantic: Tensor
    pixels: Tensor
    seeds: Tensor


class ClassMaps(NamedTuple):
    """What the class logits say of things.

    Attributes:
        things: (B, T, h, w) probability of each thing class, at the size of the logits.
        odds: (B, 1, h, w) logit of being a thing of whichever class.
        size: (H, W) of the network's input.
    """

    things: Tensor
    odds: Tensor
    size: tuple[int, int]

    @classmethod
    def of(cls, semantic: Tensor, num_things: int, size: tuple[int, int]) -> ClassMaps:
        """Read class logits (B, T + S, h, w), the first T those of things."""
        batch, classes, height, width = semantic.shape
        shares = semantic.float().permute(0, 2, 3, 1).reshape(-1, classes).softmax(1)  # quick along the last axis
        shares = shares.view(batch, height, width, classes).permute(0, 3, 1, 2)
        things = shares[:, :num_things]
        thing, stuff = (part.sum(1, keepdim=True).clamp(min=LEAST) for part in (things, shares[:, num_things:]))
        return cls(things, thing.log() - stuff.log(), size)

    def p_thing(self, size: tuple[int, int]) -> Tensor:
        """Probability (B, H, W) of each pixel or cell to be a thing, at a size.

        Only the logit of things against stuff is enlarged: with one class of each it gives what enlarged logits do.
        """
        return enlarge(self.odds, size).sigmoid()[:, 0]


class SegmentHead(BaseModule, ABC):
    """Base of the heads of `BottomUpPanoptic`: semantic logits, and groups of pixels that become instances.

    ::

        feature (B, C, h, w) --+-- 1x1 conv -----------------> class logits (B, T + S, h, w)
                               +-- what the subclass adds ---> groups of pixels, and a score per group and class

    Args:
        num_things: Number T of thing classes: labels 0 to T - 1.
        num_stuff: Number S of stuff classes: labels T to T + S - 1. Of the instance task: 1, the background.
        in_channels: Channels of the feature used.
        in_index: Which of the features.
        upsample: Factor from that feature to the maps that find instances, gained by pixel shuffle. 1: pixels are
            grouped at the feature's size, and masks are enlarged softly.
        separable: Whether the 3x3 convolution of the branches that find instances is depthwise, with a 1x1 one behind.
        act_cfg: Activation layer of these branches.
        loss_semantic: Loss of the class logits (Eq. 3), as a mean over the pixels that are not ignored.
        train_cfg: Settings of training, read by subclasses.
        test_cfg: Settings of prediction: the fields of `PredictionOptions`.
        init_cfg: Initialisation, as mmengine takes it.

    Raises:
        TypeError: If there is no such option or setting.
        ValueError: If one is not what it must be.
    """

    def __init__(
        self,
        num_things: Count,
        num_stuff: CountOrZero,
        in_channels: Count,
        in_index: Index = 0,
        upsample: Count = 1,
        separable: bool = False,
        act_cfg: ModuleConfig = ACTIVATION,
        loss_semantic: ModuleConfig = SEMANTIC_LOSS,
        train_cfg: dict[str, Any] | None = None,
        test_cfg: dict[str, Any] | None = None,
        init_cfg: InitConfig = None,
    ) -> None:
        super().__init__(init_cfg)
        self.num_things, self.num_classes = num_things, num_things + num_stuff
        self.in_index, self.upsample = in_index, upsample
        self.branch = partial(PixelBranch, in_channels, upsample=upsample, separable=separable, act_cfg=act_cfg)
        self.train_cfg = dict(train_cfg or {})
        self.prediction_options = PredictionOptions.from_settings(test_cfg or {})
        self.semantic_branch = PixelBranch(in_channels, 0, self.num_classes)
        self.loss_semantic = MODELS.build(loss_semantic)
        self._has_warned = False

    def feature_of(self, feats: Sequence[Tensor], size: tuple[int, int]) -> Tensor:
        """The feature used, a map of cells.

        Args:
            feats: Features of the neck or backbone.
            size: (H, W) of the network's input.

        Returns:
            (B, C, h, w).
        """
        return on_cells(feats[self.in_index], size)

    @abstractmethod
    def forward(self, feats: Sequence[Tensor], size: tuple[int, int]) -> SegmentOutputs:
        """Compute the maps.

        Args:
            feats: Features of the neck or backbone.
            size: (H, W) of the network's input.
        """

    @abstractmethod
    def losses(self, feature: Tensor, outputs: SegmentOutputs, truth: SegmentTruth) -> dict[str, Tensor]:
        """Compute the losses that find instances, without the semantic one.

        Args:
            feature: (B, C, h, w) the feature used.
            outputs: What `forward` gave.
            truth: Truth of the batch, its instances on the cells of the maps that find them.

        Returns:
            Scalars by name; those with ``loss`` in their name are summed by the runner.
        """

    @abstractmethod
    def group(self, feature: Tensor, outputs: SegmentOutputs, classes: ClassMaps) -> tuple[Groups, Tensor]:
        """Group pixels to instances and score them.

        Args:
            feature: (B, C, h, w) the feature used.
            outputs: What `forward` gave.
            classes: What its class logits say of things.

        Returns:
            The groups, and scores (B, K, T) of each group and thing class.
        """

    def loss(self, feats: Sequence[Tensor], samples: Sequence[DetDataSample], size: tuple[int, int]) -> dict:
        """Compute all losses (Eq. 7).

        Args:
            feats: Features of the neck or backbone.
            samples: Samples with their truth.
            size: (H, W) of the network's input.

        Returns:
            Scalars by name.
        """
        outputs = self(feats, size)
        truth = stack_truth(samples, size, outputs.semantic.device)
        semantic = self.loss_semantic(enlarge(outputs.semantic.float(), size), truth.semantic)
        on_grid = truth.on_cells(cell_side(outputs.pixels.shape[2:], size))
        return dict(loss_semantic=semantic, **self.losses(self.feature_of(feats, size), outputs, on_grid))

    def predict(
        self,
        feats: Sequence[Tensor],
        sizes: Sequence[tuple[int, int]],
        size: tuple[int, int],
        inner: Sequence[tuple[int, int]] | None = None,
    ) -> list[SegmentPrediction]:
        """Predict instances, panoptic and semantic maps.

        Args:
            feats: Features of the neck or backbone.
            sizes: (h, w) that the predictions of each image are wanted in.
            size: (H, W) of the network's input.
            inner: (h, w) of each image in the input, the rest being padding below and right; all of it by default.

        Returns:
            One prediction per image.
        """
        outputs = self(feats, size)
        with without_autocast(outputs.semantic.device):  # it would round cosines and sums over masks
            classes = ClassMaps.of(outputs.semantic, self.num_things, size)
            groups, scores = self.group(self.feature_of(feats, size).float(), outputs, classes)
        semantic, p_thing, options = outputs.semantic.float(), classes.p_thing(size), self.prediction_options
        found = predict_segments(groups, scores, semantic, p_thing, self.num_things, sizes, options, inner)
        if not self.prediction_options.return_embeddings:
            return found
        if not outputs.pixels.shape[1]:
            raise ValueError(f'return_embeddings=True, but {type(self).__name__} has no map of embeddings or offsets')
        return [one._replace(embeddings=pixels) for one, pixels in zip(found, outputs.pixels)]

    def warn_if_crowded(self, groups: Groups, options: GroupingOptions, count: Callable[[], Tensor]) -> None:
        """Say once that an image has more seeds than instances are kept; recorded graphs say nothing.

        Args:
            groups: The groups found.
            options: How they were.
            count: Gives the number of seeds of each image (B,); called only if all slots are taken.
        """
        if self._has_warned or static_shapes() or groups.valid.shape[1] < options.max_instances:
            return
        most = int(count().max())
        if most > options.max_instances:
            self._has_warned = True
            warnings.warn(
                f'an image has at least {most} seeds, but grouping.max_instances is {options.max_instances}: the '
                'weakest are dropped. Raise it if images hold that many instances. This is said once.',
                stacklevel=2,
            )
