"""From the maps that a network gives to the fields of a `Result`, with memory that does not grow with the objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from mmmaskattn_runtime.resizing import nearest
from mmmaskattn_runtime.result import UNLABELLED, Classes, Instance, extents, look_up, panoptic_result
from mmmaskattn_runtime.run_lengths import encode_map

Size = tuple[int, int]


class Objects(NamedTuple):
    """The objects of a picture as a network gives them.

    Attributes:
        owners: int (h, w), the object that a pixel belongs to, -1 for none.
        labels: int (K,), their classes.
        scores: float (K,), 0 to 1.
        class_scores: float (K, T), their scores as each class of things, of which ``scores`` are the greatest.
    """

    owners: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    class_scores: np.ndarray

    def present(self) -> np.ndarray:
        """Numbers of the objects that have pixels, rising."""
        return np.flatnonzero(np.bincount(self.owners.ravel().astype(np.int64) + 1, minlength=2)[1:])


def semantic_fields(labels: np.ndarray, classes: Classes, size: Size) -> dict[str, Any]:
    """Make the fields of a `Result` of a map of classes.

    Args:
        labels: int (h, w); what is no label of a class says nothing.
        classes: What the model tells apart.
        size: (H, W) of the picture.
    """
    known = (labels >= 0) & (labels < len(classes.names))
    return dict(labels=nearest(np.where(known, labels, UNLABELLED).astype(np.int16), size))


def instance_fields(found: Objects, classes: Classes, size: Size, score: float, most: int) -> dict[str, Any]:
    """Make the field ``instances`` of a `Result`: the best pairs of object and class, as mmdet gives them.

    Args:
        found: The objects.
        classes: What the model tells apart.
        size: (H, W) of the picture.
        score: Least score of an instance.
        most: Most instances.
    """
    present, things = found.present(), np.array(sorted(classes.things), np.int64)
    pairs = found.class_scores[present].ravel()
    order = np.argsort(-pairs, kind='stable')[:most]
    order = order[pairs[order] >= score]
    groups, labels = present[order // len(things)], things[order % len(things)]
    owners = nearest(found.owners.astype(np.int32, copy=False), size)
    return dict(instances=instances_of_map(owners, groups.tolist(), labels.tolist(), pairs[order].tolist(), classes))


def instances_of_map(
    owners: np.ndarray, groups: Sequence[int], labels: Sequence[int], scores: Sequence[float], classes: Classes
) -> tuple[Instance, ...]:
    """Make instances of one map.

    Args:
        owners: int (H, W), the group of each pixel, -1 for none.
        groups: Number of each instance in the map.
        labels: Class of each.
        scores: Score of each.
        classes: What the model tells apart.

    Returns:
        The instances that have a pixel, in the order given.
    """
    places = extents(owners + 1, max(int(owners.max()) + 1, 0))
    found = []
    for group, label, score, mask in zip(groups, labels, scores, encode_map(owners, groups)):
        place = places[group] if group < len(places) else None
        if place is not None:
            left, top, right, bottom = map(float, place.box)
            box = (left, top, right, bottom)
            found.append(Instance(label, classes.name(label), score, box, mask, place.area, place.centre))
    return tuple(found)


def panoptic_fields(labels: np.ndarray, found: Objects, classes: Classes, size: Size) -> dict[str, Any]:
    """Make the fields of a `Result` of a panoptic map; stuff comes first, by label, then the objects, the best first.

    Args:
        labels: int (h, w), the class of each pixel after fusion; what is no label of a class says nothing.
        found: The objects before fusion; a pixel is its owner's where fusion gave it the owner's class.
        classes: What the model tells apart.
        size: (H, W) of the picture.
    """
    count = len(classes.names)
    stuff = np.where((labels >= 0) & (labels < count), labels, count)
    is_thing = np.zeros(count + 1, bool)
    is_thing[list(classes.things)] = True
    of_owner = look_up(np.append(found.labels, -1), found.owners)  # owner -1 takes the last, no class
    painted = look_up(is_thing, stuff) & (of_owner == stuff)
    objects = found._replace(owners=np.where(painted, found.owners, -1))
    flat, present = np.flatnonzero(np.bincount(stuff[~painted])), objects.present()
    order = present[np.argsort(-found.scores[present], kind='stable')]
    flat = flat[flat < count]
    of_stuff, of_objects = np.zeros(count + 1, np.int32), np.zeros(len(found.scores) + 1, np.int32)
    of_stuff[flat] = np.arange(1, len(flat) + 1)
    of_objects[order] = np.arange(len(flat) + 1, len(flat) + len(order) + 1)
    ids = np.where(painted, look_up(of_objects, found.owners), look_up(of_stuff, stuff))
    return panoptic_result(nearest(ids, size), classes, [*flat.tolist(), *found.labels[order].tolist()])
