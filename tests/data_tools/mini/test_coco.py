"""The COCO layout of the mini sets: panoptic json, PNGs and instance json say the same."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmdet.datasets import CocoDataset, CocoPanopticDataset
from pycocotools.coco import COCO

from mmmaskattn.data_tools.mini import write_mini
from mmmaskattn.datasets.categories import COCO_PANOPTIC_CATEGORIES


@pytest.fixture(scope='module')
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mini('coco', tmp_path_factory.mktemp('mini') / 'coco', num_train=20, num_val=3, size=(80, 112))


@pytest.fixture(scope='module')
def panoptic(root: Path) -> dict:
    return json.loads((root / 'annotations/panoptic_train2017.json').read_text())


def segment_ids(root: Path, file_name: str) -> np.ndarray:
    blue_green_red = cv2.imread(str(root / 'annotations/panoptic_train2017' / file_name)).astype(np.int64)
    return blue_green_red[..., 2] + 256 * blue_green_red[..., 1] + 65536 * blue_green_red[..., 0]


def test_images_are_there_and_ids_are_unique(root: Path, panoptic: dict):
    val = json.loads((root / 'annotations/panoptic_val2017.json').read_text())
    ids = [image['id'] for image in panoptic['images'] + val['images']]
    assert len(ids) == len(set(ids)) == 23
    for image in panoptic['images']:
        assert image['file_name'] == f'{image["id"]:012d}.jpg'
        assert cv2.imread(str(root / 'train2017' / image['file_name'])).shape[:2] == (image['height'], image['width'])


def test_all_official_categories_are_listed(panoptic: dict):
    listed = [(c['id'], c['name'], bool(c['isthing'])) for c in panoptic['categories']]
    assert listed == [(c.id, c.name, c.isthing) for c in COCO_PANOPTIC_CATEGORIES]
    assert len(listed) == 133


def test_segments_equal_the_png(root: Path, panoptic: dict):
    void = 0
    for record in panoptic['annotations']:
        ids = segment_ids(root, record['file_name'])
        segments = {segment['id']: segment for segment in record['segments_info']}
        assert set(np.unique(ids)) - {0} == set(segments)
        for number, segment in segments.items():
            rows, cols = np.nonzero(ids == number)
            x, y = cols.min(), rows.min()
            assert segment['area'] == len(rows)
            assert segment['bbox'] == [x, y, cols.max() - x + 1, rows.max() - y + 1]
        void += bool((ids == 0).any())
    assert void


def test_stuff_has_one_segment_for_each_class(panoptic: dict):
    things = {c['id'] for c in panoptic['categories'] if c['isthing']}
    for record in panoptic['annotations']:
        stuff = [s['category_id'] for s in record['segments_info'] if s['category_id'] not in things]
        assert len(stuff) == len(set(stuff)) > 0


def test_instances_equal_the_panoptic_things(root: Path, panoptic: dict):
    api = COCO(str(root / 'annotations/instances_train2017.json'))
    things, total, crowds = set(api.getCatIds()), 0, 0
    assert len(things) == 80
    for record in panoptic['annotations']:
        ids = segment_ids(root, record['file_name'])
        wanted = [s for s in record['segments_info'] if s['category_id'] in things]
        found = api.loadAnns(api.getAnnIds(imgIds=[record['image_id']]))
        assert len(found) == len(wanted)
        for segment, annotation in zip(wanted, found):
            assert {key: annotation[key] for key in ('category_id', 'iscrowd', 'bbox', 'area')} == {
                key: segment[key] for key in ('category_id', 'iscrowd', 'bbox', 'area')
            }
            assert np.array_equal(api.annToMask(annotation), ids == segment['id'])
        total, crowds = total + len(found), crowds + sum(a['iscrowd'] for a in found)
    assert total > 40
    assert crowds


def test_mmdet_reads_both_kinds(root: Path):
    common = dict(data_root=str(root), pipeline=[], test_mode=True)
    boxes = CocoDataset(ann_file='annotations/instances_train2017.json', data_prefix=dict(img='train2017/'), **common)
    assert len(boxes) == 20
    assert sum(len(boxes.get_data_info(i)['instances']) for i in range(20)) > 40
    prefix = dict(img='train2017/', seg='annotations/panoptic_train2017/')
    segments = CocoPanopticDataset(ann_file='annotations/panoptic_train2017.json', data_prefix=prefix, **common)
    assert len(segments) == 20
    assert all(segments.get_data_info(i)['segments_info'] for i in range(20))
