"""Models and inputs of measurements, built from configs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config, ConfigDict
from mmengine.model import BaseModel, revert_sync_batchnorm
from mmengine.registry import MODELS, init_default_scope
from mmengine.structures import BaseDataElement
from mmseg.models.segmentors import BaseSegmentor
from torch import Tensor, nn
from torch.nn import functional

from mmmaskattn.datasets.check_root import leaf_datasets
from mmmaskattn.datasets.config_file import read_config_file


def device_of(model: nn.Module) -> torch.device:
    """The device of the first parameter or buffer of ``model``, the CPU for a model with neither."""
    for tensor in (*model.parameters(), *model.buffers()):
        return tensor.device
    return torch.device('cpu')


def random_images(shape: Sequence[int], batch: int = 1, device: torch.device | str = 'cpu') -> Tensor:
    """Standard normal images, the same on each call.

    Args:
        shape: (H, W) in pixels for three channels, or (C, H, W).
        batch: Number of images.
        device: Where to put them.

    Returns:
        Tensor of shape (batch, C, H, W).

    Raises:
        ValueError: If ``shape`` is not two or three positive numbers.
    """
    if len(shape) not in (2, 3) or min(shape) < 1:
        raise ValueError(f'shape is {tuple(shape)}: expected (H, W) or (C, H, W), all positive; give e.g. 128 128')
    full = (3, *shape) if len(shape) == 2 else tuple(shape)
    return torch.randn(batch, *full, generator=torch.Generator().manual_seed(0)).to(device)


def data_samples(images: Tensor) -> list[BaseDataElement]:
    """One sample per image, with the meta information of an image that was not resized, flipped or padded.

    Args:
        images: (B, C, H, W).
    """
    size = (images.shape[-2], images.shape[-1])
    sizes = dict.fromkeys(('ori_shape', 'img_shape', 'pad_shape', 'batch_input_shape'), size)
    meta = dict(sizes, scale_factor=(1.0, 1.0), flip=False, flip_direction=None, img_path='')
    return [BaseDataElement(metainfo=dict(meta, img_id=index)) for index in range(len(images))]


def run_model(model: nn.Module, inputs: tuple[Any, ...], mode: str) -> Any:
    """One forward of ``model``.

    Args:
        model: An mmengine model (its ``forward`` gets data samples and ``mode``), or any module.
        inputs: The positional inputs; for an mmengine model the normalised image batch (B, C, H, W).
        mode: ``tensor`` (the bare network) or ``predict`` (with post-processing); for mmengine models only.
    """
    if isinstance(model, BaseModel):
        return model(inputs[0], data_samples(inputs[0]), mode=mode)
    return model(*inputs)


class BareNetwork(nn.Module):
    """A model without its post-processing: images in, tensors out.

    A semantic model's logits are enlarged bilinearly to the images' size, as its prediction does: networks whose logits
    come at another stride then all end in a map of the input's size.

    Args:
        model: An mmengine model, or any module.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Any:
        """Run it.

        Args:
            images: Normalised, (B, C, H, W).
        """
        outputs = run_model(self.model, (images,), 'tensor')
        if not isinstance(self.model, BaseSegmentor):
            return outputs
        size, corners = images.shape[-2:], self.model.align_corners
        return functional.interpolate(outputs, size=size, mode='bilinear', align_corners=corners)


FALLBACK_SIZE = (128, 128)


def read_config(path: str | Path, options: dict[str, Any] | None = None) -> Config:
    """Read a config file of mmmaskattn, mmseg or mmdet.

    Args:
        path: The file.
        options: What ``--cfg-options`` gave: dotted keys and values.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the config has no ``model``, or an option is wrong.
    """
    cfg = read_config_file(path, options)
    if 'model' not in cfg:
        raise ValueError(f'config {path}: has no `model`; give a config of a whole model, not a part from _base_')
    return cfg


def _without_weights(node: Any) -> Any:
    """Copy a config node without its sources of trained weights, so that building reads no file and no network."""
    if isinstance(node, Mapping):
        kept = {key: _without_weights(value) for key, value in node.items() if key != 'init_cfg'}
        return {key: None if key == 'pretrained' else value for key, value in kept.items()}
    if isinstance(node, (list, tuple)):
        return type(node)(_without_weights(item) for item in node)
    return node


def build_model(cfg: Config) -> nn.Module:
    """Build the model of ``cfg`` with random weights, on the CPU, for one process (SyncBN becomes plain batch norm).

    Its weights are stored with channels last, as in training and test.

    Args:
        cfg: A config with ``model``; its ``default_scope`` decides where unprefixed names are looked up.
    """
    init_default_scope(cfg.get('default_scope') or 'mmengine')
    model = MODELS.build(ConfigDict(_without_weights(cfg.model.to_dict())))
    return revert_sync_batchnorm(model).to(memory_format=torch.channels_last)


def build_seeded_model(cfg: Config, seed: int = 0) -> nn.Module:
    """Build as :func:`build_model` does, with the same random weights each time.

    What a model predicts, and so what its post-processing costs, depends on the weights.

    Args:
        cfg: A config with ``model``.
        seed: Of torch's generator, which is put back afterwards.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build_model(cfg)


def _pipelines(cfg: Config) -> Iterator[Any]:
    for part in ('test_dataloader', 'val_dataloader', 'train_dataloader'):
        for _, dataset in leaf_datasets((cfg.get(part) or {}).get('dataset'), part):
            yield dataset.get('pipeline') or []
    yield cfg.get('test_pipeline') or []


def _pair(value: Any) -> tuple[int, int] | None:
    if isinstance(value, int):
        return value, value
    if isinstance(value, (list, tuple)) and len(value) == 2 and all(isinstance(side, int) for side in value):
        return value[0], value[1]
    return None


def _resize_size(cfg: Config) -> tuple[int, int] | None:
    steps = (step for pipeline in _pipelines(cfg) for step in pipeline)
    sizes = (_pair(step.get('size')) for step in steps if str(step.get('type')).endswith('LowResResize'))
    return next(filter(None, sizes), None)


def input_size(cfg: Config) -> tuple[tuple[int, int], str]:
    """The network's input size (H, W) that a config asks for, and where it says so.

    Looked for in this order: the ``LowResResize`` of its pipelines, ``crop_size`` (mmseg, H first), ``image_size``
    (mmdet, W first); else 128 x 128.
    """
    if size := _resize_size(cfg):
        return size, "the config's LowResResize"
    if crop := _pair(cfg.get('crop_size')):
        return crop, "the config's crop_size"
    if image := _pair(cfg.get('image_size')):
        return (image[1], image[0]), "the config's image_size"
    return FALLBACK_SIZE, 'the default, as the config names no size'
