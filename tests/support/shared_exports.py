"""Exported files that tests share: each is recorded once, by whichever process of the run asks first."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from filelock import FileLock
from mmdet.datasets import CocoPanopticDataset
from mmengine.config import Config
from random_checkpoint import ROOT, Model
from safetensors.torch import load_file

from mmmaskattn.analysis.models import build_seeded_model
from mmmaskattn.apis import MaskAttnInferencer
from mmmaskattn.apis.deploy import export_model

PUBLISHED = 'tiny_dsb2018_panoptic'


def shared_export(
    factory: Any,
    model: str = PUBLISHED,
    weights: str | None = None,
    suffix: str = '.onnx',
    task: str | None = None,
    **options: Any,
) -> Path:
    """The file of a model; ``factory`` is pytest's ``tmp_path_factory``."""
    folder: Path = factory.getbasetemp()
    if 'PYTEST_XDIST_WORKER' in os.environ:
        folder = folder.parent
    words = [Path(model).stem, *([task] if task else []), *(Path(str(value)).name for value in options.values())]
    path = folder / 'exported' / f'{"_".join(words)}{suffix}'
    path.parent.mkdir(exist_ok=True)
    with FileLock(f'{path}.lock'):
        if not path.is_file():
            export_model(MaskAttnInferencer(model, weights, 'cpu', task), path, nuclei_pictures(), **options)
    return path


def many_classes_model(folder: Path) -> Model:
    """The model that finds nuclei, with COCO's 133 classes: each thing class is one, a little likelier or less so.

    Its embeddings and seeds are trained, so that roundings do not change the groups.
    """
    cfg = Config.fromfile(ROOT / 'configs/maskattn/dsb2018_panoptic_128_tiny.py')
    metainfo = CocoPanopticDataset.METAINFO
    things, stuff = (len(metainfo[f'{kind}_classes']) for kind in ('thing', 'stuff'))
    for head in (cfg.model.segment_head, *cfg.model.auxiliary_head):
        head.update(num_things=things, num_stuff=stuff)
    cfg.dump(folder / 'many_classes.py')
    trained, rng = (
        load_file(str(ROOT / f'mmmaskattn/weights/{PUBLISHED}.safetensors')),
        torch.Generator().manual_seed(0),
    )
    weights = build_seeded_model(cfg).state_dict()
    for name, own in weights.items():
        given = trained[name].float() if name in trained else own
        if given.shape != own.shape:  # nucleus and background (or no object), in rows
            given = given.repeat_interleave(torch.tensor([things, len(own) - things]), 0)
            given = given * (1 + 0.1 * torch.rand(own.shape, generator=rng))
        weights[name] = given.to(own.dtype)
    path = folder / 'many_classes.pth'
    torch.save(dict(meta=dict(dataset_meta=metainfo), state_dict=weights), path)
    return Model(str(folder / 'many_classes.py'), str(path))


def nuclei_pictures() -> list[np.ndarray]:
    """Bright soft ellipses on dark ground, BGR, of sizes that are not the network's; one without any."""
    sizes = ((128, 128), (97, 203), (203, 97), (61, 90), (300, 260))
    pictures = [_nuclei(seed, size) for seed, size in enumerate(sizes)]
    return [*pictures, np.zeros((90, 70, 3), np.uint8)]


def _nuclei(seed: int, size: tuple[int, int]) -> np.ndarray:
    rng, unit = np.random.default_rng(seed), min(size) / 128
    picture = np.full(size, 12, np.float32)
    for _ in range(25):
        centre = [int(rng.uniform(0.05, 0.95) * side) for side in size[::-1]]
        axes = [int(unit * rng.uniform(5, 9)) + 1 for _ in range(2)]
        cv2.ellipse(picture, centre, axes, float(rng.uniform(0, 180)), 0, 360, float(rng.uniform(60, 110)), -1)
    picture = cv2.GaussianBlur(picture, (0, 0), unit) + rng.normal(0, 2, size)
    return np.repeat(picture.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def copy_of(path: Path, folder: Path) -> Path:
    """A file of one's own, to be changed."""
    return Path(shutil.copy(path, folder))
