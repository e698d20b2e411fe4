"""The Cityscapes layout of the mini sets, read with mmseg's own data set class."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from mmseg.datasets import CityscapesDataset

from mmmaskattn.data_tools.mini import write_mini

LABEL_OF = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33]
THINGS = range(24, 34)


@pytest.fixture(scope='module')
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mini('cityscapes', tmp_path_factory.mktemp('mini') / 'city', num_train=20, num_val=4, size=(80, 160))


def read(path: Path, suffix: str) -> np.ndarray:
    return cv2.imread(str(path).replace('labelIds', suffix), cv2.IMREAD_UNCHANGED)


def label_files(root: Path) -> list[Path]:
    return sorted((root / 'gtFine').rglob('*_labelIds.png'))


def test_official_folders_and_names(root: Path):
    for split, count in (('train', 20), ('val', 4)):
        images = sorted((root / 'leftImg8bit' / split).rglob('*.png'))
        assert len(images) == count
        for path in images:
            city, sequence, frame, kind = path.stem.split('_')
            assert (path.parent.name, len(sequence), frame, kind) == (city, 6, '000019', 'leftImg8bit')
            stem = f'{city}_{sequence}_{frame}_gtFine'
            for suffix in ('labelIds', 'labelTrainIds', 'instanceIds'):
                assert (root / 'gtFine' / split / city / f'{stem}_{suffix}.png').is_file()


def test_mmseg_reads_it(root: Path):
    data = CityscapesDataset(
        data_root=str(root),
        data_prefix=dict(img_path='leftImg8bit/train', seg_map_path='gtFine/train'),
        pipeline=[dict(type='LoadImageFromFile'), dict(type='mmseg.LoadAnnotations')],
    )
    assert len(data) == 20
    values = set(np.unique(np.stack([data[i]['gt_seg_map'] for i in range(20)])).tolist())
    names = {CityscapesDataset.METAINFO['classes'][i] for i in values - {255}}
    assert {'road', 'sky', 'vegetation', 'person', 'car', 'bus', 'bicycle'} <= names
    assert 255 in values


def test_the_three_maps_agree(root: Path):
    groups = 0
    for path in label_files(root):
        labels, trains, instances = (read(path, s) for s in ('labelIds', 'labelTrainIds', 'instanceIds'))
        assert instances.dtype == np.uint16
        assert np.array_equal(trains == 255, labels == 0)
        assert all(LABEL_OF[t] == label for t, label in zip(trains[labels > 0], labels[labels > 0]))
        single = instances >= 1000
        assert np.array_equal(np.where(single, instances // 1000, instances), labels)
        assert np.isin(labels[single], THINGS).all()
        groups += bool((np.isin(labels, THINGS) & ~single).any())
    assert groups, 'no group in the whole set: things without a number were not tested'


def test_numbers_count_from_zero_in_each_class(root: Path):
    several = 0
    for path in label_files(root):
        values = [int(v) for v in np.unique(read(path, 'instanceIds')) if v >= 1000]
        for label in {v // 1000 for v in values}:
            numbers = [v % 1000 for v in values if v // 1000 == label]
            assert numbers == list(range(len(numbers)))
            several += len(numbers) > 1
    assert several
