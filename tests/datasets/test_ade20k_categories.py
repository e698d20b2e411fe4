from __future__ import annotations

from mmdet.datasets.ade20k import ADE20KInstanceDataset, ADE20KPanopticDataset
from mmseg.datasets import ADE20KDataset

from mmmaskattn.datasets.categories import (
    ADE20K_CLASSES,
    ADE20K_INSTANCE_CATEGORIES,
    ADE20K_PANOPTIC_CATEGORIES,
)


def test_panoptic_names_and_order_are_mmdets():
    assert tuple(c.name for c in ADE20K_PANOPTIC_CATEGORIES) == ADE20KPanopticDataset.METAINFO['classes']
    assert [c.isthing for c in ADE20K_PANOPTIC_CATEGORIES] == [True] * 100 + [False] * 50
    assert [c.id for c in ADE20K_PANOPTIC_CATEGORIES] == list(range(150))


def test_instance_names_and_order_are_mmdets():
    assert tuple(c.name for c in ADE20K_INSTANCE_CATEGORIES) == tuple(ADE20KInstanceDataset.METAINFO['classes'])
    assert [c.colour for c in ADE20K_INSTANCE_CATEGORIES] == ADE20KInstanceDataset.METAINFO['palette']


def test_thirty_things_have_two_names():
    pairs = list(zip(ADE20K_PANOPTIC_CATEGORIES, ADE20K_INSTANCE_CATEGORIES))
    assert len(pairs) == 100
    assert sum(panoptic.name != instance.name for panoptic, instance in pairs) == 30


def test_semantic_indices_are_those_of_mmsegs_classes():
    semantic = [name.strip() for name in ADE20KDataset.METAINFO['classes']]
    assert sorted(row.semantic_index for row in ADE20K_CLASSES) == list(range(150))
    assert [row.short_name for row in ADE20K_CLASSES] == [semantic[row.semantic_index] for row in ADE20K_CLASSES]
    palette = ADE20KDataset.METAINFO['palette']
    assert [list(row.colour) for row in ADE20K_CLASSES] == [palette[row.semantic_index] for row in ADE20K_CLASSES]
    assert [c.id for c in ADE20K_INSTANCE_CATEGORIES] == [row.semantic_index for row in ADE20K_CLASSES[:100]]
