"""Draw a small data set in an official layout, to train and test with no download.

Example: python tools/data/make_mini.py ade20k data/mini_ade20k --train 64 --val 16
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))  # last: an installed package comes first

from mmmaskattn.data_tools.mini import LAYOUTS, write_mini
from mmmaskattn.utils.command_line import ToolParser, ends_in_one_line


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command's options."""
    parser = ToolParser(
        description='Draw a small data set in an official layout. The same options give the same files.'
    )
    parser.add_argument('layout', choices=LAYOUTS, help='layout of the folders and files')
    parser.add_argument('root', help='data root to write: a new or an empty folder')
    parser.add_argument('--train', type=int, default=32, metavar='N', help='training images (default 32)')
    parser.add_argument('--val', type=int, default=8, metavar='N', help='validation images (default 8)')
    parser.add_argument(
        '--size', type=int, nargs=2, default=(192, 256), metavar=('H', 'W'),
        help='native sizes vary around it (default 192 256); Cityscapes images all are W/2 by W',
    )  # fmt: skip
    parser.add_argument('--seed', type=int, default=0, metavar='S', help='seed (default 0)')
    return parser.parse_args(argv)


@ends_in_one_line('make_mini')
def main(argv: Sequence[str] | None = None) -> None:
    """Write the set and say where it is; a refusal ends the command with status 1 and one line."""
    args = parse_args(argv)
    root = write_mini(args.layout, args.root, args.train, args.val, tuple(args.size), args.seed, progress=True)
    print(f'{args.layout}: {args.train} training and {args.val} validation images in {root}')


if __name__ == '__main__':
    main()
