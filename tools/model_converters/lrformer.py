"""Give a published checkpoint of LRFormer the names of this package, as safetensors.

python tools/model_converters/lrformer.py lrformer_t.pth --out lrformer_t.safetensors
python tools/model_converters/lrformer.py lrformer_t_imagenet.pth --out backbone.safetensors --backbone-only

A whole segmentor is then tested with a config of configs/lrformer; a backbone goes into a config as
init_cfg=dict(type='Pretrained', checkpoint='backbone.safetensors').
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

from mmmaskattn.apis.lrformer_keys import convert_lrformer
from mmmaskattn.apis.weights import file_sha256
from mmmaskattn.utils.command_line import ToolParser, ends_in_one_line
from mmmaskattn.utils.safetensors_file import refuse_existing, write_weights


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', type=Path, help='the published file')
    parser.add_argument('--out', type=Path, required=True, metavar='FILE', help='file to write')
    parser.add_argument('--backbone-only', action='store_true', help='leave the head out')
    return parser.parse_args(argv)


@ends_in_one_line('lrformer')
def main(argv: Sequence[str] | None = None) -> None:
    """Convert, and say what it was."""
    args = parse_args(argv)
    logging.disable(logging.WARNING)
    refuse_existing(args.out)
    weights, arch, classes = convert_lrformer(args.checkpoint, args.backbone_only)
    source = {'source': args.checkpoint.name, 'source_sha256': file_sha256(args.checkpoint)}
    write_weights(args.out, weights, {'arch': f'LRFormer-{arch}', **source})
    head = f'with LRHead, {classes} classes' if classes else 'the backbone alone'
    print(f'{args.out}: LRFormer-{arch}, {head}, {len(weights)} weights')


if __name__ == '__main__':
    main()
