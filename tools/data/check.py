"""Check a config's data before hours of training: files, labels, pairs, classes, sizes.

Example: python tools/data/check.py configs/maskattn/ade20k_semantic_128.py

Prints one line for each problem, a table of the classes and a summary; writes problems.txt, a table and a plot for
each split. Exit status 1 if training would fail or would train on damaged data.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))  # last: an installed package comes first

from mmmaskattn.data_tools.check import CheckReport, Problem, check_config
from mmmaskattn.data_tools.check.statistics import plot_statistics
from mmmaskattn.data_tools.check.splits import SPLITS
from mmmaskattn.datasets.config_file import read_config_file
from mmmaskattn.datasets.transforms.low_res_resize import check_size
from mmmaskattn.utils.command_line import ToolParser, ends_in_one_line
from mmmaskattn.utils.files import free_folder
from mmmaskattn.utils.configs import config_name


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command's options."""
    parser = ToolParser(
        description=__doc__.partition('\n')[0], epilog='Exit status: 0 fit for training, 1 not, 2 wrong options.'
    )
    parser.add_argument('config', help='a config of ours, mmseg or mmdet')
    parser.add_argument('--splits', nargs='+', choices=SPLITS, default=SPLITS, help='which to check (default all)')
    parser.add_argument(
        '--size', type=int, nargs='+', metavar='PIXELS',
        help="H or H W at which pixels and instances are counted (default: the network's size)",
    )  # fmt: skip
    parser.add_argument('--workers', type=int, help='processes (default: one a core)')
    parser.add_argument(
        '--out-dir', help='folder for the report (default work_dirs/check/CONFIG); if it is full, OUT_DIR_2'
    )
    parser.add_argument('--max-lines', type=int, default=100, help='problems printed; the report has all (default 100)')
    parser.add_settings()
    return parser.parse_args(argv)


class Printer:
    """Prints problems as they come, up to a number of lines, and writes all of them to a file.

    Args:
        path: The file.
        most: Lines to print.
    """

    def __init__(self, path: Path, most: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.file = path.open('w', encoding='utf-8')
        self.most = most
        self.count = 0

    def __call__(self, problem: Problem) -> None:
        """Print and write one problem."""
        self.count += 1
        if self.count <= self.most:
            print(problem, flush=True)
        elif self.count == self.most + 1:
            print(f'... further problems only in {self.path}', flush=True)
        self.file.write(f'{problem}\n')

    def close(self) -> None:
        """Close the file."""
        self.file.close()


def write_report(report: CheckReport, folder: Path) -> None:
    """Print the tables, write them and the plots.

    Args:
        report: What was found.
        folder: Where to write.
    """
    for statistics in report.statistics:
        table = '\n'.join(statistics.summary()) + '\n\n' + statistics.class_table()
        print(f'\n{table}')
        (folder / f'{statistics.split}.md').write_text(f'{table}\n', encoding='utf-8')
        plot_statistics(statistics, folder / f'{statistics.split}.png')


@ends_in_one_line('check', status=2)
def main(argv: Sequence[str] | None = None) -> None:
    """Check, report, and end with status 1 if there are errors."""
    args = parse_args(argv)
    cfg = read_config_file(args.config, args.cfg_options)
    size = check_size(args.size[0] if len(args.size) == 1 else args.size, '--size') if args.size else None
    wanted = Path(args.out_dir or Path('work_dirs', 'check', config_name(args.config)))
    folder = free_folder(wanted)
    printer = Printer(folder / 'problems.txt', args.max_lines)
    report = check_config(cfg, args.splits, size, args.workers, printer)
    printer.close()
    write_report(report, folder)
    notes = len(report.problems) - report.errors
    verdict = 'training would fail or train on damaged data' if report.errors else 'fit for training'
    why = '' if folder == wanted else f'; {wanted} holds files already and was left as it is'
    print(f'\n{report.errors} errors, {notes} notes: {verdict}. Report in {folder}{why}')
    sys.exit(1 if report.errors else 0)


if __name__ == '__main__':
    main()
