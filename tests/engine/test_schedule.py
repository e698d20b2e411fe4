"""Schedules follow a changed number of epochs."""

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import CosineAnnealingLR, OptimWrapper, PolyLR
from small_job import ROOT

from mmmaskattn.engine.schedule import WarmupLR, fit_checkpoint_interval, fit_schedule

SHIPPED = ROOT / 'configs/_base_/schedules/paper_1000e.py'
SHORT = ROOT / 'configs/_base_/schedules/onecycle_45e.py'


def fitted(epochs, schedulers=None, planned=1000, schedule=SHIPPED):
    cfg = Config.fromfile(schedule)
    if schedulers is not None:
        cfg.param_scheduler = schedulers
    cfg.train_cfg.max_epochs = epochs
    fit_schedule(cfg, planned)
    return cfg


def rates(cfg, epoch_length):
    """Learning rates of every iteration, by mmengine's own schedulers."""
    wrapper = OptimWrapper(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0))
    kinds = {'WarmupLR': WarmupLR, 'PolyLR': PolyLR, 'CosineAnnealingLR': CosineAnnealingLR}
    running = []
    for scheduler in cfg.param_scheduler:
        options = {key: value for key, value in scheduler.items() if key not in ('type', 'convert_to_iter_based')}
        options.update(epoch_length=epoch_length)
        running.append(kinds[scheduler['type']].build_iter_from_epoch(wrapper, **options))
    values = []
    for _ in range(cfg.train_cfg.max_epochs * epoch_length):
        values.append(wrapper.param_groups[0]['lr'])
        for scheduler in running:
            scheduler.step()
    return values


@pytest.mark.parametrize(('epochs', 'epoch_length'), [(1, 4), (5, 4), (40, 7), (100, 46), (1000, 2)])
def test_shipped_schedule_warms_up_and_falls_to_nothing_at_any_length(epochs, epoch_length):
    values = rates(fitted(epochs), epoch_length)
    peak = values.index(max(values))
    assert values[0] == pytest.approx(0.01)
    assert max(values) > (0.9 if len(values) > 10 else 0.4)
    assert values[-1] < 2.5 * values[peak] / max(len(values) - peak, 2) ** 0.9
    assert 1 <= peak <= max(2, 0.011 * len(values))
    assert values[peak:] == sorted(values[peak:], reverse=True)


@pytest.mark.parametrize(('epochs', 'epoch_length'), [(1, 20), (5, 7), (45, 46), (300, 10)])
def test_the_schedule_for_some_hundred_images_rises_and_falls_at_any_length(epochs, epoch_length):
    values = rates(fitted(epochs, planned=45, schedule=SHORT), epoch_length)
    peak = values.index(max(values))
    assert values[0] == pytest.approx(0.04)
    assert max(values) == pytest.approx(1)
    assert peak == pytest.approx(0.3 * len(values), abs=2)
    assert values[: peak + 1] == sorted(values[: peak + 1])
    assert values[peak:] == sorted(values[peak:], reverse=True)
    assert values[-1] < 0.05


def test_unchanged_length_leaves_the_schedule():
    assert fitted(1000).param_scheduler == Config.fromfile(SHIPPED).param_scheduler


def test_only_epochs_are_scaled():
    by_iteration = dict(type='LinearLR', by_epoch=False, begin=0, end=500)
    cosine = dict(type='CosineAnnealingLR', T_max=100, begin=0, end=100, eta_min=0.1)
    steps = dict(type='MultiStepLR', milestones=[60, 80], end=10**9)
    kept = fitted(50, [by_iteration, cosine, steps], planned=100).param_scheduler
    assert kept[0] == by_iteration
    assert (kept[1].T_max, kept[1].end, kept[1].eta_min) == (50, 50, 0.1)
    assert (kept[2].milestones, kept[2].end) == ([30, 40], 10**9)


def test_stretch_that_rounds_to_nothing_is_dropped():
    warm = dict(type='LinearLR', begin=0, end=10)
    main = dict(type='PolyLR', begin=10, end=1000)
    (kept,) = fitted(5, [warm, main]).param_scheduler
    assert (kept.type, kept.begin, kept.end) == ('PolyLR', 0, 5)


def test_config_without_schedule_or_epochs():
    cfg = Config(dict(train_cfg=dict(max_iters=5)))
    fit_schedule(cfg, None)
    assert cfg.to_dict() == dict(train_cfg=dict(max_iters=5))


@pytest.mark.parametrize(
    ('length', 'planned', 'now', 'interval', 'expected'),
    [
        ('max_epochs', 1000, 5, 10, 1),
        ('max_epochs', 1000, 500, 10, 5),
        ('max_epochs', 1000, 2000, 10, 10),
        ('max_iters', 160000, 100, 16000, 10),
        ('max_epochs', 1000, 5, -1, -1),
    ],
)
def test_a_shorter_training_saves_more_often(length, planned, now, interval, expected):
    cfg = Config(dict(train_cfg={length: now}, default_hooks=dict(checkpoint=dict(interval=interval))))
    fit_checkpoint_interval(cfg, {length: planned})
    assert cfg.default_hooks.checkpoint.interval == expected
