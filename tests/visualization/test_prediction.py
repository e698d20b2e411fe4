"""Predictions in the form of a truth; class and score on the picture."""

from __future__ import annotations

import numpy as np
import torch
from mmengine.structures import InstanceData
from segment_samples import METAINFO, instances_of, rectangle, segment_sample

from mmmaskattn.visualization.class_table import ClassTable
from mmmaskattn.visualization.prediction import predicted_instances, predicted_panoptic, write_scores
from mmmaskattn.visualization.truth import UNLABELLED

TABLE = ClassTable.from_metainfo(METAINFO)
SIZE = (16, 16)


def test_instances_above_the_threshold_come_best_first():
    sample = segment_sample()
    masks = [rectangle(SIZE, 0, 0, 2, 2), rectangle(SIZE, 4, 4, 8, 8), rectangle(SIZE, 9, 9, 12, 12)]
    sample.pred_instances = instances_of(masks, [1, 0, 1], [0.5, 0.3, 0.8], SIZE)
    truth, scores, total = predicted_instances(sample, 0.3)
    assert truth.instance_labels == truth.box_labels == (1, 1)
    assert scores.tolist() == torch.tensor([0.8, 0.5]).tolist()
    assert total == 3
    assert np.array_equal(truth.ids, masks[2] * 1 + masks[0] * 2)
    assert truth.boxes.tolist() == [[9, 9, 12, 12], [0, 0, 2, 2]]
    assert (truth.labels[~(masks[0] | masks[2])] == UNLABELLED).all()


def test_of_equal_masks_the_best_lies_on_top_and_small_ones_over_large_ones():
    sample, large, small = segment_sample(), rectangle(SIZE, 0, 0, 8, 8), rectangle(SIZE, 1, 1, 3, 3)
    sample.pred_instances = instances_of([large, large, small], [0, 1, 0], [0.9, 0.8, 0.4], SIZE)
    truth = predicted_instances(sample, 0.0).truth
    assert truth.ids[5, 5] == 1
    assert truth.ids[2, 2] == 3


def test_no_instances_and_no_field():
    sample = segment_sample()
    sample.pred_instances = instances_of([], [], [], SIZE)
    truth, scores, total = predicted_instances(sample, 0.3)
    assert (truth.shape, truth.instance_labels, len(scores), total) == (SIZE, (), 0, 0)
    del sample.pred_instances, sample.pred_panoptic_seg
    assert predicted_instances(sample, 0.3) is None
    assert predicted_panoptic(sample, TABLE) is None


def test_boxes_alone_and_masks_alone():
    sample = segment_sample()
    fields = dict(labels=torch.tensor([1]), scores=torch.tensor([0.9]))
    sample.pred_instances = InstanceData(bboxes=torch.tensor([[1.0, 2, 5, 6]]), **fields)
    truth = predicted_instances(sample, 0.3).truth
    assert (truth.shape, truth.instance_labels, truth.box_labels) == (SIZE, (), (1,))
    mask = torch.from_numpy(rectangle(SIZE, 2, 1, 6, 5))[None]
    for boxes in (dict(), dict(bboxes=torch.zeros(1, 4))):
        sample.pred_instances = InstanceData(masks=mask, **boxes, **fields)
        assert predicted_instances(sample, 0.3).truth.boxes.tolist() == [[1, 2, 5, 6]]


def test_panoptic_map_has_things_stuff_and_void():
    truth = predicted_panoptic(segment_sample(), TABLE)
    assert truth.instance_labels == (0, 1)
    assert (truth.labels[5, 3], truth.ids[5, 3]) == (0, 1)
    assert (truth.labels[12, 9], truth.ids[12, 9]) == (1, 2)
    assert (truth.labels[0, 0], truth.ids[0, 0]) == (3, 0)
    assert (truth.labels[:, -2:] == UNLABELLED).all()
    assert not truth.ids[:, -2:].any()


def test_a_thing_class_without_an_instance_is_flat():
    sample = segment_sample()
    sample.pred_panoptic_seg.sem_seg[:] = 0
    truth = predicted_panoptic(sample, TABLE)
    assert not truth.labels.any()
    assert not truth.ids.any()
    assert truth.instance_labels == ()


SCORED_SIZE = (20, 20)


def written(masks, scores, metainfo=METAINFO):
    """Black pixels of the texts' backs, 200x200, over a grey picture."""
    sample = segment_sample(SCORED_SIZE)
    sample.pred_instances = instances_of(masks, [0] * len(masks), scores, SCORED_SIZE)
    picture = np.full((200, 200, 3), 90, np.uint8)
    drawn = write_scores(picture, predicted_instances(sample, 0.3), ClassTable.from_metainfo(metainfo))
    assert (picture == 90).all(), 'the picture given is left as it is'
    return (drawn == 0).all(axis=2)


def test_a_text_stands_over_the_corner_of_its_box():
    black = written([rectangle(SCORED_SIZE, 10, 5, 15, 9)], [0.9])
    rows, columns = np.flatnonzero(black.any(axis=1)), np.flatnonzero(black.any(axis=0))
    assert columns.min() == 50
    assert rows.max() == 99


def test_a_text_at_the_border_is_moved_into_the_picture():
    black = written([rectangle(SCORED_SIZE, 0, 18, 3, 20)], [0.9])
    assert black[0].any()
    assert black[:, -1].any()


def test_of_overlapping_texts_the_best_is_written():
    first, near, far = (
        rectangle(SCORED_SIZE, top, left, top + 3, left + 3) for top, left in ((10, 5), (10, 6), (17, 5))
    )
    assert np.array_equal(written([near, first], [0.5, 0.9]), written([first], [0.9]))
    both = written([first, far], [0.9, 0.9])
    assert np.array_equal(both, written([first], [0.9]) | written([far], [0.9]))


def test_a_single_class_is_not_named():
    single = dict(classes=('cat',), thing_classes=('cat',), stuff_classes=('background',))
    mask = rectangle(SCORED_SIZE, 10, 5, 15, 9)
    assert written([mask], [0.9], single).sum() < written([mask], [0.9]).sum()


def test_nothing_predicted_writes_nothing():
    assert not written([], []).any()
    assert not written([rectangle(SCORED_SIZE, 10, 5, 15, 9)], [0.2]).any()
