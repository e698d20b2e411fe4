"""A shipped semantic config taken as users take it, on a few drawn images: one training step, one prediction."""

from __future__ import annotations

import random
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.registry import MODELS
from pictures import smooth_photo

from mmmaskattn.datasets.mini import write_mini


def write_camvid(root: Path, number: int = 3) -> Path:
    """Write a few pictures with random labels in CamVid's layout."""
    for split in ('train', 'val', 'test'):
        for folder in (split, f'{split}annot'):
            (root / folder).mkdir(parents=True)
        for index in range(number):
            cv2.imwrite(str(root / split / f'{index}.png'), smooth_photo((90, 120), index))
            labels = np.random.default_rng(index).integers(0, 12, (90, 120)).astype(np.uint8)
            cv2.imwrite(str(root / f'{split}annot' / f'{index}.png'), labels)
    return root


def write_semantic_sets(folder: Path) -> dict[str, Path]:
    """Write a few images of each data set; returns the environment variables that name the roots."""
    minis = {name: write_mini(name, folder / name, 3, 2, (96, 128)) for name in ('ade20k', 'coco', 'cityscapes')}
    roots = dict(minis, camvid=write_camvid(folder / 'camvid'))
    return {f'{name.upper()}_ROOT': root for name, root in roots.items()}


def _batches(cfg: Config, side: str, batch_size: int):
    loader = dict(cfg[f'{side}_dataloader'], num_workers=0, persistent_workers=False, batch_size=batch_size)
    return iter(Runner.build_dataloader(loader, seed=0))


def train_and_predict(cfg: Config, batch_size: int = 2) -> tuple[float, tuple[int, ...], tuple[int, ...]]:
    """Do one training step and predict one image.

    Every weight must get a finite gradient. Returns the loss, and the sizes of the network's input and the prediction.
    """
    init_default_scope(cfg.default_scope)
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model).train()
    model.init_weights()
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    data = model.data_preprocessor(next(_batches(cfg, 'train', batch_size)), training=True)
    loss, _ = model.parse_losses(model(**data, mode='loss'))
    wrapper.backward(loss)
    assert [name for name, value in model.named_parameters() if value.grad is None] == []
    assert all(value.grad.isfinite().all() for value in model.parameters())
    wrapper.step()
    sample = next(_batches(cfg, 'val', 1))
    with torch.inference_mode():
        (predicted,) = model.eval().val_step(sample)
    return loss.item(), tuple(sample['inputs'][0].shape[1:]), tuple(predicted.pred_sem_seg.shape)
