"""Check that COCO's official panoptic and instance files are complete; they are read as they are.

Example: python tools/data/prepare_coco.py data/coco

Writes nothing. Says what is missing, and in which official archive it is.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))  # last: an installed package comes first

from mmmaskattn.data_tools.prepare import check_coco
from mmmaskattn.data_tools.prepare.command import root_parser
from mmmaskattn.utils.command_line import ToolParser, ends_in_one_line


@ends_in_one_line('prepare_coco')
def main(argv: Sequence[str] | None = None) -> None:
    """Check, report, and end with status 1 if something is missing or wrong."""
    args = root_parser('Check that the official files are complete; writes nothing.', 'COCO_ROOT', 'data/coco')
    options = args.parse_args(argv)
    problems = 0
    for report in check_coco(options.root, options.splits):
        print('\n'.join(report.lines()), flush=True)
        problems += len(report.problems)
    if problems:
        sys.exit(f'prepare_coco: {problems} problems in {options.root}')
    print('complete: nothing to prepare, the configs read these files')


if __name__ == '__main__':
    main()
