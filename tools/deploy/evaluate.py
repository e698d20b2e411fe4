"""Figures of an exported file on a data set: ``python tools/deploy/evaluate.py FILE.onnx CONFIG``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from mmmaskattn.analysis.timing.onnx_runtime import check_onnx_installed
from mmmaskattn.apis.model import config_file
from mmmaskattn.datasets.config_file import read_config_file
from mmmaskattn.engine.launch import tool_parser
from mmmaskattn.engine.runner import quiet_start
from mmmaskattn.utils.command_line import ends_in_one_line
from mmmaskattn.utils.markdown import markdown_table

EXAMPLES = """examples:
  python tools/deploy/evaluate.py nuclei.onnx tiny_dsb2018_panoptic
  python tools/deploy/evaluate.py clothes_int8.onnx configs/maskattn/ccp_semantic_128_nano.py --split val
"""


def parse_options(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line.

    Args:
        argv: Arguments; those of the process by default.
    """
    parser = tool_parser("Run an exported file on a data set and print the config's metrics.", EXAMPLES)
    parser.add_argument('file', help='exported file, *.onnx, *.pt2 or *.ncnn.param')
    parser.add_argument('config', help='config that it was made of, or the name of its model')
    parser.add_argument('--split', choices=('val', 'test'), default='test', help='which pictures (default test)')
    parser.add_settings()
    return parser.parse_args(argv)


@ends_in_one_line('evaluate')
def main(argv: Sequence[str] | None = None) -> None:
    """Run the tool.

    Args:
        argv: Arguments; those of the process by default.
    """
    args = parse_options(argv)
    quiet_start()
    check_onnx_installed()
    from mmmaskattn.apis.deploy.evaluate import evaluate_file  # of the extra `deploy`
    from mmmaskattn.apis.deploy.formats import open_file

    opened = open_file(args.file)
    figures = evaluate_file(opened, read_config_file(config_file(args.config), args.cfg_options), args.split)
    print(markdown_table(['metric', opened.info.precision], [[key, f'{value:.2f}'] for key, value in figures.items()]))


if __name__ == '__main__':
    main()
