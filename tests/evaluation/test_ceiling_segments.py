"""Instances and panoptic maps reduced to the network's size and enlarged again."""

from __future__ import annotations

import numpy as np
import pytest
from pictures import disc
from scored_samples import THINGS, VOID, evaluate

from mmmaskattn.evaluation import InstanceAP, PanopticQuality, SegmentIoU
from mmmaskattn.evaluation.ceiling import oracle_segments

CAT, DOG, COW, SKY, SEA = range(5)


def results(ids: np.ndarray, labels: list[int], crowds: tuple[int, ...] = ()) -> dict:
    segments = [
        dict(id=k, label=label, isthing=label < len(THINGS), iscrowd=int(k in crowds))
        for k, label in enumerate(labels, 1)
    ]
    return dict(gt_id_map=ids.astype(np.int32), segments=segments, img_id=1, img_path='a.png')


def figures(ids, labels, size, crowds=()) -> dict[str, float]:
    sample = oracle_segments(results(ids, labels, crowds), size, VOID)
    metrics: dict[str, float] = {}
    for metric in (PanopticQuality(), InstanceAP(), SegmentIoU()):
        metrics.update(evaluate(metric, [sample]))
    return metrics


def quarters() -> np.ndarray:
    """Two cats, sky and sea, a quarter each."""
    return np.kron([[1, 2], [3, 4]], np.ones((64, 64), int))


def test_at_native_size_nothing_is_lost():
    metrics = figures(quarters(), [CAT, CAT, SKY, SEA], (128, 128))
    assert all(metrics[name] == pytest.approx(100) for name in ('PQ', 'PQ_things', 'AP', 'AP@100', 'mIoU', 'aAcc'))


def test_whole_factors_and_straight_borders_lose_nothing():
    """Bilinear one-hot masks cross one half on the border between two pixels, which is the true one."""
    metrics = figures(quarters(), [CAT, CAT, SKY, SEA], (32, 32))
    assert metrics['PQ'] > 99
    assert metrics['AP'] == pytest.approx(100)
    assert metrics['mIoU'] > 99


def test_disc_loses_little_and_more_at_fewer_pixels():
    ids = 2 - disc((480, 640), (200, 300), 60)[1].astype(int)
    scores = [figures(ids, [DOG, SEA], (side, side)) for side in (16, 32, 64, 128)]
    assert [one['SQ_things'] for one in scores] == sorted(one['SQ_things'] for one in scores)
    assert 80 < scores[0]['SQ_things'] < 95 < scores[-1]['SQ_things'] < 100
    assert scores[-1]['mIoU_stuff'] > 99


def test_instance_under_one_pixel_is_missed_or_kept_by_its_centre():
    """64x64 to 16x16: pixel (2, 2) of each 4x4 block is its centre."""
    ids = np.full((64, 64), 3)
    ids[0, 0], ids[6, 6] = 1, 2
    sample = oracle_segments(results(ids, [CAT, CAT, SKY]), (16, 16), VOID)
    assert len(sample.gt_instances) == 2
    assert len(sample.pred_instances) == 1
    assert sample.pred_instances.masks[0, 6, 6]
    assert 0 < sample.pred_instances.scores[0] < 0.5


def test_crowd_and_void_predict_nothing():
    ids = quarters()
    ids[ids == 4] = 0
    sample = oracle_segments(results(ids, [CAT, CAT, SKY], crowds=(2,)), (128, 128), VOID)
    assert sample.pred_instances.labels.tolist() == [CAT]
    panoptic = sample.pred_panoptic_seg.sem_seg[0].numpy()
    assert (panoptic[ids == 0] == VOID).all()
    assert (panoptic[ids == 2] == VOID).all()
    assert (panoptic[ids == 1] == CAT + 1000).all()
    assert (panoptic[ids == 3] == SKY).all()
    assert (sample.pred_sem_seg.sem_seg[0].numpy()[ids == 2] == 255).all()
    metrics = figures(ids, [CAT, CAT, SKY], (128, 128), crowds=(2,))
    assert metrics['PQ'] == metrics['mIoU'] == pytest.approx(100)


@pytest.mark.parametrize('ids', [np.zeros((40, 50), int), np.ones((40, 50), int)])
def test_images_without_instances(ids):
    sample = oracle_segments(results(ids, [SKY]), (16, 16), VOID)
    assert sample.pred_instances.masks.shape == (0, 40, 50)
    assert len(sample.pred_instances.scores) == 0
    assert sample.pred_panoptic_seg.sem_seg.unique().tolist() == [SKY if ids.any() else VOID]
