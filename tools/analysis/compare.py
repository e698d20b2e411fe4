"""Compare models in one run: cost, latency, memory, training step; a table, its figures as CSV, and a scatter plot.

python tools/analysis/compare.py configs/maskattn/ade20k_semantic_128*.py configs/peers/*/ade20k_semantic_128.py --out D
python tools/analysis/compare.py CONFIG... --device cuda --accuracy work_dirs/accuracy/results.json --out D

Random weights and images: no data is needed. Beside eager PyTorch stands ONNX Runtime (pip install
'mmmaskattn[deploy]'); each export takes seconds to a minute, --skip onnx leaves it out.
Configs of mmseg and mmdet are taken too.
"""

from __future__ import annotations

import argparse
import logging
import sys
import warnings
from pathlib import Path

from mmmaskattn.analysis.comparison.accuracy import read_accuracy
from mmmaskattn.analysis.comparison.measure import Comparison, Conditions, Measured
from mmmaskattn.analysis.comparison.memory import can_measure
from mmmaskattn.analysis.comparison.table import X_AXES, as_csv, as_markdown, plot_comparison
from mmmaskattn.analysis.cost.complexity import FORWARDS
from mmmaskattn.utils.command_line import ToolParser, ends_in_one_line
from mmmaskattn.utils.configs import config_name

FILES = ('comparison.md', 'comparison.csv', 'comparison.png')


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('configs', nargs='+', help='configs of mmmaskattn, mmseg or mmdet')
    parser.add_argument('--out', type=Path, required=True, help=f'folder for {", ".join(FILES)}; never overwritten')
    parser.add_argument('--shape', type=int, nargs='+', default=[128], help='H W of the input, or one number')
    parser.add_argument('--batches', type=int, nargs='+', default=[1, 32], help='batch sizes of the latency')
    parser.add_argument('--train-batch', type=int, default=8, help='batch size of the training step')
    parser.add_argument('--rounds', type=int, default=30, help='timed rounds at batch 1')
    parser.add_argument('--slow-rounds', type=int, default=5, help='timed rounds at larger batches and of training')
    parser.add_argument('--warmup', type=int, default=2, help='rounds before, not timed')
    parser.add_argument('--threads', type=int, default=1, help='CPU threads')
    parser.add_argument('--device', default='cpu', help='cpu, cuda, cuda:1 ...')
    parser.add_argument('--forward', choices=FORWARDS, default='auto', help='predict: with post-processing')
    parser.add_argument('--skip', nargs='+', default=[], choices=['memory', 'train', 'onnx'], help='not to measure')
    parser.add_argument('--accuracy', type=Path, nargs='+', default=[], help='results.json of accuracy.py')
    parser.add_argument('--metric', nargs='+', default=['mIoU'], help='metrics to join; the plot shows the first')
    parser.add_argument('--x-axis', choices=X_AXES, default='macs', help='x axis of the plot')
    parser.add_settings('every config')
    args = parser.parse_args(argv)
    for option in ('shape', 'batches', 'train_batch', 'rounds', 'slow_rounds', 'threads'):
        given = getattr(args, option)
        if min(given if isinstance(given, list) else [given]) < 1:
            parser.error(f'--{option.replace("_", "-")} {given}: expected numbers above 0')
    if args.x_axis == 'onnx' and ('onnx' in args.skip or args.device != 'cpu'):
        parser.error('--x-axis onnx: expected with --device cpu and without --skip onnx')
    if len(args.shape) > 2:
        parser.error(f'--shape {args.shape}: expected one or two numbers, H and W')
    return args


def check_out(folder: Path) -> None:
    """Make the folder, and see before hours of measuring that nothing in it would be overwritten."""
    there = [name for name in FILES if (folder / name).exists()]
    if there:
        raise FileExistsError(
            f'--out {folder}: {", ".join(there)} already there; name another folder or move them away'
        )
    folder.mkdir(parents=True, exist_ok=True)


def conditions_of(args: argparse.Namespace) -> Conditions:
    """The conditions that the options ask for."""
    memory = 'memory' not in args.skip
    if memory and args.device == 'cpu' and not can_measure():
        print('memory is not measured: this system has no /proc/self/clear_refs', file=sys.stderr)
        memory = False
    return Conditions(
        shape=(args.shape[0], args.shape[-1]),
        batches=tuple(args.batches),
        train_batch=None if 'train' in args.skip else args.train_batch,
        rounds=args.rounds,
        slow_rounds=args.slow_rounds,
        warmup=args.warmup,
        threads=args.threads,
        device=args.device,
        forward=args.forward,
        memory=memory,
        onnx='onnx' not in args.skip and args.device == 'cpu',
    )


def write(rows: list[Measured], conditions: Conditions, args: argparse.Namespace) -> None:
    """Write table, figures and plot, and print the table."""
    metrics = args.metric if args.accuracy else []
    table = as_markdown(rows, conditions, metrics)
    for name, text in zip(FILES, (table, as_csv(rows, conditions, metrics))):
        with (args.out / name).open('x', encoding='utf-8') as file:
            file.write(text)
    plot_comparison(rows, args.out / FILES[2], args.x_axis, metrics[0] if metrics else None)
    print(table)


@ends_in_one_line('compare')
def main(argv: list[str] | None = None) -> None:
    """Run the comparison."""
    args = parse_args(argv)
    warnings.filterwarnings('ignore')
    logging.disable(logging.WARNING)
    names = [config_name(config) for config in args.configs]
    accuracy = read_accuracy(args.accuracy, names, args.metric)
    comparison = Comparison(args.configs, conditions_of(args), args.cfg_options)
    check_out(args.out)
    rows = comparison.run()
    for row in rows:
        row.accuracy = accuracy.get(config_name(row.config), {})
    write(rows, comparison.conditions, args)


if __name__ == '__main__':
    main()
