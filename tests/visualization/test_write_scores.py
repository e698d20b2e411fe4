"""Class and score on the picture."""

import numpy as np
from segment_samples import METAINFO, instances_of, rectangle, segment_sample

from mmmaskattn.visualization.class_table import ClassTable
from mmmaskattn.visualization.prediction import predicted_instances, write_scores

SIZE = (20, 20)


def written(masks, scores, metainfo=METAINFO):
    """Black pixels of the texts' backs, 200x200, over a grey picture."""
    sample = segment_sample(SIZE)
    sample.pred_instances = instances_of(masks, [0] * len(masks), scores, SIZE)
    picture = np.full((200, 200, 3), 90, np.uint8)
    drawn = write_scores(picture, predicted_instances(sample, 0.3), ClassTable.from_metainfo(metainfo))
    assert (picture == 90).all(), 'the picture given is left as it is'
    return (drawn == 0).all(axis=2)


def test_a_text_stands_over_the_corner_of_its_box():
    black = written([rectangle(SIZE, 10, 5, 15, 9)], [0.9])
    rows, columns = np.flatnonzero(black.any(axis=1)), np.flatnonzero(black.any(axis=0))
    assert columns.min() == 50
    assert rows.max() == 99


def test_a_text_at_the_border_is_moved_into_the_picture():
    black = written([rectangle(SIZE, 0, 18, 3, 20)], [0.9])
    assert black[0].any()
    assert black[:, -1].any()


def test_of_overlapping_texts_the_best_is_written():
    first, near, far = (rectangle(SIZE, top, left, top + 3, left + 3) for top, left in ((10, 5), (10, 6), (17, 5)))
    assert np.array_equal(written([near, first], [0.5, 0.9]), written([first], [0.9]))
    both = written([first, far], [0.9, 0.9])
    assert np.array_equal(both, written([first], [0.9]) | written([far], [0.9]))


def test_a_single_class_is_not_named():
    single = dict(classes=('cat',), thing_classes=('cat',), stuff_classes=('background',))
    mask = rectangle(SIZE, 10, 5, 15, 9)
    assert written([mask], [0.9], single).sum() < written([mask], [0.9]).sum()


def test_nothing_predicted_writes_nothing():
    assert not written([], []).any()
    assert not written([rectangle(SIZE, 10, 5, 15, 9)], [0.2]).any()
