"""Activations that are computed again in the backward pass instead of being kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint


def run_part(module: nn.Module, part: Callable[..., Tensor], *inputs: Any) -> Tensor:
    """Run a part of a module; if its ``with_cp`` is set, with recomputation wherever there will be a backward pass.

    Batch norms follow their running statistics in the first pass alone, so these are the same as without.
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
        passes = 0

        def _run(*given: Any) -> Tensor:
            nonlocal passes
            passes += 1
            if passes == 1:
                return part(*given)
            with _without_statistics(module):
                return part(*given)

        return checkpoint(_run, *inputs, use_reentrant=False)
    return part(*inputs)


@contextmanager
def _without_statistics(module: nn.Module) -> Iterator[None]:
    """Let batch norms follow copies of their running statistics, which are forgotten."""
    norms = [one for one in module.modules() if isinstance(one, _BatchNorm)]
    kept = [dict(norm._buffers) for norm in norms]
    for norm in norms:
        norm._buffers.update({name: value if value is None else value.clone() for name, value in norm._buffers.items()})
    try:
        yield
    finally:
        for norm, buffers in zip(norms, kept):
            norm._buffers.update(buffers)
