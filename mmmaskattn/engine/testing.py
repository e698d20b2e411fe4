"""What ``tools/test.py`` does: one evaluation per protocol, and a closing table."""

from __future__ import annotations

import argparse
import copy
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import is_main_process

from mmmaskattn.datasets.check_root import check_data_roots, leaf_datasets
from mmmaskattn.engine.launch import add_common_options, demand_parts, load_config, prepare_distributed, tool_parser
from mmmaskattn.engine.non_finite import NonFiniteError
from mmmaskattn.engine.runner import build_runner, end_workers, quiet_start
from mmmaskattn.evaluation.ceiling import LOWRES_CEILING, NativeCeiling
from mmmaskattn.evaluation.protocol import PROTOCOLS, protocol_of, set_protocol
from mmmaskattn.utils.configs import config_name
from mmmaskattn.utils.weights import check_checkpoint, demand_whole_weights

MOST_COLUMNS = 10
DUMP_SUFFIXES = ('.pkl', '.pickle')


EXAMPLES = """examples:
  python tools/test.py CONFIG CHECKPOINT
  python tools/test.py CONFIG CHECKPOINT --protocol both --ceiling
  python tools/test.py CONFIG CHECKPOINT --show-dir pictures
  tools/dist_test.sh CONFIG CHECKPOINT 2 --out predictions
"""


def parse_options(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line of ``tools/test.py``.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        The options.
    """
    parser = tool_parser('Test a model and evaluate its predictions.', EXAMPLES)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        '--allow-partial',
        action='store_true',
        help='test although weights are missing, unexpected or of another shape; what is missing stays random',
    )
    parser.add_argument(
        '--protocol',
        choices=(*PROTOCOLS, 'both'),
        help="compare at the network's size, at the images' own, or at both in turn; default: as the config says",
    )
    parser.add_argument(
        '--out',
        help="store the predictions: a .pkl file, or a new folder for PNG label maps or COCO's result files",
    )
    parser.add_argument('--show', action='store_true', help='show the predictions in a window')
    parser.add_argument('--show-dir', help='folder for pictures of the predictions')
    parser.add_argument(
        '--show-embeddings',
        action='store_true',
        help='with --show or --show-dir: embeddings too, as three principal components',
    )
    parser.add_argument('--wait-time', type=float, default=2, help='seconds to show each picture')
    parser.add_argument(
        '--ceiling',
        action='store_true',
        help='beside native figures, those of a prediction that equals the truth at this resolution',
    )
    parser.add_argument('--tta', action='store_true', help="test-time augmentation, by the config's tta_pipeline")
    add_common_options(parser)
    return parser.parse_args(argv)


def run_test(argv: Sequence[str] | None = None) -> dict[str, float]:
    """Test as the command line says. Of several processes each calls ``finish_distributed`` when it is done.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        Metrics by name, those of all protocols. They are also written to ``<work folder>/test_<time>.json`` and
        printed.

    Raises:
        FileNotFoundError: If the checkpoint is not there.
        FileExistsError: If ``--out`` exists: results are never overwritten.
        ValueError: If an option does not go with the config.
        WeightsMismatchError: If the checkpoint is not one of the model, and ``--allow-partial`` is off.
        SystemExit: If the checkpoint's weights are not finite.
    """
    args = parse_options(argv)
    if not args.verbose:
        quiet_start()
    cfg = load_config(args)
    check_checkpoint(args.checkpoint)
    passes = [(protocol, _config_of_pass(cfg, args, protocol)) for protocol in _protocols(args)]
    for _, one in passes:
        check_data_roots(one, ('test_dataloader',))
        demand_parts(one, ('model', 'test_dataloader', 'test_evaluator'))
    protocols = {protocol or protocol_of(cfg) for protocol in _protocols(args)} if args.ceiling else set()
    ceiling = NativeCeiling(cfg) if 'native' in protocols else None  # now, so that what is wrong shows before the test
    metrics: dict[str, float] = {}
    for _, one in passes:
        prepare_distributed(one, args.launcher)
        try:
            runner = build_runner(one, args.verbose)
            if not args.allow_partial:
                demand_whole_weights(runner)
            metrics.update(runner.test())
            end_workers(runner)
        except NonFiniteError as error:
            raise SystemExit(str(error)) from None
    if ceiling:
        metrics.update(ceiling.compute())
    if is_main_process():
        report_metrics(metrics, Path(cfg.work_dir))
        if 'lowres' in protocols:
            print(LOWRES_CEILING)
    return metrics


def _protocols(args: argparse.Namespace) -> tuple[str | None, ...]:
    return PROTOCOLS if args.protocol == 'both' else (args.protocol,)


def _config_of_pass(cfg: Config, args: argparse.Namespace, protocol: str | None) -> Config:
    """The config of one evaluation pass; ``None`` leaves the config's own protocol."""
    cfg = copy.deepcopy(cfg)
    cfg.load_from, cfg.resume = args.checkpoint, False
    folder = protocol if args.protocol == 'both' and protocol else ''
    if protocol:
        set_protocol(cfg, protocol)
        # Names of their own: mmengine keeps one visualizer and one logger per name in a process.
        cfg.experiment_name = f'{config_name(args.config)}_{protocol}_{time.strftime("%Y%m%d_%H%M%S")}'
        if 'visualizer' in cfg:
            cfg.visualizer.name = f'visualizer_{protocol}'
    if folder:
        cfg.work_dir = str(Path(cfg.work_dir, folder))
    if args.show_embeddings:
        _ask_for_embeddings(cfg, args)
    if args.tta:
        use_tta(cfg)
    if args.show or args.show_dir:
        _draw(cfg, args, folder)
    if args.out:
        _store_predictions(cfg, Path(args.out), folder)
    return cfg


def use_tta(cfg: Config) -> None:
    """Test with augmentations: swap in the config's ``tta_pipeline`` and wrap the model in its ``tta_model``.

    Args:
        cfg: The config; changed in place.

    Raises:
        ValueError: If the config lacks one of the two.
    """
    missing = [key for key in ('tta_pipeline', 'tta_model') if key not in cfg]
    if missing:
        raise ValueError(f'--tta: {cfg.filename} has no {" and no ".join(missing)}; add it or leave --tta out')
    for _, dataset in leaf_datasets(cfg.test_dataloader.dataset, ''):
        dataset['pipeline'] = cfg.tta_pipeline
    cfg.model = dict(**cfg.tta_model, module=cfg.model)


def _draw(cfg: Config, args: argparse.Namespace, folder: str) -> None:
    hook = cfg.get('default_hooks', {}).get('visualization')
    if hook is None:
        raise ValueError(f'--show and --show-dir: {cfg.filename} has no default_hooks.visualization; add one')
    hook.update(draw=True, interval=1)
    if args.show:
        hook.update(show=True, wait_time=args.wait_time)
    if args.show_dir:
        cfg.visualizer.save_dir = str(Path(args.show_dir, folder))


def _ask_for_embeddings(cfg: Config, args: argparse.Namespace) -> None:
    """Have the model return its embeddings and the hook draw them."""
    if not (args.show or args.show_dir):
        raise ValueError('--show-embeddings: it adds to --show or --show-dir; give one of them too')
    hook = (cfg.get('default_hooks') or {}).get('visualization') or {}
    if str(hook.get('type')).rpartition('.')[2] != 'InstancePictureHook':
        raise ValueError(
            f'--show-embeddings: default_hooks.visualization of {cfg.filename} is {hook.get("type")}, which '
            f"draws none; expected dict(type='mmmaskattn.InstancePictureHook'), with an instance or panoptic model"
        )
    hook.update(embeddings=True)
    cfg.model.test_cfg = dict(cfg.model.get('test_cfg') or {}, return_embeddings=True)


def _store_predictions(cfg: Config, out: Path, folder: str) -> None:
    """Have the evaluators store the predictions, in a place where nothing is yet."""
    if out.suffix in DUMP_SUFFIXES:
        target = out.with_name(f'{out.stem}_{folder}{out.suffix}') if folder else out
    else:
        target = out / folder
    if target.is_file() or (target.is_dir() and any(target.iterdir())):
        raise FileExistsError(f'--out: {target} exists already and is never overwritten; name another place or move it')
    evaluators = cfg.test_evaluator if isinstance(cfg.test_evaluator, list) else [cfg.test_evaluator]
    segments = cfg.get('default_scope') == 'mmdet'
    if out.suffix in DUMP_SUFFIXES:
        kind = 'mmdet.DumpDetResults' if segments else 'DumpResults'  # mmdet's stores masks as run lengths
        cfg.test_evaluator = [*evaluators, dict(type=kind, out_file_path=str(target))]
    elif segments:
        dump = dict(type='mmmaskattn.SegmentDump', output_dir=str(target), ann_file=_ann_file(cfg))
        cfg.test_evaluator = [*evaluators, dump]
    else:
        cfg.test_evaluator = [*evaluators, dict(type='mmmaskattn.LabelMapDump', output_dir=str(target))]


def _ann_file(cfg: Config) -> str | None:
    """The json of the test set, whose category ids the stored predictions are to have; None for other kinds of sets."""
    datasets = [dataset for _, dataset in leaf_datasets(cfg.test_dataloader.dataset, '')]
    files = {os.path.join(one.get('data_root') or '', one.get('ann_file') or '') for one in datasets}
    if len(files) > 1:
        raise ValueError(
            f'--out: the test set joins {len(files)} data sets, whose image ids may be the same, so one folder of '
            f"COCO's result files cannot hold both. Store them in a .pkl file, or test one at a time."
        )
    name = files.pop() if files else ''
    return name if name.endswith('.json') else None


def report_metrics(metrics: dict[str, float], work_dir: Path) -> None:
    """Print the metrics, see `metrics_table`, and write them to a JSON file of its own.

    Args:
        metrics: Values by name, such as ``lowres/mIoU``.
        work_dir: Folder of the file.
    """
    work_dir.mkdir(parents=True, exist_ok=True)
    path = work_dir / f'test_{time.strftime("%Y%m%d_%H%M%S")}.json'
    path.write_text(json.dumps({name: float(value) for name, value in metrics.items()}, indent=2) + '\n')
    print(metrics_table(metrics))
    print(f'Written to {path}')


def metrics_table(metrics: dict[str, float]) -> str:
    """Lay out metrics as a table with one line per prefix (protocol), or one per metric where there are many.

    Args:
        metrics: Values by name; what stands before the last ``/`` of a name is its prefix.

    Returns:
        The table as text.
    """
    rows: dict[str, dict[str, str]] = {}
    for name, value in metrics.items():
        prefix, _, short = name.rpartition('/')
        rows.setdefault(prefix or '-', {})[short] = f'{float(value):.2f}'
    columns = list(dict.fromkeys(short for row in rows.values() for short in row))
    lines = [['protocol', *columns]] + [[key, *(row.get(c, '-') for c in columns)] for key, row in rows.items()]
    if len(columns) > MOST_COLUMNS:
        lines = [['metric', *rows]] + [[c, *(row.get(c, '-') for row in rows.values())] for c in columns]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return '\n'.join('  '.join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)
