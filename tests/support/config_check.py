"""What the tests of every config share: a leaf builds, does a training step, predicts, and is scored by its evaluators.

Leaves of one model differ by their data only, and leaves of one data set by their model, which test_layout.py holds; so
those tested are some that show every model and every data set. Above 128x128, and with plain self-attention on
all 16384 pixels, the step is on a corner of the images.
"""

from __future__ import annotations

import math
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.optim import build_optim_wrapper
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import Runner
from mmengine.structures import PixelData

from mmmaskattn.analysis.models import input_size
from mmmaskattn.utils.configs import config_name

CONFIGS = Path(__file__).parents[2] / 'configs'
LARGE = re.compile(r'_semantic_(512|640|1024)|_semantic_128_self_attention_unet_base')
CORNER = 64
LONG = re.compile(r'_r50|_r101|unet_w64|self_attention|_512_|_640_|_1024|(instance|panoptic)_128(_small)?$')


def witnesses(*folders: str) -> list:
    """Parameters of a test: leaves of some folders of configs/ that show all models and data, long ones marked."""
    models: dict[tuple[str, ...], list[Path]] = {}
    for folder in folders:
        for leaf in sorted((CONFIGS / folder).rglob('*.py')):
            models.setdefault(_model_of(leaf), []).append(leaf)
    chosen = [found[number % len(found)] for number, found in enumerate(models.values())]
    for leaf in (leaf for found in models.values() for leaf in found):
        if _data_of(leaf) not in {_data_of(one) for one in chosen}:
            chosen.append(leaf)
    return [
        pytest.param(leaf, id=name, marks=[pytest.mark.long] if LONG.search(name) else [])
        for leaf, name in ((leaf, config_name(leaf)) for leaf in chosen)
    ]


def parts_of(stem: str) -> tuple[str, str, str, str]:
    """Data set, task, size and variant (empty for base) in the name of a leaf or task."""
    data_set, task, size, variant = re.fullmatch(r'(\w+)_(semantic|instance|panoptic)_([\dx]+)_?(\w*)', stem).groups()
    return data_set, task, size, variant


def _model_of(leaf: Path) -> tuple[str, ...]:
    return leaf.parent.name.replace('r101', 'r50'), *parts_of(leaf.stem)[1:]


def _data_of(leaf: Path) -> tuple[str, ...]:
    return parts_of(leaf.stem)[:3]


def check_leaf(leaf: Path) -> None:
    """Do all of it; the variables that name the data roots are set."""
    if leaf.parent.name == 'stardist':
        pytest.importorskip('stardist')
    torch.manual_seed(0)
    np.random.seed(0)
    cfg = Config.fromfile(leaf)
    init_default_scope(cfg.default_scope)
    leave_out_absent_weights(cfg)
    model = MODELS.build(cfg.model)
    model.init_weights()
    batch = first_batch(cfg.train_dataloader, 1 if 'self_attention_unet_base' in config_name(leaf) else 2)
    assert {tuple(image.shape[1:]) for image in batch['inputs']} == {input_size(cfg)[0]}
    large = LARGE.search(config_name(leaf))
    check_training_step(model, cfg, corner_of(batch) if large else batch)
    if not large:
        check_prediction(model, cfg)


def leave_out_absent_weights(cfg: Config) -> None:
    """Of the packages of weights the tests' set-up installs the smallest only."""
    begins = cfg.model.backbone.get('init_cfg') or {}
    package = str(begins.get('checkpoint', '')).partition('package://')[2]
    if package and find_spec(package) is None:
        cfg.model.backbone.init_cfg = None


def corner_of(batch: dict) -> dict:
    """The upper left corner of a semantic batch."""
    for sample in batch['data_samples']:
        sample.gt_sem_seg = PixelData(data=sample.gt_sem_seg.data[:, :CORNER, :CORNER])
        sample.set_metainfo(dict(img_shape=(CORNER, CORNER)))
    return dict(batch, inputs=[image[:, :CORNER, :CORNER] for image in batch['inputs']])


def first_batch(loader: dict, size: int) -> dict:
    """The first images of a config's loader, read in this process."""
    plain = dict(loader, num_workers=0, persistent_workers=False, batch_size=size)
    return next(iter(Runner.build_dataloader(plain, seed=0)))


def check_training_step(model, cfg: Config, batch: dict) -> None:
    """Finite losses, a finite gradient for every parameter, a step of the config's optimiser."""
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    losses = model.train()(**model.data_preprocessor(batch, True), mode='loss')
    total, logged = model.parse_losses(losses)
    assert all(torch.isfinite(value).all() for value in logged.values()), logged
    if re.search(r'(lrformer|scaseg)/\w+_semantic_', cfg.filename):
        chance = math.log(cfg.model.decode_head.num_classes)
        assert 0.5 * chance < logged['decode.loss_ce'] < 2 * chance
    wrapper.backward(total)
    grads = {name: p.grad for name, p in model.named_parameters() if p.requires_grad}
    assert [name for name, grad in grads.items() if grad is None] == []
    assert [name for name, grad in grads.items() if not torch.isfinite(grad).all()] == []
    wrapper.step()


def check_prediction(model, cfg: Config) -> None:
    """Predict one image, and let the config's own evaluators score it.

    Whether what a detector finds comes out right is another matter: see test_perfect_detections.
    """
    model.eval()
    loader = Runner.build_dataloader(
        dict(cfg.test_dataloader, num_workers=0, persistent_workers=False, batch_size=1), seed=0
    )
    batch = next(iter(loader))
    with torch.no_grad():
        samples = model.test_step(batch)
    assert tuple(samples[0].ori_shape) == input_size(cfg)[0]
    if 'pred_sem_seg' in samples[0]:
        assert tuple(samples[0].pred_sem_seg.shape) == tuple(samples[0].ori_shape)
    evaluator = Evaluator(cfg.test_evaluator)
    evaluator.dataset_meta = loader.dataset.metainfo
    evaluator.process(samples, batch)
    metrics = evaluator.evaluate(len(samples))
    assert metrics
    assert all(name.startswith('lowres/') for name in metrics)
    assert all(np.isnan(value) or 0 <= value <= 100 for value in metrics.values()), metrics
