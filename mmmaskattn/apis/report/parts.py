"""The parts of the page, made of what a training, an evaluation or a folder of predictions says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from mmmaskattn.apis.report.charts import SERIES, count_histogram, heat_map, histogram, line_chart
from mmmaskattn.apis.report.collect import Curve, Training
from mmmaskattn.apis.report.evaluate import Evaluation, Example
from mmmaskattn.apis.report.pictures import panels, sheet
from mmmaskattn.apis.report.predictions import Predictions

HEADLINES = ('PQ', 'AP', 'mIoU', 'AP50', 'SQ', 'RQ', 'aAcc', 'mAcc')
_SIZES = {'s': 'small', 'm': 'medium', 'l': 'large'}
_MOST_CLASSES = 24
_ORDER = ('PQ', 'AP', 'IoU')
_OTHERS, _NOTHING = 'others', 'no class'


@dataclass
class Part:
    """One part of the page; what is empty is left out. See ``page.html`` for how each field is shown."""

    title: str
    text: str = ''
    charts: list[tuple[str, str]] = field(default_factory=list)
    chart: str = ''
    classes: list[tuple[str, str]] = field(default_factory=list)
    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    examples: list[dict] = field(default_factory=list)
    gallery: list[tuple[str, str]] = field(default_factory=list)
    blocks: list[tuple[str, str]] = field(default_factory=list)
    open: bool = False
    half: bool = False


def short_name(name: str) -> str:
    """A figure's name without its protocol."""
    return name.rpartition('/')[2]


def headline_tiles(figures: Mapping[str, float]) -> list[tuple[str, str]]:
    """Choose the figures that stand at the head of the page."""
    by_name = {short_name(name): (name, value) for name, value in reversed(list(figures.items()))}
    found = [by_name[name] for name in HEADLINES if name in by_name] or list(figures.items())[:6]
    return [(name, f'{value:.2f}') for name, value in found[:6]]


def curve_parts(training: Training) -> list[Part]:
    """Draw the curves of a training.

    Args:
        training: The training.

    Returns:
        One part; none if nothing is logged yet.
    """
    losses = {name: curve for name, curve in training.training.items() if 'loss' in name}
    rates = {name: curve for name, curve in training.training.items() if name in ('lr', 'base_lr')}
    if len({tuple(curve.values) for curve in rates.values()}) == 1:
        rates = dict(list(rates.items())[:1])
    drawn = [('Losses', line_chart(losses, 'iteration', True)), ('Learning rate', line_chart(rates, 'iteration'))]
    drawn += [(f'Validation: {name}', line_chart(one, training.validation_unit)) for name, one in _families(training)]
    charts = [(name, chart) for name, chart in drawn if chart]
    return [Part('Training', training.progress, charts=charts)] if charts else []


def _families(training: Training) -> list[tuple[str, dict[str, Curve]]]:
    """Curves of validations that belong into one chart: PQ with SQ and RQ, AP with AP50, mIoU with its like."""
    families: dict[str, dict[str, Curve]] = {}
    for name, curve in training.validation.items():
        short = short_name(name)
        kind = next((one for one in ('PQ', 'AP', 'mIoU') if short in _FAMILIES[one]), None)
        if kind:
            families.setdefault(kind, {})[name] = curve
    if not families and training.validation:
        families['figures'] = dict(list(training.validation.items())[:SERIES])
    return list(families.items())


_FAMILIES = {
    'PQ': ('PQ', 'SQ', 'RQ', 'PQ_things', 'PQ_stuff'),
    'AP': ('AP', 'AP50', 'AP75', 'AR'),
    'mIoU': ('mIoU', 'aAcc', 'mAcc', 'mDice', 'mFscore'),
}


def evaluation_parts(found: Evaluation) -> list[Part]:
    """Lay out an evaluation.

    Args:
        found: The evaluation.
    """
    about = f'{found.images} pictures of the {found.split} set, protocol {found.protocol}, {found.checkpoint.name}'
    figures = [[name, f'{value:.2f}'] for name, value in found.figures.items()]
    parts = [
        _class_part(found, about),
        _confusion_part(found),
        _size_part(found),
        Part('All figures', 'In per cent.', header=['figure', 'value'], rows=figures, half=True),
        _example_part('Worst pictures', found.worst, found),
        _example_part('Best pictures', found.best, found),
    ]
    return [part for part in parts if part]


def _class_part(found: Evaluation, about: str) -> Part | None:
    figures = sorted(found.by_class, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))
    names = [name for name in found.classes.names if any(name in found.by_class[one] for one in figures)]
    if not names:
        return Part('Evaluation', about, half=True)
    rows = [[name, *(_shown(found.by_class[one].get(name)) for one in figures)] for name in names]
    left_out = len(found.classes.names) - len(names)
    text = f'{about}. In per cent.' + (
        f' {left_out} classes occur neither in truth nor prediction.' if left_out else ''
    )
    return Part('Classes', text, header=['class', *figures], rows=rows, half=True)


def _shown(value: float | None) -> str:
    return '-' if value is None else f'{value:.2f}'


def _size_part(found: Evaluation) -> Part | None:
    if not found.by_size:
        return None
    rows = [
        [size, *(_shown(found.by_size[figure].get(letter)) for figure in found.by_size)]
        for letter, size in _SIZES.items()
        if any(letter in values for values in found.by_size.values())
    ]
    text = (
        "Sizes are COCO's, as the same part of a picture at every resolution: up to 1/300 of its pixels an object is "
        'small, from 3/100 on it is large. PQ is that of the things.'
    )
    return Part('By size of the objects', text, header=['objects', *found.by_size], rows=rows, half=True)


def _confusion_part(found: Evaluation) -> Part | None:
    if found.confusion is None:
        return None
    matrix, rows, columns = shares(found.confusion, found.classes.names)
    text = 'Pixels of each class (a row), and what they were taken for, in per cent; a row sums to 100.'
    return Part('Confusion of pixels', text, chart=heat_map(matrix, rows, columns), half=True)


def shares(confusion: np.ndarray, names: Sequence[str]) -> tuple[np.ndarray, list[str], list[str]]:
    """Turn a confusion matrix into shares of its rows.

    Args:
        confusion: int64 (classes, classes + 1), see `Evaluation`.
        names: Names of the classes.

    Returns:
        The shares, names of the rows and of the columns. Classes without a true pixel have no row; beyond 24 classes
        those with the fewest pixels are one.
    """
    pixels = confusion.sum(axis=1)
    kept = [label for label in np.argsort(-pixels, kind='stable')[:_MOST_CLASSES].tolist() if pixels[label]]
    kept = sorted(kept)
    others = [label for label in range(len(names)) if label not in kept]
    columns = [confusion[:, label] for label in kept]
    titles = [names[label] for label in kept]
    for title, rest in ((_OTHERS, confusion[:, others].sum(axis=1)), (_NOTHING, confusion[:, len(names)])):
        if rest.any():
            columns.append(rest)
            titles.append(title)
    table = np.stack(columns, axis=1)
    rows, row_titles = [table[label] for label in kept], [names[label] for label in kept]
    if pixels[others].any():
        rows.append(table[others].sum(axis=0))
        row_titles.append(_OTHERS)
    whole = np.stack(rows).astype(float)
    return whole / whole.sum(axis=1, keepdims=True), row_titles, titles


def _example_part(title: str, examples: list[Example], found: Evaluation) -> Part | None:
    if not examples:
        return None
    shown = [
        dict(panels=panels(one), score=f'{one.score:.1f}', name=one.path.rpartition('/')[2], found=_compared(one))
        for one in examples
    ]
    text = f"By the picture's {found.score_name}, in per cent."
    return Part(title, text, examples=shown, classes=_legend(found, examples))


def _compared(one: Example) -> str:
    """Numbers of objects; nothing for a map of classes."""
    truth, guess = one.truth.counts(), one.prediction.counts()
    names = list(dict.fromkeys([*truth, *guess]))
    listed = [f'{name}: {guess.get(name, 0)} of {truth.get(name, 0)}' for name in names[:4]]
    return ', '.join(listed + ['...'] * (len(names) > 4))


def _legend(found: Evaluation, examples: Sequence[Example]) -> list[tuple[str, str]]:
    """The most frequent classes of the pictures; a single class of things has as many colours as objects."""
    areas: Counter[str] = Counter()
    for one in examples:
        areas.update(one.truth.areas())
        areas.update(one.prediction.areas())
    several = len(found.classes.things) != 1
    frequent = {name for name, _ in areas.most_common(_MOST_CLASSES)}
    return [
        (name, '#{:02x}{:02x}{:02x}'.format(*colour))
        for label, (name, colour) in enumerate(zip(found.classes.names, found.classes.colours))
        if name in frequent and (several or label not in found.classes.things)
    ]


def prediction_parts(found: Predictions, pictures: int) -> list[Part]:
    """Lay out a folder of predictions.

    Args:
        found: The predictions.
        pictures: How many pictures to show.
    """
    names = [name for name, _ in (found.counts + Counter(dict.fromkeys(found.areas, 1))).most_common()]
    total = max(sum(found.areas.values()), 1)
    rows = []
    for name in names:
        sizes = found.sizes.get(name)
        middle = f'{median(sizes):g}' if sizes else '-'
        share = f'{100 * found.areas[name] / total:.1f} %'
        rows.append([name, f'{found.counts[name]}' if sizes else '-', f'{found.areas[name]}', share, middle])
    header = ['class', 'objects', 'pixels', 'share', 'median size']
    parts = [Part('Classes', header=header, rows=rows)] if rows else []
    charts = [('Sizes of the objects', histogram(found.sizes, 'pixels'))]
    if found.counts:
        empty = [0] * (found.images - len(found.per_picture))
        numbers = [*empty, *found.per_picture.values()]
        charts.append(('Objects in a picture', count_histogram(numbers, 'objects', 'pictures')))
    charts = [(name, chart) for name, chart in charts if chart]
    if charts:
        parts.append(Part('Objects', charts=charts))
    chosen = found.pictures[:: max(1, -(-len(found.pictures) // max(pictures, 1)))] if pictures else []
    if chosen:
        text = '' if len(chosen) == len(found.pictures) else f'{len(chosen)} of {len(found.pictures)}, evenly picked.'
        parts.append(Part('Pictures', text, gallery=[(path.stem, sheet(path)) for path in chosen]))
    return parts
