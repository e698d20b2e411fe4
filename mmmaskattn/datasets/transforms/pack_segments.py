"""Packing of instance and panoptic samples with their seeds."""

from __future__ import annotations

from typing import ClassVar

from mmdet.datasets.transforms import PackDetInputs

from mmmaskattn.registry import TRANSFORMS


@TRANSFORMS.register_module()
class PackSegments(PackDetInputs):
    """mmdet's `PackDetInputs` that also packs what `FindSeeds` found, if it has run.

    ``gt_seed_points`` and ``gt_seed_radii`` become ``gt_instances.seed_points`` float32 (n, 2) and
    ``gt_instances.seed_radii`` float32 (n,), those of ignored instances fields of ``ignored_instances``.

    Args:
        meta_keys: See `PackDetInputs`.
    """

    mapping_table: ClassVar[dict[str, str]] = {
        **PackDetInputs.mapping_table,
        'gt_seed_points': 'seed_points',
        'gt_seed_radii': 'seed_radii',
    }
