"""Every leaf of configs/ but the peers, which have files of their own so that they run beside this one."""

from __future__ import annotations

import pytest
from config_check import CONFIGS, check_leaf, leaves
from small_data import write_small_data

PEERS = 'peers'
OTHERS = sorted(folder.name for folder in CONFIGS.iterdir() if folder.is_dir() and folder.name not in ('_base_', PEERS))


@pytest.fixture(scope='module')
def roots(tmp_path_factory):
    return write_small_data(tmp_path_factory.mktemp('data'))


@pytest.mark.parametrize('leaf', leaves(*OTHERS))
def test_leaf(leaf, roots, monkeypatch):
    for variable, root in roots.items():
        monkeypatch.setenv(variable, str(root))
    check_leaf(leaf)
