"""Grouping of pixels to instances, their scores, and panoptic fusion, as functions of tensors."""

from mmmaskattn.models.grouping.fusion import FusionOptions, fuse_panoptic
from mmmaskattn.models.grouping.groups import GroupingOptions, Groups
from mmmaskattn.models.grouping.peers import group_by_components, group_by_offsets, groups_of_map
from mmmaskattn.models.grouping.prototypes import group_by_prototypes
from mmmaskattn.models.grouping.scores import (
    class_probabilities,
    group_means,
    instance_scores,
    slot_means,
    soft_masks,
    top_instances,
)
from mmmaskattn.models.grouping.seeds import count_peaks, count_seeds, density_seeds

__all__ = [
    'FusionOptions',
    'GroupingOptions',
    'Groups',
    'class_probabilities',
    'count_peaks',
    'count_seeds',
    'density_seeds',
    'fuse_panoptic',
    'group_by_components',
    'group_by_offsets',
    'group_by_prototypes',
    'group_means',
    'groups_of_map',
    'instance_scores',
    'slot_means',
    'soft_masks',
    'top_instances',
]
