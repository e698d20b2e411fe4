"""Checkpoints of shipped configs with random weights, whose predictions are not empty."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import save_checkpoint
from mmseg.registry import DATASETS

from mmmaskattn.analysis.models import build_seeded_model

ROOT = Path(__file__).parents[2]
INPUT = (128, 128)


class Model(NamedTuple):
    """A shipped config and a checkpoint of it."""

    config: str
    checkpoint: str


def write_checkpoint(name: str, folder: Path) -> Model:
    """Random weights, with what the Runner says of the data set; no data are read, as there need be none."""
    config = ROOT / f'configs/maskattn/{name}.py'
    cfg = Config.fromfile(config)
    init_default_scope(cfg.default_scope)
    model = build_seeded_model(cfg)
    weights = model.state_dict()
    if 'segment_head.semantic_branch.out.bias' in weights:
        weights['segment_head.semantic_branch.out.bias'][0] += 12  # things everywhere, and seeds to group them from
        weights['segment_head.seed_branch.out.bias'] += 3
    if 'decode_head.conv_seg.bias' in weights:
        with torch.no_grad():  # no class that is the greatest everywhere
            logits = model.eval()(torch.randn(1, 3, *INPUT), mode='tensor')
        weights['decode_head.conv_seg.bias'] -= logits.mean((0, 2, 3))
    dataset = cfg.test_dataloader.dataset
    metainfo = DATASETS.get(dataset.type)._load_metainfo(dataset.get('metainfo'))
    path = folder / f'{name}.pth'
    save_checkpoint(dict(meta=dict(dataset_meta=metainfo), state_dict=weights), str(path))
    return Model(str(config), str(path))
