"""Cityscapes: label maps, crowds, city folders, and what other readers make of the result."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmdet.datasets import CityscapesDataset as MmdetInstance
from mmdet.datasets.api_wrappers import COCO
from mmseg.datasets import CityscapesDataset as MmsegSemantic
from prepared import check_extents, mini, prepare, read_ids, read_json, times

from mmmaskattn.data_tools.prepare.cityscapes import cityscapes_splits, convert_cityscapes
from mmmaskattn.datasets.cityscapes import CityscapesInstanceDataset, CityscapesPanopticDataset

SPLITS = ('train', 'val')


@pytest.fixture(scope='module')
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mini('cityscapes', tmp_path_factory.mktemp('mini') / 'city', train=8)


@pytest.fixture(scope='module')
def prepared(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepare a set as it is downloaded: without label maps of trainIds."""
    root = Path(shutil.copytree(source, tmp_path_factory.mktemp('prepared') / 'city'))
    for path in root.rglob('*_labelTrainIds.png'):
        path.unlink()
    assert not any(report.problems for report in prepare(cityscapes_splits(root)))
    return root


@pytest.fixture
def root(prepared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(prepared, tmp_path / 'city'))


def test_train_ids_are_those_of_the_layout(source: Path, prepared: Path):
    paths = sorted(source.rglob('*_labelTrainIds.png'))
    assert len(paths) == 10
    for path in paths:
        made = cv2.imread(str(prepared / path.relative_to(source)), -1)
        np.testing.assert_array_equal(made, cv2.imread(str(path), -1))


def test_train_ids_that_are_there_stay_and_are_checked(source: Path, tmp_path: Path):
    root = Path(shutil.copytree(source, tmp_path / 'city'))
    before = {name: time for name, time in times(root).items() if 'TrainIds' in name}
    prepare(cityscapes_splits(root))
    assert before.items() <= times(root).items()
    task = cityscapes_splits(root)[0].tasks[0]
    path = task.others[0]
    cv2.imwrite(str(path), cv2.imread(str(path), -1) * 0)
    with pytest.raises(ValueError, match=rf'{path}: not the trainIds of .*labelIds\.png'):
        convert_cityscapes(task)


@pytest.mark.parametrize('split', SPLITS)
def test_pictures_hold_the_official_ids_and_the_json_their_extents(prepared: Path, split: str):
    content = read_json(prepared / f'annotations/cityscapes_panoptic_{split}.json')
    for image, annotation in zip(content['images'], content['annotations']):
        assert image['file_name'] == annotation['file_name']
        city, name = image['file_name'].split('/')
        picture = prepared / f'gtFine/cityscapes_panoptic_{split}' / city / name
        check_extents(picture, annotation['segments_info'])
        official = name.replace('_leftImg8bit', '_gtFine_instanceIds')
        stored = cv2.imread(str(prepared / 'gtFine' / split / city / official), -1)
        ids = read_ids(picture)
        np.testing.assert_array_equal(ids[ids > 0], stored[ids > 0])
        train_ids = cv2.imread(str(prepared / 'gtFine' / split / city / official.replace('instance', 'labelTrain')), -1)
        np.testing.assert_array_equal(ids == 0, train_ids == 255)


def test_classes_agree_with_the_label_maps(prepared: Path):
    """The name of every segment's category is that of its trainId in mmseg."""
    content = read_json(prepared / 'annotations/cityscapes_panoptic_train.json')
    name_of = {category['id']: category['name'] for category in content['categories']}
    for annotation in content['annotations']:
        ids = read_ids(prepared / 'gtFine/cityscapes_panoptic_train' / annotation['file_name'])
        labels = annotation['file_name'].replace('_leftImg8bit', '_gtFine_labelTrainIds')
        train_ids = cv2.imread(str(prepared / 'gtFine/train' / labels), -1)
        for segment in annotation['segments_info']:
            (train_id,) = np.unique(train_ids[ids == segment['id']])
            assert MmsegSemantic.METAINFO['classes'][train_id] == name_of[segment['category_id']]


def test_groups_are_crowds_and_only_things_are(prepared: Path):
    content = read_json(prepared / 'annotations/cityscapes_panoptic_train.json')
    things = {category['id'] for category in content['categories'] if category['isthing']}
    segments = [segment for annotation in content['annotations'] for segment in annotation['segments_info']]
    crowds = [segment for segment in segments if segment['iscrowd']]
    assert crowds
    assert all(s['iscrowd'] == int(s['category_id'] in things and s['id'] < 1000) for s in segments)
    instances = read_json(prepared / 'annotations/instancesonly_filtered_gtFine_train.json')['annotations']
    assert sum(instance['iscrowd'] for instance in instances) == len(crowds)


def test_categories_are_things_first(prepared: Path):
    content = read_json(prepared / 'annotations/cityscapes_panoptic_val.json')
    assert [category['isthing'] for category in content['categories']] == [1] * 8 + [0] * 11


def test_instance_masks_equal_the_official_ids(prepared: Path):
    coco = COCO(str(prepared / 'annotations/instancesonly_filtered_gtFine_train.json'))
    for image in coco.load_imgs(coco.get_img_ids()):
        name = image['file_name'].replace('_leftImg8bit', '_gtFine_instanceIds')
        official = cv2.imread(str(prepared / 'gtFine/train' / name), -1)
        for instance in coco.load_anns(coco.get_ann_ids(img_ids=[image['id']])):
            mask = coco.annToMask(instance).astype(bool)
            (number,) = np.unique(official[mask])
            np.testing.assert_array_equal(mask, official == number)
            assert instance['area'] == mask.sum()


@pytest.mark.parametrize('reader', [MmdetInstance, CityscapesInstanceDataset])
def test_instance_data_sets_load_it(prepared: Path, reader: type):
    file = 'annotations/instancesonly_filtered_gtFine_train.json'
    loaded = reader(
        ann_file=file, data_root=str(prepared), data_prefix=dict(img='leftImg8bit/train/'), serialize_data=False
    )
    content = read_json(prepared / file)
    assert len(loaded) == 8
    found = [loaded.get_data_info(index) for index in range(8)]
    assert all(Path(info['img_path']).is_file() for info in found)
    names = [MmdetInstance.METAINFO['classes'][one['bbox_label']] for info in found for one in info['instances']]
    name_of = {category['id']: category['name'] for category in content['categories']}
    assert sorted(names) == sorted(name_of[one['category_id']] for one in content['annotations'])


def test_our_panoptic_data_set_loads_it(prepared: Path):
    loaded = CityscapesPanopticDataset(
        ann_file='annotations/cityscapes_panoptic_val.json', data_root=str(prepared),
        data_prefix=dict(img='leftImg8bit/val/', seg='gtFine/cityscapes_panoptic_val/'), serialize_data=False,
    )  # fmt: skip
    for index in range(len(loaded)):
        info = loaded.get_data_info(index)
        assert Path(info['seg_map_path']).stem == Path(info['img_path']).stem
        assert Path(info['seg_map_path']).is_file()


def spoil(root: Path, kind: str, value: int) -> Path:
    """Put a value into the first pixel of a label picture of the first image."""
    task = cityscapes_splits(root, ['val'])[0].tasks[0]
    path = task.sources[0 if kind == 'labelIds' else 1]
    picture = cv2.imread(str(path), -1)
    picture[0, 0] = value
    cv2.imwrite(str(path), picture)
    return path


def convert(root: Path):
    return convert_cityscapes(cityscapes_splits(root, ['val'])[0].tasks[0])


@pytest.mark.parametrize('value', [34, 200, 999, 7001, 34000])
def test_an_instance_id_out_of_range_is_named(root: Path, value: int):
    path = spoil(root, 'instanceIds', value)
    with pytest.raises(ValueError, match=rf'{path}: instanceId {value}, expected 0 to 33, or class'):
        convert(root)


def test_a_label_out_of_range_is_named(root: Path):
    path = spoil(root, 'labelIds', 200)
    with pytest.raises(ValueError, match=rf'{path}: .*label 200; expected one channel, 0 to 33'):
        convert(root)


def test_caravans_are_dropped_and_counted(root: Path):
    before = convert(root)
    spoil(root, 'instanceIds', 29001)
    after = convert(root)
    assert 'dropped, caravans and trailers (not evaluated)' in after.notes
    assert after.notes['dropped, caravans and trailers (not evaluated)'] == 1
    assert before.notes['dropped, caravans and trailers (not evaluated)'] == 0
    assert all(segment['id'] != 29001 for segment in after.segments)


def test_a_missing_city_annotation_is_one_problem(root: Path):
    task = cityscapes_splits(root, ['val'])[0].tasks[0]
    task.sources[1].unlink()
    (report,) = prepare(cityscapes_splits(root, ['val']))
    assert [problem.message.split(':')[0] for problem in report.problems] == [str(task.sources[1])]
    assert report.totals['images'] == 1


def test_missing_folders_are_named(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=r'leftImg8bit/train: there is no.*leftImg8bit_trainvaltest\.zip'):
        cityscapes_splits(tmp_path)
