"""Checkpoints that are written whole or not at all, hold finite weights only, and are deleted last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from mmmaskattn.engine.checkpoint import BACKEND, WholeFilesBackend, write_whole
from mmmaskattn.engine.non_finite import NonFiniteError, non_finite_weights
from mmmaskattn.engine.stopping import any_rank
from mmmaskattn.registry import HOOKS
from mmmaskattn.utils.files import remove_partial_files

INTERRUPTED = 'interrupted.pth'
"""Name of the checkpoint that a training saves when it is stopped."""


@HOOKS.register_module()
class WholeCheckpointHook(CheckpointHook):
    """mmengine's ``CheckpointHook``, safe against a kill at any moment.

    Every file is written beside and renamed; ``last_checkpoint`` follows when the checkpoint is whole; what
    ``max_keep_ckpts`` or a new best makes superfluous is deleted last. Weights that are not finite are not saved:
    the training stops, and the checkpoints before them stay. ``save_best`` may leave out the metric's prefix
    (``mIoU`` for ``lowres/mIoU``). In a folder that is no local one (``out_dir='s3://...'``) files are written as
    mmengine writes them.

    Args:
        **options: Those of mmengine's ``CheckpointHook``.
    """

    _default_greater_keys = [*CheckpointHook._default_greater_keys, 'PQ', 'SQ', 'RQ', 'AP']

    def __init__(self, **options: Any) -> None:
        if '://' not in str(options.get('out_dir') or ''):
            options['backend_args'] = options.get('backend_args') or dict(backend=BACKEND)
        super().__init__(**options)

    def before_train(self, runner: Runner) -> None:
        """Find the folder, and delete what a killed training left of half files.

        Args:
            runner: The Runner that trains.
        """
        super().before_train(runner)
        if is_main_process() and self._is_local():
            for folder in {self.out_dir, runner.work_dir}:
                remove_partial_files(folder)

    def save_interrupted(self, runner: Runner, meta: dict[str, Any]) -> str:
        """Save a checkpoint between two that are due, under a name of its own; the next one due replaces it.

        Args:
            runner: The Runner that trains.
            meta: What ``meta`` of the checkpoint shall hold, ``epoch`` and ``iter`` among it.

        Returns:
            The file's path.
        """
        _refuse_non_finite(runner)
        self._save(runner, INTERRUPTED, meta)
        return str(self.last_ckpt)

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict[str, Any]) -> None:
        """As mmengine's, but ``last_checkpoint`` is written whole and outdated checkpoints are deleted at the end."""
        _refuse_non_finite(runner)
        if self.max_keep_ckpts > 0 and step not in self.keep_ckpt_ids:
            if len(self.keep_ckpt_ids) == self.max_keep_ckpts:
                self._remove(self.filename_tmpl.format(self.keep_ckpt_ids.popleft()))
            self.keep_ckpt_ids.append(step)
            runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))
        self._remove(INTERRUPTED)
        self._save(runner, self.filename_tmpl.format(step), meta)

    def _save(self, runner: Runner, name: str, meta: dict[str, Any]) -> None:
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir,
            name,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        if is_main_process():
            write_whole(Path(runner.work_dir, 'last_checkpoint'), str(self.last_ckpt).encode())
            self._remove_outdated()

    def _is_local(self) -> bool:
        return isinstance(self.file_backend, WholeFilesBackend)

    def _save_best_checkpoint(self, runner: Runner, metrics: dict[str, Any]) -> None:
        if self.save_best:
            _refuse_non_finite(runner)
            super()._save_best_checkpoint(runner, {**metrics, **self._without_prefix(metrics)})
            if is_main_process():
                self._remove_outdated()

    def _without_prefix(self, metrics: dict[str, Any]) -> dict[str, Any]:
        """Values of the metrics that ``save_best`` names by what stands behind the last ``/``."""
        found = {}
        for name in self.save_best:
            matching = [full for full in metrics if full.rpartition('/')[2] == name]
            if name != 'auto' and name not in metrics and len(matching) != 1:
                raise ValueError(
                    f'checkpoint.save_best={name!r} is {"not" if not matching else "more than one"} among the metrics; '
                    f'expected auto or one of {", ".join(metrics)}'
                )
            if name not in metrics and matching:
                found[name] = metrics[matching[0]]
        return found

    def _remove(self, name: str) -> None:
        path = self.file_backend.join_path(self.out_dir, name)
        if is_main_process() and self.file_backend.isfile(path):
            self.file_backend.remove(path)

    def _remove_outdated(self) -> None:
        if self._is_local():
            best = self.__dict__.get('best_ckpt_path_dict') or {'': self.__dict__.get('best_ckpt_path')}
            self.file_backend.remove_outdated(keep=(self.last_ckpt, *best.values()))


def _refuse_non_finite(runner: Runner) -> None:
    """Stop rather than push a healthy checkpoint out by one that holds nan or inf."""
    found = non_finite_weights(runner.model)
    if any_rank(bool(found)):
        raise NonFiniteError(
            f'Iteration {runner.iter}: weights are nan or inf ({found or "on another process"}), so none are saved '
            f'and the earlier checkpoints in {runner.work_dir} stay. Resume from the last, at a lower rate.'
        )
