"""An exported file in several runtimes, equality and time: ``python tools/deploy/runtimes.py FILE.onnx PICTURES``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from mmmaskattn.analysis.timing.onnx_runtime import check_onnx_installed
from mmmaskattn.engine.launch import tool_parser
from mmmaskattn.engine.runner import quiet_start
from mmmaskattn.utils.command_line import ends_in_one_line
from mmmaskattn.utils.markdown import markdown_table

EXAMPLES = """examples:
  python tools/deploy/runtimes.py nuclei.onnx shots
  pip install 'mmmaskattn[openvino]'; python tools/deploy/runtimes.py nuclei.onnx 'shots/*.png' --most 50

NAME.pt2 and NAME.ncnn.param beside NAME.onnx are run, too; mmmaskattn export writes them.
"""


def parse_options(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line.

    Args:
        argv: Arguments; those of the process by default.
    """
    parser = tool_parser('Run an exported file in every runtime that is installed, and compare.', EXAMPLES)
    parser.add_argument('file', help='exported file, *.onnx')
    parser.add_argument('pictures', help='picture, folder, or pattern in quotes')
    parser.add_argument('--most', type=int, default=12, help='how many pictures (default 12)')
    args = parser.parse_args(argv)
    if args.most < 1:
        parser.error(f'--most {args.most}: expected 1 or more')
    return args


@ends_in_one_line('runtimes')
def main(argv: Sequence[str] | None = None) -> None:
    """Run the tool.

    Args:
        argv: Arguments; those of the process by default.
    """
    args = parse_options(argv)
    quiet_start()
    check_onnx_installed()
    from mmmaskattn.apis.deploy.export import read_examples  # of the extra `deploy`
    from mmmaskattn.apis.deploy.runtimes import compare_runtimes

    rows = []
    for one in compare_runtimes(args.file, read_examples(args.pictures, args.most)):
        figures = [f'{one.labels:.2f}', f'{one.objects} pictures', f'{one.milliseconds:.1f}']
        rows.append([one.runtime, *([one.reason, '-', '-'] if one.reason else figures)])
    print(markdown_table(['runtime', 'equal pixels, %', 'other number of objects', 'ms'], rows))


if __name__ == '__main__':
    main()
