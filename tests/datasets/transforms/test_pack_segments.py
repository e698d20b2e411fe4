from __future__ import annotations

import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from mmdet.datasets.transforms import PackDetInputs
from mmengine.registry import TRANSFORMS
from mmseg.datasets.transforms import RandomFlip

from mmmaskattn.datasets.transforms import FindSeeds, MakeInstances, PackSegments
from mmmaskattn.datasets.transforms.find_seeds import find_seeds


def row_of_rectangles() -> np.ndarray:
    """Four rectangles, 1 to 4."""
    ids = np.zeros((12, 40), np.int32)
    for k in range(4):
        ids[2:9, 10 * k : 10 * k + 3 + 2 * k] = k + 1
    return ids


def sample(crowds: list[int], masks: bool = False) -> dict:
    """Four instances in a row, those given ignored."""
    segments = [dict(id=k, label=k, isthing=True, iscrowd=int(k in crowds)) for k in range(4)]
    results = dict(
        img=np.zeros((12, 40, 3), np.uint8), img_shape=(12, 40), gt_id_map=row_of_rectangles(), segments=segments
    )
    return MakeInstances(masks)(results)


@pytest.mark.parametrize('crowds', [[], [1], [0, 3], [0, 1, 2, 3]])
def test_seeds_go_with_their_instances(crowds):
    expected_points, expected_radii = find_seeds(row_of_rectangles(), 4)
    packed = PackSegments()(FindSeeds()(sample(crowds)))['data_samples']
    kept = [k for k in range(4) if k not in crowds]
    for instances, rows in ((packed.gt_instances, kept), (packed.ignored_instances, crowds)):
        assert len(instances) == len(rows)
        assert instances.labels.tolist() == rows
        assert instances.seed_points.tolist() == expected_points[rows].tolist()
        assert instances.seed_radii.tolist() == expected_radii[rows].tolist()
        assert instances.seed_points.shape == (len(rows), 2)
        assert instances.seed_points.dtype == instances.seed_radii.dtype == torch.float32


@pytest.mark.parametrize('crowds', [[], [1], [0, 3], [0, 1, 2, 3]])
def test_one_map_says_where_the_rows_are(crowds):
    packed = PackSegments()(sample(crowds))['data_samples']
    ids = packed.gt_instance_map.ids
    assert ids.dtype == torch.int16
    assert ids.shape == (1, 12, 40)
    labels = torch.cat([packed.gt_instances.labels, packed.ignored_instances.labels]).tolist()
    assert sorted(labels) == [0, 1, 2, 3]
    for number, label in enumerate(labels, start=1):
        assert np.array_equal(ids[0].numpy() == number, row_of_rectangles() == label + 1)
    assert 'masks' not in packed.gt_instances
    assert 'bboxes' not in packed.gt_instances


def test_without_seeds_it_packs_as_mmdet_does():
    ours, theirs = (pack(sample([1], masks=True)) for pack in (PackSegments(), PackDetInputs()))
    assert torch.equal(ours['inputs'], theirs['inputs'])
    assert ours['data_samples'].gt_instances.keys() == theirs['data_samples'].gt_instances.keys()
    assert ours['data_samples'].metainfo == theirs['data_samples'].metainfo
    assert 'gt_seed_points' not in PackDetInputs.mapping_table


@pytest.mark.parametrize('flip', [0.0, 1.0])
@pytest.mark.parametrize('things', [0, 3])
def test_in_a_training_pipeline(things, flip):
    id_map = np.full((20, 30), things + 1, np.int32)
    for k in range(1, things + 1):
        id_map[3 * k : 3 * k + 6, 7 * k : 7 * k + 6] = k
    described = [dict(id=k, label=k, isthing=k < things, iscrowd=0) for k in range(things + 1)]
    results = dict(
        img=np.zeros((20, 30, 3), np.uint8),
        gt_id_map=id_map,
        segments=described,
        seg_fields=['gt_id_map'],
        img_shape=(20, 30),
    )
    pipeline = Compose(
        [
            RandomFlip(prob=flip),
            MakeInstances(),
            dict(type='mmmaskattn.FindSeeds'),
            dict(type='mmmaskattn.PackSegments'),
        ]
    )
    packed = pipeline(results)['data_samples']
    instances = packed.gt_instances
    assert len(instances) == len(instances.seed_points) == things
    for number, (x, y) in enumerate(instances.seed_points.long().tolist(), start=1):
        assert packed.gt_instance_map.ids[0, y, x] == number


@pytest.mark.parametrize('path', ['a.png', None])
def test_an_array_has_no_path(path):
    packed = PackSegments()(dict(sample([]), img_path=path))['data_samples']
    assert ('img_path' in packed) == (path is not None), "mmdet's inferencer takes a path that is there for one"


def test_is_built_by_its_name():
    pack = TRANSFORMS.build(dict(type='mmmaskattn.PackSegments', meta_keys=('img_path',)))
    assert pack.meta_keys == ('img_path',)
