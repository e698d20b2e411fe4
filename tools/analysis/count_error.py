"""How well a model counts objects: ``python tools/analysis/count_error.py MODEL``; ``--help`` lists the options."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from mmmaskattn.apis.counting import count_figures, counts_on, write_counts
from mmmaskattn.apis.inferencer import MaskAttnInferencer
from mmmaskattn.engine.launch import tool_parser
from mmmaskattn.engine.runner import quiet_start
from mmmaskattn.utils.command_line import ends_in_one_line
from mmmaskattn.utils.markdown import markdown_table
from mmmaskattn.utils.progress import show_progress

EXAMPLES = """examples:
  python tools/analysis/count_error.py tiny_dsb2018_panoptic
  python tools/analysis/count_error.py CONFIG --weights CHECKPOINT --split val --out counts.csv
"""


def parse_options(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line.

    Args:
        argv: Arguments; those of the process by default.
    """
    parser = tool_parser('Count objects in the pictures of a split, and compare with the truth.', EXAMPLES)
    parser.add_argument('model', help='name of a model, or a config file')
    parser.add_argument('--weights', help='checkpoint, where it is not the one of the model index')
    parser.add_argument('--split', choices=('train', 'val', 'test'), default='test')
    parser.add_argument('--out', help='table of all pictures to write, as comma-separated values')
    return parser.parse_args(argv)


@ends_in_one_line('count_error')
def main(argv: Sequence[str] | None = None) -> None:
    """Run the tool.

    Args:
        argv: Arguments; those of the process by default.
    """
    args = parse_options(argv)
    quiet_start()
    inferencer = MaskAttnInferencer(args.model, args.weights)
    counts = list(show_progress(counts_on(inferencer, args.split), None, 'pictures'))
    figures = count_figures(counts)
    if args.out:
        write_counts(counts, args.out)
    percent = ('of the objects', 'exact')
    cells = [f'{value:.1f} %' if name in percent else f'{value:.4g}' for name, value in figures.items()]
    print(markdown_table(list(figures), [cells]))


if __name__ == '__main__':
    main()
