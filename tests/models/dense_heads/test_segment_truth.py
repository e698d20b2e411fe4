from __future__ import annotations

import numpy as np
import pytest
import torch
from drawn_truth import BLOB_LABELS, blobs, sample_of, special
from instance_maps import random_map
from mmdet.models.data_preprocessors import DetDataPreprocessor
from mmdet.structures import DetDataSample

from mmmaskattn.datasets.transforms import MakeInstances
from mmmaskattn.models.dense_heads.segment_truth import majority, stack_truth

CPU = torch.device('cpu')


def test_ids_classes_and_ignored_pixels():
    truth = stack_truth([special('blobs'), special('nothing'), special('ignored')], (32, 32), CPU)
    drawn = torch.from_numpy(blobs())
    assert torch.equal(truth.instance_map[0], torch.where(drawn == 4, 0, drawn))
    assert torch.equal(truth.semantic[0], (drawn == 4).long())
    assert (truth.instance_map[1] == 0).all()
    assert (truth.instance_map[2] == -1).all()
    assert (truth.semantic[2] == 255).all()
    assert [labels.tolist() for labels in truth.labels] == [[0, 0, 0], [], []]
    for number, (points, radii) in enumerate(zip(truth.seed_points, truth.seed_radii)):
        assert len(points) == len(radii) == len(truth.labels[number])
    for k, (x, y) in enumerate(truth.seed_points[0].long().tolist(), start=1):
        assert truth.instance_map[0, y, x] == k


def test_a_crowd_is_ignored_and_takes_no_number():
    truth = stack_truth([special('crowd')], (32, 32), CPU)
    drawn = torch.from_numpy(blobs())
    assert (truth.instance_map[0][drawn == 1] == -1).all()
    assert (truth.semantic[0][drawn == 1] == 255).all()
    assert truth.instance_map.max() == 2
    assert len(truth.labels[0]) == 2


def test_more_instances_than_a_byte_holds():
    ids = np.arange(1, 32 * 32 + 1).reshape(32, 32)
    truth = stack_truth([sample_of(ids, dict.fromkeys(range(1, 1025), 0))], (32, 32), CPU)
    assert torch.equal(truth.instance_map[0], torch.from_numpy(ids))


def test_missing_truth_names_the_image_and_the_remedy():
    sample = DetDataSample(metainfo=dict(img_path='street.png'))
    with pytest.raises(ValueError, match=r'street\.png.*MakeInstances'):
        stack_truth([sample], (32, 32), CPU)


def test_another_size_names_both():
    with pytest.raises(ValueError, match=r'drawn\.png.*\(32, 32\).*\(64, 32\)'):
        stack_truth([sample_of(blobs(), BLOB_LABELS)], (64, 32), CPU)


@pytest.mark.parametrize('seed', range(4))
def test_equals_the_masks_painted_by_their_numbers(seed):
    """The map travels as it is; masks are the independent way to the same truth."""
    ids = random_map(seed, size=(32, 32), count=7).clamp(min=0).numpy()
    labels, crowds = {k: 0 for k in range(1, 8)} | {5: 1}, (3,)
    truth = stack_truth([sample_of(ids, labels, crowds)], (32, 32), CPU)
    segments = [dict(id=k, label=labels[k], isthing=labels[k] < 1, iscrowd=int(k in crowds)) for k in range(1, 8)]
    made = MakeInstances()(dict(gt_id_map=ids.astype(np.int32), segments=segments))
    expected = np.where(made['gt_seg_map'] == 255, -1, 0)
    for number, mask in enumerate(made['gt_masks'].masks[~made['gt_ignore_flags']].astype(bool), start=1):
        expected[mask] = number
    assert np.array_equal(truth.instance_map[0].numpy(), expected)
    assert np.array_equal(truth.semantic[0].numpy(), made['gt_seg_map'])


def test_a_map_smaller_than_the_batch_is_padded_with_ignored_pixels():
    sample = sample_of(blobs(), BLOB_LABELS)
    preprocessor = DetDataPreprocessor(pad_size_divisor=40, pad_seg=True, seg_pad_value=255)
    data = preprocessor(dict(inputs=[torch.zeros(3, 32, 32)], data_samples=[sample]), True)
    truth = stack_truth(data['data_samples'], (40, 40), CPU)
    whole = stack_truth([sample_of(blobs(), BLOB_LABELS)], (32, 32), CPU)
    assert torch.equal(truth.instance_map[0, :32, :32], whole.instance_map[0])
    assert (truth.instance_map[0, 32:] == -1).all()
    assert (truth.instance_map[0, :, 32:] == -1).all()


def test_a_cell_has_the_id_that_most_of_its_pixels_have():
    ids = torch.tensor([[[1, 1, 0, 2, 0], [1, 0, 0, 2, 0], [0, 0, -1, -1, 3], [0, 5, -1, 4, 3]]])
    assert majority(ids, 2).tolist() == [[[1, 2, 0], [0, -1, 3]]]
    assert torch.equal(majority(ids, 1), ids)


@pytest.mark.parametrize('side', [2, 4])
def test_on_cells_the_seeds_lie_in_their_instances(side):
    truth = stack_truth([special('blobs')], (32, 32), CPU)
    coarse = truth.on_cells(side)
    assert truth.on_cells(1) is truth
    assert coarse.instance_map.shape == (1, 32 // side, 32 // side)
    assert torch.equal(coarse.semantic, truth.semantic)
    for k, (x, y) in enumerate(coarse.seed_points[0].round().long().tolist(), start=1):
        assert coarse.instance_map[0, y, x] == k
    assert torch.equal(coarse.seed_radii[0] * side, truth.seed_radii[0])
