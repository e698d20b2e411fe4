"""Instance and panoptic predictions written in COCO's result formats."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmengine import fileio
from mmengine.dist import is_main_process
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from pycocotools import mask as run_lengths

from mmmaskattn.datasets.panoptic_png import id_to_rgb
from mmmaskattn.datasets.transforms.id_map import IGNORE_LABEL
from mmmaskattn.evaluation.classes import ClassKinds, class_kinds
from mmmaskattn.evaluation.id_maps import as_array, label_map, name_of, predicted_segments
from mmmaskattn.registry import METRICS
from mmmaskattn.utils.files import atomic_write, free_folder, unique_names
from mmmaskattn.utils.option_types import CollectDevice, Name


@METRICS.register_module()
class SegmentDump(BaseMetric):
    """Write predictions in COCO's result formats, at the size at which the model gives them.

    ``instances.json`` (from ``pred_instances``): a list of ``image_id``, ``category_id``, ``bbox`` ([x, y, width,
    height]), ``score`` and ``segmentation`` (run-length code), as pycocotools' ``COCO.loadRes`` reads it.
    ``panoptic.json`` with ``panoptic/<image>.png`` (from ``pred_panoptic_seg``): COCO's panoptic format with
    ``images`` and ``categories``, which our panoptic data sets read; a PNG holds segment ids R + 256 G + 65536 B, 0
    where there is no segment. ``semantic/<image>.png`` (from ``pred_sem_seg``): the class of each pixel, as its place
    in the list of classes, things first, from 0 on; 255 where there is none.

    The first process writes, once all predictions are collected; every file is whole or not there. It is no metric and
    reports none.

    Args:
        output_dir: Folder to write to; it must be absent or empty. If something has come into it by the time of
            writing, a folder beside it is used.
        ann_file: COCO json whose category ids and image file names are used. Without it, or for classes that it does
            not list, ids are counted on from its largest: 1 for the first class; file names are then paths from the
            folder that all images have in common.
        collect_device: See ``BaseMetric``.

    Raises:
        FileExistsError: If there is something in the folder.
        FileNotFoundError: If the json is missing.
        ValueError: If it is no COCO json.
    """

    default_prefix = 'dump'

    def __init__(self, output_dir: Name, ann_file: Name | None = None, collect_device: CollectDevice = 'cpu') -> None:
        super().__init__(collect_device)
        self.folder = Path(output_dir)
        # Read now: a file that cannot be used must not be found out after the whole test.
        self.given = _read_json(ann_file) if ann_file and is_main_process() else {}
        if is_main_process() and free_folder(self.folder) != self.folder:
            raise FileExistsError(f'SegmentDump: {output_dir} is not empty and nothing in it is overwritten: move it')

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Encode the predictions of a batch; masks as run lengths, panoptic maps as PNG.

        Raises:
            ValueError: If a sample has neither instances with masks nor a panoptic map, or no ``img_id``.
        """
        num_classes = len(class_kinds(self.dataset_meta).names)
        for sample in data_samples:
            has_masks, has_map = 'masks' in (sample.get('pred_instances') or {}), 'pred_panoptic_seg' in sample
            if 'img_id' not in sample or not (has_masks or has_map):
                raise ValueError(
                    f'SegmentDump: the data sample of {name_of(sample)} has {sorted(sample)}. Expected img_id (see '
                    f'meta_keys of PackDetInputs), and pred_instances with masks or pred_panoptic_seg.'
                )
            self.results.append(
                dict(
                    image_id=sample['img_id'],
                    path=sample['img_path'],
                    instances=encode_instances(sample['pred_instances']) if has_masks else None,
                    panoptic=encode_panoptic(sample, num_classes) if has_map else None,
                    semantic=encode_semantic(sample, num_classes) if 'pred_sem_seg' in sample else None,
                )
            )

    def compute_metrics(self, results: list) -> dict:
        """Write the files."""
        folder = free_folder(self.folder)
        categories = categories_of(class_kinds(self.dataset_meta), self.given.get('categories', []))
        written = [
            _write_instances(folder, [r for r in results if r['instances'] is not None], categories),
            _write_panoptic(folder, [r for r in results if r['panoptic'] is not None], categories, self.given),
            _write_semantic(folder, [r for r in results if r['semantic'] is not None]),
        ]
        print_log(f'Predictions of {len(results)} images: {", ".join(filter(None, written))}.', logger='current')
        return {}


def categories_of(kinds: ClassKinds, given: Sequence[dict]) -> list[dict]:
    """Find the category of each class.

    Args:
        kinds: The classes.
        given: A json's categories: dictionaries with ``id`` and ``name``.

    Returns:
        By class label, ``id``, ``name`` and ``isthing``; classes that are not given get new ids.
    """
    known = {category['name']: category['id'] for category in given}
    last, categories = max(known.values(), default=0), []
    for name in kinds.names:
        last += name not in known
        categories.append(dict(id=known.get(name, last), name=name, isthing=int(name in kinds.things)))
    return categories


def encode_instances(instances: Mapping[str, Any]) -> list[dict]:
    """Encode the instances of an image.

    Args:
        instances: ``masks`` bool (n, h, w), ``bboxes`` (n, 4) x1 y1 x2 y2, ``labels``, ``scores``.

    Returns:
        For each instance ``label``, ``score``, ``bbox`` and ``segmentation``.
    """
    masks = as_array(instances['masks']).astype(np.uint8)
    codes = run_lengths.encode(np.asfortranarray(masks.transpose(1, 2, 0))) if len(masks) else []
    boxes, labels, scores = (as_array(instances[name]).tolist() for name in ('bboxes', 'labels', 'scores'))
    return [
        dict(
            label=label,
            bbox=[x1, y1, x2 - x1, y2 - y1],
            score=score,
            segmentation=dict(size=[int(side) for side in code['size']], counts=code['counts'].decode()),
        )
        for code, (x1, y1, x2, y2), label, score in zip(codes, boxes, labels, scores)
    ]


def encode_panoptic(sample: Mapping[str, Any], num_classes: int) -> dict[str, Any]:
    """Encode the panoptic map of an image.

    Args:
        sample: The data sample as a dictionary, with ``pred_panoptic_seg``.
        num_classes: Number of classes, things and stuff.

    Returns:
        ``png``: the file's bytes, segment ids from 1 on, 0 for no segment; ``size``: [h, w]; ``segments``:
        dictionaries with ``id``, ``label``, ``area`` in pixels, ``bbox`` [x, y, width, height].
    """
    found = predicted_segments(label_map(sample, 'pred_panoptic_seg'), num_classes, sample)
    segments = []
    for number, label in enumerate(found.labels[1:].tolist(), start=1):
        mask = (found.ids == number).astype(np.uint8)
        box = [int(side) for side in cv2.boundingRect(mask)]
        segments.append(dict(id=number, label=label, area=int(mask.sum()), bbox=box))
    png = cv2.imencode('.png', id_to_rgb(found.ids)[..., ::-1])[1].tobytes()
    return dict(png=png, size=list(found.ids.shape), segments=segments)


def encode_semantic(sample: Mapping[str, Any], num_classes: int) -> bytes:
    """Encode the semantic map of an image as PNG.

    Args:
        sample: The data sample as a dictionary, with ``pred_sem_seg``.
        num_classes: Number of classes, things and stuff.

    Returns:
        The file's bytes: labels from 0 on, `IGNORE_LABEL` outside the classes.
    """
    labels = label_map(sample, 'pred_sem_seg')
    known = (labels >= 0) & (labels < num_classes)
    return cv2.imencode('.png', np.where(known, labels, IGNORE_LABEL).astype(np.uint8))[1].tobytes()


def _read_json(path: str) -> dict[str, list]:
    """Categories and images of a COCO json; the annotations are not kept."""
    try:
        content = json.loads(fileio.get_text(path))
        return {name: content[name] for name in ('categories', 'images')}
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(
            f'SegmentDump: ann_file {path} is no COCO json: {error!r}. Expected one with categories and images.'
        ) from None


def _write_instances(folder: Path, records: list[dict], categories: list[dict]) -> str:
    """Write ``instances.json`` if the model predicts instances; return what was written."""
    if not records:
        return ''
    rows = [
        dict(image_id=record['image_id'], category_id=categories[instance.pop('label')]['id'], **instance)
        for record in records
        for instance in record['instances']
    ]
    atomic_write(folder / 'instances.json', json.dumps(rows).encode())
    return f'{len(rows)} instances in {folder / "instances.json"}'


def _write_panoptic(folder: Path, records: list[dict], categories: list[dict], given: dict) -> str:
    """Write the PNGs, then ``panoptic.json``, if the model predicts panoptic maps; return what was written."""
    if not records:
        return ''
    names = unique_names(record['path'] for record in records)
    file_names = {image['id']: image['file_name'] for image in given.get('images', [])}
    common = os.path.commonpath([os.path.dirname(path) for path in names]) or '.'
    content: dict[str, list] = dict(images=[], annotations=[], categories=categories)
    for record in records:
        image_id, panoptic, png = record['image_id'], record['panoptic'], f'{names[record["path"]]}.png'
        atomic_write(folder / 'panoptic' / png, panoptic['png'])
        height, width = panoptic['size']
        file_name = file_names.get(image_id, os.path.relpath(record['path'], common))
        content['images'].append(dict(id=image_id, file_name=file_name, height=height, width=width))
        segments = [_with_category(segment, categories) for segment in panoptic['segments']]
        content['annotations'].append(dict(image_id=image_id, file_name=png, segments_info=segments))
    atomic_write(folder / 'panoptic.json', json.dumps(content).encode())
    return f'{len(records)} panoptic maps in {folder / "panoptic"} and {folder / "panoptic.json"}'


def _write_semantic(folder: Path, records: list[dict]) -> str:
    """Write the label maps, if the model predicts them; return what was written."""
    if not records:
        return ''
    names = unique_names(record['path'] for record in records)
    for record in records:
        atomic_write(folder / 'semantic' / f'{names[record["path"]]}.png', record['semantic'])
    return f'{len(records)} label maps in {folder / "semantic"}'


def _with_category(segment: dict, categories: list[dict]) -> dict:
    """A segment with its category in place of its label."""
    category = categories[segment.pop('label')]
    return dict(segment, category_id=category['id'], isthing=category['isthing'], iscrowd=0)
