"""Finding nan and inf in losses and weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn

MOST_NAMES = 3


class NonFiniteError(RuntimeError):
    """A loss or a weight is nan or inf."""


def non_finite_weights(model: nn.Module) -> str:
    """Look through a model's parameters, and through its buffers for nan (an inf may be meant there).

    Args:
        model: The model, wrapped or not.

    Returns:
        The first names and their number; empty if all is well.
    """
    return non_finite_names(model.named_parameters(), model.named_buffers())


def non_finite_names(
    parameters: Iterable[tuple[str, torch.Tensor]], buffers: Iterable[tuple[str, torch.Tensor]] = ()
) -> str:
    """As `non_finite_weights`, of tensors by name.

    Args:
        parameters: Names and tensors that must be finite.
        buffers: Names and tensors that must not be nan.

    Returns:
        The first names and their number; empty if all is well.
    """
    verdicts = [(name, ~torch.isfinite(tensor).all()) for name, tensor in parameters]
    verdicts += [(name, torch.isnan(tensor).any()) for name, tensor in buffers if tensor.is_floating_point()]
    # Looked at together, so that a GPU is waited for once.
    flags = torch.stack([flag for _, flag in verdicts]).tolist() if verdicts else []
    return _few([name.removeprefix('module.') for (name, _), flag in zip(verdicts, flags) if flag])


def non_finite_losses(outputs: Mapping[str, Any] | None) -> list[str]:
    """Find the losses that are nan or inf.

    Args:
        outputs: What the model logged in this iteration, by name; a loss has ``loss`` in its name.

    Returns:
        Each with its value, such as ``decode.loss_ce=nan``. The total, ``loss``, is left out where a part is named.
    """
    found = []
    for name, value in (outputs or {}).items():
        number = torch.as_tensor(value, dtype=torch.float32).detach()
        if 'loss' in name and not torch.isfinite(number).all():
            found.append(f'{name}={number.mean().item()}')
    parts = [one for one in found if not one.startswith('loss=')]
    return parts or found


def pictures_of(batch: Any) -> list[str]:
    """Name the pictures of a batch by their files.

    Args:
        batch: What the data loader gave; of mmseg's and mmdet's data samples the ``img_path`` is read.

    Returns:
        Paths; empty where the batch tells none.
    """
    samples = batch.get('data_samples', []) if isinstance(batch, Mapping) else []
    return [str(sample.metainfo['img_path']) for sample in samples if 'img_path' in getattr(sample, 'metainfo', {})]


def _few(names: list[str]) -> str:
    more = f' and {len(names) - MOST_NAMES} more' if len(names) > MOST_NAMES else ''
    return ', '.join(names[:MOST_NAMES]) + more
