from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from mmseg.registry import DATASETS

from mmmaskattn.data_tools.mini import write_mini
from mmmaskattn.datasets.categories import COCO_PANOPTIC_CATEGORIES
from mmmaskattn.datasets.semantic.coco_panoptic_semantic import CocoPanopticSemanticDataset

OFFICIAL = Path(__file__).parents[2] / '../shared/data/coco_panoptic2'
LOAD = [dict(type='mmmaskattn.LoadPanopticAsSemantic')]

needs_official = pytest.mark.skipif(not OFFICIAL.is_dir(), reason=f'the official COCO samples are not at {OFFICIAL}')


@pytest.fixture(scope='module')
def mini(tmp_path_factory) -> Path:
    return write_mini('coco', tmp_path_factory.mktemp('data') / 'coco', num_train=4, num_val=2, size=(96, 128))


def build(root, split: str = 'train', pipeline=LOAD, **more) -> CocoPanopticSemanticDataset:
    name = f'panoptic_{split}2017'
    prefix = dict(img_path=f'{split}2017', seg_map_path=f'annotations/{name}')
    options = dict(data_root=str(root), ann_file=f'annotations/{name}.json', data_prefix=prefix, pipeline=pipeline)
    return DATASETS.build(dict(type='mmmaskattn.CocoPanopticSemanticDataset', **options, **more))


def official_dataset(pipeline=LOAD) -> CocoPanopticSemanticDataset:
    return CocoPanopticSemanticDataset(
        ann_file='panoptic_examples.json',
        data_root=str(OFFICIAL),
        data_prefix=dict(img_path='input_images', seg_map_path='panoptic_examples'),
        pipeline=pipeline,
    )


def areas_by_category(annotation: dict) -> dict[int, int]:
    areas: dict[int, int] = {}
    for segment in annotation['segments_info']:
        areas[segment['category_id']] = areas.get(segment['category_id'], 0) + segment['area']
    return areas


def assert_areas_equal(dataset: CocoPanopticSemanticDataset, json_path: Path) -> None:
    annotations = json.loads(json_path.read_text())['annotations']
    assert len(dataset) == len(annotations) > 0
    for index, annotation in enumerate(annotations):
        labels = dataset[index]['gt_seg_map']
        counted = np.bincount(labels.ravel(), minlength=256)
        areas = areas_by_category(annotation)
        for label, category in enumerate(COCO_PANOPTIC_CATEGORIES):
            assert counted[label] == areas.get(category.id, 0), (annotation['file_name'], category.name)
        assert counted[255] == labels.size - sum(areas.values())


def test_table_has_things_first_and_133_unique_entries():
    things = [category.isthing for category in COCO_PANOPTIC_CATEGORIES]
    assert things == [True] * 80 + [False] * 53
    assert len({category.id for category in COCO_PANOPTIC_CATEGORIES}) == 133
    assert len({category.name for category in COCO_PANOPTIC_CATEGORIES}) == 133


@needs_official
def test_table_equals_the_official_file():
    official = json.loads((OFFICIAL / 'panoptic_coco_categories.json').read_text())
    ours = [(c.id, c.name, int(c.isthing), list(c.colour)) for c in COCO_PANOPTIC_CATEGORIES]
    assert ours == [(c['id'], c['name'], c['isthing'], c['color']) for c in official]


@needs_official
def test_official_samples_have_the_areas_of_their_json():
    assert_areas_equal(official_dataset(), OFFICIAL / 'panoptic_examples.json')


@needs_official
def test_official_samples_pass_the_training_pipeline():
    pipeline = [
        dict(type='mmmaskattn.LoadLowResImage', size=128, ratio_range=(0.5, 2.0)),
        *LOAD,
        dict(type='mmmaskattn.CheckSegMap', num_classes=133),
        dict(type='mmmaskattn.LowResScaleJitter', size=128),
    ]
    for sample in official_dataset(pipeline):
        assert sample['img'].shape == (128, 128, 3)
        assert sample['gt_seg_map'].shape == (128, 128)


@pytest.mark.parametrize('split', ['train', 'val'])
def test_mini_set_has_the_areas_of_its_json(mini, split):
    assert_areas_equal(build(mini, split), mini / f'annotations/panoptic_{split}2017.json')


def test_classes_and_palette(mini):
    meta = build(mini).metainfo
    assert len(meta['classes']) == len(meta['palette']) == 133
    assert (meta['classes'][0], meta['classes'][80]) == ('person', 'banner')


def test_choice_of_classes_ignores_the_others(mini):
    whole = build(mini)
    labels = np.concatenate([sample['gt_seg_map'].ravel() for sample in whole])
    kept = [int(label) for label in np.unique(labels) if label != 255][:3][::-1]
    classes = tuple(whole.metainfo['classes'][label] for label in kept)
    chosen = build(mini, metainfo=dict(classes=classes))
    chosen_labels = np.concatenate([sample['gt_seg_map'].ravel() for sample in chosen])
    for new, old in enumerate(kept):
        assert np.array_equal(chosen_labels == new, labels == old)
    assert np.array_equal(chosen_labels == 255, ~np.isin(labels, kept))


def edited_json(mini: Path, tmp_path: Path, edit) -> str:
    content = json.loads((mini / 'annotations/panoptic_train2017.json').read_text())
    edit(content)
    path = tmp_path / 'edited.json'
    path.write_text(json.dumps(content))
    return str(path)


@pytest.mark.parametrize(
    ('edit', 'message'),
    [
        (lambda c: c.pop('annotations'), r"edited\.json: no list of \['annotations'\]"),
        (lambda c: c['categories'][0].update(name='human'), r"edited\.json: categories \{1: 'human'\}"),
        (lambda c: c['categories'].append(dict(id=999, name='new')), r"\{999: 'new'\}"),
        (
            lambda c: c['annotations'][0].pop('segments_info'),
            r"edited\.json: .* no 'segments_info'; not a COCO panoptic json",
        ),
    ],
)
def test_other_jsons_are_refused_by_name(mini, tmp_path, edit, message):
    with pytest.raises(ValueError, match=message):
        CocoPanopticSemanticDataset(ann_file=edited_json(mini, tmp_path, edit), data_root=str(mini))
