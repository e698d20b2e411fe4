"""A sheet of examples: each result at its place, and the classes below."""

import numpy as np

from mmmaskattn.visualization.class_table import ClassTable
from mmmaskattn.visualization.example_sheet import Example, draw_examples
from mmmaskattn.visualization.truth import UNLABELLED, Truth

TABLE = ClassTable(
    ('cat', 'dog', 'sky'), np.array([[200, 0, 0], [0, 200, 0], [0, 0, 200]], np.uint8), frozenset({'cat'})
)
SIDE = 64


def example():
    image = np.full((16, 16, 3), 100, np.uint8)
    labels = np.full((16, 16), 2, np.int32)
    labels[:, 8:] = 0
    ids = np.where(labels == 0, 1, 0).astype(np.int32)
    alone = np.where(labels == 0, 0, UNLABELLED).astype(np.int32)
    return Example(image, Truth(labels, np.zeros_like(ids)), Truth(alone, ids, (0,)), Truth(labels, ids, (0,)))


def test_panels_stand_where_they_are_said_to_and_the_legend_below():
    sheet = draw_examples([example(), example()], TABLE, SIDE)
    for row in range(2):
        top = 34 + row * (SIDE + 8)
        panels = [sheet[top : top + SIDE, 10 + c * (SIDE + 8) :][:, :SIDE].astype(int) for c in range(4)]
        image, semantic, instances, panoptic = ((one[32, 8], one[32, 48]) for one in panels)
        assert (image[0] == 100).all()
        assert semantic[0][2] > semantic[0][0], 'sky is blue'
        assert semantic[1][0] > semantic[1][2], 'a cat is red'
        assert (instances[0] == 100).all(), 'the image where there is no thing'
        assert instances[1][0] > instances[1][2]
        assert 0 < panoptic[0][2] < semantic[0][2], 'stuff is darker beside things'
        assert (panoptic[1] == instances[1]).all()
    legend = sheet[34 + 2 * (SIDE + 8) :]
    assert ((legend == TABLE.palette[0]).all(axis=2)).any()
    assert ((legend == TABLE.palette[2]).all(axis=2)).any()
    assert not ((legend == TABLE.palette[1]).all(axis=2)).any(), 'there is no dog'
