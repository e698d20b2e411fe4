"""Draw a sheet for a page: images of the test set with their semantic, instance and panoptic results, and a legend.

python tools/analysis/draw_examples.py configs/maskattn/coco_panoptic_128_tiny.py CHECKPOINT --out examples.png
python tools/analysis/draw_examples.py PANOPTIC_CONFIG CHECKPOINT --indices 3 11 20 --out examples.png

One panoptic model gives all three. tools/test.py --show-dir draws all images, each beside its truth.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import DATASETS
from PIL import Image

from mmmaskattn.analysis.models import read_config
from mmmaskattn.analysis.timing.predict import trained_model
from mmmaskattn.datasets.check_root import check_data_roots
from mmmaskattn.utils.command_line import ToolParser, ends_in_one_line
from mmmaskattn.visualization.class_table import ClassTable
from mmmaskattn.visualization.example_sheet import Example, draw_examples
from mmmaskattn.visualization.image import to_rgb
from mmmaskattn.visualization.prediction import predicted_instances, predicted_panoptic
from mmmaskattn.visualization.truth import Truth


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of a panoptic model')
    parser.add_argument('checkpoint', help='its checkpoint')
    parser.add_argument('--out', type=Path, required=True, help='PNG to write; replaced if it is there')
    parser.add_argument('--indices', type=int, nargs='+', default=[0, 1, 2], metavar='I', help='images (default 0 1 2)')
    parser.add_argument('--side', type=int, default=192, metavar='PIXELS', help='side of a panel (default 192)')
    parser.add_argument('--score', type=float, default=0.1, help='least score of things (default 0.1)')
    return parser.parse_args(argv)


def example_of(batch: dict[str, Any], sample: Any, table: ClassTable, score: float) -> Example:
    """The network's input and the three results."""
    found, panoptic = predicted_instances(sample, score), predicted_panoptic(sample, table)
    if found is None or panoptic is None or 'pred_sem_seg' not in sample:
        raise ValueError('the model gives no instances, panoptic and semantic maps; name a panoptic config of ours')
    labels = sample.pred_sem_seg.sem_seg[0].cpu().numpy().astype(np.int32)
    return Example(to_rgb(batch['inputs'][0]), Truth(labels, np.zeros_like(labels)), found.truth, panoptic)


def examples(args: argparse.Namespace) -> tuple[list[Example], ClassTable]:
    """Predict for the images asked for."""
    cfg = read_config(args.config, {'model.test_cfg.panoptic.score_threshold': args.score})
    check_data_roots(cfg, ('test_dataloader',))
    model: Any = trained_model(cfg, args.checkpoint)
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    if not 0 <= min(args.indices) <= max(args.indices) < len(dataset):
        raise ValueError(f'--indices {args.indices}: the test set has {len(dataset)} images, counted from 0')
    table = ClassTable.from_metainfo(dataset.metainfo)
    batches = [pseudo_collate([dataset[index]]) for index in args.indices]
    with torch.inference_mode():
        return [example_of(batch, model.test_step(batch)[0], table, args.score) for batch in batches], table


@ends_in_one_line('draw_examples')
def main(argv: Sequence[str] | None = None) -> None:
    """Draw the sheet."""
    args = parse_args(argv)
    drawn = draw_examples(*examples(args), side=args.side)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(drawn).save(args.out, optimize=True)
    print(f'{len(args.indices)} images drawn into {args.out}')


if __name__ == '__main__':
    main()
