"""Draw what the network is fed: one picture per image, with the original, the network's input and every step between.

python tools/analysis/browse_dataset.py configs/maskattn/camvid_semantic_128.py --number 4
python tools/analysis/browse_dataset.py path/to/any/mmseg/or/mmdet/config.py --split val --indices 0 17
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import mmcv
import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import DATASETS, init_default_scope
from mmengine.utils import track_iter_progress
from mmengine.visualization import Visualizer

from mmmaskattn.datasets.check_root import check_data_roots
from mmmaskattn.datasets.config_file import read_config_file
from mmmaskattn.datasets.transforms.picture_file import read_picture
from mmmaskattn.utils.command_line import ToolParser, ends_in_one_line
from mmmaskattn.utils.configs import config_name
from mmmaskattn.utils.files import free_folder
from mmmaskattn.visualization import ClassTable, Headings, SheetLayout, Step, draw_sheet, locate, run_steps

SPLITS = ('train', 'val', 'test')


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config of mmmaskattn, mmseg or mmdet')
    parser.add_argument('--split', choices=SPLITS, default='train', help='whose pipeline and images (default train)')
    parser.add_argument('--number', type=int, default=8, metavar='N', help='images, drawn by the seed (default 8)')
    parser.add_argument('--indices', type=int, nargs='+', metavar='I', help='these images instead, counted from 0')
    parser.add_argument('--seed', type=int, default=0, metavar='S', help='seed of choice and pipeline (default 0)')
    parser.add_argument('--output-dir', metavar='FOLDER', help='default work_dirs/browse/<config>_<split>')
    parser.add_argument('--panel', type=int, default=256, metavar='PIXELS', help="side of a step's frame (default 256)")
    parser.add_argument('--columns', type=int, default=6, metavar='N', help='most steps in a row (default 6)')
    parser.add_argument('--boxes', action='store_true', help='draw boxes where there are masks too')
    parser.add_argument('--show', action='store_true', help='show the pictures in a window too; a key goes on')
    parser.add_settings()
    return parser.parse_args(argv)


def build_dataset(cfg: Config, split: str) -> Any:
    """Build a split's data set, once it is sure that its files are there."""
    loader = f'{split}_dataloader'
    if not (cfg.get(loader) or {}).get('dataset'):
        raise ValueError(f'{cfg.filename}: no {loader}.dataset; choose another --split')
    init_default_scope(cfg.get('default_scope') or 'mmengine')
    check_data_roots(cfg, (loader,))
    dataset = DATASETS.build(cfg[loader].dataset)
    dataset.full_init()
    if not len(dataset):
        raise ValueError(f'{loader}: the data set is empty; look at data_root, data_prefix, ann_file and filter_cfg')
    return dataset


def choose_indices(total: int, args: argparse.Namespace) -> list[int]:
    """The images named, or some drawn by the seed, in ascending order."""
    if args.indices is None:
        if args.number < 1:
            raise ValueError(f'--number: found {args.number}, expected 1 or more')
        return sorted(random.Random(args.seed).sample(range(total), min(args.number, total)))
    wrong = [index for index in args.indices if not 0 <= index < total]
    if wrong:
        raise ValueError(f'--indices: found {wrong}, expected 0 to {total - 1}: the split has {total} images')
    return list(dict.fromkeys(args.indices))


def seed_everything(seed: int) -> None:
    """Seed what transforms draw from, so that a picture depends on its image and the seed alone."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def read_original(path: str) -> np.ndarray | None:
    """The file decoded in full, RGB; None if it cannot be, which the steps report."""
    try:
        content, _ = read_picture(path)
        return mmcv.imfrombytes(content, channel_order='rgb')
    except (OSError, ValueError, cv2.error):
        return None


def draw_sample(dataset: Any, index: int, cfg: Config, args: argparse.Namespace) -> tuple[str, np.ndarray, list[Step]]:
    """Run the pipeline on one sample; return its file stem, the picture and the steps."""
    seed_everything(args.seed + index)
    leaf, inner = locate(dataset, index)
    preprocessor = (cfg.get('model') or {}).get('data_preprocessor') or {}
    steps = list(run_steps(leaf, inner, 'rgb' if preprocessor.get('rgb_to_bgr') else 'bgr'))
    path = leaf.get_data_info(inner)['img_path']
    headings = Headings(
        title=Path(path).name,
        subtitle=f'{config_name(args.config)}, {args.split} image {index} (0 to {len(dataset) - 1}) '
        f'of {type(leaf).__name__}, seed {args.seed}; sizes are height x width',
    )
    layout = SheetLayout(args.panel, args.columns, args.boxes)
    picture = draw_sheet(read_original(path), steps, ClassTable.from_metainfo(leaf.metainfo), headings, layout)
    return Path(path).stem, picture, steps


def browse(args: argparse.Namespace) -> int:
    """Draw the pictures and say where they are; return the number of samples whose pipeline failed."""
    SheetLayout(args.panel, args.columns)
    cfg = read_config_file(args.config, args.cfg_options)
    dataset = build_dataset(cfg, args.split)
    indices = choose_indices(len(dataset), args)
    wanted = Path(args.output_dir or Path('work_dirs', 'browse', f'{config_name(args.config)}_{args.split}'))
    folder = free_folder(wanted)
    problems = []
    for index in track_iter_progress(indices):
        stem, picture, steps = draw_sample(dataset, index, cfg, args)
        mmcv.imwrite(picture[..., ::-1], str(folder / f'{index:06d}_{stem}.png'))
        problems += [f'image {index} ({stem}): {step.name}: {step.problem}' for step in steps if step.problem]
        if args.show:
            Visualizer.get_instance('browse_dataset').show(picture, win_name=stem)
    why = '' if folder == wanted else f'; {wanted} holds files already and was left as it is'
    print('', *problems, f'{len(indices)} pictures in {folder}{why}', sep='\n')
    return len(problems)


@ends_in_one_line('browse_dataset')
def main(argv: Sequence[str] | None = None) -> None:
    """Run the tool; status 1 if it could not start or a pipeline failed on a sample."""
    args = parse_args(argv)
    warnings.filterwarnings('ignore')
    logging.disable(logging.WARNING)
    failed = browse(args)
    if failed:
        sys.exit(f'browse_dataset: the pipeline failed on {failed} images; see above, and their pictures')


if __name__ == '__main__':
    main()
