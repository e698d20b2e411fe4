from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from edited_json import write_edited
from mmengine.registry import DATASETS

from mmmaskattn.data_tools.mini import write_mini
from mmmaskattn.datasets.categories import COCO_PANOPTIC_CATEGORIES
from mmmaskattn.datasets.coco import CocoPanopticDataset
from mmmaskattn.datasets.panoptic_png import rgb_to_id
from mmmaskattn.datasets.transforms import MakeInstances

OFFICIAL = Path(__file__).parents[2] / '../shared/data/coco_panoptic2'
LOAD = [dict(type='mmmaskattn.LoadPanoptic')]
LABEL = {category.id: label for label, category in enumerate(COCO_PANOPTIC_CATEGORIES)}

needs_official = pytest.mark.skipif(not OFFICIAL.is_dir(), reason=f'the official COCO samples are not at {OFFICIAL}')


@pytest.fixture(scope='module')
def mini(tmp_path_factory) -> Path:
    return write_mini('coco', tmp_path_factory.mktemp('data') / 'coco', num_train=20, num_val=2, size=(64, 96))


def build(root: Path, **options) -> CocoPanopticDataset:
    prefix = dict(img='train2017', seg='annotations/panoptic_train2017')
    default = dict(ann_file='annotations/panoptic_train2017.json', data_prefix=prefix, pipeline=LOAD)
    return DATASETS.build(dict(type='mmmaskattn.CocoPanopticDataset', data_root=str(root), **{**default, **options}))


def train_json(root: Path) -> dict:
    return json.loads((root / 'annotations/panoptic_train2017.json').read_text())


def assert_equal_to_json(dataset: CocoPanopticDataset, annotations: list[dict]) -> None:
    """Ids, categories, kinds and areas of every segment; the id map against the picture."""
    assert len(dataset) == len(annotations) > 0
    for sample, annotation in zip(dataset, annotations):
        given, read = annotation['segments_info'], sample['segments']
        assert [s['id'] for s in read] == [s['id'] for s in given]
        assert [s['label'] for s in read] == [LABEL[s['category_id']] for s in given]
        assert [s['isthing'] for s in read] == [LABEL[s['category_id']] < 80 for s in given]
        ids = rgb_to_id(cv2.imread(sample['seg_map_path'])[..., ::-1])
        counts = np.bincount(sample['gt_id_map'].ravel(), minlength=len(given) + 1)
        for k, segment in enumerate(given, 1):
            assert (ids == segment['id']).sum() == segment['area']
            assert counts[k] == segment['area']
            assert np.array_equal(sample['gt_id_map'] == k, ids == segment['id'])


@needs_official
def test_both_official_samples_equal_their_json():
    prefix = dict(img='input_images', seg='panoptic_examples')
    dataset = build(OFFICIAL, ann_file='panoptic_examples.json', data_prefix=prefix)
    annotations = json.loads((OFFICIAL / 'panoptic_examples.json').read_text())['annotations']
    assert_equal_to_json(dataset, annotations)
    assert [len(annotation['segments_info']) for annotation in annotations] == [
        len(sample['segments_info']) for sample in dataset
    ]
    assert all(Path(sample['img_path']).is_file() for sample in dataset)


def test_mini_set_equals_its_json(mini):
    annotations = train_json(mini)['annotations']
    assert any(s['iscrowd'] for a in annotations for s in a['segments_info'])
    assert_equal_to_json(build(mini), annotations)


def test_sample_has_mmdets_fields(mini):
    dataset = build(mini)
    info, image = dataset.get_data_info(0), train_json(mini)['images'][0]
    assert info['img_path'] == str(mini / 'train2017' / image['file_name'])
    assert (info['img_id'], info['height'], info['width']) == (image['id'], image['height'], image['width'])
    assert info['segments_info'][0].keys() == {'id', 'category', 'isthing', 'iscrowd', 'area', 'bbox'}
    assert (dataset.metainfo['classes'][0], dataset.metainfo['classes'][80]) == ('person', 'banner')
    assert len(dataset.metainfo['thing_classes']), len(dataset.metainfo['stuff_classes']) == (80, 53)


def test_order_of_the_jsons_categories_does_not_change_labels(mini, tmp_path):
    path = write_edited(
        mini / 'annotations/panoptic_train2017.json',
        tmp_path,
        lambda c: c['categories'].sort(key=lambda k: k['isthing']),
    )
    assert json.loads(Path(path).read_text())['categories'][0]['name'] == 'banner'
    for sample, shuffled in zip(build(mini), build(mini, ann_file=path)):
        assert sample['segments'] == shuffled['segments']


def test_crowd_keeps_its_number_and_becomes_an_instance_to_ignore(mini):
    annotations = train_json(mini)['annotations']
    crowds = [(i, s['id']) for i, a in enumerate(annotations) for s in a['segments_info'] if s['iscrowd']]
    for index, number in crowds:
        sample = build(mini)[index]
        ids = rgb_to_id(cv2.imread(sample['seg_map_path'])[..., ::-1])
        rank = 1 + [s['id'] for s in sample['segments']].index(number)
        assert np.array_equal(sample['gt_id_map'] == rank, ids == number)
        made = MakeInstances()(sample)
        assert (made['gt_seg_map'][ids == number] == 255).all()
        (mask,) = made['gt_masks'].masks[made['gt_ignore_flags']]
        assert np.array_equal(mask, ids == number)
    assert crowds


def test_images_without_things_are_kept_even_when_filtering(mini, tmp_path):
    def remove_things(content: dict) -> None:
        info = content['annotations'][0]['segments_info']
        info[:] = [segment for segment in info if LABEL[segment['category_id']] >= 80]

    path = write_edited(mini / 'annotations/panoptic_train2017.json', tmp_path, remove_things)
    assert len(build(mini, ann_file=path)) == 20
    assert len(build(mini, ann_file=path, filter_cfg=dict(filter_empty_gt=True))) == 20


def test_filter_drops_what_it_says(mini, tmp_path):
    path = write_edited(
        mini / 'annotations/panoptic_train2017.json', tmp_path, lambda c: c['annotations'][0].update(segments_info=[])
    )
    empty = dict(filter_empty_gt=True)
    assert len(build(mini, ann_file=path, filter_cfg=empty)) == 19
    assert len(build(mini, ann_file=path, filter_cfg=empty, test_mode=True)) == 20
    sides = sorted(min(image['height'], image['width']) for image in train_json(mini)['images'])
    assert len(build(mini, filter_cfg=dict(min_size=sides[5]))) == sum(side >= sides[5] for side in sides) < 20


def test_thin_segments_are_not_dropped(mini, tmp_path):
    """mmdet's reader drops a segment whose json says that its box is thinner than a pixel."""
    path = write_edited(
        mini / 'annotations/panoptic_train2017.json',
        tmp_path,
        lambda c: [s.update(bbox=[5, 5, -3, 9]) for s in c['annotations'][0]['segments_info']],
    )
    assert np.array_equal(build(mini, ann_file=path)[0]['gt_id_map'], build(mini)[0]['gt_id_map'])


def test_picture_is_found_by_the_annotations_file_name(mini, tmp_path):
    shutil.copytree(mini, tmp_path / 'coco')
    folder = tmp_path / 'coco/annotations/panoptic_train2017'
    for picture in list(folder.iterdir()):
        picture.rename(folder / f'{picture.stem}_gtFine_panoptic.png')
    path = write_edited(
        mini / 'annotations/panoptic_train2017.json',
        tmp_path,
        lambda c: [
            a.update(file_name=a['file_name'].replace('.png', '_gtFine_panoptic.png')) for a in c['annotations']
        ],
    )
    sample = build(tmp_path / 'coco', ann_file=path)[0]
    assert np.array_equal(sample['gt_id_map'], build(mini)[0]['gt_id_map'])


def test_classes_left_out_are_ignored(mini):
    dataset, whole = build(mini, metainfo=dict(classes=('car', 'road'))), build(mini)
    assert dataset.metainfo['thing_classes'] == ('car',)
    assert len(dataset.metainfo['palette']) == 2
    names = whole.metainfo['classes']
    for part, full in zip(dataset, whole):
        kept = [names[s['label']] in ('car', 'road') and not s['iscrowd'] for s in full['segments']]
        table = np.array([0, *(k if keep else 0 for k, keep in enumerate(kept, 1))])
        assert np.array_equal(part['gt_id_map'], table[full['gt_id_map']])
        assert {s['label'] for s in part['segments']} <= {0, 1, 255}


def test_category_ids_of_a_sample_are_its_things(mini):
    dataset = build(mini)
    for index, annotation in enumerate(train_json(mini)['annotations']):
        labels = [LABEL[s['category_id']] for s in annotation['segments_info'] if not s['iscrowd']]
        assert dataset.get_cat_ids(index) == [label for label in labels if label < 80]


@pytest.mark.parametrize(
    ('edit', 'message'),
    [
        (
            lambda c: c['annotations'][0]['segments_info'][0].update(category_id=999),
            'category_id 999 of segment .* is not among its categories',
        ),
        (
            lambda c: c['annotations'][0]['segments_info'][0].update(id=0),
            r'segments_info\[0\]\.id: found 0, expected int >= 1',
        ),
        (
            lambda c: c['annotations'][0]['segments_info'][0].pop('category_id'),
            r"no 'category_id' in segments_info\[0\]",
        ),
        (
            lambda c: c['annotations'][0]['segments_info'].append(c['annotations'][0]['segments_info'][0]),
            'duplicate 000000000001.png: segment id: ',
        ),
        (
            lambda c: c['annotations'].append(c['annotations'][0]),
            r'duplicate image id of annotations: 1 ',
        ),
        (lambda c: c['annotations'].pop(0), r'no annotation for 1 of 20 images: 000000000001\.jpg'),
        (lambda c: c['annotations'][0].pop('segments_info'), r"no 'segments_info'; not a COCO panoptic json"),
        (lambda c: c['categories'][0].update(id=9999), r'category_id 1 of segment .* is not among its categories'),
        (lambda c: c['categories'][0].update(isthing=0), r"isthing of \{'person': 0\}"),
        (lambda c: c.update(images=[], annotations=[]), 'its list of images is empty'),
    ],
)
def test_wrong_jsons_are_named_in_one_line(mini, tmp_path, edit, message):
    path = write_edited(mini / 'annotations/panoptic_train2017.json', tmp_path, edit)
    with pytest.raises(ValueError, match=rf'edited\.json: .*{message}') as error:
        build(mini, ann_file=path)
    assert '\n' not in str(error.value)


def test_instance_json_is_refused(mini):
    with pytest.raises(ValueError, match=r'instances_train2017\.json: .*; not a COCO panoptic json'):
        build(mini, ann_file='annotations/instances_train2017.json')
