"""Leaves of configs/ that show every model and every data set.

The peers are in a file beside, so that both run at once; your_data has test_your_data.py.
"""

from __future__ import annotations

import pytest
from config_check import CONFIGS, check_leaf, witnesses
from small_data import write_small_data

ELSEWHERE = ('_base_', 'peers', 'your_data')
OURS = sorted(folder.name for folder in CONFIGS.iterdir() if folder.is_dir() and folder.name not in ELSEWHERE)


@pytest.fixture(scope='module')
def roots(tmp_path_factory):
    return write_small_data(tmp_path_factory.mktemp('data'))


@pytest.mark.parametrize('leaf', witnesses(*OURS))
def test_leaf(leaf, roots, monkeypatch):
    for variable, root in roots.items():
        monkeypatch.setenv(variable, str(root))
    check_leaf(leaf)
