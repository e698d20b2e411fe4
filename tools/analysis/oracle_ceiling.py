"""Print the oracle ceiling of a config's test set: the best native mIoU that its input size allows."""

from __future__ import annotations

import argparse

from mmengine.config import Config, DictAction
from mmengine.utils import track_iter_progress

from mmmaskattn.analysis.oracle import OracleCeiling, label_dataset
from mmmaskattn.datasets.check_root import check_data_roots
from mmmaskattn.datasets.input_size import sized_transforms
from mmmaskattn.datasets.transforms.sizes import check_size


def parse_args() -> argparse.Namespace:
    """Read the command line.

    Returns:
        The options.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('--size', type=int, nargs='+', help='network size: H or H W; default: that of the config')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='override options, key=value')
    return parser.parse_args()


def input_size(cfg: Config, option: list[int] | None) -> tuple[int, int]:
    """The size asked for, else that of the test pipeline.

    Args:
        cfg: The config.
        option: Value of ``--size``.

    Returns:
        (H, W) in pixels.

    Raises:
        ValueError: If there is neither, or the size is not valid.
    """
    if option:
        return check_size(option[0] if len(option) == 1 else option, '--size')
    for transform in sized_transforms(cfg.test_dataloader):
        return check_size(transform['size'], f'{cfg.filename}: size of {transform["type"]}')
    raise ValueError(f'{cfg.filename}: the test pipeline has no LowResResize to take the size from. Pass --size H W.')


def main() -> None:
    """Compute the ceiling and print a table."""
    args = parse_args()
    cfg = Config.fromfile(args.config)
    if args.cfg_options:
        cfg.merge_from_dict(args.cfg_options)
    size = input_size(cfg, args.size)
    check_data_roots(cfg, ('test_dataloader',))
    dataset = label_dataset(cfg)
    ceiling = OracleCeiling(len(dataset.metainfo['classes']), size, dataset.ignore_index)
    for index in track_iter_progress(range(len(dataset))):
        ceiling.add(dataset[index]['gt_seg_map'])
    print(f'\nOracle ceiling at {size[0]}x{size[1]} (H x W), {len(dataset)} images, protocol native')
    print('| enlarged by | mIoU | mAcc | aAcc |\n|---|---|---|---|')
    for method, scores in ceiling.result().items():
        print(f'| {method} | {scores["mIoU"]:.2f} | {scores["mAcc"]:.2f} | {scores["aAcc"]:.2f} |')


if __name__ == '__main__':
    main()
