"""Label maps mixed into images; `side_by_side` is tested with its hook."""

import numpy as np

from mmmaskattn.visualization.image import overlay_labels

PALETTE = np.array([[200, 0, 0], [0, 0, 200]], np.uint8)


def test_mixes_colours_by_alpha_and_enlarges_by_nearest_neighbour():
    image = np.full((6, 6, 3), 100, np.uint8)
    picture = overlay_labels(image, np.array([[0, 1]]), PALETTE, alpha=0.5)
    assert (picture[:, :3] == [150, 50, 50]).all()
    assert (picture[:, 3:] == [50, 50, 150]).all()


def test_labels_that_come_as_floats_are_drawn_as_whole_ones():
    image = np.full((1, 2, 3), 100, np.uint8)
    labels = np.array([[0, 1]])
    whole, floats = (overlay_labels(image, one, PALETTE, alpha=0.5) for one in (labels, labels.astype(np.float32)))
    assert np.array_equal(whole, floats)


def test_labels_outside_the_palette_are_dark_whichever_side_they_are_on():
    image = np.full((2, 2, 3), 100, np.uint8)
    picture = overlay_labels(image, np.array([[-1, 2], [255, 0]]), PALETTE, alpha=0.5)
    assert (picture[[0, 0, 1], [0, 1, 0]] == 50).all()
    assert (picture[1, 1] == [150, 50, 50]).all()
