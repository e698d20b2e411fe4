"""Activations that are computed again in the backward pass instead of being kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


def run_part(module: nn.Module, part: Callable[..., Tensor], *inputs: Any) -> Tensor:
    """Run a part of a module; if its ``with_cp`` is set, with recomputation wherever there will be a backward pass.

    Whether the input needs a gradient does not matter: that of the first block, the image, never does, and the
    activations of the finest maps are those that take most memory.

    Args:
        module: The module, with an attribute ``with_cp``. Frozen parts are in evaluation mode, so nothing is computed
            twice for them.
        part: What is run.
        inputs: What it takes.

    Returns:
        What it gives.
    """
    if module.with_cp and module.training and torch.is_grad_enabled():
        return checkpoint(part, *inputs, use_reentrant=False)
    return part(*inputs)
