"""Masks and boxes made of the map of instances equal those that the pipeline makes."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from drawn_truth import BLOB_LABELS, SPECIAL, blobs, sample_of, special
from mmdet.datasets.transforms import PackDetInputs
from mmdet.models.data_preprocessors import DetDataPreprocessor
from mmdet.structures import DetDataSample
from mmengine.dataset import pseudo_collate
from mmengine.registry import MODELS

from mmmaskattn.datasets.transforms import MakeInstances, PackSegments

OPTIONS = dict(
    mean=[1.0, 2.0, 3.0], std=[1.0, 1.0, 1.0], bgr_to_rgb=True, pad_size_divisor=32, pad_mask=True, pad_seg=True,
    seg_pad_value=255,
)  # fmt: skip


def drawn(seed: int, size: tuple[int, int] = (40, 52)) -> dict:
    """Rectangles over stuff and void, with crowds of a thing and of stuff, and a thing without a pixel."""
    rng = np.random.default_rng(seed)
    ids = np.zeros(size, np.int32)
    ids[8:] = 1
    for k in range(2, 9):
        top, left = rng.integers(0, size[0] - 4), rng.integers(0, size[1] - 4)
        ids[top : top + rng.integers(4, 20), left : left + rng.integers(4, 20)] = k
    ids[ids == 8] = 1
    segments = [
        dict(id=k, label=int(k == 1) * 5 + k % 3, isthing=k != 1, iscrowd=int(k in (3, 6))) for k in range(1, 9)
    ]
    segments[5]['isthing'] = False
    image = rng.integers(0, 256, (*size, 3)).astype(np.uint8)
    return dict(img=image, img_path='drawn.png', img_shape=size, ori_shape=size, gt_id_map=ids, segments=segments)


def same_rows(mine, theirs) -> bool:
    pairs = [(mine.masks.masks, theirs.masks.masks), (mine.labels, theirs.labels), (mine.bboxes, theirs.bboxes)]
    return all(np.array_equal(np.asarray(one), np.asarray(other)) for one, other in pairs)


@pytest.mark.parametrize('seed', range(4))
def test_a_batch_equals_the_one_with_masks_from_the_pipeline(seed):
    samples = [drawn(10 * seed + number) for number in range(3)]
    ours = [PackSegments()(MakeInstances(masks=False)(copy.deepcopy(one))) for one in samples]
    theirs = [PackDetInputs()(MakeInstances()(copy.deepcopy(one))) for one in samples]
    made = MODELS.build(dict(type='mmmaskattn.InstanceDataPreprocessor', **OPTIONS))(pseudo_collate(ours), True)
    expected = DetDataPreprocessor(**OPTIONS)(pseudo_collate(theirs), True)
    assert torch.equal(made['inputs'], expected['inputs'])
    assert sum(len(one.ignored_instances) for one in made['data_samples']) > 0
    for mine, other in zip(made['data_samples'], expected['data_samples']):
        assert same_rows(mine.gt_instances, other.gt_instances)
        assert same_rows(mine.ignored_instances, other.ignored_instances)
        assert torch.equal(mine.gt_sem_seg.sem_seg, other.gt_sem_seg.sem_seg)


def batch(sample: DetDataSample) -> dict:
    return dict(inputs=[torch.zeros(3, 32, 32, dtype=torch.uint8)], data_samples=[sample])


@pytest.mark.parametrize('name', SPECIAL)
def test_special_images(name):
    preprocessor = MODELS.build(dict(type='mmmaskattn.InstanceDataPreprocessor', **OPTIONS))
    (sample,) = preprocessor(batch(special(name)), True)['data_samples']
    count = len(sample.gt_instances.labels)
    assert sample.gt_instances.masks.masks.shape == (count, 32, 32)
    assert sample.gt_instances.bboxes.shape == (count, 4)


def test_for_prediction_no_truth_is_needed():
    preprocessor = MODELS.build(dict(type='mmmaskattn.InstanceDataPreprocessor', **OPTIONS))
    (sample,) = preprocessor(batch(DetDataSample()), False)['data_samples']
    assert 'gt_instances' not in sample


def test_missing_truth_names_the_image_and_the_remedy():
    sample = sample_of(blobs(), BLOB_LABELS)
    del sample.gt_instance_map
    preprocessor = MODELS.build(dict(type='mmmaskattn.InstanceDataPreprocessor', **OPTIONS))
    with pytest.raises(ValueError, match=r'drawn\.png.*MakeInstances.*PackSegments'):
        preprocessor(batch(sample), True)
