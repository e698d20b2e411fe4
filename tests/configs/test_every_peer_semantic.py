"""Every semantic leaf of configs/peers."""

from __future__ import annotations

import pytest
from config_check import check_leaf, leaves
from small_data import write_small_data

SEMANTIC = [one for one in leaves('peers') if '_semantic_' in one.id]


@pytest.fixture(scope='module')
def roots(tmp_path_factory):
    return write_small_data(tmp_path_factory.mktemp('data'))


@pytest.mark.parametrize('leaf', SEMANTIC)
def test_leaf(leaf, roots, monkeypatch):
    for variable, root in roots.items():
        monkeypatch.setenv(variable, str(root))
    check_leaf(leaf)
