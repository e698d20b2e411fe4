"""Keeps the channels of a pixel beside each other in memory."""

from __future__ import annotations

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from mmmaskattn.registry import HOOKS


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Store the weights of convolutions with channels last, in training, validation and test.

    A convolution whose weights lie so gives a map that does, whatever its input, so this one change takes the whole
    network there. Results are the same but for the order of sums; ``docs/explanation/recipe.md`` has the times.
    """

    def before_run(self, runner: Runner) -> None:
        """Convert the model, before a checkpoint is loaded into it.

        Args:
            runner: The Runner.
        """
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        model.to(memory_format=torch.channels_last)
