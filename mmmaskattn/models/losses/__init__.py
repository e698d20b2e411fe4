"""Losses of the instance and panoptic tasks, and the targets that they need."""

from mmmaskattn.models.losses.instance_class_loss import InstanceClassLoss, instance_class_targets
from mmmaskattn.models.losses.instance_contrastive_loss import (
    ContrastiveTerms,
    InstanceContrastiveLoss,
    PixelSample,
    sample_pixels,
)
from mmmaskattn.models.losses.seed_loss import SeedLoss, seed_heatmap

__all__ = [
    'ContrastiveTerms',
    'InstanceClassLoss',
    'InstanceContrastiveLoss',
    'PixelSample',
    'SeedLoss',
    'instance_class_targets',
    'sample_pixels',
    'seed_heatmap',
]
