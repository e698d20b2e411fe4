"""Command-line options that training and testing share."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from mmengine.config import Config, DictAction

LAUNCHERS = ('none', 'pytorch', 'slurm', 'mpi')


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of both tools.

    Args:
        parser: The tool's parser; changed in place.
    """
    parser.add_argument('--work-dir', help='folder for logs, checkpoints, results; default ./work_dirs/<config name>')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='override settings of the config, as key=value; lists as key="[a,b]" or key=a,b, without white space',
    )
    parser.add_argument('--launcher', choices=LAUNCHERS, default='none', help='what started the processes')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help='set by old launchers; not for users')


def load_config(args: argparse.Namespace) -> Config:
    """Read the config named on the command line and merge the options into it.

    Args:
        args: Parsed options, among them those of :func:`add_common_options`.

    Returns:
        The config, with ``work_dir`` and ``launcher`` set. The work folder is that of ``--work-dir``, else of the
        config, else ``./work_dirs/<config name>``.

    Raises:
        FileNotFoundError: If there is no such config.
    """
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    path = Path(args.config)
    if not path.is_file():
        raise FileNotFoundError(f'there is no config {args.config} (looked in {Path.cwd()}); name an existing .py file')
    cfg = Config.fromfile(args.config)
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    cfg.launcher = args.launcher
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or str(Path('work_dirs', path.stem))
    return cfg
