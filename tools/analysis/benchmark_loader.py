"""Time a config's data loading from the original files and from a shrunk copy, in one run.

python tools/analysis/benchmark_loader.py CONFIG --original data/coco --shrunk data/coco_128
python tools/analysis/benchmark_loader.py configs/maskattn/coco_semantic_128.py --draw coco --native-size 480 640
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))  # last: an installed package comes first

from mmmaskattn.analysis.timing.loader import benchmark_loaders
from mmmaskattn.data_tools.mini import LAYOUTS, write_mini
from mmmaskattn.data_tools.shrink import shrink_dataset
from mmmaskattn.datasets.config_file import read_config_file
from mmmaskattn.utils.command_line import ToolParser, ends_in_one_line


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command's options."""
    parser = ToolParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='a config with data sets that have a data_root')
    parser.add_argument('--original', type=Path, metavar='ROOT', help='data root of the original files')
    parser.add_argument('--shrunk', type=Path, metavar='ROOT', help='data root of the copy')
    parser.add_argument('--draw', choices=LAYOUTS, help='draw a data set and shrink it, in a temporary folder, instead')
    parser.add_argument(
        '--native-size', type=int, nargs=2, default=(480, 640), metavar=('H', 'W'),
        help='size around which the drawn images vary (default 480 640)',
    )  # fmt: skip
    parser.add_argument('--size', type=int, nargs='+', default=[128], help='H or H W of the copy of what is drawn')
    parser.add_argument('--split', choices=('train', 'val'), default='train', help='data and pipeline (default train)')
    parser.add_argument('--images', type=int, default=32, help='images of a round (default 32)')
    parser.add_argument('--rounds', type=int, default=7, help='timed rounds (default 7)')
    args = parser.parse_args(argv)
    if bool(args.draw) == bool(args.original and args.shrunk):
        parser.error('expected either --original ROOT and --shrunk ROOT, or --draw LAYOUT')
    if min(args.images, args.rounds) < 1:
        parser.error('--images and --rounds: expected 1 or more each')
    return args


def draw(args: argparse.Namespace, folder: Path) -> dict[str, Path]:
    """Draw a data set and shrink it."""
    counts = {'num_train': 1, 'num_val': 1, f'num_{args.split}': args.images}
    original = write_mini(args.draw, folder / 'original', size=tuple(args.native_size), **counts)
    shrink_dataset(original, folder / 'shrunk', args.size[0] if len(args.size) == 1 else args.size)
    return {'original': original, 'shrunk': folder / 'shrunk'}


@ends_in_one_line('benchmark_loader')
def main(argv: Sequence[str] | None = None) -> None:
    """Time and print the table; what cannot be timed ends the command with status 1 and one line."""
    args = parse_args(argv)
    warnings.filterwarnings('ignore')
    logging.disable(logging.WARNING)
    cfg = read_config_file(args.config)
    with tempfile.TemporaryDirectory() as folder:
        roots = draw(args, Path(folder)) if args.draw else {'original': args.original, 'shrunk': args.shrunk}
        print(benchmark_loaders(cfg, roots, args.split, args.images, args.rounds).table())


if __name__ == '__main__':
    main()
