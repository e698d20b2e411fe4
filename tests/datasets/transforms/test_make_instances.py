from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from mmdet.datasets.transforms import PackDetInputs
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.structures.mask import BitmapMasks
from mmseg.datasets.transforms import RandomFlip

from mmmaskattn.datasets.transforms import LowResResize, LowResScaleJitter, MakeInstances


def segments(*rows: tuple[int, bool]) -> list[dict]:
    return [dict(id=10 + i, label=label, isthing=isthing, iscrowd=0) for i, (label, isthing) in enumerate(rows)]


def random_sample(seed: int, size: tuple[int, int] = (60, 90), count: int = 30) -> dict:
    """Rectangles over stuff and void; label of thing k is k % 5."""
    rng = np.random.default_rng(seed)
    id_map = np.zeros(size, np.int32)
    id_map[:, size[1] // 3 :] = count + 1
    for k in range(1, count + 1):
        top, left = rng.integers(0, size[0]), rng.integers(0, size[1])
        id_map[top : top + rng.integers(1, 20), left : left + rng.integers(1, 20)] = k
    described = segments(*((k % 5, True) for k in range(1, count + 1)), (5, False))
    image = np.repeat((id_map * 8 % 256).astype(np.uint8)[..., None], 3, axis=2)
    return dict(
        img=image, gt_id_map=id_map, segments=described, seg_fields=['gt_id_map'], ori_shape=size, img_shape=size
    )


@pytest.mark.parametrize('seed', range(5))
def test_equals_a_loop_over_segments(seed):
    sample = random_sample(seed)
    sample['gt_id_map'][sample['gt_id_map'] == 1] = 0  # thing 1 has no pixel left
    results = MakeInstances()(sample)
    masks, labels, semantic = [], [], np.full(sample['gt_id_map'].shape, 255)
    for k, segment in enumerate(sample['segments'], 1):
        mask = sample['gt_id_map'] == k
        semantic[mask] = segment['label']
        if segment['isthing'] and mask.any():
            masks.append(mask)
            labels.append(segment['label'])
    assert 0 < len(masks) < 30
    assert np.array_equal(results['gt_masks'].masks, np.stack(masks))
    assert results['gt_bboxes_labels'].tolist() == labels
    assert np.array_equal(results['gt_seg_map'], semantic)
    mmdets = HorizontalBoxes.from_instance_masks(BitmapMasks(np.stack(masks), *semantic.shape))
    assert torch.equal(results['gt_bboxes'].tensor, mmdets.tensor)


def test_types_and_flags():
    results = MakeInstances()(random_sample(0))
    count = len(results['gt_masks'])
    assert isinstance(results['gt_masks'], BitmapMasks)
    assert isinstance(results['gt_bboxes'], HorizontalBoxes)
    assert results['gt_masks'].masks.dtype == results['gt_seg_map'].dtype == np.uint8
    assert results['gt_bboxes_labels'].dtype == np.int64
    assert results['gt_ignore_flags'].tolist() == [False] * count


def test_crowds_of_things_and_stuff_are_packed_as_instances_to_ignore():
    id_map = np.repeat(np.array([[0, 1, 2, 3, 4, 4]], np.int32), 8, axis=0)
    rows = segments((3, True), (3, True), (7, False), (6, False))
    rows[1]['iscrowd'] = rows[2]['iscrowd'] = 1
    packed = PackDetInputs()(MakeInstances()(dict(gt_id_map=id_map, segments=rows, img_shape=(8, 6))))['data_samples']
    assert packed.gt_instances.labels.tolist() == [3]
    assert packed.ignored_instances.labels.tolist() == [3, 7]
    assert np.array_equal(packed.ignored_instances.masks.masks, np.stack([id_map == 2, id_map == 3]))
    assert packed.ignored_instances.bboxes.tensor.tolist() == [[2, 0, 3, 8], [3, 0, 4, 8]]
    assert packed.gt_sem_seg.sem_seg[0, 0].tolist() == [255, 3, 255, 255, 6, 6]


def test_box_of_one_pixel_and_of_the_whole_image():
    id_map = np.full((8, 8), 2, np.int32)
    id_map[3, 5] = 1
    results = MakeInstances()(dict(gt_id_map=id_map, segments=segments((0, True), (1, True))))
    assert results['gt_bboxes'].tensor.tolist() == [[5, 3, 6, 4], [0, 0, 8, 8]]


@pytest.mark.parametrize('value', [0, 1])
def test_image_without_things_gives_empty_truth(value):
    sample = dict(gt_id_map=np.full((8, 6), value, np.int32), segments=segments((4, False)), img_shape=(8, 6))
    packed = PackDetInputs()(MakeInstances()(sample))['data_samples']
    assert packed.gt_instances.masks.masks.shape == (0, 8, 6)
    assert packed.gt_instances.bboxes.tensor.shape == (0, 4)
    assert packed.gt_instances.labels.shape == (0,)
    assert packed.gt_sem_seg.sem_seg.unique().tolist() == [255 if value == 0 else 4]


def test_packs_into_mmdets_sample_format():
    packed = PackDetInputs()(MakeInstances()(random_sample(1)))['data_samples']
    assert len(packed.gt_instances) > 0
    assert len(packed.ignored_instances) == 0
    assert packed.gt_instances.labels.dtype == torch.int64
    assert packed.gt_sem_seg.sem_seg.shape == (1, 60, 90)
    assert packed.gt_sem_seg.ignore_index == 255


def test_vanished_instances_are_dropped_at_low_resolution():
    sample = random_sample(2, size=(400, 600))
    sample['gt_id_map'][:, :] = 31
    sample['gt_id_map'][100:200, 100:300] = 1
    sample['gt_id_map'][0, 0] = 2  # no pixel centre of the small map falls here
    results = MakeInstances()(LowResResize(32)(sample))
    assert results['gt_bboxes_labels'].tolist() == [1]
    assert results['gt_masks'].masks.shape == (1, 32, 32)


@pytest.mark.parametrize('flip', [0.0, 1.0])
def test_masks_stay_on_the_image_through_jitter_and_flip(flip):
    """The image's grey value names the segment, so every mask can be read off the image where it is unmixed."""
    np.random.seed(0)
    pipeline = Compose([LowResScaleJitter((64, 48), (0.5, 2.0)), RandomFlip(prob=flip), MakeInstances()])
    checked = right = 0
    for seed in range(20):
        sample = random_sample(seed, size=(64, 48), count=12)
        results = pipeline(sample)
        assert results['flip'] == bool(flip)
        numbers = np.flatnonzero(np.bincount(results['gt_id_map'].ravel(), minlength=14)[1:13]) + 1
        assert len(numbers) == len(results['gt_masks'])
        for number, mask in zip(numbers, results['gt_masks'].masks.astype(bool)):
            inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3)), borderValue=0).astype(bool)
            checked += int(inner.sum())
            right += int((results['img'][inner][:, 0] == 8 * number).sum())
    assert checked > 1000
    assert right / checked > 0.99


def test_flip_of_the_map_equals_flip_of_the_masks():
    plain, flipped = random_sample(3), random_sample(3)
    before = MakeInstances()(plain)
    after = MakeInstances()(RandomFlip(prob=1.0)(flipped))
    assert np.array_equal(after['gt_masks'].masks, before['gt_masks'].flip('horizontal').masks)
    assert np.array_equal(after['gt_seg_map'], before['gt_seg_map'][:, ::-1])
    mirrored = before['gt_bboxes'].clone()
    mirrored.flip_((60, 90), 'horizontal')
    assert torch.equal(after['gt_bboxes'].tensor, mirrored.tensor)


def test_sample_without_truth_passes():
    assert MakeInstances()(dict(img=1)) == dict(img=1)
