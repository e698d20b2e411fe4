"""The command line that the prepare tools share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from mmmaskattn.data_tools.prepare.run import prepare_splits
from mmmaskattn.data_tools.prepare.split import STATE_FOLDER, Split
from mmmaskattn.utils.command_line import ToolParser, ends_in_one_line


def root_parser(description: str, variable: str, default: str) -> ToolParser:
    """Make a parser of the options that all three tools have.

    Args:
        description: what the tool does.
        variable: environment variable that names the data root.
        default: the data root if it is not set.
    """
    parser = ToolParser(
        description=description, epilog='Exit status: 0 all well, 1 problems, which are named, 2 wrong options.'
    )
    parser.add_argument(
        'root', nargs='?', type=Path, default=Path(os.environ.get(variable, default)),
        help=f'data root (default: the environment variable {variable}, else {default})',
    )  # fmt: skip
    parser.add_argument('--splits', nargs='+', choices=('train', 'val'), default=('train', 'val'), help='default both')
    return parser


def run_prepare(name: str, find_splits: Callable[[Path, Sequence[str]], list[Split]], parser: ToolParser) -> None:
    """Run a prepare tool: find the splits, prepare them, report, and end with status 1 if there are problems.

    Args:
        name: the tool's name, for messages.
        find_splits: of the data set.
        parser: from `root_parser`.
    """
    parser.add_argument('--workers', type=int, help='processes (default: one a core)')
    parser.add_argument('--overwrite', action='store_true', help='replace json files that another program wrote')
    ends_in_one_line(name)(_prepare)(None, name, find_splits, parser)


def _prepare(
    argv: Sequence[str] | None,
    name: str,
    find_splits: Callable[[Path, Sequence[str]], list[Split]],
    parser: ToolParser,
) -> None:
    args = parser.parse_args(argv)
    left_out = 0
    try:
        splits = find_splits(args.root.resolve(), args.splits)
        for report in prepare_splits(splits, args.workers, args.overwrite):
            print('\n'.join(report.lines()), flush=True)
            left_out += len(report.problems)
    except KeyboardInterrupt:
        sys.exit(f'{name}: interrupted; run it again to go on.')
    if left_out:
        where = args.root / STATE_FOLDER
        sys.exit(f'{name}: {left_out} images have problems and were left out; see {where}/*.problems.txt')
