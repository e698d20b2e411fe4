"""Inputs without data: a random image batch and the meta information that mmseg and mmdet ask for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import BaseModel
from mmengine.structures import BaseDataElement
from torch import Tensor, nn


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
