from __future__ import annotations

from mmdet.datasets import CityscapesDataset as MmdetCityscapes
from mmseg.datasets import CityscapesDataset

from mmmaskattn.data_tools.mini.cityscapes import LABEL_IDS
from mmmaskattn.datasets.categories import CITYSCAPES_INSTANCE_CATEGORIES, CITYSCAPES_PANOPTIC_CATEGORIES


def test_things_come_first_in_mmdets_order():
    assert [c.isthing for c in CITYSCAPES_PANOPTIC_CATEGORIES] == [True] * 8 + [False] * 11
    assert tuple(c.name for c in CITYSCAPES_INSTANCE_CATEGORIES) == MmdetCityscapes.METAINFO['classes']
    assert [c.colour for c in CITYSCAPES_INSTANCE_CATEGORIES] == MmdetCityscapes.METAINFO['palette']


def test_ids_names_and_colours_belong_together():
    meta = CityscapesDataset.METAINFO
    official = {i: (n, tuple(c)) for i, n, c in zip(LABEL_IDS, meta['classes'], meta['palette'])}
    assert {c.id: (c.name, c.colour) for c in CITYSCAPES_PANOPTIC_CATEGORIES} == official
