"""Which of the layouts a folder of labels has, and its reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmmaskattn.data_tools.init.coco import read_coco
from mmmaskattn.data_tools.init.label_maps import read_label_maps
from mmmaskattn.data_tools.init.labelled import Labelled
from mmmaskattn.data_tools.init.object_masks import read_id_maps, read_object_files
from mmmaskattn.data_tools.init.outlines import read_labelme, read_yolo
from mmmaskattn.data_tools.init.pairs import list_files, list_pictures, pair_up
from mmmaskattn_runtime.pictures import SUFFIXES

NOT_LABELS = ('classes.json', 'classes.txt', 'labels.txt', 'readme.txt', 'train.txt', 'val.txt', 'test.txt')


@dataclass(frozen=True)
class Given:
    """What the user has given.

    Attributes:
        images: Folder of pictures.
        labels: Folder of labels; with a COCO json, that of panoptic pictures.
        coco: COCO json.
        classes: Names of the classes.
        task: ``'instance'`` where each number of a label picture is an object.
        workers: Processes.
    """

    images: Path
    labels: Path | None = None
    coco: Path | None = None
    classes: tuple[str, ...] = ()
    task: str | None = None
    workers: int | None = None


def read_labelled(given: Given, folder: Path) -> Labelled:
    """Find out what the labels are, and read or convert them.

    Args:
        given: What the user has given.
        folder: Where to write what has to be converted.

    Returns:
        The data.

    Raises:
        FileNotFoundError: If a folder or file is absent or empty.
        ValueError: If the labels are of no known kind, or damaged; the message names file or folder.
    """
    names = list_pictures(given.images, '--images')
    coco = given.coco
    if given.labels is not None and given.labels.suffix == '.json':
        coco = coco or given.labels
    if coco is not None:
        pictures = given.labels if given.labels != coco else None
        return _of_task(read_coco(given.images, names, coco, pictures), given)
    if given.labels is None:
        raise ValueError('give --labels, a folder, or --coco, a json')
    if not given.labels.is_dir():
        raise FileNotFoundError(
            f'--labels {given.labels}: no such folder; name the folder of your labels, or a COCO json with --coco'
        )
    return _of_task(_read_folder(given, given.labels, names, folder), given)


def _read_folder(given: Given, labels: Path, names: list[str], folder: Path) -> Labelled:
    kinds = {'.json': _labels_of(labels, ('.json',)), '.txt': _labels_of(labels, ('.txt',))}
    same = labels.resolve() == given.images.resolve()
    pictures = [] if same else list_files(labels, SUFFIXES)
    if not pictures and not any(kinds.values()):
        where = ' beside the pictures' if same else ''
        raise FileNotFoundError(
            f'--labels {labels}: no labels in it or below{where}; expected label pictures, LabelMe json files or YOLO '
            f'txt files; docs/how-to/label-formats.md lists them'
        )
    if pictures:
        pairing = pair_up(names, pictures, str(labels))
        if pairing.many:
            return read_object_files(given.images, labels, pairing, given.classes, given.workers)
        if given.task == 'instance':
            return read_id_maps(given.images, labels, pairing, given.classes, given.workers)
        return read_label_maps(given.images, labels, pairing, given.classes, folder, given.workers)
    if kinds['.json']:
        return read_labelme(given.images, labels, pair_up(names, kinds['.json'], str(labels)), given.classes)
    return read_yolo(given.images, labels, pair_up(names, kinds['.txt'], str(labels)), given.classes)


def _labels_of(labels: Path, suffixes: Sequence[str]) -> list[str]:
    return [name for name in list_files(labels, tuple(suffixes)) if name.rpartition('/')[2].lower() not in NOT_LABELS]


def _of_task(labelled: Labelled, given: Given) -> Labelled:
    """Refuse another task than the labels are for."""
    if given.task not in (None, labelled.task):
        raise ValueError(
            f'--task {given.task}: {given.coco or given.labels} holds {labelled.layout}, which is {labelled.task}; '
            f'leave --task out, or give labels of that kind (docs/how-to/label-formats.md)'
        )
    return labelled
