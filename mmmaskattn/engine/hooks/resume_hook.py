"""Changed settings at resume."""

from __future__ import annotations

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmmaskattn.engine.resume import refit
from mmmaskattn.registry import HOOKS


@HOOKS.register_module()
class ResumeHook(Hook):
    """Let changed settings (epochs, rate, schedule) hold after a resume, and say which have changed.

    Where they cannot, the resume is refused with both values; see ``mmmaskattn.engine.resume.refit``.
    """

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Refit the checkpoint's schedule to the config.

        Args:
            runner: The Runner.
            checkpoint: What was loaded; changed in place.
        """
        if not runner._resume:
            return
        changes = refit(runner, checkpoint)
        if changes:
            runner.logger.warning(
                f'Resumed with changed settings ({"; ".join(changes)}); the schedule goes on as if they had held from '
                'the start.'
            )
