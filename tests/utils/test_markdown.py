from __future__ import annotations

from mmmaskattn.utils.markdown import giga, markdown_table, mega


def test_columns_are_aligned():
    table = markdown_table(['name', 'n'], [['a', '1'], ['longer', '100']])
    assert table == '| name   |   n |\n|--------|----:|\n| a      |   1 |\n| longer | 100 |'


def test_units():
    assert giga(461_400_000) == '0.461 G'
    assert mega(3_751_600) == '3.752 M'
