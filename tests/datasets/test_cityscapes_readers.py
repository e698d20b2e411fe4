"""`CityscapesPanopticDataset` and `CityscapesInstanceDataset` on what prepare_cityscapes writes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from edited_json import write_edited
from prepared import mini, prepare
from readers import build_reader, check_samples

from mmmaskattn.data_tools.prepare import cityscapes_splits
from mmmaskattn.datasets.categories import CITYSCAPES_PANOPTIC_CATEGORIES
from mmmaskattn.datasets.transforms.id_map import IdMap

PANOPTIC, INSTANCE = (
    'annotations/cityscapes_panoptic_train.json',
    'annotations/instancesonly_filtered_gtFine_train.json',
)
PREFIX = dict(img='leftImg8bit/train', seg='gtFine/cityscapes_panoptic_train')


@pytest.fixture(scope='module')
def root(tmp_path_factory) -> Path:
    folder = mini('cityscapes', tmp_path_factory.mktemp('data') / 'cityscapes', train=12)
    prepare(cityscapes_splits(folder, ['train']))
    return folder


@pytest.fixture(scope='module')
def panoptic(root):
    return build_reader('CityscapesPanopticDataset', root, PANOPTIC, data_prefix=PREFIX)


def official_ids(root: Path, sample: dict) -> np.ndarray:
    image = Path(sample['img_path'])
    name = image.name.replace('_leftImg8bit.png', '_gtFine_instanceIds.png')
    return cv2.imread(str(root / 'gtFine/train' / image.parent.name / name), cv2.IMREAD_UNCHANGED).astype(int)


def test_panoptic_equals_the_json_over_all_cities(root, panoptic):
    assert check_samples(panoptic, root / PANOPTIC) > 30
    assert {Path(sample['img_path']).parent.name for sample in panoptic} == {'minitown', 'minibourg'}


def test_instances_equal_the_json(root):
    assert check_samples(build_reader('CityscapesInstanceDataset', root, INSTANCE, data_prefix=PREFIX), root / INSTANCE)


def test_panoptic_maps_equal_the_official_instance_ids(root, panoptic):
    """Labels, things and ignored pixels from the official picture, by another way."""
    label_of = {category.id: label for label, category in enumerate(CITYSCAPES_PANOPTIC_CATEGORIES)}
    groups = 0
    for sample in panoptic:
        ids = official_ids(root, sample)
        label_ids = np.where(ids >= 1000, ids // 1000, ids)
        expected = np.vectorize(lambda i: label_of.get(i, 255))(label_ids)
        crowd = (ids < 1000) & (expected < 8)
        groups += int(crowd.any())
        expected[crowd] = 255
        assert np.array_equal(IdMap.of_sample(sample).learned_labels[sample['gt_id_map']], expected)
    assert groups > 0  # groups of a thing class, without a number, are crowds


def test_labels_are_things_first_not_train_ids(panoptic):
    meta = panoptic.metainfo
    assert meta['classes'][:2] == ('person', 'rider')
    assert meta['classes'].index('road') == 8
    assert (len(meta['thing_classes']), len(meta['stuff_classes'])) == (8, 11)


def test_json_with_road_first_gives_the_same_labels(root, panoptic, tmp_path):
    path = write_edited(root / PANOPTIC, tmp_path, lambda c: c['categories'].sort(key=lambda k: k['id']))
    other = build_reader('CityscapesPanopticDataset', root, path, data_prefix=PREFIX)
    for sample, expected in zip(other, panoptic):
        assert sample['segments'] == expected['segments']
