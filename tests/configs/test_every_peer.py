"""Leaves of configs/peers that show every peer and every data set."""

from __future__ import annotations

import pytest
from config_check import check_leaf, witnesses
from small_data import write_small_data


@pytest.fixture(scope='module')
def roots(tmp_path_factory):
    return write_small_data(tmp_path_factory.mktemp('data'))


@pytest.mark.parametrize('leaf', witnesses('peers'))
def test_leaf(leaf, roots, monkeypatch):
    for variable, root in roots.items():
        monkeypatch.setenv(variable, str(root))
    check_leaf(leaf)
