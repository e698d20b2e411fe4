"""What is trained or tested, on what, with how many images; and at the end where things lie."""

from __future__ import annotations

import time
from pathlib import Path

import torch
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from mmmaskattn.engine.hooks.sample_cache_hook import SampleCacheHook
from mmmaskattn.engine.terminal import open_terminal
from mmmaskattn.evaluation.protocol import protocol_of


class SummaryHook(Hook):
    """Logs a few lines before the first iteration and after the last one, and opens the terminal for what follows."""

    priority = 'LOWEST'  # after all that other hooks log at the same moment

    def before_train(self, runner: Runner) -> None:
        """Say what is trained."""
        self._begin = time.monotonic()
        validated = f', {_images(runner.val_dataloader)} to validate with' if runner.val_loop else ''
        _announce(
            runner,
            train=_model(runner),
            on=_device(runner),
            images=f'{_images(runner.train_dataloader)} to train on{validated}{_root(runner.train_dataloader)}',
            cache=_cache(runner),
            length=_length(runner),
            start=_start(runner),
            log=str(runner.logger.log_file),
        )

    def after_train(self, runner: Runner) -> None:
        """Say where the checkpoints are."""
        newest = runner.message_hub.runtime_info.get('last_ckpt')
        best = runner.message_hub.runtime_info.get('best_ckpt')
        took = f'trained for {_duration(time.monotonic() - self._begin)}'
        _tell(runner, took, checkpoint=newest, best=best, log=str(runner.logger.log_file))

    def before_test(self, runner: Runner) -> None:
        """Say what is tested."""
        _announce(
            runner,
            test=_model(runner),
            on=_device(runner),
            images=f'{_images(runner.test_dataloader)}{_root(runner.test_dataloader)}, {_protocol(runner)}',
            start=_weights(runner),
            log=str(runner.logger.log_file),
        )


def _announce(runner: Runner, **facts: str | None) -> None:
    """Open the terminal and tell the facts."""
    open_terminal(runner.logger)
    title = Path(runner.cfg.filename).name if runner.cfg.filename else runner.experiment_name
    _tell(runner, title, **facts)


def _tell(runner: Runner, title: str, **facts: str | None) -> None:
    width = max(map(len, facts))
    lines = [f'  {name:<{width}}  {value}' for name, value in facts.items() if value]
    runner.logger.info('\n'.join([title, *lines]))


def _model(runner: Runner) -> str:
    """The model's parts and its number of parameters."""
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    parts = [type(getattr(model, name)).__name__ for name in ('backbone', 'neck') if getattr(model, name, None)]
    number = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    inside = f' of {" and ".join(parts)}' if parts else ''
    return f'{type(model).__name__}{inside}, {number:.2f} M parameters'


def _device(runner: Runner) -> str:
    device = next(runner.model.parameters()).device
    name = torch.cuda.get_device_name(device) if device.type == 'cuda' else device.type.upper()
    threads = '' if device.type == 'cuda' else f' with {_count(torch.get_num_threads(), "thread")}'
    return f'{name}, {_count(get_world_size(), "process", "processes")}{threads}'


def _count(number: int, one: str, many: str = '') -> str:
    return f'{number} {one if number == 1 else many or one + "s"}'


def _images(loader: DataLoader) -> int:
    return len(loader.dataset)  # type: ignore[arg-type]  # torch's type has no length, mmengine's data sets have


def _root(loader: DataLoader) -> str:
    """Where the images are; nothing for a wrapper around several sets."""
    root = getattr(loader.dataset, 'data_root', None)
    return f', from {root}' if root else ''


def _protocol(runner: Runner) -> str:
    """How predictions and truth are compared."""
    return f'protocol {protocol_of(runner.cfg)}'


def _cache(runner: Runner) -> str | None:
    """Whether decoded samples are kept; None where nobody has asked for it."""
    plans = [hook.plan for hook in runner.hooks if isinstance(hook, SampleCacheHook) and hook.where != 'none']
    return next((plan.text for plan in plans if plan), None)


def _length(runner: Runner) -> str:
    loader, processes = runner.train_dataloader, get_world_size()
    batch = f'batches of {loader.batch_size}{f" x {processes}" if processes > 1 else ""}'
    if runner.train_loop.__class__.__name__ == 'IterBasedTrainLoop':
        return f'{runner.max_iters} iterations, {batch}'
    return f'{_count(runner.max_epochs, "epoch")} of {_count(len(loader), "iteration")}, {batch}'


def _start(runner: Runner) -> str | None:
    """What the weights are at the start; None if they are the model's own."""
    if runner.iter:
        return f'goes on after {_count(runner.epoch, "epoch")}, {_count(runner.iter, "iteration")}'
    return _weights(runner)


def _weights(runner: Runner) -> str | None:
    """The checkpoint. In a test ``runner.iter`` is not to be asked for: it would read the training set."""
    return f'from {runner.cfg.load_from}' if runner.cfg.get('load_from') else None


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f'{hours} h {minutes} min' if hours else f'{minutes} min {rest} s' if minutes else f'{rest} s'
