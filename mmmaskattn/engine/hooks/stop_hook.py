"""Stopping at the end of an iteration, with a checkpoint to go on from."""

from __future__ import annotations

import signal
from typing import Any

from mmengine.dist import get_world_size, is_main_process
from mmengine.hooks import EMAHook, Hook
from mmengine.runner import Runner

from mmmaskattn.engine.hooks.checkpoint_hook import WholeCheckpointHook
from mmmaskattn.engine.stopping import REQUEST, largest
from mmmaskattn.registry import HOOKS


@HOOKS.register_module()
class StopHook(Hook):
    """Save a checkpoint and end when the process was asked to by SIGINT or SIGTERM.

    The signals are noted by ``mmmaskattn.engine.stopping.noted_signals``, around the training. All processes end at
    the same iteration. It needs `WholeCheckpointHook`; without it the training ends and saves nothing.
    """

    # After all others, so that the iteration is complete.
    priority = 100

    def __init__(self) -> None:
        self._epoch_began: int | None = None
        self._validating = False

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Read at which iteration the epoch began in which the training was stopped.

        Args:
            runner: The Runner.
            checkpoint: What was loaded.
        """
        if runner._resume:
            self._epoch_began = checkpoint.get('meta', {}).get('interrupted', {}).get('epoch_began')

    def before_train(self, runner: Runner) -> None:
        """From now on a signal is looked at soon.

        Args:
            runner: The Runner that trains.
        """
        REQUEST.can_wait = True

    def after_train(self, runner: Runner) -> None:
        """From now on nobody looks.

        Args:
            runner: The Runner that trained.
        """
        REQUEST.can_wait = False

    def before_train_epoch(self, runner: Runner) -> None:
        """Note at which iteration the epoch begins, or began.

        Args:
            runner: The Runner that trains.
        """
        if self._epoch_began is None:
            self._epoch_began = runner.iter

    def after_train_epoch(self, runner: Runner) -> None:
        """Forget it.

        Args:
            runner: The Runner that trains.
        """
        self._epoch_began = None

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict[str, Any] | None = None
    ) -> None:
        """Stop if a process was asked to.

        Args:
            runner: The Runner that trains.
            batch_idx: Number of the batch.
            data_batch: The batch.
            outputs: What the model logged.

        Raises:
            SystemExit: With 128 + the signal's number, on all processes.
        """
        number = largest(REQUEST.signal)
        if number:
            self.stop(runner, number, runner.iter + 1)

    def before_val_epoch(self, runner: Runner) -> None:
        """Note that other weights may be in the model's place.

        Args:
            runner: The Runner.
        """
        self._validating = True

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Note that they no longer are.

        Args:
            runner: The Runner.
            metrics: What was found.
        """
        self._validating = False

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Stop within a validation during training, where the process is alone: several may differ in batches.

        Args:
            runner: The Runner that trains.
            batch_idx: Number of the batch.
            data_batch: The batch.
            outputs: What the model predicted.
        """
        if REQUEST.signal and get_world_size() == 1 and runner._train_loop is not None:
            self.stop(runner, REQUEST.signal, runner.iter)

    def stop(self, runner: Runner, number: int, iterations: int) -> None:
        """Save a checkpoint, say so in one line, and end.

        Args:
            runner: The Runner that trains; its weights are those after a whole iteration.
            number: The signal.
            iterations: How many iterations are done.

        Raises:
            SystemExit: With 128 + the signal's number.
        """
        for one in runner.hooks if self._validating else ():
            if isinstance(one, EMAHook):
                one.after_val_epoch(
                    runner
                )  # puts the averaged weights aside; the checkpoint holds both in their places
        began = iterations if self._epoch_began is None else self._epoch_began
        interrupted = dict(epoch_began=began, epoch_length=len(runner.train_dataloader))
        meta = dict(epoch=runner.epoch, iter=iterations, interrupted=interrupted)
        hook = next((one for one in runner.hooks if isinstance(one, WholeCheckpointHook)), None)
        saved = f'saved in {hook.save_interrupted(runner, meta)}' if hook else 'no WholeCheckpointHook, nothing saved'
        if is_main_process():
            name = signal.Signals(number).name
            runner.logger.warning(f'Stopped by {name} after iteration {iterations}: {saved}. Go on with --resume.')
        raise SystemExit(128 + number)
