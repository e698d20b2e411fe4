"""Losses of the instance and panoptic tasks, and the targets that they need."""

from mmmaskattn.models.losses.instance_class_loss import InstanceClassLoss
from mmmaskattn.models.losses.instance_class_targets import instance_class_targets
from mmmaskattn.models.losses.instance_contrastive_loss import ContrastiveTerms, InstanceContrastiveLoss
from mmmaskattn.models.losses.pixel_sampling import PixelSample, sample_pixels
from mmmaskattn.models.losses.seed_loss import SeedLoss
from mmmaskattn.models.losses.seed_targets import seed_heatmap

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
