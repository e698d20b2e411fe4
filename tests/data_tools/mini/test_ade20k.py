"""The ADE20K layout of the mini sets, read with mmseg's own data set class."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from mmdet.datasets.ade20k import ADE20KInstanceDataset
from mmseg.datasets import ADE20KDataset

from mmmaskattn.data_tools.mini import write_mini

CLASSES = [name.strip() for name in ADE20KDataset.METAINFO['classes']]
INSTANCE_CLASSES = ADE20KInstanceDataset.METAINFO['classes']


@pytest.fixture(scope='module')
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mini('ade20k', tmp_path_factory.mktemp('mini') / 'ade', num_train=20, num_val=4, size=(80, 112))


def labels_and_instances(root: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    pairs = []
    for path in sorted((root / 'annotations').rglob('*.png')):
        instances = root / 'annotations_instance' / path.relative_to(root / 'annotations')
        pairs.append((cv2.imread(str(path), cv2.IMREAD_UNCHANGED), cv2.imread(str(instances))[..., ::-1]))
    return pairs


def test_official_folders_and_names(root: Path):
    for folder, split, count in (('training', 'train', 20), ('validation', 'val', 4)):
        for kind, suffix in (('images', 'jpg'), ('annotations', 'png'), ('annotations_instance', 'png')):
            names = sorted(path.name for path in (root / kind / folder).iterdir())
            assert names == [f'ADE_{split}_{i:08d}.{suffix}' for i in range(1, count + 1)]


def test_mmseg_reads_it(root: Path):
    pipeline = [dict(type='LoadImageFromFile'), dict(type='mmseg.LoadAnnotations', reduce_zero_label=True)]
    data = ADE20KDataset(
        data_root=str(root),
        data_prefix=dict(img_path='images/training', seg_map_path='annotations/training'),
        pipeline=pipeline,
    )
    assert len(data) == 20
    seen = set()
    for i in range(len(data)):
        sample = data[i]
        assert sample['img'].shape[:2] == sample['gt_seg_map'].shape
        seen |= set(np.unique(sample['gt_seg_map']).tolist())
    names = {CLASSES[i] for i in seen - {255}}
    assert {'sky', 'grass', 'person', 'car'} <= names
    assert 255 in seen


def test_instance_maps_agree_with_the_semantic_maps(root: Path):
    crowds = 0
    for labels, instances in labels_and_instances(root):
        category, number = instances[..., 0], instances[..., 1]
        assert instances[..., 2].max() == 0
        assert np.array_equal(category > 0, number > 0)
        numbers = np.unique(number[number > 0])
        assert numbers.tolist() == list(range(1, len(numbers) + 1))
        for i in numbers:
            (of_category,), (of_label,) = np.unique(category[number == i]), np.unique(labels[number == i])
            assert INSTANCE_CLASSES[of_category - 1] == CLASSES[of_label - 1]
        bare = labels[(number == 0) & (labels > 0)]
        crowds += sum(CLASSES[label - 1] in INSTANCE_CLASSES for label in np.unique(bare))
    assert crowds, 'no crowd in the whole set: things without an instance were not tested'


def test_object_info_counts_what_was_written(root: Path):
    lines = (root / 'objectInfo150.txt').read_text().splitlines()
    assert lines[0].split('\t') == ['Idx', 'Ratio', 'Train', 'Val', 'Stuff', 'Name']
    rows = [line.split('\t') for line in lines[1:]]
    assert [row[5] for row in rows] == CLASSES
    assert sum(row[4] == '0' for row in rows) == 100
    pixels = np.concatenate([labels.ravel() for labels, _ in labels_and_instances(root)])
    sky = CLASSES.index('sky')
    assert float(rows[sky][1]) == pytest.approx((pixels == sky + 1).sum() / (pixels > 0).sum(), abs=1e-4)
    assert rows[sky][2:4] == ['20', '4']
    assert sum(float(row[1]) for row in rows) == pytest.approx(1, abs=0.001)
