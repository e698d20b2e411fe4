"""Schedules: fitted to the length of a training, and the warm-up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config, ConfigDict
from mmengine.optim import LinearLR
from mmengine.registry import PARAM_SCHEDULERS

EPOCH_KEYS = ('begin', 'end', 'T_max', 'total_steps', 'step_size')


@PARAM_SCHEDULERS.register_module()
class WarmupLR(LinearLR):
    """``LinearLR`` whose length may be a fraction of an epoch and is never under two iterations.

    mmengine's ``LinearLR`` refuses a length that rounds to no iteration at all, which a warm-up of 1 % does when a
    training is shortened to a few iterations. To be used with ``convert_to_iter_based=True``; it multiplies with any
    scheduler that runs beside it. Arguments are those of ``LinearLR``.
    """

    @classmethod
    def build_iter_from_epoch(
        cls, *args: Any, begin: float = 0, end: float, epoch_length: int, by_epoch: bool = True, **kwargs: Any
    ) -> WarmupLR:
        """Make the warm-up from a config in epochs.

        Args:
            *args: The optimizer.
            begin: Epoch at which the warm-up begins.
            end: Epoch at which it ends; may be a fraction.
            epoch_length: Iterations per epoch.
            by_epoch: Always true; mmengine passes it.
            **kwargs: The other arguments of ``LinearLR``.

        Returns:
            The warm-up, counted in iterations.
        """
        first = int(begin * epoch_length)
        last = max(int(end * epoch_length), first + 2)
        return cls(*args, begin=first, end=last, by_epoch=False, **kwargs)


def fit_schedule(cfg: Config, planned_epochs: int | None) -> None:
    """Stretch or shrink the learning-rate schedule after ``train_cfg.max_epochs`` was changed.

    A config writes its schedule for its own number of epochs. If an option sets another number, every epoch named by
    a scheduler is multiplied by new / planned, so that ``--cfg-options train_cfg.max_epochs=5`` trains through the
    whole schedule, warm-up and decay. Schedulers counted in iterations are left as they are. A stretch that becomes
    shorter than an epoch stays a fraction if it has ``convert_to_iter_based``, else it is rounded, and dropped if
    nothing is left.

    Args:
        cfg: The config, options merged; changed in place.
        planned_epochs: ``train_cfg.max_epochs`` of the config file, before the options; ``None`` if it names none.
    """
    epochs = cfg.get('train_cfg', {}).get('max_epochs')
    schedulers = cfg.get('param_scheduler')
    if schedulers is None or not planned_epochs or not epochs or epochs == planned_epochs:
        return
    scaled = _scale(schedulers, epochs / planned_epochs)
    if scaled is None:
        cfg.pop('param_scheduler')
    else:
        cfg.param_scheduler = scaled


def fit_checkpoint_interval(cfg: Config, planned: Mapping[str, Any]) -> None:
    """Save more often in a training that was made shorter by an option, so that it too can be resumed on its way.

    Args:
        cfg: The config, options merged; its ``default_hooks.checkpoint.interval`` is shortened in proportion.
        planned: ``train_cfg`` of the config file, before the options.
    """
    hook = cfg.get('default_hooks', {}).get('checkpoint')
    length = 'max_epochs' if 'max_epochs' in planned else 'max_iters'
    now, before = cfg.get('train_cfg', {}).get(length), planned.get(length)
    if hook and now and before and now < before and hook.get('interval', -1) > 0:
        hook.interval = max(1, round(hook.interval * now / before))


def _scale(schedulers: Any, ratio: float) -> Any:
    """Scale a scheduler, a list of them, or a dict of lists by optimizer; ``None`` where nothing is left."""
    if isinstance(schedulers, (list, tuple)):
        return [kept for kept in (_scale(one, ratio) for one in schedulers) if kept is not None]
    if 'type' not in schedulers:
        return {name: _scale(one, ratio) for name, one in schedulers.items()}
    if not schedulers.get('by_epoch', True):
        return schedulers
    return _scale_one(schedulers, ratio)


def _scale_one(scheduler: ConfigDict, ratio: float) -> ConfigDict | None:
    fractional = scheduler.get('convert_to_iter_based', False)
    for key, epoch in _epochs_of(scheduler):
        scheduler[key] = _scale_epoch(epoch, ratio, fractional)
    if 'milestones' in scheduler:
        scheduler.milestones = [_scale_epoch(epoch, ratio, fractional) for epoch in scheduler.milestones]
    ends = scheduler.get('end')
    return None if ends is not None and ends <= scheduler.get('begin', 0) else scheduler


def _epochs_of(scheduler: ConfigDict) -> Iterator[tuple[str, float]]:
    """The options of a scheduler that name an epoch; mmengine's "for ever" (a huge number) is not one."""
    for key in EPOCH_KEYS:
        epoch = scheduler.get(key)
        if epoch is not None and epoch < 10**8:
            yield key, epoch


def _scale_epoch(epoch: float, ratio: float, fractional: bool) -> float:
    scaled = epoch * ratio
    return round(scaled, 6) if fractional and scaled != round(scaled) else round(scaled)
