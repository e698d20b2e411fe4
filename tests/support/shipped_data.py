"""Data sets of the shipped configs, over small data."""

from __future__ import annotations

from pathlib import Path

from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS, init_default_scope

from mmmaskattn.datasets.config_file import set_data_root

CONFIGS = Path(__file__).resolve().parents[2] / 'configs/maskattn'


def build_shipped(name: str, root: Path, split: str) -> BaseDataset:
    """Build a split of the data set of a `tiny` config, by the name of data set and task."""
    cfg = Config.fromfile(CONFIGS / f'{name}_128_tiny.py')
    set_data_root(cfg, str(root))
    init_default_scope(cfg.default_scope)
    return DATASETS.build(cfg[f'{split}_dataloader'].dataset)
