"""The Runner of training and test: mmengine's, with weights laid out in time and a terminal for a person to read."""

from __future__ import annotations

import logging
from typing import Any

from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.registry import RUNNERS
from mmengine.runner import BaseLoop, Runner
from torch import nn
from torch.utils.data import DataLoader

from mmmaskattn.engine.fused_step import fuse_step
from mmmaskattn.engine.hooks.channels_last_hook import store_channels_last, wants_channels_last
from mmmaskattn.engine.summary import SummaryHook
from mmmaskattn.engine.terminal import prints_to_log, silence_known_warnings, tame_terminal


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
