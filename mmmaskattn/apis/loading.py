"""A model ready to predict: its config, weights and classes found from whatever was given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner.checkpoint import CheckpointLoader
from torch import nn

import mmmaskattn
from mmmaskattn.apis.description import named_classes, task_of
from mmmaskattn.apis.results import classes_of
from mmmaskattn.apis.weights import resolve_weights
from mmmaskattn.datasets.config_file import read_config_file
from mmmaskattn.datasets.input_size import sized_transforms
from mmmaskattn.registry import MODELS
from mmmaskattn.utils.weights import WeightsMismatchError, check_checkpoint, load_weights
from mmmaskattn_console.model_index import TASKS, find_model
from mmmaskattn_runtime import Classes


@dataclass(frozen=True)
class ReadyModel:
    """A model ready to predict.

    Attributes:
        module: mmseg's or mmdet's model, in evaluation mode.
        cfg: Its config.
        classes: What it tells apart.
        task: What it predicts, one of `TASKS`.
        size: (H, W) of its input.
        weights: Where its weights came from.
    """

    module: nn.Module
    cfg: Config
    classes: Classes
    task: str
    size: tuple[int, int]
    weights: str


def prepare_model(
    model: str | Path | Config,
    weights: str | Path | None = None,
    device: str | None = None,
    task: str | None = None,
    score: float | None = None,
) -> ReadyModel:
    """Build a model and load its weights.

    Args:
        model: Name in the model index, config file, or config.
        weights: Checkpoint or published file, where it is not the one that the index names.
        device: Such as ``'cuda'``; the fastest there is by default.
        task: One of `TASKS`; that of the config by default. A panoptic model serves all three.
        score: Least score of an instance in the panoptic map of `BottomUpPanoptic`; that of ``test_cfg`` by default.

    Returns:
        The model.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If the name is unknown, no weights are known, or the config cannot be used.
        WeightsMismatchError: If the weights are those of another model.
    """
    cfg, found = _config_and_weights(model, weights)
    init_default_scope(cfg.get('default_scope', mmmaskattn.__name__))
    size = _input_size(cfg)
    own = task_of(cfg)
    if task not in (None, *TASKS):
        raise ValueError(f'task {task!r}: expected one of {", ".join(TASKS)}')
    if own == TASKS[0] and task not in (None, own):
        raise ValueError(f'task {task!r}: the model only labels pixels; expected {own}, or another model')
    place = _device(device)
    settings = cfg.model.copy()
    settings.pop('init_cfg', None)
    if str(settings.type).rpartition('.')[2] == 'BottomUpPanoptic':
        given = settings.get('test_cfg') or {}
        fusion = {} if score is None else dict(score_threshold=score)
        settings.test_cfg = dict(given, instance_map=True, panoptic={**given.get('panoptic', {}), **fusion})
    module = MODELS.build(settings)
    metainfo = _load(module, found)
    classes = classes_of(metainfo or config_metainfo(cfg))
    module.to(place).eval()
    module = module.to(memory_format=torch.channels_last)
    return ReadyModel(module, cfg, classes, task or own, size, str(found))


def _config_and_weights(model: str | Path | Config, weights: str | Path | None) -> tuple[Config, Path]:
    if isinstance(model, Config):
        cfg, known = model.copy(), None
    elif str(model).endswith('.py') or Path(model).is_file():
        cfg, known = read_config_file(model), None
    else:
        entry = find_model(str(model))
        cfg, known = read_config_file(entry.config), entry
    if weights is None and (known is None or known.weights is None):
        raise ValueError(
            f'no weights are published for {model}; train it, and name the checkpoint with weights= or --weights'
        )
    return cfg, resolve_weights(known if weights is None else str(weights))  # type: ignore[arg-type]


def _input_size(cfg: Config) -> tuple[int, int]:
    for step in sized_transforms(cfg.get('test_dataloader')):
        size = step['size']
        return (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
    raise ValueError(
        f"{cfg.filename}: no LowResResize in test_dataloader, so the size of the network's input is not known. Put "
        f"dict(type='mmmaskattn.LowResResize', size=(H, W)) into the test pipeline."
    )


def config_metainfo(cfg: Config) -> Mapping[str, Any]:
    """Classes as a config and its data set's class state them; no data is needed.

    Raises:
        ValueError: If they do not.
    """
    if metainfo := named_classes(cfg):
        return metainfo
    raise ValueError(f'{cfg.filename}: neither the weights nor the data set of the config say what the classes are')


def _load(module: nn.Module, weights: Path) -> Mapping[str, Any] | None:
    """Load the weights; return the classes that the file states."""
    check_checkpoint(weights)
    try:
        content = CheckpointLoader.load_checkpoint(str(weights), map_location='cpu', logger='silent')
    except (KeyError, RuntimeError) as error:
        reason = ' '.join(str(error).split())[:120]
        raise ValueError(f'{weights} is no checkpoint that can be read: {reason}') from None
    try:
        load_weights(module, content.get('state_dict', content), strict=True)
    except WeightsMismatchError as error:
        raise WeightsMismatchError(
            f'{weights} does not fit the model: {error}. Name a checkpoint of this config'
        ) from None
    meta = content.get('meta') or {}
    found = meta.get('dataset_meta') or {}
    return found if found.get('classes') or found.get('thing_classes') else None


def _device(name: str | None) -> torch.device:
    """The device asked for, or the fastest there is."""
    try:
        device = torch.device(name or ('cuda' if torch.cuda.is_available() else 'cpu'))
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0][:100]
        raise ValueError(f'device {name!r}: expected cpu, or cuda where there is a GPU ({reason})') from None
    return device
