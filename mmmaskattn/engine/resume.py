"""Where a training goes on, and by which settings."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mmengine.optim import _ParamScheduler
from mmengine.runner import EpochBasedTrainLoop, Runner

from mmmaskattn.engine.checkpoint import is_whole

MOVING = ('last_step', 'base_values', 'verbose', 'optimizer')
"""Attributes of a scheduler that are not settings."""
MOST_CHANGES = 6


class ResumeError(ValueError):
    """A training cannot go on from the checkpoint, or not with these settings."""


def newest_whole_checkpoint(work_dir: Path) -> tuple[Path | None, str]:
    """Find what a bare ``--resume`` goes on from.

    Args:
        work_dir: Folder of the training.

    Returns:
        The checkpoint that ``last_checkpoint`` names if it is whole, else the newest whole one beside it or in the
        folder, else ``None``; and what there is to say about it, empty if nothing.

    Raises:
        ResumeError: If there are checkpoints, but none is whole.
    """
    pointer = work_dir / 'last_checkpoint'
    named = Path(pointer.read_text().strip()) if pointer.is_file() else None
    if named is not None and named.name and is_whole(named):
        return named, ''
    folders = dict.fromkeys([work_dir, *([named.parent] if named else [])])
    files = {file for folder in folders for file in folder.glob('*.pth') if not file.name.startswith('best_')}
    for file in sorted(files, key=lambda file: file.stat().st_mtime_ns, reverse=True):
        if is_whole(file):
            what = f'names {named}, which is not whole' if named and named.name else 'is absent or empty'
            return file, f'--resume: {pointer} {what}; going on from the newest whole checkpoint, {file}'
    if files:
        raise ResumeError(
            f'--resume: none of the {len(files)} checkpoints in {work_dir} is whole; remove them to start anew, or '
            'name another one: --resume PATH'
        )
    return None, f'--resume: there is no checkpoint in {work_dir}; starting anew'


def refit(runner: Runner, checkpoint: dict[str, Any]) -> list[str]:
    """Let a changed setting hold after a resume as if it had held from the start.

    mmengine takes the schedule and the optimizer's options from the checkpoint and ignores the config. Here, if they
    differ, the config's schedule is run up to the checkpoint's iteration, and what it gives there is written into the
    checkpoint, before mmengine loads it. If an epoch has another number of iterations than before (another batch size
    or number of processes), the count of iterations follows.

    Args:
        runner: The Runner, its optimizer and schedulers built from the config.
        checkpoint: What was loaded; changed in place.

    Returns:
        Each change, as ``name: old -> new``.

    Raises:
        ResumeError: If the training cannot go on so; it names both values and what to do.
    """
    _check_length(runner, checkpoint)
    changes = _follow_epoch_length(runner, checkpoint['meta'])
    saved_groups = _groups(checkpoint.get('optimizer', {}))
    schedulers = runner.param_schedulers or []
    if not saved_groups or not isinstance(schedulers, list):
        return changes
    groups = runner.optim_wrapper.param_groups
    _check_optimizer(groups, saved_groups)
    changes += _changed_options(groups, saved_groups)
    changes += _changed_schedule(schedulers, checkpoint.get('param_schedulers', []))
    if changes:
        _replay(runner, schedulers, checkpoint['meta']['iter'])
        checkpoint['param_schedulers'] = [scheduler.state_dict() for scheduler in schedulers]
        for group, saved in zip(groups, saved_groups):
            saved.update({name: value for name, value in group.items() if name != 'params'})
    return changes[:MOST_CHANGES]


def _check_length(runner: Runner, checkpoint: dict[str, Any]) -> None:
    """Refuse what is no checkpoint of a training, and a training that is to be shorter than it is already."""
    if not {'meta', 'message_hub'} <= set(checkpoint):
        raise ResumeError(
            f'--resume: {runner._load_from} holds weights only, no state of a training; to begin from them set '
            f'load_from={runner._load_from} by --cfg-options, and leave --resume out'
        )
    unit = 'epoch' if isinstance(runner.train_loop, EpochBasedTrainLoop) else 'iter'
    done, planned = checkpoint['meta'][unit], getattr(runner, f'max_{unit}s')
    if done > planned:
        raise ResumeError(
            f'--resume: {runner._load_from} has done {done} {unit}s, train_cfg.max_{unit}s is {planned}; set it to '
            'more, or name an earlier checkpoint'
        )


def _follow_epoch_length(runner: Runner, meta: dict[str, Any]) -> list[str]:
    if not isinstance(runner.train_loop, EpochBasedTrainLoop) or not meta['epoch'] + meta['iter']:
        return []
    length, interrupted = len(runner.train_dataloader), meta.get('interrupted')
    if interrupted is not None:
        if interrupted['epoch_length'] != length:
            raise ResumeError(
                f'--resume: {runner._load_from} was stopped within an epoch of {interrupted["epoch_length"]} '
                f'iterations, an epoch has {length} now; resume with the batch size, processes and data of before, or '
                'from the checkpoint of a whole epoch'
            )
        return []
    if meta['iter'] == meta['epoch'] * length:
        return []
    before, meta['iter'] = meta['iter'], meta['epoch'] * length
    return [f'iterations per epoch: {before / max(meta["epoch"], 1):g} -> {length}']


def _groups(optimizer: dict[str, Any]) -> list[dict[str, Any]]:
    """The saved parameter groups, and mmengine's record of the options before they were set apart by parameter."""
    base = optimizer.get('base_param_settings')
    return [*optimizer.get('param_groups', []), *([base] if base is not None else [])]


def _check_optimizer(groups: Sequence[dict[str, Any]], saved: Sequence[dict[str, Any]]) -> None:
    if len(groups) != len(saved):
        raise ResumeError(
            f'--resume: the checkpoint has {len(saved)} groups of parameters, the config makes {len(groups)}; '
            'set optim_wrapper and the model as they were'
        )
    ours, theirs = set(groups[0]) - set(saved[0]), set(saved[0]) - set(groups[0])
    if ours and theirs:
        raise ResumeError(
            f"--resume: the checkpoint's optimizer has the options {', '.join(sorted(theirs))}, the config's "
            f'{", ".join(sorted(ours))}: another optimizer; set optim_wrapper.optimizer as it was'
        )


def _changed_options(groups: Sequence[dict[str, Any]], saved: Sequence[dict[str, Any]]) -> list[str]:
    found: dict[str, str] = {}
    for group, before in zip(groups, saved):
        for name in sorted((set(group) & set(before)) - {'params', 'lr'}):
            if _plain(group[name]) != _plain(before[name]):
                option = f'optimizer.{name.removeprefix("initial_")}'
                found.setdefault(option, f'{option}: {before[name]} -> {group[name]}')
    return list(found.values())


def _changed_schedule(schedulers: Sequence[_ParamScheduler], saved: Sequence[dict[str, Any]]) -> list[str]:
    if len(schedulers) != len(saved):
        return [f'param_scheduler: {len(saved)} schedulers -> {len(schedulers)}']
    return [change for one, before in zip(schedulers, saved) for change in _changed_scheduler(one, before)]


def _changed_scheduler(scheduler: _ParamScheduler, saved: dict[str, Any]) -> Iterator[str]:
    kind = type(scheduler).__name__
    now = {name: value for name, value in vars(scheduler).items() if not name.startswith('_') and name not in MOVING}
    if 'Plateau' in kind:  # follows the metrics that were seen, so it cannot be run again
        now = {name: now[name] for name in ('factor', 'patience', 'threshold', 'cooldown') if name in now}
    missing = set(now) - set(saved)
    if missing:
        yield f'param_scheduler: another one -> {kind}'
    changed = [name for name in now if name in saved and _plain(now[name]) != _plain(saved[name])]
    if changed and 'Plateau' in kind:
        raise ResumeError(
            f'--resume: {kind}.{changed[0]} was {saved[changed[0]]} and is {now[changed[0]]}; this schedule cannot be '
            'refitted, set it as it was'
        )
    for name in changed:
        if not (name == 'total_iters' and 'end' in changed):
            yield f'{kind}.{name}: {saved[name]} -> {now[name]}'


def _plain(value: Any) -> Any:
    """A tuple and a list of the same values are the same setting."""
    return list(value) if isinstance(value, (tuple, list)) else value


def _replay(runner: Runner, schedulers: Sequence[_ParamScheduler], iterations: int) -> None:
    """Step the schedulers as the training would have."""
    length = len(runner.train_dataloader) if isinstance(runner.train_loop, EpochBasedTrainLoop) else 0
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of steps without the optimizer's
        for number in range(1, iterations + 1):
            for scheduler in schedulers:
                if not scheduler.by_epoch or (length and number % length == 0):
                    scheduler.step()
