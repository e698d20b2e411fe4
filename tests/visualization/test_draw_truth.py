"""Stuff is flat, things are outlined, ignored pixels are striped, unlabelled ones show the image."""

import numpy as np

from mmmaskattn.visualization.class_table import ClassTable
from mmmaskattn.visualization.truth import BOX, IGNORED, UNLABELLED, Truth, draw_truth, outlines, stripes

TABLE = ClassTable.from_metainfo(
    dict(classes=('cat', 'grass'), palette=[(200, 0, 0), (0, 200, 0)], thing_classes=('cat',))
)
WHITE = [255, 255, 255]


def grey(size):
    return np.full((*size, 3), 100, np.uint8)


def test_stuff_is_flat_and_unlabelled_pixels_show_the_image():
    labels = np.full((4, 8), 1)
    labels[:, 6:] = UNLABELLED
    picture = draw_truth(grey((4, 8)), Truth(labels, np.zeros((4, 8), int)), TABLE, alpha=0.5)
    assert (picture[:, :6] == [50, 150, 50]).all()
    assert (picture[:, 6:] == 100).all()


def test_ignored_pixels_are_striped():
    picture = draw_truth(grey((16, 16)), Truth(np.full((16, 16), IGNORED), np.zeros((16, 16), int)), TABLE, alpha=1.0)
    assert np.array_equal(picture, stripes((16, 16)))
    assert len(np.unique(picture)) == 2


def test_touching_instances_have_colours_of_their_own_and_a_line_between():
    ids = np.repeat([[1, 2]], 2, axis=0)
    picture = draw_truth(grey((20, 20)), Truth(np.zeros((2, 2), int), ids, (0, 0)), TABLE, alpha=1.0)
    own = TABLE.instance_colours([0, 0]).tolist()
    assert picture[10, 5].tolist() == own[0]
    assert picture[10, 15].tolist() == own[1]
    assert picture[10, 10].tolist() == WHITE
    assert picture[10, 9].tolist() == own[0], 'one line, not two'


def test_outlines_surround_an_instance_also_at_the_pictures_border():
    ids = np.zeros((5, 5), int)
    ids[:3, :3] = 1
    expected = np.zeros((5, 5), bool)
    expected[:3, :3] = True
    expected[1, 1] = False
    assert np.array_equal(outlines(ids), expected)
    assert not outlines(np.zeros((3, 3), int)).any()


def test_boxes_are_drawn_without_masks_and_on_demand():
    nothing = np.full((10, 10), UNLABELLED)
    truth = Truth(nothing, np.zeros((10, 10), int), (), np.array([[2.0, 2, 8, 8]]), (0,))
    picture = draw_truth(grey((20, 20)), truth, TABLE)
    colour = TABLE.instance_colours([0])[0].tolist()
    assert picture[4, 10].tolist() == colour
    assert picture[10, 10].tolist() == [100] * 3
    ids = np.zeros((10, 10), int)
    ids[4, 4] = 1
    masked = Truth(nothing, ids, (0,), truth.boxes, (0,))
    assert draw_truth(grey((20, 20)), masked, TABLE)[4, 10].tolist() == [100] * 3
    assert draw_truth(grey((20, 20)), masked, TABLE, boxes=True)[4, 10].tolist() == list(BOX)
