"""Names and colours of classes and of instances."""

import numpy as np
import pytest
from mmseg.datasets import ADE20KDataset

from mmmaskattn.datasets import CamVidDataset
from mmmaskattn.visualization.class_table import UNKNOWN_COLOUR, ClassTable

PEOPLE = ClassTable.from_metainfo(
    dict(classes=('person', 'sky'), palette=[(220, 20, 60), (70, 130, 180)], thing_classes=('person',))
)


def test_names_and_colours_are_the_data_sets():
    table = ClassTable.from_metainfo(CamVidDataset.METAINFO)
    assert table.name(3) == 'road'
    assert table.colour(3) == (128, 64, 128)
    assert not table.things


def test_a_label_without_a_class_is_said_to_be_one():
    assert PEOPLE.name(200) == 'label 200: no such class'
    painted = PEOPLE.colours(np.array([[0, 1, 2, -2]]))
    assert painted.tolist() == [[[220, 20, 60], [70, 130, 180], list(UNKNOWN_COLOUR), list(UNKNOWN_COLOUR)]]


def test_background_follows_the_things():
    table = ClassTable.from_metainfo(
        dict(classes=('nucleus',), palette=[(9, 9, 9)], thing_classes=('nucleus',), stuff_classes=('background',))
    )
    assert table.names == ('nucleus', 'background')
    assert len(set(table.colour(1))) == 1, 'grey'


def test_classes_without_a_palette_get_different_colours():
    table = ClassTable.from_metainfo(dict(classes=[f'c{i}' for i in range(20)]))
    assert len({table.colour(i) for i in range(20)}) == 20
    assert ClassTable.from_metainfo({}).names == ()


def test_instances_of_a_class_differ_and_keep_their_colour_as_others_join():
    colours = PEOPLE.instance_colours([0] * 12)
    assert len({tuple(c) for c in colours.tolist()}) == 12
    assert np.array_equal(PEOPLE.instance_colours([0, 0]), colours[:2])
    assert np.array_equal(PEOPLE.instance_colours([1, 0, 0])[1:], colours[:2]), 'counted by class'
    assert PEOPLE.instance_colours([]).shape == (0, 3)


@pytest.mark.parametrize('label', range(0, 150, 7))
def test_instances_are_never_too_dark_to_be_seen(label: int):
    table = ClassTable.from_metainfo(ADE20KDataset.METAINFO)
    assert table.instance_colours([label] * 6).max(axis=1).min() > 140
