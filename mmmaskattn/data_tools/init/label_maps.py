"""Label pictures, one a picture: class indices are read as they are, masks, grey levels and colours become indices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmmaskattn.data_tools.init.class_names import find_class_names
from mmmaskattn.data_tools.init.labelled import Labelled
from mmmaskattn.data_tools.init.pairs import Pairing
from mmmaskattn.data_tools.segments import label_png
from mmmaskattn.datasets.transforms.load_seg_map import read_label_image
from mmmaskattn.utils.files import atomic_write
from mmmaskattn.utils.progress import map_with_progress

VOID = 255
BLUR, BLURRED_SHARE = 24, 0.97
"""Masks in JPEG files are not quite 0 and 255: so far off may be this share of their pixels."""
SOFT_VALUES = 64
"""With more values between dark and bright than this a mask has soft edges: class indices are fewer."""
JPEG = ('.jpg', '.jpeg')
MOST_COLOURS = 255
BINARY_NAMES = ('background', 'object')


class LabelScan(NamedTuple):
    """What the label pictures hold, one or all of them together.

    Attributes:
        colours: (N, 3) RGB colours that occur; None of pictures of one channel.
        counts: int64 (256,), pixels of each value; of pictures of one channel.
        highest: Highest value.
        lossy: Whether JPEG has changed the values.
    """

    colours: np.ndarray | None
    counts: np.ndarray
    highest: int
    lossy: bool = False

    @property
    def values(self) -> list[int]:
        """Values that occur, the ignored one left out."""
        return [value for value in np.flatnonzero(self.counts).tolist() if value != VOID]

    @property
    def is_mask(self) -> bool:
        """Whether there is only dark and bright: 0 and 255, or nearly so."""
        _, between, bright = np.split(self.counts, [BLUR + 1, VOID - BLUR])
        if not bright.any() or self.highest > VOID:
            return False
        nearly = between.sum() <= (1 - BLURRED_SHARE) * self.counts.sum()
        soft = self.lossy or np.count_nonzero(between) > SOFT_VALUES
        return self.counts[1:VOID].sum() == 0 or bool(nearly and soft)


def scan_label(path: str) -> LabelScan:
    """Look which values a label picture holds.

    Args:
        path: The file.

    Raises:
        ValueError: If it is no picture, has fractions, or more colours than there can be classes; the message names it.
    """
    stored = _one_channel_if_grey(read_label_image(path))
    if stored.dtype.kind not in 'bui':
        raise ValueError(f'{path}: labels of {stored.dtype}, expected whole numbers')
    counts = np.zeros(256, np.int64)
    if stored.ndim == 3:
        colours = np.unique(stored.reshape(-1, 3), axis=0)[:, ::-1]
        if len(colours) > MOST_COLOURS:
            raise ValueError(
                f'{path}: {len(colours)} different colours, expected one a class, at most {MOST_COLOURS}; JPEG blurs '
                f'colours: write label pictures as PNG'
            )
        return LabelScan(colours, counts, 0)
    highest = int(stored.max(initial=0))
    if highest <= VOID:
        counts = np.bincount(stored.ravel(), minlength=256).astype(np.int64)
    return LabelScan(None, counts, highest, path.lower().endswith(JPEG))


def _one_channel_if_grey(stored: np.ndarray) -> np.ndarray:
    """Leave out alpha, and two of three channels that are the same."""
    if stored.ndim == 3:
        stored = stored[..., :1] if stored.shape[2] == 2 else stored[..., :3]
        if (stored == stored[..., :1]).all():
            stored = stored[..., 0]
    return stored


def scan_all(paths: Sequence[str], workers: int | None) -> LabelScan:
    """Look which values all label pictures hold together, see `scan_label`."""
    counts, highest = np.zeros(256, np.int64), 0
    colours: set[tuple[int, ...]] = set()
    grey = lossy = False
    for scan in map_with_progress(scan_label, paths, workers, 'reading labels'):
        counts += scan.counts
        highest = max(highest, scan.highest)
        grey |= scan.colours is None
        lossy |= scan.lossy
        if scan.colours is not None:
            colours |= set(map(tuple, scan.colours.tolist()))
            if len(colours) > MOST_COLOURS:
                raise ValueError(f'{paths[0]} and others: over {MOST_COLOURS} different colours, expected one a class')
    if not colours:
        return LabelScan(None, counts, highest, lossy)
    if grey:  # all of a picture may be of one grey, black above all
        colours |= {(value, value, value) for value in np.flatnonzero(counts).tolist()}
    return LabelScan(np.array(sorted(colours)), counts, highest)


def read_label_maps(
    images: Path, labels: Path, pairing: Pairing, names: Sequence[str], folder: Path, workers: int | None
) -> Labelled:
    """Read label pictures, and write those that are no class indices as such.

    Args:
        images: Folder of the pictures.
        labels: Folder of the labels.
        pairing: Which belong together.
        names: Names of the classes as given; none to find or make them.
        folder: Where to write; label maps go to its ``data/labels``.
        workers: Processes.

    Returns:
        The semantic data.

    Raises:
        ValueError: If the values are none of these, or do not go with the names; the message names file or folder.
    """
    paths = [f'{labels}/{pairing.one[name]}' for name in sorted(pairing.one)]
    scan = scan_all(paths, workers)
    known = tuple(names) or find_class_names(labels, labels.parent, images.parent)
    plan = _plan(scan, known, bool(names), labels)
    suffixes = {name[name.rfind('.') :] for name in pairing.one}
    ends = {name[name.rfind('.') :] for name in pairing.one.values()}
    same_places = pairing.rest is not None and len(suffixes) == len(ends) == 1
    found = Labelled(
        'semantic', plan.layout, plan.how, images, sorted(pairing.one), plan.classes, notes=pairing.notes()
    )
    if plan.rule is None and same_places:
        found.labels, found.img_suffix, found.label_suffix = labels, suffixes.pop(), f'{pairing.rest}{ends.pop()}'
        return found
    found.labels = folder / 'data/labels'
    write = partial(_write_map, plan.rule or Indices(), found.labels, labels)
    for _ in map_with_progress(write, sorted(pairing.one.items()), workers, 'writing labels'):
        pass
    if plan.rule is None:
        found.how = 'copied to data/labels as NAME.SUFFIX.png, as names or suffixes differ'
    return found


class Indices:
    """Leaves class indices as they are."""

    def __call__(self, stored: np.ndarray) -> np.ndarray:
        """Make uint8 (H, W) of a picture as stored."""
        return _one_channel_if_grey(stored).astype(np.uint8)


class Threshold(Indices):
    """Makes 1 of what is bright."""

    def __call__(self, stored: np.ndarray) -> np.ndarray:
        """Make uint8 (H, W) of a picture as stored."""
        return (_one_channel_if_grey(stored) > VOID // 2).astype(np.uint8)


class Renumber(Indices):
    """Gives values their place in a list; 255 stays.

    Args:
        values: The values.
    """

    def __init__(self, values: Sequence[int]) -> None:
        self.table = np.full(256, VOID, np.uint8)
        self.table[list(values)] = np.arange(len(values))

    def __call__(self, stored: np.ndarray) -> np.ndarray:
        """Make uint8 (H, W) of a picture as stored."""
        return self.table[_one_channel_if_grey(stored).astype(np.uint8)]


class Colours(Indices):
    """Gives colours their place in a list.

    Args:
        colours: (N, 3), RGB.
    """

    def __init__(self, colours: np.ndarray) -> None:
        self.codes = colours.astype(np.int64) @ (65536, 256, 1)
        self.order = np.argsort(self.codes)

    def __call__(self, stored: np.ndarray) -> np.ndarray:
        """Make uint8 (H, W) of a picture as stored, in BGR order."""
        stored = np.repeat(stored[..., None], 3, axis=2) if stored.ndim == 2 else stored[..., :3]
        codes = stored.astype(np.int64) @ (1, 256, 65536)
        return self.order[np.searchsorted(self.codes[self.order], codes)].astype(np.uint8)


class MapPlan(NamedTuple):
    """What becomes of label pictures.

    Attributes:
        layout: What they are.
        how: What is done.
        classes: The classes.
        rule: How to convert; None if they can be read as they are.
    """

    layout: str
    how: str
    classes: tuple[str, ...]
    rule: Indices | None = None


def _plan(scan: LabelScan, names: tuple[str, ...], given: bool, labels: Path) -> MapPlan:
    if scan.colours is not None:
        made = tuple('colour_{:02x}{:02x}{:02x}'.format(*colour) for colour in scan.colours)
        classes = _fitting(names, made, given, labels, 'colours')
        listed = ', '.join(made[:8])
        how = f'written to data/labels as indices; the colours in their order (by red, green, blue): {listed}'
        return MapPlan('label pictures of one colour a class', how, classes, Colours(scan.colours))
    if scan.highest > VOID:
        raise ValueError(
            f'--labels {labels}: labels up to {scan.highest}, expected class indices 0 to 255; if each number is an '
            f'object, give --task instance'
        )
    if scan.is_mask:
        classes = _fitting(names, BINARY_NAMES, given, labels, 'values (dark and bright)')
        return MapPlan(
            'binary masks',
            'written to data/labels as 0 and 1, 1 where they are brighter than 127',
            classes,
            Threshold(),
        )
    if scan.lossy:
        raise ValueError(f'--labels {labels}: JPEG files, which change values, and no masks; write them anew as PNG')
    values = scan.values
    if len(values) < LEAST_CLASSES:
        raise ValueError(
            f'--labels {labels}: every labelled pixel is {values or "ignored (255)"}, so nothing is to be told apart; '
            f'expected two classes or more, or masks of 0 and 255'
        )
    if values[-1] < len(names) or values == list(range(len(values))):
        made = tuple(f'class_{value}' for value in range(values[-1] + 1))
        classes = names if values[-1] < len(names) else _fitting(names, made, given, labels, 'values')
        return MapPlan('label pictures of class indices', 'read as they are (255 is ignored)', classes)
    made = tuple(f'class_{value}' for value in values)
    how = f'written to data/labels with the values {_short(values)} as 0 to {len(values) - 1} (255 is ignored)'
    classes = _fitting(names, made, given, labels, 'values')
    return MapPlan('label pictures of grey levels', how, classes, Renumber(values))


LEAST_CLASSES = 2


def _fitting(names: tuple[str, ...], made: tuple[str, ...], given: bool, labels: Path, what: str) -> tuple[str, ...]:
    """The names if they are as many as needed, else those made up."""
    if len(names) == len(made):
        return names
    if given:
        raise ValueError(
            f'--classes: found {len(names)} names, but {labels} has {len(made)} {what} ({_short(made)}); expected '
            f'a name for each, in this order'
        )
    return made


def _short(values: Sequence[object], shown: int = 8) -> str:
    return ', '.join(map(str, values[:shown])) + (f', ... ({len(values)} in all)' if len(values) > shown else '')


def _write_map(rule: Callable[[np.ndarray], np.ndarray], target: Path, labels: Path, pair: tuple[str, str]) -> None:
    """Convert the label picture of one picture; its new name is the picture's and ``.png``."""
    image, label = pair
    atomic_write(target / f'{image}.png', label_png(rule(read_label_image(f'{labels}/{label}'))), durable=False)
