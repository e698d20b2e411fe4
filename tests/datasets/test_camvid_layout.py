from __future__ import annotations

import pytest

from mmmaskattn.datasets.semantic.camvid import find_layout


@pytest.mark.parametrize('folders', [('test', 'testannot'), ('images/test', 'labels/test')])
def test_the_layout_that_is_there_is_found(tmp_path, folders):
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
    assert find_layout(str(tmp_path), 'test') == folders


@pytest.mark.parametrize('half', ['test', 'images/test', 'labels/test'])
def test_half_a_layout_is_none(tmp_path, half):
    (tmp_path / half).mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        find_layout(str(tmp_path), 'test')
