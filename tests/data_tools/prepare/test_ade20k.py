"""ADE20K: what is written agrees with what it was made from, and other readers load it."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmdet.datasets import ADE20KInstanceDataset as MmdetInstance
from mmdet.datasets import ADE20KPanopticDataset as MmdetPanoptic
from mmdet.datasets.api_wrappers import COCO, COCOPanoptic
from mmseg.datasets import ADE20KDataset as MmsegSemantic
from prepared import check_extents, mini, prepare, read_ids, read_json

from mmmaskattn.data_tools.prepare.ade20k import ade20k_splits, convert_ade20k
from mmmaskattn.datasets.ade20k import ADE20KInstanceDataset, ADE20KPanopticDataset

SPLITS = {'train': 'training', 'val': 'validation'}


@pytest.fixture(scope='module')
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = mini('ade20k', tmp_path_factory.mktemp('mini') / 'ade')
    assert not any(report.problems for report in prepare(ade20k_splits(root)))
    return root


@pytest.fixture
def root(prepared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(prepared, tmp_path / 'ade'))


@pytest.mark.parametrize('split', SPLITS)
def test_areas_boxes_and_ids_equal_a_recount(prepared: Path, split: str):
    content = read_json(prepared / f'ade20k_panoptic_{split}.json')
    assert len(content['annotations']) == len(content['images']) > 0
    for image, annotation in zip(content['images'], content['annotations']):
        assert annotation['image_id'] == image['id']
        assert Path(annotation['file_name']).stem == Path(image['file_name']).stem
        check_extents(prepared / f'ade20k_panoptic_{split}' / annotation['file_name'], annotation['segments_info'])


@pytest.mark.parametrize('split', SPLITS)
def test_every_pixel_agrees_with_the_annotations_it_was_made_from(prepared: Path, split: str):
    """Read the sources anew: stuff by the semantic map, things by the instance map, all else void."""
    content = read_json(prepared / f'ade20k_panoptic_{split}.json')
    name_of = {category['id']: category['name'] for category in content['categories']}
    semantic_names = [name.split(',')[0] for name in MmsegSemantic.METAINFO['classes']]
    for annotation in content['annotations']:
        ids = read_ids(prepared / f'ade20k_panoptic_{split}' / annotation['file_name'])
        semantic = cv2.imread(str(prepared / 'annotations' / SPLITS[split] / annotation['file_name']), -1)
        things = cv2.imread(str(prepared / 'annotations_instance' / SPLITS[split] / annotation['file_name']))
        category, number = things[..., 2], things[..., 1]
        stuff = np.zeros_like(number, bool)
        for segment in annotation['segments_info']:
            mask = ids == segment['id']
            if segment['category_id'] < 100:
                np.testing.assert_array_equal(category[mask], segment['category_id'] + 1)
                assert len(np.unique(number[mask])) == 1
                assert mask.sum() == (number == number[mask][0]).sum()
            else:
                wanted = {semantic_names[label - 1] for label in np.unique(semantic[mask])}
                assert wanted == {name_of[segment['category_id']].split(',')[0]}
                stuff |= mask
        np.testing.assert_array_equal(ids > 0, (number > 0) | stuff)


@pytest.mark.parametrize('split', SPLITS)
def test_instance_json_holds_the_things_of_the_pictures(prepared: Path, split: str):
    coco = COCO(str(prepared / f'ade20k_instance_{split}.json'))
    panoptic = COCOPanoptic(str(prepared / f'ade20k_panoptic_{split}.json'))
    for image in coco.get_img_ids():
        ids = read_ids(prepared / f'ade20k_panoptic_{split}' / panoptic.imgs[image]['segm_file'])
        things = [segment for segment in panoptic.img_ann_map[image] if segment['category_id'] < 100]
        found = coco.load_anns(coco.get_ann_ids(img_ids=[image]))
        assert len(found) == len(things)
        for thing, instance in zip(things, found):
            np.testing.assert_array_equal(coco.annToMask(instance), ids == thing['id'])
            assert (instance['area'], instance['bbox']) == (thing['area'], thing['bbox'])


def test_categories_are_things_first(prepared: Path):
    panoptic = read_json(prepared / 'ade20k_panoptic_train.json')['categories']
    assert [category['isthing'] for category in panoptic] == [1] * 100 + [0] * 50
    assert tuple(category['name'] for category in panoptic) == MmdetPanoptic.METAINFO['classes']
    instance = read_json(prepared / 'ade20k_instance_train.json')['categories']
    assert tuple(category['name'] for category in instance) == MmdetInstance.METAINFO['classes']


def datasets(root: Path, panoptic: type, instance: type) -> tuple:
    """Build a panoptic and an instance data set of the training split."""
    options = dict(data_root=str(root), serialize_data=False)
    prefix = dict(img='images/training/', seg='ade20k_panoptic_train/')
    return (
        panoptic(ann_file='ade20k_panoptic_train.json', data_prefix=prefix, **options),
        instance(ann_file='ade20k_instance_train.json', data_prefix=dict(img=prefix['img']), **options),
    )


@pytest.mark.parametrize('readers', [(MmdetPanoptic, MmdetInstance), (ADE20KPanopticDataset, ADE20KInstanceDataset)])
def test_data_sets_load_it_with_equal_labels(prepared: Path, readers: tuple[type, type]):
    panoptic, instance = datasets(prepared, *readers)
    assert len(panoptic) == len(instance) == 4
    for index in range(4):
        one, other = panoptic.get_data_info(index), instance.get_data_info(index)
        assert one['img_path'] == other['img_path']
        assert Path(one['img_path']).is_file()
        assert Path(one['seg_map_path']).is_file()
        labels = [segment['category'] for segment in one['segments_info'] if segment['category'] < 100]
        assert labels == [thing['bbox_label'] for thing in other['instances']]
        assert labels


def spoil(path: Path, change) -> None:
    """Change a label picture in place."""
    picture = cv2.imread(str(path), -1)
    change(picture)
    cv2.imwrite(str(path), picture)


def convert(root: Path) -> None:
    convert_ade20k(ade20k_splits(root, ['train'])[0].tasks[0])


def test_a_label_out_of_range_is_named(root: Path):
    path = root / 'annotations/training/ADE_train_00000001.png'
    spoil(path, lambda picture: picture.__setitem__((0, 0), 200))
    with pytest.raises(ValueError, match=rf'{path}: label 200, expected 0 \(unlabelled\) to 150'):
        convert(root)


@pytest.mark.parametrize('category', [0, 101])
def test_a_thing_category_out_of_range_is_named(root: Path, category: int):
    path = root / 'annotations_instance/training/ADE_train_00000001.png'
    spoil(path, lambda picture: picture.__setitem__((0, 0), (0, 9, category)))
    if category:
        match = rf'{path}: thing category 101 \(red channel\), expected 1 to 100'
    else:
        spoil(path, lambda picture: picture.__setitem__((...,), (0, 9, 0)))
        match = rf'{path}: thing category 0 \(red channel\)'
    with pytest.raises(ValueError, match=match):
        convert(root)


def test_instances_without_a_number_are_none(root: Path):
    path = root / 'annotations_instance/training/ADE_train_00000001.png'
    spoil(path, lambda picture: picture.__setitem__((..., 1), 0))
    task = ade20k_splits(root, ['train'])[0].tasks[0]
    result = convert_ade20k(task)
    assert result.instances == []
    assert all(segment['category_id'] >= 100 for segment in result.segments)
    assert result.notes['void, pixels of a thing class that belong to no instance'] > 0


def test_an_instance_lies_over_stuff_and_is_counted(root: Path):
    path = root / 'annotations_instance/training/ADE_train_00000001.png'
    spoil(path, lambda picture: picture.__setitem__((...,), (0, 7, 13)))
    result = convert_ade20k(ade20k_splits(root, ['train'])[0].tasks[0])
    height, width = result.size
    assert [(segment['id'], segment['area']) for segment in result.segments] == [(13007, height * width)]
    assert result.notes['pixels of stuff under an instance, given to the instance'] > 0


def test_a_missing_annotation_is_named(root: Path):
    path = root / 'annotations_instance/training/ADE_train_00000001.png'
    path.unlink()
    with pytest.raises(FileNotFoundError, match=rf'{path}: missing; it is the annotation of .*ADE_train_00000001\.jpg'):
        convert(root)


def test_an_annotation_of_another_size_is_named(root: Path):
    path = root / 'annotations/training/ADE_train_00000001.png'
    cv2.imwrite(str(path), np.ones((5, 7), np.uint8))
    with pytest.raises(ValueError, match=rf'{path}: \(5, 7\) \(height, width\), but its image'):
        convert(root)


def test_a_damaged_image_is_named(root: Path):
    path = root / 'images/training/ADE_train_00000001.jpg'
    path.write_bytes(b'no image')
    with pytest.raises(ValueError, match=rf'{path}: cannot be opened as an image'):
        convert(root)


def test_a_grey_instance_picture_is_refused(root: Path):
    path = root / 'annotations_instance/training/ADE_train_00000001.png'
    cv2.imwrite(str(path), cv2.imread(str(path))[..., 0])
    with pytest.raises(ValueError, match='expected 8-bit RGB'):
        convert(root)


def test_an_annotation_without_an_image_is_dropped_and_named(root: Path):
    (root / 'images/training/ADE_train_00000003.jpg').unlink()
    (report,) = prepare(ade20k_splits(root, ['train']))
    assert report.totals['images'] == 3
    assert any(
        'annotations without an image: 2' in line and 'ADE_train_00000003.png' in line for line in report.lines()
    )


def test_missing_folders_are_named_with_where_they_come_from(root: Path):
    shutil.rmtree(root / 'annotations_instance')
    with pytest.raises(FileNotFoundError, match=r'annotations_instance/training: there is no.*\n.*validation'):
        ade20k_splits(root)


def test_an_empty_split_is_refused(root: Path):
    for path in (root / 'images/validation').iterdir():
        path.unlink()
    with pytest.raises(FileNotFoundError, match=r'images/validation: found no image named \*\.jpg'):
        ade20k_splits(root)
