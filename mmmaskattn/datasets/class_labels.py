"""From the category ids of a json to class indices, by name and id and never by the order of the json.

Class indices run over the things first and the stuff after them; every test of the kind ``label < num_things`` rests on
that, and jsons in use (Cityscapes starts with road) do not keep to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmdet.visualization import get_palette

from mmmaskattn.datasets.categories import Category
from mmmaskattn.datasets.transforms.id_map import IGNORE_LABEL


def metainfo_of(categories: Sequence[Category]) -> dict[str, Any]:
    """METAINFO of a data set.

    Args:
        categories: Its class table, things first.

    Returns:
        ``classes``, ``palette`` (RGB), ``thing_classes``, ``stuff_classes``.
    """
    return dict(
        classes=tuple(category.name for category in categories),
        palette=[category.colour for category in categories],
        thing_classes=tuple(category.name for category in categories if category.isthing),
        stuff_classes=tuple(category.name for category in categories if not category.isthing),
    )


def chosen_metainfo(given: Mapping, table: Sequence[Category]) -> dict[str, Any]:
    """METAINFO for classes that a config chooses itself.

    Args:
        given: The config's ``metainfo``: ``thing_classes`` and ``stuff_classes``, or ``classes`` if all are in the
            class table; ``palette`` if wanted.
        table: The data set's class table.

    Returns:
        ``classes`` (things first), ``palette``, ``thing_classes``, ``stuff_classes``.

    Raises:
        ValueError: If things and stuff cannot be told apart, or the things do not come first.
    """
    by_name = {category.name: category for category in table}
    if 'thing_classes' in given or 'stuff_classes' in given:
        things, stuff = tuple(given.get('thing_classes', ())), tuple(given.get('stuff_classes', ()))
    else:
        unknown = [name for name in given['classes'] if name not in by_name]
        if unknown:
            raise ValueError(
                f'metainfo.classes: {unknown} are not in the class table. Say which of your classes are things: '
                f"metainfo=dict(thing_classes=('car',), stuff_classes=('road',))."
            )
        things = tuple(name for name in given['classes'] if by_name[name].isthing)
        stuff = tuple(name for name in given['classes'] if not by_name[name].isthing)
    classes = things + stuff
    if tuple(given.get('classes', classes)) != classes:
        raise ValueError(f'metainfo.classes={tuple(given["classes"])}: expected the things first: {classes}.')
    colours = get_palette('random', len(classes))
    palette = [by_name[name].colour if name in by_name else colours[i] for i, name in enumerate(classes)]
    return dict(classes=classes, palette=given.get('palette', palette), thing_classes=things, stuff_classes=stuff)


def label_of_categories(
    categories: Sequence[dict], metainfo: Mapping, table: Sequence[Category], ann_file: str
) -> dict[int, int]:
    """Class index of each category id of a json.

    With the classes of the table, id, name and kind of every category are checked against it. With classes chosen by
    the config they are found by name, and the categories left out get 255.

    Args:
        categories: The json's list, checked: dictionaries with ``id``, ``name`` and, in a panoptic json, ``isthing``.
        metainfo: The data set's ``classes`` and ``thing_classes``.
        table: The data set's class table.
        ann_file: The json, for the message.

    Returns:
        ``{category id: class index or 255}``.

    Raises:
        ValueError: If a category is unknown or missing, or is a thing here and stuff there.
    """
    classes = list(metainfo['classes'])
    if classes == [category.name for category in table]:
        _check_ids(categories, table, ann_file)
    names = {category['name'] for category in categories}
    missing = [name for name in classes if name not in names]
    if missing:
        raise ValueError(
            f'{ann_file}: classes {missing} are not among its {len(names)} categories. Expected all of '
            f'{len(classes)} classes: correct metainfo or the json.'
        )
    _check_kinds(categories, metainfo, ann_file)
    index = {name: label for label, name in enumerate(classes)}
    return {category['id']: index.get(category['name'], IGNORE_LABEL) for category in categories}


def _check_ids(categories: Sequence[dict], table: Sequence[Category], ann_file: str) -> None:
    """Ids and names against the class table."""
    expected = {category.id: category.name for category in table}
    wrong = {c['id']: c['name'] for c in categories if expected.get(c['id']) != c['name']}
    if wrong:
        shown = dict(list(wrong.items())[:5])
        wanted = {number: expected.get(number, 'no such id') for number in shown}
        raise ValueError(
            f'{ann_file}: {len(wrong)} categories are not those of this data set: {shown}, expected {wanted}. Is it '
            f'the json of another task or data set? For your own categories set metainfo.'
        )


def _check_kinds(categories: Sequence[dict], metainfo: Mapping, ann_file: str) -> None:
    """What the json calls a thing must be one here, for those classes that are used."""
    things = set(metainfo['thing_classes'])
    used = [c for c in categories if c['name'] in set(metainfo['classes']) and 'isthing' in c]
    wrong = {c['name']: c['isthing'] for c in used if bool(c['isthing']) != (c['name'] in things)}
    if wrong:
        raise ValueError(
            f'{ann_file}: isthing of {wrong} is not what thing_classes and stuff_classes say. Correct one of them.'
        )
