"""What the heads that find instances share: branches of pixels, class logits, losses and predictions."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from mmdet.structures import DetDataSample
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmmaskattn.models.dense_heads.segment_prediction import PredictionOptions, SegmentPrediction, predict_segments
from mmmaskattn.models.dense_heads.segment_truth import SegmentTruth, stack_truth
from mmmaskattn.models.grouping import GroupingOptions, Groups, group_means
from mmmaskattn.models.grouping.groups import static_shapes
from mmmaskattn.models.precision import saturated, without_autocast
from mmmaskattn.registry import MODELS
from mmmaskattn.utils.option_types import Count, CountOrZero, Index, InitConfig, ModuleConfig

SEMANTIC_LOSS = dict(type='mmdet.CrossEntropyLoss', ignore_index=255, avg_non_ignore=True)


def with_coordinates(x: Tensor) -> Tensor:
    """Append each pixel's place as two channels.

    Args:
        x: (B, C, H, W).

    Returns:
        (B, C + 2, H, W): the last two are x and y of the pixel's centre, from -1 (left, top) to 1.
    """
    batch, _, height, width = x.shape
    rows = (torch.arange(height, device=x.device, dtype=x.dtype) * 2 + 1) / height - 1
    columns = (torch.arange(width, device=x.device, dtype=x.dtype) * 2 + 1) / width - 1
    places = torch.stack([columns.expand(height, width), rows[:, None].expand(height, width)])
    return torch.cat([x, places.expand(batch, -1, -1, -1)], dim=1)


def fit_to(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Bring a map to the input's size.

    A map that is larger by a few rows or columns, since strides round up, is cut; any other is resized bilinearly.

    Args:
        x: (B, C, h, w).
        size: (H, W).

    Returns:
        (B, C, H, W).
    """
    height, width = size
    excess = x.shape[2] - height, x.shape[3] - width
    if all(0 <= rest < 4 for rest in excess):
        return x[:, :, :height, :width]
    return F.interpolate(x, size, mode='bilinear', align_corners=False)


class PixelBranch(nn.Module):
    """3x3 convolution, GELU, 1x1 convolution; ``upsample`` of 2 or more by pixel shuffle.

    Pixel shuffle (Shi et al., CVPR 2016) computes the u x u output pixels of a cell as channels of the coarse map: an
    output at full resolution for the price of a coarse one, and sharper than a bilinear one.

    Args:
        in_channels: Channels of the input.
        hidden_channels: Width between the two convolutions; 0 leaves the first convolution out.
        out_channels: Channels of the output.
        upsample: Factor between the sizes of input and output.
        coordinates: Whether each pixel's x and y are appended to the input.
        bias: Bias of all outputs to begin with; torch's random one if not given.
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        out_channels: int,
        upsample: int = 1,
        coordinates: bool = False,
        bias: float | None = None,
    ) -> None:
        super().__init__()
        self.upsample, self.coordinates = upsample, coordinates
        width = in_channels + 2 * coordinates
        self.hidden = nn.Conv2d(width, hidden_channels, 3, padding=1) if hidden_channels else None
        out = nn.Conv2d(hidden_channels or width, out_channels * upsample**2, 1)
        if bias is not None and out.bias is not None:
            nn.init.constant_(out.bias, bias)
        self.out = out

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """Compute the map.

        Args:
            x: (B, in_channels, h, w).
            size: (H, W) of the output.

        Returns:
            (B, out_channels, H, W).
        """
        if self.coordinates:
            x = with_coordinates(x)
        if self.hidden is not None:
            x = F.gelu(saturated(self.hidden(x)))
        x = saturated(self.out(x))
        return fit_to(F.pixel_shuffle(x, self.upsample) if self.upsample > 1 else x, size)


class SegmentOutputs(NamedTuple):
    """Maps that a head computes, all at the network's size.

    Attributes:
        semantic: (B, T + S, H, W) class logits, things first.
        pixels: (B, D, H, W) what groups the pixels: unit embeddings, or offsets in pixels; D = 0 if nothing does.
        seeds: (B, 1, H, W) logits of being the seed (or centre) of an instance; (B, 0, H, W) if none are learned.
    """

    semantic: Tensor
    pixels: Tensor
    seeds: Tensor


class SegmentHead(BaseModule, ABC):
    """Base of the heads of `BottomUpPanoptic`: semantic logits, and groups of pixels that become instances.

    ::

        feature (B, C, h, w) --+-- 1x1 conv -----------------> class logits (B, T + S, H, W)
                               +-- what the subclass adds ---> groups of pixels, and a score per group and class

    Args:
        num_things: Number T of thing classes: labels 0 to T - 1.
        num_stuff: Number S of stuff classes: labels T to T + S - 1. Of the instance task: 1, the background.
        in_channels: Channels of the feature used.
        in_index: Which of the features.
        upsample: Factor from that feature to the network's input, gained by pixel shuffle in each branch.
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
        loss_semantic: ModuleConfig = SEMANTIC_LOSS,
        train_cfg: dict[str, Any] | None = None,
        test_cfg: dict[str, Any] | None = None,
        init_cfg: InitConfig = None,
    ) -> None:
        super().__init__(init_cfg)
        self.num_things, self.num_classes = num_things, num_things + num_stuff
        self.in_index, self.upsample = in_index, upsample
        self.train_cfg = dict(train_cfg or {})
        self.prediction_options = PredictionOptions.from_settings(test_cfg or {})
        self.semantic_branch = PixelBranch(in_channels, 0, self.num_classes, upsample)
        self.loss_semantic = MODELS.build(loss_semantic)
        self._has_warned = False

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
            truth: Truth of the batch.

        Returns:
            Scalars by name; those with ``loss`` in their name are summed by the runner.
        """

    @abstractmethod
    def group(self, feature: Tensor, outputs: SegmentOutputs) -> tuple[Groups, Tensor]:
        """Group pixels to instances and score them.

        Args:
            feature: (B, C, h, w) the feature used.
            outputs: What `forward` gave.

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
        semantic = self.loss_semantic(outputs.semantic.float(), truth.semantic)
        return dict(loss_semantic=semantic, **self.losses(feats[self.in_index], outputs, truth))

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
            groups, scores = self.group(feats[self.in_index].float(), outputs)
        probabilities = outputs.semantic.float().softmax(1)
        found = predict_segments(groups, scores, probabilities, self.num_things, sizes, self.prediction_options, inner)
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

    def thing_probability(self, outputs: SegmentOutputs) -> Tensor:
        """Probability of each pixel to belong to a thing.

        Args:
            outputs: What `forward` gave.

        Returns:
            float (B, H, W).
        """
        return outputs.semantic.float().softmax(1)[:, : self.num_things].sum(1)

    def semantic_votes(self, outputs: SegmentOutputs, groups: Groups) -> Tensor:
        """Mean probability of each thing class in each group.

        Args:
            outputs: What `forward` gave.
            groups: The groups.

        Returns:
            float (B, K, T).
        """
        return group_means(outputs.semantic.float().softmax(1)[:, : self.num_things], groups)
