"""The Runner of the tools: quiet until the work begins, or verbose."""

from multiprocessing import active_children

import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from small_job import write_job

from mmmaskattn.engine.runner import ConsoleRunner, LayoutRunner, build_runner, end_workers, quiet_start


@pytest.fixture
def cfg(tmp_path, request):
    MMLogger.get_instance(f'start of {tmp_path}')  # what a new process has
    cfg = Config.fromfile(write_job(tmp_path, num_train=2, num_val=1))
    # A name of its own: mmengine keeps one visualizer, and its folder, per name in a process.
    cfg.merge_from_dict({'work_dir': str(tmp_path / 'work'), 'visualizer.name': f'{request.node.name}{tmp_path}'})
    cfg.experiment_name = f'{request.node.name}{hash(tmp_path)}'
    return cfg


def test_what_mmengine_says_at_the_start_is_in_the_log_file_only(cfg, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv('ADE20K_ROOT', str(tmp_path / 'ade20k'))
    quiet_start()
    Config.fromfile(tmp_path / 'job.py')  # mmengine logs the variables that a config reads
    runner = build_runner(cfg)
    assert type(runner) is ConsoleRunner
    assert capsys.readouterr().out == ''
    (log,) = (tmp_path / 'work').glob('*/*.log')
    for kept in ('System environment:', 'Config:', 'Hooks will be executed', 'Using env variable `ADE20K_ROOT`'):
        assert kept in log.read_text()


def test_verbose_shows_it_all(cfg, capsys):
    runner = build_runner(cfg, verbose=True)
    assert type(runner) is LayoutRunner
    shown = capsys.readouterr().out
    assert 'System environment:' in shown
    assert 'Hooks will be executed' in shown


@pytest.mark.parametrize('wanted', [True, False])
def test_weights_are_laid_out_before_the_model_is_wrapped(cfg, wanted, monkeypatch):
    """Torch lays out its buffers of gradients when it wraps the model."""
    layouts = []

    def wrap(self, wrapper, model):
        layouts.append(model.backbone.blocks[1].convs[0].conv.weight.is_contiguous(memory_format=torch.channels_last))
        return model

    monkeypatch.setattr(Runner, 'wrap_model', wrap)
    if not wanted:
        del cfg.default_hooks['channels_last']
    build_runner(cfg)
    assert layouts == [wanted]


def test_a_runner_type_of_the_config_is_respected(cfg):
    cfg.runner_type = 'Runner'
    assert type(build_runner(cfg)) is Runner


@pytest.mark.parametrize('by', ['epochs', 'iterations'])
def test_processes_that_load_data_end_with_the_run(cfg, by):
    """Of a Runner that is still referred to; in a garbage collection each would wait for 5 s."""
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.update(num_workers=1, persistent_workers=True)
    cfg.train_cfg = dict(by_epoch=True, max_epochs=1) if by == 'epochs' else dict(by_epoch=False, max_iters=1)
    cfg.train_cfg.val_interval = 1
    cfg.param_scheduler = None
    before = {process.pid for process in active_children()}
    runner = build_runner(cfg)
    runner.train()
    working = {process.pid for process in active_children()} - before
    end_workers(runner)
    assert working
    assert not working & {process.pid for process in active_children()}
