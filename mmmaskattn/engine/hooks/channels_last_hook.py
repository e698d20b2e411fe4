"""Keeps the channels of a pixel beside each other in memory."""

from __future__ import annotations

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn

from mmmaskattn.registry import HOOKS


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Store the weights of convolutions with channels last, in training, validation and test.

    A convolution whose weights lie so gives a map that does, whatever its input, so this one change takes the whole
    network there. Results are the same but for the order of sums; ``docs/explanation/recipe.md`` has the times.

    Our tools' Runner does it when it has built the model, before torch lays out its buffers for the gradients of
    several processes; with another Runner the hook does it, and torch warns that it copies them.
    """

    def before_run(self, runner: Runner) -> None:
        """Convert the model, before a checkpoint is loaded into it.

        Args:
            runner: The Runner.
        """
        store_channels_last(runner.model.module if is_model_wrapper(runner.model) else runner.model)


def store_channels_last(model: nn.Module) -> None:
    """Store the weights of convolutions with channels last.

    Args:
        model: The model, changed in place.
    """
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def wants_channels_last(cfg: Config) -> bool:
    """Whether a config has the hook.

    Args:
        cfg: The config.
    """
    hooks = [*(cfg.get('default_hooks') or {}).values(), *(cfg.get('custom_hooks') or [])]
    return any(hook and str(hook.get('type')).rpartition('.')[2] == ChannelsLastHook.__name__ for hook in hooks)
