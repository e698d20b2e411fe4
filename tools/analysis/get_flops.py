"""Print MACs, FLOPs and parameters of a config's model, attention products counted; needs neither data nor weights.

python tools/analysis/get_flops.py configs/maskattn/ade20k_semantic_128.py
python tools/analysis/get_flops.py path/to/an/mmseg/or/mmdet/config.py --shape 128 128 --depth 3
"""

from __future__ import annotations

import argparse
import json
import logging
import warnings

from mmmaskattn.analysis import build_model, count_complexity, input_size, read_config
from mmmaskattn.analysis.cost.complexity import FORWARDS, as_dict, report
from mmmaskattn.utils.command_line import ToolParser, ends_in_one_line


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of mmmaskattn, mmseg or mmdet')
    parser.add_argument('--shape', type=int, nargs='+', help="input H W, or one number (default: the config's)")
    parser.add_argument('--depth', type=int, default=2, help='depth of the table by module')
    parser.add_argument('--forward', choices=FORWARDS, default='auto', help='which forward to count')
    parser.add_argument('--json', action='store_true', help='print JSON instead of text')
    parser.add_settings()
    args = parser.parse_args(argv)
    if args.shape and (len(args.shape) > 2 or min(args.shape) < 1):
        parser.error(f'--shape {args.shape}: expected one or two positive numbers, H and W')
    return args


@ends_in_one_line('get_flops')
def main(argv: list[str] | None = None) -> None:
    """Count and print."""
    args = parse_args(argv)
    warnings.filterwarnings('ignore')
    logging.disable(logging.WARNING)
    cfg = read_config(args.config, args.cfg_options)
    shape, source = ((args.shape[0], args.shape[-1]), '--shape') if args.shape else input_size(cfg)
    result = count_complexity(build_model(cfg), shape, forward=args.forward)
    if args.json:
        print(json.dumps(as_dict(result, shape, source, args.depth), indent=2))
    else:
        print(report(result, shape, source, args.depth))


if __name__ == '__main__':
    main()
