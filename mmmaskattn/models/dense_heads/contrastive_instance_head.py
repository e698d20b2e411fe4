"""The head after the paper: classes, unit embeddings with a code of places, and seeds of pixels."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, Literal

import torch
from mmengine.model import bias_init_with_prob
from torch import Tensor, nn
from torch.nn import functional as F

from mmmaskattn.models.dense_heads.segment_head import ClassMaps, PixelBranch, SegmentHead, SegmentOutputs
from mmmaskattn.models.dense_heads.segment_truth import SegmentTruth
from mmmaskattn.models.grouping import (
    GroupingOptions,
    Groups,
    class_probabilities,
    count_seeds,
    density_seeds,
    group_by_prototypes,
    group_means,
    instance_scores,
    slot_means,
)
from mmmaskattn.models.grouping.cells import cell_side
from mmmaskattn.models.losses import instance_class_targets, seed_heatmap
from mmmaskattn.models.precision import without_autocast
from mmmaskattn.registry import MODELS
from mmmaskattn.utils.option_types import Count, CountOrZero, ModuleConfig

Mode = Literal['quality', 'paper']
CONTRASTIVE_LOSS = dict(type='mmmaskattn.InstanceContrastiveLoss')
SEED_LOSS = dict(type='mmmaskattn.SeedLoss')
CLASS_LOSS = dict(type='mmmaskattn.InstanceClassLoss')
DENSITY_WINDOW = 5  # pixels
LOUDEST = 60.0  # logit of a band beyond which there is no louder one; its exponential is a number
DIRECTIONS = 3  # at 0, 60 and 120 degrees: their mean depends little on the direction of a step


class PositionCode(nn.Module):
    r"""Turn raw channels into unit embeddings that carry a place.

    A convolutional network gives two copies of an object the same features, and x and y as inputs do little for small
    objects: between neighbours they hardly differ. Here each pixel points to a place, its own plus a shift that the
    network computes, and the embedding is that place in waves (Rahimi and Recht, 2007: the product of two such codes is
    a bump around equal places). Pixels of one instance agree when they point to one place, whichever; the contrastive
    loss is all that teaches it. Per pixel the network weighs the bands: short waves part small neighbours, long ones
    hold a large object together. This is ours; the paper only says "embedding".

    ::

        raw (B, 2 + bands + free, H, W)
          2      shift in pixels --> place (x, y) --> cos, sin of 2 pi (x, y) . direction / wavelength --+
          bands  softmax, square root: amplitude of each wavelength ----------------------------------- x --+
          free   as they are ---------------------------------------------------------------------------- concat, unit
                                                                     (B, 6 bands + free, H, W)

    Args:
        free_channels: Channels besides the waves, for what tells instances apart by their looks.
        bands: Number of wavelengths, each twice as long as the one before.
        shortest: The shortest, in pixels of the network's input.
        step: Pixels that a raw shift of 1 means.
    """

    def __init__(self, free_channels: int, bands: int = 6, shortest: float = 6.0, step: float = 4.0) -> None:
        super().__init__()
        self.bands, self.free_channels, self.step = bands, free_channels, step
        angles = torch.arange(DIRECTIONS) * (math.pi / DIRECTIONS)
        longest = shortest * 2 ** (bands - 1)
        ways = torch.stack([angles.cos(), angles.sin()], dim=1)[:, :, None, None]
        self.waves: Tensor
        self.register_buffer('waves', (2 * math.pi / longest) * ways, persistent=False)

    @property
    def raw_channels(self) -> int:
        """Channels of the input."""
        return 2 + self.bands + self.free_channels

    @property
    def channels(self) -> int:
        """Channels of the embeddings."""
        return 2 * DIRECTIONS * self.bands + self.free_channels

    def forward(self, raw: Tensor, side: int = 1) -> Tensor:
        """Compute the embeddings.

        Args:
            raw: (B, raw_channels, H, W).
            side: Of a cell of the map, in pixels of the network's input; its place is that of its middle.

        Returns:
            float32 (B, channels, H, W), of length 1.
        """
        shift, amplitude, free = raw.float().split([2, self.bands, self.free_channels], dim=1)
        height, width = raw.shape[2:]
        rows, columns = (
            (torch.arange(length, device=raw.device, dtype=torch.float32) + 0.5) * side - 0.5
            for length in (height, width)
        )
        own = torch.stack([columns.expand(height, width), rows[:, None].expand(height, width)])
        place = own + self.step * shift
        with without_autocast(raw.device):
            phase = F.conv2d(place, self.waves)
        # The root of the softmax, which runtimes take along the last axis only: they would turn the map there and back.
        loudness = (0.5 * amplitude.clamp(-LOUDEST, LOUDEST)).exp()
        # The waves of a pixel have length 1 before they share the whole with the free channels.
        whole = (1 + free.square().sum(1, keepdim=True)).rsqrt()
        weight = loudness * (whole * (DIRECTIONS * loudness.square().sum(1, keepdim=True)).rsqrt())
        waves = [(weight[:, :, None] * wave).flatten(1, 2) for wave in self._octaves(phase)]
        return torch.cat([*waves, whole * free], dim=1)

    def _octaves(self, phase: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines and sines (B, bands, 3, H, W), shortest wave first, from the phase (B, 3, H, W) of the longest.

        That of half a wavelength is twice the phase, and needs no cosine of its own: cos 2a = 1 - 2 sin^2 a.
        """
        cosines, sines = [phase.cos()], [phase.sin()]
        for _ in range(self.bands - 1):
            cosine, sine = cosines[0], sines[0]
            cosines.insert(0, 1 - 2 * sine * sine)
            sines.insert(0, 2 * sine * cosine)
        return torch.stack(cosines, 1), torch.stack(sines, 1)


@MODELS.register_module()
class ContrastiveInstanceHead(SegmentHead):
    """Class logits, unit embeddings, seeds, and a class for each instance.

    ::

        feature (B, C, h, w) --+-- 1x1 -----------------------------> class logits (B, T + S, h, w)
                               +-- [x, y] 3x3, GELU, 1x1, code -----> embeddings   (B, D, h', w'), of length 1
                               +-- [x, y] 3x3, GELU, 1x1 -----------> seed logits  (B, 1, h', w')   mode 'quality'
                 embeddings, seeds --> groups of pixels (K)
                 mean of the feature in each group --> MLP ------> instance class logits (B, K, T + 1)

    The loss is Eq. 7 with the classification term of section 4.2: ``L_CE + 0.5 L_IC + L_cls``, and in mode
    ``'quality'`` a seed loss. The paper does not say how pixels become instances; the grouping is ours, see
    :mod:`mmmaskattn.models.grouping`. So are coordinates and the position code: without them a convolutional network
    gives two copies of an object the same embedding.

    Args:
        num_things: Number T of thing classes.
        num_stuff: Number S of stuff classes; 1 for the instance task.
        in_channels: Channels of the feature used.
        mode: ``'quality'``: seeds are learned, and the class of an instance also from predicted masks. ``'paper'``:
            only the paper's losses; seeds are where embeddings are dense.
        embed_channels: Length D of an embedding without a position code.
        hidden_channels: Width of the embedding branch.
        seed_channels: Width of the seed branch.
        class_channels: Width of the instance classifier.
        coordinates: Whether each pixel's place is an input of embeddings and seeds.
        position_code: Whether embeddings are made by `PositionCode`; then ``coordinates`` matter less.
        free_channels: Channels of an embedding besides the position code.
        grouping: Fields of `GroupingOptions`.
        class_warmup: Training steps before predicted masks take part in the classification loss.
        max_class_instances: Masks per image that take part in it: memory grows with it.
        loss_contrast: Loss of the embeddings.
        loss_seed: Loss of the seeds; mode ``'quality'`` only.
        loss_class: Loss of the instances' classes.
        **kwargs: See `SegmentHead`.

    Raises:
        TypeError: If there is no such option.
        ValueError: If an option is not what it must be.
    """

    def __init__(
        self,
        num_things: Count,
        num_stuff: CountOrZero,
        in_channels: Count,
        mode: Mode = 'quality',
        embed_channels: Count = 32,
        hidden_channels: CountOrZero = 64,
        seed_channels: CountOrZero = 32,
        class_channels: Count = 128,
        coordinates: bool = True,
        position_code: bool = True,
        free_channels: CountOrZero = 12,
        grouping: dict[str, Any] | None = None,
        class_warmup: CountOrZero = 200,
        max_class_instances: Count = 64,
        loss_contrast: ModuleConfig = CONTRASTIVE_LOSS,
        loss_seed: ModuleConfig = SEED_LOSS,
        loss_class: ModuleConfig = CLASS_LOSS,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_things, num_stuff, in_channels, **kwargs)
        self.mode, self.class_warmup, self.max_class_instances = mode, class_warmup, max_class_instances
        self.grouping = GroupingOptions(**(grouping or {}))
        self.position_code = PositionCode(free_channels) if position_code else None
        raw_channels = embed_channels
        if self.position_code is not None:
            raw_channels, embed_channels = self.position_code.raw_channels, self.position_code.channels
        self.embedding_branch = self.branch(hidden_channels, raw_channels, coordinates=coordinates)
        self.classifier = nn.Sequential(
            nn.Linear(in_channels, class_channels),
            nn.GELU(),
            nn.Linear(class_channels, num_things + 1),
        )
        self.loss_contrast, self.loss_class = MODELS.build(loss_contrast), MODELS.build(loss_class)
        self.register_buffer('steps', torch.zeros((), dtype=torch.long))
        self.seed_branch: PixelBranch | None = None
        if mode == 'quality':
            self.seed_branch = self.branch(seed_channels, 1, coordinates=coordinates, bias=bias_init_with_prob(0.1))
            self.loss_seed = MODELS.build(loss_seed)

    def forward(self, feats: Sequence[Tensor], size: tuple[int, int]) -> SegmentOutputs:
        """Compute class logits, embeddings and seed logits.

        Args:
            feats: Features of the neck or backbone.
            size: (H, W) of the network's input.

        Returns:
            The maps; ``pixels`` are the embeddings, of length 1, in float32.
        """
        feature = self.feature_of(feats, size)
        raw = self.embedding_branch(feature, size)
        if self.position_code is None:
            embeddings = F.normalize(raw.float(), dim=1, eps=1e-6)
        else:
            embeddings = self.position_code(raw, cell_side(raw.shape[2:], size))
        seeds = self.seed_branch(feature, size) if self.seed_branch is not None else embeddings[:, :0]
        return SegmentOutputs(self.semantic_branch(feature, size), embeddings, seeds)

    def losses(self, feature: Tensor, outputs: SegmentOutputs, truth: SegmentTruth) -> dict[str, Tensor]:
        """Compute ``loss_contrast`` (Eqs. 4-6), ``loss_class`` (section 4.2) and ``loss_seed``.

        Args:
            feature: (B, C, h, w) the feature used.
            outputs: What `forward` gave.
            truth: Truth of the batch.

        Returns:
            The losses, and ``contrast_above_floor``: the contrastive loss less the least value that it can have.

        Raises:
            ValueError: If seeds are learned and the truth has none.
        """
        terms = self.loss_contrast(outputs.pixels, truth.instance_map)
        values = dict(loss_contrast=terms.loss, contrast_above_floor=terms.above_floor)
        values['loss_class'] = self._class_loss(feature, outputs, truth)
        if self.mode == 'quality':
            values['loss_seed'] = self._seed_loss(outputs, truth)
        self.steps += 1
        return values

    def group(self, feature: Tensor, outputs: SegmentOutputs, classes: ClassMaps) -> tuple[Groups, Tensor]:
        """Group pixels around seeds, and score and classify each group.

        Args:
            feature: (B, C, h, w) the feature used.
            outputs: What `forward` gave.
            classes: What its class logits say of things.

        Returns:
            The groups, of the embeddings' size, and scores (B, K, T).
        """
        p_thing, seed_map, options = self.grouping_input(outputs, classes)
        groups = group_by_prototypes(outputs.pixels, seed_map, p_thing, options)
        self.warn_if_crowded(groups, options, lambda: count_seeds(outputs.pixels, seed_map, options))
        means = group_means(torch.cat([feature.float(), classes.things], 1), groups)
        of_feature, votes = means.split([feature.shape[1], self.num_things], 2)
        found = class_probabilities(self.classifier(of_feature).float(), votes)
        return groups, instance_scores(groups, found, p_thing)

    def grouping_input(self, outputs: SegmentOutputs, classes: ClassMaps) -> tuple[Tensor, Tensor, GroupingOptions]:
        """Make what `group_by_prototypes` takes besides the embeddings.

        Args:
            outputs: What `forward` gave.
            classes: What its class logits say of things.

        Returns:
            Probabilities (B, h', w') of the embeddings' places to be a thing, and to be a seed of one; and the options
            for maps of that size.
        """
        grid = (outputs.pixels.shape[2], outputs.pixels.shape[3])
        side = cell_side(grid, classes.size)
        p_thing = classes.p_thing(grid)
        if self.seed_branch is None:
            quality = density_seeds(outputs.pixels, max(3, DENSITY_WINDOW // side | 1))
        else:
            quality = outputs.seeds[:, 0].float().sigmoid()
        return p_thing, quality * p_thing, self.grouping.on_cells(side)

    def _seed_loss(self, outputs: SegmentOutputs, truth: SegmentTruth) -> Tensor:
        for labels, points in zip(truth.labels, truth.seed_points):
            if len(labels) != len(points):
                raise ValueError(
                    f"mode='quality': an image has {len(labels)} instances, but {len(points)} seeds. Put "
                    "dict(type='mmmaskattn.FindSeeds') after MakeInstances into the training pipeline and pack with "
                    "dict(type='mmmaskattn.PackSegments'), or choose mode='paper'."
                )
        heat = seed_heatmap(truth.seed_points, truth.seed_radii, truth.instance_map)
        return self.loss_seed(outputs.seeds, heat, truth.instance_map)

    def _class_loss(self, feature: Tensor, outputs: SegmentOutputs, truth: SegmentTruth) -> Tensor:
        """Classify true masks, and after the warm-up predicted ones, which teach what is no object."""
        source = feature.float()
        assignment, targets = self._true_slots(truth)
        means = slot_means(source, assignment, targets.shape[1])
        if self.mode == 'quality' and int(self.steps) >= self.class_warmup:
            found = self._predicted_groups(outputs, (truth.semantic.shape[1], truth.semantic.shape[2]))
            means = torch.cat([means, slot_means(source, found.assignment, found.valid.shape[1])], dim=1)
            targets = torch.cat([targets, self._targets_of(found, truth)], dim=1)
        with without_autocast(means.device):  # few vectors, and a product over all their channels
            return self.loss_class(self.classifier(means), targets)

    def _true_slots(self, truth: SegmentTruth) -> tuple[Tensor, Tensor]:
        """Slots (B, H, W) of the first instances of each image in the order of the data, and their classes (B, K)."""
        count = min(self.max_class_instances, max(1, *(len(labels) for labels in truth.labels)))
        targets = truth.instance_map.new_full((len(truth.labels), count), -100)
        for row, labels in zip(targets, truth.labels):
            row[: len(labels)] = labels[:count]
        slots = truth.instance_map.sub(1).clamp(min=-1)
        return slots.masked_fill(slots >= count, -1), targets

    @torch.no_grad()
    def _predicted_groups(self, outputs: SegmentOutputs, size: tuple[int, int]) -> Groups:
        detached = SegmentOutputs(*(one.detach() for one in outputs))
        with without_autocast(outputs.pixels.device):
            classes = ClassMaps.of(detached.semantic, self.num_things, size)
            p_thing, seed_map, options = self.grouping_input(detached, classes)
            kept = min(options.max_instances, self.max_class_instances)
            # Rough masks do for learning what is no object.
            rough = dataclasses.replace(options, max_instances=kept, iterations=0)
            return group_by_prototypes(detached.pixels, seed_map, p_thing, rough)

    def _targets_of(self, found: Groups, truth: SegmentTruth) -> Tensor:
        slots = found.valid.shape[1]
        targets = instance_class_targets(
            found.assignment, slots, truth.instance_map, truth.labels, num_things=self.num_things
        )
        return targets.masked_fill(~found.valid, -100)
