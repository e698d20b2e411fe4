"""Copy a data set at the network's size in the same layout, so that its loader never keeps the model waiting.

Example: python tools/data/shrink.py data/coco data/coco_128 --size 128
Then:    COCO_ROOT=data/coco_128 python tools/train.py configs/maskattn/coco_semantic_128.py
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

if sys.platform != 'win32':
    import resource

sys.path.append(str(Path(__file__).resolve().parents[2]))  # last: an installed package comes first

from mmmaskattn.data_tools.shrink import LAYOUTS, ShrinkReport, shrink_dataset
from mmmaskattn.data_tools.shrink.run import STATE_FOLDER
from mmmaskattn.datasets.transforms.picture_file import MAX_PIXELS
from mmmaskattn.utils.command_line import ToolParser, ends_in_one_line


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command's options."""
    parser = ToolParser(
        description=__doc__.partition('\n')[0],
        epilog='Exit status: 0 all well, 1 problems, which are named, 2 wrong options.',
    )
    parser.add_argument('source', type=Path, help='data root, read only')
    parser.add_argument('target', type=Path, help='root of the copy: a new folder, or that of an earlier run')
    parser.add_argument('--size', type=int, nargs='+', default=[128], metavar='PIXELS', help='H or H W (default 128)')
    parser.add_argument('--layout', choices=LAYOUTS, help='default: found by the names of the folders')
    parser.add_argument('--workers', type=int, help='processes (default: one a core)')
    parser.add_argument(
        '--max-pixels', type=int, default=MAX_PIXELS, help='larger pictures are refused, not decoded (default %(default)s)'
    )
    args = parser.parse_args(argv)
    if args.workers is not None and args.workers < 1:
        parser.error(f'--workers {args.workers}: expected 1 or more')
    return args


def peak_memory() -> str:
    """Return the most memory used so far by this process and by its largest worker, in words; '' on Windows."""
    if sys.platform == 'win32':
        return ''
    unit = 2**20 if sys.platform == 'darwin' else 2**10  # bytes there, KiB elsewhere
    own, worker = (resource.getrusage(who).ru_maxrss / unit for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return f'peak memory {own:.0f} MiB' + (f', of the largest worker {worker:.0f} MiB' if worker else '')


def shrink(args: argparse.Namespace) -> ShrinkReport:
    """Make the copy; CTRL-C ends the command in one line."""
    size = args.size[0] if len(args.size) == 1 else args.size
    try:
        return shrink_dataset(args.source, args.target, size, args.layout, args.workers, args.max_pixels)
    except KeyboardInterrupt:
        sys.exit('shrink: interrupted; run it again to go on.')


@ends_in_one_line('shrink')
def main(argv: Sequence[str] | None = None) -> None:
    """Make the copy, report, and end with status 1 if there are problems."""
    args = parse_args(argv)
    report = shrink(args)
    print('\n'.join(report.lines()))
    print(peak_memory())
    if report.problems:
        sys.exit(f'shrink: {report.problems} problems; see {args.target / STATE_FOLDER / "problems.txt"}')


if __name__ == '__main__':
    main()
