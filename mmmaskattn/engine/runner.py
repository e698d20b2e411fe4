"""The Runner of training and test: mmengine's, with weights laid out in time and a terminal for a person to read."""

from __future__ import annotations

import logging
from typing import Any

import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.registry import RUNNERS
from mmengine.runner import BaseLoop, Runner
from torch import nn
from torch.optim import SGD, Adam, AdamW
from torch.utils.data import DataLoader

from mmmaskattn.engine.hooks.channels_last_hook import store_channels_last, wants_channels_last
from mmmaskattn.engine.summary import SummaryHook
from mmmaskattn.engine.terminal import prints_to_log, silence_known_warnings, tame_terminal

FUSED: tuple[Any, ...] = (SGD, Adam, AdamW)
"""Optimizers of which torch has a fused step."""


class LayoutRunner(Runner):
    """mmengine's Runner; what `ChannelsLastHook` asks for is done before the model is wrapped, and steps are fused."""

    def wrap_model(self, model_wrapper_cfg: dict | None, model: nn.Module) -> nn.Module:
        """Wrap the model as mmengine does.

        Args:
            model_wrapper_cfg: Config of the wrapper.
            model: The model.

        Returns:
            The model, wrapped if there are several processes.
        """
        if wants_channels_last(self.cfg):
            store_channels_last(model)
        return super().wrap_model(model_wrapper_cfg, model)

    def build_optim_wrapper(self, optim_wrapper: Any) -> OptimWrapper | OptimWrapperDict:
        """Build the optimizer and its wrapper as mmengine does; see `fuse_step`.

        Args:
            optim_wrapper: Config of the wrapper, or what is built already.

        Returns:
            The wrapper.
        """
        built = super().build_optim_wrapper(optim_wrapper)
        fuse_step(built)
        return built


class ConsoleRunner(LayoutRunner):
    """mmengine's Runner; what it logs before the first iteration goes to its log file only."""

    def build_logger(self, log_level: int | str = 'INFO', log_file: str | None = None, **kwargs: Any) -> MMLogger:
        """Build the logger; its file also gets what was logged while the config was read.

        Args:
            log_level: Of terminal and file.
            log_file: By default in the folder of this run.
            **kwargs: Passed on to mmengine's logger.

        Returns:
            The logger.
        """
        early = tame_terminal(MMLogger.get_current_instance()).held_back
        logger = super().build_logger(log_level, log_file, **kwargs)
        tame_terminal(logger)
        for handler in logger.handlers:
            for record in early if isinstance(handler, logging.FileHandler) else ():
                handler.handle(record)
        early.clear()
        return logger

    @staticmethod
    def build_dataloader(*args: Any, **kwargs: Any) -> DataLoader:
        """Build a data loader as mmengine does; pycocotools prints at that."""
        with prints_to_log():
            return Runner.build_dataloader(*args, **kwargs)

    def load_checkpoint(self, *args: Any, **kwargs: Any) -> dict:
        """Load a checkpoint as mmengine does; it prints the path, and which weights do not fit."""
        with prints_to_log():
            return super().load_checkpoint(*args, **kwargs)


def quiet_start() -> None:
    """Before the config is read: keep from the terminal what mmengine logs then, and the known warnings."""
    silence_known_warnings()
    tame_terminal(MMLogger.get_current_instance()).started = False  # an earlier run of this process may have opened it


def build_runner(cfg: Config, verbose: bool = False) -> Runner:
    """Build the Runner that the config asks for.

    Args:
        cfg: The config. One with a ``runner_type`` of its own shows what that Runner shows.
        verbose: Show on the terminal all that goes to the log file.

    Returns:
        The Runner, with a hook that says what is trained or tested, and at the end where things lie.
    """
    usual = LayoutRunner if verbose else ConsoleRunner
    runner = RUNNERS.build(cfg) if 'runner_type' in cfg else usual.from_cfg(cfg)
    runner.register_hook(SummaryHook())
    return runner


def end_workers(runner: Runner) -> None:
    """End the processes that load data, when nothing more is to be read.

    Left to the garbage collection, each waits for 5 s until it sees that nobody asks any more: what would tell it is
    collected first.

    Args:
        runner: The Runner, after its training or test.
    """
    for loop in (runner._train_loop, runner._val_loop, runner._test_loop):
        if isinstance(loop, BaseLoop):
            loop.dataloader._iterator = None
            if hasattr(loop, 'dataloader_iterator'):
                del loop.dataloader_iterator  # mmengine's loop over iterations holds it


def fuse_step(wrapper: OptimWrapper | OptimWrapperDict) -> None:
    """Let an optimizer compute its step by torch's fused kernels; the numbers are the same up to rounding.

    mmengine makes a group of each parameter whose weight decay differs, and torch's other ways take a dozen operations
    for each group. What a config says of ``fused`` or ``foreach`` stays, and so does what it is resumed from.

    Args:
        wrapper: With the optimizer, or several; groups are changed in place.
    """
    for one in wrapper.values() if isinstance(wrapper, OptimWrapperDict) else [wrapper]:
        for group in one.optimizer.param_groups if type(one.optimizer) in FUSED else ():
            if group['fused'] is None and not (group['foreach'] or group['differentiable']):
                group['fused'] = _can_fuse(type(one.optimizer), group['params']) or None


def _can_fuse(kind: Any, parameters: list[torch.nn.Parameter]) -> bool:
    """Whether torch has such a kernel for the places and types of these parameters, by trying."""
    for device, dtype in {(parameter.device, parameter.dtype) for parameter in parameters}:
        probe = torch.zeros(1, device=device, dtype=dtype, requires_grad=True)
        probe.grad = torch.zeros_like(probe)
        try:
            kind([probe], fused=True).step()
        except (RuntimeError, TypeError):  # older versions have none for the CPU, or for SGD
            return False
    return True
