"""`ADE20KPanopticDataset` and `ADE20KInstanceDataset` on what prepare_ade20k writes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from edited_json import write_edited
from prepared import mini, prepare
from readers import build_reader, check_samples

from mmmaskattn.data_tools.prepare import ade20k_splits
from mmmaskattn.datasets.categories import ADE20K_CLASSES

PREFIX = dict(img='images/training', seg='ade20k_panoptic_train')


@pytest.fixture(scope='module')
def root(tmp_path_factory) -> Path:
    folder = mini('ade20k', tmp_path_factory.mktemp('data') / 'ade20k', train=8)
    prepare(ade20k_splits(folder, ['train']))
    return folder


@pytest.fixture(scope='module')
def panoptic(root):
    return build_reader('ADE20KPanopticDataset', root, 'ade20k_panoptic_train.json', data_prefix=PREFIX)


@pytest.fixture(scope='module')
def instance(root):
    return build_reader('ADE20KInstanceDataset', root, 'ade20k_instance_train.json', data_prefix=PREFIX)


def test_panoptic_equals_the_json(root, panoptic):
    assert check_samples(panoptic, root / 'ade20k_panoptic_train.json') > 20


def test_instances_equal_the_json(root, instance):
    assert check_samples(instance, root / 'ade20k_instance_train.json') > 5


def test_panoptic_labels_equal_the_semantic_map(root, panoptic):
    """By another way: every pixel's class against the official label picture, which the panoptic json came from."""
    semantic_index = np.array([row.semantic_index for row in ADE20K_CLASSES])
    for sample in panoptic:
        official = cv2.imread(str(root / f'annotations/training/{Path(sample["img_path"]).stem}.png'), -1)
        labels = np.array([255, *(s['label'] for s in sample['segments'])])[sample['gt_id_map']]
        known = labels != 255
        assert known.mean() > 0.5
        assert np.array_equal(semantic_index[labels[known]] + 1, official[known])


def test_both_readers_agree_on_the_things_though_names_differ(panoptic, instance):
    for whole, things in zip(panoptic, instance):
        assert whole['img_path'] == things['img_path']
        tables = [
            np.array([255, *(s['label'] if s['isthing'] else 255 for s in x['segments'])]) for x in (whole, things)
        ]
        assert np.array_equal(tables[0][whole['gt_id_map']], tables[1][things['gt_id_map']])


def test_instance_maps_equal_the_official_picture(root, instance):
    for sample in instance:
        official = cv2.imread(str(root / f'annotations_instance/training/{Path(sample["img_path"]).stem}.png'))
        category, number = official[..., 2], official[..., 1]  # red and green
        labels = np.array([255, *(s['label'] for s in sample['segments'])])[sample['gt_id_map']]
        assert np.array_equal(labels, np.where(number > 0, category.astype(int) - 1, 100))


def test_json_in_the_semantic_order_is_refused(root, tmp_path):
    """The file of the same name that other programs write: wall first, ids of the semantic task."""

    def renumber(content: dict) -> None:
        rows = sorted(ADE20K_CLASSES, key=lambda row: row.semantic_index)
        content['categories'] = [
            dict(id=row.semantic_index, name=row.panoptic_name, isthing=int(row.isthing)) for row in rows
        ]

    path = write_edited(root / 'ade20k_panoptic_train.json', tmp_path, renumber)
    with pytest.raises(ValueError, match=r"edited\.json: .* categories are not.*0: 'wall'.*expected \{0: 'bed'"):
        build_reader('ADE20KPanopticDataset', root, path, data_prefix=PREFIX)


def test_the_other_tasks_json_is_refused(root):
    with pytest.raises(ValueError, match=r'ade20k_instance_train\.json: .*not a COCO panoptic json'):
        build_reader('ADE20KPanopticDataset', root, 'ade20k_instance_train.json', data_prefix=PREFIX)
