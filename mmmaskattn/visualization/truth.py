"""The truth of an image in one form, whatever a pipeline left it in, and its drawing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
from scipy import ndimage

from mmmaskattn.datasets.transforms.id_map import IdMap
from mmmaskattn.datasets.transforms.low_res_resize import resize_labels
from mmmaskattn.visualization.class_table import ClassTable
from mmmaskattn_runtime.drawing import outlines

IGNORED = -1
"""Label of pixels that the loss leaves out: void, crowd, padding."""
UNLABELLED = -2
"""Label of pixels about which the truth says nothing, as outside the instances of a detection data set."""

_OUTLINE = (255, 255, 255)
BOX = (255, 220, 0)
"""Colour of boxes over masks; alone, boxes have their instances' colours."""
_STRIPE = 8


@dataclass(frozen=True)
class Truth:
    """Truth of one image.

    Attributes:
        labels: int32 (H, W), class index, `IGNORED` or `UNLABELLED`.
        ids: int32 (H, W), 0 outside all instances, k on instance k.
        instance_labels: Class index of instance k at position k - 1.
        boxes: Boxes (x1, y1, x2, y2) in pixels of the map, shape (n, 4), float.
        box_labels: Class index of each box.
    """

    labels: np.ndarray
    ids: np.ndarray
    instance_labels: tuple[int, ...] = ()
    boxes: np.ndarray = field(default_factory=lambda: np.zeros((0, 4)))
    box_labels: tuple[int, ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) of the maps."""
        return self.labels.shape[0], self.labels.shape[1]

    def same_as(self, other: Truth | None) -> bool:
        """Tell whether another truth has the same labels, instances and boxes."""
        if other is None or self.shape != other.shape or self.instance_labels != other.instance_labels:
            return False
        pairs = ((self.labels, other.labels), (self.ids, other.ids), (self.boxes, other.boxes))
        return all(np.array_equal(mine, theirs) for mine, theirs in pairs)

    def numbered_like(self, other: Truth | None) -> Truth:
        """Take over another truth's numbers, and so its colours, if both have the same instances in the same places."""
        if other is None or self.shape != other.shape or not np.array_equal(self.labels, other.labels):
            return self
        if not np.array_equal(self.ids > 0, other.ids > 0):
            return self
        base = len(other.instance_labels) + 1
        pairs = np.unique(self.ids.astype(np.int64) * base + other.ids)
        one_to_one = all(len(np.unique(numbers)) == len(pairs) for numbers in divmod(pairs, base))
        return replace(self, ids=other.ids, instance_labels=other.instance_labels) if one_to_one else self


def read_truth(results: dict, ignore_index: int = 255) -> Truth | None:
    """Find the truth in the results of a step, before or after they are packed.

    Known are ``gt_id_map`` with ``segments`` (ours), ``gt_seg_map``, ``gt_masks``, ``gt_bboxes`` with
    ``gt_bboxes_labels`` and ``gt_ignore_flags`` (mmseg, mmdet), and the packed ``data_samples`` of both and of ours
    with ``gt_instance_map``. Masks are painted large first, so that small instances stay visible.

    Args:
        results: Result dictionary of a transform.
        ignore_index: Label in ``gt_seg_map`` of pixels to ignore.

    Returns:
        The truth, or None if there is none yet.
    """
    if 'data_samples' in results:
        results = _unpack(results['data_samples'])
    if results.get('gt_masks') is None and 'gt_id_map' in results:
        return _from_id_map(IdMap.of_sample(results))
    shape = _map_shape(results)
    if shape is None:
        return None
    labels = _semantic_labels(results.get('gt_seg_map'), shape, ignore_index)
    return _with_instances(labels, results)


def _unpack(sample: Any) -> dict[str, Any]:
    """Fields of a packed data sample under the names that they had before."""
    fields: dict[str, Any] = {'img_shape': sample.metainfo.get('img_shape')}
    if 'gt_sem_seg' in sample:
        packed = sample.gt_sem_seg
        fields['gt_seg_map'] = _array(packed.sem_seg if 'sem_seg' in packed else packed.data)
    found = [(sample.get(name), ignored) for name, ignored in (('gt_instances', False), ('ignored_instances', True))]
    parts = [(part, ignored) for part, ignored in found if part is not None and len(part)]
    if parts:
        fields['gt_bboxes_labels'] = np.concatenate([_array(part.labels) for part, _ in parts])
        fields['gt_ignore_flags'] = np.concatenate([np.full(len(part), ignored) for part, ignored in parts])
        if all('masks' in part for part, _ in parts):
            fields['gt_masks'] = np.concatenate([_masks(part.masks) for part, _ in parts])
        if all('bboxes' in part for part, _ in parts):
            fields['gt_bboxes'] = np.concatenate([_array(part.bboxes) for part, _ in parts])
    if 'gt_instance_map' in sample and 'gt_masks' not in fields:
        ids = _array(sample.gt_instance_map.ids)[0]
        fields['gt_masks'] = ids == np.arange(1, len(fields.get('gt_bboxes_labels', ())) + 1)[:, None, None]
    return fields


def _array(values: Any) -> np.ndarray:
    """A numpy array of a tensor, mmdet's boxes, or an array."""
    values = getattr(values, 'tensor', values)
    return np.asarray(values.cpu() if hasattr(values, 'cpu') else values)


def _masks(masks: Any) -> np.ndarray:
    """Masks as bool (n, H, W); mmdet's bitmap and polygon masks have ``to_ndarray``."""
    return np.asarray(masks.to_ndarray() if hasattr(masks, 'to_ndarray') else _array(masks), bool)


def _from_id_map(id_map: IdMap) -> Truth:
    """Truth of an exclusive map; id 0 and crowds are ignored."""
    labels = np.where(id_map.crowds, IGNORED, id_map.labels).astype(np.int32)
    labels[0] = IGNORED
    things = np.flatnonzero(id_map.things & ~id_map.crowds)
    renumbered = np.zeros(len(labels), np.int32)
    renumbered[things] = np.arange(1, len(things) + 1)
    return Truth(labels[id_map.ids], renumbered[id_map.ids], tuple(id_map.labels[things].tolist()))


def _map_shape(results: dict) -> tuple[int, int] | None:
    """(H, W) of the truth, or None if there is no truth."""
    if results.get('gt_seg_map') is not None:
        height, width = results['gt_seg_map'].shape[-2:]
        return height, width
    masks = results.get('gt_masks')
    if masks is not None:
        return (masks.height, masks.width) if hasattr(masks, 'height') else masks.shape[1:]
    if results.get('gt_bboxes') is None:
        return None
    shape = results['img'].shape if 'img' in results else results['img_shape']
    return shape[0], shape[1]


def _semantic_labels(label_map: np.ndarray | None, shape: tuple[int, int], ignore_index: int) -> np.ndarray:
    """The semantic map, or a map without labels."""
    if label_map is None:
        return np.full(shape, UNLABELLED, np.int32)
    labels = label_map.reshape(shape).astype(np.int32)
    labels[labels == ignore_index] = IGNORED
    return labels


def _with_instances(labels: np.ndarray, results: dict) -> Truth:
    """Paint the instances onto the semantic map; ignored ones (crowd) become ignored pixels."""
    ids = np.zeros(labels.shape, np.int32)
    classes = _array(results.get('gt_bboxes_labels', ())).astype(int)
    ignored = _array(results.get('gt_ignore_flags', np.zeros(len(classes)))).astype(bool)
    masks = results.get('gt_masks')
    masks = np.zeros((0, *labels.shape), bool) if masks is None else _masks(masks)
    flags = ignored[: len(masks)]
    labels[masks[flags].any(axis=0)] = IGNORED
    masks, kept = masks[~flags], classes[: len(masks)][~flags]
    for index in np.argsort(-masks.sum(axis=(1, 2), dtype=np.int64), kind='stable'):
        ids[masks[index]] = index + 1
        labels[masks[index]] = kept[index]
    boxes = _array(results['gt_bboxes']) if results.get('gt_bboxes') is not None else np.zeros((0, 4))
    shown = ~ignored[: len(boxes)]
    return Truth(labels, ids, tuple(kept.tolist()), boxes[shown], tuple(classes[: len(boxes)][shown].tolist()))


def draw_truth(
    image: np.ndarray,
    truth: Truth,
    table: ClassTable,
    alpha: float = 0.6,
    boxes: bool = False,
    stuff_shade: float = 1.0,
) -> np.ndarray:
    """Lay the truth over an image.

    Stuff and semantic labels are flat. Things are outlined in white and differ from one another. Ignored pixels are
    striped; pixels about which the truth says nothing show the image.

    Args:
        image: RGB, uint8, (H, W, 3), at the size at which it is shown.
        truth: Truth of any size; it is brought to the image's at exact pixel centres.
        table: Names and colours of the classes.
        alpha: Share of the colours in the mixture.
        boxes: Draw boxes too. They are always drawn where there are boxes but no masks.
        stuff_shade: Brightness of the colours outside things, 0 to 1.

    Returns:
        RGB, uint8, (H, W, 3).
    """
    size = (image.shape[0], image.shape[1])
    labels, ids = resize_labels(truth.labels, size), resize_labels(truth.ids, size)
    colours = (stuff_shade * table.colours(labels)).round().astype(np.uint8)
    own = table.instance_colours(truth.instance_labels)
    if len(own):
        colours[ids > 0] = own[ids[ids > 0] - 1]
    ignored = labels == IGNORED
    colours[ignored] = stripes(size)[ignored]
    mixed = cv2.addWeighted(colours, alpha, image, 1 - alpha, 0)
    mixed[labels == UNLABELLED] = image[labels == UNLABELLED]
    mixed[outlines(ids)] = _OUTLINE
    if boxes or not len(own):
        _draw_boxes(mixed, truth, table)
    return mixed


def stripes(size: tuple[int, int]) -> np.ndarray:
    """Diagonal stripes, the sign of ignored pixels.

    Args:
        size: (H, W).

    Returns:
        RGB, uint8, (H, W, 3).
    """
    rows, columns = np.mgrid[: size[0], : size[1]]
    light = (rows + columns) // (_STRIPE // 2) % 2 == 0
    return np.repeat(np.where(light, 150, 40).astype(np.uint8)[..., None], 3, axis=2)


def _with_boxes(truth: Truth) -> Truth:
    """The truth with the boxes of its instances, if it has none."""
    if len(truth.boxes):
        return truth
    places = ndimage.find_objects(truth.ids, len(truth.instance_labels))
    found = [(place, label) for place, label in zip(places, truth.instance_labels) if place is not None]
    boxes = [(columns.start, rows.start, columns.stop, rows.stop) for (rows, columns), _ in found]
    return replace(truth, boxes=np.array(boxes, float).reshape(-1, 4), box_labels=tuple(label for _, label in found))


def _draw_boxes(picture: np.ndarray, truth: Truth, table: ClassTable) -> None:
    """Draw the boxes into the picture, in place."""
    truth = _with_boxes(truth)
    own = table.instance_colours(truth.box_labels)
    colours = np.full_like(own, BOX) if truth.instance_labels else own
    scale = np.array([picture.shape[1] / truth.shape[1], picture.shape[0] / truth.shape[0]] * 2)
    for box, colour in zip(truth.boxes, colours):
        left, top, right, bottom = (round(value) for value in box * scale)
        cv2.rectangle(picture, (left, top), (right - 1, bottom - 1), colour.tolist(), 2)
