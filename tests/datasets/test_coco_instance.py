from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from edited_json import write_edited
from mmdet.datasets import CocoDataset
from mmengine.registry import DATASETS
from pycocotools.coco import COCO

from mmmaskattn.data_tools.mini import write_mini
from mmmaskattn.datasets.categories import COCO_INSTANCE_CATEGORIES
from mmmaskattn.datasets.coco import CocoInstanceDataset

JSON = 'annotations/instances_train2017.json'
LABEL = {category.id: label for label, category in enumerate(COCO_INSTANCE_CATEGORIES)}


@pytest.fixture(scope='module')
def mini(tmp_path_factory) -> Path:
    return write_mini('coco', tmp_path_factory.mktemp('data') / 'coco', num_train=20, num_val=2, size=(64, 96))


def build(root: Path, **options) -> CocoInstanceDataset:
    default = dict(ann_file=JSON, data_prefix=dict(img='train2017'), pipeline=[dict(type='mmmaskattn.LoadInstances')])
    return DATASETS.build(dict(type='mmmaskattn.CocoInstanceDataset', data_root=str(root), **{**default, **options}))


def test_every_mask_equals_pycocotools(mini):
    coco, dataset = COCO(str(mini / JSON)), build(mini)
    assert len(dataset) == 20
    crowds = 0
    for sample in dataset:
        annotations = coco.loadAnns(coco.getAnnIds(sample['img_id']))
        assert [s['id'] for s in sample['segments'][:-1]] == [a['id'] for a in annotations]
        covered = np.zeros(sample['gt_id_map'].shape, bool)
        for k, annotation in enumerate(annotations, 1):
            mask = coco.annToMask(annotation).astype(bool)
            covered |= mask
            crowds += annotation['iscrowd']
            assert sample['segments'][k - 1]['label'] == LABEL[annotation['category_id']]
            assert (sample['gt_id_map'][mask] == k).all()
        background = sample['segments'][-1]
        assert (background['label'], background['isthing']) == (80, False)
        assert np.array_equal(sample['gt_id_map'] == len(annotations) + 1, ~covered)
    assert crowds > 0


def test_instances_equal_those_of_mmdets_own_reader(mini):
    """Where mmdet's reader is right (json in the official order, boxes of at least a pixel) both agree."""
    theirs = CocoDataset(data_root=str(mini), ann_file=JSON, data_prefix=dict(img='train2017'))
    ours = build(mini, pipeline=[])
    for expected, found in zip(theirs, ours):
        assert found['img_path'] == expected['img_path']
        without_id = [{key: value for key, value in one.items() if key != 'id'} for one in found['instances']]
        assert without_id == expected['instances']


def test_shuffled_categories_do_not_change_labels(mini, tmp_path):
    path = write_edited(mini / JSON, tmp_path, lambda c: c['categories'].reverse())
    for sample, shuffled in zip(build(mini), build(mini, ann_file=path)):
        assert sample['segments'] == shuffled['segments']


def test_filter_drops_images_without_instances_in_training_only(mini):
    empty = [i for i, info in enumerate(build(mini, pipeline=[])) if all(x['ignore_flag'] for x in info['instances'])]
    assert empty
    filtered = dict(filter_cfg=dict(filter_empty_gt=True))
    assert len(build(mini)) == len(build(mini, test_mode=True, **filtered)) == 20
    assert len(build(mini, **filtered)) == 20 - len(empty)


def test_classes_left_out_are_background(mini):
    dataset = build(mini, metainfo=dict(classes=('car', 'person')))
    meta = dataset.metainfo
    assert meta['thing_classes'] == meta['classes'] == ('car', 'person')
    assert meta['stuff_classes'] == ('background',)
    for part, full in zip(dataset, build(mini)):
        kept = [s['id'] for s in full['segments'][:-1] if s['label'] in (LABEL[1], LABEL[3])]
        assert [s['id'] for s in part['segments'][:-1]] == kept
        assert part['segments'][-1]['label'] == 2


def test_category_ids_of_every_sample(mini):
    annotations = json.loads((mini / JSON).read_text())['annotations']
    dataset = build(mini, pipeline=[])
    for index, info in enumerate(dataset):
        expected = [LABEL[a['category_id']] for a in annotations if a['image_id'] == info['img_id']]
        assert dataset.get_cat_ids(index) == expected


@pytest.mark.parametrize(
    ('edit', 'message'),
    [
        (lambda c: c['annotations'][1].update(id=c['annotations'][0]['id']), 'duplicate annotation id of annotations'),
        (
            lambda c: c['annotations'][0].update(category_id=12),
            'category_id 12 of annotation 1000 is not among its categories',
        ),
        (
            lambda c: c['annotations'][0].pop('segmentation'),
            r"annotations\[0\] \(id 1000\): no 'segmentation'; not a COCO instance json",
        ),
        (lambda c: c['annotations'][0].update(image_id=-1), r'\(id 1000\): image_id: found -1, expected int >= 0'),
        (lambda c: c['categories'].pop(), r"classes \['toothbrush'\] are not among its 79 categories"),
        (lambda c: c['categories'][0].update(id=2), 'duplicate category id: 2'),
        (lambda c: c.pop('categories'), r"no list of \['categories'\]"),
    ],
)
def test_wrong_jsons_are_named_in_one_line(mini, tmp_path, edit, message):
    path = write_edited(mini / JSON, tmp_path, edit)
    with pytest.raises(ValueError, match=rf'edited\.json: .*{message}') as error:
        build(mini, ann_file=path)
    assert '\n' not in str(error.value)


def test_panoptic_json_is_refused(mini):
    with pytest.raises(ValueError, match=r'panoptic_train2017\.json: .*; not a COCO instance json'):
        build(mini, ann_file='annotations/panoptic_train2017.json')
