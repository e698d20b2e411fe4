"""tools/train.py and dist_train.sh, run as users run them."""

import re
import sys

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from small_job import ROOT, run, write_job
from tool_calls import call_tool

from mmmaskattn.engine.cpu_amp_optim_wrapper import CpuAmpOptimWrapper
from mmmaskattn.engine.training import apply_options, enable_amp, parse_options

ONE_EPOCH = ('--cfg-options', 'train_cfg.max_epochs=1')


def config_with(**settings):
    return Config(dict(work_dir='here', optim_wrapper=dict(type='OptimWrapper'), **settings))


def applied(*argv, **settings):
    cfg = config_with(**settings)
    apply_options(cfg, parse_options(['config.py', *argv]))
    return cfg


def test_option_spellings_of_mmseg_and_mmdet_are_understood():
    args = parse_options(
        [
            'c.py',
            '--work-dir',
            'w',
            '--resume',
            '--amp',
            '--auto-scale-lr',
            '--launcher',
            'slurm',
            '--local-rank',
            '1',
            '--cfg-options',
            'a.b=1',
        ]
    )
    assert (args.resume, args.amp, args.auto_scale_lr, args.launcher, args.local_rank) == (
        'auto',
        True,
        True,
        'slurm',
        1,
    )
    assert args.cfg_options == {'a.b': 1}
    assert parse_options(['c.py', '--local_rank=2']).local_rank == 2


def test_resume_seed_and_learning_rate_options(tmp_path):
    checkpoint = tmp_path / 'epoch_1.pth'
    checkpoint.touch()
    bare = applied('--resume', load_from='pretrained.pth')
    assert (bare.resume, bare.load_from) == (True, None)
    assert applied('--resume', str(checkpoint)).load_from == str(checkpoint)
    assert applied('--seed', '7').randomness.seed == 7
    assert applied('--auto-scale-lr', auto_scale_lr=dict(enable=False, base_batch_size=8)).auto_scale_lr.enable


def test_bad_options_are_refused():
    with pytest.raises(FileNotFoundError, match=r'--resume: there is no checkpoint gone\.pth'):
        applied('--resume', 'gone.pth')
    with pytest.raises(ValueError, match=r'--auto-scale-lr.*base_batch_size'):
        applied('--auto-scale-lr')
    with pytest.raises(ValueError, match=r'--amp needs optim_wrapper\.type=OptimWrapper.*Other'):
        enable_amp(Config(dict(optim_wrapper=dict(type='Other'))))
    with pytest.raises(ValueError, match='float16 needs a GPU'):
        enable_amp(config_with(), 'float16', on_cpu=True)


def test_amp_on_gpu_takes_mmengines_wrapper():
    cfg = config_with()
    enable_amp(cfg, 'bfloat16', on_cpu=False)
    assert cfg.optim_wrapper == dict(type='AmpOptimWrapper', loss_scale='dynamic', dtype='bfloat16')


def test_amp_on_cpu_computes_in_bfloat16_and_accumulates():
    model = torch.nn.Linear(4, 1)
    cfg = config_with()
    cfg.optim_wrapper.update(optimizer=dict(type='SGD', lr=0.1), accumulative_counts=2)
    enable_amp(cfg, on_cpu=True)
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    assert isinstance(wrapper, CpuAmpOptimWrapper)
    before = model.weight.detach().clone()
    for step in range(2):
        with wrapper.optim_context(model):
            out = model(torch.ones(2, 4))
        assert out.dtype == torch.bfloat16
        wrapper.update_params(out.float().sum())
        assert torch.equal(before, model.weight) == (step == 0)
    assert model.weight.dtype == torch.float32


def test_missing_config_is_named(tmp_path):
    done = call_tool('train.py', 'gone.py', cwd=tmp_path)
    assert done.returncode != 0
    assert 'there is no config gone.py' in done.stderr


def test_missing_data_root_is_named(tmp_path):
    config = tmp_path / 'job.py'
    config.write_text(f"_base_ = '{ROOT}/configs/_base_/datasets/ade20k_semantic_128.py'\n")
    done = call_tool('train.py', config, cwd=tmp_path, ADE20K_ROOT='nowhere/ade')
    assert done.returncode != 0
    assert 'nowhere/ade' in done.stderr
    assert 'ADE20K_ROOT' in done.stderr


TOLD = (
    'train   EncoderDecoder of MaskAttnUNet and MaskAttnDecoder, 0.04 M parameters',
    'on      CPU, 1 process with 1 thread',
    'images  8 to train on, 4 to validate with, from /',
    'length  1 epoch of 2 iterations, batches of 4',
)
KEPT = (
    'System environment:',
    'Config:',
    'Hooks will be executed',
    'calling `init_weights`',
    'FileClient',
    'per class results',
)


def check_what_is_printed_and_kept(printed, work_dir):
    """The terminal shows what a person reads, the log file everything; both outputs of the process are in `printed`."""
    (log,) = work_dir.glob('*/*.log')
    text = log.read_text()
    for told in TOLD:
        assert told in printed
        assert told in text
    assert [kept for kept in KEPT if kept not in text] == []
    assert len(text.splitlines()) > 500
    assert len(printed.splitlines()) < 25
    assert 'warn' not in printed.lower()
    assert re.search(r'Epoch\(train\) +\[1\]\[1/2\].* eta: ', printed), 'progress with an estimate'
    assert re.search(r'Epoch\(val\) .*lowres/mIoU: \d+\.\d\d ', printed), 'results with two decimals'
    assert re.search(r'table of 1\d\d lines: in the log file', printed), 'one line for a class would be 150'
    assert printed.count(str(log)) == 2, 'at the start and at the end'
    assert f'checkpoint  {work_dir / "epoch_1.pth"}' in printed


@pytest.mark.long
def test_amp_trains_from_another_folder_with_default_work_dir(tmp_path):
    config = write_job(tmp_path)
    command = [sys.executable, ROOT / 'tools/train.py', config, '--amp', '--auto-scale-lr', *ONE_EPOCH]
    done = run(command, tmp_path)
    assert done.returncode == 0, done.stdout[-5000:]
    work_dir = tmp_path / 'work_dirs/job'
    check_what_is_printed_and_kept(done.stdout, work_dir)
    losses = [float(value) for value in re.findall(r' loss: ([\d.]+)', done.stdout)]
    assert losses
    assert all(0 < loss < 20 for loss in losses)
    assert (work_dir / 'epoch_1.pth').is_file()
    assert (work_dir / 'best_lowres_mIoU_epoch_1.pth').is_file()
    dumped = Config.fromfile(work_dir / 'job.py')
    assert dumped.optim_wrapper.type == 'CpuAmpOptimWrapper'
    assert dumped.param_scheduler[1].end == 1, 'the schedule must end with the training'


@pytest.mark.long
def test_two_processes_by_dist_train_with_spaces_in_arguments(tmp_path):
    folder = tmp_path / 'a folder'
    folder.mkdir()
    config = write_job(folder)
    script = ROOT / 'tools/dist_train.sh'
    done = run(['bash', script, config, 2, '--work-dir', 'my work', '--cache', 'ram', *ONE_EPOCH], tmp_path)
    assert done.returncode == 0, done.stdout[-5000:]
    assert (tmp_path / 'my work/epoch_1.pth').is_file()
    # 8 images, 4 per process, 2 processes: one iteration, where one process would make two.
    assert 'Epoch(train) [1][1/1]' in done.stdout
    assert done.stdout.count('on      CPU, 2 processes with 1 thread') == 1, 'the first process speaks'
    assert 'System environment' not in done.stdout
    assert re.search(r'cache +about \d+ kB of memory for 12 decoded samples, [\d.]+ .B are free', done.stdout)
    assert 'Grad strides do not match' not in done.stdout, 'weights must be laid out before torch lays out gradients'


@pytest.mark.parametrize('script', ['dist_train.sh', 'dist_test.sh', 'slurm_train.sh', 'slurm_test.sh'])
def test_missing_arguments_print_the_usage(tmp_path, script):
    done = run(['bash', ROOT / 'tools' / script, 'only-one'], tmp_path)
    assert done.returncode == 2
    assert f'{script} ' in done.stdout.splitlines()[0]


def test_bad_number_of_processes_is_refused(tmp_path):
    done = run(['bash', ROOT / 'tools/dist_train.sh', 'config.py', 'two'], tmp_path)
    assert done.returncode == 2
    assert "positive integer, not 'two'" in done.stdout


def test_python_without_torch_is_told(tmp_path):
    script = tmp_path / 'tools'
    script.mkdir()
    for name in ('dist_train.sh', 'dist_common.sh'):
        (script / name).write_text((ROOT / 'tools' / name).read_text())
    done = run(['bash', script / 'dist_train.sh', 'config.py', 1], tmp_path, PYTHON='/bin/false')
    assert done.returncode == 1
    assert '/bin/false has no torch' in done.stdout


@pytest.mark.long
def test_slurm_script_asks_srun_rightly_and_its_process_trains(tmp_path):
    """Slurm is not here: a stand-in for srun notes its arguments and starts the process with slurm's variables."""
    config = write_job(tmp_path)
    srun = tmp_path / 'bin/srun'
    srun.parent.mkdir()
    srun.write_text(
        '#!/usr/bin/env bash\nprintf "[%s]" "$@" > noted\n'
        'while [[ "$1" == -* || "$1" == part* ]]; do shift; done\n'
        'SLURM_PROCID=0 SLURM_NTASKS=1 SLURM_LOCALID=0 exec "$@"\n'
    )
    srun.chmod(0o755)
    variables = dict(
        PATH=f'{srun.parent}:/usr/bin:/bin', MASTER_ADDR='127.0.0.1', MASTER_PORT='0', GPUS='1', CPU_ONLY='1'
    )
    script = ROOT / 'tools/slurm_train.sh'
    arguments = ['partition', 'my job', config, '--work-dir', 'my work', *ONE_EPOCH]
    done = run(['bash', script, *arguments], tmp_path, SRUN_ARGS='--quiet --nice', **variables)
    assert done.returncode == 0, done.stdout[-5000:]
    noted = (tmp_path / 'noted').read_text()
    assert noted.startswith('[-p][partition][--job-name=my job][--ntasks=1]')
    assert '[--quiet][--nice]' in noted
    assert '--gres' not in noted
    assert (tmp_path / 'my work/epoch_1.pth').is_file()
