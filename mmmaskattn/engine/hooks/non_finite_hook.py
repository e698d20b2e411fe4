"""Noticing a loss that is nan or inf in the iteration in which it occurs."""

from __future__ import annotations

from typing import Any, Literal

import torch
from mmengine.dist import all_gather_object, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmmaskattn.engine.non_finite import NonFiniteError, non_finite_losses, non_finite_names, pictures_of
from mmmaskattn.engine.stopping import any_rank
from mmmaskattn.registry import HOOKS
from mmmaskattn.utils.option_types import Count

Action = Literal['stop', 'skip']


@HOOKS.register_module()
class NonFiniteHook(Hook):
    """Stop a training, or leave an iteration out, when a loss is nan or inf.

    The loss is looked at before the backward pass, so that it never reaches the weights; all processes act alike.
    What is said names the losses and the pictures of that batch. A gradient that is nan or inf although the loss is
    finite ends the training too (under float16 the loss scaler skips it, as always). A checkpoint whose weights are
    not finite is refused when it is loaded.

    Args:
        action: ``stop`` raises an error; ``skip`` leaves the iteration out, warns and counts.
        most_in_a_row: With ``skip``: so many iterations in a row are left out, the next one stops the training.
    """

    # Before RuntimeInfoHook (VERY_HIGH) puts the value into the log's history.
    priority = 5

    def __init__(self, action: Action = 'stop', most_in_a_row: Count = 10) -> None:
        self.action = action
        self.most_in_a_row = most_in_a_row
        self.skipped, self.in_a_row = 0, 0
        self._bad = False

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Refuse weights that are not finite.

        Args:
            runner: The Runner.
            checkpoint: What was loaded.

        Raises:
            NonFiniteError: If a parameter is nan or inf, or a buffer nan.
        """
        weights = checkpoint.get('state_dict', checkpoint)
        tensors = {name: value for name, value in weights.items() if isinstance(value, torch.Tensor)}
        own = {name.removeprefix('module.') for name, _ in runner.model.named_parameters()}
        parameters = {name: value for name, value in tensors.items() if name.removeprefix('module.') in own}
        found = non_finite_names(parameters.items(), ((k, v) for k, v in tensors.items() if k not in parameters))
        if found:
            raise NonFiniteError(
                f'{runner._load_from}: weights are nan or inf ({found}); expected finite ones. Use an '
                'earlier checkpoint.'
            )

    def before_train(self, runner: Runner) -> None:
        """Look at every loss before its backward pass.

        Args:
            runner: The Runner that trains.
        """
        wrapper = runner.optim_wrapper
        update = wrapper.update_params

        def update_if_finite(loss: torch.Tensor, *args: Any, **kwargs: Any) -> None:
            """Update the weights unless the loss of some process is not finite."""
            self._bad = any_rank(not bool(torch.isfinite(loss.detach()).all()))
            if not self._bad:
                update(loss, *args, **kwargs)

        wrapper.update_params = update_if_finite

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict[str, Any] | None = None
    ) -> None:
        """Stop, or count, if the loss or the gradient was not finite.

        Args:
            runner: The Runner that trains.
            batch_idx: Number of the batch.
            data_batch: The batch.
            outputs: What the model logged.

        Raises:
            NonFiniteError: If the training must stop.
        """
        gradient = self._gradient_norm(runner)
        if not self._bad and not gradient:
            self.in_a_row = 0
            return
        losses = non_finite_losses(outputs)
        message = self._message(runner, losses, pictures_of(data_batch) if losses or gradient else [], gradient)
        self.skipped, self.in_a_row, self._bad = self.skipped + 1, self.in_a_row + 1, False
        if self.action == 'skip' and not gradient and self.in_a_row <= self.most_in_a_row:
            for name in [one.partition('=')[0] for one in losses] + ['loss']:
                (outputs or {}).pop(name, None)  # one nan would stay in the logged means
            runner.logger.warning(f'{message} The iteration is left out ({self.skipped} so far).')
            return
        if not is_main_process():
            raise SystemExit(1)
        raise NonFiniteError(
            f'{message} The training stops; earlier checkpoints in {runner.work_dir} are healthy. Look at the pictures '
            "with tools/data/check.py, lower the learning rate, or set the hook's action='skip'."
        )

    def _message(self, runner: Runner, losses: list[str], pictures: list[str], gradient: str) -> str:
        """Say what was found on which process."""
        found: list[tuple[list[str], list[str]]] = all_gather_object((losses, pictures))
        parts = [
            f'{", ".join(names) or gradient}{f" on process {rank}" if len(found) > 1 else ""}'
            f' with {", ".join(files) or "pictures that tell no file"}'
            for rank, (names, files) in enumerate(found)
            if names or gradient
        ]
        return f'Iteration {runner.iter + 1} (epoch {runner.epoch + 1}): {"; ".join(parts)}.'

    @staticmethod
    def _gradient_norm(runner: Runner) -> str:
        """The norm that clipping logged if it is not finite; it is the same on all processes."""
        if hasattr(runner.optim_wrapper, 'loss_scaler'):
            return ''
        history = runner.message_hub.log_scalars.get('train/grad_norm')
        value = history.current() if history is not None and len(history.data[0]) else 0.0
        return '' if abs(value) < float('inf') else f'gradient norm={value}'
