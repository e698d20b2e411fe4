"""Where the layouts keep images, label pictures and annotation json files, as tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from mmmaskattn_runtime.pictures import SUFFIXES

ANY_LABEL = 65535
VOID_LABEL = 255


class LabelFiles(NamedTuple):
    """Label pictures that belong to the images of a split by name: that of the image with another suffix.

    Attributes:
        folder: Folder under the data root; sub-folders (cities) as those of the images.
        suffix: What stands in place of the image's suffix.
        highest: Highest label allowed beside 255 (void).
    """

    folder: str
    suffix: str
    highest: int = ANY_LABEL


class Split(NamedTuple):
    """The images of one split and the label pictures beside them.

    Attributes:
        images: Folder under the data root.
        suffixes: Ends that the images' names may have.
        labels: Label pictures; a kind of which the data set has none is passed over.
    """

    images: str
    suffixes: tuple[str, ...]
    labels: tuple[LabelFiles, ...] = ()


class AnnotationFile(NamedTuple):
    """A COCO-format json file.

    Attributes:
        path: Under the data root.
        kind: What it holds.
        images: Folder that its images' ``file_name`` are relative to.
        pictures: Folder of the panoptic pictures; '' in an instance json.
    """

    path: str
    kind: Literal['panoptic', 'instance']
    images: str
    pictures: str = ''


class Layout(NamedTuple):
    """A layout; what of it a data set lacks is passed over.

    Attributes:
        name: As on the command line.
        splits: Images and label pictures.
        annotation_files: json files with what belongs to them.
        texts: Files that are copied as they are.
    """

    name: str
    splits: tuple[Split, ...]
    annotation_files: tuple[AnnotationFile, ...]
    texts: tuple[str, ...] = ()

    def matches(self, root: Path) -> bool:
        """Whether a data root has a folder of images of this layout."""
        return any((root / split.images).is_dir() for split in self.splits)


def _ade20k(name: str, folder: str) -> tuple[Split, tuple[AnnotationFile, ...]]:
    images = f'images/{folder}'
    labels = (LabelFiles(f'annotations/{folder}', '.png', 150), LabelFiles(f'annotations_instance/{folder}', '.png'))
    panoptic = f'ade20k_panoptic_{name}'
    return Split(images, ('.jpg',), labels), (
        AnnotationFile(f'{panoptic}.json', 'panoptic', images, panoptic),
        AnnotationFile(f'ade20k_instance_{name}.json', 'instance', images),
    )


def _coco(name: str) -> tuple[Split, tuple[AnnotationFile, ...]]:
    panoptic = f'annotations/panoptic_{name}2017'
    return Split(f'{name}2017', ('.jpg',)), (
        AnnotationFile(f'{panoptic}.json', 'panoptic', f'{name}2017', panoptic),
        AnnotationFile(f'annotations/instances_{name}2017.json', 'instance', f'{name}2017'),
    )


def _cityscapes(name: str) -> tuple[Split, tuple[AnnotationFile, ...]]:
    images, panoptic = f'leftImg8bit/{name}', f'gtFine/cityscapes_panoptic_{name}'
    highest = {'labelIds': 33, 'labelTrainIds': 18, 'instanceIds': ANY_LABEL, 'color': ANY_LABEL}
    labels = tuple(LabelFiles(f'gtFine/{name}', f'_gtFine_{kind}.png', most) for kind, most in highest.items())
    return Split(images, ('_leftImg8bit.png',), labels), (
        AnnotationFile(f'annotations/cityscapes_panoptic_{name}.json', 'panoptic', images, panoptic),
        AnnotationFile(f'annotations/instancesonly_filtered_gtFine_{name}.json', 'instance', images),
    )


def _your_data(name: str) -> tuple[Split, tuple[AnnotationFile, ...]]:
    """As configs/your_data has it, and with it CamVid, clothes, tiles and nuclei."""
    images, panoptic = f'images/{name}', f'panoptic/{name}'
    suffixes = (*SUFFIXES, *map(str.upper, SUFFIXES))
    return Split(images, suffixes, (LabelFiles(f'labels/{name}', '.png', VOID_LABEL - 1),)), (
        AnnotationFile(f'annotations/panoptic_{name}.json', 'panoptic', images, panoptic),
        AnnotationFile(f'annotations/instances_{name}.json', 'instance', images),
    )


def _layout(name: str, parts: list[tuple[Split, tuple[AnnotationFile, ...]]], texts: tuple[str, ...] = ()) -> Layout:
    return Layout(name, tuple(part[0] for part in parts), tuple(f for part in parts for f in part[1]), texts)


_TABLE = {
    layout.name: layout
    for layout in (
        _layout(
            'ade20k',
            [_ade20k('train', 'training'), _ade20k('val', 'validation')],
            ('objectInfo150.txt', 'sceneCategories.txt'),
        ),
        _layout('coco', [_coco('train'), _coco('val')]),
        _layout('cityscapes', [_cityscapes('train'), _cityscapes('val')]),
        _layout('your_data', [_your_data('train'), _your_data('val'), _your_data('test')], ('classes.json',)),
    )
}
LAYOUTS = tuple(_TABLE)


def find_layout(root: Path, name: str | None = None) -> Layout:
    """Find the layout of a data set.

    Args:
        root: Its data root.
        name: One of `LAYOUTS`, or None to look at the folders.

    Raises:
        FileNotFoundError: If the root or its folders of images are missing.
        ValueError: If the name is unknown, or none is given and the folders fit several layouts.
    """
    if name is not None and name not in _TABLE:
        raise ValueError(f'layout: found {name!r}, expected one of {", ".join(LAYOUTS)}.')
    if not root.is_dir():
        raise FileNotFoundError(f'{root}: no such folder. Expected the root of a data set.')
    choices = list(_TABLE.values()) if name is None else [_TABLE[name]]
    found = [layout for layout in choices if layout.matches(root)]
    if not found:
        folders = '; '.join(f'{c.name}: {" or ".join(split.images for split in c.splits)}' for c in choices)
        raise FileNotFoundError(f'{root}: no folder of images in it. Expected {folders}. Is this the data root?')
    if len(found) > 1:
        names = ' and '.join(layout.name for layout in found)
        raise ValueError(f'{root}: has folders of the layouts {names}. Choose one with --layout.')
    return found[0]


def left_out(root: Path, layout: Layout) -> Iterator[str]:
    """Yield what lies in a data root and has no part in the layout, so that a copy lacks it.

    Yields:
        Paths under the root, in order, hidden ones not.
    """
    used = {split.images for split in layout.splits} | set(layout.texts)
    used |= {labels.folder for split in layout.splits for labels in split.labels}
    for file in layout.annotation_files:
        used |= {file.path, file.pictures} - {''}
    parents = {str(parent) for path in used for parent in Path(path).parents} - {'.'}
    yield from _unused(root, root, used, parents)


def _unused(folder: Path, root: Path, used: set[str], parents: set[str]) -> Iterator[str]:
    for entry in sorted(folder.iterdir()):
        name = entry.relative_to(root).as_posix()
        if entry.name.startswith('.') or name in used:
            continue
        if name in parents:
            yield from _unused(entry, root, used, parents)
        else:
            yield name
