"""StarDist's way to find instances (arXiv 1806.03535), a peer: each pixel's distances to the outline of its object."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmmaskattn.models.dense_heads.segment_prediction import PredictionOptions, SegmentPrediction, predict_segments
from mmmaskattn.models.dense_heads.segment_truth import IGNORE_INSTANCE, stack_truth
from mmmaskattn.models.grouping import Groups
from mmmaskattn.models.grouping.cells import cell_side
from mmmaskattn.models.grouping.peers import groups_of_map
from mmmaskattn.registry import MODELS
from mmmaskattn.utils.option_types import Count, Fraction, InitConfig, NonNegative

CERTAIN = 10.0
"""Class logits of a pixel inside and outside of stars are this and its negative."""


class StarOutputs(NamedTuple):
    """Maps of a head.

    Attributes:
        objects: (B, 1, h, w) logits of the object probability, at most 1 in an object's middle and 0 at its outline.
        distances: (B, rays, h, w) to the outline along each ray, in pixels of the network's input.
    """

    objects: Tensor
    distances: Tensor


@MODELS.register_module()
class StarDistHead(BaseModule):
    """StarDist's outputs, losses and post-processing under `BottomUpPanoptic`, for one class of things.

    Object probability and distances are learned from what the package ``stardist`` computes of the truth, and it
    suppresses overlapping stars and draws the rest: it is needed to train and to predict (``pip install stardist``).
    Pixels of no star are the one kind of stuff. Losses are as its authors set them: binary cross entropy of the
    probability, and 0.2 of the mean absolute error of distances, weighted by the true probability.

    Args:
        num_things: 1.
        num_stuff: 1, the background.
        in_channels: Channels of the feature, the first that the backbone gives.
        num_rays: Directions.
        object_threshold: Object probability that a star's middle must exceed.
        overlap_threshold: Of two stars whose common area is a greater share of the smaller one, the less probable is
            dropped.
        distance_weight: Weight of the distances' loss.
        background_weight: Weight of the mean distance where there is no object, within that loss.
        train_cfg: Not used.
        test_cfg: Settings of prediction: the fields of `PredictionOptions`.
        init_cfg: Initialisation, as mmengine takes it.

    Raises:
        ModuleNotFoundError: In training and prediction, if ``stardist`` is not installed.
        ValueError: If there is more than one class of things or kind of stuff, or an option is not what it must be.
    """

    def __init__(
        self,
        num_things: Count,
        num_stuff: Count,
        in_channels: Count,
        num_rays: Count = 32,
        object_threshold: Fraction = 0.5,
        overlap_threshold: Fraction = 0.4,
        distance_weight: NonNegative = 0.2,
        background_weight: NonNegative = 1e-4,
        train_cfg: dict[str, Any] | None = None,
        test_cfg: dict[str, Any] | None = None,
        init_cfg: InitConfig = None,
    ) -> None:
        super().__init__(init_cfg)
        if (num_things, num_stuff) != (1, 1):
            raise ValueError(
                f'num_things is {num_things} and num_stuff {num_stuff}: StarDistHead finds one class, give 1'
            )
        self.prediction_options = PredictionOptions.from_settings(test_cfg or {})
        self.num_rays = num_rays
        self.object_threshold, self.overlap_threshold = object_threshold, overlap_threshold
        self.distance_weight, self.background_weight = distance_weight, background_weight
        self.objects = _output(in_channels, 1)
        self.distances = _output(in_channels, num_rays)

    def forward(self, feats: Sequence[Tensor], size: tuple[int, int]) -> StarOutputs:
        """Compute the maps.

        Args:
            feats: The backbone's maps, of which the first is used.
            size: (H, W) of the network's input.
        """
        return StarOutputs(self.objects(feats[0]), self.distances(feats[0]))

    def loss(self, feats: Sequence[Tensor], samples: Sequence[DetDataSample], size: tuple[int, int]) -> dict:
        """Compute the losses.

        Args:
            feats: The backbone's maps.
            samples: Samples with their truth.
            size: (H, W) of the network's input.

        Returns:
            Scalars by name.
        """
        outputs = self(feats, size)
        grid = cell_side(outputs.objects.shape[2:], size)
        ids = stack_truth(samples, size, outputs.objects.device).instance_map
        probability, distances = self._truth(ids, grid)
        known = (ids[:, ::grid, ::grid] != IGNORE_INSTANCE).float()
        logits, predicted = outputs.objects[:, 0].float(), outputs.distances.float()
        error = F.binary_cross_entropy_with_logits(logits, probability, reduction='none')
        far = (predicted - distances).abs().mean(1)
        outside = (1 - probability) * predicted.abs().mean(1)
        distance = (probability * far).mean() / (probability.mean() + 1e-7) + self.background_weight * outside.mean()
        objects = (known * error).sum() / known.sum().clamp(min=1)
        return dict(loss_object=objects, loss_distance=self.distance_weight * distance)

    def _truth(self, ids: Tensor, grid: int) -> tuple[Tensor, Tensor]:
        """Object probability (B, h, w) and distances (B, rays, h, w) of maps of instances (B, H, W)."""
        height, width = ids.shape[1:]
        whole = F.pad(ids, (0, -width % grid, 0, -height % grid))
        maps = whole.clamp(min=0).cpu().numpy().astype(np.int32)
        stardist = _stardist()
        probability = np.stack([stardist.edt_prob(one[::grid, ::grid]) for one in maps]).astype(np.float32)
        distances = np.stack([stardist.star_dist(one, self.num_rays, grid=(grid, grid)) for one in maps])
        return (
            torch.from_numpy(probability).to(ids.device),
            torch.from_numpy(distances).to(ids.device).permute(0, 3, 1, 2),
        )

    def predict(
        self,
        feats: Sequence[Tensor],
        sizes: Sequence[tuple[int, int]],
        size: tuple[int, int],
        inner: Sequence[tuple[int, int]] | None = None,
    ) -> list[SegmentPrediction]:
        """Predict instances, panoptic and semantic maps.

        Args:
            feats: The backbone's maps.
            sizes: (h, w) that the predictions of each image are wanted in.
            size: (H, W) of the network's input.
            inner: (h, w) of each image in the input, the rest being padding below and right; all of it by default.

        Returns:
            One prediction per image; an instance's score is the object probability in its middle.
        """
        groups = self.group(self(feats, size), size)
        inside = (groups.assignment >= 0).float()
        semantic = CERTAIN * torch.stack([2 * inside - 1, 1 - 2 * inside], dim=1)
        scores = groups.seed_scores[:, :, None]
        return predict_segments(groups, scores, semantic, inside, 1, sizes, self.prediction_options, inner)

    def group(self, outputs: StarOutputs, size: tuple[int, int]) -> Groups:
        """Suppress overlapping stars and draw the rest, the more probable above.

        Args:
            outputs: What `forward` gave.
            size: (H, W) of the network's input.

        Returns:
            The groups, at the network's size.
        """
        grid = cell_side(outputs.objects.shape[2:], size)
        probability = outputs.objects[:, 0].float().sigmoid().cpu().numpy()
        distances = outputs.distances.float().clamp(min=1e-3).permute(0, 2, 3, 1).cpu().numpy()
        found = [self._stars(one, far, grid, size) for one, far in zip(probability, distances)]
        slots = max(1, *(len(scores) for _, scores in found))
        scores = torch.zeros(len(found), slots)
        for row, (_, of_image) in zip(scores, found):
            row[: len(of_image)] = torch.from_numpy(of_image)
        assignment = torch.from_numpy(np.stack([owners for owners, _ in found]))
        device = outputs.objects.device
        return groups_of_map(assignment.to(device), slots, scores.to(device))

    def _stars(
        self, probability: np.ndarray, distances: np.ndarray, grid: int, size: tuple[int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """int64 (H, W) map of slots, -1 = none, and the probability of each, falling."""
        stardist = _stardist()
        points, scores, far = stardist.non_maximum_suppression(
            distances,
            probability,
            grid=(grid, grid),
            prob_thresh=self.object_threshold,
            nms_thresh=self.overlap_threshold,
        )
        if not len(points):
            return np.full(size, -1, np.int64), np.zeros(0, np.float32)
        drawn = stardist.polygons_to_label(far, points, shape=size, prob=scores)
        return drawn.astype(np.int64) - 1, scores.astype(np.float32)


def _output(in_channels: int, out_channels: int) -> nn.Conv2d:
    """A 1x1 convolution, drawn as Keras draws it."""
    conv = nn.Conv2d(in_channels, out_channels, 1)
    nn.init.xavier_uniform_(conv.weight)
    nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
    return conv


def _stardist() -> Any:
    if find_spec('stardist') is None:
        raise ModuleNotFoundError(
            'StarDistHead: stardist is not installed; pip install stardist (it needs no TensorFlow)'
        )
    return import_module('stardist')
