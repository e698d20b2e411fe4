"""Pictures with a legend: regions have the class of the mark of their colour, and lie far from it."""

from __future__ import annotations

import numpy as np

from mmmaskattn.data_tools.mini.legend import CLASSES, SWATCHES, draw_legend_scene


def scenes(count: int = 20) -> list[tuple[np.ndarray, np.ndarray]]:
    return [draw_legend_scene(np.random.default_rng(seed), 128, 128) for seed in range(count)]


def swatches(picture: np.ndarray) -> list[np.ndarray]:
    side = 128 // 6
    places = [side // 2 + number * (side + side // 2) for number in range(SWATCHES)]
    return [picture[side // 4 :, place:][:side, :side].astype(float) for place in places]


def mark_of(square: np.ndarray, colour: np.ndarray) -> str:
    """A disc is black beside the diagonal's middle, a cross above it, a bar at neither."""
    black = square.sum(2) < 0.4 * colour.sum()
    return 'disc' if black[14, 14] else 'cross' if black[4, 10] else 'bar'


def test_a_region_has_the_class_of_the_mark_on_its_colour():
    for picture, labels in scenes():
        for square in swatches(picture):
            colour = np.median(square.reshape(-1, 3), axis=0)
            near = np.abs(picture.astype(float) - colour).max(2) < 40
            inside = labels[near & (labels > 0)]
            if not len(inside):
                continue
            label = np.bincount(inside).argmax()
            assert (inside == label).mean() > 0.97
            assert CLASSES[label] == mark_of(square, colour)


def test_regions_are_far_from_the_legend_and_colours_do_not_tell_the_class():
    hues: dict[int, set[int]] = {}
    for picture, labels in scenes(60):
        assert not labels[:48].any()
        for label in set(np.unique(labels)) - {0}:
            hues.setdefault(int(label), set()).add(int(np.median(picture[labels == label], axis=0).argmax()))
    assert hues == {label: {0, 1, 2} for label in (1, 2, 3)}
