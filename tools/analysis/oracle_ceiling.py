"""Print the oracle ceiling of a config's test set: the best native figures that its input size allows."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from mmengine.config import Config
from mmengine.utils import track_iter_progress

from mmmaskattn.datasets.check_root import check_data_roots
from mmmaskattn.datasets.config_file import read_config_file
from mmmaskattn.evaluation.ceiling import (
    LOWRES_CEILING,
    NativeCeiling,
    OracleCeiling,
    ignore_index_of,
    label_dataset,
    network_size,
)
from mmmaskattn.utils.command_line import ToolParser, ends_in_one_line
from mmmaskattn.utils.markdown import markdown_table


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line.

    Returns:
        The options.
    """
    parser = ToolParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('--size', type=int, nargs='+', help='network size: H or H W; default: that of the config')
    parser.add_settings()
    return parser.parse_args(argv)


def semantic_table(cfg: Config, size: tuple[int, int]) -> tuple[int, str]:
    """Score semantic truth enlarged in two ways.

    Args:
        cfg: The config.
        size: The network's (H, W).

    Returns:
        Number of images and the table.
    """
    dataset = label_dataset(cfg)
    ceiling = OracleCeiling(len(dataset.metainfo['classes']), size, ignore_index_of(dataset))
    for index in track_iter_progress(range(len(dataset))):
        ceiling.add(dataset[index]['gt_seg_map'])
    lines = ['| enlarged by | mIoU | mAcc | aAcc |', '|---|---|---|---|']
    for method, scores in ceiling.result().items():
        lines.append(f'| {method} | {scores["mIoU"]:.2f} | {scores["mAcc"]:.2f} | {scores["aAcc"]:.2f} |')
    return len(dataset), '\n'.join(lines)


def segment_table(cfg: Config, size: tuple[int, int]) -> tuple[int, str]:
    """Score instances and panoptic maps with the config's evaluators.

    Args:
        cfg: The config.
        size: The network's (H, W).

    Returns:
        Number of images and the table.
    """
    ceiling = NativeCeiling(cfg, size)
    rows = [[name.rpartition('/')[2], f'{value:.2f}'] for name, value in ceiling.compute().items()]
    return len(ceiling.dataset), markdown_table(['metric', 'ceiling'], rows)


@ends_in_one_line('oracle_ceiling')
def main(argv: Sequence[str] | None = None) -> None:
    """Compute the ceiling and print a table."""
    args = parse_args(argv)
    cfg = read_config_file(args.config, args.cfg_options)
    size = network_size(cfg, args.size)
    check_data_roots(cfg, ('test_dataloader',))
    images, table = (segment_table if cfg.get('default_scope') == 'mmdet' else semantic_table)(cfg, size)
    print(f'\nOracle ceiling at {size[0]}x{size[1]} (H x W), {images} images, protocol native\n{table}')
    print(LOWRES_CEILING)


if __name__ == '__main__':
    main()
