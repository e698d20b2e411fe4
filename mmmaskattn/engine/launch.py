"""Command-line options that training and test share, and the launching of processes.

mmengine's own launch calls ``torch.cuda.set_device``, so without a GPU the group is made here, before the Runner,
with the gloo backend. With GPUs everything is left to mmengine.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import os
import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path

import torch
from mmengine.config import Config
from torch import distributed as dist

from mmmaskattn.datasets.check_root import LOADERS
from mmmaskattn.datasets.config_file import read_config_file
from mmmaskattn.utils.command_line import ToolParser
from mmmaskattn.utils.configs import config_name
from mmmaskattn.utils.progress import usable_cores
from mmmaskattn_console.command_line import ending_in

_CORES_PER_WORKER = 4
LAUNCHERS = ('none', 'pytorch', 'slurm', 'mpi')


def tool_parser(description: str, examples: str) -> ToolParser:
    """Make a tool's parser, whose help ends with examples.

    Args:
        description: What the tool does.
        examples: Commands, laid out as they are to be shown.

    Returns:
        The parser, with no options yet.
    """
    return ToolParser(description=description, **ending_in(examples))


def add_common_options(parser: ToolParser) -> None:
    """Add the options of both tools.

    Args:
        parser: The tool's parser; changed in place.
    """
    parser.add_argument('--work-dir', help='folder for logs, checkpoints, results; default ./work_dirs/<config name>')
    parser.add_settings()
    parser.add_argument('--verbose', action='store_true', help='show on the terminal all that goes to the log file')
    parser.add_argument('--launcher', choices=LAUNCHERS, default='none', help='what started the processes')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)  # old launchers


def load_config(args: argparse.Namespace) -> Config:
    """Read the config named on the command line and merge the options into it.

    Args:
        args: Parsed options, among them those of :func:`add_common_options`.

    Returns:
        The config, with ``work_dir`` and ``launcher`` set. The work folder is that of ``--work-dir``, else of the
        config, else ``./work_dirs/<config name>``.

    Raises:
        FileNotFoundError: If there is no such config.
        ValueError: If the config or an option is wrong, see `read_config_file`.
    """
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = read_config_file(args.config, args.cfg_options)
    fit_workers(cfg, args.cfg_options or {})
    cfg.launcher = args.launcher
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or str(Path('work_dirs', config_name(args.config)))
    return cfg


def demand_parts(cfg: Config, names: Sequence[str]) -> None:
    """Refuse a config that lacks what a tool needs.

    Args:
        cfg: The config.
        names: Settings at its top.

    Raises:
        ValueError: If some are not there.
    """
    missing = [name for name in names if not cfg.get(name)]
    if missing:
        raise ValueError(
            f'config {cfg.filename} has no {" and no ".join(missing)}; name one of a whole task, such as '
            'configs/maskattn/ade20k_semantic_128.py, or add it'
        )


def fit_workers(cfg: Config, given: Collection[str] = ()) -> None:
    """Fit the processes that load data to the machine.

    Without a GPU they take cores from the training, so there is one for every four cores of a process, and at least
    one; what is said on the command line stays. Without any, what torch's loader then refuses is left out, so that
    ``num_workers=0`` is enough to say.

    Args:
        cfg: The config; its loaders are changed in place.
        given: Keys that the command line sets.
    """
    processes = int(os.environ.get('LOCAL_WORLD_SIZE', '1'))
    most = None if torch.cuda.is_available() else max(1, usable_cores() // (_CORES_PER_WORKER * processes))
    for name in LOADERS:
        loader = cfg.get(name) or {}
        if most and loader.get('num_workers', 0) > most and f'{name}.num_workers' not in given:
            loader['num_workers'] = most
        if loader.get('num_workers') == 0:
            for option in ('persistent_workers', 'prefetch_factor', 'timeout'):
                loader.pop(option, None)


DEFAULT_PORT = '29500'


def prepare_distributed(cfg: Config, launcher: str) -> None:
    """Make ready what the Runner needs to run on several processes.

    Without a CUDA device the gloo process group is made and ``cfg.model_wrapper_cfg`` is set to a wrapper for CPU
    modules. With CUDA devices it only checks that there are enough of them.

    Args:
        cfg: The config; changed in place.
        launcher: ``none``, ``pytorch``, ``slurm`` or ``mpi``.

    Raises:
        RuntimeError: If more processes were started on this machine than it has CUDA devices, or the launcher's
        environment
            variables are missing.
    """
    cfg.launcher = launcher
    if launcher == 'none':
        return
    if launcher != 'pytorch':
        _describe_group(launcher)
    if torch.cuda.is_available():
        _check_device_count()
        return
    if not dist.is_initialized():
        _check_variables(launcher, ('RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT'))
        timeout = cfg.get('env_cfg', {}).get('dist_cfg', {}).get('timeout')
        dist.init_process_group('gloo', timeout=datetime.timedelta(seconds=timeout) if timeout else None)
    cfg.setdefault('model_wrapper_cfg', cpu_wrapper(cfg.get('find_unused_parameters', False)))


def cpu_wrapper(find_unused_parameters: bool = False) -> dict:
    """Config of mmengine's data-parallel wrapper for modules on the CPU.

    Args:
        find_unused_parameters: Passed on to torch's ``DistributedDataParallel``.

    Returns:
        A ``model_wrapper_cfg``.
    """
    return dict(
        type='MMDistributedDataParallel',
        device_ids=None,
        broadcast_buffers=False,
        find_unused_parameters=find_unused_parameters,
    )


def finish_distributed() -> None:
    """Leave the process group, if there is one; to be called when the Runner is no longer referred to.

    What a Runner has wrapped keeps the group alive. Its threads must end before the interpreter does: one that still
    holds a tensor then would abort the process (``terminate called without an active exception``).
    """
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()
        gc.collect()  # a Runner refers to itself


def _check_device_count() -> None:
    local_rank = int(os.environ.get('LOCAL_RANK', '0'))
    if local_rank >= torch.cuda.device_count():
        raise RuntimeError(
            f'process {local_rank} of this machine (counted from 0) has no GPU: there are {torch.cuda.device_count()} '
            'CUDA devices. Start as many processes as devices, or set CUDA_VISIBLE_DEVICES=-1 to train on the CPU.'
        )


def _check_variables(launcher: str, names: tuple[str, ...]) -> None:
    missing = [name for name in names if name not in os.environ]
    if missing:
        raise RuntimeError(
            f'--launcher {launcher} needs the environment variables {", ".join(missing)}, which are not set. '
            'Start with tools/dist_train.sh, tools/slurm_train.sh or mpirun, or leave --launcher out.'
        )


def _describe_group(launcher: str) -> None:
    """Translate the launcher's environment variables to torch's."""
    prefix = {
        'slurm': ('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_LOCALID'),
        'mpi': ('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_RANK'),
    }[launcher]
    _check_variables(launcher, prefix)
    for name, source in zip(('RANK', 'WORLD_SIZE', 'LOCAL_RANK'), prefix):
        os.environ[name] = os.environ[source]
    os.environ.setdefault('MASTER_PORT', DEFAULT_PORT)
    if launcher == 'slurm' and 'MASTER_ADDR' not in os.environ:
        os.environ['MASTER_ADDR'] = _first_slurm_node()


def _first_slurm_node() -> str:
    """Name of the first machine of the slurm job."""
    _check_variables('slurm', ('SLURM_NODELIST',))
    command = ['scontrol', 'show', 'hostnames', os.environ['SLURM_NODELIST']]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[0]
