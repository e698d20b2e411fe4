from __future__ import annotations

import random

import pytest

from mmmaskattn.datasets.categories import Category
from mmmaskattn.datasets.class_labels import chosen_metainfo, label_of_categories, metainfo_of

TABLE = (
    Category(24, 'person', True, (220, 20, 60)),
    Category(26, 'car', True, (0, 0, 142)),
    Category(7, 'road', False, (128, 64, 128)),
    Category(23, 'sky', False, (70, 130, 180)),
)


def listed(order=(7, 23, 24, 26), **changes) -> list[dict]:
    """The json's list; by default road first, as Cityscapes' own."""
    names = {category.id: category for category in TABLE}
    return [dict(id=i, name=names[i].name, isthing=int(names[i].isthing), **changes) for i in order]


def labels(categories: list[dict], metainfo: dict | None = None) -> dict[int, int]:
    return label_of_categories(categories, metainfo or metainfo_of(TABLE), TABLE, 'c.json')


def test_metainfo_of_a_table():
    assert metainfo_of(TABLE) == dict(
        classes=('person', 'car', 'road', 'sky'),
        palette=[(220, 20, 60), (0, 0, 142), (128, 64, 128), (70, 130, 180)],
        thing_classes=('person', 'car'),
        stuff_classes=('road', 'sky'),
    )


@pytest.mark.parametrize('seed', range(6))
def test_order_of_the_json_does_not_matter(seed):
    order = [category.id for category in TABLE]
    random.Random(seed).shuffle(order)
    assert labels(listed(order)) == {24: 0, 26: 1, 7: 2, 23: 3}


@pytest.mark.parametrize(
    ('edit', 'message'),
    [
        (lambda c: c.pop(), r"classes \['car'\] are not among its 3 categories"),
        (
            lambda c: c.append(dict(id=99, name='cow')),
            r"1 categories are not.*\{99: 'cow'\}, expected \{99: 'no such id'\}",
        ),
        (lambda c: c[0].update(id=8), r"\{8: 'road'\}, expected \{8: 'no such id'\}"),
        (lambda c: c[0].update(name='street'), r"\{7: 'street'\}, expected \{7: 'road'\}"),
        (lambda c: c[0].update(isthing=1), r"isthing of \{'road': 1\} is not what thing_classes"),
    ],
)
def test_categories_other_than_the_tables_are_named(edit, message):
    categories = listed()
    edit(categories)
    with pytest.raises(ValueError, match=rf'c\.json: .*{message}'):
        labels(categories)


def test_swapped_ids_are_found():
    """Names and ids all known, but not to each other: the json of another numbering."""
    categories = listed()
    categories[0]['name'], categories[1]['name'] = categories[1]['name'], categories[0]['name']
    with pytest.raises(ValueError, match=r"2 categories.*\{7: 'sky', 23: 'road'\}, expected \{7: 'road', 23: 'sky'\}"):
        labels(categories)


def test_chosen_classes_are_found_by_name_and_the_others_ignored():
    chosen = chosen_metainfo(dict(classes=('car', 'road')), TABLE)
    assert chosen['thing_classes'] == ('car',)
    assert chosen['stuff_classes'] == ('road',)
    assert chosen['palette'] == [(0, 0, 142), (128, 64, 128)]
    assert labels(listed(), chosen) == {26: 0, 7: 1, 24: 255, 23: 255}


def test_classes_of_ones_own():
    chosen = chosen_metainfo(dict(thing_classes=['cell', 'car'], stuff_classes=['slide']), TABLE)
    assert chosen['classes'] == ('cell', 'car', 'slide')
    assert chosen['palette'][1] == (0, 0, 142)
    assert len({tuple(colour) for colour in chosen['palette']}) == 3
    own = [dict(id=5, name='slide', isthing=0), dict(id=1, name='car', isthing=1), dict(id=2, name='cell', isthing=1)]
    assert labels(own, chosen) == {5: 2, 1: 1, 2: 0}


def test_a_palette_given_is_kept():
    assert chosen_metainfo(dict(classes=('car',), palette=[(1, 2, 3)]), TABLE)['palette'] == [(1, 2, 3)]


@pytest.mark.parametrize(
    ('given', 'message'),
    [
        (dict(classes=('road', 'car')), r"expected the things first: \('car', 'road'\)"),
        (dict(classes=('cell',)), r"\['cell'\] are not in the class table. Say which of your classes are things"),
        (dict(classes=('a', 'b'), thing_classes=('b',), stuff_classes=('a',)), r"things first: \('b', 'a'\)"),
    ],
)
def test_unclear_choices_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        chosen_metainfo(given, TABLE)
