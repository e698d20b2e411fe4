"""mIoU against a plain confusion matrix."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from scored_samples import THINGS, VOID, disturbed, evaluate, random_ids, truth, with_semantic

from mmmaskattn.evaluation import SegmentIoU

CAT, DOG, COW, SKY, SEA = range(5)


def pairs(seed: int, images: int = 4) -> list[tuple[np.ndarray, np.ndarray]]:
    """True labels (255 = void) and predicted ones (VOID = outside the classes)."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(images):
        labels = rng.integers(0, VOID - 1, 12).tolist()  # the last class never occurs
        ids = random_ids(rng, len(labels))
        guess, guessed = disturbed(rng, ids, labels)
        made.append((np.array([255, *labels])[ids], np.minimum(np.array([VOID, *guessed]), VOID)[guess]))
    return made


def sample_of(labels: np.ndarray, guess: np.ndarray):
    return with_semantic(truth(np.where(labels == 255, 0, labels + 1), range(VOID)), guess)


@pytest.mark.parametrize('seed', range(5))
def test_equals_a_confusion_matrix(seed):
    data = pairs(seed)
    confusion = np.zeros((VOID, VOID + 1))  # truth, prediction
    for labels, guess in data:
        for row, column in zip(labels.ravel(), guess.ravel()):
            if row != 255:
                confusion[row, column] += 1
    right, of_truth, of_guess = np.diag(confusion), confusion.sum(1), confusion.sum(0)[:VOID]
    union = of_truth + of_guess - right
    iou = [100 * right[c] / union[c] if union[c] else None for c in range(VOID)]

    def mean(values):
        known = [value for value in values if value is not None]
        return sum(known) / len(known)

    metrics = evaluate(SegmentIoU(), [sample_of(*pair) for pair in data])
    assert metrics == pytest.approx(
        dict(
            mIoU=mean(iou),
            mIoU_things=mean(iou[: len(THINGS)]),
            mIoU_stuff=mean(iou[len(THINGS) :]),
            aAcc=100 * right.sum() / of_truth.sum(),
            mAcc=mean([100 * right[c] / of_truth[c] if of_truth[c] else None for c in range(VOID)]),
        )
    )
    assert 20 < metrics['mIoU'] < 95
    assert metrics['aAcc'] != pytest.approx(metrics['mAcc'])


def test_perfect_prediction_and_names():
    labels = np.array([[CAT, CAT, SKY], [255, DOG, SEA]])
    metrics = evaluate(SegmentIoU(classwise=True), [sample_of(labels, np.where(labels == 255, COW, labels))])
    names = ('mIoU', 'mIoU_things', 'mIoU_stuff', 'aAcc', 'mAcc', 'IoU(cat)', 'IoU(dog)', 'IoU(sky)', 'IoU(sea)')
    assert metrics == dict.fromkeys(names, 100.0)


def test_sums_run_over_the_data_set_not_over_images():
    rare = sample_of(np.array([[CAT, SKY, SKY, SKY]]), np.array([[SKY, SKY, SKY, SKY]]))
    often = sample_of(np.array([[CAT, CAT, CAT, SKY]]), np.array([[CAT, CAT, CAT, SKY]]))
    assert evaluate(SegmentIoU(classwise=True), [rare, often])['IoU(cat)'] == 75


def test_nothing_to_score_gives_zero():
    empty = dict(mIoU=0.0, mIoU_things=0.0, mIoU_stuff=0.0, aAcc=0.0, mAcc=0.0)
    assert evaluate(SegmentIoU(), [sample_of(np.full((2, 2), 255), np.zeros((2, 2)))]) == empty
    assert evaluate(SegmentIoU(), []) == empty


def test_semantic_samples_of_mmseg_and_classes_without_kinds():
    sample = SegDataSample(metainfo=dict(img_path='x.png'))
    sample.gt_sem_seg = PixelData(data=torch.tensor([[[0, 0, 1, 255]]]))
    sample.pred_sem_seg = PixelData(data=torch.tensor([[[0, 1, 1, 1]]]))
    metrics = evaluate(SegmentIoU(), [sample], dict(classes=('a', 'b')))
    assert metrics == pytest.approx(dict(mIoU=50, aAcc=200 / 3, mAcc=75))


def test_sizes_that_differ_and_missing_prediction_are_named():
    sample = sample_of(np.zeros((2, 2), int), np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r'0\.png: the prediction is \(3, 2\)'):
        evaluate(SegmentIoU(), [sample])
    with pytest.raises(ValueError, match=r'0\.png: its data sample has no pred_sem_seg'):
        evaluate(SegmentIoU(), [truth(np.ones((2, 2)), [CAT])])


def test_classes_missing_are_named():
    with pytest.raises(ValueError, match='dataset_meta has no classes'):
        evaluate(SegmentIoU(), [sample_of(np.zeros((2, 2), int), np.zeros((2, 2)))], {})
