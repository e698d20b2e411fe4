"""Write the network alone of a config as ONNX, to be timed: ``export_bare.py CONFIG --out FILE.onnx``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmmaskattn.analysis.models import build_seeded_model, input_size, random_images, read_config
from mmmaskattn.analysis.timing.onnx_runtime import check_onnx_installed, write_bare
from mmmaskattn.engine.launch import tool_parser
from mmmaskattn.engine.runner import quiet_start
from mmmaskattn.utils.command_line import ends_in_one_line

EXAMPLES = """examples:
  python tools/deploy/export_bare.py configs/peers/rtmdet_ins_tiny/dsb2018_instance_128.py --out rtmdet_ins.onnx
  python tools/analysis/benchmark.py deployed nuclei.onnx rtmdet_ins.onnx --picture cells.png

Weights are random; the file takes one normalised image of the network's size and gives what the head gives.
mmmaskattn export writes files with all that comes before and after the network.
"""


def parse_options(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line.

    Args:
        argv: Arguments; those of the process by default.
    """
    parser = tool_parser('Write the network alone of a config of mmmaskattn, mmseg or mmdet as ONNX.', EXAMPLES)
    parser.add_argument('config', help='config file')
    parser.add_argument('--out', required=True, type=Path, metavar='FILE', help='file to write, *.onnx')
    parser.add_settings()
    args = parser.parse_args(argv)
    if args.out.suffix != '.onnx':
        parser.error(f'--out {args.out}: expected a name that ends in .onnx')
    return args


@ends_in_one_line('export_bare')
def main(argv: Sequence[str] | None = None) -> None:
    """Run the tool.

    Args:
        argv: Arguments; those of the process by default.
    """
    args = parse_options(argv)
    quiet_start()
    check_onnx_installed()
    cfg = read_config(args.config, args.cfg_options)
    size, _ = input_size(cfg)
    difference = write_bare(build_seeded_model(cfg), random_images(size), args.out)
    print(f'{args.out}: {args.out.stat().st_size / 1e6:.2f} MB, takes (1, 3, {size[0]}, {size[1]})')
    print(f'its outputs differ from PyTorch by at most {difference:.1e} of the largest value')


if __name__ == '__main__':
    main()
