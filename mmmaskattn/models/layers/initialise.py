"""How the linear layers of attention and feed-forward networks begin."""

from __future__ import annotations

from torch import nn


def initialise_linear(module: nn.Module) -> None:
    """Initialise a linear layer as transformers do, normal of standard deviation 0.02; other modules stay as they are.

    Args:
        module: what ``nn.Module.apply`` meets.
    """
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
