"""Process groups on the CPU, and clear errors where they cannot be made."""

import os
import weakref

import pytest
import torch
from mmengine.config import Config
from torch import distributed as dist

from mmmaskattn.engine.launch import finish_distributed, load_config, prepare_distributed
from mmmaskattn.engine.testing import parse_options

VARIABLES = ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_ADDR', 'MASTER_PORT', 'SLURM_NODELIST')
without_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason='with a GPU mmengine makes the group itself')


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    for name in [*VARIABLES, *(key for key in os.environ if key.startswith(('SLURM_', 'OMPI_')))]:
        monkeypatch.setenv(name, '')  # so that whatever the code sets is undone
        monkeypatch.delenv(name)
    yield
    finish_distributed()


def free_port():
    return dist.TCPStore('127.0.0.1', 0, is_master=True, wait_for_workers=False).port


def test_no_workers_need_no_other_option(tmp_path, monkeypatch):
    """torch refuses persistent workers where there are none."""
    monkeypatch.setattr('mmmaskattn.engine.launch.usable_cores', lambda: 16)
    path = tmp_path / 'job.py'
    loader = 'dict(num_workers=2, persistent_workers=True, prefetch_factor=4)'
    path.write_text(f'train_dataloader = {loader}\ntest_dataloader = {loader}')
    args = parse_options([str(path), 'checkpoint.pth', '--cfg-options', 'test_dataloader.num_workers=0'])
    cfg = load_config(args)
    assert cfg.train_dataloader == dict(num_workers=2, persistent_workers=True, prefetch_factor=4)
    torch.utils.data.DataLoader([1, 2], **cfg.test_dataloader)
    assert cfg.test_dataloader == dict(num_workers=0)


@without_gpu
@pytest.mark.parametrize(('cores', 'processes', 'workers'), [(2, 1, 1), (8, 1, 2), (8, 2, 1), (64, 1, 4)])
def test_workers_leave_the_cores_to_a_training_on_the_cpu(tmp_path, monkeypatch, cores, processes, workers):
    path = tmp_path / 'job.py'
    path.write_text('train_dataloader = dict(num_workers=4)\nval_dataloader = test_dataloader = train_dataloader')
    monkeypatch.setattr('mmmaskattn.engine.launch.usable_cores', lambda: cores)
    monkeypatch.setenv('LOCAL_WORLD_SIZE', str(processes))
    cfg = load_config(parse_options([str(path), 'checkpoint.pth', '--cfg-options', 'val_dataloader.num_workers=3']))
    assert (cfg.train_dataloader.num_workers, cfg.val_dataloader.num_workers) == (workers, 3)


def test_no_launcher_makes_no_group():
    cfg = Config(dict())
    prepare_distributed(cfg, 'none')
    assert cfg.to_dict() == dict(launcher='none')
    assert not dist.is_initialized()


@without_gpu
def test_finishing_lets_go_of_what_a_runner_wrapped(tmp_path):
    """Its group's threads would else outlive the interpreter; a Runner, too, refers to itself."""
    dist.init_process_group('gloo', init_method=f'file://{tmp_path}/meet', rank=0, world_size=1)
    runner = dict(model=torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(2, 2)))
    runner['runner'] = runner
    runner['model'](torch.ones(1, 2)).sum().backward()
    wrapped = weakref.ref(runner['model'])
    del runner
    finish_distributed()
    assert wrapped() is None
    assert not dist.is_initialized()


@without_gpu
@pytest.mark.parametrize(
    ('launcher', 'names'),
    [
        ('pytorch', ('RANK', 'WORLD_SIZE', 'LOCAL_RANK')),
        ('slurm', ('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_LOCALID')),
        ('mpi', ('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_RANK')),
    ],
)
def test_each_launcher_makes_a_gloo_group(monkeypatch, launcher, names):
    for name, value in zip(names, ('0', '1', '0')):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv('MASTER_ADDR', '127.0.0.1')
    monkeypatch.setenv('MASTER_PORT', str(free_port()))
    cfg = Config(dict(find_unused_parameters=True, env_cfg=dict(dist_cfg=dict(timeout=60))))
    prepare_distributed(cfg, launcher)
    assert dist.get_backend() == 'gloo'
    assert cfg.model_wrapper_cfg.device_ids is None
    assert cfg.model_wrapper_cfg.find_unused_parameters is True
    value = torch.ones(2)
    dist.all_reduce(value)
    assert value.tolist() == [1, 1]
    prepare_distributed(Config(dict()), launcher)  # a second pass of tools/test.py uses the same group


@without_gpu
def test_own_wrapper_of_the_config_is_kept(monkeypatch):
    for name, value in (('RANK', '0'), ('WORLD_SIZE', '1'), ('MASTER_ADDR', '127.0.0.1')):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv('MASTER_PORT', str(free_port()))
    cfg = Config(dict(model_wrapper_cfg=dict(type='Mine')))
    prepare_distributed(cfg, 'pytorch')
    assert cfg.model_wrapper_cfg.type == 'Mine'


@without_gpu
@pytest.mark.parametrize(
    ('launcher', 'variable'), [('pytorch', 'RANK'), ('slurm', 'SLURM_PROCID'), ('mpi', 'OMPI_COMM_WORLD_RANK')]
)
def test_missing_variables_are_named(launcher, variable):
    with pytest.raises(RuntimeError, match=f'--launcher {launcher} needs.*{variable}'):
        prepare_distributed(Config(dict()), launcher)


@without_gpu
def test_slurm_without_nodes_says_so(monkeypatch):
    for name in ('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_LOCALID'):
        monkeypatch.setenv(name, '0')
    with pytest.raises(RuntimeError, match='SLURM_NODELIST'):
        prepare_distributed(Config(dict()), 'slurm')
