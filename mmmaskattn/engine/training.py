"""What ``tools/train.py`` does: options, config, Runner."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dist import get_world_size
from mmengine.runner import Runner

from mmmaskattn.datasets.cache import CACHE_PLACES
from mmmaskattn.datasets.check_root import check_data_roots
from mmmaskattn.datasets.fraction import set_fraction
from mmmaskattn.engine.endings import one_line_endings
from mmmaskattn.engine.hooks.stop_hook import StopHook
from mmmaskattn.engine.launch import add_common_options, demand_parts, load_config, prepare_distributed, tool_parser
from mmmaskattn.engine.resume import newest_whole_checkpoint
from mmmaskattn.engine.run_lock import sole_training
from mmmaskattn.engine.runner import build_runner, end_workers, quiet_start
from mmmaskattn.engine.schedule import fit_checkpoint_interval, fit_schedule
from mmmaskattn.engine.stopping import REQUEST, noted_signals
from mmmaskattn.utils.weights import demand_whole_weights, leave_weights_to_checkpoint

EXAMPLES = """examples:
  python tools/train.py configs/maskattn/ade20k_semantic_128_tiny.py
  python tools/train.py CONFIG --resume --work-dir work_dirs/first
  python tools/train.py CONFIG --cache ram              decodes each image once
  python tools/train.py CONFIG --cfg-options train_cfg.max_epochs=20 train_dataloader.batch_size=4
  tools/dist_train.sh CONFIG 2 --amp                    on two GPUs, or in two processes on the CPU
"""


def parse_options(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line of ``tools/train.py``.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        The options.
    """
    parser = tool_parser('Train a model.', EXAMPLES)
    parser.add_argument('config', help='config file, of ours, of mmseg or of mmdet')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help='checkpoint to go on from; without a path the latest in the work folder',
    )
    parser.add_argument('--amp', action='store_true', help='mixed precision: float16 on a GPU, bfloat16 on a CPU')
    parser.add_argument('--amp-dtype', choices=('float16', 'bfloat16'), help='another type for --amp (GPU only)')
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate by the total batch size over auto_scale_lr.base_batch_size',
    )
    parser.add_argument('--seed', type=int, help='random seed; drawn at random by default')
    parser.add_argument(
        '--fraction', type=float, metavar='PERCENT', help='train on this percentage of the images; smaller ones nest'
    )
    parser.add_argument('--fraction-seed', type=int, default=0, help='another seed chooses other images (default 0)')
    parser.add_argument(
        '--cache',
        choices=CACHE_PLACES,
        help='keep decoded samples in memory, which all processes share, or on disk; auto: in memory where it fits',
    )
    parser.add_argument(
        '--cache-share', type=float, metavar='PART', help='most of the free memory, or disk, for it (default 0.5)'
    )
    parser.add_argument('--cache-dir', help='folder of --cache disk; default WORK_DIR/cache')
    add_common_options(parser)
    return parser.parse_args(argv)


def train(argv: Sequence[str] | None = None) -> Runner:
    """Train as the command line says. Of several processes each calls ``finish_distributed`` when it is done.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        The Runner, after training.
    """
    args = parse_options(argv)
    if not args.verbose:
        quiet_start()
    cfg = load_config(args)
    planned = Config.fromfile(args.config).get('train_cfg', {})
    if not any(key.startswith('param_scheduler') for key in args.cfg_options or {}):
        fit_schedule(cfg, planned.get('max_epochs'))
    if 'default_hooks.checkpoint.interval' not in (args.cfg_options or {}):
        fit_checkpoint_interval(cfg, planned)
    apply_options(cfg, args)
    check_data_roots(cfg)
    demand_parts(cfg, ('model', 'train_dataloader', 'train_cfg', 'optim_wrapper'))
    prepare_distributed(cfg, args.launcher)
    folder = Path(cfg.work_dir)
    with one_line_endings(folder), sole_training(folder), noted_signals():
        notes = _choose_checkpoint(cfg) if args.resume == 'auto' else []
        runner = build_runner(cfg, args.verbose)
        for note in [*notes, *batch_notes(cfg, get_world_size())]:
            runner.logger.warning(note)
        if cfg.get('resume'):
            demand_whole_weights(runner)
            leave_weights_to_checkpoint(runner)
        train_until_stopped(runner)
    end_workers(runner)
    return runner


def train_until_stopped(runner: Runner) -> None:
    """Train; if a signal has ended the data loader's workers as well, save what there is.

    Args:
        runner: The Runner.

    Raises:
        SystemExit: With 128 + the signal's number, if a signal has asked to stop.
    """
    try:
        runner.train()
    except RuntimeError as error:
        hook = next((one for one in runner.hooks if isinstance(one, StopHook)), None)
        if hook is None or not REQUEST.signal or get_world_size() > 1 or 'DataLoader worker' not in str(error):
            raise
        hook.stop(runner, REQUEST.signal, runner.iter)


def batch_notes(cfg: Config, processes: int) -> list[str]:
    """Say if the learning rate is meant for another total batch.

    Args:
        cfg: The config.
        processes: Number of processes.

    Returns:
        One line, or none.
    """
    scaling = cfg.get('auto_scale_lr') or {}
    total, meant = cfg.train_dataloader.get('batch_size', 0) * processes, scaling.get('base_batch_size')
    if scaling.get('enable') or not meant or not total or total == meant:
        return []
    return [
        f'The learning rate is meant for a total batch of {meant}, here it is {total} (processes: {processes}, '
        f'each {total // processes}): --auto-scale-lr scales it by {total / meant:g}.'
    ]


def _choose_checkpoint(cfg: Config) -> list[str]:
    """Set the checkpoint of a bare ``--resume``; return what there is to say."""
    checkpoint, note = newest_whole_checkpoint(Path(cfg.work_dir))
    cfg.resume, cfg.load_from = checkpoint is not None, checkpoint and str(checkpoint)
    return [note] if note else []


def apply_options(cfg: Config, args: argparse.Namespace) -> None:
    """Write the training options into the config.

    Args:
        cfg: The config; changed in place.
        args: Options of :func:`parse_options`.

    Raises:
        ValueError: If an option does not go with the config.
        FileNotFoundError: If ``--resume`` names a checkpoint that is not there.
    """
    if args.amp or args.amp_dtype:
        enable_amp(cfg, args.amp_dtype)
    if args.auto_scale_lr:
        if 'base_batch_size' not in cfg.get('auto_scale_lr', {}):
            raise ValueError(f'--auto-scale-lr: {cfg.filename} has no auto_scale_lr.base_batch_size; add it')
        cfg.auto_scale_lr.enable = True
    if args.seed is not None:
        cfg.merge_from_dict({'randomness.seed': args.seed})
    if args.fraction is not None:
        set_fraction(cfg, args.fraction, args.fraction_seed)
    if args.cache or args.cache_dir or args.cache_share is not None:
        set_cache(cfg, args.cache, args.cache_dir, args.cache_share)
    if args.resume:
        _resume(cfg, args.resume)


def enable_amp(cfg: Config, dtype: str | None = None, on_cpu: bool | None = None) -> None:
    """Turn on mixed precision.

    Args:
        cfg: The config; its ``optim_wrapper`` is changed in place.
        dtype: ``float16`` or ``bfloat16``; by default float16 on a GPU and bfloat16 on the CPU.
        on_cpu: Train on the CPU; found out by default.

    Raises:
        ValueError: If the optimizer wrapper is a special one, or float16 is wanted on the CPU.
    """
    on_cpu = not torch.cuda.is_available() if on_cpu is None else on_cpu
    wrapper = cfg.optim_wrapper
    kind = wrapper.get('type', 'OptimWrapper')
    if kind not in ('OptimWrapper', 'AmpOptimWrapper', 'CpuAmpOptimWrapper'):
        raise ValueError(f'--amp needs optim_wrapper.type=OptimWrapper; {cfg.filename} has {kind}')
    if on_cpu and dtype == 'float16':
        raise ValueError('--amp-dtype float16 needs a GPU, there is none; leave the option out to use bfloat16')
    if on_cpu:
        wrapper.type = 'CpuAmpOptimWrapper'
        wrapper.pop('loss_scale', None)
        wrapper.pop('dtype', None)
        return
    wrapper.type = 'AmpOptimWrapper'
    wrapper.setdefault('loss_scale', 'dynamic')
    if dtype:
        wrapper.dtype = dtype


def set_cache(cfg: Config, where: str | None, folder: str | None = None, share: float | None = None) -> None:
    """Ask for a cache of decoded samples.

    Args:
        cfg: The config; changed in place.
        where: One of `CACHE_PLACES`; by default what the config says, or ``disk``.
        folder: Folder of a cache on disk.
        share: Most of the free memory, or of the free disk, that it may take.

    Raises:
        ValueError: If a folder is named for a cache that is not on disk, or a share for none.
    """
    hook: dict[str, Any] = dict(type='mmmaskattn.SampleCacheHook', where='none')
    hook.update((cfg.get('default_hooks') or {}).get('cache') or {})
    if where or folder:
        hook['where'] = where or 'disk'
    if folder and hook['where'] != 'disk':
        raise ValueError(f'--cache-dir {folder}: the cache is not on disk but {hook["where"]}; say --cache disk')
    if share is not None and hook['where'] == 'none':
        raise ValueError(f'--cache-share {share:g}: there is no cache; say --cache ram or --cache disk')
    given = dict(folder=folder, share=share)
    hook.update({name: value for name, value in given.items() if value is not None})
    cfg.merge_from_dict({'default_hooks': {'cache': hook}})


def _resume(cfg: Config, checkpoint: str) -> None:
    cfg.resume = True
    if checkpoint == 'auto':
        cfg.load_from = None
        return
    if '://' not in checkpoint and not Path(checkpoint).is_file():
        raise FileNotFoundError(
            f'--resume: there is no checkpoint {checkpoint}. Give --resume no path to go on from the latest in '
            f'{cfg.work_dir}.'
        )
    cfg.load_from = checkpoint
